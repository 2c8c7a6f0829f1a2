//! Liveries as files: what opens, what is refused with which words, and that nothing is left half-written.

use std::fs;
use std::path::{Path, PathBuf};

use gridvox_livery::{load_livery, save_livery};
use image::{DynamicImage, ImageBuffer, Luma, Rgba, RgbaImage};

fn gradient(size: u32) -> RgbaImage {
    RgbaImage::from_fn(size, size, |x, y| Rgba([(x / 2) as u8, (y / 2) as u8, 77, 255]))
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a scratch folder")
}

fn refusal(path: &Path) -> String {
    load_livery(path).expect_err("must be refused").to_string()
}

fn write(folder: &Path, name: &str, bytes: &[u8]) -> PathBuf {
    let path = folder.join(name);
    fs::write(&path, bytes).expect("scratch folder is writable");
    path
}

#[test]
fn a_saved_livery_opens_unchanged() {
    let dir = folder();
    let mut see_through = gradient(512);
    see_through.put_pixel(3, 3, Rgba([9, 8, 7, 0]));
    for (name, image) in [("opaque.png", gradient(1024)), ("alpha.png", see_through)] {
        let path = dir.path().join("new folder").join(name);
        save_livery(&image, &path).expect("saves");
        assert_eq!(load_livery(&path).expect("opens"), image);
        save_livery(&image, &path).expect("saves over itself");
    }
    let left: Vec<_> = fs::read_dir(dir.path().join("new folder")).expect("there").collect();
    assert_eq!(left.len(), 2, "no temporary file stays");
}

#[test]
fn other_depths_and_formats_are_converted() {
    let dir = folder();
    let path = |name: &str| dir.path().join(name);
    let deep = ImageBuffer::from_fn(512, 512, |x, y| Rgba([x as u16 * 128, y as u16 * 128, 65535, 65535]));
    DynamicImage::ImageRgba16(deep).save(path("deep.png")).expect("saves");
    let opened = load_livery(&path("deep.png")).expect("opens");
    assert_eq!(opened.get_pixel(511, 255).0, [255, 127, 255, 255]);

    let grey = ImageBuffer::from_fn(512, 512, |x, _| Luma([(x / 2) as u8]));
    DynamicImage::ImageLuma8(grey).save(path("grey.png")).expect("saves");
    assert_eq!(load_livery(&path("grey.png")).expect("opens").get_pixel(200, 0).0, [100, 100, 100, 255]);

    for name in ["livery.tga", "livery.bmp", "livery.tiff", "livery.webp"] {
        DynamicImage::from(gradient(512)).save(path(name)).expect("saves");
        assert_eq!(load_livery(&path(name)).expect("opens"), gradient(512), "{name}");
    }
    DynamicImage::from(gradient(512)).save(path("named.png")).expect("saves");
    fs::rename(path("named.png"), path("named.jpg")).expect("renames");
    assert_eq!(load_livery(&path("named.jpg")).expect("content counts, not the name"), gradient(512));
}

