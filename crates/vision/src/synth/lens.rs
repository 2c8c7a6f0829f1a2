//! What camera, film and file do to the light: averaging, exposure, tone, blur, noise, JPEG.

use glam::Vec3;
use image::RgbImage;
use rand::Rng;

use super::inks::{luminance, to_srgb};

/// How light becomes the picture's values.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Film {
    /// The sRGB curve, after a shoulder of the lens's own strength.
    Plain,
    /// Keeps colours up to a late shoulder and takes off what bare lacquer adds (Khronos PBR neutral tone mapper).
    Neutral,
    /// A filmic curve of each channel (Narkowicz 2015).
    Filmic,
    /// A sigmoid of the logarithm, of channels that were mixed first, as view transforms like AgX have it.
    Logarithmic {
        /// Darkest and lightest light that are told apart, in stops from 1.
        stops: [f32; 2],
        /// Steepness of the sigmoid; 1 is a straight line.
        steepness: f32,
        /// Share of grey that is mixed in.
        grey: f32,
    },
}

impl Film {
    fn random(rng: &mut impl Rng) -> Self {
        match rng.random_range(0..10) {
            0..4 => Self::Plain,
            4..6 => Self::Neutral,
            6..8 => Self::Filmic,
            _ => Self::Logarithmic {
                stops: [rng.random_range(-12.0..-7.0), rng.random_range(3.0..6.5)],
                steepness: rng.random_range(1.6..2.6),
                grey: rng.random_range(0.0..0.2),
            },
        }
    }

    /// Encoded values of linear light; may exceed 1 where nothing rolls off.
    fn encode(self, light: Vec3, shoulder: f32) -> Vec3 {
        let srgb = |light: Vec3| Vec3::from_array(light.to_array().map(to_srgb));
        match self {
            Self::Plain => srgb(light / (Vec3::ONE + light * 0.35 * shoulder) * (1.0 + 0.2 * shoulder)),
            Self::Neutral => srgb(neutral(light)),
            Self::Filmic => {
                let x = light * 0.7;
                srgb(x * (2.51 * x + 0.03) / (x * (2.43 * x + 0.59) + 0.14))
            }
            Self::Logarithmic { stops, steepness, grey } => {
                let mixed = light.lerp(Vec3::splat(luminance(light)), grey);
                Vec3::from_array(mixed.to_array().map(|v| {
                    let t = ((v.max(1e-6).log2() - stops[0]) / (stops[1] - stops[0])).clamp(0.0, 1.0);
                    // Middle grey lands in the middle of the range.
                    let middle = (0.18f32.log2() - stops[0]) / (stops[1] - stops[0]);
                    let (rise, fall) = ((t / middle).powf(steepness), ((1.0 - t) / (1.0 - middle)).powf(steepness));
                    rise / (rise + fall)
                }))
            }
        }
    }
}

fn neutral(light: Vec3) -> Vec3 {
    const START: f32 = 0.8 - 0.04;
    let least = light.min_element();
    let lacquer = if least < 0.08 { least - 6.25 * least * least } else { 0.04 };
    let light = light - lacquer;
    let peak = light.max_element();
    if peak < START {
        return light;
    }
    let room = 1.0 - START;
    let lowered = 1.0 - room * room / (peak + room - START);
    let bleach = 1.0 - 1.0 / (0.15 * (peak - lowered) + 1.0);
    (light * (lowered / peak)).lerp(Vec3::splat(lowered), bleach)
}

/// A camera's character.
#[derive(Debug, Clone, PartialEq)]
pub struct Lens {
    /// How light becomes the picture's values.
    pub film: Film,
    /// Stops added to the mean exposure.
    pub stops: f32,
    /// Gains of red and blue that automatic white balance leaves behind.
    pub white_balance: [f32; 2],
    /// Exponent on the encoded picture; 1 is neutral.
    pub gamma: f32,
    /// Strength of an S-curve, 0..1.
    pub contrast: f32,
    /// 1 is neutral.
    pub saturation: f32,
    /// Black lifted by haze or flare, 0..0.2 of the encoded range.
    pub haze: f32,
    /// Shoulder of highlights: 0 clips, 1 rolls off softly.
    pub shoulder: f32,
    /// Blur in pixels (standard deviation).
    pub blur_px: f32,
    /// Motion in pixels.
    pub motion_px: [f32; 2],
    /// Noise, standard deviation in the encoded range.
    pub noise: f32,
    /// Darkening of the corners, 0..1.
    pub vignette: f32,
    /// JPEG quality, if compressed.
    pub jpeg: Option<u8>,
}

