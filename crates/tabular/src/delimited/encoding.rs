//! Which encoding a file of text has, and its text as a stream of UTF-8.

use std::io::Read;

use encoding_rs::{CoderResult, Decoder, Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

use crate::error::TableError;
use crate::source::Source;

/// Bytes read from the source at a time.
const CHUNK: usize = 64 << 10;

/// What was found out about the encoding of a file.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Detected {
    pub(crate) encoding: &'static Encoding,
    /// Length of the byte order mark, which is skipped.
    pub(crate) mark: u64,
    /// Whether some bytes are not valid in the encoding. They become U+FFFD,
    /// and the rows that hold one are reported.
    pub(crate) damaged: bool,
}

/// Reads the whole source once and decides. `None` means that it is not text.
///
/// The whole file counts because a Windows-1252 file may well have its first
/// accent after ten thousand rows. A file that is UTF-8 but for a few broken
/// places is taken for UTF-8 with damage, since reading all of it as
/// Windows-1252 would garble every accent that is right.
pub(crate) fn detect(source: &mut Source) -> Result<Option<Detected>, TableError> {
    source.rewind_to(0)?;
    let mut buffer = vec![0_u8; CHUNK];
    let mut filled = read_full(source, &mut buffer)?;
    let first = buffer.get(..filled).unwrap_or_default();
    if let Some((encoding, mark)) = Encoding::for_bom(first) {
        let mark_length = u64::try_from(mark).unwrap_or_default();
        let damaged = if encoding == UTF_8 {
            source.rewind_to(mark_length)?;
            let mut tally = Utf8Tally::default();
            loop {
                filled = read_full(source, &mut buffer)?;
                if filled == 0 {
                    break;
                }
                tally.feed(buffer.get(..filled).unwrap_or_default());
            }
            tally.finish() > 0
        } else {
            // Lone surrogates are rare enough to be looked for while reading.
            true
        };
        return Ok(Some(Detected {
            encoding,
            mark: mark_length,
            damaged,
        }));
    }
    match without_mark(first) {
        Marks::Utf16(encoding) => {
            return Ok(Some(Detected {
                encoding,
                mark: 0,
                damaged: true,
            }));
        }
        Marks::Binary => return Ok(None),
        Marks::ByteWise => {}
    }
    let mut tally = Utf8Tally::default();
    while filled > 0 {
        tally.feed(buffer.get(..filled).unwrap_or_default());
        filled = read_full(source, &mut buffer)?;
    }
    let multibyte = tally.multibyte;
    let invalid = tally.finish();
    let detected = if invalid == 0 {
        Detected {
            encoding: UTF_8,
            mark: 0,
            damaged: false,
        }
    } else if multibyte > invalid.saturating_mul(10) {
        Detected {
            encoding: UTF_8,
            mark: 0,
            damaged: true,
        }
    } else {
        // Every byte means something in Windows-1252, as browsers read it.
        Detected {
            encoding: WINDOWS_1252,
            mark: 0,
            damaged: false,
        }
    };
    Ok(Some(detected))
}

