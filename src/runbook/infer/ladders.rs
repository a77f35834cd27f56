//! Canary ladders: `5% → 25% → 100%`, a heading for each stage, or one cohort after another.

use super::lines::{Place, Said, bare};
use super::{Seen, column};
use crate::runbook::markdown::{Kind as BlockKind, Row};
use crate::runbook::times;
use crate::runbook::tokens::{Kind, Token, tokens};
use crate::runbook::{Ladder, Stage};

/// Ladders in document order.
pub(in crate::runbook) fn ladders(seen: &Seen<'_>, lines: &[Said<'_>]) -> Vec<Ladder> {
    let mut out: Vec<Ladder> = Vec::new();
    let mut run: Option<Run> = None;
    for said in lines {
        if said.place == Place::Code {
            continue;
        }
        let text = bare(&said.text);
        // Most lines speak of no share and, where no ladder has begun, of no group of users.
        let share = text.contains(['%', '％']) || text.contains("percent");
        if run.is_none() && !share && !names_a_group(text) {
            continue;
        }
        if said.place != Place::Comment
            && share
            && let Some(chain) = chain(text, said.line)
        {
            out.push(Ladder { title: seen.title(said.heading).into(), line: said.line, stages: chain });
            continue;
        }
        let place = match said.place {
            Place::Heading => Home::Under(said.heading.and_then(|h| seen.sections.get(h)).and_then(|s| s.1)),
            _ => Home::In(said.heading),
        };
        // Watching between two stages is the dwell of the one before.
        if said.place != Place::Heading
            && let Some(run) = run.as_mut().filter(|r| r.heading == said.heading)
            && let Some(stage) = run.ladder.stages.last_mut()
            && stage.dwell.is_none()
            && speaks_of_waiting(text)
        {
            stage.dwell = times::length_in(text);
        }
        if said.place == Place::Comment {
            continue;
        }
        // In the list of a stage the others need not say again what they are stages of.
        let list = said.item.and_then(|i| seen.doc.items.get(i)).map(|i| i.list);
        let same = list.is_some() && run.as_ref().is_some_and(|r| r.list == list);
        let found = stages(text, said.line, said.place, seen.title(said.heading), same);
        if found.is_empty() {
            continue;
        }
        for stage in found {
            let goes_on = run.as_ref().is_some_and(|r| r.takes(&place, &stage));
            if !goes_on {
                out.extend(run.take().and_then(Run::done));
                let title = match said.place {
                    Place::Heading => seen.path(said.heading).nth(1).unwrap_or(&said.text),
                    _ => seen.title(said.heading),
                };
                run = Some(Run {
                    home: place.clone(),
                    heading: said.heading,
                    list,
                    ladder: Ladder { title: times::title(title).into(), line: said.line, stages: vec![] },
                });
            }
            if let Some(run) = &mut run {
                run.heading = said.heading;
                run.list = list;
                run.ladder.stages.push(stage);
            }
        }
    }
    out.extend(run.and_then(Run::done));
    for (block, heading) in seen.blocks() {
        if let BlockKind::Table(rows) = &block.kind {
            let stages = from_table(rows);
            if stages.len() > 1 {
                let line = stages.first().map_or(block.first, |s| s.line);
                out.push(Ladder { title: seen.title(heading).into(), line, stages });
            }
        }
    }
    out.sort_by_key(|l| l.line);
    out
}

/// Stages that belong together.
struct Run {
    home: Home,
    /// The heading of its last stage.
    heading: Option<usize>,
    /// The list of its last stage.
    list: Option<usize>,
    ladder: Ladder,
}

/// Where the stages of one ladder stand.
#[derive(Clone, PartialEq)]
enum Home {
    /// Headings with the same parent.
    Under(Option<usize>),
    /// Lines under the same heading.
    In(Option<usize>),
}

impl Run {
    fn takes(&self, home: &Home, stage: &Stage) -> bool {
        if self.home != *home {
            return false;
        }
        let last = self.ladder.stages.iter().rev().find_map(|s| s.percent);
        match (last, stage.percent) {
            (Some(last), Some(next)) => next > last,
            _ => true,
        }
    }

    /// One stage alone is a ladder only where it is called a canary.
    fn done(self) -> Option<Ladder> {
        let percents = self.ladder.stages.iter().filter(|s| s.percent.is_some()).count();
        (self.ladder.stages.len() > 1 || percents > 0).then_some(self.ladder)
    }
}

fn speaks_of_waiting(text: &str) -> bool {
    let lower = text.to_lowercase();
    ["monitor", "observe", "watch", "wait", "soak", "bake", "hold", "dwell", "stable for"]
        .iter()
        .any(|w| lower.contains(w))
}

const ROLLING: &[&str] = &[
    "canary",
    "traffic",
    "rollout",
    "roll-out",
    "roll out",
    "ramp",
    "weight",
    "users",
    "fleet",
    "wave",
    "requests to",
    "tenants",
    "customers",
    "verkehr",
    "trafic",
    "tráfico",
    "трафик",
    "流量",
    "トラフィック",
    "カナリア",
    "金丝雀",
    "灰度",
    "канареек",
    "nutzer",
    "usuarios",
    "utilisateurs",
    "hosts",
    "nodes",
];

