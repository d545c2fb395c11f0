from __future__ import annotations

import pytest

from sandbox.workflow import Occasion, Workflow, WorkflowError, parse_workflow

JOBS = "jobs: {build: {runs-on: ubuntu-latest, steps: [{run: 'true'}]}}"


def parse(text: str) -> Workflow:
    return parse_workflow(text, ".github/workflows/ci.yml")


def push(branch: str, *changed: str) -> Occasion:
    return Occasion(event="push", ref=f"refs/heads/{branch}", changed=changed)


@pytest.mark.parametrize(
    ("on", "occasion", "starts"),
    [
        ("push", push("main"), True),
        ("[pull_request]", push("main"), False),
        ("{push: {branches: [main]}}", push("main"), True),
        ("{push: {branches: [main]}}", push("other"), False),
        ("{push: {branches: ['release/**', '!release/old/**']}}", push("release/1/x"), True),
        ("{push: {branches: ['release/**', '!release/old/**']}}", push("release/old/x"), False),
        ("{push: {branches: ['feat*']}}", push("feat/x"), False),
        ("{push: {branches-ignore: [wip]}}", push("wip"), False),
        ("{push: {branches: [main]}}", Occasion(event="push", ref="refs/tags/v1"), False),
        ("{push: {tags: ['v[0-9]+.*']}}", Occasion(event="push", ref="refs/tags/v12.1"), True),
        ("{push: {tags: ['v*']}}", push("main"), False),
        ("{push: {paths: ['src/**']}}", push("main", "src/a/b.py", "README.md"), True),
        ("{push: {paths: ['src/**']}}", push("main", "README.md"), False),
        ("{push: {paths-ignore: ['**.md']}}", push("main", "docs/README.md"), False),
        ("{push: {paths-ignore: ['**/*.md']}}", push("main", "README.md", "a.py"), True),
        ("pull_request", Occasion(event="pull_request", ref="", action="closed"), False),
        ("pull_request", Occasion(event="pull_request", ref="", action="opened"), True),
        ("{pull_request: {types: [closed]}}", Occasion(event="pull_request", ref="", action="closed"), True),
        (
            "{pull_request: {branches: [main]}}",
            Occasion(event="pull_request", ref="refs/pull/1/merge", base="dev", action="opened"),
            False,
        ),
        ("{release: {types: [published]}}", Occasion(event="release", ref="", action="created"), False),
    ],
)
def test_on_decides_which_events_start_a_workflow(on: str, occasion: Occasion, starts: bool) -> None:
    assert parse(f"on: {on}\n{JOBS}").starts_on(occasion) is starts


def test_a_job_is_read_with_all_its_words() -> None:
    workflow = parse("""
        name: Deploy
        on: {workflow_dispatch: {inputs: {version: {required: true}}}}
        permissions: read-all
        defaults: {run: {working-directory: app}}
        jobs:
          build:
            runs-on: ubuntu-latest
            steps: [{id: one, run: make, env: {A: 1}}]
          ship:
            needs: build
            if: always()
            environment: {name: production, url: "${{ steps.one.outputs.url }}", deployment: false}
            concurrency: {group: ship, cancel-in-progress: true}
            permissions: {contents: read}
            runs-on: [self-hosted, linux]
            defaults: {run: {shell: sh}}
            steps: [{uses: ./, with: {environment: production}}]
    """)
    ship = workflow.jobs["ship"]
    assert ship.needs == ("build",)
    assert ship.condition == "always()"
    assert ship.target is not None
    assert (ship.target.name, ship.target.deployment) == ("production", False)
    assert (ship.shell, ship.working_directory) == ("sh", "app")
    assert ship.permissions == {"contents": "read"}
    assert ship.concurrency is not None
    assert ship.concurrency.cancel_in_progress is True
    assert ship.steps[0].inputs == {"environment": "production"}
    assert workflow.permissions is not None
    assert workflow.permissions["deployments"] == "read"
    assert workflow.triggers["workflow_dispatch"].inputs == {"version": {"required": True}}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[]", "the file must be a mapping"),
        (f"name: x\n{JOBS}", "on names no event"),
        ("on: push\njobs: {a: {steps: []}}", "jobs.a.steps is missing or empty"),
        ("on: push\njobs: {a: {steps: [{name: x}]}}", "exactly one of 'uses' and 'run'"),
        ("on: push\njobs: {a: {needs: b, steps: [{run: x}]}}", "jobs.a.needs names an unknown job"),
        ("on: push\njobs: {a: {needs: a, steps: [{run: x}]}}", "a circle of jobs"),
        ("on: push\njobs: {a: {services: {}, steps: [{run: x}]}}", "jobs.a.services is nothing"),
        ("on: push\njobs: {a: {strategy: {matrix: [1]}, steps: [{run: x}]}}", "matrix must be a mapping"),
        ("on: push\njobs: {a: {strategy: {fail-fast: no}, steps: [{run: x}]}}", "must be true or false"),
        ("on: push\njobs: {a: {strategy: {max-parallel: 0}, steps: [{run: x}]}}", "must be a number above 0"),
        ("on: [", "expected"),
        (
            "on: push\njobs: {a: {steps: [{run: 'echo ${{ github. }}'}]}}",
            "jobs.a.steps[0].run has an expression",
        ),
        ("on: push\nrun-name: ${{ nope() }}\njobs: {a: {steps: [{run: x}]}}", "'nope' is not a function"),
        ("on: push\njobs: {a: {environment: {url: x}, steps: [{run: x}]}}", "environment has no name"),
    ],
)
def test_a_workflow_that_cannot_run_says_where_and_why(text: str, sentence: str) -> None:
    with pytest.raises(WorkflowError, match=r"^\.github/workflows/ci\.yml: ") as caught:
        parse(text)
    assert sentence in str(caught.value)
