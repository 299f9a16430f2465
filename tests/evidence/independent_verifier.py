"""A second verifier of evidence, written from docs/evidence-format.md alone: it shares no code with the product (J1).

`python independent_verifier.py PACKAGE PUBLIC.pem [CHECKPOINT ...]` needs nothing but Python and `cryptography`. It prints what is
wrong, line by line; the exit code is 0 only for a package that holds.
"""

import base64
import hashlib
import io
import json
import re
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key

GENESIS = "sha256:" + 64 * "0"
MANIFEST = "manifest.dsse.json"
EVIDENCE_TYPE, CHECKPOINT_TYPE = (f"application/vnd.mandate.{kind}+json" for kind in ("evidence", "checkpoint"))
NEEDED = {
    *("change.json", "decisions.json", "timers.json", "release.json", "rollback.json"),
    *("audit/chain.json", "audit/attempts.json", "report.pdf"),
}
LINK = {"subject", "sequence", "at", "action", "actor", "outcome", "about", "body", "previous", "digest"}
RECORD = {"format", "subject", "sequence", "at", "action", "outcome", "actor", "person", "request", "details"}
EVIDENCE = re.compile(r"evidence/[1-9]\d*-(?P<control>[a-z_]+)-[1-9]\d*\.json")
REVISION = re.compile(r"revisions/(?P<number>[1-9]\d*)\.json")


class NotVerified(Exception):
    """Something that cannot be read or does not hold; the text says what."""


def verify(package: bytes, pem: bytes, checkpoints: tuple[bytes, ...] = ()) -> list[str]:
    """What is wrong with a package; nothing: it holds. Never raises, whatever the bytes are."""
    try:
        key = load_pem_public_key(pem)
        require(isinstance(key, Ed25519PublicKey), "the key is no Ed25519 key")
        files = unpacked(package)
        manifest = statement(files.pop(MANIFEST), EVIDENCE_TYPE, key)
        seen = [statement(envelope, CHECKPOINT_TYPE, key) for envelope in checkpoints]
        return list(Package(manifest, files).faults(seen))
    except (NotVerified, *UNREADABLE) as error:
        return [f"cannot be verified: {type(error).__name__}: {error}"]


UNREADABLE = (
    *(ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError, EOFError, OSError),
    *(RuntimeError, NotImplementedError, OverflowError, zipfile.BadZipFile, MemoryError),
)


def require(holds: object, fault: str) -> None:
    if not holds:
        raise NotVerified(fault)


# Section 1: canonical JSON


def read(data: bytes) -> Any:
    """The value of canonical JSON. Raises NotVerified, ValueError for anything else."""
    found = parsed(data.decode("utf-8"))
    require(encode(found) == data, "this is not canonical JSON")
    return found


