//! The atlas maps and the rasteriser, checked against geometry computed another way.

use glam::{Vec2, Vec3};
use gridvox_car::atlas::NONE;
use gridvox_car::bvh::Bvh;
use gridvox_car::raster::{self, Glass, Outputs};
use gridvox_car::testing::box_car;
use gridvox_car::{AtlasMaps, PhotoCamera, RasterOptions, RasterScene, ViewPreset, frame_camera};
use std::sync::LazyLock;

static MAPS: LazyLock<AtlasMaps> = LazyLock::new(|| AtlasMaps::compute(&box_car(), 1024));

#[test]
fn every_painted_texel_lies_on_its_part() {
    let (car, maps) = (box_car(), &*MAPS);
    assert!((0.2..0.9).contains(&maps.coverage()), "{}", maps.coverage());
    for texel in (0..maps.part.len()).step_by(7).filter(|&texel| maps.covered(texel)) {
        let part = maps.part[texel] as usize - 1;
        assert!(car.is_paint(part));
        assert!((maps.normal[texel].length() - 1.0).abs() < 1e-4);
        assert!((maps.texel_m[texel] * maps.mean_texels_per_metre - 1.0).abs() < 0.02, "one density everywhere");
        if car.parts[part].name == "door_left" {
            assert!((maps.position[texel].x - 1.0).abs() < 1e-5);
        }
    }
}

#[test]
fn places_run_evenly_across_a_panel() {
    let maps = &*MAPS;
    let size = maps.size as usize;
    let mut compared = 0;
    for texel in 0..maps.part.len() - 1 {
        let (a, b) = (texel, texel + 1);
        // Deep inside a panel, where no neighbour is a touched border texel.
        let inside = texel % size + 2 < size
            && texel > 0
            && [texel - 1, a, b, texel + 2].iter().all(|&t| maps.part[t] == maps.part[a] && maps.covered(t));
        if inside && maps.normal[a].dot(maps.normal[b]) > 0.999 {
            let step = maps.position[a].distance(maps.position[b]);
            assert!(step < maps.texel_m[a] * 1.02, "{step} {}", maps.texel_m[a]);
            compared += 1;
        }
    }
    assert!(compared > 50_000, "{compared}");
}

#[test]
fn mirror_texels_lie_at_the_mirrored_place_and_lead_back() {
    let (car, maps) = (box_car(), &*MAPS);
    let (mut paired, mut painted, mut back) = (0, 0, 0);
    for texel in (0..maps.part.len()).filter(|&texel| maps.covered(texel)) {
        painted += 1;
        let other = maps.mirror[texel];
        if other == NONE {
            continue;
        }
        paired += 1;
        let expected = maps.position[texel] * Vec3::new(-1.0, 1.0, 1.0);
        let distance = maps.position[other as usize].distance(expected);
        assert!(distance < maps.texel_m[texel] * 2.0, "{distance}");
        let parts = [texel, other as usize].map(|t| maps.part[t] as usize - 1);
        assert_eq!(car.parts[parts[0]].mirror, Some(parts[1]));
        let again = maps.mirror[other as usize];
        back += usize::from(again != NONE && maps.position[again as usize].distance(maps.position[texel]) < maps.texel_m[texel] * 3.0);
    }
    assert!(paired as f32 > 0.995 * painted as f32, "{paired} of {painted}");
    assert!(back as f32 > 0.99 * paired as f32, "{back} of {paired}");
}

#[test]
fn border_texels_hold_the_nearest_point_of_the_edge() {
    let maps = &*MAPS;
    let size = maps.size as usize;
    // Left edge of the left door: its first texels must not lie beyond the door's end at z = 0.9.
    let car = box_car();
    let door = car.part_index("door_left").expect("door") as u16 + 1;
    let row = (0..size).find(|y| (0..size).filter(|x| maps.part[y * size + x] == door).count() > 50).expect("the door");
    let first = (row + 10) * size + (0..size).find(|x| maps.part[(row + 10) * size + x] == door).expect("the door");
    assert!((maps.position[first].z - 0.9).abs() < maps.texel_m[first], "{}", maps.position[first]);
    assert!(maps.position[first].z <= 0.9 + 1e-5);
}

