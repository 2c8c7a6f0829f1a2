//! Where the time goes: listens to the engine's spans and makes a table of them.

use std::fmt::Write;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use gridvox_vision::timed::TARGET;
use tracing::span::{Attributes, Id};
use tracing::Subscriber;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

/// What goes on under one name within the steps around it.
struct Step {
    /// Names of the steps around it and its own.
    path: Vec<&'static str>,
    times: usize,
    wall: Duration,
    cpu: Option<Duration>,
}

static STEPS: Mutex<Vec<Step>> = Mutex::new(Vec::new());

fn steps() -> MutexGuard<'static, Vec<Step>> {
    STEPS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// When a span was entered, and the process's processor time then.
struct Entered(Instant, Option<Duration>);

struct Listener;

/// Collects the spans for [`table`].
pub fn layer<S: Subscriber + for<'a> LookupSpan<'a>>() -> impl Layer<S> {
    Listener.with_filter(filter_fn(|about| about.target() == TARGET))
}

/// Does something under a name in the table.
pub fn timed<T>(name: &'static str, work: impl FnOnce() -> T) -> T {
    macro_rules! named {
        ($($known:literal)*) => {
            match name {
                $($known => tracing::info_span!(target: TARGET, $known).entered(),)*
                _ => tracing::info_span!(target: TARGET, "other").entered(),
            }
        };
    }
    let _span = named!("photo" "mesh" "save");
    work()
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Listener {
    fn on_new_span(&self, _: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let path = path(id, &context);
        let mut steps = steps();
        if !steps.iter().any(|step| step.path == path) {
            steps.push(Step { path, times: 0, wall: Duration::ZERO, cpu: None });
        }
    }

    fn on_enter(&self, id: &Id, context: Context<'_, S>) {
        if let Some(span) = context.span(id) {
            span.extensions_mut().replace(Entered(Instant::now(), cpu()));
        }
    }

    fn on_exit(&self, id: &Id, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        let Some(Entered(since, before)) = span.extensions_mut().remove::<Entered>() else { return };
        let path = path(id, &context);
        if let Some(step) = steps().iter_mut().find(|step| step.path == path) {
            step.times += 1;
            step.wall += since.elapsed();
            let spent = cpu().zip(before).map(|(now, before)| now.saturating_sub(before));
            step.cpu = spent.map(|spent| step.cpu.unwrap_or_default() + spent);
        }
    }
}

fn path<S: Subscriber + for<'a> LookupSpan<'a>>(id: &Id, context: &Context<'_, S>) -> Vec<&'static str> {
    context.span_scope(id).map_or(Vec::new(), |scope| scope.from_root().map(|span| span.name()).collect())
}

/// All steps so far, with the whole process's processor time and peak memory where the system tells them. What is indented is
/// part of what stands above it; the maps are computed beside the first steps.
pub fn table() -> String {
    let mut table = format!("{:24}{:>10}{:>10}{:>7}\n", "step", "seconds", "CPU", "times");
    let secs = |time: Option<Duration>| time.map_or("-".into(), |time| format!("{:.2}", time.as_secs_f64()));
    let steps = steps();
    let mut order: Vec<&Step> = Vec::new();
    for step in steps.iter() {
        // Behind its parent and what that holds already.
        let parent = &step.path[..step.path.len() - 1];
        let last = order.iter().rposition(|other| other.path.starts_with(parent)).map_or(order.len(), |at| at + 1);
        order.insert(last, step);
    }
    for step in order {
        let name = format!("{:1$}{2}", "", 2 * (step.path.len() - 1), step.path.last().unwrap_or(&""));
        _ = writeln!(table, "{name:24}{:>10}{:>10}{:>7}", secs(Some(step.wall)), secs(step.cpu), step.times);
    }
    let peak = peak_memory_mb().map_or("-".into(), |mb| format!("{mb:.0} MB"));
    _ = writeln!(table, "process: {} s of processor time, at most {peak} of memory", secs(cpu()));
    table
}

/// Processor time of the process so far, user and system, to a hundredth of a second; `None` where the system does not tell.
fn cpu() -> Option<Duration> {
    /// Linux counts in these whatever the kernel's own clock is.
    const TICKS_PER_SECOND: f64 = 100.0;
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    // The program's name, in brackets, may hold spaces.
    let mut after_name = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    let mut ticks = || after_name.next()?.parse::<f64>().ok();
    Some(Duration::from_secs_f64((ticks()? + ticks()?) / TICKS_PER_SECOND))
}

/// Most memory that the process held at a time, in megabytes of 10^6 bytes.
fn peak_memory_mb() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: f64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1024.0 / 1e6)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tracing_subscriber::layer::SubscriberExt;

    #[test]
    fn steps_stand_below_what_they_are_part_of() {
        let listening = tracing_subscriber::registry().with(layer());
        tracing::subscriber::with_default(listening, || {
            for _ in 0..2 {
                timed("photo", || timed("mesh", || ()));
            }
            tracing::info_span!(target: "another", "nobody asked").in_scope(|| ());
            timed("save", || ());
        });
        let table = table();
        let lines: Vec<&str> = table.lines().collect();
        let starts = |at: usize, name: &str| lines[at].starts_with(name) && lines[at].ends_with(if at < 3 { "2" } else { "1" });
        assert!(starts(1, "photo ") && starts(2, "  mesh ") && starts(3, "save "), "{table}");
        assert_eq!(lines.len(), 5, "{table}");
    }
}
