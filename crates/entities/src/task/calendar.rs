//! A person's open tasks as a calendar (RFC 5545), at a secret address that needs no sign-in.
//!
//! What is due is an event, so that every calendar shows it, and what has no date a to-do; whoever's calendar
//! knows to-dos may have all as such. Row security decides what the person sees at the moment of reading.

use calcard::common::PartialDateTime;
use calcard::icalendar::{
    ICalendar, ICalendarAction, ICalendarComponent, ICalendarComponentType, ICalendarDuration,
    ICalendarParameter, ICalendarProperty, ICalendarStatus, ICalendarTransparency, ICalendarValue,
};
use jiff::civil::DateTime;
use jiff::tz::{Dst, TimeZone};
use jiff::{Timestamp, ToSpan};
use kith_engine::EngineError;
use kith_store::types::Type;
use kith_store::{Database, Origin, Principal, Row, Statement, SystemTx, Tx};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use uuid::Uuid;

use super::recurrence;

/// Tasks in a calendar.
const MOST: i32 = 2_000;
/// Hours that a task takes when nobody has estimated it.
const USUAL_MINUTES: u32 = 30;

/// Whose calendar is read.
#[derive(Clone, Debug)]
pub struct Reader {
    pub principal: Principal,
    pub zone: TimeZone,
    /// What the calendar is called.
    pub name: String,
}

/// How tasks are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Form {
    #[default]
    Events,
    Todos,
}

/// Whose calendar a secret opens; `None` for a secret that opens none, any more.
///
/// # Errors
/// What the database says.
pub async fn reader(database: &Database, hash: Vec<u8>) -> Result<Option<Reader>, EngineError> {
    let tx = SystemTx::begin(database, None, &Origin::new("calendar")).await?;
    let statement = Statement::new(
        "SELECT organization_id, user_id, timezone, organization_name FROM calendar_reader($1)",
    )
    .with(hash, Type::BYTEA);
    let rows = tx
        .commit_with(&[statement])
        .await?
        .pop()
        .unwrap_or_default();
    let Some(row) = rows.first() else {
        return Ok(None);
    };
    let zone: String = row.try_get(2)?;
    let organization: String = row.try_get(3)?;
    Ok(Some(Reader {
        principal: Principal::user(row.try_get(0)?, row.try_get(1)?),
        zone: TimeZone::get(&zone).unwrap_or(TimeZone::UTC),
        name: format!("{organization}: tasks"),
    }))
}

/// When one's own address was made; `None` without one.
///
/// # Errors
/// What the database says.
pub async fn own_feed(
    database: &Database,
    principal: &Principal,
) -> Result<Option<Timestamp>, EngineError> {
    let statement = Statement::new("SELECT calendar_feed()");
    let rows = database
        .read(principal, &[statement])
        .await?
        .pop()
        .unwrap_or_default();
    Ok(match rows.first() {
        Some(row) => row.try_get(0)?,
        None => None,
    })
}

/// Makes one's own address anew; the one before is dead at once.
///
/// # Errors
/// 403 for an API key that may not manage the account of its user.
pub async fn renew_feed(tx: &Tx, hash: Vec<u8>) -> Result<Timestamp, EngineError> {
    let statement = Statement::new("SELECT create_calendar_feed($1)").with(hash, Type::BYTEA);
    Ok(tx.query_one(&statement).await?.try_get(0)?)
}

/// Revokes one's own address. False when there was none.
///
/// # Errors
/// 403 for an API key that may not manage the account of its user.
pub async fn revoke_feed(tx: &Tx) -> Result<bool, EngineError> {
    let statement = Statement::new("SELECT revoke_calendar_feed()");
    Ok(tx.query_one(&statement).await?.try_get(0)?)
}

/// The calendar of a reader's open tasks. The same tasks make the same text.
///
/// # Errors
/// What the database says.
pub async fn calendar(
    database: &Database,
    reader: &Reader,
    form: Form,
) -> Result<String, EngineError> {
    let statement = Statement::new(
        "SELECT t.id, t.title, t.description, t.status, t.priority, t.due_at, t.reminder_at, t.recurrence, t.estimated_hours, \
           t.created_at, t.updated_at, t.version, t.type \
         FROM tasks t WHERE t.assigned_to_id = current_user_id() AND t.deleted_at IS NULL AND t.status IN ('todo', 'in_progress', 'review') \
         ORDER BY t.due_at, t.id LIMIT $1",
    )
    .with(MOST, Type::INT4);
    let rows = database
        .read(&reader.principal, &[statement])
        .await?
        .pop()
        .unwrap_or_default();
    let tasks: Vec<Task> = rows.iter().map(Task::read).collect::<Result<_, _>>()?;
    Ok(write(&tasks, &reader.zone, &reader.name, form))
}

