//! Calls that come back: check-ins of windows and drumbeats. Who is asked, since when, and what a missed one raises.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::alarms::{AlertNow, Judged, Shown};
use super::hold::once;
use super::{Room, alerts};
use crate::clock::{clock_span, duration_text};
use crate::fact::{AlertWord, CallKind, Draft, Fact};
use crate::notice::{Action, Notice, Severity};
use crate::plan::Plan;
use crate::text::{Untrusted, escape};

/// A call that is in force.
#[derive(Clone, Debug, PartialEq)]
pub struct CallNow {
    /// Which kind.
    pub kind: CallKind,
    /// Name of the window, or what the drumbeat says.
    pub name: String,
    /// Who is asked; none is anybody.
    pub role: Option<String>,
    /// From one answer to the next.
    pub every: Duration,
    /// When it is due.
    pub due: DateTime<Utc>,
    /// Channels that hear of a missed one.
    pub notify: Vec<String>,
}

impl CallNow {
    /// From when on it counts as missed: half an interval late.
    pub fn missed_at(&self) -> DateTime<Utc> {
        self.due + TimeDelta::from_std(self.every / 2).unwrap_or(TimeDelta::zero())
    }

    /// The name of the alert that a missed one raises.
    pub fn alert(&self) -> String {
        alert_name(self.kind, &self.name)
    }

    /// What is asked, escaped.
    pub fn asks(&self) -> String {
        match self.kind {
            CallKind::CheckIn => format!("check in for {}", escape(&self.name)),
            CallKind::Drumbeat => format!("say: {}", escape(&self.name)),
        }
    }

    fn severity(&self) -> Severity {
        match self.kind {
            CallKind::CheckIn => Severity::Page,
            CallKind::Drumbeat => Severity::Warn,
        }
    }
}

impl Room {
    /// The calls in force, the most urgent first.
    pub fn calls(&self) -> Vec<CallNow> {
        let mut out = Vec::new();
        for window in self.windows() {
            let Some(check_in) = &window.check_in else { continue };
            let began = self.progress.schedule.in_force_since(&window.name);
            let began = began.or_else(|| self.t0()?.checked_add_signed(TimeDelta::try_seconds(window.from.0)?));
            out.push(self.call(
                CallKind::CheckIn,
                &window.name,
                check_in.role.as_ref(),
                check_in.every,
                began,
                &window.notify,
            ));
        }
        for drumbeat in &self.plan.drumbeats {
            let lasts = |t| drumbeat.from <= t && drumbeat.until.is_none_or(|until| t < until);
            if self.t().is_some_and(lasts) && self.progress.closed.is_none() {
                let began = self.t0().and_then(|t0| t0.checked_add_signed(TimeDelta::try_seconds(drumbeat.from.0)?));
                out.push(self.call(
                    CallKind::Drumbeat,
                    &drumbeat.say,
                    drumbeat.role.as_ref(),
                    drumbeat.every,
                    began,
                    &[],
                ));
            }
        }
        out.sort_by_key(|call| call.due);
        out
    }

    fn call(
        &self,
        kind: CallKind,
        name: &str,
        role: Option<&String>,
        every: Duration,
        began: Option<DateTime<Utc>>,
        notify: &[String],
    ) -> CallNow {
        let now = self.now.utc;
        let answered = self.progress.schedule.answer(kind, name).map(|answer| answer.at);
        // Nobody could answer while the machine slept, and a clock that was set says nothing of how long anybody waited: what
        // lies in the future, or before the jump, does not count.
        let from = [answered, began, self.live.awake, self.live.back]
            .into_iter()
            .flatten()
            .filter(|at| *at <= now)
            .max()
            .unwrap_or(now);
        let due = from + TimeDelta::from_std(every).unwrap_or(TimeDelta::MAX);
        CallNow { kind, name: name.to_owned(), role: role.cloned(), every, due, notify: notify.to_vec() }
    }

