//! Training samples of the completion network: a livery's cells as cameras see them, and the paint of those they do not.
//!
//! No photo is needed: a camera says which cells are seen, a design which paint they have. What is wrong with paint that
//! was read off a photo is put on: a light that was not quite taken off, veils, places that are missing, wrong inks.

use glam::{Vec2, Vec3};
use gridvox_car::raster::{Glass, Outputs};
use gridvox_car::{AtlasMaps, CarModel, PartClass, RasterOptions, RasterScene};
use rand::{Rng, SeedableRng};
use rand_pcg::Pcg64Mcg;
use rayon::prelude::*;

use super::kept::Kept;
use super::livery::{Design, Detail, Family, Spot, classes};
use super::view::{self, View};
use super::{LEAST_COS, noise, subject};
use crate::color::{self, LinearRgb};
use crate::complete::cells::{CELL_M, Cells, GATHERED_M, NONE, class, gather};
use crate::delight::{self, MAX_INKS, Palette};
use crate::net::atlas::{Encoded, Place, Question, Seen};

/// Seen cells of a sample, gathered in larger ones.
pub const SEEN: usize = 448;
/// Open cells that are asked for in a sample.
pub const ASKED: usize = 192;

/// Edge of the maps that cells are made from, in texels.
const MAPS_PX: u32 = 256;
/// Size of the pictures that tell what a camera sees.
const FRAME: (usize, usize) = (240, 138);
/// What lies this much deeper than what the picture shows is hidden, in metres.
const HIDDEN_M: f32 = 0.06;
/// Camera views that a stream keeps for other liveries.
const KEPT_VIEWS: usize = 120;
/// How often a kept view is used again, so that rasterising stays a small part of the cost.
const USES_PER_VIEW: f64 = 16.0;
/// A livery of which fewer cells are seen, or asked for, teaches nothing.
const LEAST_CELLS: usize = 24;

/// One livery, as [`Question`] asks for it, with the truth.
#[derive(Debug, Clone)]
pub struct CellSample {
    /// The inks that are found on what is seen.
    pub palette: Palette,
    /// [`SEEN`] of them; where fewer are seen some stand twice.
    pub seen: Vec<Seen>,
    /// [`ASKED`] of them, likewise.
    pub open: Vec<Place>,
    /// The paint of the open places.
    pub truth: Vec<LinearRgb>,
    /// CIEDE2000 between that and each ink after one gain over the whole car; 0 for inks that are not there.
    pub cost: Vec<[f32; MAX_INKS]>,
    /// Every seen cell, ungathered.
    pub fine: Vec<Seen>,
    /// What the network is asked.
    pub question: Encoded,
}

/// A car to draw cells from.
#[derive(Debug, Clone)]
pub struct CellSubject {
    scene: RasterScene,
    bounds: (Vec3, Vec3),
    cells: Vec<Place>,
    /// The cell at the mirrored place, or [`NONE`].
    mirror: Vec<u32>,
    /// The larger cell that each belongs to.
    larger: Vec<u32>,
}

impl CellSubject {
    /// Prepares a car.
    pub fn new(model: &CarModel) -> Self {
        let maps = AtlasMaps::compute(model, MAPS_PX);
        let classes = classes(model);
        let place = |i: usize| {
            let class = class(&classes, maps.part[i]);
            (maps.part[i] != 0).then(|| Place { position: maps.position[i], normal: maps.normal[i], class })
        };
        let fine = Cells::gather((0..maps.part.len()).map(place), CELL_M);
        let mut mirror = vec![NONE; fine.places.len()];
        for (texel, &cell) in fine.of.iter().enumerate().filter(|(_, cell)| **cell != NONE) {
            if let Some(&other) = fine.of.get(maps.mirror[texel] as usize) {
                mirror[cell as usize] = other;
            }
        }
        let larger = Cells::gather(fine.places.iter().copied().map(Some), GATHERED_M).of;
        Self { scene: RasterScene::new(model), bounds: model.bounds(), cells: fine.places, mirror, larger }
    }

    /// Prepares a car and `shapes` other shapes of it.
    pub fn family(model: &CarModel, shapes: usize, rng: &mut impl Rng) -> Vec<Self> {
        let others: Vec<CarModel> = (0..shapes).map(|_| subject::varied(model, rng)).collect();
        let all: Vec<&CarModel> = std::iter::once(model).chain(&others).collect();
        all.into_par_iter().map(Self::new).collect()
    }

