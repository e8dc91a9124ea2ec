//! A started program with a data folder of its own.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use reqwest::Client;
use serde_json::{Value as Json, json};

pub(crate) struct Program {
    child: Child,
    pub(crate) address: String,
    pub(crate) client: Client,
}

/// A new folder that the database's own account can enter.
pub(crate) fn data_folder(name: &str) -> PathBuf {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = std::env::temp_dir().join(format!("kith-{name}-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o711)).unwrap();
    folder
}

pub(crate) fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
}

/// `kith serve` on a data folder.
pub(crate) fn command(folder: &Path, port: u16) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kith"));
    command
        .arg("serve")
        .env("KITH_DATA_DIR", folder)
        .env("KITH_LISTEN", format!("127.0.0.1:{port}"))
        .env("KITH_METRICS_LISTEN", "")
        .env_remove("DATABASE_URL")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command
}

impl Program {
    /// Starts the program and waits until it answers.
    pub(crate) async fn start(folder: &Path) -> Program {
        let port = free_port();
        let child = command(folder, port).spawn().unwrap();
        let program = Program {
            child,
            address: format!("http://127.0.0.1:{port}"),
            client: Client::builder()
                .timeout(Duration::from_secs(20))
                .build()
                .unwrap(),
        };
        let began = Instant::now();
        loop {
            let ready = program
                .client
                .get(format!("{}/health/ready", program.address))
                .send()
                .await;
            if ready.is_ok_and(|answer| answer.status().is_success()) {
                return program;
            }
            assert!(
                began.elapsed() < Duration::from_secs(90),
                "the program does not become ready"
            );
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Ends the program as a power cut would: without a word.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// A first person with an organization, or the same person again. Answers the access token.
    pub(crate) async fn sign_in(&self, new: bool) -> String {
        let (path, body) = if new {
            (
                "register",
                json!({"email": "ada@example.com", "password": "correct horse battery", "full_name": "Ada", "organization_name": "Acme"}),
            )
        } else {
            (
                "login",
                json!({"email": "ada@example.com", "password": "correct horse battery"}),
            )
        };
        let answer = self
            .client
            .post(format!("{}/api/v1/auth/{path}", self.address))
            .json(&body)
            .send()
            .await
            .unwrap();
        let session: Json = answer.json().await.unwrap();
        session["access_token"].as_str().unwrap().to_owned()
    }
}

/// In order: the program stops its database with itself.
impl Drop for Program {
    fn drop(&mut self) {
        let _ = Command::new("kill")
            .args(["-INT", &self.child.id().to_string()])
            .status();
        let _ = self.child.wait();
    }
}
