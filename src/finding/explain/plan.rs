//! The findings of plans explained.

use super::Why;
use crate::finding::codes::{
    ADDRESS, AMBIGUOUS, BAD_VALUE, BANDS, COMMAND, CONDITION, CONFLICT, CYCLE, DEAD_LINK, DUPLICATE, DURATION, HEADING,
    LATER, MISSING, NO_READER, NO_TARGET, NOT_PASSED_ON, PART_CYCLE, PART_LIMIT, PATTERN, PLACEHOLDER, PROMQL,
    RECORDING, REPAIRED, RULE_FILE, RULE_ODD, RULE_SKIPPED, SHELL, SHORT_DWELL, SLOW, SYNTAX, TIME, UNANSWERED, UNIT,
    UNJUDGED, UNKNOWN_KEY, UNKNOWN_NAME, UNREADABLE, UNSET, UNUSED, WRONG_TYPE,
};

pub(super) const WHY: &[Why] = &[
    Why {
        code: SYNTAX,
        reason: "The plan cannot be read at all, so nothing in it is checked, watched or decided.",
        wrong: "[room]\nname = retail",
        right: "[room]\nname = \"retail\"",
    },
    Why {
        code: UNKNOWN_KEY,
        reason: "A misspelt key would be ignored in silence: the limit you set is not the limit that holds.",
        wrong: "[[service]]\nname = \"api\"\nevrey = \"5s\"",
        right: "[[service]]\nname = \"api\"\nevery = \"5s\"",
    },
    Why {
        code: WRONG_TYPE,
        reason: "A value of another type would have to be guessed at. A bare 5 may be seconds, minutes or a count.",
        wrong: "every = 5",
        right: "every = \"5s\"",
    },
    Why {
        code: MISSING,
        reason: "Without this key the entry says nothing: a service without a target is never asked and never red.",
        wrong: "[[service]]\nname = \"api\"",
        right: "[[service]]\nname = \"api\"\nhttp = \"https://api.example.com/health\"",
    },
    Why {
        code: CONFLICT,
        reason: "Only one of the two can hold, and the room would have to choose which.",
        wrong: "[[service]]\nname = \"api\"\nhttp = \"https://api.example.com\"\ntcp = \"api:443\"",
        right: "[[service]]\nname = \"api\"\nhttp = \"https://api.example.com\"",
    },
    Why {
        code: BAD_VALUE,
        reason: "Nobody can mean this value: an interval of nothing, a status 900, an empty name.",
        wrong: "expect = { status = [2000] }",
        right: "expect = { status = [200] }",
    },
    Why {
        code: DURATION,
        reason: "A number without a unit is read as seconds by one person and as minutes by another.",
        wrong: "dwell = \"5\"",
        right: "dwell = \"5m\"",
    },
    Why {
        code: DUPLICATE,
        reason: "Two things of one name cannot be told apart on the screen, in a gate or in the report.",
        wrong: "[[gate]]\nname = \"canary\"\n[[gate]]\nname = \"canary\"",
        right: "[[gate]]\nname = \"canary 5%\"\n[[gate]]\nname = \"canary 25%\"",
    },
    Why {
        code: UNKNOWN_NAME,
        reason: "A gate on a metric that nothing measures can never be green, or worse, is never looked at.",
        wrong: "criteria = [\"eror rate < 1%\"]",
        right: "criteria = [\"error rate < 1%\"]",
    },
    Why {
        code: UNSET,
        reason: "The value is not there now, so it will not be there at T-0: the probe would ask without its key and read as down.",
        wrong: "headers = { X-API-Key = \"${API_KEY}\" }    # and API_KEY is not set",
        right: "export API_KEY=…    # before `warroom run`",
    },
    Why {
        code: PLACEHOLDER,
        reason: "A placeholder that cannot be read would be sent as it stands. A secret in a name or a URL would be shown to everybody.",
        wrong: "http = \"https://api.example.com/${path\"",
        right: "http = \"https://api.example.com/${path}\"",
    },
    Why {
        code: CONDITION,
        reason: "A limit that cannot be read cannot be held; a gate must not turn green over it.",
        wrong: "objective = \"below 1 percent\"",
        right: "objective = \"< 1%\"",
    },
    Why {
        code: UNIT,
        reason: "Two numbers of different kinds cannot be compared: 500 ms is not more or less than 1%.",
        wrong: "unit = \"ms\"\nobjective = \"< 1%\"",
        right: "unit = \"ms\"\nobjective = \"< 500ms\"",
    },
    Why {
        code: BANDS,
        reason: "Bands must ascend without overlap, or one value means two levels at once.",
        wrong: "bands = [\"3%\", \"1%\"]",
        right: "bands = [\"1%\", \"3%\", \"10%\"]",
    },
    Why {
        code: PROMQL,
        reason: "A query that cannot be evaluated gives no data, and no data is never a go.",
        wrong: "query = 'rate(http_requests_total[1m)'",
        right: "query = 'rate(http_requests_total[1m])'",
    },
    Why {
        code: PATTERN,
        reason: "A pattern that cannot be read matches nothing: the alarm would never ring.",
        wrong: "alarm = ['panic(']",
        right: "alarm = ['panic\\(']",
    },
    Why {
        code: ADDRESS,
        reason: "An address that cannot be read cannot be asked, so the service would look dead from the first second.",
        wrong: "http = \"api.example.com/health\"",
        right: "http = \"https://api.example.com/health\"",
    },
    Why {
        code: COMMAND,
        reason: "A command that cannot be taken apart cannot be run, and a wrong guess at its quotes could run something else.",
        wrong: "command = \"redis-cli 'ping\"",
        right: "command = \"redis-cli ping\"",
    },
    Why {
        code: HEADING,
        reason: "The plan names a place that the runbook does not have, so the gate stands nowhere and nobody is asked.",
        wrong: "at = \"Canary 5 percent\"",
        right: "at = \"Canary: 5% of Traffic\"",
    },
    Why {
        code: AMBIGUOUS,
        reason: "The runbook has this heading more than once, and the gate may end up at the wrong one.",
        wrong: "at = \"Verify\"    # and three sections are called so",
        right: "at = \"Verify the canary\"",
    },
    Why {
        code: CYCLE,
        reason: "A failure is shown under its cause; in a circle nothing is the cause. An escalation leads to somebody who was not told yet. Gates that wait for each other wait for ever.",
        wrong: "name = \"api\"\nneeds = [\"web\"]    # and web needs api",
        right: "name = \"web\"\nneeds = [\"api\"]",
    },
    Why {
        code: TIME,
        reason: "A time that cannot be read, or exists twice on the day clocks change, moves every step that counts from it.",
        wrong: "t0 = 2025-10-26T02:30:00    # in Europe/Paris, which has it twice",
        right: "t0 = 2025-10-26T02:30:00+01:00",
    },
    Why {
        code: RULE_FILE,
        reason: "Nothing of the file can be read, so none of its alerts would fire: the plan that was in force stays.",
        wrong: "groups:\n- name: api\nrules:    # and `rules` is not below its group",
        right: "groups:\n- name: api\n  rules:\n  - alert: HighErrorRate\n    expr: error_rate > 0.01",
    },
    Why {
        code: SHELL,
        reason: "A probe's command runs without a shell: a pipe or a variable in it is passed on as plain text.",
        wrong: "command = \"ps ax | grep api\"",
        right: "command = \"pgrep api\"",
    },
    Why {
        code: SLOW,
        reason: "A deadline longer than the interval lets one asking run into the next; late ones are skipped and the picture grows old.",
        wrong: "every = \"5s\"\ntimeout = \"10s\"",
        right: "every = \"5s\"\ntimeout = \"2s\"",
    },
    Why {
        code: LATER,
        reason: "The value comes only when somebody answers, so what depends on it could not be checked before T-0.",
        wrong: "http = \"https://${host}/health\"    # and host is asked at the start",
        right: "host = { value = \"api.example.com\" }",
    },
    Why {
        code: NOT_PASSED_ON,
        reason: "Children get only the variables the plan names. This one is named and not set here, so the command will miss it.",
        wrong: "[room]\nenv = [\"KUBECONFIG\"]    # and KUBECONFIG is not set",
        right: "export KUBECONFIG=~/.kube/prod",
    },
    Why {
        code: UNUSED,
        reason: "What nothing uses is often what something else was meant to use.",
        wrong: "[notify.oncall]    # and no rule names oncall",
        right: "[[rule]]\nnotify = [\"oncall\"]",
    },
    Why {
        code: RULE_SKIPPED,
        reason: "This rule is left out and all others hold: what it would warn of, nobody will be warned of.",
        wrong: "- alert: HighErrorRate\n  expr: error_rate > 0.01\n  for: 5 min",
        right: "- alert: HighErrorRate\n  expr: error_rate > 0.01\n  for: 5m",
    },
    Why {
        code: RULE_ODD,
        reason: "Prometheus may understand it or refuse the file; here it changes nothing, which may not be what was meant.",
        wrong: "- alert: HighErrorRate\n  expr: error_rate > 0.01\n  label:\n    severity: page",
        right: "- alert: HighErrorRate\n  expr: error_rate > 0.01\n  labels:\n    severity: page",
    },
    Why {
        code: RECORDING,
        reason: "Recording rules make new series, and only a Prometheus keeps those. A rule that alerts on them must be asked there.",
        wrong: "[source.app]\nscrape = \"http://app:9100/metrics\"\nrules = [\"slo.yml\"]    # whose alerts use job:errors:rate5m",
        right: "[source.prod]\nprometheus = \"http://prometheus:9090\"\nrules = [\"slo.yml\"]",
    },
    Why {
        code: REPAIRED,
        reason: "The text was read in a wrong encoding and saved again. It is repaired for reading, but other tools and people still see the damage, \
              and numbers such as ≥ may be lost next time.",
        wrong: "p95 ‚â§ 250ms",
        right: "p95 ≤ 250ms",
    },
    Why {
        code: PART_CYCLE,
        reason: "Each part stands in the room once, behind the section that links it. A circle has no such place, so the second link is not followed.",
        wrong: "in go-live.md: Follow [the database part](db.md)\nin db.md:      Then follow [the go-live](go-live.md)",
        right: "in db.md:      Back to the section that sent you here.",
    },
    Why {
        code: PART_LIMIT,
        reason: "A room takes 64 files, eight deep, 16 MiB in all. What is beyond is not in the room, so its steps would be missed.",
        wrong: "Follow [every page of the wiki](all.md)",
        right: "Follow [the database part](db.md)",
    },
    Why {
        code: DEAD_LINK,
        reason: "Whoever needs what stands behind the link needs it in the middle of the cutover, and finds then that it was moved.",
        wrong: "Refer to [the old way back](wiki/rollback-2019.md) for the details.",
        right: "Refer to [the way back](rollback.md) for the details.",
    },
    Why {
        code: UNANSWERED,
        reason: "What a parameter answers is asked once, checked, and stands filled in for everybody. What none answers is typed by hand, under \
              pressure, by each who runs it.",
        wrong: "./deploy.sh --tag <release-tag>      # and nothing in [params]",
        right: "[params]\nrelease-tag = { ask = \"release tag\", match = '^v\\d+\\.\\d+\\.\\d+$' }",
    },
    Why {
        code: NO_TARGET,
        reason: "Whoever rolls back under pressure looks for the version that ran before. Written down while all is well it is one line; in the \
              middle of the trouble it is a search.",
        wrong: "[[rollback]]\nname = \"images\"\nsteps = \"Rollback\"\ntargets = [{ service = \"api\", to = \"v1\" }]     # and web changes too",
        right: "targets = [{ service = \"api\", to = \"v1\" }, { service = \"web\", to = \"v7\" }]",
    },
    Why {
        code: UNJUDGED,
        reason: "\"Abort if\" means that somebody watches a number while the command runs. Where the number is a metric of the plan the room does, and \
              stops the command; where it is not, nobody may be looking at that very moment.",
        wrong: "- [ ] Migrate the tenants. Abort if the audit looks wrong.",
        right: "[[abort]]\nname = \"audit\"\nat = \"Migrate the tenants\"\nwhen = \"error rate > 0.5%\"\nfor = \"30s\"",
    },
    Why {
        code: NO_READER,
        reason: "A fence runs with the program that reads its language. The shell and python are known; which client reads SQL, and how it connects, \
              only the plan can say. Without a word the step is done by hand.",
        wrong: "[room]\nrunbook = [\"go-live.md\"]     # and go-live.md has sql fences",
        right: "[room]\nrunbook = [\"go-live.md\"]\nrun.sql = [\"psql\", \"-X\", \"-v\", \"ON_ERROR_STOP=1\", \"-f\", \"{file}\"]\nenv = [\"PGHOST\", \"PGDATABASE\"]",
    },
    Why {
        code: SHORT_DWELL,
        reason: "Nothing is watched for longer than the profile says, so a gate with a longer dwell goes after less healthy time than it asks for. \
              That may be meant for a hotfix; then it is to be known before, and the gate's sheet says it too.",
        wrong: "[[profile]]\nname = \"hotfix\"\nmonitor = \"5m\"\n\n[[gate]]\nname = \"canary\"\ndwell = \"15m\"",
        right: "[[profile]]\nname = \"hotfix\"\nmonitor = \"15m\"",
    },
    Why {
        code: UNREADABLE,
        reason: "The plan names a file that is not there or cannot be read, so its steps would be missing from the room.",
        wrong: "runbook = [\"go-live.markdown\"]    # and the file is go-live.md",
        right: "runbook = [\"go-live.md\"]",
    },
];
