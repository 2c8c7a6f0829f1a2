//! Camera poses from three points and their viewing rays (Grunert's quartic, in the form of Haralick et al. 1994).

use nalgebra::{Matrix3, Vector3};

/// Every pose `(rotation, translation)` with `camera = rotation * point + translation` that puts the three points on
/// their unit rays, in front of the camera. At most four.
pub fn solve(points: &[Vector3<f64>; 3], rays: &[Vector3<f64>; 3]) -> Vec<(Matrix3<f64>, Vector3<f64>)> {
    let a2 = (points[1] - points[2]).norm_squared();
    let b2 = (points[0] - points[2]).norm_squared();
    let c2 = (points[0] - points[1]).norm_squared();
    if a2.min(b2).min(c2) < 1e-8 {
        return Vec::new();
    }
    let (cos_a, cos_b, cos_c) = (rays[1].dot(&rays[2]), rays[0].dot(&rays[2]), rays[0].dot(&rays[1]));
    let (p, q, r, s) = ((a2 - c2) / b2, (a2 + c2) / b2, c2 / b2, a2 / b2);
    let coefficients = [
        (1.0 + p).powi(2) - 4.0 * s * cos_c * cos_c,
        4.0 * (-p * (1.0 + p) * cos_b + 2.0 * s * cos_c * cos_c * cos_b - (1.0 - q) * cos_a * cos_c),
        2.0 * (p * p - 1.0 + 2.0 * p * p * cos_b * cos_b + 2.0 * (1.0 - r) * cos_a * cos_a
            - 4.0 * q * cos_a * cos_b * cos_c
            + 2.0 * (1.0 - s) * cos_c * cos_c),
        4.0 * (p * (1.0 - p) * cos_b - (1.0 - q) * cos_a * cos_c + 2.0 * r * cos_a * cos_a * cos_b),
        (p - 1.0).powi(2) - 4.0 * r * cos_a * cos_a,
    ];
    let mut poses = Vec::with_capacity(4);
    for v in real_roots(coefficients) {
        let denominator = 2.0 * (cos_c - v * cos_a);
        if v <= 0.0 || denominator.abs() < 1e-9 {
            continue;
        }
        let u = ((p - 1.0) * v * v - 2.0 * p * cos_b * v + 1.0 + p) / denominator;
        let spread = 1.0 + v * v - 2.0 * v * cos_b;
        if u <= 0.0 || spread <= 1e-12 {
            continue;
        }
        let near = (b2 / spread).sqrt();
        let seen = [rays[0] * near, rays[1] * (u * near), rays[2] * (v * near)];
        if let (Some(from), Some(to)) = (frame(points), frame(&seen)) {
            let rotation = to * from.transpose();
            let middle = |t: &[Vector3<f64>; 3]| (t[0] + t[1] + t[2]) / 3.0;
            poses.push((rotation, middle(&seen) - rotation * middle(points)));
        }
    }
    poses
}

/// Right-handed orthonormal axes of a triangle.
fn frame(t: &[Vector3<f64>; 3]) -> Option<Matrix3<f64>> {
    let x = (t[1] - t[0]).try_normalize(1e-9)?;
    let z = x.cross(&(t[2] - t[0])).try_normalize(1e-9)?;
    Some(Matrix3::from_columns(&[x, z.cross(&x), z]))
}

