//! The first view behind a photo's lens: entering it, leaving it, following the photo.

use std::path::PathBuf;

use bevy::prelude::*;
use gridvox_car::PhotoCamera;
use gridvox_showroom::photo_match::bend_px;
use gridvox_showroom::{ShowroomCommand, ViewId, ViewLayout};

use super::StudioViews;
use crate::model::Studio;
use crate::panels::photo_match::MatchView;

/// Share of a photo's width by which its lens bends the corners before it is said.
const NOTED_BEND: f32 = 0.004;

/// A photo that the first view lies over.
#[derive(Debug, Clone)]
pub(crate) struct PhotoMatch {
    pub photo: PathBuf,
    pub(super) camera: PhotoCamera,
    /// The layout from before.
    layout: ViewLayout,
}

impl StudioViews {
    /// The photo that the first view lies over.
    pub fn matched(&self) -> Option<&PhotoMatch> {
        self.matched.as_ref()
    }

    /// Puts the first view behind a photo's lens; it has all the room then.
    pub fn match_photo(&mut self, photo: PathBuf, camera: PhotoCamera, showroom: &mut MessageWriter<ShowroomCommand>) {
        let layout = self.matched.take().map_or(self.layout, |before| before.layout);
        if self.layout != ViewLayout::Single {
            self.set_layout(ViewLayout::Single, showroom);
        }
        self.matched = Some(PhotoMatch { photo, camera, layout });
        showroom.write(ShowroomCommand::LookThrough { view: ViewId::FIRST, camera });
    }

    /// Leaves the photo's lens: the view stays there, or goes back with the layout to where it was.
    pub fn leave_match(&mut self, stays: bool, showroom: &mut MessageWriter<ShowroomCommand>) {
        let Some(left) = self.matched.take() else { return };
        showroom.write(ShowroomCommand::LookAway { view: ViewId::FIRST, stays });
        if !stays && left.layout != self.layout {
            self.set_layout(left.layout, showroom);
        }
    }

    pub fn set_match_line(&mut self, share: f32) {
        self.match_line = share.clamp(0.0, 1.0);
    }

    pub fn set_match_opacity(&mut self, share: f32) {
        let share = share.clamp(0.0, 1.0);
        self.match_opacity = (share, if share > 0.0 { share } else { self.match_opacity.1 });
    }

    /// Shows only the photo, or the render over it again.
    pub fn blink_match(&mut self) {
        let (now, before) = self.match_opacity;
        self.match_opacity.0 = if now > 0.0 { 0.0 } else { before };
    }

    pub(super) fn shown_match(&self, studio: &Studio) -> Option<MatchView> {
        let matched = self.matched.as_ref()?;
        let known: Vec<_> = studio.photos.iter().filter(|photo| photo.camera.is_some()).collect();
        let place = known.iter().position(|photo| photo.path == matched.photo)?;
        let bend = bend_px(&matched.camera);
        let size_px = (matched.camera.width, matched.camera.height);
        let note = (bend > size_px.0 as f32 * NOTED_BEND).then(|| {
            format!("The photo's lens bends its corners by {bend:.0} px; the render is straight.")
        });
        Some(MatchView {
            picture: known[place].sheet_texture.as_ref().map(|texture| texture.id()),
            size_px,
            name: known[place].name(),
            place: (place, known.len()),
            line: self.match_line,
            opacity: self.match_opacity.0,
            note,
        })
    }
}

/// A match ends with its photo, and follows the photo's camera when another is found.
pub(super) fn follow_photo(studio: Res<Studio>, mut views: ResMut<StudioViews>, mut showroom: MessageWriter<ShowroomCommand>) {
    let Some(matched) = views.matched() else { return };
    let camera = studio.photos.iter().find(|photo| photo.path == matched.photo).and_then(|photo| photo.camera);
    match camera {
        None => views.leave_match(true, &mut showroom),
        Some(camera) if camera != matched.camera => {
            let photo = matched.photo.clone();
            views.match_photo(photo, camera, &mut showroom);
        }
        Some(_) => {}
    }
}
