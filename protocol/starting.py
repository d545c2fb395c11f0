"""The files a repository begins with: a policy, workflows and a pull request template, by what it has."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from textwrap import indent

from protocol.document import parse_policy
from protocol.errors import PolicyError
from protocol.policy import DEFAULTS
from protocol.sections import is_filled
from protocol.wording import say_all

POLICY = ".github/deploy.yml"
WORKFLOW = ".github/workflows/deploy.yml"
AROUND = ".github/workflows/deploy-own-steps.yml"
TEMPLATE = ".github/pull_request_template.md"
ACTION = "acme/deploy-action@0123456789abcdef0123456789abcdef01234567"
CHECKOUT = "actions/checkout@08c6903cd8c0fde910a37f88322edcfb5dd907a8 # v5.0.0"
_USUAL_ENVIRONMENTS = ("staging", "production")
_ONCE_STARTED = "if: always() && steps.start.outputs.status == 'started'"
_USES_US = re.compile(r"\bwith:[\s{]*environment:")  # a step of the action, as every example writes it
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_./-]*( [A-Za-z0-9_./-]+)*")
_NO_TEXT = ("true", "false", "yes", "no", "on", "off", "y", "n", "null")  # to one YAML or another
_UNWRITTEN = "echo 'Write in .github/deploy.yml how to {what}' && exit 1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Migrations:
    """How the database's migrations are run here. Empty where nothing tells."""

    found: str
    run: str = ""
    undo: str = ""
    lint: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What the repository has already."""

    branch: str = "main"
    languages: tuple[str, ...] = ()
    deploy: str = ""  # a command of its own that looks like the one
    migrations: Migrations | None = None
    workflows: tuple[str, ...] = ()
    environments: tuple[str, ...] = ()
    pull_requests_test: bool = False  # a workflow of its own runs on pull requests
    deploys_already: bool = False  # by a workflow that none of the drafts takes the place of


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A file as it would be written."""

    path: str
    text: str


def drafts(seen: Surroundings, *, action: str = ACTION) -> tuple[Draft, ...]:
    """What to begin with. The second workflow is for teams that keep deploy steps of their own."""
    return (
        Draft(path=POLICY, text=policy_text(seen)),
        Draft(path=WORKFLOW, text=workflow_text(seen, action)),
        Draft(path=AROUND, text=around_text(seen, action)),
        Draft(path=TEMPLATE, text=template_text(seen)),
    )


def advice(kept: Draft, *, place: str, policy: str) -> str:
    """What a file of the repository's own lacks in a draft's place, by that policy; empty for nothing."""
    if place == TEMPLATE:
        lacking = [f"`## {title}`" for title in _sections_of(policy) if is_filled(kept.text, title) is None]
        if lacking:
            return f"Add {say_all(lacking)}: the checklist reads what stands there, and waits without it."
    if place == WORKFLOW and not _USES_US.search(kept.text):
        return f"If it deploys, it bypasses the policy: put the action into it, as {AROUND} shows."
    return ""


def _sections_of(policy: str) -> tuple[str, ...]:
    """The headings that its checklists ask for; none of a policy that cannot be read."""
    try:
        environments = parse_policy(policy, POLICY).environments.values()
    except PolicyError:
        return ()
    items = (item for environment in environments for item in environment.checklist)
    return tuple(dict.fromkeys(item.section for item in items if item.section))


def say_surroundings(seen: Surroundings) -> str:
    """What was found, one finding a line."""
    found = {
        "default branch": seen.branch,
        "languages": ", ".join(seen.languages),
        "deploy command": seen.deploy,
        "migrations": seen.migrations.found if seen.migrations else "",
        "workflows": ", ".join(seen.workflows),
        "environments": ", ".join(seen.environments),
    }
    return "\n".join(f"{name}: {value or 'none found'}" for name, value in found.items())


def policy_text(seen: Surroundings) -> str:
    """A policy that is fit for use; a command nobody has written yet fails, and says so."""
    first, last = _ends(seen)
    lines = [
        "# How this repository is deployed. `deploy-protocol check` finds every mistake in here.",
        "# Its commands run in the action's image, with bash, git, curl, jq and ssh. For deploy commands",
        f"# that need more there is {AROUND}.",
        "version: 1",
        "timezone: UTC  # the zone of every clock time below",
        "",
        "access:",
        '  deployers: ["permission:write"]',
        "",
        "environments:",
        *(f"  {_scalar(name)}: {{}}" for name in _environments(seen) if name not in (first, last)),
    ]
    if first != last:
        lines += [f"  {_scalar(first)}:", indent(_steps(seen), "    ")]
    lines += [f"  {_scalar(last)}:", *_rules(seen, first, last), indent(_steps(seen), "    ")]
    return "\n".join([*lines, "", "log: {releases: always}", ""])


def _rules(seen: Surroundings, first: str, last: str) -> Iterator[str]:
    yield "    windows:"
    yield '      open: ["Mon-Thu 09:00-16:00", "Fri 09:00-12:00"]'
    if first != last:
        yield f"    after: {{environment: {_scalar(first)}, bake: 30m}}"
    yield "    checklist:"
    if seen.pull_requests_test:
        yield "      - {item: All tests passing, checks: all}"
    yield "      - {item: Code review approved, reviews: 1}"
    if first != last:
        yield f"      - {{item: {_scalar(f'Deployed to {first} first')}, deployed: {_scalar(first)}}}"
    yield "      - {item: Rollback plan documented, section: Rollback plan}"
    if seen.migrations is not None:
        yield "      - {item: Migrations tested, section: Migrations}"


