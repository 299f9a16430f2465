"""Verifying an evidence package offline: nothing is needed but the file, the public key, and these rules (R-24.2).

Each check yields what is wrong. Bytes are held against digests, digests against the chain, decisions against what was
seen, the gate is asked again, and what was published is held against what was approved.
"""

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any, TypeAlias

import rfc8785

from domain.approval import Plan, root_digest
from domain.audit import ChainFault, Link, chain_faults, link_fault
from domain.canonical import check_types, digest_of, parse
from domain.canonical import digest as digest_named
from domain.change import ChangeContent, content_inputs
from domain.errors import Invalid
from domain.evidence import (
    ATTEMPTS,
    CHAIN,
    ENVELOPE,
    Finding,
    Judgement,
    Manifest,
    judged_again,
    listed_findings,
    policy_path,
)
from domain.model import Model
from store.changes import GATE, IMPACT, PLAN, SIMULATION
from store.checkpoints import head_in
from store.evidence import open_package
from store.signing import Key

REQUIRED = (
    "change.json",
    "decisions.json",
    "timers.json",
    "release.json",
    "rollback.json",
    CHAIN,
    ATTEMPTS,
    "report.pdf",
)

REMARKS = "remarks.json"
FORMS = {
    "revisions": re.compile(r"revisions/[1-9]\d*\.json"),
    "evidence": re.compile(r"evidence/[1-9]\d*-[a-z_]+-[1-9]\d*\.json"),
}
"""How the files of a folder are named, where the name says what a file is about."""


class Verified(Model):
    """What a verification found: the manifest, what was checked in words, and every fault (none: the package holds)."""

    manifest: Manifest
    checked: tuple[str, ...]
    findings: tuple[Finding, ...]


@dataclass(frozen=True)
class Package:
    """The files of a package, read."""

    manifest: Manifest
    files: Mapping[str, bytes]

    def read(self, path: str) -> Any:
        return parse(self.files[path])

    @cached_property
    def chain(self) -> list[Link]:
        return [Link.model_validate(found, strict=True) for found in self.read(CHAIN)]

    @cached_property
    def records(self) -> list[dict[str, Any]]:
        """The bodies of the chain's records."""
        return [parse(found.body.encode()) for found in self.chain]

    def details(self, action: str) -> Iterator[Mapping[str, Any]]:
        """The details of the chain's records of an action."""
        return (body["details"] for body in self.records if body["action"] == action)

    @cached_property
    def contents(self) -> dict[int, ChangeContent]:
        """The content of each revision."""
        found = {}
        for path in sorted(self.files):
            if path.startswith("revisions/"):
                document = self.read(path)
                document.pop("schema")
                found[int(path.removeprefix("revisions/").removesuffix(".json"))] = ChangeContent.model_validate(
                    document
                )
        return found

    def evidence(self, control: str) -> dict[str, bytes]:
        """The evidence of a control by path: `evidence/<revision>-<control>-<number>.json`."""
        return {
            path: data for path, data in self.files.items() if path.startswith("evidence/") and f"-{control}-" in path
        }


Check: TypeAlias = Callable[[Package], Iterator[Finding]]


def verify_package(data: bytes, keys: Iterable[Key], checkpoints: Sequence[Mapping[str, Any]] = ()) -> Verified:
    """Verify a package, also against exported checkpoints where there are any.

    Raises Invalid("bad_package", "not_signed") for bytes that are no package or not signed by one of the keys.
    """
    manifest, files = open_package(data, keys)
    package = Package(manifest, files)
    found = list(listed_findings(files, manifest))
    found += [Finding(path=path, fault="is missing") for path in REQUIRED if path not in files]
    if not found:
        checks: tuple[Check, ...] = (*CHECKS.values(), partial(_against_checkpoints, checkpoints=checkpoints))
        found += [finding for check in checks for finding in _read(check, package)]
    return Verified(
        manifest=manifest, checked=("every file is what the signed manifest says", *CHECKS), findings=tuple(found)
    )


