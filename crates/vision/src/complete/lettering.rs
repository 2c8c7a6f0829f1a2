//! Keeps letters and numbers readable where the livery is mirrored.
//!
//! Each face of the car is laid flat, so that words run on over panel gaps. Lettering is found there in two ways: as connected
//! pieces of one ink with thin strokes ([`inks`]), and as what stands out from its surroundings whatever its ink ([`strokes`]); pieces of
//! like height in a row are a line ([`lines`]). The reading network says which lines are writing. A word's mirror image is taken
//! out (what lies around goes on below it) and the word is set in the same place again, turned back about its own middle, so it
//! reads from front to back as it does on the seen side.

mod inks;
pub(crate) mod lines;
pub(crate) mod strokes;

use std::collections::{HashMap, HashSet, VecDeque};

use glam::Vec2;
use gridvox_car::AtlasMaps;
use rayon::prelude::*;

use super::sheet::{Face, Sheet};
use crate::color::LinearRgb;
use crate::delight::Palette;
use crate::net::reading::{Reading, WordPicture, mirrored_log_odds};
use crate::net::{ModelError, ReadingNetwork};
use crate::timed::timed;
use inks::{Marks, alike, flood, judge, words};
use lines::{Line, Reader, lines};
use strokes::{CellBox, Raster};

/// Cells around strokes that still hold their blurred edge.
const EDGE_CELLS: usize = 3;

/// Lines are looked for on cells of this size or larger, in metres: photos show no more.
const FINDER_CELL_M: f32 = 0.003;
/// Log odds of writing from which a line counts as such: what stands out, of which little is writing and least on bonnet and roof,
/// and what has an ink of its own and thin strokes. On the sides in 24 tuning photos they leave 10 of 19 and 10 of 10 lines of
/// words, beside 3 of 1,185 and 3 of 13 others (closely joined lines alone).
const WRITING: f32 = 2.0;
const WRITING_ON_TOP: f32 = 3.5;
const WRITING_OF_ONE_INK: f32 = 0.0;
/// Log odds of writing from which a line without an ink of its own says which way it reads: to turn what is no writing does little
/// harm, to call a good photo flipped much.
const WRITING_THAT_COUNTS: f32 = 3.0;
/// Log odds that are as good as sure.
const SURE: f32 = 5.0;
/// Lines that share more than this of their strokes with one that counts already do not count; those that share more of
/// their place are turned together.
const SHARED: f32 = 0.15;

/// On bonnet and roof one stroke in so many is mirrored to where nobody sees, or the line does not matter.
const TURNED: usize = 10;

const UNSEEN: u8 = u8::MAX;
const NO_WORD: u16 = u16::MAX;

/// All words that were found.
#[derive(Default)]
pub struct Lettering {
    leaves: Vec<Leaf>,
    /// What the words on faces that are read standing up say; empty without a network.
    readings: Vec<Reading>,
}

/// A face with its words.
struct Leaf {
    sheet: Sheet,
    /// The word of each cell, with its blurred edges; [`NO_WORD`] elsewhere.
    word: Vec<u16>,
    /// Below words, a texel of the ground that goes on there.
    ground: HashMap<u32, u32>,
    boxes: Vec<WordBox>,
}

/// Smallest and largest place of a word in its face, in metres.
struct WordBox {
    low: Vec2,
    high: Vec2,
}

/// What may be a word.
struct Found {
    leaf: usize,
    /// Cells of its strokes on its face's sheet.
    strokes: Vec<u32>,
    extent: WordBox,
    of_one_ink: bool,
    /// As readers see it.
    pictures: Vec<WordPicture>,
    reading: Option<Reading>,
}

impl Found {
    /// How much it counts as a word; `None` when it is none. Of equally sure ones the larger counts more: it may be the whole of
    /// which the other is a piece.
    fn weight(&self, face: Face) -> Option<f32> {
        let large = 0.5 * (self.strokes.len() as f32).ln();
        let Some(reading) = self.reading else {
            return self.of_one_ink.then_some(large);
        };
        let least = match face {
            _ if self.of_one_ink => WRITING_OF_ONE_INK,
            Face::Top => WRITING_ON_TOP,
            _ => WRITING,
        };
        (reading.writing > least).then_some(reading.writing.min(SURE) + large)
    }

