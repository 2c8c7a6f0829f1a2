//! Large pictures are put together from tiles, so that no graphics card is too small.

use bevy::math::URect;
use gridvox_car::PhotoCamera;

/// Longest edge of what is drawn at once.
const TILE_PX: u32 = 2048;

/// Pieces of a picture that are drawn one after the other.
pub(super) fn tiles(width: u32, height: u32) -> Vec<URect> {
    let starts = |edge: u32| (0..edge).step_by(TILE_PX as usize);
    let tile = |x: u32, y: u32| URect::new(x, y, (x + TILE_PX).min(width), (y + TILE_PX).min(height));
    starts(height).flat_map(|y| starts(width).map(move |x| tile(x, y))).collect()
}

/// The camera that sees a piece of another's picture.
pub(super) fn cut(camera: &PhotoCamera, tile: URect) -> PhotoCamera {
    let principal_point = camera.principal_point - tile.min.as_vec2();
    PhotoCamera { width: tile.width(), height: tile.height(), principal_point, ..*camera }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bevy::math::Vec3;

    #[test]
    fn tiles_cover_a_picture_once_and_see_what_it_sees() {
        let camera = PhotoCamera::look_at(Vec3::new(4.0, 1.5, 6.0), Vec3::ZERO, Vec3::Y, 6000.0, 7680, 4320);
        let tiles = tiles(7680, 4320);
        assert_eq!(tiles.len(), 12);
        assert_eq!(tiles.iter().map(|tile| tile.size().element_product()).sum::<u32>(), 7680 * 4320);
        let point = Vec3::new(0.4, 0.3, 0.2);
        let whole = camera.project(point).expect("in front").truncate();
        let tile = *tiles.iter().find(|tile| tile.contains(whole.as_uvec2())).expect("one of them shows it");
        let seen = cut(&camera, tile).project(point).expect("in front").truncate();
        assert!((seen + tile.min.as_vec2() - whole).length() < 1e-2, "{seen} in {tile:?} is not {whole}");
    }
}
