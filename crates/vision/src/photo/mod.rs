//! Photo files: read under limits, decoded, turned upright, in sRGB.
//!
//! Size and dimensions are checked before a pixel is decoded, so a hostile file costs a header. PNG, JPEG, WebP, BMP,
//! TIFF and TGA are read, in 8 or 16 bits, grey, with alpha, or as CMYK JPEG. Pictures with a colour profile (phones
//! write Display P3, cameras often Adobe RGB) are converted to sRGB. HEIC is recognised and refused with the way out.

mod exif;
mod jpeg;

use std::io::Cursor;
use std::path::{Path, PathBuf};

use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits, RgbImage};

/// Largest photo file, in bytes.
pub const MAX_FILE_BYTES: u64 = 20 * 1024 * 1024;
/// Largest photo, in pixels.
pub const MAX_PIXELS: u64 = 100_000_000;
/// Smallest side of a photo, in pixels; below this nothing can be told about a car.
pub const MIN_SIDE_PX: u32 = 64;
/// Decoders may take this much memory: 100 megapixels at 16 bits and three channels, with room to work.
const MAX_DECODE_BYTES: u64 = 900 * 1024 * 1024;
/// Transparent parts of a picture show this grey, which no network takes for a car.
const BACKDROP: u8 = 150;

/// A decoded picture, upright, in sRGB.
#[derive(Debug, Clone)]
pub struct Photo {
    /// Upright pixels.
    pub rgb: RgbImage,
    /// Focal length in millimetres as if on 36 x 24 mm film, where the file says so and the picture was not cropped.
    pub exif_focal_35mm: Option<f32>,
    /// The file's name, for messages.
    pub source_name: String,
}

impl Photo {
    /// A photo from pixels that are upright and in sRGB already.
    pub fn from_rgb(rgb: RgbImage, source_name: impl Into<String>) -> Self {
        Self { rgb, exif_focal_35mm: None, source_name: source_name.into() }
    }
}

/// Why a photo cannot be used; each sentence says what to do.
#[derive(Debug, thiserror::Error)]
pub enum PhotoError {
    /// No such file.
    #[error("There is no photo at this path; check its name: {}", path.display())]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// The system did not let us read it.
    #[error("The photo cannot be opened ({source}); check that it is a file you may read: {}", path.display())]
    Unreadable {
        /// What the system said.
        source: std::io::Error,
        /// The file.
        path: PathBuf,
    },
    /// Over [`MAX_FILE_BYTES`].
    #[error("The photo file is too large ({:.1} MB, at most 20 MB); save a smaller copy: {}", *bytes as f64 / 1048576.0, path.display())]
    TooManyBytes {
        /// Its size.
        bytes: u64,
        /// The file.
        path: PathBuf,
    },
    /// Over [`MAX_PIXELS`].
    #[error("The photo is too large ({width} x {height} pixels, at most 100 megapixels); save a smaller copy: {}", path.display())]
    TooManyPixels {
        /// Pixels across.
        width: u32,
        /// Pixels down.
        height: u32,
        /// The file.
        path: PathBuf,
    },
    /// Under [`MIN_SIDE_PX`].
    #[error("The photo is too small ({width} x {height} pixels); use one that is at least 640 pixels wide: {}", path.display())]
    TooSmall {
        /// Pixels across.
        width: u32,
        /// Pixels down.
        height: u32,
        /// The file.
        path: PathBuf,
    },
    /// An HEIC or HEIF file.
    #[error("HEIC photos cannot be read; save the photo as JPEG or PNG and try again: {}", path.display())]
    Heic {
        /// The file.
        path: PathBuf,
    },
    /// Named like a picture, but something else inside.
    #[error("This file is not a picture, whatever its name says; choose a JPEG, PNG, WebP, BMP, TIFF or TGA photo: {}", path.display())]
    NotAPicture {
        /// The file.
        path: PathBuf,
    },
    /// Some other kind of file.
    #[error("This kind of file cannot be read as a photo; use JPEG, PNG, WebP, BMP, TIFF or TGA: {}", path.display())]
    Unsupported {
        /// The file.
        path: PathBuf,
    },
    /// The file ends early.
    #[error("The photo is cut off, as after a broken download; fetch or copy it again: {}", path.display())]
    Truncated {
        /// The file.
        path: PathBuf,
    },
    /// Anything else that a decoder dislikes.
    #[error("The photo is damaged; open it in a picture viewer and save it again: {}", path.display())]
    Broken {
        /// The file.
        path: PathBuf,
    },
}

/// Reads a photo file; see the module's page for what is accepted.
pub fn load(path: &Path) -> Result<Photo, PhotoError> {
    let unreadable = |source: std::io::Error| match source.kind() {
        std::io::ErrorKind::NotFound => PhotoError::Missing { path: path.into() },
        _ => PhotoError::Unreadable { source, path: path.into() },
    };
    let meta = std::fs::metadata(path).map_err(unreadable)?;
    if !meta.is_file() {
        let source = std::io::Error::other("it is not a file");
        return Err(PhotoError::Unreadable { source, path: path.into() });
    }
    if meta.len() > MAX_FILE_BYTES {
        return Err(PhotoError::TooManyBytes { bytes: meta.len(), path: path.into() });
    }
    let bytes = std::fs::read(path).map_err(unreadable)?;
    decode(&bytes, path)
}

