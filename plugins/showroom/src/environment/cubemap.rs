//! Cubemaps for image-based light, filled and filtered on the CPU.
//!
//! Faces lie in the order of the graphics interfaces, +X -X +Y -Y +Z -Z, each from its upper left texel. These
//! interfaces think of cubemaps as left-handed, so a direction of the world is looked up with its Z negated, as Bevy's
//! shaders do; [`to_world`] and [`from_world`] are the one place that knows.
//!
//! Filtering follows Karis, "Real Shading in Unreal Engine 4" (2013), with the samples taken from a mip of matching size
//! (Krivanek and Colbert, "Real-time Shading with Filtered Importance Sampling", 2008), which keeps small bright sources
//! from turning into fireflies.

use super::equirect::Equirect;
use glam::{Vec2, Vec3};
use half::f16;
use rayon::prelude::*;
use std::f32::consts::{PI, TAU};

/// Edge of the specular cubemap: a 2048 px wide picture holds no more detail (4 faces around).
pub const SPECULAR_PX: usize = 512;

/// Levels of the specular cubemap, 512 down to 4 px.
pub const SPECULAR_LEVELS: usize = 8;

/// Edge of the diffuse cubemap; irradiance is smooth.
pub const DIFFUSE_PX: usize = 32;

/// Six square faces in several levels, RGBA in 16-bit floats.
#[derive(Debug, Clone, PartialEq)]
pub struct Cubemap {
    /// Edge of level 0 in texels; each level halves it.
    pub size: usize,
    /// Level by level, in each the six faces one after the other.
    pub levels: Vec<Vec<[f16; 4]>>,
}

/// The unit direction in the world of a point on a face; `uv` in -1..1, right and down.
pub fn to_world(face: usize, uv: Vec2) -> Vec3 {
    let Vec2 { x: u, y: v } = uv;
    let d = match face {
        0 => Vec3::new(1.0, -v, -u),
        1 => Vec3::new(-1.0, -v, u),
        2 => Vec3::new(u, 1.0, v),
        3 => Vec3::new(u, -1.0, -v),
        4 => Vec3::new(u, -v, 1.0),
        _ => Vec3::new(-u, -v, -1.0),
    };
    Vec3::new(d.x, d.y, -d.z).normalize()
}

/// The face and the point on it, in -1..1, that a direction of the world meets.
pub fn from_world(direction: Vec3) -> (usize, Vec2) {
    let d = Vec3::new(direction.x, direction.y, -direction.z);
    let a = d.abs();
    if a.x >= a.y && a.x >= a.z {
        if d.x > 0.0 { (0, Vec2::new(-d.z, -d.y) / a.x) } else { (1, Vec2::new(d.z, -d.y) / a.x) }
    } else if a.y >= a.z {
        if d.y > 0.0 { (2, Vec2::new(d.x, d.z) / a.y) } else { (3, Vec2::new(d.x, -d.z) / a.y) }
    } else if d.z > 0.0 {
        (4, Vec2::new(d.x, -d.y) / a.z)
    } else {
        (5, Vec2::new(-d.x, -d.y) / a.z)
    }
}

fn uv_of(x: usize, y: usize, size: usize) -> Vec2 {
    Vec2::new(x as f32 + 0.5, y as f32 + 0.5) / size as f32 * 2.0 - 1.0
}

/// Solid angle of a texel, in steradians.
fn texel_solid_angle(uv: Vec2, size: usize) -> f32 {
    4.0 / (size * size) as f32 / (1.0 + uv.length_squared()).powf(1.5)
}

fn pack(colour: Vec3) -> [f16; 4] {
    [f16::from_f32(colour.x), f16::from_f32(colour.y), f16::from_f32(colour.z), f16::ONE]
}

/// A full-precision cubemap with box-filtered mips, to filter from.
pub struct Radiance {
    size: usize,
    levels: Vec<Vec<Vec3>>,
}