    /// Which cells a camera sees.
    fn seen_by(&self, view: &View) -> Vec<bool> {
        let options = RasterOptions { outputs: Outputs::Surface, glass: Glass::Opaque, supersample: 1 };
        let shown = self.scene.render(&view.camera, options);
        let eye = view.camera.eye();
        let (low, high) = (view.photo_min.max(Vec2::ZERO), view.photo_max.min(Vec2::new(FRAME.0 as f32, FRAME.1 as f32)));
        let sees = |cell: &Place| {
            let to_eye = eye - cell.position;
            let distance = to_eye.length();
            let Some(px) = view.camera.project(cell.position).map(Vec3::truncate) else { return false };
            if cell.normal.dot(to_eye) <= LEAST_COS * distance || px.cmplt(low).any() || px.cmpge(high).any() {
                return false;
            }
            let i = px.y as usize * FRAME.0 + px.x as usize;
            shown.part[i] != 0 && distance < (eye - shown.position[i]).length() + HIDDEN_M
        };
        self.cells.iter().map(sees).collect()
    }
}

/// What one camera sees of a subject.
struct Sight {
    subject: usize,
    seen: Vec<bool>,
}

impl Sight {
    /// One that shows enough of its car.
    fn random(subjects: &[CellSubject], rng: &mut Pcg64Mcg) -> Self {
        loop {
            let subject = rng.random_range(0..subjects.len());
            let car = &subjects[subject];
            let seen = car.seen_by(&view::random(car.bounds, FRAME.0, FRAME.1, rng));
            if seen.iter().filter(|&&s| s).count() > 4 * LEAST_CELLS {
                return Self { subject, seen };
            }
        }
    }
}

/// An endless, seeded row of samples.
pub struct CellStream {
    rng: Pcg64Mcg,
    families: Vec<Family>,
    kept: Kept<Sight>,
}

impl CellStream {
    /// A stream of cells with liveries of these families.
    pub fn new(seed: u64, families: &[Family]) -> Self {
        Self { rng: Pcg64Mcg::seed_from_u64(seed), families: families.to_vec(), kept: Kept::new(KEPT_VIEWS, USES_PER_VIEW) }
    }

    /// The next sample, of one of the subjects; these must be the same ones, in the same order, at every call.
    ///
    /// # Panics
    /// When there is no subject.
    pub fn next(&mut self, subjects: &[CellSubject]) -> CellSample {
        assert!(!subjects.is_empty(), "a stream needs a car");
        loop {
            let (subject, mut seen) = self.views(subjects);
            let car = &subjects[subject];
            let rng = &mut self.rng;
            lose_some(&mut seen, car, rng);
            let mirrored = |i: usize| car.mirror.get(i).and_then(|&m| seen.get(m as usize)).copied().unwrap_or(false);
            let visible: Vec<u32> = (0..seen.len()).filter(|&i| seen[i]).map(|i| i as u32).collect();
            let open: Vec<u32> = (0..seen.len()).filter(|&i| !seen[i] && !mirrored(i)).map(|i| i as u32).collect();
            if visible.len() < LEAST_CELLS || open.len() < LEAST_CELLS {
                continue;
            }
            let family = self.families[rng.random_range(0..self.families.len())];
            let design = Design::random(rng.random(), family, car.bounds, Detail::Coarse);
            return sample(car, &visible, &open, &design, rng);
        }
    }

    /// What one to three cameras see of one subject together.
    fn views(&mut self, subjects: &[CellSubject]) -> (usize, Vec<bool>) {
        let slot = self.kept.next(&mut self.rng, |rng| Sight::random(subjects, rng));
        let subject = self.kept[slot].subject;
        let mut seen = self.kept[slot].seen.clone();
        let more = [0, 0, 0, 0, 0, 0, 0, 1, 1, 2][self.rng.random_range(0..10)];
        for _ in 0..more {
            let others: Vec<usize> = (0..self.kept.len()).filter(|&k| self.kept[k].subject == subject).collect();
            let other = others[self.rng.random_range(0..others.len())];
            seen.iter_mut().zip(&self.kept[other].seen).for_each(|(seen, &too)| *seen |= too);
        }
        (subject, seen)
    }
}

