"""Pages say what is open, what waits and why, what runs and what the log holds, and nothing to strangers."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit
from zoneinfo import ZoneInfo

import pytest
import requests
from sqlalchemy import text
from structlog.testing import capture_logs
from werkzeug.test import Client

from protocol.changes import Part
from protocol.entry import Change, Entry, Said, render_entry
from protocol.gate import Gate
from protocol.outlook import hours_of
from sandbox.faults import Fault
from service.app import create_app
from service.entries import Entries
from service.gates import Gates
from service.pages.problems import PROBLEMS
from service.pages.schedule import Bar, Day, days_ahead
from service.pages.words import ago, ahead
from tests.entries import AT, make_entry
from tests.policies import make_policy
from tests.serving import Served, serving
from tests.visiting import Visitor
from tests.waiting import POLICY, SHOP, now

CLOSED = """\
version: 1
timezone: Europe/Berlin
access:
  emergency: {who: ["team:acme/on-call"], contact: "https://acme.example/on-call"}
environments:
  production:
    windows: {open: ["2099-01-01 10:00-16:00"]}
    approvals:
      - {name: Release manager, count: 1, from: ["team:acme/release-managers"]}
"""
FRIDAY = datetime(2026, 11, 27, 16, 55, tzinfo=UTC)
AWKWARD = "**b** <script>alert(1)</script> &amp; \u202eאבג\u202c 👩‍🚀"
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with serving(tmp_path) as served:
        yield served


@pytest.fixture
def visitor(served: Served) -> Iterator[Visitor]:
    with Visitor(url=served.settings.public_url) as visitor:
        visitor.log_in("grace")
        yield visitor


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visitor]:
    """Of a shop where production is open and one deployment is in the log; for tests that only read."""
    with (
        serving(tmp_path_factory.mktemp("house")) as served,
        Visitor(url=served.settings.public_url) as reader,
    ):
        served.shop.push(POLICY)
        served.settle()
        keep(served, make_entry(version="1.1.0"))
        reader.log_in("grace")
        yield reader


def words(answer: requests.Response) -> str:
    """What a person reads, on one line."""
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", answer.text)).split())


def make_gate(run_id: int, since: datetime) -> Gate:
    return Gate(
        repository=SHOP,
        run_id=run_id,
        environment="production",
        sha="a" * 40,
        ref="refs/heads/main",
        requested_at=since,
        installation_id=1,
    )


def keep(served: Served, *entries: Entry) -> None:
    Entries(served.engine).copy(SHOP, entries)


def title_of(page: requests.Response) -> str:
    return html.unescape(re.findall(r"<title>(.*?)</title>", page.text)[0])


# -- what a person reads


def test_a_page_s_title_says_of_which_repository_it_is(reader: Visitor) -> None:
    entry = re.findall(rf'href="(/{SHOP}/log/[^"]+)"', reader.get(f"/{SHOP}").text)[0]
    titles = [title_of(reader.get(path)) for path in (f"/{SHOP}/schedule/production", entry)]
    assert titles == [
        "Schedule of production · acme/shop · Deployment Protocol",
        "1.1.0 to production · acme/shop · Deployment Protocol",
    ]


def test_who_is_told_to_log_out_finds_the_button(reader: Visitor) -> None:
    page = words(reader.get(f"/{SHOP}/schedule/nowhere"))
    assert "log out and in again" in page
    assert "grace Log out" in page


def test_a_gate_is_shown_with_every_finding_in_the_words_of_its_check_run(
    served: Served, visitor: Visitor
) -> None:
    in_two_days = now() + timedelta(days=2)  # before the gate expires
    gate = served.shop.push(CLOSED.replace("2099-01-01", f"{in_two_days:%Y-%m-%d}"))
    served.settle()
    page = words(visitor.get(f"/{SHOP}"))
    title = str(served.check().title)
    assert title in page
    assert title in words(visitor.get("/"))
    told = [
        one.replace("\\", "")
        for one in re.findall(r"^\| ⏳ \| [\w ]+ \| (.*?) `", served.summary(), re.MULTILINE)
    ]
    assert len(told) == 2
    assert all(sentence.replace(" _(", " (").removesuffix("_") in page for sentence in told)
    assert f"run {gate.run_id}" in page
    assert f"{gate.sha[:7]} of main waits since" in page
    assert re.search(
        r"Looked at again whenever something changes, at the latest \w{3} .* Last look just now\.", page
    )


def test_the_check_run_s_details_lead_to_its_environment(served: Served, visitor: Visitor) -> None:
    served.shop.push(CLOSED)
    served.settle()
    where = urlsplit(str(served.check().details_url))
    assert f"{where.scheme}://{where.netloc}" == served.settings.public_url
    assert f'id="{where.fragment}"' in visitor.get(where.path).text


def test_the_page_says_whether_it_is_open_when_next_and_who_helps(served: Served, visitor: Visitor) -> None:
    served.shop.push(CLOSED)
    page = words(visitor.get(f"/{SHOP}"))
    assert "production Closed Opens Thu 2099-01-01 10:00 CET (in " in page
    assert "May deploy anyone with write access" in page
    assert "Emergency team acme/on-call, with /emergency production REASON · https://acme.example" in page


def test_of_a_crowd_the_longest_waiting_are_shown_and_the_others_counted(
    served: Served, visitor: Visitor
) -> None:
    room = Gates(served.engine)
    for number in range(1, 31):
        room.wait(make_gate(number, datetime(2026, 11, 23, 10, number, tzinfo=UTC)), served.clock())
    page, home = words(visitor.get(f"/{SHOP}")), words(visitor.get("/"))
    assert [int(one) for one in re.findall(r"in run (\d+)", page)] == list(range(1, 21))
    assert "And 10 more wait." in page
    assert (home.count("about to be looked at"), "And 28 more wait for production." in home) == (2, True)


def test_an_environment_without_windows_is_open_at_any_time(reader: Visitor) -> None:
    assert "production Open Open at any time Runs nothing yet" in words(reader.get(f"/{SHOP}"))


def test_what_runs_is_what_github_says_runs(served: Served, visitor: Visitor) -> None:
    sha, github = served.shop.push(POLICY).sha, served.shop.github()
    made = github.create_deployment(sha=sha, ref="", environment="production", payload={"version": "1.2"})
    github.post_deployment_status(made, state="success")
    page = words(visitor.get(f"/{SHOP}"))
    assert re.search(rf"Runs 1\.2 \({sha[:7]}\) since \w{{3}} [\d-]+ [\d:]+ UTC, by gate\[bot\]", page)


def test_a_declared_freeze_closes_the_page_s_environment(served: Served, visitor: Visitor) -> None:
    served.shop.push(POLICY)
    body = "environment: production\nuntil: 2099-01-01 10:00\nreason: Inventory <b>"
    served.shop.ask("POST", "/issues", {"title": "Stop", "body": body, "labels": ["deploy-freeze"]})
    page = words(visitor.get(f"/{SHOP}"))
    assert "production Closed Opens Thu 2099-01-01 10:00 UTC" in page
    assert "frozen until Thu 2099-01-01 10:00 UTC: Inventory <b> (ada)" in page
    assert "Inventory <b>" in words(visitor.get(f"/{SHOP}/schedule/production"))


def test_a_freeze_by_a_stranger_closes_nothing(served: Served, visitor: Visitor) -> None:
    served.shop.push(POLICY)
    issue = served.shop.ask("POST", "/issues", {"title": "Stop"}, by="bo")
    served.shop.ask("PATCH", f"/issues/{issue['number']}", {"labels": ["deploy-freeze"]})
    assert "production Open" in words(visitor.get(f"/{SHOP}"))


def test_a_policy_that_cannot_be_used_is_said_and_nothing_is_called_open(
    served: Served, visitor: Visitor
) -> None:
    served.shop.push(POLICY.replace("approvals", "aprovals"))
    served.settle()
    page = words(visitor.get(f"/{SHOP}"))
    assert "The policy cannot be used, so every gate waits: .github/deploy.yml" in page
    assert "did you mean 'approvals'?" in page
    assert "production Not known" in page
    assert "Open" not in page


def test_the_organisation_s_windows_close_it_too(served: Served, visitor: Visitor) -> None:
    served.shop.push(POLICY)
    shared = "version: 1\nenvironments:\n  production: {windows: {open: ['2099-01-01 03:00-03:01']}}\n"
    served.shop.world.add_repository("acme/.github", files={".github/deploy.yml": shared})
    assert "production Closed Opens Thu 2099-01-01 03:00 UTC" in words(visitor.get(f"/{SHOP}"))


def test_an_environment_that_the_policy_does_not_name_is_never_called_open(
    served: Served, visitor: Visitor
) -> None:
    served.shop.push(POLICY.replace("production", "elsewhere"))
    served.settle()
    page = words(visitor.get(f"/{SHOP}"))
    assert "elsewhere Open" in page
    assert "production Not known Whether it is open cannot be told: the policy does not name" in page


def test_who_may_deploy_is_named_with_all_that_narrows_it(served: Served, visitor: Visitor) -> None:
    policy = POLICY + '    access: {deployers: ["user:ada", "team:acme/platform"]}\n'
    served.shop.push(policy)
    page = words(visitor.get(f"/{SHOP}"))
    assert "May deploy anyone with write access; and ada or team acme/platform" in page


def test_when_github_does_not_answer_the_page_shows_what_it_has(served: Served, visitor: Visitor) -> None:
    served.shop.push(CLOSED)
    served.settle()
    keep(served, make_entry())
    served.shop.world.faults.add(Fault(kind="status", path="/graphql", status=502, times=None))
    page = words(visitor.get(f"/{SHOP}"))
    assert "GitHub could not be asked just now, so nobody can say what is open" in page
    assert "production Not known" in page
    assert str(served.check().title) in page
    assert "1.2.3" in page


def test_however_many_look_github_is_asked_once(served: Served, visitor: Visitor) -> None:
    served.clock.stop()
    served.shop.push(POLICY)
    served.settle()
    before = len(served.asked("POST", "/graphql"))
    for path in (f"/{SHOP}", f"/{SHOP}/schedule/production", f"/{SHOP}", "/"):
        assert visitor.get(path).status_code == 200
    assert len(served.asked("POST", "/graphql")) == before + 1
    served.clock.later = 31
    visitor.get(f"/{SHOP}")
    assert len(served.asked("POST", "/graphql")) == before + 2


def test_the_first_page_tells_what_is_deployed_where_and_what_waits_comes_first(
    served: Served, visitor: Visitor
) -> None:
    world = served.shop.world
    for name in ("acme/apple", "acme/zebra"):
        world.add_repository(name, files={"README.md": "."})
        world.extend_installation(served.shop.installation, name)
    apple = [replace(make_entry(version=v, deployment_id=i), repository="acme/apple") for i, v in ((1, "7"),)]
    Entries(served.engine).copy("acme/apple", apple)
    failed = make_entry(status="rollback", version="9.9.9", deployment_id=9, at=AT + timedelta(days=1))
    keep(served, make_entry(), failed, make_entry(environment="staging", version="1.3.0"))
    served.shop.push(CLOSED)
    served.settle()
    keep(served, make_entry(), failed, make_entry(environment="staging", version="1.3.0"))
    visitor.log_in("ada")
    page = words(visitor.get("/"))
    assert page.index(SHOP) < page.index("acme/apple") < page.index("acme/zebra")
    assert "production runs 1.2.3 since Mon 2026-11-23 10:04 CET, by ada" in page
    assert "staging runs 1.3.0" in page
    assert "9.9.9" not in page
    assert "Nothing deployed yet acme/zebra" in page


def test_the_first_page_of_a_new_app_says_what_there_is_and_of_a_stranger_what_to_do(
    served: Served, visitor: Visitor
) -> None:
    said = "Nothing was deployed with the App yet, and nothing waits. Ready to be deployed acme/shop"
    assert said in words(visitor.get("/"))
    served.shop.repository.private = True
    with Visitor(url=served.settings.public_url) as stranger:
        page = words(stranger.log_in("bo"))
    assert "The App is installed on no repository that you may read. Install it on GitHub" in page


# -- the log


def test_the_log_is_paged_and_filtered(served: Served, visitor: Visitor) -> None:
    places = ("production", "staging")
    keep(
        served,
        *(
            make_entry(
                deployment_id=n, version=f"1.{n}.0", at=AT + timedelta(hours=n), environment=places[n % 2]
            )
            for n in range(1, 61)
        ),
    )
    served.shop.push(POLICY)
    assert versions(visitor, "") == list(range(60, 35, -1))
    assert versions(visitor, "?page=3") == list(range(10, 0, -1))
    assert versions(visitor, "?page=4") == []
    assert versions(visitor, "?environment=Staging&page=2") == [9, 7, 5, 3, 1]
    assert versions(visitor, "?environment=nowhere") == []
    first, middle = visitor.get(f"/{SHOP}").text, visitor.get(f"/{SHOP}?environment=staging").text
    assert ("Older</a>" in first, "Newer</a>" in first) == (True, False)
    assert f'href="/{SHOP}?environment=staging&amp;page=2#log">Older</a>' in middle


def test_a_log_of_one_page_has_no_empty_place_for_others(reader: Visitor) -> None:
    assert "Pages of the log" not in reader.get(f"/{SHOP}").text


@pytest.mark.parametrize("number", ["0", "-1", "x", "1e3", "٣", "9" * 400, ""], ids=ascii)
def test_what_is_no_page_s_number_is_the_first_page(number: str, reader: Visitor) -> None:
    assert versions(reader, f"?page={quote(number)}") == [1]


def versions(visitor: Visitor, query: str) -> list[int]:
    return [int(one) for one in re.findall(r"<bdi>1\.(\d+)\.0</bdi>", visitor.get(f"/{SHOP}{query}").text)]


WHOLE: dict[str, Any] = {
    "status": "rollback",
    "previous_version": "1.2.2",
    "changes": "Sell more (#7)",
    "changes_url": "https://github.example/compare",
    "included": (
        Part(title="Sell more", authors=("ada",), number=7, url="https://github.example/7", commits=3),
        Part(title="Mend it", authors=("bo", "cy")),
    ),
    "notes_url": "https://github.example/notes",
    "issues": ("Health check answered 503",),
    "seconds": 95.0,
    "metrics": (
        Change(name="Error rate", before="0.4 %", after="6.1 %"),
        Change(name="Queue depth", before="3", after=None),
    ),
    "findings": (Said(code="windows.open", verdict="allow", why="production is open"),),
    "approvers": ("grace",),
    "emergency": "The shop is down",
    "run_url": "https://github.example/run",
    "run_attempt": 2,
    "document_url": "https://github.example/issues/9",
}


def test_an_entry_s_page_tells_all_that_the_log_tells(served: Served, visitor: Visitor) -> None:
    entry = make_entry(**WHOLE)
    keep(served, entry)
    page = words(visitor.get(f"/{SHOP}/log/{entry.key}"))
    for line in render_entry(entry).splitlines():
        for part in plain(line):
            assert part in page, line
    assert "attempt 2" in page


def plain(line: str) -> list[str]:
    """The parts of a line of the log's Markdown, without its marks."""
    line = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", line).replace("\\", "").strip("#- ")
    line = re.sub(r"\A\d{4}-[\d: -]+Version", "", line)
    parts = re.split(r"\*\*:?|->|: | by |, | \(", line)
    return [part.strip(" ).") for part in parts if part.strip(" ).") not in ("", "allow")]


