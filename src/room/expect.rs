//! What a run should have printed, read from the runbook's words, and whether it did.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value;

use super::amount::Amount;
use crate::condition::Op;
use crate::fact::RunVerdict;

/// One expectation.
#[derive(Clone, Debug)]
pub enum Expect {
    /// `no output`.
    Nothing,
    /// `` `ok` ``: one of the lines is just this.
    Line(String),
    /// `contains "ok"`.
    Contains(String),
    /// `/^ok$/`.
    Matches(Regex),
    /// `>= 3`: the first number that it prints.
    Number(Op, Amount),
    /// `/status = "ok"`: what stands there in the JSON that it prints.
    Json(String, Value),
    /// `/status != "bad"`: what does not stand there; that nothing does is no answer.
    JsonNot(String, Value),
    /// `/p95 < 90`: the number that stands there.
    JsonNumber(String, Op, Amount),
    /// `exit 3`.
    Exit(i32),
    /// Anything else: that it stands there is a pass, that it does not says nothing.
    Words(String),
}

impl Expect {
    /// Reads the words behind `Expected:`.
    pub fn read(text: &str) -> Self {
        let text = text.trim();
        if let Some(code) = text.strip_prefix('`').and_then(|t| t.strip_suffix('`')) {
            // In backticks stands what is printed, unless it is one of the forms that say more.
            return match Self::read(code) {
                Self::Words(_) | Self::Line(_) => Self::Line(code.to_owned()),
                form => form,
            };
        }
        let lower = text.trim_end_matches('.').to_lowercase();
        if matches!(lower.as_str(), "no output" | "nothing" | "empty" | "empty output" | "no rows" | "no lines") {
            return Self::Nothing;
        }
        if let Some(code) = ["exit code ", "exit status ", "exit "].iter().find_map(|w| lower.strip_prefix(w))
            && let Ok(code) = code.trim().parse()
        {
            return Self::Exit(code);
        }
        if let Some(inner) = text.strip_prefix('/').and_then(|t| t.strip_suffix('/')).filter(|t| !t.is_empty())
            && let Ok(pattern) = regex::RegexBuilder::new(inner).multi_line(true).size_limit(1 << 20).build()
        {
            return Self::Matches(pattern);
        }
        if let Some(expect) = pointer(text) {
            return expect;
        }
        for word in ["contains ", "containing ", "includes "] {
            if lower.starts_with(word)
                && let Some(rest) = text.get(word.len()..).filter(|rest| !bare(rest).is_empty())
            {
                return Self::Contains(bare(rest).to_owned());
            }
        }
        if let Some(number) = compare(text) {
            return number;
        }
        if bare(text) == text { Self::Words(text.to_owned()) } else { Self::Line(bare(text).to_owned()) }
    }

    /// Whether it holds; `None` when nobody can tell. `exit` is the status, `output` what was printed, without colours.
    fn holds(&self, exit: i32, output: &str) -> Option<bool> {
        match self {
            Self::Nothing => Some(output.trim().is_empty()),
            Self::Line(line) => Some(output.lines().any(|l| squeezed(l) == squeezed(line))),
            Self::Contains(part) => Some(output.contains(part.as_str())),
            Self::Matches(pattern) => Some(pattern.is_match(output)),
            Self::Number(op, asked) => match Amount::printed(output) {
                Some(printed) => asked.compare(*op, &printed),
                None => Some(false),
            },
            Self::Json(path, value) => Some(standing_at(output, path).is_some_and(|found| same(&found, value))),
            Self::JsonNot(path, value) => Some(standing_at(output, path).is_some_and(|found| !same(&found, value))),
            Self::JsonNumber(path, op, asked) => match standing_at(output, path).as_ref().and_then(amount) {
                Some(found) => asked.compare(*op, &found),
                None => Some(false),
            },
            Self::Exit(code) => Some(exit == *code),
            Self::Words(words) => {
                let output = squeezed(output).to_lowercase();
                let parts = words.trim_end_matches('.').split([',', ';']).map(|p| squeezed(p).to_lowercase());
                let parts: Vec<String> = parts.filter(|part| !part.is_empty()).collect();
                let mut all = (!parts.is_empty()).then_some(true);
                for part in parts.iter().filter(|part| !stands_in(&output, part)) {
                    all = None;
                    if counts_otherwise(&output, part) {
                        return Some(false);
                    }
                }
                all
            }
        }
    }

