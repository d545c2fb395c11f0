"""Two jobs of one run that deploy to one environment, on the sandbox: neither waits for the other."""

from __future__ import annotations

import sys
from pathlib import Path

from sandbox.actions import LocalAction
from tests.runner import SHOP, shop_in

ROOT = Path(__file__).parents[2]
RUN = (sys.executable, "-W", "ignore", "-m", "action")
POLICY = """
version: 1
environments:
  production:
    steps:
      deploy: {timeout: 1m, run: 'cd $STORY; touch $REGION; until test -e eu -a -e us; do sleep 0.05; done'}
"""
WORKFLOW = """
on: push
permissions:
  {actions: read, checks: read, contents: write, deployments: write, issues: write, pull-requests: read}
jobs:
  deploy:
    runs-on: ubuntu-latest
    environment: production
    strategy: {fail-fast: false, matrix: {region: [eu, us]}}
    steps:
      - uses: acme/deployment-protocol@v1
        with: {environment: production, version: 1.1.0}
        env: {REGION: "${{ matrix.region }}", STORY: "DIRECTORY"}
"""


def test_jobs_of_one_matrix_deploy_side_by_side(tmp_path: Path) -> None:
    action = LocalAction(
        directory=ROOT, entrypoint=RUN, post_entrypoint=(*RUN, "post"), env={"PYTHONPATH": str(ROOT)}
    )
    with shop_in(tmp_path / "world", {"acme/deployment-protocol": action}) as shop:
        workflow = WORKFLOW.replace("DIRECTORY", str(tmp_path))
        files = {".github/deploy.yml": POLICY, ".github/workflows/deploy.yml": workflow}
        shop.world.commit(SHOP, files, "The protocol", quiet=True)
        shop.world.commit(SHOP, {"version": "1.1.0"}, "1.1.0")
        [run] = shop.repository.runs.values()
        shop.finished(run)
        assert run.conclusion == "success", shop.story(run)
    assert {path.name for path in tmp_path.iterdir()} >= {"eu", "us"}
