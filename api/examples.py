"""An example of every JSON body that the API takes, on the example business, for the OpenAPI document and `/docs`."""

from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI

from policies.content import document_of, seed_policy

JSON = "application/json"
Examples = Mapping[str, Mapping[str, Any]]
"""Method and path of a route -> what an example shows -> the body."""

SEEN = "sha256:6b23c0d5f35d1b11f9b683f0b0a617355deb11277d91ae091d399c655b87940d"
BALLOT = {"choice": "approve", "revision": 1, "seen": SEEN, "comment": "Margin holds."}
PLACE = {"offering": "FIBRE-500", "selling_model": "monthly", "market": "DE", "channel": "direct", "currency": "EUR"}
PRICE = {
    "kind": "pricing",
    "title": "Fibre 500 in Germany: 44.90",
    "objective": "Follow the cost of wholesale access.",
    "parts": [{"artifact": "pricing/standard", "edits": [{"edit": "set_price", **PLACE, "unit_price": "44.90"}]}],
    "effective": {"date": "2027-01-01", "time": "00:00", "zone": "market"},
    "monitoring": {"seconds": 86400, "requirement": "The runtime catalog still holds the price."},
}
TEXT = {
    "kind": "content",
    "title": "Teaser of Fibre 500",
    "objective": "Say what customers ask for most.",
    "parts": [
        {
            "artifact": "content/standard",
            "edits": [
                {
                    "edit": "put",
                    "entry": {
                        "type": "wording",
                        "offering": "FIBRE-500",
                        "slot": "teaser",
                        "text": "Half a gigabit, in every room.",
                    },
                }
            ],
        }
    ],
}

CHANGES: Examples = {
    "POST /api/changes": {"A new list price": PRICE, "A text that customers read": TEXT},
    "POST /api/changes/dry-run": {"What a new list price would do": PRICE},
    "PUT /api/changes/{change}": {"The same change, later": {**PRICE, "effective": {"date": "2027-02-01"}}},
    "POST /api/changes/{change}/withdraw": {"No longer wanted": {"reason": "The supplier took its rise back."}},
    "POST /api/changes/{change}/rollback": {"A wrong price": {"reason": "Customers were told another price."}},
    "POST /api/changes/{change}/give-up": {
        "Later changes build on it": {"reason": "Two later prices rest on this one; a new change puts it right."}
    },
    "POST /api/changes/{change}/decisions": {
        "An approval": BALLOT,
        "An approval that types the total effect again": {**BALLOT, "total_effect": {"EUR": "12500.00"}},
        "Sent back": {**BALLOT, "choice": "request_changes", "comment": "A little less, please."},
    },
    "POST /api/changes/{change}/break-glass": {
        "For an hour": {"minutes": 60, "reason": "Customers order below cost every minute."}
    },
    "POST /api/changes/{change}/agenda": {
        "For the next meeting": {"text": "A rise of 43 percent.", "meets_at": "2026-12-01T09:00:00Z"}
    },
    "POST /api/changes/{change}/minutes": {
        "Agreed by two": {"text": "Agreed after the margin was explained.", "present": ["leon.brandt", "naomi.sato"]}
    },
    "POST /api/changes/{change}/residual-risk": {
        "Accepted": {"statement": "Some partners may leave; that is accepted.", "revision": 1}
    },
    "POST /api/reviews/{what}/{subject}": {
        "A sound emergency": {"sound": True, "findings": "A wrong price was live; it was right to act."}
    },
}

APPROVALS: Examples = {
    "POST /api/decisions": {
        "Two small things at once": [
            {"subject": "CR-2026-0004", "ballot": BALLOT},
            {"subject": "AR-2026-0002", "ballot": {**BALLOT, "comment": ""}},
        ]
    },
    "POST /api/approvals/{subject}/decisions": {
        "An approval": BALLOT,
        "A delegate for somebody on leave": {**BALLOT, "represents": "ines.castellano"},
    },
    "POST /api/approvals/{subject}/step-up": {
        "By the bearer token": {"revision": 1},
        "In development": {"revision": 1, "account": "helene.aubry"},
    },
    "POST /api/approvals/{subject}/recall": {"An own decision": {"decision": "decision-5f0c2f7c9a1e4b7d"}},
    "POST /api/approvals/{subject}/hand-on": {
        "To a colleague": {"to": "jonas.weidmann", "reason": "Knows the partners."}
    },
    "POST /api/approvals/{subject}/remarks": {
        "A question": {"kind": "question", "text": "Why 44.90?"},
        "An answer": {"kind": "answer", "text": "Wholesale rose.", "about": "remark-0c9be7d1a54f2e36"},
    },
    "POST /api/approvals/{subject}/interests": {
        "Somebody who benefits": {"person": "jonas.weidmann", "role": "beneficiary"}
    },
    "POST /api/freezes": {
        "Prices at the turn of the year": {
            "kind": "pricing",
            "market": "DE",
            "reason": "Quarter close.",
            "from_at": "2026-12-24T00:00:00+01:00",
            "until_at": "2027-01-02T00:00:00+01:00",
        }
    },
    "POST /api/freezes/{freeze}/exceptions": {
        "For one change": {
            "change": "CR-2026-0003",
            "until_at": "2026-12-28T12:00:00+01:00",
            "reason": "A wrong price is live.",
        }
    },
    "POST /api/delegations": {
        "While on leave": {
            "delegate": "felix.nygaard",
            "groups": ["pricing"],
            "kinds": ["pricing"],
            "max_tier": 2,
            "currency": "EUR",
            "most_minor": 5000000,
            "until_at": "2026-12-31T18:00:00+01:00",
            "reason": "On leave.",
        }
    },
}

