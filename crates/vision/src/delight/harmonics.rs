//! Real spherical harmonics up to order 2: nine smooth functions of a direction.

use glam::Vec3;
use nalgebra::{DMatrix, DVector};

/// Number of functions.
pub const TERMS: usize = 9;

/// The functions at a unit direction, without their constant factors: a least-squares fit absorbs those.
pub fn basis(d: Vec3) -> [f32; TERMS] {
    let Vec3 { x, y, z } = d;
    [1.0, x, y, z, x * y, y * z, x * z, 0.5 * (3.0 * y * y - 1.0), 0.5 * (x * x - z * z)]
}

/// Weighted value of the functions.
pub fn evaluate(coefficients: &[f32; TERMS], d: Vec3) -> f32 {
    basis(d).iter().zip(coefficients).map(|(b, c)| b * c).sum()
}

/// Normal equations of a weighted least-squares fit with a ridge towards a prior.
pub struct Normal<const N: usize> {
    matrix: Vec<f64>,
    right: [f64; N],
}

impl<const N: usize> Normal<N> {
    /// Starts from `ridge[i] * (x[i] - prior[i])²`.
    pub fn new(ridge: &[f32; N], prior: &[f32; N]) -> Self {
        let mut matrix = vec![0.0; N * N];
        let mut right = [0.0; N];
        for i in 0..N {
            matrix[i * N + i] = f64::from(ridge[i]);
            right[i] = f64::from(ridge[i] * prior[i]);
        }
        Self { matrix, right }
    }

    /// Adds `weight * (row . x - value)²`.
    pub fn add(&mut self, row: &[f32; N], value: f32, weight: f32) {
        for i in 0..N {
            let wi = f64::from(weight * row[i]);
            for j in i..N {
                self.matrix[i * N + j] += wi * f64::from(row[j]);
            }
            self.right[i] += wi * f64::from(value);
        }
    }

    /// The minimum, or `None` where it is not unique.
    pub fn solve(mut self) -> Option<[f32; N]> {
        for i in 0..N {
            for j in 0..i {
                self.matrix[i * N + j] = self.matrix[j * N + i];
            }
        }
        let solution = DMatrix::from_row_slice(N, N, &self.matrix).cholesky()?.solve(&DVector::from_row_slice(&self.right));
        solution.iter().all(|v| v.is_finite()).then(|| std::array::from_fn(|i| solution[i] as f32))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_known_light_is_found_again() {
        let truth = [1.0, 0.2, 0.5, -0.1, 0.05, 0.1, -0.2, 0.3, 0.02];
        let mut normal = Normal::new(&[1e-6; TERMS], &[0.0; TERMS]);
        for i in 0..400 {
            let (s, c) = (i as f32 * 2.399_963).sin_cos();
            let y = 1.0 - (i as f32 + 0.5) / 200.0;
            let r = (1.0 - y * y).max(0.0).sqrt();
            let d = Vec3::new(r * c, y, r * s);
            normal.add(&basis(d), evaluate(&truth, d), 1.0);
        }
        let found = normal.solve().expect("well posed");
        assert!(found.iter().zip(truth).all(|(a, b)| (a - b).abs() < 1e-3), "{found:?}");
    }
}
