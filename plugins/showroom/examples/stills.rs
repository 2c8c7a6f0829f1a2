//! Renders a car from eight angles in every bundled environment into a folder, and says how long each step took.
//!
//! ```text
//! cargo run --release -p gridvox_showroom -p gridvox --example stills -- <car> <folder> [livery.png]
//! ```

use gridvox_car::{CarPack, ViewPreset};
use gridvox_showroom::environment::bundled_environments;
use gridvox_showroom::stills::Darkroom;
use gridvox_showroom::{EnvironmentId, StillCamera, StillScene, StillShot, sheet};
use std::error::Error;
use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

/// Processor time of this program so far, in seconds.
fn processor_secs() -> f32 {
    let Ok(stat) = std::fs::read_to_string("/proc/self/stat") else { return 0.0 };
    let ticks: f32 = stat.split_whitespace().skip(13).take(2).filter_map(|field| field.parse::<f32>().ok()).sum();
    ticks / 100.0
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let car = arguments.next().unwrap_or_else(|| "box".to_owned());
    let folder = PathBuf::from(arguments.next().unwrap_or_else(|| "stills".to_owned()));
    let livery = arguments.next();
    std::fs::create_dir_all(&folder)?;

    let start = Instant::now();
    let car = if car == "box" { gridvox_car::testing::box_pack() } else { CarPack::find(&car)? };
    let livery = livery.map(|path| image::open(path).map(|picture| Arc::new(picture.into_rgba8()))).transpose()?;
    let extra = std::env::var("GRIDVOX_STILL_ENVIRONMENT").ok();
    let mut environments: Vec<_> =
        bundled_environments()?.into_iter().map(|info| EnvironmentId::Bundled(info.id)).collect();
    environments.extend(extra.as_deref().map(EnvironmentId::parse));
    let scene = StillScene { car: Arc::new(car), liveries: livery.into_iter().collect(), spec: None, environments, hidden: Vec::new() };
    let mut say = std::io::stderr();
    writeln!(say, "car and livery: {:.2?}", start.elapsed())?;

    let mut darkroom = Darkroom::open(&scene)?;
    writeln!(say, "open: {:.2?}, processor {:.2} s", start.elapsed(), processor_secs())?;
    for (index, environment) in scene.environments.iter().enumerate() {
        let views = [ViewPreset::FrontLeft, ViewPreset::RearRight, ViewPreset::Left];
        for view in views {
            let shot = StillShot { environment: index, ..StillShot::new(StillCamera::Preset(view), 1200, 750) };
            let picture = darkroom.shoot(&shot)?;
            let name = match environment {
                EnvironmentId::Bundled(id) => id.clone(),
                EnvironmentId::File(path) => path.file_stem().unwrap_or_default().to_string_lossy().into_owned(),
            };
            picture.save(folder.join(format!("{name}_{view}.png")))?;
            writeln!(say, "{name} {view}: {:.2?}, processor {:.2} s", start.elapsed(), processor_secs())?;
        }
    }
    let pictures: Result<Vec<_>, _> = sheet::shots(640, 400).iter().map(|shot| darkroom.shoot(shot)).collect();
    sheet::compose(&pictures?).save(folder.join("sheet.png"))?;
    writeln!(say, "sheet: {:.2?}, processor {:.2} s", start.elapsed(), processor_secs())?;
    Ok(())
}
