//! AdamW with gradient clipping and a moving average of the weights, over named variables in a fixed order.

use candle_core::{Result, Tensor, Var};
use rayon::prelude::*;

const BETA_1: f32 = 0.9;
const BETA_2: f32 = 0.98; // a short memory suits the few thousand steps of a training on a processor
const EPSILON: f32 = 1e-8;
/// Weight decay; biases, gains and offsets are spared.
const DECAY: f32 = 0.02;
/// Gradients are scaled down to this norm.
const MAX_NORM: f32 = 3.0;
/// Memory of the averaged weights, in steps.
const AVERAGE_STEPS: f32 = 400.0;

/// One variable with the optimiser's memory of it.
pub struct Slot {
    /// As in the saved weights.
    pub name: String,
    /// What the network computes with.
    pub var: Var,
    /// First moment.
    pub first: Vec<f32>,
    /// Second moment.
    pub second: Vec<f32>,
    /// Moving average of the weights.
    pub average: Vec<f32>,
}

/// All variables.
pub struct Optimizer {
    /// Sorted by name.
    pub slots: Vec<Slot>,
    /// Steps taken.
    pub step: usize,
}

impl Optimizer {
    /// Starts with empty moments and the averages at the variables' values.
    pub fn new(mut vars: Vec<(String, Var)>) -> Result<Self> {
        vars.sort_by(|a, b| a.0.cmp(&b.0));
        let slots = vars.into_iter().map(|(name, var)| {
            let average = var.flatten_all()?.to_vec1::<f32>()?;
            let zeros = vec![0.0; average.len()];
            Ok(Slot { name, var, first: zeros.clone(), second: zeros, average })
        });
        Ok(Self { slots: slots.collect::<Result<_>>()?, step: 0 })
    }

    /// Takes one step with gradients in the slots' order; returns their norm before clipping.
    pub fn step(&mut self, grads: &[Vec<f32>], rate: f32) -> Result<f32> {
        let norm = grads.iter().flatten().map(|g| f64::from(*g).powi(2)).sum::<f64>().sqrt() as f32;
        if !norm.is_finite() {
            return Ok(norm);
        }
        self.step += 1;
        let clip = (MAX_NORM / norm.max(1e-12)).min(1.0);
        let t = self.step as f32;
        let (bias_1, bias_2) = (1.0 - BETA_1.powf(t), 1.0 - BETA_2.powf(t));
        let keep = 1.0 - 1.0 / (1.0 + t * 0.1).min(AVERAGE_STEPS);
        // A graphics processor is asked by one thread.
        let mut all = self.slots.iter().map(|slot| slot.var.flatten_all()?.to_vec1::<f32>()).collect::<Result<Vec<_>>>()?;
        self.slots.par_iter_mut().zip(grads).zip(&mut all).for_each(|((slot, grad), values)| {
            let decay = if slot.name.ends_with("weight") { DECAY * rate } else { 0.0 };
            for i in 0..values.len() {
                let g = grad[i] * clip;
                slot.first[i] += (1.0 - BETA_1) * (g - slot.first[i]);
                slot.second[i] += (1.0 - BETA_2) * (g * g - slot.second[i]);
                let direction = (slot.first[i] / bias_1) / ((slot.second[i] / bias_2).sqrt() + EPSILON);
                values[i] -= rate * direction + decay * values[i];
                slot.average[i] += (1.0 - keep) * (values[i] - slot.average[i]);
            }
        });
        for (slot, values) in self.slots.iter().zip(all) {
            slot.var.set(&Tensor::from_vec(values, slot.var.shape(), slot.var.device())?)?;
        }
        Ok(norm)
    }
}

#[cfg(test)]
mod tests {
    use candle_core::Device;

    use super::*;

    #[test]
    fn it_finds_the_bottom_of_a_bowl() {
        let var = Var::from_vec(vec![3.0f32, -2.0], 2, &Device::Cpu).unwrap();
        let mut optimizer = Optimizer::new(vec![("bowl.bias".into(), var.clone())]).unwrap();
        for step in 0..400 {
            let at = var.to_vec1::<f32>().unwrap();
            let grads = vec![vec![2.0 * (at[0] - 1.0), 20.0 * (at[1] + 1.0)]];
            let rate = 0.05 * (1.0 - step as f32 / 400.0);
            optimizer.step(&grads, rate).unwrap();
        }
        let at = var.to_vec1::<f32>().unwrap();
        assert!((at[0] - 1.0).abs() < 0.01 && (at[1] + 1.0).abs() < 0.01, "{at:?}");
    }

    #[test]
    fn a_broken_gradient_leaves_the_weights_alone() {
        let var = Var::from_vec(vec![1.0f32], 1, &Device::Cpu).unwrap();
        let mut optimizer = Optimizer::new(vec![("x.weight".into(), var.clone())]).unwrap();
        assert!(optimizer.step(&[vec![f32::NAN]], 0.1).unwrap().is_nan());
        assert_eq!((var.to_vec1::<f32>().unwrap()[0], optimizer.step), (1.0, 0));
    }
}
