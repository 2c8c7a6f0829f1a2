//! Whether words on the side that nobody saw can be read: how many of those that photos by the training renderer show whole, with
//! liveries of the family that training never sees and true cameras.
//!
//! `cargo run --release -p gridvox_vision --example words -- [COUNT] [SEED] [OUT_DIR]`
//!
//! `OUT_DIR` gets the photos and the liveries found.

use std::path::PathBuf;

use gridvox_car::{AtlasMaps, CarPack};
use gridvox_vision::evaluate::far_words;
use gridvox_vision::synth::livery::{self, Design, Detail, classes, derive_seed};
use gridvox_vision::synth::photo::{self, Conditions};
use gridvox_vision::synth::{HELD_OUT, view};
use gridvox_vision::{Cancel, GenerateOptions, Photo, Vision, generate};

const CARS: [&str; 3] = ["gt3_rear", "gt3_front", "gt3_mid"];
const SIZE: u32 = 2048;

#[expect(clippy::print_stdout, reason = "an example talks to its terminal")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let count: u64 = args.first().map_or(Ok(24), |n| n.parse())?;
    let seed: u64 = args.get(1).map_or(Ok(1), |n| n.parse())?;
    let out = args.get(2).map(PathBuf::from);
    if let Some(out) = &out {
        std::fs::create_dir_all(out)?;
    }
    let vision = Vision::for_known_cameras(&gridvox_car::bundled::models_dir())?;
    let (mut all, mut readable, mut clear) = (0, 0, 0);
    for (car, name) in (0..).zip(CARS) {
        let pack = CarPack::find(name)?;
        let maps = AtlasMaps::compute(&pack.model, SIZE);
        let classes = classes(&pack.model);
        for n in 0..count.div_ceil(CARS.len() as u64) {
            let seed = derive_seed(derive_seed(seed, car), n);
            let azimuth = 20.0 + (seed % 320) as f32;
            let camera = view::orbit(pack.model.bounds(), azimuth, 4.0 + (seed % 13) as f32, 35.0 + (seed % 70) as f32, 0.85, 1600, 1066);
            let design = Design::random(seed, HELD_OUT, pack.model.bounds(), Detail::Fine);
            let truth = livery::paint(&design, &maps, &classes);
            let rgb = photo::render_under(&pack.model, &truth, &camera, &Conditions::random(seed, &camera), 2);
            let options = GenerateOptions { size: Some(SIZE), cameras: vec![Some(camera)], previews: false, ..GenerateOptions::default() };
            let made = generate(&vision, &pack, &[Photo::from_rgb(rgb.clone(), "made.png")], &options, &Cancel::new(), &mut |_| {})?;
            let words = far_words(&design, &classes, &maps, &made.livery, made.confidence.as_raw());
            for word in &words {
                println!("{name} {n:02} {word:.2?}{}", if word.is_readable() { "" } else { " backward" });
            }
            all += words.len();
            readable += words.iter().filter(|word| word.is_readable()).count();
            clear += words.iter().filter(|word| word.is_clear()).count();
            if let Some(out) = &out {
                rgb.save(out.join(format!("{name}_{n:02}.png")))?;
                made.livery.save(out.join(format!("{name}_{n:02}_livery.png")))?;
            }
        }
    }
    println!("{readable} of {all} words read on the far side, {clear} of them clearly");
    Ok(())
}
