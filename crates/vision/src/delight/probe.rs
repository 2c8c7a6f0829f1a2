//! A light probe fitted to a photo whose paint is known roughly: diffuse light by the normal, and what the lacquer mirrors as
//! a small picture of the surroundings.
//!
//! [`Light`](super::Light) has a smooth mirror image, which is enough to draw the livery again. To take a mirror image off
//! dark paint it has to have edges: softboxes, the horizon, the sun.

use glam::Vec3;
use rayon::prelude::*;

use super::fit::Observation;
use crate::color::LinearRgb;

/// Functions of the normal: real spherical harmonics up to order 3.
const TERMS: usize = 15;
/// Size of the mirrored picture, latitude by longitude.
const ROWS: usize = 12;
const COLUMNS: usize = 24;
const CELLS: usize = ROWS * COLUMNS;
/// Keeps logarithms of black finite.
pub(super) const FLOOR: f32 = 0.01;
/// Difference of logarithms that the fit takes for noise.
const NOISE: f32 = 0.15;
/// A channel above this is clipped: the light may have been any amount brighter.
pub(super) const CLIPPED: f32 = 0.97;
/// Logarithm that the diffuse light may differ by from its unit.
const MOST_LOG: f32 = 3.0;
/// Weights of evenness beside the fit: between neighbours of the mirrored picture, and of the diffuse light.
const EVEN_MIRROR: f32 = 0.02;
const EVEN_DIFFUSE: f32 = 0.002;
/// Step lengths of Adam (Kingma and Ba 2015), of the diffuse light and of the mirrored picture.
const STEP_DIFFUSE: f32 = 0.03;
const STEP_MIRROR: f32 = 0.1;
/// Places that the fit looks at, and how many of them one task does.
const LOOKED_AT: usize = 3000;
const SHARE: usize = 512;

/// Where the numbers lie: diffuse light by channel, mirrored picture by cell and channel, and the powers of the occlusion.
const MIRROR: usize = 3 * TERMS;
const POWERS: usize = MIRROR + 3 * CELLS;
const COUNT: usize = POWERS + 2;

/// The probe; `photo = paint * diffuse + mirrored` for each place it was made for.
pub struct Probe {
    places: Vec<Place>,
    values: Vec<f32>,
    momentum: Vec<f32>,
    square: Vec<f32>,
    steps: i32,
}

/// What does not change of a place.
struct Place {
    /// Logarithms of the photo's colour.
    log: [f32; 3],
    clipped: [bool; 3],
    basis: [f32; TERMS],
    /// Cells of the mirrored picture and their weights.
    cells: [(u16, f32); 4],
    fresnel: f32,
    /// Logarithm of the occlusion.
    shut: f32,
}

/// What the probe says of a place.
#[derive(Debug, Clone, Copy)]
pub struct Lit {
    /// Light that paint sends back by its albedo.
    pub diffuse: LinearRgb,
    /// Light that the lacquer mirrors.
    pub mirrored: LinearRgb,
}

impl Probe {
    /// An even sky over places; their colours are linear light of a photo, 0..=1.
    pub fn new(observations: &[Observation]) -> Self {
        let mut values = vec![0.0; COUNT];
        (0..3).for_each(|k| values[k * TERMS + 2] = 0.2);
        values[MIRROR..POWERS].fill(-0.3);
        (values[POWERS], values[POWERS + 1]) = (0.6, 0.3);
        let places = observations.par_iter().map(Place::new).collect();
        Self { places, values, momentum: vec![0.0; COUNT], square: vec![0.0; COUNT], steps: 0 }
    }

    /// Goes `steps` further towards the light that leads from `paint`, one albedo for each place, to the photo. Places that
    /// it does not explain count little.
    pub fn fit(&mut self, paint: &[LinearRgb], steps: usize) {
        for _ in 0..steps {
            let slope = self.slope(paint);
            self.steps += 1;
            let (fade1, fade2) = (1.0 - 0.9f32.powi(self.steps), 1.0 - 0.999f32.powi(self.steps));
            for (i, slope) in slope.into_iter().enumerate() {
                self.momentum[i] = 0.9 * self.momentum[i] + 0.1 * slope;
                self.square[i] = 0.999 * self.square[i] + 0.001 * slope * slope;
                let length = if (MIRROR..POWERS).contains(&i) { STEP_MIRROR } else { STEP_DIFFUSE };
                self.values[i] -= length * (self.momentum[i] / fade1) / ((self.square[i] / fade2).sqrt() + 1e-8);
            }
        }
    }

