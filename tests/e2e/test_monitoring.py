"""Metrics of real servers, kept by a real Prometheus: what was normal before is asked of its past."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.load import under_load
from tests.rollbacks import assert_it_was_taken_back
from tests.shops import ERRORS, NEW, Shop, Watcher, free_ports, open_watcher, rolling_shop

WATCHED, LONGER = 8, 60  # seconds; five samples of them are enough to see what is far worse
POLICY = """
steps:
  deploy: {{run: '{everywhere} "$VERSION"; done'}}
rollback: {{run: '{everywhere} "$PREVIOUS_VERSION"; done'}}
monitor:
  for: {watched}s
  every: 1s
  source: {{prometheus: '{prometheus}'}}
  metrics:
    error_rate:
      query: 'sum(rate(shop_errors_total[2s])) / sum(rate(shop_requests_total[2s]))'
      rollback_if: {{rises: 1pp}}
      limits: {{inconclusive: 2}}
    response_time:
      query: 'sum(rate(shop_seconds_total[2s])) / sum(rate(shop_requests_total[2s]))'
      rollback_if: {{rises: 500%}}  # the machine that runs the tests has moods of its own
      limits: {{inconclusive: 2}}
"""
EVERYWHERE = 'for target in $(cat "$SHOP/targets"); do "$OPS/shop" roll "$target"'
BETTER = "1.0.1"


@pytest.fixture
def watcher(tmp_path: Path) -> Iterator[Watcher]:
    """One of its own: the past of another knows of other tests' errors."""
    with open_watcher(tmp_path, free_ports(2)) as watcher:
        watcher.wait_until_it_looks()
        yield watcher


def test_a_good_version_passes_and_a_worse_one_is_taken_back_before_the_time_is_up(
    shop: Shop, deploy: Any, watcher: Watcher
) -> None:
    rolling_shop(shop, watcher.ports)
    shop.release(BETTER)
    shop.release(NEW, **ERRORS)
    words = {"prometheus": watcher.url, "everywhere": EVERYWHERE}
    with under_load(shop.url) as load:
        time.sleep(WATCHED + 1)
        good = deploy(POLICY.format(watched=WATCHED, **words), version=BETTER)
        assert (good.status, load.failed) == ("success", [])
        bad = deploy(POLICY.format(watched=LONGER, **words), version=NEW)
        assert_it_was_taken_back(bad, load, most=1)
    before_and_after = {change.name: (change.before, change.after) for change in good.entry.metrics}
    assert before_and_after["Error rate"] == ("0", "0")
    assert all(before_and_after["Response time"])
    assert bad.issues[0].startswith("monitor: error_rate: 0 → 0.0")
    assert "higher beyond chance" in bad.issues[0]
    [watch] = [step for step in bad.steps if step.name == "monitor"]
    assert watch.seconds < LONGER - 1
