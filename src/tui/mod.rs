//! Showing: a frame is a function of the room; keys become intents.
pub mod terminal;
