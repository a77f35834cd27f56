//! Messages as strict receivers judge them: every kind of notice, and hostile ones.

use serde_json::Value;
use uuid::Uuid;
use warroom::notice::{Action, Group, Member, Notice, Severity};
use warroom::secret::Masks;
use warroom::tell::{command, outbox, pagerduty, slack, webhook};

use super::strict::{self, notice};

const KEY: &str = "0123456789abcdef0123456789abcdef";
const ACTIONS: [Action; 6] =
    [Action::Trigger, Action::Acknowledge, Action::Resolve, Action::Change, Action::Inform, Action::Test];
const SEVERITIES: [Severity; 4] = [Severity::Info, Severity::Warn, Severity::Page, Severity::Rollback];

/// What a hostile production could make of a notice.
fn hostile() -> Vec<Notice> {
    let texts = [
        "<!channel> <@U1> <!here|x> <https://evil.example|click> &lt; & && &amp",
        "\u{1b}[2J\u{1b}]0;gone\u{7} \0 \u{9b}31m\r\nnext",
        "\u{202e}txet desrever\u{202c} \u{200b}\u{2066}x\u{2069} שלום مرحبا",
        "&&&&&&&&&&&&&&&&&&&&&&&&<<<<<<<<<<<<<<<<<<<<<<<<>>>>>>>>>>>>>>>",
        "",
        "   ",
        "𝕏\u{e000}\u{fdd0}a\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}",
        "\"}],\"blocks\":[{\"type\":\"section\"}] \\u003c!channel\\u003e",
    ];
    let mut out = Vec::new();
    for action in ACTIONS {
        for severity in SEVERITIES {
            out.push(notice("plain", action, severity));
            for text in texts {
                for times in [1, 300] {
                    let long = text.repeat(times);
                    let mut one = notice(&long, action, severity);
                    one.room = long.as_str().into();
                    one.alert = Some(long.clone());
                    one.summary = long.as_str().into();
                    one.details = vec![(long.clone(), long.as_str().into()), (long.clone(), long.as_str().into())];
                    out.push(one);
                }
            }
        }
    }
    for text in texts {
        for times in [1, 30] {
            for members in [1, 2, 200, 1_000] {
                let mut one = notice("group", Action::Trigger, Severity::Page);
                let member = |n| Member { episode: Uuid::now_v7(), name: format!("{text}{{n=\"{n}\"}}").into() };
                one.group = Some(Group {
                    by: text.repeat(times).as_str().into(),
                    home: "oncall".to_owned(),
                    firing: members,
                    members: (0..members).map(member).collect(),
                });
                out.push(one);
            }
        }
    }
    for text in ["x", "\u{1b}", "\0", "<", "&", "é", "\u{202e}", "\\", "𝕏"] {
        let mut one = notice("large", Action::Trigger, Severity::Page);
        one.summary = text.repeat(2_000).into();
        one.details = (0..5).map(|n| (format!("part {n}"), text.repeat(1_000_000 / text.len()).into())).collect();
        out.push(one);
        let mut many = notice("many", Action::Trigger, Severity::Page);
        many.details = (0..5_000).map(|n| (format!("part {n}"), text.repeat(50).into())).collect();
        out.push(many);
    }
    out
}

#[test]
fn strict_receivers_take_every_notice_however_hostile() {
    let masks = Masks::default();
    for notice in hostile() {
        let what = || format!("{:?} {:?} of {} bytes", notice.action, notice.severity, notice.summary.raw().len());
        let posts = pagerduty::requests(&notice, &masks, KEY);
        assert_eq!(posts.len(), if notice.action == Action::Test { 2 } else { 1 });
        for (path, body) in posts {
            let judged = match path {
                pagerduty::EVENT => strict::event(body.as_bytes()).map(|_| ()),
                _ => strict::change(body.as_bytes()).map(|_| ()),
            };
            assert_eq!(judged, Ok(()), "PagerDuty, {}", what());
        }
        let (_, over) = pagerduty::over(&notice, &notice, &masks, KEY);
        assert_eq!(strict::change(over.as_bytes()).map(|_| ()), Ok(()), "{}", what());
        assert_eq!(strict::slack(slack::message(&notice, &masks).as_bytes()).map(|_| ()), Ok(()), "Slack, {}", what());
        for (_, body) in webhook::requests(&notice, &masks) {
            assert_eq!(strict::alertmanager(body.as_bytes()).map(|_| ()), Ok(()), "webhook, {}", what());
        }
        let variable = command::notice(&notice, &masks);
        assert!(variable.len() < 128 * 1024 - 32 && strict::plain(&variable), "command, {}", what());
        assert!(serde_json::from_str::<Value>(&variable).is_ok());
    }
    let many = hostile();
    for some in many.chunks(outbox::DIGEST) {
        let some: Vec<&Notice> = some.iter().collect();
        assert_eq!(strict::slack(slack::digest(&some, &masks).as_bytes()).map(|_| ()), Ok(()), "a digest");
    }
}

