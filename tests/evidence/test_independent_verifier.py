"""A verifier written from docs/evidence-format.md agrees with that of the product, on whole packages and on broken ones.

Packages are damaged in two ways: as anybody can, byte by byte, and as only the owner of the key could, who changes a
document and signs the manifest again. The second kind must be found by the rules, since every signature is good.
"""

import base64
import json
import os
import random
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from commands.checkpoints import write_checkpoint
from domain.approval import Choice
from domain.canonical import canonical, parse
from domain.errors import Invalid
from domain.evidence import CHAIN, ENVELOPE, archive, listing, unpack
from store.checkpoints import exported
from store.evidence import PAYLOAD_TYPE
from store.signing import public_key, public_pem, sign, signer
from store.verification import verify_package
from tests.builders import FINANCE, PRICING, Business, proposal, set_price
from tests.evidence import independent_verifier
from tests.evidence.test_package import released

__all__ = ["released"]
Packing = Callable[[str], bytes]


def holds(data: bytes, pem: bytes) -> bool:
    """What the product says."""
    try:
        return not verify_package(data, [public_key(pem)]).findings
    except Invalid:
        return False


def agreed(data: bytes, pem: bytes) -> bool:
    """What both verifiers say. Raises AssertionError where they differ."""
    wrong = independent_verifier.verify(data, pem)
    assert holds(data, pem) == (not wrong), wrong
    return not wrong


@pytest.fixture
def pem(key_file: Path) -> bytes:
    return public_pem(key_file)


def test_whole_packages_of_every_state_hold(business: Business, package: Packing, released: str, pem: bytes) -> None:
    rejected = business.awaiting(proposal(set_price("45.90"), title="Rather not"))
    business.decide(rejected, PRICING)
    business.decide(rejected, FINANCE, Choice.REJECT)
    for change in (released, rejected, business.draft(proposal(set_price("46.90"), title="A draft"))):
        assert agreed(package(change), pem)


def test_it_runs_alone_with_the_file_and_the_key(package: Packing, released: str, pem: bytes, tmp_path: Path) -> None:
    (tmp_path / "key.pub").write_bytes(pem)
    whole = package(released)
    for name, data, code in (("whole", whole, 0), ("cut", whole[:-1], 1)):
        (tmp_path / name).write_bytes(data)
        program = Path(independent_verifier.__file__).read_text()
        command = [sys.executable, "-I", "-c", program, str(tmp_path / name), str(tmp_path / "key.pub")]
        run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert run.returncode == code, run.stdout + run.stderr


def test_bytes_changed_anywhere_are_found_by_both(package: Packing, released: str, pem: bytes) -> None:
    data, chance = package(released), random.Random(11)
    envelope = data.index(b'"payload":') + 20
    places = [*(chance.randrange(len(data)) for _ in range(120)), *range(envelope, envelope + 40), len(data) - 1]
    for place in places:
        broken = bytearray(data)
        broken[place] ^= 1 << chance.randrange(8)
        assert not agreed(bytes(broken), pem), place


def test_an_envelope_in_another_spelling_is_no_longer_the_one_that_was_written(
    package: Packing, released: str, pem: bytes
) -> None:
    """JSON and base64 can say the same in several ways; a changed byte has to show all the same."""
    files = unpack(package(released))
    spaced = json.dumps(json.loads(files[ENVELOPE])).encode()
    payload = json.loads(files[ENVELOPE])["payload"].rstrip("=").encode()
    spare = files[ENVELOPE].replace(payload, payload[:-1] + bytes([payload[-1] + 1]))
    for envelope in (spaced, spare):
        assert envelope != files[ENVELOPE]
        assert not agreed(archive({**files, ENVELOPE: envelope}), pem)


def test_a_cut_tail_that_was_signed_again_is_found_by_the_checkpoint(
    business: Business, package: Packing, released: str, key_file: Path, pem: bytes, tmp_path: Path
) -> None:
    name = write_checkpoint(business.gateway, business.system(), key_file, tmp_path / "checkpoints")
    checkpoint = (tmp_path / "checkpoints" / name).read_bytes()
    whole = package(released)
    files = unpack(whole)
    chain = parse(files[CHAIN])[:-1]
    cut = sealed_again(
        files, {CHAIN: canonical(chain)}, key_file, {"sequence": chain[-1]["sequence"], "head": chain[-1]["digest"]}
    )
    seen = exported(tmp_path / "checkpoints", [public_key(pem)])
    for data, whether in ((whole, True), (cut, False)):
        assert (not verify_package(data, [public_key(pem)], seen).findings) is whether
        assert (not independent_verifier.verify(data, pem, (checkpoint,))) is whether
    forged = checkpoint.replace(b'"sig":"', b'"sig":"AA')
    assert independent_verifier.verify(whole, pem, (forged,))


