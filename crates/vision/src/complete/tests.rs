use super::lettering::{lines, strokes};
use super::*;
use crate::delight::Ink;
use crate::net::reading::WordPicture;
use crate::synth::lettering::Word;
use gridvox_car::testing::box_car;
use glam::{Vec2, Vec3};

const WHITE: LinearRgb = [0.8, 0.8, 0.8];
const RED: LinearRgb = [0.5, 0.03, 0.03];

fn palette() -> Palette {
    Palette { inks: vec![Ink { color: WHITE, share: 0.7 }, Ink { color: RED, share: 0.3 }] }
}

/// White with a red band low around the car, and a red stripe along the middle.
fn banded(p: Vec3) -> LinearRgb {
    if p.y < 0.45 || (p.x.abs() < 0.25 && p.y > 0.5) { RED } else { WHITE }
}

fn seen_from_front_left(maps: &AtlasMaps) -> (Vec<LinearRgb>, Vec<f32>) {
    let eye = Vec3::new(4.0, 2.0, 6.0);
    let mut color = vec![[0.0; 3]; maps.part.len()];
    let mut weight = vec![0.0; maps.part.len()];
    for i in (0..maps.part.len()).filter(|&i| maps.part[i] != 0) {
        let cos = maps.normal[i].dot((eye - maps.position[i]).normalize());
        if cos > 0.2 {
            color[i] = banded(maps.position[i]);
            weight[i] = cos * cos;
        }
    }
    (color, weight)
}

#[test]
fn the_whole_car_is_painted_and_the_classes_are_right() {
    let model = box_car();
    let maps = AtlasMaps::compute(&model, 512);
    let (color, weight) = seen_from_front_left(&maps);
    let before = color.clone();
    let done = complete(color, &weight, &maps, &palette(), None, Readers::default()).unwrap();
    let sum = done.coverage.seen + done.coverage.mirrored + done.coverage.invented;
    assert!((sum - 1.0).abs() < 1e-4 && done.coverage.seen > 0.25 && done.coverage.mirrored > 0.1);
    for i in 0..maps.part.len() {
        if weight[i] > 0.0 {
            assert_eq!(done.color[i], before[i], "a seen texel was changed");
            assert!(done.confidence[i] >= SEEN_FROM);
        }
        if maps.part[i] == 0 {
            assert_eq!(done.confidence[i], 0);
        }
        let m = maps.mirror[i] as usize;
        if weight[i] == 0.0 && m < weight.len() && weight[m] > 0.0 && done.confidence[i] < SEEN_FROM {
            assert!((MIRRORED_FROM..=MIRRORED_TO).contains(&done.confidence[i]));
            assert_eq!(done.color[i], before[m]);
        }
    }
}

#[test]
fn what_is_invented_continues_the_design() {
    let model = box_car();
    let maps = AtlasMaps::compute(&model, 512);
    let (color, weight) = seen_from_front_left(&maps);
    let done = complete(color, &weight, &maps, &palette(), None, Readers::default()).unwrap();
    let (mut right, mut all) = (0, 0);
    for i in (0..maps.part.len()).filter(|&i| done.confidence[i] == INVENTED) {
        all += 1;
        right += usize::from(delta_e(done.color[i], banded(maps.position[i])) < 5.0);
        let (_, off) = palette().nearest(done.color[i]);
        assert!(off < 30.0, "{:?} is no ink nor between two", done.color[i]);
    }
    assert!(all > 1000 && right * 10 > all * 7, "{right} of {all} invented texels continue the design");
}

#[test]
fn colours_reach_beyond_the_islands() {
    let model = box_car();
    let maps = AtlasMaps::compute(&model, 512);
    let (color, weight) = seen_from_front_left(&maps);
    let done = complete(color, &weight, &maps, &palette(), None, Readers::default()).unwrap();
    for i in (0..maps.part.len()).filter(|&i| maps.part[i] == 0) {
        assert!(done.color[i].iter().sum::<f32>() > 0.05, "texel {i} is black");
    }
}

