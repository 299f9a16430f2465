"""Evidence: packages that verify offline, the audit records, and questions answered from them (chapter 24)."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response

from api.parts import Asking, InstallationParts, Limit, Now, Parts, Reading
from domain.errors import Unavailable
from domain.given import Instant
from domain.model import Model
from queries import audit, questions
from queries.audit import AuditPage, Verification, Wanted
from queries.evidence import change_package
from queries.questions import QUESTIONS, Answer
from store.checkpoints import exported
from store.signing import CryptoSigner, public_pem, signer

router = APIRouter(prefix="/api", tags=["evidence"])


class QuestionView(Model):
    """A question that can be asked, and what it is asked about."""

    name: str
    title: str
    about: str


def package_key(installation: Parts) -> CryptoSigner:
    """The key that seals packages. Raises Unavailable("no_audit_key") where none is set."""
    if installation.settings.audit_key_file is None:
        raise Unavailable("no_audit_key", "This installation has no key that signs evidence: MANDATE_AUDIT_KEY_FILE.")
    return signer(installation.settings.audit_key_file)


def checkpoints_of(installation: Parts) -> list[dict[str, Any]]:
    """The exported checkpoints that this process can see; none where no key is set."""
    if installation.settings.audit_key_file is None:
        return []
    return exported(installation.settings.checkpoint_dir, [package_key(installation).public_key])


@router.get("/changes/{change}/evidence", response_class=Response)
def package(change: str, installation: InstallationParts, _asking: Asking, session: Reading, now: Now) -> Response:
    """The evidence package of a change: a signed archive that verifies offline."""
    data = change_package(session, installation.files, change, now, package_key(installation))
    disposition = f'attachment; filename="{change}.evidence.zip"'
    return Response(data, media_type="application/zip", headers={"Content-Disposition": disposition})


@router.get("/audit/key", response_class=Response)
def audit_key(installation: InstallationParts, _asking: Asking) -> Response:
    """The public key that verifies packages and checkpoints, as PEM."""
    package_key(installation)
    assert installation.settings.audit_key_file is not None
    return Response(public_pem(installation.settings.audit_key_file), media_type="application/x-pem-file")


@router.get("/audit")
def search(
    _asking: Asking,
    session: Reading,
    limit: Limit = 50,
    cursor: Annotated[str | None, Query(max_length=400)] = None,
    subject: Annotated[str | None, Query(max_length=200)] = None,
    actor: Annotated[str | None, Query(max_length=200)] = None,
    action: Annotated[str | None, Query(max_length=100)] = None,
    outcome: Annotated[str | None, Query(max_length=60)] = None,
    since: Instant | None = None,
    until: Instant | None = None,
) -> AuditPage:
    """Audit records, newest first. `subject` finds refused attempts on it too, which stand on others' chains."""
    wanted = Wanted(subject=subject, actor=actor, action=action, outcome=outcome, since=since, until=until)
    return audit.search(session, wanted, cursor, limit)


@router.get("/audit/verification")
def verification(
    installation: InstallationParts, _asking: Asking, session: Reading, subject: str | None = None
) -> Verification:
    """Verify the chain of a subject, or all of them, also against the exported checkpoints."""
    return audit.verification(session, subject, checkpoints_of(installation))


@router.get("/questions")
def list_questions(_asking: Asking) -> list[QuestionView]:
    """The questions that can be asked."""
    return [QuestionView(name=name, title=q.title, about=q.about) for name, q in QUESTIONS.items()]


@router.get("/questions/{name}")
def ask(
    name: str, _asking: Asking, session: Reading, now: Now, subject: Annotated[str, Query(max_length=200)]
) -> Answer:
    """Answer a question about a change, a quote or a quote line (`Q-7-0000001/1`), with citations."""
    return questions.ask(session, name, subject, now)
