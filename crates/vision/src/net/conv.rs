//! Convolution for the CPU, forward and backward, on (batch, height, width, channels).
//!
//! candle's own convolution copies the image into im2col layout on one thread. Here each tile of it is padded; there the three
//! taps of a kernel row lie side by side in memory, so the im2col matrix is a view of the tile (row stride = channels, three
//! runs of 3 * channels columns) and a row of a 3x3 convolution is one matrix product without any other copy. The input's
//! gradient is the same convolution with flipped weights, and the weights' gradient the product of the transposed view with
//! the output's gradient. Bias and rectifier ride along.
//!
//! On other devices than the CPU the same function is a matrix product of the image and its shifted copies.

use std::cell::RefCell;

use candle_core::{CpuStorage, CustomOp3, D, DType, Layout, Result, Shape, Tensor, bail};
use rayon::prelude::*;

use super::gemm::{Panels, View, add_transposed_product, multiply};

/// Values of a tile's input: they stay in the second-level cache while the panels of weights go over them.
const TILE_VALUES: usize = 60_000;

/// Multiplications that are worth a thread of their own.
const WORTH_SHARING: usize = 1 << 21;

thread_local! {
    /// Padded rows of a tile, kept because fresh memory costs as much as a small convolution.
    static PADDED: RefCell<Vec<f32>> = const { RefCell::new(Vec::new()) };
}

/// A "same" convolution with stride 1, bias and, if asked for, a rectifier.
///
/// - `x`: (batch, height, width, in), f32
/// - `weight`: (kernel * kernel * in, out), rows ordered kernel row, kernel column, channel; kernel is 1 or 3
/// - `bias`: (out)
///
/// Returns (batch, height, width, out). Differentiable in all three.
pub fn conv2d(x: &Tensor, weight: &Tensor, bias: &Tensor, rectify: bool) -> Result<Tensor> {
    let (_, _, _, c_in) = x.dims4()?;
    let kernel = kernel_of(weight, c_in)?;
    if !x.device().is_cpu() {
        return by_shifts(x, weight, bias, kernel, rectify);
    }
    x.contiguous()?.apply_op3(&weight.contiguous()?, &bias.contiguous()?, Conv { kernel, rectify })
}

/// Width of the kernel that a weight of (kernel * kernel * in, out) is for.
fn kernel_of(weight: &Tensor, c_in: usize) -> Result<usize> {
    match weight.dims2()? {
        (rows, _) if rows == c_in => Ok(1),
        (rows, _) if rows == 9 * c_in => Ok(3),
        (rows, _) => bail!("a weight of {rows} rows does not fit {c_in} input channels (kernel 1 or 3)"),
    }
}

/// A convolution like [`conv2d`] whose weights stay as they are: they are laid out once. On the CPU, without a gradient.
pub struct Settled {
    panels: Panels,
    kernel: usize,
    c_in: usize,
    c_out: usize,
}

impl Settled {
    /// Takes weight and bias like [`conv2d`], for images of `c_in` channels.
    pub fn new(weight: &Tensor, bias: &Tensor, c_in: usize) -> Result<Self> {
        let (kernel, c_out) = (kernel_of(weight, c_in)?, weight.dim(1)?);
        let panels = with_values(weight, |w| with_values(bias, |b| Ok(Panels::pack(w, c_out, Some(b)))))?;
        Ok(Self { panels, kernel, c_in, c_out })
    }

    /// Convolves `x`, (batch, height, width, in), f32.
    pub fn forward(&self, x: &Tensor, rectify: bool) -> Result<Tensor> {
        let (batch, height, width, c_in) = x.dims4()?;
        if c_in != self.c_in {
            bail!("images of {c_in} channels do not fit weights for {}", self.c_in);
        }
        let dims = Dims { height, width, c_in, c_out: self.c_out };
        let out = with_values(x, |x| Ok(convolve(x, &self.panels, dims, self.kernel, rectify)))?;
        Tensor::from_vec(out, (batch, height, width, self.c_out), x.device())
    }
}

/// `row` of (channels) under each of `rows` rows, by a matrix product: on graphics processors candle's broadcast and above
/// all the sum that leads its gradient back are many times slower.
pub(super) fn repeated(row: &Tensor, rows: usize) -> Result<Tensor> {
    let ones = Tensor::ones((rows, 1), row.dtype(), row.device())?;
    ones.matmul(&row.reshape((1, row.elem_count()))?)
}

