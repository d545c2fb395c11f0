from __future__ import annotations

import jsonschema
import pytest
import yaml

from protocol.document import parse_policy
from protocol.plan import plan_of
from protocol.policy_tests import run_policy_tests
from protocol.sections import is_filled
from protocol.starting import (
    AROUND,
    POLICY,
    TEMPLATE,
    WORKFLOW,
    Migrations,
    Surroundings,
    drafts,
    template_text,
)
from tests.test_papers import vendored_schema

SEEN = {
    "an empty repository": Surroundings(),
    "one environment": Surroundings(environments=("live",), branch="trunk"),
    "three": Surroundings(environments=("qa", "Production", "preview"), pull_requests_test=True),
    "odd names": Surroundings(environments=('a "b": {c}', "défault #1", "9 lives"), branch="rel: [x]"),
    "rails": Surroundings(
        deploy='./bin/deploy "$VERSION"',
        migrations=Migrations(found="db/migrate", run="bin/rails db:migrate", undo="bin/rails db:rollback"),
    ),
    "plain sql": Surroundings(migrations=Migrations(found="migrations", lint="migrations/*.sql")),
}


@pytest.mark.parametrize("seen", SEEN.values(), ids=SEEN)
def test_the_policy_to_begin_with_is_fit_for_use(seen: Surroundings) -> None:
    [policy_file] = [draft for draft in drafts(seen) if draft.path == POLICY]
    policy = parse_policy(policy_file.text, policy_file.path)
    assert set(policy.environments) == set(seen.environments or ("staging", "production"))
    assert all(outcome.passed for outcome in run_policy_tests(policy))


@pytest.mark.parametrize("seen", SEEN.values(), ids=SEEN)
def test_the_workflows_to_begin_with_are_ones_github_takes(seen: Surroundings) -> None:
    workflows = [draft for draft in drafts(seen) if "/workflows/" in draft.path]
    assert [draft.path for draft in workflows] == [WORKFLOW, AROUND]
    for draft in workflows:
        workflow = yaml.load(draft.text, yaml.BaseLoader)
        jsonschema.validate(workflow, vendored_schema("github-workflows"))
        jobs = workflow["jobs"].values()
        named = {job["environment"] for job in jobs}
        assert named <= set(seen.environments or ("staging", "production"))
        assert all("@" in step.get("uses", "@") for job in jobs for step in job["steps"])


def test_what_stands_before_production_is_staging_where_there_is_one() -> None:
    seen = Surroundings(environments=("preview", "production", "staging"))
    workflow = yaml.safe_load(next(draft.text for draft in drafts(seen) if draft.path == WORKFLOW))
    assert list(workflow["jobs"]) == ["staging", "production"]


NAMES = [
    "main",
    "on",
    "y",
    "null",
    "rel: [x]",
    "it's",
    "9 lives",
    "a\tb",
    "two words",
    "x # y",
    "défault",
    "-",
]


@pytest.mark.parametrize("name", NAMES)
def test_a_branch_of_any_name_is_the_one_that_yaml_reads(name: str) -> None:
    text = next(draft.text for draft in drafts(Surroundings(branch=name)) if draft.path == WORKFLOW)
    assert yaml.load(text, yaml.BaseLoader)["on"]["push"]["branches"] == [name]
    assert yaml.safe_load(text)[True]["push"]["branches"] == [name]  # where `on` is no text


def test_a_command_nobody_has_written_yet_fails_and_says_where_to_write_it() -> None:
    [policy_file] = [draft for draft in drafts(Surroundings()) if draft.path == POLICY]
    plan = plan_of(parse_policy(policy_file.text, POLICY), "production")
    [work] = plan.steps[-1].work
    assert "Write in .github/deploy.yml how to deploy $VERSION" in str(work)
    assert "exit 1" in str(work)


def test_the_template_has_the_headings_that_the_checklist_reads_and_leaves_them_to_be_filled() -> None:
    text = template_text(SEEN["rails"])
    assert (is_filled(text, "Rollback plan"), is_filled(text, "Migrations")) == (False, False)


def test_every_draft_has_a_place_of_its_own() -> None:
    paths = [draft.path for draft in drafts(Surroundings())]
    assert len(set(paths)) == len(paths)
    assert TEMPLATE in paths
