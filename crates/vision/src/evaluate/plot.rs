//! The painter's scores against the true errors, as a picture: a good score lets a reader tell good results from bad ones.

use glam::Vec2;
use image::RgbImage;

use super::rank::spearman;
use super::{CaseScore, EvalTable, Verdict, WRONG_POSE_TEXELS};
use crate::report::{DOUBTFUL_ACCURACY, Scores};
use super::canvas::{Align, Canvas, INK, PAPER, Rgb8, SOFT, WRONG};

/// Size of the picture in pixels.
pub const SIZE: (u32, u32) = (1860, 700);

const FIELD: Rgb8 = [247, 248, 250];
const GRID: Rgb8 = [225, 228, 233];
const LIMIT: Rgb8 = [190, 120, 110];
/// Blue and amber of the same palette as [`WRONG`].
const RIGHT: Rgb8 = [0, 114, 178];
const WARNED: Rgb8 = [230, 159, 0];

const PANEL: Vec2 = Vec2::new(500.0, 480.0);
const FIRST: Vec2 = Vec2::new(100.0, 122.0);
const STEP: f32 = 600.0;

/// An axis from its least to its largest value.
struct Axis {
    label: &'static str,
    range: (f32, f32),
    logarithmic: bool,
    ticks: Vec<f32>,
}

impl Axis {
    /// From 0 or, where all values are near the top, from a round number below them.
    fn linear(label: &'static str, values: &[f32], limits: (f32, f32)) -> Self {
        let all = [limits.0, limits.1];
        let values = if values.is_empty() { &all[..] } else { values };
        let low = values.iter().copied().fold(limits.1 - 1.0, f32::min).max(limits.0);
        let high = values.iter().copied().fold(limits.0, f32::max).min(limits.1).max(low + 1.0);
        let step = round_step((high - low) / 5.0);
        let range = ((low / step).floor() * step, (high / step).ceil() * step);
        let range = (range.0.max(limits.0), range.1.min(limits.1).max(range.0 + step));
        let count = ((range.1 - range.0) / step).round() as usize;
        Self { label, range, logarithmic: false, ticks: (0..=count).map(|i| range.0 + i as f32 * step).collect() }
    }

    /// By powers of two.
    fn doubling(label: &'static str, range: (f32, f32)) -> Self {
        let ticks = std::iter::successors(Some(range.0), |t| Some(t * 2.0)).take_while(|t| *t <= range.1 * 1.001);
        Self { label, range, logarithmic: true, ticks: ticks.collect() }
    }

    /// 0 at the least value, 1 at the largest; values beyond stay at the ends.
    fn place(&self, value: f32) -> f32 {
        let value = value.clamp(self.range.0, self.range.1);
        let along = |v: f32| if self.logarithmic { v.ln() } else { v };
        (along(value) - along(self.range.0)) / (along(self.range.1) - along(self.range.0))
    }
}

/// 1, 2 or 5 times a power of ten, at least `step`.
fn round_step(step: f32) -> f32 {
    let power = 10f32.powf(step.max(1e-6).log10().floor());
    [1.0, 2.0, 5.0, 10.0].into_iter().map(|m| m * power).find(|s| *s >= step * 0.999).unwrap_or(10.0 * power)
}

struct Panel {
    title: &'static str,
    x: Axis,
    y: Axis,
    points: Vec<(Vec2, Rgb8)>,
    /// Dashed lines with words: at a value of x, and at one of y.
    limits: (Option<(f32, &'static str)>, Option<(f32, &'static str)>),
}

/// Draws accuracy, semantic and colour score against the true errors of all photos that have both; `title` says which.
pub fn draw(table: &EvalTable, title: &str) -> RgbImage {
    let mut canvas = Canvas::new(SIZE, PAPER);
    canvas.text(title, Vec2::new(FIRST.x, 46.0), 26.0, INK, Align::Left);
    legend(&mut canvas);
    for (index, panel) in panels(table).iter().enumerate() {
        draw_panel(&mut canvas, FIRST + Vec2::X * STEP * index as f32, panel);
    }
    canvas.finish()
}

