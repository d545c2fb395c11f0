"""`make demo`: a push travels through gate, checklist, steps and log, on this machine, without an account.

Real git, real HTTP, the real App under gunicorn, the real action as a process of its own, and a real
web server deployed by real commands. Exits 0 only if everything it tells was observed.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import re
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import requests

from gateway.tokens import PERMISSIONS
from sandbox.actions import LocalAction
from sandbox.server import serve
from sandbox.state import App
from sandbox.world import World

T = TypeVar("T")

HERE = Path(__file__).resolve().parent
REPOSITORY = "acme/shop"
ACTION_SHA, CHECKOUT_SHA = (
    "0123456789abcdef0123456789abcdef01234567",
    "08c6903cd8c0fde910a37f88322edcfb5dd907a8",
)
ENTRY = re.compile(r"<!-- deploy-protocol:entry [^\n]* -->\n(.*?)<!-- /deploy-protocol:entry ", re.DOTALL)
PATIENCE = 60.0  # seconds to wait for anything
EVENTS = (
    "deployment_protection_rule",
    "deployment_review",
    "deployment_status",
    "pull_request",
    "pull_request_review",
    "check_run",
    "check_suite",
    "status",
    "workflow_run",
    "issue_comment",
    "issues",
    "push",
)


class NotObserved(Exception):  # noqa: N818 - what the demo promised and did not see
    """Something the demo tells did not happen."""


@dataclass(kw_only=True)
class Person:
    """Somebody at a keyboard, speaking GitHub's REST API."""

    login: str
    api: str
    token: str = field(repr=False)

    def ask(self, verb: str, path: str, **body: Any) -> Any:
        answer = requests.request(
            verb,
            f"{self.api}/repos/{REPOSITORY}{path}",
            json=body or None,
            headers={"Authorization": f"Bearer {self.token}"},
            timeout=30,
        )
        if not answer.ok:
            raise NotObserved(
                f"{self.login}: {verb} {path} was answered {answer.status_code}: {answer.text[:300]}"
            )
        return answer.json() if answer.content else None


@dataclass(kw_only=True)
class Stage:
    """Everything that runs during the demo."""

    home: Path
    world: World
    app_url: str
    ada: Person
    grace: Person
    ports: dict[str, int]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--keep", action="store_true", help="leave it running until Ctrl-C")
    keep = parser.parse_args().keep
    started = time.monotonic()
    for wish in (signal.SIGINT, signal.SIGTERM):  # both end it tidily, in the background too
        signal.signal(wish, signal.default_int_handler)
    os.environ["NO_PROXY"] = os.environ["no_proxy"] = "127.0.0.1"  # no proxy of a company leads back here
    with tempfile.TemporaryDirectory(prefix="deploy-demo-") as home, set_up(Path(home)) as stage:
        try:
            play(stage)
        except NotObserved as error:
            say(f"\nNOT OBSERVED: {error}")
            say((stage.home / "service.log").read_text()[-3000:])
            return 1
        say(f"\nAll of it was observed, in {time.monotonic() - started:.0f} seconds.")
        if keep:
            stay(stage)
    return 0


def play(stage: Stage) -> None:
    """The story, in order."""
    scene("1. A good release, while a freeze is on")
    freeze = announce_freeze(stage)
    first = propose(stage, "Show the opening hours", {"shop/hours.txt": "Mon-Sat 9-18\n"})
    good = merge(stage, first)
    see_staging(stage, good)
    see_every_reason(stage, good)

    scene("2. The reasons go away, one by one")
    stage.grace.ask(
        "POST", f"/pulls/{first}/reviews", event="APPROVE", body="Reads well.", commit_id=head(stage, first)
    )
    say("grace approves the pull request")
    approve_environment(stage, good)
    stage.grace.ask("PATCH", f"/issues/{freeze}", state="closed")
    say(f"grace closes the freeze (issue #{freeze})")
    see_production(stage, good)
    read_log(stage, good)

    scene("3. A broken release: the cart is gone")
    second = propose(
        stage, "Tidy the page", {"shop/page.html": "<title>Shop</title><h1>Welcome, VERSION</h1>\n"}
    )
    stage.grace.ask(
        "POST", f"/pulls/{second}/reviews", event="APPROVE", body="Fine.", commit_id=head(stage, second)
    )
    broken = merge(stage, second)
    see_staging(stage, broken)
    approve_environment(stage, broken)
    see_rollback(stage, good, broken)


