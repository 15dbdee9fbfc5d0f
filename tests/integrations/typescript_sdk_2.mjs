// The official TypeScript SDK, 2.x: @modelcontextprotocol/client.
import { Client } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";

const [command, ...args] = process.argv.slice(2);
const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => name.startsWith("WANX_")));

// snippet
const order = { task_type: "txt2video-14b", prompt: "A paper boat drifts along a rain gutter at dusk" };
// The default time-out is 60 s a request, enough for the longest wait of one call, 45 s.
const limit = { timeout: 60_000 };
const client = new Client({ name: "director", version: "1.0.0" });
await client.connect(new StdioClientTransport({ command, args, env }));
const ordered = await client.callTool({ name: "create_wanx_task", arguments: order }, limit);
if (ordered.isError) throw new Error(ordered.content[0].text);
const waiting = { name: "get_wanx_task", arguments: { task_id: ordered.structuredContent.task_id, wait_seconds: 45 } };
let task = await client.callTool(waiting, limit);
while (["pending", "processing"].includes(task.structuredContent?.status)) task = await client.callTool(waiting, limit);
if (task.isError) throw new Error(task.content[0].text);
const link = task.structuredContent.video_url;
// /snippet

const spoilt = { task_type: "img2video-14b", prompt: "The boat sails on", image: "no-such-picture.png" };
const refused = await client.callTool({ name: "create_wanx_task", arguments: spoilt }, limit);
if (!refused.isError) throw new Error("the spoilt order was not refused");
const { tools } = await client.listTools();
console.log(
  JSON.stringify({
    tools: tools.map((tool) => tool.name),
    formats: { mcp: tools },
    seen: [refused, ordered, task].map((result) => result.content[0].text),
    typed: [ordered.structuredContent, task.structuredContent],
    answer: link,
  }),
);
await client.close();
