//! Training the correspondence network from a folder of photos that `gridvox synth` wrote.
//!
//! `metadata/00000.json` names the car and its camera in `photos/00000.png`; what the network should say of a photo
//! follows by rasterising that car. The textures in the folder are not needed. Every tenth photo is kept for validation.
//! Each time that a photo is used it is cropped, mirrored, made brighter or darker, blurred and noised anew.

use std::path::{Path, PathBuf};

use candle_core::{Device, Result, Tensor, bail};
use glam::Vec2;
use gridvox_car::raster::{Glass, Outputs};
use gridvox_car::{CarPack, PhotoCamera, RasterOptions, RasterScene};
use image::RgbImage;
use rand::{Rng, SeedableRng};
use rand_pcg::Pcg64Mcg;
use serde::Deserialize;

use super::correspond::{Correspond, loss_of, measure};
use super::plot::Curve;
use super::{Task, TrainError, TrainOptions};
use crate::net::{CropRect, Network, NetworkConfig, look};
use crate::photo;
use crate::report::CameraReport;
use crate::synth::sample::{bars, mirror, target};
use crate::synth::view::projected_box;
use crate::synth::{Sample, Subject};

/// Photos with this remainder by [`SPLIT`] are for validation.
const VALIDATION: u32 = SPLIT - 1;
const SPLIT: u32 = 10;
/// Fewer photos cannot be split.
const LEAST_PHOTOS: usize = 2;
/// Metadata are a page of text, bytes.
const LARGEST_METADATA: u64 = 1 << 20;
/// Samples per pixel along each axis, for the shares of cells that show the car.
const SUPERSAMPLE: u32 = 2;
/// Samples from one decoded photo.
const USES_PER_PHOTO: usize = 2;
/// Share of samples beside the car, which teach what is none.
const EMPTY_SHARE: f64 = 0.1;
/// Seed of the crops for validation.
const VALIDATION_SEED: u64 = 0x7a11_d001;

/// Photos of one car with their cameras.
pub struct KnownPhotos {
    scene: RasterScene,
    subject: Subject,
    training: Vec<Known>,
    validation: Vec<Known>,
}

struct Known {
    path: PathBuf,
    camera: PhotoCamera,
}

#[derive(Deserialize)]
struct Metadata {
    car: String,
    camera: CameraReport,
}

impl KnownPhotos {
    /// Reads the metadata of a folder and checks that each has its photo.
    ///
    /// # Errors
    /// Names the file that is missing, cannot be read, or shows another car.
    pub fn open(dir: &Path, car: &CarPack) -> std::result::Result<Self, TrainError> {
        let (mut training, mut validation) = (Vec::new(), Vec::new());
        for index in indices(&dir.join("metadata"))? {
            let known = Known::open(dir, index, car)?;
            if index % SPLIT == VALIDATION { validation.push(known) } else { training.push(known) }
        }
        if validation.is_empty() && training.len() >= LEAST_PHOTOS {
            validation.extend(training.pop());
        }
        if training.is_empty() || validation.is_empty() {
            let found = training.len() + validation.len();
            let reason = format!("it holds {found} photos with metadata and at least {LEAST_PHOTOS} are needed; write some with gridvox synth");
            return Err(TrainError::File { path: dir.to_owned(), reason });
        }
        Ok(Self { scene: RasterScene::new(&car.model), subject: Subject::new(&car.model), training, validation })
    }

    /// How many photos there are to train on and to validate with.
    pub fn counts(&self) -> (usize, usize) {
        (self.training.len(), self.validation.len())
    }
}

/// The numbers that have metadata, in order.
fn indices(folder: &Path) -> std::result::Result<Vec<u32>, TrainError> {
    let unreadable = |error: std::io::Error| TrainError::File {
        path: folder.to_owned(),
        reason: format!("{error}; name a folder that gridvox synth wrote"),
    };
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        let number = path.file_stem().and_then(|stem| stem.to_str()).and_then(|stem| stem.parse().ok());
        if let (Some(number), true) = (number, path.extension().is_some_and(|ending| ending == "json")) {
            found.push(number);
        }
    }
    found.sort_unstable();
    Ok(found)
}

