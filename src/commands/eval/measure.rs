//! One test photo through the whole method and the baselines, measured against its truth.

use std::time::Instant;

use color_eyre::eyre::Result;
use gridvox_car::{AtlasMaps, CarPack};
use gridvox_vision::evaluate::{
    Answer, Case, CaseScore, Estimate, EvalTable, Evaluator, Looks, Method, Truth, Verdict, judge,
};
use gridvox_vision::synth::stress::{Shows, Stress};
use gridvox_vision::{Cancel, GenerateError, Generated, Vision, generate};

use super::LIVERY_PX;
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
}

impl<'a> Bench<'a> {
    /// Prepares a car; `methods` stand beside the whole method.
    pub fn new(vision: Vision, car: &'a CarPack, maps: &'a AtlasMaps, methods: Vec<Method>) -> Self {
        let evaluator = Evaluator::new(&car.model, maps);
        Self { vision, car, evaluator, looks: Looks::new(&car.model), methods }
    }

    /// Measures a photo into the table; what the whole method made of it comes back.
    pub fn measure(&self, table: &mut EvalTable, name: &str, photo: &TestPhoto) -> Option<Generated> {
        let started = Instant::now();
        let whole = self.run(Method::Whole, photo);
        let secs = Some(started.elapsed().as_secs_f32());
        let score = self.score(Method::Whole, photo, &whole);
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
            secs,
        });
        // Only photos of one car are in the spreads that baselines stand beside.
        for &method in self.methods.iter().filter(|_| photo.shows() == Shows::Car) {
            let score = if method.follows_from_whole() {
                self.score(method, photo, &whole)
            } else {
                self.score(method, photo, &self.run(method, photo))
            };
            if let Some(score) = score {
                table.push_baseline(method, score);
            }
        }
        whole.ok()
    }

    fn run(&self, method: Method, photo: &TestPhoto) -> Result<Generated, GenerateError> {
        let options = method.options(LIVERY_PX, &photo.cameras[0]);
        let photos = std::slice::from_ref(&photo.photo);
        generate(&self.vision, self.car, photos, &options, &Cancel::new(), &mut |_| {})
    }

    /// Against the truth; of two cars against the one that it fits better. `None` where there is no car.
    fn score(&self, method: Method, photo: &TestPhoto, outcome: &Result<Generated, GenerateError>) -> Option<CaseScore> {
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
            scores.min_by(|a, b| a.correspondence.median.total_cmp(&b.correspondence.median))
        };
        let score = match photo.cell.map(|cell| cell.stress) {
            Some(stress @ Stress::Mismatch { .. }) => {
                let photographed = stress.shape(photo.seed, &self.car.model).apply(&self.car.model);
                let [there, believed] = [&photographed, &self.car.model].map(|car| AtlasMaps::compute(car, MISMATCH_PX));
                against(&Evaluator::new(&photographed, &there).with_estimates_on(&believed))
            }
            _ => against(&self.evaluator),
        };
        let ssim = self.looks.similarity(&photo.livery, &livery);
        score.map(|score| CaseScore { ssim: Some(ssim), ..score })
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
            score.correspondence.median,
            100.0 * score.semantic_accuracy,
            score.color.as_ref().and_then(|color| color.visible_aligned).unwrap_or(f32::NAN),
        ),
    }
}