#[test]
fn asymmetry_is_noticed() {
    let model = box_car();
    let maps = AtlasMaps::compute(&model, 256);
    let all = vec![true; maps.part.len()];
    let even: Vec<LinearRgb> = maps.position.iter().map(|p| banded(*p)).collect();
    let odd: Vec<LinearRgb> = maps.position.iter().map(|p| if p.x > 0.0 { RED } else { WHITE }).collect();
    assert!(symmetry::measure(&even, &all, &maps).trust() > 0.97);
    assert!(symmetry::measure(&odd, &all, &maps).trust() < 0.05);
    assert_eq!(symmetry::measure(&even, &vec![false; all.len()], &maps).agreement, None);
}

/// A word on the car's side: `centre` along the car and in height, metres.
struct Side {
    word: std::sync::Arc<Word>,
    centre: Vec2,
    height: f32,
}

impl Side {
    /// Whether a stroke covers a place, as it has to be on both sides: from the left the car's front is on the reader's
    /// left, from the right on the reader's right.
    fn covers(&self, p: Vec3) -> bool {
        let right = if p.x > 0.0 { self.centre.x - p.z } else { p.z - self.centre.x };
        let at = Vec2::new(right / (self.height * self.word.aspect()), (self.centre.y - p.y) / self.height) + 0.5;
        p.x.abs() > 0.9 && self.word.coverage(at.x, at.y) > 0.5
    }

    /// Shows the left side alone, completes the car, and counts the texels that strokes or their mirror image cover on the
    /// right side, and those among them that are wrong.
    fn wrong_on_the_right(&self, ground: impl Fn(Vec3) -> LinearRgb) -> (usize, usize) {
        let model = box_car();
        let maps = AtlasMaps::compute(&model, 1024);
        let paint = |p: Vec3| if self.covers(p) { RED } else { ground(p) };
        let mut color = vec![[0.0; 3]; maps.part.len()];
        let mut weight = vec![0.0; maps.part.len()];
        for i in (0..maps.part.len()).filter(|&i| maps.part[i] != 0 && maps.normal[i].x > 0.5) {
            (color[i], weight[i]) = (paint(maps.position[i]), 0.8);
        }
        let done = complete(color, &weight, &maps, &palette(), None, Readers::default()).unwrap();
        let (mut strokes, mut wrong) = (0, 0);
        for i in (0..maps.part.len()).filter(|&i| maps.part[i] != 0 && maps.normal[i].x < -0.5) {
            let p = maps.position[i];
            let mirrored = p * Vec3::new(-1.0, 1.0, 1.0);
            let reach = [(0.008, 0.0), (-0.008, 0.0), (0.0, 0.008), (0.0, -0.008)];
            let near_edge = reach.iter().any(|&(dz, dy)| paint(p + Vec3::new(0.0, dy, dz)) != paint(p));
            if (self.covers(p) || self.covers(mirrored)) && !near_edge {
                strokes += 1;
                wrong += usize::from(delta_e(done.color[i], paint(p)) > 20.0);
            }
        }
        (strokes, wrong)
    }
}

fn side(text: &str, z: f32, y: f32, height: f32) -> Side {
    Side { word: Word::new(text, 1, 160), centre: Vec2::new(z, y), height }
}

#[test]
fn letters_stay_readable_on_the_other_side() {
    for text in ["FL", "KESTRO", "27"] {
        let (strokes, wrong) = side(text, 0.2, 0.58, 0.2).wrong_on_the_right(|_| WHITE);
        assert!(strokes > 500 && wrong * 25 < strokes, "{text}: {wrong} of {strokes} texels are wrong");
    }
}

#[test]
fn a_word_stays_readable_over_a_panel_gap() {
    // The door ends at z = -0.5.
    let (strokes, wrong) = side("TORVAN", -0.5, 0.55, 0.16).wrong_on_the_right(|_| WHITE);
    assert!(strokes > 500 && wrong * 25 < strokes, "{wrong} of {strokes} texels are wrong");
}

