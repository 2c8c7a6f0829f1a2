//! Choices by the names that they have on the command line.

use std::fmt::Display;

/// The choice with this name in whatever case; else a sentence that begins with `nothing` and ends with all names.
pub(crate) fn find<T: Copy + Display>(all: &[T], name: &str, nothing: &str) -> Result<T, String> {
    let names: Vec<String> = all.iter().map(T::to_string).collect();
    let place = names.iter().position(|known| known.eq_ignore_ascii_case(name));
    place.map(|place| all[place]).ok_or_else(|| format!("{nothing} \"{name}\": use {}", names.join(", ")))
}
