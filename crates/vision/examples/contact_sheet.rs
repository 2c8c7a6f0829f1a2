//! Pictures of what training sees, and of what a network makes of it, to judge by eye:
//! `cargo run --release -p gridvox_vision --example contact_sheet -- CAR OUT.png [MODELS]`
//!
//! Each sample shows the picture, the part classes and the coordinates as colours; with a models folder, the network's
//! answer stands below.

use candle_core::Device;
use gridvox_car::CarPack;
use gridvox_vision::net::{Correspondence, CorrespondenceNet, CropRect, NetworkConfig};
use gridvox_vision::synth::{Family, HELD_OUT, Sample, SampleStream, Subject};
use image::{Rgb, RgbImage, imageops};

const COLUMNS: u32 = 2;
const ROWS: u32 = 6;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [car, out, rest @ ..] = args.as_slice() else { return Err("say CAR OUT.png [MODELS]".into()) };
    let pack = CarPack::find(car)?;
    let net = rest.first().map(|dir| CorrespondenceNet::load(dir.as_ref(), &Device::Cpu)).transpose()?;
    let config = NetworkConfig::standard();
    let (w, h) = (config.width as u32, config.height as u32);
    let families = if net.is_some() { vec![HELD_OUT] } else { Family::TRAINING.to_vec() };
    let mut stream = SampleStream::new(4242, config.width, config.height, &families);
    let subjects = [Subject::new(&pack.model)];
    let lines = if net.is_some() { 2 } else { 1 };
    let mut sheet = RgbImage::new(COLUMNS * 3 * w, ROWS * lines * h);
    for i in 0..COLUMNS * ROWS {
        let sample = stream.next(&subjects);
        let (x, y) = (i % COLUMNS * 3 * w, i / COLUMNS * lines * h);
        let mut put = |image: &RgbImage, column: u32, line: u32| {
            let scaled = imageops::resize(image, w, h, imageops::FilterType::Nearest);
            imageops::replace(&mut sheet, &scaled, i64::from(x + column * w), i64::from(y + line * h));
        };
        put(&sample.image, 0, 0);
        let (part, coords) = pictures(&truth(&sample));
        put(&part, 1, 0);
        put(&coords, 2, 0);
        if let Some(net) = &net {
            let seen = net.look(&sample.image, CropRect { x: 0.0, y: 0.0, w: w as f32, h: h as f32 })?;
            let (part, coords) = pictures(&seen);
            let sigma = RgbImage::from_fn(seen.width as u32, seen.height as u32, |x, y| {
                let i = seen.index(x as usize, y as usize);
                Rgb([(seen.sigma[i] * 1500.0).min(255.0) as u8, (seen.mask[i] * 255.0) as u8, 0])
            });
            put(&sigma, 0, 1);
            put(&part, 1, 1);
            put(&coords, 2, 1);
        }
    }
    sheet.save(out)?;
    Ok(())
}

fn truth(sample: &Sample) -> Correspondence {
    let t = &sample.target;
    Correspondence {
        width: t.width,
        height: t.height,
        crop: CropRect { x: 0.0, y: 0.0, w: 1.0, h: 1.0 },
        car_probability: 1.0,
        mask: t.mask.clone(),
        part: t.part.clone(),
        part_prob: vec![1.0; t.mask.len()],
        coords: t.coords.clone(),
        sigma: vec![0.0; t.mask.len()],
    }
}

fn pictures(seen: &Correspondence) -> (RgbImage, RgbImage) {
    let (w, h) = (seen.width as u32, seen.height as u32);
    let draw = |colour: &dyn Fn(usize) -> [u8; 3]| {
        RgbImage::from_fn(w, h, |x, y| {
            let i = seen.index(x as usize, y as usize);
            Rgb(if seen.mask[i] > 0.5 { colour(i) } else { [0; 3] })
        })
    };
    let part = draw(&|i| {
        let hue = u32::from(seen.part[i]) * 97 + 40;
        [(hue * 7 % 200 + 55) as u8, (hue * 13 % 200 + 55) as u8, (hue * 29 % 200 + 55) as u8]
    });
    let coords = draw(&|i| (seen.coords[i] * 127.0 + 128.0).to_array().map(|v| v.clamp(0.0, 255.0) as u8));
    (part, coords)
}
