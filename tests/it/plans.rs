//! Plans: good ones load clean, each bad one gives exactly its findings, and no damage loads in silence.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use proptest::prelude::*;
use warroom::finding::{Level, Paint, codes, render};
use warroom::plan::rules::{RuleText, import};
use warroom::plan::{FromProbe, Input, Loaded, Outside, Way, bare, load, runbook_paths};
use warroom::probe::fresh::Dated;
use warroom::probe::{Ask, MetricIx};
use warroom::runbook::{Heading, Runbook, Step, StepKind};

const API_KEY: &str = "k3y-of-the-api-0001";

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/support").join(name)
}

fn env(name: &str) -> Option<String> {
    let value = match name {
        "API_KEY" => API_KEY,
        "API_HOST" => "api.example.com",
        "AWS_REGION" => "eu-west-1",
        "KUBECONFIG" => "/home/ops/.kube/config",
        "PD_ROUTING_KEY" => "pd-routing-key-0002",
        "SLACK_WEBHOOK" => "https://hooks.slack.example/T0/B0/s3cr3t-0003",
        "PORT_BAD" => "http://user:hunter22@nowhere:port",
        "EMPTY" => "",
        _ => return None,
    };
    Some(value.to_owned())
}

fn file(path: &str) -> Result<String, String> {
    match path {
        "token.txt" => Ok("t0ken-in-a-file-0004\n".to_owned()),
        _ => Err("no such file".to_owned()),
    }
}

fn cmd(command: &str) -> Result<String, String> {
    match command {
        "vault read -field=sig secret/retail" => Ok("s1gnature-0005\n".to_owned()),
        _ => Err(format!("exit status 1, having said {API_KEY}")),
    }
}

/// A runbook as far as plans look at it, read without the real reader: headings, list items, lines.
fn book(path: &str, text: &str) -> Runbook {
    let mut book = Runbook { path: path.to_owned(), ..Runbook::default() };
    for (n, line) in text.lines().enumerate() {
        let n = n as u32 + 1;
        let level = line.bytes().take_while(|b| *b == b'#').count();
        if level > 0 {
            let title = line.trim_start_matches('#').trim();
            if book.title.raw().is_empty() {
                book.title = title.into();
            }
            book.headings.push(Heading { text: title.into(), level: level as u8, line: n });
        }
        if let Some(text) = line.split_once("[ ] ").map(|(_, text)| text) {
            book.steps.push(Step {
                id: warroom::fact::StepId(format!("{n:016x}").into()),
                line: n,
                line_end: n,
                block_end: n,
                kind: StepKind::Task,
                checked: Some(false),
                depth: 0,
                parent: None,
                heading_path: Vec::new(),
                phase: None,
                phase_ix: None,
                text: text.into(),
                at: None,
                estimate: None,
                role: None,
                commands: Vec::new(),
                notes: Vec::new(),
            });
        }
    }
    book.lines = text.lines().map(Into::into).collect::<Vec<_>>().into();
    book
}

fn load_text(path: &str, text: &str, books: &[Runbook]) -> Loaded {
    let outside = Outside { env: &env, file: &file, cmd: &cmd };
    load(&Input { path, text, outside: &outside, runbooks: books })
}

/// The rule files that a plan names, as far as they are there.
fn rule_texts(plan: &warroom::plan::Plan, from: &str) -> Vec<RuleText> {
    let named = plan.sources.iter().flat_map(|source| &source.rules);
    let read = named.filter_map(|named| {
        let text = std::fs::read_to_string(folder(from).join(&named.path)).ok()?;
        Some(RuleText { path: named.path.clone(), text })
    });
    read.collect()
}

fn full() -> (String, Vec<Runbook>) {
    let text = std::fs::read_to_string(folder("plans/full.toml")).unwrap();
    let md = std::fs::read_to_string(folder("plans/full.md")).unwrap();
    (text, vec![book("full.md", &md)])
}

