"""What the workflow hands in, parsed once at the door."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeAlias, get_args

from action.errors import BadInputError, InputError

Phase: TypeAlias = Literal["run", "check", "start", "finish", "rollback"]
CARRIED_OUT: tuple[Phase, ...] = get_args(Phase)

_LONGEST_REASON = 1_000
_YES, _NO = ("true", "yes", "1"), ("false", "no", "0", "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """The action's inputs; empty ones have their default's meaning."""

    environment: str
    version: str = ""
    phase: Phase = "run"
    policy: str = ".github/deploy.yml"
    emergency_reason: str = ""
    dry_run: bool = False
    repeat: bool = False
    github_token: str = field(repr=False, default="")
    check_run_id: int | None = None
    job_status: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Workflow:
    """The run we are part of, from GitHub's own variables."""

    repository: str
    sha: str
    ref: str = ""
    ref_name: str = ""
    ref_type: str = "branch"
    run_id: int = 0
    run_attempt: int = 1
    actor: str = ""
    triggering_actor: str = ""
    api_url: str = "https://api.github.com"
    server_url: str = "https://github.com"
    workspace: Path = Path()
    temporary: Path = Path("/tmp")  # noqa: S108 - the runner names its own; this is for a bare terminal
    output_file: Path | None = None
    summary_file: Path | None = None
    state_file: Path | None = None

    @property
    def run_url(self) -> str:
        return f"{self.server_url}/{self.repository}/actions/runs/{self.run_id}" if self.run_id else ""

    @property
    def tag(self) -> str | None:
        return self.ref_name if self.ref_type == "tag" else None


def inputs_from(environ: Mapping[str, str]) -> Inputs:
    """Read `INPUT_*` as GitHub writes them. Raises BadInputError with the cure."""
    given = {name: environ.get(f"INPUT_{name.upper()}", "").strip() for name in Inputs.__dataclass_fields__}
    if not given["environment"]:
        raise BadInputError(
            "environment",
            "is empty",
            in_workflow="Set it under `with:` in the workflow step.",
            at_terminal="Name one of the policy's environments.",
        )
    if not given["github_token"]:
        raise BadInputError(
            "github_token",
            "is empty",
            in_workflow="Leave it out to use the job's own token, or set it under `with:`.",
            at_terminal="Set GITHUB_TOKEN instead.",
        )
    return Inputs(
        environment=given["environment"],
        version=_one_line("version", given["version"]),
        phase=_phase(given["phase"] or "run"),
        policy=given["policy"] or ".github/deploy.yml",
        emergency_reason=given["emergency_reason"][:_LONGEST_REASON],
        dry_run=_flag("dry_run", given["dry_run"]),
        repeat=_flag("repeat", given["repeat"]),
        github_token=given["github_token"],
        check_run_id=_number("check_run_id", given["check_run_id"]),
        job_status=_job_status(given["job_status"], given["phase"]),
    )


def _phase(text: str) -> Phase:
    for phase in CARRIED_OUT:
        if text == phase:
            return phase
    phases = ", ".join(f"`{phase}`" for phase in CARRIED_OUT)
    raise BadInputError(
        "phase",
        f"is '{text}'",
        in_workflow=f"It is one of {phases}; set one under `with:`.",
        at_terminal=f"It is one of {phases}.",
    )


def _job_status(text: str, phase: str) -> str:
    """`finish` takes nothing for a success that nobody called one."""
    if phase == "finish" and text not in ("success", "failure", "cancelled"):
        raise BadInputError(
            "job_status",
            f"is '{text}'",
            in_workflow="Write `job_status: ${{ job.status }}` under `with:`.",
            at_terminal="`--phase finish` needs to hear success, failure or cancelled.",
        )
    return text


def _one_line(name: str, text: str) -> str:
    if len(text.splitlines()) > 1:
        raise BadInputError(
            name,
            "has several lines",
            in_workflow="Write it on one, under `with:`.",
            at_terminal="Write it on one.",
        )
    return text


def _flag(name: str, text: str) -> bool:
    if text.lower() in _YES:
        return True
    if text.lower() in _NO:
        return False
    raise BadInputError(
        name,
        f"is '{text}'",
        in_workflow="Write true or false under `with:`.",
        at_terminal="It takes no value.",
    )


def _number(name: str, text: str) -> int | None:
    if not text:
        return None
    if not text.isascii() or not text.isdigit():
        raise BadInputError(
            name,
            f"is '{text}', which is not a number",
            in_workflow=f"Leave it out to use `${{{{ job.{name} }}}}`.",
            at_terminal="Leave it out where no job's check run is meant.",
        )
    return int(text)


def workflow_from(environ: Mapping[str, str]) -> Workflow:
    """Read the `GITHUB_*` variables we use. Raises InputError naming the one that is missing."""
    return Workflow(
        repository=_needed(environ, "GITHUB_REPOSITORY"),
        sha=_needed(environ, "GITHUB_SHA"),
        ref=environ.get("GITHUB_REF", ""),
        ref_name=environ.get("GITHUB_REF_NAME", ""),
        ref_type=environ.get("GITHUB_REF_TYPE", "branch"),
        run_id=int(environ.get("GITHUB_RUN_ID") or 0),
        run_attempt=int(environ.get("GITHUB_RUN_ATTEMPT") or 1),
        actor=environ.get("GITHUB_ACTOR", ""),
        triggering_actor=environ.get("GITHUB_TRIGGERING_ACTOR", ""),
        api_url=environ.get("GITHUB_API_URL") or "https://api.github.com",
        server_url=environ.get("GITHUB_SERVER_URL") or "https://github.com",
        workspace=Path(environ.get("GITHUB_WORKSPACE") or "."),
        temporary=Path(environ.get("RUNNER_TEMP") or "/tmp"),  # noqa: S108 - as above
        output_file=_path(environ, "GITHUB_OUTPUT"),
        summary_file=_path(environ, "GITHUB_STEP_SUMMARY"),
        state_file=_path(environ, "GITHUB_STATE"),
    )


def _needed(environ: Mapping[str, str], name: str) -> str:
    value = environ.get(name, "")
    if not value:
        raise InputError(f"{name} is not set. GitHub sets it in every job; set it yourself to run elsewhere.")
    return value


def _path(environ: Mapping[str, str], name: str) -> Path | None:
    return Path(environ[name]) if environ.get(name) else None
