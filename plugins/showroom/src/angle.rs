//! Where a view's camera stands around the car and through which lens it looks; how it gets from one such angle to another.

use crate::aperture::SENSOR_MM;
use bevy::prelude::*;
use bevy_panorbit_camera::PanOrbitCamera;
use gridvox_car::{PhotoCamera, ViewPreset};
use serde::{Deserialize, Serialize};

/// How long a camera takes to another angle, in seconds.
pub(crate) const FLIGHT_SECS: f32 = 0.7;

/// A camera's place around the car.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ViewAngle {
    /// Degrees around the car: 0 = front, 90 = the car's left side.
    pub azimuth_deg: f32,
    /// Degrees above the horizon.
    pub elevation_deg: f32,
    /// Metres from the point that it looks at.
    pub distance_m: f32,
    /// The point that it looks at, in metres.
    pub focus_m: [f32; 3],
    /// Vertical field of view in degrees.
    pub fov_deg: f32,
}

impl ViewAngle {
    /// A named view of a car with these bounds, for a picture of this size.
    pub fn of_preset(preset: ViewPreset, bounds: (Vec3, Vec3), size: UVec2) -> Self {
        let camera = preset.camera(bounds, size.x, size.y);
        Self { azimuth_deg: preset.azimuth_deg(), elevation_deg: preset.elevation_deg(), ..Self::of_camera(&camera, bounds) }
    }

    /// The angle that comes closest to a camera; its tilt and where its axis meets the picture are lost.
    pub fn of_camera(camera: &PhotoCamera, bounds: (Vec3, Vec3)) -> Self {
        let backward = camera.world_from_camera.z_axis.truncate().normalize_or(Vec3::Z);
        let distance_m = (camera.eye() - (bounds.0 + bounds.1) * 0.5).dot(backward).max(0.5);
        Self {
            azimuth_deg: backward.x.atan2(backward.z).to_degrees().rem_euclid(360.0),
            elevation_deg: backward.y.clamp(-1.0, 1.0).asin().to_degrees(),
            distance_m,
            focus_m: (camera.eye() - backward * distance_m).to_array(),
            fov_deg: 2.0 * (camera.height as f32 * 0.5 / camera.focal_px).atan().to_degrees(),
        }
    }

    /// Where a view's camera stands now.
    pub fn of_orbit(orbit: &PanOrbitCamera, projection: &Projection) -> Self {
        Self {
            azimuth_deg: orbit.yaw.unwrap_or(orbit.target_yaw).to_degrees().rem_euclid(360.0),
            elevation_deg: orbit.pitch.unwrap_or(orbit.target_pitch).to_degrees(),
            distance_m: orbit.radius.unwrap_or(orbit.target_radius),
            focus_m: orbit.focus.to_array(),
            fov_deg: fov(projection).unwrap_or(0.4).to_degrees(),
        }
    }

    /// Puts a camera there.
    pub(crate) fn apply(self, orbit: &mut PanOrbitCamera, projection: &mut Projection) {
        let (yaw, pitch) = (self.azimuth_deg.to_radians(), self.elevation_deg.to_radians());
        (orbit.yaw, orbit.target_yaw) = (Some(yaw), yaw);
        (orbit.pitch, orbit.target_pitch) = (Some(pitch), pitch);
        (orbit.radius, orbit.target_radius) = (Some(self.distance_m), self.distance_m);
        (orbit.focus, orbit.target_focus) = (self.focus_m.into(), self.focus_m.into());
        orbit.force_update = true;
        if let Projection::Perspective(perspective) = projection {
            perspective.fov = self.fov_deg.to_radians();
        }
    }

    /// The same view through another lens, from where the point that it looks at is as large as before. The focal length is
    /// before a sensor 36 mm wide, for a picture of this size.
    pub fn with_lens(self, focal_mm: f32, size: UVec2) -> Self {
        let half_height = 0.5 * SENSOR_MM * size.y as f32 / size.x.max(1) as f32 / focal_mm;
        let distance_m = self.distance_m * (0.5 * self.fov_deg.to_radians()).tan() / half_height;
        Self { fov_deg: 2.0 * half_height.atan().to_degrees(), distance_m, ..self }
    }

    /// An angle on the way to another, the short way around.
    pub fn lerp(self, to: Self, t: f32) -> Self {
        let turn = (to.azimuth_deg - self.azimuth_deg + 180.0).rem_euclid(360.0) - 180.0;
        Self {
            azimuth_deg: self.azimuth_deg + turn * t,
            elevation_deg: self.elevation_deg.lerp(to.elevation_deg, t),
            distance_m: self.distance_m.lerp(to.distance_m, t),
            focus_m: Vec3::from(self.focus_m).lerp(to.focus_m.into(), t).to_array(),
            fov_deg: self.fov_deg.lerp(to.fov_deg, t),
        }
    }