/// A 512 x 512 palette PNG made by hand, since the writer has none: rows of index 0 and 1 in turn, stored uncompressed.
#[test]
fn indexed_pictures_are_converted() {
    fn chunk(out: &mut Vec<u8>, kind: &[u8; 4], data: &[u8]) {
        out.extend((data.len() as u32).to_be_bytes());
        let body = [kind.as_slice(), data].concat();
        let crc = body.iter().fold(u32::MAX, |crc, byte| {
            (0..8).fold(crc ^ u32::from(*byte), |c, _| if c & 1 == 1 { 0xEDB8_8320 ^ (c >> 1) } else { c >> 1 })
        });
        out.extend(body);
        out.extend((!crc).to_be_bytes());
    }
    let rows: Vec<u8> = (0..512u32).flat_map(|y| [vec![0u8], vec![(y % 2) as u8; 512]].concat()).collect();
    let mut zlib = vec![0x78, 0x01];
    let blocks: Vec<_> = rows.chunks(60_000).collect();
    for (i, block) in blocks.iter().enumerate() {
        zlib.push(u8::from(i + 1 == blocks.len()));
        zlib.extend((block.len() as u16).to_le_bytes());
        zlib.extend((!(block.len() as u16)).to_le_bytes());
        zlib.extend(*block);
    }
    let (a, b) = rows.iter().fold((1u32, 0u32), |(a, b), v| ((a + u32::from(*v)) % 65521, (b + a + u32::from(*v)) % 65521));
    zlib.extend((b << 16 | a).to_be_bytes());
    let mut png = b"\x89PNG\r\n\x1a\n".to_vec();
    chunk(&mut png, b"IHDR", &[0, 0, 2, 0, 0, 0, 2, 0, 8, 3, 0, 0, 0]);
    chunk(&mut png, b"PLTE", &[250, 20, 30, 1, 2, 3]);
    chunk(&mut png, b"tRNS", &[255, 40]);
    chunk(&mut png, b"IDAT", &zlib);
    chunk(&mut png, b"IEND", &[]);
    let dir = folder();
    let opened = load_livery(&write(dir.path(), "indexed.png", &png)).expect("opens");
    assert_eq!(opened.get_pixel(7, 0).0, [250, 20, 30, 255]);
    assert_eq!(opened.get_pixel(7, 1).0, [1, 2, 3, 40]);
}

#[test]
fn pictures_of_another_shape_are_refused_with_their_size() {
    let dir = folder();
    for (width, height) in [(512, 256), (256, 256), (600, 600), (768, 768)] {
        let path = dir.path().join("shape.png");
        RgbaImage::new(width, height).save(&path).expect("saves");
        let words = refusal(&path);
        assert!(words.contains(&format!("{width} x {height}")) && words.contains("2048"), "{words}");
    }
}

#[test]
fn a_header_that_promises_too_much_is_refused_before_decoding() {
    let dir = folder();
    // A TGA header of 65535 x 65535 texels and nothing behind it.
    let mut tga = vec![0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF, 32, 0];
    assert!(refusal(&write(dir.path(), "huge.tga", &tga)).contains("65535 x 65535"));
    tga[12..16].copy_from_slice(&[0, 8, 0, 8]);
    assert!(refusal(&write(dir.path(), "short.tga", &tga)).contains("not a picture"));
    let sparse = dir.path().join("sparse.png");
    fs::File::create(&sparse).and_then(|file| file.set_len(400 << 20)).expect("a sparse file");
    assert!(refusal(&sparse).contains("419.4 MB"), "{}", refusal(&sparse));
}

#[test]
fn broken_and_missing_files_are_told_apart() {
    let dir = folder();
    assert!(refusal(&dir.path().join("nowhere.png")).contains("there is no file"));
    assert!(refusal(dir.path()).contains("not a file"));
    assert!(refusal(&write(dir.path(), "empty.png", b"")).contains("not a picture"));
    assert!(refusal(&write(dir.path(), "words.png", b"not a picture at all")).contains("not a picture"));
    save_livery(&gradient(512), &dir.path().join("whole.png")).expect("saves");
    let whole = fs::read(dir.path().join("whole.png")).expect("there");
    for cut in [20, 60, whole.len() / 2, whole.len() - 20] {
        assert!(refusal(&write(dir.path(), "cut.png", &whole[..cut])).contains("not a picture"), "cut at {cut}");
    }
}

#[test]
fn what_cannot_be_written_leaves_nothing_behind() {
    let dir = folder();
    let in_the_way = write(dir.path(), "file", b"kept");
    let error = save_livery(&gradient(512), &in_the_way.join("livery.png")).expect_err("a file is no folder");
    assert!(error.to_string().contains("the folder"), "{error}");
    assert_eq!(fs::read(&in_the_way).expect("still there"), b"kept");
    let folder_in_the_way = dir.path().join("folder.png");
    fs::create_dir(&folder_in_the_way).expect("creates");
    assert!(save_livery(&gradient(512), &folder_in_the_way).is_err());
    assert_eq!(fs::read_dir(dir.path()).expect("there").count(), 2, "no temporary file stays");
}
