//! When views draw, and how finely.
//!
//! A view draws only when something in it changed: its camera moved, or the car, its paint or the light changed. Otherwise
//! its camera is inactive and its picture stays as it is. Where the processor itself does the drawing, a view in motion has
//! a quarter of its pixels, and gets all of them as soon as it rests, one view after the other: so the hand leads and the
//! eye has the last word.

use crate::angle::{Flight, fov};
use crate::detail;
use crate::gpu::PipelineProgress;
use crate::layout::ViewId;
use crate::paint::PaintUploads;
use crate::stage::OnStage;
use crate::views::{StandTogether, Views, view_target};
use bevy::asset::AssetEventSystems;
use bevy::camera::CameraUpdateSystems;
use bevy::prelude::*;
use bevy::render::renderer::RenderAdapterInfo;
use bevy::transform::TransformSystems;
use bevy::window::RequestRedraw;
use std::time::Duration;

/// Frames drawn after the scene changed: new meshes and textures may reach the graphics card one frame late.
const SCENE_FRAMES: u8 = 2;

/// Share of a picture's edge that is drawn in motion where the processor draws.
const COARSE: f32 = 0.5;

/// Views that the processor draws in one frame besides those that move.
const AT_ONCE: usize = 2;

/// How long nothing has to happen before a coarse picture is drawn finely: a hand that pauses goes on undisturbed.
const REST: Duration = Duration::from_millis(220);

/// Whether the program has to go on drawing. A window that waits for events reads it to know when it may sleep.
#[derive(Resource, Debug, Clone, Default, PartialEq, Eq)]
pub struct RedrawNeeded {
    /// Frames that each view draws as finely as motion allows, by [`ViewId::index`].
    frames: [u8; ViewId::COUNT],
    /// Views whose picture is not their finest yet.
    rough: [bool; ViewId::COUNT],
    at_work: bool,
}

impl RedrawNeeded {
    /// Draws every view a few times: the scene changed.
    pub fn scene_changed(&mut self) {
        self.frames = self.frames.map(|due| due.max(SCENE_FRAMES));
    }

    /// Draws one view a few times: what it shows or its light changed.
    pub fn view_changed(&mut self, view: ViewId) {
        let due = &mut self.frames[view.index()];
        *due = SCENE_FRAMES.max(*due);
    }

    /// Draws every view once: something that is already on the graphics card changed.
    pub fn once(&mut self) {
        self.frames = self.frames.map(|due| due.max(1));
    }

    /// True while frames are due, a camera moves, shaders compile or surroundings load.
    pub fn is_needed(&self) -> bool {
        self.frames.iter().any(|&due| due > 0) || self.at_work || self.rough.contains(&true)
    }

    /// Nothing is due for views that are not shown; they are drawn when they are.
    fn forget_hidden(&mut self, shown: [bool; ViewId::COUNT]) {
        for index in (0..ViewId::COUNT).filter(|&index| !shown[index]) {
            (self.frames[index], self.rough[index]) = (0, false);
        }
    }

    /// Which views a frame draws. Where the processor draws, it draws few at a time, so that the window keeps listening:
    /// those that move, then those that are due, and the finishing touch goes to one after the other.
    fn drawn_in(&self, turn: Turn, moves: [bool; ViewId::COUNT], itself: bool) -> [bool; ViewId::COUNT] {
        match turn {
            Turn::Rest => [false; ViewId::COUNT],
            Turn::Motion => {
                let mut left = if itself { AT_ONCE } else { usize::MAX };
                let mut drawn = moves;
                for index in 0..ViewId::COUNT {
                    if self.frames[index] > 0 && !moves[index] && left > 0 {
                        drawn[index] = true;
                        left -= 1;
                    }
                }
                drawn
            }
            Turn::Finish if itself => {
                let next = self.rough.iter().position(|&rough| rough);
                std::array::from_fn(|index| next == Some(index))
            }
            Turn::Finish => self.rough,
        }
    }
}

/// What the next frame does with the views.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Turn {
    /// Nothing is drawn.
    Rest,
    /// Views that changed are drawn, coarsely where that matters.
    Motion,
    /// Views whose picture is coarse are drawn finely.
    Finish,
}

