"""What all environments share: the picture's frame, smooth noise, and Radiance files.

Frame: +Y up, right-handed, as in the rest of GridVox. The middle of the picture looks to -Z, its right side to +X, and
the eye stands EYE metres above the ground, which the showroom relies on when it lays the picture's lower half on the
ground. Radiance is relative: `exposure` in environments.toml says how many stops it takes to a picture.
"""

import numpy as np

WIDTH, HEIGHT = 2048, 1024
EYE = 1.6


def directions():
    u = (np.arange(WIDTH) + 0.5) / WIDTH
    v = (np.arange(HEIGHT) + 0.5) / HEIGHT
    azimuth = (u - 0.5) * 2.0 * np.pi
    polar = v * np.pi
    sin = np.sin(polar)[:, None]
    x = sin * np.sin(azimuth)[None, :]
    z = -sin * np.cos(azimuth)[None, :]
    y = np.repeat(np.cos(polar)[:, None], WIDTH, 1)
    return np.stack([x, y, z], -1).astype(np.float32)


def hash01(ix, iy, iz, seed):
    n = (ix * 374761393 + iy * 668265263 + iz * 2147483647 + seed * 144665) & 0xFFFFFFFF
    n = ((n ^ (n >> 13)) * 1274126177) & 0xFFFFFFFF
    n = ((n ^ (n >> 16)) * 2246822519) & 0xFFFFFFFF
    return ((n ^ (n >> 15)) & 0xFFFFFF).astype(np.float32) / float(0xFFFFFF)


def value_noise(p, seed):
    """Smooth noise in 0..1 at points p (..., 3)."""
    base = np.floor(p).astype(np.int64)
    f = (p - base).astype(np.float32)
    f = f * f * f * (f * (f * 6.0 - 15.0) + 10.0)
    total = np.zeros(p.shape[:-1], np.float32)
    for dx in (0, 1):
        wx = f[..., 0] if dx else 1.0 - f[..., 0]
        for dy in (0, 1):
            wy = f[..., 1] if dy else 1.0 - f[..., 1]
            for dz in (0, 1):
                wz = f[..., 2] if dz else 1.0 - f[..., 2]
                total += wx * wy * wz * hash01(base[..., 0] + dx, base[..., 1] + dy, base[..., 2] + dz, seed)
    return total


def fbm(p, seed, octaves=5, gain=0.5):
    total, amplitude, norm = 0.0, 1.0, 0.0
    for octave in range(octaves):
        total = total + amplitude * value_noise(p * (2.0**octave), seed + octave * 17)
        norm += amplitude
        amplitude *= gain
    return total / norm


def smooth(a, b, x):
    t = np.clip((x - a) / (b - a), 0.0, 1.0)
    return t * t * (3.0 - 2.0 * t)


def mix(a, b, t):
    t = np.asarray(t)[..., None] if np.ndim(t) == np.ndim(a) - 1 and np.ndim(a) else t
    return a * (1.0 - t) + b * t


def write_hdr(path, rgb, slack=0):
    """Radiance RGBE with run-length coded scanlines; `slack` is how far a mantissa may stray to let runs grow."""
    if not np.isfinite(rgb).all():
        raise ValueError(f"{path.name} would hold values that are no numbers")
    rgb = np.maximum(rgb, 0.0).astype(np.float32)
    peak = rgb.max(-1)
    mantissa, exponent = np.frexp(peak)
    scale = np.where(peak > 1e-32, mantissa * 256.0 / np.maximum(peak, 1e-32), 0.0)
    rgbe = np.zeros(rgb.shape[:2] + (4,), np.uint8)
    rgbe[..., :3] = np.clip(rgb * scale[..., None], 0, 255).astype(np.uint8)
    rgbe[..., 3] = np.where(peak > 1e-32, exponent + 128, 0).astype(np.uint8)
    height, width = peak.shape
    out = bytearray(b"#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n" + f"-Y {height} +X {width}\n".encode())
    for row in rgbe:
        out += bytes((2, 2, width >> 8, width & 255))
        for channel in range(4):
            values = row[:, channel]
            out += run_length(longer_runs(values, slack) if slack and channel < 3 else values)
    path.write_bytes(out)
    print(f"{path.name}: {len(out) / 1e6:.2f} MB, peak {peak.max():.1f}, mean {rgb.mean():.3f}")


def longer_runs(values, slack):
    """Levels stretches of at least four values that lie within +-slack of one value."""
    out = values.copy()
    source = values.tolist()
    n, start = len(source), 0
    while start < n:
        low = high = source[start]
        end = start + 1
        while end < n:
            value = source[end]
            wider_low, wider_high = min(low, value), max(high, value)
            if wider_high - wider_low > 2 * slack:
                break
            low, high, end = wider_low, wider_high, end + 1
        if end - start >= 4:
            out[start:end] = (low + high + 1) // 2
            start = end
        else:
            start += 1
    return out


def run_length(values):
    out = bytearray()
    starts = np.flatnonzero(np.diff(values)) + 1
    starts = np.concatenate([[0], starts, [len(values)]])
    literal = bytearray()

    def flush():
        for i in range(0, len(literal), 128):
            part = literal[i : i + 128]
            out.append(len(part))
            out.extend(part)
        literal.clear()

    for a, b in zip(starts[:-1], starts[1:]):
        n, value = int(b - a), int(values[a])
        if n < 4:
            literal.extend([value] * n)
            continue
        flush()
        while n > 0:
            part = min(n, 127)
            out.append(128 + part)
            out.append(value)
            n -= part
    flush()
    return bytes(out)


def ground_points(d):
    """Where the rays meet the ground, as (..., 3) with y = 0, and the distance along the ground."""
    t = EYE / np.maximum(-d[..., 1], 1e-4)
    p = d * t[..., None]
    p[..., 1] = 0.0
    return p, np.hypot(p[..., 0], p[..., 2])


def level_irradiance(d, sky):
    """Irradiance (rgb) on level ground from the upper half of a picture."""
    y = np.clip(d[..., 1], 0.0, None)
    row = np.sin((np.arange(HEIGHT) + 0.5) / HEIGHT * np.pi)[:, None]
    solid = row * (np.pi / HEIGHT) * (2.0 * np.pi / WIDTH)
    return (sky * (y * solid)[..., None]).sum((0, 1)).astype(np.float32)


def unit(x, y, z):
    v = np.array([x, y, z], np.float32)
    return v / np.linalg.norm(v)
