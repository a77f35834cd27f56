//! One test binary: what a user would miss if it broke, part by part.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::disallowed_methods,
    reason = "a test that cannot go on fails; tests run on the real clock"
)]
#![expect(
    clippy::format_collect,
    clippy::naive_bytecount,
    clippy::unnecessary_wraps,
    clippy::unused_self,
    reason = "in a test the plainest form reads best"
)]

#[macro_use]
mod support;

mod alerts;
mod app;
mod bound;
mod check;
mod clock;
mod commands;
mod conditions;
mod demo;
mod drafted;
mod export;
mod files;
mod floors;
mod fold;
mod found;
mod gates;
mod includes;
mod init;
mod journal;
mod levels;
mod paging;
mod params;
mod plans;
mod poll;
mod promql;
mod pty;
mod renames;
mod room;
mod rules;
mod runbooks;
mod screens;
mod sim;
mod slo;
mod statistics;
mod tell;
mod terminal;
mod text;
mod themes;
mod understood;