/// Takes out what highlights and things before the car hide, and cells here and there.
fn lose_some(seen: &mut [bool], car: &CellSubject, rng: &mut Pcg64Mcg) {
    if rng.random_bool(0.6) {
        for _ in 0..rng.random_range(1..4) {
            let centre = car.cells[rng.random_range(0..car.cells.len())].position;
            let reach = rng.random_range(0.06..0.35f32);
            for (seen, cell) in seen.iter_mut().zip(&car.cells) {
                *seen &= cell.position.distance(centre) > reach;
            }
        }
    }
    let share = rng.random_range(0.0..0.05);
    seen.iter_mut().filter(|_| rng.random_bool(share)).for_each(|seen| *seen = false);
}

/// A light that was not quite taken off.
struct Residue {
    gain: Vec3,
    toward: Vec3,
    slope: f32,
    blotches: f32,
    scale: f32,
    seed: u32,
    veil: f32,
}

impl Residue {
    fn random(rng: &mut Pcg64Mcg) -> Self {
        let mut spread = |width: f32| rng.random_range(-width..width) + rng.random_range(-width..width);
        let brightness = spread(0.15);
        let gain = Vec3::new(spread(0.03), spread(0.03), spread(0.03)) + brightness;
        let toward = Vec3::new(spread(0.5), 0.5 + spread(0.5), spread(0.5)).normalize_or(Vec3::Y);
        Self {
            gain: Vec3::new(gain.x.exp(), gain.y.exp(), gain.z.exp()),
            toward,
            slope: spread(0.2),
            blotches: spread(0.4),
            scale: rng.random_range(0.7..2.5),
            seed: rng.random(),
            veil: if rng.random_bool(0.6) { rng.random_range(0.0..0.035) } else { 0.0 },
        }
    }

    fn put_on(&self, paint: Vec3, place: &Place) -> LinearRgb {
        let blotch = noise::fractal(place.position * self.scale, 2, self.seed) - 0.5;
        let light = (self.slope * place.normal.dot(self.toward) + self.blotches * blotch).exp();
        let veil = self.veil * place.normal.dot(self.toward).max(0.0);
        (paint * self.gain * light + veil).to_array()
    }
}

fn sample(car: &CellSubject, visible: &[u32], open: &[u32], design: &Design, rng: &mut Pcg64Mcg) -> CellSample {
    let residue = Residue::random(rng);
    let paint = |place: &Place, rng: &mut Pcg64Mcg| {
        // Anywhere in the cell, so that borders and lettering count as much as they cover.
        let off = Vec3::new(rng.random_range(-0.5..0.5), rng.random_range(-0.5..0.5), rng.random_range(-0.5..0.5)) * CELL_M;
        let position = place.position + off - place.normal * off.dot(place.normal);
        design.ink(&Spot { position, normal: place.normal, class: place.class })
    };
    let mut samples = Vec::with_capacity(visible.len());
    // The gain that leads from what is read back to the truth, as evaluation fits it.
    let (mut cross, mut square) = (Vec3::ZERO, Vec3::splat(1e-6));
    for &cell in visible {
        let place = &car.cells[cell as usize];
        let truth = paint(place, rng);
        let read = residue.put_on(truth, place);
        cross += truth * Vec3::from(read);
        square += Vec3::from(read) * Vec3::from(read);
        samples.push(delight::Sample::new(read, 1.0, delight::INK_LIGHTNESS));
    }
    let gain = cross / square;
    let mut palette = delight::cluster(&samples, delight::INK_LIGHTNESS, delight::INKS_APART).palette;
    let labs = palette.labs();
    // No ink is read off exactly.
    for value in palette.inks.iter_mut().flat_map(|ink| &mut ink.color) {
        *value *= 1.0 + rng.random_range(-0.07..0.07);
    }
    let wrong = rng.random_range(0.0..0.06);
    let named = rng.random_bool(0.85);
    let known = |place: Place| if named { place } else { Place { class: PartClass::Other, ..place } };
    let fine: Vec<Seen> = visible
        .iter()
        .zip(&samples)
        .map(|(&cell, sample)| {
            let mislabelled = rng.random_bool(wrong);
            let ink = if mislabelled { rng.random_range(0..palette.inks.len()) } else { labs.nearest(sample.rgb) };
            let inks = std::array::from_fn(|k| f32::from(u8::from(k == ink)));
            Seen { place: known(car.cells[cell as usize]), inks }
        })
        .collect();
    let larger: Vec<u32> = visible.iter().map(|&cell| car.larger[cell as usize]).collect();
    let gathered = gather(&fine, &larger);
    let seen: Vec<Seen> = pick(gathered.len(), SEEN, rng).into_iter().map(|i| gathered[i]).collect();
    let mut asked = Vec::with_capacity(ASKED);
    let mut truth = Vec::with_capacity(ASKED);
    for i in pick(open.len(), ASKED, rng) {
        let place = &car.cells[open[i] as usize];
        truth.push(paint(place, rng).to_array());
        asked.push(known(*place));
    }
    let inks: Vec<LinearRgb> = palette.inks.iter().map(|ink| (Vec3::from(ink.color) * gain).min(Vec3::ONE).to_array()).collect();
    let cost = |truth: &LinearRgb| std::array::from_fn(|k| inks.get(k).map_or(0.0, |&ink| color::delta_e(ink, *truth)));
    let cost = truth.iter().map(cost).collect();
    let question = Question { bounds: car.bounds, palette: &palette, seen: &seen, open: &asked }.encoded();
    CellSample { palette, seen, open: asked, truth, cost, fine, question }
}

