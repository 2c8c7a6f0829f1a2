//! Bakes a set of photos with their true cameras: what the steps after the pose cost in colour, by region and by photo.
//!
//! `cargo run --release -p gridvox_vision --example true_camera -- SET_DIR [SIZE] [OUT_DIR]`
//!
//! The set is a folder as `gridvox eval --set` writes it. `OUT_DIR` gets the liveries found and their confidence.

use std::path::{Path, PathBuf};

use gridvox_car::{AtlasMaps, CarPack};
use gridvox_vision::evaluate::{ColorScore, Estimate, Evaluator, Truth};
use gridvox_vision::report::CameraReport;
use gridvox_vision::{Cancel, GenerateOptions, Vision, generate, photo};

/// The sets that the showroom draws use its environments in turn.
const ENVIRONMENTS: [&str; 8] = ["A", "B", "C", "D", "E", "F", "G", "H"];

#[expect(clippy::print_stdout, reason = "an example talks to its terminal")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let set = PathBuf::from(args.next().ok_or("which set?")?);
    let size: u32 = args.next().map_or(Ok(1024), |s| s.parse())?;
    let out = args.next().map(PathBuf::from);
    if let Some(out) = &out {
        std::fs::create_dir_all(out)?;
    }
    let car = CarPack::find("gt3_rear")?;
    let maps = AtlasMaps::compute(&car.model, size);
    let evaluator = Evaluator::new(&car.model, &maps);
    let vision = Vision::for_known_cameras(&gridvox_car::bundled::models_dir()).expect("the weights fit");
    let mut scores: Vec<ColorScore> = Vec::new();
    for name in names(&set)? {
        let metadata: serde_json::Value = serde_json::from_slice(&std::fs::read(set.join(format!("metadata/{name}.json")))?)?;
        let camera = serde_json::from_value::<CameraReport>(metadata["camera"].clone())?.to_camera();
        let photo = photo::load(&set.join(format!("photos/{name}.jpg")))?;
        let truth = image::open(set.join(format!("liveries/{name}.png")))?.to_rgba8();
        let options = GenerateOptions { size: Some(size), cameras: vec![Some(camera)], previews: false, ..GenerateOptions::default() };
        let made = generate(&vision, &car, &[photo], &options, &Cancel::new(), &mut |_| {})?;
        let estimate = Estimate { camera: &camera, livery: Some(&made.livery) };
        let color = evaluator.score(Truth { camera: &camera, livery: &truth }, Ok(estimate)).color.unwrap_or_default();
        let timings = &made.report.timings_secs;
        println!("{name} {} {} delight {:.2} complete {:.2} total {:.2} s", ENVIRONMENTS[scores.len() % ENVIRONMENTS.len()], in_words(&color), timings["delight"], timings["complete"], timings["total"]);
        scores.push(color);
        if let Some(out) = &out {
            made.livery.save(out.join(format!("{name}_livery.png")))?;
            made.confidence.save(out.join(format!("{name}_confidence.png")))?;
        }
    }
    for (index, environment) in ENVIRONMENTS.iter().enumerate() {
        summarise(environment, scores.iter().skip(index).step_by(ENVIRONMENTS.len()));
    }
    summarise("all", scores.iter());
    Ok(())
}

fn names(set: &Path) -> std::io::Result<Vec<String>> {
    let files = std::fs::read_dir(set.join("metadata"))?.collect::<Result<Vec<_>, _>>()?;
    let mut names: Vec<String> =
        files.iter().filter_map(|f| Some(f.path().file_stem()?.to_string_lossy().into_owned())).collect();
    names.sort();
    Ok(names)
}

fn in_words(c: &ColorScore) -> String {
    let number = |v: Option<f32>| v.map_or("   -".into(), |v| format!("{v:4.1}"));
    format!(
        "visible {} / {}  mirrored {} / {}  unseen {} / {}  mirrored alike {} / {}  (aligned / absolute)",
        number(c.visible_aligned),
        number(c.visible_absolute),
        number(c.mirrored_aligned),
        number(c.mirrored_absolute),
        number(c.unseen_aligned),
        number(c.unseen_absolute),
        number(c.mirrored_alike_aligned),
        number(c.mirrored_alike_absolute)
    )
}

#[expect(clippy::print_stdout, reason = "an example talks to its terminal")]
fn summarise<'a>(title: &str, scores: impl Iterator<Item = &'a ColorScore> + Clone) {
    let spread = |f: fn(&ColorScore) -> Option<f32>| {
        let mut values: Vec<f32> = scores.clone().filter_map(f).collect();
        values.sort_by(f32::total_cmp);
        let at = |share: f32| values.get((share * values.len() as f32) as usize).copied().unwrap_or(f32::NAN);
        format!("{:5.2} {:5.2}", at(0.5), at(0.9))
    };
    println!(
        "{title:12} median P90, aligned: visible {}, mirrored {}, unseen {}; absolute: visible {}, mirrored {}, unseen {}",
        spread(|c| c.visible_aligned),
        spread(|c| c.mirrored_aligned),
        spread(|c| c.unseen_aligned),
        spread(|c| c.visible_absolute),
        spread(|c| c.mirrored_absolute),
        spread(|c| c.unseen_absolute)
    );
}
