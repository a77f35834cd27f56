//! The loop and the commands around it: lanes in, verbs on the room, effects out.

pub mod check;
mod clocks;
pub mod commands;
pub mod control;
pub mod demo;
pub mod desk;
mod diff;
mod export;
pub mod gate;
mod init;
pub mod log;
pub mod look;
pub mod origin;
mod outbound;
mod params;
mod parts;
pub mod preferences;
mod reread;
pub mod run;
pub mod screen;
pub mod seat;
pub mod setup;
pub mod show;
pub mod status;
pub mod way_back;

pub use commands::main;
