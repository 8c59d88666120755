"""Files of platforms and scrapers are recognised by their header and read as what they say."""

import io
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from plaudit.ingest.export.schemas import HEAD
from plaudit.ingest.transfer.domain.presets import PRESETS, Preset, by_name, recognise
from plaudit.ingest.transfer.domain.reading import Options, RowReader
from plaudit.ingest.transfer.domain.rows import Ready, Reject, Row, Skipped
from plaudit.ingest.transfer.domain.subjects import Subjects
from plaudit.ingest.transfer.domain.table import Table
from plaudit_testing.shared import shared

HEADERS = {
    "plaudit": ",".join(HEAD),
    "plaudit-jsonl": (
        "id,source_id,external_id,revision,version,removed,subject,kind,rating,raw_rating.value,raw_rating.min,"
        "raw_rating.max,severity,verified,origin,title,text,language,language_from_text,tags,url,published_at,"
        "edited_at,rated_at,changed_at,answer.text,answer.published_at,answer.state"
    ),
    "google-play": (
        "Package Name,App Version Code,App Version Name,Reviewer Language,Device,Review Submit Date and Time,"
        "Review Submit Millis Since Epoch,Review Last Update Date and Time,"
        "Review Last Update Millis Since Epoch,Star Rating,Review Title,Review Text,"
        "Developer Reply Date and Time,Developer Reply Millis Since Epoch,Developer Reply Text,Review Link"
    ),
    "trustpilot": (
        "Domain URL,Webshop Name,Business Unit Id,Review ID,Review Created (UTC),Review Consumer User Id,"
        "Review Username,Review User Email,Review Title,Review Content,Review Stars,Source Of Review,"
        "Reference Id,Company Response,Business Reply Date (UTC),Review Language,Location Name"
    ),
    "apify-trustpilot": (
        "companyPageUrl,reviewId,companyName,businessUnitId,reviewUrl,reviewDate,reviewDateOfExperience,"
        "reviewLabel,isReviewVerified,reviewer,reviewerId,reviewTitle,reviewDescription,reviewRatingScore,"
        "reviewersCountry,reviewLanguage,reviewCompanyResponse,scrapedDateTime,scrapedAtReviewPageNumber"
    ),
    "judgeme": (
        "title,body,rating,review_date,source,curated,reviewer_name,reviewer_email,product_id,product_handle,"
        "reply,reply_date,picture_urls,ip_address,location,metaobject_handle"
    ),
    "judgeme-template": (
        "title,body,rating,review_date,reviewer_name,reviewer_email,product_id,product_handle,reply,picture_urls"
    ),
    "shopify": "product_handle,state,rating,title,author,email,location,body,reply,created_at,replied_at",
    "loox": "id,status,rating,email,nickname,full_name,review,date,productId,handle,img,variant,verified_purchase",
    "okendo": "name,body,handle,productId,sku,rating,dateCreated,countryCode,email,imageUrls",
    "google-play-scraper": (
        ",reviewId,userName,userImage,content,score,thumbsUpCount,reviewCreatedVersion,at,replyContent,"
        "repliedAt,appVersion"
    ),
    "outscraper-google": (
        "query,name,google_id,place_id,location_link,reviews_link,reviews,rating,review_id,author_title,"
        "author_id,review_text,owner_answer,owner_answer_timestamp,owner_answer_timestamp_datetime_utc,"
        "review_link,review_rating,review_timestamp,review_datetime_utc,review_likes"
    ),
    "apify-google": (
        "title,placeId,reviewId,reviewerId,name,stars,text,textTranslated,publishAt,publishedAtDate,"
        "likesCount,responseFromOwnerText,responseFromOwnerDate,originalLanguage,reviewDetailedRating/Food"
    ),
    "amazon-seller": "Date\tRating\tComments\tYour Response\tOrder ID\tRater Email",
    "inside-airbnb": "listing_id,id,date,reviewer_id,reviewer_name,comments",
    "meta-product": (
        "aggregator,store.name,store.id,store.storeUrls,reviewID,rating,title,content,created_at,updated_at,"
        "review_image_urls,incentivized,has_verified_purchase,reviewer.name,reviewer.reviewerID,"
        "reviewer.isAnonymous,product.name,product.url"
    ),
}
"""Preset → the header of such a file."""
OF_PLATFORMS = {
    "Google Play": ("google-play", Options()),
    "Amazon seller feedback": ("amazon-seller", Options(zone=UTC, dates="dmy")),
    "Judge.me": ("judgeme", Options()),
    "Shopify Product Reviews": ("shopify", Options()),
    "Outscraper Google reviews": ("outscraper-google", Options()),
    "Apify Google Maps reviews": ("apify-google", Options()),
}
"""Platform of the shared payloads → which preset reads its file, and what has to be stated."""


