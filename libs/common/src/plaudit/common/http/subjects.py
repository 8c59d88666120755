"""Subjects as parameters: one form, and one answer to a malformed one, in every service."""

from typing import Annotated

from fastapi import Query
from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from plaudit.common.contracts.subjects import SUBJECT_PATTERN, SUBJECT_RULE, is_subject


def _check(text: str) -> str:
    if not is_subject(text):
        raise PydanticCustomError("subject", "{rule}", {"rule": SUBJECT_RULE})
    return text


_Checked = Annotated[
    str, AfterValidator(_check), Field(examples=["acme/berlin"], json_schema_extra={"pattern": SUBJECT_PATTERN})
]

Subject = _Checked
"""A subject in a body or in a path."""
SubjectFilter = Annotated[_Checked | None, Query(description="Only this subject and what is below it.")]
"""The query parameter `subject` of lists."""
