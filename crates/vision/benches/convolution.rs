//! The project's convolution beside candle's own at the correspondence network's shapes, and the whole network: forward, and
//! forward with gradients. As in the program, all of it runs on the pool's threads, in a process that keeps the memory it frees.

use candle_core::{DType, Device, Tensor, Var};
use candle_nn::{VarBuilder, VarMap};
use criterion::{Bencher, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use gridvox_vision::net::conv::{Settled, composed, conv2d};
use gridvox_vision::net::network::INPUT_CHANNELS;
use gridvox_vision::net::{Model, Network, NetworkConfig};

/// (height, width, channels in, channels out, kernel): each kind of layer at each of the network's four resolutions.
const SHAPES: [(usize, usize, usize, usize, usize); 9] = [
    (64, 112, 24, 24, 3),
    (32, 56, 32, 32, 3),
    (16, 28, 64, 64, 3),
    (8, 14, 128, 128, 3),
    (64, 112, 24, 25, 1),
    (32, 56, 96, 32, 1),
    (16, 28, 128, 64, 1),
    (8, 14, 256, 128, 1),
    (8, 14, 128, 384, 1),
];

fn backward(y: &Tensor) {
    y.sum_all().and_then(|sum| sum.backward()).expect("it is differentiable");
}

/// Once a large block was freed, the C library gives memory back to the system at larger sizes only.
fn keep_freed_memory() {
    drop(std::hint::black_box(vec![1u8; 31 << 20]));
}

fn on_the_pool<T: Send>(bench: &mut Bencher, mut routine: impl FnMut() -> T + Send) {
    rayon::scope(|_| bench.iter(&mut routine));
}

fn convolution(criterion: &mut Criterion) {
    keep_freed_memory();
    for (height, width, c_in, c_out, kernel) in SHAPES {
        let mut group = criterion.benchmark_group(format!("{width}x{height} {kernel}x{kernel} {c_in}>{c_out}"));
        group.throughput(Throughput::Elements((2 * height * width * kernel * kernel * c_in * c_out) as u64));
        group.sample_size(20);
        let random = |shape: &[usize]| Var::randn(0f32, 1.0, shape, &Device::Cpu).expect("it fits in memory");
        let x = random(&[1, height, width, c_in]);
        let w = random(&[kernel * kernel * c_in, c_out]);
        let b = random(&[c_out]);
        let ours = || conv2d(&x, &w, &b, false).expect("shapes fit");
        let candle = || composed(&x, &w, &b, kernel, false).expect("shapes fit");
        let settled = Settled::new(&w, &b, c_in).expect("shapes fit");
        let settled = || settled.forward(&x, false).expect("shapes fit");
        group.bench_function(BenchmarkId::new("forward", "gridvox"), |bench| on_the_pool(bench, settled));
        group.bench_function(BenchmarkId::new("forward", "candle"), |bench| on_the_pool(bench, candle));
        group.bench_function(BenchmarkId::new("both", "gridvox"), |bench| on_the_pool(bench, || backward(&ours())));
        group.bench_function(BenchmarkId::new("both", "candle"), |bench| on_the_pool(bench, || backward(&candle())));
        group.finish();
    }
}

fn network(criterion: &mut Criterion) {
    let config = NetworkConfig::standard();
    let vars = VarMap::new();
    let weights = VarBuilder::from_varmap(&vars, DType::F32, &Device::Cpu);
    let learning = Network::new(&config, weights).expect("the configuration is sound");
    let learned = vars.data().lock().expect("no thread failed").clone();
    let settled = learned.iter().map(|(name, var)| (name.clone(), var.as_detached_tensor())).collect();
    let settled = VarBuilder::from_tensors(settled, DType::F32, &Device::Cpu);
    let network = Network::new(&config, settled).expect("the configuration is sound");
    let shape = (1, config.height, config.width, INPUT_CHANNELS);
    let x = Tensor::randn(0f32, 1.0, shape, &Device::Cpu).expect("it fits in memory");
    let forward = |network: &Network| network.forward(&x).expect("shapes fit").dense;
    let mut group = criterion.benchmark_group("network");
    group.sample_size(20);
    group.bench_function("forward", |bench| on_the_pool(bench, || forward(&network)));
    group.bench_function("both", |bench| on_the_pool(bench, || backward(&forward(&learning))));
    group.finish();
}

criterion_group!(benches, convolution, network);
criterion_main!(benches);