/// The same function as one matrix product over the kernel's taps side by side: forward and backward are candle's matrix
/// product then, where its transposed convolution on graphics processors is many times slower.
fn by_shifts(x: &Tensor, weight: &Tensor, bias: &Tensor, kernel: usize, rectify: bool) -> Result<Tensor> {
    let (batch, height, width, _) = x.dims4()?;
    let taps = if kernel == 1 {
        x.contiguous()?
    } else {
        let reach = kernel / 2;
        let padded = x.pad_with_zeros(1, reach, reach)?.pad_with_zeros(2, reach, reach)?;
        let tap = |i: usize| padded.narrow(1, i / kernel, height)?.narrow(2, i % kernel, width);
        Tensor::cat(&(0..kernel * kernel).map(tap).collect::<Result<Vec<_>>>()?, 3)?.contiguous()?
    };
    let (rows, c_out) = weight.dims2()?;
    let pixels = batch * height * width;
    let y = (taps.reshape((pixels, rows))?.matmul(weight)? + repeated(bias, pixels)?)?;
    let y = y.reshape((batch, height, width, c_out))?;
    if rectify { y.relu() } else { Ok(y) }
}

/// The same function from candle's own convolution, to compare with.
pub fn composed(x: &Tensor, weight: &Tensor, bias: &Tensor, kernel: usize, rectify: bool) -> Result<Tensor> {
    let (_, _, _, c_in) = x.dims4()?;
    let c_out = weight.dim(1)?;
    let w = weight.reshape((kernel, kernel, c_in, c_out))?.permute((3, 2, 0, 1))?.contiguous()?;
    let y = x.permute((0, 3, 1, 2))?.contiguous()?.conv2d(&w, kernel / 2, 1, 1, 1)?;
    let y = y.permute((0, 2, 3, 1))?.contiguous()?.broadcast_add(bias)?;
    if rectify { y.relu() } else { Ok(y) }
}

struct Conv {
    kernel: usize,
    rectify: bool,
}

#[derive(Clone, Copy)]
struct Dims {
    height: usize,
    width: usize,
    c_in: usize,
    c_out: usize,
}

impl Dims {
    fn pixels(&self) -> usize {
        self.height * self.width
    }
}

/// The contiguous f32 values behind a storage.
pub(super) fn values<'a>(storage: &'a CpuStorage, layout: &Layout) -> Result<&'a [f32]> {
    let all = storage.as_slice::<f32>()?;
    match layout.contiguous_offsets() {
        Some((start, end)) => Ok(&all[start..end]),
        None => bail!("this operation needs contiguous tensors"),
    }
}

/// Runs `read` on a tensor's values, made contiguous first.
pub(crate) fn with_values<T>(tensor: &Tensor, read: impl FnOnce(&[f32]) -> Result<T>) -> Result<T> {
    let tensor = tensor.contiguous()?;
    if tensor.dtype() != DType::F32 {
        bail!("this operation needs f32, not {:?}", tensor.dtype());
    }
    if !tensor.device().is_cpu() {
        return read(&tensor.flatten_all()?.to_vec1()?);
    }
    let (storage, layout) = tensor.storage_and_layout();
    match &*storage {
        candle_core::Storage::Cpu(cpu) => read(values(cpu, layout)?),
        _ => bail!("this operation runs on the CPU only"),
    }
}

/// Rows of one tile where `all` rows take `work` multiplications and a tile may have `most` rows: as many tiles as pay, of
/// about one height.
fn tile_rows(all: usize, most: usize, work: usize) -> usize {
    let tiles = all.div_ceil(most.max(1)).max(work / WORTH_SHARING).clamp(1, all.max(1));
    all.div_ceil(tiles).max(1)
}

/// Writes rows `first - 1` to `first + rows` of an image, each with a zero pixel on both sides; rows beyond it are zero.
fn pad(image: &[f32], dims: Dims, first: usize, rows: usize, out: &mut Vec<f32>) {
    let Dims { height, width, c_in, .. } = dims;
    let wide = (width + 2) * c_in;
    out.clear();
    out.resize((rows + 2) * wide, 0.0);
    for (y, to) in (first..).zip(out.chunks_exact_mut(wide)).filter(|&(y, _)| (1..=height).contains(&y)) {
        to[c_in..][..width * c_in].copy_from_slice(&image[(y - 1) * width * c_in..][..width * c_in]);
    }
}

