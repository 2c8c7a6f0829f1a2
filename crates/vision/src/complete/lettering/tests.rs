use glam::Vec2;

use super::*;

/// A word of so many strokes that fills a box of its face.
fn word(strokes: std::ops::Range<u32>, low: (f32, f32), high: (f32, f32), writing: f32) -> Found {
    Found {
        leaf: 0,
        strokes: strokes.collect(),
        extent: WordBox { low: low.into(), high: high.into() },
        of_one_ink: false,
        backing: None,
        pictures: Vec::new(),
        reading: Some(Reading { mirrored: -5.0, writing }),
    }
}

#[test]
fn words_that_share_their_place_become_one() {
    let number = word(0..300, (0.0, 0.0), (0.9, 0.4), 2.8);
    let name = word(300..340, (0.7, 0.0), (0.95, 0.12), 7.0);
    let far = word(340..400, (1.2, 0.0), (1.6, 0.1), 6.0);
    assert!(number.shares_place(&name) && name.shares_place(&number));
    assert!(!number.shares_place(&far) && !far.shares_place(&name));
    let beside = Found { leaf: 1, ..word(300..340, (0.7, 0.0), (0.95, 0.12), 7.0) };
    assert!(!number.shares_place(&beside), "another face is another place");

    let both = name.with(number);
    assert_eq!(both.strokes.len(), 340);
    assert_eq!((both.extent.low, both.extent.high), (Vec2::ZERO, Vec2::new(0.95, 0.4)));
    assert_eq!(both.reading.map(|reading| reading.writing), Some(7.0), "it reads as the surer one");
}

#[test]
fn a_number_counts_more_than_a_part_of_it_that_reads_better() {
    let weight = |strokes: std::ops::Range<u32>, writing: f32, covers: f32| {
        let found = word(strokes, (0.0, 0.0), (0.9, 0.4), writing);
        Found { backing: Some(Backing { sure: 4.0, covers }), ..found }.weight(Face::Left).expect("it is writing")
    };
    let number = weight(0..300, 7.0, 1.0);
    assert!(weight(0..200, 7.8, 0.65) < number, "two digits of three");
    assert!(weight(0..200, 7.8, 0.98) > number, "what covers as much");
}
