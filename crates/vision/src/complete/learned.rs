//! What the completion network says of the places that nothing shows.

use glam::Vec3;
use gridvox_car::PartClass;
use rayon::prelude::*;

use super::cells::{CELL_M, Cells, GATHERED_M, NONE, gather};
use crate::synth::cells::SEEN;
use crate::delight::{MAX_INKS, Palette};
use crate::net::atlas::{AtlasNetwork, Place, Question, Seen};
use crate::net::conv::with_values;

/// Cells that are asked for at once.
const ASKED_AT_ONCE: usize = 256;
/// Edge of an asked cell in metres: what comes back is as smooth as that, borders are drawn between.
const OPEN_M: f32 = 0.08;

/// The network and what it has to know of the car.
#[derive(Clone, Copy)]
pub struct Guide<'a> {
    /// The network.
    pub network: &'a AtlasNetwork,
    /// Class of each part.
    pub classes: &'a [PartClass],
    /// Smallest and largest corner of the car, metres.
    pub bounds: (Vec3, Vec3),
}

/// A place with what is known of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Known {
    /// Where.
    pub place: Place,
    /// A photo shows it.
    pub seen: bool,
    /// Neither a photo nor the mirror shows it.
    pub open: bool,
    /// Share of each ink, where it is seen.
    pub inks: [f32; MAX_INKS],
}

/// Open cells with their inks' shares.
pub(super) struct Answer {
    /// Where the cells lie.
    pub places: Vec<Place>,
    /// As many.
    pub shares: Vec<[f32; MAX_INKS]>,
}

/// Asks about all open places; `None` where nothing is seen or nothing open.
///
/// # Errors
/// Where the network cannot run.
pub(super) fn ask(guide: &Guide<'_>, palette: &Palette, known: &[Known]) -> candle_core::Result<Option<Answer>> {
    let cells = Cells::gather(known.iter().map(|k| Some(k.place)), CELL_M);
    let mut states = vec![([0.0f32; MAX_INKS], 0usize, 0usize); cells.places.len()];
    for (known, &cell) in known.iter().zip(&cells.of).filter(|(_, cell)| **cell != NONE) {
        let (inks, seen, count) = &mut states[cell as usize];
        *count += 1;
        if known.seen {
            *seen += 1;
            inks.iter_mut().zip(known.inks).for_each(|(sum, share)| *sum += share);
        }
    }
    let mut fine = Vec::new();
    for (&place, &(inks, seen, count)) in cells.places.iter().zip(&states) {
        let total: f32 = inks.iter().sum();
        if 2 * seen > count && total > 0.0 {
            fine.push(Seen { place, inks: inks.map(|share| share / total) });
        }
    }
    let open = Cells::gather(known.iter().map(|k| k.open.then_some(k.place)), OPEN_M).places;
    if fine.is_empty() || open.is_empty() || palette.inks.is_empty() {
        return Ok(None);
    }
    let larger = Cells::gather(fine.iter().map(|s| Some(s.place)), GATHERED_M).of;
    let seen = evenly(gather(&fine, &larger));
    let question = Question { bounds: guide.bounds, palette, seen: &seen, open: &[] }.encoded();
    let gathered = guide.network.gather(&[&question], &candle_core::Device::Cpu)?;
    let parts = open
        .par_chunks(ASKED_AT_ONCE)
        .map(|places| {
            let scores = guide.network.point(&gathered, places, guide.bounds)?;
            with_values(&AtlasNetwork::shares(&scores)?, |values| Ok(values.as_chunks::<MAX_INKS>().0.to_vec()))
        })
        .collect::<candle_core::Result<Vec<_>>>()?;
    Ok(Some(Answer { places: open, shares: parts.concat() }))
}

/// As many seen cells as the network was trained with, those left out spread over all.
fn evenly(seen: Vec<Seen>) -> Vec<Seen> {
    if seen.len() <= SEEN {
        return seen;
    }
    (0..SEEN).map(|i| seen[i * seen.len() / SEEN]).collect()
}
