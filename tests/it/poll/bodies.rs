//! T57 to T60: bodies without end, bombs, endless headers, and servers that are slow, silent or rude beside healthy ones.

use std::io::Write as _;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use warroom::probe::{Ask, HttpExpect, MetricIx, Outcome, Probe, Query, Reading, Reads, Sample};
use warroom::secret::Masks;

use super::server::{
    Looking, Server, World, failure, grown, http, metrics, ok, probe, request, response, service, url,
};
use crate::support::wait::eventually;

/// The most that a stream of endless bodies may have cost.
const MOST: u64 = 8 * 1024;

/// Sends a head, then the same bytes until the other side has enough; counts what the socket took.
async fn pour(mut stream: TcpStream, head: &str, again: &[u8], sent: &AtomicU64, closed: &AtomicUsize) {
    if request(&mut stream).await.is_none() {
        return;
    }
    let _ = stream.write_all(head.as_bytes()).await;
    while stream.write_all(again).await.is_ok() {
        sent.fetch_add(again.len() as u64, Ordering::Relaxed);
    }
    closed.fetch_add(1, Ordering::Relaxed);
}

fn pouring(world: &World, head: &'static str, again: Vec<u8>) -> (Server, Arc<AtomicU64>, Arc<AtomicUsize>) {
    let (sent, closed) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicUsize::new(0)));
    let (s, c, again) = (Arc::clone(&sent), Arc::clone(&closed), Arc::new(again));
    let server = world.serve(move |_, stream| {
        let (s, c, again) = (Arc::clone(&s), Arc::clone(&c), Arc::clone(&again));
        async move { pour(stream, head, &again, &s, &c).await }
    });
    (server, sent, closed)
}

