"""What a deployment leaves on GitHub, in four places that agree, whatever people wrote."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.github import GitHub
from gateway.record import log_entries
from protocol.deployed_lines import with_line
from protocol.entry import Entry, entries_in, entry_from, one_line, render_entry
from sandbox.actions import LocalAction
from tests.runner import SHOP, Shop, made_by_jobs, shop_in

ROOT = Path(__file__).parents[2]
RUN = (sys.executable, "-m", "action")
AWKWARD = (
    "**b** `c` [x](javascript:1) <script>alert(1)</script> <!-- --> --> |a| #7 @ada "
    "👩\u200d🚀🇩🇪 \u202eאבג\u202c \u2028 \x1b[31m \\"
)
LONG = AWKWARD + "long " * 2_000
REASON = json.dumps(LONG, ensure_ascii=False).replace("\u2028", "\\u2028")  # which ends a line of YAML
POLICY = """
version: 1
access: {emergency: {who: ["user:grace"]}}
log: {releases: always}
environments:
  production:
    windows: {open: ["Mon 10:00-10:01"]}
    freezes: [{from: "2020-01-01 00:00", until: "2099-01-01 00:00", reason: Never}]
    steps: {verify: {run: 'echo 1.0.0'}, deploy: {run: 'true'}}
"""
WORKFLOW = f"""
on: {{push: {{branches: [main]}}}}
permissions:
  {{actions: read, checks: read, contents: write, deployments: write, issues: write, pull-requests: write}}
jobs:
  deploy:
    runs-on: ubuntu-latest
    environment: production
    steps:
      - id: deploy
        uses: acme/deployment-protocol@v1
        with: {{environment: production, version: 1.1.0, emergency_reason: {REASON}}}
      - env:
          RESULT: ${{{{ steps.deploy.outputs.result }}}}
        run: printenv RESULT > ../result.json
"""


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    action = LocalAction(
        directory=ROOT, entrypoint=RUN, post_entrypoint=(*RUN, "post"), env={"PYTHONPATH": str(ROOT)}
    )
    with shop_in(tmp_path, {"acme/deployment-protocol": action}) as shop:
        files = {".github/deploy.yml": POLICY, ".github/workflows/deploy.yml": WORKFLOW}
        shop.world.commit(SHOP, files, "The protocol", quiet=True)
        yield shop


def deployed_pull(shop: Shop) -> int:
    """A pull request with an awkward title and commit, merged by grace and deployed in an emergency."""
    ada = shop.world.user("ada")
    shop.world.commit(SHOP, {"app": "1"}, LONG, branch="topic", author=ada, quiet=True)
    number = shop.ask("POST", "/pulls", {"title": AWKWARD, "head": "topic", "base": "main"})["number"]
    shop.ask("PUT", f"/pulls/{number}/merge", {}, by="grace")
    [run] = shop.repository.runs.values()
    shop.finished(run)
    assert run.conclusion == "success", shop.story(run)
    assert len(made_by_jobs(shop.world)) == 9 + 2  # the issue of an emergency, looked for and opened
    return int(number)


def in_the_log(shop: Shop) -> tuple[Entry, ...]:
    github = GitHub(SHOP, lambda: shop.token("ada"), api_url=shop.world.url)
    try:
        return log_entries(github)
    finally:
        github.close()


def test_four_places_agree_and_the_log_reads_back_as_it_was(shop: Shop, tmp_path: Path) -> None:
    number = deployed_pull(shop)
    [release] = shop.repository.releases.values()
    [entry] = entries_in(release.body or "")
    assert entry.emergency == LONG[:1_000]
    assert (entry.included[0].number, entry.included[0].title) == (number, AWKWARD)
    [written] = tmp_path.rglob("result.json")
    assert entry_from(json.loads(written.read_text())["entry"]) == entry
    [job] = [job for run in shop.repository.runs.values() for job in run.jobs]
    assert render_entry(entry) in job.summary
    [deployment] = shop.repository.deployments.values()
    assert one_line(entry) in [status.description for status in deployment.statuses]
    [comment] = shop.repository.issues[number].comments
    url = f"{shop.world.url}/{SHOP}/releases/tag/1.1.0"
    assert comment.body == with_line(None, entry, url)
    assert in_the_log(shop) == (entry,)