def test_metrics_nobody_measured_are_called_so(served: Served, visitor: Visitor) -> None:
    entry = make_entry()
    keep(served, entry)
    page = words(visitor.get(f"/{SHOP}/log/{entry.key}"))
    assert "Deployment time not measured Error rate not measured not measured Response time" in page


@pytest.mark.parametrize("key", ["production/43", "production", "../shop", "production/42/x", "%00"])
def test_an_entry_that_is_not_there_is_not_found(key: str, reader: Visitor) -> None:
    assert reader.get(f"/{SHOP}/log/{key}").status_code == 404


# -- the schedule


def test_the_schedule_of_any_environment_s_name_is_found(served: Served, visitor: Visitor) -> None:
    name = "eu/prod öst"
    served.shop.push(f"version: 1\nenvironments:\n  {name}: {{windows: {{closed: ['Sat,Sun']}}}}\n")
    linked = re.search(r'href="([^"]+)">The next two weeks', visitor.get(f"/{SHOP}").text)
    assert linked is not None
    page = visitor.get(html.unescape(linked[1]))
    assert (page.status_code, f"<h1>{name}" in page.text) == (200, True)
    assert len(re.findall(r'<th scope="row">', page.text)) == 14
    assert "closed: Sat,Sun" in words(page)


def test_the_schedule_of_an_environment_that_is_not_there_is_not_found(reader: Visitor) -> None:
    assert reader.get(f"/{SHOP}/schedule/nowhere").status_code == 404