    fn shares_place(&self, other: &Self) -> bool {
        let least = self.extent.area().min(other.extent.area());
        self.leaf == other.leaf && self.extent.shared(&other.extent) > SHARED * least
    }

    /// Both as one word, which reads as the first does.
    fn with(mut self, other: Self) -> Self {
        self.strokes.extend(other.strokes);
        self.strokes.sort_unstable();
        self.strokes.dedup();
        self.extent = WordBox { low: self.extent.low.min(other.extent.low), high: self.extent.high.max(other.extent.high) };
        self.of_one_ink |= other.of_one_ink;
        self
    }
}

impl Lettering {
    /// Finds the words among the known texels. Without a network those are found that have an ink of their own.
    ///
    /// # Errors
    /// Where the network cannot run.
    pub fn find(
        color: &[LinearRgb],
        known: &[bool],
        maps: &AtlasMaps,
        palette: &Palette,
        network: Option<&ReadingNetwork>,
    ) -> Result<Self, ModelError> {
        timed!("words");
        let letter_ink = (palette.inks.len() > 1).then(|| alike(palette));
        let labs = palette.labs();
        let sheets: Vec<Sheet> = {
            timed!("sheets");
            Face::ALL.into_par_iter().filter_map(|face| Sheet::new(face, known, maps)).collect()
        };
        let mut found: Vec<Found> = sheets
            .par_iter()
            .enumerate()
            .flat_map_iter(|(leaf, sheet)| {
                let raster = network.map(|_| Raster::of(sheet, color));
                // What is seen on both sides needs no turning; on sides and ends it still tells which way it reads.
                let unseen = |texel: u32| known.get(maps.mirror[texel as usize] as usize).is_some_and(|known| !known);
                let matters = |strokes: &[u32]| {
                    let turned = || strokes.iter().filter(|&&cell| unseen(sheet.texel[cell as usize])).count();
                    sheet.face != Face::Top || turned() * TURNED > strokes.len()
                };
                let (mut found, of_one_ink) = rayon::join(
                    || raster.as_ref().map_or(Vec::new(), |raster| standing_out(leaf, sheet, raster, &matters)),
                    || {
                        let letter_ink = letter_ink.as_ref()?;
                        let ink_of =
                            |&t: &u32| if t == u32::MAX { UNSEEN } else { letter_ink[labs.nearest(color[t as usize])] };
                        let inks: Vec<u8> = sheet.texel.par_iter().map(ink_of).collect();
                        Some(of_one_ink(leaf, sheet, &inks, raster.as_ref()))
                    },
                );
                found.extend(of_one_ink.into_iter().flatten());
                found
            })
            .collect();
        if let Some(network) = network {
            let pictures: Vec<WordPicture> = found.iter().flat_map(|found| found.pictures.iter().cloned()).collect();
            timed!("reading");
            let mut readings = network.read(&pictures)?.into_iter();
            for found in &mut found {
                // Whoever reads it best is right about how it stands.
                let readings = found.pictures.iter().filter_map(|_| readings.next());
                found.reading = readings.max_by(|a, b| a.writing.total_cmp(&b.writing));
            }
            // What shows no contrast is no writing.
            found.retain(|found| found.reading.is_some());
        }
        Ok(Self::of_words(sheets, found))
    }

    /// Takes the words of most weight, and of those that share strokes the one of more. Those that share place are turned as
    /// one, so that a name beside a number's foot stays there.
    fn of_words(sheets: Vec<Sheet>, found: Vec<Found>) -> Self {
        let mut words: Vec<(f32, Found)> = found.into_iter().filter_map(|f| Some((f.weight(sheets[f.leaf].face)?, f))).collect();
        words.sort_by(|a, b| b.0.total_cmp(&a.0));
        let mut taken: HashSet<u32> = HashSet::new();
        let mut kept: Vec<Found> = Vec::new();
        for (_, mut word) in words {
            let texel = |&cell: &u32| sheets[word.leaf].texel[cell as usize];
            let again = word.strokes.iter().filter(|&cell| taken.contains(&texel(cell))).count();
            if again as f32 > SHARED * word.strokes.len() as f32 {
                continue;
            }
            taken.extend(word.strokes.iter().map(texel));
            // Joined words may reach others.
            while let Some(at) = kept.iter().position(|other| other.shares_place(&word)) {
                word = kept.remove(at).with(word);
            }
            kept.push(word);
        }
        let counts = |word: &Found, reading: &Reading| word.of_one_ink || reading.writing > WRITING_THAT_COUNTS;
        let readings = kept
            .iter()
            .filter(|word| sheets[word.leaf].face != Face::Top)
            .filter_map(|word| word.reading.filter(|reading| counts(word, reading)))
            .collect();
        let mut leaves: Vec<Leaf> = sheets.into_iter().map(Leaf::new).collect();
        for word in kept {
            leaves[word.leaf].add(word);
        }
        leaves.retain(|leaf| !leaf.boxes.is_empty());
        leaves.par_iter_mut().for_each(Leaf::lay_ground);
        Self { leaves, readings }
    }

