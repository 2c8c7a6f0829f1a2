//! Random cameras as photographers take them, and the frame that the network sees of their photo.

use glam::{Mat3, Mat4, Vec2, Vec3};
use gridvox_car::PhotoCamera;
use rand::Rng;

/// A camera at a grid's resolution, and which part of the grid lies inside the photo.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct View {
    /// Projects into grid pixels.
    pub camera: PhotoCamera,
    /// Smallest corner of the photo in grid pixels.
    pub photo_min: Vec2,
    /// Largest corner of the photo in grid pixels.
    pub photo_max: Vec2,
}

/// Looks at a car of these bounds from an azimuth and elevation in degrees (as ARCHITECTURE.md defines them), with a
/// 35 mm equivalent focal length, from so far away that the car spans `fill` of the image's width or height.
pub fn orbit(
    bounds: (Vec3, Vec3),
    azimuth_deg: f32,
    elevation_deg: f32,
    focal_35mm: f32,
    fill: f32,
    width: u32,
    height: u32,
) -> PhotoCamera {
    let focal_px = focal_35mm / 36.0 * width as f32;
    let (azimuth, elevation) = (azimuth_deg.to_radians(), elevation_deg.to_radians());
    let toward = Vec3::new(elevation.cos() * azimuth.sin(), elevation.sin(), elevation.cos() * azimuth.cos());
    let mut target = (bounds.0 + bounds.1) * 0.5;
    let mut distance = (bounds.1 - bounds.0).length() * focal_35mm / 36.0 / fill.max(0.05);
    let place = |target: Vec3, distance: f32| {
        PhotoCamera::look_at(target + toward * distance, target, Vec3::Y, focal_px, width, height)
    };
    let (mut step, mut last_off) = (1.0, f32::MAX);
    for _ in 0..14 {
        let camera = place(target, distance);
        let Some((low, high)) = projected_box(&camera, bounds) else {
            distance *= 1.5;
            continue;
        };
        let size = (high - low) / Vec2::new(width as f32, height as f32);
        // The square root keeps close views, whose size changes faster than their distance, from swinging to and fro.
        // Nearer than the limit the perspective is that of a lens inside the car.
        distance = (distance * (size.max_element() / fill).sqrt()).max((bounds.1 - bounds.0).length() * 0.55);
        let off = (low + high) * 0.5 - camera.principal_point;
        // A near front moves farther in the picture than the car's middle, which the step is reckoned for.
        step *= if off.length() > last_off { 0.5 } else { 1.0 };
        last_off = off.length();
        let rotation = Mat3::from_mat4(camera.world_from_camera);
        target += rotation * Vec3::new(off.x, -off.y, 0.0) * (step * distance / focal_px);
    }
    place(target, distance)
}

/// A camera as `gridvox synth` takes photos: any side, 1 to 35 degrees above, 20 to 200 mm, the car between six tenths of the
/// picture and a little too large for it.
pub fn around(bounds: (Vec3, Vec3), width: u32, height: u32, rng: &mut impl Rng) -> PhotoCamera {
    let elevation = 1.0 + 34.0 * rng.random::<f32>().powi(2);
    let focal_35mm = 20.0 * 10f32.powf(rng.random());
    let azimuth = rng.random_range(0.0..360.0);
    let fill = rng.random_range(0.6..1.05);
    orbit(bounds, azimuth, elevation, focal_35mm, fill, width, height)
}

/// The box around the projected corners of `bounds`, or `None` when a corner lies behind the camera.
pub fn projected_box(camera: &PhotoCamera, bounds: (Vec3, Vec3)) -> Option<(Vec2, Vec2)> {
    let (mut low, mut high) = (Vec2::MAX, Vec2::MIN);
    for i in 0..8 {
        let pick = |bit: usize, axis: usize| if i >> bit & 1 == 1 { bounds.1[axis] } else { bounds.0[axis] };
        let px = camera.project(Vec3::new(pick(0, 0), pick(1, 1), pick(2, 2)))?.truncate();
        low = low.min(px);
        high = high.max(px);
    }
    Some((low, high))
}

