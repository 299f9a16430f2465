"""The defects of the attacks that are tested elsewhere still fit the source, and a test that is run on one is red.

All of them are seeded by `make attacks`; here those whose tests are pure and quick, so that the way itself is tested.
"""

import pytest

from tests.attacks.elsewhere import ELSEWHERE, Edit, Elsewhere
from tests.attacks.seeded import CHECKOUT, copy_of_the_product, notices

QUICK = {"C10", "C11", "C13"}


@pytest.mark.parametrize("found", ELSEWHERE, ids=lambda found: f"{found.id}-{found.test}")
def test_a_defect_fits_the_source(found: Elsewhere) -> None:
    assert found.defect
    for edit in found.defect:
        assert (CHECKOUT / edit.file).read_text().count(edit.before) == 1
        assert edit.before != edit.after


def test_a_test_is_red_on_its_defect_and_green_without_one() -> None:
    with copy_of_the_product() as copy:
        for found in (one for one in ELSEWHERE if one.id in QUICK):
            assert notices(copy, found)[0], found
        assert not notices(
            copy, found._replace(defect=(Edit("policies/plan.py", "to its tier and its plan.", "to tier and plan."),))
        )[0]


def test_a_copy_that_does_not_even_load_is_no_red_test() -> None:
    with copy_of_the_product() as copy:
        found = next(one for one in ELSEWHERE if one.id == "C11")
        broken = Edit("policies/plan.py", 'to its tier and its plan."""', '"""\nimport nothing_at_all')
        assert not notices(copy, found._replace(defect=(broken,)))[0]
