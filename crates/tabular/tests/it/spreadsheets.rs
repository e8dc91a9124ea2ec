//! Spreadsheets, made here byte by byte, honest and hostile.

use std::io::{Cursor, Write};

use kith_tabular::{Format, Limits, Table, TableError};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use crate::{cells, numbers_of, open};

fn archive(parts: &[(&str, &str)]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in parts {
        writer
            .start_file(*name, SimpleFileOptions::default())
            .unwrap();
        writer.write_all(content.as_bytes()).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

const CONTENT_TYPES: &str = r#"<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="xml" ContentType="application/xml"/></Types>"#;
const RELATIONS: &str = r#"<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>"#;
const WORKBOOK: &str = r#"<?xml version="1.0"?><workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="Hidden" sheetId="1" state="hidden" r:id="rId1"/><sheet name="Blank" sheetId="2" r:id="rId2"/><sheet name="Deals" sheetId="3" r:id="rId3"/></sheets></workbook>"#;
const WORKBOOK_RELATIONS: &str = r#"<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="rId2" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet2.xml"/><Relationship Id="rId3" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet3.xml"/></Relationships>"#;
const STYLES: &str = r#"<?xml version="1.0"?><styleSheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><cellXfs count="3"><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="22"/></cellXfs></styleSheet>"#;
pub(crate) const STRINGS: &str = r#"<?xml version="1.0"?><sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" count="2" uniqueCount="2"><si><t>Name</t></si><si><t>Müller &amp; Söhne</t></si></sst>"#;

fn sheet(rows: &str) -> String {
    format!(
        r#"<?xml version="1.0"?><worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>{rows}</sheetData></worksheet>"#
    )
}

pub(crate) fn xlsx(rows: &str, strings: &str) -> Vec<u8> {
    let hidden = sheet(r#"<row r="1"><c r="A1" t="inlineStr"><is><t>secret</t></is></c></row>"#);
    archive(&[
        ("[Content_Types].xml", CONTENT_TYPES),
        ("_rels/.rels", RELATIONS),
        ("xl/workbook.xml", WORKBOOK),
        ("xl/_rels/workbook.xml.rels", WORKBOOK_RELATIONS),
        ("xl/styles.xml", STYLES),
        ("xl/sharedStrings.xml", strings),
        ("xl/worksheets/sheet1.xml", &hidden),
        ("xl/worksheets/sheet2.xml", &sheet("")),
        ("xl/worksheets/sheet3.xml", &sheet(rows)),
    ])
}

pub(crate) const ROWS: &str = r#"<row r="2"><c r="A2" t="s"><v>0</v></c><c r="B2" t="inlineStr"><is><t>Closed</t></is></c><c r="C2" t="inlineStr"><is><t>At</t></is></c><c r="D2" t="inlineStr"><is><t>Amount</t></is></c><c r="E2" t="inlineStr"><is><t>Won</t></is></c></row>
<row r="3"><c r="A3" t="s"><v>1</v></c><c r="B3" s="1"><v>45631</v></c><c r="C3" s="2"><v>45631.75</v></c><c r="D3"><v>0.30000000000000004</v></c><c r="E3" t="b"><v>1</v></c></row>
<row r="6"><c r="B6" t="e"><v>#N/A</v></c><c r="G6"><v>7</v></c></row>"#;

#[test]
fn typed_cells_of_xlsx_become_text() {
    // Named as CSV on purpose: the content counts.
    let mut table = open(xlsx(ROWS, STRINGS));
    assert_eq!(
        (table.format(), table.sheet()),
        (Format::Xlsx, Some("Deals"))
    );
    assert_eq!((table.encoding(), table.delimiter()), (None, None));
    assert_eq!(
        table.headers(),
        [
            "Name", "Closed", "At", "Amount", "Won", "Column 6", "Column 7"
        ]
    );
    assert_eq!(
        cells(&mut table),
        [
            [
                "Müller & Söhne",
                "2024-12-05",
                "2024-12-05T18:00:00",
                "0.3",
                "true",
                "",
                ""
            ],
            ["", "#N/A", "", "", "", "", "7"],
        ]
    );
    assert_eq!(numbers_of(&mut table), [3, 6]);
    assert_eq!(table.count_rows().unwrap(), 2);
}

#[test]
fn a_stray_cell_in_the_last_corner_costs_nothing() {
    let rows = r#"<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="B1048576"><v>2</v></c></row>"#;
    let mut table = open(xlsx(rows, STRINGS));
    assert_eq!(numbers_of(&mut table), [1_048_576]);
    let rows = r#"<row r="1"><c r="XFD1"><v>1</v></c></row>"#;
    let error = Table::open(xlsx(rows, STRINGS), "f.xlsx", Limits::default()).unwrap_err();
    assert!(matches!(
        error,
        TableError::TooManyColumns {
            columns: 16_384,
            limit: 1_000
        }
    ));
}

#[test]
fn a_declared_number_of_strings_is_not_trusted() {
    let strings = STRINGS.replace("uniqueCount=\"2\"", "uniqueCount=\"99999999999999\"");
    let error = Table::open(xlsx(ROWS, &strings), "f.xlsx", Limits::default()).unwrap_err();
    assert!(matches!(error, TableError::Damaged { .. }), "{error}");
}

#[test]
fn archives_that_unpack_to_too_much_are_refused() {
    let bomb = xlsx(&" ".repeat(40 << 20), STRINGS);
    assert!(bomb.len() < 1 << 20, "it is small before it is unpacked");
    let limits = Limits {
        max_unpacked_bytes: 10 << 20,
        ..Limits::default()
    };
    let error = Table::open(bomb, "f.xlsx", limits).unwrap_err();
    assert!(
        matches!(error, TableError::UnpacksTooLarge { .. }),
        "{error}"
    );
}

#[test]
fn one_long_string_in_every_cell_is_bounded() {
    use std::fmt::Write;
    let long = "x".repeat(1 << 20);
    let strings = format!(
        r#"<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><si><t>{long}</t></si></sst>"#
    );
    let mut rows = String::new();
    for row in 1..=2_000 {
        write!(
            rows,
            r#"<row r="{row}"><c r="A{row}" t="s"><v>0</v></c></row>"#
        )
        .unwrap();
    }
    let limits = Limits {
        max_unpacked_bytes: 20 << 20,
        ..Limits::default()
    };
    let error = Table::open(xlsx(&rows, &strings), "f.xlsx", limits).unwrap_err();
    assert!(
        matches!(error, TableError::UnpacksTooLarge { .. }),
        "{error}"
    );
}

#[test]
fn too_many_rows_of_a_sheet_are_refused() {
    let limits = Limits {
        max_rows: 1,
        ..Limits::default()
    };
    let error = Table::open(xlsx(ROWS, STRINGS), "f.xlsx", limits).unwrap_err();
    assert!(matches!(error, TableError::TooManyRows { limit: 1 }));
}

#[test]
fn other_archives_are_named() {
    let refuse = |bytes: Vec<u8>| {
        Table::open(bytes, "f.zip", Limits::default())
            .unwrap_err()
            .to_string()
    };
    assert!(refuse(archive(&[("a.txt", "x")])).contains("a ZIP archive"));
    assert!(refuse(archive(&[("xl/workbook.bin", "x")])).contains("XLSB"));
    let mut cut = xlsx(ROWS, STRINGS);
    cut.truncate(cut.len() / 2);
    assert!(refuse(cut).contains("cannot be read"));
    assert!(refuse(archive(&[("xl/workbook.xml", "<nonsense")])).contains("cannot be read"));
}

pub(crate) fn ods(tables: &str) -> Vec<u8> {
    let content = format!(
        r#"<?xml version="1.0"?><office:document-content xmlns:office="o" xmlns:table="t" xmlns:text="x" xmlns:style="s"><office:automatic-styles><style:style style:name="ta2"><style:table-properties table:display="false"/></style:style></office:automatic-styles><office:body><office:spreadsheet>{tables}</office:spreadsheet></office:body></office:document-content>"#
    );
    archive(&[
        ("mimetype", "application/vnd.oasis.opendocument.spreadsheet"),
        ("content.xml", &content),
        ("META-INF/manifest.xml", "<manifest:manifest/>"),
    ])
}

pub(crate) const ODS_TABLES: &str = r#"<table:table table:name="Hidden" table:style-name="ta2"><table:table-row><table:table-cell office:value-type="string"><text:p>secret</text:p></table:table-cell></table:table-row></table:table>
<table:table table:name="Blank"><table:table-row table:number-rows-repeated="1048576"><table:table-cell table:number-columns-repeated="16384"/></table:table-row></table:table>
<table:table table:name="Kunden"><table:table-column/><table:table-row><table:table-cell office:value-type="string"><text:p>Name</text:p></table:table-cell><table:table-cell office:value-type="string"><office:annotation><text:p>a comment</text:p></office:annotation><text:p>Datum</text:p></table:table-cell><table:table-cell office:value-type="string"><text:p>Wert</text:p></table:table-cell><table:table-cell office:value-type="string"><text:p>Aktiv</text:p></table:table-cell><table:table-cell table:number-columns-repeated="16380"/></table:table-row>
<table:table-row table:number-rows-repeated="3"><table:table-cell table:number-columns-repeated="16384"/></table:table-row>
<table:table-row table:number-rows-repeated="2"><table:table-cell office:value-type="string"><text:p>M&#252;ller &amp; <text:span>S</text:span>öhne<text:s text:c="2"/>AG</text:p><text:p>Köln</text:p></table:table-cell><table:table-cell office:value-type="date" office:date-value="2024-12-05"><text:p>05.12.24</text:p></table:table-cell><table:table-cell office:value-type="currency" office:value="1250.5"><text:p>1.250,50 €</text:p></table:table-cell><table:table-cell office:value-type="boolean" office:boolean-value="true"><text:p>WAHR</text:p></table:table-cell></table:table-row>
<table:table-row table:number-rows-repeated="1048570"><table:table-cell table:number-columns-repeated="16384"/></table:table-row></table:table>"#;

#[test]
fn typed_cells_of_ods_become_text() {
    let mut table = open(ods(ODS_TABLES));
    assert_eq!(
        (table.format(), table.sheet()),
        (Format::Ods, Some("Kunden"))
    );
    assert_eq!(table.headers(), ["Name", "Datum", "Wert", "Aktiv"]);
    let row = ["Müller & Söhne  AG\nKöln", "2024-12-05", "1250.5", "true"];
    assert_eq!(cells(&mut table), [row, row]);
    assert_eq!(numbers_of(&mut table), [5, 6]);
}

#[test]
fn repetition_in_ods_is_bounded() {
    let refuse = |cell: &str, rows: &str| {
        let tables = format!(
            r#"<table:table table:name="T"><table:table-row table:number-rows-repeated="{rows}">{cell}</table:table-row></table:table>"#
        );
        let limits = Limits {
            max_rows: 1_000,
            ..Limits::default()
        };
        Table::open(ods(&tables), "f.ods", limits).unwrap_err()
    };
    let wide = r#"<table:table-cell office:value-type="float" office:value="1" table:number-columns-repeated="99999999999"/>"#;
    assert!(matches!(
        refuse(wide, "1"),
        TableError::TooManyColumns { .. }
    ));
    let one = r#"<table:table-cell office:value-type="float" office:value="1"/>"#;
    assert!(matches!(
        refuse(one, "99999999999"),
        TableError::TooManyRows { limit: 1_000 }
    ));
    let spaces = r#"<table:table-cell office:value-type="string"><text:p>x<text:s text:c="99999999999"/>y</text:p></table:table-cell>"#;
    let tables = format!(
        r#"<table:table table:name="T"><table:table-row>{one}</table:table-row><table:table-row>{spaces}</table:table-row></table:table>"#
    );
    let mut table = open(ods(&tables));
    assert!(table.rows().unwrap().next().unwrap().is_err());
}

#[test]
fn encrypted_ods_says_so() {
    let bytes = archive(&[
        ("mimetype", "application/vnd.oasis.opendocument.spreadsheet"),
        ("content.xml", "garbage"),
        (
            "META-INF/manifest.xml",
            "<manifest:manifest><manifest:file-entry><manifest:encryption-data/></manifest:file-entry></manifest:manifest>",
        ),
    ]);
    let error = Table::open(bytes, "f.ods", Limits::default()).unwrap_err();
    assert!(matches!(error, TableError::Encrypted));
}

/// A record of a BIFF8 stream.
fn record(kind: u16, data: &[u8]) -> Vec<u8> {
    let length = u16::try_from(data.len()).unwrap();
    [&kind.to_le_bytes(), &length.to_le_bytes(), data].concat()
}

fn label(row: u16, column: u16, text: &str) -> Vec<u8> {
    let length = u16::try_from(text.len()).unwrap();
    let mut data = [row, column, 0, length].map(u16::to_le_bytes).concat();
    data.push(0);
    data.extend_from_slice(text.as_bytes());
    record(0x0204, &data)
}

fn number(row: u16, column: u16, value: f64) -> Vec<u8> {
    let mut data = [row, column, 0].map(u16::to_le_bytes).concat();
    data.extend_from_slice(&value.to_le_bytes());
    record(0x0203, &data)
}

fn workbook_stream(dimensions: (u32, u32, u16, u16), cells: &[Vec<u8>]) -> Vec<u8> {
    let bof = |kind: u16| {
        record(
            0x0809,
            &[0x0600_u16, kind, 0, 0, 0, 0, 0, 0]
                .map(u16::to_le_bytes)
                .concat(),
        )
    };
    let end = record(0x000A, &[]);
    let bound = |position: u32| {
        let mut data = position.to_le_bytes().to_vec();
        data.extend_from_slice(&[0, 0, 5, 0]);
        data.extend_from_slice(b"Deals");
        record(0x0085, &data)
    };
    let position = bof(5).len() + bound(0).len() + end.len();
    let mut stream = [bof(5), bound(u32::try_from(position).unwrap()), end.clone()].concat();
    stream.extend(bof(16));
    let (first_row, last_row, first_column, last_column) = dimensions;
    let mut data = [first_row.to_le_bytes(), last_row.to_le_bytes()].concat();
    data.extend(
        [first_column, last_column, 0]
            .map(u16::to_le_bytes)
            .concat(),
    );
    stream.extend(record(0x0200, &data));
    stream.extend(cells.concat());
    stream.extend(end);
    // Long enough to live in ordinary sectors.
    stream.resize(stream.len().max(4096).next_multiple_of(512), 0);
    stream
}

/// A compound file: header, one sector of the table, one of the directory,
/// then the stream.
fn compound(name: &str, stream: &[u8]) -> Vec<u8> {
    let mut header = vec![0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1];
    header.resize(24, 0);
    header.extend([0x3E_u16, 3, 0xFFFE, 9, 6].map(u16::to_le_bytes).concat());
    header.resize(44, 0);
    // One table sector; directory in sector 1; no small sectors, no more table.
    header.extend(
        [1_u32, 1, 0, 4096, 0xFFFF_FFFE, 0, 0xFFFF_FFFE, 0, 0]
            .map(u32::to_le_bytes)
            .concat(),
    );
    header.resize(512, 0xFF);
    let sectors = u32::try_from(stream.len() / 512).unwrap();
    let mut table = vec![0xFFFF_FFFD_u32, 0xFFFF_FFFE];
    table.extend((0..sectors).map(|index| {
        if index + 1 == sectors {
            0xFFFF_FFFE
        } else {
            index + 3
        }
    }));
    table.resize(128, 0xFFFF_FFFF);
    let entry = |name: &str, kind: u8, start: u32, length: u32| {
        let mut entry: Vec<u8> = name.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let length_of_name = u16::try_from(entry.len() + 2).unwrap();
        entry.resize(64, 0);
        entry.extend(length_of_name.to_le_bytes());
        entry.push(kind);
        entry.resize(116, 0);
        entry.extend([start, length, 0].map(u32::to_le_bytes).concat());
        entry
    };
    let mut directory = entry("Root Entry", 5, 0xFFFF_FFFE, 0);
    directory.extend(entry(name, 2, 2, u32::try_from(stream.len()).unwrap()));
    directory.resize(512, 0);
    let table: Vec<u8> = table.into_iter().flat_map(u32::to_le_bytes).collect();
    [header, table, directory, stream.to_vec()].concat()
}

/// A small XLS file with two columns and two rows.
pub(crate) fn xls_file() -> Vec<u8> {
    let cells = [
        label(0, 0, "Name"),
        label(0, 1, "Amount"),
        label(2, 0, "Acme"),
        number(2, 1, 1250.5),
    ];
    compound("Workbook", &workbook_stream((0, 3, 0, 2), &cells))
}

#[test]
fn cells_of_xls_become_text() {
    let mut table = open(xls_file());
    assert_eq!(
        (table.format(), table.sheet()),
        (Format::Xls, Some("Deals"))
    );
    assert_eq!(table.headers(), ["Name", "Amount"]);
    assert_eq!(cells(&mut table), [["Acme", "1250.5"]]);
    assert_eq!(numbers_of(&mut table), [3]);
}

#[test]
fn dimensions_of_xls_are_not_trusted() {
    let refuse = |stream: &[u8]| {
        let bytes = compound("Workbook", stream);
        Table::open(bytes, "f.xls", Limits::default()).unwrap_err()
    };
    let cells = [label(0, 0, "Name")];
    for dimensions in [(0, u32::MAX, 0, 256), (5, 2, 0, 1), (0, 65_536, 0, 256)] {
        let error = refuse(&workbook_stream(dimensions, &cells));
        assert!(
            matches!(error, TableError::UnpacksTooLarge { .. }),
            "{dimensions:?}: {error}"
        );
    }
    let corners = [label(0, 0, "Name"), number(65_535, 255, 1.0)];
    let error = refuse(&workbook_stream((0, 1, 0, 1), &corners));
    assert!(
        matches!(error, TableError::UnpacksTooLarge { .. }),
        "{error}"
    );
}

#[test]
fn other_compound_files_are_named() {
    let refuse = |name: &str| {
        let bytes = compound(name, &[0; 4096]);
        Table::open(bytes, "f.xls", Limits::default()).unwrap_err()
    };
    assert!(matches!(refuse("EncryptedPackage"), TableError::Encrypted));
    assert!(
        refuse("WordDocument")
            .to_string()
            .contains("it is no workbook")
    );
}
