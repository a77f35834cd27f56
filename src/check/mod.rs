//! Findings about runbook and plan together, and how they are printed.

use serde::Serialize;

/// Something wrong, with its place and what to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Stable: `WR001` …
    pub code: &'static str,
    /// How bad.
    pub level: Level,
    /// Which file, as given.
    pub file: String,
    /// 1-based.
    pub line: u32,
    /// 1-based, in characters.
    pub column: u32,
    /// The offending words.
    pub text: String,
    /// What is wrong.
    pub message: String,
    /// What to write instead.
    pub help: String,
    /// Byte range in the file, for the caret.
    #[serde(skip)]
    pub span: std::ops::Range<usize>,
}

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// The room cannot run like this.
    Error,
    /// It will probably hurt.
    Warning,
    /// Worth knowing.
    Info,
}
