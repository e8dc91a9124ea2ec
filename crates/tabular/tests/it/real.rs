//! Real exports. They are not part of the project; `KITH_TEST_DATA` names the
//! folder they are in, or it is `../shared/data` beside the repository.

use std::collections::BTreeSet;
use std::path::PathBuf;

use kith_tabular::dates::{DateOrder, parse_date, parse_timestamp};
use kith_tabular::keys::{loose_key, normalise_key};
use kith_tabular::numbers::{Decimal, NumberStyle, parse_decimal};
use kith_tabular::{Limits, Table};

use crate::{cells, rows};

pub(crate) fn data(path: &str) -> PathBuf {
    let folder = std::env::var_os("KITH_TEST_DATA").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"),
        PathBuf::from,
    );
    let path = folder.join(path);
    assert!(
        path.is_file(),
        "{} is missing; set KITH_TEST_DATA to the folder of the test data",
        path.display()
    );
    path
}

fn table(path: &str) -> Table {
    Table::open_path(&data(path), Limits::default()).unwrap()
}

fn column(table: &mut Table, header: &str) -> Vec<String> {
    let index = table
        .headers()
        .iter()
        .position(|name| name == header)
        .unwrap();
    rows(table)
        .into_iter()
        .map(|row| row.cells.get(index).unwrap().clone())
        .collect()
}

#[test]
fn the_same_tickets_in_two_encodings_are_the_same() {
    let mut windows = table("crm/encodings/eu_tickets.cp1252_semicolon_crlf.csv");
    let mut utf8 = table("crm/encodings/eu_tickets.utf8_bom_comma_lf.csv");
    assert_eq!(
        (windows.encoding(), windows.delimiter()),
        (Some("windows-1252"), Some(';'))
    );
    assert_eq!(
        (utf8.encoding(), utf8.delimiter()),
        (Some("UTF-8"), Some(','))
    );
    assert_eq!(windows.headers(), utf8.headers());
    assert_eq!(windows.headers().first().unwrap(), "subject");
    let tidy = |table: &mut Table| -> Vec<Vec<String>> {
        cells(table)
            .into_iter()
            .map(|row| {
                row.into_iter()
                    .map(|cell| cell.replace("\r\n", "\n"))
                    .collect()
            })
            .collect()
    };
    let (first, second) = (tidy(&mut windows), tidy(&mut utf8));
    assert!(first.len() > 100);
    assert_eq!(first, second);
}

#[test]
fn every_export_is_read_without_an_error() {
    for (path, expected) in [
        ("crm/maven_crm/sales_pipeline.open.csv", Some(6_155)),
        ("crm/maven_crm/accounts.csv", Some(85)),
        ("crm/maven_crm/products.csv", Some(7)),
        ("crm/maven_crm/sales_teams.csv", Some(35)),
        ("crm/maven_crm/data_dictionary.csv", Some(21)),
        ("crm/atomic_crm/contacts.csv", Some(500)),
        ("crm/atomic_crm/contacts_export_template.csv", Some(2)),
        ("crm/hubspot/hubspot_activities.open.csv", None),
        ("crm/hubspot/hubspot_companies.open.csv", None),
        ("crm/hubspot/hubspot_contacts.open.csv", None),
        ("crm/hubspot/hubspot_deals.open.csv", None),
        ("crm/hubspot/hubspot_tickets.open.csv", None),
        ("crm/datablist/customers-10000.open.csv", None),
        ("crm/datablist/leads-10000.open.csv", None),
        ("crm/datablist/organizations-10000.open.csv", None),
        ("crm/datablist/products-10000.open.csv", None),
        ("crm/templates/google_contacts_old_format.csv", None),
        ("crm/templates/pipedrive_sample_import.csv", None),
    ] {
        let mut table = table(path);
        let mut count = 0_u64;
        for row in table.rows().unwrap() {
            assert!(row.is_ok(), "{path}: {}", row.unwrap_err());
            count += 1;
        }
        assert!(count > 0, "{path}");
        assert_eq!(table.count_rows().unwrap(), count, "{path}");
        if let Some(expected) = expected {
            assert_eq!(count, expected, "{path}");
        }
    }
}

#[test]
fn won_deals_add_up_exactly() {
    let mut deals = table("crm/maven_crm/sales_pipeline.open.csv");
    let stages = column(&mut deals, "deal_stage");
    let values = column(&mut deals, "close_value");
    let style = NumberStyle::infer(values.iter().map(String::as_str));
    assert!(!style.ambiguous && style.others == 0, "{style:?}");
    let mut total = Decimal::ZERO;
    for (stage, value) in stages.iter().zip(&values) {
        if stage == "Won" {
            total += parse_decimal(value, style.style).unwrap();
        }
    }
    assert_eq!(total, Decimal::from(6_937_655));
    let dates = column(&mut deals, "close_date");
    let order = DateOrder::infer(dates.iter().map(String::as_str));
    assert!(!order.ambiguous && order.others == 0, "{order:?}");
    for date in dates.iter().filter(|date| !date.is_empty()) {
        assert_eq!(parse_date(date, order.order).unwrap().to_string(), *date);
    }
}

#[test]
fn every_product_sold_is_found_in_the_catalogue() {
    let catalogue = column(&mut table("crm/maven_crm/products.csv"), "product");
    let strict: BTreeSet<String> = catalogue.iter().map(|name| normalise_key(name)).collect();
    let loose: BTreeSet<String> = catalogue.iter().map(|name| loose_key(name)).collect();
    assert_eq!(
        loose.len(),
        catalogue.len(),
        "loose keys tell the products apart"
    );
    let sold = column(
        &mut table("crm/maven_crm/sales_pipeline.open.csv"),
        "product",
    );
    let repaired = sold
        .iter()
        .filter(|name| !strict.contains(&normalise_key(name)))
        .count();
    assert_eq!(repaired, 1_021);
    assert!(sold.iter().all(|name| loose.contains(&loose_key(name))));
}

#[test]
fn moments_and_serial_numbers_are_read() {
    let zone = jiff::tz::TimeZone::UTC;
    for seen in column(&mut table("crm/atomic_crm/contacts.csv"), "first_seen") {
        let moment = parse_timestamp(&seen, DateOrder::Auto, &zone).unwrap();
        assert_eq!(moment, seen.parse::<jiff::Timestamp>().unwrap(), "{seen}");
    }
    let due = column(
        &mut table("crm/templates/pipedrive_sample_import.csv"),
        "Activity - Due date",
    );
    let read: Vec<_> = due
        .iter()
        .filter(|date| !date.is_empty())
        .map(|date| parse_date(date, DateOrder::Auto).unwrap().to_string())
        .collect();
    assert_eq!(read.first().unwrap(), "2024-12-05");
}
