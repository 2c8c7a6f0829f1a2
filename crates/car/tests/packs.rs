//! Car packs from and to files, whole and broken.

use gridvox_car::testing::{box_car, box_manifest, box_pack, write_box_pack};
use gridvox_car::{CarError, CarInfo, CarPack, MaterialKind, MeshError, export, export_glb, glb};
use proptest::prelude::*;
use std::fs;
use std::sync::LazyLock;

static GLB: LazyLock<Vec<u8>> = LazyLock::new(|| export::glb_bytes(&box_car(), "box car"));

fn json_of(bytes: &[u8]) -> serde_json::Value {
    let length = u32::from_le_bytes(bytes[12..16].try_into().expect("four bytes")) as usize;
    serde_json::from_slice(&bytes[20..20 + length]).expect("JSON chunk")
}

/// The box car's file with another JSON chunk.
fn with_json(change: impl FnOnce(&mut serde_json::Value)) -> Vec<u8> {
    let mut json = json_of(&GLB);
    change(&mut json);
    let mut text = json.to_string().into_bytes();
    text.resize(text.len().next_multiple_of(4), b' ');
    let old = 20 + u32::from_le_bytes(GLB[12..16].try_into().expect("four bytes")) as usize;
    let mut bytes = GLB[..12].to_vec();
    bytes.extend((text.len() as u32).to_le_bytes());
    bytes.extend(b"JSON");
    bytes.extend(text);
    bytes.extend(&GLB[old..]);
    let total = bytes.len() as u32;
    bytes[8..12].copy_from_slice(&total.to_le_bytes());
    bytes
}

fn error_of(bytes: &[u8]) -> MeshError {
    glb::read(bytes, &box_manifest()).expect_err("must be refused")
}

#[test]
fn a_written_pack_is_read_back_whole() {
    let folder = tempfile::tempdir().expect("temp folder");
    write_box_pack(folder.path()).expect("written");
    let pack = CarPack::load(folder.path()).expect("loaded");
    let car = box_car();
    assert_eq!(pack.model.triangle_count(), car.triangle_count());
    assert_eq!(pack.manifest, box_manifest());
    assert_eq!(pack.model.wheels, car.wheels);
    for (a, b) in car.parts.iter().zip(&pack.model.parts) {
        assert_eq!((&a.name, a.class, a.mirror), (&b.name, b.class, b.mirror));
        assert_eq!((&a.mesh.positions, &a.mesh.uvs, &a.mesh.indices), (&b.mesh.positions, &b.mesh.uvs, &b.mesh.indices));
        let (a, b) = (&car.materials[a.material], &pack.model.materials[b.material]);
        assert_eq!((a.kind, a.base_color, a.clearcoat, a.roughness), (b.kind, b.base_color, b.clearcoat, b.roughness));
    }
    let found = CarPack::find(folder.path().to_str().expect("UTF-8")).expect("found by folder");
    assert_eq!((found.hash.len(), &found.hash), (64, &pack.hash));
    fs::write(folder.path().join("car.toml"), box_manifest().to_toml().replace("Box car", "Box")).expect("changed");
    assert_ne!(CarPack::load(folder.path()).expect("loaded").hash, pack.hash);
}

#[test]
fn the_exported_file_is_plain_glb_with_named_paint() {
    let folder = tempfile::tempdir().expect("temp folder");
    let path = folder.path().join("car.glb");
    let mut pack = box_pack();
    for material in &mut pack.model.materials {
        material.name = if material.kind == MaterialKind::Paint { "body".into() } else { format!("paint{}", material.name) };
    }
    export_glb(&pack, &path).expect("written");
    // The glTF crate validates the whole file here.
    let file = gltf::Gltf::open(&path).expect("valid glTF");
    let blob = file.blob.as_deref().expect("self-contained");
    assert!(file.buffers().all(|buffer| buffer.length() <= blob.len()));
    let mut painted = 0;
    for (mesh, part) in file.meshes().zip(&pack.model.parts) {
        let primitive = mesh.primitives().next().expect("a primitive");
        let is_paint = primitive.material().name().expect("named").starts_with("paint");
        assert_eq!(is_paint, pack.model.materials[part.material].kind == MaterialKind::Paint, "{}", part.name);
        painted += usize::from(is_paint);
        let reader = primitive.reader(|_| Some(blob));
        let uvs = reader.read_tex_coords(0).expect("UVs").into_f32();
        assert!(uvs.zip(&part.mesh.uvs).all(|(a, b)| a == b.to_array()));
        let positions = reader.read_positions().expect("positions");
        assert!(positions.zip(&part.mesh.positions).all(|(a, b)| a == b.to_array()));
    }
    assert!(painted > 10);
}

