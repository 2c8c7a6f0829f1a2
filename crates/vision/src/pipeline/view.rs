//! One photo on its way: from pixels to a solved camera.

use glam::{Vec2, Vec3};
use gridvox_car::raster::Outputs;
use gridvox_car::{AtlasMaps, CarPack, GBuffer, MaterialKind, PhotoCamera, RasterOptions};
use rand::{Rng, SeedableRng};
use rand_pcg::Pcg64Mcg;

use crate::analyze::{self, Analysis};
use crate::bake::{self, Occluders, PixelRect};
use crate::color;
use crate::delight::DarkReference;
use crate::net::Correspondence;
use crate::net::albedo::{CONTEXT, Point};
use crate::photo::Photo;
use crate::pose::{PointPair, PoseFailure, PoseHints, PoseSolution};
use crate::synth::LEAST_COS;
use crate::vision::KeptCar;

use super::GenerateError;

/// The drawn car that masks, light and scores are judged by has about this many pixels along the photo's long side.
const DRAWN_PX: u32 = 800;
/// Fewer tyre pixels than this say nothing.
const MIN_TYRE_PX: usize = 150;
/// Cameras set by hand are about this good, in photo pixels.
const HAND_UNCERTAINTY_PX: f32 = 0.5;

/// A photo with its solved camera.
pub struct SolvedView<'a> {
    /// The photo.
    pub photo: &'a Photo,
    /// Its camera.
    pub camera: PhotoCamera,
    /// What the network saw; `None` where the camera was given or the network did not recognise the car.
    pub net: Option<Correspondence>,
    /// What the solver says about its solution; `None` where the camera was given.
    pub pose: Option<PoseSolution>,
    /// The car as the camera sees it.
    pub drawn: GBuffer,
    /// Photo pixels per drawn pixel.
    pub drawn_step: f32,
    /// What stands before the car.
    pub occluders: Option<Occluders>,
    /// How far off the camera may be, in photo pixels.
    pub uncertainty_px: f32,
}

/// The sentence for a pose that was not found.
pub fn pose_error(failure: PoseFailure, photo: &Photo) -> GenerateError {
    GenerateError::Pose { reason: failure.to_string(), name: photo.source_name.clone() }
}

/// What the photo's file and the points set by hand say about its camera.
pub fn hints(photo: &Photo, pairs: &[PointPair]) -> PoseHints {
    PoseHints { exif_focal_35mm: photo.exif_focal_35mm, point_pairs: pairs.to_vec(), seed: 1 }
}

/// How open the place at texture coordinates is, 0..1.
fn occlusion(maps: &AtlasMaps, uv: Vec2) -> f32 {
    let size = maps.size as f32;
    let at = (uv * size).floor().clamp(Vec2::ZERO, Vec2::splat(size - 1.0));
    let texel = at.y as usize * maps.size as usize + at.x as usize;
    if maps.part[texel] == 0 { 1.0 } else { maps.occlusion[texel] }
}

impl<'a> SolvedView<'a> {
    /// Draws the car from the camera and looks for what hides it.
    pub fn new(
        photo: &'a Photo,
        camera: PhotoCamera,
        net: Option<Correspondence>,
        pose: Option<PoseSolution>,
        car: &KeptCar,
    ) -> Self {
        let (width, height) = photo.rgb.dimensions();
        let scale = (DRAWN_PX as f32 / width.max(height) as f32).min(1.0);
        let window = bake::window(&camera, PixelRect { x: 0, y: 0, width, height }, scale);
        let options = RasterOptions { outputs: Outputs::Surface, ..RasterOptions::default() };
        let drawn = car.scene().render(&window, options);
        let occluders = net.as_ref().map(|net| Occluders::find(net, &drawn, 1.0 / scale));
        let reference = width.max(height) as f32 / 1600.0;
        let uncertainty_px = match pose.as_ref().map(|pose| pose.edge_residual_px) {
            Some(Some(residual)) => (residual * reference).clamp(0.3, 6.0),
            Some(None) => 3.0 * reference,
            None => HAND_UNCERTAINTY_PX,
        };
        Self { photo, camera, net, pose, drawn, drawn_step: 1.0 / scale, occluders, uncertainty_px }
    }

