//! The list of liveries of one car, `<car>.xml`: putting one entry in and leaving everything else as it is.
//!
//! The file belongs to the player and to the makers of other liveries. Every byte outside the entry of the chosen slot
//! stays, whatever its encoding and line ends; even inside an entry that an earlier export made, only the values that
//! this one brings are replaced, so that a base livery or a windscreen banner set by hand survives.

use std::ops::Range;

use super::markup::{self, Tag, TagKind};

/// Texture folders start with it, and by it an entry is known as one of ours.
pub(crate) const FOLDER_PREFIX: &str = "gridvox_";

const ROOT: &[u8] = b"USER_OVERRIDES";
const ENTRY: &[u8] = b"LIVERY_OVERRIDE";
const UTF8_BOM: &[u8] = b"\xEF\xBB\xBF";

/// One livery in the list. Paths are relative to the list's folder, with backslashes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    pub slot: u32,
    pub name: String,
    pub base_livery: String,
    pub preview_path: String,
    pub body_texture: String,
    pub body_path: String,
}

/// The list with the entry in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Merged {
    pub bytes: Vec<u8>,
    /// Names of liveries by others that had the same slot and are gone now.
    pub replaced: Vec<String>,
    /// Slots that other entries use, ascending.
    pub other_slots: Vec<u32>,
    /// The closing root tag was missing and has been added.
    pub closed_root: bool,
}

/// Puts the entry into a list, or makes a new one. The error says why the list can't be changed safely.
pub(crate) fn merge(existing: Option<&[u8]>, entry: &Entry) -> Result<Merged, String> {
    let text = existing.unwrap_or_default();
    if text.starts_with(b"\xFF\xFE") || text.starts_with(b"\xFE\xFF") || text.contains(&0) {
        return Err("it is saved as UTF-16 rather than UTF-8".into());
    }
    let content = text.strip_prefix(UTF8_BOM).unwrap_or(text);
    if content.iter().all(u8::is_ascii_whitespace) {
        return Ok(new_list(text, entry));
    }
    List::read(text)?.merge(entry)
}

fn new_list(before: &[u8], entry: &Entry) -> Merged {
    let layout = Layout { outer: b"    ".to_vec(), inner: b"        ".to_vec(), newline: b"\n", utf8: true };
    let mut bytes = before.to_vec();
    bytes.extend(b"<?xml version=\"1.0\" encoding=\"utf-8\" ?>\n<USER_OVERRIDES>\n    ");
    bytes.extend(layout.write(entry));
    bytes.extend(b"\n</USER_OVERRIDES>\n");
    Merged { bytes, replaced: Vec::new(), other_slots: Vec::new(), closed_root: false }
}

/// An existing list, with where its entries are.
struct List<'a> {
    text: &'a [u8],
    tags: Vec<Tag>,
    entries: Vec<Found>,
}

/// An entry in the file.
struct Found {
    slot: Option<u32>,
    span: Range<usize>,
    /// Indices of its tags, the closing one left out.
    tags: Range<usize>,
    closed: bool,
}

impl<'a> List<'a> {
    fn read(text: &'a [u8]) -> Result<Self, String> {
        let tags = markup::tags(text)
            .map_err(|e| format!("{} in line {} is never closed", e.what, markup::line_of(text, e.at)))?;
        let is = |tag: &Tag, name: &[u8]| text[tag.name.clone()] == *name;
        if !tags.is_empty() && !tags.iter().any(|tag| is(tag, ROOT) && tag.kind != TagKind::Close) {
            return Err("it has no USER_OVERRIDES in it and so is no list of liveries".into());
        }
        let content = text.strip_prefix(UTF8_BOM).unwrap_or(text).trim_ascii_start();
        if tags.is_empty() && !content.starts_with(b"<!--") && !content.starts_with(b"<?") {
            return Err("it is no list of liveries".into());
        }
        let mut entries = Vec::new();
        for (index, tag) in tags.iter().enumerate().filter(|(_, tag)| is(tag, ENTRY) && tag.kind != TagKind::Close) {
            let slot = markup::attribute(text, tag, b"LIVERY")
                .and_then(|at| str::from_utf8(&text[at]).ok()?.trim().parse().ok());
            let boundary = |tag: &Tag| is(tag, ENTRY) || is(tag, ROOT);
            let end = match tag.kind {
                TagKind::Empty => None,
                _ => tags[index + 1..].iter().position(boundary).map(|offset| index + 1 + offset),
            };
            let closed = tag.kind == TagKind::Empty
                || end.is_some_and(|end| is(&tags[end], ENTRY) && tags[end].kind == TagKind::Close);
            let span_end = if closed { end.map_or(tag.span.end, |end| tags[end].span.end) } else { tag.span.end };
            entries.push(Found { slot, span: tag.span.start..span_end, tags: index..end.unwrap_or(index + 1), closed });
        }
        Ok(Self { text, tags, entries })
    }

