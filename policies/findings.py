"""All that is found in the tables of an approval policy; whatever is an error refuses it when it is saved (R-8.2)."""

from collections.abc import Iterator, Sequence

from policies.analysis import Finding, analyze
from policies.facts import facts_of
from policies.table import ApprovalPolicy, Row

NO_QUOTE = "nobody could be asked, so such quotes could never be approved"
NO_TIER = "the strictest tier, 4, applies"
NO_REQUEST = "such a request is refused"
NO_STAGES = "nobody could be asked, so changes of this tier could never be approved"


def findings_of(policy: ApprovalPolicy) -> tuple[Finding, ...]:
    """Everything found in the tables of a policy; a gap among the stages is an error, as it blocks for good."""
    return (
        *analyze("tier", policy.tier, facts_of("tier"), NO_TIER, matters=_milder),
        *analyze("stages", policy.stages, facts_of("stages"), NO_STAGES, gap="error"),
        *_quotes(policy),
        *_requests(policy),
    )


def _milder(upper: Row, lower: Row) -> bool:
    """An upper row that takes cases away matters when it gives them less control than the lower one would."""
    return bool(upper.then["tier"] < lower.then["tier"])


def _quotes(policy: ApprovalPolicy) -> Iterator[Finding]:
    """Every row that holds counts here, so that rows neither hide one another nor contradict each other."""
    if policy.quote is not None:
        for finding in analyze("quote", policy.quote, facts_of("quote"), NO_QUOTE, gap="error"):
            if finding.kind not in ("unreachable", "overlap", "exception"):
                yield finding


def _requests(policy: ApprovalPolicy) -> Sequence[Finding]:
    """A gap is a warning: what nobody is asked about is refused."""
    if policy.request is None:
        return ()
    return analyze("request", policy.request, facts_of("request"), NO_REQUEST)
