//! Lists of liveries as they are found in the wild, each with what must come out.

use super::*;
use proptest::prelude::*;

fn entry(slot: u32, name: &str) -> Entry {
    Entry {
        slot,
        name: name.into(),
        base_livery: "Default".into(),
        preview_path: format!("gridvox_{slot}_x\\preview.dds"),
        body_texture: "BODY".into(),
        body_path: format!("gridvox_{slot}_x\\body.dds"),
    }
}

fn merged(list: &str, entry: &Entry) -> String {
    let once = merge(Some(list.as_bytes()), entry).expect("can be merged");
    let twice = merge(Some(&once.bytes), entry).expect("can be merged again");
    assert_eq!(twice.bytes, once.bytes, "the second export changes nothing");
    assert!(twice.replaced.is_empty(), "our own entry is no stranger");
    String::from_utf8(once.bytes).expect("stays UTF-8")
}

fn refusal(list: &[u8], slot: u32) -> String {
    merge(Some(list), &entry(slot, "n")).expect_err("must be refused")
}

#[test]
fn a_new_list_is_complete() {
    let expected = "<?xml version=\"1.0\" encoding=\"utf-8\" ?>\n\
        <USER_OVERRIDES>\n    \
            <LIVERY_OVERRIDE LIVERY=\"51\" NAME=\"#06 A &amp; B &lt;&quot;quick&quot;&gt; é\" BASELIVERY=\"Default\">\n        \
                <PREVIEWIMAGE PATH=\"gridvox_51_x\\preview.dds\" />\n        \
                <TEXTURE NAME=\"BODY\" PATH=\"gridvox_51_x\\body.dds\" />\n    \
            </LIVERY_OVERRIDE>\n\
        </USER_OVERRIDES>\n";
    let new = merge(None, &entry(51, "#06 A & B <\"quick\"> é")).expect("nothing to merge with");
    assert_eq!(String::from_utf8(new.bytes).expect("UTF-8"), expected);
    assert_eq!(merged("", &entry(51, "#06 A & B <\"quick\"> é")), expected);
}

#[test]
fn an_entry_joins_others_in_their_layout() {
    let list = "\u{FEFF}<?xml version=\"1.0\" encoding=\"utf-8\"?>\r\n<USER_OVERRIDES>\r\n\
        \t<LIVERY_OVERRIDE LIVERY=\"52\" NAME=\"Other\" BASELIVERY=\"Matte\">\r\n\
        \t\t<TEXTURE NAME=\"BODY\" PATH=\"other\\body.dds\" />\r\n\
        \t</LIVERY_OVERRIDE> -->\r\n\
        \t<HELMET_OVERRIDE LIVERY=\"51\" BASEHELMET=\"DEFAULT\"></HELMET_OVERRIDE>\r\n\
        </USER_OVERRIDES>\r\n";
    let expected = list.replace(
        "</USER_OVERRIDES>",
        "\t<LIVERY_OVERRIDE LIVERY=\"51\" NAME=\"New\" BASELIVERY=\"Default\">\r\n\
         \t\t<PREVIEWIMAGE PATH=\"gridvox_51_x\\preview.dds\" />\r\n\
         \t\t<TEXTURE NAME=\"BODY\" PATH=\"gridvox_51_x\\body.dds\" />\r\n\
         \t</LIVERY_OVERRIDE>\r\n</USER_OVERRIDES>",
    );
    assert_eq!(merged(list, &entry(51, "New")), expected);
}

#[test]
fn examples_in_comments_are_left_alone() {
    let list = "<USER_OVERRIDES>\n<!-- ---- HOW TO -- replace \"##\" ----\n\
        <LIVERY_OVERRIDE LIVERY=\"51\" NAME=\"Example\"><TEXTURE NAME=\"BODY\" PATH=\"a\\b.dds\"/></LIVERY_OVERRIDE>\n\
        </USER_OVERRIDES> -->\n  <LIVERY_OVERRIDE LIVERY=\"##\" NAME=\"Spare\">\n  </LIVERY_OVERRIDE>\n</USER_OVERRIDES>";
    let out = merged(list, &entry(51, "New"));
    let (before, after) = out.split_once("  <LIVERY_OVERRIDE LIVERY=\"51\" NAME=\"New\"").expect("the entry is there");
    assert_eq!(list, format!("{before}{}", after.split_once("</LIVERY_OVERRIDE>\n").expect("closed").1));
}

