"""Texts on their way to GitHub: never longer than it takes, found again by hidden marks."""

from __future__ import annotations

import unicodedata
from urllib.parse import quote

from protocol.markdown import escape

REPORT = 1024  # a status report or a verdict's comment
SUMMARY = 65_535  # a check run's summary and text, each
BODY = 65_536  # an issue's or a comment's body
RELEASE = 125_000
DESCRIPTION = 140  # a deployment status's
STICKY = "<!-- deploy-protocol:pull-request -->"  # the hidden first line of our comment on a pull request
_ELLIPSIS = "…"
_JOINER = "\u200d"


def clip(text: str, limit: int) -> str:
    """At most `limit` characters, ending in an ellipsis when cut, never inside what a reader sees as one."""
    if len(text) <= limit:
        return text
    cut = max(limit - len(_ELLIPSIS), 0)
    while cut > 0 and _joined(text[cut - 1], text[cut]):
        cut -= 1
    return text[:cut].rstrip() + _ELLIPSIS


def box_text(environment: str, item: str) -> str:
    """What stands behind an item's checkbox on our comment; the hidden end names the environment."""
    return f"{escape(item)} <!-- {plain_word(environment.casefold())} -->"


def button_line(*, by: str, state: str, environment: str, sha: str) -> str:
    """The hidden line of a comment by the App that records a click on a check run's button."""
    return (
        f"<!-- deploy-protocol:button by={plain_word(by)} state={plain_word(state)} "
        f"environment={plain_word(environment)} sha={plain_word(sha)} -->"
    )


def post_mortem_line(run_id: int, environment: str) -> str:
    """The hidden line of the issue that one run's exception is looked back at in, whoever opens it first."""
    return f"<!-- deploy-protocol:post-mortem run={run_id} environment={environment.casefold()} -->"


def asked_line(*, by: str, comment: int) -> str:
    """The hidden first line of an issue that the App opens for the author of a comment."""
    return f"<!-- deploy-protocol:asked by={plain_word(by)} comment={comment} -->"


def _joined(before: str, after: str) -> bool:
    return (
        unicodedata.combining(after) != 0
        or unicodedata.category(after) in ("Mn", "Me", "Mc", "Sk", "Cf")
        or before == _JOINER
        or (_is_flag_half(before) and _is_flag_half(after))
    )


def _is_flag_half(character: str) -> bool:
    return "\U0001f1e6" <= character <= "\U0001f1ff"


def plain_word(value: str) -> str:
    """One word for each value, without what could end the comment or look like the next field."""
    encoded = "".join(quote(character) if character in " %<>\n\r" else character for character in value)
    return encoded.replace("--", "-%2D")
