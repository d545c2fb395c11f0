"""What we ask of GitHub for one repository: few verbs, our words."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal, TypeAlias
from urllib.parse import quote

from gateway.errors import NotFound, RefMoved, Rejected
from gateway.lines import Lines
from gateway.memory import Memory, ReadPolicy, Teams
from gateway.reading import login_in
from gateway.text import BODY, DESCRIPTION, RELEASE, REPORT, clip
from protocol.facts import Deployment, Facts, Known, Permission
from protocol.gate import Gate

if TYPE_CHECKING:
    from gateway.backports import BackPort
    from gateway.connection import Connection, Response
    from gateway.pacing import Pace
    from gateway.previews import Preview
    from gateway.releases import Written
    from gateway.turns import Kept
    from protocol.changes import Contents
    from protocol.entry import Entry

PUBLIC_API = "https://api.github.com"
POLICY_FILE = ".github/deploy.yml"
OURS = "deploy-protocol:"  # begins every external id of our check runs, so that they never count as evidence

StatusState: TypeAlias = Literal[
    "error", "failure", "inactive", "in_progress", "queued", "pending", "success"
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A workflow run. Logins are lower case; all times aware.

    `from_fork` may be true of a run of our own, never false of a fork's.
    """

    id: int
    sha: str
    branch: str
    event: str
    status: str
    actor: str
    triggering_actor: str
    attempt: int
    created_at: datetime
    url: str = ""
    from_fork: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue:
    """`author` in lower case, a bot's ends in `[bot]`."""

    number: int
    url: str
    author: str = ""
    title: str = ""
    body: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobDeployment:
    """The Deployment GitHub made for a job with `environment:`."""

    id: int
    environment: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    id: int
    tag: str
    body: str
    url: str
    draft: bool = False


