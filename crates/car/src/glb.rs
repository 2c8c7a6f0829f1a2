//! Reads a car's mesh from a binary glTF 2.0 file, under limits and without trust.
//!
//! Node transforms are applied, so a part's vertices are in the car's space. Each mesh primitive of each node becomes a
//! part named after its node. `COLOR_0` is read as baked ambient occlusion (its red channel). Textures are not read: a
//! car's look comes from material factors, its own paint and the light.

use crate::error::MeshError;
use crate::manifest::CarManifest;
use crate::mirror::pair_parts;
use crate::model::{CarModel, Material, MaterialKind, Mesh, Part, Wheel};
use crate::normals::smooth_normals;
use glam::{Mat3, Mat4, Vec2, Vec3, Vec4};
use gltf::accessor::{DataType, Dimensions};
use gltf::mesh::Mode;
use gltf::{Accessor, Document, Node, Primitive, Semantic};
use std::collections::{BTreeMap, HashMap, HashSet};

/// A car of a game has about 10 MB; generous for scans, small enough for any machine.
pub const MAX_GLB_BYTES: u64 = 256 << 20;
const MAX_VERTICES: u64 = 4_000_000;
const MAX_TRIANGLES: u64 = 8_000_000;
/// Part ids are 16 bits wide with 0 for "none"; cars have some hundred parts.
const MAX_PARTS: u64 = 4_096;
const MAX_NODES: u64 = 65_536;
const MAX_DEPTH: u32 = 64;
/// No car is longer than this from the origin, in metres.
const MAX_REACH_M: f32 = 1_000.0;
/// How far texture coordinates may leave 0..1 by rounding.
const UV_TOLERANCE: f32 = 1e-3;
/// How much longer or shorter than its manifest a mesh may be before it is taken for another unit or axis.
const MAX_SCALE_ERROR: f32 = 0.25;

/// Extensions that a file may require, because ignoring them only changes the look.
const HARMLESS_EXTENSIONS: [&str; 9] = [
    "KHR_materials_clearcoat",
    "KHR_materials_transmission",
    "KHR_materials_ior",
    "KHR_materials_emissive_strength",
    "KHR_materials_specular",
    "KHR_materials_sheen",
    "KHR_materials_volume",
    "KHR_materials_anisotropy",
    "KHR_texture_transform",
];

/// Reads a car from the bytes of a GLB.
pub fn read(bytes: &[u8], manifest: &CarManifest) -> Result<CarModel, MeshError> {
    let (json, bin) = split_chunks(bytes)?;
    let root = parse_json(json)?;
    let clearcoats = clearcoats(json);
    let document = Document::from_json(root).map_err(|e| MeshError::Json(one_line(&e.to_string())))?;
    check_count("nodes", document.nodes().len() as u64, MAX_NODES)?;

    let mut reader = Reader { bin, manifest, clearcoats, model: CarModel::default(), ..Reader::empty(manifest) };
    let scene = document.default_scene().or_else(|| document.scenes().next());
    match scene {
        Some(scene) => scene.nodes().try_for_each(|node| reader.visit(&node, Mat4::IDENTITY, 0))?,
        None => document.nodes().try_for_each(|node| reader.visit(&node, Mat4::IDENTITY, 0))?,
    }
    finish(reader.model, manifest)
}

/// The JSON and the binary chunk of a GLB.
fn split_chunks(bytes: &[u8]) -> Result<(&[u8], &[u8]), MeshError> {
    const HEADER: usize = 12;
    let word = |at: usize| bytes.get(at..at + 4).map(|b| u32::from_le_bytes([b[0], b[1], b[2], b[3]]));
    if bytes.get(..4) != Some(b"glTF") || word(4) != Some(2) {
        return Err(MeshError::NotGlb);
    }
    let total = u64::from(word(8).ok_or(MeshError::NotGlb)?);
    if total > bytes.len() as u64 {
        return Err(MeshError::Truncated { expected: total, found: bytes.len() as u64 });
    }
    let mut at = HEADER;
    let mut chunk = |kind: &[u8; 4]| -> Result<Option<&[u8]>, MeshError> {
        let Some(length) = word(at) else { return Ok(None) };
        if bytes.get(at + 4..at + 8) != Some(kind.as_slice()) {
            return Ok(None);
        }
        let end = at as u64 + 8 + u64::from(length);
        if end > bytes.len() as u64 {
            return Err(MeshError::Truncated { expected: end, found: bytes.len() as u64 });
        }
        let data = &bytes[at + 8..end as usize];
        at = (end as usize).next_multiple_of(4);
        Ok(Some(data))
    };
    let json = chunk(b"JSON")?.ok_or(MeshError::NotGlb)?;
    let bin = chunk(b"BIN\0")?.unwrap_or(&[]);
    Ok((json, bin))
}

