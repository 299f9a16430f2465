"""Values that look like what is wanted and are not: each is refused where it comes in, by every route that takes it."""

import json
from collections.abc import Callable
from typing import Any

from fastapi.testclient import TestClient

from tests.api.conftest import Caller
from tests.api.test_bad_input import PROPOSAL, edited, proposal
from tests.builders import fresh_key

ANYBODY = "mara.lindqvist"
FINANCE = "helene.aubry"
PRICES = "/api/prices?offering=FIBRE-500&selling_model=monthly&market=DE&channel=partner&currency=EUR&at="
ENTRIES = "/api/artifacts/pricing/standard"
IMMENSE = "9" * 20
FREEZE = {"reason": "Quarter close.", "from_at": "2031-01-01T00:00:00Z", "until_at": "2031-02-01T00:00:00Z"}
LOAN = {"delegate": "jonas.weber", "until_at": "2031-01-01T00:00:00Z", "reason": "Away on leave."}
CALENDAR = {"id": "late", "title": "Late shift", "zone": "Europe/Berlin"}
NO_INSTANTS = {
    "no zone": "2031-01-01T00:00:00",
    "a day": "2031-01-01",
    "a number": 1,
    "a number as text": "1893456000",
    "before every calendar": "0001-01-01T00:00:00+14:00",
    "after every calendar": "9999-12-31T23:59:59-08:00",
}


def test_an_instant_has_a_zone_and_lies_in_our_time(caller: Callable[[str], Caller]) -> None:
    helene = caller(FINANCE)
    for wrong in NO_INSTANTS.values():
        exception = {"change": "*", "until_at": wrong, "reason": "urgent"}
        _refused(helene.post("/api/freezes/freeze-1/exceptions", exception), wrong)
        _refused(helene.post("/api/changes/CR-1/agenda", {"text": "To look at.", "meets_at": wrong}), wrong)
        for name in ("from_at", "until_at"):
            _refused(helene.post("/api/freezes", {**FREEZE, name: wrong}), wrong)
            _refused(helene.post("/api/delegations", {**LOAN, name: wrong}), wrong)
        for path in (PRICES, "/api/audit?since=", "/api/audit?until="):
            _refused(helene.get(path + str(wrong).replace("+", "%2B")), path)
    for cursor in ("2031-01-01T00:00:00|x|1", f"2031-01-01T00:00:00Z|x|{IMMENSE}", "9999-12-31T23:59:59-08:00|x|1"):
        _refused(
            helene.client.get("/api/audit", params={"cursor": cursor}, headers=_headers(helene)), cursor, "bad_cursor"
        )
    _refused(helene.get("/api/changes?cursor=9999-12-31T23:59:59-08:00|x"), "cursor", "bad_cursor")


BAD_DAYS = {
    "day as a number": {"date": 1893456000},
    "day as a number in text": {"date": "1893456000"},
    "day with a time": {"date": "2031-01-01T00:00:00"},
    "the last day": {"date": "9999-12-31", "time": "23:59", "zone": "America/Los_Angeles"},
    "the first day": {"date": "0001-01-01", "zone": "Asia/Tokyo"},
    "time as a number": {"date": "2031-01-01", "time": 3600},
    "time as a number in text": {"date": "2031-01-01", "time": "3600"},
    "time with an offset": {"date": "2031-01-01", "time": "00:00+05:00"},
    "time in UTC": {"date": "2031-01-01", "time": "00:00Z"},
}


def test_a_change_takes_effect_on_a_day_at_a_time_of_its_zone(caller: Callable[[str], Caller]) -> None:
    mara = caller(ANYBODY)
    for case, effective in BAD_DAYS.items():
        _refused(mara.post("/api/changes", proposal(effective=effective)), case)
        _refused(mara.post("/api/changes/dry-run", proposal(effective=effective)), case)
        policy = {"document": {}, "title": "Another policy", "objective": "None.", "effective": effective}
        _refused(mara.post("/api/policies/approval/standard/changes", policy), case)


