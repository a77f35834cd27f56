//! Where metrics come from: a Prometheus API, a scraped page, a JSON answer, a command's output.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::AsyncWriteExt as _;
use warroom::probe::{Ask, CommandLine, MetricIx, Query, Reading, Reads};
use warroom::secret::Filled;

use super::server::{Looking, Server, World, metrics, ok, probe, request, url};

fn query(metric: u32, promql: &str) -> Query {
    Query { metric: MetricIx(metric), promql: promql.to_owned(), reads: Reads::Value }
}

/// Answers by what the request says, and remembers the requests.
fn answering(world: &World, answer: fn(&str) -> String) -> (Server, Arc<Mutex<Vec<String>>>) {
    let had = Arc::new(Mutex::new(Vec::new()));
    let keep = Arc::clone(&had);
    let server = world.serve(move |_, mut stream| {
        let keep = Arc::clone(&keep);
        async move {
            while let Some(asked) = request(&mut stream).await {
                let answer = answer(&asked);
                keep.lock().unwrap().push(asked);
                let _ = stream.write_all(answer.as_bytes()).await;
            }
        }
    });
    (server, had)
}

fn value(looking: &Looking, metric: u32) -> Result<f64, String> {
    let mut found = looking.had.iter().filter(|s| matches!(s.reading, Reading::Metrics(_))).flat_map(metrics);
    let last = found.rfind(|m| m.metric == MetricIx(metric)).expect("no reading");
    last.value.clone().map(|p| p.value)
}

