//! Many photos' measures in one table, for people and for programs.

use super::{CaseScore, ColorScore, PoseError, quantile};
use serde::{Deserialize, Serialize};
use std::fmt;

/// The measures of a set of photos.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct EvalTable {
    /// Each photo by name, in the order measured.
    pub cases: Vec<(String, CaseScore)>,
}

/// How a measure spreads over the photos that have it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Spread {
    /// What is measured, with its unit.
    pub measure: String,
    /// Photos that have the measure.
    pub count: usize,
    /// Middle value.
    pub median: f32,
    /// Nine tenths of the photos are at least this good.
    pub p90: f32,
    /// Mean value.
    pub mean: f32,
}

impl EvalTable {
    /// Adds a photo.
    pub fn push(&mut self, name: impl Into<String>, score: CaseScore) {
        self.cases.push((name.into(), score));
    }

    /// Photos without a camera or with a wrong one.
    pub fn failures(&self) -> usize {
        self.cases.iter().filter(|(_, case)| case.wrong_pose).count()
    }

    /// Every measure's spread. Accuracies and shares are good when high, so their `p90` is the value that nine tenths
    /// of the photos reach.
    pub fn spreads(&self) -> Vec<Spread> {
        let mut rows = Vec::new();
        let mut row = |measure: &str, high_is_good: bool, value: &dyn Fn(&CaseScore) -> Option<f32>| {
            let mut values: Vec<f32> = self.cases.iter().filter_map(|(_, case)| value(case)).collect();
            values.sort_by(f32::total_cmp);
            let at = |share: f32| quantile(&values, share);
            if let (Some(median), Some(p90)) = (at(0.5), at(if high_is_good { 0.1 } else { 0.9 })) {
                let mean = values.iter().sum::<f32>() / values.len() as f32;
                rows.push(Spread { measure: measure.to_owned(), count: values.len(), median, p90, mean });
            }
        };
        row("correspondence median (texels)", false, &|c| Some(c.correspondence.median));
        row("correspondence P90 (texels)", false, &|c| Some(c.correspondence.p90));
        row("within 1 texel (share)", true, &|c| Some(c.correspondence.pck1));
        row("within 3 texels (share)", true, &|c| Some(c.correspondence.pck3));
        row("within 5 texels (share)", true, &|c| Some(c.correspondence.pck5));
        row("semantic accuracy (share)", true, &|c| Some(c.semantic_accuracy));
        let pose: [(&str, fn(&PoseError) -> f32); 4] = [
            ("rotation (degrees)", |p| p.rotation_deg),
            ("focal length (%)", |p| p.focal_percent),
            ("distance (%)", |p| p.distance_percent),
            ("reprojection at 1600 (px)", |p| p.reprojection_px),
        ];
        for (name, value) in pose {
            row(name, false, &|c| c.pose.as_ref().map(value));
        }
        let color: [(&str, fn(&ColorScore) -> Option<f32>); 6] = [
            ("CIEDE2000 visible, absolute", |c| c.visible_absolute),
            ("CIEDE2000 visible, after a gain", |c| c.visible_aligned),
            ("CIEDE2000 mirrored, absolute", |c| c.mirrored_absolute),
            ("CIEDE2000 mirrored, after a gain", |c| c.mirrored_aligned),
            ("CIEDE2000 unseen, absolute", |c| c.unseen_absolute),
            ("CIEDE2000 unseen, after a gain", |c| c.unseen_aligned),
        ];
        for (name, value) in color {
            row(name, false, &|c| c.color.as_ref().and_then(value));
        }
        rows
    }
}

impl fmt::Display for EvalTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let photos = self.cases.len();
        let share = 100.0 * self.failures() as f32 / photos.max(1) as f32;
        writeln!(f, "{photos} photos, {} wrong poses ({share:.1} %)", self.failures())?;
        writeln!(f, "{:<34} {:>7} {:>9} {:>9} {:>9}", "measure", "photos", "median", "P90", "mean")?;
        for s in self.spreads() {
            writeln!(f, "{:<34} {:>7} {:>9.3} {:>9.3} {:>9.3}", s.measure, s.count, s.median, s.p90, s.mean)?;
        }
        for (name, case) in &self.cases {
            if let Some(reason) = &case.failure {
                writeln!(f, "{name}: {reason}")?;
            }
        }
        Ok(())
    }
}
