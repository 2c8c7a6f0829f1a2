//! A sun's shadow map lies tightly around the car.
//!
//! Bevy lays it around everything that a camera sees, which is some thirty metres; the shadow of a mirror or a canard would be
//! lost in its texels. Along the sun's light the car and its shadow on the ground cover the same spot, so a map as wide as the
//! car holds both, wherever the camera stands.

use crate::stage::SunLight;
use bevy::light::cascade::Cascade;
use bevy::light::{Cascades, DirectionalLightShadowMap, SimulationLightSystems};
use bevy::prelude::*;

/// Space around the car's bounding box in metres: the filter of the map reaches over its edge.
const MARGIN_M: f32 = 0.1;

/// Low suns throw endless shadows; this far from the car, in metres, they have left the ground that shows them.
const THROW_M: f32 = 20.0;

/// The map around bounds in metres, seen along a sun whose light goes along -Z of `world_from_sun`.
fn around((least, most): (Vec3, Vec3), world_from_sun: Mat4, map_px: usize) -> Cascade {
    let sun_from_world = world_from_sun.transpose();
    let corners = (0..8).map(|k| {
        let pick = |axis: usize| if k >> axis & 1 == 0 { least[axis] } else { most[axis] };
        sun_from_world.transform_point3(Vec3::new(pick(0), pick(1), pick(2)))
    });
    let (low, high) = corners.fold((Vec3::INFINITY, Vec3::NEG_INFINITY), |(low, high), p| (low.min(p), high.max(p)));
    let width = (high - low).truncate().max_element() + 2.0 * MARGIN_M;
    let middle = (0.5 * (low + high)).truncate();
    // the sun stands at +Z, the ground at the end of its light
    let near = middle.extend(high.z + MARGIN_M);
    let depth = high.z - low.z + 2.0 * MARGIN_M + THROW_M;
    let clip_from_cascade = Mat4::from_cols(
        Vec4::new(2.0 / width, 0.0, 0.0, 0.0),
        Vec4::new(0.0, 2.0 / width, 0.0, 0.0),
        Vec4::new(0.0, 0.0, 1.0 / depth, 0.0),
        Vec4::new(0.0, 0.0, 1.0, 1.0),
    );
    Cascade {
        world_from_cascade: world_from_sun * Mat4::from_translation(near),
        clip_from_cascade,
        clip_from_world: clip_from_cascade * Mat4::from_translation(-near) * sun_from_world,
        texel_size: width / map_px as f32,
    }
}

fn fit_to_car(map: Res<DirectionalLightShadowMap>, mut suns: Query<(&GlobalTransform, &SunLight, &mut Cascades)>) {
    for (transform, sun, mut cascades) in &mut suns {
        let fitted = around(sun.bounds, Mat4::from_quat(transform.rotation()), map.size);
        for view in cascades.cascades.values_mut() {
            view.fill(fitted.clone());
        }
    }
}

pub(crate) fn plugin(app: &mut App) {
    app.add_systems(
        PostUpdate,
        fit_to_car
            .after(SimulationLightSystems::UpdateDirectionalLightCascades)
            .before(SimulationLightSystems::UpdateLightFrusta),
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn car_and_shadow_lie_on_the_map() {
        let bounds = (Vec3::new(-1.0, 0.0, -2.3), Vec3::new(1.0, 1.25, 2.3));
        for towards in [Vec3::new(0.3, 0.9, 0.2), Vec3::new(-0.9, 0.1, 0.4), Vec3::new(0.02, 1.0, 0.0)] {
            let towards = towards.normalize();
            let sun = Transform::IDENTITY.looking_to(-towards, if towards.y > 0.99 { Vec3::Z } else { Vec3::Y });
            let map = around(bounds, Mat4::from_quat(sun.rotation), 2048);
            assert!(map.texel_size < 0.003, "{}", map.texel_size);
            for roof in [Vec3::new(0.9, 1.25, 2.2), Vec3::new(-1.0, 1.25, -2.3), Vec3::new(1.0, 0.2, -2.3)] {
                let ground = roof - towards * (roof.y / towards.y);
                let seen = [roof, ground].map(|p| map.clip_from_world.project_point3(p));
                for p in seen {
                    assert!(p.x.abs() < 1.0 && p.y.abs() < 1.0 && (0.0..1.0).contains(&p.z), "{towards}: {p}");
                }
                // both in one texel, the roof nearer to the sun
                assert!((seen[0] - seen[1]).truncate().length() < 1e-4 && seen[0].z > seen[1].z, "{seen:?}");
            }
        }
    }
}
