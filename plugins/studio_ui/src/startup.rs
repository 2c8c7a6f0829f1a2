//! What the time until the first picture goes into.
//!
//! `gridvox studio --startup-report` opens the window, writes each step with its time to the log, and closes it again; so
//! the number can be measured anywhere with one command. Without it, only the last line is written.

use std::time::Instant;

use bevy::prelude::*;
use bevy::render::render_resource::PollType;
use bevy::render::renderer::RenderDevice;
use gridvox_showroom::ShowroomEvent;
use gridvox_showroom::gpu::PipelineProgress;

/// When the program started.
#[derive(Resource)]
pub struct StartedAt(pub Instant);

/// How the start went.
#[derive(Resource)]
pub(crate) struct Startup {
    started: Instant,
    steps: Vec<Step>,
    compiling: bool,
    /// Ends the program after the first picture.
    report: bool,
    done: bool,
}

struct Step {
    name: &'static str,
    secs: f32,
    processor_secs: Option<f32>,
}

impl Startup {
    fn reached(&mut self, name: &'static str) {
        let secs = self.started.elapsed().as_secs_f32();
        self.steps.push(Step { name, secs, processor_secs: processor_secs() });
    }
}

/// Processor time of this program so far in seconds, where the system tells it: fields 14 and 15 of proc(5)'s stat, in
/// hundredths.
fn processor_secs() -> Option<f32> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    // the second field may hold spaces and ends with the last bracket
    let (_, fields) = stat.rsplit_once(')')?;
    let ticks: Option<Vec<f32>> = fields.split_whitespace().skip(11).take(2).map(|field| field.parse().ok()).collect();
    Some(ticks?.iter().sum::<f32>() / 100.0)
}

pub(crate) fn plugin(app: &mut App, report: bool) {
    let started = app.world().get_resource::<StartedAt>().map_or_else(Instant::now, |started| started.0);
    app.insert_resource(Startup { started, steps: Vec::new(), compiling: false, report, done: false })
        .add_systems(PreStartup, |mut startup: ResMut<Startup>| startup.reached("window and device"))
        .add_systems(First, follow.run_if(|startup: Res<Startup>| !startup.done));
}

fn follow(
    mut startup: ResMut<Startup>,
    mut showroom: MessageReader<ShowroomEvent>,
    pipelines: Option<Res<PipelineProgress>>,
    device: Option<Res<RenderDevice>>,
    mut exit: MessageWriter<AppExit>,
) {
    let compiling = pipelines.is_some_and(|pipelines| pipelines.waiting() > 0);
    if compiling != startup.compiling {
        startup.reached(if compiling { "shaders asked for" } else { "shaders compiled" });
        startup.compiling = compiling;
    }
    for event in showroom.read() {
        match event {
            ShowroomEvent::CarShown { .. } => startup.reached("car on stage"),
            ShowroomEvent::EnvironmentShown(_) => startup.reached("light on stage"),
            ShowroomEvent::FirstPictureDrawn => {
                // the picture counts when it is drawn, and not when it is asked for
                if let Some(Err(error)) = device.as_ref().map(|device| device.poll(PollType::wait_indefinitely())) {
                    warn!("the graphics device did not finish: {error}");
                }
                startup.reached("first picture");
                startup.done = true;
            }
            _ => {}
        }
    }
    if !startup.done {
        return;
    }
    if startup.report {
        for Step { name, secs, processor_secs } in &startup.steps {
            let processor = processor_secs.map_or_else(String::new, |secs| format!("{secs:6.2} s of processor time"));
            info!("{secs:6.2} s  {name:<20}{processor}");
        }
        exit.write(AppExit::Success);
    } else if let Some(last) = startup.steps.last() {
        info!("first picture after {:.1} s", last.secs);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processor_time_is_read_where_there_is_a_proc() {
        let before = processor_secs();
        assert_eq!(before.is_some(), std::path::Path::new("/proc/self/stat").exists());
        // work counts, however busy the machine is with other things
        let (mut sum, start) = (0.0_f64, Instant::now());
        while processor_secs() <= before && before.is_some() {
            sum = (0..100_000).fold(sum, |sum, _| f64::sin(sum + 1.0));
            assert!(start.elapsed().as_secs() < 30, "no processor time was counted: {sum}");
        }
    }
}
