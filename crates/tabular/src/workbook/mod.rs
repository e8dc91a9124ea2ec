//! Spreadsheets: recognised by content, measured before they are unpacked.

mod archive;
mod cell;
mod ods;
mod sheet;
mod xls;
mod xlsx;

pub(crate) use sheet::Sheet;

use std::io::Read;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::error::{Limits, TableError};
use crate::source::Source;
use crate::table::Format;
use archive::Archive;

/// Signature of the container that XLS and encrypted XLSX files use.
const COMPOUND_FILE: &[u8] = &[0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1];

/// Tells a spreadsheet from text (`None`) by the first bytes.
///
/// # Errors
/// When it is a well-known kind of file that holds no table.
pub(crate) fn recognise(
    source: &mut Source,
    file_name: &str,
) -> Result<Option<Format>, TableError> {
    source.rewind_to(0)?;
    let mut head = Vec::with_capacity(1024);
    source.by_ref().take(1024).read_to_end(&mut head)?;
    let not_a_table = |found| {
        Err(TableError::NotATable {
            file_name: file_name.to_owned(),
            found,
        })
    };
    if head.starts_with(COMPOUND_FILE) {
        return Ok(Some(Format::Xls));
    }
    if head.starts_with(b"PK\x03\x04") || head.starts_with(b"PK\x05\x06") {
        return match archive::kind(source) {
            Ok(Archive::Xlsx) => Ok(Some(Format::Xlsx)),
            Ok(Archive::Ods) => Ok(Some(Format::Ods)),
            Ok(Archive::Xlsb) => not_a_table("an Excel binary workbook (XLSB)"),
            Ok(Archive::Other) => not_a_table("a ZIP archive"),
            Err(detail) => Err(TableError::Damaged { detail }),
        };
    }
    for (signature, found) in [
        (b"%PDF".as_slice(), "a PDF document"),
        (b"\x1F\x8B", "a gzip archive"),
        (b"\x89PNG", "an image"),
        (b"\xFF\xD8\xFF", "an image"),
        (b"GIF8", "an image"),
        (b"{\\rtf", "a text document (RTF)"),
        (b"SQLite format 3", "a database"),
    ] {
        if head.starts_with(signature) {
            return not_a_table(found);
        }
    }
    let start = head
        .strip_prefix(b"\xEF\xBB\xBF")
        .unwrap_or(&head)
        .trim_ascii_start();
    let start = start
        .get(..start.len().min(14))
        .unwrap_or_default()
        .to_ascii_lowercase();
    if [
        b"<html".as_slice(),
        b"<!doctype html",
        b"<table",
        b"<head",
        b"<meta",
    ]
    .iter()
    .any(|tag| start.starts_with(tag))
    {
        return not_a_table("a web page (HTML)");
    }
    if start.starts_with(b"<?xml") {
        return not_a_table("an XML document");
    }
    if start.starts_with(b"begin:vcalenda") {
        return not_a_table("a calendar");
    }
    Ok(None)
}

/// Reads the first visible sheet that is not empty.
///
/// The parsers behind this are third-party code that meets whatever people
/// upload; should one of them panic, the file is called damaged.
pub(crate) fn read(source: Source, format: Format, limits: &Limits) -> Result<Sheet, TableError> {
    let outcome = catch_unwind(AssertUnwindSafe(|| match format {
        Format::Xls => xls::read(source, limits),
        Format::Ods => ods::read(source, limits),
        Format::Xlsx | Format::Delimited | Format::Ndjson | Format::VCard => {
            xlsx::read(source, limits)
        }
    }));
    outcome.unwrap_or_else(|_| {
        Err(TableError::Damaged {
            detail: "its structure makes no sense".to_owned(),
        })
    })
}

/// An error of a parser as a damaged file.
fn damaged(error: impl std::fmt::Display) -> TableError {
    TableError::Damaged {
        detail: error.to_string(),
    }
}
