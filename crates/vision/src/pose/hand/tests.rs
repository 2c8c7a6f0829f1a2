use super::*;
use crate::evaluate::pose_error;
use crate::pose::simulate::{self, Faults};
use crate::pose::{PoseSolution, refine, solve};
use gridvox_car::testing::box_car;
use image::RgbImage;

const SIZE: (u32, u32) = (900, 600);

fn car() -> PreparedCar {
    PreparedCar::new(&box_car())
}

fn hints(pairs: Vec<PointPair>) -> PoseHints {
    PoseHints { point_pairs: pairs, ..PoseHints::default() }
}

/// A network's answer for a photo in which it sees no car.
fn blind(car: &PreparedCar, truth: &PhotoCamera) -> Correspondence {
    let mut field = simulate::field(car, truth, Faults::TYPICAL, 1);
    field.mask.fill(0.02);
    field
}

fn found(
    car: &PreparedCar,
    photo: &RgbImage,
    field: &Correspondence,
    hints: &PoseHints,
) -> Result<PoseSolution, PoseFailure> {
    solve(field, car.bounds(), SIZE, hints).and_then(|start| refine(car, photo, field, &start, hints))
}

fn rotation_error(car: &PreparedCar, truth: &PhotoCamera, camera: &PhotoCamera) -> f64 {
    f64::from(pose_error(truth, camera, (car.bounds().0 + car.bounds().1) * 0.5).rotation_deg)
}

fn median(mut values: Vec<f64>) -> f64 {
    crate::pose::solve::median(&mut values)
}

#[test]
fn four_points_or_more_give_the_camera_where_the_network_sees_no_car() {
    let car = car();
    let (mut rough, mut fine) = (Vec::new(), Vec::new());
    for (seed, count) in [(1, 4), (2, 4), (3, 5), (4, 6), (5, 8)] {
        let truth = simulate::random_camera(seed, SIZE);
        let photo = simulate::photo(&car, &truth, seed);
        let field = blind(&car, &truth);
        assert!(matches!(solve(&field, car.bounds(), SIZE, &PoseHints::default()), Err(PoseFailure::NoCar { .. })));
        let hints = hints(simulate::pairs(&car, &truth, count, 1.5, seed));
        let start = solve(&field, car.bounds(), SIZE, &hints).expect("a camera");
        let refined = refine(&car, &photo, &field, &start, &hints).expect("a finer camera");
        assert!(start.by_hand && refined.by_hand && refined.support.is_some_and(|s| s > 0.25), "{refined:?}");
        rough.push(rotation_error(&car, &truth, &start.camera));
        fine.push(rotation_error(&car, &truth, &refined.camera));
    }
    let worst = rough.iter().copied().fold(0.0, f64::max);
    assert!(worst < 12.0, "the points alone are off by up to {worst} degrees");
    let (rough, fine) = (median(rough), median(fine));
    assert!(fine < 0.3 && fine < 0.5 * rough, "{rough} degrees became {fine}");
}

#[test]
fn a_black_photo_keeps_the_camera_of_its_points_and_says_so() {
    let car = car();
    let truth = simulate::random_camera(7, SIZE);
    let hints = hints(simulate::pairs(&car, &truth, 6, 0.5, 7));
    let refined = found(&car, &RgbImage::new(SIZE.0, SIZE.1), &blind(&car, &truth), &hints).expect("a camera");
    assert!(rotation_error(&car, &truth, &refined.camera) < 3.0);
    assert_eq!(refined.certainty(), Some(0.0));
}

#[test]
fn points_overrule_a_network_that_takes_the_front_for_the_rear() {
    let car = car();
    let truth = simulate::camera(glam::Vec2::new(35.0, 8.0), 60.0, 0.7, 0.0, SIZE);
    let photo = simulate::photo(&car, &truth, 2);
    let mut field = simulate::field(&car, &truth, Faults::TYPICAL, 2);
    field.coords.iter_mut().for_each(|c| *c = Vec3::new(-c.x, c.y, -c.z));
    let hints = hints(simulate::pairs(&car, &truth, 6, 1.0, 2));
    let refined = found(&car, &photo, &field, &hints).expect("a camera");
    assert!(refined.by_hand && rotation_error(&car, &truth, &refined.camera) < 0.5, "{refined:?}");
}

#[test]
fn a_few_points_steer_the_camera_of_a_weak_network() {
    let car = car();
    let (mut without, mut with) = (Vec::new(), Vec::new());
    for seed in 0..7 {
        let truth = simulate::random_camera(seed, SIZE);
        let field = simulate::field(&car, &truth, Faults::WEAK, seed);
        let solved = |pairs| solve(&field, car.bounds(), SIZE, &hints(pairs)).expect("a camera").camera;
        without.push(rotation_error(&car, &truth, &solved(Vec::new())));
        with.push(rotation_error(&car, &truth, &solved(simulate::pairs(&car, &truth, 3, 1.0, seed))));
    }
    let (without, with) = (median(without), median(with));
    assert!(with < 0.6 * without, "{without} degrees became {with}");
}

#[test]
fn a_point_that_is_off_is_named() {
    let car = car();
    for (seed, count) in [(1, 1), (2, 3), (3, 4), (4, 7), (5, 9)] {
        let truth = simulate::random_camera(seed, SIZE);
        let photo = simulate::photo(&car, &truth, seed);
        let field = simulate::field(&car, &truth, Faults::TYPICAL, seed);
        let mut pairs = simulate::pairs(&car, &truth, count, 1.0, seed);
        assert!(found(&car, &photo, &field, &hints(pairs.clone())).is_ok(), "{count} good points");
        let off = count / 2;
        let inward = (Vec2::new(450.0, 300.0) - pairs[off].photo_px).normalize_or(Vec2::X);
        pairs[off].photo_px += inward * 170.0;
        match found(&car, &photo, &field, &hints(pairs)) {
            Err(PoseFailure::PointAstray { number, miss }) => {
                assert_eq!(number, off + 1);
                assert!((170.0..450.0).contains(&miss), "{miss}");
            }
            other => panic!("{count} points with a bad one: {other:?}"),
        }
    }
}

#[test]
fn points_that_fit_nothing_are_refused() {
    let car = car();
    let truth = simulate::random_camera(3, SIZE);
    let field = blind(&car, &truth);
    let refusal = |pairs| solve(&field, car.bounds(), SIZE, &hints(pairs)).expect_err("refused");
    let good = simulate::pairs(&car, &truth, 8, 0.0, 3);
    let places: Vec<Vec2> = good.iter().map(|pair| pair.photo_px).collect();
    let turned = good.iter().zip(places.iter().cycle().skip(3)).map(|(pair, &photo_px)| PointPair { photo_px, ..*pair });
    let refused = refusal(turned.collect());
    assert!(matches!(refused, PoseFailure::PointsApart { count: 8 }), "{refused}");
    let lined = (0..5).map(|i| Vec3::new(0.9, 0.5, i as f32 * 0.5 - 1.0));
    let lined = lined.map(|car_point| PointPair { photo_px: truth.project(car_point).expect("in front").truncate(), car_point });
    assert_eq!(refusal(lined.collect()), PoseFailure::PointsOnLine);
    assert!(matches!(refusal(good[..3].to_vec()), PoseFailure::NoCar { .. }));
}
