"""A policy is read whole: each fault in its own sentence, at its own place, all of them at once."""

from __future__ import annotations

import re
import time
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol.document import parse_policy
from protocol.errors import PolicyError
from protocol.policy import Policy

EXAMPLE = Path("docs/deploy.example.yml")
NO_ALIAS = (
    "is not allowed: write the value out or share it under environments.defaults, and put a pattern in quotes"
)


def problems_of(text: str | bytes) -> list[str]:
    """What is wrong with a policy, as `LINE:COLUMN: message`."""
    with pytest.raises(PolicyError) as error:
        parse_policy(text, "deploy.yml")
    return [str(problem).removeprefix("deploy.yml:") for problem in error.value.problems]


def production(keys: str) -> str:
    """A policy whose line 4 begins `  production: {KEYS}`."""
    return f"version: 1\ntimezone: Europe/Berlin\nenvironments:\n  production: {{{keys}}}\n"


def parsed(text: str) -> Policy:
    return parse_policy(text, "deploy.yml")


TOP = {
    "unknown key": ("acess: 1", "3:1: unknown key 'acess', did you mean 'access'?"),
    "key like no other": (
        "colour: red",
        (
            "3:1: unknown key 'colour': "
            "write access, environments, holidays, hotfix, log, notify, tests, timezone or version"
        ),
    ),
    "defaults of nothing": (
        "defaults: {expire: 1d}",
        "3:1: key 'defaults' belongs under 'environments': move it there",
    ),
    "key of each environment": (
        "windows: {}",
        "3:1: key 'windows' belongs under an environment: move it there",
    ),
    "truth for a word": (
        "log: {releases: true}",
        "3:17: 'true' is not known here: write tags, always or never",
    ),
    "zone that is an offset": (
        "timezone: UTC+2",
        (
            "3:11: 'UTC+2' is not an IANA time zone: a bare offset knows no summer time, "
            "write a place such as Europe/Berlin, or UTC"
        ),
    ),
    "key of an environment": (
        "widnows: {}",
        "3:1: unknown key 'widnows', did you mean 'windows'? That belongs under an environment",
    ),
    "bad zone": (
        "timezone: Europe/Berln",
        "3:11: 'Europe/Berln' is not an IANA time zone, did you mean 'Europe/Berlin'?",
    ),
    "zone by its city": (
        "timezone: berlin",
        "3:11: 'berlin' is not an IANA time zone, did you mean 'Europe/Berlin'?",
    ),
    "zone of three letters": (
        "timezone: CEST",
        "3:11: 'CEST' is not an IANA time zone: write one such as Europe/Berlin or UTC",
    ),
    "zone that is a path": (
        "timezone: ../../etc/passwd",
        "3:11: '../../etc/passwd' is not an IANA time zone: write one such as Europe/Berlin or UTC",
    ),
    "zone that is a directory": (
        "timezone: Europe",
        "3:11: 'Europe' is not an IANA time zone: write one such as Europe/Berlin or UTC",
    ),
    "zone that is a number": ("timezone: 1", "3:11: this must be text, not a number: put it in quotes"),
    "unknown country": ("holidays: {country: UKK}", "3:21: unknown country 'UKK', did you mean 'UK'?"),
    "country written out": (
        "holidays: {country: Germany}",
        "3:21: unknown country 'Germany', did you mean 'DE'?",
    ),
    "country of nowhere": (
        "holidays: {country: '--'}",
        "3:21: unknown country '--': write its two letters, such as DE",
    ),
    "unknown subdivision": (
        "holidays: {country: DE, subdivision: Bayrn}",
        "3:38: unknown subdivision of DE 'Bayrn', did you mean 'Bayern'?",
    ),
    "subdivision of no country": (
        "holidays: {subdivision: BE}",
        "3:25: a subdivision needs its country: add country, such as DE",
    ),
    "no day": ("holidays: {extra: [2026-02-30]}", "3:20: '2026-02-30' is not a day: write it as 2026-12-24"),
    "nobody": (
        "access: {deployers: ['team:acme']}",
        (
            "3:22: 'team:acme' names nobody: write user:LOGIN, team:ORG/SLUG, permission:write, "
            "permission:maintain, permission:admin or anyone"
        ),
    ),
    "permission misspelt": (
        "access: {deployers: ['permission:wirte']}",
        "3:22: 'permission:wirte' names nobody: did you mean 'permission:write'?",
    ),
    "empty list of people": (
        "access: {deployers: []}",
        "3:21: this list is empty: name at least one, or remove the key",
    ),
    "text for a list": (
        "notify: {before: slack}",
        "3:18: this must be a list, not text: write it in brackets, such as [one, two]",
    ),
    "text for a mapping": (
        "log: tags",
        "3:6: this must be a mapping, not text: write keys and values, such as {releases: …}",
    ),
    "empty key": ("log:", "3:5: 'log' is empty: give it a value or remove the key"),
    "empty item": ("notify:\n  before:\n    -", "5:6: this item is empty: write it or remove the '-'"),
    "blank text": ("notify: {before: [' ']}", "3:19: this is blank: write some text or remove the key"),
    "empty text": ("notify: {before: ['']}", "3:19: this is empty: write some text or remove the key"),
    "unknown word": (
        "log: {releases: tag}",
        "3:17: 'tag' is not known here: write tags, always or never, did you mean 'tags'?",
    ),
    "word for a truth": (
        "hotfix: {from: live, post_mortem: no}",
        "3:35: this must be true or false, not text: write true or false without quotes",
    ),
    "hotfix from nowhere": (
        "hotfix: {from: prod}",
        "3:16: unknown environment 'prod': write live",
    ),
    "hotfix from the default that is not there": (
        "hotfix: {max_lines: 200}",
        "3:9: hotfixes start from 'production', which is not an environment here: add 'from'",
    ),
    "hotfix that ignores approvals": (
        "hotfix: {from: live, ignores: [approvals]}",
        "3:32: 'approvals' is not known here: write windows, freezes or after",
    ),
    "test of an unknown environment": (
        "tests: [{at: 2026-11-27 15:00, environment: lve, expect: wait}]",
        "3:45: unknown environment 'lve', did you mean 'live'?",
    ),
    "test at no moment": (
        "tests: [{at: 2026-11-27, environment: live, expect: wait}]",
        (
            "3:14: '2026-11-27' is not a moment: write a day and a time, such as 2026-11-27 15:00 "
            "or, with an offset, 2026-11-27 15:00+01:00"
        ),
    ),
    "test at a number": (
        "tests: [{at: 2026, environment: live, expect: wait}]",
        "3:14: this must be text, not a number: put it in quotes",
    ),
    "test in a year before all clocks": (
        "tests: [{at: 0001-01-01 00:00, environment: live, expect: wait}]",
        "3:14: the year 1 is too far away: write one from 1970 to 9998",
    ),
    "test because of a word nobody knows": (
        "tests: [{at: 2026-11-27 15:00, environment: live, expect: wait, because: window}]",
        "3:74: unknown rule or code 'window', did you mean 'windows'?",
    ),
    "test because of nothing like a rule": (
        "tests: [{at: 2026-11-27 15:00, environment: live, expect: wait, because: zzz}]",
        "3:74: unknown rule or code 'zzz': write a rule or a code of docs/codes.md",
    ),
    "test without expectation": (
        "tests: [{at: 2026-11-27 15:00, environment: live}]",
        "3:9: key 'expect' is missing: add it",
    ),
    "key twice": (
        "log: {releases: tags}\nlog: {releases: never}",
        "4:1: key 'log' is already on line 3: keep one of them",
    ),
}