fn printed(loaded: &Loaded, text: &str) -> String {
    let own = loaded.findings.iter().filter(|f| f.file.contains("toml"));
    own.map(|f| render(f, text, Paint::Plain)).collect()
}

#[test]
fn a_plan_with_every_table_and_key_loads_clean() {
    let (text, books) = full();
    let loaded = load_text("full.toml", &text, &books);
    assert!(loaded.findings.is_empty(), "{}", printed(&loaded, &text));
    let mut plan = loaded.plan;
    let before = plan.sha256.clone();
    let rules = rule_texts(&plan, "plans");
    assert_eq!(import(&mut plan, &rules), []);
    assert_ne!(plan.sha256, before, "another rule file is another plan");
    let imported = &plan.imported[0];
    assert_eq!((imported.called.as_str(), imported.source.as_str()), ("HighErrorRate", "prod"));
    assert_eq!((imported.every, imported.rule.for_), (Duration::from_secs(30), Duration::from_mins(10)));
    assert_eq!((imported.rule.line, imported.notify.as_slice()), (5, &["oncall".to_owned()][..]));
    assert_eq!(plan.room.name, "retail v2.0.0");
    assert_eq!(plan.room.zone.name(), "Europe/Paris");
    assert_eq!(plan.room.window, Some(Duration::from_hours(3)));
    assert_eq!(plan.services.len(), 6);
    assert_eq!((plan.services[0].every, plan.services[0].timeout), (Duration::from_secs(5), Duration::from_secs(2)));
    assert_eq!((plan.services[1].every, plan.services[1].timeout), (Duration::from_secs(10), Duration::from_secs(3)));
    assert_eq!((plan.services[0].retries, plan.services[1].retries), (2, 1));
    assert_eq!(plan.services[0].target, "https://api.example.com/health");
    assert_eq!(plan.services[0].needs, ["redis"]);
    let Way::PagerDuty { routing_key, url } = &plan.notify[0].way else { panic!("{:?}", plan.notify[0]) };
    assert_eq!((routing_key.expose(), routing_key.shown()), ("pd-routing-key-0002", "***"));
    assert_eq!(url.as_ref().map(warroom::secret::Filled::expose), Some("https://relay.example.com/pd"));
    let steps: Vec<_> = plan.notify[0].escalate.iter().map(|e| (e.after.as_secs(), e.to.as_str())).collect();
    assert_eq!(steps, [(300, "team"), (900, "local")]);
    let heartbeat = plan.heartbeat.as_ref().unwrap();
    assert_eq!((heartbeat.every, heartbeat.url.shown()), (Duration::from_mins(1), "***"));
    assert!(
        plan.masks.mask("GET https://hc.example.com/ping/s3cr3t-0006").ends_with("***"),
        "whoever has it can call it"
    );
    let names: Vec<_> = plan.metrics.iter().map(|m| m.name.as_str()).collect();
    assert_eq!(names.first(), Some(&"error rate"), "in file order");
    assert_eq!(plan.metrics[1].objective.as_ref().unwrap().value, 500.0, "0.5s for a metric in ms");
    assert_eq!(plan.metrics[1].bands, [500.0, 1000.0]);
    assert_eq!(plan.metrics[2].objective.as_ref().unwrap().value, 10.0, "600 a minute for a metric in rps");
    assert_eq!(plan.metrics[3].objective.as_ref().unwrap().value, 1536.0, "1.5GiB for a metric in MiB");
    assert_eq!(plan.metrics[5].from_probe, Some(FromProbe::Latency(99, Some("api".to_owned()))));
    assert_eq!(plan.metrics[6].from_probe, Some(FromProbe::Latency(50, None)));
    assert_eq!(plan.metrics[4].every, Duration::from_secs(5), "as often as the quickest service");
    for (ix, probe) in plan.probes.iter().enumerate() {
        assert_eq!(probe.id.0 as usize, ix);
    }
    let asked: Vec<_> = plan.probes.iter().map(|p| (p.name.as_str(), p.every.as_secs())).collect();
    assert_eq!(
        asked,
        [
            ("api", 5),
            ("redis", 10),
            ("certificate", 3600),
            ("queue", 10),
            ("locked door", 10),
            ("words", 10),
            ("queue length", 10),
            ("replicas", 30),
            ("app", 2),
            ("prod", 15),
            ("prod", 10),
            ("prod", 10),
            ("alertmanager", 20),
            ("prod", 30),
        ]
    );
    let Ask::Scrape { queries, request, .. } = &plan.probes[8].ask else { panic!("app is scraped") };
    assert_eq!(
        queries.iter().map(|q| q.metric).collect::<Vec<_>>(),
        [MetricIx(0), MetricIx(1)],
        "one page, two queries"
    );
    assert_eq!(request.headers[0].1.expose(), API_KEY);
    let Ask::Http { expect, request, .. } = &plan.probes[0].ask else { panic!("api is asked over http") };
    assert_eq!(expect.target.as_deref(), Some("v2.0.0"));
    assert_eq!(expect.status, [200, 204]);
    assert_eq!(expect.within, Some(Duration::from_millis(500)));
    assert_eq!(
        request.headers.iter().find(|(n, _)| n == "Authorization").unwrap().1.expose(),
        "Bearer t0ken-in-a-file-0004"
    );
    let Ask::Command { command, .. } = &plan.probes[3].ask else { panic!("queue is a command") };
    assert_eq!(
        command.argv.iter().map(warroom::secret::Filled::expose).collect::<Vec<_>>(),
        ["redis-cli", "-h", "redis", "ping"]
    );
    assert_eq!(command.env.iter().map(|(n, _)| n.as_str()).collect::<Vec<_>>(), ["KUBECONFIG", "AWS_REGION"]);
    assert_eq!(plan.rollbacks[0].steps.line, Some(3), "a bold label counts as a heading");
    assert_eq!(plan.gates[0].at.as_ref().unwrap().line, Some(11), "the time after the heading does not count");
    assert_eq!(plan.gates[1].at.as_ref().unwrap().line, Some(13), "a step");
    assert_eq!(plan.windows[0].until.0, 5400);
}

