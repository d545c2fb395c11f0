"""`deploy-protocol init` in real checkouts."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result

from deploy_protocol import main
from protocol.starting import ACTION, AROUND, POLICY, TEMPLATE, WORKFLOW


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    subprocess.run(["git", "init", "-q", "-b", "trunk", str(tmp_path)], check=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def init(*options: str, says: str = "") -> Result:
    return CliRunner().invoke(main, ["init", *options], input=says)


def put(checkout: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = checkout / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def written(checkout: Path) -> set[str]:
    files = (file for file in checkout.rglob("*") if file.is_file())
    return {
        str(file.relative_to(checkout)) for file in files if ".git/" not in f"{file}/"[len(str(checkout)) :]
    }


def test_what_it_writes_is_fit_for_use(checkout: Path) -> None:
    assert init("--yes").exit_code == 0
    assert {POLICY, WORKFLOW, TEMPLATE} <= written(checkout)
    checked = CliRunner().invoke(main, ["check"])
    assert (checked.exit_code, checked.stdout) == (
        0,
        ".github/deploy.yml: fit for use, 2 environments, 0 tests passed\n",
    )


def test_it_looks_at_what_the_repository_has(checkout: Path) -> None:
    jobs = "{a: {environment: {name: live}}}"
    files = {
        "package.json": '{"scripts": {"deploy": "x"}}',
        "alembic.ini": "",
        ".github/workflows/ci.yml": f"on: pull_request\njobs: {jobs}",
    }
    put(checkout, files)
    said = init("--dry-run").stdout
    assert "default branch: trunk" in said
    assert "languages: JavaScript" in said
    assert "deploy command: npm run deploy" in said
    assert "environments: live" in said
    assert "+        run: alembic upgrade head" in said
    assert "+      - {item: All tests passing, checks: all}" in said


def test_nothing_is_written_without_a_yes(checkout: Path) -> None:
    assert init(says="n\n").exit_code == 1
    assert init("--dry-run").exit_code == 0
    assert written(checkout) == set()


def test_everything_is_shown_before_it_is_written(checkout: Path) -> None:
    said = init(says="y\n").stdout
    for path in (POLICY, WORKFLOW, TEMPLATE):
        text = (checkout / path).read_text(encoding="utf-8")
        assert all(f"+{line}\n" in said for line in text.splitlines())
        assert said.index(f"new: {path}") < said.index("[y/N]")


def test_a_file_that_is_there_is_never_changed(checkout: Path) -> None:
    (checkout / ".github").mkdir()
    (checkout / POLICY).write_text("mine", encoding="utf-8")
    (checkout / "PULL_REQUEST_TEMPLATE.md").write_text("mine", encoding="utf-8")
    said = init("--yes").stdout
    assert f"kept as it is: {POLICY}" in said
    assert "kept as it is: PULL_REQUEST_TEMPLATE.md" in said
    assert (checkout / POLICY).read_text(encoding="utf-8") == "mine"
    assert TEMPLATE not in written(checkout)
    assert "nothing is written" in init("--yes").stdout


def test_a_template_that_is_kept_is_told_which_headings_the_checklist_reads(checkout: Path) -> None:
    put(checkout, {"docs/PULL_REQUEST_TEMPLATE.md": "## Summary\n", "migrations/1.sql": ""})
    said = init("--dry-run").stdout
    assert (
        "kept as it is: docs/PULL_REQUEST_TEMPLATE.md\n  Add `## Rollback plan` and `## Migrations`" in said
    )


def test_a_template_is_told_what_a_policy_that_is_kept_as_well_asks_for(checkout: Path) -> None:
    checklist = "[{item: Plan, section: Way back}, {item: Why, section: Summary}]"
    policy = f"version: 1\ntimezone: UTC\nenvironments: {{live: {{checklist: {checklist}}}}}\n"
    put(checkout, {POLICY: policy, TEMPLATE: "## Summary\n"})
    assert f"kept as it is: {TEMPLATE}\n  Add `## Way back`:" in init("--dry-run").stdout


def test_a_workflow_of_its_own_is_told_that_it_deploys_past_the_policy(checkout: Path) -> None:
    put(checkout, {WORKFLOW: "on: push\njobs: {live: {steps: [{run: make deploy}]}}"})
    assert f"kept as it is: {WORKFLOW}\n  If it deploys, it bypasses the policy" in init("--dry-run").stdout


def test_a_workflow_with_the_other_ending_is_kept_as_well(checkout: Path) -> None:
    other = WORKFLOW.replace(".yml", ".yaml")
    put(checkout, {other: "on: push\njobs: {live: {environment: live}}"})
    assert f"kept as it is: {other}\n  If it deploys" in init("--yes").stdout
    assert WORKFLOW not in written(checkout)


def test_beside_a_workflow_that_deploys_it_deploys_nothing_a_second_time(checkout: Path) -> None:
    put(checkout, {".github/workflows/release.yml": "on: push\njobs: {a: {environment: live}}"})
    init("--yes")
    workflow = yaml.load((checkout / WORKFLOW).read_text(encoding="utf-8"), yaml.BaseLoader)
    assert workflow["on"] == "workflow_dispatch"


def test_the_site_that_github_serves_is_no_environment_of_versions(checkout: Path) -> None:
    pages = "on: push\njobs: {a: {environment: {name: github-pages}}}"
    put(checkout, {".github/workflows/pages.yml": pages})
    assert "environments: none found" in init("--yes").stdout
    workflow = yaml.load((checkout / WORKFLOW).read_text(encoding="utf-8"), yaml.BaseLoader)
    assert workflow["on"] == {"push": {"branches": ["trunk"]}}


def test_what_it_wrote_itself_lacks_nothing(checkout: Path) -> None:
    init("--yes")
    said = init("--yes").stdout
    kept = [f"kept as it is: {path}" for path in (POLICY, WORKFLOW, AROUND, TEMPLATE)]
    assert [line for line in said.splitlines() if line][-5:] == [*kept, "nothing is written"]


def test_what_would_be_written_is_named_where_the_yes_is_asked_for(checkout: Path) -> None:
    put(checkout, {POLICY: "mine", TEMPLATE: "mine"})
    assert f"Write {WORKFLOW} and {AROUND}? [y/N]" in init(says="n\n").stdout


def test_every_part_of_a_repository_of_many_is_seen(checkout: Path) -> None:
    parts = ("shop/go.mod", "shop/migrations/1.sql", "web/package.json", "stock/migrations/1.sql")
    put(checkout, dict.fromkeys([*parts, "modules/pom.xml"], "") | {".gitignore": "modules/"})
    said = init("--dry-run").stdout
    assert "languages: JavaScript, Go\n" in said
    assert "migrations: shop/migrations, stock/migrations\n" in said
    assert "lint: '**/migrations/*.sql'" in said


def test_the_default_branch_is_not_the_one_that_somebody_works_on(checkout: Path) -> None:
    who = ["-c", "user.name=ada", "-c", "user.email=ada@shop.example"]
    subprocess.run(["git", *who, "commit", "-q", "--allow-empty", "-m", "Begin"], check=True)
    subprocess.run(["git", "switch", "-q", "-c", "feature/cart"], check=True)
    said = init("--dry-run").stdout
    assert "default branch: trunk" in said
    assert "+    branches: [trunk]" in said


@pytest.mark.parametrize("uses", ["acme/ours", "acme/ours@v1", f"ours@{'a' * 40}"])
def test_an_action_that_is_not_pinned_is_refused(checkout: Path, uses: str) -> None:
    ended = init("--yes", "--action", uses)
    assert (ended.exit_code, written(checkout)) == (2, set())
    assert f"'{uses}' is not OWNER/REPO@COMMIT" in " ".join(ended.stderr.split())


def test_nothing_is_written_through_a_link_that_leads_out(
    checkout: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    outside = tmp_path_factory.mktemp("outside")
    (checkout / ".github").symlink_to(outside)
    ended = init("--yes")
    assert (ended.exit_code, list(outside.iterdir())) == (2, [])
    assert "leads out of the repository" in ended.stderr


def test_without_a_repository_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    ended = init("--yes")
    assert (ended.exit_code, "run this there" in ended.stderr) == (2, True)


def test_the_action_s_address_is_asked_for_unless_it_was_given(checkout: Path) -> None:
    assert f"put our action's address and commit in place of {ACTION}" in init("--yes").stdout
    (checkout / WORKFLOW).unlink()
    given = f"acme/ours@{'a' * 40}"
    assert "in place of" not in init("--yes", "--action", given).stdout
    assert f"uses: {given}\n" in (checkout / WORKFLOW).read_text(encoding="utf-8")
