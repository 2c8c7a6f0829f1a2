"""A black-walled studio with softboxes and a seamless floor."""

import numpy as np

from picture import directions, ground_points, mix, smooth, unit


def soft_studio():
    """A black-walled studio of 16 x 20 x 6 m: an overhead softbox, side strips, fills, a bright seamless floor."""
    d = directions()
    eye = np.array([0.0, 1.05, 0.0], np.float32)  # the middle of the car, whose reflections this is for
    out = np.zeros_like(d)

    # walls: a soft wash that rises from the floor and dies away upwards
    elevation = np.arcsin(np.clip(d[..., 1], -1.0, 1.0))
    wash = 0.075 + 0.42 * np.exp(-np.clip(elevation, 0.0, None) / 0.16) + 0.05 * smooth(0.2, 1.2, elevation)
    azimuth = np.arctan2(d[..., 0], -d[..., 2])
    wash *= 1.0 + 0.12 * np.cos(2.0 * azimuth)
    out[:] = wash[..., None] * np.array([0.985, 0.995, 1.02], np.float32)

    # floor: brightest under the overhead light
    p, r = ground_points(d)
    floor = (0.30 + 0.52 * np.exp(-((p[..., 0] / 4.6) ** 2 + (p[..., 2] / 6.4) ** 2)))[..., None]
    floor = floor * np.array([1.0, 0.995, 0.985], np.float32)
    seam = smooth(0.0, -0.09, elevation)
    out = mix(out, floor, seam)

    def panel(centre, right, up, half_w, half_h, colour, power, rim=0.10, frame=True):
        """A rectangle of light: bright core, a fall-off towards its rim, a thin dark frame."""
        nonlocal out
        centre, right, up = (np.array(v, np.float32) for v in (centre, right, up))
        normal = np.cross(right, up)
        distance = ((centre - eye) @ normal) / (d @ normal + 1e-9)
        hit = eye + d * distance[..., None]
        a = ((hit - centre) @ right) / half_w
        b = ((hit - centre) @ up) / half_h
        front = distance > 0.0
        scale = min(half_w, half_h)
        da = (1.0 - np.abs(a)) * half_w / scale
        db = (1.0 - np.abs(b)) * half_h / scale
        inside = smooth(-0.012, 0.02, da) * smooth(-0.012, 0.02, db) * front
        core = (0.55 + 0.45 * smooth(0.0, 0.75, np.minimum(da, db))) * (0.82 + 0.18 * np.exp(-1.2 * (a * a + b * b)))
        if frame:
            border = smooth(-rim, -rim * 0.7, da) * smooth(-rim, -rim * 0.7, db) * front
            out = mix(out, np.full(3, 0.012, np.float32), border)
        light = (power * core)[..., None] * np.array(colour, np.float32)
        out = mix(out, light, inside)

    neutral, cool, warm = (1.0, 0.99, 0.97), (0.93, 0.98, 1.06), (1.06, 1.0, 0.92)
    panel((0.0, 4.6, 0.1), (1, 0, 0), (0, 0, 1), 1.75, 4.3, neutral, 9.0)
    panel((6.2, 2.55, 0.0), (0, 0, 1), (0, 1, 0), 5.6, 0.62, cool, 6.2)
    panel((-6.2, 2.55, 0.0), (0, 0, 1), (0, 1, 0), 5.6, 0.62, warm, 6.2)
    panel((-3.4, 2.3, 8.2), unit(1.0, 0.0, 0.42), (0, 1, 0), 1.0, 1.5, neutral, 4.2)
    panel((3.4, 2.3, 8.2), unit(1.0, 0.0, -0.42), (0, 1, 0), 1.0, 1.5, neutral, 4.2)
    panel((-3.6, 2.4, -8.2), unit(1.0, 0.0, -0.42), (0, 1, 0), 1.0, 1.6, cool, 4.6)
    panel((3.6, 2.4, -8.2), unit(1.0, 0.0, 0.42), (0, 1, 0), 1.0, 1.6, warm, 4.6)
    return out.astype(np.float32)
