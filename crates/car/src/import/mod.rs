//! Makes a car pack of a plain GLB: finds how the car stands in it, what each piece is, and a texture layout for the paint.
//!
//! The steps, each a module: `scenery` leaves out ground and backdrop, `placement` turns the mesh into the car's frame and metres, `hidden` takes what nobody can
//! see out of the paint, `regions` names the painted pieces by comparing with a car whose pieces are known, `wheels` finds
//! the tyres, and `unwrap` lays the paint out anew where its texture coordinates overlap or are missing. What was decided
//! is told in notes, one sentence each.

mod hidden;
mod look;
mod placement;
mod regions;
mod scenery;
mod unwrap;
mod wheels;

use std::path::Path;

use regex::Regex;

use crate::atlas::AtlasReport;
use crate::error::{CarError, MeshError};
use crate::export::{export_name, glb_bytes};
use crate::files::{FileError, write_atomic};
use crate::glb::{self, Rules};
use crate::manifest::{CarManifest, MANIFEST_NAME, MirrorSpec, PaintSpec, SimTargets};
use crate::mirror::pair_parts;
use crate::model::{CarModel, MaterialKind, PartClass};

pub use look::{LookMaterial, look};
pub use placement::Nose;

/// The texture size that new layouts are made for, in pixels.
const UV_SIZE: u32 = 2048;
/// A layout is kept when no more of the paint than this lies on other paint, share of the painted texels.
const TOLERATED_OVERLAP: f32 = 0.01;
/// A layout is kept when at least this much of the texture carries paint.
const LEAST_COVERAGE: f32 = 0.05;
/// A car without tyres in sight is taken to have this wheelbase, as a share of its length.
const USUAL_WHEELBASE: f32 = 0.56;

/// What the person who imports says about the mesh.
#[derive(Debug, Clone)]
pub struct ImportOptions {
    /// The pack's id; lowercase letters, digits, `_` and `-`.
    pub id: String,
    /// The name shown to people.
    pub name: String,
    /// Matches names of materials or parts that carry the livery.
    pub paint: Regex,
    /// Real length in metres, where the mesh's own unit does not tell it.
    pub length_m: Option<f32>,
    /// Where the nose points in the file, where its shape and names do not tell it.
    pub nose: Option<Nose>,
}

impl ImportOptions {
    /// Matches exactly the materials of these names.
    ///
    /// # Errors
    /// Where there are too many of them for a pattern.
    pub fn paint_of(names: &[impl AsRef<str>]) -> Result<Regex, regex::Error> {
        let each: Vec<String> = names.iter().map(|name| regex::escape(name.as_ref())).collect();
        Regex::new(&format!("^({})$", each.join("|")))
    }
}

/// A car that came from a plain GLB.
#[derive(Debug, Clone)]
pub struct Imported {
    /// What `car.toml` will say.
    pub manifest: CarManifest,
    /// The car in the program's frame.
    pub model: CarModel,
    /// What was found and decided, one sentence each.
    pub notes: Vec<String>,
}

struct PlainNames<'a> {
    /// Nothing is paint yet where there is none.
    paint: Option<&'a Regex>,
}

impl Rules for PlainNames<'_> {
    fn kind(&self, part: &str, material: &str) -> Option<MaterialKind> {
        self.paint.is_some_and(|paint| paint.is_match(material) || paint.is_match(part)).then_some(MaterialKind::Paint)
    }

    fn class(&self, part: &str) -> PartClass {
        regions::class_by_name(part).unwrap_or(PartClass::Other)
    }

    fn needs_uvs(&self) -> bool {
        false
    }

    fn reads_compressed(&self) -> bool {
        true
    }
}

