//! The encoder against the format's description and against decoders that share no code with it: `image`'s own and
//! `bcdec` (through `image_dds`), with `ddsfile` reading the header.

mod measure;

use std::io::Cursor;

use gridvox_livery::mips;
use gridvox_sims::dds::{self, Format};
use image::codecs::dds::DdsDecoder;
use image::{DynamicImage, Rgba, RgbaImage};

/// Stripes, gradients and flats, as liveries have them.
fn livery(width: u32, height: u32) -> RgbaImage {
    RgbaImage::from_fn(width, height, |x, y| match (x * 4 / width, y * 2 / height) {
        (0, 0) => Rgba([118, 118, 118, 255]),
        (1, _) => Rgba([(x * 255 / width) as u8, 40, 200, 255]),
        (2, _) => Rgba([220, (y * 255 / height) as u8, 30, 255]),
        _ if (x + 2 * y) % 40 < 20 => Rgba([250, 250, 250, 255]),
        _ => Rgba([15, 20, 90, 255]),
    })
}

fn by_image(file: &[u8]) -> RgbaImage {
    let decoder = DdsDecoder::new(Cursor::new(file)).expect("a header that `image` reads");
    DynamicImage::from_decoder(decoder).expect("blocks that `image` reads").into_rgba8()
}

fn by_bcdec(file: &[u8], level: u32) -> RgbaImage {
    let dds = ddsfile::Dds::read(Cursor::new(file)).expect("a header that ddsfile reads");
    image_dds::image_from_dds(&dds, level).expect("a level that bcdec reads")
}

fn word(file: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(file[at..at + 4].try_into().expect("four bytes"))
}

#[test]
fn the_header_is_the_legacy_one_byte_for_byte() {
    // Offsets and values from Microsoft's pages on DDS_HEADER and DDS_PIXELFORMAT.
    for (format, four_cc, top_bytes) in
        [(Format::Dxt1, b"DXT1", 2048 * 2048 / 2), (Format::Dxt3, b"DXT3", 2048 * 2048), (Format::Dxt5, b"DXT5", 2048 * 2048)]
    {
        let levels: Vec<_> = mips::chain(&RgbaImage::new(2048, 2048));
        let file = dds::encode(&levels, format);
        assert_eq!(&file[..4], b"DDS ");
        assert_eq!(&file[84..88], four_cc);
        let expected = [
            (4, 124), (8, 0xA_1007), (12, 2048), (16, 2048), (20, top_bytes), (24, 0), (28, 12), (76, 32), (80, 4),
            (88, 0), (108, 0x40_1008), (112, 0), (116, 0), (120, 0), (124, 0),
        ];
        for (at, value) in expected {
            assert_eq!(word(&file, at), value, "{format} at byte {at}");
        }
        assert!(file[32..76].iter().chain(&file[88..108]).all(|b| *b == 0), "reserved words and masks stay empty");
        let block = if format == Format::Dxt1 { 8 } else { 16 };
        let blocks: usize = (0..12u32).map(|level| ((2048usize >> level).max(1).div_ceil(4)).pow(2)).sum();
        assert_eq!(file.len(), dds::HEADER_BYTES + blocks * block);
    }
}

#[test]
fn one_level_makes_a_file_without_mips() {
    let file = dds::encode(&[livery(2048, 600)], Format::Dxt1);
    assert_eq!((word(&file, 8), word(&file, 28), word(&file, 108)), (0x8_1007, 0, 0x1000));
    assert_eq!((word(&file, 12), word(&file, 16), word(&file, 20)), (600, 2048, 2048 * 600 / 2));
}

#[test]
fn every_level_comes_back_close_to_what_went_in() {
    let levels = mips::chain(&livery(512, 512));
    for format in [Format::Dxt1, Format::Dxt3, Format::Dxt5] {
        let file = dds::encode(&levels, format);
        let top = measure::distance(&levels[0], &by_image(&file));
        assert!(top.psnr_db > 42.0 && top.mean_delta_e < 1.3, "{format}: {} dB, {}", top.psnr_db, top.mean_delta_e);
        for (level, expected) in (0..).zip(&levels) {
            let decoded = by_bcdec(&file, level);
            assert_eq!(decoded.dimensions(), expected.dimensions());
            let found = measure::distance(expected, &decoded);
            // From 16 texels down a block holds a quarter of the car, and four colours on one line can't show it.
            let limit = match expected.width() {
                2..=16 => f64::INFINITY,
                _ => 5.0,
            };
            assert!(found.mean_delta_e < limit, "{format} level {level}: {}", found.mean_delta_e);
            assert!(decoded.pixels().all(|texel| texel[3] == 255), "{format} level {level} is opaque");
        }
    }
}

#[test]
fn greys_and_flat_paint_keep_their_hue() {
    // Every grey and a thousand colours in blocks of their own: what BC1 is notorious for.
    let greys = RgbaImage::from_fn(1024, 4, |x, _| Rgba([(x / 4) as u8, (x / 4) as u8, (x / 4) as u8, 255]));
    let found = measure::distance(&greys, &by_image(&dds::encode(&[greys.clone()], Format::Dxt1)));
    assert!(found.max_delta_e < 2.3 && found.psnr_db > 48.0, "{} {} dB", found.max_delta_e, found.psnr_db);
    let colours = RgbaImage::from_fn(128, 128, |x, y| {
        let mixed = (x / 4 + y / 4 * 32).wrapping_mul(2_654_435_761);
        Rgba([mixed as u8, (mixed >> 8) as u8, (mixed >> 16) as u8, 255])
    });
    let found = measure::distance(&colours, &by_image(&dds::encode(&[colours.clone()], Format::Dxt1)));
    assert!(found.max_delta_e < 2.3 && found.psnr_db > 48.0, "{} {} dB", found.max_delta_e, found.psnr_db);
}

#[test]
fn smooth_alpha_survives_dxt5_and_vanishes_in_dxt1() {
    let image = RgbaImage::from_fn(64, 64, |x, y| Rgba([200, 30, 60, (x * 3 + y) as u8]));
    let levels = mips::chain(&image);
    let smooth = by_image(&dds::encode(&levels, Format::Dxt5));
    assert!(image.pixels().zip(smooth.pixels()).all(|(a, b)| a[3].abs_diff(b[3]) <= 2));
    let plain = by_image(&dds::encode(&levels, Format::Dxt3));
    assert!(image.pixels().zip(plain.pixels()).all(|(a, b)| a[3].abs_diff(b[3]) <= 9));
    for format in [Format::Dxt1, Format::Dxt3, Format::Dxt5] {
        let decoded = by_image(&dds::encode(&levels, format));
        assert!(decoded.pixels().all(|p| p[0].abs_diff(200) < 6 && p[1].abs_diff(30) < 6), "{format} keeps the colour");
    }
    assert!(by_image(&dds::encode(&levels, Format::Dxt1)).pixels().all(|p| p[3] == 255));
}

#[test]
fn edges_that_fill_no_block_pull_in_no_black() {
    let white = RgbaImage::from_pixel(10, 6, Rgba([255; 4]));
    let levels = mips::chain(&white);
    let file = dds::encode(&levels, Format::Dxt1);
    for level in 0..levels.len() as u32 {
        assert!(by_bcdec(&file, level).pixels().all(|p| p.0 == [255; 4]), "level {level}");
    }
}

#[test]
#[should_panic(expected = "half of the one before")]
fn levels_that_are_no_chain_are_a_bug() {
    dds::encode(&[RgbaImage::new(8, 8), RgbaImage::new(2, 2)], Format::Dxt1);
}
