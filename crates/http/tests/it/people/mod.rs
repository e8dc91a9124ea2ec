//! People's way in and out, by mail and by whoever may manage them.

mod invitations;
mod joining;
mod leaving;
mod managing;

use reqwest::StatusCode;
use serde_json::{Value as Json, json};

use crate::fixture::{Answer, Client, Started};

pub(super) const NOBODY: &str = "01890000-0000-7000-8000-000000000000";

pub(super) fn fields(problem: &Json) -> Vec<&str> {
    problem["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|error| error["field"].as_str().unwrap())
        .collect()
}

pub(super) async fn invite(who: &Client, email: &str, role: &str) -> Answer {
    let body = json!({"email": email, "role_id": who.role(role).await});
    who.post("/users/invite", &body).await
}

pub(super) async fn post(who: &Client, path: String) -> Answer {
    who.post(&path, &json!({})).await
}

/// A member whose role of its own holds exactly these permissions, given by the owner.
pub(super) async fn with_role(
    started: &Started,
    owner: &Client,
    name: &str,
    grants: &[(&str, &str)],
) -> (Client, String) {
    let role = owner
        .post("/roles", &json!({"name": format!("Role of {name}")}))
        .await
        .json(StatusCode::CREATED)
        .await;
    let data: Vec<Json> = grants
        .iter()
        .map(|(resource, action)| json!({"resource": resource, "action": action, "scope": "all"}))
        .collect();
    let path = format!("/roles/{}/permissions", role["id"].as_str().unwrap());
    owner
        .put(&path, None, &json!({"data": data}))
        .await
        .json(StatusCode::OK)
        .await;
    owner
        .colleague(started, name, role["key"].as_str().unwrap())
        .await
}
