//! The text of a typed cell.

use calamine::{DataRef, ExcelDateTime};

/// The text a cell stands for: dates as ISO 8601, numbers without exponent and
/// with the fifteen digits that Excel keeps, errors as "#N/A".
pub(crate) fn text(value: &DataRef<'_>) -> String {
    match value {
        DataRef::Empty => String::new(),
        DataRef::String(text) | DataRef::DurationIso(text) => text.clone(),
        DataRef::SharedString(text) => (*text).to_owned(),
        DataRef::Int(number) => number.to_string(),
        DataRef::Float(number) => float(*number),
        DataRef::Bool(value) => value.to_string(),
        DataRef::DateTime(moment) => date_time(moment),
        DataRef::DateTimeIso(text) => iso(text),
        DataRef::Error(error) => error.to_string(),
    }
}

/// A number as Excel would show it in full: rounding to fifteen significant
/// digits turns the binary 0.30000000000000004 back into 0.3.
pub(crate) fn float(number: f64) -> String {
    let rounded = format!("{number:.14e}").parse::<f64>().unwrap_or(number);
    // Negative zero is zero.
    (rounded + 0.0).to_string()
}

/// Midnight is how a date without a time is stored.
pub(crate) fn iso(text: &str) -> String {
    for midnight in ["T00:00:00", "T00:00:00.000", "T00:00:00Z"] {
        if let Some(date) = text.strip_suffix(midnight) {
            return date.to_owned();
        }
    }
    text.to_owned()
}

fn date_time(moment: &ExcelDateTime) -> String {
    let serial = moment.as_f64();
    let (year, month, day, hour, minute, second, millisecond) = moment.to_ymd_hms_milli();
    let fraction = if millisecond == 0 {
        String::new()
    } else {
        format!(".{millisecond:03}")
    };
    if moment.is_duration() {
        // Days are hours in a duration, as in Excel's [h]:mm:ss.
        let hours = (serial.abs() * 24.0).floor();
        let sign = if serial < 0.0 { "-" } else { "" };
        return if serial < 0.0 {
            format!("{sign}{}", float(serial.abs()))
        } else {
            format!("{hours}:{minute:02}:{second:02}{fraction}")
        };
    }
    if !(0.0..2_958_466.0).contains(&serial) {
        return float(serial);
    }
    let time = format!("{hour:02}:{minute:02}:{second:02}{fraction}");
    if serial < 1.0 && serial > 0.0 {
        return time;
    }
    let date = format!("{year:04}-{month:02}-{day:02}");
    if time == "00:00:00" {
        date
    } else {
        format!("{date}T{time}")
    }
}

#[cfg(test)]
mod tests {
    use calamine::{DataRef, ExcelDateTime, ExcelDateTimeType};

    use super::{float, text};

    #[test]
    fn numbers_have_the_digits_of_excel() {
        assert_eq!(float(0.1 + 0.2), "0.3");
        assert_eq!(float(4821.0), "4821");
        assert_eq!(float(-0.0), "0");
        assert_eq!(float(1e20), "100000000000000000000");
        assert_eq!(float(1234.5), "1234.5");
    }

    #[test]
    fn dates_become_iso() {
        let at = |serial| {
            text(&DataRef::DateTime(ExcelDateTime::new(
                serial,
                ExcelDateTimeType::DateTime,
                false,
            )))
        };
        assert_eq!(at(45631.0), "2024-12-05");
        assert_eq!(at(45631.5), "2024-12-05T12:00:00");
        assert_eq!(at(0.25), "06:00:00");
        assert_eq!(at(-3.0), "-3");
    }

    #[test]
    fn durations_count_hours() {
        let duration = ExcelDateTime::new(1.5, ExcelDateTimeType::TimeDelta, false);
        assert_eq!(text(&DataRef::DateTime(duration)), "36:00:00");
    }
}
