//! Whether words on the side that nobody saw can be read there.
//!
//! Words that a photo shows whole, and that the true livery sets on the other side as well, should come out there as in the
//! truth and not as a mirror image. Where strokes of the one are ground of the other, the livery shows which it is: a word counts
//! as readable when it is nearer to the strokes' colour (as the livery has them on the seen side, mean CIEDE2000) where the truth has
//! strokes than where the mirror image has, and as clearly so below half of that.

use std::collections::BTreeMap;

use glam::{Vec2, Vec3};
use gridvox_car::{AtlasMaps, PartClass};
use image::RgbaImage;
use rayon::prelude::*;

use crate::color::{self, LinearRgb, delta_e};
use crate::complete::cells::class;
use crate::complete::{MIRRORED_FROM, SEEN_FROM};
use crate::synth::Design;
use crate::synth::livery::Spot;

/// Fewer texels are too few to judge by.
const LEAST_TEXELS: usize = 60;
/// A word of which this share is seen is seen whole, and one of which no more than the second is not seen.
const WHOLE: f32 = 0.9;
const HIDDEN: f32 = 0.1;
/// How far a word's box may be from the mirror image of its twin's, metres.
const SAME_PLACE_M: f32 = 0.03;
/// See the module.
const CLEARLY: f32 = 0.5;

/// A word that has to be readable on the side that nobody saw.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FarWord {
    /// Metres.
    pub height_m: f32,
    /// Mean CIEDE2000 from the strokes' colour where the truth alone has strokes.
    pub truth: f32,
    /// The same where the mirror image alone has them.
    pub mirrored: f32,
}

impl FarWord {
    /// It is more like the truth than like the mirror image.
    pub fn is_readable(&self) -> bool {
        self.truth < self.mirrored
    }

    /// By far.
    pub fn is_clear(&self) -> bool {
        self.truth < CLEARLY * self.mirrored
    }
}

struct Extent {
    texels: usize,
    seen: usize,
    low: Vec3,
    high: Vec3,
}

/// Judges a livery and its confidence, row-major texels of `maps`, by the design on the photo; `classes` are those of the car's
/// parts.
///
/// # Panics
/// When the livery or its confidence is of another size than the maps.
pub fn far_words(design: &Design, classes: &[PartClass], maps: &AtlasMaps, livery: &RgbaImage, confidence: &[u8]) -> Vec<FarWord> {
    assert!(livery.width() == maps.size && confidence.len() == maps.part.len(), "a livery of {} texels", livery.width());
    let spot = |i: usize| Spot {
        position: maps.position[i],
        normal: maps.normal[i],
        class: class(classes, maps.part[i]),
    };
    let painted = |i: usize| maps.part[i] != 0;
    let word: Vec<Option<usize>> =
        (0..maps.part.len()).into_par_iter().map(|i| painted(i).then(|| design.word_at(&spot(i))).flatten()).collect();
    let mut words: BTreeMap<usize, Extent> = BTreeMap::new();
    for (i, word) in word.iter().enumerate() {
        let Some(word) = word else { continue };
        let extent = words.entry(*word).or_insert(Extent { texels: 0, seen: 0, low: Vec3::MAX, high: Vec3::MIN });
        extent.texels += 1;
        extent.seen += usize::from(confidence[i] >= SEEN_FROM);
        (extent.low, extent.high) = (extent.low.min(maps.position[i]), extent.high.max(maps.position[i]));
    }
    let twin = |extent: &Extent| {
        let near = |a: Vec3, b: Vec3| (Vec2::new(a.y, a.z) - Vec2::new(b.y, b.z)).abs().max_element() < SAME_PLACE_M;
        let opposite = |other: &Extent| other.low.x.signum() != extent.low.x.signum();
        let is_it = |other: &Extent| {
            (other.seen as f32) < HIDDEN * other.texels as f32
                && opposite(other)
                && near(other.low, extent.low)
                && near(other.high, extent.high)
        };
        words.iter().find(|(_, other)| is_it(other)).map(|(&index, _)| index)
    };
    let found = |i: usize| -> LinearRgb {
        let [r, g, b, _] = livery.get_pixel(i as u32 % maps.size, i as u32 / maps.size).0;
        color::decode_rgb([r, g, b])
    };
    let judge = |(&index, extent): (&usize, &Extent)| {
        let whole = extent.texels >= LEAST_TEXELS && extent.seen as f32 >= WHOLE * extent.texels as f32;
        if !whole || extent.low.x < 0.0 && extent.high.x > 0.0 {
            return None;
        }
        let twin = twin(extent)?;
        let seen: Vec<LinearRgb> = (0..word.len()).filter(|&i| word[i] == Some(index)).map(found).collect();
        let strokes = middle(seen)?;
        let mut sums = [(0.0, 0); 2];
        for i in (0..word.len()).filter(|&i| painted(i) && (MIRRORED_FROM..SEEN_FROM).contains(&confidence[i])) {
            let mirror = maps.mirror[i] as usize;
            let (in_truth, in_mirror) = (word[i] == Some(twin), word.get(mirror) == Some(&Some(index)));
            if in_truth != in_mirror {
                let sum = &mut sums[usize::from(in_mirror)];
                sum.0 += delta_e(found(i), strokes);
                sum.1 += 1;
            }
        }
        let mean = |(sum, count): (f32, usize)| sum / count as f32;
        sums.iter().all(|sum| sum.1 >= LEAST_TEXELS).then(|| FarWord {
            height_m: extent.high.y - extent.low.y,
            truth: mean(sums[0]),
            mirrored: mean(sums[1]),
        })
    };
    words.iter().filter_map(judge).collect()
}

/// The median of each channel.
fn middle(mut colors: Vec<LinearRgb>) -> Option<LinearRgb> {
    let at = colors.len() / 2;
    let mut median = |k: usize| {
        colors.sort_by(|a, b| a[k].total_cmp(&b[k]));
        colors.get(at).map(|c| c[k])
    };
    Some([median(0)?, median(1)?, median(2)?])
}
