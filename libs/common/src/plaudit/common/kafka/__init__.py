"""Apache Kafka: consuming with exactly-once effect, topics, and the clients' explicit options.

The path of a record:

1. `consumer`: a `ConsumerLoop` runs one `Subscription` for as long as its process does, membership after membership.
2. `member`: a `Member` joins the group with one client and runs the subscription's workers.
3. `assignment`: the `Assignment` knows our partitions and their positions, and seeks to the offsets of the database.
4. `worker`: a `Worker` polls its share of the partitions and applies one batch at a time. `batch_size` says how many
   records that is, `fetch_wait` how long the broker keeps a fetch open; `plain_records` spares an object around each.
5. `decoding`: a `Decoder` reads each record's envelope and number: the next one, a repeat (skipped), a gap (halts).
6. `transaction`: a `BatchTransaction` locks the order keys, moves the `positions` rows by compare-and-set, holds back
   records behind an open letter, calls the handler, appends what it returns to the outbox, and writes `dead_letters`.
7. `failures`: a table says what a failure of that transaction means: retry, split, set the record aside, or stop.
8. `fuse`: too many failed records stop the consumer, before the transaction that has them commits.
9. After the commit the worker moves the positions on in memory; Kafka's own offsets are only a hint about lag.
"""
