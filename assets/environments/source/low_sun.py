"""A start straight at the end of the day: a sun eight degrees high, warm light, long shadows."""

import bpy
import numpy as np

import circuit
from picture import HEIGHT, WIDTH, directions, fbm, mix, smooth, unit
from traced import background, begin, trace

ELEVATION = np.radians(8.0)
# from the car's front to its left, in degrees
AZIMUTH = np.radians(72.0)
SUN = unit(np.cos(ELEVATION) * np.sin(AZIMUTH), np.sin(ELEVATION), np.cos(ELEVATION) * np.cos(AZIMUTH))


def sky():
    """Radiance of a low-sun sky without its disc, in GridVox's frame: gradients of colour and lit, torn clouds."""
    d = directions()
    up = np.clip(d[..., 1], 0.0, 1.0)
    level = np.stack([d[..., 0], d[..., 2]], -1) / np.maximum(np.hypot(d[..., 0], d[..., 2]), 1e-5)[..., None]
    towards = level @ (np.array([SUN[0], SUN[2]]) / np.hypot(SUN[0], SUN[2]))
    gamma = np.arccos(np.clip((d * SUN).sum(-1), -1.0, 1.0))

    zenith = np.array([0.120, 0.205, 0.400], np.float32)
    middle = np.array([0.340, 0.440, 0.600], np.float32)
    low_away = np.array([0.520, 0.470, 0.520], np.float32)
    low_sunward = np.array([1.700, 0.980, 0.480], np.float32)
    low = mix(np.broadcast_to(low_away, d.shape), low_sunward, (0.5 + 0.5 * towards) ** 2.2)
    out = mix(np.broadcast_to(middle, d.shape), zenith, smooth(0.12, 0.95, up))
    out = mix(low, out, smooth(0.0, 0.34, up) ** 0.8)
    # forward scattering: an aureole around the sun, wide and narrow
    glow = 1.6 * np.exp(-gamma / 0.42) + 6.5 * np.exp(-gamma / 0.09)
    out = out + glow[..., None] * np.array([1.0, 0.70, 0.38], np.float32)

    plane = d / np.maximum(up, 0.055)[..., None]
    plane[..., 1] = 0.0
    streaks = plane * np.array([0.95, 0.0, 0.30], np.float32)
    veil = smooth(0.50, 0.70, fbm(streaks * 0.42 + 3.0, 41, 6, 0.56)) * smooth(0.02, 0.16, up)
    banks = smooth(0.55, 0.66, fbm(plane * np.array([0.22, 0.0, 0.30], np.float32) + 23.0, 87, 6, 0.56)) * smooth(0.015, 0.10, up)
    sunward = np.clip(np.cos(gamma), -1.0, 1.0) * 0.5 + 0.5
    lit = mix(np.broadcast_to(np.array([0.82, 0.66, 0.60], np.float32), d.shape), np.array([2.6, 1.65, 0.85], np.float32), sunward**3)
    shaded = mix(np.broadcast_to(np.array([0.30, 0.31, 0.42], np.float32), d.shape), np.array([0.85, 0.56, 0.40], np.float32), sunward**3)
    body = mix(shaded, lit, smooth(0.35, 0.65, fbm(plane * 0.9 + 5.0, 61, 5)))
    out = mix(out, lit, 0.28 * veil)
    out = mix(out, body, 0.80 * banks)
    return out.astype(np.float32)


def low_sun():
    begin()
    picture = sky()
    hang(picture)
    irradiance = np.array([12.0, 8.5, 5.3], np.float32)
    shine(irradiance)
    rng = np.random.default_rng(23)
    circuit.ground(rng)
    circuit.barriers()
    circuit.pit_building()
    circuit.grandstand(22.0, -62.0, 60.0)
    circuit.grandstand(-58.0, -95.0, 70.0, turn=-1.0)
    circuit.gantry(58.0)
    circuit.hills()
    rows = [
        ([(70, 150), (95, 60), (120, -20), (130, -120), (80, -200), (0, -230), (-90, -210)], 150, 8.0, 15.0),
        ([(70, 160), (30, 230), (-40, 240), (-100, 200), (-120, 80), (-110, -30), (-120, -150)], 130, 10.0, 19.0),
        ([(34, 34), (42, 80), (52, 130)], 16, 7.0, 12.0),
    ]
    circuit.forest(rng, rows)
    out = trace(samples=9, bounces=3)

    gamma = np.arccos(np.clip((directions() * SUN).sum(-1), -1.0, 1.0))
    radius = np.radians(0.5)
    disc = smooth(radius + np.radians(0.1), radius - np.radians(0.1), gamma)
    return out + disc[..., None] * irradiance / (2.0 * np.pi * (1.0 - np.cos(radius)))


def hang(picture):
    """Puts an equirectangular sky around the scene."""
    image = bpy.data.images.new("sky", WIDTH, HEIGHT, float_buffer=True)
    image.colorspace_settings.name = "Non-Color"
    rgba = np.ones((HEIGHT, WIDTH, 4), np.float32)
    rgba[..., :3] = picture[::-1]
    image.pixels.foreach_set(rgba.ravel())
    image.update()
    world = bpy.context.scene.world
    nodes, links = world.node_tree.nodes, world.node_tree.links
    around = nodes.new("ShaderNodeTexEnvironment")
    around.image = image
    place = nodes.new("ShaderNodeTexCoord")
    # Blender takes the picture's middle for +X
    turn = nodes.new("ShaderNodeMapping")
    turn.inputs["Rotation"].default_value = (0.0, 0.0, -np.pi / 2)
    links.new(place.outputs["Generated"], turn.inputs["Vector"])
    links.new(turn.outputs["Vector"], around.inputs["Vector"])
    links.new(around.outputs["Color"], background(world).inputs["Color"])


def shine(irradiance):
    """The sun as a distant light of this irradiance on a surface that faces it."""
    strength = float(irradiance.max())
    sun = bpy.data.lights.new("sun", "SUN")
    sun.energy = strength
    sun.color = tuple(float(c) for c in irradiance / strength)
    sun.angle = np.radians(1.0)
    thing = bpy.data.objects.new("sun", sun)
    # a lamp shines along its -Z: tilt from the zenith, then turn
    x, y = float(SUN[0]), float(-SUN[2])
    thing.rotation_euler = (0.0, np.pi / 2 - ELEVATION, np.arctan2(y, x))
    bpy.context.collection.objects.link(thing)
