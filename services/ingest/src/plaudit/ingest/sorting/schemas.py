"""Sorting rules in the API."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Final

import msgspec
from pydantic import BaseModel, Field

from plaudit.common.contracts.mentions import PERSONA_TITLES, TOPIC_TITLES
from plaudit.common.http import Body, Subject
from plaudit.common.http.openapi_examples import A_TIME
from plaudit.common.http.texts import STORABLE_PATTERN
from plaudit.ingest.sorting.domain.base_rates import SubjectRates
from plaudit.ingest.sorting.domain.language import KNOWN_LANGUAGES
from plaudit.ingest.sorting.domain.rules import (
    MAX_ADDED_CHARS,
    MAX_LANGUAGES,
    MAX_MUTES,
    SHIPPED_VERSION,
    RulesRevision,
    SortingRules,
)
from plaudit.ingest.sorting.domain.severity import DRASTIC_CATEGORIES

NAME: Final = "^[a-z_]{1,40}$"
Category = Annotated[str, Field(pattern=NAME, json_schema_extra={"enum": [*DRASTIC_CATEGORIES]}, examples=["safety"])]
Topic = Annotated[str, Field(pattern=NAME, json_schema_extra={"enum": [*TOPIC_TITLES]}, examples=["delivery"])]
OneTopic = Annotated[str, Field(pattern=f"^({'|'.join(TOPIC_TITLES)})$", json_schema_extra={"enum": [*TOPIC_TITLES]})]
OnePersona = Annotated[
    str, Field(pattern=f"^({'|'.join(PERSONA_TITLES)})$", json_schema_extra={"enum": [*PERSONA_TITLES]})
]
Phrases = Annotated[str, Field(max_length=MAX_ADDED_CHARS, json_schema_extra={"pattern": STORABLE_PATTERN})]
_HOW: Final = (
    "Phrases are separated by `;`. `a/b` is either word, `stem*` any word that begins so, `*stem` any that ends so, "
    "`word?` may be missing, `<2>` leaves room for up to two words, `!a/b` at the end forbids these as the next word, "
    "`~` at the beginning makes a phrase weak."
)


class MuteIn(Body):
    """A phrase that says nothing about a subject and those below it."""

    subject: Subject = Field(description="Where it says nothing.", examples=["acme/legal"])
    category: Category = Field(description="The category of the phrase.", examples=["legal"])
    phrase: str = Field(
        min_length=1,
        max_length=MAX_ADDED_CHARS,
        json_schema_extra={"pattern": STORABLE_PATTERN},
        description="The phrase as its list has it, without `~`: as hits name it.",
        examples=["lawyer/lawyers"],
    )


class SortingRulesIn(Body):
    """The rules of a tenant: all that differs from the shipped lists, which stay as they are."""

    languages: list[
        Annotated[str, Field(pattern="^[a-z]{2,3}$", json_schema_extra={"enum": sorted(KNOWN_LANGUAGES)})]
    ] = Field(
        default=["de", "en"],
        max_length=MAX_LANGUAGES,
        description="The languages that your customers write in, besides English: a text's is looked for among them.",
        examples=[["de", "en"]],
    )
    switched_off: list[Category] = Field(
        default=[],
        max_length=len(DRASTIC_CATEGORIES),
        description="Categories that do not count. `safety` fits where people are served, not where animals are.",
        examples=[["safety"]],
    )
    more_drastic: dict[Category, Phrases] = Field(
        default={},
        description=f"Category → more phrases that make a review drastic. {_HOW}",
        examples=[{"safety": "wheel <2> came off; ~wobbl*"}],
    )
    more_topics: dict[Topic, Phrases] = Field(
        default={}, description="Topic → more phrases that mention it.", examples=[{"delivery": "drone*"}]
    )
    hidden_topics: list[Topic] = Field(
        default=[],
        max_length=len(TOPIC_TITLES),
        description="Topics that are not looked for.",
        examples=[["ads_privacy"]],
    )
    mutes: list[MuteIn] = Field(
        default=[],
        max_length=MAX_MUTES,
        description="Phrases that are words of the trade for a subject, and so say nothing there.",
        examples=[[{"subject": "acme/legal", "category": "legal", "phrase": "lawyer/lawyers"}]],
    )
    counted_anyway: list[MuteIn] = Field(
        default=[],
        max_length=MAX_MUTES,
        description="Phrases that count for a subject, though its good reviews hold them too: see `words_of_trade`.",
        examples=[[]],
    )

    def rules(self) -> SortingRules:
        """Return them as the domain has them."""
        return msgspec.convert(self.model_dump(), SortingRules)


class MuteOut(BaseModel):
    """A phrase that says nothing about a subject and those below it."""

    subject: str = Field(description="Where it says nothing.", examples=["acme/legal"])
    category: str = Field(description="The category of the phrase.", examples=["legal"])
    phrase: str = Field(description="The phrase as its list has it.", examples=["lawyer/lawyers"])


class PhraseRateOut(BaseModel):
    """A phrase that is muted, for these numbers of reviews say it."""

    category: str = Field(description="What it stands for.", examples=["legal"])
    phrase: str = Field(description="The phrase as its list has it.", examples=["lawyer/lawyers"])
    bad: int = Field(description="Reviews of one or two stars that say it.", examples=[40])
    good: int = Field(description="Reviews of four or five stars that say it.", examples=[10])


class SubjectRatesOut(BaseModel):
    """The words of a subject's trade, among its latest reviews."""

    subject: str = Field(description="The subject. They are muted below it too, down to the next that is listed.")
    bad: int = Field(description="Its reviews of one or two stars.", examples=[295])
    good: int = Field(description="Its reviews of four or five stars.", examples=[77])
    muted: list[PhraseRateOut] = Field(description="Phrases that say nothing there.")


