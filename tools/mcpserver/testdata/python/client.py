"""Calls tools of a server with the official Python client.

usage: client.py < walk.json > answers.json

A walk names the server's command, or its URL and the key to send there, and the
calls to make. A value {"$from": [n, key]} in the arguments of a call stands for
that key of the structured content of call n. With "old" the client begins with
a handshake, as before 2026-07-28. With "person" there is somebody who can be
asked, and answers so: "agrees", "refuses" or "declines".
"""

import asyncio
import json
import sys
from contextlib import AsyncExitStack
from typing import Any

import httpx2
from mcp import Client, StdioServerParameters
from mcp.client import ClientRequestContext
from mcp.client.streamable_http import streamable_http_client
from mcp.types import ElicitRequestParams, ElicitResult, TextContent


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
    questions: list[str] = []

    async def person(context: ClientRequestContext, params: ElicitRequestParams) -> ElicitResult:
        questions.append(params.message)
        if steps["person"] == "declines":
            return ElicitResult(action="decline")
        return ElicitResult(action="accept", content={"agree": steps["person"] == "agrees"})

    async with AsyncExitStack() as stack:
        server: Any
        if url := steps.get("url"):
            key = steps.get("key")
            headers = {"Authorization": f"Bearer {key}"} if key else {}
            http = await stack.enter_async_context(httpx2.AsyncClient(headers=headers))
            server = streamable_http_client(url, http_client=http)
        else:
            command, *args = steps["command"]
            server = StdioServerParameters(command=command, args=args, env=steps["env"])
        client = await stack.enter_async_context(
            Client(
                server,
                mode="legacy" if steps.get("old") else "auto",
                elicitation_callback=person if steps.get("person") else None,
            )
        )
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
            "questions": questions,
        }


print(json.dumps(asyncio.run(walk(json.load(sys.stdin)))))
