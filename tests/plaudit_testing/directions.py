"""Which texts of a page stand in the direction of the page instead of their own."""

from html.parser import HTMLParser

HEBREW = "השירות היה גרוע (3) Northwind"
"""Right to left, with a number in brackets and a Latin name: set left to right, its brackets move."""
_VOID = {"meta", "link", "input", "br", "img", "path", "circle", "hr", "rect"}


class _Finder(HTMLParser):
    def __init__(self, wanted: str) -> None:
        super().__init__()
        self.wanted = wanted
        self.open: list[tuple[str, bool]] = []
        self.found = 0
        self.misplaced: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        has_own_direction = tag == "bdi" or ("dir", "auto") in attrs
        if tag == "input" and self.wanted in (dict(attrs).get("value") or ""):
            self._find(has_own_direction)
        if tag not in _VOID:
            self.open.append((tag, has_own_direction))

    def handle_endtag(self, tag: str) -> None:
        while self.open and self.open.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        if self.wanted in data and self.open[-1][0] != "title":
            self._find(any(has_own_direction for _, has_own_direction in self.open))

    def _find(self, has_own_direction: bool) -> None:
        self.found += 1
        if not has_own_direction:
            self.misplaced.append(" ".join(tag for tag, _ in self.open))


def misplaced(html: str, text: str) -> list[str]:
    """Return where a text stands in no element that takes its direction from it.

    Raises:
        AssertionError: the text is nowhere.
    """
    finder = _Finder(text)
    finder.feed(html)
    assert finder.found, "the text is not on the page"
    return finder.misplaced
