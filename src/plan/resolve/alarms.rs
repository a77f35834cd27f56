//! What of a `[source.NAME]` is about alerts: rule files, the source's own alerts, and who is told.

use super::super::raw::RawSource;
use super::super::{OwnAlerts, Plan, RulesOf};
use super::{Pace, Resolver};
use crate::finding::codes;
use crate::probe::Ask;
use crate::probe::rules::{AlertApi, SourceIx};

impl Resolver<'_> {
    /// Fills in what sources say about alerts; their channels must be known.
    pub(super) fn alarms(&mut self, raw: &[RawSource], plan: &mut Plan) {
        let channels: Vec<String> = plan.notify.iter().map(|channel| channel.name.clone()).collect();
        for (ix, (raw, source)) in raw.iter().zip(&mut plan.sources).enumerate() {
            for path in &raw.rules {
                if source.rules.iter().any(|known| known.path == *path.get_ref()) {
                    let message = format!("\"{}\" is named here twice", path.get_ref());
                    self.r.report(codes::DUPLICATE, path.span(), message, "name each rule file once");
                } else {
                    source.rules.push(RulesOf { path: path.get_ref().clone(), span: path.span() });
                }
            }
            if let (Some(first), "alertmanager") = (raw.rules.first(), source.kind) {
                let message = "an Alertmanager evaluates no rules";
                self.r.report(
                    codes::CONFLICT,
                    first.span(),
                    message,
                    "put `rules` to a source with `prometheus` or `scrape`",
                );
                source.rules.clear();
            }
            let asked = raw.alerts.as_ref().map_or(source.kind == "alertmanager", |alerts| *alerts.get_ref());
            let api = match source.kind {
                "alertmanager" => Some(AlertApi::Alertmanager),
                "prometheus" => Some(AlertApi::Prometheus),
                _ => None,
            };
            match (&raw.alerts, api) {
                (Some(alerts), None) if asked => {
                    let help = "read them with a source that has `prometheus` or `alertmanager`";
                    self.r.report(codes::CONFLICT, alerts.span(), "a scraped page has no alerts of its own", help);
                }
                (Some(alerts), Some(AlertApi::Alertmanager)) if !asked => {
                    let message = "an Alertmanager has nothing but its alerts";
                    self.r.report(codes::CONFLICT, alerts.span(), message, "leave `alerts` out, or the source");
                }
                _ => {}
            }
            source.notify = self.known("channel", &raw.notify, &channels);
            if let (Some(first), false) = (raw.notify.first(), asked || !source.rules.is_empty()) {
                let message = format!("nothing of the source \"{}\" fires, so nobody is told", source.name);
                let help = "add `rules = [\"alerts.yml\"]`, or `alerts = true` for its own";
                self.r.report(codes::CONFLICT, first.span(), message, help);
            }
            if let (Some(api), Some(request), true) = (api, source.request.clone(), asked) {
                source.alerts = OwnAlerts::Read;
                let pace = Pace { every: Some(source.every), timeout: Some(source.timeout) };
                self.probe(&source.name, pace, Ask::Alerts { source: SourceIx(ix as u32), request, api });
            }
        }
    }
}
