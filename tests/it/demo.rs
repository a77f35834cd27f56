//! The make-believe production is real enough: flags move users, counters count what was served, the fault comes and goes.
#![expect(clippy::expect_used, reason = "a test says what it needs")]

mod rooms;
mod script;

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep};
use warroom::rehearse::{self, Event, Production, RehearseError, Scene};

use crate::support::wait::eventually_async;

/// A production at a speed, with a client of its own.
struct Stage {
    production: Production,
    client: reqwest::Client,
    events: mpsc::Receiver<Event>,
}

type Page = BTreeMap<String, f64>;

impl Stage {
    fn open(speed: f64) -> Self {
        let (out, events) = mpsc::channel(256);
        let scene = Scene::find(None).expect("the first scene reads");
        let production = rehearse::start(&scene, speed, out).expect("loopback is there");
        let client = reqwest::Client::builder().no_proxy().build().expect("a client");
        Self { production, client, events }
    }

    async fn get(&self, path: &str) -> (u16, String) {
        let url = format!("{}{path}", self.production.base_url());
        let answer = self.client.get(url).send().await.expect("an answer");
        (answer.status().as_u16(), answer.text().await.expect("a body"))
    }

    async fn health(&self, path: &str) -> Value {
        let (status, body) = self.get(path).await;
        assert_eq!(status, 200, "{path}: {body}");
        serde_json::from_str(&body).expect("health is JSON")
    }

    async fn post(&self, path: &str, body: Value) -> (u16, Value) {
        let url = format!("{}/api/admin/{path}", self.production.base_url());
        let answer = self.client.post(url).json(&body).send().await.expect("an answer");
        (answer.status().as_u16(), answer.json().await.unwrap_or_default())
    }

    async fn flag(&self, flag: &str, enabled: bool) {
        let (status, body) = self.post("feature-flags", json!({ "flag": flag, "enabled": enabled })).await;
        assert_eq!(status, 200, "{body}");
    }

    /// `/metrics` as series and values; every line of it must be understood.
    async fn page(&self) -> Page {
        let (status, text) = self.get("/metrics").await;
        assert_eq!(status, 200);
        let samples = text.lines().filter(|l| !l.starts_with('#'));
        samples
            .map(|line| {
                let (series, value) = line.rsplit_once(' ').expect("a series and a value");
                (series.to_owned(), value.parse().expect("a number"))
            })
            .collect()
    }

    /// What was served between now and `requests` later: each series' increase.
    async fn served(&self, requests: f64) -> Page {
        let before = self.page().await;
        let deadline = Instant::now() + Duration::from_secs(30);
        loop {
            sleep(Duration::from_millis(50)).await;
            let now = self.page().await;
            let grown: Page =
                now.iter().map(|(k, v)| (k.clone(), v - before.get(k).copied().unwrap_or_default())).collect();
            for (series, by) in grown.iter().filter(|(k, _)| k.contains("_total") || k.contains("_bucket")) {
                assert!(*by >= 0.0, "{series} went back by {by}");
            }
            if total(&grown, "dashboard_requests_total", "") >= requests {
                return grown;
            }
            assert!(Instant::now() < deadline, "users do not come: {grown:?}");
        }
    }

    /// Waits for an event.
    async fn told(&mut self, wanted: &Event) {
        let seen = async {
            while let Some(event) = self.events.recv().await {
                assert!(!matches!(event, Event::Broke(_)), "{event}");
                if event == *wanted {
                    return;
                }
            }
            panic!("the production ended before: {wanted}");
        };
        tokio::time::timeout(Duration::from_secs(20), seen).await.unwrap_or_else(|_| panic!("not told: {wanted}"));
    }
}

/// Sum over the series of a family whose labels contain `with`.
fn total(page: &Page, family: &str, with: &str) -> f64 {
    page.iter().filter(|(k, _)| k.split('{').next() == Some(family) && k.contains(with)).map(|(_, v)| v).sum()
}

fn error_percent(page: &Page) -> f64 {
    100.0 * total(page, "dashboard_requests_total", "code=\"5") / total(page, "dashboard_requests_total", "")
}

fn share(page: &Page, version: &str) -> f64 {
    let version = format!("version=\"{version}\"");
    100.0 * total(page, "dashboard_requests_total", &version) / total(page, "dashboard_requests_total", "")
}

