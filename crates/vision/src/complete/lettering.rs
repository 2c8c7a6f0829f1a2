//! Keeps letters and numbers readable where the livery is mirrored.
//!
//! Lettering is found as connected pieces of one ink, with thin strokes, wholly in sight, on plain ground of one other
//! ink; pieces of like height in a row are a word. Its mirror image is taken out and the word is set in the same place
//! again, turned back about its own middle, so it reads from front to back as it does on the seen side.

use std::collections::VecDeque;

use glam::{Vec2, Vec3};
use gridvox_car::AtlasMaps;
use rayon::prelude::*;

use super::dilate::neighbours;
use crate::color::LinearRgb;
use crate::delight::Palette;

/// Heights of letters and numbers, in metres.
const LETTER_HEIGHT_M: std::ops::Range<f32> = 0.02..0.65;
/// A letter's strokes are thinner than this share of its height.
const STROKE_SHARE: f32 = 0.5;
/// Words are not longer than this, in metres.
const WORD_LENGTH_M: f32 = 1.6;
/// Share of the rim around a piece that has to be one ink.
const PLAIN_SHARE: f32 = 0.75;
/// A piece that stands alone is a number when it is at least this tall, in metres.
const LONE_HEIGHT_M: f32 = 0.09;
/// Texels around strokes that still hold their blurred edge.
const EDGE_TEXELS: usize = 3;

/// A word or number on the seen side.
#[derive(Debug, Clone)]
pub struct Word {
    /// Texels of the strokes with their blurred edges.
    pub texels: Vec<u32>,
    /// The ground's colour.
    pub ground: LinearRgb,
    /// Smallest and largest place in the word's own plane, in metres.
    low: Vec2,
    high: Vec2,
    plane: Plane,
    part: u16,
}

/// The plane that a word is read in: which axes run along and up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Plane {
    /// Doors and wings: along the car, and up.
    Side,
    /// Bonnet and roof: across the car, and along it.
    Top,
    /// Bumpers: across the car, and up.
    End,
}

impl Plane {
    fn of(normal: Vec3) -> Self {
        let n = normal.abs();
        if n.x >= n.y && n.x >= n.z {
            Self::Side
        } else if n.y >= n.z {
            Self::Top
        } else {
            Self::End
        }
    }

    /// Place along the reading direction, which is the one to turn, and across it.
    fn project(self, p: Vec3) -> Vec2 {
        match self {
            Self::Side => Vec2::new(p.z, p.y),
            Self::Top => Vec2::new(p.x, p.z),
            Self::End => Vec2::new(p.x, p.y),
        }
    }
}

/// A connected piece of one ink.
struct Piece {
    texels: Vec<u32>,
    ground_ink: u8,
    ink: u8,
    part: u16,
    low: Vec2,
    high: Vec2,
    plane: Plane,
    lone: bool,
}

impl Piece {
    fn height(&self) -> f32 {
        self.high.y - self.low.y
    }

    /// Whether two pieces belong to one word: side by side, alike in height.
    fn beside(&self, other: &Self) -> bool {
        if (self.part, self.ink, self.ground_ink, self.plane) != (other.part, other.ink, other.ground_ink, other.plane) {
            return false;
        }
        let (a, b) = (self.height(), other.height());
        let tall = a.max(b);
        let overlap = self.high.y.min(other.high.y) - self.low.y.max(other.low.y);
        let gap = self.low.x.max(other.low.x) - self.high.x.min(other.high.x);
        a.min(b) > 0.4 * tall && overlap > 0.4 * a.min(b) && gap < 0.7 * tall
    }
}

const UNSEEN: u8 = u8::MAX;

/// Finds the words among the known texels.
pub fn find(color: &[LinearRgb], known: &[bool], maps: &AtlasMaps, palette: &Palette) -> Vec<Word> {
    if palette.inks.len() < 2 {
        return Vec::new();
    }
    let size = maps.size as usize;
    let labs = palette.labs();
    let inks: Vec<u8> = color
        .par_iter()
        .zip(known)
        .zip(&maps.part)
        .map(|((c, &known), &part)| if known && part != 0 { labs.nearest(*c) as u8 } else { UNSEEN })
        .collect();
    let mut visited = vec![false; inks.len()];
    let mut pieces = Vec::new();
    for start in 0..inks.len() {
        if inks[start] == UNSEEN || visited[start] {
            continue;
        }
        let texels = flood(start, &inks, &maps.part, &mut visited, size);
        if let Some(piece) = judge(texels, &inks, maps) {
            pieces.push(piece);
        }
    }
    words(&pieces, color, maps)
}

