"""A release of the platform goes back to what is live, and says in one sentence what it brings (R-3.6)."""

from typing import Any

import pytest

from domain.artifact import Operation
from domain.errors import Invalid
from domain.kinds import kind_of
from tests.domain.test_further_kinds import RELEASE, stored


@pytest.mark.parametrize(
    ("live", "fields", "code"),
    [
        ({}, {"rolls_back_to": "2.13.1"}, "wrong_rollback"),
        ({"version": "2.13.1"}, {}, "wrong_rollback"),
        ({"version": "2.13.1"}, {"rolls_back_to": "2.13.0"}, "wrong_rollback"),
        ({}, {"version": "2.14.0"}, None),
        ({"version": "2.14.0"}, {"digest": f"sha256:{'c3' * 32}", "rolls_back_to": "2.14.0"}, "version_is_live"),
        ({"version": "2.13.1"}, {"rolls_back_to": "2.13.1"}, None),
    ],
)
def test_a_release_goes_back_to_what_is_live_and_has_a_version_of_its_own(
    live: dict[str, Any], fields: dict[str, Any], code: str | None
) -> None:
    kind = kind_of("platform")
    content = stored("platform", {**RELEASE, **live}) if live else {}
    edit = kind.parse_edits([{"edit": "put", "entry": {**RELEASE, **fields}}])[0]
    if code is None:
        assert kind.compile(edit, content).entry == "release/api"
        return
    with pytest.raises(Invalid) as caught:
        kind.compile(edit, content)
    assert caught.value.code == code


def test_a_release_says_in_one_sentence_what_comes_instead_of_what() -> None:
    kind = kind_of("platform")
    old, new = ({**RELEASE, "version": version} for version in ("2.13.1", "2.14.0"))
    built = f"commit a1a1a1a1a1a1, artifact sha256:{'b2' * 32}, build https://ci.example.com/api/812)"
    brought = f"; it brings: Quicker lists (written by yara.haddad; {built}"

    assert kind.describe(Operation(entry="release/api", before=old, after=new)) == (
        f"Release of api: 2.14.0 takes the place of 2.13.1{brought}"
    )
    assert kind.describe(Operation(entry="release/api", before=None, after=new)) == (
        f"Release of api: 2.14.0 is the first one{brought}"
    )
    assert kind.describe(Operation(entry="release/api", before=old, after=None)) == (
        "Release of api: 2.13.1 is taken out of service"
    )