/// `count` of `from` indices in random order: none twice where there are enough, else each at least once.
fn pick(from: usize, count: usize, rng: &mut Pcg64Mcg) -> Vec<usize> {
    let mut all: Vec<usize> = (0..from).collect();
    for i in 0..count.min(from) {
        all.swap(i, rng.random_range(i..from));
    }
    all.truncate(count);
    while all.len() < count {
        all.push(rng.random_range(0..from));
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_are_seeded_and_truthful() {
        let car = CellSubject::new(&gridvox_car::testing::box_car());
        let cars = [car];
        let (mut stream, mut again) = (CellStream::new(7, &Family::TRAINING), CellStream::new(7, &Family::TRAINING));
        let mut at_best = 0.0;
        for _ in 0..20 {
            let (sample, twin) = (stream.next(&cars), again.next(&cars));
            assert_eq!((&sample.truth, &sample.seen), (&twin.truth, &twin.seen));
            assert_eq!((sample.seen.len(), sample.open.len(), sample.truth.len()), (SEEN, ASKED, ASKED));
            let inks = sample.palette.inks.len();
            assert!((1..=MAX_INKS).contains(&inks));
            for seen in &sample.seen {
                assert!((seen.inks.iter().sum::<f32>() - 1.0).abs() < 1e-4);
                assert!(seen.inks[inks..].iter().all(|&share| share == 0.0), "an ink that is not there");
            }
            // What is asked for lies apart from what is seen.
            let is_seen = |open: &Place| sample.fine.iter().any(|seen| seen.place == *open);
            assert!(!sample.open.iter().any(is_seen));
            let best = |cost: &[f32; MAX_INKS]| cost[..inks].iter().copied().fold(f32::MAX, f32::min);
            at_best += sample.cost.iter().map(best).sum::<f32>() / (20 * ASKED) as f32;
        }
        assert!(at_best < 15.0, "the inks that are found do for most of what is open: {at_best}");
    }

    #[test]
    fn a_camera_sees_its_own_side() {
        let car = CellSubject::new(&gridvox_car::testing::box_car());
        let camera = view::orbit(car.bounds, 90.0, 5.0, 60.0, 0.9, FRAME.0 as u32, FRAME.1 as u32);
        let whole = Vec2::new(FRAME.0 as f32, FRAME.1 as f32);
        let seen = car.seen_by(&View { camera, photo_min: Vec2::ZERO, photo_max: whole });
        let (mut there, mut found) = (0, 0);
        for (cell, &seen) in car.cells.iter().zip(&seen) {
            // Over the bonnet it sees the inner side of the far mirror, too.
            assert!(!seen || cell.normal.x > -0.3, "{cell:?} faces the other side");
            if cell.normal.x > 0.9 && cell.position.x > 0.8 {
                (there, found) = (there + 1, found + usize::from(seen));
            }
        }
        assert!(there > 100 && found * 10 > there * 8, "{found} of {there}");
    }
}
