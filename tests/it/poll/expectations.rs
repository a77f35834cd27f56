//! What passes, what is degraded, what fails and in which words, as seen through a real connection.

use std::time::Duration;

use serde_json::json;
use warroom::probe::{HttpExpect, Outcome};
use warroom::secret::{Filled, Masks};

use super::server::{World, failure, http, ok, request, response, service};

const HEALTHY: &str = r#"{"status":"healthy","version":"2.0","n":3,"deep":{"ok":true},"list":[1,2]}"#;

fn pass() -> Outcome {
    Outcome::Pass
}

fn fail(reason: &str) -> Outcome {
    Outcome::Fail(reason.to_owned())
}

fn degraded(reason: &str) -> Outcome {
    Outcome::Degraded(reason.to_owned())
}

fn json_is(pointer: &str, value: serde_json::Value) -> HttpExpect {
    HttpExpect { json: vec![(pointer.to_owned(), value)], ..HttpExpect::default() }
}

fn version(target: Option<&str>) -> HttpExpect {
    HttpExpect { version: Some("/version".to_owned()), target: target.map(str::to_owned), ..HttpExpect::default() }
}

#[test]
fn answers_are_judged_by_what_was_expected() {
    let any = HttpExpect::default;
    let statuses = |s: &[u16]| HttpExpect { status: s.to_vec(), ..any() };
    let text = |t: &str| HttpExpect { text: Some(t.to_owned()), ..any() };
    let header = |n: &str, v: &str| HttpExpect { headers: vec![(n.to_owned(), v.to_owned())], ..any() };
    let refused = || HttpExpect { refused: vec![401, 403], ..any() };
    let healthy = ok(HEALTHY);
    let with_header = response("200 OK", "X-Frame-Options: DENY\r\n", "");
    let deep = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
    let table: Vec<(&str, String, HttpExpect, Outcome)> = vec![
        ("2xx", response("204 No Content", "", ""), any(), pass()),
        ("502", response("502 <b>Bad</b> \u{202e}", "", ""), any(), fail("502, expected 2xx")),
        ("200 only", response("201 Created", "", ""), statuses(&[200]), fail("201, expected 200")),
        ("one of", response("503 No", "", ""), statuses(&[200, 204, 301]), fail("503, expected 200, 204 or 301")),
        ("redirect wanted", response("301 Moved", "location: /x\r\n", ""), statuses(&[301]), pass()),
        ("json", healthy.clone(), json_is("/status", json!("healthy")), pass()),
        ("json deep", healthy.clone(), json_is("/deep/ok", json!(true)), pass()),
        ("json list", healthy.clone(), json_is("/list", json!([1, 2])), pass()),
        ("json 3.0", healthy.clone(), json_is("/n", json!(3.0)), pass()),
        ("json other", healthy.clone(), json_is("/n", json!(4)), fail("/n is 3, expected 4")),
        ("json text", healthy.clone(), json_is("/status", json!("up")), fail("/status is not \"up\"")),
        ("json type", healthy.clone(), json_is("/deep", json!("up")), fail("/deep is an object, expected \"up\"")),
        ("json none", healthy.clone(), json_is("/nothing", json!(1)), fail("/nothing is missing")),
        ("no json", ok("<html>"), json_is("/status", json!("up")), fail("the answer is no JSON")),
        ("too deep", ok(&deep), json_is("/0", json!(1)), fail("the answer is no JSON")),
        ("text", healthy.clone(), text("\"healthy\""), pass()),
        ("no text", healthy.clone(), text("ready"), fail("the text \"ready\" is not in the answer")),
        ("version", healthy.clone(), version(Some("2.0")), pass()),
        ("other version", healthy.clone(), version(Some("2.1")), degraded("another version than 2.1")),
        ("no version", ok("{}"), version(Some("2.1")), degraded("no version found, expected 2.1")),
        ("header", with_header.clone(), header("x-frame-options", "DENY"), pass()),
        (
            "wrong header",
            with_header.clone(),
            header("x-frame-options", "SAMEORIGIN"),
            fail("header \"x-frame-options\" is not \"SAMEORIGIN\""),
        ),
        ("no header", with_header, header("x-other", "1"), fail("header \"x-other\" is missing")),
        ("refused 401", response("401 No", "", ""), refused(), pass()),
        ("refused 403", response("403 No", "", ""), refused(), pass()),
        (
            "not refused",
            healthy.clone(),
            refused(),
            fail("SECURITY: answered 200 without credentials, must be refused"),
        ),
        ("refused by error", response("500 No", "", ""), refused(), fail("500, expected 401 or 403")),
        (
            "refused by redirect",
            response("302 Go", "location: /login\r\n", ""),
            refused(),
            fail("302, expected 401 or 403"),
        ),
    ];
    let world = World::new();
    let probes = table
        .iter()
        .enumerate()
        .map(|(id, (_, answer, expect, _))| http(id as u32, world.answer(answer.clone()).at, expect.clone()));
    let mut looking = world.look(probes.collect());
    looking.until("all", |l| (0..table.len()).all(|id| l.of(id as u32).next().is_some()));
    for (id, (name, _, _, expected)) in table.iter().enumerate() {
        assert_eq!(&service(looking.of(id as u32).next().unwrap()).outcome, expected, "{name}");
    }
}

