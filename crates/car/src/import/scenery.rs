//! What stands around the car in many files: a ground, a backdrop, a picture of a shadow. With it the car could be neither
//! measured nor drawn.

use glam::Vec3;

use crate::model::{CarModel, Mesh};

/// A part this many times as large as all others together is around the car, not of it.
const LARGER: f32 = 1.5;
/// A part thinner than this share of the others' size, flat on the ground, and about as large as they are is a ground.
const THIN: f32 = 0.004;
/// How far above the lowest point of the others a ground lies at most, share of their size.
const AT_THE_BOTTOM: f32 = 0.004;
/// How much of the others' extent along both directions a ground covers at least.
const COVERS: f32 = 0.75;

/// A box along the axes.
#[derive(Clone, Copy)]
struct Extent {
    low: Vec3,
    high: Vec3,
}

impl Extent {
    const NOTHING: Self = Self { low: Vec3::MAX, high: Vec3::MIN };

    fn of(mesh: &Mesh) -> Self {
        let (low, high) = mesh.bounds();
        Self { low, high }
    }

    fn with(self, other: Self) -> Self {
        Self { low: self.low.min(other.low), high: self.high.max(other.high) }
    }

    fn size(self) -> Vec3 {
        (self.high - self.low).max(Vec3::ZERO)
    }
}

/// Takes ground and backdrop away; says which parts these were.
pub(super) fn leave_out(model: &mut CarModel) -> Option<String> {
    let extents: Vec<Extent> = model.parts.iter().map(|part| Extent::of(&part.mesh)).collect();
    let mut kept: Vec<usize> = (0..extents.len()).collect();
    let mut left_out = Vec::new();
    // The largest first: what is around everything hides that something else is around the car.
    kept.sort_by(|&a, &b| extents[b].size().length().total_cmp(&extents[a].size().length()));
    let mut next = 0;
    while next < kept.len() && kept.len() > 1 {
        let part = kept[next];
        let rest = kept.iter().filter(|&&other| other != part).fold(Extent::NOTHING, |all, &other| all.with(extents[other]));
        if is_around(extents[part], rest) {
            left_out.push(part);
            kept.remove(next);
            next = 0;
        } else {
            next += 1;
        }
    }
    if left_out.is_empty() {
        return None;
    }
    left_out.sort_unstable();
    let names: Vec<&str> = left_out.iter().map(|&part| model.parts[part].name.as_str()).collect();
    let note = format!("Left out as ground or backdrop, for it lies under or around the car: {}.", names.join(", "));
    let mut index = 0;
    model.parts.retain(|_| {
        index += 1;
        !left_out.contains(&(index - 1))
    });
    Some(note)
}

fn is_around(part: Extent, rest: Extent) -> bool {
    let (size, others) = (part.size(), rest.size());
    let length = others.max_element();
    if size.length() > LARGER * others.length() {
        return true;
    }
    (0..3).any(|axis| {
        let flat = size[axis] < THIN * length;
        // Either end, because the file's up is not known yet; a roof is never flat.
        let outermost = part.high[axis] < rest.low[axis] + AT_THE_BOTTOM * length
            || part.low[axis] > rest.high[axis] - AT_THE_BOTTOM * length;
        let covers = (0..3).filter(|&other| other != axis).all(|other| size[other] > COVERS * others[other]);
        flat && outermost && covers
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Part;
    use crate::testing::box_car;

    /// The box car with a flat square below it, `edge_m` wide and at this height.
    fn on_a_square(edge_m: f32, height_m: f32) -> CarModel {
        let mut car = box_car();
        let half = 0.5 * edge_m;
        let corners = [(-half, -half), (half, -half), (half, half), (-half, half)];
        let mut square = Part { name: "square".into(), ..car.parts[0].clone() };
        square.mesh = Mesh {
            positions: corners.iter().map(|&(x, z)| Vec3::new(x, height_m, z)).collect(),
            normals: vec![Vec3::Y; 4],
            uvs: vec![glam::Vec2::ZERO; 4],
            indices: vec![0, 2, 1, 0, 3, 2],
            ..Mesh::default()
        };
        car.parts.insert(1, square);
        car
    }

    #[test]
    fn grounds_and_shadows_under_a_car_are_left_out() {
        for (edge_m, height_m) in [(18.0, 0.0), (18.0, -0.3), (5.0, 0.0), (4.4, -0.01)] {
            let mut car = on_a_square(edge_m, height_m);
            let note = leave_out(&mut car).expect("a square is found");
            assert!(note.contains("square"), "{note}");
            assert_eq!(car.parts.len(), box_car().parts.len());
            assert!(car.parts.iter().all(|part| part.name != "square"));
        }
    }

    #[test]
    fn a_backdrop_around_a_ground_is_found_as_well() {
        let mut car = on_a_square(12.0, 0.0);
        let mut sky = on_a_square(60.0, 40.0).parts.swap_remove(1);
        sky.name = "sky".into();
        car.parts.push(sky);
        let note = leave_out(&mut car).expect("both are found");
        assert!(note.contains("square") && note.contains("sky"), "{note}");
    }

    #[test]
    fn a_floor_and_a_car_alone_stay() {
        assert_eq!(leave_out(&mut box_car()), None);
        let mut car = on_a_square(4.4, 0.12);
        assert_eq!(leave_out(&mut car), None);
        assert_eq!(car.parts.len(), box_car().parts.len() + 1);
    }
}
