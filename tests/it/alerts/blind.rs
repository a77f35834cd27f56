//! T32: whatever a Prometheus says that is no number, in the middle of a breach or before it has lasted, is no data: within two
//! intervals, never a resolve, never green.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use tokio::sync::mpsc;
use warroom::clock::Pace;
use warroom::plan::Plan;
use warroom::poll::{self, Event, Options, Poll};
use warroom::room::{Book, Me, Watch};

use super::*;

/// What comes instead of a number, as a whole answer; nothing is silence.
const INSTEAD: [(&str, &str); 9] = [
    ("500", "HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n"),
    (
        "503 with words",
        "HTTP/1.1 503 X\r\nContent-Length: 43\r\n\r\n{\"status\":\"error\",\"errorType\":\"timeout\"}   ",
    ),
    ("an empty vector", "[]"),
    ("NaN", "[{\"metric\":{},\"value\":[1,\"NaN\"]}]"),
    ("infinity", "[{\"metric\":{},\"value\":[1,\"+Inf\"]}]"),
    ("two series", "[{\"metric\":{\"a\":\"1\"},\"value\":[1,\"5\"]},{\"metric\":{\"a\":\"2\"},\"value\":[1,\"5\"]}]"),
    ("no JSON", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n<html"),
    ("half an answer", "HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{\"status\":\"success\","),
    ("silence", ""),
];

fn vector(result: &str) -> String {
    let body = format!("{{\"status\":\"success\",\"data\":{{\"resultType\":\"vector\",\"result\":{result}}}}}");
    format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len())
}

/// A Prometheus under each number, which says 5 while the switch says so, and then what comes instead.
fn serve(good: Arc<AtomicBool>) -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let (mut stream, good) = (stream.unwrap(), good.load(Ordering::Relaxed));
            std::thread::spawn(move || {
                let mut asked = [0; 4096];
                let n = stream.read(&mut asked).unwrap_or(0);
                let asked = String::from_utf8_lossy(&asked[..n]).into_owned();
                let number = asked.split("/s").nth(1).and_then(|rest| rest.split('/').next()?.parse::<usize>().ok());
                let Some((_, instead)) = number.and_then(|n| INSTEAD.get(n)) else { return };
                let answer = match *instead {
                    _ if good => vector("[{\"metric\":{},\"value\":[1,\"5\"]}]"),
                    "" => return std::thread::sleep(Duration::from_secs(5)),
                    list if list.starts_with('[') => vector(list),
                    whole => whole.to_owned(),
                };
                let _ = stream.write_all(answer.as_bytes());
            });
        }
    });
    port
}

struct Real {
    room: Room,
    events: mpsc::Receiver<Event>,
    pace: Pace,
    _poll: Poll,
}

impl Real {
    fn new(plan: Plan) -> Self {
        let pace = Pace::new(Instant::now(), chrono::Utc::now(), 1);
        let (tx, events) = mpsc::channel(1_024);
        let poll = poll::start(tx, Options::new(pace)).unwrap();
        assert!(poll.ask(poll::Ask::Set(plan.probes.clone(), plan.masks.clone())));
        let me = Me { author: crate::support::author("ic"), read_only: false };
        let now = pace.now(Instant::now(), chrono::Utc::now());
        let mut room = Room::new(me, Book::new(Vec::new()).into(), plan.into(), now);
        room.live.watch = Watch::Me { epoch: 1 };
        Self { room, events, pace, _poll: poll }
    }

    fn until(&mut self, what: &str, within: Duration, done: impl Fn(&Room) -> bool) {
        let end = Instant::now() + within;
        while !done(&self.room) {
            assert!(Instant::now() < end, "never: {what}");
            self.look();
        }
    }

    fn look(&mut self) {
        std::thread::sleep(Duration::from_millis(10));
        while let Ok(event) = self.events.try_recv() {
            if let Event::Samples(samples) = event {
                observe::observe_all(&mut self.room, samples);
            }
        }
        observe::tick(&mut self.room, self.pace.now(Instant::now(), chrono::Utc::now()));
    }
}

#[test]
fn what_is_no_number_resolves_nothing_and_is_no_data_in_time() {
    use std::fmt::Write as _;
    let good = Arc::new(AtomicBool::new(true));
    let port = serve(Arc::clone(&good));
    let mut text =
        "[defaults]\nevery = \"300ms\"\ntimeout = \"300ms\"\n[notify.oncall]\ncommand = \"true\"\n".to_owned();
    for n in 0..INSTEAD.len() {
        let _ = write!(
            text,
            "[source.s{n}]\nprometheus = \"http://127.0.0.1:{port}/s{n}\"\n\
             [[metric]]\nname = \"m{n}\"\nsource = \"s{n}\"\nquery = \"x\"\n\
             [[rule]]\nname = \"fires{n}\"\nwhen = \"m{n} > 1\"\nseverity = \"page\"\nnotify = [\"oncall\"]\n\
             [[rule]]\nname = \"waits{n}\"\nwhen = \"m{n} > 1\"\nfor = \"1h\"\nseverity = \"page\"\nnotify = [\"oncall\"]\n"
        );
    }
    let mut it = Real::new(crate::support::plan(&text, &[]));
    let limit = Duration::from_secs(30);
    let stand = |room: &Room| {
        let states = room.live.rules.chunks(2).map(|two| (two[0].main.alert.state, two[1].main.alert.state));
        states.collect::<Vec<_>>()
    };
    let breach = vec![(State::Firing, State::Pending); INSTEAD.len()];
    it.until("each fires and waits", limit, |room| stand(room) == breach);
    good.store(false, Ordering::Relaxed);
    let began = Instant::now();
    it.until("each is no data", limit, |room| room.live.metrics.iter().all(|m| m.current().is_none()));
    // Two intervals, an answer's deadline, and what a busy machine takes besides.
    assert!(began.elapsed() < Duration::from_millis(900) + Duration::from_secs(3), "{:?}", began.elapsed());
    let held: Vec<Duration> = it.room.live.rules.iter().map(|rule| rule.main.alert.held).collect();
    let end = Instant::now() + Duration::from_secs(2);
    while Instant::now() < end {
        it.look();
        assert_eq!(stand(&it.room), breach, "nothing resolves and nothing is withdrawn");
        assert_ne!(it.room.live.verdict.verdict, Verdict::Go);
    }
    for (n, (what, _)) in INSTEAD.iter().enumerate() {
        assert_eq!(it.room.live.metrics[n].current(), None, "{what} is no number");
        assert!(it.room.live.rules[2 * n].main.alert.blind.is_some(), "{what}");
        let waited = it.room.live.rules[2 * n + 1].main.alert.held.saturating_sub(held[2 * n + 1]);
        assert!(waited <= Duration::from_millis(300), "{what}: its clock went on for {waited:?}");
    }
    good.store(true, Ordering::Relaxed);
    it.until("all is known again", limit, |room| room.live.metrics.iter().all(|m| m.current() == Some(5.0)));
    assert_eq!(stand(&it.room), breach, "and it is the same breach");
}
