from plaudit_local.demo.story import BUSINESSES, EVERYDAY, FRESH, MARKERS, REQUESTS, REVIEWS


def test_every_review_is_about_a_business_of_the_story():
    assert {review.subject.split("/")[0] for review in REVIEWS + FRESH + EVERYDAY} == set(BUSINESSES)
    assert {marker.subject.split("/")[0] for marker in MARKERS} == set(BUSINESSES)


def test_every_review_that_a_request_links_to_is_told_once():
    titles = [review.title for review in REVIEWS + FRESH]
    assert [title for request in REQUESTS for title in request.linked_titles if titles.count(title) != 1] == []


def test_no_short_review_is_told_twice_among_those_that_are_compared():
    for first, last in ((0, 90), (90, 180)):
        texts = [review.text for review in EVERYDAY if first <= review.days_ago < last]
        assert len(texts) == len(set(texts)) > 40


def test_a_rating_is_raised_after_an_answer_and_before_today():
    raised = [review for review in REVIEWS + EVERYDAY if review.raised_to]
    assert raised
    for review in raised:
        assert review.answer
        assert review.answered_hours_later / 24 < review.raised_days_later < review.days_ago
        assert review.raised_to > review.rating
