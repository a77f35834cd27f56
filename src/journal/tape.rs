//! The tape's database.
