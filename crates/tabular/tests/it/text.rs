//! Delimited text: encodings, delimiters, line ends, rows that are not right.

use std::fmt::Write;

use kith_tabular::{Format, Limits, RowProblem, Table, TableError};

use crate::{cells, errors, numbers_of, open};

fn utf16(text: &str, big_endian: bool, mark: bool) -> Vec<u8> {
    let units = mark
        .then_some(0xFEFF)
        .into_iter()
        .chain(text.encode_utf16());
    units
        .flat_map(|unit: u16| {
            if big_endian {
                unit.to_be_bytes()
            } else {
                unit.to_le_bytes()
            }
        })
        .collect()
}

const TEXT: &str = "Name,Ort\nMüller,Köln\nÉmile,Liège\n";

fn check(bytes: &[u8], encoding: &str) {
    let mut table = open(bytes);
    assert_eq!(table.encoding(), Some(encoding));
    assert_eq!(table.headers(), ["Name", "Ort"]);
    assert_eq!(cells(&mut table), [["Müller", "Köln"], ["Émile", "Liège"]]);
}

#[test]
fn every_encoding_is_recognised() {
    check(TEXT.as_bytes(), "UTF-8");
    check(format!("\u{feff}{TEXT}").as_bytes(), "UTF-8");
    for mark in [true, false] {
        check(&utf16(TEXT, false, mark), "UTF-16LE");
        check(&utf16(TEXT, true, mark), "UTF-16BE");
    }
    let (bytes, _, _) = encoding_rs::WINDOWS_1252.encode(TEXT);
    check(&bytes, "windows-1252");
}

#[test]
fn windows_1252_has_its_own_signs() {
    let (bytes, _, _) = encoding_rs::WINDOWS_1252.encode("name;price\n“Œuvre” – x;5 €\n");
    let mut table = open(bytes);
    assert_eq!(cells(&mut table), [["“Œuvre” – x", "5 €"]]);
}

#[test]
fn the_first_accent_may_come_late() {
    let mut text = "name,city\n".to_owned();
    for _ in 0..30_000 {
        text.push_str("Smith,London\n");
    }
    text.push_str("Müller,Köln\n");
    let (bytes, _, _) = encoding_rs::WINDOWS_1252.encode(&text);
    let mut table = open(bytes);
    assert_eq!(table.encoding(), Some("windows-1252"));
    assert_eq!(cells(&mut table).pop().unwrap(), ["Müller", "Köln"]);
}

#[test]
fn one_broken_character_does_not_garble_the_rest() {
    let mut bytes = b"name,city\n".to_vec();
    for _ in 0..20 {
        bytes.extend_from_slice("Müller,Köln\n".as_bytes());
    }
    bytes.extend_from_slice(b"Sch\xC3,Ulm\n");
    let mut table = open(&bytes);
    assert_eq!(table.encoding(), Some("UTF-8"));
    let errors = errors(&mut table);
    assert_eq!(errors.len(), 1);
    assert_eq!(errors.first().unwrap().number, 22);
    assert_eq!(
        errors.first().unwrap().problem,
        RowProblem::Undecodable { column: 1 }
    );
    assert_eq!(table.rows().unwrap().flatten().count(), 20);
}

#[test]
fn delimiters_are_found_and_quotes_honoured() {
    for (text, delimiter) in [
        ("a,b\n\"1;x\",2\n", ','),
        ("a;b\n\"1,x\";2\n", ';'),
        ("a\tb\n\"1,x\"\t2\n", '\t'),
        ("a|b\n\"1,x\"|2\n", '|'),
    ] {
        let mut table = open(text);
        assert_eq!(table.delimiter(), Some(delimiter));
        assert_eq!(table.format(), Format::Delimited);
        assert_eq!(cells(&mut table).concat().get(1).unwrap(), "2");
    }
}

#[test]
fn a_sep_line_is_obeyed_and_no_header() {
    let mut table = open("sep=;\r\na,b;c\r\n1,5;2\r\n");
    assert_eq!(table.headers(), ["a,b", "c"]);
    assert_eq!(cells(&mut table), [["1,5", "2"]]);
    assert_eq!(numbers_of(&mut table), [3]);
    let bytes = utf16("sep=\t\r\na\tb\r\n1\t2\r\n", false, true);
    assert_eq!(cells(&mut open(bytes)), [["1", "2"]]);
}

