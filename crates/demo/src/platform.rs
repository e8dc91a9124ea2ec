//! What stands behind the records: files about them, what happens by itself, and who is told from outside.

use futures_util::FutureExt;
use kith_engine::EngineError;
use kith_entities::automation::AUTOMATION;
use kith_entities::document::{self, Attachment};
use kith_entities::webhook::WEBHOOK_ENDPOINT;
use serde_json::{Value as Json, json};
use uuid::Uuid;

use crate::people::{MANAGER, OWNER};
use crate::story::{Rule, Story, Turn};

/// Attaches a text to a record.
const ATTACH: Rule = Rule {
    name: "attach a file",
    run: |turn, arguments| attach(turn, arguments).boxed(),
};

/// Documents: the record's kind, the file's name, what is in it.
const FILES: &[(&str, &str, &str)] = &[
    (
        "company",
        "Framework agreement 2026.txt",
        "Framework agreement\n\nBetween the parties, for design and development, from January to December. Daily rate as offered; thirty days to pay.\n",
    ),
    (
        "company",
        "Brand colours.svg",
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"90\" height=\"30\"><rect width=\"30\" height=\"30\" fill=\"#2f5d50\"/><rect x=\"30\" width=\"30\" height=\"30\" fill=\"#e9c46a\"/><rect x=\"60\" width=\"30\" height=\"30\" fill=\"#264653\"/></svg>\n",
    ),
    (
        "deal",
        "Briefing.md",
        "# Briefing\n\n- A new shop in three languages\n- Photographs by us, texts by the customer\n- Online before the spring fair\n",
    ),
    (
        "deal",
        "Questions after the first call.txt",
        "Who decides? Who pays? Which system do they use for stock?\n",
    ),
];

async fn attach(turn: &Turn<'_>, arguments: Json) -> Result<Json, EngineError> {
    let text = |name: &str| {
        arguments
            .get(name)
            .and_then(Json::as_str)
            .unwrap_or_default()
    };
    let subject = Uuid::try_parse(text("subject")).map_err(|_| EngineError::NotFound)?;
    let file = document::begin_file(turn.tx, "content", turn.caller.now.timestamp()).await?;
    let stored = turn
        .storage
        .put(
            turn.caller.principal.organization_id,
            file,
            text("content").to_owned().into(),
        )
        .await
        .map_err(|error| EngineError::Malformed(error.to_string()))?;
    document::finish_file(
        turn.tx,
        file,
        stored.size,
        stored.checksum,
        stored.mime_type,
        None,
    )
    .await?;
    let to = Attachment {
        subject_type: text("kind").to_owned(),
        subject_id: subject,
        file_name: document::file_name(text("name")),
        description: None,
    };
    let made = document::attach(turn.engine, turn.tx, turn.caller, &to, file).await?;
    Ok(json!({"document": made.id}))
}

pub(crate) fn plan(story: &mut Story) {
    story.begin("platform");
    let companies: Vec<String> = story
        .cast
        .companies
        .iter()
        .take(6)
        .map(|one| one.name.clone())
        .collect();
    let deals: Vec<String> = story
        .cast
        .deals
        .iter()
        .take(6)
        .map(|one| one.name.clone())
        .collect();
    for (number, name) in (0_i64..).zip(companies.iter().chain(&deals)) {
        let kind = if companies.contains(name) {
            "company"
        } else {
            "deal"
        };
        for (position, (_, file, content)) in
            (0_i64..).zip(FILES.iter().filter(|(of, _, _)| *of == kind))
        {
            // Not everybody has sent everything.
            if (number + position) % 3 == 2 {
                continue;
            }
            let moment = story.workday(3 + number * 2);
            story.at(MANAGER, moment);
            story.rule(
                ATTACH,
                format!("{name}.file-{position}"),
                json!({"kind": kind, "subject": format!("{{{name}}}"), "name": file, "content": content}),
            );
        }
    }
    let moment = story.workday(45);
    story.at(OWNER, moment);
    story.create(
        &WEBHOOK_ENDPOINT,
        "bookkeeping",
        json!({
            "name": "Bookkeeping", "url": "https://hooks.larkspur-studio.example/kith", "status": "paused",
            "events": ["invoice.*", "payment.*"], "description": "Paused until the new bookkeeping is in place.",
        }),
    );
    story.create(
        &AUTOMATION,
        "big-deals",
        json!({
            "name": "Look at big deals", "description": "Helena wants to see every deal above 25,000.", "is_active": false,
            "trigger_entity": "deal", "trigger_event": "updated", "trigger_fields": ["amount", "stage_id"],
            "conditions": {"and": [{"field": "amount", "op": "gte", "value": "25000"}]},
            "actions": [{"do": "notify", "users": ["owner_id"], "title": "A big deal has moved"}],
        }),
    );
    story.create(
        &AUTOMATION,
        "welcome",
        json!({
            "name": "Call new customers", "is_active": false,
            "trigger_entity": "company", "trigger_event": "created", "trigger_fields": [],
            "actions": [{"do": "create", "entity": "task", "set": {"title": "Welcome call", "type": "call", "priority": "high"}}],
        }),
    );
}