def _read(check: Check, package: Package) -> list[Finding]:
    """What a check finds. What it cannot read does not hold: nothing is believed that was not understood."""
    try:
        return list(check(package))
    except (Invalid, ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
        return [Finding(path="", fault=f"cannot be read: {type(error).__name__}: {error}"[:300])]


def _named(package: Package) -> Iterator[Finding]:
    for path, data in sorted(package.files.items()):
        folder = path.partition("/")[0]
        if folder in FORMS and not FORMS[folder].fullmatch(path):
            yield Finding(path=path, fault="has a name that nothing here has")
        elif folder == "files" and path != f"files/{digest_of(data).removeprefix('sha256:')}.json":
            yield Finding(path=path, fault="is not what its name says")


def _canonical(package: Package) -> Iterator[Finding]:
    for path, data in sorted(package.files.items()):
        document = path.endswith(".json") and path != ENVELOPE and not path.startswith("workflow/")
        if document and not _is_canonical(data):
            yield Finding(path=path, fault="is not canonical JSON")


def _is_canonical(data: bytes) -> bool:
    try:
        found = parse(data)
        check_types(found)
        return bool(rfc8785.dumps(found) == data)
    except (Invalid, ValueError):
        return False


def _chain(package: Package) -> Iterator[Finding]:
    yield from (_chained(fault) for fault in chain_faults(package.chain))
    last = package.chain[-1] if package.chain else None
    if last is None or (last.subject, last.sequence, last.digest) != (
        package.manifest.subject,
        package.manifest.sequence,
        package.manifest.head,
    ):
        yield Finding(path=CHAIN, fault="does not end where the manifest says: its tail was cut or it is another chain")
    for link in package.read(ATTEMPTS):
        found = Link.model_validate(link, strict=True)
        if fault := link_fault(found):
            yield Finding(path=ATTEMPTS, fault=f"{found.subject}, record {found.sequence}: {fault}")


def _chained(fault: ChainFault) -> Finding:
    return Finding(path=CHAIN, fault=f"{fault.subject}, record {fault.sequence}: {fault.fault}")


def _revisions(package: Package) -> Iterator[Finding]:
    told = {
        details["revision"]: details["digest"]
        for action in ("change.created", "change.revised")
        for details in package.details(action)
    }
    given = {number: digest_of(package.files[f"revisions/{number}.json"]) for number in package.contents}
    for number in sorted(told.keys() | given.keys()):
        if told.get(number) != given.get(number):
            yield Finding(path=f"revisions/{number}.json", fault="is not the revision that the chain names")


def _evidence(package: Package) -> Iterator[Finding]:
    told = set(_digests(package.records))
    for control in (IMPACT, PLAN, SIMULATION, GATE):
        for path, data in package.evidence(control).items():
            if digest_of(data) not in told:
                yield Finding(path=path, fault="is not named by the chain")


def _digests(value: Any) -> Iterator[str]:
    """Every digest in a record."""
    match value:
        case str() if value.startswith("sha256:"):
            yield value
        case dict():
            for item in value.values():
                yield from _digests(item)
        case list():
            for item in value:
                yield from _digests(item)


def _decisions(package: Package) -> Iterator[Finding]:
    told = {details["decision"]: details for details in package.details("change.decided")}
    listed = package.read("decisions.json")
    rows = {row["id"]: row for row in listed}
    if len(rows) != len(listed):
        yield Finding(path="decisions.json", fault="names a decision twice")
    for missing in sorted(told.keys() ^ rows.keys()):
        yield Finding(
            path="decisions.json", fault=f"{missing} stands only in the {'chain' if missing in told else 'list'}"
        )
    for name in sorted(told.keys() & rows.keys()):
        for fault in _decision(package, rows[name], told[name]):
            yield Finding(path="decisions.json", fault=f"{name}: {fault}")


def _decision(package: Package, row: Mapping[str, Any], told: Mapping[str, Any]) -> Iterator[str]:
    if (row["root"], row["inputs"], row["comment_digest"]) != (told["root"], told["inputs"], told["comment"]):
        yield "is not what the chain recorded"
    if row["root"] != root_digest(row["revision"], row["inputs"]):
        yield "what was signed is not the digest of what was seen"
    for name in _unseen(package, row):
        yield f"what was seen as {name} is not in the package"
    comment = row["comment"]
    if comment and comment["text"] and _salted(comment) != row["comment_digest"]:
        yield "its comment is not the one that was recorded"


def _unseen(package: Package, row: Mapping[str, Any]) -> Iterator[str]:
    content = package.contents.get(row["revision"])
    known = content_inputs(content) if content else {}
    plans = [Plan.model_validate_json(data) for data in package.evidence(PLAN).values()]
    policies = {digest_named([plan.policy, plan.policy_version]) for plan in plans}
    for name, digest in row["inputs"].items():
        stored = {digest_of(data) for data in package.evidence(name).values()}
        if known.get(name) != digest and digest not in stored and not (name == "policy" and digest in policies):
            yield name


def _salted(comment: Mapping[str, str]) -> str:
    return "sha256:" + hashlib.sha256((comment["salt"] + comment["text"]).encode()).hexdigest()


def _remarks(package: Package) -> Iterator[Finding]:
    """What was said beside decisions: comments, questions, reasons. An erased text leaves its digest."""
    if REMARKS not in package.files:
        return
    bodies = (body["details"] for body in package.records)
    told = {details["remark"]: details["text"] for details in bodies if details.get("remark")}
    listed = package.read(REMARKS)
    if len({row["id"] for row in listed}) != len(listed):
        yield Finding(path=REMARKS, fault="names a remark twice")
    for row in listed:
        said = row["text"]
        if told.get(row["id"]) != row["text_digest"] or (said and _salted(said) != row["text_digest"]):
            yield Finding(path=REMARKS, fault=f"{row['id']} is not what the chain recorded")
    for missing in sorted(told.keys() - {row["id"] for row in listed}):
        yield Finding(path=REMARKS, fault=f"{missing} stands only in the chain")


def _timers(package: Package) -> Iterator[Finding]:
    told = {
        (fired["stage"], fired["what"], fired["level"])
        for details in package.details("change.timers")
        for fired in details["fired"]
    }
    for row in package.read("timers.json"):
        if (row["stage"], row["what"], row["level"]) not in told:
            yield Finding(path="timers.json", fault=f"{row['what']} of {row['stage']} is not in the chain")


def _gate(package: Package) -> Iterator[Finding]:
    judged = {digest_of(data): path for path, data in package.evidence(GATE).items()}
    for details in package.details("change.released"):
        path = judged.get(details["gate"])
        if path is None:
            yield Finding(path=CHAIN, fault="a release has no verdict of the gate")
            continue
        stored = Judgement.model_validate(package.read(path))
        if not judged_again(stored):
            yield Finding(path=path, fault="the gate, asked again with these facts, does not open")
        if list(stored.standing["counted"]) != details["counted"]:
            yield Finding(path=path, fault="counts other decisions than the release did")


def _policy(package: Package) -> Iterator[Finding]:
    for path, data in package.evidence(PLAN).items():
        plan = Plan.model_validate_json(data)
        where = policy_path(plan.policy, plan.policy_version)
        if where not in package.files:
            yield Finding(path=path, fault=f"its policy {plan.policy} version {plan.policy_version} is missing")


def _release(package: Package) -> Iterator[Finding]:
    """What was published is what was approved, operation by operation."""
    release = package.read("release.json")
    approved: list[Any] = []
    for content in package.contents.values():
        approved += [[op.model_dump(mode="json") for op in part.operations] for part in content.parts]
    approved += package.read("rollback.json")["operations"].values()
    told = set(_digests(package.records))
    for version in release["versions"]:
        name = f"{version['artifact']} version {version['number']}"
        if version["operations"] not in approved:
            yield Finding(path="release.json", fault=f"{name} holds operations that nobody approved")
        if version["digest"] not in told:
            yield Finding(path="release.json", fault=f"{name} is not named by the chain")


CHECKS: Mapping[str, Check] = {
    "every file has the name that belongs to it": _named,
    "every document is canonical JSON": _canonical,
    "the audit chain holds from its first record to its head": _chain,
    "every revision is the one that the chain names": _revisions,
    "impact, plan, simulation and gate verdict are those that the chain names": _evidence,
    "every decision is bound to what the person saw": _decisions,
    "everything that was said is what the chain recorded": _remarks,
    "every timer that fired is in the chain": _timers,
    "the gate, asked again with the stored facts, opens": _gate,
    "the policy that made the plan is here": _policy,
    "what was published is what was approved": _release,
}


def _against_checkpoints(package: Package, checkpoints: Sequence[Mapping[str, Any]]) -> Iterator[Finding]:
    digests = {found.sequence: found.digest for found in package.chain}
    for body in checkpoints:
        seen = head_in(body, package.manifest.subject)
        if seen and digests.get(seen[0]) != seen[1]:
            yield Finding(path=CHAIN, fault=f"differs from the checkpoint of {body['at']} at record {seen[0]}")
