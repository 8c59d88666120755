from plaudit_local.demo.story import BUSINESSES, FRESH, REQUESTS, REVIEWS


def test_every_review_is_about_a_business_of_the_story():
    assert {review.subject.split("/")[0] for review in REVIEWS + FRESH} == set(BUSINESSES)


def test_every_review_that_a_request_links_to_is_told_once():
    titles = [review.title for review in REVIEWS + FRESH]
    assert [title for request in REQUESTS for title in request.linked_titles if titles.count(title) != 1] == []
