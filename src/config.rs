//! A person's preferences: theme, keys, name.