    fn words(&self) -> String {
        match self {
            Self::Nothing => "no output".to_owned(),
            Self::Line(line) => format!("the line \"{line}\""),
            Self::Contains(part) => format!("\"{part}\" in the output"),
            Self::Matches(pattern) => format!("/{pattern}/"),
            Self::Number(op, value) => format!("a number {} {value}", sign(*op)),
            Self::Json(path, value) => format!("{path} = {value}"),
            Self::JsonNot(path, value) => format!("{path} != {value}"),
            Self::JsonNumber(path, op, value) => format!("{path} {} {value}", sign(*op)),
            Self::Exit(code) => format!("exit {code}"),
            Self::Words(words) => format!("\"{words}\""),
        }
    }
}

/// What an exit status, an output and the expectations mean together. `blind`: the status says nothing, because the command
/// ends with 0 whatever happens.
pub fn judge(exit: i32, output: &str, expects: &[Expect], blind: Option<&str>) -> (RunVerdict, String) {
    let wanted = expects.iter().find_map(|e| match e {
        Expect::Exit(code) => Some(*code),
        _ => None,
    });
    if exit != wanted.unwrap_or(0) {
        let instead = wanted.map(|code| format!(" instead of {code}")).unwrap_or_default();
        return (RunVerdict::Fail, format!("exit {exit}{instead}"));
    }
    if let Some(line) = output.lines().find(|l| l.contains('❌')) {
        return (RunVerdict::Fail, format!("exit {exit}, but it says: {}", line.trim()));
    }
    let mut met = Vec::new();
    let mut open = Vec::new();
    for expect in expects {
        match expect.holds(exit, output) {
            Some(true) => met.push(expect.words()),
            Some(false) => return (RunVerdict::Fail, format!("exit {exit}, but expected was {}", expect.words())),
            None => open.push(expect.words()),
        }
    }
    if !open.is_empty() {
        return (RunVerdict::Unknown, format!("exit {exit}; look yourself whether it says {}", open.join(" and ")));
    }
    match (met.is_empty(), blind) {
        (true, Some(why)) => (RunVerdict::Unknown, format!("exit {exit}, which says nothing: {why}")),
        (true, None) => (RunVerdict::Pass, format!("exit {exit}")),
        (false, _) => (RunVerdict::Pass, format!("exit {exit}, as expected: {}", met.join(", "))),
    }
}

/// Why the status of a script says nothing; none where it does.
pub fn blind(script: &str) -> Option<&'static str> {
    let script = script.replace("\\\n", " ");
    let lines: Vec<&str> = script.lines().map(str::trim).filter(|l| !l.is_empty() && !l.starts_with('#')).collect();
    let last = lines.last()?;
    if ["|| true", "|| :", "; true", "|| exit 0", "; exit 0"].iter().any(|end| last.ends_with(end)) {
        return Some("its last line always ends with 0");
    }
    if last.ends_with('&') && !last.ends_with("&&") {
        return Some("it leaves its last command in the background");
    }
    if lines.iter().any(|l| l.starts_with("trap ") && l.contains("exit 0")) {
        return Some("it ends with 0 whatever happens");
    }
    if lines.iter().any(|l| l.starts_with("set +e")) {
        return Some("it goes on after failures");
    }
    let fails = |w: &str| w.starts_with("--fail") || w.starts_with('-') && !w.starts_with("--") && w.contains('f');
    let parts = lines.iter().flat_map(|line| line.split("&&")).flat_map(|part| part.split("||"));
    // Behind a pipe somebody else looks at the answer.
    let mut calls = parts.flat_map(|part| part.split(';')).filter(|part| !part.contains('|')).map(without_wrappers);
    let curl = |words: Vec<&str>| words.first() == Some(&"curl") && !words.into_iter().any(fails);
    calls.any(curl).then_some("curl without --fail ends with 0 for every answer")
}

