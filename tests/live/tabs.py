"""A client of its own process: sends what a plan says, everything of one turn at once, and writes the answers down.

`python -m tests.live.tabs PLAN ANSWERS`: PLAN is JSON with `url`, `lanes` and `turns`, each a list of requests.
"""

import asyncio
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import httpx

Tab = dict[str, Any]
PATIENCE = 120.0


def main() -> None:
    """Run the plan of the command line."""
    plan, answers = (Path(name) for name in sys.argv[1:3])
    asked = json.loads(plan.read_text())
    answers.write_text(json.dumps(asyncio.run(_run(asked["url"], asked["lanes"], asked["turns"]))))


async def _run(url: str, lanes: int, turns: Sequence[Sequence[Tab]]) -> list[list[dict[str, Any]]]:
    waiting = iter(enumerate(turns))
    found: dict[int, list[dict[str, Any]]] = {}
    limits = httpx.Limits(max_connections=4 * lanes, max_keepalive_connections=4 * lanes)
    async with httpx.AsyncClient(base_url=url, trust_env=False, timeout=PATIENCE, limits=limits) as client:
        await asyncio.gather(*(_lane(client, waiting, found) for _ in range(lanes)))
    return [found[number] for number in sorted(found)]


async def _lane(
    client: httpx.AsyncClient, waiting: Iterator[tuple[int, Sequence[Tab]]], found: dict[int, list[dict[str, Any]]]
) -> None:
    for number, turn in waiting:
        found[number] = list(await asyncio.gather(*(_send(client, tab) for tab in turn)))


async def _send(client: httpx.AsyncClient, tab: Tab) -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {tab['token']}", "Idempotency-Key": tab["key"]}
    try:
        answer = await client.post(tab["path"], json=tab["body"], headers=headers)
    except httpx.TransportError:
        # A connection that had waited was closed at this moment; under the same key once more changes nothing.
        answer = await client.post(tab["path"], json=tab["body"], headers=headers)
    said = answer.json()
    return {
        "change": tab["change"],
        "account": tab["account"],
        "status": answer.status_code,
        "code": said.get("code", ""),
        "decision": said.get("decision", ""),
        "request": answer.headers.get("X-Request-Id", ""),
    }


if __name__ == "__main__":
    main()
