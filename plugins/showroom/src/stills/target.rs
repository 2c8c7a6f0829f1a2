//! The picture that a still is drawn into, and the way back from the graphics card.

use super::StillError;
use bevy::image::Image;
use bevy::math::UVec2;
use bevy::prelude::*;
use bevy::render::RenderApp;
use bevy::render::render_asset::RenderAssets;
use bevy::render::render_resource::{TextureFormat, TextureUsages};
use bevy::render::renderer::{RenderDevice, RenderQueue};
use bevy::render::texture::GpuImage;
use image::RgbaImage;
use std::time::Duration;

/// A blank picture for screens, or for linear light in 16-bit floats.
pub(super) fn still_target(size: UVec2, linear: bool) -> Image {
    let format = if linear { TextureFormat::Rgba16Float } else { TextureFormat::Rgba8UnormSrgb };
    let mut image = Image::new_target_texture(size.x, size.y, format, None);
    image.texture_descriptor.usage |= TextureUsages::COPY_SRC;
    image.copy_on_resize = false;
    image
}

/// Waits until the graphics card has done all that it was given.
pub(super) fn wait(app: &App) -> Result<(), StillError> {
    let device = app.world().resource::<RenderDevice>();
    let failed = |error: wgpu::PollError| StillError::Device(error.to_string());
    device.poll(wgpu::PollType::wait_indefinitely()).map(|_| ()).map_err(failed)
}

/// The target's pixels, of so many bytes each, row by row.
pub(super) fn read_back(app: &App, target: &Handle<Image>, size: UVec2, pixel_bytes: usize) -> Result<Vec<u8>, StillError> {
    let render_world = app.sub_app(RenderApp).world();
    let device = render_world.resource::<RenderDevice>();
    let queue = render_world.resource::<RenderQueue>();
    let images = render_world.resource::<RenderAssets<GpuImage>>();
    let lost = || StillError::Device("the picture is not there".to_owned());
    let image = images.get(target).ok_or_else(lost)?;
    let (width, height) = (size.x, size.y);
    let row = RenderDevice::align_copy_bytes_per_row(width as usize * pixel_bytes);
    let buffer = device.create_buffer(&wgpu::BufferDescriptor {
        label: Some("still"),
        size: row as u64 * u64::from(height),
        usage: wgpu::BufferUsages::COPY_DST | wgpu::BufferUsages::MAP_READ,
        mapped_at_creation: false,
    });
    let mut encoder = device.create_command_encoder(&wgpu::CommandEncoderDescriptor { label: Some("still") });
    encoder.copy_texture_to_buffer(
        image.texture.as_image_copy(),
        wgpu::TexelCopyBufferInfo {
            buffer: &buffer,
            layout: wgpu::TexelCopyBufferLayout {
                offset: 0,
                bytes_per_row: Some(row as u32),
                rows_per_image: Some(height),
            },
        },
        wgpu::Extent3d { width, height, depth_or_array_layers: 1 },
    );
    queue.submit([encoder.finish()]);
    let (sender, receiver) = crossbeam_channel::bounded(1);
    buffer.slice(..).map_async(wgpu::MapMode::Read, move |result| {
        // the receiver waits below, in this function
        let _ = sender.send(result);
    });
    wait(app)?;
    receiver
        .recv_timeout(Duration::from_secs(30))
        .map_err(|error| StillError::Device(error.to_string()))?
        .map_err(|error| StillError::Device(error.to_string()))?;
    let rows = buffer.slice(..).get_mapped_range();
    let mut pixels = Vec::with_capacity(width as usize * height as usize * pixel_bytes);
    for line in rows.chunks_exact(row) {
        pixels.extend_from_slice(&line[..width as usize * pixel_bytes]);
    }
    drop(rows);
    buffer.unmap();
    Ok(pixels)
}

/// From premultiplied alpha, as drawn over nothing, to straight alpha.
pub(super) fn straighten(picture: &mut RgbaImage) {
    for pixel in picture.pixels_mut() {
        let alpha = f32::from(pixel.0[3]) / 255.0;
        if alpha <= 0.0 {
            pixel.0 = [0; 4];
        } else if alpha < 1.0 {
            // the target stores sRGB, and light was multiplied before it was encoded
            for channel in &mut pixel.0[..3] {
                let encoded = f32::from(*channel) / 255.0;
                *channel = ((encoded.powf(2.2) / alpha).min(1.0).powf(1.0 / 2.2) * 255.0 + 0.5) as u8;
            }
        }
    }
}
