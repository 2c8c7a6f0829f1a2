//! Sharpness, exposure, noise, blocks and cut-offs, measured on the car's own pixels.

use image::RgbImage;
use rayon::prelude::*;

use super::Measures;
use crate::net::Correspondence;

/// The car is looked at with at most this many pixels along its longer side.
const WORK_PX: u32 = 1600;
/// Brighter in all channels is blown out, darker is black.
const BRIGHT: u8 = 252;
const DARK: u8 = 4;

/// A grey picture.
struct Grey {
    width: usize,
    height: usize,
    values: Vec<f32>,
    /// Whether the pixel shows the car.
    car: Vec<bool>,
}

/// Measures a photo on the cells that show the car.
pub fn measure(photo: &RgbImage, net: &Correspondence) -> Measures {
    let cell = net.cell_px();
    let (width, height) = (photo.width() as f32, photo.height() as f32);
    let shown: Vec<usize> = (0..net.mask.len()).filter(|&i| net.mask[i] > 0.5).collect();
    if shown.is_empty() {
        return Measures::default();
    }
    let (mut x0, mut y0, mut x1, mut y1) = (width, height, 0.0f32, 0.0f32);
    for &i in &shown {
        let p = net.photo_px(i % net.width, i / net.width);
        x0 = x0.min(p.x - 0.5 * cell.x);
        x1 = x1.max(p.x + 0.5 * cell.x);
        y0 = y0.min(p.y - 0.5 * cell.y);
        y1 = y1.max(p.y + 0.5 * cell.y);
    }
    let (x0, y0) = (x0.clamp(0.0, width - 1.0) as u32, y0.clamp(0.0, height - 1.0) as u32);
    let (x1, y1) = ((x1.ceil().clamp(1.0, width)) as u32, (y1.ceil().clamp(1.0, height)) as u32);
    let (box_width, box_height) = (x1.saturating_sub(x0).max(1), y1.saturating_sub(y0).max(1));
    let mut measures = Measures {
        car_share: (shown.len() as f32 * cell.x * cell.y / (width * height)).min(1.0),
        car_px: box_width.max(box_height) as f32,
        truncation: truncation(net, width, height),
        ..Measures::default()
    };
    let is_car = |x: f32, y: f32| {
        let cx = ((x - net.crop.x) / cell.x).floor();
        let cy = ((y - net.crop.y) / cell.y).floor();
        cx >= 0.0
            && cy >= 0.0
            && (cx as usize) < net.width
            && (cy as usize) < net.height
            && net.mask[net.index(cx as usize, cy as usize)] > 0.5
    };
    exposure(photo, (x0, y0, box_width, box_height), &is_car, &mut measures);
    measures.blockiness = blockiness(photo, (x0, y0, box_width, box_height), &is_car);
    let factor = box_width.max(box_height).div_ceil(WORK_PX).max(1);
    let grey = shrink(photo, (x0, y0, box_width, box_height), factor, &is_car);
    measures.blur_px = blur(&grey) * factor as f32;
    measures.noise = noise(&grey);
    measures
}

type Box4 = (u32, u32, u32, u32);

/// Grey means of `factor * factor` pixels, in 0..255.
fn shrink(photo: &RgbImage, (x0, y0, w, h): Box4, factor: u32, is_car: &impl Fn(f32, f32) -> bool) -> Grey {
    let (width, height) = ((w / factor).max(1), (h / factor).max(1));
    let mut grey = Grey {
        width: width as usize,
        height: height as usize,
        values: Vec::with_capacity((width * height) as usize),
        car: Vec::with_capacity((width * height) as usize),
    };
    for y in 0..height {
        for x in 0..width {
            let (px, py) = (x0 + x * factor, y0 + y * factor);
            let mut sum = 0.0;
            let mut count = 0.0;
            for yy in py..(py + factor).min(photo.height()) {
                for xx in px..(px + factor).min(photo.width()) {
                    let [r, g, b] = photo.get_pixel(xx, yy).0.map(f32::from);
                    sum += 0.299 * r + 0.587 * g + 0.114 * b;
                    count += 1.0;
                }
            }
            grey.values.push(sum / f32::max(count, 1.0));
            grey.car.push(is_car(px as f32 + 0.5 * factor as f32, py as f32 + 0.5 * factor as f32));
        }
    }
    grey
}

fn exposure(photo: &RgbImage, (x0, y0, w, h): Box4, is_car: &impl Fn(f32, f32) -> bool, measures: &mut Measures) {
    let stride = (w.max(h) / 500).max(1) as usize;
    let (mut bright, mut dark, mut all) = (0.0f32, 0.0f32, 0.0f32);
    for y in (y0..y0 + h).step_by(stride) {
        for x in (x0..x0 + w).step_by(stride) {
            if x < photo.width() && y < photo.height() && is_car(x as f32 + 0.5, y as f32 + 0.5) {
                let c = photo.get_pixel(x, y).0;
                all += 1.0;
                bright += f32::from(u8::from(c.iter().all(|&v| v >= BRIGHT)));
                dark += f32::from(u8::from(c.iter().all(|&v| v <= DARK)));
            }
        }
    }
    measures.clipped_bright = bright / all.max(1.0);
    measures.clipped_dark = dark / all.max(1.0);
}

