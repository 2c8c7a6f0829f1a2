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
ORDERS = [(["bonnet", "roof", "front_bumper", "side_left", "side_right", "engine_cover", "rear_bumper", "wing_bottom", "wing_top"] + assemble.SMALL,
           {"front_bumper": -1, "bonnet": -1, "engine_cover": -1, "rear_bumper": -1, "wing_bottom": -1})]

CAR = assemble.Car("gt3_front", "GT3 Front Engine", (4.75, 2.04, 1.26), cuts.build, fittings.add, fittings.WING, fittings.mirror,
                   Spokes(5, fork=0.135, power=1.0, split=0.11, root=0.0185, loss=0.0050, dish=0.020), ORDERS)

if __name__ == "__main__":
    assemble.main(CAR, os.path.join(HERE, ".."))