@pytest.mark.parametrize(("line", "problem"), TOP.values(), ids=TOP)
def test_a_fault_at_the_top_has_its_own_sentence(line: str, problem: str) -> None:
    assert problems_of(f"version: 1\nenvironments: {{live: {{}}}}\n{line}\n") == [problem]


ENVIRONMENT = {
    "unknown key": ("widnows: {}", "4:16: unknown key 'widnows', did you mean 'windows'?"),
    "key of the top": (
        "timezone: UTC",
        "4:16: key 'timezone' belongs at the top of the file: move it there",
    ),
    "unknown key far inside": (
        "steps: {smoke: [{name: Home, url: 'https://shop.example/', containz: Hi}]}",
        "4:75: unknown key 'containz', did you mean 'contains'?",
    ),
    "unknown way": (
        "deploy: sheduled",
        (
            "4:24: 'sheduled' is not known here: write manual, scheduled, on-merge or continuous, "
            "did you mean 'scheduled'?"
        ),
    ),
    "clock nonsense": (
        "windows: {open: ['Mon 10:00-25:00']}",
        "4:33: '25:00' is not a time: write one from 00:00 to 24:00",
    ),
    "weekdays in a word": (
        "windows: {open: [weekdays]}",
        "4:33: 'weekdays' is not a day: write Mon-Fri",
    ),
    "hours without minutes": (
        "windows: {open: [Mon-Fri 9am-5pm]}",
        "4:33: '9am' is not a time: write HH:MM, such as 09:30",
    ),
    "times with a long dash": (
        "windows: {open: ['Mon 10:00\N{EN DASH}16:00']}",
        ("4:33: 'Mon 10:00\N{EN DASH}16:00' has a long dash: write a short one, such as Mon-Fri 10:00-16:00"),
    ),
    "weekday nonsense": (
        "windows: {open: [Mon-]}",
        "4:33: 'Mon-' is not a range of days: write its first and last day, such as Mon-Fri",
    ),
    "weekday nonsense before a time": (
        "windows: {open: [Mon- 10:00-16:00]}",
        "4:33: 'Mon-' is not a range of days: write its first and last day, such as Mon-Fri",
    ),
    "a list of days without its end": (
        "windows: {open: ['Mon, 10:00-16:00']}",
        "4:33: 'Mon,' has an empty place in its list of days: write Mon,Wed,Fri",
    ),
    "window of a number": (
        "windows: {open: [10]}",
        "4:33: this must be text, not a number: put it in quotes",
    ),
    "window that never opens": (
        "windows: {open: [Sat 10:00-12:00], closed: ['Sat,Sun']}",
        "4:25: this never opens: the closed windows cover all of the open ones",
    ),
    "closed on every day": (
        "windows: {closed: [Mon-Sun]}",
        "4:25: this never opens: the closed windows cover all of the open ones",
    ),
    "one letter short of holidays": (
        "windows: {closed: [holiday]}",
        "4:35: 'holiday' is not a day: did you mean 'holidays'?",
    ),
    "eves of nowhere": (
        "windows: {closed: [Eve-of-holiday 12:00-24:00]}",
        "4:35: nothing says which days are holidays: add 'holidays: {country: DE}' at the top",
    ),
    "holidays of nowhere": (
        "windows: {closed: [holidays]}",
        "4:35: nothing says which days are holidays: add 'holidays: {country: DE}' at the top",
    ),
    "more windows than anybody reads": (
        f"windows: {{open: [{'Mon, ' * 101}]}}",
        (
            "4:25: 101 windows and dates are too many to look at: write at most 100, "
            "with ranges such as 2026-12-24..2026-12-27"
        ),
    ),
    "window longer than anybody reads": (
        f"windows: {{open: ['{'2026-12-24,' * 200}']}}",
        "4:33: '2026-12-24,2026-12-2…' is longer than 2000 characters: write several, or ranges of days",
    ),
    "no duration": (
        "windows: {grace: 10 minutes}",
        "4:33: '10 minutes' is not a duration: write numbers and units, such as 90s, 15m, 24h or 7d",
    ),
    "duration without a unit": (
        "windows: {grace: 10}",
        "4:33: '10' is not a duration: write numbers and units, such as 90s, 15m, 24h or 7d",
    ),
    "freeze that ends before it begins": (
        "freezes: [{from: 2026-12-18 18:00, until: 2026-12-17 18:00, reason: Rest}]",
        "4:58: the freeze ends before it begins: 'until' must be later than 'from'",
    ),
    "freeze on no calendar": (
        "freezes: [{from: 2026-02-30 18:00, until: 2026-12-17 18:00, reason: Rest}]",
        "4:33: '2026-02-30 18:00' is on no calendar or clock: write it as 2026-11-27 15:00",
    ),
    "after an unknown environment": (
        "after: {environment: stagin}",
        "4:37: unknown environment 'stagin': write production",
    ),
    "after itself": (
        "after: {environment: production}",
        "4:37: this waits for itself: production after production",
    ),
    "deployed to an unknown environment": (
        "checklist: [{item: Tried, deployed: prod}]",
        "4:52: unknown environment 'prod', did you mean 'production'?",
    ),
    "approvals of one name": (
        "approvals: [{name: A, from: [anyone]}, {name: a, from: [anyone]}]",
        "4:62: approval 'a' is already on line 4: rename one of them",
    ),
    "more approvals than people": (
        "approvals: [{name: A, count: 2, from: ['user:ada']}]",
        "4:45: 2 approvals can never be given by 1: name more people",
    ),
    "no approval at all": (
        "approvals: [{name: A, count: 0, from: [anyone]}]",
        "4:45: 0 is too small: write at least 1",
    ),
    "approvals by no method": (
        "approvals: [{name: A, from: [anyone]}], approval_options: {methods: []}",
        "4:84: approvals are asked for but no method is allowed: name one",
    ),
    "checklist items of one name": (
        "checklist: [{item: A, reviews: 1}, {item: A, reviews: 2}]",
        "4:58: checklist item 'A' is already on line 4: rename one of them",
    ),
    "item without evidence": (
        "checklist: [{item: A}]",
        (
            "4:28: one of checks, reviews, deployed, section, run, notified, tick or migration "
            "is missing: give one"
        ),
    ),
    "item with two kinds of evidence": (
        "checklist: [{item: A, reviews: 1, checks: all}]",
        "4:47: checks and reviews exclude each other: keep one",
    ),
    "unknown checks": (
        "checklist: [{item: A, checks: some}]",
        "4:46: checks are all, required or a list of names such as [build, lint]",
    ),
    "checks misspelt": (
        "checklist: [{item: A, checks: al}]",
        "4:46: checks are all, required or a list of names such as [build, lint], did you mean 'all'?",
    ),
    "allow_none without checks": (
        "checklist: [{item: A, reviews: 1, allow_none: true}]",
        "4:62: 'allow_none' goes with 'checks' only: remove it",
    ),
    "timeout without run": (
        "checklist: [{item: A, reviews: 1, timeout: 1m}]",
        "4:59: 'timeout' goes with 'run' only: remove it",
    ),
    "a message nobody is sent": (
        "checklist: [{item: A, notified: before}], notify: {after: [slack]}",
        "4:48: nobody is notified before: name a channel in notify.before",
    ),
    "migrations nobody can tell": (
        "checklist: [{item: A, reviews: 1, when: {migrations: true}}]",
        "4:69: nothing says which files are migrations: add steps.migrate.lint, such as migrations/*.sql",
    ),
    "merge that starts nothing": (
        "deploy: on-merge",
        (
            "4:24: 'on-merge' starts a workflow but none is named: "
            "add 'workflow', the file to start, such as deploy.yml"
        ),
    ),
    "workflow by its path": (
        "workflow: .github/workflows/deploy.yml",
        "4:26: this must be the name of a file in .github/workflows, such as deploy.yml",
    ),
    "waiting longer than GitHub does": (
        "expire: 31d",
        "4:24: a gate waits longer than 0s and at most 30d, after which GitHub fails the job",
    ),
    "smoke tests of one name": (
        "steps: {smoke: [{name: A, run: a}, {name: A, run: b}]}",
        "4:58: smoke test 'A' is already on line 4: rename one of them",
    ),
    "probe of nothing": (
        "steps: {health: {within: 2m}}",
        "4:32: one of url, tcp or run is missing: give one",
    ),
    "probe of two": (
        "steps: {health: {url: 'https://shop.example', run: a}}",
        "4:67: url and run exclude each other: keep one",
    ),
    "probe of no address": (
        "steps: {health: {url: shop.example}}",
        "4:38: this is not a web address: begin it with https:// or http://",
    ),
    "status of a command": (
        "steps: {health: {run: a, status: 200}}",
        "4:49: 'status' goes with 'url' only: remove it",
    ),
    "port without a host": (
        "steps: {health: {tcp: '5432'}}",
        "4:38: this is not HOST:PORT: write one such as db.example:5432",
    ),
    "files from here": (
        "steps: {migrate: {run: a, lint: './migrations/*.sql'}}",
        "4:48: no file's path begins with ./ or ../ or ends with /: write one such as migrations/**",
    ),
    "a directory for its files": (
        "approvals: [{name: a, from: [anyone], when: {paths: [migrations/]}}]",
        "4:69: no file's path begins with ./ or ../ or ends with /: write one such as migrations/**",
    ),
    "probe that is only its address": (
        "steps: {health: 'https://shop.example/'}",
        "4:32: this must be a mapping, not text: write keys and values, such as {url: …}",
    ),
    "key without a space after it": (
        "steps: {deploy: 'run:./deploy.sh'}",
        "4:32: this must be a mapping: write a space after 'run:'",
    ),
    "step that is only its command": (
        "steps: {deploy: ./deploy.sh}",
        "4:32: this must be a mapping, not text: write keys and values, such as {run: …}",
    ),
    "item that is only its name": (
        "checklist: [All tests passing]",
        "4:28: this must be a mapping, not text: write keys and values, such as {item: …}",
    ),
    "step without time": (
        "steps: {deploy: {run: a, timeout: 0s}}",
        "4:50: this must be longer than nothing: write one such as 15s",
    ),
    "probe without time": (
        "steps: {health: {tcp: 'db.example:5432', timeout: 0m}}",
        "4:66: this must be longer than nothing: write one such as 15s",
    ),
    "approvals that never count": (
        "approval_options: {expire: 0s}",
        "4:43: this must be longer than nothing: write one such as 15s",
    ),
    "variable that no shell has": (
        "steps: {deploy: {run: a, env: {MY PORT: '8080'}}}",
        "4:47: a variable's name has letters, digits and _ alone, such as PORT",
    ),
    "step without a command": ("steps: {backup: {timeout: 1m}}", "4:32: key 'run' is missing: add it"),
    "text that looks like a number": (
        "steps: {backup: {run: a, env: {PORT: 8080}}}",
        "4:53: this must be text, not a number: put it in quotes",
    ),
    "too many retries": (
        "steps: {backup: {run: a, retries: 21}}",
        "4:50: 21 is too large: write at most 20",
    ),
    "more retries than a whole number of YAML counts": (
        "steps: {backup: {run: a, retries: 99999999999999999999}}",
        "4:50: this must be a whole number, not 1e+20: write one such as 1",
    ),
    "half a retry": (
        "steps: {backup: {run: a, retries: 1.5}}",
        "4:50: this must be a whole number, not 1.5: write one such as 1",
    ),
    "no strategy": ("strategy: {}", "4:26: one of canary, blue_green or rolling is missing: give one"),
    "two strategies": (
        "strategy: {rolling: {run: a, targets: [b]}, canary: {weights: [100], set: a}}",
        "4:36: canary and rolling exclude each other: keep one",
    ),
    "weights that fall": (
        "strategy: {canary: {weights: [50, 25, 100], set: a}}",
        "4:45: weights must rise and end at 100, such as [5, 25, 50, 100]",
    ),
    "weights that stop short": (
        "strategy: {canary: {weights: [5, 50], set: a}}",
        "4:45: weights must rise and end at 100, such as [5, 25, 50, 100]",
    ),
    "batch of more than all": (
        "strategy: {rolling: {run: a, targets: [b], batch: 150%}}",
        "4:66: '150%' is not a batch: write a number such as 1, or a percentage such as 25%",
    ),
    "rolling over nothing": (
        "strategy: {rolling: {run: a}}",
        "4:36: one of targets or targets_from is missing: give one",
    ),
    "measuring more rarely than at all": (
        "monitor: {for: 1m, every: 2m}",
        "4:42: 'every' (2m) is longer than 'for' (1m): shorten it",
    ),
    "measuring without a pause": (
        "monitor: {for: 1m, every: 0s}",
        "4:42: this must be longer than nothing: write one such as 15s",
    ),
    "integrity looked at too late": (
        "monitor: {for: 1m, integrity: {run: a, every: 5m}}",
        "4:62: 'every' (5m) is longer than 'for' (1m): shorten it",
    ),
    "metrics from nowhere": (
        "monitor: {metrics: {cpu: {query: q, rollback_if: {above: 1}}}}",
        "4:25: the metrics have no source: add source, such as {prometheus: https://prometheus.example}",
    ),
    "two sources": (
        "monitor: {source: {prometheus: 'https://p.example', run: a}}",
        "4:73: prometheus and run exclude each other: keep one",
    ),
    "metric without a limit": (
        "monitor: {source: {run: a}, metrics: {cpu: {query: q, rollback_if: {}}}}",
        "4:83: one of rises, above or below is missing: give one",
    ),
    "rise without a unit": (
        "monitor: {source: {run: a}, metrics: {cpu: {query: q, rollback_if: {rises: '5'}}}}",
        "4:91: '5' is not a rise: write 5% (of the baseline) or 5pp (percentage points)",
    ),
    "rise that is a number": (
        "monitor: {source: {run: a}, metrics: {cpu: {query: q, rollback_if: {rises: 5}}}}",
        "4:91: '5' is not a rise: write 5% (of the baseline) or 5pp (percentage points)",
    ),
    "limit in words": (
        "monitor: {source: {run: a}, metrics: {cpu: {query: q, rollback_if: {above: high}}}}",
        "4:91: this must be a number, not text: write one such as 0.9",
    ),
    "limit beyond all numbers": (
        "monitor: {source: {run: a}, metrics: {cpu: {query: q, rollback_if: {above: 1e999}}}}",
        "4:91: this number is too large: write a smaller one",
    ),
}


