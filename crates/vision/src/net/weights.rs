//! Trained weights on disk: `manifest.toml` beside one folder per model with `model.safetensors` and `config.json`.
//!
//! Nothing is believed that the manifest does not vouch for: the hash is checked before a byte is interpreted, the
//! configuration before memory is taken, and every tensor's shape before it is used.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use candle_core::{DType, Device, Shape, Tensor};
use candle_nn::var_builder::SimpleBackend;
use candle_nn::{Init, VarBuilder};
use gridvox_car::files::{read_limited, write_atomic};
use safetensors::SafeTensors;
use safetensors::tensor::{Dtype, TensorView};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::ModelError;

/// A network whose weights are kept on disk.
pub trait Model: Sized {
    /// What `config.json` holds.
    type Config: Serialize + DeserializeOwned + Clone;
    /// Its name in the manifest, and its folder's.
    const NAME: &'static str;
    /// The network of the same shape whose weights a training can start from where there are none of its own.
    const STARTS_FROM: &'static str = Self::NAME;

    /// Takes the weights from `vb`, or makes them there when it is backed by a `VarMap`.
    fn new(config: &Self::Config, vb: VarBuilder) -> candle_core::Result<Self>;

    /// Why this configuration cannot be built, if so.
    fn problem(config: &Self::Config) -> Option<String>;

    /// What it was built with.
    fn config(&self) -> &Self::Config;
}

/// The manifest's file name in a models folder.
pub const MANIFEST_NAME: &str = "manifest.toml";

/// Larger files are not weights of this program.
const MAX_WEIGHT_BYTES: u64 = 256 << 20;
const MAX_TEXT_BYTES: u64 = 1 << 20;

/// What `manifest.toml` says about all models.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// By name; a model's folder has the same name.
    #[serde(flatten)]
    pub models: BTreeMap<String, ManifestEntry>,
}

/// What `manifest.toml` says about one model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ManifestEntry {
    /// SHA-256 of `model.safetensors`, in hexadecimal.
    pub sha256: String,
    /// Size of `model.safetensors` in bytes.
    pub bytes: u64,
    /// SPDX expression.
    pub licence: String,
    /// The command that trained it.
    pub command: String,
    /// Measured on held-out liveries and views, by name.
    pub metrics: BTreeMap<String, f64>,
}

fn bad_config(path: &Path, reason: impl ToString) -> ModelError {
    ModelError::BadConfig { path: path.to_owned(), reason: reason.to_string() }
}

fn bad_weights(path: &Path, reason: impl ToString) -> ModelError {
    ModelError::BadWeights { path: path.to_owned(), reason: reason.to_string() }
}

