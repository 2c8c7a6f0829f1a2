// Surfaces of a car, on top of Bevy's standard material. See plugins/showroom/src/finish.rs.

//
// Light comes from the surroundings, and from a sun where there is one (SUN). Bevy's own lighting function would also walk
// through lamps, probes and rectangles; software Vulkan pays for each of them even where there is none.

#import bevy_pbr::{
    clustered_forward::ClusterableObjectIndexRanges,
    forward_io::{Vertex, FragmentOutput},
    lighting,
    mesh_functions,
    mesh_view_bindings::{globals, lights, view},
    pbr_bindings,
    pbr_types,
    shadows::fetch_directional_shadow,
    view_transformations::position_world_to_clip,
}
#ifdef ENVIRONMENT_MAP
#import bevy_pbr::environment_map::{compute_multiscatter, compute_radiances}
#endif
#import gridvox::develop::developed
#import gridvox::softbox
#ifdef MIRRORS
#import gridvox::mirrored as on_car
#endif
#ifdef WOVEN
#import gridvox::weave
#endif
#ifdef INSPECTS
#import gridvox::inspect
#endif

struct Surface {
    shadow_area: vec4<f32>,
    ground: vec4<f32>,
    lamp: softbox::Lamp,
    film: array<vec4<f32>, 8>,
    paint: vec4<f32>,
    orange_peel: f32,
    flakes: f32,
    glint: f32,
    pearl: f32,
    candy: f32,
    tows: f32,
    ground_reach: f32,
    sunlight: f32,
}

