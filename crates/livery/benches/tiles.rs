//! What one dab costs: blending the tile it touched, and making the patches to upload.

use std::hint::black_box;

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use gridvox_livery::{Layer, LiveryDocument, PixelRect, TILE_PX, TiledImage, mips};
use image::{Rgba, RgbaImage};

fn soft_layer(size: u32) -> TiledImage {
    let image = RgbaImage::from_fn(size, size, |x, y| Rgba([x as u8, y as u8, 90, (x + y) as u8]));
    TiledImage::from_rgba(&image).expect("fits")
}

fn composite_one_dirty_tile(c: &mut Criterion) {
    let mut document = LiveryDocument::new(2048, [30, 30, 30, 255]).expect("fits");
    for number in 0..5 {
        document.change(|stack| stack.layers.push(Layer::new(number.to_string(), soft_layer(2048))));
    }
    document.composite();
    let mut value = 0u8;
    c.bench_function("composite one dirty tile of 2048, five soft layers", |b| {
        b.iter(|| {
            value = value.wrapping_add(1);
            let dab = RgbaImage::from_pixel(8, 8, Rgba([value; 4]));
            document.change(|stack| stack.layers[2].image.put(300, 300, &dab));
            black_box(document.composite())
        });
    });
    c.bench_function("composite with nothing changed, 2048, five layers", |b| b.iter(|| black_box(document.composite())));
}

fn mip_patches(c: &mut Criterion) {
    let image = soft_layer(2048);
    c.bench_function("mip patches of one tile of 2048", |b| {
        b.iter(|| black_box(mips::patches(&image, PixelRect::new(512, 512, TILE_PX, TILE_PX))));
    });
    c.bench_function("mip patches of all of 2048", |b| {
        b.iter_batched(|| soft_layer(2048), |image| mips::patches(&image, PixelRect::square(2048)), BatchSize::LargeInput);
    });
    let whole = image.to_rgba();
    c.bench_function("mip chain of 2048", |b| b.iter(|| black_box(mips::chain(&whole))));
}

criterion_group!(benches, composite_one_dirty_tile, mip_patches);
criterion_main!(benches);
