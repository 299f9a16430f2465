"""Kind `platform`: releases of code and infrastructure, proposed by a delivery pipeline (R-3.6, R-11.1).

An entry is a component and the release of it that runs. Mandate delivers nothing here: the pipeline deploys what is
live, and nothing else (docs/adr/0012).
"""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from domain.artifact import Content, Operation, Problem, entry_id
from domain.change import Title
from domain.errors import Invalid
from domain.kinds.entries import Code, Put, Remove, compile_entry
from domain.kinds.kind import ALWAYS, Check, Kind, Pack, Plane, Question
from domain.model import Model

Component = Annotated[str, Field(pattern="^[a-z0-9][a-z0-9-]{0,59}$")]
Version = Annotated[str, Field(pattern="^[0-9A-Za-z][0-9A-Za-z.+_-]{0,79}$")]
SHORT = 12


class Release(Model):
    """A release of a component: what it was built from, what was built, and what it brings.

    component: a service or an infrastructure stack; commit: the source revision in full; digest: of the artifact that
    is deployed; build: where the pipeline built and tested it; contains: what it brings, for those who decide; authors:
    the accounts of those who wrote it, none of whom approves it (R-7.3); rolls_back_to: the version that is deployed
    again if it fails, empty for the first release of a component.
    """

    type: Literal["release"] = "release"
    component: Component
    version: Version
    commit: Annotated[str, Field(pattern="^([0-9a-f]{40}|[0-9a-f]{64})$")]
    digest: Annotated[str, Field(pattern="^sha256:[0-9a-f]{64}$")]
    build: Annotated[str, Field(pattern=r"^https://[!-~]{3,400}$")]
    contains: Annotated[tuple[Title, ...], Field(min_length=1, max_length=200)]
    authors: Annotated[tuple[Code, ...], Field(min_length=1, max_length=200)]
    rolls_back_to: Version | Literal[""] = ""

    @property
    def key(self) -> str:
        return entry_id("release", self.component)


def compile_edit(edit: Put[Release] | Remove, content: Content) -> Operation:
    """The operation on one component.

    Raises Invalid("unknown_entry", "version_is_live", "wrong_rollback"): a rollback publishes the release that is live
    now again, so that has to be the version which the pipeline can deploy again.
    """
    if isinstance(edit, Put):
        release, live = edit.entry, content.get(edit.entry.key, {}).get("version", "")
        if release.version == live:
            raise Invalid(
                "version_is_live",
                f"{release.component} {live} is live; what is built anew needs a version of its own.",
                component=release.component,
            )
        if release.rolls_back_to != live:
            raise Invalid(
                "wrong_rollback",
                f"{release.component} goes back to {live or 'nothing'}, which is live now, "
                f"not to {release.rolls_back_to or 'nothing'}.",
                component=release.component,
                live=live,
            )
    return compile_entry(edit, content)


def validate(contents: Mapping[str, Content]) -> tuple[Problem, ...]:
    """Nothing between components: each release is whole in itself, and its schema says how."""
    return ()


def describe(operation: Operation) -> str:
    """`Release of api: 2.14.0 takes the place of 2.13.1; it brings ...`."""
    before, after = operation.before or {}, operation.after
    if after is None:
        return f"Release of {before['component']}: {before['version']} is taken out of service"
    place = f"takes the place of {before['version']}" if before else "is the first one"
    return (
        f"Release of {after['component']}: {after['version']} {place}; it brings: {'; '.join(after['contains'])} "
        f"(written by {', '.join(after['authors'])}; commit {after['commit'][:SHORT]}, artifact {after['digest']}, "
        f"build {after['build']})"
    )


def authors(operation: Operation) -> tuple[str, ...]:
    """Who wrote the release that an operation brings in."""
    return tuple((operation.after or {}).get("authors", ()))


KIND = Kind(
    name="platform",
    schema="platform/1",
    entries=TypeAdapter(Release),
    edits=TypeAdapter(Annotated[Put[Release] | Remove, Field(discriminator="edit")]),
    compile=compile_edit,
    validate=validate,
    describe=describe,
    authors=authors,
    risk="outage of the platform itself",
    plane=Plane.PLATFORM,
    questions=(Question.QUOTES, Question.ORDERS, Question.CONTRACTS, Question.ROLLBACK),
    packs=(Pack.GOLDEN, Pack.PROBES, Pack.DECOMPOSITIONS),
    controls=(*ALWAYS, Check.SIMULATION),
    strategy="the pipeline deploys the release that is live here, and nothing else",
    rollback="the earlier release is live here again, and the pipeline deploys it again",
)
