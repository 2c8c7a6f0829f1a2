//! A small car in code for tests of every crate: closed body, doors, glass, lamps, wing, mirrors and wheels, with one
//! texture layout for the paint that does not overlap. Its panels are flat and finely divided.

use crate::export::glb_bytes;
use crate::manifest::{CarManifest, MANIFEST_NAME, MirrorSpec, PaintSpec, SimTargets, WheelSpec};
use crate::manifest::Ams2Target;
use crate::mirror::pair_parts;
use crate::model::{CarModel, Material, MaterialKind, Mesh, Part, PartClass, Wheel};
use crate::pack::CarPack;
use glam::{Vec2, Vec3};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The texture size that the layout is packed for, in pixels.
pub const UV_SIZE: u32 = 2048;

/// Length of a panel's quads in metres: some thousand triangles, quick for tests.
const STEP_M: f32 = 0.08;
/// For measurements: about as many triangles as a real car.
const FINE_STEP_M: f32 = 0.02;
/// Free pixels around each panel in the layout, half of the distance between two.
const PADDING_PX: f32 = 6.0;

/// The car, in the usual frame: 4.6 m long, 2.06 m wide, 1.33 m high.
pub fn box_car() -> CarModel {
    divided(STEP_M)
}

/// The same car in about a hundred thousand triangles.
pub fn fine_box_car() -> CarModel {
    divided(FINE_STEP_M)
}

fn divided(step_m: f32) -> CarModel {
    let mut builder = Builder { panels: Vec::new(), step_m };
    body(&mut builder);
    add_ons(&mut builder);
    let mut car = builder.pack();
    for (name, x, z) in wheel_places() {
        let index = add_wheel(&mut car, &format!("wheel_{name}"), Vec3::new(x, WHEEL_RADIUS, z));
        car.wheels.push(Wheel {
            name: name.to_owned(),
            center: Vec3::new(x, WHEEL_RADIUS, z),
            radius: WHEEL_RADIUS,
            parts: vec![index],
            still: Vec::new(),
        });
    }
    pair_parts(&mut car.parts);
    car
}

/// The car as a loaded pack that lies nowhere.
pub fn box_pack() -> CarPack {
    CarPack { dir: PathBuf::new(), manifest: box_manifest(), model: box_car(), hash: "boxcar".to_owned() }
}

/// Writes the car as a pack into a folder that exists.
pub fn write_box_pack(dir: &Path) -> std::io::Result<()> {
    std::fs::write(dir.join(MANIFEST_NAME), box_manifest().to_toml())?;
    std::fs::write(dir.join("car.glb"), glb_bytes(&box_car(), "box car"))
}

/// What the car's `car.toml` says.
pub fn box_manifest() -> CarManifest {
    let car = box_car();
    let kinds = [MaterialKind::Glass, MaterialKind::Lamp, MaterialKind::Rubber, MaterialKind::Carbon];
    let names = ["glass", "lamp", "rubber", "carbon"];
    let wheel = |w: &Wheel| WheelSpec {
        center: w.center,
        radius: w.radius,
        parts: w.parts.iter().map(|&part| car.parts[part].name.clone()).collect(),
        still: Vec::new(),
    };
    CarManifest {
        id: "box_car".to_owned(),
        name: "Box car".to_owned(),
        class: "GT3".to_owned(),
        mesh: "car.glb".to_owned(),
        length_m: 4.6,
        width_m: 2.06,
        height_m: 1.33,
        wheelbase_m: 2.6,
        paint: PaintSpec { materials: vec!["paint".to_owned()], uv_size: UV_SIZE },
        mirror: MirrorSpec::default(),
        materials: names.map(str::to_owned).into_iter().zip(kinds).collect(),
        parts: car.parts.iter().map(|part| (part.name.clone(), part.class)).collect::<BTreeMap<_, _>>(),
        wheels: car.wheels.iter().map(|w| (w.name.clone(), wheel(w))).collect(),
        sims: SimTargets {
            ams2: Some(Ams2Target {
                vehicle: "box_car".to_owned(),
                slots_from: 51,
                body_texture: "BODY".to_owned(),
                base_livery: "Default".to_owned(),
            }),
        },
        author: None,
        licence: None,
    }
}

const WHEEL_RADIUS: f32 = 0.34;
const WHEEL_HALF_WIDTH: f32 = 0.14;

