//! `car.toml`: what a car pack says about its mesh.
//!
//! ```toml
//! id = "gt3_rear"
//! name = "GT3, rear engine"
//! class = "GT3"
//! mesh = "car.glb"
//! size_m = { length = 4.62, width = 2.05, height = 1.28, wheelbase = 2.51 }
//!
//! [paint]
//! materials = ["paint"]          # prefixes of material names
//! uv_size = 2048
//!
//! [materials]                    # prefix of a material's name = kind
//! glass = "glass"
//!
//! [parts]                        # part = class; what is not listed is `other`
//! door_left = "door_left"
//!
//! [wheels.front_left]
//! center = [0.83, 0.34, 1.25]
//! radius = 0.34
//! parts = ["tyre_front_left", "rim_front_left"]
//! still = ["brake_caliper_front_left"]   # steers, but does not turn
//!
//! [sims.ams2]
//! vehicle = "gt3_rear"
//! slots_from = 51
//! body_texture = "BODY"
//! base_livery = "Default"
//! ```

use crate::CarError;
use crate::files::read_limited;
use crate::model::{MaterialKind, PartClass};
use glam::Vec3;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Component, Path};

/// The manifest's file name in a car pack.
pub const MANIFEST_NAME: &str = "car.toml";

/// File name of the picture that a car pack may have for lists of cars.
pub const THUMBNAIL_NAME: &str = "thumbnail.png";

/// A manifest is a page of text; more than this is something else.
const MAX_MANIFEST_BYTES: u64 = 1 << 20;

/// Real sizes in metres between which a car may lie: a kart to a lorry.
const SIZE_RANGE_M: std::ops::RangeInclusive<f32> = 0.3..=30.0;

/// Sizes of the paint's texture that the program makes, in pixels.
const UV_SIZE_RANGE: std::ops::RangeInclusive<u32> = 256..=8192;

/// What `car.toml` says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(from = "ManifestFile", into = "ManifestFile")]
pub struct CarManifest {
    /// Short name of lowercase letters, digits, `_` and `-`.
    pub id: String,
    /// The name shown to people.
    pub name: String,
    /// Racing class such as `GT3`.
    pub class: String,
    /// The mesh's file name in the pack.
    pub mesh: String,
    /// Real length in metres.
    pub length_m: f32,
    /// Real width in metres, without mirrors.
    pub width_m: f32,
    /// Real height in metres.
    pub height_m: f32,
    /// Distance between the axles in metres.
    pub wheelbase_m: f32,
    /// What carries the livery.
    pub paint: PaintSpec,
    /// Where the car mirrors.
    pub mirror: MirrorSpec,
    /// Prefixes of material names and their kinds; the longest that fits counts.
    pub materials: BTreeMap<String, MaterialKind>,
    /// Part names and their classes.
    pub parts: BTreeMap<String, PartClass>,
    /// Wheels by name: `front_left`, `front_right`, `rear_left`, `rear_right`.
    pub wheels: BTreeMap<String, WheelSpec>,
    /// The simulators that the car exists in.
    pub sims: SimTargets,
    /// Who made the mesh, for credits.
    pub author: Option<String>,
    /// Under which terms the mesh may be used.
    pub licence: Option<String>,
}

/// `car.toml` as it is written.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ManifestFile {
    id: String,
    name: String,
    class: String,
    #[serde(default = "default_mesh")]
    mesh: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    author: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none", alias = "license")]
    licence: Option<String>,
    size_m: SizeM,
    #[serde(default)]
    paint: PaintSpec,
    #[serde(default)]
    mirror: MirrorSpec,
    #[serde(default)]
    materials: BTreeMap<String, MaterialKind>,
    #[serde(default)]
    parts: BTreeMap<String, PartClass>,
    #[serde(default)]
    wheels: BTreeMap<String, WheelSpec>,
    #[serde(default)]
    sims: SimTargets,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SizeM {
    length: f32,
    width: f32,
    height: f32,
    wheelbase: f32,
}

fn default_mesh() -> String {
    "car.glb".to_owned()
}

/// What carries the livery.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PaintSpec {
    /// Prefixes of the names of painted materials.
    pub materials: Vec<String>,
    /// The texture size in pixels that the layout was made for.
    pub uv_size: u32,
}

impl Default for PaintSpec {
    fn default() -> Self {
        Self { materials: vec!["paint".to_owned()], uv_size: 2048 }
    }
}

/// Where the car mirrors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MirrorSpec {
    /// The plane's normal.
    pub plane: MirrorPlane,
}

/// The mirror plane's normal. Cars stand in one frame, so there is one plane.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MirrorPlane {
    /// The plane X = 0: left and right swap.
    #[default]
    X,
}

