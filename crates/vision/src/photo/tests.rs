use super::*;
use image::codecs::jpeg::JpegEncoder;
use image::{ImageBuffer, Luma, Rgb, Rgba};
use proptest::prelude::*;

/// Left half red, right half blue, with a green top left corner: every turn and flip looks different.
fn chart(width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, y| {
        if x < width / 4 && y < height / 4 {
            Rgb([0, 255, 0])
        } else if x < width / 2 {
            Rgb([255, 0, 0])
        } else {
            Rgb([0, 0, 255])
        }
    })
}

fn encode(picture: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, format).expect("encoders accept the chart");
    bytes.into_inner()
}

fn jpeg(picture: &RgbImage) -> Vec<u8> {
    let mut bytes = Vec::new();
    JpegEncoder::new_with_quality(&mut bytes, 95).encode_image(picture).expect("encodes");
    bytes
}

/// A TIFF block with orientation and focal length, as cameras write it, put after the start of a JPEG.
fn with_exif(jpeg: &[u8], orientation: u16, focal_35mm: u16, size: Option<(u32, u32)>) -> Vec<u8> {
    let entry = |tag: u16, kind: u16, value: u32| {
        let mut e = Vec::new();
        e.extend(tag.to_le_bytes());
        e.extend(kind.to_le_bytes());
        e.extend(1u32.to_le_bytes());
        e.extend(value.to_le_bytes());
        e
    };
    let mut tiff = b"II*\0\x08\0\0\0".to_vec();
    tiff.extend(2u16.to_le_bytes());
    tiff.extend(entry(0x0112, 3, orientation.into()));
    tiff.extend(entry(0x8769, 4, 8 + 2 + 24 + 4));
    tiff.extend(0u32.to_le_bytes());
    let mut entries = vec![];
    if let Some((width, height)) = size {
        entries.push(entry(0xA002, 4, width));
        entries.push(entry(0xA003, 4, height));
    }
    entries.push(entry(0xA405, 3, focal_35mm.into()));
    tiff.extend((entries.len() as u16).to_le_bytes());
    tiff.extend(entries.concat());
    tiff.extend(0u32.to_le_bytes());
    let mut file = jpeg[..2].to_vec();
    file.extend([0xFF, 0xE1]);
    file.extend(((tiff.len() + 8) as u16).to_be_bytes());
    file.extend(b"Exif\0\0");
    file.extend(tiff);
    file.extend(&jpeg[2..]);
    file
}

#[track_caller]
fn close(photo: &Photo, x: u32, y: u32, expected: [u8; 3]) {
    let got = photo.rgb.get_pixel(x, y).0;
    let off = got.iter().zip(expected).map(|(&a, b)| a.abs_diff(b)).max();
    assert!(off < Some(12), "{got:?} at {x},{y} is not {expected:?}");
}

#[test]
fn every_format_gives_the_same_picture() {
    let picture = DynamicImage::ImageRgb8(chart(96, 80));
    for (format, name) in [
        (ImageFormat::Png, "a.png"),
        (ImageFormat::Jpeg, "a.jpg"),
        (ImageFormat::WebP, "a.webp"),
        (ImageFormat::Bmp, "a.bmp"),
        (ImageFormat::Tiff, "a.tif"),
        (ImageFormat::Tga, "a.tga"),
    ] {
        let photo = decode(&encode(&picture, format), Path::new(name)).expect(name);
        assert_eq!(photo.rgb.dimensions(), (96, 80), "{name}");
        close(&photo, 5, 5, [0, 255, 0]);
        close(&photo, 5, 70, [255, 0, 0]);
        close(&photo, 90, 40, [0, 0, 255]);
    }
}

#[test]
fn deep_grey_and_transparent_pictures_are_read() {
    let deep = DynamicImage::ImageRgb16(ImageBuffer::from_pixel(70, 70, Rgb([65535, 32768, 0])));
    let photo = decode(&encode(&deep, ImageFormat::Png), Path::new("deep.png")).expect("16 bits");
    assert_eq!(photo.rgb.get_pixel(3, 3).0, [255, 128, 0]);
    let grey = DynamicImage::ImageLuma8(ImageBuffer::from_pixel(70, 70, Luma([77])));
    let photo = decode(&encode(&grey, ImageFormat::Png), Path::new("grey.png")).expect("grey");
    assert_eq!(photo.rgb.get_pixel(3, 3).0, [77; 3]);
    let clear = DynamicImage::ImageRgba8(ImageBuffer::from_pixel(70, 70, Rgba([255, 0, 0, 0])));
    let photo = decode(&encode(&clear, ImageFormat::Png), Path::new("clear.png")).expect("alpha");
    assert_eq!(photo.rgb.get_pixel(3, 3).0, [BACKDROP; 3]);
}

#[test]
fn exif_turns_the_picture_and_gives_the_focal_length() {
    let upright = chart(96, 80);
    // What the camera stores for orientation 6 is the scene turned a quarter against the clock.
    let stored = image::imageops::rotate270(&upright);
    let photo = decode(&with_exif(&jpeg(&stored), 6, 85, None), Path::new("turned.jpg")).expect("decodes");
    assert_eq!(photo.rgb.dimensions(), (96, 80));
    close(&photo, 5, 5, [0, 255, 0]);
    close(&photo, 90, 75, [0, 0, 255]);
    assert_eq!(photo.exif_focal_35mm, Some(85.0));
}

