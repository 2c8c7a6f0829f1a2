//! The live livery: a texture per slot, made once, written in patches while the program runs.
//!
//! The CPU's tiles are the truth. [`PaintUploads::send`] hands patches of changed texels, for every mip level, to the
//! render world, which writes them into the texture that the paint material already uses; `Assets<Image>` is not touched
//! again, so a stroke costs what it covers.

use bevy::asset::RenderAssetUsages;
use bevy::image::{ImageAddressMode, ImageFilterMode, ImageSampler, ImageSamplerDescriptor};
use bevy::prelude::*;
use bevy::render::extract_resource::{ExtractResource, ExtractResourcePlugin};
use bevy::render::render_asset::RenderAssets;
use bevy::render::render_resource::{Extent3d, TextureDimension, TextureFormat, TextureUsages};
use bevy::render::renderer::RenderQueue;
use bevy::render::texture::GpuImage;
use bevy::render::{Render, RenderApp, RenderSystems};
use crossbeam_channel::{Receiver, Sender, TrySendError};
use gridvox_livery::mips::{MipPatch, level_count};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Batches that may wait for the render world; it takes all of them each frame.
const WAITING_BATCHES: usize = 64;

/// The colour of a car without a livery: white primer, sRGB.
pub const PRIMER: [u8; 4] = [206, 207, 208, 255];

/// One of the two liveries that can be on the graphics card, for comparing versions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum PaintSlot {
    /// The livery being worked on.
    #[default]
    A,
    /// The one to compare with.
    B,
}

impl PaintSlot {
    /// Both, in order.
    pub const ALL: [Self; 2] = [Self::A, Self::B];

    /// 0 or 1.
    pub fn index(self) -> usize {
        self as usize
    }
}

/// The graphics card has not taken the earlier patches yet; try again in the next frame with the ones given back.
#[derive(Debug, thiserror::Error)]
#[error("the paint is still being updated: try again in a moment")]
pub struct PaintBusy(pub Vec<MipPatch>);

struct Batch {
    slot: PaintSlot,
    patches: Vec<MipPatch>,
}

/// Where patches of paint are handed in. Cheap to clone, usable from any thread, never blocks.
#[derive(Resource, Clone)]
pub struct PaintUploads {
    sender: Sender<Batch>,
    sent: Arc<AtomicU64>,
    size: u32,
}

impl PaintUploads {
    /// Sends patches of the livery being worked on.
    pub fn send(&self, patches: Vec<MipPatch>) -> Result<(), PaintBusy> {
        self.send_to(PaintSlot::A, patches)
    }

    /// Sends patches of one of the liveries.
    pub fn send_to(&self, slot: PaintSlot, patches: Vec<MipPatch>) -> Result<(), PaintBusy> {
        if patches.is_empty() {
            return Ok(());
        }
        match self.sender.try_send(Batch { slot, patches }) {
            Ok(()) => {
                self.sent.fetch_add(1, Ordering::Release);
                Ok(())
            }
            Err(TrySendError::Full(batch) | TrySendError::Disconnected(batch)) => Err(PaintBusy(batch.patches)),
        }
    }

    /// Edge of the textures in pixels; patches of level 0 lie within.
    pub fn size(&self) -> u32 {
        self.size
    }

    /// Number of batches handed in so far.
    pub fn sent(&self) -> u64 {
        self.sent.load(Ordering::Acquire)
    }
}

/// The textures, by [`PaintSlot::index`].
#[derive(Resource, Clone, ExtractResource)]
pub struct PaintTextures {
    /// Square, sRGB, all mip levels.
    pub textures: [Handle<Image>; 2],
}

#[derive(Resource)]
struct PaintInbox {
    receiver: Receiver<Batch>,
    waiting: Vec<Batch>,
}

/// Adds the textures and the way to them.
pub(crate) struct PaintPlugin {
    /// Edge of the textures in pixels.
    pub size: u32,
}

impl Plugin for PaintPlugin {
    fn build(&self, app: &mut App) {
        let (sender, receiver) = crossbeam_channel::bounded(WAITING_BATCHES);
        app.insert_resource(PaintUploads { sender, sent: Arc::default(), size: self.size });
        let mut images = app.world_mut().resource_mut::<Assets<Image>>();
        let textures = [images.add(blank_livery(self.size)), images.add(blank_livery(self.size))];
        app.insert_resource(PaintTextures { textures });
        if app.get_sub_app(RenderApp).is_none() {
            // without a render world, as in tests of the logic, patches stay in the channel
            app.insert_resource(PaintInbox { receiver, waiting: Vec::new() });
            return;
        }
        app.add_plugins(ExtractResourcePlugin::<PaintTextures>::default());
        if let Some(render_app) = app.get_sub_app_mut(RenderApp) {
            render_app
                .insert_resource(PaintInbox { receiver, waiting: Vec::new() })
                .add_systems(Render, write_patches.in_set(RenderSystems::PrepareResources));
        }
    }
}

