//! Draws the showroom's side of the comparison with a path tracer; see `scripts/compare/README.md`.
//!
//! ```text
//! cargo run --release -p gridvox_showroom -p gridvox --example compare -- scripts/compare/cases.toml <folder> <name part>
//! ```

use gridvox_car::CarPack;
use gridvox_showroom::stills::Darkroom;
use gridvox_showroom::{EnvironmentId, PaintFinish, StillCamera, StillScene, StillShot};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::error::Error;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

const SIZE: (u32, u32) = (640, 360);
const SAMPLES: u32 = 16;

#[derive(Deserialize)]
struct Cases {
    case: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    car: String,
    environment: String,
    azimuth_deg: f32,
    elevation_deg: f32,
    fov_deg: f32,
    finish: String,
    livery: PathBuf,
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let list = PathBuf::from(arguments.next().ok_or("name a list of cases")?);
    let folder = PathBuf::from(arguments.next().ok_or("name a folder for the pictures")?);
    let wanted = arguments.next().unwrap_or_default();
    std::fs::create_dir_all(&folder)?;
    let cases = toml::from_str::<Cases>(&std::fs::read_to_string(&list)?)?.case;
    let mut by_car = BTreeMap::<(String, PathBuf), Vec<Case>>::new();
    for case in cases.into_iter().filter(|case| case.name.contains(&wanted)) {
        by_car.entry((case.car.clone(), case.livery.clone())).or_default().push(case);
    }
    let root = gridvox_car::bundled::assets_dir();
    let root = root.parent().unwrap_or(Path::new("."));
    for ((car, livery), cases) in by_car {
        let livery = image::open(root.join(livery))?.into_rgba8();
        let environments = cases.iter().map(|case| EnvironmentId::parse(&case.environment)).collect();
        let car = Arc::new(CarPack::find(&car)?);
        let scene = StillScene { car, liveries: vec![Arc::new(livery)], spec: None, environments, hidden: Vec::new() };
        let mut darkroom = Darkroom::open(&scene)?;
        for (environment, case) in cases.iter().enumerate() {
            let Case { azimuth_deg, elevation_deg, fov_deg, .. } = *case;
            let camera = StillCamera::Orbit { azimuth_deg, elevation_deg, fov_deg };
            let finish: PaintFinish = case.finish.parse()?;
            // a path tracer draws the distance sharp
            let shot = StillShot { environment, finish, backdrop_blur: Some(0.0), supersample: SAMPLES, ..StillShot::new(camera, SIZE.0, SIZE.1) };
            darkroom.shoot(&shot)?.save(folder.join(format!("{}.png", case.name)))?;
            writeln!(std::io::stderr(), "{}", case.name)?;
        }
    }
    Ok(())
}
