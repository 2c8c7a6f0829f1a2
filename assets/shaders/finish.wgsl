// Surfaces of a car, on top of Bevy's standard material. See plugins/showroom/src/finish.rs.

//
// Light comes from the surroundings, and from a sun where there is one (SUN). Bevy's own lighting function would also walk
// through lamps, probes and rectangles; software Vulkan pays for each of them even where there is none.

#import bevy_pbr::{
    clustered_forward::ClusterableObjectIndexRanges,
    forward_io::{Vertex, FragmentOutput},
    lighting,
    mesh_functions,
    mesh_view_bindings::{view, lights},
    pbr_bindings,
    pbr_types,
    shadows::fetch_directional_shadow,
    view_transformations::position_world_to_clip,
}
#ifdef ENVIRONMENT_MAP
#import bevy_pbr::environment_map::environment_map_light
#endif
#import gridvox::develop::developed

struct Surface {
    shadow_area: vec4<f32>,
    orange_peel: f32,
    flakes: f32,
    weave: f32,
    occlusion: f32,
}

@group(#{MATERIAL_BIND_GROUP}) @binding(100) var<uniform> surface: Surface;
@group(#{MATERIAL_BIND_GROUP}) @binding(101) var ground_shadow: texture_2d<f32>;
@group(#{MATERIAL_BIND_GROUP}) @binding(102) var ground_shadow_sampler: sampler;
@group(#{MATERIAL_BIND_GROUP}) @binding(103) var livery: texture_2d<f32>;
@group(#{MATERIAL_BIND_GROUP}) @binding(104) var livery_sampler: sampler;

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

// How much light the ground below a point gets, where the car stands over it: 1 in the open.
fn ground_light(p: vec3<f32>) -> f32 {
    let uv = (p.xz - surface.shadow_area.xy) * surface.shadow_area.zw;
    if (any(uv < vec2(0.0)) || any(uv > vec2(1.0))) {
        return 1.0;
    }
    return textureSampleLevel(ground_shadow, ground_shadow_sampler, uv, 0.0).r;
}

// Two-by-two twill: -1..1 across the tows, with the sign of the direction.
fn twill(uv: vec2<f32>) -> f32 {
    let cell = floor(uv);
    let over = ((cell.x + cell.y) - 4.0 * floor((cell.x + cell.y) / 4.0)) < 2.0;
    let f = fract(uv) - 0.5;
    return select(-(1.0 - 2.0 * abs(f.x)), 1.0 - 2.0 * abs(f.y), over);
}

// The livery at a pixel. At the edge of a panel the pixel's middle may lie outside the triangle, where the texture shows
// another panel; there a place within is looked up, with an even blur, because places that jump from pixel to pixel
// leave nothing to tell the shape of its footprint from (and Mesa's llvmpipe takes it from them even if it is told).
fn paint_colour(within: vec2<f32>, middle: vec2<f32>) -> vec4<f32> {
    let right = dpdx(middle);
    let down = dpdy(middle);
    let sharp = textureSampleGrad(livery, livery_sampler, middle, right, down);
    let texels = vec2<f32>(textureDimensions(livery));
    let area2 = dot(right * texels, right * texels) * dot(down * texels, down * texels);
    let reach = abs(right) + abs(down);
    let step = abs(within - middle);
    // a place that is more than half a pixel away is a driver's mistake
    let place = select(within, middle, any(step > 0.6 * reach));
    // the shadow's sampler, because it knows no anisotropy
    let even = textureSampleLevel(livery, ground_shadow_sampler, place, 0.25 * log2(max(area2, 1e-12)));
    return select(sharp, even, any(step > 0.02 * reach));
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
    return out;
}

// What a place on the car looks like before light falls on it.
struct Place {
    p: vec3<f32>,
    V: vec3<f32>,
    N: vec3<f32>,
    lacquer_N: vec3<f32>,
    base_color: vec4<f32>,
    perceptual_roughness: f32,
    metallic: f32,
    diffuse_open: f32,
    specular_open: f32,
}

fn layer(N: vec3<f32>, V: vec3<f32>, perceptual_roughness: f32) -> lighting::LayerLightingInput {
    var input: lighting::LayerLightingInput;
    input.N = N;
    input.NdotV = max(dot(N, V), 0.0001);
    input.R = reflect(-V, N);
    input.perceptual_roughness = perceptual_roughness;
    input.roughness = lighting::perceptualRoughnessToRoughness(perceptual_roughness);
    return input;
}

// Luminance towards the eye, exposed.
fn lit(place: Place, pixel: vec2<f32>) -> vec3<f32> {
    let material = pbr_bindings::material;
    var input: lighting::LightingInput;
    input.layers[lighting::LAYER_BASE] = layer(place.N, place.V, place.perceptual_roughness);
    input.P = place.p;
    input.V = place.V;
    input.diffuse_color = place.base_color.rgb * (1.0 - place.metallic);
    input.metallic = place.metallic;
    input.F0_dielectric = 0.16 * material.reflectance * material.reflectance;
    input.F0_metallic = place.base_color.rgb;
    input.F_ab = lighting::F_AB(place.perceptual_roughness, input.layers[lighting::LAYER_BASE].NdotV);
    var emitted = material.emissive.rgb * place.base_color.a * mix(1.0, view.exposure, material.emissive.a);
#ifdef STANDARD_MATERIAL_CLEARCOAT
    let lacquer = layer(place.lacquer_N, place.V, material.clearcoat_perceptual_roughness);
    input.layers[lighting::LAYER_CLEARCOAT] = lacquer;
    input.clearcoat_strength = material.clearcoat;
    emitted *= 1.0 - material.clearcoat * lighting::F_Schlick(0.04, 1.0, lacquer.NdotV);
#endif

    var luminance = vec3(0.0);
#ifdef ENVIRONMENT_MAP
    // no lamps and probes of their own
    var none: ClusterableObjectIndexRanges;
    let sky = environment_map_light(&input, &none, false);
    luminance += sky.diffuse * place.diffuse_open + sky.specular * place.specular_open;
#endif
#ifdef SUN
    if (lights.n_directional_lights > 0u) {
        let z = view.view_from_world;
        let depth = dot(vec4(z[0].z, z[1].z, z[2].z, z[3].z), vec4(place.p, 1.0));
        let shadow = fetch_directional_shadow(0u, vec4(place.p, 1.0), place.N, depth, pixel);
        luminance += lighting::directional_light(0u, &input, true) * shadow;
    }
#endif
    return luminance * view.exposure + emitted;
}

@fragment
fn fragment(in: Between, @builtin(front_facing) is_front: bool) -> FragmentOutput {
    let material = pbr_bindings::material;
    let p = in.world_position.xyz;
    let footprint = length(fwidth(p));
    let double_sided = (material.flags & pbr_types::STANDARD_MATERIAL_FLAGS_DOUBLE_SIDED_BIT) != 0u;

    var place: Place;
    place.p = p;
    place.V = normalize(view.world_position.xyz - p);
    place.N = normalize(in.world_normal) * select(-1.0, 1.0, !double_sided || is_front);
    // a smooth normal may face away at a silhouette, where it would mirror like glass
    place.N = normalize(place.N + place.V * max(0.08 - dot(place.N, place.V), 0.0));
    place.base_color = material.base_color;
    place.perceptual_roughness = material.perceptual_roughness;
    place.metallic = material.metallic;

    place.lacquer_N = place.N;
#ifdef PAINTED
    place.base_color = paint_colour(in.uv, in.uv_of_middle);
    let slope = waves(p) * surface.orange_peel * (1.0 - smoothstep(0.01, 0.04, footprint));
    place.lacquer_N = normalize(place.N + slope - place.N * dot(slope, place.N));
    // flakes lie tilted below the smooth lacquer; from afar they are one sheen
    if (surface.flakes > 0.0) {
        let cell = floor(p * 1600.0);
        let seen = 1.0 - smoothstep(0.0003, 0.0025, footprint);
        let tilt = hash3(cell) * 0.16 * mix(0.04, 1.0, seen);
        place.N = normalize(place.N + tilt * surface.flakes);
        place.metallic = max(place.metallic, surface.flakes);
    }
#else
    if (surface.weave > 0.0) {
        let n = abs(place.N);
        let plane = select(select(p.xy, p.xz, n.y > n.z), p.yz, n.x > max(n.y, n.z));
        let seen = 1.0 - smoothstep(0.0012, 0.005, footprint);
        let tow = twill(plane * 380.0) * seen * surface.weave;
        place.base_color = vec4(place.base_color.rgb * (1.0 + 0.55 * tow), place.base_color.a);
        place.perceptual_roughness = clamp(place.perceptual_roughness - 0.08 * tow, 0.05, 1.0);
    }
#endif

    // The ground below is darker where the car stands; what faces or mirrors it sees that.
    let r = reflect(-place.V, place.N);
    let mirrored = ground_light(p + r * min(p.y / max(-r.y, 0.02), 6.0));
    let mirrors_ground = smoothstep(0.02, 0.12, -r.y);
    let down = clamp(-place.N.y * 0.5 + 0.5, 0.0, 1.0);
    let below = ground_light(p + vec3(place.N.x, 0.0, place.N.z) * max(p.y, 0.0));

    // Lagarde and de Rousiers, "Moving Frostbite to Physically Based Rendering" (2014), 4.10.2
    let open = mix(1.0, clamp(in.uv_b.x, 0.0, 1.0), surface.occlusion);
    let alpha = place.perceptual_roughness * place.perceptual_roughness;
    let n_dot_v = clamp(dot(place.N, place.V), 0.0, 1.0);
    let gloss_open = clamp(pow(n_dot_v + open, exp2(-16.0 * alpha - 1.0)) - 1.0 + open, 0.0, 1.0);
    place.diffuse_open = open * mix(1.0, below, down * down);
    place.specular_open = gloss_open * mix(1.0, mirrored, mirrors_ground);

    var out: FragmentOutput;
    out.color = developed(vec4(lit(place, in.position.xy), place.base_color.a), in.position.xy);
    return out;
}
