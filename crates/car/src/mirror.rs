//! Finds for each part its partner on the car's other side.

use crate::model::Part;
use glam::Vec3;

/// How far, in metres, a mirrored bounding box and centroid may lie from the partner's.
const TOLERANCE_M: f32 = 0.03;

/// Fills [`Part::mirror`]: partners by name (`_left` and `_right`) where the geometry agrees, parts that are symmetric
/// about X = 0 as their own, then what is left by geometry alone.
pub fn pair_parts(parts: &mut [Part]) {
    let outlines: Vec<_> = parts.iter().map(|part| Outline::of(&part.mesh.positions)).collect();
    let fits = |a: usize, b: usize| {
        parts[a].material == parts[b].material && outlines[a].mirrored().distance(&outlines[b]) < TOLERANCE_M
    };
    let mut mirror: Vec<Option<usize>> = vec![None; parts.len()];
    for a in 0..parts.len() {
        let partner = mirrored_name(&parts[a].name).and_then(|name| parts.iter().position(|part| part.name == name));
        mirror[a] = match partner {
            Some(b) if fits(a, b) => Some(b),
            Some(_) => None,
            None => fits(a, a).then_some(a),
        };
    }
    for a in 0..parts.len() {
        if mirror[a].is_some() {
            continue;
        }
        let free = |b: usize, mirror: &[Option<usize>]| b != a && mirror[b].is_none();
        let class = parts[a].class.mirrored();
        if let Some(b) = (0..parts.len()).find(|&b| free(b, &mirror) && parts[b].class == class && fits(a, b)) {
            (mirror[a], mirror[b]) = (Some(b), Some(a));
        }
    }
    for (part, mirror) in parts.iter_mut().zip(mirror) {
        part.mirror = mirror;
    }
}

/// The name that the partner on the other side has, where a name says its side.
fn mirrored_name(name: &str) -> Option<String> {
    const SIDES: [(&str, &str); 4] = [("left", "right"), ("Left", "Right"), (".L", ".R"), ("_l", "_r")];
    for (left, right) in SIDES {
        let short = left.len() == 2;
        for (from, to) in [(left, right), (right, left)] {
            // Short marks count only at the end, or `_roof` would lose its first letter.
            let at = if short { name.ends_with(from).then(|| name.len() - from.len()) } else { name.rfind(from) };
            if let Some(at) = at {
                return Some(format!("{}{to}{}", &name[..at], &name[at + from.len()..]));
            }
        }
    }
    None
}

#[derive(Clone, Copy)]
struct Outline {
    low: Vec3,
    high: Vec3,
}

impl Outline {
    fn of(positions: &[Vec3]) -> Self {
        let (low, high) =
            positions.iter().fold((Vec3::MAX, Vec3::MIN), |(low, high), &p| (low.min(p), high.max(p)));
        Self { low, high }
    }

    fn mirrored(self) -> Self {
        let flip = Vec3::new(-1.0, 1.0, 1.0);
        let (a, b) = (self.low * flip, self.high * flip);
        Self { low: a.min(b), high: a.max(b) }
    }

    fn distance(&self, other: &Self) -> f32 {
        let corner = |d: Vec3| d.abs().max_element();
        corner(self.low - other.low).max(corner(self.high - other.high))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::box_car;

    #[test]
    fn names_swap_their_side() {
        for (name, partner) in [
            ("door_left", "door_right"),
            ("wheel_right_front", "wheel_left_front"),
            ("Mirror.L", "Mirror.R"),
            ("duct_r", "duct_l"),
        ] {
            assert_eq!(mirrored_name(name).as_deref(), Some(partner));
        }
        for name in ["bonnet", "rear_wing", "_roof", "lamp_rear"] {
            assert_eq!(mirrored_name(name), None, "{name}");
        }
    }

    #[test]
    fn every_part_of_a_symmetric_car_finds_its_partner() {
        let car = box_car();
        for (index, part) in car.parts.iter().enumerate() {
            let partner = part.mirror.unwrap_or_else(|| panic!("{} has no partner", part.name));
            assert_eq!(car.parts[partner].mirror, Some(index), "{}", part.name);
            assert_eq!(part.name.contains("left"), car.parts[partner].name.contains("right"), "{}", part.name);
        }
    }

    #[test]
    fn a_name_without_the_geometry_is_not_believed() {
        let mut car = box_car();
        let door = car.part_index("door_left").expect("has doors");
        car.parts[door].mesh.positions.iter_mut().for_each(|p| p.z += 0.4);
        pair_parts(&mut car.parts);
        assert_eq!(car.parts[door].mirror, None);
    }
}
