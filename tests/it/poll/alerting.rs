//! Rules asked of a Prometheus or evaluated on a page, and the alerts of others, against fakes that take nothing else.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use warroom::probe::rules::{
    AlertApi, AlertsReading, Found, RuleIx, RuleQuery, RuleReading, SilenceThere, SourceIx, instance_name,
};
use warroom::probe::{Ask, MetricIx, Query, Reading, Reads, Request};
use warroom::secret::Filled;

use super::server::{Looking, World, metrics, ok, probe, request, response};

fn rule(ix: u32, promql: &str) -> RuleQuery {
    RuleQuery { rule: RuleIx(ix), promql: promql.to_owned(), every: Duration::from_millis(500), offset: Duration::ZERO }
}

fn base(at: std::net::SocketAddr, path: &str) -> Request {
    Request { url: Filled::plain(format!("http://{at}{path}")), headers: Vec::new() }
}

fn rules(looking: &Looking) -> Vec<&RuleReading> {
    let each = looking.had.iter().filter_map(|s| match &s.reading {
        Reading::Rules(readings) => Some(readings),
        _ => None,
    });
    each.flatten().collect()
}

fn shown(found: &Found) -> Vec<String> {
    found.elements.iter().map(|(labels, value)| format!("{} {value}", instance_name("", labels))).collect()
}

