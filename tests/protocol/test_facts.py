from __future__ import annotations

import pytest

from protocol.facts import Approval, Known, Missing
from tests.facts import make_approval, make_facts

TWICE = (make_approval("grace"), make_approval("grace", "comment"))


@pytest.mark.parametrize(
    ("approvals", "approvers"),
    [
        pytest.param((*TWICE, make_approval("bo")), ("grace", "bo"), id="each once, however they approved"),
        pytest.param((make_approval("bo", state="rejected"),), (), id="who rejected is none"),
        pytest.param(Missing("the reviews: not shown"), (), id="nobody knows"),
    ],
)
def test_the_approvers_are_those_who_are_known_to_have_approved(
    approvals: Known[tuple[Approval, ...]], approvers: tuple[str, ...]
) -> None:
    assert make_facts(approvals=approvals).approvers == approvers