    fn merge(&self, entry: &Entry) -> Result<Merged, String> {
        let same_slot: Vec<&Found> = self.entries.iter().filter(|found| found.slot == Some(entry.slot)).collect();
        if let Some(open) = same_slot.iter().find(|found| !found.closed) {
            let line = markup::line_of(self.text, open.span.start);
            return Err(format!("the livery {} that starts in line {line} is never closed", entry.slot));
        }
        let mut edits: Vec<(Range<usize>, Vec<u8>)> = Vec::new();
        let mut replaced = Vec::new();
        let mut closed_root = false;
        match same_slot.split_first() {
            Some((first, doubles)) => {
                match self.own_values(first, entry) {
                    Some(values) => edits.extend(values),
                    None => edits.push((first.span.clone(), self.layout_of(first.span.start).write(entry))),
                }
                edits.extend(doubles.iter().map(|double| (double.span.clone(), Vec::new())));
                replaced.extend(same_slot.iter().filter(|found| !self.is_ours(found)).map(|found| self.name_of(found)));
            }
            None => {
                let (range, bytes, closes) = self.insertion(entry);
                closed_root = closes;
                edits.push((range, bytes));
            }
        }
        let mut bytes = self.text.to_vec();
        edits.sort_by_key(|(range, _)| range.start);
        for (range, new) in edits.into_iter().rev() {
            bytes.splice(range, new);
        }
        let mut other_slots: Vec<u32> =
            self.entries.iter().filter_map(|found| found.slot).filter(|slot| *slot != entry.slot).collect();
        other_slots.sort_unstable();
        other_slots.dedup();
        Ok(Merged { bytes, replaced, other_slots, closed_root })
    }

    /// The values to replace in an entry that an earlier export made, or `None` where the whole entry has to go.
    fn own_values(&self, found: &Found, entry: &Entry) -> Option<Vec<(Range<usize>, Vec<u8>)>> {
        if !self.is_ours(found) {
            return None;
        }
        let opening = &self.tags[found.tags.start];
        let preview = self.tags[found.tags.clone()].iter().find(|tag| self.is(tag, b"PREVIEWIMAGE"))?;
        let body = self.texture(found, entry.body_texture.as_bytes())?;
        let layout = self.layout_of(found.span.start);
        Some(vec![
            (markup::attribute(self.text, opening, b"NAME")?, layout.escape(&entry.name)),
            (markup::attribute(self.text, preview, b"PATH")?, layout.escape(&entry.preview_path)),
            (markup::attribute(self.text, body, b"PATH")?, layout.escape(&entry.body_path)),
        ])
    }

    /// Whether an earlier export made the entry: a texture of it lies in a folder of ours.
    fn is_ours(&self, found: &Found) -> bool {
        self.tags[found.tags.clone()]
            .iter()
            .filter(|tag| self.is(tag, b"TEXTURE"))
            .filter_map(|tag| markup::attribute(self.text, tag, b"PATH"))
            .any(|path| self.text[path].starts_with(FOLDER_PREFIX.as_bytes()))
    }

    fn is(&self, tag: &Tag, name: &[u8]) -> bool {
        self.text[tag.name.clone()] == *name
    }

    fn texture(&self, found: &Found, wanted: &[u8]) -> Option<&Tag> {
        self.tags[found.tags.clone()].iter().find(|tag| {
            self.is(tag, b"TEXTURE")
                && markup::attribute(self.text, tag, b"NAME").is_some_and(|name| self.text[name] == *wanted)
        })
    }

    fn name_of(&self, found: &Found) -> String {
        let name = markup::attribute(self.text, &self.tags[found.tags.start], b"NAME");
        name.map_or_else(|| "(no name)".into(), |at| String::from_utf8_lossy(&self.text[at]).into_owned())
    }

    /// Where a new entry goes, its bytes, and whether they add a root tag that was missing.
    fn insertion(&self, entry: &Entry) -> (Range<usize>, Vec<u8>, bool) {
        let layout = self.layout_of_list();
        let lines = |bytes: &mut Vec<u8>| {
            bytes.extend(&layout.outer);
            bytes.extend(layout.write(entry));
            bytes.extend(layout.newline);
        };
        let root = |kind| self.tags.iter().rev().find(move |tag| self.is(tag, ROOT) && tag.kind == kind);
        let mut bytes = Vec::new();
        if let Some(closing) = root(TagKind::Close) {
            // Before the closing tag's own line, or right before the tag where something else stands there.
            let indent = markup::indent_before(self.text, closing.span.start);
            let at = closing.span.start - indent.map_or(0, <[u8]>::len);
            if indent.is_none() {
                bytes.extend(layout.newline);
            }
            lines(&mut bytes);
            return (at..at, bytes, false);
        }
        if let Some(empty) = root(TagKind::Empty) {
            bytes.push(b'>');
            bytes.extend(layout.newline);
            lines(&mut bytes);
            bytes.extend(b"</USER_OVERRIDES>");
            return (empty.span.end - 2..empty.span.end, bytes, false);
        }
        if !self.text.ends_with(b"\n") {
            bytes.extend(layout.newline);
        }
        if root(TagKind::Open).is_none() {
            bytes.extend(b"<USER_OVERRIDES>");
            bytes.extend(layout.newline);
        }
        lines(&mut bytes);
        bytes.extend(b"</USER_OVERRIDES>");
        bytes.extend(layout.newline);
        let end = self.text.len();
        (end..end, bytes, true)
    }

