//! Roles as a matrix.

use reqwest::StatusCode;
use serde_json::{Value as Json, json};

use crate::fixture::{Client, Started};

fn grant(resource: &str, action: &str, scope: &str) -> Json {
    json!({"resource": resource, "action": action, "scope": scope})
}

fn fields(problem: &Json) -> Vec<&str> {
    problem["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|error| error["field"].as_str().unwrap())
        .collect()
}

async fn matrix(who: &Client, role: &str) -> Json {
    who.get(&format!("/roles/{role}/permissions"))
        .await
        .json(StatusCode::OK)
        .await
}

#[tokio::test]
async fn what_there_is_to_grant_is_told_with_its_scopes() {
    let started = Started::new().await;
    let ada = started.owner("ada").await;
    let all = ada.get("/permissions").await.json(StatusCode::OK).await;
    let find = |resource: &str, action: &str| -> Json {
        let one = all["data"]
            .as_array()
            .unwrap()
            .iter()
            .find(|one| one["resource"] == resource)
            .unwrap();
        let action = one["actions"]
            .as_array()
            .unwrap()
            .iter()
            .find(|one| one["action"] == action);
        action.map_or(Json::Null, |action| action["scopes"].clone())
    };
    assert_eq!(
        find("companies", "read"),
        json!(["all", "active", "team", "assigned_or_unowned", "assigned"])
    );
    assert_eq!(
        find("deals", "read"),
        json!(["all", "team", "assigned_or_unowned", "assigned"])
    );
    assert_eq!(find("deals", "update"), json!(["all", "team", "assigned"]));
    assert_eq!(find("teams", "read"), json!(["all"]));
    assert_eq!(
        find("tasks", "read"),
        json!(["all", "team", "assigned_or_unowned", "assigned"])
    );
    assert_eq!(find("imports", "read"), json!(["all", "assigned"]));
    assert_eq!(find("personal_data", "read"), json!(["all"]));
    assert_eq!(find("teams", "fly"), Json::Null);
    let deals = all["data"]
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["resource"] == "deals")
        .unwrap();
    assert_eq!(deals["label"], "Deals");
    let actions: Vec<&str> = deals["actions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["action"].as_str().unwrap())
        .collect();
    assert_eq!(
        actions,
        [
            "create", "read", "update", "delete", "import", "export", "bulk", "assign"
        ]
    );
    // Whatever a shipped role starts with can be granted again.
    for key in [
        "owner",
        "admin",
        "manager",
        "sales",
        "support",
        "finance",
        "member",
        "viewer",
        "client_admin",
        "client_member",
        "client_viewer",
    ] {
        for one in matrix(&ada, &ada.role(key).await).await["shipped"]
            .as_array()
            .unwrap()
        {
            let scopes = find(
                one["resource"].as_str().unwrap(),
                one["action"].as_str().unwrap(),
            );
            assert!(
                scopes.as_array().unwrap().contains(&one["scope"]),
                "{key}: {one}"
            );
        }
    }
}

#[tokio::test]
async fn a_role_of_ones_own_begins_as_a_copy_and_is_changed() {
    let started = Started::new().await;
    let ada = started.owner("ada").await;
    let sales = ada.role("sales").await;
    let body = json!({"name": "Senior sales", "description": "Sees everything", "copy_of": sales});
    let role = ada
        .post("/roles", &body)
        .await
        .json(StatusCode::CREATED)
        .await;
    assert_eq!(
        (&role["key"], &role["is_system"]),
        (&json!("senior_sales"), &json!(false))
    );
    let again = ada
        .post("/roles", &json!({"name": "Senior sales"}))
        .await
        .json(StatusCode::CREATED)
        .await;
    assert_eq!(again["key"], "senior_sales_2");
    let id = role["id"].as_str().unwrap();
    let (copy, original) = (matrix(&ada, id).await, matrix(&ada, &sales).await);
    assert_eq!(copy["data"], original["data"]);
    assert_eq!(copy["shipped"], Json::Null);
    assert_eq!(original["shipped"], original["data"]);
    assert_eq!(
        matrix(&ada, again["id"].as_str().unwrap()).await["data"],
        json!([])
    );

    let (bob, _) = ada.colleague(&started, "bob", "senior_sales").await;
    ada.company("Somebody's").await;
    let seen = bob.get("/companies").await.json(StatusCode::OK).await;
    assert_eq!(seen["data"].as_array().unwrap().len(), 0);
    let mut data = copy["data"].as_array().unwrap().clone();
    for one in &mut data {
        if one["resource"] == "companies" && one["action"] == "read" {
            one["scope"] = json!("all");
        }
    }
    data.retain(|one| !(one["resource"] == "deals" && one["action"] == "delete"));
    let path = format!("/roles/{id}/permissions");
    let answer = ada
        .put(
            &path,
            Some(&format!("\"{}\"", copy["version"])),
            &json!({"data": data}),
        )
        .await;
    assert_eq!(
        answer.header("etag"),
        format!("\"{}\"", copy["version"].as_i64().unwrap() + 1)
    );
    let changed = answer.json(StatusCode::OK).await;
    assert_eq!(changed["data"].as_array().unwrap().len(), data.len());
    // At once, for whoever is signed in.
    let seen = bob.get("/companies").await.json(StatusCode::OK).await;
    assert_eq!(seen["data"].as_array().unwrap().len(), 1);
    let me = bob.get("/auth/me").await.json(StatusCode::OK).await;
    assert!(
        !me["grants"]
            .as_array()
            .unwrap()
            .iter()
            .any(|one| one["resource"] == "deals" && one["action"] == "delete")
    );
    let log = ada
        .get("/audit-log?action=PERMISSION&sort=-created_at")
        .await;
    let log = if log.status() == StatusCode::OK {
        log
    } else {
        ada.get(&format!("/audit-log?record_id={id}&sort=-created_at"))
            .await
    };
    let log = log.json(StatusCode::OK).await;
    let entry = log["data"]
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["action"] == "PERMISSION")
        .unwrap();
    assert_eq!(
        entry["old_values"],
        json!({"companies:read": "assigned_or_unowned", "deals:delete": "assigned"})
    );
    assert_eq!(entry["new_values"], json!({"companies:read": "all"}));
    assert_eq!(
        entry["changed_fields"],
        json!(["companies:read", "deals:delete"])
    );

    // What is so already changes nothing; what somebody else changed meanwhile is told.
    let same = ada
        .put(&path, None, &json!({"data": data}))
        .await
        .json(StatusCode::OK)
        .await;
    assert_eq!(same["version"], changed["version"]);
    let stale = ada
        .put(
            &path,
            Some(&format!("\"{}\"", copy["version"])),
            &json!({"data": []}),
        )
        .await
        .problem(StatusCode::PRECONDITION_FAILED, "conflict")
        .await;
    assert_eq!(stale["current"]["data"], changed["data"]);
}

