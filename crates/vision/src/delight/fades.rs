//! Gradients: inks that run into each other.
//!
//! A gradient becomes several inks, one beside the other. Where two meet the photo shows no edge, unlike where two flat fields
//! meet, and that is how such pairs are told. Their places get colours between the two instead.

use rayon::prelude::*;

use super::field::{Graph, NEIGHBOUR};
use super::inks::{MAX_INKS, distance2};
use crate::color::LinearRgb;

/// Two inks run into each other where the photo shows no edge, which is a weight above this, on most of at least so long a border.
const NO_EDGE: f32 = 0.7;
const MOSTLY: f32 = 0.6;
const LEAST_BORDER: u32 = 60;
/// Passes that make their colours even, and what a place's own counts.
const PASSES: usize = 20;
const KEPT: f32 = 0.3;

/// Pairs of inks that run into each other, where `most` says which ink each place has most of.
pub fn pairs(most: &[usize], graph: &Graph) -> Vec<(usize, usize)> {
    // borders between each two inks: all, and those that the photo does not show
    let mut borders = [[(0u32, 0u32); MAX_INKS]; MAX_INKS];
    for (place, &ink) in most.iter().enumerate() {
        for &(other, weight) in graph.around(place) {
            let border = &mut borders[ink][most[other as usize]];
            border.0 += 1;
            border.1 += u32::from(weight > NO_EDGE * NEIGHBOUR);
        }
    }
    let run = |&(a, b): &(usize, usize)| {
        let (all, unseen) = borders[a][b];
        all >= LEAST_BORDER && unseen as f32 > MOSTLY * all as f32
    };
    (0..MAX_INKS).flat_map(|a| (0..a).map(move |b| (a, b))).filter(run).collect()
}

/// The colours of all places as those of fading ones have them: made even as far as the photo shows no edge, and between the
/// two `ends` that are nearest. At least one pair of these is needed.
pub fn colors(colors: &[LinearRgb], fading: &[bool], ends: &[(LinearRgb, LinearRgb)], graph: &Graph) -> Vec<LinearRgb> {
    // as the eye sees them
    let start: Vec<LinearRgb> = colors.iter().map(|color| color.map(f32::cbrt)).collect();
    let mut even = start.clone();
    for _ in 0..PASSES {
        let said = &even;
        let asked = |place: usize| {
            let (mut sum, mut total) = (start[place].map(|v| KEPT * v), KEPT);
            for &(other, weight) in graph.around(place).iter().filter(|(other, _)| fading[*other as usize]) {
                (0..3).for_each(|k| sum[k] += weight * said[other as usize][k]);
                total += weight;
            }
            sum.map(|v| v / total)
        };
        even = (0..start.len()).into_par_iter().map(asked).collect();
    }
    let ends: Vec<_> = ends.iter().map(|(a, b)| (a.map(f32::cbrt), b.map(f32::cbrt))).collect();
    even.into_iter().map(|color| nearest_between(&ends, color).map(|v| v.powi(3))).collect()
}

/// The colour nearest to `color` that lies between two of a pair of ends.
fn nearest_between(ends: &[(LinearRgb, LinearRgb)], color: LinearRgb) -> LinearRgb {
    let between = |(a, b): &(LinearRgb, LinearRgb)| -> LinearRgb {
        let along: f32 = (0..3).map(|k| (color[k] - a[k]) * (b[k] - a[k])).sum();
        let share = (along / distance2(*a, *b).max(1e-6)).clamp(0.0, 1.0);
        std::array::from_fn(|k| a[k] + share * (b[k] - a[k]))
    };
    let nearest = ends.iter().map(between).min_by(|a, b| distance2(*a, color).total_cmp(&distance2(*b, color)));
    nearest.unwrap_or(color)
}
