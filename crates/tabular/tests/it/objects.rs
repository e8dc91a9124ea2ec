//! NDJSON: one object a line.

use kith_tabular::{Format, Limits, RowProblem, Table};

fn open(text: &str) -> Table {
    Table::open(text.as_bytes().to_vec(), "list.ndjson", Limits::default()).unwrap()
}

#[test]
fn members_are_cells_whatever_their_order() {
    let mut table = open(
        "{\"name\":\"Acme\",\"size\":5,\"tags\":[\"a\",\"b\"]}\n\n{\"size\":null,\"open\":true,\"name\":\"B\\nC\"}\r\nnot json\n[1]\n",
    );
    assert_eq!(table.format(), Format::Ndjson);
    assert_eq!(table.headers(), ["name", "size", "tags", "open"]);
    assert_eq!(table.count_rows().unwrap(), 4);
    let rows: Vec<_> = table.rows().unwrap().collect();
    assert_eq!(
        rows[0].as_ref().unwrap().cells,
        ["Acme", "5", "[\"a\",\"b\"]", ""]
    );
    assert_eq!(rows[1].as_ref().unwrap().cells, ["B\nC", "", "", "true"]);
    assert_eq!(rows[1].as_ref().unwrap().number, 3);
    for row in &rows[2..] {
        assert_eq!(row.as_ref().unwrap_err().problem, RowProblem::NotAnObject);
    }
}

#[test]
fn a_table_that_begins_with_a_brace_is_a_table() {
    assert_eq!(open("{a},b\n1,2\n").format(), Format::Delimited);
}

#[test]
fn too_many_members_and_too_long_lines_are_refused() {
    let many: Vec<String> = (0..2_000)
        .map(|number| format!("\"m{number}\":1"))
        .collect();
    let text = format!("{{{}}}\n", many.join(","));
    assert!(Table::open(text.into_bytes(), "list.ndjson", Limits::default()).is_err());
    let limits = Limits {
        max_row_bytes: 100,
        ..Limits::default()
    };
    let text = format!("{{\"a\":1}}\n{{\"a\":\"{}\"}}\n", "x".repeat(1_000));
    let mut table = Table::open(text.into_bytes(), "list.ndjson", limits).unwrap();
    let rows: Vec<_> = table.rows().unwrap().collect();
    assert!(rows[0].is_ok());
    assert!(matches!(
        rows[1].as_ref().unwrap_err().problem,
        RowProblem::RowTooLong { .. }
    ));
}
