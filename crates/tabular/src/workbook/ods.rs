//! `OpenDocument` spreadsheets, row by row.
//!
//! The format repeats: a cell may stand for 16,384 cells and a row for a
//! million rows, in a file of a few hundred bytes. A reader that expands such
//! a sheet first and looks at it afterwards needs gigabytes for it; this one
//! puts a cell at a time into a bounded sheet.

use std::collections::HashSet;
use std::io::{BufRead, BufReader};

use quick_xml::Reader as XmlReader;
use quick_xml::escape::resolve_xml_entity;
use quick_xml::events::{BytesRef, BytesStart, Event};
use zip::ZipArchive;
use zip::result::ZipError;

use super::sheet::{Sheet, SheetBuilder};
use super::{archive, cell, damaged};
use crate::error::{Limits, TableError};
use crate::source::Source;
use crate::table::Format;

/// Reads the first visible sheet that is not empty.
pub(crate) fn read(mut source: Source, limits: &Limits) -> Result<Sheet, TableError> {
    archive::measure(&mut source, limits)?;
    source.rewind_to(0)?;
    let mut archive = ZipArchive::new(BufReader::new(source)).map_err(damaged)?;
    if is_encrypted(&mut archive)? {
        return Err(TableError::Encrypted);
    }
    let content = archive.by_name("content.xml").map_err(damaged)?;
    let mut reader = XmlReader::from_reader(BufReader::new(content));
    reader.config_mut().expand_empty_elements = true;
    let mut document = Document {
        reader,
        buffer: Vec::new(),
        limits,
    };
    document.first_sheet()
}

fn is_encrypted<R: std::io::Read + std::io::Seek>(
    archive: &mut ZipArchive<R>,
) -> Result<bool, TableError> {
    let manifest = match archive.by_name("META-INF/manifest.xml") {
        Ok(manifest) => manifest,
        Err(ZipError::FileNotFound) => return Ok(false),
        Err(error) => return Err(damaged(error)),
    };
    let mut reader = XmlReader::from_reader(BufReader::new(manifest));
    let mut buffer = Vec::new();
    loop {
        buffer.clear();
        match reader.read_event_into(&mut buffer).map_err(damaged)? {
            Event::Start(element) | Event::Empty(element)
                if element.local_name().as_ref() == "encryption-data" =>
            {
                return Ok(true);
            }
            Event::Eof => return Ok(false),
            _ => {}
        }
    }
}

struct Document<'a, R> {
    reader: XmlReader<R>,
    buffer: Vec<u8>,
    limits: &'a Limits,
}

/// What the attributes of a cell say.
struct CellStart {
    repeats: u64,
    value: CellValue,
}

enum CellValue {
    /// A value that the attributes hold.
    Known(String),
    /// The paragraphs inside are the value.
    Content,
}

