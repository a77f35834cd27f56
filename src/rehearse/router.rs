//! The router in front of both fleets: users, health of every service, feature flags, deployments and `/metrics`.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::scene::{Deploy, Flag, Migrate};
use super::site::{Colour, FLAGS, Site, unit};
use super::tally::Page;

/// What the router's answers are made from.
#[derive(Clone)]
pub(super) struct Front {
    pub(super) site: Arc<Site>,
    pub(super) client: reqwest::Client,
    /// Base URLs of blue and green.
    pub(super) fleets: [String; 2],
}

/// The router as a web application.
pub(super) fn app(front: Front) -> Router {
    Router::new()
        .route("/health", get(frontend))
        .route("/api/health", get(api))
        .route("/api/inventory/health", get(inventory))
        .route("/api/database-health", get(database))
        .route("/api/cache-health", get(cache))
        .route("/fleet/{colour}/health", get(fleet))
        .route("/metrics", get(metrics))
        .route("/api/admin/feature-flags", get(flags).post(set_flag))
        .route("/api/admin/deploy", post(deploy))
        .route("/api/admin/migrations", post(migrate))
        .route("/shop/{*path}", get(user))
        .with_state(front)
}

/// A user's request: the maintenance page, or whatever the user's fleet answers.
async fn user(State(front): State<Front>, Path(path): Path<String>, headers: HeaderMap) -> Response {
    let site = &front.site;
    if site.maintenance() {
        site.turned_away.fetch_add(1, Relaxed);
        let retry = [(header::RETRY_AFTER, "60")];
        return (StatusCode::SERVICE_UNAVAILABLE, retry, "We will be back in a few minutes.\n").into_response();
    }
    let user = headers.get("x-user").and_then(|v| v.to_str().ok()).and_then(|v| v.parse().ok());
    let colour = site.fleet_of(user.unwrap_or_else(|| site.sent.load(Relaxed)));
    // The build is fixed when the request begins: a deployment meanwhile does not move it to another count.
    let build = site.build(colour);
    let began = Instant::now();
    let answer = match front.ask(colour, &format!("/work/{path}")).await {
        Ok(answer) => answer,
        Err(e) => Answer { status: StatusCode::BAD_GATEWAY, body: json!({ "error": e.to_string() }), worked: None },
    };
    if let Some(build) = build {
        build.tally.count(answer.status.as_u16(), answer.worked.unwrap_or_else(|| began.elapsed()));
    }
    (answer.status, Json(answer.body)).into_response()
}

/// What a fleet answered.
struct Answer {
    status: StatusCode,
    body: Value,
    /// How long it says it worked.
    worked: Option<Duration>,
}

/// The time in `Server-Timing: work;dur=53.2`, milliseconds.
fn worked(headers: &HeaderMap) -> Option<Duration> {
    let ms: f64 = headers.get("server-timing")?.to_str().ok()?.strip_prefix("work;dur=")?.parse().ok()?;
    Duration::try_from_secs_f64(ms / 1_000.0).ok()
}

impl Front {
    async fn ask(&self, colour: Colour, path: &str) -> Result<Answer, reqwest::Error> {
        let base = self.fleets.get(colour.index()).map_or("", String::as_str);
        let answer = self.client.get(format!("{base}{path}")).timeout(Duration::from_secs(10)).send().await?;
        let (status, worked) = (answer.status(), worked(answer.headers()));
        Ok(Answer { status, body: answer.json().await?, worked })
    }

    /// A service's health after `ms` of work.
    async fn healthy(&self, service: &str, version: &str, ms: f64, more: Value) -> Response {
        // A little unrest, so that a latency line lives.
        let ms = ms * (0.85 + 0.3 * unit(self.site.sent.load(Relaxed)));
        tokio::time::sleep(Duration::from_secs_f64(ms / 1_000.0)).await;
        let mut body = json!({ "status": "healthy", "service": service, "version": version });
        if let (Some(body), Value::Object(more)) = (body.as_object_mut(), more) {
            body.extend(more);
        }
        Json(body).into_response()
    }
}

async fn frontend(State(front): State<Front>) -> Response {
    let version = front.site.version(front.site.front());
    let maintenance = json!({ "maintenance": front.site.maintenance() });
    front.healthy("frontend", version, 6.0, maintenance).await
}

async fn api(State(front): State<Front>) -> Response {
    proxy(&front, front.site.front()).await
}

async fn fleet(State(front): State<Front>, Path(colour): Path<String>) -> Response {
    match colour.as_str() {
        "blue" => proxy(&front, Colour::Blue).await,
        "green" => proxy(&front, Colour::Green).await,
        _ => (StatusCode::NOT_FOUND, Json(json!({ "error": "there are blue and green" }))).into_response(),
    }
}

async fn proxy(front: &Front, colour: Colour) -> Response {
    match front.ask(colour, "/health").await {
        Ok(answer) => (answer.status, Json(answer.body)).into_response(),
        Err(e) => (StatusCode::BAD_GATEWAY, Json(json!({ "error": e.to_string() }))).into_response(),
    }
}

async fn inventory(State(front): State<Front>) -> Response {
    // It waits for the database connections that a hot green holds.
    let ms = 14.0 + front.site.heat() * 560.0;
    front.healthy("inventory", "v4.2", ms, json!({})).await
}

async fn database(State(front): State<Front>) -> Response {
    let used = front.site.connections();
    let ms = 4.0 + front.site.heat() * 25.0;
    let more = json!({ "schema": front.site.schema(), "connections": { "used": used, "limit": 80 } });
    front.healthy("database", "16.4", ms, more).await
}

async fn cache(State(front): State<Front>) -> Response {
    front.healthy("cache", "7.2", 2.0, json!({ "hit_percent": 93 })).await
}

async fn metrics(State(front): State<Front>) -> Response {
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], Page(&front.site).to_string()).into_response()
}

async fn flags(State(front): State<Front>) -> Response {
    Json(front.site.flags()).into_response()
}

async fn set_flag(State(front): State<Front>, Json(flag): Json<Flag>) -> Response {
    match front.site.set(&flag) {
        Ok(()) => Json(front.site.flags()).into_response(),
        Err(why) => (StatusCode::BAD_REQUEST, Json(json!({ "error": why }))).into_response(),
    }
}

async fn deploy(State(front): State<Front>, Json(build): Json<Deploy>) -> Response {
    if front.site.deploy(&build.deploy) {
        return Json(json!({ "fleet": "green", "version": build.deploy })).into_response();
    }
    (StatusCode::BAD_REQUEST, Json(json!({ "error": "there is no such build" }))).into_response()
}

async fn migrate(State(front): State<Front>, Json(to): Json<Migrate>) -> Response {
    front.site.migrate(to.migrate);
    Json(json!({ "schema": to.migrate })).into_response()
}

impl Site {
    /// All flags and what they come to, as the admin endpoint tells it.
    fn flags(&self) -> Value {
        let flags: serde_json::Map<String, Value> = FLAGS
            .iter()
            .enumerate()
            .map(|(at, (name, _))| {
                let percent = self.flag(at);
                ((*name).to_owned(), json!({ "enabled": percent > 0.0, "percentage": percent }))
            })
            .collect();
        json!({ "flags": flags, "green_percent": self.green_percent(), "maintenance": self.maintenance() })
    }
}
