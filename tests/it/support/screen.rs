//! Rooms to look at: nothing yet, a cutover in full swing, and everything wrong at once; no parser and no network in them.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use warroom::clock::{Now, Stamp, Writer};
use warroom::condition::{Op, Threshold};
use warroom::fact::{Author, Draft, Entry, Fact, Hash, Mark, ServiceState, StepId, Verdict};
use warroom::plan::slo::{HiddenReads, Side};
use warroom::plan::{MetricPlan, Plan, RoomPlan, ServicePlan};
use warroom::probe::{
    MetricIx, MetricReading, Outcome, Phases, Point, ProbeId, Reading, Sample, ServiceIx, ServiceReading,
};
use warroom::room::{self, Book, JournalHealth, Me, Room, Unsaved, Watch, apply};
use warroom::runbook::{At, Class, Command, Note, Phase, Runbook, Step, StepKind};
use warroom::text::Untrusted;
use warroom::tui::{self, Theme, View};

/// 2025-10-21T12:34:12Z, ten hours into the process.
pub fn now() -> Now {
    Now { utc: DateTime::from_timestamp(1_761_050_052, 0).unwrap(), mono: Duration::from_hours(10) }
}

fn ago(s: u64) -> Now {
    Now { utc: now().utc - TimeDelta::seconds(s as i64), mono: now().mono.saturating_sub(Duration::from_secs(s)) }
}

fn author(name: &str) -> Author {
    Author { person: Untrusted::new(name), role: None }
}

/// Builds a runbook line by line.
#[derive(Default)]
pub struct Writing {
    book: Runbook,
    lines: Vec<Untrusted>,
    parent: Option<StepId>,
}

impl Writing {
    pub fn new(path: &str, title: &str) -> Self {
        let mut new = Self::default();
        new.book.path = path.into();
        new.book.title = title.into();
        new
    }

    fn line(&mut self, text: &str) -> u32 {
        self.lines.push(text.into());
        self.lines.len() as u32
    }

    pub fn phase(&mut self, title: &str, clock: Option<&str>) {
        let line = self.line(&format!("## {title}"));
        let at = clock.map(|c| At::Clock { clock: c.to_owned(), zone: None });
        self.book.phases.push(Phase {
            title: title.into(),
            line,
            t: None,
            at,
            estimate: None,
            level: 2,
            steps: 0,
            commands: Vec::new(),
            notes: Vec::new(),
            clock: None,
        });
        self.parent = None;
    }

    pub fn step(&mut self, id: &str, text: &str, role: Option<&str>, clock: Option<&str>) {
        self.parent = None;
        self.put(id, text, role, clock, StepKind::Numbered);
    }

    pub fn group(&mut self, id: &str, text: &str) {
        self.parent = None;
        self.put(id, text, None, None, StepKind::Task);
        self.parent = Some(id.into());
    }

    pub fn child(&mut self, id: &str, text: &str) {
        let parent = self.parent.clone();
        self.put(id, text, None, None, StepKind::Task);
        self.parent = parent;
    }

    fn put(&mut self, id: &str, text: &str, role: Option<&str>, clock: Option<&str>, kind: StepKind) {
        let line = self.line(&format!("- [ ] {text}"));
        let phase_ix = self.book.phases.len().checked_sub(1).map(|i| i as u32);
        self.book.steps.push(Step {
            id: id.into(),
            line,
            line_end: line,
            block_end: line,
            kind,
            checked: Some(false),
            depth: u32::from(self.parent.is_some()),
            parent: self.parent.clone(),
            heading_path: vec![],
            phase: None,
            phase_ix,
            text: text.into(),
            at: clock.map(|c| At::Clock { clock: c.to_owned(), zone: None }),
            estimate: None,
            role: role.map(Untrusted::from),
            commands: vec![],
            notes: vec![],
        });
    }

    pub fn last(&mut self) -> &mut Step {
        self.book.steps.last_mut().unwrap()
    }

    pub fn done(mut self) -> Runbook {
        self.book.lines = self.lines.into();
        self.book
    }
}

