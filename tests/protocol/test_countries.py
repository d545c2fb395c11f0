"""Countries are loaded one at a time, and each of them can be."""

from __future__ import annotations

import subprocess
import sys

import pytest

from protocol.countries import codes, public_holidays


def run_alone(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_one_countrys_holidays_load_no_other_country() -> None:
    code = (
        "import sys; from protocol.countries import public_holidays; public_holidays('DE', 'BE', 2026);"
        "print([name for name in sys.modules if name.startswith('holidays.countries.')])"
    )
    assert run_alone(code) == "['holidays.countries.germany']"


def test_every_country_that_is_known_can_be_loaded() -> None:
    code = (
        "from protocol.countries import codes, public_holidays;"
        "print(sum(bool(public_holidays(one, None, 2019)) for one in codes()))"
    )
    assert int(run_alone(code)) > 0.97 * len(codes())  # some islands have neither people nor holidays


def test_a_subdivision_nobody_knows_is_said() -> None:
    with pytest.raises(ValueError, match="holidays of DE are not known"):
        public_holidays("DE", "XX", 2026)
