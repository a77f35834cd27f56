//! Rules about what a runbook says: for each what it finds, and what looks like it and is right.

use super::{brief, found, together};

/// A runbook, and what is found in it by code and line.
const PROSE: &[(&str, &[&str])] = &[
    // WR045: a counter in prose
    ("- Abort if `http_errors_total` > 100\n", &["WR045:1"]),
    ("- Abort if `rate(http_errors_total[5m])` > 2\n- `jobs_total` > 0\n", &[]),
    // WR049, WR050
    (
        "## Enable maintenance mode\n\nDo it.\n\n## Canary: 5% of traffic\n\n- Error rate < 1%\n\n## Disable maintenance mode\n\nDo it.\n\n## All traffic\n\nx\n",
        &["WR049:5"],
    ),
    (
        "## Enable maintenance mode\n\nDo it.\n\n## Disable maintenance mode\n\nDo it.\n\n## Canary: 5% of traffic\n\n- Error rate < 1%\n\n## All traffic\n\nx\n",
        &[],
    ),
    ("1. Turn on maintenance mode\n2. Migrate\n3. Announce\n", &["WR050:1"]),
    ("1. Turn on maintenance mode\n2. Migrate\n3. Take the site out of maintenance\n", &[]),
    ("1. Announce the maintenance window\n2. Start of maintenance window\n3. Migrate\n", &[]),
    ("```sh\nphp artisan down\nphp artisan migrate --force\nphp artisan up\n```\n\n## Rollback\n\nNone.\n", &[]),
    // WR051
    (
        "## Gate\n\n- Error rate < 1%\n- **NO-GO**: roll back immediately\n\n## Level 1\n\n- Error rate 1-3%\n- Do NOT rollback\n",
        &["WR051:9"],
    ),
    (
        "## Gate\n\n- Error rate < 3%\n- **NO-GO**: roll back immediately\n\n## Level 1\n\n- Error rate 1-3%\n- Do NOT rollback\n",
        &[],
    ),
    ("## Action\n\n- [ ] Restart the workers\n\n## Later\n\n- [ ] Do not restart the workers\n", &["WR051:7"]),
    (
        "## When it goes wrong\n\n- Above 4 % failed logins, roll back at once.\n- Above 4 % failed logins, do not roll back; wait.\n",
        &["WR051:4"],
    ),
    ("- Roll back if error rate > 5%; do not roll back under 10%: error rate 5-10%\n", &["WR051:1"]),
    (
        "## Triggers\n\n- Roll back if error rate > 5%\n- Do not roll back if only p95 latency is 1-2 s\n\n## Rollback\n\n1. Switch back\n",
        &[],
    ),
    // WR069: an abort before the objective is missed
    ("## Backfill\n\nAbort if error rate >0.5%.\n\n## Guardrails\n\n- Error rate <1%\n", &["WR069:3"]),
    ("## Backfill\n\nAbort if error rate > 1%.\n\n## Guardrails\n\n- Error rate < 1%\n", &[]),
    ("## Canary\n\nAbort if error rate > 0.5%.\n\n## Guardrails\n\n- Error rate < 1%\n", &[]),
    // WR052, WR053, WR054
    ("## Level 1\n\n- Error rate 1-4%\n\n## Level 2\n\n- Error rate 3-10%\n", &["WR052:7"]),
    ("## Level 1\n\n- Error rate 1-3%\n\n## Level 2\n\n- Error rate > 5%\n", &["WR053:7"]),
    ("## Level 1\n\n- Error rate 1-3%\n\n## Level 2\n\n- Error rate 3-10%\n", &["WR054:7"]),
    ("## Level 1\n\n- Error rate 1-3%\n\n## Level 2\n\n- Error rate > 3%\n", &[]),
    ("## Level 1\n\n- Failed jobs 1-3\n\n## Level 2\n\n- Failed jobs 4-10\n", &[]),
    ("## Limits\n\n- Error rate > 1%\n- Error rate > 5%\n- p95 latency < 500 ms\n", &[]),
    (
        "## Level 1\n\n- Error rate 1-3%\n- p95 latency 200-500ms\n\n## Level 2\n\n- Error rate > 3%\n- p95 latency > 500ms\n\n## Level 3\n\n- Queue depth > 9\n- Error rate > 30%\n",
        &["WR053:9"],
    ),
    ("## Level 1\n\n- Error rate 3-10%\n\n## Alarms\n\n- Error rate > 5% → immediate escalation\n", &["WR052:7"]),
    (
        "| Level | Error rate | p95 latency |\n|---|---|---|\n| Green | < 1% | < 300ms |\n| Yellow | 1% - 2% | 300-500ms |\n| Red | > 3% | > 500ms |\n",
        &["WR053:5"],
    ),
    ("## Level 1\n\n- p99 latency (normal 120-180ms; stop if > 600ms)\n", &[]),
    ("## Notes\n\n- Memory 50-80 MB for the worker\n- Memory 60-90 MB for the web\n", &[]),
    // WR055
    (
        "## Full rollout: 100% of traffic (12:50)\n\n- [ ] Flip\n\n## Monitoring (13:00 - 14:00)\n\n- [ ] Look\n",
        &["WR055:5"],
    ),
    ("## Full rollout: 100% of traffic (12:50)\n\n- [ ] Flip\n\n## Monitoring (12:50 - 14:00)\n\n- [ ] Look\n", &[]),
    ("```\n13:00 - 13:30 Critical monitoring\n13:45 - 14:30 Normal monitoring\n```\n", &["WR055:3"]),
    ("```\n13:00 - 13:30 Critical monitoring\n13:30 - 14:30 Normal monitoring\n```\n", &[]),
    // WR056
    (
        "## Phase 2 (T+0 to T+20 min)\n\n### Build (10 min)\n\n- [ ] a\n\n### Migrate (15 min)\n\n- [ ] b\n",
        &["WR056:1"],
    ),
    ("## Phase 2 (T+0 to T+30 min)\n\n### Build (10 min)\n\n- [ ] a\n\n### Migrate (15 min)\n\n- [ ] b\n", &[]),
    ("```\n11:30 - Open\n11:45 - Ready\n11:40 - Verify\n```\n", &["WR056:4"]),
    ("```\n23:30 - Open\n00:10 - Ready\n```\n", &[]),
    (
        "Maintenance window: 30 minutes\n\n## Build (20 min)\n\n- [ ] a\n\n## Migrate (15 min)\n\n- [ ] b\n",
        &["WR056:1"],
    ),
    ("Maintenance window: 1 hour\n\n## Build (20 min)\n\n- [ ] a\n\n## Migrate (15 min)\n\n- [ ] b\n", &[]),
    ("### Build (5 min)\n\n```sh\nls\n```\n\n**Target**: 12:05 - 12:15 PM\n", &["WR056:7"]),
    // WR057
    ("## T-30: Freeze\n\n- [ ] a\n\n## T-0: Go\n\n- [ ] b\n\n## T+60: End\n\n- [ ] c\n", &["WR057:1"]),
    ("## T-30 min: Freeze\n\n- [ ] a\n\n## T-0: Go\n\n- [ ] b\n\n## T+1h: End\n\n- [ ] c\n", &[]),
    ("## Phase (T+60 to T+180 min)\n\n- [ ] a\n", &[]),
    ("See ticket T-1234 and the T-shirts.\n", &[]),
    // WR058
    (
        "## Rollback path\n\nBack online (30 seconds)\n\n## Rollback procedure\n\nThis takes about 5 minutes.\n",
        &["WR058:7"],
    ),
    ("## Rollback path\n\nTakes 60 seconds.\n\n## Rollback procedure\n\nThis takes 60-90 seconds.\n", &[]),
    ("## Database rollback\n\nTakes 2 hours.\n\n## Traffic rollback\n\nTakes 30 seconds.\n", &[]),
    ("## Rollback\n\nTakes 30 seconds. \n\nMonitor for 10 minutes before it is done.\n", &[]),
    ("**Rollback time:** < 2 minutes\n\n## Rollback procedure (5 min)\n\nDo it.\n", &["WR058:3"]),
    (
        "**Rollback time:** < 2 minutes\n\n## Rollback procedure (90 s)\n\n### Step 1: Rollback of the flag (20 s)\n\nx\n",
        &[],
    ),
    (
        "# API\n\nA rollback takes 3 minutes.\n\n## Way back (25 minutes)\n\nUsers are online within 25 minutes.\n",
        &["WR058:7"],
    ),
    // WR059
    (
        "- Incident commander: owns the rollback decision\n- On-call engineer: owns alerts and rollback decision\n",
        &["WR059:2"],
    ),
    (
        "- Release manager: decides whether we go back to the old build\n- On-call engineer: has the last word on rollback\n",
        &["WR059:2"],
    ),
    ("- Incident commander: owns the rollback decision\n- On-call engineer: executes the rollback\n", &[]),
    ("- Database admin: owns the rollback decision\n\n## Rollback\n\nThe DBA decides on rollback.\n", &[]),
    // WR060
    ("# Deploy api\n\n```sh\nkubectl apply -f api.yaml\n```\n", &["WR060:4"]),
    (
        "# Deploy api\n\n```sh\nkubectl apply -f api.yaml\n```\n\n## Rollback\n\n```sh\nkubectl rollout undo deploy/api\n```\n",
        &[],
    ),
    ("# Deploy to staging\n\n```sh\nkubectl apply -f api.yaml\n```\n", &[]),
    ("# Release\n\n```sh\ngit push origin v1\nnpm publish\n```\n", &[]),
    ("# Alarm: disk full\n\n```sh\nkubectl apply -f bigger.yaml\n```\n", &[]),
    // WR061
    (
        "## 72 hours before\n\n- [ ] API keys rotated and secured\n\n## 24 hours before\n\n- [ ] API keys rotated\n",
        &["WR061:7"],
    ),
    (
        "## 72 hours before\n\n- [ ] The API keys rotated and secured\n\n## 24 hours before\n\n- [ ] All API keys rotated\n",
        &["WR061:7"],
    ),
    ("## Staging\n\n- [ ] Run the smoke tests\n\n## Production\n\n- [ ] Run the smoke tests\n", &[]),
    (
        "## Staging\n\n- [ ] Feature flags configured there\n\n## Production\n\n- [ ] Feature flags configured there\n",
        &[],
    ),
    ("- [ ] Tell the support team\n- [ ] Tell the support team\n", &["WR061:2"]),
    ("1. Restart the workers\n2. Restart the workers\n", &["WR061:2"]),
    ("1. Restart the workers\n2. Look at the logs\n3. Restart the workers\n", &[]),
    ("## Blue\n\n1. Restart the workers\n\n## Green\n\n1. Restart the workers\n", &[]),
    // WR062
    ("- 5xx ≤ 0.5% (~432 errors/day at 100k req/day)\n", &["WR062:1"]),
    ("- 5xx ≤ 0.5% (~500 errors/day at 100k req/day)\n- 0.05% of 2 million requests/day are 1,000 errors/day\n", &[]),
    ("- >99.9% uptime (≤8.6 minutes downtime/day)\n", &["WR062:1"]),
    (
        "- 99.9% uptime (8h 46m downtime per year)\n- 99.95% availability: 22 minutes per month\n- 99.99% uptime, 52.6 min/year downtime\n",
        &[],
    ),
    ("- 99.99% uptime (43 minutes of downtime per month)\n", &["WR062:1"]),
    ("- Keep 20% headroom; 5 errors/minute are fine\n", &[]),
    // WR063
    ("## Roles\n\n| Role | Name |\n|---|---|\n| DBA | TBD |\n| Lead | TBD |\n", &["WR063:5"]),
    ("Zoom: https://zoom.us/j/XXXXXXXXX\n", &["WR063:1"]),
    ("## Emergency contacts\n\n```\nCTO: <Phone> <Email>\n```\n", &["WR063:4"]),
    (
        "- [ ] No TODO comments are left in the diff\n- Answers 4XX and 5XX are errors\n- `INV-YYYYMM-XXXX` is the format\n",
        &[],
    ),
    // WR064
    ("## Canary\n\n```sh\n./on.sh\n```\n\n**Go/No-Go decision**: 12:45 PM\n\n## Next\n\nx\n", &["WR064:7"]),
    ("## Canary\n\n**Go/No-Go decision**: 12:45 PM\n\n- Error rate < 1%\n\n## Next\n\nx\n", &[]),
    ("- [ ] Go/no-go decision by the release lead\n", &[]),
    // WR065
    (
        "## A (5 min)\n\n- [ ] a\n\n## B (5 min)\n\n- [ ] b\n\n## C\n\n- [ ] c\n\n## D (10 min)\n\n- [ ] d\n",
        &["WR065:9"],
    ),
    ("## A (5 min)\n\n- [ ] a\n\n## B\n\n- [ ] b\n\n## C\n\n- [ ] c\n", &[]),
    // WR067
    (
        "## T-0: Start\n\n**Action**: Start canary rollout (5% traffic)\n\n**Monitor**: 10 minutes before full rollout\n",
        &["WR067:3"],
    ),
    ("- [ ] Deploy the canary to 5% of traffic\n- [ ] Go to 100%\n", &[]),
    ("- [ ] Deploy the canary to 5% of traffic\n- [ ] Promote it\n", &[]),
    // WR068
    (
        "- p95 latency < 500ms\n\n```sh\nT=$(curl -fso /dev/null -w '%{time_total}' http://a/)\nif (( $(echo \"$T > 2\" | bc) )); then exit 1; fi\n```\n",
        &["WR068:4"],
    ),
    // WR069
    ("## A\n\n- p95 latency > 1000ms → escalate\n\n## B\n\n- p95 latency > 2000ms → page the lead\n", &["WR069:7"]),
];

