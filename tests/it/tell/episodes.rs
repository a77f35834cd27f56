//! Episodes through real sockets: a PagerDuty that breaks by script, a Slack in a storm, a channel that hangs beside one that works.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use warroom::notice::{Action, Delivery};

use super::fake::{Reply, Telling, World, pagerduty, to_pagerduty, to_slack};
use super::strict;

/// Whether now is inside a window. What was on its way as it opened cannot be called back.
fn inside((from, length): (Instant, Duration)) -> bool {
    (Duration::from_millis(300)..length).contains(&from.elapsed())
}

#[test]
fn a_hundred_episodes_reach_a_pagerduty_that_breaks_in_every_way() {
    let world = World::new();
    let window: Arc<Mutex<Option<(Instant, Duration)>>> = Arc::default();
    let early: Arc<Mutex<Vec<usize>>> = Arc::default();
    let (opens, too_early) = (Arc::clone(&window), Arc::clone(&early));
    // Faults follow the order in which requests come; which one of them is unlucky again and again nobody could wait for.
    let faults: Mutex<HashMap<String, u8>> = Mutex::default();
    let (receiver, incidents) = pagerduty(&world, move |n, key| {
        let mut opens = opens.lock().unwrap();
        if opens.is_some_and(inside) {
            too_early.lock().unwrap().push(n);
        }
        // A bad episode is refused whenever it comes.
        if key.ends_with("-13") {
            return Some(Reply::Say(400, "", "no".to_owned()));
        }
        let fault = match n {
            40 => {
                *opens = Some((Instant::now(), Duration::from_secs(1)));
                Some(Reply::Say(429, "Retry-After: 1", "slow down".to_owned()))
            }
            25 => Some(Reply::Hang),
            n if n > 160 => None,
            n if n % 11 == 1 => Some(Reply::status(500)),
            n if n % 11 == 3 => Some(Reply::Reset),
            n if n % 11 == 5 => Some(Reply::status(503)),
            n if n % 11 == 7 => Some(Reply::SayThenReset(202)),
            _ => None,
        };
        let fault = fault.filter(|_| n == 40 || faults.lock().unwrap().get(key).is_none_or(|had| *had < 2));
        *faults.lock().unwrap().entry(key.to_owned()).or_default() += u8::from(fault.is_some());
        fault
    });
    let mut telling = Telling::start(vec![to_pagerduty("pd", &receiver)]);
    let done = |d: Option<&Delivery>| matches!(d, Some(Delivery::Delivered { .. } | Delivery::Refused { .. }));
    let mut ids: Vec<_> = (0..100).map(|n| (n, telling.trigger("pd", &format!("episode-{n}")))).collect();
    // Half of them are over at once, the others when their trigger came to its end.
    let resolve = |t: &Telling, n: usize| (n, t.say("pd", &format!("episode-{n}"), Action::Resolve));
    ids.extend((0..50).map(|n| resolve(&telling, n)).collect::<Vec<_>>());
    telling.until("every trigger comes to its end", |t| ids.iter().all(|(_, id)| done(t.last(*id))));
    ids.extend((50..100).map(|n| resolve(&telling, n)).collect::<Vec<_>>());
    telling.until("every notice comes to its end", |t| ids.iter().all(|(_, id)| done(t.last(*id))));
    for (n, id) in &ids {
        let refused = matches!(telling.last(*id), Some(Delivery::Refused { .. }));
        assert_eq!(refused, *n == 13, "episode {n}: {:?}", telling.last(*id));
    }
    let incidents = incidents.lock().unwrap();
    assert_eq!(incidents.wrong, Vec::<String>::new());
    assert_eq!(*early.lock().unwrap(), Vec::<usize>::new(), "requests inside the window");
    for n in (0..100).filter(|n| *n != 13) {
        let key = format!("episode-{n}");
        let seen = incidents.taken.get(&key).cloned().unwrap_or_default();
        let known = seen.first().is_some_and(|a| a == "trigger") && seen.last().is_some_and(|a| a == "resolve");
        let folded = incidents
            .changes
            .iter()
            .any(|change| change.contains(&format!("name-of-{key}\"")) || change.contains(&format!("\"{key}\"")));
        assert!(known || folded, "{key} was lost: {seen:?}");
    }
    let of_bad =
        receiver.requests().iter().filter(|r| String::from_utf8_lossy(&r.body).contains("episode-13\"")).count();
    assert!((1..=2).contains(&of_bad), "what was refused was sent {of_bad} times");
}

