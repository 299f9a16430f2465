"""How the story of the demo ends: the proof is written to a file, verified offline, and a byte that moved is found."""

from pathlib import Path

from cli.cast import OPERATOR
from cli.present import counted, say
from cli.teller import Teller
from domain.errors import Conflict
from domain.evidence import archive, unpack
from store.signing import public_key
from store.verification import Verified, verify_package

FORGED = "decisions.json"


def take_the_proof(teller: Teller, folder: Path, change: str) -> None:
    """Write the evidence package of a change and its key, verify it, then flip one byte and verify again (R-24.2)."""
    teller.scene("The proof, on any machine and without a connection")
    package, key = folder / f"{change}.evidence.zip", folder / "mandate.public.pem"
    package.write_bytes(teller.api(OPERATOR).download(f"/api/changes/{change}/evidence"))
    key.write_bytes(teller.api(OPERATOR).download("/api/audit/key"))
    found = _verified(package, key)
    if found.findings:
        raise Conflict("evidence_broken", f"{package}: {found.findings[0].path}: {found.findings[0].fault}.")
    say(f"   {package} holds: {counted(len(found.manifest.files), 'file')}, sealed; report.pdf is for reading.")
    say(*(f"   checked: {check}" for check in found.checked))
    forged = package.with_name(f"{change}.forged.zip")
    place = _forge(package, forged)
    found = _verified(forged, key)
    if not found.findings:
        raise Conflict("evidence_broken", f"Nobody sees that {forged} was forged.")
    say(f"   Now one byte of {FORGED} is flipped, byte {place:,}, and the archive is packed anew. It does not hold:")
    say(*(f"   {finding.path}: {finding.fault}" for finding in found.findings))
    say(f"   Try it: .venv/bin/mandate evidence verify {forged} --key {key}")


def _verified(package: Path, key: Path) -> Verified:
    """What an auditor finds who has nothing but the file and the public key."""
    return verify_package(package.read_bytes(), [public_key(key.read_bytes())])


def _forge(package: Path, forged: Path) -> int:
    """Write the package with the lowest bit of one byte turned round, and return where."""
    files = unpack(package.read_bytes())
    place = len(files[FORGED]) // 2
    changed = bytearray(files[FORGED])
    changed[place] ^= 1
    forged.write_bytes(archive({**files, FORGED: bytes(changed)}))
    return place
