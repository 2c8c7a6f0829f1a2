//! Where the panels lie: three sides around the views, each with groups of panels that share a place as tabs.
//!
//! The views are no panel: they take what the sides leave, so nothing can be dropped over them. Sides are as wide as the
//! painter made them, in points, whatever the window's size. This is the model alone; `panels::docking` draws it.

use bevy_egui::egui::{Pos2, Rect, pos2, vec2};
use serde::{Deserialize, Serialize};

/// Space between two places, in points; it is the grip that resizes them.
pub const GRIP: f32 = 5.0;
/// Height of a group's tabs.
pub const TABS: f32 = 34.0;
/// Windows lower than this start with one group a side.
const TALL_WINDOW: f32 = 820.0;
/// How wide a column, and how high the bottom, can be.
const COLUMN: (f32, f32) = (280.0, 560.0);
const BOTTOM: (f32, f32) = (140.0, 480.0);
/// What the views keep at least.
const CENTRE: (f32, f32) = (320.0, 220.0);
/// The smallest share of a side that a group can have.
const LEAST_SHARE: f32 = 0.12;
/// A drop this near to an edge of the views begins a column there.
const EDGE: f32 = 110.0;

/// A panel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PanelId {
    /// Photos and the button that makes a livery of them.
    Photo,
    /// Which car is on stage.
    Car,
    /// How the paint is finished.
    Finish,
    /// The light around the car.
    Light,
    /// Lens and backdrop of a view.
    View,
    /// The newest livery beside a kept one.
    Compare,
    /// Scores of the finished livery.
    Result,
    /// The package for the simulator.
    Export,
    /// Pictures of the car.
    Picture,
}

impl PanelId {
    /// All, in the menu's order.
    pub const ALL: [Self; 9] = [
        Self::Photo,
        Self::Car,
        Self::Finish,
        Self::Light,
        Self::View,
        Self::Compare,
        Self::Result,
        Self::Export,
        Self::Picture,
    ];

    /// Its name for people.
    pub fn title(self) -> &'static str {
        match self {
            Self::Photo => "Photo",
            Self::Car => "Car",
            Self::Finish => "Finish",
            Self::Light => "Light",
            Self::View => "View",
            Self::Compare => "Compare",
            Self::Result => "Result",
            Self::Export => "Export",
            Self::Picture => "Picture",
        }
    }

    /// The side that it opens on.
    fn home(self) -> Side {
        match self {
            Self::Photo | Self::Car | Self::Finish | Self::Light => Side::Left,
            Self::View | Self::Compare | Self::Result | Self::Export | Self::Picture => Side::Right,
        }
    }
}

/// A side of the views.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Side {
    /// A column at the left.
    Left,
    /// A column at the right.
    Right,
    /// A row below the views, between the columns.
    Bottom,
}

impl Side {
    /// All.
    pub const ALL: [Self; 3] = [Self::Left, Self::Right, Self::Bottom];

    /// Its name for people, as in "Move to the left".
    pub fn title(self) -> &'static str {
        match self {
            Self::Left => "left",
            Self::Right => "right",
            Self::Bottom => "bottom",
        }
    }
}

/// Panels in one place, of which one is in front.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Group {
    /// The panels in the order of their tabs; at least one.
    pub tabs: Vec<PanelId>,
    /// The one in front, which is one of them.
    pub front: PanelId,
    /// Share of the side's length, 0..1; those of a side sum up to 1.
    pub share: f32,
}

/// One side.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Zone {
    /// Width of a column or height of the bottom, in points.
    pub size: f32,
    /// From the top, or from the left.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<Group>,
}

/// The whole layout. A panel that is in no group is closed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Dock {
    /// The left column.
    pub left: Zone,
    /// The right column.
    pub right: Zone,
    /// The row at the bottom.
    pub bottom: Zone,
}

/// Where a panel can be moved to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// As the last tab of a group.
    Tab(Side, usize),
    /// As a group of its own, before the one with this number; their count puts it last.
    Group(Side, usize),
}

