//! The command line, as clap reads it.

use std::path::PathBuf;

use gridvox_car::bundled;
use gridvox_car::import::Nose;
use gridvox_showroom::{Inspection, PaintFinish, Softbox, aperture, picture};
use clap::{Args, Parser, Subcommand, ValueEnum};

/// A livery studio for sim racing: from a photo of a race car to its texture, on your own machine.
#[derive(Debug, Parser)]
#[command(version, about, max_term_width = 110)]
pub struct Cli {
    /// What to do; the studio opens when nothing is named.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// Say more about what happens, on standard error.
    #[arg(long, short, global = true)]
    pub verbose: bool,
}

/// What the program does.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Open the studio window.
    Studio(StudioArgs),
    /// Turn photos of a real car into a livery texture.
    Generate(GenerateArgs),
    /// Say what a photo shows and how well it will do.
    Analyze(AnalyzeArgs),
    /// Render a car into a picture.
    Render(RenderArgs),
    /// Write a package for a simulator.
    Export(ExportArgs),
    /// List, describe or export cars.
    #[command(subcommand)]
    Car(CarCommand),
    /// Run the whole chain on the bundled sample photo.
    Demo(DemoArgs),
    /// Invent photos of a car with the truth about them, to train on or to measure with.
    Synth(SynthArgs),
    /// Train one of the networks.
    Train(TrainArgs),
    /// Measure photo-to-livery on rendered photos whose truth is known.
    Eval(EvalArgs),
}

/// Options of `gridvox studio`.
#[derive(Debug, Args, Default)]
pub struct StudioArgs {
    /// Bundled car's id, or the folder of a car pack.
    #[arg(long, value_name = "ID|DIR")]
    pub car: Option<String>,
    /// Photo to start with; may be repeated.
    #[arg(long, value_name = "FILE")]
    pub photo: Vec<PathBuf>,
    /// Livery to open, as a square picture.
    #[arg(long, value_name = "FILE")]
    pub project: Option<PathBuf>,
    /// Environment's id, or a .hdr or .exr file.
    #[arg(long, value_name = "ID|FILE")]
    pub env: Option<String>,
    /// Save a picture of the whole window once everything is shown, then quit.
    #[arg(long, value_name = "FILE")]
    pub screenshot: Option<PathBuf>,
    /// Say what the time until the first picture goes into, then quit.
    #[arg(long, hide = true)]
    pub startup_report: bool,
}

/// How long the computer may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Quality {
    /// 512 px, within a few seconds.
    Draft,
    /// 2048 px.
    High,
}

/// Options of `gridvox generate`.
#[derive(Debug, Args)]
pub struct GenerateArgs {
    /// Bundled car's id, or the folder of a car pack.
    #[arg(long, value_name = "ID|DIR")]
    pub car: String,
    /// Photo of the real car; may be repeated for more sides.
    #[arg(long, value_name = "FILE", required = true)]
    pub photo: Vec<PathBuf>,
    /// Points marked on the photo and on the car, as a JSON file: [{"photo_px": [812, 455], "uv": [0.31, 0.62]}, ...], or
    /// "car_point": [x, y, z] in metres in place of "uv". The first file belongs to the first photo, and so on. One to
    /// three points steer the camera, four or more find it where the car is not recognised.
    #[arg(long, value_name = "FILE")]
    pub points: Vec<PathBuf>,
    /// Draft for a quick look, high for the race.
    #[arg(long, value_enum, default_value = "high")]
    pub quality: Quality,
    /// Edge of the square texture; 512, 1024, 2048 or 4096.
    #[arg(long, value_name = "PX")]
    pub size: Option<u32>,
    /// Saturation of the result, 0.5 to 1.5.
    #[arg(long, default_value_t = 1.0)]
    pub color_boost: f32,
    /// Where the livery goes.
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    /// Where the map of seen, mirrored and invented texels goes.
    #[arg(long, value_name = "FILE")]
    pub confidence: Option<PathBuf>,
    /// Where camera, coverage, scores and timings go.
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,
    /// Say what the time went into, on standard error.
    #[arg(long)]
    pub profile: bool,
}

