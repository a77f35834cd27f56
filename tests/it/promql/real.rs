//! A real Prometheus and our evaluation, on the same samples: resets, gaps, NaN, new and vanished series, histograms.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::Duration;

use serde_json::Value as Json;
use warroom::probe::promql::{Expr, Store, Value, evaluate, parse};

/// Scrapes served, one each 200 ms.
const SCRAPES: usize = 60;

/// Stops the process that it holds.
pub(super) struct Running(pub(super) Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What the target says at its `i`-th scrape; `None` is a failure.
fn target_page(i: usize) -> Option<String> {
    // A gap of four scrapes, and one alone.
    if (24..28).contains(&i) || i == 42 {
        return None;
    }
    let mut page = String::new();
    let n = i as f64;
    let mut put = |series: &str, value: f64| {
        let _ = writeln!(page, "{series} {value}");
    };
    for (k, (pod, code)) in [("a", "200"), ("a", "500"), ("b", "200"), ("b", "503")].into_iter().enumerate() {
        // Counters start high, or at 0 after a restart: there Prometheus 2.42 and 3 extrapolate alike.
        let grown = n * (3.5 + 7.0 * k as f64) + (n * 0.7).sin().abs().floor();
        let value = if pod == "b" && i >= 12 { grown - (12.0 * (3.5 + 7.0 * k as f64)) } else { 10_000.0 + grown };
        put(
            &format!("requests_total{{pod=\"{pod}\",code=\"{code}\"}}"),
            if i == 12 && pod == "b" { 0.0 } else { value },
        );
    }
    if i >= 30 {
        put("newborn_total{pod=\"a\"}", (n - 30.0) * 2.25);
    }
    if !(15..20).contains(&i) && i < 50 {
        put("vanishing{pod=\"a\"}", 5.0 + n);
    }
    if i.is_multiple_of(2) {
        put("flapping_total{pod=\"b\"}", 90_000.0 + n * 11.0);
    }
    put("holed", if i % 7 == 3 { f64::NAN } else { n });
    put("infinite", if i == 33 { f64::INFINITY } else { 1.5 });
    for (k, room) in ["north", "south", "west"].into_iter().enumerate() {
        put(&format!("temperature{{room=\"{room}\"}}"), 20.0 + (n * 0.37 + k as f64).sin() * 7.3);
    }
    for (pod, zone, limit) in [("a", "x", 12.5), ("b", "y", 80.0), ("c", "y", 3.0)] {
        put(&format!("limit{{pod=\"{pod}\",zone=\"{zone}\"}}"), limit + n);
    }
    for (k, pod) in ["a", "b"].into_iter().enumerate() {
        for (le, share) in [("0.05", 0.3), ("0.1", 0.55), ("0.25", 0.8), ("1", 0.97), ("+Inf", 1.0)] {
            let count = (10_000.0 + (n + 1.0) * (17.0 + k as f64) * share + (n * share).sin()).floor() * share;
            put(&format!("latency_seconds_bucket{{pod=\"{pod}\",le=\"{le}\"}}"), count);
        }
        put(&format!("latency_seconds_count{{pod=\"{pod}\"}}"), 10_000.0 + n * 17.0);
        put(&format!("latency_seconds_sum{{pod=\"{pod}\"}}"), 900.0 + n * 1.7);
    }
    for (le, count) in [("-1", 3.0), ("1", 7.0), ("2", 5.0), ("4", 9.0), ("8", 8.0), ("+Inf", 20.0)] {
        put(&format!("crooked_bucket{{le=\"{le}\"}}"), count * (n + 1.0));
    }
    put(r#"odd{path="C:\\x \"q\" é, {}=",line="one\ntwo"}"#, n * 0.1);
    Some(page)
}

/// Serves [`target_page`] on a port of its own and tells of each scrape.
fn serve() -> (u16, Receiver<usize>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let (tell, told) = sync_channel(SCRAPES * 4);
    std::thread::spawn(move || {
        for (i, stream) in listener.incoming().enumerate() {
            let mut stream = stream.unwrap();
            let _ = stream.read(&mut [0; 4096]);
            let answer = match target_page(i) {
                Some(page) => format!(
                    "HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4\r\nConnection: close\r\n\r\n{page}"
                ),
                None if i == 42 => String::new(),
                None => "HTTP/1.1 500 Internal Server Error\r\nConnection: close\r\n\r\n".to_owned(),
            };
            let _ = stream.write_all(answer.as_bytes());
            if tell.try_send(i).is_err() {
                return;
            }
        }
    });
    (port, told)
}

fn start_prometheus(dir: &Path, target: u16) -> Option<(Running, u16)> {
    let config = format!(
        "global: {{scrape_interval: 200ms, scrape_timeout: 200ms}}\n\
         scrape_configs: [{{job_name: t, static_configs: [{{targets: ['127.0.0.1:{target}']}}]}}]\n"
    );
    launch(dir, &config)
}

/// Starts a Prometheus in a folder, by this configuration; nothing where there is none.
pub(super) fn launch(dir: &Path, config: &str) -> Option<(Running, u16)> {
    let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
    std::fs::write(dir.join("prometheus.yml"), config).unwrap();
    let child = Command::new("prometheus")
        .arg(format!("--config.file={}", dir.join("prometheus.yml").display()))
        .arg(format!("--storage.tsdb.path={}", dir.join("data").display()))
        .arg(format!("--web.listen-address=127.0.0.1:{port}"))
        .arg("--log.level=error")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    Some((Running(child), port))
}

/// The API's answer to a query at a time in milliseconds, or its error.
pub(super) fn ask(port: u16, query: &str, at_ms: i64) -> Result<Json, String> {
    let mut path = String::new();
    for b in query.bytes() {
        if b.is_ascii_alphanumeric() { path.push(b as char) } else { write!(path, "%{b:02X}").unwrap() }
    }
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).map_err(|e| e.to_string())?;
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let time = format!("{}.{:03}", at_ms / 1000, at_ms % 1000);
    write!(stream, "GET /api/v1/query?query={path}&time={time} HTTP/1.0\r\n\r\n").map_err(|e| e.to_string())?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).map_err(|e| e.to_string())?;
    let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    let json: Json = serde_json::from_str(body).map_err(|e| format!("{e}: {answer}"))?;
    if json["status"] == "success" { Ok(json["data"].clone()) } else { Err(json["error"].to_string()) }
}

