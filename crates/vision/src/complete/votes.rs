//! Votes on the ink of a place, with the shade that each ink has there.

use crate::color::{LinearRgb, delta_e};
use crate::delight::{MAX_INKS, Palette};

/// Votes are surer than they are right: on tuning photos the first ink had 0.82 of them and was the true one on 0.45 of what
/// nothing shows. Shares are believed as this power of them; of 1, 0.6, 0.5, 0.4 and 0.25 this one left the least error on 24
/// photos and on 40 others.
const BELIEVED: f32 = 0.4;
/// An ink is decided on where its expected error is less than the next one's by this share of what they differ by; closer ones
/// mix, for smooth borders.
const DECIDED: f32 = 0.012;

/// Votes of a cell: a share and a colour sum for each ink.
#[derive(Clone, Copy)]
pub struct Votes(pub [[f32; 4]; MAX_INKS]);

impl Votes {
    /// Nobody voted.
    pub const NONE: Self = Self([[0.0; 4]; MAX_INKS]);

    /// Adds others' votes, weighted.
    pub fn add(&mut self, other: &Self, weight: f32) {
        for (a, b) in self.0.iter_mut().zip(&other.0) {
            for k in 0..4 {
                a[k] += weight * b[k];
            }
        }
    }

    /// Adds a vote for an ink in this shade.
    pub fn cast(&mut self, ink: usize, color: LinearRgb, weight: f32) {
        let vote = &mut self.0[ink];
        for k in 0..3 {
            vote[k] += weight * color[k];
        }
        vote[3] += weight;
    }

    /// Moves each ink's colour toward the palette's.
    pub fn toward(&mut self, palette: &Palette, share: f32) {
        for (vote, ink) in self.0.iter_mut().zip(&palette.inks) {
            for k in 0..3 {
                vote[k] += (ink.color[k] * vote[3] - vote[k]) * share;
            }
        }
    }

    /// Leads the inks' shares over to others; an ink keeps its shade here, and has the palette's where none voted for it.
    pub fn with_shares(mut self, shares: &[f32; MAX_INKS], weight: f32, palette: &Palette) -> Self {
        for ((vote, share), ink) in self.0.iter_mut().zip(shares).zip(&palette.inks) {
            let color: LinearRgb = if vote[3] > 1e-3 { std::array::from_fn(|k| vote[k] / vote[3]) } else { ink.color };
            let share = vote[3] + (share - vote[3]) * weight;
            *vote = [color[0] * share, color[1] * share, color[2] * share, share];
        }
        self
    }

    fn total(&self) -> f32 {
        self.0.iter().map(|v| v[3]).sum()
    }

    /// With shares that sum to 1, where there is any.
    pub fn normalised(mut self) -> Self {
        let total = self.total();
        if total > 0.0 {
            for k in self.0.iter_mut().flatten() {
                *k /= total;
            }
        }
        self
    }

    /// The colour here of the ink that is expected to be wrong by the least, mixed with that of the next where it is close.
    /// `None` where nobody voted.
    pub fn decide(&self, stakes: &Stakes) -> Option<LinearRgb> {
        let total = self.total();
        if total <= 0.0 {
            return None;
        }
        let expected = stakes.expected(&Stakes::believed(&self.0.map(|vote| vote[3] / total)));
        let (mut first, mut second) = ((f32::INFINITY, 0), (f32::INFINITY, 0));
        for (ink, &expected) in expected[..stakes.count().max(1)].iter().enumerate() {
            let this = (expected, ink);
            if this.0 < first.0 {
                (first, second) = (this, first);
            } else if this.0 < second.0 {
                second = this;
            }
        }
        let color = |ink: usize| -> LinearRgb {
            let vote = &self.0[ink];
            if vote[3] > 1e-3 * total { [vote[0] / vote[3], vote[1] / vote[3], vote[2] / vote[3]] } else { stakes.inks[ink] }
        };
        let lead = (second.0 - first.0) / stakes.apart[first.1][second.1].max(1e-3);
        if lead >= DECIDED {
            return Some(color(first.1));
        }
        let t = 0.5 + 0.5 * lead / DECIDED;
        let (a, b) = (color(first.1), color(second.1));
        Some(std::array::from_fn(|k| b[k] + (a[k] - b[k]) * t))
    }
}

