//! Where several views lie: a grid whose cells show a car as large as can be.

use bevy_egui::egui::{Rect, pos2, vec2};

/// Width over height of a picture that a car fills well.
const CAR_ASPECT: f32 = 1.5;
/// Space between two views, in points.
pub const GUTTER: f32 = 2.0;

/// The cells of so many views in reading order: all of one size on whole points, a gutter apart, none left over.
pub fn cells(area: Rect, count: usize) -> Vec<Rect> {
    let count = count.max(1);
    let size = |columns: usize| {
        let each = |length: f32, number: usize| ((length - GUTTER * (number - 1) as f32) / number as f32).floor().max(1.0);
        vec2(each(area.width(), columns), each(area.height(), count / columns))
    };
    // a car of this width fits
    let fits = |columns: usize| {
        let cell = size(columns);
        cell.x.min(cell.y * CAR_ASPECT)
    };
    let columns = (1..=count)
        .filter(|columns| count.is_multiple_of(*columns))
        .max_by(|a, b| fits(*a).total_cmp(&fits(*b)))
        .unwrap_or(count);
    let cell = size(columns);
    let rows = count / columns;
    (0..count)
        .map(|index| {
            let (column, row) = (index % columns, index / columns);
            let min = pos2(
                area.left() + (cell.x + GUTTER) * column as f32,
                area.top() + (cell.y + GUTTER) * row as f32,
            );
            // the last ones take what rounding left
            let right = if column + 1 == columns { area.right() } else { min.x + cell.x };
            let bottom = if row + 1 == rows { area.bottom() } else { min.y + cell.y };
            Rect::from_min_max(min, pos2(right, bottom))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn area(width: f32, height: f32) -> Rect {
        Rect::from_min_size(pos2(320.0, 44.0), vec2(width, height))
    }

    #[test]
    fn cells_fill_the_area_without_overlap() {
        for (width, height) in [(972.0, 956.0), (652.0, 676.0), (1600.0, 956.0), (301.0, 900.0)] {
            for count in [1, 2, 4, 8] {
                let area = area(width, height);
                let cells = cells(area, count);
                assert_eq!(cells.len(), count);
                for (index, cell) in cells.iter().enumerate() {
                    assert!(area.contains_rect(*cell) && cell.is_positive(), "{cell:?} in {area:?}");
                    assert!(cells[..index].iter().all(|other| !other.intersects(*cell)), "{count} in {area:?}");
                    let odd = (cell.width() - cells[0].width()).abs().max((cell.height() - cells[0].height()).abs());
                    assert!(odd < count as f32, "{odd}");
                }
                let covered: f32 = cells.iter().map(|cell| cell.area()).sum();
                assert!(covered > area.area() * 0.97, "{count}: {covered}");
                assert_eq!(cells.last().map(|cell| cell.max), Some(area.max));
            }
        }
    }

    #[test]
    fn cars_are_shown_as_large_as_can_be() {
        let columns = |area: Rect, count| {
            let cells = cells(area, count);
            cells.iter().filter(|cell| cell.top() == cells[0].top()).count()
        };
        assert_eq!(columns(area(972.0, 956.0), 8), 2, "beside the panels");
        assert_eq!(columns(area(1600.0, 956.0), 8), 4, "without the panels");
        assert_eq!(columns(area(972.0, 956.0), 4), 2);
        assert_eq!(columns(area(1600.0, 956.0), 2), 2, "side by side");
        assert_eq!(columns(area(652.0, 676.0), 2), 1, "one above the other");
    }
}