fn runbook() -> Runbook {
    let mut w = Writing::new("go-live.md", "Retail v2.0 go-live");
    w.phase("Phase 1  Preparation", Some("11:30"));
    for i in 1..=5 {
        w.step(
            &format!("p{i}"),
            ["open the war room", "roll call", "confirm staging is green", "take the final backup", "brief the team"]
                [i - 1],
            Some("ic"),
            None,
        );
    }
    w.phase("Phase 2  Deployment", Some("12:00"));
    w.step("maint", "enable maintenance mode", Some("ic"), Some("12:00"));
    w.step("green", "deploy green", Some("dba"), Some("12:10"));
    w.step("migrate", "run migrations", Some("dba"), Some("12:20"));
    w.step("health", "health checks", None, Some("12:24"));
    w.phase("Phase 3  Gradual rollout", Some("12:30"));
    w.step("c5", "set canary_5_percent", Some("ic"), Some("12:30"));
    w.step("watch5", "monitor metrics 5 min", Some("on-call"), Some("12:30"));
    let line = w.last().line;
    w.last().notes = vec![
        Note {
            kind: "expected".into(),
            line,
            text: "error rate < 1 %, p95 < 500 ms, no unusual logs".into(),
            command: None,
        },
        Note { kind: "stop".into(), line, text: "above 3 % go back to blue at once".into(), command: None },
    ];
    w.book.commands.push(Command {
        line_start: line + 1,
        line_end: line + 4,
        interactive: false,
        lang: Some("bash".into()),
        text: "curl -s https://api.example.com/metrics \\\n  | grep http_requests_total\n".into(),
        class: Class::Read,
        placeholders: vec![],
        reason: "".into(),
    });
    w.last().commands = vec![0];
    w.step("go5", "go/no-go canary 5 %", Some("ic"), Some("12:33"));
    w.step("c25", "set canary_25_percent", Some("ic"), Some("12:40"));
    w.step("go25", "go/no-go canary 25 %", Some("ic"), Some("12:45"));
    w.step("c100", "production_release 100 %", Some("ic"), Some("12:50"));
    w.step("unmaint", "disable maintenance mode", Some("ic"), Some("12:50"));
    w.phase("Phase 4  Monitoring", Some("13:00"));
    w.group("security", "Security audit");
    for (i, text) in
        ["API keys rotated and secured", "certificates valid", "rate limiting enabled", "audit log reviewed"]
            .iter()
            .enumerate()
    {
        w.child(&format!("s{i}"), text);
    }
    w.group("infra", "Infrastructure");
    for (i, text) in
        ["backups verified by a test restore", "load balancer drained", "firewall rules in place"].iter().enumerate()
    {
        w.child(&format!("i{i}"), text);
    }
    w.phase("First 24 hours", None);
    for (i, text) in [
        "hourly metrics review",
        "collect issues in the release notes",
        "hand over to normal on-call",
        "close the room",
    ]
    .iter()
    .enumerate()
    {
        w.step(&format!("h{i}"), text, Some("on-call"), None);
    }
    w.done()
}

fn service(name: &str, needs: &[&str]) -> ServicePlan {
    ServicePlan {
        name: name.to_owned(),
        target: format!("https://{name}.example.com/health"),
        every: Duration::from_secs(5),
        timeout: Duration::from_secs(2),
        retries: 1,
        needs: needs.iter().map(|n| (*n).to_owned()).collect(),
        kind: "http",
        target_version: None,
    }
}

fn metric(name: &str, unit: Option<&str>, objective: Option<(Op, f64, &str)>, bands: &[f64]) -> MetricPlan {
    MetricPlan {
        name: name.to_owned(),
        unit: unit.map(str::to_owned),
        query: None,
        source: "prod".to_owned(),
        objective: objective.map(|(op, value, text)| Threshold { op, value, text: text.to_owned() }),
        bands: bands.to_vec(),
        every: Duration::from_secs(5),
        from_probe: None,
    }
}

fn plan() -> Plan {
    Plan {
        room: RoomPlan {
            name: "retail v2.0".to_owned(),
            environment: Some("prod".to_owned()),
            t0: DateTime::from_timestamp(1_761_048_000, 0),
            show_zones: vec![chrono_tz::Europe::Paris],
            ..RoomPlan::default()
        },
        services: vec![
            service("api", &[]),
            service("pipeline", &[]),
            service("chat", &[]),
            service("frontend", &["redis"]),
            service("redis", &[]),
        ],
        metrics: vec![
            metric("error rate", Some("%"), Some((Op::Lt, 1.0, "< 1%")), &[1.0, 3.0]),
            metric("p95 latency", Some("ms"), Some((Op::Lt, 500.0, "< 500ms")), &[]),
            metric("requests", Some("/s"), None, &[]),
            metric("pool in use", None, Some((Op::Lt, 80.0, "< 80")), &[]),
        ],
        ..Plan::default()
    }
}

/// Records facts at moments, as one journal would.
#[derive(Default)]
pub struct Record {
    last: Option<(u64, Stamp, Hash)>,
}

