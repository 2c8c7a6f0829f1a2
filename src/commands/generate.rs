//! `gridvox generate`: photos in, livery out.

use color_eyre::eyre::{Result, ensure};
use gridvox_car::CarPack;
use gridvox_car::bundled::models_dir;
use gridvox_vision::{Cancel, GenerateOptions, Generated, Photo, Quality, Vision, generate, photo};

use super::progress::Progress;
use crate::profile::{self, timed};
use super::{ensure_writable, points, save_picture, write_json};
use crate::cli::{self, GenerateArgs};

impl From<cli::Quality> for Quality {
    fn from(quality: cli::Quality) -> Self {
        match quality {
            cli::Quality::Draft => Self::Draft,
            cli::Quality::High => Self::High,
        }
    }
}

/// Runs the command.
pub fn run(args: &GenerateArgs) -> Result<()> {
    for path in [Some(&args.out), args.confidence.as_ref(), args.report.as_ref()].into_iter().flatten() {
        ensure_writable(path)?;
    }
    let (photo_count, file_count) = (args.photo.len(), args.points.len());
    ensure!(
        file_count <= photo_count,
        "There are {file_count} files of points for {photo_count} of photos: give at most one per photo, in their order."
    );
    let photos = timed("photo", || args.photo.iter().map(|path| photo::load(path)).collect::<Result<Vec<Photo>, _>>())?;
    let car = timed("mesh", || CarPack::find(&args.car))?;
    let point_pairs = args.points.iter().map(|path| points::load(path, &car.model)).collect::<Result<_>>()?;
    let options = GenerateOptions {
        quality: args.quality.into(),
        size: args.size,
        color_boost: args.color_boost,
        point_pairs,
        previews: false,
        ..GenerateOptions::default()
    };
    let generated = run_job(&car, &photos, &options)?;
    timed("save", || gridvox_livery::save_livery(&generated.livery, &args.out))?;
    if let Some(path) = &args.confidence {
        save_picture(path, &generated.confidence.clone().into())?;
    }
    if let Some(path) = &args.report {
        write_json(path, &generated.report)?;
    }
    summarise(&generated);
    eprintln!("livery: {}", args.out.display());
    if args.profile {
        eprint!("{}", profile::table());
    }
    Ok(())
}

/// Loads the weights and makes the livery, with a progress bar.
pub fn run_job(car: &CarPack, photos: &[Photo], options: &GenerateOptions) -> Result<Generated> {
    let vision = Vision::load(&models_dir())?;
    let progress = Progress::new();
    let outcome = generate(&vision, car, photos, options, &Cancel::new(), &mut |update| progress.show(&update));
    progress.finish();
    Ok(outcome?)
}

/// Says on standard error what came out.
pub fn summarise(generated: &Generated) {
    let report = &generated.report;
    let (coverage, scores) = (&report.coverage, &report.scores);
    eprintln!(
        "coverage: {:.0} % seen, {:.0} % mirrored, {:.0} % invented",
        100.0 * coverage.seen,
        100.0 * coverage.mirrored,
        100.0 * coverage.invented
    );
    eprintln!(
        "scores: accuracy {:.0}, semantic {:.0}, colour {:.0} (delta E {:.1})",
        scores.accuracy, scores.semantic, scores.colour, scores.colour_delta_e
    );
    for warning in &report.warnings {
        eprintln!("note: {warning}");
    }
    if let Some(total) = report.timings_secs.get("total") {
        eprintln!("time: {total:.2} s");
    }
}
