//! Compares block encoders on what liveries are made of: `cargo run --release --example encoder_quality [PICTURE]...`
//!
//! Both are decoded by `bcdec`, which belongs to neither.
#![expect(clippy::print_stdout, reason = "the table is what this program is for")]

#[path = "../tests/measure/mod.rs"]
mod measure;

use std::time::Instant;

use image::{Rgba, RgbaImage, imageops};
use texpresso::{Algorithm, COLOUR_WEIGHTS_PERCEPTUAL, COLOUR_WEIGHTS_UNIFORM, Format, Params};

const SIDE: u32 = 1024;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut pictures = synthetic();
    for path in std::env::args().skip(1) {
        let picture = image::open(&path)?.to_rgba8();
        let whole_blocks = imageops::crop_imm(&picture, 0, 0, picture.width() / 4 * 4, picture.height() / 4 * 4);
        pictures.push((path, whole_blocks.to_image()));
    }
    let fits = [
        ("texpresso range", Algorithm::RangeFit, COLOUR_WEIGHTS_UNIFORM),
        ("texpresso cluster, perceptual", Algorithm::ClusterFit, COLOUR_WEIGHTS_PERCEPTUAL),
        ("texpresso cluster", Algorithm::ClusterFit, COLOUR_WEIGHTS_UNIFORM),
        ("texpresso iterative cluster", Algorithm::IterativeClusterFit, COLOUR_WEIGHTS_UNIFORM),
    ];
    for (name, picture) in &pictures {
        let (width, height) = (picture.width() as usize, picture.height() as usize);
        for (encoder, algorithm, weights) in fits {
            let params = Params { algorithm, weights, weigh_colour_by_alpha: false };
            let mut blocks = vec![0; Format::Bc1.compressed_size(width, height)];
            let start = Instant::now();
            Format::Bc1.compress(picture, width, height, params, &mut blocks);
            report(name, encoder, picture, &blocks, start)?;
        }
        let start = Instant::now();
        let surface = image_dds::SurfaceRgba8::from_image(picture).encode(
            image_dds::ImageFormat::BC1RgbaUnorm,
            image_dds::Quality::Slow,
            image_dds::Mipmaps::Disabled,
        )?;
        report(name, "intel_tex_2", picture, &surface.data, start)?;
    }
    Ok(())
}

fn synthetic() -> Vec<(String, RgbaImage)> {
    let picture = |name: &str, texel: fn(u32, u32) -> [u8; 3]| {
        let image = RgbaImage::from_fn(SIDE, SIDE, |x, y| {
            let [r, g, b] = texel(x, y);
            Rgba([r, g, b, 255])
        });
        (name.to_owned(), image)
    };
    vec![
        picture("grey flats", |x, y| [(x / 64 + y / 64 * 16) as u8; 3]),
        picture("colour flats", |x, y| {
            let mixed = (x / 16 + y / 16 * 64).wrapping_mul(2_654_435_761);
            [mixed as u8, (mixed >> 8) as u8, (mixed >> 16) as u8]
        }),
        picture("grey gradient", |x, y| [((x + y) / 8) as u8; 3]),
        picture("two-hue gradient", |x, y| [(x / 5 + 20) as u8, (y / 16 + 40) as u8, (200 - x / 6) as u8]),
        picture("slanted stripes", |x, y| {
            let edge = ((((x * 3 + y * 2) % 97) as f32 - 48.0) / 1.5).clamp(-1.0, 1.0) * 0.5 + 0.5;
            [(230.0 * edge + 10.0) as u8, (20.0 * edge + 10.0) as u8, (220.0 - 190.0 * edge) as u8]
        }),
    ]
}

fn report(picture_name: &str, encoder: &str, picture: &RgbaImage, blocks: &[u8], start: Instant) -> Result<(), Box<dyn std::error::Error>> {
    let seconds = start.elapsed().as_secs_f64();
    let surface = image_dds::Surface {
        width: picture.width(),
        height: picture.height(),
        depth: 1,
        layers: 1,
        mipmaps: 1,
        image_format: image_dds::ImageFormat::BC1RgbaUnorm,
        data: blocks,
    };
    let decoded = surface.decode_rgba8()?.to_image(0)?;
    let found = measure::distance(picture, &decoded);
    println!(
        "{picture_name:18} {encoder:30} {:6.2} dB   delta E mean {:5.3} max {:5.2}   {seconds:.2} s",
        found.psnr_db, found.mean_delta_e, found.max_delta_e
    );
    Ok(())
}
