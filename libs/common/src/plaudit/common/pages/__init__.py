"""Pages: templates with autoescaping, one stylesheet, and no script."""

from plaudit.common.pages.render import Pages

__all__ = ["Pages"]
