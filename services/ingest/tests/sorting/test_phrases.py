"""How phrases are written, and that finding them is exact, linear and safe with any text."""

import unicodedata
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plaudit.ingest.sorting.domain.lists.severity_de import SEVERITY_DE
from plaudit.ingest.sorting.domain.lists.severity_en import SEVERITY_EN
from plaudit.ingest.sorting.domain.phrases import Phrase, PhraseIndex, WrongPhraseError, read_phrases
from plaudit.ingest.sorting.domain.rules import SHIPPED, CompiledRules, Mute, SortingRules, WrongRulesError, check_rules
from plaudit.ingest.sorting.domain.severity import NotCounted
from plaudit.ingest.sorting.domain.sort import sort
from plaudit.ingest.sorting.domain.words import BREAK, MAX_TEXT_CHARS, Words, fold, normalise, statement

SAYINGS = (
    "scam",
    "not",
    "a",
    "never use them again",
    "caught fire",
    "Betrüger",
    "Betru\u0308ger",
    "law\u200bsuit",
    "sold my data",
    '"',
    "\u201e",
    "\u201c",
    ".",
    "\u2026",
    " \u2013 ",
    "it's",
    "\U0001f621\ufe0f",
    "\uff33\uff23\uff21\uff2d",
    "İstanbul",
    "ﬁne",
    "aaaa",
)
TEXTS = st.lists(st.sampled_from(SAYINGS) | st.text(max_size=12), max_size=30).map(" ".join) | st.text()


def found(written: str, text: str) -> list[str]:
    normalised = normalise(text)
    index = PhraseIndex(read_phrases("severity", "safety", written))
    return [normalised[slice(*match.span)] for match in index.find(Words(normalised))]


@pytest.mark.parametrize(
    ("written", "text", "expected"),
    [
        ("gas leak", "A Gas Leak and gas leaks", ["Gas Leak"]),
        ("fire hazard/risk", "fire risk, fire hazard", ["fire risk", "fire hazard"]),
        ("electrocut*", "electrocuted", ["electrocuted"]),
        ("*betrug", "Versicherungsbetrug", ["Versicherungsbetrug"]),
        ("brakes <2> not work*", "brakes do not working. brakes a b c not work", ["brakes do not working"]),
        ("set on? fire", "set fire, set on fire, set it fire", ["set fire", "set on fire"]),
        ("unsafe !site/website", "unsafe site, unsafe car, unsafe", ["unsafe", "unsafe"]),
        ("unsafe !site", "unsafe. Site", ["unsafe"]),
        ("gefährlich", "gefährlich GEFAEHRLICH gefahrlich", ["gefährlich", "GEFAEHRLICH", "gefahrlich"]),
        ("dont", "don't don\u2019t dont", ["don't", "don\u2019t", "dont"]),
        ("cafe", "Café CAFE\u0301", ["Café", "CAFÉ"]),
        ("a <1> b <1> c", "a x b y c", ["a x b y c"]),
        ("a <1> b <2> c", "a b b x c", ["a b b x c"]),
    ],
)
def test_a_phrase_finds_what_it_says(written: str, text: str, expected: list[str]) -> None:
    assert found(written, text) == expected


@pytest.mark.parametrize("apostrophe", "'`\u00b4\u2018\u2019\u201b\u02b9\u02bb\u02bc\u2032\uff07\uff40")
def test_a_word_is_the_same_with_whatever_stands_for_its_apostrophe(apostrophe: str) -> None:
    assert Words(normalise(f"It isn{apostrophe}t ä")).folded == ["it", "isnt", "ae"]
    assert found("dont", f"I don{apostrophe}t, ä") == [f"don{apostrophe}t"]


def test_a_negation_counts_in_each_spelling_of_its_apostrophe() -> None:
    for apostrophe in "'\u00b4\u2018\u2019\u02bc\uff07":
        told = sort(f"The café isn{apostrophe}t a scam, it is really good.", 1.0, SHIPPED)
        assert [hit.not_counted for hit in told.hits] == [NotCounted.NEGATED], apostrophe


@pytest.mark.parametrize(
    "written",
    [
        *("?", "a? b", "<1> a", "a <1>", "a <6> b", "a <0> b", "a <1> b <1> c <1> d <1> e", "ab*", "*abcd", "a*b*c"),
        *("*abcdef*", "a//b", "!a", "a !b c", "two-words", "a.b", "~", " ".join("abcdefghijklmn")),
    ],
)
def test_a_phrase_that_is_not_written_as_phrases_are_is_refused_with_its_reason(written: str) -> None:
    with pytest.raises(WrongPhraseError, match=r".+: .+"):
        read_phrases("severity", "safety", written)


@pytest.mark.parametrize(
    "rules",
    [
        SortingRules(switched_off=("leave",)),
        SortingRules(more_drastic={"anger": "angry"}),
        SortingRules(more_drastic={"safety": "a <9> b"}),
        SortingRules(more_drastic={"safety": "a; " * 2_000}),
        SortingRules(more_drastic={"safety": "a; " * 201}),
        SortingRules(more_topics={"anger": "angry"}),
        SortingRules(hidden_topics=("anger",)),
        SortingRules(languages=("xx",)),
        SortingRules(mutes=(Mute(subject="acme", category="fraud", phrase="lawyer/lawyers"),)),
        SortingRules(mutes=(Mute(subject="acme", category="leave", phrase="uninstall*"),)),
    ],
)
def test_rules_that_cannot_be_applied_are_refused(rules: SortingRules) -> None:
    with pytest.raises(WrongRulesError):
        check_rules(rules)


