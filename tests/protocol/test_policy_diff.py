"""A changed policy is told in sentences, and what asks for less is marked."""

from __future__ import annotations

from typing import Any

import pytest

from protocol.policy_diff import changes_between
from tests.policies import example_policy, make_policy

MANAGERS = {"name": "Release manager", "count": 2, "from": ["team:acme/managers"]}
TOLD = {"item": "Team told", "tick": ["permission:admin"]}


def told(old: dict[str, Any], new: dict[str, Any]) -> list[tuple[str, bool]]:
    """Of two productions."""
    return [(one.text, one.loosens) for one in changes_between(make_policy(old), make_policy(new))]


def test_the_same_policy_changes_nothing() -> None:
    assert changes_between(example_policy(), example_policy()) == ()


@pytest.mark.parametrize(
    ("old", "new", "text", "loosens"),
    [
        pytest.param(
            {"approvals": [MANAGERS]},
            {"approvals": [{**MANAGERS, "count": 1}]},
            "production: approvals > Release manager > count drops from 2 to 1",
            True,
            id="fewer approvals",
        ),
        pytest.param(
            {"approvals": [{**MANAGERS, "count": 1}]},
            {"approvals": [MANAGERS]},
            "production: approvals > Release manager > count rises from 1 to 2",
            False,
            id="more approvals",
        ),
        pytest.param(
            {"approvals": [MANAGERS]}, {}, "production: approvals is removed: name Release manager, "
            "count 2, from team:acme/managers", True, id="no approvals"
        ),
        pytest.param(
            {"approvals": [MANAGERS]},
            {"approvals": [{**MANAGERS, "from": ["team:acme/managers", "user:bo"]}]},
            "production: approvals > Release manager > from gains user:bo",
            True,
            id="others may approve too",
        ),
        pytest.param(
            {"approvals": [MANAGERS]},
            {"approvals": [{**MANAGERS, "when": {"paths": ["db/**"]}}]},
            "production: approvals > Release manager > when is added",
            True,
            id="approvals only sometimes",
        ),
        pytest.param(
            {"windows": {"closed": ["Fri 12:00-24:00", "Sat,Sun"]}},
            {"windows": {"closed": ["Sat,Sun"]}},
            "production: windows > closed loses Fri 12:00-24:00",
            True,
            id="open on Friday afternoons",
        ),
        pytest.param(
            {"windows": {"open": ["Mon 10:00-12:00"]}},
            {},
            "production: windows > open is removed: Mon 10:00-12:00",
            True,
            id="open at any time",
        ),
        pytest.param(
            {"after": {"environment": "staging", "bake": "30m"}},
            {"after": {"environment": "staging", "bake": "10m"}},
            "production: after > bake drops from 30m to 10m",
            True,
            id="a shorter bake",
        ),
        pytest.param({"checklist": [TOLD]}, {"checklist": [{**TOLD, "tick": ["permission:write"]}]},
            "production: checklist > Team told > tick gains permission:write and loses permission:admin",
            True, id="others may tick"),
        pytest.param({}, {"in_flight": "allow"}, "production: in_flight changes from wait to allow", True,
            id="two at once"),
        pytest.param({}, {"in_flight": "refuse"}, "production: in_flight changes from wait to refuse", False,
            id="stricter about two at once"),
        pytest.param({}, {"approval_options": {"own": True}},
            "production: approval_options > own changes from false to true", True, id="own work approved"),
        pytest.param({"approval_options": {"expire": "24h"}}, {},
            "production: approval_options > expire is removed: 1d", True, id="approvals for ever"),
        pytest.param({}, {"access": {"deployers": ["user:bo"]}}, "production: access is added", False,
            id="fewer deployers"),
        pytest.param({}, {"workflow": "ship.yml"}, "production: workflow is added: ship.yml", False,
            id="what is neither stricter nor looser"),
    ],
)  # fmt: skip
def test_a_change_is_one_sentence(old: dict[str, Any], new: dict[str, Any], text: str, loosens: bool) -> None:
    assert told(old, new) == [(text, loosens)]


def test_an_item_that_is_gone_from_a_longer_checklist_is_marked() -> None:
    other = {"item": "Tested", "checks": "all"}
    assert told({"checklist": [TOLD, other]}, {"checklist": [other]}) == [
        ("production: checklist > Team told is removed", True)
    ]


def test_what_holds_everywhere_is_said_to() -> None:
    old, new = make_policy(), make_policy(timezone="UTC", hotfix={"branches": ["fix/*"]})
    assert [(one.text, one.loosens) for one in changes_between(old, new)] == [
        ("everywhere: timezone changes from Europe/Berlin to UTC", True),
        ("everywhere: hotfix is added", True),
    ]


def test_an_environment_comes_and_goes() -> None:
    changes = changes_between(make_policy(), make_policy(environments={"canary": {}}))
    assert [one.text for one in changes] == ["canary is added"]


def test_what_an_organisations_policy_no_longer_names_is_asked_for_less() -> None:
    old, new = make_policy(environments={"canary": {}}), make_policy()
    for shared in (True, False):
        assert [one.loosens for one in changes_between(old, new, shared=shared)] == [shared]
