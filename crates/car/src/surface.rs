//! Single points of the car's surface: the place that a texel paints.

use glam::{Vec2, Vec3};

use crate::model::CarModel;

impl CarModel {
    /// The point of the paint at texture coordinates, in metres; `None` where no paint lies. Where pieces overlap, the
    /// first in the order of parts and triangles.
    pub fn paint_point(&self, uv: Vec2) -> Option<Vec3> {
        // Coordinates on an edge belong to it in spite of rounding.
        const EDGE: f32 = -1e-4;
        if !uv.is_finite() {
            return None;
        }
        let painted = (0..self.parts.len()).filter(|&part| self.is_paint(part)).map(|part| &self.parts[part].mesh);
        painted
            .flat_map(|mesh| mesh.indices.chunks_exact(3).map(move |t| (mesh, [t[0], t[1], t[2]].map(|i| i as usize))))
            .find_map(|(mesh, corners)| {
                let [a, b, c] = corners.map(|i| mesh.uvs[i]);
                let area = (b - a).perp_dot(c - a);
                let (second, third) = ((uv - a).perp_dot(c - a) / area, (b - a).perp_dot(uv - a) / area);
                let first = 1.0 - second - third;
                let [p, q, r] = corners.map(|i| mesh.positions[i]);
                (area != 0.0 && first.min(second).min(third) >= EDGE).then(|| p * first + q * second + r * third)
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::atlas::AtlasMaps;
    use crate::testing::box_car;

    #[test]
    fn a_texel_lies_where_the_maps_put_it() {
        let car = box_car();
        let maps = AtlasMaps::compute(&car, 128);
        let uv = |texel: usize| Vec2::new((texel % 128) as f32 + 0.5, (texel / 128) as f32 + 0.5) / 128.0;
        let (mut found, mut empty) = (0, 0);
        for texel in (0..128 * 128).step_by(37) {
            match car.paint_point(uv(texel)) {
                Some(point) => {
                    assert!((point - maps.position[texel]).length() < 1e-3, "{point} is not {}", maps.position[texel]);
                    found += 1;
                }
                // The maps also hold texels that a piece only touches.
                None => empty += 1,
            }
        }
        assert!(found > 100 && empty > 20, "{found} found, {empty} empty");
        assert_eq!(car.paint_point(Vec2::new(1.5, 0.5)), None);
        assert_eq!(car.paint_point(Vec2::NAN), None);
    }
}