impl Record {
    pub fn at(&mut self, room: &mut Room, utc: DateTime<Utc>, who: &str, fact: Fact) {
        let stamp = Stamp::next(self.last.map(|(_, s, _)| s), utc, Writer(7));
        let (seq, prev) = self.last.map_or((1, Hash::default()), |(n, _, h)| (n + 1, h));
        let id = uuid::Uuid::from_u128(u128::from(seq));
        let entry = Arc::new(Entry::seal(Draft { id, by: author(who), fact }, Writer(7), seq, stamp, prev));
        self.last = Some((seq, stamp, entry.hash));
        apply::apply(room, &entry);
    }
}

pub fn mark(step: &str, mark: Mark) -> Fact {
    Fact::StepMarked { step: step.into(), mark, reason: None, saw: None, undoes: None }
}

/// A room before anything: no runbook, no plan, the journal not read yet.
pub fn empty() -> Room {
    let me = Me { author: author("ic"), read_only: false };
    let mut plan = Plan::default();
    plan.room.name = "new room".into();
    Room::new(me, Arc::new(Book::default()), Arc::new(plan), now())
}

/// A cutover in full swing: canary at 5 %, the error rate just over its objective.
pub fn busy() -> Room {
    let me = Me { author: Author { person: "ic".into(), role: Some("incident commander".into()) }, read_only: false };
    let mut room = Room::new(me, Arc::new(Book::new(vec![runbook()])), Arc::new(plan()), now());
    room.journal = JournalHealth::Safe;
    room.live.watch = Watch::Me { epoch: 3 };
    let t = |clock: &str| {
        let (h, m) = clock.split_once(':').unwrap();
        let (m, s) = m.split_once(':').unwrap();
        let of = |t: &str| t.parse::<i64>().unwrap();
        DateTime::from_timestamp(1_761_004_800 + of(h) * 3_600 + of(m) * 60 + of(s), 0).unwrap()
    };
    let mut record = Record::default();
    for (i, clock) in ["11:30:02", "11:33:40", "11:41:12", "11:52:33", "11:56:01"].iter().enumerate() {
        record.at(&mut room, t(clock), "ic", mark(&format!("p{}", i + 1), Mark::Done));
    }
    record.at(&mut room, t("12:00:05"), "ic", Fact::T0Set { t0: Some(t("12:00:00")) });
    record.at(&mut room, t("12:03:10"), "ic", mark("maint", Mark::Done));
    record.at(&mut room, t("12:14:51"), "dba", mark("green", Mark::Done));
    record.at(&mut room, t("12:22:18"), "dba", mark("migrate", Mark::Done));
    record.at(&mut room, t("12:24:31"), "on-call", mark("health", Mark::Done));
    record.at(&mut room, t("12:24:40"), "ic", mark("health", Mark::Done));
    record.at(&mut room, t("12:30:04"), "ic", mark("c5", Mark::Done));
    let text = "5 % is live, watching checkout".into();
    record.at(&mut room, t("12:31:07"), "ic", Fact::Noted { step: Some("watch5".into()), text });
    record.at(&mut room, t("12:32:02"), "on-call", mark("watch5", Mark::Running));
    record.at(
        &mut room,
        t("12:33:20"),
        "watch",
        Fact::ServiceChanged {
            service: "frontend".into(),
            from: ServiceState::Up,
            to: ServiceState::Down,
            reason: "502 instead of 200".into(),
        },
    );
    record.at(
        &mut room,
        t("12:33:32"),
        "watch",
        Fact::VerdictChanged { verdict: Verdict::Wait, reason: "error rate 1.2% > 1%".into() },
    );
    services(&mut room);
    metrics(&mut room);
    room.live.verdict.verdict = Verdict::Wait;
    room.live.verdict.reason = "error rate 1.2% > 1% for 0:40, frontend down for 0:52 (+1 more)".into();
    room.live.verdict.since = ago(40);
    room
}

