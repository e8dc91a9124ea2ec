//! Latencies in a fixed array: exact below 64 µs, within 3 % above.

/// Values below this have a bucket each.
const EXACT: u64 = 64;
/// Buckets of every further power of two.
const STEPS: u64 = 32;
/// Enough for more than an hour in microseconds.
const BUCKETS: usize = 64 + 27 * 32;

/// How often each latency, in microseconds, was seen.
#[derive(Clone)]
pub(crate) struct Histogram {
    buckets: Vec<u64>,
    count: u64,
}

impl Histogram {
    pub(crate) fn new() -> Histogram {
        Histogram {
            buckets: vec![0; BUCKETS],
            count: 0,
        }
    }

    /// Counts one latency; what is longer than the array can tell counts as the longest.
    pub(crate) fn record(&mut self, microseconds: u64) {
        let last = BUCKETS - 1;
        if let Some(bucket) = self.buckets.get_mut(bucket_of(microseconds).min(last)) {
            *bucket += 1;
            self.count += 1;
        }
    }

    /// Adds everything that another has counted.
    pub(crate) fn add(&mut self, other: &Histogram) {
        for (mine, theirs) in self.buckets.iter_mut().zip(&other.buckets) {
            *mine += theirs;
        }
        self.count += other.count;
    }

    pub(crate) fn count(&self) -> u64 {
        self.count
    }

    /// The latency in milliseconds that `thousandths` of 1,000 stayed within: 990 for the p99. 0 when nothing was seen.
    pub(crate) fn milliseconds(&self, thousandths: u64) -> f64 {
        let wanted = (self.count * thousandths).div_ceil(1000).max(1);
        let mut seen = 0;
        for (index, bucket) in self.buckets.iter().enumerate() {
            seen += bucket;
            if seen >= wanted {
                return crate::figures::ratio(longest_of(index), 1000);
            }
        }
        0.0
    }
}

fn bucket_of(value: u64) -> usize {
    if value < EXACT {
        return usize::try_from(value).unwrap_or(0);
    }
    let shift = u64::from(value.ilog2()) - 5;
    let index = EXACT + (shift - 1) * STEPS + (value >> shift) - STEPS;
    usize::try_from(index).unwrap_or(usize::MAX)
}

/// The largest value of a bucket.
fn longest_of(index: usize) -> u64 {
    let index = index as u64;
    if index < EXACT {
        return index;
    }
    let shift = (index - EXACT) / STEPS + 1;
    let top = (index - EXACT) % STEPS + STEPS;
    ((top + 1) << shift) - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_lies_within_its_bucket() {
        for value in (0..5000).chain([65_535, 65_536, 1_000_000, 3_000_000_000]) {
            let longest = longest_of(bucket_of(value));
            assert!(longest >= value, "{value} is beyond {longest}");
            assert!(longest - value <= value / 32, "{value} became {longest}");
            assert!(bucket_of(longest + 1) == bucket_of(value) + 1);
        }
    }

    #[test]
    fn quantiles_are_those_of_the_values() {
        let mut histogram = Histogram::new();
        for value in 1..=1000 {
            histogram.record(value * 10);
        }
        let near = |found: f64, wanted: f64| (found - wanted).abs() <= wanted * 0.04;
        assert!(near(histogram.milliseconds(500), 5.0));
        assert!(near(histogram.milliseconds(990), 9.9));
        assert!(near(histogram.milliseconds(1000), 10.0));
        assert!(Histogram::new().milliseconds(500) < 0.001);
    }
}
