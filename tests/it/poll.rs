//! Looking: every kind of probe against real servers on loopback, kind and hostile ones, and children that will not die.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "servers and pollers of tests live on real time, and a broken fixture should fail its test"
)]

mod alerting;
mod beyond;
mod bodies;
mod children;
mod expectations;
mod metrics;
mod names;
mod probes;
mod schedule;
mod server;
