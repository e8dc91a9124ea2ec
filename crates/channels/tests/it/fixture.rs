//! An installation with a person, and an outbox that leads to a mail server.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use kith_auth::{OpaqueToken, system_clock};
use kith_channels::mail::{Outbox, Sender, Transport};
use kith_store::{Origin, Statement, SystemTx, types::Type};
use kith_testkit::TestDatabase;

use crate::server::MailServer;

pub(crate) const BASE: &str = "https://crm.example.com";

/// A folder that goes when this is dropped.
pub(crate) struct Folder(pub(crate) PathBuf);

impl Folder {
    pub(crate) fn new() -> Folder {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("kith-mail-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        let _ = std::fs::remove_dir_all(&path);
        Folder(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

pub(crate) struct Fixture {
    pub(crate) test: TestDatabase,
}

impl Fixture {
    /// A database with one person, ada@example.com.
    pub(crate) async fn new() -> Fixture {
        let test = TestDatabase::new().await;
        test.admin()
            .await
            .script("insert into users (email, full_name, password_hash) values ('ada@example.com', 'Ada Lovelace', 'x')")
            .await
            .unwrap();
        Fixture { test }
    }

    pub(crate) fn outbox(&self, transport: Transport) -> Outbox {
        Outbox::new(
            self.test.database().clone(),
            transport,
            Sender::parse("Kith <crm@example.com>").unwrap(),
            BASE,
            system_clock(),
        )
    }

    pub(crate) fn outbox_to(&self, server: &MailServer) -> Outbox {
        self.outbox(Transport::smtp(&format!("smtp://{}", server.address)).unwrap())
    }

    /// As the application does for whoever forgot a password.
    pub(crate) async fn forgot(&self, email: &str) {
        let ask = Statement::new("select request_password_reset($1)::text")
            .with(email.to_owned(), Type::TEXT);
        let tx = SystemTx::begin(self.test.database(), None, &Origin::new("api"))
            .await
            .unwrap();
        tx.commit_with(&[ask]).await.unwrap();
    }

    /// Whose password the token of a mail may set.
    pub(crate) async fn subject(&self, token: &str) -> Option<String> {
        let hash = OpaqueToken::parse(token).unwrap().hash();
        let ask = Statement::new("select email from reset_subject($1)").with(hash, Type::BYTEA);
        let answers = self
            .test
            .database()
            .system_read(None, &[ask])
            .await
            .unwrap();
        answers[0].first().map(|row| row.get(0))
    }

    /// One text from a query as the owner; nulls are empty.
    pub(crate) async fn text(&self, sql: &str) -> String {
        let rows = self
            .test
            .admin()
            .await
            .query(&Statement::new(sql.to_owned()))
            .await
            .unwrap();
        rows.first()
            .and_then(|row| row.get::<_, Option<String>>(0))
            .unwrap_or_default()
    }

    pub(crate) async fn script(&self, sql: &str) {
        self.test.admin().await.script(sql).await.unwrap();
    }
}

/// The token of the link in a message; quoted-printable breaks lines with a `=` at their end.
pub(crate) fn token_in(message: &str) -> String {
    let whole = message.replace("=\r\n", "").replace("=3D", "=");
    let (_, after) = whole.split_once("?token=").unwrap();
    after
        .chars()
        .take_while(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_'))
        .collect()
}