@pytest.mark.parametrize(("keys", "problem"), ENVIRONMENT.values(), ids=ENVIRONMENT)
def test_a_fault_in_an_environment_has_its_own_sentence(keys: str, problem: str) -> None:
    assert problems_of(production(keys)) == [problem]


WHOLE = {
    "no version": ("environments: {live: {}}", "1:1: key 'version' is missing: add it"),
    "version of the future": (
        "version: 2\nenvironments: {live: {}}",
        "1:10: '2' is not known here: write 1",
    ),
    "version in quotes": (
        "version: '1'\nenvironments: {live: {}}",
        "1:10: this must be a whole number, not text: write one such as 1",
    ),
    "version of a truth": (
        "version: true\nenvironments: {live: {}}",
        "1:10: this must be a whole number, not true or false: write one such as 1",
    ),
    "no environments": ("version: 1", "1:1: key 'environments' is missing: add it"),
    "no environment": (
        "version: 1\nenvironments: {}",
        "2:15: no environment is named: add one, such as production",
    ),
    "environments in a list": (
        "version: 1\nenvironments: [live]",
        "2:15: this must be a mapping, not a list: write keys and values, such as {key: value}",
    ),
    "environment that is a word, beside defaults": (
        "version: 1\nenvironments: {defaults: {expire: 1d}, live: manual}",
        "2:46: this must be a mapping, not text: write keys and values, such as {deploy: …}",
    ),
    "cycle beside the way": (
        "version: 1\nenvironments:\n  a: {after: {environment: b}}\n  b: {after: {environment: b}}\n",
        "4:28: this waits for itself: b after b",
    ),
    "only defaults": (
        "version: 1\nenvironments: {defaults: {}}",
        "2:15: no environment is named: add one, such as production",
    ),
    "after the defaults": (
        "version: 1\nenvironments: {defaults: {}, live: {after: {environment: defaults}}}",
        "2:58: unknown environment 'defaults': write live",
    ),
    "environment of a name longer than GitHub has": (
        f"version: 1\nenvironments:\n  {'a' * 256}:\n    expire: 1d\n",
        "3:3: this is too long: write at most 255 characters",
    ),
    "environments that GitHub cannot tell apart": (
        "version: 1\nenvironments: {live: {}, Live: {}}",
        "2:26: to GitHub 'Live' and 'live' are one: keep one of them",
    ),
    "cycle met from beside it": (
        (
            "version: 1\nenvironments:\n  x: {after: {environment: c}}\n  a: {after: {environment: b}}\n"
            "  b: {after: {environment: c}}\n  c: {after: {environment: a}}"
        ),
        "4:28: this waits for itself: a after b after c after a",
    ),
    "cycle": (
        (
            "version: 1\nenvironments:\n  a: {after: {environment: b}}\n  b: {after: {environment: c}}\n"
            "  c: {after: {environment: a}}"
        ),
        "3:28: this waits for itself: a after b after c after a",
    ),
}


