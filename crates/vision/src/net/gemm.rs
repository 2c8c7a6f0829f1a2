//! Matrix products over strided views of slices, on one thread.
//!
//! candle's own matmul takes whole tensors; the convolution needs overlapping views of one buffer (a pixel's row of the
//! im2col matrix shares its memory with the next pixel's), which only the `gemm` crate underneath offers.

/// A read-only matrix inside a slice. Rows may overlap.
#[derive(Clone, Copy)]
pub struct MatRef<'a> {
    /// Memory that all entries lie in.
    pub data: &'a [f32],
    /// Number of rows.
    pub rows: usize,
    /// Number of columns.
    pub cols: usize,
    /// Distance between rows.
    pub row_stride: usize,
    /// Distance between columns.
    pub col_stride: usize,
}

impl<'a> MatRef<'a> {
    /// A row-major matrix whose rows lie `row_stride` apart.
    pub fn rows(data: &'a [f32], rows: usize, cols: usize, row_stride: usize) -> Self {
        Self { data, rows, cols, row_stride, col_stride: 1 }
    }

    /// The same memory read as the transposed matrix.
    pub fn transposed(self) -> Self {
        Self {
            rows: self.cols,
            cols: self.rows,
            row_stride: self.col_stride,
            col_stride: self.row_stride,
            ..self
        }
    }

    fn last(&self) -> usize {
        (self.rows - 1) * self.row_stride + (self.cols - 1) * self.col_stride
    }
}

/// `out += a * b`, where `out` is row-major, `a.rows x b.cols`, with rows `out_stride` apart.
///
/// # Panics
/// When shapes do not fit each other or a matrix reaches beyond its slice.
#[expect(unsafe_code, reason = "the gemm crate takes pointers; every bound is asserted here first")]
pub fn multiply_add(out: &mut [f32], out_stride: usize, a: MatRef, b: MatRef) {
    let (m, n, k) = (a.rows, b.cols, a.cols);
    assert_eq!(k, b.rows, "inner dimensions differ");
    if m == 0 || n == 0 || k == 0 {
        return;
    }
    assert!(out_stride >= n && (m - 1) * out_stride + n <= out.len(), "out is too small");
    assert!(a.last() < a.data.len() && b.last() < b.data.len(), "an operand is too small");
    // SAFETY: all entries of the three matrices lie inside their slices by the assertions above; rows of `out` do not
    // overlap because `out_stride >= n`; `out` is borrowed mutably, so it aliases neither operand.
    unsafe {
        gemm::gemm(
            m,
            n,
            k,
            out.as_mut_ptr(),
            1,
            out_stride as isize,
            true,
            a.data.as_ptr(),
            a.col_stride as isize,
            a.row_stride as isize,
            b.data.as_ptr(),
            b.col_stride as isize,
            b.row_stride as isize,
            1.0f32,
            1.0f32,
            false,
            false,
            false,
            gemm::Parallelism::None,
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_of_overlapping_views_match_the_definition() {
        let a: Vec<f32> = (0..40).map(|i| (i as f32 * 0.7).sin()).collect();
        let b: Vec<f32> = (0..35).map(|i| (i as f32 * 1.3).cos()).collect();
        // 6 rows of 7 columns, 3 apart: neighbouring rows share four entries.
        let view = MatRef::rows(&a, 6, 7, 3);
        let weights = MatRef::rows(&b, 7, 5, 5);
        let mut out = vec![1.0; 6 * 8];
        multiply_add(&mut out, 8, view, weights);
        for row in 0..6 {
            for col in 0..5 {
                let expected = 1.0 + (0..7).map(|i| a[row * 3 + i] * b[i * 5 + col]).sum::<f32>();
                assert!((out[row * 8 + col] - expected).abs() < 1e-5);
            }
            assert_eq!(out[row * 8 + 5], 1.0, "beyond the columns nothing is written");
        }
    }

    #[test]
    #[should_panic(expected = "too small")]
    fn a_view_beyond_its_slice_is_refused() {
        let data = vec![0.0; 10];
        multiply_add(&mut [0.0; 4], 2, MatRef::rows(&data, 2, 6, 5), MatRef::rows(&data, 6, 2, 1));
    }
}
