//! Looking at a photo: the whole of it first, then closely at the car.

use std::path::Path;

use candle_core::{Device, Tensor};
use glam::{Vec2, Vec3};
use gridvox_car::PartClass;
use image::RgbImage;
use rayon::prelude::*;

use super::network::{COORD, INPUT_CHANNELS, LOG_SCALE, Network, OUTPUT_CHANNELS, PART};
use super::{Correspondence, CropRect, Model, ModelError, weights};
use crate::pieces::pieces;
use crate::synth::sample::mirrored_class;

/// Free space around the car's box in the close look, as a share of the box: what training shows most.
const MARGIN: f32 = 0.09;
/// Cells below this mask probability do not count for the car's box.
const BOX_THRESHOLD: f32 = 0.5;
/// A box that already fills this share of the first look needs no second one.
const CLOSE_ENOUGH: f32 = 0.97;
/// Grey of the bars beside a photo, as in training.
const BAR: f32 = 128.0;

/// How much taller for its length and width a car is than those of training.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Proportions(f32);

impl Proportions {
    /// Those of training.
    pub const USUAL: Self = Self(1.0);
    /// Height over the mean of length and width, of the cars of training.
    const TRAINED: f32 = 0.416;
    /// Cars within this of the usual, as a factor, are looked at as they are.
    const ALIKE: f32 = 1.12;
    /// The picture is drawn out or pressed together at most this much.
    const MOST: f32 = 1.6;

    /// Of a car with these smallest and largest corners, metres.
    pub fn of(bounds: (Vec3, Vec3)) -> Self {
        let size = bounds.1 - bounds.0;
        let taller = size.y / (size.x * size.z).max(1e-6).sqrt() / Self::TRAINED;
        let differs = taller.max(1.0 / taller) > Self::ALIKE;
        Self(if differs { taller.clamp(1.0 / Self::MOST, Self::MOST) } else { 1.0 })
    }

    /// Others to look with where these do not lead to a camera.
    pub fn others(self) -> impl Iterator<Item = Self> {
        const STEP: f32 = 1.2;
        let usual = (self != Self::USUAL).then_some(Self::USUAL);
        usual.into_iter().chain([STEP, 1.0 / STEP].map(|step| Self(self.0 * step)))
    }
}

/// The correspondence network, ready to look at photos.
pub struct CorrespondenceNet {
    network: Network,
    device: Device,
}

impl std::fmt::Debug for CorrespondenceNet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CorrespondenceNet").field("config", self.network.config()).finish_non_exhaustive()
    }
}

impl CorrespondenceNet {
    /// Loads the weights from a models folder, normally `gridvox_car::bundled::models_dir()`.
    pub fn load(models_dir: &Path, device: &Device) -> Result<Self, ModelError> {
        Ok(Self { network: weights::load(models_dir, device)?, device: device.clone() })
    }

    /// Wraps a network that is at hand already.
    pub fn new(network: Network, device: Device) -> Self {
        Self { network, device }
    }

    /// Finds the car and says what each cell shows of it: a look at the whole photo, then one at the car's box, then,
    /// where that box turns out different, one more. The close looks take a car by its `proportions`: one that is taller for
    /// its length than those of training is seen through a picture that is as much lower.
    pub fn correspond(&self, photo: &RgbImage, proportions: Proportions) -> Result<Correspondence, ModelError> {
        let (width, height) = photo.dimensions();
        if width == 0 || height == 0 {
            return Err(ModelError::EmptyPhoto { width, height });
        }
        let size = Vec2::new(width as f32, height as f32);
        let mut seen = self.look(photo, self.fitted(Vec2::ZERO, size, 1.0))?;
        let car_probability = seen.car_probability;
        for _ in 0..2 {
            let Some((low, high)) = car_box(&seen) else { break };
            let margin = (high - low) * MARGIN;
            // What lies beyond the photo would only be bars.
            let (low, high) = ((low - margin).max(Vec2::ZERO), (high + margin).min(size));
            let crop = self.fitted(low, high, proportions.0);
            let zoom = crop.w / seen.crop.w;
            let shift = Vec2::new(crop.x - seen.crop.x, crop.y - seen.crop.y).abs().max_element();
            if zoom > CLOSE_ENOUGH && zoom < 1.05 && shift < 0.03 * seen.crop.w {
                break;
            }
            seen = self.look_twice(photo, crop)?;
        }
        seen.car_probability = car_probability.max(seen.car_probability);
        Ok(seen)
    }

