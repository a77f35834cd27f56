//! Why a finding matters, with a short example: what `warroom explain` prints.

use super::{Code, Level, codes};

mod flight;
mod plan;

/// Why one kind of finding matters.
pub(super) struct Why {
    /// Whose.
    pub code: Code,
    /// Two or three sentences.
    pub reason: &'static str,
    /// What is found.
    pub wrong: &'static str,
    /// What to write instead.
    pub right: &'static str,
}

/// The text for a code, whatever the case of its letters; nothing for a code that does not exist.
pub fn explain(id: &str) -> Option<String> {
    let code = codes::ALL.iter().find(|c| c.id.eq_ignore_ascii_case(id.trim()))?;
    let why = plan::WHY.iter().chain(flight::WHY).find(|w| w.code == *code)?;
    let block = |text: &str| text.lines().map(|l| format!("    {l}").trim_end().to_owned() + "\n").collect::<String>();
    let effect = match code.level {
        Level::Error => "error",
        Level::Warning => "warning",
        Level::Info => "note",
    };
    Some(format!(
        "{} ({effect}): {}\n\n{}\n\nWrong:\n{}\nRight:\n{}",
        code.id,
        code.meaning,
        super::render::wrapped(why.reason, 78),
        block(why.wrong),
        block(why.right)
    ))
}