def bars(policy: Any, now: datetime) -> list[Day]:
    made = make_policy(policy)
    return list(days_ahead(hours_of([made], "production", ()), now, made.timezone))


def test_a_day_shows_when_it_is_open_and_why_not() -> None:
    policy = {"windows": {"open": ["Mon-Fri 10:00-16:00"], "closed": ["Fri 12:00-24:00"]}}
    friday, saturday, *_, thursday = bars(policy, FRIDAY)
    assert friday.bars == (Bar(start=600, end=720),)
    assert (saturday.bars, saturday.why) == ((), "closed: outside Mon-Fri 10:00-16:00")
    assert (f"{thursday.date:%a %d %b}", [bar.text for bar in thursday.bars]) == (
        "Thu 10 Dec",
        ["10:00–16:00"],  # noqa: RUF001 - as the page writes it
    )


def test_a_window_over_midnight_is_cut_at_midnight_and_the_clock_on_the_wall_is_kept() -> None:
    night = {"windows": {"open": ["22:00-06:00"]}}
    days = bars(night, datetime(2026, 10, 24, 12, tzinfo=UTC))  # clocks go back that night
    assert [day.bars for day in days[:3]] == [(Bar(start=0, end=360), Bar(start=1320, end=1440))] * 3


def test_what_is_always_open_is_open_all_day() -> None:
    assert {day.bars for day in bars({}, FRIDAY)} == {(Bar(start=0, end=1440),)}


