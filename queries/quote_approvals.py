"""What was approved of a quote and what is asked for, as people read it (R-7.11, R-14.2)."""

from datetime import datetime

from sqlalchemy import select
from sqlmodel import Session, col

from domain.errors import NotFound
from domain.model import Model
from queries.requests import RequestSummary, request_summary
from store import quote_approvals, quotes
from store.directory import names
from store.tables.request import RequestRow


class QuoteApproval(Model):
    """An approval with the figures that were seen: minor units, basis points. stands: whether the quote still has them.

    name: of the person, as it may be told.
    """

    person: str
    name: str
    total_minor: int
    currency: str
    lines: int
    largest_discount_basis_points: int
    price_version: int
    policy_version: int
    decided_at: datetime
    stands: bool


class QuoteApprovals(Model):
    """The requests for approval of a quote, and what was approved; both latest first."""

    requests: tuple[RequestSummary, ...]
    approvals: tuple[QuoteApproval, ...]

    @property
    def open(self) -> RequestSummary | None:
        """The request that waits now."""
        return next((one for one in self.requests if one.state == "awaiting_approval"), None)


def quote_approvals_of(session: Session, quote: str) -> QuoteApprovals:
    """Everything that was asked and approved of a quote. Raises NotFound("unknown_quote")."""
    found = quotes.quote(session, quote)
    if found is None:
        raise NotFound("unknown_quote", f"There is no quote {quote!r}.", quote=quote)
    approved = quote_approvals.approvals(session, quote)
    known = names(session, {row.person for row in approved})
    now = quote_approvals.figures(found)
    return QuoteApprovals(
        requests=tuple(request_summary(row) for row in _requests(session, quote)),
        approvals=tuple(
            QuoteApproval(
                **row.model_dump(include=set(QuoteApproval.model_fields)),
                name=known[row.person],
                stands=all(getattr(row, name) == value for name, value in now.items()),
            )
            for row in approved
        ),
    )


def _requests(session: Session, quote: str) -> list[RequestRow]:
    asked = select(RequestRow).where(
        col(RequestRow.kind) == quote_approvals.KIND, col(RequestRow.title) == quote_approvals.title(quote)
    )
    return list(session.execute(asked.order_by(col(RequestRow.created_at).desc(), col(RequestRow.id).desc())).scalars())
