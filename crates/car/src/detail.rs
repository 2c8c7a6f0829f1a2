//! Levels of detail: a car with fewer triangles that looks the same from afar.
//!
//! Edges collapse where the surface, its shading and its texture coordinates move less than a length that a picture of that
//! scale doesn't show (Garland and Heckbert, "Simplifying surfaces with color and texture using quadric error metrics", 1998, as
//! meshoptimizer has it). Vertices stay where they are, so levels share what is baked on them.

use crate::model::{CarModel, Mesh};
use meshopt::{SimplifyOptions, VertexDataAdapter};
use rayon::prelude::*;
use std::borrow::Cow;

/// Metres that a normal which turns by a radian counts like: shading forgives more than outlines.
const NORMAL_M: f32 = 0.02;
/// Metres that daylight which changes from full to none counts like.
const DAYLIGHT_M: f32 = 0.01;
/// Normal, texture coordinates, daylight.
const ATTRIBUTES: usize = 3 + 2 + 1;

/// The car with as few triangles as an error in metres allows. Parts, materials and names stay; a part that vanishes at that
/// error keeps its triangles.
pub fn simplified(model: &CarModel, error_m: f32) -> CarModel {
    let mut simple = model.clone();
    simple.parts.par_iter_mut().for_each(|part| {
        let fewer = fewer(&part.mesh, error_m);
        if !fewer.is_empty() {
            part.mesh = Mesh { indices: fewer, ..std::mem::take(&mut part.mesh) }.pick(|_| true);
        }
    });
    simple
}

/// The car with at most so many triangles, and the error in metres at which it has so few: the finest of errors that double from
/// half a millimetre on. `None` where not even a decimetre is enough.
pub fn with_at_most(model: &CarModel, triangles: usize) -> Option<(Cow<'_, CarModel>, f32)> {
    if model.triangle_count() <= triangles {
        return Some((Cow::Borrowed(model), 0.0));
    }
    (0..9).map(|doubled| 0.0005 * (1 << doubled) as f32).find_map(|error_m| {
        let simple = simplified(model, error_m);
        (simple.triangle_count() <= triangles).then_some((Cow::Owned(simple), error_m))
    })
}

/// The indices that are left.
fn fewer(mesh: &Mesh, error_m: f32) -> Vec<u32> {
    let positions: &[u8] = bytemuck::cast_slice(&mesh.positions);
    let Ok(vertices) = VertexDataAdapter::new(positions, size_of::<glam::Vec3>(), 0) else { return mesh.indices.clone() };
    let mut attributes = Vec::with_capacity(mesh.positions.len() * ATTRIBUTES);
    for vertex in 0..mesh.positions.len() {
        attributes.extend(mesh.normals[vertex].to_array());
        attributes.extend(mesh.uvs[vertex].to_array());
        attributes.push(mesh.daylight.get(vertex).copied().unwrap_or(1.0));
    }
    let uv_m = mesh.metres_per_uv();
    let weights = [NORMAL_M, NORMAL_M, NORMAL_M, uv_m, uv_m, DAYLIGHT_M];
    let unlocked = vec![false; mesh.positions.len()];
    meshopt::simplify_with_attributes_and_locks(
        &mesh.indices,
        &vertices,
        &attributes,
        &weights,
        size_of::<f32>() * ATTRIBUTES,
        &unlocked,
        0,
        error_m,
        SimplifyOptions::ErrorAbsolute,
        None,
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::raster::{self, RasterOptions};
    use crate::{CarPack, frame_camera};

    #[test]
    fn a_simpler_car_has_the_same_outline() {
        let car = CarPack::find("gt3_rear").expect("it is bundled").model;
        let simple = simplified(&car, 0.003);
        assert!(2 * simple.triangle_count() < car.triangle_count(), "{} of {}", simple.triangle_count(), car.triangle_count());
        assert!(car.parts.iter().zip(&simple.parts).all(|(a, b)| a.name == b.name && !b.mesh.indices.is_empty()));
        let (width, height) = (400, 225);
        let camera = frame_camera(car.bounds(), 45.0, 12.0, 22.0, width, height);
        let [whole, fewer] = [&car, &simple].map(|model| raster::render(model, &camera, RasterOptions::default()));
        let inside = |part: u16| part != 0;
        let moved = whole.part.iter().zip(&fewer.part).filter(|(a, b)| inside(**a) != inside(**b)).count();
        let covered = whole.part.iter().filter(|part| inside(**part)).count();
        assert!(moved * 200 < covered, "{moved} of {covered} pixels");
        // and the livery lies where it lay
        let (mut off, mut painted) = (0, 0);
        for i in 0..whole.part.len() {
            let part = whole.part[i];
            if part != 0 && part == fewer.part[i] && car.is_paint(usize::from(part) - 1) {
                painted += 1;
                off += usize::from(whole.uv[i].distance(fewer.uv[i]) > 8.0 / 2048.0);
            }
        }
        assert!(off * 100 < painted, "{off} of {painted} painted pixels");
    }

    #[test]
    fn the_finest_car_that_fits_is_taken() {
        let car = CarPack::find("gt3_rear").expect("it is bundled").model;
        let (same, error) = with_at_most(&car, car.triangle_count()).expect("it fits");
        assert_eq!((same.triangle_count(), error), (car.triangle_count(), 0.0));
        let wanted = car.triangle_count() / 3;
        let (simple, error) = with_at_most(&car, wanted).expect("a third is enough");
        assert!(simple.triangle_count() <= wanted && error > 0.0);
        assert!(simplified(&car, error / 2.0).triangle_count() > wanted || error <= 0.0005);
        assert!(with_at_most(&car, 10).is_none());
    }
}
