//! A new texture layout for paint, made as a painter would cut it: each piece is seen straight from the left, the right,
//! above, below, the front or the rear, stands upright, and is readable from outside; all have the same scale.
//!
//! Every triangle belongs to the direction that it faces most, with regard to its neighbours; what hangs together and
//! faces one way becomes a chart, surfaces that would cover each other in it become charts of their own, and the charts
//! are packed as rectangles.

use std::collections::HashMap;

use glam::{Vec2, Vec3};
use guillotiere::{AtlasAllocator, Size, size2};

use crate::error::MeshError;
use crate::model::{CarModel, Mesh};

/// Free texels around each chart, at the texture size that the layout is made for.
const PADDING_PX: f32 = 4.0;
/// How much the neighbours' choice counts beside the own cosine.
const NEIGHBOURS: f32 = 0.35;
/// Rounds of smoothing.
const ROUNDS: usize = 10;
/// A triangle is not put where it would be seen flatter than this cosine.
const FLATTEST: f32 = 0.15;
/// The same for what is too small for a chart of its own.
const FLATTEST_OF_SMALL: f32 = 0.05;
/// Smaller charts join a neighbour's where they can, square metres.
const SMALL_M2: f32 = 0.02;
/// Rounds of joining: what has joined may be large enough for others to join it.
const JOINING: usize = 3;
/// Cell of the grid on which surfaces that cover each other are found, metres.
const CELL_M: f32 = 0.006;
/// The scale is lowered by this factor until all charts fit.
const SHRINK: f32 = 0.985;
/// Tries at fitting.
const TRIES: usize = 120;

/// The underside is drawn at this share of the scale of the rest: nobody paints or sees it closely.
pub(super) const UNDERSIDE_SCALE: f32 = 0.4;

/// A view from outside: what it looks against, and the texture's axes there.
struct View {
    normal: Vec3,
    right: Vec3,
    down: Vec3,
    /// Added to the cosine: sides are kept whole, the underside comes last.
    bonus: f32,
    /// Times the layout's scale.
    scale: f32,
}

const VIEWS: [View; 6] = [
    View { normal: Vec3::X, right: Vec3::NEG_Z, down: Vec3::NEG_Y, bonus: 0.05, scale: 1.0 },
    View { normal: Vec3::NEG_X, right: Vec3::Z, down: Vec3::NEG_Y, bonus: 0.05, scale: 1.0 },
    View { normal: Vec3::Y, right: Vec3::NEG_Z, down: Vec3::X, bonus: 0.0, scale: 1.0 },
    View { normal: Vec3::NEG_Y, right: Vec3::NEG_Z, down: Vec3::NEG_X, bonus: -0.1, scale: UNDERSIDE_SCALE },
    View { normal: Vec3::Z, right: Vec3::X, down: Vec3::NEG_Y, bonus: 0.0, scale: 1.0 },
    View { normal: Vec3::NEG_Z, right: Vec3::NEG_X, down: Vec3::NEG_Y, bonus: 0.0, scale: 1.0 },
];

struct Triangle {
    part: usize,
    index: usize,
    corners: [Vec3; 3],
    normal: Vec3,
    area: f32,
    neighbours: Vec<u32>,
}

/// A piece of the layout: triangles seen by one view.
struct Chart {
    view: usize,
    triangles: Vec<u32>,
    /// Corner of its bounding box in the view's axes, see [`flat`].
    low: Vec2,
    /// Extent there.
    size: Vec2,
}

/// Lays out all paint of a car for a texture of `size` pixels; returns the number of charts.
pub(super) fn paint(model: &mut CarModel, size: u32) -> Result<usize, MeshError> {
    let triangles = triangles(model);
    let views = choose_views(&triangles);
    let views = (0..JOINING).fold(views, |views, _| join_small(&triangles, views));
    let keys = layers(&triangles, &views);
    let charts: Vec<Chart> = groups(&triangles, &keys).into_iter().map(|group| Chart::new(group, &triangles, &views)).collect();
    let (scale, places) = pack(&charts, size).ok_or(MeshError::TooMany {
        what: "separate painted pieces",
        found: charts.len() as u64,
        limit: charts.len() as u64 / 2,
    })?;
    write(model, &triangles, &charts, &places, scale, size as f32);
    Ok(charts.len())
}

