from __future__ import annotations

from typing import Any

import pytest

from tests.load import under_load
from tests.rollbacks import assert_it_was_taken_back, assert_nobody_saw_it
from tests.shops import (
    CRASHES,
    DAMAGES,
    ERRORS,
    INTEGRITY,
    MONITOR,
    NEW,
    OLD,
    RUDE,
    SLOW,
    Shop,
    Watcher,
    blue_green_shop,
    free_ports,
)

POLICY = """
strategy:
  blue_green:
    deploy_idle: '"$OPS/shop" deploy_idle "$VERSION"'
    test: 'curl -fsS --retry 3 "http://127.0.0.1:$(cat "$SHOP/idle")/" | grep Welcome'
    switch: '"$OPS/shop" switch new'
    switch_back: '"$OPS/shop" switch old'
    keep: 3s
    release: '"$OPS/shop" release'
rollback: {run: '"$OPS/shop" deploy_idle "$PREVIOUS_VERSION" && "$OPS/shop" switch new'}
"""
BLIND = POLICY.replace("curl", "true || curl")  # its test of the idle side finds nothing
SMOKE = """
steps:
  smoke: [{name: The shop greets, run: 'curl -fsS "http://127.0.0.1:$(cat "$SHOP/live")/" | grep Welcome'}]
"""


def test_a_good_release_is_switched_to_and_loses_no_request(shop: Shop, deploy: Any) -> None:
    blue, green = free_ports(2)
    blue_green_shop(shop, [blue, green])
    shop.release(NEW)
    with under_load(shop.url) as load:
        result = deploy(POLICY)
        assert load.versions_now() == {NEW}
    assert (result.status, result.issues) == ("success", ())
    assert load.failed == []
    assert load.share_of(OLD) > 0
    seconds = {step.name: step.seconds for step in result.steps}
    assert 2.5 < seconds["switch"] + seconds["release"] < 6
    assert shop.read("idle").strip() == str(blue)
    assert not shop.listens(blue)


@pytest.mark.parametrize("ways", [CRASHES, RUDE], ids=["crashes at start", "failing smoke"])
def test_a_release_that_fails_on_the_idle_side_is_seen_by_nobody(shop: Shop, deploy: Any, ways: Any) -> None:
    blue_green_shop(shop, free_ports(2))
    shop.release(NEW, **ways)
    with under_load(shop.url) as load:
        result = deploy(POLICY)
        assert_nobody_saw_it(result, load)
    assert result.status == "failed"
    assert result.exposure is not None
    assert result.exposure.most == 0


@pytest.mark.parametrize(
    ("ways", "more"), [(RUDE, SMOKE), (DAMAGES, INTEGRITY)], ids=["failing smoke", "corrupt data"]
)
def test_what_only_shows_after_the_switch_goes_back_to_the_side_that_was_kept(
    shop: Shop, deploy: Any, ways: Any, more: str
) -> None:
    blue, green = free_ports(2)
    blue_green_shop(shop, [blue, green])
    process = shop.read(f"{blue}.pid")
    shop.release(NEW, **ways)
    with under_load(shop.url) as load:
        result = deploy(BLIND + more)
        assert_it_was_taken_back(result, load, most=1)
    assert shop.read(f"{blue}.pid") == process
    assert shop.read("live").strip() == str(blue)


@pytest.mark.parametrize("when", ["false && ", ""], ids=["before it began", "when it was done"])
def test_a_switch_that_failed_leaves_users_where_they_were(shop: Shop, deploy: Any, when: str) -> None:
    blue, green = free_ports(2)
    blue_green_shop(shop, [blue, green])
    shop.release(NEW)
    switch = '"$OPS/shop" switch new'
    result = deploy(POLICY.replace(f"switch: '{switch}'", f"switch: '{when}{switch}; exit 3'"))
    assert result.status == "rollback"
    with under_load(shop.url) as load:
        assert load.versions_now() == {OLD}


@pytest.mark.parametrize("ways", [ERRORS, SLOW], ids=["5 % errors", "twice as slow"])
def test_a_release_whose_metrics_are_bad_is_switched_back(
    shop: Shop, deploy: Any, watcher: Watcher, ways: Any
) -> None:
    blue_green_shop(shop, watcher.ports[:2])
    shop.release(NEW, **ways)
    with under_load(shop.url) as load:
        result = deploy(POLICY + MONITOR.format(prometheus=watcher.url))
        assert_it_was_taken_back(result, load, most=1)
    assert any(issue.startswith("monitor: ") for issue in result.issues)