    /// Natural log odds that the words are mirror writing; `None` where there are none or there is no network.
    pub fn mirrored_log_odds(&self) -> Option<f32> {
        mirrored_log_odds(&self.readings)
    }

    /// How many words and numbers there are.
    pub fn words(&self) -> usize {
        self.leaves.iter().map(|leaf| leaf.boxes.len()).sum()
    }

    /// Sets the words on the mirrored side. `mirrored` are pairs (texel to fill, texel that it mirrors), `color` holds the
    /// mirrored colours already and the seen side.
    pub fn set_readable(&self, color: &mut [LinearRgb], mirrored: &[(usize, usize)], maps: &AtlasMaps) {
        let seen = &*color;
        let changes: Vec<(usize, LinearRgb)> = mirrored
            .par_iter()
            .filter_map(|&(to, from)| {
                let shows = |leaf: &&Leaf| leaf.sheet.face.shows(maps.normal[from]);
                let reset = |leaf: &Leaf| leaf.reset(from, seen, maps).map(|c| (to, c));
                self.leaves.iter().filter(shows).find_map(reset)
            })
            .collect();
        for (to, c) in changes {
            color[to] = c;
        }
    }
}

impl WordBox {
    /// From the middle of the outermost cells.
    fn around(cells: &[u32], sheet: &Sheet) -> Self {
        let places = || cells.iter().map(|&cell| sheet.place(cell as usize));
        Self { low: places().fold(Vec2::MAX, Vec2::min), high: places().fold(Vec2::MIN, Vec2::max) }
    }

    fn area(&self) -> f32 {
        (self.high - self.low).element_product()
    }

    fn shared(&self, other: &Self) -> f32 {
        (self.high.min(other.high) - self.low.max(other.low)).max(Vec2::ZERO).element_product()
    }
}

impl Raster {
    /// A face's colours on cells that are large enough to look for letters on.
    pub(super) fn of(sheet: &Sheet, color: &[LinearRgb]) -> Self {
        let cell_m = sheet.cell_m.max(FINDER_CELL_M);
        let by = cell_m / sheet.cell_m;
        let count = |cells: usize| ((cells as f32 / by) as usize).max(1);
        let (across, down) = (count(sheet.across), count(sheet.down()));
        let at = |i: usize, cells: usize| (((i as f32 + 0.5) * by) as usize).min(cells - 1);
        let tone = |i: usize| {
            let cell = at(i / across, sheet.down()) * sheet.across + at(i % across, sheet.across);
            match sheet.texel[cell] {
                u32::MAX => [f32::NAN; 3],
                texel => color[texel as usize].map(|v| v.max(0.0).cbrt()),
            }
        };
        Self { across, cell_m, tone: (0..across * down).into_par_iter().map(tone).collect() }
    }
}

/// How readers stand before a face.
pub(super) fn readers(face: Face) -> &'static [Reader] {
    match face {
        Face::Right | Face::Front => &[Reader { rightward: true, upright: true }],
        Face::Left | Face::Rear => &[Reader { rightward: false, upright: true }],
        // Before the car, and behind it.
        Face::Top => &[Reader { rightward: true, upright: false }, Reader { rightward: false, upright: true }],
    }
}

