// False colours for inspecting a livery. See plugins/showroom/src/inspect.rs.
#define_import_path gridvox::inspect

fn hue(turn: f32) -> vec3<f32> {
    return clamp(abs(fract(turn + vec3(0.0, 2.0 / 3.0, 1.0 / 3.0)) * 6.0 - 3.0) - 1.0, vec3(0.0), vec3(1.0));
}

// Neighbouring numbers lie far apart on the circle of hues.
fn part(number: u32) -> vec3<f32> {
    let turn = fract(f32(number) * 0.618034);
    return mix(vec3(0.35), hue(turn), 0.75) * mix(0.45, 1.0, fract(f32(number) * 0.754878));
}

const SQUARES: f32 = 32.0;

fn checker(uv: vec2<f32>) -> vec3<f32> {
    let square = floor(uv * SQUARES);
    let dark = fract(0.5 * (square.x + square.y)) < 0.25;
    let tint = mix(vec3(1.0), hue(square.x / SQUARES), 0.6) * mix(0.95, 0.35, square.y / SQUARES);
    return select(tint, tint * 0.25, dark);
}

// From 100 to 1600 texels per metre in equal steps of doubling: blue, cyan, green, yellow, red.
fn density(texels_per_metre: f32) -> vec3<f32> {
    let place = clamp(log2(max(texels_per_metre, 1.0) / 100.0) / 4.0, 0.0, 1.0);
    return hue((1.0 - place) * 2.0 / 3.0) * 0.8;
}
