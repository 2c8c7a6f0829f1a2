"""GT3 racing wheels: slick tyre, centre-lock rim, brake disc and caliper."""
from dataclasses import dataclass
import numpy as np
from solids import grid, join, lathe, moved, smooth


def tyre(radius, width, rim=0.232):
    w = width / 2
    prof = [(-w + 0.022, rim), (-w + 0.012, rim + 0.008), (-w + 0.004, rim + 0.030), (-w, rim + 0.055), (-w + 0.001, radius - 0.042),
            (-w + 0.006, radius - 0.022), (-w + 0.017, radius - 0.008), (-w + 0.034, radius - 0.0015), (-w + 0.06, radius),
            (w - 0.06, radius), (w - 0.034, radius - 0.0015), (w - 0.017, radius - 0.008), (w - 0.006, radius - 0.022),
            (w, radius - 0.042), (w, rim + 0.052), (w - 0.004, rim + 0.030), (w - 0.012, rim + 0.008), (w - 0.022, rim)]
    return outward_from_axis(lathe(prof, 56, 60), centre_r=(radius + rim) / 2)


def band(radius, width, rim=0.232):
    """A thin painted ring on the tyre's outer sidewall."""
    w, r = width / 2, (radius + rim) / 2
    p = lathe([(w + 0.0006, r - 0.0035), (w + 0.0006, r + 0.0035)], 56, 60)
    return (p[0], p[1][:, ::-1], -p[2]) if p[2][:, 0].sum() < 0 else p


def outward_from_axis(piece, centre_r):
    """A ring's surface must look away from the middle of its cross-section."""
    v, t, n = piece
    r = np.hypot(v[:, 1], v[:, 2])
    d = np.stack([v[:, 0], v[:, 1] * (1 - centre_r / np.maximum(r, 1e-9)), v[:, 2] * (1 - centre_r / np.maximum(r, 1e-9))], 1)
    return (v, t[:, ::-1], -n) if (d * n).sum() < 0 else piece


@dataclass
class Spokes:
    """Pairs of spokes: how many, and per pair the angles in radians between its legs; widths in metres."""
    count: int = 10
    fork: float = 0.145                             # half angle that the legs gain outward
    power: float = 1.5                              # how late they part
    split: float = 0.0                              # half angle between them at the hub
    sweep: float = 0.0                              # angle by which both lean outward
    root: float = 0.0165                            # half width at the hub
    loss: float = 0.0072                            # how much narrower they are at the rim
    dish: float = 0.030                             # how far the hub lies behind the rim


def rim(width, style, radius=0.236):
    w = width / 2
    lip = [(w - 0.020, radius - 0.022), (w - 0.009, radius - 0.006), (w - 0.007, radius), (w - 0.012, radius + 0.004),
           (w - 0.024, radius + 0.001), (w - 0.030, radius - 0.010)]
    outer = outward_from_axis(lathe(lip, 56, 50), radius - 0.008)
    barrel_p = [(w - 0.020, radius - 0.022), (w - 0.055, radius - 0.030), (0.0, radius - 0.034), (-w + 0.02, radius - 0.016)]
    barrel = lathe(barrel_p, 56, 50)
    v, t, n = barrel
    if (n[:, 1] * v[:, 1] + n[:, 2] * v[:, 2]).sum() > 0:
        barrel = (v, t[:, ::-1], -n)
    pieces = [outer, barrel]
    face = w - 0.022
    m = 7
    for k in range(style.count):
        a0 = 2 * np.pi * (k + 0.5) / style.count
        for fork in (-1, 1):
            rows = []
            for i in range(m):
                q = i / (m - 1)
                r = 0.050 + q * (radius - 0.022 - 0.050)
                a = a0 + fork * (style.split + style.fork * q ** style.power * (1 - 0.10 * q)) + style.sweep * q
                half = style.root - style.loss * q + 0.004 * (q > 0.95)
                depth = 0.034 - 0.014 * q
                x = face - style.dish + style.dish * q ** 1.8
                c = np.array([0, np.sin(a), np.cos(a)])
                s = np.array([0, np.cos(a), -np.sin(a)])
                sect = [(-half, -depth), (-half, -0.006), (-half * 0.62, 0.0), (half * 0.62, 0.0), (half, -0.006), (half, -depth)]
                rows.append([c * r + s * u + np.array([x + h, 0, 0]) for u, h in sect])
            p = grid(np.array(rows), close_v=True, angle=38)
            v, t, n = p
            axis = np.array(rows).mean(1)
            near = axis[np.argmin(((v[:, None] - axis[None]) ** 2).sum(-1), axis=1)]
            if ((v - near) * n).sum() < 0:
                p = (v, t[:, ::-1], -n)
            pieces.append(p)
    hub = lathe([(face - 0.075, 0.072), (face - 0.045, 0.070), (face - 0.028, 0.062), (face - 0.024, 0.050), (face - 0.028, 0.030),
                 (face - 0.028, 0.001)], 48, 30)
    v, t, n = hub
    if n[:, 0].sum() < 0:
        hub = (v, t[:, ::-1], -n)
    pieces.append(hub)
    return join(pieces)


