//! Text that wants to drive a terminal, a chat or a browser, in every place that somebody else writes: nowhere raw.

use serde_json::Value;
use warroom::fact::Draft;
use warroom::notice::Notice;
use warroom::secret::Masks;
use warroom::tell::{command, pagerduty, slack, webhook};
use warroom::text::is_unsafe;
use warroom::tui::layout::Pane;

use super::*;

const EVIL: [&str; 5] = [
    "\u{1b}[2J\u{1b}]0;gone\u{7}\u{1b}]52;c;ZXZpbA==\u{7}",
    "\u{202e}gnp.exe\u{2066}\u{200b}",
    "a\0b\u{9b}31m\u{7f}\u{8}",
    "<!channel> <script>alert(1)</script> \u{e0041}",
    "\u{feff}x\r\ny\u{2028}z",
];

/// Everything that a text must not hold once it has left: what moves a cursor, reorders or hides. Line ends may stand in
/// what is laid out in lines.
fn clean(sink: &str, text: &str) {
    let bad = text.chars().find(|c| is_unsafe(*c) && *c != '\n');
    assert!(bad.is_none(), "{sink} holds {bad:?}: {}", text.escape_debug().take(2_000).collect::<String>());
}

/// Every text of a document, names of its fields too.
fn texts(value: &Value, out: &mut Vec<String>) {
    match value {
        Value::String(text) => out.push(text.clone()),
        Value::Array(items) => items.iter().for_each(|item| texts(item, out)),
        Value::Object(map) => {
            for (name, value) in map {
                out.push(name.clone());
                texts(value, out);
            }
        }
        _ => {}
    }
}

fn clean_json(sink: &str, text: &str) {
    clean(sink, text);
    let mut all = Vec::new();
    texts(&serde_json::from_str(text).unwrap(), &mut all);
    for text in &all {
        clean(sink, text);
    }
}

fn clean_notice(notice: &Notice) {
    let masks = Masks::default();
    for (_, body) in pagerduty::requests(notice, &masks, "0123456789abcdef0123456789abcdef") {
        clean_json("PagerDuty", &body);
    }
    let body = slack::message(notice, &masks);
    clean_json("Slack", &body);
    assert!(!body.contains("<!") && !body.contains("<script"), "{body}");
    let digest = slack::digest(&[notice, notice], &masks);
    clean_json("a Slack digest", &digest);
    assert!(!digest.contains("<!"), "{digest}");
    for (_, body) in webhook::requests(notice, &masks) {
        clean_json("the webhook", &body);
    }
    clean_json("the command", &command::notice(notice, &masks));
}

#[test]
fn what_others_write_arrives_nowhere_raw() {
    for evil in EVIL {
        let quoted = serde_json::to_string(evil).unwrap();
        let rules = format!(
            "groups:\n- name: {quoted}\n  rules:\n  - alert: {quoted}\n    expr: x > 1\n    labels: {{severity: critical, team: {quoted}}}\n    \
             annotations: {{summary: {quoted}, {quoted}: {quoted}}}\n  - alert: Other\n    expr: y > 1\n"
        );
        let mut plan = support::plan(PLAN, &[]);
        let texts = [RuleText { path: "alerts.yml".to_owned(), text: rules }];
        for finding in import(&mut plan, &texts) {
            clean("a finding", &finding.message);
        }
        let Some(_) = plan.imported.first() else { continue };
        let mut w = Watched::new(plan.clone());
        let names: Vec<String> = (0..5).map(|n| format!("{n}{evil}")).collect();
        let all: Vec<(&str, f64)> = names.iter().map(|name| (name.as_str(), 2.0)).collect();
        w.run(30, 0, Ok(&all));
        let alert = ForeignAlert {
            labels: Labels::new([("alertname", evil), ("job", evil), (evil, "x"), ("severity", "critical")]),
            summary: evil.into(),
            ..foreign("db", ForeignState::Firing)
        };
        says(&mut w, Ok(vec![alert]));
        // A name that is written down and read again is the same: the next watch goes on with the same breaches.
        let open = w.room.alerts().iter().filter(|a| a.state == Shown::Firing && a.name.contains("severity")).count();
        let read_back = |fact: &Fact| serde_json::from_str::<Fact>(&serde_json::to_string(fact).unwrap()).unwrap();
        let mut next = Watched::new(plan);
        let facts: Vec<Fact> = w.facts.iter().map(read_back).collect();
        for fact in facts {
            next.record(fact);
        }
        next.room.now = w.room.now;
        let _ = observe::begin_watch(&mut next.room);
        assert_eq!(next.room.live.imported[0].instances.len(), 5, "{} of {open}", evil.escape_debug());
        w.run(20, 0, Err(evil));
        assert!(!notices(&w.facts).is_empty(), "{}", evil.escape_debug());
        notices(&w.facts).into_iter().for_each(clean_notice);
        // What the journal writes down.
        for fact in &w.facts {
            let draft: Draft = warroom::room::decide::draft(&author("ic"), fact.clone());
            let line = serde_json::to_string(&draft.fact).unwrap();
            let raw = evil.chars().filter(|c| is_unsafe(*c)).find(|c| line.contains(*c));
            assert!(raw.is_none(), "the journal holds {raw:?}: {}", line.escape_debug());
        }
        // What `status` says, and every screen that shows an alert.
        clean_json("status", &warroom::app::status::json(&w.room).to_string());
        let theme = Theme::default();
        let mut view = View::new();
        let screen = |w: &Watched, view: &mut View| clean("the screen", &text(&frame(&w.room, view, &theme, 160, 48)));
        screen(&w, &mut view);
        let about: Vec<Alarmed> = w.room.alerts().into_iter().map(|a| Alarmed::Alert(a.name)).collect();
        assert!(about.len() >= 6);
        for about in about.into_iter().chain([Alarmed::Kind(evil.to_owned())]) {
            (view.alarm, view.detail, view.focus) = (Some(about), Detail::Alert, Pane::Detail);
            screen(&w, &mut view);
        }
        (view.detail, view.focus) = (Detail::Board, Pane::Detail);
        screen(&w, &mut view);
    }
}
