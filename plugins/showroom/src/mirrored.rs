//! The car as its own surfaces mirror it: its triangles, where a shader can send a ray through them.
//!
//! A mirrored ray that meets the car shows the paint, carbon or glass that it meets, lit by the same surroundings; see
//! `assets/shaders/mirrored.wgsl`, which walks the hierarchy as laid out here. No ray-tracing hardware is asked for. What lies
//! behind glass is left out: no ray from outside gets there but through a pane, which is shown as dark.

use bevy::asset::{RenderAssetUsages, uuid_handle};
use bevy::prelude::*;
use bevy::render::storage::ShaderBuffer;
use gridvox_car::bvh::{Bvh, Inside};
use gridvox_car::{CarModel, Material, MaterialKind, detail};

/// Mirrors nothing.
pub(crate) const NOTHING: Handle<ShaderBuffer> = uuid_handle!("e1c0a4f2-3f7d-4b8e-9a55-0d6e2b7c4f19");

/// Cars with more triangles mirror a simpler one: the buffer would outgrow what every graphics card binds, 128 MiB.
const MAX_TRIANGLES: usize = 1_000_000;

/// A car that doesn't mirror itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the car has {0} triangles, which can't be brought below a million that could mirror themselves: its paint mirrors the surroundings alone")]
pub(crate) struct TooManyTriangles(usize);

/// Marks a leaf; below it the place of its first triangle, and their number in the last bits.
const LEAF: u32 = 1 << 31;
const COUNT_BITS: u32 = 6;

/// Kinds of surfaces as the shader tells them apart.
const PLAIN: u32 = 0;
const PAINTED: u32 = 1;
const PANE: u32 = 2;

/// A car's triangles as the shader reads them, in fours of words.
///
/// The first four say where things are: the root, the triangles, what their corners carry, the materials. Then inner nodes of
/// four fours: the boxes of both children, smallest corner with the child's place and largest corner. Triangles have three
/// fours, one corner and two edges, each with a corner's normal; then two with texture coordinates and the material, and with
/// daylight. Materials have two: colour with the kind; metal, roughness and lacquer.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Mirrored(Vec<[u32; 4]>);

impl Mirrored {
    /// Lays out a car.
    ///
    /// # Errors
    /// When it has more than [`MAX_TRIANGLES`] and no simpler shape.
    pub fn of(model: &CarModel) -> Result<Self, TooManyTriangles> {
        Self::of_at_most(model, MAX_TRIANGLES)
    }

    fn of_at_most(model: &CarModel, triangles: usize) -> Result<Self, TooManyTriangles> {
        let (simple, _) = detail::with_at_most(model, triangles).ok_or(TooManyTriangles(model.triangle_count()))?;
        Ok(Self::laid_out(&simple))
    }

    fn laid_out(model: &CarModel) -> Self {
        let mut named = Vec::new();
        let mut corners = Vec::new();
        for part in model.parts.iter().filter(|part| model.materials[part.material].kind != MaterialKind::Interior) {
            for triangle in part.mesh.indices.chunks_exact(3) {
                let triangle = [0, 1, 2].map(|k| triangle[k] as usize);
                named.push((part, triangle));
                corners.push(triangle.map(|index| part.mesh.positions[index]));
            }
        }
        let bvh = Bvh::new(&corners);
        let nodes: Vec<_> = bvh.nodes().collect();
        // places of inner nodes
        let mut next = 1;
        let places: Vec<u32> = nodes
            .iter()
            .map(|(_, _, inside)| {
                let place = next;
                next += if matches!(inside, Inside::Nodes(_)) { 4 } else { 0 };
                place
            })
            .collect();
        let most = (1 << COUNT_BITS) - 1;
        let place_of = |node: usize| match nodes.get(node) {
            Some((_, _, Inside::Triangles(range))) => LEAF | (range.start as u32) << COUNT_BITS | (range.len() as u32).min(most),
            Some(_) => places[node],
            None => LEAF,
        };
        let triangles = next;
        let carried = triangles + 3 * corners.len() as u32;
        let materials = carried + 2 * corners.len() as u32;
        let mut words = Vec::with_capacity(materials as usize + 2 * model.materials.len());
        words.push([place_of(0), triangles, carried, materials]);
        for (_, _, inside) in &nodes {
            let Inside::Nodes(first) = inside else { continue };
            for child in [*first, first + 1] {
                let (low, high, _) = &nodes[child];
                words.push(with(*low, place_of(child)));
                words.push(with(*high, 0));
            }
        }
        for &name in bvh.order() {
            let (part, triangle) = named[name as usize];
            let [a, b, c] = corners[name as usize];
            let normal = triangle.map(|index| octahedral(part.mesh.normals.get(index).copied().unwrap_or(Vec3::Y)));
            words.extend([with(a, normal[0]), with(b - a, normal[1]), with(c - a, normal[2])]);
        }
        for &name in bvh.order() {
            let (part, triangle) = named[name as usize];
            let mesh = &part.mesh;
            let [a, b, c] = triangle.map(|index| mesh.uvs.get(index).map_or(0, |uv| two_words(*uv)));
            words.push([a, b, c, part.material as u32]);
            let light = if mesh.daylight.is_empty() { &mesh.occlusion } else { &mesh.daylight };
            let [a, b, c] = triangle.map(|index| {
                let from = mesh.daylight_from.get(index).or(mesh.normals.get(index)).copied().unwrap_or(Vec3::Y);
                four_bytes(from, light.get(index).copied().unwrap_or(1.0))
            });
            words.push([a, b, c, 0]);
        }
        words.extend(model.materials.iter().flat_map(surface));
        Self(words)
    }

