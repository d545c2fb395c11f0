"""Releases as GitHub shows them."""

from __future__ import annotations

from typing import Any

from sandbox.shapes.accounts import account_shape
from sandbox.shapes.basics import node_id, repo_html, repo_url, stamp, stamp_or_none
from sandbox.state import Release, Repository
from sandbox.world import World


def release_shape(world: World, repository: Repository, release: Release) -> dict[str, Any]:
    url = repo_url(world, repository, f"/releases/{release.id}")
    return {
        "url": url,
        "assets_url": f"{url}/assets",
        "upload_url": url + "/assets{?name,label}",
        "html_url": repo_html(world, repository, f"/releases/tag/{release.tag}"),
        "id": release.id,
        "node_id": node_id("Release", release.id),
        "author": account_shape(world, release.author),
        "tag_name": release.tag,
        "target_commitish": release.target,
        "name": release.name,
        "draft": release.draft,
        "immutable": False,
        "prerelease": release.prerelease,
        "created_at": stamp(release.created_at),
        "updated_at": stamp(release.created_at),
        "published_at": stamp_or_none(release.published_at),
        "assets": [],
        "tarball_url": repo_url(world, repository, f"/tarball/{release.tag}"),
        "zipball_url": repo_url(world, repository, f"/zipball/{release.tag}"),
        "body": release.body,
    }
