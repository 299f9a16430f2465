"""A change as people read it: what it does, whom it moves, who decided, what is missing, what time does next."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from cli.present import counted, group_names, moment, say, table, totals, words
from domain.blocks import case_words
from domain.simulation import where

CONSEQUENCES = {"hold": "holds the release until the owner accepts it", "block": "sends the change back"}
MARKS = {"pass": "passes", "fail": "FAILS", "inconclusive": "cannot be judged"}


def show_list(changes: Any) -> None:
    """A table of changes."""
    columns = ("Change", "State", "Tier", "Kind", "Title", "Asked by", "Written by", "Owner")
    names = ("id", "state", "tier", "kind", "title", "requester", "authored", "owner_group")
    if not changes:
        say("There is no such change.")
        return
    table(columns, [[words(c[n]) if n == "state" else c[n] for n in names] for c in changes])


def show_change(view: Any) -> None:
    """Everything about a change."""
    say(*_head(view), *evidence(view), *_people(view), *_release(view), *_cases(view))


def margins(simulation: Any) -> Iterator[str]:
    """How what is left after cost moves by a simulation; nothing of one that does not say it."""
    if simulation["margin_delta"]:
        unknown = simulation["margins_unknown"]
        but = f", without {counted(unknown, 'quote')} of which a price or cost is missing" if unknown else ""
        yield f"  margin: {totals(simulation['margin_delta'], signed=True)} in all{but}"


def evidence(view: Any) -> Iterator[str]:
    """What somebody who decides has to know: the change in words, its impact, its simulation and the plan."""
    yield "What changes"
    yield from (f"  {line}" for line in view["words"])
    yield f"  effective {effective(view['content']['effective'])}; if taken back: {view['rollback_plan']}"
    impact, simulation, plan = view["impact"], view["simulation"], view["plan"]
    if impact:
        yield "Whom it moves"
        yield f"  {counted(impact['quotes'], 'open quote')} worth {totals(impact['value'])}"
    if simulation:
        delta = totals(simulation["delta"], signed=True)
        yield f"  {simulation['dearer']} dearer, {simulation['cheaper']} cheaper: {delta} in all"
        yield from margins(simulation)
        yield from (f"  check: {check['title']}: {_checked(check)}" for check in simulation["checks"])
        yield from followed(view)
    if effect := view["effect"]:
        yield (
            f"Total effect: {counted(effect['quotes'], 'open quote')}, {counted(effect['orders'], 'pending order')}, "
            f"{totals(effect['delta'], signed=True)}"
        )
    if plan:
        reasons = ", ".join(plan["reasons"])
        yield f"Tier {plan['tier']}: {reasons} (policy {plan['policy']}, version {plan['policy_version']})"
    yield from surroundings(view)


def followed(view: Any) -> Iterator[str]:
    """What follows by the policy of checks and packs that did not pass, but for warnings."""
    for one in view["judged"]:
        if one["does"] != "warn":
            yield f"  by the policy: {one['title']}: {words(one['outcome'])}, {CONSEQUENCES[one['does']]}"


def together(combined: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """What a change does together with each that it collides with, beside what both do alone."""
    for one in combined:
        edited = " (one of them was edited since)" if one["outdated"] else ""
        why = f": {one['reason']}" if one["reason"] else ""
        yield f"Together with {one['change']}{edited}: {MARKS[one['outcome']]}{why}"
        yield from (f"  {fault}" for fault in one["failed"])
        if one["only_together"]:
            yield f"  only together: {', '.join(one['only_together'])}"
        for what, name, beyond in (("price", "delta", "beyond"), ("margin", "margin_delta", "margin_beyond")):
            if one[name]:
                more = (
                    f"{totals(one[beyond], signed=True)} beyond the sum of both" if one[beyond] else "the sum of both"
                )
                yield f"  {what}: {totals(one[name], signed=True)}, {more}"


def surroundings(view: Any) -> Iterator[str]:
    """Risk from the highest score down, collisions, and the places in the queues."""
    if view["risk"]:
        yield "Risk"
        scores = sorted(view["risk"]["scores"], key=lambda score: -score["score"])
        yield from (f"  {s['score']} {s['dimension']}: {s['fact']}" for s in scores if s["score"])
    for other in view["collisions"]:
        yield f"Collides with {other['change']} ({words(other['state'])}) on {', '.join(other['subjects'])}"
    yield from together(view.get("combined", ()))
    for place in view.get("queue", ()):
        waits = ", ".join(place["waits_for"]) or "nobody"
        yield f"Number {place['position']} in the queue of {place['artifact']}, waits for {waits}"
    for record in view.get("board", ()):
        yield f"Board, {record['what']}: {record['text']}"
    for review in view.get("reviews", ()):
        standing = "reviewed" if review["reviewed_at"] else "overdue" if review["overdue"] else "waiting"
        yield f"Review of {words(review['what'])}, due {moment(review['due_at'])}: {standing}"


def _head(view: Any) -> Iterator[str]:
    summary, lifecycle, content = view["summary"], view["lifecycle"], view["content"]
    waits = f", waits for {lifecycle['waiting_for']}" if lifecycle["waiting_for"] else ""
    yield f"{summary['id']}  {summary['title']}"
    yield f"{words(summary['state']).capitalize()}{waits}; revision {summary['revision']}"
    asked = f"Asked for by {_name(view, summary['requester'])}; {summary['authored']}-authored"
    yield f"{asked}; owned by {group_names([summary['owner_group']])}"
    yield f"Objective: {content['objective']}"


def effective(when: Mapping[str, Any]) -> str:
    """When a change is to take effect."""
    if not when["date"]:
        return "as soon as it is approved"
    zone = "local time of each market" if when["zone"] == "market" else when["zone"]
    return f"{when['date']} {when['time'][:5]}, {zone}"


def _checked(check: Mapping[str, Any]) -> str:
    return f"{MARKS.get(check['outcome'], words(check['outcome']))}{fails_at(check)}"


def fails_at(check: Mapping[str, Any]) -> str:
    """For how many of those looked at a check does not hold, and where."""
    return where(check["failing"], check["checked"], check["counter_examples"])


def _people(view: Any) -> Iterator[str]:
    if view["standing"]["stages"]:
        yield "Approval" + (f" as it stood at {moment(view['standing_at'])}" if view["standing_at"] else "")
    for stage in view["standing"]["stages"]:
        for slot in stage["slots"]:
            yield f"  {stage['title']}: {_slot(view, slot)}"
    for decision in view["decisions"]:
        counts = "" if decision["counts"] else f" (does not count: {decision['reason'] or 'the stage is over'})"
        stands = f" (still stands: {decision['reason']})" if decision["counts"] and decision["reason"] else ""
        lender = f" for {_name(view, decision['represents'])}" if decision["represents"] else ""
        said = f": {decision['comment']}" if decision["comment"] else ""
        who = f"{decision['name']}{lender}"
        yield f"  {moment(decision['at'])} {who}: {words(decision['choice'])}{counts}{stands}{said}"
    for remark in view["remarks"]:
        yield f"  {moment(remark['at'])} {remark['name']}, {words(remark['kind'])} {remark['id']}: {remark['text']}"
    for timer in view["timers"]:
        yield f"  next: {timer['what']} at {moment(timer['at'])}"


def _slot(view: Any, slot: Mapping[str, Any]) -> str:
    if slot["person"]:
        return f"approved by {_name(view, slot['person'])}"
    if view["summary"]["closed"]:
        return "not given"
    able = ", ".join(_name(view, person) for person in slot["candidates"]) or "nobody, which blocks it"
    return f"missing; can be given by {able}"


def _release(view: Any) -> Iterator[str]:
    if view["releases"]:
        yield "Release"
    for release in view["releases"]:
        live = f"live since {moment(release['activated_at'])}" if release["activated_at"] else "not live yet"
        yield f"  {release['market']}: due {moment(release['due_at'])}, {live}"
    for delivery in view["deliveries"]:
        where = f"{delivery['target']}, {delivery['market']}"
        yield f"  {where}: version {delivery['version']} {delivery['state']}"


def _cases(view: Any) -> Iterator[str]:
    waiting = [case for case in view["cases"] if case["closed_at"] is None]
    if waiting:
        yield "Waits for somebody"
    for case in waiting:
        told = case_words(case["message"], case["code"])
        yield f"  {case['step']} ({group_names([case['owner_group']])}): {told}"


def _name(view: Any, person: str) -> str:
    return str(view["names"].get(person, person))