@pytest.mark.parametrize(("text", "problem"), WHOLE.values(), ids=WHOLE)
def test_a_fault_of_the_whole_has_its_own_sentence(text: str, problem: str) -> None:
    assert problems_of(text) == [problem]


def test_all_faults_are_reported_at_once_in_the_order_of_the_file() -> None:
    assert problems_of(
        """
version: 1
timezone: Mars/Olympus
environments:
  production:
    after: {environment: stagin}
    widnows: {open: [Mon 10:00-16:00]}
    windows: {open: [Mon 25:00-26:00]}
    expire: 1y
  staging:
    deploy: on-merge
hotfix: {from: prod}
log: {releases: tags}
log: {releases: tags}
"""
    ) == [
        "3:11: 'Mars/Olympus' is not an IANA time zone: write one such as Europe/Berlin or UTC",
        "6:26: unknown environment 'stagin', did you mean 'staging'?",
        "7:5: unknown key 'widnows', did you mean 'windows'?",
        "8:22: '25:00' is not a time: write one from 00:00 to 24:00",
        "9:13: '1y' is not a duration: write numbers and units, such as 90s, 15m, 24h or 7d",
        (
            "11:13: 'on-merge' starts a workflow but none is named: "
            "add 'workflow', the file to start, such as deploy.yml"
        ),
        "12:16: unknown environment 'prod', did you mean 'production'?",
        "14:1: key 'log' is already on line 13: keep one of them",
    ]


