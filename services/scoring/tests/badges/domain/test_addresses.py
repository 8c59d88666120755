"""What is pasted to show a badge elsewhere."""

import re

from plaudit.scoring.badges.domain.addresses import addresses, frame_snippet, image_snippet
from plaudit.scoring.badges.domain.badge import Badge, Kind

BADGE = Badge(tenant_id="acme", subject="acme/berlin", name='K"ite <&> Co', kind=Kind.PRODUCT, allowed_by="key:x")
AT = addresses("https://plaudit.example", BADGE, "trust")


def test_the_addresses_of_a_badge_differ_in_their_ends() -> None:
    place = "https://plaudit.example/badges/acme/acme/berlin"
    assert AT[:3] == (f"{place}.svg", f"{place}.html", f"{place}.json")
    assert AT.how == "https://plaudit.example/scores/how/trust?tenant=acme&subject=acme%2Fberlin"


def test_a_name_cannot_break_out_of_a_snippet() -> None:
    for snippet in (image_snippet(BADGE, AT), image_snippet(BADGE, AT, is_compact=True), frame_snippet(BADGE, AT)):
        assert "K&quot;ite &lt;&amp;&gt; Co" in snippet
        assert re.findall(r"<(/?\w+)", snippet) in (["a", "img", "/a"], ["iframe", "/iframe"])
