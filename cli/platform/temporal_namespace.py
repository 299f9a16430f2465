"""The namespace of an installation: one for each database, named by its id, with the shared search attributes (D13)."""

import asyncio
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from google.protobuf.duration_pb2 import Duration
from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest, ListSearchAttributesRequest
from temporalio.api.workflowservice.v1 import RegisterNamespaceRequest
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from activities import house
from domain.errors import Unavailable

SEARCH_ATTRIBUTES: Mapping[str, "IndexedValueType.ValueType"] = {
    key.name: IndexedValueType.ValueType(key.indexed_value_type)
    for key in (
        *(house.SUBJECT, house.KIND, house.PHASE, house.OWNER, house.WAITING_FOR),
        *(house.TIER, house.DUE_AT, house.EMERGENCY),
    )
}
"""One set for all nouns; the server allows ten of the first type and three of each other one."""

RETENTION = timedelta(days=30)
PATIENCE = timedelta(seconds=30)
PAUSE = 0.2
PASSING = frozenset({RPCStatusCode.ALREADY_EXISTS, RPCStatusCode.NOT_FOUND, RPCStatusCode.UNAVAILABLE})


async def ensure_namespace_async(address: str, namespace: str, retention: timedelta = RETENTION) -> None:
    """Make the namespace and its search attributes unless they are there; finished workflows are kept for `retention`.

    May run any number of times, also at once. Raises Unavailable("temporal_unreachable") when nothing answers.
    """
    try:
        client = await Client.connect(address, connect_timeout=PATIENCE)
        await _register(client, namespace, retention)
        await _add_search_attributes(client, namespace)
    except (RPCError, RuntimeError) as failure:
        raise Unavailable(
            "temporal_unreachable", f"The Temporal service at {address} does not answer: {failure}"
        ) from failure


def ensure_namespace(address: str, namespace: str, retention: timedelta = RETENTION) -> None:
    """The same for callers that are not asynchronous, and for those inside a running event loop that may block it."""
    with ThreadPoolExecutor(max_workers=1) as thread:
        thread.submit(asyncio.run, ensure_namespace_async(address, namespace, retention)).result()


async def _register(client: Client, namespace: str, retention: timedelta) -> None:
    period = Duration()
    period.FromTimedelta(retention)
    request = RegisterNamespaceRequest(namespace=namespace, workflow_execution_retention_period=period)
    try:
        await client.workflow_service.register_namespace(request, retry=True, timeout=PATIENCE)
    except RPCError as failure:
        if failure.status != RPCStatusCode.ALREADY_EXISTS:
            raise


async def _add_search_attributes(client: Client, namespace: str) -> None:
    """Asked for again until they are seen: the server learns of a new namespace a moment after registering it."""
    limit = asyncio.get_running_loop().time() + PATIENCE.total_seconds()
    while missing := await _missing(client, namespace):
        request = AddSearchAttributesRequest(namespace=namespace, search_attributes=missing)
        try:
            await client.operator_service.add_search_attributes(request, timeout=PATIENCE)
        except RPCError as failure:
            if asyncio.get_running_loop().time() > limit or failure.status not in PASSING:
                raise
            await asyncio.sleep(PAUSE)


async def _missing(client: Client, namespace: str) -> dict[str, "IndexedValueType.ValueType"]:
    request = ListSearchAttributesRequest(namespace=namespace)
    there = await client.operator_service.list_search_attributes(request, retry=True, timeout=PATIENCE)
    return {name: kind for name, kind in SEARCH_ATTRIBUTES.items() if name not in there.custom_attributes}
