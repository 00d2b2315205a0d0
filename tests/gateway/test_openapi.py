"""The OpenAPI document against the answers that are really given."""

import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.gateway.conftest import API, MakeGateway
from tests.gateway.served import served
from tests.providers.real import environment_with
from tests.support.environment import clean_environment
from tui_chat.core.event import Stopped, TextDelta, UsageReported
from tui_chat.core.usage import Usage
from tui_chat.gateway.openapi import SCHEMAS, openapi_document

HELLO = (TextDelta("Hello"), UsageReported(Usage(3, output_tokens=2)), Stopped("end_turn"))
_TYPES = {
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
    "object": dict,
    "array": list,
    "null": type(None),
}


def check(value: Any, schema: dict[str, Any], place: str) -> None:
    """Fail unless a value matches the schema: the few words of JSON Schema that the document uses."""
    if "$ref" in schema:
        check(value, SCHEMAS[schema["$ref"].rpartition("/")[2]], place)
        return
    if "enum" in schema:
        assert value in schema["enum"], place
        return
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    assert any(isinstance(value, _TYPES[kind]) for kind in kinds), (place, value, kinds)
    if isinstance(value, dict) and "properties" in schema:
        assert set(schema.get("required", ())) <= value.keys(), place
        assert value.keys() <= schema["properties"].keys() or place == "Usage" or place == "Metrics", (place, value)
        for name, inner in value.items():
            if name in schema["properties"]:
                check(inner, schema["properties"][name], f"{place}.{name}")
    if isinstance(value, list) and "items" in schema:
        for item in value:
            check(item, schema["items"], f"{place}[]")


def test_every_reference_is_defined_and_every_operation_has_its_own_name() -> None:
    document = openapi_document("1.0")
    operations = [operation for path in document["paths"].values() for operation in path.values()]
    names = [operation["operationId"] for operation in operations]
    assert len(set(names)) == len(names) > 15
    text = str(document)
    assert all(f"schemas/{name}" in text or name in ("Turn", "Summary", "Attachment") for name in SCHEMAS)


async def test_answers_match_the_document(make_gateway: MakeGateway) -> None:
    gateway = await make_gateway(HELLO)
    ids, _ = await gateway.started_and_ended("a question")
    check(ids, SCHEMAS["Answer"], "Answer")
    for path, name in (
        ("/healthz", "Health"),
        (API, "ConversationList"),
        (f"{API}/{ids['conversation']}", "Conversation"),
        ("/api/v1/search?q=question", "SearchHits"),
        ("/api/v1/usage", "Usage"),
        ("/api/v1/models", "Models"),
        ("/api/v1/metrics", "Metrics"),
        (f"{API}/nothing", "Problem"),
    ):
        check((await gateway.http.get(path)).json(), SCHEMAS[name], name)
    document = (await gateway.http.get("/api/v1/openapi.json")).json()
    assert document == openapi_document("1.0")


@pytest.mark.real
@pytest.mark.slow
def test_schemathesis_finds_no_server_error_and_no_answer_against_the_document(tmp_path: Path) -> None:
    program = environment_with("schemathesis", ["schemathesis==4.32.5"]) / "bin" / "schemathesis"
    checks = (
        "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance,"
        "response_headers_conformance,negative_data_rejection,unsupported_method,use_after_free"
    )
    with served(tmp_path, "--demo") as server:
        words = ["--header", f"Authorization: Bearer {server.token}", "--checks", checks, "--max-examples", "15"]
        # These never end.
        words += ["--exclude-path-regex", "events$|/stream/", "--no-color", "--warnings", "off"]
        done = subprocess.run(
            [str(program), "run", f"{server.url}/api/v1/openapi.json", *words],
            cwd=tmp_path,
            env=clean_environment(tmp_path),
            capture_output=True,
            text=True,
            timeout=110,
        )
    assert done.returncode == 0, done.stdout
    assert "Fuzzing" in done.stdout, done.stdout
