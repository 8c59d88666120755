from pathlib import Path

import jsonschema
import msgspec
import pytest

from plaudit.common.contracts import TOPICS, Envelope
from plaudit.common.contracts.examples import examples
from plaudit.common.contracts.generate import committed_examples, documents
from plaudit.common.settings import Settings

DIRECTORY = Path(__file__).parents[4] / "docs" / "contracts"
TYPES = {name: data for topic in TOPICS.values() for name, data in topic.types.items()}
RENEW = "run `make contracts` and commit what it writes"


@pytest.mark.parametrize("name", list(documents()))
def test_the_committed_document_is_what_the_models_say(name):
    path = DIRECTORY / name
    assert path.exists(), RENEW
    assert path.read_bytes() == documents()[name], RENEW


def test_no_document_is_left_of_a_type_that_is_gone():
    on_disk = {str(path.relative_to(DIRECTORY)) for path in DIRECTORY.glob("schemas/*/*.json")}
    assert on_disk == {name for name in documents() if name.startswith("schemas/")}


@pytest.mark.parametrize(("name", "message"), list(examples()))
def test_the_newest_committed_example_is_the_one_the_models_make(name, message):
    newest = committed_examples(DIRECTORY)[name][-1]
    assert newest.read_bytes() == msgspec.json.format(message, indent=2) + b"\n", RENEW


@pytest.mark.parametrize("path", [path for paths in committed_examples(DIRECTORY).values() for path in paths], ids=str)
def test_every_example_ever_committed_still_parses(path):
    envelope = msgspec.json.decode(path.read_bytes(), type=Envelope[TYPES[path.parent.name]])
    assert envelope.type == path.parent.name


@pytest.mark.parametrize(("name", "message"), list(examples()))
def test_every_example_is_valid_under_its_generated_schema(name, message):
    topic = next(topic for topic in TOPICS.values() if name in topic.types)
    schema = msgspec.json.decode(documents()[f"schemas/{topic.name}/{name}.schema.json"])
    jsonschema.Draft202012Validator(schema).validate(msgspec.json.decode(message))


def test_a_consumer_ignores_fields_it_does_not_know():
    for name, message in examples():
        newer = msgspec.json.decode(message)
        newer["data"]["added_later"] = {"any": "thing"}
        newer["laterextension"] = "x"
        assert msgspec.json.decode(msgspec.json.encode(newer), type=Envelope[TYPES[name]]).type == name


def test_every_type_belongs_to_exactly_one_topic():
    assert sum(len(topic.types) for topic in TOPICS.values()) == len(TYPES)


def schema_of(name):
    topic = next(topic for topic in TOPICS.values() if name in topic.types)
    return msgspec.json.decode(documents()[f"schemas/{topic.name}/{name}.schema.json"])


@pytest.mark.parametrize(
    "wrong",
    [
        {"type": "review.edited"},
        {"type": "x"},
        {"source": "http://[bad"},
        {"source": "/plaudit/scoring"},
        {"traceparent": "x"},
        {"traceparent": "00-00000000000000000000000000000000-00f067aa0ba902b7-01"},
        {"traceparent": "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01"},
        {"tracestate": ""},
        {"tracestate": "congo"},
        {"tracestate": "Congo=1"},
        {"tracestate": "congo=1, rojo=2"},
        {"tracestate": ",".join(f"k{number}=1" for number in range(33))},
        {"tracestate": "k=" + "v" * 256 + ",l=" + "v" * 254},
        {"time": "yesterday"},
        {"time": "2026-03-07T09:31:02"},
        {"time": 1772876000},
    ],
    ids=str,
)
def test_the_schema_of_a_type_refuses_what_no_event_of_it_is(wrong):
    event = msgspec.json.decode(dict(examples())["review.created"])
    validator = jsonschema.Draft202012Validator(schema_of("review.created"))
    validator.validate(event)
    assert not validator.is_valid(event | wrong)


def test_the_number_of_partitions_is_the_one_that_topics_are_made_with():
    described = msgspec.json.decode(documents()["topics.json"])
    wanted = Settings.model_fields["partitions"].default
    assert {topic["partitions"] for topic in described.values()} == {wanted}
