//! Properties that hold for every input.

use std::collections::HashSet;

use jiff::civil::Date;
use kith_tabular::dates::{DateOrder, parse_date, parse_timestamp};
use kith_tabular::headers::{Target, TargetKind, suggest};
use kith_tabular::keys::{loose_key, normalise_key};
use kith_tabular::numbers::{Decimal, NumberStyle, parse_amount, parse_decimal};
use kith_tabular::{Limits, Table};
use proptest::prelude::*;

use crate::spreadsheets;

#[derive(Debug, Clone, Copy)]
enum Coding {
    Utf8,
    Utf8Mark,
    Utf16Little,
    Utf16Big,
    Windows1252,
}

fn encode(text: &str, coding: Coding) -> Vec<u8> {
    match coding {
        Coding::Utf8 => text.as_bytes().to_vec(),
        Coding::Utf8Mark => format!("\u{feff}{text}").into_bytes(),
        Coding::Utf16Little => format!("\u{feff}{text}")
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect(),
        Coding::Utf16Big => format!("\u{feff}{text}")
            .encode_utf16()
            .flat_map(u16::to_be_bytes)
            .collect(),
        Coding::Windows1252 => encoding_rs::WINDOWS_1252.encode(text).0.into_owned(),
    }
}

fn written(rows: &[Vec<String>], delimiter: u8, terminator: csv::Terminator) -> String {
    let mut writer = csv::WriterBuilder::new()
        .delimiter(delimiter)
        .terminator(terminator)
        .from_writer(Vec::new());
    for row in rows {
        writer.write_record(row).unwrap();
    }
    String::from_utf8(writer.into_inner().unwrap()).unwrap()
}

/// Cells that need quotes, and letters that Windows-1252 has too.
fn cell() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-zA-Z0-9 ]{0,12}",
        "[a-zäöüßéèñç€ ,;|\t\"\n'.]{0,20}",
        Just("Zürich, \"Bahnhof\"; Gleis|1\t\nSüd".to_owned()),
    ]
}