fn triangles(model: &CarModel) -> Vec<Triangle> {
    let mut all = Vec::new();
    let mut ids: HashMap<[i32; 3], u32> = HashMap::new();
    let mut edges: HashMap<(u32, u32), Vec<u32>> = HashMap::new();
    for (part, p) in model.parts.iter().enumerate().filter(|(part, _)| model.is_paint(*part)) {
        for (index, t) in p.mesh.indices.chunks_exact(3).enumerate() {
            let corners = p.mesh.corners(t);
            let cross = (corners[1] - corners[0]).cross(corners[2] - corners[0]);
            let id = all.len() as u32;
            let welded = corners.map(|p| {
                let next = ids.len() as u32;
                *ids.entry(Mesh::weld_key(p)).or_insert(next)
            });
            for k in 0..3 {
                let (a, b) = (welded[k], welded[(k + 1) % 3]);
                edges.entry((a.min(b), a.max(b))).or_default().push(id);
            }
            all.push(Triangle { part, index, corners, normal: cross.normalize_or_zero(), area: 0.5 * cross.length(), neighbours: Vec::new() });
        }
    }
    for sharing in edges.values().filter(|sharing| sharing.len() == 2) {
        let [a, b] = [sharing[0], sharing[1]];
        all[a as usize].neighbours.push(b);
        all[b as usize].neighbours.push(a);
    }
    all
}

fn cosine(triangle: &Triangle, view: usize) -> f32 {
    triangle.normal.dot(VIEWS[view].normal)
}

fn choose_views(triangles: &[Triangle]) -> Vec<u8> {
    let best = |score: &dyn Fn(usize) -> f32| {
        (0..VIEWS.len()).max_by(|&a, &b| score(a).total_cmp(&score(b))).unwrap_or(0) as u8
    };
    let mut views: Vec<u8> = triangles.iter().map(|t| best(&|v| cosine(t, v) + VIEWS[v].bonus)).collect();
    for _ in 0..ROUNDS {
        let next = triangles
            .iter()
            .map(|t| {
                let mut shares = [0.0f32; VIEWS.len()];
                t.neighbours.iter().for_each(|&n| shares[views[n as usize] as usize] += NEIGHBOURS);
                best(&|v| {
                    let cosine = cosine(t, v);
                    if cosine < FLATTEST { cosine - 2.0 } else { cosine + VIEWS[v].bonus + shares[v] }
                })
            })
            .collect();
        if next == views {
            break;
        }
        views = next;
    }
    views
}

/// Triangles with equal keys that hang together.
fn groups<K: PartialEq + Copy>(triangles: &[Triangle], keys: &[K]) -> Vec<Vec<u32>> {
    let mut seen = vec![false; triangles.len()];
    let mut groups = Vec::new();
    for start in 0..triangles.len() {
        if seen[start] {
            continue;
        }
        seen[start] = true;
        let mut group = vec![start as u32];
        let mut next = 0;
        while let Some(&t) = group.get(next) {
            next += 1;
            for &n in &triangles[t as usize].neighbours {
                if !seen[n as usize] && keys[n as usize] == keys[start] {
                    seen[n as usize] = true;
                    group.push(n);
                }
            }
        }
        groups.push(group);
    }
    groups
}

