//! DDS files with legacy FourCC headers and block-compressed texels.
//!
//! Simulators of this age read DXT1, DXT3 and DXT5 by their FourCC and know nothing of DX10 headers. The layout is
//! Microsoft's "DDS_HEADER" page: magic, 124 bytes of header, then the levels from the largest to the smallest.
//!
//! Blocks come from `texpresso` rather than `intel_tex_2`. Racing liveries are mostly flat paint, and there its search for
//! the best pair of endpoints matters: decoded by `bcdec`, grey and coloured flats reach 49.5 dB against 41.7 dB (mean CIE76
//! difference 0.6 against 1.6), a grey gradient 48.6 dB against 42.3 dB, hard slanted edges 36.2 dB against 35.2 dB. It is
//! slower, about a second for 2048 x 2048 on two cores. `examples/encoder_quality.rs` prints the table.

use image::RgbaImage;
use rayon::prelude::*;
use texpresso::{Algorithm, COLOUR_WEIGHTS_UNIFORM, Params};

/// Bytes before the first level.
pub const HEADER_BYTES: usize = 128;

/// Uniform weights keep greys neutral: perceptual ones trade blue and red errors for green and tint them.
const PARAMS: Params = Params {
    algorithm: Algorithm::IterativeClusterFit,
    weights: COLOUR_WEIGHTS_UNIFORM,
    weigh_colour_by_alpha: false,
};

/// How texels are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// BC1 without alpha: 4 bits per texel. Alpha is dropped.
    Dxt1,
    /// BC2, alpha in 16 plain steps: 8 bits per texel.
    Dxt3,
    /// BC3, smooth alpha: 8 bits per texel.
    Dxt5,
}

impl Format {
    /// The four letters in the header.
    pub fn four_cc(self) -> [u8; 4] {
        *match self {
            Self::Dxt1 => b"DXT1",
            Self::Dxt3 => b"DXT3",
            Self::Dxt5 => b"DXT5",
        }
    }

    fn blocks(self) -> texpresso::Format {
        match self {
            Self::Dxt1 => texpresso::Format::Bc1,
            Self::Dxt3 => texpresso::Format::Bc2,
            Self::Dxt5 => texpresso::Format::Bc3,
        }
    }
}

/// Encodes a picture and its smaller levels, as made by [`gridvox_livery::mips::chain`]. One level alone makes a file
/// without mip levels.
///
/// # Panics
/// If there is no level, or one is not half of the one before it, rounded down.
pub fn encode(levels: &[RgbaImage], format: Format) -> Vec<u8> {
    let top = levels.first().expect("a texture has at least one level");
    for (larger, smaller) in levels.iter().zip(&levels[1..]) {
        let half = (larger.width().max(2) / 2, larger.height().max(2) / 2);
        assert_eq!(smaller.dimensions(), half, "each level is half of the one before it");
    }
    let mut file = header(top.width(), top.height(), levels.len() as u32, format).to_vec();
    for level in levels {
        file.extend(compress(level, format));
    }
    file
}

/// `DDSD_CAPS | HEIGHT | WIDTH | PIXELFORMAT | LINEARSIZE`.
const FLAGS: u32 = 0x1 | 0x2 | 0x4 | 0x1000 | 0x8_0000;
/// `DDSD_MIPMAPCOUNT`.
const FLAG_MIPS: u32 = 0x2_0000;
/// `DDPF_FOURCC`.
const PIXEL_FLAGS: u32 = 0x4;
/// `DDSCAPS_TEXTURE`.
const CAPS: u32 = 0x1000;
/// `DDSCAPS_COMPLEX | MIPMAP`.
const CAPS_MIPS: u32 = 0x8 | 0x40_0000;

fn header(width: u32, height: u32, levels: u32, format: Format) -> [u8; HEADER_BYTES] {
    let has_mips = levels > 1;
    let top_bytes = format.blocks().compressed_size(width as usize, height as usize) as u32;
    let mut bytes = [0; HEADER_BYTES];
    let mut put = |offset: usize, value: u32| bytes[offset..offset + 4].copy_from_slice(&value.to_le_bytes());
    put(0, u32::from_le_bytes(*b"DDS "));
    put(4, 124);
    put(8, FLAGS | if has_mips { FLAG_MIPS } else { 0 });
    put(12, height);
    put(16, width);
    put(20, top_bytes);
    put(28, if has_mips { levels } else { 0 });
    put(76, 32);
    put(80, PIXEL_FLAGS);
    put(84, u32::from_le_bytes(format.four_cc()));
    put(108, CAPS | if has_mips { CAPS_MIPS } else { 0 });
    bytes
}

/// The blocks of one level, row by row. Blocks that stick out repeat the edge, so that no filter can pull in black.
fn compress(level: &RgbaImage, format: Format) -> Vec<u8> {
    let blocks = format.blocks();
    let (width, height) = (level.width() as usize, level.height() as usize);
    let (texels, _) = level.as_raw().as_chunks::<4>();
    let row_bytes = blocks.compressed_size(width, 4);
    let mut out = vec![0; blocks.compressed_size(width, height)];
    out.par_chunks_exact_mut(row_bytes).enumerate().for_each(|(row, out)| {
        for (column, out) in out.chunks_exact_mut(blocks.block_size()).enumerate() {
            let block: [[u8; 4]; 16] = std::array::from_fn(|i| {
                let x = (column * 4 + i % 4).min(width - 1);
                let y = (row * 4 + i / 4).min(height - 1);
                let [r, g, b, a] = texels[y * width + x];
                [r, g, b, if format == Format::Dxt1 { u8::MAX } else { a }]
            });
            blocks.compress_block_masked(block, u32::MAX, PARAMS, out);
        }
    });
    out
}
