//! Things that belong together because each of them belongs to another: union-find (Galler and Fischer 1964).

/// Numbered things in groups.
#[derive(Debug, Clone)]
pub struct Groups(Vec<u32>);

impl Groups {
    /// So many things, each by itself; at most `u32::MAX`.
    pub fn new(count: usize) -> Self {
        Self((0..count as u32).collect())
    }

    /// The first of the things that one belongs together with.
    pub fn first(&mut self, mut i: usize) -> usize {
        while self.0[i] as usize != i {
            self.0[i] = self.0[self.0[i] as usize];
            i = self.0[i] as usize;
        }
        i
    }

    /// Makes one group of those of two things.
    pub fn join(&mut self, a: usize, b: usize) {
        let (a, b) = (self.first(a), self.first(b));
        self.0[a.max(b)] = a.min(b) as u32;
    }

    /// The members of each group in order, groups by their first.
    pub fn members(mut self) -> Vec<Vec<usize>> {
        let mut members: Vec<Vec<usize>> = vec![Vec::new(); self.0.len()];
        for i in 0..self.0.len() {
            members[self.first(i)].push(i);
        }
        members.retain(|members| !members.is_empty());
        members
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_joined_in_steps_is_one_group() {
        let mut groups = Groups::new(7);
        for (a, b) in [(5, 3), (6, 1), (3, 6)] {
            groups.join(a, b);
        }
        assert_eq!((groups.first(5), groups.first(4)), (1, 4));
        assert_eq!(groups.members(), [vec![0], vec![1, 3, 5, 6], vec![2], vec![4]]);
    }
}
