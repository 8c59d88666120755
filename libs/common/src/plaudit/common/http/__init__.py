"""HTTP: the app factory, problems, keys, cursors, bodies, and what operators ask."""

from plaudit.common.http.app import Api, create_app, resources
from plaudit.common.http.auth import Principal, authorize
from plaudit.common.http.body import read_body
from plaudit.common.http.cursors import Page, decode_cursor, encode_cursor, page
from plaudit.common.http.json import json_response
from plaudit.common.http.problems import Problem, conflict, not_found, unprocessable

__all__ = [
    "Api",
    "Page",
    "Principal",
    "Problem",
    "authorize",
    "conflict",
    "create_app",
    "decode_cursor",
    "encode_cursor",
    "json_response",
    "not_found",
    "page",
    "read_body",
    "resources",
    "unprocessable",
]
