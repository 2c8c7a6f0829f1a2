//! Points that the painter sets on a photo and on the car, in pairs: first on the photo, then the same spot on the car.

use std::sync::Arc;

use bevy::math::{Vec2, Vec3};
use gridvox_car::bvh::Bvh;
use gridvox_car::{CarPack, MaterialKind, PhotoCamera};
use gridvox_inference::PointPair;

use crate::notices::capitalized;

/// A spot of the photo, and of the car once it was clicked there too.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Mark {
    /// Pixels of the upright photo.
    pub photo_px: Vec2,
    /// The same spot on the car, metres.
    pub car_point: Option<Vec3>,
}

/// Sets a spot on the photo: a new one, or the last one again while it has none on the car.
pub fn set_on_photo(marks: &mut Vec<Mark>, photo_px: Vec2) {
    if marks.last().is_some_and(|last| last.car_point.is_none()) {
        marks.pop();
    }
    marks.push(Mark { photo_px, car_point: None });
}

/// Sets the last spot on the car; false where none waits for it.
pub fn set_on_car(marks: &mut [Mark], point: Vec3) -> bool {
    match marks.last_mut() {
        Some(last) if last.car_point.is_none() => {
            last.car_point = Some(point);
            true
        }
        _ => false,
    }
}

/// The pairs that are whole, as the engine takes them.
pub fn pairs(marks: &[Mark]) -> Vec<PointPair> {
    marks.iter().filter_map(|mark| Some(PointPair { photo_px: mark.photo_px, car_point: mark.car_point? })).collect()
}

/// How the picture lies that points are set on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sheet {
    /// 1 shows the whole photo.
    pub zoom: f32,
    /// Which place of the photo lies in the middle, as shares of its width and height.
    pub middle: Vec2,
}

impl Default for Sheet {
    fn default() -> Self {
        Self { zoom: 1.0, middle: Vec2::splat(0.5) }
    }
}

impl Sheet {
    /// The nearest one that shows more photo than border.
    pub fn bounded(self) -> Self {
        let zoom = self.zoom.clamp(1.0, 8.0);
        let slack = Vec2::splat(0.5 - 0.5 / zoom);
        Self { zoom, middle: self.middle.clamp(Vec2::splat(0.5) - slack, Vec2::splat(0.5) + slack) }
    }
}

/// Finds the spots of a car that lie under a view's pixels.
pub struct Picker {
    car: Arc<CarPack>,
    /// Parts that are not there.
    hidden: Vec<usize>,
    /// Part and triangle of what the tree names.
    triangles: Vec<(usize, usize)>,
    bvh: Bvh,
}

/// What lies under the pointer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spot {
    /// Metres.
    pub point: Vec3,
    /// The part's index in the car's model.
    pub part: usize,
    /// Texture coordinates.
    pub uv: Vec2,
}

impl Picker {
    /// Sorts the triangles of the parts that are not hidden, which takes a moment.
    pub fn new(car: Arc<CarPack>, hidden: Vec<usize>) -> Self {
        let (mut corners, mut triangles) = (Vec::new(), Vec::new());
        for (part, mesh) in car.model.parts.iter().map(|part| &part.mesh).enumerate() {
            if hidden.contains(&part) {
                continue;
            }
            for (index, triangle) in mesh.indices.chunks_exact(3).enumerate() {
                corners.push([0, 1, 2].map(|corner| mesh.positions[triangle[corner] as usize]));
                triangles.push((part, index));
            }
        }
        Self { bvh: Bvh::new(&corners), triangles, hidden, car }
    }

    /// Whether it is for this car with these parts hidden.
    pub fn is_for(&self, car: &CarPack, hidden: &[usize]) -> bool {
        self.car.hash == car.hash && self.hidden == hidden
    }

    /// What lies at a place of a view, as shares of its width and height; `None` beside the car.
    pub fn spot(&self, view: &PhotoCamera, place: Vec2) -> Option<Spot> {
        let ray = view.ray(place * Vec2::new(view.width as f32, view.height as f32));
        let hit = self.bvh.closest_hit(view.eye(), ray, f32::MAX)?;
        let &(part, triangle) = self.triangles.get(hit.triangle as usize)?;
        let mesh = &self.car.model.parts[part].mesh;
        let corner = |k: usize| mesh.indices[triangle * 3 + k] as usize;
        let weights = hit.weights.to_array();
        let uv = (0..3).filter_map(|k| Some(*mesh.uvs.get(corner(k))? * weights[k])).sum();
        Some(Spot { point: view.eye() + ray * hit.t, part, uv })
    }

    /// A part's name for people, and whether it carries paint.
    pub fn describe(&self, part: usize) -> Option<(String, bool)> {
        let model = &self.car.model;
        let part = model.parts.get(part)?;
        let painted = model.materials.get(part.material).is_some_and(|material| material.kind == MaterialKind::Paint);
        Some((capitalized(part.name.replace(['_', '.'], " ")), painted))
    }

