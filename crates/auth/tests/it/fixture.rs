//! An installation with a clock of its own, and short words for what people do.

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicU32, Ordering},
    },
};

use jiff::Timestamp;
use kith_auth::{
    Actor, AuthError, Clock, OpaqueToken, Registration, RegistrationPolicy, Session,
    SessionSettings, Sessions, SignIn,
};
use kith_store::{Origin, Param, Row, Statement, SystemTx, types::Type};
use kith_testkit::TestDatabase;
use uuid::Uuid;

pub(crate) const PASSWORD: &str = "correct horse battery";

/// A folder that goes when this is dropped.
pub(crate) struct Folder(pub(crate) PathBuf);

impl Folder {
    pub(crate) fn new() -> Folder {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("kith-auth-{}-{number}", std::process::id());
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

/// A mail as it would be sent.
#[derive(Debug)]
pub(crate) struct Mail {
    pub(crate) kind: String,
    pub(crate) recipient: String,
    pub(crate) details: String,
    pub(crate) token: String,
}

pub(crate) struct Fixture {
    pub(crate) test: TestDatabase,
    pub(crate) sessions: Sessions,
    seconds: Arc<AtomicI64>,
    _keys: Folder,
}

impl Fixture {
    pub(crate) async fn new(registration: RegistrationPolicy) -> Fixture {
        let test = TestDatabase::new().await;
        let keys = Folder::new();
        let seconds = Arc::new(AtomicI64::new(1_800_000_000));
        let clock: Clock = {
            let seconds = Arc::clone(&seconds);
            Arc::new(move || Timestamp::from_second(seconds.load(Ordering::SeqCst)).unwrap())
        };
        let settings = SessionSettings {
            registration,
            issuer: "https://crm.example".to_owned(),
            keys_folder: keys.0.clone(),
        };
        let sessions = Sessions::open(test.database().clone(), &settings, clock).unwrap();
        Fixture {
            test,
            sessions,
            seconds,
            _keys: keys,
        }
    }

    /// The clock of access tokens and codes, in seconds.
    pub(crate) fn now(&self) -> u64 {
        u64::try_from(self.seconds.load(Ordering::SeqCst)).unwrap()
    }

    /// Moves that clock. The database keeps its own time.
    pub(crate) fn pass(&self, seconds: i64) {
        self.seconds.fetch_add(seconds, Ordering::SeqCst);
    }

    pub(crate) async fn register(&self, name: &str) -> Result<Session, AuthError> {
        let registration = Registration {
            email: format!("{name}@example.com"),
            password: PASSWORD.to_owned(),
            full_name: format!("Person {name}"),
            organization_name: format!("{name} & Söhne"),
        };
        self.sessions.register(&registration, &origin()).await
    }

    pub(crate) async fn sign_in(&self, name: &str, password: &str) -> Result<Session, AuthError> {
        let sign_in = SignIn {
            email: format!("{name}@example.com"),
            password: password.to_owned(),
            totp: None,
            organization_id: None,
        };
        self.sessions.sign_in(&sign_in, &origin()).await
    }

    pub(crate) async fn actor(&self, session: &Session) -> Result<Arc<Actor>, AuthError> {
        self.sessions.authenticate(&session.access_token).await
    }

    /// Makes a user a member of an organization, as accepting an invitation will.
    pub(crate) async fn join(&self, user_id: Uuid, organization_id: Uuid, role: &str) {
        let statement = Statement::new(
            "insert into memberships (organization_id, user_id, role_id, status)
             select organization_id, $1, id, 'active' from roles where organization_id = $2 and key = $3",
        )
        .with(user_id, Type::UUID)
        .with(organization_id, Type::UUID)
        .with(role.to_owned(), Type::TEXT);
        assert_eq!(
            self.test.admin().await.execute(&statement).await.unwrap(),
            1
        );
    }

    /// Does what the outbox does, but for the sending: every mail that is due, with the token of its link.
    pub(crate) async fn post(&self) -> Vec<Mail> {
        let mut mails = Vec::new();
        loop {
            let taken = self
                .system("select id, kind from take_mail(60)", Vec::new())
                .await;
            let Some(taken) = taken.into_iter().next() else {
                return mails;
            };
            let (id, kind): (Uuid, String) = (taken.get("id"), taken.get("kind"));
            let token = OpaqueToken::generate().unwrap();
            let params: Vec<(Param, Type)> = vec![
                (Box::new(id), Type::UUID),
                (Box::new(token.hash()), Type::BYTEA),
            ];
            let addressed = self
                .system(
                    "select recipient, details::text from address_mail($1, $2)",
                    params,
                )
                .await;
            if let Some(row) = addressed.first() {
                mails.push(Mail {
                    kind,
                    recipient: row.get("recipient"),
                    details: row.get("details"),
                    token: token.as_str().to_owned(),
                });
            }
            let params: Vec<(Param, Type)> = vec![(Box::new(id), Type::UUID)];
            self.system("select settle_mail($1, 'sent', null, 0)::text", params)
                .await;
        }
    }

    /// The one mail that is due.
    pub(crate) async fn one_mail(&self, kind: &str) -> Mail {
        let mut mails = self.post().await;
        assert_eq!(mails.len(), 1, "{mails:?}");
        let mail = mails.pop().unwrap();
        assert_eq!(mail.kind, kind);
        mail
    }

    /// Runs a statement as the application does where nobody is signed in.
    pub(crate) async fn system(&self, sql: &'static str, params: Vec<(Param, Type)>) -> Vec<Row> {
        let mut statement = Statement::new(sql);
        for (value, kind) in params {
            statement.bind_boxed(value, kind);
        }
        let tx = SystemTx::begin(self.test.database(), None, &origin())
            .await
            .unwrap();
        tx.commit_with(&[statement]).await.unwrap().pop().unwrap()
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

pub(crate) fn origin() -> Origin {
    let mut origin = Origin::new("api");
    origin.ip = Some("192.0.2.7".parse().unwrap());
    origin.user_agent = Some("a test".to_owned());
    origin
}
