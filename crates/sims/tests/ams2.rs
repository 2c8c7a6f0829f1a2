//! Whole packages for Automobilista 2, in folders that look like a player's.

mod measure;

use std::fs;
use std::io::Cursor;
use std::path::{Path, PathBuf};

use gridvox_car::Ams2Target;
use gridvox_sims::ams2::{self, Ams2Options};
use gridvox_sims::{ExportError, ExportReport};
use image::codecs::dds::DdsDecoder;
use image::{DynamicImage, Rgba, RgbaImage};

const OVERRIDES: &str = "Vehicles/Textures/CustomLiveries/Overrides";

const DIST: &str = "<USER_OVERRIDES>\n<!--\nAVAILABLE BASE LIVERIES\n=====\n  Default: body only\n    Available textures:\n\
    \x20 BODY   - paint\n         - 4096 x 4096\n  Matte: flat\n    Available textures:\n  BODY - paint\nEXAMPLES-->\n</USER_OVERRIDES>";

/// A list with everything that a strict reader trips over, and a byte that is not UTF-8.
const NASTY: &[u8] = b"\xEF\xBB\xBF<?xml version=\"1.0\" encoding=\"utf-8\" ?>\r\n<USER_OVERRIDES>\r\n\
    <!-- ---- season 1988 -- by Andr\xE9 ---- -->\r\n\t<LIVERY_OVERRIDE LIVERY=\"##\" NAME=\"spare & rare\">\r\n\
    \t\t<TEXTURE NAME=\"BODY\" PATH=\"s\\b.dds\" />\r\n\t</LIVERY_OVERRIDE> -->\r\n\
    \t<LIVERY_OVERRIDE LIVERY=\"52\" NAME=\"Second\" BASELIVERY=\"Default\">\r\n\t\t<TEXTURE NAME=\"BODY\" PATH=\"x\\y.dds\"/>\r\n\
    \t</LIVERY_OVERRIDE>\r\n</USER_OVERRIDES>\r\n";

fn target() -> Ams2Target {
    Ams2Target { vehicle: "gt3_rear".into(), slots_from: 51, body_texture: "BODY".into(), base_livery: "Default".into() }
}

fn livery(side: u32) -> RgbaImage {
    RgbaImage::from_fn(side, side, |x, y| match (x * 3 / side, (x + y) * 16 / side % 2) {
        (0, _) => Rgba([200, 16, 40, 255]),
        (1, 0) => Rgba([240, 240, 240, 255]),
        (1, _) => Rgba([10, 10, 10, 255]),
        _ => Rgba([20, (y * 200 / side) as u8, 160, 255]),
    })
}

/// A player's disk: a game folder with the car's notes in it, and a place for packages.
struct Disk {
    root: tempfile::TempDir,
}

