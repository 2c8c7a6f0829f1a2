//! Spearman's rank correlation: whether two measures put things in the same order, whatever their units.

/// Between -1 (opposite order) and 1 (same order), from pairs of values; equal values share their mean rank. `None` for fewer
/// than three pairs, or where one measure is the same everywhere.
pub fn spearman(pairs: &[(f32, f32)]) -> Option<f32> {
    if pairs.len() < 3 {
        return None;
    }
    let a = ranks(pairs.iter().map(|pair| pair.0));
    let b = ranks(pairs.iter().map(|pair| pair.1));
    let middle = (pairs.len() as f64 - 1.0) * 0.5;
    let dot = |x: &[f64], y: &[f64]| x.iter().zip(y).map(|(x, y)| (x - middle) * (y - middle)).sum::<f64>();
    let spread = (dot(&a, &a) * dot(&b, &b)).sqrt();
    (spread > 0.0).then(|| (dot(&a, &b) / spread) as f32)
}

/// Each value's place in rising order from 0, the mean place for equal values.
fn ranks(values: impl Iterator<Item = f32>) -> Vec<f64> {
    let values: Vec<f32> = values.collect();
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&i, &j| values[i].total_cmp(&values[j]));
    let mut ranks = vec![0.0; values.len()];
    let mut first = 0;
    for equal in order.chunk_by(|&i, &j| values[i] == values[j]) {
        let mean = first as f64 + (equal.len() as f64 - 1.0) * 0.5;
        equal.iter().for_each(|&i| ranks[i] = mean);
        first += equal.len();
    }
    ranks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_order_counts() {
        let rising: Vec<(f32, f32)> = (0..9).map(|i| (i as f32, (i as f32).exp())).collect();
        assert_eq!(spearman(&rising), Some(1.0));
        let falling: Vec<(f32, f32)> = rising.iter().map(|&(a, b)| (a, -b)).collect();
        assert_eq!(spearman(&falling), Some(-1.0));
    }

    /// Numbers of `scipy.stats.spearmanr`, SciPy 1.17.1.
    #[test]
    fn it_agrees_with_an_independent_implementation_also_on_ties() {
        let a = [106.0, 100.0, 86.0, 101.0, 99.0, 103.0, 97.0, 113.0, 112.0, 110.0];
        let b = [7.0, 27.0, 2.0, 50.0, 28.0, 29.0, 20.0, 12.0, 6.0, 17.0];
        let pairs: Vec<(f32, f32)> = a.into_iter().zip(b).collect();
        assert!((spearman(&pairs).expect("a number") - -0.175_757_58).abs() < 1e-6);
        let ties = [(1.0, 2.0), (2.0, 2.0), (2.0, 3.0), (4.0, 1.0), (5.0, 5.0), (5.0, 5.0)];
        assert!((spearman(&ties).expect("a number") - 0.590_909_1).abs() < 1e-6);
    }

    #[test]
    fn where_there_is_no_order_there_is_no_number() {
        assert_eq!(spearman(&[(1.0, 2.0), (2.0, 3.0)]), None);
        assert_eq!(spearman(&[(1.0, 2.0), (1.0, 3.0), (1.0, 4.0)]), None);
    }
}