def test_a_calendar_is_of_days_and_local_times(caller: Callable[[str], Caller]) -> None:
    helene = caller(FINANCE)
    for entry in ({"opens": 32400}, {"closes": "17:00+02:00"}, {"days_off": [0]}, {"weekdays": ["1"]}):
        _refused(_put(helene, "/api/calendars/late", {**CALENDAR, **entry}), entry)


def test_a_truth_is_true_or_false(caller: Callable[[str], Caller]) -> None:
    mara = caller(ANYBODY)
    for wrong in ("off", "true", 1, None):
        emergency = proposal(emergency=wrong, emergency_reason="It cannot wait at all.")
        _refused(mara.post("/api/changes", emergency), wrong)
        _refused(mara.post("/api/reviews/emergency/CR-1", {"sound": wrong, "findings": "All of it was sound."}), wrong)
        _refused(mara.post("/api/quotes/Q-1/approval", {"standard_clauses": wrong}), wrong)
        _refused(_put(mara, "/api/persons/jonas.weber/active", {"active": wrong}), wrong)


NUMBERS: tuple[tuple[str, dict[str, Any], str], ...] = (
    ("/api/changes", proposal(), "least_tier"),
    ("/api/changes", proposal(), "monitoring"),
    ("/api/delegations", LOAN, "max_tier"),
    ("/api/delegations", {**LOAN, "currency": "EUR"}, "most_minor"),
    ("/api/data-access", {"about": "jonas.weber", "reason": "A complaint."}, "days"),
    ("/api/quotes/Q-1/approval", {}, "payment_days"),
    ("/api/quotes/Q-1/approval", {}, "regions"),
    ("/api/changes/CR-1/break-glass", {"reason": "Nothing works any more."}, "minutes"),
    ("/api/changes/CR-1/residual-risk", {"statement": "Some of it remains."}, "revision"),
    ("/api/approvals/CR-1/step-up", {}, "revision"),
    ("/api/development/travel", {}, "seconds"),
    ("/api/development/orders", {"seed": 1, "count": 1}, "first"),
)


def test_a_number_is_a_whole_number_that_a_database_holds(caller: Callable[[str], Caller]) -> None:
    helene = caller(FINANCE)
    for path, body, name in NUMBERS:
        for wrong in ("1", 1.0, True, int(IMMENSE)):
            value = wrong if name != "monitoring" else {"seconds": wrong}
            _refused(helene.post(path, {**body, name: value}), (path, name, wrong))


def test_a_number_that_no_database_holds_is_refused(caller: Callable[[str], Caller]) -> None:
    mara = caller(ANYBODY)
    for path in (
        f"{ENTRIES}/versions?before={IMMENSE}",
        f"{ENTRIES}/versions/{IMMENSE}/entries",
        f"{ENTRIES}/difference?old=1&new={IMMENSE}",
        f"/api/policies/approval/standard?version={IMMENSE}",
        f"/api/policies/approval/standard/difference?old=1&new={IMMENSE}",
        f"/api/simulations/version?artifact=pricing/standard&version={IMMENSE}",
        f"/api/policy-replays?old=1&new={IMMENSE}",
        f"/api/policy-replays/deals?old=1&new=1&flow=0&start={IMMENSE}",
        f"/api/reconciliations/R-1/differences?cursor={IMMENSE}",
        f"/api/reconciliations/R-1/differences/{IMMENSE}",
    ):
        _refused(mara.get(path), path)


def test_every_number_of_every_route_has_a_largest(client: TestClient) -> None:
    """Of the API by its own description, which is what a caller sees, and so of whatever comes to it later."""
    described = client.get("/openapi.json").json()
    given = {
        f"{path} {parameter['name']}": parameter["schema"]
        for path, operations in described["paths"].items()
        for operation in operations.values()
        for parameter in operation.get("parameters", [])
    }
    assert not [name for name, schema in given.items() if _endless(schema)]


def _endless(schema: dict[str, Any]) -> bool:
    return any(one.get("type") == "integer" and "maximum" not in one for one in (schema, *schema.get("anyOf", [])))