fn read(path: &Path, limit: u64) -> Result<Vec<u8>, ModelError> {
    read_limited(path, limit)
        .map_err(|error| ModelError::Unreadable { path: path.to_owned(), reason: error.to_string() })
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

/// Reads the manifest of a models folder.
pub fn manifest(models_dir: &Path) -> Result<Manifest, ModelError> {
    let path = models_dir.join(MANIFEST_NAME);
    let text = String::from_utf8(read(&path, MAX_TEXT_BYTES)?).map_err(|error| bad_config(&path, error))?;
    toml::from_str(&text).map_err(|error| bad_config(&path, error.message()))
}

/// Loads a network from a models folder.
pub fn load<M: Model>(models_dir: &Path, device: &Device) -> Result<M, ModelError> {
    let (config, tensors) = read_model::<M>(models_dir, device)?;
    let path = models_dir.join(M::NAME).join("model.safetensors");
    build(&config, tensors, device).map_err(|reason| bad_weights(&path, reason))
}

/// As [`load`]; `None` where the folder's manifest does not name the network.
pub fn load_if_listed<M: Model>(models_dir: &Path, device: &Device) -> Result<Option<M>, ModelError> {
    if !manifest(models_dir)?.models.contains_key(M::NAME) {
        return Ok(None);
    }
    load(models_dir, device).map(Some)
}

/// Reads a network's configuration and tensors, not yet compared with each other.
pub fn read_model<M: Model>(models_dir: &Path, device: &Device) -> Result<(M::Config, HashMap<String, Tensor>), ModelError> {
    read_named::<M>(M::NAME, models_dir, device)
}

/// As [`read_model`], for a training to start from: its own weights where there are any, else those of its like.
pub fn read_start<M: Model>(models_dir: &Path, device: &Device) -> Result<(M::Config, HashMap<String, Tensor>), ModelError> {
    let has_own = manifest(models_dir)?.models.contains_key(M::NAME);
    read_named::<M>(if has_own { M::NAME } else { M::STARTS_FROM }, models_dir, device)
}

fn read_named<M: Model>(
    name: &str,
    models_dir: &Path,
    device: &Device,
) -> Result<(M::Config, HashMap<String, Tensor>), ModelError> {
    let listed = manifest(models_dir)?;
    let entry = listed
        .models
        .get(name)
        .ok_or_else(|| bad_config(&models_dir.join(MANIFEST_NAME), format!("there is no model `{name}`")))?;
    let folder = models_dir.join(name);
    let config_path = folder.join("config.json");
    let config: M::Config =
        serde_json::from_slice(&read(&config_path, MAX_TEXT_BYTES)?).map_err(|error| bad_config(&config_path, error))?;
    if let Some(problem) = M::problem(&config) {
        return Err(bad_config(&config_path, problem));
    }
    let path = folder.join("model.safetensors");
    let bytes = read(&path, MAX_WEIGHT_BYTES)?;
    let found = hex(&Sha256::digest(&bytes));
    if found != entry.sha256.to_lowercase() {
        return Err(ModelError::WrongHash { path, expected: entry.sha256.clone(), found });
    }
    let tensors = decode(&bytes, device).map_err(|reason| bad_weights(&path, reason))?;
    Ok((config, tensors))
}

/// Builds a network from named tensors, each of which has to have the right shape, none missing and none left over.
pub fn build<M: Model>(config: &M::Config, tensors: HashMap<String, Tensor>, device: &Device) -> Result<M, String> {
    let names: Vec<String> = tensors.keys().cloned().collect();
    let asked = Arc::new(Mutex::new(HashSet::new()));
    let given = Given { tensors, asked: asked.clone() };
    let network = M::new(config, VarBuilder::from_backend(Box::new(given), DType::F32, device.clone())).map_err(|error| error.to_string())?;
    let asked = asked.lock().unwrap_or_else(PoisonError::into_inner);
    match names.iter().find(|name| !asked.contains(*name)) {
        Some(name) => Err(format!("`{name}` belongs to another network")),
        None => Ok(network),
    }
}

/// Hands a network the tensors that it asks for, and remembers which these were.
struct Given {
    tensors: HashMap<String, Tensor>,
    asked: Arc<Mutex<HashSet<String>>>,
}

impl SimpleBackend for Given {
    fn get(&self, shape: Shape, name: &str, _: Init, dtype: DType, device: &Device) -> candle_core::Result<Tensor> {
        let tensor = self.get_unchecked(name, dtype, device)?;
        if tensor.shape() == &shape {
            return Ok(tensor);
        }
        Err(candle_core::Error::Msg(format!("`{name}` is {:?} but has to be {:?}", tensor.dims(), shape.dims())))
    }

    fn get_unchecked(&self, name: &str, dtype: DType, device: &Device) -> candle_core::Result<Tensor> {
        let missing = || candle_core::Error::Msg(format!("`{name}` is missing"));
        let tensor = self.tensors.get(name).ok_or_else(missing)?;
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned());
        tensor.to_device(device)?.to_dtype(dtype)
    }

    fn contains_tensor(&self, name: &str) -> bool {
        self.tensors.contains_key(name)
    }
}

/// Reads all tensors of a safetensors file as f32.
pub fn decode(bytes: &[u8], device: &Device) -> Result<HashMap<String, Tensor>, String> {
    let file = SafeTensors::deserialize(bytes).map_err(|error| error.to_string())?;
    file.iter()
        .map(|(name, view)| {
            let dtype = match view.dtype() {
                Dtype::F32 => DType::F32,
                Dtype::F16 => DType::F16,
                other => return Err(format!("`{name}` is {other:?}, not F16 or F32")),
            };
            let tensor = Tensor::from_raw_buffer(view.data(), dtype, view.shape(), device)
                .and_then(|t| t.to_dtype(DType::F32))
                .map_err(|error| error.to_string())?;
            Ok((name.to_owned(), tensor))
        })
        .collect()
}

/// How [`encode`] stores numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Precision {
    /// 16 bits, for weights that ship.
    Half,
    /// 32 bits, for checkpoints.
    Full,
}

/// A safetensors file of named arrays with their shapes.
pub fn encode(arrays: &BTreeMap<String, (Vec<usize>, Vec<f32>)>, precision: Precision) -> Vec<u8> {
    let (dtype, to_bytes): (Dtype, fn(&[f32]) -> Vec<u8>) = match precision {
        Precision::Half => (Dtype::F16, |v| v.iter().flat_map(|&x| half::f16::from_f32(x).to_le_bytes()).collect()),
        Precision::Full => (Dtype::F32, |v| v.iter().flat_map(|x| x.to_le_bytes()).collect()),
    };
    let raw: Vec<(&String, &Vec<usize>, Vec<u8>)> =
        arrays.iter().map(|(name, (shape, values))| (name, shape, to_bytes(values))).collect();
    let views = raw.iter().map(|(name, shape, bytes)| {
        (name.as_str(), TensorView::new(dtype, (*shape).clone(), bytes).expect("as many bytes as the shape asks for"))
    });
    safetensors::serialize(views, None).expect("names and shapes are plain")
}

