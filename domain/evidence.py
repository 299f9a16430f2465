"""What an evidence package is (R-24.2): files of bytes, a signed manifest of their digests, what is absent and why.

The archive is a ZIP without compression and with fixed times, so the same files give the same bytes on every machine,
and any changed byte shows, also one that a ZIP reader would overlook.
"""

import io
import zipfile
from collections.abc import Mapping
from typing import Any

from domain.approval import ApprovalFacts, Standing, Verdict, gate
from domain.canonical import digest_of
from domain.errors import Invalid
from domain.model import Model

FORMAT = "evidence-package/1"
ENVELOPE = "manifest.dsse.json"
CHAIN, ATTEMPTS, HISTORY = "audit/chain.json", "audit/attempts.json", "workflow/history.json"
FIXED_TIME = (1980, 1, 1, 0, 0, 0)
MOST_BYTES = 512 * 1024 * 1024


class PackagedFile(Model):
    """A file of the package and the digest of its bytes."""

    path: str
    digest: str
    size: int


class Manifest(Model):
    """What is in a package. `as_of` is the time of the chain's last record; `absent` says what is missing and why."""

    format: str = FORMAT
    installation: str
    subject: str
    as_of: str
    sequence: int
    head: str
    files: tuple[PackagedFile, ...]
    absent: Mapping[str, str] = {}


class Finding(Model):
    """One fault of a package: in which file, and what is wrong."""

    path: str
    fault: str


def policy_path(policy: str, number: int) -> str:
    """Where a policy version lies in a package."""
    return f"policy/{policy.replace('/', '-')}-{number}.json"


def listing(files: Mapping[str, bytes]) -> tuple[PackagedFile, ...]:
    """The files of a package as its manifest names them, ordered by path."""
    return tuple(
        PackagedFile(path=path, digest=digest_of(data), size=len(data)) for path, data in sorted(files.items())
    )


def archive(files: Mapping[str, bytes]) -> bytes:
    """The files as one archive; the same files give the same bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as target:
        for path, data in sorted(files.items()):
            info = zipfile.ZipInfo(path, FIXED_TIME)
            info.create_system, info.external_attr = 3, 0o644 << 16
            target.writestr(info, data)
    return buffer.getvalue()


def unpack(data: bytes) -> dict[str, bytes]:
    """The files of an archive. Raises Invalid("bad_package") unless it is exactly what `archive` writes."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as source:
            sizes = sum(info.file_size for info in source.infolist())
            if sizes > MOST_BYTES:
                raise Invalid("bad_package", f"The package claims {sizes} bytes, more than {MOST_BYTES}.")
            files = {info.filename: source.read(info) for info in source.infolist()}
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, ValueError, EOFError, OSError) as error:
        raise Invalid("bad_package", f"This is not an evidence package, or it was changed: {error}.") from None
    if archive(files) != data:
        raise Invalid("bad_package", "The archive was changed: its bytes are not those that were written.")
    return files


def listed_findings(files: Mapping[str, bytes], manifest: Manifest) -> tuple[Finding, ...]:
    """Files that differ from the manifest, are missing, or are not named by it."""
    named = {file.path: file for file in manifest.files}
    given = {path for path in files if path != ENVELOPE}
    found = [Finding(path=path, fault="is missing") for path in sorted(named.keys() - given)]
    found += [Finding(path=path, fault="is not named by the manifest") for path in sorted(given - named.keys())]
    changed = [path for path in sorted(given & named.keys()) if listing({path: files[path]}) != (named[path],)]
    if len(named) != len(manifest.files):
        found.append(Finding(path=ENVELOPE, fault="names a file twice"))
    return (*found, *(Finding(path=path, fault="its bytes do not match their digest") for path in changed))


def settled(value: Any) -> Any:
    """A value as JSON-like data with one order: sets are sorted, moments are ISO text, models are objects."""
    match value:
        case Model():
            return {name: settled(getattr(value, name)) for name in type(value).model_fields}
        case frozenset() | set():
            return sorted(settled(item) for item in value)
        case tuple() | list():
            return [settled(item) for item in value]
        case Mapping():
            return {str(key): settled(item) for key, item in value.items()}
        case None | bool() | int():
            return value
        case _ if hasattr(value, "isoformat"):
            return value.isoformat()
        case _:
            return str(value)


class Judgement(Model):
    """The gate as it opened for an effect: the facts that it was asked with and its answer (R-7.6).

    The gate is pure, so anybody can ask it again with these facts.
    """

    format: str = "gate/1"
    facts: Mapping[str, Any]
    standing: Mapping[str, Any]


def judgement(facts: ApprovalFacts) -> Judgement:
    """What is kept of a gate that opened; everybody's groups only where those of the deciders do not open it alone."""
    kept = _of_deciders(facts)
    if not _open(gate(kept)):
        kept = facts
    return Judgement(facts=settled(kept), standing=settled(gate(kept)))


def _of_deciders(facts: ApprovalFacts) -> ApprovalFacts:
    deciders = frozenset(person for decision in facts.decisions for person in decision.persons)
    return facts.model_copy(
        update={
            "groups": {person: held for person, held in facts.groups.items() if person in deciders},
            "excluded": {person: why for person, why in facts.excluded.items() if person in deciders},
            "deputies": tuple(found for found in facts.deputies if found.delegate in deciders),
        }
    )


def _open(standing: Standing) -> bool:
    return standing.verdict is Verdict.GRANTED and not standing.blocks


def judged_again(stored: Judgement) -> bool:
    """Whether the gate gives the same answer on the stored facts, and that answer is that it is open."""
    standing = gate(ApprovalFacts.model_validate(stored.facts))
    return settled(standing) == stored.standing and _open(standing)
