//! Odd pages of metrics, read by a real Prometheus and by ourselves: what it refuses is never read as if nothing were, and
//! what it reads we read the same.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use warroom::probe::exposition::{Format, Limits, Page, Parser};
use warroom::probe::promql::{Expr, Store, parse};

use super::real::{Lines, Running, alike, ask, launch, ours, theirs};

const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";
const OPEN: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// How our reading may differ from that of Prometheus 2.42.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum May {
    /// Not at all: what it refuses is refused here, or unknown here as far as the bad line goes.
    Not,
    /// It refuses the page for what changes no value; here the values are read.
    Read,
    /// It reads the page; here it is refused, or what a line speaks of is unknown.
    Refuse,
}

struct Odd {
    kind: &'static str,
    body: Vec<u8>,
    may: May,
}

fn pages(now_ms: i64) -> Vec<Odd> {
    let mut all = Vec::new();
    let mut put = |kind: &'static str, may: May, body: &[u8]| all.push(Odd { kind, body: body.to_vec(), may });
    // Numbers.
    for value in [
        "1",
        "-0",
        "+7",
        ".5",
        "5.",
        "1e3",
        "1E-3",
        "1e400",
        "-1e400",
        "1e-400",
        "NaN",
        "nan",
        "+Inf",
        "-Inf",
        "Inf",
        "inf",
        "infinity",
        "0x10",
        "0x1p4",
        "1_000",
        "1,5",
        "0b1",
        "1e",
        "--1",
        "∞",
        "1f",
        "١",
        "4.9e-324",
        "1.7976931348623157e308",
        "0.1",
        "00012",
        "1e+05",
        "Infinit",
        "NULL",
        "true",
    ] {
        put(TEXT, May::Not, format!("fine 1\nodd {value}\n").as_bytes());
    }
    // Lines and their ends.
    put(TEXT, May::Not, b"a 1\nb 2");
    put(TEXT, May::Read, b"a 1\r\nb 2\r\n");
    put(TEXT, May::Not, b"\n\n\na 1\n\n\n");
    put(TEXT, May::Not, b"a 1   \nb\t2\t\n");
    put(TEXT, May::Read, b"   a 1\n\tb 2\n");
    put(TEXT, May::Not, b"a 1\nb\n c 2\n");
    put(TEXT, May::Not, b"a 1 b 2\n");
    put(TEXT, May::Refuse, b"a 1\n\0b 2\nc 3\n");
    put(TEXT, May::Not, b"a 1\nb{x=\"\0\"} 2\nc 3\n");
    put(TEXT, May::Not, b"a 1\n\xef\xbb\xbfb 2\n");
    put(TEXT, May::Not, b"a 1\nb{x=\"\xff\"} 2\n");
    put(TEXT, May::Not, b"a 1\nb\x0b2\n");
    put(TEXT, May::Not, "a 1\nb{x=\"\u{85}\u{2028}\"} 2\n".as_bytes());
    put(TEXT, May::Not, "a 1\nb\u{a0}2\n".as_bytes());
    put(TEXT, May::Not, b"");
    put(TEXT, May::Not, b"# just words\n");
    // Comments.
    put(TEXT, May::Not, b"a 1\n# HELP a Said late.\n# TYPE a counter\n");
    put(TEXT, May::Not, b"# HELP a One\n# HELP a Two\n# TYPE a gauge\n# TYPE a counter\na 1\n");
    put(TEXT, May::Read, b"# TYPE a nonsense\na 1\n");
    put(TEXT, May::Read, b"# TYPE a\na 1\n");
    put(TEXT, May::Not, b"# HELP a\na 1\n");
    put(TEXT, May::Not, b"#a 1\n#\n##\n# # \nb 1\n");
    put(TEXT, May::Not, b"# EOF\na 1\n");
    put(TEXT, May::Read, b"# UNIT a seconds\na 1\n# EOF\n");
    put(TEXT, May::Not, b"# HELP a \\ \\n \" \xc3\xa9 \na 1\n");
    // Labels.
    put(TEXT, May::Not, b"a{} 1\nb{,} 2\n");
    put(TEXT, May::Not, b"a{x=\"1\",} 1\n");
    put(TEXT, May::Not, b"a{x=\"1\",,} 1\nb 1\n");
    put(TEXT, May::Not, b"a { x = \"1\" , y = \"2\" } 3\n");
    put(TEXT, May::Not, b"a{y=\"2\",x=\"1\"} 3\n");
    put(TEXT, May::Not, b"a{x=\"\"} 1\na{y=\"1\",x=\"\"} 2\n");
    put(TEXT, May::Not, b"a{x=\"1\",x=\"2\"} 1\nb 2\n");
    put(TEXT, May::Not, b"a{x=\"1\",x=\"1\"} 1\nb 2\n");
    put(TEXT, May::Not, b"a{x='1'} 1\nb 2\n");
    put(TEXT, May::Not, b"a{x=1} 1\nb 2\n");
    put(TEXT, May::Not, b"a{x} 1\nb 2\n");
    put(TEXT, May::Not, b"a{1x=\"1\"} 1\nb 2\n");
    put(TEXT, May::Not, b"a{x:y=\"1\"} 1\nb 2\n");
    put(TEXT, May::Not, b"a{x=\"1\"}1\nb{x=\"2\"}\t2\n");
    put(TEXT, May::Not, b"a{x=\"1\"} 1\na{x=\"1\"} 2\n");
    put(TEXT, May::Not, b"a 1\na 1\n");
    put(TEXT, May::Not, b"a{x=\"}\",y=\"{\",z=\" # \"} 1\n");
    put(TEXT, May::Not, br#"a{x="\\",y="\"",z="\n",w="\t",v="\x41",u="\"} 1"#);
    put(TEXT, May::Not, br#"a{x="\\",y="\"",z="\n",w="\t",v="\x41"} 1"#);
    put(TEXT, May::Refuse, b"a{x=\"one\nevil 5\n\"} 7\nb 1\n");
    put(TEXT, May::Not, b"a{x=\"never closed} 7\nb 1\n");
    put(TEXT, May::Not, b"a{x=\"1\"\nb 1\n");
    put(TEXT, May::Refuse, b"a{x=\"1\" y=\"2\"} 1\nb 1\n");
    put(TEXT, May::Not, b"a{__name__=\"b\"} 1\nc 1\n");
    put(TEXT, May::Not, b"{x=\"1\"} 1\nc 1\n");
    put(TEXT, May::Not, b"{__name__=\"b\"} 1\nc 1\n");
    put(TEXT, May::Not, b"a:b:c 1\n:d 2\n_e 3\n");
    put(TEXT, May::Not, b"a-b 1\nc 2\n");
    put(TEXT, May::Not, b"a.b 1\nc 2\n");
    put(TEXT, May::Not, "\u{e9} 1\nc 2\n".as_bytes());
    put(TEXT, May::Not, "a{x=\"\u{e9}\u{1f600}\u{202e}\"} 1\n".as_bytes());
    put(TEXT, May::Read, b"{\"a.b\"} 1\n{\"a.b\",x=\"1\"} 2\n");
    let long = format!("a{{x=\"{}\"}} 1\nb 2\n", "y".repeat(20_000));
    put(TEXT, May::Refuse, long.as_bytes());
    let many: String = (0..70).fold("a{".to_owned(), |text, n| text + &format!("l{n}=\"{n}\",")) + "} 1\nb 2\n";
    put(TEXT, May::Refuse, many.as_bytes());
    // Time stamps.
    for (ago, may) in [
        (0, May::Not),
        (30_000, May::Not),
        (200_000, May::Not),
        (900_000, May::Not),
        (90_000_000, May::Not),
        (-60_000, May::Not),
        (-1_200_000, May::Not),
    ] {
        put(TEXT, may, format!("a 1 {}\nb 2\n", now_ms - ago).as_bytes());
    }
    put(TEXT, May::Not, b"a 1 0\nb 2\n");
    put(TEXT, May::Not, b"a 1 1.5\nb 2\n");
    put(TEXT, May::Not, b"a 1 99999999999999999999\nb 2\n");
    put(TEXT, May::Not, format!("a 1 {}\na 2 {}\n", now_ms - 20_000, now_ms - 10_000).as_bytes());
    put(TEXT, May::Read, b"a 1 # {trace_id=\"x\"} 1\nb 2\n");
    // Histograms and summaries.
    put(TEXT, May::Not, b"h_bucket{le=\"1\"} 5\nh_bucket{le=\"2\"} 3\nh_sum 1\nh_count 3\n");
    put(TEXT, May::Not, b"h_bucket{le=\"1\"} 5\nh_bucket{le=\"1.0\"} 5\nh_bucket{le=\"+Inf\"} 7\n");
    put(TEXT, May::Not, b"s{quantile=\"0.5\"} NaN\ns{quantile=\"0.99\"} 4\ns_sum 1\ns_count 2\n");
    // OpenMetrics.
    let stamp = now_ms as f64 / 1e3 - 20.0;
    put(OPEN, May::Not, b"a 1\n# EOF\n");
    put(OPEN, May::Not, b"a 1\n# EOF");
    put(OPEN, May::Not, b"a 1\n");
    put(OPEN, May::Not, b"# EOF\n");
    put(OPEN, May::Not, b"");
    put(OPEN, May::Not, b"a 1\n# EOF\nb 2\n");
    put(OPEN, May::Read, b"a 1\n\nb 2\n# EOF\n");
    put(OPEN, May::Read, b"a\t1\n# EOF\n");
    put(OPEN, May::Not, format!("a 1 {stamp:.3}\n# EOF\n").as_bytes());
    put(OPEN, May::Not, format!("a 1 {now_ms}\n# EOF\n").as_bytes());
    put(OPEN, May::Not, b"# TYPE a counter\na_total 1\na_created 5\n# EOF\n");
    put(OPEN, May::Read, b"# TYPE a counter\n# UNIT a seconds\na_total 1\n# EOF\n");
    put(OPEN, May::Not, b"a_total 1 # {trace_id=\"x\"} 0.5\n# EOF\n");
    put(OPEN, May::Not, format!("a_total 1 # {{trace_id=\"x\"}} 0.5 {stamp:.3}\n# EOF\n").as_bytes());
    put(OPEN, May::Read, b"a_total 1 # broken\n# EOF\n");
    put(OPEN, May::Read, b"a_total 1 # {x=\"1\"} nothing\n# EOF\n");
    put(OPEN, May::Not, b"a NaN\nb +Inf\nc -Inf\n# EOF\n");
    put(OPEN, May::Not, b"a 1\nb{x=\"one\ntwo\"} 2\n# EOF\n");
    // Something else.
    put("text/html", May::Not, b"<!DOCTYPE html>\n<html>\nup 5\n</html>\n");
    put("application/json", May::Not, b"{\"a\": 1}\n");
    put("application/json", May::Not, b"a 1\n");
    put("", May::Not, b"a 1\n");
    put("application/vnd.google.protobuf", May::Not, b"\x12\x03a 1\n\x00\x01");
    put("text/plain; version=9.9", May::Not, b"a 1\n");
    all
}

/// Serves each page under its number.
fn serve(pages: Arc<Vec<Odd>>) -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let pages = Arc::clone(&pages);
            std::thread::spawn(move || answer(stream.unwrap(), &pages));
        }
    });
    port
}