/// Lines of what stands out.
fn standing_out(leaf: usize, sheet: &Sheet, raster: &Raster, matters: &(dyn Fn(&[u32]) -> bool + Sync)) -> Vec<Found> {
    let by = raster.cell_m / sheet.cell_m;
    let found = |line: Line| {
        let of = |range: (u16, u16), end: usize| {
            ((f32::from(range.0) * by) as usize)..(((f32::from(range.1) + 1.0) * by).ceil() as usize).min(end)
        };
        let mut strokes = Vec::new();
        let of_line = line.strokes(raster);
        for y in of(line.extent.y, sheet.down()) {
            for x in of(line.extent.x, sheet.across) {
                let cell = y * sheet.across + x;
                if sheet.texel[cell] != u32::MAX && of_line.has((x as f32 / by) as usize, (y as f32 / by) as usize) {
                    strokes.push(cell as u32);
                }
            }
        }
        if strokes.is_empty() || !matters(&strokes) {
            return None;
        }
        let pictures = line.pictures(raster, sheet.face);
        let extent = WordBox::around(&strokes, sheet);
        Some(Found { leaf, strokes, extent, of_one_ink: false, pictures, reading: None })
    };
    lines(raster).into_iter().filter_map(found).collect()
}

/// Words and numbers of one ink with thin strokes.
fn of_one_ink(leaf: usize, sheet: &Sheet, inks: &[u8], raster: Option<&Raster>) -> Vec<Found> {
    let mut visited = vec![false; inks.len()];
    let mut marks = Marks::new(inks.len());
    let mut pieces = Vec::new();
    for start in 0..inks.len() {
        if inks[start] == UNSEEN || visited[start] {
            continue;
        }
        let cells = flood(start, inks, &mut visited, sheet);
        pieces.extend(judge(cells, inks, sheet, &mut marks));
    }
    let found = |members: Vec<usize>| {
        let strokes: Vec<u32> = members.iter().flat_map(|&p| pieces[p].cells.iter().copied()).collect();
        let extent = WordBox::around(&strokes, sheet);
        let pictures = raster.map_or(Vec::new(), |raster| Line::on(raster, &strokes, sheet).pictures(raster, sheet.face));
        Found { leaf, strokes, extent, of_one_ink: true, pictures, reading: None }
    };
    words(&pieces).into_iter().map(found).collect()
}

impl Line {
    /// A word whose strokes are cells of a sheet.
    fn on(raster: &Raster, strokes: &[u32], sheet: &Sheet) -> Self {
        let by = raster.cell_m / sheet.cell_m;
        let at = |i: usize, end: usize| ((i as f32 / by) as usize).min(end - 1);
        let mut cells: Vec<u32> = strokes
            .iter()
            .map(|&cell| {
                let (x, y) = (cell as usize % sheet.across, cell as usize / sheet.across);
                (at(y, raster.down()) * raster.across + at(x, raster.across)) as u32
            })
            .collect();
        cells.sort_unstable();
        cells.dedup();
        let one = |&cell: &u32| {
            let (x, y) = ((cell as usize % raster.across) as u16, (cell as usize / raster.across) as u16);
            CellBox { x: (x, x), y: (y, y) }
        };
        let extent = cells.iter().map(one).reduce(|a, b| a.join(&b)).unwrap_or(CellBox { x: (0, 0), y: (0, 0) });
        Self { cells, extent }
    }

    /// As those see it who read the face.
    fn pictures(&self, raster: &Raster, face: Face) -> Vec<WordPicture> {
        readers(face).iter().filter_map(|&reader| self.picture(raster, reader)).collect()
    }
}

impl Leaf {
    fn new(sheet: Sheet) -> Self {
        Self { word: vec![NO_WORD; sheet.texel.len()], sheet, ground: HashMap::new(), boxes: Vec::new() }
    }

    fn add(&mut self, word: Found) {
        let index = self.boxes.len() as u16;
        self.mark(&word.strokes, index);
        self.boxes.push(word.extent);
    }

    /// Marks strokes and their blurred edges.
    fn mark(&mut self, strokes: &[u32], index: u16) {
        let mut ring = strokes.to_vec();
        for &cell in strokes {
            self.word[cell as usize] = index;
        }
        for _ in 0..EDGE_CELLS {
            let mut next = Vec::new();
            for &cell in &ring {
                for n in self.sheet.around(cell as usize).take(4) {
                    if self.word[n] == NO_WORD && self.sheet.texel[n] != u32::MAX {
                        self.word[n] = index;
                        next.push(n as u32);
                    }
                }
            }
            ring = next;
        }
    }

