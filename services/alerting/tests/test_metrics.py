from prometheus_client.parser import text_string_to_metric_families

import plaudit.alerting.metrics  # noqa: F401 - what it declares is exposed
from plaudit.common.observability import metrics


def test_the_names_that_alarms_rely_on_are_exposed():
    families = {family.name for family in text_string_to_metric_families(metrics.exposition().decode())}
    assert {"plaudit_timer_lateness_seconds", "plaudit_message_attempts"} <= families
