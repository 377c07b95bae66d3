"""What may be done with which field, and until when. Pure: no I/O, no clock, no randomness."""