fn services(room: &mut Room) {
    let states = [
        (ServiceState::Up, "", Some(200), "v2.0", 0.042, 1, 3_600),
        (ServiceState::Up, "", Some(200), "v2.0", 0.018, 1, 3_600),
        (ServiceState::Degraded, "480 ms is over 200 ms", Some(200), "v1.9", 0.48, 2, 130),
        (ServiceState::Down, "502 instead of 200", Some(502), "", 0.09, 1, 52),
        (ServiceState::Stale, "no answer for 41 s", None, "7.0", 0.003, 41, 29),
    ];
    for (ix, (state, reason, code, version, latency, asked, since)) in states.into_iter().enumerate() {
        let live = &mut room.live.services[ix];
        live.state = state;
        live.reason = reason.into();
        live.since = ago(since);
        live.asked = Some(ago(asked));
        live.took = Some(Duration::from_secs_f64(latency));
        live.failures = u32::from(state == ServiceState::Down) * 11;
        live.last = Some(ServiceReading {
            service: ServiceIx(ix as u32),
            outcome: Outcome::Pass,
            code,
            version: (!version.is_empty()).then(|| version.into()),
            says: None,
            phases: Phases {
                connect: Some(Duration::from_millis(4)),
                wait: Some(Duration::from_secs_f64(latency)),
                transfer: Some(Duration::from_micros(400)),
            },
            tls_days: Some(61),
            excerpt: "{\"status\":\"healthy\",\n \"note\":\"\u{1b}[31mred\u{1b}[0m\"}".into(),
        });
        for i in (asked..300).rev().step_by(5) {
            let at = ago(i).utc;
            let down = state == ServiceState::Down && i < 55;
            live.passes.push(at, if down { 0.0 } else { 1.0 });
            let ramp = if state == ServiceState::Degraded {
                1.0 - i as f64 / 400.0
            } else {
                0.8 + 0.2 * ((i * 7 % 10) as f64 / 10.0)
            };
            if !down {
                live.latency.push(at, latency * ramp);
            }
        }
    }
}

fn metrics(room: &mut Room) {
    for (ix, m) in room.live.metrics.iter_mut().enumerate() {
        for i in (0..720_u64).rev() {
            let s = i * 5 / 2;
            let wave = ((i * 37 % 23) as f64 - 11.0) / 11.0;
            let ramp = if s < 240 { (240 - s) as f64 / 240.0 } else { 0.0 };
            let value = match ix {
                0 => 0.30 + 0.05 * wave + 0.92 * ramp,
                1 => 190.0 + 14.0 * wave + 215.0 * ramp + if s == 900 { 260.0 } else { 0.0 },
                2 => 410.0 + 22.0 * wave,
                _ => 31.0 + 4.0 * wave,
            };
            m.series.push(ago(s).utc, value);
        }
        m.fresh = Some(ago(2));
        m.holds = [Some(false), Some(true), None, Some(true)][ix];
        m.since = ago(40);
        m.band = Some(usize::from(ix == 0));
    }
}

/// What the plan of [`budgets`] says of objectives.
const SLOS: &str = r#"
[source.prod]
prometheus = "http://prometheus:9090"

[source.app]
scrape = "http://app:9090/metrics"

[[slo]]
name = "checkout"
target = "99.9%"
source = "prod"
bad = 'http_requests_total{job="checkout",code=~"5.."}'
total = 'http_requests_total{job="checkout"}'
spend = 400

[[slo]]
name = "search"
target = "99.5%"
period = "28d"
source = "prod"
good = 'search_total{outcome="ok"}'
total = "search_total"
spend = 40

[[slo]]
name = "payments"
target = "99.95%"
source = "app"
bad = 'payments_total{outcome="failed"}'
total = "payments_total"
spend = 5
"#;

/// The busy room with three objectives: one burns, one is good, of one too little is known.
pub fn budgets() -> Room {
    let mut room = busy();
    let with = super::plan(SLOS, &[]);
    let mut plan = (*room.plan).clone();
    (plan.slos, plan.hidden) = (with.slos, with.hidden);
    let mut all = Room::new(room.me.clone(), Arc::clone(&room.book), Arc::new(plan), now());
    room.plan = Arc::clone(&all.plan);
    room.live.slos = std::mem::take(&mut all.live.slos);
    let t0 = room.t0().unwrap();
    for hidden in room.plan.hidden.clone() {
        let ix = MetricIx(room.plan.taped(&hidden.name).unwrap().0);
        let mut tell = |at: Now, value: f64| {
            let reading = MetricReading { metric: ix, value: Ok(Point { at: at.utc, value }) };
            let reading = Reading::Metrics(vec![reading]);
            room::observe::observe(&mut room, Sample { probe: ProbeId(0), at, took: Duration::ZERO, reading });
        };
        let hours = |range: Duration| range.as_secs_f64() / 3_600.0;
        match (hidden.reads, hidden.side, hidden.slo) {
            (HiddenReads::Increase(range), Side::All, 0) => tell(ago(2), hours(range) * 90_000.0),
            (HiddenReads::Increase(range), Side::Part, 0) => tell(ago(2), hours(range).min(2.0) * 2_250.0 + 300.0),
            (HiddenReads::Increase(range), Side::All, _) => tell(ago(2), hours(range) * 12_000.0),
            (HiddenReads::Increase(range), Side::Part, _) => tell(ago(2), hours(range) * 11_994.0),
            (HiddenReads::Running, side, slo) => {
                let began: u32 = if slo == 2 { 900 } else { 2_400 };
                for s in (0..began).step_by(5).rev() {
                    let since = (ago(u64::from(s)).utc - t0).num_seconds().max(0) as f64;
                    let all = 1_000.0 + f64::from(began - s) * 3.0;
                    let value = match (side, slo) {
                        (Side::All, _) => all,
                        (Side::Part, 0) => 10.0 + (since / 4.0).floor(),
                        (Side::Part, 1) => all - (since / 600.0).floor(),
                        _ => 7.0,
                    };
                    tell(ago(u64::from(s)), value);
                }
            }
        }
    }
    room
}

