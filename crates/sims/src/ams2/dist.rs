//! What the game says about a car in `<car>_dist.xml`: its base liveries and their textures.
//!
//! They stand as prose in a comment:
//!
//! ```text
//! AVAILABLE BASE LIVERIES
//!     Default: Default body only skin
//!         Available textures:
//!             BODY       - the main external body paint texture
//!                        - 4096 x 4096
//! ```

/// One base livery of a car.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BaseLivery {
    pub name: String,
    /// Names of the textures that a livery may replace.
    pub textures: Vec<String>,
}

/// Reads the base liveries; empty where the text has another form.
pub(crate) fn base_liveries(text: &[u8]) -> Vec<BaseLivery> {
    let text = String::from_utf8_lossy(text);
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let mut found: Vec<BaseLivery> = Vec::new();
    for (line, next) in lines.iter().zip(lines.iter().skip(1)) {
        if let Some((name, _)) = line.split_once(':')
            && is_name(name)
            && next.to_ascii_lowercase().starts_with("available textures")
        {
            found.push(BaseLivery { name: name.to_owned(), textures: Vec::new() });
        }
        if line.starts_with("EXAMPLES") {
            break;
        }
        if let Some((name, _)) = line.split_once('-')
            && let Some(base) = found.last_mut()
            && is_name(name.trim_end())
            && name.chars().all(|c| !c.is_ascii_lowercase())
        {
            base.textures.push(name.trim_end().to_owned());
        }
    }
    found
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base_liveries_are_read_from_the_comment() {
        let text = b"<?xml version=\"1.0\"?>\r\n<USER_OVERRIDES>\r\n<!--\r\n eg: something\r\n\
            A NAME attribute must be set\r\nAVAILABLE BASE LIVERIES\r\n=====\r\n\r\n\
            \t\t  Default: the plain one\r\n   Available textures: \r\n      BODY        - outside paint\r\n\
            \t\t\t  - 4096 x 4096\r\n  - DXT1 with MIPs\r\n   SPEC \t- specular map\r\n\r\n\
            Matte: flat\r\n  Available textures:\r\n  BODY - paint\r\n EXAMPLES-->\r\n\
            <!-- Other: no\r\n Available textures: -->\r\n</USER_OVERRIDES>";
        let found = base_liveries(text);
        let names: Vec<_> = found.iter().map(|base| (base.name.as_str(), base.textures.join(" "))).collect();
        assert_eq!(names, [("Default", "BODY SPEC".to_owned()), ("Matte", "BODY".to_owned())]);
        assert!(base_liveries(b"<USER_OVERRIDES/>").is_empty());
        assert!(base_liveries(b"\xFF\xFE\x00").is_empty());
    }
}
