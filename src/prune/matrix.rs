//! The linear algebra that pruning needs, by faer.

use std::num::NonZeroUsize;

use faer::linalg::matmul::matmul;
use faer::linalg::matmul::triangular::{self, BlockStructure};
use faer::linalg::solvers::{DenseSolveCore, Llt, Solve};
use faer::{Accum, Mat, MatRef, Par, Side};

use super::error::PruneError;

/// How often a ridge is raised tenfold before that is given up.
const MAX_RAISES: u32 = 12;
/// Rows and columns of a matrix that are turned at once.
const TILE: usize = 64;

/// On how many threads to multiply; also those of what has no such argument.
pub(super) fn threads(n: u32) -> Par {
    let par = match NonZeroUsize::new(n as usize) {
        Some(n) if n.get() > 1 => Par::Rayon(n),
        _ => Par::Seq,
    };
    faer::set_global_parallelism(par);
    par
}

/// x xᵀ onto the lower triangle of `sums`.
pub(super) fn add_gram(sums: &mut Mat<f32>, x: MatRef<'_, f32>, par: Par) {
    triangular::matmul(
        sums.as_mut(),
        BlockStructure::TriangularLower,
        Accum::Add,
        x,
        BlockStructure::Rectangular,
        x.transpose(),
        BlockStructure::Rectangular,
        1.0,
        par,
    );
}

/// scale times the symmetric matrix of which this is the lower triangle.
pub(super) fn mirrored(lower: &Mat<f32>, scale: f32) -> Mat<f32> {
    let n = lower.nrows();
    let mut whole = Mat::zeros(n, n);
    // Tile by tile: both the rows that are read and those that are written stay at hand.
    for first_column in (0..n).step_by(TILE) {
        for first_row in (first_column..n).step_by(TILE) {
            for column in first_column..(first_column + TILE).min(n) {
                for row in first_row.max(column)..(first_row + TILE).min(n) {
                    let value = scale * lower[(row, column)];
                    whole[(row, column)] = value;
                    whole[(column, row)] = value;
                }
            }
        }
    }
    whole
}

/// scale a b.
pub(super) fn product(a: MatRef<'_, f32>, b: MatRef<'_, f32>, scale: f32, par: Par) -> Mat<f32> {
    let mut product = Mat::zeros(a.nrows(), b.ncols());
    matmul(product.as_mut(), Accum::Replace, a, b, scale, par);
    product
}

/// c - a b, in c.
pub(super) fn subtract_product(c: &mut Mat<f64>, a: MatRef<'_, f64>, b: MatRef<'_, f64>, par: Par) {
    matmul(c.as_mut(), Accum::Add, a, b, -1.0, par);
}

/// The rows and columns with these numbers.
pub(super) fn part<T: Copy + faer::traits::ComplexField>(
    matrix: MatRef<'_, T>,
    rows: &[usize],
    columns: &[usize],
) -> Mat<T> {
    Mat::from_fn(rows.len(), columns.len(), |row, column| {
        matrix[(rows[row], columns[column])]
    })
}

/// The same numbers with twice the digits.
pub(super) fn widened(matrix: MatRef<'_, f32>) -> Mat<f64> {
    Mat::from_fn(matrix.nrows(), matrix.ncols(), |row, column| {
        f64::from(matrix[(row, column)])
    })
}

/// The same numbers with half the digits.
pub(super) fn halved(matrix: &Mat<f64>) -> Mat<f32> {
    Mat::from_fn(matrix.nrows(), matrix.ncols(), |row, column| {
        matrix[(row, column)] as f32
    })
}

/// The mean of the diagonal.
pub(super) fn mean_diagonal(matrix: MatRef<'_, f32>) -> f64 {
    let n = matrix.nrows();
    let sum: f64 = (0..n).map(|i| f64::from(matrix[(i, i)])).sum();
    sum / n.max(1) as f64
}

/// A symmetric matrix of second moments, with a ridge on its diagonal that is as
/// large as it takes to be inverted.
pub(super) struct Ridged {
    factor: Llt<f64>,
    /// The ridge.
    pub(super) ridge: f64,
    /// Whether it was larger than meant: the matrix is singular.
    pub(super) is_raised: bool,
}

impl Ridged {
    /// Factors `moments` with a ridge of `share` of the mean of its diagonal.
    pub(super) fn of(moments: MatRef<'_, f32>, share: f64) -> Result<Self, PruneError> {
        let mean = mean_diagonal(moments);
        if !mean.is_finite() {
            return Err(PruneError::NotFinite);
        }
        // Inputs that are always 0 say nothing; any ridge will do.
        let meant = if mean > 0.0 { share * mean } else { 1.0 };
        let at = |row, column| f64::from(moments[(row, column)]);
        let (factor, ridge) = factored(moments.nrows(), at, meant)?;
        Ok(Self {
            factor,
            ridge,
            is_raised: ridge > meant,
        })
    }

