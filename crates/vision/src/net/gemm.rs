//! Matrix products for the convolution: the left side is a view of an image whose rows overlap (a pixel's row of the im2col
//! matrix shares its memory with the next pixel's), the right side is laid out in panels of one to three vectors, and each
//! step adds a few rows times one panel up in registers.
//!
//! `pulp` picks the widest vectors that the processor has. Every entry is summed up in the order of the columns, so results
//! do not depend on how the work is shared. All functions run on the calling thread, but for [`Panels::pack`].

use std::array::from_fn;
use std::ops::Range;

use pulp::{Arch, Simd, WithSimd, bytemuck};
use rayon::prelude::*;

/// Rows of a strip, by the panel's vectors: so many sums stay in sixteen registers beside the operands.
const STRIP_ROWS: [usize; 3] = [8, 6, 3];

/// Rows of a panel that stay in the first-level cache while a transposed product goes over them.
const BLOCK: usize = 256;

/// Values that are worth a thread of their own when panels are laid out.
const WORTH_SHARING: usize = 1 << 14;

/// The left side: a matrix inside a slice, whose rows are made of runs and may overlap.
#[derive(Clone, Copy)]
pub struct View<'a> {
    /// Memory that all entries lie in, from the first on.
    pub data: &'a [f32],
    /// Number of rows.
    pub rows: usize,
    /// Distance between rows.
    pub row_stride: usize,
    /// Columns that lie side by side.
    pub run: usize,
    /// Runs in a row.
    pub runs: usize,
    /// Distance between a row's runs.
    pub run_stride: usize,
}

impl<'a> View<'a> {
    /// A matrix of `cols` columns without gaps, whose rows lie `row_stride` apart.
    pub fn plain(data: &'a [f32], rows: usize, cols: usize, row_stride: usize) -> Self {
        Self { data, rows, row_stride, run: cols, runs: 1, run_stride: 0 }
    }

    fn assert_inside(&self) {
        let last = self.rows.saturating_sub(1) * self.row_stride + (self.runs - 1) * self.run_stride + self.run - 1;
        assert!(self.rows == 0 || last < self.data.len(), "an operand is too small");
    }
}

/// The right side, (rows, cols), and a row that each product starts from, as the kernel reads them.
pub struct Panels {
    rows: usize,
    cols: usize,
    lanes: usize,
    /// Panel by panel: the start, then the panel's part of each row; columns beyond the last are 0.
    data: Vec<f32>,
}

impl Panels {
    /// Lays out row-major `b` of `cols` columns; `start` (`cols` values) is 0 where it is not given.
    ///
    /// # Panics
    /// When the sizes do not fit each other.
    pub fn pack(b: &[f32], cols: usize, start: Option<&[f32]>) -> Self {
        let rows = b.len() / cols;
        assert!(rows * cols == b.len() && start.is_none_or(|s| s.len() == cols), "the right side has another size");
        let lanes = Arch::new().dispatch(Lanes);
        let mut data = vec![0.0; (rows + 1) * cols.div_ceil(lanes) * lanes];
        let mut rest = &mut data[..];
        let mut panels = Vec::new();
        for (columns, vectors) in split(cols, lanes) {
            let (panel, after) = rest.split_at_mut((rows + 1) * vectors * lanes);
            panels.push((columns, vectors * lanes, panel));
            rest = after;
        }
        let at_least = (WORTH_SHARING / (rows.max(1) * 2 * lanes)).max(1);
        panels.into_par_iter().with_min_len(at_least).for_each(|(columns, width, panel)| {
            let (first, body) = panel.split_at_mut(width);
            if let Some(start) = start {
                first[..columns.len()].copy_from_slice(&start[columns.clone()]);
            }
            for (to, from) in body.chunks_exact_mut(width).zip(b.chunks_exact(cols)) {
                to[..columns.len()].copy_from_slice(&from[columns.clone()]);
            }
        });
        Self { rows, cols, lanes, data }
    }

    /// Each panel's columns, vectors and values.
    fn each(&self) -> impl Iterator<Item = (Range<usize>, usize, &[f32])> {
        let mut rest = &self.data[..];
        split(self.cols, self.lanes).map(move |(columns, vectors)| {
            let (panel, after) = rest.split_at((self.rows + 1) * vectors * self.lanes);
            rest = after;
            (columns, vectors, panel)
        })
    }
}

/// Values of the widest vector.
struct Lanes;

impl WithSimd for Lanes {
    type Output = usize;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> usize {
        S::F32_LANES
    }
}

/// The columns of each panel and how many vectors it has: two, or what is left of three and of one.
fn split(cols: usize, lanes: usize) -> impl Iterator<Item = (Range<usize>, usize)> {
    let mut first = 0;
    std::iter::from_fn(move || {
        let left = (cols - first).div_ceil(lanes);
        let vectors = if left == 3 { 3 } else { left.min(2) };
        let columns = first..cols.min(first + vectors * lanes);
        first = columns.end;
        (vectors > 0).then_some((columns, vectors))
    })
}

