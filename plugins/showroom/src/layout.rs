//! Which views there are, how many of them a layout shows, and from where they look at first.

use bevy::prelude::*;
use gridvox_car::ViewPreset;

/// One of the views; the first is always shown.
#[derive(Component, Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct ViewId(u8);

impl ViewId {
    /// Number of views.
    pub const COUNT: usize = 8;
    /// The view that is always there.
    pub const FIRST: Self = Self(0);
    /// The one that shows the other side of a wipe.
    pub const SECOND: Self = Self(1);
    /// All, in order.
    pub const ALL: [Self; Self::COUNT] = [Self(0), Self(1), Self(2), Self(3), Self(4), Self(5), Self(6), Self(7)];

    /// The view at a place, counted from 0.
    pub fn new(index: usize) -> Option<Self> {
        Self::ALL.get(index).copied()
    }

    /// 0..[`Self::COUNT`].
    pub fn index(self) -> usize {
        usize::from(self.0)
    }
}

/// How many views are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum ViewLayout {
    /// One view.
    #[default]
    Single,
    /// Two views.
    Split,
    /// Four views: the corners of the car.
    Four,
    /// Eight views: once around the car.
    Eight,
    /// Two views in one place: the second sees what the first sees, for a line that wipes between two liveries.
    Wipe,
}

/// Groups of layouts; each keeps its own angles, so that a look at four views does not cost the one from before.
pub(crate) const ANGLE_SETS: usize = 3;

impl ViewLayout {
    /// The views that are shown, in reading order.
    pub fn views(self) -> &'static [ViewId] {
        const ALL: &[ViewId] = &ViewId::ALL;
        match self {
            Self::Single => &ALL[..1],
            Self::Split | Self::Wipe => &ALL[..2],
            Self::Four => &ALL[..4],
            Self::Eight => ALL,
        }
    }

    /// Whether a view is shown.
    pub fn shows(self, view: ViewId) -> bool {
        view.index() < self.views().len()
    }

    /// Which of the groups it belongs to.
    pub(crate) fn angle_set(self) -> usize {
        match self {
            Self::Single | Self::Split | Self::Wipe => 0,
            Self::Four => 1,
            Self::Eight => 2,
        }
    }

    /// From where its group's views look at first, in order.
    pub fn starts(self) -> &'static [ViewPreset] {
        use ViewPreset::{FrontLeft, FrontRight, RearLeft, RearRight};
        const AROUND: &[ViewPreset] = &ViewPreset::ALL;
        match self {
            Self::Single | Self::Split | Self::Wipe => &[FrontLeft, RearRight],
            Self::Four => &[FrontLeft, FrontRight, RearLeft, RearRight],
            Self::Eight => &AROUND[..8],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LAYOUTS: [ViewLayout; 5] =
        [ViewLayout::Single, ViewLayout::Split, ViewLayout::Four, ViewLayout::Eight, ViewLayout::Wipe];

    #[test]
    fn every_shown_view_has_an_angle_of_its_own() {
        for layout in LAYOUTS {
            let starts = layout.starts();
            assert!(starts.len() >= layout.views().len(), "{layout:?}");
            for (index, start) in starts.iter().enumerate() {
                assert!(!starts[..index].contains(start), "{layout:?} shows {start} twice");
            }
            assert!(layout.angle_set() < ANGLE_SETS);
            assert!(layout.shows(ViewId::FIRST));
        }
        assert_eq!(LAYOUTS.map(|layout| layout.views().len()), [1, 2, 4, 8, 2]);
    }

    #[test]
    fn eight_views_go_once_around_the_car() {
        let azimuths: Vec<f32> = ViewLayout::Eight.starts().iter().map(|start| start.azimuth_deg()).collect();
        assert_eq!(azimuths, [0.0, 45.0, 90.0, 135.0, 180.0, 225.0, 270.0, 315.0]);
    }
}
