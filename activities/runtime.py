"""One client factory and one plugin for client, worker and replayer: converter, sandbox, errors (DESIGN section 4)."""

from typing import Any

import structlog
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.exceptions import ApplicationError
from temporalio.plugin import SimplePlugin
from temporalio.runtime import Runtime, TelemetryConfig
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput, Interceptor, WorkflowRunner
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

from domain.errors import MandateError

OUR_ROOMS = ("workflows", "domain", "policies", "activities", "commands", "queries", "analysis", "connectors", "store")
PURE_LIBRARIES = ("pydantic", "pydantic_core", "annotated_types", "orjson", "babel", "zen")


class ErrorMapping(Interceptor):
    """Our errors travel as application errors with their code; every activity logs under its workflow's id."""

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:
        return _Mapped(next)


class _Mapped(ActivityInboundInterceptor):
    async def execute_activity(self, input: ExecuteActivityInput) -> Any:
        try:
            return await super().execute_activity(input)
        except MandateError as error:
            raise ApplicationError(error.detail, type=error.code, non_retryable=not error.retryable) from error


def _runner(existing: WorkflowRunner | None) -> WorkflowRunner:
    # Imported again for every workflow our models would cost six times the CPU; ruff forbids clock and chance in them
    # instead.
    return SandboxedWorkflowRunner(
        restrictions=SandboxRestrictions.default.with_passthrough_modules(*OUR_ROOMS, *PURE_LIBRARIES)
    )


def plugin() -> SimplePlugin:
    """The plugin of client, worker and replayer."""
    return SimplePlugin(
        "mandate", data_converter=pydantic_data_converter, interceptors=[ErrorMapping()], workflow_runner=_runner
    )


async def connect(address: str, namespace: str) -> Client:
    """A client of this installation's namespace. Worker heartbeats are off: nobody reads them and they cost CPU."""
    structlog.get_logger("temporal").info("temporal_connecting", address=address, namespace=namespace)
    return await Client.connect(
        address,
        namespace=namespace,
        plugins=[plugin()],
        runtime=Runtime(telemetry=TelemetryConfig(), worker_heartbeat_interval=None),
    )
