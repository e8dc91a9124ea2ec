//! Numbers in every style.

use kith_tabular::numbers::{Decimal, NumberError, NumberStyle, parse_amount, parse_decimal};

use NumberStyle::{Auto, DecimalComma, DecimalPoint};

fn read(text: &str, style: NumberStyle) -> String {
    match parse_decimal(text, style) {
        Ok(value) => value.to_string(),
        Err(error) => panic_free(&error),
    }
}

fn panic_free(error: &NumberError) -> String {
    match error {
        NumberError::Blank => "blank",
        NumberError::NotANumber { .. } => "not a number",
        NumberError::BadGrouping { .. } => "grouping",
        NumberError::Ambiguous { .. } => "ambiguous",
        NumberError::Overflow { .. } => "overflow",
        _ => "other",
    }
    .to_owned()
}

#[test]
fn separators_of_every_country() {
    for text in [
        "1,234.56",
        "1 234.56",
        "1\u{a0}234.56",
        "1\u{202f}234.56",
        "1'234.56",
        "1’234.56",
    ] {
        assert_eq!(read(text, DecimalPoint), "1234.56", "{text:?}");
        assert_eq!(read(text, Auto), "1234.56", "{text:?}");
    }
    for text in [
        "1.234,56",
        "1 234,56",
        "1\u{a0}234,56",
        "1\u{202f}234,56",
        "1234,56",
    ] {
        assert_eq!(read(text, DecimalComma), "1234.56", "{text:?}");
        assert_eq!(read(text, Auto), "1234.56", "{text:?}");
    }
    assert_eq!(read("12,34,567.00", DecimalPoint), "1234567.00");
    assert_eq!(read("1,234,567", Auto), "1234567");
    assert_eq!(read("1.234.567", Auto), "1234567");
    assert_eq!(read(".5", Auto), "0.5");
    assert_eq!(read("5.", Auto), "5");
    assert_eq!(read("0.125", Auto), "0.125");
    assert_eq!(read("0,125", Auto), "0.125");
    assert_eq!(read("007", Auto), "7");
}

#[test]
fn the_style_decides_what_can_mean_two_numbers() {
    assert_eq!(read("1,234", Auto), "ambiguous");
    assert_eq!(read("1.234", Auto), "ambiguous");
    assert_eq!(read("1,234", DecimalPoint), "1234");
    assert_eq!(read("1,234", DecimalComma), "1.234");
    assert_eq!(read("1.234", DecimalPoint), "1.234");
    assert_eq!(read("1.234", DecimalComma), "1234");
}

#[test]
fn digits_grouped_wrongly_are_refused() {
    for text in [
        "12,34",
        "1,23,4.5",
        "1,2345",
        "1234,567.00",
        ",123",
        "1,,234",
    ] {
        assert_eq!(read(text, DecimalPoint), "grouping", "{text}");
    }
    assert_eq!(read("1.234,56", DecimalPoint), "grouping");
    assert_eq!(read("1,234.56", DecimalComma), "grouping");
}

#[test]
fn currencies_stand_before_or_after() {
    for (text, style, value, currency) in [
        ("$1,250", DecimalPoint, "1250", None),
        ("€1.250,00", DecimalComma, "1250.00", Some("EUR")),
        ("1.250 EUR", DecimalComma, "1250", Some("EUR")),
        ("1.250,50 €", DecimalComma, "1250.50", Some("EUR")),
        ("USD 1,250.5", DecimalPoint, "1250.5", Some("USD")),
        ("US$ 99", DecimalPoint, "99", Some("USD")),
        ("CHF 1'250.00", DecimalPoint, "1250.00", Some("CHF")),
        ("₹12,34,567", DecimalPoint, "1234567", Some("INR")),
        ("1 250 kr", DecimalComma, "1250", None),
        ("-£5", DecimalPoint, "-5", Some("GBP")),
        ("£-5", DecimalPoint, "-5", Some("GBP")),
        ("€2.5m", DecimalPoint, "2500000", Some("EUR")),
    ] {
        let amount = parse_amount(text, style).unwrap();
        assert_eq!(amount.value.to_string(), value, "{text}");
        assert_eq!(amount.currency.as_deref(), currency, "{text}");
    }
}

#[test]
fn signs_stand_in_many_places() {
    for text in ["-5", "5-", "(5)", "($5)", "−5", "– 5", "$(5)"] {
        assert_eq!(read(text, DecimalPoint), "-5", "{text}");
    }
    assert_eq!(read("+5", DecimalPoint), "5");
    assert_eq!(read("--5", DecimalPoint), "not a number");
    assert_eq!(read("-(5)", DecimalPoint), "not a number");
    assert_eq!(read("-0", DecimalPoint), "0");
}

#[test]
fn suffixes_percent_and_exponents() {
    assert_eq!(read("2.5m", DecimalPoint), "2500000");
    assert_eq!(read("40k", Auto), "40000");
    assert_eq!(read("$40K", Auto), "40000");
    assert_eq!(read("1,5 Mio. €", DecimalComma), "1500000");
    assert_eq!(read("3 bn", Auto), "3000000000");
    assert_eq!(read("12.5%", Auto), "12.5");
    assert_eq!(read("12,5 %", Auto), "12.5");
    assert_eq!(read("1.5E+06", DecimalPoint), "1500000");
    assert_eq!(read("25e-3", DecimalPoint), "0.025");
    assert_eq!(read("100 km", Auto), "not a number");
}

#[test]
fn what_is_no_number_or_too_large_is_an_error() {
    for text in [
        "abc",
        "1 2 apples",
        "12-05-2017",
        "1.2.3.4",
        "#N/A",
        "-",
        "$",
        "USD",
        "k",
        "e5",
        "１２",
    ] {
        let read = read(text, DecimalPoint);
        assert!(
            read == "not a number" || read == "grouping",
            "{text}: {read}"
        );
    }
    assert_eq!(read(" ", Auto), "blank");
    assert_eq!(
        read("79228162514264337593543950335", Auto),
        Decimal::MAX.to_string()
    );
    assert_eq!(read("79228162514264337593543950336", Auto), "overflow");
    assert_eq!(read("1e99", Auto), "overflow");
    assert_eq!(read("0.1234567890123456789012345678901", Auto), "overflow");
    assert_eq!(read("0.10", Auto), "0.10");
}

#[test]
fn a_column_decides_for_its_cells() {
    let infer = |samples: &[&str]| {
        let inferred = NumberStyle::infer(samples.iter().copied());
        (inferred.style, inferred.ambiguous)
    };
    assert_eq!(infer(&["1,234", "2,500", "12.50"]), (DecimalPoint, false));
    assert_eq!(infer(&["1.234", "2.500", "12,50"]), (DecimalComma, false));
    assert_eq!(infer(&["1.234", "1.234.567"]), (DecimalComma, false));
    assert_eq!(infer(&["1,234", "2,500"]), (DecimalPoint, true));
    assert_eq!(infer(&["1.234", "2.500"]), (DecimalComma, true));
    assert_eq!(infer(&["4821", "550", ""]), (DecimalPoint, false));
    assert_eq!(infer(&["1.5", "1,5"]), (DecimalPoint, true));
    let counted = NumberStyle::infer(["1", "x", "", "2"]);
    assert_eq!((counted.numbers, counted.others), (2, 1));
}
