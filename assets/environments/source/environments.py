#!/usr/bin/env python3
"""Makes the bundled environments.

Everything is computed from formulas and modelled shapes, so the pictures carry no rights of anybody else:

    python3 environments.py [--only ID,ID] [folder]

The first three need numpy only; the traced ones need Blender as a Python module (see README.md).
"""

import argparse
import importlib
from pathlib import Path

from picture import write_hdr

# identifier: module, and how far a stored mantissa may stray from its value to let runs grow (see `write_hdr`)
ENVIRONMENTS = {
    "soft_studio": ("soft_studio", 0),
    "overcast": ("daylight", 0),
    "clear_sky": ("daylight", 0),
    "low_sun": ("low_sun", 1),
    "pit_garage": ("pit_garage", 1),
    "night_track": ("night_track", 1),
    "tunnel": ("tunnel", 1),
    "white_cyclorama": ("white_cyclorama", 1),
}


def main():
    parser = argparse.ArgumentParser(description="Makes the bundled environments.")
    parser.add_argument("--only", help="identifiers, separated by commas", default=",".join(ENVIRONMENTS))
    parser.add_argument("folder", nargs="?", type=Path, default=Path(__file__).resolve().parent.parent)
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    for name in arguments.only.split(","):
        module, slack = ENVIRONMENTS[name]
        rgb = getattr(importlib.import_module(module), name)()
        write_hdr(arguments.folder / f"{name}.hdr", rgb, slack)


if __name__ == "__main__":
    main()
