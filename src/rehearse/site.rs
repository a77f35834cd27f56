//! The state of the make-believe production: flags, builds, heat and counts, in atomics because three servers read it.

use std::sync::atomic::{AtomicI32, AtomicU32, AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use tokio::sync::mpsc;

use super::Event;
use super::jobs::Job;
use super::props::{DoorPlan, Fault, Flag, FlagDoes, FlagPlan, ServicePlan, SitePlan, WordPlan};
use super::scene::Scene;
use super::tally::Tally;

/// Parts per million: shares are kept as whole numbers.
const MILLION: f64 = 1_000_000.0;

/// Which fleet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Colour {
    Blue,
    Green,
}

impl Colour {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Blue => "blue",
            Self::Green => "green",
        }
    }

    /// Its place in [`super::stage::Parts::fleets`].
    pub(super) fn index(self) -> usize {
        usize::from(self == Self::Green)
    }
}

/// A build with what users got from it.
#[derive(Debug)]
pub(super) struct Build {
    pub(super) version: String,
    pub(super) tally: Tally,
}

/// Everything the servers share.
#[derive(Debug)]
pub(super) struct Site {
    pub(super) speed: f64,
    pub(super) seed: u64,
    /// Requests in a second, real time.
    pub(super) rate: f64,
    pub(super) fault: Option<Fault>,
    /// What it has, as the scene says.
    pub(super) plan: SitePlan,
    pub(super) jobs: Vec<Job>,
    /// The blue build first, then those that are deployed in the scene.
    pub(super) builds: Vec<Build>,
    /// Users who got the maintenance page.
    pub(super) turned_away: AtomicU64,
    /// Requests sent so far, in all.
    pub(super) sent: AtomicU64,
    green_build: AtomicUsize,
    /// Highest build ever deployed; later ones are not on `/metrics` yet.
    newest_build: AtomicUsize,
    schema: AtomicU32,
    /// Percent of each flag, in ten-thousandths of a percent.
    flags: Vec<AtomicU32>,
    /// How bad the fault is now, in millionths of its worst; negative while its fuse burns.
    heat: AtomicI32,
    /// Errors owed by a hot green, in millionths; diffusion keeps the share exact.
    errors_owed: AtomicU64,
    /// The few errors that every production has, owed by both fleets together.
    ordinary_owed: AtomicU64,
    events: mpsc::Sender<Event>,
}

impl Site {
    pub(super) fn new(scene: &Scene, speed: f64, events: mpsc::Sender<Event>) -> Self {
        let versions = std::iter::once(&scene.site.version).chain(&scene.site.builds).cloned();
        // More users at a higher speed, so that a minute of the scene still holds enough requests to judge by; not many
        // more, because the machine is the same.
        let rate = scene.site.users * (speed / 10.0).sqrt().clamp(1.0, 2.0);
        Self {
            speed,
            seed: scene.site.seed,
            rate,
            fault: scene.fault.clone(),
            plan: scene.site.clone(),
            jobs: scene.site.jobs.iter().map(Job::new).collect(),
            builds: versions.map(|version| Build { version, tally: Tally::default() }).collect(),
            turned_away: AtomicU64::new(0),
            sent: AtomicU64::new(0),
            green_build: AtomicUsize::new(0),
            newest_build: AtomicUsize::new(0),
            schema: AtomicU32::new(scene.site.schema),
            flags: scene.site.flags.iter().map(|_| AtomicU32::new(0)).collect(),
            heat: AtomicI32::new(scene.fault.as_ref().map_or(0, |fault| (cold(fault) * MILLION) as i32)),
            errors_owed: AtomicU64::new(0),
            ordinary_owed: AtomicU64::new(0),
            events,
        }
    }

    /// Tells the outside; a full lane loses it, which hurts nothing.
    pub(super) fn tell(&self, event: Event) {
        let _ = self.events.try_send(event);
    }

    /// The build a fleet runs.
    pub(super) fn build(&self, fleet: Colour) -> Option<&Build> {
        match fleet {
            Colour::Blue => self.builds.first(),
            Colour::Green => self.builds.get(self.green_build.load(Relaxed)),
        }
    }

    /// Version of the build a fleet runs.
    pub(super) fn version(&self, fleet: Colour) -> &str {
        self.build(fleet).map_or("unknown", |b| b.version.as_str())
    }