/// Options of `gridvox analyze`.
#[derive(Debug, Args)]
pub struct AnalyzeArgs {
    /// The photo.
    #[arg(long, value_name = "FILE")]
    pub photo: PathBuf,
    /// Bundled car's id, or the folder of a car pack.
    #[arg(long, value_name = "ID|DIR")]
    pub car: Option<String>,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

/// Options of `gridvox render`.
#[derive(Debug, Args)]
pub struct RenderArgs {
    /// Bundled car's id, or the folder of a car pack.
    #[arg(long, value_name = "ID|DIR")]
    pub car: String,
    /// Livery, as a square picture; the plain car without it.
    #[arg(long, value_name = "FILE")]
    pub livery: Option<PathBuf>,
    /// Paint finish: gloss, satin, matte, metallic, pearl, candy, chrome, carbon or wrap.
    #[arg(long, value_name = "NAME", default_value_t)]
    pub finish: PaintFinish,
    /// False colours in place of paint: finish, checker, parts, wireframe or density.
    #[arg(long, value_name = "NAME", default_value_t)]
    pub inspect: Inspection,
    /// Spec map as for iRacing, a square picture that finishes the paint by texel: red metal, green roughness, blue missing
    /// clear coat.
    #[arg(long, value_name = "FILE")]
    pub spec: Option<PathBuf>,
    /// Environment's id, or a .hdr or .exr file.
    #[arg(long, value_name = "ID|FILE")]
    pub env: Option<String>,
    /// Softbox beside the car, such as azimuth=60,height=2.2,distance=3.4,size=2.4x0.9,strength=6,colour=ffe8d0; metres and
    /// degrees as for the view, strength 1 is a white wall, and what is left out is as here.
    #[arg(long, value_name = "FIELDS")]
    pub softbox: Option<Softbox>,
    /// Named view such as front_left.
    #[arg(long, value_name = "NAME", conflicts_with_all = ["azimuth", "elevation", "sheet"])]
    pub view: Option<String>,
    /// Degrees around the car: 0 front, 90 its left side, 180 rear, 270 its right side.
    #[arg(long, value_name = "DEG", allow_negative_numbers = true, conflicts_with = "sheet")]
    pub azimuth: Option<f32>,
    /// Degrees above the horizon.
    #[arg(long, value_name = "DEG", allow_negative_numbers = true, conflicts_with = "sheet")]
    pub elevation: Option<f32>,
    /// Vertical field of view in degrees.
    #[arg(long, value_name = "DEG", conflicts_with = "sheet")]
    pub fov: Option<f32>,
    /// Focal length in millimetres on a sensor 36 mm wide, in place of the field of view.
    #[arg(long, value_name = "MM", conflicts_with_all = ["fov", "sheet"], value_parser = parse_focal)]
    pub lens: Option<f32>,
    /// Depth of field of a lens with this aperture, such as f/2.8; everything is sharp without it.
    #[arg(long, value_name = "F", value_parser = parse_aperture)]
    pub aperture: Option<f32>,
    /// Distance of what is sharp in metres; what is in the middle of the picture without it.
    #[arg(long, value_name = "M", requires = "aperture", value_parser = parse_focus)]
    pub focus: Option<f32>,
    /// Points of the lens that the picture is averaged from.
    #[arg(long, value_name = "N", requires = "aperture", default_value_t = aperture::SAMPLES,
          value_parser = clap::value_parser!(u32).range(1..=4096))]
    pub samples: u32,
    /// Points of each pixel that are averaged; 1 draws as the window does, 16 is as smooth as print needs, and from 8 on light is
    /// gathered by rays.
    #[arg(long, value_name = "N", default_value_t = 1, conflicts_with = "aperture", value_parser = clap::value_parser!(u32).range(1..=256))]
    pub supersample: u32,
    /// Leave ground and distance out; the picture needs an ending that keeps transparency, .png or .webp.
    #[arg(long)]
    pub transparent: bool,
    /// Picture size in pixels, or its name: hd, 2k, 4k, 8k, square, ams2 (menu picture), ac (preview).
    #[arg(long, value_name = "WxH", default_value = "1600x900", value_parser = parse_size)]
    pub size: (u32, u32),
    /// Put this many angles (8) into one picture.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(8..=8))]
    pub sheet: Option<u32>,
    /// Go once around the car in so many frames, 25 a second: a .gif, or a folder of numbered .png files.
    #[arg(long, value_name = "FRAMES", conflicts_with = "sheet", value_parser = clap::value_parser!(u32).range(2..=i64::from(picture::MOST_FRAMES)))]
    pub turntable: Option<u32>,
    /// Where the picture goes: .png, .jpg or .webp; for a turntable .gif, or a folder.
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
}

