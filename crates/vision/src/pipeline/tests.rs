use super::*;
use crate::pipeline::Quality;
use gridvox_car::testing::box_pack;
use gridvox_car::{RasterOptions, RasterScene};
use glam::{Vec2, Vec3};
use image::RgbImage;

/// White above, red below, as a function of the place on the car.
fn paint(p: Vec3) -> [f32; 3] {
    if p.y < 0.5 { [0.5, 0.03, 0.03] } else { [0.75, 0.75, 0.75] }
}

fn photo(car: &CarPack, camera: &PhotoCamera) -> Photo {
    let drawn = RasterScene::new(&car.model).render(camera, RasterOptions::default());
    let rgb = RgbImage::from_fn(camera.width, camera.height, |x, y| {
        let i = (y * drawn.width + x) as usize;
        let c = match drawn.part[i] {
            0 => [0.25, 0.3, 0.35],
            part if car.model.is_paint(usize::from(part) - 1) => {
                let light = 0.6 + 0.2 * drawn.normal[i].y;
                paint(drawn.position[i]).map(|c| c * light)
            }
            _ => [0.03; 3],
        };
        image::Rgb(color::encode_rgb(c))
    });
    Photo::from_rgb(rgb, "made.png")
}

fn camera(x: f32, z: f32) -> PhotoCamera {
    PhotoCamera::look_at(Vec3::new(x, 1.8, z), Vec3::new(0.0, 0.55, 0.0), Vec3::Y, 1500.0, 1200, 800)
}

fn options(cameras: Vec<PhotoCamera>) -> GenerateOptions {
    GenerateOptions { quality: Quality::Draft, cameras: cameras.into_iter().map(Some).collect(), ..Default::default() }
}

#[test]
fn a_photo_with_a_known_camera_becomes_a_livery() {
    let car = box_pack();
    let camera = camera(5.0, 6.0);
    let mut updates = Vec::new();
    let made = generate(
        &Vision::for_known_cameras(&gridvox_car::bundled::models_dir()).expect("the weights fit"),
        &car,
        &[photo(&car, &camera)],
        &options(vec![camera]),
        &Cancel::new(),
        &mut |u| updates.push(u),
    )
    .expect("a livery");
    assert_eq!((made.livery.width(), made.confidence.width()), (512, 512));
    let maps = AtlasMaps::compute(&car.model, 512);
    let (mut right, mut all) = (0, 0);
    for (i, pixel) in made.livery.pixels().enumerate().filter(|&(i, _)| maps.part[i] != 0) {
        let [r, g, b, a] = pixel.0;
        assert_eq!(a, 255);
        all += 1;
        right += usize::from(color::delta_e(color::decode_rgb([r, g, b]), paint(maps.position[i])) < 12.0);
    }
    assert!(right * 10 > all * 8, "{right} of {all} texels have their paint");
    let scores = made.report.scores;
    assert!(scores.colour_delta_e < 4.0 && scores.agreeing > 0.9, "{scores:?}");
    assert_eq!(made.cameras, [Some(camera)]);
    assert!(made.report.timings_secs.contains_key("total") && made.report.cameras.len() == 1);

    let mut last = 0.0;
    for update in &updates {
        if let Update::Stage { fraction, .. } = update {
            assert!(*fraction >= last && *fraction <= 1.0);
            last = *fraction;
        }
    }
    let previews = updates.iter().filter(|u| matches!(u, Update::Preview(_))).count();
    assert!(previews >= 2, "{previews} previews");
    let unseen = GenerateOptions { previews: false, ..options(vec![camera]) };
    let mut previews = 0;
    let again = generate(
        &Vision::for_known_cameras(&gridvox_car::bundled::models_dir()).expect("the weights fit"),
        &car,
        &[photo(&car, &camera)],
        &unseen,
        &Cancel::new(),
        &mut |u| previews += usize::from(matches!(u, Update::Preview(_))),
    )
    .expect("a livery");
    assert!(previews == 0 && again.livery == made.livery && again.confidence == made.confidence);
    let back: Report = serde_json::from_str(&serde_json::to_string(&made.report).expect("writes")).expect("reads");
    assert_eq!(back.cameras.len(), 1);
}

#[test]
fn two_photos_show_more_than_one() {
    let car = box_pack();
    let cameras = vec![camera(5.0, 6.0), camera(-5.0, -6.0)];
    let photos: Vec<Photo> = cameras.iter().map(|c| photo(&car, c)).collect();
    let run = |count: usize| {
        let options = options(cameras[..count].to_vec());
        generate(&Vision::for_known_cameras(&gridvox_car::bundled::models_dir()).expect("the weights fit"), &car, &photos[..count], &options, &Cancel::new(), &mut |_| {}).expect("a livery")
    };
    let (one, two) = (run(1).report.coverage, run(2).report.coverage);
    assert!(two.seen > one.seen + 0.2 && two.invented < one.invented, "{one:?} and {two:?}");
}

#[test]
fn cancelling_and_wrong_wishes_end_the_job() {
    let car = box_pack();
    let camera = camera(5.0, 6.0);
    let photos = [photo(&car, &camera)];
    let vision = Vision::for_known_cameras(&gridvox_car::bundled::models_dir()).expect("the weights fit");
    let cancel = Cancel::new();
    let result = generate(&vision, &car, &photos, &options(vec![camera]), &cancel, &mut |update| {
        if matches!(update, Update::Preview(_)) {
            cancel.cancel();
        }
    });
    assert!(matches!(result, Err(GenerateError::Cancelled(_))));

    let run = |photos: &[Photo], options: GenerateOptions| {
        generate(&vision, &car, photos, &options, &Cancel::new(), &mut |_| {}).expect_err("refused")
    };
    assert!(matches!(run(&[], options(vec![])), GenerateError::NoPhoto));
    let odd = GenerateOptions { size: Some(300), ..options(vec![camera]) };
    assert!(matches!(run(&photos, odd), GenerateError::Size(300)));
    let loud = GenerateOptions { color_boost: 2.0, ..options(vec![camera]) };
    assert!(matches!(run(&photos, loud), GenerateError::ColorBoost(_)));
    assert!(matches!(run(&photos, options(vec![])), GenerateError::Model(_)));
    for (photo_px, car_point, words) in [
        (Vec2::new(-3.0, 10.0), Vec3::new(0.0, 0.5, 2.0), "outside the photo of 1200 x 800"),
        (Vec2::new(f32::NAN, 10.0), Vec3::new(0.0, 0.5, 2.0), "outside the photo"),
        (Vec2::new(3.0, 10.0), Vec3::new(0.0, 0.5, 9.0), "beside the car"),
    ] {
        let good = pose::PointPair { photo_px: Vec2::new(600.0, 400.0), car_point: Vec3::new(0.0, 0.5, 0.0) };
        let pairs = vec![good, pose::PointPair { photo_px, car_point }];
        let said = run(&photos, GenerateOptions { point_pairs: vec![pairs], ..options(vec![]) }).to_string();
        assert!(said.contains(words) && said.contains("Point 2"), "{said}");
    }
    let away = PhotoCamera::look_at(Vec3::new(0.0, 1.0, 9.0), Vec3::new(0.0, 1.0, 20.0), Vec3::Y, 800.0, 1200, 800);
    assert!(matches!(run(&photos, options(vec![away])), GenerateError::Pose { .. }));
}