/// Lets small charts join the chart around them where that one's view sees them too.
fn join_small(triangles: &[Triangle], mut views: Vec<u8>) -> Vec<u8> {
    for group in groups(triangles, &views) {
        let area: f32 = group.iter().map(|&t| triangles[t as usize].area).sum();
        if area > SMALL_M2 {
            continue;
        }
        let own = views[group[0] as usize];
        let mut borders = [0usize; VIEWS.len()];
        for &t in &group {
            for &n in &triangles[t as usize].neighbours {
                borders[views[n as usize] as usize] += 1;
            }
        }
        borders[own as usize] = 0;
        let sees = |view: usize| group.iter().all(|&t| cosine(&triangles[t as usize], view) > FLATTEST_OF_SMALL);
        let best = (0..VIEWS.len()).filter(|&v| borders[v] > 0 && sees(v)).max_by_key(|&v| borders[v]);
        if let Some(best) = best {
            group.iter().for_each(|&t| views[t as usize] = best as u8);
        }
    }
    views
}

/// View and layer of every triangle: within a chart, what would cover another surface goes one layer on.
fn layers(triangles: &[Triangle], views: &[u8]) -> Vec<(u8, u8)> {
    let mut keys: Vec<(u8, u8)> = views.iter().map(|&view| (view, 0)).collect();
    for group in groups(triangles, views) {
        let view = views[group[0] as usize] as usize;
        let mut owners: Vec<HashMap<(i32, i32), u32>> = Vec::new();
        for &t in &group {
            let triangle = &triangles[t as usize];
            let cells = cells(triangle.corners.map(|p| flat(p, view)));
            let free = |layer: &HashMap<(i32, i32), u32>| {
                let taken = cells.iter().filter(|cell| layer.contains_key(*cell)).count();
                taken * 10 <= cells.len()
            };
            // The layer of what was laid out next to it comes first, so that surfaces stay together.
            let beside = triangle.neighbours.iter().map(|&n| keys[n as usize]).find(|key| key.0 as usize == view);
            let beside = beside.map_or(0, |key| key.1 as usize);
            let order = std::iter::once(beside).chain((0..=owners.len()).filter(|&layer| layer != beside));
            let layer = order.into_iter().find(|&layer| owners.get(layer).is_none_or(&free)).unwrap_or(0);
            if layer == owners.len() {
                owners.push(HashMap::new());
            }
            if let Some(owner) = owners.get_mut(layer) {
                owner.extend(cells.into_iter().map(|cell| (cell, t)));
            }
            keys[t as usize].1 = layer.min(usize::from(u8::MAX)) as u8;
        }
    }
    keys
}

/// A place in a view's axes, metres times the view's share of the scale.
fn flat(p: Vec3, view: usize) -> Vec2 {
    Vec2::new(p.dot(VIEWS[view].right), p.dot(VIEWS[view].down)) * VIEWS[view].scale
}

/// Grid cells whose middle lies in a triangle.
fn cells(corners: [Vec2; 3]) -> Vec<(i32, i32)> {
    let [a, b, c] = corners.map(|p| p / CELL_M);
    let (low, high) = (a.min(b).min(c).floor(), a.max(b).max(c).ceil());
    let area = (b - a).perp_dot(c - a);
    let mut out = Vec::new();
    if area.abs() < 1e-6 {
        return out;
    }
    for y in low.y as i32..high.y as i32 {
        for x in low.x as i32..high.x as i32 {
            let p = Vec2::new(x as f32 + 0.5, y as f32 + 0.5);
            let w = [(b - a).perp_dot(p - a) / area, (c - b).perp_dot(p - b) / area, (a - c).perp_dot(p - c) / area];
            if w.iter().all(|&w| w > 0.0) {
                out.push((x, y));
            }
        }
    }
    out
}

impl Chart {
    fn new(group: Vec<u32>, triangles: &[Triangle], views: &[u8]) -> Self {
        let view = views[group[0] as usize] as usize;
        let corners = group.iter().flat_map(|&t| triangles[t as usize].corners).map(|p| flat(p, view));
        let (low, high) = corners.fold((Vec2::MAX, Vec2::MIN), |(low, high), p| (low.min(p), high.max(p)));
        Self { view, triangles: group, low, size: high - low }
    }