fn answer(mut stream: TcpStream, pages: &[Odd]) {
    let mut head = [0; 4096];
    let read = stream.read(&mut head).unwrap_or(0);
    let head = String::from_utf8_lossy(&head[..read]).into_owned();
    let number = head.split("/p").nth(1).and_then(|rest| rest.split(' ').next()?.parse::<usize>().ok());
    let Some(page) = number.and_then(|n| pages.get(n)) else { return };
    let kind = if page.kind.is_empty() { String::new() } else { format!("Content-Type: {}\r\n", page.kind) };
    let length = page.body.len();
    let head = format!("HTTP/1.1 200 OK\r\n{kind}Content-Length: {length}\r\nConnection: close\r\n\r\n");
    let _ = stream.write_all(&[head.as_bytes(), &page.body].concat());
}

fn start_prometheus(dir: &std::path::Path, target: u16, pages: usize) -> Option<(Running, u16)> {
    let mut config = "global: {scrape_interval: 1s, scrape_timeout: 1s}\nscrape_configs:\n".to_owned();
    for n in 0..pages {
        let _ = writeln!(
            config,
            "- {{job_name: p{n}, metrics_path: /p{n}, static_configs: [{{targets: ['127.0.0.1:{target}']}}]}}"
        );
    }
    launch(dir, &config)
}