/// Real roots of `c[0] + c[1] x + .. + c[4] x^4` by Ferrari's resolvent, each polished with Newton steps.
fn real_roots(c: [f64; 5]) -> Vec<f64> {
    let scale = c.iter().fold(0.0f64, |m, v| m.max(v.abs()));
    if scale == 0.0 || c[4].abs() < 1e-12 * scale {
        return Vec::new();
    }
    let [e, d, b3, b, _] = c.map(|v| v / c[4]);
    // depressed: y^4 + py y^2 + qy y + ry with x = y - b / 4
    let py = b3 - 3.0 * b * b / 8.0;
    let qy = d - b * b3 / 2.0 + b * b * b / 8.0;
    let ry = e - b * d / 4.0 + b * b * b3 / 16.0 - 3.0 * b.powi(4) / 256.0;
    let mut roots = Vec::with_capacity(4);
    let mut quadratic = |half_b: f64, constant: f64| {
        // a nearly double root is kept: noise would otherwise drop it
        let disc = half_b * half_b - constant;
        if disc > -1e-7 * (1.0 + half_b * half_b) {
            let root = disc.max(0.0).sqrt();
            roots.push(-half_b + root - b / 4.0);
            roots.push(-half_b - root - b / 4.0);
        }
    };
    // m > 0 with m^3 + py m^2 + (py^2 / 4 - ry) m - qy^2 / 8 = 0
    let m = largest_cubic_root(py, py * py / 4.0 - ry, -qy * qy / 8.0);
    if m > 1e-14 {
        let w = (2.0 * m).sqrt();
        quadratic(w / 2.0, py / 2.0 + m - qy / (2.0 * w));
        quadratic(-w / 2.0, py / 2.0 + m + qy / (2.0 * w));
    } else {
        let disc = py * py / 4.0 - ry;
        if disc >= 0.0 {
            for y2 in [-py / 2.0 + disc.sqrt(), -py / 2.0 - disc.sqrt()] {
                if y2 >= 0.0 {
                    roots.push(y2.sqrt() - b / 4.0);
                    roots.push(-y2.sqrt() - b / 4.0);
                }
            }
        }
    }
    for x in &mut roots {
        for _ in 0..3 {
            let value = (((*x + b) * *x + b3) * *x + d) * *x + e;
            let slope = ((4.0 * *x + 3.0 * b) * *x + 2.0 * b3) * *x + d;
            if slope.abs() > 1e-12 {
                *x -= value / slope;
            }
        }
    }
    roots
}

/// The largest real root of `x^3 + a x^2 + b x + c`.
fn largest_cubic_root(a: f64, b: f64, c: f64) -> f64 {
    let p = b - a * a / 3.0;
    let q = 2.0 * a * a * a / 27.0 - a * b / 3.0 + c;
    let disc = q * q / 4.0 + p * p * p / 27.0;
    let y = if disc >= 0.0 {
        let s = disc.sqrt();
        (-q / 2.0 + s).cbrt() + (-q / 2.0 - s).cbrt()
    } else {
        let r = (-p / 3.0).sqrt();
        let angle = (-q / (2.0 * r * r * r)).clamp(-1.0, 1.0).acos();
        2.0 * r * (angle / 3.0).cos()
    };
    y - a / 3.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use nalgebra::Rotation3;
    use rand::{Rng, SeedableRng};
    use rand_pcg::Pcg32;

    #[test]
    fn one_of_the_poses_is_the_true_one() {
        let mut rng = Pcg32::seed_from_u64(3);
        let mut missed = 0;
        for _ in 0..500 {
            let mut v = |s: f64| Vector3::from_fn(|_, _| rng.random_range(-s..s));
            let (rotation, shift) = (Rotation3::new(v(2.0)), v(1.0) + Vector3::z() * 8.0);
            let points = [v(2.0), v(2.0), v(2.0)];
            let rays = points.map(|p| (rotation * p + shift).normalize());
            let found = solve(&points, &rays);
            assert!(found.iter().all(|(r, _)| (r.determinant() - 1.0).abs() < 1e-6));
            let hit = found.iter().any(|(r, t)| (r - rotation.matrix()).norm() < 1e-4 && (t - shift).norm() < 1e-3);
            missed += usize::from(!hit);
        }
        assert!(missed <= 5, "{missed} of 500 true poses were not found");
    }

    #[test]
    fn a_quartic_gives_its_roots_back() {
        // (x - 1)(x - 2)(x + 3)(x - 0.5)
        let mut roots = real_roots([-3.0, 9.5, -7.0, -0.5, 1.0]);
        roots.sort_by(f64::total_cmp);
        let expected = [-3.0, 0.5, 1.0, 2.0];
        assert_eq!(roots.len(), 4);
        for (r, e) in roots.iter().zip(expected) {
            assert!((r - e).abs() < 1e-9, "{r} is not {e}");
        }
    }
}
