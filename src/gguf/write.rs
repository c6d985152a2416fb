//! Writes a GGUF file as a [`Rewrite`] says, a piece at a time.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::ops::Range;

use super::document::Tensor;
use super::rewrite::{Content, Key, Planned, Rewrite, Source};
use super::value::put_text;

/// Bytes that are read at once.
const PIECE: u64 = 1 << 22;

impl Rewrite<'_> {
    /// The size of the new file, to the byte.
    pub fn size_bytes(&self) -> u64 {
        let data = |planned: &Planned<'_>| self.padded(planned.n_bytes);
        self.data_offset() + self.tensors.iter().map(data).sum::<u64>()
    }

    /// Writes the new file; `source` is the file that the document was read
    /// from. Calls `on_tensor` with the tensors done and how many there are.
    ///
    /// # Errors
    /// When a file cannot be read or written, or `source` has become shorter.
    pub fn write(
        &self,
        source: &mut (impl Read + Seek),
        out: &mut impl Write,
        mut on_tensor: impl FnMut(u32, u32),
    ) -> io::Result<()> {
        let mut out = Counted { out, n: 0 };
        self.write_metadata(source, &mut out)?;
        out.write_all(&self.tensor_table())?;
        self.pad(&mut out)?;
        for (n, planned) in (1..).zip(&self.tensors) {
            self.write_tensor(planned, source, &mut out)?;
            self.pad(&mut out)?;
            on_tensor(n, self.n_tensors());
        }
        out.flush()?;
        match out.n == self.size_bytes() {
            true => Ok(()),
            false => Err(io::Error::other(format!(
                "{} bytes were written instead of {}",
                out.n,
                self.size_bytes()
            ))),
        }
    }

    fn padded(&self, n: u64) -> u64 {
        n.next_multiple_of(self.document.alignment)
    }

    fn pad(&self, out: &mut Counted<'_, impl Write>) -> io::Result<()> {
        let n = self.padded(out.n) - out.n;
        io::copy(&mut io::repeat(0).take(n), out)?;
        Ok(())
    }

    /// Where the data of the new file begin.
    fn data_offset(&self) -> u64 {
        let key = |key: &Key<'_>| match key {
            Key::Kept(entry) => entry.place.end - entry.place.start,
            Key::Set(..) => set_bytes(key).len() as u64,
        };
        let metadata: u64 = self.keys.iter().map(key).sum();
        let table = |planned: &Planned<'_>| {
            let numbers = 8 + 4 + 8 * planned.shape.len() + 4 + 8;
            (numbers + planned.name.len()) as u64
        };
        let table: u64 = self.tensors.iter().map(table).sum();
        self.padded(BEGIN_BYTES + metadata + table)
    }

    fn write_metadata(
        &self,
        source: &mut (impl Read + Seek),
        out: &mut impl Write,
    ) -> io::Result<()> {
        out.write_all(b"GGUF")?;
        out.write_all(&self.document.version.to_le_bytes())?;
        out.write_all(&(self.tensors.len() as u64).to_le_bytes())?;
        out.write_all(&(self.keys.len() as u64).to_le_bytes())?;
        for key in &self.keys {
            match key {
                Key::Kept(entry) => copy(source, entry.place.clone(), out)?,
                Key::Set(..) => out.write_all(&set_bytes(key))?,
            }
        }
        Ok(())
    }

    fn tensor_table(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut offset = 0;
        for planned in &self.tensors {
            put_text(&mut bytes, &planned.name);
            bytes.extend((planned.shape.len() as u32).to_le_bytes());
            bytes.extend(planned.shape.iter().flat_map(|size| size.to_le_bytes()));
            bytes.extend(planned.kind.id().to_le_bytes());
            bytes.extend(u64::to_le_bytes(offset));
            offset += self.padded(planned.n_bytes);
        }
        bytes
    }

    fn write_tensor(
        &self,
        planned: &Planned<'_>,
        source: &mut (impl Read + Seek),
        out: &mut impl Write,
    ) -> io::Result<()> {
        let begin = |tensor: &Tensor| self.document.data_offset + tensor.offset;
        match &planned.source {
            Source::Whole(tensor) => {
                let begin = begin(tensor);
                copy(source, begin..begin + tensor.n_bytes, out)
            }
            Source::Rows(tensor, rows) => {
                let end = rows.last().map_or(0, |last| u64::from(*last) + 1);
                let mut rows = rows.iter().copied().map(u64::from).peekable();
                gather(
                    source,
                    begin(tensor),
                    (tensor, end),
                    out,
                    |number, row, kept| {
                        if rows.next_if_eq(&number).is_some() {
                            kept.extend_from_slice(row);
                        }
                    },
                )
            }
            Source::Blocks(tensor, blocks) => {
                let block = tensor.row_bytes() / (tensor.n_columns() / tensor.kind.block());
                let runs = runs(blocks, block as usize);
                let all = (*tensor, tensor.n_rows());
                gather(source, begin(tensor), all, out, |_, row, kept| {
                    for run in &runs {
                        kept.extend_from_slice(&row[run.clone()]);
                    }
                })
            }
            Source::New(Content::Bytes(bytes)) => out.write_all(bytes),
            Source::New(Content::File { path, offset }) => {
                let mut file = File::open(path)?;
                copy(&mut file, *offset..*offset + planned.n_bytes, out)
            }
        }
    }
}