class GitHub:
    """One repository, seen with one source of tokens. Safe to use from several threads; close when done.

    Every method raises GatewayError: Unavailable, Forbidden, NotFound, RateLimited or Rejected. Reads
    are asked at most twice, writes once. `on_response` is called after each answer, for metrics.
    With a `pace` RateLimited is raised before GitHub would. `looking`: a source of tokens for reading and
    for answering gates, where what is to be read is more than the repository.
    """

    def __init__(
        self,
        repository: str,
        token: Callable[[], str],
        *,
        api_url: str = PUBLIC_API,
        on_response: Callable[[Response], None] | None = None,
        pace: Pace | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        policy_file: str = POLICY_FILE,
        looking: Callable[[], str] | None = None,
        teams: Teams | None = None,
        lines: Lines | None = None,
        pages_url: str = "",
    ) -> None:
        self.repository = repository
        self.policy_file = policy_file
        self.pages_url = pages_url  # where people read of it with us; empty where they cannot
        self._token = token
        self._looking = looking
        self._api_url = api_url.rstrip("/")
        self._on_response = on_response
        self._pace = pace
        self._clock = clock
        self._opened: Connection | None = None
        self.memory = Memory() if teams is None else Memory(teams=teams)
        self._shares_lines = lines is not None
        self._lines = lines or Lines()
        self._path = "/repos/" + quote(repository)

    def __repr__(self) -> str:
        return f"GitHub({self.repository!r} at {self._api_url})"

    def close(self) -> None:
        if not self._shares_lines:
            self._lines.close()
            self.connection.close()

    @property
    def beside(self) -> Executor:
        """Where to ask what can be asked at the same time."""
        return self._lines.beside

    # -- facts and verdicts

    def facts_for(
        self, gate: Gate, now: datetime, *, place: Literal["gate", "action"] = "gate"
    ) -> tuple[tuple[ReadPolicy, ...], Facts]:
        """The policies that hold (the organisation's, then the repository's own) and all that is known.

        Two requests at once: one GraphQL query, and the run. A third only where the policy asks for
        teams or other things that the first cannot bring; most of those are remembered for minutes.
        """
        from gateway.gathering import gather  # noqa: PLC0415  # start-up time

        if self._pace is not None:
            self._pace.wait_for_turn()
        return gather(self, gate, now, place)

    def wait_for_leisure(self) -> None:
        """Before telling what may be told later. Raises RateLimited while verdicts need what is left."""
        if self._pace is not None:
            self._pace.wait_for_leisure()

    def preview(self, number: int, now: datetime) -> Preview:
        """What deploying a pull request would need, environment by environment."""
        from gateway.previews import preview  # noqa: PLC0415  # start-up time

        return preview(self, number, now)

    def proposed_policy(self, sha: str) -> Known[str | None]:
        """The policy file's text at a commit, to be checked and never to decide by. None: there is none."""
        from gateway.previews import proposed_policy  # noqa: PLC0415  # start-up time

        return proposed_policy(self, sha)

    def own_policy(self, now: datetime) -> ReadPolicy:
        """The repository's own policy alone, from its default branch, in one request."""
        from gateway.rulebook import read_own_policy  # noqa: PLC0415  # start-up time

        return read_own_policy(self, now)

    def post_verdict(self, gate: Gate, *, approved: bool, comment: str) -> bool:
        """Open or refuse the gate. False when it does not wait any more; raises when that is unsure."""
        state = "approved" if approved else "rejected"
        return self._answer_gate(gate, {"state": state, "comment": clip(comment, REPORT)})

    def report_status(self, gate: Gate, comment: str) -> bool:
        """Say why it waits (GitHub takes ten of these). False when it does not wait any more."""
        return self._answer_gate(gate, {"comment": clip(comment, REPORT)})

    def is_waiting(self, gate: Gate) -> bool:
        """Whether the run still waits for this environment."""
        if self.run(gate.run_id).status == "completed":
            return False
        wanted = gate.environment.casefold()  # GitHub does not tell the case of their names apart
        return wanted in (name.casefold() for name in self._pending_environments(gate.run_id))

    def waiting_gates(self) -> tuple[Gate, ...]:
        """Every gate of the repository that waits now, for finding again what was lost."""
        runs = {run["id"]: run for status in ("waiting", "in_progress") for run in self._runs(status)}
        return tuple(gate for run in runs.values() for gate in self._gates_of(run))

    def run(self, run_id: int) -> Run:
        """0 is no run at all: somebody deploys from a terminal, and the token says who."""
        if run_id == 0:
            return self._run_by_hand()
        known = self.memory.runs.at(run_id, self._clock())
        etag, found = self.connection.changed(
            f"{self._path}/actions/runs/{run_id}", known[0] if known else ""
        )
        if found is None and known is not None:
            return known[1]
        return self.memory.runs.keep(run_id, (etag, run_in(found)), self._clock())[1]

    def approvals_of(self, run_id: int) -> Any:
        """GitHub's JSON of what its required reviewers said of a run."""
        return self.connection.rest("GET", f"{self._path}/actions/runs/{run_id}/approvals")

    def deployment_of_check(self, check_run_id: int) -> JobDeployment | None:
        """The Deployment GitHub made for the job with this check run; None where it made none."""
        known = self.memory.jobs.at(check_run_id, self._clock())
        if known is None:
            found = self.connection.rest("GET", f"{self._path}/check-runs/{check_run_id}").get("deployment")
            known = (JobDeployment(id=found["id"], environment=found["environment"]),) if found else ()
            self.memory.jobs.keep(check_run_id, known, self._clock())
        return known[0] if known else None

    # -- comments and issues

    def rewrite_comment(self, comment_id: int, before: str, after: str) -> bool:
        """Change our comment, if it still says what it said `before`: a person's edit comes first.

        False when it does not. An edit between our look and our writing can still be written over.
        """
        path = f"{self._path}/issues/comments/{comment_id}"
        if self.connection.rest("GET", path)["body"] != before:
            return False
        self.connection.rest("PATCH", path, {"body": clip(after, BODY)})
        return True

    def say(self, number: int, body: str) -> str:
        """Add a comment of its own. Returns its address."""
        made = self.connection.rest(
            "POST", f"{self._path}/issues/{number}/comments", {"body": clip(body, BODY)}
        )
        return str(made["html_url"])

    def open_issue(self, title: str, body: str, labels: Sequence[str] = ()) -> Issue:
        fields = {"title": clip(title, 256), "body": clip(body, BODY), "labels": list(labels)}
        return _issue(self.connection.rest("POST", f"{self._path}/issues", fields))

    def close_issue(self, number: int, comment: str = "") -> None:
        if comment:
            self.say(number, comment)
        self.connection.rest(
            "PATCH", f"{self._path}/issues/{number}", {"state": "closed", "state_reason": "completed"}
        )

    def find_issues(
        self,
        marker: str = "",
        *,
        labels: Sequence[str] = (),
        state: Literal["open", "closed", "all"] = "open",
    ) -> tuple[Issue, ...]:
        """Issues with all the labels, newest first; no pull requests.

        With a `marker`, those that begin with it and that we wrote, the App or a job: anybody can write one.
        """
        params = {"state": state, "labels": ",".join(labels)} if labels else {"state": state}
        found = self.connection.pages(f"{self._path}/issues", params=params)
        issues = [_issue(issue) for issue in found if "pull_request" not in issue]
        marked = tuple(issue for issue in issues if issue.body.startswith(marker))
        if not (marker and marked):
            return marked
        from gateway.tellers import tellers  # noqa: PLC0415  # start-up time

        ours = tellers(self, marker)
        return tuple(issue for issue in marked if ours.wrote(issue))

    # -- deployments

    def create_deployment(
        self,
        *,
        sha: str,
        ref: str,
        environment: str,
        description: str = "",
        payload: Mapping[str, Any] | None = None,
        production: bool | None = None,
        transient: bool = False,
    ) -> int:
        """Create a Deployment of exactly `sha`. Raises RefMoved when the branch `ref` has left it."""
        if ref and ref != sha:
            self._require_ref_at(ref, sha)
        body: dict[str, Any] = {
            "ref": sha,
            "environment": environment,
            "auto_merge": False,
            "required_contexts": [],
            "description": clip(description, DESCRIPTION),
            "payload": dict(payload or {}),
            "transient_environment": transient,
        }
        if production is not None:
            body["production_environment"] = production
        made = self.connection.rest("POST", f"{self._path}/deployments", body)
        if made.get("sha") != sha:
            raise RefMoved(
                f"A Deployment of {sha} became one of {made.get('sha')}. Start the deployment again."
            )
        return int(made["id"])

    def post_deployment_status(
        self,
        deployment_id: int,
        *,
        state: StatusState,
        description: str = "",
        log_url: str = "",
        environment_url: str = "",
        auto_inactive: bool | None = None,
    ) -> None:
        body: dict[str, Any] = {"state": state, "description": clip(description, DESCRIPTION)}
        body |= {"log_url": log_url} if log_url else {}
        body |= {"environment_url": environment_url} if environment_url else {}
        body |= {"auto_inactive": auto_inactive} if auto_inactive is not None else {}
        self.connection.rest("POST", f"{self._path}/deployments/{deployment_id}/statuses", body)

    def deployments(self, environment: str, *, limit: int = 30) -> tuple[Deployment, ...]:
        """The newest Deployments of one environment with their statuses, newest first, in one request."""
        from gateway.deployments import deployments_of  # noqa: PLC0415  # start-up time

        return deployments_of(self.connection, self.repository, environment, limit)

    def unstarted_deployment(self, environment: str, sha: str) -> int | None:
        """The newest Deployment of a commit that has no status yet, such as one whose answer was lost."""
        known = self.deployments(environment, limit=10)
        here = (one for one in known if one.sha == sha and one.state == "pending" and not one.logged)
        return next((one.id for one in here), None)

    def noted_in_run(self, environment: str, sha: str, run_url: str) -> tuple[str, ...]:
        """The descriptions that one run's attempts have left on the Deployments of a commit, newest first."""
        from gateway.deployments import noted_in_run  # noqa: PLC0415  # start-up time

        return noted_in_run(self.connection, self.repository, environment, sha, run_url)

    # -- releases and the log

    def release_for(self, tag: str) -> Release | None:
        """The published release of a tag."""
        try:
            return _release(self.connection.rest("GET", f"{self._path}/releases/tags/{quote(tag, safe='')}"))
        except NotFound:
            return None

    def changes(self, *, head: str, base: str, version: str, tag: str | None = None) -> Contents:
        """What `head` brings since `base`, by pull request; of the one commit where `base` is empty."""
        from gateway.changes import contents  # noqa: PLC0415  # start-up time

        return contents(self, head=head, base=base, version=version, tag=tag)

    def write_log(
        self, entry: Entry, *, tag: str | None, pulls: Sequence[int] = (), kept: Kept | None = None
    ) -> Written:
        """Put one entry into the release of `tag` and on the pull requests it contains, once each.

        Beside other writers: nobody's entry is lost. What GitHub does not take stands in `problems`.
        """
        from gateway.releases import write_log  # noqa: PLC0415  # start-up time

        return write_log(self, entry, tag=tag, pulls=pulls, kept=kept)

    def create_release(self, tag: str, *, sha: str, body: str, notes: bool = False) -> Release:
        """Publish a release of a tag; GitHub makes the tag at `sha` when there is none.

        With `notes` GitHub writes below the body what it finds merged since the release before.
        """
        fields: dict[str, Any] = {"tag_name": tag, "target_commitish": sha, "name": tag}
        fields |= {"body": clip(body, RELEASE), **({"generate_release_notes": True} if notes else {})}
        return _release(self.connection.rest("POST", f"{self._path}/releases", fields))

    def edit_release(self, release_id: int, body: str) -> Release:
        fields = {"body": clip(body, RELEASE)}
        return _release(self.connection.rest("PATCH", f"{self._path}/releases/{release_id}", fields))

    def back_port(self, *, sha: str, branch: str, onto: str) -> BackPort:
        """Bring a commit deployed from `branch` back `onto` another by a pull request, once."""
        from gateway.backports import back_port  # noqa: PLC0415  # start-up time

        return back_port(self, sha=sha, branch=branch, onto=onto)

    # -- commits, people

    def changes_between(self, base: str, head: str) -> Any:
        """GitHub's JSON of all changes from `base`, or of the one commit where there is no base."""
        path = f"compare/{base}...{head}" if base else f"commits/{head}"
        return self.connection.rest("GET", f"{self._path}/{path}")

    def permission_of(self, login: str) -> Permission:
        """A person's permission; NONE for who is no collaborator."""
        path = f"{self._path}/collaborators/{quote(login, safe='')}/permission"
        try:
            found = self.connection.rest("GET", path)
        except NotFound:
            return Permission.NONE
        return _permission(found)

    # -- inside

    @property
    def connection(self) -> Connection:
        if self._opened is None:
            from gateway.connection import Connection  # noqa: PLC0415  # PyGithub takes 0.2 s to import

            self._opened = Connection(
                api_url=self._api_url,
                token=self._token,
                looking=self._looking,
                own=self._lines.own,
                on_response=self._on_response,
                pace=self._pace,
                clock=self._clock,
            )
        return self._opened

    def _run_by_hand(self) -> Run:
        login = str(self.connection.rest("GET", "/user")["login"]).lower()
        return Run(
            id=0,
            sha="",
            branch="",
            event="terminal",
            status="in_progress",
            actor=login,
            triggering_actor=login,
            attempt=1,
            created_at=self._clock(),
        )

    def _answer_gate(self, gate: Gate, body: Mapping[str, str]) -> bool:
        """The address is rebuilt from repository and run: the token goes nowhere a webhook says."""
        path = f"{self._path}/actions/runs/{gate.run_id}/deployment_protection_rule"
        try:
            self.connection.answer_gate(path, {"environment_name": gate.environment, **body})
        except (Rejected, NotFound):
            if self.is_waiting(gate):
                raise
            return False
        return True

    def _pending_environments(self, run_id: int) -> tuple[str, ...]:
        found = self.connection.rest("GET", f"{self._path}/actions/runs/{run_id}/pending_deployments")
        return tuple(pending["environment"]["name"] for pending in found)

    def _runs(self, status: str) -> Iterator[Any]:
        """A run one of whose jobs waits while another works is in progress, not waiting."""
        params = {"status": status}
        return self.connection.pages(f"{self._path}/actions/runs", params=params, key="workflow_runs")

    def _gates_of(self, run: Mapping[str, Any]) -> list[Gate]:
        return [self._gate(run, environment) for environment in self._pending_environments(run["id"])]

    def _gate(self, run: Mapping[str, Any], environment: str) -> Gate:
        params = {"sha": run["head_sha"], "environment": environment, "per_page": 1}
        newest = self.connection.rest("GET", f"{self._path}/deployments", params=params)
        return Gate(
            repository=self.repository,
            run_id=run["id"],
            environment=environment,
            sha=run["head_sha"],
            ref=run.get("head_branch") or "",
            requested_at=_moment(newest[0]["created_at"] if newest else run["created_at"]),
            deployment_id=newest[0]["id"] if newest else None,
        )

    def _require_ref_at(self, ref: str, sha: str) -> None:
        kind, _, name = ref.removeprefix("refs/").partition("/")
        short = f"{kind}/{name}" if kind in ("heads", "tags") and name else f"heads/{ref}"
        if short.startswith("tags/"):
            found = self.connection.rest("GET", f"{self._path}/commits/{quote(short)}")["sha"]
        else:
            found = self.connection.rest("GET", f"{self._path}/git/ref/{quote(short)}")["object"]["sha"]
        if found != sha:
            raise RefMoved(
                f"{ref} of {self.repository} is at {found}, no longer at {sha}. Start a new run for it."
            )


