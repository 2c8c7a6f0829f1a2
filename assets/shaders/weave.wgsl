// Two-by-two twill: every tow passes over two and under two, and each next one a step later. See plugins/showroom/src/finish.rs.
#define_import_path gridvox::weave

// How steeply a tow dives under its neighbours, and how steeply its sides fall.
const DIVE: f32 = 0.16;
const SIDES: f32 = 0.30;

struct Weave {
    // Share of the pixel where the warp, which runs along y, lies above.
    warp: f32,
    // Slopes of the surface along x and y where the warp, or the weft, lies above.
    warp_slope: vec2<f32>,
    weft_slope: vec2<f32>,
    // Share of the light that the seams between tows leave.
    open: f32,
}

fn add_point(sum: Weave, at: vec2<f32>) -> Weave {
    let cell = floor(at);
    let f = at - cell;
    let diagonal = cell.x + cell.y;
    let step = diagonal - 4.0 * floor(diagonal * 0.25);
    let is_warp = step < 2.0;
    // -1..1 along the two cells in which the tow lies above, and across it
    let along = select(step - 3.0 + f.x, step - 1.0 + f.y, is_warp);
    let across = 2.0 * select(f.y, f.x, is_warp) - 1.0;
    let dive = DIVE * along;
    let side = SIDES * across * across * across;
    var out = sum;
    out.warp += select(0.0, 1.0, is_warp);
    out.warp_slope += select(vec2(0.0), vec2(side, dive), is_warp);
    out.weft_slope += select(vec2(dive, side), vec2(0.0), is_warp);
    out.open += 1.0 - 0.6 * smoothstep(0.8, 1.0, abs(across));
    return out;
}

// The weave at a place in cells, whose pixel reaches `right` and `down`. Four points make the mean over the pixel; where
// the pattern gets finer than pixels can hold, both directions show alike.
fn twill(at: vec2<f32>, right: vec2<f32>, down: vec2<f32>) -> Weave {
    var sum: Weave;
    sum = add_point(sum, at + 0.125 * right + 0.375 * down);
    sum = add_point(sum, at - 0.125 * right - 0.375 * down);
    sum = add_point(sum, at + 0.375 * right - 0.125 * down);
    sum = add_point(sum, at - 0.375 * right + 0.125 * down);
    let footprint = sqrt(max(dot(right, right), dot(down, down)));
    let seen = 1.0 - smoothstep(0.5, 1.5, footprint);
    var out: Weave;
    out.warp = mix(0.5, 0.25 * sum.warp, seen);
    out.warp_slope = sum.warp_slope / max(sum.warp, 1.0) * seen;
    out.weft_slope = sum.weft_slope / max(4.0 - sum.warp, 1.0) * seen;
    out.open = mix(0.94, 0.25 * sum.open, seen);
    return out;
}
