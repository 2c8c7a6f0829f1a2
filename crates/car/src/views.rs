//! Named views of a car and the camera that frames one, shared by the command line, the showroom and the analysis.

use crate::camera::PhotoCamera;
use glam::{Mat4, Vec2, Vec3};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// Share of the picture's half width or height that a framed car fills.
const FILL: f32 = 0.92;

/// Above this elevation, in degrees, a picture shows the car from the top.
const TOP_FROM_ELEVATION_DEG: f32 = 60.0;

/// A named view. Sides are the car's own: `Left` shows the driver's left side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names say it")]
pub enum ViewPreset {
    Front,
    FrontLeft,
    Left,
    RearLeft,
    Rear,
    RearRight,
    Right,
    FrontRight,
    Top,
}

impl ViewPreset {
    /// Every view, once around the car and then from above.
    pub const ALL: [Self; 9] = [
        Self::Front,
        Self::FrontLeft,
        Self::Left,
        Self::RearLeft,
        Self::Rear,
        Self::RearRight,
        Self::Right,
        Self::FrontRight,
        Self::Top,
    ];

    /// The name on the command line, such as `front_left`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Front => "front",
            Self::FrontLeft => "front_left",
            Self::Left => "left",
            Self::RearLeft => "rear_left",
            Self::Rear => "rear",
            Self::RearRight => "rear_right",
            Self::Right => "right",
            Self::FrontRight => "front_right",
            Self::Top => "top",
        }
    }

    /// The view nearest to a direction, both in degrees: azimuth 0 = front, 90 = the car's left side, 180 = rear.
    pub fn from_direction(azimuth_deg: f32, elevation_deg: f32) -> Self {
        if elevation_deg > TOP_FROM_ELEVATION_DEG {
            return Self::Top;
        }
        let step = (azimuth_deg / 45.0).round() as i32;
        Self::ALL[step.rem_euclid(8) as usize]
    }

    /// Words for a person, such as `front left`.
    pub fn label(self) -> &'static str {
        match self {
            Self::Front => "front",
            Self::FrontLeft => "front left",
            Self::Left => "left side",
            Self::RearLeft => "rear left",
            Self::Rear => "rear",
            Self::RearRight => "rear right",
            Self::Right => "right side",
            Self::FrontRight => "front right",
            Self::Top => "top",
        }
    }

    /// Degrees around the car: 0 = front, 90 = the car's left side, 180 = rear, 270 = right.
    pub fn azimuth_deg(self) -> f32 {
        match self {
            Self::Front => 0.0,
            Self::FrontLeft => 45.0,
            // From above the nose looks left, as in the view of the left side.
            Self::Left | Self::Top => 90.0,
            Self::RearLeft => 135.0,
            Self::Rear => 180.0,
            Self::RearRight => 225.0,
            Self::Right => 270.0,
            Self::FrontRight => 315.0,
        }
    }

    /// Degrees above the horizon.
    pub fn elevation_deg(self) -> f32 {
        match self {
            Self::Front | Self::Left | Self::Rear | Self::Right => 6.0,
            Self::FrontLeft | Self::RearLeft | Self::RearRight | Self::FrontRight => 14.0,
            Self::Top => 90.0,
        }
    }

    /// Vertical field of view in degrees: long lenses keep a car's proportions.
    pub fn fov_deg(self) -> f32 {
        match self {
            Self::Left | Self::Right | Self::Top => 16.0,
            _ => 22.0,
        }
    }

    /// The camera of this view for a car of the given bounds.
    pub fn camera(self, bounds: (Vec3, Vec3), width: u32, height: u32) -> PhotoCamera {
        frame_camera(bounds, self.azimuth_deg(), self.elevation_deg(), self.fov_deg(), width, height)
    }
}

impl fmt::Display for ViewPreset {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for ViewPreset {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let same = |view: &&Self| view.name() == name.replace('-', "_");
        let names = || Self::ALL.map(Self::name).join(", ");
        Self::ALL.iter().find(same).copied().ok_or_else(|| format!("there is no view \"{name}\": use {}", names()))
    }
}

