//! Whether to go on: objectives and service states, held for ten seconds, with three values and a reason in words.