#[test]
fn maps_do_not_depend_on_the_number_of_threads() {
    let one = rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("threads");
    let three = rayon::ThreadPoolBuilder::new().num_threads(3).build().expect("threads");
    let car = box_car();
    assert_eq!(one.install(|| AtlasMaps::compute(&car, 256)), three.install(|| AtlasMaps::compute(&car, 256)));
    let camera = ViewPreset::FrontLeft.camera(car.bounds(), 200, 120);
    let picture = || raster::render(&car, &camera, RasterOptions::default());
    assert_eq!(one.install(picture), three.install(picture));
}

/// Compares a picture with rays cast through its pixels.
fn agrees_with_rays(camera: &PhotoCamera, least: f32) {
    let car = box_car();
    let bvh = Bvh::of_car(&car);
    let picture = raster::render(&car, camera, RasterOptions::default());
    let (mut same, mut all) = (0, 0);
    for y in (0..camera.height).step_by(3) {
        for x in (0..camera.width).step_by(3) {
            let index = (y * camera.width + x) as usize;
            let ray = camera.ray(Vec2::new(x as f32 + 0.5, y as f32 + 0.5));
            let hit = bvh.closest_hit(camera.eye() + ray * 0.05, ray, 100.0);
            all += 1;
            same += match hit {
                None => usize::from(!picture.hit(index)),
                Some(hit) if picture.hit(index) => {
                    let p = camera.eye() + ray * (hit.t + 0.05);
                    usize::from(p.distance(picture.position[index]) < 0.01)
                }
                Some(_) => 0,
            };
        }
    }
    assert!(same as f32 >= least * all as f32, "{same} of {all}");
}

#[test]
fn pictures_agree_with_rays() {
    let bounds = box_car().bounds();
    for view in ViewPreset::ALL {
        agrees_with_rays(&view.camera(bounds, 300, 180), 0.997);
    }
    agrees_with_rays(&frame_camera(bounds, 30.0, 10.0, 90.0, 300, 200), 0.997);
}

#[test]
fn pictures_through_a_bent_lens_agree_with_rays() {
    for k1 in [-0.08, 0.08] {
        let camera = PhotoCamera { k1, ..frame_camera(box_car().bounds(), 40.0, 12.0, 50.0, 320, 200) };
        agrees_with_rays(&camera, 0.995);
    }
}

#[test]
fn a_camera_close_to_the_door_sees_it_and_not_what_is_behind() {
    // Half of the car lies behind this camera and long panels cross its near plane.
    let camera = PhotoCamera::look_at(Vec3::new(1.3, 0.7, 0.2), Vec3::new(0.9, 0.6, 1.4), Vec3::Y, 150.0, 240, 160);
    agrees_with_rays(&camera, 0.995);
    let inside = PhotoCamera::look_at(Vec3::new(0.0, 0.7, 0.0), Vec3::new(0.0, 0.7, 1.0), Vec3::Y, 100.0, 160, 120);
    agrees_with_rays(&inside, 0.995);
}

#[test]
fn the_picture_says_the_same_in_every_buffer() {
    let car = box_car();
    let scene = RasterScene::new(&car);
    let camera = ViewPreset::RearLeft.camera(car.bounds(), 400, 250);
    let full = scene.render(&camera, RasterOptions::default());
    let quick = scene.render(&camera, RasterOptions::visibility());
    assert_eq!((&full.part, &full.triangle), (&quick.part, &quick.triangle));
    assert!(quick.uv.is_empty() && quick.position.is_empty());
    let mut seen = 0;
    for index in 0..full.part.len() {
        assert_eq!(full.hit(index), full.depth[index].is_finite());
        if !full.hit(index) {
            continue;
        }
        seen += 1;
        assert!((full.depth[index] - quick.depth[index]).abs() < 1e-3 * full.depth[index]);
        let px = camera.project(full.position[index]).expect("in front");
        let here = Vec2::new((index % 400) as f32 + 0.5, (index / 400) as f32 + 0.5);
        assert!(px.truncate().distance(here) < 0.2, "{px} {here}");
        assert!((px.z - full.depth[index]).abs() < 1e-3);
        let t = scene.triangle(full.triangle[index]).map(|i| scene.uvs()[i as usize]);
        let w = full.bary[index];
        assert!((t[0] * (1.0 - w.x - w.y) + t[1] * w.x + t[2] * w.y).distance(full.uv[index]) < 1e-5);
        // Panels are flat, so that their normals can't lean over at a silhouette.
        if car.is_paint(full.part[index] as usize - 1) {
            let view = (full.position[index] - camera.eye()).normalize();
            assert!(full.normal[index].dot(view) < 1e-4, "normals look at the camera");
        }
    }
    assert!(seen > 20_000, "{seen}");
}

