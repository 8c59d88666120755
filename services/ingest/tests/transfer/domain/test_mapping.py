"""A mapping says which column is which field, and what is wrong with it is said before anything is read."""

import pytest

from plaudit.ingest.transfer.domain.mapping import (
    Column,
    FieldMapping,
    MappingError,
    check_required,
    parse_columns,
    parse_constants,
)

MAP = ["id=review", "rating=stars", "published_at=date"]


def test_a_map_says_which_column_is_which_field():
    columns = parse_columns([*MAP, "subject=company|slug", "author.email=mail", "id=a+b|derived"])
    assert columns["subject"] == [Column("company", "slug")]
    assert columns["author.email"] == [Column("mail")]
    assert columns["id"] == [Column("review"), Column("a+b", "derived")]
    check_required(FieldMapping(columns))


@pytest.mark.parametrize(
    ("pairs", "said"),
    [
        (["stars"], "field=column"),
        (["colour=c"], "fields are"),
        (["title=t|upper"], "title takes no conversion"),
        (["subject=t|upper"], "subject takes the conversion |slug"),
        (["published_at=t|epoch"], "epoch_s or |epoch_ms"),
        (["verified=v|"], "verified takes the conversion"),
        (["removed=state"], "removed takes the conversion"),
        (["id=link|query:"], "id takes the conversion"),
    ],
)
def test_a_map_that_is_wrong_says_what_to_do(pairs: list[str], said: str):
    with pytest.raises(MappingError) as raised:
        parse_columns(pairs)
    assert said in str(raised.value)


def test_a_required_field_that_is_not_mapped_is_named():
    with pytest.raises(MappingError, match="map id too"):
        check_required(FieldMapping(parse_columns(MAP[1:])))


@pytest.mark.parametrize(("pair", "said"), [("colour=red", "not colour"), ("id=1", "one review of all rows")])
def test_a_constant_that_cannot_be_one_is_refused(pair: str, said: str):
    with pytest.raises(MappingError, match=said):
        parse_constants([pair])


def test_a_column_is_found_by_name_and_else_without_case_and_signs():
    bound = FieldMapping(parse_columns(["id=Review Id", "title=title"])).bound(["Title", "title", "review_id"])
    assert {target: places for target, [(_, places)] in bound.items()} == {"id": [2], "title": [1]}


def test_a_column_that_is_not_there_or_stands_twice_is_named():
    with pytest.raises(MappingError, match="no column score; the file has id, rating"):
        FieldMapping(parse_columns(["id=id", "rating=score"])).bound(["id", "rating"])
    with pytest.raises(MappingError, match="no column other"):
        FieldMapping(parse_columns(["title=title", "title=other"])).bound(["id", "title"])
    with pytest.raises(MappingError, match="'id' stands 2 times"):
        FieldMapping(parse_columns(["id=id"])).bound(["id", "id"])
    with pytest.raises(MappingError, match="'ID' stands 2 times"):
        FieldMapping(parse_columns(["id=ID"])).bound(["id", "i_d"])


def test_what_is_stated_replaces_what_a_preset_says_and_is_required_to_be_there():
    preset = FieldMapping(parse_columns(["title=a", "text=b", "id=x"]), {"kind": "stars"}, frozenset({"title", "text"}))
    own = FieldMapping(parse_columns(["title=c"]), {"kind": "nps"})
    both = preset.extended(own)
    assert (both.columns["title"], both.constants, both.optional) == ([Column("c")], {"kind": "nps"}, {"text"})
    assert both.bound(["c", "x"]).keys() == {"title", "id"}
    with pytest.raises(MappingError, match="no column c"):
        both.bound(["a", "b", "x"])
