//! `[[log]]`, `[notify.NAME]` and `[heartbeat]`.

use std::time::Duration;

use super::super::raw::{RawFilled, RawHeartbeat, RawLog, RawNotify};
use super::super::{Changes, Escalation, GroupBy, HeartbeatPlan, LogPlan, NotifyPlan, Way};
use super::circles::circles;
use super::{Given, Resolver};
use crate::finding::codes;
use crate::secret::Filled;

/// From one sign of life to the next, where the plan says nothing.
const HEARTBEAT: Duration = Duration::from_mins(1);

impl Resolver<'_> {
    pub(super) fn logs(&mut self, raw: &[RawLog]) -> Vec<LogPlan> {
        let mut given = Given::default();
        let mut out = Vec::new();
        for log in raw {
            let name = self.name("log", log.name.as_ref(), &mut given);
            if let (Some(_), Some(twice)) = (&log.file, &log.command) {
                let message = "a log comes from a file or from a command";
                self.r.report(codes::CONFLICT, twice.span.clone(), message, "make two logs of it");
            }
            out.push(LogPlan {
                name,
                file: log.file.as_ref().and_then(|file| self.open(file, "the log's name")),
                command: log.command.as_ref().and_then(|command| self.filled(command)),
                alarm: log.alarm.iter().filter_map(|text| self.pattern(text).map(|_| text.get_ref().clone())).collect(),
            });
        }
        out
    }

    pub(super) fn notify(&mut self, raw: &[RawNotify]) -> Vec<NotifyPlan> {
        let names: Vec<String> = raw.iter().map(|channel| channel.name.get_ref().clone()).collect();
        let mut out = Vec::new();
        for channel in raw {
            let name = channel.name.get_ref().clone();
            let ways = self.ways(channel);
            if ways.len() > 1 {
                let kinds: Vec<&str> = ways.iter().map(|(kind, _)| *kind).collect();
                let message = format!("the channel \"{name}\" goes to several places: {}", kinds.join(", "));
                self.r.report(codes::CONFLICT, channel.at.clone(), message, "make a channel of each");
            }
            let escalate = self.escalations(channel, &names);
            let by = channel.group_by.as_ref().and_then(|s| self.word("group_by", s, &["rule", "service", "none"]));
            let group_by = match by {
                Some("none") => GroupBy::None,
                Some("service") => GroupBy::Service,
                _ => GroupBy::Rule,
            };
            if let Some(way) = ways.into_iter().find_map(|(_, way)| way) {
                let changes = if channel.changes { Changes::Told } else { Changes::Left };
                out.push(NotifyPlan { name, way, escalate, group_by, changes });
            }
        }
        self.rings(raw, &names);
        out
    }

    /// Every place a channel names, by its key; nothing beside it where it cannot be used, which is reported.
    fn ways(&mut self, channel: &RawNotify) -> Vec<(&'static str, Option<Way>)> {
        let mut ways = Vec::new();
        if let Some(it) = &channel.pagerduty {
            let routing_key = it.target.as_ref().and_then(|target| self.secret(target));
            let url = it.url.as_ref().map(|url| self.url(url));
            let way = match (routing_key, url) {
                (None, _) | (_, Some(None)) => None,
                (Some(routing_key), url) => Some(Way::PagerDuty { routing_key, url: url.flatten() }),
            };
            ways.push(("pagerduty", way));
        }
        if let Some(it) = &channel.slack {
            let webhook = it.target.as_ref().and_then(|target| self.hook(target));
            ways.push(("slack", webhook.map(|webhook| Way::Slack { webhook })));
        }
        if let Some(url) = &channel.webhook {
            ways.push(("webhook", self.hook(url).map(|url| Way::Webhook { url })));
        }
        if let Some(command) = &channel.command {
            let line = self.command(command);
            ways.push(("command", line.map(|line| Way::Command { argv: line.argv, env: line.env })));
        }
        ways
    }

    /// A URL that opens by itself: whoever has it can call it.
    fn hook(&mut self, url: &RawFilled) -> Option<Filled> {
        self.url(url).and_then(|_| self.secret(url))
    }

    fn escalations(&mut self, channel: &RawNotify, names: &[String]) -> Vec<Escalation> {
        let mut out = Vec::new();
        for step in &channel.escalate {
            let after = self.duration(step.after.as_ref());
            let to = step.to.as_ref().and_then(|to| self.known("channel", std::slice::from_ref(to), names).pop());
            if let (Some(after), Some(to)) = (after, to) {
                out.push(Escalation { after, to });
            }
        }
        out
    }

    /// Channels that escalate to each other would wake the same people without end.
    fn rings(&mut self, raw: &[RawNotify], names: &[String]) {
        let leads = |channel: &RawNotify| -> Vec<usize> {
            let to = channel.escalate.iter().filter_map(|step| step.to.as_ref());
            to.filter_map(|to| names.iter().position(|name| name == to.get_ref())).collect()
        };
        let edges: Vec<Vec<usize>> = raw.iter().map(leads).collect();
        for path in circles(&edges) {
            let called: Vec<String> = path.iter().filter_map(|ix| names.get(*ix)).map(|n| format!("\"{n}\"")).collect();
            let next = path.get(1).or(path.first()).and_then(|ix| names.get(*ix));
            let span = path
                .first()
                .and_then(|start| raw.get(*start))
                .and_then(|raw| raw.escalate.iter().filter_map(|s| s.to.as_ref()).find(|to| Some(to.get_ref()) == next))
                .map_or(0..0, toml::Spanned::span);
            let message = if path.len() == 1 {
                format!("{} escalates to itself", called.join(""))
            } else {
                format!("{} escalate to each other in a circle", called.join(" and "))
            };
            self.r.report(codes::CYCLE, span, message, "escalate to who has not been told yet; leave out one `to`");
        }
    }

    pub(super) fn heartbeat(&mut self, raw: &RawHeartbeat) -> Option<HeartbeatPlan> {
        let every = match &raw.every {
            None => Some(HEARTBEAT),
            typed => self.duration(typed.as_ref()),
        };
        let url = raw.url.as_ref().and_then(|url| self.hook(url));
        Some(HeartbeatPlan { url: url?, every: every? })
    }
}
