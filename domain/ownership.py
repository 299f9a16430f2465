"""Who owns what: domains with their groups, the RACI table, and what follows for a kind of change (chapter 2).

Ownership is data: entries of a governed artifact. Plans, case owners and notices are derived from it when they are
needed, so that a changed row holds for the next plan.
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from domain.artifact import Content, Entry, Problem, entry_id
from domain.certification import USUAL_DAYS
from domain.errors import Refused
from domain.model import Model
from domain.party import Actor

Name = Annotated[str, Field(min_length=1, max_length=120)]
Group = Annotated[str, Field(max_length=120)]


OWNER = "owner"
WORDS = frozenset({OWNER, "responsible", "consulted", "informed"})
"""Words that stand for groups of a change's domain wherever a policy names groups."""


class Authorship(StrEnum):
    """Who writes changes: the business, or engineering (R-3.6)."""

    BUSINESS = "business"
    ENGINEERING = "engineering"


class Duty(StrEnum):
    """A letter of the RACI table."""

    ACCOUNTABLE = "A"
    RESPONSIBLE = "R"
    CONSULTED = "C"
    INFORMED = "I"


class Domain(Model):
    """A domain: its one accountable group, who works, is asked and is told; the business owner in words.

    engineering: what engineering does for it. Engineering is never the owner of content (R-2.4). certify_every_days:
    after so long somebody of the accountable group has to say anew, by name, that what is in it is right (R-2.5).
    """

    type: Literal["domain"] = "domain"
    id: Name
    name: Name
    accountable: Group = ""
    responsible: tuple[Name, ...] = ()
    consulted: tuple[Name, ...] = ()
    informed: tuple[Name, ...] = ()
    business_owner: Name
    engineering: Name
    certify_every_days: Annotated[int, Field(ge=1, le=3_660)] = USUAL_DAYS
    platform: bool = False
    """True where engineering itself is the owner: the platform, never content."""

    @property
    def key(self) -> str:
        return entry_id("domain", self.id)


class Function(Model):
    """A function of the business in the RACI table, and the group that stands for it."""

    type: Literal["function"] = "function"
    id: Name
    name: Name
    group: Name
    engineering: bool = False

    @property
    def key(self) -> str:
        return entry_id("function", self.id)


class Activity(Model):
    """A row of the RACI table: one duty a function."""

    type: Literal["activity"] = "activity"
    id: Name
    name: Name
    duties: Mapping[str, Duty]

    @property
    def key(self) -> str:
        return entry_id("activity", self.id)


class KindOwnership(Model):
    """A kind of change belongs to a domain and, where there is one, is an activity of the RACI table."""

    type: Literal["kind"] = "kind"
    kind: Name
    domain: Name
    activity: Group = ""

    @property
    def key(self) -> str:
        return entry_id("kind", self.kind)


class Ownership(Model):
    """The answer for a kind of change: who owns it, who must be asked, who works on it, who is told (R-2.3)."""

    kind: str
    domain: str
    name: str
    activity: str
    business_owner: str
    engineering: str
    accountable: str
    responsible: tuple[str, ...]
    consulted: tuple[str, ...]
    informed: tuple[str, ...]

    def groups(self, word: str) -> tuple[str, ...]:
        """The groups that a plan means by `owner`, `responsible`, `consulted` or `informed`; any other is itself."""
        if word == OWNER:
            return (self.accountable,)
        found: dict[str, tuple[str, ...]] = {
            "responsible": self.responsible,
            "consulted": self.consulted,
            "informed": self.informed,
        }
        return found.get(word, (word,))


def accountable_for(content: Content, kind: str) -> str:
    """The group that answers for a kind of change; empty if there is none."""
    place = content.get(entry_id("kind", kind), {})
    return accountable_in(content, place.get("domain", ""))


def accountable_in(content: Content, domain: str) -> str:
    """The group that answers for a domain; empty if there is none."""
    return str(content.get(entry_id("domain", domain), {}).get("accountable", ""))


def ownership_of(content: Content, kind: str) -> Ownership:
    """Who owns a kind of change by the ownership table.

    Raises Refused("no_accountable_group") where the kind has no domain or its domain nobody who answers (R-2.2).
    """
    place = content.get(entry_id("kind", kind), {})
    domain = content.get(entry_id("domain", place.get("domain", "")), {})
    if not domain.get("accountable"):
        raise Refused(
            "no_accountable_group",
            f"Nobody is accountable for changes of kind {kind}; the ownership table has to name a group first.",
            kind=kind,
            domain=place.get("domain"),
        )
    duties = _duties(content, place.get("activity", ""))
    ranks = (
        {domain["accountable"]},
        {*domain["responsible"], *duties[Duty.RESPONSIBLE]},
        {*domain["consulted"], *duties[Duty.ACCOUNTABLE], *duties[Duty.CONSULTED]},
        {*domain["informed"], *duties[Duty.INFORMED]},
    )
    names = ("responsible", "consulted", "informed")
    above = ranks[0]
    found: dict[str, tuple[str, ...]] = {}
    for name, groups in zip(names, ranks[1:], strict=True):
        found[name] = tuple(sorted(groups - above))
        above = above | groups
    return Ownership(
        kind=kind,
        domain=domain["id"],
        name=domain["name"],
        activity=place.get("activity", ""),
        business_owner=domain["business_owner"],
        engineering=domain["engineering"],
        accountable=domain["accountable"],
        **found,
    )


