"""Check runs and suites, workflows and their runs."""

from __future__ import annotations

from typing import Any, ClassVar

from sandbox.graph.git_objects import RefAt
from sandbox.graph.paging import Connection
from sandbox.graph.rollup import is_required
from sandbox.graph.view import Node
from sandbox.state import CheckRun, CheckSuite, Workflow, WorkflowRun


class Concluding(Node):
    """Something that runs and comes to a conclusion."""

    @property
    def status(self) -> str:
        return str(self.record.status).upper()

    @property
    def conclusion(self) -> str | None:
        conclusion = self.record.conclusion
        return conclusion.upper() if conclusion else None


class CheckRunNode(Concluding, shows=CheckRun):
    typename = "CheckRun"
    needs: ClassVar = {
        "": "checks:read",
        "deployment": "deployments:read",
        "pending_deployment_request": "deployments:read",
    }

    @property
    def check_suite(self) -> Any:
        return self.show(self.record.suite)

    @property
    def deployment(self) -> Any:
        return self.show(self.record.deployment)

    @property
    def pending_deployment_request(self) -> Any:
        run = self.record.suite.run
        waiting = run.pending if run is not None else ()
        return self.show(next((one for one in waiting if one.job.check_run is self.record), None))

    @property
    def resource_path(self) -> str:
        run = self.record.suite.run
        place = f"actions/runs/{run.id}/job" if run is not None else "runs"
        return f"/{self.home.full_name}/{place}/{self.record.id}"

    @property
    def permalink(self) -> str:
        return self.url

    def is_required(self, **pull: Any) -> bool:
        return is_required(self, self.record.name, **pull)


class CheckSuiteNode(Concluding, shows=CheckSuite):
    typename = "CheckSuite"
    needs: ClassVar = {"": "checks:read", "workflow_run": "actions:read"}

    @property
    def resource_path(self) -> str:
        return f"/{self.home.full_name}/commit/{self.record.head_sha}/checks?check_suite_id={self.record.id}"

    @property
    def app(self) -> Any:
        return self.show(self.record.app)

    @property
    def branch(self) -> Any:
        name = self.record.head_branch
        sha = self.git.tip(name) if name else None
        return self.show(RefAt(f"refs/heads/{name}", sha)) if sha else None

    @property
    def commit(self) -> Any:
        return self.commit_at(self.record.head_sha)

    @property
    def workflow_run(self) -> Any:
        return self.show(self.record.run)

    def check_runs(self, *, filter_by: dict[str, Any] | None = None, **paging: Any) -> Connection:
        wanted = filter_by or {}
        runs = [
            run
            for run in self.home.check_runs.values()
            if run.suite is self.record
            and wanted.get("appId") in (None, run.app.id)
            and wanted.get("checkName") in (None, run.name)
            and wanted.get("status") in (None, run.status.upper())
        ]
        return self.connect(runs, **paging)


class WorkflowNode(Node, shows=Workflow):
    typename = "Workflow"

    @property
    def state(self) -> str:
        return str(self.record.state).upper()

    @property
    def resource_path(self) -> str:
        return f"/{self.home.full_name}/actions/workflows/{self.record.path.rpartition('/')[2]}"

    def runs(self, *, order_by: dict[str, str], **paging: Any) -> Connection:
        mine = [run for run in self.home.runs.values() if run.workflow is self.record]
        mine.sort(key=lambda run: run.id, reverse=order_by["direction"] == "DESC")
        return self.connect(mine, **paging)


class WorkflowRunNode(Node, shows=WorkflowRun):
    typename = "WorkflowRun"
    needs: ClassVar = {"": "actions:read"}

    @property
    def run_number(self) -> int:
        return int(self.record.number)

    @property
    def resource_path(self) -> str:
        return f"/{self.home.full_name}/actions/runs/{self.record.id}"

    @property
    def check_suite(self) -> Any:
        return self.show(self.record.suite)

    @property
    def workflow(self) -> Any:
        return self.show(self.record.workflow)

    def deployment_reviews(self, **paging: Any) -> Connection:
        given = [one for one in self.record.approvals if one.state != "pending"]
        return self.connect(given, **paging)

    def pending_deployment_requests(self, **paging: Any) -> Connection:
        return self.connect(self.record.pending, **paging)
