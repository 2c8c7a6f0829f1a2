use super::*;
use crate::color::{decode_rgb, luminance};
use gridvox_car::testing::box_car;

const MAPS_PX: u32 = 256;

fn stress(name: &str) -> Stress {
    Cell::named(name).expect("a cell").stress
}

fn drawn(name: &str, seed: u64) -> (CarModel, StressPhoto) {
    let car = box_car();
    let photo = draw(stress(name), seed, &car, &AtlasMaps::compute(&car, MAPS_PX));
    (car, photo)
}

/// Mean luminance of the pixels that `camera` sees the car's paint in, and of all others.
fn brightness(car: &CarModel, photo: &StressPhoto) -> (f32, f32) {
    let small = raster::render(car, &photo.cameras[0].scaled_to(300, 200), RasterOptions::visibility());
    let mut sums = [(0.0f32, 0.0f32); 2];
    for (i, &part) in small.part.iter().enumerate() {
        let (x, y) = (i as u32 % 300 * 4 + 2, i as u32 / 300 * 4 + 2);
        let sum = match part {
            0 => &mut sums[1],
            part if car.is_paint(usize::from(part) - 1) => &mut sums[0],
            _ => continue,
        };
        *sum = (sum.0 + luminance(decode_rgb(photo.picture.get_pixel(x, y).0)), sum.1 + 1.0);
    }
    (sums[0].0 / sums[0].1, sums[1].0 / sums[1].1)
}

#[test]
fn every_cell_has_a_name_of_its_own_and_one_photo_per_seed() {
    let mut names: Vec<&str> = CELLS.iter().map(|cell| cell.name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), CELLS.len());
    assert!(Cell::named("focal_20mm").is_some() && Cell::named("snow").is_none());
    let (_, first) = drawn("jpeg_20", 5);
    assert_eq!((first.picture.dimensions(), first.jpeg_quality, first.cameras.len()), (PHOTO, 20, 1));
    assert!(first.picture == drawn("jpeg_20", 5).1.picture && first.picture != drawn("jpeg_20", 6).1.picture);
}

#[test]
fn cameras_have_the_focal_length_or_cut_the_car_off() {
    let car = box_car();
    for seed in 0..20 {
        let taken = |name| camera(stress(name), &car, &mut Pcg64Mcg::seed_from_u64(seed));
        for (name, mm) in [("focal_20mm", 20.0), ("focal_200mm", 200.0)] {
            assert!((taken(name).focal_px / PHOTO.0 as f32 * 36.0 - mm).abs() < 0.01);
        }
        let (low, high) = view::projected_box(&taken("crop"), car.bounds()).expect("in front");
        let out = (-low.x).max(high.x - PHOTO.0 as f32) / (high.x - low.x);
        assert!(CUT.contains(&(out + 1e-4)) || CUT.contains(&(out - 1e-4)), "{out} is cut off");
        let (low, high) = view::projected_box(&taken("chrome"), car.bounds()).expect("in front");
        assert!(low.min_element() > 0.0 && high.x < PHOTO.0 as f32 && high.y < PHOTO.1 as f32, "{low} {high}");
        let away = raster::render(&car, &taken("no_car").scaled_to(120, 80), RasterOptions::visibility());
        assert!(!(0..away.part.len()).any(|i| away.hit(i)), "the car is behind the camera");
    }
}

#[test]
fn things_hide_as_much_of_the_car_as_they_should() {
    let car = box_car();
    for seed in 0..4 {
        let rng = &mut Pcg64Mcg::seed_from_u64(seed);
        let camera = camera(Stress::Occlusion, &car, rng);
        let canvas = occluders(&car, &camera, rng);
        let drawn = raster::render(&car, &camera.scaled_to(240, 160), RasterOptions::visibility());
        let share = hidden_share(&drawn, &canvas);
        assert!((HIDDEN.start - 0.02..HIDDEN.end + 0.02).contains(&share), "{share}");
    }
}

#[test]
fn a_night_is_dark_and_a_black_car_is_black_in_daylight() {
    for seed in 0..3 {
        let (car, night) = drawn("night", seed);
        let (paint, around) = brightness(&car, &night);
        assert!(around < 0.1 && paint < 0.3, "{paint} on {around} is no night");
        let (car, black) = drawn("black_car", seed);
        let (paint, around) = brightness(&car, &black);
        assert!(paint < 0.5 * around && around > 0.08, "{paint} on {around} is no black car");
        assert!(black.livery.pixels().all(|texel| texel.0 == BLACK));
    }
}