/// A change of the layout.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum DockChange {
    /// Moves a panel.
    Move(PanelId, Place),
    /// Opens a panel, or brings it to the front of its group.
    Show(PanelId),
    /// Closes a panel.
    Close(PanelId),
    /// Makes a side so large, in points.
    Resize(Side, f32),
    /// Moves the border after a group: its new share of the side's length.
    Divide(Side, usize, f32),
    /// Back to the layout that the studio comes with.
    Reset,
}

/// Where everything lies in a window.
#[derive(Debug, Clone, PartialEq)]
pub struct Places {
    /// What is left for the views.
    pub centre: Rect,
    /// The groups, tabs and all.
    pub groups: Vec<(Side, usize, Rect)>,
    /// Grips along the sides.
    pub sides: Vec<(Side, Rect)>,
    /// Grips after groups, with the rectangle that both groups share.
    pub borders: Vec<(Side, usize, Rect, Rect)>,
}

fn group(tabs: &[PanelId], share: f32) -> Group {
    Group { tabs: tabs.to_vec(), front: tabs[0], share }
}

impl Dock {
    /// The layout that the studio comes with: in a tall window what belongs to one step is in sight at once, in a low one
    /// each panel has the whole side.
    pub fn standard(window_height: f32) -> Self {
        use PanelId::{Car, Compare, Export, Finish, Light, Photo, Picture, Result, View};
        let (left, right) = if window_height >= TALL_WINDOW {
            (
                vec![group(&[Photo], 0.58), group(&[Car, Finish, Light], 0.42)],
                vec![group(&[View, Compare], 0.48), group(&[Result, Export, Picture], 0.52)],
            )
        } else {
            (vec![group(&[Photo, Car, Finish, Light], 1.0)], vec![group(&[View, Compare, Result, Export, Picture], 1.0)])
        };
        let zone = |size, groups| Zone { size, groups };
        Self { left: zone(320.0, left), right: zone(308.0, right), bottom: zone(240.0, Vec::new()) }
    }

    /// A side.
    pub fn zone(&self, side: Side) -> &Zone {
        match side {
            Side::Left => &self.left,
            Side::Right => &self.right,
            Side::Bottom => &self.bottom,
        }
    }

    fn zone_mut(&mut self, side: Side) -> &mut Zone {
        match side {
            Side::Left => &mut self.left,
            Side::Right => &mut self.right,
            Side::Bottom => &mut self.bottom,
        }
    }

    /// Where a panel is; `None` while it is closed.
    pub fn find(&self, panel: PanelId) -> Option<(Side, usize)> {
        Side::ALL.into_iter().find_map(|side| {
            let group = self.zone(side).groups.iter().position(|group| group.tabs.contains(&panel))?;
            Some((side, group))
        })
    }

    /// Whether a panel is open and in front of its group.
    pub fn shows(&self, panel: PanelId) -> bool {
        self.find(panel).is_some_and(|(side, group)| self.zone(side).groups[group].front == panel)
    }

    /// Changes the layout; [`DockChange::Reset`] is the caller's. False where nothing changes.
    pub fn change(&mut self, change: DockChange) -> bool {
        let before = self.clone();
        match change {
            DockChange::Move(panel, place) => self.put(panel, place),
            DockChange::Show(panel) => match self.find(panel) {
                Some((side, group)) => self.zone_mut(side).groups[group].front = panel,
                None => {
                    let side = panel.home();
                    let count = self.zone(side).groups.len();
                    self.put(panel, if count > 0 { Place::Tab(side, count - 1) } else { Place::Group(side, 0) });
                }
            },
            DockChange::Close(panel) => self.take(panel),
            DockChange::Resize(side, size) if size.is_finite() => {
                let (least, most) = limits(side);
                self.zone_mut(side).size = size.clamp(least, most).round();
            }
            DockChange::Divide(side, first, share) => {
                if let Some([above, below]) = self.zone_mut(side).groups.get_mut(first..first + 2) {
                    let both = above.share + below.share;
                    let least = LEAST_SHARE.min(both * 0.5);
                    above.share = share.clamp(least, both - least);
                    below.share = both - above.share;
                }
            }
            DockChange::Resize(..) | DockChange::Reset => {}
        }
        self.tidy();
        *self != before
    }

