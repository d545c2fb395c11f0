"""What a job asks first, asked while its own modules still load."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from gateway.queries import query

if TYPE_CHECKING:
    from gateway.github import GitHub


def ask_ahead(github: GitHub, *, sha: str, run_id: int) -> None:
    """Ask all at once what a look at the job's own gate needs; the same questions then take the answers."""
    repository = "/repos/" + quote(github.repository)
    question, variables = about_the_gate(github.repository, sha, github.policy_file)
    github.connection.ask_ahead(github.beside, *github.connection.graphql_request(question, variables))
    if run_id:
        github.connection.ask_ahead(github.beside, "GET", f"{repository}/actions/runs/{run_id}")


def about_the_gate(repository: str, sha: str, policy_file: str) -> tuple[str, dict[str, str]]:
    """The one question for policy and facts, and its variables."""
    owner, _, name = repository.partition("/")
    question = query("gate", "policy_file", "parts", "deployments")
    return question, {"owner": owner, "name": name, "sha": sha, "policy": policy_expression(policy_file)}


def policy_expression(file: str) -> str:
    """HEAD is the default branch: never the branch or the commit that is being deployed."""
    return f"HEAD:{file}"