    fn layout_of_list(&self) -> Layout {
        let last = self.entries.iter().rev().find_map(|found| {
            markup::indent_before(self.text, found.span.start).map(|indent| (indent, self.inner_indent(found)))
        });
        let (outer, inner) = last.unwrap_or((b"    ", None));
        self.layout(outer.to_vec(), inner)
    }

    fn layout_of(&self, entry_start: usize) -> Layout {
        let outer = markup::indent_before(self.text, entry_start).unwrap_or(b"    ").to_vec();
        let found = self.entries.iter().find(|found| found.span.start == entry_start);
        self.layout(outer, found.and_then(|found| self.inner_indent(found)))
    }

    fn inner_indent(&self, found: &Found) -> Option<Vec<u8>> {
        let child = &self.tags[found.tags.clone()].get(1)?;
        markup::indent_before(self.text, child.span.start).map(<[u8]>::to_vec)
    }

    fn layout(&self, outer: Vec<u8>, inner: Option<Vec<u8>>) -> Layout {
        let inner = inner.unwrap_or_else(|| {
            let step: &[u8] = if outer.contains(&b'\t') { b"\t" } else { b"    " };
            [outer.as_slice(), step].concat()
        });
        let newlines = self.text.iter().filter(|b| **b == b'\n').count();
        let with_return = self.text.windows(2).filter(|pair| pair == b"\r\n").count();
        let newline: &[u8] = if with_return * 2 > newlines { b"\r\n" } else { b"\n" };
        Layout { outer, inner, newline, utf8: is_utf8(self.text) }
    }
}

/// Whether text above ASCII may be written as UTF-8: valid so far, and nothing else declared.
fn is_utf8(text: &[u8]) -> bool {
    if str::from_utf8(text).is_err() {
        return false;
    }
    let start = text.strip_prefix(UTF8_BOM).unwrap_or(text);
    let declaration = markup::find(start, 0, b"?>").filter(|_| start.starts_with(b"<?xml")).unwrap_or(0);
    let declared = String::from_utf8_lossy(&start[..declaration]).to_ascii_lowercase();
    match declared.split_once("encoding") {
        Some((_, encoding)) => encoding.contains("utf-8") || encoding.contains("utf8") || encoding.contains("us-ascii"),
        None => true,
    }
}

/// How the list is written: indentation, line ends and what its encoding can hold.
struct Layout {
    outer: Vec<u8>,
    inner: Vec<u8>,
    newline: &'static [u8],
    utf8: bool,
}

impl Layout {
    /// The entry from its `<` to its last `>`; the indentation of its first line is there already.
    fn write(&self, entry: &Entry) -> Vec<u8> {
        let mut out = Vec::new();
        let mut put = |parts: &[&[u8]]| parts.iter().for_each(|part| out.extend_from_slice(part));
        let slot = entry.slot.to_string();
        let (name, base) = (self.escape(&entry.name), self.escape(&entry.base_livery));
        let (preview, body) = (self.escape(&entry.preview_path), self.escape(&entry.body_path));
        let texture = self.escape(&entry.body_texture);
        put(&[b"<LIVERY_OVERRIDE LIVERY=\"", slot.as_bytes(), b"\" NAME=\"", &name, b"\" BASELIVERY=\"", &base, b"\">"]);
        put(&[self.newline, &self.inner, b"<PREVIEWIMAGE PATH=\"", &preview, b"\" />"]);
        put(&[self.newline, &self.inner, b"<TEXTURE NAME=\"", &texture, b"\" PATH=\"", &body, b"\" />"]);
        put(&[self.newline, &self.outer, b"</LIVERY_OVERRIDE>"]);
        out
    }

    /// Text as an attribute value. What the file's encoding may not hold becomes a character reference.
    fn escape(&self, text: &str) -> Vec<u8> {
        let mut out = Vec::new();
        for c in text.chars() {
            match c {
                '&' => out.extend(b"&amp;"),
                '<' => out.extend(b"&lt;"),
                '>' => out.extend(b"&gt;"),
                '"' => out.extend(b"&quot;"),
                c if c.is_control() => out.push(b' '),
                c if c.is_ascii() || self.utf8 => out.extend(c.encode_utf8(&mut [0; 4]).as_bytes()),
                c => out.extend(format!("&#{};", u32::from(c)).as_bytes()),
            }
        }
        out
    }
}

#[cfg(test)]
#[path = "overrides_tests.rs"]
mod tests;
