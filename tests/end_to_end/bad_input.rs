//! Bad input: one clear sentence, an exit code that scripts notice, and nothing half-written.

use std::fs;
use std::path::{Path, PathBuf};

use gridvox_car::bundled;
use image::{Rgb, RgbImage, RgbaImage};

use crate::support::{self, CAR, folder, gridvox, listing, run, text, words};

/// Runs the program and checks everything that every refusal has in common.
fn refusal(scratch: &Path, arguments: &[&str]) -> String {
    let before = listing(scratch);
    let output = run(arguments);
    assert_refused(arguments, &output);
    assert_eq!(listing(scratch), before, "{arguments:?} left something behind");
    words(&output)
}

fn assert_refused(arguments: &[&str], output: &std::process::Output) {
    let words = words(output);
    assert!(output.status.code().is_some_and(|code| code != 0), "{arguments:?} ended with {:?}", output.status);
    assert!(!words.contains("panicked"), "{arguments:?}: {words}");
    assert_eq!(words.lines().count(), 1, "{arguments:?} takes more than one line:\n{words}");
    assert!(words.starts_with("error: ") && words.len() > 30, "{arguments:?}: {words}");
}

fn write(folder: &Path, name: &str, bytes: &[u8]) -> PathBuf {
    let path = folder.join(name);
    fs::write(&path, bytes).expect("scratch folders are writable");
    path
}

/// A PNG of 12000 x 9000 pixels by its header, with no picture in it.
fn huge_png() -> Vec<u8> {
    let mut body = b"IHDR".to_vec();
    body.extend([12_000u32, 9_000].map(u32::to_be_bytes).concat());
    body.extend([8, 2, 0, 0, 0]);
    let crc = !body.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |c, _| if c & 1 == 1 { 0xEDB8_8320 ^ (c >> 1) } else { c >> 1 })
    });
    [b"\x89PNG\r\n\x1a\n\0\0\0\x0D".as_slice(), &body, &crc.to_be_bytes(), b"\0\0\0\x10IDAT"].concat()
}

#[test]
fn photos_that_cannot_be_used() {
    let dir = folder();
    let sample = fs::read(support::sample_photo()).expect("the sample is there");
    let oversized = dir.path().join("oversized.jpg");
    fs::File::create(&oversized).and_then(|file| file.set_len(21 << 20)).expect("a sparse file");
    let cases = [
        (dir.path().join("missing.jpg"), "no photo"),
        (write(dir.path(), "truncated.jpg", &sample[..sample.len() / 3]), "cut off"),
        (oversized, "too large"),
        (write(dir.path(), "pixels.png", &huge_png()), "12000 x 9000"),
        (write(dir.path(), "words.jpg", b"This is a letter, not a photo of a car."), "words.jpg"),
        (write(dir.path(), "phone.heic", b"\0\0\0\x18ftypheic\0\0\0\0mif1heic"), "HEIC"),
        (write(dir.path(), "empty.jpg", b""), ""),
        (dir.path().to_owned(), ""),
    ];
    let out = dir.path().join("livery.png");
    for (photo, expected) in cases {
        let said = refusal(dir.path(), &["generate", "--car", CAR, "--photo", text(&photo), "--out", text(&out)]);
        assert!(said.contains(expected), "{said}");
        let said = refusal(dir.path(), &["analyze", "--photo", text(&photo)]);
        assert!(said.contains(expected), "{said}");
    }
}

#[test]
fn a_photo_without_a_car() {
    if !support::has_weights() {
        return;
    }
    let dir = folder();
    let photo = dir.path().join("sky.png");
    RgbImage::from_fn(1200, 800, |x, y| Rgb([(90 + y / 8) as u8, (140 + y / 10) as u8, (220 - x / 60) as u8]))
        .save(&photo)
        .expect("saves");
    let out = dir.path().join("livery.png");
    let output = run(&["generate", "--car", CAR, "--photo", text(&photo), "--quality", "draft", "--out", text(&out)]);
    // What the analysis found stands above the refusal.
    let said = words(&output);
    let last = said.lines().last().unwrap_or_default();
    assert!(!output.status.success() && last.starts_with("error: No car"), "{said}");
    assert!(!out.exists());
}