#[test]
fn a_prometheus_answers_now_and_once_the_past() {
    fn answer(asked: &str) -> String {
        let data = |kind: &str, result: &str| {
            ok(&format!(r#"{{"status":"success","data":{{"resultType":"{kind}","result":{result}}}}}"#))
        };
        if asked.starts_with("POST /prom/api/v1/query_range ") {
            return data(
                "matrix",
                r#"[{"metric":{},"values":[[1700000000,"1"],[1700000005.5,"NaN"],[1700000010,"3.5"]]}]"#,
            );
        }
        assert!(asked.starts_with("POST /prom/api/v1/query "), "{asked}");
        match asked.lines().last().unwrap() {
            "query=sum%28rate%28x%5B1m%5D%29%29+*+100" => {
                data("vector", r#"[{"metric":{"a":"b"},"value":[1700000000.1,"0.25"]}]"#)
            }
            "query=scalar" => data("scalar", r#"[1700000000.1,"7"]"#),
            "query=nan" => data("vector", r#"[{"metric":{},"value":[1700000000.1,"NaN"]}]"#),
            "query=none" => data("vector", "[]"),
            "query=two" => data("vector", r#"[{"metric":{},"value":[1,"1"]},{"metric":{},"value":[1,"2"]}]"#),
            "query=bad" => super::server::response(
                "400 Bad Request",
                "",
                r#"{"status":"error","errorType":"bad_data","error":"\u001b[31m"}"#,
            ),
            _ => ok("<html>"),
        }
    }
    let world = World::new();
    let (server, had) = answering(&world, answer);
    let mut base = url(server.at);
    base.url = Filled::plain(format!("http://{}/prom/", server.at));
    let queries = ["sum(rate(x[1m])) * 100", "scalar", "nan", "none", "two", "bad", "html"];
    let queries = queries.iter().enumerate().map(|(n, q)| query(n as u32, q)).collect();
    let ask = Ask::Prometheus { request: base, queries, backfill: Duration::from_hours(1) };
    let mut looking = world.look(vec![probe(0, ask)]);
    looking.until("three rounds", |l| l.had.iter().filter(|s| matches!(s.reading, Reading::Metrics(_))).count() >= 3);
    let read = |n| value(&looking, n);
    let no = |s: &str| Err(s.to_owned());
    assert_eq!(read(0), Ok(0.25));
    assert_eq!(read(1), Ok(7.0));
    assert_eq!(read(2), no("the value is not finite"));
    assert_eq!(read(3), no("no such series"));
    assert_eq!(read(4), no("2 series, expected one: aggregate the query with sum, avg or max"));
    assert_eq!(read(5), no("400: Prometheus does not take the query"));
    assert_eq!(read(6), no("the answer is not that of a Prometheus"));
    let past: Vec<_> = looking
        .had
        .iter()
        .filter_map(|s| match &s.reading {
            Reading::Backfill(past) => Some(past),
            _ => None,
        })
        .collect();
    assert_eq!(past.len(), 1, "the past is told once");
    let first: Vec<(i64, f64)> = past[0][0].1.iter().map(|p| (p.at.timestamp(), p.value)).collect();
    assert_eq!(first, [(1_700_000_000, 1.0), (1_700_000_010, 3.5)]);
    let asked = had.lock().unwrap();
    let range = asked.iter().find(|a| a.contains("query_range")).unwrap();
    assert!(range.contains("&step=10.000"), "an hour in 360 steps: {range}");
}

#[test]
fn a_page_is_scraped_and_queried_here() {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    fn answer(asked: &str) -> String {
        assert!(asked.to_lowercase().contains("accept: application/openmetrics-text"), "{asked}");
        let n = COUNT.fetch_add(1, Ordering::SeqCst);
        if n == 3 {
            return super::server::response("500 Oops", "", "");
        }
        let page = format!("# TYPE r counter\nr{{c=\"200\"}} {}\nr{{c=\"500\"}} {}\ng 42.5\n", n * 90, n * 10);
        super::server::response("200 OK", "content-type: text/plain; version=0.0.4\r\n", &page)
    }
    let world = World::new();
    let (server, _) = answering(&world, answer);
    let ratio = "sum(rate(r{c=~\"5..\"}[1m])) / sum(rate(r[1m])) * 100";
    let queries = vec![query(0, "g"), query(1, ratio), query(2, "missing"), query(3, "r")];
    let mut probe = probe(0, Ask::Scrape { request: url(server.at), queries, rules: Vec::new() });
    probe.every = Duration::from_millis(150);
    let mut looking = world.look(vec![probe]);
    looking.until("a rate", |l| l.had.len() >= 3);
    assert_eq!(value(&looking, 0), Ok(42.5));
    assert!((value(&looking, 1).unwrap() - 10.0).abs() < 1e-9);
    assert_eq!(value(&looking, 2), Err("no such series".to_owned()));
    assert!(value(&looking, 3).unwrap_err().starts_with("2 series"));
    looking.until("a failure", |l| value(l, 0).is_err());
    assert_eq!(value(&looking, 0), Err("500, expected 2xx".to_owned()));
    looking.until("a value again", |l| value(l, 0).is_ok());
}

#[test]
fn numbers_come_from_json_and_from_commands() {
    let world = World::new();
    let server = world.answer(ok(r#"{"depth":{"jobs":17,"text":"2.5","word":"many"}}"#));
    let json = |pointer: &str| {
        let ask = Ask::Json { metric: MetricIx(0), request: url(server.at), pointer: pointer.to_owned() };
        metrics(&world.first(probe(0, ask)))[0].value.clone().map(|p| p.value)
    };
    assert_eq!(json("/depth/jobs"), Ok(17.0));
    assert_eq!(json("/depth/text"), Ok(2.5));
    assert_eq!(json("/depth/word"), Err("/depth/word is no number".to_owned()));
    assert_eq!(json("/none"), Err("/none is missing".to_owned()));
    let number = |script: &str| {
        let argv = ["sh", "-c", script].map(Filled::plain).to_vec();
        let ask = Ask::Number { metric: MetricIx(0), command: CommandLine { argv, env: Vec::new() } };
        metrics(&world.first(probe(0, ask)))[0].value.clone().map(|p| p.value)
    };
    assert_eq!(number("echo '  42 rows'"), Ok(42.0));
    assert_eq!(number("echo 'p95=-420.5ms of v2'"), Ok(-420.5));
    assert_eq!(number("echo 1.5e3"), Ok(1_500.0));
    assert_eq!(number("echo none"), Err("the output holds no number".to_owned()));
    assert_eq!(number("echo 7; exit 1"), Err("exit 1, expected 0".to_owned()));
}

/// The same without how far a total lies above what is shown.
fn counts(looking: &Looking, ix: u32) -> Vec<Result<f64, String>> {
    let above =
        |said: &Result<f64, String>| said.as_ref().is_err_and(|why| why.starts_with(warroom::probe::counter::ABOVE));
    totals(looking, ix).into_iter().filter(|said| !above(said)).collect()
}

/// What was said of a counter, in order.
fn totals(looking: &Looking, metric: u32) -> Vec<Result<f64, String>> {
    let all = looking.had.iter().filter(|s| matches!(s.reading, Reading::Metrics(_))).flat_map(metrics);
    all.filter(|m| m.metric == MetricIx(metric)).map(|m| m.value.clone().map(|p| p.value)).collect()
}

fn counter(metric: u32, selector: &str) -> Query {
    let promql = warroom::probe::promql::PlainSelector::parse(selector).unwrap().values();
    Query { metric: MetricIx(metric), promql, reads: Reads::Counter }
}

#[test]
fn counters_of_a_page_are_counted_through_restarts_and_from_the_first_failure() {
    static PAGES: AtomicU64 = AtomicU64::new(0);
    fn answer(_: &str) -> String {
        let page = match PAGES.fetch_add(1, Ordering::SeqCst) {
            // No failure yet: no series of one.
            0 => "r{c=\"200\",pod=\"a\"} 1000\n",
            1 => "r{c=\"200\",pod=\"a\"} 1010\nr{c=\"503\",pod=\"a\"} 3\n",
            // The pod was started anew and failed twice since.
            2 => "r{c=\"200\",pod=\"a\"} 4\nr{c=\"503\",pod=\"a\"} 2\n",
            // Another pod.
            _ => "r{c=\"200\",pod=\"b\"} 6\nr{c=\"500\",pod=\"b\"} 1\n",
        };
        super::server::response("200 OK", "content-type: text/plain; version=0.0.4\r\n", page)
    }
    let world = World::new();
    let (server, _) = answering(&world, answer);
    let queries = vec![counter(0, "r{c=~\"5..\"}"), counter(1, "r"), counter(2, "r{status=~\"5..\"}")];
    let mut probe = probe(0, Ask::Scrape { request: url(server.at), queries, rules: Vec::new() });
    probe.every = Duration::from_millis(100);
    let mut looking = world.look(vec![probe]);
    looking.until("four pages", |l| counts(l, 0).len() >= 5);
    let begins = || Err(warroom::probe::counter::BEGINS.to_owned());
    assert_eq!(counts(&looking, 0)[..5], [begins(), Ok(0.0), Ok(3.0), Ok(5.0), Ok(6.0)]);
    // Whoever takes over is told how much of it the page no longer shows: three failures, then the two after them as well.
    let above = |n: f64| Err(format!("{}{n}", warroom::probe::counter::ABOVE));
    assert_eq!(totals(&looking, 0)[4], above(3.0));
    assert!(totals(&looking, 0).contains(&above(5.0)));
    assert_eq!(counts(&looking, 1)[..5], [begins(), Ok(1_000.0), Ok(1_013.0), Ok(1_019.0), Ok(1_026.0)]);
    // A label that no series has is a slip of the pen, and no zero.
    assert_eq!(totals(&looking, 2)[0], Err("no such series".to_owned()));
}

#[test]
fn counters_of_a_prometheus_are_counted_by_series() {
    static ASKED: AtomicU64 = AtomicU64::new(0);
    fn answer(asked: &str) -> String {
        assert!(asked.starts_with("POST /api/v1/query "), "no past is asked: {asked}");
        let one = |pod: &str, n: u64| format!(r#"{{"metric":{{"pod":"{pod}"}},"value":[1700000000,"{n}"]}}"#);
        let series = match ASKED.fetch_add(1, Ordering::SeqCst) {
            0 => vec![one("a", 10), one("b", 20)],
            1 => vec![one("a", 2), one("b", 21)],
            _ => vec![],
        };
        ok(&format!(r#"{{"status":"success","data":{{"resultType":"vector","result":[{}]}}}}"#, series.join(",")))
    }
    let world = World::new();
    let (server, _) = answering(&world, answer);
    let mut base = url(server.at);
    base.url = Filled::plain(format!("http://{}/", server.at));
    let ask = Ask::Prometheus { request: base, queries: vec![counter(0, "x_total")], backfill: Duration::ZERO };
    let mut probe = probe(0, ask);
    probe.every = Duration::from_millis(100);
    let mut looking = world.look(vec![probe]);
    looking.until("three answers", |l| counts(l, 0).len() >= 4);
    let begins = Err(warroom::probe::counter::BEGINS.to_owned());
    assert_eq!(counts(&looking, 0)[..4], [begins, Ok(30.0), Ok(33.0), Err("no such series".to_owned())]);
}
