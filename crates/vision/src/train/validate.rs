//! How good the network is: on a livery family and views that training never sees.

use std::collections::BTreeMap;

use candle_core::Result;
use gridvox_car::CarModel;

use crate::net::{CropRect, Network, look};
use crate::synth::{HELD_OUT, Sample, SampleStream, Subject};

/// Seed of the validation pictures, apart from every training seed.
const SEED: u64 = 0x7a11_d000;
/// Pictures per forward pass.
const BATCH: usize = 4;

/// Measured over all pictures together.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Metrics {
    /// Cells in both masks by cells in either, at a threshold of 0.5.
    pub mask_iou: f32,
    /// Share of the car's cells with the right part.
    pub part_accuracy: f32,
    /// Median length of the coordinates' error over the car's cells, in half extents of the bounding box.
    pub coord_median: f32,
    /// 90th percentile of the same.
    pub coord_p90: f32,
    /// Mean of the signed error on the worst axis.
    pub coord_bias: f32,
    /// Share of the car's cells put on the wrong side (left for right, where |x| > 0.3).
    pub side_errors: f32,
    /// Share of errors per axis within one predicted standard deviation; about 0.75 for a Laplace distribution.
    pub within_sigma: f32,
    /// Share of pictures rightly called with or without a car.
    pub car_accuracy: f32,
}

impl Metrics {
    /// By name, rounded, for the manifest.
    pub fn named(&self) -> BTreeMap<String, f64> {
        let pairs = [
            ("mask_iou", self.mask_iou),
            ("part_accuracy", self.part_accuracy),
            ("coord_median", self.coord_median),
            ("coord_p90", self.coord_p90),
            ("coord_bias", self.coord_bias),
            ("side_errors", self.side_errors),
            ("within_sigma", self.within_sigma),
            ("car_accuracy", self.car_accuracy),
        ];
        pairs.into_iter().map(|(name, v)| (name.to_owned(), (f64::from(v) * 1e4).round() / 1e4)).collect()
    }
}

/// Pictures of the cars' own shapes with liveries of the held-out family.
pub fn pictures(cars: &[&CarModel], width: usize, height: usize, count: usize) -> Vec<Sample> {
    let subjects: Vec<Subject> = cars.iter().map(|car| Subject::new(car)).collect();
    let mut stream = SampleStream::new(SEED, width, height, &[HELD_OUT]);
    (0..count).map(|_| stream.next(&subjects)).collect()
}

/// Runs the network on pictures and compares.
pub fn measure(network: &Network, pictures: &[Sample]) -> Result<Metrics> {
    let (width, height) = network.config().grid();
    let (mut both, mut either, mut cars) = (0usize, 0usize, 0usize);
    let (mut right_part, mut wrong_side, mut sided, mut within) = (0usize, 0usize, 0usize, 0usize);
    let mut errors = Vec::new();
    let mut sum = glam::Vec3::ZERO;
    for samples in pictures.chunks(BATCH) {
        let output = network.forward(&super::batch_input(samples)?)?;
        let car = output.car.to_vec1::<f32>()?;
        let dense = output.dense.flatten_all()?.to_vec1::<f32>()?;
        for ((sample, dense), car) in samples.iter().zip(dense.chunks_exact(dense.len() / samples.len())).zip(car) {
            let crop = CropRect { x: 0.0, y: 0.0, w: 1.0, h: 1.0 };
            let seen = look::read_out(dense, width, height, crop, 1.0);
            cars += usize::from((car > 0.0) == sample.target.car);
            for i in 0..seen.mask.len() {
                let (found, there) = (seen.mask[i] > 0.5, sample.target.mask[i] > 0.5);
                both += usize::from(found && there);
                either += usize::from(found || there);
                if !there {
                    continue;
                }
                let off = seen.coords[i] - sample.target.coords[i];
                right_part += usize::from(seen.part[i] == sample.target.part[i]);
                errors.push(off.length());
                sum += off;
                within += off.to_array().iter().filter(|e| e.abs() <= seen.sigma[i]).count();
                let x = sample.target.coords[i].x;
                if x.abs() > 0.3 {
                    sided += 1;
                    wrong_side += usize::from(x * seen.coords[i].x < 0.0);
                }
            }
        }
    }
    errors.sort_by(f32::total_cmp);
    let n = errors.len().max(1) as f32;
    let at = |share: f32| errors.get((share * (errors.len().max(1) - 1) as f32) as usize).copied().unwrap_or(f32::NAN);
    Ok(Metrics {
        mask_iou: both as f32 / either.max(1) as f32,
        part_accuracy: right_part as f32 / n,
        coord_median: at(0.5),
        coord_p90: at(0.9),
        coord_bias: (sum / n).abs().max_element(),
        side_errors: wrong_side as f32 / sided.max(1) as f32,
        within_sigma: within as f32 / (3.0 * n),
        car_accuracy: cars as f32 / pictures.len().max(1) as f32,
    })
}