fn flood(start: usize, inks: &[u8], part: &[u16], visited: &mut [bool], size: usize) -> Vec<u32> {
    let mut texels = vec![start as u32];
    visited[start] = true;
    let mut next = 0;
    while next < texels.len() {
        for &n in neighbours(texels[next] as usize, size).iter().flatten() {
            let n = n as usize;
            if !visited[n] && inks[n] == inks[start] && part[n] == part[start] {
                visited[n] = true;
                texels.push(n as u32);
            }
        }
        next += 1;
    }
    texels
}

/// Whether a piece could be a letter or a number.
fn judge(texels: Vec<u32>, inks: &[u8], maps: &AtlasMaps) -> Option<Piece> {
    let first = texels[0] as usize;
    let texel_m = maps.texel_m[first].max(1e-5);
    let area = texels.len() as f32 * texel_m * texel_m;
    if texels.len() < 12 || area > 0.3 {
        return None;
    }
    let size = maps.size as usize;
    let plane = Plane::of(maps.normal[texels[texels.len() / 2] as usize]);
    let (mut low, mut high) = (Vec2::MAX, Vec2::MIN);
    for &t in &texels {
        let p = plane.project(maps.position[t as usize]);
        (low, high) = (low.min(p), high.max(p));
    }
    let extent = high - low + texel_m;
    if !LETTER_HEIGHT_M.contains(&extent.y) || extent.x > 1.0 || extent.x < 0.005 {
        return None;
    }
    let (ground_ink, plain, open) = rim(&texels, inks, maps.part[first], &maps.part, size);
    if plain < PLAIN_SHARE || open > 0.02 || ground_ink == inks[first] {
        return None;
    }
    let stroke = 2.0 * thickness(&texels, size) * texel_m;
    if stroke > STROKE_SHARE * extent.y.max(extent.x).min(2.0 * extent.y) {
        return None;
    }
    let filled = area / (extent.x * extent.y);
    let aspect = extent.x / extent.y;
    let lone = extent.y > LONE_HEIGHT_M && (0.15..1.3).contains(&aspect) && filled < 0.75 && stroke < 0.4 * extent.y;
    let (ink, part) = (inks[first], maps.part[first]);
    Some(Piece { texels, ground_ink, ink, part, low, high, plane, lone })
}

/// The ink that most of a piece's surroundings have, its share, and the share of surroundings that are not in sight.
fn rim(texels: &[u32], inks: &[u8], own_part: u16, part: &[u16], size: usize) -> (u8, f32, f32) {
    let own: std::collections::HashSet<u32> = texels.iter().copied().collect();
    // The first rings are the blurred edge, whose colours lie between two inks.
    let mut ring: Vec<u32> = texels.to_vec();
    let mut reached = own.clone();
    let mut open = 0;
    for _ in 0..=EDGE_TEXELS {
        let mut next = Vec::new();
        for &t in &ring {
            for &n in neighbours(t as usize, size)[..4].iter().flatten() {
                if reached.insert(n) {
                    if part[n as usize] == own_part && inks[n as usize] != UNSEEN {
                        next.push(n);
                    } else {
                        open += 1;
                    }
                }
            }
        }
        ring = next;
    }
    let mut counts = [0usize; 256];
    for &t in &ring {
        counts[usize::from(inks[t as usize])] += 1;
    }
    let (ink, count) = counts.iter().enumerate().max_by_key(|c| c.1).map_or((0, 0), |c| (c.0, *c.1));
    let all = (ring.len() + open).max(1) as f32;
    (ink as u8, count as f32 / ring.len().max(1) as f32, open as f32 / all)
}

/// Greatest distance of a texel of the piece from its rim, in texels.
fn thickness(texels: &[u32], size: usize) -> f32 {
    let mut distance: std::collections::HashMap<u32, u32> = texels.iter().map(|&t| (t, u32::MAX)).collect();
    let mut queue = VecDeque::new();
    for &t in texels {
        if neighbours(t as usize, size)[..4].iter().any(|n| n.is_none_or(|n| !distance.contains_key(&n))) {
            queue.push_back((t, 1));
        }
    }
    for &(t, d) in &queue {
        distance.insert(t, d);
    }
    let mut most = 0;
    while let Some((t, d)) = queue.pop_front() {
        most = most.max(d);
        for &n in neighbours(t as usize, size)[..4].iter().flatten() {
            if distance.get(&n) == Some(&u32::MAX) {
                distance.insert(n, d + 1);
                queue.push_back((n, d + 1));
            }
        }
    }
    most as f32
}

