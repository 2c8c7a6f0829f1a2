//! Blending, undo and snapshots as a painter relies on them.

use std::sync::Arc;

use gridvox_livery::{Layer, LiveryDocument, PixelRect, TiledImage};
use image::{Rgba, RgbaImage};

const TILE_BYTES: usize = 256 * 256 * 4;

fn flat(color: [u8; 4]) -> TiledImage {
    TiledImage::filled(512, color).expect("fits")
}

fn blended(base: [u8; 4], layers: &[([u8; 4], f32)]) -> [u8; 4] {
    let mut document = LiveryDocument::new(512, base).expect("fits");
    document.edit("layers", |stack| {
        for (color, opacity) in layers {
            stack.layers.push(Layer { opacity: *opacity, ..Layer::new("flat", flat(*color)) });
        }
    });
    document.composite();
    document.image().texel(300, 300).expect("inside").0
}

#[test]
fn layers_cover_each_other_by_their_alpha() {
    // Expected values by hand: c = (s a + d b (1 - a)) / (a + b (1 - a)) on stored values.
    assert_eq!(blended([0, 0, 0, 255], &[([255, 255, 255, 128], 1.0)]), [128, 128, 128, 255]);
    assert_eq!(blended([200, 100, 0, 255], &[([0, 100, 200, 255], 0.25)]), [150, 100, 50, 255]);
    assert_eq!(blended([255, 0, 0, 128], &[([0, 0, 255, 128], 1.0)]), [85, 0, 170, 192]);
    assert_eq!(blended([9, 8, 7, 0], &[([1, 2, 3, 77], 1.0)]), [1, 2, 3, 77]);
    assert_eq!(blended([9, 8, 7, 0], &[]), [9, 8, 7, 0]);
    assert_eq!(blended([9, 8, 7, 255], &[([0, 0, 0, 255], f32::NAN)]), [9, 8, 7, 255]);
    assert_eq!(blended([9, 8, 7, 255], &[([1, 1, 1, 255], 7.0)]), [1, 1, 1, 255]);
}

#[test]
fn many_faint_layers_add_up_without_drift() {
    // Forty layers of 5 %: the rest of the base is 0.95^40 = 0.1285, so white arrives at 255 (1 - 0.1285) = 222.2.
    let layers = [([255, 255, 255, 255], 0.05); 40];
    assert_eq!(blended([0, 0, 0, 255], &layers), [222, 222, 222, 255]);
}

#[test]
fn an_opaque_layer_shares_its_tiles_with_the_result() {
    let top = flat([1, 2, 3, 255]);
    let mut document = LiveryDocument::new(512, [0, 0, 0, 255]).expect("fits");
    document.edit("layers", |stack| {
        stack.layers.push(Layer::new("hidden below", flat([9, 9, 9, 100])));
        stack.layers.push(Layer::new("top", top.clone()));
    });
    assert_eq!(document.composite().len(), 4);
    assert!(Arc::ptr_eq(&document.image().tiles()[3], &top.tiles()[3]));
}

#[test]
fn a_change_below_an_opaque_layer_is_not_blended() {
    let mut document = LiveryDocument::from_image("top", flat([1, 2, 3, 255]), [0, 0, 0, 255]).expect("fits");
    document.edit("base", |stack| stack.base = [7, 7, 7, 255]);
    document.edit("below", |stack| stack.layers.insert(0, Layer::new("below", flat([5, 5, 5, 255]))));
    assert!(document.composite().is_empty());
    document.edit("hide", |stack| stack.layers[1].visible = false);
    assert_eq!(document.composite().len(), 4);
    assert_eq!(document.image().texel(0, 0), Some(Rgba([5, 5, 5, 255])));
}

