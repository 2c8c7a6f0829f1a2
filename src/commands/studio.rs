//! `gridvox studio`: the window.

use color_eyre::eyre::Result;

use crate::cli::StudioArgs;
use crate::studio::{self, StudioOptions};

/// Runs the command.
pub fn run(args: StudioArgs) -> Result<()> {
    studio::run(StudioOptions {
        car: args.car,
        photos: args.photo,
        livery: args.project,
        environment: args.env,
        screenshot: args.screenshot,
        startup_report: args.startup_report,
    })
}
