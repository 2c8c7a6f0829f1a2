//! The loss of the correspondence network and its gradient, in one pass over the grid.
//!
//! Mask: cross entropy with soft targets plus Dice. Parts: cross entropy on the car. Coordinates: Laplace likelihood
//! with a scale per cell, so that the network learns how sure it is, plus a plain absolute error that keeps unsure cells
//! learning too.

use candle_core::{Result, Tensor, bail};
use gridvox_car::PartClass;

use super::known::with_gradient;
use crate::net::look::sigmoid;
use crate::net::network::{COORD, LOG_SCALE, OUTPUT_CHANNELS, PART};
use crate::synth::Target;

const MASK_WEIGHT: f32 = 2.0;
const DICE_WEIGHT: f32 = 0.5;
const PART_WEIGHT: f32 = 1.0;
const LIKELIHOOD_WEIGHT: f32 = 0.12;
const DISTANCE_WEIGHT: f32 = 2.0;
/// Range of the logarithm of the Laplace scale; outside there is no gradient.
pub const LOG_SCALE_RANGE: (f32, f32) = (-5.0, 0.7);
/// Below this the absolute error is rounded off, in coordinate units.
const CORNER: f32 = 0.004;

/// The loss of the grid, by what it is made of; each already weighted, averaged over a batch.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct LossParts {
    /// Mask.
    pub mask: f32,
    /// Parts.
    pub part: f32,
    /// Coordinates.
    pub coord: f32,
}

impl LossParts {
    /// The whole loss.
    pub fn total(&self) -> f32 {
        self.mask + self.part + self.coord
    }
}

/// Loss of `dense` (batch, height, width, [`OUTPUT_CHANNELS`]) against one target per picture: a scalar to go backward
/// from, and its parts.
pub fn dense_loss(dense: &Tensor, targets: &[&Target]) -> Result<(Tensor, LossParts)> {
    let (batch, height, width, channels) = dense.dims4()?;
    if batch != targets.len() || channels != OUTPUT_CHANNELS {
        bail!("{batch} outputs of {channels} channels do not fit {} targets", targets.len());
    }
    if targets.iter().any(|t| (t.width, t.height) != (width, height)) {
        bail!("a target is not {width} x {height}");
    }
    let (parts, grad) = crate::net::conv::with_values(dense, |values| Ok(evaluate(values, targets)))?;
    Ok((with_gradient(dense, parts.total(), grad)?, parts))
}

pub(super) fn softplus(x: f32) -> f32 {
    x.max(0.0) + (-x.abs()).exp().ln_1p()
}

fn evaluate(values: &[f32], targets: &[&Target]) -> (LossParts, Vec<f32>) {
    let mut grad = vec![0.0f32; values.len()];
    let cells = targets[0].mask.len();
    let on_car = targets.iter().flat_map(|t| &t.mask).filter(|&&m| m > 0.5).count().max(1) as f32;
    let batch = targets.len() as f32;
    let all = batch * cells as f32;
    let mut parts = LossParts::default();
    for (b, target) in targets.iter().enumerate() {
        let at = |cell: usize| (b * cells + cell) * OUTPUT_CHANNELS;
        let (mut overlap, mut sum) = (0.0f32, 0.0f32);
        for cell in 0..cells {
            let p = sigmoid(values[at(cell)]);
            overlap += p * target.mask[cell];
            sum += p + target.mask[cell];
        }
        // +20 cells so that a picture without a car has a gentle Dice term.
        let (top, bottom) = (2.0 * overlap + 20.0, sum + 20.0);
        parts.mask += DICE_WEIGHT * (1.0 - top / bottom) / batch;
        for cell in 0..cells {
            let start = at(cell);
            let out = &values[start..start + OUTPUT_CHANNELS];
            let grad = &mut grad[start..start + OUTPUT_CHANNELS];
            let (logit, t) = (out[0], target.mask[cell]);
            let p = sigmoid(logit);
            parts.mask += MASK_WEIGHT * (softplus(logit) - t * logit) / all;
            let dice = -DICE_WEIGHT / batch * (2.0 * t * bottom - top) / (bottom * bottom);
            grad[0] = MASK_WEIGHT * (p - t) / all + dice * p * (1.0 - p);
            if t <= 0.5 {
                continue;
            }
            parts.part += PART_WEIGHT / on_car * part_loss(out, grad, target.part[cell] as usize, PART_WEIGHT / on_car);
            let place = target.coords[cell].to_array();
            parts.coord += coord_loss(out, grad, place, on_car);
        }
    }
    (parts, grad)
}

fn part_loss(out: &[f32], grad: &mut [f32], class: usize, weight: f32) -> f32 {
    let logits = &out[PART..PART + PartClass::ALL.len()];
    let largest = logits.iter().copied().fold(f32::MIN, f32::max);
    let mut sum = 0.0;
    for (logit, grad) in logits.iter().zip(&mut grad[PART..]) {
        *grad = (logit - largest).exp();
        sum += *grad;
    }
    grad[PART..PART + logits.len()].iter_mut().for_each(|g| *g *= weight / sum);
    grad[PART + class] -= weight;
    sum.ln() + largest - logits[class]
}