pub(super) type Lines = BTreeMap<BTreeMap<String, String>, f64>;

fn number(json: &Json) -> f64 {
    json.as_str().unwrap().parse().unwrap()
}

fn labels_of(metric: &Json) -> BTreeMap<String, String> {
    metric.as_object().unwrap().iter().map(|(n, v)| (n.clone(), v.as_str().unwrap().to_owned())).collect()
}

pub(super) fn theirs(port: u16, query: &str, at: i64) -> Result<Lines, String> {
    let data = ask(port, query, at)?;
    if data["resultType"] == "scalar" {
        return Ok([(BTreeMap::new(), number(&data["result"][1]))].into());
    }
    Ok(data["result"].as_array().unwrap().iter().map(|e| (labels_of(&e["metric"]), number(&e["value"][1]))).collect())
}

pub(super) fn ours(store: &Store, expr: &Expr, at: i64) -> Result<Lines, String> {
    Ok(match evaluate(expr, store, at).map_err(|e| e.to_string())?.value {
        Value::Scalar(value) => [(BTreeMap::new(), value)].into(),
        Value::Vector(all) => {
            all.into_iter().map(|(l, v)| (l.iter().map(|(n, v)| (n.to_owned(), v.to_owned())).collect(), v)).collect()
        }
        Value::String(text) => panic!("{text}"),
    })
}

pub(super) fn alike(a: &Lines, b: &Lines) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|((al, av), (bl, bv))| al == bl && same(*av, *bv))
}

fn same(a: f64, b: f64) -> bool {
    a.is_nan() && b.is_nan() || a == b || (a - b).abs() <= 1e-9 * a.abs().max(b.abs()) || (a - b).abs() < 1e-13
}