fn panels(table: &EvalTable) -> [Panel; 3] {
    let points = |score: fn(&Scores) -> f32, truth: fn(&CaseScore) -> Option<f32>| -> Vec<(Vec2, Rgb8)> {
        let colour = |verdict| match verdict {
            Verdict::Right | Verdict::Refused => RIGHT,
            Verdict::Warned => WARNED,
            Verdict::ConfidentWrong => WRONG,
        };
        table.pairs(score, truth).into_iter().map(|(case, x, y)| (Vec2::new(x, y), colour(case.verdict))).collect()
    };
    let xs = |points: &[(Vec2, Rgb8)]| -> Vec<f32> { points.iter().map(|(point, _)| point.x).collect() };
    let ys = |points: &[(Vec2, Rgb8)]| -> Vec<f32> { points.iter().map(|(point, _)| point.y).collect() };
    let accuracy = points(|s| s.accuracy, CaseScore::median_texels);
    let semantic = points(|s| s.semantic, |c| Some(100.0 * c.semantic_accuracy?));
    let colour = points(|s| s.colour, |c| c.color?.visible_absolute);
    [
        Panel {
            title: "Accuracy",
            x: Axis::linear("accuracy score", &[0.0, 100.0], (0.0, 100.0)),
            y: Axis::doubling("correspondence median, texels", (0.125, 64.0)),
            limits: (Some((DOUBTFUL_ACCURACY, "doubtful")), Some((WRONG_POSE_TEXELS, "wrong above"))),
            points: accuracy,
        },
        Panel {
            title: "Parts",
            x: Axis::linear("semantic score", &xs(&semantic), (0.0, 100.0)),
            y: Axis::linear("semantic accuracy, %", &ys(&semantic), (0.0, 100.0)),
            limits: (None, None),
            points: semantic,
        },
        Panel {
            title: "Colour",
            x: Axis::linear("colour score", &xs(&colour), (0.0, 100.0)),
            y: Axis::linear("CIEDE2000 of the seen paint", &[&ys(&colour)[..], &[0.0]].concat(), (0.0, 100.0)),
            limits: (None, None),
            points: colour,
        },
    ]
}

fn legend(canvas: &mut Canvas) {
    let mut right = FIRST.x + 2.0 * STEP + PANEL.x;
    for (words, colour) in [("wrong, not warned", WRONG), ("wrong, warned", WARNED), ("right camera", RIGHT)] {
        right -= canvas.text(words, Vec2::new(right, 46.0), 17.0, SOFT, Align::Right);
        canvas.dot(Vec2::new(right - 14.0, 40.0), 6.5, colour, 1.0);
        right -= 48.0;
    }
}

