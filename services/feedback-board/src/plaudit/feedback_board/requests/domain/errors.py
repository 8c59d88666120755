"""What the rules refuse. Each error's text says what to do and may be shown to the caller."""

from uuid import UUID


class BoardRefusedError(Exception):
    """A rule of the board refuses what was asked for."""


class InvalidInputError(BoardRefusedError):
    """A value is not one that the board takes."""

    def __init__(self, field: str, message: str) -> None:
        """Name the field as the API calls it, and say what is allowed."""
        super().__init__(message)
        self.field = field


class UnknownRequestError(BoardRefusedError):
    """There is no such request on this board."""

    def __init__(self) -> None:
        """Say so."""
        super().__init__("There is no such request on this board.")


class MergedRequestError(BoardRefusedError):
    """The request is merged into another one, which takes what was meant for it."""

    def __init__(self, root_id: UUID) -> None:
        """Name the request that speaks for it."""
        super().__init__(f"This request is merged into {root_id}. Use that one, or undo the merge first.")
        self.root_id = root_id


class HasMergedRequestsError(BoardRefusedError):
    """The request would leave the board, and others are merged into it, whose people are counted here."""

    def __init__(self) -> None:
        """Say what to do."""
        super().__init__("Other requests are merged into this one, so it stays on the board until that is undone.")


class TransitionError(BoardRefusedError):
    """The request cannot go from its present status to the one that was asked for."""


class RevisionError(BoardRefusedError):
    """The request has changed since the caller read it."""

    def __init__(self) -> None:
        """Say what to do."""
        super().__init__("The request has changed since you read it. Read it again and decide anew.")
