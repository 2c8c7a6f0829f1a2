use super::*;
use crate::net::CropRect;
use crate::pose::PointPair;
use glam::Vec2;
use gridvox_car::PhotoCamera;

const BOUNDS: (Vec3, Vec3) = (Vec3::new(-1.0, 0.0, -2.3), Vec3::new(1.0, 1.3, 2.3));
const PHOTO: (u32, u32) = (1600, 1067);

/// A car of two boxes, body and cabin.
const BOXES: [(Vec3, Vec3); 2] =
    [(Vec3::new(-1.0, 0.0, -2.3), Vec3::new(1.0, 0.8, 2.3)), (Vec3::new(-0.7, 0.8, -1.4), Vec3::new(0.7, 1.3, 0.6))];

fn hit(origin: Vec3, direction: Vec3) -> Option<Vec3> {
    let entry = |(low, high): (Vec3, Vec3)| {
        let (a, b) = ((low - origin) / direction, (high - origin) / direction);
        let (near, far) = (a.min(b).max_element(), a.max(b).min_element());
        (near < far && near > 0.0).then_some(near)
    };
    BOXES.into_iter().filter_map(entry).reduce(f32::min).map(|t| origin + direction * t)
}

struct Faults {
    noise: f32,
    bias: f32,
    outliers: f64,
}

/// What a network would say about the two-box car: smooth bias, noise, and blocks of nonsense.
fn simulate(camera: &PhotoCamera, faults: &Faults, seed: u64) -> Correspondence {
    let (width, height) = (288, 192);
    let crop = CropRect { x: 0.0, y: 0.0, w: PHOTO.0 as f32, h: PHOTO.1 as f32 };
    let n = width * height;
    let mut field = Correspondence {
        width,
        height,
        crop,
        car_probability: 1.0,
        mask: vec![0.0; n],
        part: vec![0; n],
        part_prob: vec![1.0; n],
        coords: vec![Vec3::ZERO; n],
        sigma: vec![faults.noise.max(0.01); n],
    };
    let mut rng = Pcg64Mcg::seed_from_u64(seed);
    let nonsense: Vec<(usize, Vec3)> = (0..n / 64)
        .filter_map(|block| {
            let wrong = rng.random_bool(faults.outliers);
            wrong.then(|| (block, Vec3::from_array(std::array::from_fn(|_| rng.random_range(-1.0..1.0)))))
        })
        .collect();
    let waves: [f32; 6] = std::array::from_fn(|_| rng.random_range(0.0..6.0));
    for y in 0..height {
        for x in 0..width {
            let i = field.index(x, y);
            let Some(point) = hit(camera.eye(), camera.ray(field.photo_px(x, y))) else { continue };
            field.mask[i] = 0.95;
            let mut coords = (point - (BOUNDS.0 + BOUNDS.1) * 0.5) / ((BOUNDS.1 - BOUNDS.0) * 0.5);
            for axis in 0..3 {
                let wave = (x as f32 * 0.03 + waves[axis]).sin() * (y as f32 * 0.04 + waves[axis + 3]).cos();
                let normal: f32 = (0..6).map(|_| rng.random_range(-0.5..0.5)).sum::<f32>() * 1.41;
                coords[axis] += faults.bias * wave + faults.noise * normal;
            }
            let block = (y / 8) * (width / 8) + x / 8;
            if let Some((_, wrong)) = nonsense.iter().find(|(b, _)| *b == block) {
                coords = *wrong;
            }
            field.coords[i] = coords;
        }
    }
    field
}

fn camera(azimuth: f32, elevation: f32, focal_35mm: f32, share: f32) -> PhotoCamera {
    let focal_px = focal_35mm / DIAGONAL_35MM as f32 * (PHOTO.0 as f32).hypot(PHOTO.1 as f32);
    let distance = focal_px * 4.6 / (share * PHOTO.0 as f32);
    let (a, e) = (azimuth.to_radians(), elevation.to_radians());
    let away = Vec3::new(a.sin() * e.cos(), e.sin(), a.cos() * e.cos());
    let target = Vec3::new(0.1, 0.5, -0.1);
    PhotoCamera::look_at(target + away * distance, target, Vec3::Y, focal_px, PHOTO.0, PHOTO.1)
}

fn rotation_error_deg(a: &PhotoCamera, b: &PhotoCamera) -> f32 {
    let (_, a, _) = a.world_from_camera.to_scale_rotation_translation();
    let (_, b, _) = b.world_from_camera.to_scale_rotation_translation();
    a.angle_between(b).to_degrees()
}

/// Largest distance in pixels between two cameras' pictures of the car's corners.
fn reprojection(a: &PhotoCamera, b: &PhotoCamera) -> f32 {
    let corners = (0..8).map(|i| {
        Vec3::from_array(std::array::from_fn(|k| if i >> k & 1 == 0 { BOUNDS.0[k] } else { BOUNDS.1[k] }))
    });
    corners
        .map(|p| (a.project(p).expect("in front") - b.project(p).expect("in front")).truncate().length())
        .fold(0.0, f32::max)
}

#[test]
fn it_finds_the_camera_of_exact_correspondences() {
    for (azimuth, elevation, focal) in [(35.0, 10.0, 50.0), (90.0, 3.0, 120.0), (210.0, 25.0, 24.0), (300.0, 5.0, 300.0)] {
        let truth = camera(azimuth, elevation, focal, 0.6);
        let field = simulate(&truth, &Faults { noise: 0.0, bias: 0.0, outliers: 0.0 }, 1);
        let found = solve(&field, BOUNDS, PHOTO, &PoseHints::default()).expect("a camera");
        assert!(rotation_error_deg(&found.camera, &truth) < 0.1, "azimuth {azimuth}");
        assert!(reprojection(&found.camera, &truth) < 1.5, "azimuth {azimuth}");
        assert!(found.inlier_share > 0.99);
    }
}

