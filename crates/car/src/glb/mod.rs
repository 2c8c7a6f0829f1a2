//! Reads a car's mesh from a binary glTF 2.0 file, under limits and without trust.
//!
//! Node transforms are applied, so a part's vertices are in the car's space. Each mesh primitive of each node becomes a
//! part named after its node. `COLOR_0` is read as baked ambient occlusion (its red channel), `COLOR_1` as daylight (alpha) and where it comes from. Textures are not read: a
//! car's look comes from material factors, its own paint and the light.

mod accessor;
mod chunks;
mod draco;
mod geometry;

use crate::error::MeshError;
use crate::manifest::CarManifest;
use crate::mirror::pair_parts;
use crate::model::{CarModel, Material, MaterialKind, Part, PartClass, Wheel};
use accessor::Buffer;
use chunks::{Extensions, Packed};
use geometry::UvNeed;
use glam::{Mat4, Quat, Vec3, Vec4};
use gltf::mesh::Mode;
use gltf::{Document, Node, Primitive};
use std::collections::{BTreeMap, HashSet};

/// A car of a game has about 10 MB; generous for scans, small enough for any machine.
pub const MAX_GLB_BYTES: u64 = 256 << 20;
const MAX_VERTICES: u64 = 4_000_000;
const MAX_TRIANGLES: u64 = 8_000_000;
/// Part ids are 16 bits wide with 0 for "none"; cars have some hundred parts.
const MAX_PARTS: u64 = 4_096;
const MAX_NODES: u64 = 65_536;
const MAX_DEPTH: u32 = 64;
/// No car reaches farther from the origin, even in millimetres.
const MAX_REACH: f32 = 100_000.0;
/// How much longer or shorter than its manifest a mesh may be before it is taken for another unit or axis.
const MAX_SCALE_ERROR: f32 = 0.25;

/// What is known about a mesh before it is read.
pub(crate) trait Rules {
    /// What a material on a part is made of; `None` leaves it to the material's own name and look.
    fn kind(&self, part: &str, material: &str) -> Option<MaterialKind>;
    /// What a part is.
    fn class(&self, part: &str) -> PartClass;
    /// Whether paint has to come with usable texture coordinates.
    fn needs_uvs(&self) -> bool;
    /// Whether geometry may be compressed; see [`is_compressed`].
    fn reads_compressed(&self) -> bool;
}

impl Rules for CarManifest {
    fn kind(&self, _part: &str, material: &str) -> Option<MaterialKind> {
        self.material_kind(material)
    }

    fn class(&self, part: &str) -> PartClass {
        self.part_class(part)
    }

    fn needs_uvs(&self) -> bool {
        true
    }

    fn reads_compressed(&self) -> bool {
        false
    }
}

/// Whether a GLB holds geometry that is compressed with Draco.
///
/// The decoder believes the sizes that a stream announces, so a hostile one can ask for more memory than there is and end
/// the process. Packs are therefore read without it, and who imports a plain mesh decodes it in a process of its own.
pub fn is_compressed(bytes: &[u8]) -> bool {
    chunks::split(bytes).is_ok_and(|(json, _)| Extensions::read(json).any_draco())
}

/// Reads a car from the bytes of a GLB.
pub fn read(bytes: &[u8], manifest: &CarManifest) -> Result<CarModel, MeshError> {
    finish(read_parts(bytes, manifest)?, manifest)
}

/// Reads parts and materials as they stand in the file, in its own scale and axes.
pub(crate) fn read_parts(bytes: &[u8], rules: &dyn Rules) -> Result<CarModel, MeshError> {
    let (json, bin) = chunks::split(bytes)?;
    let extensions = Extensions::read(json);
    if extensions.any_draco() && !rules.reads_compressed() {
        return Err(MeshError::PackCompressed);
    }
    let root = chunks::parse(json, &extensions)?;
    let document = Document::from_json(root).map_err(|e| MeshError::Json(one_line(&e.to_string())))?;
    check_count("nodes", document.nodes().len() as u64, MAX_NODES)?;

    let mut reader = Reader {
        buffer: Buffer { bin, document: &document },
        extensions,
        rules,
        model: CarModel::default(),
        material_of: BTreeMap::new(),
        names: HashSet::new(),
        visited: 0,
        vertices: 0,
        triangles: 0,
    };
    let scene = document.default_scene().or_else(|| document.scenes().next());
    match scene {
        Some(scene) => scene.nodes().try_for_each(|node| reader.visit(&node, Mat4::IDENTITY, 0))?,
        None => document.nodes().try_for_each(|node| reader.visit(&node, Mat4::IDENTITY, 0))?,
    }
    if reader.model.parts.is_empty() {
        return Err(MeshError::Empty);
    }
    Ok(reader.model)
}

