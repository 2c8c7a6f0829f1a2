//! Invents what neither a photo nor the mirror shows, from the livery's own inks.
//!
//! Liveries run along the car: a stripe on the bonnet goes on over the roof, a sill's colour goes on to the tail. So each
//! unseen place asks the known places that are nearest when a step along the car counts little and a turn of the surface
//! counts much, and they vote on its ink. Votes are taken on cells much larger than lettering, so letters do not vote;
//! they are then smoothed and decided per texel, so the result has the livery's own flat colours with crisp borders
//! and nothing is smeared.

use glam::Vec3;
use gridvox_car::AtlasMaps;
use rayon::prelude::*;

use super::nearest::{Feature, Tree};
use crate::color::LinearRgb;
use crate::delight::{MAX_INKS, Palette};

/// Cells per side of the voting grid.
const CELLS: usize = 256;
/// What a metre along the car counts, where one across or up counts 1.
const ALONG: f32 = 0.4;
/// Metres that a surface which looks the opposite way counts as farther.
const TURN_M: f32 = 0.5;
/// Known cells that vote.
const VOTERS: usize = 12;
/// Nearer than this, in metres, distance no longer counts.
const NEAR_M: f32 = 0.03;
/// Distances from what is seen, in metres, over which its own shade of an ink gives way to the ink's mean.
const LOCAL_M: std::ops::Range<f32> = 0.06..0.4;
/// Rounds of smoothing among unseen cells.
const SMOOTHING_ROUNDS: usize = 6;
/// Votes further apart than this are decided; closer ones mix, for smooth borders.
const DECIDED: f32 = 0.06;

/// Votes of a cell: a share and a colour sum for each ink.
#[derive(Clone, Copy)]
struct Votes([[f32; 4]; MAX_INKS]);

impl Votes {
    const NONE: Self = Self([[0.0; 4]; MAX_INKS]);

    fn add(&mut self, other: &Self, weight: f32) {
        for (a, b) in self.0.iter_mut().zip(&other.0) {
            for k in 0..4 {
                a[k] += weight * b[k];
            }
        }
    }

    fn cast(&mut self, ink: usize, color: LinearRgb, weight: f32) {
        let vote = &mut self.0[ink];
        for k in 0..3 {
            vote[k] += weight * color[k];
        }
        vote[3] += weight;
    }

    /// Moves each ink's colour toward the palette's.
    fn toward(&mut self, palette: &Palette, share: f32) {
        for (vote, ink) in self.0.iter_mut().zip(&palette.inks) {
            for k in 0..3 {
                vote[k] += (ink.color[k] * vote[3] - vote[k]) * share;
            }
        }
    }

    fn total(&self) -> f32 {
        self.0.iter().map(|v| v[3]).sum()
    }

    fn normalised(mut self) -> Self {
        let total = self.total();
        if total > 0.0 {
            for k in self.0.iter_mut().flatten() {
                *k /= total;
            }
        }
        self
    }

    /// The winning ink's own colour near here, mixed with the second's where the vote is close.
    fn decide(&self) -> Option<LinearRgb> {
        let (mut first, mut second) = (&[0.0f32; 4], &[0.0f32; 4]);
        for vote in &self.0 {
            if vote[3] > first[3] {
                (first, second) = (vote, first);
            } else if vote[3] > second[3] {
                second = vote;
            }
        }
        if first[3] <= 0.0 {
            return None;
        }
        let color = |v: &[f32; 4]| [v[0] / v[3], v[1] / v[3], v[2] / v[3]];
        let lead = (first[3] - second[3]) / self.total();
        if lead >= DECIDED || second[3] <= 0.0 {
            return Some(color(first));
        }
        let t = 0.5 + 0.5 * lead / DECIDED;
        let (a, b) = (color(first), color(second));
        Some(std::array::from_fn(|k| b[k] + (a[k] - b[k]) * t))
    }
}

struct Cell {
    part: u16,
    position: Vec3,
    normal: Vec3,
    known: bool,
    votes: Votes,
}

