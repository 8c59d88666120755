"""The statements of a group of deliveries, over arrays. They read and write the tables of several rooms.

A group takes two statements, whatever it holds: one reads what is known, one writes what is new. Each statement is a
round trip, which costs more than the rows of a small group.
"""

from plaudit.ingest.hooks.store.attempts import add_failed_attempts
from plaudit.ingest.hooks.store.reading import erased_people, known
from plaudit.ingest.hooks.store.writing import IS_NEW, WRITE_NEW, arguments, write, write_if_new

__all__ = ["IS_NEW", "WRITE_NEW", "add_failed_attempts", "arguments", "erased_people", "known", "write", "write_if_new"]
