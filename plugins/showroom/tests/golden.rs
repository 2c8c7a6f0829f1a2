//! Pictures compared with golden ones, and a picture compared with the CPU's rasteriser. All shots share one start of
//! the renderer. `GRIDVOX_BLESS=1` writes new golden pictures, which then have to be looked at before they are committed.

use gridvox_car::testing::box_pack;
use gridvox_car::{CarPack, MaterialKind, PhotoCamera, RasterOptions, ViewPreset, raster};
use gridvox_showroom::stills::Darkroom;
use gridvox_showroom::{Aperture, EnvironmentId, Inspection, PaintFinish, StillCamera, StillError, StillScene, StillShot};
use glam::{Vec2, Vec3};
use image::{Rgba, RgbaImage};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Mean difference, 0..1 in encoded sRGB, that counts as the same picture: drivers round and filter differently.
const MEAN_TOLERANCE: f32 = 0.012;

/// Share of blocks of 8 x 8 pixels that may differ visibly.
const BLOCK_TOLERANCE: f32 = 0.03;

/// Mean difference within a block that is visible.
const VISIBLE: f32 = 0.06;

struct Difference {
    mean: f32,
    blocks: f32,
}

impl Difference {
    fn is_small(&self) -> bool {
        self.mean <= MEAN_TOLERANCE && self.blocks <= BLOCK_TOLERANCE
    }
}

/// Compares blocks, so that an edge that moved by a fraction of a pixel counts little and a change of shape much.
fn difference(a: &RgbaImage, b: &RgbaImage) -> Difference {
    if a.dimensions() != b.dimensions() {
        return Difference { mean: 1.0, blocks: 1.0 };
    }
    let (width, height) = a.dimensions();
    let (mut sum, mut visible, mut blocks) = (0.0, 0, 0);
    for by in 0..height.div_ceil(8) {
        for bx in 0..width.div_ceil(8) {
            let (mut signed, mut count) = ([0.0_f32; 3], 0.0);
            for y in by * 8..(by * 8 + 8).min(height) {
                for x in bx * 8..(bx * 8 + 8).min(width) {
                    let (p, q) = (a.get_pixel(x, y).0, b.get_pixel(x, y).0);
                    for channel in 0..3 {
                        let d = (f32::from(p[channel]) - f32::from(q[channel])) / 255.0;
                        signed[channel] += d;
                        sum += d.abs() / 3.0;
                    }
                    count += 1.0;
                }
            }
            let block = signed.iter().map(|d| (d / count).abs()).fold(0.0, f32::max);
            blocks += 1;
            visible += usize::from(block > VISIBLE);
        }
    }
    Difference { mean: sum / (width * height) as f32, blocks: visible as f32 / blocks as f32 }
}

fn difference_picture(a: &RgbaImage, b: &RgbaImage) -> RgbaImage {
    RgbaImage::from_fn(a.width(), a.height(), |x, y| {
        let (p, q) = (a.get_pixel(x, y).0, b.get_pixel_checked(x, y).map_or([0; 4], |pixel| pixel.0));
        let d = [0, 1, 2].map(|k| p[k].abs_diff(q[k]).saturating_mul(4));
        Rgba([d[0], d[1], d[2], 255])
    })
}

fn golden_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

/// Compares with `tests/golden/NAME.png`; on failure the actual picture and the difference are left in `target`.
fn check(name: &str, actual: &RgbaImage, failures: &mut Vec<String>) {
    let path = golden_folder().join(format!("{name}.png"));
    if std::env::var_os("GRIDVOX_BLESS").is_some() {
        std::fs::create_dir_all(golden_folder()).expect("the golden folder can be made");
        actual.save(&path).expect("the golden folder can be written");
        return;
    }
    let Ok(golden) = image::open(&path) else {
        failures.push(format!("{name}: there is no golden picture, make one with GRIDVOX_BLESS=1 and look at it"));
        return;
    };
    let golden = golden.into_rgba8();
    let found = difference(&golden, actual);
    if !found.is_small() {
        let out = Path::new(env!("CARGO_TARGET_TMPDIR"));
        actual.save(out.join(format!("{name}.actual.png"))).expect("the target folder can be written");
        let seen = difference_picture(actual, &golden);
        seen.save(out.join(format!("{name}.difference.png"))).expect("the target folder can be written");
        let (mean, blocks) = (found.mean, found.blocks * 100.0);
        failures.push(format!("{name}: mean difference {mean:.4}, {blocks:.1} % of blocks; see {}", out.display()));
    }
}