    /// One look at a rectangle of the photo.
    pub fn look(&self, photo: &RgbImage, crop: CropRect) -> Result<Correspondence, ModelError> {
        let (dense, car) = self.run(photo, crop, false)?;
        let (width, height) = self.network.config().grid();
        Ok(read_out(&dense[0], width, height, crop, sigmoid(car)))
    }

    /// A look at a rectangle of the photo and at its mirror image, taken together: steadier, and without a preference
    /// for either side of the car.
    pub fn look_twice(&self, photo: &RgbImage, crop: CropRect) -> Result<Correspondence, ModelError> {
        let (mut dense, car) = self.run(photo, crop, true)?;
        let (width, height) = self.network.config().grid();
        let mut mirrored = dense.pop().unwrap_or_default();
        turn_back(&mut mirrored, width);
        let first = &mut dense[0];
        merge(first, &mirrored);
        Ok(read_out(first, width, height, crop, sigmoid(car)))
    }

    /// Runs the network; with `mirror` on the mirrored pixels too. Returns the outputs and the mean car logit.
    fn run(&self, photo: &RgbImage, crop: CropRect, mirror: bool) -> Result<(Vec<Vec<f32>>, f32), ModelError> {
        let config = self.network.config();
        let (width, height) = (config.width, config.height);
        let pixels = resampled(photo, crop, width, height);
        let (pw, ph) = (photo.width() as f32, photo.height() as f32);
        let inside = |x: usize, y: usize| {
            let px = crop.x + (x as f32 + 0.5) / width as f32 * crop.w;
            let py = crop.y + (y as f32 + 0.5) / height as f32 * crop.h;
            px >= 0.0 && py >= 0.0 && px <= pw && py <= ph
        };
        let mut inputs = vec![input(&pixels, width, height, inside)];
        if mirror {
            let turned: Vec<f32> =
                pixels.chunks_exact(3 * width).flat_map(|row| row.chunks_exact(3).rev().flatten().copied()).collect();
            inputs.push(input(&turned, width, height, |x, y| inside(width - 1 - x, y)));
        }
        let looks: Vec<(Vec<f32>, f32)> = inputs
            .into_par_iter()
            .map(|input| {
                let x = Tensor::from_vec(input, (1, height, width, INPUT_CHANNELS), &self.device)?;
                let output = self.network.forward(&x)?;
                Ok((output.dense.flatten_all()?.to_vec1::<f32>()?, output.car.to_vec1::<f32>()?[0]))
            })
            .collect::<candle_core::Result<_>>()?;
        let car = looks.iter().map(|(_, car)| car).sum::<f32>() / looks.len() as f32;
        Ok((looks.into_iter().map(|(dense, _)| dense).collect(), car))
    }

    /// The smallest rectangle around a box that is `taller` than the grid's shape.
    fn fitted(&self, low: Vec2, high: Vec2, taller: f32) -> CropRect {
        let config = self.network.config();
        let shape = Vec2::new(config.width as f32, config.height as f32 * taller);
        let scale = ((high - low) / shape).max_element().max(1e-3);
        let (size, middle) = (shape * scale, (low + high) * 0.5);
        CropRect { x: middle.x - size.x * 0.5, y: middle.y - size.y * 0.5, w: size.x, h: size.y }
    }
}

/// Turns the output for a mirrored picture into one for the picture: cells, parts and sides exchanged.
fn turn_back(dense: &mut [f32], width: usize) {
    for row in dense.chunks_exact_mut(width * OUTPUT_CHANNELS) {
        for x in 0..width / 2 {
            let (left, right) = row.split_at_mut((width - 1 - x) * OUTPUT_CHANNELS);
            left[x * OUTPUT_CHANNELS..][..OUTPUT_CHANNELS].swap_with_slice(&mut right[..OUTPUT_CHANNELS]);
        }
    }
    for cell in dense.chunks_exact_mut(OUTPUT_CHANNELS) {
        let logits: Vec<f32> = cell[PART..COORD].to_vec();
        for class in PartClass::ALL {
            cell[PART + mirrored_class(class) as usize] = logits[class as usize];
        }
        cell[COORD] = -cell[COORD];
    }
}

