//! Delimited text: its encoding, its delimiter, its records.

mod delimiter;
mod encoding;
mod lines;
mod records;

pub(crate) use delimiter::Dialect;
pub(crate) use encoding::Detected;
pub(crate) use lines::{Line, Lines};
pub(crate) use records::{RawRecord, Records};

use crate::error::{Limits, TableError};
use crate::source::Source;
use encoding::Utf8Chunks;

/// Text looked at to find the delimiter, in bytes.
const SAMPLE: usize = 256 << 10;

/// The beginning of a text file, decoded.
pub(crate) struct Beginning {
    pub(crate) detected: Detected,
    pub(crate) text: Vec<u8>,
    complete: bool,
}

impl Beginning {
    /// How its cells are parted, when it is a table of cells.
    pub(crate) fn dialect(&self) -> Dialect {
        delimiter::sniff(&self.text, self.complete)
    }
}

/// Encoding and beginning of a text file; `None` when it is not text.
pub(crate) fn inspect(source: &mut Source) -> Result<Option<Beginning>, TableError> {
    let Some(detected) = encoding::detect(source)? else {
        return Ok(None);
    };
    let mut chunks = Utf8Chunks::new(source, detected)?;
    let (mut text, mut chunk) = (Vec::new(), Vec::new());
    let mut complete = false;
    while text.len() < SAMPLE && !complete {
        chunks.next_into(&mut chunk)?;
        text.extend_from_slice(&chunk);
        complete = chunk.is_empty();
    }
    Ok(Some(Beginning {
        detected,
        text,
        complete,
    }))
}

/// The lines of a text from its beginning.
pub(crate) fn lines<'a>(
    source: &'a mut Source,
    detected: Detected,
    limits: &Limits,
) -> Result<Lines<'a>, TableError> {
    Ok(Lines::new(
        Utf8Chunks::new(source, detected)?,
        limits.max_row_bytes,
    ))
}

/// The records of a text from its beginning.
pub(crate) fn records<'a>(
    source: &'a mut Source,
    detected: Detected,
    dialect: Dialect,
    limits: &Limits,
) -> Result<Records<'a>, TableError> {
    Ok(Records::new(
        Utf8Chunks::new(source, detected)?,
        dialect,
        limits,
    ))
}