/// Calls `strip` with each strip's first row and how many rows it has: at most `most`, all of about one height.
fn strips(rows: usize, most: usize, mut strip: impl FnMut(usize, usize)) {
    let count = rows.div_ceil(most);
    let mut first = 0;
    for i in 0..count {
        let height = (rows - first).div_ceil(count - i);
        strip(first, height);
        first += height;
    }
}

/// Runs a kernel whose panel's vectors and strip's rows are only known now.
macro_rules! dispatch {
    ($kernel:ident, $vectors:expr, $rows:expr, $fields:tt) => {
        dispatch!(@ $kernel, $vectors, $rows, $fields, (1 1)(1 2)(1 3)(1 4)(1 5)(1 6)(1 7)(1 8)(2 1)(2 2)(2 3)(2 4)(2 5)(2 6)(3 1)(3 2)(3 3))
    };
    (@ $kernel:ident, $vectors:expr, $rows:expr, $fields:tt, $(($v:literal $n:literal))*) => {
        match ($vectors, $rows) {
            $(($v, $n) => Arch::new().dispatch($kernel::<$v, $n> $fields),)*
            (vectors, rows) => unreachable!("{vectors} vectors and {rows} rows are never split off"),
        }
    };
}

/// `out = start + a * b`, where `out` has `a.rows` rows of `b`'s columns, with negative values set to 0 if `rectify` asks so.
///
/// # Panics
/// When shapes do not fit each other or a matrix reaches beyond its slice.
pub fn multiply(out: &mut [f32], a: View, b: &Panels, rectify: bool) {
    assert_eq!(a.run * a.runs, b.rows, "inner dimensions differ");
    assert!(a.rows * b.cols <= out.len(), "out is too small");
    a.assert_inside();
    let stride = b.cols;
    for (columns, vectors, panel) in b.each() {
        strips(a.rows, STRIP_ROWS[vectors - 1], |first, rows| {
            let out = &mut out[first * stride + columns.start..];
            let a = View { data: &a.data[first * a.row_stride..], ..a };
            let width = columns.len();
            dispatch!(Strip, vectors, rows, { a, panel, out, stride, width, rectify });
        });
    }
}

/// `out += (columns of a)^T * b`, where `out` has a row for each of those columns of `a`, a plain view.
///
/// # Panics
/// When shapes do not fit each other or a matrix reaches beyond its slice.
pub fn add_transposed_product(out: &mut [f32], a: View, a_columns: Range<usize>, b: &Panels) {
    assert!(a.runs == 1 && a.rows == b.rows && a_columns.end <= a.run, "the sides differ in rows, or columns are missing");
    assert!(a_columns.len() * b.cols <= out.len(), "out is too small");
    a.assert_inside();
    let stride = b.cols;
    for block in (0..a.rows).step_by(BLOCK) {
        let block = block..a.rows.min(block + BLOCK);
        for (columns, vectors, panel) in b.each() {
            let row = vectors * b.lanes;
            let panel = &panel[(1 + block.start) * row..(1 + block.end) * row];
            strips(a_columns.len(), STRIP_ROWS[vectors - 1], |first, rows| {
                let out = &mut out[first * stride + columns.start..];
                let data = &a.data[block.start * a.row_stride + a_columns.start + first..];
                let (a_stride, width) = (a.row_stride, columns.len());
                dispatch!(TransposedStrip, vectors, rows, { data, a_stride, panel, out, stride, width });
            });
        }
    }
}

/// `N` rows of a product with one panel of `V` vectors.
struct Strip<'a, const V: usize, const N: usize> {
    a: View<'a>,
    panel: &'a [f32],
    out: &'a mut [f32],
    stride: usize,
    width: usize,
    rectify: bool,
}

impl<const V: usize, const N: usize> WithSimd for Strip<'_, V, N> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { a, panel, out, stride, width, rectify } = self;
        let (panel, _) = S::as_simd_f32s(panel).0.as_chunks::<V>();
        let (start, panel) = panel.split_first().expect("a panel has a start");
        let mut sums = [*start; N];
        for (run, panel) in panel.chunks_exact(a.run).enumerate() {
            let rows: [&[f32]; N] = from_fn(|n| &a.data[n * a.row_stride + run * a.run_stride..][..a.run]);
            for k in 0..a.run {
                add(simd, &mut sums, from_fn(|n| rows[n][k]), &panel[k]);
            }
        }
        if rectify {
            let zero = simd.splat_f32s(0.0);
            sums.iter_mut().flatten().for_each(|sum| *sum = simd.max_f32s(*sum, zero));
        }
        store::<S, V, N>(out, stride, width, &sums);
    }
}

/// `N` columns of a matrix, transposed, times one panel of `V` vectors; added to what is there.
struct TransposedStrip<'a, const V: usize, const N: usize> {
    data: &'a [f32],
    a_stride: usize,
    panel: &'a [f32],
    out: &'a mut [f32],
    stride: usize,
    width: usize,
}

