"""The order in which this car's body is cut into panels, windows and openings."""
import body
import panels as pn


def build():
    b = body.Body(calm=False)
    s = b.base(pn.diffuser_hole)
    # Openings that lie across several panels.
    lamp, s = b.cut.opening(s, pn.headlamp, 0.012)
    b.lamp = lamp
    s = b.hole(s, pn.light_bar, "light_bar", "lamp_red", "carbon_dark", (0, 0, -1), 0.010, limit=0.012)
    # Charts.
    front, s = b.cut.gap(s, pn.front_bumper)
    rear, s = b.cut.gap(s, pn.rear_bumper)
    roof, s = b.cut.gap(s, pn.roof)
    bonnet, s = b.cut.gap(s, pn.bonnet)
    cover, side = b.cut.gap(s, pn.engine_cover)

    roof = b.pane(roof, pn.windscreen, "windscreen")
    roof = b.pane(roof, pn.rear_window, "rear_window")
    roof = b.side_windows(roof, pn)
    front = b.hole(front, pn.centre_intake, "front_grille", "carbon_mesh", "carbon_dark", (0, 0, 1), 0.11)
    front = b.hole(front, pn.outer_intake, "front_grille", "carbon_mesh", "carbon_dark", (0.25, 0, 1), 0.09)
    front = b.hole(front, pn.bumper_slot, "front_slot", "carbon_dark", "carbon_dark", (0, 0, 1), 0.05)
    bonnet = b.hole(bonnet, pn.bonnet_vent, "bonnet_duct", "carbon_mesh", "carbon_dark", (0, 1, 0.15), 0.055)
    bonnet = b.hole(bonnet, pn.bonnet_slot, "bonnet_duct", "carbon_mesh", "carbon_dark", (0, 1, 0.3), 0.03)
    for g in pn.wing_louvres:
        side = b.hole(side, g, "wing_louvre_floor", "carbon_dark", "carbon_dark", (0, 1, 0), 0.035, limit=0.012)
    side = b.hole(side, pn.side_outlet, "side_outlet_floor", "carbon_mesh", "carbon_dark", (1, 0, 0.35), 0.06)
    side = b.hole(side, pn.rear_intake, "side_intake_floor", "carbon_mesh", "carbon_dark", (1, 0, -0.35), 0.08)
    for g in pn.cover_louvres:
        cover = b.hole(cover, g, "engine_louvre_floor", "carbon_mesh", "carbon_dark", (0, 1, 0), 0.04)
    rear = b.hole(rear, pn.rear_grille, "rear_grille", "carbon_mesh", "carbon_dark", (0, 0, -1), 0.06)
    rear = b.hole(rear, pn.rear_outlet, "rear_grille", "carbon_mesh", "carbon_dark", (0.3, 0, -1), 0.08)
    rear = b.hole(rear, pn.exhaust_hole, "exhaust_recess", "carbon_dark", "carbon_dark", (0, 0, -1), 0.12)

    charts = body.flattened(body.starts(front, rear, bonnet, roof, cover, side, 2.02, 2.0))
    charts.update(b.flanks(charts.pop("side"), pn, 0.1))
    b.finish(charts, {"roof": 0.030})
    b.add("cockpit_lining", "interior_dark", body.inner_shell((pn.windscreen, pn.rear_window, pn.side_glass), 0.93, -1.02))
    return b
