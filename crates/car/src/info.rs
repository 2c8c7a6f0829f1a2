//! What `gridvox car info` tells about a car.

use crate::atlas::AtlasReport;
use crate::model::{MaterialKind, PartClass};
use crate::pack::CarPack;
use glam::Vec3;
use serde::Serialize;
use std::fmt;

/// A car in numbers.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CarInfo {
    /// Short name.
    pub id: String,
    /// The name shown to people.
    pub name: String,
    /// Racing class.
    pub class: String,
    /// Width, height and length of the mesh in metres.
    pub mesh_m: Vec3,
    /// Width without mirrors, height and length of the real car in metres.
    pub manifest_m: Vec3,
    /// All triangles.
    pub triangles: usize,
    /// All vertices.
    pub vertices: usize,
    /// Triangles that carry the livery.
    pub paint_triangles: usize,
    /// Names of all wheels that can turn.
    pub wheels: Vec<String>,
    /// Every part.
    pub parts: Vec<PartInfo>,
    /// The paint's texture layout.
    pub atlas: AtlasReport,
    /// SHA-256 of mesh and manifest.
    pub hash: String,
}

/// A part in numbers.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PartInfo {
    /// Name.
    pub name: String,
    /// What it is.
    pub class: PartClass,
    /// Name of its material.
    pub material: String,
    /// What that is made of.
    pub kind: MaterialKind,
    /// Triangles.
    pub triangles: usize,
    /// The part on the other side.
    pub mirror: Option<String>,
}

impl CarInfo {
    /// Measures a loaded car.
    pub fn of(pack: &CarPack) -> Self {
        let (model, manifest) = (&pack.model, &pack.manifest);
        let (low, high) = model.bounds();
        let part = |part: &crate::model::Part| {
            let material = &model.materials[part.material];
            PartInfo {
                name: part.name.clone(),
                class: part.class,
                material: material.name.clone(),
                kind: material.kind,
                triangles: part.mesh.indices.len() / 3,
                mirror: part.mirror.map(|index| model.parts[index].name.clone()),
            }
        };
        let parts: Vec<PartInfo> = model.parts.iter().map(part).collect();
        Self {
            id: manifest.id.clone(),
            name: manifest.name.clone(),
            class: manifest.class.clone(),
            mesh_m: high - low,
            manifest_m: Vec3::new(manifest.width_m, manifest.height_m, manifest.length_m),
            triangles: model.triangle_count(),
            vertices: model.parts.iter().map(|part| part.mesh.positions.len()).sum(),
            paint_triangles: parts.iter().filter(|p| p.kind == MaterialKind::Paint).map(|p| p.triangles).sum(),
            wheels: model.wheels.iter().map(|wheel| wheel.name.clone()).collect(),
            parts,
            atlas: AtlasReport::measure(model, manifest.paint.uv_size),
            hash: pack.hash.clone(),
        }
    }
}

impl fmt::Display for CarInfo {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let (m, r, a) = (self.mesh_m, self.manifest_m, &self.atlas);
        writeln!(f, "{} ({}), class {}", self.name, self.id, self.class)?;
        writeln!(f, "size       {:.3} x {:.3} x {:.3} m long, wide, high (real: {:.3} x {:.3} x {:.3})", m.z, m.x, m.y, r.z, r.x, r.y)?;
        writeln!(f, "mesh       {} triangles ({} painted), {} vertices, {} parts", self.triangles, self.paint_triangles, self.vertices, self.parts.len())?;
        writeln!(f, "wheels     {}", if self.wheels.is_empty() { "none can turn".to_owned() } else { self.wheels.join(", ") })?;
        writeln!(f, "paint      {:.2} m2 in {} islands on {} x {} px, {:.1} % of the texture", a.paint_m2, a.islands, a.size, a.size, a.coverage * 100.0)?;
        writeln!(f, "density    {:.0} px per metre (5 to 95 %: {:.0} to {:.0})", a.mean_texels_per_metre, a.density_range.0, a.density_range.1)?;
        let padding = a.padding_px.map_or("more than 32 px".to_owned(), |px| format!("{px} px"));
        writeln!(f, "layout     {:.3} % overlap, islands at least {padding} apart", a.overlap * 100.0)?;
        writeln!(f, "{:<28} {:<20} {:<18} {:>9}  mirror", "part", "class", "material", "triangles")?;
        for part in &self.parts {
            let mirror = part.mirror.as_deref().map_or("-", |name| if name == part.name { "itself" } else { name });
            writeln!(f, "{:<28} {:<20} {:<18} {:>9}  {mirror}", part.name, part.class.name(), part.material, part.triangles)?;
        }
        Ok(())
    }
}