struct Task {
    id: Uuid,
    title: String,
    description: Option<String>,
    status: String,
    priority: String,
    due: Option<Timestamp>,
    reminder: Option<Timestamp>,
    recurrence: Option<String>,
    hours: Option<Decimal>,
    created: Timestamp,
    updated: Timestamp,
    version: i64,
    kind: String,
}

impl Task {
    fn read(row: &Row) -> Result<Task, EngineError> {
        Ok(Task {
            id: row.try_get(0)?,
            title: row.try_get(1)?,
            description: row.try_get(2)?,
            status: row.try_get(3)?,
            priority: row.try_get(4)?,
            due: row.try_get(5)?,
            reminder: row.try_get(6)?,
            recurrence: row.try_get(7)?,
            hours: row.try_get(8)?,
            created: row.try_get(9)?,
            updated: row.try_get(10)?,
            version: row.try_get(11)?,
            kind: row.try_get(12)?,
        })
    }
}

fn write(tasks: &[Task], zone: &TimeZone, name: &str, form: Form) -> String {
    let mut calendar = ICalendar {
        components: vec![ICalendarComponent::new(ICalendarComponentType::VCalendar)],
    };
    let mut head = ICalendarComponent::new(ICalendarComponentType::VCalendar);
    head.add_property(ICalendarProperty::Version, "2.0");
    head.add_property(ICalendarProperty::Prodid, "-//Kith//Tasks//EN");
    head.add_property(ICalendarProperty::Other("X-WR-CALNAME".to_owned()), name);
    head.add_property(ICalendarProperty::Name, name);
    let zone = Zone::of(zone);
    if let Some((first, last)) = span(tasks) {
        zone.describe(&mut calendar, &mut head, first, last);
    }
    for task in tasks {
        let (component, alarm) = task.component(&zone, form);
        let place = add(&mut calendar, &mut head, component);
        if let Some(alarm) = alarm {
            let inner = index(&calendar);
            calendar.components.push(alarm);
            if let Some(task) = calendar.components.get_mut(place) {
                task.component_ids.push(inner);
            }
        }
    }
    if let Some(first) = calendar.components.first_mut() {
        *first = head;
    }
    calendar.to_string()
}

fn index(calendar: &ICalendar) -> u32 {
    u32::try_from(calendar.components.len()).unwrap_or(u32::MAX)
}

/// Puts a component into the calendar; answers its place.
fn add(
    calendar: &mut ICalendar,
    head: &mut ICalendarComponent,
    component: ICalendarComponent,
) -> usize {
    head.component_ids.push(index(calendar));
    calendar.components.push(component);
    calendar.components.len() - 1
}

/// The first and the last moment that is due.
fn span(tasks: &[Task]) -> Option<(Timestamp, Timestamp)> {
    let due = || tasks.iter().filter_map(|task| task.due);
    due().min().zip(due().max())
}

impl Task {
    fn component(
        &self,
        zone: &Zone,
        form: Form,
    ) -> (ICalendarComponent, Option<ICalendarComponent>) {
        let event = form == Form::Events && self.due.is_some();
        let mut made = ICalendarComponent::new(if event {
            ICalendarComponentType::VEvent
        } else {
            ICalendarComponentType::VTodo
        });
        made.add_uid(&format!("{}@kith", self.id));
        made.add_dtstamp(utc(self.updated));
        made.add_property(ICalendarProperty::Created, utc(self.created));
        made.add_property(ICalendarProperty::LastModified, utc(self.updated));
        made.add_sequence(self.version - 1);
        made.add_property(ICalendarProperty::Summary, self.title.as_str());
        if let Some(description) = &self.description {
            made.add_property(ICalendarProperty::Description, description.as_str());
        }
        made.add_property(ICalendarProperty::Categories, self.kind.as_str());
        // 1 is the highest, 9 the lowest.
        let priority: i64 = match self.priority.as_str() {
            "urgent" => 1,
            "high" => 3,
            "low" => 9,
            _ => 5,
        };
        made.add_property(ICalendarProperty::Priority, priority);
        if let Some(due) = self.due {
            zone.add_time(&mut made, ICalendarProperty::Dtstart, due);
            if event {
                made.add_property(ICalendarProperty::Duration, self.length());
                made.add_property(
                    ICalendarProperty::Transp,
                    ICalendarTransparency::Transparent,
                );
            } else {
                let end = due
                    .checked_add(i64::from(self.minutes()).minutes())
                    .unwrap_or(due);
                zone.add_time(&mut made, ICalendarProperty::Due, end);
            }
            if let Some(rule) = self
                .recurrence
                .as_deref()
                .and_then(|rule| recurrence::for_calendars(rule, &zone.zone))
            {
                made.add_property(ICalendarProperty::Rrule, ICalendarValue::Text(rule));
            }
        }
        if !event {
            let status = match self.status.as_str() {
                "todo" => ICalendarStatus::NeedsAction,
                _ => ICalendarStatus::InProcess,
            };
            made.add_property(ICalendarProperty::Status, status);
        }
        (made, self.alarm())
    }

