"""A review as JSON, and the schema of that."""

import inspect
import json
from typing import Any

import msgspec

from deployer.reviewing.review import Review
from deployer.reviewing.words import summary_words

__all__ = ["review_document", "review_schema", "schema_json"]


def review_document(review: Review) -> dict[str, Any]:
    """Return a review as plain values: its fields, and what is concluded from them."""
    plain: dict[str, Any] = msgspec.to_builtins(review)
    plain["failed"] = review.failed
    plain["changed"] = review.changed
    plain["summary"] = summary_words(review)
    return plain


def review_schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of `review_document`."""
    schema = msgspec.json.schema(Review)
    for each in schema["$defs"].values():
        each["description"] = inspect.cleandoc(each.get("description", ""))
    own = schema["$defs"]["Review"]
    concluded = {"failed": "boolean", "changed": "boolean", "summary": "string"}
    own["properties"].update({name: {"type": kind} for name, kind in concluded.items()})
    own["required"] = [*own.get("required", ()), *concluded]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Review of Pulumi programs",
        "description": "What `deployer plan` and `deployer review` print with -o json.",
        **schema,
    }


def schema_json() -> str:
    """Return the schema as it is published."""
    return json.dumps(review_schema(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    from pathlib import Path

    published = Path(__file__).parents[2] / "docs" / "review.schema.json"
    published.write_text(schema_json(), "utf-8")
