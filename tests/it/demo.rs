//! The make-believe production is real enough: flags move users, counters count what was served, the fault comes and goes.
#![expect(clippy::expect_used, reason = "a test says what it needs")]

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep};
use warroom::clock::Offset;
use warroom::condition::Threshold;
use warroom::fact::{Mark, StepId, Verdict};
use warroom::plan::{self, Plan};
use warroom::probe::{Ask, exposition, promql};
use warroom::rehearse::scene::What;
use warroom::rehearse::script::{Ending, Script};
use warroom::rehearse::{self, Event, Production, RehearseError, Scene};
use warroom::room::decide::Intent;
use warroom::runbook;

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
    let step = |id: &str| StepId::from(id);
    assert!(stage.production.step_done(&step("deploy-green")));
    stage.told(&Event::Deployed { fleet: "green", version: "v2.0".to_owned() }).await;
    assert!(stage.production.step_done(&step("canary-5")));
    stage.told(&Event::Traffic { green: 5.0 }).await;
    assert!(error_percent(&stage.served(400.0).await) < 0.8, "5 % is a good canary");

    assert!(stage.production.step_done(&step("canary-25")));
    stage.told(&Event::FaultBegan).await;
    stage.served(400.0).await;
    let hot = stage.served(400.0).await;
    assert!(error_percent(&hot) > 3.0, "error rate is only {:.2} %", error_percent(&hot));
    assert!(total(&hot, "dashboard_errors_total", "v2.0") > 0.0 && total(&hot, "dashboard_errors_total", "v1.0") < 2.5);
    let (all, fast) = ("dashboard_request_duration_seconds_count", "le=\"0.5\"");
    let slow = 1.0 - total(&hot, "dashboard_request_duration_seconds_bucket", fast) / total(&hot, all, "");
    assert!(slow > 0.05, "p95 is under half a second: {:.1} % are slower", 100.0 * slow);
    assert_eq!(stage.health("/fleet/green/health").await["status"], "healthy", "its health check sees nothing");

    assert!(stage.production.step_done(&step("rollback")));
    stage.told(&Event::FaultOver).await;
    // Answers that were on their way may still be slow errors; after them there are only the ordinary few.
    let deadline = Instant::now() + Duration::from_secs(20);
    while error_percent(&stage.served(300.0).await) > 0.8 {
        assert!(Instant::now() < deadline, "errors do not end");
    }

    // The fixed build takes the same users without a word.
    assert!(stage.production.step_done(&step("deploy-fix")));
    assert!(stage.production.step_done(&step("canary-25")));
    stage.told(&Event::Traffic { green: 25.0 }).await;
    stage.served(100.0).await;
    assert!(error_percent(&stage.served(300.0).await) < 0.8);
}

#[tokio::test]
async fn maintenance_turns_users_away_and_counts_none_of_them() {
    let mut stage = Stage::open(30.0);
    stage.served(20.0).await;
    assert!(stage.production.marked(&StepId::from("maintenance-on"), Mark::Running));
    assert!(stage.production.step_done(&StepId::from("maintenance-on")));
    stage.told(&Event::Flag { flag: "maintenance_mode", percent: 100.0 }).await;
    let (status, body) = stage.get("/shop/stock").await;
    assert_eq!((status, body.contains("back in a few minutes")), (503, true));
    let away = "dashboard_maintenance_pages_total";
    // Answers that were on their way drain within the longest latency; then the counters stand still.
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        let before = stage.page().await;
        while total(&stage.page().await, away, "") < total(&before, away, "") + 20.0 {
            sleep(Duration::from_millis(20)).await;
        }
        let served = |page: &Page| total(page, "dashboard_requests_total", "");
        if served(&stage.page().await) == served(&before) {
            break;
        }
        assert!(Instant::now() < deadline, "users are still served");
    }
    assert_eq!(stage.health("/health").await["maintenance"], true);
    // Taking the tick back takes the flag back.
    assert!(stage.production.marked(&StepId::from("maintenance-on"), Mark::Todo));
    stage.told(&Event::Flag { flag: "maintenance_mode", percent: 0.0 }).await;
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
        ("/api/cache-health", "cache"),
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
    let deadline = Instant::now() + Duration::from_secs(10);
    while client.get(&url).send().await.is_ok() {
        assert!(Instant::now() < deadline, "it still answers");
        sleep(Duration::from_millis(20)).await;
    }
}