def sealed_again(
    files: dict[str, bytes], changed: dict[str, bytes | None], key_file: Path, said: Mapping[str, Any] = {}
) -> bytes:
    """The package with other files (None: without), its manifest made and signed again by the installation's own key."""
    kept = {path: data for path, data in {**files, **changed}.items() if data is not None and path != ENVELOPE}
    manifest = json.loads(base64.b64decode(json.loads(files[ENVELOPE])["payload"]))
    body = {**manifest, "files": [file.model_dump() for file in listing(kept)], **said}
    return archive({**kept, ENVELOPE: sign(body, PAYLOAD_TYPE, signer(key_file))})


JUNK = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 3),
    st.just(1.5),
    st.just("x"),
    st.just("sha256:" + 64 * "0"),
    st.just([]),
    st.just({}),
)


@st.composite
def damage(draw: st.DrawFn, files: dict[str, bytes]) -> dict[str, bytes | None]:
    """One file of a package as somebody with the key could change it: another name, other bytes, another document."""
    path = draw(st.sampled_from(sorted(set(files) - {ENVELOPE})))
    other = draw(st.sampled_from(sorted(set(files) - {ENVELOPE, path})))
    new = draw(
        st.sampled_from(
            ["evidence/1-impact-99.json", "evidence/x.json", "revisions/01.json", "revisions/9.json", "more.json"]
        )
    )
    kind = draw(st.sampled_from(["document"] * 6 + ["missing", "swapped", "renamed", "spelled"]))
    match kind:
        case "missing":
            return {path: None}
        case "swapped":
            return {path: files[other], other: files[path]}
        case "renamed":
            return {path: None, new: files[path]}
        case "spelled":
            return {path: files[path].replace(b",", b", ", 1)}
    document = path if path.endswith(".json") else CHAIN
    body = changed(draw, json.loads(files[document]))
    return {document: json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()}


def changed(draw: st.DrawFn, value: Any) -> Any:
    """A value with one place in it changed: replaced, taken out, doubled, or out of order."""
    inside = bool(value) and isinstance(value, dict | list) and draw(st.integers(0, 9)) > 0
    if not inside:
        return draw(JUNK)
    if isinstance(value, dict):
        name = draw(st.sampled_from(sorted(value)))
        rest = {key: item for key, item in value.items() if key != name}
        how = draw(st.integers(0, 9))
        return rest if how == 0 else {**value, "more": 1} if how == 1 else {**value, name: changed(draw, value[name])}
    place = draw(st.integers(0, len(value) - 1))
    match draw(st.integers(0, 9)):
        case 0:
            return [*value[:place], *value[place + 1 :]]
        case 1:
            return [*value, value[place]]
        case 2:
            return value[::-1]
    return [*value[:place], changed(draw, value[place]), *value[place + 1 :]]


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
def test_both_say_the_same_of_whatever_the_owner_of_the_key_could_sign(
    package: Packing, released: str, key_file: Path, pem: bytes
) -> None:
    files = unpack(package(released))
    found = {True: 0, False: 0}
    # `make prove STEP=packages` runs a hundred thousand, drawn anew each time; here they are the same in every run.
    searched = os.environ.get("PROVE_EXAMPLES")
    size = {"max_examples": int(searched or 400), "derandomize": searched is None}

    @settings(**size, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(damage(files))
    def compare(wrong: dict[str, bytes | None]) -> None:
        try:
            data = sealed_again(files, wrong, key_file)
        except UnicodeEncodeError:
            return
        found[agreed(data, pem)] += 1

    compare()
    assert found[False] > found[True]
    print({"packages": sum(found.values()), "refused": found[False]})


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    "said",
    [
        {"format": "evidence-package/2"},
        {"subject": "CR-2026-9999"},
        {"sequence": 1},
        {"head": "sha256:" + 64 * "0"},
        {"more": 1},
        {"absent": []},
        {"files": []},
    ],
)
def test_a_manifest_that_says_something_else_is_refused_by_both(
    package: Packing, released: str, key_file: Path, pem: bytes, said: dict[str, Any]
) -> None:
    assert not agreed(sealed_again(unpack(package(released)), {}, key_file, said), pem)
