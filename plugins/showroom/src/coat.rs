//! The paint finishes, as painters name them, and what each is made of.

use crate::finish::Surface;
use crate::names;
use bevy::math::Vec4;
use bevy::pbr::StandardMaterial;
use std::fmt;
use std::str::FromStr;

/// Slope of the waves in a race car's lacquer: enough to move a reflection's edge, too little to see by itself.
const ORANGE_PEEL: f32 = 0.0035;

/// How the paint of the whole car is finished, as painters name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum PaintFinish {
    /// Colour under thick, polished lacquer.
    #[default]
    Gloss,
    /// Lacquer with a soft sheen.
    Satin,
    /// Flat paint without lacquer.
    Matte,
    /// Metal flakes in the colour, under gloss lacquer.
    Metallic,
    /// Glass flakes over the colour whose own colour turns with the angle, under gloss lacquer.
    Pearl,
    /// Tinted, clear coats over silver, under gloss lacquer.
    Candy,
    /// Coloured mirror film.
    Chrome,
    /// Carbon fibre in twill, tinted by the livery, under gloss lacquer.
    Carbon,
    /// Vinyl film.
    Wrap,
}

impl PaintFinish {
    /// All, in the order in which they are offered.
    pub const ALL: [Self; 9] = [
        Self::Gloss,
        Self::Satin,
        Self::Matte,
        Self::Metallic,
        Self::Pearl,
        Self::Candy,
        Self::Chrome,
        Self::Carbon,
        Self::Wrap,
    ];

    /// The name for people.
    pub fn label(self) -> &'static str {
        match self {
            Self::Gloss => "Gloss",
            Self::Satin => "Satin",
            Self::Matte => "Matte",
            Self::Metallic => "Metallic",
            Self::Pearl => "Pearl",
            Self::Candy => "Candy",
            Self::Chrome => "Chrome",
            Self::Carbon => "Carbon",
            Self::Wrap => "Wrap",
        }
    }

    /// The name on the command line.
    pub fn name(self) -> String {
        self.label().to_lowercase()
    }

    pub(crate) fn coat(self) -> Coat {
        let gloss = Coat {
            roughness: 0.45,
            metallic: 0.0,
            lacquer: 1.0,
            lacquer_roughness: 0.03,
            flakes: 0.0,
            glint: 0.0,
            pearl: 0.0,
            candy: 0.0,
            weave: false,
            orange_peel: ORANGE_PEEL,
        };
        match self {
            Self::Gloss => gloss,
            Self::Satin => Coat { lacquer: 0.8, lacquer_roughness: 0.42, orange_peel: 0.0, ..gloss },
            // a trace of lacquer keeps the shader that is compiled already
            Self::Matte => Coat { roughness: 0.85, lacquer: 0.001, lacquer_roughness: 1.0, orange_peel: 0.0, ..gloss },
            Self::Metallic => Coat { roughness: 0.38, flakes: 0.7, glint: 0.7, ..gloss },
            Self::Pearl => Coat { roughness: 0.36, glint: 0.45, pearl: 0.6, ..gloss },
            Self::Candy => Coat { roughness: 0.32, flakes: 0.95, glint: 0.4, candy: 1.0, ..gloss },
            Self::Chrome => Coat { roughness: 0.1, metallic: 1.0, lacquer: 0.001, ..gloss },
            Self::Carbon => Coat { weave: true, ..gloss },
            // the film's own surface mirrors, softer than lacquer and with a coarser texture
            Self::Wrap => Coat { roughness: 0.6, lacquer_roughness: 0.2, orange_peel: 2.0 * ORANGE_PEEL, ..gloss },
        }
    }

    /// Finishes a painted part.
    pub(crate) fn apply(self, base: &mut StandardMaterial, surface: &mut Surface) {
        let coat = self.coat();
        base.perceptual_roughness = coat.roughness;
        base.metallic = coat.metallic;
        base.clearcoat = coat.lacquer;
        base.clearcoat_perceptual_roughness = coat.lacquer_roughness;
        surface.flakes = coat.flakes;
        surface.glint = coat.glint;
        surface.pearl = coat.pearl;
        surface.candy = coat.candy;
        surface.orange_peel = coat.orange_peel;
    }
}

impl fmt::Display for PaintFinish {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name())
    }
}

impl FromStr for PaintFinish {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        names::find(&Self::ALL, name, "there is no finish")
    }
}

/// What a paint finish is made of: the colour's roughness and metal, the lacquer over it, and what lies between.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Coat {
    /// Of the colour, perceptual.
    pub roughness: f32,
    /// The colour is bare metal, 0..1.
    pub metallic: f32,
    /// Share of the surface under lacquer.
    pub lacquer: f32,
    /// Perceptual.
    pub lacquer_roughness: f32,
    /// Share of metal flakes in the colour.
    pub flakes: f32,
    /// How far flakes of any kind lie tilted, 0..1.
    pub glint: f32,
    /// Share of the surface that pearl flakes cover.
    pub pearl: f32,
    /// 1: the colour is a clear coat over silver.
    pub candy: f32,
    /// Carbon fibre below.
    pub weave: bool,
    /// Slope of the lacquer's waves.
    pub orange_peel: f32,
}

impl Coat {
    /// Paint as other parts mirror it: metal, roughness, lacquer, and 1 for a clear coat over silver, -1 for carbon fibre.
    pub fn as_mirrored(&self) -> Vec4 {
        Vec4::new(self.metallic.max(self.flakes), self.roughness, self.lacquer, self.candy - f32::from(u8::from(self.weave)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finishes_differ_as_painters_expect() {
        let coat = PaintFinish::coat;
        assert!(coat(PaintFinish::Satin).lacquer_roughness > coat(PaintFinish::Gloss).lacquer_roughness);
        assert!(coat(PaintFinish::Matte).lacquer < 0.01 && coat(PaintFinish::Matte).roughness > 0.7);
        assert!(coat(PaintFinish::Metallic).flakes > 0.5);
        assert!(coat(PaintFinish::Chrome).metallic == 1.0 && coat(PaintFinish::Chrome).roughness < 0.15);
        let wrap = coat(PaintFinish::Wrap).lacquer_roughness;
        assert!(wrap > coat(PaintFinish::Gloss).lacquer_roughness && wrap < coat(PaintFinish::Satin).lacquer_roughness);
        // every one has lacquer as far as the compiled shader is concerned, and only one is woven
        assert!(PaintFinish::ALL.into_iter().all(|finish| coat(finish).lacquer > 0.0));
        assert_eq!(PaintFinish::ALL.into_iter().filter(|finish| coat(*finish).weave).count(), 1);
    }

    #[test]
    fn a_finish_goes_by_its_name() {
        for finish in PaintFinish::ALL {
            assert_eq!(finish.name().parse(), Ok(finish));
            assert_eq!(finish.label().parse(), Ok(finish));
        }
        let refused = "glitter".parse::<PaintFinish>().expect_err("unknown");
        assert!(refused.contains("glitter") && refused.contains("candy"), "{refused}");
    }
}
