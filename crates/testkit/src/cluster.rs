//! The PostgreSQL that all test processes of this checkout share.

use std::{
    fs::{self, File, OpenOptions},
    net::TcpListener,
    path::{Path, PathBuf},
    process::Stdio,
};

use anyhow::{Context, Result, ensure};
use kith_store::{
    AdminConnection, Target,
    embedded::{account, account::Account, binaries, cluster as embedded},
};
use nix::sys::statvfs::statvfs;
use sha2::{Digest, Sha256};

/// The superuser of the shared cluster.
const SUPERUSER: &str = "kith_test_super";
/// An owner as a managed server gives one: it may make databases and roles and is no superuser.
pub(crate) const OWNER: &str = "kith_test_owner";
pub(crate) const OWNER_PASSWORD: &str = "only for tests: p@ss/word";

/// Counts the layout of the folder: a change here makes the cluster anew.
const GENERATION: &str = "2";

/// Where Linux keeps files in memory.
const MEMORY: &str = "/dev/shm";
/// Bytes that must be free there: a cluster with its log takes a tenth of it, many tests at once half.
const ROOM: u64 = 4 << 30;

/// A running server for tests.
#[derive(Clone, Debug)]
pub(crate) struct TestServer {
    /// Administrator's URL up to and including the host, with what follows the database's name.
    url: UrlParts,
    /// The TCP port with password sign-in; `None` on a server that was given.
    pub(crate) tcp_port: Option<u16>,
    /// The programs, to drop databases without waiting for it.
    pub(crate) programs: Option<PathBuf>,
}

#[derive(Clone, Debug)]
struct UrlParts {
    before: String,
    after: String,
}

impl TestServer {
    /// The server to use; started when it does not run.
    #[expect(
        clippy::disallowed_methods,
        reason = "what tests may choose about their server is read here"
    )]
    pub(crate) async fn find_or_start() -> Result<TestServer> {
        if let Ok(url) = std::env::var("KITH_TEST_DATABASE_URL") {
            return Ok(TestServer {
                url: UrlParts::of(&url)?,
                tcp_port: None,
                programs: None,
            });
        }
        let account = account::to_become()?;
        let folder = folder(account)?;
        let lock = open_lock(&folder)?;
        // Blocks this thread: other test processes hold the lock for a second at most, and nothing else runs yet.
        lock.lock().context("the lock of the test server")?;
        start(&folder, account).await
    }

    /// The administrator's URL of a database.
    pub(crate) fn url(&self, database: &str) -> String {
        format!("{}/{database}{}", self.url.before, self.url.after)
    }

    pub(crate) async fn administrate(&self, database: &str) -> Result<AdminConnection> {
        Ok(AdminConnection::connect(&Target::parse(&self.url(database))?).await?)
    }
}

impl UrlParts {
    /// Splits `postgresql://user@host/database?options` around the database's name.
    fn of(url: &str) -> Result<UrlParts> {
        let (front, options) = url.split_once('?').unwrap_or((url, ""));
        let authority = front
            .find("://")
            .context("KITH_TEST_DATABASE_URL must start with postgresql://")?
            + 3;
        let end = front
            .get(authority..)
            .and_then(|rest| rest.find('/'))
            .map_or(front.len(), |slash| authority + slash);
        Ok(UrlParts {
            before: front.get(..end).unwrap_or(front).to_owned(),
            after: if options.is_empty() {
                String::new()
            } else {
                format!("?{options}")
            },
        })
    }
}

/// `target/kith-test-postgres`, or a folder under the system's temporary one when the account that runs the server
/// cannot enter `target` or the socket's path would be too long.
fn folder(account: Option<Account>) -> Result<PathBuf> {
    let target = match std::env::var_os("CARGO_TARGET_DIR") {
        Some(folder) => PathBuf::from(folder),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target"),
    };
    fs::create_dir_all(&target)?;
    let target = target.canonicalize()?;
    let folder = target.join("kith-test-postgres");
    let reachable = account.is_none_or(|account| account::can_enter(account, &target));
    if reachable && folder.as_os_str().len() < 70 {
        return Ok(folder);
    }
    Ok(std::env::temp_dir().join(format!("kith-test-{:08x}", short_digest(&folder))))
}

fn open_lock(folder: &Path) -> Result<File> {
    let path = folder.with_extension("lock");
    OpenOptions::new()
        .create(true)
        .write(true)
        .truncate(false)
        .open(&path)
        .with_context(|| format!("the lock file {}", path.display()))
}

