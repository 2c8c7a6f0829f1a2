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
ORDERS = [(["roof", "front_bumper", "engine_cover", "rear_bumper", "wing_bottom", "bonnet", "wing_top", "side_left", "side_right"] + assemble.SMALL,
           {"side_left": -1, "roof": -1, "engine_cover": -1, "rear_bumper": -1, "endplate_outer_left": -1}),
          (["side_left", "side_right", "roof", "front_bumper", "rear_bumper", "bonnet", "engine_cover", "wing_top", "wing_bottom"] + assemble.SMALL, {})]

CAR = assemble.Car("gt3_rear", "GT3 Rear Engine", (4.62, 2.05, 1.28), cuts.build, fittings.add, fittings.WING, fittings.mirror, Spokes(), ORDERS, 0.72)

if __name__ == "__main__":
    assemble.main(CAR, os.path.join(HERE, ".."))