@pytest.mark.parametrize(
    ("left", "said"),
    [
        (timedelta(seconds=20), "in less than a minute"),
        (timedelta(minutes=5, seconds=40), "in 5m"),
        (timedelta(hours=3, minutes=59), "in 3h59m"),
        (timedelta(days=2, hours=16, minutes=5), "in 2d16h"),
        (timedelta(days=40, hours=5), "in 40d"),
    ],
    ids=str,
)
def test_a_time_ahead_is_said_as_exactly_as_it_matters(left: timedelta, said: str) -> None:
    assert ahead(FRIDAY + left, FRIDAY) == said


def test_a_time_gone_by_is_said_likewise() -> None:
    assert ago(FRIDAY - timedelta(seconds=5), FRIDAY) == "just now"
    assert ago(FRIDAY - timedelta(hours=25), FRIDAY) == "1d1h ago"


def test_the_hour_that_comes_twice_counts_twice() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    before, after = datetime(2026, 10, 25, 1, tzinfo=berlin), datetime(2026, 10, 25, 4, tzinfo=berlin)
    assert (ahead(after, before), ago(before, after)) == ("in 4h", "4h ago")


# -- what pages never do


def test_peers_20_what_others_wrote_is_shown_as_text_on_every_page(served: Served, visitor: Visitor) -> None:
    texts = ("version", "deployer", "changes", "emergency", "previous_version")
    hostile = dict.fromkeys(texts, AWKWARD)
    entry = make_entry(
        **hostile,
        issues=(AWKWARD,),
        approvers=(AWKWARD,),
        metrics=(Change(name=AWKWARD, before=AWKWARD, after=AWKWARD),),
        findings=(Said(code="x", verdict=AWKWARD, why=AWKWARD),),
        included=(Part(title=AWKWARD, authors=(AWKWARD,), url="javascript:alert(1)"), Part(title="b")),
        changes_url="javascript:alert(1)",
        run_url="data:text/html,<script>alert(1)</script>",
        document_url="//evil.example",
    )
    keep(served, entry)
    served.shop.push(POLICY.replace("Release manager", "<script>alert(1)</script>"))
    served.settle()
    keep(served, entry)
    for path in ("/", f"/{SHOP}", f"/{SHOP}/log/{entry.key}"):
        page = visitor.get(path)
        assert page.status_code == 200
        assert "<script" not in page.text
        assert html.escape("<script>") in page.text
        assert [
            one for one in re.findall(r'href="([^"]*)"', page.text) if not re.match(r"https?://|/", one)
        ] == []
        assert "//evil" not in re.findall(r'href="([^"]*)"', page.text)


