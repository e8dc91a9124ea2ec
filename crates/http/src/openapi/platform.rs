//! Notifications and background work.

use serde_json::{Value as Json, json};

use super::{Operation, parameter, schema};

pub(super) fn tags() -> Vec<Json> {
    vec![json!({"name": "Notifications"}), json!({"name": "Jobs"})]
}

fn page_of(items: &str) -> Json {
    json!({"type": "object", "required": ["data", "page"], "properties": {
        "data": {"type": "array", "items": schema(items)},
        "page": {"type": "object", "required": ["limit", "next_cursor"], "properties": {"limit": {"type": "integer"}, "next_cursor": {"type": ["string", "null"]}}}}})
}

pub(super) fn paths(add: &mut impl FnMut(&str, &str, Operation)) {
    notifications(add);
    jobs(add);
    documents(add);
    uploads(add);
    webhooks(add);
}

fn notifications(add: &mut impl FnMut(&str, &str, Operation)) {
    let tag = "Notifications";
    let unread = json!({"name": "unread", "in": "query", "description": "Those that are unread only", "schema": {"type": "boolean", "default": false}});
    let kind = json!({"name": "kind", "in": "query", "description": "Those of one kind only", "schema": {"type": "string"}});
    let list = json!({"allOf": [page_of("Notification"), {"type": "object", "required": ["unread_count"], "properties": {
        "unread_count": {"type": "integer", "minimum": 0, "maximum": 1000, "description": "Of all kinds; counted no further than 1000"}}}]});
    add(
        "/notifications",
        "get",
        Operation::new(
            tag,
            "listNotifications",
            "One's own notifications, the newest first",
        )
        .takes([unread, kind, parameter("limit"), parameter("cursor")])
        .answers(200, "A page", Some(list), None)
        .fails(&[400, 401, 503]),
    );
    for (segment, id, summary) in [
        ("read", "readNotification", "Mark a notification read"),
        ("unread", "unreadNotification", "Mark a notification unread"),
    ] {
        add(
            &format!("/notifications/{{id}}/{segment}"),
            "put",
            Operation::new(tag, id, summary)
                .takes([parameter("id")])
                .answers(200, "The notification", Some(schema("Notification")), None)
                .fails(&[401, 403, 404, 503]),
        );
    }
    let marked = json!({"type": "object", "required": ["marked"], "properties": {"marked": {"type": "integer", "minimum": 0}}});
    add(
        "/notifications/read-all",
        "put",
        Operation::new(tag, "readAllNotifications", "Mark every notification read")
            .answers(200, "How many were unread", Some(marked), None)
            .fails(&[401, 403, 503]),
    );
    let all = || json!({"type": "object", "required": ["data"], "properties": {"data": {"type": "array", "items": schema("NotificationPreference")}}});
    add(
        "/notifications/preferences",
        "get",
        Operation::new(
            tag,
            "notificationPreferences",
            "What one wants to hear of, and how",
        )
        .answers(200, "Every kind of notification", Some(all()), None)
        .fails(&[401, 503]),
    );
    let change = json!({"type": "object", "additionalProperties": false, "required": ["data"], "properties": {"data": {"type": "array", "items": {
        "type": "object", "additionalProperties": false, "required": ["kind"], "properties": {
            "kind": {"type": "string"}, "in_app": {"type": ["boolean", "null"]}, "email": {"type": ["boolean", "null"]},
            "digest": {"type": ["string", "null"], "enum": ["off", "daily", "weekly", null]}}}}}});
    let example = json!({"data": [{"kind": "mention", "email": true}, {"kind": "assignment", "digest": "daily"}]});
    add(
        "/notifications/preferences",
        "put",
        Operation::new(tag, "setNotificationPreferences", "Change what one wants to hear of")
            .describe("Kinds and members that are not given stay as they are. Digests are mailed at eight in the morning of one's own time zone, weekly ones on Mondays")
            .body_of("application/json", change, Some(example))
            .answers(200, "Every kind of notification as it is now", Some(all()), None)
            .fails(&[401, 403, 503]),
    );
}

