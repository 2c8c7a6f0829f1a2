//! Every car that comes with the program is whole: it loads, mirrors, fits its description and can be painted.

use gridvox_car::raster::Glass;
use gridvox_car::{
    AtlasMaps, CarInfo, CarPack, MaterialKind, PartClass, RasterOptions, RasterScene, Shape, ViewPreset, bundled, glb,
};
use std::collections::BTreeSet;

fn cars() -> Vec<CarPack> {
    let cars: Vec<_> = bundled::list().iter().map(|car| CarPack::find(&car.id).expect("loads")).collect();
    assert!(cars.iter().any(|pack| pack.manifest.id == bundled::DEFAULT_CAR), "the sample photos' car is there");
    cars
}

#[test]
fn cars_fit_their_description() {
    for pack in cars() {
        let info = CarInfo::of(&pack);
        let (low, high) = pack.model.bounds();
        // Mirrors may stand out beyond the width that a data sheet says.
        let excess = info.mesh_m - info.manifest_m;
        assert!(excess.y.abs() < 0.03 && excess.z.abs() < 0.03 && (-0.03..0.3).contains(&excess.x), "{}: {excess}", info.id);
        assert!(low.y.abs() < 0.02, "{} stands on the ground, not at {}", info.id, low.y);
        assert!((low.x + high.x).abs() < 0.02 && (low.z + high.z).abs() < 0.05, "{} stands in the middle", info.id);
        assert_eq!(info.wheels.len(), 4, "{}", info.id);
        let wheel = |name: &str| pack.model.wheels.iter().find(|w| w.name == name).expect("wheel").center;
        let wheelbase = wheel("front_left").z - wheel("rear_left").z;
        assert!((wheelbase - pack.manifest.wheelbase_m).abs() < 0.03, "{}: {wheelbase}", info.id);
        assert!(wheel("front_left").x > 0.5 && wheel("front_right").x < -0.5, "the left side is +X");
    }
}

#[test]
fn cars_can_be_painted_everywhere_once() {
    for pack in cars() {
        let info = CarInfo::of(&pack);
        assert!(info.atlas.overlap < 0.002, "{}: {} of the paint overlaps", info.id, info.atlas.overlap);
        assert!(info.atlas.padding_px.is_none_or(|px| px >= 8), "{}: {:?}", info.id, info.atlas.padding_px);
        let (low, high) = info.atlas.density_range;
        assert!(high / low < 1.5, "{}: {low} to {high} px per metre", info.id);
        let classes: BTreeSet<_> = pack.model.parts.iter().map(|part| part.class).collect();
        let missing: Vec<_> = PartClass::ALL.into_iter().filter(|class| !classes.contains(class)).collect();
        assert!(missing.is_empty(), "{} lacks {missing:?}", info.id);
    }
}

#[test]
fn cars_mirror() {
    for pack in cars() {
        let maps = AtlasMaps::compute(&pack.model, 512);
        let painted: Vec<usize> = (0..maps.part.len()).filter(|&texel| maps.covered(texel)).collect();
        let paired = painted.iter().filter(|&&texel| maps.mirror[texel] != u32::MAX).count();
        assert!(paired as f32 > 0.99 * painted.len() as f32, "{}: {paired} of {}", pack.manifest.id, painted.len());
    }
}

#[test]
fn cars_have_no_holes_to_look_through() {
    for pack in cars() {
        let car = Shape::random(5, 1.0).apply(&pack.model);
        for (name, car) in [("as it is", &pack.model), ("varied", &car)] {
            let scene = RasterScene::new(car);
            for view in ViewPreset::ALL {
                let camera = view.camera(car.bounds(), 400, 250);
                let seen = scene.render(&camera, RasterOptions::default());
                let through = scene.render(&camera, RasterOptions { glass: Glass::Skip, ..RasterOptions::visibility() });
                // A back face in front of everything means an open or inverted surface.
                let inside_out = (0..seen.part.len())
                    .filter(|&i| seen.hit(i) && car.is_paint(seen.part[i] as usize - 1))
                    .filter(|&i| {
                        let [a, b, c] = scene.triangle(seen.triangle[i]).map(|v| scene.positions()[v as usize]);
                        (b - a).cross(c - a).dot(seen.position[i] - camera.eye()) > 0.0
                    })
                    .count();
                let painted =
                    seen.part.iter().filter(|&&part| part != 0 && car.is_paint(part as usize - 1)).count();
                let id = &pack.manifest.id;
                assert!(painted > 5_000, "{id} {name}, {view}: {painted}");
                assert!(inside_out * 200 < painted, "{id} {name}, {view}: {inside_out} of {painted} are inside out");
                let is_glass = |part: u16| {
                    part != 0 && car.materials[car.parts[part as usize - 1].material].kind == MaterialKind::Glass
                };
                assert!(seen.part.iter().any(|&part| is_glass(part)) && !through.part.iter().any(|&part| is_glass(part)));
            }
        }
    }
}

#[test]
fn exports_read_back_as_the_same_car() {
    for pack in cars() {
        let folder = tempfile::tempdir().expect("temp folder");
        let path = folder.path().join("car.glb");
        gridvox_car::export_glb(&pack, &path).expect("written");
        let again = glb::read(&std::fs::read(&path).expect("there"), &pack.manifest).expect("readable");
        assert_eq!(again.triangle_count(), pack.model.triangle_count());
        for (a, b) in pack.model.parts.iter().zip(&again.parts) {
            assert_eq!((&a.name, a.class, a.mirror, &a.mesh.uvs), (&b.name, b.class, b.mirror, &b.mesh.uvs));
        }
    }
}