# Scenes


def announce_freeze(stage: Stage) -> int:
    issue = stage.grace.ask(
        "POST",
        "/issues",
        title="Stock is being counted",
        body="environment: production\n\nNobody deploys while the stock is being counted.",
        labels=["deploy-freeze"],
    )
    say(f"grace freezes production: issue #{issue['number']} '{issue['title']}'")
    return int(issue["number"])


def propose(stage: Stage, title: str, files: dict[str, str]) -> int:
    branch = title.lower().replace(" ", "-")
    stage.world.commit(REPOSITORY, files, title, branch=branch, author=stage.world.user("ada"))
    body = "## Rollback plan\n\n`./ops/deploy` with the version before; the orders file is kept.\n"
    pull = stage.ada.ask("POST", "/pulls", title=title, head=branch, base="main", body=body)
    say(f"ada opens pull request #{pull['number']} '{title}'")
    return int(pull["number"])


def merge(stage: Stage, number: int) -> str:
    sha = str(stage.ada.ask("PUT", f"/pulls/{number}/merge", merge_method="merge")["sha"])
    say(f"ada merges it: commit {sha[:7]} is pushed to main")
    return sha


def head(stage: Stage, number: int) -> str:
    return str(stage.ada.ask("GET", f"/pulls/{number}")["head"]["sha"])


def see_staging(stage: Stage, sha: str) -> None:
    wait_for(f"staging to serve {sha[:7]}", lambda: served(stage, "staging") == version(stage, sha))
    say(f"staging serves {version(stage, sha)} at http://127.0.0.1:{stage.ports['staging']}/")


def see_every_reason(stage: Stage, sha: str) -> None:
    wanted = ("freeze.active", "review.missing", "approvals.missing")
    check = wait_for(
        "the gate to wait for production with every reason",
        lambda: next(
            (c for c in checks(stage, sha) if all(w in c["output"]["summary"] for w in wanted)), None
        ),
    )
    say(f"production waits. Its check run says: {check['output']['title']}\n")
    say(indent(visible(check["output"]["summary"])))
    if served(stage, "production") is not None:
        raise NotObserved("production was to be untouched while the gate waits")


def approve_environment(stage: Stage, sha: str) -> None:
    run = wait_for("production's gate", lambda: waiting_run(stage, sha))
    [pending] = stage.grace.ask("GET", f"/actions/runs/{run}/pending_deployments")
    environment_ids = [pending["environment"]["id"]]
    stage.grace.ask(
        "POST",
        f"/actions/runs/{run}/pending_deployments",
        environment_ids=environment_ids,
        state="approved",
        comment="Go.",
    )
    say("grace approves the environment production")


def waiting_run(stage: Stage, sha: str) -> int | None:
    runs = stage.grace.ask("GET", f"/actions/runs?head_sha={sha}")["workflow_runs"]
    waiting = (int(run["id"]) for run in runs if run["status"] == "waiting")
    return next(
        (run for run in waiting if stage.grace.ask("GET", f"/actions/runs/{run}/pending_deployments")), None
    )


def see_production(stage: Stage, sha: str) -> None:
    began = time.monotonic()
    wait_for(f"production to serve {sha[:7]}", lambda: served(stage, "production") == version(stage, sha))
    took = time.monotonic() - began
    say(f"the gate opens by itself; {took:.1f} s later production serves {version(stage, sha)}")


def read_log(stage: Stage, sha: str) -> None:
    entry = wait_for("production's entry in the Release", lambda: production_entry(stage, sha, "Success"))
    say("the deployment log, read back from the Release:\n")
    say(indent(visible(entry)))


