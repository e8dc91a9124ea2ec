//! The program, started as an operator starts it, and the people who use it.

use std::fs::File;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use http::{Method, Request};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value as Json, json};
use tokio::io::AsyncWriteExt as _;
use tokio::process::{Child, Command};

use crate::load::{Body, Connection};

/// Long enough for a database that recovers from a crash.
const START: Duration = Duration::from_mins(5);
const PASSWORD: &str = "granite-Lantern-4821-zephyr";

/// Who asks, and for which organization.
#[derive(Clone)]
pub(crate) struct Person {
    pub(crate) name: &'static str,
    pub(crate) user: String,
    pub(crate) organization: String,
    /// Whether every record of the organization is theirs to read.
    pub(crate) sees_all: bool,
    authorization: String,
}

/// The running program.
pub(crate) struct Program {
    child: Child,
    binary: PathBuf,
    folder: PathBuf,
    pub(crate) address: SocketAddr,
    pub(crate) process: u32,
}

impl Program {
    /// Starts `kith serve` on a data folder and waits until it is ready.
    pub(crate) async fn start(binary: &Path, folder: &Path, log: &Path) -> Result<Program> {
        // Free at this moment; whoever takes it in between makes the start fail with a clear message.
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let log = File::create(log)?;
        let mut child = command(binary, folder)
            .arg("serve")
            .env("KITH_LISTEN", address.to_string())
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .with_context(|| format!("{} cannot be started", binary.display()))?;
        let process = child.id().context("the program ended at once")?;
        let began = Instant::now();
        while !is_ready(address).await {
            if let Some(status) = child.try_wait()? {
                bail!("the program ended ({status}); see the log beside the result");
            }
            ensure!(began.elapsed() < START, "the program does not become ready");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(Program {
            child,
            binary: binary.to_owned(),
            folder: folder.to_owned(),
            address,
            process,
        })
    }

    /// Asks the program to stop, and waits.
    pub(crate) async fn stop(mut self) -> Result<()> {
        if let Ok(process) = i32::try_from(self.process) {
            kill(Pid::from_raw(process), Signal::SIGTERM)?;
        }
        self.child.wait().await?;
        Ok(())
    }

    /// Signs a person of the loaded data in.
    pub(crate) async fn sign_in(
        &self,
        name: &'static str,
        email: &str,
        organization: &str,
    ) -> Result<Person> {
        let body = json!({"email": email, "password": PASSWORD, "organization_id": organization});
        let request = Request::post("/api/v1/auth/login")
            .header("content-type", "application/json")
            .header("host", self.address.to_string())
            .body(Body::from(body.to_string()))?;
        let session = Connection::open(self.address).await?.json(request).await?;
        let text = |pointer: &str| {
            session
                .pointer(pointer)
                .and_then(Json::as_str)
                .map(str::to_owned)
                .with_context(|| format!("the session has no {pointer}"))
        };
        Ok(Person {
            name,
            user: text("/user/id")?,
            organization: text("/organization/id")?,
            sees_all: name != "member",
            authorization: format!("Bearer {}", text("/access_token")?),
        })
    }

    /// Gives a person of the loaded data the password that [`Program::sign_in`] uses.
    pub(crate) async fn set_password(&self, email: &str) -> Result<()> {
        let mut child = command(&self.binary, &self.folder)
            .args(["user", "set-password", email])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()?;
        let mut input = child.stdin.take().context("no way to say the password")?;
        input.write_all(format!("{PASSWORD}\n").as_bytes()).await?;
        drop(input);
        let output = child.wait_with_output().await?;
        ensure!(
            output.status.success(),
            "kith user set-password: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        Ok(())
    }
}

impl Person {
    /// A request of this person.
    pub(crate) fn request(
        &self,
        method: Method,
        path: &str,
        kind: &str,
        body: Body,
    ) -> Result<Request<Body>> {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", "127.0.0.1")
            .header("authorization", &self.authorization);
        if !kind.is_empty() {
            request = request.header("content-type", kind);
        }
        Ok(request.body(body)?)
    }

    /// A request to look at something.
    pub(crate) fn get(&self, path: &str) -> Result<Request<Body>> {
        self.request(Method::GET, path, "", Body::default())
    }
}

fn command(binary: &Path, folder: &Path) -> Command {
    let mut command = Command::new(binary);
    command
        .env_remove("DATABASE_URL")
        .env("KITH_DATA_DIR", folder)
        .env("KITH_METRICS_LISTEN", "")
        .env("KITH_LOG", "warn")
        .env("KITH_LOG_FORMAT", "text")
        // Away from a settings' file that may lie where we were started.
        .current_dir(folder)
        .kill_on_drop(true);
    command
}

async fn is_ready(address: SocketAddr) -> bool {
    let Ok(mut connection) = Connection::open(address).await else {
        return false;
    };
    let request = Request::get("/health/ready")
        .header("host", "127.0.0.1")
        .body(Body::default());
    match request {
        Ok(request) => connection
            .send(&request)
            .await
            .is_ok_and(|answer| answer.status.is_success()),
        Err(_) => false,
    }
}