/// Joins pieces into words.
fn words(pieces: &[Piece], color: &[LinearRgb], maps: &AtlasMaps) -> Vec<Word> {
    let mut group: Vec<usize> = (0..pieces.len()).collect();
    for i in 0..pieces.len() {
        for j in 0..i {
            if pieces[i].beside(&pieces[j]) {
                let (from, to) = (group[i].max(group[j]), group[i].min(group[j]));
                for g in &mut group {
                    if *g == from {
                        *g = to;
                    }
                }
            }
        }
    }
    let mut found = Vec::new();
    for root in 0..pieces.len() {
        let members: Vec<&Piece> = (0..pieces.len()).filter(|&i| group[i] == root).map(|i| &pieces[i]).collect();
        let Some(first) = members.first() else { continue };
        if members.len() == 1 && !first.lone {
            continue;
        }
        let low = members.iter().fold(Vec2::MAX, |low, p| low.min(p.low));
        let high = members.iter().fold(Vec2::MIN, |high, p| high.max(p.high));
        if high.x - low.x > WORD_LENGTH_M {
            continue;
        }
        let strokes: Vec<u32> = members.iter().flat_map(|p| p.texels.iter().copied()).collect();
        let (texels, ground) = with_edges(&strokes, color, first.part, maps);
        found.push(Word { texels, ground, low, high, plane: first.plane, part: first.part });
    }
    found
}

/// The strokes with their blurred edges, and the mean colour of the ring beyond.
fn with_edges(strokes: &[u32], color: &[LinearRgb], part: u16, maps: &AtlasMaps) -> (Vec<u32>, LinearRgb) {
    let size = maps.size as usize;
    let mut reached: std::collections::HashSet<u32> = strokes.iter().copied().collect();
    let mut all = strokes.to_vec();
    let mut ring = strokes.to_vec();
    let mut ground = [0.0f32; 3];
    for step in 0..=EDGE_TEXELS {
        let mut next = Vec::new();
        for &t in &ring {
            for &n in neighbours(t as usize, size)[..4].iter().flatten() {
                if maps.part[n as usize] == part && reached.insert(n) {
                    next.push(n);
                }
            }
        }
        if step == EDGE_TEXELS {
            for &t in &next {
                ground = std::array::from_fn(|k| ground[k] + color[t as usize][k] / next.len() as f32);
            }
        } else {
            all.extend(&next);
        }
        ring = next;
    }
    (all, ground)
}

/// Sets words on the mirrored side. `mirrored` are pairs (texel to fill, texel that it mirrors), `color` holds the
/// mirrored colours already and the seen side.
pub fn set_readable(color: &mut [LinearRgb], words: &[Word], mirrored: &[(usize, usize)], maps: &AtlasMaps) {
    if words.is_empty() {
        return;
    }
    let mut word_of = vec![u16::MAX; color.len()];
    for (index, word) in words.iter().enumerate() {
        for &t in &word.texels {
            word_of[t as usize] = index as u16;
        }
    }
    let indices: Vec<PlaneIndex> = words.iter().map(|word| PlaneIndex::new(word, maps)).collect();
    let seen = &*color;
    let changes: Vec<(usize, LinearRgb)> = mirrored
        .par_iter()
        .filter_map(|&(to, from)| {
            // First the mirrored letters go, then the turned ones come.
            let mut new = (word_of[from] != u16::MAX).then(|| words[usize::from(word_of[from])].ground);
            for (index, word) in words.iter().enumerate().filter(|(_, word)| word.part == maps.part[from]) {
                let at = word.plane.project(maps.position[from]);
                let margin = maps.texel_m[from] * (EDGE_TEXELS as f32 + 1.0);
                if at.cmplt(word.low - margin).any() || at.cmpgt(word.high + margin).any() {
                    continue;
                }
                let turned = Vec2::new(word.low.x + word.high.x - at.x, at.y);
                if let Some(c) = indices[index].sample(turned, seen, &word_of, index as u16, word, maps) {
                    new = Some(c);
                }
            }
            new.map(|c| (to, c))
        })
        .collect();
    for (to, c) in changes {
        color[to] = c;
    }
}

