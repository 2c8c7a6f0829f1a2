use super::*;
use crate::delight::Ink;
use gridvox_car::testing::box_car;
use glam::Vec3;

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
    let done = complete(color, &weight, &maps, &palette());
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
    let done = complete(color, &weight, &maps, &palette());
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
    let done = complete(color, &weight, &maps, &palette());
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

/// The letters F and L, 25 cm tall; `s` runs to the reader's right, `v` up, from the lower left corner.
fn letters(s: f32, v: f32) -> bool {
    let bar = |s0: f32, s1: f32, v0: f32, v1: f32| (s0..s1).contains(&s) && (v0..v1).contains(&v);
    bar(0.0, 0.05, 0.0, 0.25)
        || bar(0.0, 0.16, 0.2, 0.25)
        || bar(0.0, 0.12, 0.1, 0.15)
        || bar(0.22, 0.27, 0.0, 0.25)
        || bar(0.22, 0.38, 0.0, 0.05)
}

#[test]
fn letters_stay_readable_on_the_other_side() {
    let model = box_car();
    let maps = AtlasMaps::compute(&model, 1024);
    let (front, rear, foot) = (0.4, 0.02, 0.45);
    // Seen from the left, the car's front is on the reader's left; from the right it is the other way about.
    let paint = |p: Vec3| {
        let right = if p.x > 0.0 { front - p.z } else { p.z - rear };
        if p.x.abs() > 0.9 && letters(right, p.y - foot) { RED } else { WHITE }
    };
    let mut color = vec![[0.0; 3]; maps.part.len()];
    let mut weight = vec![0.0; maps.part.len()];
    for i in (0..maps.part.len()).filter(|&i| maps.part[i] != 0 && maps.normal[i].x > 0.5) {
        (color[i], weight[i]) = (paint(maps.position[i]), 0.8);
    }
    let done = complete(color, &weight, &maps, &palette());
    assert_eq!(done.words, 1, "F and L are one word");
    let door = model.part_index("door_right").expect("the box car has one") as u16 + 1;
    let (mut red, mut wrong) = (0, 0);
    for i in (0..maps.part.len()).filter(|&i| maps.part[i] == door) {
        let p = maps.position[i];
        red += usize::from(paint(p) == RED);
        let near_edge = [(0.008, 0.0), (-0.008, 0.0), (0.0, 0.008), (0.0, -0.008)]
            .iter()
            .any(|&(dz, dy)| paint(p + Vec3::new(0.0, dy, dz)) != paint(p));
        wrong += usize::from(!near_edge && delta_e(done.color[i], paint(p)) > 20.0);
    }
    assert!(red > 500, "{red} texels of letters");
    assert!(wrong * 50 < red, "{wrong} texels of the right door are wrong, {red} are letters");
}

#[test]
fn stripes_are_not_letters() {
    let model = box_car();
    let maps = AtlasMaps::compute(&model, 512);
    let (color, weight) = seen_from_front_left(&maps);
    assert_eq!(complete(color, &weight, &maps, &palette()).words, 0);
}
