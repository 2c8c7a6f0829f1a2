//! Many photos' measures in one table, for people and for programs.

use super::verdict::{Answer, Verdict, judge};
use super::{CaseScore, ColorScore, Method, PoseError, quantile, rank::spearman};
use crate::report::Scores;
use crate::synth::stress::Shows;
use serde::{Deserialize, Serialize};

mod text;

/// The measures of a set of photos.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct EvalTable {
    /// Each photo, in the order measured.
    pub cases: Vec<Case>,
    /// The same photos by other methods; a photo whose truth a method cannot use is missing there.
    #[serde(default)]
    pub baselines: Vec<(Method, Vec<CaseScore>)>,
}

/// One photo.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Case {
    /// Its name.
    pub name: String,
    /// The stress cell that it belongs to.
    pub cell: Option<String>,
    /// What it shows.
    pub shows: Shows,
    /// Whether the painter is told what to think of the result.
    pub verdict: Verdict,
    /// Against the truth; `None` where there is no car.
    pub score: Option<CaseScore>,
    /// What the report says to the painter; `None` without a result.
    pub painter: Option<Scores>,
    /// Why there is no result.
    pub refusal: Option<String>,
    /// Wall time of the whole job, also of a refusal.
    pub secs: Option<f32>,
}

impl Case {
    /// A photo of one car of which only the camera was looked for, so that no report could warn.
    pub fn of_camera(name: &str, score: CaseScore) -> Self {
        let refusal = score.failure.clone();
        let answer = match refusal {
            Some(_) => Answer::Refusal,
            None => Answer::Livery { right_camera: !score.wrong_pose, doubtful: false },
        };
        Self {
            name: name.to_owned(),
            cell: None,
            shows: Shows::Car,
            verdict: judge(Shows::Car, answer),
            score: Some(score),
            painter: None,
            refusal,
            secs: None,
        }
    }
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

/// How many photos got which verdict, and what they are like; medians are `None` where no photo has the measure.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CellCount {
    /// The stress cell; empty for all photos.
    pub cell: String,
    /// Photos.
    pub photos: usize,
    /// By verdict, in the order of [`Verdict::ALL`].
    pub verdicts: [usize; 4],
    /// Median of the median correspondence errors, texels.
    pub correspondence: Option<f32>,
    /// Median CIEDE2000 of what is seen, after a gain.
    pub color: Option<f32>,
    /// Median of the painter's accuracy score.
    pub accuracy: Option<f32>,
}

/// A painter's score and the error that it should tell.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Correlation {
    /// The score.
    pub score: String,
    /// The true measure.
    pub truth: String,
    /// Photos that have both.
    pub count: usize,
    /// Spearman's rank correlation; `None` for too few photos.
    pub spearman: Option<f32>,
    /// The sign that an honest score has.
    pub expected_sign: f32,
}

/// Everything that the table says about the set as a whole.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// All photos.
    pub verdicts: CellCount,
    /// By stress cell, in the order measured.
    pub cells: Vec<CellCount>,
    /// Photos of one car without a camera or with a wrong one.
    pub failures: usize,
    /// Every measure over the photos of one car.
    pub measures: Vec<Spread>,
    /// The same by baseline.
    pub baselines: Vec<(Method, Vec<Spread>)>,
    /// The painter's scores against the truth.
    pub correlations: Vec<Correlation>,
}

impl EvalTable {
    /// Adds a photo.
    pub fn push(&mut self, case: Case) {
        self.cases.push(case);
    }

    /// Adds what a baseline made of a photo.
    pub fn push_baseline(&mut self, method: Method, score: CaseScore) {
        match self.baselines.iter_mut().find(|(known, _)| *known == method) {
            Some((_, scores)) => scores.push(score),
            None => self.baselines.push((method, vec![score])),
        }
    }

    /// The scores of the photos of one car, which the spreads are over.
    fn scores(&self) -> impl Iterator<Item = &CaseScore> {
        self.cases.iter().filter(|case| case.shows == Shows::Car).filter_map(|case| case.score.as_ref())
    }

    /// Photos of one car without a camera or with a wrong one.
    pub fn failures(&self) -> usize {
        self.scores().filter(|score| score.wrong_pose).count()
    }

    /// Every measure's spread over the photos of one car. Accuracies and shares are good when high, so their `p90` is the
    /// value that nine tenths of the photos reach.
    pub fn spreads(&self) -> Vec<Spread> {
        spreads(self.scores())
    }

    /// All of it in numbers.
    pub fn summary(&self) -> Summary {
        let mut cells: Vec<CellCount> = Vec::new();
        for name in self.cases.iter().filter_map(|case| case.cell.as_ref()) {
            if !cells.iter().any(|known| known.cell == *name) {
                cells.push(count(name, self.cases.iter().filter(|case| case.cell.as_ref() == Some(name))));
            }
        }
        Summary {
            verdicts: count("", self.cases.iter()),
            cells,
            failures: self.failures(),
            measures: self.spreads(),
            baselines: self.baselines.iter().map(|(method, scores)| (*method, spreads(scores.iter()))).collect(),
            correlations: self.correlations(),
        }
    }

