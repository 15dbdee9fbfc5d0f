"""What every conversation pays: tools/list and typical results, in characters and in tokens (npm's gpt-tokenizer).

Targets: what a model sees of tools/list (name, description, input schema) at most 1800 tokens, all of it 2700; a
typical get result under 250 each way (text, structured).
"""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
from typing import Any

import anyio

from tests.world import World, text

COUNT = "const {encode}=require('gpt-tokenizer');const s=JSON.parse(require('fs').readFileSync(0));\
console.log(JSON.stringify(s.map(x=>encode(x).length)))"


async def samples() -> dict[str, str]:
    """The texts to be weighed."""
    world = World()
    async with world.client() as agent:
        listed = await agent.client.list_tools()
        tools = [tool.model_dump(mode="json", by_alias=True, exclude_none=True) for tool in listed.tools]
        created = await agent.call("create_wanx_task", task_type="txt2video-14b", prompt="a boat")
        task_id = _structured(created)["task_id"]
        running = await agent.call("get_wanx_task", task_id=task_id)
        world.clock.advance(3600)
        finished = await agent.call("get_wanx_task", task_id=task_id)
    seen = [{name: tool[name] for name in ("name", "description", "inputSchema")} for tool in tools]
    found = {"tools/list": _json({"tools": tools}), "tools/list, as seen": _json(seen)}
    for name, result in (("create", created), ("get, running", running), ("get, finished", finished)):
        found[f"{name}, text"] = text(result)
        found[f"{name}, structured"] = _json(_structured(result))
    return found


def _structured(result: Any) -> dict[str, Any]:
    return dict(result.structured_content or {})


def _json(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def tokens(texts: list[str]) -> list[int] | None:
    """How many tokens each text is, None without npm."""
    npm, node = shutil.which("npm"), shutil.which("node")
    if npm is None or node is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([npm, "install", "--silent", "--prefix", folder, "gpt-tokenizer@3"], check=True)
        run = subprocess.run(
            [node, "-e", COUNT], cwd=folder, input=json.dumps(texts), capture_output=True, text=True, check=True
        )
    return list(json.loads(run.stdout))


def main() -> None:
    weighed = anyio.run(samples)
    counted = tokens(list(weighed.values())) or [None] * len(weighed)
    for (name, sample), count in zip(weighed.items(), counted, strict=True):
        print(f"{name:>26}: {len(sample):6} characters, {'?' if count is None else count} tokens")


if __name__ == "__main__":
    main()
