//! Nothing that was acknowledged is lost, nothing is written twice, and nobody starts a second time on
//! the same data.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value as Json, json};

use crate::program::{Program, command, data_folder};

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_program_loses_nothing_it_acknowledged() {
    let folder = data_folder("crash");
    let program = Program::start(&folder).await;
    let token = program.sign_in(true).await;
    let acknowledged = Arc::new(Mutex::new(Vec::<String>::new()));
    let going = Arc::new(AtomicBool::new(true));
    let writers: Vec<_> = (0..4)
        .map(|writer| {
            let (client, address, token) = (
                program.client.clone(),
                program.address.clone(),
                token.clone(),
            );
            let (acknowledged, going) = (acknowledged.clone(), going.clone());
            tokio::spawn(async move {
                let mut number = 0;
                while going.load(Ordering::Relaxed) {
                    number += 1;
                    let name = format!("Company {writer}-{number}");
                    let sent = client
                        .post(format!("{address}/api/v1/companies"))
                        .bearer_auth(&token)
                        .header("Idempotency-Key", &name)
                        .json(&json!({"name": name}))
                        .send()
                        .await;
                    if sent.is_ok_and(|answer| answer.status() == 201) {
                        acknowledged.lock().unwrap().push(name);
                    }
                }
            })
        })
        .collect();
    // In the middle of work: after a hundred answers, with more requests under way.
    while acknowledged.lock().unwrap().len() < 100 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    program.kill();
    going.store(false, Ordering::Relaxed);
    for writer in writers {
        writer.await.unwrap();
    }
    let program = Program::start(&folder).await;
    let token = program.sign_in(false).await;
    let kept = names(&program, &token).await;
    for name in acknowledged.lock().unwrap().iter() {
        assert_eq!(
            kept.iter().filter(|kept| *kept == name).count(),
            1,
            "{name}"
        );
    }
    // Repeating an acknowledged request repeats the answer, not the write.
    let first = acknowledged.lock().unwrap().first().unwrap().clone();
    let again = program
        .client
        .post(format!("{}/api/v1/companies", program.address))
        .bearer_auth(&token)
        .header("Idempotency-Key", &first)
        .json(&json!({"name": first}))
        .send()
        .await
        .unwrap();
    assert_eq!(again.status(), 201);
    assert_eq!(names(&program, &token).await.len(), kept.len());
    // Each of them has its history: the three records are written together or not at all.
    let events: Json = program
        .client
        .get(format!(
            "{}/api/v1/activities?type=created&limit=1&total=true",
            program.address
        ))
        .bearer_auth(&token)
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert!(events["page"]["total"].as_u64().unwrap() >= kept.len() as u64);
    drop(program);
    let _ = std::fs::remove_dir_all(folder);
}

/// The names of all companies, read by cursor.
async fn names(program: &Program, token: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut cursor = String::new();
    loop {
        let page: Json = program
            .client
            .get(format!(
                "{}/api/v1/companies?fields=name&limit=200&cursor={cursor}",
                program.address
            ))
            .bearer_auth(token)
            .send()
            .await
            .unwrap()
            .json()
            .await
            .unwrap();
        names.extend(
            page["data"]
                .as_array()
                .unwrap()
                .iter()
                .map(|record| record["name"].as_str().unwrap().to_owned()),
        );
        match page["page"]["next_cursor"].as_str() {
            Some(next) => next.clone_into(&mut cursor),
            None => return names,
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_program_on_the_same_data_is_refused() {
    let folder = data_folder("second");
    let program = Program::start(&folder).await;
    let output = command(&folder, 0)
        .stderr(std::process::Stdio::piped())
        .output()
        .unwrap();
    assert!(!output.status.success());
    let said = String::from_utf8_lossy(&output.stderr).to_lowercase();
    assert!(
        said.contains("another") || said.contains("already"),
        "{said}"
    );
    drop(program);
    let _ = std::fs::remove_dir_all(folder);
}
