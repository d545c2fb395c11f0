"""A fault between keys shows beside every other fault, and never because of one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress

import pytest

from protocol.agreement import RULES as WITHIN_A_MAPPING
from protocol.agreement import Rule
from protocol.coherence import RULES as BETWEEN_MAPPINGS
from protocol.document import parse_policy
from protocol.errors import PolicyError
from protocol.keys import mappings
from protocol.source import Node, read_source


def problems_of(text: str) -> list[str]:
    """What is wrong with a policy, as `LINE:COLUMN: message`."""
    with pytest.raises(PolicyError) as error:
        parse_policy(text, "deploy.yml")
    return [str(problem).removeprefix("deploy.yml:") for problem in error.value.problems]


def production(keys: str) -> str:
    """A policy whose line 4 begins `  production: {KEYS}`."""
    return f"version: 1\ntimezone: Europe/Berlin\nenvironments:\n  production: {{{keys}}}\n"


NO_DURATION = "is not a duration: write numbers and units, such as 90s, 15m, 24h or 7d"
NO_TEXT = "this must be text, not a number: put it in quotes"

BESIDE = {
    "approvals of one name": (
        "approvals: [{name: A, from: [anyone], count: 0}, {name: a, from: [anyone]}]",
        [
            "4:61: 0 is too small: write at least 1",
            "4:72: approval 'a' is already on line 4: rename one of them",
        ],
    ),
    "more approvals than people": (
        "approvals: [{name: A, count: 2, from: ['user:ada'], when: {lines: {above: -1}}}]",
        [
            "4:45: 2 approvals can never be given by 1: name more people",
            "4:90: -1 is too small: write at least 0",
        ],
    ),
    "approvals by no method": (
        "approvals: [{name: A, from: [anyone]}], approval_options: {methods: [], expire: soon}",
        [
            "4:84: approvals are asked for but no method is allowed: name one",
            f"4:96: 'soon' {NO_DURATION}",
        ],
    ),
    "item without evidence": (
        "checklist: [{item: 1, when: {labels: [a]}}]",
        [
            (
                "4:28: one of checks, reviews, deployed, section, run, notified, tick or migration "
                "is missing: give one"
            ),
            f"4:35: {NO_TEXT}",
        ],
    ),
    "item with two kinds of evidence": (
        "checklist: [{item: A, reviews: 1, checks: all, when: {paths: src}}]",
        [
            "4:47: checks and reviews exclude each other: keep one",
            "4:77: this must be a list, not text: write it in brackets, such as [one, two]",
        ],
    ),
    "two kinds of evidence beside a third that is illegible": (
        "checklist: [{item: A, reviews: 0, checks: all, run: a}]",
        [
            "4:47: 0 is too small: write at least 1",
            "4:68: checks and run exclude each other: keep one",
        ],
    ),
    "allow_none without checks": (
        "checklist: [{item: 1, reviews: 1, allow_none: true}]",
        [f"4:35: {NO_TEXT}", "4:62: 'allow_none' goes with 'checks' only: remove it"],
    ),
    "timeout without run": (
        "checklist: [{item: A, reviews: 0, timeout: 1m}]",
        ["4:47: 0 is too small: write at least 1", "4:59: 'timeout' goes with 'run' only: remove it"],
    ),
    "checklist items of one name": (
        "checklist: [{item: A, reviews: 0}, {item: A, reviews: 2}]",
        [
            "4:47: 0 is too small: write at least 1",
            "4:58: checklist item 'A' is already on line 4: rename one of them",
        ],
    ),
    "a message nobody is sent": (
        "checklist: [{item: A, notified: before}], notify: {after: slack}",
        [
            "4:48: nobody is notified before: name a channel in notify.before",
            "4:74: this must be a list, not text: write it in brackets, such as [one, two]",
        ],
    ),
    "migrations nobody can tell": (
        "checklist: [{item: A, reviews: 0, when: {migrations: true}}]",
        [
            "4:47: 0 is too small: write at least 1",
            (
                "4:69: nothing says which files are migrations: "
                "add steps.migrate.lint, such as migrations/*.sql"
            ),
        ],
    ),
    "migration tried in no environment before": (
        "checklist: [{item: 1, migration: staging}], steps: {migrate: {run: up, retries: -1}}",
        [
            f"4:35: {NO_TEXT}",
            (
                "4:49: 'migration: staging' can never be shown: "
                "add after, the environment where it is tried first"
            ),
            "4:96: -1 is too small: write at least 0",
        ],
    ),
    "migration without a way back": (
        (
            "checklist: [{item: A, migration: reversible}], "
            "steps: {migrate: {run: 1, undo: down, reversible: false}}"
        ),
        [
            (
                "4:49: 'migration: reversible' can never be shown: "
                "add steps.migrate.undo, and leave out 'reversible: false'"
            ),
            f"4:86: {NO_TEXT}",
        ],
    ),
    "merge that starts nothing": (
        "deploy: on-merge, expire: 31d",
        [
            (
                "4:24: 'on-merge' starts a workflow but none is named: "
                "add 'workflow', the file to start, such as deploy.yml"
            ),
            "4:42: a gate waits longer than 0s and at most 30d, after which GitHub fails the job",
        ],
    ),
    "smoke tests of one name": (
        "steps: {smoke: [{name: A, run: a, within: 2}, {name: A, run: b}]}",
        [f"4:58: '2' {NO_DURATION}", "4:69: smoke test 'A' is already on line 4: rename one of them"],
    ),
    "probe of nothing": (
        "steps: {health: {within: 2}}",
        ["4:32: one of url, tcp or run is missing: give one", f"4:41: '2' {NO_DURATION}"],
    ),
    "probe of two": (
        "steps: {health: {url: 'https://shop.example', run: a, within: 2}}",
        ["4:67: url and run exclude each other: keep one", f"4:78: '2' {NO_DURATION}"],
    ),
    "answers of a command": (
        "steps: {health: {run: a, status: 200, contains: 1, json: {a: 1}}}",
        [
            "4:49: 'status' goes with 'url' only: remove it",
            f"4:64: {NO_TEXT}",
            "4:73: 'json' goes with 'url' only: remove it",
        ],
    ),
    "target probed in two ways": (
        "strategy: {rolling: {run: a, targets: [b], health: {tcp: 'b:80', run: c, critical: maybe}}}",
        [
            "4:86: tcp and run exclude each other: keep one",
            "4:99: this must be true or false, not text: write true or false without quotes",
        ],
    ),
    "two strategies": (
        "strategy: {rolling: {run: a, targets: [b], batch: 0}, canary: {weights: [100], set: a}}",
        [
            "4:36: canary and rolling exclude each other: keep one",
            "4:66: '0' is not a batch: write a number such as 1, or a percentage such as 25%",
        ],
    ),
    "rolling over nothing": (
        "strategy: {rolling: {run: a, targets: [], batch: 0}}",
        [
            "4:36: one of targets or targets_from is missing: give one",
            "4:65: '0' is not a batch: write a number such as 1, or a percentage such as 25%",
        ],
    ),
    "measuring more rarely than at all": (
        "monitor: {for: 1m, every: 2m, metrics: [cpu]}",
        [
            "4:42: 'every' (2m) is longer than 'for' (1m): shorten it",
            "4:55: this must be a mapping, not a list: write keys and values, such as {key: value}",
        ],
    ),
    "integrity looked at too late": (
        "monitor: {for: 1m, every: soon, integrity: {run: 1, every: 5m}}",
        [
            f"4:42: 'soon' {NO_DURATION}",
            f"4:65: {NO_TEXT}",
            "4:75: 'every' (5m) is longer than 'for' (1m): shorten it",
        ],
    ),
    "metrics from nowhere": (
        "monitor: {for: soon, metrics: {cpu: {query: 1, rollback_if: {above: 1}}}}",
        [
            "4:25: the metrics have no source: add source, such as {prometheus: https://prometheus.example}",
            f"4:31: 'soon' {NO_DURATION}",
            f"4:60: {NO_TEXT}",
        ],
    ),
    "two sources": (
        "monitor: {source: {prometheus: 'https://p.example', run: a, token: '?'}}",
        [
            "4:73: prometheus and run exclude each other: keep one",
            (
                "4:83: this must be the name of an environment variable, such as PROMETHEUS_TOKEN; "
                "the secret stays out"
            ),
        ],
    ),
    "metric with two limits": (
        "monitor: {source: {run: a}, metrics: {cpu: {query: 1, rollback_if: {above: 1, below: 2}}}}",
        [f"4:67: {NO_TEXT}", "4:101: above and below exclude each other: keep one"],
    ),
    "canary judged too soon": (
        (
            "strategy: {canary: {weights: [50], set: a, hold: 1m}}, monitor: {source: {run: a}, metrics: "
            "{cpu: {query: 1, rollback_if: {above: 1}}, errors: {query: $TRACK, rollback_if: {rises: 5%}}}}"
        ),
        [
            "4:45: weights must rise and end at 100, such as [5, 25, 50, 100]",
            "4:65: a canary is judged by 5 samples or more: hold at least 1m15s, or shorten monitor.every",
            f"4:122: {NO_TEXT}",
        ],
    ),
    "watch too short for a rise": (
        "monitor: {for: 1m, source: {run: a}, metrics: {errors: {query: 1, rollback_if: {rises: 5%}}}}",
        [
            "4:31: a rise shows in 5 samples or more: watch for at least 1m15s, or look more often",
            f"4:79: {NO_TEXT}",
        ],
    ),
    "freeze that ends before it begins": (
        "freezes: [{from: 2026-12-18 18:00, until: 2026-12-17 18:00, reason: 1}]",
        ["4:58: the freeze ends before it begins: 'until' must be later than 'from'", f"4:84: {NO_TEXT}"],
    ),
    "more windows than anybody reads": (
        f"windows: {{grace: 1, open: [{'Mon, ' * 101}]}}",
        [
            (
                "4:25: 101 windows and dates are too many to look at: write at most 100, "
                "with ranges such as 2026-12-24..2026-12-27"
            ),
            f"4:33: '1' {NO_DURATION}",
        ],
    ),
    "more windows than anybody reads, one of them illegible": (
        f"windows: {{open: [Mun, {'Mon, ' * 100}]}}",
        [
            (
                "4:25: 101 windows and dates are too many to look at: write at most 100, "
                "with ranges such as 2026-12-24..2026-12-27"
            ),
            "4:33: 'Mun' is not a day: write Mon, Mon-Fri, holidays, eve-of-holiday or YYYY-MM-DD",
        ],
    ),
    "window that never opens": (
        "windows: {open: [Sat 10:00-12:00], closed: ['Sat,Sun'], grace: 1}",
        [
            "4:25: this never opens: the closed windows cover all of the open ones",
            f"4:79: '1' {NO_DURATION}",
        ],
    ),
    "holidays of nowhere": (
        "windows: {closed: [holidays, Mun]}",
        [
            "4:35: nothing says which days are holidays: add 'holidays: {country: DE}' at the top",
            "4:45: 'Mun' is not a day: write Mon, Mon-Fri, holidays, eve-of-holiday or YYYY-MM-DD",
        ],
    ),
    "after an unknown environment": (
        "after: {environment: stagin, bake: 1}",
        ["4:37: unknown environment 'stagin': write production", f"4:51: '1' {NO_DURATION}"],
    ),
    "after itself": (
        "after: {environment: production, bake: 1}",
        ["4:37: this waits for itself: production after production", f"4:55: '1' {NO_DURATION}"],
    ),
    "deployed to an unknown environment": (
        "checklist: [{item: 1, deployed: prod}]",
        [f"4:35: {NO_TEXT}", "4:48: unknown environment 'prod', did you mean 'production'?"],
    ),
    "a key that is there twice, once misspelt": (
        "monitor: {evry: 1s, every: 20m}",
        [
            "4:26: unknown key 'evry', did you mean 'every'?",
            "4:43: 'every' (20m) is longer than 'for' (15m, where it is left out): shorten it",
        ],
    ),
}


@pytest.mark.parametrize(("keys", "problems"), BESIDE.values(), ids=BESIDE)
def test_a_fault_between_keys_shows_beside_one_in_the_same_mapping(keys: str, problems: list[str]) -> None:
    assert problems_of(production(keys)) == problems


AT_THE_TOP = {
    "subdivision of no country": (
        "holidays: {subdivision: BE, extra: [soon]}",
        [
            "3:25: a subdivision needs its country: add country, such as DE",
            "3:37: 'soon' is not a day: write it as 2026-12-24",
        ],
    ),
    "unknown subdivision": (
        "holidays: {country: DE, subdivision: Bayrn, extra: [soon]}",
        [
            "3:38: unknown subdivision of DE 'Bayrn', did you mean 'Bayern'?",
            "3:53: 'soon' is not a day: write it as 2026-12-24",
        ],
    ),
    "hotfix from nowhere": (
        "hotfix: {from: prod, approvals: 0}",
        ["3:16: unknown environment 'prod': write live", "3:33: 0 is too small: write at least 1"],
    ),
    "hotfix from the default that is not there": (
        "hotfix: {max_lines: 0}",
        [
            "3:9: hotfixes start from 'production', which is not an environment here: add 'from'",
            "3:21: 0 is too small: write at least 1",
        ],
    ),
    "test of an unknown environment because of an unknown rule": (
        "tests: [{at: soon, environment: lve, expect: wait, because: window}]",
        [
            (
                "3:14: 'soon' is not a moment: write a day and a time, such as 2026-11-27 15:00 "
                "or, with an offset, 2026-11-27 15:00+01:00"
            ),
            "3:33: unknown environment 'lve', did you mean 'live'?",
            "3:61: unknown rule or code 'window', did you mean 'windows'?",
        ],
    ),
}


@pytest.mark.parametrize(("line", "problems"), AT_THE_TOP.values(), ids=AT_THE_TOP)
def test_a_fault_between_keys_at_the_top_shows_beside_others(line: str, problems: list[str]) -> None:
    assert problems_of(f"version: 1\nenvironments: {{live: {{}}}}\n{line}\n") == problems


ACROSS = {
    "cycle": (
        (
            "  production: {after: {environment: staging}, MONITOR}\n"
            "  staging: {after: {environment: production}}"
        ),
        "3:37: this waits for itself: production after staging after production",
    ),
    "unknown environment": (
        "  production: {after: {environment: stagin}, MONITOR}\n  staging: {}",
        "3:37: unknown environment 'stagin', did you mean 'staging'?",
    ),
    "duplicate names": (
        "  production: {approvals: [{name: A, from: [anyone]}, {name: A, from: [anyone]}], MONITOR}",
        "3:62: approval 'A' is already on line 3: rename one of them",
    ),
    "environments that GitHub cannot tell apart": (
        "  Production: {}\n  production: {MONITOR}",
        "4:3: to GitHub 'production' and 'Production' are one: keep one of them",
    ),
    "test of an unknown environment": (
        "  production: {MONITOR}\ntests: [{at: 2026-11-27 15:00, environment: live, expect: wait}]",
        "4:45: unknown environment 'live': write production",
    ),
    "hotfix from nowhere": (
        "  production: {MONITOR}\nhotfix: {from: prod}",
        "4:16: unknown environment 'prod', did you mean 'production'?",
    ),
    "canary judged too soon": (
        "  production: {strategy: {canary: {weights: [100], set: a, hold: 1s}}, MONITOR}",
        "3:66: a canary is judged by 5 samples or more: hold at least 1m15s, or shorten monitor.every",
    ),
    "windows that never open in another environment": (
        "  staging: {windows: {closed: [Mon-Sun]}}\n  production: {MONITOR}",
        "3:22: this never opens: the closed windows cover all of the open ones",
    ),
    "no environment but the defaults": (
        "  defaults: {MONITOR}",
        "3:3: no environment is named: add one, such as production",
    ),
}
MONITOR = "monitor: {for: soon, source: {run: a}, metrics: {cpu: {query: $TRACK, rollback_if: {rises: 5%}}}}"


@pytest.mark.parametrize(("environments", "problem"), ACROSS.values(), ids=ACROSS)
def test_a_fault_across_environments_shows_beside_one_far_inside(environments: str, problem: str) -> None:
    text = f"version: 1\nenvironments:\n{environments.replace('MONITOR', MONITOR)}\n"
    line, before = next(
        (number, line.index("soon") + 1) for number, line in enumerate(text.splitlines(), 1) if "soon" in line
    )
    inside = f"{line}:{before}: 'soon' {NO_DURATION}"
    assert sorted(problems_of(text)) == sorted([problem, inside])


SILENT = {
    "for is no duration": ("monitor: {for: soon, every: 20m}", "4:31: 'soon' "),
    "every is no duration": ("monitor: {for: 5m, every: soon}", "4:42: 'soon' "),
    "for is misspelt": ("monitor: {fr: 30m, every: 20m}", "4:26: unknown key 'fr', did you mean 'for'?"),
    "for is none, with a metric that rises": (
        "monitor: {for: soon, source: {run: a}, metrics: {cpu: {query: q, rollback_if: {rises: 5%}}}}",
        "4:31: 'soon' ",
    ),
    "integrity is no mapping": (
        "monitor: {for: 1m, integrity: ./check}",
        "4:46: this must be a mapping, not text",
    ),
    "the source is misspelt": (
        "monitor: {sorce: {run: a}, metrics: {cpu: {query: q, rollback_if: {above: 1}}}}",
        "4:26: unknown key 'sorce', did you mean 'source'?",
    ),
    "the source is no mapping": (
        "monitor: {source: prometheus, metrics: {cpu: {query: q, rollback_if: {above: 1}}}}",
        "4:34: this must be a mapping, not text",
    ),
    "the url is misspelt": (
        "steps: {health: {ulr: 'https://shop.example', status: 200}}",
        "4:33: unknown key 'ulr', did you mean 'url'?",
    ),
    "the url is none": (
        "steps: {health: {url: shop.example, status: 200, run: a}}",
        "4:38: this is not a web address",
    ),
    "the url is left empty": ("steps: {health: {url: , status: 200}}", "4:38: 'url' is empty"),
    "the status is none": (
        "steps: {smoke: [{name: A, run: a, status: 99}]}",
        "4:58: 99 is too small: write at least 100",
    ),
    "the command is missing": (
        "steps: {health: {status: 200}}",
        "4:32: one of url, tcp or run is missing: give one",
    ),
    "the evidence is misspelt": (
        "checklist: [{item: A, rnu: a, timeout: 5m}]",
        "4:38: unknown key 'rnu', did you mean 'run'?",
    ),
    "the evidence is missing": (
        "checklist: [{item: A, timeout: 5m}]",
        "4:28: one of checks, reviews, deployed, section, run, notified, tick or migration is missing",
    ),
    "there are too many approvals anyway": (
        "approvals: [{name: A, count: 101, from: ['user:ada']}]",
        "4:45: 101 is too large: write at most 100",
    ),
    "somebody is nobody": (
        "approvals: [{name: A, count: 2, from: ['user:ada', 'team:acme']}]",
        "4:67: 'team:acme' names nobody",
    ),
    "nobody is named at all": (
        "approvals: [{name: A, count: 2, from: []}]",
        "4:54: this list is empty: name at least one, or remove the key",
    ),
    "approvals are no list": (
        "approvals: A, approval_options: {methods: []}",
        "4:27: this must be a list, not text",
    ),
    "a method is unknown": (
        "approvals: [{name: A, from: [anyone]}], approval_options: {methods: [buton]}",
        "4:85: 'buton' is not known here",
    ),
    "a freeze begins at no moment": (
        "freezes: [{from: soon, until: 2026-12-17 18:00, reason: Rest}]",
        "4:33: 'soon' is not a moment",
    ),
    "a window is none": (
        "windows: {open: [Mon, Sta], closed: [Mon-Sun]}",
        "4:38: 'Sta' is not a day",
    ),
    "the open windows are misspelt": (
        "windows: {opne: [Mon], closed: [Mon-Sun]}",
        "4:26: unknown key 'opne', did you mean 'open'?",
    ),
    "the closed windows are no list": (
        "windows: {open: [Sat], closed: Sat}",
        "4:47: this must be a list, not text",
    ),
    "holidays are of nowhere": (
        "windows: {open: [holidays]}",
        "4:33: nothing says which days are holidays",
    ),
    "the steps are misspelt": (
        "stpes: {migrate: {run: up}}, checklist: [{item: A, migration: backup}]",
        "4:16: unknown key 'stpes', did you mean 'steps'?",
    ),
    "the steps are no mapping": (
        "steps: ./deploy, checklist: [{item: A, reviews: 1, when: {migrations: true}}]",
        "4:23: this must be a mapping, not text",
    ),
    "what says which files are migrations is misspelt": (
        (
            "steps: {migrate: {run: up, lnit: '*.sql'}}, approvals: [{name: A, from: [anyone], "
            "when: {migrations: true}}]"
        ),
        "4:43: unknown key 'lnit', did you mean 'lint'?",
    ),
    "the way back is no text": (
        "steps: {migrate: {run: up, undo: 1}}, checklist: [{item: A, migration: reversible}]",
        f"4:49: {NO_TEXT}",
    ),
    "the kind of migration is unknown": (
        "checklist: [{item: A, migration: stagin}]",
        "4:49: 'stagin' is not known here",
    ),
    "those to notify are misspelt": (
        "notify: {befor: [slack]}, checklist: [{item: A, notified: before}]",
        "4:25: unknown key 'befor', did you mean 'before'?",
    ),
    "those to notify are no list": (
        "notify: {before: slack}, checklist: [{item: A, notified: before}]",
        "4:33: this must be a list, not text",
    ),
    "the workflow is misspelt": (
        "deploy: on-merge, workflwo: deploy.yml",
        "4:34: unknown key 'workflwo', did you mean 'workflow'?",
    ),
    "the workflow is a path": (
        "deploy: on-merge, workflow: .github/workflows/deploy.yml",
        "4:44: this must be the name of a file in .github/workflows",
    ),
    "the canary's hold is no duration": (
        (
            "strategy: {canary: {weights: [100], set: a, hold: 1}}, monitor: {source: {run: a}, metrics: "
            "{errors: {query: $TRACK, rollback_if: {rises: 5%}}}}"
        ),
        f"4:66: '1' {NO_DURATION}",
    ),
    "the canary's metrics are asked at no interval": (
        (
            "strategy: {canary: {weights: [100], set: a, hold: 1s}}, monitor: {every: 1, source: {run: a}, "
            "metrics: {errors: {query: $TRACK, rollback_if: {rises: 5%}}}}"
        ),
        f"4:89: '1' {NO_DURATION}",
    ),
    "weights beyond all": (
        "strategy: {canary: {weights: [500, 100], set: a}}",
        "4:46: 500 is too large: write at most 100",
    ),
    "the environment to wait for is illegible": (
        (
            "after: {environment: [production]}, checklist: [{item: A, migration: staging}], "
            "steps: {migrate: {run: up}}"
        ),
        "4:37: this must be text, not a list",
    ),
}


@pytest.mark.parametrize(("keys", "problem"), SILENT.values(), ids=SILENT)
def test_nothing_is_said_between_keys_where_one_of_them_is_illegible(keys: str, problem: str) -> None:
    (only,) = problems_of(production(keys))
    assert only.startswith(problem)


SILENT_AT_THE_TOP = {
    "environments in a list": (
        (
            "version: 1\nenvironments: [live]\nhotfix: {from: live}\n"
            "tests: [{at: 2026-11-27 15:00, environment: live, expect: wait}]"
        ),
        "2:15: this must be a mapping, not a list",
    ),
    "environments misspelt": (
        "version: 1\nenviroments: {live: {}}\nhotfix: {max_lines: 2}",
        "2:1: unknown key 'enviroments', did you mean 'environments'?",
    ),
    "no environments": (
        "version: 1\nhotfix: {from: live}",
        "1:1: key 'environments' is missing: add it",
    ),
    "hotfix that is a word": (
        "version: 1\nenvironments: {live: {}}\nhotfix: yes",
        "3:9: this must be a mapping, not text",
    ),
    "hotfix whose environment is misspelt": (
        "version: 1\nenvironments: {live: {}}\nhotfix: {form: live}",
        "3:10: unknown key 'form', did you mean 'from'?",
    ),
    "holidays misspelt": (
        "version: 1\nhollidays: {country: DE}\nenvironments: {live: {windows: {open: [holidays]}}}",
        "2:1: unknown key 'hollidays', did you mean 'holidays'?",
    ),
    "holidays of an unknown country": (
        "version: 1\nholidays: {country: UKK}\nenvironments: {live: {windows: {open: [holidays]}}}",
        "2:21: unknown country 'UKK', did you mean 'UK'?",
    ),
    "a day of our own that is none": (
        "version: 1\nholidays: {extra: [soon]}\nenvironments: {live: {windows: {open: [holidays]}}}",
        "2:20: 'soon' is not a day",
    ),
    "subdivision of a country that is illegible": (
        "version: 1\nholidays: {country: 49, subdivision: BE}\nenvironments: {live: {}}",
        f"2:21: {NO_TEXT}",
    ),
    "freeze from an offset until a time in an unknown zone": (
        (
            "version: 1\ntimezone: Europe/Berln\nenvironments: {live: {freezes: [{"
            "from: 2026-12-18T18:00+09:00, until: 2026-12-18 08:00, reason: Rest}]}}"
        ),
        "2:11: 'Europe/Berln' is not an IANA time zone",
    ),
    "what one environment lacks to wait for": (
        "version: 1\nenvironments: {live: manual, staging: {after: {environment: live}}}",
        "2:22: this must be a mapping, not text",
    ),
}


@pytest.mark.parametrize(("text", "problem"), SILENT_AT_THE_TOP.values(), ids=SILENT_AT_THE_TOP)
def test_nothing_is_said_across_the_file_because_of_what_is_illegible(text: str, problem: str) -> None:
    (only,) = problems_of(text)
    assert only.startswith(problem)


MERGED = {
    "a probe's address": "steps: {health: {<<: *probe, status: 200}}",
    "a step's command": "steps: {deploy: {<<: *step}}",
    "a monitor's source": "monitor: {<<: *monitor, metrics: {cpu: {query: q, rollback_if: {above: 1}}}}",
    "a monitor's length": "monitor: {<<: *monitor, every: 20m}",
    "an environment's workflow": "<<: *base, deploy: on-merge",
    "an item's evidence": "checklist: [{<<: *item, item: A}]",
}


@pytest.mark.parametrize("keys", MERGED.values(), ids=MERGED)
def test_what_an_alias_would_bring_is_not_missed(keys: str) -> None:
    (only,) = problems_of(production(keys))
    assert re.search(r"the alias '\*\w+' is not allowed", only)


def test_what_illegible_defaults_would_bring_is_not_missed() -> None:
    text = "version: 1\nenvironments:\n  defaults: *base\n  live: {deploy: on-merge}\nhotfix: {from: prod}\n"
    alias, unknown = problems_of(text)
    assert alias.startswith("3:13: the alias '*base' is not allowed")
    assert unknown == "5:16: unknown environment 'prod': write live"


def test_environments_that_an_alias_would_bring_may_be_named() -> None:
    text = "version: 1\nenvironments:\n  <<: *ours\n  live: {after: {environment: staging}}\nhotfix: {}\n"
    (only,) = problems_of(text)
    assert only.startswith("3:7: the alias '*ours' is not allowed")


def test_a_freeze_that_ends_first_shows_beside_an_unknown_zone() -> None:
    freeze = "{from: 2026-12-18 18:00, until: 2026-12-17 18:00, reason: Rest}"
    text = f"version: 1\ntimezone: Mars\nenvironments: {{live: {{freezes: [{freeze}]}}}}\n"
    assert problems_of(text) == [
        "2:11: 'Mars' is not an IANA time zone: write one such as Europe/Berlin or UTC",
        "3:65: the freeze ends before it begins: 'until' must be later than 'from'",
    ]


def test_windows_without_holidays_are_looked_at_beside_unknown_holidays() -> None:
    text = "version: 1\nholidays: {country: UKK}\nenvironments: {live: {windows: {closed: [Mon-Sun]}}}\n"
    assert problems_of(text) == [
        "2:21: unknown country 'UKK', did you mean 'UK'?",
        "3:32: this never opens: the closed windows cover all of the open ones",
    ]


def test_the_defaults_may_lack_what_each_environment_has() -> None:
    text = (
        "version: 1\nenvironments:\n"
        "  defaults: {deploy: on-merge, checklist: [{item: A, migration: backup}]}\n"
        "  live: {workflow: live.yml, steps: {migrate: {run: up}, backup: {run: save}}}\n"
    )
    assert list(parse_policy(text, "deploy.yml").environments) == ["live"]


def test_a_fault_between_keys_of_the_defaults_is_reported_once_where_it_stands() -> None:
    text = "version: 1\nenvironments:\n  defaults: {monitor: {every: 20m}}\n  a: {}\n  b: {}\n"
    assert problems_of(text) == [
        "3:31: 'every' (20m) is longer than 'for' (15m, where it is left out): shorten it"
    ]


def test_every_rule_between_keys_is_tried_beside_another_fault() -> None:
    texts = [production(keys) for keys, _ in BESIDE.values()]
    texts += [f"version: 1\nenvironments: {{live: {{}}}}\n{line}\n" for line, _ in AT_THE_TOP.values()]
    texts += [
        f"version: 1\nenvironments:\n{environments.replace(', MONITOR', '').replace('MONITOR', '')}\n"
        for environments, _ in ACROSS.values()
    ]
    tried = {name for text in texts for name in rules_that_speak(text)}
    every = {rule.__name__ for rule in BETWEEN_MAPPINGS}
    every |= {rule.__name__ for rules in WITHIN_A_MAPPING.values() for rule in rules}
    assert every - tried == set()


def rules_that_speak(text: str) -> Iterator[str]:
    """The names of the rules that find a fault in a file."""
    root = read_source(text, "deploy.yml").root
    yield from (rule.__name__ for rule in BETWEEN_MAPPINGS if speaks(rule, root))
    for _, node, model in mappings(root):
        yield from (rule.__name__ for rule in WITHIN_A_MAPPING.get(model, ()) if speaks(rule, node))


def speaks(rule: Rule, node: Node) -> bool:
    """Whether it finds a fault. It may stumble over another one, which `parse_policy` would keep from it."""
    with suppress(ValueError):
        return any(True for _ in rule(node))
    return False
