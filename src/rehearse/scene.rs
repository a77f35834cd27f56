//! A scene: a room of `checklists/` with its make-believe production, its fault, its team and the story that is expected.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;

use super::props::{self, Fault, SitePlan};
use super::story::Expected;
use super::wish::Wish;
use crate::clock::{self, Offset};
use crate::fact::{Author, StepId};
use crate::room::Intent;
use crate::text::Untrusted;

/// Where the plan on disk expects the router; [`Scene::plan_text`] puts the real place there.
const BASE_ON_DISK: &str = "http://127.0.0.1:8080";
/// Where the plan on disk expects the cache.
const CACHE_ON_DISK: &str = "127.0.0.1:6379";

/// Where the plan on disk expects `shopctl`.
const TOOL_ON_DISK: &str = "../shopctl";

/// A room in the binary: name, runbook, plan, scene.
macro_rules! room {
    ($name:literal) => {
        (
            $name,
            include_str!(concat!("../../checklists/", $name, "/runbook.md")),
            include_str!(concat!("../../checklists/", $name, "/warroom.toml")),
            include_str!(concat!("../../checklists/", $name, "/scene.toml")),
        )
    };
}

/// The rooms in the binary, in the order they are listed.
const ROOMS: [(&str, &str, &str, &str); 5] = [
    room!("blue-green-go-live"),
    room!("cloud-release"),
    room!("schema-rollout"),
    room!("patch-release"),
    room!("go-live-card"),
];

/// Everything that is played.
#[derive(Clone, Debug)]
pub struct Scene {
    /// The folder's name in `checklists/`.
    pub name: &'static str,
    /// One line for `demo --list`.
    pub title: String,
    /// Speed when nobody asks for another.
    pub speed: u32,
    /// T at the first moment of the scene; negative before T-0.
    pub begins: Offset,
    /// T of the end, when nothing had to be waited for.
    pub ends: Offset,
    /// Who sits at the screen: the person of one of the team's roles.
    pub seat: String,
    /// The production.
    pub site: SitePlan,
    /// What goes wrong.
    pub fault: Option<Fault>,
    /// What the team does, in order of time.
    pub acts: Vec<Act>,
    /// What must come about, and in which order.
    pub story: Expected,
    runbook: &'static str,
    plan: &'static str,
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
    /// Somebody of the team runs the command of a step.
    Run(Author, StepId),
    /// Nobody goes on before this has come about; after so long the story has failed and goes on all the same.
    Await(Wish, Duration),
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

    /// The text of `warroom.toml` for a production at `base_url` with its cache at `cache_addr` and `shopctl` at `tool`.
    pub fn plan_text(&self, base_url: &str, cache_addr: &str, tool: &str) -> String {
        self.plan.replace(BASE_ON_DISK, base_url).replace(CACHE_ON_DISK, cache_addr).replace(TOOL_ON_DISK, tool)
    }

    fn read(name: &'static str, runbook: &'static str, plan: &'static str, scene: &str) -> Result<Self, SceneError> {
        let wrong = |why: String| SceneError::File(name, why);
        let raw: RawScene = toml::from_str(scene).map_err(|e| wrong(e.to_string()))?;
        let begins = offset(&raw.begins).map_err(wrong)?;
        let mut acts: Vec<Act> = Vec::with_capacity(raw.act.len());
        let mut runs: BTreeMap<StepId, usize> = BTreeMap::new();
        for act in raw.act {
            let at = offset(&act.at).map_err(wrong)?;
            let at = u64::try_from(at.0 - begins.0)
                .map(Duration::from_secs)
                .map_err(|_| wrong(format!("{} is before the scene begins ({})", act.at, raw.begins)))?;
            if acts.last().is_some_and(|before| before.at > at) {
                return Err(wrong(format!("{} stands after a later act; acts stand in order of time", act.at)));
            }
            let by = match &act.by {
                None => None,
                Some(role) => {
                    let person =
                        raw.team.get(role).ok_or_else(|| wrong(format!("{}: nobody in [team] is {role:?}", act.at)))?;
                    Some(Author { person: person.as_str().into(), role: Some(Untrusted::new(role.clone())) })
                }
            };
            let mut put = |what| acts.push(Act { at, what });
            match (by, act.intent, act.tick, act.run, act.wish) {
                (Some(by), Some(intent), None, None, None) => put(What::Do(by, intent)),
                (Some(by), None, Some(step), None, None) => put(What::Do(by, Intent::Tick { step })),
                (Some(by), None, None, Some(step), None) => {
                    let times = runs.entry(step.clone()).or_insert(0);
                    *times += 1;
                    put(What::Run(by.clone(), step.clone()));
                    put(What::Await(Wish::Ran(step.clone(), *times), act.most.unwrap_or(MOST)));
                    put(What::Do(by, Intent::Tick { step }));
                }
                (None, None, None, None, Some(wish)) => put(What::Await(wish, act.most.unwrap_or(MOST))),
                _ => {
                    let has = "an act has `by` and one of `do`, `tick`, `run`, or `await` alone";
                    return Err(wrong(format!("{}: {has}", act.at)));
                }
            }
        }
        let ends = offset(&raw.ends).map_err(wrong)?;
        Ok(Self {
            name,
            title: raw.title,
            speed: raw.speed,
            begins,
            ends,
            seat: raw
                .team
                .get(&raw.seat)
                .cloned()
                .ok_or_else(|| wrong(format!("nobody in [team] is {:?}", raw.seat)))?,
            site: raw.site,
            fault: raw.fault,
            acts,
            story: raw.story,
            runbook,
            plan,
        })
    }
}

/// How long something is waited for, where the scene does not say.
pub(super) const MOST: Duration = Duration::from_mins(10);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawScene {
    title: String,
    speed: u32,
    begins: String,
    ends: String,
    seat: String,
    story: Expected,
    team: BTreeMap<String, String>,
    site: SitePlan,
    fault: Option<Fault>,
    act: Vec<RawAct>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawAct {
    at: String,
    by: Option<String>,
    #[serde(rename = "do")]
    intent: Option<Intent>,
    tick: Option<StepId>,
    run: Option<StepId>,
    #[serde(rename = "await")]
    wish: Option<Wish>,
    #[serde(default, deserialize_with = "props::duration_opt")]
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