#[test]
fn words_are_cut_out_as_a_reader_sees_them() {
    let model = box_car();
    let maps = AtlasMaps::compute(&model, 1024);
    let word = side("FL", 0.2, 0.58, 0.2);
    for normal in [Vec3::X, -Vec3::X] {
        let known: Vec<bool> = (0..maps.part.len()).map(|i| maps.part[i] != 0 && maps.normal[i].dot(normal) > 0.5).collect();
        let paint = |p: &Vec3| if word.covers(*p) { RED } else { WHITE };
        let color: Vec<LinearRgb> = maps.position.iter().map(paint).collect();
        let face = sheet::Face::of(normal);
        let raster = strokes::Raster::of(&sheet::Sheet::new(face, &known, &maps).unwrap(), &color);
        let found = lines::lines(&raster);
        assert_eq!(found.len(), 1);
        let picture = found[0].picture(&raster, lettering::finders::readers(face)[0]).unwrap();
        let mask = &word.word;
        let size = Vec2::new(mask.width as f32, mask.height as f32);
        let due = crate::synth::writing::framed(Vec2::ZERO, size, crate::synth::writing::MARGIN, |p| {
            mask.coverage(p.x / size.x, p.y / size.y)
        });
        let apart = |a: &WordPicture, b: &WordPicture| {
            a.0.iter().zip(&b.0).map(|(a, b)| (a - b).abs()).sum::<f32>() / due.0.iter().sum::<f32>()
        };
        let (forward, backward) = (apart(&picture, &due), apart(&picture, &due.mirrored()));
        assert!(forward < 0.15 && backward > 0.6, "{forward} from the word, {backward} from its mirror image");
    }
}

#[test]
fn stripes_are_not_letters() {
    let model = box_car();
    let maps = AtlasMaps::compute(&model, 512);
    let (color, weight) = seen_from_front_left(&maps);
    assert_eq!(complete(color, &weight, &maps, &palette(), None, Readers::default()).unwrap().words, 0);
}

/// Seen texels stay, and what is invented has inks of the palette, whatever the network says.
#[test]
fn a_network_fills_with_the_palettes_inks_alone() {
    use candle_core::{DType, Device};
    use candle_nn::VarBuilder;

    use crate::net::{AtlasConfig, AtlasNetwork, Model};

    let model = box_car();
    let maps = AtlasMaps::compute(&model, 512);
    let (color, weight) = seen_from_front_left(&maps);
    let before = color.clone();
    // Untrained and without chance: it points by the distances that it starts from.
    let network = AtlasNetwork::new(&AtlasConfig::tiny(), VarBuilder::zeros(DType::F32, &Device::Cpu)).unwrap();
    let classes = crate::synth::livery::classes(&model);
    let guide = Guide { network: &network, classes: &classes, bounds: model.bounds() };
    let voted = complete(color.clone(), &weight, &maps, &palette(), None, Readers::default()).unwrap();
    let done = complete(color, &weight, &maps, &palette(), Some(&guide), Readers::default()).unwrap();
    assert_eq!(done.confidence, voted.confidence);
    let mut all = 0;
    for i in (0..maps.part.len()).filter(|&i| maps.part[i] != 0) {
        if done.confidence[i] != INVENTED {
            assert_eq!(done.color[i], voted.color[i], "known paint was changed");
            assert!(weight[i] == 0.0 || done.color[i] == before[i]);
            continue;
        }
        all += 1;
        // Along a line between inks they mix; nothing lies outside.
        let t = (done.color[i][0] - RED[0]) / (WHITE[0] - RED[0]);
        let mixed: LinearRgb = std::array::from_fn(|k| RED[k] + (WHITE[k] - RED[k]) * t);
        assert!((-0.01..1.01).contains(&t) && (0..3).all(|k| (mixed[k] - done.color[i][k]).abs() < 0.01), "{:?}", done.color[i]);
    }
    assert!(all > 1000, "only {all} texels were invented");
}
