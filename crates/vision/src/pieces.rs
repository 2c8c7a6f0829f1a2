//! Pieces of a grid: cells that hang together.

/// Each piece as its cells, in the order in which a walk from its first one meets them. A walk goes from a cell to those `around` it
/// that `joins` takes with it; a cell that it does not take with itself is of no piece.
pub(crate) fn pieces<I: Iterator<Item = usize>>(
    cells: usize,
    around: impl Fn(usize) -> I,
    joins: impl Fn(usize, usize) -> bool,
) -> impl Iterator<Item = Vec<u32>> {
    let mut taken = vec![false; cells];
    (0..cells).filter_map(move |start| {
        if taken[start] || !joins(start, start) {
            return None;
        }
        taken[start] = true;
        let (mut piece, mut next) = (vec![start as u32], 0);
        while let Some(&cell) = piece.get(next) {
            next += 1;
            for other in around(cell as usize) {
                if !taken[other] && joins(cell as usize, other) {
                    taken[other] = true;
                    piece.push(other as u32);
                }
            }
        }
        Some(piece)
    })
}

/// Up to four cells beside one, on a grid of `count` with `across` in a row.
pub(crate) fn four_around(cell: usize, across: usize, count: usize) -> impl Iterator<Item = usize> {
    let x = cell % across;
    let near = [(x > 0).then(|| cell - 1), (x + 1 < across).then_some(cell + 1), cell.checked_sub(across), Some(cell + across)];
    near.into_iter().flatten().filter(move |&n| n < count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_do_not_run_on_into_each_other_and_every_cell_is_of_one_piece() {
        let kinds = *b"a.bba\
                       aab.b\
                       ..b..";
        let found: Vec<Vec<u32>> =
            pieces(15, |cell| four_around(cell, 5, 15), |from, to| kinds[from] == kinds[to] && kinds[to] != b'.').collect();
        assert_eq!(found, [vec![0, 5, 6], vec![2, 3, 7, 12], vec![4], vec![9]]);
    }
}