#[tokio::test]
async fn canary_flags_move_the_share_of_users_they_name() {
    let stage = Stage::open(60.0);
    assert_eq!(stage.post("deploy", json!({ "deploy": "v2.0.1" })).await.0, 200);
    assert!(share(&stage.served(200.0).await, "v2.0.1") < 0.01, "green got users without a flag");
    for (flag, percent, within) in
        [("canary_5_percent", 5.0, 2.0), ("canary_25_percent", 25.0, 3.0), ("production_release", 100.0, 0.01)]
    {
        stage.flag(flag, true).await;
        stage.served(60.0).await; // those already on their way
        let got = share(&stage.served(400.0).await, "v2.0.1");
        assert!((got - percent).abs() <= within, "{flag}: {got:.1} % of users on green");
    }
    assert_eq!(stage.health("/api/health").await["version"], "v2.0.1", "the api shows what most users see");
    stage.flag("production_release", false).await;
    stage.served(60.0).await;
    let got = share(&stage.served(400.0).await, "v2.0.1");
    assert!((got - 25.0).abs() <= 3.0, "back to the canary below: {got:.1} %");
}

#[tokio::test]
async fn the_fault_comes_with_a_quarter_of_the_users_and_goes_with_them() {
    let mut stage = Stage::open(120.0);
    assert_eq!(stage.post("deploy", json!({ "deploy": "v2.0" })).await.0, 200);
    stage.told(&Event::Deployed { fleet: "green", version: "v2.0".to_owned() }).await;
    stage.flag("canary_5_percent", true).await;
    stage.told(&Event::Traffic { green: 5.0 }).await;
    assert!(error_percent(&stage.served(400.0).await) < 0.8, "5 % is a good canary");

    stage.flag("canary_25_percent", true).await;
    stage.told(&Event::FaultBegan).await;
    stage.served(400.0).await;
    let hot = stage.served(400.0).await;
    assert!(error_percent(&hot) > 3.0, "error rate is only {:.2} %", error_percent(&hot));
    assert!(total(&hot, "dashboard_errors_total", "v2.0") > 0.0 && total(&hot, "dashboard_errors_total", "v1.0") < 2.5);
    let (all, fast) = ("dashboard_request_duration_seconds_count", "le=\"0.5\"");
    let slow = 1.0 - total(&hot, "dashboard_request_duration_seconds_bucket", fast) / total(&hot, all, "");
    assert!(slow > 0.05, "p95 is under half a second: {:.1} % are slower", 100.0 * slow);
    assert_eq!(stage.health("/fleet/green/health").await["status"], "healthy", "its health check sees nothing");

    stage.flag("canary_25_percent", false).await;
    stage.flag("canary_5_percent", false).await;
    stage.told(&Event::FaultOver).await;
    // Answers that were on their way may still be slow errors; after them there are only the ordinary few.
    let deadline = Instant::now() + Duration::from_secs(20);
    while error_percent(&stage.served(300.0).await) > 0.8 {
        assert!(Instant::now() < deadline, "errors do not end");
    }

    // The fixed build takes the same users without a word.
    assert_eq!(stage.post("deploy", json!({ "deploy": "v2.0.1" })).await.0, 200);
    stage.flag("canary_25_percent", true).await;
    stage.told(&Event::Traffic { green: 25.0 }).await;
    stage.served(100.0).await;
    assert!(error_percent(&stage.served(300.0).await) < 0.8);
}

#[tokio::test]
async fn maintenance_turns_users_away_and_counts_none_of_them() {
    let mut stage = Stage::open(30.0);
    stage.served(20.0).await;
    stage.flag("maintenance_mode", true).await;
    stage.told(&Event::Flag { flag: "maintenance_mode".to_owned(), percent: 100.0 }).await;
    let (status, body) = stage.get("/shop/stock").await;
    assert_eq!((status, body.contains("back in a few minutes")), (503, true));
    let away = "dashboard_maintenance_pages_total";
    // Answers that were on their way drain within the longest latency; then the counters stand still.
    eventually_async("users served no more", async || {
        let before = stage.page().await;
        eventually_async("twenty turned away", async || {
            total(&stage.page().await, away, "") >= total(&before, away, "") + 20.0
        })
        .await;
        let served = |page: &Page| total(page, "dashboard_requests_total", "");
        served(&stage.page().await) == served(&before)
    })
    .await;
    assert_eq!(stage.health("/health").await["maintenance"], true);
    stage.flag("maintenance_mode", false).await;
    stage.told(&Event::Flag { flag: "maintenance_mode".to_owned(), percent: 0.0 }).await;
    stage.served(20.0).await;
}

