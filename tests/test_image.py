"""The image holds all the code needs: what the Dockerfile copies is copied here and started on its own."""

from __future__ import annotations

import ast
import json
import re
import shlex
import shutil
import subprocess
import sys
import sysconfig
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
DOCKERFILE = (ROOT / "Dockerfile").read_text().replace("\\\n", " ")
CODE = "/opt/deploy-protocol"
OURS = {"protocol", "gateway", "action", "service", "sandbox", "deploy_protocol"}


def stage(name: str) -> str:
    """One target's own lines, without those of the stage it builds on."""
    return re.split(rf"^FROM \S+ AS {name}$", DOCKERFILE, flags=re.MULTILINE)[1].partition("\nFROM ")[0]


def copied(target: str) -> list[tuple[str, str]]:
    """Each thing a target copies, and where to."""
    lines = re.findall(r"^COPY (.+)$", stage(target), flags=re.MULTILINE)
    return [(source, places[-1]) for places in map(str.split, lines) for source in places[:-1]]


def make_image(target: str, root: Path) -> Path:
    """The files of one target below `root`. Answers where its code stands."""
    for source, place in copied(target):
        to = root / place.lstrip("/")
        if (ROOT / source).is_dir():
            shutil.copytree(ROOT / source, to, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            to = to / Path(source).name if place.endswith("/") else to
            to.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / source, to)
    return root / CODE.lstrip("/")