/// Writes weights, configuration and the manifest's entry into a models folder; other models there stay.
pub fn save<M: Model>(
    models_dir: &Path,
    config: &M::Config,
    arrays: &BTreeMap<String, (Vec<usize>, Vec<f32>)>,
    command: &str,
    metrics: BTreeMap<String, f64>,
) -> Result<(), ModelError> {
    let folder = models_dir.join(M::NAME);
    let unwritable = |path: PathBuf| move |error: String| ModelError::Unreadable { path, reason: error };
    std::fs::create_dir_all(&folder).map_err(|e| unwritable(folder.clone())(e.to_string()))?;
    let write = |path: PathBuf, bytes: &[u8]| write_atomic(&path, bytes).map_err(|e| unwritable(path)(e.to_string()));
    let bytes = encode(arrays, Precision::Half);
    write(folder.join("model.safetensors"), &bytes)?;
    let text = serde_json::to_string_pretty(config).expect("plain numbers");
    write(folder.join("config.json"), text.as_bytes())?;
    let path = models_dir.join(MANIFEST_NAME);
    let mut listed = if path.exists() { manifest(models_dir)? } else { Manifest::default() };
    let entry = ManifestEntry {
        sha256: hex(&Sha256::digest(&bytes)),
        bytes: bytes.len() as u64,
        licence: "MIT OR Apache-2.0".into(),
        command: command.into(),
        metrics,
    };
    listed.models.insert(M::NAME.into(), entry);
    let text = toml::to_string_pretty(&listed).map_err(|error| bad_config(&path, error))?;
    write(path, text.as_bytes())
}

#[cfg(test)]
mod tests {
    use candle_nn::VarMap;

    use super::*;
    use crate::net::network::{Network, NetworkConfig};

    fn arrays(config: &NetworkConfig) -> BTreeMap<String, (Vec<usize>, Vec<f32>)> {
        let vars = VarMap::new();
        Network::new(config, VarBuilder::from_varmap(&vars, DType::F32, &Device::Cpu)).unwrap();
        let vars = vars.data().lock().unwrap();
        vars.iter()
            .map(|(name, var)| {
                (name.clone(), (var.dims().to_vec(), var.flatten_all().unwrap().to_vec1::<f32>().unwrap()))
            })
            .collect()
    }

    #[test]
    fn what_was_saved_is_loaded_and_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        let config = NetworkConfig::tiny();
        let saved = arrays(&config);
        save::<Network>(dir.path(), &config, &saved, "train", BTreeMap::from([("mask_iou".into(), 0.5)])).unwrap();
        assert_eq!(load::<Network>(dir.path(), &Device::Cpu).unwrap().config(), &config);
        let bytes = std::fs::read(dir.path().join("correspond/model.safetensors")).unwrap();
        let read = decode(&bytes, &Device::Cpu).unwrap();
        let stem = read["stem.weight"].flatten_all().unwrap().to_vec1::<f32>().unwrap();
        assert!(stem.iter().zip(&saved["stem.weight"].1).all(|(a, b)| (a - b).abs() < 1e-3));

        let mut spoiled = bytes.clone();
        *spoiled.last_mut().unwrap() ^= 1;
        std::fs::write(dir.path().join("correspond/model.safetensors"), &spoiled).unwrap();
        let error = load::<Network>(dir.path(), &Device::Cpu).err().unwrap();
        assert!(matches!(error, ModelError::WrongHash { .. }) && error.to_string().contains("install GridVox again"));
    }

    #[test]
    fn missing_and_misfitting_files_are_named() {
        let dir = tempfile::tempdir().unwrap();
        assert!(matches!(load::<Network>(dir.path(), &Device::Cpu).err().unwrap(), ModelError::Unreadable { .. }));
        let config = NetworkConfig::tiny();
        let right = arrays(&config);
        let refused = |change: &dyn Fn(&mut BTreeMap<String, (Vec<usize>, Vec<f32>)>), because: &str| {
            let mut wrong = right.clone();
            change(&mut wrong);
            save::<Network>(dir.path(), &config, &wrong, "train", BTreeMap::new()).unwrap();
            let error = load::<Network>(dir.path(), &Device::Cpu).err().unwrap().to_string();
            assert!(error.contains(because), "{error}");
        };
        refused(&|wrong| drop(wrong.insert("stem.bias".into(), (vec![3], vec![0.0; 3]))), "`stem.bias` is [3] but has to be [8]");
        refused(&|wrong| drop(wrong.remove("stem.bias")), "`stem.bias` is missing");
        refused(&|wrong| drop(wrong.insert("wing".into(), (vec![1], vec![0.0]))), "`wing` belongs to another network");
        std::fs::write(dir.path().join("correspond/config.json"), "{\"width\": 100}").unwrap();
        assert!(matches!(load::<Network>(dir.path(), &Device::Cpu).err().unwrap(), ModelError::BadConfig { .. }));
    }
}