impl Known {
    fn open(dir: &Path, index: u32, car: &CarPack) -> std::result::Result<Self, TrainError> {
        let fail = |path: &Path, reason: String| Err(TrainError::File { path: path.to_owned(), reason });
        let described = dir.join("metadata").join(format!("{index:05}.json"));
        let text = gridvox_car::files::read_limited(&described, LARGEST_METADATA);
        let metadata: Metadata = match text.map(|text| serde_json::from_slice(&text)) {
            Ok(Ok(metadata)) => metadata,
            Ok(Err(error)) => return fail(&described, format!("it does not describe a photo ({error})")),
            Err(error) => return fail(&described, error.to_string()),
        };
        if metadata.car != car.manifest.id {
            let reason = format!("its photo shows the car {}; name that one with --car in place of {}", metadata.car, car.manifest.id);
            return fail(&described, reason);
        }
        let path = dir.join("photos").join(format!("{index:05}.png"));
        let camera = metadata.camera.to_camera();
        match image::image_dimensions(&path) {
            Ok(size) if size == (camera.width, camera.height) => Ok(Self { path, camera }),
            Ok((width, height)) => {
                let reason = format!("it has {width} x {height} pixels and its metadata speak of {} x {}", camera.width, camera.height);
                fail(&path, reason)
            }
            Err(error) => fail(&path, format!("{error}; draw it again with gridvox synth")),
        }
    }

    fn read(&self) -> Result<RgbImage> {
        match photo::load(&self.path) {
            Ok(photo) => Ok(photo.rgb),
            Err(error) => bail!("{error}"),
        }
    }
}

/// The task; see the module.
pub(super) struct FromFolder<'a> {
    photos: &'a KnownPhotos,
    validation: Vec<Sample>,
    size: (usize, usize),
}

impl<'a> FromFolder<'a> {
    pub(super) fn new(photos: &'a KnownPhotos, network: &NetworkConfig, options: &TrainOptions) -> Result<Self> {
        let size = (network.width, network.height);
        let mut rng = Pcg64Mcg::seed_from_u64(VALIDATION_SEED);
        let kept = photos.validation.iter().take(options.validation);
        let validation = kept.map(|known| Ok(photos.sample(known, &known.read()?, size, &mut rng))).collect::<Result<_>>()?;
        Ok(Self { photos, validation, size })
    }
}

/// Photos in a random order.
pub(super) struct Shuffled {
    rng: Pcg64Mcg,
    current: Option<(usize, RgbImage)>,
    uses: usize,
}

impl Task for FromFolder<'_> {
    type Model = Network;
    type Sample = Sample;
    type Stream = Shuffled;
    const LOSSES: &'static [&'static str] = Correspond::LOSSES;
    const METRICS: &'static [&'static str] = Correspond::METRICS;
    const CURVES: &'static [Curve] = Correspond::CURVES;

    fn stream(&self, seed: u64) -> Shuffled {
        Shuffled { rng: Pcg64Mcg::seed_from_u64(seed), current: None, uses: 0 }
    }

    fn draw(&self, stream: &mut Shuffled, count: usize) -> Result<Vec<Sample>> {
        let mut samples = Vec::with_capacity(count);
        for _ in 0..count {
            if stream.uses % USES_PER_PHOTO == 0 {
                let index = stream.rng.random_range(0..self.photos.training.len());
                stream.current = Some((index, self.photos.training[index].read()?));
            }
            stream.uses += 1;
            if let Some((index, photo)) = &stream.current {
                samples.push(self.photos.sample(&self.photos.training[*index], photo, self.size, &mut stream.rng));
            }
        }
        Ok(samples)
    }

    fn loss(&self, network: &Network, samples: &[Sample], device: &Device) -> Result<(Tensor, Vec<f32>)> {
        loss_of(network, samples, device)
    }

    fn validate(&self, network: &Network) -> Result<Vec<f32>> {
        measure(network, &self.validation)
    }
}

impl KnownPhotos {
    /// A part of a photo as the network sees it, with what it should say.
    fn sample(&self, known: &Known, photo: &RgbImage, size: (usize, usize), rng: &mut Pcg64Mcg) -> Sample {
        let whole = (Vec2::ZERO, Vec2::new(photo.width() as f32, photo.height() as f32));
        let car = projected_box(&known.camera, self.subject.bounds())
            .map_or(whole, |(low, high)| (low.clamp(whole.0, whole.1), high.clamp(whole.0, whole.1)));
        let beside = if rng.random_bool(EMPTY_SHARE) { beside(whole.1, car, rng) } else { None };
        let (frame, crop) = match beside {
            Some(crop) => (crop, crop),
            None => framed(whole, car, rng),
        };
        let grid = Vec2::new(size.0 as f32, size.1 as f32);
        let zoom = (grid / (crop.1 - crop.0)).min_element();
        let corner = (crop.0 + crop.1) * 0.5 - grid * 0.5 / zoom;
        let rect = CropRect { x: corner.x, y: corner.y, w: grid.x / zoom, h: grid.y / zoom };
        let camera = PhotoCamera {
            focal_px: known.camera.focal_px * zoom,
            principal_point: (known.camera.principal_point - corner) * zoom,
            width: size.0 as u32,
            height: size.1 as u32,
            ..known.camera
        };
        let options = RasterOptions { outputs: Outputs::Surface, glass: Glass::Opaque, supersample: SUPERSAMPLE };
        let seen = self.scene.render(&camera, options);
        let visible: Vec<u8> = seen.part.iter().map(|&part| u8::from(part != 0)).collect();
        let mut inside = ((frame.0 - corner) * zoom, (frame.1 - corner) * zoom);
        inside = (inside.0.clamp(Vec2::ZERO, grid), inside.1.clamp(Vec2::ZERO, grid));
        let mut target = target(&self.subject, &seen, &visible, size.0 / 2, size.1 / 2, inside);
        let mut image = developed(look::resampled(photo, rect, size.0, size.1), size, rng);
        if rng.random_bool(0.5) {
            mirror(&mut image, &mut inside, &mut target);
        }
        bars(&mut image, inside);
        Sample { image, photo: inside, target }
    }
}

