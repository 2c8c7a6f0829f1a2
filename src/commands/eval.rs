//! `gridvox eval`: photos whose cameras and liveries are known, measured against what is found.
//!
//! The photos are read from a folder or drawn. The showroom's renderer, environments and livery family have no part in
//! training: its numbers say how the method does on pictures that it was not made from. The training renderer draws photos in
//! light that paint is learned from, photos in any light, and the stress cells, which ask whether a photo that cannot work ends in a
//! refusal or a warning.

mod measure;
mod rendered;
mod set;
mod showroom;

use std::sync::Arc;

use color_eyre::eyre::{Result, eyre};
use gridvox_car::{AtlasMaps, CarPack, bundled};
use gridvox_vision::Vision;
use gridvox_vision::net::DirectPainter;
use gridvox_vision::evaluate::{EvalTable, Method, Summary, Worst, plot};
use serde::Serialize;

use self::measure::{Bench, in_words};
use self::rendered::Plain;
use self::set::PhotoSet;
use super::{ensure_writable, make_folder, save_picture, write_json};
use crate::cli::{BuiltInSet, EvalArgs};

/// Photos of a set that is drawn anew, and of a stress cell.
const DEFAULT_COUNT: usize = 50;
const DEFAULT_PER_CELL: usize = 2;
/// Photos that the picture of the worst shows.
const WORST: usize = 10;
/// Edge of the true liveries and of the maps that results are measured on.
const LIVERY_PX: u32 = 2048;

/// What `--json` prints.
#[derive(Serialize)]
struct Output<'a> {
    summary: Summary,
    #[serde(flatten)]
    table: &'a EvalTable,
}

/// Runs the command.
#[expect(clippy::print_stdout, reason = "the table is this command's output")]
pub fn run(args: &EvalArgs) -> Result<()> {
    for path in args.plot.iter().chain(&args.worst) {
        if path.extension().is_none_or(|ending| ending != "png") {
            return Err(eyre!("{} does not end in .png: the picture is written as one.", path.display()));
        }
        ensure_writable(path)?;
    }
    let car = Arc::new(CarPack::find(&args.car)?);
    let vision = Vision::load(&bundled::models_dir())?;
    if let Some(out) = &args.out {
        make_folder(out)?;
    }
    let maps = AtlasMaps::compute(&car.model, LIVERY_PX);
    let scratch = tempfile::tempdir()?;
    let set = PhotoSet::open(args.set.as_deref().unwrap_or(scratch.path()))?;
    let names = draw(args, &set, &car, &maps)?;
    let methods = if args.baselines { Method::BASELINES.to_vec() } else { Vec::new() };
    let painter = if args.baselines { direct_painter(&car)? } else { None };
    let bench = Bench::new(vision, &car, &maps, methods, painter, args.quality.into());
    let mut table = EvalTable::default();
    let mut worst = Worst::new(&maps, WORST);
    for name in names {
        let photo = set.load(&name)?;
        let generated = bench.measure(&mut table, &name, &photo)?;
        if let Some(case) = table.cases.last().filter(|_| args.worst.is_some()) {
            worst.consider(case, &photo.photo.rgb, &photo.livery, generated.as_ref().map(|g| &g.livery));
        }
        eprintln!("{name}: {}", table.cases.last().map(in_words).unwrap_or_default());
        if let (Some(out), Some(generated)) = (&args.out, generated) {
            save_picture(&out.join(format!("{name}_livery.jpg")), &generated.livery.into())?;
            write_json(&out.join(format!("{name}_report.json")), &generated.report)?;
        }
    }
    if table.cases.is_empty() {
        return Err(eyre!("There is no photo to measure: name a folder with metadata, photos and liveries."));
    }
    let of_set = format!("{}, {}", car.manifest.name, args.built_in.words());
    if let Some(path) = &args.plot {
        save_picture(path, &plot::draw(&table, &format!("The painter's scores against the truth: {of_set}")).into())?;
    }
    if let Some(path) = &args.worst {
        save_picture(path, &worst.draw(&format!("The worst of {} photos: {of_set}", table.cases.len())).into())?;
    }
    if args.json {
        println!("{}", serde_json::to_string_pretty(&Output { summary: table.summary(), table: &table })?);
    } else {
        print!("{table}");
    }
    Ok(())
}

/// The direct network of this car; says how to get one where there is none.
fn direct_painter(car: &CarPack) -> Result<Option<DirectPainter>> {
    let (painter, id) = (DirectPainter::load(&bundled::models_dir())?, &car.manifest.id);
    let missing = match &painter {
        None => "There are no weights of the direct network".to_owned(),
        Some(painter) if painter.car() != id => format!("The direct network paints the car {}", painter.car()),
        Some(_) => return Ok(painter),
    };
    eprintln!(
        "{missing}, so it is left out: train one with `gridvox train --network direct --car {id} --out {}`.",
        bundled::models_dir().display()
    );
    Ok(None)
}

/// Draws what the set lacks and names the photos to measure.
fn draw(args: &EvalArgs, set: &PhotoSet, car: &Arc<CarPack>, maps: &AtlasMaps) -> Result<Vec<String>> {
    let count = args.count.map(|count| count as usize);
    let there = set.names()?;
    let kept = |prefix: &str| -> Option<Vec<String>> {
        let kept: Vec<String> = there.iter().filter(|name| name.starts_with(prefix)).cloned().collect();
        (count.is_none() && !kept.is_empty()).then_some(kept)
    };
    let plain = |plain: &Plain| match kept(plain.prefix) {
        Some(names) => Ok(names),
        None => rendered::plain(set, &car.model, maps, plain, count.unwrap_or(DEFAULT_COUNT), args.seed),
    };
    match args.built_in {
        BuiltInSet::Showroom => {
            if count.is_some() || there.is_empty() {
                showroom::complete(set, car, maps, count.unwrap_or(DEFAULT_COUNT), args.seed, &args.env)?;
            }
            Ok(set.names()?.into_iter().take(count.unwrap_or(usize::MAX)).collect())
        }
        BuiltInSet::Training => plain(&rendered::TRAINING),
        BuiltInSet::Wild => plain(&rendered::WILD),
        BuiltInSet::Stress => match kept(rendered::STRESS) {
            Some(names) => Ok(names),
            None => rendered::stress(set, &car.model, maps, count.unwrap_or(DEFAULT_PER_CELL), args.seed),
        },
    }
}
