//! A look at the records of an XLS file before it is parsed: how many cells
//! its sheets would need.

use std::collections::HashMap;

use crate::error::{Limits, TableError};
use crate::workbook::damaged;

/// Most cells, all sheets together, blank ones between used ones included.
const MAX_CELLS: u64 = 8_000_000;
/// Sector numbers from here on mean "none", "end of chain" and the like.
const FIRST_RESERVED: u32 = 0xFFFF_FFFA;

/// Refuses files that are encrypted, or whose sheets would need more memory
/// than is allowed.
pub(crate) fn check(bytes: &[u8], limits: &Limits) -> Result<(), TableError> {
    let file = Compound::open(bytes).ok_or_else(|| damaged("its directory is broken"))?;
    if file.entry("EncryptedPackage").is_some() {
        return Err(TableError::Encrypted);
    }
    let Some(entry) = file.entry("Workbook").or_else(|| file.entry("Book")) else {
        return Err(damaged(
            "it is no workbook; it may be a Word document or a message",
        ));
    };
    let stream = file
        .stream(&entry)
        .ok_or_else(|| damaged("its workbook is cut off"))?;
    let mut sheets: HashMap<usize, u64> = HashMap::new();
    for (kind, data) in Records::new(&stream, 0) {
        match kind {
            // BoundSheet8: where a sheet begins.
            0x0085 => {
                let position = u32_at(data, 0).and_then(|at| usize::try_from(at).ok());
                *sheets.entry(position.unwrap_or(usize::MAX)).or_default() += 1;
            }
            0x000A => break,
            _ => {}
        }
    }
    let mut total = 0_u64;
    for (position, times) in sheets {
        total = total.saturating_add(sheet_cells(&stream, position).saturating_mul(times));
        if total > MAX_CELLS {
            return Err(TableError::UnpacksTooLarge {
                limit: limits.max_unpacked_bytes,
            });
        }
    }
    Ok(())
}

/// Cells of the smallest rectangle around what a sheet declares and holds.
fn sheet_cells(stream: &[u8], position: usize) -> u64 {
    let (mut rows, mut columns) = (0_u64, 0_u64);
    let mut formulas = 0_u64;
    let mut depth = 0_u32;
    for (kind, data) in Records::new(stream, position) {
        // Charts within the sheet begin and end like the sheet itself.
        match kind {
            0x0809 => depth += 1,
            0x000A if depth <= 1 => break,
            0x000A => depth -= 1,
            _ => {}
        }
        match kind {
            // Dimensions: in BIFF8 rows are four bytes wide, before it two.
            0x0200 => {
                let (first_row, last_row, last_column) = if data.len() >= 14 {
                    (u32_at(data, 0), u32_at(data, 4), u16_at(data, 10))
                } else {
                    (
                        u16_at(data, 0).map(u32::from),
                        u16_at(data, 2).map(u32::from),
                        u16_at(data, 6),
                    )
                };
                // The difference is taken without a look at its sign.
                if last_row > Some(0) && first_row >= last_row {
                    return u64::MAX;
                }
                rows = rows.max(last_row.unwrap_or_default().into());
                columns = columns.max(last_column.unwrap_or_default().into());
            }
            // Every kind of cell begins with its row and column; MulRk and
            // MulBlank end with their last column.
            0x0203 | 0x0204 | 0x00D6 | 0x0205 | 0x027E | 0x00FD | 0x0006 | 0x00BD => {
                formulas += u64::from(kind == 0x0006);
                let first = u16_at(data, 2).unwrap_or_default();
                let last = match kind {
                    0x00BD => u16_at(data, data.len().saturating_sub(2)).unwrap_or(first),
                    _ => first,
                };
                rows = rows.max(u64::from(u16_at(data, 0).unwrap_or_default()) + 1);
                columns = columns.max(u64::from(first.max(last)) + 1);
            }
            _ => {}
        }
    }
    // Formulas are expanded into a second rectangle.
    rows.saturating_mul(columns)
        .saturating_mul(if formulas > 0 { 2 } else { 1 })
}

/// Records of a workbook stream: kind and data.
struct Records<'a> {
    rest: &'a [u8],
}

impl<'a> Records<'a> {
    fn new(stream: &'a [u8], position: usize) -> Self {
        Self {
            rest: stream.get(position..).unwrap_or_default(),
        }
    }
}

impl<'a> Iterator for Records<'a> {
    type Item = (u16, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let kind = u16_at(self.rest, 0)?;
        let end = usize::from(u16_at(self.rest, 2)?) + 4;
        let data = self.rest.get(4..end)?;
        self.rest = self.rest.get(end..)?;
        Some((kind, data))
    }
}

