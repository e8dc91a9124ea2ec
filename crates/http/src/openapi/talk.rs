//! The addresses of campaigns, conversations, templates, channel accounts, forms and of leaving.

use serde_json::{Value as Json, json};

use super::{Operation, etag_header, parameter, schema};

fn id() -> Json {
    json!({"type": "string", "format": "uuid"})
}

fn ids() -> Json {
    json!({"type": "array", "maxItems": 1000, "items": id()})
}

fn text() -> Json {
    json!({"type": ["string", "null"]})
}

fn integer() -> Json {
    json!({"type": "integer", "minimum": 0})
}

/// An exact decimal as text; null where there is nothing to divide by, or nothing given.
fn decimal() -> Json {
    json!({"type": ["string", "null"], "pattern": "^-?[0-9]+(\\.[0-9]+)?$"})
}

fn object(names: &[&str], kind: fn() -> Json) -> Json {
    let properties: serde_json::Map<String, Json> = names
        .iter()
        .map(|name| ((*name).to_owned(), kind()))
        .collect();
    json!({"type": "object", "required": names, "properties": properties})
}

fn path_parameter(name: &str, description: &str) -> Json {
    json!({"name": name, "in": "path", "required": true, "description": description, "schema": {"type": "string"}})
}

pub(super) fn paths(add: &mut impl FnMut(&str, &str, Operation)) {
    campaigns(add);
    conversations(add);
    templates_and_accounts(add);
    forms(add);
    leaving(add);
}

fn campaigns(add: &mut impl FnMut(&str, &str, Operation)) {
    let tag = "Campaigns";
    let people = json!({"type": "object", "additionalProperties": false, "properties": {
        "contact_ids": ids(), "lead_ids": ids(),
        "contact_id": {"type": ["string", "null"], "format": "uuid"}, "lead_id": {"type": ["string", "null"], "format": "uuid"}}});
    let example = json!({"contact_ids": ["0191e0a5-7f5c-7000-8000-000000000001"]});
    add(
        "/campaigns/{id}/contacts",
        "post",
        Operation::new(tag, "addCampaignContacts", "Add contacts and leads to a campaign")
            .describe("All or none; whoever is a member already stays as they are. Whoever does not want to be written to is refused (409)")
            .takes([parameter("id"), parameter("idempotency_key")])
            .body_of("application/json", people, Some(example))
            .answers(201, "How many became members", Some(object(&["added", "already"], integer)), None)
            .fails(&[400, 401, 403, 404, 409, 413, 415, 422, 503]),
    );
    let members = json!({"type": "object", "required": ["data", "page"], "properties": {
        "data": {"type": "array", "items": schema("CampaignMember")}, "page": schema("Page")}});
    add(
        "/campaigns/{id}/contacts",
        "get",
        Operation::new(tag, "campaignContacts", "A campaign's members")
            .describe("Takes the parameters of the list of campaign members; include=contact,lead nests the people")
            .takes([parameter("id"), parameter("limit"), parameter("cursor")])
            .answers(200, "A page", Some(members), None)
            .fails(&[400, 401, 403, 404, 503]),
    );
    add(
        "/campaigns/{id}/contacts/{contact_id}",
        "delete",
        Operation::new(
            tag,
            "removeCampaignContact",
            "Take a contact out of a campaign",
        )
        .takes([
            parameter("id"),
            path_parameter("contact_id", "The contact's id"),
        ])
        .answers(204, "Removed", None, None)
        .fails(&[400, 401, 403, 404, 409, 503]),
    );
    let counts = [
        "matched",
        "already",
        "suppressed",
        "do_not_contact",
        "without_address",
        "added",
    ];
    let mut outcome = object(&counts, integer);
    if let Some(properties) = outcome.get_mut("properties").and_then(Json::as_object_mut) {
        properties.insert("dry_run".to_owned(), json!({"type": "boolean"}));
    }
    add(
        "/campaigns/{id}/members/from-audience",
        "post",
        Operation::new(tag, "addCampaignAudience", "Make everyone of a campaign's audience a member")
            .describe("Of those whom the caller may see; who is suppressed or does not want to be contacted is left out. With dry_run, counts only")
            .takes([parameter("id"), parameter("idempotency_key")])
            .body(json!({"type": "object", "additionalProperties": false, "properties": {"dry_run": {"type": "boolean", "default": false}}}))
            .answers(200, "Each of whom matched is in one of the counts", Some(outcome), None)
            .fails(&[400, 401, 403, 404, 409, 413, 415, 422, 503]),
    );
    let states = [
        "total",
        "pending",
        "sent",
        "delivered",
        "opened",
        "clicked",
        "bounced",
        "unsubscribed",
    ];
    let reached = [
        "sent",
        "delivered",
        "opened",
        "clicked",
        "bounced",
        "unsubscribed",
    ];
    let mut metrics = json!({"type": "object", "required": ["campaign_id", "members", "reached"], "properties": {
        "campaign_id": id(), "members": object(&states, integer), "reached": object(&reached, integer),
        "currency": {"type": "string"}, "goals": {"type": "object"},
        "external": {"type": "object", "description": "What other systems counted"}}});
    if let Some(properties) = metrics.get_mut("properties").and_then(Json::as_object_mut) {
        for name in [
            "open_rate",
            "click_rate",
            "bounce_rate",
            "unsubscribe_rate",
            "conversion_rate",
            "won_value",
            "budget",
            "actual_cost",
            "roi",
        ] {
            properties.insert(name.to_owned(), decimal());
        }
        for name in [
            "leads",
            "conversions",
            "won_deals",
            "won_deals_in_other_currencies",
        ] {
            properties.insert(name.to_owned(), integer());
        }
    }
    add(
        "/campaigns/{id}/metrics",
        "get",
        Operation::new(tag, "campaignMetrics", "What a campaign did")
            .describe("Opens and clicks are shares of what arrived, bounces and leavings of what was sent; the return is (won value - actual cost) / actual cost, over won deals in the campaign's currency")
            .takes([parameter("id")])
            .answers(200, "The figures", Some(metrics), None)
            .fails(&[400, 401, 403, 404, 503]),
    );
}

