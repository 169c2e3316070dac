"""Calls tools of a server over stdio with the official Python client.

usage: client.py < walk.json > answers.json

A walk names the server's command and the calls to make. A value {"$from": [n,
key]} in the arguments of a call stands for that key of the structured content
of call n.
"""

import asyncio
import json
import sys
from typing import Any

from mcp import Client, StdioServerParameters
from mcp.types import TextContent


def fill(value: Any, results: list[dict[str, Any]]) -> Any:
    if isinstance(value, dict):
        if "$from" in value:
            call, key = value["$from"]
            return results[call]["structured"][key]
        return {k: fill(v, results) for k, v in value.items()}
    if isinstance(value, list):
        return [fill(v, results) for v in value]
    return value


async def walk(steps: dict[str, Any]) -> dict[str, Any]:
    command, *args = steps["command"]
    server = StdioServerParameters(command=command, args=args, env=steps["env"])
    async with Client(server) as client:
        tools = await client.list_tools()
        results: list[dict[str, Any]] = []
        for call in steps["calls"]:
            # The client checks structured content against the output schema.
            result = await client.call_tool(call["tool"], fill(call["arguments"], results))
            results.append(
                {
                    "isError": bool(result.is_error),
                    "structured": result.structured_content,
                    "text": [c.text for c in result.content if isinstance(c, TextContent)],
                }
            )
        return {
            "server": client.server_info.name if client.server_info else "",
            "protocol": client.protocol_version,
            "instructions": client.instructions,
            "tools": [
                t.model_dump(mode="json", by_alias=True, exclude_none=True) for t in tools.tools
            ],
            "results": results,
        }


print(json.dumps(asyncio.run(walk(json.load(sys.stdin)))))
