//! What a training needs to go on: weights, moments, averages, the log and the time used.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use candle_core::{Device, Tensor};
use gridvox_car::files::{read_limited, write_atomic};

use super::optimizer::Optimizer;
use super::TrainError;
use crate::net::weights::{Precision, decode, encode};

const MAX_BYTES: u64 = 1 << 30;

/// A line of `log.csv`.
#[derive(Debug, Clone, PartialEq)]
pub struct LogRow {
    /// Steps taken.
    pub step: usize,
    /// Seconds trained.
    pub seconds: f32,
    /// Parts of the loss, mean since the last report.
    pub loss: Vec<f32>,
    /// Of the averaged weights.
    pub metrics: Vec<f32>,
}

fn weights_path(out: &Path) -> PathBuf {
    out.join("checkpoint.safetensors")
}

fn log_path(out: &Path) -> PathBuf {
    out.join("log.csv")
}

/// Whether there is something to go on from.
pub fn exists(out: &Path) -> bool {
    weights_path(out).exists() && log_path(out).exists()
}

/// Writes everything; each file at once. `columns` names what a row holds after step and seconds.
pub fn save<'a>(
    out: &Path,
    optimizer: &Optimizer,
    columns: impl Iterator<Item = &'a str>,
    log: &[LogRow],
    seconds: f32,
) -> Result<(), TrainError> {
    let mut arrays = BTreeMap::new();
    for slot in &optimizer.slots {
        let shape = slot.var.dims().to_vec();
        let values = slot.var.flatten_all()?.to_vec1::<f32>()?;
        for (kind, values) in
            [("weight", &values), ("first", &slot.first), ("second", &slot.second), ("average", &slot.average)]
        {
            arrays.insert(format!("{kind}/{}", slot.name), (shape.clone(), values.clone()));
        }
    }
    arrays.insert("progress".into(), (vec![2], vec![optimizer.step as f32, seconds]));
    let write = |path: PathBuf, bytes: &[u8]| {
        write_atomic(&path, bytes).map_err(|error| TrainError::File { path, reason: error.to_string() })
    };
    write(weights_path(out), &encode(&arrays, Precision::Full))?;
    let mut text = ["step", "seconds"].into_iter().chain(columns).collect::<Vec<_>>().join(",");
    for row in log {
        text += &format!("\n{},{:.0}", row.step, row.seconds);
        row.loss.iter().chain(&row.metrics).for_each(|v| text += &format!(",{v:.4}"));
    }
    write(log_path(out), text.as_bytes())
}

/// Puts everything back; returns the log, whose rows hold so many losses and metrics, and the seconds trained.
pub fn load(
    out: &Path,
    optimizer: &mut Optimizer,
    losses: usize,
    metrics: usize,
) -> Result<(Vec<LogRow>, f32), TrainError> {
    let path = weights_path(out);
    let bad = |reason: String| TrainError::BadCheckpoint { path: path.clone(), reason };
    let read = |path: PathBuf| {
        read_limited(&path, MAX_BYTES).map_err(|e| TrainError::File { path, reason: e.to_string() })
    };
    let tensors = decode(&read(path.clone())?, &Device::Cpu).map_err(bad)?;
    let values = |name: String, shape: Option<&[usize]>| -> Result<Vec<f32>, TrainError> {
        let tensor = tensors.get(&name).ok_or_else(|| bad(format!("`{name}` is missing")))?;
        if let Some(shape) = shape.filter(|s| tensor.dims() != *s) {
            return Err(bad(format!("`{name}` is {:?} and not {shape:?}", tensor.dims())));
        }
        Ok(tensor.flatten_all()?.to_vec1::<f32>()?)
    };
    if tensors.len() != 4 * optimizer.slots.len() + 1 {
        return Err(bad(format!("it holds {} arrays, not {}", tensors.len(), 4 * optimizer.slots.len() + 1)));
    }
    for slot in &mut optimizer.slots {
        let shape = slot.var.dims().to_vec();
        let get = |kind: &str| values(format!("{kind}/{}", slot.name), Some(&shape));
        let weights = get("weight")?;
        (slot.first, slot.second, slot.average) = (get("first")?, get("second")?, get("average")?);
        slot.var.set(&Tensor::from_vec(weights, shape.as_slice(), slot.var.device())?)?;
    }
    let progress = values("progress".into(), Some(&[2]))?;
    optimizer.step = progress[0] as usize;
    let text = String::from_utf8_lossy(&read(log_path(out))?).into_owned();
    Ok((text.lines().skip(1).filter_map(|line| parse_row(line, losses, metrics)).collect(), progress[1]))
}

fn parse_row(line: &str, losses: usize, metrics: usize) -> Option<LogRow> {
    let v: Vec<f32> = line.split(',').map(|field| field.trim().parse().ok()).collect::<Option<_>>()?;
    (v.len() == 2 + losses + metrics).then(|| LogRow {
        step: v[0] as usize,
        seconds: v[1],
        loss: v[2..2 + losses].to_vec(),
        metrics: v[2 + losses..].to_vec(),
    })
}