fn conversations(add: &mut impl FnMut(&str, &str, Operation)) {
    let tag = "Conversations";
    let view = json!({"name": "box", "in": "query", "schema": {"type": "string", "enum": ["mine", "unassigned", "all", "unread", "closed"], "default": "mine"}});
    let list = json!({"type": "object", "required": ["data", "page"], "properties": {
        "data": {"type": "array", "items": {"allOf": [schema("Conversation"), {"type": "object", "required": ["my_unread"], "properties": {"my_unread": integer()}}]}},
        "page": {"allOf": [schema("Page"), {"type": "object", "required": ["counts"], "properties": {"counts": object(&["mine", "unassigned", "all", "unread"], integer)}}]}}});
    add(
        "/conversations/inbox",
        "get",
        Operation::new(
            tag,
            "inbox",
            "Conversations by whose they are, with what one has not read",
        )
        .describe("Takes the parameters of the list of conversations besides")
        .takes([view, parameter("limit"), parameter("cursor")])
        .answers(200, "A page, the latest first", Some(list), None)
        .fails(&[400, 401, 403, 503]),
    );
    let message = json!({"type": "object", "additionalProperties": false, "properties": {
        "content": text(), "content_html": text(), "subject": text(),
        "message_type": {"type": ["string", "null"], "enum": ["email", "sms", "whatsapp", "call_note", "internal", null], "description": "The conversation's channel unless it is a note among ourselves"},
        "recipients": {"type": ["object", "null"]}, "reply_to_id": {"type": ["string", "null"], "format": "uuid"},
        "attachments": {"type": ["array", "null"], "items": {"type": "object"}}, "metadata": {"type": ["object", "null"]},
        "template_id": {"type": ["string", "null"], "format": "uuid", "description": "An e-mail template to fill in instead"},
        "variables": {"type": "object", "description": "The template's own"}}});
    add(
        "/conversations/{id}/messages",
        "post",
        Operation::new(tag, "sendMessage", "Write in a conversation")
            .describe("What goes out is stored as queued. Who answers a conversation that is nobody's takes it. 409 when the other end does not want to be written to")
            .takes([parameter("id"), parameter("idempotency_key")])
            .body_of("application/json", message, Some(json!({"content": "Thank you, Tuesday at ten suits us."})))
            .answers(201, "The message", Some(schema("Message")), Some(etag_header()))
            .fails(&[400, 401, 403, 404, 409, 413, 415, 422, 503]),
    );
    let assign = json!({"type": "object", "additionalProperties": false, "properties": {"user_id": {"type": ["string", "null"], "description": "A colleague's id, me, or null for nobody"}}});
    for (verb, name, summary, body) in [
        ("close", "closeConversation", "Close a conversation", None),
        (
            "reopen",
            "reopenConversation",
            "Open a conversation again",
            None,
        ),
        (
            "assign",
            "assignConversation",
            "Give a conversation to a colleague",
            Some(assign),
        ),
    ] {
        let operation = Operation::new(tag, name, summary).takes([
            parameter("id"),
            parameter("if_match"),
            parameter("idempotency_key"),
        ]);
        let operation = match body {
            Some(body) => operation.body(body),
            None => operation,
        };
        add(
            &format!("/conversations/{{id}}/{verb}"),
            "post",
            operation
                .answers(
                    200,
                    "The conversation",
                    Some(schema("Conversation")),
                    Some(etag_header()),
                )
                .fails(&[400, 401, 403, 404, 409, 412, 413, 415, 422, 503]),
        );
    }
    add(
        "/conversations/{id}/read",
        "post",
        Operation::new(
            tag,
            "readConversation",
            "Note that one has read a conversation to its end",
        )
        .takes([parameter("id")])
        .answers(204, "Noted", None, None)
        .fails(&[400, 401, 403, 404, 413, 415, 422, 503]),
    );
}

