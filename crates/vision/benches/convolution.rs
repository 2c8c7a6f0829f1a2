//! The project's convolution beside candle's own, forward and with gradients, at the network's shapes.

use candle_core::{Device, Tensor, Var};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use gridvox_vision::net::conv::{composed, conv2d};

/// (batch, height, width, channels).
const SHAPES: [(usize, usize, usize, usize); 4] = [(1, 64, 112, 24), (1, 32, 56, 32), (1, 16, 28, 64), (1, 8, 14, 128)];

fn convolution(criterion: &mut Criterion) {
    for (batch, height, width, channels) in SHAPES {
        let mut group = criterion.benchmark_group(format!("{width}x{height}x{channels}"));
        group.throughput(Throughput::Elements((2 * batch * height * width * 9 * channels * channels) as u64));
        group.sample_size(20);
        let random = |shape: &[usize]| Var::randn(0f32, 1.0, shape, &Device::Cpu).expect("it fits in memory");
        let x = random(&[batch, height, width, channels]);
        let w = random(&[9 * channels, channels]);
        let b = random(&[channels]);
        let ours = || conv2d(&x, &w, &b, false).expect("shapes fit");
        let candle = || composed(&x, &w, &b, 3, false).expect("shapes fit");
        let backward = |y: Tensor| y.sum_all().and_then(|s| s.backward()).expect("it is differentiable");
        group.bench_function(BenchmarkId::new("forward", "gridvox"), |bench| bench.iter(ours));
        group.bench_function(BenchmarkId::new("forward", "candle"), |bench| bench.iter(candle));
        group.bench_function(BenchmarkId::new("both", "gridvox"), |bench| bench.iter(|| backward(ours())));
        group.bench_function(BenchmarkId::new("both", "candle"), |bench| bench.iter(|| backward(candle())));
        group.finish();
    }
}

criterion_group!(benches, convolution);
criterion_main!(benches);
