from __future__ import annotations

from typing import Any

import pytest

from tests.load import under_load
from tests.rollbacks import assert_it_was_taken_back
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
    free_ports,
    rolling_shop,
)

POLICY = """
strategy:
  rolling:
    targets_from: 'cat "$SHOP/targets"'
    batch: {batch}
    run: '"$OPS/shop" roll "$TARGET" "$VERSION"'
    health: {{url: 'http://127.0.0.1:$TARGET/healthz', within: 2s}}
steps:
  smoke: [{{name: The shop greets, url: '{url}', contains: Welcome, retries: 3}}]
rollback: {{run: '"$OPS/shop" roll "$TARGET" "$PREVIOUS_VERSION"'}}
"""


@pytest.mark.parametrize(("servers", "batch"), [(3, "1"), (4, "25%"), (3, "50%")])
def test_a_good_release_rolls_over_every_server_and_loses_no_request(
    shop: Shop, deploy: Any, servers: int, batch: str
) -> None:
    rolling_shop(shop, free_ports(servers))
    shop.release(NEW)
    with under_load(shop.url) as load:
        result = deploy(POLICY.format(url=shop.url, batch=batch))
        assert load.versions_now() == {NEW}
    assert (result.status, result.exposure) == ("success", None)
    assert load.failed == []
    assert load.share_of(OLD) > 0


@pytest.mark.parametrize(
    ("ways", "more", "most"),
    [(CRASHES, "", 0.5), (RUDE, "", 1), (DAMAGES, INTEGRITY, 0.5)],
    ids=["crashes at start", "failing smoke", "corrupt data"],
)
def test_a_bad_release_is_taken_back_from_the_servers_that_have_it(
    shop: Shop, deploy: Any, ways: Any, more: str, most: float
) -> None:
    ports = free_ports(2)
    rolling_shop(shop, ports)
    shop.release(NEW, **ways)
    with under_load(shop.url) as load:
        result = deploy(POLICY.format(url=shop.url, batch=1) + more)
        assert_it_was_taken_back(result, load, most=most)
    back = [step.name for step in result.steps if step.name.startswith("rollback: rolling")]
    begun = ports[:1] if most < 1 else ports
    assert [name.rpartition(" ")[2] for name in back] == [str(port) for port in reversed(begun)]


def test_the_first_server_that_is_not_well_stops_the_roll_out_and_the_rest_is_never_touched(
    shop: Shop, deploy: Any
) -> None:
    first, second, third = free_ports(3)
    rolling_shop(shop, [first, second, third])
    process = shop.read(f"{third}.pid")
    shop.release(NEW, sickens_on=[second])
    with under_load(shop.url) as load:
        result = deploy(POLICY.format(url=shop.url, batch=1))
        assert_it_was_taken_back(result, load, most=2 / 3)
    assert [step.name.rpartition(": ")[2] for step in result.steps if "rolling " in step.name] == [
        str(port) for port in (first, second, second, first)
    ]
    assert shop.read(f"{third}.pid") == process


@pytest.mark.parametrize("ways", [ERRORS, SLOW], ids=["5 % errors", "twice as slow"])
def test_a_release_whose_metrics_are_bad_is_taken_back(
    shop: Shop, deploy: Any, watcher: Watcher, ways: Any
) -> None:
    rolling_shop(shop, watcher.ports[:2])
    shop.release(NEW, **ways)
    with under_load(shop.url) as load:
        result = deploy(POLICY.format(url=shop.url, batch=1) + MONITOR.format(prometheus=watcher.url))
        assert_it_was_taken_back(result, load, most=1)
    assert any(issue.startswith("monitor: ") for issue in result.issues)