def table(text: str) -> Table:
    return Table(io.StringIO(text, newline="").readline, "utf-8", lenient=False)


def read(text: str, options: Options) -> tuple[Preset, list[Ready | Reject | Skipped]]:
    found = table(text)
    preset = recognise(found.columns)
    assert preset is not None
    reader = RowReader(preset.mapping, found.columns, Subjects({}), options)
    return preset, [reader.read(row) if isinstance(row, Row) else row for row in found.rows()]


def test_there_is_a_header_for_each_preset():
    assert HEADERS.keys() == {preset.name for preset in PRESETS}
    assert by_name("klingon") is None


@pytest.mark.parametrize("name", HEADERS)
def test_a_file_is_recognised_by_its_header_in_any_order_and_by_nothing_less(name: str):
    columns = table(HEADERS[name]).columns
    assert recognise(columns) is by_name(name)
    assert recognise(columns[::-1]) is by_name(name)
    assert recognise([*columns, "another"]) is by_name(name)
    assert recognise(columns[:3]) is None


@pytest.mark.parametrize("preset", PRESETS, ids=lambda preset: preset.name)
def test_what_a_preset_maps_is_in_the_header_of_its_file(preset: Preset):
    columns = table(HEADERS[preset.name]).columns
    assert {"id", "published_at"} <= preset.mapping.bound(columns).keys()
    assert ("rating" in preset.mapping.bound(columns)) is (preset.name != "inside-airbnb")


@pytest.mark.parametrize(
    ("name", "text", "answer"),
    [("outscraper-google", "review_text", "owner_answer"), ("apify-google", "text", "responseFromOwnerText")],
)
def test_files_of_google_reviews_hold_what_was_written_and_no_translation(name: str, text: str, answer: str):
    values = {
        **dict.fromkeys(("review_id", "reviewId"), "r-1"),
        **dict.fromkeys(("review_rating", "stars"), "2"),
        **dict.fromkeys(("review_timestamp", "owner_answer_timestamp"), "1780300000"),
        "publishedAtDate": "2026-06-01T00:00:00Z",
        text: "(Translated by Google) It never came.\n\n(Original)\nEs kam nie.",
        answer: "Schade.\n\n(Translated by Google)\nA pity.",
    }
    cells = ",".join(json.dumps(values.get(column, "")).replace("\\n", "\n") for column in HEADERS[name].split(","))
    preset, [row] = read(f"{HEADERS[name]}\n{cells}\n", Options())
    assert preset.name == name
    assert isinstance(row, Ready), row
    data = json.loads(row.events[-1])["data"]
    assert (data["text"], data["answer"]["text"]) == ("Es kam nie.", "Schade.")