impl Cubemap {
    /// Lays a picture onto a cube.
    pub fn from_equirect(picture: &Equirect, size: usize) -> Radiance {
        // as many samples as the picture has pixels per texel, so that nothing is skipped
        let per_edge = (picture.width / 4).div_ceil(size).clamp(1, 4);
        let mut texels = vec![Vec3::ZERO; 6 * size * size];
        texels.par_chunks_mut(size).enumerate().for_each(|(row, out)| {
            let (face, y) = (row / size, row % size);
            for (x, texel) in out.iter_mut().enumerate() {
                let mut sum = Vec3::ZERO;
                for sy in 0..per_edge {
                    for sx in 0..per_edge {
                        let uv = uv_of(x * per_edge + sx, y * per_edge + sy, size * per_edge);
                        sum += picture.sample(to_world(face, uv));
                    }
                }
                *texel = sum / (per_edge * per_edge) as f32;
            }
        });
        Radiance::with_mips(size, texels)
    }

    /// Radiance of a level in a direction, bilinear within the face.
    pub fn sample(&self, level: usize, direction: Vec3) -> Vec3 {
        let size = self.size >> level;
        let texels = &self.levels[level];
        bilinear(size, direction, |index| {
            let t = texels[index];
            Vec3::new(t[0].to_f32(), t[1].to_f32(), t[2].to_f32())
        })
    }

    /// Directions, radiances and solid angles of all texels of a level.
    pub fn texels(&self, level: usize) -> impl Iterator<Item = (Vec3, Vec3, f32)> + '_ {
        let size = self.size >> level;
        self.levels[level].iter().enumerate().map(move |(index, t)| {
            let (face, within) = (index / (size * size), index % (size * size));
            let uv = uv_of(within % size, within / size, size);
            (to_world(face, uv), Vec3::new(t[0].to_f32(), t[1].to_f32(), t[2].to_f32()), texel_solid_angle(uv, size))
        })
    }
}

fn bilinear(size: usize, direction: Vec3, texel: impl Fn(usize) -> Vec3) -> Vec3 {
    let (face, uv) = from_world(direction);
    let p = ((uv * 0.5 + 0.5) * size as f32 - 0.5).clamp(Vec2::ZERO, Vec2::splat(size as f32 - 1.0));
    let low = p.floor();
    let f = p - low;
    let (x0, y0) = (low.x as usize, low.y as usize);
    let (x1, y1) = ((x0 + 1).min(size - 1), (y0 + 1).min(size - 1));
    let base = face * size * size;
    let at = |x: usize, y: usize| texel(base + y * size + x);
    at(x0, y0).lerp(at(x1, y0), f.x).lerp(at(x0, y1).lerp(at(x1, y1), f.x), f.y)
}

impl Radiance {
    fn with_mips(size: usize, texels: Vec<Vec3>) -> Self {
        let mut levels = vec![texels];
        let mut edge = size;
        while edge > 1 {
            let (above, half) = (levels.last().expect("level 0 was pushed"), edge / 2);
            let next = (0..6 * half * half)
                .map(|index| {
                    let (face, within) = (index / (half * half), index % (half * half));
                    let first = face * edge * edge + (within / half) * 2 * edge + (within % half) * 2;
                    (above[first] + above[first + 1] + above[first + edge] + above[first + edge + 1]) * 0.25
                })
                .collect();
            levels.push(next);
            edge = half;
        }
        Self { size, levels }
    }

    fn sample_lod(&self, direction: Vec3, lod: f32) -> Vec3 {
        let lod = lod.clamp(0.0, (self.levels.len() - 1) as f32);
        let low = lod.floor() as usize;
        let at = |level: usize| bilinear(self.size >> level, direction, |index| self.levels[level][index]);
        let fine = at(low);
        if low + 1 >= self.levels.len() { fine } else { fine.lerp(at(low + 1), lod.fract()) }
    }

