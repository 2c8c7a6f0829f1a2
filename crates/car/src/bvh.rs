//! A bounding volume hierarchy over triangles: rays for shadows and occlusion, nearest points for mirror maps.
//!
//! Built by binned surface-area splits (Wald, "On fast construction of SAH-based bounding volume hierarchies", 2007) on
//! one thread in a fixed order, so equal meshes give equal answers.

use crate::model::CarModel;
use glam::{Vec3, Vec3A};
use std::ops::Range;

const BINS: usize = 16;
const LEAF_TRIANGLES: usize = 4;
/// Deeper trees than this come only from degenerate input; their leaves just hold more triangles.
const MAX_DEPTH: usize = 48;

/// The hierarchy. Triangles are named by their place in the list that it was built from.
#[derive(Debug, Clone)]
pub struct Bvh {
    nodes: Vec<Node>,
    /// Corners in the order of the leaves.
    triangles: Vec<[Vec3; 3]>,
    /// The names of `triangles`.
    ids: Vec<u32>,
}

#[derive(Debug, Clone, Copy)]
struct Node {
    low: Vec3,
    /// A leaf's first triangle, or the first of an inner node's two children.
    first: u32,
    high: Vec3,
    /// Triangles of a leaf; 0 for an inner node.
    count: u32,
}

/// Where a ray meets a triangle.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Hit {
    /// The triangle's name.
    pub triangle: u32,
    /// Distance in lengths of the ray's direction.
    pub t: f32,
    /// Barycentric weights of the corners.
    pub weights: Vec3,
}

/// The point of a triangle that is nearest to another.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Nearest {
    /// The triangle's name.
    pub triangle: u32,
    /// In the unit of the corners.
    pub distance: f32,
    /// Barycentric weights of the corners.
    pub weights: Vec3,
}

/// What a node holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Inside {
    /// Two nodes, the one with this number and the next.
    Nodes(usize),
    /// Triangles, by their places in [`Bvh::order`].
    Triangles(Range<usize>),
}

