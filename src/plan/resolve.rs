//! From what was typed to what the room is set up to do.

use super::{Input, Loaded, Plan};

pub(super) fn load(input: &Input<'_>) -> Loaded {
    let _ = input.text;
    Loaded { plan: Plan::default(), findings: Vec::new() }
}

pub(super) fn runbook_paths(_text: &str) -> Vec<String> {
    Vec::new()
}
