//! How the studio looks: neutral greys, because painters judge colours beside them, one accent, three weights of Inter.

use std::sync::Arc;

use bevy_egui::egui::{
    self, Color32, CornerRadius, FontData, FontDefinitions, FontFamily, FontId, Margin, Shadow, Stroke, TextStyle,
    style::{HandleShape, ScrollStyle, WidgetVisuals},
    vec2,
};

/// Behind the 3D views.
pub const BACKDROP: Color32 = Color32::from_rgb(13, 13, 13);
/// Side panels and the top bar.
pub const PANEL: Color32 = Color32::from_rgb(24, 24, 24);
/// Cards on a panel.
pub const CARD: Color32 = Color32::from_rgb(32, 32, 32);
/// Lines around cards and between parts.
pub const LINE: Color32 = Color32::from_rgb(46, 46, 46);
/// Resting controls.
pub const CONTROL: Color32 = Color32::from_rgb(48, 48, 48);
/// Controls under the pointer.
pub const CONTROL_HOVER: Color32 = Color32::from_rgb(60, 60, 60);
/// Pressed controls.
pub const CONTROL_ACTIVE: Color32 = Color32::from_rgb(72, 72, 72);
/// Fields and troughs.
pub const WELL: Color32 = Color32::from_rgb(20, 20, 20);
/// Main text.
pub const TEXT: Color32 = Color32::from_rgb(232, 232, 232);
/// Explanations and values of lesser weight.
pub const TEXT_SOFT: Color32 = Color32::from_rgb(166, 166, 166);
/// Hints and units.
pub const TEXT_FAINT: Color32 = Color32::from_rgb(122, 122, 122);
/// The one colour that asks for a click.
pub const ACCENT: Color32 = Color32::from_rgb(255, 122, 47);
/// The accent under the pointer.
pub const ACCENT_HOVER: Color32 = Color32::from_rgb(255, 145, 82);
/// Text on the accent.
pub const ON_ACCENT: Color32 = Color32::from_rgb(24, 12, 4);
/// Good news and high scores.
pub const GOOD: Color32 = Color32::from_rgb(94, 196, 130);
/// Warnings and middling scores.
pub const WARN: Color32 = Color32::from_rgb(236, 186, 82);
/// Errors and low scores.
pub const BAD: Color32 = Color32::from_rgb(238, 108, 98);

/// Colours of points on photo and car: apart from each other, from most paint, and from the accent.
const MARKS: [Color32; 8] = [
    Color32::from_rgb(64, 196, 255),
    Color32::from_rgb(255, 214, 64),
    Color32::from_rgb(224, 96, 255),
    Color32::from_rgb(96, 236, 128),
    Color32::from_rgb(255, 108, 132),
    Color32::from_rgb(150, 162, 255),
    Color32::from_rgb(64, 232, 212),
    Color32::from_rgb(255, 168, 214),
];

/// The colour of the point at a place in the list.
pub fn mark_color(index: usize) -> Color32 {
    MARKS[index % MARKS.len()]
}

/// The distance between parts of one thing, in points.
pub const GAP_SMALL: f32 = 4.0;
/// The distance between things.
pub const GAP: f32 = 8.0;
/// The distance between groups, and the margin of cards.
pub const GAP_LARGE: f32 = 12.0;
/// Corners of controls.
pub const RADIUS: u8 = 6;
/// Corners of cards.
pub const RADIUS_CARD: u8 = 10;

/// Height of buttons and fields, in points.
pub const CONTROL_HEIGHT: f32 = 28.0;

/// Medium weight, for buttons and values.
pub fn medium(size: f32) -> FontId {
    FontId::new(size, FontFamily::Name("medium".into()))
}

/// Semi-bold, for titles and numbers.
pub fn semibold(size: f32) -> FontId {
    FontId::new(size, FontFamily::Name("semibold".into()))
}

/// Regular weight.
pub fn regular(size: f32) -> FontId {
    FontId::new(size, FontFamily::Proportional)
}

/// Green, amber or red for a value from 0 to 100.
pub fn score_color(value: f32) -> Color32 {
    match value {
        v if v >= 70.0 => GOOD,
        v if v >= 45.0 => WARN,
        _ => BAD,
    }
}

/// Puts fonts and style into a context, once.
pub fn apply(context: &egui::Context) {
    context.set_fonts(fonts());
    context.set_theme(egui::Theme::Dark);
    // the studio has keys of its own for it, and remembers the scale
    context.options_mut(|options| options.zoom_with_keyboard = false);
    context.all_styles_mut(set_style);
}

