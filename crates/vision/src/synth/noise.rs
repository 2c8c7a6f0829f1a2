//! Hash-based value noise: the same number for the same place and seed, everywhere.

use glam::Vec3;

/// A hash of a lattice point, all bits mixed.
pub fn hash(x: i32, y: i32, z: i32, seed: u32) -> u32 {
    let mut h = (x as u32).wrapping_mul(0x8da6_b343)
        ^ (y as u32).wrapping_mul(0xd816_3841)
        ^ (z as u32).wrapping_mul(0xcb1a_b31f)
        ^ seed.wrapping_mul(0x9e37_79b9);
    h ^= h >> 15;
    h = h.wrapping_mul(0x2c1b_3c6d);
    h ^= h >> 12;
    h = h.wrapping_mul(0x297a_2d39);
    h ^ (h >> 15)
}

/// [`hash`] as a number in 0..1.
pub fn unit(x: i32, y: i32, z: i32, seed: u32) -> f32 {
    (hash(x, y, z, seed) >> 8) as f32 / (1 << 24) as f32
}

/// Smooth noise in 0..1 with features of size 1.
pub fn value(p: Vec3, seed: u32) -> f32 {
    let cell = p.floor();
    let f = p - cell;
    let s = f * f * (Vec3::splat(3.0) - 2.0 * f);
    let (x, y, z) = (cell.x as i32, cell.y as i32, cell.z as i32);
    let row = |y: i32, z: i32| {
        let (a, b) = (unit(x, y, z, seed), unit(x + 1, y, z, seed));
        a + (b - a) * s.x
    };
    let plane = |z: i32| {
        let (a, b) = (row(y, z), row(y + 1, z));
        a + (b - a) * s.y
    };
    let (a, b) = (plane(z), plane(z + 1));
    a + (b - a) * s.z
}

/// Sum of `octaves` noises of halving size and weight, about 0..1.
pub fn fractal(p: Vec3, octaves: u32, seed: u32) -> f32 {
    let (mut sum, mut weight, mut total, mut scale) = (0.0, 1.0, 0.0, 1.0);
    for octave in 0..octaves {
        sum += weight * value(p * scale, seed.wrapping_add(octave * 101));
        total += weight;
        weight *= 0.5;
        scale *= 2.03;
    }
    sum / total
}

/// The nearest jittered lattice point: its hash, and by how much nearer it is than the second nearest.
pub fn cell(p: Vec3, seed: u32) -> (u32, f32) {
    let base = p.floor();
    let (mut best, mut second, mut id) = (f32::MAX, f32::MAX, 0);
    for dz in -1..=1 {
        for dy in -1..=1 {
            for dx in -1..=1 {
                let (x, y, z) = (base.x as i32 + dx, base.y as i32 + dy, base.z as i32 + dz);
                let jitter = Vec3::new(unit(x, y, z, seed), unit(x, y, z, seed ^ 1), unit(x, y, z, seed ^ 2));
                let d = (Vec3::new(x as f32, y as f32, z as f32) + jitter).distance_squared(p);
                if d < best {
                    (second, best) = (best, d);
                    id = hash(x, y, z, seed ^ 3);
                } else if d < second {
                    second = d;
                }
            }
        }
    }
    (id, second.sqrt() - best.sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn noise_is_smooth_and_spread_over_its_range() {
        let values: Vec<f32> = (0..4000).map(|i| value(Vec3::new(i as f32 * 0.01, 0.3, 7.7), 5)).collect();
        assert!(values.windows(2).all(|w| (w[0] - w[1]).abs() < 0.03));
        assert!(values.iter().copied().fold(1.0, f32::min) < 0.2 && values.iter().copied().fold(0.0, f32::max) > 0.8);
    }

    #[test]
    fn cells_are_constant_inside_and_change_across_edges() {
        let p = Vec3::new(3.3, 1.2, 0.7);
        let (id, margin) = cell(p, 9);
        assert!(margin >= 0.0);
        assert_eq!(cell(p + Vec3::splat(margin * 0.2), 9).0, id);
        let ids: std::collections::BTreeSet<u32> = (0..50).map(|i| cell(Vec3::X * i as f32, 9).0).collect();
        assert!(ids.len() > 25);
    }
}
