//! The program `gridvox`: it reads the command line, calls the engine or opens the studio, and nothing else.

mod cli;
mod commands;
mod profile;
mod studio;

use std::panic;
use std::process::ExitCode;

use clap::Parser;
use cli::{Cli, Command, StudioArgs};
use gridvox_studio_ui::capitalized;
use tracing_subscriber::{EnvFilter, Layer, layer::SubscriberExt, util::SubscriberInitExt};

/// Graphics drivers look for Wayland in the folder that this variable names, and complain on standard error where it is
/// missing, as it is in cron jobs and containers.
const RUNTIME_DIR: &str = "XDG_RUNTIME_DIR";

#[expect(unsafe_code, reason = "variables may only be set while there is one thread, as there is here")]
fn name_a_runtime_dir() {
    if std::env::var_os(RUNTIME_DIR).is_none() {
        // SAFETY: called first thing in `main`, before any thread is started.
        unsafe { std::env::set_var(RUNTIME_DIR, std::env::temp_dir()) };
    }
}

/// A reader that closed the pipe, as `head` does, has what it wanted.
fn end_at_a_closed_pipe() {
    let hook = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        if info.payload_as_str().is_some_and(|text| text.starts_with("failed printing to stdout: Broken pipe")) {
            std::process::exit(0);
        }
        hook(info);
    }));
}

fn main() -> ExitCode {
    name_a_runtime_dir();
    end_at_a_closed_pipe();
    let cli = Cli::parse();
    // The studio's own logging is set up by Bevy, which may do so only once per process.
    if !matches!(cli.command, None | Some(Command::Studio(_))) {
        let level = if cli.verbose { "info,gridvox=debug,wgpu=warn,naga=warn" } else { "error,wgpu=off,naga=off" };
        let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(level));
        let told = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).without_time().with_filter(filter);
        let profile = matches!(&cli.command, Some(Command::Generate(args)) if args.profile).then(profile::layer);
        tracing_subscriber::registry().with(told).with(profile).init();
    }
    let outcome = match cli.command {
        None => commands::studio::run(StudioArgs::default()),
        Some(Command::Studio(args)) => commands::studio::run(args),
        Some(Command::Generate(args)) => commands::generate::run(&args),
        Some(Command::Analyze(args)) => commands::analyze::run(&args),
        Some(Command::Render(args)) => commands::render::run(&args),
        Some(Command::Export(args)) => commands::export::run(&args),
        Some(Command::Car(command)) => commands::car::run(&command),
        Some(Command::Demo(args)) => commands::demo::run(&args),
        Some(Command::Synth(args)) => commands::synth::run(&args),
        Some(Command::Train(args)) => commands::train::run(&args),
        Some(Command::Eval(args)) => commands::eval::run(&args),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(report) => {
            eprintln!("error: {}", capitalized(report.to_string()));
            if cli.verbose {
                for cause in report.chain().skip(1) {
                    eprintln!("  because: {cause}");
                }
            }
            ExitCode::FAILURE
        }
    }
}