PEOPLE: Examples = {
    "POST /api/sessions/development": {"A requester": {"account": "mara.lindqvist"}},
    "PUT /api/persons/{person}/active": {"Shut out": {"active": False}},
    "PUT /api/accounts/{account}/identity": {
        "An account of the organisation": {
            "issuer": "https://login.example.org",
            "subject": "8f14e45f-ceea-467f-a9f6-1d3c5b7e9021",
        }
    },
    "POST /api/data-access": {
        "Because of a request": {
            "about": "ines.castellano",
            "days": 3,
            "reason": "She asked what is kept about her.",
        }
    },
    "PUT /api/calendars/{calendar}": {
        "Office hours in Berlin": {
            "id": "berlin",
            "title": "Office in Berlin",
            "zone": "Europe/Berlin",
            "weekdays": [0, 1, 2, 3, 4],
            "opens": "09:00",
            "closes": "17:00",
            "country": "DE",
            "subdivision": "BE",
            "days_off": ["2026-12-24"],
            "groups": ["pricing"],
        }
    },
}

RECORDS: Examples = {
    "POST /api/imports": {
        "A catalog of one offering, and its price": {
            "source": "revenue-cloud",
            "source_digest": SEEN,
            "contents": {
                "catalog/standard": {
                    "offering/FIBRE-500": {
                        "type": "offering",
                        "id": "FIBRE-500",
                        "name": "Fibre 500",
                        "selling_models": ["monthly"],
                    }
                },
                "pricing/standard": {
                    "price/FIBRE-500/monthly/DE/direct/EUR": {"type": "price", **PLACE, "unit_price_micros": 41900000}
                },
            },
            "report": {"products": 1, "left_out": 0},
        }
    },
    "POST /api/quotes/{quote}/approval": {
        "Paid late, in two regions": {"payment_days": 60, "standard_clauses": True, "regions": 2}
    },
    "POST /api/corrections": {
        "Of a quantity": {
            "record": "quote_line",
            "key": "Q-7-0000001/1",
            "field": "quantity",
            "original": "10",
            "corrected": "1",
            "reason": "Typed wrongly.",
        }
    },
    "POST /api/reconciliations": {
        "By hand": {"pair": "approval-quote", "mode": "manual", "reason": "Before the handoff."}
    },
}

DEVELOPMENT: Examples = {
    "POST /api/development/travel": {"Three days": {"seconds": 259200}},
    "POST /api/development/seeds": {"Ten thousand quotes": {"seed": 7, "count": 10000}},
    "POST /api/development/seeds/{seed}/chunks": {"The second chunk": {"first": 5000}},
    "POST /api/development/orders": {
        "Orders with some wrong prices": {
            "seed": 7,
            "first": 0,
            "count": 100,
            "faults": ["wrong_price"],
            "rate": 200,
        }
    },
}


def _policies() -> Examples:
    """Bodies about a policy; a whole one is that of the shipped file, so that it always can be evaluated."""
    document = document_of(seed_policy())
    return {
        "POST /api/policies/{kind}/{name}/examination": {"The shipped policy": {"document": document}},
        "POST /api/policies/{kind}/{name}/changes": {
            "A new version": {
                "document": document,
                "title": "Approval policy for 2027",
                "objective": "Ask a director from 30 percent on.",
                "effective": {"date": "2027-01-01"},
            }
        },
        "POST /api/policies/{kind}/{name}/findings": {
            "A control that is missing": {"code": "control_gap", "text": "Nobody of security is asked about access."}
        },
        "POST /api/policies/{kind}/{name}/findings/{finding}/answer": {
            "What was done": {"text": "Security is asked from version 4 on."}
        },
    }


def examples() -> dict[str, Mapping[str, Any]]:
    """Every example, by method and path of its route."""
    return {**CHANGES, **APPROVALS, **PEOPLE, **RECORDS, **DEVELOPMENT, **_policies()}


def install(app: FastAPI) -> None:
    """Put the examples into the OpenAPI document of an application, made when it is first asked for."""
    plain = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            _show(plain())
        return plain()

    app.openapi = openapi  # type: ignore[method-assign]


def _show(document: dict[str, Any]) -> None:
    for route, bodies in examples().items():
        method, path = route.split()
        content = document["paths"][path][method.lower()]["requestBody"]["content"][JSON]
        content["examples"] = {
            f"example-{number}": {"summary": summary, "value": body}
            for number, (summary, body) in enumerate(bodies.items(), 1)
        }
