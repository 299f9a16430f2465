"""The form of a policy says what its document says, and what was typed becomes the document again (R-8.2)."""

import pytest

from domain.errors import Invalid
from policies.content import document_of, policy_in, seed_policy
from web.policy_form import PolicyForm, columns_shown, document_of_form, form_of, rows_of

SHIPPED = document_of(seed_policy())


def typed(form: PolicyForm, **fields: object) -> PolicyForm:
    return form.model_copy(update=fields)


def test_the_form_of_a_document_is_that_document() -> None:
    assert policy_in(document_of_form(form_of(SHIPPED))) == seed_policy()


def test_rows_are_ordered_by_place_and_taken_out_by_an_empty_name() -> None:
    form = form_of(SHIPPED)
    first, second = form.row_id[:2]
    places = ["2.5", "1", *form.row_place[2:]]
    moved = document_of_form(typed(form, row_place=places))
    without = document_of_form(typed(form, row_id=["", *form.row_id[1:]]))

    assert [row["id"] for row in moved["tier"]["rows"][:2]] == [second, first]
    assert first not in [row["id"] for row in without["tier"]["rows"]]


def test_a_further_column_can_be_shown() -> None:
    shown = form_of(SHIPPED, ["tier.quarter_close"])

    assert "quarter_close" in columns_shown(shown, "tier")
    assert "quarter_close" not in columns_shown(form_of(SHIPPED), "tier")
    assert policy_in(document_of_form(shown)) == seed_policy()


def test_what_a_row_says_of_its_owner_goes_round_and_is_left_out_where_it_says_nothing() -> None:
    own = {"answered_by": "victor.lang", "review_on": "2027-03-31"}
    first, *others = SHIPPED["tier"]["rows"]
    document = {**SHIPPED, "tier": {"rows": [{**first, **own}, *others]}}
    form = form_of(document)

    assert document_of_form(form)["tier"]["rows"][0].items() >= own.items()
    assert policy_in(document_of_form(form)) == policy_in(document)
    assert form.row_answered_by[:2] == ["victor.lang", ""]
    assert not {key for row in document_of(seed_policy())["tier"]["rows"] for key in row} & own.keys()


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"rules": "- ["}, "bad_text"),
        ({"rules": "text"}, "bad_text"),
        ({"cell": []}, "bad_form"),
        ({"row_id": ["one"]}, "bad_form"),
        ({"row_place": ["first", *form_of(SHIPPED).row_place[1:]]}, "bad_form"),
    ],
)
def test_what_does_not_fit_together_is_refused(fields: dict[str, object], code: str) -> None:
    with pytest.raises(Invalid) as refused:
        document_of_form(typed(form_of(SHIPPED), **fields))
    assert refused.value.code == code


def test_an_outcome_that_is_no_text_of_stages_is_refused_where_it_stands() -> None:
    form = form_of(SHIPPED)
    stages = next(number for number, table in enumerate(form.row_table) if table == "stages")
    outcomes = [*form.row_then[:stages], "stages: [", *form.row_then[stages + 1 :]]

    with pytest.raises(Invalid, match=f"Row {list(rows_of(form))[stages].id}"):
        document_of_form(typed(form, row_then=outcomes))
