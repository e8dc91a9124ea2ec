//! Which company and contact a lead already is: found by domain, address, number and name, so that its
//! conversion makes no second one.

use kith_catalogue::access::Action;
use kith_engine::{Caller, Deleted, Engine, EngineError};
use kith_store::types::Type;
use kith_store::{Row, Statement, Tx};
use serde_json::{Value as Json, json};
use uuid::Uuid;

use super::{CONVERTED, LEAD};

/// Providers whose domain says nothing about a firm.
const FREE_MAIL: &[&str] = &[
    "gmail.com",
    "googlemail.com",
    "outlook.com",
    "hotmail.com",
    "live.com",
    "msn.com",
    "yahoo.com",
    "yahoo.co.uk",
    "yahoo.de",
    "yahoo.fr",
    "ymail.com",
    "icloud.com",
    "me.com",
    "mac.com",
    "aol.com",
    "gmx.de",
    "gmx.net",
    "gmx.com",
    "gmx.at",
    "gmx.ch",
    "web.de",
    "t-online.de",
    "freenet.de",
    "proton.me",
    "protonmail.com",
    "pm.me",
    "mail.com",
    "mail.ru",
    "yandex.ru",
    "yandex.com",
    "qq.com",
    "163.com",
    "126.com",
    "orange.fr",
    "free.fr",
    "laposte.net",
    "libero.it",
    "zoho.com",
    "fastmail.com",
    "hey.com",
    "tutanota.com",
];

/// A record that a lead may be.
pub(super) struct Match {
    pub(super) id: Uuid,
    name: String,
    reason: String,
}

/// What was found for a lead, the best first.
pub(super) struct Matches {
    pub(super) companies: Vec<Match>,
    pub(super) contacts: Vec<Match>,
}

/// A member of a lead as JSON.
pub(super) fn text<'a>(lead: &'a Json, name: &str) -> Option<&'a str> {
    lead.get(name)
        .and_then(Json::as_str)
        .filter(|text| !text.is_empty())
}

/// The domain of a lead's firm: of its website, or of its address unless a free provider's.
pub(super) fn domain(lead: &Json) -> Option<String> {
    let website = text(lead, "website").and_then(|website| {
        let rest = website.split_once("://")?.1.to_lowercase();
        let host = rest.split(['/', ':', '?', '#']).next()?;
        Some(host.strip_prefix("www.").unwrap_or(host).to_owned())
    });
    website.or_else(|| {
        let domain = text(lead, "email")?.rsplit_once('@')?.1;
        (!FREE_MAIL.contains(&domain)).then(|| domain.to_owned())
    })
}

/// The two statements that look for what a lead already is. Row security shows what the caller may see.
fn statements(lead: &Json) -> [Statement; 2] {
    let optional = |name: &str| text(lead, name).map(str::to_owned);
    let contacts = Statement::new(
        "SELECT c.id, c.full_name, 'email', 1 FROM contacts c WHERE c.deleted_at IS NULL AND c.email = $1 \
         UNION ALL (SELECT c.id, c.full_name, 'phone', 2 FROM contacts c \
         WHERE c.deleted_at IS NULL AND $2::text IS NOT NULL AND c.id IN (SELECT text_candidates('contacts', $2)) \
         AND (c.phone = $2 OR c.mobile = $2) LIMIT 5) ORDER BY 4",
    )
    .with(optional("email"), Type::TEXT)
    .with(optional("phone"), Type::TEXT);
    let companies = Statement::new(
        "SELECT c.id, c.name, 'contact', 1 FROM contacts p JOIN companies c ON c.organization_id = p.organization_id AND c.id = p.company_id \
         WHERE p.deleted_at IS NULL AND c.deleted_at IS NULL AND p.email = $1 \
         UNION ALL (SELECT c.id, c.name, 'domain', 2 FROM companies c WHERE c.deleted_at IS NULL AND c.domain_key = $2 ORDER BY c.id LIMIT 5) \
         UNION ALL (SELECT c.id, c.name, 'email', 3 FROM companies c WHERE c.deleted_at IS NULL AND c.email = $1 LIMIT 5) \
         UNION ALL (SELECT c.id, c.name, 'name', 4 FROM companies c WHERE c.deleted_at IS NULL AND char_length($3) >= 2 \
         AND c.id IN (SELECT text_candidates('companies', $3)) AND fold_text(c.name) = fold_text($3) LIMIT 5) ORDER BY 4",
    )
    .with(optional("email"), Type::TEXT)
    .with(domain(lead), Type::TEXT)
    .with(optional("company_name"), Type::TEXT);
    [contacts, companies]
}

fn matches(rows: &[Row]) -> Vec<Match> {
    let mut found: Vec<Match> = Vec::new();
    for row in rows {
        let (Ok(id), Ok(name), Ok(reason)) = (row.try_get(0), row.try_get(1), row.try_get(2))
        else {
            continue;
        };
        if !found.iter().any(|other| other.id == id) {
            found.push(Match { id, name, reason });
        }
    }
    found
}

