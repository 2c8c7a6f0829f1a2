use super::*;
use crate::report::Scores;
use crate::synth::stress::Shows;
use gridvox_car::testing::box_car;
use gridvox_car::variation::Shape;
use image::Rgba;

/// A photo whose accuracy, semantic and colour scores and median error are these.
pub(super) fn made_up_case(name: &str, score: f32, median: f32, verdict: Verdict) -> Case {
    let color = ColorScore { visible_absolute: Some(20.0 - 0.1 * score), ..ColorScore::default() };
    let true_score = CaseScore {
        failure: None,
        wrong_pose: median > WRONG_POSE_TEXELS,
        correspondence: Some(CorrespondenceScore { median, ..CorrespondenceScore::new(vec![median]) }),
        semantic_accuracy: Some(0.9 + 0.001 * score),
        ..CaseScore::failed("")
    };
    Case {
        name: name.to_owned(),
        cell: None,
        shows: Shows::Car,
        verdict,
        score: Some(CaseScore { color: Some(color), ..true_score }),
        painter: Some(Scores { accuracy: score, semantic: score, colour: score, ..Scores::default() }),
        refusal: None,
        secs: Some(2.0),
    }
}

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
    let correspondence = score.correspondence.expect("a camera");
    assert!(correspondence.median < 0.01 && correspondence.p90 < 0.02, "{correspondence:?}");
    assert!(score.semantic_accuracy > Some(0.99), "{:?}", score.semantic_accuracy);
    assert!(!score.wrong_pose);
    let pose = score.pose.expect("a pose");
    assert!(pose.rotation_deg < 1e-3 && pose.focal_percent < 1e-3 && pose.reprojection_px < 1e-3);
    let color = score.color.expect("colours");
    assert_eq!(color.visible_absolute, Some(0.0));
    assert!(color.mirrored_absolute.is_some() && color.unseen_absolute.is_some());
}

