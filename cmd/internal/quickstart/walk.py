"""Walks the registry as an agent would, with the official MCP client over stdio.

usage: walk.py PROGRAM, which is started as `PROGRAM mcp`.
"""

from __future__ import annotations

import asyncio
import os
import sys

from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client


async def main(program: str) -> None:
    server = StdioServerParameters(command=program, args=["mcp"], env=dict(os.environ))
    async with stdio_client(server) as (read, write), ClientSession(read, write) as session:
        await session.initialize()
        tools = (await session.list_tools()).tools
        print(f"  {len(tools)} tools: {', '.join(tool.name for tool in tools)}")


asyncio.run(main(sys.argv[1]))