fn parse_json(json: &[u8]) -> Result<gltf::json::Root, MeshError> {
    let mut root: gltf::json::Root =
        serde_json::from_slice(json).map_err(|e| MeshError::Json(one_line(&e.to_string())))?;
    if let Some(unknown) = root.extensions_required.iter().find(|e| !HARMLESS_EXTENSIONS.contains(&e.as_str())) {
        return Err(MeshError::Extension(unknown.clone()));
    }
    root.extensions_required.clear();
    if root.buffers.iter().any(|buffer| buffer.uri.is_some()) || root.buffers.len() > 1 {
        return Err(MeshError::ExternalBuffer);
    }
    Ok(root)
}

/// Lacquer strength and roughness by material index. The glTF crate has no type for this extension.
fn clearcoats(json: &[u8]) -> HashMap<usize, (f32, f32)> {
    let root: serde_json::Value = serde_json::from_slice(json).unwrap_or_default();
    let materials = root["materials"].as_array().map_or(&[][..], Vec::as_slice);
    let number = |value: &serde_json::Value| value.as_f64().unwrap_or(0.0).clamp(0.0, 1.0) as f32;
    materials
        .iter()
        .enumerate()
        .filter_map(|(index, material)| {
            let coat = material["extensions"].get("KHR_materials_clearcoat")?;
            Some((index, (number(&coat["clearcoatFactor"]), number(&coat["clearcoatRoughnessFactor"]))))
        })
        .collect()
}

struct Reader<'a> {
    bin: &'a [u8],
    manifest: &'a CarManifest,
    clearcoats: HashMap<usize, (f32, f32)>,
    model: CarModel,
    material_of: BTreeMap<Option<usize>, usize>,
    names: HashSet<String>,
    visited: u64,
    vertices: u64,
    triangles: u64,
}

