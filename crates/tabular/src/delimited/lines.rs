//! Lines of text, one at a time, in bounded memory.

use super::encoding::Utf8Chunks;

/// One line, without its end.
#[derive(Debug, Default)]
pub(crate) struct Line {
    /// From 1.
    pub(crate) number: u64,
    pub(crate) text: Vec<u8>,
    /// Whether text beyond the limit was dropped.
    pub(crate) too_long: bool,
}

/// Reads lines from chunks of UTF-8; what exceeds the limit is dropped, not kept.
pub(crate) struct Lines<'a> {
    chunks: Utf8Chunks<'a>,
    chunk: Vec<u8>,
    position: usize,
    number: u64,
    limit: usize,
    ended: bool,
    after_return: bool,
}

impl<'a> Lines<'a> {
    pub(crate) fn new(chunks: Utf8Chunks<'a>, limit: usize) -> Self {
        Self {
            chunks,
            chunk: Vec::new(),
            position: 0,
            number: 0,
            limit,
            ended: false,
            after_return: false,
        }
    }

    /// Reads the next line into `line`; false at the end.
    pub(crate) fn read(&mut self, line: &mut Line) -> std::io::Result<bool> {
        line.text.clear();
        line.too_long = false;
        let mut any = false;
        loop {
            if self.position >= self.chunk.len() {
                if !self.ended {
                    self.chunks.next_into(&mut self.chunk)?;
                    self.position = 0;
                    self.ended = self.chunk.is_empty();
                }
                if self.ended {
                    if any {
                        self.number += 1;
                        line.number = self.number;
                    }
                    return Ok(any);
                }
            }
            let rest = self.chunk.get(self.position..).unwrap_or_default();
            if self.after_return {
                self.after_return = false;
                if rest.first() == Some(&b'\n') {
                    self.position += 1;
                    continue;
                }
            }
            any = true;
            let end = rest.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
            let part = rest.get(..end.unwrap_or(rest.len())).unwrap_or_default();
            let room = self.limit.saturating_sub(line.text.len());
            line.too_long |= part.len() > room;
            line.text
                .extend_from_slice(part.get(..part.len().min(room)).unwrap_or_default());
            self.position += part.len();
            if let Some(end) = end {
                self.after_return = rest.get(end) == Some(&b'\r');
                self.position += 1;
                self.number += 1;
                line.number = self.number;
                return Ok(true);
            }
        }
    }
}
