"""The record of every decision: a header per entry, a sealed part per subject, written before anything opens."""
