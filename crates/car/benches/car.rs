//! The steps that run for every car, photo or pose. The car is the bundled one, or a finely divided box without it.

use criterion::{Criterion, criterion_group, criterion_main};
use gridvox_car::bvh::Bvh;
use gridvox_car::{AtlasMaps, CarModel, CarPack, RasterOptions, RasterScene, Shape, ViewPreset, bundled, testing};

fn car() -> CarModel {
    CarPack::find(bundled::DEFAULT_CAR).map_or_else(|_| testing::fine_box_car(), |pack| pack.model)
}

fn benches(c: &mut Criterion) {
    let car = car();
    let scene = RasterScene::new(&car);
    let camera = ViewPreset::FrontLeft.camera(car.bounds(), 800, 500);
    c.bench_function("raster visibility 800x500", |b| b.iter(|| scene.render(&camera, RasterOptions::visibility())));
    c.bench_function("raster surface 800x500", |b| b.iter(|| scene.render(&camera, RasterOptions::default())));
    c.bench_function("raster scene", |b| b.iter(|| RasterScene::new(&car)));
    c.bench_function("shape", |b| b.iter(|| Shape::random(1, 1.0).apply(&car)));
    c.bench_function("bvh", |b| b.iter(|| Bvh::of_car(&car)));
    for size in [512, 2048] {
        c.bench_function(&format!("atlas {size}"), |b| b.iter(|| AtlasMaps::compute(&car, size)));
    }
}

criterion_group!(name = group; config = Criterion::default().sample_size(10); targets = benches);
criterion_main!(group);
