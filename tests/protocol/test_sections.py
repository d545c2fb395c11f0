from __future__ import annotations

import pytest

from protocol.sections import is_filled

TITLE = "Rollback plan"


@pytest.mark.parametrize(
    "body",
    [
        "## Rollback plan\nDeploy v1 again.",
        "Rollback plan is below\n\n###### rollback PLAN:\n\n\n- deploy v1 again",
        "# **Rollback plan** #\r\nDeploy v1 again.\r\n",
        "## Rollback plan\n### Steps\n1. Deploy v1 again.",
        "## Rollback plan\n```bash\n# previous\n./ops/deploy v1\n```",
        "## Rollback plan\n- [x] deploy v1 again",
        "## Rollback plan\n<!-- say how -->Deploy v1 again.",
        "## Rollback plan\n\n## Notes\n\n## Rollback plan\nThe second one counts.",
        "## Rollback plan\n[Our runbook](https://wiki.example/rollback)",
    ],
)
def test_a_heading_with_a_persons_text_is_filled(body: str) -> None:
    assert is_filled(body, TITLE) is True


@pytest.mark.parametrize(
    "body",
    [
        "## Rollback plan",
        "## Rollback plan\n\n   \n",
        "## Rollback plan\n<!-- Describe how to go back. -->",
        "## Rollback plan\n<!-- never closed\nDeploy v1 again.",
        "## Rollback plan\n- [ ] \n-\n*",
        "## Rollback plan\n[rollback command]",
        "## Rollback plan\n_Describe how to go back._",
        "## Rollback plan\nTODO",
        "## Rollback plan\n- TBD.",
        "## Rollback plan\n...",
        "## Rollback plan\n```bash\n```",
        "## Rollback plan\n## Notes\nDeploy v1 again.",
        "## Rollback plan\n### Steps\n# Notes\nDeploy v1 again.",
    ],
)
def test_a_heading_with_nothing_of_a_persons_under_it_is_empty(body: str) -> None:
    assert is_filled(body, TITLE) is False


@pytest.mark.parametrize(
    "body",
    [
        "",
        "Rollback plan: deploy v1 again",
        "## Rollback plan B\nDeploy v1 again.",
        "<!--\n## Rollback plan\nDeploy v1 again.\n-->",
        "```\n## Rollback plan\nDeploy v1 again.\n```",
        "#Rollback plan\nDeploy v1 again.",
    ],
)
def test_without_the_heading_there_is_no_section(body: str) -> None:
    assert is_filled(body, TITLE) is None
