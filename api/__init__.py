"""The HTTP API: thin routes by noun; each calls one command or one query (R-25.1)."""