#[test]
fn every_step_that_a_scene_names_stands_in_its_runbook() {
    for scene in rehearse::scenes().expect("all scenes read") {
        let known = |id: &StepId| {
            let mark = format!("<!-- id: {id} -->");
            scene.runbook_text().lines().filter(|l| l.trim_start().starts_with("- [ ]") && l.ends_with(&mark)).count()
        };
        for id in scene.does.keys() {
            assert_eq!(known(id), 1, "{}: [does] {id}", scene.name);
        }
        for act in &scene.acts {
            if let What::Do(by, intent) = &act.what {
                let named = serde_json::to_value(intent).expect("an intent is JSON");
                if let Some(id) = named["step"].as_str() {
                    assert_eq!(known(&id.into()), 1, "{}: {by:?} {id}", scene.name);
                }
            }
        }
        assert!(scene.ends > scene.begins && scene.begins < Offset(0));
    }
    let error = Scene::find(Some("red-black")).expect_err("no such scene").to_string();
    assert_eq!(error, "there is no scene \"red-black\"; there is: blue-green-go-live");
}

#[test]
fn the_plan_is_placed_and_judged_in_the_time_of_the_scene() {
    let scene = Scene::find(Some("blue-green-go-live")).expect("it reads");
    let plan = scene.plan_text("http://127.0.0.1:4321", "127.0.0.1:4322", 1.0);
    assert!(plan.contains("base = { value = \"http://127.0.0.1:4321\" }") && plan.contains("\"127.0.0.1:4322\""));
    assert!(plan.contains("code=~\"5..\"}[1m]") && plan.contains("every = \"10s\""));
    let fast = scene.plan_text("http://127.0.0.1:4321", "127.0.0.1:4322", 10.0);
    assert!(fast.contains("code=~\"5..\"}[6s]") && fast.contains("every = \"1s\"") && !fast.contains("[1m]"));
    assert!(fast.contains("timeout = \"3s\"") && fast.contains("within = \"300ms\""), "never timeouts or latencies");
    assert!(fast.contains("people = [\"ic\"]"), "other brackets stay");
    assert_eq!(fast.lines().count(), plan.lines().count());
}

/// Plays the whole script in steps of a second against a room that judges as `verdict` says.
/// What the script does comes home to it, as entries do.
fn play(verdict: impl Fn(&[String], Duration) -> Verdict) -> (Vec<String>, Script, Duration) {
    play_on(Script::new(&Scene::find(None).expect("the first scene reads")), verdict)
}

fn play_on(mut script: Script, verdict: impl Fn(&[String], Duration) -> Verdict) -> (Vec<String>, Script, Duration) {
    let mut done = Vec::new();
    let mut t = Duration::ZERO;
    while !script.ended(t) {
        script.see(t, verdict(&done, t));
        for act in script.due(t) {
            let said = serde_json::to_value(&act.intent).expect("an intent is JSON");
            let (kind, step) = (said["kind"].as_str().unwrap_or_default(), said["step"].as_str().unwrap_or_default());
            let mark = match kind {
                "tick" => Some(Mark::Done),
                "start" => Some(Mark::Running),
                "reopen" => Some(Mark::Todo),
                "fail" => Some(Mark::Failed),
                _ => None,
            };
            if let Some(mark) = mark {
                script.marked(&step.into(), mark);
            }
            done.push(format!("{} {kind} {step}", act.by.person));
        }
        t += Duration::from_secs(1);
        assert!(t < Duration::from_hours(3), "the script never ends");
    }
    (done, script, t)
}

fn as_written(done: &[String], _t: Duration) -> Verdict {
    let last = |what: &str| done.iter().rposition(|d| d.ends_with(what));
    if last("tick maintenance-on") > last("tick maintenance-off") {
        Verdict::Wait
    } else if last("tick canary-25") > last("tick rollback") && last("tick deploy-fix").is_none() {
        Verdict::NoGo
    } else {
        Verdict::Go
    }
}

