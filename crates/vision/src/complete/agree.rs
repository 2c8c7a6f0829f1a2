//! Places that nothing shows agree with their neighbours on an ink, for a livery has large fields and few borders.
//!
//! Each place has the ink that is expected to be wrong by the least, where a neighbour of another ink costs what these two
//! differ by (mean field of a random field with a metric penalty, Boykov et al. 2001). What is known beside it is a neighbour,
//! too, so that borders which sight cut off go on.

use rayon::prelude::*;

use super::nearest::{Feature, Tree};
use super::votes::Stakes;
use crate::delight::{MAX_INKS, to_shares};

/// What a neighbour at hand counts beside what is said of a place. With 0.3 and 0.8 the measures of 32 tuning photos are the same.
const NEIGHBOUR: f32 = 0.3;
/// Neighbours among the places, and among what is known, and how far these reach, in units of the features.
const OPEN: usize = 8;
const KNOWN: usize = 4;
const REACH: f32 = 0.08;
/// Difference of expected CIEDE2000 that makes one ink e times as likely as another.
const UNSURE: f32 = 1.0;
/// Passes in which neighbours are asked.
const PASSES: usize = 15;

/// Shares of the inks on each place.
pub type Shares = [f32; MAX_INKS];

/// Shares after neighbours have agreed. `said` are those before, of the places that the tree is built over; `known` is what lies
/// around them, its shares by the tree's index.
pub fn agree(at: &[Feature], tree: &Tree, said: &[Shares], known: (&Tree, &[Shares]), stakes: &Stakes) -> Vec<Shares> {
    let weight = |d2: f32| NEIGHBOUR * (-0.5 * d2 / (REACH * REACH)).exp();
    let place = |found: &mut Vec<(f32, u32)>, i: usize| {
        let mut costs = stakes.expected(&Stakes::believed(&said[i]));
        known.0.nearest(at[i], KNOWN, found);
        for &(d2, other) in found.iter() {
            add(&mut costs, stakes, weight(d2), &known.1[other as usize]);
        }
        tree.nearest(at[i], OPEN + 1, found);
        let beside: Vec<(u32, f32)> =
            found.iter().filter(|&&(_, other)| other as usize != i).map(|&(d2, other)| (other, weight(d2))).collect();
        (costs, beside)
    };
    let places: Vec<(Shares, Vec<(u32, f32)>)> = (0..at.len()).into_par_iter().map_init(Vec::new, place).collect();
    let mut shares: Vec<Shares> = places.iter().map(|(costs, _)| likely(costs, stakes)).collect();
    for _ in 0..PASSES {
        let next = places.par_iter().map(|(costs, beside)| {
            let mut costs = *costs;
            for &(other, weight) in beside {
                add(&mut costs, stakes, weight, &shares[other as usize]);
            }
            likely(&costs, stakes)
        });
        shares = next.collect();
    }
    shares
}

/// Adds what each ink would differ from a neighbour by.
fn add(costs: &mut Shares, stakes: &Stakes, weight: f32, neighbour: &Shares) {
    costs.iter_mut().zip(stakes.expected(neighbour)).for_each(|(cost, apart)| *cost += weight * apart);
}

/// Shares of the inks by what they cost.
fn likely(costs: &Shares, stakes: &Stakes) -> Shares {
    let mut shares = [0.0; MAX_INKS];
    let likely = &mut shares[..stakes.count()];
    likely.iter_mut().zip(costs).for_each(|(share, cost)| *share = -cost / UNSURE);
    to_shares(likely);
    shares
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::delight::{Ink, Palette};

    fn of(ink: usize, share: f32) -> Shares {
        std::array::from_fn(|k| if k == ink { share } else if k < 2 { 1.0 - share } else { 0.0 })
    }

    #[test]
    fn a_lone_place_gives_way_and_a_border_beside_known_paint_goes_on() {
        let inks = [[0.8; 3], [0.5, 0.03, 0.03]].map(|color| Ink { color, share: 0.5 });
        let stakes = Stakes::new(&Palette { inks: inks.to_vec() });
        // a sheet of places, 6 cm apart: white, with one of red within, and unsure beside a known edge of red
        let at: Vec<Feature> = (0..100).map(|i| [0.06 * (i % 10) as f32, 0.06 * (i / 10) as f32, 0.0, 0.0, 0.0, 0.0]).collect();
        let share = |i: usize| if i == 55 { of(1, 0.7) } else if i % 10 == 0 { of(1, 0.48) } else { of(0, 0.7) };
        let said: Vec<Shares> = (0..100).map(share).collect();
        let beside: Vec<Feature> = (0..30).map(|i| [-0.03, 0.02 * i as f32, 0.0, 0.0, 0.0, 0.0]).collect();
        let tree = Tree::new(at.iter().copied());
        let known = Tree::new(beside.iter().copied());
        let agreed = agree(&at, &tree, &said, (&known, &vec![of(1, 1.0); 30]), &stakes);
        assert!(agreed[55][0] > 0.9, "{:?}", agreed[55]);
        assert!((1..9).all(|row| agreed[10 * row][1] > 0.5), "{:?}", agreed[50]);
        assert!((0..10).all(|row| agreed[10 * row + 4][0] > 0.9));
        let sums = agreed.iter().map(|shares| shares.iter().sum::<f32>());
        assert!(sums.into_iter().all(|sum| (sum - 1.0).abs() < 1e-4));
    }
}