/// Averages two outputs into the first. Where their coordinates contradict each other, as when one takes left for
/// right, the one that is surer over the whole car has its way.
fn merge(first: &mut [f32], second: &[f32]) {
    // Of the bounding box's half extents; honest errors are smaller.
    const CONTRADICTION: f32 = 0.4;
    let doubt = |dense: &[f32]| -> f32 {
        dense.chunks_exact(OUTPUT_CHANNELS).filter(|cell| cell[0] > 0.0).map(|cell| cell[LOG_SCALE]).sum()
    };
    let second_is_surer = doubt(second) < doubt(first);
    for (a, b) in first.chunks_exact_mut(OUTPUT_CHANNELS).zip(second.chunks_exact(OUTPUT_CHANNELS)) {
        let apart = Vec3::from_slice(&a[COORD..]).distance(Vec3::from_slice(&b[COORD..]));
        if apart > CONTRADICTION {
            if second_is_surer {
                a.copy_from_slice(b);
            }
            continue;
        }
        a.iter_mut().zip(b).for_each(|(a, b)| *a = 0.5 * (*a + b));
    }
}

/// The share that a logit says.
pub(crate) fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + (-x).exp())
}

/// The network's input from pixels of 0..255: (height, width, [`INPUT_CHANNELS`]).
pub fn input(pixels: &[f32], width: usize, height: usize, inside: impl Fn(usize, usize) -> bool) -> Vec<f32> {
    let mut out = Vec::with_capacity(width * height * INPUT_CHANNELS);
    for y in 0..height {
        for x in 0..width {
            let valid = inside(x, y);
            let rgb = &pixels[3 * (y * width + x)..][..3];
            out.extend(rgb.iter().map(|v| if valid { (v - BAR) / 64.0 } else { 0.0 }));
            out.push(f32::from(u8::from(valid)));
            out.push((x as f32 + 0.5) / width as f32 * 2.0 - 1.0);
            out.push((y as f32 + 0.5) / height as f32 * 2.0 - 1.0);
        }
    }
    out
}

/// Turns the network's numbers into a correspondence.
pub fn read_out(dense: &[f32], width: usize, height: usize, crop: CropRect, car_probability: f32) -> Correspondence {
    let cells = width * height;
    let mut out = Correspondence {
        width,
        height,
        crop,
        car_probability,
        mask: Vec::with_capacity(cells),
        part: Vec::with_capacity(cells),
        part_prob: Vec::with_capacity(cells),
        coords: Vec::with_capacity(cells),
        sigma: Vec::with_capacity(cells),
    };
    for cell in dense.chunks_exact(OUTPUT_CHANNELS) {
        let logits = &cell[PART..PART + PartClass::ALL.len()];
        let (best, largest) =
            logits.iter().enumerate().fold((0, f32::MIN), |a, (i, &v)| if v > a.1 { (i, v) } else { a });
        let sum: f32 = logits.iter().map(|v| (v - largest).exp()).sum();
        out.mask.push(sigmoid(cell[0]));
        out.part.push(best as u8);
        out.part_prob.push(1.0 / sum);
        out.coords.push(Vec3::from_slice(&cell[COORD..COORD + 3]));
        let (low, high) = crate::train::loss::LOG_SCALE_RANGE;
        // A Laplace distribution of scale b has a standard deviation of sqrt(2) b.
        out.sigma.push(std::f32::consts::SQRT_2 * cell[LOG_SCALE].clamp(low, high).exp());
    }
    out
}

/// The box around the largest connected piece of the mask, in photo pixels.
fn car_box(seen: &Correspondence) -> Option<(Vec2, Vec2)> {
    let (w, h) = (seen.width, seen.height);
    // Two cells far: a post before the car does not cut it in two.
    let around = |cell: usize| {
        let (x, y) = (cell % w, cell / w);
        let columns = x.saturating_sub(2)..=(x + 2).min(w - 1);
        (y.saturating_sub(2)..=(y + 2).min(h - 1)).flat_map(move |y| columns.clone().map(move |x| y * w + x))
    };
    let cells = pieces(w * h, around, |_, to| seen.mask[to] >= BOX_THRESHOLD).max_by_key(Vec::len)?;
    // Fewer cells are no car.
    if cells.len() < 12 {
        return None;
    }
    let places = || cells.iter().map(|&cell| (cell as usize % w, cell as usize / w));
    let (x0, y0) = places().fold((w, h), |low, at| (low.0.min(at.0), low.1.min(at.1)));
    let (x1, y1) = places().fold((0, 0), |high, at| (high.0.max(at.0), high.1.max(at.1)));
    let half = seen.cell_px() * 0.5;
    Some((seen.photo_px(x0, y0) - half, seen.photo_px(x1, y1) + half))
}

