"""Apps, their installations, tokens, webhook deliveries, and the end of the manifest flow."""

from __future__ import annotations

from typing import Any

from sandbox.answers import Answer, Refusal, created, not_found, nothing, ok, unprocessable
from sandbox.auth import LEVELS
from sandbox.routing import LARGEST_PAGE, Call, Routes
from sandbox.shapes.apps import app_shape, delivery_shape, full_delivery_shape, installation_shape
from sandbox.shapes.basics import stamp
from sandbox.shapes.repositories import repository_shape
from sandbox.state import App, HookDelivery, Installation, Permissions, Repository
from sandbox.webhooks import redeliver

routes = Routes()

MOST_REPOSITORIES = 500


@routes.get("/app", needs="app")
def the_app(call: Call) -> Answer:
    return ok(app_shape(call.world, _app(call)))


@routes.get("/apps/{app_slug}")
def an_app(call: Call) -> Answer:
    found = next((app for app in call.world.apps.values() if app.slug == call.path["app_slug"]), None)
    if found is None:
        raise not_found()
    return ok(app_shape(call.world, found))


@routes.get("/app/installations", needs="app")
def installations(call: Call) -> Answer:
    return call.page(_mine(call), lambda one: installation_shape(call.world, one))


@routes.get("/app/installations/{installation_id}", needs="app")
def an_installation(call: Call) -> Answer:
    return ok(installation_shape(call.world, _installation(call)))


@routes.delete("/app/installations/{installation_id}", needs="app")
def uninstall(call: Call) -> Answer:
    call.world.uninstall(_installation(call))
    return nothing()


@routes.put("/app/installations/{installation_id}/suspended", needs="app")
def suspend(call: Call) -> Answer:
    call.world.suspend(_installation(call))
    return nothing()


@routes.delete("/app/installations/{installation_id}/suspended", needs="app")
def unsuspend(call: Call) -> Answer:
    call.world.suspend(_installation(call), on=False)
    return nothing()


@routes.get("/repos/{owner}/{repo}/installation", needs="app")
def repository_installation(call: Call) -> Answer:
    installation = call.world.installation_of(_app(call), call.repository)
    if installation is None:
        raise not_found()
    return ok(installation_shape(call.world, installation))


@routes.get("/orgs/{org}/installation", needs="app")
def organization_installation(call: Call) -> Answer:
    return _account_installation(call, call.path["org"])


@routes.get("/users/{username}/installation", needs="app")
def user_installation(call: Call) -> Answer:
    return _account_installation(call, call.path["username"])


def _account_installation(call: Call, login: str) -> Answer:
    found = next((one for one in _mine(call) if one.account.login.lower() == login.lower()), None)
    if found is None:
        raise not_found()
    return ok(installation_shape(call.world, found))


@routes.post("/app/installations/{installation_id}/access_tokens", needs="app")
def create_token(call: Call) -> Answer:
    """A token for an hour, narrowed to what was asked."""
    installation = _installation(call)
    if installation.suspended_at is not None:
        raise Refusal(403, "This installation has been suspended")
    repositories = _asked_repositories(call, installation)
    permissions = _asked_permissions(call, installation)
    token = call.world.installation_token(installation, permissions=permissions, repositories=repositories)
    assert token.expires_at is not None  # noqa: S101 - installation tokens always end
    body: dict[str, Any] = {
        "token": token.text,
        "expires_at": stamp(token.expires_at),
        "permissions": token.permissions,
        "repository_selection": "all" if repositories is None and installation.everywhere else "selected",
    }
    if repositories is not None:
        body["repositories"] = [repository_shape(call.world, one) for one in repositories]
    return created(body)


def _asked_permissions(call: Call, installation: Installation) -> Permissions | None:
    asked: Permissions | None = call.get("permissions")
    if not asked:
        return None
    for name, level in asked.items():
        granted = installation.permissions.get(name, "none")
        if level not in LEVELS or LEVELS.index(level) > LEVELS.index(granted):
            raise unprocessable("The permissions requested are not granted to this installation.")
    return {"metadata": "read", **asked}


def _asked_repositories(call: Call, installation: Installation) -> list[Repository] | None:
    names, ids = call.get("repositories"), call.get("repository_ids")
    if names is None and ids is None:
        return None
    covered = [one for one in call.world.repositories.values() if installation.covers(one)]
    chosen = [one for one in covered if one.name in (names or ()) or one.id in (ids or ())]
    asked = len(names or ()) + len(ids or ())
    if asked > MOST_REPOSITORIES or len(chosen) < asked:
        raise unprocessable(
            "There is at least one repository that does not exist"
            " or is not accessible to the parent installation."
        )
    return chosen