#[test]
fn what_is_cut_says_so_and_what_is_long_keeps_its_identity() {
    let masks = Masks::default();
    let mut long = notice(&"é".repeat(300), Action::Trigger, Severity::Page);
    long.summary = "s".repeat(2_000).into();
    long.details = vec![("output".to_owned(), "o".repeat(1_000_000).into())];
    let body = |n: &Notice| serde_json::from_str::<Value>(&pagerduty::requests(n, &masks, KEY)[0].1).unwrap();
    let event = body(&long);
    assert!(event["payload"]["summary"].as_str().unwrap().ends_with("[cut, 2000 characters in all]"));
    assert!(event["payload"]["custom_details"]["output"].as_str().unwrap().contains("cut, 1000000 characters"));
    let resolve = body(&Notice { action: Action::Resolve, ..long.clone() });
    assert_eq!(event["dedup_key"], resolve["dedup_key"]);
    let other = body(&Notice { key: format!("{}x", "é".repeat(300)), ..long });
    assert_ne!(event["dedup_key"], other["dedup_key"], "the end of a long key counts");
}

#[test]
fn pagerduty_wakes_for_a_page_alone_and_a_test_leaves_no_incident() {
    let masks = Masks::default();
    let severity = |s| {
        let posts = pagerduty::requests(&notice("a", Action::Trigger, s), &masks, KEY);
        serde_json::from_str::<Value>(&posts[0].1).unwrap()["payload"]["severity"].as_str().unwrap().to_owned()
    };
    assert_eq!(SEVERITIES.map(severity), ["info", "warning", "critical", "critical"]);
    for quiet in [Action::Change, Action::Inform] {
        assert_eq!(pagerduty::requests(&notice("a", quiet, Severity::Page), &masks, KEY)[0].0, pagerduty::CHANGE);
    }
    let test = notice("real-incident", Action::Test, Severity::Page);
    let events: Vec<_> = pagerduty::requests(&test, &masks, KEY)
        .into_iter()
        .map(|(_, b)| strict::event(b.as_bytes()).unwrap())
        .collect();
    assert_eq!((events[0].0.as_str(), events[1].0.as_str()), ("trigger", "resolve"));
    assert!(events[0].1 == events[1].1 && !events[0].1.contains("real-incident"));
}

#[test]
fn a_digest_names_each_and_says_of_what_came_and_went_that_it_is_over() {
    let masks = Masks::default();
    let mut all: Vec<Notice> =
        (0..outbox::DIGEST - 1).map(|n| notice(&format!("k{n}"), Action::Trigger, Severity::Warn)).collect();
    all.push(notice("k0", Action::Resolve, Severity::Warn));
    let shown = strict::slack(slack::digest(&all.iter().collect::<Vec<_>>(), &masks).as_bytes()).unwrap();
    for n in &all {
        assert!(shown.contains(&format!("*{}*", n.alert.as_ref().unwrap())), "{} is not named", n.key);
    }
    let lines: Vec<&str> = shown.lines().filter(|line| line.contains("*name-of-k0*")).collect();
    assert!(lines.len() == 1 && lines[0].contains("is over"), "{lines:?}");
}

#[test]
fn a_webhook_tells_firing_and_resolved_of_one_alert() {
    let masks = Masks::default();
    let judge = |action| {
        let posts = webhook::requests(&notice("a", action, Severity::Page), &masks);
        strict::alertmanager(posts[0].1.as_bytes()).unwrap()
    };
    let (firing, over) = (judge(Action::Trigger), judge(Action::Resolve));
    assert_eq!((firing.0.as_str(), over.0.as_str()), ("firing", "resolved"));
    assert_eq!((firing.1, firing.2), (over.1, over.2), "the same alert");
}

#[test]
fn secrets_are_masked_in_every_message_even_where_it_is_cut() {
    const SECRET: &str = "hunter22-of-the-vault";
    let mut masks = Masks::default();
    masks.add(SECRET);
    // At every place around the cuts of each receiver.
    for pad in (0..40).step_by(4).flat_map(|n| [980 + n, 2_960 + n, 150 + n]) {
        let text = format!("{}{SECRET} and so on{}", "x".repeat(pad), "y".repeat(4_000));
        let mut one = notice("a", Action::Trigger, Severity::Page);
        one.summary = text.as_str().into();
        one.alert = Some(text.clone());
        one.details = vec![(text.clone(), text.as_str().into())];
        let mut bodies = vec![slack::message(&one, &masks), slack::digest(&[&one, &one], &masks)];
        bodies.extend(pagerduty::requests(&one, &masks, KEY).into_iter().map(|(_, body)| body));
        bodies.extend(webhook::requests(&one, &masks).into_iter().map(|(_, body)| body));
        bodies.push(command::notice(&one, &masks));
        for body in bodies {
            assert!(!body.contains("hunter"), "at {pad}: {body}");
        }
    }
}