fn templates_and_accounts(add: &mut impl FnMut(&str, &str, Operation)) {
    let render = json!({"type": "object", "additionalProperties": false, "properties": {
        "subject_type": {"type": ["string", "null"], "enum": ["lead", "contact", "company", "deal", null]},
        "subject_id": {"type": ["string", "null"], "format": "uuid"},
        "variables": {"type": "object", "description": "Values of one's own; they cannot replace what the record says"}}});
    let rendered = json!({"type": "object", "required": ["subject", "html", "text"], "properties": {"subject": {"type": "string"}, "html": text(), "text": text()}});
    add(
        "/email-templates/{id}/render",
        "post",
        Operation::new("Email templates", "renderTemplate", "Fill a template in for a record")
            .describe("Knows the record and what it belongs to as the caller may read them, and the caller as `user`. Every missing variable is named at once (422)")
            .takes([parameter("id")])
            .body(render)
            .answers(200, "The texts", Some(rendered), None)
            .fails(&[400, 401, 403, 404, 413, 415, 422, 503]),
    );
    let secrets = json!({"type": "object", "additionalProperties": false, "required": ["secrets"], "properties": {
        "secrets": {"type": "object", "maxProperties": 20, "additionalProperties": {"type": "string", "minLength": 1}}}});
    add(
        "/channel-accounts/{id}/secrets",
        "put",
        Operation::new("Channel accounts", "setChannelSecrets", "Set an account's secrets")
            .describe("These and no others; an empty object forgets them. They are sealed with the operator's key and never come back: secret_names tells which are kept")
            .takes([parameter("id")])
            .body_of("application/json", secrets, Some(json!({"secrets": {"access_token": "…"}})))
            .answers(204, "Kept", None, None)
            .fails(&[400, 401, 403, 404, 409, 413, 415, 422, 503]),
    );
}

fn forms(add: &mut impl FnMut(&str, &str, Operation)) {
    let tag = "Inbound forms";
    let one = json!({"type": "object", "required": ["id", "outcome", "lead_id", "origin", "created_at"], "properties": {
        "id": id(), "outcome": {"type": "string", "enum": ["accepted", "known", "spam"]}, "lead_id": {"type": ["string", "null"], "format": "uuid"},
        "origin": text(), "created_at": {"type": "string", "format": "date-time"}}});
    let list = json!({"type": "object", "required": ["data", "page"], "properties": {"data": {"type": "array", "items": one}, "page": schema("Page")}});
    add(
        "/inbound-forms/{id}/submissions",
        "get",
        Operation::new(
            tag,
            "formSubmissions",
            "What came of a form's submissions, newest first",
        )
        .takes([parameter("id"), parameter("limit"), parameter("cursor")])
        .answers(200, "A page", Some(list), None)
        .fails(&[400, 401, 403, 404, 503]),
    );
    let key = || path_parameter("key", "The form's public id");
    let sent = json!({"type": "object", "additionalProperties": {"type": ["string", "number", "boolean", "null"]}});
    let thanks = json!({"type": "object", "required": ["message", "redirect_url"], "properties": {"message": {"type": "string"}, "redirect_url": text()}});
    let mut submit = Operation::new(tag, "submitForm", "Send a form in")
        .open()
        .describe("For pages of the form's sites. Also takes application/x-www-form-urlencoded and then goes on to the form's page of thanks, when it has one. utm_source, utm_medium, utm_campaign, utm_term and utm_content are kept")
        .takes([key()])
        .body_of("application/json", sent, Some(json!({"first_name": "Ada", "email": "ada@example.com"})))
        .answers(201, "It arrived", Some(thanks), None)
        .fails(&[400, 403, 404, 409, 413, 415, 422, 429, 503]);
    submit.insert_response(303, json!({"description": "It arrived; the page of thanks", "headers": {"Location": {"schema": {"type": "string"}}}}));
    add("/forms/{key}", "post", submit);
    add(
        "/forms/{key}",
        "options",
        Operation::new(tag, "preflightForm", "Whether a page may send a form")
            .open()
            .takes([key()])
            .answers(204, "It may", None, None)
            .fails(&[403, 404, 503]),
    );
}

fn leaving(add: &mut impl FnMut(&str, &str, Operation)) {
    let tag = "Unsubscribe";
    let page = |text: &str| json!({"description": text, "content": {"text/html": {"schema": {"type": "string"}}}});
    let token = || path_parameter("token", "From the link in a message");
    let mut ask = Operation::new(
        tag,
        "askUnsubscribe",
        "The page behind the link in a message; takes nobody off",
    )
    .open()
    .takes([token()])
    .fails(&[503]);
    ask.insert_response(200, page("Asks"));
    ask.insert_response(404, page("The link is not whole"));
    add("/unsubscribe/{token}", "get", ask);
    let mut leave = Operation::new(tag, "unsubscribe", "Leave (RFC 8058)")
        .open()
        .describe("Twice is as once. The same answer whether anybody has the address or not")
        .takes([token()])
        .fails(&[503]);
    leave.insert_response(200, page("Left"));
    leave.insert_response(404, page("The link is not whole"));
    add("/unsubscribe/{token}", "post", leave);
}
