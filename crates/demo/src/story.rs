//! What happens, when and by whom: planned from a seed, without a database.

use std::path::Path;

use futures_util::future::BoxFuture;
use jiff::civil::{Date, Time, Weekday};
use jiff::{Span, Timestamp, ToSpan, Zoned};
use kith_catalogue::Entity;
use kith_channels::storage::Storage;
use kith_engine::{Caller, Engine, EngineError};
use kith_store::Tx;
use rand::rngs::ChaCha12Rng;
use rand::{RngExt, SeedableRng};
use serde_json::{Value as Json, json};

/// One thing that somebody did.
#[derive(Debug)]
pub struct Act {
    pub moment: Timestamp,
    /// The key of the person who acts.
    pub by: String,
    /// By which later acts name the record, as `{name}`.
    pub name: String,
    pub what: What,
    /// The record, the change, or a rule's arguments.
    pub body: Json,
}

/// The ways to do something.
#[derive(Debug)]
pub enum What {
    Create(&'static Entity),
    Change(&'static Entity),
    Rule(Rule),
    /// The people made so far are let in: they have accepted their invitations.
    Admit,
}

/// What a rule of an entity does, beyond creating and changing. What it answers is an object of ids: the
/// one called `deal` is known as `{name.deal}` from then on.
#[derive(Clone, Copy)]
pub struct Rule {
    pub name: &'static str,
    pub run: for<'a> fn(&'a Turn<'a>, Json) -> BoxFuture<'a, Result<Json, EngineError>>,
}

impl std::fmt::Debug for Rule {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.name)
    }
}

/// What a rule may use.
pub struct Turn<'a> {
    pub engine: &'a Engine,
    pub caller: &'a Caller,
    pub tx: &'a Tx,
    pub folder: &'a Path,
    pub storage: &'a Storage,
}

/// What the areas have made so far, for the areas after them.
#[derive(Debug, Default)]
pub struct Cast {
    pub companies: Vec<Company>,
    pub contacts: Vec<Contact>,
    pub leads: Vec<Lead>,
    pub deals: Vec<Deal>,
}

/// A company of the story; its record is `{name}`.
#[derive(Clone, Debug)]
pub struct Company {
    pub name: String,
    pub title: String,
    pub domain: String,
    pub country: &'static str,
    /// The key of its owner.
    pub owner: &'static str,
    pub since: Timestamp,
    /// Where `companies.status` stands in the end.
    pub status: &'static str,
}

/// A contact of the story; its record is `{name}`.
#[derive(Clone, Debug)]
pub struct Contact {
    pub name: String,
    pub title: String,
    /// An index into the companies.
    pub company: usize,
    pub since: Timestamp,
}

/// A lead of the story; its record is `{name}`.
#[derive(Clone, Debug)]
pub struct Lead {
    pub name: String,
    pub title: String,
    pub owner: Option<&'static str>,
    pub since: Timestamp,
    /// When it was converted into `{name.company}`, `{name.contact}` and `{name.deal}`.
    pub converted: Option<Timestamp>,
}

/// A deal of the story; its record is `{name}`.
#[derive(Clone, Debug)]
pub struct Deal {
    pub name: String,
    pub title: String,
    pub owner: &'static str,
    /// An index into the companies; `None` for a converted lead's.
    pub company: Option<usize>,
    pub since: Timestamp,
    /// When it was won.
    pub won: Option<Timestamp>,
    pub open: bool,
    /// What it consists of: an index into the products, quantity, discount in percent.
    pub basket: Vec<(usize, i64, i64)>,
}

/// The plan in the making.
pub struct Story {
    seed: u64,
    random: ChaCha12Rng,
    now: Zoned,
    by: String,
    moment: Timestamp,
    acts: Vec<Act>,
    /// The organization's own mail domain.
    pub domain: String,
    pub cast: Cast,
}

impl Story {
    /// A story that ends now.
    pub fn new(seed: u64, now: Zoned, slug: &str) -> Story {
        Story {
            seed,
            random: ChaCha12Rng::seed_from_u64(seed),
            moment: now.timestamp(),
            now,
            by: String::new(),
            acts: Vec::new(),
            domain: format!("{slug}.example"),
            cast: Cast::default(),
        }
    }

    /// Begins an area: what it draws depends on the seed and its name alone.
    pub fn begin(&mut self, area: &str) {
        // FNV-1a: the same on every machine and in every version.
        let mark = area.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        self.random = ChaCha12Rng::seed_from_u64(self.seed ^ mark);
    }

    /// The last day of the story.
    pub fn today(&self) -> Date {
        self.now.date()
    }

    /// Who acts from here on, and when: never later than the story's end.
    pub fn at(&mut self, by: &str, moment: Timestamp) {
        by.clone_into(&mut self.by);
        self.moment = moment.min(self.latest());
    }

