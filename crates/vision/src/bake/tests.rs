use super::*;
use crate::color;
use gridvox_car::RasterOptions;
use gridvox_car::testing::box_car;
use std::f32::consts::TAU;

const SIZE: u32 = 512;
/// Texels per wave of the test pattern.
const PERIOD: f32 = 24.0;

/// Waves over the texture: red and green give a texel's u, blue its v, to small fractions of a texel.
fn waves(uv: Vec2) -> LinearRgb {
    let phase = uv * SIZE as f32 / PERIOD * TAU;
    [0.5 + 0.4 * phase.x.sin(), 0.5 + 0.4 * phase.x.cos(), 0.5 + 0.4 * phase.y.sin()]
}

/// A photo of the box car that wears a function of the texture coordinates.
fn shoot(model: &CarModel, camera: &PhotoCamera, livery: impl Fn(Vec2) -> LinearRgb) -> RgbImage {
    let options = RasterOptions { supersample: 2, ..RasterOptions::default() };
    let drawn = RasterScene::new(model).render(camera, options);
    RgbImage::from_fn(camera.width, camera.height, |x, y| {
        let mut sum = [0.0; 3];
        for (dx, dy) in [(0, 0), (1, 0), (0, 1), (1, 1)] {
            let i = ((2 * y + dy) * drawn.width + 2 * x + dx) as usize;
            let painted = drawn.part[i] != 0 && model.is_paint(usize::from(drawn.part[i]) - 1);
            let c = if painted { livery(drawn.uv[i]) } else { [1.0, 0.0, 1.0] };
            sum = std::array::from_fn(|k| sum[k] + 0.25 * c[k]);
        }
        image::Rgb(color::encode_rgb(sum))
    })
}

fn three_quarter(width: u32, height: u32, focal_px: f32) -> PhotoCamera {
    PhotoCamera::look_at(Vec3::new(4.5, 1.9, 6.0), Vec3::new(0.0, 0.55, 0.1), Vec3::Y, focal_px, width, height)
}

fn texel_uv(maps: &AtlasMaps, texel: usize) -> Vec2 {
    let size = maps.size as usize;
    Vec2::new((texel % size) as f32 + 0.5, (texel / size) as f32 + 0.5) / size as f32
}

/// Not at the rim of a panel, where pixels mix it with its neighbour.
fn inner(maps: &AtlasMaps, texel: usize) -> bool {
    let size = maps.size as usize;
    let (x, y) = (texel % size, texel / size);
    let near = |v: usize| v.saturating_sub(1)..=(v + 1).min(size - 1);
    maps.part[texel] != 0 && near(y).all(|y| near(x).all(|x| maps.part[y * size + x] == maps.part[texel]))
}

fn bake_plain(model: &CarModel, maps: &AtlasMaps, camera: &PhotoCamera, photo: &RgbImage) -> Baked {
    let view = View { photo, camera, occluders: None, uncertainty_px: 0.0 };
    bake(&view, model, &RasterScene::new(model), maps)
}

#[test]
fn with_the_true_camera_colours_land_within_half_a_texel() {
    let model = box_car();
    let maps = AtlasMaps::compute(&model, SIZE);
    let mut camera = three_quarter(1600, 1000, 2000.0);
    for k1 in [0.0, 0.04] {
        camera.k1 = k1;
        let photo = shoot(&model, &camera, waves);
        let baked = bake_plain(&model, &maps, &camera, &photo);
        let mut shifts = Vec::new();
        for texel in (0..maps.part.len()).filter(|&t| baked.weight[t] > 0.0 && inner(&maps, t)) {
            let uv = texel_uv(&maps, texel);
            let c = baked.color[texel];
            let phase = (c[0] - 0.5).atan2(c[1] - 0.5);
            let expected = uv.x * SIZE as f32 / PERIOD * TAU;
            let off = (phase - expected + TAU / 2.0).rem_euclid(TAU) - TAU / 2.0;
            let shift = (off / TAU * PERIOD).abs();
            shifts.push(shift);
        }
        shifts.sort_by(f32::total_cmp);
        let (median, p98) = (shifts[shifts.len() / 2], shifts[shifts.len() * 98 / 100]);
        assert!(shifts.len() > 20_000, "only {} texels seen", shifts.len());
        assert!(median < 0.1 && p98 < 0.5, "k1 {k1}: median {median}, P98 {p98} texels");
    }
}