    fn minutes(&self) -> u32 {
        self.hours
            .and_then(|hours| (hours * Decimal::from(60)).round().to_u32())
            .filter(|minutes| (1..=24 * 60).contains(minutes))
            .unwrap_or(USUAL_MINUTES)
    }

    fn length(&self) -> ICalendarDuration {
        let minutes = self.minutes();
        ICalendarDuration {
            hours: minutes / 60,
            minutes: minutes % 60,
            ..ICalendarDuration::default()
        }
    }

    /// The reminder, as far ahead of the due time as it is.
    fn alarm(&self) -> Option<ICalendarComponent> {
        let ahead = self.due?.as_second() - self.reminder?.as_second();
        let seconds = u32::try_from(ahead.unsigned_abs()).ok()?;
        let mut alarm = ICalendarComponent::new(ICalendarComponentType::VAlarm);
        alarm.add_property(ICalendarProperty::Action, ICalendarAction::Display);
        alarm.add_property(ICalendarProperty::Description, self.title.as_str());
        alarm.add_property(
            ICalendarProperty::Trigger,
            ICalendarDuration {
                neg: ahead > 0,
                days: seconds / 86_400,
                hours: seconds % 86_400 / 3_600,
                minutes: seconds % 3_600 / 60,
                seconds: seconds % 60,
                weeks: 0,
            },
        );
        Some(alarm)
    }
}

/// The zone in which times are written: repeating tasks keep their hour over changes of the clocks.
struct Zone {
    zone: TimeZone,
    name: Option<String>,
}

impl Zone {
    fn of(zone: &TimeZone) -> Zone {
        Zone {
            zone: zone.clone(),
            name: zone
                .iana_name()
                .filter(|name| *name != "UTC" && *name != "Etc/UTC")
                .map(str::to_owned),
        }
    }

    fn add_time(
        &self,
        component: &mut ICalendarComponent,
        property: ICalendarProperty,
        moment: Timestamp,
    ) {
        match &self.name {
            None => component.add_property(property, utc(moment)),
            Some(name) => component.add_property_with_params(
                property,
                [ICalendarParameter::tzid(name.clone())],
                local(self.zone.to_datetime(moment)),
            ),
        }
    }

    /// What clocks show in this zone from before the first task until well after the last.
    fn describe(
        &self,
        calendar: &mut ICalendar,
        head: &mut ICalendarComponent,
        first: Timestamp,
        last: Timestamp,
    ) {
        let Some(name) = &self.name else { return };
        let mut component = ICalendarComponent::new(ICalendarComponentType::VTimezone);
        component.add_property(ICalendarProperty::Tzid, name.as_str());
        let place = add(calendar, head, component);
        let begin = first.saturating_sub((366 * 24).hours()).unwrap_or(first);
        let end = last.saturating_add((5 * 366 * 24).hours()).unwrap_or(last);
        let before = self.zone.to_offset_info(begin);
        let mut offset = before.offset();
        let mut observances = vec![(
            DateTime::constant(1970, 1, 1, 0, 0, 0, 0),
            offset,
            offset,
            before.abbreviation().to_owned(),
            before.dst(),
        )];
        for change in self
            .zone
            .following(begin)
            .take_while(|change| change.timestamp() <= end)
        {
            observances.push((
                offset.to_datetime(change.timestamp()),
                offset,
                change.offset(),
                change.abbreviation().to_owned(),
                change.dst(),
            ));
            offset = change.offset();
        }
        for (start, from, to, name, dst) in observances {
            let mut observance = ICalendarComponent::new(if dst == Dst::Yes {
                ICalendarComponentType::Daylight
            } else {
                ICalendarComponentType::Standard
            });
            observance.add_property(ICalendarProperty::Dtstart, local(start));
            observance.add_property(ICalendarProperty::Tzoffsetfrom, shift(from.seconds()));
            observance.add_property(ICalendarProperty::Tzoffsetto, shift(to.seconds()));
            observance.add_property(ICalendarProperty::Tzname, name.as_str());
            let inner = index(calendar);
            calendar.components.push(observance);
            if let Some(zone) = calendar.components.get_mut(place) {
                zone.component_ids.push(inner);
            }
        }
    }
}

