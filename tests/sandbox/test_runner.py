from __future__ import annotations

import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent

import pytest

from sandbox.actions import LocalAction
from sandbox.git import clean_environment
from sandbox.runner import log_path
from tests.pids import is_gone
from tests.runner import SHOP, Shop, shop_in

ACTION = """
    name: Greet
    inputs:
      who: {default: world}
      token: {default: "${{ github.token }}"}
      check: {default: "${{ job.check_run_id }}"}
    outputs:
      story: {}
    runs:
      using: docker
      image: Dockerfile
      entrypoint: greet
      post-entrypoint: bye
      args: ["--loud", "${{ inputs.who }}"]
      env: {GREETING: "hi ${{ inputs.who }}"}
"""
GREET = """
    echo "args: $*"
    echo "greeting: $GREETING, input: $INPUT_WHO, here: $(basename "$PWD"), sha: $GITHUB_SHA"
    [ "$INPUT_CHECK" -gt 0 ] && echo "::add-mask::$INPUT_CHECK-secret" && echo "say $INPUT_CHECK-secret"
    printf 'story<<EOF\\nline one\\nline two\\nEOF\\n' >> "$GITHUB_OUTPUT"
    echo "began=yes" >> "$GITHUB_STATE"
    echo "# Greeted $INPUT_WHO" >> "$GITHUB_STEP_SUMMARY"
    exit "${EXIT_WITH:-0}"
"""
BYE = 'echo "post says began=$STATE_began for $INPUT_WHO"'


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    action = tmp_path / "action"
    action.mkdir()
    (action / "action.yml").write_text(dedent(ACTION))
    for name, body in (("greet", GREET), ("bye", BYE)):
        script = action / name
        script.write_text(f"#!/bin/bash\n{dedent(body)}\n")
        script.chmod(script.stat().st_mode | stat.S_IXUSR)
    with shop_in(tmp_path / "world", {"./": LocalAction(directory=action)}) as shop:
        yield shop


def test_a_push_runs_a_job_from_the_pushed_commit(shop: Shop) -> None:
    run = shop.finished(
        shop.push(
            """
            on: push
            jobs:
              build:
                runs-on: ubuntu-latest
                steps:
                  - uses: actions/checkout@v4
                  - run: cat README.md && git rev-parse HEAD && git rev-list --count HEAD
            """
        )
    )
    assert run.conclusion == "success", shop.story(run)
    assert "A shop." in shop.log(run)
    assert f"{run.head_sha}\n1" in shop.log(run)
    assert shop.told("workflow_run") == ["requested", "in_progress", "completed"]
    assert shop.told("workflow_job") == ["queued", "in_progress", "completed"]
    job = shop.job(run, "build")
    assert job.check_run.id == job.id
    assert job.steps[0].name == "Set up job"
    assert log_path(shop.world, job).read_text().splitlines() == job.log


def test_checkout_brings_all_history_when_asked(shop: Shop) -> None:
    run = shop.finished(
        shop.push(
            """
            on: push
            jobs:
              build:
                steps:
                  - {uses: actions/checkout@v4, with: {fetch-depth: 0}}
                  - run: git rev-list --count HEAD && git branch --show-current
            """
        )
    )
    assert "2\nmain" in shop.log(run)


def test_a_container_action_gets_inputs_args_and_files_and_its_post_step(shop: Shop) -> None:
    run = shop.finished(
        shop.push(
            """
            on: push
            jobs:
              build:
                outputs: {story: "${{ steps.greet.outputs.story }}"}
                steps:
                  - {id: greet, uses: ./, with: {who: ada}}
                  - {run: 'echo "after $STORY"', env: {STORY: "${{ toJSON(steps.greet.outputs.story) }}"}}
              next:
                needs: build
                steps: [{run: 'echo "got $STORY"', env: {STORY: "${{ needs.build.outputs.story }}"}}]
            """
        )
    )
    log = shop.log(run)
    assert run.conclusion == "success", shop.story(run)
    assert "args: --loud ada" in log
    assert f"greeting: hi ada, input: ada, here: workspace, sha: {run.head_sha}" in log
    assert "say ***" in log
    assert "-secret" not in log
    assert 'after "line one\\nline two"' in log
    assert log.index("post says began=yes for ada") > log.index("after")
    assert "got line one\nline two" in shop.log(run, "next")
    assert shop.job(run, "build").summary == "# Greeted ada\n"
    assert [step.name for step in shop.job(run, "build").steps][-2:] == ["Post Run ./", "Complete job"]