fn rolls(text: &str) -> bool {
    let lower = text.to_lowercase();
    ROLLING.iter().any(|w| lower.contains(w))
}

/// The stages a line speaks of.
fn stages(text: &str, line: u32, place: Place, title: &str, same: bool) -> Vec<Stage> {
    let heading = place == Place::Heading;
    let times = if heading { times::in_heading(text) } else { times::in_line(text) };
    let lower = text.to_lowercase();
    if same
        && ["everyone", "everybody", "all traffic", "all users", "全部", "全量", "全面"]
            .iter()
            .any(|w| lower.contains(w))
    {
        return vec![Stage { percent: Some(100.0), cohort: Some(text.into()), at: times.at, dwell: dwell(text), line }];
    }
    if (rolls(text) || same)
        && !lower.contains("rollback")
        && !lower.contains("roll back")
        && !lower.contains("load test")
    {
        let percents = percents(&tokens(text));
        if let [percent] = percents[..] {
            let dwell = times.estimate.or_else(|| dwell(text)).filter(|s| *s >= 30);
            return vec![Stage { percent: Some(percent), cohort: None, at: times.at, dwell, line }];
        }
    }
    if (lower.contains("full rollout") || lower.contains("full roll-out")) && !heading && lower.contains("before full")
    {
        let cohort = Some("full rollout".into());
        return vec![Stage { percent: Some(100.0), cohort, at: None, dwell: None, line }];
    }
    let about = title.to_lowercase();
    let phased = ["rollout", "roll-out", "release", "canary", "phased", "ramp", "gradual", "progressive"]
        .iter()
        .any(|w| about.contains(w));
    if phased && !heading { cohorts(text, line) } else { vec![] }
}

/// How long a stage is watched: the length behind the word that says so.
fn dwell(text: &str) -> Option<u64> {
    let lower = text.to_lowercase();
    let at = [" for ", "watch", "hold", "wait", "observ", "soak", "dwell", "monitor", "bake"]
        .iter()
        .filter_map(|w| lower.find(w))
        .min();
    match at {
        Some(at) => times::length_in(text.get(at..)?),
        None if times::in_heading(text).at.is_none() => times::length_in(text),
        None => None,
    }
}