    /// Whether a painter would call both the same.
    pub fn is_near(&self, other: &Self) -> bool {
        let turn = (self.azimuth_deg - other.azimuth_deg + 180.0).rem_euclid(360.0) - 180.0;
        turn.abs() < 0.3
            && (self.elevation_deg - other.elevation_deg).abs() < 0.3
            && (self.distance_m / other.distance_m - 1.0).abs() < 0.01
            && Vec3::from(self.focus_m).distance(other.focus_m.into()) < 0.02
            && (self.fov_deg - other.fov_deg).abs() < 0.2
    }

    /// Whether every number is one that a camera can have.
    pub fn is_sound(&self) -> bool {
        let focus = Vec3::from(self.focus_m);
        self.azimuth_deg.is_finite()
            && (-90.0..=90.0).contains(&self.elevation_deg)
            && (0.1..=1000.0).contains(&self.distance_m)
            && focus.is_finite()
            && focus.abs().max_element() < 1000.0
            && (0.5..=170.0).contains(&self.fov_deg)
    }
}

/// A lens's vertical field of view in radians; `None` where it has none of its own.
pub(crate) fn fov(projection: &Projection) -> Option<f32> {
    match projection {
        Projection::Perspective(perspective) => Some(perspective.fov),
        _ => None,
    }
}

/// A camera on its way to another angle.
#[derive(Component, Debug)]
pub(crate) struct Flight {
    from: ViewAngle,
    to: ViewAngle,
    elapsed_secs: f32,
}

impl Flight {
    /// A flight that is seen.
    pub fn new(from: ViewAngle, to: ViewAngle) -> Self {
        Self { from, to, elapsed_secs: 0.0 }
    }

    /// There at once.
    pub fn jump(to: ViewAngle) -> Self {
        Self { from: to, to, elapsed_secs: FLIGHT_SECS }
    }
}

pub(crate) fn fly(
    time: Res<Time<Real>>,
    mut commands: Commands,
    mut cameras: Query<(Entity, &mut Flight, &mut PanOrbitCamera, &mut Projection)>,
) {
    for (entity, mut flight, mut orbit, mut projection) in &mut cameras {
        flight.elapsed_secs += time.delta_secs();
        let t = (flight.elapsed_secs / FLIGHT_SECS).clamp(0.0, 1.0);
        flight.from.lerp(flight.to, t * t * (3.0 - 2.0 * t)).apply(&mut orbit, &mut projection);
        if t >= 1.0 {
            commands.entity(entity).remove::<Flight>();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOUNDS: (Vec3, Vec3) = (Vec3::new(-1.0, 0.0, -2.3), Vec3::new(1.0, 1.28, 2.3));

    #[test]
    fn an_angle_on_the_way_turns_the_short_way() {
        let angle = |azimuth_deg: f32| ViewAngle {
            azimuth_deg,
            elevation_deg: 5.0,
            distance_m: 5.0,
            focus_m: [0.0; 3],
            fov_deg: 22.0,
        };
        let middle = angle(10.0).lerp(angle(350.0), 0.5);
        assert!(middle.azimuth_deg.abs() < 1e-3, "{}", middle.azimuth_deg);
    }

    #[test]
    fn another_lens_leaves_the_car_as_large_as_it_is() {
        let size = UVec2::new(1200, 800);
        let before = ViewAngle::of_preset(ViewPreset::FrontLeft, BOUNDS, size);
        let seen = |angle: ViewAngle| angle.distance_m * (0.5 * angle.fov_deg.to_radians()).tan();
        for focal_mm in [24.0, 50.0, 135.0] {
            let after = before.with_lens(focal_mm, size);
            assert!((seen(after) / seen(before) - 1.0).abs() < 1e-5);
            // 36 mm over the picture's 1200 pixels
            let focal_px = 400.0 / (0.5 * after.fov_deg.to_radians()).tan();
            assert!((focal_px * 36.0 / 1200.0 - focal_mm).abs() < 1e-2);
            assert_eq!((after.azimuth_deg, after.focus_m), (before.azimuth_deg, before.focus_m));
        }
    }

    #[test]
    fn the_angle_of_a_camera_sees_what_the_camera_sees() {
        for preset in [ViewPreset::FrontLeft, ViewPreset::Rear, ViewPreset::Right] {
            let camera = preset.camera(BOUNDS, 1200, 800);
            let of_camera = ViewAngle::of_camera(&camera, BOUNDS);
            for angle in [ViewAngle::of_preset(preset, BOUNDS, UVec2::new(1200, 800)), of_camera] {
                let (yaw, pitch) = (angle.azimuth_deg.to_radians(), angle.elevation_deg.to_radians());
                let rotation = Quat::from_rotation_y(yaw) * Quat::from_rotation_x(-pitch);
                let eye = Vec3::from(angle.focus_m) + rotation * Vec3::Z * angle.distance_m;
                assert!((eye - camera.eye()).length() < 2e-3, "{preset}: {eye} {}", camera.eye());
                assert!((angle.fov_deg - preset.fov_deg()).abs() < 1e-2);
                assert!(angle.is_sound());
            }
        }
    }
}
