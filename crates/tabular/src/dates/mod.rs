//! Dates and times as people write them.

mod clock;
mod names;
mod parse;

pub use parse::{parse_date, parse_timestamp};

/// Which of two numbers in "03/04/2017" is the day. Dates that name the year
/// first, name the month, or use full stops ("03.04.2017", always the day
/// first) do not depend on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DateOrder {
    /// Unknown: a date that reads differently in the two orders is refused.
    #[default]
    Auto,
    /// 03/04/2017 is the third of April.
    DayFirst,
    /// 03/04/2017 is the fourth of March.
    MonthFirst,
}

/// What a column of samples says about its order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InferredOrder {
    /// The order to read the column with; [`DateOrder::Auto`] when no sample
    /// decides, or when samples contradict each other.
    pub order: DateOrder,
    /// Whether some samples read differently in the two orders and nothing
    /// decides, or the samples contradict each other: a person has to say.
    pub ambiguous: bool,
    /// How many samples are dates or times.
    pub dates: usize,
    /// How many samples that are not blank are not.
    pub others: usize,
}

impl DateOrder {
    /// Infers the order of a column from samples of it: one "31/12/2017"
    /// decides for all.
    pub fn infer<'a>(samples: impl IntoIterator<Item = &'a str>) -> InferredOrder {
        let (mut day_first, mut month_first, mut unclear) = (0_usize, 0_usize, 0_usize);
        let (mut dates, mut others) = (0, 0);
        for sample in samples {
            if sample.trim().is_empty() {
                continue;
            }
            let first = parse_date(sample, Self::DayFirst);
            let second = parse_date(sample, Self::MonthFirst);
            match (first, second) {
                (Ok(one), Ok(other)) if one != other => unclear += 1,
                (Ok(_), Err(_)) => day_first += 1,
                (Err(_), Ok(_)) => month_first += 1,
                (Err(_), Err(_)) => {
                    others += 1;
                    continue;
                }
                (Ok(_), Ok(_)) => {}
            }
            dates += 1;
        }
        let (order, ambiguous) = match (day_first > 0, month_first > 0) {
            (true, false) => (Self::DayFirst, false),
            (false, true) => (Self::MonthFirst, false),
            (true, true) => (Self::Auto, true),
            (false, false) => (Self::Auto, unclear > 0),
        };
        InferredOrder {
            order,
            ambiguous,
            dates,
            others,
        }
    }
}

/// Why a text is not read as a date or time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DateError {
    /// Blank.
    #[error("the date is missing")]
    Blank,
    /// No date, or one that this reader does not know.
    #[error("\"{text}\" is not a date; write it like 2017-03-11")]
    NotADate {
        /// The text, at most 60 characters of it.
        text: String,
    },
    /// Without a year, or without a day.
    #[error("\"{text}\" names no day or no year; write it like 2017-03-11")]
    Incomplete {
        /// The text.
        text: String,
    },
    /// A day that no calendar has.
    #[error("\"{text}\" is a day that does not exist")]
    NoSuchDay {
        /// The text.
        text: String,
    },
    /// A time that no clock shows, or in an unknown zone.
    #[error("the time in \"{text}\" cannot be read; write it like 2017-03-11T14:30:00Z")]
    BadTime {
        /// The text.
        text: String,
    },
    /// Two readings and no order to decide.
    #[error("\"{text}\" can mean two dates; say whether the day or the month comes first")]
    Ambiguous {
        /// The text.
        text: String,
    },
}
