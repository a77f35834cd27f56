//! Probes that see more than a status: words, tables, refusals, bursts, ages, secrets, blue and green.

use std::os::unix::fs::symlink;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use tokio::io::AsyncWriteExt as _;
use warroom::probe::fresh::Dated;
use warroom::probe::presence::{Kept, SecretCheck};
use warroom::probe::sides::{Sides, Traffic};
use warroom::probe::table::{Column, Need, TableExpect};
use warroom::probe::word::StateExpect;
use warroom::probe::{Ask, CommandExpect, CommandLine, HttpExpect, Outcome, Probe, ServiceIx, ServiceReading};
use warroom::secret::{Filled, Masks};

use super::server::{World, http, ok, probe, request, response, service, url};

const DAY: Duration = Duration::from_hours(24);

fn says(reading: &ServiceReading) -> &str {
    reading.says.as_ref().map(warroom::text::Untrusted::raw).unwrap_or_default()
}

fn first(world: &World, probe: Probe) -> ServiceReading {
    service(&world.first(probe)).clone()
}

fn shell(script: &str) -> CommandLine {
    CommandLine { argv: ["sh", "-c", script].map(Filled::plain).to_vec(), env: Vec::new() }
}

fn no_data(outcome: &Outcome) -> &str {
    match outcome {
        Outcome::NoData(why) => why,
        other => panic!("not without data: {other:?}"),
    }
}

fn failed(outcome: &Outcome) -> &str {
    match outcome {
        Outcome::Fail(why) => why,
        other => panic!("not a failure: {other:?}"),
    }
}

