//! `GET /metrics` for the operator, on an address of its own.

use std::time::Duration;

use axum::Router;
use axum::routing::get;
use kith_store::Database;
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};
use tokio::net::TcpListener;

/// Seconds: from a read out of the cache to what the time limit allows.
const BUCKETS: &[f64] = &[
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0,
];

/// Begins to count, for the whole process.
///
/// # Errors
/// When something counts already.
pub fn install() -> Result<PrometheusHandle, BuildError> {
    let handle = PrometheusBuilder::new()
        .set_buckets_for_metric(
            Matcher::Full("kith_http_request_duration_seconds".to_owned()),
            BUCKETS,
        )?
        .install_recorder()?;
    metrics::describe_histogram!(
        "kith_http_request_duration_seconds",
        metrics::Unit::Seconds,
        "Requests by route and status"
    );
    metrics::describe_gauge!(
        "kith_pool_connections_limit",
        "Connections to the database that may be open"
    );
    metrics::describe_gauge!(
        "kith_pool_connections_in_use",
        "Connections to the database in use"
    );
    metrics::describe_gauge!(
        "kith_pool_connections_idle",
        "Connections to the database at rest"
    );
    Ok(handle)
}

/// Answers `/metrics` until the task is dropped.
pub async fn serve(handle: PrometheusHandle, database: Database, listener: TcpListener) {
    let keeper = handle.clone();
    let upkeep = async move {
        loop {
            tokio::time::sleep(Duration::from_secs(5)).await;
            keeper.run_upkeep();
        }
    };
    let router = Router::new().route(
        "/metrics",
        get(move || async move { render(&handle, &database) }),
    );
    let serving = async move {
        if let Err(error) = axum::serve(listener, router).await {
            tracing::error!(%error, "the metrics are not served any more");
        }
    };
    tokio::select! {
        () = upkeep => {}
        () = serving => {}
    }
}

fn render(handle: &PrometheusHandle, database: &Database) -> String {
    let pool = database.pool_use();
    for (name, count) in [
        ("kith_pool_connections_limit", pool.limit),
        ("kith_pool_connections_in_use", pool.in_use),
        ("kith_pool_connections_idle", pool.idle),
    ] {
        metrics::gauge!(name).set(u32::try_from(count).unwrap_or(u32::MAX));
    }
    handle.render()
}
