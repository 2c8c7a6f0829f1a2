//! Places that touch agree on what they are painted with, unless the photo shows an edge between them.

use rayon::prelude::*;

use super::fit::Observation;
use super::inks::{distance2, scaled_lab};

/// What a neighbour's opinion counts, and the difference in the photo, in Lab, that makes it no neighbour.
pub const NEIGHBOUR: f32 = 2.0;
const EDGE: f32 = 6.0;
/// Passes in which neighbours are asked.
const PASSES: usize = 12;

/// Neighbours of each place with what their opinion counts.
pub struct Graph {
    /// Where each place's neighbours begin, and the end.
    starts: Vec<u32>,
    edges: Vec<(u32, f32)>,
}

impl Graph {
    /// From the photo's colours, which are among the observations, and pairs of places that touch.
    pub fn new(observations: &[Observation], neighbours: &[(u32, u32)]) -> Self {
        let labs: Vec<[f32; 3]> = observations.par_iter().map(|o| scaled_lab(o.rgb, 1.0)).collect();
        let weight = |a: u32, b: u32| {
            NEIGHBOUR * (-distance2(labs[a as usize], labs[b as usize]) / (EDGE * EDGE)).exp()
        };
        let mut lists = vec![Vec::new(); observations.len()];
        for &(a, b) in neighbours {
            let weight = weight(a, b);
            lists[a as usize].push((b, weight));
            lists[b as usize].push((a, weight));
        }
        let mut starts = vec![0];
        starts.extend(lists.iter().scan(0, |end, list| {
            *end += list.len() as u32;
            Some(*end)
        }));
        Self { starts, edges: lists.concat() }
    }

    /// Neighbours of a place, with weights from 0 to [`NEIGHBOUR`].
    pub fn around(&self, place: usize) -> &[(u32, f32)] {
        &self.edges[self.starts[place] as usize..self.starts[place + 1] as usize]
    }

    /// Belief in each ink on each place, (places, inks); a place's sum is 1.
    pub fn agree(&self, against: &[f32], inks: usize) -> Vec<f32> {
        let mut belief = against.to_vec();
        belief.par_chunks_mut(inks).for_each(|scores| {
            scores.iter_mut().for_each(|s| *s = -*s);
            to_shares(scores);
        });
        for _ in 0..PASSES {
            let said = &belief;
            let mut next = vec![0.0; against.len()];
            next.par_chunks_mut(inks).zip(against.par_chunks(inks)).enumerate().for_each(|(place, (scores, against))| {
                scores.iter_mut().zip(against).for_each(|(s, a)| *s = -a);
                for &(other, weight) in self.around(place) {
                    let opinion = &said[other as usize * inks..][..inks];
                    scores.iter_mut().zip(opinion).for_each(|(s, o)| *s += weight * o);
                }
                to_shares(scores);
            });
            belief = next;
        }
        belief
    }
}

/// Logarithms of shares, up to one constant, become shares.
pub fn to_shares(scores: &mut [f32]) {
    let most = scores.iter().copied().fold(f32::MIN, f32::max);
    scores.iter_mut().for_each(|s| *s = (*s - most).exp());
    let sum: f32 = scores.iter().sum();
    scores.iter_mut().for_each(|s| *s /= sum);
}