fn feature(position: Vec3, normal: Vec3) -> Feature {
    // Both sides vote for both: the car is symmetric as far as anybody knows.
    let side = normal.x * position.x.signum();
    let n = 0.5 * TURN_M * Vec3::new(side, normal.y, normal.z);
    [position.x.abs(), position.y, position.z * ALONG, n.x, n.y, n.z]
}

/// Gives every painted texel with `known == false` a colour; returns how many it filled.
pub fn fill(color: &mut [LinearRgb], known: &[bool], maps: &AtlasMaps, palette: &Palette) -> usize {
    let size = maps.size as usize;
    let step = (size / CELLS).max(1);
    let across = size.div_ceil(step);
    let mut cells = collect(color, known, maps, palette, step, across);
    let voters: Vec<usize> = (0..cells.len()).filter(|&c| cells[c].known && cells[c].part != 0).collect();
    if voters.is_empty() {
        let fallback = palette.inks.first().map_or([0.5; 3], |ink| ink.color);
        let open = (0..color.len()).filter(|&i| maps.part[i] != 0 && !known[i]);
        return open.map(|i| color[i] = fallback).count();
    }
    let broad = broaden(&cells, across);
    let tree = Tree::new(voters.iter().map(|&c| feature(cells[c].position, cells[c].normal)));
    let ask = |position: Vec3, normal: Vec3, found: &mut Vec<(f32, u32)>| {
        tree.nearest(feature(position, normal), VOTERS, found);
        let mut votes = Votes::NONE;
        for &(d2, voter) in found.iter() {
            votes.add(&broad[voters[voter as usize]], 1.0 / (d2 + NEAR_M * NEAR_M));
        }
        // Beside what is seen its own shade of an ink goes on; farther off the ink itself is surer.
        let away = found.first().map_or(f32::INFINITY, |f| f.0.sqrt());
        let ink_share = ((away - LOCAL_M.start) / (LOCAL_M.end - LOCAL_M.start)).clamp(0.0, 1.0);
        votes.toward(palette, ink_share);
        votes.normalised()
    };
    let asked: Vec<(usize, Votes)> = (0..cells.len())
        .into_par_iter()
        .filter(|&c| cells[c].part != 0 && !cells[c].known)
        .map_init(Vec::new, |found, c| (c, ask(cells[c].position, cells[c].normal, found)))
        .collect();
    for (c, votes) in &asked {
        cells[*c].votes = *votes;
    }
    for (c, votes) in broad.iter().enumerate() {
        if cells[c].known {
            cells[c].votes = *votes;
        }
    }
    smooth(&mut cells, &asked, across);

    let filled: Vec<(usize, LinearRgb)> = (0..color.len())
        .into_par_iter()
        .filter(|&i| maps.part[i] != 0 && !known[i])
        .map_init(Vec::new, |found, i| {
            let votes = between(&cells, maps, i, step, across)
                .unwrap_or_else(|| ask(maps.position[i], maps.normal[i], found));
            (i, votes.decide().unwrap_or([0.5; 3]))
        })
        .collect();
    for (i, c) in &filled {
        color[*i] = *c;
    }
    filled.len()
}

