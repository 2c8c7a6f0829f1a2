//! How a car stands in a file: which axis is long, which is up, where the nose points, and what a unit is.

use glam::{Mat3, Vec3};

use crate::error::MeshError;
use crate::model::{CarModel, Part};

/// Lengths of road and race cars in metres; a unit is believed when the car's length falls in here.
const LENGTHS_M: std::ops::RangeInclusive<f32> = 3.2..=5.9;
/// Taken where no unit fits.
const USUAL_LENGTH_M: f32 = 4.6;
/// Units that modellers use, in metres, the usual ones first.
const UNITS: [(&str, f32); 5] = [("metres", 1.0), ("centimetres", 0.01), ("millimetres", 0.001), ("inches", 0.0254), ("feet", 0.3048)];
/// Share of the surface at either end of an axis that is ignored when its extent is measured: aerials, stray triangles.
const STRAY: f32 = 0.0005;
/// Names that say which end a part belongs to.
const FRONT_WORDS: [&str; 8] = ["front", "headl", "bonnet", "hood", "splitter", "windscreen", "windshield", "nose"];
const REAR_WORDS: [&str; 8] = ["rear", "tail", "exhaust", "diffus", "trunk", "boot", "brakelight", "back"];

/// A direction along an axis of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Nose {
    axis: usize,
    positive: bool,
}

impl std::str::FromStr for Nose {
    type Err = String;

    /// Reads `+x`, `-x`, `+y`, `-y`, `+z` or `-z`.
    fn from_str(text: &str) -> Result<Self, String> {
        let (sign, axis) = text.split_at_checked(1).ok_or("say +x, -x, +y, -y, +z or -z")?;
        let axis = ["x", "y", "z"].iter().position(|name| axis.eq_ignore_ascii_case(name));
        match (sign, axis) {
            ("+", Some(axis)) => Ok(Self { axis, positive: true }),
            ("-", Some(axis)) => Ok(Self { axis, positive: false }),
            _ => Err("say +x, -x, +y, -y, +z or -z".into()),
        }
    }
}

impl std::fmt::Display for Nose {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}{}", if self.positive { '+' } else { '-' }, ["X", "Y", "Z"][self.axis])
    }
}

/// The way from the file's space to the car's.
#[derive(Debug, Clone)]
pub(super) struct Placement {
    /// A rotation by right angles.
    turn: Mat3,
    /// Metres in a unit.
    scale: f32,
    /// Added after turning and scaling, metres.
    offset: Vec3,
    pub(super) notes: Vec<String>,
}

/// A triangle as its middle and its area, in the file's units.
struct Piece {
    centre: Vec3,
    area: f32,
    part: usize,
}

/// Finds how the car stands.
pub(super) fn find(model: &CarModel, length_m: Option<f32>, nose: Option<Nose>) -> Result<Placement, MeshError> {
    let pieces = pieces(model);
    let ranges = [0, 1, 2].map(|axis| range(&pieces, axis));
    let extent = |axis: usize| ranges[axis].1 - ranges[axis].0;
    if (0..3).any(|axis| !(extent(axis) > 0.0)) {
        return Err(MeshError::Flat);
    }
    let (long, up) = match nose {
        Some(nose) => (nose.axis, (0..3).filter(|&a| a != nose.axis).min_by(|&a, &b| extent(a).total_cmp(&extent(b))).unwrap_or(1)),
        None => {
            let mut axes = [0, 1, 2];
            axes.sort_by(|&a, &b| extent(b).total_cmp(&extent(a)));
            (axes[0], axes[2])
        }
    };
    let mut notes = Vec::new();
    // glTF says that +Y is up; another axis is a slip of the export, and its sign follows from cars being wide below.
    let up_sign = if up == 1 || low_half_is_heavier(&pieces, up, ranges[up]) { 1.0 } else { -1.0 };
    let nose_sign = match nose {
        Some(nose) => f32::from(i8::from(nose.positive) * 2 - 1),
        None => {
            let (sign, by) = nose_sign(model, &pieces, long, up, up_sign, &ranges);
            let found = Nose { axis: long, positive: sign > 0.0 };
            notes.push(format!("The nose points to {found} in the file, as its {by}; if that is wrong, import with --nose."));
            sign
        }
    };
    let axis = |index: usize, sign: f32| sign * Vec3::AXES[index];
    let (forward, upward) = (axis(long, nose_sign), axis(up, up_sign));
    let left = upward.cross(forward);
    let turn = Mat3::from_cols(left, upward, forward).transpose();

    let length = extent(long);
    let scale = match length_m {
        Some(metres) => metres / length,
        None => match UNITS.iter().find(|(_, unit)| LENGTHS_M.contains(&(length * unit))) {
            Some((name, unit)) => {
                notes.push(format!("The mesh is in {name}: the car is {:.2} m long.", length * unit));
                *unit
            }
            None => {
                notes.push(format!(
                    "The mesh is {length:.2} units long, which fits no unit; the car was made {USUAL_LENGTH_M} m long. Import with --length to say better."
                ));
                USUAL_LENGTH_M / length
            }
        },
    };
    let corners = [Vec3::from(ranges.map(|r| r.0)), Vec3::from(ranges.map(|r| r.1))].map(|corner| turn * corner * scale);
    let (low, high) = (corners[0].min(corners[1]), corners[0].max(corners[1]));
    let middle = (low + high) * 0.5;
    Ok(Placement { turn, scale, offset: -Vec3::new(middle.x, low.y, middle.z), notes })
}

impl Placement {
    /// Moves every part into the car's frame.
    pub(super) fn apply(&self, model: &mut CarModel) {
        for part in &mut model.parts {
            part.mesh.positions.iter_mut().for_each(|p| *p = self.turn * *p * self.scale + self.offset);
            part.mesh.normals.iter_mut().for_each(|n| *n = self.turn * *n);
        }
    }
}