#[test]
fn every_line_end_counts_lines_alike() {
    for end in ["\n", "\r\n", "\r"] {
        let text = ["a,b", "1,2", "", "\"x", "y\",3", "", "", "4,5", ""].join(end);
        let mut table = open(&text);
        assert_eq!(numbers_of(&mut table), [2, 4, 8], "{end:?}");
        let inner = if end == "\r" { "\n" } else { end };
        assert_eq!(
            cells(&mut table),
            [
                vec!["1".to_owned(), "2".to_owned()],
                vec![format!("x{inner}y"), "3".to_owned()],
                vec!["4".to_owned(), "5".to_owned()]
            ]
        );
    }
}

#[test]
fn the_last_line_needs_no_end() {
    assert_eq!(cells(&mut open("a,b\n1,2")), [["1", "2"]]);
    assert_eq!(cells(&mut open("a,b\n1,")), [["1", ""]]);
    assert_eq!(cells(&mut open("a,b\n1,\"\"")), [["1", ""]]);
}

#[test]
fn rows_of_blank_cells_are_passed_over() {
    let mut table = open("a,b,c\n1,2,3\n,,\n  , ,\n\n4,5,6\n");
    assert_eq!(numbers_of(&mut table), [2, 6]);
    assert_eq!(table.count_rows().unwrap(), 2);
}

#[test]
fn ragged_rows_are_reported_and_reading_goes_on() {
    let mut table = open("a,b,c\n1,2\n1,2,3\n1,2,3,4\n1,2,3,,\n");
    let errors = errors(&mut table);
    let found: Vec<_> = errors
        .iter()
        .map(|error| (error.number, error.problem.clone()))
        .collect();
    assert_eq!(
        found,
        [
            (
                2,
                RowProblem::Ragged {
                    expected: 3,
                    found: 2
                }
            ),
            (
                4,
                RowProblem::Ragged {
                    expected: 3,
                    found: 4
                }
            )
        ]
    );
    assert_eq!(errors.get(1).unwrap().cells, ["1", "2", "3", "4"]);
    assert_eq!(table.rows().unwrap().filter_map(Result::ok).count(), 2);
    assert_eq!(
        errors.first().unwrap().to_string(),
        "row 2: 2 cells where the header has 3; check the separators and quotes of this row"
    );
}

#[test]
fn headers_are_trimmed_named_and_unique() {
    let table = open(" Name , ,E-Mail,Name,\n1,2,3,4,5\n");
    assert_eq!(
        table.headers(),
        ["Name", "Column 2", "E-Mail", "Name (2)", "Column 5"]
    );
}

#[test]
fn an_open_quote_is_reported_not_swallowed() {
    let mut table = open("a,b\n1,2\n3,\"4\n5,6\n7,8\n");
    let errors = errors(&mut table);
    assert_eq!(errors.first().unwrap().number, 3);
    assert_eq!(errors.first().unwrap().problem, RowProblem::UnclosedQuote);
    assert_eq!(cells_ok(&mut table), [["1", "2"]]);
    // A lone quote inside an unquoted cell is an inch, not an error.
    assert_eq!(cells(&mut open("a,b\n1,19\" rack\n")), [["1", "19\" rack"]]);
}

fn cells_ok(table: &mut Table) -> Vec<Vec<String>> {
    table
        .rows()
        .unwrap()
        .filter_map(Result::ok)
        .map(|row| row.cells)
        .collect()
}

#[test]
fn long_cells_and_rows_are_refused_and_the_rest_is_read() {
    let limits = Limits {
        max_cell_bytes: 10,
        max_row_bytes: 100,
        ..Limits::default()
    };
    let text = format!(
        "a,b\n1,{}\n2,{}\n3,short\n",
        "x".repeat(11),
        "y".repeat(5_000_000)
    );
    let mut table = Table::open(text.into_bytes(), "file.csv", limits).unwrap();
    let errors = errors(&mut table);
    let problems: Vec<_> = errors.iter().map(|error| error.problem.clone()).collect();
    assert_eq!(
        problems,
        [
            RowProblem::CellTooLong {
                column: 2,
                limit: 10
            },
            RowProblem::RowTooLong { limit: 100 }
        ]
    );
    assert_eq!(cells_ok(&mut table), [["3", "short"]]);
    assert_eq!(table.rows().unwrap().last().unwrap().unwrap().number, 4);
}

