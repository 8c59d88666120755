"""What the rules refuse. Each error's text says what to do and may be shown to whoever asked."""


class BoardError(Exception):
    """A rule says no."""


class InvalidInputError(BoardError):
    """A value is not one that the board takes."""

    def __init__(self, field: str, message: str) -> None:
        """Name the field it is about, as the API calls it, and say what is allowed."""
        super().__init__(message)
        self.field = field


class UnknownRequestError(BoardError):
    """There is no such wish on this board."""


class UnknownReviewError(BoardError):
    """No such review has arrived here."""


class TransitionError(BoardError):
    """The wish may not go from the status it has to the one wanted."""


class VotingClosedError(BoardError):
    """The wish has been decided: nobody can vote for it any more."""


class RevisionError(BoardError):
    """The wish has changed since the caller read it."""


class KeyReusedError(BoardError):
    """An idempotency key came back with another request."""


class BudgetSpentError(BoardError):
    """A network has used up what it may do on the public pages for now."""

    def __init__(self, message: str, retry_after_seconds: int) -> None:
        """Say when there is a new budget."""
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds
