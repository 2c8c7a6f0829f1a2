//! The layers that all networks are built of, over tensors of (batch, height, width, channels).

use std::sync::OnceLock;

use candle_core::{D, Module, Result, Tensor};
use candle_nn::{Init, VarBuilder};

use super::conv::{Settled, conv2d};
use super::norm::channel_norm;
use super::softmax::softmax;
use super::spread::spread;

/// A "same" convolution; with a kernel of 1 a linear map of the channels.
pub(super) struct Conv {
    weight: Tensor,
    bias: Tensor,
    settled: OnceLock<Settled>,
}

impl Conv {
    pub(super) fn new(kernel: usize, c_in: usize, c_out: usize, vb: VarBuilder) -> Result<Self> {
        let fan_in = kernel * kernel * c_in;
        let init = Init::Randn { mean: 0.0, stdev: (2.0 / fan_in as f64).sqrt() };
        Ok(Self {
            weight: vb.get_with_hints((fan_in, c_out), "weight", init)?,
            bias: vb.get_with_hints(c_out, "bias", Init::Const(0.0))?,
            settled: OnceLock::new(),
        })
    }

    pub(super) fn rectified(&self, x: &Tensor) -> Result<Tensor> {
        self.run(x, true)
    }

    /// Weights that nothing learns any more are laid out at the first use.
    fn run(&self, x: &Tensor, rectify: bool) -> Result<Tensor> {
        if self.weight.is_variable() || x.track_op() || !x.device().is_cpu() {
            return conv2d(x, &self.weight, &self.bias, rectify);
        }
        if let Some(settled) = self.settled.get() {
            return settled.forward(x, rectify);
        }
        let settled = Settled::new(&self.weight, &self.bias, x.dim(D::Minus1)?)?;
        self.settled.get_or_init(|| settled).forward(x, rectify)
    }
}

impl Module for Conv {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        self.run(x, false)
    }
}

/// Normalises each pixel over its channels.
pub(super) struct Norm {
    gain: Tensor,
    offset: Tensor,
}

impl Norm {
    pub(super) fn new(channels: usize, vb: VarBuilder) -> Result<Self> {
        Ok(Self {
            gain: vb.get_with_hints(channels, "gain", Init::Const(1.0))?,
            offset: vb.get_with_hints(channels, "offset", Init::Const(0.0))?,
        })
    }
}

impl Module for Norm {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        channel_norm(x, &self.gain, &self.offset)
    }
}

/// `x + conv(relu(conv(norm(x))))`; as a transformer's second half with 1x1 kernels.
pub(super) struct Residual {
    norm: Norm,
    first: Conv,
    last: Conv,
}

impl Residual {
    pub(super) fn new(kernel: usize, channels: usize, hidden: usize, vb: VarBuilder) -> Result<Self> {
        Ok(Self {
            norm: Norm::new(channels, vb.pp("norm"))?,
            first: Conv::new(kernel, channels, hidden, vb.pp("first"))?,
            last: Conv::new(kernel, hidden, channels, vb.pp("last"))?,
        })
    }
}

impl Module for Residual {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        x + self.last.forward(&self.first.rectified(&self.norm.forward(x)?)?)?
    }
}

/// Every pixel looks at every other one.
pub(super) struct Attention {
    norm: Norm,
    qkv: Conv,
    last: Conv,
    heads: usize,
}

impl Attention {
    pub(super) fn new(channels: usize, heads: usize, vb: VarBuilder) -> Result<Self> {
        Ok(Self {
            norm: Norm::new(channels, vb.pp("norm"))?,
            qkv: Conv::new(1, channels, 3 * channels, vb.pp("qkv"))?,
            last: Conv::new(1, channels, channels, vb.pp("last"))?,
            heads,
        })
    }
}

impl Module for Attention {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let (_, _, _, c) = x.dims4()?;
        let qkv = self.qkv.forward(&self.norm.forward(x)?)?;
        let part = |i: usize| qkv.narrow(D::Minus1, i * c, c)?.contiguous();
        x + self.last.forward(&attend(&part(0)?, &part(1)?, &part(2)?, self.heads)?)?
    }
}

/// The pixels of one tensor look at those of another.
pub(super) struct CrossAttention {
    norm: Norm,
    norm_from: Norm,
    query: Conv,
    key_value: Conv,
    last: Conv,
    heads: usize,
}