def parsed(text: str) -> Any:
    def fields(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        require(len({name for name, _ in pairs}) == len(pairs), "a key stands twice")
        require(all(name.isascii() for name, _ in pairs), "a key is not ASCII")
        return dict(pairs)

    def whole(digits: str) -> int:
        require(abs(int(digits)) < 2**53, "a number is too large")
        return int(digits)

    def no_fraction(digits: str) -> Any:
        raise NotVerified(f"{digits} is no integer")

    return json.loads(
        text, object_pairs_hook=fields, parse_int=whole, parse_float=no_fraction, parse_constant=no_fraction
    )


def encode(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode("utf-8")


def digest(data: bytes) -> str:
    return "sha256:" + hashlib.sha256(data).hexdigest()


def digest_of_value(value: Any) -> str:
    return digest(encode(value))


# Section 3: signed statements


def statement(envelope: bytes, kind: str, key: Any) -> Any:
    """The payload of an envelope that the key has signed as this type."""
    found = read(envelope)
    require(found.keys() == {"payload", "payloadType", "signatures"}, "this is no DSSE envelope")
    payload, said = decoded(found["payload"]), found["payloadType"]
    require(said == kind, f"signed as {said}")
    signatures = {one["keyid"]: one for one in found["signatures"]}
    require(len(signatures) == len(found["signatures"]), "a key has signed twice")
    require(all(one.keys() == {"keyid", "sig"} for one in signatures.values()), "a signature has other fields")
    sealed = b"DSSEv1 %d %s %d %s" % (len(kind.encode()), kind.encode(), len(payload), payload)
    try:
        key.verify(decoded(signatures[key_id(key)]["sig"]), sealed)
    except InvalidSignature:
        raise NotVerified("the signature is not that of this key") from None
    return read(payload)


def decoded(text: str) -> bytes:
    data = base64.b64decode(text, validate=True)
    require(base64.b64encode(data).decode() == text, "base64 with spare bits")
    return data


def key_id(key: Any) -> str:
    raw = key.public_bytes(Encoding.Raw, PublicFormat.Raw).hex()
    about = {"keytype": "ed25519", "keyval": {"public": raw}, "scheme": "ed25519"}
    return hashlib.sha256(encode(about)).hexdigest()


# Section 4: the archive


def unpacked(package: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(package)) as source:
        files = {entry.filename: source.read(entry) for entry in source.infolist()}
    again = io.BytesIO()
    with zipfile.ZipFile(again, "w", zipfile.ZIP_STORED) as target:
        for path in sorted(files):
            entry = zipfile.ZipInfo(path, (1980, 1, 1, 0, 0, 0))
            entry.create_system = 3
            entry.external_attr = 0o644 << 16
            target.writestr(entry, files[path])
    require(again.getvalue() == package, "the archive is not packed as it has to be")
    return files


class Package:
    """A package whose manifest is signed, and the twelve conditions under which it holds."""

    def __init__(self, manifest: Any, files: dict[str, bytes]) -> None:
        known = {"format", "installation", "subject", "as_of", "sequence", "head", "files", "absent"}
        require(
            manifest.keys() == known and manifest["format"] == "evidence-package/1", "the manifest is of no known form"
        )
        require(all(isinstance(why, str) for why in manifest["absent"].values()), "what is absent has no reason")
        self.manifest, self.files = manifest, files

    def faults(self, checkpoints: list[Any]) -> Iterator[str]:
        """Everything that is wrong; what is listed wrongly is not looked into."""
        listed = [*self.listed(), *(f"{path} is missing" for path in sorted(NEEDED - self.files.keys()))]
        yield from listed
        if listed:
            return
        documents = {path: data for path, data in self.files.items() if path.endswith(".json")}
        self.documents = {path: read(data) for path, data in documents.items() if not path.startswith("workflow/")}
        yield from self.chain()
        self.records = [parsed(link["body"]) for link in self.documents["audit/chain.json"]]
        self.revisions = {
            int(found["number"]): self.documents[path] for path in self.files if (found := REVISION.fullmatch(path))
        }
        rest: tuple[Callable[[], Iterator[str]], ...] = (
            *(self.revised, self.evident, self.decided, self.said, self.timed, self.opened, self.ruled, self.published),
        )
        for check in rest:
            yield from check()
        for checkpoint in checkpoints:
            yield from self.held_against(checkpoint)

    def listed(self) -> Iterator[str]:
        named = {one["path"]: one for one in self.manifest["files"]}
        require(len(named) == len(self.manifest["files"]), "the manifest names a file twice")
        yield from (f"{path} is missing or not named" for path in sorted(named.keys() ^ self.files.keys()))
        yield from (f"{path} has a name that nothing here has" for path in sorted(self.files) if not well_named(path))
        for path in sorted(named.keys() & self.files.keys()):
            data = self.files[path]
            if encode(named[path]) != encode({"path": path, "digest": digest(data), "size": len(data)}):
                yield f"{path} is not the file that was signed"
            if path.startswith("files/") and path != f"files/{digest(data)[7:]}.json":
                yield f"{path} is not what its name says"

    def chain(self) -> Iterator[str]:
        links, previous = self.documents["audit/chain.json"], GENESIS
        for place, link in enumerate(links, 1):
            if (link["subject"], link["sequence"], link["previous"]) != (self.manifest["subject"], place, previous):
                yield f"record {place} of the chain is not where it belongs"
            yield from link_faults(link)
            previous = link["digest"]
        ends = (links[-1]["sequence"], previous) if links else (0, GENESIS)
        if ends != (self.manifest["sequence"], self.manifest["head"]):
            yield "the chain does not end where the manifest says"
        for link in self.documents["audit/attempts.json"]:
            yield from link_faults(link)

    def told(self, *actions: str) -> list[dict[str, Any]]:
        """The details of the records of these actions."""
        return [record["details"] for record in self.records if record["action"] in actions]

    def of_control(self, *controls: str) -> dict[str, Any]:
        """Evidence of these controls, by path."""
        found = {path: EVIDENCE.fullmatch(path) for path in self.files}
        return {path: self.documents[path] for path, match in found.items() if match and match["control"] in controls}

    def revised(self) -> Iterator[str]:
        told = {details["revision"]: details["digest"] for details in self.told("change.created", "change.revised")}
        given = {number: digest(self.files[f"revisions/{number}.json"]) for number in self.revisions}
        if told != given:
            yield "the revisions are not those of the chain"

    def evident(self) -> Iterator[str]:
        told = set(digests(self.records))
        for path in self.of_control("impact", "plan", "simulation", "gate"):
            if digest(self.files[path]) not in told:
                yield f"{path} is not named by the chain"

    def decided(self) -> Iterator[str]:
        told = {details["decision"]: details for details in self.told("change.decided")}
        rows = {row["id"]: row for row in self.documents["decisions.json"]}
        if told.keys() != rows.keys() or len(rows) != len(self.documents["decisions.json"]):
            yield "the decisions are not those of the chain"
        for name in sorted(told.keys() & rows.keys()):
            row, said = rows[name], told[name]
            if [row["root"], row["inputs"], row["comment_digest"]] != [said["root"], said["inputs"], said["comment"]]:
                yield f"{name} is not what was recorded"
            if row["root"] != digest_of_value({"revision": row["revision"], "inputs": row["inputs"]}):
                yield f"{name} was given on something else than its inputs"
            yield from (f"{name}: {what} as it was seen is not here" for what in self.unseen(row))
            comment = row["comment"]
            if (
                comment
                and comment["text"]
                and digest((comment["salt"] + comment["text"]).encode()) != row["comment_digest"]
            ):
                yield f"{name}: the comment is another"

    def unseen(self, row: dict[str, Any]) -> Iterator[str]:
        revision = self.revisions.get(row["revision"])
        known = inputs_of(revision) if revision else {}
        policies = {
            digest_of_value([plan["policy"], plan["policy_version"]]) for plan in self.of_control("plan").values()
        }
        for name, seen in row["inputs"].items():
            stored = {digest(self.files[path]) for path in self.of_control(name)}
            if not (known.get(name) == seen or seen in stored or (name == "policy" and seen in policies)):
                yield name

    def said(self) -> Iterator[str]:
        if "remarks.json" not in self.documents:
            return
        told = {
            one["details"]["remark"]: one["details"]["text"] for one in self.records if one["details"].get("remark")
        }
        rows = self.documents["remarks.json"]
        if sorted(row["id"] for row in rows) != sorted(told):
            yield "the remarks are not those of the chain"
        for row in rows:
            text = row["text"]
            if text and digest((text["salt"] + text["text"]).encode()) != row["text_digest"]:
                yield f"{row['id']}: the text is another"
            if told.get(row["id"]) != row["text_digest"]:
                yield f"{row['id']} is not what was recorded"

    def timed(self) -> Iterator[str]:
        told = [fired for details in self.told("change.timers") for fired in details["fired"]]
        known = {(fired["stage"], fired["what"], fired["level"]) for fired in told}
        for row in self.documents["timers.json"]:
            if (row["stage"], row["what"], row["level"]) not in known:
                yield f"{row['what']} of {row['stage']} did not fire"

    def opened(self) -> Iterator[str]:
        verdicts = {digest(self.files[path]): document for path, document in self.of_control("gate").items()}
        for details in self.told("change.released"):
            verdict = verdicts.get(details["gate"])
            if verdict is None:
                yield "a release has no verdict"
            elif not opens(verdict, details["counted"]):
                yield "the verdict of a release does not open"

    def ruled(self) -> Iterator[str]:
        for path, plan in self.of_control("plan").items():
            policy = f"policy/{plan['policy'].replace('/', '-')}-{plan['policy_version']}.json"
            if policy not in self.files:
                yield f"{path}: {policy} is missing"

    def published(self) -> Iterator[str]:
        approved = [part["operations"] for revision in self.revisions.values() for part in revision["parts"]]
        approved += self.documents["rollback.json"]["operations"].values()
        told = set(digests(self.records))
        for version in self.documents["release.json"]["versions"]:
            if version["operations"] not in approved or version["digest"] not in told:
                yield f"version {version['number']} of {version['artifact']} is not what was approved"

    def held_against(self, checkpoint: Any) -> Iterator[str]:
        require(checkpoint["format"] == "checkpoint/1", "a checkpoint is of no known form")
        head = checkpoint["heads"].get(self.manifest["subject"].encode("unicode_escape").decode("ascii"))
        chain = {link["sequence"]: link["digest"] for link in self.documents["audit/chain.json"]}
        if head and chain.get(head[0]) != head[1]:
            yield f"the chain is not the one of the checkpoint of {checkpoint['at']}"


def well_named(path: str) -> bool:
    forms = {"revisions": REVISION, "evidence": EVIDENCE}
    form = forms.get(path.partition("/")[0])
    return form is None or form.fullmatch(path) is not None


def link_faults(link: Any) -> Iterator[str]:
    """What is wrong with a link by itself (section 2)."""
    require(link.keys() == LINK, "a link has other fields")
    record = read(link["body"].encode("utf-8"))
    require(record.keys() == RECORD and record["format"] == "audit/1", "a record is of no known form")
    place = f"record {link['sequence']} of {link['subject']}"
    if link["digest"] != digest(link["previous"].encode() + b"\n" + link["body"].encode("utf-8")):
        yield f"{place} was changed"
    about = record["details"].get("subject") if record["outcome"] == "refused" else None
    repeated = {name: record[name] for name in ("subject", "sequence", "at", "action", "actor", "outcome")}
    repeated["about"] = about if isinstance(about, str) else None
    if encode({name: link[name] for name in repeated}) != encode(repeated):
        yield f"{place} says something else outside than inside"


def inputs_of(revision: Any) -> dict[str, str]:
    """The digests of what a person sees of a revision (section 5)."""
    parts, purpose = revision["parts"], {name: revision[name] for name in ("title", "objective")}
    seen = {
        "purpose": purpose,
        "operations": [[part["artifact"], part["operations"]] for part in parts],
        "content": {**purpose, "parts": parts},
        **{name: revision[name] for name in ("scope", "effective", "monitoring")},
        "rollback": [revision["rollback"], revision["monitoring"]],
        "bases": {part["artifact"]: {one["entry"]: one["before"] for one in part["operations"]} for part in parts},
    }
    return {name: digest_of_value(value) for name, value in seen.items()}


def opens(verdict: Any, counted: list[str]) -> bool:
    """Whether a stored verdict of the gate is that it opens, on just these decisions."""
    standing = verdict["standing"]
    approvals = {one["id"] for one in verdict["facts"]["decisions"] if one["choice"] == "approve"}
    granted = (standing["verdict"], standing["blocks"], standing["counted"]) == ("granted", [], counted)
    return verdict["format"] == "gate/1" and granted and set(counted) <= approvals


def digests(value: Any) -> Iterator[str]:
    """Every digest in a value."""
    if isinstance(value, str) and value.startswith("sha256:"):
        yield value
    for part in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from digests(part)


if __name__ == "__main__":
    package, pem, *more = (Path(name).read_bytes() for name in sys.argv[1:])
    wrong = verify(package, pem, tuple(more))
    print("\n".join(wrong) or "The package holds.")
    sys.exit(1 if wrong else 0)