#[test]
fn rows_beyond_the_limit_end_the_reading() {
    let limits = Limits {
        max_rows: 2,
        ..Limits::default()
    };
    let mut table = Table::open(b"a\n1\n2\n3\n4\n".to_vec(), "file.csv", limits).unwrap();
    let all: Vec<_> = table.rows().unwrap().collect();
    assert_eq!(all.len(), 3);
    let last = all.last().unwrap().as_ref().unwrap_err();
    assert_eq!(last.problem, RowProblem::TooManyRows { limit: 2 });
    assert!(last.is_final());
}

#[test]
fn a_nul_character_is_reported() {
    let mut text = "a,b\n".to_owned();
    text.push_str(&"some text,more text\n".repeat(50));
    text.push_str("x\0y,1\n");
    let errors = errors(&mut open(&text));
    assert_eq!(
        errors.first().unwrap().problem,
        RowProblem::NulCharacter { column: 1 }
    );
}

#[test]
fn files_that_are_no_tables_say_what_they_are() {
    let refuse = |bytes: &[u8]| {
        Table::open(bytes.to_vec(), "upload.csv", Limits::default())
            .unwrap_err()
            .to_string()
    };
    assert!(refuse(b"%PDF-1.7 x").starts_with("upload.csv is a PDF document, not a table"));
    assert!(refuse(b"\xEF\xBB\xBF <!DOCTYPE html><table>").contains("a web page"));
    assert!(refuse(b"<html><body>").contains("a web page"));
    assert!(refuse(b"\x89PNG\r\n\x1a\n").contains("an image"));
    assert!(refuse(&[0, 1, 0, 0, 2, 3, 0, 0, 0, 0]).contains("a binary file"));
    assert!(refuse(b"").contains("empty"));
    assert!(refuse(b"\n\r\n  \n").contains("empty"));
    assert!(refuse(b"\xEF\xBB\xBF").contains("empty"));
}

#[test]
fn limits_on_bytes_and_columns_hold() {
    let limits = Limits {
        max_bytes: 5,
        ..Limits::default()
    };
    let error = Table::open(b"a,b\n1,2\n".to_vec(), "f", limits).unwrap_err();
    assert!(matches!(error, TableError::TooLarge { bytes: 8, limit: 5 }));
    let limits = Limits {
        max_columns: 2,
        ..Limits::default()
    };
    let error = Table::open(b"a,b,c\n1,2,3\n".to_vec(), "f", limits).unwrap_err();
    assert!(matches!(
        error,
        TableError::TooManyColumns {
            columns: 3,
            limit: 2
        }
    ));
}

#[test]
fn a_row_with_very_many_cells_is_counted_not_kept() {
    let text = format!("a,b\n{}\n1,2\n", ",x".repeat(100_000));
    let mut table = open(text);
    let errors = errors(&mut table);
    let problem = &errors.first().unwrap().problem;
    assert_eq!(
        *problem,
        RowProblem::Ragged {
            expected: 2,
            found: 100_001
        }
    );
    assert_eq!(cells_ok(&mut table), [["1", "2"]]);
}

#[test]
fn rows_can_be_read_again_from_a_file() {
    let path = std::env::temp_dir().join(format!("kith-tabular-{}.csv", std::process::id()));
    let mut text = "id,name\n".to_owned();
    for id in 0..50_000 {
        writeln!(text, "{id},Name {id}").unwrap();
    }
    std::fs::write(&path, &text).unwrap();
    let mut table = Table::open_path(&path, Limits::default()).unwrap();
    assert_eq!(table.sample(3).unwrap().len(), 3);
    assert_eq!(table.count_rows().unwrap(), 50_000);
    for _ in 0..2 {
        let last = table.rows().unwrap().last().unwrap().unwrap();
        assert_eq!(last.number, 50_001);
        assert_eq!(last.cells, ["49999", "Name 49999"]);
    }
    std::fs::remove_file(path).unwrap();
}