    /// Calls that nobody answered in time, as alerts.
    pub fn missed_calls(&self) -> impl Iterator<Item = AlertNow> {
        let missed = self.calls().into_iter().filter(|call| self.now.utc >= call.missed_at());
        missed.map(|call| {
            let name = call.alert();
            let all = &self.progress.episodes;
            let said = all.newest(&name).filter(|(_, said)| said.to == AlertWord::Firing);
            let episode = said.map(|(_, said)| said.episode);
            let ack = episode.and_then(|episode| all.acknowledged(&name, episode, self.now.utc));
            let mut it = AlertNow {
                of: Judged::Call,
                blind: false,
                state: if ack.is_some() { Shown::Acknowledged } else { Shown::Firing },
                severity: call.severity(),
                since: call.missed_at(),
                held: None,
                why: why(self, &call),
                episode,
                note: ack.map(|(_, ack)| format!("{} has it: {}", ack.by.person, ack.text)).unwrap_or_default(),
                flaps: 0,
                name,
            };
            if it.note.is_empty() {
                it.note = self.delivery_of(&it).unwrap_or_default();
            }
            it
        })
    }
}

fn why(room: &Room, call: &CallNow) -> String {
    let late = clock_span((room.now.utc - call.due).to_std().unwrap_or_default());
    let role = call.role.as_ref().map(|role| format!("{role}: ")).unwrap_or_default();
    format!("{role}no answer, {late} overdue (every {})", duration_text(call.every))
}

/// What the watch records of calls: that one was missed, whom that was told, and that it was answered.
pub fn judge(room: &Room) -> Vec<Draft> {
    let mut out = Vec::new();
    let calls = room.calls();
    for call in &calls {
        let alert = call.alert();
        let fires = room.progress.episodes.newest(&alert).filter(|(_, said)| said.to == AlertWord::Firing);
        let missed = room.now.utc >= call.missed_at();
        match (missed, fires) {
            (true, None) => {
                let episode = alerts::identity(&["call", &alert, &call.due.timestamp_millis().to_string()]);
                let fact = said(call, episode, AlertWord::Firing, why(room, call));
                out.extend(once(room, &["missed", &episode.to_string()], fact));
            }
            (true, Some((_, said))) => out.extend(told(room, call, said.episode)),
            (false, Some((_, known))) => {
                let fact = said(call, known.episode, AlertWord::Resolved, "answered".to_owned());
                out.extend(once(room, &["answered", &known.episode.to_string()], fact));
                out.extend(told_over(room, call.severity(), &alert, known.episode, "answered"));
            }
            (false, None) => {}
        }
    }
    // A window that is over asks nobody any more, nor does a drumbeat.
    for alert in names(&room.plan) {
        let asked = calls.iter().any(|call| call.alert() == alert);
        let known = room.progress.episodes.newest(&alert).filter(|(_, said)| said.to == AlertWord::Firing);
        let Some((_, known)) = known.filter(|_| !asked) else { continue };
        let (episode, severity, why) = (known.episode, known.severity, "nobody is asked any more");
        let fact = Fact::AlertChanged {
            alert: Untrusted::new(alert.clone()),
            episode,
            to: AlertWord::Resolved,
            severity,
            why: Untrusted::new(why),
        };
        out.extend(once(room, &["answered", &episode.to_string()], fact));
        out.extend(told_over(room, severity, &alert, episode, why));
    }
    out
}

/// The names of the alerts that missed calls of a plan raise.
pub fn names(plan: &Plan) -> impl Iterator<Item = String> {
    let windows = plan.windows.iter().filter(|window| window.check_in.is_some());
    let windows = windows.map(|window| alert_name(CallKind::CheckIn, &window.name));
    windows.chain(plan.drumbeats.iter().map(|drumbeat| alert_name(CallKind::Drumbeat, &drumbeat.say)))
}

