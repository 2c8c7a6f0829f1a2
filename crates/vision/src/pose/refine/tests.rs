use super::*;
use crate::evaluate::pose_error;
use crate::pose::simulate::{self, Faults};
use crate::pose::solve;
use crate::pose::solve::median;
use gridvox_car::testing::box_car;

/// Median rotation errors in degrees before and after refinement.
fn errors(faults: Faults, seeds: std::ops::Range<u64>) -> (f64, f64) {
    let car = PreparedCar::new(&box_car());
    let centre = (car.bounds().0 + car.bounds().1) * 0.5;
    let (mut before, mut after) = (Vec::new(), Vec::new());
    for seed in seeds {
        let truth = simulate::random_camera(seed, (900, 600));
        let photo = simulate::photo(&car, &truth, seed);
        let field = simulate::field(&car, &truth, faults, seed);
        let hints = PoseHints::default();
        let start = solve(&field, car.bounds(), photo.dimensions(), &hints).expect("a camera");
        let found = refine(&car, &photo, &field, &start, &hints).expect("a finer camera");
        before.push(f64::from(pose_error(&truth, &start.camera, centre).rotation_deg));
        after.push(f64::from(pose_error(&truth, &found.camera, centre).rotation_deg));
        assert!(found.silhouette_iou.expect("measured") > 0.85);
    }
    (median(&mut before), median(&mut after))
}

#[test]
fn the_edges_of_a_loud_photo_bring_the_camera_home() {
    let (before, after) = errors(Faults::TYPICAL, 0..3);
    assert!(after < 0.15 && after < 0.5 * before, "median {before} degrees became {after}");
}

#[test]
fn a_weak_network_suffices() {
    let (before, after) = errors(Faults::WEAK, 0..3);
    assert!(before > 1.0 && after < 0.3, "median {before} degrees became {after}");
}

#[test]
fn a_camera_beside_the_car_is_refused() {
    let car = PreparedCar::new(&box_car());
    let truth = simulate::random_camera(3, (900, 600));
    let photo = simulate::photo(&car, &truth, 3);
    let mut field = simulate::field(&car, &truth, Faults::TYPICAL, 3);
    let hints = PoseHints::default();
    let start = solve(&field, car.bounds(), photo.dimensions(), &hints).expect("a camera");
    field.mask.fill(0.0);
    for y in 0..field.height / 4 {
        let row = y * field.width;
        field.mask[row..row + field.width].fill(1.0);
    }
    let refused = refine(&car, &photo, &field, &start, &hints);
    assert!(matches!(refused, Err(PoseFailure::PoorOverlap { .. })), "{refused:?}");
}

#[test]
fn a_camera_that_the_network_bends_far_off_is_found_by_the_edges() {
    let car = PreparedCar::new(&box_car());
    let centre = (car.bounds().0 + car.bounds().1) * 0.5;
    let truth = simulate::camera(glam::Vec2::new(35.0, 8.0), 60.0, 0.7, 0.0, (900, 600));
    let photo = simulate::photo(&car, &truth, 2);
    let field = simulate::field(&car, &truth, Faults::TYPICAL, 2);
    let hints = PoseHints::default();
    let solved = solve(&field, car.bounds(), photo.dimensions(), &hints).expect("a camera");
    let bent = simulate::camera(glam::Vec2::new(43.0, 5.0), 130.0, 0.7, 0.0, (900, 600));
    assert!(pose_error(&truth, &bent, centre).rotation_deg > 7.0);
    let found = refine(&car, &photo, &field, &PoseSolution { camera: bent, ..solved }, &hints).expect("a finer camera");
    let error = pose_error(&truth, &found.camera, centre);
    assert!(error.rotation_deg < 0.4 && error.focal_percent < 8.0, "{error:?}");
}

#[test]
fn a_photo_without_the_cars_edges_is_refused() {
    let car = PreparedCar::new(&box_car());
    let truth = simulate::random_camera(3, (900, 600));
    let field = simulate::field(&car, &truth, Faults::TYPICAL, 3);
    let hints = PoseHints::default();
    let start = solve(&field, car.bounds(), (900, 600), &hints).expect("a camera");
    // waves of a size that no edge of the car has
    let fog = RgbImage::from_fn(900, 600, |x, y| image::Rgb([(((x + y) / 9) % 120) as u8 + 60; 3]));
    let refused = refine(&car, &fog, &field, &start, &hints);
    assert!(matches!(refused, Err(PoseFailure::NoEdges { .. })), "{refused:?}");
}
