//! Looking: every kind of probe against real servers on loopback, kind and hostile ones, and children that will not die.

mod bodies;
mod children;
mod expectations;
mod metrics;
mod probes;
mod schedule;
mod server;