    /// The painter's scores with the true measures of the photos that have both.
    pub fn pairs(&self, score: fn(&Scores) -> f32, truth: fn(&CaseScore) -> Option<f32>) -> Vec<(&Case, f32, f32)> {
        let known = self.cases.iter().filter_map(|case| Some((case, case.score.as_ref()?, case.painter.as_ref()?)));
        known.filter_map(|(case, measured, painter)| Some((case, score(painter), truth(measured)?))).collect()
    }

    fn correlations(&self) -> Vec<Correlation> {
        type Row = (&'static str, fn(&Scores) -> f32, &'static str, fn(&CaseScore) -> Option<f32>, f32);
        let rows: [Row; 4] = [
            ("accuracy", |s| s.accuracy, "correspondence median", CaseScore::median_texels, -1.0),
            ("semantic", |s| s.semantic, "semantic accuracy", |c| c.semantic_accuracy, 1.0),
            ("colour", |s| s.colour, "CIEDE2000 visible, absolute", |c| c.color?.visible_absolute, -1.0),
            ("colour", |s| s.colour, "CIEDE2000 visible, after a gain", |c| c.color?.visible_aligned, -1.0),
        ];
        rows.into_iter()
            .map(|(score, value, truth, error, expected_sign)| {
                let pairs: Vec<(f32, f32)> = self.pairs(value, error).iter().map(|&(_, a, b)| (a, b)).collect();
                Correlation {
                    score: score.to_owned(),
                    truth: truth.to_owned(),
                    count: pairs.len(),
                    spearman: spearman(&pairs),
                    expected_sign,
                }
            })
            .collect()
    }
}

fn count<'a>(cell: &str, cases: impl Iterator<Item = &'a Case>) -> CellCount {
    let cases: Vec<&Case> = cases.collect();
    let mut verdicts = [0; 4];
    cases.iter().for_each(|case| verdicts[case.verdict as usize] += 1);
    let median = |value: &dyn Fn(&Case) -> Option<f32>| {
        let mut values: Vec<f32> = cases.iter().filter_map(|case| value(case)).collect();
        values.sort_by(f32::total_cmp);
        quantile(&values, 0.5)
    };
    CellCount {
        cell: cell.to_owned(),
        photos: cases.len(),
        verdicts,
        correspondence: median(&|case| case.score.as_ref()?.median_texels()),
        color: median(&|case| case.score.as_ref()?.color?.visible_aligned),
        accuracy: median(&|case| Some(case.painter?.accuracy)),
    }
}

fn spread(measure: &str, high_is_good: bool, mut values: Vec<f32>) -> Option<Spread> {
    values.sort_by(f32::total_cmp);
    let (median, p90) = (quantile(&values, 0.5)?, quantile(&values, if high_is_good { 0.1 } else { 0.9 })?);
    let mean = values.iter().sum::<f32>() / values.len() as f32;
    Some(Spread { measure: measure.to_owned(), count: values.len(), median, p90, mean })
}

fn spreads<'a>(scores: impl Iterator<Item = &'a CaseScore>) -> Vec<Spread> {
    let scores: Vec<&CaseScore> = scores.collect();
    let mut rows = Vec::new();
    let mut row = |measure: &str, high_is_good: bool, value: &dyn Fn(&CaseScore) -> Option<f32>| {
        rows.extend(spread(measure, high_is_good, scores.iter().filter_map(|score| value(score)).collect()));
    };
    row("correspondence median (texels)", false, &CaseScore::median_texels);
    row("correspondence P90 (texels)", false, &|c| Some(c.correspondence?.p90));
    row("within 1 texel (share)", true, &|c| Some(c.correspondence?.pck1));
    row("within 3 texels (share)", true, &|c| Some(c.correspondence?.pck3));
    row("within 5 texels (share)", true, &|c| Some(c.correspondence?.pck5));
    row("semantic accuracy (share)", true, &|c| c.semantic_accuracy);
    let pose: [(&str, fn(&PoseError) -> f32); 4] = [
        ("rotation (degrees)", |p| p.rotation_deg),
        ("focal length (%)", |p| p.focal_percent),
        ("distance (%)", |p| p.distance_percent),
        ("reprojection at 1600 (px)", |p| p.reprojection_px),
    ];
    for (name, value) in pose {
        row(name, false, &|c| c.pose.as_ref().map(value));
    }
    let color: [(&str, fn(&ColorScore) -> Option<f32>); 8] = [
        ("CIEDE2000 visible, absolute", |c| c.visible_absolute),
        ("CIEDE2000 visible, after a gain", |c| c.visible_aligned),
        ("CIEDE2000 mirrored, absolute", |c| c.mirrored_absolute),
        ("CIEDE2000 mirrored, after a gain", |c| c.mirrored_aligned),
        ("CIEDE2000 mirrored alike, absolute", |c| c.mirrored_alike_absolute),
        ("CIEDE2000 mirrored alike, after a gain", |c| c.mirrored_alike_aligned),
        ("CIEDE2000 unseen, absolute", |c| c.unseen_absolute),
        ("CIEDE2000 unseen, after a gain", |c| c.unseen_aligned),
    ];
    for (name, value) in color {
        row(name, false, &|c| c.color.as_ref().and_then(value));
    }
    row("alike of what is mirrored (share)", true, &|c| c.color?.mirrored_alike_share);
    row("SSIM from 8 sides", true, &|c| c.ssim);
    row("FLIP from 8 sides", false, &|c| c.flip);
    row("seconds", false, &|c| c.secs);
    rows
}