/// One wheel.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WheelSpec {
    /// Middle of the wheel, in metres.
    pub center: Vec3,
    /// Outer radius of the tyre, in metres.
    pub radius: f32,
    /// Names of the parts that turn about its axle.
    #[serde(default)]
    pub parts: Vec<String>,
    /// Names of the parts that steer with it but do not turn: brake calipers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub still: Vec<String>,
}

/// The simulators that a car exists in.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct SimTargets {
    /// Automobilista 2.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ams2: Option<Ams2Target>,
}

/// What Automobilista 2 calls the car.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ams2Target {
    /// The vehicle's folder name.
    pub vehicle: String,
    /// First livery number that belongs to players.
    #[serde(default = "default_slots_from")]
    pub slots_from: u32,
    /// The texture slot that carries the livery.
    #[serde(default = "default_body_texture")]
    pub body_texture: String,
    /// The livery that a new one starts from.
    #[serde(default = "default_base_livery")]
    pub base_livery: String,
}

fn default_slots_from() -> u32 {
    51
}

fn default_body_texture() -> String {
    "BODY".to_owned()
}

fn default_base_livery() -> String {
    "Default".to_owned()
}

impl From<ManifestFile> for CarManifest {
    fn from(file: ManifestFile) -> Self {
        Self {
            id: file.id,
            name: file.name,
            class: file.class,
            mesh: file.mesh,
            length_m: file.size_m.length,
            width_m: file.size_m.width,
            height_m: file.size_m.height,
            wheelbase_m: file.size_m.wheelbase,
            paint: file.paint,
            mirror: file.mirror,
            materials: file.materials,
            parts: file.parts,
            wheels: file.wheels,
            sims: file.sims,
            author: file.author,
            licence: file.licence,
        }
    }
}

impl From<CarManifest> for ManifestFile {
    fn from(m: CarManifest) -> Self {
        Self {
            id: m.id,
            name: m.name,
            class: m.class,
            mesh: m.mesh,
            author: m.author,
            licence: m.licence,
            size_m: SizeM {
                length: m.length_m,
                width: m.width_m,
                height: m.height_m,
                wheelbase: m.wheelbase_m,
            },
            paint: m.paint,
            mirror: m.mirror,
            materials: m.materials,
            parts: m.parts,
            wheels: m.wheels,
            sims: m.sims,
        }
    }
}

impl CarManifest {
    /// Reads and checks `car.toml` in a car pack's folder.
    pub fn load(dir: &Path) -> Result<Self, CarError> {
        let path = dir.join(MANIFEST_NAME);
        let bytes = read_limited(&path, MAX_MANIFEST_BYTES)?;
        Self::parse(&bytes).map_err(|reason| CarError::Manifest { path, reason })
    }

    /// Reads and checks a manifest's text; the error says what is wrong with it.
    pub fn parse(bytes: &[u8]) -> Result<Self, String> {
        let text = std::str::from_utf8(bytes).map_err(|_| "it is not UTF-8 text".to_owned())?;
        // The parser's own message spans several lines with a picture of the place.
        let manifest: Self = toml::from_str(text).map_err(|e| {
            let line = e.span().map_or(1, |span| text[..span.start.min(text.len())].lines().count().max(1));
            format!("line {line}: {}", e.message().trim_end_matches('.').replace('\n', ", "))
        })?;
        manifest.check()?;
        Ok(manifest)
    }

    /// The manifest as text for a file.
    pub fn to_toml(&self) -> String {
        toml::to_string(self).expect("a manifest holds only tables, texts and numbers")
    }

    fn check(&self) -> Result<(), String> {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || c == '-';
        if self.id.is_empty() || self.id.len() > 64 || !self.id.chars().all(plain) {
            return Err(format!("id \"{}\" must be 1 to 64 lowercase letters, digits, _ and -", self.id));
        }
        let mesh = Path::new(&self.mesh);
        if !mesh.components().all(|c| matches!(c, Component::Normal(_))) || mesh.file_name().is_none() {
            return Err(format!("mesh \"{}\" must be a file inside the car's folder", self.mesh));
        }
        let sizes = [
            ("length", self.length_m),
            ("width", self.width_m),
            ("height", self.height_m),
            ("wheelbase", self.wheelbase_m),
        ];
        for (name, size) in sizes {
            if !SIZE_RANGE_M.contains(&size) {
                return Err(format!("size_m.{name} is {size}, and a car measures 0.3 to 30 metres"));
            }
        }
        if self.paint.materials.is_empty() || self.paint.materials.iter().any(String::is_empty) {
            return Err("paint.materials must name at least one material".to_owned());
        }
        if !UV_SIZE_RANGE.contains(&self.paint.uv_size) {
            return Err(format!("paint.uv_size is {}, and 256 to 8192 is possible", self.paint.uv_size));
        }
        for (name, wheel) in &self.wheels {
            let known = ["front_left", "front_right", "rear_left", "rear_right"];
            if !known.contains(&name.as_str()) {
                return Err(format!("wheels.{name} is unknown: use {}", known.join(", ")));
            }
            if !wheel.center.is_finite() || !(0.02..=2.0).contains(&wheel.radius) {
                return Err(format!("wheels.{name} needs a finite center and a radius of 0.02 to 2 metres"));
            }
        }
        Ok(())
    }