impl CrossAttention {
    pub(super) fn new(channels: usize, heads: usize, vb: VarBuilder) -> Result<Self> {
        Ok(Self {
            norm: Norm::new(channels, vb.pp("norm"))?,
            norm_from: Norm::new(channels, vb.pp("norm_from"))?,
            query: Conv::new(1, channels, channels, vb.pp("query"))?,
            key_value: Conv::new(1, channels, 2 * channels, vb.pp("key_value"))?,
            last: Conv::new(1, channels, channels, vb.pp("last"))?,
            heads,
        })
    }

    pub(super) fn forward(&self, x: &Tensor, from: &Tensor) -> Result<Tensor> {
        let (_, _, _, c) = x.dims4()?;
        let query = self.query.forward(&self.norm.forward(x)?)?;
        let key_value = self.key_value.forward(&self.norm_from.forward(from)?)?;
        let part = |i: usize| key_value.narrow(D::Minus1, i * c, c)?.contiguous();
        x + self.last.forward(&attend(&query, &part(0)?, &part(1)?, self.heads)?)?
    }
}

/// A round of a set network (induced set attention, Lee et al. 2019): latents gather from a set, and the set reads from them.
pub(super) struct SetLayer {
    gather: CrossAttention,
    think: Residual,
    read: CrossAttention,
    refine: Residual,
}

impl SetLayer {
    pub(super) fn new(channels: usize, heads: usize, vb: VarBuilder) -> Result<Self> {
        Ok(Self {
            gather: CrossAttention::new(channels, heads, vb.pp("gather"))?,
            think: Residual::new(1, channels, 2 * channels, vb.pp("think"))?,
            read: CrossAttention::new(channels, heads, vb.pp("read"))?,
            refine: Residual::new(1, channels, 2 * channels, vb.pp("refine"))?,
        })
    }

    /// What the latents know once they have looked at the set.
    pub(super) fn gather(&self, latents: &Tensor, set: &Tensor) -> Result<Tensor> {
        self.think.forward(&self.gather.forward(latents, set)?)
    }

    /// What each of the set knows once it has looked at the latents.
    pub(super) fn read(&self, set: &Tensor, latents: &Tensor) -> Result<Tensor> {
        self.refine.forward(&self.read.forward(set, latents)?)
    }
}

/// `x` of (1, height, width, channels), the same for each of a batch.
pub(super) fn for_each_of(batch: usize, x: &Tensor) -> Result<Tensor> {
    let (_, height, width, channels) = x.dims4()?;
    spread(x, &[batch, height, width, channels])
}

/// Multi-head attention (Vaswani et al. 2017): the values of `v`'s pixels mixed by how well `q` fits `k`.
fn attend(q: &Tensor, k: &Tensor, v: &Tensor, heads: usize) -> Result<Tensor> {
    let (b, h, w, c) = q.dims4()?;
    let size = c / heads;
    let split = |x: &Tensor| -> Result<Tensor> {
        let cells = x.dim(1)? * x.dim(2)?;
        x.reshape((b, cells, heads, size))?.transpose(1, 2)?.contiguous()
    };
    let scores = split(q)?.matmul(&split(k)?.transpose(2, 3)?.contiguous()?)?;
    let weights = softmax(&scores, (size as f32).sqrt().recip())?;
    weights.matmul(&split(v)?)?.transpose(1, 2)?.contiguous()?.reshape((b, h, w, c))
}

#[cfg(test)]
mod tests {
    use candle_core::{DType, Device};
    use candle_nn::VarMap;

    use super::*;
    use crate::net::check::{check_gradients, noise};

    #[test]
    fn attention_has_the_right_gradient() {
        let vars = VarMap::new();
        let layer = Attention::new(6, 2, VarBuilder::from_varmap(&vars, DType::F32, &Device::Cpu)).unwrap();
        check_gradients(&[noise(&[2, 2, 3, 6], 3)], |t| layer.forward(&t[0]));
    }

    #[test]
    fn looking_at_other_pixels_has_the_right_gradient() {
        let vars = VarMap::new();
        let layer = CrossAttention::new(6, 2, VarBuilder::from_varmap(&vars, DType::F32, &Device::Cpu)).unwrap();
        check_gradients(&[noise(&[2, 1, 3, 6], 3), noise(&[2, 1, 5, 6], 4)], |t| layer.forward(&t[0], &t[1]));
    }
}
