"""What the gate says in codes, in the words of people: why an effect is held back now."""

GATE_CLOSED = "gate_closed"
"""The code of a case whose message is reasons of the gate."""
BLOCKS = {
    "no_plan": "No approval plan has been found yet.",
    "unsatisfiable": "Nobody can fill every place of the stage {}.",
    "frozen": "A freeze holds effects back: {}.",
    "moved": "Changed by somebody else meanwhile: {}.",
    "held": "The owner has not accepted yet that this did not pass: {}.",
    "waits_for": "Another release goes first: {}.",
    "approval": "The approval is {}.",
    "state": "The change is {}.",
    "minutes": "The minutes of the governance board are not kept yet.",
    "residual_risk": "The owner has not accepted yet what risk remains.",
    "not_due": "It is not due yet.",
    "impact_not_confirmed": "The impact has not been found again yet.",
    "impact_confirmation_too_old": "The impact was found again too long ago.",
    "simulated_on_other_base": "Something that belongs together was published meanwhile: {}. It is simulated again.",
    "rerouted": "The quote is not what was submitted: {} moved, and others may have to agree. It is submitted anew.",
    "original_moved": "The record is not any more what is shown here. Who asked takes this back and asks anew.",
    "impact_moved": "The impact moved further than the policy allows.",
}


def block(reason: str) -> str:
    """Why an effect is held back: `frozen:freeze-1` as a sentence."""
    code, _, about = reason.partition(":")
    return BLOCKS.get(code, reason.replace("_", " ")).format(about)


def case_words(message: str, code: str) -> str:
    """What a case says: the reasons of a closed gate as sentences, everything else as it was written."""
    return " ".join(map(block, message.split("; "))) if code == GATE_CLOSED else message