fn jobs(add: &mut impl FnMut(&str, &str, Operation)) {
    let tag = "Jobs";
    let status = json!({"name": "status", "in": "query", "schema": {"type": "string", "enum": kith_jobs::watch::STATUSES}});
    add(
        "/jobs",
        "get",
        Operation::new(tag, "listJobs", "Background work, the newest first")
            .describe("One's own, and with the permission to read jobs all of the organization's")
            .takes([status, parameter("limit"), parameter("cursor")])
            .answers(200, "A page", Some(page_of("Job")), None)
            .fails(&[400, 401, 503]),
    );
    let one = || Some(schema("Job"));
    add(
        "/jobs/{id}",
        "get",
        Operation::new(tag, "getJob", "How a job goes")
            .takes([parameter("id")])
            .answers(200, "The job", one(), None)
            .fails(&[401, 404, 503]),
    );
    for (segment, id, summary) in [
        (
            "retry",
            "retryJob",
            "Try a job again that was given up or discarded",
        ),
        (
            "discard",
            "discardJob",
            "Take a job out of the queue, or ask one that runs to stop",
        ),
    ] {
        add(
            &format!("/jobs/{{id}}/{segment}"),
            "post",
            Operation::new(tag, id, summary)
                .takes([parameter("id")])
                .answers(200, "The job", one(), None)
                .fails(&[401, 403, 404, 409, 503]),
        );
    }
}

fn form() -> Json {
    json!({"type": "object", "required": ["file"], "properties": {
        "file": {"type": "string", "contentMediaType": "application/octet-stream"}, "description": {"type": "string", "maxLength": 5000}}})
}

/// A file as the answer.
fn file(operation: Operation, partial: bool) -> Operation {
    let content = || json!({"*/*": {"schema": {"type": "string", "contentMediaType": "application/octet-stream"}}});
    let mut operation = operation;
    operation.insert_response(
        200,
        json!({"description": "The file, as an attachment", "content": content()}),
    );
    if partial {
        operation.insert_response(
            206,
            json!({"description": "The part that was asked for", "content": content()}),
        );
        let problem = json!({"application/problem+json": {"schema": schema("Problem")}});
        operation.insert_response(
            416,
            json!({"description": "The part lies beyond the file's end", "content": problem}),
        );
    }
    operation.insert_response(304, json!({"description": "The client has it"}));
    operation
}

fn documents(add: &mut impl FnMut(&str, &str, Operation)) {
    let tag = "Documents";
    let made = || Some(schema("Document"));
    let range = || json!({"name": "Range", "in": "header", "description": "One range of bytes", "schema": {"type": "string", "examples": ["bytes=0-1023"]}});
    let revision = json!({"name": "revision", "in": "query", "description": "The newest when absent", "schema": {"type": "integer", "minimum": 1}});
    for subject in kith_entities::document::DOCUMENT
        .field("subject_type")
        .map_or(&[][..], |field| field.choices)
    {
        let Some(entity) = kith_entities::CATALOGUE.by_name(subject.value) else {
            continue;
        };
        add(
            &format!("/{}/{{id}}/documents", entity.path),
            "post",
            Operation::new(
                tag,
                format!("attachTo{}", super::schemas::name_of(entity)),
                format!("Attach a file to a {}", entity.label.to_lowercase()),
            )
            .takes([parameter("id")])
            .body_of("multipart/form-data", form(), None)
            .answers(201, "The document", made(), None)
            .fails(&[400, 401, 403, 404, 408, 409, 413, 415, 422, 503]),
        );
    }
    add(
        "/documents/{id}/content",
        "get",
        file(
            Operation::new(tag, "documentContent", "The file of a document")
                .describe("Always an attachment; the type is what the content says")
                .takes([
                    parameter("id"),
                    revision,
                    range(),
                    parameter("if_none_match"),
                ])
                .fails(&[400, 401, 403, 404, 503]),
            true,
        ),
    );
    add(
        "/documents/{id}/thumbnail",
        "get",
        file(
            Operation::new(tag, "documentThumbnail", "A small picture of a picture")
                .describe(
                    "Made in the background after the upload; has_thumbnail says when it is there",
                )
                .takes([parameter("id"), parameter("if_none_match")])
                .fails(&[401, 403, 404, 503]),
            false,
        ),
    );
    let versions = json!({"type": "object", "required": ["data"], "properties": {"data": {"type": "array", "items": schema("DocumentVersion")}}});
    add(
        "/documents/{id}/versions",
        "get",
        Operation::new(
            tag,
            "documentVersions",
            "The files that a document ever had, the newest first",
        )
        .takes([parameter("id")])
        .answers(200, "The versions", Some(versions), None)
        .fails(&[401, 404, 503]),
    );
    add(
        "/documents/{id}/versions",
        "post",
        Operation::new(
            tag,
            "addDocumentVersion",
            "Put a new file in the place of the newest",
        )
        .takes([parameter("id")])
        .body_of("multipart/form-data", form(), None)
        .answers(201, "The document", made(), None)
        .fails(&[400, 401, 403, 404, 408, 409, 413, 415, 422, 503]),
    );
    add(
        "/documents/{id}/purge",
        "post",
        Operation::new(
            tag,
            "purgeDocument",
            "Remove a document for good, with every version",
        )
        .takes([parameter("id")])
        .answers(204, "Gone", None, None)
        .fails(&[401, 403, 404, 503]),
    );
    let body = json!({"type": "object", "additionalProperties": false, "properties": {
        "expires_in": {"type": ["integer", "null"], "minimum": 60, "maximum": 7_776_000, "default": 604_800, "description": "Seconds"},
        "revision": {"type": ["integer", "null"], "minimum": 1, "description": "The newest at the time it is opened when absent"}}});
    let link = json!({"type": "object", "required": ["id", "url", "expires_at"], "properties": {
        "id": {"type": "string", "format": "uuid"}, "url": {"type": "string"}, "expires_at": {"type": "string", "format": "date-time"}}});
    add(
        "/documents/{id}/link",
        "post",
        Operation::new(tag, "linkDocument", "Make an address that anybody may open for a while")
            .describe("It ends earlier when it is revoked, or when whoever made it may not read the document any more")
            .takes([parameter("id")])
            .body_of("application/json", body, Some(json!({"expires_in": 86400})))
            .answers(201, "The link, shown this once", Some(link), None)
            .fails(&[401, 403, 404, 503]),
    );
    let link_id = json!({"name": "link", "in": "path", "required": true, "schema": {"type": "string", "format": "uuid"}});
    add(
        "/documents/{id}/links/{link}",
        "delete",
        Operation::new(tag, "revokeDocumentLink", "End a link at once")
            .takes([parameter("id"), link_id])
            .answers(204, "Ended", None, None)
            .fails(&[401, 403, 404, 503]),
    );
}

