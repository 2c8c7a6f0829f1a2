//! Votes on the ink of a place, with the shade that each ink has there.

use crate::color::LinearRgb;
use crate::delight::{MAX_INKS, Palette};

/// Votes further apart than this are decided; closer ones mix, for smooth borders.
const DECIDED: f32 = 0.06;

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

    /// The winning ink's own colour near here, mixed with the second's where the vote is close.
    pub fn decide(&self) -> Option<LinearRgb> {
        let (mut first, mut second) = (&[0.0f32; 4], &[0.0f32; 4]);
        for vote in &self.0 {
            if vote[3] > first[3] {
                (first, second) = (vote, first);
            } else if vote[3] > second[3] {
                second = vote;
            }
        }
        if first[3] <= 0.0 {
            return None;
        }
        let color = |v: &[f32; 4]| [v[0] / v[3], v[1] / v[3], v[2] / v[3]];
        let lead = (first[3] - second[3]) / self.total();
        if lead >= DECIDED || second[3] <= 0.0 {
            return Some(color(first));
        }
        let t = 0.5 + 0.5 * lead / DECIDED;
        let (a, b) = (color(first), color(second));
        Some(std::array::from_fn(|k| b[k] + (a[k] - b[k]) * t))
    }
}
