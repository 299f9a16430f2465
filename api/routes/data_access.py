"""Access to what is kept about a person: ask, see who has it, end it, read (R-7.11, R-24.4)."""

from fastapi import APIRouter

from api.parts import Asking, InstallationParts, Now, Reading, Writing
from commands.command import Call
from commands.data_access import AccessRequest, ask_access, end_access, read_personal_data
from commands.requests import RequestReceipt
from queries.data_access import DataAccess, data_access_list
from store.data_access import PersonalData

router = APIRouter(prefix="/api", tags=["people"])


@router.post("/data-access", status_code=201)
def ask(installation: InstallationParts, call: Writing, asked: AccessRequest) -> RequestReceipt:
    """Ask to read what is kept about a person; it can be read when the people of the plan have agreed."""
    return ask_access(installation.gateway, call, asked)


@router.get("/data-access")
def list_all(_asking: Asking, session: Reading, now: Now) -> list[DataAccess]:
    """Who may read what is kept about whom, latest first."""
    return list(data_access_list(session, now))


@router.post("/data-access/{request}/end")
def end(request: str, installation: InstallationParts, call: Writing) -> dict[str, str]:
    """End an access at once."""
    return {"request": end_access(installation.gateway, call, request)}


@router.post("/persons/{person}/disclosures", status_code=201)
def read(person: str, installation: InstallationParts, asking: Asking) -> PersonalData:
    """Read what is kept about yourself, or about somebody to whose data you have access; that you did stays on record.

    Without an idempotency key: its answer would be kept for 30 days, and each reading is asked and recorded anew.
    """
    return read_personal_data(installation.gateway, Call(asking, ""), person)
