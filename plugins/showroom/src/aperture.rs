//! Depth of field: many sharp pictures, each through another point of the lens, averaged in linear light.
//!
//! That is the integral over the lens which a real camera takes (Haeberli and Akeley, "The accumulation buffer", SIGGRAPH
//! 1990): edges, reflections and transparent parts come out right, and the samples smooth edges on the way, since each
//! looks through another point of the pixel as well.

use bevy::color::Srgba;
use bevy::math::{Vec2, Vec3};
use gridvox_car::{CarModel, PhotoCamera, RasterOptions, raster};

/// Width of the sensor in millimetres, as in cameras for 35 mm film.
pub const SENSOR_MM: f32 = 36.0;

/// Points of the lens that a picture is averaged from, where nobody asks for another number.
pub const SAMPLES: u32 = 64;

/// Brightest light that a sample counts, where 1 is white: a glint becomes a bright disc, not a blot.
const MOST: f32 = 60.0;

/// A lens of some width in front of the sensor.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Aperture {
    /// Focal length divided by the width of the opening.
    pub f_number: f32,
    /// Distance of what is sharp, along the axis in metres; without it, what is in the middle of the picture.
    pub focus_m: Option<f32>,
    /// Points of the lens, at least 1.
    pub samples: u32,
}

/// The focal length of a camera's lens in millimetres, before a sensor of [`SENSOR_MM`].
pub fn focal_mm(camera: &PhotoCamera) -> f32 {
    camera.focal_px * SENSOR_MM / camera.width as f32
}

/// The distance along the axis to the car in the middle of the picture, or to the middle of the car beside it.
pub fn autofocus(model: &CarModel, camera: &PhotoCamera) -> f32 {
    let width = camera.width.min(320);
    let height = (camera.height * width / camera.width).max(1);
    let seen = raster::render(model, &camera.scaled_to(width, height), RasterOptions::default());
    let depth = seen.depth[(height / 2 * width + width / 2) as usize];
    if depth.is_finite() {
        return depth;
    }
    let (least, most) = model.bounds();
    let middle = camera.camera_from_world().transform_point3((least + most) * 0.5);
    (-middle.z).max(0.1)
}

/// A number's digits in a base, mirrored behind the point: evenly spread over 0..1 (Halton).
fn mirrored(mut number: u32, base: u32) -> f32 {
    let (mut value, mut digit) = (0.0, 1.0);
    while number > 0 {
        digit /= base as f32;
        value += digit * (number % base) as f32;
        number /= base;
    }
    value
}

/// The camera through so many points of each pixel; their mean is a picture with smooth edges.
pub(crate) fn through_pixels(camera: &PhotoCamera, samples: u32) -> Vec<PhotoCamera> {
    // a tent as wide as the pixel; each sample is smooth over a pixel of its own already
    let tent = |u: f32| 0.5 * if u < 0.5 { (2.0 * u).sqrt() - 1.0 } else { 1.0 - (2.0 - 2.0 * u).sqrt() };
    (1..=samples)
        .map(|i| {
            let moved = Vec2::new(tent(mirrored(i, 2)), tent(mirrored(i, 3)));
            PhotoCamera { principal_point: camera.principal_point + moved, ..*camera }
        })
        .collect()
}

impl Aperture {
    /// The pinhole cameras whose mean is the picture. All see a plane at the distance of focus alike.
    pub fn pinholes(self, camera: &PhotoCamera, focus_m: f32) -> Vec<PhotoCamera> {
        let radius_m = focal_mm(camera) * 1e-3 / (2.0 * self.f_number);
        let count = self.samples.max(1);
        let golden = std::f32::consts::PI * (3.0 - 5.0_f32.sqrt());
        (0..count)
            .map(|i| {
                // Vogel's spiral fills a disc evenly
                let r = radius_m * ((i as f32 + 0.5) / count as f32).sqrt();
                let offset = if count == 1 { Vec2::ZERO } else { Vec2::from_angle(i as f32 * golden) * r };
                let pixel = if count == 1 { Vec2::splat(0.5) } else { Vec2::new(mirrored(i + 1, 2), mirrored(i + 1, 3)) };
                let mut pinhole = *camera;
                let moved = camera.world_from_camera.transform_vector3(Vec3::new(offset.x, offset.y, 0.0));
                pinhole.world_from_camera.w_axis += moved.extend(0.0);
                pinhole.principal_point += camera.focal_px / focus_m * Vec2::new(offset.x, -offset.y) + pixel - 0.5;
                pinhole
            })
            .collect()
    }
}

/// The sum of samples, premultiplied linear light.
pub(crate) struct Exposure {
    sum: Vec<[f32; 4]>,
    count: u32,
}

impl Exposure {
    pub(crate) fn new(pixels: usize) -> Self {
        Self { sum: vec![[0.0; 4]; pixels], count: 0 }
    }

    pub(crate) fn add(&mut self, sample: impl Iterator<Item = [f32; 4]>) {
        for (sum, pixel) in self.sum.iter_mut().zip(sample) {
            for (sum, value) in sum.iter_mut().zip(pixel) {
                *sum += if value.is_nan() { 0.0 } else { value.clamp(0.0, MOST) };
            }
        }
        self.count += 1;
    }