#[tokio::test]
async fn bad_matrices_are_refused_entry_by_entry() {
    let started = Started::new().await;
    let (ada, eve) = (started.owner("ada").await, started.owner("eve").await);
    let path = format!("/roles/{}/permissions", ada.role("viewer").await);
    let body = json!({"data": [
        grant("companies", "read", "all"), grant("spaceships", "read", "all"), grant("companies", "fly", "all"), grant("companies", "update", "mine"),
        grant("teams", "read", "team"), grant("companies", "update", "active"), grant("companies", "read", "team"),
    ]});
    let problem = ada
        .put(&path, None, &body)
        .await
        .problem(StatusCode::UNPROCESSABLE_ENTITY, "invalid")
        .await;
    assert_eq!(
        fields(&problem),
        [
            "data[1].resource",
            "data[2].action",
            "data[3].scope",
            "data[4].scope",
            "data[5].scope",
            "data[5].action",
            "data[6].action"
        ]
    );
    for body in [
        json!({}),
        json!({"data": [{"resource": "deals"}]}),
        json!({"data": [], "more": 1}),
    ] {
        ada.put(&path, None, &body)
            .await
            .problem(StatusCode::BAD_REQUEST, "malformed")
            .await;
    }
    eve.put(&path, None, &json!({"data": []}))
        .await
        .problem(StatusCode::NOT_FOUND, "not_found")
        .await;
    eve.get(&path)
        .await
        .problem(StatusCode::NOT_FOUND, "not_found")
        .await;
    eve.post(
        "/roles",
        &json!({"name": "Thief", "copy_of": ada.role("sales").await}),
    )
    .await
    .problem(StatusCode::UNPROCESSABLE_ENTITY, "invalid")
    .await;
}