#[test]
fn undo_and_redo_walk_the_same_path() {
    let mut document = LiveryDocument::from_image("paint", flat([0, 0, 0, 255]), [0; 4]).expect("fits");
    let mut seen = vec![document.image().to_rgba()];
    for step in 1..=4u8 {
        document.edit(format!("dab {step}"), |stack| {
            let dab = RgbaImage::from_pixel(20, 20, Rgba([step * 40, 0, 0, 255]));
            stack.layers[0].image.put(u32::from(step) * 100, 50, &dab);
        });
        document.composite();
        seen.push(document.image().to_rgba());
    }
    assert_eq!(document.undo_names().collect::<Vec<_>>(), ["dab 1", "dab 2", "dab 3", "dab 4"]);
    for step in (0..4).rev() {
        assert_eq!(document.undo(), Some(format!("dab {}", step + 1)));
        assert!(!document.composite().is_empty());
        assert_eq!(document.image().to_rgba(), seen[step]);
    }
    assert_eq!(document.undo(), None);
    assert_eq!(document.redo_name(), Some("dab 1"));
    for expected in &seen[1..] {
        assert!(document.redo().is_some());
        document.composite();
        assert_eq!(&document.image().to_rgba(), expected);
    }
    assert_eq!(document.redo(), None);
    document.undo();
    document.edit("another way", |stack| stack.base = [1; 4]);
    assert_eq!(document.redo_name(), None, "a new step ends the redo path");
}

#[test]
fn one_step_spans_all_previews_of_a_job() {
    let mut document = LiveryDocument::from_image("paint", flat([0, 0, 0, 255]), [0; 4]).expect("fits");
    document.begin("place photo");
    for value in [60, 120, 180] {
        document.change(|stack| stack.set_layer("from photo", flat([value, 0, 0, 255])));
        assert_eq!(document.composite().len(), 4);
    }
    document.commit();
    assert_eq!(document.undo().as_deref(), Some("place photo"));
    document.composite();
    assert_eq!(document.image().texel(5, 5), Some(Rgba([0, 0, 0, 255])));

    document.begin("cancelled");
    document.change(|stack| stack.set_layer("from photo", flat([9, 9, 9, 255])));
    document.roll_back();
    document.composite();
    assert_eq!(document.image().texel(5, 5), Some(Rgba([0, 0, 0, 255])));
    document.edit("nothing", |_| ());
    assert_eq!(document.undo_names().count(), 0, "a step that changed nothing leaves no trace");
}

#[test]
fn undo_stays_within_its_byte_budget() {
    let mut document = LiveryDocument::from_image("paint", flat([0, 0, 0, 255]), [0; 4]).expect("fits");
    document.set_history_bytes(10 * TILE_BYTES);
    for step in 0..40u8 {
        document.edit("dab", |stack| {
            stack.layers[0].image.put(u32::from(step % 2) * 256, 0, &RgbaImage::from_pixel(9, 9, Rgba([step + 1; 4])));
        });
        assert!(document.history_bytes() <= 10 * TILE_BYTES);
    }
    // Each dab replaced one tile, so ten steps fit; the very first tile was shared by all positions and cost nothing.
    assert_eq!(document.undo_names().count(), 10);
    document.set_history_bytes(0);
    assert_eq!(document.undo_names().count(), 1, "the latest step can always be taken back");
}

#[test]
fn a_snapshot_is_not_touched_by_later_changes() {
    let mut document = LiveryDocument::from_image("paint", flat([5, 5, 5, 255]), [0; 4]).expect("fits");
    let snapshot = document.image().clone();
    document.edit("dab", |stack| stack.layers[0].image.put(0, 0, &RgbaImage::from_pixel(512, 512, Rgba([1; 4]))));
    assert_eq!(document.composite(), snapshot.diff(document.image()));
    assert_eq!(snapshot, flat([5, 5, 5, 255]));
    assert_eq!(PixelRect::square(512), document.image().tile_rect(0).union(&document.image().tile_rect(3)));
}

#[test]
#[should_panic(expected = "another size")]
fn a_layer_of_another_size_is_a_bug() {
    let mut document = LiveryDocument::new(1024, [0; 4]).expect("fits");
    document.edit("wrong", |stack| stack.layers.push(Layer::new("small", flat([0; 4]))));
}
