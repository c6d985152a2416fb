//! SHA-256 of what variants are made from and of what is made.

use std::fs::File;
use std::io::{self, Read};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use sha2::{Digest, Sha256};

/// Of some bytes, in hexadecimal.
pub(super) fn of(bytes: impl AsRef<[u8]>) -> String {
    hexadecimal(Sha256::digest(bytes))
}

/// Of a whole file. Dropping the future ends the reading.
pub(super) async fn of_file(path: PathBuf) -> io::Result<String> {
    let reading = Reading(Arc::default());
    let is_over = Arc::clone(&reading.0);
    let hashed = tokio::task::spawn_blocking(move || {
        let mut file = File::open(path)?;
        let mut hasher = Sha256::new();
        let mut buffer = vec![0; 1 << 20];
        while !is_over.load(Ordering::Relaxed) {
            let n = file.read(&mut buffer)?;
            if n == 0 {
                return Ok(hexadecimal(hasher.finalize()));
            }
            hasher.update(&buffer[..n]);
        }
        Err(io::ErrorKind::Interrupted.into())
    });
    let hashed = hashed.await.map_err(io::Error::other)?;
    drop(reading);
    hashed
}

/// Ends the reading when dropped.
struct Reading(Arc<AtomicBool>);

impl Drop for Reading {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

fn hexadecimal(digest: impl AsRef<[u8]>) -> String {
    let bytes = digest.as_ref().iter();
    bytes.map(|byte| format!("{byte:02x}")).collect()
}
