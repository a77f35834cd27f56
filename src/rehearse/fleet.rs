//! A fleet: answers users with its build's latency and errors, and `/health` with its version.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::json;

use super::site::{Colour, Site};

/// What a fleet's answers are made from.
#[derive(Clone)]
struct Fleet {
    site: Arc<Site>,
    colour: Colour,
    /// Requests it has begun.
    begun: Arc<AtomicU64>,
}

/// The fleet as a web application.
pub(super) fn app(site: Arc<Site>, colour: Colour) -> Router {
    Router::new().route("/health", get(health)).route("/work/{*path}", get(work)).with_state(Fleet {
        site,
        colour,
        begun: Arc::default(),
    })
}

async fn health(State(fleet): State<Fleet>) -> Response {
    Json(json!({
        "status": "healthy",
        "service": fleet.site.plan.metrics,
        "fleet": fleet.colour.name(),
        "version": fleet.site.version(fleet.colour),
        "schema": fleet.site.schema(),
    }))
    .into_response()
}

/// Works on a user's request. `Server-Timing` says how long the work took: the time it was given, without what the machine
/// that rehearses it was busy with, so that a busy laptop is not taken for a slow production.
async fn work(State(fleet): State<Fleet>, Path(path): Path<String>) -> Response {
    let n = fleet.begun.fetch_add(1, Relaxed);
    let version = fleet.site.version(fleet.colour).to_owned();
    let errs = fleet.site.errs(fleet.colour);
    let takes = fleet.site.latency(fleet.colour, n);
    tokio::time::sleep(takes).await;
    let timing = [("server-timing", format!("work;dur={:.3}", takes.as_secs_f64() * 1_000.0))];
    if errs {
        let body = json!({ "error": fleet.site.fault_says(), "version": version });
        return (StatusCode::INTERNAL_SERVER_ERROR, timing, Json(body)).into_response();
    }
    (timing, Json(json!({ "path": path, "version": version, "items": n % 40 }))).into_response()
}
