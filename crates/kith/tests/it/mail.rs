//! Mail of a started program, and what its operator does about it.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use serde_json::json;

use crate::program::{Program, data_folder};

fn kith(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_kith"))
        .args(arguments)
        .env("KITH_DATA_DIR", folder)
        .env_remove("DATABASE_URL")
        .output()
        .unwrap()
}

fn said(output: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    format!("{}{}", text(&output.stdout), text(&output.stderr))
}

/// The mail in the folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder.join("mail"));
    let paths = entries.map(|entries| entries.map(|entry| entry.unwrap().path()).collect());
    paths.unwrap_or_default()
}

/// Waits for a mail of this kind: in the folder, or (taken by a node that died, and another's to send in a few
/// minutes) in the queue. Answers whether it waits there.
async fn arrives(folder: &Path, kind: &str) -> bool {
    let ending = format!("-{}.eml", kind.replace('_', "-"));
    let began = Instant::now();
    loop {
        let found = files(folder);
        if found
            .iter()
            .any(|path| path.to_str().unwrap().ends_with(&ending))
        {
            return false;
        }
        let queue = said(&kith(folder, &["mail", "list"]));
        if queue
            .lines()
            .any(|line| line.contains(kind) && line.contains("sending"))
        {
            return true;
        }
        assert!(
            began.elapsed() < Duration::from_mins(1),
            "{kind} is neither in {found:?} nor in {queue}"
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Waits for mail of this kind in the folder.
async fn lands(folder: &Path, kind: &str) {
    let began = Instant::now();
    // What waits for a dead node's lease to end does not come: there was no crash.
    while arrives(folder, kind).await {
        assert!(
            began.elapsed() < Duration::from_mins(1),
            "{kind} is still being sent"
        );
    }
}

#[tokio::test]
async fn mail_survives_a_crash_and_an_operator_helps_people_in() {
    let folder = data_folder("mail");
    let program = Program::start(&folder).await;
    program.sign_in(true).await;
    // Before it was sent, while, or after: it is there in the end.
    program.kill();
    let program = Program::start(&folder).await;
    let waits = arrives(&folder, "verify_email").await;

    let output = kith(&folder, &["user", "reset-password", "ada@example.com"]);
    assert!(output.status.success(), "{}", said(&output));
    let text = said(&output);
    let (_, after) = text.split_once("/reset-password?token=").unwrap();
    let token = after.split_whitespace().next().unwrap();
    let reset = |token: String| {
        let body = json!({"token": token, "password": "a staple that is correct"});
        program
            .client
            .post(format!("{}/api/v1/auth/reset-password", program.address))
            .json(&body)
            .send()
    };
    assert_eq!(reset(token.to_owned()).await.unwrap().status(), 204);
    assert_eq!(reset(token.to_owned()).await.unwrap().status(), 422);
    lands(&folder, "password_changed").await;

    for (arguments, expected) in [
        (
            &["user", "reset-password", "nobody@example.com"][..],
            "nobody has the address",
        ),
        (
            &["user", "disable-second-factor", "ada@example.com"],
            "already",
        ),
        (&["mail", "retry"], "no such mail"),
    ] {
        let output = kith(&folder, arguments);
        assert!(
            !output.status.success() && said(&output).contains(expected),
            "{arguments:?}: {}",
            said(&output)
        );
    }
    let output = kith(&folder, &["mail", "list"]);
    let expected = if waits {
        "verify_email"
    } else {
        "no mail waits"
    };
    assert!(
        output.status.success() && said(&output).contains(expected),
        "{}",
        said(&output)
    );
    drop(program);
    let _ = std::fs::remove_dir_all(&folder);
}
