// Surfaces of a car, on top of Bevy's standard material. See plugins/showroom/src/finish.rs.

#import bevy_pbr::{
    forward_io::{Vertex, VertexOutput, FragmentOutput},
    mesh_functions,
    mesh_view_bindings::view,
    pbr_fragment::pbr_input_from_standard_material,
    pbr_functions::{alpha_discard, apply_pbr_lighting, main_pass_post_lighting_processing},
    view_transformations::position_world_to_clip,
}

struct Surface {
    shadow_area: vec4<f32>,
    orange_peel: f32,
    flakes: f32,
    weave: f32,
    occlusion: f32,
    painted: f32,
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

// As Bevy's, with texture coordinates both within the triangle and in the pixel's middle.
struct Between {
    @builtin(position) position: vec4<f32>,
    @location(0) world_position: vec4<f32>,
    @location(1) world_normal: vec3<f32>,
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

@fragment
fn fragment(between: Between, @builtin(front_facing) is_front: bool) -> FragmentOutput {
    var in: VertexOutput;
    in.position = between.position;
    in.world_position = between.world_position;
    in.world_normal = between.world_normal;
    in.uv = between.uv;
    in.uv_b = between.uv_b;
#ifdef VERTEX_OUTPUT_INSTANCE_INDEX
    in.instance_index = between.instance_index;
#endif

    var pbr = pbr_input_from_standard_material(in, is_front);
    if (surface.painted > 0.0) {
        pbr.material.base_color = paint_colour(between.uv, between.uv_of_middle);
    }
    pbr.material.base_color = alpha_discard(pbr.material, pbr.material.base_color);

    let p = in.world_position.xyz;
    let footprint = length(fwidth(p));

    let open = mix(1.0, clamp(in.uv_b.x, 0.0, 1.0), surface.occlusion);

    if (surface.weave > 0.0) {
        let n = abs(pbr.N);
        let plane = select(select(p.xy, p.xz, n.y > n.z), p.yz, n.x > max(n.y, n.z));
        let seen = 1.0 - smoothstep(0.0012, 0.005, footprint);
        let tow = twill(plane * 380.0) * seen * surface.weave;
        pbr.material.base_color = vec4(pbr.material.base_color.rgb * (1.0 + 0.55 * tow), pbr.material.base_color.a);
        pbr.material.perceptual_roughness = clamp(pbr.material.perceptual_roughness - 0.08 * tow, 0.05, 1.0);
    }

    if (surface.flakes > 0.0) {
        let cell = floor(p * 1600.0);
        let seen = 1.0 - smoothstep(0.0003, 0.0025, footprint);
        let tilt = hash3(cell) * 0.16 * mix(0.25, 1.0, seen);
        pbr.N = normalize(pbr.N + tilt * surface.flakes);
        pbr.material.metallic = max(pbr.material.metallic, surface.flakes);
    }

#ifdef STANDARD_MATERIAL_CLEARCOAT
    pbr.clearcoat_N = pbr.N;
    if (surface.orange_peel > 0.0) {
        let slope = waves(p) * surface.orange_peel * (1.0 - smoothstep(0.01, 0.04, footprint));
        pbr.clearcoat_N = normalize(pbr.N + slope - pbr.N * dot(slope, pbr.N));
    }
#endif

    // The ground below is darker where the car stands; what faces or mirrors it sees that.
    let r = reflect(-pbr.V, pbr.N);
    if (r.y < -0.02) {
        let mirrored = ground_light(p + r * min(p.y / -r.y, 6.0));
        pbr.specular_occlusion *= mix(1.0, mirrored, smoothstep(0.02, 0.12, -r.y));
    }
    let down = clamp(-pbr.N.y * 0.5 + 0.5, 0.0, 1.0);
    let below = ground_light(p + vec3(pbr.N.x, 0.0, pbr.N.z) * max(p.y, 0.0));
    let bounce = mix(1.0, below, down * down);

    let n_dot_v = clamp(dot(pbr.N, pbr.V), 0.0, 1.0);
    // Lagarde and de Rousiers, "Moving Frostbite to Physically Based Rendering" (2014), 4.10.2
    let alpha = pbr.material.perceptual_roughness * pbr.material.perceptual_roughness;
    let gloss_open = clamp(pow(n_dot_v + open, exp2(-16.0 * alpha - 1.0)) - 1.0 + open, 0.0, 1.0);
    pbr.diffuse_occlusion *= vec3(open * bounce);
    pbr.specular_occlusion *= gloss_open;

    var out: FragmentOutput;
    out.color = apply_pbr_lighting(pbr);
    out.color = main_pass_post_lighting_processing(pbr, out.color);
    return out;
}