#[test]
fn a_body_without_end_costs_nothing() {
    let world = World::new();
    let mut chunk = format!("{:x}\r\n", 65_536).into_bytes();
    chunk.extend_from_slice(&vec![b'x'; 65_536]);
    chunk.extend_from_slice(b"\r\n");
    let plain = vec![b'x'; 65_536];
    let cases = [
        ("length", "HTTP/1.1 200 OK\r\ncontent-length: 10737418240\r\n\r\n", plain.clone()),
        ("chunked", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", chunk),
        ("endless", "HTTP/1.1 200 OK\r\n\r\n", plain.clone()),
    ];
    let mut looking = settled(&world);
    for (name, head, again) in cases {
        let (server, sent, closed) = pouring(&world, head, again);
        let grown = grown(|| look_only(&mut looking, http(1, server.at, HttpExpect::default())));
        let sample = looking.of(1).next().unwrap().clone();
        assert_eq!(failure(&sample), "body over 256 KiB", "{name}");
        assert!(sample.took < Duration::from_secs(5), "{name}");
        eventually(&format!("{name}: the connection closed"), || closed.load(Ordering::Relaxed) > 0);
        // Buffers of the kernel on both sides are in it.
        let sent = sent.load(Ordering::Relaxed);
        assert!(sent < 16 << 20, "{name}: {sent} bytes were taken");
        assert!(grown.is_none_or(|kib| kib < MOST), "{name}: grew by {grown:?} KiB");
    }
    // A length that lies is no pass: what was promised did not come.
    let short = world.serve(|_, mut stream| async move {
        let _ = request(&mut stream).await;
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\nshort").await;
    });
    let said = failure(&world.first(http(0, short.at, HttpExpect::default()))).to_owned();
    assert!(said.starts_with("the connection"), "{said}");
}

/// Pollers that have asked something before, so that what follows is its own cost.
fn settled(world: &World) -> Looking {
    let mut looking = world.look(vec![http(0, world.answer(ok("")).at, HttpExpect::default())]);
    looking.until("a beginning", |l| !l.had.is_empty());
    looking
}

/// From now on looks at this alone, until it has said something.
fn look_only(looking: &mut Looking, probe: Probe) {
    looking.had.clear();
    let id = probe.id.0;
    assert!(looking.poll.ask(warroom::poll::Ask::Set(vec![probe], Masks::default())));
    looking.until("an answer", |l| l.of(id).next().is_some());
}

fn gzip(what: &[u8], times: usize) -> Vec<u8> {
    let mut gzip = Command::new("gzip").arg("-1").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut into = gzip.stdin.take().unwrap();
    let what = what.to_vec();
    let feeder = std::thread::spawn(move || (0..times).for_each(|_| into.write_all(&what).unwrap()));
    let out = gzip.wait_with_output().unwrap();
    feeder.join().unwrap();
    out.stdout
}

/// What each kind of probe does with a body.
fn ways(id: u32, server: &Server) -> [Probe; 4] {
    let queries = || vec![Query { metric: MetricIx(0), promql: "sum(x)".to_owned(), reads: Reads::Value }];
    let request = || url(server.at);
    [
        http(id, server.at, HttpExpect { text: Some("no such text".to_owned()), ..HttpExpect::default() }),
        probe(id + 1, Ask::Scrape { request: request(), queries: queries(), rules: Vec::new() }),
        probe(id + 2, Ask::Prometheus { request: request(), queries: queries(), backfill: Duration::ZERO }),
        probe(id + 3, Ask::Json { metric: MetricIx(0), request: request(), pointer: "/n".to_owned() }),
    ]
}

fn refused(sample: &Sample) -> String {
    match &sample.reading {
        Reading::Service(_) => failure(sample).to_owned(),
        _ => metrics(sample)[0].value.clone().unwrap_err(),
    }
}

/// T58: 256 MiB of zeros and 256 MiB of metric lines behind a few hundred KiB, to every kind of probe, twenty at once.
#[test]
fn compressed_bombs_are_cut_off_at_the_cap() {
    let world = World::new();
    let zeros = gzip(&vec![0_u8; 1 << 20], 256);
    let lines = gzip("x{a=\"b\"} 1\n".repeat(100_000).as_bytes(), 256);
    let bomb = |body: &[u8], encoding: &str| {
        let mut bytes =
            format!("HTTP/1.1 200 OK\r\ncontent-encoding: {encoding}\r\ncontent-length: {}\r\n\r\n", body.len())
                .into_bytes();
        bytes.extend_from_slice(body);
        world.answer(bytes)
    };
    let servers = [
        bomb(&zeros, "gzip"),
        bomb(&lines, "gzip"),
        bomb(&zeros, "br"),
        bomb(&zeros, "zstd"),
        bomb(&gzip(&zeros, 1), "gzip, gzip"),
    ];
    let probes: Vec<Probe> = servers.iter().enumerate().flat_map(|(n, s)| ways(n as u32 * 4, s)).collect();
    let count = probes.len() as u32;
    let mut looking = settled(&world);
    looking.had.clear();
    let grown = grown(|| {
        assert!(looking.poll.ask(warroom::poll::Ask::Set(probes, Masks::default())));
        looking.until("all", |l| (0..count).all(|id| l.of(id).next().is_some()));
    });
    for id in 0..count {
        let said = refused(looking.of(id).next().unwrap());
        let known =
            ["body over", "compressed in a way", "more than 100000 series", "larger than", "no page of metrics"];
        assert!(known.iter().any(|k| said.contains(k)), "{id}: {said}");
    }
    assert!(grown.is_none_or(|kib| kib < 5 * MOST), "grew by {grown:?} KiB");
}

/// T59: heads that are too long in any way.
#[test]
fn endless_headers_are_refused() {
    let world = World::new();
    let many = (0..100_000).map(|n| format!("h{n}: v")).collect::<Vec<_>>().join("\r\n");
    let answers = [
        format!("HTTP/1.1 200 OK\r\n{many}\r\n\r\n"),
        format!("HTTP/1.1 200 OK\r\nh: {}\r\n\r\n", "v".repeat(16 << 20)),
        format!("HTTP/1.1 200 {}\r\n\r\n", "O".repeat(1 << 20)),
        "HTTP/1.1 200 OK\r\nh: a\0b\r\ncontent-length: 0\r\n\r\n".to_owned(),
    ];
    let mut looking = settled(&world);
    for (n, answer) in answers.into_iter().enumerate() {
        let begins = answer[..40].to_owned();
        let server = world.answer(answer);
        let id = n as u32 + 1;
        let grown = grown(|| look_only(&mut looking, http(id, server.at, HttpExpect::default())));
        let said = failure(looking.of(id).next().unwrap()).to_owned();
        let known = ["the answer's headers are too large", "the answer is not HTTP"];
        assert!(known.contains(&said.as_str()), "{begins}: {said}");
        assert!(grown.is_none_or(|kib| kib < MOST), "{begins}: grew by {grown:?} KiB");
    }
    let (server, _, closed) = pouring(&world, "HTTP/1.1 200 OK\r\nh: ", vec![b'v'; 65_536]);
    assert_eq!(failure(&world.first(http(0, server.at, HttpExpect::default()))), "the answer's headers are too large");
    let mut looking = world.look(vec![]);
    looking.until("the end of the connection", |_| closed.load(Ordering::Relaxed) > 0);
}

/// T60: fifty that never answer properly beside fifty that do.
#[test]
fn slow_and_silent_servers_disturb_nobody() {
    let world = World::new();
    let drip = |head: &'static str, each: &'static [u8]| {
        world.serve(move |_, mut stream| async move {
            let _ = request(&mut stream).await;
            let _ = stream.write_all(head.as_bytes()).await;
            while stream.write_all(each).await.is_ok() {
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        })
    };
    let silent = world.serve(|_, mut stream| async move { while request(&mut stream).await.is_some() {} });
    let resets = world.serve(|_, mut stream| async move {
        let _ = request(&mut stream).await;
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf").await;
        let _ = stream.set_zero_linger();
    });
    let slow_head = drip("HTTP/1.1 200 OK\r\nh: ", b"v");
    let slow_body = drip("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n", b"v");
    let sick = [&slow_head, &slow_body, &silent, &resets, &silent];
    let healthy = world.answer(ok(""));
    // The same fifty healthy ones with pollers of their own and nobody sick beside them: what this machine can do just now.
    let apart = world.answer(ok(""));
    let every_second = |mut probe: Probe| {
        probe.timeout = Duration::from_millis(800);
        probe.every = Duration::from_secs(1);
        probe
    };
    let mut alone = world.look((50..100).map(|id| every_second(http(id, apart.at, HttpExpect::default()))).collect());
    let mut probes = Vec::new();
    for id in 0..100 {
        let server = if id < 50 { sick[id as usize % 5] } else { &healthy };
        let mut probe = every_second(http(id, server.at, HttpExpect::default()));
        if id % 5 == 4 && id < 50 {
            // Waits for a TLS handshake that never comes.
            let Ask::Http { request, .. } = &mut probe.ask else { unreachable!() };
            request.url = warroom::secret::Filled::plain(format!("https://{}/", server.at));
        }
        probes.push(probe);
    }
    let mut looking = world.look(probes);
    looking.until("three rounds", |l| {
        (0..50).all(|id| l.of(id).next().is_some()) && (50..100).all(|id| l.of(id).count() >= 4)
    });
    alone.until("three rounds apart", |l| (50..100).all(|id| l.of(id).count() >= 4));
    let (off, calm) = (jitter(&looking), jitter(&alone));
    let worst = calm.last().copied().unwrap_or_default();
    for sample in (0..50).flat_map(|id| looking.of(id)) {
        let said = failure(sample);
        if sample.probe.0 % 5 == 3 {
            assert!(said.starts_with("connection reset") || said.starts_with("the connection"), "{said}");
        } else {
            assert_eq!(said, "no answer within 800 ms", "{:?}", sample.probe);
            let late = sample.took.saturating_sub(Duration::from_millis(800));
            assert!(
                sample.took >= Duration::from_millis(800) && late < Duration::from_millis(250) + 4 * worst,
                "{:?}, and {worst:?} off in a calm room",
                sample.took
            );
        }
    }
    for id in 50..100 {
        assert!(looking.of(id).all(|s| service(s).outcome == Outcome::Pass));
    }
    let p99 = |off: &[Duration]| off[off.len() * 99 / 100];
    let (beside, apart) = (p99(&off), p99(&calm));
    assert!(beside < Duration::from_millis(100) + 4 * apart, "jitter p99 {beside:?}, and {apart:?} in a calm room");
}

/// By how much the healthy ones were not asked a second after the last time, in order.
fn jitter(looking: &Looking) -> Vec<Duration> {
    let mut off: Vec<Duration> = Vec::new();
    for id in 50..100 {
        let times: Vec<Duration> = looking.of(id).map(|s| s.at.mono).collect();
        // The first asking is out of turn.
        off.extend(times[1..].windows(2).map(|w| w[1].saturating_sub(w[0]).abs_diff(Duration::from_secs(1))));
    }
    off.sort_unstable();
    off
}

/// T62: five redirects at most; nobody else sees the headers; never to http from https, nor to anything but the web.
#[test]
fn redirects_are_followed_with_care() {
    let world = World::new();
    let to = |location: String| world.answer(response("302 Found", &format!("location: {location}\r\n"), ""));
    let end = world.answer(ok("end"));
    let elsewhere = |request: bool| {
        let server = to(format!("http://{}/", end.at));
        let mut probe = http(0, server.at, HttpExpect::default());
        if let (true, Ask::Http { request, .. }) = (request, &mut probe.ask) {
            request.headers.push(("X-Api-Key".to_owned(), warroom::secret::Filled::new("hunter22", "***")));
        }
        world.first(probe)
    };
    assert_eq!(service(&elsewhere(false)).outcome, Outcome::Pass);
    let before = end.connections.load(Ordering::Relaxed);
    assert_eq!(failure(&elsewhere(true)), "redirected to another host, which must not see the headers of this request");
    assert_eq!(end.connections.load(Ordering::Relaxed), before);
    let lost = world.answer(response("302 Found", "location: /again\r\n", ""));
    assert_eq!(failure(&world.first(http(0, lost.at, HttpExpect::default()))), "redirected more than 5 times");
    for (place, said) in [
        ("http://169.254.169.254/latest/meta-data/", "redirected to a link-local address"),
        ("http://[fe80::1]/", "redirected to a link-local address"),
        ("file:///etc/passwd", "302, expected 2xx"),
        ("unix:/run/docker.sock", "302, expected 2xx"),
    ] {
        let server = to(place.to_owned());
        assert_eq!(failure(&world.first(http(0, server.at, HttpExpect::default()))), said, "{place}");
    }
}