fn fonts() -> FontDefinitions {
    let mut fonts = FontDefinitions::default();
    let faces: [(&str, &[u8], FontFamily); 3] = [
        ("inter", include_bytes!("../../../assets/fonts/inter/Inter-Regular.otf"), FontFamily::Proportional),
        ("inter-medium", include_bytes!("../../../assets/fonts/inter/Inter-Medium.otf"), FontFamily::Name("medium".into())),
        ("inter-semibold", include_bytes!("../../../assets/fonts/inter/Inter-SemiBold.otf"), FontFamily::Name("semibold".into())),
    ];
    // The default faces stay behind Inter for signs that it lacks.
    let fallback = fonts.families.get(&FontFamily::Proportional).cloned().unwrap_or_default();
    for (name, bytes, family) in faces {
        fonts.font_data.insert(name.to_owned(), Arc::new(FontData::from_static(bytes)));
        let mut order = vec![name.to_owned()];
        order.extend(fallback.iter().cloned());
        fonts.families.insert(family, order);
    }
    fonts
}

fn set_style(style: &mut egui::Style) {
    style.text_styles = [
        (TextStyle::Small, regular(11.5)),
        (TextStyle::Body, regular(13.0)),
        (TextStyle::Button, medium(13.0)),
        (TextStyle::Heading, semibold(14.0)),
        (TextStyle::Monospace, FontId::new(12.0, FontFamily::Monospace)),
    ]
    .into();
    style.animation_time = 0.1;

    let spacing = &mut style.spacing;
    spacing.item_spacing = vec2(GAP, GAP);
    spacing.button_padding = vec2(GAP_LARGE, 6.0);
    spacing.interact_size = vec2(40.0, CONTROL_HEIGHT);
    spacing.slider_width = 150.0;
    spacing.slider_rail_height = 4.0;
    spacing.combo_width = 120.0;
    spacing.menu_margin = Margin::same(6);
    spacing.menu_spacing = 4.0;
    spacing.window_margin = Margin::same(16);
    spacing.icon_width = 16.0;
    spacing.icon_width_inner = 9.0;
    spacing.icon_spacing = GAP;
    spacing.tooltip_width = 320.0;
    spacing.scroll = ScrollStyle { bar_width: 8.0, ..ScrollStyle::floating() };

    let visuals = &mut style.visuals;
    *visuals = egui::Visuals::dark();
    visuals.override_text_color = None;
    visuals.weak_text_color = Some(TEXT_SOFT);
    visuals.panel_fill = PANEL;
    visuals.window_fill = CARD;
    visuals.window_stroke = Stroke::new(1.0, LINE);
    visuals.window_corner_radius = CornerRadius::same(RADIUS_CARD);
    visuals.menu_corner_radius = CornerRadius::same(8);
    visuals.window_shadow = Shadow { offset: [0, 12], blur: 40, spread: 0, color: Color32::from_black_alpha(150) };
    visuals.popup_shadow = Shadow { offset: [0, 6], blur: 20, spread: 0, color: Color32::from_black_alpha(130) };
    visuals.extreme_bg_color = WELL;
    visuals.faint_bg_color = Color32::from_rgb(28, 28, 28);
    visuals.hyperlink_color = ACCENT;
    visuals.warn_fg_color = WARN;
    visuals.error_fg_color = BAD;
    visuals.selection.bg_fill = ACCENT.linear_multiply(0.45);
    visuals.selection.stroke = Stroke::new(1.0, Color32::WHITE);
    visuals.slider_trailing_fill = true;
    visuals.handle_shape = HandleShape::Circle;
    visuals.indent_has_left_vline = false;
    visuals.disabled_alpha = 0.45;
    // A blinking cursor would keep the window drawing.
    visuals.text_cursor.blink = false;

    let widget = |fill: Color32, stroke: Color32, text: Color32| WidgetVisuals {
        bg_fill: fill,
        weak_bg_fill: fill,
        bg_stroke: Stroke::new(1.0, stroke),
        corner_radius: CornerRadius::same(RADIUS),
        fg_stroke: Stroke::new(1.0, text),
        expansion: 0.0,
    };
    visuals.widgets.noninteractive = widget(CARD, LINE, TEXT);
    visuals.widgets.inactive = widget(CONTROL, Color32::TRANSPARENT, TEXT);
    visuals.widgets.hovered = widget(CONTROL_HOVER, Color32::TRANSPARENT, Color32::WHITE);
    visuals.widgets.active = widget(CONTROL_ACTIVE, Color32::TRANSPARENT, Color32::WHITE);
    visuals.widgets.open = widget(CONTROL_HOVER, Color32::TRANSPARENT, Color32::WHITE);
}