def test_the_post_step_runs_after_a_failure_too(shop: Shop) -> None:
    run = shop.finished(
        shop.push(
            """
            on: push
            jobs:
              build:
                steps:
                  - {uses: ./, env: {EXIT_WITH: 3}}
                  - run: echo unreachable
                  - {if: failure(), run: echo tidied}
            """
        )
    )
    assert run.conclusion == "failure"
    assert "Process completed with exit code 3." in shop.log(run)
    assert "unreachable" not in shop.log(run).replace("Run echo unreachable", "")
    assert "\ntidied" in shop.log(run)
    assert "post says began=yes" in shop.log(run)


def test_commands_in_the_output_become_masks_and_annotations(shop: Shop) -> None:
    shop.repository.secrets["KEY"] = "hunter2"
    run = shop.finished(
        shop.push(
            """
            on: push
            jobs:
              build:
                outputs: {leak: "${{ secrets.KEY }}", fine: ok}
                steps:
                  - run: |
                      echo "the key is ${{ secrets.KEY }} and $GITHUB_REF_NAME"
                      echo "::warning file=a.py,line=3,title=Look::careful%0Anow"
                      echo "::stop-commands::halt"
                      echo "::error::not an error"
                      echo "::halt::"
                      echo "::group::More"
                      echo "PLACE=here" >> "$GITHUB_ENV"
                      mkdir bin && printf '#!/bin/sh\\necho tool' > bin/tool && chmod +x bin/tool
                      echo "$PWD/bin" >> "$GITHUB_PATH"
                  - run: tool && echo "in $PLACE, ${{ env.PLACE }}"
            """
        )
    )
    job = shop.job(run, "build")
    assert run.conclusion == "success", shop.story(run)
    assert "the key is *** and main" in shop.log(run)
    assert "hunter2" not in shop.log(run)
    assert "::error::not an error" in shop.log(run)
    assert "tool\nin here, here" in shop.log(run)
    (note,) = job.check_run.annotations
    assert (note["path"], note["start_line"], note["message"]) == ("a.py", 3, "careful\nnow")
    assert job.outputs == {"fine": "ok"}


def test_needs_and_if_decide_which_jobs_run(shop: Shop) -> None:
    run = shop.finished(
        shop.push(
            """
            on: push
            jobs:
              build: {steps: [{run: exit 1}]}
              after: {needs: build, steps: [{run: echo no}]}
              tidy: {needs: [build, after], if: always(), steps: [{run: 'echo "${{ needs.build.result }}"'}]}
              alarm: {needs: after, if: failure(), steps: [{run: echo rang}]}
              never: {if: "github.ref == 'refs/heads/other'", steps: [{run: echo no}]}
            """
        )
    )
    conclusions = {job.key: job.conclusion for job in run.current_jobs}
    assert conclusions == {
        "build": "failure", "after": "skipped", "tidy": "success", "alarm": "success", "never": "skipped",
    }  # fmt: skip
    assert run.conclusion == "failure"
    assert "\nfailure" in shop.log(run, "tidy")


def test_cancelling_interrupts_the_step_and_runs_what_always_runs(shop: Shop) -> None:
    run = shop.push(
        """
        on: push
        jobs:
          build:
            steps:
              - run: |
                  trap 'echo interrupted; exit 1' INT
                  echo started
                  while :; do sleep 0.05; done
              - run: echo unreachable
              - {if: always(), run: echo cleaned}
          after: {needs: build, steps: [{run: echo no}]}
        """
    )
    shop.wait(run, lambda: bool(run.jobs) and "\nstarted" in shop.log(run))
    shop.ask("POST", f"/actions/runs/{run.id}/cancel", status=202)
    shop.finished(run)
    assert run.conclusion == "cancelled"
    assert "\ninterrupted" in shop.log(run)
    assert "\ncleaned" in shop.log(run)
    assert "\nunreachable" not in shop.log(run)