def nut(width):
    face = width / 2 - 0.022
    prof = [(face - 0.030, 0.040), (face - 0.004, 0.038), (face + 0.001, 0.034), (face + 0.001, 0.022), (face - 0.008, 0.020),
            (face - 0.008, 0.001)]
    p = lathe(prof, 12, 25)
    v, t, n = p
    return (v, t[:, ::-1], -n) if n[:, 0].sum() < 0 else p


def disc(x=0.02):
    prof = [(x - 0.016, 0.105), (x - 0.016, 0.187), (x - 0.014, 0.190), (x + 0.014, 0.190), (x + 0.016, 0.187), (x + 0.016, 0.105)]
    ring = outward_from_axis(lathe(prof, 60, 30), 0.148)
    bell = lathe([(x + 0.016, 0.108), (x + 0.030, 0.085), (x + 0.045, 0.075)], 48, 30)
    v, t, n = bell
    if n[:, 0].sum() < 0:
        bell = (v, t[:, ::-1], -n)
    back = lathe([(x - 0.016, 0.11), (x - 0.03, 0.02)], 24, 30)
    return join([ring, bell, back])


def caliper(x=0.02, angle=0.15, span=0.85):
    a = np.linspace(angle - span / 2, angle + span / 2, 13)
    sect = [(-0.048, 0.125), (-0.048, 0.190), (-0.040, 0.204), (0.040, 0.204), (0.048, 0.190), (0.048, 0.125), (0.040, 0.118), (-0.040, 0.118)]
    rows = [[(x + h, r * np.sin(q), r * np.cos(q)) for h, r in sect] for q in a]
    p = grid(np.array(rows), close_v=True, angle=30)
    caps = []
    for k in (0, -1):
        ring = np.array(rows[k])
        v = np.concatenate([ring, ring.mean(0)[None]])
        i = np.arange(len(ring))
        t = np.stack([i, (i + 1) % len(ring), np.full(len(ring), len(ring))], 1)
        caps.append(smooth(v, t, 20))
    v, t, n = p
    c = np.array([[x, 0.162 * np.sin(q), 0.162 * np.cos(q)] for q in a])
    near = c[np.argmin(((v[:, None] - c[None]) ** 2).sum(-1), axis=1)]
    if ((v - near) * n).sum() < 0:
        p = (v, t[:, ::-1], -n)
    mid = v.mean(0)
    caps = [(q[0], q[1][:, ::-1], -q[2]) if ((q[0] - mid) * q[2]).sum() < 0 else q for q in caps]
    return join([p] + caps)


def wheel(hub, radius, width, front, style):
    """{part: (material, piece)} for the left side."""
    rim_w = width - 0.004
    spin = {"tyre": ("rubber_tyre", tyre(radius, width)), "rim": ("metal_rim", rim(rim_w, style)), "tyre_band": ("rubber_band", band(radius, width)), "nut": ("metal_tow", nut(rim_w)),
            "brake_disc": ("metal_disc", disc())}
    still = {"brake_caliper": ("metal_caliper", caliper(angle=np.pi if front else 0.0))}
    return {k: (m, moved(p, hub)) for k, (m, p) in {**spin, **still}.items()}
