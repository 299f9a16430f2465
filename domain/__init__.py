"""The vocabulary and the rules of governed change: pure functions over frozen models, no I/O, no clock, no Temporal."""