/// A livery that shows orientation: rows and columns of colour with a grid.
fn test_livery() -> RgbaImage {
    RgbaImage::from_fn(512, 512, |x, y| {
        let grid = x % 64 < 3 || y % 64 < 3;
        let (r, b) = ((x / 64 * 30 + 20) as u8, (y / 64 * 30 + 20) as u8);
        if grid { Rgba([240, 240, 240, 255]) } else { Rgba([r, 60, b, 255]) }
    })
}

fn off_centre_camera() -> PhotoCamera {
    let (eye, target) = (Vec3::new(3.9, 1.7, 5.2), Vec3::new(0.1, 0.55, 0.2));
    let mut camera = PhotoCamera::look_at(eye, target, Vec3::Y, 420.0, 360, 240);
    camera.principal_point = Vec2::new(150.0, 138.0);
    camera
}

#[test]
fn pictures_look_as_they_did() {
    let red = Arc::new(RgbaImage::from_pixel(512, 512, Rgba([196, 22, 28, 255])));
    let environments = ["soft_studio", "overcast", "clear_sky"].map(|id| EnvironmentId::Bundled(id.into())).to_vec();
    let car = Arc::new(box_pack());
    let scene = StillScene { car: car.clone(), liveries: vec![Arc::new(test_livery()), red], spec: None, environments, hidden: Vec::new() };
    let mut darkroom = match Darkroom::open(&scene) {
        Ok(darkroom) => darkroom,
        Err(StillError::NoDevice(reason)) => {
            eprintln!("SKIPPED: {reason}");
            return;
        }
        Err(error) => panic!("{error}"),
    };
    let mut shoot = |shot: StillShot| darkroom.shoot(&shot).unwrap_or_else(|error| panic!("{error}"));
    let preset = |view| StillShot::new(StillCamera::Preset(view), 320, 200);
    let mut failures = Vec::new();

    let studio = shoot(preset(ViewPreset::FrontLeft));
    check("studio_front_left", &studio, &mut failures);
    let red = shoot(StillShot { livery: 1, ..preset(ViewPreset::FrontLeft) });
    check("studio_front_left_red", &red, &mut failures);
    let overcast = shoot(StillShot { environment: 1, ..preset(ViewPreset::RearRight) });
    check("overcast_rear_right", &overcast, &mut failures);
    let sunny = shoot(StillShot { environment: 2, ..preset(ViewPreset::Left) });
    check("clear_sky_left", &sunny, &mut failures);

    // the metric itself: other paint, another shape and another light are other pictures
    assert!(!difference(&studio, &red).is_small(), "another livery has to be seen");
    assert!(!difference(&overcast, &sunny).is_small(), "another light has to be seen");
    let again = shoot(preset(ViewPreset::FrontLeft));
    assert!(difference(&studio, &again).mean < 0.002, "the same shot is the same picture");

    // the lens: an off-centre camera draws the silhouette that the CPU draws
    let camera = off_centre_camera();
    let cut_out = shoot(StillShot { transparent: true, ..StillShot::photo(camera) });
    let expected = raster::render(&car.model, &camera, RasterOptions::default());
    let (mut both, mut either) = (0, 0);
    for (index, &part) in expected.part.iter().enumerate() {
        let (x, y) = (index as u32 % expected.width, index as u32 / expected.width);
        // a window is drawn thin, the silhouette counts it whole
        let glass = part > 0 && {
            let part = &car.model.parts[usize::from(part) - 1];
            car.model.materials[part.material].kind == MaterialKind::Glass
        };
        let (drawn, wanted) = (cut_out.get_pixel(x, y).0[3] > if glass { 20 } else { 127 }, part > 0);
        both += usize::from(drawn && wanted);
        either += usize::from(drawn || wanted);
    }
    let overlap = both as f32 / either.max(1) as f32;
    assert!(either > 5000, "the car fills a good part of the picture: {either}");
    assert!(overlap > 0.99, "overlap with the CPU's silhouette is {overlap}");
    check("cut_out", &cut_out, &mut failures);
    drop(darkroom);
    check_bundled_cars(&mut failures);
    check_finishes(&mut failures);

    assert!(failures.is_empty(), "\n{}", failures.join("\n"));
}

