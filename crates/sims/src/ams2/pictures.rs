//! The pictures of a package: the body texture at the game's size, and the preview in its menu.

use gridvox_livery::mips::{self, AlphaUse};
use image::imageops::{self, FilterType};
use image::{Rgba, RgbaImage};

use crate::ExportError;
use crate::dds::{self, Format};

/// What the game's own notes ask of a preview picture.
pub(crate) const PREVIEW_SIZE: (u32, u32) = (2048, 600);
/// Behind a preview that does not fill its frame.
const PREVIEW_GROUND: Rgba<u8> = Rgba([24, 26, 30, 255]);
/// Texture sides that can be asked for.
const SIDES: [u32; 4] = [1024, 2048, 4096, 8192];

/// An encoded body texture and what was noticed on the way.
pub(crate) struct Body {
    pub dds: Vec<u8>,
    pub format: Format,
    pub side: u32,
    pub warnings: Vec<String>,
}

/// Whether the livery and the side that is asked for can become a body texture.
pub(crate) fn check(livery: &RgbaImage, side: Option<u32>) -> Result<(), ExportError> {
    let (width, height) = livery.dimensions();
    if width != height || !width.is_power_of_two() || !(512..=8192).contains(&width) {
        return Err(ExportError::LiveryShape { width, height });
    }
    if let Some(asked) = side.filter(|side| !SIDES.contains(side)) {
        return Err(ExportError::TextureSize(asked));
    }
    Ok(())
}

/// Scales and encodes a livery that was checked, with all mip levels.
pub(crate) fn body(livery: &RgbaImage, side: Option<u32>) -> Body {
    let width = livery.width();
    let side = side.unwrap_or(width.clamp(2048, 4096));
    let mut warnings = preflight(livery, side);

    let (texels, _) = livery.as_raw().as_chunks::<4>();
    let see_through = texels.iter().filter(|texel| texel[3] < u8::MAX).count();
    let (format, alpha) =
        if see_through == 0 { (Format::Dxt1, AlphaUse::Coverage) } else { (Format::Dxt5, AlphaUse::Value) };
    if see_through > 0 {
        let share = 100.0 * see_through as f64 / texels.len() as f64;
        warnings.push(format!(
            "The livery is not opaque in {share:.1} % of its area. It is exported as DXT5, and Automobilista 2 reads its \
             alpha as a paint effect: flatten the livery if that is not what you want."
        ));
    }
    let levels = if side > width {
        mips::chain_with(&imageops::resize(livery, side, side, FilterType::CatmullRom), alpha)
    } else {
        let mut levels = mips::chain_with(livery, alpha);
        levels.drain(..(width / side).ilog2() as usize);
        levels
    };
    Body { dds: dds::encode(&levels, format), format, side, warnings }
}

/// What a painter would want to know before starting the game.
fn preflight(livery: &RgbaImage, side: u32) -> Vec<String> {
    let mut warnings = Vec::new();
    let width = livery.width();
    if side > width {
        warnings.push(format!(
            "The texture was enlarged from {width} to {side} pixels, which adds no detail: paint or generate at {side}."
        ));
    }
    match side {
        1024 => warnings.push("A texture of 1024 pixels looks soft in the game, which is made for 4096.".into()),
        8192 => warnings.push("The game is made for textures of 4096 pixels and may not load one of 8192.".into()),
        _ => {}
    }
    let first = livery.get_pixel(0, 0);
    if livery.pixels().all(|texel| texel[3] == 0) {
        warnings.push("The livery is fully transparent: the car may look unpainted.".into());
    } else if livery.pixels().all(|texel| texel == first) {
        warnings.push("The livery is one flat colour: check that this is the right file.".into());
    }
    warnings
}

/// The menu's picture. `picture` is shown whole in the middle of the frame; without one it is the texture itself.
pub(crate) fn preview(picture: Option<&RgbaImage>, livery: &RgbaImage) -> Vec<u8> {
    let (width, height) = PREVIEW_SIZE;
    let picture = picture.filter(|picture| picture.width() > 0 && picture.height() > 0).unwrap_or(livery);
    let scale = (f64::from(width) / f64::from(picture.width())).min(f64::from(height) / f64::from(picture.height()));
    let fit = |side: u32| ((f64::from(side) * scale).round() as u32).max(1);
    let scaled = match (fit(picture.width()), fit(picture.height())) {
        size if size == picture.dimensions() => picture.clone(),
        (w, h) => imageops::resize(picture, w, h, FilterType::Lanczos3),
    };
    let mut frame = RgbaImage::from_pixel(width, height, PREVIEW_GROUND);
    let left = (width - scaled.width().min(width)) / 2;
    let top = (height - scaled.height().min(height)) / 2;
    imageops::overlay(&mut frame, &scaled, left.into(), top.into());
    dds::encode(&[frame], Format::Dxt1)
}
