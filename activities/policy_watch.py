"""Time acts on policies and owners: temporary policies retire; a weak one is a case.

So is an artifact without an owner, and one that has to be certified again.
"""

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from sqlmodel import Session

from activities.turns import take_turns
from analysis.policies import check_policy, policy_at
from commands.certification import CERTIFICATION, watch_certification
from commands.command import Call, Command, Gateway
from commands.ownership import OWNERS, watch_owners
from commands.policies import RETIREMENT, WATCH, retire_policy, watch_policy
from domain.party import SYSTEM
from store import artifacts, changes, ownership
from store.certification import uncertified
from store.policies import due_policies, known_policies, retirement_blocks


async def watch_policies_forever(gateway: Gateway, interval: float) -> None:
    """Look every `interval` seconds until cancelled; what cannot be done now is tried again at the next turn."""

    async def turn() -> None:
        await asyncio.to_thread(look_at_policies, gateway)
        await asyncio.to_thread(look_at_owners, gateway)
        await asyncio.to_thread(look_at_certifications, gateway)

    await take_turns("policy_watch_failed", interval, turn, at_once=True)


def _news(session: Session, policy: str, now: datetime) -> bool:
    """Whether a due policy can retire, or is kept from it by something that its case does not say yet."""
    blocks = "; ".join(retirement_blocks(session, policy, now))
    told = [case.message for case in changes.open_cases(session, policy) if case.step == RETIREMENT]
    return not blocks or told != [blocks]


def look_at_policies(gateway: Gateway) -> None:
    """Retire what is due, and open or close the cases of weak policies where that changes. Raises MandateError."""
    with gateway.database.reading() as session:
        now = gateway.database.now(session)
        due = [policy for policy in due_policies(session, now) if _news(session, policy, now)]
    for policy in due:
        retire_policy(gateway, Call(SYSTEM, ""), policy)
    with gateway.database.reading() as session:
        weak = []
        for policy in known_policies(session):
            live = policy_at(session, policy, artifacts.latest(session, policy))
            found = " ".join(check_policy(session, live).told)
            known = " ".join(case.message for case in changes.open_cases(session, policy) if case.step == WATCH)
            if found != known:
                weak.append(policy)
    for policy in weak:
        watch_policy(gateway, Call(SYSTEM, ""), policy)


def look_at_owners(gateway: Gateway) -> None:
    """Open or close the cases of artifacts without an owner, where that changes (R-2.5). Raises MandateError."""
    _told(gateway, OWNERS, lambda session, now: ownership.orphans(session), watch_owners)


def look_at_certifications(gateway: Gateway) -> None:
    """Open or close the cases of artifacts that have to be certified again, where that changes. Raises MandateError."""
    _told(gateway, CERTIFICATION, uncertified, watch_certification)


def _told(
    gateway: Gateway,
    step: str,
    find: Callable[[Session, datetime], Mapping[str, str]],
    watch: Command[[str], Any],
) -> None:
    """Have every artifact looked at of which the cases of a step do not say what is found now."""
    with gateway.database.reading() as session:
        found = find(session, gateway.database.now(session))
        told = {case.subject: case.message for case in changes.open_cases_of(session, step)}
    for artifact in sorted(found.keys() | told.keys()):
        if found.get(artifact) != told.get(artifact):
            watch(gateway, Call(SYSTEM, ""), artifact)