#[test]
fn no_secret_is_in_what_is_shown_of_a_plan() {
    let (text, books) = full();
    let plan = load_text("full.toml", &text, &books).plan;
    let shown = format!("{}{plan:?}", serde_json::to_string(&plan).unwrap());
    let secrets =
        [API_KEY, "t0ken-in-a-file", "s1gnature", "pd-routing-key", "s3cr3t-0003", "hooks.example.com", "s3cr3t-0006"];
    for secret in secrets {
        assert!(!shown.contains(secret), "{secret} is in {shown}");
    }
    assert!(!shown.contains("/home/ops"), "children's variables are secrets unless declared as none");
    assert_eq!(plan.masks.mask(&format!("x-api-key: {API_KEY}.")), "x-api-key: ***.");
    assert_eq!(plan.masks.mask("host api.example.com"), "host api.example.com", "declared as no secret");
}

#[test]
fn every_way_to_watch_loads_clean_and_keeps_its_secrets() {
    let text = std::fs::read_to_string(folder("plans/watched.toml")).unwrap();
    let loaded = load_text("rooms/watched.toml", &text, &[]);
    assert!(loaded.findings.is_empty(), "{}", printed(&loaded, &text));
    let plan = loaded.plan;
    let kinds: Vec<_> = plan.services.iter().map(|s| s.kind).collect();
    let fresh = "fresh";
    assert_eq!(
        kinds,
        [
            "http",
            "state",
            "table",
            "table",
            "blue and green",
            "blue and green",
            "refused",
            "burst",
            fresh,
            fresh,
            fresh,
            "secret",
            "secret"
        ]
    );
    assert_eq!(plan.services[0].target_version.as_deref(), Some("v2.0"), "of the parameter");
    assert_eq!(plan.services[6].retries, 0, "an open door needs no second look");
    let Ask::Http { expect, .. } = &plan.probes[6].ask else { panic!("a door is asked over http") };
    assert_eq!(expect.refused, [401, 403, 429]);
    assert_eq!(plan.probes[7].every, Duration::from_secs(30), "a burst is slower by itself");
    let Ask::Http { expect, .. } = &plan.probes[1].ask else { panic!("a breaker is asked over http") };
    assert_eq!(expect.state.as_ref().unwrap().up, ["closed", "true", "1"]);
    let Ask::Fresh { dated: Dated::File(path), .. } = &plan.probes[8].ask else { panic!("a dump is a file") };
    assert_eq!(path, "rooms/dumps", "beside the plan, not where the program was started");
    // A secret that is only checked for is masked like one that is used.
    let shown = format!("{}{plan:?}", serde_json::to_string(&plan).unwrap());
    for secret in ["pd-routing-key-0002", "t0ken-in-a-file-0004"] {
        assert!(!shown.contains(secret), "{secret} is in {shown}");
        assert_eq!(plan.masks.mask(secret), "***");
    }
}

