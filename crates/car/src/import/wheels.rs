//! Finds the wheels: what is named or made like a tyre, at the four corners of the car.

use std::collections::BTreeMap;

use glam::Vec3;

use crate::manifest::WheelSpec;
use crate::model::{CarModel, MaterialKind, Part, PartClass};

const NAMES: [(&str, f32, f32); 4] =
    [("front_left", 1.0, 1.0), ("front_right", -1.0, 1.0), ("rear_left", 1.0, -1.0), ("rear_right", -1.0, -1.0)];
/// Outer radii of tyres, metres.
const RADII_M: std::ops::RangeInclusive<f32> = 0.2..=0.55;

/// Divides wheel parts that stand at several corners, and describes each wheel. Empty unless all four are found.
pub(super) fn find(model: &mut CarModel) -> BTreeMap<String, WheelSpec> {
    let is_wheel = |model: &CarModel, part: &Part| {
        part.class == PartClass::Wheels && model.materials[part.material].kind != MaterialKind::Paint
    };
    let mut parts = Vec::with_capacity(model.parts.len());
    let mut corner_of = Vec::new();
    for part in std::mem::take(&mut model.parts) {
        if !is_wheel(model, &part) {
            parts.push(part);
            corner_of.push(None);
            continue;
        }
        for (name, x, z) in NAMES {
            let mesh = part.mesh.pick(|triangle| {
                let t = &part.mesh.indices[3 * triangle..3 * triangle + 3];
                let centre: Vec3 = t.iter().map(|&i| part.mesh.positions[i as usize]).sum();
                (centre.x >= 0.0) == (x > 0.0) && (centre.z >= 0.0) == (z > 0.0)
            });
            if mesh.indices.is_empty() {
                continue;
            }
            let whole = mesh.indices.len() == part.mesh.indices.len();
            let own = if whole { part.name.clone() } else { format!("{}_{name}", part.name) };
            parts.push(Part { name: own, mesh, ..part.clone() });
            corner_of.push(Some(name));
        }
    }
    model.parts = parts;

    let mut wheels = BTreeMap::new();
    for (name, ..) in NAMES {
        let own = || model.parts.iter().zip(&corner_of).filter(|(_, corner)| **corner == Some(name)).map(|(part, _)| part);
        let rubber = |part: &&Part| model.materials[part.material].kind == MaterialKind::Rubber;
        let bounds = |parts: &mut dyn Iterator<Item = &Part>| {
            parts
                .flat_map(|part| &part.mesh.positions)
                .fold(None, |box_: Option<(Vec3, Vec3)>, &p| Some(box_.map_or((p, p), |(low, high)| (low.min(p), high.max(p)))))
        };
        let Some((low, high)) = bounds(&mut own().filter(rubber)).or_else(|| bounds(&mut own())) else { continue };
        let radius = 0.25 * (high.y - low.y + high.z - low.z);
        let round = ((high.y - low.y) / (high.z - low.z) - 1.0).abs() < 0.15;
        if round && RADII_M.contains(&radius) && low.y < 0.2 {
            let parts = own().map(|part| part.name.clone()).collect();
            wheels.insert(name.to_owned(), WheelSpec { center: (low + high) * 0.5, radius, parts, still: Vec::new() });
        }
    }
    if wheels.len() == NAMES.len() { wheels } else { BTreeMap::new() }
}

/// Distance between the axles, metres.
pub(super) fn wheelbase(wheels: &BTreeMap<String, WheelSpec>) -> Option<f32> {
    let z = |name: &str| wheels.get(name).map(|wheel| wheel.center.z);
    Some(0.5 * (z("front_left")? + z("front_right")? - z("rear_left")? - z("rear_right")?))
}
