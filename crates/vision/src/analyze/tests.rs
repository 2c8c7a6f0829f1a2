use super::direction::CAR_MIDDLE;
use super::*;
use crate::net::CropRect;
use glam::Vec3;
use gridvox_car::testing::box_car;
use gridvox_car::{CarModel, RasterOptions, RasterScene};
use image::{Rgb, RgbImage, imageops};

/// What a perfect network says about a photo of the box car.
fn perfect(model: &CarModel, camera: &PhotoCamera) -> Correspondence {
    let (width, height) = (96, 64);
    let drawn = RasterScene::new(model).render(&camera.scaled_to(width, height), RasterOptions::default());
    let (low, high) = model.bounds();
    let (centre, half) = ((low + high) * 0.5, (high - low) * 0.5);
    let cells = (width * height) as usize;
    Correspondence {
        width: width as usize,
        height: height as usize,
        crop: CropRect { x: 0.0, y: 0.0, w: camera.width as f32, h: camera.height as f32 },
        car_probability: 1.0,
        mask: (0..cells).map(|i| if drawn.hit(i) { 0.98 } else { 0.02 }).collect(),
        part: vec![0; cells],
        part_prob: vec![1.0; cells],
        coords: drawn.position.iter().map(|p| (*p - centre) / half).collect(),
        sigma: vec![0.03; cells],
    }
}

fn orbit(azimuth_deg: f32, elevation_deg: f32) -> PhotoCamera {
    let (sa, ca) = azimuth_deg.to_radians().sin_cos();
    let (se, ce) = elevation_deg.to_radians().sin_cos();
    let eye = Vec3::new(sa * ce, se, ca * ce) * 9.0 + CAR_MIDDLE;
    PhotoCamera::look_at(eye, CAR_MIDDLE, Vec3::Y, 2000.0, 1200, 800)
}

/// Panels with crisp lines, as paint has them.
fn picture() -> RgbImage {
    RgbImage::from_fn(1200, 800, |x, y| if (x / 37 + y / 37) % 2 == 0 { Rgb([200, 60, 50]) } else { Rgb([30, 30, 70]) })
}

#[test]
fn every_direction_is_told() {
    let model = box_car();
    for (azimuth, elevation, view) in [
        (0.0, 8.0, ViewPreset::Front),
        (40.0, 10.0, ViewPreset::FrontLeft),
        (90.0, 5.0, ViewPreset::Left),
        (140.0, 15.0, ViewPreset::RearLeft),
        (180.0, 10.0, ViewPreset::Rear),
        (225.0, 12.0, ViewPreset::RearRight),
        (270.0, 3.0, ViewPreset::Right),
        (320.0, 20.0, ViewPreset::FrontRight),
        (30.0, 75.0, ViewPreset::Top),
    ] {
        let camera = orbit(azimuth, elevation);
        let photo = Photo::from_rgb(picture(), "test");
        let mut found = from_correspondence(&photo, &perfect(&model, &camera));
        assert_eq!(found.view, Some(view), "{:?}", found.azimuth_deg);
        let off = (found.azimuth_deg.expect("a direction") - azimuth + 180.0).rem_euclid(360.0) - 180.0;
        assert!(off.abs() < 12.0 || elevation > 60.0, "azimuth {azimuth} was taken for {:?}", found.azimuth_deg);
        found.set_camera(&camera);
        let exact = (found.azimuth_deg.expect("a direction") - azimuth + 180.0).rem_euclid(360.0) - 180.0;
        assert!(exact.abs() < 0.1 && (found.elevation_deg.expect("set") - elevation).abs() < 0.1);
    }
}

#[test]
fn blur_noise_and_exposure_lower_the_quality_and_are_named() {
    let net = perfect(&box_car(), &orbit(60.0, 10.0));
    let judge = |picture: RgbImage| from_correspondence(&Photo::from_rgb(picture, "test"), &net);
    let crisp = judge(picture());
    assert!(crisp.measures.blur_px < 1.0 && crisp.quality > 70, "{crisp:?}");
    assert!(crisp.warnings.is_empty(), "{:?}", crisp.warnings);

    let soft = judge(imageops::blur(&picture(), 4.0));
    assert!((soft.measures.blur_px - 4.0).abs() < 1.0, "{}", soft.measures.blur_px);
    assert!(soft.quality < crisp.quality && soft.warnings.iter().any(|w| w.contains("blurred")));

    let mut state = 1u32;
    let mut random = move || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 16) as f32 / 65536.0 - 0.5
    };
    let base = picture();
    let noisy = RgbImage::from_fn(1200, 800, |x, y| {
        let grain = random() * 52.0;
        base.get_pixel(x % 37, y % 37).0.map(|c| (f32::from(c) + grain).clamp(0.0, 255.0) as u8).into()
    });
    let noisy = judge(noisy);
    // A uniform spread of 52 has a standard deviation of 15.
    assert!((noisy.measures.noise - 15.0).abs() < 3.0, "{}", noisy.measures.noise);

    let blown = RgbImage::from_fn(1200, 800, |x, y| if x > 500 { Rgb([255; 3]) } else { *base.get_pixel(x, y) });
    let blown = judge(blown);
    assert!(blown.measures.clipped_bright > 0.2 && blown.quality < 60, "{blown:?}");
    assert!(blown.warnings.iter().any(|w| w.contains("blown out")));
}

#[test]
fn a_cut_car_is_noticed_and_an_empty_photo_refused() {
    let model = box_car();
    let mut near = orbit(90.0, 5.0);
    near.focal_px = 4000.0;
    let cut = from_correspondence(&Photo::from_rgb(picture(), "test"), &perfect(&model, &near));
    assert!(cut.measures.truncation > 0.1 && cut.warnings.iter().any(|w| w.contains("border")), "{cut:?}");

    let mut nothing = perfect(&model, &orbit(90.0, 5.0));
    nothing.mask.fill(0.01);
    nothing.car_probability = 0.02;
    let empty = from_correspondence(&Photo::from_rgb(picture(), "test"), &nothing);
    assert!(!empty.has_car && empty.quality == 0 && empty.refusal.is_some() && empty.view.is_none());
}
