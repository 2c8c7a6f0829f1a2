//! The weights in `models/` on the bundled sample: a path-traced photo with a known camera, a livery and a renderer that
//! training never saw.

use candle_core::Device;
use glam::{Mat4, Vec2, Vec3, Vec4};
use gridvox_car::raster::{self, RasterOptions};
use gridvox_car::{AtlasMaps, CarPack, PhotoCamera, RasterScene, bundled};
use gridvox_vision::evaluate::{Estimate, Evaluator, Truth};
use gridvox_vision::net::{AtlasNetwork, CorrespondenceNet, LetteringNetwork, Proportions, ReadingNetwork, weights};
use gridvox_vision::synth::cells::{CellStream, CellSubject};
use gridvox_vision::synth::faces::{ACROSS, FaceStream};
use gridvox_vision::synth::flat::NO_WORD;
use gridvox_vision::synth::livery::{self, HELD_OUT};
use gridvox_vision::synth::photo::{self, Conditions};
use gridvox_vision::synth::view;
use gridvox_vision::synth::writing::WritingStream;
use gridvox_vision::{Cancel, GenerateOptions, Photo, Vision, bake, color, complete, generate};
use image::{Rgb, RgbImage, Rgba, RgbaImage};

fn sample_camera() -> PhotoCamera {
    let path = bundled::assets_dir().join("samples/photo_front_left.camera.json");
    let json: serde_json::Value = serde_json::from_slice(&std::fs::read(path).expect("the sample is there")).expect("JSON");
    let number = |v: &serde_json::Value| v.as_f64().expect("a number") as f32;
    let row = |i: usize| {
        let row = &json["world_from_camera"][i];
        Vec4::new(number(&row[0]), number(&row[1]), number(&row[2]), number(&row[3]))
    };
    PhotoCamera {
        world_from_camera: Mat4::from_cols(row(0), row(1), row(2), row(3)).transpose(),
        focal_px: number(&json["focal_px"]),
        principal_point: Vec2::new(number(&json["principal_point"][0]), number(&json["principal_point"][1])),
        width: number(&json["width"]) as u32,
        height: number(&json["height"]) as u32,
        k1: number(&json["k1"]),
    }
}

#[test]
fn a_photo_by_another_renderer_is_understood() {
    let net = CorrespondenceNet::load(&bundled::models_dir(), &Device::Cpu).expect("the weights fit");
    let photo = image::open(bundled::assets_dir().join("samples/photo_front_left.jpg")).expect("a photo").into_rgb8();
    let pack = CarPack::find("gt3_rear").expect("the bundled car");
    let camera = sample_camera();
    let truth = raster::render(&pack.model, &camera, RasterOptions::default());
    let (low, high) = pack.model.bounds();
    let started = std::time::Instant::now();
    let seen = net.correspond(&photo, Proportions::USUAL).expect("it runs");
    let millis = started.elapsed().as_millis();

    let (mut both, mut either, mut right, mut sided, mut wrong_side) = (0, 0, 0, 0, 0);
    let mut errors = Vec::new();
    for iy in 0..seen.height {
        for ix in 0..seen.width {
            let (i, px) = (seen.index(ix, iy), seen.photo_px(ix, iy));
            let inside = px.min_element() >= 0.0 && px.x < photo.width() as f32 && px.y < photo.height() as f32;
            let at = if inside { px.y as usize * photo.width() as usize + px.x as usize } else { 0 };
            let (there, found) = (inside && truth.part[at] != 0, seen.mask[i] > 0.5);
            both += usize::from(there && found);
            either += usize::from(there || found);
            if !there || !found {
                continue;
            }
            let place = (truth.position[at] - (low + high) * 0.5) / ((high - low) * 0.5);
            right += usize::from(pack.model.parts[truth.part[at] as usize - 1].class == seen.part_class(i));
            errors.push((seen.coords[i] - place).length());
            if place.x.abs() > 0.3 {
                sided += 1;
                wrong_side += usize::from(place.x * seen.coords[i].x < 0.0);
            }
        }
    }
    errors.sort_by(f32::total_cmp);
    let overlap = both as f32 / either.max(1) as f32;
    let parts = right as f32 / both.max(1) as f32;
    let sides = wrong_side as f32 / sided.max(1) as f32;
    let median = errors.get(errors.len() / 2).copied().unwrap_or(f32::MAX);
    let said = format!(
        "mask overlap {overlap:.3}, parts {parts:.3}, wrong side {sides:.3}, median error {median:.3}, car {:.2}, {millis} ms",
        seen.car_probability
    );
    assert!(seen.car_probability > 0.5 && overlap > 0.85 && sides < 0.05 && median < 0.15, "{said}");
    assert!(std::env::var_os("GRIDVOX_SHOW_NUMBERS").is_none(), "{said}");
    assert!(!seen.coords.contains(&Vec3::NAN));
}

