//! JSON text, written straight into an answer from the bytes that the binary protocol carries.
//!
//! A page has some two thousand cells, so nothing here allocates, and nothing goes through a type in between where the
//! bytes say it all.

use std::io::Write as _;

use jiff::Timestamp;
use jiff::fmt::temporal::DateTimePrinter;

/// Microseconds from 1970 to 2000, from which PostgreSQL counts.
const EPOCH: i64 = 946_684_800_000_000;

/// A JSON string (RFC 8259 §7): quotes, backslashes and control characters escaped. The bytes are UTF-8: the
/// connection's encoding is, and so is every text of the program.
pub(crate) fn write_string(out: &mut Vec<u8>, text: impl AsRef<[u8]>) {
    out.push(b'"');
    let mut rest = text.as_ref();
    while let Some(index) = first_special(rest) {
        let (clean, special) = rest.split_at(index);
        out.extend_from_slice(clean);
        let Some((byte, behind)) = special.split_first() else {
            break;
        };
        match byte {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            // Writing to a Vec cannot fail.
            other => drop(write!(out, "\\u{other:04x}")),
        }
        rest = behind;
    }
    out.extend_from_slice(rest);
    out.push(b'"');
}

/// Where the first byte is that a JSON string cannot hold as it is. Eight bytes at a time: most texts have none.
fn first_special(text: &[u8]) -> Option<usize> {
    let mut chunks = text.chunks_exact(8);
    let mut before = 0;
    for chunk in &mut chunks {
        let Ok(bytes) = <[u8; 8]>::try_from(chunk) else {
            break;
        };
        if has_special(u64::from_ne_bytes(bytes)) {
            return chunk
                .iter()
                .position(|byte| is_special(*byte))
                .map(|index| before + index);
        }
        before += 8;
    }
    chunks
        .remainder()
        .iter()
        .position(|byte| is_special(*byte))
        .map(|index| before + index)
}

fn is_special(byte: u8) -> bool {
    byte < 0x20 || byte == b'"' || byte == b'\\'
}

/// Whether one of eight bytes is special, by the arithmetic of "Determine if a word has a byte less than n" and "… equal
/// to n" (Anderson, Bit Twiddling Hacks). Exact as to whether, not as to which.
fn has_special(word: u64) -> bool {
    const ONES: u64 = u64::MAX / 255;
    const HIGH: u64 = ONES * 0x80;
    let below = |word: u64, limit: u8| word.wrapping_sub(ONES * u64::from(limit)) & !word & HIGH;
    let equals = |byte: u8| below(word ^ (ONES * u64::from(byte)), 1);
    (below(word, 0x20) | equals(b'"') | equals(b'\\')) != 0
}

/// A `numeric` as text in quotes, without zeros at its end but with at least so many decimal places. `None` for bytes
/// that are no finite number.
pub(super) fn write_numeric(out: &mut Vec<u8>, raw: &[u8], places: usize) -> Option<()> {
    let (&[_, _, weight_high, weight_low, sign_high, sign_low, _, _], digits) =
        raw.split_first_chunk::<8>()?;
    let weight = i32::from(i16::from_be_bytes([weight_high, weight_low]));
    let negative = match u16::from_be_bytes([sign_high, sign_low]) {
        0x0000 => false,
        0x4000 => true,
        _ => return None,
    };
    // Each is four decimal digits; the first stands for 10,000 to the power of the weight.
    let group = |position: i32| -> u16 {
        usize::try_from(weight - position)
            .ok()
            .and_then(|index| digits.get(index * 2..index * 2 + 2))
            .and_then(|pair| <[u8; 2]>::try_from(pair).ok())
            .map_or(0, u16::from_be_bytes)
    };
    let last = weight - i32::try_from(digits.len() / 2).ok()? + 1;
    out.push(b'"');
    if negative {
        out.push(b'-');
    }
    // Writing to a Vec cannot fail.
    drop(write!(out, "{}", group(weight.max(0))));
    for position in (0..weight.max(0)).rev() {
        drop(write!(out, "{:04}", group(position)));
    }
    out.push(b'.');
    let point = out.len();
    for position in (last..0).rev() {
        drop(write!(out, "{:04}", group(position)));
    }
    let longest = point + places;
    while out.len() > longest && out.last() == Some(&b'0') {
        out.pop();
    }
    while out.len() < longest {
        out.push(b'0');
    }
    if out.len() == point {
        out.pop();
    }
    out.push(b'"');
    Some(())
}