fn uploads(add: &mut impl FnMut(&str, &str, Operation)) {
    let tag = "Documents";
    let id_or_null = || json!({"type": ["string", "null"], "format": "uuid"});
    let upload = || {
        json!({"type": "object", "required": ["id", "file_name", "file_size", "received", "expires_at"], "properties": {
        "id": {"type": "string", "format": "uuid"}, "file_name": {"type": "string"}, "file_size": {"type": "integer", "minimum": 0},
        "received": {"type": "integer", "minimum": 0}, "expires_at": {"type": "string", "format": "date-time"}}})
    };
    let offset = || json!({"Upload-Offset": {"description": "Where the next piece begins", "schema": {"type": "integer"}}});
    let body = json!({"type": "object", "additionalProperties": false, "required": ["file_name", "file_size"], "properties": {
        "subject_type": {"type": ["string", "null"]}, "subject_id": id_or_null(),
        "document_id": {"type": ["string", "null"], "format": "uuid", "description": "A new version of this document, instead of a subject"},
        "file_name": {"type": "string"}, "file_size": {"type": "integer", "minimum": 0}, "description": {"type": ["string", "null"], "maxLength": 5000}}});
    add(
        "/documents/uploads",
        "post",
        Operation::new(tag, "beginUpload", "Begin to send a file in pieces")
            .describe("Send the pieces with PATCH, each from where the upload stands; a broken line loses nothing that arrived. The piece that completes the file makes the document")
            .body_of("application/json", body, None)
            .answers(201, "The upload", Some(upload()), Some(offset()))
            .fails(&[401, 403, 404, 409, 503]),
    );
    for (method, id, summary) in [
        ("get", "getUpload", "Where an upload stands"),
        (
            "head",
            "headUpload",
            "Where an upload stands, in its headers",
        ),
    ] {
        let shape = (method == "get").then(upload);
        add(
            "/documents/uploads/{id}",
            method,
            Operation::new(tag, id, summary)
                .takes([parameter("id")])
                .answers(200, "Where it stands", shape, Some(offset()))
                .fails(&[401, 404, 503]),
        );
    }
    let begins = json!({"name": "Upload-Offset", "in": "header", "required": true, "description": "Where the piece begins: what was received so far", "schema": {"type": "integer", "minimum": 0}});
    add(
        "/documents/uploads/{id}",
        "patch",
        Operation::new(tag, "sendPiece", "Send a piece")
            .takes([parameter("id"), begins])
            .body_of(
                "application/offset+octet-stream",
                json!({"type": "string", "contentMediaType": "application/octet-stream"}),
                None,
            )
            .answers(
                201,
                "The file is complete: the document",
                Some(schema("Document")),
                Some(offset()),
            )
            .answers(204, "More is to come", None, Some(offset()))
            .fails(&[401, 403, 404, 408, 409, 503]),
    );
    add(
        "/documents/uploads/{id}",
        "delete",
        Operation::new(tag, "endUpload", "Give an upload up")
            .takes([parameter("id")])
            .answers(204, "Ended", None, None)
            .fails(&[401, 404, 503]),
    );
}