    /// Lets what lies around words go on below them.
    fn lay_ground(&mut self) {
        let mut open: Vec<u32> = Vec::new();
        for cell in 0..self.word.len() {
            if self.word[cell] == NO_WORD
                && self.sheet.texel[cell] != u32::MAX
                && self.sheet.around(cell).any(|n| self.word[n] != NO_WORD)
            {
                self.ground.insert(cell as u32, self.sheet.texel[cell]);
                open.push(cell as u32);
            }
        }
        let mut queue: VecDeque<u32> = open.into();
        while let Some(cell) = queue.pop_front() {
            let texel = self.ground[&cell];
            for n in self.sheet.around(cell as usize) {
                if self.word[n] != NO_WORD && !self.ground.contains_key(&(n as u32)) {
                    self.ground.insert(n as u32, texel);
                    queue.push_back(n as u32);
                }
            }
        }
    }

    /// The colour of the mirror image of `from` when words are turned back; `None` where no word is near.
    fn reset(&self, from: usize, color: &[LinearRgb], maps: &AtlasMaps) -> Option<LinearRgb> {
        let at = self.sheet.face.project(maps.position[from]);
        let cell = self.sheet.cell(at)?;
        // First the mirrored letters go, then the turned ones come.
        let mut new = (self.word[cell] != NO_WORD)
            .then(|| self.ground.get(&(cell as u32)).map(|&t| color[t as usize]))
            .flatten();
        let margin = self.sheet.cell_m * (EDGE_CELLS as f32 + 1.0);
        for (index, word) in self.boxes.iter().enumerate() {
            if at.cmplt(word.low - margin).any() || at.cmpgt(word.high + margin).any() {
                continue;
            }
            let turned = Vec2::new(word.low.x + word.high.x - at.x, at.y);
            if let Some((c, share)) = self.sample(turned, index as u16, color, maps) {
                let below = new.unwrap_or(color[from]);
                new = Some(std::array::from_fn(|k| c[k] + below[k] * (1.0 - share)));
            }
        }
        new
    }

    /// The word's colour at a place of its face, between texels, times the share of it there; `None` beside the word.
    fn sample(&self, at: Vec2, own: u16, color: &[LinearRgb], maps: &AtlasMaps) -> Option<(LinearRgb, f32)> {
        let cell = self.sheet.cell(at)?;
        let near = self.sheet.texel[cell];
        if near == u32::MAX {
            return None;
        }
        let near = near as usize;
        let size = maps.size as usize;
        let (x, y) = (near % size, near / size);
        if x == 0 || y == 0 || x + 2 >= size || y + 2 >= size {
            return None;
        }
        let place = |t: usize| self.sheet.face.project(maps.position[t]);
        let same = |t: usize| maps.part[t] == maps.part[near];
        let four_around = [near - 1, near + 1, near - size, near + size];
        let (mut u, mut v) = (0.0, 0.0);
        if four_around.into_iter().all(same) {
            let (dx, dy) = ((place(near + 1) - place(near - 1)) * 0.5, (place(near + size) - place(near - size)) * 0.5);
            let determinant = dx.perp_dot(dy);
            let off = at - place(near);
            if determinant.abs() > 1e-12 {
                u = (off.perp_dot(dy) / determinant).clamp(-1.5, 1.5);
                v = (dx.perp_dot(off) / determinant).clamp(-1.5, 1.5);
            }
        }
        let (fx, fy) = (x as f32 + u, y as f32 + v);
        let (x0, y0) = (fx.floor() as usize, fy.floor() as usize);
        let (tx, ty) = (fx - x0 as f32, fy - y0 as f32);
        let mut sum = [0.0f32; 3];
        let mut share = 0.0;
        for (t, w) in [
            (y0 * size + x0, (1.0 - tx) * (1.0 - ty)),
            (y0 * size + x0 + 1, tx * (1.0 - ty)),
            ((y0 + 1) * size + x0, (1.0 - tx) * ty),
            ((y0 + 1) * size + x0 + 1, tx * ty),
        ] {
            // Beyond a panel's edge its neighbour's texel stands in.
            let t = if same(t) { t } else { near };
            if self.sheet.cell(place(t)).is_some_and(|cell| self.word[cell] == own) {
                sum = std::array::from_fn(|k| sum[k] + w * color[t][k]);
                share += w;
            }
        }
        (share > 0.0).then_some((sum, share))
    }
}

#[cfg(test)]
mod tests;