    /// The picture as pixels of sRGB with straight alpha, row by row.
    pub(crate) fn develop(&self) -> Vec<u8> {
        let share = 1.0 / self.count.max(1) as f32;
        self.sum
            .iter()
            .flat_map(|sum| {
                let alpha = (sum[3] * share).min(1.0);
                let straight = if alpha > 0.0 { share / alpha } else { 0.0 };
                let shown = neutral(Vec3::new(sum[0], sum[1], sum[2]) * straight);
                let [r, g, b] = shown.to_array().map(|value| (encode(value) * 255.0 + 0.5) as u8);
                [r, g, b, (alpha * 255.0 + 0.5) as u8]
            })
            .collect()
    }
}

/// The tone curve of the views, on the CPU: Khronos PBR Neutral,
/// <https://github.com/KhronosGroup/ToneMapping/blob/main/PBR_Neutral/README.md>.
fn neutral(light: Vec3) -> Vec3 {
    const START: f32 = 0.8 - 0.04;
    const DESATURATION: f32 = 0.15;
    let least = light.min_element();
    let toe = if least < 0.08 { least - 6.25 * least * least } else { 0.04 };
    let light = light - toe;
    let peak = light.max_element();
    if peak < START {
        return light;
    }
    let room = 1.0 - START;
    let new_peak = 1.0 - room * room / (peak + room - START);
    let white = 1.0 - 1.0 / (DESATURATION * (peak - new_peak) + 1.0);
    (light * (new_peak / peak)).lerp(Vec3::splat(new_peak), white)
}

/// From linear to encoded sRGB, 0..1.
fn encode(linear: f32) -> f32 {
    Srgba::gamma_function_inverse(linear.clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use gridvox_car::testing::box_pack;

    fn camera() -> PhotoCamera {
        PhotoCamera::look_at(Vec3::new(4.0, 1.5, 6.0), Vec3::new(0.1, 0.6, 0.2), Vec3::Y, 1500.0, 1200, 800)
    }

    #[test]
    fn what_is_in_focus_stays_and_what_is_not_spreads_as_a_lens_says() {
        let (camera, focus) = (camera(), 7.0);
        let lens = Aperture { f_number: 1.4, focus_m: None, samples: 400 };
        let pinholes = lens.pinholes(&camera, focus);
        let at = |x: f32, y: f32, depth: f32| {
            let point = camera.world_from_camera.transform_point3(Vec3::new(x, y, -depth));
            let seen: Vec<Vec2> = pinholes.iter().map(|p| p.project(point).expect("in front").truncate()).collect();
            let mean = seen.iter().sum::<Vec2>() / seen.len() as f32;
            let spread = seen.iter().map(|p| (*p - mean).length()).fold(0.0, f32::max);
            (mean, spread)
        };
        // a pixel's own width is what is left in focus
        let (mean, spread) = at(0.8, -0.3, focus);
        let expected = camera.project(camera.world_from_camera.transform_point3(Vec3::new(0.8, -0.3, -focus)));
        assert!((mean - expected.expect("in front").truncate()).length() < 0.02);
        assert!(spread < 0.75, "{spread}");
        // 45 mm at f/1.4 is 32 mm wide; farther away, points become discs
        assert!((focal_mm(&camera) - 45.0).abs() < 1e-3);
        let disc = camera.focal_px * 0.045 / 1.4 / 2.0 * (1.0 / focus - 1.0 / 20.0);
        let (_, spread) = at(0.0, 0.0, 20.0);
        assert!((spread - disc).abs() < 0.8, "{spread} is not {disc}");
    }

    #[test]
    fn one_sample_is_the_pinhole_itself() {
        let lens = Aperture { f_number: 2.0, focus_m: None, samples: 1 };
        assert_eq!(lens.pinholes(&camera(), 5.0), vec![camera()]);
    }

    #[test]
    fn the_middle_of_the_picture_is_sharp() {
        let pack = box_pack();
        let (least, most) = pack.model.bounds();
        let middle = (least + most) * 0.5;
        let camera = PhotoCamera::look_at(middle + Vec3::X * 8.0, middle, Vec3::Y, 800.0, 640, 400);
        let found = autofocus(&pack.model, &camera);
        assert!(found < 8.0 && found > 8.0 - most.x - 0.1, "{found}");
        // a car beside the middle of the picture is still what a photographer means
        let aside = PhotoCamera { principal_point: Vec2::new(-9000.0, 200.0), ..camera };
        assert!((autofocus(&pack.model, &aside) - 8.0).abs() < 1e-3);
    }

    #[test]
    fn light_is_averaged_before_it_is_encoded() {
        let mut exposure = Exposure::new(2);
        exposure.add([[0.0, 0.0, 0.0, 1.0], [0.0; 4]].into_iter());
        exposure.add([[0.5, 0.5, 0.5, 1.0], [0.2, 0.2, 0.2, 1.0]].into_iter());
        // linear 0.25 less the curve's toe of 0.04; half covered pixels keep their colour
        let grey = (encode(0.21) * 255.0 + 0.5) as u8;
        let covered = (encode(0.16) * 255.0 + 0.5) as u8;
        assert_eq!(exposure.develop(), [grey, grey, grey, 255, covered, covered, covered, 128]);
        // a lamp shines through many samples without getting whiter than white
        exposure.add([[1e9, f32::NAN, 1.0, 1.0], [0.0; 4]].into_iter());
        assert_eq!(exposure.develop()[0], 255);
    }
}
