"""Who may ask for what in a comment: the same people the rules count, asked before anything is started."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from protocol.answers import listed
from protocol.decision import environment_in
from protocol.facts import Missing, People
from protocol.policy import Policy
from protocol.principals import Principal, anyone_of, is_bot, say_principal

WRITERS = (Principal("permission", "write"),)


@dataclass(frozen=True, slots=True)
class Right:
    """`refusal` is the sentence that says why not; "" means granted. What is unknown is not granted."""

    refusal: str = ""

    def __bool__(self) -> bool:
        return not self.refusal


GRANTED = Right()


def right_to_write(login: str, people: People, *, what: str) -> Right:
    """To do `what`, such as "freeze deployments"."""
    return _among(WRITERS, login, people, what)


def right_to_start(policies: Sequence[Policy], environment: str, login: str, people: People) -> Right:
    """In every list of deployers that applies, or named for emergencies: then the gate asks for one."""
    if any(_may_declare(policy, login, people) for policy in policies):
        return GRANTED
    what = f"deploy to {environment}"
    rights = (_among(who, login, people, what) for who in _deployers(policies, environment))
    return next((right for right in rights if not right), GRANTED)


def right_to_judge(policies: Sequence[Policy], environment: str, login: str, people: People) -> Right:
    """To approve or reject: in the list of any approval rule of the environment."""
    rules = [
        rule for one in policies if (found := environment_in(one, environment)) for rule in found.approvals
    ]
    if not rules:
        return Right(f"{environment} asks for no approvals")
    who = tuple(dict.fromkeys(person for rule in rules for person in rule.from_))
    return _among(who, login, people, f"approve for {environment}")


def right_to_declare(policies: Sequence[Policy], login: str, people: People) -> Right:
    """An emergency: named by the repository's own policy, which is the last."""
    named = policies[-1].access.emergency if policies else None
    if named is None:
        return Right("The policy names nobody for emergencies; add `access.emergency.who`")
    return _among(named.who, login, people, "declare an emergency")


def _may_declare(policy: Policy, login: str, people: People) -> bool:
    named = policy.access.emergency
    return named is not None and anyone_of(named.who, login, people) is True


def _deployers(policies: Iterable[Policy], environment: str) -> Iterable[tuple[Principal, ...]]:
    for policy in policies:
        found = environment_in(policy, environment)
        if found is not None:
            yield policy.access.deployers
            if found.access is not None:
                yield found.access.deployers


def _among(who: tuple[Principal, ...], login: str, people: People, what: str) -> Right:
    answer = False if is_bot(login) else anyone_of(who, login, people)
    if isinstance(answer, Missing):
        return Right(f"Whether {login} may {what} cannot be told yet: {answer.reason}")
    may = listed(map(say_principal, who), "or")
    return GRANTED if answer else Right(f"{login} may not {what}; {may} may")