/// Cells with the part, place and inks of their texels. A cell belongs to the part that has most texels in it.
fn collect(
    color: &[LinearRgb],
    known: &[bool],
    maps: &AtlasMaps,
    palette: &Palette,
    step: usize,
    across: usize,
) -> Vec<Cell> {
    let size = maps.size as usize;
    let labs = palette.labs();
    // Every second texel is enough for a vote.
    let stride = if step >= 4 { 2 } else { 1 };
    (0..across * across)
        .into_par_iter()
        .map(|c| {
            let (x0, y0) = (c % across * step, c / across * step);
            let texels = || {
                (y0..(y0 + step).min(size))
                    .step_by(stride)
                    .flat_map(move |y| (x0..(x0 + step).min(size)).step_by(stride).map(move |x| y * size + x))
            };
            let mut parts: Vec<(u16, usize)> = Vec::new();
            for i in texels().filter(|&i| maps.part[i] != 0) {
                match parts.iter_mut().find(|p| p.0 == maps.part[i]) {
                    Some(p) => p.1 += 1,
                    None => parts.push((maps.part[i], 1)),
                }
            }
            let Some(&(part, _)) = parts.iter().max_by_key(|p| (p.1, u16::MAX - p.0)) else {
                return Cell { part: 0, position: Vec3::ZERO, normal: Vec3::Y, known: false, votes: Votes::NONE };
            };
            let (mut position, mut normal, mut count, mut seen) = (Vec3::ZERO, Vec3::ZERO, 0, 0);
            let mut votes = Votes::NONE;
            for i in texels().filter(|&i| maps.part[i] == part) {
                position += maps.position[i];
                normal += maps.normal[i];
                count += 1;
                if known[i] {
                    seen += 1;
                    votes.cast(labs.nearest(color[i]), color[i], 1.0);
                }
            }
            Cell {
                part,
                position: position / count as f32,
                normal: normal.normalize_or(Vec3::Y),
                known: seen * 2 > count,
                votes: votes.normalised(),
            }
        })
        .collect()
}

/// Each known cell's votes together with its neighbours' on the same part, so that lettering is outvoted.
fn broaden(cells: &[Cell], across: usize) -> Vec<Votes> {
    const REACH: isize = 2;
    (0..cells.len())
        .into_par_iter()
        .map(|c| {
            let mut votes = Votes::NONE;
            if cells[c].known {
                for_near(c, across, REACH, |n| {
                    if cells[n].known && cells[n].part == cells[c].part {
                        votes.add(&cells[n].votes, 1.0);
                    }
                });
            }
            votes.normalised()
        })
        .collect()
}

fn for_near(c: usize, across: usize, reach: isize, mut visit: impl FnMut(usize)) {
    let (x, y) = ((c % across) as isize, (c / across) as isize);
    let last = across as isize - 1;
    for ny in (y - reach).max(0)..=(y + reach).min(last) {
        for nx in (x - reach).max(0)..=(x + reach).min(last) {
            visit((ny * across as isize + nx) as usize);
        }
    }
}

/// Averages unseen cells with their neighbours on the same part; seen ones hold still.
fn smooth(cells: &mut [Cell], open: &[(usize, Votes)], across: usize) {
    for _ in 0..SMOOTHING_ROUNDS {
        let next: Vec<(usize, Votes)> = open
            .par_iter()
            .map(|&(c, ref own)| {
                let mut votes = Votes::NONE;
                votes.add(own, 0.5);
                for_near(c, across, 1, |n| {
                    if cells[n].part == cells[c].part {
                        votes.add(&cells[n].votes, 1.0);
                    }
                });
                (c, votes.normalised())
            })
            .collect();
        for (c, votes) in next {
            cells[c].votes = votes;
        }
    }
}

/// Votes between the four nearest cells of the texel's part, or `None` where none of them is of that part.
fn between(cells: &[Cell], maps: &AtlasMaps, texel: usize, step: usize, across: usize) -> Option<Votes> {
    let size = maps.size as usize;
    let at = |v: usize| (v as f32 + 0.5) / step as f32 - 0.5;
    let (x, y) = (at(texel % size), at(texel / size));
    let mut votes = Votes::NONE;
    let mut total = 0.0;
    for dy in 0..2 {
        for dx in 0..2 {
            let (cx, cy) = (x.floor() as isize + dx, y.floor() as isize + dy);
            if cx < 0 || cy < 0 || cx >= across as isize || cy >= across as isize {
                continue;
            }
            let cell = &cells[cy as usize * across + cx as usize];
            let weight = (1.0 - (x - cx as f32).abs()) * (1.0 - (y - cy as f32).abs());
            if cell.part == maps.part[texel] && weight > 0.0 {
                votes.add(&cell.votes, weight);
                total += weight;
            }
        }
    }
    (total > 0.0).then(|| votes.normalised())
}
