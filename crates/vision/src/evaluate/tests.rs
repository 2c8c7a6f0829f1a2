use super::*;
use gridvox_car::testing::box_car;
use image::Rgba;

fn camera() -> PhotoCamera {
    PhotoCamera::look_at(Vec3::new(5.0, 1.6, 5.0), Vec3::new(0.0, 0.5, 0.0), Vec3::Y, 1800.0, 1600, 1067)
}

fn noise(size: u32) -> RgbaImage {
    RgbaImage::from_fn(size, size, |x, y| Rgba([(x * 37 % 256) as u8, (y * 91 % 256) as u8, ((x + y) * 13 % 256) as u8, 255]))
}

#[test]
fn the_truth_is_without_fault() {
    let car = box_car();
    let maps = AtlasMaps::compute(&car, 512);
    let livery = noise(512);
    let truth = Truth { camera: &camera(), livery: &livery };
    let score = Evaluator::new(&car, &maps).score(truth, Ok(Estimate { camera: &camera(), livery: Some(&livery) }));
    assert!(score.correspondence.median < 0.01 && score.correspondence.p90 < 0.02, "{:?}", score.correspondence);
    assert!(score.semantic_accuracy > 0.99, "{}", score.semantic_accuracy);
    assert!(!score.wrong_pose);
    let pose = score.pose.expect("a pose");
    assert!(pose.rotation_deg < 1e-3 && pose.focal_percent < 1e-3 && pose.reprojection_px < 1e-3);
    let color = score.color.expect("colours");
    assert_eq!(color.visible_absolute, Some(0.0));
    assert!(color.mirrored_absolute.is_some() && color.unseen_absolute.is_some());
}

#[test]
fn a_camera_turned_by_a_known_angle_is_off_by_the_distance_on_the_car() {
    let car = box_car();
    let maps = AtlasMaps::compute(&car, 512);
    let livery = noise(512);
    let (truth, mut off) = (camera(), camera());
    let pixels = 6.0;
    off.principal_point.x += pixels;
    let scorer = Evaluator::new(&car, &maps);
    let score = scorer.score(Truth { camera: &truth, livery: &livery }, Ok(Estimate { camera: &off, livery: None }));
    let reprojection = score.pose.expect("a pose").reprojection_px;
    assert!((reprojection - pixels).abs() < 0.01, "{reprojection}");
    // 6 px at about 7 m and 1800 px of focal length, seen at about 45 degrees
    let metres = pixels * 7.0 / 1800.0;
    let texels = metres * maps.mean_texels_per_metre * 2048.0 / 512.0;
    let median = score.correspondence.median;
    assert!(median > texels && median < 2.2 * texels, "{median} is not about {texels}");
    assert!(score.semantic_accuracy > 0.9 && score.semantic_accuracy < 0.999);
}

#[test]
fn a_wrong_camera_is_called_wrong_and_a_failure_stays_in_the_table() {
    let car = box_car();
    let maps = AtlasMaps::compute(&car, 256);
    let livery = noise(64);
    let wrong = PhotoCamera::look_at(Vec3::new(-5.0, 1.6, 5.0), Vec3::Y, Vec3::Y, 1800.0, 1600, 1067);
    let scorer = Evaluator::new(&car, &maps);
    let truth = Truth { camera: &camera(), livery: &livery };
    let mut table = EvalTable::default();
    table.push("wrong", scorer.score(truth, Ok(Estimate { camera: &wrong, livery: None })));
    table.push("refused", scorer.score(truth, Err("no car")));
    table.push("right", scorer.score(truth, Ok(Estimate { camera: &camera(), livery: None })));
    assert!(table.cases[0].1.wrong_pose && table.cases[1].1.wrong_pose && !table.cases[2].1.wrong_pose);
    assert_eq!(table.failures(), 2);
    let correspondence = &table.spreads()[0];
    assert_eq!((correspondence.count, correspondence.p90), (3, OFF_CAR_TEXELS));
    assert!(table.to_string().contains("refused: no car"));
    let json = serde_json::to_string(&table).expect("plain data");
    assert_eq!(serde_json::from_str::<EvalTable>(&json).expect("the same"), table);
}

#[test]
fn a_tint_is_forgiven_by_the_gain_alone() {
    let car = box_car();
    let maps = AtlasMaps::compute(&car, 256);
    let livery = noise(256);
    let mut tinted = livery.clone();
    for pixel in tinted.pixels_mut() {
        pixel.0[2] = (f32::from(pixel.0[2]) * 0.7) as u8;
    }
    let scorer = Evaluator::new(&car, &maps);
    let truth = Truth { camera: &camera(), livery: &livery };
    let color = scorer.score(truth, Ok(Estimate { camera: &camera(), livery: Some(&tinted) })).color.expect("colours");
    let (absolute, aligned) = (color.visible_absolute.expect("seen"), color.visible_aligned.expect("seen"));
    assert!(absolute > 3.0 && aligned < 0.4 * absolute, "{absolute} {aligned}");
}