impl<'a> Reader<'a> {
    fn empty(manifest: &'a CarManifest) -> Self {
        Self {
            bin: &[],
            manifest,
            clearcoats: HashMap::new(),
            model: CarModel::default(),
            material_of: BTreeMap::new(),
            names: HashSet::new(),
            visited: 0,
            vertices: 0,
            triangles: 0,
        }
    }

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
            for primitive in mesh.primitives() {
                let part = match (single, primitive.material().name()) {
                    (false, Some(material)) => format!("{name}_{material}"),
                    _ => name.to_owned(),
                };
                self.read_part(part, &primitive, car_from_node)?;
            }
        }
        node.children().try_for_each(|child| self.visit(&child, car_from_node, depth + 1))
    }

    fn read_part(&mut self, name: String, primitive: &Primitive, car_from_node: Mat4) -> Result<(), MeshError> {
        match primitive.mode() {
            Mode::Triangles => {}
            Mode::Points | Mode::Lines | Mode::LineLoop | Mode::LineStrip => return Ok(()),
            Mode::TriangleStrip | Mode::TriangleFan => return Err(MeshError::NotTriangles { part: name }),
        }
        let material = self.material_index(&primitive.material());
        let is_paint = self.model.materials[material].kind == MaterialKind::Paint;
        let mut mesh = self.read_mesh(&name, primitive, is_paint)?;
        if mesh.indices.is_empty() {
            return Ok(());
        }
        transform(&mut mesh, car_from_node);
        let usable = |p: &Vec3| p.is_finite() && p.abs().max_element() < MAX_REACH_M;
        if !mesh.positions.iter().all(usable) {
            return Err(MeshError::NotFinite { part: name, what: "positions" });
        }
        repair_normals(&mut mesh);

        let class = self.manifest.part_class(&name);
        let name = self.unique(name);
        self.model.parts.push(Part { name, class, material, mesh, mirror: None });
        check_count("parts", self.model.parts.len() as u64, MAX_PARTS)
    }

    fn read_mesh(&mut self, name: &str, primitive: &Primitive, is_paint: bool) -> Result<Mesh, MeshError> {
        let missing = |what| MeshError::Accessor { part: name.to_owned(), what };
        let positions = primitive.get(&Semantic::Positions).ok_or_else(|| missing("no positions or positions"))?;
        self.vertices += positions.count() as u64;
        check_count("vertices", self.vertices, MAX_VERTICES)?;
        let positions: Vec<Vec3> = self.floats::<3>(name, "positions", &positions)?.map(Vec3::from).collect();
        let count = positions.len();

        let mut mesh = Mesh { positions, ..Mesh::default() };
        if let Some(accessor) = primitive.get(&Semantic::Normals) {
            mesh.normals = self.floats::<3>(name, "normals", &accessor)?.map(Vec3::from).collect();
        }
        mesh.uvs = match primitive.get(&Semantic::TexCoords(0)) {
            Some(accessor) => self.floats::<2>(name, "texture coordinates", &accessor)?.map(Vec2::from).collect(),
            None if is_paint => return Err(MeshError::NoUvs { part: name.to_owned() }),
            None => vec![Vec2::ZERO; count],
        };
        if let Some(accessor) = primitive.get(&Semantic::Colors(0)) {
            mesh.occlusion = self.reds(name, &accessor)?;
        }
        let same_length = (mesh.normals.is_empty() || mesh.normals.len() == count)
            && mesh.uvs.len() == count
            && (mesh.occlusion.is_empty() || mesh.occlusion.len() == count);
        if !same_length {
            return Err(missing("vertex data of different lengths"));
        }
        check_uvs(name, &mut mesh.uvs, is_paint)?;

        let indices = match primitive.indices() {
            Some(accessor) => self.indices(name, &accessor)?,
            None => (0..count as u32).collect(),
        };
        self.triangles += indices.len() as u64 / 3;
        check_count("triangles", self.triangles, MAX_TRIANGLES)?;
        if let Some(&index) = indices.iter().find(|&&index| index as usize >= count) {
            return Err(MeshError::Index { part: name.to_owned(), index, count });
        }
        mesh.indices = indices
            .chunks_exact(3)
            .filter(|t| t[0] != t[1] && t[1] != t[2] && t[2] != t[0])
            .flatten()
            .copied()
            .collect();
        Ok(mesh)
    }

    fn material_index(&mut self, material: &gltf::Material) -> usize {
        if let Some(&index) = self.material_of.get(&material.index()) {
            return index;
        }
        let name = material.name().unwrap_or("default").to_owned();
        let kind = self.manifest.material_kind(&name).unwrap_or_else(|| guess_kind(&name, material));
        let pbr = material.pbr_metallic_roughness();
        let unit = |x: f32| if x.is_finite() { x.clamp(0.0, 1.0) } else { 0.0 };
        let usual = Material::of_kind(&name, kind);
        let coat = material.index().and_then(|index| self.clearcoats.get(&index));
        let (clearcoat, clearcoat_roughness) =
            coat.copied().unwrap_or((usual.clearcoat, usual.clearcoat_roughness));
        let strength = material.emissive_strength().unwrap_or(1.0);
        let emissive = Vec3::from(material.emissive_factor()) * strength;
        self.model.materials.push(Material {
            base_color: Vec4::from(pbr.base_color_factor().map(unit)),
            metallic: unit(pbr.metallic_factor()),
            roughness: unit(pbr.roughness_factor()),
            emissive: if emissive.is_finite() { emissive.max(Vec3::ZERO) } else { Vec3::ZERO },
            double_sided: material.double_sided(),
            clearcoat,
            clearcoat_roughness,
            ..usual
        });
        let index = self.model.materials.len() - 1;
        self.material_of.insert(material.index(), index);
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

    /// Checks an accessor against the file and returns its elements' bytes.
    fn elements(
        &self,
        part: &str,
        what: &'static str,
        accessor: &Accessor,
    ) -> Result<impl Iterator<Item = &'a [u8]> + use<'a>, MeshError> {
        let outside = || MeshError::OutOfBounds { part: part.to_owned(), what };
        let unread = || MeshError::Accessor { part: part.to_owned(), what };
        if accessor.sparse().is_some() {
            return Err(unread());
        }
        let view = accessor.view().ok_or_else(unread)?;
        let (size, count) = (accessor.size(), accessor.count());
        let stride = view.stride().unwrap_or(size);
        if stride < size || stride > 255 {
            return Err(unread());
        }
        let view_end = view.offset().checked_add(view.length()).ok_or_else(outside)?;
        let data = self.bin.get(view.offset()..view_end).ok_or_else(outside)?;
        let data = data.get(accessor.offset()..).ok_or_else(outside)?;
        let needed = match count.checked_sub(1) {
            Some(last) => last.checked_mul(stride).and_then(|n| n.checked_add(size)).ok_or_else(outside)?,
            None => 0,
        };
        if needed > data.len() {
            return Err(outside());
        }
        Ok((0..count).map(move |index| &data[index * stride..index * stride + size]))
    }

    fn floats<const N: usize>(
        &self,
        part: &str,
        what: &'static str,
        accessor: &Accessor,
    ) -> Result<impl Iterator<Item = [f32; N]> + use<'a, N>, MeshError> {
        if accessor.dimensions().multiplicity() != N || !matches!(accessor.dimensions(), Dimensions::Vec2 | Dimensions::Vec3 | Dimensions::Vec4) {
            return Err(MeshError::Accessor { part: part.to_owned(), what });
        }
        let decode = decoder(accessor).ok_or_else(|| MeshError::Accessor { part: part.to_owned(), what })?;
        let width = accessor.data_type().size();
        let elements = self.elements(part, what, accessor)?;
        Ok(elements.map(move |bytes| std::array::from_fn(|i| decode(&bytes[i * width..]))))
    }

    fn reds(&self, part: &str, accessor: &Accessor) -> Result<Vec<f32>, MeshError> {
        let open = |red: f32| if red.is_finite() { red.clamp(0.0, 1.0) } else { 1.0 };
        Ok(match accessor.dimensions() {
            Dimensions::Vec3 => self.floats::<3>(part, "colours", accessor)?.map(|c| open(c[0])).collect(),
            _ => self.floats::<4>(part, "colours", accessor)?.map(|c| open(c[0])).collect(),
        })
    }

    fn indices(&self, part: &str, accessor: &Accessor) -> Result<Vec<u32>, MeshError> {
        let unread = || MeshError::Accessor { part: part.to_owned(), what: "indices" };
        if accessor.dimensions() != Dimensions::Scalar {
            return Err(unread());
        }
        check_count("triangles", accessor.count() as u64 / 3, MAX_TRIANGLES)?;
        let elements = self.elements(part, "indices", accessor)?;
        Ok(match accessor.data_type() {
            DataType::U8 => elements.map(|b| u32::from(b[0])).collect(),
            DataType::U16 => elements.map(|b| u32::from(u16::from_le_bytes([b[0], b[1]]))).collect(),
            DataType::U32 => elements.map(|b| u32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect(),
            _ => return Err(unread()),
        })
    }
}