impl Lens {
    /// A neutral camera without noise.
    pub fn neutral() -> Self {
        Self {
            film: Film::Plain,
            stops: 0.0,
            white_balance: [1.0, 1.0],
            gamma: 1.0,
            contrast: 0.0,
            saturation: 1.0,
            haze: 0.0,
            shoulder: 0.5,
            blur_px: 0.0,
            motion_px: [0.0; 2],
            noise: 0.0,
            vignette: 0.0,
            jpeg: None,
        }
    }

    /// Any camera, from a flagship to an old phone; blur and motion are in pixels of a small picture.
    pub fn random(rng: &mut impl Rng) -> Self {
        let sometimes = |rng: &mut _, p: f64, low: f32, high: f32| -> f32 { sometimes(rng, p, low, high) };
        Self {
            film: Film::Plain,
            stops: rng.random_range(-1.5..1.5),
            white_balance: [rng.random_range(0.85..1.18), rng.random_range(0.85..1.18)],
            gamma: rng.random_range(0.75..1.3),
            contrast: rng.random_range(0.0..0.9),
            saturation: rng.random_range(0.5..1.5),
            haze: sometimes(rng, 0.25, 0.0, 0.15),
            shoulder: rng.random_range(0.0..1.0),
            blur_px: sometimes(rng, 0.4, 0.2, 1.2),
            motion_px: [sometimes(rng, 0.12, -4.0, 4.0), sometimes(rng, 0.06, -2.0, 2.0)],
            noise: sometimes(rng, 0.5, 0.002, 0.05),
            vignette: sometimes(rng, 0.3, 0.05, 0.5),
            jpeg: rng.random_bool(0.5).then(|| rng.random_range(30..=95)),
        }
    }

    /// A camera whose colours can be believed: what tells paint from light has to work with these, and could only guess
    /// with the others.
    pub fn faithful(rng: &mut impl Rng) -> Self {
        Self {
            film: Film::random(rng),
            stops: rng.random_range(-1.2..1.2),
            white_balance: [rng.random_range(0.88..1.14), rng.random_range(0.88..1.14)],
            gamma: rng.random_range(0.88..1.14),
            contrast: if rng.random_bool(0.4) { 0.0 } else { rng.random_range(0.0..0.5) },
            saturation: rng.random_range(0.8..1.2),
            haze: sometimes(rng, 0.15, 0.0, 0.05),
            shoulder: rng.random_range(0.0..1.0),
            noise: rng.random_range(0.0..0.012),
            ..Self::neutral()
        }
    }

    /// A faithful camera whose meter also saw the lamps or the sky: the car is often much darker than middle grey.
    pub fn metered_for_lamps(rng: &mut impl Rng) -> Self {
        let faithful = Self::faithful(rng);
        let film = if rng.random_bool(0.25) { Film::Neutral } else { faithful.film };
        Self { film, stops: rng.random_range(-5.0..1.0), ..faithful }
    }

    /// Develops colours that lie beside no others: exposure, tone and noise, linear RGB as a program reads it from the
    /// picture's 8 bits.
    pub fn develop_points(&self, light: &[Vec3], rng: &mut impl Rng) -> Vec<[f32; 3]> {
        let balance = Vec3::new(self.white_balance[0], 1.0, self.white_balance[1]) * self.exposure(light);
        light
            .iter()
            .map(|&light| {
                let grain = Vec3::new(normal(rng), normal(rng), normal(rng)) * self.noise;
                let encoded = (self.tone(light * balance) + grain).clamp(Vec3::ZERO, Vec3::ONE);
                crate::color::decode_rgb((encoded * 255.0 + 0.5).to_array().map(|v| v as u8))
            })
            .collect()
    }