#[test]
fn the_team_plays_its_part_and_the_story_ends_in_order() {
    let (done, script, t) = play(as_written);
    assert_eq!(script.story().ending(), Ending::InOrder, "{}", script.story());
    assert_eq!(t, Duration::from_mins(33), "nothing had to be waited for");
    let place = |what: &str| done.iter().position(|d| d == what).unwrap_or_else(|| panic!("{what} in {done:#?}"));
    let order = [
        "ic tick maintenance-on",
        "tech-lead tick deploy-green",
        "dba tick migrate",
        "ic tick maintenance-off",
        "ic tick canary-5",
        "ic tick canary-25",
        "ic fail gate-25",
        "ic tick rollback",
        "tech-lead tick deploy-fix",
        "ic tick release",
        "ic tick close",
    ];
    assert!(order.windows(2).all(|w| place(w[0]) < place(w[1])), "{done:#?}");
    let said = script.story().to_string();
    assert!(said.starts_with("verdicts: T-00:04:00 GO, T+00:00:01 WAIT"), "{said}");
    assert!(said.ends_with("in order"), "{said}");
}

#[test]
fn the_team_waits_for_a_verdict_that_comes_late() {
    let late = Duration::from_secs(100);
    // NO-GO needs a hundred seconds more than the script has for it: all that follows moves.
    let noticed = std::cell::Cell::new(None);
    let (_, script, t) = play(|done, t| match as_written(done, t) {
        Verdict::NoGo => {
            let since = noticed.get().unwrap_or(t);
            noticed.set(Some(since));
            if t < since + late { Verdict::Wait } else { Verdict::NoGo }
        }
        other => other,
    });
    assert_eq!(script.story().ending(), Ending::InOrder, "{}", script.story());
    let moved = t.saturating_sub(Duration::from_mins(33));
    assert!((Duration::from_secs(35)..Duration::from_secs(50)).contains(&moved), "{moved:?}");
}

#[test]
fn a_story_that_went_otherwise_says_how() {
    let (_, script, _) = play(|_, _| Verdict::Go);
    let Ending::OutOfOrder(why) = script.story().ending() else { panic!("{}", script.story()) };
    assert!(why.iter().any(|w| w.contains("NO-GO did not come by T+")), "{why:?}");
    assert!(why.iter().any(|w| w == "still to come: WAIT, GO, NO-GO, GO"), "{why:?}");
    let (_, script, _) = play(|done, t| match as_written(done, t) {
        Verdict::Go if done.iter().any(|d| d == "ic tick release") => Verdict::NoGo,
        other => other,
    });
    assert!(script.story().to_string().contains("NO-GO came at T+"), "{}", script.story());
    let (_, script, _) = play(|_, _| Verdict::Wait);
    assert!(matches!(script.story().ending(), Ending::OutOfOrder(_)), "not knowing is no success");
}

#[test]
fn a_step_that_a_person_took_is_not_ticked_again() {
    let scene = Scene::find(None).expect("the first scene reads");
    let mut script = Script::new(&scene);
    script.marked(&"roll-call".into(), Mark::Done);
    script.marked(&"dashboards".into(), Mark::Running);
    let (done, script, _) = play_on(script, as_written);
    let ticks = |id: &str| done.iter().filter(|d| d.ends_with(&format!("tick {id}"))).count();
    assert_eq!((ticks("roll-call"), ticks("dashboards")), (0, 1), "begun is not done: {done:#?}");
    assert_eq!((ticks("canary-25"), ticks("watch-25"), ticks("release")), (2, 1, 1), "its own marks take nothing away");
    assert_eq!(script.story().ending(), Ending::InOrder, "{}", script.story());
}

/// The plan of a scene, and what was found in reading it and its runbook.
fn room_of(scene: &Scene, base: &str, cache: &str) -> (Plan, Vec<String>) {
    let runbook = runbook::read("runbook.md", scene.runbook_text().as_bytes()).expect("it is a runbook");
    let outside = plan::Outside { env: &|_| None, file: &|_| Err("no".into()), cmd: &|_| Err("no".into()) };
    let text = scene.plan_text(base, cache, 1.0);
    let loaded = plan::load(&plan::Input {
        path: "warroom.toml",
        text: &text,
        outside: &outside,
        runbooks: std::slice::from_ref(&runbook),
    });
    let mut found: Vec<String> =
        loaded.findings.iter().map(|f| format!("{} line {}: {} ({})", f.code, f.line, f.message, f.text)).collect();
    found.extend(runbook.not_understood.iter().map(|l| format!("runbook line {}: {}", l.line, l.text)));
    for id in scene.does.keys() {
        if !runbook.steps.iter().any(|s| s.id == *id && s.kind == runbook::StepKind::Task) {
            found.push(format!("no step {id} in the runbook"));
        }
    }
    (loaded.plan, found)
}

