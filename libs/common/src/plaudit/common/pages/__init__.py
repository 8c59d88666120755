"""Pages: templates with autoescaping, one stylesheet, and few scripts, which only improve them."""

from plaudit.common.pages.render import Pages

__all__ = ["Pages"]