    /// Builds that have been deployed, in order of deployment.
    pub(super) fn deployed(&self) -> impl Iterator<Item = &Build> {
        self.builds.iter().take(self.newest_build.load(Relaxed) + 1)
    }

    /// Puts a build on green; false for one that the scene does not have.
    pub(super) fn deploy(&self, version: &str) -> bool {
        let Some(at) = self.builds.iter().position(|b| b.version == version) else { return false };
        self.green_build.store(at, Relaxed);
        self.newest_build.fetch_max(at, Relaxed);
        self.tell(Event::Deployed { fleet: "green", version: version.to_owned() });
        true
    }

    pub(super) fn schema(&self) -> u32 {
        self.schema.load(Relaxed)
    }

    pub(super) fn migrate(&self, schema: u32) {
        self.schema.store(schema, Relaxed);
        self.tell(Event::Migrated { schema });
    }

    /// The flags with the percentage each stands at; zero is off.
    pub(super) fn flags_now(&self) -> impl Iterator<Item = (&FlagPlan, f64)> {
        self.plan.flags.iter().zip(&self.flags).map(|(plan, kept)| (plan, f64::from(kept.load(Relaxed)) / 10_000.0))
    }

    /// Whether a flag of this name is on.
    pub(super) fn is_on(&self, name: &str) -> bool {
        self.flags_now().any(|(flag, percent)| flag.name == name && percent > 0.0)
    }

    /// Sets a flag; says what is wrong with it where something is.
    pub(super) fn set(&self, flag: &Flag) -> Result<(), String> {
        let mut known = self.plan.flags.iter().zip(&self.flags);
        let Some((plan, kept)) = known.find(|(plan, _)| plan.name == flag.flag) else {
            let names: Vec<&str> = self.plan.flags.iter().map(|f| f.name.as_str()).collect();
            return Err(format!("unknown flag; there are {}", names.join(", ")));
        };
        let percent = if flag.enabled { flag.percentage.unwrap_or(plan.percent) } else { 0.0 };
        if !(0.0..=100.0).contains(&percent) {
            return Err("percentage is not from 0 to 100".to_owned());
        }
        let before = self.green_percent();
        kept.store((percent * 10_000.0) as u32, Relaxed);
        if plan.does == FlagDoes::Maintenance && percent <= 0.0 {
            // The first users after a break are few: an ordinary error among them would look like a bad one.
            self.ordinary_owed.store(0, Relaxed);
        }
        self.tell(Event::Flag { flag: plan.name.clone(), percent });
        let green = self.green_percent();
        if green != before {
            self.tell(Event::Traffic { green });
        }
        Ok(())
    }

    pub(super) fn maintenance(&self) -> bool {
        self.flags_now().any(|(flag, percent)| flag.does == FlagDoes::Maintenance && percent > 0.0)
    }

    /// Share of users who are sent to green, in %: the widest of the flags that send any.
    pub(super) fn green_percent(&self) -> f64 {
        let traffic = self.flags_now().filter(|(flag, _)| flag.does == FlagDoes::Traffic);
        traffic.map(|(_, percent)| percent).fold(0.0, f64::max)
    }

    /// The version a service says it runs.
    pub(super) fn version_of<'a>(&'a self, service: &'a ServicePlan) -> &'a str {
        let held = service.held_by.as_ref().is_some_and(|flag| self.is_on(flag));
        match service.version.as_str() {
            "front" if held => &self.plan.version,
            "front" => self.version(self.front()),
            fixed => fixed,
        }
    }