    /// An empty stage.
    pub fn nothing() -> Self {
        Self(vec![[LEAF, 1, 1, 1]])
    }

    /// For the graphics card.
    pub fn buffer(&self) -> ShaderBuffer {
        ShaderBuffer::new(bytemuck::cast_slice(&self.0), RenderAssetUsages::RENDER_WORLD)
    }
}

fn with(v: Vec3, word: u32) -> [u32; 4] {
    [v.x.to_bits(), v.y.to_bits(), v.z.to_bits(), word]
}

/// As `unpack2x16unorm` reads it.
fn two_words(uv: Vec2) -> u32 {
    let word = |value: f32| (value.clamp(0.0, 1.0) * 65535.0 + 0.5) as u32;
    word(uv.x) | word(uv.y) << 16
}

/// A direction and a share, as `unpack4x8unorm` reads them, the direction from -1..1 to 0..1.
fn four_bytes(direction: Vec3, share: f32) -> u32 {
    let byte = |value: f32| (value.clamp(0.0, 1.0) * 255.0 + 0.5) as u32;
    let d = direction * 0.5 + 0.5;
    byte(d.x) | byte(d.y) << 8 | byte(d.z) << 16 | byte(share) << 24
}

/// A unit vector on the faces of an octahedron (Meyer et al., "On floating-point normal vectors", 2010), from -1..1 to 0..1.
fn octahedral(n: Vec3) -> u32 {
    let n = n / n.abs().element_sum().max(1e-12);
    let side = |value: f32| if value < 0.0 { -1.0 } else { 1.0 };
    let folded = Vec2::new((1.0 - n.y.abs()) * side(n.x), (1.0 - n.x.abs()) * side(n.y));
    let flat = if n.z < 0.0 { folded } else { n.truncate() };
    two_words(flat * 0.5 + 0.5)
}

fn surface(material: &Material) -> [[u32; 4]; 2] {
    let (kind, colour) = match material.kind {
        MaterialKind::Paint => (PAINTED, Vec3::ONE),
        MaterialKind::Glass => (PANE, Vec3::ZERO),
        _ => (PLAIN, material.base_color.truncate()),
    };
    let lacquer = if material.kind == MaterialKind::Glass { 1.0 } else { material.clearcoat };
    [with(colour, kind), with(Vec3::new(material.metallic, material.roughness, lacquer), 0)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use gridvox_car::testing::box_car;

    #[test]
    fn every_triangle_and_material_is_laid_out() {
        let car = box_car();
        let inside = |part: &&gridvox_car::Part| car.materials[part.material].kind == MaterialKind::Interior;
        let hidden: usize = car.parts.iter().filter(inside).map(|part| part.mesh.indices.len() / 3).sum();
        let count = car.triangle_count() - hidden;
        let Mirrored(words) = Mirrored::of(&car).expect("few triangles");
        let [_, triangles, carried, materials] = words[0].map(|word| word as usize);
        assert_eq!(carried - triangles, 3 * count);
        assert_eq!(materials - carried, 2 * count);
        assert_eq!(words.len() - materials, 2 * car.materials.len());
        // all that inner nodes name lies among the nodes or the triangles
        for node in (1..triangles).step_by(2) {
            let child = words[node][3];
            let (first, number) = (((child & !LEAF) >> COUNT_BITS) as usize, (child & 63) as usize);
            let fits = if child & LEAF == 0 { (child as usize) < triangles } else { first + number <= count };
            assert!(fits, "{child:x}");
        }
    }

    #[test]
    fn directions_survive() {
        for n in [Vec3::X, Vec3::NEG_Z, Vec3::new(-0.5, 0.3, -0.7).normalize(), Vec3::new(0.1, -0.9, 0.2).normalize()] {
            let word = octahedral(n);
            let read = |word: u32| (word & 0xffff) as f32 / 65535.0 * 2.0 - 1.0;
            let (x, y) = (read(word), read(word >> 16));
            // as the shader unfolds it
            let z = 1.0 - x.abs() - y.abs();
            let down = (-z).max(0.0);
            let unfolded = Vec3::new(x - down * x.signum(), y - down * y.signum(), z).normalize();
            assert!(unfolded.distance(n) < 1e-3, "{n} became {unfolded}");
        }
    }

    #[test]
    fn an_empty_stage_has_no_triangles() {
        assert_eq!(Mirrored::of(&CarModel::default()), Ok(Mirrored::nothing()));
    }

    #[test]
    fn a_car_of_too_many_triangles_mirrors_a_simpler_one() {
        let car = gridvox_car::CarPack::find("gt3_rear").expect("it is bundled").model;
        let most = car.triangle_count() / 2;
        let Mirrored(words) = Mirrored::of_at_most(&car, most).unwrap_or_else(|refused| panic!("{refused}"));
        let [_, triangles, carried, _] = words[0].map(|word| word as usize);
        assert!((carried - triangles) / 3 <= most && carried > triangles, "{triangles} {carried}");
    }

    #[test]
    fn a_car_that_cannot_be_simpler_says_so() {
        let refused = Mirrored::of_at_most(&box_car(), 4).err().expect("a box has more sides");
        assert!(refused.to_string().contains("mirrors the surroundings alone"), "{refused}");
    }
}
