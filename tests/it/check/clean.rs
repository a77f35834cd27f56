//! Ordinary checklists, of many styles, about which the flight-check has nothing to say.
