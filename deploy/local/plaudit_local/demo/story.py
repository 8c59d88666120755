"""The demo story: three invented businesses, what their customers say, and what they ask for."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice, product


@dataclass(frozen=True)
class Review:
    """One review: when (days ago; 0 is now), where, how many stars, and what was said."""

    days_ago: float
    subject: str
    rating: int
    title: str
    text: str
    author: str
    answer: str = ""
    answered_hours_later: float = 0.0
    raised_to: int = 0
    """Stars that the customer gives instead, some days after the answer; 0 where they leave it."""
    raised_days_later: float = 0.0


@dataclass(frozen=True)
class Marker:
    """Something that was done or happened, days ago."""

    days_ago: float
    subject: str
    kind: str
    name: str


@dataclass(frozen=True)
class Request:
    """One request on the board, its votes, and what became of it."""

    title: str
    text: str
    votes: int
    impact: str = ""
    effort_weeks: str = ""
    status_steps: tuple[tuple[str, str], ...] = ()
    linked_titles: tuple[str, ...] = ()


BUSINESSES = {
    "kite-coffee": "Kite Coffee",
    "northlight-bikes": "Northlight Bikes",
    "harbour-dental": "Harbour Dental",
}

REVIEWS: tuple[Review, ...] = (
    Review(512, "kite-coffee/porto", 5, "Corner table, good flat white", "Quiet on weekday mornings, and they remember what you drink.", "Inês"),
    Review(498, "kite-coffee/porto", 4, "Nice, a bit loud", "The grinder sits right beside the seats. Coffee is lovely.", "Tomás"),
    Review(471, "kite-coffee/ghent", 3, "Slow at lunch", "Twenty minutes for two sandwiches at noon, though the soup was worth it.", "Lotte"),
    Review(455, "kite-coffee/ghent", 5, "Best oat cortado in town", "I cycle ten minutes further for it.", "Wout"),
    Review(430, "kite-coffee/porto", 2, "App lost my stamps", "Nine stamps gone after the update and nobody at the till could help.", "Rui",
         "Rui, we have put the ten stamps back by hand and the app team has found the cause.", 5),
    Review(402, "kite-coffee/porto", 5, "Kind staff", "They let us stay past closing when the rain came down.", "Beatriz"),
    Review(377, "kite-coffee/ghent", 4, "Solid", "Reliable, warm, a little expensive.", "Jonas"),
    Review(341, "kite-coffee/ghent", 1, "Charged twice", "The card machine charged me twice, and the refund took three weeks.", "Elke",
         "Elke, three weeks is far too long. Refunds are now made at the till the same day.", 20),
    Review(300, "kite-coffee/porto", 5, "Sunday ritual", "Cinnamon buns at nine, gone by ten. Come early.", "Marta"),
    Review(266, "kite-coffee/ghent", 5, "Plugs at every table", "I wrote half my thesis here.", "Noor"),
    Review(221, "kite-coffee/porto", 4, "Good beans", "Bought a bag to take home, very fresh.", "Pedro"),
    Review(180, "kite-coffee/ghent", 2, "No oat milk, again", "Third time this month. Please order more of it.", "Fien",
         "You are right, Fien. We have doubled the weekly order.", 11),
    Review(143, "kite-coffee/porto", 5, "They fixed the app", "My stamps came back, and the new version is quick.", "Rui S."),
    Review(97, "kite-coffee/ghent", 4, "Better at lunch now", "A second person at the till makes all the difference.", "Lotte V."),
    Review(61, "kite-coffee/porto", 5, "Flat white worth the walk", "Silky, not too hot, and a smile with it.", "Joana"),
    Review(33, "kite-coffee/ghent", 5, "Refund in a minute", "They charged me wrongly and put it right before I had found my wallet.", "Stijn",
         "Thank you for saying so, Stijn. That is what the till is for now.", 2),
    Review(12, "kite-coffee/porto", 3, "Queue out of the door", "Worth it once, not every day. Ordering ahead would help.", "Duarte",
         "Duarte, ordering ahead is planned. Until then the queue is shortest before eight.", 26),
    Review(4, "kite-coffee/ghent", 4, "Lovely terrace", "Blankets on every chair.", "Amélie"),
    Review(489, "northlight-bikes/rotterdam", 5, "Smooth rental", "Booked at eight, riding at nine, returned at six.", "Sanne"),
    Review(466, "northlight-bikes/rotterdam", 1, "Flat battery, no help", "The e-bike died after eleven kilometres and the hotline rang out.", "Mehmet",
         "Mehmet, your rental is refunded. The hotline now rings a second team after a minute.", 9),
    Review(420, "northlight-bikes/basel", 4, "Good bikes, stiff saddle", "Everything well kept. Bring padded shorts.", "Nina"),
    Review(388, "northlight-bikes/basel", 5, "Child seat fitted in minutes", "They adjusted everything and showed us a quiet route.", "Luca"),
    Review(345, "northlight-bikes/rotterdam", 2, "Deposit came back late", "Nineteen days for a hundred euro deposit.", "Anouk",
         "Anouk, nineteen days is far too long. Yours was sent back today.", 30),
    Review(310, "northlight-bikes/basel", 5, "A day along the Rhine", "The route map they lend you is worth more than the bike.", "Céline"),
    Review(255, "northlight-bikes/rotterdam", 3, "Fine, but the lock", "The lock needs three hands in the rain.", "Bram"),
    Review(199, "northlight-bikes/basel", 1, "Wrong size twice", "I gave my height in the booking. The bike was for someone a head taller, twice.", "Sophie",
         "Sophie, sizes from the booking now print on the tag of each bike. Thank you for telling us.", 16),
    Review(150, "northlight-bikes/rotterdam", 5, "Battery lasted all day", "Sixty kilometres with a headwind and still a bar left.", "Daan"),
    Review(104, "northlight-bikes/basel", 4, "Easy return", "You lock it, take a photo, done.", "Matteo"),
    Review(58, "northlight-bikes/rotterdam", 2, "Deposit, day nine", "Better than the year before, I am told. Still waiting.", "Joris",
         "Joris, it went out this morning; by spring deposits will return on the day.", 7,
         raised_to=4, raised_days_later=3),
    Review(20, "northlight-bikes/basel", 5, "New locks!", "One click. Finally a lock for people with gloves on.", "Bruno"),
    Review(6, "northlight-bikes/rotterdam", 4, "Good fun", "The kids want to do it again on Sunday.", "Yara"),
    Review(440, "harbour-dental", 5, "No fear any more", "Dr Lind explains each step before she does it.", "Karin"),
    Review(367, "harbour-dental", 4, "Punctual", "Ten minutes' wait at the most in four visits.", "Oskar"),
    Review(289, "harbour-dental", 2, "A bill nobody explained", "Two positions on the bill that nobody could explain on the phone.", "Greta",
         "Greta, we called you and took off the one that was wrong. Bills now carry a plain-language line each.", 22),
    Review(214, "harbour-dental", 5, "Saved my holiday", "Broken tooth on Friday at five, mended by six.", "Henrik"),
    Review(120, "harbour-dental", 5, "Gentle with children", "My daughter waved goodbye. That says it all.", "Maja"),
    Review(44, "harbour-dental", 3, "Hard to reach by phone", "The line is busy all morning. Booking online would be a relief.", "Elin",
         "Elin, a second line is open from Monday, and we are looking at booking online.", 3),
    Review(9, "harbour-dental", 5, "Clear bill", "Each line in plain words, as they said they would.", "Greta L."),
)  # fmt: skip

FRESH: tuple[Review, ...] = (
    Review(0, "kite-coffee/porto", 1, "Closed without a word", "The door said open until seven, it was shut at five. I came across town for it.", "Sílvia"),
    Review(0, "northlight-bikes/rotterdam", 2, "Brakes squealed all day", "They worked, but every dog in the city turned round.", "Femke"),
    Review(0, "harbour-dental", 2, "Forty minutes in the waiting room", "No word why, and I had to go back to work with half a filling.", "Anton",
         "Anton, we had an emergency and should have told you. Your next visit is early and on us.", 0.05),
)  # fmt: skip

REQUESTS: tuple[Request, ...] = (
    Request("Order ahead from the app", "Pick a time, walk past the queue, take the cup.", 23, "2", "4",
         (("under_review", "Many ask for it at both cafés; we are looking at what the tills can do."),
          ("planned", "The tills can do it. We begin after the summer menu.")),
         ("Queue out of the door",)),
    Request("Deposits back on the same day", "A returned bike should mean a returned deposit, not a wait of weeks.", 31, "3", "3",
         (("under_review", "Two reviews and thirty people say the same."),
          ("planned", "Our bank offers instant transfers from spring."),
          ("in_progress", "Rotterdam tries it first.")),
         ("Deposit came back late", "Deposit, day nine")),
    Request("A lock that opens with one hand", "Three hands in the rain is one too many.", 18, "1", "2",
         (("planned", "We found a lock that clicks."),
          ("in_progress", "Half of the Basel bikes have it."),
          ("shipped", "All bikes have the new lock. Thank you, Bram.")),
         ("Fine, but the lock", "New locks!")),
    Request("Refunds at the till", "If the card machine errs, the till should be able to undo it.", 14, "2", "1.5",
         (("planned", "Nobody should wait three weeks for their own money."),
          ("in_progress", "Ghent can do it, Porto follows."),
          ("shipped", "Both cafés refund at the till, on the spot.")),
         ("Charged twice", "Refund in a minute")),
    Request("Book a dentist online", "The phone is busy when I have time, and free when I do not.", 12, "2", "6",
         (("under_review", "We are asking the practice software's makers."),),
         ("Hard to reach by phone",)),
    Request("Plain words on every bill", "One sentence beside each position: what it was and why it was needed.", 9, "1", "1",
         (("planned", "Agreed with the billing office."), ("in_progress", "Being written."),
          ("shipped", "Every bill since the first of the month has them.")),
         ("A bill nobody explained", "Clear bill")),
    Request("Say when the café closes early", "A line in the app before I cross the town.", 3),
    Request("Route maps to take home", "The map of the Rhine should be for sale.", 5, "0.5", "1",
         (("declined", "The maps are lent to us by the city; they may not be sold. You find the route on its site."),),
         ("A day along the Rhine",)),
)  # fmt: skip

_MOMENTS = (
    "Monday before work.",
    "Tuesday at noon.",
    "A rainy Friday.",
    "Saturday with the children.",
    "On the way to the train.",
    "Sunday after a walk.",
    "Lunch break.",
    "Third visit.",
    "With a friend from abroad.",
    "Between two meetings.",
    "After the gym.",
    "Thursday, early.",
)
_QUEUES = (
    "The queue went out of the door.",
    "Long queue.",
    "One till and a long queue.",
    "The queue moves slowly.",
    "I left the queue without coffee.",
    "A long queue and slow service.",
)
_STAMPS = (
    "The app lost my stamps.",
    "My stamps were gone after the update.",
    "Lost stamps again.",
    "No stamps, whatever I scan.",
)
_PRAISE = (
    "Friendly staff.",
    "Friendly staff and a lovely flat white.",
    "The staff remember what you drink.",
    "Fresh buns and friendly staff.",
    "Friendly staff, good beans.",
    "Lovely terrace with blankets.",
    "Such friendly staff, as ever.",
)
_SORRY = "Sorry for that, and thank you for telling us. We are on it."
_THANKS = "Thank you, see you soon."
_STRIDE = 7
"""Has no divisor in common with a count of reviews, so that each gets a day of its own."""
_HOURS = (1.5, 4, 9, 20, 30, 60)
_PORTO, _GHENT = "kite-coffee/porto", "kite-coffee/ghent"


def _everyday(
    texts: tuple[str, ...], ratings: tuple[int, ...], count: int, first_day: float, last_day: float
) -> Iterator[Review]:
    """Short reviews, evenly over some days: two of three are answered, and some that complain are raised afterwards."""
    step = (last_day - first_day) / max(count - 1, 1)
    for number, (text, moment) in enumerate(islice(product(texts, _MOMENTS), count)):
        rating, is_answered = ratings[number % len(ratings)], number % 3 != 2
        is_low = rating <= 2
        is_raised = is_low and number % 9 == 0
        yield Review(
            days_ago=round(first_day + number * _STRIDE % count * step, 2),
            subject=_GHENT if number % 2 else _PORTO,
            rating=rating,
            title="",
            text=f"{moment} {text}",
            author=f"Guest {number + 1}",
            answer="" if not is_answered else _SORRY if is_low else _THANKS,
            answered_hours_later=_HOURS[number % len(_HOURS)] if is_answered else 0.0,
            raised_to=3 if is_raised else 0,
            raised_days_later=4 if is_raised else 0.0,
        )


EVERYDAY: tuple[Review, ...] = (
    *_everyday(_QUEUES, (1, 2), 69, 7, 88),
    *_everyday(_PRAISE, (5, 4, 5), 82, 7, 88),
    *_everyday(_STAMPS, (2, 1), 45, 95, 175),
    *_everyday(_PRAISE, (5, 5, 4), 60, 95, 175),
)
"""What says little by itself, and together what people complain about and praise, and what changed."""

MARKERS: tuple[Marker, ...] = (
    Marker(150, "kite-coffee", "incident", "The update of the app lost stamps"),
    Marker(92, "kite-coffee", "release", "The new version of the app"),
    Marker(45, "kite-coffee", "request", "Refunds at the till"),
    Marker(24, "northlight-bikes", "request", "A lock that opens with one hand"),
    Marker(30, "harbour-dental", "content", "How to read a bill"),
)
