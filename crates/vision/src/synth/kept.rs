//! What a stream of samples keeps for later ones, since a camera's view costs more than another livery or light on it.

use rand::Rng;
use rand_pcg::Pcg64Mcg;

/// A few things, each used several times before another takes its place.
#[derive(Debug)]
pub(super) struct Kept<T> {
    things: Vec<T>,
    most: usize,
    uses: f64,
}

impl<T> Kept<T> {
    /// Nothing yet; later up to `most` things, a new one on average every `uses` times.
    pub(super) fn new(most: usize, uses: f64) -> Self {
        Self { things: Vec::with_capacity(most), most, uses }
    }

    /// The place of the thing to use next, which is made first where it is a new one.
    pub(super) fn next(&mut self, rng: &mut Pcg64Mcg, make: impl FnOnce(&mut Pcg64Mcg) -> T) -> usize {
        let is_full = self.things.len() >= self.most;
        if is_full && !rng.random_bool(1.0 / self.uses) {
            return rng.random_range(0..self.things.len());
        }
        let thing = make(rng);
        if !is_full {
            self.things.push(thing);
            return self.things.len() - 1;
        }
        let place = rng.random_range(0..self.things.len());
        self.things[place] = thing;
        place
    }
}

impl<T> std::ops::Deref for Kept<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.things
    }
}
