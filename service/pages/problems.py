"""What a page says when it cannot be shown: a sentence with the cure, and a code that stays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus


class NotShown(Exception):  # noqa: N818 - an answer to a person, not a fault
    """Raised with one of the codes below; `detail` is shown beside its sentence."""

    def __init__(self, code: str, detail: str = "") -> None:
        self.problem = PROBLEMS[code]
        self.detail = detail
        super().__init__(code)


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    code: str
    status: HTTPStatus
    title: str
    cure: str


def problem_of(status: int) -> Problem:
    """The page for one of HTTP's own refusals."""
    return next((one for one in PROBLEMS.values() if one.status == status), PROBLEMS["page.failed"])


def _problem(code: str, status: HTTPStatus, title: str, cure: str) -> tuple[str, Problem]:
    return code, Problem(code=code, status=status, title=title, cure=cure)


PROBLEMS: Mapping[str, Problem] = dict(
    (
        _problem(
            "page.not_found",
            HTTPStatus.NOT_FOUND,
            "There is no such page, or you may not see it.",
            "Check the address. A repository is shown to those who may read it on GitHub, once the App is "
            "installed on it. If you were given access just now, log out and in again.",
        ),
        _problem(
            "page.method",
            HTTPStatus.METHOD_NOT_ALLOWED,
            "Pages are only read.",
            "Open this address in a browser.",
        ),
        _problem(
            "page.failed",
            HTTPStatus.INTERNAL_SERVER_ERROR,
            "This page could not be made.",
            "Gates are not affected. The App's log says why; try again in a minute.",
        ),
        _problem(
            "page.forged",
            HTTPStatus.BAD_REQUEST,
            "This was not sent from one of our pages, or from one that is too old.",
            "Go back, load the page again and repeat it.",
        ),
        _problem(
            "login.not_configured",
            HTTPStatus.SERVICE_UNAVAILABLE,
            "Logging in is not configured, so nothing is shown.",
            "Set PUBLIC_URL, GITHUB_CLIENT_ID and GITHUB_CLIENT_SECRET and start the App again. The client "
            "id and a client secret are on the App's settings page on GitHub; its callback address is "
            "PUBLIC_URL/login/callback. Gates are judged without it.",
        ),
        _problem(
            "login.not_begun",
            HTTPStatus.BAD_REQUEST,
            "This login was not begun in this browser, or too long ago.",
            "Log in again.",
        ),
        _problem(
            "login.refused",
            HTTPStatus.FORBIDDEN,
            "GitHub did not log you in.",
            "Log in again, and agree when GitHub asks.",
        ),
        _problem(
            "login.no_answer",
            HTTPStatus.BAD_GATEWAY,
            "GitHub could not be asked who you are and what you may see.",
            "Try again in a minute. If it goes on, check GITHUB_CLIENT_ID, GITHUB_CLIENT_SECRET and the "
            "callback address on the App's settings page.",
        ),
        _problem(
            "setup.not_begun",
            HTTPStatus.BAD_REQUEST,
            "This registration was not begun in this browser.",
            "Open the address that the log of `serve setup` shows, and begin again. An App that GitHub made "
            "meanwhile can be deleted on its settings page.",
        ),
        _problem(
            "setup.no_answer",
            HTTPStatus.BAD_GATEWAY,
            "GitHub did not hand out the App's key.",
            "Within an hour of registering it, load this page again from its beginning; else delete the App "
            "on its settings page and register it anew.",
        ),
        _problem(
            "setup.not_written",
            HTTPStatus.INTERNAL_SERVER_ERROR,
            "The App's key could not be kept.",
            "Make DATA_DIR writable, delete the App on its settings page on GitHub and register it anew: its "
            "key is handed out only once.",
        ),
    )
)