def test_what_is_illegible_shows_beside_all_faults_and_causes_none() -> None:
    assert problems_of(
        """
version: 1
environments:
  production: &base
    windows: {open: *hours, closed: [Mon-Sun]}
    steps: {health: {url: *address, status: 99}, backup: !command {run: save}}
    approvals: [*owner, {name: A, from: ["user:ada"], count: 2}]
    expire: "7\\0d"
  staging:
    <<: *base
    after: {environment: staging}
    *key : 1
hotfix: *none
"""
    ) == [
        f"5:21: the alias '*hours' {NO_ALIAS}",
        f"6:27: the alias '*address' {NO_ALIAS}",
        "6:45: 99 is too small: write at least 100",
        "6:58: the tag '!command' has no meaning in a policy: remove it or put it in quotes",
        f"7:17: the alias '*owner' {NO_ALIAS}",
        "7:62: 2 approvals can never be given by 1: name more people",
        "8:13: the character U+0000 cannot be printed: remove it",
        f"10:9: the alias '*base' {NO_ALIAS}",
        "11:26: this waits for itself: staging after staging",
        f"12:5: the alias '*key' {NO_ALIAS}",
        f"13:9: the alias '*none' {NO_ALIAS}",
    ]


def test_a_fault_in_defaults_is_reported_once_where_it_stands() -> None:
    assert problems_of(
        "version: 1\nenvironments:\n  defaults: {expire: soon}\n  a: {}\n  b: {}\n  c: {expire: 1d}\n"
    ) == ["3:22: 'soon' is not a duration: write numbers and units, such as 90s, 15m, 24h or 7d"]


