"""The files that platforms and scrapers write: how each is recognised by its header, and what its columns mean."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

from plaudit.ingest.transfer.domain.advice import Advice
from plaudit.ingest.transfer.domain.mapping import (
    FieldMapping,
    MappingError,
    folded,
    parse_columns,
    parse_constants,
)

Known = Literal["recorded", "documented", "shape"]
"""A genuine file was seen, the platform's own page was read, or only programs that read such files."""


@dataclass(frozen=True)
class Preset:
    """One kind of file."""

    name: str
    title: str
    known: Known
    header: tuple[str, ...]
    """Columns that such a file has, and other kinds do not have together."""
    columns: tuple[str, ...]
    """Its mapping, as on the command line."""
    constants: tuple[str, ...] = field(default=("kind=stars",))
    hint: str = ""
    """What else has to be stated, or cannot be known; the text of an `Advice`."""
    guarded: bool = False
    """Whether texts that look like formulas have a quote in front."""

    @property
    def mapping(self) -> FieldMapping:
        """What its columns mean."""
        columns = parse_columns(self.columns)
        return FieldMapping(columns, parse_constants(self.constants), frozenset(columns), self.guarded)

    @property
    def advice(self) -> Advice:
        """What else has to be stated, or cannot be known; an empty text for nothing."""
        return Advice(self.hint)

    @property
    def also(self) -> tuple[str | Advice, ...]:
        """The same, behind something else that is said."""
        return ("; ", self.advice) if self.hint else ()

    def fits(self, header: Sequence[str]) -> bool:
        """Return whether a table with this header is such a file."""
        return {folded(name) for name in self.header} <= {folded(name) for name in header}


