from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import psutil
import pytest

from action.job import Progress
from action.monitoring import watch
from action.outcome import _ONCE_LOOKED
from action.result import Result
from action.run import run
from action.stop import Stop
from protocol.facts import Freeze
from protocol.policy import Access, EmergencyAccess, Metric, MetricsSource, Monitor, Policy, RollbackIf
from protocol.principals import Principal
from tests.jobs import SHA, GitHubInMemory, policy_of
from tests.metrics import prometheus_says, station

POLICY = """
steps:
  verify: {{run: 'echo 1.0.0'}}
  deploy: {{run: 'echo "deploy $VERSION" >> story'}}
monitor:
  for: 15m
  every: 1s
  source: {source}
  metrics:
{metrics}
rollback: {{run: 'echo "deploy $PREVIOUS_VERSION" >> story'}}
"""
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
ERRORS = "{query: errors, rollback_if: {above: 0.05}}"
RISING = "{query: errors, rollback_if: {rises: 50%}}"


def policy(source: str, metrics: dict[str, str], *, length: float = 0.1, more: str = "") -> Policy:
    """A look every tenth of a second, which a file cannot say, for `length` seconds."""
    lines = "\n".join(f"    {name}: {metric}" for name, metric in metrics.items())
    text = POLICY.format(source=source, metrics=lines).replace("  every: 1s\n", f"  every: 1s\n{more}", 1)
    return hurried(policy_of(text), length)


def hurried(policy: Policy, length: float) -> Policy:
    environment = policy.environments["production"]
    assert environment.monitor is not None
    quick = {"for_": timedelta(seconds=length), "every": timedelta(seconds=0.1)}
    monitor = environment.monitor.model_copy(update=quick)
    return policy.model_copy(
        update={"environments": {"production": environment.model_copy(update={"monitor": monitor})}}
    )


def run_with(desk: Any, text: Policy, **given: Any) -> tuple[Result, GitHubInMemory]:
    github = GitHubInMemory(policies=[text], **given)
    return run(desk.job, github), github


def prints(value: str) -> str:
    return f"{{run: {json.dumps(value)}}}"


def test_steady_metrics_pass_and_stand_before_and_after_in_the_log(desk_of: Any) -> None:
    desk = desk_of(environ={"METRICS_TOKEN": "t0ken-of-metrics"})
    with station(prometheus_says(0.01, before=0.01)) as there:
        source = f"{{prometheus: '{there.url}', token: METRICS_TOKEN}}"
        result, _ = run_with(desk, policy(source, {"error_rate": ERRORS}))
    assert (result.status, result.issues) == ("success", ())
    assert [step.name for step in result.steps] == ["baseline", "verify", "deploy", "monitor"]
    assert result.entry is not None
    [change] = result.entry.metrics
    assert (change.name, change.before, change.after) == ("Error rate", "0.01", "0.01")
    assert "error_rate: 0.01 before (60 measurements)" in desk.log
    assert "after 0s: error_rate 0.01 (before 0.01)" in desk.log
    summary = desk.job.workflow.summary_file.read_text(encoding="utf-8")
    assert "- Error rate: 0.01 -\\> 0.01" in summary.replace("->", "-\\>")
    assert "| error\\_rate | 0.01 | 0.01 |" in summary
    assert there.asked[0].headers["Authorization"] == "Bearer t0ken-of-metrics"
    assert "t0ken-of-metrics" not in desk.log.replace("::add-mask::t0ken-of-metrics", "")


