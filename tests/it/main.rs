//! One test binary: what a user would miss if it broke, part by part.

mod support;

mod app;
mod demo;
mod files;
mod floors;
mod fold;
mod journal;
mod plans;
mod poll;
mod promql;
mod pty;
mod room;
mod runbooks;
mod screens;
mod terminal;
mod text;
mod themes;
