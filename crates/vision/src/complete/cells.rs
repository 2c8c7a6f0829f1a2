//! The five-view atlas: the car's painted surface as cells, the same grid for every car.
//!
//! A cell belongs to a face (left, right, top, front, rear), to a panel, and to a cube of the car's space, so what lies
//! behind something else on its face has cells of its own, and cells of both sides mirror each other.

use std::collections::HashMap;

use glam::Vec3;
use gridvox_car::PartClass;

use super::sheet::Face;
use crate::net::atlas::{Place, Seen};

/// Edge of a cell in metres.
pub(crate) const CELL_M: f32 = 0.06;
/// Edge, in metres, of the larger cells that what is seen is gathered in.
pub(crate) const GATHERED_M: f32 = 0.12;
/// Marks a place without a cell.
pub(crate) const NONE: u32 = u32::MAX;

/// Cells with the mean of their places.
pub(crate) struct Cells {
    /// Mean places.
    pub places: Vec<Place>,
    /// The cell of each given place, [`NONE`] where there was none.
    pub of: Vec<u32>,
}

impl Cells {
    /// Sorts places into cells of this edge; cells are in the order in which they were first met.
    pub fn gather(places: impl Iterator<Item = Option<Place>>, edge_m: f32) -> Self {
        let mut index: HashMap<(u8, u8, [i16; 3]), u32> = HashMap::new();
        let mut sums: Vec<(Place, f32)> = Vec::new();
        let of = places
            .map(|place| {
                let Some(place) = place else { return NONE };
                let side = if place.position.x < 0.0 { -1.0 } else { 1.0 };
                let at = (place.position * Vec3::new(side, 1.0, 1.0) / edge_m).floor();
                let cube = [(at.x as i16 + 1) * side as i16, at.y as i16, at.z as i16];
                let key = (Face::of(place.normal) as u8, place.class as u8, cube);
                let cell = *index.entry(key).or_insert_with(|| {
                    sums.push((Place { position: Vec3::ZERO, normal: Vec3::ZERO, class: place.class }, 0.0));
                    sums.len() as u32 - 1
                });
                let (sum, count) = &mut sums[cell as usize];
                sum.position += place.position;
                sum.normal += place.normal;
                *count += 1.0;
                cell
            })
            .collect();
        let mean = |(sum, count): (Place, f32)| Place {
            position: sum.position / count,
            normal: sum.normal.normalize_or(Vec3::Y),
            ..sum
        };
        Self { places: sums.into_iter().map(mean).collect(), of }
    }
}

/// Seen cells of one larger cell become one.
pub(crate) fn gather(fine: &[Seen], larger: &[u32]) -> Vec<Seen> {
    let mut slot = vec![NONE; larger.iter().map(|&l| l as usize + 1).max().unwrap_or(0)];
    let mut sums: Vec<(Seen, f32)> = Vec::new();
    for (seen, &larger) in fine.iter().zip(larger) {
        let slot = &mut slot[larger as usize];
        if *slot == NONE {
            *slot = sums.len() as u32;
            sums.push((*seen, 1.0));
            continue;
        }
        let (sum, count) = &mut sums[*slot as usize];
        sum.place.position += seen.place.position;
        sum.place.normal += seen.place.normal;
        sum.inks.iter_mut().zip(seen.inks).for_each(|(sum, share)| *sum += share);
        *count += 1.0;
    }
    sums.into_iter()
        .map(|(mut sum, count)| {
            sum.place.position /= count;
            sum.place.normal = sum.place.normal.normalize_or(Vec3::Y);
            sum.inks.iter_mut().for_each(|share| *share /= count);
            sum
        })
        .collect()
}

/// The class of a part by its index + 1.
pub(crate) fn class(classes: &[PartClass], part: u16) -> PartClass {
    classes.get(usize::from(part).wrapping_sub(1)).copied().unwrap_or(PartClass::Other)
}

#[cfg(test)]
mod tests {
    use super::*;
    use gridvox_car::AtlasMaps;

    #[test]
    fn cells_hold_what_is_near_of_one_panel_and_one_face_and_mirror_each_other() {
        let model = gridvox_car::testing::box_car();
        let maps = AtlasMaps::compute(&model, 256);
        let classes = crate::synth::livery::classes(&model);
        let places: Vec<Option<Place>> = (0..maps.part.len())
            .map(|i| {
                let class = class(&classes, maps.part[i]);
                (maps.part[i] != 0).then(|| Place { position: maps.position[i], normal: maps.normal[i], class })
            })
            .collect();
        let cells = Cells::gather(places.iter().copied(), CELL_M);
        assert!(cells.places.len() > 500, "{}", cells.places.len());
        for (place, &cell) in places.iter().zip(&cells.of) {
            let Some(place) = place else {
                assert_eq!(cell, NONE);
                continue;
            };
            let middle = &cells.places[cell as usize];
            assert!(place.position.distance(middle.position) < 1.8 * CELL_M && place.class == middle.class);
            assert!(place.normal.dot(middle.normal) > 0.3);
        }
        let (left, right): (Vec<&Place>, Vec<&Place>) = cells.places.iter().partition(|p| p.position.x > 0.0);
        assert!((left.len() as f32 / right.len() as f32 - 1.0).abs() < 0.1, "{} {}", left.len(), right.len());
    }
}
