//! The outbox alone, in virtual time: episodes under scripted faults, storms, order, and what waits.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use uuid::Uuid;
use warroom::notice::{Action, Group, Member, Notice, Severity};
use warroom::tell::answer::{Answer, Reached, Wrong};
use warroom::tell::outbox::{Form, How, Manner, Outbox, Over, Parcel, Report};

use super::scripted::{Dice, PAGERDUTY, World, busy, failed, ms, ok, refused};
use super::strict::notice;

/// 1,000 episodes in 20 minutes through a receiver that fails in every way; what it saw is held against what PagerDuty does.
#[test]
fn a_thousand_episodes_survive_every_fault_and_nothing_reopens() {
    for seed in 1..=3 {
        let mut windows: Vec<(Duration, Duration)> = Vec::new();
        let mut taken: BTreeMap<String, Vec<Action>> = BTreeMap::new();
        let mut folded: HashSet<String> = HashSet::new();
        let bad = |key: &str| key.ends_with("77");
        let mut tries: HashMap<String, Vec<String>> = HashMap::new();
        let script = |parcel: &Parcel, now: Duration, dice: &mut Dice| {
            let last = parcel.notices.last().unwrap();
            let closed = windows.iter().find(|(from, to)| (*from..*to).contains(&now));
            assert!(closed.is_none(), "a request at {now:?} in the window {closed:?}");
            tries.entry(last.id.to_string()).or_default().push(last.key.clone());
            let mut accept = || {
                let seen = taken.entry(last.key.clone()).or_default();
                if parcel.form == Form::Over {
                    assert!(seen.is_empty(), "folded, though the receiver knew it");
                    folded.insert(last.key.clone());
                    return;
                }
                if last.action == Action::Resolve {
                    assert!(seen.contains(&Action::Trigger), "a resolve before its trigger");
                } else {
                    assert!(!seen.contains(&Action::Resolve), "{:?} after a resolve", last.action);
                }
                seen.push(last.action);
            };
            if bad(&last.key) {
                return (ms(20), refused(Wrong::Message));
            }
            match dice.next(10) {
                0 if dice.next(8) == 0 => {
                    let wait = 1 + dice.next(20);
                    // The window begins when the receiver says so: its answer is still on its way.
                    windows.push((now + ms(20), now + ms(20) + Duration::from_secs(wait)));
                    (ms(20), busy(wait))
                }
                1 => (ms(20), failed(Reached::Maybe)),
                2 => {
                    accept();
                    (ms(20), failed(Reached::Maybe))
                }
                3 => (ms(1), failed(Reached::No)),
                4 if dice.next(3) == 0 => {
                    if dice.next(2) == 0 {
                        accept();
                    }
                    (Duration::from_secs(5), failed(Reached::Maybe))
                }
                _ => {
                    accept();
                    (ms(20 + dice.next(300)), ok())
                }
            }
        };
        let mut world = World::new(PAGERDUTY, seed, script);
        let mut plan: Vec<(Duration, Notice)> = Vec::new();
        let mut dice = Dice(seed * 99);
        for n in 0..1_000_u64 {
            let begin = ms(dice.next(1_200_000));
            let end = begin + ms(dice.next(120_000));
            let key = format!("episode-{n}");
            plan.push((begin, notice(&key, Action::Trigger, Severity::Page)));
            if dice.next(4) == 0 {
                plan.push(((begin + end) / 2, notice(&key, Action::Acknowledge, Severity::Page)));
            }
            if dice.next(4) == 0 {
                plan.push(((begin + end) / 2, notice(&key, Action::Trigger, Severity::Page)));
            }
            plan.push((end, notice(&key, Action::Resolve, Severity::Page)));
        }
        plan.sort_by_key(|(at, _)| *at);
        let all: Vec<Notice> = plan.iter().map(|(_, notice)| notice.clone()).collect();
        for (at, notice) in plan {
            world.run(at);
            world.said(notice);
        }
        world.run(Duration::from_hours(3));
        assert!(world.outbox.is_empty(), "{} were never told", world.outbox.len());
        for notice in &all {
            match world.reports.get(&notice.id) {
                Some(How::Delivered(_)) => assert!(!bad(&notice.key)),
                Some(How::Refused(tries, _)) => assert!(bad(&notice.key) && *tries <= 2, "{notice:?}: {tries}"),
                other => panic!("{:?} of {} is {other:?}", notice.action, notice.key),
            }
        }
        let world_sent = world.sent.len();
        drop(world);
        for n in (0..1_000).map(|n| format!("episode-{n}")).filter(|key| !bad(key)) {
            let seen = taken.get(&n).cloned().unwrap_or_default();
            let known = seen.contains(&Action::Trigger) && seen.last() == Some(&Action::Resolve);
            assert!(known || folded.contains(&n), "{n} was lost: {seen:?}");
        }
        assert!(!folded.is_empty() && windows.len() > 10, "seed {seed}: the script was too kind");
        assert!(tries.values().all(|keys| keys.iter().all(|key| *key == keys[0])), "all repeats carry the same key");
        assert!(world_sent < 20_000, "{world_sent} requests for 1,000 episodes");
    }
}

