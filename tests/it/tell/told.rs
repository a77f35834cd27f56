//! What a room sees of its channels: reports, refusals, reloads, secrets, commands.

use serde_json::Value;
use warroom::notice::{Action, Delivery, Notice, Severity};
use warroom::plan::Way;
use warroom::secret::{Filled, Masks};
use warroom::tell::Setup;

use super::fake::{Reply, Telling, World, channel, pagerduty, secret, to_pagerduty, to_slack};
use super::strict;
use crate::support::wait::eventually;

fn refusal(telling: &Telling, id: uuid::Uuid) -> String {
    match telling.last(id) {
        Some(Delivery::Refused { why, .. }) => why.clone(),
        other => panic!("{other:?}"),
    }
}

fn is_refused(telling: &Telling, id: uuid::Uuid) -> bool {
    matches!(telling.last(id), Some(Delivery::Refused { .. }))
}

#[test]
fn what_a_receiver_refuses_is_shown_with_its_reason_and_without_the_secret() {
    let world = World::new();
    let receiver = world
        .receiver(|_, r| Reply::Say(404, "", format!("no_service \u{1b}[2J at {} for {}", r.path, "s3cr3t-of-slack")));
    let mut telling = Telling::start(vec![to_slack("team", &receiver)]);
    let id = telling.trigger("team", "a");
    telling.until("refused", |t| is_refused(t, id));
    let why = refusal(&telling, id);
    assert!(why.starts_with("HTTP 404: no_service \\e[2J"), "{why}");
    assert!(!why.contains("s3cr3t"), "{why}");
    assert_eq!(receiver.requests().len(), 1, "and it is not sent again");
}

