"""faust-streaming: the rows are a table, in memory and in a changelog topic; `FAUST_GUARANTEE` says how sure.

With `at_least_once` a crash between the changelog and the offset counts events twice.
"""

import os
import sys
from typing import Any

import faust  # type: ignore[import-not-found] # it has an environment of its own

from benchmarks.peers.decayed import BOOTSTRAP, FOLDER, PARTITIONS, TOPIC, Progress, added, rows_of

progress = Progress()
app = faust.App(
    "peer-faust",
    broker=f"kafka://{BOOTSTRAP}",
    store="memory://",
    datadir=str(FOLDER),
    topic_partitions=PARTITIONS,
    topic_replication_factor=1,
    consumer_auto_offset_reset="earliest",
    processing_guarantee=os.environ.get("FAUST_GUARANTEE", "at_least_once"),
    web_enabled=False,
)
reviews = app.topic(TOPIC, key_type=bytes, value_type=None, value_serializer="json")
rows = app.Table("sums", partitions=PARTITIONS)


@app.agent(reviews)  # type: ignore[untyped-decorator] # the library is not there when types are checked
async def count(stream: Any) -> None:
    """Add each event to the rows of its prefixes."""
    async for event in stream:
        for key, is_top, sign, review in rows_of(event["data"]):
            row = added(rows.get(key), sign, review)
            rows[key] = row
            if is_top:
                progress.hold(key, row)
        if progress.one_more():
            await app.producer.flush()
            progress.tell()


if __name__ == "__main__":
    sys.argv[1:] = ["worker", "--loglevel", "warn"]
    app.main()
