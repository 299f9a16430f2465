"""Everything that reads for people and for the lifecycle; the database itself refuses to let these write."""