/// A compound file: a file system of sectors in one file.
struct Compound<'a> {
    bytes: &'a [u8],
    sector: usize,
    table: Vec<u32>,
    mini_table: Vec<u32>,
    mini_sectors: Vec<u8>,
    directory: Vec<u8>,
}

struct Entry {
    start: u32,
    length: usize,
}

impl<'a> Compound<'a> {
    fn open(bytes: &'a [u8]) -> Option<Self> {
        let sector = match u16_at(bytes, 30)? {
            9 => 512,
            12 => 4096,
            _ => return None,
        };
        let mut file = Self {
            bytes,
            sector,
            table: Vec::new(),
            mini_table: Vec::new(),
            mini_sectors: Vec::new(),
            directory: Vec::new(),
        };
        let mut parts: Vec<u32> = (0..109)
            .filter_map(|slot| u32_at(bytes, 76 + slot * 4))
            .collect();
        let mut next = u32_at(bytes, 68)?;
        let mut visited = 0;
        while next < FIRST_RESERVED {
            visited += 1;
            if visited > bytes.len() / sector {
                return None;
            }
            let mut numbers = words(file.sector_at(next)?);
            next = numbers.pop()?;
            parts.append(&mut numbers);
        }
        for part in parts.into_iter().filter(|part| *part < FIRST_RESERVED) {
            // A table cannot describe more sectors than the file has.
            if file.table.len() > bytes.len() / sector + sector {
                break;
            }
            let numbers = words(file.sector_at(part)?);
            file.table.extend(numbers);
        }
        file.directory = file.chain(u32_at(bytes, 48)?)?;
        if u32_at(bytes, 64)? > 0 {
            file.mini_table = words(&file.chain(u32_at(bytes, 60)?)?);
            let root = u32_at(&file.directory, 116)?;
            file.mini_sectors = file.chain(root)?;
        }
        Some(file)
    }

    fn sector_at(&self, number: u32) -> Option<&'a [u8]> {
        let start = usize::try_from(number)
            .ok()?
            .checked_add(1)?
            .checked_mul(self.sector)?;
        let end = start.checked_add(self.sector)?.min(self.bytes.len());
        self.bytes.get(start..end)
    }

    /// All bytes of a chain of sectors; `None` when it runs in a circle.
    fn chain(&self, start: u32) -> Option<Vec<u8>> {
        let mut bytes = Vec::new();
        let mut next = start;
        while next < FIRST_RESERVED {
            bytes.extend_from_slice(self.sector_at(next)?);
            if bytes.len() > self.bytes.len() {
                return None;
            }
            next = *self.table.get(usize::try_from(next).ok()?)?;
        }
        Some(bytes)
    }

    fn entry(&self, name: &str) -> Option<Entry> {
        self.directory.chunks_exact(128).find_map(|entry| {
            let length = usize::from(u16_at(entry, 64)?).saturating_sub(2).min(64);
            let units: Vec<u16> = (0..length / 2)
                .filter_map(|unit| u16_at(entry, unit * 2))
                .collect();
            if !String::from_utf16_lossy(&units).eq_ignore_ascii_case(name) {
                return None;
            }
            let length = usize::try_from(u32_at(entry, 120)?).ok()?;
            Some(Entry {
                start: u32_at(entry, 116)?,
                length,
            })
        })
    }

    fn stream(&self, entry: &Entry) -> Option<Vec<u8>> {
        // Streams below this size live in the small sectors of the root.
        let mut stream = if entry.length < 4096 {
            let mut stream = Vec::new();
            let mut next = entry.start;
            while next < FIRST_RESERVED && stream.len() < entry.length {
                let number = usize::try_from(next).ok()?;
                let start = number.checked_mul(64)?;
                stream.extend_from_slice(self.mini_sectors.get(start..start.checked_add(64)?)?);
                next = *self.mini_table.get(number)?;
            }
            stream
        } else {
            self.chain(entry.start)?
        };
        stream.truncate(entry.length);
        Some(stream)
    }
}

fn words(bytes: &[u8]) -> Vec<u32> {
    bytes
        .chunks_exact(4)
        .filter_map(|word| u32_at(word, 0))
        .collect()
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    let bytes = bytes.get(at..at.checked_add(2)?)?;
    Some(u16::from_le_bytes(bytes.try_into().ok()?))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    let bytes = bytes.get(at..at.checked_add(4)?)?;
    Some(u32::from_le_bytes(bytes.try_into().ok()?))
}
