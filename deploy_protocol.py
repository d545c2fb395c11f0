"""The command line: one verb per capability, no logic. Each verb imports only what it needs."""

from __future__ import annotations

import errno
import json
import os
import re
import sys
from datetime import UTC, datetime
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import click

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from zoneinfo import ZoneInfo

    from gateway.github import GitHub
    from protocol.entry import Entry
    from protocol.errors import PolicyError
    from protocol.facts import Facts
    from protocol.measures import Week
    from protocol.policy import Policy
    from protocol.starting import Draft
    from service.inbox import Inbox

T = TypeVar("T")
Kept = TypeVar("Kept", "Entry", "Week")

DEFAULT_POLICY = ".github/deploy.yml"
OPEN = ALLOWED = 0
INVALID = 1
UNREADABLE = 2
CLOSED = WAITING = 3
REFUSED = 4
_INSTALL = "install the project where you work: `pip install {what}` in its checkout."
PARTS = {
    "action": "Deploy from a workflow with the action, or " + _INSTALL.format(what="."),
    "sandbox": "To try things, " + _INSTALL.format(what="'.[sandbox]'"),
    "service": "Run the App from its image, as docs/operating.md shows, or "
    + _INSTALL.format(what="'.[service]'"),
}
LIBRARIES = {
    "sandbox": ("flask", "graphql"),
    "service": (
        "alembic",
        "authlib",
        "flask",
        "gunicorn",
        "huey",
        "prometheus_client",
        "sqlalchemy",
        "structlog",
    ),
}

