"""`mandate evidence ...`, `mandate audit ...`, `mandate ask`: packages, records, and questions with their citations."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from cli.errors import FAILED
from cli.here import AsJson, Here, calls_api
from cli.present import counted, moment, say, show_json, table
from domain.errors import Invalid, NotFound
from store.checkpoints import exported
from store.signing import public_key
from store.verification import Verified, verify_package

app = typer.Typer()
evidence = typer.Typer(no_args_is_help=True, help="Evidence packages that verify offline.")
audit = typer.Typer(no_args_is_help=True, help="The audit records and their chains.")
app.add_typer(evidence, name="evidence")
app.add_typer(audit, name="audit")

Out = Annotated[Path | None, typer.Option(help="Where to write it.", metavar="FILE")]


@evidence.command("change")
@calls_api
def change_package(
    here: Here, change: Annotated[str, typer.Argument(help="For example CR-2026-0001.")], out: Out = None
) -> None:
    """Write the evidence package of a change: a signed archive with a report for people."""
    target = out or Path(f"{change}.evidence.zip")
    _write(target, here.api.download(f"/api/changes/{change}/evidence"))
    here.show({"file": str(target)}, lambda _: say(f"{target}"))


@evidence.command("key")
@calls_api
def write_key(here: Here, out: Out = None) -> None:
    """Write the public key with which packages are verified; give it to auditors by another way than the packages."""
    target = out or Path("mandate.public.pem")
    _write(target, here.api.download("/api/audit/key"))
    here.show({"file": str(target)}, lambda _: say(f"{target}"))


@evidence.command("verify")
def verify(
    file: Annotated[Path, typer.Argument(help="The evidence package.")],
    key: Annotated[Path, typer.Option(help="The public key of the installation (PEM).")],
    checkpoints: Annotated[Path | None, typer.Option(help="Folder of exported checkpoints to compare with.")] = None,
    as_json: AsJson = False,
) -> None:
    """Verify a package offline, with nothing but the file and the public key; exit code 1 with the places otherwise."""
    keys = [public_key(_read(key))]
    try:
        found = verify_package(_read(file), keys, exported(checkpoints, keys) if checkpoints else ())
    except Invalid as broken:
        if not as_json:
            say(f"{file} does NOT hold: {broken.detail}")
        else:
            show_json({"holds": False, "findings": [{"path": str(file), "fault": broken.detail}]})
        raise typer.Exit(FAILED) from None
    if as_json:
        show_json({"holds": not found.findings, **found.model_dump(mode="json")})
    else:
        say(*_verdict(file, found))
    raise typer.Exit(FAILED if found.findings else 0)


def _verdict(file: Path, found: Verified) -> list[str]:
    if found.findings:
        return [f"{file} does NOT hold:", *(f"  {finding.path}: {finding.fault}" for finding in found.findings)]
    manifest = found.manifest
    return [
        f"{file} holds: {manifest.subject} of {manifest.installation}, as of {moment(manifest.as_of)}, "
        f"{counted(len(manifest.files), 'file')}.",
        *(f"  checked: {check}" for check in found.checked),
        *(f"  absent: {path}: {why}" for path, why in sorted(manifest.absent.items())),
    ]


@audit.command()
@calls_api
def search(
    here: Here,
    subject: Annotated[str | None, typer.Option(help="For example CR-2026-0001; refused attempts on it too.")] = None,
    actor: Annotated[str | None, typer.Option(help="The account that acted.")] = None,
    action: Annotated[str | None, typer.Option(help="For example change.decided.")] = None,
    outcome: Annotated[str | None, typer.Option(help="For example refused.")] = None,
    since: Annotated[str | None, typer.Option(help="From this instant on, 2026-12-01T00:00Z.")] = None,
    until: Annotated[str | None, typer.Option(help="Before this instant.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=2000, help="How many at most.")] = 50,
) -> None:
    """Audit records, newest first."""
    wanted = {"subject": subject, "actor": actor, "action": action, "outcome": outcome, "since": since, "until": until}
    found = here.api.pages("/api/audit", limit, **wanted)
    columns = ("Subject", "No.>", "When", "Who", "Action", "Outcome", "Reason")
    here.show(found, lambda records: table(columns, map(_record, records)))


def _record(record: Mapping[str, Any]) -> tuple[object, ...]:
    reason = record["details"].get("code", "") if record["outcome"] == "refused" else ""
    shown = record["about"] or record["subject"]
    return shown, record["sequence"], moment(record["at"]), record["actor"], record["action"], record["outcome"], reason


@audit.command("verify")
@calls_api
def verify_chains(
    here: Here, subject: Annotated[str | None, typer.Argument(help="Only this chain, for example CR-2026-0001.")] = None
) -> None:
    """Verify that no record was changed, deleted, inserted, reordered, moved or cut off; exit code 1 otherwise."""
    found = here.api.get("/api/audit/verification", subject=subject)
    here.show(found, _chains)
    raise typer.Exit(FAILED if found["faults"] else 0)


@audit.command()
@calls_api
def erase(here: Here, person: Annotated[str, typer.Argument(help="Id of a person who was shut out.")]) -> None:
    """Erase the name, comments and reasons of a person; records and packages still verify. Administrators only."""
    found = here.api.delete(f"/api/persons/{person}/personal-data")
    here.show(found, lambda answer: say(f"Erased the name and {counted(answer['comments'], 'text')}."))


def _chains(found: Mapping[str, Any]) -> None:
    say(*(f"{fault['subject']}, record {fault['sequence']}: {fault['fault']}" for fault in found["faults"]))
    seen = f"{counted(found['records'], 'record')}, {counted(found['checkpoints'], 'checkpoint')}"
    say(
        f"{counted(len(found['faults']), 'place')} broken ({seen})."
        if found["faults"]
        else f"Every chain holds ({seen})."
    )


@app.command("ask")
@calls_api
def ask(
    here: Here,
    question: Annotated[str | None, typer.Argument(help="Its name; without one the questions are listed.")] = None,
    subject: Annotated[str | None, typer.Argument(help="The change, quote or quote line that it is about.")] = None,
) -> None:
    """Ask a question about a change or a price; the answer cites the records that it rests on."""
    if question is None or subject is None:
        found = here.api.get("/api/questions")
        here.show(found, lambda all_: table(("Name", "Question", "Asked about"), [list(q.values()) for q in all_]))
        return
    here.show(here.api.get(f"/api/questions/{question}", subject=subject), _answer)


def _answer(answer: Mapping[str, Any]) -> None:
    say(answer["question"], *(f"  {sentence}" for sentence in answer["sentences"]))
    table(("Record", "Id", "Digest"), [(c["record"], c["id"], c["digest"][:19]) for c in answer["citations"]])


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as failure:
        raise NotFound("file_missing", f"{file} cannot be read: {failure.strerror}.") from None


def _write(file: Path, data: bytes) -> None:
    try:
        file.write_bytes(data)
    except OSError as failure:
        raise Invalid("not_writable", f"{file} cannot be written: {failure.strerror}.") from None
