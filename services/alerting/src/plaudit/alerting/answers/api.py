"""HTTP: the check of drafts, and how individual published answers are."""

from typing import Annotated

from fastapi import APIRouter, Depends

from plaudit.alerting.answers import commands, store
from plaudit.alerting.answers.domain.kept_answer import individuality
from plaudit.alerting.answers.schemas import AnswerDraftIn, CheckOut, IndividualityOut, check_out, individuality_out
from plaudit.common.http import Principal, SubjectFilter, TenantTx, authorize

router = APIRouter(prefix="/v1/answers", tags=["answer checks"])
Reader = Annotated[Principal, Depends(authorize("reviews:read"))]


@router.post("/check", summary="Check a draft of an answer")
async def check_answer(principal: Reader, tx: TenantTx, body: AnswerDraftIn) -> CheckOut:
    """Say what to look at again before an answer is published. It is advice; nothing of the draft is kept.

    It is compared with the tenant's last 500 published answers, without names, numbers, addresses, greeting and
    sign-off. Findings are `same_text` and `near_copy` of an earlier answer, `only_greeting_differs`,
    `nothing_of_the_review`, `no_apology` and `no_question_or_offer` where the review is negative, `hard_to_read`, and
    `counter_attack`. Spans count Unicode code points of the text as it was sent, from 0; the end is not part of it.
    They are no offsets of UTF-16, as JavaScript and Java have them: there an emoji counts twice.

    Words of apology, offer and blame are known in Dutch, English, French, German, Italian and Spanish; what is not
    judged is in `skipped`.
    """
    return check_out(await commands.check_draft(tx, principal.tenant_id, body.draft()))


@router.get("/individuality", summary="Read how individual answers are")
async def read_individuality(principal: Reader, tx: TenantTx, subject: SubjectFilter = None) -> IndividualityOut:
    """Return how many of the last published answers are unlike any that was published before them."""
    found = await store.likenesses(tx, principal.tenant_id, subject)
    return individuality_out(individuality(found, tx.now))
