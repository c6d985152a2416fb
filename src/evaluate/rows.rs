//! Rows of logits on several cores.

use std::thread;

/// What `of` gives for each number below `n`, in order, on `n_threads` threads.
pub(super) fn each_row<T: Send>(
    n: usize,
    n_threads: usize,
    of: impl Fn(usize) -> T + Sync,
) -> Vec<T> {
    let share = n.div_ceil(n_threads.max(1)).max(1);
    if share >= n {
        return (0..n).map(of).collect();
    }
    let of = &of;
    thread::scope(|scope| {
        let parts: Vec<_> = (0..n)
            .step_by(share)
            .map(|first| {
                let rows = first..(first + share).min(n);
                scope.spawn(move || rows.map(of).collect::<Vec<T>>())
            })
            .collect();
        let joined = parts.into_iter().flat_map(|part| match part.join() {
            Ok(rows) => rows,
            Err(panic) => std::panic::resume_unwind(panic),
        });
        joined.collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_come_in_order_however_many_threads() {
        for n_threads in [0, 1, 2, 3, 300] {
            let rows = each_row(255, n_threads, |row| row);
            assert_eq!(rows, (0..255).collect::<Vec<_>>());
        }
        assert!(each_row(0, 2, |row| row).is_empty());
    }
}
