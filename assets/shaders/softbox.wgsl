// A flat, even lamp near the car. See plugins/showroom/src/softbox.rs.
#define_import_path gridvox::softbox

struct Lamp {
    middle: vec4<f32>,
    side: vec4<f32>,
    up: vec4<f32>,
    light: vec4<f32>,
}

// Share of the interval -1..1 around a place that is as wide as twice `blur`: a box filter, which loses no light.
fn covered(place: f32, blur: f32) -> f32 {
    let overlap = min(place + blur, 1.0) - max(place - blur, -1.0);
    return max(overlap, 0.0) / (2.0 * blur);
}

// Radiance that a surface of some roughness (GGX alpha) mirrors along a ray.
fn mirrored(lamp: Lamp, p: vec3<f32>, ray: vec3<f32>, alpha: f32) -> vec3<f32> {
    let normal = cross(lamp.side.xyz, lamp.up.xyz);
    let towards = dot(ray, normal);
    let t = dot(lamp.middle.xyz - p, normal) / max(towards, 1e-6);
    // it shines to the side that faces the car
    if (towards <= 1e-6 || t <= 0.0) {
        return vec3(0.0);
    }
    let on = p + ray * t - lamp.middle.xyz;
    // slopes of the facets spread by alpha, and mirrored rays by twice that
    let spread = t * (2.0 * alpha + 0.002);
    let side2 = dot(lamp.side.xyz, lamp.side.xyz);
    let up2 = dot(lamp.up.xyz, lamp.up.xyz);
    let share = covered(dot(on, lamp.side.xyz) / side2, spread * inverseSqrt(side2)) * covered(dot(on, lamp.up.xyz) / up2, spread * inverseSqrt(up2));
    return lamp.light.rgb * share;
}

// An edge's part of the form factor: the angle under which it is seen, times how much its plane faces N.
fn edge(a: vec3<f32>, b: vec3<f32>, N: vec3<f32>) -> f32 {
    let c = cross(a, b);
    let length2 = max(dot(c, c), 1e-12);
    return acos(clamp(dot(a, b), -1.0, 1.0)) * dot(c, N) * inverseSqrt(length2);
}

// What falls on a surface, as irradiance divided by pi: the form factor of a polygon (Lambert, "Photometria", 1760). Where the
// lamp stands partly below the surface's horizon it comes out a little low.
fn falls(lamp: Lamp, p: vec3<f32>, N: vec3<f32>) -> vec3<f32> {
    let normal = cross(lamp.side.xyz, lamp.up.xyz);
    let to_middle = lamp.middle.xyz - p;
    if (dot(to_middle, normal) <= 0.0) {
        return vec3(0.0);
    }
    let a = normalize(to_middle - lamp.side.xyz - lamp.up.xyz);
    let b = normalize(to_middle + lamp.side.xyz - lamp.up.xyz);
    let c = normalize(to_middle + lamp.side.xyz + lamp.up.xyz);
    let d = normalize(to_middle - lamp.side.xyz + lamp.up.xyz);
    let factor = (edge(a, b, N) + edge(b, c, N) + edge(c, d, N) + edge(d, a, N)) * 0.159155;
    return lamp.light.rgb * max(factor, 0.0);
}
