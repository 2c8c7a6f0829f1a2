//! What a training needs to go on: weights, moments, averages, the log and the time used.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use candle_core::{Device, Tensor};
use gridvox_car::files::{read_limited, write_atomic};

use super::optimizer::Optimizer;
use super::{LossParts, Metrics, TrainError};
use crate::net::weights::{Precision, decode, encode};

const MAX_BYTES: u64 = 1 << 30;
const HEAD: &str = "step,seconds,loss_mask,loss_part,loss_coord,loss_car,mask_iou,part_accuracy,coord_median,coord_p90,coord_bias,side_errors,within_sigma,car_accuracy";

/// A line of `log.csv`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LogRow {
    /// Steps taken.
    pub step: usize,
    /// Seconds trained.
    pub seconds: f32,
    /// Mean since the last report.
    pub loss: LossParts,
    /// Of the averaged weights.
    pub metrics: Metrics,
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

/// Writes everything; each file at once.
pub fn save(out: &Path, optimizer: &Optimizer, log: &[LogRow], seconds: f32) -> Result<(), TrainError> {
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
    let mut text = String::from(HEAD);
    for row in log {
        let (l, m) = (&row.loss, &row.metrics);
        text += &format!("\n{},{:.0},{:.4},{:.4},{:.4},{:.4}", row.step, row.seconds, l.mask, l.part, l.coord, l.car);
        for v in [
            m.mask_iou,
            m.part_accuracy,
            m.coord_median,
            m.coord_p90,
            m.coord_bias,
            m.side_errors,
            m.within_sigma,
            m.car_accuracy,
        ] {
            text += &format!(",{v:.4}");
        }
    }
    write(log_path(out), text.as_bytes())
}

/// Puts everything back; returns the log and the seconds trained.
pub fn load(out: &Path, optimizer: &mut Optimizer) -> Result<(Vec<LogRow>, f32), TrainError> {
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
        slot.var.set(&Tensor::from_vec(weights, shape.as_slice(), &Device::Cpu)?)?;
    }
    let progress = values("progress".into(), Some(&[2]))?;
    optimizer.step = progress[0] as usize;
    let text = String::from_utf8_lossy(&read(log_path(out))?).into_owned();
    Ok((text.lines().skip(1).filter_map(parse_row).collect(), progress[1]))
}

fn parse_row(line: &str) -> Option<LogRow> {
    let v: Vec<f32> = line.split(',').map(|field| field.trim().parse().ok()).collect::<Option<_>>()?;
    let v: [f32; 14] = v.try_into().ok()?;
    Some(LogRow {
        step: v[0] as usize,
        seconds: v[1],
        loss: LossParts { mask: v[2], part: v[3], coord: v[4], car: v[5] },
        metrics: Metrics {
            mask_iou: v[6],
            part_accuracy: v[7],
            coord_median: v[8],
            coord_p90: v[9],
            coord_bias: v[10],
            side_errors: v[11],
            within_sigma: v[12],
            car_accuracy: v[13],
        },
    })
}
