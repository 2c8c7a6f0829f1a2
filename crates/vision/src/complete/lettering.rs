//! Keeps letters and numbers readable where the livery is mirrored.
//!
//! Each face of the car is laid flat, so that words run on over panel gaps. Lettering is found there in three ways ([`finders`]): as
//! connected pieces of one ink with thin strokes ([`inks`]), as what stands out from its surroundings whatever its ink ([`strokes`]),
//! of which pieces of like height in a row are a line ([`lines`]), and as inks that cover more of what the lettering network takes for
//! a word than of what lies around ([`regions`]). The reading network says what is writing; where the lettering network sees a word,
//! less is needed. A word's mirror image is taken out (what lies around goes on below it) and the word is set in the same place
//! again, turned back about its own middle ([`leaf`]), so it reads from front to back as it does on the seen side.

pub(super) mod finders;
mod inks;
mod leaf;
pub(crate) mod lines;
pub(crate) mod regions;
pub(crate) mod strokes;

use std::collections::HashSet;

use gridvox_car::AtlasMaps;
use rayon::prelude::*;

use super::Readers;
use super::sheet::{Face, Sheet};
use crate::color::LinearRgb;
use crate::delight::Palette;
use crate::net::ModelError;
use crate::net::reading::{Reading, WordPicture, mirrored_log_odds};
use crate::timed::timed;
use inks::alike;
use leaf::{Leaf, WordBox};

/// Cells around strokes that still hold their blurred edge.
const EDGE_CELLS: usize = 3;

/// Log odds of writing from which a line counts as such: what stands out, of which little is writing and least on bonnet and roof,
/// and what has an ink of its own and thin strokes. On the sides in 24 tuning photos they leave 10 of 19 and 10 of 10 lines of
/// words, beside 3 of 1,185 and 3 of 13 others (closely joined lines alone).
const WRITING: f32 = 2.0;
const WRITING_ON_TOP: f32 = 3.5;
const WRITING_OF_ONE_INK: f32 = 0.0;
/// What the reading network takes for no writing is none, whatever the lettering network says.
const WRITING_AT_LEAST: f32 = 0.0;
/// Log odds of writing from which a line without an ink of its own says which way it reads: to turn what is no writing does little
/// harm, to call a good photo flipped much.
const WRITING_THAT_COUNTS: f32 = 3.0;
/// Log odds that are as good as sure.
const SURE: f32 = 8.0;
/// What the lettering network's log odds count beside the reading network's.
const BACKING: f32 = 1.5;
/// What the share of a word that is taken counts, as a power of odds: of a number's three digits two may read better than all, but
/// set by themselves they stand in the wrong place. On 48 tuning photos 22 of 48 words read on the far side without this, 26 with 4
/// and with 6, and 27 with 8.
const WHOLE: f32 = 6.0;
/// No part counts as less than this share.
const LEAST_PART: f32 = 0.05;
/// Lines that share more than this of their strokes with one that counts already do not count; those that share more of
/// their place are turned together.
const SHARED: f32 = 0.15;

/// On bonnet and roof one stroke in so many is mirrored to where nobody sees, or the line does not matter.
const TURNED: usize = 10;

const UNSEEN: u8 = u8::MAX;

/// All words that were found.
#[derive(Default)]
pub struct Lettering {
    leaves: Vec<Leaf>,
    /// What the words on faces that are read standing up say; empty without a network.
    readings: Vec<Reading>,
}

/// What the lettering network says of what may be a word.
#[derive(Clone, Copy)]
struct Backing {
    /// Log odds that it is one.
    sure: f32,
    /// Share of the word there that it takes, 0..=1.
    covers: f32,
}

/// What may be a word.
struct Found {
    leaf: usize,
    /// Cells of its strokes on its face's sheet.
    strokes: Vec<u32>,
    extent: WordBox,
    of_one_ink: bool,
    /// Where the lettering network sees a word.
    backing: Option<Backing>,
    /// As readers see it.
    pictures: Vec<WordPicture>,
    reading: Option<Reading>,
}

impl Found {
    /// How much it counts as a word; `None` when it is none. Of equally sure ones the larger counts more, and what takes more of a
    /// word that the lettering network sees: it may be the whole of which the other is a piece.
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
        let (backing, whole) =
            self.backing.map_or((0.0, 0.0), |b| (BACKING * b.sure, WHOLE * b.covers.max(LEAST_PART).ln()));
        let written = reading.writing > (least - backing).max(WRITING_AT_LEAST);
        written.then_some(reading.writing.min(SURE) + backing + whole + large)
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
        readers: Readers<'_>,
    ) -> Result<Self, ModelError> {
        timed!("words");
        let letter_ink = (palette.inks.len() > 1).then(|| alike(palette));
        let labs = palette.labs();
        let sheets: Vec<Sheet> = {
            timed!("sheets");
            Face::ALL.into_par_iter().filter_map(|face| Sheet::new(face, known, maps)).collect()
        };
        let candidates = |(leaf, sheet): (usize, &Sheet)| {
            // What is seen on both sides needs no turning; on sides and ends it still tells which way it reads.
            let unseen = |texel: u32| known.get(maps.mirror[texel as usize] as usize).is_some_and(|known| !known);
            let matters = |strokes: &[u32]| {
                let turned = || strokes.iter().filter(|&&cell| unseen(sheet.texel[cell as usize])).count();
                sheet.face != Face::Top || turned() * TURNED > strokes.len()
            };
            let inks: Option<Vec<u8>> = letter_ink.as_ref().map(|letter_ink| {
                let ink_of = |&t: &u32| if t == u32::MAX { UNSEEN } else { letter_ink[labs.nearest(color[t as usize])] };
                sheet.texel.par_iter().map(ink_of).collect()
            });
            finders::find(leaf, sheet, color, inks.as_deref(), readers, &matters)
        };
        let mut found: Vec<Found> =
            sheets.par_iter().enumerate().map(candidates).collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect();
        if let Some(network) = readers.reader {
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

#[cfg(test)]
mod tests;