/// What each target has now by Prometheus's word: whether it could be read, and its series without what Prometheus adds.
fn read_there(port: u16, at: i64) -> Option<BTreeMap<usize, (bool, Lines)>> {
    let mut out: BTreeMap<usize, (bool, Lines)> = BTreeMap::new();
    let number = |labels: &BTreeMap<String, String>| labels["job"].trim_start_matches('p').parse::<usize>().unwrap();
    for (labels, up) in theirs(port, "up", at).ok()? {
        out.insert(number(&labels), (up == 1.0, Lines::new()));
    }
    for (mut labels, value) in theirs(port, "{job=~\"p.*\"}", at).ok()? {
        let name = labels.get("__name__").cloned().unwrap_or_default();
        let own = name == "up" && labels.len() == 3 || name.starts_with("scrape_");
        if own {
            continue;
        }
        let n = number(&labels);
        labels.retain(|label, _| label != "job" && label != "instance");
        out.get_mut(&n)?.1.insert(labels, value);
    }
    Some(out)
}

fn read_here(page: &Odd) -> Result<Page, String> {
    let kind = Some(page.kind).filter(|kind| !kind.is_empty());
    let mut parser = Parser::new(Format::of_content_type(kind), Limits::default());
    for part in page.body.chunks(7) {
        parser.feed(part).map_err(|e| e.to_string())?;
    }
    parser.finish().map_err(|e| e.to_string())
}

