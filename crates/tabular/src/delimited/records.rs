//! Records of delimited text, one at a time, in bounded memory.

use csv_core::{ReadRecordResult, Reader, ReaderBuilder};

use super::delimiter::Dialect;
use super::encoding::Utf8Chunks;
use crate::error::Limits;

/// One record: its text and where its cells end.
#[derive(Debug, Default)]
pub(crate) struct RawRecord {
    /// Line at which it begins, from 1.
    pub(crate) line: u64,
    text: Vec<u8>,
    ends: Vec<usize>,
    /// Cells found, of which only the first [`Limits::max_columns`] and a few
    /// are kept.
    pub(crate) count: usize,
    /// Whether text beyond [`Limits::max_row_bytes`] was dropped.
    pub(crate) too_long: bool,
    /// Whether the text ended inside a quoted cell that spans lines.
    pub(crate) unclosed: bool,
}

impl RawRecord {
    /// The cells that are kept.
    pub(crate) fn cells(&self) -> impl Iterator<Item = &[u8]> {
        let mut start = 0;
        self.ends.iter().map(move |end| {
            let end = (*end).min(self.text.len());
            let cell = self.text.get(start..end).unwrap_or_default();
            start = end;
            cell
        })
    }

    /// Whether every cell is empty or white space.
    pub(crate) fn is_blank(&self) -> bool {
        !self.too_long && self.text.iter().all(u8::is_ascii_whitespace)
    }
}

/// Reads records from chunks of UTF-8. Unlike the `csv` crate's reader it
/// drops what exceeds the limits instead of buffering it, and counts lines for
/// every line end, blank lines included.
pub(crate) struct Records<'a> {
    chunks: Utf8Chunks<'a>,
    reader: Reader,
    chunk: Vec<u8>,
    position: usize,
    line: u64,
    /// The last byte was a carriage return, whose line feed is not a new line.
    after_return: bool,
    dialect: Dialect,
    ended: bool,
    text: Vec<u8>,
    ends: Vec<usize>,
}

impl<'a> Records<'a> {
    pub(crate) fn new(chunks: Utf8Chunks<'a>, dialect: Dialect, limits: &Limits) -> Self {
        Self {
            chunks,
            reader: ReaderBuilder::new().delimiter(dialect.delimiter).build(),
            chunk: Vec::new(),
            position: 0,
            line: 1,
            after_return: false,
            dialect,
            ended: false,
            text: vec![0; limits.max_row_bytes],
            ends: vec![0; limits.max_columns.saturating_add(64)],
        }
    }

    /// Reads the next record into `record`; false at the end.
    pub(crate) fn read(&mut self, record: &mut RawRecord) -> std::io::Result<bool> {
        if self.dialect.skip_first_line {
            self.dialect.skip_first_line = false;
            self.skip_line()?;
        }
        self.skip_line_ends()?;
        record.line = self.line;
        record.too_long = false;
        record.unclosed = false;
        let (mut written, mut ended, mut count) = (0, 0, 0);
        let (mut quotes, mut lines) = (0_u64, 0_u64);
        let mut dropped_text = [0_u8; 256];
        let mut dropped_ends = [0_usize; 64];
        loop {
            self.fill()?;
            let input = self.chunk.get(self.position..).unwrap_or_default();
            let at_end = input.is_empty();
            let text = self.text.get_mut(written..).unwrap_or_default();
            let ends = self.ends.get_mut(ended..).unwrap_or_default();
            let full_text = text.is_empty();
            let full_ends = ends.is_empty();
            let (result, read, wrote, found) = self.reader.read_record(
                input,
                if full_text { &mut dropped_text } else { text },
                if full_ends { &mut dropped_ends } else { ends },
            );
            if full_text {
                record.too_long |= wrote > 0;
            } else {
                written += wrote;
            }
            if !full_ends {
                ended += found;
            }
            count += found;
            let consumed = input.get(..read).unwrap_or_default();
            let (new_lines, new_quotes) = tally(consumed, &mut self.after_return);
            lines += new_lines;
            quotes += new_quotes;
            self.position += read;
            match result {
                ReadRecordResult::Record => {
                    self.line += lines;
                    // A quote that is never closed swallows the rest of the
                    // file into one cell. The reader accepts that in silence;
                    // an odd number of quotes and a line end tell.
                    record.unclosed = at_end && quotes % 2 == 1 && lines > 0;
                    break;
                }
                ReadRecordResult::End => return Ok(false),
                ReadRecordResult::InputEmpty
                | ReadRecordResult::OutputFull
                | ReadRecordResult::OutputEndsFull => {}
            }
        }
        record.count = count;
        record.text.clear();
        record
            .text
            .extend_from_slice(self.text.get(..written).unwrap_or_default());
        record.ends.clear();
        record
            .ends
            .extend_from_slice(self.ends.get(..ended).unwrap_or_default());
        Ok(true)
    }

    /// Fetches the next chunk when the current one is used up.
    fn fill(&mut self) -> std::io::Result<()> {
        if self.position < self.chunk.len() || self.ended {
            return Ok(());
        }
        self.chunks.next_into(&mut self.chunk)?;
        self.position = 0;
        self.ended = self.chunk.is_empty();
        if self.dialect.lone_returns {
            for byte in &mut self.chunk {
                if *byte == b'\r' {
                    *byte = b'\n';
                }
            }
        }
        Ok(())
    }

    fn peek(&mut self) -> std::io::Result<Option<u8>> {
        self.fill()?;
        Ok(self.chunk.get(self.position).copied())
    }

    /// Passes over the line ends before a record, so that its line is known.
    fn skip_line_ends(&mut self) -> std::io::Result<()> {
        while let Some(byte @ (b'\n' | b'\r')) = self.peek()? {
            let (lines, _) = tally(&[byte], &mut self.after_return);
            self.line += lines;
            self.position += 1;
        }
        Ok(())
    }

    fn skip_line(&mut self) -> std::io::Result<()> {
        while let Some(byte) = self.peek()? {
            if matches!(byte, b'\n' | b'\r') {
                break;
            }
            self.position += 1;
        }
        Ok(())
    }
}

/// Counts line ends (CRLF, also across calls, is one) and quotes.
fn tally(bytes: &[u8], after_return: &mut bool) -> (u64, u64) {
    let (mut lines, mut quotes) = (0_u64, 0_u64);
    let mut previous_return = *after_return;
    for byte in bytes {
        quotes += u64::from(*byte == b'"');
        let is_return = *byte == b'\r';
        lines += u64::from(is_return || (*byte == b'\n' && !previous_return));
        previous_return = is_return;
    }
    *after_return = previous_return;
    (lines, quotes)
}
