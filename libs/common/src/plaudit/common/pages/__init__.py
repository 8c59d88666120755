"""The shared look of all pages: templates with autoescaping, one stylesheet, no script."""

from plaudit.common.pages.render import Pages

__all__ = ["Pages"]
