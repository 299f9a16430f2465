"""`mandate change revisions`: who wrote which revision of a change, what it changed, and each as it was written."""

from collections.abc import Iterator
from typing import Annotated, Any

import typer

from cli.change_view import effective
from cli.here import Here, calls_api
from cli.present import moment, say, words

MOST = 10_000


@calls_api
def revisions(
    here: Here,
    change: Annotated[str, typer.Argument(help="Id of the change, CR-2026-0001.")],
    number: Annotated[int | None, typer.Argument(min=1, help="The revision to read; left out: the list.")] = None,
) -> None:
    """The revisions of a change, first to last, and what each changed; with a NUMBER that one as it was written."""
    path = f"/api/changes/{change}/revisions"
    if number is None:
        here.show(here.api.pages(path, MOST), lambda found: say(*(line for one in found for line in _changed(one))))
    else:
        here.show(here.api.get(f"{path}/{number}"), lambda view: say(*_written(view)))


def _changed(one: Any) -> Iterator[str]:
    moved = ", ".join(words(name) for name in one["moved"]) or "nothing"
    yield f"Revision {one['number']}  {one['name']}, {moment(one['created_at'])}  {one['digest']}"
    if one["number"] > 1:
        yield f"  moved: {moved}"
    yield from (f"  now: {sentence}" for sentence in one["now"])
    yield from (f"  no longer: {sentence}" for sentence in one["no_longer"])


def _written(view: Any) -> Iterator[str]:
    one, content = view["summary"], view["content"]
    yield f"{view['change']}, revision {one['number']}  {content['title']}"
    yield f"Written by {one['name']}, {moment(one['created_at'])}; digest {one['digest']}"
    yield f"Objective: {content['objective']}"
    yield from (f"  {sentence}" for sentence in view["words"])
    scope = content["scope"]
    yield f"Holds for {', '.join(scope['markets'])}; {', '.join(scope['channels'])}"
    yield f"Effective {effective(content['effective'])}"