def run_in(found: Mapping[str, Any]) -> Run:
    actor = ((found.get("actor") or {}).get("login") or "").lower()
    return Run(
        id=found["id"],
        sha=found["head_sha"],
        branch=found.get("head_branch") or "",
        event=found["event"],
        status=found.get("status") or "",
        actor=actor,
        triggering_actor=((found.get("triggering_actor") or {}).get("login") or actor).lower(),
        attempt=found.get("run_attempt") or 1,
        created_at=_moment(found["created_at"]),
        url=found.get("html_url") or "",
        from_fork=(found.get("head_repository") or {}).get("id") != found["repository"]["id"],
    )


def _issue(found: Mapping[str, Any]) -> Issue:
    return Issue(
        number=found["number"],
        url=found["html_url"],
        author=login_in(found.get("user")),
        title=found.get("title") or "",
        body=found.get("body") or "",
    )


def _release(found: Mapping[str, Any]) -> Release:
    return Release(
        id=found["id"],
        tag=found["tag_name"],
        body=found.get("body") or "",
        url=found["html_url"],
        draft=bool(found.get("draft")),
    )


def _permission(found: Mapping[str, Any]) -> Permission:
    """`role_name` knows triage and maintain, `permission` does not; custom roles fall back to it."""
    for word in (found.get("role_name"), found.get("permission")):
        if str(word).upper() in Permission.__members__:
            return Permission[str(word).upper()]
    return Permission.NONE


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
