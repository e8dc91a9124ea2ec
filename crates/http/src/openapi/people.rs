//! People in the document: what a mailbox proves, one's own account, invitations, roles as a matrix.

use serde_json::{Value as Json, json};

use super::{Operation, etag_header, parameter, schema};

const ACCOUNT: &str = "Account";

/// Problems that any request with a JSON body may end in.
const READING: [u16; 4] = [400, 413, 415, 503];

fn text() -> Json {
    json!({"type": "string"})
}

fn text_or_null() -> Json {
    json!({"type": ["string", "null"]})
}

fn id() -> Json {
    json!({"type": "string", "format": "uuid"})
}

fn time() -> Json {
    json!({"type": "string", "format": "date-time"})
}

fn time_or_null() -> Json {
    json!({"type": ["string", "null"], "format": "date-time"})
}

/// An object with exactly these members.
fn object(required: &[&str], properties: Json) -> Json {
    json!({"type": "object", "additionalProperties": false, "required": required, "properties": properties})
}

/// `{"data": […]}`.
fn list_of(name: &str) -> Json {
    object(
        &["data"],
        json!({"data": {"type": "array", "items": schema(name)}}),
    )
}

fn takes_json(operation: Operation, body: Json, example: Json) -> Operation {
    operation
        .body_of("application/json", body, Some(example))
        .fails(&READING)
}

pub(super) fn paths(add: &mut impl FnMut(&str, &str, Operation)) {
    recovery(add);
    account(add);
    second_factor(add);
    invitations(add);
    leaving(add);
    roles(add);
}

fn recovery(add: &mut impl FnMut(&str, &str, Operation)) {
    let open = |id: &str, summary: &str| Operation::new("Sign-in", id, summary).open();
    let email = json!({"type": "string", "format": "email", "maxLength": 255});
    let forgot = open(
        "forgotPassword",
        "Ask for a mail with a link that sets a new password",
    )
    .describe("The answer is the same whether the address has an account or not");
    add(
        "/auth/forgot-password",
        "post",
        takes_json(
            forgot,
            object(&["email"], json!({"email": email})),
            json!({"email": "ada@example.com"}),
        )
        .answers(202, "Taken on", None, None)
        .fails(&[403, 429]),
    );
    let reset = open("resetPassword", "Set a new password with the token of a mail")
        .describe("Ends every session of the account. A token that is unknown, used or too old is a 422 with the code token_invalid");
    add(
        "/auth/reset-password",
        "post",
        takes_json(
            reset,
            object(&["token", "password"], json!({"token": text(), "password": text()})),
            json!({"token": "4o3yNo8sT1mI0iK2b9Vw7cXq5Zr6uHdJfGeLaPnQsAw", "password": "correct horse battery staple"}),
        )
        .answers(204, "Set", None, None)
        .fails(&[403, 422]),
    );
    add(
        "/auth/verify-email",
        "post",
        takes_json(
            open("verifyEmail", "Confirm an address with the token of a mail"),
            object(&["token"], json!({"token": text()})),
            json!({"token": "4o3yNo8sT1mI0iK2b9Vw7cXq5Zr6uHdJfGeLaPnQsAw"}),
        )
        .answers(204, "Confirmed", None, None)
        .fails(&[403, 422]),
    );
    add(
        "/auth/verify-email/resend",
        "post",
        Operation::new(ACCOUNT, "resendVerification", "Ask for that mail again")
            .answers(202, "Taken on", None, None)
            .fails(&[401, 403, 429, 503]),
    );
}

