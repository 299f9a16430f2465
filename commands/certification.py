"""Commands of re-certification: a person answers by name; where that is overdue it is a case, and told (R-2.5)."""

import secrets

from commands.command import Control, command
from commands.notices import Notice, tell
from commands.ownership import LAST_RESORT
from commands.step import require_system, set_case
from domain.certification import Certification
from domain.errors import NotFound, Refused
from store.certification import certifications, uncertified
from store.tables.artifact import ArtifactRow, CertificationRow
from store.unit_of_work import Transaction

CERTIFICATION = "certification"
CODE = "certification_overdue"


@command(control=Control.OPERATION)
def certify(tx: Transaction, artifact: str) -> Certification:
    """Answer by name for an artifact and every rule in it, as it is now.

    Its case closes, unless a rule names somebody who is gone.

    Raises NotFound("unknown_artifact"), Refused("machine_may_not", "not_the_owner").
    """
    person = tx.actor.as_person()
    row = tx.lock(ArtifactRow, artifact)
    found = certifications(tx.session).get(artifact)
    if found is None:
        raise NotFound("unknown_artifact", f"{artifact} has no version that anybody could answer for.")
    if found.owner_group not in tx.actor.groups:
        raise Refused(
            "not_the_owner", f"{artifact} is certified by {found.owner_group or 'nobody, as it has no owner'}."
        )
    tx.add(
        CertificationRow(
            id=f"certification-{secrets.token_hex(8)}",
            artifact=artifact,
            version=row.latest,
            person=person,
            certified_at=tx.now,
        )
    )
    left = uncertified(tx.session, tx.now).get(artifact, "")
    set_case(tx, artifact, CERTIFICATION, found.owner_group, CODE if left else None, left)
    tx.record("artifact.certified", artifact, version=row.latest, left=bool(left))
    return certifications(tx.session)[artifact]


@command(control=Control.OPERATION)
def watch_certification(tx: Transaction, artifact: str) -> str:
    """Open or close the case of an overdue certification, tell the owner group, and return why; "" when it holds."""
    require_system(tx)
    tx.lock(ArtifactRow, artifact)
    why = uncertified(tx.session, tx.now).get(artifact, "")
    owner = certifications(tx.session)[artifact].owner_group or LAST_RESORT
    set_case(tx, artifact, CERTIFICATION, owner, CODE if why else None, why)
    if why:
        tell(tx, [Notice(subject=artifact, party_group=owner, code=CODE, message=f"{artifact}: {why}")])
    tx.record("artifact.certification_watched", artifact, overdue=bool(why))
    return why
