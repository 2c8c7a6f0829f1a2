//! The light of a photo, fitted so that places with one ink become alike.

use glam::Vec3;

use super::harmonics::{Normal, TERMS, basis, evaluate};
use super::inks::{Sample, cluster};
use crate::color::{LinearRgb, luminance};

/// A place on the car as the photo shows it.
#[derive(Debug, Clone, Copy)]
pub struct Observation {
    /// Linear light in the photo.
    pub rgb: LinearRgb,
    /// Unit normal.
    pub normal: Vec3,
    /// Where a mirror there would look.
    pub mirrored: Vec3,
    /// Schlick's factor.
    pub fresnel: f32,
    /// 0 (shut in) to 1 (open).
    pub occlusion: f32,
    /// Surface and trust.
    pub weight: f32,
    /// Part index + 1.
    pub part: u16,
    /// Place on the grid that observations were picked on.
    pub cell: [u16; 2],
}

/// The light of a photo: `photo = albedo / gain * diffuse(normal) + clearcoat(mirrored direction)`.
#[derive(Debug, Clone, PartialEq)]
pub struct Light {
    /// Logarithm of the diffuse light per channel; its average over the seen surface is about 0.
    log_diffuse: [[f32; TERMS]; 3],
    /// Light from the mirrored direction per channel, before Schlick's factor.
    coat: [[f32; TERMS]; 3],
    /// Albedo per unit of light.
    pub gain: LinearRgb,
}

/// Reflectance of clearcoat straight on.
const COAT_F0: f32 = 0.04;
/// How much of the baked occlusion shows: it knows the car, but not how the ground lights it from below.
const OCCLUSION_POWER: f32 = 0.6;
/// The light never changes by more than this factor from its average.
const MAX_LOG: f32 = 1.3;
/// At least this share of a texel's value is paint, however strong the mirror image seems.
const MIN_PAINT_SHARE: f32 = 0.35;
/// Values are compared by logarithms above this floor, which keeps noise in black paint quiet.
const FLOOR: f32 = 0.004;
/// What photos show before any fit: the sky is brighter than the ground. Order of [`basis`].
const PRIOR: [f32; TERMS] = [0.0, 0.0, 0.2, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0];

/// Fresnel reflectance of clearcoat (Schlick 1994).
pub fn schlick(cos: f32) -> f32 {
    COAT_F0 + (1.0 - COAT_F0) * (1.0 - cos.clamp(0.0, 1.0)).powi(5)
}

impl Light {
    /// Light that changes nothing.
    pub fn flat() -> Self {
        Self { log_diffuse: [[0.0; TERMS]; 3], coat: [[0.0; TERMS]; 3], gain: [1.0; 3] }
    }

    fn diffuse(&self, normal: Vec3, occlusion: f32) -> LinearRgb {
        let shade = occlusion.max(0.05).powf(OCCLUSION_POWER);
        std::array::from_fn(|k| evaluate(&self.log_diffuse[k], normal).clamp(-MAX_LOG, MAX_LOG).exp() * shade)
    }

    fn clearcoat(&self, mirrored: Vec3, fresnel: f32) -> LinearRgb {
        std::array::from_fn(|k| (evaluate(&self.coat[k], mirrored) * fresnel).max(0.0))
    }

    /// Albedo, before [`Self::gain`], of a place that looks like `rgb`; `view` points to the camera.
    pub fn remove(&self, rgb: LinearRgb, normal: Vec3, view: Vec3, occlusion: f32) -> LinearRgb {
        let cos = normal.dot(view);
        let mirrored = (2.0 * cos * normal - view).normalize_or(normal);
        let coat = self.clearcoat(mirrored, schlick(cos));
        let diffuse = self.diffuse(normal, occlusion);
        std::array::from_fn(|k| (rgb[k] - coat[k]).max(rgb[k] * MIN_PAINT_SHARE) / diffuse[k])
    }

    /// What a place with an albedo (after [`Self::gain`]) looks like in the photo.
    pub fn apply(&self, albedo: LinearRgb, normal: Vec3, view: Vec3, occlusion: f32) -> LinearRgb {
        let cos = normal.dot(view);
        let mirrored = (2.0 * cos * normal - view).normalize_or(normal);
        let coat = self.clearcoat(mirrored, schlick(cos));
        let diffuse = self.diffuse(normal, occlusion);
        std::array::from_fn(|k| albedo[k] / self.gain[k] * diffuse[k] + coat[k])
    }
}

/// One round of the alternation: how much lightness counts when inks are told apart, and how far apart they must be.
const ROUNDS: [(f32, f32); 7] =
    [(0.4, 15.0), (0.45, 15.0), (0.55, 14.0), (0.65, 13.0), (0.75, 12.0), (0.8, 12.0), (0.8, 12.0)];