/// A `timestamptz` as RFC 3339 in UTC, in quotes. `None` for bytes that are no moment of ours.
pub(super) fn write_timestamp(out: &mut Vec<u8>, raw: &[u8]) -> Option<()> {
    const PRINTER: DateTimePrinter = DateTimePrinter::new();
    let micros = i64::from_be_bytes(raw.try_into().ok()?).checked_add(EPOCH)?;
    let moment = Timestamp::from_microsecond(micros).ok()?;
    out.push(b'"');
    // Writing to a Vec cannot fail.
    drop(PRINTER.print_timestamp(&moment, &mut *out));
    out.push(b'"');
    Some(())
}

/// A whole number of two, four or eight bytes.
pub(super) fn write_integer(out: &mut Vec<u8>, raw: &[u8]) -> Option<()> {
    let number = match raw.len() {
        2 => i64::from(i16::from_be_bytes(raw.try_into().ok()?)),
        4 => i64::from(i32::from_be_bytes(raw.try_into().ok()?)),
        _ => i64::from_be_bytes(raw.try_into().ok()?),
    };
    // Writing to a Vec cannot fail.
    drop(write!(out, "{number}"));
    Some(())
}

#[cfg(test)]
mod tests {
    use bytes::BytesMut;
    use kith_store::types::{ToSql, Type};
    use rust_decimal::Decimal;

    use super::super::cell::money_text;
    use super::*;

    fn written(text: &str) -> String {
        let mut out = Vec::new();
        write_string(&mut out, text.as_bytes());
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn strings_are_escaped_wherever_a_special_character_stands() {
        for special in [
            '"', '\\', '\n', '\r', '\t', '\u{1}', '\u{1f}', ' ', '!', '#', '[', ']', 'é', '\u{7f}',
            '\u{80}', '💡',
        ] {
            for length in 0..20 {
                for place in 0..=length {
                    let mut text = "x".repeat(length);
                    text.insert(place, special);
                    let back: String = serde_json::from_str(&written(&text)).unwrap();
                    assert_eq!(back, text);
                }
            }
        }
        assert_eq!(written("a\u{1}\"b\""), "\"a\\u0001\\\"b\\\"\"");
    }

    #[test]
    fn numbers_are_written_as_they_are_exactly() {
        let texts = [
            "0",
            "0.0000",
            "1",
            "-1",
            "0.1",
            "-0.05",
            "0.0001",
            "12.5",
            "10000",
            "100000000",
            "123456789.12",
            "9999999999999.999",
            "-9999999999999.999",
            "10000.0001",
            "0.00010000",
            "1200.50",
            "20000000000.1",
        ];
        for text in texts {
            let number: Decimal = text.parse().unwrap();
            let mut raw = BytesMut::new();
            number.to_sql(&Type::NUMERIC, &mut raw).unwrap();
            let shown = |places| {
                let mut out = Vec::new();
                write_numeric(&mut out, &raw, places).unwrap();
                String::from_utf8(out).unwrap()
            };
            assert_eq!(shown(0), format!("\"{}\"", number.normalize()), "{text}");
            assert_eq!(shown(2), format!("\"{}\"", money_text(number)), "{text}");
        }
        assert!(write_numeric(&mut Vec::new(), &[0, 0, 0, 0, 0xc0, 0, 0, 0], 0).is_none());
        assert!(write_numeric(&mut Vec::new(), &[0, 0], 0).is_none());
    }

    #[test]
    fn moments_are_those_of_the_driver() {
        for text in [
            "2026-11-21T09:30:00Z",
            "1999-12-31T23:59:59.999999Z",
            "0001-01-01T00:00:00Z",
            "2000-01-01T00:00:00.000001Z",
        ] {
            let moment: Timestamp = text.parse().unwrap();
            let mut raw = BytesMut::new();
            moment.to_sql(&Type::TIMESTAMPTZ, &mut raw).unwrap();
            let mut out = Vec::new();
            write_timestamp(&mut out, &raw).unwrap();
            assert_eq!(String::from_utf8(out).unwrap(), format!("\"{moment}\""));
        }
    }

    #[test]
    fn whole_numbers_have_three_widths() {
        let mut out = Vec::new();
        for raw in [
            &(-7_i16).to_be_bytes()[..],
            &i32::MIN.to_be_bytes(),
            &i64::MAX.to_be_bytes(),
        ] {
            write_integer(&mut out, raw).unwrap();
            out.push(b' ');
        }
        assert_eq!(out, b"-7 -2147483648 9223372036854775807 ");
        assert!(write_integer(&mut out, &[1, 2, 3]).is_none());
    }
}