/// A rectangle of a photo at another size, each pixel averaged over a triangle as wide as the reduction; outside the
/// photo its edge goes on. Row-major RGB in 0..255.
pub(crate) fn resampled(photo: &RgbImage, crop: CropRect, width: usize, height: usize) -> Vec<f32> {
    let columns = taps(crop.x, crop.w, width, photo.width() as usize);
    let rows = taps(crop.y, crop.h, height, photo.height() as usize);
    let source = photo.as_raw();
    let stride = 3 * photo.width() as usize;
    let first = rows.iter().map(|t| t.0).min().unwrap_or(0);
    let last = rows.iter().map(|t| t.0 + t.1.len()).max().unwrap_or(0);
    let narrowed: Vec<f32> = (first..last)
        .into_par_iter()
        .flat_map_iter(|y| {
            let row = &source[y * stride..][..stride];
            columns.iter().flat_map(move |(start, weights)| {
                let mut sum = [0.0f32; 3];
                for (px, w) in row[3 * start..].chunks_exact(3).zip(weights) {
                    sum.iter_mut().zip(px).for_each(|(s, &v)| *s += w * f32::from(v));
                }
                sum
            })
        })
        .collect();
    let mut out = vec![0.0; 3 * width * height];
    out.par_chunks_mut(3 * width).zip(&rows).for_each(|(out, (start, weights))| {
        for (k, w) in weights.iter().enumerate() {
            let row = &narrowed[(start + k - first) * 3 * width..][..3 * width];
            out.iter_mut().zip(row).for_each(|(o, v)| *o += w * v);
        }
    });
    out
}