#[test]
fn the_first_try_comes_within_two_seconds_whatever_else_fails() {
    // Each tenth try hangs until its deadline, each third fails; new ones come twice a second.
    let script = |_: &Parcel, _: Duration, dice: &mut Dice| match dice.next(10) {
        0 => (Duration::from_secs(5), failed(Reached::Maybe)),
        1..=3 => (ms(30), failed(Reached::Maybe)),
        _ => (ms(30), ok()),
    };
    let mut world = World::new(PAGERDUTY, 7, script);
    let mut said = HashMap::new();
    for n in 0..400 {
        world.run(ms(n * 500));
        let notice = notice(&format!("e{n}"), Action::Trigger, Severity::Page);
        said.insert(notice.id, world.now);
        world.said(notice);
    }
    world.run(Duration::from_hours(1));
    for (id, at) in said {
        let first = world.sent.iter().find(|(_, p)| p.notices.iter().any(|n| n.id == id)).unwrap().0;
        assert!(first <= at + Duration::from_secs(2), "first tried {:?} after it was said", first.saturating_sub(at));
    }
    assert!(world.outbox.is_empty());
}

#[test]
fn a_receiver_that_names_no_time_is_left_alone_for_minutes_and_one_try_finds_out() {
    let busy =
        |_: &Parcel, _: Duration, _: &mut Dice| (ms(10), Answer::Busy { why: "HTTP 429".to_owned(), after: None });
    let mut world = World::new(PAGERDUTY, 1, busy);
    for n in 0..50 {
        world.said(notice(&format!("e{n}"), Action::Trigger, Severity::Page));
    }
    world.run(Duration::from_hours(1));
    let at: Vec<Duration> = world.sent.iter().map(|(at, _)| *at).collect();
    let longest = at.windows(2).map(|w| w[1].saturating_sub(w[0])).max().unwrap();
    assert!(longest >= Duration::from_mins(3) && longest <= Duration::from_mins(7), "{longest:?}");
    assert!(at.len() < 40, "{} requests in an hour to one who asked for fewer", at.len());
    assert_eq!(world.outbox.len(), 50, "and none is given up");
    let waiting: HashSet<Uuid> = world.trying.iter().map(|(_, id, _)| *id).collect();
    assert_eq!(waiting.len(), 50, "every page that waits is shown as waiting, tried or not");
}

#[test]
fn five_hundred_alerts_are_told_to_slack_in_a_few_messages_that_name_each() {
    for seed in 1..=3 {
        let mut arrivals: Vec<Duration> = Vec::new();
        let mut window = None;
        let mut named: HashSet<String> = HashSet::new();
        let script = |parcel: &Parcel, now: Duration, dice: &mut Dice| {
            let lag = ms(5 + dice.next(120));
            let arrival = now + lag;
            if let Some((from, to)) = window {
                assert!(!(from..to).contains(&arrival), "a request inside the window");
            }
            // Three at once and one a second, judged where they arrive.
            let recent = arrivals.iter().filter(|at| **at + Duration::from_secs(1) > arrival).count();
            arrivals.push(arrival);
            let since = arrivals.len() as u128 - 1;
            assert!(recent <= 3 && since <= 3 + arrival.as_millis() / 1_000, "too fast: {arrivals:?}");
            if arrivals.len() == 6 {
                window = Some((arrival, arrival + Duration::from_secs(30)));
                return (lag + ms(5), busy(30));
            }
            named.extend(parcel.notices.iter().map(|n| n.key.clone()));
            (lag + ms(5), ok())
        };
        let mut world = World::new(Manner::Together, seed, script);
        for n in 0..500 {
            world.run(ms(n * 20));
            world.said(notice(&format!("alert-{n}"), Action::Trigger, Severity::Page));
        }
        world.run(Duration::from_mins(5));
        assert!(world.outbox.is_empty());
        let early = world.sent.iter().filter(|(at, _)| *at <= Duration::from_secs(10)).count();
        assert!((4..=15).contains(&early), "{early} messages in the first ten seconds");
        drop(world);
        assert_eq!(named.len(), 500, "each is named");
    }
}