#[test]
fn cars_that_cannot_be_used() {
    let dir = folder();
    let photo = support::sample_photo();
    let out = dir.path().join("livery.png");
    let pack = |name: &str, manifest: &[u8], mesh: &[u8]| {
        let pack = dir.path().join(name);
        fs::create_dir(&pack).expect("creates");
        write(&pack, "car.toml", manifest);
        write(&pack, "car.glb", mesh);
        pack
    };
    let bundled_pack = bundled::cars_dir().join(CAR);
    let manifest = fs::read(bundled_pack.join("car.toml")).expect("the bundled manifest");
    let mesh = fs::read(bundled_pack.join("car.glb")).expect("the bundled mesh");
    let cases = [
        (PathBuf::from("no_such_car"), "no_such_car"),
        (pack("words", &manifest, b"no mesh at all"), "car.glb"),
        (pack("cut", &manifest, &mesh[..mesh.len() / 2]), "car.glb"),
        (pack("manifest", b"id = [broken", &mesh), "car.toml"),
        (pack("wordless", b"", &mesh), "car.toml"),
        (dir.path().join("nowhere"), "nowhere"),
    ];
    for (car, expected) in &cases {
        let car = text(car);
        for arguments in [
            vec!["generate", "--car", car, "--photo", text(&photo), "--out", text(&out)],
            vec!["car", "info", car],
            vec!["car", "export", car, "--out", text(&out)],
            vec!["render", "--car", car, "--out", text(&out)],
        ] {
            let said = refusal(dir.path(), &arguments);
            assert!(said.contains(expected), "{said}");
        }
    }
}

#[test]
fn places_that_cannot_be_written() {
    let dir = folder();
    let photo = support::sample_photo();
    let file = write(dir.path(), "file", b"kept");
    let livery = dir.path().join("livery.png");
    RgbaImage::from_pixel(512, 512, image::Rgba([1, 2, 3, 255])).save(&livery).expect("saves");
    for out in [dir.path().join("missing/livery.png"), file.join("livery.png"), dir.path().to_owned()] {
        refusal(dir.path(), &["generate", "--car", CAR, "--photo", text(&photo), "--out", text(&out)]);
        refusal(dir.path(), &["render", "--car", CAR, "--out", text(&out)]);
        refusal(dir.path(), &["car", "export", CAR, "--out", text(&out)]);
    }
    refusal(dir.path(), &["demo", "--out", text(&file)]);
    let export = ["export", "--sim", "ams2", "--car", CAR, "--livery", text(&livery), "--out"];
    refusal(dir.path(), &[&export[..], &[text(&file)]].concat());
    assert_eq!(fs::read(&file).expect("still there"), b"kept");
}

#[test]
fn values_out_of_range() {
    let dir = folder();
    let photo = support::sample_photo();
    let out = dir.path().join("out.png");
    let generate = ["generate", "--car", CAR, "--photo", text(&photo), "--out", text(&out)];
    if support::has_weights() {
        assert!(refusal(dir.path(), &[&generate[..], &["--size", "1000"]].concat()).contains("1000"));
        assert!(refusal(dir.path(), &[&generate[..], &["--color-boost", "3"]].concat()).contains('3'));
    }
    let render = ["render", "--car", CAR, "--out", text(&out)];
    refusal(dir.path(), &[&render[..], &["--view", "from_below"]].concat());
    refusal(dir.path(), &[&render[..], &["--azimuth", "0", "--elevation", "200"]].concat());
    let wide = dir.path().join("wide.png");
    RgbaImage::new(512, 256).save(&wide).expect("saves");
    let said = refusal(dir.path(), &[&render[..], &["--spec", text(&wide)]].concat());
    assert!(said.contains("spec map") && said.contains("512 x 256"), "{said}");
    let words = write(dir.path(), "words.png", b"This is a letter, not a map.");
    let said = refusal(dir.path(), &[&render[..], &["--spec", text(&words)]].concat());
    assert!(said.contains("spec map") && said.contains("words.png"), "{said}");
}

