"""What is answered to a question for an address; a link of a survey is an invitation like any other."""

from uuid import UUID

from plaudit.common.delivery.contacts import Question
from plaudit.common.delivery.domain.contact import Contact
from plaudit.common.outbox import SqlUnitOfWork
from plaudit.common.vault import Vault
from plaudit.ingest.contacts import store as contacts
from plaudit.ingest.contacts.domain import Consent, UnopenedAddressError
from plaudit.ingest.sources import store as sources
from plaudit.ingest.surveys import commands as surveys
from plaudit.ingest.surveys import store as survey_store
from plaudit.ingest.surveys.commands import Invited
from plaudit.ingest.surveys.domain.invitations import DEFAULT_DAYS, Wanted
from plaudit.ingest.surveys.domain.survey import SurveyClosedError

NO_SURVEY = "there is no such survey"


async def answer(work: SqlUnitOfWork, question: Question, vault: Vault, links: str) -> Contact:
    """Return the address and the consent of a person, and a link of the survey that is asked for.

    A person without an address, or who has denied consent, gets no link.

    Args:
        work: the open unit of work of the question's tenant.
        question: who is asked for.
        vault: opens the address.
        links: what a link of a survey begins with, before its token.

    Raises:
        UnopenedAddressError: the address cannot be decrypted at present.
        UnopenedSecretError: the secret that signs links cannot be decrypted at present.
    """
    found = (await contacts.find(work.tx, question.tenant_id, [question.person], vault)).get(question.person)
    if found is None:
        return Contact()
    if found.address is None:
        raise UnopenedAddressError
    link, why = "", ""
    if question.survey and found.consent is not Consent.DENIED:
        link, why = await _link(work, question, vault, links)
    return Contact(
        address=found.address,
        consent=found.consent.value,
        consent_at=found.consent_at,
        link=link,
        why_no_link=why,
    )


async def _link(work: SqlUnitOfWork, question: Question, vault: Vault, links: str) -> tuple[str, str]:
    """Return the person's link, or why there is none."""
    tenant_id = question.tenant_id
    try:
        survey_id = UUID(question.survey)
    except ValueError:
        return "", NO_SURVEY
    counted = await survey_store.get(work.tx, tenant_id, survey_id)
    source = await sources.get(work.tx, tenant_id, survey_id, vault)
    if counted is None or source is None:
        return "", NO_SURVEY
    wanted = [Wanted(question.person, source.subject)]
    try:
        judged = await surveys.invite(work, counted.survey, source, wanted, DEFAULT_DAYS, vault)
    except SurveyClosedError as error:
        return "", str(error)
    [invited] = judged.each
    return (f"{links}{invited.token}", "") if isinstance(invited, Invited) else ("", invited.detail)