/// The cars and environments that come with the program, each at least once.
fn check_bundled_cars(failures: &mut Vec<String>) {
    let shots: [(&str, &[(&str, ViewPreset)]); 3] = [
        ("gt3_front", &[("night_track", ViewPreset::RearLeft), ("tunnel", ViewPreset::FrontRight)]),
        ("gt3_mid", &[("low_sun", ViewPreset::FrontLeft), ("white_cyclorama", ViewPreset::RearRight)]),
        ("gt3_rear", &[("pit_garage", ViewPreset::FrontLeft)]),
    ];
    for (car, shots) in shots {
        let environments = shots.iter().map(|(id, _)| EnvironmentId::Bundled((*id).into())).collect();
        let car_pack = Arc::new(CarPack::find(car).expect("a bundled car"));
        let scene = StillScene { car: car_pack, liveries: vec![Arc::new(test_livery())], spec: None, environments, hidden: Vec::new() };
        let mut darkroom = Darkroom::open(&scene).unwrap_or_else(|error| panic!("{error}"));
        for (environment, &(id, view)) in shots.iter().enumerate() {
            let shot = StillShot { environment, ..StillShot::new(StillCamera::Preset(view), 320, 200) };
            let picture = darkroom.shoot(&shot).unwrap_or_else(|error| panic!("{error}"));
            check(&format!("{car}_{id}"), &picture, failures);
        }
    }
}

