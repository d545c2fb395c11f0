"""What a moved ref means: pull requests follow their branch, and a push event goes out."""

from __future__ import annotations

from sandbox.state import Event, Push
from sandbox.world import World


def announce(world: World, push: Push, *, quiet: bool) -> None:
    world.emit(
        Event(
            name="push",
            action=None,
            repository=push.repository,
            sender=push.pusher,
            payload={"ref": push.ref, "before": push.before, "after": push.after},
            quiet=quiet,
        )
    )
