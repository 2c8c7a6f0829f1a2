//! Writes pictures of what the engine sees of a car: parts and normals from every view, and the atlas maps.
//!
//! `cargo run --release -p gridvox_car --example car_pictures -- OUT_DIR [CAR] [SHAPE_SEED]`

use glam::Vec3;
use gridvox_car::atlas::NONE;
use gridvox_car::raster::{Glass, Outputs};
use gridvox_car::{AtlasMaps, CarPack, RasterOptions, RasterScene, Shape, ViewPreset, testing};
use image::{Rgb, RgbImage};
use std::error::Error;
use std::path::PathBuf;

const BACKGROUND: Rgb<u8> = Rgb([24, 24, 28]);

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let out = PathBuf::from(arguments.next().ok_or("name a folder for the pictures")?);
    let mut car = match arguments.next() {
        Some(car) => CarPack::find(&car)?.model,
        None => testing::box_car(),
    };
    if let Some(seed) = arguments.next() {
        car = Shape::random(seed.parse()?, 1.0).apply(&car);
    }
    std::fs::create_dir_all(&out)?;

    let scene = RasterScene::new(&car);
    for view in ViewPreset::ALL {
        let camera = view.camera(car.bounds(), 1200, 750);
        let seen = scene.render(&camera, RasterOptions::default());
        let clear = RasterOptions { outputs: Outputs::Surface, glass: Glass::Skip, supersample: 1 };
        let through = scene.render(&camera, clear);
        let pixel = |x: u32, y: u32| (y * seen.width + x) as usize;
        // Lit from the camera, so that holes and faceting show.
        let parts = RgbImage::from_fn(seen.width, seen.height, |x, y| {
            let i = pixel(x, y);
            let view = (camera.eye() - seen.position[i]).normalize();
            if seen.hit(i) { shade(part_color(seen.part[i]), seen.normal[i].dot(view)) } else { BACKGROUND }
        });
        parts.save(out.join(format!("parts_{view}.png")))?;
        let normals = RgbImage::from_fn(seen.width, seen.height, |x, y| {
            let i = pixel(x, y);
            if through.hit(i) { direction_color(through.normal[i]) } else { BACKGROUND }
        });
        normals.save(out.join(format!("normals_{view}.png")))?;
    }

    let maps = AtlasMaps::compute(&car, 1024);
    let texture = |color: &dyn Fn(usize) -> Rgb<u8>| {
        RgbImage::from_fn(maps.size, maps.size, |x, y| {
            let texel = (y * maps.size + x) as usize;
            if maps.covered(texel) { color(texel) } else { BACKGROUND }
        })
    };
    texture(&|t| shade(part_color(maps.part[t]), maps.occlusion[t])).save(out.join("atlas_parts.png"))?;
    texture(&|t| direction_color(maps.normal[t])).save(out.join("atlas_normals.png"))?;
    let (low, high) = car.bounds();
    texture(&|t| unit_color((maps.position[t] - low) / (high - low))).save(out.join("atlas_positions.png"))?;
    texture(&|t| match maps.mirror[t] {
        NONE => Rgb([255, 0, 255]),
        mirror => unit_color((maps.position[mirror as usize] - low) / (high - low)),
    })
    .save(out.join("atlas_mirror.png"))?;
    texture(&|t| {
        let relative = 1.0 / (maps.texel_m[t] * maps.mean_texels_per_metre);
        unit_color(Vec3::new(relative - 0.5, 0.4, 1.5 - relative))
    })
    .save(out.join("atlas_density.png"))?;
    Ok(())
}

fn part_color(part: u16) -> Vec3 {
    // Golden-ratio hues keep neighbouring ids apart.
    let hue = f32::from(part) * 0.618_034;
    Vec3::new(hue, hue + 1.0 / 3.0, hue + 2.0 / 3.0).map(|h| 0.55 + 0.45 * (h * std::f32::consts::TAU).cos())
}

fn shade(color: Vec3, light: f32) -> Rgb<u8> {
    unit_color(color * (0.25 + 0.75 * light.max(0.0)))
}

fn direction_color(n: Vec3) -> Rgb<u8> {
    unit_color(n * 0.5 + 0.5)
}

fn unit_color(color: Vec3) -> Rgb<u8> {
    Rgb((color.clamp(Vec3::ZERO, Vec3::ONE) * 255.0).round().to_array().map(|c| c as u8))
}
