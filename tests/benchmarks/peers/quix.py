"""Quix Streams: the rows are its state, in RocksDB and in a changelog topic; exactly once by Kafka's transactions.

Its state belongs to a message's key. All prefixes of a subject share the key of their events, so that it fits here.
"""

from typing import Any

from quixstreams import Application  # type: ignore[import-not-found] # it has an environment of its own

from benchmarks.peers.decayed import BOOTSTRAP, EVENTS, FOLDER, TOPIC, Progress, added, rows_of

progress = Progress()


def count(event: dict[str, Any], state: Any) -> None:
    """Add one event to the rows of its prefixes."""
    for key, is_top, sign, review in rows_of(event["data"]):
        row = added(state.get(key), sign, review)
        state.set(key, row)
        if is_top:
            progress.hold(key, row)
    progress.one_more()


def main() -> None:
    """Count all events."""
    app = Application(
        broker_address=BOOTSTRAP,
        consumer_group="peer-quix",
        auto_offset_reset="earliest",
        state_dir=FOLDER / "state",
        processing_guarantee="exactly-once",
        loglevel="WARNING",
    )
    frame = app.dataframe(app.topic(TOPIC, key_deserializer="str", value_deserializer="json"))
    frame.update(count, stateful=True)
    app.run(frame, count=EVENTS, collect=False)
    progress.end()


if __name__ == "__main__":
    main()