/// Draws a photo of the car and the crop of it that fills a `width x height` grid: usually the car's box with a margin,
/// sometimes the whole photo. Three in ten photos cut the car off.
pub fn random(bounds: (Vec3, Vec3), width: usize, height: usize, rng: &mut impl Rng) -> View {
    let grid = Vec2::new(width as f32, height as f32);
    for _ in 0..20 {
        let (photo_w, photo_h) = [(1.5, 1.0), (1.778, 1.0), (1.333, 1.0), (1.0, 1.0), (1.0, 1.333), (2.2, 1.0)]
            [[0, 0, 0, 1, 1, 2, 2, 3, 4, 5][rng.random_range(0..10)]];
        let azimuth = rng.random_range(0.0..360.0);
        let elevation = match rng.random_range(0..20) {
            0..13 => rng.random_range(0.0..20.0),
            13..18 => rng.random_range(20.0..45.0),
            _ => rng.random_range(-3.0..0.0),
        };
        let focal = rng.random_range(20f32.ln()..200f32.ln()).exp();
        let whole = rng.random_bool(0.3);
        let fill = if whole { rng.random_range(0.3..0.97) } else { 0.9 };
        let scale = 1000.0;
        let mut camera = orbit(bounds, azimuth, elevation, focal, fill, (photo_w * scale) as u32, (photo_h * scale) as u32);
        if camera.eye().y < 0.12 {
            continue;
        }
        let roll = Mat4::from_rotation_z(rng.random_range(-8f32..8.0).to_radians() * rng.random_range(0f32..1.0));
        camera.world_from_camera *= roll;
        if rng.random_bool(0.5) {
            camera.k1 = rng.random_range(-0.05..0.05);
        }
        let Some((low, high)) = projected_box(&camera, bounds) else { continue };
        let size = high - low;
        if size.max_element() > 6000.0 {
            continue;
        }
        // The photo's own frame in its pixels; truncation moves an edge into the car.
        let mut photo = if whole {
            let room = (Vec2::new(photo_w, photo_h) * scale - size).max(Vec2::ZERO) * 0.5;
            let shift = Vec2::new(rng.random_range(-1.0..1.0), rng.random_range(-1.0..1.0)) * room;
            let middle = (low + high) * 0.5 + shift;
            let half = Vec2::new(photo_w, photo_h) * scale * 0.5;
            (middle - half, middle + half)
        } else {
            let margin = size * Vec2::new(rng.random_range(0.05..0.6), rng.random_range(0.05..0.9));
            (low - margin, high + margin)
        };
        if rng.random_bool(0.3) {
            let cut = rng.random_range(0.05..0.38);
            match rng.random_range(0..6) {
                0 | 1 => photo.0.x = low.x + cut * size.x,
                2 | 3 => photo.1.x = high.x - cut * size.x,
                4 => photo.0.y = low.y + cut * size.y,
                _ => photo.1.y = high.y - cut * size.y,
            }
        }
        let (seen_low, seen_high) = (low.max(photo.0), high.min(photo.1));
        let crop = if whole {
            photo
        } else {
            let seen = seen_high - seen_low;
            let margin = |rng: &mut _| -> Vec2 { seen * Vec2::new(uniform(rng, -0.02, 0.2), uniform(rng, -0.02, 0.25)) };
            (seen_low - margin(rng), seen_high + margin(rng))
        };
        // Fit the crop into the grid's shape.
        let zoom = (grid / (crop.1 - crop.0)).min_element();
        let middle = (crop.0 + crop.1) * 0.5;
        let to_grid = |p: Vec2| (p - middle) * zoom + grid * 0.5;
        let camera = PhotoCamera {
            focal_px: camera.focal_px * zoom,
            principal_point: to_grid(camera.principal_point),
            width: width as u32,
            height: height as u32,
            ..camera
        };
        let (photo_min, photo_max) = (to_grid(photo.0).max(Vec2::ZERO), to_grid(photo.1).min(grid));
        return View { camera, photo_min, photo_max };
    }
    let camera = orbit(bounds, 45.0, 8.0, 50.0, 0.85, width as u32, height as u32);
    View { camera, photo_min: Vec2::ZERO, photo_max: grid }
}

fn uniform(rng: &mut impl Rng, low: f32, high: f32) -> f32 {
    rng.random_range(low..high)
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    const BOUNDS: (Vec3, Vec3) = (Vec3::new(-1.0, 0.0, -2.3), Vec3::new(1.0, 1.28, 2.3));

    #[test]
    fn an_orbit_fills_the_picture_as_asked() {
        for (azimuth, elevation, focal) in [(0.0, 5.0, 35.0), (8.0, 12.0, 30.0), (90.0, 10.0, 50.0), (215.0, 25.0, 120.0)] {
            let camera = orbit(BOUNDS, azimuth, elevation, focal, 0.8, 1200, 800);
            let (low, high) = projected_box(&camera, BOUNDS).expect("in front");
            let size = (high - low) / Vec2::new(1200.0, 800.0);
            assert!((size.max_element() - 0.8).abs() < 0.03, "{size}");
            assert!(((low + high) * 0.5 - Vec2::new(600.0, 400.0)).length() < 12.0);
        }
        let left = orbit(BOUNDS, 90.0, 0.0, 50.0, 0.8, 300, 200);
        assert!(left.eye().x > 3.0 && left.eye().z.abs() < 0.5, "azimuth 90 is the car's left side");
    }

    #[test]
    fn random_views_show_the_car_from_all_around_and_sometimes_cut_it() {
        let mut rng = rand_pcg::Pcg64Mcg::seed_from_u64(2);
        let (mut cut, mut quadrants) = (0, [0; 4]);
        for _ in 0..400 {
            let view = random(BOUNDS, 224, 128, &mut rng);
            let (low, high) = projected_box(&view.camera, BOUNDS).expect("in front");
            let seen = (high.min(view.photo_max) - low.max(view.photo_min)).max(Vec2::ZERO);
            let share = seen.x * seen.y / ((high - low).x * (high - low).y);
            assert!(share > 0.4, "only {share} of the car is in the photo");
            cut += usize::from(share < 0.97);
            let eye = view.camera.eye();
            quadrants[usize::from(eye.x > 0.0) + 2 * usize::from(eye.z > 0.0)] += 1;
            assert!(eye.y > 0.1);
        }
        assert!((80..260).contains(&cut), "{cut} of 400 are cut");
        assert!(quadrants.iter().all(|&n| n > 60), "{quadrants:?}");
    }
}