def test_text_that_no_database_takes_is_refused(caller: Callable[[str], Caller]) -> None:
    mara = caller(ANYBODY)
    for wrong in ("\ud800", "\x00"):
        for body in (proposal(title=f"Fibre {wrong}"), edited(offering=wrong), proposal(kind=wrong), {wrong: 1}):
            _refused(_sent(mara, "/api/changes", body), body, "bad_text")
        _refused(_sent(mara, "/api/freezes", {**FREEZE, "reason": f"Close {wrong}"}), wrong, "bad_text")
        _refused(_sent(mara, "/api/approvals/CR-1/interests", {"person": wrong}), wrong, "bad_text")
    deep: Any = "x"
    for _ in range(400):
        deep = [deep]
    _refused(mara.post("/api/changes", edited(offering=deep)), "nested", "bad_text")
    for path in ("changes/CR%00", "changes?kind=%00", "changes?state=a%00", "audit?actor=%00", "quotes/%00"):
        _refused(mara.get(f"/api/{path}"), path, "bad_text")


def test_a_body_that_is_not_what_it_claims_is_refused(caller: Callable[[str], Caller]) -> None:
    """No JSON, also where nothing is read of it; and no form is opened by the API, whoever sends it."""
    mara = caller(ANYBODY)
    signed = {"Authorization": f"Bearer {mara.token}", "Idempotency-Key": "not-what-it-claims"}
    broken = {**signed, "Content-Type": "application/json"}
    answer = mara.client.post("/api/changes/CR-1/submit", content=b"{", headers=broken)
    assert (answer.status_code, answer.json()["code"]) == (422, "bad_text")
    form = {"Idempotency-Key": "a-form", "Content-Type": "multipart/form-data; boundary=-"}
    answer = mara.client.post("/api/changes", content=b"{}", headers=form)
    assert (answer.status_code, answer.json()["code"]) == (401, "no_token")


def test_a_tag_that_names_no_version_is_refused(caller: Callable[[str], Caller]) -> None:
    mara = caller(ANYBODY)
    for tag in ("\xb2", "9" * 5000, "-1", ""):
        headers = {**_headers(mara), "If-Match": tag.encode("latin-1")}
        _refused(mara.client.post("/api/changes/CR-1/submit", headers=headers), tag, "bad_etag")


def test_what_is_like_it_and_right_is_taken(caller: Callable[[str], Caller]) -> None:
    effective = {"date": "2099-03-01", "time": "06:30:15", "zone": "Europe/Berlin"}
    right = {**PROPOSAL, "title": "Fibre 500 \U0001f600 at noon", "effective": effective}
    mara, helene = caller(ANYBODY), caller(FINANCE)
    assert mara.post("/api/changes", right).status_code == 201
    assert helene.post("/api/freezes", {**FREEZE, "from_at": "2031-01-01T00:00:00.5+05:30"}).status_code == 201
    assert helene.get(f"{PRICES}2031-01-01T00:00:00Z").status_code == 200


def test_a_time_that_the_form_would_move_is_not_offered_in_it(caller: Callable[[str], Caller]) -> None:
    mara = caller(ANYBODY)
    mara.client.post("/sign-in/development", data={"account": ANYBODY}, headers={"Sec-Fetch-Site": "same-origin"})
    for time, status in (("23:59", 200), ("23:59:59", 409)):
        effective = {"date": "2099-03-01", "time": time, "zone": "UTC"}
        change = mara.post("/api/changes", proposal(effective=effective)).json()["change"]
        assert (f"/changes/{change}/revise" in mara.client.get(f"/changes/{change}").text) is (status == 200)
        assert mara.client.get(f"/changes/{change}/revise").status_code == status


def _put(who: Caller, path: str, body: object) -> Any:
    return who.client.put(path, json=body, headers=_headers(who))


def _sent(who: Caller, path: str, body: object) -> Any:
    """As a client that writes every character as an escape, which is how half of one gets into JSON."""
    headers = {**_headers(who), "Content-Type": "application/json"}
    return who.client.post(path, content=json.dumps(body).encode(), headers=headers)


def _headers(who: Caller) -> dict[str, Any]:
    return {"Authorization": f"Bearer {who.token}", "Idempotency-Key": fresh_key()}


def _refused(answer: Any, about: object, code: str = "bad_request_body") -> None:
    assert (answer.status_code, answer.json().get("code")) == (422, code), (about, answer.text)
