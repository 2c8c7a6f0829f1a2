//! Finds the wheels: what is named or made like a tyre, at the four corners of the car.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use glam::Vec3;

use crate::groups::Groups;
use crate::manifest::WheelSpec;
use crate::model::{CarModel, MaterialKind, Mesh, Part, PartClass};

const NAMES: [(&str, f32, f32); 4] =
    [("front_left", 1.0, 1.0), ("front_right", -1.0, 1.0), ("rear_left", 1.0, -1.0), ("rear_right", -1.0, -1.0)];
/// Outer radii of tyres, metres.
const RADII_M: std::ops::RangeInclusive<f32> = 0.2..=0.55;

/// A part stays in a wheel as far from its axle as this share of the tyre's radius, and as far beside the tyre.
const WITHIN: f32 = 1.03;
const BESIDE: f32 = 0.35;

/// How far the radii of the two tyres of an axle may differ, as a share.
const ALIKE: f32 = 0.1;

/// A tyre, its axle along X.
#[derive(Clone, Copy)]
struct Tyre {
    center: Vec3,
    radius: f32,
    half_width: f32,
    rubber: bool,
}

impl Tyre {
    /// What fills this box, if it is as round as a tyre and stands on the ground.
    fn filling(low: Vec3, high: Vec3, rubber: bool) -> Option<Self> {
        let size = high - low;
        let radius = 0.25 * (size.y + size.z);
        let round = (size.y / size.z.max(1e-6) - 1.0).abs() < 0.15;
        (round && RADII_M.contains(&radius) && size.x < 2.5 * radius && low.y < 0.2).then(|| Self {
            center: (low + high) * 0.5,
            radius,
            half_width: 0.5 * size.x,
            rubber,
        })
    }

    fn holds(&self, p: Vec3) -> bool {
        let from = p - self.center;
        from.y.hypot(from.z) <= WITHIN * self.radius && from.x.abs() <= self.half_width + BESIDE * self.radius
    }
}

/// Finds the four wheels, divides parts that are in several, and describes each. Empty unless all four are found. What is
/// named or made like a wheel is looked at first, and called `other` where it is none; then everything unpainted.
pub(super) fn find(model: &mut CarModel) -> BTreeMap<String, WheelSpec> {
    let unpainted = |model: &CarModel, part: &Part| model.materials[part.material].kind != MaterialKind::Paint;
    let named = |model: &CarModel, part: &Part| part.class == PartClass::Wheels && unpainted(model, part);
    let found = among(model, named);
    if found.is_empty() { among(model, unpainted) } else { found }
}

fn among(model: &mut CarModel, may_be: impl Fn(&CarModel, &Part) -> bool) -> BTreeMap<String, WheelSpec> {
    let rubber = |part: &Part| model.materials[part.material].kind == MaterialKind::Rubber;
    let candidates: Vec<Tyre> =
        model.parts.iter().filter(|part| may_be(model, part)).flat_map(|part| tyres(&part.mesh, rubber(part))).collect();
    let better = |a: &&Tyre, b: &&Tyre| (a.rubber, a.radius).partial_cmp(&(b.rubber, b.radius)).unwrap_or(Ordering::Equal);
    let corners = NAMES.map(|(_, x, z)| {
        candidates.iter().filter(|tyre| tyre.center.x * x > 0.0 && tyre.center.z * z > 0.0).max_by(better).copied()
    });
    let [Some(a), Some(b), Some(c), Some(d)] = corners else { return BTreeMap::new() };
    let corners = [a, b, c, d];
    let alike = |a: &Tyre, b: &Tyre| (a.radius / b.radius - 1.0).abs() < ALIKE;
    if !(alike(&a, &b) && alike(&c, &d)) {
        return BTreeMap::new();
    }

    let mut wheels: BTreeMap<String, WheelSpec> = NAMES
        .iter()
        .zip(&corners)
        .map(|((name, ..), tyre)| {
            let spec = WheelSpec { center: tyre.center, radius: tyre.radius, parts: Vec::new(), still: Vec::new() };
            ((*name).to_owned(), spec)
        })
        .collect();
    let mut parts = Vec::with_capacity(model.parts.len());
    for part in std::mem::take(&mut model.parts) {
        if !may_be(model, &part) {
            parts.push(part);
            continue;
        }
        let corner_of: Vec<Option<usize>> = part
            .mesh
            .indices
            .chunks_exact(3)
            .map(|t| {
                let [a, b, c] = part.mesh.corners(t);
                corners.iter().position(|tyre| tyre.holds((a + b + c) / 3.0))
            })
            .collect();
        for corner in [Some(0), Some(1), Some(2), Some(3), None] {
            let mesh = part.mesh.pick(|triangle| corner_of[triangle] == corner);
            if mesh.indices.is_empty() {
                continue;
            }
            let whole = mesh.indices.len() == part.mesh.indices.len();
            let (class, own) = match corner.map(|corner| NAMES[corner].0) {
                Some(name) => (PartClass::Wheels, if whole { part.name.clone() } else { format!("{}_{name}", part.name) }),
                None if part.class == PartClass::Wheels => (PartClass::Other, part.name.clone()),
                None => (part.class, part.name.clone()),
            };
            if let Some(wheel) = corner.and_then(|corner| wheels.get_mut(NAMES[corner].0)) {
                let stands_still = own.to_lowercase().contains("caliper");
                if stands_still { &mut wheel.still } else { &mut wheel.parts }.push(own.clone());
            }
            parts.push(Part { name: own, class, mesh, ..part.clone() });
        }
    }
    model.parts = parts;
    wheels
}

