//! Panes of glass: thin, tinted, with two faces that mirror, and all the light that goes to and fro between them.
//!
//! The shader draws them by the same formulas (`pane` in `assets/shaders/finish.wgsl`); here they say how much of the
//! light gets into the cabin.

use gridvox_car::{CarModel, Material, MaterialKind};

/// Refractive index of window glass.
const GLASS: f32 = 1.52;

/// Share of light that goes straight through the tint of a material's glass, 0..1: it is neither invisible nor a wall.
pub(crate) fn clearness(material: &Material) -> f32 {
    1.0 - material.base_color.w.clamp(0.15, 0.8)
}

/// Shares of light that a pane mirrors and lets through, at a cosine in the air.
fn split(cosine: f32, clearness: f32) -> (f32, f32) {
    let inside = (1.0 - (1.0 - cosine * cosine) / (GLASS * GLASS)).sqrt();
    let across = (cosine - GLASS * inside) / (cosine + GLASS * inside);
    let along = (GLASS * cosine - inside) / (GLASS * cosine + inside);
    let face = 0.5 * (across * across + along * along);
    // the tint takes by the length of the way (Beer and Lambert)
    let tint = clearness.powf(1.0 / inside);
    let in_and_out = (1.0 - face) * (1.0 - face) * tint / (1.0 - face * face * tint * tint);
    (face * (1.0 + in_and_out * tint), in_and_out)
}

/// Share of an even sky's light that a pane lets through.
fn even_share(clearness: f32) -> f32 {
    const STEPS: usize = 32;
    // equal shares of the cosine-weighted hemisphere
    let share = |step: usize| split(((step as f32 + 0.5) / STEPS as f32).sqrt(), clearness).1;
    (0..STEPS).map(share).sum::<f32>() / STEPS as f32
}

/// Share of light that passes a car's windows, by area; 1 without windows.
pub(crate) fn through_windows(model: &CarModel) -> f32 {
    let (mut area, mut passed) = (0.0_f32, 0.0_f32);
    for part in &model.parts {
        let material = &model.materials[part.material];
        if material.kind != MaterialKind::Glass {
            continue;
        }
        let share = even_share(clearness(material));
        for triangle in part.mesh.indices.chunks_exact(3) {
            let [p, q, r] = [0, 1, 2].map(|k| part.mesh.positions[triangle[k] as usize]);
            let size = (q - p).cross(r - p).length();
            area += size;
            passed += size * share;
        }
    }
    if area > 0.0 { passed / area } else { 1.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pane_mirrors_and_passes_what_theory_says() {
        // clear glass face on: both faces mirror, 2 F / (1 + F)
        let face = ((GLASS - 1.0) / (GLASS + 1.0)).powi(2);
        let (mirrored, passed) = split(1.0, 1.0);
        assert!((mirrored - 2.0 * face / (1.0 + face)).abs() < 1e-5, "{mirrored}");
        // nothing is lost in clear glass, and some in tinted glass
        for cosine in [1.0, 0.7, 0.3, 0.05] {
            let (mirrored, passed) = split(cosine, 1.0);
            assert!((mirrored + passed - 1.0).abs() < 1e-4, "{cosine}");
            let (tinted, dim) = split(cosine, 0.45);
            assert!(tinted < mirrored && dim < 0.46 * passed, "{cosine}");
        }
        assert!((passed - (1.0 - mirrored)).abs() < 1e-5);
        // at a slant the tint is thicker
        assert!(split(0.3, 0.45).1 / split(0.3, 1.0).1 < 0.9 * split(1.0, 0.45).1 / split(1.0, 1.0).1);
    }

    #[test]
    fn tinted_windows_darken_the_cabin() {
        let mut model = gridvox_car::testing::box_pack().model;
        let through = |model: &mut CarModel, cover: f32| {
            model.materials.iter_mut().filter(|m| m.kind == MaterialKind::Glass).for_each(|m| m.base_color.w = cover);
            through_windows(model)
        };
        let (clear, dark) = (through(&mut model, 0.2), through(&mut model, 0.7));
        assert!(clear < 0.8 && dark < 0.3 && dark > 0.15, "{clear} {dark}");
        model.materials.iter_mut().for_each(|material| material.kind = MaterialKind::Metal);
        assert_eq!(through_windows(&model), 1.0);
    }
}
