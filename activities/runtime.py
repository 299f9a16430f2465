"""One client factory and one plugin for client, worker and replayer: converter, runner, errors (DESIGN section 4)."""

from typing import Any

import structlog
from temporalio.client import Client
from temporalio.contrib.pydantic import PydanticPayloadConverter
from temporalio.converter import CompositePayloadConverter, DataConverter
from temporalio.exceptions import ApplicationError
from temporalio.plugin import SimplePlugin
from temporalio.runtime import Runtime, TelemetryConfig
from temporalio.worker import (
    ActivityInboundInterceptor,
    ExecuteActivityInput,
    Interceptor,
    UnsandboxedWorkflowRunner,
)

from activities.beating import Beating
from domain.errors import MandateError

CONVERTERS = tuple(PydanticPayloadConverter().converters.values())


class PayloadConverter(CompositePayloadConverter):
    """Pydantic's converters, made once: Temporal asks for new ones with every activation, and each learns its types."""

    def __init__(self) -> None:
        super().__init__(*CONVERTERS)


DATA_CONVERTER = DataConverter(payload_converter_class=PayloadConverter)


class ErrorMapping(Interceptor):
    """Our errors travel as application errors with their code."""

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:
        return _Mapped(next)


class _Mapped(ActivityInboundInterceptor):
    async def execute_activity(self, input: ExecuteActivityInput) -> Any:
        try:
            return await super().execute_activity(input)
        except MandateError as error:
            raise ApplicationError(error.detail, type=error.code, non_retryable=not error.retryable) from error


def plugin() -> SimplePlugin:
    """The plugin of client, worker and replayer."""
    return SimplePlugin(
        "mandate",
        data_converter=DATA_CONVERTER,
        interceptors=[ErrorMapping(), Beating()],
        workflow_runner=UnsandboxedWorkflowRunner(),
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
