//! Which character separates the cells of a text file.

use csv_core::{ReadRecordResult, ReaderBuilder};

/// Candidates; on equal terms the earlier wins.
const CANDIDATES: [u8; 4] = [b',', b';', b'\t', b'|'];
/// Rows looked at.
const SAMPLE_ROWS: usize = 100;

/// What the beginning of a text says about its form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Dialect {
    pub(crate) delimiter: u8,
    /// Whether the first line is Excel's `sep=;` and no header.
    pub(crate) skip_first_line: bool,
    /// Whether lines end with a lone carriage return (old Mac).
    pub(crate) lone_returns: bool,
}

/// Decides from the first text of a file. `complete` says that `sample` is the
/// whole file, so that its last row counts too.
pub(crate) fn sniff(sample: &[u8], complete: bool) -> Dialect {
    let lone_returns = !sample.contains(&b'\n') && sample.contains(&b'\r');
    let line_end = sample.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
    let first_line = sample
        .get(..line_end.unwrap_or(sample.len()))
        .unwrap_or_default();
    if let Some(delimiter) = declared(first_line) {
        return Dialect {
            delimiter,
            skip_first_line: true,
            lone_returns,
        };
    }
    let mut best = (b',', f64::NEG_INFINITY);
    for candidate in CANDIDATES {
        let score = score(&field_counts(sample, candidate, complete));
        if score > best.1 {
            best = (candidate, score);
        }
    }
    Dialect {
        delimiter: best.0,
        skip_first_line: false,
        lone_returns,
    }
}

/// The delimiter that a `sep=;` line names.
fn declared(line: &[u8]) -> Option<u8> {
    let line = line.trim_ascii_end();
    let line = line
        .strip_prefix(b"\"")
        .and_then(|line| line.strip_suffix(b"\""))
        .unwrap_or(line);
    // A tab is trimmed away with the white space of the line.
    match line {
        [b's' | b'S', b'e' | b'E', b'p' | b'P', b'='] => Some(b'\t'),
        [b's' | b'S', b'e' | b'E', b'p' | b'P', b'=', delimiter]
            if delimiter.is_ascii_punctuation() && *delimiter != b'"' =>
        {
            Some(*delimiter)
        }
        _ => None,
    }
}

/// Number of cells in each of the first rows.
fn field_counts(sample: &[u8], delimiter: u8, complete: bool) -> Vec<usize> {
    let mut reader = ReaderBuilder::new().delimiter(delimiter).build();
    let mut text = vec![0_u8; 8 << 10];
    let mut ends = [0_usize; 256];
    let mut counts = Vec::new();
    let mut input = sample;
    let mut fields = 0;
    loop {
        let (result, read, _, ended) = reader.read_record(input, &mut text, &mut ends);
        input = input.get(read..).unwrap_or_default();
        fields += ended;
        match result {
            ReadRecordResult::Record => {
                counts.push(fields);
                fields = 0;
                if counts.len() >= SAMPLE_ROWS {
                    return counts;
                }
            }
            // An empty input tells the reader that the text ends here; a
            // sample that was cut off in the middle of a row must not say so,
            // unless that row is all there is.
            ReadRecordResult::InputEmpty if !complete && !counts.is_empty() => return counts,
            ReadRecordResult::End => return counts,
            ReadRecordResult::InputEmpty
            | ReadRecordResult::OutputFull
            | ReadRecordResult::OutputEndsFull => {}
        }
    }
}

/// Higher is more plausible: rows that have as many cells as the header, and
/// more than one of them.
fn score(counts: &[usize]) -> f64 {
    let Some((header, rows)) = counts.split_first() else {
        return f64::NEG_INFINITY;
    };
    let mut agreement = 1.0;
    for count in rows {
        agreement += if count == header {
            1.0
        } else if *count > 1 && *header > 1 {
            0.4
        } else {
            0.0
        };
    }
    let total = f64::from(u32::try_from(counts.len()).unwrap_or(u32::MAX));
    let columns = f64::from(u32::try_from(*header).unwrap_or(u32::MAX));
    let weight = if *header > 1 {
        1.0 + columns.min(50.0) / 100.0
    } else {
        0.25
    };
    agreement / total * weight
}

#[cfg(test)]
mod tests {
    use super::{Dialect, sniff};

    fn delimiter(text: &str) -> char {
        char::from(sniff(text.as_bytes(), true).delimiter)
    }

    #[test]
    fn finds_each_delimiter() {
        assert_eq!(delimiter("a,b,c\n1,2,3\n"), ',');
        assert_eq!(delimiter("a;b;c\n1;2;3\n"), ';');
        assert_eq!(delimiter("a\tb\tc\n1\t2\t3\n"), '\t');
        assert_eq!(delimiter("a|b|c\n1|2|3\n"), '|');
    }

    #[test]
    fn decimal_commas_do_not_win_over_semicolons() {
        assert_eq!(delimiter("name;price\nA;1,50\nB;2,75\nC;3,00\n"), ';');
        assert_eq!(delimiter("name;price;tax\nA;1,50;2,1\nB;2,75;3,1\n"), ';');
    }

    #[test]
    fn quotes_are_honoured() {
        assert_eq!(
            delimiter("name,note\n\"a;b;c\",\"x;y\nz;w\"\n\"d;e;f\",\"g;h\"\n"),
            ','
        );
    }

    #[test]
    fn one_column_stays_one_column() {
        assert_ne!(delimiter("name\nSmith, John\nDoe, Jane\n"), ',');
        assert_eq!(delimiter("name\nJohn\nJane\n"), ',');
    }

    #[test]
    fn a_declared_separator_wins() {
        let expected = Dialect {
            delimiter: b'|',
            skip_first_line: true,
            lone_returns: false,
        };
        assert_eq!(sniff(b"sep=|\r\na,b|c\r\n", true), expected);
        assert_eq!(sniff(b"\"sep=;\"\r\na,b;c\r\n", true).delimiter, b';');
        assert_eq!(sniff(b"sep=\t\na\tb\n", true).delimiter, b'\t');
    }

    #[test]
    fn lone_returns_are_seen() {
        assert!(sniff(b"a,b\r1,2\r", true).lone_returns);
        assert!(!sniff(b"a,b\r\n1,2\r\n", true).lone_returns);
    }

    #[test]
    fn ragged_rows_do_not_hide_the_delimiter() {
        assert_eq!(delimiter("a,b,c,d\n1,2\n1,2,3,4,5\n1\n"), ',');
    }
}
