"""What a process keeps of what never changes: contents and evidence by digest, committed immutable rows by key (D5)."""

import gc
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from typing import Any, Generic, TypeVar

from sqlmodel import Session

Value = TypeVar("Value")
ROWS, COMMITTED = "immutable_rows", "committed"
MOST_ROWS = 1_000


def settle() -> None:
    """Call it when a process has loaded everything and begins to serve: what is there stays for as long as it lives.

    The interpreter's collections no longer look at it. There are half a million such objects, and an answer about ten
    thousand documents makes enough new ones for such a look, which took most of its time.
    """
    gc.collect()
    gc.freeze()


@contextmanager
def uncollected() -> Iterator[None]:
    """While something large is made that has no cycles: the interpreter's collections would look at all of it, again
    and again, and find nothing, which takes as long as making it. Other threads do without them meanwhile.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


class Kept(Generic[Value]):
    """The values used last, at most so many, for any number of threads."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept: OrderedDict[Hashable, Value] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Hashable) -> Value | None:
        """What is kept under a key, None if nothing is."""
        with self._lock:
            if (found := self._kept.get(key)) is not None:
                self._kept.move_to_end(key)
            return found

    def put(self, key: Hashable, value: Value) -> None:
        """Keep a value, and forget what was not used for longest."""
        with self._lock:
            self._kept[key] = value
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)

    def of(self, key: Hashable, made: Callable[[], Value]) -> Value:
        """The value of a key, made where it is not kept yet. What raises is not kept."""
        if (found := self.get(key)) is None:
            found = made()
            self.put(key, found)
        return found


def row_of(session: Session, key: Hashable, read: Callable[[], Value | None]) -> Value | None:
    """An immutable row by its key, read once a process and database.

    A writing transaction takes what others have read and leaves nothing: what it reads may still be rolled back.
    """
    rows: Kept[Any] | None = session.info.get(ROWS)
    if rows is None:
        return read()
    known: Value | None = rows.get(key)
    if known is None and (known := read()) is not None and session.info[COMMITTED]:
        rows.put(key, known)
    return known