#[test]
fn pictures_without_a_car_are_told_apart() {
    let net = CorrespondenceNet::load(&bundled::models_dir(), &Device::Cpu).expect("the weights fit");
    let flat = RgbImage::from_pixel(600, 400, Rgb([120, 140, 160]));
    let ramp = RgbImage::from_fn(600, 400, |x, y| Rgb([(x / 3) as u8, (y / 2) as u8, 90]));
    let boxes = RgbImage::from_fn(600, 400, |x, y| if (x / 70 + y / 50) % 2 == 0 { Rgb([30, 90, 40]) } else { Rgb([190, 180, 150]) });
    for picture in [flat, ramp, boxes] {
        let seen = net.correspond(&picture, Proportions::USUAL).expect("it runs");
        assert!(seen.car_probability < 0.5, "a car with {:.2}", seen.car_probability);
    }
}

/// Words that training did not draw are read the right way and told from other shapes, and firm answers are hardly ever wrong.
#[test]
fn words_are_told_from_mirror_writing_and_from_other_shapes() {
    let network: ReadingNetwork = weights::load(&bundled::models_dir(), &Device::Cpu).expect("the weights fit");
    let mut stream = WritingStream::new(0x0dd_5eed, &[HELD_OUT]);
    let (mut words, mut right, mut firm, mut firmly_wrong) = (0, 0, 0, 0);
    let (mut others, mut found, mut imagined) = (0, 0, 0);
    for _ in 0..600 {
        let line = stream.next();
        let reading = network.read(&[line.picture]).expect("it runs")[0];
        if !line.is_writing {
            others += 1;
            imagined += usize::from(reading.writing > 0.0);
            continue;
        }
        let toward_truth = if line.mirrored > 0.5 { reading.mirrored } else { -reading.mirrored };
        words += 1;
        found += usize::from(reading.writing > 0.0);
        right += usize::from(toward_truth > 0.0);
        firm += usize::from(toward_truth.abs() > 2.0);
        firmly_wrong += usize::from(toward_truth < -2.0);
    }
    assert!(right * 4 > words * 3, "{right} of {words} are read the right way");
    assert!(firm * 3 > words && firmly_wrong * 20 < firm, "{firmly_wrong} of {firm} firm answers are wrong");
    assert!(found * 5 > words * 4 && imagined * 6 < others, "{found} of {words} are writing, and {imagined} of {others} others");
}

/// Where words are on faces with liveries that training did not draw.
#[test]
fn words_are_found_on_faces() {
    let network: LetteringNetwork = weights::load(&bundled::models_dir(), &Device::Cpu).expect("the weights fit");
    let mut stream = FaceStream::new(0x0dd_face, &[HELD_OUT]);
    let (mut both, mut either) = (0, 0);
    for _ in 0..60 {
        let piece = stream.next();
        let seen = network.look(ACROSS, &piece.tone).expect("it runs");
        for (cell, (&logit, &inside)) in seen.word.iter().zip(&piece.inside).enumerate() {
            let (found, there) = (logit > 0.0, inside != NO_WORD);
            if !piece.tone[cell][0].is_nan() {
                both += usize::from(found && there);
                either += usize::from(found || there);
            }
        }
    }
    assert!(either > 20_000 && both * 2 > either, "{both} of {either} cells");
}