/// Finds the texel at a place in a word's plane.
struct PlaneIndex {
    origin: Vec2,
    cell_m: f32,
    across: usize,
    texels: Vec<u32>,
}

impl PlaneIndex {
    fn new(word: &Word, maps: &AtlasMaps) -> Self {
        let texel_m = maps.texel_m[word.texels[0] as usize].max(1e-4);
        let margin = texel_m * 8.0;
        let origin = word.low - margin;
        let extent = word.high - word.low + 2.0 * margin;
        let cell_m = texel_m;
        let (across, down) = ((extent.x / cell_m) as usize + 2, (extent.y / cell_m) as usize + 2);
        let mut index = Self { origin, cell_m, across, texels: vec![u32::MAX; across * down] };
        // The word's rectangle in the texture, with a margin for its edges.
        let size = maps.size as usize;
        let columns = word.texels.iter().map(|&t| t as usize % size);
        let rows = word.texels.iter().map(|&t| t as usize / size);
        let span = |low: Option<usize>, high: Option<usize>| {
            let (low, high) = (low.unwrap_or(0), high.unwrap_or(0));
            low.saturating_sub((high - low) / 2 + 8)..(high + (high - low) / 2 + 9).min(size)
        };
        let columns = span(columns.clone().min(), columns.max());
        for y in span(rows.clone().min(), rows.max()) {
            for x in columns.clone() {
                let t = y * size + x;
                if maps.part[t] == word.part
                    && Plane::of(maps.normal[t]) == word.plane
                    && let Some(cell) = index.cell(word.plane.project(maps.position[t]))
                {
                    index.texels[cell] = t as u32;
                }
            }
        }
        index
    }

    fn cell(&self, at: Vec2) -> Option<usize> {
        let c = (at - self.origin) / self.cell_m;
        let inside = c.x >= 0.0 && c.y >= 0.0 && (c.x as usize) < self.across;
        let cell = c.y as usize * self.across + c.x as usize;
        (inside && cell < self.texels.len()).then_some(cell)
    }

    /// The word's colour at a place of its plane, between texels; `None` beside the word.
    fn sample(
        &self,
        at: Vec2,
        color: &[LinearRgb],
        word_of: &[u16],
        own: u16,
        word: &Word,
        maps: &AtlasMaps,
    ) -> Option<LinearRgb> {
        let cell = self.cell(at)? as isize;
        let across = self.across as isize;
        let near = [0, -1, 1, -across, across, -across - 1, 1 - across, across - 1, across + 1]
            .iter()
            .filter_map(|d| self.texels.get(usize::try_from(cell + d).ok()?).copied())
            .find(|&t| t != u32::MAX)? as usize;
        let size = maps.size as usize;
        let (x, y) = (near % size, near / size);
        if x == 0 || y == 0 || x + 2 >= size || y + 2 >= size {
            return None;
        }
        let place = |t: usize| word.plane.project(maps.position[t]);
        let (dx, dy) = ((place(near + 1) - place(near - 1)) * 0.5, (place(near + size) - place(near - size)) * 0.5);
        let determinant = dx.perp_dot(dy);
        let off = at - place(near);
        let (u, v) = if determinant.abs() > 1e-12 {
            ((off.perp_dot(dy) / determinant).clamp(-1.5, 1.5), (dx.perp_dot(off) / determinant).clamp(-1.5, 1.5))
        } else {
            (0.0, 0.0)
        };
        let (fx, fy) = (x as f32 + u, y as f32 + v);
        let (x0, y0) = (fx.floor() as usize, fy.floor() as usize);
        let (tx, ty) = (fx - x0 as f32, fy - y0 as f32);
        let four = [y0 * size + x0, y0 * size + x0 + 1, (y0 + 1) * size + x0, (y0 + 1) * size + x0 + 1];
        if four.iter().all(|&t| word_of[t] != own) {
            return None;
        }
        // Beyond the strokes' edges the ground is plain.
        let c = four.map(|t| if word_of[t] == own { color[t] } else { word.ground });
        Some(std::array::from_fn(|k| {
            let top = c[0][k] + (c[1][k] - c[0][k]) * tx;
            let bottom = c[2][k] + (c[3][k] - c[2][k]) * tx;
            top + (bottom - top) * ty
        }))
    }
}
