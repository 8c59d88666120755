"""What a command refuses to do, in one sentence that is shown to whoever asked: on a terminal and on a page."""


class RefusedError(ValueError):
    """The command cannot be done as things are; the text says why."""


class WrongInputError(RefusedError):
    """What was given cannot be right, whatever the database holds; the text says what would be."""


def rule_in_words(said: str) -> str:
    """Return the rule that a value breaks, without the words that pydantic and typer put before it."""
    return said.replace("Value error, ", "")