    /// Averages `factor * factor` samples per pixel and develops the picture.
    pub fn develop(&self, light: &[Vec3], width: usize, height: usize, factor: usize, rng: &mut impl Rng) -> RgbImage {
        let mut pixels = averaged(light, width, height, factor);
        let exposure = self.exposure(&pixels);
        let balance = Vec3::new(self.white_balance[0], 1.0, self.white_balance[1]);
        if self.motion_px != [0.0; 2] {
            pixels = moved(&pixels, width, height, self.motion_px);
        }
        if self.blur_px > 0.0 {
            blur(&mut pixels, width, height, self.blur_px);
        }
        let mut image = RgbImage::new(width as u32, height as u32);
        for (i, (px, &light)) in image.pixels_mut().zip(&pixels).enumerate() {
            let (x, y) = ((i % width) as f32 / width as f32 - 0.5, (i / width) as f32 / height as f32 - 0.5);
            let corner = 1.0 - self.vignette * 2.0 * (x * x + y * y);
            let encoded = self.tone(light * balance * exposure * corner);
            // The sum of three uniform numbers is close to a normal one of variance 1/4.
            let mut grain = || if self.noise > 0.0 { normal(rng) * self.noise } else { 0.0 };
            let grain = Vec3::new(grain(), grain(), grain());
            px.0 = ((encoded + grain).clamp(Vec3::ZERO, Vec3::ONE) * 255.0 + 0.5).to_array().map(|v| v as u8);
        }
        match self.jpeg {
            Some(quality) => compressed(&image, quality),
            None => image,
        }
    }

    /// The factor that brings the picture's mean to a middle grey, as automatic exposure does, plus `stops`.
    fn exposure(&self, pixels: &[Vec3]) -> f32 {
        let mean = pixels.iter().map(|&c| luminance(c).min(8.0).max(1e-4).ln()).sum::<f32>() / pixels.len().max(1) as f32;
        let automatic = 0.22 / mean.exp();
        automatic.clamp(0.05, 20.0).powf(0.75) * 2f32.powf(self.stops * 0.6)
    }

    fn tone(&self, light: Vec3) -> Vec3 {
        let encoded = Vec3::from_array(self.film.encode(light, self.shoulder).to_array().map(|v| v.powf(self.gamma)));
        let curved = encoded * encoded * (Vec3::splat(3.0) - 2.0 * encoded);
        let encoded = encoded.lerp(curved, self.contrast);
        let grey = Vec3::splat(luminance(encoded));
        let encoded = grey + (encoded - grey) * self.saturation;
        encoded * (1.0 - self.haze) + self.haze
    }
}

fn sometimes(rng: &mut impl Rng, probability: f64, low: f32, high: f32) -> f32 {
    if rng.random_bool(probability) { rng.random_range(low..high) } else { 0.0 }
}

fn normal(rng: &mut impl Rng) -> f32 {
    let sum: f32 = (0..3).map(|_| rng.random::<f32>()).sum();
    (sum - 1.5) * 2.0
}

fn averaged(light: &[Vec3], width: usize, height: usize, factor: usize) -> Vec<Vec3> {
    let share = 1.0 / (factor * factor) as f32;
    let mut out = vec![Vec3::ZERO; width * height];
    for (y, row) in light.chunks_exact(width * factor).enumerate() {
        for (x, sample) in row.iter().enumerate() {
            // A clipped sample keeps small glints from spreading over a whole pixel.
            out[y / factor * width + x / factor] += sample.min(Vec3::splat(12.0)) * share;
        }
    }
    out
}