/// The facts that decide about a frame.
#[derive(Debug, Clone, Copy, Default)]
struct Facts {
    /// There is light, or there will be none.
    lit: bool,
    /// Frames are due or a shown camera moves.
    changed: bool,
    /// A picture is coarser than it should be.
    rough: bool,
    /// Shaders are being compiled.
    compiling: bool,
    /// Surroundings or a shadow are being made.
    loading: bool,
    /// Nothing has happened for a while.
    rested: bool,
    /// A fine picture was drawn before.
    seen: bool,
}

impl Facts {
    fn turn(self) -> Turn {
        // the first picture does not wait for a hand to rest, but for everything that belongs to it
        let settled = !self.compiling && if self.seen { self.rested } else { !self.loading };
        match self {
            Self { lit: false, .. } => Turn::Rest,
            Self { changed: true, .. } => Turn::Motion,
            Self { rough: true, .. } if settled => Turn::Finish,
            _ => Turn::Rest,
        }
    }
}

/// What the last frames were like.
#[derive(Default)]
struct Memory {
    uploads: u64,
    looks: [Option<(Transform, f32)>; ViewId::COUNT],
    last_change: Option<Duration>,
    compiling: bool,
    seen: bool,
}

/// Whether the processor draws.
pub(crate) fn draws_itself(device: Option<&RenderAdapterInfo>) -> bool {
    device.is_some_and(|info| info.device_type == wgpu::DeviceType::Cpu)
}

/// The one place that decides which cameras draw this frame.
fn choose_views_to_draw(
    mut views: ResMut<Views>,
    mut images: ResMut<Assets<Image>>,
    (uploads, pipelines, stage, time): (Res<PaintUploads>, Res<PipelineProgress>, Res<OnStage>, Res<Time<Real>>),
    device: Option<Res<RenderAdapterInfo>>,
    mut redraw: ResMut<RedrawNeeded>,
    mut cameras: Query<(&ViewId, &mut Camera, &mut Projection, &Transform, Has<Flight>)>,
    mut memory: Local<Memory>,
    mut wake: MessageWriter<RequestRedraw>,
) {
    let itself = draws_itself(device.as_deref());
    let mut next = redraw.clone();
    if memory.uploads != uploads.sent() {
        memory.uploads = uploads.sent();
        next.once();
    }
    let compiling = pipelines.waiting() > 0;
    if memory.compiling && !compiling {
        // what was just compiled has not been on a picture yet
        next.once();
    }
    memory.compiling = compiling;

    let shown = ViewId::ALL.map(|view| views.layout.shows(view));
    next.forget_hidden(shown);
    let mut moves = [false; ViewId::COUNT];
    for (view, _, projection, transform, flying) in &cameras {
        let look = Some((*transform, fov(projection).unwrap_or(0.0)));
        moves[view.index()] = shown[view.index()] && (memory.looks[view.index()] != look || flying);
        memory.looks[view.index()] = look;
    }
    let changed = next.frames.iter().any(|&due| due > 0) || moves.contains(&true);
    let now = time.elapsed();
    if changed {
        memory.last_change = Some(now);
    }
    let facts = Facts {
        lit: stage.surroundings().is_some() || !stage.is_loading(),
        changed,
        rough: next.rough.contains(&true),
        compiling,
        loading: stage.is_loading(),
        rested: !itself || memory.last_change.is_none_or(|last| now.saturating_sub(last) >= REST),
        seen: memory.seen,
    };
    let turn = facts.turn();
    if turn != Turn::Rest {
        trace!(?turn, ?facts, ?moves, frames = ?next.frames, "views draw");
    }
    let drawn = next.drawn_in(turn, moves, itself);
    for (view, mut camera, mut projection, ..) in &mut cameras {
        let index = view.index();
        let draws = drawn[index];
        let scale = if itself && turn != Turn::Finish { COARSE } else { 1.0 };
        if draws || (shown[index] && !facts.lit) {
            let place = &mut views.bypass_change_detection().images[index];
            let size = (place.size.as_vec2() * scale).round().as_uvec2().max(UVec2::splat(16)).min(place.size);
            if place.drawn != size {
                place.drawn = size;
                if images.insert(&place.image, view_target(size)).is_err() {
                    warn!("a view's picture was dropped");
                }
                // a changed projection is what makes the camera look at its target's size
                projection.set_changed();
            }
        }
        if draws {
            next.rough[index] = turn == Turn::Motion && (itself || compiling);
        }
        if camera.is_active != draws {
            camera.is_active = draws;
        }
    }
    if turn == Turn::Motion {
        for (due, drawn) in next.frames.iter_mut().zip(drawn) {
            *due = due.saturating_sub(u8::from(drawn));
        }
    }
    memory.seen |= turn != Turn::Rest && !next.rough.contains(&true);
    next.at_work = moves.contains(&true) || compiling || stage.is_loading();
    let again = next.is_needed() || turn != Turn::Rest;
    redraw.set_if_neq(next);
    if again {
        wake.write(RequestRedraw);
    }
}