def test_a_phrase_that_a_tenant_added_can_be_muted() -> None:
    mute = Mute(subject="acme", category="fraud", phrase="zebra")
    check_rules(SortingRules(more_drastic={"fraud": "~zebra"}, mutes=(mute,)))


def test_the_shipped_index_stays_as_it_is_when_a_tenant_adds_to_it() -> None:
    CompiledRules(SortingRules(more_drastic={"safety": "zebra; scam"}))
    assert [hit.category for hit in sort("Zebra scam.", 1, SHIPPED, stated_language="en").hits] == ["fraud"]


def shipped_phrases() -> list[Phrase]:
    lists = (SEVERITY_EN, SEVERITY_DE)
    return [each for groups in lists for name, written in groups.items() for each in read_phrases("", name, written)]


@pytest.mark.parametrize("phrase", shipped_phrases(), ids=lambda each: f"{each.group}: {each.text}"[:60])
def test_every_shipped_phrase_is_found_in_a_text_that_says_it(phrase: Phrase) -> None:
    elements = (phrase.first, *(step.element for step in phrase.steps))
    words = [next(iter(sorted(each.exact or each.prefixes or each.suffixes))) for each in elements]
    hits = sort(" ".join(words), 1, SHIPPED, stated_language="en").hits
    assert (phrase.group, phrase.text) in {(hit.category, hit.phrase) for hit in hits}


@given(TEXTS)
def test_normalising_is_idempotent_and_composes(text: str) -> None:
    once = normalise(text)
    assert normalise(once) == once
    assert len(once) <= MAX_TEXT_CHARS
    assert unicodedata.is_normalized("NFC", once)


@given(TEXTS, st.none() | st.sampled_from((1.0, 2.0, 3.0, 5.0)))
def test_spans_are_the_words_of_the_text_and_sorting_again_says_the_same(text: str, stars: float | None) -> None:
    result = sort(text, stars, SHIPPED, stated_language="en")
    assert sort(result.text, stars, SHIPPED, stated_language="en") == result
    spans = Words(result.text).spans
    places, ends = {start for start, _ in spans}, {end for _, end in spans}
    for span in (*result.hits, *result.topics, *result.personas):
        assert 0 <= span.start < span.end <= len(result.text)
        assert span.start in places
        assert span.end in ends
    assert len({(hit.category, hit.phrase) for hit in result.hits}) == len(result.hits)


@given(TEXTS)
def test_decomposed_and_composed_texts_are_sorted_alike(text: str) -> None:
    one, other = (sort(unicodedata.normalize(form, text), 1, SHIPPED, stated_language="en") for form in ("NFC", "NFD"))
    assert one == other


@given(TEXTS)
def test_words_stand_in_order_and_cover_no_character_twice(text: str) -> None:
    normalised = normalise(text)
    words = Words(normalised)
    told = [(word, *span) for word, span in zip(words.folded, words.spans, strict=True) if word != BREAK]
    spans = [(start, end) for _, start, end in told]
    assert all(start < end for start, end in spans)
    assert all(one[1] <= other[0] for one, other in pairwise(spans))
    assert all(fold(normalised[start:end]) == word for word, start, end in told)


@given(TEXTS.filter(str.isascii) | st.text(st.sampled_from("ab '`-._!\n\t\x1d"), max_size=30))
def test_ascii_is_split_as_any_text_is(text: str) -> None:
    plain, mixed = Words(normalise(f"{text} e")), Words(normalise(f"{text} \u00e9"))
    assert without_idle_breaks(plain.folded) == without_idle_breaks(mixed.folded)


def without_idle_breaks(words: list[str]) -> list[str]:
    """Words with one break between two sentences, and none at the beginning."""
    return [word for before, word in pairwise([BREAK, *words]) if word != BREAK or before != BREAK]


class CountingWords(list[str]):
    """Words that count how often one of them is looked at."""

    looks = 0

    def __getitem__(self, place):  # type: ignore[no-untyped-def, override]
        CountingWords.looks += 1
        return super().__getitem__(place)


@pytest.mark.parametrize(
    "unit",
    [
        *("leak my my ", "take ", "i we ", "because i my ", "never never ", "not a ", "scam ", "it was a scam "),
        *("charge charge ", "disputed the the the ", "data data data data ", "verlust ver ", "ohne ohne ", "betrug "),
    ],
)
def test_the_work_is_linear_in_the_text(unit: str) -> None:
    looks = []
    for times in (200, 400):
        words = Words(unit * times)
        words.folded = CountingWords(words.folded)
        CountingWords.looks = 0
        for _ in SHIPPED.index.find(words):
            pass
        looks.append(CountingWords.looks)
    assert looks[1] <= 2.1 * looks[0] + 100
    assert looks[1] <= 100 * len(unit.split()) * 400


@pytest.mark.parametrize("mark", ['"', " \u201e", "\u201c", "\u00ab", "'", "! ", "a.", "\u0301", "\ufe0f", "x'"])
def test_a_long_text_of_one_mark_is_sorted(mark: str) -> None:
    result = sort(mark * 100_000 + " scam", 1, SHIPPED, stated_language="en")
    assert result.hits == ()
    assert len(result.text) <= MAX_TEXT_CHARS


@pytest.mark.parametrize(
    ("title", "text", "expected"),
    [
        ("A scam", "A scam it was", "A scam it was"),
        ("My van was stolen from a\u2026", "My van was stolen from a car park", "My van was stolen from a car park"),
        ("Bad", "Never again", "Bad\nNever again"),
        ("Bad", None, "Bad"),
        (None, "Bad", "Bad"),
        (None, None, ""),
    ],
)
def test_a_title_that_the_text_begins_with_is_not_read_twice(
    title: str | None, text: str | None, expected: str
) -> None:
    assert statement(title, text) == expected