#[test]
fn what_differs_on_the_true_other_side_is_not_alike_but_stays_mirrored() {
    let car = box_car();
    let maps = AtlasMaps::compute(&car, 256);
    // blue in front and red behind, and the far side's front green
    let paint = |far_side: [u8; 3]| {
        RgbaImage::from_fn(256, 256, |x, y| {
            let at = maps.position[(y * 256 + x) as usize];
            let [r, g, b] = if at.z < 0.0 { [200, 30, 30] } else if at.x < 0.0 { far_side } else { [30, 40, 200] };
            Rgba([r, g, b, 255])
        })
    };
    let (truth, mirrored) = (paint([20, 160, 40]), paint([30, 40, 200]));
    let scorer = Evaluator::new(&car, &maps);
    let of = |livery: &RgbaImage| {
        let truth = Truth { camera: &camera(), livery: &truth };
        scorer.score(truth, Ok(Estimate { camera: &camera(), livery: Some(livery) })).color.expect("colours")
    };
    let score = of(&mirrored);
    let share = score.mirrored_alike_share.expect("a mirrored side");
    assert!((0.2..0.8).contains(&share), "{share}");
    assert_eq!(score.mirrored_alike_absolute, Some(0.0), "a perfect mirror");
    let all = score.mirrored_absolute.expect("a mirrored side");
    let apart = delta_e([30, 40, 200], [20, 160, 40]);
    assert!((all - (1.0 - share) * apart).abs() < 0.02 * apart, "{all} of {apart}, {share} alike");
    // wrong where alike: both count it
    let grey = RgbaImage::from_pixel(8, 8, Rgba([128, 128, 128, 255]));
    assert!(of(&grey).mirrored_alike_absolute > Some(20.0));
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
    let median = score.median_texels().expect("a camera");
    assert!(median > texels && median < 2.2 * texels, "{median} is not about {texels}");
    assert!(score.semantic_accuracy > Some(0.9) && score.semantic_accuracy < Some(0.999));
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
    let estimate = |camera| scorer.score(truth, Ok(Estimate { camera, livery: None }));
    table.push(Case::of_camera("wrong", estimate(&wrong)));
    table.push(Case::of_camera("refused", scorer.score(truth, Err("no car"))));
    table.push(Case::of_camera("right", estimate(&camera())));
    let is_wrong: Vec<bool> = table.cases.iter().map(|case| case.score.as_ref().is_some_and(|s| s.wrong_pose)).collect();
    assert_eq!(is_wrong, [true, true, false]);
    let verdicts: Vec<Verdict> = table.cases.iter().map(|case| case.verdict).collect();
    assert_eq!(verdicts, [Verdict::ConfidentWrong, Verdict::Refused, Verdict::Right]);
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

#[test]
fn the_table_counts_verdicts_by_cell_and_sets_baselines_beside_the_method() {
    let mut table = EvalTable::default();
    let in_cell = |cell: &str, score, median, verdict| {
        Case { cell: Some(cell.to_owned()), ..made_up_case(&format!("{cell}_{score}"), score, median, verdict) }
    };
    table.push(in_cell("night", 80.0, 1.0, Verdict::Right));
    table.push(in_cell("night", 30.0, 60.0, Verdict::Warned));
    table.push(in_cell("crop", 90.0, 0.5, Verdict::Right));
    let empty = Case { shows: Shows::NoCar, score: None, ..in_cell("no_car", 70.0, 0.0, Verdict::ConfidentWrong) };
    table.push(empty);
    for case in table.cases.clone().into_iter().filter_map(|case| case.score) {
        table.push_baseline(Method::TrueCamera, CaseScore { semantic_accuracy: Some(1.0), ..case });
    }
    let summary = table.summary();
    assert_eq!((summary.verdicts.photos, summary.verdicts.verdicts, summary.failures), (4, [2, 1, 0, 1], 1));
    let names: Vec<&str> = summary.cells.iter().map(|cell| cell.cell.as_str()).collect();
    assert_eq!(names, ["night", "crop", "no_car"]);
    assert_eq!((summary.cells[0].verdicts, summary.cells[2].correspondence), ([1, 1, 0, 0], None));
    assert_eq!(summary.measures[0].count, 3, "where there is no car there is nothing to measure");
    assert_eq!((summary.baselines.len(), summary.baselines[0].1[5].median), (1, 1.0));
    let accuracy = &summary.correlations[0];
    assert_eq!((accuracy.count, accuracy.spearman), (3, Some(-1.0)));
    let text = table.to_string();
    for words in ["4 photos: 2 right, 1 warned, 0 refused, 1 confident wrong", "true camera", "night ", "-1.00"] {
        assert!(text.contains(words), "{words} is missing in\n{text}");
    }
}

#[test]
fn a_livery_without_a_camera_is_measured_by_its_colours_alone() {
    let car = box_car();
    let maps = AtlasMaps::compute(&car, 256);
    let livery = noise(256);
    let truth = Truth { camera: &camera(), livery: &livery };
    let scorer = Evaluator::new(&car, &maps);
    let score = scorer.score_livery(truth, &livery);
    let with_camera = scorer.score(truth, Ok(Estimate { camera: &camera(), livery: Some(&livery) }));
    assert_eq!(score.color, with_camera.color);
    assert!((score.median_texels(), score.semantic_accuracy, score.wrong_pose) == (None, None, false));
    let mut table = EvalTable::default();
    table.push(made_up_case("a", 80.0, 1.0, Verdict::Right));
    table.push_baseline(Method::Direct, CaseScore { secs: Some(0.25), ..score });
    let (_, measures) = &table.summary().baselines[0];
    assert!(measures.iter().all(|spread| !spread.measure.contains("texel") && !spread.measure.contains("semantic")));
    assert!(measures.iter().any(|spread| spread.measure == "seconds" && spread.median == 0.25), "{measures:?}");
    let text = table.to_string();
    let row = text.lines().find(|line| line.starts_with("correspondence median")).expect("the row");
    assert!(text.contains("direct network") && row.trim_end().ends_with('-'), "{text}");
}

#[test]
fn a_mesh_that_differs_is_off_by_its_difference_though_the_camera_is_right() {
    let car = box_car();
    let maps = AtlasMaps::compute(&car, 512);
    let mean_m = 0.010;
    let photographed = Shape::mismatch(&car, 3, mean_m).apply(&car);
    let photographed_maps = AtlasMaps::compute(&photographed, 512);
    let livery = noise(64);
    let truth = Truth { camera: &camera(), livery: &livery };
    let estimate = Ok(Estimate { camera: &camera(), livery: None });
    let scorer = Evaluator::new(&photographed, &photographed_maps);
    assert!(scorer.score(truth, estimate).median_texels() < Some(0.02), "on the photographed mesh nothing is off");
    let median = scorer.with_estimates_on(&maps).score(truth, estimate).median_texels().expect("a camera");
    // What moves along the line of sight does not count.
    let texels = mean_m * maps.mean_texels_per_metre * 2048.0 / 512.0;
    assert!(median > 0.3 * texels && median < 2.0 * texels, "{median} is not about {texels}");
}