    fn put(&mut self, panel: PanelId, place: Place) {
        // the place is named before the panel leaves its old one, whose group may go with it
        let (side, index) = match place {
            Place::Tab(side, index) | Place::Group(side, index) => (side, index),
        };
        let exists = index < self.zone(side).groups.len();
        let alone = self.find(panel).is_some_and(|(side, group)| self.zone(side).groups[group].tabs.len() == 1);
        match place {
            Place::Tab(..) if exists => {
                // its own group may be the one: then the tab goes to the end
                self.take(panel);
                let group = &mut self.zone_mut(side).groups[index];
                group.tabs.push(panel);
                group.front = panel;
            }
            Place::Tab(..) => {}
            Place::Group(..) => {
                let here = self.find(panel);
                if alone && here.is_some_and(|(at, group)| at == side && (group == index || group + 1 == index)) {
                    // it is there already
                    return;
                }
                self.take(panel);
                let zone = self.zone_mut(side);
                let count = zone.groups.iter().filter(|group| !group.tabs.is_empty()).count() as f32;
                let share = 1.0 / (count + 1.0);
                for group in &mut zone.groups {
                    group.share *= 1.0 - share;
                }
                zone.groups.insert(index.min(zone.groups.len()), self::group(&[panel], share));
            }
        }
    }

    /// Leaves a group that may be empty now, for [`Self::tidy`].
    fn take(&mut self, panel: PanelId) {
        if let Some((side, index)) = self.find(panel) {
            let group = &mut self.zone_mut(side).groups[index];
            let tab = group.tabs.iter().position(|tab| *tab == panel).unwrap_or(0);
            group.tabs.remove(tab);
            if group.front == panel {
                group.front = group.tabs.get(tab.min(group.tabs.len().saturating_sub(1))).copied().unwrap_or(panel);
            }
        }
    }

    /// No empty groups; shares sum up to 1.
    fn tidy(&mut self) {
        for side in Side::ALL {
            let groups = &mut self.zone_mut(side).groups;
            groups.retain(|group| !group.tabs.is_empty());
            let sum: f32 = groups.iter().map(|group| group.share).sum();
            if (sum - 1.0).abs() > 1e-4 {
                groups.iter_mut().for_each(|group| group.share /= sum);
            }
        }
    }

    /// The layout as it is shown, or what is wrong with it.
    pub fn checked(mut self) -> Result<Self, String> {
        let mut seen = Vec::new();
        for side in Side::ALL {
            let (least, most) = limits(side);
            let zone = self.zone_mut(side);
            if !zone.size.is_finite() {
                return Err(format!("the {} has no size", side.title()));
            }
            zone.size = zone.size.clamp(least, most);
            for group in &mut zone.groups {
                if group.tabs.is_empty() || !(group.share > 0.0 && group.share <= 1.0) {
                    return Err(format!("a group at the {} is empty", side.title()));
                }
                for tab in &group.tabs {
                    if seen.contains(tab) {
                        return Err(format!("the panel {} is there twice", tab.title()));
                    }
                    seen.push(*tab);
                }
                if !group.tabs.contains(&group.front) {
                    group.front = group.tabs[0];
                }
            }
        }
        self.tidy();
        Ok(self)
    }

    /// Where everything lies; sides in `hidden` leave their room to the views.
    pub fn places(&self, area: Rect, hidden: &[Side]) -> Places {
        let size = |side: Side| {
            let zone = self.zone(side);
            if zone.groups.is_empty() || hidden.contains(&side) { 0.0 } else { zone.size }
        };
        // in a small window the sides give way, both by the same share
        let (mut left, mut right) = (size(Side::Left), size(Side::Right));
        let grips = |count: usize| GRIP * count as f32;
        let room = (area.width() - CENTRE.0 - grips(2)).max(0.0);
        if left + right > room {
            let share = room / (left + right);
            (left, right) = ((left * share).floor(), (right * share).floor());
        }
        let bottom = size(Side::Bottom).min((area.height() - CENTRE.1 - GRIP).max(0.0)).floor();

        let mut places = Places { centre: area, groups: Vec::new(), sides: Vec::new(), borders: Vec::new() };
        if left > 0.0 {
            let (column, rest) = places.centre.split_left_right_at_x(area.left() + left);
            let (grip, rest) = rest.split_left_right_at_x(rest.left() + GRIP);
            places.centre = rest;
            places.sides.push((Side::Left, grip));
            self.divide(Side::Left, column, &mut places);
        }
        if right > 0.0 {
            let (rest, column) = places.centre.split_left_right_at_x(area.right() - right);
            let (rest, grip) = rest.split_left_right_at_x(rest.right() - GRIP);
            places.centre = rest;
            places.sides.push((Side::Right, grip));
            self.divide(Side::Right, column, &mut places);
        }
        if bottom > 0.0 {
            let (rest, row) = places.centre.split_top_bottom_at_y(area.bottom() - bottom);
            let (rest, grip) = rest.split_top_bottom_at_y(rest.bottom() - GRIP);
            places.centre = rest;
            places.sides.push((Side::Bottom, grip));
            self.divide(Side::Bottom, row, &mut places);
        }
        places
    }

