"""How every mail looks: one page with a heading, paragraphs and one button. It loads nothing and runs nothing.

Programs that show mails know few styles, so each element has its own. What people wrote is escaped wherever it stands.
"""

from typing import Final

from markupsafe import Markup

ACCENT: Final = "#2f6f4f"
SOFT: Final = "#5c5a54"
_FONT: Final = "font-family:system-ui,-apple-system,Segoe UI,Roboto,sans-serif"
_PAGE: Final = Markup(
    '<!doctype html><html lang="{language}" dir="{direction}"><head><meta charset="utf-8">'
    '<meta name="viewport" content="width=device-width, initial-scale=1">'
    '<meta name="color-scheme" content="light"></head>'
    # A word of any length is broken: one that is not makes all other lines as wide as itself.
    '<body style="margin:0;padding:24px;background:#fbfaf7;color:#22211d;{font};font-size:16px;line-height:1.5;'
    'overflow-wrap:anywhere;word-break:break-word">'
    '<div style="max-width:560px;margin:0 auto">{body}</div></body></html>\n'
)


def page(body: Markup, *, language: str = "en", direction: str = "ltr") -> str:
    """Return the styled part of a mail around what it says."""
    return str(_PAGE.format(body=body, language=language, direction=direction, font=_FONT))


def heading(words: str | Markup) -> Markup:
    """Return the one heading of a mail."""
    return Markup('<h1 dir="auto" style="margin:0 0 16px;font-size:20px;line-height:1.3">{}</h1>').format(words)


def paragraph(words: str | Markup) -> Markup:
    """Return a paragraph, in the direction of its own first letters."""
    return Markup('<p dir="auto" style="margin:0 0 12px">{}</p>').format(words)


def button(url: str, label: str, colour: str = ACCENT) -> Markup:
    """Return the one link that a mail asks to follow."""
    style = f"display:inline-block;padding:10px 18px;border-radius:6px;background:{colour};color:#ffffff"
    return Markup('<p style="margin:0 0 20px"><a href="{}" style="{};text-decoration:none">{}</a></p>').format(
        url, style, label
    )


def why(reason: str, url: str, label: str) -> Markup:
    """Return what stands below all else of a mail to a customer: why they get it, and the link to what they can do."""
    return Markup(
        '<p dir="auto" style="margin:0 0 6px;font-size:14px;color:{}">{}</p>'
        '<p style="margin:0;font-size:14px"><a href="{}" style="color:#3d3b36">{}</a></p>'
    ).format(SOFT, reason, url, label)