def test_stopping_the_runner_leaves_no_process(shop: Shop, tmp_path: Path) -> None:
    run = shop.push(
        """
        on: push
        jobs: {build: {steps: [{run: 'sleep 300 & echo "pid=$!"; wait'}]}}
        """
    )
    shop.wait(run, lambda: bool(run.jobs) and "\npid=" in shop.log(run))
    pid = int(shop.log(run).partition("\npid=")[2].splitlines()[0])
    assert shop.server.runner is not None
    shop.server.runner._processes.stop()
    shop.finished(run)
    assert is_gone(pid)


def test_what_a_jobs_token_makes_starts_no_workflow(shop: Shop) -> None:
    run = shop.finished(shop.push("{on: [push, issues], jobs: {build: {steps: [{run: echo}]}}}"))
    shop.world.commit(SHOP, {"more.txt": "x"}, "By a job", quiet=True)
    assert list(shop.repository.runs.values()) == [run]


def test_a_workflow_that_cannot_be_read_fails_at_once(shop: Shop) -> None:
    run = shop.push("{on: push, jobs: {build: {}}}")
    assert (run.status, run.conclusion) == ("completed", "startup_failure")
    assert "jobs.build.steps is missing or empty" in run.title


MACHINE = """
import json, os, urllib.request
request = urllib.request.Request(
    os.environ["GITHUB_API_URL"] + "/repos/" + os.environ["GITHUB_REPOSITORY"] + os.environ["PATHNAME"],
    data=os.environ["BODY"].encode(),
    headers={"Authorization": "Bearer " + os.environ["TOKEN"], "Content-Type": "application/json"},
)
try:
    print("status", urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request).status)
except urllib.error.HTTPError as error:
    print("status", error.code)
"""


def ask_from_a_job(shop: Shop, path: str, body: str, permissions: str, more: str = "") -> str:
    """What a job's own token is answered."""
    run = shop.finished(
        shop.push(
            f"""
            on: push
            permissions: {permissions}
            jobs:
              build:
                env: {{PATHNAME: {path}, BODY: '{body}', TOKEN: "${{{{ github.token }}}}"}}
                steps:
                  - uses: actions/checkout@v4
                  - run: python3 ask.py
            """,
            {"ask.py": MACHINE, **({".github/workflows/more.yml": more} if more else {})},
        )
    )
    return shop.log(run)


def test_a_jobs_token_may_do_what_its_permissions_say(shop: Shop) -> None:
    body = '{"ref": "main", "auto_merge": false, "required_contexts": []}'
    assert "status 201" in ask_from_a_job(shop, "/deployments", body, "{deployments: write}")
    assert "status 403" in ask_from_a_job(shop, "/deployments", body, "{deployments: read}")


def test_what_a_jobs_token_deploys_starts_no_workflow_but_a_dispatch_does(shop: Shop) -> None:
    more = "{on: [deployment, workflow_dispatch], jobs: {more: {steps: [{run: echo}]}}}"
    body = '{"ref": "main", "auto_merge": false, "required_contexts": []}'
    ask_from_a_job(shop, "/deployments", body, "{deployments: write}", more)
    assert len(shop.repository.runs) == 1
    ask_from_a_job(
        shop, "/actions/workflows/more.yml/dispatches", '{"ref": "main"}', "{actions: write}", more
    )
    assert [run.event for run in shop.repository.runs.values()] == ["push", "push", "workflow_dispatch"]
    shop.ask("POST", "/deployments", {"ref": "main", "auto_merge": False, "required_contexts": []})
    assert list(shop.repository.runs.values())[-1].event == "deployment"