/// Several hundred queries.
fn queries() -> Vec<String> {
    let mut all = Vec::new();
    let counters =
        ["requests_total", "requests_total{pod=\"b\"}", "newborn_total", "flapping_total", "latency_seconds_bucket"];
    let gauges = ["vanishing", "holed", "infinite", "temperature", "odd", "limit{zone=~\"x|y\"}"];
    for range in ["700ms", "1s", "2500ms", "9s", "1m"] {
        for counter in counters {
            for function in ["rate", "increase", "irate", "resets", "changes"] {
                all.push(format!("{function}({counter}[{range}])"));
            }
            all.push(format!("sum by (pod) (rate({counter}[{range}])) * 100"));
        }
        for series in gauges.into_iter().chain(["requests_total", "flapping_total"]) {
            for function in ["avg", "min", "max", "sum", "count", "last", "stddev", "stdvar", "present", "absent"] {
                all.push(format!("{function}_over_time({series}[{range}])"));
            }
            for function in ["delta", "idelta"] {
                all.push(format!("{function}({series}[{range}])"));
            }
            all.push(format!("quantile_over_time(0.3, {series}[{range}])"));
        }
        for q in ["0.01", "0.5", "0.73", "0.95", "0.999"] {
            all.push(format!("histogram_quantile({q}, sum by (le) (rate(latency_seconds_bucket[{range}])))"));
            all.push(format!("histogram_quantile({q}, rate(crooked_bucket[{range}]))"));
        }
    }
    for aggregation in ["sum", "avg", "min", "max", "count", "group", "stddev", "stdvar"] {
        for by in ["", "by (pod)", "by (code, pod)", "without (code)", "by (nothing)", "without (instance, job, room)"]
        {
            for of in ["requests_total", "temperature", "{pod!=\"\"}", "{__name__=~\"limit|vanishing\"}"] {
                all.push(format!("{aggregation} {by} ({of})"));
            }
        }
    }
    for operator in ["+", "-", "*", "/", "%", "^", "==", "!=", ">", "<", ">=", "<="] {
        let as_bool = if "=!<>".contains(&operator[..1]) { "bool" } else { "" };
        all.push(format!("temperature {operator} 20"));
        all.push(format!("20.5 {operator} temperature"));
        all.push(format!("temperature {operator} {as_bool} 20"));
        all.push(format!("3 {operator} {as_bool} 2"));
        all.push(format!("temperature {operator} (temperature offset 1s)"));
        all.push(format!("temperature {operator} {as_bool} ignoring (x) (temperature offset 1s)"));
        all.push(format!("sum by (pod) (limit) {operator} on (pod) limit"));
        all.push(format!("requests_total {operator} on (pod) group_left (zone) limit"));
        all.push(format!("limit {operator} {as_bool} on (pod) group_right () requests_total"));
        all.push(format!("scalar(sum(limit)) {operator} {as_bool} holed"));
    }
    let one_by_one = "requests_total; odd; odd{path=~\"C:.*\"}; odd{line=\"one\\ntwo\"}; temperature{room!~\"n.*\"}; \
        {room=~\"north|west\",job=\"t\"}; holed == holed; holed != holed; abs(temperature - 20); ceil(temperature); floor(temperature); \
        round(temperature); round(temperature, 0.25); round(temperature, -3); exp(holed); ln(holed - 5); log2(holed); log10(limit); \
        sqrt(temperature - 20); sgn(temperature - 20); clamp(temperature, 18, 22); clamp(temperature, 22, 18); clamp_min(holed, 20); \
        clamp_max(holed, 20); scalar(holed); scalar(temperature); vector(3); time() - 5; vector(time()); -temperature; -2 ^ 2; \
        2 ^ 3 ^ 2; -(3); absent(odd); absent(nothing{a=\"b\",c!=\"d\"}); absent(vanishing); absent_over_time(nothing{a=\"b\"}[1m]); \
        topk(2, temperature); bottomk(2, temperature); topk by (pod) (1, requests_total); bottomk(1, limit) + 1; \
        quantile(0.4, temperature); quantile by (zone) (0.9, limit); quantile(2, limit); count(holed > 10); \
        temperature and temperature > 20; temperature unless temperature > 20; temperature > 20 or temperature < 15; \
        limit and on (pod) requests_total; limit unless on (pod) requests_total; limit or on (pod) requests_total; \
        vanishing or vector(0); sum(vanishing) or vector(0); requests_total{code=~\"5..\"} or limit; \
        histogram_quantile(0.5, crooked_bucket); histogram_quantile(0.04, crooked_bucket); histogram_quantile(0, crooked_bucket); \
        histogram_quantile(1, crooked_bucket); histogram_quantile(-1, crooked_bucket); histogram_quantile(3, crooked_bucket); \
        histogram_quantile(0.9, latency_seconds_bucket); histogram_quantile(0.9, latency_seconds_bucket{le!=\"+Inf\"}); \
        histogram_quantile(scalar(vector(0.5)), latency_seconds_bucket); histogram_quantile(0.5, temperature); \
        100 * sum(rate(requests_total{code=~\"5..\"}[2s])) / sum(rate(requests_total[2s])); \
        sum(rate(latency_seconds_sum[3s])) / sum(rate(latency_seconds_count[3s])); rate(requests_total[2s] offset 3s); \
        temperature offset 3s; temperature offset -1s; sum(requests_total) by (pod) / ignoring (zone) limit; \
        increase(requests_total[5s]) > 10 and on (pod) limit > 20; (sum(requests_total) - sum(requests_total offset 2s)) / 2; \
        limit * on (pod) requests_total; requests_total * on (pod) limit; limit + on (zone) limit; \
        1 - avg(rate(requests_total{code=\"500\"}[9s])) / avg(rate(requests_total[9s])); 7 % 0; -7 % 3; 1 / 0; 0 / 0; \
        sum(increase(requests_total{code=~\"5..\"}[5s])) or sum(increase(requests_total{code!=\"\"}[5s])) * 0; \
        sum(increase(requests_total{code=~\"4..\"}[5s])) or sum(increase(requests_total{code!=\"\"}[5s])) * 0; \
        sum(increase(requests_total{status=~\"5..\"}[5s])) or sum(increase(requests_total{status!=\"\"}[5s])) * 0; \
        requests_total{code=~\"5..\"} or sum(requests_total{code!=\"\"}) * 0; \
        requests_total{code=~\"4..\"} or sum(requests_total{code!=\"\"}) * 0";
    all.extend(one_by_one.split(';').map(|q| q.trim().to_owned()));
    all
}