/// Reads a plain GLB as a car. `known` is a car whose parts are named, to compare shapes with.
pub fn import(bytes: &[u8], options: &ImportOptions, known: Option<&CarModel>) -> Result<Imported, MeshError> {
    let mut model = glb::read_parts(bytes, &PlainNames { paint: Some(&options.paint) })?;
    if !(0..model.parts.len()).any(|part| model.is_paint(part)) {
        return Err(MeshError::NoMatch { regex: options.paint.to_string(), names: names(&model) });
    }
    let mut notes = Vec::new();
    notes.extend(leave_out_stickers(&mut model));
    notes.extend(scenery::leave_out(&mut model));
    let placement = placement::find(&model, options.length_m, options.nose)?;
    placement.apply(&mut model);
    notes.extend(placement.notes);

    notes.extend(hidden::take_out(&mut model));
    if let Some(known) = known {
        regions::split(&mut model, known);
    }
    let wheels = wheels::find(&mut model);
    notes.extend(layout(&mut model)?);
    for material in &mut model.materials {
        material.name = export_name(material);
    }
    pair_parts(&mut model.parts);

    let (low, high) = model.bounds();
    let size = high - low;
    let wheelbase_m = wheels::wheelbase(&wheels).unwrap_or_else(|| {
        notes.push("No tyres were found, so wheels will not turn; name them in car.toml.".into());
        USUAL_WHEELBASE * size.z
    });
    let manifest = CarManifest {
        id: options.id.clone(),
        name: options.name.clone(),
        class: "imported".into(),
        mesh: "car.glb".into(),
        length_m: size.z,
        width_m: size.x,
        height_m: size.y,
        wheelbase_m,
        paint: PaintSpec { uv_size: UV_SIZE, ..PaintSpec::default() },
        mirror: MirrorSpec::default(),
        materials: model.materials.iter().filter(|m| m.kind != MaterialKind::Paint).map(|m| (m.name.clone(), m.kind)).collect(),
        parts: model.parts.iter().filter(|p| p.class != PartClass::Other).map(|p| (p.name.clone(), p.class)).collect(),
        wheels,
        sims: SimTargets::default(),
        author: None,
        licence: None,
    };
    Ok(Imported { manifest, model, notes })
}

/// Takes off thin layers with the mesh's own logos on them: they would lie over every livery.
fn leave_out_stickers(model: &mut CarModel) -> Option<String> {
    let CarModel { parts, materials, .. } = model;
    let before = parts.len();
    parts.retain(|part| {
        let material = &materials[part.material];
        let name = material.name.to_lowercase();
        material.kind == MaterialKind::Paint || !["decal", "sticker", "logo"].iter().any(|word| name.contains(word))
    });
    let count = before - parts.len();
    (count > 0).then(|| format!("{count} parts that only carry the mesh's own stickers were left out."))
}

/// Keeps the paint's texture coordinates where a livery can use them, and makes new ones where not.
fn layout(model: &mut CarModel) -> Result<Option<String>, MeshError> {
    let inside = |uv: &glam::Vec2| uv.is_finite() && uv.min_element() >= 0.0 && uv.max_element() <= 1.0;
    let mut paint = (0..model.parts.len()).filter(|&index| model.is_paint(index));
    let fits = paint.all(|index| model.parts[index].mesh.uvs.iter().all(inside));
    let reason = if !fits {
        "leave the texture".to_owned()
    } else {
        let report = AtlasReport::measure(model, UV_SIZE / 2);
        if report.coverage < LEAST_COVERAGE {
            "are missing".to_owned()
        } else if report.overlap > TOLERATED_OVERLAP {
            format!("overlap in {:.0} % of the paint", 100.0 * report.overlap)
        } else {
            return Ok(None);
        }
    };
    let charts = unwrap::paint(model, UV_SIZE)?;
    let report = AtlasReport::measure(model, UV_SIZE / 2);
    Ok(Some(format!(
        "The paint's texture coordinates {reason}, so it was laid out anew in {charts} pieces: {:.0} texels a metre at {UV_SIZE}, {:.0} % of the texture used.",
        2.0 * report.mean_texels_per_metre,
        100.0 * report.coverage
    )))
}

/// Names of materials, for a person to choose from.
fn names(model: &CarModel) -> String {
    const MOST: usize = 20;
    let mut names: Vec<&str> = model.materials.iter().map(|m| m.name.as_str()).collect();
    names.dedup();
    names.truncate(MOST);
    names.join(", ")
}

impl Imported {
    /// Writes `car.glb` and `car.toml` into a folder, which is made where it is missing.
    pub fn write(&self, folder: &Path) -> Result<(), CarError> {
        std::fs::create_dir_all(folder).map_err(|error| FileError::new("making the folder", folder, error))?;
        write_atomic(&folder.join(&self.manifest.mesh), &glb_bytes(&self.model, &self.manifest.name))?;
        write_atomic(&folder.join(MANIFEST_NAME), self.manifest.to_toml().as_bytes())?;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