impl<const V: usize, const N: usize> WithSimd for TransposedStrip<'_, V, N> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { data, a_stride, panel, out, stride, width } = self;
        let (panel, _) = S::as_simd_f32s(panel).0.as_chunks::<V>();
        let mut sums: [[S::f32s; V]; N] = from_fn(|n| {
            let row = &out[n * stride..][..width];
            from_fn(|v| simd.partial_load_f32s(&row[(v * S::F32_LANES).min(width)..]))
        });
        for (k, row) in panel.iter().enumerate() {
            let column = &data[k * a_stride..][..N];
            add(simd, &mut sums, from_fn(|n| column[n]), row);
        }
        store::<S, V, N>(out, stride, width, &sums);
    }
}

#[inline(always)]
fn add<S: Simd, const V: usize, const N: usize>(simd: S, sums: &mut [[S::f32s; V]; N], column: [f32; N], row: &[S::f32s; V]) {
    for (sums, value) in sums.iter_mut().zip(column) {
        let value = simd.splat_f32s(value);
        for (sum, &weight) in sums.iter_mut().zip(row) {
            *sum = simd.mul_add_f32s(value, weight, *sum);
        }
    }
}

/// Writes the first `width` columns of each row.
#[inline(always)]
fn store<S: Simd, const V: usize, const N: usize>(out: &mut [f32], stride: usize, width: usize, sums: &[[S::f32s; V]; N]) {
    for (n, sums) in sums.iter().enumerate() {
        let row = &mut out[n * stride..][..width];
        for (v, sum) in sums.iter().enumerate() {
            let from: &[f32] = bytemuck::cast_slice(std::slice::from_ref(sum));
            let to = &mut row[v * S::F32_LANES..];
            // A whole vector is copied in one go where its length is known.
            if to.len() >= S::F32_LANES {
                to[..S::F32_LANES].copy_from_slice(from);
            } else {
                to.copy_from_slice(&from[..to.len()]);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waves(count: usize, step: f32) -> Vec<f32> {
        (0..count).map(|i| (i as f32 * step).sin()).collect()
    }

    #[test]
    fn products_of_overlapping_views_match_the_definition() {
        // Rows of two runs of 7 columns, 3 apart: neighbouring rows share four entries of each run.
        for (rows, cols) in [(1, 1), (3, 5), (7, 8), (13, 24), (11, 25), (6, 48)] {
            let (a, b, start) = (waves(3 * rows + 60, 0.7), waves(14 * cols, 1.3), waves(cols, 0.4));
            let view = View { data: &a, rows, row_stride: 3, run: 7, runs: 2, run_stride: 50 };
            let packed = Panels::pack(&b, cols, Some(&start));
            for rectify in [false, true] {
                let mut out = vec![9.0; rows * cols + 1];
                multiply(&mut out, view, &packed, rectify);
                for (row, values) in out.chunks_exact(cols).take(rows).enumerate() {
                    for (col, &value) in values.iter().enumerate() {
                        let at = |k: usize| a[row * 3 + k / 7 * 50 + k % 7];
                        let sum = start[col] + (0..14).map(|k| at(k) * b[k * cols + col]).sum::<f32>();
                        let expected = if rectify { sum.max(0.0) } else { sum };
                        assert!((value - expected).abs() < 1e-5, "{rows} rows, {cols} columns: {value} at {row}, {col}, not {expected}");
                    }
                }
                assert_eq!(out[rows * cols], 9.0, "beyond the rows nothing is written");
            }
        }
    }

    #[test]
    fn transposed_products_are_added() {
        for (depth, cols) in [(1, 3), (5, 24), (2 * BLOCK + 9, 25)] {
            let (a, b) = (waves(depth * 4 + 9, 0.7), waves(depth * cols, 1.3));
            let view = View::plain(&a, depth, 13, 4);
            let mut out = vec![1.0; 10 * cols];
            add_transposed_product(&mut out, view, 2..12, &Panels::pack(&b, cols, None));
            for (i, &value) in out.iter().enumerate() {
                let sum: f64 = (0..depth).map(|k| f64::from(a[k * 4 + 2 + i / cols]) * f64::from(b[k * cols + i % cols])).sum();
                assert!((f64::from(value) - 1.0 - sum).abs() < 1e-4, "depth {depth}, {cols} columns: {value} at {i}, not {}", 1.0 + sum);
            }
        }
    }

    #[test]
    #[should_panic(expected = "inner dimensions differ")]
    fn sides_that_do_not_fit_are_refused() {
        let data = vec![0.0; 10];
        multiply(&mut [0.0; 4], View::plain(&data, 2, 5, 5), &Panels::pack(&data[..8], 2, None), false);
    }

    #[test]
    #[should_panic(expected = "too small")]
    fn a_view_beyond_its_slice_is_refused() {
        let data = vec![0.0; 10];
        multiply(&mut [0.0; 4], View::plain(&data, 2, 5, 6), &Panels::pack(&data, 2, None), false);
    }
}
