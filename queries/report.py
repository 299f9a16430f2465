"""The report of an evidence package: a PDF for people, the same bytes for the same facts (R-24.2)."""

import json
from pathlib import Path
from typing import Any

import typst

from domain.change import ChangeContent
from domain.evidence import Manifest
from domain.money import amount
from queries.changes import ChangeView, TimelineEntry

TEMPLATE = Path(__file__).parent / "templates" / "change.typ"
VERIFY = (
    "The command mandate evidence verify FILE --key PUBLIC.pem needs this archive and the installation's public key, "
    "and nothing else. It holds every file against the signed manifest, the audit chain from its first record to its "
    "head, every decision against what was seen, asks the gate again with the stored facts, and compares what was "
    "published with what was approved."
)


def change_report(view: ChangeView, records: tuple[TimelineEntry, ...], manifest: Manifest) -> bytes:
    """The report of a change as PDF. Texts go in as data, so that nothing that people typed can be markup."""
    data = {
        **_head(view, manifest),
        **_findings(view),
        **_approval(view),
        **_release(view),
        "records": [
            [str(r.sequence), _moment(r.at), r.action, view.names.get(r.person or "", r.person or r.actor), r.outcome]
            for r in records
        ],
        "verify": VERIFY,
        "head": f"{manifest.sequence} {manifest.head}",
        "absent": [f"{path}: {why}" for path, why in sorted(manifest.absent.items())],
    }
    return bytes(typst.compile(str(TEMPLATE), format="pdf", sys_inputs={"data": json.dumps(data)}))


def _head(view: ChangeView, manifest: Manifest) -> dict[str, Any]:
    content, summary = view.content, view.summary
    requester = view.names.get(summary.requester, summary.requester)
    return {
        "id": summary.id,
        "title": content.title,
        "objective": content.objective,
        "as_of": manifest.as_of,
        "summary": f"{_words(summary.kind)}, {_words(summary.state)}, revision {summary.revision}, "
        f"tier {summary.tier}, requested by {requester}, owned by {_words(summary.owner_group)}",
        "words": list(view.words),
        "facts": [
            ["Holds for", _places(content)],
            ["Takes effect", _effective(content)],
            ["Watched for", f"{content.monitoring.seconds} seconds: {content.monitoring.requirement}"],
            ["Revision digest", view.revision_digest],
        ],
    }


def _places(content: ChangeContent) -> str:
    return f"markets {', '.join(content.scope.markets)}; channels {', '.join(content.scope.channels)}"


def _effective(content: ChangeContent) -> str:
    when = content.effective
    return "as soon as it was approved" if when.date is None else f"{when.date} {when.time} ({when.zone})"


def _findings(view: ChangeView) -> dict[str, Any]:
    impact, simulation = view.impact, view.simulation
    rows = [] if impact is None else [["Open quotes", f"{impact.quotes:,}"], ["Their value", _money(impact.value)]]
    if simulation:
        rows.append(["Old to new", _money(simulation.delta)])
        rows += [["Margin, old to new", _money(simulation.margin_delta)]] if simulation.margins_told else []
        rows.append(["Dearer, cheaper", f"{simulation.dearer:,}, {simulation.cheaper:,}"])
    checks = simulation.checks if simulation else ()
    return {
        "impact": rows,
        "checks": [
            [c.title, c.outcome.value, f"{c.checked:,}", c.extent, "; ".join(c.counter_examples)] for c in checks
        ],
    }


def _approval(view: ChangeView) -> dict[str, Any]:
    plan = view.plan
    because = "" if plan is None else f"Tier {plan.tier} because of {'; '.join(plan.reasons)}. "
    policy = "No plan was made." if plan is None else f"{because}Policy {plan.policy} version {plan.policy_version}."
    return {
        "policy": policy,
        "decisions": [
            [d.stage, d.name, _words(d.choice), _moment(d.at), "yes" if d.counts else f"no: {d.reason}"]
            for d in view.decisions
        ],
        "comments": [f"{d.name}: {d.comment}" for d in view.decisions if d.comment]
        + [f"{r.name}, {_words(r.kind)}: {r.text}" for r in view.remarks if r.text],
        "timers": [[_moment(f.at), f"{f.what} {f.level}", f.stage] for f in view.fired],
    }


def _release(view: ChangeView) -> dict[str, Any]:
    open_gate = (
        "The gate opened on the facts stored beside this report."
        if any(release.activated_at for release in view.releases)
        else "Nothing was released."
    )
    return {
        "gate": open_gate,
        "releases": [
            [
                release.market,
                _moment(release.due_at),
                _moment(release.activated_at),
                ", ".join(f"{artifact} {number}" for artifact, number in sorted(release.versions.items())),
            ]
            for release in view.releases
        ],
        "deliveries": [[d.target, f"{d.artifact} {d.version}", d.market, d.state] for d in view.deliveries],
        "rollback": f"{view.rollback_plan}. {view.content.rollback.requirement}",
    }


def _moment(at: Any) -> str:
    return "not yet" if at is None else f"{at:%Y-%m-%d %H:%M:%S} UTC"


def _money(totals: Any) -> str:
    return (
        ", ".join(f"{amount(minor, currency):,} {currency}" for currency, minor in sorted(totals.items())) or "nothing"
    )


def _words(code: str) -> str:
    return code.replace("_", " ").replace("-", " ")
