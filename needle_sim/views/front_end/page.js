// The local page's carrier: a websocket to the server that served it.
import { mount, unpack } from "./instrument.js";

function carrier() {
  const address = new URL("socket", location.href);
  address.protocol = "ws:";
  const it = { onreply: () => {}, onlink: () => {}, socket: null, tries: 0 };
  it.reportAddress = new URL("report", location.href).href;
  it.send = (message) => {
    if (it.socket?.readyState !== WebSocket.OPEN) return false;
    it.socket.send(JSON.stringify(message));
    return true;
  };
  const open = () => {
    const socket = new WebSocket(address);
    socket.binaryType = "arraybuffer";
    it.socket = socket;
    socket.onopen = () => { it.tries = 0; it.onlink("open"); };
    socket.onmessage = (event) => it.onreply(...unpack(event.data));
    socket.onclose = (event) => {
      if (event.code === 4001) { it.onlink("taken"); return; }
      it.onlink("lost");
      it.tries += 1;
      setTimeout(open, Math.min(4000, 250 * 2 ** it.tries));
    };
  };
  it.open = open;
  return it;
}

mount(document.getElementById("instrument"), carrier());
