"""`mandate ops ...`: what operators do on the installation itself, with its settings (MANDATE_*), not over HTTP."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from temporalio.client import Client
from temporalio.service import RPCError

from activities.doorbell import ring
from activities.runtime import connect
from cli.errors import FAILED, exit_code, report
from cli.platform.local import adopt_settings
from cli.platform.prepare import leave
from cli.platform.temporal_namespace import ensure_namespace_async
from cli.present import counted, moment, say, show_json, table, words
from commands.bookkeeping import note_rung
from commands.checkpoints import write_checkpoint
from commands.command import Call, Gateway
from commands.example import set_up_example
from commands.installation import bind_first_administrator
from commands.rebuild import wake_open_changes
from domain.approval_plan import STEP_UP_FROM_TIER
from domain.audit import ChainFault
from domain.errors import Invalid, MandateError, Unavailable
from domain.impact import FAULTS
from domain.party import SYSTEM
from store.audit import verify
from store.checkpoints import exported, missing_since
from store.database import Database
from store.installation import installation_id
from store.logs import configure_logs
from store.migrate import upgrade
from store.settings import Settings, settings
from store.signing import signer
from store.snapshots import SnapshotFiles
from store.unit_of_work import Bell

AT_ONCE = 50
app = typer.Typer()
group = typer.Typer(no_args_is_help=True, help="What operators do on the installation itself, not over HTTP.")
audit = typer.Typer(no_args_is_help=True, help="The evidence chains.")
app.add_typer(group, name="ops")
group.add_typer(audit, name="audit")

AsJson = Annotated[bool, typer.Option("--json", help="JSON for scripts instead of text for people.")]


@group.callback()
def _ops(
    state_dir: Annotated[Path | None, typer.Option(help="The state folder of an installation of `mandate up`.")] = None,
) -> None:
    """What operators do on the installation itself: by the settings MANDATE_*, else the one of `mandate up`."""
    configure_logs("WARNING")
    if adopted := adopt_settings(state_dir):
        typer.echo(f"The installation in {adopted}:", err=True)


@group.command()
def migrate() -> None:
    """Bring the database to this release and print the installation's id."""
    loaded = settings()
    say(f"installation {upgrade(loaded.owner_database_url or loaded.database_url)}")


@group.command()
def setup(
    without_content: Annotated[bool, typer.Option("--without-content", help="People and policy only.")] = False,
) -> None:
    """Set an empty installation up as the example business; a second time changes nothing."""
    step_up = STEP_UP_FROM_TIER if settings().oidc_issuer else None
    with database() as found:
        business = set_up_example(Gateway(found), not without_content, step_up, settings().targets)
    say(f"{business.name} is set up{' without content' if without_content else ''}.")


@group.command()
def snapshot(as_json: AsJson = False) -> None:
    """Bring the snapshot of business records up to now and say what it holds; wide analyses run on it."""
    from activities.snapshot import refresh  # the engines cost every other command half a second of start-up

    with database() as found:
        taken = refresh(Gateway(found), SnapshotFiles(settings().snapshot_url))
    if as_json:
        show_json(taken.model_dump(mode="json"))
        return
    table(["Records", "Rows>", "Files>"], [[words(k), f"{taken.rows(k):,}", len(taken.of(k))] for k in taken.kinds])
    for fault, number in taken.faults.items():
        say(f"Contained although wrong: {FAULTS.get(fault, fault)}: {number:,}")
    say(f"As of {moment(taken.at)}: {taken.digest}")


@group.command("bind-administrator")
def bind_administrator(
    account: Annotated[str, typer.Argument(help="Account of an administrator, for example sofia.marin.")],
    subject: Annotated[str, typer.Argument(help="`sub` of this person at MANDATE_OIDC_ISSUER.")],
) -> None:
    """Let the first administrator sign in with the organisation; that person binds everybody else."""
    issuer = settings().oidc_issuer
    if issuer is None:
        raise Invalid("no_issuer", "Set MANDATE_OIDC_ISSUER to the issuer that people sign in with.")
    with database() as found:
        bind_first_administrator(Gateway(found), Call(SYSTEM, ""), account, issuer, subject)
    say(f"{account} signs in as {subject} of {issuer}.")


