//! Asks for a graphics device before Bevy does, because Bevy ends the program where there is none.

use bevy::prelude::*;
use bevy::render::render_resource::{CachedPipelineState, PipelineCache};
use bevy::render::settings::WgpuSettings;
use bevy::render::{Render, RenderApp, RenderSystems};
use bevy::shader::ShaderCacheError;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// There is nothing to draw with.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "no Vulkan device was found: install your graphics card's driver, or software Vulkan \
     (on Debian and Ubuntu: sudo apt install libvulkan1 mesa-vulkan-drivers)"
)]
pub struct NoDevice;

/// How a device is asked for: through Vulkan, Metal or Direct3D 12, or what `WGPU_BACKEND` names. OpenGL lacks what the
/// materials need.
pub fn settings() -> WgpuSettings {
    let backends = wgpu::Backends::from_env().unwrap_or(wgpu::Backends::PRIMARY);
    WgpuSettings { backends: Some(backends), ..default() }
}

/// The name of the device that Bevy would use.
pub fn probe() -> Result<String, NoDevice> {
    let settings = settings();
    let instance = wgpu::Instance::new(wgpu::InstanceDescriptor {
        backends: settings.backends.unwrap_or_default(),
        flags: settings.instance_flags,
        memory_budget_thresholds: settings.instance_memory_budget_thresholds,
        display: None,
        backend_options: wgpu::BackendOptions::default(),
    });
    let options = wgpu::RequestAdapterOptions { power_preference: settings.power_preference, ..default() };
    let adapter = bevy::tasks::block_on(instance.request_adapter(&options)).map_err(|_| NoDevice)?;
    let info = adapter.get_info();
    if info.backend == wgpu::Backend::Noop {
        return Err(NoDevice);
    }
    Ok(info.name)
}

/// How many pipelines are still being compiled, and how many failed; written by the render world.
#[derive(Resource, Clone, Default)]
pub struct PipelineProgress(Arc<Counters>);

#[derive(Default)]
struct Counters {
    waiting: AtomicUsize,
    failed: AtomicUsize,
}

impl PipelineProgress {
    /// Pipelines that are not ready yet.
    pub fn waiting(&self) -> usize {
        self.0.waiting.load(Ordering::Acquire)
    }

    /// Pipelines that can't be made.
    pub fn failed(&self) -> usize {
        self.0.failed.load(Ordering::Acquire)
    }
}

fn count_pipelines(cache: Res<PipelineCache>, progress: Res<PipelineProgress>) {
    progress.0.waiting.store(cache.waiting_pipelines().count(), Ordering::Release);
    // a shader whose imports are still being loaded is an error of the moment: the cache tries it again
    let is_final = |state: &CachedPipelineState| {
        matches!(
            state,
            CachedPipelineState::Err(ShaderCacheError::ProcessShaderError(_) | ShaderCacheError::CreateShaderModule(_))
        )
    };
    let failed = cache.pipelines().filter(|pipeline| is_final(&pipeline.state)).count();
    progress.0.failed.store(failed, Ordering::Release);
}

pub(crate) fn plugin(app: &mut App) {
    let progress = PipelineProgress::default();
    app.insert_resource(progress.clone());
    if let Some(render_app) = app.get_sub_app_mut(RenderApp) {
        render_app.insert_resource(progress).add_systems(Render, count_pipelines.in_set(RenderSystems::Cleanup));
    }
}