#[test]
fn a_storm_reaches_slack_in_few_messages_and_a_window_is_kept() {
    let world = World::new();
    let window: Arc<Mutex<Option<(Instant, Duration)>>> = Arc::default();
    let wrong: Arc<Mutex<Vec<String>>> = Arc::default();
    let shown: Arc<Mutex<String>> = Arc::default();
    let (opens, bad, all) = (Arc::clone(&window), Arc::clone(&wrong), Arc::clone(&shown));
    let receiver = world.receiver(move |n, request| {
        let mut opens = opens.lock().unwrap();
        if opens.is_some_and(inside) {
            bad.lock().unwrap().push(format!("request {n} inside the window"));
        }
        if n == 1 {
            *opens = Some((Instant::now(), Duration::from_secs(2)));
            return Reply::Say(429, "Retry-After: 2", "rate_limited".to_owned());
        }
        match strict::slack(&request.body) {
            Ok(text) => {
                all.lock().unwrap().push_str(&text);
                Reply::Say(200, "", "ok".to_owned())
            }
            Err(why) => {
                bad.lock().unwrap().push(why);
                Reply::Say(400, "", "invalid_blocks".to_owned())
            }
        }
    });
    let mut telling = Telling::start(vec![to_slack("team", &receiver)]);
    let ids: Vec<_> = (0..150).map(|n| telling.trigger("team", &format!("alert-{n}<!channel>"))).collect();
    telling.until("all told", |t| ids.iter().all(|id| t.is_delivered(*id)));
    assert_eq!(*wrong.lock().unwrap(), Vec::<String>::new());
    let shown = shown.lock().unwrap();
    for n in 0..150 {
        assert!(shown.contains(&format!("name-of-alert-{n}&lt;!channel&gt;")), "alert {n} is not named");
    }
    assert!(receiver.requests().len() <= 8, "{} messages", receiver.requests().len());
}

#[test]
fn a_channel_that_hangs_is_reported_and_delays_no_other() {
    let world = World::new();
    let (hanging, _) = pagerduty(&world, |_, _| Some(Reply::Hang));
    let working = world.receiver(|_, _| Reply::Say(200, "", "ok".to_owned()));
    let mut telling = Telling::start(vec![to_pagerduty("pd", &hanging), to_slack("team", &working)]);
    let began = Instant::now();
    // More than can be on their way at the same time.
    let pages: Vec<_> = (0..20).map(|n| telling.trigger("pd", &format!("p{n}"))).collect();
    let word = telling.trigger("team", "p0");
    telling.until("Slack has it", |t| t.is_delivered(word));
    assert!(began.elapsed() < Duration::from_secs(5), "after {:?}", began.elapsed());
    telling.until("the page is shown as not delivered", |t| matches!(t.last(pages[0]), Some(Delivery::Trying { .. })));
    assert!(began.elapsed() < Duration::from_secs(10));
    let Some(Delivery::Trying { tries, why, again }) = telling.last(pages[0]) else { panic!() };
    assert_eq!((*tries, why.as_str()), (1, "no answer within 5 s"));
    assert!((*again - chrono::Utc::now()).num_seconds().abs() < 5);
    // And the whole time a new word on the other channel goes at once.
    let now = Instant::now();
    let word = telling.trigger("team", "p1");
    telling.until("Slack has that too", |t| t.is_delivered(word));
    assert!(now.elapsed() < Duration::from_secs(2), "after {:?}", now.elapsed());
    let keys: HashSet<String> = hanging.requests().iter().map(|r| strict::event(&r.body).unwrap().1).collect();
    assert!(keys.len() >= 8);
}
