"""Governance rules as data: decision tables that business people read, and their evaluator (chapter 8)."""