impl<R: BufRead> Document<'_, R> {
    fn first_sheet(&mut self) -> Result<Sheet, TableError> {
        let mut hidden_styles = HashSet::new();
        let mut style = None;
        loop {
            self.buffer.clear();
            match self
                .reader
                .read_event_into(&mut self.buffer)
                .map_err(damaged)?
            {
                Event::Start(element) => match element.name().as_ref() {
                    "style:style" => style = attribute(&element, "style:name")?,
                    "style:table-properties" => {
                        let shown = attribute(&element, "table:display")?;
                        if let (Some("false"), Some(name)) = (shown.as_deref(), style.take()) {
                            hidden_styles.insert(name);
                        }
                    }
                    "table:table" => {
                        let name = attribute(&element, "table:name")?.unwrap_or_default();
                        let hidden = attribute(&element, "table:style-name")?
                            .is_some_and(|name| hidden_styles.contains(&name));
                        let sheet = self.sheet(name)?;
                        if !hidden && sheet.len() > 0 {
                            return Ok(sheet);
                        }
                    }
                    _ => {}
                },
                Event::Eof => return Err(TableError::Empty),
                _ => {}
            }
        }
    }

    fn sheet(&mut self, name: String) -> Result<Sheet, TableError> {
        let mut builder = SheetBuilder::new(self.limits);
        let mut row = 0_u64;
        loop {
            self.buffer.clear();
            match self
                .reader
                .read_event_into(&mut self.buffer)
                .map_err(damaged)?
            {
                Event::Start(element) if element.name().as_ref() == "table:table-row" => {
                    let repeats = repetition(&element, "table:number-rows-repeated")?;
                    let cells = self.row()?;
                    // A blank row is only counted, however often it repeats.
                    let copies = if cells.is_empty() { 0 } else { repeats };
                    for copy in 0..copies {
                        for (column, text) in &cells {
                            builder.put(row.saturating_add(copy), *column, text.clone())?;
                        }
                    }
                    row = row.saturating_add(repeats);
                }
                Event::End(element) if element.name().as_ref() == "table:table" => {
                    return builder.finish(Format::Ods, name);
                }
                Event::Eof => return Err(damaged("its content ends in the middle of a sheet")),
                _ => {}
            }
        }
    }

    /// The cells of a row that hold something, with their columns.
    fn row(&mut self) -> Result<Vec<(u64, String)>, TableError> {
        let mut cells = Vec::new();
        let mut column = 0_u64;
        loop {
            self.buffer.clear();
            match self
                .reader
                .read_event_into(&mut self.buffer)
                .map_err(damaged)?
            {
                Event::Start(element)
                    if matches!(
                        element.name().as_ref(),
                        "table:table-cell" | "table:covered-table-cell"
                    ) =>
                {
                    let CellStart { repeats, value } = cell_start(&element)?;
                    let content = self.cell_content()?;
                    let text = match value {
                        CellValue::Known(text) => text,
                        CellValue::Content => content,
                    };
                    if !text.trim().is_empty() {
                        let end = column.saturating_add(repeats);
                        let limit = self.limits.max_columns;
                        if end > u64::try_from(limit).unwrap_or(u64::MAX) {
                            let columns = usize::try_from(end).unwrap_or(usize::MAX);
                            return Err(TableError::TooManyColumns { columns, limit });
                        }
                        cells.extend((column..end).map(|column| (column, text.clone())));
                    }
                    column = column.saturating_add(repeats);
                }
                Event::End(element) if element.name().as_ref() == "table:table-row" => {
                    return Ok(cells);
                }
                Event::Eof => return Err(damaged("its content ends in the middle of a row")),
                _ => {}
            }
        }
    }

    /// The paragraphs of a cell, without its comments.
    fn cell_content(&mut self) -> Result<String, TableError> {
        let mut text = String::new();
        let mut paragraphs = 0_u32;
        let mut inside = 0_u32;
        let mut comments = 0_u32;
        loop {
            self.buffer.clear();
            match self
                .reader
                .read_event_into(&mut self.buffer)
                .map_err(damaged)?
            {
                Event::Start(element) => match element.name().as_ref() {
                    "office:annotation" => comments += 1,
                    _ if comments > 0 => {}
                    "text:p" => {
                        if paragraphs > 0 {
                            text.push('\n');
                        }
                        paragraphs += 1;
                        inside += 1;
                    }
                    "text:s" => {
                        let spaces = repetition(&element, "text:c")?;
                        let spaces = usize::try_from(spaces).unwrap_or(usize::MAX);
                        let spaces = spaces.min(self.limits.max_cell_bytes);
                        text.extend(std::iter::repeat_n(' ', spaces));
                    }
                    "text:tab" => text.push('\t'),
                    "text:line-break" => text.push('\n'),
                    _ => {}
                },
                Event::Text(part) if inside > 0 && comments == 0 => {
                    text.push_str(&part.xml10_content());
                }
                Event::CData(part) if inside > 0 && comments == 0 => {
                    text.push_str(&part.xml10_content());
                }
                Event::GeneralRef(entity) if inside > 0 && comments == 0 => {
                    push_entity(&entity, &mut text)?;
                }
                Event::End(element) => match element.name().as_ref() {
                    "office:annotation" => comments = comments.saturating_sub(1),
                    "text:p" if comments == 0 => inside = inside.saturating_sub(1),
                    "table:table-cell" | "table:covered-table-cell" => return Ok(text),
                    _ => {}
                },
                Event::Eof => return Err(damaged("its content ends in the middle of a cell")),
                _ => {}
            }
            // Runs of spaces multiply too; what is beyond the limit is only
            // needed to see that it is.
            if text.len() > self.limits.max_cell_bytes.saturating_mul(2) {
                let keep = text.ceil_char_boundary(self.limits.max_cell_bytes.saturating_add(1));
                text.truncate(keep);
            }
        }
    }
}

fn push_entity(entity: &BytesRef<'_>, text: &mut String) -> Result<(), TableError> {
    if let Some(known) = resolve_xml_entity(entity) {
        text.push_str(known);
    } else if let Some(character) = entity.resolve_char_ref().map_err(damaged)? {
        text.push(character);
    }
    Ok(())
}

fn cell_start(element: &BytesStart<'_>) -> Result<CellStart, TableError> {
    let repeats = repetition(element, "table:number-columns-repeated")?;
    let kind = attribute(element, "office:value-type")?;
    let value = match kind.as_deref() {
        Some("float" | "percentage" | "currency") => attribute(element, "office:value")?
            .map(|value| value.parse::<f64>().map_or(value, cell::float)),
        Some("date") => attribute(element, "office:date-value")?.map(|value| cell::iso(&value)),
        Some("time") => attribute(element, "office:time-value")?,
        Some("boolean") => attribute(element, "office:boolean-value")?,
        _ => attribute(element, "office:string-value")?,
    };
    Ok(CellStart {
        repeats,
        value: value.map_or(CellValue::Content, CellValue::Known),
    })
}

fn attribute(element: &BytesStart<'_>, name: &str) -> Result<Option<String>, TableError> {
    let Some(found) = element.try_get_attribute(name).map_err(damaged)? else {
        return Ok(None);
    };
    let value = quick_xml::escape::unescape(&found.value).map_err(damaged)?;
    Ok(Some(value.into_owned()))
}

/// A repeat count; absent or senseless is once.
fn repetition(element: &BytesStart<'_>, name: &str) -> Result<u64, TableError> {
    Ok(attribute(element, name)?
        .and_then(|count| count.trim().parse().ok())
        .unwrap_or(1))
}
