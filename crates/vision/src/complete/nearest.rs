//! Nearest neighbours among points with six coordinates: a k-d tree over place and direction.

/// Place and direction, scaled so that plain distance is what counts.
pub type Feature = [f32; 6];

/// A balanced tree; children lie in the halves of their parent's range.
pub struct Tree {
    points: Vec<(Feature, u32)>,
}

const LEAF: usize = 12;

impl Tree {
    /// Builds a tree over points; results refer to their order here.
    pub fn new(points: impl IntoIterator<Item = Feature>) -> Self {
        let mut points: Vec<_> = points.into_iter().enumerate().map(|(i, p)| (p, i as u32)).collect();
        split(&mut points);
        Self { points }
    }

    /// The `count` nearest points as (squared distance, index), nearest first; fewer where there are not so many.
    pub fn nearest(&self, to: Feature, count: usize, found: &mut Vec<(f32, u32)>) {
        found.clear();
        if count > 0 {
            search(&self.points, to, count, found);
        }
    }
}

fn widest_axis(points: &[(Feature, u32)]) -> usize {
    let (mut low, mut high) = ([f32::MAX; 6], [f32::MIN; 6]);
    // A sample is enough to choose an axis.
    for (p, _) in points.iter().step_by((points.len() / 64).max(1)) {
        for k in 0..6 {
            low[k] = low[k].min(p[k]);
            high[k] = high[k].max(p[k]);
        }
    }
    (0..6).max_by(|&a, &b| (high[a] - low[a]).total_cmp(&(high[b] - low[b]))).unwrap_or(0)
}

/// The axis is kept in the top bits of the middle point's index.
const AXIS_SHIFT: u32 = 28;
const INDEX_MASK: u32 = (1 << AXIS_SHIFT) - 1;

fn split(points: &mut [(Feature, u32)]) {
    if points.len() <= LEAF {
        return;
    }
    let axis = widest_axis(points);
    let middle = points.len() / 2;
    points.select_nth_unstable_by(middle, |a, b| a.0[axis].total_cmp(&b.0[axis]));
    points[middle].1 |= (axis as u32) << AXIS_SHIFT;
    let (left, right) = points.split_at_mut(middle);
    split(left);
    split(&mut right[1..]);
}

fn search(points: &[(Feature, u32)], to: Feature, count: usize, found: &mut Vec<(f32, u32)>) {
    if points.len() <= LEAF {
        for point in points {
            offer(point, to, count, found);
        }
        return;
    }
    let middle = points.len() / 2;
    let axis = (points[middle].1 >> AXIS_SHIFT) as usize;
    let offset = to[axis] - points[middle].0[axis];
    let (near, far) = if offset < 0.0 {
        (&points[..middle], &points[middle + 1..])
    } else {
        (&points[middle + 1..], &points[..middle])
    };
    search(near, to, count, found);
    offer(&points[middle], to, count, found);
    if found.len() < count || offset * offset < found.last().map_or(f32::MAX, |f| f.0) {
        search(far, to, count, found);
    }
}

fn offer(point: &(Feature, u32), to: Feature, count: usize, found: &mut Vec<(f32, u32)>) {
    let d2 = (0..6).map(|k| (point.0[k] - to[k]) * (point.0[k] - to[k])).sum::<f32>();
    if found.len() == count && found.last().is_some_and(|f| f.0 <= d2) {
        return;
    }
    let at = found.partition_point(|f| f.0 <= d2);
    found.insert(at, (d2, point.1 & INDEX_MASK));
    found.truncate(count);
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{Rng, SeedableRng};

    #[test]
    fn agrees_with_looking_at_every_point() {
        let mut rng = rand_pcg::Pcg64::seed_from_u64(5);
        let points: Vec<Feature> = (0..3000).map(|_| std::array::from_fn(|_| rng.random::<f32>())).collect();
        let tree = Tree::new(points.iter().copied());
        let mut found = Vec::new();
        for _ in 0..50 {
            let q: Feature = std::array::from_fn(|_| rng.random::<f32>());
            let mut all: Vec<f32> = points.iter().map(|p| (0..6).map(|k| (p[k] - q[k]).powi(2)).sum()).collect();
            all.sort_by(f32::total_cmp);
            tree.nearest(q, 9, &mut found);
            assert_eq!(found.len(), 9);
            for (f, e) in found.iter().zip(&all) {
                assert!((f.0 - e).abs() < 1e-6);
            }
        }
    }
}
