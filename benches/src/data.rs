//! The data that is measured: a data folder of the program, loaded once and used again while it fits.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, Result, ensure};
use kith_store::embedded::binaries::{self, Installation};
use kith_store::types::Type;
use kith_store::{
    APPLICATION_ROLE, AdminConnection, DatabaseSettings, Migrate, Server, Statement, Target,
    embedded, migrations,
};
use sha2::{Digest, Sha256};
use tokio::process::Command;

/// What psql runs to fill the tables.
const LOAD: &str = concat!(
    include_str!("../load.sql"),
    include_str!("../floor.sql"),
    include_str!("../conversations.sql"),
    include_str!("../tickets.sql"),
    include_str!("../time.sql")
);
/// Deals on the board, unless there are fewer companies.
const DEALS: u64 = 100_000;

/// A loaded data folder.
pub(crate) struct Data {
    pub(crate) folder: PathBuf,
    /// Companies of the organization that is measured.
    pub(crate) companies: u64,
    pub(crate) deals: u64,
    pub(crate) installation: Installation,
}

/// Where the running private server is.
pub(crate) struct Place {
    owner: Target,
    pub(crate) sockets: String,
    pub(crate) postmaster: u32,
    pub(crate) log: PathBuf,
    /// As the server says it.
    pub(crate) version: String,
    /// Today, by the server's clock.
    pub(crate) date: String,
}

impl Data {
    /// Finds the data folder in `parent`, and loads it when it is missing or was made by other migrations or another
    /// script.
    pub(crate) async fn prepare(parent: &Path, companies: u64) -> Result<Data> {
        let folder = parent.join(format!("data-{companies}"));
        let data = Data {
            companies,
            deals: DEALS.min(companies),
            installation: binaries::choose(None, None, &folder)?,
            folder,
        };
        let mark = data.folder.join("loaded");
        let wanted = data.fingerprint();
        if std::fs::read_to_string(&mark).is_ok_and(|found| found == wanted) {
            return Ok(data);
        }
        data.remove()?;
        std::fs::create_dir_all(&data.folder)?;
        crate::report::say(&format!(
            "loading {companies} companies and {} deals",
            data.deals
        ))?;
        let settings = DatabaseSettings::new(&data.folder);
        let server = Server::start(&settings, Migrate::Up).await?;
        let loaded = data.load(&server).await;
        server.stop().await;
        loaded?;
        std::fs::write(&mark, wanted)?;
        Ok(data)
    }

    /// Removes the folder.
    pub(crate) fn remove(&self) -> Result<()> {
        if self.folder.exists() {
            std::fs::remove_dir_all(&self.folder)
                .with_context(|| format!("removing {}", self.folder.display()))?;
        }
        Ok(())
    }

    /// The running private server of this folder.
    pub(crate) async fn place(&self) -> Result<Place> {
        let owner = embedded::owner_target(&DatabaseSettings::new(&self.folder))?;
        let admin = AdminConnection::connect(&owner).await?;
        let ask = Statement::new(
            "select current_setting('unix_socket_directories'), current_setting('data_directory'), \
             current_setting('server_version'), current_date::text",
        );
        let rows = admin.query(&ask).await?;
        let row = rows.first().context("the server tells nothing of itself")?;
        let cluster = PathBuf::from(row.try_get::<_, String>(1)?);
        let process = std::fs::read_to_string(cluster.join("postmaster.pid"))
            .context("the process number of the database server")?;
        Ok(Place {
            sockets: row.try_get(0)?,
            version: row.try_get(2)?,
            date: row.try_get(3)?,
            postmaster: process
                .lines()
                .next()
                .and_then(|line| line.parse().ok())
                .context("postmaster.pid holds no number")?,
            log: cluster.with_file_name("postgres.log"),
            owner,
        })
    }

