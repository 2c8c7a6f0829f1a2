//! Finding tags in XML that need not be well-formed.
//!
//! Community files carry stray `-->`, dashes inside comments, and unbalanced elements, which every XML parser refuses and
//! the game accepts. So this looks for the tags alone, by byte offset, and never builds a tree. Bytes above 127 are never
//! interpreted, which makes it right for UTF-8 and every Latin code page alike.

use std::ops::Range;

/// One tag: `<NAME ...>`, `</NAME>` or `<NAME ... />`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tag {
    pub kind: TagKind,
    pub name: Range<usize>,
    /// From `<` to after `>`.
    pub span: Range<usize>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TagKind {
    Open,
    Close,
    Empty,
}

/// Something opens and never closes, so nothing behind it can be trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Unclosed {
    pub what: &'static str,
    pub at: usize,
}

/// All tags outside comments, in order. Stray closing marks are text.
pub(crate) fn tags(text: &[u8]) -> Result<Vec<Tag>, Unclosed> {
    let mut tags = Vec::new();
    let mut at = 0;
    while let Some(start) = find(text, at, b"<") {
        let rest = &text[start..];
        let skipped = [("a comment", b"<!--".as_slice(), b"-->".as_slice()), ("a declaration", b"<?", b"?>")];
        if let Some((what, open, close)) = skipped.into_iter().find(|(_, open, _)| rest.starts_with(open)) {
            let end = find(text, start + open.len(), close).ok_or(Unclosed { what, at: start })?;
            at = end + close.len();
            continue;
        }
        let closing = rest.get(1) == Some(&b'/');
        let name_start = start + 1 + usize::from(closing);
        let name_len = text[name_start..].iter().take_while(|b| b.is_ascii_alphanumeric() || **b == b'_').count();
        if name_len == 0 {
            at = start + 1;
            continue;
        }
        let name = name_start..name_start + name_len;
        let end = tag_end(text, name.end).ok_or(Unclosed { what: "a tag", at: start })?;
        let kind = match (closing, text[end - 2]) {
            (true, _) => TagKind::Close,
            (false, b'/') => TagKind::Empty,
            (false, _) => TagKind::Open,
        };
        tags.push(Tag { kind, name, span: start..end });
        at = end;
    }
    Ok(tags)
}

/// Where the value of an attribute lies, without its quotes. Names are compared exactly, as XML does.
pub(crate) fn attribute(text: &[u8], tag: &Tag, wanted: &[u8]) -> Option<Range<usize>> {
    let end = tag.span.end - 1;
    let mut at = tag.name.end;
    let skip_blanks = |mut at: usize| {
        while at < end && text[at].is_ascii_whitespace() {
            at += 1;
        }
        at
    };
    loop {
        at = skip_blanks(at);
        let name_start = at;
        while at < end && !text[at].is_ascii_whitespace() && text[at] != b'=' {
            at += 1;
        }
        let name = &text[name_start..at];
        at = skip_blanks(at);
        if at >= end {
            return None;
        }
        if text[at] != b'=' {
            continue;
        }
        at = skip_blanks(at + 1);
        let quote = *text[..end].get(at)?;
        if quote != b'"' && quote != b'\'' {
            continue;
        }
        let value = at + 1..at + 1 + text[at + 1..end].iter().position(|b| *b == quote)?;
        at = value.end + 1;
        if name == wanted {
            return Some(value);
        }
    }
}

/// 1 for the first line.
pub(crate) fn line_of(text: &[u8], at: usize) -> usize {
    1 + text[..at].iter().filter(|b| **b == b'\n').count()
}

/// The blanks between the start of the line and `at`, or `None` where something else stands there too.
pub(crate) fn indent_before(text: &[u8], at: usize) -> Option<&[u8]> {
    let line = text[..at].iter().rposition(|b| *b == b'\n').map_or(0, |newline| newline + 1);
    let indent = &text[line..at];
    indent.iter().all(|b| matches!(b, b' ' | b'\t')).then_some(indent)
}

pub(crate) fn find(text: &[u8], from: usize, wanted: &[u8]) -> Option<usize> {
    text.get(from..)?.windows(wanted.len()).position(|window| window == wanted).map(|at| from + at)
}

/// After the tag's `>`. A `>` in quotes belongs to the value, unless the quotes turn out to be broken.
fn tag_end(text: &[u8], from: usize) -> Option<usize> {
    let mut quote = None;
    for (at, &byte) in text.iter().enumerate().skip(from) {
        match (quote, byte) {
            (None, b'>') => return Some(at + 1),
            // `<` may stand in no value, so a quote was left open: the nearest `>` has to do.
            (_, b'<') => break,
            (None, b'"' | b'\'') => quote = Some(byte),
            (Some(open), _) if open == byte => quote = None,
            _ => {}
        }
    }
    let nearest = find(text, from, b">")?;
    (!text[from..nearest].contains(&b'<')).then_some(nearest + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> Vec<(&str, TagKind)> {
        let tags = tags(text.as_bytes()).expect("nothing is left open");
        tags.into_iter().map(|tag| (&text[tag.name], tag.kind)).collect()
    }

    #[test]
    fn tags_are_found_among_debris() {
        use TagKind::{Close, Empty, Open};
        let text = "<?xml version=\"1.0\"?><A x='>' y=\"/>\">--><B/><!-- <C> -- <D> --></A> << 1 < 2 <!---->\n<E f=\"1\"  />";
        assert_eq!(names(text), [("A", Open), ("B", Empty), ("A", Close), ("E", Empty)]);
    }

    #[test]
    fn a_broken_quote_ends_at_the_next_bracket() {
        assert_eq!(names("<A n=\"12\" inch\"><B/>"), [("A", TagKind::Open), ("B", TagKind::Empty)]);
    }

    #[test]
    fn what_never_closes_is_reported() {
        assert_eq!(tags(b"<A>\n<!-- x -- >").map_err(|e| (e.what, e.at)), Err(("a comment", 4)));
        assert_eq!(tags(b"<A/>  <B c=\"1\"\n").map_err(|e| (e.what, e.at)), Err(("a tag", 6)));
        assert_eq!(tags(b"<A  <B>").map_err(|e| e.at), Err(0));
    }

    #[test]
    fn attributes_are_found_however_they_are_written() {
        let text = b"<T FULLNAME=\"no\" NAME = 'a \"b\"'\n\tPATH=\"x\\y.dds\" bare EMPTY=\"\"/>";
        let tag = &tags(text).expect("closed")[0];
        let value = |name: &str| attribute(text, tag, name.as_bytes()).map(|at| String::from_utf8_lossy(&text[at]).into_owned());
        assert_eq!(value("NAME").as_deref(), Some("a \"b\""));
        assert_eq!(value("PATH").as_deref(), Some("x\\y.dds"));
        assert_eq!(value("EMPTY").as_deref(), Some(""));
        assert_eq!((value("LIVERY"), value("name"), value("bare")), (None, None, None));
    }
}
