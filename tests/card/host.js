// A host as a person has one: the real host side of MCP Apps, over the real server, which the test process holds.
import { AppBridge, PostMessageTransport, buildAllowAttribute, getToolUiResourceUri } from "@modelcontextprotocol/ext-apps/app-bridge";

const server = async (path, params = {}) => {
  const answer = await fetch(path, { method: "POST", body: JSON.stringify(params), headers: { "content-type": "application/json" } });
  if (!answer.ok) throw new Error(await answer.text());
  return answer.json();
};

const host = {
  /** What the card asked of the host. */
  links: [], calls: [], sizes: [],
  /** What becomes of the card's next tool calls: null, "error" (a tool error), "refuse" (the host says no). */
  spoil: null,
  refuseLinks: false,
  /** Fields that the next answers of the model's calls lack. */
  forget: [],
  bridge: null,

  /** Put the card on the page. */
  async open({ theme = "light", tools = true, links = true, clipboard = true, data = "data:", width = null } = {}) {
    document.body.classList.toggle("dark", theme === "dark");
    const { tools: listed } = await server("/tools/list");
    const uri = getToolUiResourceUri(listed.find((tool) => tool.name === "get_wanx_task"));
    const { contents: [page] } = await server("/resources/read", { uri });
    const { csp, permissions } = page._meta.ui;

    const frame = document.createElement("iframe");
    frame.id = "sandbox";
    frame.setAttribute("sandbox", "allow-scripts allow-same-origin allow-forms");
    const allow = clipboard ? buildAllowAttribute(permissions) : "";
    frame.allow = allow;
    if (width) frame.style.width = width + "px";
    const proxy = new URL("/sandbox", location.href);
    proxy.hostname = "localhost"; // another origin than this page, as the specification asks
    proxy.searchParams.set("csp", JSON.stringify(csp));
    proxy.searchParams.set("allow", allow);
    proxy.searchParams.set("data", data);
    frame.src = proxy.href;
    document.getElementById("place").append(frame);

    const capabilities = { logging: {}, ...(tools ? { serverTools: {} } : {}), ...(links ? { openLinks: {} } : {}) };
    const bridge = (host.bridge = new AppBridge(null, { name: "test-host", version: "1" }, capabilities, {
      hostContext: { theme, displayMode: "inline", containerDimensions: { maxHeight: 2000 } },
    }));
    bridge.onsizechange = ({ height }) => { host.sizes.push(height); frame.style.height = height + "px"; };
    bridge.onopenlink = async ({ url }) => { host.links.push(url); return host.refuseLinks ? { isError: true } : {}; };
    if (tools) {
      bridge.oncalltool = async (params) => {
        host.calls.push(params);
        if (host.spoil === "refuse") throw new Error("the person said no");
        if (host.spoil === "error") return { isError: true, content: [{ type: "text", text: "unreachable: the provider cannot be reached. Charged by this call: no. Next: call again." }] };
        return server("/tools/call", params);
      };
    }
    const ready = new Promise((resolve) => { bridge.onsandboxready = () => resolve(bridge.sendSandboxResourceReady({ html: page.text, csp, permissions })); });
    const initialized = new Promise((resolve) => { bridge.oninitialized = () => resolve(); });
    await bridge.connect(new PostMessageTransport(frame.contentWindow, frame.contentWindow));
    await ready;
    await initialized;
  },

  /** A call of the model's: the card sees what went in and what came out. */
  async run(input, change = null) {
    await host.bridge.sendToolInput({ arguments: input });
    const result = await server("/tools/call", { name: "get_wanx_task", arguments: input });
    if (change) Object.assign(result.structuredContent ?? {}, change);
    for (const name of host.forget) delete result.structuredContent[name];
    await host.bridge.sendToolResult(result);
    return result;
  },

  async say(result) { await host.bridge.sendToolResult(result); },
  async input(input) { await host.bridge.sendToolInput({ arguments: input }); },
  async cancel() { await host.bridge.sendToolCancelled({ reason: "the person stopped it" }); },
  async dress(context) {
    if (context.theme) document.body.classList.toggle("dark", context.theme === "dark");
    await host.bridge.sendHostContextChange(context);
  },
  /** Settles when the card has answered: all that it said before has been heard. */
  echo() {
    return new Promise((resolve) => {
      const heard = ({ data }) => { if (data.id === "echo") { removeEventListener("message", heard); resolve(); } };
      addEventListener("message", heard);
      document.getElementById("sandbox").contentWindow.postMessage({ jsonrpc: "2.0", id: "echo", method: "ping" }, "*");
    });
  },
  async teardown() { return host.bridge.teardownResource({}); },
};
window.host = host;