impl Bvh {
    /// All nodes for a copy of the hierarchy elsewhere, the root first: smallest and largest corner, and what is inside. None
    /// without triangles.
    pub fn nodes(&self) -> impl Iterator<Item = (Vec3, Vec3, Inside)> + '_ {
        self.nodes.iter().map(|node| {
            let first = node.first as usize;
            let inside = match node.count {
                0 => Inside::Nodes(first),
                count => Inside::Triangles(first..first + count as usize),
            };
            (node.low, node.high, inside)
        })
    }

    /// The triangles' names in the order of the leaves.
    pub fn order(&self) -> &[u32] {
        &self.ids
    }

    /// Builds over a list of triangles.
    pub fn new(corners: &[[Vec3; 3]]) -> Self {
        let mut builder = Builder {
            boxes: corners.iter().map(Box3::of_triangle).collect(),
            ids: (0..corners.len() as u32).collect(),
            nodes: Vec::with_capacity(corners.len()),
        };
        if !corners.is_empty() {
            builder.nodes.push(Node { low: Vec3::ZERO, first: 0, high: Vec3::ZERO, count: 0 });
            builder.split(0, 0, corners.len(), 0);
        }
        let triangles = builder.ids.iter().map(|&id| corners[id as usize]).collect();
        Self { nodes: builder.nodes, triangles, ids: builder.ids }
    }

    /// Builds over all triangles of a car, named as in [`crate::raster::GBuffer::triangle`].
    pub fn of_car(model: &CarModel) -> Self {
        let corners: Vec<[Vec3; 3]> = model
            .parts
            .iter()
            .flat_map(|part| {
                let positions = &part.mesh.positions;
                part.mesh.indices.chunks_exact(3).map(|t| [t[0], t[1], t[2]].map(|i| positions[i as usize]))
            })
            .collect();
        Self::new(&corners)
    }

    /// The first triangle that a ray meets nearer than `t_max`.
    pub fn closest_hit(&self, origin: Vec3, direction: Vec3, t_max: f32) -> Option<Hit> {
        let mut best = None;
        self.cast(origin, direction, t_max, |hit, t_max| {
            *t_max = hit.t;
            best = Some(hit);
            false
        });
        best
    }

    /// Whether a ray meets anything nearer than `t_max`.
    pub fn any_hit(&self, origin: Vec3, direction: Vec3, t_max: f32) -> bool {
        let mut found = false;
        self.cast(origin, direction, t_max, |_, _| {
            found = true;
            true
        });
        found
    }

    /// The nearest triangle to `point`, not farther than `max_distance`, among those that `accept` takes by name.
    pub fn nearest(&self, point: Vec3, max_distance: f32, accept: impl Fn(u32) -> bool) -> Option<Nearest> {
        let mut best = None;
        let mut best2 = max_distance * max_distance;
        let mut stack = Stack::new(self.nodes.len());
        while let Some((index, distance2)) = stack.pop() {
            if distance2 > best2 {
                continue;
            }
            let node = &self.nodes[index];
            if node.count == 0 {
                let children = [node.first as usize, node.first as usize + 1];
                let d = children.map(|child| self.nodes[child].distance_squared(point));
                let near = usize::from(d[1] < d[0]);
                stack.push(children[1 - near], d[1 - near]);
                stack.push(children[near], d[near]);
                continue;
            }
            for i in node.first as usize..(node.first + node.count) as usize {
                let (weights, distance2) = nearest_on_triangle(self.triangles[i], point);
                if distance2 < best2 && accept(self.ids[i]) {
                    best2 = distance2;
                    best = Some(Nearest { triangle: self.ids[i], distance: distance2.sqrt(), weights });
                }
            }
        }
        best
    }

    /// Visits what a ray meets; `visit` may shorten the ray and says whether that is enough.
    fn cast(&self, origin: Vec3, direction: Vec3, mut t_max: f32, mut visit: impl FnMut(Hit, &mut f32) -> bool) {
        // Boxes that the ray misses are infinitely far, so an endless ray must be shorter than that.
        t_max = t_max.min(f32::MAX);
        let inverse = direction.recip();
        let mut stack = Stack::new(self.nodes.len());
        while let Some((index, t)) = stack.pop() {
            if t > t_max {
                continue;
            }
            let node = &self.nodes[index];
            if node.count == 0 {
                let children = [node.first as usize, node.first as usize + 1];
                let t = children.map(|child| self.nodes[child].entry(origin, inverse, t_max));
                let near = usize::from(t[1] < t[0]);
                for side in [1 - near, near] {
                    if t[side] <= t_max {
                        stack.push(children[side], t[side]);
                    }
                }
                continue;
            }
            for i in node.first as usize..(node.first + node.count) as usize {
                if let Some((t, weights)) = intersect(self.triangles[i], origin, direction, t_max)
                    && visit(Hit { triangle: self.ids[i], t, weights }, &mut t_max)
                {
                    return;
                }
            }
        }
    }
}

/// A traversal's open nodes with their distances.
struct Stack {
    open: [(u32, f32); MAX_DEPTH + 4],
    len: usize,
}

impl Stack {
    fn new(nodes: usize) -> Self {
        Self { open: [(0, 0.0); MAX_DEPTH + 4], len: usize::from(nodes > 0) }
    }

    fn push(&mut self, node: usize, distance: f32) {
        self.open[self.len] = (node as u32, distance);
        self.len += 1;
    }

    fn pop(&mut self) -> Option<(usize, f32)> {
        self.len = self.len.checked_sub(1)?;
        let (node, distance) = self.open[self.len];
        Some((node as usize, distance))
    }
}

impl Node {
    fn distance_squared(&self, p: Vec3) -> f32 {
        p.distance_squared(p.clamp(self.low, self.high))
    }