fn draw_panel(canvas: &mut Canvas, corner: Vec2, panel: &Panel) {
    let far = corner + PANEL;
    let at = |x: f32, y: f32| Vec2::new(corner.x + panel.x.place(x) * PANEL.x, far.y - panel.y.place(y) * PANEL.y);
    canvas.fill(corner, far, FIELD);
    for &tick in &panel.x.ticks {
        let x = at(tick, panel.y.range.0).x;
        canvas.line(Vec2::new(x, corner.y), Vec2::new(x, far.y), 1.0, GRID, 0.0);
        canvas.text(&number(tick), Vec2::new(x, far.y + 26.0), 16.0, SOFT, Align::Middle);
    }
    for &tick in &panel.y.ticks {
        let y = at(panel.x.range.0, tick).y;
        canvas.line(Vec2::new(corner.x, y), Vec2::new(far.x, y), 1.0, GRID, 0.0);
        canvas.text(&number(tick), Vec2::new(corner.x - 12.0, y + 5.5), 16.0, SOFT, Align::Right);
    }
    let (x_limit, y_limit) = panel.limits;
    if let Some((value, words)) = x_limit {
        let x = at(value, panel.y.range.0).x;
        canvas.line(Vec2::new(x, corner.y), Vec2::new(x, far.y), 1.5, LIMIT, 7.0);
        canvas.text(words, Vec2::new(x - 8.0, far.y - 12.0), 15.0, LIMIT, Align::Right);
    }
    if let Some((value, words)) = y_limit {
        let y = at(panel.x.range.0, value).y;
        canvas.line(Vec2::new(corner.x, y), Vec2::new(far.x, y), 1.5, LIMIT, 7.0);
        canvas.text(words, Vec2::new(far.x - 8.0, y - 8.0), 15.0, LIMIT, Align::Right);
    }
    canvas.line(Vec2::new(corner.x, far.y), far, 1.5, SOFT, 0.0);
    canvas.line(corner, Vec2::new(corner.x, far.y), 1.5, SOFT, 0.0);
    for &(point, colour) in &panel.points {
        canvas.dot(at(point.x, point.y), 6.5, colour, 0.72);
    }
    let pairs: Vec<(f32, f32)> = panel.points.iter().map(|(p, _)| (p.x, p.y)).collect();
    let order = spearman(&pairs).map_or("too few for a rank correlation".to_owned(), |s| {
        format!("Spearman {}{:.2}, {} photos", if s < 0.0 { "\u{2212}" } else { "+" }, s.abs(), pairs.len())
    });
    canvas.text(panel.title, Vec2::new(corner.x, corner.y - 14.0), 20.0, INK, Align::Left);
    canvas.text(&order, Vec2::new(far.x, corner.y - 14.0), 17.0, SOFT, Align::Right);
    canvas.text(panel.x.label, Vec2::new((corner.x + far.x) * 0.5, far.y + 58.0), 18.0, INK, Align::Middle);
    canvas.text_upward(panel.y.label, Vec2::new(corner.x - 64.0, (corner.y + far.y) * 0.5), 18.0, INK);
}

/// A tick's value without needless digits.
fn number(value: f32) -> String {
    let text = format!("{value:.3}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::super::tests::made_up_case;
    use super::*;

    #[test]
    fn the_picture_shows_every_photo_in_its_colour() {
        let mut table = EvalTable::default();
        let few = |image: &RgbImage, colour: Rgb8| {
            // Dots let the paper shine through.
            let close = |p: &&image::Rgb<u8>| p.0.iter().zip(colour).all(|(a, b)| a.abs_diff(b) < 80);
            image.pixels().filter(close).count()
        };
        let empty = draw(&table, "Nothing");
        assert_eq!(empty.dimensions(), SIZE);
        for i in 0..12 {
            table.push(made_up_case(&format!("{i}"), 40.0 + 5.0 * i as f32, 8.0 / (i + 1) as f32, Verdict::Right));
        }
        table.push(made_up_case("wrong", 20.0, 60.0, Verdict::ConfidentWrong));
        let full = draw(&table, "Thirteen photos");
        // 36 dots of about 130 pixels, some above one another.
        assert!(few(&full, RIGHT) > few(&empty, RIGHT) + 800, "{} {}", few(&full, RIGHT), few(&empty, RIGHT));
        assert!(few(&full, WRONG) > few(&empty, WRONG) + 100);
    }

    #[test]
    fn axes_have_round_ticks_and_keep_values_inside() {
        let axis = Axis::linear("", &[93.0, 99.4], (0.0, 100.0));
        assert!(axis.range.0 <= 93.0 && axis.range.1 >= 99.4 && (3..9).contains(&axis.ticks.len()), "{:?}", axis.ticks);
        assert!((axis.place(200.0), axis.place(-5.0)) == (1.0, 0.0));
        let doubling = Axis::doubling("", (0.125, 64.0));
        assert_eq!(doubling.ticks.len(), 10);
        assert!((doubling.place(2.0) - 4.0 / 9.0).abs() < 1e-5);
        assert_eq!([0.3, 1.2, 4.0, 7.0].map(round_step), [0.5, 2.0, 5.0, 10.0]);
        assert_eq!((number(0.125), number(40.0), number(0.5)), ("0.125".into(), "40".into(), "0.5".into()));
    }
}