    /// Texels that the chart and its padding take at a scale in texels a metre.
    fn room(&self, scale: f32) -> Size {
        let px = (self.size * scale + 2.0 * PADDING_PX).ceil();
        size2((px.x as i32).max(1), (px.y as i32).max(1))
    }
}

/// The largest scale, in texels a metre, at which all charts fit, and the corner of each.
fn pack(charts: &[Chart], size: u32) -> Option<(f32, Vec<Vec2>)> {
    // Which comes first decides how well the rest fits, and no rule is best for every car.
    let rules: [fn(&Chart) -> f32; 4] =
        [|c| c.size.max_element(), |c| c.size.y, |c| c.size.x, |c| c.size.x * c.size.y];
    let packed = rules.into_iter().filter_map(|rule| pack_by(charts, size, rule));
    packed.max_by(|a, b| a.0.total_cmp(&b.0))
}

/// As [`pack`], the charts with the largest `rule` first.
fn pack_by(charts: &[Chart], size: u32, rule: fn(&Chart) -> f32) -> Option<(f32, Vec<Vec2>)> {
    let mut order: Vec<usize> = (0..charts.len()).collect();
    order.sort_by(|&a, &b| rule(&charts[b]).total_cmp(&rule(&charts[a])));
    let area: f32 = charts.iter().map(|chart| chart.size.x * chart.size.y).sum();
    let mut scale = size as f32 / area.max(1e-6).sqrt();
    for _ in 0..TRIES {
        let mut atlas = AtlasAllocator::new(size2(size as i32, size as i32));
        let mut places = vec![Vec2::ZERO; charts.len()];
        let fits = order.iter().all(|&chart| {
            let place = atlas.allocate(charts[chart].room(scale));
            if let Some(place) = place {
                let corner = place.rectangle.min;
                places[chart] = Vec2::new(corner.x as f32, corner.y as f32) + PADDING_PX;
            }
            place.is_some()
        });
        if fits {
            return Some((scale, places));
        }
        scale *= SHRINK;
    }
    None
}

/// Gives every painted part its new texture coordinates; vertices on a border between charts are doubled.
fn write(model: &mut CarModel, triangles: &[Triangle], charts: &[Chart], places: &[Vec2], scale: f32, size: f32) {
    let mut chart_of = vec![0u32; triangles.len()];
    for (index, chart) in charts.iter().enumerate() {
        chart.triangles.iter().for_each(|&t| chart_of[t as usize] = index as u32);
    }
    let mut of_part: HashMap<usize, Vec<usize>> = HashMap::new();
    triangles.iter().enumerate().for_each(|(t, triangle)| of_part.entry(triangle.part).or_default().push(t));
    for (part, own) in of_part {
        let old = std::mem::take(&mut model.parts[part].mesh);
        let mut mesh = Mesh::default();
        let mut vertex_of: HashMap<(u32, u32), u32> = HashMap::new();
        for t in own {
            let (chart_index, triangle) = (chart_of[t], &triangles[t]);
            let chart = &charts[chart_index as usize];
            for &old_vertex in &old.indices[3 * triangle.index..3 * triangle.index + 3] {
                let vertex = *vertex_of.entry((old_vertex, chart_index)).or_insert_with(|| {
                    let i = old_vertex as usize;
                    mesh.positions.push(old.positions[i]);
                    mesh.normals.push(old.normals[i]);
                    if let Some(&open) = old.occlusion.get(i) {
                        mesh.occlusion.push(open);
                    }
                    mesh.daylight.extend(old.daylight.get(i));
                    mesh.daylight_from.extend(old.daylight_from.get(i));
                    let px = (flat(old.positions[i], chart.view) - chart.low) * scale + places[chart_index as usize];
                    mesh.uvs.push(px / size);
                    mesh.positions.len() as u32 - 1
                });
                mesh.indices.push(vertex);
            }
        }
        model.parts[part].mesh = mesh;
    }
}
