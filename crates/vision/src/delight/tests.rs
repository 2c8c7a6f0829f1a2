use super::*;
use crate::color::delta_e;

/// A dome whose paint has three inks in patches, under a light, as a baked photo.
fn dome(size: usize, photo: impl Fn(LinearRgb, Vec3, Vec3) -> LinearRgb) -> (AtlasMaps, Baked, Vec<LinearRgb>, Vec3) {
    let eye = Vec3::new(5.0, 2.5, 6.0);
    let inks = [[0.8, 0.8, 0.8], [0.55, 0.04, 0.03], [0.03, 0.05, 0.25]];
    let texels = size * size;
    let mut maps = AtlasMaps {
        size: size as u32,
        position: vec![Vec3::ZERO; texels],
        normal: vec![Vec3::ZERO; texels],
        part: vec![1; texels],
        mirror: vec![u32::MAX; texels],
        texel_m: vec![0.01; texels],
        occlusion: vec![1.0; texels],
        mean_texels_per_metre: 100.0,
    };
    let mut paint = vec![[0.0; 3]; texels];
    let mut baked = Baked { color: vec![[0.0; 3]; texels], weight: vec![0.0; texels] };
    for i in 0..texels {
        let (u, v) = ((i % size) as f32 / size as f32, (i / size) as f32 / size as f32);
        let (theta, phi) = (v * 1.5, u * std::f32::consts::TAU);
        let n = Vec3::new(theta.sin() * phi.cos(), theta.cos(), theta.sin() * phi.sin());
        (maps.normal[i], maps.position[i]) = (n, n);
        paint[i] = inks[[0, 1, 0, 2, 1][((u * 9.0) as usize * 3 + (v * 5.0) as usize * 2) % 5]];
        let view = (eye - n).normalize();
        if n.dot(view) > 0.25 {
            baked.weight[i] = n.dot(view).powi(2);
            baked.color[i] = photo(paint[i], n, view);
        }
    }
    (maps, baked, paint, eye)
}

fn mean_error(baked: &Baked, paint: &[LinearRgb]) -> f32 {
    let seen: Vec<usize> = (0..paint.len()).filter(|&i| baked.weight[i] > 0.0).collect();
    let gain: [f32; 3] = std::array::from_fn(|k| {
        let (a, b) = seen.iter().fold((0.0, 0.0), |s, &i| {
            (s.0 + paint[i][k] * baked.color[i][k], s.1 + baked.color[i][k] * baked.color[i][k])
        });
        a / b
    });
    let error = |i: &usize| delta_e(std::array::from_fn(|k| baked.color[*i][k] * gain[k]), paint[*i]);
    seen.iter().map(error).sum::<f32>() / seen.len() as f32
}

#[test]
fn shading_from_sky_and_sun_comes_off() {
    let sun = Vec3::new(0.5, 0.7, 0.5).normalize();
    let (maps, mut baked, paint, eye) = dome(160, |albedo, n, _| {
        let light = 0.35 + 0.25 * n.y + 0.6 * n.dot(sun).max(0.0);
        [albedo[0] * light * 1.05, albedo[1] * light, albedo[2] * light * 0.92]
    });
    let before = mean_error(&baked, &paint);
    by_fit(&mut baked, &maps, eye, None);
    let after = mean_error(&baked, &paint);
    assert!(after < 3.5 && after < 0.5 * before, "{before} became {after}");
}

#[test]
fn a_clearcoat_mirrors_the_sky_and_that_comes_off() {
    let (maps, mut baked, paint, eye) = dome(160, |albedo, n, view| {
        let light = 0.6 + 0.3 * n.y;
        let mirrored = 2.0 * n.dot(view) * n - view;
        let sky = (0.5 + 0.5 * mirrored.y) * schlick(n.dot(view)) * 1.2;
        [albedo[0] * light + sky * 0.8, albedo[1] * light + sky, albedo[2] * light + sky * 1.2]
    });
    let before = mean_error(&baked, &paint);
    by_fit(&mut baked, &maps, eye, None);
    let after = mean_error(&baked, &paint);
    assert!(after < 0.87 * before, "{before} became {after}");
}

#[test]
fn flat_light_is_left_alone() {
    let (maps, mut baked, paint, eye) = dome(160, |albedo, _, _| albedo.map(|c| c * 0.9));
    by_fit(&mut baked, &maps, eye, None);
    let after = mean_error(&baked, &paint);
    assert!(after < 1.5, "flat light got worse: {after}");
}

#[test]
fn white_paint_becomes_white_again() {
    let (maps, mut baked, paint, eye) = dome(120, |albedo, n, _| {
        let light = 0.3 + 0.1 * n.y;
        [albedo[0] * light * 1.1, albedo[1] * light, albedo[2] * light * 0.8]
    });
    by_fit(&mut baked, &maps, eye, None);
    let mut errors: Vec<f32> =
        (0..paint.len()).filter(|&i| baked.weight[i] > 0.0).map(|i| delta_e(baked.color[i], paint[i])).collect();
    errors.sort_by(f32::total_cmp);
    let median = errors[errors.len() / 2];
    assert!(median < 6.0, "median {median} without any gain");
}

#[test]
fn a_highlight_is_missing_rather_than_white() {
    let spot = Vec3::new(0.5, 0.6, 0.6).normalize();
    let (maps, mut baked, _, eye) = dome(160, |albedo, n, _| {
        let light = 0.5 + 0.1 * n.y;
        let glare = if n.dot(spot) > 0.985 { 3.0 } else { 0.0 };
        albedo.map(|c| (c * light + glare).min(1.0))
    });
    let found = by_fit(&mut baked, &maps, eye, None);
    assert!(found.highlights > 0.001 && found.highlights < 0.05, "{}", found.highlights);
    for i in 0..maps.part.len() {
        if maps.normal[i].dot(spot) > 0.99 {
            assert_eq!(baked.weight[i], 0.0, "a texel of the highlight was kept");
        }
    }
}
