//! The make-believe production is real enough: flags move users, counters count what was served, the fault comes and goes.