/// The paint of photos under random light comes out nearer to the truth than the photo itself is, exposure apart.
#[test]
fn light_comes_off_the_paint() {
    let pack = CarPack::find("gt3_rear").expect("the bundled car");
    let vision = Vision::for_known_cameras(&bundled::models_dir()).expect("the weights fit");
    let maps = AtlasMaps::compute(&pack.model, 512);
    let scene = RasterScene::new(&pack.model);
    let evaluator = Evaluator::new(&pack.model, &maps);
    let (mut before, mut after) = (0.0, 0.0);
    for seed in 0..4u64 {
        let camera = view::orbit(pack.model.bounds(), 35.0 + 80.0 * seed as f32, 8.0, 50.0, 0.85, 900, 600);
        let truth = livery::random(400 + seed, HELD_OUT, &pack.model, &maps);
        let conditions = Conditions::random(900 + seed, &camera);
        let rgb = photo::render_under(&pack.model, &truth, &camera, &conditions, 1);
        let baked = bake::bake(
            &bake::View { photo: &rgb, camera: &camera, occluders: None, uncertainty_px: 0.5 },
            &pack.model,
            &scene,
            &maps,
        );
        let raw = RgbaImage::from_fn(512, 512, |x, y| {
            let [r, g, b] = color::encode_rgb(baked.color[(y * 512 + x) as usize]);
            Rgba([r, g, b, 255])
        });
        let options = GenerateOptions { size: Some(512), cameras: vec![Some(camera)], ..GenerateOptions::default() };
        let taken = Photo::from_rgb(rgb, "made.png");
        let made = generate(&vision, &pack, &[taken], &options, &Cancel::new(), &mut |_| {}).expect("a livery");
        let error = |livery: &RgbaImage| {
            let estimate = Estimate { camera: &camera, livery: Some(livery) };
            let score = evaluator.score(Truth { camera: &camera, livery: &truth }, Ok(estimate));
            score.color.and_then(|c| c.visible_aligned).expect("paint is seen")
        };
        before += error(&raw);
        after += error(&made.livery);
    }
    assert!(after < 0.8 * before, "{before} became {after} (sums over 4 photos)");
}

/// What nothing shows comes nearer to liveries of a family that training never saw than by a vote of what is near.
#[test]
fn unseen_paint_is_told_better_than_by_a_vote() {
    let pack = CarPack::find("gt3_rear").expect("the bundled car");
    let network: AtlasNetwork = weights::load(&bundled::models_dir(), &Device::Cpu).expect("the weights fit");
    let cars = [CellSubject::new(&pack.model)];
    let mut stream = CellStream::new(0x5eed, &[HELD_OUT]);
    let (mut learned, mut voted) = (0.0, 0.0);
    for _ in 0..80 {
        let sample = stream.next(&cars);
        let inks = sample.palette.inks.len();
        let scores = network.forward(&[&sample.question], &Device::Cpu).and_then(|s| s.squeeze(0)?.to_vec2::<f32>());
        let votes = complete::vote(&sample.fine, &sample.open);
        let best = |shares: &[f32]| (0..inks).max_by(|&a, &b| shares[a].total_cmp(&shares[b])).unwrap_or(0);
        for ((cost, scores), votes) in sample.cost.iter().zip(&scores.expect("it runs")).zip(&votes) {
            learned += cost[best(scores)] / sample.cost.len() as f32 / 80.0;
            voted += cost[best(votes)] / sample.cost.len() as f32 / 80.0;
        }
    }
    assert!(learned < 0.97 * voted, "{learned} CIEDE2000 by the network, {voted} by the vote");
}
