//! The table as text.

use std::fmt;

use super::{CellCount, EvalTable, Spread, Summary, Verdict};

impl fmt::Display for EvalTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let summary = self.summary();
        let of_one_car = self.scores().count();
        let share = 100.0 * summary.failures as f32 / of_one_car.max(1) as f32;
        writeln!(f, "{}", in_words(&summary.verdicts))?;
        writeln!(f, "{of_one_car} photos of one car, {} wrong poses ({share:.1} %)", summary.failures)?;
        measures(f, &summary)?;
        cells(f, &summary)?;
        writeln!(f, "\n{:<10} {:<34} {:>7} {:>9}", "score", "against the true", "photos", "Spearman")?;
        for c in &summary.correlations {
            let spearman = c.spearman.map_or("-".to_owned(), |value| format!("{value:+.2}"));
            writeln!(f, "{:<10} {:<34} {:>7} {spearman:>9}", c.score, c.truth, c.count)?;
        }
        for case in &self.cases {
            if let Some(reason) = &case.refusal {
                writeln!(f, "{}: {reason}", case.name)?;
            } else if case.verdict != Verdict::Right {
                let accuracy = case.painter.map_or(0.0, |painter| painter.accuracy);
                writeln!(f, "{}: {}, accuracy score {accuracy:.0}", case.name, case.verdict.label())?;
            }
        }
        Ok(())
    }
}

fn in_words(count: &CellCount) -> String {
    let verdicts = Verdict::ALL.iter().zip(count.verdicts);
    let parts: Vec<String> = verdicts.map(|(verdict, n)| format!("{n} {}", verdict.label())).collect();
    format!("{} photos: {}", count.photos, parts.join(", "))
}

/// One line per measure: the method itself, then median and P90 of each baseline.
fn measures(f: &mut fmt::Formatter<'_>, summary: &Summary) -> fmt::Result {
    if !summary.baselines.is_empty() {
        write!(f, "{:<38} {:>37}", "", "GridVox")?;
        for (method, _) in &summary.baselines {
            write!(f, "  | {:>19}", method.label())?;
        }
        writeln!(f)?;
    }
    write!(f, "{:<38} {:>7} {:>9} {:>9} {:>9}", "measure", "photos", "median", "P90", "mean")?;
    for _ in &summary.baselines {
        write!(f, "  | {:>9} {:>9}", "median", "P90")?;
    }
    writeln!(f)?;
    for s in &summary.measures {
        write!(f, "{:<38} {:>7} {:>9.3} {:>9.3} {:>9.3}", s.measure, s.count, s.median, s.p90, s.mean)?;
        for (_, spreads) in &summary.baselines {
            match spreads.iter().find(|other: &&Spread| other.measure == s.measure) {
                Some(other) => write!(f, "  | {:>9.3} {:>9.3}", other.median, other.p90)?,
                None => write!(f, "  | {:>9} {:>9}", "-", "-")?,
            }
        }
        writeln!(f)?;
    }
    Ok(())
}

fn cells(f: &mut fmt::Formatter<'_>, summary: &Summary) -> fmt::Result {
    if summary.cells.is_empty() {
        return Ok(());
    }
    write!(f, "\n{:<14} {:>6}", "stress", "photos")?;
    for verdict in Verdict::ALL {
        write!(f, " {:>w$}", verdict.label(), w = verdict.label().len().max(7))?;
    }
    writeln!(f, "  | {:>8} {:>8} {:>8}", "texels", "delta E", "accuracy")?;
    let number = |value: Option<f32>| value.map_or("-".to_owned(), |value| format!("{value:.1}"));
    for (name, cell) in summary.cells.iter().map(|cell| (cell.cell.as_str(), cell)).chain([("all", &summary.verdicts)]) {
        write!(f, "{name:<14} {:>6}", cell.photos)?;
        for (verdict, n) in Verdict::ALL.iter().zip(cell.verdicts) {
            write!(f, " {n:>w$}", w = verdict.label().len().max(7))?;
        }
        let medians = [cell.correspondence, cell.color, cell.accuracy].map(number);
        writeln!(f, "  | {:>8} {:>8} {:>8}", medians[0], medians[1], medians[2])?;
    }
    Ok(())
}