def test_defaults_are_the_base_of_each_environment_key_by_key() -> None:
    policy = parsed(
        """
version: 1
environments:
  defaults:
    expire: 2d
    windows: {open: [Mon 10:00-16:00], grace: 10m}
  a:
  b: {windows: {open: [Tue 10:00-16:00]}}
"""
    )
    a, b = policy.environments["a"], policy.environments["b"]
    assert list(policy.environments) == ["a", "b"]
    assert (a.expire, b.expire) == (timedelta(days=2), timedelta(days=2))
    assert (a.windows.grace, b.windows.grace) == (timedelta(minutes=10), timedelta(0))


def test_a_field_s_name_in_python_is_no_key_of_the_file() -> None:
    assert problems_of(production("approvals: [{name: A, from_: [anyone]}]")) == [
        "4:38: unknown key 'from_', did you mean 'from'?"
    ]


def test_times_without_an_offset_are_in_the_policy_s_zone() -> None:
    freeze = "freezes: [{from: 2026-12-18 18:00, until: 2026-12-31 24:00, reason: Rest}]"
    (planned,) = parsed(production(freeze)).environments["production"].freezes
    assert planned.from_.astimezone(UTC) == datetime(2026, 12, 18, 17, tzinfo=UTC)
    assert planned.until.astimezone(UTC) == datetime(2026, 12, 31, 23, tzinfo=UTC)