impl Disk {
    fn new() -> Self {
        let root = tempfile::tempdir().expect("a scratch folder");
        let car = root.path().join("game").join(OVERRIDES).join("gt3_rear");
        fs::create_dir_all(&car).expect("creates");
        fs::write(car.join("gt3_rear_dist.xml"), DIST).expect("writes");
        Self { root }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    fn car(&self) -> PathBuf {
        self.path("game").join(OVERRIDES).join("gt3_rear")
    }

    fn options(&self) -> Ams2Options {
        // The smallest size keeps the tests quick; it is warned about, which does no harm here.
        Ams2Options { out: self.path("out"), name: "#06 Müller & Sons".into(), size: Some(1024), ..Ams2Options::default() }
    }

    fn installing(&self) -> Ams2Options {
        Ams2Options { install: Some(self.path("game")), ..self.options() }
    }

    /// Every file with its content, sorted.
    fn files(&self) -> Vec<(PathBuf, Vec<u8>)> {
        fn walk(folder: &Path, found: &mut Vec<(PathBuf, Vec<u8>)>) {
            for entry in fs::read_dir(folder).expect("readable") {
                let path = entry.expect("an entry").path();
                if path.is_dir() { walk(&path, found) } else { found.push((path.clone(), fs::read(&path).expect("readable"))) }
            }
        }
        let mut found = Vec::new();
        walk(self.root.path(), &mut found);
        found.sort();
        found
    }
}

fn export(options: &Ams2Options) -> ExportReport {
    ams2::export(&target(), &livery(512), options).expect("exports")
}

fn decoded(path: &Path) -> RgbaImage {
    let file = fs::read(path).expect("there");
    let decoder = DdsDecoder::new(Cursor::new(file)).expect("a DDS file");
    DynamicImage::from_decoder(decoder).expect("decodes").into_rgba8()
}

#[test]
fn a_package_has_the_shape_of_the_games_folder() {
    let disk = Disk::new();
    let options = Ams2Options { size: None, ..disk.options() };
    let report = ams2::export(&target(), &livery(2048), &options).expect("exports");
    let out = disk.path("out");
    let car = out.join(OVERRIDES).join("gt3_rear");
    let folder = car.join("gridvox_51_06_m_ller_sons");
    let mut expected = [
        car.join("gt3_rear.xml"), folder.join("body.dds"), folder.join("preview.dds"), out.join("how_to_install.txt"),
        out.join("gt3_rear_gridvox_51_06_m_ller_sons.zip"),
    ];
    expected.sort();
    assert_eq!(report.files, expected);
    assert_eq!((report.backups, report.warnings), (vec![], vec![]));
    assert_eq!(disk.files().len(), 6, "five files and the game's own");

    let body = fs::read(folder.join("body.dds")).expect("there");
    assert_eq!(&body[84..88], b"DXT1");
    let found = measure::distance(&livery(2048), &decoded(&folder.join("body.dds")));
    assert!(found.psnr_db > 44.0 && found.mean_delta_e < 1.0, "{} dB, {}", found.psnr_db, found.mean_delta_e);
    // Where three hard-edged colours meet in one block, four colours on one line leave one of them out.
    assert!(found.max_delta_e < 100.0, "{}", found.max_delta_e);
    assert_eq!(decoded(&folder.join("preview.dds")).dimensions(), (2048, 600));

    let list = fs::read_to_string(car.join("gt3_rear.xml")).expect("UTF-8");
    assert!(list.contains("NAME=\"#06 Müller &amp; Sons\" BASELIVERY=\"Default\""), "{list}");
    assert!(list.contains("PATH=\"gridvox_51_06_m_ller_sons\\body.dds\""), "{list}");

    let words = report.next_steps.join("\n");
    for needed in ["out/Vehicles", "gt3_rear.xml", "livery 51", "#06 Müller & Sons", "-showLiveryIDs", "restart"] {
        assert!(words.contains(needed), "{needed} is not in {words}");
    }
    let help = fs::read_to_string(out.join("how_to_install.txt")).expect("there");
    assert!(report.next_steps.iter().all(|step| help.contains(step)));
}

#[test]
fn the_zip_holds_the_same_files() {
    let disk = Disk::new();
    let report = export(&disk.options());
    let zip = report.files.iter().find(|path| path.extension().is_some_and(|e| e == "zip")).expect("a zip");
    let mut zip = zip::ZipArchive::new(fs::File::open(zip).expect("there")).expect("a zip");
    let names: Vec<String> = zip.file_names().map(str::to_owned).collect();
    assert_eq!(names.len(), 3);
    for name in names {
        let mut packed = Vec::new();
        std::io::copy(&mut zip.by_name(&name).expect("listed"), &mut packed).expect("checksums agree");
        assert_eq!(packed, fs::read(disk.path("out").join(&name)).expect("there"), "{name}");
    }
}

#[test]
fn installing_merges_into_the_players_list_and_keeps_a_copy() {
    let disk = Disk::new();
    let list = disk.car().join("gt3_rear.xml");
    fs::write(&list, NASTY).expect("writes");
    let report = export(&disk.installing());
    assert_eq!(report.backups, [disk.car().join("gt3_rear.xml.bak")]);
    assert_eq!(fs::read(&report.backups[0]).expect("there"), NASTY);
    let merged = fs::read(&list).expect("there");
    let at = NASTY.len() - b"</USER_OVERRIDES>\r\n".len();
    assert_eq!(&merged[..at], &NASTY[..at]);
    assert_eq!(&merged[merged.len() - (NASTY.len() - at)..], &NASTY[at..]);
    let entry = String::from_utf8_lossy(&merged[at..]);
    assert!(entry.starts_with("\t<LIVERY_OVERRIDE LIVERY=\"51\" NAME=\"#06 M&#252;ller &amp; Sons\""), "{entry}");
    assert!(disk.car().join("gridvox_51_06_m_ller_sons/body.dds").exists());
    assert!(!report.next_steps.join(" ").contains("Copy the folder"));
}

#[test]
fn a_second_export_changes_nothing() {
    let disk = Disk::new();
    fs::write(disk.car().join("gt3_rear.xml"), NASTY).expect("writes");
    let first = export(&disk.installing());
    let before = disk.files();
    let second = export(&disk.installing());
    assert_eq!(disk.files(), before);
    assert_eq!(second.files, first.files);
    assert!(second.backups.is_empty());
}

#[test]
fn a_taken_slot_is_said_and_a_free_one_offered() {
    let disk = Disk::new();
    fs::write(disk.car().join("gt3_rear.xml"), NASTY).expect("writes");
    let report = export(&Ams2Options { slot: Some(52), ..disk.installing() });
    let words = report.warnings.join("\n");
    assert!(words.contains("was \"Second\"") && words.contains("Number 51 is not used"), "{words}");
    let low = export(&Ams2Options { slot: Some(7), ..disk.installing() });
    assert!(low.warnings.join("\n").contains("start at 51"));
}

#[test]
fn the_games_own_notes_are_compared() {
    let disk = Disk::new();
    let warnings = |target: &Ams2Target| ams2::export(target, &livery(512), &disk.installing()).expect("exports").warnings.join("\n");
    assert!(!warnings(&target()).contains("base livery"));
    let words = warnings(&Ams2Target { base_livery: "Chrome".into(), ..target() });
    assert!(words.contains("no base livery \"Chrome\"") && words.contains("Default, Matte"), "{words}");
    let words = warnings(&Ams2Target { body_texture: "PAINT".into(), ..target() });
    assert!(words.contains("no texture PAINT"), "{words}");
    let words = warnings(&Ams2Target { vehicle: "unknown_car".into(), ..target() });
    assert!(words.contains("no folder") && words.contains("unknown_car"), "{words}");
}

#[test]
fn letter_case_and_inner_folders_of_the_game_do_not_matter() {
    let disk = Disk::new();
    let other = disk.path("other");
    let car = other.join("vehicles/textures/CUSTOMLIVERIES/overrides/GT3_Rear");
    fs::create_dir_all(&car).expect("creates");
    fs::write(car.join("GT3_REAR.XML"), "<USER_OVERRIDES>\n</USER_OVERRIDES>\n").expect("writes");
    let inner = other.join("vehicles/textures");
    let report = export(&Ams2Options { install: Some(inner), ..disk.options() });
    assert_eq!(report.backups.len(), 1);
    assert!(fs::read_to_string(car.join("GT3_REAR.XML")).expect("there").contains("LIVERY=\"51\""));
    assert_eq!(fs::read_dir(&car).expect("there").count(), 3, "list, copy and one folder");
}

#[test]
fn what_looks_wrong_is_said() {
    let disk = Disk::new();
    let warnings = |image: &RgbaImage, size: Option<u32>| {
        let options = Ams2Options { size, ..disk.options() };
        ams2::export(&target(), image, &options).expect("exports").warnings.join("\n")
    };
    assert!(warnings(&livery(512), None).contains("from 512 to 2048"));
    assert!(warnings(&livery(1024), Some(1024)).contains("soft"));
    assert!(warnings(&RgbaImage::from_pixel(2048, 2048, Rgba([9, 9, 9, 255])), None).contains("one flat colour"));
    let clear = warnings(&RgbaImage::new(2048, 2048), None);
    assert!(clear.contains("fully transparent") && clear.contains("100.0 %"), "{clear}");
}

#[test]
fn alpha_makes_dxt5_and_leaves_hidden_colours_alone() {
    let disk = Disk::new();
    let image = RgbaImage::from_fn(2048, 2048, |x, _| Rgba([180, 40, 20, if x < 1024 { 0 } else { 255 }]));
    let report = ams2::export(&target(), &image, &disk.options()).expect("exports");
    assert!(report.warnings.join(" ").contains("50.0 %"), "{:?}", report.warnings);
    let body = report.files.iter().find(|path| path.ends_with("body.dds")).expect("there");
    assert_eq!(&fs::read(body).expect("there")[84..88], b"DXT5");
    assert!(decoded(body).pixels().all(|p| p[0].abs_diff(180) < 6 && p[2].abs_diff(20) < 6));
}

#[test]
fn the_texture_has_the_size_that_was_asked_for() {
    let disk = Disk::new();
    for (from, asked, side) in [(1024, None, 2048), (4096, Some(2048), 2048), (512, Some(1024), 1024)] {
        let report = ams2::export(&target(), &livery(from), &Ams2Options { size: asked, ..disk.options() }).expect("exports");
        let body = report.files.iter().find(|path| path.ends_with("body.dds")).expect("there");
        let decoded = decoded(body);
        assert_eq!(decoded.dimensions(), (side, side));
        assert!(decoded.get_pixel(side / 6, side / 2)[0].abs_diff(200) < 6);
        assert_eq!(fs::read(body).expect("there")[28], side.ilog2() as u8 + 1, "all levels are there");
    }
}

#[test]
fn a_rendered_preview_is_shown_whole() {
    let disk = Disk::new();
    let preview = RgbaImage::from_fn(1600, 900, |x, _| if x < 800 { Rgba([250, 0, 0, 255]) } else { Rgba([0, 0, 250, 255]) });
    let report = export(&Ams2Options { preview: Some(preview), ..disk.options() });
    let path = report.files.iter().find(|path| path.ends_with("preview.dds")).expect("there");
    let shown = decoded(path);
    // 1600 x 900 into 2048 x 600: 1067 wide, so its left edge lies at 490.
    assert!(shown.get_pixel(600, 300)[0] > 240 && shown.get_pixel(1400, 300)[2] > 240);
    assert!(shown.get_pixel(480, 300)[0] < 40 && shown.get_pixel(500, 300)[0] > 240);
}

#[test]
fn bad_input_gets_one_sentence_and_changes_nothing() {
    let disk = Disk::new();
    fs::write(disk.path("file"), "in the way").expect("writes");
    fs::create_dir(disk.path("elsewhere")).expect("creates");
    let before = disk.files();
    let base = disk.installing();
    let with = |change: fn(&mut Ams2Options)| {
        let mut options = base.clone();
        change(&mut options);
        options
    };
    let cases: Vec<(Ams2Options, RgbaImage, Ams2Target, &str)> = vec![
        (base.clone(), RgbaImage::new(512, 256), target(), "512 x 256"),
        (base.clone(), RgbaImage::new(600, 600), target(), "square"),
        (with(|o| o.size = Some(3000)), livery(512), target(), "3000"),
        (with(|o| o.slot = Some(0)), livery(512), target(), "0 is not a livery slot"),
        (base.clone(), livery(512), Ams2Target { vehicle: "../evil".into(), ..target() }, "no folder name"),
        (base.clone(), livery(512), Ams2Target { vehicle: String::new(), ..target() }, "no folder name"),
        (with(|o| o.install = Some("/no/such/place".into())), livery(512), target(), "does not exist"),
        (Ams2Options { install: Some(disk.path("elsewhere")), ..base.clone() }, livery(512), target(), "Browse local files"),
        (Ams2Options { out: disk.path("file"), ..base.clone() }, livery(512), target(), "in the way"),
        (Ams2Options { out: disk.path("file/below"), ..base.clone() }, livery(512), target(), "in the way"),
    ];
    for (options, image, target, words) in cases {
        let error = ams2::export(&target, &image, &options).expect_err(words).to_string();
        assert!(error.contains(words), "{error}");
        assert!(!error.contains('\n') && !error.ends_with('.'), "{error}");
        assert_eq!(disk.files(), before, "{words}");
    }
    assert!(!disk.path("out").exists());
}

#[test]
fn a_broken_list_stops_the_export_before_anything_is_written() {
    let disk = Disk::new();
    let list = disk.car().join("gt3_rear.xml");
    for (text, words) in [("<USER_OVERRIDES>\n<!-- open", "a comment in line 2"), ("\u{0}<\u{0}", "UTF-16"), ("hello", "no list")] {
        fs::write(&list, text).expect("writes");
        let before = disk.files();
        let error = ams2::export(&target(), &livery(512), &disk.installing()).expect_err("broken");
        assert!(matches!(error, ExportError::BrokenXml { .. }));
        assert!(error.to_string().contains(words), "{error}");
        assert_eq!(disk.files(), before);
        assert!(!disk.path("out").exists(), "folders made on the way are gone too");
    }
}

#[cfg(unix)]
#[test]
fn a_folder_without_write_permission_is_named() {
    use std::os::unix::fs::PermissionsExt;
    let disk = Disk::new();
    let locked = disk.path("locked");
    fs::create_dir(&locked).expect("creates");
    fs::set_permissions(&locked, fs::Permissions::from_mode(0o555)).expect("sets");
    if fs::write(locked.join("probe"), "").is_ok() {
        eprintln!("SKIPPED: this user may write everywhere, so no folder can be locked");
        return;
    }
    let error = ams2::export(&target(), &livery(512), &Ams2Options { out: locked.join("out"), ..disk.options() }).expect_err("locked");
    assert!(matches!(error, ExportError::NoPermission(_)), "{error}");
}