    /// What falls on each place.
    pub fn lit(&self) -> Vec<Lit> {
        let mirror = self.mirror();
        self.places.par_iter().map(|place| self.at(place, &self.log_diffuse(place), &mirror)).collect()
    }

    /// The mirrored picture in linear light.
    fn mirror(&self) -> Vec<f32> {
        self.values[MIRROR..POWERS].iter().map(|v| v.exp()).collect()
    }

    fn at(&self, place: &Place, log_diffuse: &[f32; 3], mirror: &[f32]) -> Lit {
        let shade = place.shut * self.values[POWERS];
        let coat = place.fresnel * (place.shut * self.values[POWERS + 1]).exp();
        Lit {
            diffuse: log_diffuse.map(|log| (log.clamp(-MOST_LOG, MOST_LOG) + shade).exp()),
            mirrored: std::array::from_fn(|k| coat * place.cells.iter().map(|&(c, w)| w * mirror[3 * usize::from(c) + k]).sum::<f32>()),
        }
    }

    fn log_diffuse(&self, place: &Place) -> [f32; 3] {
        std::array::from_fn(|k| place.basis.iter().zip(&self.values[k * TERMS..]).map(|(b, v)| b * v).sum())
    }

    /// How what is minimised changes with each number: a robust mean of squared logarithms, and unevenness.
    fn slope(&self, paint: &[LinearRgb]) -> Vec<f32> {
        let mirror = self.mirror();
        let stride = self.places.len().div_ceil(LOOKED_AT).max(1);
        let shares: Vec<Vec<f32>> = self
            .places
            .par_chunks(stride * SHARE)
            .zip(paint.par_chunks(stride * SHARE))
            .map(|(places, paint)| {
                let mut slope = vec![0.0; COUNT];
                let looked_at = places.iter().zip(paint).step_by(stride);
                looked_at.for_each(|(place, paint)| self.add_slope(place, paint, &mirror, &mut slope));
                slope
            })
            .collect();
        let mut slope = vec![0.0; COUNT];
        let mean = 1.0 / (3 * self.places.len().div_ceil(stride)) as f32;
        for share in shares {
            slope.iter_mut().zip(share).for_each(|(sum, v)| *sum += mean * v);
        }
        self.add_unevenness(&mut slope);
        slope
    }

    fn add_slope(&self, place: &Place, paint: &LinearRgb, mirror: &[f32], slope: &mut [f32]) {
        let log_diffuse = self.log_diffuse(place);
        let Lit { diffuse, mirrored } = self.at(place, &log_diffuse, mirror);
        let coat = place.fresnel * (place.shut * self.values[POWERS + 1]).exp();
        for k in 0..3 {
            let drawn = paint[k] * diffuse[k] + mirrored[k];
            let off = ((drawn + FLOOR).ln() - place.log[k]) / NOISE;
            if place.clipped[k] && off > 0.0 {
                continue;
            }
            let by_drawn = 2.0 * off / (1.0 + off * off) / (NOISE * (drawn + FLOOR));
            let by_log = by_drawn * paint[k] * diffuse[k];
            if log_diffuse[k].abs() < MOST_LOG {
                slope[k * TERMS..].iter_mut().zip(&place.basis).for_each(|(s, b)| *s += by_log * b);
            }
            slope[POWERS] += by_log * place.shut;
            slope[POWERS + 1] += by_drawn * mirrored[k] * place.shut;
            for &(cell, weight) in &place.cells {
                let i = 3 * usize::from(cell) + k;
                slope[MIRROR + i] += by_drawn * coat * weight * mirror[i];
            }
        }
    }

