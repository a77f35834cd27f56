//! What a scene's production is made of, as data: builds, users, services, flags, jobs, guarded doors, and what goes wrong.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::clock;

/// Everything a production has.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SitePlan {
    /// Version of the blue fleet, and of green before its first deployment.
    pub version: String,
    /// Versions that can be deployed to green.
    #[serde(default)]
    pub builds: Vec<String>,
    /// Schema of the database at the start.
    pub schema: u32,
    /// Requests of users in a second at speed 10 and below.
    pub users: f64,
    /// The same seed gives the same users, latencies and errors, as far as a real network lets it.
    pub seed: u64,
    /// What the names of its metrics begin with.
    pub metrics: String,
    /// Services with a health of their own.
    #[serde(default, rename = "service")]
    pub services: Vec<ServicePlan>,
    /// Feature flags.
    #[serde(default, rename = "flag")]
    pub flags: Vec<FlagPlan>,
    /// Jobs that can be run.
    #[serde(default, rename = "job")]
    pub jobs: Vec<JobPlan>,
    /// What must refuse whoever has no credentials.
    #[serde(default, rename = "door")]
    pub doors: Vec<DoorPlan>,
    /// Paths that answer with one word.
    #[serde(default, rename = "word")]
    pub words: Vec<WordPlan>,
    /// Paths that always answer the same.
    #[serde(default, rename = "page")]
    pub pages: Vec<PagePlan>,
}

/// A service's health.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServicePlan {
    /// Its name.
    pub name: String,
    /// Where it answers.
    pub path: String,
    /// Its version; `front` is that of the build which most users see.
    pub version: String,
    /// A flag that holds it at the old version.
    #[serde(default)]
    pub held_by: Option<String>,
    /// How long it works on an answer.
    #[serde(deserialize_with = "duration")]
    pub takes: Duration,
    /// How much longer when the fault is at its worst.
    #[serde(default, deserialize_with = "duration")]
    pub slower: Duration,
    /// What it says of itself besides.
    #[serde(default)]
    pub shows: Vec<Shows>,
}

/// What a service says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Shows {
    /// The database's schema.
    Schema,
    /// Its connections.
    Connections,
    /// Whether the maintenance page is up.
    Maintenance,
}

/// A feature flag.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FlagPlan {
    /// Its name.
    pub name: String,
    /// What it stands for when no percentage is given.
    #[serde(default = "whole")]
    pub percent: f64,
    /// What it does.
    pub does: FlagDoes,
}

/// What a flag does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FlagDoes {
    /// Sends that share of the users to green.
    Traffic,
    /// Shows users the maintenance page.
    Maintenance,
    /// Nothing by itself: others look at it.
    Switch,
}

/// A job.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JobPlan {
    /// Its name.
    pub name: String,
    /// How long it takes, in time of the scene.
    #[serde(deserialize_with = "duration")]
    pub lasts: Duration,
    /// Rows that it writes.
    #[serde(default)]
    pub rows: u32,
    /// Share of them that fail, in %.
    #[serde(default)]
    pub errors: f64,
    /// The schema from which on none fails.
    #[serde(default)]
    pub mended_by: Option<u32>,
}

/// What must refuse whoever has no credentials.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DoorPlan {
    /// Where it answers.
    pub path: String,
    /// The build that lets everybody in, as soon as it has users.
    #[serde(default)]
    pub open_in: Option<String>,
    /// The flag that shuts it for everybody.
    #[serde(default)]
    pub shut_by: Option<String>,
}

/// A path that answers with a word, by how bad the fault is.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WordPlan {
    /// Where it answers, as `{"state": …}`.
    pub path: String,
    /// While all is well.
    pub calm: String,
    /// From a quarter of the worst on.
    pub warm: String,
    /// From three quarters of the worst on.
    pub hot: String,
}

/// A path that always answers the same.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PagePlan {
    /// Where it answers.
    pub path: String,
    /// With what.
    pub json: Value,
}

/// What goes wrong, under which conditions.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// The build that has the flaw.
    pub build: String,
    /// Share of users on green, in %, from which it shows.
    pub green_percent: f64,
    /// A flag that takes it away.
    #[serde(default)]
    pub unless: Option<String>,
    /// How long it takes to the first sign.
    #[serde(default, deserialize_with = "duration")]
    pub fuse: Duration,
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
    /// What an error says.
    pub says: String,
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

/// The body of `/api/admin/jobs`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Job {
    /// Its name.
    pub job: String,
    /// What to do with it.
    pub to: JobTo,
}

/// What is done with a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum JobTo {
    /// Begins it anew.
    Start,
    /// Ends it, and takes back what it wrote.
    Stop,
}

fn whole() -> f64 {
    100.0
}

pub(super) fn duration<'de, D: serde::Deserializer<'de>>(d: D) -> Result<Duration, D::Error> {
    let text = String::deserialize(d)?;
    clock::parse_duration(&text).map_err(serde::de::Error::custom)
}

pub(super) fn duration_opt<'de, D: serde::Deserializer<'de>>(d: D) -> Result<Option<Duration>, D::Error> {
    duration(d).map(Some)
}