/// What we have of a page at a moment.
fn here(expr: &Expr, page: &Page, at: i64) -> Lines {
    let mut store = Store::for_queries([expr]);
    store.append(at, page);
    let mut lines = ours(&store, expr, at).unwrap();
    let meta = |labels: &BTreeMap<String, String>| {
        labels.len() == 1 && ["up", "scrape_samples_scraped"].contains(&labels["__name__"].as_str())
    };
    lines.retain(|labels, _| !meta(labels));
    lines
}

#[test]
fn no_odd_page_is_read_otherwise_than_by_prometheus() {
    let now_ms = || std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap().as_millis() as i64;
    let pages = Arc::new(pages(now_ms()));
    let dir = tempfile::tempdir().unwrap();
    let target = serve(Arc::clone(&pages));
    let Some((_running, port)) = start_prometheus(dir.path(), target, pages.len()) else {
        println!("no prometheus on this machine: the comparison was not made");
        return;
    };
    let end = Instant::now() + Duration::from_mins(1);
    // Every target was asked twice.
    let twice = || {
        let said = ask(port, "count_over_time(up[5m]) >= 2", now_ms()).ok()?;
        Some(said["result"].as_array()?.len())
    };
    while twice() != Some(pages.len()) {
        assert!(Instant::now() < end, "Prometheus does not come up: {:?} of {}", twice(), pages.len());
        std::thread::sleep(Duration::from_millis(200));
    }
    let expr = parse("{__name__=~\".+\"}").unwrap();
    let at = now_ms();
    let there = read_there(port, at).unwrap();
    let (mut wrong, mut refused, mut known) = (Vec::new(), 0, 0);
    for (n, page) in pages.iter().enumerate() {
        let (good, theirs) = &there[&n];
        let said = String::from_utf8_lossy(&page.body).chars().take(80).collect::<String>();
        let found = read_here(page);
        let mut ours = found.as_ref().map(|page| here(&expr, page, at)).unwrap_or_default();
        let spoiled = |labels: &BTreeMap<String, String>| {
            found.as_ref().is_ok_and(|page| page.spoils(|name| name == labels["__name__"]).is_some())
        };
        let part = found.as_ref().is_ok_and(|page| page.spoils(|_| true).is_some());
        let right = match (good, page.may) {
            (false, May::Read) => true,
            (false, _) | (true, May::Refuse) => found.is_err() || part,
            (true, May::Not | May::Read) => found.is_ok() && alike(theirs, &ours),
        };
        refused += usize::from(!good);
        known += ours.len();
        if !right {
            let found = found.as_ref().map(|page| page.spoils(|_| true));
            wrong.push(format!("{n} {said:?} ({}): up {good}, {theirs:?}\n  ours {found:?}, {ours:?}", page.kind));
        }
        // What is spoiled is none of what is read there.
        ours.retain(|labels, _| spoiled(labels));
        if *good && page.may != May::Refuse && !ours.is_empty() {
            wrong.push(format!("{n} {said:?}: {ours:?} is spoiled here and read there"));
        }
    }
    println!("{} odd pages, {refused} refused by Prometheus, {known} series read here", pages.len());
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), pages.len(), wrong.join("\n"));
    assert!(pages.len() >= 100 && refused > 30 && known > 60, "{} {refused} {known}", pages.len());
}
