//! A car's geometry: parts with meshes and materials, in the frame that the crate's page describes.

use glam::{Vec2, Vec3, Vec4};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

/// A whole car, ready to draw or to bake on.
#[derive(Debug, Clone, Default)]
pub struct CarModel {
    /// Every separately named piece. Their order is stable: a part id elsewhere is an index in here.
    pub parts: Vec<Part>,
    /// Every material that the parts use.
    pub materials: Vec<Material>,
    /// The wheels that can turn; may be empty.
    pub wheels: Vec<Wheel>,
}

/// A wheel that turns about its own axle, and steers where it is a front wheel.
#[derive(Debug, Clone, PartialEq)]
pub struct Wheel {
    /// `front_left`, `front_right`, `rear_left` or `rear_right`.
    pub name: String,
    /// Middle of the wheel, in metres.
    pub center: Vec3,
    /// Outer radius of the tyre, in metres.
    pub radius: f32,
    /// Indices in [`CarModel::parts`] of all that turns about its axle.
    pub parts: Vec<usize>,
    /// Indices of what steers with it but does not turn: brake calipers.
    pub still: Vec<usize>,
}

impl Wheel {
    /// Whether the wheel follows the steering.
    pub fn steers(&self) -> bool {
        self.name.starts_with("front")
    }
}

/// One named piece of the car with one material.
#[derive(Debug, Clone)]
pub struct Part {
    /// Unique name such as `door_left`.
    pub name: String,
    /// What the part is, in the vocabulary that networks and panels share.
    pub class: PartClass,
    /// Index in [`CarModel::materials`].
    pub material: usize,
    /// Geometry in the car's space; node transforms are applied.
    pub mesh: Mesh,
    /// Index of the part on the other side, or of itself where the part mirrors onto itself.
    pub mirror: Option<usize>,
}

/// An indexed triangle mesh. All vertex vectors have the same length.
#[derive(Debug, Clone, Default)]
pub struct Mesh {
    /// Metres.
    pub positions: Vec<Vec3>,
    /// Unit length.
    pub normals: Vec<Vec3>,
    /// First texture coordinates, origin top left; paint parts lie in 0..1.
    pub uvs: Vec<Vec2>,
    /// Baked ambient occlusion in 0 (shut in) to 1 (open), or empty. Counts the ground and what stands near.
    pub occlusion: Vec<f32>,
    /// Share of an even sky's light that arrives, 0 to 1, or empty: past the whole car and through its windows, with what
    /// its surfaces pass on, and as if the ground shone like the sky.
    pub daylight: Vec<f32>,
    /// Mean direction of that light, unit length, or empty.
    pub daylight_from: Vec<Vec3>,
    /// Three per triangle, counter-clockwise seen from outside.
    pub indices: Vec<u32>,
}

impl Mesh {
    /// The triangles that `keep` picks by number, with the vertices that they use.
    pub(crate) fn pick(&self, keep: impl Fn(usize) -> bool) -> Self {
        let mut picked = Self::default();
        let mut vertex_of = vec![u32::MAX; self.positions.len()];
        for (_, t) in self.indices.chunks_exact(3).enumerate().filter(|(index, _)| keep(*index)) {
            for &old in t {
                let old = old as usize;
                if vertex_of[old] == u32::MAX {
                    vertex_of[old] = picked.positions.len() as u32;
                    picked.positions.push(self.positions[old]);
                    picked.normals.push(self.normals[old]);
                    picked.uvs.push(self.uvs[old]);
                    picked.occlusion.extend(self.occlusion.get(old));
                    picked.daylight.extend(self.daylight.get(old));
                    picked.daylight_from.extend(self.daylight_from.get(old));
                }
                picked.indices.push(vertex_of[old]);
            }
        }
        picked
    }

    /// The places of a triangle's corners; `triangle` holds its three indices.
    pub(crate) fn corners(&self, triangle: &[u32]) -> [Vec3; 3] {
        [triangle[0], triangle[1], triangle[2]].map(|i| self.positions[i as usize])
    }

    /// A triangle's area in square metres.
    pub(crate) fn area(&self, triangle: &[u32]) -> f32 {
        let [a, b, c] = self.corners(triangle);
        (b - a).cross(c - a).length() * 0.5
    }