/// Magic, version and the two counts.
const BEGIN_BYTES: u64 = 4 + 4 + 8 + 8;

/// A key that is set, as it is written.
fn set_bytes(key: &Key<'_>) -> Vec<u8> {
    let mut bytes = Vec::new();
    if let Key::Set(name, value) = key {
        put_text(&mut bytes, name);
        value.put(&mut bytes);
    }
    bytes
}

fn copy(
    source: &mut (impl Read + Seek),
    range: Range<u64>,
    out: &mut impl Write,
) -> io::Result<()> {
    source.seek(SeekFrom::Start(range.start))?;
    let n = range.end - range.start;
    match io::copy(&mut source.take(n), out)? == n {
        true => Ok(()),
        false => Err(io::ErrorKind::UnexpectedEof.into()),
    }
}

/// Reads the first `n_rows` rows of a tensor, some at a time; `keep` adds what is
/// kept of each, which is written.
fn gather(
    source: &mut (impl Read + Seek),
    begin: u64,
    (tensor, n_rows): (&Tensor, u64),
    out: &mut impl Write,
    mut keep: impl FnMut(u64, &[u8], &mut Vec<u8>),
) -> io::Result<()> {
    let row_bytes = tensor.row_bytes();
    let n_at_once = (PIECE / row_bytes).max(1);
    let row_bytes = usize::try_from(row_bytes).map_err(io::Error::other)?;
    let mut piece = Vec::new();
    let mut kept = Vec::new();
    source.seek(SeekFrom::Start(begin))?;
    let mut next = 0;
    while next < n_rows {
        let n = n_at_once.min(n_rows - next);
        piece.resize(n as usize * row_bytes, 0);
        source.read_exact(&mut piece)?;
        kept.clear();
        for (number, row) in (next..).zip(piece.chunks_exact(row_bytes)) {
            keep(number, row, &mut kept);
        }
        out.write_all(&kept)?;
        next += n;
    }
    Ok(())
}

/// Ascending places as ranges of bytes without gaps.
fn runs(places: &[u32], size: usize) -> Vec<Range<usize>> {
    let mut runs: Vec<Range<usize>> = Vec::new();
    for place in places {
        let begin = *place as usize * size;
        match runs.last_mut() {
            Some(run) if run.end == begin => run.end += size,
            _ => runs.push(begin..begin + size),
        }
    }
    runs
}

/// Counts what passes.
struct Counted<'w, W> {
    out: &'w mut W,
    n: u64,
}

impl<W: Write> Write for Counted<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let n = self.out.write(bytes)?;
        self.n += n as u64;
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