fn wheel_places() -> [(&'static str, f32, f32); 4] {
    [("front_left", 0.89, 1.3), ("front_right", -0.89, 1.3), ("rear_left", 0.89, -1.3), ("rear_right", -0.89, -1.3)]
}

/// A flat panel: corners in the order (0, 0), (1, 0), (1, 1), (0, 1) of its picture, the first at the top left as the
/// panel is seen from outside.
struct Panel {
    part: String,
    class: PartClass,
    kind: MaterialKind,
    corners: [Vec3; 4],
}

struct Builder {
    panels: Vec<Panel>,
    step_m: f32,
}

impl Builder {
    fn panel(&mut self, part: &str, class: PartClass, kind: MaterialKind, corners: [[f32; 3]; 4]) {
        self.panels.push(Panel { part: part.to_owned(), class, kind, corners: corners.map(Vec3::from) });
    }

    /// The panel given for the left side, and its mirror image on the right; `part` and class say `left`.
    fn both(&mut self, part: &str, class: PartClass, kind: MaterialKind, corners: [[f32; 3]; 4]) {
        self.panel(&format!("{part}_left"), class, kind, corners);
        // Seen from outside, the mirrored panel's left and right swap.
        let [a, b, c, d] = corners.map(|[x, y, z]| [-x, y, z]);
        self.panel(&format!("{part}_right"), class.mirrored(), kind, [b, a, d, c]);
    }

    /// Five or six sides of a box around `center` as one part.
    fn cuboid(&mut self, part: &str, class: PartClass, kind: MaterialKind, center: [f32; 3], half: [f32; 3]) {
        let ([cx, cy, cz], [hx, hy, hz]) = (center, half);
        let at = |x: f32, y: f32, z: f32| [cx + x * hx, cy + y * hy, cz + z * hz];
        let mut side = |corners| self.panel(part, class, kind, corners);
        side([at(1., 1., 1.), at(1., 1., -1.), at(1., -1., -1.), at(1., -1., 1.)]);
        side([at(-1., 1., -1.), at(-1., 1., 1.), at(-1., -1., 1.), at(-1., -1., -1.)]);
        side([at(-1., 1., 1.), at(1., 1., 1.), at(1., -1., 1.), at(-1., -1., 1.)]);
        side([at(1., 1., -1.), at(-1., 1., -1.), at(-1., -1., -1.), at(1., -1., -1.)]);
        side([at(-1., 1., -1.), at(1., 1., -1.), at(1., 1., 1.), at(-1., 1., 1.)]);
        side([at(-1., -1., 1.), at(1., -1., 1.), at(1., -1., -1.), at(-1., -1., -1.)]);
    }

    fn pack(self) -> CarModel {
        let mut car = CarModel::default();
        let places = shelves(&self.panels);
        for (panel, (origin_px, px_per_m)) in self.panels.iter().zip(places) {
            let name = match panel.kind {
                MaterialKind::Paint => "paint",
                MaterialKind::Glass => "glass",
                MaterialKind::Lamp => "lamp",
                MaterialKind::Rubber => "rubber",
                _ => "carbon",
            };
            let material = car.materials.iter().position(|m| m.name == name).unwrap_or_else(|| {
                car.materials.push(Material::of_kind(name, panel.kind));
                car.materials.len() - 1
            });
            let part = car.part_index(&panel.part).unwrap_or_else(|| {
                let (name, class) = (panel.part.clone(), panel.class);
                car.parts.push(Part { name, class, material, mesh: Mesh::default(), mirror: None });
                car.parts.len() - 1
            });
            divide(&mut car.parts[part].mesh, panel, self.step_m, (origin_px, px_per_m));
        }
        car
    }
}

impl Panel {
    /// The panel's place in its own flat picture, in metres from the top left of its outline.
    fn flat(&self, p: Vec3) -> Vec2 {
        let (origin, right, down) = self.axes();
        let at = |p: Vec3| Vec2::new((p - origin).dot(right), (p - origin).dot(down));
        at(p) - self.corners.map(at).into_iter().fold(Vec2::INFINITY, Vec2::min)
    }

    fn size_m(&self) -> Vec2 {
        self.corners.map(|corner| self.flat(corner)).into_iter().fold(Vec2::ZERO, Vec2::max)
    }

    fn normal(&self) -> Vec3 {
        let [a, _, c, d] = self.corners;
        (d - a).cross(c - a).normalize()
    }

    /// Origin, right and down; sides of the car lie level.
    fn axes(&self) -> (Vec3, Vec3, Vec3) {
        let [a, b, ..] = self.corners;
        let normal = self.normal();
        let right = if normal.x.abs() > 0.9 { Vec3::Y.cross(normal) } else { b - a }.normalize();
        (a, right, right.cross(normal))
    }
}

/// Places panels on shelves, tallest first, as dense as they fit: each one's origin in pixels, and pixels per metre.
fn shelves(panels: &[Panel]) -> Vec<(Vec2, f32)> {
    let painted = |panel: &Panel| panel.kind == MaterialKind::Paint;
    let mut order: Vec<usize> = (0..panels.len()).filter(|&i| painted(&panels[i])).collect();
    order.sort_by(|&a, &b| panels[b].size_m().y.total_cmp(&panels[a].size_m().y).then(a.cmp(&b)));
    let mut density = 700.0;
    loop {
        let mut places = vec![(Vec2::ZERO, 1.0); panels.len()];
        let (mut at, mut shelf) = (Vec2::splat(PADDING_PX), 0.0f32);
        for &i in &order {
            let size = panels[i].size_m() * density;
            if at.x + size.x + PADDING_PX > UV_SIZE as f32 {
                at = Vec2::new(PADDING_PX, at.y + shelf + 2.0 * PADDING_PX);
                shelf = 0.0;
            }
            places[i] = (at, density);
            at.x += size.x + 2.0 * PADDING_PX;
            shelf = shelf.max(size.y);
        }
        if at.y + shelf + PADDING_PX <= UV_SIZE as f32 {
            return places;
        }
        density *= 0.98;
    }
}

/// Adds a panel as a grid of quads.
fn divide(mesh: &mut Mesh, panel: &Panel, step_m: f32, (origin_px, px_per_m): (Vec2, f32)) {
    let [a, b, c, d] = panel.corners;
    let size = panel.size_m();
    let (nx, ny) = ((size.x / step_m).ceil().max(1.0) as u32, (size.y / step_m).ceil().max(1.0) as u32);
    let normal = panel.normal();
    let base = mesh.positions.len() as u32;
    for j in 0..=ny {
        for i in 0..=nx {
            let (s, t) = (i as f32 / nx as f32, j as f32 / ny as f32);
            let p = a.lerp(b, s).lerp(d.lerp(c, s), t);
            mesh.positions.push(p);
            mesh.normals.push(normal);
            mesh.uvs.push((origin_px + panel.flat(p) * px_per_m) / UV_SIZE as f32);
        }
    }
    let at = |i: u32, j: u32| base + j * (nx + 1) + i;
    for j in 0..ny {
        for i in 0..nx {
            mesh.indices.extend([at(i, j), at(i, j + 1), at(i + 1, j + 1), at(i, j), at(i + 1, j + 1), at(i + 1, j)]);
        }
    }
}

fn body(b: &mut Builder) {
    use MaterialKind::{Carbon, Glass, Paint};
    const LOW: f32 = 0.15;
    const SKIRT: f32 = 0.32;
    // Height of the side's upper edge at the nose, the windscreen's foot, the door's end and the tail.
    let (nose, belt, tail) = (0.6, 0.85, 0.85);
    let (z0, z1, z2, z3) = (2.3, 0.9, -0.5, -2.3);
    let roof = [[0.65, 1.25, 0.2], [0.65, 1.25, -0.7]];
    b.panel("front_bumper", PartClass::FrontBumper, Paint, [[-1., nose, z0], [1., nose, z0], [1., LOW, z0], [-1., LOW, z0]]);
    b.panel("bonnet", PartClass::Bonnet, Paint, [[-1., belt, z1], [1., belt, z1], [1., nose, z0], [-1., nose, z0]]);
    b.panel("windscreen", PartClass::Glass, Glass, [[-0.65, 1.25, 0.2], [0.65, 1.25, 0.2], [1., belt, z1], [-1., belt, z1]]);
    b.panel("roof", PartClass::Roof, Paint, [[-0.65, 1.25, -0.7], [0.65, 1.25, -0.7], [0.65, 1.25, 0.2], [-0.65, 1.25, 0.2]]);
    b.panel("engine_cover", PartClass::EngineCover, Paint, [[0.65, 1.25, -0.7], [-0.65, 1.25, -0.7], [-1., tail, z3], [1., tail, z3]]);
    b.panel("rear_bumper", PartClass::RearBumper, Paint, [[1., tail, z3], [-1., tail, z3], [-1., LOW, z3], [1., LOW, z3]]);
    b.panel("floor", PartClass::Other, Carbon, [[-1., LOW, z0], [1., LOW, z0], [1., LOW, z3], [-1., LOW, z3]]);
    b.both("front_wing", PartClass::FrontWingLeft, Paint, [[1., nose, z0], [1., belt, z1], [1., LOW, z1], [1., LOW, z0]]);
    b.both("door", PartClass::DoorLeft, Paint, [[1., belt, z1], [1., belt, z2], [1., SKIRT, z2], [1., SKIRT, z1]]);
    b.both("skirt", PartClass::SkirtLeft, Paint, [[1., SKIRT, z1], [1., SKIRT, z2], [1., LOW, z2], [1., LOW, z1]]);
    b.both("rear_quarter", PartClass::RearQuarterLeft, Paint, [[1., belt, z2], [1., tail, z3], [1., LOW, z3], [1., LOW, z2]]);
    b.both("window", PartClass::Glass, Glass, [roof[0], roof[1], [1., tail, z3], [1., belt, z1]]);
}

fn add_ons(b: &mut Builder) {
    use MaterialKind::{Lamp, Paint};
    b.cuboid("rear_wing", PartClass::RearWing, Paint, [0., 1.3, -2.1], [0.9, 0.03, 0.18]);
    b.cuboid("mirror_left", PartClass::MirrorLeft, Paint, [0.96, 0.95, 0.65], [0.07, 0.05, 0.09]);
    b.cuboid("mirror_right", PartClass::MirrorRight, Paint, [-0.96, 0.95, 0.65], [0.07, 0.05, 0.09]);
    b.cuboid("lamp_left", PartClass::Lamps, Lamp, [0.7, 0.48, 2.28], [0.16, 0.06, 0.025]);
    b.cuboid("lamp_right", PartClass::Lamps, Lamp, [-0.7, 0.48, 2.28], [0.16, 0.06, 0.025]);
}

/// Adds a closed cylinder about the X axis and returns its part's index.
fn add_wheel(car: &mut CarModel, name: &str, center: Vec3) -> usize {
    const SIDES: u32 = 32;
    let material = car.materials.iter().position(|m| m.name == "rubber").unwrap_or_else(|| {
        car.materials.push(Material::of_kind("rubber", MaterialKind::Rubber));
        car.materials.len() - 1
    });
    let mut mesh = Mesh::default();
    for side in [-1.0f32, 1.0] {
        let axis = Vec3::X * side;
        let hub = mesh.positions.len() as u32;
        let mut push = |p: Vec3, n: Vec3| {
            mesh.positions.push(p);
            mesh.normals.push(n);
            mesh.uvs.push(Vec2::splat(0.5));
        };
        push(center + axis * WHEEL_HALF_WIDTH, axis);
        for i in 0..SIDES {
            let (s, c) = (i as f32 / SIDES as f32 * std::f32::consts::TAU).sin_cos();
            let radial = Vec3::new(0.0, s, c);
            push(center + axis * WHEEL_HALF_WIDTH + radial * WHEEL_RADIUS, axis);
            push(center + axis * WHEEL_HALF_WIDTH + radial * WHEEL_RADIUS, radial);
        }
        for i in 0..SIDES {
            let (a, b) = (hub + 1 + 2 * i, hub + 1 + 2 * ((i + 1) % SIDES));
            mesh.indices.extend(if side > 0.0 { [hub, b, a] } else { [hub, a, b] });
        }
    }
    let ring = 1 + 2 * SIDES;
    for i in 0..SIDES {
        let (a, b) = (2 + 2 * i, 2 + 2 * ((i + 1) % SIDES));
        mesh.indices.extend([a, a + ring, b, b, a + ring, b + ring]);
    }
    car.parts.push(Part { name: name.to_owned(), class: PartClass::Wheels, material, mesh, mirror: None });
    car.parts.len() - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn panels_look_outward_and_normals_agree_with_triangles() {
        let car = box_car();
        let middle = Vec3::new(0.0, 0.55, 0.0);
        for part in &car.parts {
            let mesh = &part.mesh;
            assert_eq!(mesh.positions.len(), mesh.normals.len());
            assert_eq!(mesh.positions.len(), mesh.uvs.len());
            for t in mesh.indices.chunks_exact(3) {
                let [a, b, c] = [t[0], t[1], t[2]].map(|i| mesh.positions[i as usize]);
                let n = (b - a).cross(c - a);
                assert!(n.dot(mesh.normals[t[0] as usize]) > 0.0, "{} is inside out", part.name);
            }
        }
        // The body's panels face away from the middle.
        for name in ["bonnet", "roof", "door_left", "door_right", "rear_bumper", "engine_cover", "floor", "window_left"] {
            let mesh = &car.parts[car.part_index(name).expect(name)].mesh;
            assert!(mesh.normals[0].dot(mesh.positions[0] - middle) > 0.0, "{name} looks inward");
        }
        let (low, high) = car.bounds();
        assert!((high.z - low.z - 4.605).abs() < 0.02 && low.y.abs() < 1e-3, "{low} {high}");
    }
}