/// The pieces of a mesh that could be tyres.
fn tyres(mesh: &Mesh, rubber: bool) -> Vec<Tyre> {
    let welded = mesh.welded();
    let count = welded.iter().max().map_or(0, |&last| last as usize + 1);
    let mut groups = Groups::new(count);
    for t in mesh.indices.chunks_exact(3) {
        groups.join(welded[t[0] as usize] as usize, welded[t[1] as usize] as usize);
        groups.join(welded[t[0] as usize] as usize, welded[t[2] as usize] as usize);
    }
    let mut boxes: BTreeMap<usize, (Vec3, Vec3)> = BTreeMap::new();
    for (&id, &p) in welded.iter().zip(&mesh.positions) {
        let (low, high) = boxes.entry(groups.first(id as usize)).or_insert((p, p));
        (*low, *high) = (low.min(p), high.max(p));
    }
    boxes.into_values().filter_map(|(low, high)| Tyre::filling(low, high, rubber)).collect()
}

/// Distance between the axles, metres.
pub(super) fn wheelbase(wheels: &BTreeMap<String, WheelSpec>) -> Option<f32> {
    let z = |name: &str| wheels.get(name).map(|wheel| wheel.center.z);
    Some(0.5 * (z("front_left")? + z("front_right")? - z("rear_left")? - z("rear_right")?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::box_car;

    #[test]
    fn wheels_are_found_beside_other_rubber_and_in_one_part() {
        let mut car = box_car();
        let truth = std::mem::take(&mut car.wheels);
        // All tyres in one part, with a seal of the same rubber along the roof.
        let mut all = Part { name: "rubber".into(), class: PartClass::Wheels, ..car.parts[truth[0].parts[0]].clone() };
        all.mesh = Mesh::default();
        let seal = [Vec3::new(0.5, 1.2, 0.4), Vec3::new(0.5, 1.2, -0.6), Vec3::new(-0.5, 1.2, -0.6)];
        all.mesh.positions.extend(seal);
        all.mesh.normals.extend([Vec3::Y; 3]);
        all.mesh.uvs.extend([glam::Vec2::ZERO; 3]);
        all.mesh.indices.extend([0, 1, 2]);
        for wheel in &truth {
            let mesh = &car.parts[wheel.parts[0]].mesh;
            let base = all.mesh.positions.len() as u32;
            all.mesh.positions.extend(&mesh.positions);
            all.mesh.normals.extend(&mesh.normals);
            all.mesh.uvs.extend(&mesh.uvs);
            all.mesh.indices.extend(mesh.indices.iter().map(|i| base + i));
        }
        let tyres: Vec<usize> = truth.iter().map(|wheel| wheel.parts[0]).collect();
        let mut index = 0;
        car.parts.retain(|_| {
            index += 1;
            !tyres.contains(&(index - 1))
        });
        car.parts.push(all);

        let found = find(&mut car);
        assert_eq!(found.len(), 4);
        for wheel in &truth {
            let spec = &found[&wheel.name];
            assert!((spec.center - wheel.center).length() < 0.02, "{}: {} instead of {}", wheel.name, spec.center, wheel.center);
            assert!((spec.radius - wheel.radius).abs() < 0.02);
            assert_eq!(spec.parts, [format!("rubber_{}", wheel.name)]);
        }
        let rest = car.parts.iter().find(|part| part.name == "rubber").expect("the seal stays");
        assert_eq!((rest.class, rest.mesh.indices.len()), (PartClass::Other, 3));
        assert!(wheelbase(&found).is_some_and(|base| base > 2.0));
    }

    #[test]
    fn wheels_without_a_name_or_rubber_are_found_by_their_shape() {
        let mut car = box_car();
        let truth = std::mem::take(&mut car.wheels);
        let glass = car.materials.iter().position(|material| material.kind == MaterialKind::Glass).expect("has glass");
        for wheel in &truth {
            let part = &mut car.parts[wheel.parts[0]];
            (part.class, part.material) = (PartClass::Other, glass);
        }
        let found = find(&mut car);
        assert_eq!(found.len(), 4);
        assert!(truth.iter().all(|wheel| (found[&wheel.name].center - wheel.center).length() < 0.02));
        assert!(car.parts.iter().any(|part| part.class == PartClass::Glass), "windows stay windows");
    }

    #[test]
    fn three_wheels_are_none() {
        let mut car = box_car();
        let gone = car.wheels[3].parts[0];
        car.parts.remove(gone);
        assert!(find(&mut car).is_empty());
    }
}
