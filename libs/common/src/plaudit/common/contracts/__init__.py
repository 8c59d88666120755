"""The contracts of the bus: events as models, and the topics that carry them.

JSON Schemas and example messages are generated from these models. This package imports its model library and nothing
else, so that it can be used alone.
"""

from plaudit.common.contracts.board import (
    CommentChange,
    ErasureRequest,
    LinkChange,
    RequestChange,
    RequestMerge,
    RequestState,
    RequestVote,
    ResponseChange,
)
from plaudit.common.contracts.clocks import AlertChange, ClockChange
from plaudit.common.contracts.consents import ConsentChosen
from plaudit.common.contracts.customers import ConsentSet, CustomerErased, CustomerEvent
from plaudit.common.contracts.envelope import Envelope, PendingEnvelope
from plaudit.common.contracts.incidents import IncidentChange
from plaudit.common.contracts.reviews import (
    Answer,
    Answers,
    Kind,
    Origin,
    RawRating,
    Resolution,
    ReviewChange,
    ReviewState,
    Severity,
    SourceRef,
)
from plaudit.common.contracts.scores import Cause, ProfileScore, ScoreChange, StarsChange, SurveyFigure
from plaudit.common.contracts.topics import ALERTS, BOARD, CUSTOMERS, REVIEWS, SCORES, TOPICS, Topic

__all__ = [
    "ALERTS",
    "BOARD",
    "CUSTOMERS",
    "REVIEWS",
    "SCORES",
    "TOPICS",
    "AlertChange",
    "Answer",
    "Answers",
    "Cause",
    "ClockChange",
    "CommentChange",
    "ConsentChosen",
    "ConsentSet",
    "CustomerErased",
    "CustomerEvent",
    "Envelope",
    "ErasureRequest",
    "IncidentChange",
    "Kind",
    "LinkChange",
    "Origin",
    "PendingEnvelope",
    "ProfileScore",
    "RawRating",
    "RequestChange",
    "RequestMerge",
    "RequestState",
    "RequestVote",
    "Resolution",
    "ResponseChange",
    "ReviewChange",
    "ReviewState",
    "ScoreChange",
    "Severity",
    "SourceRef",
    "StarsChange",
    "SurveyFigure",
    "Topic",
]