fn alert_name(kind: CallKind, name: &str) -> String {
    match kind {
        CallKind::CheckIn => format!("check-in {name} missed"),
        CallKind::Drumbeat => format!("\"{name}\" not said"),
    }
}

fn said(call: &CallNow, episode: Uuid, to: AlertWord, why: String) -> Fact {
    Fact::AlertChanged {
        alert: Untrusted::new(call.alert()),
        episode,
        to,
        severity: call.severity(),
        why: Untrusted::new(why),
    }
}

/// Who hears of a missed call now: its channels, again at each further interval while nobody has it, and those up the ladder.
fn told(room: &Room, call: &CallNow, episode: Uuid) -> Vec<Draft> {
    let (alert, key) = (call.alert(), episode.to_string());
    let all = &room.progress.episodes;
    if all.acknowledged(&alert, episode, room.now.utc).is_some() || all.silenced(&alert, room.now.utc).is_some() {
        return Vec::new();
    }
    let mut out = Vec::new();
    let mut channels: Vec<&str> = call.notify.iter().map(String::as_str).collect();
    let mut ix = 0;
    while let Some(channel) = channels.get(ix).copied() {
        ix += 1;
        let last = all.last_notice(&key, channel, Action::Trigger);
        let again = last.map(|last| room.waited(last.utc()) >= call.every);
        if again != Some(false) {
            let nth =
                all.notices_of(&key).filter(|(_, n, _)| n.channel == channel && n.action == Action::Trigger).count();
            let summary = format!("{alert}: {}", why(room, call));
            out.extend(queue(room, call.severity(), &alert, episode, (channel, Action::Trigger), nth, &summary));
        }
        let first = all.notices_of(&key).filter(|(_, n, _)| n.channel == channel).map(|(at, ..)| at).min();
        let Some(first) = first else { continue };
        let ladder = room.plan.notify.iter().find(|c| c.name == channel).map(|c| c.escalate.as_slice());
        for step in ladder.unwrap_or_default() {
            if room.waited(first.utc()) >= step.after && !channels.contains(&step.to.as_str()) {
                channels.push(&step.to);
            }
        }
    }
    out
}

/// Everybody who heard of a missed call hears that it is over.
fn told_over(room: &Room, severity: Severity, alert: &str, episode: Uuid, why: &str) -> Vec<Draft> {
    let key = episode.to_string();
    let told = room.progress.episodes.notices_of(&key).filter(|(_, n, _)| n.action == Action::Trigger);
    let mut channels: Vec<String> = told.map(|(_, n, _)| n.channel.clone()).collect();
    channels.sort_unstable();
    channels.dedup();
    let over = format!("{alert}: over, {why}");
    let each = channels
        .iter()
        .filter_map(|channel| queue(room, severity, alert, episode, (channel, Action::Resolve), 0, &over));
    each.collect()
}

fn queue(
    room: &Room,
    severity: Severity,
    alert: &str,
    episode: Uuid,
    (channel, action): (&str, Action),
    nth: usize,
    summary: &str,
) -> Option<Draft> {
    let key = episode.to_string();
    let id = alerts::identity(&[&key, channel, &format!("{action:?}"), &nth.to_string()]);
    if room.progress.episodes.notice(id).is_some() || room.unsaved.contains_key(&id) {
        return None;
    }
    let mut details = Vec::new();
    if let Some(t) = room.t() {
        details.push(("clock".to_owned(), Untrusted::new(t.to_string())));
    }
    let notice = Notice {
        id,
        channel: channel.to_owned(),
        key,
        action,
        severity,
        room: Untrusted::new(room.plan.room.name.clone()),
        alert: Some(escape(alert)),
        summary: Untrusted::new(summary),
        details,
        group: None,
        since: room.now.utc,
        at: room.now.utc,
    };
    Some(Draft { id, by: room.me.author.clone(), fact: Fact::NoticeQueued { notice } })
}