def _steps(seen: Surroundings) -> str:
    deploy = seen.deploy or _UNWRITTEN.format(what="deploy $VERSION")
    lines = ["steps:"]
    if seen.migrations is not None:
        lines += ["  migrate:", *_migrate(seen.migrations)]
    lines.append(f"  deploy: {{run: {_scalar(deploy)}}}")
    lines.append('  # health: {url: "https://shop.example/healthz", within: 2m}')
    back = seen.deploy.replace("$VERSION", "$PREVIOUS_VERSION") if "$VERSION" in seen.deploy else ""
    back = back or _UNWRITTEN.format(what="go back to $PREVIOUS_VERSION")
    lines.append(f"rollback: {{run: {_scalar(back)}}}")
    return "\n".join(lines)


def _migrate(migrations: Migrations) -> Iterator[str]:
    yield f"    run: {_scalar(migrations.run or _UNWRITTEN.format(what='migrate the database'))}"
    if migrations.undo:
        yield f"    undo: {_scalar(migrations.undo)}"
    else:
        yield "    reversible: false  # with an `undo:` command, remove this line"
    if migrations.lint:
        yield f"    lint: {_scalar(migrations.lint)}"


def _ends(seen: Surroundings) -> tuple[str, str]:
    names = _environments(seen)
    last = next((name for name in names if name.casefold().startswith("prod")), names[-1])
    before = [name for name in names if name != last] or [last]
    return next((name for name in before if name.casefold().startswith("stag")), before[0]), last


def _environments(seen: Surroundings) -> tuple[str, ...]:
    return tuple(name for name in seen.environments if name != DEFAULTS) or _USUAL_ENVIRONMENTS


def _scalar(text: str) -> str:
    """A YAML scalar on one line, whatever the text holds, with no more quotes than it needs."""
    if _PLAIN.fullmatch(text) and text.casefold() not in _NO_TEXT:
        return text
    if text.isprintable() and "'" not in text:
        return f"'{text}'"
    return json.dumps(text, ensure_ascii=False)


_PERMISSIONS = """\
permissions:
  actions: read        # who started the run, and its approvals
  checks: read         # whether the tests passed
  contents: write      # the deployment log in Releases
  deployments: write   # the deployment's status
  issues: write        # the issue that documents a rollback
  pull-requests: write # the log's line on the pull requests contained
  statuses: read       # commit statuses
"""


def workflow_text(seen: Surroundings, action: str = ACTION) -> str:
    """Every environment after the one before it, each carried out by the action in one step."""
    first, last = _ends(seen)
    names = [first] if first == last else [first, last]
    jobs = [
        _job(
            name,
            needs=names[number - 1] if number else "",
            steps=f"      - uses: {CHECKOUT}\n{_use(action, name)}",
        )
        for number, name in enumerate(names)
    ]
    return f"name: Deploy\n{_start(seen)}\n{_PERMISSIONS}\njobs:\n" + "\n".join(jobs)


def _start(seen: Surroundings) -> str:
    """By hand where a push would be deployed twice."""
    on_push = f"on:\n  push:\n    branches: [{_scalar(seen.branch)}]\n"
    if not seen.deploys_already:
        return on_push
    return (
        "# Another workflow of this repository deploys already. Once this one takes its place:\n"
        f"{indent(on_push, '# ')}on: workflow_dispatch\n"
    )


def around_text(seen: Surroundings, action: str = ACTION) -> str:
    """The action around deploy steps of the team's own. Started by hand until it takes the other's place."""
    _, last = _ends(seen)
    steps = (
        f"      - uses: {CHECKOUT}\n"
        f"{_use(action, last, phase='start', first='id: start')}"
        "      - run: echo 'Write here how to deploy' && exit 1\n"
        f"{_use(action, last, phase='finish', first=_ONCE_STARTED)}"
    )
    start = f"name: Deploy by own steps\non: workflow_dispatch\n\n{_PERMISSIONS}\njobs:\n"
    return start + _job(last, steps=steps)


def _job(environment: str, *, steps: str, needs: str = "") -> str:
    wait = f"    needs: {_job_id(needs)}\n" if needs else ""
    return (
        f"  {_job_id(environment)}:\n{wait}    runs-on: ubuntu-latest\n"
        f"    environment: {_scalar(environment)}\n    steps:\n{steps}"
    )


def _use(action: str, environment: str, *, phase: str = "", first: str = "") -> str:
    lines = [first, f"uses: {action}", "with:", f"  environment: {_scalar(environment)}"]
    lines += [f"  phase: {phase}"] if phase else []
    lines += ["  job_status: ${{ job.status }}"] if phase == "finish" else []
    step = "\n".join(line for line in lines if line)
    return "      - " + indent(step, "        ").lstrip() + "\n"


def _job_id(environment: str) -> str:
    """GitHub takes letters, digits, `-` and `_`, and no digit first."""
    plain = "".join(letter if letter.isascii() and letter.isalnum() else "_" for letter in environment)
    return plain if plain[:1].isalpha() else f"_{plain}"


def template_text(seen: Surroundings) -> str:
    """A pull request's headings, as the policy's checklist reads them, and the protocol's own list."""
    migrations = (
        "\n## Migrations\n\n<!-- How they were tested, how long they lock, and how they are undone. -->\n"
        if seen.migrations is not None
        else ""
    )
    return f"""\
## What changes

<!-- One sentence for the people who read the deployment log. -->

## Rollback plan

<!-- What to run, how long it takes, and what is lost. An empty plan holds the deployment. -->
{migrations}
## Before deploying

- [ ] Tested in staging
- [ ] Monitoring alerts configured
- [ ] Team notified
- [ ] Maintenance window scheduled, if needed
"""