fn moved(pixels: &[Vec3], width: usize, height: usize, motion: [f32; 2]) -> Vec<Vec3> {
    const STEPS: usize = 7;
    let mut out = vec![Vec3::ZERO; pixels.len()];
    for step in 0..STEPS {
        let t = step as f32 / (STEPS - 1) as f32 - 0.5;
        let (dx, dy) = ((motion[0] * t).round() as isize, (motion[1] * t).round() as isize);
        for y in 0..height {
            let from = (y as isize + dy).clamp(0, height as isize - 1) as usize * width;
            for x in 0..width {
                let from = from + (x as isize + dx).clamp(0, width as isize - 1) as usize;
                out[y * width + x] += pixels[from] / STEPS as f32;
            }
        }
    }
    out
}

fn blur(pixels: &mut Vec<Vec3>, width: usize, height: usize, sigma: f32) {
    let reach = (sigma * 2.5).ceil() as isize;
    let mut weights: Vec<f32> = (-reach..=reach).map(|i| (-(i * i) as f32 / (2.0 * sigma * sigma)).exp()).collect();
    let total: f32 = weights.iter().sum();
    weights.iter_mut().for_each(|w| *w /= total);
    for (dx, dy) in [(1, 0), (0, 1)] {
        let source = pixels.clone();
        for y in 0..height as isize {
            for x in 0..width as isize {
                let sum = weights.iter().zip(-reach..=reach).fold(Vec3::ZERO, |sum, (&w, i)| {
                    let (x, y) = ((x + i * dx).clamp(0, width as isize - 1), (y + i * dy).clamp(0, height as isize - 1));
                    sum + source[y as usize * width + x as usize] * w
                });
                pixels[y as usize * width + x as usize] = sum;
            }
        }
    }
}

fn compressed(image: &RgbImage, quality: u8) -> RgbImage {
    let mut bytes = Vec::new();
    let encoder = image::codecs::jpeg::JpegEncoder::new_with_quality(&mut bytes, quality);
    image.write_with_encoder(encoder).expect("memory takes any picture");
    image::load_from_memory_with_format(&bytes, image::ImageFormat::Jpeg).expect("it was just encoded").into_rgb8()
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    fn rng() -> rand_pcg::Pcg64Mcg {
        rand_pcg::Pcg64Mcg::seed_from_u64(8)
    }

    #[test]
    fn a_neutral_camera_shows_grey_as_grey() {
        let light = vec![Vec3::splat(0.22); 16 * 16];
        let image = Lens { shoulder: 0.0, ..Lens::neutral() }.develop(&light, 8, 8, 2, &mut rng());
        let middle = image.get_pixel(4, 4).0;
        assert!(middle[0] == middle[1] && middle[1] == middle[2]);
        assert!((110..140).contains(&middle[0]), "{middle:?}");
    }

    #[test]
    fn every_film_keeps_the_order_of_greys_and_puts_middle_grey_near_the_middle() {
        let mut rng = rng();
        for _ in 0..60 {
            let film = Film::random(&mut rng);
            let shown: Vec<f32> =
                (0..60).map(|i| film.encode(Vec3::splat(0.001 * 1.15f32.powi(i)), 0.5).y).collect();
            assert!(shown.windows(2).all(|pair| pair[0] <= pair[1] + 1e-4), "{film:?}: {shown:?}");
            let grey = film.encode(Vec3::splat(0.18), 0.5).y;
            assert!((0.3..0.62).contains(&grey), "{film:?} shows middle grey as {grey}");
        }
    }

    #[test]
    fn every_camera_keeps_the_size_and_an_edge_where_it_was() {
        let light: Vec<Vec3> = (0..64 * 32).map(|i| Vec3::splat(if i % 64 < 32 { 0.02 } else { 0.9 })).collect();
        let mut rng = rng();
        for _ in 0..50 {
            let image = Lens::random(&mut rng).develop(&light, 64, 32, 1, &mut rng);
            assert_eq!(image.dimensions(), (64, 32));
            let mean = |range: std::ops::Range<u32>| -> f32 {
                range.map(|x| f32::from(image.get_pixel(x, 16).0[1])).sum::<f32>()
            };
            assert!(mean(36..46) > mean(18..28) + 100.0);
        }
    }
}
