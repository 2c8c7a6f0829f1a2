//! Pixels to channels and back by a factor of 2: the way down and up in resolution that loses nothing.
//!
//! candle's resizing operations have wrong or missing gradients; these are permutations, so each is the other's.

use candle_core::{CpuStorage, CustomOp1, Layout, Result, Shape, Tensor, bail};

use super::conv::values;

/// (batch, 2h, 2w, c) to (batch, h, w, 4c); channels ordered row, column, channel.
pub fn pixels_to_channels(x: &Tensor) -> Result<Tensor> {
    if x.device().is_cpu() {
        return x.contiguous()?.apply_op1(Down);
    }
    let (b, h, w, c) = x.dims4()?;
    x.reshape((b, h / 2, 2, w / 2, 2, c))?.permute((0, 1, 3, 2, 4, 5))?.contiguous()?.reshape((b, h / 2, w / 2, 4 * c))
}

/// (batch, h, w, 4c) to (batch, 2h, 2w, c), the inverse of [`pixels_to_channels`].
pub fn channels_to_pixels(x: &Tensor) -> Result<Tensor> {
    if x.device().is_cpu() {
        return x.contiguous()?.apply_op1(Up);
    }
    let (b, h, w, c) = x.dims4()?;
    x.reshape((b, h, w, 2, 2, c / 4))?.permute((0, 1, 3, 2, 4, 5))?.contiguous()?.reshape((b, 2 * h, 2 * w, c / 4))
}

struct Down;
struct Up;

/// Calls `pair(fine, coarse)` with the starts of each run of `2 * c` values that the two layouts share.
fn for_each_run(batch: usize, h: usize, w: usize, c: usize, mut pair: impl FnMut(usize, usize)) {
    for b in 0..batch {
        for y in 0..h {
            for x in 0..w {
                for dy in 0..2 {
                    let fine = ((b * 2 * h + 2 * y + dy) * 2 * w + 2 * x) * c;
                    let coarse = (((b * h + y) * w + x) * 2 + dy) * 2 * c;
                    pair(fine, coarse);
                }
            }
        }
    }
}

impl CustomOp1 for Down {
    fn name(&self) -> &'static str {
        "pixels-to-channels"
    }

    fn cpu_fwd(&self, x: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let (b, h, w, c) = layout.shape().dims4()?;
        if h % 2 != 0 || w % 2 != 0 {
            bail!("{w} x {h} pixels cannot be halved");
        }
        let x = values(x, layout)?;
        let mut out = vec![0.0f32; x.len()];
        for_each_run(b, h / 2, w / 2, c, |fine, coarse| {
            out[coarse..coarse + 2 * c].copy_from_slice(&x[fine..fine + 2 * c]);
        });
        Ok((CpuStorage::F32(out), (b, h / 2, w / 2, 4 * c).into()))
    }

    fn bwd(&self, _: &Tensor, _: &Tensor, grad: &Tensor) -> Result<Option<Tensor>> {
        channels_to_pixels(grad).map(Some)
    }
}

impl CustomOp1 for Up {
    fn name(&self) -> &'static str {
        "channels-to-pixels"
    }

    fn cpu_fwd(&self, x: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let (b, h, w, c4) = layout.shape().dims4()?;
        if c4 % 4 != 0 {
            bail!("{c4} channels cannot be spread over four pixels");
        }
        let c = c4 / 4;
        let x = values(x, layout)?;
        let mut out = vec![0.0f32; x.len()];
        for_each_run(b, h, w, c, |fine, coarse| {
            out[fine..fine + 2 * c].copy_from_slice(&x[coarse..coarse + 2 * c]);
        });
        Ok((CpuStorage::F32(out), (b, 2 * h, 2 * w, c).into()))
    }

    fn bwd(&self, _: &Tensor, _: &Tensor, grad: &Tensor) -> Result<Option<Tensor>> {
        pixels_to_channels(grad).map(Some)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::check::{check_gradients, noise};

    #[test]
    fn down_and_up_again_is_the_same_picture() {
        let x = noise(&[2, 4, 6, 3], 1);
        let down = pixels_to_channels(&x).unwrap();
        assert_eq!(down.dims(), [2, 2, 3, 12]);
        // Cell (0, 0) holds the four pixels of the top left corner, row by row.
        let cell = down.flatten_all().unwrap().to_vec1::<f32>().unwrap();
        let pixels = x.flatten_all().unwrap().to_vec1::<f32>().unwrap();
        assert_eq!(cell[..6], pixels[..6]);
        assert_eq!(cell[6..12], pixels[18..24]);
        let up = channels_to_pixels(&down).unwrap().flatten_all().unwrap().to_vec1::<f32>().unwrap();
        assert_eq!(up, pixels);
    }

    #[test]
    fn gradients_match_finite_differences() {
        check_gradients(&[noise(&[1, 4, 2, 3], 1)], |t| pixels_to_channels(&t[0]));
        check_gradients(&[noise(&[1, 2, 3, 8], 1)], |t| channels_to_pixels(&t[0]));
    }
}
