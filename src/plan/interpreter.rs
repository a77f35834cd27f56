//! Which program reads a fence: the shell, what its first line names, what the plan says for its language; else why none does.

use serde::Serialize;

use crate::text::escape;

/// The program that reads a step's script where it is a shell's: the script's file stands behind it.
pub const SHELL: [&str; 3] = ["bash", "-eo", "pipefail"];
/// Where the script's file stands among the arguments; behind them where none says so.
pub const FILE: &str = "{file}";

/// Languages that the shell reads.
const SHELLS: [&str; 6] = ["bash", "sh", "shell", "console", "zsh", "command"];
/// Languages that have one program which everybody calls the same.
const KNOWN: [(&str, &str); 3] = [("python", "python3"), ("python3", "python3"), ("py", "python3")];
/// What to write for a language, where its program takes a file.
const MEANT: [(&str, &str); 14] = [
    ("sql", r#"["psql", "-X", "-v", "ON_ERROR_STOP=1", "-f", "{file}"]"#),
    ("psql", r#"["psql", "-X", "-v", "ON_ERROR_STOP=1", "-f", "{file}"]"#),
    ("pgsql", r#"["psql", "-X", "-v", "ON_ERROR_STOP=1", "-f", "{file}"]"#),
    ("mysql", r#"["mysql", "--batch", "-e", "source {file}"]"#),
    ("js", r#"["node", "{file}"]"#),
    ("javascript", r#"["node", "{file}"]"#),
    ("ts", r#"["npx", "tsx", "{file}"]"#),
    ("typescript", r#"["npx", "tsx", "{file}"]"#),
    ("node", r#"["node", "{file}"]"#),
    ("php", r#"["php", "{file}"]"#),
    ("rb", r#"["ruby", "{file}"]"#),
    ("ruby", r#"["ruby", "{file}"]"#),
    ("perl", r#"["perl", "{file}"]"#),
    ("powershell", r#"["pwsh", "-NoProfile", "-File", "{file}"]"#),
];

/// `[room] run.sql = ["psql", …]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Interpreter {
    /// The fence's language, in small letters.
    pub lang: String,
    /// Program and arguments.
    pub argv: Vec<String>,
}

/// What reads a fence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reads {
    /// Program and arguments; [`FILE`] is the script's file.
    pub argv: Vec<String>,
    /// Whether it is a shell, whose rules of quotes are known.
    pub shell: bool,
    /// What the script's file ends with, where the program looks at that: the language.
    pub ending: String,
}

impl Reads {
    /// A script of the shell.
    pub fn shell() -> Self {
        Self { argv: SHELL.iter().map(|word| (*word).to_owned()).collect(), shell: true, ending: String::new() }
    }

    /// Nothing reads it.
    pub fn nothing() -> Self {
        Self { argv: Vec::new(), shell: false, ending: String::new() }
    }

    /// How it is called, for people: `bash -eo pipefail FILE`.
    pub fn words(&self) -> String {
        self.with("FILE").join(" ")
    }

    /// Its arguments with the script's file among them.
    pub fn with(&self, file: &str) -> Vec<String> {
        let mut argv: Vec<String> = self.argv.iter().map(|word| word.replace(FILE, file)).collect();
        if !self.argv.iter().any(|word| word.contains(FILE)) {
            argv.push(file.to_owned());
        }
        argv
    }
}

/// Whether a fence of this language is a program although most runbooks only show such: the plan names what reads it, or
/// people run the like.
pub fn is_program(run: &[Interpreter], lang: Option<&str>) -> bool {
    let Some(lang) = lang.map(str::to_lowercase) else { return false };
    let known = || KNOWN.iter().map(|(l, _)| *l).chain(MEANT.iter().map(|(l, _)| *l)).any(|l| l == lang);
    run.iter().any(|it| it.lang == lang) || known()
}

/// What reads a fence of this language; else a sentence that says why nothing does, and what to write into the plan.
pub fn reads(run: &[Interpreter], lang: Option<&str>, text: &str) -> Result<Reads, String> {
    let lang = lang.map(str::to_lowercase);
    let ending = || lang.clone().filter(|l| l.len() <= 12 && l.chars().all(|c| c.is_ascii_alphanumeric()));
    let other = |argv: Vec<String>| Reads { argv, shell: false, ending: ending().unwrap_or_default() };
    if let Some(own) = run.iter().find(|it| Some(&it.lang) == lang.as_ref()) {
        return Ok(other(own.argv.clone()));
    }
    let shell = lang.as_ref().is_none_or(|lang| SHELLS.contains(&lang.as_str()));
    if let Some((argv, program)) = first_line(text)
        && !(shell && matches!(program.as_str(), "bash" | "sh" | "dash"))
    {
        return Ok(other(argv));
    }
    let Some(lang) = lang.as_ref().filter(|_| !shell) else { return Ok(Reads::shell()) };
    if let Some((_, program)) = KNOWN.iter().find(|(known, _)| known == lang) {
        return Ok(other(vec![(*program).to_owned()]));
    }
    let meant = MEANT.iter().find(|(known, _)| known == lang).map_or(r#"["PROGRAM", "{file}"]"#, |(_, argv)| *argv);
    let bare = !lang.is_empty() && lang.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'));
    let key = if bare { lang.clone() } else { format!("{:?}", escape(lang)) };
    Err(format!(
        "{} is not run from here until the plan says what reads it: write [room] run.{key} = {meant}",
        escape(lang)
    ))
}

/// What `#!` in the first line names: program and arguments, and what the program is called.
fn first_line(text: &str) -> Option<(Vec<String>, String)> {
    let line = text.lines().next()?.strip_prefix("#!")?.trim();
    let mut words = line.splitn(2, char::is_whitespace).map(str::trim).filter(|word| !word.is_empty());
    let program = words.next()?.to_owned();
    // As the kernel does: all behind the program is one argument. `env` is given its words one by one, as `-S` says.
    let rest = words.next();
    let env = program.ends_with("/env");
    let mut argv = vec![program];
    match rest {
        Some(rest) if env => {
            let rest = rest.strip_prefix("-S").unwrap_or(rest);
            argv.extend(rest.split_whitespace().map(str::to_owned));
        }
        Some(rest) => argv.push(rest.to_owned()),
        None => {}
    }
    let named = if env { argv.get(1) } else { argv.first() };
    let name = named.map(|n| n.rsplit('/').next().unwrap_or(n).to_owned())?;
    Some((argv, name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_fence_has_its_reader_or_a_sentence() {
        let own = vec![Interpreter { lang: "sql".to_owned(), argv: vec!["psql".to_owned(), "-f".to_owned()] }];
        let words = |lang, text| reads(&own, lang, text).map(|r| (r.words(), r.shell));
        for (lang, text, expected) in [
            (None, "ls", ("bash -eo pipefail FILE", true)),
            (Some("bash"), "#!/bin/sh\nls", ("bash -eo pipefail FILE", true)),
            (Some("SQL"), "select 1", ("psql -f FILE", false)),
            (Some("python"), "print(1)", ("python3 FILE", false)),
            (Some("js"), "#!/usr/bin/env -S node --test\n1", ("/usr/bin/env node --test FILE", false)),
            (Some("bash"), "#!/usr/bin/env python3\nprint(1)", ("/usr/bin/env python3 FILE", false)),
            (Some("x"), "#!/usr/bin/awk -f\n{}", ("/usr/bin/awk -f FILE", false)),
        ] {
            assert_eq!(words(lang, text), Ok((expected.0.to_owned(), expected.1)), "{lang:?} {text}");
        }
        let refused = words(Some("ruby"), "puts 1").unwrap_err();
        assert!(refused.contains("[room] run.ruby = [\"ruby\", \"{file}\"]"), "{refused}");
        let odd = words(Some("c++"), "int main").unwrap_err();
        assert!(odd.contains("run.\"c++\" = [\"PROGRAM\", \"{file}\"]"), "{odd}");
    }
}