class SortingRulesOut(BaseModel):
    """The rules of a tenant as they stand."""

    revision: int = Field(description="Rises by one with every change; 0 for the shipped rules.", examples=[1])
    shipped_version: int = Field(
        description="The version of the shipped lists, which updates change.", examples=[SHIPPED_VERSION]
    )
    changed_at: datetime | None = Field(
        description="When they were set; null for the shipped rules.", examples=[A_TIME]
    )
    changed_by: str | None = Field(
        description="What set them: a key or a person; null for the shipped rules.", examples=["key:abcdefghijklmnop"]
    )
    languages: list[str] = Field(description="Languages of your customers, besides English.", examples=[["de", "en"]])
    switched_off: list[str] = Field(description="Categories that do not count.", examples=[["safety"]])
    more_drastic: dict[str, str] = Field(
        description="Category → phrases beside the shipped ones.", examples=[{"safety": "wheel <2> came off; ~wobbl*"}]
    )
    more_topics: dict[str, str] = Field(
        description="Topic → phrases beside the shipped ones.", examples=[{"delivery": "drone*"}]
    )
    hidden_topics: list[str] = Field(description="Topics that are not looked for.", examples=[["ads_privacy"]])
    mutes: list[MuteOut] = Field(description="Phrases that say nothing about a subject.")
    counted_anyway: list[MuteOut] = Field(
        description="Phrases that count for a subject, though its good reviews hold them too.", examples=[[]]
    )
    words_of_trade: list[SubjectRatesOut] = Field(
        description="Counted daily: each subject with 50 good reviews or more, and the phrases that are muted there, "
        "as they are in good reviews too.",
        examples=[[]],
    )


def sorting_rules_out(current: RulesRevision, words_of_trade: Sequence[SubjectRates]) -> SortingRulesOut:
    """Return rules as the API shows them."""
    fields: dict[str, Any] = msgspec.to_builtins(current)
    more = {"shipped_version": SHIPPED_VERSION, "words_of_trade": msgspec.to_builtins(words_of_trade)}
    return SortingRulesOut.model_validate({**fields, **fields["rules"], **more})