type Corners = (Vec2, Vec2);

/// The photo's frame, which cuts the car in three of ten, and the part of it that the network sees.
fn framed(whole: Corners, car: Corners, rng: &mut Pcg64Mcg) -> (Corners, Corners) {
    let size = car.1 - car.0;
    let mut frame = whole;
    if rng.random_bool(0.3) {
        let cut: f32 = rng.random_range(0.05..0.38);
        match rng.random_range(0..6) {
            0 | 1 => frame.0.x = car.0.x + cut * size.x,
            2 | 3 => frame.1.x = car.1.x - cut * size.x,
            4 => frame.0.y = car.0.y + cut * size.y,
            _ => frame.1.y = car.1.y - cut * size.y,
        }
    }
    if rng.random_bool(0.25) {
        return (frame, frame);
    }
    let seen = (car.0.max(frame.0), car.1.min(frame.1));
    let mut margin = || (seen.1 - seen.0) * Vec2::new(rng.random_range(-0.02..0.2), rng.random_range(-0.02..0.25));
    (frame, (seen.0 - margin(), seen.1 + margin()))
}

/// A part of the photo left, right, above or below of the car's box, where there is room for one.
fn beside(photo: Vec2, car: Corners, rng: &mut Pcg64Mcg) -> Option<Corners> {
    /// Narrower strips show nothing, as a share of the photo.
    const LEAST_ROOM: f32 = 0.06;
    let rooms = [car.0.x, photo.x - car.1.x, car.0.y, photo.y - car.1.y];
    let sides: Vec<usize> = (0..4).filter(|&side| rooms[side] > LEAST_ROOM * photo[side / 2]).collect();
    let &side = sides.get(rng.random_range(0..sides.len().max(1)))?;
    let (axis, room) = (side / 2, rooms[side]);
    let mut size = Vec2::splat(room * rng.random_range(0.6..1.0));
    size[1 - axis] = (size[axis] * rng.random_range(0.6..2.0)).min(photo[1 - axis]);
    let mut low = (photo - size) * Vec2::new(rng.random(), rng.random());
    low[axis] = if side % 2 == 0 { 0.0 } else { photo[axis] - room } + (room - size[axis]) * rng.random::<f32>();
    Some((low, low + size))
}

