from plaudit.common.pages.navigation import ACCOUNT, CONSOLE, Crumb, crumbs, section_of, sections


def test_a_person_sees_the_sections_that_all_their_scopes_allow() -> None:
    shown = sections({"board:read", "clocks:read"}.__contains__, {"/console/requests": "3"})
    # These need the one scope alone, the desk needs that of alerts, too.
    of_clocks = [(f"/console/{name}", "") for name in ("owners", "policies", "calendars", "set-aside")]
    assert [(link.path, link.count) for link in shown] == [
        *(("/console/reports", ""), ("/console/requests", "3"), ("/console/personas", "")),
        *of_clocks,
    ]
    assert [link.path for link in sections(lambda _: True, {})] == [entry.path for entry in CONSOLE if entry.is_listed]
    assert ACCOUNT not in [link.path for link in sections(lambda _: True, {})]


def test_a_page_belongs_to_the_section_whose_path_its_own_begins_with_in_whole_segments() -> None:
    found = {path: section_of(path) for path in ("/console", "/console/desk/1", "/console/desktop", "/b/acme")}
    assert {path: section.path if section else None for path, section in found.items()} == {
        "/console": "/console",
        "/console/desk/1": "/console/desk",
        "/console/desktop": "/console",
        "/b/acme": None,
    }


def test_the_way_to_a_page_begins_at_the_overview_and_names_what_is_shown() -> None:
    assert crumbs("/console") == [Crumb("Overview", "/console")]
    assert crumbs("/console/desk/1", "Slow") == [
        Crumb("Overview", "/console"),
        Crumb("Desk", "/console/desk"),
        Crumb("Slow"),
    ]


def test_a_step_that_is_a_page_of_its_own_leads_there() -> None:
    way = crumbs("/console/reviews/1/settle", Crumb("Cold soup", "/console/reviews/1"), "Settle")
    assert [each.path for each in way] == ["/console", "/console/reviews", "/console/reviews/1", ""]