    /// Whether the car itself hides a spot from a view.
    fn hides(&self, view: &PhotoCamera, spot: Vec3) -> bool {
        // The spot's own surface is no obstacle.
        const NEAR: f32 = 0.995;
        self.bvh.any_hit(view.eye(), spot - view.eye(), NEAR)
    }
}

/// A mark in a view.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ShownMark {
    /// Its place in the list.
    pub index: usize,
    /// Shares of the view's width and height.
    pub place: Vec2,
    /// It lies on the far side of the car.
    pub hidden: bool,
}

/// Where marks lie in a view.
pub fn shown(marks: &[Mark], view: &PhotoCamera, picker: Option<&Picker>) -> Vec<ShownMark> {
    let size = Vec2::new(view.width as f32, view.height as f32);
    let one = |(index, mark): (usize, &Mark)| {
        let spot = mark.car_point?;
        let place = view.project(spot)?.truncate() / size;
        Some(ShownMark { index, place, hidden: picker.is_some_and(|picker| picker.hides(view, spot)) })
    };
    marks.iter().enumerate().filter_map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use gridvox_car::testing::box_pack;

    #[test]
    fn spots_are_set_by_turns() {
        let mut marks = Vec::new();
        assert!(!set_on_car(&mut marks, Vec3::ZERO), "nothing waits yet");
        set_on_photo(&mut marks, Vec2::new(10.0, 20.0));
        set_on_photo(&mut marks, Vec2::new(11.0, 20.0));
        assert_eq!(marks, [Mark { photo_px: Vec2::new(11.0, 20.0), car_point: None }], "the last one is set again");
        assert!(pairs(&marks).is_empty());
        assert!(set_on_car(&mut marks, Vec3::Y));
        assert!(!set_on_car(&mut marks, Vec3::X));
        set_on_photo(&mut marks, Vec2::ZERO);
        assert_eq!(pairs(&marks), [PointPair { photo_px: Vec2::new(11.0, 20.0), car_point: Vec3::Y }]);
    }

    #[test]
    fn a_click_finds_the_spot_and_the_spot_lies_under_the_click() {
        let car = Arc::new(box_pack());
        let picker = Picker::new(car.clone(), Vec::new());
        let view = PhotoCamera::look_at(Vec3::new(4.0, 1.6, 5.0), Vec3::new(0.0, 0.5, 0.0), Vec3::Y, 900.0, 1200, 700);
        let back = PhotoCamera::look_at(Vec3::new(-4.0, 1.6, -5.0), Vec3::new(0.0, 0.5, 0.0), Vec3::Y, 900.0, 1200, 700);
        let place = Vec2::new(0.52, 0.5);
        let found = picker.spot(&view, place).expect("the car is in the middle");
        let spot = found.point;
        let (low, high) = car.model.bounds();
        assert!(spot.cmpge(low - 1e-3).all() && spot.cmple(high + 1e-3).all(), "{spot}");
        assert_eq!(picker.spot(&view, Vec2::new(0.01, 0.02)), None);
        let marks = [Mark { photo_px: Vec2::ZERO, car_point: Some(spot) }];
        let seen = shown(&marks, &view, Some(&picker));
        assert!(seen[0].place.distance(place) < 1e-3 && !seen[0].hidden, "{seen:?}");
        assert!(shown(&marks, &back, Some(&picker))[0].hidden);
    }

    #[test]
    fn what_lies_under_the_pointer_is_named_and_can_be_hidden() {
        let car = Arc::new(box_pack());
        let view = PhotoCamera::look_at(Vec3::new(4.0, 1.6, 5.0), Vec3::new(0.0, 0.5, 0.0), Vec3::Y, 900.0, 1200, 700);
        let place = Vec2::new(0.52, 0.5);
        let picker = Picker::new(car.clone(), Vec::new());
        let first = picker.spot(&view, place).expect("the car is in the middle");
        let mesh = &car.model.parts[first.part].mesh;
        let (low, high) = mesh.uvs.iter().fold((Vec2::MAX, Vec2::MIN), |(low, high), uv| (low.min(*uv), high.max(*uv)));
        assert!(first.uv.cmpge(low - 1e-4).all() && first.uv.cmple(high + 1e-4).all(), "{first:?}");
        let (name, _) = picker.describe(first.part).expect("it is a part");
        assert!(name.starts_with(char::is_uppercase) && !name.contains('_'), "{name}");
        let without = Picker::new(car.clone(), vec![first.part]);
        assert_ne!(without.spot(&view, place).map(|spot| spot.part), Some(first.part));
        assert!(without.is_for(&car, &[first.part]) && !without.is_for(&car, &[]));
    }

    #[test]
    fn a_sheet_stays_on_its_photo() {
        let far = Sheet { zoom: 2.0, middle: Vec2::new(3.0, -1.0) }.bounded();
        assert_eq!(far.middle, Vec2::new(0.75, 0.25));
        assert_eq!(Sheet { zoom: 0.2, middle: Vec2::ZERO }.bounded(), Sheet::default());
    }
}