/// A texture in primer with all its levels, ready to be written.
fn blank_livery(size: u32) -> Image {
    let levels = level_count(size, size);
    let texels: usize = (0..levels).map(|level| (size >> level).max(1) as usize).map(|edge| edge * edge).sum();
    let mut image = Image::new_uninit(
        Extent3d { width: size, height: size, depth_or_array_layers: 1 },
        TextureDimension::D2,
        TextureFormat::Rgba8UnormSrgb,
        RenderAssetUsages::RENDER_WORLD,
    );
    image.data = Some(PRIMER.repeat(texels));
    image.texture_descriptor.mip_level_count = levels;
    image.texture_descriptor.usage = TextureUsages::TEXTURE_BINDING | TextureUsages::COPY_DST;
    image.sampler = ImageSampler::Descriptor(ImageSamplerDescriptor {
        label: Some("livery".into()),
        address_mode_u: ImageAddressMode::ClampToEdge,
        address_mode_v: ImageAddressMode::ClampToEdge,
        mag_filter: ImageFilterMode::Linear,
        min_filter: ImageFilterMode::Linear,
        mipmap_filter: ImageFilterMode::Linear,
        // the shader covers slanted footprints with several places by itself
        ..default()
    });
    image
}

fn fits(patch: &MipPatch, size: u32) -> bool {
    let edge = (size >> patch.level.min(31)).max(1);
    patch.level < level_count(size, size)
        && patch.width > 0
        && patch.height > 0
        && patch.x.checked_add(patch.width).is_some_and(|right| right <= edge)
        && patch.y.checked_add(patch.height).is_some_and(|bottom| bottom <= edge)
        && patch.rgba.len() == patch.width as usize * patch.height as usize * 4
}

fn write_patches(
    mut inbox: ResMut<PaintInbox>,
    textures: Option<Res<PaintTextures>>,
    images: Res<RenderAssets<GpuImage>>,
    queue: Res<RenderQueue>,
) {
    let PaintInbox { receiver, waiting } = &mut *inbox;
    waiting.extend(receiver.try_iter());
    let Some(textures) = textures else { return };
    waiting.retain(|batch| {
        // a texture that is not on the graphics card yet gets its patches later
        let Some(image) = images.get(&textures.textures[batch.slot.index()]) else { return true };
        for patch in &batch.patches {
            if !fits(patch, image.texture_descriptor.size.width) {
                warn!("a patch of paint lies outside the livery: level {} at {}, {}", patch.level, patch.x, patch.y);
                continue;
            }
            queue.write_texture(
                wgpu::TexelCopyTextureInfo {
                    texture: &image.texture,
                    mip_level: patch.level,
                    origin: wgpu::Origin3d { x: patch.x, y: patch.y, z: 0 },
                    aspect: wgpu::TextureAspect::All,
                },
                &patch.rgba,
                wgpu::TexelCopyBufferLayout {
                    offset: 0,
                    bytes_per_row: Some(patch.width * 4),
                    rows_per_image: Some(patch.height),
                },
                Extent3d { width: patch.width, height: patch.height, depth_or_array_layers: 1 },
            );
        }
        false
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn patch(level: u32, x: u32, width: u32) -> MipPatch {
        MipPatch { level, x, y: 0, width, height: 1, rgba: vec![0; width as usize * 4] }
    }

    #[test]
    fn patches_outside_the_texture_are_noticed() {
        assert!(fits(&patch(0, 0, 2048), 2048));
        assert!(fits(&patch(11, 0, 1), 2048));
        assert!(!fits(&patch(12, 0, 1), 2048));
        assert!(!fits(&patch(1, 1000, 25), 2048));
        assert!(!fits(&patch(0, u32::MAX, 2), 2048));
        assert!(!fits(&MipPatch { rgba: vec![0; 3], ..patch(0, 0, 1) }, 2048));
    }

    #[test]
    fn a_full_queue_gives_the_patches_back() {
        let (sender, _receiver) = crossbeam_channel::bounded(1);
        let uploads = PaintUploads { sender, sent: Arc::default(), size: 256 };
        uploads.send(vec![patch(0, 0, 4)]).expect("there is room");
        let PaintBusy(back) = uploads.send(vec![patch(0, 4, 4)]).expect_err("full");
        assert_eq!(back, vec![patch(0, 4, 4)]);
        assert_eq!(uploads.sent(), 1);
    }

    #[test]
    fn a_blank_livery_has_every_level() {
        let image = blank_livery(64);
        assert_eq!(image.texture_descriptor.mip_level_count, 7);
        let texels = 64 * 64 + 32 * 32 + 16 * 16 + 8 * 8 + 16 + 4 + 1;
        assert_eq!(image.data.map(|data| data.len()), Some(texels * 4));
    }
}
