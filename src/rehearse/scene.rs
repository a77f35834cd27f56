//! A scene: a room of `checklists/` with its make-believe production, its fault, its team and its expected verdicts.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::clock::{self, Offset};
use crate::fact::{Author, StepId, Verdict};
use crate::room::decide::Intent;
use crate::text::Untrusted;

/// Where the plan on disk expects the router; [`Scene::plan_text`] puts the real place there.
const BASE_ON_DISK: &str = "http://127.0.0.1:8080";
/// Where the plan on disk expects the cache.
const CACHE_ON_DISK: &str = "127.0.0.1:6379";

/// The rooms in the binary: name, runbook, plan, scene.
const ROOMS: [(&str, &str, &str, &str); 1] = [(
    "blue-green-go-live",
    include_str!("../../checklists/blue-green-go-live/runbook.md"),
    include_str!("../../checklists/blue-green-go-live/warroom.toml"),
    include_str!("../../checklists/blue-green-go-live/scene.toml"),
)];

/// Everything that is played.
#[derive(Clone, Debug)]
pub struct Scene {
    /// The folder's name in `checklists/`.
    pub name: &'static str,
    /// One line for `demo --list`.
    pub title: String,
    /// Speed when nobody asks for another.
    pub speed: f64,
    /// T at the first moment of the scene; negative before T-0.
    pub begins: Offset,
    /// T of the end, when nothing had to be waited for.
    pub ends: Offset,
    /// The production.
    pub site: SitePlan,
    /// What goes wrong.
    pub fault: Option<Fault>,
    /// What ticking a step does to the production.
    pub does: BTreeMap<StepId, Vec<Action>>,
    /// What the team does, in order of time.
    pub acts: Vec<Act>,
    /// Verdicts that must come in this order; see [`super::script::Story`].
    pub verdicts: Vec<Verdict>,
    runbook: &'static str,
    plan: &'static str,
}

/// Builds and users of the production.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SitePlan {
    /// Version of the blue fleet, and of green before its first deployment.
    pub version: String,
    /// Schema of the database at the start.
    pub schema: u32,
    /// Requests of users in a second at speed 10 and below.
    pub users: f64,
    /// The same seed gives the same users, latencies and errors, as far as a real network lets it.
    pub seed: u64,
}

/// What goes wrong, under which conditions.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// The build that has the flaw.
    pub build: String,
    /// Share of users on green, in %, from which it shows.
    pub green_percent: f64,
    /// From the first sign to its worst.
    #[serde(deserialize_with = "duration")]
    pub ramp: Duration,
    /// From its worst to nothing, once green has fewer users or another build.
    #[serde(deserialize_with = "duration")]
    pub calm: Duration,
    /// Share of green's answers that are errors at its worst, in %.
    pub errors: f64,
    /// What the slowest of green's answers take longer at its worst.
    #[serde(deserialize_with = "duration")]
    pub slower: Duration,
}

/// What ticking a step does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Action {
    /// POST to `/api/admin/feature-flags`.
    Flag(Flag),
    /// POST to `/api/admin/deploy`.
    Deploy(Deploy),
    /// POST to `/api/admin/migrations`.
    Migrate(Migrate),
}

/// The body of `/api/admin/feature-flags`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Flag {
    /// Its name.
    pub flag: String,
    /// On or off.
    pub enabled: bool,
    /// 0 to 100; left out it is the flag's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub percentage: Option<f64>,
}

/// The body of `/api/admin/deploy`: this build, to green.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deploy {
    /// Version.
    pub deploy: String,
}

/// The body of `/api/admin/migrations`: up to this schema.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Migrate {
    /// Number of the schema.
    pub migrate: u32,
}

/// A line of the script.
#[derive(Clone, Debug)]
pub struct Act {
    /// From the scene's beginning, when nothing had to be waited for before.
    pub at: Duration,
    /// What.
    pub what: What,
}

/// What a line of the script says.
#[derive(Clone, Debug)]
pub enum What {
    /// Somebody of the team does something.
    Do(Author, Intent),
    /// Nobody goes on before this verdict shows; after `most` the story has failed and goes on all the same.
    Await(Verdict, Duration),
}

/// Why a scene cannot be played.
#[derive(Debug, thiserror::Error)]
pub enum SceneError {
    /// No such scene.
    #[error("there is no scene \"{asked}\"; there is: {there}")]
    Unknown {
        /// The name asked for.
        asked: String,
        /// The names there are.
        there: String,
    },
    /// Its file is wrong.
    #[error("checklists/{0}/scene.toml: {1}")]
    File(&'static str, String),
}

/// The scenes in the binary, in the order they are listed.
pub fn scenes() -> Result<Vec<Scene>, SceneError> {
    ROOMS.iter().map(|(name, runbook, plan, scene)| Scene::read(name, runbook, plan, scene)).collect()
}

impl Scene {
    /// The scene of this name; without a name the first.
    pub fn find(name: Option<&str>) -> Result<Self, SceneError> {
        let room = match name {
            None => ROOMS.first(),
            Some(name) => ROOMS.iter().find(|(n, ..)| *n == name),
        };
        let Some((name, runbook, plan, scene)) = room else {
            let there: Vec<&str> = ROOMS.iter().map(|(n, ..)| *n).collect();
            return Err(SceneError::Unknown { asked: name.unwrap_or_default().to_owned(), there: there.join(", ") });
        };
        Self::read(name, runbook, plan, scene)
    }

    /// The runbook's text; its file is called `runbook.md`.
    pub fn runbook_text(&self) -> &'static str {
        self.runbook
    }