/// For each of `count` places along a stretch: the first source pixel and the weights from there on.
fn taps(from: f32, length: f32, count: usize, source: usize) -> Vec<(usize, Vec<f32>)> {
    let scale = length / count as f32;
    let reach = scale.max(1.0);
    (0..count)
        .map(|i| {
            let middle = from + (i as f32 + 0.5) * scale - 0.5;
            let clamp = |v: f32| (v.max(0.0) as usize).min(source - 1);
            let (first, last) = (clamp((middle - reach).ceil()), clamp((middle + reach).floor()));
            let mut weights: Vec<f32> =
                (first..=last).map(|p| (1.0 - (p as f32 - middle).abs() / reach).max(0.0)).collect();
            let sum: f32 = weights.iter().sum();
            if sum > 1e-6 {
                weights.iter_mut().for_each(|w| *w /= sum);
            } else {
                weights.fill(0.0);
                weights[0] = 1.0;
            }
            (first, weights)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use candle_core::DType;
    use candle_nn::{VarBuilder, VarMap};

    use super::*;
    use crate::net::NetworkConfig;

    #[test]
    fn resampling_keeps_a_ramp_a_ramp() {
        let photo = RgbImage::from_fn(640, 400, |x, y| image::Rgb([(x * 255 / 640) as u8, (y * 255 / 400) as u8, 7]));
        let crop = CropRect { x: 64.0, y: 40.0, w: 512.0, h: 320.0 };
        let small = resampled(&photo, crop, 32, 20);
        for (i, px) in small.chunks_exact(3).enumerate() {
            let x = 64.0 + ((i % 32) as f32 + 0.5) * 16.0;
            let y = 40.0 + ((i / 32) as f32 + 0.5) * 16.0;
            assert!((px[0] - (x - 0.5) * 255.0 / 640.0 + 0.5).abs() < 1.0, "{} at {x}", px[0]);
            assert!((px[1] - (y - 0.5) * 255.0 / 400.0 + 0.5).abs() < 1.0);
            assert!((px[2] - 7.0).abs() < 1e-3);
        }
    }

    #[test]
    fn tall_and_flat_cars_are_seen_in_the_usual_proportions() {
        let of = |width: f32, height: f32, length: f32| {
            Proportions::of((Vec3::new(-0.5 * width, 0.0, -0.5 * length), Vec3::new(0.5 * width, height, 0.5 * length)))
        };
        assert_eq!(of(2.05, 1.28, 4.62), Proportions::USUAL, "a car of training");
        let (tall, flat) = (of(2.04, 1.69, 3.94), of(1.67, 0.94, 4.67));
        assert!(tall.0 > 1.35 && tall.0 < 1.5 && flat.0 > 0.75 && flat.0 < 0.88, "{tall:?} {flat:?}");
        assert_eq!(of(1.0, 9.0, 1.0).0, Proportions::MOST);
        assert_eq!(Proportions::USUAL.others().count(), 2);
        assert_eq!(tall.others().next(), Some(Proportions::USUAL));

        let config = NetworkConfig::tiny();
        let vars = VarMap::new();
        let network = Network::new(&config, VarBuilder::from_varmap(&vars, DType::F32, &Device::Cpu)).unwrap();
        let net = CorrespondenceNet::new(network, Device::Cpu);
        // As wide as the car, and as much taller as the car is.
        let (low, high) = (Vec2::new(100.0, 50.0), Vec2::new(300.0, 100.0));
        let (usual, squeezed) = (net.fitted(low, high, 1.0), net.fitted(low, high, 1.5));
        assert!((usual.w - squeezed.w).abs() < 1e-3 && (squeezed.h / usual.h - 1.5).abs() < 1e-3);
        assert!((squeezed.y + 0.5 * squeezed.h - 75.0).abs() < 1e-3);
    }

    #[test]
    fn any_photo_gives_a_grid_and_an_empty_one_an_error() {
        let config = NetworkConfig::tiny();
        let vars = VarMap::new();
        let network = Network::new(&config, VarBuilder::from_varmap(&vars, DType::F32, &Device::Cpu)).unwrap();
        let net = CorrespondenceNet::new(network, Device::Cpu);
        for (w, h) in [(1, 1), (300, 40), (37, 500), (640, 480)] {
            let grid = net.correspond(&RgbImage::from_pixel(w, h, image::Rgb([9, 99, 200])), Proportions::USUAL).unwrap();
            assert_eq!((grid.width, grid.height, grid.mask.len()), (32, 16, 512));
            assert!(grid.mask.iter().chain(&grid.part_prob).all(|p| (0.0..=1.0).contains(p)));
            assert!(grid.sigma.iter().all(|s| *s > 0.0) && grid.coords.iter().all(|c| c.is_finite()));
        }
        assert!(matches!(net.correspond(&RgbImage::new(0, 0), Proportions::USUAL), Err(ModelError::EmptyPhoto { .. })));
    }

    #[test]
    fn a_mirrored_photo_gives_the_mirrored_answer() {
        let config = NetworkConfig::tiny();
        let vars = VarMap::new();
        let network = Network::new(&config, VarBuilder::from_varmap(&vars, DType::F32, &Device::Cpu)).unwrap();
        let net = CorrespondenceNet::new(network, Device::Cpu);
        let photo = RgbImage::from_fn(64, 32, |x, y| image::Rgb([(x * 4) as u8, (y * 8) as u8, ((x * y) % 200) as u8]));
        let turned = image::imageops::flip_horizontal(&photo);
        let crop = CropRect { x: 0.0, y: 0.0, w: 64.0, h: 32.0 };
        let (a, b) = (net.look_twice(&photo, crop).unwrap(), net.look_twice(&turned, crop).unwrap());
        for y in 0..a.height {
            for x in 0..a.width {
                let (i, j) = (a.index(x, y), a.index(a.width - 1 - x, y));
                assert!((a.mask[i] - b.mask[j]).abs() < 1e-4);
                assert!((a.coords[i] * Vec3::new(-1.0, 1.0, 1.0) - b.coords[j]).length() < 1e-3);
                assert_eq!(mirrored_class(a.part_class(i)), b.part_class(j));
            }
        }
    }

    #[test]
    fn the_box_is_that_of_the_largest_piece() {
        let mut seen = read_out(&vec![0.0; 20 * 10 * OUTPUT_CHANNELS], 20, 10, CropRect { x: 0.0, y: 0.0, w: 200.0, h: 100.0 }, 1.0);
        seen.mask.fill(0.0);
        assert!(car_box(&seen).is_none());
        for y in 3..8 {
            for x in 6..15 {
                seen.mask[y * 20 + x] = 0.9;
            }
        }
        seen.mask[0] = 1.0;
        assert_eq!(car_box(&seen), Some((Vec2::new(60.0, 30.0), Vec2::new(150.0, 80.0))));
    }
}