#[test]
fn liveries_and_games_that_do_not_fit() {
    let dir = folder();
    let wide = dir.path().join("wide.png");
    RgbaImage::new(512, 256).save(&wide).expect("saves");
    let livery = dir.path().join("livery.png");
    RgbaImage::from_pixel(512, 512, image::Rgba([1, 2, 3, 255])).save(&livery).expect("saves");
    let out = dir.path().join("out");
    let missing = dir.path().join("missing");
    let export = |livery: &Path, more: &[&str]| {
        let start = ["export", "--sim", "ams2", "--car", CAR, "--livery", text(livery), "--out", text(&out)];
        refusal(dir.path(), &[&start[..], more].concat())
    };
    assert!(export(&wide, &[]).contains("512 x 256"));
    assert!(export(&missing, &[]).contains("missing"));
    assert!(export(&livery, &["--install", text(&missing)]).contains("does not exist"));
    assert!(export(&livery, &["--install", text(dir.path())]).contains("Automobilista 2"));
    assert!(export(&livery, &["--size", "3000"]).contains("3000"));
    assert!(export(&livery, &["--slot", "0"]).contains("slot"));
}

/// Runs the program where no graphics driver can be found.
fn without_vulkan(scratch: &Path, arguments: &[&str]) -> std::process::Output {
    let nowhere = scratch.join("no_driver.json");
    let mut command = gridvox(arguments);
    command.env("VK_DRIVER_FILES", &nowhere).env("VK_ICD_FILENAMES", &nowhere).env("WGPU_BACKEND", "vulkan");
    command.output().expect("the program starts")
}

#[test]
fn no_vulkan_device() {
    let dir = folder();
    let out = dir.path().join("picture.png");
    let arguments = ["render", "--car", CAR, "--size", "64x64", "--out", text(&out)];
    let output = without_vulkan(dir.path(), &arguments);
    assert_refused(&arguments, &output);
    assert!(words(&output).contains("Vulkan") || words(&output).contains("graphics"), "{}", words(&output));
    assert!(!out.exists());
}

#[test]
fn an_export_without_a_graphics_device_says_what_is_missing() {
    let dir = folder();
    let livery = dir.path().join("livery.png");
    RgbaImage::from_fn(512, 512, |x, _| image::Rgba([(x / 2) as u8, 30, 60, 255])).save(&livery).expect("saves");
    let export = |out: &Path, run: &dyn Fn(&[&str]) -> std::process::Output| {
        let arguments = ["export", "--sim", "ams2", "--car", CAR, "--livery", text(&livery), "--out", text(out)];
        let output = run(&arguments);
        assert!(output.status.success(), "{}", words(&output));
        let preview = support::listing(out).into_iter().find(|path| path.ends_with("preview.dds"));
        (words(&output), fs::read(preview.expect("a preview")).expect("readable"))
    };
    let (said, texture) = export(&dir.path().join("plain"), &|arguments| without_vulkan(dir.path(), arguments));
    assert!(said.contains("texture instead of the car"), "{said}");
    let (said, picture) = export(&dir.path().join("drawn"), &|arguments| run(arguments));
    assert!(!said.contains("texture instead of the car"), "{said}");
    assert_ne!(texture, picture, "the menu's picture shows the car");
}

#[test]
fn a_compressed_mesh_that_asks_for_all_memory() {
    let dir = folder();
    let mut glb = include_bytes!("../../crates/car/tests/data/box_draco.glb").to_vec();
    let stream = glb.windows(5).position(|bytes| bytes == b"DRACO").expect("a stream");
    // Behind header and method stands the number of vertices, seven bits to a byte.
    glb[stream + 12..stream + 20].copy_from_slice(&[0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F]);
    let file = write(dir.path(), "hostile.glb", &glb);
    let out = dir.path().join("pack");
    let said = refusal(dir.path(), &["car", "import", text(&file), "--paint", "^paint", "--out", text(&out)]);
    assert!(said.contains("without mesh compression"), "{said}");
}
