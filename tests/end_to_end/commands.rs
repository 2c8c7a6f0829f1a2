//! Commands that work, run as a person runs them.

use std::fs;
use std::process::Stdio;

use image::{Rgba, RgbaImage};

use crate::support::{self, CAR, folder, gridvox, run, text, words};

#[test]
fn cars_are_listed_described_and_exported() {
    let list = run(&["car", "list"]);
    assert!(list.status.success() && String::from_utf8_lossy(&list.stdout).contains(CAR), "{}", words(&list));
    let info = run(&["car", "info", CAR, "--json"]);
    let described: serde_json::Value = serde_json::from_slice(&info.stdout).expect("one JSON value on standard output");
    assert!(described.is_object(), "{described}");
    let dir = folder();
    let glb = dir.path().join("car.glb");
    let export = run(&["car", "export", CAR, "--out", text(&glb)]);
    assert!(export.status.success(), "{}", words(&export));
    assert_eq!(&fs::read(&glb).expect("written")[..4], b"glTF");

    // What is exported can be imported as somebody's own car, whose layout is good as it is.
    let pack = dir.path().join("own");
    let import = run(&["car", "import", text(&glb), "--paint", "^paint", "--nose", "+z", "--out", text(&pack)]);
    assert!(import.status.success() && !words(&import).contains("laid out anew"), "{}", words(&import));
    let info = run(&["car", "info", text(&pack), "--json"]);
    let own: serde_json::Value = serde_json::from_slice(&info.stdout).expect("JSON");
    assert_eq!(own["id"], "own");
    let again = run(&["car", "import", text(&glb), "--paint", "^paint", "--out", text(&pack)]);
    assert!(!again.status.success() && words(&again).contains("already"), "{}", words(&again));
}