/// How an accessor's numbers become floats: floats as they are, normalised integers by glTF's rule.
fn decoder(accessor: &Accessor) -> Option<fn(&[u8]) -> f32> {
    Some(match (accessor.data_type(), accessor.normalized()) {
        (DataType::F32, _) => |b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]),
        (DataType::U8, true) => |b| f32::from(b[0]) / 255.0,
        (DataType::U16, true) => |b| f32::from(u16::from_le_bytes([b[0], b[1]])) / 65535.0,
        (DataType::I8, true) => |b| (f32::from(b[0] as i8) / 127.0).max(-1.0),
        (DataType::I16, true) => |b| (f32::from(i16::from_le_bytes([b[0], b[1]])) / 32767.0).max(-1.0),
        _ => return None,
    })
}

fn check_uvs(part: &str, uvs: &mut [Vec2], is_paint: bool) -> Result<(), MeshError> {
    for uv in uvs {
        if !is_paint {
            *uv = if uv.is_finite() { *uv } else { Vec2::ZERO };
            continue;
        }
        if !uv.is_finite() {
            return Err(MeshError::NotFinite { part: part.to_owned(), what: "texture coordinates" });
        }
        if uv.min_element() < -UV_TOLERANCE || uv.max_element() > 1.0 + UV_TOLERANCE {
            return Err(MeshError::UvRange { part: part.to_owned() });
        }
        *uv = uv.clamp(Vec2::ZERO, Vec2::ONE);
    }
    Ok(())
}

fn transform(mesh: &mut Mesh, car_from_node: Mat4) {
    let linear = Mat3::from_mat4(car_from_node);
    let determinant = linear.determinant();
    let normal_matrix = if determinant.abs() > 1e-12 { linear.inverse().transpose() } else { Mat3::IDENTITY };
    for p in &mut mesh.positions {
        *p = car_from_node.transform_point3(*p);
    }
    for n in &mut mesh.normals {
        *n = normal_matrix * *n;
    }
    // A mirroring transform turns triangles inside out.
    if determinant < 0.0 {
        mesh.indices.chunks_exact_mut(3).for_each(|t| t.swap(1, 2));
    }
}

/// Makes every normal unit length; missing and unusable ones are computed from the triangles around.
fn repair_normals(mesh: &mut Mesh) {
    let usable = |n: &Vec3| n.is_finite() && n.length_squared() > 1e-12;
    if mesh.normals.len() == mesh.positions.len() && mesh.normals.iter().all(usable) {
        mesh.normals.iter_mut().for_each(|n| *n = n.normalize());
        return;
    }
    let computed = smooth_normals(&mesh.positions, &mesh.indices);
    if mesh.normals.len() != mesh.positions.len() {
        mesh.normals = computed;
        return;
    }
    for (n, computed) in mesh.normals.iter_mut().zip(computed) {
        *n = if usable(n) { n.normalize() } else { computed };
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
    if model.parts.is_empty() {
        return Err(MeshError::Empty);
    }
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
