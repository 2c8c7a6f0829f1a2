//! Normalisation of each pixel over its channels, with gain and offset (layer norm as ConvNeXt uses it).
//!
//! One fused pass each way: candle's fused layer norm has no gradient, and the composed one walks memory nine times.

use candle_core::{CpuStorage, CustomOp3, Layout, Result, Shape, Tensor};
use rayon::prelude::*;

use super::conv::{repeated, values, with_values};

/// Keeps flat regions from being blown up into noise.
const EPSILON: f32 = 1e-5;
/// Fewer values are not worth another thread.
const PER_TASK: usize = 16_384;

/// Normalises the last dimension to mean 0 and variance 1, then scales by `gain` and adds `offset` (both of its size).
pub fn channel_norm(x: &Tensor, gain: &Tensor, offset: &Tensor) -> Result<Tensor> {
    if !x.device().is_cpu() {
        return by_products(x, gain, offset);
    }
    x.contiguous()?.apply_op3(&gain.contiguous()?, &offset.contiguous()?, ChannelNorm)
}

/// The same function for graphics processors, with matrix products for means (see [`repeated`]).
fn by_products(x: &Tensor, gain: &Tensor, offset: &Tensor) -> Result<Tensor> {
    let c = gain.elem_count();
    let rows = x.elem_count() / c;
    let x_rows = x.contiguous()?.reshape((rows, c))?;
    let averaging = (Tensor::ones((c, c), x.dtype(), x.device())? / c as f64)?;
    let centred = (&x_rows - x_rows.matmul(&averaging)?)?;
    let variance = centred.sqr()?.matmul(&averaging)?;
    let normed = (centred / (variance + f64::from(EPSILON))?.sqrt()?)?;
    ((normed * repeated(gain, rows)?)? + repeated(offset, rows)?)?.reshape(x.shape())
}

struct ChannelNorm;

/// Sum of `term` of each value. Eight sums side by side, which a processor adds at once; one would wait for each addition.
pub(super) fn sum_of(values: &[f32], term: impl Fn(f32) -> f32) -> f32 {
    let (eights, rest) = values.as_chunks::<8>();
    let mut sums = [0.0f32; 8];
    for eight in eights {
        sums.iter_mut().zip(eight).for_each(|(sum, &v)| *sum += term(v));
    }
    sums.iter().sum::<f32>() + rest.iter().map(|&v| term(v)).sum::<f32>()
}

/// Mean and 1 / standard deviation.
fn moments(px: &[f32]) -> (f32, f32) {
    let n = px.len() as f32;
    let mean = sum_of(px, |v| v) / n;
    let variance = sum_of(px, |v| (v - mean) * (v - mean)) / n;
    (mean, (variance + EPSILON).sqrt().recip())
}

impl CustomOp3 for ChannelNorm {
    fn name(&self) -> &'static str {
        "channel-norm"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        x_layout: &Layout,
        gain: &CpuStorage,
        gain_layout: &Layout,
        offset: &CpuStorage,
        offset_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let (x, gain, offset) = (values(x, x_layout)?, values(gain, gain_layout)?, values(offset, offset_layout)?);
        let mut out = vec![0.0f32; x.len()];
        let c = gain.len();
        let pixels = out.par_chunks_exact_mut(c).zip(x.par_chunks_exact(c)).with_min_len((PER_TASK / c).max(1));
        pixels.for_each(|(out, px)| {
            let (mean, scale) = moments(px);
            for (((out, v), gain), offset) in out.iter_mut().zip(px).zip(gain).zip(offset) {
                *out = (v - mean) * scale * gain + offset;
            }
        });
        Ok((CpuStorage::F32(out), x_layout.shape().clone()))
    }

    fn bwd(
        &self,
        x: &Tensor,
        gain: &Tensor,
        _offset: &Tensor,
        _res: &Tensor,
        grad: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let gains = gain.to_vec1::<f32>()?;
        let c = gains.len();
        let mut grad_gain = vec![0.0f32; c];
        let mut grad_offset = vec![0.0f32; c];
        let mut grad_x = vec![0.0f32; x.elem_count()];
        with_values(x, |x| {
            with_values(grad, |grad| {
                let pixels = x.chunks_exact(c).zip(grad.chunks_exact(c)).zip(grad_x.chunks_exact_mut(c));
                for ((px, grad), grad_x) in pixels {
                    let (mean, scale) = moments(px);
                    let (mut sum, mut dot) = (0.0, 0.0);
                    for i in 0..c {
                        let normed = (px[i] - mean) * scale;
                        grad_gain[i] += grad[i] * normed;
                        grad_offset[i] += grad[i];
                        let g = grad[i] * gains[i];
                        sum += g;
                        dot += g * normed;
                    }
                    let (sum, dot) = (sum / c as f32, dot / c as f32);
                    for i in 0..c {
                        let normed = (px[i] - mean) * scale;
                        grad_x[i] = scale * (grad[i] * gains[i] - sum - normed * dot);
                    }
                }
                Ok(())
            })
        })?;
        let device = x.device();
        Ok((
            Some(Tensor::from_vec(grad_x, x.shape(), device)?),
            Some(Tensor::from_vec(grad_gain, c, device)?),
            Some(Tensor::from_vec(grad_offset, c, device)?),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::check::{check_gradients, noise};

    #[test]
    fn a_pixel_has_mean_zero_and_variance_one() {
        let one = Tensor::ones(8, candle_core::DType::F32, &candle_core::Device::Cpu).unwrap();
        let y = channel_norm(&noise(&[1, 2, 2, 8], 1), &one, &one.zeros_like().unwrap()).unwrap();
        for px in y.reshape((4, 8)).unwrap().to_vec2::<f32>().unwrap() {
            assert!(px.iter().sum::<f32>().abs() < 1e-4);
            assert!((px.iter().map(|v| v * v).sum::<f32>() - 8.0).abs() < 1e-2);
        }
    }

    #[test]
    fn gradients_match_finite_differences() {
        let inputs = [noise(&[1, 2, 3, 6], 1), noise(&[6], 2), noise(&[6], 3)];
        check_gradients(&inputs, |t| channel_norm(&t[0], &t[1], &t[2]));
        check_gradients(&inputs, |t| by_products(&t[0], &t[1], &t[2]));
    }

    #[test]
    fn both_ways_say_the_same() {
        let [x, gain, offset] = [noise(&[2, 3, 4, 6], 1), noise(&[6], 2), noise(&[6], 3)];
        let off = (channel_norm(&x, &gain, &offset).unwrap() - by_products(&x, &gain, &offset).unwrap()).unwrap();
        let off = off.abs().unwrap().max_all().unwrap().to_scalar::<f32>().unwrap();
        assert!(off < 1e-5, "{off}");
    }
}
