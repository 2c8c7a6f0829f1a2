//! Samples drawn ahead on threads of their own, so that a graphics processor need not wait for them.

use std::sync::mpsc::{Receiver, sync_channel};

use candle_core::{Result, bail};

use super::Task;

/// Shares that each lane draws ahead.
const AHEAD: usize = 2;

/// Where the samples of all lanes arrive.
pub(super) struct Supply<S>(Vec<Receiver<Result<Vec<S>>>>);

impl<S> Supply<S> {
    /// The next share of each lane, in the lanes' order.
    ///
    /// # Errors
    /// Where a sample could not be drawn.
    pub(super) fn take(&self) -> Result<Vec<S>> {
        let mut samples = Vec::new();
        for lane in &self.0 {
            match lane.recv() {
                Ok(share) => samples.extend(share?),
                Err(_) => bail!("a thread that draws samples ended"),
            }
        }
        Ok(samples)
    }
}

/// Runs `learn` while each stream draws its next `share` samples on a thread of its own.
pub(super) fn with_supply<T: Task, R>(
    task: &T,
    streams: Vec<T::Stream>,
    share: usize,
    learn: impl FnOnce(&Supply<T::Sample>) -> R,
) -> R {
    std::thread::scope(|scope| {
        let lanes = streams.into_iter().map(|mut stream| {
            let (sender, receiver) = sync_channel(AHEAD);
            // A lane ends when nobody takes its samples any more.
            scope.spawn(move || while sender.send(task.draw(&mut stream, share)).is_ok() {});
            receiver
        });
        let supply = Supply(lanes.collect());
        learn(&supply)
    })
}
