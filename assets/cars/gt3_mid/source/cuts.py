"""The order in which this car's body is cut into panels, windows and openings."""
import body
import panels as pn
from curves import step


def build():
    b = body.Body()
    s = b.base(pn.diffuser_hole, 0.036, 0.0014)
    # Openings that lie across several panels.
    b.lamp, s = b.cut.opening(s, pn.headlamp, 0.012)
    b.tail, s = b.cut.opening(s, pn.tail_lamp, 0.012)
    # Charts.
    front, s = b.cut.gap(s, pn.front_bumper)
    rear, s = b.cut.gap(s, pn.rear_bumper)
    roof, s = b.cut.gap(s, pn.roof)
    bonnet, s = b.cut.gap(s, pn.bonnet)
    cover, side = b.cut.gap(s, pn.engine_cover)

    roof = b.pane(roof, pn.windscreen, "windscreen")
    roof = b.side_windows(roof, pn)
    cover = b.pane(cover, pn.rear_window, "rear_window")
    front = b.hole(front, pn.centre_intake, "front_grille", "carbon_mesh", "carbon_dark", (0, 0, 1), 0.12)
    front = b.hole(front, pn.outer_intake, "front_grille", "carbon_mesh", "carbon_dark", (0.25, 0, 1), 0.11)
    front = b.hole(front, pn.nose_slot, "front_slot", "carbon_dark", "carbon_dark", (0, 0, 1), 0.04)
    bonnet = b.hole(bonnet, pn.bonnet_vent, "bonnet_duct", "carbon_mesh", "carbon_dark", (0, 1, 0.35), 0.075)
    side = b.hole(side, pn.wing_vent, "wing_vent_floor", "carbon_dark", "carbon_dark", (0, 1, 0), 0.050)
    side = b.hole(side, pn.side_outlet, "side_outlet_floor", "carbon_mesh", "carbon_dark", (1, 0, 0.2), 0.06)
    side = b.hole(side, pn.side_intake, "side_intake_floor", "carbon_mesh", "carbon_dark", (1, 0, 0.45), 0.16)
    side = b.hole(side, pn.shoulder_slot, "side_intake_floor", "carbon_mesh", "carbon_dark", (1, 0.3, 0), 0.03, limit=0.012)
    for g in pn.cover_louvres:
        cover = b.hole(cover, g, "engine_louvre_floor", "carbon_mesh", "carbon_dark", (0, 1, 0), 0.035, limit=0.035)
    rear = b.hole(rear, pn.rear_panel, "rear_grille", "carbon_mesh", "carbon_dark", (0, 0, -1), 0.07)
    rear = b.hole(rear, pn.rear_outlet, "rear_grille", "carbon_mesh", "carbon_dark", (0.3, 0, -1), 0.08)
    rear = b.hole(rear, pn.rain_light, "rain_light", "lamp_red", "carbon_dark", (0, 0, -1), 0.008, limit=0.012)

    charts = body.flattened(body.starts(front, rear, bonnet, roof, cover, side, 2.02, 2.0))
    charts.update(b.flanks(charts.pop("side"), pn, 0.1))
    b.finish(charts, {"roof": 0.030})
    # At the pedals the lining rises over the wheel arches, behind the seats it keeps clear of the intakes.
    b.add("cockpit_lining", "interior_dark", body.inner_shell((pn.windscreen, pn.rear_window, pn.side_glass), 1.14, -0.93,
                                                              lambda z: 0.17 + 0.53 * step(0.66, 0.84, z),
                                                              lambda z: 0.80 - 0.34 * step(-0.38, -0.50, z), 0.07))
    return b
