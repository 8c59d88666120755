from plaudit.common.kafka.progress import STALLED_SECONDS, Progress


def test_a_partition_with_records_that_does_not_move_for_a_minute_is_stalled() -> None:
    progress = Progress()
    progress.observe({0: 5, 1: 7}, {0: 9, 1: 7}, 100.0)
    progress.observe({0: 5, 1: 7}, {0: 12, 1: 7}, 130.0)
    assert progress.stalled(100.0 + STALLED_SECONDS - 1) == {}
    assert progress.stalled(100.0 + STALLED_SECONDS) == {0: STALLED_SECONDS}


def test_each_move_begins_the_minute_anew() -> None:
    progress = Progress()
    progress.observe({0: 5}, {0: 9}, 100.0)
    progress.observe({0: 6}, {0: 9}, 150.0)
    assert progress.stalled(190.0) == {}
    assert progress.stalled(150.0 + STALLED_SECONDS) == {0: STALLED_SECONDS}


def test_the_minute_begins_with_the_first_record_however_long_there_was_none() -> None:
    progress = Progress()
    progress.observe({0: 5}, {0: 5}, 100.0)
    progress.observe({0: 5}, {0: 6}, 5_000.0)
    assert progress.stalled(5_001.0) == {}


def test_a_partition_that_was_taken_away_is_forgotten() -> None:
    progress = Progress()
    progress.observe({0: 5}, {0: 9}, 100.0)
    progress.observe({}, {}, 110.0)
    assert progress.stalled(1_000.0) == {}
