//! What a plain GLB is made of, for a person to say what of it carries the livery.

use serde::{Deserialize, Serialize};

use super::{PlainNames, leave_out_stickers, scenery};
use crate::error::MeshError;
use crate::glb;
use crate::model::{CarModel, MaterialKind};

/// Words in the names of materials that are body paint.
const PAINT_WORDS: [&str; 6] = ["paint", "body", "livery", "carrosserie", "karosserie", "exterior"];

/// A material of a mesh.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LookMaterial {
    /// Its name.
    pub name: String,
    /// Its share of the car's surface, 0..1.
    pub share: f32,
    /// Whether it probably carries the livery.
    pub is_likely_paint: bool,
}

impl LookMaterial {
    /// Reads a list that was written as JSON.
    pub fn parse(json: &str) -> Option<Vec<Self>> {
        serde_json::from_str(json).ok()
    }
}

/// The materials of a plain GLB, those with most surface first; ground, backdrop and stickers are left out.
///
/// # Errors
/// Where the file is no mesh that can be used.
pub fn look(bytes: &[u8]) -> Result<Vec<LookMaterial>, MeshError> {
    let mut model = glb::read_parts(bytes, &PlainNames { paint: None })?;
    leave_out_stickers(&mut model);
    scenery::leave_out(&mut model);
    Ok(materials(&model))
}

fn materials(model: &CarModel) -> Vec<LookMaterial> {
    let mut areas = vec![0.0f64; model.materials.len()];
    for part in &model.parts {
        for t in part.mesh.indices.chunks_exact(3) {
            areas[part.material] += f64::from(part.mesh.area(t));
        }
    }
    let total: f64 = areas.iter().sum::<f64>().max(f64::MIN_POSITIVE);
    let could_be = |kind: MaterialKind| matches!(kind, MaterialKind::Paint | MaterialKind::Carbon | MaterialKind::Metal);
    let named = |name: &str| {
        let name = name.to_lowercase();
        PAINT_WORDS.iter().any(|word| name.contains(word))
    };
    let likely: Vec<bool> = model.materials.iter().map(|m| could_be(m.kind) && named(&m.name)).collect();
    // Where no name tells, the largest surface that could be paint.
    let largest = (0..areas.len()).filter(|&i| could_be(model.materials[i].kind)).max_by(|&a, &b| areas[a].total_cmp(&areas[b]));
    let guessed = largest.filter(|_| !likely.iter().zip(&areas).any(|(&likely, &area)| likely && area > 0.0));
    let mut found: Vec<LookMaterial> = (0..areas.len())
        .filter(|&i| areas[i] > 0.0)
        .map(|i| LookMaterial {
            name: model.materials[i].name.clone(),
            share: (areas[i] / total) as f32,
            is_likely_paint: likely[i] || guessed == Some(i),
        })
        .collect();
    found.sort_by(|a, b| b.share.total_cmp(&a.share).then_with(|| a.name.cmp(&b.name)));
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::export::glb_bytes;
    use crate::testing::box_car;

    #[test]
    fn paint_is_told_by_its_name_or_by_its_size() {
        let mut car = box_car();
        let found = look(&glb_bytes(&car, "car")).expect("a mesh");
        assert!((found.iter().map(|m| m.share).sum::<f32>() - 1.0).abs() < 1e-3, "{found:?}");
        assert!(found.windows(2).all(|pair| pair[0].share >= pair[1].share));
        let likely = |found: &[LookMaterial]| found.iter().filter(|m| m.is_likely_paint).map(|m| m.name.clone()).collect::<Vec<_>>();
        assert!(likely(&found).iter().all(|name| name.contains("paint")) && !likely(&found).is_empty(), "{found:?}");
        for (index, material) in car.materials.iter_mut().enumerate() {
            material.name = format!("m{index}");
        }
        // Names that are exported with a prefix of their kind would tell.
        for material in &mut car.materials {
            material.kind = MaterialKind::Carbon;
        }
        let found = look(&glb_bytes(&car, "car")).expect("a mesh");
        assert_eq!(likely(&found), [found[0].name.clone()], "{found:?}");
        assert_eq!(look(b"glTF").expect_err("no file"), MeshError::NotGlb);
    }
}