    /// Where a ray enters the box, or infinity.
    fn entry(&self, origin: Vec3, inverse: Vec3, t_max: f32) -> f32 {
        let (a, b) = ((self.low - origin) * inverse, (self.high - origin) * inverse);
        let enter = a.min(b).max_element().max(0.0);
        let leave = a.max(b).min_element().min(t_max);
        // Rays along a box's side make 0 * infinity; `!(enter > leave)` lets such boxes be looked into.
        if enter > leave { f32::INFINITY } else { enter }
    }
}

/// A box in vectors that the processor handles as one.
#[derive(Clone, Copy)]
struct Box3 {
    low: Vec3A,
    high: Vec3A,
}

impl Box3 {
    const EMPTY: Self = Self { low: Vec3A::MAX, high: Vec3A::MIN };

    fn of_triangle(&[a, b, c]: &[Vec3; 3]) -> Self {
        Self { low: a.min(b).min(c).into(), high: a.max(b).max(c).into() }
    }

    fn join(self, other: Self) -> Self {
        Self { low: self.low.min(other.low), high: self.high.max(other.high) }
    }

    fn center(self) -> Vec3A {
        (self.low + self.high) * 0.5
    }

    fn half_surface(self) -> f32 {
        let d = (self.high - self.low).max(Vec3A::ZERO);
        d.x * d.y + d.y * d.z + d.z * d.x
    }
}

struct Builder {
    boxes: Vec<Box3>,
    ids: Vec<u32>,
    nodes: Vec<Node>,
}

impl Builder {
    fn split(&mut self, node: usize, first: usize, count: usize, depth: usize) {
        let (mut all, mut low, mut high) = (Box3::EMPTY, Vec3A::MAX, Vec3A::MIN);
        for &id in &self.ids[first..first + count] {
            let triangle = self.boxes[id as usize];
            all = all.join(triangle);
            let center = triangle.center();
            (low, high) = (low.min(center), high.max(center));
        }
        self.nodes[node] =
            Node { low: all.low.into(), first: first as u32, high: all.high.into(), count: count as u32 };
        if count <= LEAF_TRIANGLES || depth >= MAX_DEPTH {
            return;
        }
        let Some(left) = self.partition(first, count, low, high) else { return };
        let children = self.nodes.len();
        self.nodes.extend([self.nodes[node]; 2]);
        self.nodes[node].first = children as u32;
        self.nodes[node].count = 0;
        self.split(children, first, left, depth + 1);
        self.split(children + 1, first + left, count - left, depth + 1);
    }

    /// Moves the triangles of the cheaper side to the front and returns their number.
    fn partition(&mut self, first: usize, count: usize, low: Vec3A, high: Vec3A) -> Option<usize> {
        let axis = (high - low).max_position();
        let extent = high[axis] - low[axis];
        if extent.is_nan() || extent <= 0.0 {
            return None;
        }
        let scale = BINS as f32 / extent;
        let bin_of = |b: Box3| (((b.center()[axis] - low[axis]) * scale) as usize).min(BINS - 1);
        let mut bins = [(Box3::EMPTY, 0usize); BINS];
        for &id in &self.ids[first..first + count] {
            let triangle = self.boxes[id as usize];
            let bin = &mut bins[bin_of(triangle)];
            *bin = (bin.0.join(triangle), bin.1 + 1);
        }
        // The cost of all bins up to each, from the left and from the right.
        let costs = |order: &mut dyn Iterator<Item = usize>| {
            let mut costs = [None; BINS];
            let mut sum = (Box3::EMPTY, 0);
            for i in order {
                sum = (sum.0.join(bins[i].0), sum.1 + bins[i].1);
                costs[i] = (sum.1 > 0).then(|| sum.0.half_surface() * sum.1 as f32);
            }
            costs
        };
        let (left, right) = (costs(&mut (0..BINS)), costs(&mut (0..BINS).rev()));
        let cut = (1..BINS)
            .filter_map(|cut| Some((cut, left[cut - 1]? + right[cut]?)))
            .min_by(|a, b| a.1.total_cmp(&b.1))
            .map(|(cut, _)| cut)?;
        let ids = &mut self.ids[first..first + count];
        let mut front = 0;
        for i in 0..ids.len() {
            if bin_of(self.boxes[ids[i] as usize]) < cut {
                ids.swap(front, i);
                front += 1;
            }
        }
        Some(front)
    }
}

