//! Opening and saving liveries as picture files.
//!
//! Opening takes PNG, TGA, TIFF, BMP, WebP, JPEG and plain DDS, and turns 16-bit, grey and indexed pictures into 8-bit RGBA.
//! It never resamples: a texture of another shape was made for something else, and a painter wants to know.

use std::fs;
use std::io::{Cursor, Write};
use std::path::Path;

use gridvox_car::files;
use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::{ExtendedColorType, ImageEncoder, ImageFormat, ImageReader, Limits, RgbaImage};

use crate::LiveryError;
use crate::tile::{MAX_SIZE, MIN_SIZE};

/// Largest file that is opened: an uncompressed 32-bit texture of [`MAX_SIZE`] with room for its header.
const MAX_FILE_BYTES: u64 = 4 * (MAX_SIZE as u64) * (MAX_SIZE as u64) + (1 << 20);
/// Most memory a decoder may ask for: a 16-bit RGBA picture of [`MAX_SIZE`], and as much again to work with.
const MAX_DECODER_BYTES: u64 = 2 * 8 * (MAX_SIZE as u64) * (MAX_SIZE as u64);

/// Opens a livery: a square picture whose side is a power of two from 512 to 8192 pixels.
pub fn load_livery(path: &Path) -> Result<RgbaImage, LiveryError> {
    let bytes = files::read_limited(path, MAX_FILE_BYTES)?;
    let broken = |reason: String| LiveryError::NotAPicture { reason, path: path.to_owned() };
    // TGA has no signature, so there the file's name has to say it.
    let format = image::guess_format(&bytes).or_else(|unknown| {
        ImageFormat::from_path(path).ok().filter(|format| *format == ImageFormat::Tga).ok_or(unknown)
    });
    let format = format.map_err(|_| broken("its content is of no known picture format".into()))?;

    let reader = |bytes| {
        let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
        let mut limits = Limits::default();
        limits.max_alloc = Some(MAX_DECODER_BYTES);
        reader.limits(limits);
        reader
    };
    let (width, height) = reader(&bytes).into_dimensions().map_err(|e| broken(e.to_string()))?;
    if width != height || !width.is_power_of_two() || !(MIN_SIZE..=MAX_SIZE).contains(&width) {
        return Err(LiveryError::NotATexture { width, height, path: path.to_owned() });
    }
    let picture = reader(&bytes).decode().map_err(|e| broken(e.to_string()))?;
    Ok(picture.into_rgba8())
}

/// Saves a livery as an 8-bit PNG; RGB where it is opaque everywhere, RGBA otherwise. The file appears whole or not at
/// all, and replaces one of that name.
pub fn save_livery(image: &RgbaImage, path: &Path) -> Result<(), LiveryError> {
    let mut bytes = Vec::new();
    encode(image, &mut bytes).map_err(|e| LiveryError::NotEncoded { reason: e.to_string(), path: path.to_owned() })?;
    if let Some(folder) = path.parent() {
        // A folder that can't be made is named by the write that follows.
        fs::create_dir_all(folder).ok();
    }
    files::write_atomic(path, &bytes)?;
    Ok(())
}

fn encode(image: &RgbaImage, out: impl Write) -> image::ImageResult<()> {
    let encoder = PngEncoder::new_with_quality(out, CompressionType::Fast, FilterType::Adaptive);
    let (texels, _) = image.as_raw().as_chunks::<4>();
    if texels.iter().all(|texel| texel[3] == u8::MAX) {
        let rgb: Vec<u8> = texels.iter().flat_map(|&[r, g, b, _]| [r, g, b]).collect();
        encoder.write_image(&rgb, image.width(), image.height(), ExtendedColorType::Rgb8)
    } else {
        encoder.write_image(image.as_raw(), image.width(), image.height(), ExtendedColorType::Rgba8)
    }
}