#[test]
fn glass_can_be_left_out_and_pictures_can_be_finer() {
    let car = box_car();
    let camera = ViewPreset::Left.camera(car.bounds(), 200, 120);
    let window = car.part_index("window_left").expect("window") as u16 + 1;
    let opaque = raster::render(&car, &camera, RasterOptions { outputs: Outputs::Visibility, ..RasterOptions::default() });
    let clear = raster::render(&car, &camera, RasterOptions { glass: Glass::Skip, ..RasterOptions::visibility() });
    assert!(opaque.part.contains(&window) && !clear.part.contains(&window));
    let fine = raster::render(&car, &camera, RasterOptions { supersample: 2, ..RasterOptions::visibility() });
    assert_eq!((fine.width, fine.height, fine.part.len()), (400, 240, 96_000));
    let share = |parts: &[u16]| parts.iter().filter(|&&p| p != 0).count() as f32 / parts.len() as f32;
    assert!((share(&fine.part) - share(&opaque.part)).abs() < 0.01);
}

#[test]
fn atlas_and_picture_tell_the_same_place() {
    let (car, maps) = (box_car(), &*MAPS);
    let picture = raster::render(&car, &ViewPreset::FrontLeft.camera(car.bounds(), 300, 200), RasterOptions::default());
    let (mut compared, mut differ) = (0, 0);
    for index in (0..picture.part.len()).filter(|&i| picture.hit(i) && car.is_paint(picture.part[i] as usize - 1)) {
        let px = (picture.uv[index] * maps.size as f32).as_uvec2().min(glam::UVec2::splat(maps.size - 1));
        let texel = (px.y * maps.size + px.x) as usize;
        assert!(maps.covered(texel));
        if maps.part[texel] != picture.part[index] {
            differ += 1;
            continue;
        }
        assert!(maps.position[texel].distance(picture.position[index]) < maps.texel_m[texel] * 1.5);
        compared += 1;
    }
    assert!(compared > 5_000 && differ == 0, "{compared} {differ}");
}

#[test]
fn empty_cars_and_empty_pictures_are_no_trouble() {
    let nothing = gridvox_car::CarModel::default();
    let camera = PhotoCamera::look_at(Vec3::Z * 5.0, Vec3::ZERO, Vec3::Y, 100.0, 20, 10);
    assert!(raster::render(&nothing, &camera, RasterOptions::default()).part.iter().all(|&p| p == 0));
    assert_eq!(AtlasMaps::compute(&nothing, 16).coverage(), 0.0);
    let camera = PhotoCamera { width: 0, ..camera };
    assert!(raster::render(&box_car(), &camera, RasterOptions::default()).depth.is_empty());
    assert!(AtlasMaps::compute(&box_car(), 0).part.is_empty());
}

#[test]
fn of_two_sheets_in_one_place_the_one_that_faces_the_camera_is_seen() {
    let mut car = box_car();
    let door = car.part_index("door_left").expect("has doors");
    let mut inside = car.parts[door].clone();
    inside.name = "inside".into();
    inside.mesh.indices.chunks_exact_mut(3).for_each(|t| t.swap(1, 2));
    // First in the list and so drawn first, which alone would win where depths are equal.
    car.parts.insert(0, inside);
    let camera = PhotoCamera::look_at(Vec3::new(6.3, 1.1, 1.7), Vec3::new(0.9, 0.6, 0.1), Vec3::Y, 900.0, 640, 400);
    let shown = raster::render(&car, &camera, RasterOptions::visibility());
    let (inside, door) = (1, door as u16 + 2);
    let seen = |id: u16| shown.part.iter().filter(|&&part| part == id).count();
    assert!(seen(door) > 1000, "{} pixels show the door", seen(door));
    assert_eq!(seen(inside), 0);
}