#[test]
fn each_rule_has_its_own_answer_and_who_is_late_is_unknown_alone() {
    let world = World::new();
    let server = world.serve(|_, mut stream| async move {
        use tokio::io::AsyncWriteExt as _;
        while let Some(asked) = request(&mut stream).await {
            assert!(asked.starts_with("POST /prom/api/v1/query HTTP/1.1"), "{asked}");
            let data = |kind: &str, result: &str| {
                ok(&format!(r#"{{"status":"success","data":{{"resultType":"{kind}","result":{result}}}}}"#))
            };
            let answer = match asked.lines().last().unwrap() {
                "query=many" => data(
                    "vector",
                    r#"[{"metric":{"__name__":"x","pod":"b"},"value":[1700000000.1,"2"]},
                        {"metric":{"pod":"a"},"value":[1700000000.1,"NaN"]}]"#,
                ),
                "query=none" => data("vector", "[]"),
                // Asked as of half a minute ago; an element of a native histogram is one.
                last if last.starts_with("query=before&time=") => {
                    let at: f64 = last["query=before&time=".len()..].parse().unwrap();
                    let now = chrono::Utc::now().timestamp_millis() as f64 / 1e3;
                    let there = (now - 32.0..now - 29.0).contains(&at);
                    let histogram = r#"[{"metric":{"a":"b"},"histogram":[1700000000.1,{"count":"3","sum":"6"}]}]"#;
                    data("vector", if there { histogram } else { "[]" })
                }
                "query=number" => data("scalar", r#"[1700000000.1,"7"]"#),
                "query=range" => data("matrix", r#"[{"metric":{},"values":[[1,"1"]]}]"#),
                "query=bad" => {
                    let body = r#"{"status":"error","errorType":"bad_data","error":"\u001b[31mparse error"}"#;
                    response("400 Bad Request", "", body)
                }
                "query=html" => ok("<html>hello</html>"),
                _ => std::future::pending().await,
            };
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    });
    let all = ["many", "none", "number", "range", "bad", "html", "late", "before"];
    let mut asked: Vec<RuleQuery> = all.iter().enumerate().map(|(n, text)| rule(n as u32, text)).collect();
    asked[7].offset = Duration::from_secs(30);
    let mut asking = probe(0, Ask::Rules { request: base(server.at, "/prom/"), rules: asked });
    asking.timeout = Duration::from_secs(2);
    let mut looking = world.look(vec![asking]);
    looking.until("an evaluation", |l| !rules(l).is_empty());
    let found = |ix: u32| {
        let reading = rules(&looking).into_iter().find(|r| r.rule == RuleIx(ix)).unwrap().clone();
        reading.found.map(|found| shown(&found))
    };
    assert_eq!(found(0), Ok(vec!["{pod=\"b\"} 2".to_owned(), "{pod=\"a\"} NaN".to_owned()]));
    assert_eq!(found(1), Ok(vec![]));
    assert_eq!(found(2), Ok(vec![" 7".to_owned()]));
    assert_eq!(found(3), Err("the rule's expression gives no values at one moment".to_owned()));
    assert_eq!(found(4), Err("400: Prometheus does not take the query".to_owned()));
    assert_eq!(found(5), Err("the answer is not that of a Prometheus".to_owned()));
    assert!(found(6).unwrap_err().starts_with("no answer within"));
    assert_eq!(found(7), Ok(vec!["{a=\"b\"} 0".to_owned()]));
}

#[test]
fn rules_on_a_page_are_due_at_their_own_interval_and_a_page_unread_is_a_gap() {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let world = World::new();
    let server = world.serve(|_, mut stream| async move {
        use tokio::io::AsyncWriteExt as _;
        while request(&mut stream).await.is_some() {
            let broken = COUNT.fetch_add(1, Ordering::SeqCst) >= 12;
            let page = "hot{room=\"a\"} 40\nhot{room=\"b\"} 20\n";
            let answer = if broken {
                response("500 Oops", "", "")
            } else {
                response("200 OK", "content-type: text/plain; version=0.0.4\r\n", page)
            };
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    });
    let asked = vec![rule(0, "hot > 30"), rule(1, "sum(up) == 0")];
    let mut asking = probe(0, Ask::Scrape { request: base(server.at, "/metrics"), queries: Vec::new(), rules: asked });
    asking.every = Duration::from_millis(100);
    let mut looking = world.look(vec![asking]);
    let of = |l: &Looking, ix: u32| -> Vec<Found> {
        rules(l).into_iter().filter(|r| r.rule == RuleIx(ix)).map(|r| r.found.clone().unwrap()).collect()
    };
    looking.until("a gap", |l| of(l, 0).iter().any(|found| found.gap.is_some()));
    let seen: Vec<Found> = of(&looking, 0).into_iter().filter(|found| found.gap.is_none()).collect();
    assert!((2..=4).contains(&seen.len()), "twelve scrapes, five of each interval: {}", seen.len());
    assert!(seen.iter().all(|found| shown(found) == ["{room=\"a\"} 40"]));
    let gap = of(&looking, 1).into_iter().find(|found| found.gap.is_some()).unwrap();
    assert_eq!((shown(&gap), gap.gap.as_deref()), (vec![" 0".to_owned()], Some("500, expected 2xx")));
}

/// A line that cannot be read: what asks for its metric, or may, has no answer, and all else has.
#[test]
fn a_metric_with_a_line_that_cannot_be_read_is_unknown_and_the_others_are_not() {
    let world = World::new();
    let page = "good 1\nbad{a=\"1\"} x\nbad{a=\"2\"} 50\nhot{room=\"a\"} 40\n";
    let server = world.answer(response("200 OK", "content-type: text/plain; version=0.0.4\r\n", page));
    let asked = vec![rule(0, "hot > 30"), rule(1, "sum(bad) > 30"), rule(2, "absent(bad{a=\"1\"})")];
    let query =
        |metric: u32, promql: &str| Query { metric: MetricIx(metric), promql: promql.to_owned(), reads: Reads::Value };
    let queries = vec![query(0, "good"), query(1, "sum(bad)"), query(2, "sum({__name__=~\"go.*|ba.*\"})")];
    let ask = Ask::Scrape { request: base(server.at, "/metrics"), queries, rules: asked };
    let mut looking = world.look(vec![probe(0, ask)]);
    looking.until("rules", |l| !rules(l).is_empty());
    let why = Err("line 2 of the page cannot be read: the value is no number".to_owned());
    let found: Vec<_> =
        rules(&looking).into_iter().map(|r| r.found.as_ref().map(shown).map_err(Clone::clone)).collect();
    assert_eq!(found, [Ok(vec!["{room=\"a\"} 40".to_owned()]), why.clone(), why.clone()]);
    let read = looking.had.iter().filter(|s| matches!(s.reading, Reading::Metrics(_))).flat_map(metrics);
    let values: Vec<Result<f64, String>> = read.map(|m| m.value.clone().map(|p| p.value)).take(3).collect();
    let why = why.map(|_: Vec<String>| 0.0);
    assert_eq!(values, [Ok(1.0), why.clone(), why]);
}

/// As an Alertmanager 0.27 writes them.
const MANAGED: &str = r#"[
 {"annotations":{"summary":"disk is full"},"endsAt":"2025-10-21T11:09:12.345Z","fingerprint":"71fd3d0c4d56c8ca",
  "receivers":[{"name":"ops"}],"startsAt":"2025-10-21T10:57:00.000Z",
  "status":{"inhibitedBy":[],"silencedBy":[],"state":"active"},"updatedAt":"2025-10-21T11:05:12.348Z",
  "generatorURL":"http://prometheus:9090/graph?g0.expr=x","labels":{"alertname":"DiskFull","job":"db"}},
 {"annotations":{},"endsAt":"2025-10-21T11:09:12.345Z","fingerprint":"0000000000000001","receivers":[{"name":"ops"}],
  "startsAt":"2025-10-21T10:58:00.000Z",
  "status":{"inhibitedBy":[],"silencedBy":["9c1e6e4a-7c5a-4a6e-8f0d-6d2d4f2b1a00"],"state":"suppressed"},
  "updatedAt":"2025-10-21T11:05:12.348Z","labels":{"alertname":"DiskFull","job":"web"}},
 {"annotations":{"description":"net"},"endsAt":"2025-10-21T11:09:12.345Z","fingerprint":"0000000000000002",
  "receivers":[{"name":"ops"}],"startsAt":"2025-10-21T10:59:00.000+02:00",
  "status":{"inhibitedBy":["71fd3d0c4d56c8ca"],"silencedBy":[],"state":"suppressed"},
  "updatedAt":"2025-10-21T11:05:12.348Z","labels":{"alertname":"Slow"}}
]"#;

/// As a Prometheus writes them.
const JUDGED: &str = r#"{"status":"success","data":{"alerts":[
 {"labels":{"alertname":"HighErrorRate","job":"api"},"annotations":{"summary":"api fails"},"state":"firing",
  "activeAt":"2025-10-21T10:57:00.60602144Z","value":"7.25e-02"},
 {"labels":{"alertname":"HighErrorRate","job":"web"},"annotations":{},"state":"pending",
  "activeAt":"2025-10-21T10:59:00.60602144Z","value":"1e+00"}]}}"#;

#[test]
fn alerts_of_others_are_read_as_they_write_them() {
    let world = World::new();
    let server = world.serve(|_, mut stream| async move {
        use tokio::io::AsyncWriteExt as _;
        while let Some(asked) = request(&mut stream).await {
            let answer = match asked.lines().next().unwrap() {
                "GET /am/api/v2/alerts?active=true&silenced=true&inhibited=true&unprocessed=true HTTP/1.1" => {
                    ok(MANAGED)
                }
                "GET /prom/api/v1/alerts HTTP/1.1" => ok(JUDGED),
                "GET /broken/api/v1/alerts HTTP/1.1" => ok(&JUDGED[..100]),
                _ => response("404 Not Found", "", ""),
            };
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    });
    let ask = |path: &str, api: AlertApi| {
        let ask = Ask::Alerts { source: SourceIx(3), request: base(server.at, path), api };
        match world.first(probe(0, ask)).reading {
            Reading::Alerts(AlertsReading { source: SourceIx(3), found }) => found.map(|standing| {
                let each = standing.alerts.iter().map(|a| {
                    format!("{} {:?} {} {}", instance_name("", &a.labels), a.state, a.since.format("%H:%M"), a.summary)
                });
                each.collect::<Vec<_>>()
            }),
            other => panic!("not about alerts: {other:?}"),
        }
    };
    assert_eq!(
        ask("/am/", AlertApi::Alertmanager),
        Ok(vec![
            "{job=\"db\"} Firing 10:57 disk is full".to_owned(),
            "{job=\"web\"} Silenced 10:58 ".to_owned(),
            " Inhibited 08:59 net".to_owned(),
        ])
    );
    assert_eq!(
        ask("/prom", AlertApi::Prometheus),
        Ok(vec!["{job=\"api\"} Firing 10:57 api fails".to_owned(), "{job=\"web\"} Pending 10:59 ".to_owned()])
    );
    assert_eq!(ask("/broken", AlertApi::Prometheus), Err("the answer is not that of a Prometheus".to_owned()));
    assert_eq!(ask("/am", AlertApi::Prometheus), Err("404, expected 200".to_owned()));
    assert_eq!(ask("/nowhere", AlertApi::Alertmanager), Err("404, expected 200".to_owned()));
}

#[test]
fn a_silence_is_created_once_and_what_came_of_it_is_said() {
    let world = World::new();
    let server = world.serve(|_, mut stream| async move {
        use tokio::io::AsyncWriteExt as _;
        while let Some(asked) = request(&mut stream).await {
            let json = asked.to_lowercase().contains("content-type: application/json");
            let answer = match (asked.lines().next().unwrap(), json, asked.lines().last().unwrap()) {
                ("POST /am/api/v2/silences HTTP/1.1", true, r#"{"matchers":[]}"#) => ok(r#"{"silenceID":"9c1e"}"#),
                ("POST /late/api/v2/silences HTTP/1.1", ..) => std::future::pending().await,
                ("POST /odd/api/v2/silences HTTP/1.1", ..) => ok("<html>"),
                _ => response("400 Bad Request", "", "\"\u{1b}[31mbad matcher\""),
            };
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    });
    let mut looking = world.look(Vec::new());
    let mut create = |path: &str| {
        let silence = uuid::Uuid::now_v7();
        let (request, body) = (base(server.at, path), r#"{"matchers":[]}"#.to_owned());
        let wanted = SilenceThere { silence, request, body, within: Duration::from_millis(300) };
        assert!(looking.poll.ask(warroom::poll::Ask::Silence(wanted)));
        looking.until("an answer", |l| l.silenced.iter().any(|(id, _)| *id == silence));
        looking.silenced.pop().unwrap().1
    };
    assert_eq!(create("/am/"), Ok("9c1e".to_owned()));
    assert_eq!(create("/nowhere"), Err("400, expected 200".to_owned()));
    assert_eq!(create("/odd"), Err("the answer is not that of an Alertmanager".to_owned()));
    let late = create("/late").unwrap_err();
    assert!(late.contains("whether it is silent there is not known"), "{late}");
}
