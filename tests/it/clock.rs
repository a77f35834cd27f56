//! The countdown on virtual time: holds, ways back, the forecast, windows and who is asked in them, timers, and clocks that jump.

mod calls;
mod forecast;
mod holds;
mod jumps;
mod live;
mod order;
mod screens;
mod zones;

use std::time::Duration;

use warroom::clock::Now;
use warroom::fact::{Author, Fact};
use warroom::room::{Book, Intent, Me, Room, Watch, decide, observe};
use warroom::text::Untrusted;

use crate::support::{Ledger, start};

pub const SECOND: Duration = Duration::from_secs(1);
pub const MINUTE: Duration = Duration::from_mins(1);

/// A room that has the watch, with its journal; time passes second by second.
pub struct World {
    pub room: Room,
    pub ledger: Ledger,
    /// Everything recorded, in order.
    pub facts: Vec<Fact>,
}

impl World {
    /// 11:00 UTC; the plan usually puts T-0 at 12:00.
    pub fn new(runbook: &str, plan: &str) -> Self {
        let book = warroom::runbook::read("runbook.md", runbook.as_bytes()).unwrap();
        let none = |_: &str| None;
        let nothing = |_: &str| Err("not in a test".to_owned());
        let outside = warroom::plan::Outside { env: &none, file: &nothing, cmd: &nothing };
        let books = [book];
        let input = warroom::plan::Input { path: "warroom.toml", text: plan, outside: &outside, runbooks: &books };
        let loaded = warroom::plan::load(&input);
        assert!(loaded.usable(), "{:#?}", loaded.findings);
        let me = Me { author: of("ic"), read_only: false };
        let mut room = Room::new(me, Book::new(books.into()).into(), loaded.plan.into(), start());
        room.live.watch = Watch::Me { epoch: 1 };
        Self { room, ledger: Ledger::default(), facts: Vec::new() }
    }

    /// Lets time pass, one tick a second.
    pub fn pass(&mut self, span: Duration) {
        for _ in 0..span.as_secs() {
            self.tick(self.room.now.plus(SECOND));
        }
    }

    /// One tick at a moment.
    pub fn tick(&mut self, now: Now) {
        let effects = observe::tick(&mut self.room, now);
        let facts = self.ledger.perform(&mut self.room, effects);
        self.facts.extend(facts);
    }

    /// Somebody in a role wants something now.
    pub fn does(&mut self, role: &str, intent: &Intent) -> Result<Vec<Fact>, String> {
        let effects = decide::decide(&self.room, &of(role), intent).map_err(|refusal| refusal.0)?;
        let facts = self.ledger.perform(&mut self.room, effects);
        self.facts.extend(facts.iter().cloned());
        Ok(facts)
    }

    /// The T-clock as shown.
    pub fn t(&self) -> String {
        self.room.t().map(|t| t.to_string()).unwrap_or_default()
    }
}

/// Somebody named as their role.
pub fn of(role: &str) -> Author {
    Author { person: Untrusted::new(role), role: Some(Untrusted::new(role)) }
}

pub fn words(text: &str) -> Untrusted {
    Untrusted::new(text)
}

/// T-0 at 12:00 UTC, an incident commander who decides, a dba and comms who do not.
pub const TEAM: &str = r#"
[[role]]
name = "ic"
people = ["ic"]
decides = ["gates", "rollback"]

[[role]]
name = "dba"
people = ["dba"]

[[role]]
name = "comms"
people = ["comms"]
"#;

/// A plan with that team.
pub fn plan(room: &str, rest: &str) -> String {
    format!("[room]\nname = \"retail\"\nt0 = 2025-10-21T12:00:00Z\n{room}\n{TEAM}\n{rest}")
}
