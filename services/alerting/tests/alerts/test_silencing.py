"""What a silence holds back, and what its end tells."""

import pytest
from prometheus_client import REGISTRY

from plaudit.alerting.alerts import jobs
from plaudit.alerting.alerts.commands import telling
from plaudit.alerting.alerts.store import silences
from plaudit_testing.clocks import answered, at, review
from plaudit_testing.escalating import breached, goes_to, outcomes, told
from plaudit_testing.mailbox import told_by

pytestmark = [pytest.mark.postgres, pytest.mark.usefixtures("first_answers_only")]


async def test_a_silence_holds_everything_back_and_its_end_tells_once_what_is_open(stage, api, owners, mailbox):
    body = {"subject": "acme", "until": at(25).isoformat(), "reason": "The shop is being moved."}
    refused = await api.post("/v1/silences", json={**body, "reason": "\u200b"})
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (422, "shows_nothing")
    made = await api.post("/v1/silences", json=body, headers={"idempotency-key": "one"})
    assert made.status_code == 201
    again = await api.post("/v1/silences", json=body, headers={"idempotency-key": "one"})
    assert (again.json()["id"], again.headers["idempotent-replayed"]) == (made.json()["id"], "true")
    await breached(stage, api)
    await goes_to(stage, 24.9)
    assert mailbox.mails == []
    [(_, state, reason)] = await outcomes(stage, "clock.breached")
    assert (state, "The shop is being moved." in reason) == ("withdrawn", True)
    await goes_to(stage, 25.1)
    assert told(mailbox, "silence has ended") == ["ada@acme.example"]
    assert told(mailbox) == ["ben@acme.example", "cem@acme.example"]
    await goes_to(stage, 25.2)
    assert len(told(mailbox, "silence has ended")) == 1


async def test_a_silence_can_be_ended_early(stage, api, owners, mailbox):
    alert = await breached(stage, api)
    body = {"alert_id": alert["id"], "until": at(48).isoformat(), "reason": "Known."}
    made = (await api.post("/v1/silences", json=body)).json()
    await goes_to(stage, 25)
    assert told(mailbox) == []
    assert (await api.get("/v1/silences", params={"active": True})).json()["items"][0]["id"] == made["id"]
    ended = await api.delete(f"/v1/silences/{made['id']}")
    assert (ended.json()["is_active"], ended.json()["ended_by"] is not None) == (False, True)
    await goes_to(stage, 25.1)
    assert told(mailbox) == ["ben@acme.example", "cem@acme.example"]
    assert (await api.get("/v1/silences", params={"active": True})).json()["items"] == []
    assert (await api.delete(f"/v1/silences/{made['id']}")).json()["ended_at"] == ended.json()["ended_at"]


async def test_a_notice_that_was_held_back_is_told_at_the_end(stage, api, owners, mailbox):
    await api.post("/v1/silences", json={"subject": "acme", "until": at(1).isoformat(), "reason": "Moving."})
    await stage.happens(None, review(), at(0.1))
    await stage.sends()
    await goes_to(stage, 1.1)
    [mail] = mailbox.mails
    subject = "The silence has ended: Answer by 3 March 2026, 10:00 CET: 1-star review of acme/berlin"
    assert told_by(mail) == subject
    text = mail.get_body(("plain",)).get_content()
    assert "Nobody called back" in text
    assert "http://plaudit.example/console/answers/review-1#selected" in text


async def test_that_it_is_resolved_is_told_while_a_silence_holds(stage, api, owners, mailbox):
    await breached(stage, api)
    await goes_to(stage, 24.6)
    await api.post("/v1/silences", json={"subject": "acme", "until": at(48).isoformat(), "reason": "Moving."})
    await stage.happens(review(), answered(review(), at(24.7)), at(24.7))
    await goes_to(stage, 25)
    assert told(mailbox, "Resolved") == ["ben@acme.example", "cem@acme.example"]


async def test_that_a_breach_is_taken_back_is_told_while_a_silence_holds(stage, api, owners, mailbox):
    await breached(stage, api)
    await api.post("/v1/silences", json={"subject": "acme", "until": at(48).isoformat(), "reason": "Moving."})
    await stage.happens(review(), answered(review(), at(23)), at(24.7))
    await goes_to(stage, 25)
    assert told(mailbox, "Taken back") == ["ada@acme.example"]


async def test_whoever_heard_of_an_alert_at_the_end_of_a_silence_hears_that_it_is_resolved(stage, api, owners, mailbox):
    await api.post("/v1/silences", json={"subject": "acme", "until": at(24.2).isoformat(), "reason": "Moving."})
    await breached(stage, api)
    await goes_to(stage, 24.25)
    assert told(mailbox, "silence has ended") == ["ada@acme.example"]
    await stage.happens(review(), answered(review(), at(23)), at(24.3))
    await goes_to(stage, 24.4)
    assert told(mailbox, "Resolved") + told(mailbox, "Taken back") == ["ada@acme.example"]


async def test_what_is_resolved_between_the_end_of_a_silence_and_its_mail_is_not_told(stage, api, owners, mailbox):
    await api.post("/v1/silences", json={"subject": "acme", "until": at(24.2).isoformat(), "reason": "Moving."})
    await breached(stage, api)
    await stage.move_to(at(24.25))
    await stage.escalates()
    await stage.happens(review(), answered(review(), at(23)), at(24.3))
    await stage.sends()
    assert mailbox.mails == []