#[test]
fn each_bad_plan_gives_exactly_its_findings() {
    let mut seen = std::collections::BTreeSet::new();
    let mut wrong = String::new();
    let mut paths: Vec<_> = std::fs::read_dir(folder("bad")).unwrap().map(|e| e.unwrap().path()).collect();
    paths.retain(|p| p.extension().is_some_and(|e| e == "toml"));
    paths.sort();
    assert!(paths.len() >= 25, "the folder of bad plans is there");
    for path in paths {
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let text = std::fs::read_to_string(&path).unwrap();
        let books: Vec<_> = runbook_paths(&text)
            .iter()
            .filter_map(|md| Some(book(md, &std::fs::read_to_string(folder("bad").join(md)).ok()?)))
            .collect();
        let mut loaded = load_text(&name, &text, &books);
        let rules = rule_texts(&loaded.plan, "bad");
        loaded.findings.extend(import(&mut loaded.plan, &rules));
        let mut got = String::new();
        for f in &loaded.findings {
            seen.insert(f.code);
            let of = rules.iter().find(|r| r.path == f.file);
            let file = of.map(|r| format!("{} ", r.path)).unwrap_or_default();
            let _ =
                writeln!(got, "{} {file}{}:{} `{}` {}\n    {}", f.code, f.line, f.column, f.text, f.message, f.help);
            let line = of.map_or(&text, |r| &r.text).lines().nth(f.line as usize - 1).unwrap();
            let words = f.text.trim_end_matches('…');
            assert!(line.contains(words) || words.contains('\\'), "{name}: {f:?}");
        }
        let expected = path.with_extension("expected");
        // Writes them anew, for reading over in the diff.
        if std::env::var_os("WARROOM_BLESS").is_some() {
            std::fs::write(&expected, &got).unwrap();
        }
        let want = std::fs::read_to_string(&expected).unwrap_or_default();
        if got != want {
            let _ = writeln!(wrong, "--- {name}, expected:\n{want}--- found:\n{got}{}", printed(&loaded, &text));
        }
        assert!(!got.is_empty(), "{name} is a bad plan and must say so");
        assert!(!got.contains(API_KEY) && !got.contains("hunter22"), "{name}: a secret is in its findings");
    }
    assert!(wrong.is_empty(), "{wrong}");
    let plans = codes::ALL.iter().filter(|c| c.id < "WR040").map(|c| c.id);
    let untested: Vec<_> = plans.filter(|c| !seen.contains(c)).collect();
    assert!(untested.is_empty(), "no bad plan shows {untested:?}");
}