class Hours(Stop):
    """Time that passes only while somebody sleeps; so a quarter of an hour is over at once."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0

    def sleep(self, seconds: float) -> None:
        assert seconds >= 0
        self.now += seconds

    def monotonic(self) -> float:
        return self.now


def test_a_quarter_of_an_hour_is_sixty_samples_on_the_second_and_a_line_each_minute(desk_of: Any) -> None:
    desk = desk_of()
    with Hours() as hours, station(prometheus_says(0.01, before=0.01)) as there:
        monitor = Monitor(
            source=MetricsSource(prometheus=there.url),
            metrics={"error_rate": Metric(query="errors", rollback_if=RollbackIf(above=0.05))},
        )
        sampled: list[float] = []

        def now() -> datetime:
            sampled.append(hours.now)
            return NOON + timedelta(seconds=hours.now)

        job = replace(desk.job, stop=hours, monotonic=hours.monotonic, clock=now)
        watch(monitor, job, Progress(environment="production", version="1.1.0", sha=SHA))
    assert sampled == [15.0 * number for number in range(1, 61)]
    lines = [line for line in desk.log.splitlines() if line.startswith("after ")]
    assert [line.partition(":")[0] for line in lines] == [f"after {minute}m" for minute in range(1, 16)]


def test_a_metric_over_its_bound_rolls_back_at_once(desk_of: Any) -> None:
    desk = desk_of()
    with station(prometheus_says(0.2, before=0.01)) as there:
        result, github = run_with(
            desk, policy(f"{{prometheus: '{there.url}'}}", {"error_rate": ERRORS}, length=900)
        )
    assert result.status == "rollback"
    assert [one.path for one in there.asked] == ["/api/v1/query_range", "/api/v1/query"]
    assert desk.file("story") == "deploy 1.1.0\ndeploy 1.0.0\n"
    assert result.issues[0] == "monitor: error_rate: 1 of 1 measurements above 0.05"
    assert "error\\_rate: 1 of 1 measurements above 0.05" in github.issues[0].body
    assert "### Metrics\n\n| Metric | Before | After |" in github.issues[0].body


def test_a_rise_far_beyond_chance_rolls_back_after_five_samples(desk_of: Any) -> None:
    desk = desk_of()
    with station(prometheus_says(0.2, before=0.01)) as there:
        result, _ = run_with(
            desk, policy(f"{{prometheus: '{there.url}'}}", {"error_rate": RISING}, length=900)
        )
    assert result.status == "rollback"
    asked = [one for one in there.asked if one.path == "/api/v1/query"]
    assert len(asked) == 5


def test_a_dry_run_is_shown_and_never_counts(desk_of: Any) -> None:
    desk = desk_of()
    dry = "{query: errors, rollback_if: {above: 0.05}, dry_run: true}"
    result, _ = run_with(desk, policy(prints("echo 0.2"), {"error_rate": dry}))
    assert result.status == "success"
    assert "fail (dry run)" in desk.job.workflow.summary_file.read_text(encoding="utf-8")


def test_no_traffic_is_neither_a_pass_nor_a_reason_to_go_back(desk_of: Any) -> None:
    desk = desk_of()
    result, _ = run_with(desk, policy(prints("true"), {"error_rate": ERRORS}))
    assert (result.status, result.exit_code) == ("held", 5)
    assert desk.file("story") == "deploy 1.1.0\n"
    assert result.issues[:2] == (
        "ada must look, since the metrics do not say whether it is well: error_rate: never measured",
        f"it stays; {_ONCE_LOOKED}",
    )
    assert re.fullmatch(r"at most 100% of users see 1\.1\.0, for \d+s so far", result.issues[2])
    assert "::error title=production%3A held for ada::ada must look, since the metrics" in desk.log


def test_a_source_that_dies_after_the_deployment_rolls_back(desk_of: Any) -> None:
    desk = desk_of()
    command = "test ! -e story && echo 0.01 || { echo the source is gone; exit 3; }"
    impatient = "{query: errors, rollback_if: {above: 0.05}, limits: {consecutive_errors: 1}}"
    result, _ = run_with(desk, policy(prints(command), {"error_rate": impatient}, length=60))
    assert result.status == "rollback"
    assert "2 errors in a row, the last: " in result.issues[0]
    assert "the source is gone" in result.issues[0]


def test_peers_20_a_secret_that_a_source_prints_is_in_no_summary(desk_of: Any) -> None:
    desk = desk_of(environ={"APP_TOKEN": "s3cr3t-value"})
    desk.job.console.mask_secrets(desk.job.environ)
    dry = "{query: errors, rollback_if: {above: 0.05}, dry_run: true}"
    result, _ = run_with(desk, policy(prints('echo "no $APP_TOKEN"; exit 3'), {"error_rate": dry}))
    summary = desk.job.workflow.summary_file.read_text(encoding="utf-8")
    assert "the last error" in summary
    assert "s3cr3t-value" not in summary + result.model_dump_json()


def test_a_deployment_that_cannot_be_watched_is_not_begun(desk_of: Any) -> None:
    desk = desk_of()
    result, _ = run_with(desk, policy(prints("exit 3"), {"error_rate": ERRORS}))
    assert result.status == "failed"
    assert result.issues[0].startswith("baseline: the deployment could not be watched: error_rate: ")
    assert desk.file("story") == ""


def test_a_token_that_is_not_set_begins_nothing_and_names_the_cure(desk_of: Any) -> None:
    desk = desk_of()
    result, _ = run_with(
        desk, policy("{prometheus: 'http://127.0.0.1:9', token: NO_TOKEN}", {"error_rate": ERRORS})
    )
    assert "NO_TOKEN is not set" in result.issues[0]
    assert desk.file("story") == ""


def test_in_an_emergency_a_deployment_goes_on_without_a_baseline(desk_of: Any) -> None:
    text = policy(prints("test -e story && echo 0.01"), {"error_rate": ERRORS}).model_copy(
        update={"access": Access(emergency=EmergencyAccess(who=(Principal("user", "ada"),)))}
    )
    desk = desk_of(emergency_reason="The shop is down")
    result, _ = run_with(desk, text, facts={"freezes": (Freeze(reason="Stocktaking", by="grace"),)})
    assert result.status == "success"
    assert result.issues[0].startswith("not measured before the deployment: error_rate")


def test_a_command_finds_its_query_and_our_words(desk_of: Any) -> None:
    desk = desk_of()
    run_with(desk, policy(prints('echo "$QUERY of $VERSION" >> asked; echo 0'), {"error_rate": ERRORS}))
    assert set(desk.file("asked").splitlines()) == {"errors of 1.1.0"}


def test_who_waits_for_a_baseline_is_told_how_much_is_measured(desk_of: Any) -> None:
    desk = desk_of()
    run_with(desk, policy(prints("echo 0"), {"errors": RISING, "bound": ERRORS}))
    assert "errors: 10 measurements, 0s apart\n" in desk.log
    assert "errors: 0 before (10 measurements)" in desk.log
    assert "bound: 0 before (1 measurement)" in desk.log


def test_damaged_data_roll_back_and_show_what_the_command_printed(desk_of: Any) -> None:
    desk = desk_of()
    integrity = "  integrity: {run: 'echo order 7 has no customer; exit 1', every: 1s}\n"
    result, _ = run_with(desk, policy(prints("echo 0"), {"error_rate": ERRORS}, length=30, more=integrity))
    assert result.status == "rollback"
    assert "monitor: the data are damaged: `echo order 7" in result.issues[0]
    assert "order 7 has no customer" in desk.log


def test_whole_data_pass(desk_of: Any) -> None:
    desk = desk_of()
    integrity = "  integrity: {run: 'echo looked >> looks', every: 1s}\n"
    result, _ = run_with(desk, policy(prints("echo 0"), {"error_rate": ERRORS}, length=2.5, more=integrity))
    assert result.status == "success"
    [watched] = [step for step in result.steps if step.name == "monitor"]
    assert 1 <= len(desk.file("looks").splitlines()) <= watched.seconds


def test_data_are_looked_at_again_and_again(desk_of: Any) -> None:
    desk = desk_of()
    third = "  integrity: {run: 'echo x >> looks; test $(wc -l < looks) -lt 3', every: 1s}\n"
    result, _ = run_with(desk, policy(prints("echo 0"), {"error_rate": ERRORS}, length=60, more=third))
    assert (result.status, desk.file("looks")) == ("rollback", "x\n" * 3)


def test_data_are_looked_at_once_at_least_and_without_any_metric(desk_of: Any) -> None:
    integrity = "{run: 'echo x >> looks', every: 1s}"
    text = f"steps: {{deploy: {{run: 'true'}}}}\nmonitor: {{for: 1s, every: 1s, integrity: {integrity}}}"
    desk = desk_of()
    result, _ = run_with(desk, policy_of(text))
    assert (result.status, set(desk.file("looks").split())) == ("success", {"x"})


def test_an_integrity_command_ends_with_the_watch(desk_of: Any) -> None:
    desk = desk_of()
    slow = "  integrity: {run: 'echo $$ > pid; sleep 60', every: 1s}\n"
    broken = prints("test -s pid && echo 9 || echo 0")
    result, _ = run_with(desk, policy(broken, {"error_rate": ERRORS}, length=30, more=slow))
    assert result.status == "rollback"
    assert not psutil.pid_exists(int(desk.file("pid")))


@pytest.mark.parametrize(
    ("metric", "looks"),
    [pytest.param(ERRORS, 1, id="once for a bound"), pytest.param(RISING, 10, id="ten times for a rise")],
)
@pytest.mark.parametrize(
    "takes", [pytest.param(0, id="quick"), pytest.param(0.15, id="slower than the looks")]
)
def test_a_source_without_memory_is_sampled_before(
    desk_of: Any, metric: str, looks: int, takes: float
) -> None:
    desk = desk_of()
    source = f"{{run: 'echo x >> looks; sleep {takes}; echo 0.01'}}"
    run_with(desk, policy(source, {"error_rate": metric}))
    assert desk.file("looks").count("x") == looks + 1


def test_a_command_has_as_long_to_answer_as_a_page(desk_of: Any) -> None:
    """It may take longer than from look to look, and a busy runner lets a quick one take long."""
    result, _ = run_with(desk_of(), policy(prints("sleep 1.2; echo 0.01"), {"error_rate": ERRORS}))
    assert (result.status, result.issues) == ("success", ())