/// Every finish on a bundled car, and the ones with a fine structure from close by.
fn check_finishes(failures: &mut Vec<String>) {
    let red = Arc::new(RgbaImage::from_pixel(512, 512, Rgba([150, 18, 30, 255])));
    let white = Arc::new(RgbaImage::from_pixel(512, 512, Rgba([235, 235, 235, 255])));
    let car = Arc::new(CarPack::find("gt3_rear").expect("a bundled car"));
    let environments = ["soft_studio", "clear_sky"].map(|id| EnvironmentId::Bundled(id.into())).to_vec();
    let scene = StillScene { car, liveries: vec![red, white], spec: None, environments, hidden: Vec::new() };
    let mut darkroom = Darkroom::open(&scene).unwrap_or_else(|error| panic!("{error}"));
    let mut shoot = |shot: StillShot| darkroom.shoot(&shot).unwrap_or_else(|error| panic!("{error}"));
    let mut pictures = Vec::new();
    for finish in PaintFinish::ALL {
        let livery = usize::from(finish == PaintFinish::Carbon);
        let picture =
            shoot(StillShot { finish, livery, ..StillShot::new(StillCamera::Preset(ViewPreset::FrontLeft), 256, 160) });
        check(&format!("finish_{finish}"), &picture, failures);
        pictures.push((finish, picture));
    }
    for (i, (finish, picture)) in pictures.iter().enumerate() {
        for (other, another) in &pictures[..i] {
            assert!(difference(picture, another).mean > 0.002, "{finish} looks like {other}");
        }
    }
    for inspection in Inspection::ALL.into_iter().filter(|inspection| *inspection != Inspection::Paint) {
        let shot = StillShot { inspection, ..StillShot::new(StillCamera::Preset(ViewPreset::FrontLeft), 256, 160) };
        check(&format!("inspect_{inspection}"), &shoot(shot), failures);
    }
    let close = PhotoCamera::look_at(Vec3::new(1.55, 0.85, 0.4), Vec3::new(0.95, 0.62, 0.1), Vec3::Y, 380.0, 256, 160);
    for (finish, livery) in [(PaintFinish::Carbon, 1), (PaintFinish::Metallic, 0), (PaintFinish::Pearl, 0)] {
        let shot = StillShot { finish, livery, environment: 1, ..StillShot::photo(close) };
        check(&format!("close_{finish}"), &shoot(shot), failures);
    }
    check_depth_of_field(&mut shoot, failures);
    drop(darkroom);

    // a spec map: chrome, satin, bare metal and flat paint in stripes
    let stripes = [[230, 2, 0], [0, 20, 255], [255, 60, 255], [0, 255, 255]];
    let map = RgbaImage::from_fn(512, 512, |x, _| {
        let [r, g, b] = stripes[(x / 32 % 4) as usize];
        Rgba([r, g, b, 255])
    });
    let scene = StillScene { spec: Some(Arc::new(map)), ..scene };
    let mut darkroom = Darkroom::open(&scene).unwrap_or_else(|error| panic!("{error}"));
    let shot = StillShot::new(StillCamera::Preset(ViewPreset::FrontLeft), 256, 160);
    let mapped = darkroom.shoot(&shot).unwrap_or_else(|error| panic!("{error}"));
    assert!(difference(&pictures[0].1, &mapped).mean > 0.01, "a spec map has to be seen");
    check("spec_map", &mapped, failures);
}

/// A lens so narrow that everything is sharp draws what the views draw, and a wide one blurs what is far.
fn check_depth_of_field(shoot: &mut impl FnMut(StillShot) -> RgbaImage, failures: &mut Vec<String>) {
    let plain = StillShot::new(StillCamera::Orbit { azimuth_deg: 20.0, elevation_deg: 10.0, fov_deg: 40.0 }, 256, 160);
    let lens = |f_number, samples| Some(Aperture { f_number, focus_m: None, samples });
    let sharp = shoot(plain);
    let pinhole = shoot(StillShot { aperture: lens(64.0, 1), ..plain });
    assert!(difference(&sharp, &pinhole).mean < 0.004, "the same tone curve: {}", difference(&sharp, &pinhole).mean);
    // fields of 18 mm have to be open wide to show anything
    let wide = shoot(StillShot { aperture: lens(0.5, 32), ..plain });
    assert!(difference(&sharp, &wide).mean > 0.004, "depth of field has to be seen");
    check("depth_of_field", &wide, failures);
    let cut_out = StillShot { transparent: true, ..plain };
    let (sharp, pinhole) = (shoot(cut_out), shoot(StillShot { aperture: lens(64.0, 1), ..cut_out }));
    assert!(difference(&sharp, &pinhole).mean < 0.006, "straight alpha: {}", difference(&sharp, &pinhole).mean);
}

#[test]
fn the_metric_sees_a_change() {
    let picture = test_livery();
    assert!(difference(&picture, &picture).is_small());
    let mut spot = picture.clone();
    for y in 100..240 {
        for x in 100..240 {
            spot.get_pixel_mut(x, y).0 = [250, 250, 0, 255];
        }
    }
    assert!(!difference(&picture, &spot).is_small());
    let brighter = RgbaImage::from_fn(512, 512, |x, y| Rgba(picture.get_pixel(x, y).0.map(|c| c.saturating_add(8))));
    assert!(!difference(&picture, &brighter).is_small());
    let moved = RgbaImage::from_fn(512, 512, |x, y| *picture.get_pixel((x + 12) % 512, y));
    assert!(!difference(&picture, &moved).is_small());
}
