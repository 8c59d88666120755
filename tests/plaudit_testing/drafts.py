"""Answers as the study of them has them: one template, the same reworded, and answers of people."""

TEMPLATE = (
    "Dear Sarah,\n\nThank you for your review of the Breeze 200. We are sorry that your order 4711 did not meet your "
    "expectations. Customer satisfaction is our highest priority, and we take your feedback very seriously. Please "
    "contact our support team at help@acme.example so that we can find a solution.\n\nKind regards,\nYour Acme team"
)
TEMPLATE_OF_ANOTHER = (
    TEMPLATE.replace("Sarah", "Mr. Miller").replace("Breeze 200", "Aurora X5").replace("4711", "99-12")
)
SIGNED_BY_ANOTHER = TEMPLATE.replace("Kind regards,\nYour Acme team", "Best wishes\nPeter").replace("Dear", "Hello")
REWORDED = (
    "Dear Sarah,\n\nMany thanks for your kind review of the Breeze 200. We regret that your order 4711 did not quite "
    "meet your expectations this time. The satisfaction of our customers is our highest priority, so we take such "
    "feedback seriously. Please get in touch with our support team at help@acme.example; together we can find a good "
    "solution. \n\nKind regards,\nYour Acme team"
)
BY_PEOPLE = (
    (
        "Hi Tom, that the left hinge broke on the second day should not happen. A new door goes out tomorrow by "
        "courier, and the carpenter will ring you before noon to fit it. Keep the old one, he takes it along."
    ),
    (
        "Hello Ayse, the driver was looking for number 12 in the back yard, where your bell is not. I have added a "
        "note for the next parcels and paid back the shipping this morning. Would Thursday evening suit you for "
        "another try?"
    ),
    (
        "Good morning Jan, you paid twice since our till froze while the card was read. The second amount was booked "
        "back at ten o'clock; your bank may need two days. I stood at that till myself, and I am sorry for the fright."
    ),
    (
        "Dear Mrs. Olsen, both lamps of that batch flicker when they are dimmed below a third. We have stopped selling "
        "it. Send me a photo of the label, and you get one of the older kind, or your money, as you like."
    ),
)
NAMES = ("Sarah", "Breeze 200")
NAMES_OF_ANOTHER = ("Miller", "Aurora X5")
