//! Wakes the window, which sleeps while nothing changes.

use std::fmt;
use std::sync::Arc;

use bevy::prelude::App;
use bevy::winit::{EventLoopProxyWrapper, WinitUserEvent};

/// A handle for worker threads; without a window, as in tests, it does nothing.
#[derive(Clone, Default)]
pub struct WindowWaker(Option<Arc<dyn Fn() + Send + Sync>>);

impl WindowWaker {
    /// The waker of the app's event loop. Call it in `Plugin::finish`, when the window plugin is there.
    pub fn of(app: &App) -> Self {
        let proxy = app.world().get_resource::<EventLoopProxyWrapper>().map(|wrapper| (**wrapper).clone());
        Self(proxy.map(|proxy| -> Arc<dyn Fn() + Send + Sync> {
            Arc::new(move || {
                // It fails only when the event loop is gone, and then nobody is left to wake.
                let _ = proxy.send_event(WinitUserEvent::WakeUp);
            })
        }))
    }

    /// Asks for one more frame; safe from any thread.
    pub fn wake(&self) {
        if let Some(wake) = &self.0 {
            wake();
        }
    }
}

impl fmt::Debug for WindowWaker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("WindowWaker").field(&self.0.is_some()).finish()
    }
}