def _duties(content: Content, activity: str) -> dict[Duty, set[str]]:
    """The groups behind the letters of a row. Who the row makes accountable beside the domain's own group is asked."""
    row = content.get(entry_id("activity", activity), {}).get("duties", {})
    found: dict[Duty, set[str]] = {duty: set() for duty in Duty}
    for function, duty in row.items():
        if (entry := content.get(entry_id("function", function))) is not None:
            found[Duty(duty)].add(entry["group"])
    return found


def groups_of(content: Content) -> set[str]:
    """Every group that the ownership table names."""
    found: set[str] = set()
    for entry in content.values():
        if entry["type"] == "domain":
            found |= {entry["accountable"], *entry["responsible"], *entry["consulted"], *entry["informed"]}
        elif entry["type"] == "function":
            found.add(entry["group"])
    return found - {""}


def authored_by(content: Content, actor: Actor) -> Authorship:
    """Engineering for what a machine or a member of an engineering function proposes, else business (R-3.6)."""
    engineering = {entry["group"] for entry in content.values() if entry["type"] == "function" and entry["engineering"]}
    by_engineering = actor.person is None or actor.groups & engineering
    return Authorship.ENGINEERING if by_engineering else Authorship.BUSINESS


def ownership_problems(content: Content) -> tuple[Problem, ...]:
    """References exist, every domain has somebody accountable, engineering owns no content, rows have one `A`."""
    of = _by_type(content)
    engineering = {entry["group"] for entry in of["function"] if entry["engineering"]}
    return (
        *(problem for entry in of["domain"] for problem in _domain(entry, engineering)),
        *(problem for entry in of["activity"] for problem in _activity(entry, of["function"])),
        *(problem for entry in of["kind"] for problem in _kind(entry, content)),
        *_kept(of),
    )


def _kept(of: Mapping[str, list[Entry]]) -> Iterable[Problem]:
    """The table itself stays changeable: a table that owns nothing of its own kind could never be mended."""
    if of["domain"] and not any(entry["kind"] == OWN_KIND for entry in of["kind"]):
        yield _problem(
            "locked_out", f"Kind {OWN_KIND}", "would have no owner, so the table could never change", "Keep it."
        )


def _by_type(content: Content) -> dict[str, list[Entry]]:
    found: dict[str, list[Entry]] = {"domain": [], "function": [], "activity": [], "kind": []}
    for key in sorted(content):
        found.setdefault(content[key]["type"], []).append(content[key])
    return found


def _domain(domain: Entry, engineering: set[str]) -> Iterable[Problem]:
    if not domain["accountable"]:
        yield _problem("no_accountable_group", domain["name"], "has no accountable group", "Name the group.")
    if domain["accountable"] in engineering and not domain["platform"]:
        yield _problem(
            "engineering_owns_content",
            domain["name"],
            "would be owned by engineering, which never owns content",
            "Name the business group; engineering is responsible or consulted.",
        )


OWN_KIND = "security"
"""The kind by which the ownership table is changed."""
SHARED = "incident-review"
"""The one activity for which two functions are accountable (R-2.2)."""


def _activity(activity: Entry, functions: Iterable[Entry]) -> Iterable[Problem]:
    known = {function["id"] for function in functions}
    if set(activity["duties"]) != known:
        odd = ", ".join(sorted(set(activity["duties"]) ^ known))
        yield _problem("bad_raci_row", activity["name"], f"does not have one duty a function: {odd}", "Give each one.")
    accountable = sum(duty == Duty.ACCOUNTABLE for duty in activity["duties"].values())
    if accountable != (2 if activity["id"] == SHARED else 1):
        what = f"has {accountable} accountable functions"
        yield _problem("bad_accountability", activity["name"], what, "Name one; an incident review has two.")


def _kind(entry: Entry, content: Content) -> Iterable[Problem]:
    for what in ("domain", "activity"):
        name = entry[what]
        if (name or what == "domain") and entry_id(what, name) not in content:
            message = f"belongs to {what} {name!r}, which does not exist"
            yield _problem(f"unknown_{what}", f"Kind {entry['kind']}", message, f"Add the {what} first.")


def _problem(code: str, name: str, what: str, mend: str) -> Problem:
    return Problem(code=code, subject=name, message=f"{name} {what}.", mend=mend)
