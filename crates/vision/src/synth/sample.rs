//! Training samples: pictures at the network's size with everything that the network should say about them.

use glam::{Vec2, Vec3};
use gridvox_car::{GBuffer, PartClass};
use image::RgbImage;
use rand::{Rng, SeedableRng};
use rand_pcg::Pcg64Mcg;

use super::kept::Kept;
use super::lens::Lens;
use super::livery::{Design, Detail, Family};
use super::photo::{scenery, sun_direction};
use super::shade::{Effort, Finish, Paint, shade};
use super::subject::{Frame, Subject};
use super::view;

/// Samples per pixel along each axis.
const SUPERSAMPLE: u32 = 2;
/// Frames that a stream keeps for another livery and light.
const KEPT_FRAMES: usize = 40;
/// How often a kept frame is used again, so that rasterising stays a small part of the cost.
const USES_PER_FRAME: f64 = 6.0;
/// Share of pictures without a car.
const EMPTY_SHARE: f64 = 0.12;

/// What the network should say, on its output grid, row-major.
#[derive(Debug, Clone, PartialEq)]
pub struct Target {
    /// Cells per row.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// Share of the cell that shows the car, 0..1.
    pub mask: Vec<f32>,
    /// Part class; meaningless where `mask` is 0.
    pub part: Vec<u8>,
    /// Coordinates in -1..1.
    pub coords: Vec<Vec3>,
    /// Whether the picture shows a car.
    pub car: bool,
}

/// A picture with its target.
#[derive(Debug, Clone)]
pub struct Sample {
    /// The picture; letterbox bars are grey.
    pub image: RgbImage,
    /// Where the picture lies in the image: smallest and largest corner in pixels.
    pub photo: (Vec2, Vec2),
    /// What it shows.
    pub target: Target,
}

/// An endless, seeded row of samples at one size.
pub struct SampleStream {
    rng: Pcg64Mcg,
    width: usize,
    height: usize,
    families: Vec<Family>,
    /// Shares of pictures without a car, and of mirrored ones.
    empty: f64,
    mirrored: f64,
    kept: Kept<(usize, Frame)>,
}

impl SampleStream {
    /// A stream of pictures of `width x height` pixels with liveries of these families.
    pub fn new(seed: u64, width: usize, height: usize, families: &[Family]) -> Self {
        let rng = Pcg64Mcg::seed_from_u64(seed);
        let families = families.to_vec();
        Self { rng, width, height, families, empty: EMPTY_SHARE, mirrored: 0.5, kept: Kept::new(KEPT_FRAMES, USES_PER_FRAME) }
    }

    /// The same without empty and mirrored pictures, whose cars wear what their design says.
    pub fn as_designed(seed: u64, width: usize, height: usize, families: &[Family]) -> Self {
        Self { empty: 0.0, mirrored: 0.0, ..Self::new(seed, width, height, families) }
    }

    /// The next sample, of one of the subjects; these must be the same ones, in the same order, at every call.
    ///
    /// # Panics
    /// When there is no subject.
    pub fn next(&mut self, subjects: &[Subject]) -> Sample {
        self.next_with_design(subjects).0
    }

    /// The next sample, likewise, with the design that its car wears unless the picture is mirrored or empty.
    ///
    /// # Panics
    /// When there is no subject.
    pub fn next_with_design(&mut self, subjects: &[Subject]) -> (Sample, Design) {
        assert!(!subjects.is_empty(), "a stream needs a car");
        let (width, height) = (self.width, self.height);
        let slot = self.kept.next(&mut self.rng, |rng| {
            let index = rng.random_range(0..subjects.len());
            let view = view::random(subjects[index].bounds(), width, height, rng);
            (index, subjects[index].frame(view, SUPERSAMPLE, sun_direction(rng)))
        });
        let (index, frame) = &self.kept[slot];
        let subject = &subjects[*index];
        let rng = &mut self.rng;
        let family = self.families[rng.random_range(0..self.families.len())];
        let design = Design::random(rng.random(), family, subject.bounds(), Detail::Coarse);
        let scenery = scenery(rng, 64, frame.shadow.sun_direction, width, height);
        let empty = rng.random_bool(self.empty);
        let emptied = empty.then(|| without_car(frame));
        let frame = emptied.as_ref().unwrap_or(frame);
        let (paint, finish) = (Paint::Design(&design), Finish::random(rng));
        let (light, visible) = shade(subject, frame, &scenery, &paint, &finish, Effort::Half);
        let lens = Lens::random(rng);
        let mut image = lens.develop(&light, width, height, SUPERSAMPLE as usize, rng);
        let mut photo = (frame.view.photo_min, frame.view.photo_max);
        let mut target = target(subject, &frame.gbuffer, &visible, width / 2, height / 2, photo);
        if rng.random_bool(self.mirrored) {
            mirror(&mut image, &mut photo, &mut target);
        }
        bars(&mut image, photo);
        (Sample { image, photo, target }, design)
    }
}

/// The same place without the car, which leaves its shadow behind no more than any other thing would.
fn without_car(frame: &Frame) -> Frame {
    let mut frame = frame.clone();
    frame.gbuffer.part.fill(0);
    frame
}

