//! Hands texture patches to the paint, so many bytes per frame and no more.

use std::collections::VecDeque;

use bevy::prelude::*;
use bevy::window::RequestRedraw;
use gridvox_livery::MipPatch;
use gridvox_showroom::{PaintBusy, PaintUploads};

/// Half of a 2048 x 2048 texture: a few milliseconds of copying, so the window stays fluid while a whole livery arrives
/// in three frames.
const BYTES_PER_FRAME: usize = 8 << 20;

/// Patches that wait for their frame.
#[derive(Resource, Default)]
pub struct UploadsPending(VecDeque<MipPatch>);

impl UploadsPending {
    /// Everything known was handed to the paint.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn add(&mut self, patches: Vec<MipPatch>) {
        self.0.extend(patches);
    }

    /// The next patches within the frame's budget; at least one, so that a large patch cannot block the queue.
    fn take_frame(&mut self) -> Vec<MipPatch> {
        let mut bytes = 0;
        let mut taken = Vec::new();
        while let Some(patch) = self.0.front() {
            bytes += patch.rgba.len();
            if bytes > BYTES_PER_FRAME && !taken.is_empty() {
                break;
            }
            taken.extend(self.0.pop_front());
        }
        taken
    }
}

pub(crate) fn upload_pending(
    mut pending: ResMut<UploadsPending>,
    uploads: Option<Res<PaintUploads>>,
    mut redraw: MessageWriter<RequestRedraw>,
) {
    if pending.0.is_empty() {
        return;
    }
    let patches = pending.take_frame();
    if let Some(uploads) = uploads
        && let Err(PaintBusy(patches)) = uploads.send(patches)
    {
        for patch in patches.into_iter().rev() {
            pending.0.push_front(patch);
        }
    }
    redraw.write(RequestRedraw);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn patch(bytes: usize) -> MipPatch {
        MipPatch { level: 0, x: 0, y: 0, width: 1, height: 1, rgba: vec![0; bytes] }
    }

    #[test]
    fn a_frame_takes_no_more_than_its_budget() {
        let mut pending = UploadsPending::default();
        pending.add(vec![patch(6 << 20), patch(2 << 20), patch(1 << 20)]);
        assert_eq!(pending.take_frame().len(), 2);
        assert_eq!(pending.take_frame().len(), 1);
        assert!(pending.take_frame().is_empty());
    }

    #[test]
    fn a_patch_larger_than_the_budget_goes_alone() {
        let mut pending = UploadsPending::default();
        pending.add(vec![patch(9 << 20), patch(1)]);
        assert_eq!(pending.take_frame().len(), 1);
        assert_eq!(pending.take_frame().len(), 1);
    }
}
