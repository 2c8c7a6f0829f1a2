//! What the editor's thread works on: the document, the picture that the car shows, and where it came from.

use std::path::PathBuf;
use std::sync::Arc;

use gridvox_livery::{LiveryDocument, LiveryError, MipPatch, TiledImage, mips};
use image::RgbaImage;
use image::imageops::{self, FilterType};

use crate::OpenLivery;

/// The side of the open livery in texels; the car's paint texture has it too, because a texture that changes its size
/// would need a new material.
pub const DOCUMENT_PX: u32 = 2048;

/// The colour of a car without a livery, sRGB.
const BLANK_COLOR: [u8; 3] = {
    let [r, g, b, _] = gridvox_showroom::paint::PRIMER;
    [r, g, b]
};

const LIVERY_LAYER: &str = "Livery";

pub(crate) struct Open {
    document: LiveryDocument,
    path: Option<PathBuf>,
    unsaved: bool,
    revision: u64,
    /// The run whose pictures make up the open undo step.
    run: Option<u64>,
    map: Option<TiledImage>,
    /// What the car's paint shows since the last call of [`Self::changed_patches`]; at first the blank livery, which is
    /// what the paint's texture is made with.
    shown: TiledImage,
}

impl Open {
    pub fn blank() -> Self {
        let [r, g, b] = BLANK_COLOR;
        let mut document = LiveryDocument::new(DOCUMENT_PX, [r, g, b, 255]).expect("the document's size is a valid one");
        document.composite();
        let shown = document.image().clone();
        Self { document, path: None, unsaved: false, revision: 0, run: None, map: None, shown }
    }

    pub fn place_generated(&mut self, image: &RgbaImage, job: u64, complete: bool) -> Result<(), LiveryError> {
        let image = self.fit(image)?;
        if self.run != Some(job) {
            self.document.begin("Livery from photo");
            self.run = Some(job);
        }
        self.document.change(|stack| stack.set_layer(LIVERY_LAYER, image));
        if complete {
            self.document.commit();
            self.run = None;
        }
        self.touched();
        Ok(())
    }

    pub fn discard_generated(&mut self, job: u64) {
        if self.run == Some(job) {
            self.document.roll_back();
            self.run = None;
            self.touched();
        }
    }

    pub fn place_file(&mut self, image: &RgbaImage, path: PathBuf) -> Result<(), LiveryError> {
        let image = self.fit(image)?;
        self.edit("Open livery", |stack| stack.set_layer(LIVERY_LAYER, image));
        self.path = Some(path);
        self.unsaved = false;
        Ok(())
    }

    pub fn clear(&mut self) {
        self.edit("Clear", |stack| stack.layers.clear());
        self.path = None;
    }

    pub fn set_base_color(&mut self, [r, g, b]: [u8; 3]) {
        self.edit("Base colour", |stack| stack.base = [r, g, b, 255]);
    }

    pub fn undo(&mut self) {
        self.run = None;
        if self.document.undo().is_some() {
            self.touched();
        }
    }

    pub fn redo(&mut self) {
        self.run = None;
        if self.document.redo().is_some() {
            self.touched();
        }
    }

    pub fn show_map(&mut self, map: Option<Arc<RgbaImage>>) -> Result<(), LiveryError> {
        self.map = map.map(|map| self.fit(&map)).transpose()?;
        Ok(())
    }

    pub fn saved_to(&mut self, path: PathBuf) {
        self.path = Some(path);
        self.unsaved = false;
    }

    /// The livery as one picture, without a map that may cover it on the car.
    pub fn flattened(&mut self) -> RgbaImage {
        self.document.composite();
        self.document.image().to_rgba()
    }

    /// What has to be written into the paint's texture since the last call.
    pub fn changed_patches(&mut self) -> Vec<MipPatch> {
        self.document.composite();
        let wanted = self.map.as_ref().unwrap_or(self.document.image());
        let patches = wanted.diff(&self.shown).into_iter().flat_map(|rect| mips::patches(wanted, rect)).collect();
        self.shown = wanted.clone();
        patches
    }

    pub fn snapshot(&self) -> OpenLivery {
        let [r, g, b, _] = self.document.stack().base;
        OpenLivery {
            image: self.document.image().clone(),
            path: self.path.clone(),
            unsaved: self.unsaved,
            blank: self.document.stack().layers.is_empty(),
            undo: self.document.undo_names().next_back().map(str::to_owned),
            redo: self.document.redo_name().map(str::to_owned),
            base_color: [r, g, b],
            shows_map: self.map.is_some(),
            revision: self.revision,
        }
    }