pub(crate) fn plugin(app: &mut App) {
    app.init_resource::<RedrawNeeded>().add_message::<RequestRedraw>().add_systems(
        PostUpdate,
        (choose_views_to_draw, detail::choose_level)
            .chain()
            .after(StandTogether)
            .before(TransformSystems::Propagate)
            .before(CameraUpdateSystems)
            .before(AssetEventSystems),
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    fn calm() -> Facts {
        Facts { lit: true, rested: true, seen: true, ..Facts::default() }
    }

    #[test]
    fn nothing_is_drawn_when_nothing_changes() {
        assert_eq!(calm().turn(), Turn::Rest);
        assert_eq!(Facts { changed: true, lit: false, ..calm() }.turn(), Turn::Rest, "a dark stage waits for its light");
        assert_eq!(Facts { loading: true, ..calm() }.turn(), Turn::Rest);
    }

    #[test]
    fn a_rough_picture_is_finished_at_rest() {
        let rough = Facts { rough: true, ..calm() };
        assert_eq!(rough.turn(), Turn::Finish);
        assert_eq!(Facts { changed: true, ..rough }.turn(), Turn::Motion);
        assert_eq!(Facts { rested: false, ..rough }.turn(), Turn::Rest);
        assert_eq!(Facts { compiling: true, ..rough }.turn(), Turn::Rest);
        // new surroundings may take seconds; the old picture is made fine meanwhile
        assert_eq!(Facts { loading: true, ..rough }.turn(), Turn::Finish);
    }

    #[test]
    fn a_change_in_one_view_draws_one_view() {
        let mut due = RedrawNeeded::default();
        due.view_changed(ViewId::ALL[2]);
        let drawn = due.drawn_in(Turn::Motion, [false; ViewId::COUNT], true);
        assert_eq!(drawn.iter().filter(|draws| **draws).count(), 1);
        assert!(drawn[2] && due.is_needed());
        // hidden meanwhile
        due.forget_hidden(ViewId::ALL.map(|view| view == ViewId::FIRST));
        assert!(!due.is_needed());
    }

    #[test]
    fn the_processor_draws_what_moves_first() {
        let mut due = RedrawNeeded::default();
        due.scene_changed();
        let moves = std::array::from_fn(|index| index == 7);
        let drawn = due.drawn_in(Turn::Motion, moves, true);
        assert!(drawn[7] && drawn.iter().filter(|draws| **draws).count() == 1 + AT_ONCE);
        assert!(!due.drawn_in(Turn::Motion, moves, false).contains(&false), "a graphics card draws all");
    }

    #[test]
    fn the_processor_finishes_views_one_by_one() {
        let rough = std::array::from_fn(|index| index == 1 || index == 5);
        let due = RedrawNeeded { rough, ..RedrawNeeded::default() };
        let still = [false; ViewId::COUNT];
        assert_eq!(due.drawn_in(Turn::Finish, still, false), rough);
        assert_eq!(due.drawn_in(Turn::Finish, still, true), std::array::from_fn(|index| index == 1));
        assert!(!due.drawn_in(Turn::Rest, still, true).contains(&true));
    }

    #[test]
    fn the_first_picture_waits_for_its_shadow_and_for_no_hand() {
        let first = Facts { seen: false, rough: true, ..calm() };
        assert_eq!(Facts { rested: false, ..first }.turn(), Turn::Finish);
        assert_eq!(Facts { loading: true, ..first }.turn(), Turn::Rest);
    }
}