    /// Lays the groups of a side one after the other.
    fn divide(&self, side: Side, rect: Rect, places: &mut Places) {
        let groups = &self.zone(side).groups;
        let across = side == Side::Bottom;
        let (start, length) = if across { (rect.left(), rect.width()) } else { (rect.top(), rect.height()) };
        let free = (length - GRIP * (groups.len().max(1) - 1) as f32).max(0.0);
        let part = |from: f32, to: f32| match across {
            true => Rect::from_min_max(pos2(from, rect.top()), pos2(to, rect.bottom())),
            false => Rect::from_min_max(pos2(rect.left(), from), pos2(rect.right(), to)),
        };
        let mut at = start;
        for (index, group) in groups.iter().enumerate() {
            let last = index + 1 == groups.len();
            let end = if last { start + length } else { (at + free * group.share).round() };
            places.groups.push((side, index, part(at, end)));
            if !last {
                let next = free * groups[index + 1].share;
                places.borders.push((side, index, part(end, end + GRIP), part(at, end + GRIP + next)));
            }
            at = end + GRIP;
        }
    }

    /// Where a panel goes that is dropped here, and the rectangle that it will take.
    pub fn target(&self, places: &Places, pointer: Pos2) -> Option<(Place, Rect)> {
        if let Some(&(side, index, rect)) = places.groups.iter().find(|(_, _, rect)| rect.contains(pointer)) {
            let across = side == Side::Bottom;
            let (at, length) = if across { (pointer.x - rect.left(), rect.width()) } else { (pointer.y - rect.top(), rect.height()) };
            let on_tabs = pointer.y < rect.top() + TABS;
            let (first, second) = match across {
                true => rect.split_left_right_at_fraction(0.5),
                false => rect.split_top_bottom_at_fraction(0.5),
            };
            return Some(match at / length {
                share if !on_tabs && share < 0.25 => (Place::Group(side, index), first),
                share if !on_tabs && share > 0.75 => (Place::Group(side, index + 1), second),
                _ => (Place::Tab(side, index), rect),
            });
        }
        let centre = places.centre;
        if !centre.contains(pointer) {
            return None;
        }
        let edges = [
            (Side::Left, pointer.x - centre.left()),
            (Side::Right, centre.right() - pointer.x),
            (Side::Bottom, centre.bottom() - pointer.y),
        ];
        let (side, distance) = edges.into_iter().min_by(|a, b| a.1.total_cmp(&b.1))?;
        if distance > EDGE {
            return None;
        }
        let size = self.zone(side).size;
        let shown = match side {
            Side::Left => Rect::from_min_size(centre.min, vec2(size.min(centre.width() * 0.5), centre.height())),
            Side::Right => {
                let width = size.min(centre.width() * 0.5);
                Rect::from_min_size(pos2(centre.right() - width, centre.top()), vec2(width, centre.height()))
            }
            Side::Bottom => {
                let height = size.min(centre.height() * 0.5);
                Rect::from_min_size(pos2(centre.left(), centre.bottom() - height), vec2(centre.width(), height))
            }
        };
        Some((Place::Group(side, self.zone(side).groups.len()), shown))
    }
}

fn limits(side: Side) -> (f32, f32) {
    if side == Side::Bottom { BOTTOM } else { COLUMN }
}

#[cfg(test)]
#[path = "dock_tests.rs"]
mod tests;
