//! Looking at what a livery is made of, not at how it looks: false colours in place of light.

use crate::names;
use bevy::render::render_resource::PolygonMode;
use std::fmt;
use std::str::FromStr;

/// What the car shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Inspection {
    /// Its paint, in its light.
    #[default]
    Paint,
    /// Finish by texel, in the channels of spec maps: red is metal, green roughness, blue missing clear coat.
    Finish,
    /// Squares, a thirty-second of the livery wide, whose hue runs across it and whose lightness runs down.
    Checker,
    /// A colour for each part.
    Parts,
    /// The mesh's edges.
    Wires,
    /// Texels of the livery per metre: blue 100, green 400, red 1600.
    Density,
}

impl Inspection {
    /// All, in the order in which they are offered.
    pub const ALL: [Self; 6] = [Self::Paint, Self::Finish, Self::Checker, Self::Parts, Self::Wires, Self::Density];

    /// The name for people.
    pub fn label(self) -> &'static str {
        match self {
            Self::Paint => "Paint",
            Self::Finish => "Finish",
            Self::Checker => "UV checker",
            Self::Parts => "Parts",
            Self::Wires => "Wireframe",
            Self::Density => "Density",
        }
    }

    /// What its colours mean, in a sentence.
    pub fn legend(self) -> &'static str {
        match self {
            Self::Paint => "The livery in its finish and its light.",
            Self::Finish => "Red is metal, green is roughness, blue is where the clear coat is missing, as in spec maps.",
            Self::Checker => "Squares a thirty-second of the livery wide; the hue runs across it, the lightness down.",
            Self::Parts => "Each part of the car has a colour of its own.",
            Self::Wires => "The edges of the mesh as it is drawn.",
            Self::Density => "Texels per metre of this livery: blue is 100, green 400, red 1600.",
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Paint => "paint",
            Self::Finish => "finish",
            Self::Checker => "checker",
            Self::Parts => "parts",
            Self::Wires => "wireframe",
            Self::Density => "density",
        }
    }

    /// What the shader calls it; nothing for paint.
    pub(crate) fn shader_def(self) -> Option<&'static str> {
        match self {
            Self::Paint => None,
            Self::Finish => Some("INSPECTS_FINISH"),
            Self::Checker => Some("INSPECTS_CHECKER"),
            Self::Parts => Some("INSPECTS_PARTS"),
            Self::Wires => Some("INSPECTS_WIRES"),
            Self::Density => Some("INSPECTS_DENSITY"),
        }
    }

    pub(crate) fn polygon_mode(self) -> PolygonMode {
        if self == Self::Wires { PolygonMode::Line } else { PolygonMode::Fill }
    }

    /// Whether a device can draw it.
    pub(crate) fn check(self, features: wgpu::Features) -> Result<(), NoLines> {
        let possible = self != Self::Wires || features.contains(wgpu::Features::POLYGON_MODE_LINE);
        if possible { Ok(()) } else { Err(NoLines) }
    }
}

/// A device that can't draw what is to be inspected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this graphics device draws no lines, so there is no wireframe: choose another of the false colours")]
pub struct NoLines;

impl fmt::Display for Inspection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Inspection {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        names::find(&Self::ALL, name, "there is nothing to inspect called")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_back_and_wrong_ones_are_told() {
        for inspection in Inspection::ALL {
            assert_eq!(inspection.to_string().parse(), Ok(inspection));
        }
        let refused = "paints".parse::<Inspection>().expect_err("there is no such thing");
        assert!(refused.contains("density") && refused.contains("paints"), "{refused}");
    }

    #[test]
    fn only_lines_need_a_feature() {
        let able = |features| Inspection::ALL.map(|inspection| inspection.check(features).is_ok());
        assert_eq!(able(wgpu::Features::POLYGON_MODE_LINE), [true; 6]);
        assert_eq!(able(wgpu::Features::empty()).iter().filter(|able| !**able).count(), 1);
    }
}
