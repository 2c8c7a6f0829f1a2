use glam::{Mat3, Vec2, Vec3};

use super::*;
use crate::export::glb_bytes;
use crate::testing::{box_car, box_pack, fine_box_car};

fn options() -> ImportOptions {
    ImportOptions {
        id: "mine".into(),
        name: "Mine".into(),
        paint: Regex::new("^(paint|body)").expect("a pattern"),
        length_m: None,
        nose: None,
    }
}

/// The finely cut box car as somebody else would hand it in: turned, in centimetres, with names of no meaning.
fn foreign(uvs: impl Fn(Vec2) -> Vec2) -> Vec<u8> {
    let mut car = fine_box_car();
    let turn = Mat3::from_rotation_y(std::f32::consts::PI);
    for (index, part) in car.parts.iter_mut().enumerate() {
        part.name = format!("object_{index}");
        part.mesh.positions.iter_mut().for_each(|p| *p = turn * *p * 100.0);
        part.mesh.normals.iter_mut().for_each(|n| *n = turn * *n);
        part.mesh.uvs.iter_mut().for_each(|uv| *uv = uvs(*uv));
    }
    glb_bytes(&car, "foreign")
}

#[test]
fn a_foreign_car_becomes_a_pack_that_loads() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("mine");
    let nose = Some("-z".parse().expect("a direction"));
    let imported = import(&foreign(|uv| uv), &ImportOptions { nose, ..options() }, Some(&box_car())).expect("imports");
    imported.write(&out).expect("writes");
    let pack = crate::CarPack::load(&out).expect("the pack loads");
    let (low, high) = pack.model.bounds();
    let (low_b, high_b) = box_pack().model.bounds();
    assert!((low - low_b).abs().max_element() < 0.03 && (high - high_b).abs().max_element() < 0.03, "{low} {high}");
    assert!(imported.notes.iter().any(|note| note.contains("centimetres")), "{:?}", imported.notes);
    let classes = |class| pack.model.parts.iter().filter(|part| part.class == class).count();
    for class in [PartClass::DoorLeft, PartClass::DoorRight, PartClass::Bonnet, PartClass::Roof] {
        assert!(classes(class) > 0, "no {}", class.name());
    }
    let doors = pack.model.parts.iter().filter(|part| part.class == PartClass::DoorLeft);
    assert!(doors.flat_map(|part| &part.mesh.positions).all(|p| p.x > 0.0), "left doors are on the left");
}

#[test]
fn paint_without_texture_coordinates_is_laid_out_readable() {
    for broken in [|_: Vec2| Vec2::ZERO, |uv: Vec2| uv * 3.0 - 1.0, |uv: Vec2| Vec2::new(uv.x, (2.0 * uv.y).fract())] {
        let nose = Some("-z".parse().expect("a direction"));
        let imported = import(&foreign(broken), &ImportOptions { nose, ..options() }, Some(&box_car())).expect("imports");
        let report = AtlasReport::measure(&imported.model, 1024);
        assert!(report.overlap < 0.01 && report.coverage > 0.3, "{report:?}");
        assert!(imported.notes.iter().any(|note| note.contains("laid out anew")), "{:?}", imported.notes);
        let (slow, fast) = report.density_range;
        assert!(fast * unwrap::UNDERSIDE_SCALE < 1.05 * slow, "one scale but for the underside: {slow} to {fast}");
        // Seen from the left, the nose is on the left and up is up.
        let on_left = |p: &(Vec3, Vec3, Vec2)| p.1.x > 0.9;
        let vertices: Vec<(Vec3, Vec3, Vec2)> = (0..imported.model.parts.len())
            .filter(|&i| imported.model.is_paint(i) && imported.model.parts[i].class == PartClass::DoorLeft)
            .flat_map(|i| {
                let mesh = &imported.model.parts[i].mesh;
                (0..mesh.positions.len()).map(|v| (mesh.positions[v], mesh.normals[v], mesh.uvs[v])).collect::<Vec<_>>()
            })
            .filter(on_left)
            .collect();
        let find = |key: fn(&Vec3) -> f32| vertices.iter().max_by(|a, b| key(&a.0).total_cmp(&key(&b.0))).expect("a door");
        let (front, rear, top, bottom) = (find(|p| p.z), find(|p| -p.z), find(|p| p.y), find(|p| -p.y));
        assert!(front.2.x < rear.2.x, "the nose is on the left");
        assert!(top.2.y < bottom.2.y, "up is up");
    }
}

#[test]
fn the_meshs_own_stickers_are_left_out() {
    let mut car = fine_box_car();
    let glass = car.materials.iter().position(|m| m.kind == MaterialKind::Glass).expect("has glass");
    car.materials[glass].name = "Decals_body".into();
    let stickers = car.parts.iter().filter(|part| part.material == glass).count();
    let imported = import(&glb_bytes(&car, "foreign"), &options(), Some(&box_car())).expect("imports");
    assert!(stickers > 0 && imported.notes.iter().any(|note| note.starts_with(&format!("{stickers} parts"))), "{:?}", imported.notes);
    assert!(imported.model.parts.iter().all(|part| !imported.model.materials[part.material].name.contains("Decals")));
}

#[test]
fn what_cannot_be_imported_says_why() {
    let none = ImportOptions { paint: Regex::new("^chrome$").expect("a pattern"), ..options() };
    let reason = import(&foreign(|uv| uv), &none, None).expect_err("no paint").to_string();
    assert!(reason.contains("^chrome$") && reason.contains("paint"), "{reason}");
    assert_eq!(import(b"glTF", &options(), None).expect_err("no file"), MeshError::NotGlb);
}
