// Written by hand from docs/universalbuild.md; a test compares its keys with those that the loader knows.
#include "engine/detect/write.hpp"

namespace peelbox::detect {

std::string spec_schema() {
  return R"({
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "title": "UniversalBuild",
  "description": "How one service is built and what its image holds; an array for several services.",
  "oneOf": [
    { "$ref": "#/$defs/service" },
    { "type": "array", "minItems": 1, "maxItems": 1000, "items": { "$ref": "#/$defs/service" } }
  ],
  "$defs": {
    "strings": { "type": ["array", "null"], "items": { "type": "string" } },
    "environment": { "type": ["object", "null"], "additionalProperties": { "type": "string" } },
    "text": { "type": ["string", "null"] },
    "service": {
      "type": "object",
      "properties": {
        "version": { "$ref": "#/$defs/text", "default": "1.0" },
        "metadata": {
          "type": ["object", "null"],
          "properties": {
            "project_name": { "$ref": "#/$defs/text", "description": "different for each service of a file" },
            "language": { "$ref": "#/$defs/text" },
            "build_system": { "$ref": "#/$defs/text" },
            "framework": { "$ref": "#/$defs/text" },
            "reasoning": { "$ref": "#/$defs/text" }
          }
        },
        "build": {
          "type": ["object", "null"],
          "properties": {
            "packages": { "$ref": "#/$defs/strings" },
            "env": { "$ref": "#/$defs/environment" },
            "commands": { "$ref": "#/$defs/strings", "maxItems": 500, "description": "shell text, run in /build" },
            "cache": { "$ref": "#/$defs/strings", "description": "absolute, or relative to /build" },
            "secrets": {
              "type": ["array", "null"],
              "items": {
                "type": "object",
                "properties": {
                  "id": { "type": "string", "minLength": 1, "description": "of a --secret" },
                  "to": { "type": "string", "pattern": "^/" },
                  "env": { "type": "string" },
                  "optional": { "type": "boolean" }
                },
                "required": ["id"]
              }
            },
            "ssh": { "$ref": "#/$defs/strings", "description": "ids of agents, of --ssh" }
          }
        },
        "runtime": {
          "type": ["object", "null"],
          "properties": {
            "packages": { "$ref": "#/$defs/strings" },
            "env": { "$ref": "#/$defs/environment" },
            "copy": {
              "type": ["array", "null"],
              "maxItems": 500,
              "items": {
                "type": "object",
                "properties": {
                  "from": { "type": "string", "minLength": 1, "description": "absolute, or relative to /build" },
                  "to": { "type": "string", "pattern": "^/" }
                },
                "required": ["from", "to"]
              }
            },
            "command": { "$ref": "#/$defs/strings", "description": "exec form; the entrypoint of the image" },
            "ports": {
              "type": ["array", "null"],
              "items": { "type": "integer", "minimum": 1, "maximum": 65535 }
            },
            "health": {
              "type": ["object", "null"],
              "properties": { "endpoint": { "type": "string", "minLength": 1 } },
              "required": ["endpoint"]
            }
          }
        }
      }
    }
  }
}
)";
}

}  // namespace peelbox::detect