fn utc(moment: Timestamp) -> PartialDateTime {
    PartialDateTime {
        tz_hour: Some(0),
        tz_minute: Some(0),
        ..local(TimeZone::UTC.to_datetime(moment))
    }
}

fn local(time: DateTime) -> PartialDateTime {
    PartialDateTime {
        year: Some(time.year().unsigned_abs()),
        month: Some(time.month().unsigned_abs()),
        day: Some(time.day().unsigned_abs()),
        hour: Some(time.hour().unsigned_abs()),
        minute: Some(time.minute().unsigned_abs()),
        second: Some(time.second().unsigned_abs()),
        tz_hour: None,
        tz_minute: None,
        tz_minus: false,
    }
}

/// A shift from UTC.
fn shift(seconds: i32) -> PartialDateTime {
    let minutes = seconds.unsigned_abs() / 60;
    PartialDateTime {
        tz_hour: u8::try_from(minutes / 60).ok(),
        tz_minute: u8::try_from(minutes % 60).ok(),
        tz_minus: seconds < 0,
        ..PartialDateTime::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn task(due: Option<&str>) -> Task {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        Task {
            id: Uuid::from_u128(7),
            title: "Call Ada; then Bob, \\ and \u{1F600}".to_owned(),
            description: Some("Line one\nline two, ".repeat(20)),
            status: "todo".to_owned(),
            priority: "high".to_owned(),
            due: due.map(at),
            reminder: due.map(|due| at(due).checked_sub(90.minutes()).unwrap()),
            recurrence: Some("FREQ=WEEKLY;UNTIL=20270101;BYDAY=FR".to_owned()),
            hours: Some(Decimal::new(15, 1)),
            created: at("2026-11-01T08:00:00Z"),
            updated: at("2026-11-02T08:00:00Z"),
            version: 3,
            kind: "call".to_owned(),
        }
    }

    #[test]
    fn a_task_is_read_back_as_it_was_written() {
        let berlin = TimeZone::get("Europe/Berlin").unwrap();
        let tasks = [task(Some("2026-11-27T08:00:00Z")), task(None)];
        let text = write(&tasks, &berlin, "Acme: tasks", Form::Events);
        for part in [
            "DTSTART;TZID=Europe/Berlin:20261127T090000\r\n",
            "DURATION:PT1H30M\r\n",
            "RRULE:FREQ=WEEKLY;UNTIL=20270101T225959Z;BYDAY=FR\r\n",
            "TRIGGER:-PT1H30M\r\n",
            "SUMMARY:Call Ada\\; then Bob\\, \\\\ and",
            "BEGIN:VTIMEZONE\r\n",
            "TZOFFSETFROM:+0100\r\n",
            "TZOFFSETTO:+0200\r\n",
            "STATUS:NEEDS-ACTION\r\n",
            "SEQUENCE:2\r\n",
        ] {
            assert!(text.contains(part), "{part} is not in\n{text}");
        }
        assert!(text.lines().all(|line| line.len() <= 76), "{text}");
        let read = ICalendar::parse(&text).unwrap();
        assert_eq!(read.to_string(), text);
        assert_eq!(write(&tasks, &berlin, "Acme: tasks", Form::Events), text);
    }

    #[test]
    fn all_may_be_todos_and_utc_needs_no_zone() {
        let tasks = [task(Some("2026-11-27T08:00:00Z"))];
        let text = write(&tasks, &TimeZone::UTC, "Acme", Form::Todos);
        assert!(
            text.contains("BEGIN:VTODO") && !text.contains("VEVENT"),
            "{text}"
        );
        assert!(
            text.contains("DUE:20261127T093000Z") && !text.contains("VTIMEZONE"),
            "{text}"
        );
        let empty = write(&[], &TimeZone::UTC, "Acme", Form::Events);
        assert!(ICalendar::parse(&empty).is_ok(), "{empty}");
    }
}
