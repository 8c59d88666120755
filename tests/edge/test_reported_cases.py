"""What outside suites once found at the edge, each at the ports that it concerns and at the door."""

import json
import re
import uuid
from collections.abc import Iterable

import pytest

from plaudit_testing import pipeline
from plaudit_testing.edge import DOOR, Answers, EdgeHouse, exchange, request
from plaudit_testing.webhooks import headers

pytestmark = [pytest.mark.e2e, pytest.mark.postgres]

CLOSE = "Connection: close"
JSON = "Content-Type: application/json"
BROWSER = ("Sec-Fetch-Site: same-origin", "Content-Type: application/x-www-form-urlencoded")
EVERY = ("ingest", "scoring", "alerting", "feedback-board", DOOR)


def sized(method: str, path: str, *lines: str, body: bytes = b"", host: str = "Host: x") -> bytes:
    return request(method, path, *lines, f"Content-Length: {len(body)}", body=body, host=host)


class Asking:
    """The house, asked in one line."""

    def __init__(self, house: EdgeHouse) -> None:
        self.house = house
        self.key = f"Authorization: Bearer {house.running.key}"

    def __call__(
        self, place: str, method: str, path: str, *lines: str, body: bytes = b"", host: str = "Host: x"
    ) -> Answers:
        return exchange(self.house.ports[place], sized(method, path, CLOSE, *lines, body=body, host=host))

    def review(self, **fields: object) -> tuple[bytes, list[str]]:
        """A delivery of one review, and the lines that prove it."""
        data = {"id": uuid.uuid4().hex, "rating": 4, "published_at": "2026-02-14T12:00:00Z", **fields}
        body = json.dumps([{"type": "review.created", "data": data}]).encode()
        return body, [f"{name}: {value}" for name, value in headers(self.house.source["secret"], body).items()]

    def hook(self, *more: str, **fields: object) -> bytes:
        body, lines = self.review(**fields)
        return sized("POST", self.house.hook, *lines, *more, body=body)


@pytest.fixture(scope="module")
def ask(house: EdgeHouse) -> Asking:
    pipeline.rows(house.running, "UPDATE common.tenants SET board_public = true")
    return Asking(house)


def kinds(answer: Answers) -> tuple[int, str]:
    problem = answer.problem()
    assert problem is not None, answer.text
    assert problem["instance"] in answer.request_ids
    return answer.statuses[0], problem["type"].removeprefix("/problems#")


def header(answer: Answers, name: str) -> str | None:
    found = re.search(rf"\r\n{name}: ([^\r]*)".encode(), answer.text.partition(b"\r\n\r\n")[0], re.IGNORECASE)
    return found[1].decode() if found else None


def places(*services: str) -> Iterable[str]:
    return (*services, DOOR)


def test_two_content_types_are_a_400(ask: Asking) -> None:
    for place in places("ingest"):
        body = b'{"name":"a","name":"b","platform":"native","subject":"acme"}'
        assert kinds(ask(place, "POST", "/v1/sources", ask.key, JSON, "Content-Type: text/plain", body=body)) == (
            400,
            "repeated-header",
        )


def test_a_text_beyond_what_is_kept_is_cut_and_a_number_near_zero_is_read(ask: Asking) -> None:
    for place in places("ingest"):
        for fields in ({"text": "x" * 262_145}, {"text": "é" * 60_000}, {"weight": 5e-324}):
            answer = exchange(ask.house.ports[place], ask.hook(CLOSE, **fields))
            assert answer.statuses == [202], answer.text


def test_a_body_that_is_not_said_to_be_json_is_a_415(ask: Asking) -> None:
    for place in places("feedback-board"):
        answer = ask(place, "POST", "/v1/requests", ask.key, "Content-Type: text/plain", body=b'{"title":"abc"}')
        assert kinds(answer) == (415, "not-json")


def test_without_a_key_nothing_else_is_judged(ask: Asking) -> None:
    for place, path in {
        "ingest": "/v1/sources", "scoring": "/v1/scores", "alerting": "/v1/clocks", "feedback-board": "/v1/requests",
        DOOR: "/v1/requests",
    }.items():  # fmt: skip
        for answer in (
            ask(place, "GET", f"{path}?cursor=%00"),
            ask(place, "GET", f"{path}?cursor=x&nobody=1"),
            ask(place, "POST", path, JSON, body=b"{"),
            ask(place, "POST", path, "Content-Type: text/plain", "Content-Encoding: gzip", body=b"{"),
            ask(place, "POST", path, JSON, body=b"x" * 1_000_000),
            ask(place, "PATCH", f"{path}/nowhere/at/all"),
        ):
            assert kinds(answer) == (401, "unauthorized"), place


def test_options_name_every_method_of_a_path(ask: Asking) -> None:
    for place in EVERY:
        for path, service in {
            "/v1/sources": "ingest", "/v1/scores": "scoring", "/v1/policies": "alerting",
            "/v1/requests": "feedback-board",
        }.items():  # fmt: skip
            if place in {service, DOOR}:
                expected = (
                    "GET, HEAD, OPTIONS, POST" if path in {"/v1/sources", "/v1/requests"} else "GET, HEAD, OPTIONS"
                )
                assert header(ask(place, "OPTIONS", path), "allow") == expected, (place, path)
    for place in places("feedback-board"):
        votes = ask(place, "OPTIONS", f"/v1/requests/{uuid.uuid4()}/votes")
        assert header(votes, "allow") == "DELETE, OPTIONS, POST"


