//! Separable filters on pictures of one channel.

/// Filters each row by `across` and each column by `down`; both have an odd number of weights, the middle one for the pixel
/// itself. Beyond the border the outermost pixels repeat.
pub(super) fn separable(picture: &[f32], width: usize, across: &[f32], down: &[f32]) -> Vec<f32> {
    columns(&rows(picture, width, across), width, down)
}

/// Filters each row.
pub(super) fn rows(picture: &[f32], width: usize, weights: &[f32]) -> Vec<f32> {
    let reach = weights.len() / 2;
    let mut filtered = vec![0.0f32; picture.len()];
    let mut line = vec![0.0f32; width + 2 * reach];
    for (from, to) in picture.chunks_exact(width).zip(filtered.chunks_exact_mut(width)) {
        line[..reach].fill(from[0]);
        line[reach..reach + width].copy_from_slice(from);
        line[reach + width..].fill(from[width - 1]);
        for (offset, &weight) in weights.iter().enumerate() {
            add(to, &line[offset..offset + width], weight);
        }
    }
    filtered
}

/// Filters each column.
pub(super) fn columns(picture: &[f32], width: usize, weights: &[f32]) -> Vec<f32> {
    let (reach, height) = (weights.len() / 2, picture.len() / width);
    let mut filtered = vec![0.0f32; picture.len()];
    for (y, to) in filtered.chunks_exact_mut(width).enumerate() {
        for (offset, &weight) in weights.iter().enumerate() {
            let from = (y + offset).saturating_sub(reach).min(height - 1) * width;
            add(to, &picture[from..from + width], weight);
        }
    }
    filtered
}

fn add(to: &mut [f32], from: &[f32], weight: f32) {
    to.iter_mut().zip(from).for_each(|(to, from)| *to += weight * from);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_lie_to_the_right_side_and_borders_repeat() {
        let picture = [0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 5.0];
        assert_eq!(rows(&picture, 4, &[1.0, 10.0, 100.0]), [0.0, 100.0, 10.0, 1.0, 0.0, 0.0, 500.0, 550.0]);
        assert_eq!(columns(&picture, 4, &[1.0, 10.0, 100.0]), [0.0, 0.0, 11.0, 500.0, 0.0, 0.0, 1.0, 550.0]);
    }
}
