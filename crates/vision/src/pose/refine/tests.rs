use super::*;
use crate::evaluate::pose_error;
use crate::pose::simulate::{self, Faults};
use crate::pose::solve;
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