@pytest.mark.parametrize(
    "path", ["/", f"/{SHOP}", f"/{SHOP}/schedule/production", "/acme/none", "/login/callback"]
)
def test_every_page_is_guarded_by_its_headers(path: str, reader: Visitor) -> None:
    page = reader.get(path)
    assert {name: page.headers[name] for name in HEADERS} == HEADERS
    policy = page.headers["Content-Security-Policy"].split("; ")
    assert {"default-src 'none'", "style-src 'self'", "frame-ancestors 'none'", "base-uri 'none'"} <= set(
        policy
    )
    assert not any("unsafe" in one or "http" in one or "*" in one for one in policy)
    assert not re.search(r"<script|<style|\sstyle=|\son\w+=", page.text)


@pytest.mark.parametrize("path", ["/", f"/{SHOP}", f"/{SHOP}/schedule/production", "/login"])
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
def test_pages_are_only_read(method: str, path: str, reader: Visitor) -> None:
    answer = reader.session.request(method, reader.url + path, timeout=10)
    assert (answer.status_code, "page.method" in answer.text) == (405, True)


def test_head_answers_as_get_does_without_the_page(reader: Visitor) -> None:
    answer = reader.session.head(f"{reader.url}/{SHOP}", timeout=10)
    assert (answer.status_code, answer.text) == (200, "")


