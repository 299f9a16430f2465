"""Kind `integration`: contracts with other systems, compatible with every registered consumer (R-3.1)."""

from collections.abc import Iterable, Mapping
from typing import Annotated, Literal, TypeAlias

from pydantic import Field, StrictBool, TypeAdapter

from domain.artifact import Content, Entry, Operation, Problem, entry_id
from domain.kinds.entries import Code, Put, Remove, compile_entry, describe_entry, of_type, unknown
from domain.kinds.kind import ALWAYS, EVERYTHING, Check, Kind, Pack, Plane, Question, Touched
from domain.model import Model

DataType: TypeAlias = Literal["text", "integer", "decimal", "boolean", "date", "instant", "list", "object"]


class Contract(Model):
    """A message between systems: `event` and `response` are read by consumers, a `request` is sent by them."""

    type: Literal["contract"] = "contract"
    id: Code
    name: Code
    provider: Code
    direction: Literal["event", "request", "response"]

    @property
    def key(self) -> str:
        return entry_id("contract", self.id)


class ContractField(Model):
    """A field of a contract; `required`: always there in what is read, always asked for in what is sent."""

    type: Literal["field"] = "field"
    contract: Code
    name: Code
    data_type: DataType
    required: StrictBool = False

    @property
    def key(self) -> str:
        return entry_id("field", self.contract, self.name)


class Consumer(Model):
    """A system that uses a contract: the fields that it reads or sends with their types, which of them it needs."""

    type: Literal["consumer"] = "consumer"
    contract: Code
    system: Code
    owner: Code
    fields: Annotated[dict[str, DataType], Field(min_length=1)]
    needs: tuple[Code, ...] = ()

    @property
    def key(self) -> str:
        return entry_id("consumer", self.contract, self.system)


Entries: TypeAlias = Annotated[Contract | ContractField | Consumer, Field(discriminator="type")]


def validate(contents: Mapping[str, Content]) -> tuple[Problem, ...]:
    """Every contract has fields, and every registered consumer can still work with it (R-3.1)."""
    content = contents.get("integration", {})
    contracts = {contract["id"]: contract for contract in of_type(content, "contract")}
    fields: dict[str, dict[str, Entry]] = {}
    for field in of_type(content, "field"):
        fields.setdefault(field["contract"], {})[field["name"]] = field
    consumers = of_type(content, "consumer")
    owners = [*(name for name in fields), *(consumer["contract"] for consumer in consumers)]
    problems = [unknown("A field or consumer", "contract", name, "Add it first.") for name in {*owners} - {*contracts}]
    problems += [
        _problem("empty_contract", contract["name"], "has no field", "Add its fields, or take it out.")
        for name, contract in sorted(contracts.items())
        if name not in fields
    ]
    for consumer in consumers:
        if (contract := contracts.get(consumer["contract"])) is not None:
            problems += _breaks(consumer, contract, fields.get(consumer["contract"], {}))
    return tuple(sorted(problems, key=lambda problem: (problem.subject, problem.code, problem.message)))


def _breaks(consumer: Entry, contract: Entry, fields: Mapping[str, Entry]) -> Iterable[Problem]:
    """What a consumer could no longer do: use a field that is gone, of another type, optional, or newly asked for."""
    who = f"{consumer['system']} ({consumer['owner']}) on {contract['name']}"
    mend = "Add a further field or contract beside it, and take the old one out when nobody uses it."
    for name, data_type in sorted(consumer["fields"].items()):
        field = fields.get(name)
        if field is None:
            yield _problem("consumer_breaks", who, f"uses the field {name}, which is gone", mend)
        elif field["data_type"] != data_type:
            what = f"takes {name} as {data_type}, and it is {field['data_type']}"
            yield _problem("consumer_breaks", who, what, mend)
        elif contract["direction"] != "request" and name in consumer["needs"] and not field["required"]:
            yield _problem("consumer_breaks", who, f"needs {name}, which may be missing", mend)
    asked = {name for name, field in fields.items() if field["required"]} - set(consumer["fields"])
    for name in sorted(asked) if contract["direction"] == "request" else ():
        yield _problem("consumer_breaks", who, f"does not send {name}, which is required", mend)


def _problem(code: str, name: str, what: str, mend: str) -> Problem:
    return Problem(code=code, subject=name, message=f"{name} {what}.", mend=mend)


def reached(operation: Operation, content: Content) -> tuple[Touched, ...]:
    """Every pending order: its messages go by the contracts, which name no offering."""
    return EVERYTHING


KIND = Kind(
    name="integration",
    schema="integration/1",
    entries=TypeAdapter(Entries),
    edits=TypeAdapter(Annotated[Put[Entries] | Remove, Field(discriminator="edit")]),
    compile=compile_entry,
    validate=validate,
    describe=describe_entry,
    risk="downstream breakage",
    plane=Plane.PLATFORM,
    questions=(Question.ORDERS, Question.BILLING, Question.CONTRACTS, Question.REPORTS, Question.ROLLBACK),
    packs=(Pack.PROBES, Pack.DECOMPOSITIONS),
    controls=(*ALWAYS, Check.SIMULATION, Check.COMPATIBILITY),
    strategy="provider first, then consumers; the old and the new form are served side by side",
    rollback="publish the earlier contract again; consumers that moved already are told",
    reached=reached,
)