def test_a_real_git_push_starts_the_workflow(shop: Shop, tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    url = shop.world.url.replace("//", f"//ada:{shop.token('ada')}@")
    git(tmp_path, "clone", "--quiet", f"{url}/{SHOP}.git", str(clone))
    file = clone / ".github/workflows/ci.yml"
    file.parent.mkdir(parents=True)
    file.write_text("{on: push, jobs: {build: {steps: [{run: 'echo $GITHUB_ACTOR'}]}}}")
    git(clone, "add", ".")
    git(clone, "-c", "user.name=ada", "-c", "user.email=ada@shop.example", "commit", "--quiet", "-m", "CI")
    git(clone, "push", "--quiet", "origin", "main")
    (run,) = shop.repository.runs.values()
    assert shop.finished(run).conclusion == "success"
    assert "\nada" in shop.log(run)
    assert run.title == "CI"


def git(where: Path, *arguments: str) -> None:
    subprocess.run(["git", *arguments], cwd=where, check=True, env=clean_environment())


def test_pull_requests_and_releases_start_workflows_too(shop: Shop) -> None:
    shop.add(
        """
        on: {pull_request: {branches: [main]}, push: {tags: ['v*']}, release: {types: [published]}}
        jobs: {build: {steps: [{run: 'echo "$GITHUB_EVENT_NAME $GITHUB_REF $GITHUB_HEAD_REF"'}]}}
        """
    )
    shop.world.commit(SHOP, {"topic.txt": "x"}, "Topic", branch="topic")
    shop.ask("POST", "/pulls", {"title": "Topic", "head": "topic", "base": "main"}, status=201)
    shop.ask("POST", "/releases", {"tag_name": "v1", "target_commitish": "main"}, status=201)
    runs = [shop.finished(run) for run in shop.repository.runs.values()]
    assert [(run.event, run.ref) for run in runs] == [
        ("pull_request", "refs/pull/1/merge"),
        ("push", "refs/tags/v1"),
        ("release", "refs/tags/v1"),
    ]
    assert "pull_request refs/pull/1/merge topic" in shop.log(runs[0])
    assert (runs[0].head_branch, runs[0].title) == ("topic", "Topic")


def test_a_step_that_takes_too_long_is_ended(shop: Shop) -> None:
    run = shop.finished(
        shop.push(
            """
            on: push
            jobs:
              build:
                steps: [{run: exec sleep 60, timeout-minutes: 0.005, continue-on-error: true}]
            """
        )
    )
    assert run.conclusion == "success"
    assert "The action has timed out." in shop.log(run)
    assert shop.job(run, "build").steps[1].conclusion == "failure"


def test_an_action_without_a_command_fails_with_the_cure(shop: Shop) -> None:
    run = shop.finished(shop.push("{on: push, jobs: {build: {steps: [{uses: acme/unknown@v1}]}}}"))
    assert "the sandbox was given no command for it" in shop.log(run)


def test_inputs_of_a_dispatch_keep_their_types(shop: Shop) -> None:
    shop.add(
        """
        on:
          workflow_dispatch:
            inputs: {dry: {type: boolean, default: true}, version: {required: true}}
        jobs:
          build:
            if: ${{ !inputs.dry }}
            steps: [{run: 'echo "version ${{ inputs.version }}, ${{ github.event.inputs.dry }}"'}]
        """
    )
    path = "/actions/workflows/ci.yml/dispatches"
    shop.ask("POST", path, {"ref": "main"}, status=422)
    shop.ask("POST", path, {"ref": "main", "inputs": {"version": "2"}}, status=204)
    shop.ask("POST", path, {"ref": "main", "inputs": {"version": "3", "dry": False}}, status=204)
    skipped, ran = (shop.finished(run) for run in shop.repository.runs.values())
    assert (skipped.conclusion, ran.conclusion) == ("skipped", "success")
    assert "version 3, false" in shop.log(ran)


@pytest.mark.parametrize(
    ("job", "sentence"),
    [
        ("{steps: [{if: \"fromJSON('{')\", run: echo}]}", "fromJSON() was given no JSON"),
        ("{outputs: {a: \"${{ fromJSON('{') }}\"}, steps: [{run: echo}]}", "fromJSON() was given no JSON"),
        ("{if: \"fromJSON('{')\", steps: [{run: echo}]}", "fromJSON() was given no JSON"),
        ("{steps: [{run: echo, shell: fish}]}", "The shell 'fish' is none of"),
        ("{steps: [{run: 'echo \"a<<B\" >> $GITHUB_OUTPUT'}]}", "Matching delimiter not found 'B'"),
        ("{steps: [{run: echo, working-directory: nowhere}]}", "No such file or directory"),
    ],
    ids=["if of a step", "output", "if of a job", "shell", "file command", "directory"],
)
def test_what_cannot_be_done_fails_the_job_and_says_why(shop: Shop, job: str, sentence: str) -> None:
    run = shop.finished(shop.push(f"{{on: push, jobs: {{build: {job}}}}}"))
    assert run.conclusion == "failure"
    assert sentence in "\n".join(shop.job(run, "build").log)