    /// The moment of the acts that are planned now.
    pub fn moment(&self) -> Timestamp {
        self.moment
    }

    /// When the story ends.
    pub fn end(&self) -> Timestamp {
        self.now.timestamp()
    }

    fn latest(&self) -> Timestamp {
        self.now
            .timestamp()
            .checked_sub(2.minutes())
            .unwrap_or(self.moment)
    }

    /// Makes a record.
    pub fn create(&mut self, entity: &'static Entity, name: impl Into<String>, body: Json) {
        self.push(What::Create(entity), name.into(), body);
    }

    /// Changes the record of this name.
    pub fn change(&mut self, entity: &'static Entity, name: impl Into<String>, body: Json) {
        self.push(What::Change(entity), name.into(), body);
    }

    /// Lets a rule act; what it makes is named after `name`.
    pub fn rule(&mut self, rule: Rule, name: impl Into<String>, arguments: Json) {
        self.push(What::Rule(rule), name.into(), arguments);
    }

    /// Lets the people who were made so far in.
    pub fn admit(&mut self) {
        self.push(What::Admit, "admission".to_owned(), json!({}));
    }

    fn push(&mut self, what: What, name: String, body: Json) {
        self.acts.push(Act {
            moment: self.moment,
            by: self.by.clone(),
            name,
            what,
            body,
        });
    }

    /// A day, so many days from today; negative: ago.
    pub fn day(&self, days: i64) -> Date {
        self.today()
            .checked_add(Span::new().days(days))
            .unwrap_or(self.today())
    }

    /// Some day from so many days from today to so many.
    pub fn drawn_day(&mut self, low: i64, high: i64) -> Date {
        let days = self.number(low, high);
        self.day(days)
    }

    /// A clock time of a day.
    pub fn clock(&self, day: Date, hour: i8, minute: i8) -> Timestamp {
        let time = Time::new(hour, minute, 0, 0).unwrap_or(Time::midnight());
        day.to_datetime(time)
            .to_zoned(self.now.time_zone().clone())
            .map_or(self.moment, |zoned| zoned.timestamp())
    }

    /// Some moment in the working hours of the working day at or before so many days ago.
    pub fn workday(&mut self, days_ago: i64) -> Timestamp {
        let day = working(self.day(-days_ago), -1);
        let (hour, minute, second) = (self.number(8, 16), self.number(0, 59), self.number(1, 59));
        let moment = self.clock(day, small(hour), small(minute));
        moment.checked_add(second.seconds()).unwrap_or(moment)
    }

    /// Some moment in working hours so many days after another; `None` when that has not come yet.
    pub fn after(&mut self, from: Timestamp, days: i64) -> Option<Timestamp> {
        let zone = self.now.time_zone().clone();
        let day = from
            .to_zoned(zone)
            .date()
            .checked_add(Span::new().days(days))
            .ok()?;
        let day = working(day, 1);
        let (hour, minute) = (self.number(8, 16), self.number(0, 59));
        let moment = self.clock(day, small(hour), small(minute));
        let moment = moment.max(from.checked_add(5.minutes()).ok()?);
        (moment < self.latest()).then_some(moment)
    }

    /// The day of a moment.
    pub fn day_of(&self, moment: Timestamp) -> Date {
        moment.to_zoned(self.now.time_zone().clone()).date()
    }

    /// A number from `low` to `high`, both possible.
    pub fn number(&mut self, low: i64, high: i64) -> i64 {
        self.random.random_range(low..=high.max(low))
    }

    /// Whether something of this likelihood in percent happens.
    pub fn chance(&mut self, percent: i64) -> bool {
        self.number(1, 100) <= percent
    }

    /// One of several.
    pub fn pick<T: Copy>(&mut self, from: &[T]) -> Option<T> {
        if from.is_empty() {
            return None;
        }
        let index = self.random.random_range(0..from.len());
        from.get(index).copied()
    }

    /// One of several texts; empty when there are none.
    pub fn word(&mut self, from: &[&'static str]) -> &'static str {
        self.pick(from).unwrap_or_default()
    }

    /// The acts in the order in which they happen; what was planned first comes first at the same moment.
    pub fn into_acts(self) -> Vec<Act> {
        let mut acts = self.acts;
        acts.sort_by_key(|act| act.moment);
        acts
    }
}

/// The working day at this day or the next in the direction.
fn working(day: Date, direction: i64) -> Date {
    let mut day = day;
    while matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday) {
        day = day
            .checked_add(Span::new().days(direction))
            .unwrap_or(Date::constant(2000, 1, 3));
    }
    day
}

fn small(number: i64) -> i8 {
    i8::try_from(number).unwrap_or(12)
}
