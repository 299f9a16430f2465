"""The platform on one machine: the real Temporal service, a supervisor, `mandate up` and `mandate doctor` (D14)."""