@group.command()
def rebuild() -> None:
    """Start the workflows of all open changes again from the database, for example after Temporal was lost."""
    try:
        with database() as found:
            rung = asyncio.run(_rebuild(found, settings()))
    except MandateError as failure:
        report(failure)
        leave(exit_code(failure))
    say(f"Started or woke {counted(rung, 'workflow')}.")
    leave(0)


@audit.command("verify")
def verify_chains(
    subject: Annotated[str | None, typer.Argument(help="Only this chain, for example CR-2026-0001.")] = None,
    as_json: AsJson = False,
) -> None:
    """Check that no evidence was changed, left out, moved or cut off; exit code 1 with the places otherwise.

    Exported checkpoints, where there are any, say how long each chain has been: a cut tail is found by them alone.
    """
    loaded = settings()
    with database() as found:
        faults = broken_chains(found, subject)
        if subject is None and loaded.audit_key_file is not None:
            faults += since_checkpoints(found, loaded.audit_key_file, loaded.checkpoint_dir)
    if as_json:
        show_json([fault.model_dump() for fault in faults])
    else:
        say(*(f"{fault.subject}, record {fault.sequence}: {fault.fault}" for fault in faults))
        say(f"{counted(len(faults), 'place')} broken." if faults else "Every chain holds.")
    raise typer.Exit(FAILED if faults else 0)


@audit.command("checkpoint")
def checkpoint() -> None:
    """Sign the heads of all chains now and export them to MANDATE_CHECKPOINT_DIR."""
    loaded = settings()
    if loaded.audit_key_file is None:
        raise Invalid("no_audit_key", "Set MANDATE_AUDIT_KEY_FILE to the key that signs checkpoints.")
    with database() as found:
        name = write_checkpoint(Gateway(found), Call(SYSTEM, ""), loaded.audit_key_file, loaded.checkpoint_dir)
    say(f"{loaded.checkpoint_dir / name}")


@contextmanager
def database() -> Iterator[Database]:
    """The installation's database by the settings. Raises Unavailable("not_migrated", "database_unavailable")."""
    loaded = settings()
    found = Database(loaded.database_url, loaded.mode == "development")
    try:
        installation_id(found)
        yield found
    finally:
        found.close()


def broken_chains(found: Database, subject: str | None = None) -> tuple[ChainFault, ...]:
    """Where evidence chains do not hold."""
    with found.reading() as session:
        return verify(session, subject)


async def _rebuild(found: Database, loaded: Settings) -> int:
    address, namespace = loaded.temporal_address, installation_id(found)
    await ensure_namespace_async(address, namespace)
    client = await connect(address, namespace)
    gateway, call = Gateway(found), Call(SYSTEM, "")
    bells = wake_open_changes(gateway, call)
    for start in range(0, len(bells), AT_ONCE):
        some = bells[start : start + AT_ONCE]
        await _ring_all(client, some, loaded.public_url)
        note_rung(gateway, call, [bell.outbox_id for bell in some])
    return len(bells)


async def _ring_all(client: Client, bells: Sequence[Bell], public_url: str) -> None:
    try:
        await asyncio.gather(*(ring(client, bell, public_url) for bell in bells))
    except RPCError as failure:
        raise Unavailable("temporal_unavailable", f"Temporal does not take the wake-ups: {failure}") from failure


def since_checkpoints(found: Database, key_file: Path, folder: Path) -> tuple[ChainFault, ...]:
    """What exported checkpoints have seen and the chains no longer hold. Raises Invalid("not_signed")."""
    bodies = exported(folder, [signer(key_file).public_key])
    with found.reading() as session:
        faults = [fault for body in bodies for fault in missing_since(session, body)]
    return tuple(dict.fromkeys(faults))