/// Everything wrong at once: nothing saved, nobody watching, a broken plan, stale numbers, hostile texts.
pub fn bad() -> Room {
    let mut room = busy();
    room.journal = JournalHealth::Broken("disk full".to_owned());
    room.live.watch = Watch::Nobody;
    room.plan_trouble =
        vec!["warroom.toml:12:3: unknown key \"expct\"; did you mean \"expect\"?".to_owned(), "line 30".to_owned()];
    for (i, (step, mark)) in [("go5", Mark::Done), ("c25", Mark::Running)].into_iter().enumerate() {
        let fact = Fact::StepMarked { step: step.into(), mark, reason: None, saw: None, undoes: None };
        let draft = Draft { id: uuid::Uuid::from_u128(9_000 + i as u128), by: author("ic"), fact };
        let trouble = (i == 0).then(|| "disk full".to_owned());
        room.unsaved.insert(draft.id, Unsaved { draft, since: ago(9), trouble });
    }
    let mut record = Record {
        last: Some((900, Stamp { ms: ago(30).utc.timestamp_millis(), n: 0, writer: Writer(7) }, Hash::default())),
    };
    let reason = Some(
        "checkout fails: \u{1b}]52;c;aGk=\u{7} \u{202e}evil \u{200b}日本語のとても長い説明文がここに続きます".into(),
    );
    record.at(
        &mut room,
        ago(20).utc,
        "on-call",
        Fact::StepMarked { step: "watch5".into(), mark: Mark::Failed, reason, saw: None, undoes: None },
    );
    record.at(
        &mut room,
        ago(10).utc,
        "ic",
        Fact::StepAdded {
            step: "run-1".into(),
            after: Some("watch5".into()),
            text: "drain the 漢字 queue \u{1b}[2J by hand".into(),
        },
    );
    record.at(&mut room, ago(9).utc, "dba", mark("gone-step", Mark::Done));
    for m in &mut room.live.metrics {
        m.stale = true;
        m.fresh = Some(ago(95));
        m.holds = None;
        m.trouble = Some("prometheus: connection refused".to_owned());
    }
    for s in &mut room.live.services {
        s.state = ServiceState::Down;
        s.reason = "connection refused".into();
    }
    room.live.services[4].state = ServiceState::Stale;
    room.live.verdict.verdict = Verdict::NoGo;
    room.live.verdict.reason = "frontend down, connection refused for 1:31 (+4 more)".into();
    room.live.verdict.since = ago(91);
    room.revision.steps += 1;
    room
}

/// A runbook of `n` steps in phases of a hundred.
pub fn large(n: usize) -> Room {
    let mut w = Writing::new("large.md", "large");
    for i in 0..n {
        if i % 100 == 0 {
            w.phase(&format!("Phase {}", i / 100), None);
        }
        w.step(&format!("s{i}"), &format!("step number {i} of many"), None, None);
    }
    let me = Me { author: author("ic"), read_only: false };
    let mut room = Room::new(me, Arc::new(Book::new(vec![w.done()])), Arc::new(plan()), now());
    room.journal = JournalHealth::Safe;
    room
}

/// One frame on a fresh buffer.
pub fn frame(room: &Room, view: &mut View, theme: &Theme, width: u16, height: u16) -> Buffer {
    let area = Rect::new(0, 0, width, height);
    let mut buf = Buffer::empty(area);
    tui::draw(room, view, theme, area, &mut buf);
    buf
}

/// A buffer as lines, without the blanks at their ends.
pub fn text(buf: &Buffer) -> String {
    let mut out = String::new();
    for y in buf.area.top()..buf.area.bottom() {
        let mut line = String::new();
        let mut hidden = 0;
        for x in buf.area.left()..buf.area.right() {
            if hidden > 0 {
                hidden -= 1;
                continue;
            }
            let symbol = buf[(x, y)].symbol();
            hidden = unicode_width::UnicodeWidthStr::width(symbol).saturating_sub(1);
            line.push_str(symbol);
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}