/// The simulators that packages can be written for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Simulator {
    /// Automobilista 2.
    Ams2,
}

/// Options of `gridvox export`.
#[derive(Debug, Args)]
pub struct ExportArgs {
    /// The simulator.
    #[arg(long, value_enum)]
    pub sim: Simulator,
    /// Bundled car's id, or the folder of a car pack.
    #[arg(long, value_name = "ID|DIR")]
    pub car: String,
    /// Livery, as a square picture.
    #[arg(long, value_name = "FILE")]
    pub livery: PathBuf,
    /// Folder that the package is written into.
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// The simulator's own folder, to install the package into as well.
    #[arg(long, value_name = "DIR")]
    pub install: Option<PathBuf>,
    /// Livery slot in the simulator; the car's first one for players without it, in most cars 51.
    #[arg(long)]
    pub slot: Option<u32>,
    /// Name that the simulator shows.
    #[arg(long, value_name = "TEXT", default_value = "GridVox livery")]
    pub name: String,
    /// Edge of the exported texture; the livery's own without it.
    #[arg(long, value_name = "PX")]
    pub size: Option<u32>,
}

/// What to do with cars.
#[derive(Debug, Subcommand)]
pub enum CarCommand {
    /// List the bundled cars, and those that were imported into the user's own folder.
    List,
    /// Size, parts, materials and texture layout of a car.
    Info {
        /// Bundled car's id, or the folder of a car pack.
        car: String,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// The materials of a plain GLB with their shares of its surface, to choose those that carry the livery.
    Look {
        /// The mesh, as a binary glTF file.
        #[arg(value_name = "FILE.glb")]
        file: PathBuf,
        /// Print JSON.
        #[arg(long)]
        json: bool,
        /// Decode compressed geometry here, in a process that was started for it.
        #[arg(long, hide = true)]
        contained: bool,
    },
    /// Make a car pack of a plain GLB: finds scale, axes and parts, and lays the paint out where it has to.
    Import(ImportArgs),
    /// Write the car as one GLB with the paint's texture coordinates.
    Export {
        /// Bundled car's id, or the folder of a car pack.
        car: String,
        /// Where the GLB goes.
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
}

/// Options of `gridvox car import`.
#[derive(Debug, Args)]
pub struct ImportArgs {
    /// The mesh, as a binary glTF file.
    #[arg(value_name = "FILE.glb")]
    pub file: PathBuf,
    /// Regular expression for the names of materials or parts that carry the livery.
    #[arg(long, value_name = "REGEX")]
    pub paint: String,
    /// Folder of the new car pack; without it a folder among the user's own cars, which the studio lists.
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Name that people see; the file's without it.
    #[arg(long, value_name = "TEXT")]
    pub name: Option<String>,
    /// Real length of the car in metres, where the mesh's unit does not tell it.
    #[arg(long, value_name = "METRES")]
    pub length: Option<f32>,
    /// Where the nose points in the file: +x, -x, +y, -y, +z or -z.
    #[arg(long, value_name = "AXIS", allow_hyphen_values = true)]
    pub nose: Option<Nose>,
    /// Decode compressed geometry here, in a process that the import started for it.
    #[arg(long, hide = true)]
    pub contained: bool,
}

/// Options of `gridvox demo`.
#[derive(Debug, Args)]
pub struct DemoArgs {
    /// Folder for the results.
    #[arg(long, value_name = "DIR", default_value = "demo-output")]
    pub out: PathBuf,
    /// Draft for a quick look, high for the race.
    #[arg(long, value_enum, default_value = "high")]
    pub quality: Quality,
}

/// Options of `gridvox synth`.
#[derive(Debug, Args)]
pub struct SynthArgs {
    /// Bundled car's id, or the folder of a car pack.
    #[arg(long, value_name = "ID|DIR")]
    pub car: String,
    /// How many photos.
    #[arg(long, default_value_t = 4800, value_parser = clap::value_parser!(u32).range(1..=99_999))]
    pub count: u32,
    /// Seed of liveries, cameras and light.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Folder for photos, uv_textures and metadata; what is there already is kept.
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
}

/// Options of `gridvox train`.
#[derive(Debug, Args)]
pub struct TrainArgs {
    /// What to train.
    #[arg(long, value_enum, default_value = "correspond")]
    pub network: TrainedNetwork,
    /// Bundled car's id, or the folder of a car pack; may be repeated. The lettering and reading networks need none.
    #[arg(long, value_name = "ID|DIR")]
    pub car: Vec<String>,
    /// Train on photos of the car in this folder, as `gridvox synth` writes it, instead of drawing them on the way.
    #[arg(long, value_name = "DIR")]
    pub from: Option<PathBuf>,
    /// How long to train.
    #[arg(long, default_value_t = 60.0)]
    pub minutes: f32,
    /// Go on from the last checkpoint in the output folder.
    #[arg(long)]
    pub resume: bool,
    /// Start from the weights in this models folder, at half the learning rate.
    #[arg(long, value_name = "DIR")]
    pub start_from: Option<PathBuf>,
    /// Largest learning rate; the network's own number if left away.
    #[arg(long, value_name = "RATE")]
    pub rate: Option<f32>,
    /// Where to compute: on the processor, or on a graphics processor in a program built with `--features cuda` or `metal`.
    #[arg(long, value_enum, default_value = "cpu")]
    pub device: TrainingDevice,
    /// Pictures per step; the network's own number if left away.
    #[arg(long, value_name = "COUNT")]
    pub batch: Option<usize>,
    /// Threads that draw pictures; the result depends on it.
    #[arg(long, value_name = "COUNT")]
    pub lanes: Option<usize>,
    /// Folder for checkpoints, weights and the loss curve.
    #[arg(long, value_name = "DIR", default_value = "training")]
    pub out: PathBuf,
}

/// What computes a training.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum TrainingDevice {
    /// The processor.
    Cpu,
    /// The first graphics processor.
    Gpu,
}

/// The networks that can be trained.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum TrainedNetwork {
    /// Finds the car and its parts in a photo.
    Correspond,
    /// Tells paint from light.
    Albedo,
    /// Tells paint from harsh light; starts from the weights of `albedo` with `--start-from`.
    #[value(name = "albedo_harsh")]
    AlbedoHarsh,
    /// Puts the livery's inks on what no photo shows.
    Atlas,
    /// Paints one car's texture straight from a photo; a baseline for `gridvox eval --baselines`.
    Direct,
    /// Finds letters and words on faces laid flat.
    Lettering,
    /// Tells writing from mirror writing.
    Reading,
}

