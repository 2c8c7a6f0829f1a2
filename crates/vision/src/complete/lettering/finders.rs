//! What may be a word on a face: lines of what stands out, pieces of one ink with thin strokes, and what the lettering network
//! takes for words, which also backs the others.

use rayon::prelude::*;

use super::super::Readers;
use super::super::sheet::{Face, Sheet};
use super::inks::{Marks, judge, words};
use super::leaf::WordBox;
use super::lines::{Line, Reader, lines};
use super::regions::{Region, Zone, regions};
use super::strokes::{CellBox, Raster};
use super::{Backing, Found, UNSEEN};
use crate::color::LinearRgb;
use crate::net::lettering::CELL_M;
use crate::net::reading::WordPicture;
use crate::net::{LetteringNetwork, ModelError};
use crate::pieces::pieces;

/// Lines are looked for on cells of this size or larger, in metres: photos show no more.
const FINDER_CELL_M: f32 = 0.003;
/// A word is backed where this share of its strokes lies in one region, and is as large as this share of the region's inside.
const WITHIN: f32 = 0.7;
const COVERS: f32 = 0.15;
/// An ink is the strokes' from these log odds: by how much more of a region's inside it has than of what lies around, and by what the
/// network says of its cells. Other mixes of the two left as many of 42 words on tuning photos readable.
const STROKE: f32 = 0.4;
/// Share of a region's inside that strokes can have.
const STROKES: std::ops::Range<f32> = 0.12..0.85;

/// Everything that may be a word on a face whose cells have these inks, see [`super::inks::alike`]; no inks where they do not differ.
/// `matters` says whether strokes are turned at all.
pub(super) fn find(
    leaf: usize,
    sheet: &Sheet,
    color: &[LinearRgb],
    inks: Option<&[u8]>,
    readers: Readers<'_>,
    matters: &(dyn Fn(&[u32]) -> bool + Sync),
) -> Result<Vec<Found>, ModelError> {
    let raster = readers.reader.map(|_| Raster::of(sheet, color));
    let (mut found, of_one_ink) = rayon::join(
        || raster.as_ref().map_or(Vec::new(), |raster| standing_out(leaf, sheet, raster, matters)),
        || inks.map_or(Vec::new(), |inks| of_one_ink(leaf, sheet, inks, raster.as_ref())),
    );
    found.extend(of_one_ink);
    if let Some(network) = readers.finder {
        let seen = Seen::on(sheet, color, network)?;
        found.iter_mut().for_each(|found| found.backing = seen.backing(&found.strokes, &found.extent, sheet));
        found.extend(inks.map_or(Vec::new(), |inks| seen.by_inks(leaf, sheet, inks)).into_iter().filter(|f| matters(&f.strokes)));
    }
    Ok(found)
}

/// What the lettering network sees on a face.
struct Seen {
    raster: Raster,
    regions: Vec<Region>,
    /// The region of each of the sheet's cells.
    near: Vec<Option<(u32, Zone)>>,
    /// Cells of the sheet inside each region.
    inside: Vec<Vec<u32>>,
    /// Logits of strokes on the raster.
    stroke: Vec<f32>,
}

impl Seen {
    fn on(sheet: &Sheet, color: &[LinearRgb], network: &LetteringNetwork) -> Result<Self, ModelError> {
        let raster = Raster::averaged(sheet, color, CELL_M);
        let seen = network.look(raster.across, &raster.tone)?;
        let (regions, near) = regions(raster.across, &seen.word);
        let zone = |cell: usize| near[raster.below(sheet, cell)].filter(|_| sheet.texel[cell] != u32::MAX);
        let near: Vec<Option<(u32, Zone)>> = (0..sheet.texel.len()).into_par_iter().map(zone).collect();
        let mut inside = vec![Vec::new(); regions.len()];
        for (cell, near) in near.iter().enumerate() {
            if let Some((region, Zone::Inside)) = near {
                inside[*region as usize].push(cell as u32);
            }
        }
        Ok(Self { raster, regions, near, inside, stroke: seen.stroke })
    }

    /// What the network says of strokes, where it sees a word.
    fn backing(&self, strokes: &[u32], extent: &WordBox, sheet: &Sheet) -> Option<Backing> {
        let mut within = vec![0.0f32; self.regions.len()];
        for &cell in strokes {
            if let Some((region, Zone::Inside | Zone::Rim)) = self.near[cell as usize] {
                within[region as usize] += 1.0;
            }
        }
        let (region, count) = within.into_iter().enumerate().max_by(|a, b| a.1.total_cmp(&b.1))?;
        let backed = count > WITHIN * strokes.len() as f32 && count > COVERS * self.inside[region].len().max(1) as f32;
        backed.then(|| self.backing_by(region, extent, sheet))
    }

    /// What the network says of a word of this extent in a region.
    fn backing_by(&self, region: usize, extent: &WordBox, sheet: &Sheet) -> Backing {
        let inside = &self.inside[region];
        let covered = inside.iter().filter(|&&cell| extent.holds(sheet.place(cell as usize))).count();
        Backing { sure: self.regions[region].sure, covers: covered as f32 / inside.len().max(1) as f32 }
    }

