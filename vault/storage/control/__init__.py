"""The control database: all that decides, so that a decision, its record and an erasure are one local transaction."""