def test_times_with_an_offset_keep_it() -> None:
    freeze = "freezes: [{from: 2026-12-18T18:00Z, until: 2026-12-31 08:00-05:00, reason: Rest}]"
    (planned,) = parsed(production(freeze)).environments["production"].freezes
    assert planned.from_ == datetime(2026, 12, 18, 18, tzinfo=UTC)
    assert planned.until == datetime(2026, 12, 31, 13, tzinfo=UTC)


def test_a_freeze_until_a_time_read_twice_ends_at_the_later_one() -> None:
    freeze = "freezes: [{from: 2026-10-24 18:00, until: 2026-10-25 02:30, reason: Clocks}]"
    (planned,) = parsed(production(freeze)).environments["production"].freezes
    assert planned.until.astimezone(UTC) == datetime(2026, 10, 25, 1, 30, tzinfo=UTC)


def test_own_holidays_are_days() -> None:
    policy = parsed("version: 1\nholidays: {extra: [2026-12-24]}\nenvironments: {live: {}}")
    assert policy.holidays is not None
    assert policy.holidays.extra == (date(2026, 12, 24),)


def test_one_probe_needs_no_list() -> None:
    steps = parsed(production("steps: {health: {run: ./ping}}")).environments["production"].steps
    assert [probe.run for probe in steps.health] == ["./ping"]


def test_json_may_expect_nothing() -> None:
    probe = "steps: {health: {url: 'https://shop.example', json: {error: null}}}"
    assert parsed(production(probe)).environments["production"].steps.health[0].json_ == {"error": None}


