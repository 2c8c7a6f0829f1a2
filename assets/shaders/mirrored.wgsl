// What a mirrored ray meets on the car itself. See plugins/showroom/src/mirrored.rs, which lays the triangles out.
#define_import_path gridvox::mirrored

@group(#{MATERIAL_BIND_GROUP}) @binding(107) var<storage, read> car: array<vec4<u32>>;

const LEAF: u32 = 0x80000000u;
const NONE: u32 = 0xffffffffu;
const PAINTED: u32 = 1u;

// Inner nodes that wait to be looked into; trees of some hundred thousand triangles are less deep.
const WAITING: i32 = 32;

struct Met {
    // Distance in metres, and the triangle's place; NONE where nothing is met.
    t: f32,
    triangle: u32,
    // Weights of the second and third corner.
    weights: vec2<f32>,
}

// What a ray sees there before light falls on it.
struct Panel {
    p: vec3<f32>,
    N: vec3<f32>,
    colour: vec3<f32>,
    painted: bool,
    metallic: f32,
    roughness: f32,
    lacquer: f32,
    open: f32,
    towards: vec3<f32>,
}

// Where a ray enters a box; behind its end where it does not.
fn entry(low: vec3<f32>, high: vec3<f32>, start: vec3<f32>, inverse: vec3<f32>, end: f32) -> f32 {
    let a = (low - start) * inverse;
    let b = (high - start) * inverse;
    let near = min(a, b);
    let far = max(a, b);
    let enter = max(max(near.x, near.y), max(near.z, 0.0));
    let leave = min(min(far.x, far.y), min(far.z, end));
    return select(1e30, enter, enter <= leave);
}

// The nearest triangle along a ray, not farther than `end`: nearer children first, as on any processor.
fn meets(start: vec3<f32>, ray: vec3<f32>, end: f32) -> Met {
    var met = Met(end, NONE, vec2(0.0));
    let inverse = 1.0 / select(ray, vec3(1e-7), abs(ray) < vec3(1e-7));
    let triangles = car[0].y;
    var waiting: array<u32, WAITING>;
    var count = 0;
    var node = car[0].x;
    loop {
        var done = false;
        if ((node & LEAF) != 0u) {
            let first = (node & ~LEAF) >> 6u;
            let last = first + (node & 63u);
            for (var triangle = first; triangle < last; triangle++) {
                let at = triangles + 3u * triangle;
                let corner = bitcast<vec3<f32>>(car[at].xyz);
                let ab = bitcast<vec3<f32>>(car[at + 1u].xyz);
                let ac = bitcast<vec3<f32>>(car[at + 2u].xyz);
                // Möller and Trumbore
                let across = cross(ray, ac);
                let determinant = dot(ab, across);
                let scale = 1.0 / select(determinant, 1e-20, abs(determinant) < 1e-20);
                let s = start - corner;
                let b = dot(s, across) * scale;
                let turned = cross(s, ab);
                let c = dot(ray, turned) * scale;
                let t = dot(ac, turned) * scale;
                if (b >= 0.0 && c >= 0.0 && b + c <= 1.0 && t > 0.0 && t < met.t) {
                    met = Met(t, triangle, vec2(b, c));
                }
            }
            done = true;
        } else {
            let a = car[node];
            let b = car[node + 2u];
            let near_a = entry(bitcast<vec3<f32>>(a.xyz), bitcast<vec3<f32>>(car[node + 1u].xyz), start, inverse, met.t);
            let near_b = entry(bitcast<vec3<f32>>(b.xyz), bitcast<vec3<f32>>(car[node + 3u].xyz), start, inverse, met.t);
            let b_first = near_b < near_a;
            if (max(near_a, near_b) < 1e30 && count < WAITING) {
                waiting[count] = select(b.w, a.w, b_first);
                count++;
            }
            node = select(a.w, b.w, b_first);
            done = min(near_a, near_b) == 1e30;
        }
        if (done) {
            if (count == 0) {
                break;
            }
            count--;
            node = waiting[count];
        }
    }
    return met;
}

fn direction(word: u32) -> vec3<f32> {
    let flat = unpack2x16unorm(word) * 2.0 - 1.0;
    let z = 1.0 - abs(flat.x) - abs(flat.y);
    return normalize(vec3(flat - max(-z, 0.0) * select(vec2(-1.0), vec2(1.0), flat >= vec2(0.0)), z));
}

// What was met, seen along a ray of which a pixel covers `width` metres there.
fn panel(met: Met, start: vec3<f32>, ray: vec3<f32>, width: f32, livery: texture_2d<f32>, livery_sampler: sampler) -> Panel {
    var seen: Panel;
    let at = car[0].y + 3u * met.triangle;
    let carried = car[0].z + 2u * met.triangle;
    let weights = vec3(1.0 - met.weights.x - met.weights.y, met.weights);
    let edges = array<vec4<u32>, 3>(car[at], car[at + 1u], car[at + 2u]);
    seen.p = start + ray * met.t;
    let N = normalize(direction(edges[0].w) * weights.x + direction(edges[1].w) * weights.y + direction(edges[2].w) * weights.z);
    let facing = select(-1.0, 1.0, dot(N, ray) < 0.0);
    seen.N = N * facing;
    let texture = car[carried];
    let light = car[carried + 1u];
    let daylight = unpack4x8unorm(light.x) * weights.x + unpack4x8unorm(light.y) * weights.y + unpack4x8unorm(light.z) * weights.z;
    seen.open = daylight.w;
    // it was baked for the front
    seen.towards = select(seen.N, normalize(daylight.xyz * 2.0 - 1.0 + N * 0.001), facing > 0.0);
    let material = car[0].w + 2u * texture.w;
    let number = bitcast<vec3<f32>>(car[material + 1u].xyz);
    seen.colour = bitcast<vec3<f32>>(car[material].xyz);
    seen.painted = car[material].w == PAINTED;
    seen.metallic = number.x;
    seen.roughness = number.y;
    seen.lacquer = number.z;
    if (seen.painted) {
        let a = unpack2x16unorm(texture.x);
        let b = unpack2x16unorm(texture.y);
        let c = unpack2x16unorm(texture.z);
        let ab = b - a;
        let ac = c - a;
        let area = length(cross(bitcast<vec3<f32>>(edges[1].xyz), bitcast<vec3<f32>>(edges[2].xyz)));
        let scale = sqrt(abs(ab.x * ac.y - ab.y * ac.x) / max(area, 1e-12));
        let level = log2(max(width * scale * f32(textureDimensions(livery).x), 1.0));
        seen.colour = textureSampleLevel(livery, livery_sampler, a + ab * weights.y + ac * weights.z, level).rgb;
    }
    return seen;
}
