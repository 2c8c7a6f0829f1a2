//! The car as entities: one per part, made from the car crate's own meshes.

use crate::finish::{FinishMaterial, finish_for};
use crate::paint::{PaintSlot, PaintTextures};
use bevy::asset::RenderAssetUsages;
use bevy::camera::visibility::RenderLayers;
use bevy::light::NotShadowCaster;
use bevy::mesh::{Indices, PrimitiveTopology};
use bevy::prelude::*;
use gridvox_car::{CarPack, MaterialKind, Mesh as CarMesh};

/// The layer that every camera sees.
pub const SHARED_LAYER: usize = 0;

/// The layer of the parts that carry a livery, for cameras that show it.
pub fn paint_layer(slot: PaintSlot) -> usize {
    1 + slot.index()
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

/// Bevy's mesh for a part. Occlusion travels in the second texture coordinate's first number, which no texture uses.
pub fn part_mesh(mesh: &CarMesh) -> Mesh {
    let open = |index: usize| mesh.occlusion.get(index).copied().unwrap_or(1.0);
    let positions: Vec<[f32; 3]> = mesh.positions.iter().map(|p| p.to_array()).collect();
    let normals: Vec<[f32; 3]> = mesh.normals.iter().map(|n| n.to_array()).collect();
    let uvs: Vec<[f32; 2]> = mesh.uvs.iter().map(|uv| uv.to_array()).collect();
    let occlusion: Vec<[f32; 2]> = (0..mesh.positions.len()).map(|index| [open(index), 0.0]).collect();
    Mesh::new(PrimitiveTopology::TriangleList, RenderAssetUsages::RENDER_WORLD)
        .with_inserted_attribute(Mesh::ATTRIBUTE_POSITION, positions)
        .with_inserted_attribute(Mesh::ATTRIBUTE_NORMAL, normals)
        .with_inserted_attribute(Mesh::ATTRIBUTE_UV_0, uvs)
        .with_inserted_attribute(Mesh::ATTRIBUTE_UV_1, occlusion)
        .with_inserted_indices(Indices::U32(mesh.indices.clone()))
}

/// What putting a car on stage needs.
pub struct Dressing<'a> {
    /// The liveries' textures.
    pub paint: &'a PaintTextures,
    /// The ground's shadow texture.
    pub ground_shadow: &'a Handle<Image>,
    /// Where it lies.
    pub shadow_area: Vec4,
}

/// Spawns a car. Painted parts exist once per livery, in layers of their own, and share their meshes.
pub fn spawn(
    commands: &mut Commands,
    meshes: &mut Assets<Mesh>,
    finishes: &mut Assets<FinishMaterial>,
    car: &CarPack,
    dressing: &Dressing,
) -> Entity {
    let mut finish = |material: usize, slot| {
        let (paint, shadow) = (dressing.paint, dressing.ground_shadow);
        finishes.add(finish_for(&car.model.materials[material], paint, slot, shadow, dressing.shadow_area))
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
            Transform::IDENTITY,
            Visibility::default(),
        ))
        .id();
    for (index, part) in car.model.parts.iter().enumerate() {
        if part.mesh.indices.is_empty() {
            continue;
        }
        let mesh = meshes.add(part_mesh(&part.mesh));
        let kind = car.model.materials[part.material].kind;
        let painted = kind == MaterialKind::Paint;
        for slot in PaintSlot::ALL {
            if slot == PaintSlot::B && !painted {
                continue;
            }
            let layer = if painted { paint_layer(slot) } else { SHARED_LAYER };
            let mut entity = commands.spawn((
                Name::new(part.name.clone()),
                CarPart(index),
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
    fn a_mesh_carries_its_occlusion() {
        let mesh = CarMesh {
            positions: vec![glam::Vec3::ZERO, glam::Vec3::X, glam::Vec3::Y],
            normals: vec![glam::Vec3::Z; 3],
            uvs: vec![glam::Vec2::ZERO; 3],
            occlusion: vec![0.25, 0.5],
            indices: vec![0, 1, 2],
        };
        let made = part_mesh(&mesh);
        let Some(VertexAttributeValues::Float32x2(open)) = made.attribute(Mesh::ATTRIBUTE_UV_1) else {
            panic!("occlusion is missing");
        };
        assert_eq!(open.iter().map(|o| o[0]).collect::<Vec<_>>(), [0.25, 0.5, 1.0]);
        assert_eq!(made.indices().map(|i| i.len()), Some(3));
    }
}
