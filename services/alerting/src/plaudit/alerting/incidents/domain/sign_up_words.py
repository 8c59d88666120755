"""Words of ours for signing up to the mails of an incident, by language."""

from collections.abc import Mapping
from typing import Final, NamedTuple


class SignUpWords(NamedTuple):
    """The words of one language."""

    offer: str
    """The link to the page, and its heading."""
    lead: str
    address: str
    consent: str
    """Beside the box, which nothing ticks but the reader."""
    ask: str
    """The button that asks for the mail."""
    needs_address: str
    needs_consent: str
    sent: str
    sent_lead: str
    confirm_subject: str
    confirm_text: str
    confirm_link: str
    question: str
    confirm: str
    """The button."""
    is_told: str
    stop: str
    """The button."""
    is_not_told: str
    is_over: str
    is_full: str
    """As many are told as may be: nobody else is."""


SIGN_UP_WORDS: Final[Mapping[str, SignUpWords]] = {
    "en": SignUpWords(
        "Be told by mail",
        "You get a mail with each update of this incident, and none of anything else. When it is over, we erase your "
        "address.",
        "E-mail address",
        "Yes, write to me about this incident.",
        "Send me a link",
        "Write one e-mail address, such as ada@example.com.",
        "Tick the box: without it we do not write to you.",
        "Look into your mailbox",
        "If this address may be written to, a mail with a link is on its way. Only who opens it and agrees is told. "
        "The link works for two days.",
        "Please confirm",
        "Somebody, most likely you, wants to be told of this incident at this address. If you do nothing, you are not "
        "told, and we erase the address after two days.",
        "Confirm, or stop it later",
        "Do you want to be told of this incident by mail?",
        "Yes, tell me",
        "You get a mail with each update of this incident.",
        "Stop these mails",
        "You get no mails about this incident.",
        "This incident is over. Nobody is told of it any more.",
        "So many people get these mails that nobody can be added. The page of the incident shows each update.",
    ),
    "de": SignUpWords(
        "Per E-Mail informiert werden",
        "Sie bekommen eine E-Mail bei jeder Meldung zu dieser Störung, und sonst keine. Wenn sie vorbei ist, löschen "
        "wir Ihre Adresse.",
        "E-Mail-Adresse",
        "Ja, schreiben Sie mir zu dieser Störung.",
        "Link zuschicken",
        "Geben Sie eine E-Mail-Adresse an, etwa ada@example.com.",
        "Setzen Sie das Häkchen: ohne es schreiben wir Ihnen nicht.",
        "Sehen Sie in Ihr Postfach",
        "Wenn wir an diese Adresse schreiben dürfen, ist eine E-Mail mit einem Link unterwegs. Nur wer ihn öffnet und "
        "zustimmt, wird informiert. Der Link gilt zwei Tage.",
        "Bitte bestätigen",
        "Jemand, wohl Sie selbst, möchte unter dieser Adresse über diese Störung informiert werden. Wenn Sie nichts "
        "tun, schreiben wir nicht mehr, und wir löschen die Adresse nach zwei Tagen.",
        "Bestätigen oder später beenden",
        "Möchten Sie per E-Mail über diese Störung informiert werden?",
        "Ja, informieren Sie mich",
        "Sie bekommen eine E-Mail bei jeder Meldung zu dieser Störung.",
        "Diese E-Mails beenden",
        "Sie bekommen keine E-Mails zu dieser Störung.",
        "Diese Störung ist vorbei. Niemand wird mehr über sie informiert.",
        "So viele bekommen diese E-Mails, dass niemand mehr dazukommen kann. Die Seite der Störung zeigt jede Meldung.",
    ),
    "es": SignUpWords(
        "Recibir avisos por correo",
        "Recibirá un correo con cada aviso de esta incidencia y ninguno más. Cuando termine, borraremos su dirección.",
        "Dirección de correo electrónico",
        "Sí, escríbanme sobre esta incidencia.",
        "Enviarme un enlace",
        "Escriba una dirección de correo, como ada@example.com.",
        "Marque la casilla: sin ella no le escribimos.",
        "Mire su buzón",
        "Si podemos escribir a esta dirección, un correo con un enlace está en camino. Solo quien lo abra y acepte "
        "recibirá avisos. El enlace vale dos días.",
        "Confirme, por favor",
        "Alguien, seguramente usted, quiere recibir avisos de esta incidencia en esta dirección. Si no hace nada, no "
        "los recibirá y borraremos la dirección a los dos días.",
        "Confirmar, o dejarlo más tarde",
        "¿Quiere recibir por correo los avisos de esta incidencia?",
        "Sí, avísenme",
        "Recibirá un correo con cada aviso de esta incidencia.",
        "Dejar de recibirlos",
        "No recibe correos sobre esta incidencia.",
        "Esta incidencia ha terminado. Ya no se avisa a nadie.",
        "Tantas personas reciben estos correos que no se puede añadir a nadie más. "
        "La página de la incidencia muestra cada aviso.",
    ),
    "fr": SignUpWords(
        "Être informé par e-mail",
        "Vous recevrez un e-mail à chaque message sur cet incident, et aucun autre. Quand il sera terminé, nous "
        "effacerons votre adresse.",
        "Adresse e-mail",
        "Oui, écrivez-moi au sujet de cet incident.",
        "M'envoyer un lien",
        "Indiquez une adresse e-mail, par exemple ada@example.com.",
        "Cochez la case : sans elle, nous ne vous écrivons pas.",
        "Regardez votre boîte aux lettres",
        "Si nous pouvons écrire à cette adresse, un e-mail avec un lien est en route. Seul qui l'ouvre et accepte est "
        "informé. Le lien est valable deux jours.",
        "Veuillez confirmer",
        "Quelqu'un, sans doute vous, veut être informé de cet incident à cette adresse. Si vous ne faites rien, vous "
        "ne serez pas informé et nous effacerons l'adresse après deux jours.",
        "Confirmer, ou arrêter plus tard",
        "Voulez-vous être informé de cet incident par e-mail ?",
        "Oui, informez-moi",
        "Vous recevez un e-mail à chaque message sur cet incident.",
        "Arrêter ces e-mails",
        "Vous ne recevez aucun e-mail sur cet incident.",
        "Cet incident est terminé. Plus personne n'en est informé.",
        "Tant de personnes reçoivent ces e-mails que personne ne peut être ajouté. "
        "La page de l'incident montre chaque message.",
    ),
    "it": SignUpWords(
        "Ricevere avvisi per e-mail",
        "Riceverà una e-mail a ogni avviso su questo disservizio e nessun'altra. Quando sarà finito, cancelleremo il "
        "suo indirizzo.",
        "Indirizzo e-mail",
        "Sì, scrivetemi di questo disservizio.",
        "Inviatemi un link",
        "Scriva un indirizzo e-mail, come ada@example.com.",
        "Selezioni la casella: senza di essa non le scriviamo.",
        "Guardi nella sua casella di posta",
        "Se possiamo scrivere a questo indirizzo, una e-mail con un link è in arrivo. Solo chi lo apre e accetta "
        "riceve gli avvisi. Il link vale due giorni.",
        "Confermi, per favore",
        "Qualcuno, probabilmente lei, vuole ricevere a questo indirizzo gli avvisi su questo disservizio. Se non fa "
        "nulla, non li riceverà e cancelleremo l'indirizzo dopo due giorni.",
        "Confermare, o smettere più tardi",
        "Vuole ricevere per e-mail gli avvisi su questo disservizio?",
        "Sì, avvisatemi",
        "Riceve una e-mail a ogni avviso su questo disservizio.",
        "Non ricevere più queste e-mail",
        "Non riceve e-mail su questo disservizio.",
        "Questo disservizio è finito. Nessuno riceve più avvisi.",
        "Tante persone ricevono queste e-mail che non si può aggiungere nessuno. "
        "La pagina del disservizio mostra ogni avviso.",
    ),
    "nl": SignUpWords(
        "Bericht per e-mail krijgen",
        "U krijgt een e-mail bij elk bericht over deze storing, en verder geen. Als ze voorbij is, wissen we uw adres.",
        "E-mailadres",
        "Ja, schrijf mij over deze storing.",
        "Stuur mij een link",
        "Vul één e-mailadres in, zoals ada@example.com.",
        "Vink het vakje aan: zonder dat schrijven we u niet.",
        "Kijk in uw mailbox",
        "Als we naar dit adres mogen schrijven, is een e-mail met een link onderweg. Alleen wie die opent en instemt, "
        "krijgt bericht. De link werkt twee dagen.",
        "Bevestig dit alstublieft",
        "Iemand, waarschijnlijk u, wil op dit adres bericht krijgen over deze storing. Als u niets doet, krijgt u geen "
        "bericht en wissen we het adres na twee dagen.",
        "Bevestigen, of later stoppen",
        "Wilt u per e-mail bericht krijgen over deze storing?",
        "Ja, schrijf mij",
        "U krijgt een e-mail bij elk bericht over deze storing.",
        "Deze e-mails stoppen",
        "U krijgt geen e-mails over deze storing.",
        "Deze storing is voorbij. Niemand krijgt er nog bericht over.",
        "Zoveel mensen krijgen deze e-mails dat er niemand meer bij kan. De pagina van de storing toont elk bericht.",
    ),
    "ar": SignUpWords(
        "تلقي التحديثات بالبريد",
        "تصلك رسالة مع كل تحديث عن هذا العطل ولا شيء غيره. وعندما ينتهي نمحو عنوانك.",
        "عنوان البريد الإلكتروني",
        "نعم، راسلوني بشأن هذا العطل.",
        "أرسلوا لي رابطًا",
        "اكتب عنوان بريد إلكتروني واحدًا، مثل ada@example.com.",
        "ضع علامة في المربع: بدونها لا نراسلك.",
        "راجع صندوق بريدك",
        "إذا كان يجوز لنا أن نكتب إلى هذا العنوان فإن رسالة فيها رابط في طريقها إليك. لا تصل التحديثات إلا إلى من "
        "يفتحه ويوافق. الرابط صالح ليومين.",
        "يرجى التأكيد",
        "أراد أحد ما، والأغلب أنه أنت، تلقي تحديثات هذا العطل على هذا العنوان. إذا لم تفعل شيئًا فلن تصلك، ونمحو "
        "العنوان بعد يومين.",
        "أكّد، أو أوقفها لاحقًا",
        "هل تريد تلقي تحديثات هذا العطل بالبريد؟",
        "نعم، أخبروني",
        "تصلك رسالة مع كل تحديث عن هذا العطل.",
        "أوقفوا هذه الرسائل",
        "لا تصلك رسائل عن هذا العطل.",
        "انتهى هذا العطل. لم تعد تُرسل رسائل عنه.",
        "عدد من تصلهم هذه الرسائل كبير إلى حد لا يمكن معه إضافة أحد. تعرض صفحة العطل كل تحديث.",
    ),
    "he": SignUpWords(
        "קבלת עדכונים בדואר",
        "תגיע אליך הודעה עם כל עדכון על תקלה זו, ולא שום דבר אחר. כשהיא תסתיים נמחק את הכתובת שלך.",
        "כתובת דואר אלקטרוני",
        "כן, כתבו אליי על תקלה זו.",
        "שלחו אליי קישור",
        "יש לכתוב כתובת דואר אלקטרוני אחת, כגון ada@example.com.",
        "יש לסמן את התיבה: בלעדיה לא נכתוב אליך.",
        "כדאי לבדוק את תיבת הדואר",
        "אם מותר לנו לכתוב לכתובת זו, הודעה עם קישור בדרך. רק מי שפותח אותו ומסכים מקבל עדכונים. הקישור תקף ליומיים.",
        "נא לאשר",
        "מישהו, כנראה את או אתה, ביקש לקבל בכתובת זו עדכונים על תקלה זו. אם לא ייעשה דבר, לא יגיעו עדכונים, ואנו נמחק "
        "את הכתובת אחרי יומיים.",
        "לאשר, או להפסיק מאוחר יותר",
        "האם לשלוח אליך עדכונים על תקלה זו בדואר?",
        "כן, עדכנו אותי",
        "מגיעה אליך הודעה עם כל עדכון על תקלה זו.",
        "להפסיק את ההודעות",
        "לא מגיעות אליך הודעות על תקלה זו.",
        "תקלה זו הסתיימה. אין עוד הודעות עליה.",
        "כל כך הרבה אנשים מקבלים את ההודעות האלה, שאי אפשר להוסיף איש. דף התקלה מציג כל עדכון.",
    ),
}
"""Language → our words; the languages are those of `wording`."""
