//! Softmax over the last dimension in one pass each way: candle's fused one has no gradient, and the composed one walks
//! memory a dozen times.

use candle_core::{CpuStorage, CustomOp1, D, Layout, Result, Shape, Tensor};

use super::conv::{values, with_values};
use super::norm::sum_of;

/// `exp(scale * x)`, normalised to sum 1 over the last dimension.
pub fn softmax(x: &Tensor, scale: f32) -> Result<Tensor> {
    if !x.device().is_cpu() {
        return by_products(x, scale);
    }
    x.contiguous()?.apply_op1(Softmax { scale })
}

/// The same function for graphics processors, with matrix products for sums and repetition (see
/// [`repeated`](super::conv::repeated)).
fn by_products(x: &Tensor, scale: f32) -> Result<Tensor> {
    let columns = x.dim(D::Minus1)?;
    let rows = x.elem_count() / columns;
    let x_rows = (x.contiguous()?.reshape((rows, columns))? * f64::from(scale))?;
    let across = Tensor::ones((1, columns), x.dtype(), x.device())?;
    let largest = x_rows.detach().max_keepdim(1)?.matmul(&across)?;
    let raised = (x_rows - largest)?.exp()?;
    let sum = raised.matmul(&Tensor::ones((columns, 1), x.dtype(), x.device())?)?.matmul(&across)?;
    (raised / sum)?.reshape(x.shape())
}

struct Softmax {
    scale: f32,
}

impl CustomOp1 for Softmax {
    fn name(&self) -> &'static str {
        "softmax"
    }

    fn cpu_fwd(&self, x: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let x = values(x, layout)?;
        let row = layout.shape().dims().last().copied().unwrap_or(1).max(1);
        let mut out = vec![0.0f32; x.len()];
        for (x, out) in x.chunks_exact(row).zip(out.chunks_exact_mut(row)) {
            let largest = x.iter().copied().fold(f32::MIN, f32::max);
            for (out, x) in out.iter_mut().zip(x) {
                *out = exp_of_negative(self.scale * (x - largest));
            }
            let share = sum_of(out, |v| v).recip();
            out.iter_mut().for_each(|v| *v *= share);
        }
        Ok((CpuStorage::F32(out), layout.shape().clone()))
    }

    fn bwd(&self, x: &Tensor, y: &Tensor, grad: &Tensor) -> Result<Option<Tensor>> {
        let row = x.dim(D::Minus1)?.max(1);
        let mut out = vec![0.0f32; x.elem_count()];
        with_values(y, |y| {
            with_values(grad, |grad| {
                let rows = y.chunks_exact(row).zip(grad.chunks_exact(row)).zip(out.chunks_exact_mut(row));
                for ((y, grad), out) in rows {
                    let dot: f32 = y.iter().zip(grad).map(|(y, g)| y * g).sum();
                    for ((out, y), g) in out.iter_mut().zip(y).zip(grad) {
                        *out = self.scale * y * (g - dot);
                    }
                }
                Ok(())
            })
        })?;
        Tensor::from_vec(out, x.shape(), x.device()).map(Some)
    }
}

/// `exp(x)` for `x` up to 0, to 2e-7 of its value, in a form that compilers turn into vector code: 2 to the whole part of
/// the power by the exponent's bits, to the rest by a polynomial (Cephes' expf).
fn exp_of_negative(x: f32) -> f32 {
    let x = x.max(-87.0);
    let whole = (x * std::f32::consts::LOG2_E - 0.5) as i32;
    let rest = x - whole as f32 * 0.693_359_4 + whole as f32 * 2.121_944_4e-4;
    let polynomial = 1.987_569_1e-4f32;
    let polynomial = polynomial * rest + 1.398_199_9e-3;
    let polynomial = polynomial * rest + 8.333_452e-3;
    let polynomial = polynomial * rest + 4.166_579_6e-2;
    let polynomial = polynomial * rest + 1.666_666_5e-1;
    let polynomial = polynomial * rest + 0.5;
    let value = polynomial * rest * rest + rest + 1.0;
    value * f32::from_bits(((whole + 127) << 23) as u32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::check::{check_gradients, noise};

    #[test]
    fn the_exponential_is_exact_enough() {
        for i in 0..20_000 {
            let x = -87.0 * i as f32 / 20_000.0;
            let (ours, exact) = (exp_of_negative(x), x.exp());
            assert!((ours - exact).abs() <= 4e-7 * exact, "exp({x}) is {exact}, not {ours}");
        }
    }

    #[test]
    fn rows_sum_to_one_and_follow_the_definition() {
        let x = (noise(&[3, 7], 1) * 5.0).unwrap();
        let y = softmax(&x, 0.7).unwrap().to_vec2::<f32>().unwrap();
        for (x, y) in x.to_vec2::<f32>().unwrap().iter().zip(&y) {
            assert!((y.iter().sum::<f32>() - 1.0).abs() < 1e-5);
            assert!((y[1] / y[0] - (0.7 * (x[1] - x[0])).exp()).abs() < 1e-4 * (y[1] / y[0]));
        }
    }

    #[test]
    fn both_ways_say_the_same() {
        let x = (noise(&[2, 3, 7], 1) * 5.0).unwrap();
        let off = (softmax(&x, 0.7).unwrap() - by_products(&x, 0.7).unwrap()).unwrap();
        let off = off.abs().unwrap().max_all().unwrap().to_scalar::<f32>().unwrap();
        assert!(off < 1e-5, "{off}");
    }

    #[test]
    fn gradients_match_finite_differences() {
        check_gradients(&[noise(&[2, 3, 5], 2)], |t| softmax(&t[0], 0.6));
        check_gradients(&[noise(&[2, 3, 5], 2)], |t| by_products(&t[0], 0.6));
    }
}
