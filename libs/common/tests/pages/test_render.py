import re
from pathlib import Path

import pytest
from jinja2 import UndefinedError

from plaudit.common.http.problems import not_found
from plaudit.common.pages import Pages
from plaudit.common.pages.render import inline_code
from plaudit.common.pages.static import SHARED

HOSTILE = "<script>alert(1)</script>\"'&"
TEXT_ON_GROUND = [
    *(("ink", ground) for ground in ("ground", "card", "accent-wash")),
    *(("soft", ground) for ground in ("ground", "card", "accent-wash")),
    *(("accent", ground) for ground in ("ground", "card", "accent-wash")),
    *((name, f"{name}-wash") for name in ("good", "info", "warn", "bad")),
    ("accent-ink", "accent"),
    ("ground", "ink"),
]


def tokens(scheme: str) -> dict[str, str]:
    light, _, dark = SHARED.content["plaudit.css"].decode().partition("@media screen and (prefers-color-scheme: dark)")
    found = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", light))
    return found if scheme == "light" else found | dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", dark))


def luminance(colour: str) -> float:
    """Relative luminance after WCAG 2.2."""
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("text", "ground"), TEXT_ON_GROUND)
def test_text_can_be_read_on_its_ground(scheme: str, text: str, ground: str) -> None:
    colours = tokens(scheme)
    lighter, darker = sorted((luminance(colours[text]), luminance(colours[ground])), reverse=True)
    assert (lighter + 0.05) / (darker + 0.05) >= 4.5


def test_what_a_stranger_wrote_is_escaped() -> None:
    problem = not_found(HOSTILE)
    page = Pages(title=HOSTILE).text("problem.html", problem=problem, request_id=HOSTILE)
    assert "<script" not in page
    assert page.count("&lt;script&gt;") >= 3


def test_a_package_brings_its_own_templates_over_the_shared_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for package, template in (("first_room", "greeting.html"), ("second_room", "greeting.html")):
        folder = tmp_path / package / "templates"
        folder.mkdir(parents=True)
        (folder.parent / "__init__.py").touch()
        (folder / template).write_text(f"Hello from {package}, {{{{ name }}}}.")
    monkeypatch.syspath_prepend(tmp_path)
    pages = Pages("first_room", "second_room")
    assert pages.text("greeting.html", name=HOSTILE).startswith("Hello from first_room, &lt;script&gt;")
    assert "Not found" in pages.text("problem.html", problem=not_found("x"), request_id="r")


def test_a_package_without_templates_is_an_error() -> None:
    with pytest.raises(ValueError, match=r"plaudit\.common\.contracts"):
        Pages("plaudit.common.contracts")


def test_a_value_that_is_missing_is_an_error_and_no_gap() -> None:
    with pytest.raises(UndefinedError):
        Pages().text("problem.html", problem=not_found("x"))


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("plain", "plain"),
        ("see `errors` and `x<y`", "see <code>errors</code> and <code>x&lt;y</code>"),
        ("one ` alone <b>", "one ` alone &lt;b&gt;"),
        ("", ""),
    ],
)
def test_backticks_mark_code_and_nothing_else(text: str, html: str) -> None:
    assert str(inline_code(text)) == html


def test_pages_need_no_script_no_inline_style_and_nothing_from_elsewhere() -> None:
    page = Pages().text("problem.html", problem=not_found("x"), request_id="r")
    for forbidden in ("<script", "style=", "<style", " onclick", "//"):
        assert forbidden not in page.replace("http://www.w3.org", "")
    css = SHARED.content["plaudit.css"].decode()
    assert "@import" not in css
    assert "url(" not in css


def test_a_page_can_be_used_without_sight_or_mouse() -> None:
    page = Pages().text("problem.html", problem=not_found("x"), request_id="r")
    assert '<html lang="en">' in page
    assert page.index('href="#main"') < page.index("<header")
    assert '<main id="main">' in page
    assert 'name="viewport"' in page
    assert "focus-visible" in SHARED.content["plaudit.css"].decode()


def test_the_address_of_a_static_file_tells_its_content() -> None:
    addresses = {SHARED.url(name) for name in SHARED.content}
    assert len(addresses) == len(SHARED.content) > 1
    assert all(re.fullmatch(r"/static/[0-9a-f]{12}/[a-z_.]+", address) for address in addresses)


@pytest.mark.parametrize("kind", ["input", "textarea", "select", "checkboxes"])
def test_what_is_wrong_with_a_field_is_a_sentence_at_it_and_at_the_top(kind: str) -> None:
    page = _of_parts("problems(errors, labels)") + _of_parts(
        {
            "input": 'input("a", "a", "A", error=errors.a)',
            "textarea": 'textarea("a", "a", "A", error=errors.a)',
            "select": 'select("a", "a", "A", {}, error=errors.a)',
            "checkboxes": 'checkboxes("a", "a", "A", {}, error=errors.a)',
        }[kind]
    )
    assert "this is wrong" not in page
    assert page.count("This is wrong.") == 2
    assert page.count("So is this?") == 1


def _of_parts(call: str) -> str:
    """Return what a part of pages makes of two errors as the rules word them."""
    environment = Pages()._environment
    template = environment.from_string('{% import "parts.html" as part %}{{ part.' + call + " }}")
    return template.render(errors={"a": "this is wrong", "b": "so is this?"}, labels={})
