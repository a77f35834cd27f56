//! The findings of the flight-check explained.

use super::Why;
use crate::finding::codes::{
    ARITHMETIC, AUTHORITY, BAD_ACCEPT, BANDS_GAP, BANDS_OVERLAP, BANDS_TOUCH, BARE_ACCEPT, BLIND_CANARY, CANARY_STAYS,
    CANNOT_FAIL, CONTRADICTION, COUNTER, CURL, DOES_NOT_FIT, IDLE_ACCEPT, LEFT_IN_MAINTENANCE, MERGE_REVERT,
    MISSING_PART, NO_CRITERIA, NO_ESTIMATE, NO_UNIT, NO_WAY_BACK, ONE_SAMPLE, OPEN_END, OPPOSITE, PIPE_HIDES, REPEATED,
    ROLLBACK_TIMES, TWO_LIMITS, UNDEFINED, UNWATCHED, WAITS,
};

pub(super) const WHY: &[Why] = &[
    Why {
        code: CANNOT_FAIL,
        reason: "The exit status is that of the last command, and an echo always succeeds. Whoever goes by the status, a person with && or the \
              room, takes a failed check for a good one.",
        wrong: "test -n \"$TOKEN\" && echo OK || echo MISSING",
        right: "test -n \"$TOKEN\"",
    },
    Why {
        code: CURL,
        reason: "curl exits 0 when it got an answer, even 500 or 404. A health check or a rollback verified like this is green while the service \
              is down.",
        wrong: "curl https://api.example.com/health",
        right: "curl -fsS https://api.example.com/health",
    },
    Why {
        code: WAITS,
        reason: "A command that opens an editor, asks a question or wants a terminal hangs in the middle of the cutover when it runs from the room \
              or a script, and nobody sees the question.",
        wrong: "git revert 4f2a91c",
        right: "git revert --no-edit 4f2a91c",
    },
    Why {
        code: MERGE_REVERT,
        reason: "-m works only on a merge, so this fails after a squash or a fast-forward; and HEAD may by then be another commit than the one that \
              was released.",
        wrong: "git revert -m 1 HEAD",
        right: "git revert --no-edit <sha of the release>",
    },
    Why {
        code: COUNTER,
        reason: "A counter grows from the start of the process. Compared with a fixed number it trips on every old process and is silent on a \
              fresh one, whatever the error rate is.",
        wrong: "http_errors_total > 1000",
        right: "sum(rate(http_errors_total[5m])) > 2",
    },
    Why {
        code: UNDEFINED,
        reason: "The script calls something that no system has and that the runbook does not define. The alarm ends in \"command not found\".",
        wrong: "curl -f https://api.example.com/health || alert \"api is down\"",
        right: "alert() { ./scripts/page.sh \"$1\"; exit 1; }\ncurl -f https://api.example.com/health || alert \"api is down\"",
    },
    Why {
        code: PIPE_HIDES,
        reason: "Without pipefail the status of a pipe is that of its last command, and tee always succeeds. In the room blocks run with pipefail; \
              pasted into a terminal they do not.",
        wrong: "./deploy.sh | tee deploy.log",
        right: "set -o pipefail\n./deploy.sh | tee deploy.log",
    },
    Why {
        code: OPPOSITE,
        reason: "Words and command say opposite things. One person follows the words, the next the command, and both believe it is done.",
        wrong: "# Stop the old service\ndocker compose up -d",
        right: "# Start the new service\ndocker compose up -d",
    },
    Why {
        code: BLIND_CANARY,
        reason: "While users see the maintenance page the canary gets no traffic. No errors among no requests is not health: the gate is green \
              for the wrong reason.",
        wrong: "12:00 enable maintenance mode\n12:30 canary 5%, go/no-go\n12:50 disable maintenance mode",
        right: "12:00 enable maintenance mode\n12:25 disable maintenance mode\n12:30 canary 5%, go/no-go",
    },
    Why {
        code: LEFT_IN_MAINTENANCE,
        reason: "Maintenance is switched on and no later line switches it off. Users stay locked out until somebody notices.",
        wrong: "1. Enable maintenance mode\n2. Migrate the database\n3. Announce the release",
        right: "1. Enable maintenance mode\n2. Migrate the database\n3. Disable maintenance mode\n4. Announce the release",
    },
    Why {
        code: CONTRADICTION,
        reason: "Two places ask for opposite things in the same situation. In the incident the team will argue about which one holds.",
        wrong: "NO-GO over 1% errors: roll back at once\nLevel 1, 1-3% errors: do not roll back",
        right: "NO-GO over 3% errors: roll back at once\nLevel 1, 1-3% errors: do not roll back",
    },
    Why {
        code: BANDS_OVERLAP,
        reason: "One measured value falls into two bands with different answers, so nobody knows which level it is.",
        wrong: "Level 1: error rate 1-4%\nLevel 2: error rate 3-10%",
        right: "Level 1: error rate 1-3%\nLevel 2: error rate 3-10%",
    },
    Why {
        code: BANDS_GAP,
        reason: "A value between the bands has no answer at all, and it will be the one that is measured.",
        wrong: "Level 1: error rate 1-3%\nLevel 2: error rate over 5%",
        right: "Level 1: error rate 1-5%\nLevel 2: error rate over 5%",
    },
    Why {
        code: BANDS_TOUCH,
        reason: "The number where one band ends and the next begins belongs to both. In the plan bands are half-open: the upper one has it.",
        wrong: "Level 1: error rate 1-3%\nLevel 2: error rate 3-10%",
        right: "Level 1: error rate from 1% to under 3%\nLevel 2: error rate from 3% to under 10%",
    },
    Why {
        code: UNWATCHED,
        reason: "The riskiest minutes are those right after a change. Here monitoring begins later than the change, or stops between two windows.",
        wrong: "12:50 full rollout\n13:00 - 13:30 critical monitoring",
        right: "12:50 full rollout\n12:50 - 13:30 critical monitoring",
    },
    Why {
        code: DOES_NOT_FIT,
        reason: "The parts take longer than the whole, or end after the window. The cutover will be late before it begins, and the rollback falls \
              outside the window.",
        wrong: "Maintenance window: 30 minutes\nMigration (20 min)\nVerification (20 min)",
        right: "Maintenance window: 60 minutes\nMigration (20 min)\nVerification (20 min)",
    },
    Why {
        code: NO_UNIT,
        reason: "T-30 is thirty minutes to one reader and thirty days to another. warroom reads minutes.",
        wrong: "### T-30: Freeze",
        right: "### T-30 min: Freeze",
    },
    Why {
        code: ROLLBACK_TIMES,
        reason: "The decision to roll back depends on how long it takes. Several answers mean that it was never measured.",
        wrong: "Rollback path: back online (30 seconds)\nRollback procedure: this takes about 5 minutes",
        right: "Rollback takes 90 seconds (measured on staging on 1 October)",
    },
    Why {
        code: AUTHORITY,
        reason: "Two people own one decision: either both wait for the other, or they decide differently.",
        wrong: "On-call engineer: owns the rollback decision\nThe incident commander decides on rollback",
        right: "Incident commander: decides on rollback; the on-call engineer executes it",
    },
    Why {
        code: NO_WAY_BACK,
        reason: "The runbook changes production and says nothing about how to undo it. At the worst moment it will be invented.",
        wrong: "kubectl apply -f deploy.yaml",
        right: "kubectl apply -f deploy.yaml\n\n## Rollback\nkubectl rollout undo deployment/api",
    },
    Why {
        code: REPEATED,
        reason: "The same item twice: either it is done twice, or each is ticked because the other was done.",
        wrong: "72 hours before: API keys rotated\n24 hours before: API keys rotated",
        right: "72 hours before: API keys rotated",
    },
    Why {
        code: ARITHMETIC,
        reason: "The number does not follow from the percentage. Whoever goes by the number allows several times more, or less, than was promised.",
        wrong: "99.9% uptime (8.6 minutes of downtime a day)",
        right: "99.9% uptime (1.4 minutes of downtime a day)",
    },
    Why {
        code: OPEN_END,
        reason: "A name, number or address is still to be filled in. At T-0 nobody will know whom to call.",
        wrong: "| Incident commander | TBD | +1-XXX-XXXX |",
        right: "| Incident commander | on-call lead of the week | #ops-oncall |",
    },
    Why {
        code: NO_CRITERIA,
        reason: "A decision without criteria is decided by mood, or by the most senior voice.",
        wrong: "Go/No-Go: 12:45",
        right: "Go/No-Go: 12:45\n- Error rate < 1%\n- p95 latency < 500 ms",
    },
    Why {
        code: NO_ESTIMATE,
        reason: "The phases around it say how long they take; this one does not, so lateness cannot be seen and the end cannot be foretold.",
        wrong: "### Build (10 min)\n### Migrate\n### Verify (5 min)",
        right: "### Build (10 min)\n### Migrate (15 min)\n### Verify (5 min)",
    },
    Why {
        code: MISSING_PART,
        reason: "The runbook leans on another file that cannot be read here. Its steps are missing from the room.",
        wrong: "Follow [the checklist](checklist/deploy.md).    # and there is no such file",
        right: "Follow [the checklist](deploy-checklist.md).",
    },
    Why {
        code: CANARY_STAYS,
        reason: "A canary is started and no step brings the rest of the traffic over. The rollout ends at a few percent, or somebody improvises.",
        wrong: "T-0: start the canary (5% of traffic)\nT+60: report",
        right: "T-0: start the canary (5% of traffic)\nT+15: 100% of traffic\nT+60: report",
    },
    Why {
        code: ONE_SAMPLE,
        reason: "One request says nothing about the 95th percentile: it is nearly always fast, even when one user in ten waits.",
        wrong: "curl -o /dev/null -w '%{time_total}' …    # held against 2 s, while p95 < 500 ms is promised",
        right: "p95 latency < 500 ms, from the metrics of all requests",
    },
    Why {
        code: TWO_LIMITS,
        reason: "The same alarm has two numbers. Between them one page says call and the other says wait.",
        wrong: "p95 > 1000 ms → escalate\np95 > 2000 ms → page the technical lead",
        right: "p95 > 1000 ms → page the technical lead",
    },
    Why {
        code: BARE_ACCEPT,
        reason: "An acceptance without a reason cannot be judged by the next reader, so the finding goes on counting.",
        wrong: "<!-- accept WR042 -->",
        right: "<!-- accept WR042: the proxy turns every error into a closed connection -->",
    },
    Why {
        code: IDLE_ACCEPT,
        reason: "Nothing here has this finding any more. A left-over acceptance would hide the next one.",
        wrong: "<!-- accept WR042: why -->\ncurl -fsS https://api.example.com/health",
        right: "curl -fsS https://api.example.com/health",
    },
    Why {
        code: BAD_ACCEPT,
        reason: "The code does not exist, or it is a mistake in the plan that keeps the room from running and cannot be talked away.",
        wrong: "# accept WR009: it is fine\ncriteria = [\"eror rate < 1%\"]",
        right: "criteria = [\"error rate < 1%\"]",
    },
];
