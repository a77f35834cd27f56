//! The stage of simulated cutovers: runbooks and plans with short times, each as it is and as somebody edits it on the way.

use std::sync::{Arc, OnceLock};

use warroom::plan::Plan;
use warroom::room::Book;
use warroom::runbook::{self, Runbook};

/// How far samples are apart.
pub const EVERY_MS: u64 = 5_000;
/// `for` of the rule and of the levels.
pub const FOR_MS: u64 = 15_000;
/// `for` of the levels.
pub const LEVEL_FOR_MS: u64 = 5_000;
/// Metrics, in the plan's order.
pub const METRICS: [&str; 2] = ["error rate", "p95"];
/// Services, in the plan's order.
pub const SERVICES: [&str; 2] = ["api", "db"];
/// Gates by name.
pub const GATES: [&str; 3] = ["deploy", "canary", "full"];
/// Rollback plans by name.
pub const ROLLBACKS: [&str; 2] = ["traffic to blue", "database"];

const RUNBOOK: &str = "\
# Cutover

## Deploy

1. deploy green

   ```bash
   kubectl apply -f green.yaml
   ```

2. look at it
3. go or no-go

## Canary (T+1m)

- [ ] enable five percent

  ```bash
  kubectl scale deploy/green --replicas=2
  ```

- [ ] watch it

## Full rollout (T+2m)

- [ ] enable all
- [ ] drop the old tables

## Rollback Procedure

1. traffic back to blue

   ```bash
   kubectl apply -f blue.yaml
   ```

2. smoke test of blue

## Restore the database

1. restore the snapshot
";

const PLAN: &str = r#"
[room]
name = "retail"
t0 = 2025-10-21T11:01:00Z
environment = "production"
window = "30m"

[[role]]
name = "incident commander"
people = ["ic", "deputy"]
decides = ["gates", "rollback", "breakers"]

[[role]]
name = "on-call"
people = ["on-call"]

[[role]]
name = "dba"
people = ["dba"]

[source.app]
scrape = "http://127.0.0.1:1/metrics"

[[service]]
name = "api"
http = "http://127.0.0.1:1/health"
every = "5s"
timeout = "2s"

[[service]]
name = "db"
tcp = "127.0.0.1:2"
every = "5s"
timeout = "2s"

[[metric]]
name = "error rate"
unit = "%"
query = "rate(x[1m])"
source = "app"
every = "5s"
objective = "< 1%"

[[metric]]
name = "p95"
unit = "ms"
query = "rate(y[1m])"
source = "app"
every = "5s"

[notify.room]
webhook = "http://127.0.0.1:1/hook"

[[rule]]
name = "errors"
when = "error rate > 0.5%"
for = "15s"
keep_for = "10s"
severity = "page"
notify = ["room"]

[[gate]]
name = "deploy"
at = "go or no-go"
criteria = ["steps done", "services up"]

[[gate]]
name = "canary"
at = "Canary"
criteria = ["error rate < 1%", "p95 < 500ms", "steps done"]
dwell = "20s"
votes = ["incident commander", "on-call"]

[[gate]]
name = "full"
at = "Full rollout"
criteria = ["error rate < 1%"]
dwell = { for = "15s", on_breach = "pause" }

[[tick]]
step = "watch it"
when = "error rate < 1%"
for = "10s"

[[window]]
name = "critical"
from = "T+0m"
until = "T+3m"
every = "5s"
check_in = { every = "30s", role = "on-call" }
notify = ["room"]

[[hold]]
name = "breath"
at = "T+30s"
for = "20s"

[[level]]
name = "1"
when = ["error rate >= 1%"]
for = "5s"
keep_for = "10s"

[[level]]
name = "2"
when = ["error rate >= 3%", "p95 > 1000ms"]
for = "5s"
keep_for = "10s"
decide_within = "1m"
auto = "arm"

[[level]]
name = "3"
when = ["error rate > 20%"]
declare = ["data corruption"]
for = "5s"
keep_for = "10s"
auto = "fire after 10s"

[[rollback]]
name = "traffic to blue"
steps = "Rollback Procedure"
takes = "90s"
for_levels = ["2", "3"]
until = "drop the old tables"
verify = ["error rate < 1%"]
dwell = "10s"

[[rollback]]
name = "database"
steps = "Restore the database"
takes = "20m"
for_levels = ["3"]
two_person = true

[[breaker]]
name = "freeze writes"
run = "ctl freeze"
confirm = "FREEZE"
cooldown = "30s"
two_person = true
"#;

/// What stands on the disk: as it was, with a spelling corrected, with another threshold, without the last gate.
#[derive(Debug)]
struct Edition {
    book: Runbook,
    plan: Plan,
}

fn editions() -> &'static Vec<Edition> {
    static ALL: OnceLock<Vec<Edition>> = OnceLock::new();
    ALL.get_or_init(|| {
        let spelled = RUNBOOK.replace("enable five percent", "enable five per cent");
        let wider = PLAN.replace("criteria = [\"error rate < 1%\", \"p95", "criteria = [\"error rate < 2%\", \"p95");
        let fewer = PLAN
            .replace("takes = \"90s\"", "takes = \"2m\"")
            .replace("keep_for = \"10s\"\nauto", "keep_for = \"20s\"\nauto");
        assert!(spelled != RUNBOOK && wider != PLAN && fewer != PLAN);
        [(RUNBOOK, PLAN), (spelled.as_str(), PLAN), (RUNBOOK, wider.as_str()), (spelled.as_str(), fewer.as_str())]
            .into_iter()
            .map(|(book, plan)| {
                let book = runbook::read("runbook.md", book.as_bytes()).unwrap();
                let plan = crate::support::plan(plan, std::slice::from_ref(&book));
                Edition { book, plan }
            })
            .collect()
    })
}

/// How many editions there are.
pub const EDITIONS: usize = 4;

/// The book and the plan of an edition.
pub fn edition(n: usize) -> (Book, Plan) {
    let edition = &editions()[n % EDITIONS];
    (Book::new(vec![edition.book.clone()]), edition.plan.clone())
}

/// The same for a new room.
pub fn shared(n: usize) -> (Arc<Book>, Arc<Plan>) {
    let (book, plan) = edition(n);
    (Arc::new(book), Arc::new(plan))
}
