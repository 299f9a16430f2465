"""Sets up the example business: people, markets, approval policy; and its content, unless another catalog follows."""

from commands.command import Call, Gateway
from commands.imports import Import, Imported, import_content
from commands.installation import MarketEntry, PersonEntry, Setup, set_up_installation
from commands.working_time import CalendarEntry
from domain.canonical import digest
from domain.party import SYSTEM
from policies.content import content_of, seed_policy
from policies.ownership import seed_ownership
from store import artifacts
from store.example_business import ExampleBusiness, load_example
from store.ownership import OWNERSHIP

POLICY = "approval/standard"


def set_up_example(
    gateway: Gateway,
    with_content: bool = True,
    step_up_from_tier: int | None = None,
    targets: tuple[str, ...] = (),
) -> ExampleBusiness:
    """Set an empty installation up as the example business; a second time changes nothing.

    step_up_from_tier: from which tier on the first policy asks whoever decides to prove anew who they are; targets: the
    systems that have to hold the content.
    """
    business = load_example()
    set_up_installation(gateway, Call(SYSTEM, "set-up"), setup_of(business))
    import_policy(gateway, step_up_from_tier)
    if with_content:
        publish(gateway, business.name, business.contents, targets)
    return business


def import_policy(gateway: Gateway, step_up_from_tier: int | None = None) -> Imported | None:
    """Publish the shipped policy and ownership as version 1; versions that are there rule, not the files (D6b)."""
    policy = seed_policy().model_copy(update={"step_up_from_tier": step_up_from_tier})
    shipped = {POLICY: content_of(policy), OWNERSHIP: seed_ownership()}
    with gateway.database.reading() as session:
        wanted = [artifact for artifact in shipped if not artifacts.latest(session, artifact)]
    if not wanted:
        return None
    contents = {artifact: {key: dict(entry) for key, entry in shipped[artifact].items()} for artifact in wanted}
    return publish(gateway, "the shipped approval policy and ownership", contents)


def publish(
    gateway: Gateway,
    source: str,
    contents: dict[str, dict[str, dict[str, object]]],
    targets: tuple[str, ...] = (),
) -> Imported:
    """Import contents under a key that their digest and the target systems name."""
    found = digest(contents)
    call = Call(SYSTEM, "/".join(("import", found, *targets)))
    return import_content(gateway, call, Import(source=source, source_digest=found, contents=contents), targets)


def setup_of(business: ExampleBusiness) -> Setup:
    """People and markets of a business as the installation takes them."""
    return Setup(
        persons=tuple(PersonEntry(**person.model_dump()) for person in business.persons),
        groups=tuple((group.id, group.name) for group in business.groups),
        calendars=tuple(CalendarEntry(**office.model_dump()) for office in business.calendars),
        machines=tuple(account.id for account in business.accounts if account.person is None),
        markets=tuple(
            MarketEntry(code=market.code, name=market.name, currency=market.currency, zone=market.time_zone)
            for market in business.markets
        ),
    )
