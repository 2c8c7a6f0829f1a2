//! The car as entities: one per part, made from the car crate's own meshes.

use crate::detail::PartMeshes;
use crate::finish::{FinishMaterial, LightOnSurfaces, finish_for};
use crate::layout::ViewId;
use crate::pane;
use crate::paint::{PaintSlot, PaintTextures};
use bevy::asset::RenderAssetUsages;
use bevy::camera::visibility::RenderLayers;
use bevy::light::NotShadowCaster;
use bevy::mesh::{Indices, MeshTag, PrimitiveTopology};
use bevy::prelude::*;
use bevy::render::storage::ShaderBuffer;
use gridvox_car::{CarModel, CarPack, MaterialKind, Mesh as CarMesh};
use std::collections::HashMap;

/// The layer that every camera sees.
pub const SHARED_LAYER: usize = 0;

/// The layer of the parts that carry a livery, for cameras that show it.
pub fn paint_layer(slot: PaintSlot) -> usize {
    1 + slot.index()
}

/// Layers that one light takes: one for what all its cameras see, and one per livery.
const LAYERS_PER_LIGHT: usize = 1 + PaintSlot::ALL.len();

/// The same layers for what stands in a light, counted from 0. The car stands in each light once, because its surfaces
/// know whether a sun shines and what shadow lies on the ground.
pub(crate) fn layer_in(light: usize, layer: usize) -> usize {
    light * LAYERS_PER_LIGHT + layer
}

/// The layer of what only one view sees: its ground and its distance.
pub(crate) fn dome_layer(view: ViewId) -> usize {
    layer_in(ViewId::COUNT, view.index())
}

/// The car's root entity.
#[derive(Component, Debug)]
pub struct CarOnStage {
    /// The car's id.
    pub id: String,
}

/// A part of the car on stage, by its index in the model.
#[derive(Component, Debug, Clone, Copy, PartialEq, Eq)]
pub struct CarPart(pub usize);

/// The light that something on stage stands in, counted from 0.
#[derive(Component, Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct StandsIn(pub usize);

/// Bevy's mesh for a part. In the second texture coordinate, which no texture uses, travel daylight and the metres that a
/// unit of the first one spans; as colour, where daylight comes from. Cars without baked daylight have occlusion in its place.
pub fn part_mesh(mesh: &CarMesh) -> Mesh {
    let scale = mesh.metres_per_uv();
    let smoothed = smooth_daylight(mesh);
    let light = |index: usize| smoothed.get(index).copied().unwrap_or(1.0);
    let from = |index: usize| mesh.daylight_from.get(index).or(mesh.normals.get(index)).copied().unwrap_or(Vec3::Y);
    let from: Vec<[f32; 4]> = (0..mesh.positions.len()).map(|index| from(index).extend(1.0).to_array()).collect();
    let positions: Vec<[f32; 3]> = mesh.positions.iter().map(|p| p.to_array()).collect();
    let normals: Vec<[f32; 3]> = mesh.normals.iter().map(|n| n.to_array()).collect();
    let uvs: Vec<[f32; 2]> = mesh.uvs.iter().map(|uv| uv.to_array()).collect();
    let daylight: Vec<[f32; 2]> = (0..mesh.positions.len()).map(|index| [light(index), scale]).collect();
    Mesh::new(PrimitiveTopology::TriangleList, RenderAssetUsages::RENDER_WORLD)
        .with_inserted_attribute(Mesh::ATTRIBUTE_POSITION, positions)
        .with_inserted_attribute(Mesh::ATTRIBUTE_NORMAL, normals)
        .with_inserted_attribute(Mesh::ATTRIBUTE_UV_0, uvs)
        .with_inserted_attribute(Mesh::ATTRIBUTE_UV_1, daylight)
        .with_inserted_attribute(Mesh::ATTRIBUTE_COLOR, from)
        .with_inserted_indices(Indices::U32(mesh.indices.clone()))
}

/// Rounds of averaging that take the sampling noise out of baked daylight and leave its broad shadows.
const DAYLIGHT_ROUNDS: usize = 1;

