use super::*;
use PanelId::{Car, Compare, Export, Finish, Light, Photo, View};

fn area() -> Rect {
    Rect::from_min_size(pos2(0.0, 44.0), vec2(1600.0, 956.0))
}

/// What must hold after every change.
fn check(dock: &Dock) {
    let mut seen: Vec<PanelId> = Vec::new();
    for side in Side::ALL {
        let groups = &dock.zone(side).groups;
        for group in groups {
            assert!(!group.tabs.is_empty() && group.tabs.contains(&group.front), "{dock:?}");
            seen.extend(&group.tabs);
        }
        let sum: f32 = groups.iter().map(|group| group.share).sum();
        assert!(groups.is_empty() || (sum - 1.0).abs() < 1e-3, "{sum} in {dock:?}");
    }
    let mut once = seen.clone();
    once.sort_by_key(|panel| panel.title());
    once.dedup();
    assert_eq!(once.len(), seen.len(), "a panel is there twice: {dock:?}");
}

#[test]
fn panels_are_moved_tabbed_closed_and_opened_again() {
    let mut dock = Dock::standard(956.0);
    check(&dock);
    let mut change = |change: DockChange, changes: bool| {
        assert_eq!(dock.change(change), changes, "{change:?}");
        check(&dock);
        dock.clone()
    };
    // together with another, which is then behind it
    let tabbed = change(DockChange::Move(Photo, Place::Tab(Side::Right, 1)), true);
    assert_eq!(tabbed.find(Photo), Some((Side::Right, 1)));
    assert!(tabbed.shows(Photo) && !tabbed.shows(PanelId::Result));
    assert_eq!(tabbed.left.groups.len(), 1, "the group that it left alone is gone");
    // to a side that was empty
    let below = change(DockChange::Move(Light, Place::Group(Side::Bottom, 0)), true);
    assert_eq!(below.find(Light), Some((Side::Bottom, 0)));
    // before another in the same column
    let above = change(DockChange::Move(Export, Place::Group(Side::Right, 0)), true);
    assert_eq!((above.find(Export), above.find(View)), (Some((Side::Right, 0)), Some((Side::Right, 1))));
    assert!(!dock.clone().change(DockChange::Move(Export, Place::Group(Side::Right, 1))), "it is there already");
    let mut change = |change: DockChange| {
        dock.change(change);
        check(&dock);
        dock.clone()
    };
    assert_eq!(change(DockChange::Close(Light)).find(Light), None);
    let reopened = change(DockChange::Show(Light));
    assert!(reopened.shows(Light) && reopened.find(Light).is_some_and(|(side, _)| side == Side::Left));
    for panel in PanelId::ALL {
        change(DockChange::Close(panel));
    }
    assert_eq!(dock.places(area(), &[]).centre, area(), "no panel is left");
    for panel in PanelId::ALL {
        dock.change(DockChange::Show(panel));
        check(&dock);
        assert!(dock.shows(panel));
    }
}

#[test]
fn any_row_of_moves_keeps_the_layout_sound() {
    let mut dock = Dock::standard(600.0);
    let mut state = 7_u32;
    let mut next = |below: usize| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 16) as usize % below
    };
    for _ in 0..2000 {
        let (panel, side) = (PanelId::ALL[next(PanelId::ALL.len())], Side::ALL[next(3)]);
        let place = if next(2) == 0 { Place::Tab(side, next(4)) } else { Place::Group(side, next(4)) };
        let change = match next(6) {
            0 => DockChange::Close(panel),
            1 => DockChange::Show(panel),
            2 => DockChange::Divide(side, next(3), next(100) as f32 * 0.01),
            3 => DockChange::Resize(side, next(900) as f32),
            _ => DockChange::Move(panel, place),
        };
        dock.change(change);
        check(&dock);
        let places = dock.places(area(), &[]);
        assert!(places.centre.width() >= CENTRE.0 - 1.0 && places.centre.height() >= CENTRE.1 - 1.0, "{places:?}");
        for (index, (.., rect)) in places.groups.iter().enumerate() {
            assert!(rect.is_positive() && area().contains_rect(*rect), "{rect:?} after {change:?}");
            assert!(places.groups[..index].iter().all(|(.., other)| !other.shrink(0.5).intersects(rect.shrink(0.5))));
            assert!(!rect.shrink(0.5).intersects(places.centre.shrink(0.5)));
        }
    }
}

