//! Small arithmetic that measurements share.

use std::time::Duration;

/// `a / b` as a fraction. Counts here are far below 2^53, where a fraction begins to lose units.
#[expect(
    clippy::cast_precision_loss,
    reason = "counts and microseconds far below 2^53"
)]
pub(crate) fn ratio(a: u64, b: u64) -> f64 {
    if b == 0 { 0.0 } else { a as f64 / b as f64 }
}

/// How many a second.
pub(crate) fn per_second(count: u64, time: Duration) -> f64 {
    let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
    ratio(count, micros) * 1_000_000.0
}

/// The middle value; of an even number the mean of the two in the middle, 0 of none.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    let upper = values.get(middle).copied().unwrap_or(0.0);
    if values.len() % 2 == 1 {
        return upper;
    }
    let lower = middle
        .checked_sub(1)
        .and_then(|index| values.get(index).copied());
    f64::midpoint(lower.unwrap_or(upper), upper)
}

/// Numbers that need not be unpredictable, the same ones in every run: xorshift64*.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Random {
        Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// A number from `low` to `high`, both included.
    pub(crate) fn between(&mut self, low: u64, high: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        low + (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 11) % (high - low + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_in_the_middle() {
        let near = |found: f64, wanted: f64| (found - wanted).abs() < 1e-9;
        assert!(near(median(vec![3.0, 1.0, 2.0]), 2.0));
        assert!(near(median(vec![4.0, 1.0, 2.0, 3.0]), 2.5));
        assert!(near(median(Vec::new()), 0.0));
    }

    #[test]
    fn random_numbers_stay_within_their_bounds_and_differ() {
        let mut random = Random::new(7);
        let found: Vec<u64> = (0..1000).map(|_| random.between(5, 9)).collect();
        assert!((5..=9).all(|wanted| found.contains(&wanted)));
        assert!(found.iter().all(|value| (5..=9).contains(value)));
    }
}
