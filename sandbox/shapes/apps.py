"""Apps, installations and webhook deliveries as GitHub shows them."""

from __future__ import annotations

from typing import Any

from sandbox.shapes.accounts import account_shape
from sandbox.shapes.basics import node_id, stamp, stamp_or_none
from sandbox.state import App, HookDelivery, Installation
from sandbox.world import World


def app_shape(world: World, app: App) -> dict[str, Any]:
    """GitHub's `integration`."""
    return {
        "id": app.id,
        "slug": app.slug,
        "node_id": node_id("App", app.id),
        "client_id": app.client_id,
        "owner": account_shape(world, app.owner),
        "name": app.name,
        "description": "",
        "external_url": f"{world.url}/apps/{app.slug}",
        "html_url": f"{world.url}/apps/{app.slug}",
        "created_at": stamp(app.created_at),
        "updated_at": stamp(app.created_at),
        "permissions": app.permissions,
        "events": list(app.events),
    }


def installation_shape(world: World, installation: Installation) -> dict[str, Any]:
    return {
        "id": installation.id,
        "client_id": installation.app.client_id,
        "account": account_shape(world, installation.account),
        "repository_selection": "all" if installation.everywhere else "selected",
        "access_tokens_url": f"{world.url}/app/installations/{installation.id}/access_tokens",
        "repositories_url": f"{world.url}/installation/repositories",
        "html_url": f"{world.url}/settings/installations/{installation.id}",
        "app_id": installation.app.id,
        "app_slug": installation.app.slug,
        "target_id": installation.account.id,
        "target_type": installation.account.kind,
        "permissions": installation.permissions,
        "events": list(installation.events),
        "created_at": stamp(installation.created_at),
        "updated_at": stamp(installation.updated_at),
        "single_file_name": None,
        "has_multiple_single_files": False,
        "single_file_paths": [],
        "suspended_by": None,
        "suspended_at": stamp_or_none(installation.suspended_at),
    }


def delivery_shape(delivery: HookDelivery) -> dict[str, Any]:
    """GitHub's `hook-delivery-item`, of the list."""
    return {
        "id": delivery.id,
        "guid": delivery.guid,
        "delivered_at": stamp(delivery.delivered_at),
        "redelivery": delivery.redelivery,
        "duration": round(delivery.duration, 2),
        "status": delivery.status,
        "status_code": delivery.status_code,
        "event": delivery.event,
        "action": delivery.action,
        "installation_id": delivery.installation.id if delivery.installation else None,
        "repository_id": delivery.repository.id if delivery.repository else None,
        "throttled_at": None,
    }


def full_delivery_shape(delivery: HookDelivery) -> dict[str, Any]:
    return {
        **delivery_shape(delivery),
        "url": delivery.url,
        "request": {"headers": delivery.request_headers, "payload": delivery.payload},
        "response": {"headers": delivery.response_headers, "payload": delivery.response_body},
    }