#[test]
fn noise_bias_and_nonsense_leave_it_close() {
    let mut errors = Vec::new();
    for i in 0..24 {
        let truth = camera(i as f32 * 15.0, 4.0 + (i % 5) as f32 * 5.0, [28.0, 50.0, 85.0, 200.0][i % 4], 0.6);
        let field = simulate(&truth, &Faults { noise: 0.03, bias: 0.02, outliers: 0.25 }, i as u64);
        let found = solve(&field, BOUNDS, PHOTO, &PoseHints::default()).expect("a camera");
        errors.push(f64::from(rotation_error_deg(&found.camera, &truth)));
    }
    let worst = errors.iter().copied().fold(0.0, f64::max);
    let middle = median(&mut errors);
    assert!(middle < 1.0 && worst < 4.0, "median {middle} degrees, worst {worst}");
}

#[test]
fn the_same_seed_gives_the_same_camera() {
    let truth = camera(40.0, 8.0, 70.0, 0.5);
    let field = simulate(&truth, &Faults { noise: 0.03, bias: 0.02, outliers: 0.2 }, 5);
    let once = solve(&field, BOUNDS, PHOTO, &PoseHints::default()).expect("a camera");
    assert_eq!(once, solve(&field, BOUNDS, PHOTO, &PoseHints::default()).expect("a camera"));
}

#[test]
fn exif_settles_the_focal_length_and_a_wrong_one_is_left_out() {
    let truth = camera(90.0, 2.0, 200.0, 0.5);
    let field = simulate(&truth, &Faults { noise: 0.04, bias: 0.03, outliers: 0.2 }, 5);
    let focal_error = |exif: Option<f32>| {
        let hints = PoseHints { exif_focal_35mm: exif, ..Default::default() };
        let found = solve(&field, BOUNDS, PHOTO, &hints).expect("a camera");
        (found.camera.focal_px / truth.focal_px).ln().abs()
    };
    assert!(focal_error(Some(200.0)) < 0.05);
    let unhinted = focal_error(None);
    assert!(focal_error(Some(24.0)) <= unhinted + 1e-4, "a contradicted focal length was believed: {unhinted}");
}

#[test]
fn sides_taken_for_one_another_are_put_right() {
    let truth = camera(50.0, 10.0, 60.0, 0.6);
    let mut field = simulate(&truth, &Faults { noise: 0.02, bias: 0.01, outliers: 0.1 }, 2);
    for coords in &mut field.coords {
        coords.x = -coords.x;
    }
    let found = solve(&field, BOUNDS, PHOTO, &PoseHints::default()).expect("a camera");
    assert!(rotation_error_deg(&found.camera, &truth) < 3.0, "{}", rotation_error_deg(&found.camera, &truth));
}

#[test]
fn nonsense_and_emptiness_are_refused() {
    let truth = camera(50.0, 10.0, 60.0, 0.6);
    let mut field = simulate(&truth, &Faults { noise: 0.02, bias: 0.0, outliers: 1.0 }, 2);
    let refused = solve(&field, BOUNDS, PHOTO, &PoseHints::default());
    assert!(matches!(refused, Err(PoseFailure::NotThisCar { .. })), "{refused:?}");
    field.mask.fill(0.02);
    let refused = solve(&field, BOUNDS, PHOTO, &PoseHints::default());
    assert!(matches!(refused, Err(PoseFailure::NoCar { .. })), "{refused:?}");
}

#[test]
fn two_cars_are_refused() {
    let (mut left, mut right) = (camera(60.0, 8.0, 60.0, 0.42), camera(80.0, 8.0, 60.0, 0.42));
    left.principal_point.x -= 420.0;
    right.principal_point.x += 400.0;
    let faults = Faults { noise: 0.02, bias: 0.0, outliers: 0.0 };
    let (mut field, other) = (simulate(&left, &faults, 1), simulate(&right, &faults, 2));
    for i in 0..field.mask.len() {
        if other.mask[i] > field.mask[i] {
            field.mask[i] = other.mask[i];
            field.coords[i] = other.coords[i];
        }
    }
    let refused = solve(&field, BOUNDS, PHOTO, &PoseHints::default());
    assert!(matches!(refused, Err(PoseFailure::TwoCars)), "{refused:?}");
}

#[test]
fn points_marked_by_hand_suffice_without_a_network() {
    let truth = camera(140.0, 12.0, 80.0, 0.6);
    let mut field = simulate(&truth, &Faults { noise: 0.0, bias: 0.0, outliers: 0.0 }, 2);
    field.mask.fill(0.0);
    let marked = [(1.0, 0.8, 2.3), (1.0, 0.0, -2.3), (-1.0, 0.8, -2.3), (0.7, 1.3, 0.6), (1.0, 0.1, 2.3), (-0.7, 1.3, -1.4)];
    let point_pairs = marked.map(|p| {
        let car_point = Vec3::from(p);
        let shift = Vec2::new(0.7, -0.5);
        PointPair { photo_px: truth.project(car_point).expect("in front").truncate() + shift, car_point }
    });
    let hints = PoseHints { point_pairs: point_pairs.to_vec(), ..Default::default() };
    let found = solve(&field, BOUNDS, PHOTO, &hints).expect("a camera");
    assert!(reprojection(&found.camera, &truth) < 6.0, "{}", reprojection(&found.camera, &truth));
}
