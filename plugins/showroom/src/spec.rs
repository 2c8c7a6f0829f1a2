//! Finish by texel: a spec map as painters make them for iRacing.
//!
//! Red is metal, green roughness, blue how much of the clear coat is missing. Green is read as the width of the GGX lobe,
//! which puts the values that painters use where they mean them: 8 is gloss, 20 satin, 255 flat. The map takes the place of
//! the finish's own metal, roughness and share of lacquer; what else a finish is made of stays.

use bevy::asset::RenderAssetUsages;
use bevy::image::Image;
use bevy::render::render_resource::{Extent3d, TextureDataOrder, TextureDimension, TextureFormat, TextureUsages};
use image::RgbaImage;

use crate::stills::MAX_EDGE;

/// Whether a map of this size, or a livery, can be used: square, a power of two from 64 to [`MAX_EDGE`].
pub fn fits(map: &RgbaImage) -> bool {
    let (width, height) = map.dimensions();
    width == height && width.is_power_of_two() && (64..=MAX_EDGE).contains(&width)
}

/// A texel while levels are made: metal, the squared lobe width, missing clear coat.
type Texel = [f32; 3];

fn unpack(texel: &[u8; 4]) -> Texel {
    let [r, g, b] = [0, 1, 2].map(|k| f32::from(texel[k]) / 255.0);
    [r, g * g, b]
}

fn pack(texel: &Texel) -> [u8; 4] {
    let [r, g, b] = [texel[0], texel[1].sqrt(), texel[2]].map(|value| (value * 255.0 + 0.5) as u8);
    [r, g, b, 255]
}

/// All levels of a square map, one after the other. Widths are averaged as variances: from afar, the slopes of rough and
/// smooth texels are one distribution whose variance is their mean (Toksvig, "Mipmapping normal maps", 2004).
fn levels(map: &RgbaImage) -> (Vec<u8>, u32) {
    let mut edge = map.width() as usize;
    let mut level: Vec<Texel> = map.as_raw().as_chunks::<4>().0.iter().map(unpack).collect();
    let mut bytes: Vec<u8> = Vec::with_capacity(level.len() * 16 / 3 + 16);
    let mut count = 0;
    loop {
        bytes.extend(level.iter().flat_map(pack));
        count += 1;
        if edge <= 1 {
            return (bytes, count);
        }
        let half = edge / 2;
        level = (0..half * half)
            .map(|index| {
                let first = index / half * 2 * edge + index % half * 2;
                let four = [first, first + 1, first + edge, first + edge + 1].map(|texel| level[texel]);
                [0, 1, 2].map(|k| four.iter().map(|texel| texel[k]).sum::<f32>() * 0.25)
            })
            .collect();
        edge = half;
    }
}

/// The map as a texture with all its levels. It has to [fit](fits).
pub fn texture(map: &RgbaImage) -> Image {
    let (data, level_count) = levels(map);
    let mut image = Image::new_uninit(
        Extent3d { width: map.width(), height: map.height(), depth_or_array_layers: 1 },
        TextureDimension::D2,
        TextureFormat::Rgba8Unorm,
        RenderAssetUsages::RENDER_WORLD,
    );
    image.data = Some(data);
    image.data_order = TextureDataOrder::MipMajor;
    image.texture_descriptor.mip_level_count = level_count;
    image.texture_descriptor.usage = TextureUsages::TEXTURE_BINDING | TextureUsages::COPY_DST;
    image
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::Rgba;

    #[test]
    fn levels_average_what_the_eye_would() {
        let map = RgbaImage::from_fn(64, 64, |x, _| if x % 2 == 0 { Rgba([200, 0, 0, 255]) } else { Rgba([0, 200, 100, 7]) });
        let (bytes, count) = levels(&map);
        assert_eq!(count, 7);
        assert_eq!(bytes.len(), (64 * 64 + 32 * 32 + 16 * 16 + 8 * 8 + 16 + 4 + 1) * 4);
        // the rough half decides how wide the lobe looks
        assert_eq!(bytes[bytes.len() - 4..], [100, 141, 50, 255]);
        assert_eq!(bytes[..8], [200, 0, 0, 255, 0, 200, 100, 255]);
    }

    #[test]
    fn only_square_maps_fit() {
        assert!(fits(&RgbaImage::new(1024, 1024)));
        assert!(!fits(&RgbaImage::new(1024, 512)) && !fits(&RgbaImage::new(1000, 1000)) && !fits(&RgbaImage::new(32, 32)));
    }
}