/// Reads off what each cell of the grid shows; `g` is supersampled, and `visible` tells where nothing hides the car.
pub(crate) fn target(subject: &Subject, g: &GBuffer, visible: &[u8], width: usize, height: usize, photo: (Vec2, Vec2)) -> Target {
    let block = g.width as usize / width;
    let mut out = Target {
        width,
        height,
        mask: vec![0.0; width * height],
        part: vec![PartClass::Other as u8; width * height],
        coords: vec![Vec3::ZERO; width * height],
        car: false,
    };
    for cell in 0..width * height {
        let (x, y) = (cell % width * block, cell / width * block);
        let centre = (Vec2::new(x as f32, y as f32) + block as f32 * 0.5) / SUPERSAMPLE as f32;
        if centre.cmplt(photo.0).any() || centre.cmpgt(photo.1).any() {
            continue;
        }
        let mut votes = [0u16; PartClass::ALL.len()];
        let mut hits = 0;
        let samples = || (0..block * block).map(move |k| (y + k / block) * g.width as usize + x + k % block);
        for i in samples().filter(|&i| visible[i] == 1) {
            votes[subject.part(g.part[i]).class as usize] += 1;
            hits += 1;
        }
        if hits == 0 {
            continue;
        }
        let part = (0..votes.len()).max_by_key(|&class| votes[class]).unwrap_or(0);
        // The place at the cell's centre, or the nearest sample of the same part to it.
        let middle = block as f32 * 0.5 - 0.5;
        let (mut sum, mut count, mut nearest) = (Vec3::ZERO, 0.0, (f32::MAX, Vec3::ZERO));
        for (k, i) in samples().enumerate() {
            if visible[i] == 0 || subject.part(g.part[i]).class as usize != part {
                continue;
            }
            let d = Vec2::new((k % block) as f32 - middle, (k / block) as f32 - middle).abs().max_element();
            if d <= 0.5 {
                sum += g.position[i];
                count += 1.0;
            }
            if d < nearest.0 {
                nearest = (d, g.position[i]);
            }
        }
        let place = if count > 0.0 { sum / count } else { nearest.1 };
        out.mask[cell] = hits as f32 / (block * block) as f32;
        out.part[cell] = part as u8;
        out.coords[cell] = subject.normalised(place);
    }
    out.car = out.mask.iter().filter(|&&m| m > 0.5).count() * 400 > width * height;
    out
}

/// The class on the other side of the car.
pub fn mirrored_class(class: PartClass) -> PartClass {
    use PartClass::{
        DoorLeft, DoorRight, FrontWingLeft, FrontWingRight, MirrorLeft, MirrorRight, RearQuarterLeft, RearQuarterRight,
        SkirtLeft, SkirtRight,
    };
    match class {
        FrontWingLeft => FrontWingRight,
        FrontWingRight => FrontWingLeft,
        DoorLeft => DoorRight,
        DoorRight => DoorLeft,
        RearQuarterLeft => RearQuarterRight,
        RearQuarterRight => RearQuarterLeft,
        SkirtLeft => SkirtRight,
        SkirtRight => SkirtLeft,
        MirrorLeft => MirrorRight,
        MirrorRight => MirrorLeft,
        same => same,
    }
}

/// Turns a sample into one of the mirrored car. Letters turn too, which no network here reads.
pub(crate) fn mirror(image: &mut RgbImage, photo: &mut (Vec2, Vec2), target: &mut Target) {
    image::imageops::flip_horizontal_in_place(image);
    let width = image.width() as f32;
    *photo = (Vec2::new(width - photo.1.x, photo.0.y), Vec2::new(width - photo.0.x, photo.1.y));
    target.mask.chunks_exact_mut(target.width).for_each(<[f32]>::reverse);
    target.part.chunks_exact_mut(target.width).for_each(<[u8]>::reverse);
    target.coords.chunks_exact_mut(target.width).for_each(<[Vec3]>::reverse);
    target.part.iter_mut().for_each(|part| *part = mirrored_class(PartClass::ALL[*part as usize]) as u8);
    target.coords.iter_mut().for_each(|p| p.x = -p.x);
}

/// Paints what lies outside the photo grey.
pub(crate) fn bars(image: &mut RgbImage, photo: (Vec2, Vec2)) {
    for (x, y, px) in image.enumerate_pixels_mut() {
        let p = Vec2::new(x as f32 + 0.5, y as f32 + 0.5);
        if p.cmplt(photo.0).any() || p.cmpgt(photo.1).any() {
            px.0 = [128; 3];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_are_seeded_and_their_targets_make_sense() {
        let subjects = [Subject::new(&gridvox_car::testing::box_car())];
        let mut stream = SampleStream::new(7, 64, 32, &Family::TRAINING);
        let mut again = SampleStream::new(7, 64, 32, &Family::TRAINING);
        let (mut cars, mut cells) = (0, 0);
        for _ in 0..60 {
            let sample = stream.next(&subjects);
            let twin = again.next(&subjects);
            assert!(sample.image == twin.image && sample.target == twin.target);
            let target = &sample.target;
            cars += usize::from(target.car);
            for i in (0..target.mask.len()).filter(|&i| target.mask[i] > 0.0) {
                cells += 1;
                assert!(target.coords[i].abs().max_element() < 1.01);
                let left = [PartClass::DoorLeft as u8, PartClass::SkirtLeft as u8, PartClass::MirrorLeft as u8];
                if left.contains(&target.part[i]) {
                    assert!(target.coords[i].x > 0.0, "the left side is +x, also when mirrored");
                }
            }
        }
        assert!((42..60).contains(&cars), "{cars} of 60 show a car");
        assert!(cells > 5000);
    }
}