fn coord_loss(out: &[f32], grad: &mut [f32], place: [f32; 3], on_car: f32) -> f32 {
    let raw = out[LOG_SCALE];
    let log_scale = raw.clamp(LOG_SCALE_RANGE.0, LOG_SCALE_RANGE.1);
    let sharpness = (-log_scale).exp();
    let (mut loss, mut scale_grad) = (0.0, 0.0);
    for axis in 0..3 {
        let off = out[COORD + axis] - place[axis];
        let distance = (off * off + CORNER * CORNER).sqrt() - CORNER;
        let slope = off / (distance + CORNER);
        loss += LIKELIHOOD_WEIGHT * (distance * sharpness + log_scale) + DISTANCE_WEIGHT * distance;
        grad[COORD + axis] = slope * (LIKELIHOOD_WEIGHT * sharpness + DISTANCE_WEIGHT) / on_car;
        scale_grad += LIKELIHOOD_WEIGHT * (1.0 - distance * sharpness) / on_car;
    }
    if raw == log_scale {
        grad[LOG_SCALE] = scale_grad;
    }
    loss / on_car
}

/// Cross entropy of "there is a car" logits (batch), with its value.
pub fn car_loss(logits: &Tensor, targets: &[&Target]) -> Result<(Tensor, f32)> {
    const WEIGHT: f32 = 0.3;
    let values = logits.to_vec1::<f32>()?;
    let share = WEIGHT / targets.len() as f32;
    let (mut loss, mut grad) = (0.0, Vec::with_capacity(values.len()));
    for (&logit, target) in values.iter().zip(targets) {
        let t = f32::from(u8::from(target.car));
        loss += share * (softplus(logit) - t * logit);
        grad.push(share * (sigmoid(logit) - t));
    }
    Ok((with_gradient(logits, loss, grad)?, loss))
}

#[cfg(test)]
mod tests {
    use candle_core::{Device, Var};
    use glam::Vec3;

    use super::*;

    fn target() -> Target {
        let place = |i: usize| Vec3::new(0.1 * i as f32, -0.3, 0.2);
        Target {
            width: 3,
            height: 2,
            mask: vec![0.0, 1.0, 0.75, 0.25, 1.0, 0.0],
            part: vec![0, 4, 5, 6, 19, 0],
            coords: (0..6).map(place).collect(),
            car: true,
        }
    }

    #[test]
    fn the_gradient_matches_finite_differences() {
        let targets = [target(), Target { mask: vec![0.0; 6], car: false, ..target() }];
        let targets: Vec<&Target> = targets.iter().collect();
        let shape = (2, 2, 3, OUTPUT_CHANNELS);
        let base: Vec<f32> = (0..2 * 6 * OUTPUT_CHANNELS).map(|i| (i as f32 * 0.77).sin() * 0.6).collect();
        let var = Var::from_vec(base.clone(), shape, &Device::Cpu).unwrap();
        let (loss, _) = dense_loss(&var, &targets).unwrap();
        let grad = loss.backward().unwrap().get(&var).unwrap().flatten_all().unwrap().to_vec1::<f32>().unwrap();
        for i in 0..base.len() {
            let at = |delta: f32| {
                let mut values = base.clone();
                values[i] += delta;
                f64::from(evaluate(&values, &targets).0.total())
            };
            let expected = ((at(2e-3) - at(-2e-3)) / 4e-3) as f32;
            assert!((grad[i] - expected).abs() < 2e-3 + 0.02 * expected.abs(), "{i}: {} is not {expected}", grad[i]);
        }
    }

    #[test]
    fn a_perfect_answer_costs_next_to_nothing() {
        let target = Target { mask: vec![0.0, 1.0, 1.0, 0.0, 1.0, 0.0], ..target() };
        let mut values = vec![0.0; 6 * OUTPUT_CHANNELS];
        for cell in 0..6 {
            let out = &mut values[cell * OUTPUT_CHANNELS..][..OUTPUT_CHANNELS];
            out[0] = if target.mask[cell] > 0.5 { 12.0 } else { -12.0 };
            out[PART + target.part[cell] as usize] = 15.0;
            out[COORD..COORD + 3].copy_from_slice(&target.coords[cell].to_array());
            out[LOG_SCALE] = -5.0;
        }
        let (parts, _) = evaluate(&values, &[&target]);
        assert!(parts.mask < 1e-3 && parts.part < 1e-3, "{parts:?}");
        assert!((parts.coord + 3.0 * 5.0 * LIKELIHOOD_WEIGHT).abs() < 1e-3, "only the reward for being sure is left");
    }
}
