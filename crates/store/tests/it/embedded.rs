//! The private server: made once, one program per folder, back after every way to die.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use kith_store::{
    AdminConnection, DatabaseSettings, Server, Statement, StoreError, embedded::EmbeddedServer,
};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};

/// A data folder that is removed at the end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Folder {
        let path =
            std::env::temp_dir().join(format!("kith-embedded-{}-{name}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        Folder(path)
    }

    fn settings(&self) -> DatabaseSettings {
        DatabaseSettings::new(&self.0)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

async fn start(settings: &DatabaseSettings) -> EmbeddedServer {
    EmbeddedServer::start(settings)
        .await
        .unwrap_or_else(|error| panic!("{error}"))
}

fn message(result: Result<EmbeddedServer, StoreError>) -> String {
    match result {
        Err(error) => error.to_string(),
        Ok(_) => panic!("it started"),
    }
}

async fn value(server: &EmbeddedServer, sql: &'static str) -> String {
    let admin = AdminConnection::connect(&server.owner_target())
        .await
        .unwrap();
    admin.query(&Statement::new(sql)).await.unwrap()[0].get(0)
}

async fn script(server: &EmbeddedServer, sql: &str) {
    AdminConnection::connect(&server.owner_target())
        .await
        .unwrap()
        .script(sql)
        .await
        .unwrap();
}

fn send(pid: u32, signal: Signal) {
    kill(Pid::from_raw(i32::try_from(pid).unwrap()), signal).unwrap();
}

/// Waits for a condition; gives up, loudly, after a time that no healthy machine needs.
async fn until(what: &str, mut condition: impl AsyncFnMut() -> bool) {
    for _ in 0..3_000 {
        if condition().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{what}: not within 30 s");
}

fn owner_of(path: &Path) -> u32 {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata(path).unwrap().uid()
}

#[tokio::test]
async fn is_made_once_private_durable_and_never_root() {
    let folder = Folder::new("once");
    let server = start(&folder.settings()).await;
    script(&server, "create table kept as select 42 as x").await;
    assert_eq!(
        value(
            &server,
            "select current_setting('fsync') || current_setting('listen_addresses')"
        )
        .await,
        "on"
    );
    assert_eq!(
        value(&server, "select current_setting('data_checksums')").await,
        "on"
    );
    let process = PathBuf::from(format!("/proc/{}", server.process_id().unwrap()));
    if process.exists() {
        assert_ne!(owner_of(&process), 0, "PostgreSQL runs as root");
    }
    // A second program on the same folder is told who has it, and disturbs nothing.
    let text = message(EmbeddedServer::start(&folder.settings()).await);
    assert!(
        text.contains("in use by another Kith") && text.contains(&std::process::id().to_string()),
        "{text}"
    );
    assert_eq!(value(&server, "select x::text from kept").await, "42");
    // A command beside the program uses the program's server.
    let beside = Server::join(&folder.settings()).await.unwrap();
    assert!(beside.embedded().is_none());
    beside.database().ping().await.unwrap();
    beside.stop().await;
    server.stop().await;
    assert!(
        !folder.0.join("postgres/postmaster.pid").exists(),
        "the server was not stopped in order"
    );
    let server = start(&folder.settings()).await;
    assert_eq!(value(&server, "select x::text from kept").await, "42");
    server.stop().await;
}

#[tokio::test]
async fn a_killed_server_is_started_again_and_keeps_what_was_committed() {
    let folder = Folder::new("killed");
    let server = start(&folder.settings()).await;
    script(&server, "create table kept as select 42 as x").await;
    for _ in 0..2 {
        let before = server.process_id().unwrap();
        send(before, Signal::SIGKILL);
        until("the server is back", async || {
            server.process_id().is_some_and(|now| now != before)
                && AdminConnection::connect(&server.owner_target())
                    .await
                    .is_ok()
        })
        .await;
        assert_eq!(value(&server, "select x::text from kept").await, "42");
    }
    server.stop().await;
}

/// Names the data folder to the program that the next test kills.
const VICTIM: &str = "KITH_TEST_VICTIM";

/// Not a test of its own: the program that the next test starts and kills. Without its folder it does nothing.
#[tokio::test]
async fn victim() {
    let Some(folder) = std::env::var_os(VICTIM) else {
        return;
    };
    let server = start(&DatabaseSettings::new(folder)).await;
    script(&server, "create table kept as select 42 as x").await;
    eprintln!("running {}", server.process_id().unwrap());
    std::future::pending::<()>().await;
}

#[tokio::test]
async fn a_server_that_outlived_its_killed_program_is_replaced() {
    use std::io::{BufRead, BufReader};
    let folder = Folder::new("orphan");
    let mut program = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "embedded::victim", "--nocapture"])
        .env(VICTIM, &folder.0)
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(program.stderr.take().unwrap()).lines();
    let orphan: u32 = lines
        .find_map(|line| {
            line.unwrap()
                .strip_prefix("running ")
                .map(|pid| pid.parse().unwrap())
        })
        .expect("the program ended before its server ran");
    send(program.id(), Signal::SIGKILL);
    program.wait().unwrap();
    let orphan_id = Pid::from_raw(i32::try_from(orphan).unwrap());
    assert!(
        kill(orphan_id, None).is_ok(),
        "the server ended with its program: nothing is tested"
    );
    let server = start(&folder.settings()).await;
    assert_ne!(server.process_id(), Some(orphan));
    assert_eq!(value(&server, "select x::text from kept").await, "42");
    server.stop().await;
}

/// As root the server has an account of its own, which may be unable to enter the data folder.
#[tokio::test]
async fn a_data_folder_that_the_server_s_account_cannot_enter_still_works() {
    use std::os::unix::fs::PermissionsExt;
    if !nix::unistd::geteuid().is_root() {
        return;
    }
    let folder = Folder::new("closed");
    std::fs::create_dir_all(&folder.0).unwrap();
    std::fs::set_permissions(&folder.0, std::fs::Permissions::from_mode(0o700)).unwrap();
    let settings = DatabaseSettings::new(folder.0.join("data"));
    let mut server = start(&settings).await;
    script(&server, "create table kept as select 42 as x").await;
    server.stop().await;
    server = start(&settings).await;
    assert_eq!(value(&server, "select x::text from kept").await, "42");
    let cluster = PathBuf::from(value(&server, "select current_setting('data_directory')").await);
    server.stop().await;
    assert!(
        cluster.starts_with("/var/lib/kith"),
        "{}",
        cluster.display()
    );
    std::fs::remove_dir_all(cluster.parent().unwrap()).unwrap();
}

#[tokio::test]
async fn a_pid_file_that_names_an_unrelated_process_does_not_stop_the_start() {
    let folder = Folder::new("stale");
    let server = start(&folder.settings()).await;
    server.stop().await;
    let cluster = folder.0.join("postgres");
    let mut unrelated = std::process::Command::new("sleep")
        .arg("600")
        .spawn()
        .unwrap();
    let text = format!(
        "{}\n{}\n1700000000\n5432\n{}\n\n\n",
        unrelated.id(),
        cluster.display(),
        folder.0.join("run").display()
    );
    let account = kith_store::embedded::account::to_become().unwrap();
    kith_store::embedded::cluster::write(&cluster.join("postmaster.pid"), &text, account).unwrap();
    let server = start(&folder.settings()).await;
    assert_eq!(value(&server, "select 'ok'").await, "ok");
    server.stop().await;
    assert!(
        unrelated.try_wait().unwrap().is_none(),
        "the unrelated process was stopped"
    );
    unrelated.kill().unwrap();
    unrelated.wait().unwrap();
}

#[tokio::test]
async fn a_dropped_server_stops_and_the_next_start_waits_for_it() {
    let folder = Folder::new("dropped");
    let server = start(&folder.settings()).await;
    drop(server);
    let server = start(&folder.settings()).await;
    assert_eq!(value(&server, "select 'ok'").await, "ok");
    server.stop().await;
}

#[tokio::test]
async fn data_of_another_version_is_refused_with_the_way_to_upgrade() {
    let folder = Folder::new("version");
    let cluster = folder.0.join("postgres");
    std::fs::create_dir_all(&cluster).unwrap();
    std::fs::write(cluster.join("PG_VERSION"), "9\n").unwrap();
    let text = message(EmbeddedServer::start(&folder.settings()).await);
    assert!(
        text.contains("PostgreSQL 9") && text.contains("pg_upgrade"),
        "{text}"
    );
}

#[tokio::test]
async fn a_long_path_still_gets_a_socket() {
    let folder = Folder::new("long");
    let mut settings = folder.settings();
    settings.data_dir = folder.0.join("a-folder-with-a-long-name".repeat(5));
    std::fs::create_dir_all(&folder.0).unwrap();
    let server = start(&settings).await;
    assert_eq!(value(&server, "select 'ok'").await, "ok");
    let sockets = value(&server, "select current_setting('unix_socket_directories')").await;
    server.stop().await;
    std::fs::remove_dir_all(sockets).unwrap();
}
