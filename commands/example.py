"""Sets up the example business: people, markets, approval policy; and its content, unless another catalog follows."""

from commands.command import Call, Gateway
from commands.imports import Import, Imported, import_content
from commands.installation import MarketEntry, PersonEntry, Setup, set_up_installation
from domain.canonical import digest
from domain.party import SYSTEM
from policies.content import content_of, seed_policy
from store.example_business import ExampleBusiness, load_example

POLICY = "approval/standard"


def set_up_example(gateway: Gateway, with_content: bool = True) -> ExampleBusiness:
    """Set an empty installation up as the example business; a second time changes nothing."""
    business = load_example()
    set_up_installation(gateway, Call(SYSTEM, "set-up"), setup_of(business))
    import_policy(gateway)
    if with_content:
        publish(gateway, business.name, business.contents)
    return business


def import_policy(gateway: Gateway) -> Imported:
    """Publish the shipped approval policy as version 1; afterwards the published version rules (D6b)."""
    return publish(
        gateway, "the shipped approval policy", {POLICY: {k: dict(v) for k, v in content_of(seed_policy()).items()}}
    )


def publish(gateway: Gateway, source: str, contents: dict[str, dict[str, dict[str, object]]]) -> Imported:
    """Import contents under a key that their digest names."""
    found = digest(contents)
    return import_content(
        gateway, Call(SYSTEM, f"import/{found}"), Import(source=source, source_digest=found, contents=contents)
    )


def setup_of(business: ExampleBusiness) -> Setup:
    """People and markets of a business as the installation takes them."""
    return Setup(
        persons=tuple(PersonEntry(**person.model_dump()) for person in business.persons),
        groups=tuple((group.id, group.name) for group in business.groups),
        machines=tuple(account.id for account in business.accounts if account.person is None),
        markets=tuple(
            MarketEntry(code=market.code, name=market.name, currency=market.currency, zone=market.time_zone)
            for market in business.markets
        ),
    )
