//! Gradients checked by finite differences, for the tests of each operation.

use candle_core::{Device, Result, Tensor, Var};
use candle_nn::VarMap;
use rand::{Rng, SeedableRng};

/// Values in -1..1, kept away from 0 so that a small step does not cross a rectifier's corner.
pub fn noise(shape: &[usize], seed: u64) -> Tensor {
    let mut rng = rand_pcg::Pcg32::seed_from_u64(seed);
    let values: Vec<f32> = (0..shape.iter().product())
        .map(|_| rng.random_range(0.05f32..1.0) * if rng.random() { 1.0 } else { -1.0 })
        .collect();
    Tensor::from_vec(values, shape, &Device::Cpu).expect("as many values as the shape asks for")
}

/// Compares the gradient of a random projection of `f` with central differences, for every entry of every input.
pub fn check_gradients(inputs: &[Tensor], f: impl Fn(&[Tensor]) -> Result<Tensor>) {
    let vars: Vec<Var> = inputs.iter().map(|t| Var::from_tensor(t).unwrap()).collect();
    let tensors = |vars: &[Var]| -> Vec<Tensor> { vars.iter().map(|v| v.as_tensor().clone()).collect() };
    let shape = f(&tensors(&vars)).unwrap().dims().to_vec();
    let weights = noise(&shape, 99);
    // Summed in f64: the difference of two sums would drown in f32.
    let score = |vars: &[Var]| -> f64 {
        let y = (f(&tensors(vars)).unwrap() * &weights).unwrap();
        y.flatten_all().unwrap().to_vec1::<f32>().unwrap().iter().map(|&v| f64::from(v)).sum()
    };
    let grads = (f(&tensors(&vars)).unwrap() * &weights).unwrap().sum_all().unwrap().backward().unwrap();
    const STEP: f32 = 2e-3;
    let (mut checked, mut off) = (0, Vec::new());
    for (index, var) in vars.iter().enumerate() {
        let grad = grads.get(var).expect("every input has a gradient").flatten_all().unwrap().to_vec1::<f32>().unwrap();
        let base = var.flatten_all().unwrap().to_vec1::<f32>().unwrap();
        for i in 0..base.len() {
            let at = |delta: f32| {
                let mut values = base.clone();
                values[i] += delta;
                var.set(&Tensor::from_vec(values, var.shape(), &Device::Cpu).unwrap()).unwrap();
                score(&vars)
            };
            let expected = ((at(STEP) - at(-STEP)) / (2.0 * f64::from(STEP))) as f32;
            checked += 1;
            if (grad[i] - expected).abs() > 2e-2 * (1.0 + expected.abs()) {
                off.push((index, i, grad[i], expected));
            }
        }
        var.set(&Tensor::from_vec(base, var.shape(), &Device::Cpu).unwrap()).unwrap();
    }
    // A step may cross a rectifier's corner here and there; a wrong formula is wrong nearly everywhere.
    assert!(off.len() * 50 <= checked, "{} of {checked} gradients are off, first {:?}", off.len(), off.first());
}

/// Goes backward from a scalar, and asks that every weight gets a gradient, but for those named.
pub fn check_all_learn(vars: &VarMap, score: &Tensor, but: &[&str]) {
    let grads = score.backward().unwrap();
    for (name, var) in vars.data().lock().unwrap().iter().filter(|(name, _)| !but.contains(&name.as_str())) {
        let grad = grads.get(var).unwrap_or_else(|| panic!("{name} has no gradient"));
        let size = grad.abs().unwrap().sum_all().unwrap().to_scalar::<f32>().unwrap();
        assert!(size.is_finite() && size > 0.0, "the gradient of {name} is {size}");
    }
}
