"""`python -m wanx_mcp` is the command `wanx-mcp`."""

from wanx_mcp.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
