//! Telling: nothing is lost, nothing is early, nothing reopens what is over; every message is one that a strict receiver takes.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "receivers of tests live on real time, and a broken fixture should fail its test"
)]

mod bodies;
mod episodes;
pub mod fake;
mod faults;
mod heartbeat;
mod outbox;
pub mod scripted;
pub mod strict;
mod told;