#[test]
fn a_breaker_says_its_word_and_an_unknown_word_is_no_data() {
    let world = World::new();
    let words = |w: &str| vec![w.to_owned()];
    let state = StateExpect {
        pointer: "/state".to_owned(),
        up: words("closed"),
        degraded: words("half-open"),
        down: words("open"),
    };
    let expect = || HttpExpect { state: Some(state.clone()), ..HttpExpect::default() };
    let ask = |body: &str| first(&world, http(0, world.answer(ok(body)).at, expect()));
    let closed = ask(r#"{"state":"closed"}"#);
    assert_eq!((&closed.outcome, says(&closed)), (&Outcome::Pass, "closed"));
    let open = ask(r#"{"state":"open"}"#);
    assert_eq!(failed(&open.outcome), "/state is \"open\"");
    let odd = ask(r#"{"state":"forced"}"#);
    assert_eq!(no_data(&odd.outcome), "/state is \"forced\", a word that the plan does not know");
    assert_eq!(says(&odd), "forced");
    assert!(no_data(&ask("<html>").outcome).contains("no JSON"));
    let broken = first(&world, http(0, world.answer(response("500 No", "", "{}")).at, expect()));
    assert_eq!(failed(&broken.outcome), "500, expected 2xx", "the status comes first");
}

#[test]
fn a_call_that_must_be_refused_passes_only_by_a_refusal() {
    let world = World::new();
    let refused = |with: &[u16]| HttpExpect { refused: with.to_vec(), ..HttpExpect::default() };
    let ask = |answer: String, with: &[u16]| first(&world, http(0, world.answer(answer).at, refused(with))).outcome;
    assert_eq!(failed(&ask(ok("{}"), &[401, 403])), "SECURITY: answered 200 without credentials, must be refused");
    let busy = || response("429 Too Many Requests", "", "");
    assert_eq!(failed(&ask(busy(), &[401, 403])), "429, expected 401 or 403");
    assert_eq!(ask(busy(), &[401, 403, 429]), Outcome::Pass);
    // Nobody was refused by a closed port, or by silence.
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let nobody = first(&world, http(0, free, refused(&[401, 403]))).outcome;
    assert_eq!(no_data(&nobody), "connection refused");
    let silent = world.serve(|_, mut stream| async move {
        let _ = request(&mut stream).await;
        std::future::pending::<()>().await;
    });
    let mut probe = http(0, silent.at, refused(&[401, 403]));
    probe.timeout = Duration::from_millis(60);
    assert_eq!(no_data(&first(&world, probe).outcome), "no answer within 60 ms");
}

#[test]
fn a_burst_passes_when_the_limiter_refuses_one() {
    let world = World::new();
    let burst = |at, times| probe(0, Ask::Burst { service: ServiceIx(0), request: url(at), times, expect: 429 });
    let limited = |free: usize| {
        let seen = Arc::new(AtomicUsize::new(0));
        world.serve(move |_, mut stream| {
            let seen = Arc::clone(&seen);
            async move {
                while request(&mut stream).await.is_some() {
                    let over = seen.fetch_add(1, Ordering::Relaxed) >= free;
                    let answer = if over { response("429 Too Many", "", "") } else { ok("") };
                    let _ = stream.write_all(answer.as_bytes()).await;
                }
            }
        })
    };
    let passed = first(&world, burst(limited(15).at, 20));
    assert_eq!((&passed.outcome, says(&passed)), (&Outcome::Pass, "5 of 20 answered 429"));
    let open = first(&world, burst(limited(1_000).at, 20));
    assert_eq!(failed(&open.outcome), "SECURITY: none of 20 requests at once was answered 429");
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let nobody = first(&world, burst(free, 3)).outcome;
    assert_eq!(no_data(&nobody), "3 of 3 requests had no answer: connection refused");
}

#[test]
fn a_table_is_counted_and_one_row_that_is_not_up_is_seen() {
    let world = World::new();
    let table = TableExpect { state: Column::Named("STATUS".to_owned()), up: vec!["Up".to_owned()], need: Need::All };
    let ask = |script: &str| {
        let expect = CommandExpect { table: Some(table.clone()), ..CommandExpect::default() };
        let ask = Ask::Command { service: ServiceIx(0), command: shell(script), expect };
        first(&world, probe(0, ask))
    };
    let rows = |second: &str| ask(&format!("printf 'NAME   STATUS\\nweb    Up 2 hours\\ndb     {second}\\n'"));
    let good = rows("Up 3 hours (healthy)");
    assert_eq!((&good.outcome, says(&good)), (&Outcome::Pass, "2 Up"));
    assert_eq!(failed(&rows("Up 3 hours (unhealthy)").outcome), "1 of 2 not up: 1 Up, 1 Up (unhealthy)");
    assert_eq!(no_data(&ask("echo 'NAME   STATUS'").outcome), "the table has no rows");
    assert_eq!(no_data(&ask("true").outcome), "the table has no rows");
    assert_eq!(failed(&ask("echo no; exit 1").outcome), "exit 1, expected 0");
    let long = ask("echo 'NAME   STATUS'; yes 'web    Up' | head -n 20000");
    assert_eq!(no_data(&long.outcome), "the table is over 64 KiB", "what was not read may be down");
}

#[test]
fn a_file_is_as_fresh_as_it_was_written_and_what_is_no_file_is_not_opened() {
    let world = World::new();
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name);
    let write = |name: &str, days: u32| {
        let file = std::fs::File::create(path(name)).unwrap();
        file.set_modified(SystemTime::now() - DAY * days).unwrap();
    };
    let ask = |name: &str| {
        let dated = Dated::File(path(name).to_str().unwrap().to_owned());
        first(&world, probe(0, Ask::Fresh { service: ServiceIx(0), dated, max_age: DAY * 2 }))
    };
    write("new.dump", 1);
    let new = ask("new.dump");
    assert_eq!((&new.outcome, says(&new)), (&Outcome::Pass, "1d old"));
    write("old.dump", 3);
    assert_eq!(failed(&ask("old.dump").outcome), "3d old, at most 2d");
    assert_eq!(failed(&ask("none.dump").outcome), "it is missing");
    std::fs::create_dir(path("empty")).unwrap();
    assert_eq!(failed(&ask("empty").outcome), "the folder holds no file");
    assert_eq!(ask(".").outcome, Outcome::Pass, "a folder is as fresh as its newest file");
    symlink(path("new.dump"), path("link")).unwrap();
    assert!(no_data(&ask("link").outcome).contains("link"));
    nix::unistd::mkfifo(&path("pipe"), nix::sys::stat::Mode::S_IRWXU).unwrap();
    assert_eq!(no_data(&ask("pipe").outcome), "it is neither a file nor a folder");
    let ahead = std::fs::File::create(path("ahead.dump")).unwrap();
    ahead.set_modified(SystemTime::now() + DAY).unwrap();
    assert!(failed(&ask("ahead.dump").outcome).contains("future"));
}

#[test]
fn a_moment_comes_from_json_or_from_a_command() {
    let world = World::new();
    let old = |hours: i64| chrono::Utc::now() - chrono::TimeDelta::hours(hours);
    let json = |body: String| {
        let dated = Dated::Json { request: url(world.answer(ok(&body)).at), pointer: "/last".to_owned() };
        first(&world, probe(0, Ask::Fresh { service: ServiceIx(0), dated, max_age: DAY })).outcome
    };
    assert_eq!(json(format!(r#"{{"last":"{}"}}"#, old(3).to_rfc3339())), Outcome::Pass);
    assert_eq!(json(format!(r#"{{"last":{}}}"#, old(3).timestamp_millis())), Outcome::Pass);
    assert!(failed(&json(format!(r#"{{"last":{}}}"#, old(30).timestamp()))).ends_with("at most 1d"));
    assert!(no_data(&json(r#"{"last":"yesterday"}"#.to_owned())).starts_with("/last is no time"));
    assert_eq!(no_data(&json("{}".to_owned())), "/last is missing");
    let command = |script: &str| {
        let dated = Dated::Command(shell(script));
        first(&world, probe(0, Ask::Fresh { service: ServiceIx(0), dated, max_age: DAY })).outcome
    };
    assert_eq!(command("date +%s"), Outcome::Pass);
    assert_eq!(
        failed(&command("date +%s; exit 3")),
        "exit 3, expected 0",
        "a restore test that failed is no fresh one"
    );
    assert!(no_data(&command("true")).starts_with("the output is no time"));
}

#[test]
fn a_secret_is_present_and_nothing_of_it_is_said() {
    const VALUE: &str = "sk_live_51Hc0ffee0ffee0ffee0ffee";
    let world = World::new();
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("key");
    std::fs::write(&path, format!("{VALUE}\n")).unwrap();
    let ask = |kept, prefix: &str| {
        let check = SecretCheck { kept, prefix: Some(prefix.to_owned()), min_length: 20, max_age: None };
        let probe = probe(0, Ask::Secret { service: ServiceIx(0), check });
        assert!(!format!("{probe:?}").contains("c0ffee"));
        let reading = first(&world, probe);
        assert!(!format!("{reading:?}").contains("c0ffee"), "{reading:?}");
        reading
    };
    let file = || Kept::File(path.to_str().unwrap().to_owned());
    let env =
        |value: Option<&str>| Kept::Env { name: "STRIPE_KEY".to_owned(), value: value.map(|v| Filled::new(v, "***")) };
    for kept in [file(), env(Some(VALUE))] {
        let good = ask(kept, "sk_live_");
        assert_eq!((&good.outcome, says(&good)), (&Outcome::Pass, "present, prefix sk_live_, 30+ characters"));
    }
    assert_eq!(failed(&ask(file(), "sk_test_").outcome), "present, but does not begin with sk_test_");
    assert_eq!(failed(&ask(env(None), "sk_live_").outcome), "the variable STRIPE_KEY is not set");
    assert_eq!(failed(&ask(Kept::File("/no/such/key".to_owned()), "sk_live_").outcome), "it is missing");
}

#[test]
fn the_side_with_traffic_is_the_service_and_a_hanging_side_silences_nobody() {
    let world = World::new();
    let good = || world.answer(ok(r#"{"v":"v2.0"}"#));
    let bad = || world.answer(response("502 Bad", "", ""));
    let hangs = world.serve(|_, mut stream| async move {
        let _ = request(&mut stream).await;
        std::future::pending::<()>().await;
    });
    let ask = |blue, green, traffic| {
        let side = |at| (url(at), HttpExpect { version: Some("/v".to_owned()), ..HttpExpect::default() });
        let sides = Box::new(Sides { blue: side(blue), green: side(green), traffic });
        let mut probe = probe(0, Ask::Sides { service: ServiceIx(0), sides });
        probe.timeout = Duration::from_millis(800);
        first(&world, probe)
    };
    let json = |body: &str| Traffic::Json { request: url(world.answer(ok(body)).at), pointer: "/active".to_owned() };
    let blue = ask(good().at, bad().at, json(r#"{"active":"blue"}"#));
    assert_eq!(blue.outcome, Outcome::Degraded("green, idle, is down: 502, expected 2xx".to_owned()));
    assert_eq!((says(&blue), blue.code), ("blue up v2.0 ←, green down", Some(200)));
    let green = ask(good().at, bad().at, Traffic::Command(shell("echo Pointed at Green")));
    assert_eq!(failed(&green.outcome), "green: 502, expected 2xx");
    let hung = ask(good().at, hangs.at, json(r#"{"active":"BLUE"}"#));
    assert_eq!(hung.outcome, Outcome::Degraded("green, idle, is down: no answer within 800 ms".to_owned()));
    for unknown in [json(r#"{"active":"both"}"#), json("{}"), Traffic::Command(shell("echo blue green"))] {
        let reading = ask(good().at, good().at, unknown);
        assert!(no_data(&reading.outcome).starts_with("nobody knows which side takes traffic"));
    }
}

/// A word may be a secret that leaked into an answer: it is masked in what is said of it.
#[test]
fn secrets_are_masked_in_words_and_reasons() {
    let world = World::new();
    let state = StateExpect { pointer: "/s".to_owned(), up: vec!["ok".to_owned()], ..StateExpect::default() };
    let server = world.answer(ok(r#"{"s":"hunter22-secret"}"#));
    let mut masks = Masks::default();
    masks.add("hunter22-secret");
    let (tx, rx) = tokio::sync::mpsc::channel(16);
    let expect = HttpExpect { state: Some(state), ..HttpExpect::default() };
    let mut looking = world.look_through(tx, rx, vec![http(0, server.at, expect)], masks);
    let sample = looking.sample();
    assert!(!format!("{:?}", service(&sample)).contains("hunter22"), "{:?}", service(&sample));
}