/// Another exposure, contrast, sharpness and noise: pixels of 0..255 to a picture.
fn developed(pixels: Vec<f32>, size: (usize, usize), rng: &mut Pcg64Mcg) -> RgbImage {
    let (gain, contrast): (f32, f32) = (rng.random_range(0.7..1.3), rng.random_range(0.75..1.25));
    let noise: f32 = if rng.random_bool(0.5) { rng.random_range(1.0..9.0) } else { 0.0 };
    let blur = rng.random_bool(0.3).then(|| rng.random_range(0.3f32..1.1));
    let toned = pixels.iter().map(|v| (v * gain - 128.0) * contrast + 128.0);
    let level = |v: f32| (v + 0.5).clamp(0.0, 255.0) as u8;
    let mut image = RgbImage::from_raw(size.0 as u32, size.1 as u32, toned.map(level).collect())
        .expect("the pixels were resampled to this size");
    if let Some(sigma) = blur {
        image = image::imageops::blur(&image, sigma);
    }
    if noise > 0.0 {
        for value in image.iter_mut() {
            // The sum of three uniform numbers is close to a normal one of variance 1/4.
            let normal = (0..3).map(|_| rng.random::<f32>()).sum::<f32>() - 1.5;
            *value = level(f32::from(*value) + 2.0 * noise * normal);
        }
    }
    image
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Cancel;
    use crate::synth::photo::{Look, render};
    use crate::synth::view::orbit;
    use crate::net::CorrespondenceNet;
    use crate::train::correspondence_from;
    use candle_core::Device;
    use gridvox_car::testing::box_pack;

    fn write(dir: &Path, index: u32) {
        let car = box_pack();
        let azimuth = 37.0 * index as f32;
        let camera = orbit(car.model.bounds(), azimuth, 8.0, 60.0, 0.7, 240, 160);
        let livery = image::RgbaImage::from_pixel(4, 4, image::Rgba([200, 40, 30, 255]));
        for part in ["photos", "metadata"] {
            std::fs::create_dir_all(dir.join(part)).expect("a scratch folder");
        }
        let picture = render(&car.model, &livery, &camera, Look::Studio, 1);
        picture.save(dir.join(format!("photos/{index:05}.png"))).expect("saves");
        let metadata = serde_json::json!({ "car": car.manifest.id, "seed": index, "camera": CameraReport::from(&camera) });
        std::fs::write(dir.join(format!("metadata/{index:05}.json")), metadata.to_string()).expect("saves");
    }

    fn folder(count: u32) -> tempfile::TempDir {
        let dir = tempfile::tempdir().expect("a scratch folder");
        (0..count).for_each(|index| write(dir.path(), index));
        dir
    }

    #[test]
    fn a_network_learns_from_a_folder() {
        let dir = folder(12);
        let photos = KnownPhotos::open(dir.path(), &box_pack()).expect("a folder of photos");
        assert_eq!(photos.counts(), (11, 1));
        let out = tempfile::tempdir().expect("a scratch folder");
        let options = TrainOptions {
            minutes: 5.0,
            steps: Some(30),
            batch: 4,
            lanes: 2,
            validation: 4,
            ..TrainOptions::correspondence(out.path().to_owned())
        };
        let mut losses = Vec::new();
        let mut run = |options: &TrainOptions| {
            correspondence_from(&photos, &NetworkConfig::tiny(), options, &Cancel::new(), &mut |p| losses.push(p.loss.sum()))
        };
        let first = run(&TrainOptions { steps: Some(1), ..options.clone() }).expect("it trains");
        let again = run(&TrainOptions { steps: Some(1), ..options.clone() }).expect("it trains");
        assert_eq!(first, again, "one seed is one training");
        run(&options).expect("it trains");
        assert!(losses[2] < 0.9 * losses[0], "{losses:?}");
        assert!(CorrespondenceNet::load(out.path(), &Device::Cpu).is_ok() && out.path().join("loss.png").exists());
    }

    #[test]
    fn targets_lie_where_the_photo_shows_the_car() {
        let dir = folder(2);
        let photos = KnownPhotos::open(dir.path(), &box_pack()).expect("a folder of photos");
        let known = &photos.training[0];
        let (picture, mut rng) = (known.read().expect("it is there"), Pcg64Mcg::seed_from_u64(4));
        let (mut empty, mut red_on_car, mut on_car) = (0, 0, 0);
        for _ in 0..60 {
            let sample = photos.sample(known, &picture, (64, 32), &mut rng);
            empty += usize::from(!sample.target.car);
            for cell in (0..sample.target.mask.len()).filter(|&i| sample.target.mask[i] == 1.0) {
                let (x, y) = (cell % 32 * 2, cell / 32 * 2);
                let [r, g, b] = sample.image.get_pixel(x as u32, y as u32).0;
                on_car += 1;
                red_on_car += usize::from(i32::from(r) > i32::from(g) + 25 && i32::from(r) > i32::from(b) + 25);
            }
        }
        assert!((1..25).contains(&empty), "{empty} of 60 without a car");
        assert!(red_on_car * 2 > on_car, "{red_on_car} of {on_car} cells of a red car are red");
    }

    #[test]
    fn what_is_missing_or_wrong_is_named() {
        let refusal = |dir: &Path| match KnownPhotos::open(dir, &box_pack()) {
            Ok(_) => panic!("it was accepted"),
            Err(error) => error.to_string(),
        };
        let dir = folder(3);
        assert!(refusal(&dir.path().join("nowhere")).contains("gridvox synth"));
        assert!(refusal(folder(1).path()).contains("holds 1 photos"));
        let metadata = dir.path().join("metadata/00001.json");
        let text = std::fs::read_to_string(&metadata).expect("just written");
        for (wrong, words) in [
            ("{".to_owned(), "00001.json"),
            (text.replace("\"car\":\"", "\"car\":\"other_"), "name that one with --car"),
            (text.replace("\"width\":240", "\"width\":300"), "240 x 160"),
        ] {
            std::fs::write(&metadata, wrong).expect("writable");
            let said = refusal(dir.path());
            assert!(said.contains(words) && !said.contains('\n'), "{said}");
        }
        std::fs::write(&metadata, text).expect("writable");
        std::fs::remove_file(dir.path().join("photos/00001.png")).expect("just written");
        assert!(refusal(dir.path()).contains("00001.png"));
    }
}
