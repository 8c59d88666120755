"""Render templates into pages."""

from typing import Any, Final

import msgspec
from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape
from starlette.responses import HTMLResponse

from plaudit.common.numerals import noun_of, percent, signed
from plaudit.common.pages.instants import for_input, moment, time_of_day, zone_name
from plaudit.common.pages.languages import translated, translated_form
from plaudit.common.pages.static import SHARED
from plaudit.common.refusals import sentence


def inline_code(text: str) -> Markup:
    """Return a text, escaped, with what stands between backticks set as code."""
    parts = text.split("`")
    if len(parts) % 2 == 0:
        return escape(text)
    return Markup("").join(
        Markup("<code>{}</code>").format(part) if n % 2 else escape(part) for n, part in enumerate(parts)
    )


def pretty_json(value: object) -> str:
    """Return a value as indented JSON."""
    return msgspec.json.format(msgspec.json.encode(value), indent=2).decode()


SHARED_TEMPLATES: Final = "plaudit.common.pages"


class Pages:
    """The templates of some packages, over the shared ones: `base.html` is what they extend."""

    def __init__(self, *packages: str, title: str = "Plaudit") -> None:
        """Load templates.

        Args:
            packages: each with a folder `templates`, for example `plaudit.feedback_board.board`; where two have a
                template of the same name, the first package's counts.
            title: of the site, shown at the head of every page.

        Raises:
            ValueError: a package without such a folder.
        """
        self._environment = Environment(
            loader=ChoiceLoader([PackageLoader(package) for package in (*packages, SHARED_TEMPLATES)]),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            extensions=["jinja2.ext.i18n"],
        )
        # `_("…")` in a template: it needs `language` of `plaudit.common.pages.languages` in its context.
        self._environment.install_gettext_callables(translated, translated_form, newstyle=True)  # type: ignore[attr-defined]
        self._environment.globals |= {
            "static_url": SHARED.url,
            "site_title": title,
            "moment": moment,
            "time_of_day": time_of_day,
            "zone_name": zone_name,
            "for_input": for_input,
        }
        self._environment.filters |= {
            "inline_code": inline_code,
            "pretty_json": pretty_json,
            "percent": percent,
            "signed": signed,
            "noun_of": noun_of,
            "sentence": sentence,
        }

    def text(self, template: str, **context: Any) -> str:
        """Return a rendered template; every value is escaped, and a missing one is an error."""
        return self._environment.get_template(template).render(context)

    def response(self, template: str, *, status: int = 200, **context: Any) -> HTMLResponse:
        """Answer with a page."""
        return HTMLResponse(self.text(template, **context), int(status))