#[test]
fn a_strangers_entry_of_the_slot_is_replaced_and_named() {
    let list = "<USER_OVERRIDES>\n  <LIVERY_OVERRIDE NAME='Team & Co' LIVERY=' 051 '>\n\
        \n    <TEXTURE NAME=\"SPEC\" PATH=\"t\\s.dds\"/>\n  </LIVERY_OVERRIDE><!-- mine -->\n\
        <LIVERY_OVERRIDE LIVERY=\"60\" NAME=\"x\"/>\n<LIVERY_OVERRIDE LIVERY=\"51\" NAME=\"Twin\" />\n</USER_OVERRIDES>";
    let result = merge(Some(list.as_bytes()), &entry(51, "New")).expect("merges");
    assert_eq!(result.replaced, ["Team & Co", "Twin"]);
    assert_eq!(result.other_slots, [60]);
    let expected = "<USER_OVERRIDES>\n  <LIVERY_OVERRIDE LIVERY=\"51\" NAME=\"New\" BASELIVERY=\"Default\">\n\
        \x20   <PREVIEWIMAGE PATH=\"gridvox_51_x\\preview.dds\" />\n\
        \x20   <TEXTURE NAME=\"BODY\" PATH=\"gridvox_51_x\\body.dds\" />\n  </LIVERY_OVERRIDE><!-- mine -->\n\
        <LIVERY_OVERRIDE LIVERY=\"60\" NAME=\"x\"/>\n\n</USER_OVERRIDES>";
    assert_eq!(merged(list, &entry(51, "New")), expected);
}

#[test]
fn what_a_painter_added_to_our_entry_stays() {
    let list = "<USER_OVERRIDES>\n <LIVERY_OVERRIDE LIVERY=\"51\" NAME=\"Old\" BASELIVERY=\"Matte\">\n\
        <!-- mine --> <PREVIEWIMAGE  PATH='gridvox_51_old\\preview.dds'/>\n\
        <TEXTURE NAME=\"WINDSCREEN\" PATH=\"banner.dds\" />\n\
        <TEXTURE PATH=\"gridvox_51_old\\body.dds\" NAME=\"BODY\" />\n </LIVERY_OVERRIDE>\n</USER_OVERRIDES>\n";
    let expected = list.replace("Old", "New").replace("gridvox_51_old", "gridvox_51_x");
    assert_eq!(merged(list, &entry(51, "New")), expected);
}

#[test]
fn a_missing_closing_tag_is_added() {
    let list = "<USER_OVERRIDES>\n    <LIVERY_OVERRIDE LIVERY=\"55\" NAME=\"x\"></LIVERY_OVERRIDE>";
    let result = merge(Some(list.as_bytes()), &entry(51, "New")).expect("merges");
    assert!(result.closed_root);
    let out = merged(list, &entry(51, "New"));
    assert!(out.starts_with(&format!("{list}\n    <LIVERY_OVERRIDE LIVERY=\"51\"")), "{out}");
    assert!(out.ends_with("    </LIVERY_OVERRIDE>\n</USER_OVERRIDES>\n"), "{out}");
}

#[test]
fn an_empty_root_is_opened() {
    let out = merged("<USER_OVERRIDES/>\n", &entry(51, "New"));
    assert!(out.starts_with("<USER_OVERRIDES>\n    <LIVERY_OVERRIDE LIVERY=\"51\""), "{out}");
    assert!(out.ends_with("</LIVERY_OVERRIDE>\n</USER_OVERRIDES>\n"), "{out}");
    let one_line = merged("<USER_OVERRIDES></USER_OVERRIDES>", &entry(51, "New"));
    assert!(one_line.starts_with("<USER_OVERRIDES>\n    <LIVERY_OVERRIDE"), "{one_line}");
    let comments = merged("<?xml version=\"1.0\"?>\n<!-- nothing yet -->", &entry(51, "New"));
    assert!(comments.contains("yet -->\n<USER_OVERRIDES>\n    <LIVERY_OVERRIDE"), "{comments}");
}

#[test]
fn other_encodings_keep_their_bytes_and_get_references() {
    for list in [
        b"<USER_OVERRIDES><!-- Andr\xE9 -->\n</USER_OVERRIDES>".as_slice(),
        b"<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><USER_OVERRIDES>\n</USER_OVERRIDES>",
    ] {
        let out = merge(Some(list), &entry(51, "José 🏁")).expect("merges").bytes;
        let at = markup::find(&out, 0, b"    <LIVERY").expect("there");
        let end = markup::find(&out, 0, b"</LIVERY_OVERRIDE>\n").expect("there") + 19;
        assert_eq!([&out[..at], &out[end..]].concat(), list);
        assert!(markup::find(&out, 0, b"NAME=\"Jos&#233; &#127937;\"").is_some());
    }
}

