//! vCards: the real ones of many programs, and hostile ones.

use kith_tabular::{Format, Limits, RowProblem, Table};

use crate::real::data;

/// The cells of every card under their headers, the blank ones left out.
fn people(table: &mut Table) -> Vec<Vec<(String, String)>> {
    let headers = table.headers().to_vec();
    table
        .rows()
        .unwrap()
        .map(|row| {
            headers
                .iter()
                .cloned()
                .zip(row.unwrap().cells)
                .filter(|(_, cell)| !cell.is_empty())
                .collect()
        })
        .collect()
}

fn real(name: &str) -> Vec<Vec<(String, String)>> {
    let mut table = Table::open_path(&data(&format!("vcard/{name}")), Limits::default()).unwrap();
    assert_eq!(table.format(), Format::VCard, "{name}");
    people(&mut table)
}

fn open(text: impl AsRef<[u8]>) -> Table {
    Table::open(text.as_ref().to_vec(), "people.vcf", Limits::default()).unwrap()
}

fn cell<'a>(person: &'a [(String, String)], header: &str) -> &'a str {
    person
        .iter()
        .find(|(name, _)| name == header)
        .map_or("", |(_, cell)| cell.as_str())
}

#[test]
fn cards_of_many_programs_say_who_it_is() {
    for (file, expected) in [
        (
            "ezvcard_John_Doe_EVOLUTION.vcf",
            [
                ("First name", "John Richter, James"),
                ("Last name", "Doe"),
                ("Company", "IBM"),
                ("Department", "Accounting, Dungeon"),
                ("Email", "john.doe@ibm.com"),
                ("Phone", "905-555-1234"),
                ("Mobile", "905-666-1234"),
                ("City", "Albaney"),
            ],
        ),
        (
            "ezvcard_outlook-2007.vcf",
            [
                ("First name", "Michael"),
                ("Last name", "Angstadt"),
                ("Company", "TheCompany"),
                ("Job title", "TheJobTitle"),
                ("Email", "mike.angstadt@gmail.com"),
                ("Phone", "(111) 555-1111"),
                ("Mobile", "(111) 555-4444"),
                ("Street", "222 Broadway"),
            ],
        ),
        (
            "ezvcard_John_Doe_MAC_ADDRESS_BOOK.vcf",
            [
                ("Last name", "Doe"),
                ("Company", "IBM"),
                ("Department", "Accounting"),
                ("Job title", "Money Counter"),
                ("Email", "john.doe@ibm.com"),
                ("Phone", "905-777-1234"),
                ("Mobile", "905-555-1234"),
                ("Birthday", "2012-06-06"),
            ],
        ),
        (
            "ezvcard_rfc6350-example.vcf",
            [
                ("First name", "Simon"),
                ("Last name", "Perreault"),
                ("Company", "Viagenie"),
                ("Email", "simon.perreault@viagenie.ca"),
                ("Phone", "+1-418-656-9254;ext=102"),
                ("Mobile", "+1-418-262-6501"),
                ("Street", "2875 Laurier"),
                ("Postal code", "G1V 2M2"),
            ],
        ),
        (
            "ezvcard_gmail-single.vcf",
            [
                ("First name", "Greg"),
                ("Last name", "Dartmouth"),
                ("Company", "TheCompany"),
                ("Email", "gdartmouth@hotmail.com"),
                ("Phone", "555 555 2222"),
                ("Mobile", "555 555 1111"),
                ("Birthday", "1960-09-10"),
                ("Website", "http://TheProfile.com"),
            ],
        ),
    ] {
        let people = real(file);
        assert_eq!(people.len(), 1, "{file}");
        for (header, wanted) in expected {
            assert_eq!(cell(&people[0], header), wanted, "{file}: {header}");
        }
    }
    let several = real("ezvcard_gmail-list.vcf");
    let names: Vec<&str> = several.iter().map(|one| cell(one, "Full name")).collect();
    assert_eq!(names, ["Arnold Smith", "Chris Beatle", "Doug White"]);
}

#[test]
fn every_real_card_is_read() {
    let folder = data("vcard/ezvcard_gmail-list.vcf");
    for entry in std::fs::read_dir(folder.parent().unwrap()).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read(&path).unwrap();
        if !text.to_ascii_uppercase().starts_with(b"BEGIN:VCARD") {
            continue;
        }
        let mut table = Table::open_path(&path, Limits::default()).unwrap();
        for person in people(&mut table) {
            let named =
                !cell(&person, "Full name").is_empty() || !cell(&person, "Email").is_empty();
            assert!(named, "{}: {person:?}", path.display());
            let blob = person.iter().any(|(_, cell)| cell.len() > 10_000);
            assert!(!blob, "{}: a picture came along", path.display());
        }
    }
}

#[test]
fn folded_lines_old_encodings_and_groups_are_understood() {
    let card = "BEGIN:VCARD\r\nVERSION:2.1\r\nN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:M=C3=BCller;J=C3=B6rg\r\n\
        item1.EMAIL;INTERNET;PREF:joerg@example.de\r\nTEL;CELL:+49 170 1\r\n 234567\r\nTEL;WORK;FAX:+49 30 1\r\n\
        PHOTO;ENCODING=BASE64;TYPE=JPEG:/9j/4AAQ\r\n SkZJRgAB\r\n\r\nNOTE;ENCODING=QUOTED-PRINTABLE;CHARSET=UTF-8:first=0D=0A=\r\nsecond\r\nEND:VCARD\r\n";
    let people = people(&mut open(card));
    assert_eq!(cell(&people[0], "Last name"), "Müller");
    assert_eq!(cell(&people[0], "First name"), "Jörg");
    assert_eq!(cell(&people[0], "Email"), "joerg@example.de");
    assert_eq!(cell(&people[0], "Mobile"), "+49 170 1234567");
    assert_eq!(cell(&people[0], "Phone"), "");
    assert_eq!(
        cell(&people[0], "Notes").replace("\r\n", "\n"),
        "first\nsecond"
    );
}

#[test]
fn hostile_cards_are_refused_one_by_one_in_bounded_memory() {
    let limits = Limits {
        max_row_bytes: 10_000,
        ..Limits::default()
    };
    let mut text = String::from("BEGIN:VCARD\nFN:Before\nEND:VCARD\nBEGIN:VCARD\nFN:Long\nNOTE:");
    text.push_str(&"x".repeat(5 << 20));
    text.push_str("\nEND:VCARD\nBEGIN:VCARD\nFN:Nested\nAGENT:\nBEGIN:VCARD\nFN:Inner\nEND:VCARD\nEMAIL:outer@example.com\nEND:VCARD\n");
    text.push_str("BEGIN:VCARD\nFN:Never closed\n");
    let mut table = Table::open(text.into_bytes(), "people.vcf", limits).unwrap();
    let rows: Vec<_> = table.rows().unwrap().collect();
    assert_eq!(rows.len(), 4);
    assert_eq!(rows[0].as_ref().unwrap().cells[0], "Before");
    assert!(matches!(
        rows[1].as_ref().unwrap_err().problem,
        RowProblem::RowTooLong { .. }
    ));
    assert_eq!(rows[2].as_ref().unwrap().cells[0], "Nested");
    assert_eq!(rows[2].as_ref().unwrap().cells[6], "outer@example.com");
    assert_eq!(
        rows[3].as_ref().unwrap_err().problem,
        RowProblem::UnclosedCard
    );
    assert_eq!(table.count_rows().unwrap(), 4);
}
