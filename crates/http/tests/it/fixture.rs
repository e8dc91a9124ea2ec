//! A started program and clients that talk to it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use kith_auth::{Clock, RegistrationPolicy, SessionSettings, Sessions, system_clock};
use kith_channels::mail::{Outbox, Sender, Transport};
use kith_channels::storage::Storage;
use kith_engine::Engine;
use kith_http::{App, HttpSettings, router};
use kith_jobs::{Job, MakeThumbnail, SweepStorage, Worker, schedules};
use kith_testkit::TestDatabase;
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use serde_json::{Value as Json, json};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

pub(crate) const PASSWORD: &str = "correct horse battery staple";

pub(crate) struct Started {
    pub(crate) address: SocketAddr,
    /// Goes when the test ends.
    pub(crate) database: TestDatabase,
    pub(crate) sessions: Sessions,
    stop: Option<oneshot::Sender<()>>,
    serving: Option<JoinHandle<()>>,
    folder: std::path::PathBuf,
}

impl Started {
    pub(crate) async fn new() -> Started {
        Started::with(|_| ()).await
    }

    pub(crate) async fn with(change: impl FnOnce(&mut HttpSettings)) -> Started {
        let database = TestDatabase::new().await;
        let folder = std::env::temp_dir().join(format!("kith-http-{}", database.name()));
        let mut settings = HttpSettings::new(folder.join("uploads"));
        settings.registration = RegistrationPolicy::Open;
        settings.request_timeout = Duration::from_mins(1);
        change(&mut settings);
        kith_http::clean_uploads(&settings.upload_dir).unwrap();
        let clock: Clock = system_clock();
        let session_settings = SessionSettings {
            registration: settings.registration,
            issuer: "test".to_owned(),
            keys_folder: folder.join("keys"),
        };
        let sessions = Sessions::open(
            database.database().clone(),
            &session_settings,
            Arc::clone(&clock),
        )
        .unwrap();
        let engine = Engine {
            database: database.database().clone(),
            catalogue: &kith_entities::CATALOGUE,
            rules: kith_entities::rules(),
        };
        let grace = settings.shutdown_grace;
        let app = App::new(engine, sessions.clone(), clock, settings);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let routes = router(app);
        let serving = tokio::spawn(async move {
            kith_http::serve(routes, listener, grace, async {
                let _ = stopped.await;
            })
            .await;
        });
        Started {
            address,
            database,
            sessions,
            stop: Some(stop),
            serving: Some(serving),
            folder,
        }
    }