    fn edit(&mut self, name: &str, change: impl FnOnce(&mut gridvox_livery::LayerStack)) {
        self.run = None;
        self.document.edit(name, change);
        self.touched();
    }

    fn touched(&mut self) {
        self.unsaved = !self.document.stack().layers.is_empty();
        self.revision += 1;
    }

    /// A picture of any size as a texture of the document's size, sharing the tiles that stay the same.
    fn fit(&self, image: &RgbaImage) -> Result<TiledImage, LiveryError> {
        let resized = match image.width() {
            DOCUMENT_PX => None,
            // Larger ones are halved in linear light, which is exact for powers of two.
            larger if larger > DOCUMENT_PX && larger.is_power_of_two() => {
                mips::chain(image).into_iter().find(|level| level.width() == DOCUMENT_PX)
            }
            _ => Some(imageops::resize(image, DOCUMENT_PX, DOCUMENT_PX, FilterType::Triangle)),
        };
        let layer = self.document.stack().layers.iter().rev().find(|layer| layer.name == LIVERY_LAYER);
        let image = resized.as_ref().unwrap_or(image);
        match layer {
            Some(layer) => TiledImage::from_rgba_sharing(image, &layer.image),
            None => TiledImage::from_rgba(image),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::Rgba;

    const RED: [u8; 4] = [200, 10, 10, 255];
    const BLUE: [u8; 4] = [10, 10, 200, 255];

    fn picture(side: u32, color: [u8; 4]) -> RgbaImage {
        RgbaImage::from_pixel(side, side, Rgba(color))
    }

    #[track_caller]
    fn check_shows(open: &mut Open, color: [u8; 4]) {
        open.changed_patches();
        assert_eq!(open.shown.texel(1000, 1000), Some(Rgba(color)));
    }

    #[test]
    fn pictures_of_any_size_fill_the_document() {
        for side in [512, 2048, 4096] {
            let mut open = Open::blank();
            open.place_generated(&picture(side, RED), 1, true).expect("a square picture");
            check_shows(&mut open, RED);
            assert!(open.snapshot().unsaved);
        }
    }

    #[test]
    fn the_pictures_of_one_run_are_one_step() {
        let mut open = Open::blank();
        let blank = open.snapshot().image.texel(0, 0);
        open.place_generated(&picture(512, RED), 1, false).expect("fits");
        open.place_generated(&picture(512, BLUE), 1, false).expect("fits");
        open.place_generated(&picture(2048, RED), 1, true).expect("fits");
        check_shows(&mut open, RED);
        open.undo();
        open.changed_patches();
        assert_eq!(open.snapshot().image.texel(0, 0), blank);
        assert!(open.snapshot().blank && open.snapshot().undo.is_none());
        open.redo();
        check_shows(&mut open, RED);
    }

    #[test]
    fn a_stopped_run_leaves_the_livery_as_it_was() {
        let mut open = Open::blank();
        open.place_generated(&picture(512, RED), 1, true).expect("fits");
        open.place_generated(&picture(512, BLUE), 2, false).expect("fits");
        check_shows(&mut open, BLUE);
        open.discard_generated(7);
        check_shows(&mut open, BLUE);
        open.discard_generated(2);
        check_shows(&mut open, RED);
    }

    #[test]
    fn only_changed_tiles_are_sent() {
        let mut open = Open::blank();
        assert!(open.changed_patches().is_empty(), "the paint's texture is made blank");
        let mut image = picture(2048, RED);
        open.place_generated(&image, 1, true).expect("fits");
        let all = open.changed_patches().iter().filter(|patch| patch.level == 0).count();
        assert_eq!(all, 64);
        image.put_pixel(300, 300, Rgba(BLUE));
        open.place_generated(&image, 2, true).expect("fits");
        let patches = open.changed_patches();
        let level_0: Vec<_> = patches.iter().filter(|patch| patch.level == 0).map(|p| (p.x, p.y, p.width)).collect();
        assert_eq!(level_0, [(256, 256, 256)]);
        assert!(patches.iter().any(|patch| patch.level == 11), "the smallest level follows");
        assert!(open.changed_patches().is_empty());
    }

    #[test]
    fn a_map_covers_the_car_and_not_the_file() {
        let mut open = Open::blank();
        open.place_generated(&picture(512, RED), 1, true).expect("fits");
        open.show_map(Some(Arc::new(picture(512, BLUE)))).expect("fits");
        check_shows(&mut open, BLUE);
        assert_eq!(open.flattened().get_pixel(5, 5).0, RED);
        open.show_map(None).expect("nothing to fit");
        check_shows(&mut open, RED);
    }
}