/// Percentages that are shares of the traffic: none that is compared, none of zero, none over a hundred.
fn percents(t: &[Token<'_>]) -> Vec<f64> {
    let mut out = Vec::new();
    for (i, token) in t.iter().enumerate() {
        let Some(value) = token.number() else { continue };
        if !t.get(i + 1).is_some_and(|s| s.sign('%') || s.sign('％') || s.is("percent")) {
            continue;
        }
        let compared = i > 0
            && t.get(i - 1).is_some_and(|p| {
                matches!(p.kind, Kind::Sign('<' | '>' | '=' | '≤' | '≥' | '+' | '-'))
                    || p.is_any(&["than", "above", "below", "over", "under", "least", "most"])
            });
        if compared || value <= 0.0 || value > 100.0 {
            return vec![];
        }
        out.push(value);
    }
    out.dedup();
    out
}

/// `5% → 25% → 50% → 100%`, `1%, 10%, 50%, 100%`, `5 / 25 / 100 %`.
fn chain(text: &str, line: u32) -> Option<Vec<Stage>> {
    let t = tokens(text);
    let mut values: Vec<(f64, bool)> = Vec::new();
    let mut arrow = false;
    let mut last = 0;
    for (i, token) in t.iter().enumerate() {
        let Some(value) = token.number() else { continue };
        let percent = t.get(i + 1).is_some_and(|s| s.sign('%') || s.sign('％'));
        let joined = values.is_empty()
            || i - last <= 4
                && t.get(last..i).is_some_and(|between| {
                    between.iter().all(|k| {
                        matches!(k.kind, Kind::Sign('%' | '％' | '→' | '➡' | '⇒' | '>' | '-' | '/' | ',' | '=' | '、'))
                            || k.is_any(&["then", "to", "and"])
                    })
                });
        let stops = !percent && values.last().is_some_and(|v| v.1);
        if !joined || stops {
            if values.len() > 1 {
                break;
            }
            values.clear();
            arrow = false;
        } else if !values.is_empty() {
            arrow |= t
                .get(last..i)
                .is_some_and(|b| b.iter().any(|k| matches!(k.kind, Kind::Sign('→' | '➡' | '⇒' | '>')) || k.is("then")));
        }
        values.push((value, percent));
        last = i + 1;
    }
    let ascending = values.windows(2).all(|w| matches!(w, [(a, _), (b, _)] if a < b));
    let percent = values.last().is_some_and(|v| v.1);
    let fine = ascending
        && percent
        && values.iter().all(|(v, _)| *v > 0.0 && *v <= 100.0)
        && (values.len() >= 3 && (arrow || rolls(text)) || values.len() == 2 && arrow && rolls(text));
    fine.then(|| {
        values.into_iter().map(|(v, _)| Stage { percent: Some(v), cohort: None, at: None, dwell: None, line }).collect()
    })
}

const COHORTS: &[&str] = &[
    "tenant",
    "tenants",
    "users",
    "customers",
    "accounts",
    "fleet",
    "regions",
    "region",
    "everyone",
    "employees",
    "staff",
    "testers",
    "cohort",
    "cohorts",
    "clusters",
    "cells",
    "merchants",
    "organizations",
    "orgs",
    "workspaces",
];

/// A cheap look for a word for a group of users.
fn names_a_group(text: &str) -> bool {
    [
        "enant", "user", "ustomer", "ccount", "leet", "egion", "very", "mploy", "taff", "ester", "ohort", "luster",
        "ell", "erchant", "rganiz", "orgs", "orkspace", "ull",
    ]
    .iter()
    .any(|w| text.contains(w))
}

/// `Enable for the demo tenant`, `extend to pilot tenants`, `then full fleet`: words up to a noun for a group of users.
fn cohorts(text: &str, line: u32) -> Vec<Stage> {
    const VERBS: &[&str] = &[
        "enable", "extend", "expand", "release", "open", "promote", "roll", "rollout", "widen", "ship", "launch",
        "ramp",
    ];
    let t = tokens(text);
    let Some(verb) = t.iter().position(|w| w.is_any(VERBS)) else { return vec![] };
    let mut out = Vec::new();
    let mut from = verb;
    while let Some(noun) = (from..t.len()).find(|i| t.get(*i).is_some_and(|w| w.is_any(COHORTS))) {
        let lead =
            (from..noun).rev().find(|i| t.get(*i).is_some_and(|w| w.is_any(&["for", "to", "then", "the", "all"])));
        let Some(lead) = lead else { break };
        let start = if t.get(lead).is_some_and(|w| w.is("all")) { lead } else { lead + 1 };
        let (Some(a), Some(b)) = (t.get(start), t.get(noun)) else { break };
        let cohort = text.get(a.from..b.to).unwrap_or_default();
        if cohort.split_whitespace().count() > 5 {
            break;
        }
        let full =
            cohort.to_lowercase().starts_with("full") || cohort.to_lowercase().starts_with("all ") || b.is("everyone");
        out.push(Stage { percent: full.then_some(100.0), cohort: Some(cohort.into()), at: None, dwell: None, line });
        from = noun + 1;
    }
    // `… then full fleet after 72h`: so long the stage before it is watched.
    if let Some(at) = text.to_lowercase().find(" after ")
        && let [.., before, _] = &mut out[..]
    {
        before.dwell = text.get(at..).and_then(times::length_in);
    }
    out
}

/// `| Stage | Traffic | Duration |`.
fn from_table(rows: &[Row]) -> Vec<Stage> {
    let Some((head, body)) = rows.split_first() else { return vec![] };
    let head = &head.cells;
    let share = head.iter().position(|c| {
        let c = c.to_lowercase();
        let c = c.trim();
        matches!(
            c,
            "traffic"
                | "traffic %"
                | "% traffic"
                | "% of traffic"
                | "traffic share"
                | "percent"
                | "percentage"
                | "weight"
                | "rollout"
                | "rollout %"
                | "canary"
                | "canary %"
                | "% users"
                | "users"
                | "users %"
                | "trafic"
                | "tráfico"
                | "verkehr"
                | "anteil"
                | "流量"
                | "流量比例"
                | "トラフィック"
                | "割合"
                | "трафик"
                | "доля"
        )
    });
    let Some(share) = share else { return vec![] };
    let dwell = head.iter().position(|c| {
        let c = c.to_lowercase();
        [
            "duration",
            "dwell",
            "soak",
            "bake",
            "hold",
            "wait",
            "observ",
            "dauer",
            "durée",
            "duración",
            "時間",
            "时长",
            "время",
        ]
        .iter()
        .any(|w| c.contains(w))
    });
    let when = column(head, &["time", "when", "start", "at", "zeit", "heure", "hora", "t-offset", "start time"]);
    let who =
        column(head, &["cohort", "who", "audience", "stage", "group", "users", "wave", "ring"]).filter(|w| *w != share);
    body.iter()
        .filter_map(|row| {
            let cell = |i: Option<usize>| i.and_then(|i| row.cells.get(i)).map_or("", |c| c.trim());
            let [percent] = percents(&tokens(cell(Some(share))))[..] else { return None };
            let cohort = Some(cell(who)).filter(|c| c.contains(char::is_alphabetic)).map(Into::into);
            Some(Stage {
                percent: Some(percent),
                cohort,
                at: times::in_heading(cell(when)).at,
                dwell: times::length_in(cell(dwell)),
                line: row.line,
            })
        })
        .collect()
}