#[test]
fn what_cannot_be_changed_safely_is_refused_with_the_line() {
    assert!(refusal(b"\xFF\xFE<\0U\0", 51).contains("UTF-16"));
    assert!(refusal(b"<USER_OVERRIDES>\n\n<!-- never closed\n</USER_OVERRIDES>", 51).contains("a comment in line 3"));
    assert!(refusal(b"<USER_OVERRIDES>\n<LIVERY_OVERRIDE LIVERY=\"51\"\n", 51).contains("a tag in line 2"));
    assert!(refusal(b"<html><body>404</body></html>", 51).contains("USER_OVERRIDES"));
    assert!(refusal(b"just words", 51).contains("no list"));
    let open = b"<USER_OVERRIDES>\n<LIVERY_OVERRIDE LIVERY=\"51\">\n<LIVERY_OVERRIDE LIVERY=\"52\"></LIVERY_OVERRIDE></USER_OVERRIDES>";
    assert!(refusal(open, 51).contains("livery 51 that starts in line 2"));
    assert!(merge(Some(open), &entry(52, "n")).is_ok(), "somebody else's mistake is not in the way");
}

/// Pieces of the lists that players have, well-formed or not.
fn piece() -> impl Strategy<Value = String> {
    let texts = [
        "<!-- a -- b --- -->", "-->", "\r\n", "\n\t", " text & more ", "<< 1 ", "é", "<HELMET_OVERRIDE LIVERY=\"51\"/>",
        "<LIVERY_OVERRIDE LIVERY=\"##\" NAME=\"spare\">", "</LIVERY_OVERRIDE>", "<!-- <LIVERY_OVERRIDE LIVERY=\"51\"> -->",
    ];
    prop_oneof![
        prop::sample::select(texts.to_vec()).prop_map(str::to_owned),
        (52..60u32, "[a-z\"' >]{0,8}").prop_map(|(slot, name)| {
            let name = name.replace('"', "'");
            format!("<LIVERY_OVERRIDE LIVERY=\"{slot}\" NAME=\"{name}\">\n<TEXTURE NAME=\"BODY\" PATH=\"x\"/>\n</LIVERY_OVERRIDE>")
        }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn bytes_outside_the_entry_never_change(
        before in prop::collection::vec(piece(), 0..8),
        after in prop::collection::vec(piece(), 0..8),
        has_entry in any::<bool>(),
        name in "\\PC{0,20}",
    ) {
        let mark = "<LIVERY_OVERRIDE LIVERY=\"51\" NAME=\"stranger\"></LIVERY_OVERRIDE>";
        let (before, after) = (before.concat(), after.concat());
        let (head, tail) = (format!("<USER_OVERRIDES>{before}"), format!("{after}</USER_OVERRIDES>\n"));
        let list = format!("{head}{}{tail}", if has_entry { mark } else { "" });
        let Ok(result) = merge(Some(list.as_bytes()), &entry(51, &name)) else {
            return Err(TestCaseError::reject("an open entry swallowed the slot"));
        };
        let out = String::from_utf8(result.bytes.clone()).expect("UTF-8 stays UTF-8");
        if has_entry && !result.replaced.is_empty() {
            prop_assert!(out.starts_with(&head), "{}", out);
            prop_assert!(out.ends_with(&tail), "{}", out);
        } else {
            // One insertion and nothing else: what both share at the start and at the end is the whole list.
            let same = |pair: &(u8, u8)| pair.0 == pair.1;
            let start = list.bytes().zip(out.bytes()).take_while(same).count();
            let end = list.bytes().rev().zip(out.bytes().rev()).take_while(same).count();
            prop_assert!(start + end >= list.len(), "{}\n became\n{}", list, out);
        }
        let again = merge(Some(&result.bytes), &entry(51, &name)).expect("merges again");
        prop_assert_eq!(again.bytes, result.bytes);
    }

    #[test]
    fn any_bytes_are_merged_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        if let Ok(result) = merge(Some(&bytes), &entry(51, "n")) {
            prop_assert!(markup::find(&result.bytes, 0, b"LIVERY=\"51\"").is_some());
        }
    }
}
