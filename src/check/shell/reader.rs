//! Lists, pipelines and simple commands of a script, and what is around them.

use super::word::{assignment, is_keyword, placeholder};
use super::{Joint, Script, Simple, Word};

/// Reads all of a script.
pub(super) fn read(text: &str) -> Script {
    let mut reader = Reader { text, at: 0, line: 0, script: Script::default(), pipelines: 0, documents: vec![] };
    reader.list(&Around::default(), None);
    // A stray `)` ends a list early; what follows is read as well.
    while reader.at < text.len() {
        reader.bump();
        reader.list(&Around::default(), None);
    }
    reader.script
}

/// What is around a list of commands.
#[derive(Default, Clone)]
pub(super) struct Around {
    pub group: u32,
    pub nested: u32,
    pub into: Option<String>,
}

pub(super) struct Reader<'t> {
    pub text: &'t str,
    pub at: usize,
    line: u32,
    script: Script,
    pipelines: usize,
    /// Here-documents whose text begins on the next line.
    documents: Vec<String>,
}

/// Substitutions deeper than this are text.
pub(super) const DEEPEST: u32 = 12;

impl Reader<'_> {
    pub(super) fn peek(&self) -> Option<char> {
        self.text.get(self.at..)?.chars().next()
    }

    pub(super) fn looking_at(&self, words: &str) -> bool {
        self.text.get(self.at..).is_some_and(|t| t.starts_with(words))
    }

    pub(super) fn bump(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += c.len_utf8();
        if c == '\n' {
            self.line += 1;
        }
        Some(c)
    }

    /// Commands up to `close`, which is eaten, or the end.
    pub(super) fn list(&mut self, around: &Around, close: Option<char>) {
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
                            "then" | "do" | "else" | "fi" | "esac" => condition = false,
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
    pub(super) fn arithmetic(&mut self, around: &Around) {
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
}
