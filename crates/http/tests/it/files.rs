//! Documents: in and out whole, in pieces and in parts; seen by who sees the record; nothing left behind.

use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt;
use reqwest::multipart::{Form, Part};
use reqwest::{Body, Method, StatusCode};
use serde_json::{Value as Json, json};
use uuid::Uuid;

use crate::fixture::{Answer, Client, Started};

/// A picture of one pixel.
const PIXEL: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0\x1f\x15\xc4\x89\0\0\0\rIDATx\x9cc\xf8\xcf\xc0\xf0\x1f\0\x05\0\x01\xff\x89\x99=\x1d\0\0\0\0IEND\xaeB`\x82";

async fn send(client: &Client, path: &str, name: &str, content: impl Into<Body>) -> Answer {
    let form = Form::new().part("file", Part::stream(content).file_name(name.to_owned()));
    client
        .send(client.request(Method::POST, path).multipart(form))
        .await
}

async fn attached(client: &Client, company: &Json, name: &str, content: &'static [u8]) -> Json {
    let path = format!("/companies/{}/documents", id(company));
    send(client, &path, name, content)
        .await
        .json(StatusCode::CREATED)
        .await
}

fn id(record: &Json) -> &str {
    record["id"].as_str().unwrap()
}

async fn kept(started: &Started, organization: &Json) -> usize {
    let organization: Uuid = organization["organization"]["id"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap();
    started.storage().files(organization).await.unwrap().len()
}

async fn me(client: &Client) -> Json {
    client.get("/auth/me").await.json(StatusCode::OK).await
}

#[tokio::test]
async fn a_file_comes_back_as_it_went_in() {
    let started = Started::new().await;
    let owner = started.owner("ada").await;
    let company = owner.company("Northwind").await;
    let made = attached(
        &owner,
        &company,
        "..\\..\\\u{202e}offer.pdf",
        b"%PDF-1.7 contents",
    )
    .await;
    assert_eq!(made["file_name"], "offer.pdf");
    assert_eq!(
        (&made["file_size"], &made["mime_type"], &made["revision"]),
        (&json!(17), &json!("application/pdf"), &json!(1))
    );
    assert_eq!(
        (&made["subject_type"], &made["subject_id"]),
        (&json!("company"), &company["id"])
    );
    let path = format!("/documents/{}/content", id(&made));
    let answer = owner.get(&path).await;
    assert_eq!(answer.status(), StatusCode::OK);
    for (name, value) in [
        ("content-type", "application/pdf"),
        (
            "content-disposition",
            "attachment; filename=\"offer.pdf\"; filename*=UTF-8''offer.pdf",
        ),
        ("x-content-type-options", "nosniff"),
        (
            "content-security-policy",
            "default-src 'none'; frame-ancestors 'none'; sandbox",
        ),
        ("accept-ranges", "bytes"),
        ("content-length", "17"),
    ] {
        assert_eq!(answer.header(name), value, "{name}");
    }
    let tag = answer.header("etag");
    assert_eq!(tag, format!("\"{}\"", made["checksum"].as_str().unwrap()));
    assert_eq!(answer.0.bytes().await.unwrap(), &b"%PDF-1.7 contents"[..]);
    let part = |range: &str| owner.send(owner.request(Method::GET, &path).header("range", range));
    let answer = part("bytes=9-11").await;
    assert_eq!(
        (answer.status(), answer.header("content-range")),
        (StatusCode::PARTIAL_CONTENT, "bytes 9-11/17".to_owned())
    );
    assert_eq!(answer.0.bytes().await.unwrap(), &b"con"[..]);
    let answer = part("bytes=17-").await;
    assert_eq!(
        (answer.status(), answer.header("content-range")),
        (StatusCode::RANGE_NOT_SATISFIABLE, "bytes */17".to_owned())
    );
    assert_eq!(part("bytes=0-1,3-4").await.status(), StatusCode::OK);
    let again = owner
        .send(
            owner
                .request(Method::GET, &path)
                .header("if-none-match", &tag),
        )
        .await;
    assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
    // In the record's list, its timeline and the search.
    let list = owner
        .get(&format!("/companies/{}/documents", id(&company)))
        .await
        .json(StatusCode::OK)
        .await;
    assert_eq!(list["data"][0]["id"], made["id"]);
    let found = owner
        .get("/documents?q=offer")
        .await
        .json(StatusCode::OK)
        .await;
    assert_eq!(found["data"][0]["id"], made["id"]);
}

#[tokio::test]
async fn what_a_browser_would_run_is_not_even_named() {
    let started = Started::new().await;
    let owner = started.owner("ada").await;
    let company = owner.company("Northwind").await;
    for (name, content) in [
        ("invoice.pdf", &b"<html><script>alert(1)</script>"[..]),
        (
            "picture.png",
            b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
        ),
    ] {
        let made = attached(&owner, &company, name, content).await;
        assert!(
            ["text/html", "image/svg+xml"].contains(&made["mime_type"].as_str().unwrap()),
            "{made}"
        );
        let answer = owner
            .get(&format!("/documents/{}/content", id(&made)))
            .await;
        assert_eq!(answer.header("content-type"), "application/octet-stream");
        assert!(
            answer
                .header("content-disposition")
                .starts_with("attachment;")
        );
        assert!(answer.header("content-security-policy").contains("sandbox"));
    }
}

#[tokio::test]
async fn a_document_is_seen_with_its_record_and_by_nobody_else() {
    let started = Started::new().await;
    let owner = started.owner("ada").await;
    let company = owner.company("Northwind").await;
    let made = attached(&owner, &company, "secret.txt", b"secret").await;
    let (sales, _) = owner.colleague(&started, "sue", "sales").await;
    let (client, client_id) = owner.colleague(&started, "carl", "client_admin").await;
    let member = json!({"company_id": company["id"], "user_id": client_id});
    owner
        .post("/company-members", &member)
        .await
        .json(StatusCode::CREATED)
        .await;
    let foreign = started.owner("eve").await;
    let own = foreign.company("Evil").await;
    // The owner's company is nobody's, which sales may see: make it somebody's.
    owner
        .patch(
            &format!("/companies/{}", id(&company)),
            None,
            &json!({"owner_id": me(&owner).await["user"]["id"]}),
        )
        .await
        .json(StatusCode::OK)
        .await;
    for (who, stranger) in [
        ("sales", &sales),
        ("client", &client),
        ("foreign", &foreign),
        ("nobody", &started.nobody()),
    ] {
        for path in [
            "",
            "/content",
            "/content?revision=1",
            "/thumbnail",
            "/versions",
            "/history",
        ] {
            let status = stranger
                .get(&format!("/documents/{}{path}", id(&made)))
                .await
                .status();
            assert!(
                matches!(
                    status,
                    StatusCode::NOT_FOUND | StatusCode::FORBIDDEN | StatusCode::UNAUTHORIZED
                ),
                "{who} {path}: {status}"
            );
        }
        for (path, body) in [
            ("/link", json!({})),
            ("/purge", json!({})),
            ("/restore", json!({})),
        ] {
            let status = stranger
                .post(&format!("/documents/{}{path}", id(&made)), &body)
                .await
                .status();
            assert!(
                matches!(
                    status,
                    StatusCode::NOT_FOUND | StatusCode::FORBIDDEN | StatusCode::UNAUTHORIZED
                ),
                "{who} {path}: {status}"
            );
        }
        let status = send(
            stranger,
            &format!("/companies/{}/documents", id(&company)),
            "x.txt",
            "x",
        )
        .await
        .status();
        assert!(
            matches!(
                status,
                StatusCode::NOT_FOUND | StatusCode::FORBIDDEN | StatusCode::UNAUTHORIZED
            ),
            "{who} attach: {status}"
        );
        let status = send(
            stranger,
            &format!("/documents/{}/versions", id(&made)),
            "x.txt",
            "x",
        )
        .await
        .status();
        assert!(
            matches!(
                status,
                StatusCode::NOT_FOUND | StatusCode::FORBIDDEN | StatusCode::UNAUTHORIZED
            ),
            "{who} version: {status}"
        );
        let upload = json!({"document_id": made["id"], "file_name": "x", "file_size": 1});
        let status = stranger.post("/documents/uploads", &upload).await.status();
        assert!(
            matches!(
                status,
                StatusCode::NOT_FOUND | StatusCode::FORBIDDEN | StatusCode::UNAUTHORIZED
            ),
            "{who} upload: {status}"
        );
    }
    // Fields that follow from the file are nobody's to write, and a document is about what it was made for.
    let path = format!("/documents/{}", id(&made));
    for forged in [
        json!({"storage_key": Uuid::nil()}),
        json!({"mime_type": "text/html"}),
        json!({"checksum": "0"}),
        json!({"subject_id": own["id"]}),
        json!({"file_name": "../x"}),
    ] {
        let status = owner.patch(&path, None, &forged).await.status();
        assert!(status.is_client_error(), "{forged}: {status}");
    }
    assert_eq!(
        owner
            .post("/documents", &json!({"file_name": "x"}))
            .await
            .status(),
        StatusCode::FORBIDDEN
    );
    let seen = owner.get(&path).await.json(StatusCode::OK).await;
    assert_eq!(seen["version"], made["version"]);
}

/// A task is whose it is given to, whose it was made by and whose it is about, and may belong to two projects: what is
/// attached to it is seen by all of them, by nobody else, and no longer than they are.
#[tokio::test]
async fn a_document_about_a_task_is_everybodys_whose_the_task_is() {
    let started = Started::new().await;
    let owner = started.owner("ada").await;
    let (given, given_id) = owner.colleague(&started, "gil", "member").await;
    let (author, _) = owner.colleague(&started, "amy", "member").await;
    let (about, about_id) = owner.colleague(&started, "abe", "member").await;
    let (within, within_id) = owner.colleague(&started, "wim", "member").await;
    let (beside, beside_id) = owner.colleague(&started, "bea", "member").await;
    let (nobody, _) = owner.colleague(&started, "ned", "member").await;
    let company = owner.company("Northwind").await;
    let make = async |client: &Client, path: &str, body: Json| {
        client
            .post(path, &body)
            .await
            .json(StatusCode::CREATED)
            .await
    };
    let mut projects = Vec::new();
    for (name, user) in [("Inside", &within_id), ("Beside", &beside_id)] {
        let body = json!({"name": name, "company_id": company["id"]});
        let project = make(&owner, "/projects", body).await;
        let member = json!({"project_id": project["id"], "user_id": user, "role": "viewer"});
        make(&owner, "/project-members", member).await;
        projects.push(project);
    }
    let lead = json!({"last_name": "Buyer", "owner_id": about_id, "project_id": projects[1]["id"]});
    let lead = make(&owner, "/leads", lead).await;
    let body = json!({"title": "Prepare the offer", "subject_type": "lead", "subject_id": lead["id"],
        "project_id": projects[0]["id"], "assigned_to_id": given_id});
    // Made by somebody with a narrow scope, who sees what it is about while making it.
    let joined = json!({"project_id": projects[0]["id"], "user_id": me(&author).await["user"]["id"], "role": "manager"});
    let joined = make(&owner, "/project-members", joined).await;
    let other = json!({"project_id": projects[1]["id"], "user_id": me(&author).await["user"]["id"], "role": "manager"});
    let other = make(&owner, "/project-members", other).await;
    let task = make(&author, "/tasks", body).await;
    for member in [&joined, &other] {
        let path = format!("/project-members/{}", id(member));
        assert_eq!(owner.delete(&path).await.status(), StatusCode::NO_CONTENT);
    }
    let made = send(
        &given,
        &format!("/tasks/{}/documents", id(&task)),
        "offer.txt",
        "offer",
    )
    .await
    .json(StatusCode::CREATED)
    .await;
    let path = format!("/documents/{}", id(&made));
    let people = [
        ("given", &given),
        ("author", &author),
        ("about", &about),
        ("within", &within),
        ("beside", &beside),
        ("nobody", &nobody),
    ];
    let seen = async |hidden: &[&str]| {
        for (name, client) in &people {
            let expected = if hidden.contains(name) {
                StatusCode::NOT_FOUND
            } else {
                StatusCode::OK
            };
            let task = client.get(&format!("/tasks/{}", id(&task))).await.status();
            assert_eq!(task, expected, "{name} the task");
            assert_eq!(client.get(&path).await.status(), expected, "{name}");
            let list = client.get("/documents").await.json(StatusCode::OK).await;
            let listed = list["data"].as_array().unwrap().len();
            assert_eq!(
                listed,
                usize::from(expected == StatusCode::OK),
                "{name} lists"
            );
            let found = client
                .get("/documents?q=offer")
                .await
                .json(StatusCode::OK)
                .await;
            assert_eq!(
                found["data"].as_array().unwrap().len(),
                listed,
                "{name} searches"
            );
        }
    };
    seen(&["nobody"]).await;
    // The document goes where its task goes, and is not changed by that.
    let change = json!({"assigned_to_id": about_id, "project_id": null});
    owner
        .patch(&format!("/tasks/{}", id(&task)), None, &change)
        .await
        .json(StatusCode::OK)
        .await;
    seen(&["nobody", "given", "within"]).await;
    let after = owner.get(&path).await.json(StatusCode::OK).await;
    assert_eq!(after["version"], made["version"]);
}

#[tokio::test]
async fn versions_follow_each_other_and_the_last_reference_frees_the_storage() {
    let started = Started::new().await;
    let owner = started.owner("ada").await;
    let who = me(&owner).await;
    let company = owner.company("Northwind").await;
    let made = attached(&owner, &company, "plan.txt", b"first").await;
    let path = format!("/documents/{}", id(&made));
    let second = send(&owner, &format!("{path}/versions"), "plan v2.txt", "second")
        .await
        .json(StatusCode::CREATED)
        .await;
    assert_eq!(
        (&second["revision"], &second["file_name"]),
        (&json!(2), &json!("plan v2.txt"))
    );
    let versions = owner
        .get(&format!("{path}/versions"))
        .await
        .json(StatusCode::OK)
        .await;
    let revisions: Vec<i64> = versions["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["revision"].as_i64().unwrap())
        .collect();
    assert_eq!(revisions, [2, 1]);
    let content = |query: &'static str| {
        let (owner, path) = (owner.clone(), path.clone());
        async move {
            owner
                .get(&format!("{path}/content{query}"))
                .await
                .0
                .text()
                .await
                .unwrap()
        }
    };
    assert_eq!(
        (content("").await, content("?revision=1").await),
        ("second".to_owned(), "first".to_owned())
    );
    assert_eq!(
        owner
            .get(&format!("{path}/content?revision=3"))
            .await
            .status(),
        StatusCode::NOT_FOUND
    );
    assert_eq!(kept(&started, &who).await, 2);
    // Deleted it can come back; purged it is gone, files and all.
    assert_eq!(owner.delete(&path).await.status(), StatusCode::NO_CONTENT);
    assert_eq!(
        owner.get(&format!("{path}/content")).await.status(),
        StatusCode::NOT_FOUND
    );
    owner
        .post(&format!("{path}/restore"), &json!({}))
        .await
        .json(StatusCode::OK)
        .await;
    started.work().await;
    assert_eq!(kept(&started, &who).await, 2);
    assert_eq!(
        owner
            .post(&format!("{path}/purge"), &json!({}))
            .await
            .status(),
        StatusCode::NO_CONTENT
    );
    started.work().await;
    assert_eq!(kept(&started, &who).await, 0);
    let rows = "select count(*) from stored_files";
    assert_eq!(
        started
            .database
            .admin()
            .await
            .query(&kith_store::Statement::new(rows))
            .await
            .unwrap()[0]
            .get::<_, i64>(0),
        0
    );
    // The record a document is about takes it along.
    attached(&owner, &company, "plan.txt", b"third").await;
    started.script(&format!("begin; select set_config('kith.organization', '{}', true); delete from companies; commit", who["organization"]["id"].as_str().unwrap())).await;
    started.work().await;
    assert_eq!(kept(&started, &who).await, 0);
}

#[tokio::test]
async fn what_a_crash_leaves_is_swept_away() {
    let started = Started::new().await;
    let owner = started.owner("ada").await;
    let who = me(&owner).await;
    let organization: Uuid = who["organization"]["id"].as_str().unwrap().parse().unwrap();
    let user = who["user"]["id"].as_str().unwrap();
    let company = owner.company("Northwind").await;
    attached(&owner, &company, "kept.txt", b"kept").await;
    // Announced and half written; written and not counted; counted and no document made; doomed and not removed;
    // removed and not forgotten.
    let mut lost = Vec::new();
    for state in ["writing", "writing", "kept", "doomed", "doomed"] {
        let file = Uuid::now_v7();
        let expires = if state == "writing" {
            "now() - interval '1 minute'"
        } else {
            "null"
        };
        started
            .script(&format!(
                "insert into stored_files (organization_id, id, purpose, state, size, checksum, mime_type, expires_at, created_at, created_by)
                 values ('{organization}', '{file}', 'content', '{state}', 4, sha256('x'), 'text/plain', {expires}, now() - interval '3 days', '{user}')"
            ))
            .await;
        lost.push(file);
    }
    let storage = started.storage();
    let half = storage.begin(organization, lost[0]).await.unwrap();
    std::mem::forget(half);
    for file in &lost[1..4] {
        storage
            .put(organization, *file, Bytes::from_static(b"lost"))
            .await
            .unwrap();
    }
    assert_eq!(kept(&started, &who).await, 4);
    started.work().await;
    assert_eq!(kept(&started, &who).await, 1);
    let rows = started
        .database
        .admin()
        .await
        .query(&kith_store::Statement::new(
            "select count(*) from stored_files",
        ))
        .await
        .unwrap();
    assert_eq!(rows[0].get::<_, i64>(0), 1);
}

#[tokio::test]
async fn a_file_in_pieces_survives_broken_lines_and_is_made_once() {
    let started = Started::new().await;
    let owner = started.owner("ada").await;
    let who = me(&owner).await;
    let company = owner.company("Northwind").await;
    let body = json!({"subject_type": "company", "subject_id": company["id"], "file_name": "a/b/movie.txt", "file_size": 10});
    let answer = owner.post("/documents/uploads", &body).await;
    assert_eq!(
        (answer.header("upload-offset"), answer.status()),
        ("0".to_owned(), StatusCode::CREATED)
    );
    let location = answer.header("location");
    let path = location.strip_prefix("/api/v1").unwrap();
    let piece = |offset: u64, content: &'static [u8]| {
        let request = owner
            .request(Method::PATCH, path)
            .header("content-type", "application/offset+octet-stream")
            .header("upload-offset", offset)
            .body(content);
        owner.send(request)
    };
    let answer = piece(0, b"0123").await;
    assert_eq!(
        (answer.status(), answer.header("upload-offset")),
        (StatusCode::NO_CONTENT, "4".to_owned())
    );
    // Not where it stands; too much; not what it says it is.
    let answer = piece(0, b"0123").await;
    assert_eq!(
        (answer.status(), answer.header("upload-offset")),
        (StatusCode::CONFLICT, "4".to_owned())
    );
    assert_eq!(
        piece(4, b"4567890").await.status(),
        StatusCode::PAYLOAD_TOO_LARGE
    );
    let plain = owner
        .request(Method::PATCH, path)
        .header("upload-offset", 4)
        .body("4567");
    assert_eq!(
        owner.send(plain).await.status(),
        StatusCode::UNSUPPORTED_MEDIA_TYPE
    );
    // A line that breaks: what arrived is kept.
    let broken = futures_util::stream::iter([
        Ok(Bytes::from_static(b"45")),
        Err(std::io::Error::other("the line broke")),
    ]);
    let request = owner
        .request(Method::PATCH, path)
        .header("content-type", "application/offset+octet-stream")
        .header("upload-offset", 4)
        .body(Body::wrap_stream(broken.then(|piece| async {
            tokio::time::sleep(Duration::from_millis(50)).await;
            piece
        })));
    assert!(request.send().await.is_err());
    let state = || async {
        let answer = owner.send(owner.request(Method::HEAD, path)).await;
        assert_eq!(answer.header("cache-control"), "no-store");
        answer.header("upload-offset")
    };
    let mut offset = state().await;
    for _ in 0..200 {
        if offset == "6" {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
        offset = state().await;
    }
    assert_eq!(offset, "6");
    // Nobody else goes on with it.
    let (bob, _) = owner.colleague(&started, "bob", "admin").await;
    assert_eq!(
        bob.send(bob.request(Method::HEAD, path)).await.status(),
        StatusCode::NOT_FOUND
    );
    // Two at once: one of them is first.
    let (one, two) = tokio::join!(piece(6, b"6789"), piece(6, b"6789"));
    let mut outcomes = [one.status(), two.status()];
    outcomes.sort();
    assert_eq!(outcomes[0], StatusCode::CREATED, "{outcomes:?}");
    assert!(
        outcomes[1] == StatusCode::CONFLICT || outcomes[1] == StatusCode::NOT_FOUND,
        "{outcomes:?}"
    );
    let list = owner
        .get(&format!("/companies/{}/documents", id(&company)))
        .await
        .json(StatusCode::OK)
        .await;
    assert_eq!(list["data"].as_array().unwrap().len(), 1);
    let made = &list["data"][0];
    assert_eq!(
        (&made["file_name"], &made["file_size"]),
        (&json!("movie.txt"), &json!(10))
    );
    let content = owner
        .get(&format!("/documents/{}/content", id(made)))
        .await
        .0
        .text()
        .await
        .unwrap();
    assert_eq!(content, "0123456789");
    started.work().await;
    assert_eq!(kept(&started, &who).await, 1, "the pieces are removed");
    assert_eq!(
        owner.send(owner.request(Method::HEAD, path)).await.status(),
        StatusCode::NOT_FOUND
    );
}

#[tokio::test]
async fn limits_and_quotas_hold_under_a_race() {
    let started = Started::with(|settings| {
        settings.upload_limit = 1000;
        settings.storage_quota = Some(2500);
    })
    .await;
    let owner = started.owner("ada").await;
    let who = me(&owner).await;
    let company = owner.company("Northwind").await;
    let path = format!("/companies/{}/documents", id(&company));
    send(&owner, &path, "large.bin", vec![0_u8; 1001])
        .await
        .problem(StatusCode::PAYLOAD_TOO_LARGE, "too_large")
        .await;
    let upload = json!({"subject_type": "company", "subject_id": company["id"], "file_name": "x", "file_size": 1001});
    assert_eq!(
        owner.post("/documents/uploads", &upload).await.status(),
        StatusCode::PAYLOAD_TOO_LARGE
    );
    // Ten at once of which two fit.
    let sent = futures_util::future::join_all(
        (0..10).map(|_| send(&owner, &path, "part.bin", vec![1_u8; 1000])),
    )
    .await;
    let made = sent
        .iter()
        .filter(|answer| answer.status() == StatusCode::CREATED)
        .count();
    let refused = sent
        .iter()
        .filter(|answer| answer.status() == StatusCode::CONFLICT)
        .count();
    assert_eq!((made, refused), (2, 8));
    started.work().await;
    assert_eq!(kept(&started, &who).await, 2);
    // What goes makes room.
    let list = owner.get(&path).await.json(StatusCode::OK).await;
    let first = id(&list["data"][0]).to_owned();
    owner
        .post(&format!("/documents/{first}/purge"), &json!({}))
        .await;
    started.work().await;
    assert_eq!(
        send(&owner, &path, "part.bin", vec![1_u8; 1000])
            .await
            .status(),
        StatusCode::CREATED
    );
}

#[tokio::test]
async fn pictures_get_a_thumbnail_and_bombs_get_none() {
    let started = Started::new().await;
    let owner = started.owner("ada").await;
    let company = owner.company("Northwind").await;
    let picture = attached(&owner, &company, "pixel.jpg", PIXEL).await;
    assert_eq!(
        (&picture["mime_type"], &picture["has_thumbnail"]),
        (&json!("image/png"), &json!(false))
    );
    let broken = attached(&owner, &company, "broken.png", &PIXEL[..40]).await;
    started.work().await;
    let thumbnail = |document: &Json| {
        let (owner, path) = (
            owner.clone(),
            format!("/documents/{}/thumbnail", id(document)),
        );
        async move { owner.get(&path).await }
    };
    let answer = thumbnail(&picture).await;
    assert_eq!(
        (answer.status(), answer.header("content-type")),
        (StatusCode::OK, "image/png".to_owned())
    );
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
    assert_eq!(thumbnail(&broken).await.status(), StatusCode::NOT_FOUND);
    let seen = owner
        .get(&format!("/documents/{}", id(&picture)))
        .await
        .json(StatusCode::OK)
        .await;
    assert_eq!(seen["has_thumbnail"], true);
    // A new file has not the old one's picture.
    let path = format!("/documents/{}/versions", id(&picture));
    let text = send(&owner, &path, "text.txt", "words")
        .await
        .json(StatusCode::CREATED)
        .await;
    assert_eq!(text["has_thumbnail"], false);
    assert_eq!(thumbnail(&picture).await.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn links_open_for_anybody_until_they_end() {
    let started = Started::new().await;
    let owner = started.owner("ada").await;
    let company = owner.company("Northwind").await;
    let (sales, sales_id) = owner.colleague(&started, "sue", "sales").await;
    owner
        .patch(
            &format!("/companies/{}", id(&company)),
            None,
            &json!({"owner_id": sales_id}),
        )
        .await
        .json(StatusCode::OK)
        .await;
    let made = attached(&owner, &company, "offer.txt", b"offer").await;
    let path = format!("/documents/{}", id(&made));
    let link = sales
        .post(&format!("{path}/link"), &json!({"expires_in": 3600}))
        .await
        .json(StatusCode::CREATED)
        .await;
    let url = link["url"].as_str().unwrap().to_owned();
    let open = || async { reqwest::get(started.url(&url)).await.unwrap() };
    let answer = open().await;
    assert_eq!(answer.status(), StatusCode::OK);
    assert!(
        answer.headers()["content-disposition"]
            .to_str()
            .unwrap()
            .starts_with("attachment")
    );
    assert_eq!(answer.text().await.unwrap(), "offer");
    for bad in ["/d/x", "/d/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"] {
        assert_eq!(
            reqwest::get(started.url(bad)).await.unwrap().status(),
            StatusCode::NOT_FOUND
        );
    }
    // Whoever made it loses sight of the document, and its link leads nowhere.
    owner
        .patch(
            &format!("/companies/{}", id(&company)),
            None,
            &json!({"owner_id": me(&owner).await["user"]["id"]}),
        )
        .await
        .json(StatusCode::OK)
        .await;
    assert_eq!(open().await.status(), StatusCode::NOT_FOUND);
    owner
        .patch(
            &format!("/companies/{}", id(&company)),
            None,
            &json!({"owner_id": sales_id}),
        )
        .await
        .json(StatusCode::OK)
        .await;
    assert_eq!(open().await.status(), StatusCode::OK);
    started
        .script("update document_links set expires_at = now()")
        .await;
    assert_eq!(open().await.status(), StatusCode::NOT_FOUND);
    started
        .script("update document_links set expires_at = now() + interval '1 hour'")
        .await;
    let end = format!("{path}/links/{}", link["id"].as_str().unwrap());
    assert_eq!(
        started.owner("eve").await.delete(&end).await.status(),
        StatusCode::NOT_FOUND
    );
    assert_eq!(sales.delete(&end).await.status(), StatusCode::NO_CONTENT);
    assert_eq!(open().await.status(), StatusCode::NOT_FOUND);
    let problem = owner
        .post(&format!("{path}/link"), &json!({"expires_in": 5}))
        .await
        .problem(StatusCode::UNPROCESSABLE_ENTITY, "invalid")
        .await;
    assert_eq!(problem["errors"][0]["field"], "expires_in");
    owner.delete(&path).await;
    assert_eq!(
        owner
            .post(&format!("{path}/link"), &json!({}))
            .await
            .status(),
        StatusCode::NOT_FOUND
    );
}

/// Bytes of memory that this process holds.
fn memory() -> u64 {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap();
    text.split(' ').nth(1).unwrap().parse::<u64>().unwrap() * 4096
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_large_file_passes_through_in_constant_memory() {
    const PIECE: usize = 1024 * 1024;
    const PIECES: usize = 256;
    let started = Started::new().await;
    let owner = started.owner("ada").await;
    let company = owner.company("Northwind").await;
    let before = memory();
    let piece = Bytes::from(vec![7_u8; PIECE]);
    let pieces = futures_util::stream::iter(
        (0..PIECES).map(move |_| Ok::<_, std::io::Error>(piece.clone())),
    );
    let path = format!("/companies/{}/documents", id(&company));
    let made = send(&owner, &path, "large.bin", Body::wrap_stream(pieces))
        .await
        .json(StatusCode::CREATED)
        .await;
    assert_eq!(made["file_size"], json!(PIECE * PIECES));
    let answer = owner
        .get(&format!("/documents/{}/content", id(&made)))
        .await;
    let mut received = 0;
    let mut most = memory();
    let mut stream = answer.0.bytes_stream();
    while let Some(piece) = stream.next().await {
        received += piece.unwrap().len();
        most = most.max(memory());
    }
    assert_eq!(received, PIECE * PIECES);
    let grown = most.saturating_sub(before) / 1024 / 1024;
    assert!(grown < 100, "{grown} MiB more for {PIECES} MiB");
}