    /// Tells the server to stop and answers a task that ends when it has.
    pub(crate) fn stop(&mut self) -> JoinHandle<()> {
        let _ = self.stop.take().unwrap().send(());
        self.serving.take().unwrap()
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Sends what is due, and answers it: kind, recipient, and the token of its link.
    pub(crate) async fn mail(&self) -> Vec<Mail> {
        let folder = self.folder.join("mail");
        let outbox = Outbox::new(
            self.database.database().clone(),
            Transport::folder(&folder),
            Sender::here(),
            "https://crm.example.com",
            system_clock(),
        );
        outbox.deliver().await.unwrap();
        let mut files: Vec<_> = std::fs::read_dir(&folder)
            .map(|entries| entries.map(|entry| entry.unwrap().path()).collect())
            .unwrap_or_default();
        files.sort();
        let mails = files.iter().map(|file| {
            let text = std::fs::read_to_string(file).unwrap();
            std::fs::remove_file(file).unwrap();
            let name = file.file_stem().unwrap().to_str().unwrap();
            Mail::read(name.split_once('-').unwrap().1, &text)
        });
        mails.collect()
    }

    /// The one mail of this kind to this address.
    pub(crate) async fn mail_to(&self, kind: &str, recipient: &str) -> Mail {
        let mails = self.mail().await;
        let found: Vec<&Mail> = mails
            .iter()
            .filter(|mail| mail.kind == kind && mail.recipient == recipient)
            .collect();
        assert_eq!(found.len(), 1, "{kind} to {recipient}: {mails:?}");
        found[0].clone()
    }

    /// Where this server keeps documents.
    pub(crate) fn storage(&self) -> Storage {
        Storage::folder(&self.folder.join("documents")).unwrap()
    }

    /// Does the background work that is due now, that of files included.
    pub(crate) async fn work(&self) {
        let jobs: Vec<Box<dyn Job>> = vec![
            Box::new(SweepStorage(self.storage())),
            Box::new(MakeThumbnail::new(self.storage())),
        ];
        let worker = Worker::new(
            self.database.database().clone(),
            system_clock(),
            jobs,
            schedules(),
        );
        worker.drain().await.unwrap();
    }

    /// Runs SQL as the owner of the database.
    pub(crate) async fn script(&self, sql: &str) {
        self.database.admin().await.script(sql).await.unwrap();
    }

    /// Somebody who is not signed in.
    pub(crate) fn nobody(&self) -> Client {
        Client {
            base: self.url("/api/v1"),
            http: reqwest::Client::new(),
            token: None,
        }
    }

    /// The owner of a new organization.
    pub(crate) async fn owner(&self, name: &str) -> Client {
        let nobody = self.nobody();
        let session = nobody
            .post("/auth/register", &registration(name))
            .await
            .json(StatusCode::CREATED)
            .await;
        Client {
            token: Some(session["access_token"].as_str().unwrap().to_owned()),
            ..nobody
        }
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

pub(crate) fn registration(name: &str) -> Json {
    json!({"email": format!("{name}@example.com"), "password": PASSWORD, "full_name": format!("Owner {name}"), "organization_name": format!("Organization {name}")})
}

/// A mail that was sent.
#[derive(Clone, Debug)]
pub(crate) struct Mail {
    pub(crate) kind: String,
    pub(crate) recipient: String,
    /// Empty for one without a link that proves something.
    pub(crate) token: String,
    pub(crate) text: String,
}

impl Mail {
    fn read(kind: &str, message: &str) -> Mail {
        // Quoted-printable breaks lines with a `=` at their end.
        let text = message.replace("=\r\n", "").replace("=3D", "=");
        let to = text.lines().find(|line| line.starts_with("To:")).unwrap();
        let recipient = to.rsplit(['<', ' ']).next().unwrap();
        let token = text.split_once("?token=").map_or("", |(_, after)| {
            after
                .split(|letter: char| !letter.is_ascii_alphanumeric() && !"-_".contains(letter))
                .next()
                .unwrap()
        });
        Mail {
            kind: kind.to_owned(),
            recipient: recipient.trim_end_matches('>').to_owned(),
            token: token.to_owned(),
            text,
        }
    }
}

#[derive(Clone)]
pub(crate) struct Client {
    base: String,
    pub(crate) http: reqwest::Client,
    pub(crate) token: Option<String>,
}

pub(crate) struct Answer(pub(crate) Response);

impl Answer {
    /// The body, after checking the status.
    pub(crate) async fn json(self, expected: StatusCode) -> Json {
        let status = self.0.status();
        let text = self.0.text().await.unwrap();
        assert_eq!(status, expected, "{text}");
        serde_json::from_str(&text).unwrap()
    }

    /// The problem, after checking status, type and code.
    pub(crate) async fn problem(self, status: StatusCode, code: &str) -> Json {
        assert_eq!(self.header("content-type"), "application/problem+json");
        let request_id = self.header("x-request-id");
        let body = self.json(status).await;
        assert_eq!(body["code"], code, "{body}");
        assert_eq!(body["status"], status.as_u16());
        assert_eq!(
            body["request_id"],
            request_id.as_str(),
            "the problem must name the request"
        );
        body
    }

    pub(crate) fn status(&self) -> StatusCode {
        self.0.status()
    }

    pub(crate) fn header(&self, name: &str) -> String {
        self.0
            .headers()
            .get(name)
            .map(|value| value.to_str().unwrap().to_owned())
            .unwrap_or_default()
    }
}

impl Client {
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.base));
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    pub(crate) async fn send(&self, request: RequestBuilder) -> Answer {
        Answer(request.send().await.unwrap())
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(self.request(Method::GET, path)).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Json) -> Answer {
        self.send(self.request(Method::POST, path).json(body)).await
    }

    pub(crate) async fn patch(&self, path: &str, if_match: Option<&str>, body: &Json) -> Answer {
        let request = self.request(Method::PATCH, path).json(body);
        let request = match if_match {
            Some(tag) => request.header("if-match", tag),
            None => request,
        };
        self.send(request).await
    }

    pub(crate) async fn put(&self, path: &str, if_match: Option<&str>, body: &Json) -> Answer {
        let request = self.request(Method::PUT, path).json(body);
        let request = match if_match {
            Some(tag) => request.header("if-match", tag),
            None => request,
        };
        self.send(request).await
    }

    /// The same client with another token.
    pub(crate) fn with_token(&self, token: &Json) -> Client {
        Client {
            token: token.as_str().map(str::to_owned),
            ..self.clone()
        }
    }

    /// The id of a role of the client's organization.
    pub(crate) async fn role(&self, key: &str) -> String {
        let list = self
            .get("/roles?limit=200")
            .await
            .json(StatusCode::OK)
            .await;
        let roles = list["data"].as_array().unwrap();
        let role = roles.iter().find(|role| role["key"] == key).unwrap();
        role["id"].as_str().unwrap().to_owned()
    }

    /// Invites somebody new, who accepts. Answers them and their id.
    pub(crate) async fn colleague(
        &self,
        started: &Started,
        name: &str,
        role: &str,
    ) -> (Client, String) {
        let email = format!("{name}@example.com");
        let body = json!({"email": email, "full_name": format!("Colleague {name}"), "role_id": self.role(role).await});
        let invited = self
            .post("/users/invite", &body)
            .await
            .json(StatusCode::CREATED)
            .await;
        let mail = started.mail_to("invitation", &email).await;
        let body = json!({"token": mail.token, "password": PASSWORD});
        let session = started
            .nobody()
            .post("/auth/accept-invitation", &body)
            .await
            .json(StatusCode::OK)
            .await;
        let id = invited["id"].as_str().unwrap().to_owned();
        (self.with_token(&session["access_token"]), id)
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.send(self.request(Method::DELETE, path)).await
    }

    pub(crate) async fn company(&self, name: &str) -> Json {
        self.post("/companies", &json!({"name": name}))
            .await
            .json(StatusCode::CREATED)
            .await
    }
}
