"""The copy of the log: filled when a deployment ends, and the same when it is made anew."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

from sqlalchemy import Engine, delete, select

from protocol.entry import Said, one_line
from service.entries import Entries, LogDesk
from service.tables import entries
from tests.entries import AT, make_entry
from tests.serving import Served
from tests.waiting import SHOP

AWKWARD = "**b** <script> 👩‍🚀 \u202eאבג\u202c <!-- x --> " + "long " * 2_000


def rows(engine: Engine) -> list[tuple[Any, ...]]:
    columns = [column for column in entries.c if column.name != "id"]
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(select(*columns).order_by(entries.c.key))]


def deploy(served: Served, sha: str, *, tag: str | None = None, **said: Any) -> None:
    """As the action does it: the entry first, then how it ended."""
    github = served.shop.github()
    made = github.create_deployment(sha=sha, ref="", environment="production")
    entry = make_entry(sha=sha, deployment_id=made, **said)
    if tag is not None:
        assert github.write_log(entry, tag=tag).problems == ()
    github.post_deployment_status(made, state="success", description=one_line(entry))


def test_the_table_made_anew_from_github_is_the_same(served: Served) -> None:
    served.shop.push()
    sha = served.shop.push(two_dot_py="2\n").sha
    deploy(served, sha, tag="v1", deployer=AWKWARD, issues=(AWKWARD,))
    deploy(served, sha, tag="v1", at=AT + timedelta(hours=1))
    deploy(served, sha, version="2.0.0")  # in no release
    served.settle()
    before = rows(served.engine)
    assert len(before) == 3
    with served.engine.begin() as connection:
        connection.execute(delete(entries))
    LogDesk(served.engine, served.clients.github_for).copy(served.shop.installation.id, SHOP)
    assert rows(served.engine) == before


def test_the_newest_come_first_and_one_environment_s_alone_where_asked(engine: Engine) -> None:
    kept = [
        make_entry(deployment_id=at, at=AT + timedelta(hours=at), environment=place)
        for at, place in ((1, "Staging"), (2, "production"), (3, "production"))
    ]
    log = Entries(engine)
    log.copy(SHOP, kept)
    log.copy("acme/other", kept[:1])
    assert log.of(SHOP) == tuple(reversed(kept))
    assert log.of(SHOP, environment="staging") == (kept[0],)
    assert log.of(SHOP, limit=1) == (kept[2],)


def test_a_copy_holds_what_github_holds_and_nothing_else(engine: Engine) -> None:
    log = Entries(engine)
    log.copy(SHOP, [make_entry(deployment_id=1), make_entry(deployment_id=2)])
    log.copy(SHOP, [make_entry(deployment_id=2, status="rollback")])
    assert log.of(SHOP) == (make_entry(deployment_id=2, status="rollback"),)


def test_of_many_who_copy_at_once_nobody_fails_and_one_copy_stays(engine: Engine) -> None:
    log = Entries(engine)
    copied = [[make_entry(deployment_id=at, version=f"{by}") for at in range(1, 40)] for by in range(8)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda found: log.copy(SHOP, found), copied))
    versions = [entry.version for entry in log.of(SHOP)]
    assert (len(versions), len(set(versions))) == (39, 1)


def test_a_deployment_under_way_copies_nothing(served: Served) -> None:
    sha = served.shop.push().sha
    github = served.shop.github()
    made = github.create_deployment(sha=sha, ref="", environment="production")
    github.post_deployment_status(made, state="in_progress", description=one_line(make_entry()))
    served.settle()
    assert rows(served.engine) == []


def test_what_nobody_could_have_deployed_is_left_out(engine: Engine) -> None:
    log = Entries(engine)
    strange = [
        make_entry(environment=name, deployment_id=at) for at, name in enumerate(("x" * 300, "a\0b"), 1)
    ]
    log.copy(SHOP, [*strange, make_entry(issues=("\0", "\ud800"))])
    assert [entry.environment for entry in log.of(SHOP)] == ["production"]


def test_a_release_written_after_the_end_is_copied_when_the_run_ends(served: Served) -> None:
    gate = served.shop.push()
    run_url = f"{served.shop.server.url}/{SHOP}/actions/runs/{gate.run_id}"
    sha = served.shop.push(two_dot_py="2\n").sha
    github = served.shop.github()
    made = github.create_deployment(sha=sha, ref="", environment="staging")
    said = Said(code="windows.open", verdict="allow", why="open")
    entry = make_entry(sha=sha, deployment_id=made, environment="staging", run_url=run_url, findings=(said,))
    github.post_deployment_status(made, state="success", description=one_line(entry), log_url=run_url)
    desk = LogDesk(served.engine, served.clients.github_for)
    desk.copy(served.shop.installation.id, SHOP)
    github.write_log(entry, tag="v1")
    ended = {
        "action": "completed",
        "workflow_run": {"html_url": run_url},
        "repository": {"full_name": SHOP},
        "installation": {"id": served.shop.installation.id},
    }
    desk.hear("workflow_run", ended)
    assert Entries(served.engine).of(SHOP, environment="staging") == (entry,)


def test_what_runs_is_the_newest_success_of_each_environment(engine: Engine) -> None:
    log = Entries(engine)
    statuses = ((1, "success"), (2, "success"), (3, "rollback"), (4, "failed"))
    kept = [
        make_entry(deployment_id=at, at=AT + timedelta(hours=at), status=status, environment=place)
        for at, status in statuses
        for place in ("production", "Staging")
    ]
    log.copy(SHOP, kept)
    log.copy("acme/other", [make_entry(repository="acme/other", status="failed")])
    found = log.running([SHOP, "acme/other"])
    assert {(entry.environment, entry.deployment_id) for entry in found} == {
        ("production", 2),
        ("Staging", 2),
    }
    assert log.running([]) == ()
    assert (log.one(SHOP, kept[0].key), log.one("acme/other", kept[0].key)) == (kept[0], None)
    assert set(log.of(SHOP, limit=2, after=6)) == set(kept[:2])
