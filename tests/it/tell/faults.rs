//! Everything that a receiver can do wrong, one after the other: what was taken counts once, what may work is tried again and
//! never early, what never will is not.

use std::time::{Duration, Instant};

use chrono::{TimeDelta, Utc};
use warroom::notice::Delivery;
use warroom::plan::{NotifyPlan, Way};
use warroom::secret::Filled;

use super::fake::{KEY, Receiver, Reply, Telling, World, channel, secret};

/// How a notice ends.
#[derive(Clone, Copy, Debug)]
enum Ends {
    /// Taken, after so many requests.
    Taken(usize),
    /// Taken after two requests, the second no sooner than after so many milliseconds.
    Waited(u64),
    /// Refused for good after one request, with these words.
    Refused(&'static str),
    /// Never taken, with these words.
    Trying(&'static str),
}

enum To {
    Pager,
    Slack,
    Webhook,
}

struct Fault {
    name: &'static str,
    to: To,
    first: Reply,
    ends: Ends,
}

fn say(status: u16, head: &str, body: &str) -> Reply {
    Reply::Say(status, Box::leak(head.to_owned().into_boxed_str()), body.to_owned())
}

fn raw(text: &str) -> Reply {
    Reply::Raw(text.as_bytes().to_vec(), 1, 0)
}

fn faults(elsewhere: &str) -> Vec<Fault> {
    let mut all = Vec::new();
    let mut put = |to: To, name: &'static str, first: Reply, ends: Ends| all.push(Fault { name, to, first, ends });
    let date = |form: &str| format!("Retry-After: {}", (Utc::now() + TimeDelta::seconds(4)).format(form));
    let (html, location) = ("<!DOCTYPE html><html>Please log in</html>", format!("Location: {elsewhere}"));
    let endless = |head: &str| {
        let head = head.as_bytes();
        Reply::Raw([head, &vec![b'x'; 64 * 1024]].concat(), 4_000, 1)
    };
    use Ends::{Refused, Taken, Waited};
    use To::{Pager, Slack, Webhook};
    put(Pager, "429 for a second", say(429, "Retry-After: 1", ""), Waited(1_000));
    put(Pager, "429 for two, with a fraction", say(429, "Retry-After: 1.5", ""), Waited(2_000));
    put(Pager, "429 until a date", say(429, &date("%a, %d %b %Y %H:%M:%S GMT"), ""), Waited(3_000));
    put(Pager, "429 until a date of old", say(429, &date("%A, %d-%b-%y %H:%M:%S GMT"), ""), Waited(3_000));
    put(Pager, "429 until a date of older", say(429, &date("%a %b %e %H:%M:%S %Y"), ""), Waited(3_000));
    let skewed = "Date: Tue, 21 Oct 2025 12:00:00 GMT\r\nRetry-After: Tue, 21 Oct 2025 12:00:02 GMT";
    put(Pager, "429 by another clock", say(429, skewed, ""), Waited(2_000));
    put(Pager, "429 for no time", say(429, "Retry-After: 0", ""), Waited(1_000));
    put(Pager, "429 for some time", say(429, "Retry-After: soon", ""), Waited(3_700));
    put(Pager, "429 without a word", say(429, "", ""), Waited(3_700));
    put(Pager, "503 for a second", say(503, "Retry-After: 1", ""), Waited(1_000));
    for status in [500, 501, 502, 503, 504, 599] {
        put(Pager, "a server's error", say(status, "", html), Taken(2));
    }
    for status in [407, 408, 425] {
        put(Pager, "another time perhaps", say(status, "", ""), Taken(2));
    }
    let invalid = r#"{"status":"invalid event","message":"Event object is invalid","errors":["'severity' is wrong"]}"#;
    put(Pager, "400 with errors", say(400, "", invalid), Refused("'severity' is wrong"));
    for status in [401, 403, 404, 405, 410, 413, 415, 422] {
        put(Pager, "a client's error", say(status, "", "no"), Refused("HTTP 4"));
    }
    for status in [300, 301, 302, 303, 307, 308] {
        put(Pager, "somewhere else", say(status, &location, ""), Taken(2));
    }
    for status in [200, 201, 202, 204, 206] {
        put(Pager, "taken", say(status, "", ""), Taken(1));
    }
    put(Pager, "taken, as documented", say(202, "", r#"{"status":"success","dedup_key":"x"}"#), Taken(1));
    put(Pager, "taken, with odd words", say(202, "", "\u{1b}[2J}{,;"), Taken(1));
    let odd = [b"HTTP/1.1 202 X\r\nContent-Length: 4\r\n\r\n".as_slice(), &[0xff, 0xfe, 0, 0x80]].concat();
    put(Pager, "taken, with no text", Reply::Raw(odd, 1, 0), Taken(1));
    put(Pager, "taken, and then reset", Reply::SayThenReset(202), Taken(1));
    put(Pager, "200 that says no", say(200, "", invalid), Refused("invalid event"));
    put(Pager, "200 of a portal", say(200, "Content-Type: text/html", html), Taken(2));
    put(Pager, "202 and a body without end", endless("HTTP/1.1 202 X\r\n\r\n"), Taken(1));
    put(Pager, "500 and a body without end", endless("HTTP/1.1 500 X\r\n\r\n"), Taken(2));
    let drip = Reply::Raw(b"HTTP/1.1 202 X\r\nContent-Length: 900\r\n\r\n.".to_vec(), 1, 20_000);
    put(Pager, "202 and a body that never comes", drip, Taken(1));
    put(Pager, "a reset", Reply::Reset, Taken(2));
    put(Pager, "silence", Reply::Hang, Taken(2));
    put(Pager, "no HTTP", raw("\0\u{1}SSH-2.0-x\r\n"), Taken(2));
    put(Pager, "half a head", raw("HTTP/1.1 20"), Taken(2));
    put(Pager, "a head of megabytes", endless("HTTP/1.1 202 X\r\nX: "), Taken(2));
    put(Pager, "a strange status", raw("HTTP/1.1 999 X\r\nContent-Length: 0\r\n\r\n"), Taken(2));
    let early = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 202 X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    put(Pager, "100 before it", raw(early), Taken(1));
    put(Slack, "ok", say(200, "", "ok"), Taken(1));
    put(Slack, "ok in JSON", say(200, "", r#"{"ok":true}"#), Taken(1));
    put(Slack, "not ok: blocks", say(200, "", r#"{"ok":false,"error":"invalid_blocks"}"#), Refused("invalid_blocks"));
    let gone = r#"{"ok":false,"error":"channel_not_found"}"#;
    put(Slack, "not ok: channel", say(200, "", gone), Refused("channel_not_found"));
    let limited = r#"{"ok":false,"error":"ratelimited"}"#;
    put(Slack, "not ok: too many", say(200, "Retry-After: 1", limited), Waited(1_000));
    put(Slack, "not ok: its own trouble", say(200, "", r#"{"ok":false,"error":"internal_error"}"#), Taken(2));
    put(Slack, "no service", say(404, "", "no_service"), Refused("no_service"));
    put(Slack, "archived", say(410, "", "channel_is_archived"), Refused("channel_is_archived"));
    put(Slack, "a portal", say(200, "", html), Taken(2));
    put(Webhook, "whatever it says", say(200, "", html), Taken(1));
    put(Webhook, "somewhere else", say(302, &location, ""), Taken(2));
    put(Webhook, "an error", say(500, "", ""), Taken(2));
    all
}

fn way(to: &To, receiver: &Receiver) -> Way {
    match to {
        To::Pager => Way::PagerDuty { routing_key: secret(KEY), url: Some(Filled::plain(receiver.url(""))) },
        To::Slack => Way::Slack { webhook: secret(&receiver.url("/services/T0/B0/s3cr3t-of-slack")) },
        To::Webhook => Way::Webhook { url: secret(&receiver.url("/hook/s3cr3t-of-hook")) },
    }
}

#[test]
fn each_fault_ends_as_it_must() {
    let world = World::new();
    let elsewhere = world.receiver(|_, _| Reply::status(200));
    let faults = faults(&elsewhere.url("/stolen"));
    let mut channels: Vec<NotifyPlan> = Vec::new();
    let receivers: Vec<Receiver> = faults
        .iter()
        .enumerate()
        .map(|(n, fault)| {
            let first = fault.first.clone();
            let receiver = world.receiver(move |n, _| if n == 0 { first.clone() } else { Reply::status(200) });
            channels.push(channel(&format!("c{n}"), way(&fault.to, &receiver)));
            receiver
        })
        .collect();
    // Faults of the way there, which never end.
    let plain = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let no_tls = plain.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in plain.incoming() {
            // What was said first is taken, so that closing is no reset.
            let (mut stream, mut hello) = (stream.unwrap(), [0; 4096]);
            let _ = std::io::Read::read(&mut stream, &mut hello);
            let _ = std::io::Write::write_all(&mut stream, b"HTTP/1.1 400 Bad Request\r\n\r\n");
        }
    });
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let lost = [
        (format!("https://{no_tls}"), Ends::Trying("TLS")),
        (format!("http://{free}"), Ends::Trying("connection refused")),
        ("http://receiver.invalid".to_owned(), Ends::Trying("")),
        ("http://[::1".to_owned(), Ends::Refused("URL")),
    ];
    for (n, (url, _)) in lost.iter().enumerate() {
        let way = Way::PagerDuty { routing_key: secret(KEY), url: Some(Filled::plain(url.clone())) };
        channels.push(channel(&format!("l{n}"), way));
    }
    let mut telling = Telling::start(channels);
    let all = faults.iter().enumerate().map(|(n, fault)| (format!("c{n}"), fault.ends));
    let all: Vec<_> = all.chain(lost.iter().enumerate().map(|(n, (_, ends))| (format!("l{n}"), *ends))).collect();
    let ids: Vec<_> = all.iter().map(|(channel, _)| telling.trigger(channel, "a")).collect();
    telling.until("each comes to its end", |t| {
        ids.iter().zip(&all).all(|(id, (_, ends))| match t.last(*id) {
            // Another end than was expected is told below.
            Some(Delivery::Delivered { .. } | Delivery::Refused { .. }) => true,
            Some(Delivery::Trying { .. }) => matches!(ends, Ends::Trying(_)),
            None => false,
        })
    });
    // What was refused for good would have been tried again by now, if it were.
    let quiet = Instant::now() + Duration::from_millis(1_500);
    while Instant::now() < quiet {
        std::thread::sleep(Duration::from_millis(50));
    }
    let mut wrong = Vec::new();
    for (n, (id, (name, ends))) in ids.iter().zip(&all).enumerate() {
        let last = telling.last(*id);
        let had = receivers.get(n).map(Receiver::requests).unwrap_or_default();
        let gap = had.get(1).map(|second| second.at - had[0].at);
        let right = match (ends, last) {
            (Ends::Taken(requests), Some(Delivery::Delivered { .. })) => had.len() == *requests,
            (Ends::Waited(ms), Some(Delivery::Delivered { .. })) => {
                had.len() == 2 && gap.is_some_and(|gap| gap >= Duration::from_millis(*ms))
            }
            (Ends::Refused(why), Some(Delivery::Refused { why: said, .. })) => said.contains(why) && had.len() <= 1,
            (Ends::Trying(why), Some(Delivery::Trying { why: said, .. })) => said.contains(why),
            _ => false,
        };
        if !right {
            let what = faults.get(n).map_or(name.as_str(), |fault| fault.name);
            wrong.push(format!("{what}: wanted {ends:?}, is {last:?} after {} requests, {gap:?}", had.len()));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), all.len(), wrong.join("\n"));
    assert_eq!(elsewhere.requests().len(), 0, "nothing is sent on");
    assert!(all.len() >= 60);
    // No word about it gives the way there away.
    for (_, told) in &telling.had {
        let said = format!("{:?}", told.delivery);
        assert!(!said.contains("s3cr3t") && !said.contains(KEY), "{said}");
    }
}
