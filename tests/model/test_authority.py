"""The product against the reference model: whatever happens in whatever order, no effect happens without its mandate.

Every rule is done to both. What the model allows must succeed, what it forbids must be refused, and after each step both
say the same about every change. `make prove` runs it for longer: `PROVE_EXAMPLES`, `PROVE_STEPS`.
"""

import os

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import (
    run_state_machine_as_test,
)

from tests.databases import Databases
from tests.model.authority import Authority, AuthorityOverHttp

EXAMPLES, STEPS = int(os.environ.get("PROVE_EXAMPLES", "6")), int(os.environ.get("PROVE_STEPS", "25"))
OVER_HTTP = max(2, EXAMPLES // 4)
"""Each step is several requests, so fewer histories take as long."""


@pytest.mark.timeout(0)
@pytest.mark.parametrize(("machine", "examples"), [(Authority, EXAMPLES), (AuthorityOverHttp, OVER_HTTP)])
def test_no_effect_without_its_mandate(databases: Databases, machine: type[Authority], examples: int) -> None:
    machine.databases = databases
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples, stateful_step_count=STEPS, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
    print(dict(sorted(machine.seen.items())))