    /// Metres that a unit of the texture coordinates spans, as a mean over the part; 0 where it has none.
    pub fn metres_per_uv(&self) -> f32 {
        let (mut area, mut uv_area) = (0.0_f64, 0.0_f64);
        for triangle in self.indices.chunks_exact(3) {
            let corner = |k: usize| triangle[k] as usize;
            let [Some(a), Some(b), Some(c)] = [0, 1, 2].map(|k| self.uvs.get(corner(k)).copied()) else { return 0.0 };
            let [p, q, r] = [0, 1, 2].map(|k| self.positions[corner(k)]);
            area += f64::from((q - p).cross(r - p).length());
            uv_area += f64::from((b - a).perp_dot(c - a).abs());
        }
        if uv_area > 0.0 { (area / uv_area).sqrt() as f32 } else { 0.0 }
    }

    /// Smallest and largest corner of all positions, in metres.
    pub(crate) fn bounds(&self) -> (Vec3, Vec3) {
        self.positions.iter().fold((Vec3::MAX, Vec3::MIN), |(low, high), &p| (low.min(p), high.max(p)))
    }

    /// A number for each vertex that is the same for all vertices at one place.
    pub(crate) fn welded(&self) -> Vec<u32> {
        let mut ids = HashMap::new();
        let mut id = |p: &Vec3| {
            let next = ids.len() as u32;
            *ids.entry(Self::weld_key(*p)).or_insert(next)
        };
        self.positions.iter().map(&mut id).collect()
    }

    /// Equal for places within a fifth of a millimetre, as far as a grid can say.
    pub(crate) fn weld_key(p: Vec3) -> [i32; 3] {
        const PER_METRE: f32 = 5_000.0;
        (p * PER_METRE).round().as_ivec3().to_array()
    }
}

/// How a surface looks, as far as the car file says.
#[derive(Debug, Clone)]
pub struct Material {
    /// The name in the car file.
    pub name: String,
    /// What the surface is made of.
    pub kind: MaterialKind,
    /// Linear RGBA.
    pub base_color: Vec4,
    /// 0..1.
    pub metallic: f32,
    /// Perceptual roughness, 0..1.
    pub roughness: f32,
    /// Linear RGB, scene units.
    pub emissive: Vec3,
    /// Visible from both sides.
    pub double_sided: bool,
    /// Strength of the clear lacquer on top, 0..1.
    pub clearcoat: f32,
    /// Perceptual roughness of the lacquer, 0..1.
    pub clearcoat_roughness: f32,
}

impl Material {
    /// A material that looks as its kind usually does; car files say more.
    pub fn of_kind(name: &str, kind: MaterialKind) -> Self {
        let (base, metallic, roughness) = match kind {
            MaterialKind::Paint => (Vec4::new(0.8, 0.8, 0.8, 1.0), 0.0, 0.35),
            MaterialKind::Glass => (Vec4::new(0.02, 0.025, 0.03, 0.45), 0.0, 0.05),
            MaterialKind::Lamp => (Vec4::new(0.7, 0.7, 0.7, 1.0), 0.4, 0.2),
            MaterialKind::Rubber => (Vec4::new(0.012, 0.012, 0.012, 1.0), 0.0, 0.85),
            MaterialKind::Metal => (Vec4::new(0.35, 0.35, 0.36, 1.0), 0.9, 0.35),
            MaterialKind::Carbon => (Vec4::new(0.02, 0.02, 0.022, 1.0), 0.0, 0.4),
            MaterialKind::Interior => (Vec4::new(0.015, 0.015, 0.015, 1.0), 0.0, 0.8),
        };
        let lacquered = kind == MaterialKind::Paint;
        Self {
            name: name.to_owned(),
            kind,
            base_color: base,
            metallic,
            roughness,
            emissive: Vec3::ZERO,
            double_sided: false,
            clearcoat: if lacquered { 1.0 } else { 0.0 },
            clearcoat_roughness: 0.04,
        }
    }
}