    /// Kind of a material by its name: the paint's prefixes first, then the longest prefix that fits.
    pub fn material_kind(&self, material: &str) -> Option<MaterialKind> {
        if self.paint.materials.iter().any(|prefix| material.starts_with(prefix.as_str())) {
            return Some(MaterialKind::Paint);
        }
        self.materials
            .iter()
            .filter(|(prefix, _)| material.starts_with(prefix.as_str()))
            .max_by_key(|(prefix, _)| prefix.len())
            .map(|(_, kind)| *kind)
    }

    /// Class of a part by its name.
    pub fn part_class(&self, part: &str) -> PartClass {
        self.parts.get(part).copied().unwrap_or(PartClass::Other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"
id = "gt3_rear"
name = "GT3, rear engine"
class = "GT3"
mesh = "car.glb"
size_m = { length = 4.62, width = 2.05, height = 1.28, wheelbase = 2.51 }
[paint]
materials = ["paint"]
uv_size = 2048
[mirror]
plane = "x"
[materials]
glass = "glass"
glass_lamp = "lamp"
[parts]
door_left = "door_left"
[wheels]
front_left = { center = [0.83, 0.34, 1.25], radius = 0.34, parts = ["tyre_front_left"] }
[sims.ams2]
vehicle = "gt3_rear"
slots_from = 51
body_texture = "BODY"
base_livery = "Default"
"#;

    #[test]
    fn the_documented_form_is_read_and_written_back() {
        let manifest = CarManifest::parse(GOOD.as_bytes()).expect("valid");
        assert_eq!(manifest.length_m, 4.62);
        assert_eq!(manifest.material_kind("paint_body"), Some(MaterialKind::Paint));
        assert_eq!(manifest.material_kind("glass_lamp.001"), Some(MaterialKind::Lamp));
        assert_eq!(manifest.material_kind("glass_door"), Some(MaterialKind::Glass));
        assert_eq!(manifest.material_kind("rubber"), None);
        assert_eq!(manifest.part_class("door_left"), PartClass::DoorLeft);
        assert_eq!(manifest.part_class("aerial"), PartClass::Other);
        assert_eq!(manifest.wheels["front_left"].center, Vec3::new(0.83, 0.34, 1.25));
        assert_eq!(manifest.sims.ams2.as_ref().map(|sim| sim.slots_from), Some(51));
        assert_eq!(CarManifest::parse(manifest.to_toml().as_bytes()).expect("own text"), manifest);
    }

    #[test]
    fn mistakes_are_named() {
        let cases = [
            ("id = \"gt3_rear\"", "id = \"../x\"", "lowercase"),
            ("mesh = \"car.glb\"", "mesh = \"../car.glb\"", "inside the car's folder"),
            ("mesh = \"car.glb\"", "mesh = \"/etc/passwd\"", "inside the car's folder"),
            ("length = 4.62", "length = nan", "size_m.length"),
            ("length = 4.62", "length = 462.0", "size_m.length"),
            ("uv_size = 2048", "uv_size = 100000", "uv_size"),
            ("uv_size = 2048", "uv_sise = 2048", "uv_sise"),
            ("materials = [\"paint\"]", "materials = []", "paint.materials"),
            ("\"door_left\"\n", "\"door_lefd\"\n", "door_lefd"),
            ("radius = 0.34", "radius = -1.0", "wheels.front_left"),
            ("plane = \"x\"", "plane = \"y\"", "`y`"),
            ("class = \"GT3\"", "clas = \"GT3\"", "clas"),
        ];
        for (good, bad, expected) in cases {
            assert!(GOOD.contains(good), "{good}");
            let reason = CarManifest::parse(GOOD.replace(good, bad).as_bytes()).expect_err(bad);
            assert!(reason.contains(expected) && !reason.contains('\n'), "{bad}: {reason}");
        }
        assert!(CarManifest::parse(&[0xff, 0xfe]).is_err());
    }

    #[test]
    fn class_names_agree_with_the_file() {
        for class in PartClass::ALL {
            let text = GOOD.replace("door_left = \"door_left\"", &format!("x = \"{}\"", class.name()));
            let manifest = CarManifest::parse(text.as_bytes()).expect("known class");
            assert_eq!(manifest.parts["x"], class);
            assert_eq!(class.mirrored().mirrored(), class);
        }
    }
}