    /// Words as the cells of a region whose inks are the strokes'.
    fn by_inks(&self, leaf: usize, sheet: &Sheet, inks: &[u8]) -> Vec<Found> {
        let mut cells: Vec<Vec<u32>> = vec![Vec::new(); self.regions.len()];
        // By ink: cells inside and around, and the sum of the logits inside.
        let mut counts = vec![[[0.0f32; 3]; 256]; self.regions.len()];
        for (cell, near) in self.near.iter().enumerate() {
            let Some((region, zone)) = near else { continue };
            let count = &mut counts[*region as usize][usize::from(inks[cell])];
            match zone {
                Zone::Inside => {
                    count[0] += 1.0;
                    count[2] += self.stroke[self.raster.below(sheet, cell)];
                }
                Zone::Around => count[1] += 1.0,
                Zone::Rim => {}
            }
            if *zone != Zone::Around {
                cells[*region as usize].push(cell as u32);
            }
        }
        let found = |((region, cells), counts): ((usize, Vec<u32>), [[f32; 3]; 256])| {
            let all: [f32; 2] = std::array::from_fn(|k| counts.iter().map(|count| count[k]).sum::<f32>().max(1.0));
            let is_stroke = |ink: u8| {
                let [inside, around, stroke] = counts[usize::from(ink)];
                let more_inside = (inside / all[0] / ((around + 1.0) / all[1])).ln();
                more_inside + stroke / inside.max(1.0) > STROKE
            };
            let share = (0..=u8::MAX).filter(|&ink| is_stroke(ink)).map(|ink| counts[usize::from(ink)][0]).sum::<f32>() / all[0];
            let strokes: Vec<u32> = cells.into_iter().filter(|&cell| is_stroke(inks[cell as usize])).collect();
            if !STROKES.contains(&share) || strokes.is_empty() {
                return None;
            }
            let pictures = Line::on(&self.raster, &strokes, sheet).pictures(&self.raster, sheet.face);
            let extent = WordBox::around(&strokes, sheet);
            let backing = Some(self.backing_by(region, &extent, sheet));
            Some(Found { leaf, strokes, extent, of_one_ink: false, backing, pictures, reading: None })
        };
        cells.into_iter().enumerate().zip(counts).filter_map(found).collect()
    }
}

impl Raster {
    /// A face's colours on cells that are large enough to look for letters on.
    pub(crate) fn of(sheet: &Sheet, color: &[LinearRgb]) -> Self {
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

    /// A face's mean tones on cells of this size.
    fn averaged(sheet: &Sheet, color: &[LinearRgb], cell_m: f32) -> Self {
        let by = cell_m / sheet.cell_m;
        let (across, down) = (((sheet.across as f32 / by).ceil() as usize).max(1), ((sheet.down() as f32 / by).ceil() as usize).max(1));
        // Cells of the sheet that a cell covers, and the one in its middle where it is smaller than they are.
        let range = |i: usize, end: usize| {
            let (from, to) = ((i as f32 * by) as usize, ((i + 1) as f32 * by) as usize);
            from.min(end - 1)..to.max(from + 1).min(end)
        };
        let tone = |i: usize| {
            let (mut sum, mut count) = ([0.0f32; 3], 0.0);
            for y in range(i / across, sheet.down()) {
                for x in range(i % across, sheet.across) {
                    let texel = sheet.texel[y * sheet.across + x];
                    if texel != u32::MAX {
                        let c = color[texel as usize];
                        sum = std::array::from_fn(|k| sum[k] + c[k].max(0.0).cbrt());
                        count += 1.0;
                    }
                }
            }
            if count > 0.0 { sum.map(|v| v / count) } else { [f32::NAN; 3] }
        };
        Self { across, cell_m, tone: (0..across * down).into_par_iter().map(tone).collect() }
    }

    /// The cell that the middle of a sheet's cell lies in.
    fn below(&self, sheet: &Sheet, cell: usize) -> usize {
        let by = self.cell_m / sheet.cell_m;
        let at = |i: usize, end: usize| (((i as f32 + 0.5) / by) as usize).min(end - 1);
        at(cell / sheet.across, self.down()) * self.across + at(cell % sheet.across, self.across)
    }
}

/// How readers stand before a face.
pub(crate) fn readers(face: Face) -> &'static [Reader] {
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
        Some(Found { leaf, strokes, extent, of_one_ink: false, backing: None, pictures, reading: None })
    };
    lines(raster).into_iter().filter_map(found).collect()
}

/// Words and numbers of one ink with thin strokes.
fn of_one_ink(leaf: usize, sheet: &Sheet, inks: &[u8], raster: Option<&Raster>) -> Vec<Found> {
    let mut marks = Marks::new(inks.len());
    let pieces: Vec<_> = pieces(inks.len(), |cell| sheet.around(cell), |from, to| inks[from] == inks[to] && inks[to] != UNSEEN)
        .filter_map(|cells| judge(cells, inks, sheet, &mut marks))
        .collect();
    let found = |members: Vec<usize>| {
        let strokes: Vec<u32> = members.iter().flat_map(|&p| pieces[p].cells.iter().copied()).collect();
        let extent = WordBox::around(&strokes, sheet);
        let pictures = raster.map_or(Vec::new(), |raster| Line::on(raster, &strokes, sheet).pictures(raster, sheet.face));
        Found { leaf, strokes, extent, of_one_ink: true, backing: None, pictures, reading: None }
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
