//! Dates and times in every order.

use jiff::tz::TimeZone;
use kith_tabular::dates::{DateError, DateOrder, parse_date, parse_timestamp};

use DateOrder::{Auto, DayFirst, MonthFirst};

fn day(text: &str, order: DateOrder) -> String {
    match parse_date(text, order) {
        Ok(date) => date.to_string(),
        Err(DateError::Blank) => "blank".to_owned(),
        Err(DateError::NotADate { .. }) => "not a date".to_owned(),
        Err(DateError::Incomplete { .. }) => "incomplete".to_owned(),
        Err(DateError::NoSuchDay { .. }) => "no such day".to_owned(),
        Err(DateError::BadTime { .. }) => "bad time".to_owned(),
        Err(DateError::Ambiguous { .. }) => "ambiguous".to_owned(),
        Err(other) => other.to_string(),
    }
}

#[test]
fn dates_that_need_no_order() {
    for text in [
        "2017-03-11",
        "2017/03/11",
        "2017/3/11",
        "2017.03.11",
        "20170311",
        "11.03.2017",
        "11.3.17",
        "11 Mar 2017",
        "11-Mar-17",
        "11-Mar-2017",
        "11Mar2017",
        "March 11, 2017",
        "Mar 11th, 2017",
        "11th of March 2017",
        "Saturday, 11 March 2017",
        "Sat Mar 11 2017",
        "11. März 2017",
        "11 mars 2017",
        "11 de marzo de 2017",
        "11 maart 2017",
        "2017年3月11日",
        "2017 Mar 11",
        "42805",
        "42805.0",
        "42805,75",
        "2017-03-11T10:15:00Z",
        "2017-03-11 10:15:00 UTC",
        "2017-03-11T10:15:00.123+02:00",
        "20170311T101500Z",
        "1489190400",
        "1489190400000",
        " 2017-03-11 ",
    ] {
        assert_eq!(day(text, Auto), "2017-03-11", "{text}");
    }
    assert_eq!(day("45631.0", Auto), "2024-12-05");
}

#[test]
fn the_order_decides_what_can_mean_two_days() {
    for text in ["03/11/2017", "03-11-2017", "3/11/17"] {
        assert_eq!(day(text, Auto), "ambiguous", "{text}");
        assert_eq!(day(text, DayFirst), "2017-11-03", "{text}");
        assert_eq!(day(text, MonthFirst), "2017-03-11", "{text}");
    }
    assert_eq!(day("25/12/2017", Auto), "2017-12-25");
    assert_eq!(day("12/25/2017", Auto), "2017-12-25");
    assert_eq!(day("05/05/2017", Auto), "2017-05-05");
    assert_eq!(day("12/25/2017", DayFirst), "no such day");
    assert_eq!(day("03.11.2017", MonthFirst), "2017-11-03");
}

#[test]
fn two_digits_of_a_year() {
    assert_eq!(day("11.03.68", Auto), "2068-03-11");
    assert_eq!(day("11.03.69", Auto), "1969-03-11");
    assert_eq!(day("11.03.00", Auto), "2000-03-11");
}

#[test]
fn what_is_no_date_is_refused() {
    assert_eq!(day("", Auto), "blank");
    assert_eq!(day("0000-00-00", Auto), "no such day");
    assert_eq!(day("2017-02-29", Auto), "no such day");
    assert_eq!(day("31.04.2017", Auto), "no such day");
    for text in ["Mar-17", "March 2017", "2017", "2017-03", "11.03"] {
        assert_eq!(day(text, Auto), "incomplete", "{text}");
    }
    for text in [
        "tomorrow",
        "n/a",
        "12",
        "123456",
        "1.2.3.4",
        "555-1234-5678-9",
        "11 Foo 2017",
    ] {
        assert_eq!(day(text, Auto), "not a date", "{text}");
    }
    assert_eq!(day("2017-03-11 25:00", Auto), "bad time");
    assert_eq!(day("2017-03-11 10:15 Foo/Bar", Auto), "bad time");
}

#[test]
fn moments_have_times_and_zones() {
    let berlin = TimeZone::fixed(jiff::tz::offset(1));
    let at = |text: &str| parse_timestamp(text, DayFirst, &berlin).map(|moment| moment.to_string());
    for (text, expected) in [
        ("2017-03-11T10:15:00Z", "2017-03-11T10:15:00Z"),
        ("2017-03-11 10:15:00 UTC", "2017-03-11T10:15:00Z"),
        ("2017-03-11T10:15:00+02:00", "2017-03-11T08:15:00Z"),
        ("2017-03-11T10:15:00-0530", "2017-03-11T15:45:00Z"),
        ("2017-03-11 10:15:00 GMT+2", "2017-03-11T08:15:00Z"),
        ("11/03/2017 2:30 PM", "2017-03-11T13:30:00Z"),
        ("11/03/2017 12:05 am", "2017-03-10T23:05:00Z"),
        ("11.03.2017, 14:30 Uhr", "2017-03-11T13:30:00Z"),
        ("Mar 11, 2017 at 2:30:15 p.m. EST", "2017-03-11T19:30:15Z"),
        ("2017-03-11", "2017-03-10T23:00:00Z"),
        ("2024-08-13T18:04:34.666+00:00", "2024-08-13T18:04:34.666Z"),
        ("1489190400", "2017-03-11T00:00:00Z"),
        ("42805.5", "2017-03-11T11:00:00Z"),
        ("20170311T101500Z", "2017-03-11T10:15:00Z"),
        (
            "2017-03-11T10:15:00+01:00[Europe/Berlin]",
            "2017-03-11T09:15:00Z",
        ),
    ] {
        assert_eq!(at(text).as_deref(), Ok(expected), "{text}");
    }
    for text in [
        "2017-03-11 13:00 PM",
        "2017-03-11 10:75",
        "2017-03-11 1:2:3",
        "10:15",
    ] {
        assert!(at(text).is_err(), "{text}");
    }
}

#[test]
fn a_column_decides_for_its_cells() {
    let infer = |samples: &[&str]| {
        let inferred = DateOrder::infer(samples.iter().copied());
        (inferred.order, inferred.ambiguous)
    };
    assert_eq!(infer(&["03/04/2017", "25/12/2017"]), (DayFirst, false));
    assert_eq!(infer(&["03/04/2017", "12/25/2017"]), (MonthFirst, false));
    assert_eq!(infer(&["03/04/2017", "05/06/2017"]), (Auto, true));
    assert_eq!(infer(&["25/12/2017", "12/25/2017"]), (Auto, true));
    assert_eq!(infer(&["2017-03-04", "2017-05-06", ""]), (Auto, false));
    let counted = DateOrder::infer(["2017-03-04", "soon", " "]);
    assert_eq!((counted.dates, counted.others), (1, 1));
}
