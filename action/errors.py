"""What can go wrong with one deployment: one root."""

from __future__ import annotations


class ActionError(Exception):
    """Root of every error the action raises on purpose."""


class InputError(ActionError):
    """What the workflow handed in cannot be used."""


class BadInputError(InputError):
    """One input that cannot be used; a workflow and a terminal have different names and cures for it."""

    def __init__(self, name: str, trouble: str, *, in_workflow: str, at_terminal: str) -> None:
        self.at_terminal = f"--{name.replace('_', '-')} {trouble}. {at_terminal}"
        super().__init__(f"Input '{name}' {trouble}. {in_workflow}")


class NoRoom(ActionError):  # noqa: N818 - a state of the disk
    """A file that the runner or the end of the job reads could not be written."""


class StepFailed(ActionError):  # noqa: N818 - a step fails; that is no error of ours
    """A step that did not do what it should; the sentence says why."""


class Inconclusive(StepFailed):
    """Nobody can say whether the new version is well: it stays, and a person must look."""


class Stopped(ActionError):  # noqa: N818 - an answer to a wish
    """The job was cancelled or asked to end."""

    def __init__(self, signal_name: str) -> None:
        self.signal_name = signal_name
        super().__init__(f"the job was stopped ({signal_name})")