/// Differences across the 8-pixel grid relative to those inside its cells.
fn blockiness(photo: &RgbImage, (x0, y0, w, h): Box4, is_car: &impl Fn(f32, f32) -> bool) -> f32 {
    let grey = |x: u32, y: u32| {
        let [r, g, b] = photo.get_pixel(x, y).0.map(f32::from);
        0.299 * r + 0.587 * g + 0.114 * b
    };
    let (mut across, mut inside) = ((0.0f32, 0.0f32), (0.0f32, 0.0f32));
    for y in (y0..(y0 + h).min(photo.height())).step_by((h as usize / 200).max(1)) {
        for x in x0.max(1)..(x0 + w).min(photo.width()) {
            if is_car(x as f32, y as f32 + 0.5) {
                // Strong edges are the picture's own.
                let step = (grey(x, y) - grey(x - 1, y)).abs().min(12.0);
                let sum = if x % 8 == 0 { &mut across } else { &mut inside };
                *sum = (sum.0 + step, sum.1 + 1.0);
            }
        }
    }
    if across.1 < 100.0 {
        return 1.0;
    }
    (across.0 / across.1 + 0.2) / (inside.0 / inside.1.max(1.0) + 0.2)
}

/// Share of the car's outline that lies on the photo's border.
fn truncation(net: &Correspondence, width: f32, height: f32) -> f32 {
    let cell = net.cell_px();
    let shows = |x: isize, y: isize| {
        x >= 0
            && y >= 0
            && x < net.width as isize
            && y < net.height as isize
            && net.mask[net.index(x as usize, y as usize)] > 0.5
    };
    let (mut cut, mut outline) = (0.0f32, 0.0f32);
    for y in 0..net.height as isize {
        for x in 0..net.width as isize {
            if !shows(x, y) {
                continue;
            }
            let p = net.photo_px(x as usize, y as usize);
            let on_border = p.x < cell.x || p.y < cell.y || p.x > width - cell.x || p.y > height - cell.y;
            let rim = [(1, 0), (-1, 0), (0, 1), (0, -1)].iter().any(|(dx, dy)| !shows(x + dx, y + dy));
            if rim || on_border {
                outline += 1.0;
                cut += f32::from(u8::from(on_border));
            }
        }
    }
    cut / outline.max(1.0)
}

/// Blur of the strongest edges: how much a known further blur weakens their gradient says how blurred they were.
fn blur(grey: &Grey) -> f32 {
    let (a, b) = (1.0f32, 2.0f32);
    let fine = gradient(&gauss(grey, a), grey.width);
    let coarse = gradient(&gauss(grey, b), grey.width);
    let mut strong: Vec<(f32, f32)> = (0..fine.len())
        .filter(|&i| grey.car[i] && coarse[i] > 2.0)
        .map(|i| (fine[i], fine[i] / coarse[i]))
        .collect();
    if strong.len() < 50 {
        return 4.0;
    }
    let keep = (strong.len() / 50).max(50).min(strong.len());
    strong.select_nth_unstable_by(keep - 1, |x, y| y.0.total_cmp(&x.0));
    let mut ratios: Vec<f32> = strong[..keep].iter().map(|s| s.1).collect();
    let middle = ratios.len() / 2;
    let r2 = ratios.select_nth_unstable_by(middle, f32::total_cmp).1.powi(2);
    // A step edge blurred by s and then by a has the gradient 1 / sqrt(s² + a²).
    ((b * b - r2 * a * a) / (r2 - 1.0).max(1e-3)).clamp(0.0, 100.0).sqrt()
}

/// Standard deviation of noise: Immerkaer's operator (1996) on the car's flattest pixels.
fn noise(grey: &Grey) -> f32 {
    let (w, h) = (grey.width, grey.height);
    if w < 5 || h < 5 {
        return 0.0;
    }
    let v = &grey.values;
    let mut responses = Vec::new();
    for y in 1..h - 1 {
        for x in 1..w - 1 {
            let i = y * w + x;
            if !grey.car[i] {
                continue;
            }
            let corners = v[i - w - 1] + v[i - w + 1] + v[i + w - 1] + v[i + w + 1];
            let sides = v[i - 1] + v[i + 1] + v[i - w] + v[i + w];
            responses.push((4.0 * v[i] - 2.0 * sides + corners).abs());
        }
    }
    if responses.is_empty() {
        return 0.0;
    }
    // The median ignores edges; 0.6745 turns it into a standard deviation, 6 is the operator's own gain.
    let middle = responses.len() / 2;
    *responses.select_nth_unstable_by(middle, f32::total_cmp).1 / 0.6745 / 6.0
}

fn gauss(grey: &Grey, sigma: f32) -> Vec<f32> {
    let radius = (3.0 * sigma).ceil() as isize;
    let kernel: Vec<f32> = (-radius..=radius).map(|i| (-0.5 * (i as f32 / sigma).powi(2)).exp()).collect();
    let total: f32 = kernel.iter().sum();
    let (w, h) = (grey.width as isize, grey.height as isize);
    let pass = |source: &[f32], dx: isize, dy: isize| -> Vec<f32> {
        (0..w * h)
            .into_par_iter()
            .map(|i| {
                let (x, y) = (i % w, i / w);
                (-radius..=radius)
                    .zip(&kernel)
                    .map(|(k, weight)| {
                        let (sx, sy) = ((x + k * dx).clamp(0, w - 1), (y + k * dy).clamp(0, h - 1));
                        weight * source[(sy * w + sx) as usize]
                    })
                    .sum::<f32>()
                    / total
            })
            .collect()
    };
    pass(&pass(&grey.values, 1, 0), 0, 1)
}

fn gradient(values: &[f32], width: usize) -> Vec<f32> {
    let height = values.len() / width;
    (0..values.len())
        .map(|i| {
            let (x, y) = (i % width, i / width);
            if x == 0 || y == 0 || x + 1 == width || y + 1 == height {
                return 0.0;
            }
            (values[i + 1] - values[i - 1]).hypot(values[i + width] - values[i - width])
        })
        .collect()
}