    fn add_unevenness(&self, slope: &mut [f32]) {
        for k in 0..3 {
            for term in k * TERMS + 1..(k + 1) * TERMS {
                slope[term] += EVEN_DIFFUSE * 2.0 * self.values[term] / (3 * (TERMS - 1)) as f32;
            }
        }
        let index = |row: usize, column: usize, k: usize| MIRROR + 3 * (row * COLUMNS + column % COLUMNS) + k;
        let mut pair = |a: usize, b: usize, count: usize| {
            let pull = EVEN_MIRROR * 2.0 * (self.values[a] - self.values[b]) / count as f32;
            slope[a] += pull;
            slope[b] -= pull;
        };
        for k in 0..3 {
            for row in 0..ROWS {
                for column in 0..COLUMNS {
                    pair(index(row, column, k), index(row, column + 1, k), 3 * CELLS);
                    if row + 1 < ROWS {
                        pair(index(row, column, k), index(row + 1, column, k), 3 * (ROWS - 1) * COLUMNS);
                    }
                }
            }
        }
    }
}

impl Place {
    fn new(o: &Observation) -> Self {
        Self {
            log: o.rgb.map(|v| (v + FLOOR).ln()),
            clipped: o.rgb.map(|v| v > CLIPPED),
            basis: basis(o.normal),
            cells: cells(o.mirrored),
            fresnel: o.fresnel,
            shut: o.occlusion.clamp(0.05, 1.0).ln(),
        }
    }
}

/// Real spherical harmonics up to order 3 but for one, without their constant factors.
fn basis(Vec3 { x, y, z }: Vec3) -> [f32; TERMS] {
    let smooth = super::harmonics::basis(Vec3::new(x, y, z));
    let third = [
        x * (x * x - 3.0 * z * z),
        z * (3.0 * x * x - z * z),
        y * (x * x - z * z),
        x * (5.0 * y * y - 1.0),
        z * (5.0 * y * y - 1.0),
        y * (5.0 * y * y - 3.0),
    ];
    std::array::from_fn(|i| if i < smooth.len() { smooth[i] } else { third[i - smooth.len()] })
}

