"""A report as JSON, and the schema of that. Pure."""

import inspect
import json
import re
from typing import Any

import msgspec

from deployer import typed
from deployer.drills.report.model import Report
from deployer.errors import UsageError

__all__ = ["report_json", "report_schema", "schema_json", "to_report"]

_ATTRIBUTE = re.compile(r"^(\w+): (.*?)(?=^\w|\Z)", re.MULTILINE | re.DOTALL)
DIALECT = "https://json-schema.org/draft/2020-12/schema"


def report_json(report: Report) -> str:
    """Return a report as JSON; the same report gives the same bytes."""
    return _text(msgspec.to_builtins(report))


def report_schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of a report."""
    schema = msgspec.json.schema(Report)
    for each in schema["$defs"].values():
        _describe(each)
    return {
        "$schema": DIALECT,
        "title": "Report of a drill",
        "description": "What `deployer drill run` writes to report.json.",
        **schema,
    }


def _describe(schema: dict[str, Any]) -> None:
    """Give every property the words that the docstring of its class has for it."""
    first, _, rest = inspect.cleandoc(schema.get("description", "")).partition("\nAttributes:\n")
    schema["description"] = " ".join(first.split())
    for match in _ATTRIBUTE.finditer(inspect.cleandoc(rest)):
        if match[1] in schema.get("properties", {}):
            schema["properties"][match[1]]["description"] = " ".join(match[2].split())


def schema_json() -> str:
    """Return the schema as JSON."""
    return _text(report_schema())


def to_report(body: bytes, where: str) -> Report:
    """Return the report that a document is.

    Raises:
        UsageError: it is none.

    """
    try:
        return typed.decode(body, Report)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise UsageError(
            f"is no report of a drill: {error}", where=where, hint="run the drill again"
        ) from error


def _text(document: Any) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    from pathlib import Path

    target = Path(__file__).parents[3] / "docs" / "drill-report.schema.json"
    target.write_text(schema_json(), "utf-8")
