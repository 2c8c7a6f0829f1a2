//! Light, livery and finish of the stage, as a shot wants them.

use super::{Darkroom, StillError, StillShot};
use crate::backdrop::{self, Backdrop, BackdropDome};
use crate::contact;
use crate::environment::PreparedEnvironment;
use crate::finish::{self, FinishMaterial, PaintFinish};
use crate::light::Surroundings;
use crate::paint::{PRIMER, PaintUploads};
use crate::softbox::Softbox;
use crate::stage::{SharedTextures, SunLight, backdrop_material, ground_shadow_image};
use bevy::camera::visibility::RenderLayers;
use bevy::prelude::*;
use gridvox_livery::mips;
use image::{Rgba, RgbaImage, imageops};

impl Darkroom {
    pub(super) fn lit_by(&self, shot: &StillShot) -> Result<&Surroundings, StillError> {
        let count = self.surroundings.len();
        let missing = StillError::Missing { what: "environment", index: shot.environment, count };
        self.surroundings.get(shot.environment).and_then(Option::as_ref).ok_or(missing)
    }

    pub(super) fn light(&mut self, shot: &StillShot) -> Result<(), StillError> {
        let softbox = shot.softbox.and_then(Softbox::within_limits);
        let wanted = (shot.environment, (shot.rotation_deg * 10.0).round() as i32, shot.backdrop_blur, softbox);
        if self.lit == Some(wanted) {
            return Ok(());
        }
        if self.surroundings[shot.environment].is_none() {
            let prepared = PreparedEnvironment::load(&self.scene.environments[shot.environment])?;
            let mut images = self.app.world_mut().resource_mut::<Assets<Image>>();
            self.surroundings[shot.environment] = Some(Surroundings::new(prepared, &mut images));
        }
        // a camera that is lit by pictures that are not on the graphics card yet needs shaders of its own
        self.set_active(false);
        self.app.update();
        self.set_active(true);
        let surroundings = self.lit_by(shot)?.clone();
        let turn = surroundings.rotation_rad(shot.rotation_deg);
        let shadow = contact::bake(&self.scene.car.model, &surroundings.prepared.light, turn, softbox.as_ref());
        let area = contact::shader_area(self.scene.car.model.bounds());

        let world = self.app.world_mut();
        let shared = world.resource::<SharedTextures>().clone();
        let mut images = world.resource_mut::<Assets<Image>>();
        images
            .insert(&shared.ground_shadow, ground_shadow_image(shadow.texels))
            .map_err(|error| StillError::Device(error.to_string()))?;
        let material = backdrop_material(&surroundings, shot.rotation_deg, shot.backdrop_blur, area, softbox.as_ref(), &shared);
        finish::light_all(&mut world.resource_mut::<Assets<FinishMaterial>>(), &surroundings.on_surfaces(softbox.as_ref()));
        let mut domes = world.query_filtered::<Entity, Or<(With<BackdropDome>, With<SunLight>)>>();
        let old: Vec<_> = domes.iter(world).collect();
        for entity in old {
            world.despawn(entity);
        }
        let material = world.resource_mut::<Assets<Backdrop>>().add(material);
        let sphere = world.resource_mut::<Assets<Mesh>>().add(backdrop::sphere());
        let dome = backdrop::dome(sphere, material);
        world.spawn(dome);
        if let Some(sun) = surroundings.sun(turn) {
            let bounds = self.scene.car.model.bounds();
            world.spawn((SunLight { bounds }, RenderLayers::from_layers(&[0, 1, 2]), sun));
        }
        world.entity_mut(self.camera).insert(surroundings.environment_light(turn));
        // other lights are other shaders
        self.warm = false;
        self.lit = Some(wanted);
        Ok(())
    }

    fn set_active(&mut self, active: bool) {
        if let Some(mut camera) = self.app.world_mut().get_mut::<Camera>(self.camera) {
            camera.is_active = active;
        }
    }

    pub(super) fn paint(&mut self, shot: &StillShot) -> Result<(), StillError> {
        let Some(livery) = self.scene.liveries.get(shot.livery) else { return Ok(()) };
        if self.painted == Some(shot.livery) {
            return Ok(());
        }
        let uploads = self.app.world().resource::<PaintUploads>();
        let picture = fitted(livery, uploads.size());
        uploads.send(mips::whole(&picture)).map_err(|error| StillError::Device(error.to_string()))?;
        self.painted = Some(shot.livery);
        Ok(())
    }

    pub(super) fn finish(&mut self, wanted: PaintFinish) {
        if self.finished == wanted {
            return;
        }
        finish::finish_paint(&mut self.app.world_mut().resource_mut::<Assets<FinishMaterial>>(), wanted);
        self.finished = wanted;
        // some finishes have shaders of their own
        self.warm = false;
    }
}

/// The livery at the texture's size, opaque: what is transparent shows primer.
fn fitted(livery: &RgbaImage, size: u32) -> RgbaImage {
    let mut picture = if livery.width() == size {
        livery.clone()
    } else {
        imageops::resize(livery, size, size, imageops::FilterType::Triangle)
    };
    for pixel in picture.pixels_mut() {
        if pixel.0[3] < 255 {
            let alpha = u32::from(pixel.0[3]);
            let over = |top: u8, below: u8| ((u32::from(top) * alpha + u32::from(below) * (255 - alpha) + 127) / 255) as u8;
            let [r, g, b, _] = pixel.0;
            *pixel = Rgba([over(r, PRIMER[0]), over(g, PRIMER[1]), over(b, PRIMER[2]), 255]);
        }
    }
    picture
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_transparent_livery_shows_primer() {
        let clear = RgbaImage::from_pixel(64, 64, Rgba([255, 0, 0, 0]));
        assert_eq!(fitted(&clear, 64).get_pixel(3, 3).0, PRIMER);
        let red = RgbaImage::from_pixel(64, 64, Rgba([255, 0, 0, 255]));
        assert_eq!(fitted(&red, 128).get_pixel(3, 3).0, [255, 0, 0, 255]);
    }
}
