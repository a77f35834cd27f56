//! warroom: a full-screen terminal war room for production cutovers.
//!
//! One loop on one thread owns all state; edges are tasks that only send values; a frame is a function of state.
//!
//! Modules in reading order, floor by floor; each may import only what stands above it in this list
//! (`tests/it/floors.rs` holds the table and fails with the offending line):
//!
//! - floor 0, words: [`clock`], [`text`], [`secret`], [`notice`], [`fact`], [`probe`], [`condition`], [`finding`], [`runbook`],
//!   [`plan`], [`check`].
//!   Plain data and parsing; no I/O, no clock reading, no screen, no runtime.
//! - floor 1, rules: [`room`], [`report`]. Pure decisions over words, and what is told of them afterwards.
//! - floor 2, edges: [`task`], [`proc`], [`files`], [`poll`], [`journal`], [`tell`], [`rehearse`], [`tui`]. Each touches one part of the world
//!   and none knows another (all may import [`task`] and [`proc`]).
//! - floor 3, wiring: [`config`], [`cli`], [`app`].
//!
//! Invariants, in short (each has its test):
//!
//! 1. Progress changes only in `room::apply`; until an entry is durable a step shows a pending mark.
//! 2. `apply` is idempotent and order-free.
//! 3. An entry is durable in SQLite before it is shown as done.
//! 4. No data is never go: outcomes and verdicts have three values.
//! 5. Nothing in a handler awaits, every lane is bounded with a written policy.
//! 6. Drawing cannot change the truth, and a stalled terminal costs frames, never a poll or an entry.
//! 7. A poller is alone: it may hang, panic or be fed ten gigabytes, and no other pane notices.
//! 8. Text from outside is hostile: it is escaped on its way out. Secrets are masked by value.
//! 9. One file owns the terminal and restores it on every way out.

pub mod check;
pub mod clock;
pub mod condition;
pub mod fact;
pub mod finding;
pub mod notice;
pub mod plan;
pub mod probe;
pub mod runbook;
pub mod secret;
pub mod text;

pub mod report;
pub mod room;

pub mod files;
pub mod journal;
pub mod poll;
pub mod proc;
pub mod rehearse;
pub mod task;
pub mod tell;
pub mod trust;
pub mod tui;

pub mod app;
pub mod cli;
pub mod config;