def see_rollback(stage: Stage, good: str, broken: str) -> None:
    issue = wait_for("the issue that documents the rollback", lambda: rollback_issue(stage))
    wait_for(
        f"production to serve {good[:7]} again", lambda: served(stage, "production") == version(stage, good)
    )
    say(f"its smoke test fails; production is rolled back and serves {version(stage, good)}")
    wait_for("the rollback in the log", lambda: production_entry(stage, broken, "Rollback"))
    run = next(run for run in stage.ada.ask("GET", f"/actions/runs?head_sha={broken}")["workflow_runs"])
    wait_for(
        "the job to fail",
        lambda: stage.ada.ask("GET", f"/actions/runs/{run['id']}")["conclusion"] == "failure",
    )
    say(f"the issue that documents it, #{issue['number']} '{issue['title']}':\n")
    say(indent(visible(issue["body"])))


# What can be observed


def served(stage: Stage, environment: str) -> str | None:
    with contextlib.suppress(requests.RequestException):
        return requests.get(f"http://127.0.0.1:{stage.ports[environment]}/version", timeout=2).text
    return None


def version(stage: Stage, sha: str) -> str | None:
    """The workflow numbers its releases: v1, v2, ..."""
    runs = stage.ada.ask("GET", f"/actions/runs?head_sha={sha}")["workflow_runs"]
    return f"v{runs[0]['run_number']}" if runs else None


def checks(stage: Stage, sha: str) -> list[dict[str, Any]]:
    runs = stage.ada.ask("GET", f"/commits/{sha}/check-runs")["check_runs"]
    return [run for run in runs if run["app"]["slug"] == "deploy-protocol" and run["output"]["summary"]]


def production_entry(stage: Stage, sha: str, status: str) -> str | None:
    """The version's Release holds an entry for each environment; this one is production's."""
    releases = stage.ada.ask("GET", "/releases")
    bodies = (release["body"] or "" for release in releases if release["tag_name"] == version(stage, sha))
    entries = (entry for body in bodies for entry in ENTRY.findall(body))
    wanted = (f"**Status**: {status}", "**Environment**: production")
    return next((entry for entry in entries if all(line in entry.splitlines() for line in wanted)), None)


def rollback_issue(stage: Stage) -> dict[str, Any] | None:
    issues = stage.ada.ask("GET", "/issues?state=open")
    return next((issue for issue in issues if "rolled back" in issue["title"].lower()), None)


def wait_for(what: str, look: Callable[[], T | None]) -> T:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        seen = look()
        if seen:
            return seen
        time.sleep(0.1)
    raise NotObserved(f"waited {PATIENCE:.0f} s for {what}")


# The stage


@contextlib.contextmanager
def set_up(home: Path) -> Iterator[Stage]:
    """Sandbox, runner and App; everything that was started is ended again."""
    ports = {name: free_port() for name in ("staging", "production", "app")}
    world = World(root=home / "github")
    server = serve(world, actions={"acme/deploy-action": local_action()})
    app_url = f"http://127.0.0.1:{ports['app']}"
    for login in ("ada", "grace"):
        world.add_user(login)
    world.add_org("acme", owners=("grace",), members=("ada",))
    world.add_repository(REPOSITORY, files=shop_files(home, ports), author=world.user("ada"))
    world.add_collaborator(REPOSITORY, "ada", "write")
    app = world.add_app(
        "deploy-protocol",
        owner="acme",
        permissions={**PERMISSIONS, "members": "read"},
        events=EVENTS,
        webhook_url=f"{app_url}/webhook",
        webhook_secret=secrets.token_hex(32),
    )
    world.install(app, REPOSITORY)
    world.add_environment(REPOSITORY, "staging")
    world.add_environment(REPOSITORY, "production", reviewers=(world.user("grace"),), custom=(app,))
    service = start_service(home=home, app_url=app_url, api_url=server.url, app=app)
    try:
        wait_for("the App to be ready", lambda: requests_ok(f"{app_url}/readyz"))
        say(f"a GitHub runs at {server.url}, the App at {app_url}")
        people = {n: Person(login=n, api=server.url, token=world.token_for(n)) for n in ("ada", "grace")}
        yield Stage(home=home, world=world, app_url=app_url, ports=ports, **people)
    finally:
        service.send_signal(signal.SIGTERM)
        service.wait(timeout=40)
        stop_shops(home)
        server.stop()