fn pieces(model: &CarModel) -> Vec<Piece> {
    let mut pieces = Vec::with_capacity(model.triangle_count());
    for (part, Part { mesh, .. }) in model.parts.iter().enumerate() {
        pieces.extend(mesh.indices.chunks_exact(3).map(|t| {
            let [a, b, c] = mesh.corners(t);
            Piece { centre: (a + b + c) / 3.0, area: mesh.area(t), part }
        }));
    }
    pieces
}

/// From where to where the surface reaches along an axis, strays left out.
fn range(pieces: &[Piece], axis: usize) -> (f32, f32) {
    let mut places: Vec<(f32, f32)> = pieces.iter().map(|p| (p.centre[axis], p.area)).collect();
    places.sort_by(|a, b| a.0.total_cmp(&b.0));
    let total: f32 = places.iter().map(|p| p.1).sum();
    let at = |share: f32| {
        let mut sum = 0.0;
        places.iter().find(|(_, area)| { sum += area; sum >= share * total }).or(places.last()).map_or(0.0, |p| p.0)
    };
    (at(STRAY), at(1.0 - STRAY))
}

fn low_half_is_heavier(pieces: &[Piece], axis: usize, range: (f32, f32)) -> bool {
    let middle = 0.5 * (range.0 + range.1);
    let balance: f32 = pieces.iter().map(|p| if p.centre[axis] < middle { p.area } else { -p.area }).sum();
    balance >= 0.0
}

/// Where the nose points along the long axis, and what tells it.
fn nose_sign(
    model: &CarModel,
    pieces: &[Piece],
    long: usize,
    up: usize,
    up_sign: f32,
    ranges: &[(f32, f32); 3],
) -> (f32, &'static str) {
    let means = |words: &[&str]| {
        let named: Vec<bool> = model
            .parts
            .iter()
            .map(|part| {
                let name = format!("{} {}", part.name, model.materials[part.material].name).to_lowercase();
                words.iter().any(|word| name.contains(word))
            })
            .collect();
        let (sum, area) = pieces
            .iter()
            .filter(|p| named[p.part])
            .fold((0.0, 0.0), |(sum, area), p| (sum + p.centre[long] * p.area, area + p.area));
        (area > 0.0).then(|| sum / area)
    };
    let length = ranges[long].1 - ranges[long].0;
    if let (Some(front), Some(rear)) = (means(&FRONT_WORDS), means(&REAR_WORDS))
        && (front - rear).abs() > 0.2 * length
    {
        return ((front - rear).signum(), "parts' names say");
    }
    // Cabin, deck and wing stand behind the middle; the nose is low.
    let (low, high) = ranges[up];
    let height = |p: &Piece| if up_sign > 0.0 { (p.centre[up] - low) / (high - low) } else { (high - p.centre[up]) / (high - low) };
    let (sum, area) = pieces
        .iter()
        .filter(|p| height(p) > 0.62)
        .fold((0.0, 0.0), |(sum, area), p| (sum + p.centre[long] * p.area, area + p.area));
    let middle = 0.5 * (ranges[long].0 + ranges[long].1);
    let top = if area > 0.0 { sum / area } else { middle };
    (if top <= middle { 1.0 } else { -1.0 }, "shape suggests")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::box_car;

    fn turned(turn: Mat3, scale: f32, anonymous: bool) -> CarModel {
        let mut car = box_car();
        for (index, part) in car.parts.iter_mut().enumerate() {
            if anonymous {
                part.name = format!("object_{index}");
            }
            part.mesh.positions.iter_mut().for_each(|p| *p = turn * *p * scale + Vec3::new(3.0, -2.0, 7.0) * scale);
            part.mesh.normals.iter_mut().for_each(|n| *n = turn * *n);
        }
        car
    }

    fn assert_same(found: &CarModel, car: &CarModel) {
        for (a, b) in found.parts.iter().zip(&car.parts) {
            for (p, q) in a.mesh.positions.iter().zip(&b.mesh.positions) {
                assert!((*p - *q).length() < 0.03, "{}: {p} instead of {q}", b.name);
            }
        }
    }

    #[test]
    fn a_car_in_any_pose_and_unit_comes_back() {
        let car = box_car();
        let turns = [
            Mat3::IDENTITY,
            Mat3::from_rotation_y(std::f32::consts::FRAC_PI_2),
            Mat3::from_rotation_y(std::f32::consts::PI),
            Mat3::from_rotation_x(std::f32::consts::FRAC_PI_2),
        ];
        for turn in turns {
            for scale in [1.0, 100.0, 1000.0] {
                let mut turned = turned(turn, scale, false);
                let placement = find(&turned, None, None).expect("stands");
                placement.apply(&mut turned);
                assert_same(&turned, &car);
            }
        }
    }

    #[test]
    fn what_the_person_says_counts() {
        let car = box_car();
        let mut found = turned(Mat3::from_rotation_y(std::f32::consts::PI), 7.3, true);
        let placement = find(&found, Some(4.6), Some("-z".parse().expect("a direction"))).expect("stands");
        placement.apply(&mut found);
        let ((low, high), (low_b, high_b)) = (found.bounds(), car.bounds());
        assert!(((high - low).z - 4.6).abs() < 0.05);
        let ratio = (high - low) / (high_b - low_b);
        assert!((ratio.x - ratio.z).abs() < 0.02 && (ratio.y - ratio.z).abs() < 0.02, "{ratio}");
        let door = car.part_index("door_left").expect("has doors");
        assert!(found.parts[door].mesh.positions.iter().all(|p| p.x > 0.0), "left stays left");
        assert!("up".parse::<Nose>().is_err());
    }
}
