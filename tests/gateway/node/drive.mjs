// Drives a client that others wrote against the gateway, and prints what it saw as one line of JSON.
// usage: node drive.mjs SCENARIO URL TOKEN
import { JSDOM } from "jsdom";

const [scenario, url, token] = process.argv.slice(2);
const headers = { authorization: `Bearer ${token}` };
const dom = new JSDOM("<!doctype html><div id=root></div>", { url, pretendToBeVisual: true });
const pause = (ms) => new Promise((done) => setTimeout(done, ms));
const until = async (isSo, what) => {
  for (let n = 0; n < 1000; n++, await pause(10)) if (isSo()) return;
  throw new Error(`never: ${what}`);
};

async function mount(hook) {
  globalThis.window = dom.window;
  for (const name of ["document", "navigator"]) {
    Object.defineProperty(globalThis, name, { value: dom.window[name], configurable: true });
  }
  const React = await import("react");
  const { createRoot } = await import("react-dom/client");
  const seen = { current: null };
  const App = () => { seen.current = hook(); return null; };
  createRoot(dom.window.document.getElementById("root")).render(React.createElement(App));
  await until(() => seen.current, "the hook is mounted");
  return seen;
}
const textOf = (message) => message?.parts?.filter((part) => part.type === "text").map((part) => part.text).join("") ?? message?.content;
const idle = (chat) => until(() => chat.current.status === "ready" || chat.current.status === "error", "ready");

async function useChat(react, transportOf) {
  const { useChat } = await import(react);
  const transport = await transportOf();
  const chat = await mount(() => useChat({ id: "chat-dom", transport, resume: scenario.endsWith("resume") }));
  return chat;
}
const defaultTransport = (ai) => async () => {
  const { DefaultChatTransport } = await import(ai);
  return new DefaultChatTransport({ api: `${url}/api/chat`, headers });
};

async function sendRegenerateEditStop(react, ai) {
  const chat = await useChat(react, defaultTransport(ai));
  chat.current.sendMessage({ text: "code please" });
  await until(() => textOf(chat.current.messages[1])?.length > 20, "text streams");
  const streamed = chat.current.status;
  await idle(chat);
  const first = { text: textOf(chat.current.messages[1]), id: chat.current.messages[1].id };
  await chat.current.regenerate();
  await idle(chat);
  const second = { text: textOf(chat.current.messages[1]), id: chat.current.messages[1].id };
  chat.current.sendMessage({ text: "table please", messageId: chat.current.messages[0].id });
  await pause(50);
  await idle(chat);
  const edited = textOf(chat.current.messages.at(-1));
  chat.current.sendMessage({ text: "slow" });
  await until(() => textOf(chat.current.messages.at(-2)) === "slow" && textOf(chat.current.messages.at(-1)).length > 5, "slow streams");
  await fetch(`${url}/api/chat/chat-dom/stop`, { method: "POST", headers });
  await idle(chat);
  const stopped = textOf(chat.current.messages.at(-1));
  chat.current.sendMessage({ text: "error 401" });
  await pause(50);
  await idle(chat);
  return { streamed, first, second, edited, stopped, status: chat.current.status, error: chat.current.error?.message };
}
async function resume(react, ai) {
  const chat = await useChat(react, defaultTransport(ai));
  await until(() => textOf(chat.current.messages.at(-1))?.length > 5, "the replay streams");
  await idle(chat);
  return { text: textOf(chat.current.messages.at(-1)), count: chat.current.messages.length };
}
async function olderSdk(streamProtocol) {
  const { useChat } = await import("@ai-sdk/react-4");
  const api = `${url}/api/chat` + (streamProtocol === "text" ? "?protocol=text" : "");
  const chat = await mount(() => useChat({ id: `old-${streamProtocol}`, api, headers, streamProtocol }));
  await chat.current.append({ role: "user", content: "code please" });
  await idle(chat);
  return { text: textOf(chat.current.messages.at(-1)), error: chat.current.error?.message };
}

async function ticket() {
  return (await (await fetch(`${url}/api/v1/tickets`, { method: "POST", headers })).json()).ticket;
}
async function eventSource() {
  const { EventSource } = await import("eventsource");
  const source = new EventSource(`${url}/api/v1/events?ticket=${await ticket()}`);
  let text = "";
  await new Promise((done, failed) => { source.onopen = done; source.onerror = failed; });
  const ended = new Promise((done) => source.addEventListener("ended", (event) => done(JSON.parse(event.data))));
  source.addEventListener("text", (event) => { text += JSON.parse(event.data).text; });
  await fetch(`${url}/api/v1/conversations`, { method: "POST", headers: { ...headers, "content-type": "application/json" }, body: JSON.stringify({ text: "table" }) });
  const last = await ended;
  source.close();
  return { text, stored: last.turn.text };
}
async function webSocket() {
  const { WebSocket } = await import("ws");
  const socket = new WebSocket(`${url.replace("http", "ws")}/api/v1/socket`, ["tui-chat", `ticket.${await ticket()}`]);
  await new Promise((done, failed) => { socket.onopen = done; socket.onerror = failed; });
  let text = "";
  const done = new Promise((resolve) => {
    socket.onmessage = ({ data }) => {
      const message = JSON.parse(data);
      if (message.type === "chunk") text += message.chunk;
      if (message.type === "done") resolve(message.status);
    };
  });
  socket.send(JSON.stringify({ sessionId: "room", text: "table" }));
  const status = await done;
  socket.close();
  return { text, status, protocol: socket.protocol };
}
async function librechat() {
  globalThis.XMLHttpRequest = dom.window.XMLHttpRequest;
  globalThis.CustomEvent = dom.window.CustomEvent;
  const { SSE } = await import("sse.js");
  const { tMessageSchema } = await import("librechat-data-provider");
  const payload = JSON.stringify({ text: "table", conversationId: null, parentMessageId: "00000000-0000-0000-0000-000000000000", model: "demo/tour" });
  const stream = new SSE(`${url}/api/ask/demo`, { payload, headers: { ...headers, "Content-Type": "application/json" }, start: false });
  const kinds = [], problems = [];
  const final = await new Promise((done, failed) => {
    stream.addEventListener("message", (event) => {
      const data = JSON.parse(event.data);
      kinds.push(data.created ? "created" : data.final ? "final" : "progress");
      const messages = data.created ? [data.message] : data.final ? [data.requestMessage, data.responseMessage] : [data];
      for (const message of messages) {
        const parsed = tMessageSchema.safeParse(message);
        if (!parsed.success) problems.push(parsed.error.message);
      }
      if (data.final) done(data);
    });
    stream.addEventListener("error", failed);
    stream.stream();
  });
  return { kinds: [...new Set(kinds)], problems, text: final.responseMessage.text };
}

const scenarios = {
  "ai7": () => sendRegenerateEditStop("@ai-sdk/react-7", "ai-7"),
  "ai7-resume": () => resume("@ai-sdk/react-7", "ai-7"),
  "ai6": () => sendRegenerateEditStop("@ai-sdk/react", "ai"),
  "ai6-resume": () => resume("@ai-sdk/react", "ai"),
  "ai5": () => sendRegenerateEditStop("@ai-sdk/react-5", "ai"),
  "ai4-data": () => olderSdk("data"),
  "ai4-text": () => olderSdk("text"),
  "eventsource": eventSource,
  "ws": webSocket,
  "librechat": librechat,
};
try {
  console.log(JSON.stringify(await scenarios[scenario]()));
  process.exit(0);
} catch (error) {
  console.error(error);
  process.exit(1);
}
