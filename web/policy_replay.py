"""The page of a policy replay: numbers first, the flow from old to new route drawn, then the tables (R-8.4)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request, Response

from api.parts import Counted, InstallationParts, Reading, Whole
from api.routes.policy_replay import POLICY, compared, replayed, tools
from domain.replay import Flow, Replay
from queries.replay import PAGE, replayed_deals
from store import artifacts
from web.rendering import render
from web.visitor import Visiting

router = APIRouter(prefix="/policy-replays")
HEIGHT, GAP, LEFT, RIGHT, BAR = 300.0, 14.0, 250.0, 550.0, 14.0


@dataclass(frozen=True)
class Block:
    """A route in the drawing: where it stands and what it is called."""

    name: str
    deals: int
    y: float
    height: float


@dataclass(frozen=True)
class Band:
    """Deals that go from one block to another; `kind` says whether more, fewer or the same people are asked."""

    path: str
    kind: str
    title: str


@router.get("/compare")
def page(
    request: Request,
    visitor: Visiting,
    session: Reading,
    installation: InstallationParts,
    old: Counted = 1,
    new: Counted | None = None,
    change: Annotated[str | None, Query(max_length=40)] = None,
) -> Response:
    """A version of the approval policy against another one or a change; by default the first against the latest."""
    newest = artifacts.latest(session, POLICY)
    against = None if change else new or newest
    found = replayed(session, installation, POLICY, old, against, change or None)
    left, right = blocks(found.flows, "old"), blocks(found.flows, "new")
    asked = {"old": old, "new": against, "change": change}
    chosen = urlencode({name: value for name, value in asked.items() if value})
    context = {"found": found, "old": old, "new": against or newest, "newest": newest, "chosen": chosen}
    context["height"] = HEIGHT + 2 * GAP
    drawing = {"left": left, "right": right, "bands": bands(found, left, right)}
    places = {"x_left": LEFT, "x_right": RIGHT, "bar": BAR}
    return render(request, "policy_replay.html", visitor=visitor, **context, **drawing, **places)


@router.get("/deals")
def deals_page(
    request: Request,
    visitor: Visiting,
    session: Reading,
    installation: InstallationParts,
    flow: Whole,
    old: Counted = 1,
    new: Counted | None = None,
    change: Annotated[str | None, Query(max_length=40)] = None,
    start: Whole = 0,
) -> Response:
    """The deals of one flow, with the facts on which policies decide."""
    against = None if change else new or artifacts.latest(session, POLICY)
    versions = compared(session, POLICY, old, against, change or None)
    found = replayed_deals(session, *tools(installation), versions, flow, start)
    asked = {"old": old, "new": against, "change": change}
    chosen = urlencode({name: value for name, value in asked.items() if value})
    places = {"number": flow, "chosen": chosen, "page": PAGE}
    return render(request, "policy_replay_deals.html", visitor=visitor, found=found, **places)


def blocks(flows: Sequence[Flow], side: str) -> list[Block]:
    """The routes of one side from top to bottom, the most deals first, as high as they have deals."""
    counts: dict[str, int] = {}
    for flow in flows:
        name = getattr(flow, side).name
        counts[name] = counts.get(name, 0) + flow.deals
    room = HEIGHT - GAP * max(len(counts) - 1, 0)
    total, y, found = sum(counts.values()) or 1, GAP, []
    for name, deals in sorted(counts.items(), key=lambda item: (-item[1], item[0])):
        height = max(room * deals / total, 1.0)
        found.append(Block(name, deals, round(y, 1), round(height, 1)))
        y += height + GAP
    return found


def bands(found: Replay, left: Iterable[Block], right: Iterable[Block]) -> list[Band]:
    """The flows between the blocks, each as wide as it has deals."""
    starts = {block.name: block.y for block in left}
    ends = {block.name: block.y for block in right}
    scale = {"left": {b.name: b.height / b.deals for b in left}, "right": {b.name: b.height / b.deals for b in right}}
    drawn = []
    for flow in found.flows:
        top, bottom = starts[flow.old.name], ends[flow.new.name]
        one = flow.deals * scale["left"][flow.old.name]
        other = flow.deals * scale["right"][flow.new.name]
        starts[flow.old.name] += one
        ends[flow.new.name] += other
        title = f"{flow.old.name} → {flow.new.name}: {flow.deals:,} deals"
        drawn.append(Band(_path(top, one, bottom, other), _kind(flow), title))
    return drawn


def _path(top: float, one: float, bottom: float, other: float) -> str:
    start, end, middle = LEFT + BAR, RIGHT, (LEFT + BAR + RIGHT) / 2
    there = f"M{start},{top:.1f} C{middle},{top:.1f} {middle},{bottom:.1f} {end},{bottom:.1f}"
    back = (
        f"L{end},{bottom + other:.1f} C{middle},{bottom + other:.1f} {middle},{top + one:.1f} {start},{top + one:.1f} Z"
    )
    return f"{there} {back}"


def _kind(flow: Flow) -> str:
    if flow.under_routed:
        return "more"
    return "fewer" if flow.over_routed else "same"
