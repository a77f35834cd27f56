//! A make-believe production on loopback, with scripted faults.
