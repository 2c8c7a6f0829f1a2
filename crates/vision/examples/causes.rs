//! What keeps a set of photos from the measures' gates: with true cameras, one ingredient of the livery after another is
//! replaced by the truth, and each measure is taken again.
//!
//! `cargo run --release --example causes -- SET_DIR [SIZE]`
//!
//! The set is a folder as `gridvox eval --set` writes it. All numbers are means over its photos.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use glam::Vec2;
use gridvox_car::atlas::NONE;
use gridvox_car::bvh::Bvh;
use gridvox_car::raster::Outputs;
use gridvox_car::{AtlasMaps, CarPack, PhotoCamera, RasterOptions, RasterScene};
use gridvox_vision::bake::{self, Baked};
use gridvox_vision::color::{self, LinearRgb, delta_e};
use gridvox_vision::complete::{Guide, MIRRORED_FROM, SEEN_FROM, complete};
use gridvox_vision::delight::{self, Palette, Sample, cluster};
use gridvox_vision::evaluate::{Estimate, Evaluator, Looks, Truth};
use gridvox_vision::net::{AtlasNetwork, weights};
use gridvox_vision::report::CameraReport;
use gridvox_vision::synth::livery::classes;
use gridvox_vision::{Cancel, GenerateOptions, Vision, generate, photo};
use image::{Rgb, RgbImage, Rgba, RgbaImage, imageops};

/// Texels count as in the evaluation: seen at a cosine above this, hidden by what lies nearer by this much.
const LEAST_COSINE: f32 = 0.2;
const BIAS_M: f32 = 0.004;
/// Sides differ where the truth's two do by more than this CIEDE2000.
const DIFFERENT: f32 = 10.0;

#[derive(Clone, Copy, PartialEq)]
enum Region {
    Bare,
    Visible,
    Mirrored,
    Unseen,
}

struct Bench<'a> {
    car: &'a CarPack,
    maps: &'a AtlasMaps,
    evaluator: &'a Evaluator<'a>,
    looks: Looks,
    scene: RasterScene,
    bvh: Bvh,
    guide: Option<Guide<'a>>,
    vision: Vision,
}

/// A name, similarity, and the three aligned colour errors.
type Row = (String, [f32; 4]);

#[expect(clippy::print_stdout, reason = "an example talks to its terminal")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let set = PathBuf::from(args.next().ok_or("which set?")?);
    let size: u32 = args.next().map_or(Ok(1024), |s| s.parse())?;
    let models = gridvox_car::bundled::models_dir();
    let car = CarPack::find("gt3_rear")?;
    let maps = AtlasMaps::compute(&car.model, size);
    let evaluator = Evaluator::new(&car.model, &maps);
    let atlas: Option<AtlasNetwork> = weights::load_if_listed(&models, &candle_core::Device::Cpu)?;
    let classes = classes(&car.model);
    let bounds = car.model.bounds();
    let bench = Bench {
        car: &car,
        maps: &maps,
        evaluator: &evaluator,
        looks: Looks::new(&car.model),
        scene: RasterScene::new(&car.model),
        bvh: Bvh::of_car(&car.model),
        guide: atlas.as_ref().map(|network| Guide { network, classes: &classes, bounds }),
        vision: Vision::for_known_cameras(&models)?,
    };
    let mut all: Vec<(Vec<Row>, Vec<(String, f32)>)> = Vec::new();
    for name in names(&set)? {
        let (rows, mirror) = bench.photo(&set, &name)?;
        let brief: Vec<String> = rows.iter().map(|(_, v)| format!("{:.3} {:.1} {:.1} {:.1}", v[0], v[1], v[2], v[3])).collect();
        println!("{name} {}", brief.join(" | "));
        let brief: Vec<String> = mirror.iter().map(|(_, v)| format!("{v:.2}")).collect();
        println!("{name} mirror {}", brief.join(" "));
        all.push((rows, mirror));
    }
    println!("\n{:60}  SSIM  visible mirrored unseen (aligned, means)", "");
    let mean = |values: Vec<f32>| values.iter().sum::<f32>() / values.len().max(1) as f32;
    for (i, (name, _)) in all[0].0.iter().enumerate() {
        let v: [f32; 4] = std::array::from_fn(|k| mean(all.iter().map(|(rows, _)| rows[i].1[k]).filter(|v| v.is_finite()).collect()));
        println!("{name:60} {:.3} {:8.2} {:8.2} {:6.2}", v[0], v[1], v[2], v[3]);
    }
    println!();
    for (i, (name, _)) in all[0].1.iter().enumerate() {
        println!("{name:60} {:.3}", mean(all.iter().map(|(_, m)| m[i].1).filter(|v| v.is_finite()).collect()));
    }
    Ok(())
}

