"""Everything that changes state: one function, one transaction, one audit record, one declared control class."""
