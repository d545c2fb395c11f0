"""What the action notes in the statuses of its Deployment before that ends: who was told, what is done."""

from __future__ import annotations

NOT_BEGUN = "Not begun"  # after all, though a team may have been told that it begins
_BEGINNINGS = ("Told ", "Done in attempt ", NOT_BEGUN)  # of `messages.notes` and `done.note_of`


def is_note(description: str) -> bool:
    return description.startswith(_BEGINNINGS)