_NO_ID: Final = "it has no ids: they are derived from author, time and product"
_OURS: Final = (
    *("subject=subject", "kind=kind", "title=title", "text=text", "published_at=published_at", "edited_at=edited_at"),
    *("version=version", "verified=verified", "origin=origin", "url=url", "tags=tags", "removed=removed|true"),
    *("answer.text=answer.text", "answer.published_at=answer.published_at", "answer.state=answer.state"),
)
"""What both of our exports call the same."""
_NO_AUTHORS: Final = "it does not say who wrote a review: an export holds keys of persons, and no addresses"
PRESETS: Final = (
    Preset(
        "google-play",
        "Google Play Console, monthly reviews report",
        "recorded",
        ("Package Name", "Star Rating", "Review Submit Millis Since Epoch", "Review Last Update Millis Since Epoch"),
        (
            "id=Review Link|query:reviewId",
            "id=id",
            "id=Package Name+Review Submit Millis Since Epoch+Device+Reviewer Language|derived",
            "rating=Star Rating",
            "published_at=Review Submit Millis Since Epoch|epoch_ms",
            "edited_at=Review Last Update Millis Since Epoch|epoch_ms",
            "title=Review Title",
            "text=Review Text",
            "language=Reviewer Language",
            "answer.text=Developer Reply Text",
            "answer.published_at=Developer Reply Millis Since Epoch|epoch_ms",
        ),
        hint="a rating without a text has no id: it is derived from package, time, device and language",
    ),
    Preset(
        "trustpilot",
        "Trustpilot, export of a business",
        "shape",
        ("Review Id", "Review Created (UTC)", "Review Stars", "Review Content"),
        (
            "id=Review Id",
            "rating=Review Stars",
            "published_at=Review Created (UTC)|utc",
            "title=Review Title",
            "text=Review Content",
            "language=Review Language",
            "author.id=Review Consumer User Id",
            "author.id=Review Username",
            "author.email=Review User Email",
            "author.email=Review Consumer Email",
            "answer.text=Company Response",
            "answer.text=Company Reply",
            "answer.published_at=Company Reply Date (UTC)|utc",
            "answer.published_at=Business Reply Date (UTC)|utc",
        ),
    ),
    Preset(
        "apify-trustpilot",
        "Trustpilot, as an Apify scraper writes it",
        "recorded",
        ("reviewId", "reviewDate", "reviewRatingScore", "reviewDescription", "businessUnitId"),
        (
            "id=reviewId",
            "rating=reviewRatingScore",
            "published_at=reviewDate",
            "title=reviewTitle",
            "text=reviewDescription",
            "language=reviewLanguage",
            "author.id=reviewerId",
            "author.id=reviewerId_key",
            "verified=isReviewVerified|true:false",
            "url=reviewUrl",
            "answer.text=reviewCompanyResponse",
        ),
        hint="answers have no time: they count from their receipt",
    ),
    Preset(
        "judgeme",
        "Judge.me, export",
        "shape",
        ("title", "body", "rating", "review_date", "curated", "reviewer_email", "product_id"),
        (
            "id=reviewer_email+reviewer_name+review_date+product_id+product_handle|derived",
            "rating=rating",
            "published_at=review_date",
            "title=title",
            "text=body",
            "author.email=reviewer_email",
            "answer.text=reply",
            "answer.published_at=reply_date",
            "skip=curated|spam",
        ),
        hint=_NO_ID,
    ),
    Preset(
        "judgeme-template",
        "Judge.me, template for imports",
        "shape",
        ("title", "body", "rating", "review_date", "reviewer_name", "reviewer_email", "picture_urls"),
        (
            "id=reviewer_email+reviewer_name+review_date+product_id+product_handle|derived",
            "rating=rating",
            "published_at=review_date",
            "title=title",
            "text=body",
            "author.email=reviewer_email",
            "answer.text=reply",
        ),
        hint=_NO_ID,
    ),
    Preset(
        "shopify",
        "Shopify Product Reviews, export",
        "shape",
        ("product_handle", "state", "rating", "author", "body", "created_at", "replied_at"),
        (
            "id=product_handle+author+email+created_at|derived",
            "rating=rating",
            "published_at=created_at",
            "title=title",
            "text=body",
            "author.email=email",
            "answer.text=reply",
            "answer.published_at=replied_at",
            "removed=state|unpublished,spam",
        ),
        hint=_NO_ID,
    ),
    Preset(
        "loox",
        "Loox, export",
        "shape",
        ("id", "status", "rating", "nickname", "review", "verified_purchase"),
        (
            "id=id",
            "rating=rating",
            "published_at=date",
            "text=review",
            "author.email=email",
            "verified=verified_purchase",
            "removed=status|hidden",
        ),
    ),
    Preset(
        "okendo",
        "Okendo, template for imports",
        "documented",
        ("body", "rating", "dateCreated", "productId", "email"),
        (
            "id=email+name+dateCreated+productId+handle+sku|derived",
            "rating=rating",
            "published_at=dateCreated",
            "title=title",
            "text=body",
            "author.email=email",
            "verified=isVerifiedBuyer",
            "answer.text=reply",
        ),
        hint=_NO_ID,
    ),
    Preset(
        "google-play-scraper",
        "Google Play, as google-play-scraper writes it",
        "shape",
        ("reviewId", "content", "score", "at", "replyContent", "repliedAt"),
        (
            "id=reviewId",
            "rating=score",
            "published_at=at",
            "text=content",
            "answer.text=replyContent",
            "answer.published_at=repliedAt",
        ),
        hint="its times have no zone: state that of the machine that wrote it, with {zone}",
    ),
    Preset(
        "outscraper-google",
        "Google reviews, as Outscraper writes them",
        "recorded",
        ("review_id", "review_rating", "review_timestamp", "review_text", "owner_answer"),
        (
            "id=review_id",
            "rating=review_rating",
            "published_at=review_timestamp|epoch_s",
            "text=review_text|as-written",
            "author.id=author_id",
            "url=review_link",
            "answer.text=owner_answer|as-written",
            "answer.published_at=owner_answer_timestamp|epoch_s",
        ),
        hint="its ids are those of the public map, not those of the owner's interface",
    ),
    Preset(
        "apify-google",
        "Google reviews, as an Apify scraper writes them",
        "shape",
        ("reviewId", "stars", "text", "publishedAtDate", "responseFromOwnerText"),
        (
            "id=reviewId",
            "rating=stars",
            "published_at=publishedAtDate",
            "text=text|as-written",
            "language=originalLanguage",
            "author.id=reviewerId",
            "answer.text=responseFromOwnerText|as-written",
            "answer.published_at=responseFromOwnerDate",
        ),
        hint="of an edited review the time is that of its last edit",
    ),
    Preset(
        "amazon-seller",
        "Amazon, seller feedback report",
        "shape",
        ("Date", "Rating", "Comments", "Order ID", "Rater Email"),
        (
            "id=Order ID",
            "rating=Rating",
            "published_at=Date",
            "text=Comments",
            "author.email=Rater Email",
            "answer.text=Your Response",
            "answer.text=Response",
        ),
        constants=("kind=stars", "verified=true"),
        hint="the marketplace decides the order of its dates: state {dates} (US mdy, JP ymd, most dmy) and {zone}",
    ),
    Preset(
        "inside-airbnb",
        "Airbnb, reviews of Inside Airbnb",
        "recorded",
        ("listing_id", "id", "date", "reviewer_id", "reviewer_name", "comments"),
        ("id=id", "published_at=date", "text=comments", "author.id=reviewer_id"),
        hint="its reviews have no ratings, so they cannot be taken as they are; its dates need {zone}",
    ),
    Preset(
        "meta-product",
        "Meta, product review feed",
        "documented",
        ("aggregator", "reviewID", "rating", "content", "created_at", "store.name"),
        (
            "id=reviewID",
            "rating=rating",
            "published_at=created_at",
            "edited_at=updated_at",
            "title=title",
            "text=content",
            "author.id=reviewer.reviewerID",
            "verified=has_verified_purchase",
        ),
    ),
    Preset(
        "plaudit",
        "Plaudit, export as CSV",
        "recorded",
        ("id", "rating", "published_at", "scale.min", "answer.state", "stars", "revision", "review_id", "source_id"),
        (
            *("id=id", "rating=rating", "scale.min=scale.min", "scale.max=scale.max", "language=language"),
            *_OURS,
        ),
        constants=(),
        hint=_NO_AUTHORS,
        guarded=True,
    ),
    Preset(
        "plaudit-jsonl",
        "Plaudit, export as JSON lines",
        "recorded",
        ("external_id", "raw_rating.value", "published_at", "rated_at", "language_from_text", "revision", "source_id"),
        (
            *("id=external_id|as-is", "rating=raw_rating.value", "scale.min=raw_rating.min"),
            *("scale.max=raw_rating.max", "language=language+language_from_text|stated"),
            *_OURS,
        ),
        constants=(),
        hint=_NO_AUTHORS,
    ),
)


def recognise(header: Sequence[str]) -> Preset | None:
    """Return the kind of file with this header, the one that names the most columns; None if none fits."""
    fitting = [preset for preset in PRESETS if preset.fits(header)]
    return max(fitting, key=lambda preset: len(preset.header), default=None)


def by_name(name: str) -> Preset | None:
    """Return the kind of file with this name; None if there is none."""
    return next((preset for preset in PRESETS if preset.name == name), None)


def mapping_of(columns: Sequence[str], own: FieldMapping, preset: Preset | None) -> FieldMapping:
    """Return what the columns of a table mean.

    Args:
        columns: of the table.
        own: what is stated; it goes before the preset.
        preset: the kind of file, if it is known.

    Raises:
        MappingError: nothing says what they mean.
    """
    mapping = own if preset is None else preset.mapping.extended(own)
    if not mapping.columns:
        known = ", ".join(each.name for each in PRESETS)
        raise MappingError(
            f"no known platform writes the columns {', '.join(columns)}: ",
            Advice(
                f"state {{map}}, or --preset {known}",
                f"state {{map}}, for example {{map:id=reviewId}}, or preset, one of {known}",
                "say which of them is which, for example {map:id=reviewId}",
            ),
        )
    return mapping
