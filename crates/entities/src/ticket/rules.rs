//! What a new ticket must say, and what is filled in for it.

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use kith_catalogue::access::{Action, Scope};
use kith_catalogue::fault::{Fault, Faults};
use kith_engine::{Batch, Caller, Change, Draft, EngineError, Rules};
use kith_store::{Statement, StoreError};
use uuid::Uuid;

use super::{
    ASSIGNED_TO, CLOSED_AT, COMPANY, DESCRIPTION, FIRST_RESPONDED_AT, OPENED_AT, RESOLVED_AT,
    STATUS, SUBJECT, TICKET,
};

/// Rules of tickets.
pub struct TicketRules;

impl Rules for TicketRules {
    fn prepare<'a>(&'a self, batch: Batch<'a>) -> BoxFuture<'a, Result<(), EngineError>> {
        prepare(batch).boxed()
    }

    fn check(&self, change: &Change<Draft>, faults: &mut Faults) {
        if !change.is_new() {
            return;
        }
        let status = change.get(STATUS).unwrap_or_default();
        for (given, column, name, allowed) in [
            (
                change.gives(RESOLVED_AT),
                RESOLVED_AT,
                "resolved_at",
                &["resolved", "closed"][..],
            ),
            (
                change.gives(CLOSED_AT),
                CLOSED_AT,
                "closed_at",
                &["closed"][..],
            ),
        ] {
            if given && change.get(column).is_some() && !allowed.contains(&status.as_str()) {
                let message = format!("goes with the status {} alone", allowed.join(" or "));
                faults.push(Fault::new("rule", message).at(name));
            }
        }
        let opened = change.get(OPENED_AT);
        for (column, name) in [
            (FIRST_RESPONDED_AT, "first_responded_at"),
            (RESOLVED_AT, "resolved_at"),
            (CLOSED_AT, "closed_at"),
        ] {
            if let (Some(opened), Some(after)) = (opened, change.get(column))
                && after < opened
            {
                faults
                    .push(Fault::new("rule", "must not be before the ticket was opened").at(name));
            }
        }
        if let (Some(resolved), Some(closed)) = (change.get(RESOLVED_AT), change.get(CLOSED_AT))
            && closed < resolved
        {
            faults.push(
                Fault::new("rule", "must not be before the ticket was resolved").at("closed_at"),
            );
        }
    }
}

/// Whether the caller is of the customer's side: whoever may not read what we say among ourselves.
fn is_customer(caller: &Caller) -> bool {
    !caller.grants.allows("internal_comments", Action::Read)
}

/// A subject for a ticket that has only a description; whose it is, for those who see their own alone; the
/// company of a customer who belongs to one.
async fn prepare(batch: Batch<'_>) -> Result<(), EngineError> {
    let customer = is_customer(batch.caller);
    let own_alone = matches!(
        batch.caller.grants.scope(TICKET.resource, Action::Read),
        Some(Scope::Assigned | Scope::Team)
    );
    let companyless = |change: &Change<Draft>| change.is_new() && change.get(COMPANY).is_none();
    let mut company = None;
    if customer && batch.changes.iter().any(companyless) {
        let statement = Statement::new("SELECT my_company_ids()");
        let row = batch.tx.query_one(&statement).await?;
        let mine: Vec<Uuid> = row.try_get(0).map_err(StoreError::from)?;
        company = match mine.as_slice() {
            [only] => Some(*only),
            _ => None,
        };
    }
    let me = batch.caller.principal.user_id;
    for change in batch.changes.iter_mut().filter(|change| change.is_new()) {
        if change.get(SUBJECT).is_none()
            && let Some(subject) = change.get(DESCRIPTION).as_deref().and_then(first_line)
        {
            change.set(SUBJECT, subject);
        }
        if own_alone && !customer && !change.gives(ASSIGNED_TO) {
            change.set(ASSIGNED_TO, me);
        }
        if let Some(company) = company
            && companyless(change)
        {
            change.set(COMPANY, company);
        }
    }
    Ok(())
}

/// The first line that says something, as long as a subject should be.
fn first_line(description: &str) -> Option<String> {
    const LONGEST: usize = 100;
    let line = description
        .lines()
        .map(str::trim)
        .find(|line| !line.is_empty())?;
    let mut subject: String = line.chars().take(LONGEST).collect();
    if subject.len() < line.len() {
        subject.push('…');
    }
    Some(subject)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subject_is_the_first_line_that_says_something() {
        assert_eq!(
            first_line("\n  \n It broke. \nBadly").as_deref(),
            Some("It broke.")
        );
        assert_eq!(first_line(" \n"), None);
        let long = first_line(&"é".repeat(300)).unwrap();
        assert_eq!(long.chars().count(), 101);
        assert!(long.ends_with('…'));
    }
}