    /// As the bake wants it.
    pub fn to_bake(&self) -> bake::View<'_> {
        bake::View {
            photo: &self.photo.rgb,
            camera: &self.camera,
            occluders: self.occluders.as_ref(),
            uncertainty_px: self.uncertainty_px,
        }
    }

    /// How bright the tyres are.
    pub fn tyres(&self, car: &CarPack) -> Option<DarkReference> {
        let rubber = |part: u16| {
            part != 0 && car.model.materials[car.model.parts[usize::from(part) - 1].material].kind == MaterialKind::Rubber
        };
        let mut values: Vec<f32> = (0..self.drawn.part.len())
            .filter(|&i| rubber(self.drawn.part[i]))
            .filter_map(|i| self.photo_color(i).map(color::luminance))
            .collect();
        if values.len() < MIN_TYRE_PX {
            return None;
        }
        let middle = values.len() / 2;
        let luminance = *values.select_nth_unstable_by(middle, f32::total_cmp).1;
        Some(DarkReference { luminance })
    }

    /// Points on and around the car, for judging the light by: `looks` times as many of each kind as training shows, those
    /// of one kind side by side.
    pub fn light_points(&self, car: &CarPack, maps: &AtlasMaps, looks: usize) -> Vec<Point> {
        let (eye, bounds) = (self.camera.eye(), car.model.bounds());
        let camera = self.camera.scaled_to(self.drawn.width, self.drawn.height);
        let (mut paint, mut other, mut surroundings) = (Vec::new(), Vec::new(), Vec::new());
        for i in 0..self.drawn.part.len() {
            match self.kind(i, car) {
                None => surroundings.push(i),
                Some(MaterialKind::Paint) => {
                    let to_eye = (eye - self.drawn.position[i]).normalize_or(Vec3::Y);
                    if self.drawn.normal[i].dot(to_eye) > LEAST_COS && self.is_clear(i) {
                        paint.push(i);
                    }
                }
                Some(_) if self.is_clear(i) => other.push(i),
                Some(_) => {}
            }
        }
        if paint.is_empty() {
            return Vec::new();
        }
        let mut rng = Pcg64Mcg::seed_from_u64(1);
        let mut points = Vec::with_capacity(looks * CONTEXT.total());
        for (list, count) in [(&paint, CONTEXT.paint), (&other, CONTEXT.other), (&surroundings, CONTEXT.surroundings)] {
            let list = if list.is_empty() { &paint } else { list };
            for _ in 0..looks * count {
                let i = list[rng.random_range(0..list.len())];
                let point = match self.kind(i, car) {
                    Some(kind) => {
                        let (position, normal) = (self.drawn.position[i], self.drawn.normal[i]);
                        let place = (position - (bounds.0 + bounds.1) * 0.5) / ((bounds.1 - bounds.0) * 0.5);
                        let occlusion = if kind == MaterialKind::Paint { occlusion(maps, self.drawn.uv[i]) } else { 1.0 };
                        Point::on_car(kind, position, normal, place, eye, occlusion)
                    }
                    None => {
                        let (x, y) = (i % self.drawn.width as usize, i / self.drawn.width as usize);
                        Point::surroundings(camera.ray(Vec2::new(x as f32 + 0.5, y as f32 + 0.5)))
                    }
                };
                points.extend(self.photo_color(i).map(|rgb| Point { rgb, ..point }));
            }
        }
        points
    }

    /// What a drawn pixel's surface is made of; `None` beside the car.
    fn kind(&self, drawn: usize, car: &CarPack) -> Option<MaterialKind> {
        let part = self.drawn.part[drawn];
        (part != 0).then(|| car.model.materials[car.model.parts[usize::from(part) - 1].material].kind)
    }

    /// Whether nothing stands before a drawn pixel.
    pub fn is_clear(&self, drawn: usize) -> bool {
        let width = self.drawn.width as usize;
        let px = Vec2::new((drawn % width) as f32 + 0.5, (drawn / width) as f32 + 0.5);
        self.occluders.as_ref().is_none_or(|o| o.clear_at(px * self.drawn_step) > 0.0)
    }

    /// Mean colour of the photo under a drawn pixel, in linear light.
    pub fn photo_color(&self, drawn: usize) -> Option<color::LinearRgb> {
        let (x, y) = (drawn % self.drawn.width as usize, drawn / self.drawn.width as usize);
        let low = |v: usize| (v as f32 * self.drawn_step) as u32;
        let (width, height) = self.photo.rgb.dimensions();
        let (x1, y1) = (low(x + 1).max(low(x) + 1).min(width), low(y + 1).max(low(y) + 1).min(height));
        let mut sum = [0.0f32; 3];
        let mut count = 0.0;
        for py in low(y)..y1 {
            for px in low(x)..x1 {
                let c = color::decode_rgb(self.photo.rgb.get_pixel(px, py).0);
                sum = std::array::from_fn(|k| sum[k] + c[k]);
                count += 1.0;
            }
        }
        (count > 0.0).then(|| sum.map(|c| c / count))
    }

    /// Brings what the solved camera knows into the analysis.
    pub fn refine_analysis(&self, analysis: &mut Analysis) {
        analysis.set_camera(&self.camera);
        if let Some(occluders) = &self.occluders {
            analysis.measures.occlusion = occluders.share;
        }
        analysis.judge();
    }

    /// The analysis of a photo whose camera was given: the drawn car takes the network's place.
    pub fn analysis_without_network(&self) -> Analysis {
        let net = Correspondence {
            width: self.drawn.width as usize,
            height: self.drawn.height as usize,
            crop: crate::net::CropRect {
                x: 0.0,
                y: 0.0,
                w: self.photo.rgb.width() as f32,
                h: self.photo.rgb.height() as f32,
            },
            car_probability: 1.0,
            mask: self.drawn.part.iter().map(|&p| f32::from(u8::from(p != 0))).collect(),
            part: vec![0; self.drawn.part.len()],
            part_prob: vec![0.0; self.drawn.part.len()],
            coords: vec![glam::Vec3::ZERO; self.drawn.part.len()],
            sigma: vec![1.0; self.drawn.part.len()],
        };
        let mut analysis = analyze::from_correspondence(self.photo, &net);
        if analysis.has_car {
            self.refine_analysis(&mut analysis);
        }
        analysis
    }
}
