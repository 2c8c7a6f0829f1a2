//! What the shipped network sees in a photo, as a picture:
//! `cargo run --release -p gridvox_vision --example see -- PHOTO OUT.png [MODELS]`
//!
//! From left to right: the photo where the network looked, its parts, its coordinates as colours.

use candle_core::Device;
use gridvox_vision::net::{CorrespondenceNet, Proportions};
use image::{Rgb, RgbImage};

/// Picture pixels per cell of the network's grid.
const ZOOM: u32 = 4;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [photo, out, rest @ ..] = args.as_slice() else { return Err("say PHOTO OUT.png [MODELS]".into()) };
    let models = rest.first().map_or_else(gridvox_car::bundled::models_dir, Into::into);
    let net = CorrespondenceNet::load(&models, &Device::Cpu)?;
    let photo = image::open(photo)?.into_rgb8();
    let seen = net.correspond(&photo, Proportions::USUAL)?;
    let (w, h) = (seen.width as u32 * ZOOM, seen.height as u32 * ZOOM);
    let mut sheet = RgbImage::new(3 * w, h);
    for (x, y) in (0..h).flat_map(|y| (0..w).map(move |x| (x, y))) {
        let cell = seen.index((x / ZOOM) as usize, (y / ZOOM) as usize);
        let px = seen.crop.x + (x as f32 + 0.5) / w as f32 * seen.crop.w;
        let py = seen.crop.y + (y as f32 + 0.5) / h as f32 * seen.crop.h;
        let inside = px >= 0.0 && py >= 0.0 && (px as u32) < photo.width() && (py as u32) < photo.height();
        let under = if inside { *photo.get_pixel(px as u32, py as u32) } else { Rgb([128; 3]) };
        sheet.put_pixel(x, y, under);
        let mix = |colour: [u8; 3]| {
            let t = seen.mask[cell] * 0.75;
            Rgb(std::array::from_fn(|i| (f32::from(under.0[i]) * (1.0 - t) + f32::from(colour[i]) * t) as u8))
        };
        let hue = u32::from(seen.part[cell]) * 97 + 40;
        let part = [(hue * 7 % 200 + 55) as u8, (hue * 13 % 200 + 55) as u8, (hue * 29 % 200 + 55) as u8];
        sheet.put_pixel(w + x, y, mix(part));
        let place = (seen.coords[cell] * 127.0 + 128.0).to_array().map(|v| v.clamp(0.0, 255.0) as u8);
        sheet.put_pixel(2 * w + x, y, mix(place));
    }
    sheet.save(out)?;
    Ok(())
}
