"""Real `git clone` and `git push` over HTTP, through git's own http-backend."""

from __future__ import annotations

import subprocess

from flask import Flask, Request, Response, request

from sandbox.answers import Answer, Refusal, not_found
from sandbox.auth import Caller, authenticate, check
from sandbox.git import ZERO, clean_environment
from sandbox.state import Push, Repository
from sandbox.world import World

PUSH = "git-receive-pack"


def serve_git(app: Flask, world: World) -> None:
    """Serve every repository of the world at `/OWNER/NAME.git`, and without the `.git` as GitHub does."""

    def view(owner: str, name: str, service: str) -> Response:
        return _exchange(world, request, f"{owner}/{name.removesuffix('.git')}", service)

    for method, service in (("GET", "info/refs"), ("POST", "git-upload-pack"), ("POST", PUSH)):
        rule = f"/<owner>/<name>/{service}"
        app.add_url_rule(rule, rule, view, methods=[method], defaults={"service": service})


def _exchange(world: World, incoming: Request, full_name: str, service: str) -> Response:
    wanted = incoming.args.get("service", service)
    body = incoming.get_data()  # before the lock: a client may be slow
    try:
        with world.lock:
            caller = authenticate(world, incoming.headers.get("Authorization"))
            repository = _permitted(world, caller, full_name, wanted)
            if service != PUSH:
                return _backend(repository, caller, incoming, service, body)
            return _received(world, repository, caller, incoming, body)
    except Refusal as refusal:
        return _refused(refusal.answer())


def _permitted(world: World, caller: Caller, full_name: str, wanted: str) -> Repository:
    repository = world.repositories.get(full_name.lower())
    if repository is None:
        raise not_found()
    pushes = wanted == PUSH
    if caller.kind == "anonymous" and (pushes or repository.private):
        raise Refusal(401, "Requires authentication")
    check(world, caller, "contents:write" if pushes else "contents:read", repository)
    return repository


def _received(
    world: World, repository: Repository, caller: Caller, incoming: Request, body: bytes
) -> Response:
    """Take a push and tell the world about every ref it moved."""
    git = world.git(repository)
    before = git.refs()
    response = _backend(repository, caller, incoming, PUSH, body)
    after = git.refs()
    for ref in sorted(before.keys() | after.keys()):
        if before.get(ref) != after.get(ref):
            push = Push(
                repository=repository,
                ref=ref,
                before=before.get(ref, ZERO),
                after=after.get(ref, ZERO),
                pusher=caller.person,
            )
            world.pushed(push, quiet=caller.quiet)
    return response


def _backend(
    repository: Repository, caller: Caller, incoming: Request, service: str, body: bytes
) -> Response:
    """Hand the request on as CGI: https://git-scm.com/docs/git-http-backend."""
    done = subprocess.run(
        ["git", "http-backend"],
        input=body,
        capture_output=True,
        check=True,
        env={
            **clean_environment(),
            "GIT_HTTP_EXPORT_ALL": "1",
            "GIT_PROJECT_ROOT": str(repository.path.parent),
            "PATH_INFO": f"/{repository.path.name}/{service}",
            "REQUEST_METHOD": incoming.method,
            "QUERY_STRING": incoming.query_string.decode(),
            "CONTENT_TYPE": incoming.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "HTTP_CONTENT_ENCODING": incoming.headers.get("Content-Encoding", ""),
            "GIT_PROTOCOL": incoming.headers.get("Git-Protocol", ""),
            "REMOTE_USER": caller.user.login if caller.user else "",
            "REMOTE_ADDR": "127.0.0.1",
        },
    )
    return _from_cgi(done.stdout)


def _from_cgi(out: bytes) -> Response:
    head, _, body = out.partition(b"\r\n\r\n")
    headers = [line.split(": ", 1) for line in head.decode().split("\r\n")]
    status = next((value for name, value in headers if name == "Status"), "200 OK")
    kept = [(name, value) for name, value in headers if name != "Status"]
    return Response(body, status=status, headers=kept)


def _refused(answer: Answer) -> Response:
    response = Response(f"{answer.body['message']}\n", status=answer.status, content_type="text/plain")
    if answer.status == 401:  # noqa: PLR2004 - git asks for a password when told so
        response.headers["WWW-Authenticate"] = 'Basic realm="GitHub"'
    return response