#[test]
fn a_finding_is_printed_with_a_caret_under_its_words() {
    let text = "[[service]]\nname = \"api\"\nhttp = \"https://x/\"\nevrey = \"5s\"\n";
    let loaded = load_text("warroom.toml", text, &[]);
    assert_eq!(
        printed(&loaded, text),
        "error[WR002]: unknown key `evrey` in [[service]]\n --> warroom.toml:4:1\n  |\n4 | evrey = \"5s\"\n  | ^^^^^\n  |\n  = help: did you mean `every`?\n"
    );
    let coloured = render(&loaded.findings[0], text, Paint::Colour);
    assert!(coloured.contains("\u{1b}["));
    let json = serde_json::to_value(warroom::finding::Report::new(loaded.findings)).unwrap();
    assert_eq!(json["errors"], 1);
    assert_eq!(
        json["findings"][0],
        serde_json::json!({ "code": "WR002", "level": "error", "file": "warroom.toml", "line": 4, "column": 1,
            "text": "evrey", "message": "unknown key `evrey` in [[service]]", "help": "did you mean `every`?" })
    );
}

#[test]
fn a_finding_about_a_file_points_at_no_line() {
    let mut damaged = book("go-live.md", "# Go");
    damaged.repaired = Some(warroom::runbook::Repair::MacRoman);
    let loaded = load_text("warroom.toml", "[room]\nrunbook = \"go-live.md\"\n", &[damaged]);
    assert!(loaded.usable());
    let shown = render(&loaded.findings[0], "[room]\n", Paint::Plain);
    assert!(shown.starts_with("warning[WR040]: the text was damaged") && shown.contains("--> go-live.md\n"), "{shown}");
    assert!(!shown.contains("[room]"), "{shown}");
}

#[test]
fn what_is_printed_of_a_hostile_plan_moves_no_cursor() {
    let text = "[room]\nname = \"a\\u001b[2Jb\"\n\"\\u001b]0;x\\u0007\" = 1\nzone = \"\u{202e}\u{9b}2J\"\n";
    let loaded = load_text("warroom.toml", text, &[]);
    let all = printed(&loaded, text) + &serde_json::to_string(&loaded.findings).unwrap();
    assert!(loaded.findings.len() >= 2, "{all}");
    assert!(!all.contains(['\u{1b}', '\u{7}', '\u{202e}', '\u{9b}']), "{all:?}");
}

#[test]
fn a_runbook_alone_is_a_plan_without_probes() {
    let plan = bare("runbooks/go-live.md", "Retail go-live");
    assert_eq!(
        (plan.room.name.as_str(), plan.room.runbook.as_slice()),
        ("Retail go-live", &["runbooks/go-live.md".to_owned()][..])
    );
    assert!(plan.probes.is_empty() && plan.roles.is_empty());
    assert_eq!(bare("runbooks/go-live.md", "").room.name, "go-live");
}

#[test]
fn an_empty_plan_and_one_service_have_sensible_defaults() {
    let loaded = load_text("retail/warroom.toml", "", &[]);
    assert!(loaded.findings.is_empty());
    assert_eq!(loaded.plan.room.name, "retail", "the folder's name");
    let loaded = load_text(
        "w.toml",
        "[[service]]\nname='a'\nhttp='http://127.0.0.1:1/'\n[[service]]\nname='b'\ntcp='[::1]:6379'\nevery='1s'",
        &[],
    );
    assert!(loaded.usable(), "{:?}", loaded.findings);
    let paces: Vec<_> = loaded.plan.probes.iter().map(|p| (p.every.as_secs(), p.timeout.as_secs())).collect();
    assert_eq!(paces, [(5, 5), (1, 1)], "a deadline is never over its interval by default");
    assert_eq!(loaded.plan.services[0].retries, 1);
}