struct Reader<'a> {
    buffer: Buffer<'a>,
    extensions: Extensions,
    rules: &'a dyn Rules,
    model: CarModel,
    material_of: BTreeMap<(Option<usize>, bool), usize>,
    names: HashSet<String>,
    visited: u64,
    vertices: u64,
    triangles: u64,
}

impl Reader<'_> {
    fn visit(&mut self, node: &Node, car_from_parent: Mat4, depth: u32) -> Result<(), MeshError> {
        self.visited += 1;
        // A looping tree visits more nodes than there are.
        if depth > MAX_DEPTH || self.visited > MAX_NODES {
            return Err(MeshError::Nesting);
        }
        let car_from_node = car_from_parent * Mat4::from_cols_array_2d(&node.transform().matrix());
        if let Some(mesh) = node.mesh() {
            let name = node.name().or(mesh.name()).unwrap_or("part");
            let single = mesh.primitives().len() == 1;
            let places: Vec<Mat4> = self.places(node, name)?.iter().map(|place| car_from_node * *place).collect();
            for primitive in mesh.primitives() {
                let packed = self.extensions.draco(mesh.index(), primitive.index());
                let part = match (single, primitive.material().name()) {
                    (false, Some(material)) => format!("{name}_{material}"),
                    _ => name.to_owned(),
                };
                self.read_part(&part, &primitive, packed.as_ref(), &places)?;
            }
        }
        node.children().try_for_each(|child| self.visit(&child, car_from_node, depth + 1))
    }

    /// Where a node's mesh stands in the node: once, or at each of its instances.
    fn places(&self, node: &Node, name: &str) -> Result<Vec<Mat4>, MeshError> {
        let Some([translation, rotation, scale]) = self.extensions.instances(node.index()) else {
            return Ok(vec![Mat4::IDENTITY]);
        };
        let accessor = |index: Option<usize>| index.and_then(|index| self.buffer.document.accessors().nth(index));
        let what = "instances";
        let vectors = |index| -> Result<Option<Vec<Vec3>>, MeshError> {
            accessor(index).map(|a| Ok(self.buffer.floats::<3>(name, what, &a)?.map(Vec3::from).collect())).transpose()
        };
        let (moves, scales) = (vectors(translation)?, vectors(scale)?);
        let turns: Option<Vec<Quat>> = accessor(rotation)
            .map(|a| Ok(self.buffer.floats::<4>(name, what, &a)?.map(Quat::from_array).collect()))
            .transpose()?;
        let counts = [moves.as_ref().map(Vec::len), turns.as_ref().map(Vec::len), scales.as_ref().map(Vec::len)];
        let count = counts.into_iter().flatten().min().unwrap_or(1);
        check_count("parts", count as u64, MAX_PARTS)?;
        let place = |i: usize| {
            let turn = turns.as_ref().map_or(Quat::IDENTITY, |turns| turns[i]);
            let turn = if turn.is_finite() && turn.length_squared() > 0.0 { turn.normalize() } else { Quat::IDENTITY };
            Mat4::from_scale_rotation_translation(
                scales.as_ref().map_or(Vec3::ONE, |scales| scales[i]),
                turn,
                moves.as_ref().map_or(Vec3::ZERO, |moves| moves[i]),
            )
        };
        Ok((0..count).map(place).collect())
    }

    fn read_part(
        &mut self,
        name: &str,
        primitive: &Primitive,
        packed: Option<&Packed>,
        places: &[Mat4],
    ) -> Result<(), MeshError> {
        match primitive.mode() {
            Mode::Triangles => {}
            Mode::Points | Mode::Lines | Mode::LineLoop | Mode::LineStrip => return Ok(()),
            Mode::TriangleStrip | Mode::TriangleFan => return Err(MeshError::NotTriangles { part: name.to_owned() }),
        }
        let material = self.material_index(name, &primitive.material());
        let is_paint = self.model.materials[material].kind == MaterialKind::Paint;
        let need = if is_paint && self.rules.needs_uvs() { UvNeed::Inside } else { UvNeed::Any };
        let original = geometry::read(self.buffer, name, primitive, packed, need)?;
        if original.indices.is_empty() {
            return Ok(());
        }
        for car_from_mesh in places {
            self.vertices += original.positions.len() as u64;
            check_count("vertices", self.vertices, MAX_VERTICES)?;
            self.triangles += original.indices.len() as u64 / 3;
            check_count("triangles", self.triangles, MAX_TRIANGLES)?;
            let mut mesh = original.clone();
            geometry::transform(&mut mesh, *car_from_mesh);
            let usable = |p: &Vec3| p.is_finite() && p.abs().max_element() < MAX_REACH;
            if !mesh.positions.iter().all(usable) {
                return Err(MeshError::NotFinite { part: name.to_owned(), what: "positions" });
            }
            geometry::repair_normals(&mut mesh);
            let class = self.rules.class(name);
            let name = self.unique(name.to_owned());
            self.model.parts.push(Part { name, class, material, mesh, mirror: None });
            check_count("parts", self.model.parts.len() as u64, MAX_PARTS)?;
        }
        Ok(())
    }

    fn material_index(&mut self, part: &str, material: &gltf::Material) -> usize {
        let name = material.name().unwrap_or("default").to_owned();
        let kind = self.rules.kind(part, &name).unwrap_or_else(|| guess_kind(&name, material));
        let key = (material.index(), kind == MaterialKind::Paint);
        if let Some(&index) = self.material_of.get(&key) {
            return index;
        }
        let pbr = material.pbr_metallic_roughness();
        let unit = |x: f32| if x.is_finite() { x.clamp(0.0, 1.0) } else { 0.0 };
        let usual = Material::of_kind(&name, kind);
        let coat = material.index().and_then(|index| self.extensions.clearcoat(index));
        let (clearcoat, clearcoat_roughness) = coat.unwrap_or((usual.clearcoat, usual.clearcoat_roughness));
        let strength = material.emissive_strength().unwrap_or(1.0);
        let emissive = Vec3::from(material.emissive_factor()) * strength;
        // A factor beside a texture is only a part of the look; what is usual for the kind is nearer to it.
        let plain = pbr.base_color_texture().is_none();
        let plain_surface = pbr.metallic_roughness_texture().is_none();
        self.model.materials.push(Material {
            base_color: if plain { Vec4::from(pbr.base_color_factor().map(unit)) } else { usual.base_color },
            metallic: if plain_surface { unit(pbr.metallic_factor()) } else { usual.metallic },
            roughness: if plain_surface { unit(pbr.roughness_factor()) } else { usual.roughness },
            emissive: if emissive.is_finite() { emissive.max(Vec3::ZERO) } else { Vec3::ZERO },
            double_sided: material.double_sided(),
            clearcoat,
            clearcoat_roughness,
            ..usual
        });
        let index = self.model.materials.len() - 1;
        self.material_of.insert(key, index);
        index
    }

    fn unique(&mut self, name: String) -> String {
        let mut candidate = name.clone();
        let mut number = 2;
        while !self.names.insert(candidate.clone()) {
            candidate = format!("{name}_{number}");
            number += 1;
        }
        candidate
    }
}

