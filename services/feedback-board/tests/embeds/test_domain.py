"""Which origins are taken."""

import pytest

from plaudit.feedback_board.embeds.domain import MAX_ORIGINS, Embeds, clean_origins
from plaudit.feedback_board.requests.domain.errors import InvalidInputError


def test_origins_are_written_one_way_and_each_is_held_once() -> None:
    typed = [" https://WWW.Example.com/ ", "", "https://www.example.com", "http://localhost:3000", "https://a.b:8443"]
    assert clean_origins(typed) == ("https://www.example.com", "http://localhost:3000", "https://a.b:8443")


@pytest.mark.parametrize(
    "origin",
    [
        *("*", "https:", "https://*", "https://*.example.com", "'self'", "'none'", "data:", "https://intranet"),
        *("http://example.com", "https://example.com/path", "https://example.com?x", "https://a@example.com"),
        *("https://example.com; script-src *", "https://example.com https://other.example", "https://example.com,x"),
        *(
            "https://example.com:0",
            "https://exämple.com",
            "https://-a.example",
            "javascript://example.com",
            "//a.example",
        ),
        "https://example.com\r\nX-More: 1",
    ],
)
def test_what_is_no_origin_is_refused(origin: str) -> None:
    with pytest.raises(InvalidInputError, match="is no origin") as refused:
        clean_origins([origin])
    assert refused.value.field == "embed_origins"


def test_more_sites_than_the_limit_are_refused() -> None:
    sites = [f"https://{number}.example.com" for number in range(MAX_ORIGINS + 1)]
    assert len(clean_origins(sites[:-1])) == MAX_ORIGINS
    with pytest.raises(InvalidInputError, match="at most 20"):
        clean_origins(sites)


def test_a_board_that_allows_no_site_is_framed_by_none() -> None:
    assert Embeds(tenant_id="default").frame_ancestors == "'none'"
    two = Embeds(tenant_id="default", origins=("https://a.example", "https://b.example"))
    assert two.frame_ancestors == "https://a.example https://b.example"
