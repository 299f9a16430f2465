"""Who plays which part in the story of the demo, by accounts of the example business."""

REQUESTER = "priya.raman"
SECOND_ACCOUNT = "priya.raman.night"
"""The requester's other account: another login, the same natural person."""
SELLER = "mara.lindqvist"
"""Asks for the second change."""
PRICING = "ines.castellano"
DEPUTY = "felix.nygaard"
"""Acts for pricing while she is away."""
RISK_OWNER = "jonas.weidmann"
"""States for the owner group what risk remains."""
FINANCE = "helene.aubry"
DIRECTOR = "olivia.hartmann"
BOARD = (DIRECTOR, "ruben.falk")
SECRETARY = "leon.brandt"
"""Keeps agenda and minutes of the board."""
OPERATOR = "sofia.marin"
EVERYBODY = (REQUESTER, SELLER, PRICING, DEPUTY, RISK_OWNER, FINANCE, *BOARD, SECRETARY, OPERATOR)
