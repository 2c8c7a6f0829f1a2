"""Writes car.toml from the parts."""
import shape

CLASSES = {"front_bumper": "front_bumper", "bonnet": "bonnet", "front_wing_left": "front_wing_left", "front_wing_right": "front_wing_right",
           "door_left": "door_left", "door_right": "door_right", "roof": "roof", "rear_quarter_left": "rear_quarter_left",
           "rear_quarter_right": "rear_quarter_right", "engine_cover": "engine_cover", "rear_bumper": "rear_bumper", "rear_wing": "rear_wing",
           "rear_wing_endplate_left": "rear_wing", "rear_wing_endplate_right": "rear_wing", "skirt_left": "skirt_left",
           "skirt_right": "skirt_right", "mirror_left": "mirror_left", "mirror_right": "mirror_right"}


def part_class(p):
    if p.name in CLASSES:
        return CLASSES[p.name]
    if p.name.startswith("mirror_glass"):
        return None
    if p.material.startswith("lamp") or p.name.startswith(("headlamp", "tail_lamp")):
        return "lamps"
    if p.material == "glass_window":
        return "glass"
    if p.name.startswith(("tyre", "rim", "nut", "brake")):
        return "wheels"
    return None


def write_manifest(path, parts, car):
    length, width, height = car.size
    wheelbase = shape.WHEELS["front"][0][2] - shape.WHEELS["rear"][0][2]
    out = [f'id = "{car.id}"', f'name = "{car.name}"', 'class = "GT3"', 'mesh = "car.glb"',
           f"size_m = {{ length = {length:.2f}, width = {width:.2f}, height = {height:.2f}, wheelbase = {wheelbase:.2f} }}", "",
           "[paint]", 'materials = ["paint"]', "uv_size = 2048", "", "[mirror]", 'plane = "x"', "", "[materials]"]
    out += [f'{k} = "{k}"' for k in ("paint", "glass", "lamp", "rubber", "metal", "carbon", "interior")]
    out += ["", "[parts]"]
    out += [f'{p.name} = "{c}"' for p in parts if (c := part_class(p))]
    out += ["", "[wheels]"]
    for end, (hub, r, _, _) in shape.WHEELS.items():
        for side, sign in (("left", 1), ("right", -1)):
            tyre = next(p for p in parts if p.name == f"tyre_{end}_{side}").v
            hub = abs(tyre[:, 0].min() + tyre[:, 0].max()) / 2, hub[1], hub[2]
            spin = [f"{k}_{end}_{side}" for k in ("tyre", "tyre_band", "rim", "nut", "brake_disc")]
            names = ", ".join(f'"{k}"' for k in spin)
            still = f'"brake_caliper_{end}_{side}"'
            out.append(f"{end}_{side} = {{ center = [{sign * hub[0]:.4f}, {hub[1]:.4f}, {hub[2]:.4f}], radius = {r}, parts = [{names}], still = [{still}] }}")
    out += ["", "[sims.ams2]", f'vehicle = "gridvox_{car.id}"', "slots_from = 51", 'body_texture = "BODY"', 'base_livery = "Default"', ""]
    with open(path, "w") as f:
        f.write("\n".join(out))