fn account(add: &mut impl FnMut(&str, &str, Operation)) {
    let operation = |id: &str, summary: &str| Operation::new(ACCOUNT, id, summary);
    let profile = json!({"type": "object", "additionalProperties": false, "properties": {
        "full_name": {"type": "string", "minLength": 1, "maxLength": 255}, "phone": text_or_null(), "locale": text_or_null(),
        "timezone": text_or_null(), "avatar_url": text_or_null()}});
    add(
        "/auth/me",
        "patch",
        takes_json(
            operation("updateMe", "Change what you say about yourself"),
            profile,
            json!({"full_name": "Ada King", "timezone": "Europe/London"}),
        )
        .answers(200, "The member", Some(schema("Me")), None)
        .fails(&[401, 403, 422]),
    );
    add(
        "/auth/change-password",
        "post",
        takes_json(
            operation("changePassword", "Change your password; your other sessions end"),
            object(
                &["current_password", "password"],
                json!({"current_password": text(), "password": text()}),
            ),
            json!({"current_password": "correct horse battery staple", "password": "a staple that is correct"}),
        )
        .answers(204, "Changed", None, None)
        .fails(&[401, 403, 422, 429]),
    );
    add(
        "/auth/sessions",
        "get",
        operation("listSessions", "Your sessions, the last used first")
            .answers(200, "The sessions", Some(list_of("OpenSession")), None)
            .fails(&[401, 403, 503]),
    );
    add(
        "/auth/sessions",
        "delete",
        operation("endOtherSessions", "End all your sessions but this one")
            .answers(204, "Ended", None, None)
            .fails(&[401, 403, 503]),
    );
    add(
        "/auth/sessions/{id}",
        "delete",
        operation("endSession", "End one of your sessions")
            .takes([parameter("id")])
            .answers(204, "Ended", None, None)
            .fails(&[401, 403, 404, 503]),
    );
    add(
        "/auth/api-keys",
        "get",
        operation(
            "listApiKeys",
            "Your API keys in this organization, the newest first",
        )
        .answers(
            200,
            "The keys, without the keys themselves",
            Some(list_of("ApiKey")),
            None,
        )
        .fails(&[401, 403, 503]),
    );
    let scopes = json!({"type": "array", "items": text(), "minItems": 1, "maxItems": 500,
        "description": "`read`, `*`, or permissions such as `companies:read`. Changes to users, roles and teams, and `account:manage`, are never within `*` and have to be named"});
    let key = json!({"allOf": [schema("ApiKey"), {"type": "object", "required": ["key"], "properties": {"key": {"type": "string", "pattern": "^kith_[0-9A-Za-z]{43}$"}}}]});
    add(
        "/auth/api-keys",
        "post",
        takes_json(
            operation("createApiKey", "Make an API key; it is shown this once")
                .describe("Sent as `Authorization: Bearer kith_…` it acts as you, within its scopes, in this organization"),
            object(
                &["name", "scopes"],
                json!({"name": {"type": "string", "minLength": 1, "maxLength": 100}, "scopes": scopes, "expires_at": time_or_null()}),
            ),
            json!({"name": "Newsletter", "scopes": ["contacts:read", "personal_data:read"], "expires_at": "2030-01-31T00:00:00Z"}),
        )
        .answers(201, "The key", Some(key), None)
        .fails(&[401, 403, 409, 422]),
    );
    add(
        "/auth/api-keys/{id}",
        "delete",
        operation(
            "deleteApiKey",
            "Remove one of your API keys; it ends at once",
        )
        .takes([parameter("id")])
        .answers(204, "Removed", None, None)
        .fails(&[401, 403, 404, 503]),
    );
}

fn second_factor(add: &mut impl FnMut(&str, &str, Operation)) {
    let operation = |id: &str, summary: &str| Operation::new(ACCOUNT, id, summary);
    let code = || object(&["code"], json!({"code": text()}));
    let codes = object(
        &["recovery_codes"],
        json!({"recovery_codes": {"type": "array", "items": text()}}),
    );
    add(
        "/auth/totp",
        "get",
        operation("getTotp", "Whether signing in takes a code")
            .answers(200, "The state", Some(schema("SecondFactor")), None)
            .fails(&[401, 403, 503]),
    );
    let setup = object(
        &["secret", "uri"],
        json!({"secret": text(), "uri": {"type": "string", "description": "For a QR code"}}),
    );
    add(
        "/auth/totp/setup",
        "post",
        takes_json(
            operation("setUpTotp", "Begin to set up an authenticator"),
            object(&["password"], json!({"password": text()})),
            json!({"password": "correct horse battery staple"}),
        )
        .answers(200, "What the authenticator needs", Some(setup), None)
        .fails(&[401, 403, 409, 422, 429]),
    );
    add(
        "/auth/totp/enable",
        "post",
        takes_json(
            operation(
                "enableTotp",
                "Turn it on with a code; answers the recovery codes, this once",
            ),
            code(),
            json!({"code": "123456"}),
        )
        .answers(200, "The recovery codes", Some(codes.clone()), None)
        .fails(&[401, 403, 409, 422, 429]),
    );
    add(
        "/auth/totp/recovery-codes",
        "post",
        takes_json(
            operation("renewRecoveryCodes", "New recovery codes for the old ones"),
            code(),
            json!({"code": "123456"}),
        )
        .answers(200, "The recovery codes", Some(codes), None)
        .fails(&[401, 403, 409, 422, 429]),
    );
    add(
        "/auth/totp/disable",
        "post",
        takes_json(
            operation("disableTotp", "Turn it off, with the password and a code"),
            object(
                &["password", "code"],
                json!({"password": text(), "code": text()}),
            ),
            json!({"password": "correct horse battery staple", "code": "123456"}),
        )
        .answers(204, "Off", None, None)
        .fails(&[401, 403, 409, 422, 429]),
    );
}