#[test]
fn every_room_of_the_checklists_reads_without_a_word() {
    for scene in rehearse::scenes().expect("all scenes read") {
        let (plan, found) = room_of(&scene, "http://127.0.0.1:1", "127.0.0.1:2");
        assert_eq!(found, Vec::<String>::new(), "{}", scene.name);
        assert_eq!((plan.services.len(), plan.metrics.len(), plan.roles.len()), (7, 4, 5));
        // Beside the metrics' own queries, two that count for the budget.
        assert!(plan.probes.iter().any(|p| matches!(&p.ask, Ask::Scrape { queries, .. } if queries.len() == 6)));
        assert_eq!((plan.rules.len(), plan.slos.len(), plan.baseline.is_some()), (5, 1, true), "the budget brings two");
    }
}

/// Objectives of the plan held for ten seconds, on what a scrape every two seconds of the scene finds.
struct Judge {
    store: promql::Store,
    metrics: Vec<(promql::Expr, Option<Threshold>)>,
    good_since: Option<i64>,
    bad_since: Option<i64>,
}

impl Judge {
    fn new(plan: &Plan) -> Self {
        let queries = plan.probes.iter().find_map(|p| match &p.ask {
            Ask::Scrape { queries, .. } => Some(queries),
            _ => None,
        });
        let metrics: Vec<_> = queries
            .expect("a scrape")
            .iter()
            .filter(|q| plan.hidden_query(q.metric).is_none())
            .map(|q| {
                let objective = plan.metrics[q.metric.0 as usize].objective.clone();
                (promql::parse(&q.promql).expect("a query"), objective)
            })
            .collect();
        let store = promql::Store::for_queries(metrics.iter().map(|(expr, _)| expr));
        Self { store, metrics, good_since: None, bad_since: None }
    }

    fn verdict(&mut self, page: &str, at_ms: i64) -> Verdict {
        let mut parser =
            exposition::Parser::new(exposition::Format::of_content_type(None), exposition::Limits::default());
        parser.feed(page.as_bytes()).expect("a page");
        let page = parser.finish().expect("a whole page");
        assert_eq!(page.malformed(), 0, "{:?}", page.reported());
        self.store.append(at_ms, &page);
        let values: Vec<(Option<f64>, Option<bool>)> = self
            .metrics
            .iter()
            .filter_map(|(expr, objective)| {
                let value = promql::read(expr, &self.store, at_ms).ok().map(|p| p.value);
                objective.as_ref().map(|o| (value, o.holds(value)))
            })
            .collect();
        let all = values.iter().all(|(_, holds)| *holds == Some(true));
        let broken = values.iter().any(|(_, holds)| *holds == Some(false));
        self.good_since = all.then(|| self.good_since.unwrap_or(at_ms));
        self.bad_since = broken.then(|| self.bad_since.unwrap_or(at_ms));
        let held = |since: Option<i64>| since.is_some_and(|s| at_ms - s >= 10_000);
        match (held(self.good_since), held(self.bad_since)) {
            (_, true) => Verdict::NoGo,
            (true, _) => Verdict::Go,
            _ => Verdict::Wait,
        }
    }
}

#[tokio::test]
async fn the_whole_scene_comes_to_its_verdicts_on_real_traffic() {
    const SPEED: f64 = 120.0;
    let stage = Stage::open(SPEED);
    let scene = Scene::find(None).expect("the first scene reads");
    let (plan, _) = room_of(&scene, stage.production.base_url(), stage.production.cache_addr());
    let mut judge = Judge::new(&plan);
    let mut script = Script::new(&scene);
    let began = Instant::now();
    loop {
        let t = began.elapsed().mul_f64(SPEED);
        let (_, page) = stage.get("/metrics").await;
        script.see(t, judge.verdict(&page, t.as_millis() as i64));
        for act in script.due(t) {
            let (step, mark) = match act.intent {
                Intent::Tick { step } => (step, Mark::Done),
                Intent::Reopen { step } => (step, Mark::Todo),
                _ => continue,
            };
            assert!(stage.production.marked(&step, mark));
        }
        if script.ended(t) {
            break;
        }
        assert!(t < Duration::from_hours(2), "it does not end: {}", script.story());
        sleep(Duration::from_millis(16)).await;
    }
    println!("{}", script.story());
    assert_eq!(script.story().ending(), Ending::InOrder, "{}", script.story());
}
