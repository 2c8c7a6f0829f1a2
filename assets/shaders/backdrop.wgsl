// Ground and distance behind the car. See plugins/showroom/src/backdrop.rs.

#import bevy_pbr::{
    forward_io::VertexOutput,
    mesh_view_bindings::{view, lights},
    shadows::fetch_directional_shadow,
}
#import gridvox::develop::developed
#import gridvox::softbox

struct Scene {
    turn: vec4<f32>,
    shadow_area: vec4<f32>,
    floor: vec4<f32>,
    wall: vec4<f32>,
    ground: vec4<f32>,
    level: vec4<f32>,
    lamp: softbox::Lamp,
}

@group(#{MATERIAL_BIND_GROUP}) @binding(0) var<uniform> scene: Scene;
@group(#{MATERIAL_BIND_GROUP}) @binding(1) var surroundings: texture_cube<f32>;
@group(#{MATERIAL_BIND_GROUP}) @binding(2) var surroundings_sampler: sampler;
@group(#{MATERIAL_BIND_GROUP}) @binding(3) var ground_shadow: texture_2d<f32>;
@group(#{MATERIAL_BIND_GROUP}) @binding(4) var ground_shadow_sampler: sampler;

fn hash(p: vec2<f32>) -> f32 {
    let q = fract(p * vec2(0.1031, 0.1030) + vec2(0.37, 0.11));
    let d = dot(q, q.yx + 33.33);
    return fract((q.x + d) * (q.y + d) * 97.31);
}

fn noise(p: vec2<f32>) -> f32 {
    let cell = floor(p);
    let f = p - cell;
    let u = f * f * (3.0 - 2.0 * f);
    return mix(mix(hash(cell), hash(cell + vec2(1.0, 0.0)), u.x), mix(hash(cell + vec2(0.0, 1.0)), hash(cell + vec2(1.0, 1.0)), u.x), u.y);
}

// Radiance of the picture in a direction of the world.
fn picture(direction: vec3<f32>, lod: f32) -> vec3<f32> {
    let c = scene.turn.x;
    let s = scene.turn.y;
    // the inverse of the surroundings' rotation about +Y; cubemaps are left-handed, so z is negated
    let d = vec3(c * direction.x - s * direction.z, direction.y, s * direction.x + c * direction.z);
    return textureSampleLevel(surroundings, surroundings_sampler, d * vec3(1.0, 1.0, -1.0), lod).rgb;
}

struct Pixel {
    @location(0) color: vec4<f32>,
#ifdef DEEP
    // where the ground lies, for what looks at depths
    @builtin(frag_depth) depth: f32,
#endif
}

@fragment
fn fragment(in: VertexOutput) -> Pixel {
    var out: Pixel;
#ifdef DEEP
    out.depth = in.position.z;
#endif
    let eye = view.world_position.xyz;
    let ray = normalize(in.world_position.xyz - eye);
    let reach = scene.ground.y;
    let blur = scene.wall.w * 3.2;

    var direction = ray;
    var shade = vec3(1.0);
    var lod = blur;
    var near = 0.0;
    var from_middle = 1000.0;
    if (ray.y < -0.0005 && eye.y > 0.0) {
        let t = eye.y / -ray.y;
        let hit = eye + ray * t;
#ifdef DEEP
        let clip = view.clip_from_world * vec4(hit, 1.0);
        out.depth = clamp(clip.z / clip.w, 0.0, 1.0);
#endif
        from_middle = length(hit.xz);
        near = 1.0 - smoothstep(reach * 0.35, reach, from_middle);
        let seen_from_picture = normalize(hit - vec3(0.0, scene.ground.x, 0.0));
        direction = normalize(mix(ray, seen_from_picture, near));
        lod = mix(blur, 0.0, 1.0 - smoothstep(5.0, 26.0, from_middle));

        // the car's shadow: the sky it hides, and the sun's
        let uv = (hit.xz - scene.shadow_area.xy) * scene.shadow_area.zw;
        let opens = textureSampleLevel(ground_shadow, ground_shadow_sampler, clamp(uv, vec2(0.0), vec2(1.0)), 0.0);
        let open = opens.r;
        var sunlit = 1.0;
#ifdef SUN
        if (lights.n_directional_lights > 0u && from_middle < 14.0) {
            let view_z = dot(vec4(view.view_from_world[0].z, view.view_from_world[1].z, view.view_from_world[2].z, view.view_from_world[3].z), vec4(hit, 1.0));
            sunlit = fetch_directional_shadow(0u, vec4(hit, 1.0), vec3(0.0, 1.0, 0.0), view_z, in.position.xy);
        }
#endif
        shade = vec3(mix(open, sunlit, scene.ground.w));
#ifdef SOFTBOX
        shade += opens.b * softbox::falls(scene.lamp, hit, vec3(0.0, 1.0, 0.0)) / scene.level.rgb;
#endif

#ifdef GRAIN
        // stone grain, as far as the picture can hold it
        let footprint = t * 0.0012 / max(-ray.y, 0.05);
        let fine = (noise(hit.xz * 190.0) - 0.5) * (1.0 - smoothstep(0.002, 0.010, footprint));
        let coarse = (noise(hit.xz * 47.0) + noise(hit.xz * 13.0) - 1.0) * (1.0 - smoothstep(0.010, 0.05, footprint));
        shade *= 1.0 + scene.ground.z * (1.1 * fine + 0.45 * coarse);
#endif
    }

#ifdef PICTURE
    var radiance = picture(direction, lod);
#else
    var radiance = vec3(0.0);
#endif
#ifdef PAPER
    {
        // a pool of light below the car that fades into the wall without an edge
        let pool = exp(-from_middle * from_middle / 46.0);
        let height = smoothstep(-0.16, 0.42, ray.y);
        let wall = scene.wall.rgb * mix(1.0, 0.42, height);
        let curve = mix(wall, scene.floor.rgb, select(0.0, pool, ray.y < 0.0));
        radiance = mix(radiance, curve, scene.floor.w);
    }
#endif
    radiance *= shade;

    // Bevy's exposure shows 1.2 cd/m2 as 1
    out.color = developed(vec4(radiance * view.exposure * 1.2, 1.0), in.position.xy);
    return out;
}