#[test]
fn unknown_and_broken_packs_are_explained() {
    let error = CarPack::find("no_such_car").expect_err("unknown");
    assert!(matches!(error, CarError::UnknownCar { .. }), "{error:?}");
    assert!(error.to_string().contains("no_such_car"), "{error}");

    let folder = tempfile::tempdir().expect("temp folder");
    let dir = folder.path().to_str().expect("UTF-8");
    let error = CarPack::find(dir).expect_err("empty folder");
    assert!(error.to_string().contains("car.toml"), "{error}");

    write_box_pack(folder.path()).expect("written");
    fs::write(folder.path().join("car.glb"), &GLB[..GLB.len() / 2]).expect("cut");
    let error = CarPack::find(dir).expect_err("cut mesh");
    assert!(error.to_string().contains("car.glb") && error.to_string().contains("cut short"), "{error}");

    fs::remove_file(folder.path().join("car.glb")).expect("removed");
    assert!(matches!(CarPack::find(dir), Err(CarError::File(_))));

    fs::write(folder.path().join("car.toml"), "id = 3").expect("broken");
    let error = CarPack::find(dir).expect_err("broken manifest");
    assert!(matches!(error, CarError::Manifest { .. }) && !error.to_string().contains('\n'), "{error}");
}

#[test]
fn unusable_meshes_are_named() {
    assert_eq!(error_of(b""), MeshError::NotGlb);
    assert_eq!(error_of(b"<html>not a mesh at all</html>"), MeshError::NotGlb);

    let draco = with_json(|json| json["extensionsRequired"] = serde_json::json!(["KHR_draco_mesh_compression"]));
    assert!(error_of(&draco).to_string().contains("gridvox car import"), "{}", error_of(&draco));
    let meshopt = with_json(|json| json["extensionsRequired"] = serde_json::json!(["EXT_meshopt_compression"]));
    assert!(error_of(&meshopt).to_string().contains("without mesh compression"), "{}", error_of(&meshopt));
    let quantised = with_json(|json| json["extensionsRequired"] = serde_json::json!(["KHR_mesh_quantization"]));
    assert!(glb::read(&quantised, &box_manifest()).is_ok(), "a promise of quantised vertices is no obstacle");

    let external = with_json(|json| json["buffers"][0]["uri"] = "../../secret.bin".into());
    assert_eq!(error_of(&external), MeshError::ExternalBuffer);

    let no_uvs = with_json(|json| {
        for mesh in json["meshes"].as_array_mut().expect("meshes") {
            mesh["primitives"][0]["attributes"].as_object_mut().expect("attributes").remove("TEXCOORD_0");
        }
    });
    assert!(matches!(error_of(&no_uvs), MeshError::NoUvs { .. }));

    let no_paint = with_json(|json| json["materials"][0]["name"] = "carbon".into());
    assert!(matches!(error_of(&no_paint), MeshError::NoPaint(_)));

    let strips = with_json(|json| json["meshes"][3]["primitives"][0]["mode"] = 5.into());
    assert!(matches!(error_of(&strips), MeshError::NotTriangles { .. }));

    let beyond = with_json(|json| json["bufferViews"][0]["byteOffset"] = 4_000_000_000u32.into());
    assert!(matches!(error_of(&beyond), MeshError::OutOfBounds { .. }), "{:?}", error_of(&beyond));

    let many = with_json(|json| json["accessors"][0]["count"] = 4_000_000_000u32.into());
    assert!(matches!(error_of(&many), MeshError::TooMany { .. }));

    let no_accessors = with_json(|json| json["accessors"] = serde_json::json!([]));
    assert!(matches!(error_of(&no_accessors), MeshError::Json(_)), "{:?}", error_of(&no_accessors));

    let looped = with_json(|json| json["nodes"][0]["children"] = serde_json::json!([0]));
    assert!(matches!(error_of(&looped), MeshError::Nesting | MeshError::Json(_)), "{:?}", error_of(&looped));

    let millimetres = with_json(|json| {
        for node in json["nodes"].as_array_mut().expect("nodes") {
            node["scale"] = serde_json::json!([100.0, 100.0, 100.0]);
        }
    });
    assert!(matches!(error_of(&millimetres), MeshError::Scale { .. }), "{:?}", error_of(&millimetres));

    let mut manifest = box_manifest();
    manifest.wheels.get_mut("rear_left").expect("wheel").parts.push("spare".to_owned());
    assert!(matches!(glb::read(&GLB, &manifest), Err(MeshError::WheelPart { .. })));
}

