from __future__ import annotations

import pytest

from sandbox.prune_schema import KEEP, PruneError, check, differences, keep_list, prune

FULL = '''
directive @docs on FIELD_DEFINITION

"""Where queries begin."""
type Query {
  "A shop."
  shop(name: String!, kind: Kind = LARGE): Shop @docs
  weather: Weather
}
enum Kind { SMALL LARGE }
interface Named { name: String! nick: String @deprecated(reason: "Use name.") }
type Shop implements Named { name: String! nick: String owner: Owner rent: Int }
type Weather { rain: Int }
union Owner = Person | Company
type Person implements Named { name: String! nick: String age: Int }
type Company { tax: Int }
'''
KEPT = """
Query: shop
Named: name  # comes along with those who are
Shop: owner
Owner: Person
Person: age
"""


def pruned(keep: str) -> str:
    return prune(FULL, keep_list(keep))


def test_only_what_is_kept_remains_with_what_it_needs() -> None:
    assert pruned(KEPT) == (
        "enum Kind {\n  SMALL\n  LARGE\n}\n\n"
        "interface Named {\n  name: String!\n}\n\n"
        "union Owner = Person\n\n"
        "type Person implements Named {\n  name: String!\n  age: Int\n}\n\n"
        "type Query {\n  shop(name: String!, kind: Kind = LARGE): Shop\n}\n\n"
        "type Shop implements Named {\n  name: String!\n  owner: Owner\n}"
    )


def test_a_pruned_schema_is_true_to_the_full_one() -> None:
    assert differences(pruned(KEPT), FULL) == []


UNTRUE = {
    "another type": ("age: Int", "age: String"),
    "a null that is not": ("owner: Owner", "owner: Owner!"),
    "an argument GitHub has not": ("name: String!, kind", "name: String!, size: Int, kind"),
    "a value GitHub has not": ("SMALL", "TINY"),
}


@pytest.mark.parametrize(("right", "wrong"), UNTRUE.values(), ids=UNTRUE)
def test_a_schema_that_is_not_true_is_refused(right: str, wrong: str) -> None:
    with pytest.raises(PruneError, match="not true to GitHub's"):
        check(pruned(KEPT).replace(right, wrong), FULL)


MISFITS = {
    "a type that is reached but not named": (KEPT.replace("Person: age", ""), "reached but not named"),
    "a type that is not reached": (KEPT + "Weather: rain\n", r"not reached \['Weather'\]"),
    "a field GitHub has not": (KEPT.replace("age", "height"), r"not GitHub's \['Person.height'\]"),
    "a member GitHub has not": (KEPT.replace("Owner: Person", "Owner: Person Shop"), r"\['Owner.Shop'\]"),
}


@pytest.mark.parametrize(("keep", "said"), MISFITS.values(), ids=MISFITS)
def test_a_list_that_does_not_fit_is_refused(keep: str, said: str) -> None:
    with pytest.raises(PruneError, match=said):
        pruned(keep)


def test_the_kept_list_and_the_schema_beside_it_name_the_same_types() -> None:
    schema = KEEP.with_name("schema.graphql").read_text("utf-8")
    kept = keep_list(KEEP.read_text("utf-8"))
    kinds = ("type ", "interface ", "union ")
    named = {line.split()[1] for line in schema.splitlines() if line.startswith(kinds)}
    assert named == set(kept)
