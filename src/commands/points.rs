//! Files of points that a painter marked on a photo and on the car.
//!
//! ```json
//! [
//!   { "photo_px": [812, 455], "uv": [0.31, 0.62] },
//!   { "photo_px": [1204, 377.5], "car_point": [0.95, 0.61, -1.72] }
//! ]
//! ```
//!
//! `photo_px` are pixels of the upright photo, right and down from its top left corner. The same spot on the car is given
//! either as `uv`, texture coordinates of the livery from 0 to 1 with their origin at the top left, or as `car_point`,
//! metres in the coordinates of the exported GLB.

use std::path::Path;

use color_eyre::eyre::{Result, eyre};
use glam::{Vec2, Vec3};
use gridvox_car::CarModel;
use gridvox_car::files::read_limited;
use gridvox_vision::pose::PointPair;
use serde::Deserialize;

/// Nobody marks so many points that a file of them gets larger, in bytes.
const LARGEST_FILE: u64 = 1 << 20;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    photo_px: Vec2,
    uv: Option<Vec2>,
    car_point: Option<Vec3>,
}

/// Reads a file of points on a photo and this car.
pub fn load(path: &Path, car: &CarModel) -> Result<Vec<PointPair>> {
    let bytes = read_limited(path, LARGEST_FILE)?;
    let entries: Vec<Entry> = serde_json::from_slice(&bytes).map_err(|error| {
        eyre!(
            "{} is no list of points ({error}): write [{{\"photo_px\": [x, y], \"uv\": [u, v]}}, ...].",
            path.display()
        )
    })?;
    let pair = |(index, entry): (usize, &Entry)| {
        let number = index + 1;
        let car_point = match (entry.uv, entry.car_point) {
            (Some(uv), None) => car.paint_point(uv).ok_or_else(|| {
                eyre!("Point {number} in {} lies at uv {}, {} where the car has no paint: choose a spot on it.", path.display(), uv.x, uv.y)
            })?,
            (None, Some(point)) => point,
            _ => return Err(eyre!("Point {number} in {} needs either uv or car_point: give one of them.", path.display())),
        };
        Ok(PointPair { photo_px: entry.photo_px, car_point })
    };
    entries.iter().enumerate().map(pair).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use gridvox_car::testing::box_car;

    fn loaded(text: &str) -> Result<Vec<PointPair>> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("points.json");
        std::fs::write(&path, text)?;
        load(&path, &box_car())
    }

    #[test]
    fn points_are_given_by_paint_or_by_place() {
        let car = box_car();
        let uv = (0..100).map(|i| Vec2::new(i as f32 / 100.0, 0.31)).find(|&uv| car.paint_point(uv).is_some()).expect("paint");
        let text = format!(
            r#"[{{"photo_px": [10, 20.5], "uv": [{}, {}]}}, {{"photo_px": [1, 2], "car_point": [0.5, 0.6, -1]}}]"#,
            uv.x, uv.y
        );
        let pairs = loaded(&text).expect("two points");
        assert_eq!(pairs[0], PointPair { photo_px: Vec2::new(10.0, 20.5), car_point: car.paint_point(uv).expect("paint") });
        assert_eq!(pairs[1].car_point, Vec3::new(0.5, 0.6, -1.0));
        assert!(loaded("[]").expect("no points").is_empty());
    }

    #[test]
    fn what_is_no_point_is_told_in_one_sentence() {
        for (text, words) in [
            ("", "no list of points"),
            ("{}", "no list of points"),
            (r#"[{"photo_px": [1]}]"#, "no list of points"),
            (r#"[{"photo_px": [1, 2], "place": 3}]"#, "no list of points"),
            (r#"[{"photo_px": [1, 2]}]"#, "needs either"),
            (r#"[{"photo_px": [1, 2], "uv": [0, 0], "car_point": [0, 0, 0]}]"#, "needs either"),
            (r#"[{"photo_px": [1, 2], "uv": [3, 3]}]"#, "no paint"),
        ] {
            let said = loaded(text).expect_err("refused").to_string();
            assert!(said.contains(words) && said.contains("points.json") && !said.contains('\n'), "{said}");
        }
    }
}