policy_option = click.option(
    "--policy", "file", metavar="FILE", default=DEFAULT_POLICY, show_default=True, help="The policy file."
)
environment_option = click.option("--environment", metavar="NAME", required=True, help="One of the policy's.")
at_option = click.option(
    "--at", metavar="ISO", help="The moment to ask about, in the policy's zone. Default: now."
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")


repository_option = click.option(
    "--repository", metavar="OWNER/NAME", help="Default: GITHUB_REPOSITORY, else git's origin."
)
since_option = click.option(
    "--since", metavar="D", help="A day such as 2026-11-01, a moment, or how long ago, such as 30d."
)


def _pinned(_: click.Context, __: click.Parameter, uses: str | None) -> str | None:
    if uses is None or re.fullmatch(r"[\w.-]+(/[\w.-]+)+@[0-9a-f]{40}", uses):
        return uses
    raise click.BadParameter(
        f"'{uses}' is not OWNER/REPO@COMMIT. Write the whole commit: a tag can be moved."
    )


def example(*lines: str) -> str:
    """A verb's example, which a test runs as it stands."""
    return "\b\nExample:\n  deploy-protocol " + "\n    ".join(lines)


class Verbs(click.Group):
    """A verb whose part an image leaves out says where it is to be had, and a full disk is named."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
            _forget_what_is_left()
            _fail(f"Nothing more can be written ({error.strerror}). Make room, or write it elsewhere.")
        except ModuleNotFoundError as error:
            if error.name not in PARTS:
                raise
            _fail(
                f"`deploy-protocol {ctx.invoked_subcommand}` needs the part `{error.name}`, which is not "
                f"installed here; the App's image holds the App alone. {PARTS[error.name]}"
            )


@click.group(cls=Verbs, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="deploy-protocol")
def main() -> None:
    """Decide whether, when and how a deployment may happen."""


@main.command(epilog=example("check docs/deploy.example.yml"))
@click.argument("file", default=DEFAULT_POLICY)
def check(file: str) -> None:
    """Check a policy FILE and run its own tests.

    Exit codes: 0 fit for use, 1 invalid or a test failed, 2 unreadable.
    """
    from protocol.policy_tests import run_policy_tests

    policy = _policy(file)
    outcomes = run_policy_tests(policy)
    for outcome in outcomes:
        click.echo(f"{'passed' if outcome.passed else 'FAILED'}  {outcome.message}", err=not outcome.passed)
    failed = sum(not outcome.passed for outcome in outcomes)
    if failed:
        click.echo(f"{file}: {failed} of {_counted(len(outcomes), 'test')} failed", err=True)
        sys.exit(INVALID)
    environments = _counted(len(policy.environments), "environment")
    click.echo(f"{file}: fit for use, {environments}, {_counted(len(outcomes), 'test')} passed")


@main.command(
    epilog=example(
        'windows --environment production --policy docs/deploy.example.yml --at "2026-11-27 17:55"'
    )
)
@environment_option
@policy_option
@at_option
@json_option
def windows(environment: str, file: str, at: str | None, as_json: bool) -> None:
    """Say whether deploying is open, why, and until when.

    Windows and the policy's own freezes count; freezes declared as issues are GitHub's to know.

    Exit codes: 0 open, 1 invalid policy, 2 unreadable, 3 closed.
    """
    from protocol.schedule import planned_freezes, schedule_of
    from protocol.shown import opening_data, opening_text

    policy = _policy(file)
    name, now, zone = _environment(policy, environment), _moment(at, policy), policy.timezone
    opening = schedule_of(policy, name).at(now, planned_freezes(policy, name))
    show = opening_data if as_json else opening_text
    _print(show(name, opening, now, zone))
    sys.exit(OPEN if opening.open else CLOSED)


@main.command(
    epilog=example(
        "decide --environment production --policy docs/deploy.example.yml \\",
        '--facts docs/facts.example.json --at "2026-11-25 11:00"',
    )
)
@environment_option
@click.option(
    "--policy",
    "files",
    metavar="FILE",
    multiple=True,
    default=[DEFAULT_POLICY],
    show_default=True,
    help="The policy file. Given again: first the organisation's, last the repository's own.",
)
@click.option(
    "--facts",
    "facts_file",
    metavar="FILE",
    required=True,
    help="JSON as docs/facts.md says; - reads standard input.",
)
@at_option
@json_option
def decide(environment: str, files: tuple[str, ...], facts_file: str, at: str | None, as_json: bool) -> None:
    """Decide about one deployment from its facts, as the App does.

    An invalid policy waits, as in the App; its problems are named on standard error.

    Exit codes: 0 allow, 2 unreadable, 3 wait, 4 refuse.
    """
    from protocol.decision import decide as decision_about
    from protocol.shown import decision_data, decision_text
    from protocol.verdict import Verdict

    if [*files, facts_file].count("-") > 1:
        _fail("-: standard input can be read once only. Name a file for the others.")
    policies = [_policy_or_error(file) for file in files]
    for policy in policies:
        if isinstance(policy, Exception):
            click.echo(str(policy), err=True)
    zone_giver = next((policy for policy in reversed(policies) if not isinstance(policy, Exception)), None)
    decision = decision_about(policies, _facts(facts_file, environment), _moment(at, zone_giver))
    show = decision_data if as_json else decision_text
    _print(show(decision, _zone(zone_giver)))
    codes = {Verdict.ALLOW: ALLOWED, Verdict.WAIT: WAITING, Verdict.REFUSE: REFUSED}
    sys.exit(codes[decision.verdict])


@main.command(epilog=example("plan --environment production --policy docs/deploy.example.yml"))
@environment_option
@policy_option
@json_option
def plan(environment: str, file: str, as_json: bool) -> None:
    """Show what a deployment would run, in order. Nothing is run.

    Exit codes: 0 shown, 1 invalid policy, 2 unreadable.
    """
    from protocol.plan import plan_of
    from protocol.plan_shown import plan_data, render_plan

    policy = _policy(file)
    planned = plan_of(policy, _environment(policy, environment))
    _print(plan_data(planned) if as_json else render_plan(planned))


@main.command(epilog=example("schema facts"))
@click.argument("what", type=click.Choice(["policy", "facts", "result"]), default="policy")
def schema(what: str) -> None:
    """Print a JSON Schema: the policy's, the facts' or the result's."""
    match what:
        case "policy":
            from protocol.schemas import policy_schema

            _print(policy_schema())
        case "facts":
            from protocol.facts_json import facts_schema

            _print(facts_schema())
        case _:
            from action.result import result_schema

            _print(result_schema())


@main.command(
    epilog=example("run --environment production --version v1.4.2 --dry-run"),
    short_help="Carry a deployment out, as the action does in a job.",
)
@environment_option
@click.option("--version", metavar="TEXT", help="What is deployed. Default: the tag or the commit.")
@click.option("--phase", metavar="PHASE", help="run, check, start, finish or rollback. Default: run.")
@click.option("--policy", metavar="FILE", help=f"The policy file. Default: {DEFAULT_POLICY}.")
@click.option("--emergency-reason", metavar="TEXT", help="Why this cannot wait for the rules.")
@click.option("--dry-run", is_flag=True, help="Decide and show the plan; run nothing.")
@click.option("--repeat", is_flag=True, help="Backup and migrate again, though an earlier attempt did.")
@click.option(
    "--github-token",
    metavar="TOKEN",
    envvar=["GITHUB_TOKEN", "GH_TOKEN"],
    show_envvar=True,
    help="Better given as a variable.",
)
@click.option("--check-run-id", metavar="ID", help="The job's check run.")
@click.option("--job-status", metavar="STATUS", help="How the job went so far.")
def run(**inputs: str | bool | None) -> None:
    """Carry a deployment out, as the action does in a job.

    The options are the action's inputs; repository and commit come from GitHub's own variables, such as
    GITHUB_REPOSITORY and GITHUB_SHA, else from git.

    Exit codes: 0 done, 1 failed, 2 bad input, 3 wait, 4 refuse, 5 held, 130 stopped.
    """
    from action.terminal import run_from_terminal

    given = {name: str(value) for name, value in inputs.items() if value is not None}
    sys.exit(run_from_terminal(given, os.environ))


@main.command(epilog=example("init --dry-run"), short_help="Write a policy and workflows to begin with.")
@click.option(
    "--action", metavar="USES", callback=_pinned, help="Our action as a workflow names it: OWNER/REPO@COMMIT."
)
@click.option("--yes", is_flag=True, help="Write without asking.")
@click.option("--dry-run", is_flag=True, help="Show what would be written; write nothing.")
def init(*, action: str | None, yes: bool, dry_run: bool) -> None:
    """Write a policy, workflows and a pull request template to begin with.

    They are made for what the repository has, and shown first. A file that is there is never changed.

    Exit codes: 0 written or nothing to do, 1 declined, 2 no git repository.
    """
    from gateway.checkout import Checkout, NoCheckout
    from protocol.starting import ACTION, drafts, say_surroundings

    try:
        checkout = Checkout.around(Path())
        seen = checkout.surroundings()
        click.echo(say_surroundings(seen))
        wanted = drafts(seen, action=action or ACTION)
        kept = checkout.kept(wanted)
        new = [draft for draft in wanted if draft.path not in kept]
        _show_drafts(wanted, kept)
        if not new or dry_run:
            click.echo("\nnothing is written")
        elif yes or click.confirm(f"\nWrite {_listed(new)}?"):
            for draft in new:
                checkout.write(draft)
            _show_next_steps(None if action else ACTION)
        else:
            sys.exit(INVALID)
    except NoCheckout as error:
        _fail(str(error))


@main.command(epilog=example("log --repository acme/shop --environment production --since 30d"))
@repository_option
@click.option("--environment", metavar="NAME", help="Only this one. Default: all.")
@since_option
@json_option
def log(repository: str | None, environment: str | None, since: str | None, as_json: bool) -> None:
    """Read the deployment log back from GitHub alone, newest first.

    The token comes from GITHUB_TOKEN; it needs to read contents, deployments and issues.

    Exit codes: 0 shown, 2 GitHub could not be read.
    """
    from gateway.record import log_entries
    from protocol.log import log_data, log_text

    start = _since(since)
    entries, hint = _seen(repository, lambda github: _found(partial(log_entries, github), environment, start))
    _print(log_data(entries) if as_json else hint or log_text(entries))


@main.group(epilog=example("hotfix start login"))
def hotfix() -> None:
    """Begin a hotfix from what production runs."""


@hotfix.command(
    "start", epilog=example("hotfix start login"), short_help="Make its branch, at the commit that runs."
)
@click.argument("name")
@policy_option
def start_hotfix(name: str, file: str) -> None:
    """Make the branch for hotfix NAME, at the commit that GitHub's deployments say runs.

    GITHUB_REPOSITORY and GITHUB_API_URL say where, else the remote `origin`. The token comes from
    GITHUB_TOKEN. Nothing is pushed.

    Exit codes: 0 begun, 1 invalid policy, 2 not begun, and why.
    """
    from gateway.checkout import Checkout
    from gateway.hotfixes import start_hotfix as start

    policy = _policy(file)
    begun = _seen(None, lambda github: start(Checkout.around(Path()), github, policy, name))
    runs = f"{begun.start.environment} runs" + (f" as {begun.start.version}" if begun.start.version else "")
    click.echo(f"{begun.branch} begins at {begun.start.sha[:7]}, which {runs}.")
    if begun.dirty:
        click.echo("What you had not committed came along: `git stash` what is no part of the fix.", err=True)
    click.echo(f"Fix only that, commit, then: git push -u origin {begun.branch}")


@hotfix.command(
    "pull",
    epilog=example('hotfix pull login --title "The login answers again"'),
    short_help="Open its pull request, once the branch is pushed.",
)
@click.argument("name")
@click.option("--title", metavar="TEXT", help="Default: Hotfix: NAME.")
@policy_option
def open_hotfix(name: str, title: str | None, file: str) -> None:
    """Open the pull request of hotfix NAME, labelled `hotfix`, once its branch is pushed.

    Its text says what a hotfix may skip and what it needs. The token comes from GITHUB_TOKEN; it needs to
    write pull requests and issues.

    Exit codes: 0 open, 1 invalid policy, 2 not opened, and why.
    """
    from gateway.hotfixes import open_hotfix as open_pull

    policy = _policy(file)
    opened = _seen(None, lambda github: open_pull(github, policy, name, title=title or f"Hotfix: {name}"))
    click.echo(
        f"{opened.url} brings {opened.branch} to {opened.base}: {_counted(opened.lines, 'line')} changed."
    )
    if opened.too_large:
        click.echo(
            "That is much for a hotfix. Fix only what is broken, and leave the rest for later.", err=True
        )


@main.command(
    epilog=example("metrics --repository acme/shop --environment production --since 90d"),
    short_help="Measure deploying, per environment and ISO week.",
)
@repository_option
@click.option("--environment", metavar="NAME", help="Only this one. Default: all.")
@since_option
@json_option
def metrics(repository: str | None, environment: str | None, since: str | None, as_json: bool) -> None:
    """Measure deploying, per environment and ISO week, from GitHub's records.

    Deployment frequency, lead time for changes, change failure rate and time to restore, as
    docs/measures.md defines them. The token comes from GITHUB_TOKEN; it needs to read contents and
    deployments.

    Exit codes: 0 shown, 2 GitHub could not be read.
    """
    from gateway.attempts import weekly_measures
    from protocol.measures import measures_data, measures_text

    start = _since(since)
    weeks, hint = _seen(
        repository, lambda github: _found(partial(weekly_measures, github), environment, start)
    )
    _print(measures_data(weeks) if as_json else hint or measures_text(weeks))


@main.command(epilog=example("serve"), short_help="Run the App; `serve setup` registers it on GitHub.")
@click.argument("part", type=click.Choice(["all", "web", "worker", "setup"]), default="all")
def serve(part: str) -> None:
    """Run the App: web and worker together, or one PART; `setup` registers it on GitHub first.

    Settings come from the environment; a missing or bad one is named and stops the start (exit code 2).
    """
    _need_libraries("service")
    from service.__main__ import main as start

    sys.exit(start([part]))


@main.group(epilog=example("deliveries list"))
def deliveries() -> None:
    """See webhooks the App could not handle, and hand them in again.

    DATABASE_URL or DATA_DIR say where, as for `serve`.
    Exit codes: 0 done, 1 no such delivery, 2 bad settings or no database.
    """


@deliveries.command("list", epilog=example("deliveries list --state dead"))
@click.option(
    "--state", type=click.Choice(["dead", "new", "done"]), default="dead", show_default=True, help="Which."
)
@json_option
def list_deliveries(state: str, as_json: bool) -> None:
    """List deliveries, oldest first. The dead are those that failed too often."""
    from service.letters import deliveries_data, deliveries_text

    found = _asked(lambda inbox: inbox.listed(state))
    _print(deliveries_data(found) if as_json else deliveries_text(found))


@deliveries.command("show", epilog=example("deliveries show 72d3162e-cc78-11e3-81ab-4c9367dc0958"))
@click.argument("guid")
@json_option
def show_delivery(guid: str, as_json: bool) -> None:
    """Show one delivery, with its payload and why it failed."""
    from service.letters import delivery_data, delivery_text

    found = _asked(lambda inbox: inbox.found(guid))
    if found is None:
        _fail(f"{guid}: no such delivery. `deploy-protocol deliveries list` names them.", INVALID)
    _print(delivery_data(found) if as_json else delivery_text(found))


@deliveries.command(
    "replay",
    epilog=example("deliveries replay 72d3162e-cc78-11e3-81ab-4c9367dc0958"),
    short_help="Hand deliveries in again.",
)
@click.argument("guids", metavar="GUID...", nargs=-1)
@click.option("--all", "every", is_flag=True, help="Every dead one.")
def replay_deliveries(guids: tuple[str, ...], every: bool) -> None:
    """Hand deliveries in again; a running worker takes them up within seconds."""
    from service.letters import replay

    if bool(guids) == every:
        _fail("Name deliveries, or give --all for every dead one.")
    now = datetime.now(UTC).timestamp()
    replayed, unknown = _asked(lambda inbox: replay(inbox, guids, now))
    for guid in unknown:
        click.echo(f"{guid}: no such delivery, or it is done.", err=True)
    click.echo(f"{_counted(len(replayed), 'delivery', 'deliveries')} handed in again")
    sys.exit(INVALID if unknown else 0)


@main.command(epilog=example("sandbox --port 8080"))
@click.option("--port", type=click.IntRange(0, 65535), default=0, show_default="one that is free")
@click.option("--root", metavar="DIR", help="An empty directory for its git repositories.")
@click.option("--seed", metavar="FILE", help="YAML: the users, repositories and Apps to begin with.")
@click.option("--record", metavar="FILE", help="Append every exchange, one JSON object a line.")
@click.option("--json", "as_json", is_flag=True, help="Introduce itself as one JSON object.")
def sandbox(port: int, as_json: bool, **places: str | None) -> None:
    """Run a GitHub on loopback, to try all without an account.

    It prints its address and its tokens, and runs until it is told to stop.
    """
    _need_libraries("sandbox")
    from sandbox.server import main as start

    given = [f"--{name}={place}" for name, place in places.items() if place is not None]
    sys.exit(start([f"--port={port}", *given, *(["--json"] if as_json else [])]))


def _print(shown: str | dict[str, Any]) -> None:
    click.echo(shown if isinstance(shown, str) else json.dumps(shown, indent=2, ensure_ascii=False))


def _show_drafts(wanted: Sequence[Draft], kept: Mapping[str, Draft]) -> None:
    from protocol.starting import POLICY, advice

    policy = next(kept.get(POLICY, draft) for draft in wanted if draft.path == POLICY)
    for draft in wanted:
        if draft.path not in kept:
            click.echo(f"\n{_as_added(draft)}")
            continue
        file = kept[draft.path]
        click.echo(f"\nkept as it is: {file.path}")
        lacking = advice(file, place=draft.path, policy=policy.text)
        if lacking:
            click.echo(f"  {lacking}")


def _show_next_steps(placeholder: str | None) -> None:
    click.echo("written; fill in the commands that are missing, then run `deploy-protocol check`")
    if placeholder is not None:
        click.echo(f"In the workflows, put our action's address and commit in place of {placeholder}")


def _as_added(draft: Draft) -> str:
    added = (click.style(f"+{line}", fg="green") for line in draft.text.splitlines())
    return "\n".join([click.style(f"new: {draft.path}", bold=True), *added])


def _listed(drafts: Sequence[Draft]) -> str:
    from protocol.wording import say_all

    return say_all(draft.path for draft in drafts)


def _forget_what_is_left() -> None:
    """Or Python tries to write it once more when it ends, and its own exit code hides ours."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _fail(message: str, code: int = UNREADABLE) -> NoReturn:
    click.echo(message, err=True)
    sys.exit(code)


def _counted(count: int, noun: str, nouns: str = "") -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {nouns or noun + 's'}"


def _need_libraries(part: str) -> None:
    """Stop with the cure where the extra with a part's libraries was not installed."""
    lacking = next((name for name in LIBRARIES[part] if find_spec(name) is None), None)
    if lacking is not None:
        _fail(f"The part `{part}` needs {lacking}, which is not installed here. {PARTS[part]}")


def _asked(ask: Callable[[Inbox], T]) -> T:
    """What the App's inbox answers."""
    _need_libraries("service")
    from sqlalchemy.exc import SQLAlchemyError

    from service.letters import open_inbox
    from service.settings import SettingsError

    try:
        with open_inbox(os.environ) as inbox:
            return ask(inbox)
    except SettingsError as error:
        _fail(str(error))
    except SQLAlchemyError as error:
        reason = str(error).splitlines()[0]
        _fail(f"The App's database does not answer ({reason}). Set DATABASE_URL or DATA_DIR as for `serve`.")


def _seen(repository: str | None, look: Callable[[GitHub], T]) -> T:
    """What GitHub shows the token of this terminal."""
    from gateway.command_line import repository_of
    from gateway.errors import GatewayError

    try:
        with repository_of(os.environ, repository) as github:
            return look(github)
    except GatewayError as error:
        _fail(str(error))


def _found(
    look: Callable[..., Sequence[Kept]], environment: str | None, since: datetime | None
) -> tuple[Sequence[Kept], str]:
    """What is kept of the environment; where that is nothing, a sentence that names those that have some."""
    from protocol.wording import none_to

    found = look(environment=environment, since=since)
    if found or environment is None:
        return found, ""
    others = {one.environment for one in look(since=since)}
    return found, none_to(environment, others, in_time=since is not None) if others else ""


def _since(text: str | None) -> datetime | None:
    from protocol.moments import parse_since

    try:
        return None if text is None else parse_since(text, datetime.now(UTC))
    except ValueError as error:
        _fail(f"--since: {error}")


def _read(file: str) -> bytes:
    try:
        return sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    except OSError as error:
        _fail(f"{file or repr(file)}: cannot be read ({error.strerror}). {_cure(error, file)}")


def _cure(error: OSError, file: str) -> str:
    match error:
        case IsADirectoryError():
            return "Name a file in it."
        case PermissionError():
            return "Allow yourself to read it, or name another."
        case FileNotFoundError() if file == DEFAULT_POLICY:
            return "Name the policy, or begin one with `deploy-protocol init`."
    return "Name a file that is there."


def _policy(file: str) -> Policy:
    policy = _policy_or_error(file)
    if isinstance(policy, Exception):
        _fail(f"{policy}\n{policy.count} found; until the policy is mended, nothing is deployed.", INVALID)
    return policy


def _policy_or_error(file: str) -> Policy | PolicyError:
    from protocol.document import parse_policy
    from protocol.errors import PolicyError

    try:
        return parse_policy(_read(file), file)
    except PolicyError as error:
        return error


def _environment(policy: Policy, name: str) -> str:
    """The environment as the policy writes it; GitHub does not tell the case of their names apart."""
    from protocol.wording import not_known

    found = next((known for known in policy.environments if known.casefold() == name.casefold()), None)
    return found or _fail(f"--environment: {not_known('environment', name, policy.environments)}")


def _moment(at: str | None, policy: Policy | None) -> datetime:
    from protocol.moments import parse_moment

    try:
        return datetime.now(UTC) if at is None else parse_moment(at, _zone(policy))
    except ValueError as error:
        _fail(f"--at: {error}")


def _zone(policy: Policy | None) -> ZoneInfo:
    from protocol.moments import parse_zone

    return policy.timezone if policy is not None else parse_zone("UTC")


def _facts(file: str, environment: str) -> Facts:
    from protocol.facts_json import FactsError, read_facts

    try:
        facts = read_facts(_read(file), file)
    except FactsError as error:
        _fail(str(error))
    if facts.environment.casefold() != environment.casefold():
        _fail(f"{file}: these facts are about '{facts.environment}', not '{environment}': ask about that one")
    return facts


if __name__ == "__main__":
    main(prog_name="deploy-protocol")
