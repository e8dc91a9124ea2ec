//! `kith serve`: everything put together, and taken apart in order.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, Result};
use clap::Args;
use kith_auth::{ACCESS_CHANNEL, SessionSettings, Sessions, system_clock};
use kith_channels::mail::{MAIL_CHANNEL, Outbox};
use kith_channels::webhook::WebhookSender;
use kith_engine::Engine;
use kith_http::{App, clean_uploads, monitor, router};
use kith_jobs::{
    DeliverWebhook, JOBS_CHANNEL, KeepReport, MakeThumbnail, SweepStorage, Worker, schedules,
};
use kith_store::{Listener, Migrate, Server};
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

use super::{demo, say};
use crate::settings::Settings;

#[derive(Args)]
pub(crate) struct Serve {
    /// Make the demo organization when there is no organization yet, for trying Kith out.
    #[arg(long)]
    demo: bool,
}

/// Serves until the process is told to stop.
pub(crate) async fn run(settings: Settings, what: Serve) -> Result<()> {
    // Before anything that takes a while: whoever stops the program during its start is heard too.
    let mut stop = Stop::new()?;
    // An address in use is a mistake that should be told at once, not after the migrations.
    let listener = TcpListener::bind(settings.listen)
        .await
        .with_context(|| format!("KITH_LISTEN: {} cannot be listened on", settings.listen))?;
    std::fs::create_dir_all(&settings.data_dir).with_context(|| {
        format!(
            "KITH_DATA_DIR: {} cannot be made",
            settings.data_dir.display()
        )
    })?;
    let server = tokio::select! {
        server = Server::start(&settings.database, Migrate::Up) => server?,
        () = stop.wait() => return Ok(()),
    };
    let result = serve(&settings, &what, &server, listener, &mut stop).await;
    server.stop().await;
    tracing::info!("stopped");
    result
}

async fn serve(
    settings: &Settings,
    what: &Serve,
    server: &Server,
    listener: TcpListener,
    stop: &mut Stop,
) -> Result<()> {
    prepare(server).await;
    if what.demo {
        tokio::select! {
            () = show_around(settings, server, listener.local_addr()?) => {}
            () = stop.wait() => return Ok(()),
        }
    }
    let clock = system_clock();
    let issuer = settings
        .http
        .public_url
        .clone()
        .unwrap_or_else(|| "kith".to_owned());
    let session_settings = SessionSettings {
        registration: settings.http.registration,
        issuer,
        keys_folder: crate::keys_folder(settings),
    };
    // Hashing a password to have something to compare with takes a moment of one thread.
    let sessions = Sessions::open(server.database().clone(), &session_settings, clock.clone())
        .map_err(explain)?;
    let engine = Engine {
        database: server.database().clone(),
        catalogue: &kith_entities::CATALOGUE,
        rules: kith_entities::rules(),
    };
    clean_uploads(&settings.http.upload_dir)
        .with_context(|| format!("the folder {}", settings.http.upload_dir.display()))?;
    let mut http = settings.http.clone();
    let storage = crate::storage(settings)?;
    http.storage = Some(storage.clone());
    let app = App::new(engine, sessions.clone(), clock, http);

    let address = listener.local_addr()?;
    let notices = Listener::start(
        server.application_target(),
        &[ACCESS_CHANNEL, MAIL_CHANNEL, JOBS_CHANNEL],
    )?;
    let following = tokio::spawn(app.clone().follow(notices.subscribe(), notices.subscribe()));
    let outbox = Outbox::new(
        server.database().clone(),
        settings.mail.transport.clone(),
        settings.mail.sender.clone(),
        crate::base_address(settings, address),
        system_clock(),
    );
    let stop_sending = CancellationToken::new();
    let sending = tokio::spawn(outbox.run(notices.subscribe(), stop_sending.clone()));
    let worker = Worker::new(
        server.database().clone(),
        system_clock(),
        vec![
            Box::new(SweepStorage(storage.clone())),
            Box::new(MakeThumbnail::new(storage)),
            Box::new(DeliverWebhook {
                sender: WebhookSender::new(settings.private_webhooks)
                    .map_err(|error| anyhow::anyhow!("sending webhooks: {error}"))?,
                sessions: sessions.clone(),
            }),
            Box::new(KeepReport {
                engine: app.engine.clone(),
                actors: sessions.actors().clone(),
            }),
        ],
        schedules(),
    );
    let working = tokio::spawn(worker.run(
        notices.subscribe(),
        stop_sending.clone(),
        settings.http.shutdown_grace,
    ));
    let monitoring = monitor(settings, server).await?;

    tracing::info!(%address, "listening on http://{address}");
    kith_http::serve(
        router(app),
        listener,
        settings.http.shutdown_grace,
        stop.wait(),
    )
    .await;

    sessions.settle().await;
    stop_sending.cancel();
    // A mail on its way is let go; what is not done then is taken up at the next start.
    if tokio::time::timeout(settings.http.shutdown_grace, sending)
        .await
        .is_err()
    {
        tracing::warn!("a mail on its way was not waited for; it may be sent again");
    }
    // It gives back by itself what it cannot finish; this waits for that and no longer.
    let patience = settings.http.shutdown_grace + Duration::from_secs(5);
    if tokio::time::timeout(patience, working).await.is_err() {
        tracing::warn!("a job was not waited for; another node takes it up when its lease is over");
    }
    following.abort();
    if let Some(monitoring) = monitoring {
        monitoring.abort();
    }
    Ok(())
}

