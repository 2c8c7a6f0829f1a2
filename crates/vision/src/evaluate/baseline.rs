//! Other ways to the same livery, measured beside the method itself to show what each of its parts is worth.

use gridvox_car::PhotoCamera;
use image::{Rgba, RgbaImage};
use serde::{Deserialize, Serialize};

use crate::color;
use crate::complete::MIRRORED_FROM;
use crate::pipeline::{GenerateOptions, Generated, Quality};

/// A way from a photo to a livery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// All of it.
    Whole,
    /// The photo's true camera is given: what the steps after the pose can reach at best.
    TrueCamera,
    /// The camera stays as the network's places alone have it.
    NoRefinement,
    /// Nothing is invented: what no photo shows on either side has one flat colour, the mean of what it shows, and its colours
    /// are measured as that.
    MirrorOnly,
    /// One network of the correspondence network's size paints the texture from the photo, without camera or mesh.
    Direct,
}

impl Method {
    /// What stands beside the whole method.
    pub const BASELINES: [Self; 4] = [Self::TrueCamera, Self::NoRefinement, Self::MirrorOnly, Self::Direct];

    /// Words for a table.
    pub fn label(self) -> &'static str {
        match self {
            Self::Whole => "GridVox",
            Self::TrueCamera => "true camera",
            Self::NoRefinement => "no refinement",
            Self::MirrorOnly => "mirror only",
            Self::Direct => "direct network",
        }
    }

    /// How the livery is asked for, in the quality's own size, of a photo with this true camera; `None` where another network makes
    /// it, see [`DirectPainter`](crate::net::DirectPainter).
    pub fn options(self, quality: Quality, camera: &PhotoCamera) -> Option<GenerateOptions> {
        let options = GenerateOptions { quality, ..GenerateOptions::default() };
        match self {
            Self::Whole | Self::MirrorOnly => Some(options),
            Self::TrueCamera => Some(GenerateOptions { cameras: vec![Some(*camera)], ..options }),
            Self::NoRefinement => Some(GenerateOptions { refine: false, ..options }),
            Self::Direct => None,
        }
    }

    /// Whether its result follows from the whole method's, so that it needs no run of its own.
    pub fn follows_from_whole(self) -> bool {
        self == Self::MirrorOnly
    }

    /// The livery to measure.
    pub fn livery(self, generated: &Generated) -> RgbaImage {
        let mut livery = generated.livery.clone();
        if self == Self::MirrorOnly {
            forget_invented(&mut livery, &generated.confidence);
        }
        livery
    }
}

fn forget_invented(livery: &mut RgbaImage, confidence: &image::GrayImage) {
    let (mut sum, mut count) = ([0.0f64; 3], 0.0);
    for (pixel, _) in livery.pixels().zip(confidence.pixels()).filter(|(_, c)| c.0[0] >= MIRRORED_FROM) {
        let [r, g, b, _] = pixel.0;
        let linear = color::decode_rgb([r, g, b]);
        sum = std::array::from_fn(|k| sum[k] + f64::from(linear[k]));
        count += 1.0;
    }
    let [r, g, b] = color::encode_rgb(sum.map(|s| (s / f64::max(count, 1.0)) as f32));
    let invented = livery.pixels_mut().zip(confidence.pixels()).filter(|(_, c)| (1..MIRRORED_FROM).contains(&c.0[0]));
    invented.for_each(|(pixel, _)| *pixel = Rgba([r, g, b, 255]));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::complete::{INVENTED, SEEN_FROM};
    use image::{GrayImage, Luma};

    #[test]
    fn what_was_invented_becomes_the_mean_of_what_was_not() {
        let levels = [SEEN_FROM, MIRRORED_FROM, INVENTED, 0];
        let confidence = GrayImage::from_fn(4, 1, |x, _| Luma([levels[x as usize]]));
        let paint = [200, 0, 90, 90];
        let mut livery = RgbaImage::from_fn(4, 1, |x, _| {
            let grey = paint[x as usize];
            Rgba([grey, grey, grey, 255])
        });
        forget_invented(&mut livery, &confidence);
        let greys: Vec<u8> = livery.pixels().map(|p| p.0[0]).collect();
        // Half of sRGB 200 in linear light is sRGB 146.
        assert!(greys[0] == 200 && greys[1] == 0 && greys[2].abs_diff(146) <= 1 && greys[3] == 90, "{greys:?}");
    }

    #[test]
    fn methods_ask_for_what_they_say() {
        let camera = PhotoCamera::look_at(glam::Vec3::new(5.0, 1.0, 5.0), glam::Vec3::Y, glam::Vec3::Y, 900.0, 640, 480);
        let options = |method: Method| method.options(Quality::Draft, &camera).expect("it runs the method itself");
        assert_eq!(Method::Direct.options(Quality::Draft, &camera), None);
        assert_eq!(options(Method::TrueCamera).cameras, [Some(camera)]);
        assert!(!options(Method::NoRefinement).refine && options(Method::NoRefinement).cameras.is_empty());
        assert_eq!(options(Method::Whole), options(Method::MirrorOnly));
    }
}