    /// The levels that Bevy's split-sum specular light expects: level `k` for perceptual roughness `k / (levels - 1)`.
    pub fn prefilter_specular(&self, levels: usize) -> Cubemap {
        let filtered = (0..levels).map(|level| {
            if level == 0 {
                return self.levels[0].par_iter().map(|&texel| pack(texel)).collect();
            }
            let size = self.size >> level;
            let lobe = ggx_lobe(level as f32 / (levels - 1) as f32, self.size, 12 << level.min(4));
            self.fill(size, |normal| {
                let (tangent, bitangent) = normal.any_orthonormal_pair();
                let mut sum = Vec3::ZERO;
                for &(local, lod) in &lobe {
                    let light = tangent * local.x + bitangent * local.y + normal * local.z;
                    sum += self.sample_lod(light, lod) * local.z;
                }
                sum / lobe.iter().map(|(local, _)| local.z).sum::<f32>()
            })
        });
        Cubemap { size: self.size, levels: filtered.collect() }
    }

    /// Cosine-filtered radiance: irradiance divided by pi.
    pub fn prefilter_diffuse(&self, size: usize) -> Cubemap {
        // 32 px faces hold what a cosine lobe can see
        let level = self.levels.iter().position(|texels| texels.len() <= 6 * 32 * 32).unwrap_or(0);
        let edge = self.size >> level;
        let sources: Vec<_> = self.levels[level]
            .iter()
            .enumerate()
            .map(|(index, &radiance)| {
                let (face, within) = (index / (edge * edge), index % (edge * edge));
                let uv = uv_of(within % edge, within / edge, edge);
                (to_world(face, uv), radiance * texel_solid_angle(uv, edge))
            })
            .collect();
        let texels = self.fill(size, |normal| {
            let sum: Vec3 = sources.iter().map(|&(d, light)| light * normal.dot(d).max(0.0)).sum();
            sum / PI
        });
        Cubemap { size, levels: vec![texels] }
    }

    fn fill(&self, size: usize, radiance: impl Fn(Vec3) -> Vec3 + Sync) -> Vec<[f16; 4]> {
        let mut texels = vec![[f16::ZERO; 4]; 6 * size * size];
        texels.par_chunks_mut(size).enumerate().for_each(|(row, out)| {
            for (x, texel) in out.iter_mut().enumerate() {
                *texel = pack(radiance(to_world(row / size, uv_of(x, row % size, size))));
            }
        });
        texels
    }
}

