//! Baking one photo of 1920 x 1200 pixels into a livery of 2048, from maps that are at hand.

use criterion::{Criterion, criterion_group, criterion_main};
use glam::Vec3;
use gridvox_car::testing::box_car;
use gridvox_car::{AtlasMaps, PhotoCamera, RasterScene};
use gridvox_vision::bake::{View, bake};
use image::RgbImage;

fn bake_at_2048(criterion: &mut Criterion) {
    let model = box_car();
    let scene = RasterScene::new(&model);
    let maps = AtlasMaps::compute(&model, 2048);
    let eye = Vec3::new(5.0, 1.8, 6.0);
    let camera = PhotoCamera::look_at(eye, Vec3::new(0.0, 0.55, 0.0), Vec3::Y, 2600.0, 1920, 1200);
    let photo = RgbImage::from_fn(1920, 1200, |x, y| image::Rgb([x as u8, y as u8, (x * y) as u8]));
    let view = View { photo: &photo, camera: &camera, occluders: None, uncertainty_px: 0.5 };
    criterion.bench_function("bake 2048", |b| b.iter(|| bake(&view, &model, &scene, &maps)));
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(10);
    targets = bake_at_2048
}
criterion_main!(benches);
