"""HTTP: the application factory, problems, principals, transactions, lists, bodies, and the probes of operators."""

from plaudit.common.http import paths  # before any route is made: its parameters are read by it
from plaudit.common.http.app import Api, create_app, rate_limits_of, resources
from plaudit.common.http.auth import Principal, authorize
from plaudit.common.http.body import read_body
from plaudit.common.http.errors import Refusals
from plaudit.common.http.idempotency import IdempotencyKeyHeader
from plaudit.common.http.json import json_response
from plaudit.common.http.openapi import describe
from plaudit.common.http.paging import Cursor, Page, Paging, cut_page, decode_cursor, encode_cursor
from plaudit.common.http.problems import Problem, conflict, not_found, unprocessable
from plaudit.common.http.strict import WHOLE, Body
from plaudit.common.http.subjects import Subject, SubjectFilter
from plaudit.common.http.texts import AnyText
from plaudit.common.http.times import Instant
from plaudit.common.http.transactions import DriverTx, TenantTx, Work, list_apart, read_apart

__all__ = [
    "WHOLE",
    "AnyText",
    "Api",
    "Body",
    "Cursor",
    "DriverTx",
    "IdempotencyKeyHeader",
    "Instant",
    "Page",
    "Paging",
    "Principal",
    "Problem",
    "Refusals",
    "Subject",
    "SubjectFilter",
    "TenantTx",
    "Work",
    "authorize",
    "conflict",
    "create_app",
    "cut_page",
    "decode_cursor",
    "describe",
    "encode_cursor",
    "json_response",
    "list_apart",
    "not_found",
    "paths",
    "rate_limits_of",
    "read_apart",
    "read_body",
    "resources",
    "unprocessable",
]
