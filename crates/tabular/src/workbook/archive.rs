//! ZIP archives behind XLSX and ODS: what they are and what they unpack to.

use std::io::{BufReader, Read};

use quick_xml::Reader as XmlReader;
use quick_xml::events::Event;
use zip::ZipArchive;

use crate::error::{Limits, TableError};
use crate::source::Source;

/// Most parts in an archive that is still taken for a spreadsheet.
const MAX_PARTS: usize = 10_000;

pub(crate) enum Archive {
    Xlsx,
    Xlsb,
    Ods,
    Other,
}

/// Which kind of archive it is, by its parts.
pub(crate) fn kind(source: &mut Source) -> Result<Archive, String> {
    source.rewind_to(0).map_err(|error| error.to_string())?;
    let archive = ZipArchive::new(source).map_err(|error| error.to_string())?;
    let mut found = Archive::Other;
    for name in archive.file_names() {
        let name = name
            .map_err(|error| error.to_string())?
            .replace('\\', "/")
            .to_ascii_lowercase();
        if name.ends_with("workbook.xml") {
            return Ok(Archive::Xlsx);
        } else if name.ends_with("workbook.bin") {
            return Ok(Archive::Xlsb);
        } else if name == "content.xml" {
            found = Archive::Ods;
        }
    }
    Ok(found)
}

/// Unpacks every part once without keeping it, since the sizes an archive
/// declares may be lies, and refuses it when the sum exceeds the limit.
///
/// Shared strings declare how many they are, and the reader of XLSX trusts
/// that number with an allocation, so it has to be plausible as well.
pub(crate) fn measure(source: &mut Source, limits: &Limits) -> Result<(), TableError> {
    source.rewind_to(0)?;
    let mut archive = ZipArchive::new(source).map_err(super::damaged)?;
    if archive.len() > MAX_PARTS {
        return Err(super::damaged("it has too many parts"));
    }
    let limit = limits.max_unpacked_bytes;
    let mut total = 0_u64;
    let mut buffer = vec![0_u8; 64 << 10];
    for index in 0..archive.len() {
        let mut part = archive.by_index(index).map_err(encrypted_or_damaged)?;
        let name = part.name().map_err(super::damaged)?.to_ascii_lowercase();
        let before = total;
        loop {
            let read = part.read(&mut buffer).map_err(super::damaged)?;
            if read == 0 {
                break;
            }
            total = total.saturating_add(u64::try_from(read).unwrap_or(u64::MAX));
            if total > limit {
                return Err(TableError::UnpacksTooLarge { limit });
            }
        }
        drop(part);
        if name.ends_with("sharedstrings.xml") {
            let part = archive.by_index(index).map_err(super::damaged)?;
            let declared = declared_strings(BufReader::new(part));
            // `<si/>` is the shortest string there is: five bytes.
            if declared > (total - before) / 5 {
                return Err(super::damaged("it declares more strings than it holds"));
            }
        }
    }
    Ok(())
}

fn encrypted_or_damaged(error: zip::result::ZipError) -> TableError {
    if matches!(&error, zip::result::ZipError::UnsupportedArchive(reason) if reason.contains("assword"))
    {
        TableError::Encrypted
    } else {
        super::damaged(error)
    }
}

/// The largest number that the head of a shared strings part declares.
fn declared_strings(part: impl std::io::BufRead) -> u64 {
    let mut reader = XmlReader::from_reader(part);
    let mut buffer = Vec::new();
    loop {
        buffer.clear();
        match reader.read_event_into(&mut buffer) {
            Ok(Event::Start(element) | Event::Empty(element))
                if element.local_name().as_ref() == "sst" =>
            {
                let mut declared = 0;
                for attribute in element.attributes().flatten() {
                    let digits: String = attribute
                        .value
                        .chars()
                        .filter(char::is_ascii_digit)
                        .collect();
                    let is_count = attribute.key.local_name().as_ref() == "uniqueCount";
                    if is_count && !digits.is_empty() {
                        declared = declared.max(digits.parse().unwrap_or(u64::MAX));
                    }
                }
                return declared;
            }
            // The reader proper reports what is wrong with the part.
            Ok(Event::Eof) | Err(_) => return 0,
            Ok(_) => {}
        }
    }
}
