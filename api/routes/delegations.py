"""Delegations: lend a right, see what is lent, end it (R-7.4)."""

from fastapi import APIRouter

from api.parts import Asking, InstallationParts, Now, Reading, Writing
from commands.delegations import DelegationProposal, DelegationReceipt, delegate, revoke_delegation
from queries.delegations import DelegationView, delegations_of

router = APIRouter(prefix="/api/delegations", tags=["delegations"])


@router.get("")
def mine(asking: Asking, session: Reading, now: Now) -> list[DelegationView]:
    """What you have lent and what was lent to you, latest first."""
    return list(delegations_of(session, asking.person, now)) if asking.person else []


@router.post("", status_code=201)
def give(installation: InstallationParts, call: Writing, proposal: DelegationProposal) -> DelegationReceipt:
    """Lend rights that you hold, for at most 30 days; above what the policy allows by itself others have to agree."""
    return delegate(installation.gateway, call, proposal)


@router.post("/{delegation}/revoke")
def end(delegation: str, installation: InstallationParts, call: Writing) -> dict[str, str]:
    """End a delegation at once; what was decided by it no longer counts."""
    return {"delegation": revoke_delegation(installation.gateway, call, delegation)}