impl Bench<'_> {
    #[expect(clippy::type_complexity, reason = "two tables of one photo")]
    fn photo(&self, set: &Path, name: &str) -> Result<(Vec<Row>, Vec<(String, f32)>), Box<dyn std::error::Error>> {
        let metadata: serde_json::Value = serde_json::from_slice(&std::fs::read(set.join(format!("metadata/{name}.json")))?)?;
        let camera = serde_json::from_value::<CameraReport>(metadata["camera"].clone())?.to_camera();
        let photo = photo::load(&set.join(format!("photos/{name}.jpg")))?;
        let truth_image = image::open(set.join(format!("liveries/{name}.png")))?.to_rgba8();
        let size = self.maps.size;
        let small = imageops::resize(&truth_image, size, size, imageops::FilterType::Triangle);
        let truth = linear(&small);
        let options = GenerateOptions { size: Some(size), cameras: vec![Some(camera)], previews: false, ..GenerateOptions::default() };
        let made = generate(&self.vision, self.car, std::slice::from_ref(&photo), &options, &Cancel::new(), &mut |_| {})?;
        let found = linear(&made.livery);
        let confidence: Vec<u8> = made.confidence.pixels().map(|p| p.0[0]).collect();
        let is_seen = |i: usize| confidence[i] >= SEEN_FROM;
        let is_mirrored = |i: usize| (MIRRORED_FROM..SEEN_FROM).contains(&confidence[i]);
        let is_invented = |i: usize| (1..MIRRORED_FROM).contains(&confidence[i]);

        let mut rows: Vec<Row> = Vec::new();
        let mut add = |name: &str, colors: &[LinearRgb]| {
            let livery = picture(colors, size);
            let score = self.evaluator.score(Truth { camera: &camera, livery: &truth_image }, Ok(Estimate { camera: &camera, livery: Some(&livery) }));
            let c = score.color.unwrap_or_default();
            let ssim = self.looks.compare(&truth_image, &livery).ssim;
            let or_nan = |v: Option<f32>| v.unwrap_or(f32::NAN);
            rows.push((name.into(), [ssim, or_nan(c.visible_aligned), or_nan(c.mirrored_aligned), or_nan(c.unseen_aligned)]));
        };
        let with = |of: &dyn Fn(usize) -> Option<LinearRgb>| -> Vec<LinearRgb> { (0..found.len()).map(|i| of(i).unwrap_or(found[i])).collect() };
        add("as it is (true camera)", &found);
        let regions = self.regions(&camera);
        let gain = gain(&found, &truth, &regions, self.maps);
        let gained: Vec<LinearRgb> = found.iter().map(|c| std::array::from_fn(|k| (c[k] * gain[k]).clamp(0.0, 1.0))).collect();
        add("after the best gain", &gained);
        add("what is called seen is true", &with(&|i| is_seen(i).then_some(truth[i])));
        add("what is called mirrored is true", &with(&|i| is_mirrored(i).then_some(truth[i])));
        add("what is invented is true", &with(&|i| is_invented(i).then_some(truth[i])));
        add("seen and mirrored are true", &with(&|i| (is_seen(i) || is_mirrored(i)).then_some(truth[i])));
        add("seen and invented are true", &with(&|i| (is_seen(i) || is_invented(i)).then_some(truth[i])));

        // Inks of the truth: the found colour of each, on the true outlines, and true colours on the found texture.
        let painted: Vec<usize> = (0..found.len()).filter(|&i| self.maps.part[i] != 0).collect();
        let samples: Vec<Sample> = painted.iter().step_by(29).map(|&i| Sample::new(truth[i], 1.0, 1.0)).collect();
        let palette = cluster(&samples, 1.0, 6.0).palette;
        let labs = palette.labs();
        let ink: Vec<u8> = (0..found.len()).map(|i| if self.maps.part[i] == 0 { u8::MAX } else { labs.nearest(truth[i]) as u8 }).collect();
        let middle = |of_region: &dyn Fn(usize) -> bool| -> Vec<Option<LinearRgb>> {
            (0..palette.inks.len() as u8).map(|k| median((0..found.len()).filter(|&i| ink[i] == k && of_region(i)).map(|i| found[i]).collect())).collect()
        };
        let seen_ink = middle(&is_seen);
        let scaled = |i: usize| {
            let m = seen_ink[usize::from(ink[i])]?;
            let due = palette.inks[usize::from(ink[i])].color;
            Some(std::array::from_fn(|k| (found[i][k] * (due[k] / m[k].max(0.003)).clamp(0.2, 5.0)).min(1.0)))
        };
        add("seen: each ink's colour is true, texture as found", &with(&|i| is_seen(i).then(|| scaled(i)).flatten()));
        add("seen: outlines are true and flat, ink colours as found", &with(&|i| is_seen(i).then(|| seen_ink[usize::from(ink[i])]).flatten()));
        // Only what is fine is true, or only what is coarse.
        let (smooth_found, smooth_truth) = (self.smoothed(&found, 6), self.smoothed(&truth, 6));
        let swapped = |of: LinearRgb, by: LinearRgb, to: LinearRgb| -> LinearRgb {
            std::array::from_fn(|k| (of[k] + to[k] - by[k]).clamp(0.0, 1.0))
        };
        add("seen: coarse colours are true (13 texels), detail as found", &with(&|i| is_seen(i).then(|| swapped(found[i], smooth_found[i], smooth_truth[i]))));
        add("seen: detail is true, coarse colours as found", &with(&|i| is_seen(i).then(|| swapped(truth[i], smooth_truth[i], smooth_found[i]))));

        // The photo without light, at its own resolution.
        let flat = self.flat_photo(&camera, &truth_image);
        let view = bake::View { photo: &flat, camera: &camera, occluders: None, uncertainty_px: 0.5 };
        let baked = bake::bake(&view, &self.car.model, &self.scene, self.maps);
        let finish = |baked: &Baked| -> Result<Vec<LinearRgb>, Box<dyn std::error::Error>> {
            let palette = delight::palette_of(baked, self.maps);
            let done = complete(baked.color.clone(), &baked.weight, self.maps, &palette, self.guide.as_ref(), self.vision.readers())?;
            Ok(done.color)
        };
        let lit_off = finish(&baked)?;
        add("a photo without light, of its resolution", &lit_off);
        let mut exact = baked.clone();
        (0..truth.len()).filter(|&i| exact.weight[i] > 0.0).for_each(|i| exact.color[i] = truth[i]);
        let completed = finish(&exact)?;
        add("the baked texels have their true colours", &completed);
        let mut outlined = baked.clone();
        for i in (0..truth.len()).filter(|&i| outlined.weight[i] > 0.0 && ink[i] != u8::MAX) {
            outlined.color[i] = seen_ink[usize::from(ink[i])].unwrap_or(truth[i]);
        }
        add("the baked texels have their true inks, in the colours found", &finish(&outlined)?);
        let mut recoloured = baked.clone();
        (0..truth.len()).filter(|&i| baked.weight[i] > 0.0).for_each(|i| recoloured.color[i] = found[i]);
        let inks = delight::palette_of(&recoloured, self.maps);
        let labs = inks.labs();
        let nearest: Vec<usize> = found.iter().map(|&c| labs.nearest(c)).collect();
        let due: Vec<Option<LinearRgb>> = (0..inks.inks.len())
            .map(|k| median((0..truth.len()).filter(|&i| baked.weight[i] > 0.0 && nearest[i] == k).map(|i| truth[i]).collect()))
            .collect();
        (0..truth.len()).filter(|&i| baked.weight[i] > 0.0).for_each(|i| recoloured.color[i] = due[nearest[i]].unwrap_or(found[i]));
        add("the baked texels have the inks found, in their true colours", &finish(&recoloured)?);
        let mut mirrored_ok = completed.clone();
        (0..truth.len()).filter(|&i| is_mirrored(i)).for_each(|i| mirrored_ok[i] = truth[i]);
        add("the same, what is called mirrored true as well", &mirrored_ok);
        add("the same, what is invented in the seen ink that suits each panel best", &self.best_inks(&mirrored_ok, &truth, &delight::palette_of(&exact, self.maps), &is_invented));
        let no_mirror = AtlasMaps { mirror: vec![NONE; self.maps.mirror.len()], ..self.maps.clone() };
        let palette = delight::palette_of(&exact, self.maps);
        let done = complete(exact.color.clone(), &exact.weight, &no_mirror, &palette, self.guide.as_ref(), self.vision.readers())?;
        add("baked texels true, nothing mirrored but all invented", &done.color);
        let seen_colors: Vec<LinearRgb> = found.clone();
        let weight: Vec<f32> = confidence.iter().map(|&c| if c >= SEEN_FROM { f32::from(c - SEEN_FROM + 1) / 56.0 } else { 0.0 }).collect();
        let of_found = Baked { color: seen_colors, weight };
        let palette = delight::palette_of(&of_found, self.maps);
        let done = complete(of_found.color.clone(), &of_found.weight, &no_mirror, &palette, self.guide.as_ref(), self.vision.readers())?;
        add("as it is, nothing mirrored but all invented", &done.color);

        let mirror = self.mirror_table(&gained, &truth, &regions, &confidence);
        Ok((rows, mirror))
    }

    /// Each panel's `open` texels in the one ink that suits them best: more than anybody can know who does not see them.
    fn best_inks(&self, colors: &[LinearRgb], truth: &[LinearRgb], inks: &Palette, open: &dyn Fn(usize) -> bool) -> Vec<LinearRgb> {
        let mut costs: BTreeMap<u16, Vec<f32>> = BTreeMap::new();
        for i in (0..truth.len()).filter(|&i| self.maps.part[i] != 0 && open(i)).step_by(11) {
            let costs = costs.entry(self.maps.part[i]).or_insert_with(|| vec![0.0; inks.inks.len()]);
            costs.iter_mut().zip(&inks.inks).for_each(|(cost, ink)| *cost += delta_e(ink.color, truth[i]));
        }
        let best = |costs: &Vec<f32>| (0..costs.len()).min_by(|&a, &b| costs[a].total_cmp(&costs[b]));
        let ink = |i: usize| costs.get(&self.maps.part[i]).and_then(best).map(|k| inks.inks[k].color);
        (0..truth.len()).map(|i| if self.maps.part[i] != 0 && open(i) { ink(i) } else { None }.unwrap_or(colors[i])).collect()
    }

    /// What the mirrored region's error is made of.
    fn mirror_table(&self, found: &[LinearRgb], truth: &[LinearRgb], regions: &[Region], confidence: &[u8]) -> Vec<(String, f32)> {
        let at = |i: usize| self.maps.mirror[i] as usize;
        let inner: Vec<usize> = (0..found.len()).filter(|&i| regions[i] == Region::Mirrored).step_by(7).collect();
        let area = |i: usize| self.maps.texel_m[i].powi(2);
        let mean = |of: &dyn Fn(usize) -> bool, value: &dyn Fn(usize) -> f32| {
            let (s, a) = inner.iter().filter(|&&i| of(i)).fold((0.0, 0.0), |(s, a), &i| (s + area(i) * value(i), a + area(i)));
            s / a
        };
        let differs = |i: usize| delta_e(truth[i], truth[at(i)]) > DIFFERENT;
        let error = |i: usize| delta_e(found[i], truth[i]);
        let share = |of: &dyn Fn(usize) -> bool| mean(&|_| true, &|i| f32::from(u8::from(of(i))));
        let seen = |i: usize| confidence[i] >= SEEN_FROM;
        let mirrored = |i: usize| (MIRRORED_FROM..SEEN_FROM).contains(&confidence[i]);
        let invented = |i: usize| confidence[i] < MIRRORED_FROM;
        let source_seen = |i: usize| confidence[at(i)] >= SEEN_FROM;
        let mut rows: Vec<(String, f32)> = Vec::new();
        let mut add = |name: &str, value: f32| rows.push((name.into(), value));
        add("mirrored region: error", mean(&|_| true, &error));
        add("the truth's two sides differ by (a perfect mirror's error)", mean(&|_| true, &|i| delta_e(truth[i], truth[at(i)])));
        add("share where the truth's sides differ", share(&differs));
        add("error where they differ", mean(&differs, &error));
        add("error where they are alike", mean(&|i| !differs(i), &error));
        add("source's own error where alike", mean(&|i| !differs(i), &|i| delta_e(found[at(i)], truth[at(i)])));
        add("source's own error where alike and called seen", mean(&|i| !differs(i) && source_seen(i), &|i| delta_e(found[at(i)], truth[at(i)])));
        add("source's own error where alike and not called seen", mean(&|i| !differs(i) && !source_seen(i), &|i| delta_e(found[at(i)], truth[at(i)])));
        add("moved: found differs from its source where alike", mean(&|i| !differs(i), &|i| delta_e(found[i], found[at(i)])));
        for (name, class) in [("seen", &seen as &dyn Fn(usize) -> bool), ("mirrored", &mirrored), ("invented", &invented)] {
            add(&format!("share called {name}"), share(class));
            add(&format!("error of what is called {name}"), mean(class, &error));
            add(&format!("error of what is called {name}, sides alike"), mean(&|i| class(i) && !differs(i), &error));
        }
        rows
    }

    fn regions(&self, camera: &PhotoCamera) -> Vec<Region> {
        let seen: Vec<bool> = (0..self.maps.part.len()).map(|i| self.maps.part[i] != 0 && self.sees(camera, i)).collect();
        (0..seen.len())
            .map(|i| match (self.maps.part[i], seen[i], self.maps.mirror[i]) {
                (0, ..) => Region::Bare,
                (_, true, _) => Region::Visible,
                (_, _, m) if (m as usize) < seen.len() && seen[m as usize] => Region::Mirrored,
                _ => Region::Unseen,
            })
            .collect()
    }

    fn sees(&self, camera: &PhotoCamera, texel: usize) -> bool {
        let (point, normal) = (self.maps.position[texel], self.maps.normal[texel]);
        let to_eye = camera.eye() - point;
        let distance = to_eye.length();
        let inside = camera.project(point).is_some_and(|p| p.x >= 0.0 && p.y >= 0.0 && p.x < camera.width as f32 && p.y < camera.height as f32);
        if normal.dot(to_eye) <= LEAST_COSINE * distance || !inside {
            return false;
        }
        let direction = to_eye / distance;
        !self.bvh.any_hit(point + direction * BIAS_M, direction, distance - 2.0 * BIAS_M)
    }

    /// The livery on the car as the camera sees it, without light.
    fn flat_photo(&self, camera: &PhotoCamera, livery: &RgbaImage) -> RgbImage {
        const SAMPLES: u32 = 3;
        let options = RasterOptions { outputs: Outputs::Surface, supersample: SAMPLES, ..RasterOptions::default() };
        let drawn = self.scene.render(camera, options);
        RgbImage::from_fn(camera.width, camera.height, |x, y| {
            let mut sum = [0.0f32; 3];
            for i in 0..SAMPLES * SAMPLES {
                let at = ((y * SAMPLES + i / SAMPLES) * drawn.width + x * SAMPLES + i % SAMPLES) as usize;
                let c = match drawn.part[at] {
                    part if part > 0 && self.car.model.is_paint(usize::from(part) - 1) => sampled(livery, drawn.uv[at]),
                    _ => [0.05; 3],
                };
                sum = std::array::from_fn(|k| sum[k] + c[k]);
            }
            Rgb(color::encode_rgb(sum.map(|s| s / (SAMPLES * SAMPLES) as f32)))
        })
    }

    /// Mean over a square of texels of the same part.
    fn smoothed(&self, colors: &[LinearRgb], reach: usize) -> Vec<LinearRgb> {
        let size = self.maps.size as usize;
        let pass = |from: &[LinearRgb], step: usize| -> Vec<LinearRgb> {
            (0..from.len())
                .map(|i| {
                    let part = self.maps.part[i];
                    let along = if step == 1 { i % size } else { i / size };
                    let (mut sum, mut count) = ([0.0f32; 3], 0.0f32);
                    for d in -(reach as isize)..=reach as isize {
                        let to = along as isize + d;
                        if to < 0 || to >= size as isize {
                            continue;
                        }
                        let j = (i as isize + d * step as isize) as usize;
                        if self.maps.part[j] == part {
                            sum = std::array::from_fn(|k| sum[k] + from[j][k]);
                            count += 1.0;
                        }
                    }
                    sum.map(|s| s / count.max(1.0))
                })
                .collect()
        };
        pass(&pass(colors, 1), size)
    }
}