fn invitations(add: &mut impl FnMut(&str, &str, Operation)) {
    let token = json!({"name": "token", "in": "query", "required": true, "schema": text()});
    add(
        "/auth/invitation",
        "get",
        Operation::new(
            "Sign-in",
            "getInvitation",
            "What the link of a mail invites to",
        )
        .open()
        .takes([token])
        .answers(200, "The invitation", Some(schema("Invitation")), None)
        .fails(&[400, 422, 503]),
    );
    let accept = object(
        &["token"],
        json!({"token": text(), "full_name": text_or_null(), "password": text_or_null(), "totp": text_or_null()}),
    );
    add(
        "/auth/accept-invitation",
        "post",
        takes_json(
            Operation::new("Sign-in", "acceptInvitation", "Join an organization, and sign in")
                .describe("An account that the address has gives its password (and a code, where it asks for one); somebody new chooses one")
                .open()
                .takes([super::named::web_client()]),
            accept,
            json!({"token": "4o3yNo8sT1mI0iK2b9Vw7cXq5Zr6uHdJfGeLaPnQsAw", "password": "correct horse battery staple"}),
        )
        .answers(200, "A session", Some(schema("Session")), None)
        .fails(&[401, 403, 409, 422, 429]),
    );
    let invite = object(
        &["email", "role_id"],
        json!({"email": {"type": "string", "format": "email", "maxLength": 255}, "full_name": {"type": ["string", "null"], "maxLength": 255},
            "role_id": id(), "team_id": {"type": ["string", "null"], "format": "uuid"}}),
    );
    let location = json!({"Location": {"description": "The address of the person", "schema": text()}, "ETag": {"description": "The record's version", "schema": text()}});
    add(
        "/users/invite",
        "post",
        takes_json(
            Operation::new(
                "Users",
                "inviteUser",
                "Add a person and send them an invitation",
            )
            .takes([parameter("idempotency_key")]),
            invite,
            json!({"email": "ada@example.com", "role_id": "01890000-0000-7000-8000-000000000000"}),
        )
        .answers(201, "The person", Some(schema("User")), Some(location))
        .fails(&[401, 403, 409, 422]),
    );
    add(
        "/users/{id}/invite",
        "post",
        Operation::new("Users", "inviteUserAgain", "Send the invitation (again)")
            .takes([parameter("id")])
            .answers(202, "Taken on", None, None)
            .fails(&[401, 403, 404, 409, 422, 429, 503]),
    );
    add(
        "/users/{id}/invite",
        "delete",
        Operation::new("Users", "withdrawInvitation", "Take the invitation back")
            .describe(
                "A person to whom nothing belongs is gone with it; others stay, known by name",
            )
            .takes([parameter("id")])
            .answers(204, "Withdrawn", None, None)
            .fails(&[401, 403, 404, 409, 503]),
    );
}

fn leaving(add: &mut impl FnMut(&str, &str, Operation)) {
    let body = json!({"type": "object", "additionalProperties": false, "properties": {
        "hand_over_to": {"type": ["string", "null"], "format": "uuid", "description": "The active colleague to whom everything goes that the person owns; null leaves it theirs"}}});
    add(
        "/users/{id}/deactivate",
        "post",
        takes_json(
            Operation::new("Users", "deactivateUser", "End somebody's access and hand over what they own")
                .describe("Their sessions and API keys end at once; what is handed over has its history. All or nothing")
                .takes([parameter("id"), parameter("idempotency_key")]),
            body,
            json!({"hand_over_to": null}),
        )
        .answers(200, "The person", Some(schema("User")), Some(etag_header()))
        .fails(&[401, 403, 404, 409, 422]),
    );
    add(
        "/users/{id}/reactivate",
        "post",
        Operation::new("Users", "reactivateUser", "Let somebody in again")
            .takes([parameter("id"), parameter("idempotency_key")])
            .answers(200, "The person", Some(schema("User")), Some(etag_header()))
            .fails(&[400, 401, 403, 404, 409, 413, 415, 422, 503]),
    );
}