@group(#{MATERIAL_BIND_GROUP}) @binding(100) var<uniform> surface: Surface;
@group(#{MATERIAL_BIND_GROUP}) @binding(101) var ground_shadow: texture_2d<f32>;
@group(#{MATERIAL_BIND_GROUP}) @binding(102) var ground_shadow_sampler: sampler;
@group(#{MATERIAL_BIND_GROUP}) @binding(103) var livery: texture_2d<f32>;
@group(#{MATERIAL_BIND_GROUP}) @binding(104) var livery_sampler: sampler;
#ifdef SPEC_MAP
@group(#{MATERIAL_BIND_GROUP}) @binding(105) var spec_map: texture_2d<f32>;
#endif
#ifdef MIRRORS
@group(#{MATERIAL_BIND_GROUP}) @binding(106) var mirrored_livery: texture_2d<f32>;
#endif

// Slope of a smooth, aperiodic field of waves: directions and lengths are incommensurate. Wavelengths 5 to 9 cm, which
// is what makes long reflections on a panel look alive.
fn waves(p: vec3<f32>) -> vec3<f32> {
    let a = vec3(71.0, 23.0, 47.0);
    let b = vec3(-31.0, 83.0, 19.0);
    let c = vec3(17.0, -41.0, 101.0);
    let d = vec3(-67.0, -53.0, -37.0);
    return (a * cos(dot(a, p)) + b * cos(dot(b, p) + 1.3) + c * cos(dot(c, p) + 4.1) + d * cos(dot(d, p) + 2.7)) * 0.012;
}

fn hash3(cell: vec3<f32>) -> vec3<f32> {
    var q = vec3(dot(cell, vec3(127.1, 311.7, 74.7)), dot(cell, vec3(269.5, 183.3, 246.1)), dot(cell, vec3(113.5, 271.9, 124.6)));
    return fract(sin(q) * 43758.5453) * 2.0 - 1.0;
}

// How much light the ground below a point gets, with the sun's: 1 in the open.
fn ground_light(p: vec3<f32>) -> f32 {
    let uv = (p.xz - surface.shadow_area.xy) * surface.shadow_area.zw;
    if (any(uv < vec2(0.0)) || any(uv > vec2(1.0))) {
        return 1.0;
    }
    return textureSampleLevel(ground_shadow, ground_shadow_sampler, uv, 0.0).g;
}

// The same where a ray from the car meets the ground: 1 for rays that look up, and from `range` on, as slopes, all of it counts.
fn ground_light_along(p: vec3<f32>, ray: vec3<f32>, range: vec2<f32>) -> f32 {
    let met = ground_light(p + ray * min(p.y / max(-ray.y, 0.02), 6.0));
    return mix(1.0, met, smoothstep(range.x, range.y, -ray.y));
}

// Rays that graze the ground are met by its horizon.
const GRAZING: vec2<f32> = vec2(0.02, 0.12);

// Where the surroundings' picture holds what a ray from the car meets. The picture is infinitely far away, but its ground is
// not: a panel mirrors the ground beside it, which the picture's camera saw at another angle. As in backdrop.wgsl.
fn in_picture(p: vec3<f32>, ray: vec3<f32>) -> vec3<f32> {
    let hit = p + ray * (max(p.y, 0.0) / max(-ray.y, 0.001));
    let reach = surface.ground_reach;
    let near = select(0.0, 1.0 - smoothstep(reach * 0.35, reach, length(hit.xz)), ray.y < 0.0);
    return normalize(mix(ray, normalize(hit - vec3(0.0, surface.ground.w, 0.0)), near));
}

// Perceptual roughness of a pixel in which the normal turns: a rolled edge narrower than a pixel mirrors many directions, and
// would flicker if it showed one. Tokuyoshi and Kaplanyan, "Improved geometric specular antialiasing", I3D 2019, section 3.
fn over_pixel(perceptual_roughness: vec2<f32>, normal: vec3<f32>) -> vec2<f32> {
    let right = dpdx(normal);
    let down = dpdy(normal);
    let turned = min(0.5 * (dot(right, right) + dot(down, down)), 0.18);
    let alpha = perceptual_roughness * perceptual_roughness;
    return sqrt(sqrt(saturate(alpha * alpha + turned)));
}

#ifdef PANE
// Index of window glass.
const GLASS: f32 = 1.52;

// Shares of light that a pane mirrors and lets through; see plugins/showroom/src/pane.rs.
fn pane(cosine: f32, clearness: f32) -> vec2<f32> {
    let inside = sqrt(1.0 - (1.0 - cosine * cosine) / (GLASS * GLASS));
    let across = (cosine - GLASS * inside) / (cosine + GLASS * inside);
    let along = (GLASS * cosine - inside) / (GLASS * cosine + inside);
    let face = 0.5 * (across * across + along * along);
    let tint = pow(clearness, 1.0 / inside);
    let in_and_out = (1.0 - face) * (1.0 - face) * tint / (1.0 - face * face * tint * tint);
    return vec2(face * (1.0 + in_and_out * tint), in_and_out);
}
#endif

// Reflectance of aluminium flakes, the ground below candy.
const SILVER: f32 = 0.92;

// Length of a ray in a coat of index 1.5, in thicknesses, by its cosine in the air (Snell).
fn path_in_coat(cosine: f32) -> f32 {
    return inverseSqrt(1.0 - (1.0 - cosine * cosine) / 2.25);
}

// What a clear coat over silver lets through: light passes it down and up, and loses by the length of its way (Beer and Lambert).
// Face on, that is the livery's colour; `path` is the mean of both ways in thicknesses.
fn through_candy(colour: vec3<f32>, path: f32) -> vec3<f32> {
    return mix(vec3(1.0), pow(max(colour, vec3(0.0001)), vec3(path)), surface.candy);
}

// Share of a flake that mirrors; the rest lies below others or ends in edges. Set by eye, so that the livery's colour leads.
const FLAT: f32 = 0.37;

// What pearl flakes reflect at a cosine in the air.
fn film(cosine: f32) -> vec3<f32> {
    let at = clamp(cosine, 0.0, 1.0) * 7.0;
    let below = min(u32(at), 6u);
    return FLAT * mix(surface.film[below].rgb, surface.film[below + 1u].rgb, at - f32(below));
}

// A picture in the livery's layout at a pixel. At the edge of a panel the pixel's middle may lie outside the triangle, where
// the texture shows another panel; there a place within is looked up. The footprint is an ellipse; TAPS places along its longer
// axis, each as blurred as the shorter one, cover it (Mavridis and Papaioannou, "High quality elliptical texture filtering on
// GPU", 2011, use the same approximation). Mesa's llvmpipe, told to filter like that by itself, now and then shows other texels.
const TAPS: i32 = 4;

fn painted(picture: texture_2d<f32>, within: vec2<f32>, middle: vec2<f32>) -> vec4<f32> {
    let right = dpdx(middle);
    let down = dpdy(middle);
    let texels = vec2<f32>(textureDimensions(picture));
    let a = right * texels;
    let b = down * texels;
    let a2 = dot(a, a);
    let b2 = dot(b, b);
    let axis = select(down, right, a2 > b2);
    let long = sqrt(max(max(a2, b2), 1e-12));
    let short = abs(a.x * b.y - a.y * b.x) / long;
    let level = log2(max(short, long / f32(TAPS)));
    // a place that is more than half a pixel away is a driver's mistake
    let place = select(within, middle, any(abs(within - middle) > 0.6 * (abs(right) + abs(down))));
    var sum = vec4(0.0);
    for (var tap = 0; tap < TAPS; tap++) {
        sum += textureSampleLevel(picture, livery_sampler, place + axis * ((f32(tap) + 0.5) / f32(TAPS) - 0.5), level);
    }
    return sum / f32(TAPS);
}

// As Bevy's, with what varies taken within the triangle, and texture coordinates also in the pixel's middle.
struct Between {
    @builtin(position) position: vec4<f32>,
    @location(0) world_position: vec4<f32>,
    @location(1) @interpolate(perspective, centroid) world_normal: vec3<f32>,
    @location(2) @interpolate(perspective, centroid) uv: vec2<f32>,
    @location(3) @interpolate(perspective, centroid) uv_b: vec2<f32>,
    @location(4) uv_of_middle: vec2<f32>,
    @location(5) @interpolate(flat) instance_index: u32,
#ifdef VERTEX_COLORS
    @location(6) @interpolate(perspective, centroid) daylight_from: vec3<f32>,
#endif
}

@vertex
fn vertex(vertex: Vertex) -> Between {
    var out: Between;
    let world_from_local = mesh_functions::get_world_from_local(vertex.instance_index);
    out.world_normal = mesh_functions::mesh_normal_local_to_world(vertex.normal, vertex.instance_index);
    out.world_position = mesh_functions::mesh_position_local_to_world(world_from_local, vec4(vertex.position, 1.0));
    out.position = position_world_to_clip(out.world_position.xyz);
    out.uv = vertex.uv;
    out.uv_b = vertex.uv_b;
    out.uv_of_middle = vertex.uv;
    out.instance_index = vertex.instance_index;
#ifdef VERTEX_COLORS
    out.daylight_from = vertex.color.xyz;
#endif
    return out;
}

// Share of a mirrored cone that the car leaves free. What is free around a place is taken for a cone about the direction from
// which light comes; a share `open` of the hemisphere, by the cosine, is a cone whose half angle has the sine sqrt(open). As
// Jimenez et al., "Practical real-time strategies for accurate indirect occlusion" (2016), but with edges as soft as real ones.
fn free(towards: vec3<f32>, open: f32, ray: vec3<f32>, alpha: f32) -> f32 {
    let edge = sqrt(1.0 - open) * (1.3 - 0.3 * open);
    let soft = 0.25 + 0.5 * alpha;
    return smoothstep(edge - soft * (1.0 + open), edge + soft * (1.0 - open) + 0.001, dot(towards, ray));
}

// What stands in a mirrored cone's way is the car itself, about as lit as the place that mirrors it: a mean over paint, carbon and
// rubber.
fn colour_of_car() -> vec3<f32> {
#ifdef MIRRORS
    // the smallest level of the livery is its mean, and gaps, wheels and the underside are dark
    return 0.02 + 0.25 * textureSampleLevel(mirrored_livery, ground_shadow_sampler, vec2(0.5), 16.0).rgb;
#else
    return vec3(0.1);
#endif
}

// Share of light that a smooth face of index 1.5 mirrors (Fresnel). Schlick's formula falls short by a fifth around 50 degrees.
fn face(cosine: f32) -> f32 {
    let inside = sqrt(1.0 - (1.0 - cosine * cosine) / 2.25);
    let across = (cosine - 1.5 * inside) / (cosine + 1.5 * inside);
    let along = (1.5 * cosine - inside) / (1.5 * cosine + inside);
    return 0.5 * (across * across + along * along);
}

// Scale and bias of F0 in what a GGX surface mirrors of even light. The bias is Bevy's (Karis, "Physically based shading on
// mobile", 2014); the sum is a fit to the integral, within 0.03 up to a roughness of 0.7. Karis' own sum loses a tenth of the light on
// polished metal, which then comes back as a haze.
fn mirrored_share(perceptual_roughness: f32, n_v: f32) -> vec2<f32> {
    let bias = lighting::F_AB(perceptual_roughness, n_v).y;
    let alpha = perceptual_roughness * perceptual_roughness;
    let slant = (1.0 - n_v) * (1.0 - n_v) * (1.0 - n_v);
    let lost = alpha * alpha * (1.78 - 1.125 * alpha) + slant * alpha * (0.318 - 1.207 * alpha);
    return vec2(1.0 - clamp(lost, 0.0, 0.7) - bias, bias);
}

// Share of light that lacquer mirrors. Where it is rough, few of its facets are seen at a slant.
fn lacquer_share(lacquer: lighting::LayerLightingInput) -> f32 {
    return 0.04 + (face(lacquer.NdotV) - 0.04) * (1.0 - lacquer.roughness);
}

// What a place on the car looks like before light falls on it.
struct Place {
    pixel: vec2<f32>,
    p: vec3<f32>,
    V: vec3<f32>,
    N: vec3<f32>,
    lacquer_N: vec3<f32>,
    base_color: vec4<f32>,
    perceptual_roughness: f32,
    metallic: f32,
    lacquer: f32,
    lacquer_roughness: f32,
    // Mean direction of the light that arrives.
    towards: vec3<f32>,
    // Share of the light that falls on the place and arrives.
    open: f32,
    // Shares of what the colour and the lacquer mirror that is not the car itself.
    mirror_open: vec2<f32>,
    // How far both mirror a wide cone, for which one ray does not stand: 0 to 1.
    wide: vec2<f32>,
    // Light of the ground that is mirrored, where the car's shadow is on it.
    ground_open: f32,
    // What the mirrored ray meets on the car: its radiance, and 1 where it meets anything.
    met: vec4<f32>,
    // What a candy coat lets through of all light from below the lacquer.
    candy: vec3<f32>,
    // The share of the hemisphere that is ground in the car's shadow.
    shaded_ground: f32,
#ifdef WOVEN
    // Share of the warp, normal and direction of both kinds of tow, share of the light that the seams leave.
    warp: f32,
    warp_N: vec3<f32>,
    warp_T: vec3<f32>,
    weft_N: vec3<f32>,
    weft_T: vec3<f32>,
    seams_open: f32,
    tint: vec3<f32>,
#endif
}

fn layer(p: vec3<f32>, N: vec3<f32>, V: vec3<f32>, perceptual_roughness: f32) -> lighting::LayerLightingInput {
    var input: lighting::LayerLightingInput;
    input.N = N;
    input.NdotV = max(dot(N, V), 0.0001);
    input.R = in_picture(p, reflect(-V, N));
    // Levels of the surroundings stand for roughness in steps of a seventh. How much light of a bright lamp gets far from its mirror
    // picture grows with the square of alpha; what is as smooth as lacquer or chrome, between the first and the second level, would
    // else stand in a haze.
    let between = 7.0 * perceptual_roughness;
    input.perceptual_roughness = select(perceptual_roughness, between * between * between * between / 7.0, between < 1.0);
    input.roughness = lighting::perceptualRoughnessToRoughness(perceptual_roughness);
    return input;
}

#ifdef WOVEN
// Fibres are cylinders: along them they mirror sharply, across them widely. That is GGX with two widths (Burley,
// "Physically based shading at Disney", 2012, B.2).
const ALONG: f32 = 0.12;
const ACROSS: f32 = 0.36;

// Fresnel reflectance of graphite (n = 2.3, k = 0.9) in resin of index 1.55. Light in the resin meets the fibres at no more
// than 40 degrees from the normal, so it hardly grows towards the edge.
const FIBRE: f32 = 0.09;

// What fibres mirror of light that passes the lacquer twice, and its tint.
fn through_resin(place: Place) -> vec3<f32> {
    let n_v = max(dot(place.lacquer_N, place.V), 0.0001);
    let passed = 1.0 - place.lacquer * lighting::F_Schlick(0.04, 1.0, n_v);
    let tint = pow(max(place.tint, vec3(0.0001)), vec3(path_in_coat(clamp(n_v, 0.0, 1.0))));
    return FIBRE * place.seams_open * passed * passed * tint;
}

#ifdef ENVIRONMENT_MAP
// What fibres along T send to the eye: three normals across the fibre at the quantiles 1/6, 1/2 and 5/6 of GGX slopes
// (slope = width * y / sqrt(1 - y * y) with y = 2 u - 1), weighted by how much of them is seen.
fn sky_on_fibres(place: Place, N: vec3<f32>, T: vec3<f32>) -> vec3<f32> {
    var none: ClusterableObjectIndexRanges;
    let across = normalize(cross(N, T));
    var light = vec3(0.0);
    var seen = 0.0;
    for (var k = -1; k <= 1; k++) {
        let n = normalize(N + across * (0.894 * ACROSS * f32(k)));
        let weight = max(dot(n, place.V), 0.02);
        // wide enough to close the gaps between the three
        light += weight * compute_radiances(layer(place.p, n, place.V, 0.45), &none, place.p, true).radiance;
        seen += weight;
    }
    return light / seen;
}
#endif

#ifdef SUN
// The part of the sun's light that fibres along T send to the eye.
fn sun_on_fibres(place: Place, N: vec3<f32>, T: vec3<f32>, L: vec3<f32>) -> f32 {
    let along = normalize(T - N * dot(N, T));
    let across = cross(N, along);
    let H = normalize(L + place.V);
    let n_l = clamp(dot(N, L), 0.0, 1.0);
    let n_v = max(dot(N, place.V), 0.02);
    let D = lighting::D_GGX_anisotropic(ALONG, ACROSS, dot(N, H), dot(along, H), dot(across, H));
    let G = lighting::V_GGX_anisotropic(ALONG, ACROSS, n_l, n_v, dot(across, place.V), dot(along, place.V), dot(along, L), dot(across, L));
    return D * G * n_l;
}
#endif
#endif

// What a surface mirrors: of what is around, the share that the car leaves free, and of the car the rest.
fn around_or_car(place: Place, around: vec3<f32>, falls: vec3<f32>, open: f32, wide: f32) -> vec3<f32> {
    let car = mix(falls * colour_of_car(), place.met.rgb, place.met.w * (1.0 - wide));
    return around * (place.ground_open * open) + car * (1.0 - open);
}

#ifdef MIRRORS
#ifdef ENVIRONMENT_MAP
// What a place on the car that a mirrored ray meets sends back along the ray: the colour's light, and its own mirror picture of
// the surroundings.
fn sent_back(panel: on_car::Panel, ray: vec3<f32>, pixel: vec2<f32>) -> vec3<f32> {
    var none: ClusterableObjectIndexRanges;
    var colour = panel.colour;
    var metallic = panel.metallic;
    var roughness = panel.roughness;
    var lacquer = panel.lacquer;
    let cosine = max(dot(panel.N, -ray), 0.02);
    if (panel.painted) {
        metallic = surface.paint.x;
        roughness = surface.paint.y;
        lacquer = surface.paint.z;
        // candy above 0, carbon fibre below
        colour = mix(colour, SILVER * pow(max(colour, vec3(0.0001)), vec3(path_in_coat(cosine))), max(surface.paint.w, 0.0));
        colour *= 1.0 + 0.94 * min(surface.paint.w, 0.0);
    }
    // one mirror picture has to do: the lacquer's where there is one and no metal below
    let bare = mix(1.0 - lacquer, 1.0, metallic);
    let out = reflect(ray, panel.N);
    var above = layer(panel.p, panel.N, -ray, mix(0.06, roughness, bare));
    above.N = panel.towards;
    let sky = compute_radiances(above, &none, panel.p, false);
    let ground_below = ground_light(panel.p + vec3(panel.towards.x, 0.0, panel.towards.z) * (1.73 * max(panel.p.y, 0.0)));
    let shaded = clamp(0.5 - 0.5 * panel.towards.y, 0.0, 1.0) * (1.0 - ground_below);
    let falls = max(sky.irradiance - surface.ground.rgb * shaded, vec3(0.0)) * panel.open;
    let open = free(panel.towards, panel.open, out, above.roughness);
    let ground_open = ground_light_along(panel.p, out, GRAZING);
    let shine = mix(vec3(face(cosine) * (1.0 - above.roughness)), colour, metallic);
    var light = colour * (1.0 - metallic) * falls * (1.0 - shine);
    light += (sky.radiance * open * ground_open + falls * colour_of_car() * (1.0 - open)) * shine;
#ifdef SUN
    if (lights.n_directional_lights > 0u) {
        let z = view.view_from_world;
        let depth = dot(vec4(z[0].z, z[1].z, z[2].z, z[3].z), vec4(panel.p, 1.0));
        let L = lights.directional_lights[0].direction_to_light.xyz;
        let n_l = clamp(dot(panel.N, L), 0.0, 1.0);
        let shadow = fetch_directional_shadow(0u, vec4(panel.p, 1.0), panel.N, depth, pixel);
        light += colour * (1.0 - metallic) * (n_l * 0.318310 * shadow) * lights.directional_lights[0].color.rgb;
    }
#endif
    return light;
}

// How far a ray may go in metres until nothing of the car can be there any more.
const PAST_CAR: f32 = 8.0;

// What the mirrored ray of a place meets on the car.
fn met_on_car(p: vec3<f32>, N: vec3<f32>, ray: vec3<f32>, footprint: f32, alpha: f32, pixel: vec2<f32>) -> vec4<f32> {
    // off the facets that stand for a curved panel, but not over the gap beside it
    let start = p + N * 0.0006 + ray * 0.001;
    let met = on_car::meets(start, ray, PAST_CAR);
    if (met.triangle == on_car::NONE) {
        return vec4(0.0);
    }
    let width = footprint + met.t * (footprint / max(distance(view.world_position.xyz, p), 0.1) + alpha);
    let panel = on_car::panel(met, start, ray, width, mirrored_livery, ground_shadow_sampler);
    return vec4(sent_back(panel, ray, pixel), 1.0);
}
#endif
#endif

#ifdef GATHERS
#ifdef ENVIRONMENT_MAP
// Rays of each sample of a picture.
const GATHERED: i32 = 4;

// Two even numbers from 0 to 1 for a pixel of one sample. Over pixels it is Jimenez' interleaved gradient noise ("Next generation
// post processing in Call of Duty", 2014); samples, one a frame, move it on by a sequence of low discrepancy (Roberts' R2).
fn noise(pixel: vec2<f32>, shift: f32) -> vec2<f32> {
    let place = floor(pixel) + shift;
    let spread = vec2(dot(place, vec2(0.06711056, 0.00583715)), dot(place.yx + 31.0, vec2(0.06711056, 0.00583715)));
    return fract(52.9829189 * fract(spread) + f32(globals.frame_count % 1024u) * vec2(0.7548777, 0.5698403));
}

// Two directions across another one.
fn across(N: vec3<f32>) -> mat2x3<f32> {
    let side = normalize(cross(N, select(vec3(0.0, 1.0, 0.0), vec3(1.0, 0.0, 0.0), abs(N.y) > 0.9)));
    return mat2x3(side, cross(N, side));
}

// Share of the light of open surroundings that falls on a place past the car and its shadow on the ground, and by way of the car.
// Rays are spread as the cosine weights them, and each counts as much as the blurred surroundings shine from there: a place that
// nothing hides gets all its light without any noise.
fn gathered(place: Place, N: vec3<f32>) -> vec3<f32> {
    var none: ClusterableObjectIndexRanges;
    let sides = across(N);
    let first = noise(place.pixel, 0.0);
    var arrives = vec3(0.0);
    var all = vec3(0.000001);
    for (var k = 0; k < GATHERED; k++) {
        let u = (f32(k) + first.x) / f32(GATHERED);
        let angle = 6.2831853 * fract(f32(k) * 0.618034 + first.y);
        let ray = N * sqrt(1.0 - u) + sides * vec2(cos(angle), sin(angle)) * sqrt(u);
        let sky = compute_radiances(layer(place.p, ray, ray, 0.7), &none, place.p, true).radiance;
        let met = on_car::meets(place.p + place.N * 0.003 + ray * 0.002, ray, PAST_CAR);
        let ground = ground_light_along(place.p, ray, vec2(0.0, 0.05));
        arrives += sky * select(colour_of_car() * place.open, vec3(ground), met.triangle == on_car::NONE);
        all += sky;
    }
    return arrives / all;
}

// A direction that a surface of this roughness mirrors, one of many: GGX (Walter et al., "Microfacet models for refraction through
// rough surfaces", 2007).
fn one_mirrored(place: Place, N: vec3<f32>, alpha: f32) -> vec3<f32> {
    let which = noise(place.pixel, 57.0);
    let u = 0.98 * which.x;
    let angle = 6.2831853 * which.y;
    let slope = alpha * sqrt(u / (1.0 - u));
    let H = normalize(N + across(N) * (slope * vec2(cos(angle), sin(angle))));
    let ray = reflect(-place.V, H);
    return normalize(ray + N * max(0.01 - dot(ray, N), 0.0));
}
#endif
#endif

#ifdef ENVIRONMENT_MAP
// What the surroundings send to the eye by way of a painted, rubber or metal surface. As Bevy's `environment_map_light`, but
// colour and lacquer are shaded by what each of them sees.
fn from_surroundings(place: Place, input: ptr<function, lighting::LightingInput>) -> vec3<f32> {
    // no lamps and probes of their own
    var none: ClusterableObjectIndexRanges;
    // light falls from where it is free to come; what is mirrored still leans to the normal, as `radiance_sample_direction` has it
    var lit_from = (*input).layers[lighting::LAYER_BASE];
    let smooth_share = saturate(1.0 - lit_from.roughness);
    let leans = max(smooth_share * (sqrt(smooth_share) + lit_from.roughness), 0.05);
    lit_from.R += (lit_from.N - place.towards) * ((1.0 - leans) / leans);
    lit_from.N = place.towards;
    let below = compute_radiances(lit_from, &none, place.p, false);
#ifdef GATHERS
    let open_to_all = (*input).layers[lighting::LAYER_BASE];
    var falls = compute_radiances(open_to_all, &none, place.p, false).irradiance * gathered(place, open_to_all.N);
#else
    var falls = max(below.irradiance - surface.ground.rgb * place.shaded_ground, vec3(0.0)) * place.open;
#endif
    var around = below.radiance;
#ifdef SOFTBOX
    falls += softbox::falls(surface.lamp, place.p, place.N) * place.open;
    around += softbox::mirrored(surface.lamp, place.p, reflect(-place.V, place.N), (*input).layers[lighting::LAYER_BASE].roughness);
#endif
    let mirrored = around_or_car(place, around, falls, place.mirror_open.x, place.wide.x);
    let F_ab = (*input).F_ab;
    let Ems = 1.0 - (F_ab.x + F_ab.y);
    let F0 = mix((*input).F0_dielectric, (*input).F0_metallic, (*input).metallic);
    // nothing real mirrors less than 2 %
    let mirrors = saturate(dot(F0, vec3(16.5)));
    let n_v = (*input).layers[lighting::LAYER_BASE].NdotV;
    let beyond_schlick = face(n_v) / lighting::F_Schlick(0.04, 1.0, n_v);
    let dielectric = compute_multiscatter((*input).F0_dielectric * beyond_schlick, F_ab, Ems, mirrors);
    let metal = compute_multiscatter((*input).F0_metallic, F_ab, Ems, mirrors);
    let once = mix(dielectric.FssEss, metal.FssEss, (*input).metallic);
    let again = mix(dielectric.FmsEms, metal.FmsEms, (*input).metallic);
    var light = (again + (*input).diffuse_color * dielectric.Edss) * falls;
#ifdef STANDARD_MATERIAL_CLEARCOAT
    let lacquer = (*input).layers[lighting::LAYER_CLEARCOAT];
    let above = compute_radiances(lacquer, &none, place.p, true);
    let shine = (*input).clearcoat_strength * lacquer_share(lacquer);
    // light that the lacquer throws back inside comes out later, so it is dimmed once and not on both ways
    light = (light + once * mirrored) * place.candy * (1.0 - shine);
    var coated = above.radiance;
#ifdef SOFTBOX
    coated += softbox::mirrored(surface.lamp, place.p, reflect(-place.V, lacquer.N), lacquer.roughness);
#endif
    light += around_or_car(place, coated, falls, place.mirror_open.y, place.wide.y) * shine;
#else
    light += once * mirrored;
#endif
#ifdef WOVEN
    let on_weft = sky_on_fibres(place, place.weft_N, place.weft_T);
    let woven = mix(on_weft, sky_on_fibres(place, place.warp_N, place.warp_T), place.warp);
    light += around_or_car(place, woven, falls, place.mirror_open.x, place.wide.x) * through_resin(place);
#endif
    return light;
}
#endif

#ifdef SUN
// The share of the sun's light that a surface sends to the eye. As Bevy's `directional_light`, but what lies below is dimmed by
// what lies above as it is seen, as under the surroundings; there the lacquer takes more at a slant than towards the sun.
fn from_sun(place: Place, input: ptr<function, lighting::LightingInput>, L: vec3<f32>) -> vec3<f32> {
    let H = normalize(L + place.V);
    let l_h = clamp(dot(L, H), 0.0, 1.0);
    let base = (*input).layers[lighting::LAYER_BASE];
    let n_l = clamp(dot(base.N, L), 0.0, 1.0);
    let F0 = mix((*input).F0_dielectric, (*input).F0_metallic, (*input).metallic);
    let F_ab = (*input).F_ab;
    let once = lighting::D_GGX(base.roughness, clamp(dot(base.N, H), 0.0, 1.0)) * lighting::V_SmithGGXCorrelated(base.roughness, base.NdotV, max(n_l, 0.0001));
    let shine = F0 + (saturate(dot(F0, vec3(16.5))) - F0) * pow(1.0 - l_h, 5.0);
    let again = 1.0 + F0 * (1.0 / max(F_ab.x + F_ab.y, 0.01) - 1.0);
    let kept = 1.0 - ((*input).F0_dielectric * F_ab.x + F_ab.y);
    let diffuse = (*input).diffuse_color * kept * 0.318310;
#ifdef STANDARD_MATERIAL_CLEARCOAT
    let lacquer = (*input).layers[lighting::LAYER_CLEARCOAT];
    let strength = (*input).clearcoat_strength;
    let dims = 1.0 - strength * lacquer_share(lacquer);
    let above_l = clamp(dot(lacquer.N, L), 0.0, 1.0);
    let above = lighting::D_GGX(lacquer.roughness, clamp(dot(lacquer.N, H), 0.0, 1.0)) * lighting::V_SmithGGXCorrelated(lacquer.roughness, lacquer.NdotV, max(above_l, 0.0001));
    return (diffuse + once * shine * again) * place.candy * (dims * n_l) + above * face(l_h) * strength * above_l;
#else
    return (diffuse + once * shine * again) * n_l;
#endif
}
#endif

// Luminance towards the eye, exposed.
fn lit(place: Place) -> vec3<f32> {
    let material = pbr_bindings::material;
    var input: lighting::LightingInput;
    input.layers[lighting::LAYER_BASE] = layer(place.p, place.N, place.V, place.perceptual_roughness);
    input.P = place.p;
    input.V = place.V;
    input.metallic = place.metallic;
    input.F0_dielectric = 0.16 * material.reflectance * material.reflectance;
    input.F0_metallic = place.base_color.rgb;
#ifdef PAINTED
    // pearl flakes are a lobe of their own colour; what they reflect does not reach the colour below
    let plain = input.F0_dielectric * (1.0 - surface.pearl);
    input.F0_dielectric = plain + surface.pearl * film(input.layers[lighting::LAYER_BASE].NdotV);
    input.F0_metallic = mix(input.F0_metallic, vec3(SILVER), surface.candy);
#endif
#ifdef WOVEN
    // the fibres' own light comes below
    input.F0_dielectric = vec3(0.0);
#endif
#ifdef PANE
    input.F0_dielectric = vec3(pane(1.0, 1.0 - place.base_color.a).x);
#endif
    input.diffuse_color = input.F0_metallic * (1.0 - place.metallic);
    input.F_ab = mirrored_share(place.perceptual_roughness, input.layers[lighting::LAYER_BASE].NdotV);
    var emitted = material.emissive.rgb * place.base_color.a * mix(1.0, view.exposure, material.emissive.a);
#ifdef STANDARD_MATERIAL_CLEARCOAT
    let lacquer = layer(place.p, place.lacquer_N, place.V, place.lacquer_roughness);
    input.layers[lighting::LAYER_CLEARCOAT] = lacquer;
    input.clearcoat_strength = place.lacquer;
    emitted *= 1.0 - place.lacquer * lighting::F_Schlick(0.04, 1.0, lacquer.NdotV);
#endif

    var luminance = vec3(0.0);
#ifdef ENVIRONMENT_MAP
#ifdef PANE
    var none: ClusterableObjectIndexRanges;
    var mirrored = compute_radiances(input.layers[lighting::LAYER_BASE], &none, place.p, true).radiance;
#ifdef SOFTBOX
    mirrored += softbox::mirrored(surface.lamp, place.p, reflect(-place.V, place.N), input.layers[lighting::LAYER_BASE].roughness);
#endif
    luminance += around_or_car(place, mirrored, vec3(0.0), place.mirror_open.x, 0.0) * pane(input.layers[lighting::LAYER_BASE].NdotV, 1.0 - place.base_color.a).x;
#else
    luminance += from_surroundings(place, &input);
#endif
#endif
#ifdef SUN
    if (lights.n_directional_lights > 0u) {
        let z = view.view_from_world;
        let depth = dot(vec4(z[0].z, z[1].z, z[2].z, z[3].z), vec4(place.p, 1.0));
        let shadow = surface.sunlight * fetch_directional_shadow(0u, vec4(place.p, 1.0), place.N, depth, place.pixel);
        let L = lights.directional_lights[0].direction_to_light.xyz;
        var sunlit = place;
#ifdef PAINTED
        // the same, where light comes in at another angle than it leaves
        input.F0_dielectric = plain + surface.pearl * film(clamp(dot(L, normalize(L + place.V)), 0.0, 1.0));
        let path = path_in_coat(clamp(dot(place.N, place.V), 0.0, 1.0)) + path_in_coat(clamp(dot(place.N, L), 0.0, 1.0));
        sunlit.candy = through_candy(place.base_color.rgb, 0.5 * path);
#endif
#ifdef WOVEN
        input.F0_dielectric = vec3(0.0);
        let woven_sun = mix(
            sun_on_fibres(place, place.weft_N, place.weft_T, L),
            sun_on_fibres(place, place.warp_N, place.warp_T, L),
            place.warp,
        );
        luminance += woven_sun * through_resin(place) * lights.directional_lights[0].color.rgb * shadow;
#endif
        luminance += from_sun(sunlit, &input, L) * lights.directional_lights[0].color.rgb * shadow;
    }
#endif
    return luminance * view.exposure + emitted;
}

#ifdef INSPECTS
// A place in false colours, a little darker where it turns away, so that shapes show.
fn inspected(place: Place, uv: vec2<f32>, part: u32) -> vec3<f32> {
    var colour = vec3(0.04);
#ifdef INSPECTS_WIRES
    colour = vec3(0.12);
#endif
#ifdef INSPECTS_PARTS
    colour = inspect::part(part);
#endif
#ifdef PAINTED
#ifdef INSPECTS_FINISH
    colour = vec3(place.metallic, place.perceptual_roughness * place.perceptual_roughness, 1.0 - place.lacquer);
#endif
#ifdef INSPECTS_CHECKER
    colour = inspect::checker(uv);
#endif
#ifdef INSPECTS_WIRES
    colour = vec3(0.7);
#endif
#ifdef INSPECTS_DENSITY
    let a = dpdx(uv);
    let b = dpdy(uv);
    let area = length(cross(dpdx(place.p), dpdy(place.p)));
    let texels = f32(textureDimensions(livery).x);
    colour = inspect::density(texels * sqrt(abs(a.x * b.y - a.y * b.x) / max(area, 1e-12)));
#endif
#endif
    return colour * (0.4 + 0.6 * abs(dot(place.N, place.V)));
}
#endif

@fragment
fn fragment(in: Between, @builtin(front_facing) is_front: bool) -> FragmentOutput {
    let material = pbr_bindings::material;
    let p = in.world_position.xyz;
    let footprint = length(fwidth(p));
    let double_sided = (material.flags & pbr_types::STANDARD_MATERIAL_FLAGS_DOUBLE_SIDED_BIT) != 0u;

    var place: Place;
    place.pixel = in.position.xy;
    place.p = p;
    place.V = normalize(view.world_position.xyz - p);
    place.N = normalize(in.world_normal) * select(-1.0, 1.0, !double_sided || is_front);
    // a smooth normal may face away at a silhouette, where it would mirror like glass
    place.N = normalize(place.N + place.V * max(0.08 - dot(place.N, place.V), 0.0));
    place.base_color = material.base_color;
    place.perceptual_roughness = material.perceptual_roughness;
    place.metallic = material.metallic;
    place.lacquer = material.clearcoat;
    place.lacquer_roughness = material.clearcoat_perceptual_roughness;

    place.lacquer_N = place.N;
#ifdef PAINTED
    place.base_color = painted(livery, in.uv, in.uv_of_middle);
    let slope = waves(p) * surface.orange_peel * (1.0 - smoothstep(0.01, 0.04, footprint));
    place.lacquer_N = normalize(place.N + slope - place.N * dot(slope, place.N));
    // flakes lie tilted below the smooth lacquer; from afar they are one sheen
    let cell = floor(p * 1600.0);
    let held = 1.0 - smoothstep(0.0003, 0.0025, footprint);
    place.N = normalize(place.N + hash3(cell) * (0.16 * surface.glint * mix(0.04, 1.0, held)));
    place.metallic = max(place.metallic, surface.flakes);
#ifdef SPEC_MAP
    let spec = painted(spec_map, in.uv, in.uv_of_middle);
    place.metallic = spec.r;
    place.perceptual_roughness = clamp(sqrt(spec.g), 0.045, 1.0);
    place.lacquer = 1.0 - spec.b;
#endif
#endif
#ifdef WOVEN
#ifdef PAINTED
    // on panels the cloth follows the livery's layout, at its true size
    let cloth = in.uv_of_middle * in.uv_b.y;
    let cloth_right = dpdx(cloth);
    let cloth_down = dpdy(cloth);
    let turned = cloth_right.x * cloth_down.y - cloth_right.y * cloth_down.x;
    let side = select(-1.0, 1.0, turned >= 0.0);
    let x_axis = (dpdx(p) * cloth_down.y - dpdy(p) * cloth_right.y) * side;
    let y_axis = (dpdy(p) * cloth_right.x - dpdx(p) * cloth_down.x) * side;
    place.tint = place.base_color.rgb;
#else
    // elsewhere along the two axes that the surface faces most
    let n = abs(place.N);
    let to_side = n.x > max(n.y, n.z);
    let to_top = !to_side && n.y > n.z;
    let cloth = select(select(p.xy, p.xz, to_top), p.zy, to_side);
    let cloth_right = dpdx(cloth);
    let cloth_down = dpdy(cloth);
    let x_axis = select(vec3(1.0, 0.0, 0.0), vec3(0.0, 0.0, 1.0), to_side);
    let y_axis = select(vec3(0.0, 1.0, 0.0), vec3(0.0, 0.0, 1.0), to_top);
    // a dark cloth's colour is that of 2 % grey
    place.tint = min(material.base_color.rgb / 0.022, vec3(1.0));
#endif
    let woven = weave::twill(cloth * surface.tows, cloth_right * surface.tows, cloth_down * surface.tows);
    place.weft_T = normalize(x_axis - place.N * dot(x_axis, place.N) + vec3(1e-6, 0.0, 0.0));
    place.warp_T = normalize(y_axis - place.N * dot(y_axis, place.N) + vec3(0.0, 0.0, 1e-6));
    place.warp = woven.warp;
    place.seams_open = woven.open;
    place.warp_N = normalize(place.N + place.weft_T * woven.warp_slope.x + place.warp_T * woven.warp_slope.y);
    place.weft_N = normalize(place.N + place.weft_T * woven.weft_slope.x + place.warp_T * woven.weft_slope.y);
    // what is not mirrored by the fibres is swallowed
    place.base_color = vec4(place.tint * 0.006, place.base_color.a);
    place.metallic = 0.0;
#endif

    place.open = clamp(in.uv_b.x, 0.0, 1.0);
    place.towards = place.N;
#ifdef VERTEX_COLORS
    // it was baked for the front
    place.towards = select(place.N, normalize(in.daylight_from + place.N * 0.001), is_front || !double_sided);
#endif

    // The ground is darker where the car stands; what faces or mirrors it sees that.
    let r = reflect(-place.V, place.N);
    place.ground_open = ground_light_along(p, r, GRAZING);
    // half of what an upright surface gets from the ground comes from within 1.73 times its height
    let below = ground_light(p + vec3(place.towards.x, 0.0, place.towards.z) * (1.73 * max(p.y, 0.0)));
    place.shaded_ground = clamp(0.5 - 0.5 * place.towards.y, 0.0, 1.0) * (1.0 - below);

    var rough = vec2(place.perceptual_roughness, place.lacquer_roughness);
    place.wide = smoothstep(vec2(0.02), vec2(0.25), rough * rough);
#ifndef GATHERS
#ifndef INSPECTS
    // else many samples see to it
    rough = over_pixel(rough, in.world_normal);
#endif
#endif
    place.perceptual_roughness = rough.x;
    place.lacquer_roughness = rough.y;
    var alpha = rough * rough;
#ifdef WOVEN
    // below the lacquer there are fibres alone
    alpha.x = sqrt(ALONG * ACROSS);
#endif
    place.mirror_open = vec2(free(place.towards, place.open, r, alpha.x), free(place.towards, place.open, r, alpha.y));
    place.met = vec4(0.0);
#ifdef GATHERS
    // bare surfaces get as many rays as the picture has samples
    place.wide *= place.lacquer;
#endif
#ifdef WOVEN
    // along them they mirror sharply
    place.wide.x = 0.5;
#endif
#ifdef MIRRORS
#ifdef ENVIRONMENT_MAP
    // what mirrors widely does without the ray
    if (any(place.wide < vec2(1.0))) {
        // flakes scatter, but mirror about as the panel does
        let sharpest = mix(alpha.x, alpha.y, place.lacquer);
#ifdef GATHERS
        let ray = one_mirrored(place, place.lacquer_N, sharpest);
#else
        let ray = reflect(-place.V, place.lacquer_N);
#endif
        place.met = met_on_car(p, place.lacquer_N, ray, footprint, sharpest, place.pixel);
        place.mirror_open = mix(vec2(1.0 - place.met.w), place.mirror_open, place.wide);
    }
#endif
#endif

    place.candy = vec3(1.0);
#ifdef PAINTED
    place.candy = through_candy(place.base_color.rgb, path_in_coat(clamp(dot(place.N, place.V), 0.0, 1.0)));
#endif

    var out: FragmentOutput;
    var cover = place.base_color.a;
#ifdef PANE
    cover = 1.0 - pane(max(dot(place.N, place.V), 0.0001), 1.0 - cover).y;
#endif
#ifdef INSPECTS
#ifdef PANE
    cover = 0.3;
#endif
    out.color = vec4(inspected(place, in.uv_of_middle, mesh_functions::get_tag(in.instance_index)) * cover, cover);
#else
    out.color = developed(vec4(lit(place), cover), in.position.xy);
#endif
    return out;
}