/// Rows of the same width whose first cell is never blank.
fn table() -> impl Strategy<Value = Vec<Vec<String>>> {
    (2_usize..6).prop_flat_map(|width| {
        let row = prop::collection::vec(cell(), width).prop_map(|mut row| {
            if let Some(first) = row.first_mut() {
                first.insert(0, 'k');
            }
            row
        });
        prop::collection::vec(row, 3..12)
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_written_is_read_in_every_encoding_and_form(
        body in table(),
        coding in prop::sample::select(vec![
            Coding::Utf8, Coding::Utf8Mark, Coding::Utf16Little, Coding::Utf16Big, Coding::Windows1252,
        ]),
        delimiter in prop::sample::select(vec![b',', b';', b'\t', b'|']),
        windows_line_ends in any::<bool>(),
    ) {
        let width = body.first().map_or(0, Vec::len);
        let header: Vec<String> = (1..=width).map(|number| format!("Feld {number}")).collect();
        let mut rows = vec![header.clone()];
        rows.extend(body.iter().cloned());
        let terminator = if windows_line_ends { csv::Terminator::CRLF } else { csv::Terminator::Any(b'\n') };
        let text = written(&rows, delimiter, terminator);
        // A single accent or none is too little to tell Windows-1252 by; what
        // is read is the same.
        let mut table = Table::open(encode(&text, coding), "file", Limits::default()).unwrap();
        prop_assert_eq!(table.delimiter(), Some(char::from(delimiter)));
        prop_assert_eq!(table.headers(), header.as_slice());
        prop_assert_eq!(table.count_rows().unwrap(), u64::try_from(body.len()).unwrap());
        let read: Vec<Vec<String>> = table.rows().unwrap().map(|row| row.unwrap().cells).collect();
        prop_assert_eq!(read, body);
    }

    #[test]
    fn rows_and_their_count_agree_and_nothing_panics(bytes in prop::collection::vec(any::<u8>(), 0..2_000)) {
        read_all(bytes);
    }

    #[test]
    fn text_of_separators_and_quotes_never_panics(text in "[ab,;\t|\"\r\n\u{feff}\0é]{0,200}") {
        read_all(text.into_bytes());
    }

    #[test]
    fn files_that_begin_like_spreadsheets_never_panic(
        start in prop::sample::select(vec![
            b"PK\x03\x04".to_vec(),
            vec![0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1],
            vec![0xFF, 0xFE],
            vec![0xFE, 0xFF],
            b"sep=".to_vec(),
        ]),
        rest in prop::collection::vec(any::<u8>(), 0..2_000),
    ) {
        read_all([start, rest].concat());
    }

    #[test]
    fn a_damaged_xls_never_panics(
        flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..20),
    ) {
        let mut bytes = spreadsheets::xls_file();
        for (index, value) in flips {
            let position = index.index(bytes.len());
            if let Some(byte) = bytes.get_mut(position) {
                *byte = value;
            }
        }
        read_all(bytes);
    }

    #[test]
    fn damaged_sheets_never_panic(
        at in any::<prop::sample::Index>(),
        length in 0_usize..12,
        inserted in "[<>/&;=\"'a-z0-9 :-]{0,12}",
    ) {
        let damage = |text: &str| {
            let start = text.floor_char_boundary(at.index(text.len()));
            let end = text.floor_char_boundary(start + length).max(start);
            [text.get(..start).unwrap(), &inserted, text.get(end..).unwrap()].concat()
        };
        read_all(spreadsheets::xlsx(&damage(spreadsheets::ROWS), spreadsheets::STRINGS));
        read_all(spreadsheets::xlsx(spreadsheets::ROWS, &damage(spreadsheets::STRINGS)));
        read_all(spreadsheets::ods(&damage(spreadsheets::ODS_TABLES)));
    }

    #[test]
    fn numbers_are_read_as_they_were_written(
        mantissa in -999_999_999_999_i64..999_999_999_999,
        scale in 0_u32..5,
        form in 0_usize..6,
        around in 0_usize..6,
    ) {
        let value = Decimal::new(mantissa, scale);
        let (group, mark, indian, style) = match form {
            0 => (",", '.', false, NumberStyle::DecimalPoint),
            1 => (".", ',', false, NumberStyle::DecimalComma),
            2 => ("\u{202f}", ',', false, NumberStyle::DecimalComma),
            3 => ("'", '.', false, NumberStyle::DecimalPoint),
            4 => (",", '.', true, NumberStyle::DecimalPoint),
            _ => ("", '.', false, NumberStyle::DecimalPoint),
        };
        let number = grouped(value.abs(), group, mark, indian);
        let negative = value.is_sign_negative();
        let text = match (around, negative) {
            (0, true) => format!("-{number}"),
            (1, true) => format!("({number} €)"),
            (2, true) => format!("{number}-"),
            (3, true) => format!("-${number}"),
            (4, true) => format!("EUR -{number}"),
            (_, true) => format!("−\u{a0}{number}%"),
            (0, false) => number,
            (1, false) => format!("€{number}"),
            (2, false) => format!("{number} CHF"),
            (3, false) => format!(" +{number} "),
            (4, false) => format!("{number}\u{a0}€"),
            (_, false) => format!("{number} %"),
        };
        prop_assert_eq!(parse_decimal(&text, style), Ok(value), "{}", text);
        // Without a style it is the same number or none at all.
        if let Ok(read) = parse_decimal(&text, NumberStyle::Auto) {
            prop_assert_eq!(read, value);
        }
    }

    #[test]
    fn dates_are_read_as_they_were_written(
        year in 1970_i16..2068,
        month in 1_i8..=12,
        day in 1_i8..=28,
        form in 0_usize..12,
    ) {
        let date = Date::new(year, month, day).unwrap();
        let short = year % 100;
        let name = date.strftime("%B").to_string();
        let abbreviated = date.strftime("%b").to_string();
        let serial = (date - Date::new(1899, 12, 30).unwrap()).get_days();
        let (text, order) = match form {
            0 => (format!("{year}-{month:02}-{day:02}"), DateOrder::Auto),
            1 => (format!("{year}/{month}/{day}"), DateOrder::DayFirst),
            2 => (format!("{day:02}.{month:02}.{year}"), DateOrder::MonthFirst),
            3 => (format!("{day}/{month}/{year}"), DateOrder::DayFirst),
            4 => (format!("{month:02}/{day:02}/{year}"), DateOrder::MonthFirst),
            5 => (format!("{day:02}-{month:02}-{short:02}"), DateOrder::DayFirst),
            6 => (format!("{day} {abbreviated} {year}"), DateOrder::Auto),
            7 => (format!("{name} {day}, {year}"), DateOrder::Auto),
            8 => (format!("{day}-{abbreviated}-{short:02}"), DateOrder::Auto),
            9 => (format!("{year}{month:02}{day:02}"), DateOrder::Auto),
            10 => (format!("{serial}.0"), DateOrder::Auto),
            _ => (format!("{year}-{month:02}-{day:02} 10:15:00 UTC"), DateOrder::Auto),
        };
        prop_assert_eq!(parse_date(&text, order), Ok(date), "{}", text);
    }

    #[test]
    fn moments_are_read_as_they_were_written(seconds in 0_i64..4_000_000_000, hours in -12_i8..=14) {
        let moment = jiff::Timestamp::from_second(seconds).unwrap();
        let zone = jiff::tz::TimeZone::fixed(jiff::tz::offset(hours));
        let local = moment.to_zoned(zone.clone());
        for pattern in ["%Y-%m-%dT%H:%M:%S%:z", "%Y-%m-%d %I:%M:%S %p %z", "%d.%m.%Y %H:%M:%S", "%b %d, %Y %I:%M:%S %p"] {
            let text = local.strftime(pattern).to_string();
            prop_assert_eq!(parse_timestamp(&text, DateOrder::Auto, &zone), Ok(moment), "{}", text);
        }
    }

    #[test]
    fn any_text_is_read_or_refused(text in "\\PC{0,60}", digits in "[0-9.,:/ eE+()$€%TZa-zä'-]{0,30}") {
        let zone = jiff::tz::TimeZone::UTC;
        for text in [text, digits] {
            for order in [DateOrder::Auto, DateOrder::DayFirst, DateOrder::MonthFirst] {
                let _ = parse_date(&text, order);
                let _ = parse_timestamp(&text, order, &zone);
            }
            for style in [NumberStyle::Auto, NumberStyle::DecimalPoint, NumberStyle::DecimalComma] {
                let _ = parse_amount(&text, style);
            }
            let _ = kith_tabular::booleans::parse(&text);
            let key = normalise_key(&text);
            prop_assert_eq!(normalise_key(&key), key.clone());
            prop_assert_eq!(loose_key(&key), loose_key(&text));
        }
    }

    #[test]
    fn no_field_is_suggested_twice(
        headers in prop::collection::vec(header(), 0..20),
        values in prop::collection::vec("[a-z@.0-9/-]{0,12}", 0..20),
    ) {
        let targets = [
            ("name", "Name", TargetKind::Text),
            ("first_name", "First name", TargetKind::Text),
            ("last_name", "Last name", TargetKind::Text),
            ("email", "E-mail", TargetKind::Email),
            ("phone", "Phone", TargetKind::Phone),
            ("mobile", "Mobile", TargetKind::Phone),
            ("company_id", "Company", TargetKind::Reference),
            ("owner_id", "Owner", TargetKind::Reference),
            ("close_date", "Close date", TargetKind::Date),
            ("amount", "Amount", TargetKind::Number),
        ]
        .map(|(name, label, kind)| Target { name, label, aliases: &[], kind });
        let suggestions = suggest(&headers, &[values], &targets);
        prop_assert_eq!(suggestions.len(), headers.len());
        let mut seen = HashSet::new();
        for suggestion in &suggestions {
            match &suggestion.target {
                Some(target) => {
                    prop_assert!(seen.insert(target.clone()), "{} twice", target);
                    prop_assert!((0.5..=1.0).contains(&suggestion.confidence));
                }
                None => prop_assert!(suggestion.confidence.abs() < f32::EPSILON),
            }
        }
    }
}

fn header() -> impl Strategy<Value = String> {
    prop_oneof![
        prop::sample::select(vec![
            "Name",
            "Firma",
            "E-Mail",
            "email 2",
            "Mail",
            "Phone",
            "Telefon",
            "Handy",
            "Account",
            "Owner",
            "Sales agent",
            "Close Date",
            "Close Value",
            "Betrag",
            "Amount",
            "First Name",
            "Vorname",
        ])
        .prop_map(str::to_owned),
        "\\PC{0,20}",
    ]
}

fn grouped(value: Decimal, group: &str, mark: char, indian: bool) -> String {
    let plain = value.to_string();
    let (whole, fraction) = plain.split_once('.').unwrap_or((&plain, ""));
    let mut text = String::new();
    for (index, digit) in whole.chars().enumerate() {
        let left = whole.len() - index;
        let boundary = if indian {
            left == 3 || (left > 3 && left % 2 == 1)
        } else {
            left.is_multiple_of(3)
        };
        if index > 0 && boundary {
            text.push_str(group);
        }
        text.push(digit);
    }
    if !fraction.is_empty() {
        text.push(mark);
        text.push_str(fraction);
    }
    text
}

/// Opens and reads bytes to their end; counts must agree.
fn read_all(bytes: Vec<u8>) {
    let limits = Limits {
        max_unpacked_bytes: 10 << 20,
        ..Limits::default()
    };
    let Ok(mut table) = Table::open(bytes, "file", limits) else {
        return;
    };
    let width = table.headers().len();
    let names: HashSet<_> = table.headers().iter().cloned().collect();
    assert_eq!(names.len(), width);
    let mut count = 0;
    let mut last = 0;
    for row in table.rows().unwrap() {
        count += 1;
        let number = match row {
            Ok(row) => {
                assert_eq!(row.cells.len(), width);
                row.number
            }
            Err(error) => error.number,
        };
        assert!(number > last, "rows come in order");
        last = number;
    }
    assert_eq!(table.count_rows().unwrap(), count);
}