fn webhooks(add: &mut impl FnMut(&str, &str, Operation)) {
    let secret = json!({"type": "object", "required": ["secret"], "properties": {"secret": {"type": "string", "description": "whsec_ and 32 bytes in base64, as Standard Webhooks has it"}}});
    add(
        "/webhook-endpoints/{id}/secret",
        "post",
        Operation::new("Webhooks", "newWebhookSecret", "Make a new secret that signs a webhook's deliveries")
            .describe("Shown this once. Deliveries are signed with the one before as well, so that it can be changed without losing any")
            .takes([parameter("id")])
            .answers(201, "The secret", Some(secret), None)
            .fails(&[401, 403, 404, 503]),
    );
    add(
        "/webhook-deliveries/{id}/resend",
        "post",
        Operation::new("Webhooks", "resendWebhookDelivery", "Send a delivery again")
            .describe("One that was taken, was given up, or waits for its next attempt; with the id that it had, by which the receiver tells that it is the same")
            .takes([parameter("id")])
            .answers(200, "The delivery, on its way again", Some(schema("WebhookDelivery")), None)
            .fails(&[401, 403, 404, 409, 503]),
    );
}

pub(super) fn schemas() -> Json {
    let text = || json!({"type": "string"});
    let text_or_null = || json!({"type": ["string", "null"]});
    let id = || json!({"type": "string", "format": "uuid"});
    let id_or_null = || json!({"type": ["string", "null"], "format": "uuid"});
    let time = || json!({"type": "string", "format": "date-time"});
    let time_or_null = || json!({"type": ["string", "null"], "format": "date-time"});
    let count_or_null = || json!({"type": ["integer", "null"], "minimum": 0});
    json!({
        "Notification": {
            "type": "object",
            "required": ["id", "kind", "title", "message", "type", "is_read", "read_at", "action_url", "entity", "record_id", "created_at", "created_by"],
            "properties": {
                "id": id(), "kind": text(), "title": text(), "message": text_or_null(),
                "type": {"type": "string", "enum": ["info", "success", "warning", "error"]},
                "is_read": {"type": "boolean"}, "read_at": time_or_null(),
                "action_url": {"type": ["string", "null"], "description": "A page of the web application"},
                "entity": text_or_null(), "record_id": id_or_null(), "created_at": time(), "created_by": id_or_null(),
            },
        },
        "NotificationPreference": {
            "type": "object",
            "required": ["kind", "label", "description", "in_app", "email", "digest"],
            "properties": {
                "kind": text(), "label": text(), "description": text(), "in_app": {"type": "boolean"},
                "email": {"type": "boolean", "description": "A mail as it happens"},
                "digest": {"type": "string", "enum": ["off", "daily", "weekly"]},
            },
        },
        "DocumentVersion": {
            "type": "object",
            "required": ["revision", "file_name", "file_size", "mime_type", "checksum", "uploaded_by", "created_at"],
            "properties": {
                "revision": {"type": "integer", "minimum": 1}, "file_name": text(), "file_size": {"type": "integer", "minimum": 0}, "mime_type": text(),
                "checksum": text(), "uploaded_by": id_or_null(), "created_at": time(),
            },
        },
        "Job": {
            "type": "object",
            "required": ["id", "kind", "status", "attempts", "max_attempts", "run_at", "progress", "total", "message", "last_error", "created_at", "created_by", "started_at", "finished_at"],
            "properties": {
                "id": id(), "kind": text(), "status": {"type": "string", "enum": kith_jobs::watch::STATUSES},
                "attempts": {"type": "integer", "minimum": 0}, "max_attempts": {"type": "integer", "minimum": 1}, "run_at": time(),
                "progress": count_or_null(), "total": count_or_null(), "message": text_or_null(), "last_error": text_or_null(),
                "created_at": time(), "created_by": id_or_null(), "started_at": time_or_null(), "finished_at": time_or_null(),
            },
        },
    })
}
