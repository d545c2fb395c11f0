"""Real `git clone` and `git push` over HTTP, through git's own http-backend."""

from __future__ import annotations

from flask import Flask

from sandbox.world import World


def serve_git(app: Flask, world: World) -> None:
    """Serve every repository of the world at `/OWNER/NAME.git`."""
