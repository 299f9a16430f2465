"""One readable log of several processes: each line says whose it is; JSON lines become `time level event key=value`."""

import json
import os
import threading
from collections.abc import Iterator
from typing import Any, TextIO

WHEN = ("timestamp", "time", "ts")
WHAT = ("event", "msg", "message")
NOISE = frozenset({"stacktrace", "logging-call-at", "error-type"})
COLOURS = ("36", "33", "32", "35", "34", "96", "93", "92")


def readable(line: str) -> Iterator[str]:
    """What people read for one line of a log; a traceback inside a JSON line becomes lines of its own."""
    fields = _fields(line)
    if fields is None:
        yield line
        return
    exception = fields.pop("exception", None)
    moment = _clock(_take(fields, WHEN))
    level = str(fields.pop("level", "info")).upper()
    rest = [f"{key}={_value(value)}" for key, value in fields.items() if key not in (*WHAT, *NOISE)]
    yield " ".join(part for part in (moment, f"{level:<5}", _take(fields, WHAT), *rest) if part)
    yield from str(exception).splitlines() if exception else ()


def _fields(line: str) -> dict[str, Any] | None:
    if not line.startswith("{"):
        return None
    try:
        fields = json.loads(line)
    except ValueError:
        return None
    return fields if any(name in fields for name in WHAT) else None


def _take(fields: dict[str, Any], names: tuple[str, ...]) -> str:
    return next((str(fields.pop(name)) for name in names if name in fields), "")


def _clock(moment: str) -> str:
    """The time of day of an ISO instant; a date says nothing in the log of a session."""
    return moment[11:19] if moment[10:11] == "T" else moment


def _value(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    return json.dumps(text) if not text or any(blank in text for blank in " \n\t") else text


class CombinedLog:
    """Writes the lines of all processes to one stream, whole and in the order they came, from any thread."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._coloured = stream.isatty() and not os.environ.get("NO_COLOR")
        self._colours: dict[str, str] = {}
        self._lock = threading.Lock()

    def write(self, name: str, line: str) -> None:
        """Write one line of the process `name`."""
        with self._lock:
            for text in readable(line):
                self._stream.write(f"{self._prefix(name)} {text}\n")
            self._stream.flush()

    def _prefix(self, name: str) -> str:
        colour = self._colours.setdefault(name, COLOURS[len(self._colours) % len(COLOURS)])
        label = f"{name:<15} |"
        return f"\x1b[{colour}m{label}\x1b[0m" if self._coloured else label
