//! Panels around the views: shown, dragged, closed, resized.

use bevy_egui::egui::{Pos2, Rect, pos2, vec2};

use super::*;
use crate::dock::{DockChange, PanelId, Place, Side};
use crate::panels::docking::docked_panels;

/// A window of panels whose changes are carried out, as by the studio.
struct Docked {
    harness: Harness<'static>,
    dock: Rc<RefCell<Dock>>,
    asked: Out,
    centre: Rc<RefCell<Rect>>,
}

impl Docked {
    fn new(dock: Dock) -> Self {
        let (dock, asked, centre) = (Rc::new(RefCell::new(dock)), Out::default(), Rc::new(RefCell::new(Rect::NOTHING)));
        let (model, sink, middle) = (dock.clone(), asked.clone(), centre.clone());
        let mut themed = false;
        let builder = Harness::builder().with_size(vec2(1280.0, 720.0));
        let mut harness = builder.build_ui(move |ui| {
            if !std::mem::replace(&mut themed, true) {
                theme::apply(ui.ctx());
                ui.ctx().request_repaint();
                return;
            }
            let mut out = Commands::new();
            let shown = model.borrow().clone();
            *middle.borrow_mut() = docked_panels(ui, &shown, &[], &mut out, |ui, panel, _| {
                ui.label(format!("Contents of {}", panel.title()));
            });
            for command in &out {
                if let StudioCommand::Dock(change) = command {
                    model.borrow_mut().change(*change);
                }
            }
            sink.borrow_mut().append(&mut out);
        });
        harness.run_steps(3);
        Self { harness, dock, asked, centre }
    }

    fn drag(&mut self, from: Pos2, to: Pos2) {
        self.harness.drag_at(from);
        self.harness.run_steps(1);
        for share in [0.5, 1.0] {
            self.harness.hover_at(from + (to - from) * share);
            self.harness.run_steps(1);
        }
        self.harness.drop_at(to);
        self.harness.run_steps(2);
    }

    fn tab(&self, panel: PanelId) -> Pos2 {
        self.harness.get_by_label(panel.title()).rect().left_center() + vec2(14.0, 0.0)
    }
}

#[test]
fn a_tab_brings_its_panel_to_the_front() {
    let mut docked = Docked::new(Dock::standard(600.0));
    docked.harness.get_by_label("Contents of Photo");
    assert!(docked.harness.query_by_label("Contents of Light").is_none());
    docked.harness.get_by_label("Light").click();
    docked.harness.run_steps(2);
    docked.harness.get_by_label("Contents of Light");
    docked.harness.get_by_label("Close Light").click();
    docked.harness.run_steps(2);
    assert!(docked.harness.query_by_label("Light").is_none());
    assert_eq!(docked.dock.borrow().find(PanelId::Light), None);
    let asked = docked.asked.borrow();
    assert_eq!(*asked, [DockChange::Show(PanelId::Light), DockChange::Close(PanelId::Light)].map(StudioCommand::Dock));
}

#[test]
fn a_tab_is_dragged_to_the_bottom_and_onto_other_tabs() {
    let mut docked = Docked::new(Dock::standard(600.0));
    let centre = *docked.centre.borrow();
    docked.drag(docked.tab(PanelId::Compare), pos2(centre.center().x, centre.bottom() - 30.0));
    assert_eq!(docked.dock.borrow().find(PanelId::Compare), Some((Side::Bottom, 0)));
    assert!(docked.centre.borrow().bottom() < centre.bottom() - 100.0, "the views gave way");
    // onto the tabs at the left
    docked.drag(docked.tab(PanelId::Compare), docked.tab(PanelId::Car));
    assert_eq!(docked.dock.borrow().find(PanelId::Compare), Some((Side::Left, 0)));
    docked.harness.get_by_label("Contents of Compare");
    assert_eq!(*docked.centre.borrow(), centre, "the bottom is free again");
    // over the views nothing happens
    let before = docked.dock.borrow().clone();
    docked.drag(docked.tab(PanelId::Compare), centre.center());
    assert_eq!(*docked.dock.borrow(), before);
}

#[test]
fn grips_resize_and_stop_where_the_views_need_room() {
    let mut docked = Docked::new(Dock::standard(600.0));
    let grip = docked.harness.get_by_label("Size of the panels at the left").rect().center();
    docked.drag(grip, grip + vec2(90.0, 0.0));
    assert_eq!(docked.dock.borrow().left.size, 410.0);
    let grip = docked.harness.get_by_label("Size of the panels at the left").rect().center();
    docked.drag(grip, pos2(1200.0, 300.0));
    assert!(docked.centre.borrow().width() >= 300.0);
    let many = docked.asked.borrow().len();
    docked.harness.run_steps(5);
    assert_eq!(docked.asked.borrow().len(), many, "a grip at rest asks for nothing");
}

#[test]
fn a_tabs_menu_moves_its_panel_without_a_drag() {
    let mut docked = Docked::new(Dock::standard(600.0));
    docked.harness.get_by_label("Export").click_secondary();
    docked.harness.run_steps(3);
    docked.harness.get_by_label("Move to the left").click();
    docked.harness.run_steps(3);
    let wanted = DockChange::Move(PanelId::Export, Place::Group(Side::Left, usize::MAX));
    assert_eq!(docked.asked.borrow().last(), Some(&StudioCommand::Dock(wanted)));
    assert_eq!(docked.dock.borrow().find(PanelId::Export), Some((Side::Left, 1)));
}

#[test]
fn the_menu_opens_and_closes_panels_and_resets_them() {
    let mut dock = Dock::standard(900.0);
    dock.change(DockChange::Close(PanelId::Light));
    let (mut harness, out) = wide_harness(move |ui, out| {
        let open = crate::testing::nothing_open();
        let view =
            TopBarView { open: &open, layout: ViewLayout::Single, log_length: 0, dock: &dock, shows_panels: true, scale: (Some(160), 120) };
        crate::panels::top_bar::top_bar(ui, &view, out);
    });
    harness.get_by_label("Window").click();
    harness.run_steps(3);
    harness.get_by_label("Interface 120 %, as large as this window allows");
    for (line, wanted) in [
        ("Light", StudioCommand::Dock(DockChange::Show(PanelId::Light))),
        ("Photo", StudioCommand::Dock(DockChange::Close(PanelId::Photo))),
        ("Reset the layout", StudioCommand::Dock(DockChange::Reset)),
    ] {
        harness.get_by_label(line).click();
        harness.run_steps(3);
        assert_eq!(out.borrow_mut().pop(), Some(wanted), "{line}");
    }
}
