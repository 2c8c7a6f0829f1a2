//! A softbox beside the car: a flat, even lamp that lights the paint and that the paint mirrors, as in a photographer's studio.
//!
//! It stands near, so it is no part of the surroundings' picture, which is infinitely far away: its image wanders over the
//! panels as the camera moves. Cameras don't see the lamp itself, and it throws a shadow on the ground alone; within the car
//! the baked daylight has to do.

use bevy::prelude::*;
use bevy::render::render_resource::ShaderType;
use std::str::FromStr;

/// Height in metres of what it points at.
const AIM_M: f32 = 0.55;

/// Where a softbox stands, and how it shines.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Softbox {
    /// Degrees around the car: 0 in front, 90 on the car's left, 180 behind, 270 on its right.
    pub azimuth_deg: f32,
    /// Of its middle above the ground in metres, 0.3 to 8.
    pub height_m: f32,
    /// Of its middle from the car's middle along the ground in metres, 0 to 15.
    pub distance_m: f32,
    /// Width and height in metres, 0.1 to 6.
    pub size_m: [f32; 2],
    /// How bright it would look in the picture before the tone curve, 0 to 200; 1 is a white wall in the surroundings' light.
    pub strength: f32,
    /// Linear RGB, 0 to 1.
    pub colour: [f32; 3],
}

impl Default for Softbox {
    fn default() -> Self {
        Self { azimuth_deg: 60.0, height_m: 2.2, distance_m: 3.4, size_m: [2.4, 0.9], strength: 6.0, colour: [1.0; 3] }
    }
}

impl Softbox {
    /// The same within its limits; `None` where a number is none.
    pub fn within_limits(self) -> Option<Self> {
        let numbers = [self.azimuth_deg, self.height_m, self.distance_m, self.size_m[0], self.size_m[1], self.strength];
        numbers.iter().chain(&self.colour).all(|number| number.is_finite()).then(|| Self {
            azimuth_deg: self.azimuth_deg.rem_euclid(360.0),
            height_m: self.height_m.clamp(0.3, 8.0),
            distance_m: self.distance_m.clamp(0.0, 15.0),
            size_m: self.size_m.map(|edge| edge.clamp(0.1, 6.0)),
            strength: self.strength.clamp(0.0, 200.0),
            colour: self.colour.map(|channel| channel.clamp(0.0, 1.0)),
        })
    }

    /// Its middle, and its half edges to the side and up, in metres. It faces the car.
    fn place(&self) -> [Vec3; 3] {
        let azimuth = self.azimuth_deg.to_radians();
        let (sin, cos) = azimuth.sin_cos();
        let middle = Vec3::new(sin * self.distance_m, self.height_m, cos * self.distance_m);
        let side = Vec3::new(cos, 0.0, -sin);
        let up = (middle - Vec3::Y * AIM_M).normalize().cross(side);
        [middle, side * (0.5 * self.size_m[0]), up * (0.5 * self.size_m[1])]
    }

    /// Points spread evenly over it, in metres.
    pub(crate) fn points(&self) -> impl Iterator<Item = Vec3> + use<> {
        let [middle, side, up] = self.place();
        let at = |k: usize| (k as f32 - 1.0) / 1.5;
        (0..9).map(move |k| middle + side * at(k % 3) + up * at(k / 3))
    }

    /// What shaders need; `unit` is the radiance that is shown as 1.
    pub(crate) fn lamp(&self, unit: f32) -> Lamp {
        let [middle, side, up] = self.place();
        let light = Vec3::from(self.colour) * self.strength * unit;
        Lamp { middle: middle.extend(1.0), side: side.extend(0.0), up: up.extend(0.0), light: light.extend(0.0) }
    }
}

/// A softbox as `assets/shaders/softbox.wgsl` knows it.
#[derive(ShaderType, Reflect, Debug, Clone, Copy, PartialEq, Default)]
pub struct Lamp {
    /// Its middle in metres; the last number is 0 where there is none.
    pub middle: Vec4,
    /// Half its width.
    pub side: Vec4,
    /// Half its height.
    pub up: Vec4,
    /// Linear RGB radiance.
    pub light: Vec4,
}

impl Lamp {
    /// Whether there is one that shines.
    pub fn is_lit(&self) -> bool {
        self.middle.w > 0.0 && self.light.truncate().max_element() > 0.0
    }
}

impl FromStr for Softbox {
    type Err = String;

    /// Reads `azimuth=60,height=2.2,distance=3.4,size=2.4x0.9,strength=6,colour=ffe8d0`; what is left out is as by default.
    fn from_str(text: &str) -> Result<Self, String> {
        let known = "azimuth, height, distance, size, strength and colour";
        let mut softbox = Self::default();
        for field in text.split(',').filter(|field| !field.trim().is_empty()) {
            let (name, value) = field.split_once('=').ok_or_else(|| format!("\"{field}\" is not NAME=VALUE: use {known}"))?;
            let number = |value: &str| value.trim().parse::<f32>().map_err(|_| format!("{name} of a softbox is not a number: \"{value}\""));
            match name.trim() {
                "azimuth" => softbox.azimuth_deg = number(value)?,
                "height" => softbox.height_m = number(value)?,
                "distance" => softbox.distance_m = number(value)?,
                "strength" => softbox.strength = number(value)?,
                "size" => {
                    let (width, height) = value.split_once('x').ok_or_else(|| format!("a softbox's size is WIDTHxHEIGHT in metres, not \"{value}\""))?;
                    softbox.size_m = [number(width)?, number(height)?];
                }
                "colour" => {
                    let srgb = Srgba::hex(value.trim()).map_err(|_| format!("a softbox's colour is RRGGBB, not \"{value}\""))?;
                    softbox.colour = LinearRgba::from(srgb).to_f32_array_no_alpha();
                }
                other => return Err(format!("a softbox has no {other}: use {known}")),
            }
        }
        softbox.within_limits().ok_or_else(|| "a softbox needs finite numbers".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_stands_where_it_is_told_and_faces_the_car() {
        let softbox = Softbox { azimuth_deg: 90.0, ..Softbox::default() };
        let [middle, side, up] = softbox.place();
        assert!((middle - Vec3::new(3.4, 2.2, 0.0)).length() < 1e-5, "{middle}");
        // level, upright, and square to the line to the car
        assert!(side.y.abs() < 1e-6 && up.y > 0.0);
        let to_car = Vec3::Y * AIM_M - middle;
        assert!(side.dot(to_car).abs() < 1e-5 && up.dot(to_car).abs() < 1e-5);
        assert!(side.cross(up).dot(to_car) < 0.0, "its back is turned to the car");
        assert!((side.length() - 1.2).abs() < 1e-5 && (up.length() - 0.45).abs() < 1e-5);
        let mean = softbox.points().sum::<Vec3>() / 9.0;
        assert!((mean - middle).length() < 1e-5);
    }

    #[test]
    fn it_is_read_from_text() {
        let softbox: Softbox = "azimuth=-30, size=3x0.5,colour=ff0000,strength=2".parse().expect("a softbox");
        assert_eq!((softbox.azimuth_deg, softbox.size_m, softbox.strength), (330.0, [3.0, 0.5], 2.0));
        assert_eq!(softbox.colour, [1.0, 0.0, 0.0]);
        assert_eq!(softbox.height_m, Softbox::default().height_m);
        for wrong in ["azimuth", "power=3", "size=3", "height=high", "colour=red?", "strength=NaN"] {
            assert!(wrong.parse::<Softbox>().is_err(), "{wrong}");
        }
    }
}
