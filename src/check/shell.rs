//! A fence's text as a shell reads it: simple commands with their words, how they are joined, and where they stand.

use std::ops::Range;

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
    let mut reader = Reader { text: &text, at: 0, line: 0, script: Script::default(), pipelines: 0, documents: vec![] };
    reader.list(&Around::default(), None);
    // A stray `)` ends a list early; what follows is read as well.
    while reader.at < text.len() {
        reader.bump();
        reader.list(&Around::default(), None);
    }
    reader.script
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

/// What is around a list of commands.
#[derive(Default, Clone)]
struct Around {
    group: u32,
    nested: u32,
    into: Option<String>,
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
    line: u32,
    script: Script,
    pipelines: usize,
    /// Here-documents whose text begins on the next line.
    documents: Vec<String>,
}

/// Substitutions deeper than this are text.
const DEEPEST: u32 = 12;

impl Reader<'_> {
    fn peek(&self) -> Option<char> {
        self.text.get(self.at..)?.chars().next()
    }

    fn looking_at(&self, words: &str) -> bool {
        self.text.get(self.at..).is_some_and(|t| t.starts_with(words))
    }

    fn bump(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += c.len_utf8();
        if c == '\n' {
            self.line += 1;
        }
        Some(c)
    }

    /// Commands up to `close`, which is eaten, or the end.
    fn list(&mut self, around: &Around, close: Option<char>) {
        let mut joined = Joint::Then;
        let mut around = around.clone();
        let mut stage = 0;
        let mut pipeline = self.next_pipeline();
        let mut looped = false;
        let mut condition = false;
        // After an operator the command may begin on a later line.
        let mut waiting = false;
        while let Some(c) = self.peek() {
            match c {
                ' ' | '\t' | '\r' => {
                    self.bump();
                }
                '\\' if self.looking_at("\\\n") => {
                    self.bump();
                    self.bump();
                }
                '\\' if self.looking_at("\\\r\n") => {
                    self.at += 2;
                    self.bump();
                }
                '#' => self.comment(),
                c if Some(c) == close => {
                    self.bump();
                    return;
                }
                ')' if close.is_none() && around.group == 0 => return,
                ')' | '}' => {
                    self.bump();
                    around.group = around.group.saturating_sub(1);
                }
                '(' if !self.looking_at("((") => {
                    self.bump();
                    around.group += 1;
                }
                '\n' | ';' | '&' | '|' => {
                    let (next_joint, piped) = if self.looking_at("&&") {
                        self.at += 2;
                        (Joint::And, false)
                    } else if self.looking_at("||") {
                        self.at += 2;
                        (Joint::Or, false)
                    } else if c == '|' {
                        self.at += 1;
                        if self.peek() == Some('&') {
                            self.at += 1;
                        }
                        (joined, true)
                    } else {
                        self.bump();
                        if c == '\n' {
                            self.skip_documents();
                        }
                        if c == '\n' && waiting {
                            continue;
                        }
                        (Joint::Then, false)
                    };
                    waiting = piped || next_joint != Joint::Then;
                    if piped {
                        stage += 1;
                        if let Some(last) = self.script.commands.iter_mut().rfind(|s| s.pipeline == pipeline) {
                            last.last = false;
                        }
                    } else {
                        stage = 0;
                        pipeline = self.next_pipeline();
                        joined = next_joint;
                    }
                }
                _ => {
                    waiting = false;
                    let before = self.at;
                    let mut simple = Simple {
                        pipeline,
                        joined,
                        stage,
                        last: true,
                        condition,
                        group: around.group,
                        nested: around.nested,
                        into: around.into.clone(),
                        looped,
                        line: self.line,
                        span: before..before,
                        ..Simple::default()
                    };
                    self.simple(&mut simple, &around, close);
                    if self.at == before {
                        self.bump(); // nothing that a word begins with
                        continue;
                    }
                    // Keywords around it.
                    while let Some(first) = simple.words.first().map(|w| w.text.clone()) {
                        match first.as_str() {
                            "if" | "elif" => condition = true,
                            "while" | "until" => {
                                condition = true;
                                looped = true;
                            }
                            "then" | "do" | "else" => condition = false,
                            "done" => looped = false,
                            "{" => around.group += 1,
                            "for" | "case" | "select" | "function" => {
                                if let Some(name) = simple.words.get(1).filter(|_| first == "function") {
                                    self.script.defined.push(name.text.trim_end_matches("()").to_owned());
                                }
                                simple.words.clear();
                                break;
                            }
                            "!" | "time" | "sudo" | "exec" | "nohup" | "env" | "command" if simple.words.len() > 1 => {}
                            "fi" | "esac" => condition = false,
                            _ => break,
                        }
                        simple.words.remove(0);
                        simple.condition = condition;
                        simple.looped = looped;
                        simple.group = around.group;
                        // `sudo -u deploy NAME=x program`
                        if matches!(first.as_str(), "sudo" | "env") {
                            while let Some(w) = simple.words.first() {
                                let takes = matches!(w.text.as_str(), "-u" | "-g" | "-h" | "-C");
                                if takes && simple.words.len() > 2 {
                                    simple.words.drain(..2);
                                } else if (w.text.starts_with('-') || assignment(&w.text).is_some())
                                    && simple.words.len() > 1
                                {
                                    simple.words.remove(0);
                                } else {
                                    break;
                                }
                            }
                        }
                    }
                    if simple.program() == "alias"
                        && let Some((name, _)) = simple.verb().split_once('=')
                    {
                        self.script.defined.push(name.to_owned());
                    }
                    if let (Some(first), Some(last)) = (simple.words.first(), simple.words.last()) {
                        simple.span = first.span.start..last.span.end;
                    }
                    // `name() {`
                    if self.looking_at("()") && simple.words.len() == 1 {
                        self.script.defined.push(simple.program().to_owned());
                        self.at += 2;
                        continue;
                    }
                    if !simple.words.is_empty() || !simple.assigned.is_empty() {
                        self.script.commands.push(simple);
                    }
                }
            }
        }
    }

    fn next_pipeline(&mut self) -> usize {
        self.pipelines += 1;
        self.pipelines
    }

    fn comment(&mut self) {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let text = rest.split('\n').next().unwrap_or_default();
        let before = self.text.get(..self.at).unwrap_or_default();
        if before.rsplit('\n').next().unwrap_or_default().trim().is_empty() {
            self.script.comments.push((self.line, text.trim_start_matches(['#', ' ']).trim_end().to_owned()));
        }
        self.at += text.len();
    }

    /// Words of one command, up to an operator.
    fn simple(&mut self, simple: &mut Simple, around: &Around, close: Option<char>) {
        let mut bracketed = false;
        while let Some(c) = self.peek() {
            match c {
                ' ' | '\t' | '\r' => {
                    self.bump();
                }
                '\\' if self.looking_at("\\\n") => {
                    self.bump();
                    self.bump();
                }
                '\\' if self.looking_at("\\\r\n") => {
                    self.at += 2;
                    self.bump();
                }
                '\n' => return,
                c if Some(c) == close && !bracketed => return,
                '(' if self.looking_at("((") && simple.words.iter().all(|w| is_keyword(&w.text)) => {
                    let start = self.at;
                    self.arithmetic(around);
                    let text = self.text.get(start..self.at).unwrap_or_default().to_owned();
                    simple.words.push(Word { text, span: start..self.at });
                }
                ';' | '&' | '|' | '(' | ')' if !bracketed => {
                    if c == '&' && self.looking_at("&>") {
                        self.redirect(simple, around);
                        continue;
                    }
                    return;
                }
                '<' | '>' if !bracketed && placeholder(self.text.get(self.at..).unwrap_or_default()).is_none() => {
                    self.redirect(simple, around);
                }
                '#' => return,
                _ => {
                    let before = self.at;
                    let name = self.assigned_name();
                    let mut inside = around.clone();
                    inside.into.clone_from(&name);
                    let word = self.word(&inside, bracketed);
                    if self.at == before {
                        return;
                    }
                    if word.text == "[[" {
                        bracketed = true;
                    } else if word.text == "]]" {
                        bracketed = false;
                    }
                    let digits = word.text.bytes().all(|b| b.is_ascii_digit()) && !word.text.is_empty();
                    if digits && self.peek().is_some_and(|c| c == '>' || c == '<') {
                        continue; // `2>`
                    }
                    match name {
                        Some(name)
                            if simple
                                .words
                                .iter()
                                .all(|w| is_keyword(&w.text) || w.text == "export" || w.text == "local") =>
                        {
                            simple.assigned.push(name);
                        }
                        _ => simple.words.push(word),
                    }
                }
            }
        }
    }

    /// `NAME=` at this place.
    fn assigned_name(&self) -> Option<String> {
        assignment(self.text.get(self.at..)?).map(str::to_owned)
    }

    fn redirect(&mut self, simple: &mut Simple, around: &Around) {
        let start = self.at;
        while self.peek().is_some_and(|c| matches!(c, '<' | '>' | '&' | '|' | '-')) && self.at < start + 4 {
            self.at += 1;
        }
        let operator = self.text.get(start..self.at).unwrap_or_default().to_owned();
        while self.peek().is_some_and(|c| c == ' ' || c == '\t') {
            self.at += 1;
        }
        let target = if self.peek() == Some('(') && around.nested < DEEPEST {
            // `<(…)`: what runs in it feeds a file.
            self.bump();
            self.list(&Around { nested: around.nested + 1, ..Around::default() }, Some(')'));
            Word::default()
        } else {
            self.word(around, false)
        };
        if operator.starts_with('<') {
            simple.fed = true;
        }
        if operator.starts_with("<<") && !operator.starts_with("<<<") {
            self.documents.push(target.text);
        }
    }

    /// After a line end: here-documents are not commands.
    fn skip_documents(&mut self) {
        for end in std::mem::take(&mut self.documents) {
            while self.at < self.text.len() {
                let rest = self.text.get(self.at..).unwrap_or_default();
                let line = rest.split('\n').next().unwrap_or_default();
                let done = line.trim() == end;
                self.at = (self.at + line.len() + 1).min(self.text.len());
                self.line += 1;
                if done {
                    break;
                }
            }
        }
    }

    /// `(( … ))`, with what is substituted in it.
    fn arithmetic(&mut self, around: &Around) {
        let mut depth = 0_u32;
        while let Some(c) = self.peek() {
            if self.looking_at("$(") && !self.looking_at("$((") && around.nested < DEEPEST {
                self.at += 2;
                self.list(&Around { nested: around.nested + 1, ..Around::default() }, Some(')'));
                continue;
            }
            self.bump();
            match c {
                '(' => depth += 1,
                ')' => {
                    depth = depth.saturating_sub(1);
                    if depth == 0 {
                        return;
                    }
                }
                _ => {}
            }
        }
    }

    fn word(&mut self, around: &Around, bracketed: bool) -> Word {
        let start = self.at;
        let mut text = String::new();
        let mut double = false;
        while let Some(c) = self.peek() {
            match c {
                '\'' if !double => {
                    self.bump();
                    while let Some(c) = self.bump() {
                        if c == '\'' {
                            break;
                        }
                        text.push(c);
                    }
                }
                '"' => {
                    double = !double;
                    self.bump();
                }
                '\\' => {
                    self.bump();
                    if let Some(c) = self.bump()
                        && c != '\n'
                    {
                        text.push(c);
                    }
                }
                '$' if self.looking_at("$((") => {
                    let from = self.at;
                    self.at += 1;
                    self.arithmetic(around);
                    text.push_str(self.text.get(from..self.at).unwrap_or_default());
                }
                '$' if self.looking_at("$(") && around.nested < DEEPEST => {
                    let from = self.at;
                    self.at += 2;
                    let inside = Around { group: 0, nested: around.nested + 1, into: around.into.clone() };
                    self.list(&inside, Some(')'));
                    text.push_str(self.text.get(from..self.at).unwrap_or_default());
                }
                '$' if self.looking_at("${") => {
                    while let Some(c) = self.bump() {
                        text.push(c);
                        if c == '}' {
                            break;
                        }
                    }
                }
                '`' if around.nested < DEEPEST => {
                    let from = self.at;
                    self.at += 1;
                    let inside = Around { group: 0, nested: DEEPEST, into: around.into.clone() };
                    self.list(&inside, Some('`'));
                    text.push_str(self.text.get(from..self.at).unwrap_or_default());
                }
                c if double => {
                    text.push(c);
                    self.bump();
                }
                ' ' | '\t' | '\r' | '\n' => break,
                ';' | '&' | '|' | '(' | ')' | '<' | '>' if !bracketed => {
                    // `<sha>` is a placeholder, not two redirections.
                    match placeholder(self.text.get(self.at..).unwrap_or_default()) {
                        Some(long) => {
                            text.push_str(self.text.get(self.at..self.at + long).unwrap_or_default());
                            self.at += long;
                        }
                        None => break,
                    }
                }
                '`' => break,
                c => {
                    text.push(c);
                    self.bump();
                }
            }
        }
        Word { text, span: start..self.at }
    }
}

/// How long a placeholder such as `<prev-sha>` at the beginning is.
fn placeholder(text: &str) -> Option<usize> {
    let inner = text.strip_prefix('<')?;
    let end = inner.find('>')?;
    let name = inner.get(..end)?;
    let named = name.starts_with(|c: char| c.is_alphabetic())
        && name.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | ' ' | ':'))
        && name.len() <= 40;
    named.then_some(end + 2)
}

/// The name in `NAME=…`.
fn assignment(text: &str) -> Option<&str> {
    let end = text.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))?;
    let name = text.get(..end)?;
    let rest = text.get(end..)?;
    (!name.is_empty()
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && (rest.starts_with('=') || rest.starts_with("+=")))
    .then_some(name)
}

fn is_keyword(word: &str) -> bool {
    matches!(word, "if" | "elif" | "while" | "until" | "then" | "do" | "else" | "{" | "!" | "time")
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
