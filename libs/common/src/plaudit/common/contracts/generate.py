"""Generate the documents of the contracts: schemas, examples and the topics' configuration, under `docs/contracts`.

`python -m plaudit.common.contracts.generate DIRECTORY` writes them. A changed example is added beside the older ones
and replaces none, since every message ever committed must still parse.
"""

import inspect
import sys
from pathlib import Path
from typing import Any

import msgspec

from plaudit.common.contracts.envelope import Envelope
from plaudit.common.contracts.examples import examples
from plaudit.common.contracts.topics import MAX_EVENT_BYTES, PARTITIONS, TOPICS


def _pretty(value: Any) -> bytes:
    return msgspec.json.format(msgspec.json.encode(value, order="deterministic"), indent=2) + b"\n"


def _with_clean_descriptions(schema: Any) -> Any:
    """Remove the indentation of docstrings, as newer Pythons do."""
    if isinstance(schema, dict):
        return {
            key: inspect.cleandoc(value)
            if key == "description" and isinstance(value, str)
            else _with_clean_descriptions(value)
            for key, value in schema.items()
        }
    if isinstance(schema, list):
        return [_with_clean_descriptions(value) for value in schema]
    return schema


def documents() -> dict[str, bytes]:
    """Return path → content of every generated document but the examples."""
    generated = {
        "topics.json": _pretty(
            {
                topic.name: {
                    "key": topic.key,
                    "writer": topic.writer,
                    "types": sorted(topic.types),
                    "partitions": PARTITIONS,
                    "partitions_setting": "PLAUDIT_PARTITIONS",
                    "max_event_bytes": MAX_EVENT_BYTES,
                    "config": dict(topic.cleanup),
                }
                for topic in TOPICS.values()
            }
        )
    }
    for topic in TOPICS.values():
        for name, data in topic.types.items():
            schema = msgspec.json.schema(Envelope[data])  # type: ignore[valid-type] # the registry holds types as values
            schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
            schema["title"] = f"{name} on {topic.name}"
            envelope = schema["$defs"][schema["$ref"].rpartition("/")[2]]["properties"]
            envelope["type"] = {"const": name}
            envelope["source"] = {"const": f"/plaudit/{topic.writer}"}
            generated[f"schemas/{topic.name}/{name}.schema.json"] = _pretty(_with_clean_descriptions(schema))
    return generated


def committed_examples(directory: Path) -> dict[str, list[Path]]:
    """Return type → its committed messages, oldest first."""
    found: dict[str, list[Path]] = {}
    for path in sorted(directory.glob("examples/*/*.json"), key=lambda path: (path.parent.name, int(path.stem))):
        found.setdefault(path.parent.name, []).append(path)
    return found


def write(directory: Path) -> None:
    """Write all documents, and each example that differs from its newest committed one."""
    for name, content in documents().items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    committed = committed_examples(directory)
    for name, message in examples():
        older = committed.get(name, [])
        content = msgspec.json.format(message, indent=2) + b"\n"
        if older and older[-1].read_bytes() == content:
            continue
        path = directory / "examples" / name / f"{len(older) + 1}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


if __name__ == "__main__":
    write(Path(sys.argv[1]))