#[test]
fn chrome_is_darker_or_lighter_with_what_it_mirrors() {
    // The same seed gives the same photo but for the finish.
    let (_, chrome) = drawn("chrome", 3);
    let (_, plain) = drawn("asymmetric", 3);
    assert_eq!(chrome.cameras, plain.cameras);
    assert_eq!(conditions(Stress::Chrome, 1, &box_car(), &chrome.cameras[0]).finish.metallic, 1.0);
    assert_ne!(chrome.picture, plain.picture);
}

#[test]
fn a_mirrored_photo_shows_the_mirrored_car_to_the_mirrored_camera() {
    let car = box_car();
    let maps = AtlasMaps::compute(&car, MAPS_PX);
    let photo = draw(Stress::Mirrored, 4, &car, &maps);
    // Drawn again with the truth, unlit, it must look like a flip of the plain photo, drawn unlit.
    let plain = draw(Stress::Chrome, 4, &car, &maps);
    assert_eq!(plain.cameras[0], mirrored_camera(&photo.cameras[0]), "twice mirrored is as it was");
    let flat = |livery, camera| super::super::photo::render(&car, livery, camera, super::super::photo::Look::Flat, 1);
    let mut expected = flat(&plain.livery, &plain.cameras[0]);
    imageops::flip_horizontal_in_place(&mut expected);
    let seen = flat(&photo.livery, &photo.cameras[0]);
    let differ = expected.pixels().zip(seen.pixels()).filter(|(a, b)| (0..3).any(|k| a.0[k].abs_diff(b.0[k]) > 40));
    let share = differ.count() as f32 / (PHOTO.0 * PHOTO.1) as f32;
    assert!(share < 0.06, "{share} of the picture differs");
    let other = flat(&plain.livery, &plain.cameras[0]);
    let differ = other.pixels().zip(seen.pixels()).filter(|(a, b)| (0..3).any(|k| a.0[k].abs_diff(b.0[k]) > 40));
    assert!(differ.count() as f32 / (PHOTO.0 * PHOTO.1) as f32 > 0.1, "without the flip it looks otherwise");
}

#[test]
fn the_sides_of_an_asymmetric_car_differ() {
    let car = box_car();
    let maps = AtlasMaps::compute(&car, MAPS_PX);
    let unlike = |livery: &RgbaImage| {
        let pairs = (0..maps.part.len()).filter(|&t| maps.part[t] != 0 && (maps.mirror[t] as usize) < maps.part.len());
        let (mut differ, mut all) = (0.0f32, 0.0f32);
        for t in pairs {
            let pixel = |t: u32| livery.get_pixel(t % maps.size, t / maps.size).0;
            all += 1.0;
            differ += f32::from(u8::from((0..3).any(|k| pixel(t as u32)[k].abs_diff(pixel(maps.mirror[t])[k]) > 40)));
        }
        differ / all
    };
    let sides = (0..4).map(|seed| unlike(&two_sided(seed, &car, &maps))).fold(1.0, f32::min);
    assert!(sides > 0.5, "only {sides} of the car differs");
}

#[test]
fn wheels_are_steered_and_meshes_differ_by_what_they_say() {
    let car = box_car();
    let steered = stress("steered").shape(2, &car);
    assert!(STEERING_RAD.contains(&steered.steering_rad.abs()) && steered.waves.is_empty());
    for (name, mean_m) in [("mismatch_5mm", 0.005), ("mismatch_20mm", 0.020)] {
        let shape = stress(name).shape(2, &car);
        assert_eq!(shape, stress(name).shape(2, &car));
        let Stress::Mismatch { mean_m: said } = stress(name) else { panic!("{name} is no mismatch") };
        assert!(said == mean_m && !shape.waves.is_empty() && shape.steering_rad == 0.0);
    }
    assert_eq!(stress("jpeg_20").shape(2, &car), Shape::default());
}

#[test]
fn each_of_two_cars_is_where_its_camera_sees_it() {
    let (car, photo) = drawn("two_cars", 1);
    assert_eq!(photo.cameras.len(), 2);
    let both = pair(&car);
    let camera = moved(&photo.cameras[0], BESIDE_M);
    let (low, high) = view::projected_box(&camera, both.bounds()).expect("in front");
    assert!(low.min_element() > 0.0 && high.x < PHOTO.0 as f32 && high.y < PHOTO.1 as f32);
    for (taken, place) in photo.cameras.iter().zip([BESIDE_M, -BESIDE_M]) {
        let seen = taken.project(Vec3::new(0.3, 0.7, 1.0)).expect("in front");
        let there = camera.project(Vec3::new(0.3, 0.7, 1.0) + place).expect("in front");
        assert!((seen - there).length() < 1e-2);
    }
}