/// Runs while the lock is held.
async fn start(folder: &Path, account: Option<Account>) -> Result<TestServer> {
    let installation = binaries::choose(None, None, folder)?;
    let generation = format!("{GENERATION} {}", installation.major);
    let data = folder.join("data");
    let ports = folder.join("port");
    if let Some(server) = running(folder, &ports, &installation.folder)
        && server.administrate("postgres").await.is_ok()
    {
        return Ok(server);
    }
    let mark = folder.join("generation");
    if fs::read_to_string(&mark).is_ok_and(|found| found != generation) || !mark.exists() {
        make_place(folder)?;
        account::make_folder(&data, 0o700, account)?;
        account::make_folder(&folder.join("run"), 0o700, account)?;
        // Durable writes are switched off below; the checksums go with them.
        embedded::initialise(&installation, &data, SUPERUSER, account, &["--no-sync"])?;
        let access = "local all all trust\nhost all all 127.0.0.1/32 scram-sha-256\n";
        embedded::write(&data.join("pg_hba.conf"), access, account)?;
        fs::write(&mark, &generation)?;
    }
    let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
    let options = [
        format!("-k {}", folder.join("run").display()),
        format!("-c port={port}"),
        "-c listen_addresses=127.0.0.1 -c fsync=off -c synchronous_commit=off -c full_page_writes=off".to_owned(),
        "-c shared_buffers=128MB -c max_connections=300 -c max_wal_size=512MB -c checkpoint_timeout=30min".to_owned(),
        "-c autovacuum_naptime=10min -c jit=off -c timezone=UTC -c log_min_messages=warning".to_owned(),
    ];
    let log = data.join("server.log");
    let status = embedded::command(&installation.program("pg_ctl"), account)
        .args(["start", "--silent", "--wait", "--timeout=60"])
        .arg("-D")
        .arg(&data)
        .arg("-l")
        .arg(&log)
        .args(["-o", &options.join(" ")])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .context("pg_ctl")?;
    let said = || fs::read_to_string(&log).unwrap_or_default();
    ensure!(
        status.success(),
        "the test server does not start; its log says:\n{}",
        said()
    );
    fs::write(&ports, port.to_string())?;
    let server =
        running(folder, &ports, &installation.folder).context("the port of the test server")?;
    make_owner(&server).await?;
    Ok(server)
}

/// An empty folder for the cluster: in memory where there is room, for tests write much and keep nothing (measured:
/// 0.65 against 1.1 to 1.8 seconds for a small test on a slow disk). `folder` is a link to it then.
fn make_place(folder: &Path) -> Result<()> {
    let place = Path::new(MEMORY).join(format!("kith-test-{:08x}", short_digest(folder)));
    // Of a link the first removes the link alone.
    let _ = fs::remove_dir_all(folder);
    let _ = fs::remove_dir_all(&place);
    let room = statvfs(MEMORY).map_or(0, |found| found.blocks_available() * found.fragment_size());
    if room < ROOM {
        account::make_folder(folder, 0o711, None)?;
        return Ok(());
    }
    account::make_folder(&place, 0o711, None)?;
    std::os::unix::fs::symlink(&place, folder).context("the link to the test server's folder")
}

fn short_digest(folder: &Path) -> u32 {
    Sha256::digest(folder.as_os_str().as_encoded_bytes())
        .first_chunk()
        .map_or(0, |bytes| u32::from_be_bytes(*bytes))
}

fn running(folder: &Path, ports: &Path, programs: &Path) -> Option<TestServer> {
    let port: u16 = fs::read_to_string(ports).ok()?.parse().ok()?;
    let sockets = folder.join("run").to_string_lossy().replace('/', "%2F");
    Some(TestServer {
        url: UrlParts {
            before: format!("postgresql://{SUPERUSER}@"),
            after: format!("?host={sockets}&port={port}"),
        },
        tcp_port: Some(port),
        programs: Some(programs.to_owned()),
    })
}

async fn make_owner(server: &TestServer) -> Result<()> {
    let admin = server.administrate("postgres").await?;
    let password = OWNER_PASSWORD.replace('\'', "''");
    admin
        .script(&format!(
            "do $$ begin if not exists (select from pg_roles where rolname = '{OWNER}') then
                create role {OWNER} login createdb createrole password '{password}'; end if; end $$"
        ))
        .await?;
    kith_store::ensure_roles(&admin).await?;
    // From version 16 on only a role with the admin option may pass a role on; who makes it has that option.
    admin
        .script(&format!(
            "grant kith_app, kith_definer, kith_asker to {OWNER} with admin option"
        ))
        .await?;
    Ok(())
}