/// The camera that shows the whole box `bounds` (smallest and largest corner, metres) as large as fits with a small
/// margin, from an azimuth and elevation in degrees, with a vertical field of view in degrees (1 to 150).
pub fn frame_camera(
    bounds: (Vec3, Vec3),
    azimuth_deg: f32,
    elevation_deg: f32,
    fov_deg: f32,
    width: u32,
    height: u32,
) -> PhotoCamera {
    let (sin_az, cos_az) = azimuth_deg.to_radians().sin_cos();
    let (sin_el, cos_el) = elevation_deg.to_radians().sin_cos();
    let backward = Vec3::new(sin_az * cos_el, sin_el, cos_az * cos_el);
    let right = Vec3::new(cos_az, 0.0, -sin_az);
    let up = backward.cross(right);

    let half_fov = (fov_deg.clamp(1.0, 150.0) * 0.5).to_radians();
    let focal_px = height as f32 * 0.5 / half_fov.tan();
    let slope = Vec2::new(width as f32, height as f32) * 0.5 * FILL / focal_px;

    // A corner at (x, y, z) of a camera frame with its origin in the box's middle is seen when
    // |x - shift| <= slope * (distance - z); the largest left and right bounds give shift and distance at once.
    let middle = (bounds.0 + bounds.1) * 0.5;
    let (mut high, mut low) = (Vec2::MIN, Vec2::MIN);
    for i in 0..8 {
        let pick = |bit: usize, low: f32, high: f32| if i >> bit & 1 == 0 { low } else { high };
        let corner = Vec3::new(
            pick(0, bounds.0.x, bounds.1.x),
            pick(1, bounds.0.y, bounds.1.y),
            pick(2, bounds.0.z, bounds.1.z),
        ) - middle;
        let (xy, z) = (Vec2::new(corner.dot(right), corner.dot(up)), corner.dot(backward));
        high = high.max(xy + slope * z);
        low = low.max(-xy + slope * z);
    }
    let shift = (high - low) * 0.5;
    let distance = ((high + low) / (2.0 * slope)).max_element();
    let eye = middle + right * shift.x + up * shift.y + backward * distance;
    PhotoCamera {
        world_from_camera: Mat4::from_cols(
            right.extend(0.0),
            up.extend(0.0),
            backward.extend(0.0),
            eye.extend(1.0),
        ),
        focal_px,
        principal_point: Vec2::new(width as f32, height as f32) * 0.5,
        width,
        height,
        k1: 0.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GT3: (Vec3, Vec3) = (Vec3::new(-1.02, 0.0, -2.31), Vec3::new(1.02, 1.28, 2.31));

    #[test]
    fn the_whole_car_is_in_the_picture_and_fills_it() {
        for (azimuth, elevation, fov, w, h) in
            [(0.0, 0.0, 20.0, 800, 500), (45.0, 30.0, 60.0, 500, 800), (90.0, 90.0, 16.0, 1600, 900), (200.0, -5.0, 90.0, 640, 640)]
        {
            let camera = frame_camera(GT3, azimuth, elevation, fov, w, h);
            let (mut low, mut high) = (Vec2::MAX, Vec2::MIN);
            for i in 0..8 {
                let pick = |bit: u32| (i >> bit & 1) as f32;
                let corner = GT3.0 + (GT3.1 - GT3.0) * Vec3::new(pick(0), pick(1), pick(2));
                let px = camera.project(corner).expect("in front").truncate();
                (low, high) = (low.min(px), high.max(px));
            }
            let size = Vec2::new(w as f32, h as f32);
            assert!(low.min_element() > 0.0 && high.cmple(size).all(), "{low} {high}");
            let fill = ((high - low) / size).max_element();
            assert!((fill - FILL).abs() < 0.01, "{azimuth} {elevation}: {fill}");
        }
    }

    #[test]
    fn azimuths_look_at_the_named_sides() {
        let camera = |view: ViewPreset| view.camera(GT3, 800, 500);
        assert!(camera(ViewPreset::Front).eye().z > 3.0);
        assert!(camera(ViewPreset::Left).eye().x > 3.0);
        assert!(camera(ViewPreset::RearRight).eye().x < -2.0 && camera(ViewPreset::RearRight).eye().z < -2.0);
        assert!(camera(ViewPreset::Top).eye().y > 5.0);
        // In the view of the left side and from above, the nose is on the left.
        for view in [ViewPreset::Left, ViewPreset::Top] {
            assert!(camera(view).project(Vec3::new(0.0, 0.5, 2.0)).expect("seen").x < 300.0);
        }
    }

    #[test]
    fn directions_go_to_the_nearest_view() {
        for view in ViewPreset::ALL {
            assert_eq!(ViewPreset::from_direction(view.azimuth_deg(), view.elevation_deg()), view);
        }
        for (azimuth, view) in [(-20.0, ViewPreset::Front), (359.0, ViewPreset::Front), (-100.0, ViewPreset::Right)] {
            assert_eq!(ViewPreset::from_direction(azimuth, 10.0), view);
        }
        assert_eq!(ViewPreset::from_direction(67.0, 10.0), ViewPreset::FrontLeft);
        assert_eq!(ViewPreset::from_direction(68.0, 10.0), ViewPreset::Left);
    }

    #[test]
    fn names_are_read_back() {
        for view in ViewPreset::ALL {
            assert_eq!(view.to_string().parse(), Ok(view));
        }
        assert_eq!("rear-left".parse(), Ok(ViewPreset::RearLeft));
        assert!("sideways".parse::<ViewPreset>().expect_err("unknown").contains("front_left"));
    }
}
