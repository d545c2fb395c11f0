from __future__ import annotations

import time
from typing import Any

import pytest

from tests.load import under_load
from tests.rollbacks import assert_it_was_taken_back, assert_nobody_saw_it
from tests.shops import (
    CRASHES,
    DAMAGES,
    ERRORS,
    INTEGRITY,
    NEW,
    OLD,
    RUDE,
    SLOW,
    Shop,
    Watcher,
    canary_shop,
    free_ports,
)

POLICY = """
steps:
  deploy: {{run: '"$OPS/shop" deploy "$TRACK" "$VERSION"'}}
  health: {{run: '"$OPS/shop" all_well canary'}}
  smoke: [{{name: The shop greets, url: '{url}', contains: Welcome, retries: 3}}]
strategy:
  canary:
    weights: {weights}
    hold: {hold}
    set: '"$OPS/shop" weight "$WEIGHT"'
    promote: '"$OPS/shop" deploy "$TRACK" "$VERSION"'
rollback: {{run: '"$OPS/shop" deploy "$TRACK" "$PREVIOUS_VERSION"'}}
"""
JUDGED = """
monitor:
  for: 5s
  every: 1s
  source: {{prometheus: '{prometheus}'}}
  metrics:
    error_rate:
      query: >-
        sum(rate(shop_errors_total{{track="$TRACK"}}[2s]))
        / sum(rate(shop_requests_total{{track="$TRACK"}}[2s]))
      rollback_if: {{rises: 1pp}}
      limits: {{inconclusive: 2}}
    response_time:
      query: >-
        sum(rate(shop_seconds_total{{track="$TRACK"}}[2s]))
        / sum(rate(shop_requests_total{{track="$TRACK"}}[2s]))
      rollback_if: {{rises: 50%}}
      limits: {{inconclusive: 2}}
"""


def test_a_good_release_is_judged_at_each_weight_promoted_and_loses_no_request(
    shop: Shop, deploy: Any, watcher: Watcher
) -> None:
    canary_shop(shop, watcher.ports)
    shop.release(NEW)
    with under_load(shop.url) as load:
        time.sleep(6)  # what is normal is asked of the past
        policy = POLICY.format(url=shop.url, weights=[50, 100], hold="10s")
        result = deploy(policy + JUDGED.format(prometheus=watcher.url))
        assert load.versions_now() == {NEW}
    assert result.status == "success", result.issues
    assert load.failed == []
    assert [step.name for step in result.steps if step.name.startswith(("canary", "promote"))] == [
        "canary health",
        "canary 50%",
        "canary 100%",
        "promote",
        "canary 0%",
    ]
    assert "$pool { default stable; }" in shop.read("traffic.conf")


@pytest.mark.parametrize(
    ("ways", "metric"),
    [(ERRORS, "error_rate"), (SLOW, "response_time")],
    ids=["5 % errors", "twice as slow"],
)
def test_a_canary_that_is_worse_than_stable_loses_its_users(
    shop: Shop, deploy: Any, watcher: Watcher, ways: Any, metric: str
) -> None:
    canary_shop(shop, watcher.ports)
    stable = [shop.read(f"{port}.pid") for port in watcher.ports[:2]]
    shop.release(NEW, **ways)
    with under_load(shop.url) as load:
        policy = POLICY.format(url=shop.url, weights=[50, 100], hold="1m")  # until it is seen
        result = deploy(policy + JUDGED.format(prometheus=watcher.url))
        assert_it_was_taken_back(result, load, most=0.5)
    assert any("the canary is worse than stable" in issue and metric in issue for issue in result.issues)
    assert 0.1 < load.share_while(NEW) < 0.6
    assert [shop.read(f"{port}.pid") for port in watcher.ports[:2]] == stable


@pytest.mark.parametrize("sickens", [False, True], ids=["crashes at start", "sickens when it has started"])
def test_a_canary_that_is_not_well_is_seen_by_nobody(shop: Shop, deploy: Any, sickens: bool) -> None:
    ports = free_ports(2)
    canary_shop(shop, ports)
    shop.release(NEW, **({"sickens_on": ports} if sickens else CRASHES))
    with under_load(shop.url) as load:
        result = deploy(POLICY.format(url=shop.url, weights=[50, 100], hold="0s"))
        assert_nobody_saw_it(result, load)
    assert result.status == "rollback"
    assert f"no user saw {NEW}" in result.issues


@pytest.mark.parametrize(
    ("ways", "more", "most"),
    [(RUDE, "", 1), (DAMAGES, INTEGRITY, 0.2)],
    ids=["failing smoke", "corrupt data"],
)
def test_a_bad_release_goes_back_to_the_stable_servers_nobody_touched(
    shop: Shop, deploy: Any, ways: Any, more: str, most: float
) -> None:
    ports = free_ports(4)
    canary_shop(shop, ports)
    stable = [shop.read(f"{port}.pid") for port in ports[:2]]
    shop.release(NEW, **ways)
    with under_load(shop.url) as load:
        result = deploy(POLICY.format(url=shop.url, weights=[20, 100], hold="0s") + more)
        assert_it_was_taken_back(result, load, most=most)
    assert [shop.read(f"{port}.pid") for port in ports[:2]] == stable
    assert load.share_of(OLD) > 0
