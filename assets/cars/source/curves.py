"""Smooth curves and blends that bodies are made of."""
import numpy as np
from scipy.interpolate import PchipInterpolator
from scipy.ndimage import gaussian_filter1d

_Z = np.arange(-2.7, 2.7, 0.002)


def curve(*knots, sigma=0.05):
    """A smooth function of z through (z, value) pairs, softened by a Gaussian of `sigma` metres."""
    z, v = np.array(sorted(knots), float).T
    table = PchipInterpolator(z, v, extrapolate=False)(np.clip(_Z, z[0], z[-1]))
    table = gaussian_filter1d(table, sigma / 0.002, mode="nearest")
    return lambda q: np.interp(q, _Z, table)


def smax(a, b, k):
    """Smooth maximum; the blend reaches about `k` metres."""
    return 0.5 * (a + b + np.sqrt((a - b) ** 2 + k * k))


def smin(a, b, k):
    return -smax(-a, -b, k)


def step(a, b, x):
    t = np.clip((x - a) / (b - a), 0.0, 1.0)
    return t * t * t * (t * (6 * t - 15) + 10)


def flare(y, z, hub, radius, amount, spread, low=0.10, high=0.42):
    """A ridge of `amount` metres around a wheel arch."""
    r = np.hypot(z - hub[2], y - hub[1])
    return amount * np.exp(-np.clip((r - radius) / spread, -1.2, None) ** 2) * step(low, high, y)