fn roles(add: &mut impl FnMut(&str, &str, Operation)) {
    add(
        "/permissions",
        "get",
        Operation::new(
            "Roles",
            "listPermissions",
            "What there is to grant, and in which scopes",
        )
        .answers(
            200,
            "The permissions",
            Some(list_of("GrantableResource")),
            None,
        )
        .fails(&[401, 403, 503]),
    );
    add(
        "/roles/{id}/permissions",
        "get",
        Operation::new("Roles", "getRolePermissions", "What a role may do")
            .takes([parameter("id")])
            .answers(
                200,
                "The permissions",
                Some(schema("RolePermissions")),
                Some(etag_header()),
            )
            .fails(&[401, 403, 404, 503]),
    );
    let body = object(
        &["data"],
        json!({"data": {"type": "array", "items": schema("Grant")}}),
    );
    add(
        "/roles/{id}/permissions",
        "put",
        takes_json(
            Operation::new("Roles", "setRolePermissions", "Let a role do this and nothing else")
                .describe("Nobody grants what they do not hold themselves. The owners' role is complete and fixed")
                .takes([parameter("id"), parameter("if_match")]),
            body,
            json!({"data": [{"resource": "companies", "action": "read", "scope": "all"}]}),
        )
        .answers(200, "The permissions", Some(schema("RolePermissions")), Some(etag_header()))
        .fails(&[401, 403, 404, 409, 412, 422]),
    );
}

/// The schemas of these.
pub(super) fn schemas() -> Json {
    let scope = || json!({"type": "string", "enum": ["all", "active", "team", "assigned_or_unowned", "assigned"]});
    json!({
        "OpenSession": object(
            &["id", "current", "created_at", "last_used_at", "ip_address", "user_agent", "expires_at"],
            json!({"id": id(), "current": {"type": "boolean", "description": "The one that asks"}, "created_at": time(),
                "last_used_at": time(), "ip_address": text_or_null(), "user_agent": text_or_null(), "expires_at": time()}),
        ),
        // Not closed: the answer to making one adds the key itself.
        "ApiKey": {
            "type": "object",
            "required": ["id", "name", "prefix", "scopes", "created_at", "last_used_at", "expires_at"],
            "properties": {"id": id(), "name": text(), "prefix": {"type": "string", "description": "How the key begins"},
                "scopes": {"type": "array", "items": text()}, "created_at": time(),
                "last_used_at": {"type": ["string", "null"], "format": "date-time", "description": "To the minute"}, "expires_at": time_or_null()},
        },
        "SecondFactor": object(
            &["enabled", "recovery_codes_left"],
            json!({"enabled": {"type": "boolean"}, "recovery_codes_left": {"type": "integer", "minimum": 0}}),
        ),
        "Invitation": object(
            &["email", "organization_name", "role_name", "full_name", "has_account"],
            json!({"email": text(), "organization_name": text(), "role_name": text(), "full_name": text(),
                "has_account": {"type": "boolean", "description": "The address has an account, whose password is needed to accept"}}),
        ),
        "Grant": object(
            &["resource", "action", "scope"],
            json!({"resource": text(), "action": text(), "scope": scope()}),
        ),
        "GrantableResource": object(
            &["resource", "label", "actions"],
            json!({"resource": text(), "label": text(), "actions": {"type": "array", "items": object(
                &["action", "scopes"], json!({"action": text(), "scopes": {"type": "array", "items": scope()}}))}}),
        ),
        "RolePermissions": object(
            &["data", "shipped", "version"],
            json!({"data": {"type": "array", "items": schema("Grant")},
                "shipped": {"type": ["array", "null"], "items": schema("Grant"), "description": "What a role that comes with Kith starts with"},
                "version": {"type": "integer"}}),
        ),
    })
}
