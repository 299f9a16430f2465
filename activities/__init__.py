"""The steps that touch the world: a small payload in, one command, query or connector call, a small payload out."""
