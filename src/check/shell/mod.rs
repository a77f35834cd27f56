//! A fence's text as a shell reads it: simple commands with their words, how they are joined, and where they stand.

use std::ops::Range;

mod reader;
mod word;

/// What a script holds. Never fails: what is no shell gives odd commands, which no rule knows.
#[derive(Debug, Default)]
pub(super) struct Script {
    pub commands: Vec<Simple>,
    /// Comments that stand alone on their line: line within the script (from 0) and text.
    pub comments: Vec<(u32, String)>,
    /// Functions and aliases it defines.
    pub defined: Vec<String>,
}

/// One program and its arguments.
#[derive(Debug, Default, Clone)]
pub(super) struct Simple {
    /// Quotes removed, assignments before the program left out.
    pub words: Vec<Word>,
    /// `NAME=` before it.
    pub assigned: Vec<String>,
    /// Commands of one pipeline share this.
    pub pipeline: usize,
    /// How its pipeline is joined to the one before it.
    pub joined: Joint,
    /// Its place in the pipeline.
    pub stage: usize,
    /// Whether it is the pipeline's last.
    pub last: bool,
    /// Bodies of `if`, `while` and the like are run; what they ask is a condition.
    pub condition: bool,
    /// How many `{ … }` and `( … )` are around it.
    pub group: u32,
    /// How many `$( … )` are around it.
    pub nested: u32,
    /// The variable that takes its output, in `NAME=$( … )`.
    pub into: Option<String>,
    /// Reads from a file, a here-document or a here-string.
    pub fed: bool,
    /// Inside a loop whose input is redirected or piped.
    pub looped: bool,
    /// Bytes of the script.
    pub span: Range<usize>,
    /// From 0.
    pub line: u32,
}

/// A word, quotes removed.
#[derive(Debug, Default, Clone)]
pub(super) struct Word {
    pub text: String,
    /// Bytes of the script, quotes included.
    pub span: Range<usize>,
}

/// How a pipeline follows another.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) enum Joint {
    /// `;`, a line end, the beginning.
    #[default]
    Then,
    /// `&&`
    And,
    /// `||`
    Or,
}

impl Simple {
    /// The program's name, without folders; empty for an assignment alone.
    pub(super) fn program(&self) -> &str {
        let first = self.words.first().map_or("", |w| w.text.as_str());
        first.rsplit('/').next().unwrap_or(first)
    }

    /// Arguments, in order.
    pub(super) fn args(&self) -> impl Iterator<Item = &str> {
        self.words.iter().skip(1).map(|w| w.text.as_str())
    }

    /// Whether an argument is one of these.
    pub(super) fn has(&self, any: &[&str]) -> bool {
        self.args().any(|a| {
            any.contains(&a) || a.split_once('=').is_some_and(|(name, _)| name.starts_with("--") && any.contains(&name))
        })
    }

    /// Whether a cluster of one-letter options holds `letter`, as in `-it`.
    pub(super) fn has_letter(&self, letter: char) -> bool {
        self.args().take_while(|a| *a != "--").any(|a| a.starts_with('-') && !a.starts_with("--") && a.contains(letter))
    }

    /// The first argument that is no option.
    pub(super) fn verb(&self) -> &str {
        self.args().find(|a| !a.starts_with('-')).unwrap_or("")
    }
}

/// Reads a script. A prompt `$ ` before commands is left out, and then lines without it are output.
pub(super) fn parse(text: &str) -> Script {
    let text = without_prompts(text);
    reader::read(&text)
}

/// Blanks out prompts and output, byte for byte.
fn without_prompts(text: &str) -> String {
    if !text.lines().any(|l| l.trim_start().starts_with("$ ")) {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len());
    let mut goes_on = false;
    for line in text.split_inclusive('\n') {
        let indent = line.len() - line.trim_start().len();
        if line.trim_start().starts_with("$ ") {
            out.push_str(&" ".repeat(indent + 1));
            out.push_str(line.get(indent + 1..).unwrap_or_default());
        } else if goes_on || line.trim_start().starts_with('#') {
            out.push_str(line);
            continue;
        } else {
            out.push_str(&" ".repeat(line.trim_end_matches('\n').len()));
            if line.ends_with('\n') {
                out.push('\n');
            }
        }
        goes_on = line.trim_end().ends_with('\\');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `pipeline.stage joint program args`, one a line.
    fn read(text: &str) -> Vec<String> {
        let script = parse(text);
        script
            .commands
            .iter()
            .map(|s| {
                let joint = match s.joined {
                    Joint::Then => "",
                    Joint::And => "&& ",
                    Joint::Or => "|| ",
                };
                let words: Vec<&str> = s.words.iter().map(|w| w.text.as_str()).collect();
                format!("{joint}{}{}", "| ".repeat(s.stage), words.join(" "))
            })
            .collect()
    }

    #[test]
    fn what_a_shell_would_run() {
        let cases: &[(&str, &[&str])] = &[
            ("a b && c || d", &["a b", "&& c", "|| d"]),
            ("a | b | c; d", &["a", "| b", "| | c", "d"]),
            ("a \\\n  --b 'c d' # e\nf", &["a --b c d", "f"]),
            ("if ! curl x; then\n  echo no; exit 1\nfi", &["curl x", "echo no", "exit 1"]),
            ("N=$(curl -s x | grep y | tail -1)\necho $N", &["curl -s x", "| grep y", "| | tail -1", "", "echo $N"]),
            ("cat <<EOF > f\ncurl x\nEOF\nls", &["cat", "ls"]),
            ("docker push <registry>/a:<sha>", &["docker push <registry>/a:<sha>"]),
            ("$ a b\noutput here\n$ c", &["a b", "c"]),
            ("a 2>&1 | tee log", &["a", "| tee log"]),
            ("alert() {\n  echo x\n}\nalert y", &["echo x", "alert y"]),
            ("sudo -u deploy X=1 systemctl restart api", &["systemctl restart api"]),
            ("a || { echo no; exit 1; }", &["a", "|| echo no", "exit 1"]),
            ("[[ $a == b && $c > d ]] && e", &["[[ $a == b && $c > d ]]", "&& e"]),
            (
                "if (( $(echo \"$L > 2\" | bc -l) )); then x; fi",
                &["echo $L > 2", "| bc -l", "(( $(echo \"$L > 2\" | bc -l) ))", "x"],
            ),
        ];
        for (text, expected) in cases {
            assert_eq!(read(text), *expected, "{text}");
        }
    }

    #[test]
    fn odd_text_ends() {
        for text in [
            "(",
            ")",
            "$(",
            "`",
            "'",
            "\"",
            "${",
            "((",
            "))",
            "a $(b `c",
            "<<",
            "a <<E\nb",
            "} ) ;; | && ||",
            "\\",
            "é$(è",
        ] {
            parse(text);
        }
        assert_eq!(parse("alert() { :; }").defined, ["alert"]);
        assert!(parse("x | while read l; do echo $l; done").commands.iter().any(|c| c.program() == "read" && c.looped));
    }
}
