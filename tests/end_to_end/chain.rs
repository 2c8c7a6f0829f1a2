//! From the sample photo to a decoded DDS, with the engine's own functions and a decoder nobody here wrote.

use std::fs;
use std::io::Cursor;
use std::path::PathBuf;

use gridvox_car::CarPack;
use gridvox_car::bundled;
use gridvox_sims::ams2::{self, Ams2Options};
use gridvox_vision::evaluate::delta_e;
use gridvox_vision::{Cancel, GenerateOptions, Update, Vision, generate, photo};
use image::codecs::dds::DdsDecoder;
use image::{DynamicImage, RgbaImage, imageops};

use crate::support::{self, CAR, folder};

const SIDE: u32 = 1024;

fn decoded(files: &[PathBuf], name: &str) -> RgbaImage {
    let path = files.iter().find(|path| path.ends_with(name)).expect("the package lists it");
    let bytes = fs::read(path).expect("it is there");
    let decoder = DdsDecoder::new(Cursor::new(bytes)).expect("a legacy header");
    DynamicImage::from_decoder(decoder).expect("whole blocks").into_rgba8()
}

fn rgb(texel: &image::Rgba<u8>) -> [u8; 3] {
    [texel[0], texel[1], texel[2]]
}

/// Mean CIEDE2000 over the texels that `wanted` picks, and how many those are.
fn mean_delta_e(a: &RgbaImage, b: &RgbaImage, wanted: impl Fn(u32, u32) -> bool) -> (f32, usize) {
    let differences: Vec<f32> = a
        .enumerate_pixels()
        .filter(|(x, y, _)| wanted(*x, *y))
        .map(|(x, y, texel)| delta_e(rgb(texel), rgb(b.get_pixel(x, y))))
        .collect();
    (differences.iter().sum::<f32>() / differences.len().max(1) as f32, differences.len())
}

#[test]
fn a_photo_becomes_a_texture_that_the_game_can_read() {
    if !support::has_weights() {
        return;
    }
    let car = CarPack::find(CAR).expect("the bundled car loads");
    let photo = photo::load(&support::sample_photo()).expect("the bundled photo loads");
    let vision = Vision::load(&bundled::models_dir()).expect("the weights load");
    let options = GenerateOptions { size: Some(SIDE), ..GenerateOptions::default() };
    let (mut fractions, mut previews) = (Vec::new(), 0);
    let made = generate(&vision, &car, &[photo], &options, &Cancel::new(), &mut |update| match update {
        Update::Stage { fraction, .. } => fractions.push(fraction),
        Update::Preview(preview) => {
            assert_eq!(preview.dimensions(), (512, 512));
            previews += 1;
        }
        Update::Analysis(_) => {}
    })
    .expect("the sample photo becomes a livery");
    assert!(fractions.is_sorted() && fractions.len() > 3, "{fractions:?}");
    assert!(previews > 0, "the studio has something to show on the way");
    assert_eq!((made.livery.dimensions(), made.confidence.dimensions()), ((SIDE, SIDE), (SIDE, SIDE)));

    // Where the photo shows the paint, the livery is the paint that the photo was made with.
    let truth = image::open(support::sample_livery()).expect("the true livery opens").into_rgba8();
    let truth = imageops::resize(&truth, SIDE, SIDE, imageops::FilterType::Triangle);
    let seen = |x: u32, y: u32| made.confidence.get_pixel(x, y)[0] >= 200;
    let (difference, texels) = mean_delta_e(&made.livery, &truth, seen);
    assert!(texels > (SIDE * SIDE / 20) as usize, "only {texels} texels were seen");
    assert!(difference < 12.0, "seen paint is {difference:.1} away from the truth");
    // A livery that has nothing to do with the photo would pass no such test: the truth turned upside down does not.
    let (unrelated, _) = mean_delta_e(&imageops::flip_vertical(&truth), &truth, seen);
    assert!(unrelated > 2.0 * difference, "{unrelated:.1} for an unrelated livery, {difference:.1} for ours");

    let out = folder();
    let target = car.manifest.sims.ams2.as_ref().expect("the bundled car is in the game");
    let options = Ams2Options {
        out: out.path().join("package"),
        name: "End to end".into(),
        size: Some(SIDE),
        ..Ams2Options::default()
    };
    let package = ams2::export(target, &made.livery, &options).expect("exports");
    let body = decoded(&package.files, "body.dds");
    assert_eq!(body.dimensions(), (SIDE, SIDE));
    let (difference, _) = mean_delta_e(&body, &made.livery, |_, _| true);
    assert!(difference < 1.5, "block compression moved colours by {difference:.2}");
    assert_eq!(decoded(&package.files, "preview.dds").dimensions(), (2048, 600));
    let list = package.files.iter().find(|path| path.extension().is_some_and(|e| e == "xml")).expect("a list");
    assert!(fs::read_to_string(list).expect("text").contains("NAME=\"End to end\""));
}

#[test]
fn a_cancelled_job_ends_early() {
    if !support::has_weights() {
        return;
    }
    let car = CarPack::find(CAR).expect("the bundled car loads");
    let photo = photo::load(&support::sample_photo()).expect("the bundled photo loads");
    let vision = Vision::load(&bundled::models_dir()).expect("the weights load");
    let cancel = Cancel::new();
    let mut updates = 0;
    let outcome = generate(&vision, &car, &[photo], &GenerateOptions::default(), &cancel, &mut |_| {
        updates += 1;
        cancel.cancel();
    });
    assert!(matches!(outcome, Err(gridvox_vision::GenerateError::Cancelled(_))));
    assert!(updates < 10, "it went on for {updates} updates");
}