#[test]
fn sides_keep_their_width_and_the_views_keep_room() {
    let dock = Dock::standard(956.0);
    for width in [1600.0, 2400.0] {
        let area = Rect::from_min_size(pos2(0.0, 44.0), vec2(width, 956.0));
        let places = dock.places(area, &[]);
        assert_eq!(places.centre.width(), width - 320.0 - 308.0 - 2.0 * GRIP);
        assert_eq!(dock.places(area, &[Side::Right]).centre.width(), width - 320.0 - GRIP);
    }
    let narrow = dock.places(Rect::from_min_size(pos2(0.0, 0.0), vec2(700.0, 500.0)), &[]);
    assert!(narrow.centre.width() >= CENTRE.0);
}

#[test]
fn a_drop_goes_where_the_pointer_points() {
    let dock = Dock::standard(956.0);
    let places = dock.places(area(), &[]);
    let at = |x: f32, y: f32| dock.target(&places, pos2(x, y)).map(|(place, _)| place);
    let (.., photo) = places.groups[0];
    assert_eq!(at(photo.center().x, photo.center().y), Some(Place::Tab(Side::Left, 0)));
    assert_eq!(at(photo.center().x, photo.top() + 10.0), Some(Place::Tab(Side::Left, 0)), "on its tabs");
    assert_eq!(at(photo.center().x, photo.top() + 60.0), Some(Place::Group(Side::Left, 0)));
    assert_eq!(at(photo.center().x, photo.bottom() - 20.0), Some(Place::Group(Side::Left, 1)));
    let centre = places.centre;
    assert_eq!(at(centre.left() + 20.0, centre.center().y), Some(Place::Group(Side::Left, 2)));
    assert_eq!(at(centre.right() - 20.0, centre.center().y), Some(Place::Group(Side::Right, 2)));
    assert_eq!(at(centre.center().x, centre.bottom() - 20.0), Some(Place::Group(Side::Bottom, 0)));
    assert_eq!(at(centre.center().x, centre.center().y), None, "the views stay free");
}

#[test]
fn borders_move_between_two_groups_alone() {
    let mut dock = Dock::standard(956.0);
    dock.change(DockChange::Move(Compare, Place::Group(Side::Left, 2)));
    let last = dock.left.groups[2].share;
    assert!(dock.change(DockChange::Divide(Side::Left, 0, 0.3)));
    assert!((dock.left.groups[0].share - 0.3).abs() < 1e-4 && (dock.left.groups[2].share - last).abs() < 1e-4);
    dock.change(DockChange::Divide(Side::Left, 0, 2.0));
    assert!(dock.left.groups[1].share >= LEAST_SHARE - 1e-4, "no group vanishes");
    assert!(!dock.change(DockChange::Divide(Side::Left, 9, 0.5)));
    assert!(!dock.change(DockChange::Resize(Side::Left, f32::NAN)));
}

#[test]
fn a_layout_that_cannot_be_is_refused() {
    let twice = |dock: &mut Dock| dock.right.groups[0].tabs.push(Photo);
    let empty = |dock: &mut Dock| dock.left.groups[0].tabs.clear();
    let nan = |dock: &mut Dock| dock.left.size = f32::NAN;
    let odd = |dock: &mut Dock| dock.left.groups[0].share = -1.0;
    for spoil in [&twice as &dyn Fn(&mut Dock), &empty, &nan, &odd] {
        let mut dock = Dock::standard(956.0);
        spoil(&mut dock);
        assert!(dock.clone().checked().is_err(), "{dock:?}");
    }
    let mut behind = Dock::standard(956.0);
    behind.left.groups[1].front = Photo;
    behind.left.size = 9000.0;
    let behind = behind.checked().expect("that can be mended");
    assert_eq!((behind.left.groups[1].front, behind.left.size), (Car, COLUMN.1));
    assert!(behind.left.groups[1].tabs.contains(&Finish));
}