    async fn load(&self, server: &Server) -> Result<()> {
        let admin = server.admin().await?;
        let ask = Statement::new("select current_setting('unix_socket_directories')");
        let rows = admin.query(&ask).await?;
        let sockets: String = rows
            .first()
            .context("the server's sockets")?
            .try_get(0)
            .context("the server's sockets")?;
        let script = self.folder.join("load.sql");
        std::fs::write(&script, LOAD)?;
        let output = client(
            &self.installation,
            "psql",
            &sockets,
            embedded::cluster::OWNER_ROLE,
        )
        .args(["--no-psqlrc", "--quiet"])
        .arg("--set")
        .arg(format!("companies={}", self.companies))
        .arg("--set")
        .arg(format!("deals={}", self.deals))
        .arg("--file")
        .arg(&script)
        .arg(embedded::cluster::DATABASE)
        .output()
        .await
        .context("psql cannot be started")?;
        ensure!(
            output.status.success(),
            "loading failed:\n{}",
            String::from_utf8_lossy(&output.stderr)
        );
        Ok(())
    }

    fn fingerprint(&self) -> String {
        let mut hash = Sha256::new();
        hash.update(LOAD);
        for migration in migrations::all() {
            hash.update(migration.version.to_be_bytes());
            hash.update(migration.checksum());
        }
        let digest = hash.finalize();
        let start = digest
            .first_chunk()
            .map_or(0, |bytes| u64::from_be_bytes(*bytes));
        format!("{start:016x} {}", self.companies)
    }
}

impl Place {
    /// A connection of the owner, whom nothing binds here.
    pub(crate) async fn owner(&self) -> Result<AdminConnection> {
        Ok(AdminConnection::connect(&self.owner).await?)
    }

    /// One of PostgreSQL's own programs, as the role that row security binds.
    pub(crate) fn client(&self, data: &Data, name: &str) -> Command {
        client(&data.installation, name, &self.sockets, APPLICATION_ROLE)
    }

    /// The one number that a question has for an answer.
    pub(crate) async fn number(&self, sql: &str) -> Result<u64> {
        let rows = self
            .owner()
            .await?
            .query(&Statement::new(sql.to_owned()))
            .await?;
        let number: i64 = rows.first().context("no answer")?.try_get(0)?;
        Ok(u64::try_from(number)?)
    }

    /// Removes what an earlier run created and imported, and its traces, so that every run begins alike.
    pub(crate) async fn tidy(&self, companies: u64) -> Result<()> {
        let admin = self.owner().await?;
        // Each by itself: some refuse to run in a transaction, which several at once are.
        for sql in [
            "alter system reset log_statement",
            "select pg_reload_conf()",
            "set session_replication_role = replica",
            "truncate audit_log, activities, events",
        ] {
            admin.script(sql).await?;
        }
        let last = format!("01900000-0000-7000-8000-{companies:012}");
        let mut removed = 0;
        for sql in [
            "delete from companies where organization_id = '00000000-0000-7000-8000-000000000001' and id > $1::text::uuid",
            "delete from companies where organization_id = '00000000-0000-7000-8000-000000000002' and $1 <> ''",
            "delete from record_values v where $1 <> '' and organization_id in \
             ('00000000-0000-7000-8000-000000000001', '00000000-0000-7000-8000-000000000002') and entity = 'company' \
             and record_id > $1::text::uuid",
            "delete from invoice_items where organization_id = '00000000-0000-7000-8000-000000000001' and $1 <> ''",
            "delete from invoices where organization_id = '00000000-0000-7000-8000-000000000001' and $1 <> ''",
        ] {
            let delete = Statement::new(sql).with(last.clone(), Type::TEXT);
            removed += admin.execute(&delete).await?;
        }
        if removed > 0 {
            admin.script("vacuum analyze companies").await?;
            admin.script("vacuum analyze record_values").await?;
        }
        admin.script("checkpoint").await?;
        Ok(())
    }
}

fn client(installation: &Installation, name: &str, sockets: &str, role: &str) -> Command {
    let mut command = Command::new(installation.program(name));
    command
        .args(["-h", sockets, "-U", role])
        .args(["-p", &embedded::cluster::PORT.to_string()])
        .stdin(Stdio::null())
        .kill_on_drop(true);
    command
}