/// From this round on the clearcoat is fitted, too.
const COAT_FROM_ROUND: usize = 3;
/// Mirrored light that is expected before a look, where white paint shows about 0.8.
const COAT_PRIOR: f32 = 0.15;
/// Lab distance at which an observation counts half.
const HALF_TRUST: f32 = 7.0;

/// Fits the light; returns [`Light::flat`] where there is too little to see.
pub fn fit_light(observations: &[Observation]) -> Light {
    let mut light = Light::flat();
    if observations.len() < 200 {
        return light;
    }
    let first = from_neighbours(observations);
    light.log_diffuse = [first; 3];
    for (round, &(lightness, apart)) in ROUNDS.iter().enumerate() {
        center(&mut light, observations);
        let albedo: Vec<LinearRgb> = observations.iter().map(|o| remove(&light, o)).collect();
        let exposure = exposure(&albedo, observations);
        let samples: Vec<Sample> = albedo
            .iter()
            .zip(observations)
            .map(|(a, o)| Sample::new(a.map(|c| c * exposure), o.weight, lightness))
            .collect();
        let clusters = cluster(&samples, lightness, apart);
        let ink = |i: usize| clusters.palette.inks[usize::from(clusters.ink[i])].color.map(|c| c / exposure);
        let trust: Vec<f32> = (0..observations.len())
            .map(|i| observations[i].weight / (1.0 + (clusters.distance[i] / HALF_TRUST).powi(2)))
            .collect();
        fit_diffuse(&mut light, observations, &trust, ink);
        if round >= COAT_FROM_ROUND {
            fit_coat(&mut light, observations, &trust, ink);
        }
    }
    center(&mut light, observations);
    light
}

/// Difference of logarithms at which a place counts half against a light that leads from known paint to the photo.
const HALF_TRUST_LOG: f32 = 0.25;

/// Fits the light that leads from known paint, one albedo per observation, back to the photo.
pub fn fit_known(observations: &[Observation], paint: &[LinearRgb]) -> Light {
    let mut light = Light::flat();
    if observations.len() < 200 {
        return light;
    }
    for _ in 0..4 {
        let trust: Vec<f32> = observations
            .iter()
            .zip(paint)
            .map(|(o, paint)| {
                let (coat, diffuse) = (light.clearcoat(o.mirrored, o.fresnel), light.diffuse(o.normal, o.occlusion));
                let drawn = luminance(std::array::from_fn(|k| paint[k] * diffuse[k] + coat[k]));
                let off = ((drawn + FLOOR) / (luminance(o.rgb) + FLOOR)).ln();
                o.weight / (1.0 + (off / HALF_TRUST_LOG).powi(2))
            })
            .collect();
        fit_diffuse(&mut light, observations, &trust, |i| paint[i]);
        fit_coat(&mut light, observations, &trust, |i| paint[i]);
    }
    light
}

fn remove(light: &Light, o: &Observation) -> LinearRgb {
    let coat = light.clearcoat(o.mirrored, o.fresnel);
    let diffuse = light.diffuse(o.normal, o.occlusion);
    std::array::from_fn(|k| (o.rgb[k] - coat[k]).max(o.rgb[k] * MIN_PAINT_SHARE) / diffuse[k])
}

/// Takes the average out of the diffuse light, which only scales all inks.
fn center(light: &mut Light, observations: &[Observation]) {
    let total: f32 = observations.iter().map(|o| o.weight).sum();
    for channel in &mut light.log_diffuse {
        let mean: f32 = observations.iter().map(|o| o.weight * evaluate(channel, o.normal)).sum::<f32>() / total;
        channel[0] -= mean;
    }
}

/// Scale that brings the 95th percentile of luminance to that of white paint.
fn exposure(albedo: &[LinearRgb], observations: &[Observation]) -> f32 {
    let mut sorted: Vec<(f32, f32)> = albedo.iter().zip(observations).map(|(&a, o)| (luminance(a), o.weight)).collect();
    sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
    let total: f32 = sorted.iter().map(|s| s.1).sum();
    let mut sum = 0.0;
    let at = sorted.iter().find(|s| {
        sum += s.1;
        sum >= 0.95 * total
    });
    0.8 / at.map_or(0.8, |s| s.0).max(0.02)
}