def start(*arguments: str, code: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    """Python as in a container: the image's code, the libraries, and no variables but those given.

    -S leaves out the path files, by which an editable install would lend the code that was not copied.
    """
    libraries = sysconfig.get_path("purelib")
    return subprocess.run(
        [sys.executable, "-S", *arguments],
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": f"{code}:{libraries}", **environ},
        cwd=code.parent,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def imported_by(code: Path) -> set[str]:
    """The outermost name of every import in the code, wherever it stands."""
    names: set[str] = set()
    for file in code.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            match node:
                case ast.Import(names=modules):
                    names |= {module.name.partition(".")[0] for module in modules}
                case ast.ImportFrom(module=str(module), level=0):
                    names.add(module.partition(".")[0])
    return names


@pytest.mark.parametrize("target", ["action", "service"])
def test_docker_is_shown_all_that_is_copied(target: str) -> None:
    shown = (ROOT / ".dockerignore").read_text().splitlines()
    assert [source for source, _ in copied(target) if f"!{source.partition('/')[0]}" not in shown] == []


@pytest.mark.parametrize("target", ["action", "service"])
def test_every_module_of_the_image_finds_all_it_imports(target: str, tmp_path: Path) -> None:
    code = make_image(target, tmp_path)
    ours = sorted({entry.name for entry in code.iterdir() if (entry / "__init__.py").exists()})
    look = (
        "import importlib, pkgutil, sys\n"
        "for name in sys.argv[1:]:\n"
        "    for found in pkgutil.walk_packages(importlib.import_module(name).__path__, name + '.'):\n"
        "        if not found.name.endswith(('__main__', 'migrations.env')):\n"
        "            importlib.import_module(found.name)\n"
    )
    ended = start("-c", look, *ours, code=code)
    assert ended.returncode == 0, ended.stderr


@pytest.mark.parametrize("target", ["action", "service"])
def test_the_lock_of_the_image_holds_every_library_its_code_imports(target: str, tmp_path: Path) -> None:
    code = make_image(target, tmp_path)
    locked = set(re.findall(r"^([a-z0-9-]+)==", (code / f"locks/{target}.txt").read_text(), re.MULTILINE))
    distributions = packages_distributions()
    libraries = {
        name: {one.lower().replace("_", "-") for one in distributions[name]}
        for name in imported_by(code) - set(sys.stdlib_module_names) - OURS
        if name in distributions
    }
    assert libraries
    assert {name: made for name, made in libraries.items() if not made & locked} == {}


def test_the_linter_the_action_starts_is_in_its_image() -> None:
    assert re.search(r"^squawk-cli==", (ROOT / "locks/action.txt").read_text(), re.MULTILINE)


def test_the_tools_the_docs_promise_to_commands_are_in_the_action_s_image() -> None:
    page = (ROOT / "docs" / "your-own-tools.md").read_text()
    assert "has only the tools in its image: bash, git, curl, jq and an OpenSSH client." in page
    [installed] = re.findall(r"apt-get install ([^&]+)&&", stage("action"))
    assert {"bash", "git", "curl", "jq", "openssh-client"} <= set(installed.split())


@pytest.mark.parametrize(
    ("script", "code", "said"),
    [
        ("deploy-protocol-run", 2, "Input 'environment' is empty. Set it under `with:`"),
        ("deploy-protocol-post", 0, ""),
    ],
)
def test_the_action_s_image_starts_and_speaks_our_own_words(
    script: str, code: int, said: str, tmp_path: Path
) -> None:
    image = make_image("action", tmp_path)
    begun = (tmp_path / "usr/local/bin" / script).read_text().splitlines()[-1]
    execute, interpreter, *arguments = shlex.split(begun)
    assert (execute, interpreter) == ("exec", "/usr/local/bin/python")
    ended = start(*arguments, code=image)
    assert (ended.returncode, ended.stderr) == (code, "")
    assert said in ended.stdout


def test_the_action_s_image_holds_what_it_asks_github_and_waits_where_nobody_answers(tmp_path: Path) -> None:
    job = {
        "INPUT_ENVIRONMENT": "production",
        "INPUT_GITHUB_TOKEN": "t0ken-t0ken",
        "GITHUB_REPOSITORY": "acme/shop",
        "GITHUB_SHA": "a" * 40,
        "GITHUB_API_URL": "http://127.0.0.1:1",
        "RUNNER_TEMP": str(tmp_path),
    }
    ended = start("-P", "-m", "action", code=make_image("action", tmp_path), **job)
    assert (ended.returncode, ended.stderr) == (3, "")
    assert "facts.unavailable" in ended.stdout


def test_the_service_s_image_starts_and_names_the_settings_it_lacks(tmp_path: Path) -> None:
    found = re.search(r"^ENTRYPOINT (.+)$", stage("service"), flags=re.MULTILINE)
    assert found is not None
    interpreter, *arguments = json.loads(found[1])
    assert interpreter == "/usr/local/bin/python"
    ended = start(*arguments, code=make_image("service", tmp_path), DATA_DIR=str(tmp_path / "data"))
    assert ended.returncode == 2
    assert "GITHUB_APP_ID" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_the_service_s_image_makes_its_tables(tmp_path: Path) -> None:
    make = (
        "import pathlib, sqlalchemy, sys; from service.database import migrate\n"
        "engine = sqlalchemy.create_engine(f'sqlite:///{sys.argv[1]}/app.db')\n"
        "migrate(engine, pathlib.Path(sys.argv[1]))\n"
        "print(*sqlalchemy.inspect(engine).get_table_names())"
    )
    ended = start("-c", make, str(tmp_path / "data"), code=make_image("service", tmp_path))
    assert ended.returncode == 0, ended.stderr
    assert {"deliveries", "gates"} <= set(ended.stdout.split())


def test_the_service_s_image_holds_its_pages(tmp_path: Path) -> None:
    ask = (
        "from service.setup import create_setup; from service.settings import read_setup_settings\n"
        "browser = create_setup(read_setup_settings({'PUBLIC_URL': 'http://127.0.0.1'}), 't').test_client()\n"
        "for path in ('/setup?token=t', '/static/style.css', '/static/icon.svg'):\n"
        "    print(browser.get(path, follow_redirects=True).status_code)"
    )
    ended = start("-c", ask, code=make_image("service", tmp_path))
    assert (ended.stdout.split(), ended.stderr) == (["200", "200", "200"], "")


def test_the_command_line_looks_after_the_inbox_in_the_service_s_image(tmp_path: Path) -> None:
    image, data = make_image("service", tmp_path), str(tmp_path / "data")
    ended = start("-m", "deploy_protocol", "deliveries", "list", code=image, DATA_DIR=data)
    assert ended.returncode == 2  # nobody started the App here yet
    assert "Traceback" not in ended.stderr
    assert ended.stderr


@pytest.mark.parametrize(
    ("verb", "part", "install"),
    [
        pytest.param(["run", "--environment", "production"], "action", ".", id="run"),
        pytest.param(["schema", "result"], "action", ".", id="the result's schema"),
        pytest.param(["sandbox"], "sandbox", "'.[sandbox]'", id="sandbox"),
    ],
)
def test_a_verb_the_service_s_image_has_not_says_where_it_is_to_be_had(
    verb: list[str], part: str, install: str, tmp_path: Path
) -> None:
    ended = start("-m", "deploy_protocol", *verb, code=make_image("service", tmp_path))
    assert (ended.returncode, ended.stdout, "Traceback" in ended.stderr) == (2, "", False)
    assert f"`deploy-protocol {verb[0]}` needs the part `{part}`, which is not installed here" in ended.stderr
    assert f"`pip install {install}` in its checkout" in ended.stderr
