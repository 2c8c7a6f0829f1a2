//! The car's outline as a camera sees it, for laying over the photo.

use gridvox_car::raster::RasterOptions;
use gridvox_car::{CarModel, PhotoCamera, RasterScene};
use image::{Rgba, RgbaImage};

/// The car is drawn this much finer than the outline, so that its lines are smooth.
const FINER: u32 = 2;
/// Half the width of the line around the car, in fine pixels.
const OUTLINE_REACH: i64 = 3;
/// The line around the car.
const OUTLINE: [u8; 3] = [255, 122, 47];
/// Lines between parts.
const SEAMS: [u8; 3] = [255, 255, 255];
/// How strong they are.
const SEAM_ALPHA: f32 = 0.55;

/// Draws the outline and the seams between parts on nothing, `size` pixels large.
pub fn draw(car: &CarModel, camera: &PhotoCamera, size: (u32, u32)) -> RgbaImage {
    let (width, height) = ((size.0 * FINER) as i64, (size.1 * FINER) as i64);
    let fine = camera.scaled_to(width as u32, height as u32);
    let seen = RasterScene::new(car).render(&fine, RasterOptions::visibility());
    let part = |x: i64, y: i64| seen.part[(y * width + x) as usize];
    let mut lines = vec![0u8; seen.part.len()];
    let mut stamp = |x: i64, y: i64, reach: i64, value: u8| {
        for ny in (y - reach).max(0)..=(y + reach).min(height - 1) {
            for nx in (x - reach).max(0)..=(x + reach).min(width - 1) {
                if (nx - x).pow(2) + (ny - y).pow(2) <= reach * reach {
                    let at = &mut lines[(ny * width + nx) as usize];
                    *at = value.max(*at);
                }
            }
        }
    };
    for y in 0..height - 1 {
        for x in 0..width - 1 {
            for other in [part(x + 1, y), part(x, y + 1)] {
                let here = part(x, y);
                if (here == 0) != (other == 0) {
                    stamp(x, y, OUTLINE_REACH, 2);
                } else if here != other {
                    stamp(x, y, 1, 1);
                }
            }
        }
    }
    RgbaImage::from_fn(size.0, size.1, |x, y| {
        let samples = (0..FINER * FINER).map(|k| {
            let (x, y) = (x * FINER + k % FINER, y * FINER + k / FINER);
            lines[y as usize * width as usize + x as usize]
        });
        let share = |wanted: u8| samples.clone().filter(|&line| line == wanted).count() as f32 / (FINER * FINER) as f32;
        let (outline, seams) = (share(2), share(1) * SEAM_ALPHA);
        let [r, g, b] = if outline > 0.0 { OUTLINE } else { SEAMS };
        Rgba([r, g, b, (255.0 * outline.max(seams)) as u8])
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use bevy::math::Vec3;
    use gridvox_car::testing::box_car;

    #[test]
    fn the_line_runs_around_the_car() {
        let car = box_car();
        let camera = PhotoCamera::look_at(Vec3::new(5.0, 1.5, 6.0), Vec3::new(0.0, 0.5, 0.0), Vec3::Y, 1400.0, 1200, 800);
        let drawn = draw(&car, &camera, (300, 200));
        let seen = RasterScene::new(&car).render(&camera.scaled_to(300, 200), RasterOptions::visibility());
        let strong: Vec<(u32, u32)> =
            drawn.enumerate_pixels().filter(|(_, _, p)| p[3] > 200 && p[2] < 100).map(|(x, y, _)| (x, y)).collect();
        assert!(strong.len() > 200, "{} pixels", strong.len());
        for (x, y) in strong {
            let around = (y.saturating_sub(3)..=(y + 3).min(199))
                .flat_map(|y| (x.saturating_sub(3)..=(x + 3).min(299)).map(move |x| (y * 300 + x) as usize));
            let hits = around.clone().filter(|&i| seen.hit(i)).count();
            assert!(hits > 0 && hits < around.count(), "{x}, {y} is not on the edge");
        }
        assert_eq!(drawn.get_pixel(2, 2)[3], 0);
    }
}
