"""Policies, previews and coverage as the API shows them."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import msgspec
from pydantic import BaseModel, Field

from plaudit.alerting.policies.domain.compile import revision_of
from plaudit.alerting.policies.domain.coverage import Coverage
from plaudit.alerting.policies.domain.default import NEWEST, shipped
from plaudit.alerting.policies.domain.document import MAX_CLASSES, Format, read
from plaudit.alerting.policies.domain.metrics import Metric
from plaudit.alerting.policies.domain.preview import Preview
from plaudit.alerting.policies.domain.revisions import Class
from plaudit.alerting.policies.domain.stored import OWN_ID, Activation, StoredRevision
from plaudit.alerting.policies.domain.words import ClassInWords, changes, class_in_words
from plaudit.alerting.reviews.domain import Review
from plaudit.common.http import Body
from plaudit.common.http.openapi_examples import A_TIME

EXAMPLE: Final[dict[str, Any]] = {
    "title": "Shop hours",
    "classes": [
        {
            "name": "bad",
            "metric": "first_answer",
            "when": {"rating": {"to": 2}},
            "due_within": "24 h",
            "calendar": "always",
            "warn_at": ["50 %", "80 %"],
            "grace": "1 h",
            "notify_within": "60 s",
        }
    ],
}
"""A policy as it is written in JSON."""
EXAMPLE_YAML: Final = """\
title: Shop hours
classes:
  - name: bad
    metric: first_answer
    when:
      rating: {to: 2}
    due_within: 24 h
    calendar: always
    warn_at: [50 %, 80 %]
    grace: 1 h
    notify_within: 60 s