@pytest.mark.parametrize(
    ("service", "path"),
    [
        ("ingest", "/v1/reviews?published_before=0.5"),
        ("ingest", "/v1/reviews?subject=../../x"),
        ("ingest", "/v1/reviews?source=1"),
        ("scoring", "/v1/scores?under="),
        ("scoring", "/v1/scores/%C3%9C"),
        ("alerting", "/v1/clocks?stat=breached"),
        ("alerting", "/v1/clocks?subject=../../x"),
        ("feedback-board", "/v1/requests?state=open"),
    ],
)
def test_what_cannot_be_meant_is_a_422(ask: Asking, service: str, path: str) -> None:
    for place in places(service):
        assert kinds(ask(place, "GET", path, ask.key))[0] == 422, place


def test_a_cursor_of_nothing_is_refused(ask: Asking) -> None:
    for place in places("ingest"):
        assert kinds(ask(place, "GET", "/v1/reviews?cursor=x", ask.key))[0] in {400, 422}


def test_whitespace_around_the_headers_of_a_webhook_is_no_part_of_them(ask: Asking) -> None:
    for place in places("ingest"):
        body, lines = ask.review()
        for around in (" ", "\t"):
            spaced = [f"{line}{around}" for line in lines]
            assert ask(place, "POST", ask.house.hook, *spaced, body=body).statuses == [202], place


def test_one_of_two_content_encodings_is_never_overlooked(ask: Asking) -> None:
    for place in places("ingest"):
        for codings in (("gzip", "identity"), ("identity", "gzip")):
            sent = ask.hook(CLOSE, *(f"Content-Encoding: {coding}" for coding in codings))
            assert kinds(exchange(ask.house.ports[place], sent)) == (415, "compressed-body"), place


def test_a_redirect_is_never_built_from_the_host(ask: Asking) -> None:
    for place in places("feedback-board"):
        for path in ("/b/default/", "/b/default//", "//evil.test/b/default", "/v1/requests/"):
            answer = ask(place, "GET", path, host="Host: evil.test")
            assert "evil.test" not in (header(answer, "location") or ""), (place, path)


def test_a_good_webhook_is_answered_202_whatever_follows_it_on_the_connection(ask: Asking) -> None:
    for place in places("ingest"):
        for behind in (b"}", b"\x00\x01\x02\r\n\r\n", b"FOO / HTTP/1.1\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n"):
            answer = exchange(ask.house.ports[place], ask.hook() + behind + b"\r\n\r\n")
            assert answer.statuses[0] == 202, (place, behind, answer.text)
            assert set(answer.statuses[1:]) <= {400, 501}, (place, behind)


def test_a_webhook_whose_sender_shuts_its_sending_side_is_answered_202(ask: Asking) -> None:
    for _ in range(20):
        answer = exchange(ask.house.ports["ingest"], ask.hook(), ends=True)
        assert answer.statuses == [202], answer.text


def test_a_webhook_that_the_door_gives_up_with_its_sender_is_taken_once_when_it_comes_again(ask: Asking) -> None:
    """Caddy takes a shut sending side for a client that has gone, and answers 499 unless the service was faster."""
    body, lines = ask.review()
    sent = sized("POST", ask.house.hook, *lines, body=body)
    statuses = {exchange(ask.house.ports[DOOR], sent, ends=True).statuses[0] for _ in range(10)}
    assert statuses <= {202, 499}
    assert ask(DOOR, "POST", ask.house.hook, *lines, body=body).statuses == [202]
    [row] = pipeline.rows(
        ask.house.running,
        "SELECT count(*) AS n FROM ingest.outbox WHERE position($1::bytea IN envelope) > 0",
        json.loads(body)[0]["data"]["id"].encode(),
    )
    assert row["n"] == 1


def test_sign_in_with_many_fields_is_answered(ask: Asking) -> None:
    for place in EVERY:
        for count in (11, 1_001):
            body = "&".join(f"f{number}=x" for number in range(count)).encode()
            answer = ask(place, "POST", "/sign-in", *BROWSER, body=body)
            assert answer.statuses[0] in {400, 401, 413}, (place, answer.text)
            assert header(answer, "set-cookie") is None


def test_operators_pages_are_not_at_the_door(ask: Asking) -> None:
    for path in ("/metrics", "/readyz", "/livez"):
        assert kinds(ask(DOOR, "GET", path)) == (404, "not-found")


def test_a_form_with_too_many_fields_is_a_problem_that_is_explained(ask: Asking) -> None:
    for place in places("feedback-board"):
        body = "&".join(f"f{number}=" for number in range(1_001)).encode()
        status, kind = kinds(ask(place, "POST", "/b/default/requests", *BROWSER, body=body))
        assert status in {400, 404}
        assert f'id="{kind}"'.encode() in ask(place, "GET", "/problems").text


def test_boards_that_are_private_and_that_do_not_exist_look_alike(ask: Asking) -> None:
    ask.house.running.new_key("rival")
    for place in places("feedback-board"):
        private, unknown = (ask(place, "GET", f"/b/{tenant}") for tenant in ("rival", "nobody"))
        assert private.statuses == unknown.statuses == [404]
        asked = ask(place, "POST", "/b/rival/requests", *BROWSER, body=b"title=Tea+for+all")
        assert asked.statuses == [404], asked.text


def test_a_language_that_is_none_costs_its_own_review_alone(ask: Asking) -> None:
    for place in places("ingest"):
        answer = exchange(ask.house.ports[place], ask.hook(CLOSE, language="<script>"))
        assert answer.statuses[0] in {202, 422}, answer.text
        assert b"language" in answer.text, place
