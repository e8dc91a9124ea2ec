//! Numbers and amounts of money as people write them, read exactly.
//!
//! No binary fraction is involved anywhere: the digits of the text become the
//! digits of the [`Decimal`], or the text is refused.

mod parse;

pub use parse::{Amount, parse_amount, parse_decimal};
pub use rust_decimal::Decimal;

/// Which mark parts the whole from the fraction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum NumberStyle {
    /// Unknown: a number that reads differently in the two styles is refused.
    #[default]
    Auto,
    /// 1,234.56 and 1 234.56 and 1'234.56 and 12,34,567.00
    DecimalPoint,
    /// 1.234,56 and 1 234,56
    DecimalComma,
}

/// What a column of samples says about its style.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InferredStyle {
    /// The style to read the column with.
    pub style: NumberStyle,
    /// Whether some samples read differently in the other style and nothing in
    /// the column decides: a person should look at it. The style then rests on
    /// three decimals being rarer than thousands.
    pub ambiguous: bool,
    /// How many samples are numbers in `style`.
    pub numbers: usize,
    /// How many samples that are not blank are not.
    pub others: usize,
}

impl NumberStyle {
    /// Infers the style of a column from samples of it.
    pub fn infer<'a>(samples: impl IntoIterator<Item = &'a str> + Clone) -> InferredStyle {
        let (mut point, mut comma) = (0_usize, 0_usize);
        let (mut unclear_points, mut unclear_commas) = (0_usize, 0_usize);
        for sample in samples.clone() {
            let as_point = parse_decimal(sample, Self::DecimalPoint);
            let as_comma = parse_decimal(sample, Self::DecimalComma);
            match (as_point, as_comma) {
                (Ok(first), Ok(second)) if first != second => {
                    // Exactly one kind of mark is in it, or it would be clear.
                    if sample.contains(',') {
                        unclear_commas += 1;
                    } else {
                        unclear_points += 1;
                    }
                }
                (Ok(_), Err(_)) => point += 1,
                (Err(_), Ok(_)) => comma += 1,
                _ => {}
            }
        }
        let unclear = unclear_points + unclear_commas;
        let (style, decided) = match point.cmp(&comma) {
            std::cmp::Ordering::Greater => (Self::DecimalPoint, comma == 0),
            std::cmp::Ordering::Less => (Self::DecimalComma, point == 0),
            // A mark before three digits more likely marks thousands.
            std::cmp::Ordering::Equal if unclear_points > unclear_commas => {
                (Self::DecimalComma, false)
            }
            std::cmp::Ordering::Equal => (Self::DecimalPoint, unclear == 0 && point == 0),
        };
        let (mut numbers, mut others) = (0, 0);
        for sample in samples {
            if parse_decimal(sample, style).is_ok() {
                numbers += 1;
            } else if !sample.trim().is_empty() {
                others += 1;
            }
        }
        InferredStyle {
            style,
            ambiguous: !decided && (unclear > 0 || point > 0),
            numbers,
            others,
        }
    }
}

/// Why a text is not read as a number.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NumberError {
    /// Blank.
    #[error("the number is missing")]
    Blank,
    /// No number, or one that this reader does not know.
    #[error("\"{text}\" is not a number; write it like 1234.56")]
    NotANumber {
        /// The text, at most 60 characters of it.
        text: String,
    },
    /// Digits grouped in a way that no style has.
    #[error("the digits of \"{text}\" are grouped wrongly; write it like 1234.56")]
    BadGrouping {
        /// The text.
        text: String,
    },
    /// Two readings and no style to decide.
    #[error("\"{text}\" can mean two numbers; say whether the decimal mark is a point or a comma")]
    Ambiguous {
        /// The text.
        text: String,
    },
    /// More digits than can be kept exactly: 28 in all, or 7.9e28.
    #[error("\"{text}\" is too large or too precise; at most 28 digits can be kept")]
    Overflow {
        /// The text.
        text: String,
    },
}