#[test]
fn slow_is_degraded_and_silent_is_down_in_time() {
    let world = World::new();
    let server = world.serve(|_, mut stream| async move {
        while request(&mut stream).await.is_some() {
            tokio::time::sleep(Duration::from_millis(120)).await;
            let _ = tokio::io::AsyncWriteExt::write_all(&mut stream, ok("").as_bytes()).await;
        }
    });
    let within = |ms| HttpExpect { within: Some(Duration::from_millis(ms)), ..HttpExpect::default() };
    let sample = world.first(http(0, server.at, within(5_000)));
    assert_eq!(service(&sample).outcome, Outcome::Pass);
    assert!(sample.took >= Duration::from_millis(120));
    let sample = world.first(http(0, server.at, within(50)));
    match &service(&sample).outcome {
        Outcome::Degraded(reason) => assert!(reason.ends_with("ms, over 50 ms"), "{reason}"),
        other => panic!("{other:?}"),
    }
    let mut impatient = http(0, server.at, HttpExpect::default());
    impatient.timeout = Duration::from_millis(60);
    assert_eq!(failure(&world.first(impatient)), "no answer within 60 ms");
}

#[test]
fn an_answer_tells_code_version_phases_and_a_masked_excerpt() {
    let world = World::new();
    let server = world.answer(ok(r#"{"version":"2.0\u001b[31m","token":"hunter22-secret"}"#));
    let mut masks = Masks::default();
    masks.add("hunter22-secret");
    let (tx, rx) = tokio::sync::mpsc::channel(16);
    let mut looking = world.look_through(tx, rx, vec![http(0, server.at, version(None))], masks);
    looking.until("two", |l| l.had.len() >= 2);
    let first = service(&looking.had[0]);
    assert_eq!(first.code, Some(200));
    assert_eq!(first.version.as_ref().unwrap().to_string(), "2.0\\e[31m");
    assert!(first.excerpt.raw().contains("\"token\":\"***\""), "{:?}", first.excerpt);
    assert!(first.phases.connect.is_some() && first.phases.wait.is_some() && first.phases.transfer.is_some());
    assert_eq!(service(&looking.had[1]).phases.connect, None, "a kept connection is not opened again");
    assert_eq!(first.tls_days, None);
}

#[test]
fn errors_of_connections_have_words_without_the_address() {
    let world = World::new();
    let expect = HttpExpect::default;
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    assert_eq!(failure(&world.first(http(0, free, expect()))), "connection refused");
    let closes = world.serve(|_, mut stream| async move {
        let _ = request(&mut stream).await;
    });
    let said = "the connection was closed before the answer was complete";
    assert_eq!(failure(&world.first(http(0, closes.at, expect()))), said);
    let no_http = world.answer("SSH-2.0-OpenSSH_9.2\r\n\r\n");
    assert_eq!(failure(&world.first(http(0, no_http.at, expect()))), "the answer is not HTTP");
    let mut nobody = http(0, free, expect());
    if let warroom::probe::Ask::Http { request, .. } = &mut nobody.ask {
        request.url = Filled::new("http://no-such-host.invalid/?key=hunter22", "http://no-such-host.invalid/?key=***");
    }
    let sample = world.first(nobody);
    let reason = failure(&sample);
    assert!(["no such host", "the name look-up failed for now"].contains(&reason), "{reason}");
}

/// A restarted server closes its kept connections: that alone is no failure.
#[test]
fn a_kept_connection_that_died_is_tried_once_more() {
    let world = World::new();
    // Each connection answers once and is closed when the second request has come.
    let server = world.serve(|_, mut stream| async move {
        let _ = request(&mut stream).await;
        let _ = tokio::io::AsyncWriteExt::write_all(&mut stream, ok("").as_bytes()).await;
        let _ = request(&mut stream).await;
    });
    let mut probe = http(0, server.at, HttpExpect::default());
    probe.every = Duration::from_millis(40);
    let mut looking = world.look(vec![probe]);
    looking.until("ten", |l| l.had.len() >= 10);
    let failed: Vec<_> = looking.had.iter().filter(|s| service(s).outcome != Outcome::Pass).collect();
    assert!(failed.is_empty(), "{failed:?}");
}
