//! The loss curve as a picture: total loss in red, what validation measures beside it.

use std::path::Path;

use glam::Vec2;
use image::{Rgb, RgbImage};

use super::checkpoint::LogRow;

const WIDTH: u32 = 900;
const HEIGHT: u32 = 500;
const BORDER: f32 = 24.0;
/// The vertical axis is logarithmic over this range; a line per decade.
const RANGE: (f32, f32) = (0.003, 10.0);

/// A metric's curve.
pub struct Curve {
    /// Index of the metric in a row of the log.
    pub metric: usize,
    /// What is drawn of its value; small is good.
    pub shown: fn(f32) -> f32,
    /// sRGB.
    pub colour: [u8; 3],
}

/// Draws the curves over the steps: the total loss in red, and the metrics in their colours.
pub fn losses(log: &[LogRow], curves: &[Curve], path: &Path) -> Result<(), String> {
    let mut image = RgbImage::from_pixel(WIDTH, HEIGHT, Rgb([250, 250, 248]));
    for decade in -2..=1 {
        let y = place(0.0, 10f32.powi(decade)).y;
        line(&mut image, Vec2::new(BORDER, y), Vec2::new(WIDTH as f32 - BORDER, y), Rgb([215, 215, 215]));
    }
    let end = log.last().map_or(1.0, |row| row.step as f32).max(1.0);
    let mut draw = |value: &dyn Fn(&LogRow) -> f32, colour: [u8; 3]| {
        let points: Vec<Vec2> = log.iter().map(|row| place(row.step as f32 / end, value(row))).collect();
        points.windows(2).for_each(|pair| line(&mut image, pair[0], pair[1], Rgb(colour)));
    };
    draw(&|row| row.loss.iter().sum(), [205, 40, 40]);
    for curve in curves {
        draw(&|row| row.metrics.get(curve.metric).map_or(f32::NAN, |&v| (curve.shown)(v)), curve.colour);
    }
    let mut bytes = std::io::Cursor::new(Vec::new());
    image.write_to(&mut bytes, image::ImageFormat::Png).map_err(|e| e.to_string())?;
    gridvox_car::files::write_atomic(path, bytes.get_ref()).map_err(|e| e.to_string())
}

fn place(along: f32, value: f32) -> Vec2 {
    let t = (value.clamp(RANGE.0, RANGE.1) / RANGE.0).ln() / (RANGE.1 / RANGE.0).ln();
    let size = Vec2::new(WIDTH as f32, HEIGHT as f32) - 2.0 * BORDER;
    Vec2::new(BORDER + along * size.x, BORDER + (1.0 - t) * size.y)
}

fn line(image: &mut RgbImage, from: Vec2, to: Vec2, colour: Rgb<u8>) {
    let steps = (to - from).abs().max_element().ceil().max(1.0);
    for i in 0..=steps as u32 {
        let p = from.lerp(to, i as f32 / steps);
        for (dx, dy) in [(0, 0), (1, 0), (0, 1)] {
            let (x, y) = (p.x as u32 + dx, p.y as u32 + dy);
            if x < WIDTH && y < HEIGHT {
                image.put_pixel(x, y, colour);
            }
        }
    }
}
