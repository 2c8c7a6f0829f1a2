//! What is computed piece by piece must equal what is computed at once.

use gridvox_livery::{Layer, LiveryDocument, PixelRect, TILE_PX, TiledImage, mips};
use image::{Rgba, RgbaImage};
use proptest::prelude::*;

/// A picture with flat areas, soft edges and every kind of alpha.
fn picture(size: u32, seed: u32) -> RgbaImage {
    RgbaImage::from_fn(size, size, |x, y| {
        let mixed = (x / 37 * 7919 + y / 53 * 104_729).wrapping_mul(seed * 2 + 1).wrapping_mul(2_654_435_761);
        let alpha = match (mixed >> 28) & 3 {
            0 => 0,
            1 => 255,
            _ => (x * 5 + y * 3) as u8,
        };
        Rgba([mixed as u8, (mixed >> 8) as u8, (mixed >> 16) as u8, alpha])
    })
}

fn tiled(size: u32, seed: u32) -> TiledImage {
    TiledImage::from_rgba(&picture(size, seed)).expect("a size that fits")
}

#[derive(Debug, Clone)]
enum Change {
    Put { layer: usize, x: u32, y: u32, size: u32, seed: u32 },
    Opacity { layer: usize, opacity: f32 },
    Visible { layer: usize },
    Base([u8; 4]),
    Swap,
    Undo,
    Redo,
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        (0..3usize, 0..512u32, 0..512u32, 1..300u32, 1..99u32)
            .prop_map(|(layer, x, y, size, seed)| Change::Put { layer, x, y, size, seed }),
        (0..3usize, prop_oneof![Just(0.0), Just(1.0), 0.0..1.0f32])
            .prop_map(|(layer, opacity)| Change::Opacity { layer, opacity }),
        (0..3usize).prop_map(|layer| Change::Visible { layer }),
        any::<[u8; 4]>().prop_map(Change::Base),
        Just(Change::Swap),
        Just(Change::Undo),
        Just(Change::Redo),
    ]
}

fn apply(document: &mut LiveryDocument, change: &Change) {
    match change {
        Change::Undo => drop(document.undo()),
        Change::Redo => drop(document.redo()),
        _ => document.edit("change", |stack| match *change {
            Change::Put { layer, x, y, size, seed } => {
                stack.layers[layer].image.put(x, y, &picture(size, seed));
            }
            Change::Opacity { layer, opacity } => stack.layers[layer].opacity = opacity,
            Change::Visible { layer } => stack.layers[layer].visible ^= true,
            Change::Base(base) => stack.base = base,
            _ => stack.layers.swap(0, 2),
        }),
    }
}

fn three_layers() -> LiveryDocument {
    let mut document = LiveryDocument::new(512, [10, 20, 30, 255]).expect("fits");
    document.change(|stack| {
        for seed in 0..3 {
            stack.layers.push(Layer::new(format!("layer {seed}"), tiled(512, seed)));
        }
    });
    document
}

/// The same layers blended in one go by a document that never saw the steps between.
fn from_scratch(document: &LiveryDocument) -> RgbaImage {
    let mut fresh = LiveryDocument::new(document.size(), [0; 4]).expect("fits");
    fresh.edit("all", |stack| *stack = document.stack().clone());
    fresh.composite();
    fresh.image().to_rgba()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn incremental_composite_equals_a_full_one(steps in prop::collection::vec(change(), 1..8)) {
        let mut document = three_layers();
        document.composite();
        for step in &steps {
            let before = document.image().clone();
            apply(&mut document, step);
            let dirty = document.composite();
            prop_assert_eq!(&dirty, &document.image().diff(&before), "dirty tiles are those that differ");
            prop_assert!(document.composite().is_empty());
        }
        prop_assert_eq!(document.image().to_rgba(), from_scratch(&document));
    }

    #[test]
    fn patches_equal_the_chain(
        size in prop::sample::select(vec![512u32, 768, 1024, 1280]),
        x in 0..1280u32, y in 0..1280u32, width in 1..700u32, height in 1..700u32, seed in 1..50u32,
    ) {
        let image = tiled(size, seed);
        let rect = PixelRect::new(x % size, y % size, width, height);
        let chain = mips::chain(&image.to_rgba());
        let patches = mips::patches(&image, rect);
        prop_assert_eq!(patches.len(), chain.len());
        for (patch, level) in patches.iter().zip(&chain) {
            prop_assert!(patch.x + patch.width <= level.width() && patch.y + patch.height <= level.height());
            let expected = image::imageops::crop_imm(level, patch.x, patch.y, patch.width, patch.height).to_image();
            prop_assert_eq!(&patch.rgba, expected.as_raw(), "level {}", patch.level);
        }
    }

    #[test]
    fn uploading_patches_keeps_every_level_up_to_date(
        x in 0..1024u32, y in 0..1024u32, edge in 1..400u32, seed in 1..50u32,
    ) {
        let mut image = tiled(1024, 3);
        let mut uploaded = mips::chain(&image.to_rgba());
        let rect = image.put(x, y, &picture(edge, seed));
        for patch in mips::patches(&image, rect) {
            let texels = RgbaImage::from_raw(patch.width, patch.height, patch.rgba).expect("the patch is whole");
            image::imageops::replace(&mut uploaded[patch.level as usize], &texels, patch.x.into(), patch.y.into());
        }
        prop_assert_eq!(uploaded, mips::chain(&image.to_rgba()));
    }
}

#[test]
fn a_patch_outside_the_texture_is_empty() {
    assert!(mips::patches(&tiled(512, 1), PixelRect::new(512, 0, 40, 40)).is_empty());
    assert!(mips::patches(&tiled(512, 1), PixelRect::new(0, 0, 0, 40)).is_empty());
}

#[test]
fn a_small_change_uploads_little() {
    let image = tiled(2048, 1);
    let bytes: usize = mips::patches(&image, PixelRect::new(300, 300, 10, 10)).iter().map(|p| p.rgba.len()).sum();
    assert!(bytes < 2000, "{bytes}");
    let tile: usize = mips::patches(&image, PixelRect::new(256, 512, TILE_PX, TILE_PX)).iter().map(|p| p.rgba.len()).sum();
    assert!(tile < 400_000, "{tile}");
}
