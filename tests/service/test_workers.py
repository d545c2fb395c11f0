"""Who works on the database now, so that they can share what GitHub allows."""

from __future__ import annotations

from sqlalchemy import Engine

from service.workers import FORGOTTEN, SILENT, WEB, Workers

NOW = 1_800_000_000.0


def test_only_workers_that_gave_a_sign_of_late_are_counted(engine: Engine) -> None:
    mine, other, web = Workers(engine), Workers(engine, "another-machine:"), Workers(engine, WEB)
    assert mine.alive(NOW) == 1
    for one in (mine, other, web):
        one.give_sign(NOW)
    assert mine.alive(NOW) == other.alive(NOW) == 2
    mine.give_sign(NOW + SILENT)
    assert (mine.alive(NOW + SILENT), mine.is_alone(NOW + SILENT)) == (1, True)
    assert FORGOTTEN > SILENT


def test_those_who_show_pages_are_counted_among_themselves(engine: Engine) -> None:
    web, other = Workers(engine, WEB), Workers(engine, f"{WEB}another-machine:")
    Workers(engine).give_sign(NOW)
    assert web.alive(NOW) == 1
    other.give_sign(NOW)
    assert web.alive(NOW) == 2