def test_a_page_that_fails_says_so_with_its_code_and_the_log_says_why(
    served: Served, visitor: Visitor
) -> None:
    with served.engine.begin() as connection:
        connection.execute(text("DROP TABLE entries"))
    with capture_logs() as said:
        answer = visitor.get("/")
    assert (answer.status_code, "page.failed" in answer.text) == (500, True)
    assert "no such table" not in answer.text
    told = next(one for one in said if one["event"] == "page.failed")
    assert "no such table: entries" in str(told["exc_info"])


def test_a_doubled_slash_leads_nowhere_but_to_us(reader: Visitor) -> None:
    answer = reader.session.get(f"{reader.url}//evil.example//shop", allow_redirects=False, timeout=10)
    assert (answer.status_code, answer.headers["Location"]) == (308, f"{reader.url}/evil.example/shop")


@pytest.mark.parametrize(
    "path", ["/nothing", "/a/b/c/d", "/static/../app.py", "/static/nothing.css", "/%ff/x", "/setup"]
)
def test_what_is_not_there_is_not_found(path: str, reader: Visitor) -> None:
    answer = reader.get(path)
    assert (answer.status_code, "page.not_found" in answer.text) == (404, True)


def test_below_a_path_of_public_url_every_link_begins_with_it(served: Served) -> None:
    settings = replace(served.settings, public_url="https://acme.example/deploy")
    page = Client(create_app(settings, served.engine, served.queue, served.clock)).get("/")
    links = re.findall(r'(?:href|action)="([^"]+)"', page.text)
    assert len(links) >= 3
    assert all(link.startswith("/deploy/") for link in links)


def test_the_page_of_operating_names_every_code_a_page_can_end_with() -> None:
    paper = (Path(__file__).parents[2] / "docs" / "operating.md").read_text()
    assert set(re.findall(r"^\| `((?:page|login|setup)\.\w+)` ", paper, re.MULTILINE)) == set(PROBLEMS)