/// The words of a command without what only starts it: `sudo`, `timeout 5`, `X=1`.
fn without_wrappers(command: &str) -> Vec<&str> {
    let mut words: Vec<&str> = command.split_whitespace().collect();
    while let Some(first) = words.first() {
        let takes = match *first {
            "sudo" | "time" | "env" | "exec" | "command" | "nice" => 1,
            "timeout" => 2,
            word if word.contains('=') && !word.starts_with('-') => 1,
            _ => break,
        };
        words.drain(..takes.min(words.len()));
    }
    words
}

/// Output without the sequences that colour it and move the cursor, and of a line that was written over only what is left.
pub fn plain(output: &str) -> String {
    static SEQUENCES: LazyLock<Option<Regex>> = LazyLock::new(|| {
        Regex::new(r"\x1b\[[0-9:;<=>?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?|\x1b[PX^_][^\x1b]*(?:\x1b\\)?|\x1b[ -/]*[0-~]").ok()
    });
    let bare = match SEQUENCES.as_ref() {
        Some(sequences) => sequences.replace_all(output, ""),
        None => output.into(),
    };
    let left = |line: &str| {
        let line = line.trim_end_matches('\r');
        line.rsplit('\r').next().unwrap_or(line).to_owned()
    };
    bare.split('\n').map(left).collect::<Vec<_>>().join("\n")
}

/// Without the backticks or quotes around it.
fn bare(text: &str) -> &str {
    let text = text.trim();
    ['`', '"', '\''].iter().find_map(|q| text.strip_prefix(*q)?.strip_suffix(*q)).unwrap_or(text)
}

/// Words that make the opposite of what follows them.
const DENY: [&str; 8] = ["not", "no", "never", "isn't", "aren't", "wasn't", "without", "non"];

/// Whether words stand in an output by themselves: `healthy` does not in `unhealthy`, nor `3 passed` in `13 passed`, nor `ok` in
/// `not ok`.
fn stands_in(output: &str, part: &str) -> bool {
    let wordlike = |c: char| c.is_alphanumeric() || c == '_';
    let (first, last) = (part.chars().next().is_some_and(wordlike), part.chars().next_back().is_some_and(wordlike));
    output.match_indices(part).any(|(at, _)| {
        let (before, after) = (output.get(..at).unwrap_or_default(), output.get(at + part.len()..).unwrap_or_default());
        let glued = first && before.chars().next_back().is_some_and(wordlike)
            || last && after.chars().next().is_some_and(wordlike);
        let mut words = before.split(|c: char| !(wordlike(c) || c == '\'')).filter(|w| !w.is_empty());
        !glued && !words.next_back().is_some_and(|word| DENY.contains(&word))
    })
}

/// Whether `3 passed` is expected and another number of the same stands there.
fn counts_otherwise(output: &str, part: &str) -> bool {
    let Some((number, words)) = part.split_once(' ').filter(|(n, _)| n.parse::<u64>().is_ok()) else { return false };
    let found = output.match_indices(words).filter_map(|(at, _)| output.get(..at)?.split_whitespace().next_back());
    found.filter(|n| n.parse::<u64>().is_ok()).any(|n| n != number)
}

fn sign(op: Op) -> &'static str {
    match op {
        Op::Lt => "<",
        Op::Le => "<=",
        Op::Gt => ">",
        Op::Ge => ">=",
        Op::Eq => "=",
    }
}