def payloads() -> Iterator[tuple[str, str, list[dict]]]:
    """Platform, text of the file, and what each of its rows is to become."""
    for entry in json.loads(shared("vectors", "platform_payloads_2.json").read_text()):
        platform, payload, expected = entry["platform"], entry["payload"], entry["expected"]
        if platform not in OF_PLATFORMS or "signature_vector" in entry:
            continue
        is_row = platform.startswith(("Outscraper", "Apify"))
        if is_row:
            cells = ("" if value is None else json.dumps(str(value)) for value in payload.values())
            payload = f"{','.join(payload)}\n{','.join(cells)}\n"
        if isinstance(payload, str) and "\n" in payload:
            yield platform, payload, expected if isinstance(expected, list) else [expected]


def test_every_file_of_the_shared_payloads_gives_the_reviews_that_it_holds(record_property):
    used: dict[str, int] = {}
    for platform, text, expected in payloads():
        name, options = OF_PLATFORMS[platform]
        preset, made = read(text, options)
        assert (preset.name, len(made)) == (name, len(expected))
        for row, wanted in zip(made, expected, strict=True):
            check(row, wanted)
        used[platform] = len(made)
    record_property("rows", used)
    assert used.keys() == OF_PLATFORMS.keys()


def check(row: Ready | Reject | Skipped, wanted: dict) -> None:
    if "ignore" in wanted:
        assert isinstance(row, Skipped)
        return
    assert isinstance(row, Ready), row
    data = json.loads(row.events[-1])["data"]
    assert data["rating"] == float(wanted["rating_raw"])
    assert instant(data["published_at"]) == instant(wanted["published_at"])
    assert data.get("text") == wanted["text"]
    assert data.get("title") == wanted["title"]
    assert data.get("language") == wanted["language"]
    assert (len(row.events) == 2) is wanted["removed"]
    assert data.get("verified") == wanted["verified"]
    assert data.get("author", {}).get("email") == wanted["author"]["email"]
    assert (data["id"] == wanted["id"]) if wanted["id"] else data["id"].startswith("derived-")
    assert instant(data.get("edited_at")) == instant(wanted["edited_at"])
    answer = data.get("answer")
    assert (answer or {}).get("text") == (wanted["answer"] or {}).get("text")
    assert instant((answer or {}).get("published_at")) == instant((wanted["answer"] or {}).get("at"))


def instant(text: str | None) -> datetime | None:
    """A time of a payload; a day is its beginning."""
    if text is None:
        return None
    time = datetime.fromisoformat(text)
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def test_a_rating_without_a_link_has_the_same_derived_id_in_the_file_of_every_month():
    row = "org.app,,,en,m53x,x,1788810198078,x,1788810198078,5,,,,,,\n"
    _, one = read(f"{HEADERS['google-play']}\n{row}", Options())
    _, other = read(f"{HEADERS['google-play']}\n{row.replace('1788810198078,5', '1799910198078,4')}", Options())
    assert isinstance(one[0], Ready)
    assert isinstance(other[0], Ready)
    assert one[0].id == other[0].id


def test_a_day_without_a_zone_is_refused_until_the_zone_is_stated():
    text = f"{HEADERS['judgeme']}\nT,B,5,2026-01-10,web,ok,Ann,a@x.test,1,h,,,,,,\n"
    assert isinstance(read(text, Options())[1][0], Reject)
    assert isinstance(read(text, Options(zone=ZoneInfo("Europe/Berlin")))[1][0], Ready)


def test_an_export_with_its_own_spelling_of_columns_is_read():
    cells = "x.test,X,b,tp-1,2026-05-01 10:00:00,c-1,Ann,,Bad,Late,1,,r,Sorry,2026-05-02 09:00:00,en,"
    _, (row,) = read(f"{HEADERS['trustpilot']}\n{cells}\n", Options())
    assert isinstance(row, Ready)
    assert json.loads(row.events[0])["data"] == {
        "id": "tp-1",
        "kind": "stars",
        "rating": 1,
        "published_at": "2026-05-01T10:00:00Z",
        "title": "Bad",
        "text": "Late",
        "language": "en",
        "author": {"id": "c-1"},
        "answer": {"text": "Sorry", "published_at": "2026-05-02T09:00:00Z"},
    }