/// Surface families that the showroom, the rasteriser and the training treat differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MaterialKind {
    /// Carries the livery.
    Paint,
    /// Windows and lamp covers.
    Glass,
    /// Lamps behind their covers.
    Lamp,
    /// Tyres and seals.
    Rubber,
    /// Rims, discs, exhausts.
    Metal,
    /// Splitter, diffuser and other bare carbon or black plastic.
    Carbon,
    /// Everything inside the cockpit and the engine bay.
    Interior,
}

/// What a part is. The order is the network's channel order, so it only ever grows at the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names say it")]
pub enum PartClass {
    FrontBumper,
    Bonnet,
    FrontWingLeft,
    FrontWingRight,
    DoorLeft,
    DoorRight,
    Roof,
    RearQuarterLeft,
    RearQuarterRight,
    EngineCover,
    RearBumper,
    RearWing,
    SkirtLeft,
    SkirtRight,
    MirrorLeft,
    MirrorRight,
    Glass,
    Lamps,
    Wheels,
    Other,
}

impl PartClass {
    /// The name in `car.toml` and in reports, such as `door_left`.
    pub fn name(self) -> &'static str {
        match self {
            Self::FrontBumper => "front_bumper",
            Self::Bonnet => "bonnet",
            Self::FrontWingLeft => "front_wing_left",
            Self::FrontWingRight => "front_wing_right",
            Self::DoorLeft => "door_left",
            Self::DoorRight => "door_right",
            Self::Roof => "roof",
            Self::RearQuarterLeft => "rear_quarter_left",
            Self::RearQuarterRight => "rear_quarter_right",
            Self::EngineCover => "engine_cover",
            Self::RearBumper => "rear_bumper",
            Self::RearWing => "rear_wing",
            Self::SkirtLeft => "skirt_left",
            Self::SkirtRight => "skirt_right",
            Self::MirrorLeft => "mirror_left",
            Self::MirrorRight => "mirror_right",
            Self::Glass => "glass",
            Self::Lamps => "lamps",
            Self::Wheels => "wheels",
            Self::Other => "other",
        }
    }

    /// The class on the car's other side; classes on the centre line are their own.
    pub fn mirrored(self) -> Self {
        match self {
            Self::FrontWingLeft => Self::FrontWingRight,
            Self::FrontWingRight => Self::FrontWingLeft,
            Self::DoorLeft => Self::DoorRight,
            Self::DoorRight => Self::DoorLeft,
            Self::RearQuarterLeft => Self::RearQuarterRight,
            Self::RearQuarterRight => Self::RearQuarterLeft,
            Self::SkirtLeft => Self::SkirtRight,
            Self::SkirtRight => Self::SkirtLeft,
            Self::MirrorLeft => Self::MirrorRight,
            Self::MirrorRight => Self::MirrorLeft,
            other => other,
        }
    }

    /// Every class, in channel order.
    pub const ALL: [Self; 20] = [
        Self::FrontBumper,
        Self::Bonnet,
        Self::FrontWingLeft,
        Self::FrontWingRight,
        Self::DoorLeft,
        Self::DoorRight,
        Self::Roof,
        Self::RearQuarterLeft,
        Self::RearQuarterRight,
        Self::EngineCover,
        Self::RearBumper,
        Self::RearWing,
        Self::SkirtLeft,
        Self::SkirtRight,
        Self::MirrorLeft,
        Self::MirrorRight,
        Self::Glass,
        Self::Lamps,
        Self::Wheels,
        Self::Other,
    ];
}

impl CarModel {
    /// Smallest and largest corner of all positions, in metres.
    pub fn bounds(&self) -> (Vec3, Vec3) {
        let boxes = self.parts.iter().map(|part| part.mesh.bounds());
        boxes.fold((Vec3::MAX, Vec3::MIN), |(low, high), (l, h)| (low.min(l), high.max(h)))
    }

    /// Whether the part carries the livery.
    pub fn is_paint(&self, part: usize) -> bool {
        self.materials[self.parts[part].material].kind == MaterialKind::Paint
    }

    /// Index of the part with this name.
    pub fn part_index(&self, name: &str) -> Option<usize> {
        self.parts.iter().position(|part| part.name == name)
    }

    /// Number of triangles in all parts.
    pub fn triangle_count(&self) -> usize {
        self.parts.iter().map(|part| part.mesh.indices.len() / 3).sum()
    }
}