async def test_two_silences_that_follow_each_other_each_tell_what_is_still_open(stage, api, owners, mailbox):
    await breached(stage, api)
    for hour in (24.2, 26.2):
        body = {"subject": "acme", "until": at(hour + 1).isoformat(), "reason": "Moving."}
        await stage.move_to(at(hour))
        await api.post("/v1/silences", json=body)
        await goes_to(stage, hour + 1.02)
        await goes_to(stage, hour + 1.1)
    assert told(mailbox, "silence has ended") == ["ada@acme.example", "ada@acme.example"]


async def test_what_another_silence_still_holds_is_told_when_that_one_ends(stage, api, owners, mailbox):
    alert = await breached(stage, api)
    for scope in ({"alert_id": alert["id"]}, {"subject": "acme/berlin"}):
        until = at(25.2 if "subject" in scope else 24.8).isoformat()
        await api.post("/v1/silences", json={**scope, "until": until, "reason": "Moving."})
    await goes_to(stage, 25.1)
    assert told(mailbox, "silence has ended") + told(mailbox) == []
    await goes_to(stage, 25.3)
    assert told(mailbox, "silence has ended") == ["ada@acme.example"]
    assert told(mailbox) == ["ben@acme.example", "cem@acme.example"]


async def test_more_alerts_than_are_read_at_a_time_are_all_told_when_a_silence_ends(
    stage, api, owners, mailbox, monkeypatch
):
    monkeypatch.setattr(telling, "READ_AT_A_TIME", 2)
    await api.post("/v1/silences", json={"subject": "acme", "until": at(25).isoformat(), "reason": "Moving."})
    for number in range(5):
        await stage.happens(None, review(), at(0), review_id=f"review-{number}")
    await goes_to(stage, 24.01)
    await goes_to(stage, 25.01)
    await goes_to(stage, 25.05)
    to_owner = [told_by(mail) for mail in mailbox.mails if mail["To"] == "ada@acme.example"]
    assert len(to_owner) == 2
    assert to_owner[1] == "4 at once: 4 still open"


async def test_a_silence_of_one_source_lets_the_others_through(stage, api, owners, mailbox):
    body = {"subject": "acme", "source_id": "another", "until": at(2).isoformat(), "reason": "Moving."}
    await api.post("/v1/silences", json=body)
    await stage.happens(None, review(), at(0))
    await stage.sends()
    assert told(mailbox, "Answer by") == ["ada@acme.example"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"subject": "acme", "until": at(31 * 24).isoformat(), "reason": "Too long."}, 409),
        ({"subject": "acme", "until": at(-1).isoformat(), "reason": "Past."}, 409),
        ({"subject": "acme", "until": at(1).isoformat(), "reason": "  "}, 422),
        ({"until": at(1).isoformat(), "reason": "Nothing."}, 422),
        ({"alert_id": "01956e1c-8a50-7c3e-9d41-2f6f0a5b7c11", "until": at(1).isoformat(), "reason": "None."}, 404),
    ],
)
async def test_a_silence_that_cannot_be_is_refused(api, body, status):
    refused = await api.post("/v1/silences", json=body)
    assert (refused.status_code, refused.headers["content-type"]) == (status, "application/problem+json")


async def test_a_statutory_alert_is_never_silenced(stage, api, owners, mailbox):
    alert = await breached(stage, api)
    await stage.rows("UPDATE alerts SET is_statutory = true RETURNING id")
    body = {"alert_id": alert["id"], "until": at(48).isoformat(), "reason": "Known."}
    assert (await api.post("/v1/silences", json=body)).status_code == 409
    await api.post("/v1/silences", json={"subject": "acme", "until": at(48).isoformat(), "reason": "Known."})
    await goes_to(stage, 25)
    assert told(mailbox) == ["ben@acme.example", "cem@acme.example"]


async def test_a_silence_whose_end_cannot_be_told_is_set_aside_and_holds_up_no_other(stage, api, owners, monkeypatch):
    for hours, subject in ((1, "acme/berlin"), (2, "acme")):
        body = {"subject": subject, "until": at(hours).isoformat(), "reason": "Known."}
        await api.post("/v1/silences", json=body, headers={"idempotency-key": subject})
    tells = jobs.tell_unsilenced

    async def raises_on_berlin(tx, silence, fallback):
        if silence.subject_prefix == "acme/berlin":
            await tx.raw.execute("SELECT 1 / 0")
        return await tells(tx, silence, fallback)

    monkeypatch.setattr(jobs, "tell_unsilenced", raises_on_berlin)
    await stage.move_to(at(3))
    assert [await stage.silences.turn() for _ in range(3)] == [1, 1, 0]
    assert not await stage.silences.has_work()
    found = await stage.rows("SELECT told_at IS NULL AS waits, failed_at, error FROM silences ORDER BY until")
    assert [row["waits"] for row in found] == [True, False]
    assert "division by zero" in found[0]["error"]
    async with stage.worker.transaction() as tx:
        await jobs.count_silences_set_aside(tx, tx.now)
    assert REGISTRY.get_sample_value("plaudit_silences_set_aside") == 1


async def test_the_end_of_a_silence_reads_no_clock_of_which_nothing_was_held_back(stage):
    for number in range(20):
        await stage.happens(None, review(), at(0), review_id=f"review-{number}")
    counted = "pg_stat_xact_user_tables WHERE relid = 'alerting.clocks'::regclass"
    read = f"SELECT seq_tup_read + coalesce(idx_tup_fetch, 0) FROM {counted}"
    async with stage.worker.transaction() as tx:
        before = await tx.raw.fetchval(read)
        assert await tx.raw.fetch(silences._STILL_RUNNING, "default", "acme", None, at(0), None, None, 500) == []
        assert await tx.raw.fetchval(read) == before
