//! Spreads colours beyond the edges of UV islands, so that neither filtering nor mip levels bring in the background.

/// Texels around islands that take the colour of the nearest island texel, at a livery of 2048.
pub const MARGIN_TEXELS_AT_2048: usize = 32;

/// Fills texels with `known == false` from their nearest known texel, ring by ring, for at most `rings` rings; only
/// texels that `allowed` accepts are filled from only those that `joins(from, to)` accepts.
pub fn spread<T: Copy>(
    values: &mut [T],
    known: &mut [bool],
    size: usize,
    rings: usize,
    mut joins: impl FnMut(usize, usize) -> bool,
) {
    // The frontier are known texels with an unknown neighbour.
    let mut frontier: Vec<u32> = (0..values.len())
        .filter(|&i| known[i] && neighbours(i, size).iter().flatten().any(|&n| !known[n as usize]))
        .map(|i| i as u32)
        .collect();
    for ring in 0..rings {
        let mut next = Vec::new();
        // Every second ring reaches diagonals, too: the octagon is nearly a circle.
        let reach = if ring % 2 == 0 { 4 } else { 8 };
        for &from in &frontier {
            for &to in neighbours(from as usize, size)[..reach].iter().flatten() {
                let (from, to) = (from as usize, to as usize);
                if !known[to] && joins(from, to) {
                    known[to] = true;
                    values[to] = values[from];
                    next.push(to as u32);
                }
            }
        }
        if next.is_empty() && reach == 8 {
            break;
        }
        // Texels whose diagonal neighbours are still open stay in front.
        if reach == 4 {
            next.extend(frontier.iter().filter(|&&f| neighbours(f as usize, size)[4..].iter().flatten().any(|&n| !known[n as usize])));
        }
        frontier = next;
    }
}

/// As [`spread`], on a grid that need not be square and without a say in who joins.
pub fn spread_wide<T: Copy>(values: &mut [T], known: &mut [bool], across: usize, rings: usize) {
    for _ in 0..rings {
        let reached: Vec<(usize, usize)> = (0..values.len())
            .filter(|&i| !known[i])
            .filter_map(|i| {
                let (left, right) = ((i % across > 0).then(|| i - 1), (i % across + 1 < across).then_some(i + 1));
                let near = [left, right, i.checked_sub(across), Some(i + across)];
                near.into_iter().flatten().find(|&n| n < known.len() && known[n]).map(|n| (i, n))
            })
            .collect();
        if reached.is_empty() {
            break;
        }
        for (to, from) in reached {
            (values[to], known[to]) = (values[from], true);
        }
    }
}

/// Left, right, up, down, then the diagonals.
pub fn neighbours(i: usize, size: usize) -> [Option<u32>; 8] {
    let (x, y) = ((i % size) as isize, (i / size) as isize);
    [(-1, 0), (1, 0), (0, -1), (0, 1), (-1, -1), (1, -1), (-1, 1), (1, 1)].map(|(dx, dy)| {
        let (x, y) = (x + dx, y + dy);
        (x >= 0 && y >= 0 && x < size as isize && y < size as isize).then(|| (y as usize * size + x as usize) as u32)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_spread_so_many_rings_and_no_further() {
        let size = 41;
        let mut values = vec![0u8; size * size];
        let mut known = vec![false; size * size];
        let center = 20 * size + 20;
        (values[center], known[center]) = (7, true);
        spread(&mut values, &mut known, size, 8, |_, _| true);
        assert_eq!((values[center + 8], values[center + 9]), (7, 0));
        assert_eq!(values[center + 8 * size], 7);
        assert!(known.iter().filter(|&&k| k).count() > 150);
    }
}