def shop_files(home: Path, ports: dict[str, int]) -> dict[str, str | bytes]:
    """The sample shop, with this machine's ports and directories filled in."""
    words = {
        "__STAGING_PORT__": str(ports["staging"]),
        "__PRODUCTION_PORT__": str(ports["production"]),
        "__SHOP_HOME__": str(home / "shop"),
        "__ACTION_SHA__": ACTION_SHA,
        "__CHECKOUT_SHA__": CHECKOUT_SHA,
    }
    files: dict[str, str | bytes] = {}
    for path in sorted((HERE / "shop").rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            text = path.read_text()
            for word, value in words.items():
                text = text.replace(word, value)
            files[str(path.relative_to(HERE / "shop"))] = text
    return files


def local_action() -> LocalAction:
    """The action's image is played by this very checkout: the same entry, without a container engine."""
    python = (sys.executable, "-m", "action")
    return LocalAction(
        directory=HERE.parent,
        entrypoint=python,
        post_entrypoint=(*python, "post"),
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(HERE.parent)},
    )


def start_service(*, home: Path, app_url: str, api_url: str, app: App) -> subprocess.Popen[bytes]:
    environ = {
        **os.environ,
        "GITHUB_APP_ID": str(app.id),
        "GITHUB_APP_PRIVATE_KEY": app.private_key,
        "GITHUB_WEBHOOK_SECRET": app.webhook_secret,
        "GITHUB_CLIENT_ID": app.client_id,
        "GITHUB_CLIENT_SECRET": app.client_secret,
        "GITHUB_API_URL": api_url,
        "GITHUB_SERVER_URL": api_url,
        "PUBLIC_URL": app_url,
        "HOST": "127.0.0.1",
        "PORT": app_url.rpartition(":")[2],
        "DATA_DIR": str(home / "service"),
        "DATABASE_URL": "",  # whatever database the terminal names is not ours to write to
    }
    with (home / "service.log").open("wb") as output:
        return subprocess.Popen([sys.executable, "-m", "service"], env=environ, stdout=output, stderr=output)


def stop_shops(home: Path) -> None:
    """End the web servers the deployments started, by the ids they left."""
    for file in (home / "shop").glob("*/server.pid"):
        with contextlib.suppress(ProcessLookupError, ValueError):
            os.kill(int(file.read_text()), signal.SIGTERM)


def requests_ok(url: str) -> bool:
    try:
        return requests.get(url, timeout=2).ok
    except requests.RequestException:
        return False


def free_port() -> int:
    """One that is given to nobody who asks for any: a socket that never listens holds it until we end."""
    holder = socket.socket()
    holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as servers set it, which so can take it
    holder.bind(("127.0.0.1", 0))
    port = int(holder.getsockname()[1])
    holder.detach()
    return port


def stay(stage: Stage) -> None:
    say(f"\nIt keeps running until Ctrl-C:\n  GitHub      {stage.world.url}\n  its pages   {stage.app_url}")
    for name in ("staging", "production"):
        say(f"  {name:<11} http://127.0.0.1:{stage.ports[name]}/")
    for person in (stage.ada, stage.grace):
        say(f"  {person.login + ' is':<11} Authorization: Bearer {person.token}")
    with contextlib.suppress(KeyboardInterrupt):
        signal.pause()


# Words on the terminal


def scene(title: str) -> None:
    say(f"\n{title}\n{'-' * len(title)}")


def say(text: str) -> None:
    print(text, flush=True)


def indent(text: str) -> str:
    return "\n".join(f"    {line}" for line in text.splitlines())


def visible(markdown: str) -> str:
    """What a person sees on the page: without the hidden machine form, folds and escapes."""
    lines, hidden = [], False
    for line in markdown.splitlines():
        hidden = hidden or line.startswith("<!--")
        if not hidden and not line.startswith(("<details", "</details")):
            lines.append(re.sub(r"\\([^A-Za-z0-9\s])", r"\1", line))
        hidden = hidden and not line.rstrip().endswith("-->")
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


if __name__ == "__main__":
    sys.exit(main())
