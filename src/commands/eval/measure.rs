//! One test photo through the whole method and the baselines, measured against its truth.

use std::time::Instant;

use color_eyre::eyre::{Result, WrapErr};
use gridvox_car::{AtlasMaps, CarPack};
use gridvox_vision::evaluate::{
    Answer, Case, CaseScore, Estimate, EvalTable, Evaluator, Looks, Method, Truth, Verdict, judge,
};
use gridvox_vision::net::DirectPainter;
use gridvox_vision::synth::stress::{Shows, Stress};
use gridvox_vision::{Cancel, GenerateError, GenerateOptions, Generated, Quality, Vision, generate};

use super::set::TestPhoto;

/// Meshes that differ are measured with maps of this size; the unit stays the texel of 2048.
const MISMATCH_PX: u32 = 1024;

/// Everything that the measurements of one car share.
pub struct Bench<'a> {
    vision: Vision,
    car: &'a CarPack,
    evaluator: Evaluator<'a>,
    looks: Looks,
    methods: Vec<Method>,
    direct: Option<DirectPainter>,
    quality: Quality,
}

impl<'a> Bench<'a> {
    /// Prepares a car; `methods` stand beside the whole method. The direct network is left out without its painter.
    pub fn new(
        vision: Vision,
        car: &'a CarPack,
        maps: &'a AtlasMaps,
        mut methods: Vec<Method>,
        direct: Option<DirectPainter>,
        quality: Quality,
    ) -> Self {
        methods.retain(|method| *method != Method::Direct || direct.is_some());
        let evaluator = Evaluator::new(&car.model, maps);
        Self { vision, car, evaluator, looks: Looks::new(&car.model), methods, direct, quality }
    }

    /// Measures a photo into the table; what the whole method made of it comes back.
    pub fn measure(&self, table: &mut EvalTable, name: &str, photo: &TestPhoto) -> Result<Option<Generated>> {
        let options = GenerateOptions { quality: self.quality, previews: false, ..GenerateOptions::default() };
        let (whole, secs) = self.run(&options, photo);
        let score = self.score(Method::Whole, photo, &whole, secs);
        let answer = match &whole {
            Err(_) => Answer::Refusal,
            Ok(generated) => Answer::Livery {
                right_camera: score.as_ref().is_some_and(|score| !score.wrong_pose),
                doubtful: generated.report.scores.is_doubtful(),
            },
        };
        table.push(Case {
            name: name.to_owned(),
            cell: photo.cell.map(|cell| cell.name.to_owned()),
            shows: photo.shows(),
            verdict: judge(photo.shows(), answer),
            score,
            painter: whole.as_ref().ok().map(|generated| generated.report.scores),
            refusal: whole.as_ref().err().map(ToString::to_string),
            secs: Some(secs),
        });
        // Only photos of one car are in the spreads that baselines stand beside.
        for &method in self.methods.iter().filter(|_| photo.shows() == Shows::Car) {
            let score = match method.options(self.quality, &photo.cameras[0]) {
                _ if method.follows_from_whole() => {
                    self.score(method, photo, &whole, secs).map(|score| CaseScore { secs: None, ..score })
                }
                Some(options) => {
                    let (outcome, secs) = self.run(&options, photo);
                    self.score(method, photo, &outcome, secs)
                }
                None => self.direct.as_ref().map(|direct| self.paint(direct, photo)).transpose()?,
            };
            if let Some(score) = score {
                table.push_baseline(method, score);
            }
        }
        Ok(whole.ok())
    }

    /// What comes back, and after how many seconds.
    fn run(&self, options: &GenerateOptions, photo: &TestPhoto) -> (Result<Generated, GenerateError>, f32) {
        let started = Instant::now();
        let photos = std::slice::from_ref(&photo.photo);
        let outcome = generate(&self.vision, self.car, photos, options, &Cancel::new(), &mut |_| {});
        (outcome, started.elapsed().as_secs_f32())
    }

    /// By the direct network, against the truth.
    fn paint(&self, direct: &DirectPainter, photo: &TestPhoto) -> Result<CaseScore> {
        let started = Instant::now();
        let livery = direct.paint(&photo.photo.rgb, self.quality.default_size()).wrap_err("The direct network cannot paint.")?;
        let secs = started.elapsed().as_secs_f32();
        let truth = Truth { camera: &photo.cameras[0], livery: &photo.livery };
        let score = self.evaluator.score_livery(truth, &livery).with_look(self.looks.compare(&photo.livery, &livery));
        Ok(CaseScore { secs: Some(secs), ..score })
    }

    /// Against the truth; of two cars against the one that it fits better. `None` where there is no car.
    fn score(
        &self,
        method: Method,
        photo: &TestPhoto,
        outcome: &Result<Generated, GenerateError>,
        secs: f32,
    ) -> Option<CaseScore> {
        if photo.shows() == Shows::NoCar {
            return None;
        }
        let generated = match outcome {
            Ok(generated) => generated,
            Err(error) => return Some(CaseScore::failed(&error.to_string())),
        };
        let (camera, livery) = (generated.report.camera.to_camera(), method.livery(generated));
        let estimate = Ok(Estimate { camera: &camera, livery: Some(&livery) });
        let truth = |camera| Truth { camera, livery: &photo.livery };
        let against = |evaluator: &Evaluator<'_>| {
            let scores = photo.cameras.iter().map(|camera| evaluator.score(truth(camera), estimate));
            let median = |score: &CaseScore| score.median_texels().unwrap_or(f32::INFINITY);
            scores.min_by(|a, b| median(a).total_cmp(&median(b)))
        };
        let score = match photo.cell.map(|cell| cell.stress) {
            Some(stress @ Stress::Mismatch { .. }) => {
                let photographed = stress.shape(photo.seed, &self.car.model).apply(&self.car.model);
                let [there, believed] = [&photographed, &self.car.model].map(|car| AtlasMaps::compute(car, MISMATCH_PX));
                against(&Evaluator::new(&photographed, &there).with_estimates_on(&believed))
            }
            _ => against(&self.evaluator),
        };
        let look = self.looks.compare(&photo.livery, &livery);
        score.map(|score| CaseScore { secs: Some(secs), ..score.with_look(look) })
    }
}

/// One photo in a line.
pub fn in_words(case: &Case) -> String {
    if let Some(reason) = &case.refusal {
        return format!("refused: {reason}");
    }
    let accuracy = case.painter.map_or(0.0, |painter| painter.accuracy);
    let verdict = if case.verdict == Verdict::Right { String::new() } else { format!(", {}", case.verdict.label().to_uppercase()) };
    match &case.score {
        None => format!("a livery of no car, accuracy score {accuracy:.0}{verdict}"),
        Some(score) => format!(
            "correspondence {:.2} texels, semantic {:.1} %, delta E {:.1}, accuracy score {accuracy:.0}{verdict}",
            score.median_texels().unwrap_or(f32::NAN),
            100.0 * score.semantic_accuracy.unwrap_or(f32::NAN),
            score.color.as_ref().and_then(|color| color.visible_aligned).unwrap_or(f32::NAN),
        ),
    }
}