enum Marks {
    Utf16(&'static Encoding),
    ByteWise,
    Binary,
}

/// Tells UTF-16 without a mark from bytes by where the zero bytes are: commas,
/// digits and line ends have one half zero, always the same half.
fn without_mark(sample: &[u8]) -> Marks {
    let (mut even, mut odd) = (0_usize, 0_usize);
    for (index, byte) in sample.iter().enumerate() {
        if *byte == 0 {
            if index % 2 == 0 {
                even += 1;
            } else {
                odd += 1;
            }
        }
    }
    let threshold = (sample.len() / 50).max(1);
    if even + odd < threshold {
        return Marks::ByteWise;
    }
    if odd > even.saturating_mul(10) {
        Marks::Utf16(UTF_16LE)
    } else if even > odd.saturating_mul(10) {
        Marks::Utf16(UTF_16BE)
    } else {
        Marks::Binary
    }
}

/// Counts valid multi-byte sequences and invalid places across chunks.
#[derive(Default)]
struct Utf8Tally {
    multibyte: u64,
    invalid: u64,
    /// An unfinished sequence at the end of the last chunk.
    carry: Vec<u8>,
}

impl Utf8Tally {
    fn feed(&mut self, chunk: &[u8]) {
        let mut chunk = chunk;
        while !self.carry.is_empty() {
            let Some((first, rest)) = chunk.split_first() else {
                return;
            };
            let mut joined = std::mem::take(&mut self.carry);
            joined.push(*first);
            match std::str::from_utf8(&joined) {
                Ok(_) => {
                    self.multibyte += 1;
                    chunk = rest;
                }
                Err(error) if error.error_len().is_none() => {
                    self.carry = joined;
                    chunk = rest;
                }
                Err(_) => self.invalid += 1,
            }
        }
        loop {
            match std::str::from_utf8(chunk) {
                Ok(text) => {
                    self.count(text);
                    return;
                }
                Err(error) => {
                    let (valid, rest) = chunk.split_at(error.valid_up_to());
                    self.count(std::str::from_utf8(valid).unwrap_or_default());
                    let Some(length) = error.error_len() else {
                        self.carry = rest.to_vec();
                        return;
                    };
                    self.invalid += 1;
                    chunk = rest.get(length..).unwrap_or_default();
                }
            }
        }
    }

    fn count(&mut self, text: &str) {
        if !text.is_ascii() {
            // Lead bytes only: one per character outside ASCII.
            let leads = text.bytes().filter(|byte| *byte >= 0xC0).count();
            self.multibyte += u64::try_from(leads).unwrap_or_default();
        }
    }

    fn finish(self) -> u64 {
        self.invalid + u64::from(!self.carry.is_empty())
    }
}

fn read_full(source: &mut Source, buffer: &mut [u8]) -> std::io::Result<usize> {
    let mut filled = 0;
    while let Some(free) = buffer.get_mut(filled..).filter(|free| !free.is_empty()) {
        match source.read(free) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

/// The text of a source as chunks of UTF-8.
pub(crate) struct Utf8Chunks<'a> {
    source: &'a mut Source,
    /// `None` where the bytes are valid UTF-8 already.
    decoder: Option<Decoder>,
    raw: Vec<u8>,
    pending: std::ops::Range<usize>,
    ended: bool,
}

impl<'a> Utf8Chunks<'a> {
    /// Starts at the beginning of the text, behind the byte order mark.
    pub(crate) fn new(source: &'a mut Source, detected: Detected) -> std::io::Result<Self> {
        source.rewind_to(detected.mark)?;
        let plain = detected.encoding == UTF_8 && !detected.damaged;
        let decoder = (!plain).then(|| detected.encoding.new_decoder_without_bom_handling());
        Ok(Self {
            source,
            decoder,
            raw: vec![0; CHUNK],
            pending: 0..0,
            ended: false,
        })
    }

    /// Fills `out` with the next text; an empty `out` means the end.
    pub(crate) fn next_into(&mut self, out: &mut Vec<u8>) -> std::io::Result<()> {
        let Some(decoder) = self.decoder.as_mut() else {
            out.resize(CHUNK, 0);
            let read = read_full(self.source, out)?;
            out.truncate(read);
            return Ok(());
        };
        out.clear();
        while out.is_empty() && !self.ended {
            if self.pending.is_empty() {
                let read = read_full(self.source, &mut self.raw)?;
                self.pending = 0..read;
            }
            let last = self.pending.is_empty();
            let input = self.raw.get(self.pending.clone()).unwrap_or_default();
            let room = decoder
                .max_utf8_buffer_length(input.len())
                .unwrap_or(CHUNK * 4);
            out.resize(room.max(16), 0);
            let (result, read, written, _) = decoder.decode_to_utf8(input, out, last);
            out.truncate(written);
            self.pending.start += read;
            self.ended = last && result == CoderResult::InputEmpty;
        }
        Ok(())
    }
}