/// Convolves images that lie one after the other, each of `dims`.
fn convolve(images: &[f32], weight: &Panels, dims: Dims, kernel: usize, rectify: bool) -> Vec<f32> {
    let Dims { height, width, c_in, c_out } = dims;
    let pixels = images.len() / c_in;
    let mut out = vec![0.0; pixels * c_out];
    if kernel == 1 {
        let tile_px = tile_rows(pixels, TILE_VALUES / c_in, pixels * c_in * c_out);
        out.par_chunks_mut(tile_px * c_out).zip(images.par_chunks(tile_px * c_in)).for_each(|(out, x)| {
            multiply(out, View::plain(x, x.len() / c_in, c_in, c_in), weight, rectify);
        });
        return out;
    }
    let wide = (width + 2) * c_in;
    let tile_rows = tile_rows(height, TILE_VALUES / wide, 9 * dims.pixels() * c_in * c_out);
    let images = images.par_chunks_exact(dims.pixels() * c_in);
    out.par_chunks_exact_mut(dims.pixels() * c_out).zip(images).for_each(|(out, image)| {
        out.par_chunks_mut(tile_rows * width * c_out).enumerate().for_each(|(tile, out)| {
            PADDED.with_borrow_mut(|padded| {
                let rows = out.len() / (width * c_out);
                pad(image, dims, tile * tile_rows, rows, padded);
                for (y, out) in out.chunks_exact_mut(width * c_out).enumerate() {
                    let data = &padded[y * wide..];
                    let taps = View { data, rows: width, row_stride: c_in, run: 3 * c_in, runs: 3, run_stride: wide };
                    multiply(out, taps, weight, rectify);
                }
            });
        });
    });
    out
}

/// Adds the images' share to the weights' gradient.
fn accumulate_weight_gradient(images: &[f32], grad: &[f32], dims: Dims, kernel: usize, out: &mut [f32]) {
    let Dims { height, width, c_in, c_out } = dims;
    if kernel == 1 {
        let pixels = grad.len() / c_out;
        add_shared(out, View::plain(images, pixels, c_in, c_in), &Panels::pack(grad, c_out, None));
        return;
    }
    let wide = width + 2;
    let (mut padded, mut wide_grad) = (Vec::new(), vec![0.0; height * wide * c_out]);
    for (image, grad) in images.chunks_exact(dims.pixels() * c_in).zip(grad.chunks_exact(dims.pixels() * c_out)) {
        // Rows of the view run on over an image's edge; the gradient there is 0.
        for (from, to) in grad.chunks_exact(width * c_out).zip(wide_grad.chunks_exact_mut(wide * c_out)) {
            to[..width * c_out].copy_from_slice(from);
        }
        let grad = Panels::pack(&wide_grad, c_out, None);
        pad(image, dims, 0, height, &mut padded);
        padded.resize(padded.len() + 2 * c_in, 0.0);
        for (dy, out) in out.chunks_exact_mut(3 * c_in * c_out).enumerate() {
            add_shared(out, View::plain(&padded[dy * wide * c_in..], height * wide, 3 * c_in, c_in), &grad);
        }
    }
}

/// `out += view^T * grad`, shared among threads where it pays.
fn add_shared(out: &mut [f32], view: View, grad: &Panels) {
    let cols = out.len() / view.run;
    let rows = tile_rows(view.run, view.run, view.rows * out.len());
    out.par_chunks_mut(rows * cols).enumerate().for_each(|(i, out)| {
        let first = i * rows;
        add_transposed_product(out, view, first..first + out.len() / cols, grad);
    });
}

/// The weights of the convolution that carries a gradient back: taps turned by 180 degrees, channels exchanged.
fn flipped(weight: &[f32], kernel: usize, c_in: usize, c_out: usize) -> Vec<f32> {
    let taps = kernel * kernel;
    let mut out = vec![0.0; weight.len()];
    for tap in 0..taps {
        let from = &weight[tap * c_in * c_out..][..c_in * c_out];
        let to = &mut out[(taps - 1 - tap) * c_in * c_out..][..c_in * c_out];
        for i in 0..c_in {
            for o in 0..c_out {
                to[o * c_in + i] = from[i * c_out + o];
            }
        }
    }
    out
}