fn squeezed(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// How comparisons are written, those of two signs first.
const SIGNS: [(&str, Op); 8] = [
    ("<=", Op::Le),
    (">=", Op::Ge),
    ("==", Op::Eq),
    ("≤", Op::Le),
    ("≥", Op::Ge),
    ("<", Op::Lt),
    (">", Op::Gt),
    ("=", Op::Eq),
];

/// `/data/0/state = "ok"`, `/status != "bad"`, `/p95 < 90`.
fn pointer(text: &str) -> Option<Expect> {
    let text = text.trim_matches('`');
    let at = text.find(['<', '>', '=', '≤', '≥', '≠', '!'])?;
    let (path, rest) = text.split_at(at);
    let path = path.trim();
    if !path.starts_with('/') || path.contains(char::is_whitespace) || path.ends_with('/') {
        return None;
    }
    let read = |value: &str| {
        let value = value.trim();
        serde_json::from_str(value).unwrap_or_else(|_| Value::String(bare(value).to_owned()))
    };
    let path = path.to_owned();
    if let Some(value) = rest.strip_prefix("!=").or_else(|| rest.strip_prefix('≠')) {
        return Some(Expect::JsonNot(path, read(value)));
    }
    let (op, value) = SIGNS.iter().find_map(|(sign, op)| Some((*op, rest.strip_prefix(sign)?)))?;
    if op == Op::Eq {
        return Some(Expect::Json(path, read(value)));
    }
    Some(Expect::JsonNumber(path, op, Amount::read(value)?))
}

/// Places at which JSON is looked for in an output.
const STARTS: usize = 64;

/// What stands at a pointer in the first JSON of an output that has something there; other lines may stand around it.
fn standing_at(output: &str, path: &str) -> Option<Value> {
    let mut rest = output;
    for _ in 0..STARTS {
        rest = rest.get(rest.find(['{', '['])?..)?;
        let mut read = serde_json::Deserializer::from_str(rest).into_iter::<Value>();
        match read.next() {
            Some(Ok(json)) => {
                if let Some(found) = json.pointer(path) {
                    return Some(found.clone());
                }
                // What lies within it is not looked at by itself.
                rest = rest.get(read.byte_offset()..)?;
            }
            _ => rest = rest.get(1..)?,
        }
    }
    None
}

/// A number of JSON, or a text that is one with its unit.
fn amount(value: &Value) -> Option<Amount> {
    match value {
        Value::Number(number) => Amount::read(&number.to_string()),
        Value::String(text) => Amount::read(text),
        _ => None,
    }
}

fn same(a: &Value, b: &Value) -> bool {
    match (a.as_f64(), b.as_f64()) {
        (Some(a), Some(b)) => (a - b).abs() < f64::EPSILON,
        _ => a == b,
    }
}

/// `>= 3`, `= 0`, `< 200 ms`.
fn compare(text: &str) -> Option<Expect> {
    let text = text.trim_matches('`').trim();
    let (op, rest) = SIGNS.iter().find_map(|(sign, op)| Some((*op, text.strip_prefix(sign)?)))?;
    let rest = rest.trim().trim_end_matches('.');
    if let Some(asked) = Amount::read(rest) {
        return Some(Expect::Number(op, asked));
    }
    // `>= 3 replicas`: one word says what is counted.
    let (number, word) = rest.split_once(' ')?;
    let one = !word.trim().is_empty() && !word.trim().contains(char::is_whitespace);
    one.then(|| Amount::read(number)).flatten().map(|asked| Expect::Number(op, asked))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exit_and_output_are_judged_together() {
        let cases = [
            ("no output", 0, "", RunVerdict::Pass),
            ("no output", 0, "oops\n", RunVerdict::Fail),
            ("`ok`", 0, "starting\n ok \n", RunVerdict::Pass),
            ("`ok`", 0, "not ok\n", RunVerdict::Fail),
            ("contains \"ready\"", 0, "pod is ready now", RunVerdict::Pass),
            ("/^v2\\.\\d+$/", 0, "v2.7\n", RunVerdict::Pass),
            ("/^v2\\.\\d+$/", 0, "v1.7\n", RunVerdict::Fail),
            (">= 3", 0, "replicas: 9", RunVerdict::Pass),
            (">= 3", 0, "replicas: 2", RunVerdict::Fail),
            (">= 3", 0, "none", RunVerdict::Fail),
            (">= 3 replicas", 0, "3 of them", RunVerdict::Pass),
            ("< 100", 0, "p95 is 250", RunVerdict::Fail),
            ("< 100", 0, "1,234 errors", RunVerdict::Fail),
            ("< 200 ms", 0, "took 1.5 s", RunVerdict::Fail),
            ("< 200ms", 0, "took 0.15 s", RunVerdict::Pass),
            ("< 200 ms", 0, "3%", RunVerdict::Unknown),
            ("/p95 < 90", 0, "{\"p95\": 42.5}", RunVerdict::Pass),
            ("/p95 < 90", 0, "{\"p95\": 95}", RunVerdict::Fail),
            ("/p95 < 90", 0, "{\"p95\": \"42\"}", RunVerdict::Pass),
            ("/p95 < 90", 0, "{\"p95\": null}", RunVerdict::Fail),
            ("/p95 < 90", 0, "{\"p99\": 1}", RunVerdict::Fail),
            ("/p95 <= 90 ms", 0, "{\"p95\": \"0.09 s\"}", RunVerdict::Pass),
            ("`/data/0/errors >= 1`", 0, "{\"data\":[{\"errors\":1}]}", RunVerdict::Pass),
            ("/failed ≤ 0", 0, "[INFO] done\n{\"failed\": 0}\nbye", RunVerdict::Pass),
            ("/failed = 0", 0, "{\"of\":{\"failed\": 0}}", RunVerdict::Fail),
            ("/status != \"bad\"", 0, "{\"status\":\"ok\"}", RunVerdict::Pass),
            ("/status != \"bad\"", 0, "{}", RunVerdict::Fail),
            ("/a=b/", 0, "a=b", RunVerdict::Pass),
            ("healthy", 0, "unhealthy", RunVerdict::Unknown),
            ("ok", 0, "not ok", RunVerdict::Unknown),
            ("ok", 0, "token broken", RunVerdict::Unknown),
            ("ok", 0, "status: ok", RunVerdict::Pass),
            ("3 passed", 0, "13 passed", RunVerdict::Fail),
            ("no errors", 0, "done, no errors", RunVerdict::Pass),
            ("contains \"\"", 0, "anything", RunVerdict::Unknown),
            (",", 0, "anything", RunVerdict::Unknown),
            ("/p95 < \\d+/", 0, "p95 < 90", RunVerdict::Pass),
            ("/data/0/state = \"ok\"", 0, "{\"data\":[{\"state\":\"ok\"}]}", RunVerdict::Pass),
            ("/public = 9", 0, "{\"public\": 9}", RunVerdict::Pass),
            ("/public = 9", 0, "{\"public\": 8}", RunVerdict::Fail),
            ("exit 2", 2, "", RunVerdict::Pass),
            ("exit 2", 0, "", RunVerdict::Fail),
            ("3 passed, 0 critical failures", 0, "3 passed\n0  critical failures", RunVerdict::Pass),
            ("3 passed, 0 critical failures", 0, "2 passed, 1 critical failures", RunVerdict::Fail),
            ("all pods are ready", 0, "api 1/1", RunVerdict::Unknown),
            ("`ok`", 1, "ok", RunVerdict::Fail),
            ("`ok`", 0, "ok\n❌ 1 failed", RunVerdict::Fail),
        ];
        for (text, exit, output, verdict) in cases {
            let (found, why) = judge(exit, output, &[Expect::read(text)], None);
            assert_eq!(found, verdict, "{text} against {output:?}: {why}");
        }
        assert_eq!(judge(0, "", &[], None).0, RunVerdict::Pass);
        assert_eq!(judge(0, "", &[], blind("curl -s http://x/health")).0, RunVerdict::Unknown);
        assert_eq!(judge(0, "", &[], blind("curl -sf http://x/health")).0, RunVerdict::Pass);
        assert_eq!(judge(1, "", &[], blind("x || true")).0, RunVerdict::Fail);
        for script in [
            "curl -s \\\n  http://x/health",
            "sudo timeout 5 curl http://x/health",
            "curl -X POST http://x/flag\necho done",
            "TOKEN=x curl http://x/a && ./next.sh",
            "./long.sh &",
            "trap 'exit 0' ERR\n./deploy.sh",
        ] {
            assert!(blind(script).is_some(), "{script}");
        }
        for script in [
            "curl -s http://x/health | grep -q ok",
            "curl -fsS http://x \\\n -o y",
            "./a.sh && ./b.sh",
            "x=$(curl http://x)",
        ] {
            assert_eq!(blind(script), None, "{script}");
        }
    }

    #[test]
    fn colours_and_what_was_written_over_are_not_output() {
        assert_eq!(plain("\u{1b}[31mred\u{1b}[0m\r\n10%\r20%\ndone"), "red\n20%\ndone");
    }
}
