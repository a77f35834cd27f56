//! Clients of the control socket: what they ask is answered once it is durable, and who follows hears every entry.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;
use uuid::Uuid;

use super::Desk;
use crate::app::control::{ANSWERS, Answer, Asked, Line, Request};
use crate::app::{seat, status};
use crate::clock::rfc3339;
use crate::fact::Entry;
use crate::room::{Effect, Refusal};

/// Who has asked or follows, and what they wait for.
#[derive(Debug, Default)]
pub struct Clients {
    /// Every entry as a JSON line in file order, for those who follow; kept only while a control socket is open.
    log: Option<Vec<Arc<str>>>,
    followers: Vec<Follower>,
    /// Requests that are not answered yet, by their number here.
    pending: HashMap<u64, Pending>,
    /// Which of them a draft belongs to.
    waiting: HashMap<Uuid, u64>,
    asked: u64,
}

/// Somebody who wants every entry, as fast as they read.
#[derive(Debug)]
struct Follower {
    out: mpsc::Sender<String>,
    /// How many of the log they have had, or did not want.
    had: usize,
}

/// A request that waits for its drafts.
#[derive(Debug)]
struct Pending {
    id: Value,
    out: mpsc::Sender<String>,
    left: usize,
}

impl Clients {
    /// Keeps entries from now on, for those who follow.
    pub fn keep_log(&mut self) {
        self.log = Some(Vec::new());
    }

    /// Sends what is known behind a place, and from then on what comes.
    fn follow(&mut self, from: u64, out: mpsc::Sender<String>) {
        self.followers.push(Follower { out, had: usize::try_from(from).unwrap_or(usize::MAX) });
        self.catch_up();
    }

    /// Sends followers what they have not had, as far as they have room; the rest with the next entry or tick. Answers to
    /// their own requests keep a place.
    pub(super) fn catch_up(&mut self) {
        let Some(log) = &self.log else { return };
        self.followers.retain_mut(|follower| {
            while let Some(line) = log.get(follower.had).filter(|_| follower.out.capacity() > ANSWERS) {
                match follower.out.try_send(line.to_string()) {
                    Ok(()) => follower.had += 1,
                    Err(TrySendError::Full(_)) => break,
                    Err(TrySendError::Closed(_)) => return false,
                }
            }
            !follower.out.is_closed()
        });
    }

    /// A request waits until all its drafts are durable.
    fn wait(&mut self, id: Value, out: mpsc::Sender<String>, drafts: &[Uuid]) {
        self.asked += 1;
        self.waiting.extend(drafts.iter().map(|draft| (*draft, self.asked)));
        self.pending.insert(self.asked, Pending { id, out, left: drafts.len() });
    }

    /// An entry is durable: whoever asked for it and whoever follows hears that.
    pub(super) fn came_home(&mut self, entry: &Entry) {
        self.answer(entry.id, "accepted", None);
        if let Some(log) = &mut self.log {
            let line: Arc<str> = entry_json(entry, log.len() as u64 + 1).to_string().into();
            log.push(line);
        }
        self.catch_up();
    }

    /// What became of a draft; its request goes on waiting for it unless it was accepted.
    pub(super) fn answer(&mut self, draft: Uuid, word: &'static str, reason: Option<&str>) {
        let Some(request) = self.waiting.get(&draft).copied() else { return };
        let Some(pending) = self.pending.get_mut(&request) else { return };
        if word == "accepted" {
            self.waiting.remove(&draft);
            pending.left = pending.left.saturating_sub(1);
            if pending.left > 0 {
                return;
            }
        }
        send(&pending.out, &Answer { id: &pending.id, answer: word, reason, entry: Some(draft.to_string()) });
        if word == "accepted" {
            self.pending.remove(&request);
        }
    }
}

impl Desk {
    /// A line from the control socket. True when something to see changed.
    pub fn on_control(&mut self, request: Request) -> bool {
        self.room.now = self.now();
        let Request { line, reply } = request;
        match line {
            Err(why) => refuse(&reply, &Value::Null, &why),
            Ok(Line::Follow { follow }) => self.clients.follow(follow, reply),
            Ok(Line::Status(id)) => {
                let mut status = status::json(&self.room);
                if let Some(map) = status.as_object_mut() {
                    map.insert("id".to_owned(), id);
                }
                let _ = reply.try_send(status.to_string());
            }
            Ok(Line::WouldRun(id, step)) => {
                let _ = reply.try_send(status::would_run(&self.room, &id, &step).to_string());
            }
            Ok(Line::Intent(asked)) => return self.on_asked(asked, reply),
        }
        false
    }

    fn on_asked(&mut self, asked: Asked, out: mpsc::Sender<String>) -> bool {
        let Asked { id, by, role, intent } = asked;
        let by = match seat::author(&self.room.plan, by, role) {
            Ok(by) => by.unwrap_or_else(|| self.room.me.author.clone()),
            Err(why) => {
                refuse(&out, &id, &why);
                return false;
            }
        };
        match self.decide(&by, &intent) {
            Err(Refusal(why)) => {
                refuse(&out, &id, &why);
                false
            }
            Ok(effects) => {
                let drafts: Vec<Uuid> =
                    effects.iter().flat_map(|Effect::Append(drafts)| drafts.iter().map(|d| d.id)).collect();
                self.clients.wait(id, out, &drafts);
                self.perform(effects)
            }
        }
    }
}

fn refuse(out: &mpsc::Sender<String>, id: &Value, why: &str) {
    send(out, &Answer { id, answer: "refused", reason: Some(why), entry: None });
}

fn send(out: &mpsc::Sender<String>, answer: &Answer<'_>) {
    if let Ok(line) = serde_json::to_string(answer) {
        let _ = out.try_send(line);
    }
}

/// An entry as followers see it; `place` is its place in the journal's file.
fn entry_json(entry: &Entry, place: u64) -> Value {
    let fact: Value = serde_json::from_str(&entry.body).unwrap_or_default();
    json!({
        "place": place,
        "id": entry.id,
        "writer": entry.writer,
        "seq": entry.seq,
        "stamp": entry.stamp,
        "at": rfc3339(entry.stamp.utc()),
        "by": entry.by,
        "fact": fact,
        "prev": entry.prev.to_string(),
        "hash": entry.hash.to_string(),
    })
}
