//! `[[log]]` and `[notify.NAME]`.

use super::super::raw::{RawLog, RawNotify};
use super::super::{LogPlan, NotifyPlan};
use super::Resolver;
use crate::finding::codes;

impl Resolver<'_> {
    pub(super) fn logs(&mut self, raw: &[RawLog]) -> Vec<LogPlan> {
        let mut names = Vec::new();
        let mut out = Vec::new();
        for log in raw {
            let name = self.name("log", log.name.as_ref(), &names);
            names.push(name.clone());
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
        let mut out = Vec::new();
        for channel in raw {
            let name = channel.name.get_ref().clone();
            let mut ways: Vec<&str> = Vec::new();
            let mut targets = Vec::new();
            for (kind, nested) in [("pagerduty", &channel.pagerduty), ("slack", &channel.slack)] {
                if let Some(nested) = nested {
                    ways.push(kind);
                    targets.extend(nested.target.as_ref().and_then(|target| self.secret(target)).map(|t| (kind, t)));
                }
            }
            // Whoever has the URL of a hook can call it.
            if let Some(url) = &channel.webhook {
                ways.push("webhook");
                let filled = self.url(url).and_then(|_| self.secret(url));
                targets.extend(filled.map(|target| ("webhook", target)));
            }
            if let Some(command) = &channel.command {
                ways.push("command");
                targets.extend(self.filled(command).map(|target| ("command", target)));
            }
            if ways.len() > 1 {
                let message = format!("the channel \"{name}\" goes to several places: {}", ways.join(", "));
                self.r.report(codes::CONFLICT, channel.at.clone(), message, "make a channel of each");
            }
            if let Some((kind, target)) = targets.into_iter().next() {
                out.push(NotifyPlan { name, kind, target, escalate: Vec::new() });
            }
        }
        out
    }
}
