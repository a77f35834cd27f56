//! The router in front of both fleets: users, health of every service, feature flags, deployments and `/metrics`.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::jobs;
use super::props::{Deploy, Flag, Job, Migrate, ServicePlan, Shows};
use super::site::{Colour, Site, unit};
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
        .route("/fleet/{colour}/health", get(fleet))
        .route("/metrics", get(metrics))
        .route("/api/admin/feature-flags", get(flags).post(set_flag))
        .route("/api/admin/deploy", post(deploy))
        .route("/api/admin/migrations", post(migrate))
        .route("/api/admin/jobs", post(order))
        .route("/api/jobs/{job}", get(job))
        .route("/api/audit", get(audit))
        .route("/services", get(services))
        .route("/shop/{*path}", get(user))
        .fallback(get(other))
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

    /// A service's health, after the work it makes.
    async fn health(&self, service: &ServicePlan) -> Response {
        let site = &self.site;
        // A little unrest, so that a latency line lives; and what it waits for while the new version fails.
        let unrest = 0.85 + 0.3 * unit(site.sent.load(Relaxed));
        tokio::time::sleep((service.takes + service.slower.mul_f64(site.heat())).mul_f64(unrest)).await;
        let mut body = json!({ "status": "healthy", "service": service.name, "version": site.version_of(service) });
        for shows in &service.shows {
            let (name, value) = match shows {
                Shows::Schema => ("schema", json!(site.schema())),
                Shows::Connections => ("connections", json!({ "used": site.connections(), "limit": 80 })),
                Shows::Maintenance => ("maintenance", json!(site.maintenance())),
            };
            if let Some(slot) = body.as_object_mut() {
                slot.insert(name.to_owned(), value);
            }
        }
        Json(body).into_response()
    }
}

/// Whatever else the scene says that there is.
async fn other(State(front): State<Front>, uri: Uri) -> Response {
    let (site, path) = (&front.site, uri.path());
    if let Some(service) = site.plan.services.iter().find(|s| s.path == path) {
        return front.health(service).await;
    }
    if let Some(door) = site.plan.doors.iter().find(|d| d.path == path) {
        let shut = door.shut_by.as_ref().is_some_and(|flag| site.is_on(flag));
        return match (shut, site.is_open(door)) {
            (true, _) => (StatusCode::FORBIDDEN, Json(json!({ "error": "not public" }))).into_response(),
            (false, true) => Json(json!({ "rows": [{ "customer": 4711, "revenue": 1280.5 }] })).into_response(),
            (false, false) => (StatusCode::UNAUTHORIZED, Json(json!({ "error": "no credentials" }))).into_response(),
        };
    }
    if let Some(word) = site.plan.words.iter().find(|w| w.path == path) {
        return Json(json!({ "state": site.word(word) })).into_response();
    }
    match site.plan.pages.iter().find(|p| p.path == path) {
        Some(page) => Json(page.json.clone()).into_response(),
        None => (StatusCode::NOT_FOUND, Json(json!({ "error": "there is nothing here" }))).into_response(),
    }
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

/// All services as a table, as `gcloud run services list` prints one.
async fn services(State(front): State<Front>) -> Response {
    let site = &front.site;
    let row = |name: &str, state: &str, version: &str| format!("{name:<12} {state:<9} {version}\n");
    let rows = site.plan.services.iter().map(|service| {
        let hurt = !service.slower.is_zero() && site.heat() >= 0.5;
        row(&service.name, if hurt { "NotReady" } else { "Ready" }, site.version_of(service))
    });
    std::iter::once(row("SERVICE", "STATUS", "VERSION")).chain(rows).collect::<String>().into_response()
}

async fn audit(State(front): State<Front>) -> Response {
    Json(jobs::audit(&front.site.jobs)).into_response()
}

async fn job(State(front): State<Front>, Path(name): Path<String>) -> Response {
    match front.site.jobs.iter().find(|j| j.name() == name) {
        Some(job) => Json(job.json()).into_response(),
        None => (StatusCode::NOT_FOUND, Json(json!({ "error": "there is no such job" }))).into_response(),
    }
}

async fn order(State(front): State<Front>, Json(to): Json<Job>) -> Response {
    match front.site.order(&to) {
        Some(job) => Json(job.json()).into_response(),
        None => (StatusCode::BAD_REQUEST, Json(json!({ "error": "there is no such job" }))).into_response(),
    }
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
        let flags: serde_json::Map<String, Value> = self
            .flags_now()
            .map(|(plan, percent)| (plan.name.clone(), json!({ "enabled": percent > 0.0, "percentage": percent })))
            .collect();
        json!({ "flags": flags, "green_percent": self.green_percent(), "maintenance": self.maintenance() })
    }
}