fn names(set: &Path) -> std::io::Result<Vec<String>> {
    let files = std::fs::read_dir(set.join("metadata"))?.collect::<Result<Vec<_>, _>>()?;
    let mut names: Vec<String> = files.iter().filter_map(|f| Some(f.path().file_stem()?.to_string_lossy().into_owned())).collect();
    names.sort();
    Ok(names)
}

fn linear(picture: &RgbaImage) -> Vec<LinearRgb> {
    picture.pixels().map(|p| color::decode_rgb([p.0[0], p.0[1], p.0[2]])).collect()
}

fn picture(colors: &[LinearRgb], size: u32) -> RgbaImage {
    RgbaImage::from_fn(size, size, |x, y| {
        let [r, g, b] = color::encode_rgb(colors[(y * size + x) as usize]);
        Rgba([r, g, b, 255])
    })
}

/// Between texels, in linear light.
fn sampled(livery: &RgbaImage, uv: Vec2) -> LinearRgb {
    let size = livery.width() as f32;
    let at = (uv * size - 0.5).clamp(Vec2::ZERO, Vec2::splat(size - 1.001));
    let (low, t) = (at.floor(), at - at.floor());
    let texel = |dx: u32, dy: u32| {
        let p = livery.get_pixel((low.x as u32 + dx).min(livery.width() - 1), (low.y as u32 + dy).min(livery.width() - 1)).0;
        color::decode_rgb([p[0], p[1], p[2]])
    };
    let (a, b, c, d) = (texel(0, 0), texel(1, 0), texel(0, 1), texel(1, 1));
    std::array::from_fn(|k| (a[k] * (1.0 - t.x) + b[k] * t.x) * (1.0 - t.y) + (c[k] * (1.0 - t.x) + d[k] * t.x) * t.y)
}

fn median(colors: Vec<LinearRgb>) -> Option<LinearRgb> {
    (colors.len() > 20).then(|| {
        std::array::from_fn(|k| {
            let mut values: Vec<f32> = colors.iter().map(|c| c[k]).collect();
            let middle = values.len() / 2;
            *values.select_nth_unstable_by(middle, f32::total_cmp).1
        })
    })
}

/// The linear gain that takes what is visible closest to the truth.
fn gain(found: &[LinearRgb], truth: &[LinearRgb], regions: &[Region], maps: &AtlasMaps) -> LinearRgb {
    std::array::from_fn(|k| {
        let (mut cross, mut square) = (0.0f64, 1e-9f64);
        for i in (0..found.len()).filter(|&i| regions[i] == Region::Visible) {
            let area = f64::from(maps.texel_m[i].powi(2));
            cross += area * f64::from(found[i][k] * truth[i][k]);
            square += area * f64::from(found[i][k] * found[i][k]);
        }
        (cross / square).clamp(0.25, 4.0) as f32
    })
}
