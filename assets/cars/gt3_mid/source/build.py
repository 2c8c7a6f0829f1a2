"""Builds car.glb and car.toml: `python build.py [--no-ao] [--out folder]`. Deterministic; about a minute on one core."""
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(1, os.path.join(HERE, "..", "..", "source"))
import assemble                                     # noqa: E402
import cuts                                         # noqa: E402
import fittings                                     # noqa: E402
from wheels import Spokes                           # noqa: E402

# Orders and leans that packed best in a random search.
ORDERS = [(["front_bumper", "rear_bumper", "bonnet", "roof", "engine_cover", "side_left", "side_right", "wing_bottom", "wing_top"] + assemble.SMALL,
           {"bonnet": -1, "roof": -1, "rear_bumper": -1, "endplate_outer_left": -1})]

CAR = assemble.Car("gt3_mid", "GT3 Mid Engine", (4.60, 2.05, 1.19), cuts.build, fittings.add, fittings.WING, fittings.mirror,
                   Spokes(7, fork=0.21, power=1.25, sweep=0.16, root=0.0200, loss=0.0095, dish=0.036), ORDERS)

if __name__ == "__main__":
    assemble.main(CAR, os.path.join(HERE, ".."))
