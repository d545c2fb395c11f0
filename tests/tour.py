"""A walk past every route of the sandbox: each is asked once in earnest, in an order that makes sense."""

from __future__ import annotations

import base64
import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
import requests

from sandbox.state import Job, WorkflowRun
from tests.runner import PATIENCE, SHOP, Shop

WORKFLOW = """
on: push
jobs:
  deploy:
    runs-on: ubuntu-latest
    environment: production
    steps: [{run: echo deployed}]
"""


class Tour:
    """Ada owns the shop, grace reviews, `gate` is the App whose verdict production waits for."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        self.world = shop.world
        self.repo = f"/repos/{SHOP}"
        self.world.add_team("acme", "release-managers", members=("grace",))
        self.world.grant_team("acme", "release-managers", SHOP, "maintain")

    def ask(self, method: str, path: str, body: Any = None, *, by: str = "ada") -> Any:
        """The JSON of a good answer."""
        response = requests.request(
            method,
            self.world.url + path,
            json=body,
            headers={"Authorization": f"Bearer {self.bearer(by)}"},
            timeout=PATIENCE,
            allow_redirects=False,
        )
        assert response.status_code < 400, (method, path, response.status_code, response.text)
        is_json = response.headers.get("Content-Type", "").startswith("application/json")
        return response.json() if response.content and is_json else None

    def bearer(self, by: str) -> str:
        """A person's token, the App's own for this repository, or (`by="jwt"`) the App's JWT."""
        if by != "jwt":
            return self.shop.token(by)
        now = int(self.world.now().timestamp())
        claims = {"iat": now - 60, "exp": now + 300, "iss": str(self.shop.app.id)}
        return jwt.encode(claims, self.shop.app.private_key, "RS256")

    def everywhere(self) -> None:
        self.people()
        self.repositories()
        self.code()
        self.issues()
        self.pulls()
        self.releases()
        self.checks()
        self.deployments()
        self.environments()
        self.runs()
        self.deliveries()
        self.apps()

    def people(self) -> None:
        for path in ("/user", "/users/grace", "/user/orgs", "/orgs/acme", "/meta", "/rate_limit"):
            self.ask("GET", path)
        for path in (
            "",
            "/release-managers",
            "/release-managers/members",
            "/release-managers/memberships/grace",
        ):
            self.ask("GET", f"/orgs/acme/teams{path}")
        for path in ("members", "memberships/ada", "repos"):
            self.ask("GET", f"/orgs/acme/{path}")

    def repositories(self) -> None:
        self.ask("POST", "/user/repos", {"name": "mine", "auto_init": True})
        self.ask("POST", "/orgs/acme/repos", {"name": "other", "private": True})
        self.world.add_user("mallory")
        self.ask("PUT", f"{self.repo}/collaborators/mallory", {"permission": "pull"})
        for path in (
            "",
            "/collaborators",
            "/collaborators/mallory",
            "/collaborators/grace/permission",
            "/teams",
        ):
            self.ask("GET", self.repo + path)
        self.ask("DELETE", f"{self.repo}/collaborators/mallory")
        self.ask("POST", f"{self.repo}/forks", {"name": "stall"}, by="bo")
        self.ask("GET", f"{self.repo}/forks")
        self.ask("GET", "/repos/bo/stall")
        self.ask("POST", f"{self.repo}/labels", {"name": "deploy-freeze", "color": "ff0000"})
        self.ask("GET", f"{self.repo}/labels")
        self.ask("GET", f"{self.repo}/labels/deploy-freeze")

    def code(self) -> None:
        self.branch("sell", "shop.py", "print('sell')\n")
        main = self.ask("GET", f"{self.repo}/git/ref/heads/main")["object"]["sha"]
        tree = self.ask("GET", f"{self.repo}/git/commits/{main}")["tree"]["sha"]
        file = self.ask("GET", f"{self.repo}/contents/README.md")["sha"]
        for path in (
            *("commits", f"commits/{main}", f"commits/{main}/pulls", "compare/main...sell", "tags", "readme"),
            *("branches", "branches/main", "git/matching-refs/heads", "contents", f"git/blobs/{file}"),
            *(f"git/trees/{tree}?recursive=1", "tarball/main", "rules/branches/main"),
        ):
            self.ask("GET", f"{self.repo}/{path}")
        blob = self.ask("POST", f"{self.repo}/git/blobs", {"content": "{}"})["sha"]
        item = {"path": "lock.json", "mode": "100644", "type": "blob", "sha": blob}
        tree = self.ask("POST", f"{self.repo}/git/trees", {"base_tree": tree, "tree": [item]})["sha"]
        made = {"message": "Lock", "tree": tree, "parents": [main]}
        self.ask("POST", f"{self.repo}/git/commits", made)
        self.ask("POST", f"{self.repo}/git/refs", {"ref": "refs/heads/old", "sha": main})
        self.ask("PATCH", f"{self.repo}/git/refs/heads/old", {"sha": main, "force": True})
        self.ask("DELETE", f"{self.repo}/git/refs/heads/old")
        self.branch("back-port", "fix.py", "print('fix')\n")
        self.ask("POST", f"{self.repo}/merges", {"base": "main", "head": "back-port"})
        extra = self.ask("GET", f"{self.repo}/contents/fix.py")["sha"]
        self.ask("DELETE", f"{self.repo}/contents/fix.py", {"message": "No fix", "sha": extra})

    def branch(self, name: str, path: str, text: str) -> None:
        main = self.ask("GET", f"{self.repo}/git/ref/heads/main")["object"]["sha"]
        self.ask("POST", f"{self.repo}/git/refs", {"ref": f"refs/heads/{name}", "sha": main})
        content = base64.b64encode(text.encode()).decode()
        body = {"message": f"Add {path}", "content": content, "branch": name}
        self.ask("PUT", f"{self.repo}/contents/{path}", body)

    def issues(self) -> None:
        asked = {"title": "Stock-taking", "body": "until: tomorrow", "labels": ["deploy-freeze"]}
        issue = f"{self.repo}/issues/{self.ask('POST', f'{self.repo}/issues', asked)['number']}"
        self.ask("GET", f"{self.repo}/issues?state=all&labels=deploy-freeze")
        self.ask("GET", issue)
        self.ask("POST", f"{issue}/labels", {"labels": ["urgent"]})
        self.ask("GET", f"{issue}/labels")
        self.ask("PUT", f"{issue}/labels", {"labels": ["deploy-freeze", "later"]})
        self.ask("DELETE", f"{issue}/labels/later")
        self.ask("DELETE", f"{issue}/labels")
        comment = self.ask("POST", f"{issue}/comments", {"body": "Soon"})["id"]
        self.ask("GET", f"{issue}/comments")
        self.ask("GET", f"{self.repo}/issues/comments/{comment}")
        self.ask("PATCH", f"{self.repo}/issues/comments/{comment}", {"body": "Now"})
        for reactions in (f"{issue}/reactions", f"{self.repo}/issues/comments/{comment}/reactions"):
            eyes = self.ask("POST", reactions, {"content": "eyes"})["id"]
            self.ask("GET", reactions)
            self.ask("DELETE", f"{reactions}/{eyes}")
        self.ask("DELETE", f"{self.repo}/issues/comments/{comment}")
        self.ask("PATCH", issue, {"state": "closed", "state_reason": "completed"})
        self.ask("DELETE", f"{self.repo}/labels/later")

    def pulls(self) -> None:
        asked = {"title": "Sell", "head": "sell", "base": "main", "body": "## Rollback plan"}
        number = self.ask("POST", f"{self.repo}/pulls", asked)["number"]
        pull = f"{self.repo}/pulls/{number}"
        self.ask("PATCH", pull, {"title": "Sell more"})
        self.ask("POST", f"{self.repo}/issues/{number}/comments", {"body": "/approve"}, by="grace")
        review = self.ask("POST", f"{pull}/reviews", {"event": "APPROVE", "body": "Good"}, by="grace")["id"]
        for path in ("", "/files", "/commits", "/reviews", f"/reviews/{review}"):
            self.ask("GET", pull + path)
        self.ask("GET", f"{self.repo}/pulls?state=all")
        self.ask("PUT", f"{pull}/reviews/{review}/dismissals", {"message": "Changed"})
        self.ask("PUT", f"{pull}/merge", {"merge_method": "merge"})
        self.ask("GET", f"{pull}/merge")
        self.ask("GET", pull)

    def releases(self) -> None:
        asked = {"tag_name": "v1.0.0", "name": "1.0.0", "body": "First"}
        number = self.ask("POST", f"{self.repo}/releases", asked)["id"]
        release = f"{self.repo}/releases/{number}"
        for path in ("", "/latest", "/tags/v1.0.0", f"/{number}"):
            self.ask("GET", f"{self.repo}/releases{path}")
        self.ask("POST", f"{self.repo}/releases/generate-notes", {"tag_name": "v1.1.0"})
        self.ask("PATCH", release, {"body": "First of all"})
        self.ask("DELETE", release)

    def checks(self) -> None:
        sha = self.ask("GET", f"{self.repo}/commits/main")["sha"]
        self.ask("POST", f"{self.repo}/statuses/{sha}", {"state": "success", "context": "lint"})
        asked = {"name": "deploy-gate", "head_sha": sha, "status": "in_progress"}
        made = self.ask("POST", f"{self.repo}/check-runs", asked, by="gate")
        run, suite = f"{self.repo}/check-runs/{made['id']}", made["check_suite"]["id"]
        self.ask("PATCH", run, DONE, by="gate")
        self.ask("GET", run)
        self.ask("GET", f"{run}/annotations")
        self.ask("GET", f"{self.repo}/check-suites/{suite}")
        self.ask("GET", f"{self.repo}/check-suites/{suite}/check-runs")
        for path in ("check-runs", "check-suites", "status", "statuses"):
            self.ask("GET", f"{self.repo}/commits/{sha}/{path}")
        click = {"identifier": "freeze", "login": "ada"}
        self.ask("POST", f"/_sandbox/check-runs/{made['id']}/click", click)

    def deployments(self) -> None:
        asked = {"ref": "main", "environment": "staging", "auto_merge": False, "required_contexts": []}
        number = self.ask("POST", f"{self.repo}/deployments", asked, by="gate")["id"]
        deployment = f"{self.repo}/deployments/{number}"
        said = {"state": "success", "environment_url": "https://shop.example", "description": "Up"}
        status = self.ask("POST", f"{deployment}/statuses", said, by="gate")["id"]
        for path in ("", "/statuses", f"/statuses/{status}"):
            self.ask("GET", deployment + path)
        self.ask("GET", f"{self.repo}/deployments?environment=staging")

    def environments(self) -> None:
        place = f"{self.repo}/environments/production"
        reviewers = [{"type": "User", "id": self.world.user("grace").id}]
        branches = {"protected_branches": False, "custom_branch_policies": True}
        self.ask(
            "PUT", place, {"wait_timer": 0, "reviewers": reviewers, "deployment_branch_policy": branches}
        )
        policy = self.ask("POST", f"{place}/deployment-branch-policies", {"name": "release/*"})["id"]
        self.ask("POST", f"{place}/deployment-branch-policies", {"name": "main"})
        self.ask("GET", f"{place}/deployment-branch-policies")
        self.ask("GET", f"{place}/deployment-branch-policies/{policy}")
        self.ask("DELETE", f"{place}/deployment-branch-policies/{policy}")
        rules = f"{place}/deployment_protection_rules"
        self.ask("GET", f"{rules}/apps")
        rule = self.ask("POST", rules, {"integration_id": self.shop.app.id})["id"]
        for path in (f"{self.repo}/environments", place, rules, f"{rules}/{rule}"):
            self.ask("GET", path)
        self.ask("DELETE", f"{rules}/{rule}")
        self.ask("POST", rules, {"integration_id": self.shop.app.id})
        self.ask("PUT", f"{self.repo}/environments/spare", {})
        self.ask("DELETE", f"{self.repo}/environments/spare")

    def runs(self) -> None:
        run = self.shop.push(WORKFLOW)
        job = self.at_the_gate(run)
        here = f"{self.repo}/actions/runs/{run.id}"
        for path in ("", "/jobs", "/attempts/1", "/attempts/1/jobs", "/pending_deployments"):
            self.ask("GET", here + path)
        report = {"environment_name": "production", "comment": "Waiting for grace"}
        self.ask("POST", f"{here}/deployment_protection_rule", report, by="gate")
        self.ask("POST", f"{here}/deployment_protection_rule", {**report, "state": "approved"}, by="gate")
        ids = [one.id for one in self.shop.repository.environments.values() if one.name == "production"]
        self.ask("POST", f"{here}/pending_deployments", {**APPROVED, "environment_ids": ids}, by="grace")
        self.ask("GET", f"{here}/approvals")
        self.shop.finished(run)
        self.ask("GET", f"{self.repo}/actions/jobs/{job.id}")
        self.ask("GET", f"{self.repo}/actions/jobs/{job.id}/logs")
        self.ask("GET", f"/_sandbox/logs/{job.id}")
        for path in ("runs?status=completed", "workflows", "workflows/ci.yml", "workflows/ci.yml/runs"):
            self.ask("GET", f"{self.repo}/actions/{path}")
        self.ask("POST", f"{here}/rerun")
        self.at_the_gate(run)
        self.ask("POST", f"{here}/cancel")
        self.shop.finished(run)
        self.dispatches()

    def at_the_gate(self, run: WorkflowRun) -> Job:
        self.shop.wait(run, lambda: bool(run.pending))
        return run.pending[0].job

    def dispatches(self) -> None:
        self.world.commit(SHOP, {".github/workflows/by-hand.yml": BY_HAND}, "By hand")
        by_hand = f"{self.repo}/actions/workflows/by-hand.yml/dispatches"
        self.ask("POST", by_hand, {"ref": "main"})
        self.ask("POST", by_hand, {"ref": "main", "return_run_details": True})
        self.ask("POST", f"{self.repo}/dispatches", {"event_type": "stock", "client_payload": {"left": 3}})
        for run in list(self.shop.repository.runs.values()):
            if run.status != "completed" and not run.pending:
                self.shop.finished(run)

    def deliveries(self) -> None:
        self.shop.server.courier.settle()
        listed = self.ask("GET", "/app/hook/deliveries", by="jwt")
        one = f"/app/hook/deliveries/{listed[0]['id']}"
        self.ask("GET", one, by="jwt")
        self.ask("POST", f"{one}/attempts", by="jwt")
        self.ask("GET", "/app/hook/config", by="jwt")
        self.ask("PATCH", "/app/hook/config", {"content_type": "json"}, by="jwt")

    def apps(self) -> None:
        self.ask("POST", f"/app-manifests/{self.registered()}/conversions")
        for path in ("/app", "/app/installations", f"{self.repo}/installation", "/orgs/acme/installation"):
            self.ask("GET", path, by="jwt")
        mine = self.ask("GET", "/app/installations", by="jwt")[0]["id"]
        self.ask("GET", f"/app/installations/{mine}", by="jwt")
        self.ask("GET", f"/apps/{self.shop.app.slug}")
        asked = {"repositories": ["shop"], "permissions": {"contents": "read"}}
        self.ask("POST", f"/app/installations/{mine}/access_tokens", asked, by="jwt")
        self.ask("GET", "/installation/repositories", by="gate")
        self.ask("GET", "/user/installations")
        self.ask("GET", f"/user/installations/{mine}/repositories")
        self.ask("DELETE", "/installation/token", by="gate")
        self.at_home()
        self.ask("PUT", f"/app/installations/{mine}/suspended", by="jwt")
        self.ask("DELETE", f"/app/installations/{mine}/suspended", by="jwt")
        self.ask("DELETE", f"/app/installations/{mine}", by="jwt")
        self.shop.server.courier.settle()

    def registered(self) -> str:
        """The code with which a browser comes back from registering an App."""
        manifest = {
            "name": "second",
            "url": "https://second.example",
            "redirect_url": "http://127.0.0.1/back",
        }
        response = requests.post(
            f"{self.world.url}/settings/apps/new",
            data={"manifest": json.dumps(manifest)},
            headers={"Authorization": f"Bearer {self.bearer('ada')}"},
            timeout=PATIENCE,
            allow_redirects=False,
        )
        return parse_qs(urlsplit(response.headers["Location"]).query)["code"][0]

    def at_home(self) -> None:
        """The App on a person's own repository."""
        self.world.install(self.shop.app, "ada/mine")
        self.ask("GET", "/users/ada/installation", by="jwt")


BY_HAND = """
on: [workflow_dispatch, repository_dispatch]
jobs:
  look:
    runs-on: ubuntu-latest
    steps: [{run: echo looked}]
"""
APPROVED = {"state": "approved", "comment": "Go"}
DONE = {
    "status": "completed",
    "conclusion": "success",
    "output": {"title": "Open", "summary": "All is well", "annotations": []},
    "actions": [{"label": "Freeze", "description": "Stop deployments", "identifier": "freeze"}],
}