#[test]
fn a_real_prometheus_and_we_give_the_same_numbers() {
    let dir = tempfile::tempdir().unwrap();
    let (target, told) = serve();
    let Some((_running, port)) = start_prometheus(dir.path(), target) else {
        println!("no prometheus on this machine: the comparison was not made");
        return;
    };
    while told.recv_timeout(Duration::from_secs(30)).expect("prometheus scrapes") < SCRAPES {}

    // Each scrape left a sample of `up`; what it holds besides tells what the page had.
    let now = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap().as_millis() as i64;
    let raw = ask(port, "{job=\"t\"}[5m]", now).unwrap();
    let mut scrapes: BTreeMap<i64, (f64, String)> = BTreeMap::new();
    let all = raw["result"].as_array().unwrap();
    let samples = |series: &Json| -> Vec<(i64, String)> {
        let values = series["values"].as_array().unwrap();
        values
            .iter()
            .map(|v| ((v[0].as_f64().unwrap() * 1000.0).round() as i64, v[1].as_str().unwrap().to_owned()))
            .collect()
    };
    for series in all.iter().filter(|s| s["metric"]["__name__"] == "up") {
        scrapes.extend(samples(series).into_iter().map(|(at, value)| (at, (value.parse().unwrap(), String::new()))));
    }
    for series in all {
        let mut labels = labels_of(&series["metric"]);
        let name = labels.remove("__name__").unwrap();
        if name == "up" || name.starts_with("scrape_") {
            continue;
        }
        let labels: Vec<String> = labels.iter().map(|(n, v)| format!("{n}={}", escaped(v))).collect();
        for (at, value) in samples(series) {
            writeln!(scrapes.get_mut(&at).unwrap().1, "{name}{{{}}} {value}", labels.join(",")).unwrap();
        }
    }
    assert!(scrapes.len() >= SCRAPES, "{} scrapes", scrapes.len());
    assert!(scrapes.values().filter(|s| s.0 == 0.0).count() >= 5, "there are gaps");

    let compiled = |q: String| (parse(&q).unwrap_or_else(|e| panic!("{q}: {e}")), q);
    let queries: Vec<(Expr, String)> = queries().into_iter().map(compiled).collect();
    let mut store = Store::for_queries(queries.iter().map(|(expr, _)| expr));
    for (at, (up, page)) in &scrapes {
        if *up == 1.0 {
            store.append(*at, &super::rules::page(page));
        } else {
            store.scrape_failed(*at);
        }
    }

    // Ranges and offsets are whole tenths of a second, so a time between those of all samples has none on a boundary.
    let times: Vec<i64> = scrapes.keys().copied().collect();
    let between = (0..100)
        .find(|ms| times.iter().all(|at| (at - ms).rem_euclid(100) > 2 && (at - ms).rem_euclid(100) < 98))
        .unwrap();
    let (mut compared, mut empty, mut refused) = (0, 0, 0);
    let mut wrong = Vec::new();
    // Early, after the restart, within the gap, after it, after the lone failure, at the end.
    for (turn, i) in [5, 14, 17, 26, 30, 43, SCRAPES - 8].into_iter().enumerate() {
        let at = times[i].div_euclid(100) * 100 + 100 + between;
        // Each query at three of the seven times.
        for (_, (expr, query)) in queries.iter().enumerate().filter(|(n, _)| (n + turn) % 7 < 3) {
            compared += 1;
            match (theirs(port, query, at), ours(&store, expr, at)) {
                (Ok(a), Ok(b)) if alike(&a, &b) => empty += usize::from(a.is_empty()),
                (Err(_), Err(_)) => refused += 1,
                (a, b) => wrong.push(format!("{query} at scrape {i}:\n  theirs {a:?}\n  ours   {b:?}")),
            }
        }
    }
    println!(
        "{compared} answers of {} queries compared over {} scrapes, {empty} empty, {refused} refused by both",
        queries.len(),
        scrapes.len()
    );
    assert!(
        empty < compared / 4 && refused < compared / 20,
        "the queries have answers: {empty} empty, {refused} refused"
    );
    assert!(wrong.is_empty(), "{} of {compared} differ:\n{}", wrong.len(), wrong[..wrong.len().min(12)].join("\n"));
}

fn escaped(value: &str) -> String {
    format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n"))
}