#[test]
fn prose_is_read_as_a_careful_colleague_would() {
    let mut wrong = Vec::new();
    for (text, expected) in PROSE {
        let found = brief(&found(text));
        if found != *expected {
            wrong.push(format!("{text}\n  found {found:?}, expected {expected:?}\n\n"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.concat());
}

#[test]
fn runbooks_and_plan_are_held_against_each_other() {
    let one = "# One\n\n- Incident commander: owns the rollback decision\n";
    let two = "# Two\n\n- On-call engineer: decides on rollback\n";
    let found = together(&[("one.md", one), ("two.md", two)], None);
    assert_eq!(brief(&found), ["WR059:3"]);
    assert!(found[0].file == "two.md" && found[0].message.contains("one.md line 3"), "{:?}", found[0]);

    let plan = "[room]\nrunbook = [\"one.md\"]\n\n[[role]]\nname = \"release captain\"\npeople = [\"a\"]\ndecides = [\"rollback\"]\n";
    assert_eq!(brief(&together(&[("one.md", one)], Some(plan))), ["WR059:3"]);
    let plan = plan.replace("release captain", "incident commander");
    assert_eq!(brief(&together(&[("one.md", one)], Some(&plan))), Vec::<String>::new());
}

#[test]
fn a_plan_is_held_against_its_runbook() {
    let book = "# Go\n\n## Deploy (T+0)\n\n- [ ] a\n\n## Switch over (T+50 min)\n\n- [ ] b\n";
    let plan = "[room]\nrunbook = [\"go.md\"]\nwindow = \"30m\"\n\n[[window]]\nname = \"critical\"\nfrom = \"T+0m\"\nuntil = \"T+30m\"\n\n\
                [[window]]\nname = \"normal\"\nfrom = \"T+45m\"\nuntil = \"T+90m\"\n";
    let found = together(&[("go.md", book)], Some(plan));
    assert_eq!(brief(&found), ["WR056:3", "WR055:11"]);
    assert!(found.iter().all(|f| f.file == "warroom.toml"));
    assert_eq!(found[0].text, "window = \"30m\"");
    let fits = plan
        .replace("30m\"\n\n[[window]]\nname = \"critical", "1h\"\n\n[[window]]\nname = \"critical")
        .replace("T+45m", "T+30m");
    assert_eq!(brief(&together(&[("go.md", book)], Some(&fits))), Vec::<String>::new());
}

#[test]
fn a_finding_quotes_what_the_lines_say() {
    let text = "## Gate\n\n- Error rate < 1%\n- **NO-GO**: roll back immediately\n\n## Level 1\n\n- Error rate 1-3%\n- Do NOT rollback\n";
    let message = &found(text)[0].message;
    assert!(
        message.starts_with("line 3 makes error rate between 1 and 3% a no-go, and line 4 says to roll back then"),
        "{message}"
    );
    let text =
        "## Full rollout: 100% of traffic (12:50)\n\n- [ ] Flip\n\n## Monitoring (13:00 - 14:00)\n\n- [ ] Look\n";
    let message = &found(text)[0].message;
    assert!(message.contains("begins at 12:50"), "{message}");
}

#[test]
fn a_placeholder_in_a_command_that_no_parameter_answers_is_told() {
    let runbook = "# Go-live\n\n- [ ] deploy\n\n  ```bash\n  # for <reader>\n  ./deploy.sh --tag vX.Y.Z --app <app> --host <db-host> --sha $SHA\n  ./again.sh --host <db-host> https://api.example.com/v1/{id}\n  awk '{print}' x.csv | jq '{name}'\n  ```\n";
    let plan = "[room]\nrunbook = [\"t.md\"]\n[params]\nversion = { ask = \"tag\", placeholder = \"vX.Y.Z\" }\napp = { value = \"shop\" }\n";
    let said: Vec<(String, u32)> = together(&[("t.md", runbook)], Some(plan))
        .into_iter()
        .filter(|f| f.code == "WR083")
        .map(|f| (f.text.clone(), f.line))
        .collect();
    assert_eq!(said.iter().map(|(_, line)| *line).collect::<Vec<_>>(), [7, 8], "{said:?}");
    let messages: String =
        together(&[("t.md", runbook)], Some(plan)).iter().map(|f| format!("{}\n", f.message)).collect();
    assert!(messages.contains("answers <db-host>,") && messages.contains("answers {id},"), "{messages}");
    // Without a plan nobody promised an answer.
    assert!(together(&[("t.md", runbook)], None).iter().all(|f| f.code != "WR083"));
}
