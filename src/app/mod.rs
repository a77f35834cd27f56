//! The loop: lanes in, verbs on the room, effects out.

pub mod show;