    /// The text of `warroom.toml` for a production at `base_url` with its cache at `cache_addr`. Intervals and the windows
    /// in queries are divided by `speed`, so that a minute of the scene is judged by a minute of the scene; 1 leaves them.
    pub fn plan_text(&self, base_url: &str, cache_addr: &str, speed: f64) -> String {
        let placed = self.plan.replace(BASE_ON_DISK, base_url).replace(CACHE_ON_DISK, cache_addr);
        if speed == 1.0 { placed } else { faster(&placed, speed) }
    }

    /// The room as files: name and text. Write them into one folder and run it.
    pub fn files(&self, base_url: &str, cache_addr: &str, speed: f64) -> [(&'static str, String); 2] {
        [("runbook.md", self.runbook.to_owned()), ("warroom.toml", self.plan_text(base_url, cache_addr, speed))]
    }

    /// What the steps do, in the order of the script's ticks; then those of steps that the script never ticks.
    pub(super) fn acts_in_order(&self) -> impl Iterator<Item = &Action> {
        let ticked = self.acts.iter().filter_map(|act| match &act.what {
            What::Do(_, Intent::Tick { step }) => self.does.get(step),
            _ => None,
        });
        ticked.chain(self.does.values()).flatten()
    }

    fn read(name: &'static str, runbook: &'static str, plan: &'static str, scene: &str) -> Result<Self, SceneError> {
        let wrong = |why: String| SceneError::File(name, why);
        let raw: RawScene = toml::from_str(scene).map_err(|e| wrong(e.to_string()))?;
        let begins = offset(&raw.begins).map_err(wrong)?;
        let mut acts: Vec<Act> = Vec::with_capacity(raw.act.len());
        for act in raw.act {
            let at = offset(&act.at).map_err(wrong)?;
            let at = u64::try_from(at.0 - begins.0)
                .map(Duration::from_secs)
                .map_err(|_| wrong(format!("{} is before the scene begins ({})", act.at, raw.begins)))?;
            if acts.last().is_some_and(|before| before.at > at) {
                return Err(wrong(format!("{} stands after a later act; acts stand in order of time", act.at)));
            }
            let what = match (act.by, act.intent, act.await_verdict) {
                (Some(role), Some(intent), None) => {
                    let person = raw
                        .team
                        .get(&role)
                        .ok_or_else(|| wrong(format!("{}: nobody in [team] is {role:?}", act.at)))?;
                    let by = Author { person: person.as_str().into(), role: Some(Untrusted::new(role)) };
                    What::Do(by, intent)
                }
                (None, None, Some(verdict)) => What::Await(verdict, act.most.unwrap_or(MOST)),
                _ => return Err(wrong(format!("{}: an act has `by` and `do`, or `await` alone", act.at))),
            };
            acts.push(Act { at, what });
        }
        let ends = offset(&raw.ends).map_err(wrong)?;
        Ok(Self {
            name,
            title: raw.title,
            speed: raw.speed,
            begins,
            ends,
            site: raw.site,
            fault: raw.fault,
            does: raw.does,
            acts,
            verdicts: raw.verdicts,
            runbook,
            plan,
        })
    }
}

/// How long a verdict is waited for, where the scene does not say.
const MOST: Duration = Duration::from_mins(10);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawScene {
    title: String,
    speed: f64,
    begins: String,
    ends: String,
    verdicts: Vec<Verdict>,
    team: BTreeMap<String, String>,
    site: SitePlan,
    fault: Option<Fault>,
    #[serde(default)]
    does: BTreeMap<StepId, Vec<Action>>,
    act: Vec<RawAct>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawAct {
    at: String,
    by: Option<String>,
    #[serde(rename = "do")]
    intent: Option<Intent>,
    #[serde(rename = "await")]
    await_verdict: Option<Verdict>,
    #[serde(default, deserialize_with = "duration_opt")]
    most: Option<Duration>,
}

/// `T+1m30s` or `T-4m`.
fn offset(text: &str) -> Result<Offset, String> {
    let (sign, span) = match (text.strip_prefix("T+"), text.strip_prefix("T-")) {
        (Some(span), _) => (1, span),
        (_, Some(span)) => (-1, span),
        _ => return Err(format!("{text:?} is no moment; write for example \"T-4m\" or \"T+1m30s\"")),
    };
    let span = clock::parse_duration(span).map_err(|e| e.to_string())?;
    Ok(Offset(sign * span.as_secs() as i64))
}

fn duration<'de, D: serde::Deserializer<'de>>(d: D) -> Result<Duration, D::Error> {
    let text = String::deserialize(d)?;
    clock::parse_duration(&text).map_err(serde::de::Error::custom)
}

fn duration_opt<'de, D: serde::Deserializer<'de>>(d: D) -> Result<Option<Duration>, D::Error> {
    duration(d).map(Some)
}

/// The plan with `every` and the windows of its queries divided by `speed`.
fn faster(plan: &str, speed: f64) -> String {
    let scaled = |text: &str| -> Option<String> {
        let span = clock::parse_duration(text).ok()?;
        // Not under what a scheduler slot and a counter can resolve.
        Some(clock::duration_text(span.div_f64(speed).max(Duration::from_millis(40))))
    };
    let mut out = String::with_capacity(plan.len());
    for line in plan.lines() {
        let (open, close) = if line.starts_with("every") {
            ('"', '"')
        } else if line.starts_with("query") {
            ('[', ']')
        } else {
            out.push_str(line);
            out.push('\n');
            continue;
        };
        let mut rest = line;
        while let Some((head, tail)) = rest.split_once(open) {
            out.push_str(head);
            out.push(open);
            let Some((span, after)) = tail.split_once(close) else {
                rest = tail;
                break;
            };
            out.push_str(scaled(span).as_deref().unwrap_or(span));
            out.push(close);
            rest = after;
        }
        out.push_str(rest);
        out.push('\n');
    }
    out
}
