//! Where the bytes of a table come from.

use std::fs::File;
use std::io::{Cursor, Read, Seek, SeekFrom};
use std::path::Path;

/// The stored bytes: in memory or in a file. A file is read piece by piece.
#[derive(Debug)]
pub enum Source {
    /// Bytes in memory.
    Bytes(Cursor<Vec<u8>>),
    /// An open file, read from its beginning.
    File(File),
}

impl Source {
    /// Opens the file at `path`.
    pub fn open(path: &Path) -> std::io::Result<Self> {
        Ok(Self::File(File::open(path)?))
    }

    /// Size in bytes.
    pub(crate) fn size(&self) -> std::io::Result<u64> {
        match self {
            Self::Bytes(bytes) => Ok(u64::try_from(bytes.get_ref().len()).unwrap_or(u64::MAX)),
            Self::File(file) => Ok(file.metadata()?.len()),
        }
    }

    pub(crate) fn rewind_to(&mut self, offset: u64) -> std::io::Result<()> {
        self.seek(SeekFrom::Start(offset)).map(drop)
    }
}

impl From<Vec<u8>> for Source {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Bytes(Cursor::new(bytes))
    }
}

impl From<File> for Source {
    fn from(file: File) -> Self {
        Self::File(file)
    }
}

impl Read for Source {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        match self {
            Self::Bytes(bytes) => bytes.read(buffer),
            Self::File(file) => file.read(buffer),
        }
    }
}

impl Seek for Source {
    fn seek(&mut self, position: SeekFrom) -> std::io::Result<u64> {
        match self {
            Self::Bytes(bytes) => bytes.seek(position),
            Self::File(file) => file.seek(position),
        }
    }
}
