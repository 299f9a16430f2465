"""How far a large simulation has come: read from the heartbeats of its parts, for pages and the command line."""

from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from activities.house import change_workflow_id
from activities.simulation import GROUP
from domain.model import Model
from domain.snapshot import PARTITIONS

STAGES = {
    "prepare_simulation": "bringing the snapshot up to date",
    "simulate_part": "pricing quotes",
    "conclude_simulation": "putting the result together",
}


class SimulationProgress(Model):
    """What is being done, and how many of the partitions of quotes are priced; nothing runs where stage is empty."""

    stage: str
    done: int
    of: int


async def simulation_progress(client: Client, change: str) -> SimulationProgress:
    """The progress of a change's simulation."""
    try:
        described = await client.get_workflow_handle(change_workflow_id(change)).describe()
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise
        return SimulationProgress(stage="", done=0, of=PARTITIONS)
    pending = [one for one in described.raw_description.pending_activities if one.activity_type.name in STAGES]
    names = {one.activity_type.name for one in pending}
    left = 0
    for one in pending:
        beat = (
            await client.data_converter.decode(one.heartbeat_details.payloads) if one.heartbeat_details.payloads else []
        )
        done, of = (int(value) for value in beat) if len(beat) == 2 else (0, GROUP)
        left += of - done
    stage = next((text for name, text in STAGES.items() if name in names), "")
    priced = {"simulate_part": PARTITIONS - left, "conclude_simulation": PARTITIONS}
    return SimulationProgress(stage=stage, done=next((priced[n] for n in priced if n in names), 0), of=PARTITIONS)