/// Most neighbours have one ink, so how their brightness changes with the normal tells the light; edges are outliers.
fn from_neighbours(observations: &[Observation]) -> [f32; TERMS] {
    const SIGMA: f32 = 0.05;
    let by_cell: std::collections::HashMap<[u16; 2], usize> =
        observations.iter().enumerate().map(|(i, o)| (o.cell, i)).collect();
    let mut rows: Vec<([f32; TERMS], f32, f32)> = Vec::new();
    for o in observations {
        for (dx, dy) in [(1, 0), (0, 1), (3, 0), (0, 3)] {
            let Some(&n) = by_cell.get(&[o.cell[0] + dx, o.cell[1] + dy]) else { continue };
            let n = &observations[n];
            if n.part != o.part || n.normal.dot(o.normal) > 0.9999 {
                continue;
            }
            let (a, b) = (basis(o.normal), basis(n.normal));
            let row = std::array::from_fn(|i| a[i] - b[i]);
            let shade = OCCLUSION_POWER * (o.occlusion.max(0.05) / n.occlusion.max(0.05)).ln();
            let value = ((luminance(o.rgb) + FLOOR) / (luminance(n.rgb) + FLOOR)).ln() - shade;
            rows.push((row, value, o.weight.min(n.weight)));
        }
    }
    let mut x = PRIOR;
    for _ in 0..6 {
        let total: f32 = rows.iter().map(|r| r.2).sum();
        let mut ridge = [0.002 * total + 1e-3; TERMS];
        ridge[0] += 1e3;
        let mut normal = Normal::new(&ridge, &PRIOR);
        for (row, value, weight) in &rows {
            let residual = value - row.iter().zip(&x).map(|(r, c)| r * c).sum::<f32>();
            normal.add(row, *value, weight / (1.0 + (residual / SIGMA).powi(2)));
        }
        match normal.solve() {
            Some(found) => x = found,
            None => break,
        }
    }
    x
}

/// Luminance first, then what each channel adds to it, which is kept smaller.
fn fit_diffuse(light: &mut Light, observations: &[Observation], trust: &[f32], ink: impl Fn(usize) -> LinearRgb) {
    let total: f32 = trust.iter().sum();
    let target = |i: usize, value: f32, paint: f32| {
        let shade = OCCLUSION_POWER * observations[i].occlusion.max(0.05).ln();
        ((value + FLOOR) / (paint + FLOOR)).ln() - shade
    };
    let without_coat = |i: usize| -> LinearRgb {
        let o = &observations[i];
        let coat = light.clearcoat(o.mirrored, o.fresnel);
        std::array::from_fn(|k| (o.rgb[k] - coat[k]).max(o.rgb[k] * MIN_PAINT_SHARE))
    };
    let mut ridge = [0.004 * total; TERMS];
    ridge[0] = 1e-4 * total;
    let mut normal = Normal::new(&ridge, &PRIOR);
    let rows: Vec<([f32; TERMS], LinearRgb, LinearRgb)> =
        (0..observations.len()).map(|i| (basis(observations[i].normal), without_coat(i), ink(i))).collect();
    for (i, (row, rgb, paint)) in rows.iter().enumerate() {
        normal.add(row, target(i, luminance(*rgb), luminance(*paint)), trust[i]);
    }
    let Some(grey) = normal.solve() else { return };
    for k in 0..3 {
        let mut normal = Normal::new(&[0.03 * total; TERMS], &[0.0; TERMS]);
        for (i, (row, rgb, paint)) in rows.iter().enumerate() {
            let left = target(i, rgb[k], paint[k]) - row.iter().zip(&grey).map(|(r, c)| r * c).sum::<f32>();
            // Dark channels are mostly noise and mirror images.
            let certain = paint[k] / (paint[k] + 0.05);
            normal.add(row, left.clamp(-0.5, 0.5), trust[i] * certain);
        }
        let tint = normal.solve().unwrap_or([0.0; TERMS]);
        light.log_diffuse[k] = std::array::from_fn(|i| grey[i] + tint[i]);
    }
}

/// What the diffuse light leaves over, as light from the mirrored direction.
fn fit_coat(light: &mut Light, observations: &[Observation], trust: &[f32], ink: impl Fn(usize) -> LinearRgb) {
    let total: f32 = trust.iter().sum();
    for k in 0..3 {
        let mut prior = [0.0; TERMS];
        prior[0] = COAT_PRIOR;
        let mut normal = Normal::new(&[1e-4 * total; TERMS], &prior);
        for (i, o) in observations.iter().enumerate() {
            let paint = ink(i)[k] * light.diffuse(o.normal, o.occlusion)[k];
            let left = (o.rgb[k] - paint).clamp(-0.1, 0.3);
            let row = basis(o.mirrored).map(|b| b * o.fresnel);
            normal.add(&row, left, trust[i] / (paint + 0.03).powi(2) * 0.01);
        }
        if let Some(found) = normal.solve() {
            light.coat[k] = found;
        }
    }
}