/// Directions of light about the normal +Z for a view along it, each with the mip level to read.
fn ggx_lobe(perceptual_roughness: f32, source_px: usize, samples: usize) -> Vec<(Vec3, f32)> {
    let alpha = perceptual_roughness * perceptual_roughness;
    let texel = 4.0 * PI / (6 * source_px * source_px) as f32;
    (0..samples)
        .filter_map(|i| {
            // Hammersley points
            let (a, b) = ((i as f32 + 0.5) / samples as f32, (i as u32).reverse_bits() as f32 / 4_294_967_296.0);
            let cos2 = (1.0 - a) / (1.0 + (alpha * alpha - 1.0) * a);
            let (cos, sin) = (cos2.sqrt(), (1.0 - cos2).max(0.0).sqrt());
            let half = Vec3::new(sin * (TAU * b).cos(), sin * (TAU * b).sin(), cos);
            let light = Vec3::new(2.0 * cos * half.x, 2.0 * cos * half.y, 2.0 * cos * cos - 1.0);
            if light.z <= 0.0 {
                return None;
            }
            // density of the reflected direction: D * NdotH / (4 VdotH), and V = N
            let d = alpha * alpha / (PI * ((alpha * alpha - 1.0) * cos2 + 1.0).powi(2));
            let pdf = d * 0.25;
            let footprint = 1.0 / (samples as f32 * pdf.max(1e-9));
            Some((light, (0.5 * (footprint / texel).log2() + 0.5).max(0.0)))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directions_survive_the_way_to_a_face_and_back() {
        for face in 0..6 {
            for uv in [Vec2::new(0.3, -0.7), Vec2::new(-0.9, 0.2), Vec2::ZERO] {
                let (again, back) = from_world(to_world(face, uv));
                assert_eq!(face, again);
                assert!((uv - back).length() < 1e-5);
            }
        }
    }

    /// The axes as the graphics interfaces define faces, read with Bevy's flipped Z.
    #[test]
    fn coloured_axes_land_on_their_faces() {
        let colour = |d: Vec3| d.max(Vec3::ZERO) + (-d).max(Vec3::ZERO) * 10.0;
        let cube = Cubemap::from_equirect(&Equirect::from_fn(256, colour), 64).prefilter_specular(3);
        let middle = |face: usize| {
            let t = cube.levels[0][face * 64 * 64 + 32 * 64 + 32];
            Vec3::new(t[0].to_f32(), t[1].to_f32(), t[2].to_f32())
        };
        // Faces 4 and 5 are the interfaces' +Z and -Z; Bevy asks for world -Z on the former.
        let expected = [Vec3::X, Vec3::X * 10.0, Vec3::Y, Vec3::Y * 10.0, Vec3::Z * 10.0, Vec3::Z];
        for (face, expected) in expected.into_iter().enumerate() {
            let got = middle(face);
            assert!((got - expected).abs().max_element() < 0.1 * expected.max_element() + 0.35, "face {face}: {got}");
        }
        // On the face that looks to +X, the right edge is the interfaces' -Z, which is the world's +Z.
        let (left, right) = (cube.levels[0][32 * 64], cube.levels[0][32 * 64 + 63]);
        assert!(right[2].to_f32() > 0.4 && right[2].to_f32() < 1.0, "{right:?}");
        assert!(left[2].to_f32() > 4.0, "{left:?}");
    }

    #[test]
    fn even_light_stays_even() {
        let cube = Cubemap::from_equirect(&Equirect::from_fn(64, |_| Vec3::new(0.25, 1.0, 4.0)), 32);
        let specular = cube.prefilter_specular(4);
        let diffuse = cube.prefilter_diffuse(8);
        for level in 0..4 {
            for d in [Vec3::X, Vec3::NEG_Y, Vec3::new(0.5, 0.6, -0.3).normalize()] {
                assert!((specular.sample(level, d) - Vec3::new(0.25, 1.0, 4.0)).abs().max_element() < 0.02);
                assert!((diffuse.sample(0, d) - Vec3::new(0.25, 1.0, 4.0)).abs().max_element() < 0.04);
            }
        }
    }

    #[test]
    fn a_half_bright_sky_lights_a_wall_half() {
        // radiance 1 above the horizon: E/pi is 1 facing up, 1/2 facing the horizon, 0 facing down
        let sky = Equirect::from_fn(128, |d| if d.y > 0.0 { Vec3::ONE } else { Vec3::ZERO });
        let diffuse = Cubemap::from_equirect(&sky, 64).prefilter_diffuse(32);
        for (d, expected) in [(Vec3::Y, 1.0), (Vec3::X, 0.5), (Vec3::Z, 0.5), (Vec3::NEG_Y, 0.0)] {
            let got = diffuse.sample(0, d).x;
            assert!((got - expected).abs() < 0.03, "{d}: {got}");
        }
    }

    #[test]
    fn rough_levels_spread_a_small_source() {
        let spot = Vec3::new(0.3, 0.5, -0.8).normalize();
        let sky = Equirect::from_fn(256, |d| if d.dot(spot) > 0.995 { Vec3::splat(100.0) } else { Vec3::ZERO });
        let cube = Cubemap::from_equirect(&sky, 128).prefilter_specular(6);
        let peaks: Vec<_> = (0..6).map(|level| cube.sample(level, spot).x).collect();
        assert!(peaks.windows(2).all(|pair| pair[1] < pair[0]), "{peaks:?}");
        let aside = (spot + Vec3::new(0.35, 0.0, 0.0)).normalize();
        assert!(cube.sample(0, aside).x < 1e-3 && cube.sample(4, aside).x > 0.1, "{}", cube.sample(4, aside));
    }

    #[test]
    fn solid_angles_add_up_to_the_sphere() {
        let cube = Cubemap::from_equirect(&Equirect::from_fn(16, |_| Vec3::ONE), 16).prefilter_specular(2);
        let whole: f32 = cube.texels(0).map(|(_, _, angle)| angle).sum();
        assert!((whole - 4.0 * PI).abs() < 0.05, "{whole}");
    }
}
