"""The command that writes a signed checkpoint of all audit chains and exports it (D5a)."""

from pathlib import Path

from commands.command import Authority, Control, command
from domain.errors import Unavailable
from store.checkpoints import PAYLOAD_TYPE, statement
from store.signing import sign, signer
from store.tables.audit import CheckpointRow
from store.tables.installation import InstallationRow
from store.unit_of_work import Transaction


@command(control=Control.OPERATION, authority=Authority.FREE)
def write_checkpoint(tx: Transaction, key_file: Path, export_dir: Path) -> str:
    """Sign the heads of all chains, keep the envelope and export it. Returns the exported file's name.

    Raises Unavailable("bad_audit_key"), Unavailable("checkpoints_unavailable") when the folder cannot be written.
    """
    key = signer(key_file)
    installation = tx.find(InstallationRow)[0].id
    envelope = sign(statement(tx.session, installation, tx.now), PAYLOAD_TYPE, key)
    tx.add(CheckpointRow(at=tx.now, key_id=key.public_key.keyid, envelope=envelope))
    name = f"{tx.now:%Y%m%dT%H%M%S%f}.checkpoint.json"
    try:
        export_dir.mkdir(parents=True, exist_ok=True)
        (export_dir / name).write_bytes(envelope)
    except OSError as error:
        detail = f"The folder of checkpoints, MANDATE_CHECKPOINT_DIR, cannot be written: {error.strerror}."
        raise Unavailable("checkpoints_unavailable", detail) from error
    tx.record("audit.checkpoint", "installation", key=key.public_key.keyid, file=name)
    return name