#[tokio::test]
async fn the_owners_role_is_complete_and_stays_so() {
    let started = Started::new().await;
    let ada = started.owner("ada").await;
    let path = format!("/roles/{}/permissions", ada.role("owner").await);
    ada.put(&path, None, &json!({"data": []}))
        .await
        .problem(StatusCode::CONFLICT, "state_conflict")
        .await;
    let held = ada.get(&path).await.json(StatusCode::OK).await;
    let all = ada.get("/permissions").await.json(StatusCode::OK).await;
    let count: usize = all["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["actions"].as_array().unwrap().len())
        .sum();
    assert_eq!(held["data"].as_array().unwrap().len(), count);
    // Everything but what others keep private, which is theirs alone.
    let narrower: Vec<String> = held["data"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|one| one["scope"] != "all")
        .map(|one| {
            format!("{} {} {}", one["resource"], one["action"], one["scope"]).replace('"', "")
        })
        .collect();
    assert_eq!(
        narrower,
        [
            "dashboards read assigned_or_unowned",
            "views read assigned_or_unowned"
        ]
    );
}

#[tokio::test]
async fn nobody_grants_what_they_do_not_hold() {
    let started = Started::new().await;
    let ada = started.owner("ada").await;
    let role = ada
        .post("/roles", &json!({"name": "Role keeper"}))
        .await
        .json(StatusCode::CREATED)
        .await;
    let id = role["id"].as_str().unwrap();
    let own = json!({"data": [
        grant("roles", "read", "all"), grant("roles", "create", "all"), grant("roles", "update", "all"), grant("roles", "delete", "all"),
        grant("users", "read", "all"), grant("companies", "read", "team"), grant("deals", "read", "assigned_or_unowned"),
    ]});
    ada.put(&format!("/roles/{id}/permissions"), None, &own)
        .await
        .json(StatusCode::OK)
        .await;
    let (keeper, _) = ada.colleague(&started, "keeper", "role_keeper").await;
    let made = keeper
        .post("/roles", &json!({"name": "Helpers"}))
        .await
        .json(StatusCode::CREATED)
        .await;
    let made = format!("/roles/{}/permissions", made["id"].as_str().unwrap());
    // Their own role, or a new one: nothing beyond what they hold, in action or in scope.
    for path in [&made, &format!("/roles/{id}/permissions")] {
        for beyond in [
            grant("companies", "read", "all"),
            grant("companies", "read", "assigned_or_unowned"),
            grant("companies", "read", "active"),
            grant("companies", "update", "assigned"),
            grant("deals", "read", "team"),
            grant("users", "update", "all"),
            grant("organization", "configure", "all"),
            grant("personal_data", "read", "all"),
        ] {
            keeper
                .put(path, None, &json!({"data": [beyond]}))
                .await
                .problem(StatusCode::FORBIDDEN, "forbidden")
                .await;
        }
    }
    let within = json!({"data": [grant("companies", "read", "assigned"), grant("deals", "read", "assigned"), grant("roles", "read", "all")]});
    keeper
        .put(&made, None, &within)
        .await
        .json(StatusCode::OK)
        .await;
    // Roles that hold more than theirs are not theirs to cut, nor to copy.
    for key in ["admin", "manager", "sales", "viewer"] {
        let above = keeper.role(key).await;
        keeper
            .put(
                &format!("/roles/{above}/permissions"),
                None,
                &json!({"data": []}),
            )
            .await
            .problem(StatusCode::FORBIDDEN, "forbidden")
            .await;
        keeper
            .post("/roles", &json!({"name": "Copy", "copy_of": above}))
            .await
            .problem(StatusCode::FORBIDDEN, "forbidden")
            .await;
    }
    // Whoever does not change roles does not.
    for role in ["manager", "sales", "viewer"] {
        let (client, _) = ada.colleague(&started, &format!("x{role}"), role).await;
        client
            .put(&made, None, &within)
            .await
            .problem(StatusCode::FORBIDDEN, "forbidden")
            .await;
        if role != "manager" {
            client
                .get("/permissions")
                .await
                .problem(StatusCode::FORBIDDEN, "forbidden")
                .await;
            client
                .get(&made)
                .await
                .problem(StatusCode::FORBIDDEN, "forbidden")
                .await;
        }
    }
}

#[tokio::test]
async fn an_admin_edits_shipped_roles_and_none_of_them_goes() {
    let started = Started::new().await;
    let ada = started.owner("ada").await;
    let (admin, _) = ada.colleague(&started, "admin", "admin").await;
    let viewer = admin.role("viewer").await;
    let path = format!("/roles/{viewer}/permissions");
    let data =
        json!({"data": [grant("companies", "read", "all"), grant("companies", "export", "all")]});
    admin
        .put(&path, None, &data)
        .await
        .json(StatusCode::OK)
        .await;
    admin
        .patch(
            &format!("/roles/{viewer}"),
            None,
            &json!({"name": "Reader", "description": "Reads and exports"}),
        )
        .await
        .json(StatusCode::OK)
        .await;
    for key in ["viewer", "admin", "owner"] {
        let role = admin.role(key).await;
        admin
            .delete(&format!("/roles/{role}"))
            .await
            .problem(StatusCode::CONFLICT, "state_conflict")
            .await;
    }
    let role = admin
        .post("/roles", &json!({"name": "Short-lived"}))
        .await
        .json(StatusCode::CREATED)
        .await;
    let path = format!("/roles/{}", role["id"].as_str().unwrap());
    ada.colleague(&started, "one", "short_lived").await;
    let problem = admin
        .delete(&path)
        .await
        .problem(StatusCode::CONFLICT, "state_conflict")
        .await;
    assert!(
        problem["detail"]
            .as_str()
            .unwrap()
            .starts_with("One person has this role"),
        "{problem}"
    );
    ada.colleague(&started, "two", "short_lived").await;
    let problem = admin
        .delete(&path)
        .await
        .problem(StatusCode::CONFLICT, "state_conflict")
        .await;
    assert!(
        problem["detail"]
            .as_str()
            .unwrap()
            .starts_with("2 people have this role"),
        "{problem}"
    );
    let people = admin
        .get(&format!("{path}/users"))
        .await
        .json(StatusCode::OK)
        .await;
    for person in people["data"].as_array().unwrap() {
        let person = format!("/users/{}", person["id"].as_str().unwrap());
        admin
            .patch(&person, None, &json!({"role_id": viewer}))
            .await
            .json(StatusCode::OK)
            .await;
    }
    assert_eq!(admin.delete(&path).await.status(), StatusCode::NO_CONTENT);
    // The key is what programs know a role by, and stays.
    admin
        .patch(&format!("/roles/{viewer}"), None, &json!({"key": "owner"}))
        .await
        .problem(StatusCode::UNPROCESSABLE_ENTITY, "invalid")
        .await;
}