def test_a_secret_in_the_wrong_place_is_not_repeated() -> None:
    (problem,) = problems_of(production("monitor: {source: {run: a, token: 's3cr3t-t0ken'}}"))
    assert "s3cr3t" not in problem
    assert "must be the name of an environment variable" in problem


def test_a_hostile_file_gets_an_answer_soon() -> None:
    hostile = "version: 1\nenvironments: {live: {}}\n" + "\n".join(
        f"k{n}: [" + "x, " * 40 + "]" for n in range(6000)
    )
    began = time.process_time()
    problems = problems_of(hostile)
    assert time.process_time() - began < 10
    assert len(problems) == 101
    assert problems[-1].endswith(MORE)


HOSTILE = {
    "a way through thousands": "".join(
        f"  e{n}: {{after: {{environment: e{n + 1}}}}}\n" for n in range(4000)
    ),
    "a circle of thousands": "".join(
        f"  e{n}: {{after: {{environment: e{(n + 1) % 4000}}}}}\n" for n in range(4000)
    ),
    "thousands of windows": "  a: {windows: {closed: [Mon-Sun], open: [" + "2026-12-24, " * 20_000 + "]}}\n",
    "a window of thousands of days": f"  a: {{windows: {{open: ['{'2026-12-24,' * 20_000}']}}}}\n",
    "environments full of windows": "".join(
        f"  e{n}: {{windows: {{open: [{'Mon, ' * 99}]}}}}\n" for n in range(100)
    ),
}


@pytest.mark.parametrize("environments", HOSTILE.values(), ids=HOSTILE)
def test_a_file_that_is_long_to_look_at_gets_a_short_answer_soon(environments: str) -> None:
    began = time.process_time()
    problems = problems_of(f"version: 1\nenvironments:\n{environments}")
    assert time.process_time() - began < 10
    assert max(map(len, problems)) < 700


def test_keys_written_twice_are_reported_a_hundred_times_at_most_and_that_there_may_be_more() -> None:
    problems = problems_of("version: 1\n" * 5000)
    assert len(problems) == 102  # and that there are no environments
    assert problems[-1].endswith(MORE)


MORE = ": 100 problems or more are named, and there may be more: mend these first"


ODDITIES = [
    "",
    "~",
    "[]",
    "{}",
    "-1",
    "1e999",
    "true",
    "[1, 2]",
    "{a: b}",
    "defaults",
    "&a",
    "*a",
    "!x",
    "-",
    "\t",
    "'",
]


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_a_mangled_example_is_a_policy_or_has_problems(data: st.DataObject) -> None:
    text = EXAMPLE.read_text()
    for _ in range(data.draw(st.integers(1, 3))):
        word = data.draw(st.sampled_from(list(re.finditer(r"[\w%./:-]+|\[[^\[\]]*\]|\{[^{}]*\}", text))))
        text = text[: word.start()] + data.draw(st.sampled_from(ODDITIES)) + text[word.end() :]
    with suppress(PolicyError):
        parsed(text)


def test_the_annotated_example_is_a_policy() -> None:
    policy = parse_policy(EXAMPLE.read_bytes(), str(EXAMPLE))
    assert list(policy.environments) == ["development", "staging", "production"]


STRATEGIES = {
    "blue-green": "{blue_green: {deploy_idle: ./deploy-idle, switch: ./switch, keep: 30m}}",
    "rolling over named targets": "{rolling: {targets: [web-1, web-2], batch: 1, run: ./deploy}}",
    "rolling over found targets": "{rolling: {targets_from: ./list, batch: 25%, run: ./deploy}}",
}


@pytest.mark.parametrize("strategy", STRATEGIES.values(), ids=STRATEGIES)
def test_the_example_s_other_strategies_parse_once_made_concrete(strategy: str) -> None:
    text = EXAMPLE.read_text()
    line = next(line for line in text.splitlines() if line.startswith("    strategy:"))
    assert parsed(text.replace(line, f"    strategy: {strategy}")).environments["production"].strategy


def test_the_annotated_example_is_read_in_a_tenth_of_a_second_by_a_busy_machine() -> None:
    text = EXAMPLE.read_bytes()
    assert min(seconds_to_parse(text) for _ in range(5)) < 0.1


def seconds_to_parse(text: bytes) -> float:
    began = time.process_time()
    parse_policy(text, "deploy.yml")
    return time.process_time() - began