#[test]
fn what_lies_behind_something_is_not_taken() {
    let model = box_car();
    let maps = AtlasMaps::compute(&model, SIZE);
    // From the rear and above, the wing hides part of the engine cover and the bumper.
    let camera = PhotoCamera::look_at(Vec3::new(1.0, 3.2, -6.0), Vec3::new(0.0, 0.7, -1.0), Vec3::Y, 1800.0, 1400, 900);
    let part_color = |part: u16| {
        let h = u32::from(part).wrapping_mul(2_654_435_761);
        [h >> 24, h >> 16, h >> 8].map(|b| 0.1 + (b & 0xFF) as f32 / 300.0)
    };
    let owner = |uv: Vec2| {
        let p = (uv * SIZE as f32).as_uvec2().min(glam::UVec2::splat(SIZE - 1));
        maps.part[(p.y * SIZE + p.x) as usize]
    };
    let photo = shoot(&model, &camera, |uv| part_color(owner(uv)));
    let baked = bake_plain(&model, &maps, &camera, &photo);
    let cover = model.part_index("engine_cover").expect("the box car has one") as u16 + 1;
    let (mut seen, mut hidden, mut wrong) = (0, 0, 0);
    for texel in 0..maps.part.len() {
        let part = maps.part[texel];
        if !inner(&maps, texel) {
            continue;
        }
        if baked.weight[texel] > 0.0 {
            seen += 1;
            let (c, e) = (baked.color[texel], part_color(part));
            wrong += usize::from((0..3).any(|k| (c[k] - e[k]).abs() > 0.06));
        } else if part == cover {
            hidden += 1;
        }
    }
    assert!(hidden > 400, "the wing hides {hidden} texels of the cover");
    assert!(wrong * 250 < seen, "{wrong} of {seen} texels show another part");
}

#[test]
fn everything_in_plain_sight_is_taken() {
    let model = box_car();
    let maps = AtlasMaps::compute(&model, SIZE);
    let camera = PhotoCamera::look_at(Vec3::new(9.0, 0.8, 0.0), Vec3::new(0.0, 0.6, 0.0), Vec3::Y, 2600.0, 1600, 700);
    let photo = RgbImage::from_pixel(1600, 700, image::Rgb([120, 60, 30]));
    let baked = bake_plain(&model, &maps, &camera, &photo);
    let door = model.part_index("door_left").expect("the box car has one") as u16 + 1;
    let of_door: Vec<usize> = (0..maps.part.len()).filter(|&t| maps.part[t] == door).collect();
    let taken = of_door.iter().filter(|&&t| baked.weight[t] > 0.0).count();
    assert!(taken as f32 > 0.93 * of_door.len() as f32, "{taken} of {}", of_door.len());
    for &t in of_door.iter().filter(|&&t| baked.weight[t] > 0.0) {
        assert_eq!(color::encode_rgb(baked.color[t]), [120, 60, 30]);
    }
}

#[test]
fn a_camera_that_looks_away_sees_nothing() {
    let model = box_car();
    let maps = AtlasMaps::compute(&model, 64);
    let camera = PhotoCamera::look_at(Vec3::new(0.0, 1.0, 9.0), Vec3::new(0.0, 1.0, 20.0), Vec3::Y, 800.0, 640, 480);
    let baked = bake_plain(&model, &maps, &camera, &RgbImage::new(640, 480));
    assert!(baked.weight.iter().all(|&w| w == 0.0));
}
