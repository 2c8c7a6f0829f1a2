//! Points set by hand: a photo that is too dark for the network gets its camera from them; bad ones are refused.

use std::fs;
use std::path::{Path, PathBuf};

use gridvox_car::raster::RasterOptions;
use gridvox_car::{CarPack, PhotoCamera, RasterScene, bundled};
use gridvox_vision::Report;
use gridvox_vision::report::CameraReport;
use image::RgbImage;
use serde_json::{Value, json};

use crate::support::{self, CAR, folder, run, text, words};

fn true_camera() -> PhotoCamera {
    let path = bundled::assets_dir().join("samples/photo_front_left.camera.json");
    let report: CameraReport = serde_json::from_slice(&fs::read(path).expect("the sample's camera")).expect("a camera");
    report.to_camera()
}

/// Spots of the sample photo with the same spots on the car, by turns as texture coordinates and as places.
fn marks() -> Vec<Value> {
    let car = CarPack::find(CAR).expect("the bundled car loads");
    let camera = true_camera();
    let seen = RasterScene::new(&car.model).render(&camera, RasterOptions::default());
    let width = camera.width as usize;
    let painted = |&i: &usize| seen.part[i] != 0 && car.model.is_paint(usize::from(seen.part[i]) - 1);
    let spots: Vec<usize> = (0..seen.part.len()).filter(painted).collect();
    // In three bands from left to right, the highest and the lowest spot of each.
    let columns = |i: &usize| i % width;
    let (left, right) = (spots.iter().map(columns).min().expect("paint"), spots.iter().map(columns).max().expect("paint"));
    let bands = (0..4).map(|k| left + (right - left) * (2 * k + 1) / 8);
    bands
        .flat_map(|x| {
            let mut column = spots.iter().copied().filter(move |i| i % width == x);
            let first = column.next().expect("paint in this column");
            [first, column.next_back().unwrap_or(first)]
        })
        .enumerate()
        .map(|(k, i)| {
            let px = [(i % width) as f32 + 0.5, (i / width) as f32 + 0.5];
            if k % 2 == 0 {
                json!({ "photo_px": px, "uv": seen.uv[i].to_array() })
            } else {
                json!({ "photo_px": px, "car_point": seen.position[i].to_array() })
            }
        })
        .collect()
}

fn write(folder: &Path, name: &str, marks: &[Value]) -> PathBuf {
    let path = folder.join(name);
    fs::write(&path, serde_json::to_string(marks).expect("JSON")).expect("scratch folders are writable");
    path
}

/// The sample photo as if it were night, with a thirtieth of its levels.
fn dark_photo(folder: &Path) -> PathBuf {
    let photo = image::open(support::sample_photo()).expect("the sample opens").into_rgb8();
    let dark = RgbImage::from_fn(photo.width(), photo.height(), |x, y| image::Rgb(photo.get_pixel(x, y).0.map(|v| v / 30)));
    let path = folder.join("dark.png");
    dark.save(&path).expect("scratch folders are writable");
    path
}

#[test]
fn a_photo_too_dark_for_the_network_gets_its_camera_from_points() {
    if !support::has_weights() {
        return;
    }
    let dir = folder();
    let (photo, out) = (dark_photo(dir.path()), dir.path().join("livery.png"));
    let report = dir.path().join("report.json");
    let mut arguments = vec!["generate", "--car", CAR, "--photo", text(&photo), "--quality", "draft", "--out", text(&out)];
    let output = run(&arguments);
    assert!(!output.status.success() && words(&output).contains("points by hand"), "{}", words(&output));
    assert!(!out.exists());

    let points = write(dir.path(), "points.json", &marks());
    arguments.extend(["--points", text(&points), "--report", text(&report)]);
    let output = run(&arguments);
    assert!(output.status.success() && out.exists(), "{}", words(&output));
    let report: Report = serde_json::from_slice(&fs::read(&report).expect("a report")).expect("a report");
    let (truth, found) = (true_camera(), report.camera.to_camera());
    for mark in marks().iter().filter_map(|mark| mark.get("car_point")) {
        let point: glam::Vec3 = serde_json::from_value(mark.clone()).expect("a place");
        let at = |camera: &PhotoCamera| camera.project(point).expect("in front").truncate();
        assert!(at(&truth).distance(at(&found)) < 12.0, "{} is not {}", at(&found), at(&truth));
    }
}

#[test]
fn bad_points_are_refused_in_one_sentence() {
    if !support::has_weights() {
        return;
    }
    let dir = folder();
    let (photo, out) = (support::sample_photo(), dir.path().join("livery.png"));
    let good = marks();
    let moved = |by: f64| {
        let mut marks = good.clone();
        let x = marks[3]["photo_px"][0].as_f64().expect("a number");
        marks[3]["photo_px"][0] = json!(x + by);
        marks
    };
    let not_json = dir.path().join("words.json");
    fs::write(&not_json, "three points").expect("writable");
    let no_paint = json!({ "photo_px": [800, 500], "uv": [1.4, 0.5] });
    for (points, expected) in [
        (dir.path().join("missing.json"), "missing.json"),
        (not_json, "no list of points"),
        (write(dir.path(), "outside.json", &[json!({ "photo_px": [1700, 500], "car_point": [0, 0.5, 1] })]), "outside the photo"),
        (write(dir.path(), "beside.json", &[json!({ "photo_px": [800, 500], "car_point": [0, 0.5, 7] })]), "beside the car"),
        (write(dir.path(), "unpainted.json", &[no_paint]), "no paint"),
        (write(dir.path(), "astray.json", &moved(-300.0)), "point 4 set by hand"),
        (write(dir.path(), "alone.json", &moved(-300.0)[3..4]), "point 1 set by hand"),
    ] {
        let output = run(&[
            "generate", "--car", CAR, "--photo", text(&photo), "--points", text(&points), "--quality", "draft", "--out", text(&out),
        ]);
        let said = words(&output);
        let last = said.lines().last().unwrap_or_default();
        assert!(!output.status.success() && last.starts_with("error: ") && last.contains(expected), "{said}");
        assert!(!out.exists());
    }
    let points = write(dir.path(), "points.json", &good);
    let said = words(&run(&[
        "generate", "--car", CAR, "--photo", text(&photo), "--points", text(&points), "--points", text(&points), "--out", text(&out),
    ]));
    assert!(said.contains("2 files of points for 1"), "{said}");
}