/// The inks to choose from, and how wrong each is where it is another.
pub struct Stakes {
    inks: Vec<LinearRgb>,
    /// CIEDE2000.
    apart: [[f32; MAX_INKS]; MAX_INKS],
}

impl Stakes {
    /// Those of a palette.
    pub fn new(palette: &Palette) -> Self {
        let inks: Vec<LinearRgb> = palette.inks.iter().map(|ink| ink.color).collect();
        let mut apart = [[0.0; MAX_INKS]; MAX_INKS];
        for (a, row) in inks.iter().zip(&mut apart) {
            row.iter_mut().zip(&inks).for_each(|(d, b)| *d = delta_e(*a, *b));
        }
        Self { inks, apart }
    }

    /// How many inks there are.
    pub fn count(&self) -> usize {
        self.inks.len()
    }

    /// How far shares are believed, see [`BELIEVED`]; they sum to 1 again.
    pub fn believed(shares: &[f32; MAX_INKS]) -> [f32; MAX_INKS] {
        let believed = shares.map(|share| share.max(0.0).powf(BELIEVED));
        let sum: f32 = believed.iter().sum();
        believed.map(|share| share / sum.max(1e-9))
    }

    /// By how much each ink is expected to be wrong where these are the shares.
    pub fn expected(&self, shares: &[f32; MAX_INKS]) -> [f32; MAX_INKS] {
        self.apart.map(|apart| shares.iter().zip(apart).map(|(share, apart)| share * apart).sum())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::delight::Ink;

    /// The colour decided on, to three digits.
    fn decided(inks: &[LinearRgb], shares: &[f32]) -> Option<LinearRgb> {
        let palette = Palette { inks: inks.iter().map(|&color| Ink { color, share: 1.0 / inks.len() as f32 }).collect() };
        let mut votes = Votes::NONE;
        shares.iter().enumerate().for_each(|(ink, &share)| votes.cast(ink, inks[ink], share));
        votes.decide(&Stakes::new(&palette)).map(|color| color.map(|v| (1000.0 * v).round() / 1000.0))
    }

    const RED: LinearRgb = [0.5, 0.03, 0.03];
    const DARK: LinearRgb = [0.02, 0.03, 0.1];
    const DARKER: LinearRgb = [0.015, 0.02, 0.08];
    const WHITE: LinearRgb = [0.8, 0.8, 0.8];

    #[test]
    fn two_inks_that_are_nearly_one_stand_together() {
        assert_eq!(decided(&[WHITE, DARK, DARKER], &[0.38, 0.32, 0.3]), Some(DARK));
        assert_eq!(decided(&[WHITE, DARK, RED], &[0.9, 0.05, 0.05]), Some(WHITE), "a clear vote wins");
    }

    #[test]
    fn what_is_far_from_all_others_needs_more_votes() {
        let (grey, black) = ([0.2, 0.2, 0.2], [0.01, 0.01, 0.01]);
        assert_eq!(decided(&[WHITE, grey, black], &[0.36, 0.34, 0.3]), Some(grey));
    }

    #[test]
    fn a_border_is_smooth_and_nobody_decides_nothing() {
        let half = decided(&[WHITE, RED], &[0.5, 0.5]).expect("votes");
        assert!((half[1] - 0.415).abs() < 1e-3, "{half:?}");
        assert_eq!(decided(&[WHITE, RED], &[0.55, 0.45]), Some(WHITE));
        assert_eq!(decided(&[WHITE, RED], &[]), None);
    }
}
