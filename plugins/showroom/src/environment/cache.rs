//! Filtered surroundings on disk, named by what they were made from.
//!
//! The cache only saves time: whatever goes wrong here is logged and the picture is filtered again.

use super::cubemap::{Cubemap, DIFFUSE_PX, SPECULAR_LEVELS, SPECULAR_PX};
use super::{FilteredLight, Sun};
use half::f16;
use sha2::{Digest, Sha256};
use std::path::PathBuf;

/// Raised whenever the filter or this file's layout changes.
const VERSION: u32 = 1;

const MAGIC: &[u8; 8] = b"GVENVMAP";

/// Overrides the cache's folder; tests and portable installations use it.
const FOLDER_VARIABLE: &str = "GRIDVOX_CACHE";

/// The name under which a picture's light is kept.
pub fn key(picture: &[u8]) -> String {
    let mut hash = Sha256::new();
    hash.update(VERSION.to_le_bytes());
    hash.update(picture);
    hash.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

fn folder() -> Option<PathBuf> {
    if let Some(folder) = std::env::var_os(FOLDER_VARIABLE).filter(|folder| !folder.is_empty()) {
        return Some(PathBuf::from(folder).join("environments"));
    }
    Some(directories::ProjectDirs::from("", "", "gridvox")?.cache_dir().join("environments"))
}

fn level_texels(size: usize, level: usize) -> usize {
    6 * (size >> level) * (size >> level)
}

/// Reads light that was filtered before.
pub fn read(key: &str) -> Option<FilteredLight> {
    let path = folder()?.join(format!("{key}.light"));
    let bytes = std::fs::read(&path).ok()?;
    let light = decode(&bytes);
    if light.is_none() {
        tracing::warn!("the cached light in {} is broken and will be made again", path.display());
    }
    light
}

/// Keeps filtered light for the next time.
pub fn write(key: &str, light: &FilteredLight) {
    let Some(folder) = folder() else { return };
    let path = folder.join(format!("{key}.light"));
    let written = std::fs::create_dir_all(&folder)
        .map_err(|error| error.to_string())
        .and_then(|()| gridvox_car::files::write_atomic(&path, &encode(light)).map_err(|error| error.to_string()));
    if let Err(reason) = written {
        tracing::debug!("the light was not cached: {reason}");
    }
}

fn encode(light: &FilteredLight) -> Vec<u8> {
    let mut out = Vec::with_capacity(18 << 20);
    out.extend_from_slice(MAGIC);
    let sun = light.sun.unwrap_or(Sun { direction: [0.0; 3], irradiance: [0.0; 3] });
    for value in sun.direction.into_iter().chain(sun.irradiance).chain(light.sky_irradiance) {
        out.extend_from_slice(&value.to_le_bytes());
    }
    for level in light.specular.levels.iter().chain(&light.diffuse.levels) {
        out.extend_from_slice(bytemuck::cast_slice(level));
    }
    out
}

fn decode(bytes: &[u8]) -> Option<FilteredLight> {
    let mut rest = bytes.strip_prefix(MAGIC)?;
    let mut numbers = [0.0_f32; 9];
    for number in &mut numbers {
        let (head, tail) = rest.split_first_chunk::<4>()?;
        *number = f32::from_le_bytes(*head);
        rest = tail;
    }
    let mut levels = |size: usize, count: usize| -> Option<Vec<Vec<[f16; 4]>>> {
        (0..count)
            .map(|level| {
                let (head, tail) = rest.split_at_checked(level_texels(size, level) * 8)?;
                rest = tail;
                Some(bytemuck::pod_collect_to_vec::<u8, [f16; 4]>(head))
            })
            .collect()
    };
    let specular = Cubemap { size: SPECULAR_PX, levels: levels(SPECULAR_PX, SPECULAR_LEVELS)? };
    let diffuse = Cubemap { size: DIFFUSE_PX, levels: levels(DIFFUSE_PX, 1)? };
    if !rest.is_empty() || numbers.iter().any(|number| !number.is_finite()) {
        return None;
    }
    let [dx, dy, dz, ix, iy, iz, sx, sy, sz] = numbers;
    let sun = (ix + iy + iz > 0.0).then_some(Sun { direction: [dx, dy, dz], irradiance: [ix, iy, iz] });
    Some(FilteredLight { specular, diffuse, sun, sky_irradiance: [sx, sy, sz] })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::environment::equirect::Equirect;
    use glam::Vec3;

    #[test]
    fn light_survives_the_disk_and_damage_is_noticed() {
        let sky = Equirect::from_fn(64, |d| d.abs() + Vec3::splat(0.1));
        let mut light = FilteredLight::filter(sky);
        light.sun = Some(Sun { direction: [0.0, 1.0, 0.0], irradiance: [1.0, 2.0, 3.0] });
        let bytes = encode(&light);
        assert_eq!(decode(&bytes).as_ref(), Some(&light));
        assert!(decode(&bytes[..bytes.len() - 1]).is_none());
        assert!(decode(b"something else").is_none());
    }

    #[test]
    fn another_picture_has_another_key() {
        assert_ne!(key(b"a"), key(b"b"));
        assert_eq!(key(b"a"), key(b"a"));
    }
}
