"""Walks the registry as an agent would, with the official MCP client over stdio.

usage: walk.py PROGRAM, which is started as `PROGRAM mcp --toolsets=all --confirm=plan`.
"""

from __future__ import annotations

import asyncio
import os
import sys
from typing import Any

from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client

PROJECT = "local/quickstart"


class WrongError(Exception):
    """Something is not as it should be."""


class Agent:
    """An MCP session that prints what it asks and checks what it is told."""

    def __init__(self, session: ClientSession) -> None:
        self.session = session

    async def ask(self, tool: str, **arguments: Any) -> dict[str, Any]:
        """Calls a tool that has to succeed, and returns its structured content."""
        shown = ", ".join(f"{name}={value!r}" for name, value in arguments.items())
        print(f"  > {tool}({shown})")
        result = await self.session.call_tool(tool, arguments)
        if result.is_error or result.structured_content is None:
            raise WrongError(f"{tool} failed: {result.content}")
        content: dict[str, Any] = result.structured_content
        return content

    async def fail(self, tool: str, **arguments: Any) -> str:
        """Calls a tool that has to fail, and returns what it says."""
        result = await self.session.call_tool(tool, arguments)
        if not result.is_error:
            raise WrongError(f"{tool}({arguments}) should have failed: {result.structured_content}")
        return "".join(getattr(block, "text", "") for block in result.content)


def expect(what: str, got: object, want: object) -> None:
    if got != want:
        raise WrongError(f"{what}: got {got!r}, want {want!r}")


def say(*lines: str) -> None:
    for line in lines:
        print(f"      {line}")


async def look(agent: Agent) -> None:
    types = (await agent.ask("list_artifact_types", project=PROJECT))["types"]
    say(*(f"{t['name']}: {t['collections']} collection" for t in types))
    expect("types", sorted(t["name"] for t in types), ["dataset", "model", "notes"])

    found = (await agent.ask("list_artifact_collections", project=PROJECT))["collections"]
    say(*(f"{c['name']} ({c['type']}, a {c['kind']})" for c in found))
    expect("collections", sorted(c["name"] for c in found), ["classifier", "flowers", "scratch"])

    # Three versions in pages of two.
    page = await agent.ask("list_artifacts", collection=f"{PROJECT}/classifier", limit=2)
    versions = page["artifacts"]
    expect("more to come", page["has_more"], True)
    page = await agent.ask(
        "list_artifacts",
        collection=f"{PROJECT}/classifier",
        limit=2,
        cursor=page["next_cursor"],
    )
    versions += page["artifacts"]
    say(
        *(
            f"{v['version']}: {int(v['size_bytes']):,} bytes, {' '.join(v['aliases'])}"
            for v in versions
        )
    )
    expect("versions", [v["version"] for v in versions], ["v2", "v1", "v0"])


async def trace(agent: Agent) -> None:
    """Follows a model back to the data that it was made from."""
    model = await agent.ask(
        "get_artifact", artifact=f"{PROJECT}/classifier:candidate", metadata_keys=["accuracy"]
    )
    say(f"{model['artifact']}, accuracy {model['metadata']['accuracy']}, by {model['logged_by']}")
    used = await agent.ask("list_run_artifacts", run=model["logged_by"], mode="used")
    say(*(f"made from {a['artifact']}" for a in used["artifacts"]))
    expect("lineage", [a["artifact"] for a in used["artifacts"]], [f"{PROJECT}/flowers:v2"])

    files = (await agent.ask("list_artifact_files", artifact=f"{PROJECT}/flowers:v2"))["files"]
    say(*(f"{f['path']}: {int(f['size_bytes']):,} bytes" for f in files))
    paths = [f["path"] for f in files]
    expect("files", paths, ["LICENSE.txt", "flowers.csv", "splits/split.json"])


async def change(agent: Agent) -> None:
    saved = await agent.ask(
        "save_artifact_collection",
        collection=f"{PROJECT}/classifier",
        description="Tells flowers apart",
        add_tags=["evaluated"],
    )
    say(f"changed {' and '.join(c['field'] for c in saved['changed'])}")
    now = await agent.ask("get_artifact_collection", collection=f"{PROJECT}/classifier")
    say(f"{now['description']}; tags: {', '.join(now['tags'])}")
    expect("description", now["description"], "Tells flowers apart")
    expect("tags", now["tags"], ["evaluated"])

    # A misspelt name is refused, with the one that was meant.
    print("  > plan_delete_artifact_collection(collection='.../scrach')")
    said = await agent.fail("plan_delete_artifact_collection", collection=f"{PROJECT}/scrach")
    say(said)
    expect("the right name is offered", f"{PROJECT}/scratch" in said, True)

    plan = await agent.ask("plan_delete_artifact_collection", collection=f"{PROJECT}/scratch")
    say(plan["summary"], *plan["warnings"])
    done = await agent.ask(
        "delete_artifact_collection",
        collection=f"{PROJECT}/scratch",
        plan_id=plan["plan_id"],
    )
    say(f"deleted {done['deleted']}")
    left = (await agent.ask("list_artifact_collections", project=PROJECT))["collections"]
    say(f"left: {', '.join(c['name'] for c in left)}")
    expect("what is left", sorted(c["name"] for c in left), ["classifier", "flowers"])


async def walk(session: ClientSession) -> None:
    hello = await session.initialize()
    tools = (await session.list_tools()).tools
    print(f"  {hello.server_info.name} has {len(tools)} tools:")
    say(*(tool.name for tool in tools))
    agent = Agent(session)
    await look(agent)
    await trace(agent)
    await change(agent)


async def main(program: str) -> None:
    wrong = None
    args = ["mcp", "--toolsets=all", "--confirm=plan"]
    server = StdioServerParameters(command=program, args=args, env=dict(os.environ))
    async with stdio_client(server) as (read, write), ClientSession(read, write) as session:
        # An error is kept until the session has ended in good order.
        try:
            await walk(session)
        except WrongError as e:
            wrong = str(e)
    if wrong:
        raise SystemExit(wrong)


asyncio.run(main(sys.argv[1]))
