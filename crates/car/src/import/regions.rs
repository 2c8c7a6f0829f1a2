//! What the painted pieces of an unknown car are: from their names, and where these are silent by comparing with the
//! same place on a car whose parts are known.

use std::collections::HashMap;

use glam::Vec3;
use rayon::prelude::*;

use crate::bvh::Bvh;
use crate::model::{CarModel, MaterialKind, Mesh, Part, PartClass};

/// The nearest known surface has to face the same way at least this much (cosine).
const SAME_WAY: f32 = 0.3;
/// Nearest surfaces are looked for within this distance, metres.
const REACH_M: f32 = 1.5;
/// Rounds in which each triangle follows the most of its surroundings, so that borders are smooth.
const SMOOTHING: usize = 4;

/// The class that a name says, if it does.
pub(super) fn class_by_name(name: &str) -> Option<PartClass> {
    let name = name.to_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| name.contains(word));
    let words: Vec<&str> = name.split(|c: char| !c.is_ascii_alphanumeric()).collect();
    let side = |left: PartClass, right: PartClass| {
        let is = |long: &str, short: &[&str]| name.contains(long) || words.iter().any(|word| short.contains(word));
        match (is("left", &["l", "lf", "lr", "fl", "rl"]), is("right", &["r", "rf", "rr", "fr"])) {
            (true, false) => Some(left),
            (false, true) => Some(right),
            _ => None,
        }
    };
    if has(&["wheel", "rim", "tyre", "tire", "brake", "caliper"]) && !has(&["steering", "trim", "wheelarch", "light"]) {
        Some(PartClass::Wheels)
    } else if has(&["glass", "window", "windscreen", "windshield"]) {
        Some(PartClass::Glass)
    } else if has(&["headl", "lamp", "light"]) {
        Some(PartClass::Lamps)
    } else if has(&["mirror"]) {
        side(PartClass::MirrorLeft, PartClass::MirrorRight)
    } else if has(&["door"]) {
        side(PartClass::DoorLeft, PartClass::DoorRight)
    } else if has(&["bumper"]) {
        match (has(&["front"]), has(&["rear", "back"])) {
            (true, false) => Some(PartClass::FrontBumper),
            (false, true) => Some(PartClass::RearBumper),
            _ => None,
        }
    } else if has(&["bonnet", "hood"]) {
        Some(PartClass::Bonnet)
    } else if has(&["spoiler", "rear_wing", "rearwing", "rear wing"]) {
        Some(PartClass::RearWing)
    } else if has(&["roof"]) {
        Some(PartClass::Roof)
    } else if has(&["skirt", "sill"]) {
        side(PartClass::SkirtLeft, PartClass::SkirtRight)
    } else if has(&["trunk", "decklid", "tailgate", "engine_cover", "enginecover"]) {
        Some(PartClass::EngineCover)
    } else {
        None
    }
}

/// Gives every part a class, and divides painted parts that are several things at once.
pub(super) fn split(model: &mut CarModel, known: &CarModel) {
    for part in model.parts.iter_mut().filter(|part| part.class == PartClass::Other) {
        part.class = match model.materials[part.material].kind {
            MaterialKind::Glass => PartClass::Glass,
            MaterialKind::Lamp => PartClass::Lamps,
            MaterialKind::Rubber => PartClass::Wheels,
            _ => PartClass::Other,
        };
    }
    let atlas = Known::new(known, model);
    let mut parts = Vec::with_capacity(model.parts.len());
    for part in std::mem::take(&mut model.parts) {
        let is_paint = model.materials[part.material].kind == MaterialKind::Paint;
        if !is_paint || part.class != PartClass::Other {
            parts.push(part);
            continue;
        }
        let classes = smooth(&part.mesh, atlas.classes(&part.mesh));
        for class in PartClass::ALL {
            let mesh = part.mesh.pick(|triangle| classes[triangle] == class);
            if mesh.indices.len() == part.mesh.indices.len() {
                parts.push(Part { class, mesh, ..part.clone() });
            } else if !mesh.indices.is_empty() {
                parts.push(Part { name: format!("{}_{}", part.name, class.name()), class, mesh, ..part.clone() });
            }
        }
    }
    model.parts = parts;
}

/// A known car stretched to the size of an unknown one.
struct Known {
    bvh: Bvh,
    classes: Vec<PartClass>,
    normals: Vec<Vec3>,
}

impl Known {
    fn new(known: &CarModel, unknown: &CarModel) -> Self {
        let size = |model: &CarModel| { let (low, high) = model.bounds(); high - low };
        let stretch = size(unknown) / size(known).max(Vec3::splat(1e-3));
        let (mut corners, mut classes) = (Vec::new(), Vec::new());
        for (index, part) in known.parts.iter().enumerate().filter(|(_, part)| part.class != PartClass::Other) {
            if known.is_paint(index) {
                let at = |i: u32| part.mesh.positions[i as usize] * stretch;
                corners.extend(part.mesh.indices.chunks_exact(3).map(|t| [at(t[0]), at(t[1]), at(t[2])]));
                classes.resize(corners.len(), part.class);
            }
        }
        let normals = corners.iter().map(|[a, b, c]| (*b - *a).cross(*c - *a).normalize_or_zero()).collect();
        Self { bvh: Bvh::new(&corners), classes, normals }
    }

    fn classes(&self, mesh: &Mesh) -> Vec<PartClass> {
        let class = |t: &[u32]| {
            let [a, b, c] = mesh.corners(t);
            let normal = (b - a).cross(c - a).normalize_or_zero();
            let centre = (a + b + c) / 3.0;
            let facing = |triangle: u32| self.normals[triangle as usize].dot(normal) > SAME_WAY;
            let nearest = self.bvh.nearest(centre, REACH_M, facing).or_else(|| self.bvh.nearest(centre, REACH_M, |_| true));
            nearest.map_or(PartClass::Other, |hit| self.classes[hit.triangle as usize])
        };
        mesh.indices.par_chunks_exact(3).map(class).collect()
    }
}

/// Each triangle takes the class that most of the surface around it has.
fn smooth(mesh: &Mesh, mut classes: Vec<PartClass>) -> Vec<PartClass> {
    let welded = mesh.welded();
    for _ in 0..SMOOTHING {
        let mut around: HashMap<(u32, PartClass), f32> = HashMap::new();
        for (t, class) in mesh.indices.chunks_exact(3).zip(&classes) {
            t.iter().for_each(|&i| *around.entry((welded[i as usize], *class)).or_default() += mesh.area(t));
        }
        classes = mesh
            .indices
            .par_chunks_exact(3)
            .zip(&classes)
            .map(|(t, &own)| {
                let weight = |class: PartClass| -> f32 {
                    t.iter().map(|&i| around.get(&(welded[i as usize], class)).copied().unwrap_or(0.0)).sum()
                };
                PartClass::ALL.into_iter().fold((own, weight(own)), |best, class| {
                    let found = weight(class);
                    if found > best.1 { (class, found) } else { best }
                }).0
            })
            .collect();
    }
    classes
}
