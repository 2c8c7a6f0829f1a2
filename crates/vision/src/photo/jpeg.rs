//! Whether a JPEG file is all there.
//!
//! Decoders fill what is missing with grey and report success, so the segments are walked here (ITU T.81, annex B).

const SOS: u8 = 0xDA;
const EOI: u8 = 0xD9;

/// Whether the picture's end marker follows its scans. Data after it (thumbnails, depth maps) does not matter.
pub fn is_complete(bytes: &[u8]) -> bool {
    let mut at = 2;
    while let Some(marker) = next_marker(bytes, &mut at) {
        match marker {
            EOI => return true,
            // Markers without a length: TEM and restarts.
            0x01 | 0xD0..=0xD7 => {}
            _ => {
                let Some(&[high, low]) = bytes.get(at..at + 2).and_then(|b| <&[u8; 2]>::try_from(b).ok()) else {
                    return false;
                };
                at += usize::from(u16::from_be_bytes([high, low])).max(2);
                if marker == SOS {
                    skip_scan(bytes, &mut at);
                }
            }
        }
    }
    false
}

/// Steps past the next `FF xx` and gives `xx`.
fn next_marker(bytes: &[u8], at: &mut usize) -> Option<u8> {
    let start = bytes.get(*at..)?.iter().position(|&b| b == 0xFF)? + *at;
    let code = bytes[start..].iter().position(|&b| b != 0xFF)? + start;
    *at = code + 1;
    Some(bytes[code])
}

/// Steps to the marker that ends the coded data; `FF 00` is a coded 255, `FF D0` to `FF D7` are restarts.
fn skip_scan(bytes: &[u8], at: &mut usize) {
    while let Some(&byte) = bytes.get(*at) {
        if byte == 0xFF && !matches!(bytes.get(*at + 1), Some(0x00 | 0xD0..=0xD7)) {
            return;
        }
        *at += 1;
    }
}
