"""Built-in tools, and the tools of MCP servers. The service knows them only as a `Toolbox` of `core`."""