#[test]
fn a_reader_that_has_seen_enough_ends_the_program_quietly() {
    let mut told = gridvox(&["car", "info", CAR]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
    drop(told.stdout.take());
    let output = told.wait_with_output().expect("it ends");
    assert!(output.status.success() && words(&output).is_empty(), "{:?} {}", output.status, words(&output));
}

#[test]
fn a_livery_is_exported_twice_with_the_same_result() {
    let dir = folder();
    let livery = dir.path().join("livery.png");
    RgbaImage::from_fn(1024, 1024, |x, _| Rgba([(x / 4) as u8, 30, 60, 255])).save(&livery).expect("saves");
    let out = dir.path().join("out");
    let arguments = ["export", "--sim", "ams2", "--car", CAR, "--livery", text(&livery), "--out", text(&out),
        "--size", "1024", "--slot", "53", "--name", "Test & trial"];
    let contents = || {
        let files = support::listing(&out).into_iter().filter(|path| path.is_file());
        files.map(|path| (path.clone(), fs::read(path).expect("readable"))).collect::<Vec<_>>()
    };
    let first = run(&arguments);
    assert!(first.status.success(), "{}", words(&first));
    assert!(words(&first).contains("livery 53"), "{}", words(&first));
    let before = contents();
    assert!(before.iter().any(|(path, bytes)| path.ends_with("body.dds") && bytes.starts_with(b"DDS ")));
    assert!(run(&arguments).status.success());
    assert_eq!(contents(), before);
}

#[test]
fn a_photo_is_analysed_and_generated_from() {
    if !support::has_weights() {
        return;
    }
    let photo = support::sample_photo();
    let analysis = run(&["analyze", "--photo", text(&photo), "--json"]);
    assert!(analysis.status.success(), "{}", words(&analysis));
    let found: serde_json::Value = serde_json::from_slice(&analysis.stdout).expect("JSON");
    assert!(found["quality"].as_u64().is_some_and(|quality| (1..=100).contains(&quality)), "{found}");

    let dir = folder();
    let path = |name: &str| dir.path().join(name);
    let made = run(&["generate", "--car", CAR, "--photo", text(&photo), "--quality", "draft", "--out",
        text(&path("livery.png")), "--confidence", text(&path("confidence.png")), "--report", text(&path("report.json"))]);
    assert!(made.status.success(), "{}", words(&made));
    assert_eq!(image::open(path("livery.png")).expect("a picture").into_rgba8().dimensions(), (512, 512));
    assert_eq!(image::open(path("confidence.png")).expect("a picture").into_luma8().dimensions(), (512, 512));
    let report: serde_json::Value = serde_json::from_slice(&fs::read(path("report.json")).expect("there")).expect("JSON");
    let rows = report["camera"]["world_from_camera"].as_array().expect("four rows");
    assert!(rows.len() == 4 && rows.iter().all(|row| row.as_array().is_some_and(|row| row.len() == 4)), "{report}");
    for key in ["coverage", "scores", "timings_secs", "warnings"] {
        assert!(!report[key].is_null(), "the report has no {key}");
    }
    assert_eq!(support::listing(dir.path()).len(), 3, "nothing else is left behind");
}

#[test]
fn invented_photos_are_the_same_each_time_and_go_on_where_they_stopped() {
    let dir = folder();
    let synth = |name: &str, count: &str| {
        let out = dir.path().join(name);
        let made = run(&["synth", "--car", CAR, "--count", count, "--seed", "9", "--out", text(&out)]);
        assert!(made.status.success(), "{}", words(&made));
        out
    };
    let first = synth("first", "1");
    let photo = fs::read(first.join("photos/00000.png")).expect("a photo");
    assert_eq!(image::load_from_memory(&photo).expect("a picture").into_rgb8().dimensions(), (1024, 683));
    let texture = fs::read(first.join("uv_textures/00000.dds")).expect("a texture");
    assert!(texture.starts_with(b"DDS ") && texture.len() > 2048 * 2048 / 2);
    let metadata = fs::read(first.join("metadata/00000.json")).expect("metadata");
    let known: serde_json::Value = serde_json::from_slice(&metadata).expect("JSON");
    assert_eq!((known["car"].as_str(), known["camera"]["width"].as_u64()), (Some(CAR), Some(1024)));
    assert!(known["colours"].as_array().is_some_and(|colours| colours.len() > 1), "{known}");
    assert!(known["light"]["sun_direction"].is_array() && known["sponsors"].is_array(), "{known}");

    fs::write(first.join("photos/00000.png"), b"kept").expect("writes");
    synth("first", "2");
    assert_eq!(fs::read(first.join("photos/00000.png")).expect("there"), b"kept");
    let second = synth("second", "2");
    assert_eq!(fs::read(second.join("photos/00000.png")).expect("a photo"), photo);
    for file in ["photos/00001.png", "uv_textures/00001.dds", "metadata/00001.json"] {
        assert_eq!(fs::read(first.join(file)).expect("there"), fs::read(second.join(file)).expect("there"), "{file}");
    }
}

#[test]
fn a_built_in_set_is_drawn_kept_and_measured_beside_the_baselines() {
    if !support::has_weights() {
        return;
    }
    let dir = folder();
    let (set, plot) = (dir.path().join("set"), dir.path().join("scores.png"));
    let arguments = ["eval", "--built-in", "training", "--count", "1", "--seed", "3", "--set", text(&set), "--json"];
    let eval = |more: &[&str]| -> serde_json::Value {
        let output = run(&[&arguments[..], more].concat());
        assert!(output.status.success(), "{}", words(&output));
        serde_json::from_slice(&output.stdout).expect("one JSON value on standard output")
    };
    let worst = dir.path().join("worst.png");
    let first = eval(&["--baselines", "--plot", text(&plot), "--worst", text(&worst)]);
    let photo = fs::read(set.join("photos/training_00000.jpg")).expect("it is kept");
    assert_eq!(first["cases"].as_array().map(Vec::len), Some(1), "{first}");
    assert_eq!(first["summary"]["verdicts"]["photos"], 1);
    let baselines = first["baselines"].as_array().expect("three baselines");
    let names: Vec<&str> = baselines.iter().filter_map(|baseline| baseline[0].as_str()).collect();
    assert_eq!(names, ["true_camera", "no_refinement", "mirror_only"]);
    let true_camera = &baselines[0][1][0];
    assert!(true_camera["correspondence"]["median"].as_f64().is_some_and(|texels| texels < 0.01), "{true_camera}");
    assert!(true_camera["ssim"].as_f64().is_some_and(|ssim| (0.05..=1.0).contains(&ssim)), "{true_camera}");
    assert!(true_camera["flip"].as_f64().is_some_and(|flip| (0.01..0.7).contains(&flip)), "{true_camera}");
    assert!(image::open(&plot).expect("a picture").width() > 1000);
    assert!(image::open(&worst).expect("a picture").height() > 300);

    let mut again = eval(&[]);
    assert_eq!(fs::read(set.join("photos/training_00000.jpg")).expect("still there"), photo);
    let mut before = first["cases"].clone();
    for cases in [&mut again["cases"], &mut before] {
        cases[0]["secs"] = serde_json::Value::Null;
        cases[0]["score"]["secs"] = serde_json::Value::Null;
    }
    assert_eq!(again["cases"], before, "one photo has one result");

    let refused = run(&["eval", "--built-in", "stress", "--plot", "scores.jpg"]);
    assert!(!refused.status.success() && words(&refused).contains(".png"), "{}", words(&refused));
}

#[test]
fn a_network_is_trained_on_a_folder_of_invented_photos() {
    let dir = folder();
    let (photos, out) = (dir.path().join("photos of it"), dir.path().join("training"));
    let made = run(&["synth", "--car", CAR, "--count", "3", "--seed", "4", "--out", text(&photos)]);
    assert!(made.status.success(), "{}", words(&made));
    let train = |more: &[&str]| {
        let mut arguments = vec!["train", "--from", text(&photos), "--minutes", "0.03", "--out", text(&out)];
        arguments.extend(more);
        run(&arguments)
    };
    for (more, expected) in [
        (vec!["--car", "gt3_mid"], "shows the car gt3_rear"),
        (vec!["--car", CAR, "--car", "gt3_mid"], "name that one alone"),
        (vec!["--car", CAR, "--network", "albedo"], "Only the correspondence network"),
    ] {
        let said = words(&train(&more));
        assert!(said.starts_with("error: ") && said.contains(expected) && said.lines().count() == 1, "{said}");
        assert!(!out.exists(), "nothing was trained");
    }
    let trained = train(&["--car", CAR]);
    assert!(trained.status.success() && words(&trained).contains("2 to train on, 1 to validate"), "{}", words(&trained));
    assert!(out.join("correspond/model.safetensors").is_file() && out.join("loss.png").is_file());
    fs::remove_file(photos.join("photos/00001.png")).expect("there");
    let said = words(&train(&["--car", CAR]));
    assert!(said.starts_with("error: ") && said.contains("00001.png"), "{said}");
}

#[test]
fn drawing_says_nothing_of_its_own_where_no_runtime_folder_is_named() {
    let dir = folder();
    let out = dir.path().join("picture.png");
    let mut command = gridvox(&["render", "--car", CAR, "--size", "64x64", "--out", text(&out)]);
    let output = command.env_remove("XDG_RUNTIME_DIR").output().expect("the program starts");
    assert!(output.status.success(), "{}", words(&output));
    assert!(!words(&output).contains("XDG_RUNTIME_DIR"), "{}", words(&output));
}