/// Makes the demo organization in a new data folder. A server without it serves all the same.
async fn show_around(settings: &Settings, server: &Server, address: SocketAddr) {
    let made = async {
        let storage = crate::storage(settings)?;
        if let Some(sign_in) = demo::make_first(server, &settings.data_dir, &storage).await? {
            say(&sign_in.told(&crate::base_address(settings, address)))?;
        }
        anyhow::Ok(())
    };
    if let Err(error) = made.await {
        tracing::warn!("there is no complete demo organization: {error:#}");
    }
}

/// An error of sign-in for the operator: what callers are not told.
fn explain(error: kith_auth::AuthError) -> anyhow::Error {
    match error {
        kith_auth::AuthError::Internal(text) => anyhow::anyhow!("{text}"),
        other => other.into(),
    }
}

/// What is due at every start, as the owner. Where the operator gave the application's role only, it is theirs to do.
async fn prepare(server: &Server) {
    let done = async {
        server
            .admin()
            .await?
            .script("call make_audit_partitions()")
            .await
    };
    if let Err(error) = done.await {
        tracing::warn!(%error, detail = error.log_detail(), "the partitions of the history could not be made ahead; entries go to the default one");
    }
}

async fn monitor(
    settings: &Settings,
    server: &Server,
) -> Result<Option<tokio::task::JoinHandle<()>>> {
    let Some(address) = settings.metrics_listen else {
        return Ok(None);
    };
    let listener = TcpListener::bind(address)
        .await
        .with_context(|| format!("KITH_METRICS_LISTEN: {address} cannot be listened on"))?;
    let handle = monitor::install().context("the metrics")?;
    tracing::info!(address = %listener.local_addr()?, "metrics at /metrics");
    Ok(Some(tokio::spawn(monitor::serve(
        handle,
        server.database().clone(),
        listener,
    ))))
}

/// The signals that end the program. A second one ends it at once.
struct Stop {
    terminate: Signal,
    interrupt: Signal,
}

impl Stop {
    fn new() -> Result<Stop> {
        Ok(Stop {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    async fn wait(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => tracing::info!("told to stop"),
            _ = self.interrupt.recv() => tracing::info!("interrupted"),
        }
        tokio::spawn(async {
            if let Ok(mut again) = Stop::new() {
                tokio::select! {
                    _ = again.terminate.recv() => {}
                    _ = again.interrupt.recv() => {}
                }
                tracing::warn!("stopping at once");
                // The private database notices that its parent is gone and stops by itself.
                tokio::time::sleep(Duration::from_millis(10)).await;
                std::process::exit(130);
            }
        });
    }
}