    /// Its inverse.
    pub(super) fn into_inverse(self) -> Mat<f64> {
        self.factor.inverse()
    }

    /// x where (moments + ridge) x = b.
    pub(super) fn solve(&self, b: MatRef<'_, f64>) -> Mat<f64> {
        self.factor.solve(b)
    }
}

/// The inverse of a small part of such a matrix.
pub(super) fn invert_small(part: &Mat<f64>) -> Result<Mat<f64>, PruneError> {
    let n = part.nrows();
    let mean = (0..n).map(|i| part[(i, i)]).sum::<f64>() / n.max(1) as f64;
    // Far below what is known of it.
    let (factor, _) = factored(n, |row, column| part[(row, column)], 1e-12 * mean)?;
    Ok(factor.inverse())
}

/// The Cholesky factor of the symmetric matrix `at`, with the least ridge of
/// `meant` and its tenfolds that makes it positive.
fn factored(
    n: usize,
    at: impl Fn(usize, usize) -> f64,
    meant: f64,
) -> Result<(Llt<f64>, f64), PruneError> {
    let mut ridge = meant;
    for _ in 0..MAX_RAISES {
        let ridged = Mat::from_fn(n, n, |row, column| {
            let on_diagonal = if row == column { ridge } else { 0.0 };
            at(row, column) + on_diagonal
        });
        let factor = Llt::new(ridged.as_ref(), Side::Lower).ok();
        if let Some(factor) = factor.filter(is_sound) {
            return Ok((factor, ridge));
        }
        ridge *= 10.0;
    }
    Err(PruneError::NotFinite)
}

/// Whether what is left at each step of the factor is more than rounding: a singular
/// matrix passes as positive where it errs to the right side.
fn is_sound(factor: &Llt<f64>) -> bool {
    let lower = factor.L();
    let pivots = || (0..lower.nrows()).map(|i| lower[(i, i)].powi(2));
    let largest = pivots().fold(0.0, f64::max);
    let least = pivots().fold(f64::INFINITY, f64::min);
    least > largest * lower.nrows() as f64 * f64::EPSILON
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gram_matrix_has_both_triangles() {
        let x = Mat::from_fn(3, 2, |row, column| (row + 3 * column) as f32);
        let mut sums = Mat::zeros(3, 3);
        add_gram(&mut sums, x.as_ref(), Par::Seq);
        let gram = mirrored(&sums, 0.5);
        for (row, column, right) in [(0, 0, 4.5), (2, 0, 7.5), (0, 2, 7.5), (2, 2, 14.5)] {
            assert_eq!(gram[(row, column)], right);
        }
    }

    #[test]
    fn a_matrix_of_many_tiles_is_mirrored_whole() {
        let n = 2 * TILE + 3;
        let number = |row: usize, column: usize| (row * n + column) as f32;
        let lower = Mat::from_fn(n, n, |row, column| match row < column {
            true => f32::NAN,
            false => number(row, column),
        });
        let whole = mirrored(&lower, 2.0);
        let right = Mat::from_fn(n, n, |row, column| {
            2.0 * number(row.max(column), row.min(column))
        });
        assert_eq!(whole, right);
    }

    #[test]
    fn a_singular_matrix_is_ridged_until_it_can_be_inverted() {
        let zero = Mat::<f32>::zeros(4, 4);
        let found = Ridged::of(zero.as_ref(), 0.01).expect("a ridge");
        assert_eq!((found.ridge, found.is_raised), (1.0, false));
        // An eigenvalue of -1, as rounding can leave it, though not so large.
        let indefinite = Mat::from_fn(2, 2, |row, column| if row == column { 1.0 } else { 2.0 });
        let found = Ridged::of(indefinite.as_ref(), 0.01).expect("a ridge");
        assert!(found.is_raised && found.ridge > 1.0);
        let diagonal = 1.0 + found.ridge;
        let inverse = found.into_inverse();
        let right = diagonal / (diagonal * diagonal - 4.0);
        assert!(
            (inverse[(0, 0)] - right).abs() < 1e-9,
            "{}",
            inverse[(0, 0)]
        );
        let damaged = Mat::from_fn(2, 2, |_, _| f32::NAN);
        assert!(Ridged::of(damaged.as_ref(), 0.01).is_err());
    }
}