#[tokio::test]
async fn every_service_answers_and_green_shows_what_it_runs() {
    let stage = Stage::open(10.0);
    for (path, service) in [
        ("/health", "frontend"),
        ("/api/health", "dashboard"),
        ("/api/inventory/health", "inventory"),
        ("/api/database-health", "database"),
    ] {
        let body = stage.health(path).await;
        assert_eq!((&body["status"], &body["service"]), (&json!("healthy"), &json!(service)), "{path}");
        assert!(body["version"].is_string(), "{path}: {body}");
    }
    let green = stage.health("/fleet/green/health").await;
    assert_eq!((&green["version"], &green["schema"]), (&json!("v1.0"), &json!(41)));
    assert_eq!(stage.post("deploy", json!({ "deploy": "v2.0" })).await.0, 200);
    assert_eq!(stage.post("migrations", json!({ "migrate": 42 })).await.0, 200);
    let green = stage.health("/fleet/green/health").await;
    assert_eq!((&green["version"], &green["schema"]), (&json!("v2.0"), &json!(42)));
    assert_eq!(stage.health("/fleet/blue/health").await["version"], "v1.0");

    let mut cache = tokio::net::TcpStream::connect(stage.production.cache_addr()).await.expect("the cache listens");
    cache.write_all(b"*1\r\n$4\r\nPING\r\n").await.expect("sent");
    let mut pong = [0; 7];
    cache.read_exact(&mut pong).await.expect("an answer");
    assert_eq!(&pong, b"+PONG\r\n");
}

#[tokio::test]
async fn what_is_asked_wrongly_is_refused_and_changes_nothing() {
    let stage = Stage::open(10.0);
    for body in [
        json!({ "flag": "canary_50", "enabled": true }),
        json!({ "flag": "canary_5_percent", "enabled": true, "percentage": 101 }),
        json!({ "flag": "canary_5_percent", "enabled": true, "percentage": -1 }),
        json!({ "flag": "canary_5_percent" }),
        json!({ "flag": "canary_5_percent", "enabled": true, "percent": 5 }),
        json!([]),
    ] {
        let (status, _) = stage.post("feature-flags", body.clone()).await;
        assert!((400..500).contains(&status), "{body}: {status}");
    }
    assert_eq!(stage.post("deploy", json!({ "deploy": "v9" })).await.0, 400);
    let (_, flags) = stage.get("/api/admin/feature-flags").await;
    let flags: Value = serde_json::from_str(&flags).expect("JSON");
    assert_eq!((&flags["green_percent"], &flags["maintenance"]), (&json!(0.0), &json!(false)));
    let (out, _events) = mpsc::channel(1);
    let scene = Scene::find(None).expect("the first scene reads");
    assert!(matches!(rehearse::start(&scene, 0.0, out), Err(RehearseError::Speed(_))));
}

#[tokio::test]
async fn a_dropped_production_is_gone() {
    let Stage { production, client, .. } = Stage::open(10.0);
    let url = format!("{}/health", production.base_url());
    assert!(client.get(&url).send().await.is_ok());
    drop(production);
    eventually_async("its end", async || client.get(&url).send().await.is_err()).await;
}

#[tokio::test]
async fn shopctl_moves_its_own_production_and_reaches_no_other_machine() {
    let stage = Stage::open(60.0);
    let folder = tempfile::tempdir().expect("a folder");
    let tools = stage.production.tools(&folder.path().join("tools")).expect("its tools");
    let run = |args: &[&str]| {
        let mut command = tokio::process::Command::new(tools.folder().join("shopctl"));
        command.args(args).env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
        async move {
            let out = command.output().await.expect("it starts");
            (out.status.code(), String::from_utf8_lossy(&out.stdout).into_owned())
        }
    };
    let (code, said) = run(&["flag", "canary_25_percent", "on"]).await;
    assert!(code == Some(0) && said.contains("\"green_percent\":25.0"), "{said}");
    let (code, said) = run(&["get", "/api/database-health"]).await;
    assert!(code == Some(0) && said.contains("\"schema\":41"), "{said}");
    assert_eq!(run(&["migrate", "42"]).await.0, Some(0));
    assert_eq!(run(&["deploy", "v9"]).await.0, Some(22), "a refusal is no success");
    assert_eq!(run(&["get", "/nowhere"]).await.0, Some(22));
    assert_eq!(run(&["explode"]).await.0, Some(2));
    for address in ["192.0.2.1:80", "example.com:80", "127.0.0.1:80/../x", "127.0.0.1:", ""] {
        std::fs::write(tools.folder().join("address"), address).expect("written");
        assert_eq!(run(&["get", "/health"]).await.0, Some(3), "{address}");
    }
    let place = tools.folder().to_owned();
    drop(tools);
    assert!(!place.exists());
}
