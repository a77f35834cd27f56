//! Objectives with budgets.
