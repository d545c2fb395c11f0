"""The policy file's JSON Schema, for editors: `docs/deploy.schema.json`."""

from __future__ import annotations

from typing import Any

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue

from protocol.policy import Policy


def policy_schema() -> dict[str, Any]:
    """A JSON Schema of what `parse_policy` accepts, cross-checks apart."""
    schema = Policy.model_json_schema(by_alias=True, schema_generator=_ForEditors)
    environments = schema["properties"]["environments"]
    bare = {"type": "null"}  # `development:` alone is an environment that asks for nothing
    environments["additionalProperties"] = {"anyOf": [environments["additionalProperties"], bare]}
    return {"$schema": GenerateJsonSchema.schema_dialect, **schema, "title": "Deployment policy"}


class _ForEditors(GenerateJsonSchema):
    """Without titles and defaults, which only repeat or mislead; a key without a value is a mistake."""

    def nullable_schema(self, schema: Any) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])

    def default_schema(self, schema: Any) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002 (pydantic's own signature)
        return False
