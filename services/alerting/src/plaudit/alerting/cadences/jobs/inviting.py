"""What a mail to a customer still lacks as it leaves: the address, the consent and the link, asked for just then."""

from plaudit.alerting.cadences.domain.invitations import MAIL_TOPIC, known_in, words_for
from plaudit.common.delivery.commands import Complete, Ready, Withdraw
from plaudit.common.delivery.contacts import AddressBook

NO_SUCH_MAIL = "nothing of this topic is mailed to customers"


def completing(book: AddressBook) -> Complete:
    """Return what completes mails to customers by an address book.

    It raises `NotCompletedError` where the book does not answer.
    """

    async def complete(ready: Ready) -> Ready | Withdraw:
        delivery = ready.delivery
        if delivery.topic != MAIL_TOPIC:
            return Withdraw(NO_SUCH_MAIL)
        known = known_in(ready.content)
        contact = await book.contact(delivery.tenant_id, delivery.person_key, known.survey)
        said = words_for(known, contact)
        return Withdraw(said) if isinstance(said, str) else Ready(delivery, said, address=contact.address)

    return complete
