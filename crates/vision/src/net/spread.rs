//! Repeating along a dimension and adding up along one.
//!
//! On graphics processors these are matrix products with ones. candle's own sum of f32 there (candle-kernels 0.11.1,
//! `fast_sum_f32`) counts whole warps of 32 threads and starts as many threads as there are numbers, rounded up to a power
//! of two: sums of 16 numbers or fewer are 0. So are the gradients of what was broadcast along so short a dimension.

use candle_core::{Result, Tensor};

/// `x` repeated along its dimensions of 1 until its shape is `shape`, of as many dimensions.
pub(crate) fn spread(x: &Tensor, shape: &[usize]) -> Result<Tensor> {
    if x.device().is_cpu() { x.broadcast_as(shape)?.contiguous() } else { spread_by_products(x, shape) }
}

fn spread_by_products(x: &Tensor, shape: &[usize]) -> Result<Tensor> {
    let mut dims = x.dims().to_vec();
    if dims.len() != shape.len() {
        candle_core::bail!("{dims:?} cannot be repeated to {shape:?}: it has another number of dimensions");
    }
    let mut x = x.contiguous()?;
    for axis in 0..shape.len() {
        if dims[axis] == shape[axis] {
            continue;
        }
        if dims[axis] != 1 {
            candle_core::bail!("{dims:?} cannot be repeated to {shape:?}: dimension {axis} is not 1");
        }
        let (before, after) = (dims[..axis].iter().product::<usize>(), dims[axis + 1..].iter().product::<usize>());
        let ones = Tensor::ones((before, shape[axis], 1), x.dtype(), x.device())?;
        dims[axis] = shape[axis];
        x = ones.matmul(&x.reshape((before, 1, after))?)?.reshape(dims.as_slice())?;
    }
    Ok(x)
}

/// The sum over a dimension, which stays as 1.
pub(crate) fn total(x: &Tensor, axis: usize) -> Result<Tensor> {
    if x.device().is_cpu() { x.sum_keepdim(axis) } else { total_by_products(x, axis) }
}

fn total_by_products(x: &Tensor, axis: usize) -> Result<Tensor> {
    let mut dims = x.dims().to_vec();
    let (before, after) = (dims[..axis].iter().product::<usize>(), dims[axis + 1..].iter().product::<usize>());
    let ones = Tensor::ones((before, 1, dims[axis]), x.dtype(), x.device())?;
    let summed = ones.matmul(&x.contiguous()?.reshape((before, dims[axis], after))?)?;
    dims[axis] = 1;
    summed.reshape(dims.as_slice())
}

/// The mean of each channel over a picture: (batch, height, width, channels) to (batch, 1, 1, channels).
pub(crate) fn pooled(x: &Tensor) -> Result<Tensor> {
    let (batch, height, width, channels) = x.dims4()?;
    let cells = total(&x.reshape((batch, height * width, channels))?, 1)?;
    (cells / (height * width) as f64)?.reshape((batch, 1, 1, channels))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::check::{check_gradients, noise};

    fn largest(x: &Tensor) -> f32 {
        x.abs().unwrap().max_all().unwrap().to_scalar::<f32>().unwrap()
    }

    #[test]
    fn both_ways_of_repeating_say_the_same() {
        let shape = [3, 4, 5, 2];
        for from in [[1, 4, 5, 2], [3, 1, 5, 1], [1, 1, 1, 1], [3, 4, 5, 2]] {
            let x = noise(&from, 1);
            let (a, b) = (spread(&x, &shape).unwrap(), spread_by_products(&x, &shape).unwrap());
            assert_eq!(b.dims(), shape);
            assert!(largest(&(a - b).unwrap()) < 1e-6);
            check_gradients(&[x], |t| spread_by_products(&t[0], &shape));
        }
        assert!(spread_by_products(&noise(&[2, 4], 1), &[3, 4]).is_err());
        assert!(spread_by_products(&noise(&[4], 1), &[3, 4]).is_err());
    }

    #[test]
    fn both_ways_of_summing_say_the_same() {
        for axis in 0..3 {
            let x = noise(&[3, 4, 5], 2);
            let off = (total(&x, axis).unwrap() - total_by_products(&x, axis).unwrap()).unwrap();
            assert!(largest(&off) < 1e-5);
            check_gradients(&[x], |t| total_by_products(&t[0], axis));
        }
    }

    #[test]
    fn pooling_is_the_mean() {
        let x = noise(&[2, 3, 5, 4], 3);
        let mean = x.mean_keepdim(1).unwrap().mean_keepdim(2).unwrap();
        assert!(largest(&(pooled(&x).unwrap() - mean).unwrap()) < 1e-6);
    }
}
