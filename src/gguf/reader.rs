//! Numbers and texts from a file, never past its end, never more memory than
//! the file has bytes.

use std::io::{Read, Seek, SeekFrom};

use super::GgufError;

/// Longest text kept or skipped in one piece; a chat template has some 10 kB.
const MAX_TEXT_BYTES: u64 = 16 << 20;
/// Where a header ends at the latest: that of a vocabulary of 260,000 tokens
/// has some 15 MB. A sparse file costs its author nothing, however long.
const MAX_HEADER_BYTES: u64 = 256 << 20;

/// A reader that knows where it is and where the file ends.
pub(super) struct Bounded<R> {
    inner: R,
    position: u64,
    len: u64,
}

impl<R: Read + Seek> Bounded<R> {
    /// Reads from the start of `inner`, which has `len` bytes.
    pub(super) fn new(inner: R, len: u64) -> Self {
        Self {
            inner,
            position: 0,
            len,
        }
    }

    pub(super) fn position(&self) -> u64 {
        self.position
    }

    /// Fails unless `n` more bytes of header are there.
    pub(super) fn require(&self, n: u64, what: &'static str) -> Result<(), GgufError> {
        self.require_data(n, what)?;
        if self.position + n > MAX_HEADER_BYTES {
            return Err(GgufError::damaged("its header does not end"));
        }
        Ok(())
    }

    /// Fails unless `n` more bytes are there, whatever they are.
    pub(super) fn require_data(&self, n: u64, what: &'static str) -> Result<(), GgufError> {
        if n <= self.len - self.position {
            return Ok(());
        }
        Err(GgufError::Truncated {
            what,
            needed: self.position.saturating_add(n),
            present: self.len,
        })
    }

    pub(super) fn skip(&mut self, n: u64, what: &'static str) -> Result<(), GgufError> {
        self.require(n, what)?;
        self.position += n;
        self.inner.seek(SeekFrom::Start(self.position))?;
        Ok(())
    }

    pub(super) fn bytes<const N: usize>(
        &mut self,
        what: &'static str,
    ) -> Result<[u8; N], GgufError> {
        self.require(N as u64, what)?;
        let mut buffer = [0; N];
        self.inner.read_exact(&mut buffer)?;
        self.position += N as u64;
        Ok(buffer)
    }

    pub(super) fn u32(&mut self, what: &'static str) -> Result<u32, GgufError> {
        Ok(u32::from_le_bytes(self.bytes(what)?))
    }

    pub(super) fn u64(&mut self, what: &'static str) -> Result<u64, GgufError> {
        Ok(u64::from_le_bytes(self.bytes(what)?))
    }

    /// `n` bytes in one piece.
    pub(super) fn piece(&mut self, n: u64, what: &'static str) -> Result<Vec<u8>, GgufError> {
        self.require(n, what)?;
        let mut buffer = vec![0; usize::try_from(n).unwrap_or(0)];
        self.inner.read_exact(&mut buffer)?;
        self.position += n;
        Ok(buffer)
    }

    /// A length-prefixed text. Metadata is attacker text: bytes that are not
    /// UTF-8 are replaced.
    pub(super) fn text(&mut self, what: &'static str) -> Result<String, GgufError> {
        let n = self.text_length(what)?;
        let buffer = self.piece(n, what)?;
        Ok(String::from_utf8_lossy(&buffer).into_owned())
    }

    /// Passes over a length-prefixed text.
    pub(super) fn skip_text(&mut self, what: &'static str) -> Result<(), GgufError> {
        let n = self.text_length(what)?;
        // Short texts lie in the buffer, where reading beats seeking.
        let mut rest = n;
        let mut scratch = [0; 256];
        if n <= 4096 {
            while rest > 0 {
                let piece = rest.min(scratch.len() as u64) as usize;
                self.inner.read_exact(&mut scratch[..piece])?;
                rest -= piece as u64;
            }
            self.position += n;
            return Ok(());
        }
        self.skip(n, what)
    }

    fn text_length(&mut self, what: &'static str) -> Result<u64, GgufError> {
        let n = self.u64(what)?;
        self.require(n, what)?;
        if n > MAX_TEXT_BYTES {
            return Err(GgufError::damaged(format!("a text of {n} bytes in {what}")));
        }
        Ok(n)
    }
}