#[test]
fn not_a_number_is_refused_and_bad_normals_are_mended() {
    let json = json_of(&GLB);
    let bin = 20 + u32::from_le_bytes(GLB[12..16].try_into().expect("four bytes")) as usize + 8;
    let place = |accessor: usize| bin + json["bufferViews"][accessor]["byteOffset"].as_u64().expect("offset") as usize;

    let mut bytes = GLB.clone();
    bytes[place(0)..place(0) + 4].copy_from_slice(&f32::NAN.to_le_bytes());
    assert!(matches!(error_of(&bytes), MeshError::NotFinite { .. }));

    let mut bytes = GLB.clone();
    bytes[place(1)..place(1) + 12].fill(0);
    let mended = glb::read(&bytes, &box_manifest()).expect("readable");
    assert!(mended.parts[0].mesh.normals[0].distance(box_car().parts[0].mesh.normals[0]) < 1e-4);

    let mut bytes = GLB.clone();
    bytes[place(3)..place(3) + 4].copy_from_slice(&u32::MAX.to_le_bytes());
    assert!(matches!(error_of(&bytes), MeshError::Index { .. }));
}

#[test]
fn node_transforms_are_applied_and_mirrors_turn_triangles() {
    let moved = with_json(|json| {
        for node in json["nodes"].as_array_mut().expect("nodes") {
            node["scale"] = serde_json::json!([-1.0, 1.0, 1.0]);
            node["translation"] = serde_json::json!([0.0, 0.5, 0.0]);
        }
    });
    let car = glb::read(&moved, &box_manifest()).expect("readable");
    let (before, after) = (&box_car().parts[0].mesh, &car.parts[0].mesh);
    assert_eq!(after.positions[0], before.positions[0] * glam::Vec3::new(-1.0, 1.0, 1.0) + glam::Vec3::Y * 0.5);
    let t = &after.indices[..3];
    let [a, b, c] = [t[0], t[1], t[2]].map(|i| after.positions[i as usize]);
    assert!((b - a).cross(c - a).dot(after.normals[t[0] as usize]) > 0.0);
}

#[test]
fn info_tells_the_layout() {
    let info = CarInfo::of(&box_pack());
    assert!((info.mesh_m.z - 4.605).abs() < 0.02);
    assert_eq!(info.atlas.overlap, 0.0);
    assert!(info.atlas.padding_px.is_some_and(|px| (8..=14).contains(&px)), "{:?}", info.atlas.padding_px);
    assert!((info.atlas.density_range.1 / info.atlas.density_range.0 - 1.0).abs() < 0.01);
    let text = info.to_string();
    assert!(text.contains("door_left") && text.contains("% overlap"), "{text}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn cut_files_are_refused(length in 0..GLB.len()) {
        prop_assert!(glb::read(&GLB[..length], &box_manifest()).is_err());
    }

    #[test]
    fn damaged_files_never_panic(damage in prop::collection::vec((0..GLB.len(), any::<u8>()), 1..24)) {
        let mut bytes = GLB.clone();
        for (at, byte) in damage {
            bytes[at] = byte;
        }
        let _ = glb::read(&bytes, &box_manifest());
    }

    #[test]
    fn damaged_descriptions_never_panic(damage in prop::collection::vec((0usize..1 << 20, prop::sample::select(b"0123456789-.,:[]{}\"e".to_vec())), 1..6)) {
        let mut bytes = GLB.clone();
        let json = u32::from_le_bytes(bytes[12..16].try_into().expect("four bytes")) as usize;
        for (at, byte) in damage {
            bytes[20 + at % json] = byte;
        }
        let _ = glb::read(&bytes, &box_manifest());
    }

    #[test]
    fn changed_numbers_never_panic(list in prop::sample::select(vec!["accessors", "bufferViews"]), index in 0usize..60,
            field in prop::sample::select(vec!["count", "byteOffset", "byteLength", "byteStride", "componentType", "bufferView"]),
            value in prop::sample::select(vec![0u64, 1, 3, 5121, 5123, 5126, 100_000, u32::MAX as u64, i64::MAX as u64, u64::MAX])) {
        let bytes = with_json(|json| json[list][index][field] = value.into());
        let _ = glb::read(&bytes, &box_manifest());
    }
}
