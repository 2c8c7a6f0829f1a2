// From exposed light to a pixel, for the car and for what is behind it.
#define_import_path gridvox::develop

#import bevy_pbr::mesh_view_bindings::view
#ifdef TONEMAP_IN_SHADER
#import bevy_core_pipeline::tonemapping::{tone_mapping, screen_space_dither}
#endif

// Bevy's last step, with a square root in place of its power of 1 / 2.2: noise needs no exact encoding.
fn developed(light: vec4<f32>, pixel: vec2<f32>) -> vec4<f32> {
    var color = light;
#ifdef TONEMAP_IN_SHADER
    color = tone_mapping(color, view.color_grading);
#ifdef DEBAND_DITHER
    let encoded = max(sqrt(max(color.rgb, vec3(0.0))) + screen_space_dither(pixel), vec3(0.0));
    color = vec4(encoded * encoded, color.a);
#endif
#endif
    return color;
}