/// What a lead already is, as its conversion sees it.
pub(super) async fn find(tx: &Tx, lead: &Json) -> Result<Matches, EngineError> {
    let mut answers = tx.query_many(&statements(lead)).await?;
    let companies = matches(&answers.pop().unwrap_or_default());
    let contacts = matches(&answers.pop().unwrap_or_default());
    Ok(Matches {
        companies,
        contacts,
    })
}

/// What hangs on the results of a conversion, in words.
pub(super) fn blockers(rows: &[Row]) -> Vec<String> {
    rows.iter().filter_map(|row| row.try_get(0).ok()).collect()
}

/// Asks what hangs on the results of a lead's conversion.
pub(super) fn blockers_of(lead: Uuid) -> Statement {
    Statement::new("SELECT blocker FROM conversion_blockers($1)").with(lead, Type::UUID)
}

/// `GET /leads/{id}/conversion`: what a conversion would do, or what it did and whether it can be undone.
///
/// # Errors
/// [`EngineError::NotFound`] for a lead that the caller may not see.
pub async fn suggestion(engine: &Engine, caller: &Caller, id: Uuid) -> Result<Json, EngineError> {
    caller.require(&LEAD, Action::Read)?;
    let record = kith_engine::get(engine, caller, &LEAD, id, &[], Deleted::No).await?;
    let lead: Json = serde_json::from_slice(&record.json)
        .map_err(|error| kith_store::StoreError::internal(error.to_string()))?;
    let converted = text(&lead, "status") == Some(CONVERTED);
    let [contacts, companies] = statements(&lead);
    let wanted = [
        contacts,
        companies,
        first_stage(),
        blockers_of(id),
        Statement::new("SELECT EXISTS (SELECT 1 FROM lead_conversions WHERE lead_id = $1)")
            .with(id, Type::UUID),
    ];
    let mut answers = engine
        .database
        .read(&caller.principal, &wanted)
        .await?
        .into_iter();
    let contacts = matches(&answers.next().unwrap_or_default());
    let companies = matches(&answers.next().unwrap_or_default());
    let stage = answers.next().unwrap_or_default();
    let blockers = blockers(&answers.next().unwrap_or_default());
    let here = answers
        .next()
        .unwrap_or_default()
        .first()
        .is_some_and(|row| row.try_get(0).unwrap_or(false));
    let stage = stage.first();
    Ok(json!({
        "converted": converted,
        "can_undo": converted && here && blockers.is_empty(),
        "blockers": blockers,
        "company": shown(&companies),
        "contact": shown(&contacts),
        "deal": {
            "name": deal_name(&lead),
            "pipeline_id": stage.and_then(|row| row.try_get::<_, Uuid>(0).ok()),
            "stage_id": stage.and_then(|row| row.try_get::<_, Uuid>(1).ok()),
            "amount": lead.get("estimated_value"),
            "currency": lead.get("currency"),
        },
    }))
}

/// The stage that a new deal begins in.
fn first_stage() -> Statement {
    Statement::new(
        "SELECT p.id, s.id FROM pipelines p JOIN stages s ON s.organization_id = p.organization_id AND s.pipeline_id = p.id \
         WHERE p.entity = 'deal' AND p.is_default ORDER BY NOT s.is_active, s.position, s.id LIMIT 1",
    )
}

fn shown(matches: &[Match]) -> Json {
    let list: Vec<Json> = matches
        .iter()
        .map(|found| json!({"id": found.id, "name": found.name, "reason": found.reason}))
        .collect();
    json!({"suggested": matches.first().map(|found| found.id), "matches": list})
}

/// What the deal of a lead is called when nobody says.
pub(super) fn deal_name(lead: &Json) -> String {
    text(lead, "company_name")
        .or_else(|| text(lead, "full_name"))
        .unwrap_or("Deal")
        .to_owned()
}

/// The stage that converted leads are in, of the lead's own pipeline.
pub(super) fn converted_stage(pipeline: &str) -> Statement {
    Statement::new(
        "SELECT id FROM stages WHERE pipeline_id = $1 AND lead_status = 'converted' ORDER BY NOT is_active, position, id LIMIT 1",
    )
    .with(Uuid::try_parse(pipeline).unwrap_or_default(), Type::UUID)
}

/// The stage that a lead goes back to: where it stood, or the first of its pipeline when that is gone.
pub(super) fn earlier_stage(pipeline: &str, stage: Uuid) -> Statement {
    Statement::new(
        "SELECT id FROM stages WHERE pipeline_id = $1 AND lead_status <> 'converted' ORDER BY id <> $2, NOT is_active, position, id LIMIT 1",
    )
    .with(Uuid::try_parse(pipeline).unwrap_or_default(), Type::UUID)
    .with(stage, Type::UUID)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_domain_is_the_firms() {
        let of = |lead: Json| domain(&lead);
        assert_eq!(
            of(json!({"website": "https://www.Acme.com/about", "email": "a@other.example"}))
                .as_deref(),
            Some("acme.com")
        );
        assert_eq!(
            of(json!({"email": "ada@acme.com"})).as_deref(),
            Some("acme.com")
        );
        assert_eq!(of(json!({"email": "ada@gmail.com"})), None);
        assert_eq!(of(json!({"website": "", "email": null})), None);
    }
}