    /// The word that a path answers with now.
    pub(super) fn word<'a>(&self, plan: &'a WordPlan) -> &'a str {
        match self.heat() {
            heat if heat >= 0.75 => &plan.hot,
            heat if heat >= 0.25 => &plan.warm,
            _ => &plan.calm,
        }
    }

    /// Whether a door lets in who has no credentials.
    pub(super) fn is_open(&self, door: &DoorPlan) -> bool {
        door.open_in.as_deref() == Some(self.version(Colour::Green)) && self.green_percent() > 0.0
    }

    /// Starts or stops a job; none for one that there is not.
    pub(super) fn order(&self, order: &super::props::Job) -> Option<&Job> {
        let job = self.jobs.iter().find(|j| j.name() == order.job)?;
        job.order(order.to);
        self.tell(Event::Job { job: order.job.clone(), to: order.to });
        Some(job)
    }

    /// The fleet that most users see.
    pub(super) fn front(&self) -> Colour {
        if self.green_percent() > 50.0 { Colour::Green } else { Colour::Blue }
    }

    /// The fleet of a user: `hash(user) % 100 < percentage`, so a user stays where they are.
    pub(super) fn fleet_of(&self, user: u64) -> Colour {
        if ((user % 100) as f64) < self.green_percent() { Colour::Green } else { Colour::Blue }
    }

    /// How bad the fault is: 0 not at all, 1 at its worst.
    pub(super) fn heat(&self) -> f64 {
        self.warmth().max(0.0)
    }

    /// The same, negative while the fuse burns.
    fn warmth(&self) -> f64 {
        f64::from(self.heat.load(Relaxed)) / MILLION
    }

    /// What an error of the fault says.
    pub(super) fn fault_says(&self) -> &str {
        self.fault.as_ref().map_or("internal error", |fault| fault.says.as_str())
    }

    /// Lets `real` time pass over the jobs and the fault, which ramps while its build serves enough users, else it calms down.
    pub(super) fn pass(&self, real: Duration) {
        for job in &self.jobs {
            if job.pass(real.mul_f64(self.speed), self.schema()) {
                self.tell(Event::JobDone(job.name().to_owned()));
            }
        }
        let Some(fault) = &self.fault else { return };
        let shows = self.version(Colour::Green) == fault.build
            && self.green_percent() >= fault.green_percent
            && !self.maintenance()
            && !fault.unless.as_ref().is_some_and(|flag| self.is_on(flag));
        let before = self.warmth();
        let span = if shows { fault.ramp } else { fault.calm };
        let step = real.as_secs_f64() * self.speed / span.as_secs_f64().max(0.001);
        let now = match shows {
            true => (before + step).min(1.0),
            // Once it is over it takes as long to the first sign as ever.
            false if before - step <= 0.0 => cold(fault),
            false => before - step,
        };
        self.heat.store((now * MILLION) as i32, Relaxed);
        if before <= 0.0 && now > 0.0 {
            self.tell(Event::FaultBegan);
        } else if before > 0.0 && now <= 0.0 {
            self.tell(Event::FaultOver);
        }
    }

    /// Whether this answer is an error: one in 667 of all, and of a hot green's as many as the fault says.
    pub(super) fn errs(&self, fleet: Colour) -> bool {
        // When a minute of the scene holds few requests, a single error would be over any objective.
        let ordinary = if self.rate * 60.0 / self.speed >= 400.0 { 1_500 } else { 0 };
        let worst = self.fault.as_ref().map_or(0.0, |f| f.errors / 100.0);
        let hot = if fleet == Colour::Green { (self.heat() * worst * MILLION) as u64 } else { 0 };
        let due = |owed: &AtomicU64, share: u64| {
            let before = owed.fetch_add(share, Relaxed);
            (before + share) / 1_000_000 > before / 1_000_000
        };
        due(&self.ordinary_owed, ordinary) | due(&self.errors_owed, hot)
    }

    /// How long a fleet works on request `n`: a fixed shape, a little faster on green, and a tail when it is hot.
    pub(super) fn latency(&self, fleet: Colour, n: u64) -> Duration {
        let u = unit(self.seed ^ n);
        let ms = 12.0 + 30.0 * u + 90.0 * u.powi(8);
        match fleet {
            Colour::Blue => Duration::from_secs_f64(ms / 1_000.0),
            Colour::Green => {
                let slower = self.fault.as_ref().map_or(0.0, |f| f.slower.as_secs_f64());
                Duration::from_secs_f64(ms * 0.85 / 1_000.0 + self.heat() * slower * (0.25 + 0.75 * u))
            }
        }
    }

    /// Database connections in use, of 80.
    pub(super) fn connections(&self) -> u32 {
        (22.0 + self.green_percent() * 0.12 + self.heat() * 44.0) as u32
    }
}

/// Where a fault begins that shows only after a while.
fn cold(fault: &Fault) -> f64 {
    -fault.fuse.as_secs_f64() / fault.ramp.as_secs_f64().max(0.001)
}

/// A number in [0, 1) that depends on `x` alone. (SplitMix64, Steele et al., "Fast splittable pseudorandom number
/// generators", 2014.)
pub(super) fn unit(x: u64) -> f64 {
    let mut z = x.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
}