#[test]
fn five_thousand_services_load_at_once() {
    let text: String = (0..5000)
        .map(|n| format!("[[service]]\nname = \"s{n}\"\ntcp = \"127.0.0.1:9{}\"\nneeds = [\"s0\"]\n", n % 10))
        .collect();
    let text = text.replacen("needs = [\"s0\"]", "", 1);
    let loaded = load_text("w.toml", &text, &[]);
    assert!(loaded.usable(), "{:?}", loaded.findings.first());
    assert_eq!(loaded.plan.probes.len(), 5000);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    /// Cut anywhere, a plan either is refused, or is what stands before the cut.
    #[test]
    fn a_truncated_plan_never_panics(at in 0..6000usize) {
        let (text, books) = full();
        let mut at = at.min(text.len());
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        let cut = &text[..at];
        let loaded = load_text("cut.toml", cut, &books);
        for f in &loaded.findings {
            prop_assert!(!render(f, cut, Paint::Plain).is_empty());
        }
    }

    /// A key with one letter changed is never taken in silence.
    #[test]
    fn a_misspelt_key_never_loads(n in 0..200usize, letter in 0..12usize, by in proptest::char::range('a', 'z')) {
        let (text, books) = full();
        let lines: Vec<&str> = text.lines().collect();
        let keys: Vec<usize> = lines.iter().enumerate()
            .filter(|(_, l)| l.split_once(" = ").is_some_and(|(k, _)| k.chars().all(|c| c.is_ascii_lowercase() || c == '_')))
            .map(|(n, _)| n)
            // Names of parameters are free.
            .filter(|n| lines[..*n].iter().rposition(|l| l.starts_with('[')).is_none_or(|h| lines[h] != "[params]"))
            .collect();
        let n = keys[n % keys.len()];
        let (key, value) = lines[n].split_once(" = ").unwrap();
        let mut letters: Vec<char> = key.chars().collect();
        let letter = letter % letters.len();
        prop_assume!(letters[letter] != by);
        letters[letter] = by;
        let misspelt: String = letters.iter().collect();
        let mut lines: Vec<String> = lines.iter().map(|l| (*l).to_owned()).collect();
        lines[n] = format!("{misspelt} = {value}");
        let text = lines.join("\n");
        let loaded = load_text("misspelt.toml", &text, &books);
        prop_assert!(!loaded.usable(), "`{misspelt}` for `{key}` went unseen");
        let told = loaded.findings.iter().any(|f| f.level == Level::Error && f.line as usize == n + 1);
        prop_assert!(told, "line {}: {:?}", n + 1, loaded.findings);
    }

    /// Bytes changed, doubled, dropped: no panic, and every place is in the file.
    #[test]
    fn a_mutated_plan_never_panics(edits in proptest::collection::vec((0..6000usize, 0..4u8, any::<char>()), 1..8)) {
        let (text, books) = full();
        let mut chars: Vec<char> = text.chars().collect();
        for (at, what, c) in edits {
            let at = at % chars.len();
            match what {
                0 => chars[at] = c,
                1 => chars.insert(at, c),
                2 => { chars.remove(at); }
                _ => { let tail: Vec<char> = chars[at..(at + 40).min(chars.len())].to_vec(); chars.splice(at..at, tail); }
            }
        }
        let text: String = chars.into_iter().collect();
        let loaded = load_text("mutated.toml", &text, &books);
        for f in &loaded.findings {
            prop_assert!(text.get(f.span.clone()).is_some());
            let escapes = render(f, &text, Paint::Plain).contains('\u{1b}');
            prop_assert!(!escapes);
            prop_assert!(!f.message.contains(API_KEY) && !f.help.contains(API_KEY));
        }
    }
}

