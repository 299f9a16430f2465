"""The timeline of a change in business words: one sentence for each audit record."""

from collections.abc import Mapping
from typing import Any

from cli.present import counted, instant, plain, words

SENTENCES: Mapping[str, str] = {
    "change.created": "created the draft",
    "change.revised": "wrote revision {revision}",
    "change.submitted": "handed it in",
    "change.assessment_begun": "began to assess it",
    "change.assessed": "found tier {tier} and {quotes} affected open quotes",
    "change.simulation_failed": "found that the simulation fails: {failed}",
    "change.approval_asked": "simulated it and asked for approval",
    "change.timers": "let time act: {fired}",
    "change.comment": "commented",
    "change.question": "asked",
    "change.answer": "answered",
    "change.handed_on": "handed the decision in the stage {stage} on to {to}",
    "change.withdrawn": "withdrew it",
    "change.scheduled": "scheduled it",
    "change.impact_confirmed": "confirmed the impact",
    "change.released": "released it in {markets}",
    "change.release_blocked": "could not release it: {blocks}",
    "change.delivered": "noted what the target systems hold",
    "change.monitoring": "began monitoring",
    "change.completed": "completed it",
    "change.rollback_asked": "asked to take it back",
    "change.rolled_back": "published the earlier content again in {markets}",
    "change.rollback_blocked": "could not take it back: {blocks}",
    "change.rollback_finished": "finished taking it back",
    "change.rollback_given_up": "gave up taking it back",
    "import.published": "published the imported content",
}


def sentence(entry: Mapping[str, Any], names: Mapping[str, str]) -> str:
    """`Mon 23 Nov 16:00  Mara Lindqvist handed it in`, with what was said; `names` are persons by id."""
    person = entry["person"]
    who = names.get(person, person) if person else "Mandate" if entry["actor"] == "system:worker" else entry["actor"]
    said = f": {entry['said']}" if entry.get("said") else ""
    return plain(f"{instant(entry['at']):%a %d %b %Y %H:%M}  {who} {_what(entry)}{said}")


def _what(entry: Mapping[str, Any]) -> str:
    if entry["action"] == "change.decided":
        return _decision(entry)
    form = SENTENCES.get(entry["action"])
    if form is None:
        return f"{words(entry['action'].replace('.', ' '))}: {words(entry['outcome'])}"
    return form.format_map(_Details({name: _short(value) for name, value in entry["details"].items()}))


def _decision(entry: Mapping[str, Any]) -> str:
    said = {"approve": "approved", "reject": "rejected", "request_changes": "asked for changes in"}
    return f"{said.get(entry['outcome'], entry['outcome'])} it in the stage {entry['details'].get('stage', '')}"


class _Details(dict[str, str]):
    """A record of another release may lack a detail; the sentence is told without it."""

    def __missing__(self, key: str) -> str:
        return "-"


def _short(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(_short(item) for item in value) or "nothing"
    if isinstance(value, Mapping):
        return words(str(value["what"])) if "what" in value else counted(len(value), "item")
    return words(value) if isinstance(value, str) else str(value)
