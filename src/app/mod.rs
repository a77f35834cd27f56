//! The loop: lanes in, verbs on the room, effects out.

pub mod seat;
pub mod show;
pub mod status;
