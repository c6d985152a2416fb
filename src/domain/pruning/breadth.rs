//! How many blocks a search tries, for the search and for what it will take.

/// How many blocks are tried.
#[derive(Debug, Clone, Copy)]
pub struct Breadth {
    /// In the first step.
    pub first: usize,
    /// In each further one.
    pub further: usize,
}

impl Breadth {
    const USUAL: Self = Self {
        first: 12,
        further: 4,
    };
    const QUICK: Self = Self {
        first: 8,
        further: 3,
    };

    /// Of a search that is to be quick, or not.
    pub fn of(is_quick: bool) -> Self {
        match is_quick {
            true => Self::QUICK,
            false => Self::USUAL,
        }
    }

    /// Tries of so many steps.
    pub fn tries(self, n_steps: u32) -> u32 {
        match n_steps {
            0 => 0,
            n => (self.first + self.further * (n as usize - 1)) as u32,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_step_is_the_broadest() {
        let tries = |n| Breadth::of(false).tries(n);
        assert_eq!([0, 1, 2, 15].map(tries), [0, 12, 16, 68]);
        let tries = |n| Breadth::of(true).tries(n);
        assert_eq!([0, 1, 2].map(tries), [0, 8, 11]);
    }
}
