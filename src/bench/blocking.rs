//! What waits for the disk, off the threads on which everything else goes on.

use std::fs::File;
use std::io;
use std::path::PathBuf;

/// Does `work` on a thread that may block.
pub(super) async fn off_thread<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(io::Error::other).and_then(|done| done)
}

/// Opens a file to read.
pub(super) async fn open(path: PathBuf) -> io::Result<File> {
    off_thread(move || File::open(path)).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn work_is_done_on_another_thread_and_a_panic_is_an_error() {
        let here = std::thread::current().id();
        let there = off_thread(|| Ok(std::thread::current().id())).await;
        assert_ne!(there.expect("an id"), here);
        let failed: io::Result<()> = off_thread(|| panic!("on purpose")).await;
        assert!(failed.is_err());
    }
}
