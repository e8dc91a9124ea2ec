//! What a newcomer gets: a demo organization at the first start, its sign-in told once, and never a second one.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use reqwest::Client;
use serde_json::{Value as Json, json};

use crate::program::{command, data_folder, free_port};

/// `kith serve --demo`, and what it said until it answered.
struct Shown {
    child: Child,
    address: String,
    told: String,
}

impl Drop for Shown {
    fn drop(&mut self) {
        let _ = Command::new("kill")
            .args(["-INT", &self.child.id().to_string()])
            .status();
        let _ = self.child.wait();
    }
}

/// Starts the program and reads until it tells a sign-in, or answers without one.
async fn show(folder: &Path, client: &Client, first: bool) -> Shown {
    let port = free_port();
    let mut child = command(folder, port)
        .arg("--demo")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let out = child.stdout.take().unwrap();
    let reading = std::thread::spawn(move || {
        let mut told = String::new();
        for line in BufReader::new(out).lines().map_while(Result::ok) {
            told.push_str(&line);
            told.push('\n');
            if line.contains("set-password") {
                break;
            }
        }
        told
    });
    let address = format!("http://127.0.0.1:{port}");
    let began = std::time::Instant::now();
    while !client
        .get(format!("{address}/health/ready"))
        .send()
        .await
        .is_ok_and(|answer| answer.status().is_success())
    {
        assert!(
            began.elapsed().as_secs() < 120,
            "the program does not become ready"
        );
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    let told = if first || reading.is_finished() {
        reading.join().unwrap()
    } else {
        String::new()
    };
    Shown {
        child,
        address,
        told,
    }
}

/// The word behind a label.
fn said(told: &str, label: &str) -> String {
    told.lines()
        .find_map(|line| line.trim().strip_prefix(label))
        .unwrap_or_else(|| panic!("no {label} in: {told}"))
        .trim()
        .to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_start_shows_an_organization_and_later_ones_leave_it_alone() {
    let folder = data_folder("demo");
    let client = Client::builder()
        .timeout(std::time::Duration::from_secs(20))
        .build()
        .unwrap();
    let shown = show(&folder, &client, true).await;
    let (email, password) = (
        said(&shown.told, "address "),
        said(&shown.told, "password "),
    );
    assert!(shown.told.contains(&shown.address), "{}", shown.told);
    let sign_in = async |address: &str, email: &str| -> Json {
        let answer = client
            .post(format!("{address}/api/v1/auth/login"))
            .json(&json!({"email": email, "password": password}))
            .send()
            .await
            .unwrap();
        answer.json().await.unwrap()
    };
    let session = sign_in(&shown.address, &email).await;
    let token = session["access_token"]
        .as_str()
        .unwrap_or_else(|| panic!("{session}"))
        .to_owned();
    for path in [
        "companies",
        "deals",
        "leads",
        "tasks",
        "notes",
        "interactions",
        "activities",
        "users",
    ] {
        let page: Json = client
            .get(format!("{}/api/v1/{path}", shown.address))
            .bearer_auth(&token)
            .send()
            .await
            .unwrap()
            .json()
            .await
            .unwrap();
        assert!(!page["data"].as_array().unwrap().is_empty(), "no {path}");
    }
    // Its sellers sign in, too; who was invited only does not.
    assert!(
        sign_in(&shown.address, "mateo@larkspur-studio.example").await["access_token"].is_string()
    );
    assert!(
        sign_in(&shown.address, "freja@larkspur-studio.example").await["access_token"].is_null()
    );
    // Asked again it is refused, by name; another name makes another, with another password.
    let kith = |arguments: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_kith"))
            .args(arguments)
            .env("KITH_DATA_DIR", &folder)
            .env_remove("DATABASE_URL")
            .output()
            .unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (
            output.status.success(),
            format!("{}{}", text(&output.stdout), text(&output.stderr)),
        )
    };
    let (done, told) = kith(&["demo"]);
    assert!(!done && told.contains("already"), "{told}");
    let (done, told) = kith(&["demo", "--organization", "Second Look", "--seed", "3"]);
    assert!(done, "{told}");
    assert_eq!(said(&told, "address "), "helena@second-look.example");
    assert_ne!(said(&told, "password "), password);
    // The other one goes again, when it is meant: its people and files with it, and nothing of the first.
    let files = |count: usize| {
        let kept = std::fs::read_dir(folder.join("documents")).unwrap();
        assert_eq!(kept.count(), count);
    };
    files(2);
    let (done, told) = kith(&["org", "delete", "second-look"]);
    assert!(done && told.contains("Nothing was deleted"), "{told}");
    let (done, told) = kith(&["org", "delete", "second-look", "--confirm", "second"]);
    assert!(!done && told.contains("nothing was deleted"), "{told}");
    let (done, told) = kith(&["org", "delete", "second-look", "--confirm", "second-look"]);
    assert!(done && told.contains("is gone"), "{told}");
    files(1);
    let (_, told) = kith(&["org", "list"]);
    assert!(
        told.contains("larkspur-studio") && !told.contains("second-look"),
        "{told}"
    );
    let (done, told) = kith(&["user", "set-password", "helena@second-look.example"]);
    assert!(!done, "{told}");
    drop(shown);
    let again = show(&folder, &client, false).await;
    assert_eq!(again.told, "");
    assert!(sign_in(&again.address, &email).await["access_token"].is_string());
    drop(again);
    let _ = std::fs::remove_dir_all(&folder);
}
