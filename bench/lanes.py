"""Running many things a bounded number at a time."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

T = TypeVar("T")


async def in_lanes(items: Iterable[T], lanes: int, work: Callable[[T], Awaitable[object]]) -> None:
    """Do `work` for each item, at most `lanes` at once."""
    waiting = iter(items)

    async def lane() -> None:
        for item in waiting:
            await work(item)

    async with asyncio.TaskGroup() as group:
        for _ in range(lanes):
            group.create_task(lane())
