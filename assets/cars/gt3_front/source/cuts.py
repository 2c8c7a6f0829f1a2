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
    front = b.hole(front, pn.grille, "front_grille", "carbon_mesh", "carbon_dark", (0, 0, 1), 0.10)
    front = b.hole(front, pn.lower_intake, "front_grille", "carbon_mesh", "carbon_dark", (0, 0, 1), 0.12)
    front = b.hole(front, pn.outer_intake, "front_grille", "carbon_mesh", "carbon_dark", (0.25, 0, 1), 0.10)
    bonnet = b.hole(bonnet, pn.bonnet_vent, "bonnet_duct", "carbon_mesh", "carbon_dark", (0, 1, -0.2), 0.07)
    bonnet = b.hole(bonnet, pn.bonnet_side_vent, "bonnet_duct", "carbon_mesh", "carbon_dark", (0, 1, -0.2), 0.05)
    for g in pn.wing_louvres:
        side = b.hole(side, g, "wing_louvre_floor", "carbon_dark", "carbon_dark", (0, 1, 0), 0.035, limit=0.012)
    side = b.hole(side, pn.side_outlet, "side_outlet_floor", "carbon_mesh", "carbon_dark", (1, 0, -0.2), 0.085)
    side = b.hole(side, pn.rear_duct, "side_intake_floor", "carbon_mesh", "carbon_dark", (1, 0, 0), 0.06)
    side = b.hole(side, pn.exhaust, "exhaust_recess", "carbon_dark", "carbon_dark", (1, 0, 0), 0.09)
    rear = b.hole(rear, pn.rear_grille, "rear_grille", "carbon_mesh", "carbon_dark", (0, 0, -1), 0.05)
    rear = b.hole(rear, pn.rear_outlet, "rear_grille", "carbon_mesh", "carbon_dark", (0.3, 0, -1), 0.08)
    rear = b.hole(rear, pn.rain_light, "rain_light", "lamp_red", "carbon_dark", (0, 0, -1), 0.008, limit=0.012)

    charts = body.flattened(body.starts(front, rear, bonnet, roof, cover, side, 2.06, 2.0))
    charts.update(b.flanks(charts.pop("side"), pn, -0.1))
    b.finish(charts, {"roof": 0.030})
    # Behind the seats the lining rises over the wheel arches.
    b.add("cockpit_lining", "interior_dark", body.inner_shell((pn.windscreen, pn.rear_window, pn.side_glass), 0.58, -1.68,
                                                              lambda z: 0.17 + 0.62 * step(-0.62, -0.84, z), coarse=0.07))
    return b
