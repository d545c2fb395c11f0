from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from action.errors import InputError
from action.inputs import Inputs, inputs_from, workflow_from
from action.result import Result, result_schema
from action.summary import outputs_of

GIVEN = {"INPUT_ENVIRONMENT": "production", "INPUT_GITHUB_TOKEN": "t0ken"}
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def action() -> Any:
    return yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        (
            {"INPUT_ENVIRONMENT": " "},
            "Input 'environment' is empty. Set it under `with:` in the workflow step.",
        ),
        (
            {"INPUT_GITHUB_TOKEN": ""},
            (
                "Input 'github_token' is empty. Leave it out to use the job's own token, "
                "or set it under `with:`."
            ),
        ),
        (
            {"INPUT_PHASE": "begin"},
            (
                "Input 'phase' is 'begin'. "
                "It is one of `run`, `check`, `start`, `finish`, `rollback`; set one under `with:`."
            ),
        ),
        ({"INPUT_DRY_RUN": "maybe"}, "Input 'dry_run' is 'maybe'. Write true or false under `with:`."),
        (
            {"INPUT_CHECK_RUN_ID": "x"},
            (
                "Input 'check_run_id' is 'x', which is not a number. "
                "Leave it out to use `${{ job.check_run_id }}`."
            ),
        ),
        (
            {"INPUT_VERSION": "1\n2"},
            "Input 'version' has several lines. Write it on one, under `with:`.",
        ),
    ],
    ids=["environment", "token", "phase", "flag", "number", "version"],
)
def test_a_bad_input_is_named_with_its_cure(changed: dict[str, str], sentence: str) -> None:
    with pytest.raises(InputError) as error:
        inputs_from(GIVEN | changed)
    assert str(error.value) == sentence


def test_inputs_are_read_as_github_writes_them() -> None:
    inputs = inputs_from(
        GIVEN | {"INPUT_DRY_RUN": "True", "INPUT_CHECK_RUN_ID": "12", "INPUT_VERSION": " v1 "}
    )
    assert (inputs.environment, inputs.dry_run, inputs.check_run_id, inputs.version) == (
        "production",
        True,
        12,
        "v1",
    )


def test_the_token_hides() -> None:
    assert "t0ken" not in repr(inputs_from(GIVEN))


def test_a_missing_variable_of_github_is_named() -> None:
    with pytest.raises(InputError, match="GITHUB_REPOSITORY is not set"):
        workflow_from({})


def test_action_yml_has_exactly_our_inputs_and_their_defaults(action: Any) -> None:
    assert set(action["inputs"]) == set(Inputs.__dataclass_fields__)
    assert [name for name, about in action["inputs"].items() if about.get("required")] == ["environment"]
    written = {
        f"INPUT_{name.upper()}": about["default"]
        for name, about in action["inputs"].items()
        if "default" in about and "${{" not in about["default"]
    }
    assert inputs_from(GIVEN | written) == inputs_from(GIVEN)


def test_action_yml_has_exactly_our_outputs(action: Any) -> None:
    result = Result(
        phase="run",
        verdict="allow",
        reason_codes=(),
        status="success",
        environment="production",
        version="1",
        sha="a",
    )
    assert set(action["outputs"]) == set(outputs_of(result))


def test_action_yml_runs_what_the_image_installs(action: Any) -> None:
    dockerfile = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    last_image = dockerfile[dockerfile.rindex("\nFROM ") :]
    for entrypoint in ("entrypoint", "post-entrypoint"):
        script = ROOT / "action" / "bin" / Path(action["runs"][entrypoint]).name
        assert script.stat().st_mode & 0o111
        assert str(script.relative_to(ROOT)) in last_image
    assert f'ENTRYPOINT ["{action["runs"]["entrypoint"]}"]' in last_image
    instructions = {line.split(" ")[0] for line in last_image.splitlines()}
    assert not instructions & {"USER", "WORKDIR"}


def test_the_result_has_a_schema_with_its_version() -> None:
    schema = result_schema()
    assert schema["properties"]["schema_version"]["const"] == 1
    assert {"verdict", "reason_codes", "status", "steps", "entry"} <= set(schema["properties"])
