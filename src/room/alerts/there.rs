//! Silences of alerts that an Alertmanager judges: recorded here first, then created there, and how that went recorded too.

use serde_json::json;
use uuid::Uuid;

use super::super::{Room, Watch};
use super::many::Owner;
use crate::clock::rfc3339;
use crate::fact::{Fact, There};
use crate::plan::SourcePlan;
use crate::probe::rules::SilenceThere;
use crate::text::Untrusted;

impl Room {
    /// The next silence that is to be created elsewhere, which is then under way; one at a time, by the watch alone. After a
    /// crash in between it is created once more: two that end together are one.
    pub fn begin_silence(&mut self) -> Option<SilenceThere> {
        let watching = matches!(self.live.watch, Watch::Me { .. }) && !self.me.read_only;
        if !watching || self.live.silencing.is_some() {
            return None;
        }
        let all = &self.progress.episodes;
        let due = all.silences(self.now.utc).filter(|s| all.there(s.id).is_none()).find_map(|silence| {
            let name = silence.alert.as_ref()?.raw();
            let (source, ix) = self.alertmanager_of(name)?;
            // Without its labels nobody could say what is to be silent; they come with the next answer.
            let alert = self.live.foreign.get(ix)?.alerts.get(name)?;
            let matchers: Vec<_> = alert
                .labels
                .iter()
                .map(|(name, value)| json!({ "name": name, "value": value, "isRegex": false, "isEqual": true }))
                .collect();
            let body = json!({
                "matchers": matchers,
                "startsAt": rfc3339(silence.since.utc()),
                "endsAt": rfc3339(silence.until),
                "createdBy": silence.by.person.escaped(),
                "comment": silence.reason.escaped(),
            });
            let request = source.request.clone()?;
            Some(SilenceThere { silence: silence.id, request, body: body.to_string(), within: source.timeout })
        })?;
        self.live.silencing = Some(due.silence);
        Some(due)
    }

    /// How creating a silence elsewhere went, to be recorded; nothing where nobody waits for it.
    pub fn end_silence(&mut self, silence: Uuid, outcome: Result<Untrusted, String>) -> Option<Fact> {
        self.live.silencing.take_if(|id| *id == silence)?;
        let there = match outcome {
            Ok(id) => There::Created { id },
            Err(why) => There::Failed { why: Untrusted::new(why) },
        };
        Some(Fact::SilencedThere { silence, there })
    }

    /// The Alertmanager whose alert a name is, and its place in the plan.
    pub fn alertmanager_of(&self, name: &str) -> Option<(&SourcePlan, usize)> {
        let mut all = self.plan.sources.iter().enumerate();
        let (ix, source) = all.find(|(_, s)| s.kind == "alertmanager" && Owner::Foreign(s).has(name))?;
        Some((source, ix))
    }
}
