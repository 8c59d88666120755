"""What interfaces of platforms share: keys as people paste them, and what is signed with them."""

import json
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

from plaudit.ingest.platforms import ADAPTERS, INTERFACES
from plaudit.ingest.platforms.app_store.answers import ANSWERING as APP_STORE
from plaudit.ingest.platforms.asking import HttpRequest, Token
from plaudit.ingest.platforms.google_play.answers import ANSWERING as GOOGLE_PLAY
from plaudit.ingest.platforms.interface import Ask, InvalidCredentialsError, Walk, private_key
from plaudit_testing.platform_keys import APP_STORE_KEYS, EC_PUBLIC, PLAY_KEYS, RSA_PUBLIC
from plaudit_testing.platforms import source_of

NOW = datetime(2026, 5, 1, 10, tzinfo=UTC)
KEYS = [("ES256", APP_STORE_KEYS["private_key"]), ("RS256", PLAY_KEYS["private_key"])]
PASTED = {
    "as it is in its file": lambda pem: pem,
    "as it stands in a JSON file": lambda pem: pem.replace("\n", "\\n"),
    "with its quotes": lambda pem: '"' + pem.replace("\n", "\\n") + '",',
    "with escaped breaks of Windows": lambda pem: pem.replace("\n", "\\r\\n"),
    "with breaks of Windows": lambda pem: pem.replace("\n", "\r\n"),
    "with a byte order mark": lambda pem: f"\ufeff{pem}",
    "with its lines joined": lambda pem: pem.replace("\n", " "),
}


@pytest.mark.parametrize("written", PASTED.values(), ids=PASTED)
@pytest.mark.parametrize(("algorithm", "pem"), KEYS, ids=("ES256", "RS256"))
def test_a_key_is_read_however_it_was_copied_from_its_file(algorithm, pem, written):
    assert private_key(written(pem), algorithm).as_pem() == private_key(pem, algorithm).as_pem()


@pytest.mark.parametrize(("algorithm", "pem"), [("RS256", KEYS[0][1]), ("ES256", KEYS[1][1])], ids=("EC", "RSA"))
def test_a_key_of_another_kind_is_refused_however_it_was_copied(algorithm, pem):
    for written in PASTED.values():
        with pytest.raises(InvalidCredentialsError, match="private_key"):
            private_key(written(pem), algorithm)


@pytest.mark.parametrize("platform", ["app-store", "google-play"])
def test_credentials_are_taken_without_the_space_that_a_copy_has_around_them(platform):
    of_app = {"app_id": "1"} if platform == "app-store" else {}
    clean = {**(APP_STORE_KEYS if of_app else PLAY_KEYS), **of_app}
    interface = INTERFACES[platform]
    pasted = {name: f"\n {value}\r\n" for name, value in clean.items()}
    assert interface.read_credentials(pasted) == interface.read_credentials({k: v.strip() for k, v in clean.items()})


def test_each_location_of_google_is_asked_once_and_the_last_one_too():
    google = INTERFACES["google-business"]
    names = [f"accounts/1/locations/{number}" for number in (2, 2, 3, 2)]
    written = {"client_id": "c", "client_secret": "s", "refresh_token": "r", "locations": names}
    credentials = google.read_credentials(written)
    walk = Walk(started_at=NOW, complete=True)
    asked, found = google.first(credentials, walk), []
    while asked is not None and len(found) < 9:
        found.append(asked.url.removeprefix(f"{google.origin}/v4/").partition("/reviews")[0])
        asked = google.following(credentials, walk, asked, {"reviews": []})
    assert found == ["accounts/1/locations/2", "accounts/1/locations/3"]


def test_of_several_comments_at_google_play_the_latest_counts_in_whatever_order():
    def said(side: str, text: str, seconds: int) -> dict:
        return {side: {"text": text, "starRating": seconds % 10, "lastModified": {"seconds": str(seconds)}}}

    comments = [
        said("userComment", "First.", 1_780_200_001),
        said("developerComment", "Sorry.", 1_780_210_000),
        said("userComment", "Second.", 1_780_300_005),
        said("developerComment", "Thanks.", 1_780_310_000),
    ]
    for order in (comments, comments[::-1]):
        page = {"reviews": [{"reviewId": "gp:1", "comments": order}]}
        created = ADAPTERS["google-play"].read(json.dumps(page).encode(), source_of("google-play"))[0]
        assert (created.content.text, created.content.rating, created.content.answer.text) == ("Second.", 5, "Thanks.")
        assert created.version == 1_780_300_005_000_000
        assert INTERFACES["google-play"].entries(page) == [("gp:1", datetime.fromtimestamp(1_780_300_005, UTC))]


def tokens():
    """Yield each JWT that we sign, with what its issuer allows from issue to end."""
    apple = INTERFACES["app-store"]
    yield apple.token(apple.read_credentials({**APP_STORE_KEYS, "app_id": "1"}), NOW).value, EC_PUBLIC, 20
    signed = APP_STORE.grant.ask(APP_STORE_KEYS, NOW)
    assert isinstance(signed, Token)
    yield signed.value, EC_PUBLIC, 20
    play = INTERFACES["google-play"]
    asked = play.token(play.read_credentials(PLAY_KEYS), NOW)
    assert isinstance(asked, Ask)
    yield parse_qs(asked.body)["assertion"][0], RSA_PUBLIC, 60
    request = GOOGLE_PLAY.grant.ask(PLAY_KEYS, NOW)
    assert isinstance(request, HttpRequest)
    yield parse_qs(request.body.decode())["assertion"][0], RSA_PUBLIC, 60


def test_what_we_sign_counts_where_the_clock_is_behind_ours_and_is_never_valid_for_too_long():
    found = list(tokens())
    assert len(found) == 4
    for token, public, most_minutes in found:
        key = ECKey.import_key(public) if public is EC_PUBLIC else RSAKey.import_key(public)
        claims = jwt.decode(token, key, algorithms=["ES256", "RS256"]).claims
        issued, ends = (datetime.fromtimestamp(claims[name], UTC) for name in ("iat", "exp"))
        assert issued <= NOW - timedelta(seconds=60), "issued in the future to a clock that is a minute behind"
        assert ends - (NOW - timedelta(minutes=1)) < timedelta(minutes=most_minutes), "too far ahead of that clock"
        assert ends - issued < timedelta(minutes=most_minutes)