impl CustomOp3 for Conv {
    fn name(&self) -> &'static str {
        "conv2d-nhwc"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        x_layout: &Layout,
        weight: &CpuStorage,
        weight_layout: &Layout,
        bias: &CpuStorage,
        bias_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let (batch, height, width, c_in) = x_layout.shape().dims4()?;
        let (_, c_out) = weight_layout.shape().dims2()?;
        let dims = Dims { height, width, c_in, c_out };
        let (x, weight, bias) =
            (values(x, x_layout)?, values(weight, weight_layout)?, values(bias, bias_layout)?);
        let out = convolve(x, &Panels::pack(weight, c_out, Some(bias)), dims, self.kernel, self.rectify);
        Ok((CpuStorage::F32(out), (batch, height, width, c_out).into()))
    }

    fn bwd(
        &self,
        x: &Tensor,
        weight: &Tensor,
        _bias: &Tensor,
        res: &Tensor,
        grad: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let (_, height, width, c_in) = x.dims4()?;
        let c_out = weight.dim(D::Minus1)?;
        let dims = Dims { height, width, c_in, c_out };
        let mut grad = with_values(grad, |g| Ok(g.to_vec()))?;
        if self.rectify {
            with_values(res, |res| {
                grad.iter_mut().zip(res).for_each(|(g, &r)| *g = if r > 0.0 { *g } else { 0.0 });
                Ok(())
            })?;
        }
        let mut grad_bias = vec![0.0f32; c_out];
        for px in grad.chunks_exact(c_out) {
            grad_bias.iter_mut().zip(px).for_each(|(sum, g)| *sum += g);
        }
        let mut grad_weight = vec![0.0f32; weight.elem_count()];
        let turned = with_values(weight, |w| Ok(flipped(w, self.kernel, c_in, c_out)))?;
        let back = Dims { c_in: c_out, c_out: c_in, ..dims };
        with_values(x, |x| {
            accumulate_weight_gradient(x, &grad, dims, self.kernel, &mut grad_weight);
            Ok(())
        })?;
        let grad_x = convolve(&grad, &Panels::pack(&turned, c_in, None), back, self.kernel, false);
        let device = x.device();
        Ok((
            Some(Tensor::from_vec(grad_x, x.shape(), device)?),
            Some(Tensor::from_vec(grad_weight, weight.shape(), device)?),
            Some(Tensor::from_vec(grad_bias, c_out, device)?),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::check::{check_gradients, noise};

    #[test]
    fn it_computes_what_candle_computes() {
        for (kernel, c_in, c_out, height, width) in [(1, 5, 7, 3, 4), (3, 3, 8, 6, 5), (3, 8, 4, 40, 33), (3, 2, 2, 1, 1)] {
            let x = noise(&[2, height, width, c_in], 1);
            let w = noise(&[kernel * kernel * c_in, c_out], 2);
            let b = noise(&[c_out], 3);
            for rectify in [false, true] {
                let ours = conv2d(&x, &w, &b, rectify).unwrap();
                let theirs = composed(&x, &w, &b, kernel, rectify).unwrap();
                let shifted = by_shifts(&x, &w, &b, kernel, rectify).unwrap();
                let settled = Settled::new(&w, &b, c_in).unwrap().forward(&x, rectify).unwrap();
                let worst = |a: &Tensor, b: &Tensor| (a - b).unwrap().abs().unwrap().max_all().unwrap().to_scalar::<f32>().unwrap();
                let worst = worst(&ours, &theirs).max(worst(&ours, &shifted));
                assert!(worst < 2e-5, "{kernel}x{kernel}, {c_in} to {c_out}: off by {worst}");
                assert_eq!(ours.flatten_all().unwrap().to_vec1::<f32>().unwrap(), settled.flatten_all().unwrap().to_vec1::<f32>().unwrap());
            }
        }
    }

    #[test]
    fn gradients_match_finite_differences() {
        for kernel in [1, 3] {
            let inputs = [noise(&[2, 4, 5, 3], 4), noise(&[kernel * kernel * 3, 4], 5), noise(&[4], 6)];
            check_gradients(&inputs, |t| conv2d(&t[0], &t[1], &t[2], false));
            check_gradients(&inputs, |t| conv2d(&t[0], &t[1], &t[2], true));
            check_gradients(&inputs, |t| by_shifts(&t[0], &t[1], &t[2], kernel, true));
        }
    }

    #[test]
    fn a_weight_that_does_not_fit_is_refused() {
        let refused = conv2d(&noise(&[1, 2, 2, 3], 1), &noise(&[12, 4], 2), &noise(&[4], 3), false);
        assert!(refused.unwrap_err().to_string().contains("12 rows"));
        let settled = Settled::new(&noise(&[27, 4], 2), &noise(&[4], 3), 3).unwrap();
        assert!(settled.forward(&noise(&[1, 2, 2, 5], 1), false).unwrap_err().to_string().contains("5 channels"));
    }
}
