//! The stable codes of findings, each with its level and meaning.

use super::Level;

/// One kind of finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Code {
    /// `WR001` …; never reused for another meaning.
    pub id: &'static str,
    /// How bad such a finding is.
    pub level: Level,
    /// In one line.
    pub meaning: &'static str,
}

macro_rules! codes {
    ($($name:ident = $id:literal $level:ident $meaning:literal;)*) => {
        $(#[doc = $meaning] pub const $name: Code = Code { id: $id, level: Level::$level, meaning: $meaning };)*

        /// Every code, in order.
        pub const ALL: &[Code] = &[$($name),*];
    };
}

codes! {
    SYNTAX = "WR001" Error "the file is not TOML";
    UNKNOWN_KEY = "WR002" Error "a key that does not exist";
    WRONG_TYPE = "WR003" Error "a value of the wrong type";
    MISSING = "WR004" Error "a required key is missing";
    CONFLICT = "WR005" Error "two keys that exclude each other, or one that needs another";
    BAD_VALUE = "WR006" Error "a value that cannot be meant";
    DURATION = "WR007" Error "a text that is no duration";
    DUPLICATE = "WR008" Error "a name given twice";
    UNKNOWN_NAME = "WR009" Error "a name that nothing has";
    UNSET = "WR010" Error "a variable, parameter, file or command that gives no value";
    PLACEHOLDER = "WR011" Error "a ${…} that cannot be read, or a secret where it would show";
    CONDITION = "WR012" Error "an objective, band or condition that cannot be read";
    UNIT = "WR013" Error "units that cannot be compared";
    BANDS = "WR014" Error "bands that overlap or do not ascend";
    PROMQL = "WR015" Error "a query that is not supported PromQL";
    PATTERN = "WR016" Error "a regular expression that cannot be read";
    ADDRESS = "WR017" Error "a URL, an address or a JSON pointer that cannot be read";
    COMMAND = "WR018" Error "a command that cannot be read";
    HEADING = "WR019" Error "a heading or step that the runbook does not have";
    AMBIGUOUS = "WR020" Error "a heading that the runbook has more than once";
    CYCLE = "WR021" Error "services that need each other, channels that escalate to each other, or gates that ask for each other, in a circle";
    TIME = "WR022" Error "a time or zone that cannot be read";
    RULE_FILE = "WR028" Error "a rule file that is no YAML, or holds no groups of rules";
    SHELL = "WR030" Warning "a command that looks written for a shell, but runs without one";
    SLOW = "WR031" Warning "a deadline longer than the interval";
    LATER = "WR032" Warning "a value that is not known yet, so something is not checked";
    NOT_PASSED_ON = "WR033" Warning "a variable for children that is not set here";
    UNUSED = "WR034" Info "something declared that nothing uses";
    RULE_SKIPPED = "WR037" Warning "a rule of a rule file that is not evaluated";
    RULE_ODD = "WR038" Warning "something in a rule file that is not understood";
    RECORDING = "WR039" Info "recording rules, which are not evaluated";
    REPAIRED = "WR040" Warning "a runbook whose text was damaged and repaired for reading";
    CANNOT_FAIL = "WR041" Warning "a command whose exit status cannot say no";
    CURL = "WR042" Warning "curl without -f, which says success on an error page";
    WAITS = "WR043" Warning "a command that opens an editor, asks, or waits for a terminal";
    MERGE_REVERT = "WR044" Warning "a revert of whatever HEAD is, as if it were a merge";
    COUNTER = "WR045" Warning "a counter read as a rate";
    UNDEFINED = "WR046" Warning "a command that nothing defines";
    PIPE_HIDES = "WR047" Info "a pipe that hides the exit status of what matters";
    OPPOSITE = "WR048" Warning "a step that says stop and starts, or the other way round";
    BLIND_CANARY = "WR049" Warning "a canary judged while users see the maintenance page";
    LEFT_IN_MAINTENANCE = "WR050" Warning "maintenance is switched on and never off";
    CONTRADICTION = "WR051" Warning "instructions that contradict each other";
    BANDS_OVERLAP = "WR052" Warning "bands that overlap, so that two answers hold at once";
    BANDS_GAP = "WR053" Warning "a gap between bands, so that no answer holds";
    BANDS_TOUCH = "WR054" Info "a number that belongs to two bands";
    UNWATCHED = "WR055" Warning "minutes in which nobody watches";
    DOES_NOT_FIT = "WR056" Warning "a timeline that does not fit";
    NO_UNIT = "WR057" Warning "T-offsets without a unit";
    ROLLBACK_TIMES = "WR058" Warning "several answers to how long the rollback takes";
    AUTHORITY = "WR059" Warning "several owners of the rollback decision";
    NO_WAY_BACK = "WR060" Warning "production is changed and no way back is written down";
    REPEATED = "WR061" Info "the same item twice";
    ARITHMETIC = "WR062" Error "a budget that is wrongly computed";
    OPEN_END = "WR063" Warning "something still to be filled in";
    NO_CRITERIA = "WR064" Warning "a decision without criteria";
    NO_ESTIMATE = "WR065" Info "a phase without a time among phases with one";
    MISSING_PART = "WR066" Warning "a linked part of the runbook that cannot be read";
    CANARY_STAYS = "WR067" Warning "a canary that never becomes the full rollout";
    ONE_SAMPLE = "WR068" Info "one request held against what is promised of many";
    TWO_LIMITS = "WR069" Info "two numbers for the same alarm";
    BARE_ACCEPT = "WR070" Warning "a finding accepted without a reason";
    IDLE_ACCEPT = "WR071" Info "an acceptance that nothing matches";
    BAD_ACCEPT = "WR072" Warning "an acceptance of what cannot be accepted";
    PART_CYCLE = "WR080" Warning "runbooks that link each other in a circle";
    PART_LIMIT = "WR081" Warning "a linked part that is not read, because there are too many";
    DEAD_LINK = "WR082" Warning "a link to a file that is not there";
    UNANSWERED = "WR083" Info "a command with something to fill in that no parameter answers";
    NO_TARGET = "WR084" Warning "a service that changes and that no rollback names a target for";
    UNJUDGED = "WR087" Info "a sentence about aborting that nothing judges";
    NO_READER = "WR088" Info "a fence in a language that nothing here runs";
    SHORT_DWELL = "WR089" Warning "a profile that watches for less time than a gate asks for";
    UNREADABLE = "WR090" Error "a file that cannot be read";
}
