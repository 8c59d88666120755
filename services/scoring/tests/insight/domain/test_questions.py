"""Which reviews ask what content could answer."""

import pytest

from plaudit.scoring.insight.domain.questions import asks


@pytest.mark.parametrize(
    "text",
    [
        "How do I cancel my account?",
        "Horrible app. Where is the download tab? I give up.",
        "hello, can I return it to a shop?",
        "Is there a way to disable auto refresh?",
        "Do you ship to Austria?",
        "How long does a refund take?",
        "Wie kann ich kündigen?",
        "Aber wo finde ich die Rechnung?",
        "Gibt es eine Hotline?",
        "Was kostet die Rücksendung?",
        "It was late, how do I get my money back?",
    ],
)
def test_a_question_is_one(text: str):
    assert asks(text)


@pytest.mark.parametrize(
    "text",
    [
        "How do I cancel my account. I asked twice.",
        "How can you be so slow?",
        "How dare they?",
        "Why is this so slow?",
        "Really?",
        "Can I give zero stars?",
        "Is there any hope left?",
        "What were they thinking?",
        "Would I come back?",
        "Wie kann man nur so langsam sein?",
        "Kann das wahr sein?",
        "Wirklich?",
        "",
        "?????",
    ],
)
def test_reproach_and_what_nobody_could_answer_is_none(text: str):
    assert not asks(text)


def test_a_text_of_question_marks_is_read_once():
    assert not asks("how? " * 4_000)
