"""What a hotfix's pull request, its back-port's, and its post-mortem say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from protocol.entry import Entry, render_entry
from protocol.markdown import escape
from protocol.wording import counted, say_all

if TYPE_CHECKING:
    from protocol.policy import Hotfix

CONFLICT = "<!-- deploy-protocol:back-port conflict -->"
HOTFIX_LABEL = "hotfix"
POST_MORTEM_LABEL = "post-mortem"


def review_body(branch: str, hotfix: Hotfix) -> str:
    """With the rules of the fast track: what may be skipped, and what is asked all the same."""
    skips = f"does not wait for {say_all(hotfix.ignores)}" if hotfix.ignores else "waits like any other"
    size = f" More than {hotfix.max_lines} changed lines are warned about." if hotfix.max_lines else ""
    return (
        f"The hotfix {escape(branch)} starts from what {escape(hotfix.from_)} runs, and {skips}. "
        f"It needs {counted(hotfix.approvals, 'approval')}, and checks and checklist as ever.{size}\n\n"
        "### What is broken\n\n_To be filled in._\n\n"
        "### What this changes, and nothing else\n\n_To be filled in._\n\n"
        "### Rollback plan\n\n_To be filled in._\n"
    )


def merged_body(*, sha: str, branch: str, onto: str, name: str) -> str:
    del name
    return (
        f"The hotfix {escape(branch)} ({sha}) is deployed and is missing in {escape(onto)}. It merges "
        "without a conflict; merge this, or the next deployment takes the fix away again.\n"
    )


def conflict_body(*, sha: str, branch: str, onto: str, name: str) -> str:
    """With the commands that finish it; the branch holds the hotfix as it was deployed."""
    return (
        f"{CONFLICT}\n"
        f"The hotfix {escape(branch)} ({sha}) is deployed and is missing in {escape(onto)}, and it "
        f"**conflicts** with what {escape(onto)} holds now. A person has to finish this:\n\n"
        "```sh\n"
        f"git fetch origin && git switch {name}\n"
        f"git merge origin/{onto}    # settle the conflicts, then: git commit\n"
        f"git push origin {name}\n"
        "```\n\n"
        "Until it is merged, the next deployment takes the fix away again.\n"
    )


def hotfix_post_mortem(mark: str, entry: Entry, branch: str, back_port: str) -> str:
    """The issue's body: what is known, and the protocol's questions to fill."""
    told = render_entry(entry).replace("## ", "#### ", 1)
    return "\n".join(
        [
            mark,
            f"The hotfix {escape(branch)} was deployed to {escape(entry.environment)}.",
            "",
            "### What went wrong",
            "",
            "_To be answered._",
            "",
            "### Why it was not caught",
            "",
            "_To be answered._",
            "",
            "### How to prevent it in future",
            "",
            "_To be answered._",
            "",
            "- [ ] The three questions above are answered",
            f"- [ ] Back-port: {back_port}",
            "",
            "### The log's entry",
            "",
            told,
        ]
    )