fn guess_kind(name: &str, material: &gltf::Material) -> MaterialKind {
    let name = name.to_ascii_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| name.contains(word));
    if has(&["glass", "window"]) || material.alpha_mode() == gltf::material::AlphaMode::Blend {
        MaterialKind::Glass
    } else if has(&["lamp", "light", "led"]) {
        MaterialKind::Lamp
    } else if has(&["rubber", "tyre", "tire", "seal"]) {
        MaterialKind::Rubber
    } else if has(&["metal", "rim", "disc", "chrome", "steel", "alu", "brake"]) {
        MaterialKind::Metal
    } else if has(&["interior", "cockpit", "seat", "cage"]) {
        MaterialKind::Interior
    } else {
        MaterialKind::Carbon
    }
}

fn finish(mut model: CarModel, manifest: &CarManifest) -> Result<CarModel, MeshError> {
    if !(0..model.parts.len()).any(|part| model.is_paint(part)) {
        return Err(MeshError::NoPaint(manifest.paint.materials.join(" or ")));
    }
    let (low, high) = model.bounds();
    let mesh_m = high.z - low.z;
    if (mesh_m / manifest.length_m - 1.0).abs() > MAX_SCALE_ERROR {
        return Err(MeshError::Scale { mesh_m, manifest_m: manifest.length_m });
    }
    pair_parts(&mut model.parts);
    for (name, wheel) in &manifest.wheels {
        let find = |part: &String| {
            let missing = || MeshError::WheelPart { wheel: name.clone(), part: part.clone() };
            model.part_index(part).ok_or_else(missing)
        };
        let indices = |names: &[String]| names.iter().map(find).collect::<Result<Vec<_>, _>>();
        let (parts, still) = (indices(&wheel.parts)?, indices(&wheel.still)?);
        model.wheels.push(Wheel { name: name.clone(), center: wheel.center, radius: wheel.radius, parts, still });
    }
    Ok(model)
}

fn check_count(what: &'static str, found: u64, limit: u64) -> Result<(), MeshError> {
    if found > limit { Err(MeshError::TooMany { what, found, limit }) } else { Ok(()) }
}

fn one_line(message: &str) -> String {
    const LONGEST: usize = 200;
    message.chars().map(|c| if c.is_control() { ' ' } else { c }).take(LONGEST).collect()
}