impl TrainedNetwork {
    /// As on the command line and in the models folder.
    pub fn name(self) -> &'static str {
        match self {
            Self::Correspond => "correspond",
            Self::Albedo => "albedo",
            Self::AlbedoHarsh => "albedo_harsh",
            Self::Atlas => "atlas",
            Self::Direct => "direct",
            Self::Lettering => "lettering",
            Self::Reading => "reading",
        }
    }
}

/// The test photos that the program can draw.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum BuiltInSet {
    /// By the showroom, under environments that training never saw.
    Showroom,
    /// By the training renderer: light, paint and cameras as those that paint is learned from.
    Training,
    /// By the training renderer: any light, finish and filter, as the network that finds the car learns from.
    Wild,
    /// Hard for one reason each: focal lengths, crop, occlusion, chrome, night, black, JPEG, mirrored, mesh mismatch, no car, ..
    Stress,
}

impl BuiltInSet {
    /// Words for a picture's title.
    pub fn words(self) -> &'static str {
        match self {
            Self::Showroom => "photos by the showroom",
            Self::Training => "photos by the training renderer",
            Self::Wild => "photos by the training renderer in any light",
            Self::Stress => "stress photos",
        }
    }
}

/// Options of `gridvox eval`.
#[derive(Debug, Args)]
pub struct EvalArgs {
    /// Bundled car's id, or the folder of a car pack.
    #[arg(long, value_name = "ID|DIR", default_value = bundled::DEFAULT_CAR)]
    pub car: String,
    /// Which photos; all have liveries of a family that training never sees.
    #[arg(long, value_enum, default_value = "showroom")]
    pub built_in: BuiltInSet,
    /// Measure the same photos with their true cameras, without refinement, without invented paint and by a network alone as well.
    #[arg(long)]
    pub baselines: bool,
    /// Quality to measure, in its own size: 512 px for a draft, 2048 px for high.
    #[arg(long, value_enum, default_value = "high")]
    pub quality: Quality,
    /// Draw the painter's scores against the true errors into this picture.
    #[arg(long, value_name = "FILE.png")]
    pub plot: Option<PathBuf>,
    /// Draw the ten photos that went worst, with what is to blame, into this picture.
    #[arg(long, value_name = "FILE.png")]
    pub worst: Option<PathBuf>,
    /// Folder of test photos; those that it lacks are drawn into it. Without it they are drawn and thrown away.
    #[arg(long, value_name = "DIR")]
    pub set: Option<PathBuf>,
    /// How many photos, of stress photos how many of each kind; 50 (2) when new ones are drawn, else all that the folder has.
    #[arg(long)]
    pub count: Option<u32>,
    /// Seed of cameras, liveries and light.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// More environments to light the showroom's photos with, as .hdr or .exr files; may be repeated.
    #[arg(long, value_name = "FILE")]
    pub env: Vec<PathBuf>,
    /// Keep the liveries that were found, with their reports, in this folder.
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

fn parse_size(text: &str) -> Result<(u32, u32), String> {
    if let Some((_, width, height)) = picture::SIZES.iter().find(|(name, ..)| name.eq_ignore_ascii_case(text)) {
        return Ok((*width, *height));
    }
    let parsed = text.split_once(['x', 'X']).and_then(|(w, h)| Some((w.parse().ok()?, h.parse().ok()?)));
    match parsed {
        Some((w @ 16..=8192, h @ 16..=8192)) => Ok((w, h)),
        Some(_) => Err("each side must lie between 16 and 8192 pixels".into()),
        None => Err("write it as WIDTHxHEIGHT, for example 1600x900, or name a size such as 4k".into()),
    }
}

fn parse_aperture(text: &str) -> Result<f32, String> {
    let number = text.strip_prefix("f/").or_else(|| text.strip_prefix("F/")).unwrap_or(text);
    match number.parse() {
        Ok(f) if (0.5..=64.0).contains(&f) => Ok(f),
        Ok(_) => Err("apertures lie between f/0.5 and f/64".into()),
        Err(_) => Err("write it as f/2.8 or 2.8".into()),
    }
}

fn parse_focus(text: &str) -> Result<f32, String> {
    let metres = text.parse().ok().filter(|metres| (0.1..=1000.0).contains(metres));
    metres.ok_or_else(|| "the distance lies between 0.1 and 1000 metres".into())
}

fn parse_focal(text: &str) -> Result<f32, String> {
    let millimetres = text.parse().ok().filter(|millimetres| (8.0..=800.0).contains(millimetres));
    millimetres.ok_or_else(|| "focal lengths lie between 8 and 800 mm".into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn sizes_are_two_numbers_within_limits() {
        assert_eq!(parse_size("1600x900"), Ok((1600, 900)));
        assert_eq!(parse_size("4K"), Ok((3840, 2160)));
        for bad in ["1600", "x", "0x10", "99999x10", "-5x20"] {
            assert!(parse_size(bad).is_err(), "{bad} was accepted");
        }
    }

    #[test]
    fn lenses_are_read_as_photographers_write_them() {
        assert_eq!(parse_aperture("f/2.8"), Ok(2.8));
        assert_eq!(parse_aperture("F/16"), Ok(16.0));
        assert_eq!(parse_aperture("1.4"), Ok(1.4));
        for bad in ["", "f/", "f/0", "-2", "f/NaN", "wide", "f/100"] {
            assert!(parse_aperture(bad).is_err(), "{bad} was accepted");
        }
        assert_eq!(parse_focus("4.5"), Ok(4.5));
        assert!(parse_focus("0").is_err() && parse_focus("nan").is_err() && parse_focus("inf").is_err());
        assert_eq!(parse_focal("85"), Ok(85.0));
        assert!(parse_focal("2").is_err() && parse_focal("nan").is_err());
    }
}
