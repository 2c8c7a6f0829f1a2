//! Spreads colours beyond the edges of UV islands, so that neither filtering nor mip levels bring in the background.

/// Texels around islands that take the colour of the nearest island texel, at a livery of 2048.
pub const MARGIN_TEXELS_AT_2048: usize = 32;

use rayon::prelude::*;

/// Makes texels with `known == false` known from their nearest known texel, ring by ring, for at most `rings` rings, from those
/// that `joins(from, to)` accepts. Returns (texel, the one it is filled from) in an order in which they can be filled.
pub fn spread(
    known: &mut [bool],
    size: usize,
    rings: usize,
    mut joins: impl FnMut(usize, usize) -> bool,
) -> Vec<(u32, u32)> {
    // The frontier are known texels with an unknown neighbour.
    let there = &*known;
    let mut frontier: Vec<u32> = (0..there.len())
        .into_par_iter()
        .filter(|&i| there[i] && has_unknown_neighbour(i, there, size))
        .map(|i| i as u32)
        .collect();
    let mut filled = Vec::new();
    for ring in 0..rings {
        let mut next = Vec::new();
        // Every second ring reaches diagonals, too: the octagon is nearly a circle.
        let reach = if ring % 2 == 0 { 4 } else { 8 };
        for &from in &frontier {
            for &to in neighbours(from as usize, size)[..reach].iter().flatten() {
                let (from, to) = (from as usize, to as usize);
                if !known[to] && joins(from, to) {
                    known[to] = true;
                    filled.push((to as u32, from as u32));
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
    filled
}

fn has_unknown_neighbour(i: usize, known: &[bool], size: usize) -> bool {
    let inner = i % size > 0 && i % size + 1 < size && i >= size && i + size < known.len();
    if inner {
        return [i - size - 1, i - 1, i + size - 1].into_iter().any(|from| !(known[from] && known[from + 1] && known[from + 2]));
    }
    neighbours(i, size).iter().flatten().any(|&n| !known[n as usize])
}

/// As [`spread`], on a grid that need not be square and without a say in who joins.
pub fn spread_wide<T: Copy>(values: &mut [T], known: &mut [bool], across: usize, rings: usize) {
    let source = |i: usize, known: &[bool]| {
        let (left, right) = ((i % across > 0).then(|| i - 1), (i % across + 1 < across).then_some(i + 1));
        let near = [left, right, i.checked_sub(across), Some(i + across)];
        near.into_iter().flatten().find(|&n| n < known.len() && known[n])
    };
    let mut open: Vec<usize> = Vec::new();
    for ring in 0..rings {
        let before = &*known;
        let reached = |i: usize| if before[i] { None } else { source(i, before).map(|n| (i, n)) };
        // After the first ring only what touches the last one can be reached.
        let reached: Vec<(usize, usize)> = if ring == 0 {
            (0..before.len()).into_par_iter().filter_map(reached).collect()
        } else {
            open.iter().copied().filter_map(reached).collect()
        };
        if reached.is_empty() {
            break;
        }
        open.clear();
        for &(to, from) in &reached {
            values[to] = values[from];
        }
        for (to, _) in reached {
            known[to] = true;
            let beside = [to.wrapping_sub(1), to + 1, to.wrapping_sub(across), to + across];
            open.extend(beside.into_iter().filter(|&n| n < known.len()));
        }
        open.sort_unstable();
        open.dedup();
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
        for (to, from) in spread(&mut known, size, 8, |_, _| true) {
            values[to as usize] = values[from as usize];
        }
        assert_eq!((values[center + 8], values[center + 9]), (7, 0));
        assert_eq!(values[center + 8 * size], 7);
        assert!(known.iter().filter(|&&k| k).count() > 150);
    }

    #[test]
    fn unknown_neighbours_are_found_inside_and_at_the_border() {
        let size = 9usize;
        for unknown in 0..size * size {
            let known: Vec<bool> = (0..size * size).map(|i| i != unknown).collect();
            for i in 0..size * size {
                let (dx, dy) = ((i % size).abs_diff(unknown % size), (i / size).abs_diff(unknown / size));
                // The middle of what is looked at is known.
                if i != unknown {
                    assert_eq!(has_unknown_neighbour(i, &known, size), dx.max(dy) == 1, "{i} beside {unknown}");
                }
            }
        }
    }
}