/// Daylight averaged with the neighbours along edges. Vertices in one place count as one, so that seams of the texture
/// layout stay invisible.
fn smooth_daylight(mesh: &CarMesh) -> Vec<f32> {
    let daylight = if mesh.daylight.is_empty() { &mesh.occlusion } else { &mesh.daylight };
    if daylight.len() != mesh.positions.len() {
        return Vec::new();
    }
    let mut places = HashMap::<[i32; 3], u32>::with_capacity(mesh.positions.len());
    let place_of: Vec<usize> = mesh
        .positions
        .iter()
        .map(|p| {
            let next = places.len() as u32;
            // tenths of a millimetre
            *places.entry((*p * 1e4).round().as_ivec3().to_array()).or_insert(next) as usize
        })
        .collect();
    let mut sums = vec![(0.0_f32, 0.0_f32); places.len()];
    for (&place, &open) in place_of.iter().zip(daylight) {
        sums[place].0 += open;
        sums[place].1 += 1.0;
    }
    let mut open: Vec<f32> = sums.iter().map(|(sum, count)| sum / count.max(1.0)).collect();
    for _ in 0..DAYLIGHT_ROUNDS {
        sums.iter_mut().for_each(|sum| *sum = (0.0, 0.0));
        for triangle in mesh.indices.chunks_exact(3) {
            let [a, b, c] = [0, 1, 2].map(|k| place_of[triangle[k] as usize]);
            for (from, to) in [(a, b), (b, c), (c, a)] {
                sums[to].0 += open[from];
                sums[to].1 += 1.0;
                sums[from].0 += open[to];
                sums[from].1 += 1.0;
            }
        }
        for (value, (sum, count)) in open.iter_mut().zip(&sums) {
            if *count > 0.0 {
                *value = value.lerp(sum / count, 0.6);
            }
        }
    }
    place_of.into_iter().map(|place| open[place]).collect()
}

/// What putting a car on stage needs.
pub struct Dressing<'a> {
    /// The liveries' textures.
    pub paint: &'a PaintTextures,
    /// The ground's shadow texture.
    pub ground_shadow: &'a Handle<Image>,
    /// Where it lies.
    pub shadow_area: Vec4,
    /// What shines on it.
    pub light: &'a LightOnSurfaces,
    /// What it mirrors of itself, where it does.
    pub mirrored: Option<&'a Handle<ShaderBuffer>>,
}

/// The meshes of a car's parts; `None` where a part has nothing to show.
pub(crate) fn meshes_of(model: &CarModel) -> Vec<Option<Mesh>> {
    model.parts.iter().map(|part| (!part.mesh.indices.is_empty()).then(|| part_mesh(&part.mesh))).collect()
}

/// The same, on their way to the graphics card.
pub(crate) fn part_meshes(meshes: &mut Assets<Mesh>, made: Vec<Option<Mesh>>) -> PartMeshes {
    made.into_iter().map(|mesh| mesh.map(|mesh| meshes.add(mesh))).collect()
}

/// Spawns a car in the first light. Painted parts exist once per livery, in layers of their own, and share their meshes.
pub fn spawn(
    commands: &mut Commands,
    meshes: &mut Assets<Mesh>,
    finishes: &mut Assets<FinishMaterial>,
    car: &CarPack,
    dressing: &Dressing,
) -> Entity {
    let parts = part_meshes(meshes, meshes_of(&car.model));
    spawn_in(0, commands, &parts, finishes, car, dressing)
}