#[test]
fn a_redirect_is_not_followed_and_a_dead_receiver_is_said_without_its_url() {
    let world = World::new();
    let elsewhere = world.receiver(|_, _| Reply::status(200));
    let to = elsewhere.url("/stolen");
    let location: &'static str = Box::leak(format!("Location: {to}").into_boxed_str());
    let receiver = world.receiver(move |_, _| Reply::Say(307, location, String::new()));
    let dead = world.receiver(|_, _| Reply::status(200));
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let dead = channel(
        "dead",
        Way::Slack { webhook: secret(&dead.url("/s3cr3t").replace(&dead.at.to_string(), &free.to_string())) },
    );
    let mut telling = Telling::start(vec![to_slack("team", &receiver), dead]);
    let (moved, lost) = (telling.trigger("team", "a"), telling.trigger("dead", "a"));
    telling.until("both are tried", |t| t.last(moved).is_some() && t.last(lost).is_some());
    let why = |id| match telling.last(id) {
        Some(Delivery::Trying { why, .. }) => why.clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!(why(moved), "HTTP 307: redirected; nothing is sent on, name the final URL");
    assert_eq!(why(lost), "connection refused");
    assert_eq!(elsewhere.requests().len(), 0);
}

#[test]
fn one_notice_said_three_times_is_sent_once_and_its_report_comes_again() {
    let world = World::new();
    let (receiver, _) = pagerduty(&world, |_, _| None);
    let mut telling = Telling::start(vec![to_pagerduty("pd", &receiver)]);
    let notice = Notice { channel: "pd".to_owned(), ..strict::notice("a", Action::Trigger, Severity::Page) };
    for _ in 0..2 {
        assert!(telling.tell.say(notice.clone()));
    }
    telling.until("delivered", |t| t.is_delivered(notice.id));
    let before = telling.had.len();
    assert!(telling.tell.say(notice.clone()));
    telling.until("reported again", |t| t.had.len() > before);
    assert!(telling.is_delivered(notice.id));
    assert_eq!(receiver.requests().len(), 1);
}

#[test]
fn reports_that_find_no_room_come_later() {
    let world = World::new();
    let (receiver, _) = pagerduty(&world, |_, _| None);
    let setup = Setup { channels: vec![to_pagerduty("pd", &receiver)], ..Setup::default() };
    let mut telling = Telling::with(setup, 1);
    let ids: Vec<_> = (0..16).map(|n| telling.trigger("pd", &format!("e{n}"))).collect();
    // Nobody takes a report until all were sent.
    eventually("sixteen requests", || receiver.requests().len() >= 16);
    telling.until("every report", |t| ids.iter().all(|id| t.is_delivered(*id)));
}

#[test]
fn a_reloaded_plan_keeps_what_waits_and_sends_it_by_the_new_address_at_once() {
    let world = World::new();
    let wrong = world.receiver(|_, _| Reply::Say(503, "Retry-After: 600", String::new()));
    let (right, incidents) = pagerduty(&world, |_, _| None);
    let mut telling = Telling::start(vec![to_pagerduty("pd", &wrong), to_slack("gone", &wrong)]);
    let (kept, lost) = (telling.trigger("pd", "a"), telling.trigger("gone", "a"));
    telling.until("both wait", |t| t.last(kept).is_some() && t.last(lost).is_some());
    let setup = Setup { channels: vec![to_pagerduty("pd", &right)], ..Setup::default() };
    assert!(telling.tell.set(setup));
    telling.until("delivered", |t| t.is_delivered(kept) && is_refused(t, lost));
    assert_eq!(incidents.lock().unwrap().taken.len(), 1);
    assert_eq!(refusal(&telling, lost), "the plan has this channel no more");
    let nobody = telling.trigger("nobody", "a");
    telling.until("refused", |t| is_refused(t, nobody));
}

#[test]
fn a_test_of_a_channel_repeats_only_the_half_that_was_not_taken() {
    let world = World::new();
    let (receiver, incidents) = pagerduty(&world, |n, _| (n == 1).then(|| Reply::status(500)));
    let mut telling = Telling::start(vec![to_pagerduty("pd", &receiver)]);
    let id = telling.say("pd", "a", Action::Test);
    telling.until("delivered", |t| t.is_delivered(id));
    let incidents = incidents.lock().unwrap();
    assert_eq!(incidents.wrong, Vec::<String>::new());
    assert_eq!(incidents.taken.values().collect::<Vec<_>>(), [&["trigger", "resolve"]]);
    assert_eq!(receiver.requests().len(), 3);
}

#[test]
fn a_webhook_gets_alertmanagers_body_and_the_same_key_each_time() {
    let world = World::new();
    let receiver = world.receiver(|n, _| Reply::status(if n == 0 { 500 } else { 200 }));
    let way = Way::Webhook { url: secret(&receiver.url("/in/s3cr3t")) };
    let mut telling = Telling::start(vec![channel("hook", way)]);
    let id = telling.trigger("hook", "a");
    telling.until("delivered", |t| t.is_delivered(id));
    let got = receiver.requests();
    assert_eq!(got.len(), 2);
    for request in &got {
        assert_eq!(request.headers.get("idempotency-key"), Some(&id.to_string()));
        assert_eq!(strict::alertmanager(&request.body).unwrap().0, "firing");
    }
}

#[test]
fn a_command_finds_the_notice_in_its_environment_alone() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("told");
    let script = "tr '\\0' ' ' < /proc/$$/cmdline > \"$1.argv\"; printf %s \"$WARROOM_NOTICE\" > \"$1.part\"; mv \"$1.part\" \"$1\"";
    let argv = ["sh", "-c", script, "tell", file.to_str().unwrap()];
    let way = Way::Command { argv: argv.iter().map(|a| Filled::plain(*a)).collect(), env: Vec::new() };
    let bad = ["sh", "-c", "echo first >&2; echo the door is shut, hunter22-x >&2; exit 3"];
    let bad = Way::Command { argv: bad.iter().map(|a| Filled::plain(*a)).collect(), env: Vec::new() };
    let mut masks = Masks::default();
    masks.add("hunter22-x");
    let channels = vec![channel("local", way), channel("bad", bad)];
    let mut telling = Telling::with(Setup { channels, masks, ..Setup::default() }, 64);
    let mut notice = strict::notice("a", Action::Trigger, Severity::Page);
    notice.channel = "local".to_owned();
    notice.summary = "disk \0 full \u{1b}[2J; rm -rf $(x) hunter22-x".into();
    assert!(telling.tell.say(notice.clone()));
    let id = telling.trigger("bad", "a");
    telling.until("delivered", |t| t.is_delivered(notice.id) && t.last(id).is_some());
    let told: Value = serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
    assert_eq!(told["summary"], "disk \\u{0} full \\e[2J; rm -rf $(x) ***");
    assert_eq!((told["action"].as_str(), told["severity"].as_str()), (Some("trigger"), Some("page")));
    let argv = std::fs::read_to_string(file.with_extension("argv")).unwrap();
    assert!(!argv.contains("disk"), "{argv}");
    let Some(Delivery::Trying { why, tries: 1, .. }) = telling.last(id) else { panic!("{:?}", telling.last(id)) };
    assert_eq!(why, "exit status 3 the door is shut, ***");
}