/// Möller and Trumbore's test, both sides.
fn intersect([a, b, c]: [Vec3; 3], origin: Vec3, direction: Vec3, t_max: f32) -> Option<(f32, Vec3)> {
    let (ab, ac) = (b - a, c - a);
    let p = direction.cross(ac);
    let determinant = ab.dot(p);
    if determinant.abs() < 1e-20 {
        return None;
    }
    let inverse = 1.0 / determinant;
    let s = origin - a;
    let wb = s.dot(p) * inverse;
    let q = s.cross(ab);
    let wc = direction.dot(q) * inverse;
    let t = ac.dot(q) * inverse;
    let inside = wb >= 0.0 && wc >= 0.0 && wb + wc <= 1.0 && t > 0.0 && t < t_max;
    inside.then(|| (t, Vec3::new(1.0 - wb - wc, wb, wc)))
}

/// Weights of the point of a triangle nearest to `p`, and its squared distance (Ericson, "Real-Time Collision
/// Detection", 5.1.5).
pub(crate) fn nearest_on_triangle([a, b, c]: [Vec3; 3], p: Vec3) -> (Vec3, f32) {
    let (ab, ac, ap) = (b - a, c - a, p - a);
    let (d1, d2) = (ab.dot(ap), ac.dot(ap));
    let at = |w: Vec3| (w, p.distance_squared(a * w.x + b * w.y + c * w.z));
    if d1 <= 0.0 && d2 <= 0.0 {
        return at(Vec3::X);
    }
    let bp = p - b;
    let (d3, d4) = (ab.dot(bp), ac.dot(bp));
    if d3 >= 0.0 && d4 <= d3 {
        return at(Vec3::Y);
    }
    let vc = d1 * d4 - d3 * d2;
    if vc <= 0.0 && d1 >= 0.0 && d3 <= 0.0 {
        let v = if d1 - d3 > 0.0 { d1 / (d1 - d3) } else { 0.0 };
        return at(Vec3::new(1.0 - v, v, 0.0));
    }
    let cp = p - c;
    let (d5, d6) = (ab.dot(cp), ac.dot(cp));
    if d6 >= 0.0 && d5 <= d6 {
        return at(Vec3::Z);
    }
    let vb = d5 * d2 - d1 * d6;
    if vb <= 0.0 && d2 >= 0.0 && d6 <= 0.0 {
        let w = if d2 - d6 > 0.0 { d2 / (d2 - d6) } else { 0.0 };
        return at(Vec3::new(1.0 - w, 0.0, w));
    }
    let va = d3 * d6 - d5 * d4;
    if va <= 0.0 && d4 - d3 >= 0.0 && d5 - d6 >= 0.0 {
        let sum = (d4 - d3) + (d5 - d6);
        let w = if sum > 0.0 { (d4 - d3) / sum } else { 0.0 };
        return at(Vec3::new(0.0, 1.0 - w, w));
    }
    let sum = va + vb + vc;
    if sum <= 0.0 {
        return at(Vec3::X);
    }
    at(Vec3::new(va, vb, vc) / sum)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::box_car;
    use rand::{Rng, SeedableRng};
    use rand_pcg::Pcg32;

    fn soup(count: usize) -> Vec<[Vec3; 3]> {
        let mut random = Pcg32::seed_from_u64(7);
        let mut point = |reach: f32| Vec3::from(std::array::from_fn::<f32, 3, _>(|_| random.random_range(-reach..reach)));
        (0..count)
            .map(|_| {
                let middle = point(3.0);
                std::array::from_fn(|_| middle + point(0.4))
            })
            .collect()
    }

    #[test]
    fn answers_agree_with_trying_every_triangle() {
        let triangles = soup(700);
        let bvh = Bvh::new(&triangles);
        let mut random = Pcg32::seed_from_u64(8);
        let mut hits = 0;
        for _ in 0..500 {
            let mut point = || Vec3::from(std::array::from_fn::<f32, 3, _>(|_| random.random_range(-4.0f32..4.0)));
            let (origin, direction) = (point(), point());
            let expected = triangles
                .iter()
                .filter_map(|&t| intersect(t, origin, direction, 10.0))
                .map(|(t, _)| t)
                .min_by(f32::total_cmp);
            assert_eq!(bvh.closest_hit(origin, direction, 10.0).map(|hit| hit.t), expected);
            assert_eq!(bvh.any_hit(origin, direction, 10.0), expected.is_some());
            let endless = triangles.iter().filter_map(|&t| intersect(t, origin, direction, f32::INFINITY));
            let endless = endless.map(|(t, _)| t).min_by(f32::total_cmp);
            assert_eq!(bvh.closest_hit(origin, direction, f32::INFINITY).map(|hit| hit.t), endless);
            hits += usize::from(expected.is_some());

            let expected = triangles.iter().map(|&t| nearest_on_triangle(t, origin).1).fold(f32::MAX, f32::min).sqrt();
            let found = bvh.nearest(origin, 100.0, |_| true).expect("something is near");
            assert!((found.distance - expected).abs() < 1e-5, "{} {expected}", found.distance);
        }
        assert!(hits > 100, "the rays must meet something: {hits}");
    }

    #[test]
    fn nearest_points_are_those_of_a_fine_sampling() {
        for (index, t) in soup(40).into_iter().enumerate() {
            let p = soup(80)[index + 40][0];
            let (w, distance2) = nearest_on_triangle(t, p);
            assert!((w.element_sum() - 1.0).abs() < 1e-4 && w.min_element() >= -1e-5);
            const N: u32 = 200;
            let sampled = (0..=N)
                .flat_map(|i| (0..=N - i).map(move |j| (i as f32 / N as f32, j as f32 / N as f32)))
                .map(|(i, j)| p.distance(t[0] * (1.0 - i - j) + t[1] * i + t[2] * j))
                .fold(f32::MAX, f32::min);
            assert!((distance2.sqrt() - sampled).abs() < 0.005, "{} {sampled}", distance2.sqrt());
        }
    }

    #[test]
    fn every_triangle_lies_in_one_leaf_and_its_box() {
        let triangles = soup(300);
        let bvh = Bvh::new(&triangles);
        let nodes: Vec<_> = bvh.nodes().collect();
        let (mut open, mut seen) = (vec![0], vec![0; triangles.len()]);
        while let Some(node) = open.pop() {
            let (low, high, inside) = &nodes[node];
            match inside {
                Inside::Nodes(first) => open.extend([*first, first + 1]),
                Inside::Triangles(places) => {
                    for &name in &bvh.order()[places.clone()] {
                        seen[name as usize] += 1;
                        assert!(triangles[name as usize].iter().all(|p| p.cmpge(*low).all() && p.cmple(*high).all()));
                    }
                }
            }
        }
        assert!(seen.iter().all(|&times| times == 1));
    }

    #[test]
    fn a_ray_from_outside_meets_the_door() {
        let car = box_car();
        let hit = Bvh::of_car(&car).closest_hit(Vec3::new(5.0, 0.6, 0.2), -Vec3::X, 100.0).expect("a car is there");
        assert!((hit.t - 4.0).abs() < 1e-4, "{}", hit.t);
    }

    #[test]
    fn nothing_and_broken_triangles_do_no_harm() {
        assert!(Bvh::new(&[]).closest_hit(Vec3::ZERO, Vec3::X, 1.0).is_none());
        assert!(Bvh::new(&[]).nearest(Vec3::ZERO, 1.0, |_| true).is_none());
        let same = vec![[Vec3::ONE; 3]; 100];
        let bvh = Bvh::new(&same);
        assert!(!bvh.any_hit(Vec3::ZERO, Vec3::ONE, 10.0));
        assert!((bvh.nearest(Vec3::ZERO, 10.0, |_| true).expect("near").distance - 3f32.sqrt()).abs() < 1e-5);
    }
}