/// The four cells around a direction, bilinear.
fn cells(d: Vec3) -> [(u16, f32); 4] {
    let row = d.y.clamp(-1.0, 1.0).acos() / std::f32::consts::PI * ROWS as f32 - 0.5;
    let column = d.x.atan2(d.z) / std::f32::consts::TAU * COLUMNS as f32 + COLUMNS as f32;
    let (fy, fx) = (row - row.floor(), column - column.floor());
    let cell = |dy: i32, dx: usize| {
        let y = (row.floor() as i32 + dy).clamp(0, ROWS as i32 - 1) as usize;
        (y * COLUMNS + (column.floor() as usize + dx) % COLUMNS) as u16
    };
    [
        (cell(0, 0), (1.0 - fy) * (1.0 - fx)),
        (cell(0, 1), (1.0 - fy) * fx),
        (cell(1, 0), fy * (1.0 - fx)),
        (cell(1, 1), fy * fx),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::delight::fit::schlick;

    /// Directions spread over the sphere, each as a place of a ball that is seen from +Z.
    fn ball(count: usize) -> Vec<Observation> {
        let golden = std::f32::consts::PI * (3.0 - 5f32.sqrt());
        let view = Vec3::Z;
        (0..count)
            .map(|i| {
                let y = 1.0 - 2.0 * (i as f32 + 0.5) / count as f32;
                let (s, c) = (i as f32 * golden).sin_cos();
                let normal = Vec3::new(c, 0.0, s) * (1.0 - y * y).sqrt() + Vec3::Y * y;
                let facing = normal.dot(view);
                Observation {
                    rgb: [0.0; 3],
                    normal,
                    mirrored: (2.0 * facing * normal - view).normalize_or(normal),
                    fresnel: schlick(facing),
                    occlusion: 1.0,
                    weight: 1.0,
                    part: 1,
                    cell: [0; 2],
                }
            })
            .filter(|o| o.normal.dot(view) > 0.2)
            .collect()
    }

    /// Black and white squares below a sky with one bright softbox.
    fn under_a_softbox() -> (Vec<Observation>, Vec<LinearRgb>) {
        let mut places = ball(6000);
        let mut paint = Vec::new();
        for (i, o) in places.iter_mut().enumerate() {
            let albedo = if (i / 3) % 2 == 0 { 0.02 } else { 0.6 };
            let softbox = if o.mirrored.y > 0.4 && o.mirrored.x > 0.0 { 3.0 } else { 0.3 };
            o.rgb = [albedo * (0.7 + 0.3 * o.normal.y) + softbox * o.fresnel; 3];
            paint.push([albedo; 3]);
        }
        (places, paint)
    }

    #[test]
    fn a_softbox_is_told_from_paint() {
        let (places, paint) = under_a_softbox();
        let mut probe = Probe::new(&places);
        probe.fit(&paint, 300);
        let lit = probe.lit();
        let wrong = |i: &usize| {
            let left = (places[*i].rgb[1] - lit[*i].mirrored[1]) / lit[*i].diffuse[1];
            (left - paint[*i][1]).abs() > 0.3 * paint[*i][1] + 0.01
        };
        let share = (0..places.len()).filter(wrong).count() as f32 / places.len() as f32;
        assert!(share < 0.1, "{share} of the places got the wrong paint");
    }

    #[test]
    fn the_slope_is_that_of_what_is_minimised() {
        let (mut places, paint) = under_a_softbox();
        places.truncate(40);
        for (i, o) in places.iter_mut().enumerate() {
            // nothing clipped
            (o.occlusion, o.rgb) = (0.2 + 0.02 * i as f32, o.rgb.map(|v| 0.2 * v));
        }
        let paint = &paint[..40];
        let mut probe = Probe::new(&places);
        probe.fit(paint, 5);
        let cost = |probe: &Probe| -> f64 {
            let each = probe.places.iter().zip(paint).zip(probe.lit()).flat_map(|((place, paint), lit)| {
                (0..3).map(move |k| {
                    let off = f64::from(((paint[k] * lit.diffuse[k] + lit.mirrored[k] + FLOOR).ln() - place.log[k]) / NOISE);
                    (1.0 + off * off).ln()
                })
            });
            let fit = each.sum::<f64>() / 120.0;
            let at = |r: usize, c: usize, k: usize| f64::from(probe.values[MIRROR + 3 * (r * COLUMNS + c % COLUMNS) + k]);
            let (mut across, mut down, mut diffuse) = (0.0, 0.0, 0.0);
            for k in 0..3 {
                for r in 0..ROWS {
                    for c in 0..COLUMNS {
                        across += (at(r, c, k) - at(r, c + 1, k)).powi(2);
                        down += if r + 1 < ROWS { (at(r, c, k) - at(r + 1, c, k)).powi(2) } else { 0.0 };
                    }
                }
                diffuse += (1..TERMS).map(|t| f64::from(probe.values[k * TERMS + t]).powi(2)).sum::<f64>();
            }
            let even = across / (3 * CELLS) as f64 + down / (3 * (ROWS - 1) * COLUMNS) as f64;
            fit + f64::from(EVEN_MIRROR) * even + f64::from(EVEN_DIFFUSE) * diffuse / (3 * (TERMS - 1)) as f64
        };
        let slope = probe.slope(paint);
        let seen = usize::from(probe.places[7].cells[0].0);
        for i in [0, 3, TERMS + 4, 2 * TERMS + 9, MIRROR + 3 * seen, MIRROR + 3 * seen + 2, MIRROR + 5, POWERS, POWERS + 1] {
            let value = probe.values[i];
            let mut at = |v: f32| {
                probe.values[i] = v;
                cost(&probe)
            };
            let difference = (at(value + 0.01) - at(value - 0.01)) / 0.02;
            probe.values[i] = value;
            let error = (difference - f64::from(slope[i])).abs();
            assert!(error < 0.02 * difference.abs() + 2e-4, "number {i}: {difference} but {}", slope[i]);
        }
    }
}