#[test]
fn without_a_limit_reached_ten_seconds_of_storm_are_told_in_ten_seconds() {
    let mut world = World::new(Manner::Together, 1, |_: &Parcel, _: Duration, _: &mut Dice| (ms(60), ok()));
    for n in 0..500 {
        world.run(ms(n * 20));
        world.said(notice(&format!("alert-{n}"), Action::Trigger, Severity::Page));
    }
    world.run(Duration::from_secs(12));
    assert!(world.outbox.is_empty(), "{} still wait", world.outbox.len());
    assert!(world.sent.len() <= 15, "{} messages", world.sent.len());
}

#[test]
fn what_is_over_before_it_could_be_told_is_one_message_unless_somebody_may_know_of_it() {
    let answers = |first: Answer| {
        let mut answers = vec![ok(), ok(), first];
        move |_: &Parcel, _: Duration, _: &mut Dice| (ms(10), answers.pop().unwrap_or(Answer::Took))
    };
    let forms = |first: Answer| {
        let mut world = World::new(PAGERDUTY, 1, answers(first));
        world.said(notice("a", Action::Trigger, Severity::Page));
        world.run(ms(20));
        world.said(notice("a", Action::Acknowledge, Severity::Page));
        world.said(notice("a", Action::Resolve, Severity::Page));
        world.run(Duration::from_mins(2));
        assert!(world.outbox.is_empty() && world.reports.values().all(|how| matches!(how, How::Delivered(_))));
        world.sent.iter().map(|(_, p)| (p.form, p.notices.last().unwrap().action)).collect::<Vec<_>>()
    };
    let trigger = (Form::Last, Action::Trigger);
    assert_eq!(forms(busy(30)), [trigger, (Form::Over, Action::Resolve)]);
    assert_eq!(forms(failed(Reached::No)), [trigger, (Form::Over, Action::Resolve)]);
    assert_eq!(forms(failed(Reached::Maybe)), [trigger, trigger, (Form::Last, Action::Resolve)]);

    // Somebody before this run may have sent it.
    let mut outbox = Outbox::new(PAGERDUTY);
    outbox.put(Arc::new(notice("b", Action::Trigger, Severity::Page)), true, Duration::ZERO);
    outbox.put(Arc::new(notice("b", Action::Resolve, Severity::Page)), true, Duration::ZERO);
    let parcel = outbox.take(Duration::ZERO).unwrap();
    assert_eq!((parcel.form, parcel.notices.len()), (Form::Last, 1));
}

#[test]
fn a_trigger_that_comes_after_its_resolve_was_taken_is_not_sent() {
    let mut world = World::new(PAGERDUTY, 1, |_: &Parcel, _: Duration, _: &mut Dice| (ms(10), ok()));
    world.said(notice("a", Action::Trigger, Severity::Page));
    world.run(ms(50));
    world.said(notice("a", Action::Resolve, Severity::Page));
    world.run(ms(100));
    let late = notice("a", Action::Trigger, Severity::Page);
    world.said(late.clone());
    world.run(Duration::from_mins(1));
    assert_eq!(world.sent.len(), 2);
    assert_eq!(world.reports.get(&late.id), Some(&How::Delivered(0)));
}

#[test]
fn one_bad_notice_in_a_digest_does_not_take_the_others_with_it() {
    let script = |parcel: &Parcel, _: Duration, _: &mut Dice| {
        let bad = parcel.notices.iter().any(|n| n.key == "e7");
        (ms(10), if bad { refused(Wrong::Message) } else { ok() })
    };
    let mut world = World::new(Manner::Together, 1, script);
    let notices: Vec<Notice> = (0..20).map(|n| notice(&format!("e{n}"), Action::Trigger, Severity::Page)).collect();
    for notice in &notices {
        world.said(notice.clone());
    }
    world.run(Duration::from_mins(2));
    for notice in &notices {
        let how = world.reports.get(&notice.id).unwrap();
        assert_eq!(matches!(how, How::Refused(..)), notice.key == "e7", "{}: {how:?}", notice.key);
    }
}

