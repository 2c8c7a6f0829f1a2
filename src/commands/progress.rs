//! A progress bar on standard error for long engine work.

use std::time::Duration;

use gridvox_car::ViewPreset;
use gridvox_vision::{Analysis, Update};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Shows the stages of a running job.
pub struct Progress {
    bar: ProgressBar,
}

impl Progress {
    /// A bar that draws only where standard error is a terminal.
    pub fn new() -> Self {
        let bar = ProgressBar::with_draw_target(Some(1000), ProgressDrawTarget::stderr());
        let style = ProgressStyle::with_template("{bar:32} {percent:>3} %  {msg}  {elapsed}");
        bar.set_style(style.expect("the template is fixed"));
        bar.enable_steady_tick(Duration::from_millis(200));
        Self { bar }
    }

    /// Takes in one piece of news.
    pub fn show(&self, update: &Update) {
        match update {
            Update::Stage { stage, fraction } => {
                self.bar.set_position((fraction * 1000.0) as u64);
                self.bar.set_message(stage.label());
            }
            // Its warnings come with the report.
            Update::Analysis(analysis) => self.bar.suspend(|| eprintln!("{}", in_words(analysis))),
            Update::Preview(_) => {}
        }
    }

    /// Removes the bar.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

/// The analysis in a line, without its warnings.
pub fn in_words(analysis: &Analysis) -> String {
    let view = analysis.view.map_or("car", ViewPreset::label);
    format!("photo: {view}, quality {}/100", analysis.quality)
}