@routes.delete("/installation/token", needs="installation")
def revoke_token(call: Call) -> Answer:
    if call.caller.token is not None:
        call.world.tokens.pop(call.caller.token.text, None)
    return nothing()


@routes.get("/installation/repositories", needs="installation")
def installation_repositories(call: Call) -> Answer:
    reached = [one for one in call.world.repositories.values() if call.caller.reaches(one)]
    return call.page(reached, lambda one: repository_shape(call.world, one), under="repositories")


@routes.get("/user/installations", needs="user")
def callers_installations(call: Call) -> Answer:
    mine = [one for one in call.world.installations.values() if _shared(call, one)]
    return call.page(mine, lambda one: installation_shape(call.world, one), under="installations")


@routes.get("/user/installations/{installation_id}/repositories", needs="user")
def callers_repositories(call: Call) -> Answer:
    shared = _shared(call, call.among(call.world.installations, "installation_id"))
    return call.page(shared, lambda one: repository_shape(call.world, one, call.user), under="repositories")


def _shared(call: Call, installation: Installation) -> list[Repository]:
    """What the App covers and somebody gave the person; that anybody may read it is not enough.

    https://docs.github.com/rest/apps/installations#list-repositories-accessible-to-the-user-access-token
    """
    covered = [one for one in call.world.repositories.values() if installation.covers(one)]
    return [one for one in covered if call.world.given_role(call.user, one) is not None]


# Webhook deliveries


@routes.get("/app/hook/config", needs="app")
def hook_config(call: Call) -> Answer:
    app = _app(call)
    secret = "********" if app.webhook_secret else None
    return ok({"content_type": "json", "insecure_ssl": "0", "secret": secret, "url": app.webhook_url or ""})


@routes.patch("/app/hook/config", needs="app")
def change_hook_config(call: Call) -> Answer:
    app = _app(call)
    app.webhook_url = call.get("url", app.webhook_url)
    app.webhook_secret = call.get("secret", app.webhook_secret)
    return hook_config(call)


@routes.get("/app/hook/deliveries", needs="app")
def deliveries(call: Call) -> Answer:
    """Newest first. `cursor` is the id to go on below; `status` is `success` or `failure`."""
    mine = [one for one in _deliveries(call)[::-1] if _asked_delivery(call, one)]
    size = call.natural("per_page", 30, LARGEST_PAGE)
    shown, rest = mine[:size], mine[size:]
    link = f'<{call.url}?per_page={size}&cursor={shown[-1].id}>; rel="next"' if rest else ""
    return Answer(body=[delivery_shape(one) for one in shown], headers={"Link": link} if link else {})


def _asked_delivery(call: Call, delivery: HookDelivery) -> bool:
    cursor, status = call.natural("cursor", 0), call.query.get("status")
    if cursor and delivery.id >= cursor:
        return False
    arrived = 200 <= delivery.status_code < 400  # noqa: PLR2004 - GitHub's own line
    return status is None or arrived == (status == "success")


@routes.get("/app/hook/deliveries/{delivery_id}", needs="app")
def a_delivery(call: Call) -> Answer:
    return ok(full_delivery_shape(_delivery(call)))


@routes.post("/app/hook/deliveries/{delivery_id}/attempts", needs="app")
def deliver_again(call: Call) -> Answer:
    redeliver(call.world, _delivery(call))
    return Answer(status=202, body={})


def _deliveries(call: Call) -> list[HookDelivery]:
    """Those that have been tried; one still on its way is not listed."""
    app = _app(call)
    return [one for one in call.world.deliveries if one.app is app and one.status != "PENDING"]


def _delivery(call: Call) -> HookDelivery:
    return call.one_of(_deliveries(call), "delivery_id")


# The manifest flow's last step


@routes.post("/app-manifests/{code}/conversions")
def convert_manifest(call: Call) -> Answer:
    """Hand out the App made from a manifest, once."""
    app = call.world.manifests.pop(call.path["code"], None)
    if app is None:
        raise unprocessable("Validation Failed", "The code is unknown or was used.")
    secrets = {
        "client_id": app.client_id,
        "client_secret": app.client_secret,
        "webhook_secret": app.webhook_secret or None,
        "pem": app.private_key,
    }
    return created({**app_shape(call.world, app), **secrets})


def _app(call: Call) -> App:
    assert call.caller.app is not None  # noqa: S101 - `needs="app"` let it in
    return call.caller.app


def _mine(call: Call) -> list[Installation]:
    app = _app(call)
    return [one for one in call.world.installations.values() if one.app is app]


def _installation(call: Call) -> Installation:
    found = call.among(call.world.installations, "installation_id")
    if found.app is not _app(call):
        raise not_found()
    return found
