//! Where a record lies among others, a card in its column for one: hexadecimal digits read as a fraction, never ending in 0, so that
//! there is always room between two of them. One write a drop; no neighbour is touched.

use uuid::Uuid;

/// The place of a new record: before every older one, because ids grow with time.
pub(crate) fn newest_first(id: Uuid) -> String {
    let mut place: String = id
        .simple()
        .to_string()
        .chars()
        .filter_map(|digit| digit.to_digit(16))
        .filter_map(|digit| char::from_digit(15 - digit, 16))
        .collect();
    // The last digit must not be 0, or nothing would fit before it.
    place.push('8');
    place
}

/// A place after `low` (the beginning when absent) and before `high` (the end when absent).
/// `None` when the two are not in order.
pub(crate) fn between(low: Option<&str>, high: Option<&str>) -> Option<String> {
    let low: Vec<u32> = digits(low.unwrap_or_default())?;
    let high: Option<Vec<u32>> = match high {
        Some(high) => Some(digits(high)?),
        None => None,
    };
    if high.as_ref().is_some_and(|high| *high <= low) {
        return None;
    }
    let mut out: Vec<u32> = Vec::new();
    let mut bounded = high;
    let mut index = 0;
    loop {
        let floor = low.get(index).copied().unwrap_or(0);
        let ceiling = bounded
            .as_ref()
            .map_or(16, |high| high.get(index).copied().unwrap_or(0));
        if bounded.is_some() && floor == ceiling {
            out.push(floor);
        } else if ceiling - floor > 1 {
            out.push(floor + (ceiling - floor) / 2);
            return text(&out);
        } else {
            // Neighbouring digits: stay with the lower one; from here on nothing bounds from above.
            out.push(floor);
            bounded = None;
        }
        index += 1;
    }
}

fn digits(text: &str) -> Option<Vec<u32>> {
    text.chars().map(|digit| digit.to_digit(16)).collect()
}

fn text(digits: &[u32]) -> Option<String> {
    digits
        .iter()
        .map(|digit| char::from_digit(*digit, 16))
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn place() -> impl Strategy<Value = String> {
        "[0-9a-f]{0,12}[1-9a-f]"
    }

    proptest! {
        #[test]
        fn lies_between(first in place(), second in place()) {
            prop_assume!(first != second);
            let (low, high) = if first < second { (first, second) } else { (second, first) };
            let middle = between(Some(&low), Some(&high)).unwrap();
            prop_assert!(low < middle && middle < high, "{low} {middle} {high}");
            prop_assert!(!middle.ends_with('0'));
            prop_assert!(between(None, Some(&low)).unwrap() < low);
            prop_assert!(between(Some(&high), None).unwrap() > high);
        }

        #[test]
        fn a_thousand_drops_into_one_gap_stay_in_order(low in place()) {
            let mut high = between(Some(&low), None).unwrap();
            for _ in 0..200 {
                let next = between(Some(&low), Some(&high)).unwrap();
                prop_assert!(low < next && next < high);
                high = next;
            }
            prop_assert!(high.len() < 220);
        }
    }

    #[test]
    fn new_records_come_first() {
        let older = newest_first(Uuid::from_u128(1 << 80));
        let newer = newest_first(Uuid::from_u128(2 << 80));
        assert!(newer < older);
        assert_eq!(between(Some("8"), Some("8")), None);
    }
}