/// Decodes a photo that is in memory; `path` gives its name and, for TGA, its format.
pub fn decode(bytes: &[u8], path: &Path) -> Result<Photo, PhotoError> {
    let path_buf = || path.to_path_buf();
    if bytes.len() as u64 > MAX_FILE_BYTES {
        return Err(PhotoError::TooManyBytes { bytes: bytes.len() as u64, path: path_buf() });
    }
    let format = format_of(bytes, path)?;
    let failed = |error: ImageError| failure(error, path);

    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    let mut limits = Limits::default();
    limits.max_alloc = Some(MAX_DECODE_BYTES);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(failed)?;
    let (width, height) = decoder.dimensions();
    if u64::from(width) * u64::from(height) > MAX_PIXELS {
        return Err(PhotoError::TooManyPixels { width, height, path: path_buf() });
    }
    if width.min(height) < MIN_SIDE_PX {
        return Err(PhotoError::TooSmall { width, height, path: path_buf() });
    }
    // A decoder would fill the missing rest of a JPEG with grey.
    if format == ImageFormat::Jpeg && !jpeg::is_complete(bytes) {
        return Err(PhotoError::Truncated { path: path_buf() });
    }
    let profile = decoder.icc_profile().ok().flatten();
    let facts = exif::read(bytes, width, height);
    let mut picture = DynamicImage::from_decoder(decoder).map_err(failed)?;
    picture.apply_orientation(facts.orientation.unwrap_or(Orientation::NoTransforms));
    let mut rgb = opaque(picture);
    if let Some(profile) = profile {
        to_srgb(&mut rgb, &profile);
    }
    let source_name = path.file_name().map_or_else(|| "photo".into(), |name| name.to_string_lossy().into_owned());
    Ok(Photo { rgb, exif_focal_35mm: facts.focal_35mm, source_name })
}

fn format_of(bytes: &[u8], path: &Path) -> Result<ImageFormat, PhotoError> {
    if bytes.is_empty() {
        return Err(PhotoError::Truncated { path: path.into() });
    }
    if is_heic(bytes) {
        return Err(PhotoError::Heic { path: path.into() });
    }
    use ImageFormat::{Bmp, Jpeg, Png, Tga, Tiff, WebP};
    let named = ImageFormat::from_path(path).ok();
    // TGA has no magic number, so its name has to do.
    let found = image::guess_format(bytes).ok().or(named.filter(|&format| format == Tga));
    match found {
        Some(format @ (Png | Jpeg | WebP | Bmp | Tiff | Tga)) => Ok(format),
        None if matches!(named, Some(Png | Jpeg | WebP | Bmp | Tiff)) => Err(PhotoError::NotAPicture { path: path.into() }),
        _ if ImageFormat::from_path(path).is_err() && is_heic_name(path) => Err(PhotoError::Heic { path: path.into() }),
        _ => Err(PhotoError::Unsupported { path: path.into() }),
    }
}

/// ISO base media files name their brand in bytes 8..12, after the word `ftyp`.
fn is_heic(bytes: &[u8]) -> bool {
    const BRANDS: [&[u8]; 9] = [b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1", b"mif2"];
    bytes.get(4..8) == Some(b"ftyp") && bytes.get(8..12).is_some_and(|brand| BRANDS.contains(&brand))
}

fn is_heic_name(path: &Path) -> bool {
    path.extension().is_some_and(|e| e.eq_ignore_ascii_case("heic") || e.eq_ignore_ascii_case("heif"))
}

fn failure(error: ImageError, path: &Path) -> PhotoError {
    let path = path.to_path_buf();
    match error {
        ImageError::IoError(io) if io.kind() == std::io::ErrorKind::UnexpectedEof => PhotoError::Truncated { path },
        ImageError::Unsupported(_) => PhotoError::Unsupported { path },
        other => {
            let reason = other.to_string();
            let early = ["eof", "end of file", "fill whole buffer", "exhausted", "truncated", "unexpected end"];
            if early.iter().any(|word| reason.to_ascii_lowercase().contains(word)) {
                PhotoError::Truncated { path }
            } else {
                tracing::debug!("{}: {reason}", path.display());
                PhotoError::Broken { path }
            }
        }
    }
}

/// Lays a picture with alpha on a grey backdrop.
fn opaque(picture: DynamicImage) -> RgbImage {
    if !picture.color().has_alpha() {
        return picture.into_rgb8();
    }
    let rgba = picture.into_rgba8();
    RgbImage::from_fn(rgba.width(), rgba.height(), |x, y| {
        let [r, g, b, a] = rgba.get_pixel(x, y).0.map(u32::from);
        image::Rgb([r, g, b].map(|c| ((c * a + u32::from(BACKDROP) * (255 - a) + 127) / 255) as u8))
    })
}

/// Converts in place; a profile that cannot be used (grey, CMYK, damaged) leaves the pixels as they are.
fn to_srgb(rgb: &mut RgbImage, profile: &[u8]) {
    use moxcms::{ColorProfile, DataColorSpace, Layout, TransformOptions};
    let Ok(source) = ColorProfile::new_from_slice(profile) else { return };
    if source.color_space != DataColorSpace::Rgb {
        return;
    }
    let target = ColorProfile::new_srgb();
    let Ok(transform) = source.create_transform_8bit(Layout::Rgb, &target, Layout::Rgb, TransformOptions::default())
    else {
        return;
    };
    let row_bytes = rgb.width() as usize * 3;
    let mut converted = vec![0u8; row_bytes];
    for row in rgb.as_flat_samples_mut().as_mut_slice().chunks_exact_mut(row_bytes) {
        if transform.transform(row, &mut converted).is_ok() {
            row.copy_from_slice(&converted);
        }
    }
}

#[cfg(test)]
mod tests;