#[test]
fn a_page_goes_before_what_is_only_good_to_know() {
    let mut world = World::new(PAGERDUTY, 1, |_: &Parcel, _: Duration, _: &mut Dice| (ms(100), ok()));
    for n in 0..100 {
        world.said(notice(&format!("note-{n}"), Action::Inform, Severity::Info));
    }
    world.said(notice("page", Action::Trigger, Severity::Page));
    world.run(Duration::from_mins(1));
    let place = world.sent.iter().position(|(_, p)| p.notices[0].key == "page");
    assert!(place < Some(8), "sent as number {place:?}");
}

#[test]
fn a_known_notice_is_not_sent_twice_and_its_end_is_told_again() {
    let mut outbox = Outbox::new(PAGERDUTY);
    let one = Arc::new(notice("a", Action::Trigger, Severity::Page));
    assert_eq!(outbox.put(Arc::clone(&one), false, Duration::ZERO), None);
    let parcel = outbox.take(Duration::ZERO).unwrap();
    assert_eq!(outbox.put(Arc::clone(&one), false, ms(5)), None, "on its way");
    outbox.done(parcel.flight, ok(), 0, ms(10), 0.0);
    let again = outbox.put(Arc::clone(&one), false, ms(20));
    assert_eq!(again, Some(Report { id: one.id, how: How::Delivered(1) }));
    assert!(outbox.take(ms(30)).is_none());
}

#[test]
fn a_try_that_never_comes_back_is_given_up_and_its_late_answer_means_nothing() {
    let mut outbox = Outbox::new(PAGERDUTY);
    let one = Arc::new(notice("a", Action::Trigger, Severity::Page));
    outbox.put(Arc::clone(&one), false, Duration::ZERO);
    let parcel = outbox.take(Duration::ZERO).unwrap();
    let late = outbox.next().unwrap();
    assert!(late <= Duration::from_mins(1));
    assert_eq!(outbox.expire(late, 0.5).len(), 1);
    assert_eq!(outbox.done(parcel.flight, ok(), 0, late, 0.5), []);
    let due = outbox.next().unwrap();
    assert_eq!(outbox.take(due).unwrap().notices[0].id, one.id, "and it is tried again");
}

#[test]
fn what_was_refused_in_company_does_not_keep_a_new_page_waiting() {
    // The receiver refuses every digest, so that sixty go one by one.
    let script = |parcel: &Parcel, _: Duration, _: &mut Dice| {
        (ms(10), if parcel.notices.len() > 1 { refused(Wrong::Message) } else { ok() })
    };
    let mut world = World::new(Manner::Together, 1, script);
    for n in 0..60 {
        world.said(notice(&format!("e{n}"), Action::Trigger, Severity::Page));
    }
    world.run(Duration::from_secs(10));
    let new = notice("new", Action::Trigger, Severity::Page);
    world.said(new.clone());
    world.run(Duration::from_secs(13));
    assert_eq!(world.reports.get(&new.id), Some(&How::Delivered(1)));
    world.run(Duration::from_mins(3));
    assert!(world.outbox.is_empty());
}

#[test]
fn a_full_outbox_says_so_and_has_room_for_pages_still() {
    let mut outbox = Outbox::new(PAGERDUTY);
    let mut put = |n: usize, severity| {
        outbox.put(Arc::new(notice(&format!("e{n}"), Action::Trigger, severity)), false, Duration::ZERO)
    };
    for n in 0..warroom::tell::outbox::MOST {
        assert_eq!(put(n, Severity::Info), None);
    }
    let refused = put(9_998, Severity::Warn).unwrap();
    assert!(matches!(&refused.how, How::Refused(0, why) if why.contains("wait for this channel")), "{refused:?}");
    assert_eq!(put(9_999, Severity::Page), None);
}

#[test]
fn of_a_group_that_could_not_be_told_yet_the_next_word_names_everybody() {
    let mut outbox = Outbox::new(Manner::Each { flights: 8, over: Over::Folded });
    let names = ["a", "b", "c"];
    for name in names {
        let mut one = notice("k", Action::Trigger, Severity::Page);
        let member = Member { episode: Uuid::new_v4(), name: name.into() };
        one.group = Some(Group { by: "Slow".into(), home: "oncall".to_owned(), firing: 3, members: vec![member] });
        outbox.put(Arc::new(one), false, Duration::ZERO);
    }
    let parcel = outbox.take(Duration::from_secs(1)).unwrap();
    let last = parcel.notices.last().unwrap().group.as_ref().unwrap();
    let named: Vec<&str> = last.members.iter().map(|m| m.name.raw()).collect();
    assert_eq!(named, names, "one message for three notices, and nobody is left out of it");
}
