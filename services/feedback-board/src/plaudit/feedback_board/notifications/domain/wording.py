"""The words of the board's mails, by language."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from plaudit.feedback_board.requests.domain.status import Status

DEFAULT_LANGUAGE: Final = "en"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """The words of one language."""

    language: str
    subjects: Mapping[Status, str]
    """With `{title}`."""
    headings: Mapping[Status, str]
    you_asked: str
    what_we_say: Mapping[Status, str]
    open_label: str
    reasons: Mapping[str, str]
    """How the person has to do with the request → why they get the mail."""
    stop_label: str
    choose_label: str

    def because(self, why: Sequence[str]) -> str:
        """Return why the person gets the mail: the first reason of the list that is theirs."""
        return next((words for name, words in self.reasons.items() if name in why), "")


_ENGLISH: Final = Wording(
    language="en",
    subjects={
        Status.OPEN: "Open again: {title}",
        Status.UNDER_REVIEW: "We look at it: {title}",
        Status.PLANNED: "Planned: {title}",
        Status.IN_PROGRESS: "We are building it: {title}",
        Status.SHIPPED: "We built it: {title}",
        Status.DECLINED: "We decided against it: {title}",
    },
    headings={
        Status.OPEN: "What you asked for is open again",
        Status.UNDER_REVIEW: "We look at what you asked for",
        Status.PLANNED: "You asked, we plan it",
        Status.IN_PROGRESS: "You asked, we are building it",
        Status.SHIPPED: "You asked, we built it",
        Status.DECLINED: "You asked, and we decided against it",
    },
    you_asked="You asked for:",
    what_we_say={
        Status.OPEN: "Why:",
        Status.UNDER_REVIEW: "What we say:",
        Status.PLANNED: "What we plan:",
        Status.IN_PROGRESS: "What we do:",
        Status.SHIPPED: "What changed:",
        Status.DECLINED: "Why:",
    },
    open_label="See the request",
    reasons={
        "asked": "You get this because you made the request.",
        "voted": "You get this because you voted for it.",
        "commented": "You get this because you commented on it.",
        "chosen": "You get this because you follow it.",
        "reviewed": "You get this because you wrote a review that asks for it.",
    },
    stop_label="Stop mails about this request",
    choose_label="Choose what you are told",
)
_GERMAN: Final = Wording(
    language="de",
    subjects={
        Status.OPEN: "Wieder offen: {title}",
        Status.UNDER_REVIEW: "Wir prüfen es: {title}",
        Status.PLANNED: "Geplant: {title}",
        Status.IN_PROGRESS: "Wir bauen es: {title}",
        Status.SHIPPED: "Umgesetzt: {title}",
        Status.DECLINED: "Wir haben uns dagegen entschieden: {title}",
    },
    headings={
        Status.OPEN: "Ihr Wunsch ist wieder offen",
        Status.UNDER_REVIEW: "Wir prüfen, was Sie sich gewünscht haben",
        Status.PLANNED: "Sie haben gefragt, wir planen es",
        Status.IN_PROGRESS: "Sie haben gefragt, wir bauen es",
        Status.SHIPPED: "Sie haben gefragt, wir haben es gebaut",
        Status.DECLINED: "Sie haben gefragt, und wir haben uns dagegen entschieden",
    },
    you_asked="Sie haben sich gewünscht:",
    what_we_say={
        Status.OPEN: "Warum:",
        Status.UNDER_REVIEW: "Was wir dazu sagen:",
        Status.PLANNED: "Was wir planen:",
        Status.IN_PROGRESS: "Was wir tun:",
        Status.SHIPPED: "Was sich geändert hat:",
        Status.DECLINED: "Warum:",
    },
    open_label="Zum Eintrag",
    reasons={
        "asked": "Sie erhalten diese Mail, weil der Eintrag von Ihnen ist.",
        "voted": "Sie erhalten diese Mail, weil Sie dafür gestimmt haben.",
        "commented": "Sie erhalten diese Mail, weil Sie dazu geschrieben haben.",
        "chosen": "Sie erhalten diese Mail, weil Sie dem Eintrag folgen.",
        "reviewed": "Sie erhalten diese Mail, weil Ihre Bewertung danach fragt.",
    },
    stop_label="Keine Mails mehr zu diesem Eintrag",
    choose_label="Wählen, was Sie erfahren",
)
WORDINGS: Final[Mapping[str, Wording]] = {each.language: each for each in (_ENGLISH, _GERMAN)}
"""Language → its words; another one gets `DEFAULT_LANGUAGE`."""
