//! Limits on failed attempts, per account and per address.
//!
//! An attempt is counted before the password is checked and given back when it succeeds, so that many
//! attempts sent at once do not slip past the limit together, and people who know their password never
//! meet it. Memory is bounded; each node counts for itself.

use std::{
    collections::HashMap,
    hash::Hash,
    net::{IpAddr, Ipv6Addr},
    num::NonZeroU32,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use aws_lc_rs::digest;
use governor::{
    Quota, RateLimiter,
    clock::{Clock, DefaultClock},
    middleware::NoOpMiddleware,
    nanos::Nanos,
    state::StateStore,
};

use crate::error::AuthError;

/// Failed attempts on one account: this many at once, then one a minute.
const ACCOUNT: (u32, Duration) = (10, Duration::from_mins(1));
/// Failed attempts from one address, behind which a whole office may sit: this many at once, then one
/// every ten seconds.
const ADDRESS: (u32, Duration) = (50, Duration::from_secs(10));
/// Mails to one address that anyone may ask for: this many at once, then one every ten minutes.
const MAIL_ACCOUNT: (u32, Duration) = (5, Duration::from_mins(10));
/// Mails that one address of the network may ask for.
const MAIL_ADDRESS: (u32, Duration) = (30, Duration::from_mins(1));
/// Submissions of one public form: this many at once, then one a second.
const FORM: (u32, Duration) = (300, Duration::from_secs(1));
/// Submissions of public forms from one address: this many at once, then one every twenty seconds.
const FORM_ADDRESS: (u32, Duration) = (20, Duration::from_secs(20));
/// Keys remembered per limit; about 100 bytes each.
const LARGEST: usize = 50_000;

/// Counts failed attempts. Cheap to clone; clones count together.
#[derive(Clone)]
pub struct Throttle {
    limits: Arc<Limits<DefaultClock>>,
}

impl Throttle {
    /// The usual limits, with nothing counted.
    pub fn new() -> Throttle {
        Throttle {
            limits: Arc::new(Limits::new(ACCOUNT, ADDRESS, &DefaultClock::default())),
        }
    }

    /// The limits of mail that anyone may ask for, where every request counts.
    pub fn of_mail() -> Throttle {
        let clock = DefaultClock::default();
        Throttle {
            limits: Arc::new(Limits::new(MAIL_ACCOUNT, MAIL_ADDRESS, &clock)),
        }
    }

    /// The limits of forms that anyone may send in, where every submission counts; the form's key stands for the account.
    pub fn of_forms() -> Throttle {
        let clock = DefaultClock::default();
        Throttle {
            limits: Arc::new(Limits::new(FORM, FORM_ADDRESS, &clock)),
        }
    }

    /// Counts an attempt on the account of this address (already in lower case), from this address.
    ///
    /// # Errors
    /// [`AuthError::Throttled`] when there were too many failures; nothing is counted then.
    pub fn begin(&self, email: &str, ip: Option<IpAddr>) -> Result<Attempt, AuthError> {
        self.limits.begin(email, ip)?;
        Ok(Attempt {
            limits: Arc::clone(&self.limits),
            email: email.to_owned(),
            ip,
        })
    }
}

impl Default for Throttle {
    fn default() -> Throttle {
        Throttle::new()
    }
}

/// An attempt that counts as a failure unless it is forgiven.
#[must_use = "an attempt counts as a failure until it is forgiven"]
pub struct Attempt {
    limits: Arc<Limits<DefaultClock>>,
    email: String,
    ip: Option<IpAddr>,
}

impl Attempt {
    /// It succeeded, or failed for a reason that says nothing about the caller.
    pub fn forgive(self) {
        self.limits.forgive(&self.email, self.ip);
    }
}

struct Limits<C: Clock> {
    accounts: Limit<[u8; 16], C>,
    addresses: Limit<IpAddr, C>,
}

impl<C: Clock + Clone> Limits<C> {
    fn new(account: (u32, Duration), address: (u32, Duration), clock: &C) -> Limits<C> {
        Limits {
            accounts: Limit::new(account, clock),
            addresses: Limit::new(address, clock),
        }
    }

    fn begin(&self, email: &str, ip: Option<IpAddr>) -> Result<(), AuthError> {
        let account = account_key(email);
        self.accounts.count(account)?;
        if let Some(ip) = ip
            && let Err(error) = self.addresses.count(address_key(ip))
        {
            self.accounts.give_back(&account);
            return Err(error);
        }
        Ok(())
    }

    fn forgive(&self, email: &str, ip: Option<IpAddr>) {
        self.accounts.give_back(&account_key(email));
        if let Some(ip) = ip {
            self.addresses.give_back(&address_key(ip));
        }
    }
}

struct Limit<K: Copy + Eq + Hash, C: Clock> {
    limiter: RateLimiter<K, Counted<K>, C, NoOpMiddleware<C::Instant>>,
    counted: Counted<K>,
    interval: Nanos,
}

impl<K: Copy + Eq + Hash, C: Clock + Clone> Limit<K, C> {
    fn new((burst, interval): (u32, Duration), clock: &C) -> Limit<K, C> {
        let counted = Counted {
            arrivals: Arc::default(),
            largest: LARGEST,
        };
        let burst = NonZeroU32::new(burst).unwrap_or(NonZeroU32::MIN);
        // `None` only for an interval of zero, and then one a second is a limit still.
        let quota = Quota::with_period(interval)
            .unwrap_or(Quota::per_second(NonZeroU32::MIN))
            .allow_burst(burst);
        Limit {
            limiter: RateLimiter::new(quota, counted.clone(), clock.clone()),
            counted,
            interval: quota.replenish_interval().into(),
        }
    }

    fn count(&self, key: K) -> Result<(), AuthError> {
        self.limiter.check_key(&key).map_err(|until| {
            let wait = until.wait_time_from(self.limiter.clock().now());
            let begun = u64::from(wait.subsec_nanos() > 0);
            AuthError::Throttled {
                retry_after: Duration::from_secs((wait.as_secs() + begun).max(1)),
            }
        })
    }

    fn give_back(&self, key: &K) {
        self.counted.give_back(key, self.interval);
    }
}

/// Governor's state, one "theoretical arrival time" per key, where an arrival can be taken back.
struct Counted<K> {
    arrivals: Arc<Mutex<HashMap<K, Nanos>>>,
    largest: usize,
}

impl<K> Clone for Counted<K> {
    fn clone(&self) -> Self {
        Counted {
            arrivals: Arc::clone(&self.arrivals),
            largest: self.largest,
        }
    }
}

impl<K: Copy + Eq + Hash> Counted<K> {
    fn give_back(&self, key: &K, interval: Nanos) {
        let mut arrivals = self.arrivals.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(arrival) = arrivals.get_mut(key) {
            *arrival = arrival.saturating_sub(interval);
        }
    }

    /// Makes room: the keys that are closest to being forgotten anyway go first.
    fn shrink(&self, arrivals: &mut HashMap<K, Nanos>) {
        let mut times: Vec<Nanos> = arrivals.values().copied().collect();
        let middle = times.len() / 2;
        let (_, median, _) = times.select_nth_unstable(middle);
        let median = *median;
        arrivals.retain(|_, arrival| *arrival > median);
        if arrivals.len() >= self.largest {
            arrivals.clear();
        }
    }
}

impl<K: Copy + Eq + Hash> StateStore for Counted<K> {
    type Key = K;

    fn measure_and_replace<T, F, E>(&self, key: &K, measure: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        let mut arrivals = self.arrivals.lock().unwrap_or_else(PoisonError::into_inner);
        let (answer, arrival) = measure(arrivals.get(key).copied())?;
        if arrivals.len() >= self.largest && !arrivals.contains_key(key) {
            self.shrink(&mut arrivals);
        }
        arrivals.insert(*key, arrival);
        Ok(answer)
    }
}

/// The addresses themselves are not kept in memory.
fn account_key(email: &str) -> [u8; 16] {
    let hash = digest::digest(&digest::SHA256, email.as_bytes());
    let mut key = [0; 16];
    for (place, byte) in key.iter_mut().zip(hash.as_ref()) {
        *place = *byte;
    }
    key
}

/// One IPv6 customer has a network of 2⁶⁴ addresses.
fn address_key(ip: IpAddr) -> IpAddr {
    match ip.to_canonical() {
        IpAddr::V6(ip) => {
            let [a, b, c, d, ..] = ip.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        ip @ IpAddr::V4(_) => ip,
    }
}

#[cfg(test)]
mod tests {
    use governor::clock::FakeRelativeClock;

    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn wait(result: Result<(), AuthError>) -> u64 {
        match result {
            Err(AuthError::Throttled { retry_after }) => retry_after.as_secs(),
            other => panic!("not throttled: {other:?}"),
        }
    }

    #[test]
    fn failures_on_an_account_are_limited_and_forgotten_with_time() {
        let clock = FakeRelativeClock::default();
        let limits = Limits::new(ACCOUNT, ADDRESS, &clock);
        for _ in 0..10 {
            limits.begin("a@b.example", None).unwrap();
        }
        assert_eq!(wait(limits.begin("a@b.example", None)), 60);
        limits.begin("other@b.example", None).unwrap();
        clock.advance(Duration::from_secs(45));
        assert_eq!(wait(limits.begin("a@b.example", None)), 15);
        clock.advance(Duration::from_secs(15));
        limits.begin("a@b.example", None).unwrap();
        assert_eq!(wait(limits.begin("a@b.example", None)), 60);
    }

    #[test]
    fn what_is_forgiven_does_not_count() {
        let limits = Limits::new(ACCOUNT, ADDRESS, &FakeRelativeClock::default());
        for _ in 0..200 {
            limits
                .begin("a@b.example", Some(address("192.0.2.1")))
                .unwrap();
            limits.forgive("a@b.example", Some(address("192.0.2.1")));
        }
        for _ in 0..10 {
            limits
                .begin("a@b.example", Some(address("192.0.2.1")))
                .unwrap();
        }
        wait(limits.begin("a@b.example", Some(address("192.0.2.1"))));
    }

    #[test]
    fn an_address_is_limited_over_all_accounts_and_an_ipv6_network_is_one() {
        let limits = Limits::new(ACCOUNT, ADDRESS, &FakeRelativeClock::default());
        for number in 0..50 {
            limits
                .begin(
                    &format!("{number}@b.example"),
                    Some(address(&format!("2001:db8:1:2::{number:x}"))),
                )
                .unwrap();
        }
        let refused = limits.begin("fresh@b.example", Some(address("2001:db8:1:2:ffff::1")));
        assert_eq!(wait(refused), 10);
        limits
            .begin("fresh@b.example", Some(address("2001:db8:1:3::1")))
            .unwrap();
        // The refusal by address did not use up the account's attempts: nine are left.
        for _ in 0..9 {
            limits.begin("fresh@b.example", None).unwrap();
        }
        wait(limits.begin("fresh@b.example", None));
        assert_eq!(
            address_key("::ffff:192.0.2.7".parse().unwrap()),
            "192.0.2.7".parse::<IpAddr>().unwrap()
        );
    }

    #[test]
    fn memory_is_bounded_and_the_worst_offender_stays() {
        let limits = Limits::new(ACCOUNT, ADDRESS, &FakeRelativeClock::default());
        for _ in 0..10 {
            limits.begin("worst@b.example", None).unwrap();
        }
        for number in 0..3 * LARGEST {
            limits.begin(&format!("{number}@b.example"), None).unwrap();
            let kept = limits.accounts.counted.arrivals.lock().unwrap().len();
            assert!(kept <= LARGEST, "{kept} keys");
        }
        wait(limits.begin("worst@b.example", None));
    }
}
