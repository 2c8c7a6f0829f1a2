//! Numbers out of a glTF buffer, every bound checked.

use glam::Vec3;
use gltf::Accessor;
use gltf::accessor::{DataType, Dimensions};

use super::{MAX_TRIANGLES, check_count};
use crate::error::MeshError;

/// The file's binary chunk.
#[derive(Clone, Copy)]
pub(super) struct Buffer<'a> {
    pub bin: &'a [u8],
    pub document: &'a gltf::Document,
}

impl<'a> Buffer<'a> {
    /// The bytes of a buffer view.
    pub(super) fn view(&self, view: &gltf::buffer::View) -> Option<&'a [u8]> {
        self.bin.get(view.offset()..view.offset().checked_add(view.length())?)
    }

    /// Checks an accessor against the file and returns its elements' bytes.
    fn elements(
        &self,
        part: &str,
        what: &'static str,
        accessor: &Accessor,
    ) -> Result<impl Iterator<Item = &'a [u8]> + use<'a>, MeshError> {
        let outside = || MeshError::OutOfBounds { part: part.to_owned(), what };
        let unread = || MeshError::Accessor { part: part.to_owned(), what };
        if accessor.sparse().is_some() {
            return Err(unread());
        }
        let view = accessor.view().ok_or_else(unread)?;
        let (size, count) = (accessor.size(), accessor.count());
        let stride = view.stride().unwrap_or(size);
        if stride < size || stride > 255 {
            return Err(unread());
        }
        let data = self.view(&view).ok_or_else(outside)?;
        let data = data.get(accessor.offset()..).ok_or_else(outside)?;
        let needed = match count.checked_sub(1) {
            Some(last) => last.checked_mul(stride).and_then(|n| n.checked_add(size)).ok_or_else(outside)?,
            None => 0,
        };
        if needed > data.len() {
            return Err(outside());
        }
        Ok((0..count).map(move |index| &data[index * stride..index * stride + size]))
    }

    pub(super) fn floats<const N: usize>(
        &self,
        part: &str,
        what: &'static str,
        accessor: &Accessor,
    ) -> Result<impl Iterator<Item = [f32; N]> + use<'a, N>, MeshError> {
        if accessor.dimensions().multiplicity() != N || !matches!(accessor.dimensions(), Dimensions::Vec2 | Dimensions::Vec3 | Dimensions::Vec4) {
            return Err(MeshError::Accessor { part: part.to_owned(), what });
        }
        let decode = decoder(accessor).ok_or_else(|| MeshError::Accessor { part: part.to_owned(), what })?;
        let width = accessor.data_type().size();
        let elements = self.elements(part, what, accessor)?;
        Ok(elements.map(move |bytes| std::array::from_fn(|i| decode(&bytes[i * width..]))))
    }

    pub(super) fn reds(&self, part: &str, accessor: &Accessor) -> Result<Vec<f32>, MeshError> {
        Ok(match accessor.dimensions() {
            Dimensions::Vec3 => self.floats::<3>(part, "colours", accessor)?.map(|c| share(c[0])).collect(),
            _ => self.floats::<4>(part, "colours", accessor)?.map(|c| share(c[0])).collect(),
        })
    }

    /// Directions in red, green and blue, and shares in alpha; nothing where there is no alpha.
    pub(super) fn daylight(&self, part: &str, accessor: &Accessor) -> Result<(Vec<Vec3>, Vec<f32>), MeshError> {
        if accessor.dimensions() != Dimensions::Vec4 {
            return Ok((Vec::new(), Vec::new()));
        }
        let from = |c: [f32; 4]| (Vec3::new(c[0], c[1], c[2]) * 2.0 - 1.0).normalize_or(Vec3::Y);
        Ok(self.floats::<4>(part, "colours", accessor)?.map(|c| (from(c), share(c[3]))).unzip())
    }

    pub(super) fn indices(&self, part: &str, accessor: &Accessor) -> Result<Vec<u32>, MeshError> {
        let unread = || MeshError::Accessor { part: part.to_owned(), what: "indices" };
        if accessor.dimensions() != Dimensions::Scalar {
            return Err(unread());
        }
        check_count("triangles", accessor.count() as u64 / 3, MAX_TRIANGLES)?;
        let elements = self.elements(part, "indices", accessor)?;
        Ok(match accessor.data_type() {
            DataType::U8 => elements.map(|b| u32::from(b[0])).collect(),
            DataType::U16 => elements.map(|b| u32::from(u16::from_le_bytes([b[0], b[1]]))).collect(),
            DataType::U32 => elements.map(|b| u32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect(),
            _ => return Err(unread()),
        })
    }
}

/// A share as it is baked.
fn share(value: f32) -> f32 {
    if value.is_finite() { value.clamp(0.0, 1.0) } else { 1.0 }
}

/// How an accessor's numbers become floats: floats as they are, normalised integers by glTF's rule.
fn decoder(accessor: &Accessor) -> Option<fn(&[u8]) -> f32> {
    Some(match (accessor.data_type(), accessor.normalized()) {
        (DataType::F32, _) => |b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]),
        // Quantised vertices hold plain integers; a node's scale makes metres of them.
        (DataType::U8, false) => |b| f32::from(b[0]),
        (DataType::U16, false) => |b| f32::from(u16::from_le_bytes([b[0], b[1]])),
        (DataType::I8, false) => |b| f32::from(b[0] as i8),
        (DataType::I16, false) => |b| f32::from(i16::from_le_bytes([b[0], b[1]])),
        (DataType::U8, true) => |b| f32::from(b[0]) / 255.0,
        (DataType::U16, true) => |b| f32::from(u16::from_le_bytes([b[0], b[1]])) / 65535.0,
        (DataType::I8, true) => |b| (f32::from(b[0] as i8) / 127.0).max(-1.0),
        (DataType::I16, true) => |b| (f32::from(i16::from_le_bytes([b[0], b[1]])) / 32767.0).max(-1.0),
        _ => return None,
    })
}