/// As [`spawn`], in any light and with meshes that are there already.
pub(crate) fn spawn_in(
    light: usize,
    commands: &mut Commands,
    meshes: &PartMeshes,
    finishes: &mut Assets<FinishMaterial>,
    car: &CarPack,
    dressing: &Dressing,
) -> Entity {
    let through_windows = pane::through_windows(&car.model);
    let mut finish = |material: usize, slot| {
        let material = &car.model.materials[material];
        let mut made = finish_for(material, slot, dressing);
        if material.kind == MaterialKind::Interior {
            made.extension.surface.sunlight = through_windows;
        }
        finishes.add(made)
    };
    let materials: Vec<[Handle<FinishMaterial>; 2]> = (0..car.model.materials.len())
        .map(|index| {
            let first = finish(index, PaintSlot::A);
            let painted = car.model.materials[index].kind == MaterialKind::Paint;
            let second = if painted { finish(index, PaintSlot::B) } else { first.clone() };
            [first, second]
        })
        .collect();

    let root = commands
        .spawn((
            Name::new(car.manifest.id.clone()),
            CarOnStage { id: car.manifest.id.clone() },
            StandsIn(light),
            Transform::IDENTITY,
            Visibility::default(),
        ))
        .id();
    for (index, part) in car.model.parts.iter().enumerate() {
        let Some(Some(mesh)) = meshes.get(index) else { continue };
        let kind = car.model.materials[part.material].kind;
        let painted = kind == MaterialKind::Paint;
        for slot in PaintSlot::ALL {
            if slot == PaintSlot::B && !painted {
                continue;
            }
            let layer = layer_in(light, if painted { paint_layer(slot) } else { SHARED_LAYER });
            let mut entity = commands.spawn((
                Name::new(part.name.clone()),
                CarPart(index),
                MeshTag(index as u32),
                StandsIn(light),
                Visibility::default(),
                Mesh3d(mesh.clone()),
                MeshMaterial3d(materials[part.material][slot.index()].clone()),
                Transform::IDENTITY,
                RenderLayers::layer(layer),
                ChildOf(root),
            ));
            // the second livery has the first one's shape, so one shadow is enough
            if kind == MaterialKind::Glass || slot == PaintSlot::B {
                entity.insert(NotShadowCaster);
            }
        }
    }
    root
}

#[cfg(test)]
mod tests {
    use super::*;
    use bevy::mesh::VertexAttributeValues;

    #[test]
    fn a_mesh_carries_its_daylight() {
        let mesh = CarMesh {
            positions: vec![glam::Vec3::ZERO, glam::Vec3::X, glam::Vec3::Y],
            normals: vec![glam::Vec3::Z; 3],
            uvs: vec![glam::Vec2::ZERO; 3],
            daylight: vec![0.5; 3],
            indices: vec![0, 1, 2],
            ..CarMesh::default()
        };
        let made = part_mesh(&mesh);
        let Some(VertexAttributeValues::Float32x2(open)) = made.attribute(Mesh::ATTRIBUTE_UV_1) else {
            panic!("daylight is missing");
        };
        assert!(open.iter().all(|o| (o[0] - 0.5).abs() < 1e-6), "{open:?}");
        // all texture coordinates are in one place
        assert!(open.iter().all(|o| o[1] == 0.0), "{open:?}");
        let flat = CarMesh { uvs: mesh.positions.iter().map(|p| p.truncate() * 0.25).collect(), ..mesh.clone() };
        assert!((flat.metres_per_uv() - 4.0).abs() < 1e-5);
        assert_eq!(made.indices().map(|i| i.len()), Some(3));
        let bare = part_mesh(&CarMesh { daylight: Vec::new(), ..mesh });
        assert_eq!(bare.attribute(Mesh::ATTRIBUTE_UV_1).map(|open| open.get_bytes().len()), Some(24));
    }

    #[test]
    fn smoothing_evens_noise_out_across_seams() {
        // a strip of quads whose vertices are doubled along every rung, as texture seams double them
        let mut mesh = CarMesh::default();
        for quad in 0..20_u32 {
            for corner in [(0, 0), (1, 0), (0, 1), (1, 1)] {
                mesh.positions.push(glam::Vec3::new((quad + corner.0) as f32 * 0.02, corner.1 as f32 * 0.02, 0.0));
                mesh.daylight.push(if (quad + corner.0) % 2 == 0 { 0.4 } else { 0.8 });
            }
            mesh.indices.extend([0, 1, 2, 1, 3, 2].map(|k| quad * 4 + k));
        }
        let smooth = smooth_daylight(&mesh);
        assert!(smooth[20..60].iter().all(|o| (o - 0.6).abs() < 0.06), "{smooth:?}");
        // both sides of a rung agree
        assert!((smooth[4 * 7 + 1] - smooth[4 * 8]).abs() < 1e-6);
    }
}
