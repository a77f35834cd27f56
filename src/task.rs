//! Named tasks: a panic comes back as a value instead of vanishing with its handle.