#[test]
fn a_cropped_picture_has_no_known_focal_length() {
    let file = jpeg(&chart(96, 80));
    let same = decode(&with_exif(&file, 1, 50, Some((960, 800))), Path::new("a.jpg")).expect("decodes");
    assert_eq!(same.exif_focal_35mm, Some(50.0));
    let cropped = decode(&with_exif(&file, 1, 50, Some((960, 640))), Path::new("a.jpg")).expect("decodes");
    assert_eq!(cropped.exif_focal_35mm, None);
}

#[test]
fn each_bad_file_gets_its_own_sentence() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let path = |name: &str| dir.path().join(name);
    let write = |name: &str, bytes: &[u8]| std::fs::write(path(name), bytes).expect("writes");
    let good = jpeg(&chart(200, 160));
    write("cut.jpg", &good[..good.len() * 2 / 3]);
    write("empty.png", b"");
    write("words.jpg", b"this is not a picture at all");
    write("phone.heic", b"\0\0\0\x18ftypheic\0\0\0\0mif1heic");
    write("movie.gif", b"GIF89a\x01\0\x01\0\0\0\0;");
    write("tiny.png", &encode(&DynamicImage::ImageRgb8(chart(20, 20)), ImageFormat::Png));
    // A BMP header may promise any number of pixels.
    let mut vast = encode(&DynamicImage::ImageRgb8(chart(64, 64)), ImageFormat::Bmp);
    vast[18..22].copy_from_slice(&20_000i32.to_le_bytes());
    vast[22..26].copy_from_slice(&20_000i32.to_le_bytes());
    write("vast.bmp", &vast);
    let heavy = std::fs::File::create(path("heavy.jpg")).expect("creates");
    heavy.set_len(MAX_FILE_BYTES + 1).expect("grows");

    let kind = |name: &str| load(&path(name)).expect_err(name);
    assert!(matches!(kind("none.jpg"), PhotoError::Missing { .. }));
    assert!(matches!(kind(""), PhotoError::Unreadable { .. }));
    assert!(matches!(kind("cut.jpg"), PhotoError::Truncated { .. }));
    assert!(matches!(kind("empty.png"), PhotoError::Truncated { .. }));
    assert!(matches!(kind("words.jpg"), PhotoError::NotAPicture { .. }));
    assert!(matches!(kind("phone.heic"), PhotoError::Heic { .. }));
    assert!(matches!(kind("movie.gif"), PhotoError::Unsupported { .. }));
    assert!(matches!(kind("tiny.png"), PhotoError::TooSmall { .. }));
    assert!(matches!(kind("vast.bmp"), PhotoError::TooManyPixels { width: 20_000, .. }));
    assert!(matches!(kind("heavy.jpg"), PhotoError::TooManyBytes { .. }));
    for name in ["none.jpg", "words.jpg", "cut.jpg", "phone.heic", "vast.bmp", "heavy.jpg"] {
        let words = kind(name).to_string();
        assert!(words.lines().count() == 1 && words.len() < 120 + dir.path().as_os_str().len(), "{words}");
    }
}

#[test]
fn no_truncation_panics_and_no_jpeg_or_png_cut_passes() {
    let picture = chart(72, 64);
    let whole = DynamicImage::ImageRgb8(picture.clone());
    for (file, name) in [
        (with_exif(&jpeg(&picture), 6, 50, Some((72, 64))), "a.jpg"),
        (encode(&whole, ImageFormat::Png), "a.png"),
        (encode(&whole, ImageFormat::WebP), "a.webp"),
        (encode(&whole, ImageFormat::Tga), "a.tga"),
    ] {
        assert!(decode(&file, Path::new(name)).is_ok());
        for length in 0..file.len() {
            let result = decode(&file[..length], Path::new(name));
            assert!(result.is_err() || !name.ends_with("jpg"), "{length} of {} bytes passed", file.len());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, rng_seed: proptest::test_runner::RngSeed::Fixed(7), failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn damaged_files_never_panic(which in 0usize..6, hits in prop::collection::vec((0.0f64..1.0, any::<u8>()), 1..24)) {
        let formats = [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::WebP, ImageFormat::Bmp, ImageFormat::Tiff, ImageFormat::Tga];
        let mut file = if formats[which] == ImageFormat::Jpeg {
            with_exif(&jpeg(&chart(72, 64)), 6, 50, Some((72, 64)))
        } else {
            encode(&DynamicImage::ImageRgb8(chart(72, 64)), formats[which])
        };
        for (place, value) in hits {
            // Most damage goes where the structure is: the first bytes.
            let at = (place * place * place * file.len() as f64) as usize;
            file[at] = value;
        }
        let name = format!("a.{}", formats[which].extensions_str()[0]);
        drop(decode(&file, Path::new(&name)));
    }
}
