//! One rule file, loaded by a real Prometheus and by ourselves, over the same server: the same alerts fire.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::Value as Json;
use tokio::sync::mpsc;
use warroom::clock::Pace;
use warroom::plan::rules::{RuleText, import};
use warroom::poll::{self, Event, Options, Poll};
use warroom::room::alert::State;
use warroom::room::{Book, Me, Room, Watch, observe};

use super::real::{Running, launch};
use crate::support::{author, plan};

const RULES: &str = r"
groups:
- name: api
  interval: 500ms
  rules:
  - alert: HighErrors
    expr: sum by (pod) (rate(errors_total[2s])) > 5
    for: 1s
    keep_firing_for: 1s
    labels: {severity: page}
  - alert: Hot
    expr: max by (room) (temperature) > 30
  - alert: Down
    expr: sum(up) == 0
  - alert: Gone
    expr: absent(always_there)
    for: 1s
";

/// Serves a page that is the same for everybody who asks at one moment; what it says depends on the act that is played.
fn serve(act: Arc<AtomicUsize>) -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        let (mut since, mut last) = (Instant::now(), 0);
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let _ = stream.read(&mut [0; 4096]);
            let act = act.load(Ordering::SeqCst);
            if act != last {
                (since, last) = (Instant::now(), act);
            }
            let s = since.elapsed().as_secs_f64();
            let mut page = "always_there 1\n".to_owned();
            // With the second act both pods begin anew from nothing; in the last they stand still.
            let (a, b, hot) = match act {
                0 => (500.0, 500.0, 20.0),
                1 => (500.0 + 20.0 * s, 500.0, 40.0),
                2 => (20.0 * s, 30.0 * s, 40.0),
                _ => (900.0, 900.0, 20.0),
            };
            let _ = write!(page, "errors_total{{pod=\"a\"}} {a}\nerrors_total{{pod=\"b\"}} {b}\n");
            let _ = write!(page, "temperature{{room=\"x\"}} {hot}\ntemperature{{room=\"y\"}} 20\n");
            if act == 5 {
                page = page.replace("always_there", "no_longer_there");
            }
            let answer = if act == 3 {
                "HTTP/1.1 500 Oops\r\nConnection: close\r\nContent-Length: 0\r\n\r\n".to_owned()
            } else {
                let head = "HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4\r\nConnection: close\r\n\r\n";
                format!("{head}{page}")
            };
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    port
}

fn start_prometheus(dir: &std::path::Path, target: u16) -> Option<(Running, u16)> {
    std::fs::write(dir.join("rules.yml"), RULES).unwrap();
    let config = format!(
        "global: {{scrape_interval: 200ms, scrape_timeout: 200ms}}\nrule_files: [rules.yml]\n\
         scrape_configs: [{{job_name: t, static_configs: [{{targets: ['127.0.0.1:{target}']}}]}}]\n"
    );
    launch(dir, &config)
}

/// The names of what fires in the Prometheus, written as ours; nothing when it does not answer.
fn theirs(port: u16) -> Option<BTreeSet<String>> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    write!(stream, "GET /api/v1/alerts HTTP/1.0\r\n\r\n").ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    let json: Json = serde_json::from_str(answer.split_once("\r\n\r\n")?.1).ok()?;
    let firing = json["data"]["alerts"].as_array()?.iter().filter(|a| a["state"] == "firing");
    let name = |a: &Json| {
        let labels = a["labels"].as_object().unwrap();
        let rest: Vec<String> =
            labels.iter().filter(|(n, _)| *n != "alertname").map(|(n, v)| format!("{n}={v}")).collect();
        let name = labels["alertname"].as_str().unwrap();
        if rest.is_empty() { name.to_owned() } else { format!("{name}{{{}}}", rest.join(", ")) }
    };
    Some(firing.map(name).collect())
}

/// A room with pollers of its own.
struct Ours {
    room: Room,
    events: mpsc::Receiver<Event>,
    pace: Pace,
    _poll: Poll,
}

impl Ours {
    fn new(source: &str) -> Self {
        let mut plan = plan(&format!("[source.it]\n{source}\nevery = \"200ms\"\nrules = [\"rules.yml\"]\n"), &[]);
        let findings = import(&mut plan, &[RuleText { path: "rules.yml".to_owned(), text: RULES.to_owned() }]);
        assert!(findings.is_empty(), "{findings:?}");
        let pace = Pace::new(Instant::now(), chrono::Utc::now(), 1);
        let (tx, events) = mpsc::channel(1_024);
        let poll = poll::start(tx, Options::new(pace)).unwrap();
        assert!(poll.ask(poll::Ask::Set(plan.probes.clone(), plan.masks.clone())));
        let me = Me { author: author("ic"), read_only: false };
        let now = pace.now(Instant::now(), chrono::Utc::now());
        let mut room = Room::new(me, Book::new(Vec::new()).into(), plan.into(), now);
        room.live.watch = Watch::Me { epoch: 1 };
        Self { room, events, pace, _poll: poll }
    }

    fn firing(&mut self) -> BTreeSet<String> {
        while let Ok(event) = self.events.try_recv() {
            if let Event::Samples(samples) = event {
                observe::observe_all(&mut self.room, samples);
            }
        }
        observe::tick(&mut self.room, self.pace.now(Instant::now(), chrono::Utc::now()));
        let all = self.room.live.imported.iter().flat_map(|many| &many.instances);
        all.filter(|(_, it)| it.track.alert.state == State::Firing).map(|(name, _)| name.clone()).collect()
    }
}

#[test]
fn a_real_prometheus_fires_the_same_alerts() {
    let dir = tempfile::tempdir().unwrap();
    let act = Arc::new(AtomicUsize::new(0));
    let target = serve(Arc::clone(&act));
    let Some((_running, port)) = start_prometheus(dir.path(), target) else {
        println!("there is no prometheus here: not compared");
        return;
    };
    let mut asked = Ours::new(&format!("prometheus = \"http://127.0.0.1:{port}\""));
    let mut scraped = Ours::new(&format!("scrape = \"http://127.0.0.1:{target}/metrics\""));
    let (a, b) = ("HighErrors{pod=\"a\", severity=\"page\"}", "HighErrors{pod=\"b\", severity=\"page\"}");
    let hot = "Hot{room=\"x\"}";
    // What Prometheus fires, and what we do on its own samples: a page that cannot be read resolves nothing here.
    let acts: [(&[&str], &[&str]); 6] = [
        (&[], &[]),
        (&[a, hot], &[a, hot]),
        (&[a, b, hot], &[a, b, hot]),
        (&["Down", "Gone"], &["Down", "Gone", a, b, hot]),
        (&[], &[]),
        (&["Gone"], &["Gone"]),
    ];
    for (n, (theirs_fire, scraped_fire)) in acts.into_iter().enumerate() {
        act.store(n, Ordering::SeqCst);
        let set = |names: &[&str]| names.iter().map(|n| (*n).to_owned()).collect::<BTreeSet<_>>();
        let (want, want_scraped) = (set(theirs_fire), set(scraped_fire));
        let end = Instant::now() + Duration::from_mins(1);
        let mut alike = 0;
        // Three looks in a row: nothing is on its way any more.
        while alike < 3 {
            let found = (theirs(port), asked.firing(), scraped.firing());
            let all = found == (Some(want.clone()), want.clone(), want_scraped.clone());
            alike = if all { alike + 1 } else { 0 };
            assert!(Instant::now() < end, "act {n}: wanted {want:?} and {want_scraped:?}, found {found:?}");
            std::thread::sleep(Duration::from_millis(400));
        }
    }
}