#[test]
fn secrets_are_masked_in_every_clothing() {
    let mut masks = warroom::secret::Masks::default();
    let secret = "p@ss/word+\"ü\"=1";
    masks.add(secret);
    let url = "p%40ss%2Fword%2B%22%C3%BC%22%3D1";
    let hex: String = secret.bytes().map(|b| format!("{b:02x}")).collect();
    let json = serde_json::to_string(secret).unwrap();
    let cases = [
        secret.to_owned(),
        url.to_owned(),
        url.to_lowercase(),
        hex.to_uppercase(),
        hex,
        json.trim_start_matches('"').strip_suffix('"').unwrap().to_owned(),
        "p@ss/word+\\\"\\u00fc\\\"=1".to_owned(),
        "p@ss\\/word+\\\"\\u00FC\\\"=1".to_owned(),
    ];
    for case in cases {
        let text = format!("before {case} after");
        assert_eq!(masks.mask(&text), "before *** after");
    }
    // As the user part of basic authentication and friends: three alignments.
    for before in ["", "u", "us", "use"] {
        let encoded = base64(format!("{before}{secret}:tail").as_bytes());
        let masked = masks.mask(&format!("Authorization: Basic {encoded}"));
        assert!(masked.contains("***"), "{before:?}: {masked}");
        let core = encoded.get(6..20).unwrap();
        assert!(!masked.contains(core), "{masked} keeps {core}");
    }
    let innocent = "nothing to see here: cGFzc3dvcmQ= and p@ss";
    assert!(matches!(masks.masked(innocent), std::borrow::Cow::Borrowed(_)), "nothing is copied without a hit");
    masks.add("short");
    assert_eq!(masks.mask("short"), "short", "under six characters would hit innocent words");
    let key = "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASC\nBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj\n-----END PRIVATE KEY-----\n";
    masks.add(key);
    assert_eq!(masks.mask("line BKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj"), "line ***", "a key is hidden line by line");
    masks.add("p@ss/word");
    assert_eq!(masks.mask(secret), "***", "the longer secret is masked whole");
}

fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for group in bytes.chunks(3) {
        let n = group.iter().fold(0u32, |n, b| n << 8 | u32::from(*b)) << (8 * (3 - group.len()));
        for place in 0..=group.len() {
            out.push(char::from(LETTERS[(n >> (18 - 6 * place) & 63) as usize]));
        }
        out.push_str(&"=="[..3 - group.len()]);
    }
    out
}

#[test]
fn preferences_name_the_place_of_a_mistake() {
    let text = "theme = \"dark\"\nascii = true\nname = \"ic\"\nlayout = \"oncall\"\n[keys]\ntick = [\"x\", \"space\"]\nundo = \"u\"\n";
    let (config, findings) = warroom::config::parse("config.toml", text);
    assert!(findings.is_empty(), "{findings:?}");
    assert_eq!((config.theme.as_deref(), config.ascii, config.mouse), (Some("dark"), true, false));
    assert_eq!(config.layout.as_deref(), Some("oncall"));
    let keys: Vec<_> = config.keys.iter().map(|b| (b.action.as_str(), b.keys.join(" "))).collect();
    assert_eq!(keys, [("tick", "x space".to_owned()), ("undo", "u".to_owned())]);
    let text = "thme = \"dark\"\nmouse = \"yes\"\nlayout = \"on-call\"\n[keys]\ntick = [\"x\", \"x\"]\nundo = 5\n";
    let (_, findings) = warroom::config::parse("config.toml", text);
    let told: Vec<_> =
        findings.iter().map(|f| format!("{}:{}:{} {} {}", f.file, f.line, f.column, f.code, f.help)).collect();
    assert_eq!(
        told,
        [
            "config.toml:1:1 WR002 did you mean `theme`?",
            "config.toml:2:9 WR003 write `mouse = true` or `mouse = false`, without quotes",
            "config.toml:3:10 WR009 did you mean \"oncall\"?",
            "config.toml:5:14 WR008 give each key one action",
            "config.toml:6:8 WR003 write `undo = [\"…\", \"…\"]`",
        ]
    );
    assert_eq!(warroom::config::parse("config.toml", "").0, warroom::config::Config::default());
}