"""
JSON_TYPE: Final = "application/json"
YAML_TYPES: Final = ("application/yaml", "application/x-yaml", "text/yaml")
_POLICY: Final = revision_of(read(json.dumps(EXAMPLE), Format.JSON)[0], OWN_ID, 1)


class ClassOut(BaseModel):
    """A class of a policy: for what it is, and how soon that has to happen."""

    name: str = Field(description="Its name, which clocks are pinned to.", examples=["bad"])
    metric: Metric = Field(description="Which answer, contact or update is due.", examples=["first_answer"])
    when: dict[str, Any] = Field(
        description="What it is for: each member lists what it admits, and all must hold. Empty: everything.",
        examples=[{"rating": {"from": 1, "to": 2}}],
    )
    target_seconds: int = Field(description="From the anchor to the due time, of open time.", examples=[86_400])
    calendar: str = Field(description="The calendar whose open time counts.", examples=["always"])
    warn_percent: list[int] = Field(description="The shares of the time after which it warns.", examples=[[50, 80]])
    warn_seconds: list[int] = Field(description="The times after the anchor at which it warns.", examples=[[]])
    grace_seconds: int = Field(
        description="The least time to the due time from when we learned of what starts the clock.", examples=[3_600]
    )
    notify_within_seconds: int | None = Field(
        description="How soon its owner is told that a clock has started; null: nobody is told.", examples=[60]
    )


def class_out(each: Class) -> ClassOut:
    """Return a class as the API shows it."""
    return ClassOut.model_validate({**msgspec.to_builtins(each), "name": each.name})


class RevisionSummaryOut(BaseModel):
    """A revision of a policy without what it says."""

    name: str = Field(description="Its number, or `shipped`.", examples=["1"])
    title: str = Field(description="What it is called.", examples=["Shop hours"])
    is_in_force: bool = Field(description="Whether new clocks are pinned to it.", examples=[False])
    saved_at: datetime | None = Field(description="When it was saved; null for the shipped one.", examples=[A_TIME])
    saved_by: str | None = Field(
        description="Who saved it: a key or a person; null for the shipped one.", examples=["key:abcdefghijklmnop"]
    )


class RevisionOut(RevisionSummaryOut):
    """A revision of a policy. It never changes."""

    format: Format = Field(description="How the document is written.", examples=["json"])
    document: str = Field(
        description="The document as it was sent.", examples=[json.dumps(EXAMPLE, separators=(",", ":"))]
    )
    classes: list[ClassOut] = Field(
        description="Of each metric the first class that fits is the one.",
        max_length=MAX_CLASSES,
        examples=[[class_out(each).model_dump(mode="json") for each in _POLICY.classes]],
    )
    in_words: list[dict[str, str]] = Field(
        description="The same classes in words.",
        examples=[[msgspec.to_builtins(class_in_words(each)) for each in _POLICY.classes]],
    )


class ComparedRevisionOut(RevisionOut):
    """A revision of a policy, and what it differs in from another."""

    changes: list[str] | None = Field(
        description="What it differs in from the revision `compared_with`, in words; null without it.", examples=[None]
    )


class PolicyOut(BaseModel):
    """The policy in force."""

    activated_at: datetime | None = Field(
        description="Since when it is in force; null where nobody has ever activated one.", examples=[A_TIME]
    )
    activated_by: str | None = Field(
        description="Who has put it into force: a key or a person.", examples=["key:abcdefghijklmnop"]
    )
    revision: RevisionOut = Field(description="What it says.")


class ActivationOut(BaseModel):
    """A revision was put into force."""

    revision: str = Field(description="Its number, or `shipped`.", examples=["1"])
    activated_at: datetime | None = Field(description="When.", examples=[A_TIME])
    activated_by: str | None = Field(description="By whom: a key or a person.", examples=["key:abcdefghijklmnop"])


class ReviewOut(BaseModel):
    """A review, without its words."""

    review_id: str = Field(description="Its id.", examples=["0199d6f2-7c1e-7a40-9a52-1f0c6f0f3b11"])
    subject: str = Field(description="What it is about.", examples=["acme/berlin"])
    source_id: str = Field(description="Where it comes from.", examples=["01956d00-0000-7000-8000-000000000001"])
    source_name: str = Field(description="The name of that source.", examples=["Acme shop"])
    rating: float = Field(description="From 1 to 5.", examples=[4.0])
    severity: str = Field(description="How bad it is.", examples=["normal"])
    published_at: datetime = Field(description="When it was published.", examples=[A_TIME])


class ClassPreviewOut(BaseModel):
    """What a class would have done with the reviews of the last 30 days."""

    name: str = Field(description="The class.", examples=["bad"])
    metric: Metric = Field(description="Which answer, contact or update is due.", examples=["first_answer"])
    started: int | None = Field(
        description="How many clocks would have started; null where reviews do not tell.", examples=[1]
    )
    late: int | None = Field(
        description="How many of these are overdue, or were answered too late; null where reviews do not tell.",
        examples=[1],
    )
    open: int = Field(description="How many of these are not due yet, and wait.", examples=[0])
    unknown: int = Field(description="How many of these are overdue where answers are not told.", examples=[0])


class ActivationIn(Body):
    """On what grounds a revision is put into force."""

    fingerprint: str | None = Field(
        default=None,
        max_length=64,
        description="That of the preview that you looked at: it is refused where the preview would be another one now.",
        examples=[None],
    )
    skip_preview: bool = Field(
        default=False,
        strict=True,
        description="Say true to do without a preview, as for going back at once.",
        examples=[True],
    )


class PreviewOut(BaseModel):
    """What a policy would have done with the reviews that were published in the last 30 days."""

    fingerprint: str = Field(
        description="Names this preview: send it to activate what was previewed. It stays while the revision in force "
        "and the calendars stay.",
        examples=["364aab8d256f84341845606fb3f536a3"],
    )
    since: datetime = Field(description="From when on reviews are looked at.", examples=[A_TIME])
    reviews: int = Field(description="How many there are.", examples=[2])
    is_cut: bool = Field(description="Whether there are more, which are not looked at.", examples=[False])
    without_clock: int = Field(
        description="Of these, those that start no clock whatever the policy says: they came with an answer, by an "
        "import of old ones, or from before their source was set up.",
        examples=[0],
    )
    classes: list[ClassPreviewOut] = Field(description="What each class would have done.")
    without_class: int = Field(description="How many reviews have to be answered by no class.", examples=[1])
    examples: list[ReviewOut] = Field(description="The latest of these.")
    changes: list[str] = Field(
        description="What the revision differs in from the one in force, in words.",
        examples=[changes(shipped(NEWEST), _POLICY)],
    )


class GapOut(BaseModel):
    """A subject, source and severity of which reviews are seen and caught by nobody."""

    subject: str = Field(description="The subject.", examples=["acme/berlin"])
    source_id: str = Field(description="Where they come from.", examples=["01956d00-0000-7000-8000-000000000001"])
    source_name: str = Field(description="The name of that source.", examples=["Acme shop"])
    severity: str = Field(description="How bad they are.", examples=["normal"])
    reviews: int = Field(description="How many were published.", examples=[1])
    without_class: int = Field(description="Of these, those that no class is for.", examples=[1])
    without_owner: int = Field(description="Of these, those that nobody owns.", examples=[0])
    last_published_at: datetime = Field(description="When the last one was.", examples=[A_TIME])


class CoverageOut(BaseModel):
    """What is seen in 90 days, and what of it is caught by nobody."""

    since: datetime = Field(description="From when on reviews are looked at.", examples=[A_TIME])
    seen: int = Field(description="Combinations of subject, source and severity that are seen.", examples=[2])
    reviews: int = Field(description="How many reviews that can be answered in public.", examples=[2])
    is_cut: bool = Field(description="Whether there are more kinds of reviews than are looked at.", examples=[False])
    items: list[GapOut] = Field(description="The gaps, the severest first.")
    left_out: int = Field(description="How many gaps more there are than are listed.", examples=[0])


def revision_out(found: StoredRevision, in_force: Activation) -> RevisionOut:
    """Return a revision as the API shows it."""
    return RevisionOut(
        **summary_out(found, in_force).model_dump(),
        format=found.format,
        document=found.document,
        classes=[class_out(each) for each in found.policy.classes],
        in_words=[msgspec.to_builtins(each) for each in in_words(found)],
    )


def in_words(found: StoredRevision) -> list[ClassInWords]:
    """Return the classes of a revision in words."""
    return [class_in_words(each) for each in found.policy.classes]


def compared_out(found: StoredRevision, in_force: Activation, other: StoredRevision | None) -> ComparedRevisionOut:
    """Return a revision, and what it differs in from another if there is one, as the API shows it."""
    differences = None if other is None else changes(other.policy, found.policy)
    return ComparedRevisionOut(**revision_out(found, in_force).model_dump(), changes=differences)


def summary_out(found: StoredRevision, in_force: Activation) -> RevisionSummaryOut:
    """Return a revision without what it says, as the API shows it."""
    return RevisionSummaryOut(
        name=found.key.name,
        title=found.policy.title,
        is_in_force=found.key == in_force.key,
        saved_at=found.saved_at,
        saved_by=found.saved_by,
    )


def policy_out(found: StoredRevision, in_force: Activation) -> PolicyOut:
    """Return the policy in force as the API shows it."""
    return PolicyOut(
        activated_at=in_force.activated_at,
        activated_by=in_force.activated_by,
        revision=revision_out(found, in_force),
    )


def activation_out(found: Activation) -> ActivationOut:
    """Return an activation as the API shows it."""
    return ActivationOut(revision=found.key.name, activated_at=found.activated_at, activated_by=found.activated_by)


def preview_out(found: Preview, differences: Sequence[str], fingerprint: str) -> PreviewOut:
    """Return a preview, what the revision differs in from the one in force, and its name, as the API shows it."""
    fields = {name: getattr(found, name) for name in ("since", "reviews", "is_cut", "without_clock", "without_class")}
    return PreviewOut(
        fingerprint=fingerprint,
        **fields,
        classes=[ClassPreviewOut.model_validate(each, from_attributes=True) for each in found.classes],
        examples=[_review_out(each) for each in found.examples],
        changes=list(differences),
    )


def coverage_out(found: Coverage) -> CoverageOut:
    """Return coverage as the API shows it."""
    return CoverageOut(
        since=found.since,
        seen=found.seen,
        reviews=found.reviews,
        is_cut=found.is_cut,
        items=[GapOut.model_validate(each, from_attributes=True) for each in found.gaps],
        left_out=found.gaps_left_out,
    )


def document_body() -> dict[str, Any]:
    """Return the description of a body that is a policy, in JSON or YAML."""
    words = "A policy. Lengths of time are texts such as `4 h`, `90 min` or `7 days`, shares such as `80 %`."
    plain = {"type": "object", "description": words}
    content: dict[str, Any] = {JSON_TYPE: {"schema": plain, "example": EXAMPLE}}
    content |= {kind: {"schema": {"type": "string"}, "example": EXAMPLE_YAML} for kind in YAML_TYPES}
    return {"requestBody": {"required": True, "content": content}}


def _review_out(review: Review) -> ReviewOut:
    names = ("subject", "source_id", "source_name", "rating", "severity", "published_at")
    return ReviewOut(review_id=review.id, **{name: getattr(review, name) for name in names})
