"""Mallory, who may only read: a fork of the shop, and the pull request it offers."""

from __future__ import annotations

from protocol.gate import Gate
from sandbox.forks import fork
from tests.waiting import PLAIN_POLICY, SHOP, WORKFLOW, WaitingShop

ON_PULLS = WORKFLOW.replace("on: {push: {branches: [main]}}", "on: pull_request")
FOR_ANYONE = f"{PLAIN_POLICY}access: {{deployers: [anyone]}}\n"


def trusting(shop: WaitingShop) -> None:
    """From now on its pull requests deploy, whoever opens them."""
    files = {".github/deploy.yml": FOR_ANYONE, ".github/workflows/deploy.yml": ON_PULLS}
    shop.world.commit(SHOP, files, "Policy", quiet=True)


def offer(shop: WaitingShop) -> tuple[int, Gate]:
    """The pull request of mallory's branch, and the gate its run waits at."""
    fork(shop.world, shop.repository, shop.world.add_user("mallory"))
    sha = commit(shop, "print('mine')\n")
    opened = {"title": "Trust me", "head": "mallory:better", "base": "main"}
    return shop.ask("POST", "/pulls", opened, by="mallory")["number"], shop.gate_of(sha)


def commit(shop: WaitingShop, text: str) -> str:
    """On the branch `better` of the fork."""
    author = shop.world.user("mallory")
    return shop.world.commit("mallory/shop", {"shop.py": text}, "Better", branch="better", author=author)
