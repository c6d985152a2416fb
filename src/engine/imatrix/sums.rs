//! The sums of squares of one weight matrix's inputs, and their means.

/// The sums of one weight matrix: of each expert where it has many.
#[derive(Debug, Default)]
pub(super) struct Sums {
    pub(super) squares: Vec<f32>,
    /// Rows: of all of it, or of each expert.
    pub(super) counts: Vec<u64>,
}

impl Sums {
    /// The mean square of every column.
    pub(super) fn means(self) -> Vec<f32> {
        let width = (self.squares.len() / self.counts.len().max(1)).max(1);
        let mean = |(i, sum): (usize, f32)| match self.counts.get(i / width) {
            Some(n) if *n > 0 => sum / *n as f32,
            // An expert that the text never called: all columns alike.
            _ => 1.0,
        };
        self.squares.into_iter().enumerate().map(mean).collect()
    }

    /// Makes room at the first call; none where a later one has another shape.
    pub(super) fn prepare(&mut self, n: usize, n_counts: usize) -> Option<()> {
        if self.squares.is_empty() {
            self.squares = vec![0.0; n];
            self.counts = vec![0; n_counts];
        }
        (self.squares.len() == n && self.counts.len() == n_counts).then_some(())
    }

    /// Adds a row of numbers to the columns from `start` on.
    pub(super) fn add_row(&mut self, start: usize, row: &[u8]) -> Option<()> {
        let end = start + row.len() / 4;
        let sums = self.squares.get_mut(start..end)?;
        for (sum, value) in sums.iter_mut().zip(floats(row)) {
            *sum += value * value;
        }
        Some(())
    }
}

/// The numbers in a tensor or a file.
pub(super) fn floats(bytes: &[u8]) -> impl Iterator<Item = f32> + '_ {
    let (numbers, _) = bytes.as_chunks::<4>();
    // llama.cpp runs on little-endian machines alone.
    numbers.iter().map(|number| f32::from_le_bytes(*number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn means_are_over_the_rows_of_each_expert() {
        let sums = Sums {
            squares: vec![2.0, 4.0, 6.0, 8.0, 9.0, 9.0],
            counts: vec![2, 4, 0],
        };
        assert_eq!(sums.means(), [1.0, 2.0, 1.5, 2.0, 1.0, 1.0]);
        let dense = Sums {
            squares: vec![2.0, 4.0],
            counts: vec![4],
        };
        assert_eq!(dense.means(), [0.5, 1.0]);
    }
}
