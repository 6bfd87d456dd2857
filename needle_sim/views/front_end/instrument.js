// The instrument of a rehearsal: one module, two carriers (a notebook widget, a local page).
// A carrier has send(message) -> bool, onreply(message, pictures), onlink(state), open(), and maybe
// reportAddress. The page sends acts and looks, one at a time; Python answers with the state, words
// and raw grey pictures. Nothing here knows anatomy or scores.

// ---------------------------------------------------------------- wire

/** One binary message -> [JSON, pixels of each picture]. */
export function unpack(buffer) {
  const size = new DataView(buffer).getUint32(0, true);
  const message = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, size)));
  let at = 4 + size;
  const pixels = message.pictures?.map(({ rows, columns }) => {
    const part = new Uint8Array(buffer, at, rows * columns);
    at += rows * columns;
    return part;
  });
  return [message, pixels ?? []];
}

const SUMS = { turn: ["to_left_deg", "to_me_deg", "cephalad_deg"], pan: ["right_mm", "down_mm"],
  push: ["mm"], rotate: ["deg"], lean: ["to_left_deg", "to_head_deg"],
  probe_by: ["slide_mm", "along_mm", "tilt_deg", "rock_deg", "rotate_deg"] };

/** One request in flight; waiting ones of a kind add up, and looks keep the last. */
class Link {
  constructor(carrier, onanswer) {
    this.carrier = carrier;
    this.onanswer = onanswer;
    this.waiting = [];
    this.flying = null;
    this.count = 0;
    this.clock = performance.now(); // when the last act ended
    this.held = false; // an injection is being played
  }

  post(message, { at = performance.now() } = {}) {
    return new Promise((done) => {
      const item = { message, at, done: [done] };
      const last = this.waiting.at(-1);
      if (last && this.merges(last.message, message)) {
        last.message = this.merged(last.message, message);
        last.at = at;
        last.done.push(done);
      } else this.waiting.push(item);
      this.pump();
    });
  }

  merges(a, b) {
    if (a.ask || b.ask) return a.ask !== undefined && a.ask === b.ask;
    if (a.do !== b.do || !SUMS[a.do]) return false;
    return a.view === undefined && b.view === undefined;
  }

  merged(a, b) {
    if (a.ask) return b;
    const sum = { ...a, ...b };
    for (const name of SUMS[a.do])
      if (a[name] !== undefined || b[name] !== undefined) sum[name] = (a[name] ?? 0) + (b[name] ?? 0);
    return sum;
  }

  get idle() { return !this.flying && this.waiting.length === 0; }

  pump() {
    if (this.flying || this.waiting.length === 0) return;
    const item = this.waiting.shift();
    const message = { n: ++this.count, ...item.message };
    for (const name of SUMS[message.do] ?? []) // steps in and out that cancel are none
      if (message[name] === 0) delete message[name];
    if (message.do === "push" && message.mm === undefined) { this.settle(item, null); return; }
    if (message.do) message.dt_s = Math.max(0, (item.at - this.clock) / 1000);
    this.flying = { item, n: message.n };
    if (!this.carrier.send(message)) { this.flying = null; this.settle(item, null); }
  }

  settle(item, reply) {
    for (const done of item.done) done(reply);
    this.pump();
  }

  answered(message, pixels) {
    if (!this.flying || message.n !== this.flying.n) return this.onanswer(message, pixels, null);
    const { item } = this.flying;
    this.flying = null;
    if (item.message.do && !message.error) this.clock = Math.max(this.clock, item.at);
    this.onanswer(message, pixels, item);
    this.settle(item, message);
  }

  lost() {
    const open = [this.flying?.item, ...this.waiting].filter(Boolean);
    this.flying = null;
    this.waiting = [];
    for (const item of open) for (const done of item.done) done(null);
  }
}

// ---------------------------------------------------------------- drawing

const PATIENT_MS = 200; // so long dials may wait while pictures come
const HELD_STILL_MS = 120; // a held C-arm that has not moved for so long stands still
const INK = { text: "#c6cfd4", dim: "#77828a", faint: "#3b444b", line: "#242b30", steel: "#dfe5e8",
  xray: "#ff6a3d", amber: "#ffb454", echo: "#6fc3df", coach: "#7fdcae", alarm: "#ff5d5d" };
const LAYER = { skin: "#d9a38f", fat: "#d9c069", muscle: "#a3545a", ligament: "#b9b3a2",
  flavum: "#e8c534", epidural: "#58b58b", dura: "#5f9fe0", joint: "#6fc3df", disc: "#8a7fd0",
  vessel: "#e04848", nerve: "#f0e39a", bone: "#eef0ea", outside: "#30383e" };
const FONT = '"Inter","SF Pro Text","Segoe UI","Helvetica Neue",Arial,"Liberation Sans","DejaVu Sans",sans-serif';

/** A canvas as sharp as its pixels; draw(context, width, height) in CSS pixels. */
class Pad {
  constructor(canvas, draw) {
    this.canvas = canvas;
    this.draw = draw;
    this.pen = canvas.getContext("2d");
    this.size = { width: 0, height: 0, ratio: 1 };
    new ResizeObserver(() => { this.measure(); this.paint(); }).observe(canvas);
  }

  /** Asked for when sizes change, not for each picture: it makes the browser lay out the page. */
  measure() {
    const { clientWidth: width, clientHeight: height } = this.canvas;
    const ratio = width ? (this.canvas.getBoundingClientRect().width / width) * (devicePixelRatio || 1) : 1;
    this.size = { width, height, ratio };
    const [w, h] = [Math.round(width * ratio), Math.round(height * ratio)];
    if (w && h && (this.canvas.width !== w || this.canvas.height !== h)) {
      this.canvas.width = w;
      this.canvas.height = h;
    }
  }

  paint() {
    const { width, height, ratio } = this.size;
    if (!width || !height) return;
    this.pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    this.pen.clearRect(0, 0, width, height);
    this.draw(this.pen, width, height);
  }
}

function write(pen, text, x, y, { size = 12, colour = INK.text, align = "left", base = "alphabetic",
  weight = 400, halo = null, spacing = 0 } = {}) {
  pen.font = `${weight} ${size}px ${FONT}`;
  pen.textAlign = align;
  pen.textBaseline = base;
  if ("letterSpacing" in pen) pen.letterSpacing = `${spacing}px`;
  if (halo) {
    pen.lineJoin = "round";
    pen.lineWidth = size * 0.28;
    pen.strokeStyle = halo;
    pen.strokeText(text, x, y);
  }
  pen.fillStyle = colour;
  pen.fillText(text, x, y);
  if ("letterSpacing" in pen) pen.letterSpacing = "0px";
}

function line(pen, points, { colour = INK.text, width = 1, dash = [] } = {}) {
  pen.beginPath();
  points.forEach(([x, y], k) => (k ? pen.lineTo(x, y) : pen.moveTo(x, y)));
  pen.strokeStyle = colour;
  pen.lineWidth = width;
  pen.setLineDash(dash);
  pen.stroke();
  pen.setLineDash([]);
}

/** Words on as many lines as they need; returns the y below. */
function paragraph(pen, text, x, y, width, step, style) {
  let row = "";
  for (const word of text.split(" ")) {
    const more = row ? `${row} ${word}` : word;
    pen.font = `${style?.weight ?? 400} ${style?.size ?? 12}px ${FONT}`;
    if (row && pen.measureText(more).width > width) {
      write(pen, row, x, y, style);
      y += step;
      row = word;
    } else row = more;
  }
  write(pen, row, x, y, style);
  return y + step;
}

/** Grey bytes through a window, with the lag and the flicker of a live screen. */
class Film {
  constructor() {
    this.canvas = document.createElement("canvas");
    this.pen = this.canvas.getContext("2d");
    this.head = null;
    this.window = { centre: 0.5, width: 1 };
    this.grain = new Int8Array(1 << 16);
    let seed = 12345; // fixed: flicker of the screen, no part of any result
    for (let k = 0; k < this.grain.length; k++) {
      let sum = 0;
      for (let j = 0; j < 3; j++) {
        seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
        sum += seed / 4294967296 - 0.5;
      }
      this.grain[k] = Math.round(sum * 9);
    }
  }

  show(head, pixels, { lag = false } = {}) {
    const same = this.head && this.head.rows === head.rows && this.head.columns === head.columns;
    if (lag && same) {
      const left = this.left();
      if (this.trail?.length !== pixels.length) this.trail = new Float32Array(pixels.length);
      for (let k = 0; k < pixels.length; k++)
        this.trail[k] = 0.55 * (this.pixels[k] + left * this.trail[k] - pixels[k]);
    } else this.trail = null;
    this.since = performance.now();
    this.head = head;
    this.pixels = pixels;
    if (this.canvas.width !== head.columns || this.canvas.height !== head.rows || !this.image) {
      this.canvas.width = head.columns;
      this.canvas.height = head.rows;
      this.image = this.pen.createImageData(head.columns, head.rows);
      this.words = new Uint32Array(this.image.data.buffer);
    }
    this.develop(false);
  }

  /** Share of the afterglow that is left: gone after half a second. */
  left() {
    if (!this.trail) return 0;
    const age = (performance.now() - this.since) / 500;
    return age >= 1 ? 0 : (1 - age) ** 2;
  }

  lut() {
    const { centre, width } = this.window;
    const table = new Uint32Array(256);
    for (let k = 0; k < 256; k++) {
      const share = (k / 255 - centre) / width + 0.5;
      const v = Math.round(255 * Math.min(1, Math.max(0, share)));
      table[k] = 0xff000000 | (v << 16) | (v << 8) | v;
    }
    return table;
  }

  develop(flicker) {
    if (!this.head) return;
    const [table, pixels, words, trail, left] = [this.lut(), this.pixels, this.words, this.trail, this.left()];
    const from = flicker ? Math.floor(performance.now() * 7919) & 0xffff : 0;
    const glows = trail && left > 0.004;
    if (!glows && !flicker) for (let k = 0; k < pixels.length; k++) words[k] = table[pixels[k]];
    else
      for (let k = 0; k < pixels.length; k++) {
        let v = pixels[k];
        if (glows) v += left * trail[k];
        if (flicker && v > 2) v += this.grain[(k * 31 + from + (k >> 9) * 17) & 0xffff];
        words[k] = table[v < 0 ? 0 : v > 255 ? 255 : v | 0];
      }
    this.pen.putImageData(this.image, 0, 0);
  }
}

// ---------------------------------------------------------------- page

const knob = (name, less, more) => `<div class="ns-knob"><button ${less} aria-label="${name} less">−</button><span>${name}</span><button ${more} aria-label="${name} more">+</button></div>`;

const PAGE = `
<div class="ns-stage">
  <header class="ns-bar">
    <div class="ns-brand"><b>needle_sim</b><span class="ns-mode" data-mode></span></div>
    <div class="ns-order"><span data-title></span><em data-order></em></div>
    <dl class="ns-counts" aria-label="Running totals">
      <div><dt>Time</dt><dd data-time>0:00</dd></div>
      <div><dt>Exposures</dt><dd data-shots>0</dd></div>
      <div><dt>Fluoro</dt><dd data-fluoro>0.0 s</dd></div>
      <div><dt>KAP</dt><dd data-kap>0.0</dd><small>µGy·m²</small></div>
      <div><dt>Passes</dt><dd data-passes>0</dd></div>
    </dl>
  </header>
  <section class="ns-left">
    <figure class="ns-monitor ns-fluoro" aria-label="Fluoroscopy monitor">
      <canvas data-fluoroscopy tabindex="0" role="img" aria-label="Fluoroscopy: no picture yet"></canvas>
      <figcaption class="ns-bezel"><i class="ns-led" data-led></i><span>FLUOROSCOPY</span><small>SIMULATION · FOR REHEARSAL AND RESEARCH · NOT FOR CLINICAL USE</small></figcaption>
    </figure>
    <div class="ns-panel ns-xray" role="group" aria-label="X-ray">
      <div class="ns-pedals">
        <button class="ns-pedal" data-act="shot"><b>Shot</b><kbd>Space</kbd></button>
        <button class="ns-pedal ns-live" data-live><b>Live</b><kbd>hold L</kbd></button>
      </div>
      <div class="ns-said" role="group" aria-label="C-arm">
        <div class="ns-words" data-words></div>
        <div class="ns-words ns-views" data-views></div>
      </div>
      <div class="ns-small" role="group" aria-label="Table and collimator">
        <div class="ns-cross" aria-label="Table">
          <button data-pan="0,-5" aria-label="Field up 5 mm">▲</button>
          <button data-pan="-5,0" aria-label="Field left 5 mm">◀</button>
          <span>TABLE</span>
          <button data-pan="5,0" aria-label="Field right 5 mm">▶</button>
          <button data-pan="0,5" aria-label="Field down 5 mm">▼</button>
        </div>
        <div class="ns-iris"><span>FIELD</span>
          <button data-iris="-1" aria-label="Collimate in">−</button><output data-field>full</output>
          <button data-iris="1" aria-label="Open collimator">+</button></div>
      </div>
    </div>
  </section>
  <section class="ns-right">
    <div class="ns-row ns-top">
      <figure class="ns-monitor ns-echo" aria-label="Ultrasound monitor">
        <canvas data-sonogram role="img" aria-label="Ultrasound: probe off"></canvas>
        <div class="ns-pad" role="group" aria-label="Probe">
          ${knob("slide", 'data-echo="slide_mm,-3"', 'data-echo="slide_mm,3"')}
          ${knob("tilt", 'data-echo="tilt_deg,-3"', 'data-echo="tilt_deg,3"')}
          ${knob("rock", 'data-echo="rock_deg,-3"', 'data-echo="rock_deg,3"')}
          ${knob("turn", 'data-echo="rotate_deg,-5"', 'data-echo="rotate_deg,5"')}
          ${knob("depth", 'data-depth="-10"', 'data-depth="10"')}
          ${knob("gain", 'data-gain="-3"', 'data-gain="3"')}
        </div>
        <figcaption class="ns-bezel"><span>ULTRASOUND</span><select data-scan aria-label="Place the probe"></select>
        </figcaption>
      </figure>
      <div class="ns-panel ns-carm" role="group" aria-label="C-arm position">
        <h2>C-arm</h2>
        <canvas data-carm tabindex="0" role="img" aria-label="C-arm position"></canvas>
        <p class="ns-angles" data-angles></p>
      </div>
    </div>
    <div class="ns-panel ns-needle" role="group" aria-label="Needle">
      <h2>Needle <select data-needle aria-label="Needle in hand"></select>
        <output class="ns-felt" data-felt></output><output class="ns-depth" data-depth-mm>outside</output></h2>
      <canvas data-track role="img" aria-label="Depth and feel"></canvas>
      <div class="ns-dials"><canvas data-hub role="img" aria-label="Hub direction"></canvas>
        <canvas data-clock role="img" aria-label="Bevel"></canvas></div>
      <div class="ns-keys">
        <button data-mark>Mark skin <kbd>M</kbd></button>
        <button data-act="insert">Insert <kbd>I</kbd></button>
        <button data-do='{"do":"along_beam"}'>Hub to beam <kbd>B</kbd></button>
        <span class="ns-pair"><button data-push="-5">−5</button><button data-push="-1">−1</button><i>mm</i><button data-push="1">+1</button><button data-push="5">+5</button></span>
        <button data-stylet>Stylet out <kbd>T</kbd></button>
      </div>
    </div>
    <div class="ns-row ns-bottom">
      <div class="ns-panel ns-syringe" role="group" aria-label="Syringe">
        <h2>Syringe</h2>
        <canvas data-barrel role="img" aria-label="Contrast syringe"></canvas>
        <button class="ns-wide" data-act="aspirate">Aspirate <kbd>P</kbd></button>
        <form data-contrast><select name="agent" aria-label="Contrast agent"></select>
          <label class="ns-ml"><input name="volume_ml" type="number" min="0.05" max="20" step="0.05" required> mL</label>
          <select name="mode" aria-label="How it is watched"><option value="single">single</option><option value="live">live</option><option value="dsa">DSA</option></select>
          <button>Contrast <kbd>C</kbd></button></form>
        <form data-drug><select name="agent" aria-label="Drug"></select>
          <label class="ns-ml"><input name="volume_ml" type="number" min="0.05" max="20" step="0.05" required> mL</label>
          <button>Drug <kbd>J</kbd></button></form>
      </div>
      <div class="ns-panel ns-rf" role="group" aria-label="RF generator">
        <h2>RF generator <span data-protocol></span></h2>
        <dl class="ns-read">
          <div class="ns-hot"><dt>Temp</dt><dd data-temp>—</dd><small>°C</small></div>
          <div><dt>Impedance</dt><dd data-ohm>—</dd><small>Ω</small></div>
          <div><dt>Power</dt><dd data-watt>—</dd><small>W</small></div>
          <div><dt>Time</dt><dd data-heat-time>—</dd><small>s</small></div></dl>
        <canvas data-curve role="img" aria-label="Temperature and power"></canvas>
        <button class="ns-wide ns-heat" data-act="heat">Heat <kbd>H</kbd></button>
      </div>
    </div>
  </section>
  <footer class="ns-status">
    <p data-status role="status" aria-live="polite">Connecting …</p>
    <p class="ns-next" data-next hidden></p>
    <span class="ns-ends"><button data-finish>Finish <kbd>F</kbd></button><button data-help aria-label="Keys">?</button></span>
  </footer>
  <dialog class="ns-dialog ns-timeout" data-timeout aria-labelledby="ns-timeout-title"></dialog>
  <dialog class="ns-dialog ns-helper" data-helper aria-label="Keys"></dialog>
  <dialog class="ns-dialog ns-ending" data-ending aria-label="Finish"></dialog>
  <dialog class="ns-dialog ns-verdict" data-verdict aria-label="Score"></dialog>
</div>`;

const KEYS = [
  ["Picture", [["Space", "one exposure"], ["hold L", "live fluoroscopy"], ["drag on the picture", "brightness and contrast, R resets"]]],
  ["C-arm", [["← →", "rotate 2° to the picture's left, right"], ["↑ ↓", "cephalad, caudad 2°"], ["Shift + arrows", "table, 5 mm"], ["1 2 3", "views"], ["Z", "wig-wag under live"], ["E", "square the endplate (coach)"], ["< >", "collimate, open"]]],
  ["Needle", [["M, then arrows and Enter", "mark the skin (or click)"], ["I", "insert down the beam"], ["+ − or wheel", "advance, withdraw 1 mm"], ["PageDown PageUp", "advance, withdraw 5 mm"], ["W A S D", "lean the hub 1° to head, left, feet, right"], ["B", "hub down the beam"], ["[ ]", "turn the bevel 15°"], ["T", "stylet out, in"]]],
  ["Syringe, generator", [["P", "aspirate"], ["C", "contrast"], ["J", "drug"], ["H", "heat"]]],
  ["Ultrasound", [["U", "probe on at the next view"], ["O", "probe off"], ["G then arrows", "slide and tilt the probe, Esc ends"]]],
  ["Rehearsal", [["F", "finish, or give up"], ["?", "this page"], ["Esc", "close, leave a mode"]]],
];

const minutes = (s) => `${Math.floor(s / 60)}:${String(Math.floor(s % 60)).padStart(2, "0")}`;
const make = (tag, text = "", given = {}) => Object.assign(document.createElement(tag), { textContent: text, ...given });

/** Put the instrument into an element. */
export function mount(host, carrier, { whole = true } = {}) {
  const page = new Instrument(host, carrier, whole);
  page.begin();
  return () => page.end();
}

class Instrument {
  constructor(host, carrier, whole) {
    this.root = make("div", "", { className: "ns", tabIndex: 0 });
    this.root.innerHTML = PAGE; // fixed text of this file; what comes from elsewhere is textContent
    this.root.dataset.lmSuppressShortcuts = "true";
    host.replaceChildren(this.root);
    this.whole = whole;
    this.carrier = carrier;
    this.link = new Link(carrier, (...answer) => this.answered(...answer));
    this.film = new Film();
    this.echo = new Film();
    this.state = null;
    this.setup = null;
    this.feel = [];
    this.heat = [];
    this.mode = ""; // "", "mark" or "probe"
    this.cross = { x: 0.5, y: 0.5 };
    this.playing = null;
    this.words = ""; // of the last act, not yet announced
    this.held = false; // a hand on the C-arm
    this.preview = null; // when the coarse picture on the screen was asked for
    this.$ = (name) => this.root.querySelector(`[data-${name}]`);
    const pad = (name, draw) => new Pad(this.$(name), draw.bind(this));
    this.pads = {
      fluoro: pad("fluoroscopy", this.drawFluoro), echo: pad("sonogram", this.drawEcho),
      carm: pad("carm", this.drawCarm), track: pad("track", this.drawTrack),
      hub: pad("hub", this.drawHub), clock: pad("clock", this.drawClock),
      barrel: pad("barrel", this.drawBarrel), curve: pad("curve", this.drawCurve),
    };
    this.stop = new AbortController();
    this.wire();
    this.size();
  }

  begin() {
    this.carrier.onreply = (message, pixels) => this.link.answered(message, pixels);
    this.carrier.onlink = (how) => this.linked(how);
    this.carrier.open();
    this.ticking = setInterval(() => this.tick(), 100);
  }

  end() {
    this.stop.abort();
    clearInterval(this.ticking);
    this.sized?.disconnect();
  }

  // -------------------------------------------------- size

  /** The stage keeps its design height and is scaled as a whole; its width follows the room. */
  size() {
    const stage = this.root.querySelector(".ns-stage");
    const fit = () => {
      const width = this.root.clientWidth;
      if (!width) return;
      const height = this.whole ? window.innerHeight : Infinity;
      const narrow = width < 860;
      this.root.classList.toggle("ns-narrow", narrow);
      const scale = narrow ? Math.min(1, width / 780) : Math.min(1.6, width / 1460, height / 930);
      this.scale = scale;
      stage.style.zoom = scale;
      stage.style.width = `${Math.min(width / scale, narrow ? 1e4 : 1720)}px`;
      for (const one of Object.values(this.pads)) { one.measure(); one.paint(); }
      this.follow();
    };
    if (!this.whole) window.addEventListener("scroll", () => this.follow(), { signal: this.stop.signal, capture: true, passive: true });
    this.sized = new ResizeObserver(fit);
    this.sized.observe(this.root);
    window.addEventListener("resize", fit, { signal: this.stop.signal });
    fit();
  }

  // -------------------------------------------------- messages

  linked(how) {
    this.root.dataset.link = how;
    if (how === "open") {
      this.link.lost();
      this.link.clock = performance.now();
      this.link.post({ ask: "hello" });
      return;
    }
    this.link.lost();
    this.say(how === "taken" ? "This rehearsal is open in another page." : "Connection lost. Reconnecting: the attempt is kept.", "alarm");
  }

  act(message, given) { return this.link.post(message, given); }

  answered(message, pixels, item) {
    if (message.state) this.state = message.state;
    if (message.setup) this.started(message);
    if (message.push) return this.pushed(message);
    if (message.felt) this.feel.push(message.felt);
    if (message.did === "insert") this.feel = message.felt ? [message.felt] : [];
    if (message.waiting) { this.starting = true; setTimeout(() => this.listen(), 400); }
    const look = item?.message.ask !== undefined;
    if (message.error && look && this.state?.heating) this.owed = true; // asked again after the heat
    else if (message.error) this.say(message.error, "alarm");
    else if (message.announce) this.words = message.announce;
    this.received(message, pixels, item);
    if (message.did === "declare" && !message.error) this.$("timeout").close();
    if (message.did === "heat") this.heat = [];
    if (message.verdict) this.judged(message.verdict);
    const touches = ["insert", "advance", "withdraw", "needle_pose", "rotate", "angle", "probe", "needle"];
    if (touches.includes(message.did) && this.state.probe) this.listen();
    if (message.did === "probe_off") this.echo.head = null;
    this.show();
  }

  received(message, pixels, item) {
    const played = [];
    message.pictures?.forEach((head, k) => {
      if (head.kind === "sonogram") this.sounded(head, pixels[k]);
      else if (head.kind === "contrast") played.push([head, pixels[k]]);
      else {
        this.film.show(head, pixels[k], { lag: head.live && head.coarse !== 2 });
        this.pads.fluoro.paint();
        this.drawn(item, head);
      }
    });
    if (played.length) this.play(played);
    if (item?.message.moving) { this.preview = item.at; this.whole_picture(); }
    else if (item && message.pictures?.length) this.preview = null;
  }

  sounded(head, pixels) {
    this.echo.show(head, pixels);
    if (this.starting) this.words = "the ultrasound machine is ready";
    this.starting = false;
  }

  /** A hand turns the C-arm, or lets go of it. */
  turning(held) {
    if (held === this.held) return;
    this.held = held;
    if (!held) this.whole_picture();
  }

  /** After the preview: at once when the hand lets go, and while it holds still. */
  whole_picture() {
    clearTimeout(this.settling);
    if (this.preview === null || !this.state.live || !this.link.idle) return;
    const ask = () => this.preview !== null && this.state.live && this.link.idle && this.link.post({ ask: "frame" });
    this.settling = setTimeout(ask, this.held ? Math.max(0, HELD_STILL_MS - (performance.now() - this.preview)) : 0);
  }

  drawn(item, head) {
    const ms = item ? performance.now() - item.at : null;
    const detail = { ms, kind: item?.message.do ?? item?.message.ask ?? "", coarse: head.coarse ?? 1 };
    this.root.dispatchEvent(new CustomEvent("ns-drawn", { detail, bubbles: true }));
  }

  listen() {
    if (!this.state?.probe) return;
    if (this.state.heating) { this.owed = true; return; }
    clearTimeout(this.listening);
    this.listening = setTimeout(() => this.link.post({ ask: "sonogram", ...this.scan }), 30);
  }

  pushed(message) {
    if (message.push === "heat") {
      this.heat.push(message.row);
      this.pads.curve.paint();
      this.readings();
    } else {
      this.link.clock = performance.now();
      this.say(message.announce, message.error ? "alarm" : "");
      if (this.owed) this.listen();
      this.owed = false;
      this.show();
    }
  }

  /** The pictures of an injection in their own time. */
  play(frames) {
    const started = performance.now();
    const last = frames.at(-1)[0].time_s;
    const film = { started, last, words: this.words }; // said once it has been seen
    this.playing = film;
    this.words = "";
    this.link.clock = started + 1000 * last;
    const step = () => {
      if (this.playing !== film) return;
      const now = (performance.now() - started) / 1000;
      while (frames.length && frames[0][0].time_s <= now) {
        const [head, pixels] = frames.shift();
        this.film.show({ ...head, live: head.mode !== "single" }, pixels, { lag: head.mode === "live" });
        this.pads.fluoro.paint();
      }
      if (frames.length && !this.stop.signal.aborted) requestAnimationFrame(step);
      else {
        this.playing = null;
        if (this.film.head) this.film.head.live = false;
        this.words = film.words;
        this.show();
      }
      this.pads.barrel.paint();
    };
    step();
  }

  started(message) {
    const first = !this.setup;
    this.setup = message.setup;
    this.feel = message.felt_so_far ?? [];
    this.heat = message.heat ?? [];
    this.scan = { depth_mm: this.setup.scan_depth_mm };
    this.say(first ? "Ready." : "Connected again: the attempt goes on where it was.");
    this.fill();
    if (this.state.live && !this.pressed) this.act({ do: "live", on: false });
    if (!this.state.declared && !this.state.outcome) this.timeout();
    if (this.state.probe) this.listen();
    if (this.whole) this.root.focus({ preventScroll: true });
  }

  say(text, kind = "") {
    this.words = "";
    const line_ = this.$("status");
    line_.textContent = text ? text[0].toUpperCase() + text.slice(1) : "";
    line_.dataset.kind = kind;
  }

  // -------------------------------------------------- fixed parts

  fill() {
    const { setup } = this;
    this.$("mode").textContent = setup.coach ? "COACH" : "EXAM";
    this.root.classList.toggle("ns-exam", !setup.coach);
    this.$("title").textContent = setup.title;
    this.$("order").textContent = setup.order;
    const words = [["cephalad 5", { do: "turn", cephalad_deg: 5 }], ["caudad 5", { do: "turn", cephalad_deg: -5 }],
      ["rotate to me 10", { do: "turn", to_me_deg: 10 }], ["rotate away 10", { do: "turn", to_me_deg: -10 }]];
    const button = (text, press) => {
      const one = make("button", text, { type: "button" });
      one.addEventListener("click", press);
      return one;
    };
    this.$("words").replaceChildren(
      ...words.map(([text, message]) => button(text, () => this.turn(message))),
      button("wig-wag", () => this.wigwag()),
      ...(setup.coach ? [button("square the endplate", () => this.turn({ do: "square" }))] : []));
    const far = setup.side === "right" ? "right lateral" : "left lateral";
    this.views = setup.coach ? setup.views.map((one) => [one.name, one.title]) : [["straight AP", "AP"], [far, "Lateral"]];
    this.$("views").replaceChildren(...this.views.map(([name, title], k) => {
      const one = button(title, () => this.turn({ do: "go", view: name }));
      one.append(make("kbd", String(k + 1)));
      return one;
    }));
    const options = (select, list) => select.replaceChildren(...list.map(([value, text]) => make("option", text, { value })));
    options(this.$("needle"), setup.needles.map((one) => [one.name,
      `${one.summary.split(",")[0]}, ${one.gauge} G, ${one.length_mm} mm${one.active_tip_mm ? `, tip ${one.active_tip_mm} mm` : ""}`]));
    options(this.$("scan"), [["", "probe off"], ...setup.scans.map((one) => [one.name, `${one.title}, ${one.level}`])]);
    const dyes = setup.agents.filter((one) => one.contrast);
    const drugs = setup.agents.filter((one) => !one.contrast);
    const contrast = this.$("contrast");
    const drug = this.$("drug");
    options(contrast.agent, dyes.map((one) => [one.name, one.name.replace("_", " ")]));
    options(drug.agent, drugs.map((one) => [one.name, one.name]));
    const tray = setup.given;
    contrast.volume_ml.value = tray.contrast?.volume_ml ?? 1;
    contrast.agent.value = tray.contrast?.agent ?? dyes[0].name;
    contrast.mode.value = setup.coach ? tray.contrast?.mode ?? "live" : "single";
    drug.volume_ml.value = tray.inject?.volume_ml ?? 1;
    drug.agent.value = tray.inject?.agent ?? drugs[0].name;
    this.$("protocol").textContent = setup.protocol ? `${setup.protocol.set_c ?? ""} °C · ${setup.protocol.total_s} s` : "not used here";
    this.root.classList.toggle("ns-no-heat", !setup.protocol);
    const list = this.$("helper");
    const columns = make("div", "", { className: "ns-columns" });
    columns.append(...KEYS.map(([title, rows]) => {
      const part = make("section");
      const table = make("dl");
      for (const [key, what] of rows) {
        const row = make("div");
        const dt = make("dt");
        dt.append(make("kbd", key));
        row.append(dt, make("dd", what));
        table.append(row);
      }
      part.append(make("h3", title), table);
      return part;
    }));
    list.replaceChildren(make("h2", "Keys"), columns, this.closer(list));
  }

  closer(dialog, text = "Close") {
    const one = make("button", text, { type: "button", className: "ns-close" });
    one.addEventListener("click", () => dialog.close());
    return one;
  }

  timeout() {
    const dialog = this.$("timeout");
    if (dialog.open) return;
    const { setup } = this;
    const form = make("form", "", { method: "dialog" });
    const sheet = make("div", "", { className: "ns-sheet" });
    sheet.append(make("small", "ORDER"), make("b", setup.title), make("p", setup.order), make("p", `Patient: ${setup.patient}`));
    const group = (name, title, list) => {
      const set = make("fieldset", "", { name });
      set.append(make("legend", title));
      for (const [value, text] of list) {
        const label = make("label");
        label.append(make("input", "", { type: "radio", name, value, required: true }), make("span", text));
        set.append(label);
      }
      return set;
    };
    const levels = () => {
      const chosen = form.procedure?.value || setup.procedure;
      return setup.procedures.find((one) => one.name === chosen).levels.map((one) => [one, one]);
    };
    const level = group("level", "Level", levels());
    const go = make("button", "Confirm time-out", { className: "ns-go" });
    const title = make("h2", "Time-out", { id: "ns-timeout-title" });
    form.append(title, make("p", "Say aloud what is done, where, and on which side.", { className: "ns-lead" }), sheet,
      group("procedure", "Procedure", setup.procedures.map((one) => [one.name, one.title])), level,
      group("side", "Side", [["left", "Left"], ["right", "Right"]]), go);
    form.addEventListener("change", (event) => {
      if (event.target.name !== "procedure") return;
      const fresh = group("level", "Level", levels());
      form.querySelector('fieldset[name="level"]').replaceWith(fresh);
    });
    const wrong = make("p", "", { className: "ns-wrong", role: "alert" });
    form.append(wrong);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const given = new FormData(form);
      this.act({ do: "declare", procedure: given.get("procedure"), level: given.get("level"), side: given.get("side") })
        .then((reply) => { if (reply?.error) wrong.textContent = reply.error; else this.root.focus({ preventScroll: true }); });
    });
    dialog.replaceChildren(form);
    dialog.addEventListener("cancel", (event) => event.preventDefault());
    this.open(dialog);
    form.querySelector("input")?.focus({ preventScroll: true });
  }

  /** In a notebook a sheet lies near the top of what is seen of the instrument. */
  open(dialog) {
    if (dialog.open) return;
    if (this.whole) { dialog.showModal(); return; }
    const [x, y] = [window.scrollX, window.scrollY];
    dialog.show();
    window.scrollTo(x, y);
    this.lay(dialog);
  }

  lay(dialog) {
    const [top, bottom] = this.seen().map((y) => y / this.scale); // in the stage's own pixels
    dialog.style.maxHeight = `${Math.max(240, bottom - top - 24)}px`;
    const room = this.root.clientHeight / this.scale - dialog.offsetHeight - 8;
    dialog.style.top = `${Math.max(8, Math.min(top + 12, room))}px`;
  }

  /** In a narrow notebook the status line stays at the bottom of what is seen; a page does so by itself. */
  follow() {
    const line_ = this.root.querySelector(".ns-status");
    const follows = !this.whole && this.root.classList.contains("ns-narrow");
    const off = follows ? this.seen()[1] / this.scale - (line_.offsetTop + line_.offsetHeight) - 8 : 0;
    line_.style.transform = off < 0 ? `translateY(${off}px)` : "";
  }

  /** Top and bottom of what is seen of the instrument, from its own top, px. */
  seen() {
    const own = this.root.getBoundingClientRect();
    let [top, bottom] = [Math.max(0, own.top), Math.min(window.innerHeight, own.bottom)];
    for (let one = this.root.parentElement; one && one !== document.body; one = one.parentElement) {
      if (getComputedStyle(one).overflowY === "visible") continue;
      const box = one.getBoundingClientRect();
      [top, bottom] = [Math.max(top, box.top), Math.min(bottom, box.bottom)];
    }
    return [top - own.top, Math.max(top, bottom) - own.top];
  }

  ending() {
    const dialog = this.$("ending");
    const form = make("form", "", { method: "dialog" });
    const why = make("input", "", { type: "text", maxLength: 200, placeholder: "vascular pattern on live contrast" });
    const give = make("button", "Give up", { type: "button" });
    give.addEventListener("click", () => {
      if (!why.value.trim()) { why.focus(); return; }
      dialog.close();
      this.act({ do: "abort", why: why.value.trim() });
    });
    const label = make("label", "Or give up, because");
    label.append(why);
    const row = make("div", "", { className: "ns-row" });
    row.append(give, this.closer(dialog, "Back"));
    form.append(make("h2", "Finish?"), make("p", "The needle stays where it lies, and the attempt is scored."),
      make("button", "Finish and score", { className: "ns-go" }), label, row);
    form.addEventListener("submit", () => this.act({ do: "finish" }).then(() => this.root.focus({ preventScroll: true })));
    dialog.replaceChildren(form);
    this.open(dialog);
    form.querySelector(".ns-go").focus({ preventScroll: true });
  }

  judged(verdict) {
    const dialog = this.$("verdict");
    if (dialog.open) return;
    const table = (title, rows) => {
      const part = make("section");
      const list = make("ul");
      for (const one of rows) {
        const row = make("li");
        row.dataset.word = one.word;
        row.append(make("span", one.sign, { className: "ns-sign", ariaLabel: one.word }), make("b", one.name),
          make("span", one.value, { className: "ns-value" }), make("span", one.limit, { className: "ns-limit" }), make("p", one.reason));
        list.append(row);
      }
      part.append(make("h3", title), list);
      return part;
    };
    const report = make("a", "Open the report", { className: "ns-go", target: "_blank", rel: "noopener" });
    if (this.carrier.reportAddress) report.href = this.carrier.reportAddress;
    else report.addEventListener("click", async (event) => {
      if (report.href) return;
      event.preventDefault();
      report.textContent = "Writing the report …";
      const reply = await this.act({ ask: "report" });
      if (!reply?.report) return;
      report.href = URL.createObjectURL(new Blob([reply.report], { type: "text/html" }));
      report.textContent = "Open the report";
    });
    const head = make("header");
    head.dataset.outcome = verdict.total === null ? "failed" : verdict.outcome;
    head.append(make("h2", verdict.headline), make("p", verdict.below));
    const ends = make("div", "", { className: "ns-row" });
    ends.append(report, this.closer(dialog, "Look at the instrument"), make("small", verdict.disclaimer));
    dialog.replaceChildren(head, table("Safety gates", verdict.gates), table("Quality", verdict.quality), table("Economy", verdict.economy), ends);
    this.open(dialog);
    this.say(`${verdict.headline}. ${verdict.below}`);
  }

  // -------------------------------------------------- what is always shown

  /** While pictures come their words and dials may wait a little. */
  show() {
    const since = performance.now() - (this.shown ?? -Infinity);
    if (!this.state?.live || since > PATIENT_MS) return this.show_now();
    this.showing ??= setTimeout(() => this.show_now(), PATIENT_MS - since);
  }

  show_now() {
    clearTimeout(this.showing);
    this.showing = null;
    this.shown = performance.now();
    const { state } = this;
    if (!state) return;
    if (this.words) this.say(this.words);
    const put = (name, text) => { const one = this.$(name); if (one.textContent !== text) one.textContent = text; };
    put("shots", String(state.exposures));
    put("passes", String(state.needle_pass));
    put("angles", state.pose.words);
    const field = Math.min(state.pose.width_mm, state.pose.height_mm);
    const full = this.setup ? this.setup.whole_mm[0] / this.setup.magnification : 0;
    put("field", field >= full ? "full" : `${Math.round(field)} mm`);
    put("depth-mm", state.depth_mm === null ? "outside" : `${state.depth_mm.toFixed(1)} mm`);
    const felt = state.felt.length ? state.felt.join(", ") : state.depth_mm === null ? "" : `${state.force_n.toFixed(1)} N`;
    put("felt", state.pressure_kpa === null ? felt : `${felt} · plunger ${state.pressure_kpa.toFixed(0)} kPa`);
    this.$("felt").dataset.notice = String(state.felt.length > 0);
    this.$("needle").value = state.needle.name;
    this.$("needle").disabled = state.depth_mm !== null;
    const stylet = this.$("stylet");
    stylet.firstChild.textContent = state.stylet_in ? "Stylet out " : "Stylet in ";
    stylet.disabled = state.depth_mm === null;
    this.root.classList.toggle("ns-beam", state.live || Boolean(this.playing));
    this.root.classList.toggle("ns-heating", state.heating);
    this.$("live").setAttribute("aria-pressed", String(state.live));
    if (!state.probe) this.$("scan").value = "";
    const next = this.$("next");
    next.hidden = !state.coach || Boolean(state.outcome);
    if (state.coach && !this.playing) next.textContent = state.coach.next;
    const view = this.film.head ? `Fluoroscopy: ${this.film.head.view}, ${this.film.head.marker.words}` : "Fluoroscopy: no picture yet";
    this.$("fluoroscopy").setAttribute("aria-label", view);
    this.$("sonogram").setAttribute("aria-label", this.sonogram_words());
    this.readings();
    this.tick();
    this.repaint();
  }

  sonogram_words() {
    const { head } = this.echo;
    if (!this.state.probe) return "Ultrasound: probe off";
    if (!head) return "Ultrasound: starting up";
    return `Ultrasound: ${head.edges[0]} on the left, ${head.edges[1]} on the right, beam ${head.beam}, `
      + `${(head.depth_mm / 10).toFixed(0)} cm deep, gain ${head.gain_db.toFixed(0)} dB`;
  }

  /** Everything but a picture that has just been drawn, once a frame of the screen. */
  repaint() {
    this.painting ??= requestAnimationFrame(() => {
      this.painting = null;
      for (const [name, one] of Object.entries(this.pads)) if (name !== "fluoro" || !this.state?.live) one.paint();
    });
  }

  tick() {
    const { state } = this;
    if (!state) return;
    const passed = state.outcome || state.heating ? 0 : Math.max(0, (performance.now() - this.link.clock) / 1000);
    const live = state.live ? passed : 0;
    const put = (name, text) => { const one = this.$(name); if (one.textContent !== text) one.textContent = text; };
    put("time", minutes(state.t_s + passed));
    put("fluoro", `${(state.fluoro_s + live).toFixed(1)} s`);
    put("kap", (state.kap_ugy_m2 + live * state.kap_rate).toFixed(1));
    this.root.classList.toggle("ns-beat", state.live && performance.now() % 1000 < 500);
    const fresh = performance.now() - this.film.since < 90; // a new picture is flicker enough
    if (!fresh && (state.live || this.film.left() > 0)) {
      this.film.develop(state.live);
      this.pads.fluoro.paint();
    }
  }

  readings() {
    const row = this.heat.at(-1);
    const put = (name, text) => { this.$(name).textContent = text; };
    put("temp", row ? row.sensor_c.toFixed(0) : "—");
    put("ohm", row ? row.impedance_ohm.toFixed(0) : "—");
    put("watt", row ? row.power_w.toFixed(1) : "—");
    put("heat-time", row ? row.time_s.toFixed(0) : "—");
  }

  // -------------------------------------------------- acts by hand

  turn(message) {
    return this.act({ ...message, moving: Boolean(this.state?.live && this.held) });
  }

  async wigwag() {
    if (this.wagging) return;
    this.wagging = true;
    const was = this.state.live;
    if (!was) await this.act({ do: "live", on: true });
    for (const step of [2.5, 2.5, 2.5, 2.5, ...Array(8).fill(-2.5), 2.5, 2.5, 2.5, 2.5])
      if (this.state.live) {
        await this.act({ do: "turn", to_me_deg: step, moving: true });
        await new Promise((next) => setTimeout(next, 60));
      }
    if (!was && !this.pressed && this.state.live) await this.act({ do: "live", on: false });
    this.wagging = false;
  }

  press(on) {
    if (on === Boolean(this.pressed)) return;
    this.pressed = on;
    if (on && !this.state?.live) this.act({ do: "live", on: true });
    if (!on && !this.wagging) this.release();
  }

  async release() {
    await this.act({ do: "live", on: false });
  }

  marking(on) {
    this.mode = on ? "mark" : "";
    this.cross = { x: 0.5, y: 0.5 };
    this.root.dataset.mode = this.mode;
    if (on) this.say("Mark the skin: click on the picture, or arrows and Enter. Esc leaves.");
    this.pads.fluoro.paint();
  }

  mark() {
    const { x, y } = this.cross;
    this.marking(false);
    this.act({ do: "mark_at", x, y }).then((reply) => reply && !reply.error && this.link.post({ ask: "frame" }));
  }

  iris(way) {
    const { pose } = this.state;
    const full = this.setup.whole_mm[0] / this.setup.magnification;
    const now = Math.min(pose.width_mm, pose.height_mm, full);
    const side = Math.min(500, Math.max(40, now + 15 * way));
    this.act({ do: "collimate", width_mm: side >= full ? 500 : side, height_mm: side >= full ? 500 : side });
  }

  inject(form, act) {
    if (!form.reportValidity()) return;
    const message = { do: act, agent: form.agent.value, volume_ml: Number(form.volume_ml.value) };
    if (act === "contrast") message.mode = form.mode.value;
    this.say(act === "contrast" ? "Injecting …" : "Giving the drug …");
    this.act(message);
  }

  probe(name) {
    this.$("scan").value = name;
    if (!name) { if (this.state.probe) this.act({ do: "probe_off" }); return; }
    this.act({ do: "probe_by", view: name });
  }

  nextScan() {
    const names = this.setup.scans.map((one) => one.name);
    this.probe(names[(names.indexOf(this.$("scan").value) + 1) % names.length]);
  }

  wire() {
    const { signal } = this.stop;
    const on = (target, kind, run, more = {}) => target.addEventListener(kind, run, { signal, ...more });
    const each = (name, run) => this.root.querySelectorAll(`[data-${name}]`).forEach((one) => on(one, "click", () => run(one)));
    each("act", (one) => this.act({ do: one.dataset.act }));
    each("do", (one) => this.act(JSON.parse(one.dataset.do)));
    each("push", (one) => this.act({ do: "push", mm: Number(one.dataset.push) }));
    each("pan", (one) => { const [right_mm, down_mm] = one.dataset.pan.split(",").map(Number); this.act({ do: "pan", right_mm, down_mm }); });
    each("iris", (one) => this.iris(Number(one.dataset.iris)));
    each("echo", (one) => { const [name, value] = one.dataset.echo.split(","); this.act({ do: "probe_by", [name]: Number(value) }); });
    each("depth", (one) => { this.scan.depth_mm = Math.min(200, Math.max(30, this.scan.depth_mm + Number(one.dataset.depth))); this.listen(); });
    each("gain", (one) => { this.scan.gain_db = Math.min(30, Math.max(-30, (this.scan.gain_db ?? 0) + Number(one.dataset.gain))); this.listen(); });
    on(this.$("mark"), "click", () => this.marking(this.mode !== "mark"));
    on(this.$("stylet"), "click", () => this.act({ do: "stylet", inside: !this.state.stylet_in }));
    on(this.$("finish"), "click", () => this.ending());
    on(this.$("help"), "click", () => this.open(this.$("helper")));
    on(this.$("needle"), "change", (event) => this.act({ do: "needle", name: event.target.value }).then(() => this.show()));
    on(this.$("scan"), "change", (event) => this.probe(event.target.value));
    on(this.$("contrast"), "submit", (event) => { event.preventDefault(); this.inject(event.target, "contrast"); });
    on(this.$("drug"), "submit", (event) => { event.preventDefault(); this.inject(event.target, "inject"); });
    const live = this.$("live");
    on(live, "pointerdown", (event) => { live.setPointerCapture(event.pointerId); this.press(true); });
    for (const kind of ["pointerup", "pointercancel"]) on(live, kind, () => this.press(false));
    on(window, "blur", () => { this.press(false); this.turning(false); });
    on(document, "visibilitychange", () => document.hidden && this.press(false));
    this.wireFluoro(on);
    this.wireCarm(on);
    const keys = this.whole ? window : this.root;
    on(keys, "keydown", (event) => this.keydown(event));
    on(keys, "keyup", (event) => {
      if (event.key.startsWith("Arrow")) this.turning(false);
      if (event.key === "l" || event.key === "L") this.press(false);
      if (!this.whole) event.stopPropagation();
    });
  }

  wireFluoro(on) {
    const canvas = this.$("fluoroscopy");
    let drag = null;
    on(canvas, "pointerdown", (event) => {
      canvas.setPointerCapture(event.pointerId);
      drag = { x: event.clientX, y: event.clientY, ...this.film.window };
    });
    on(canvas, "pointermove", (event) => {
      if (this.mode === "mark") { this.cross = this.place(event); this.pads.fluoro.paint(); }
      if (!drag || this.mode === "mark") return;
      const side = canvas.getBoundingClientRect().height;
      this.film.window = {
        width: Math.min(3, Math.max(0.12, drag.width * Math.exp(2 * (event.clientX - drag.x) / side))),
        centre: Math.min(1, Math.max(0, drag.centre + (event.clientY - drag.y) / side)),
      };
      this.film.develop(false);
      this.pads.fluoro.paint();
    });
    on(canvas, "pointerup", (event) => {
      drag = null;
      if (this.mode !== "mark") return;
      this.cross = this.place(event);
      this.mark();
    });
    on(canvas, "dblclick", () => this.resetWindow());
    const wheel = (event) => this.wheel(event);
    on(canvas, "wheel", wheel, { passive: false });
    on(this.$("track"), "wheel", wheel, { passive: false });
  }

  /** 100 px or 3 lines are 1 mm and the rest is kept; without a needle in the skin the page scrolls. */
  wheel(event) {
    const { deltaX, deltaY, deltaMode, ctrlKey } = event;
    const free = this.whole && !this.root.classList.contains("ns-narrow");
    const ours = free || this.root.matches(":focus-within");
    if (!ours || ctrlKey || (this.state?.depth_mm ?? null) === null) { this.wheeled = 0; return; }
    if (Math.abs(deltaX) >= Math.abs(deltaY)) return;
    event.preventDefault();
    this.wheeled = (this.wheeled ?? 0) - deltaY / ([100, 3, 1][deltaMode] ?? 100);
    const mm = Math.trunc(this.wheeled + Math.sign(this.wheeled) * 1e-9);
    this.wheeled -= mm;
    if (mm) this.act({ do: "push", mm });
  }

  resetWindow() {
    this.film.window = { centre: 0.5, width: 1 };
    this.film.develop(false);
    this.pads.fluoro.paint();
  }

  wireCarm(on) {
    const canvas = this.$("carm");
    let drag = null;
    on(canvas, "pointerdown", (event) => {
      canvas.setPointerCapture(event.pointerId);
      const box = canvas.getBoundingClientRect();
      drag = { x: event.clientX, orbit: event.clientY - box.top < box.height / 2, unit: 120 / box.width, rest: 0 };
    });
    on(canvas, "pointermove", (event) => {
      if (!drag) return;
      drag.rest += (event.clientX - drag.x) * drag.unit;
      drag.x = event.clientX;
      const whole = Math.trunc(drag.rest);
      if (!whole) return;
      drag.rest -= whole;
      this.turning(true);
      this.turn(drag.orbit ? { do: "turn", to_left_deg: -whole } : { do: "turn", cephalad_deg: -whole });
    });
    for (const kind of ["pointerup", "pointercancel"]) on(canvas, kind, () => { drag = null; this.turning(false); });
  }

  /** Where a pointer is on the picture, 0 to 1 across and down. */
  place(event) {
    const canvas = this.$("fluoroscopy");
    const box = canvas.getBoundingClientRect();
    const unit = canvas.clientWidth / box.width;
    const [x0, y0, wide, high] = this.frame(canvas.clientWidth, canvas.clientHeight);
    return { x: ((event.clientX - box.left) * unit - x0) / wide, y: ((event.clientY - box.top) * unit - y0) / high };
  }

  keydown(event) {
    if (!this.whole) event.stopPropagation();
    const inside = event.target.closest?.("dialog");
    const typing = event.target.matches?.("input, select, textarea");
    if (event.key === "Escape" && !inside) { this.marking(false); event.target.blur?.(); this.root.focus({ preventScroll: true }); return; }
    if (inside || typing || event.ctrlKey || event.metaKey || event.altKey || !this.state) return;
    const button = event.target.matches?.("button, a");
    if (button && (event.key === "Enter" || event.key === " ")) return;
    if (this.key(event)) event.preventDefault();
  }

  key(event) {
    const { key, shiftKey, repeat } = event;
    const arrows = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    if (arrows[key]) return this.arrow(arrows[key], shiftKey);
    if (key === "Enter" && this.mode === "mark") { this.mark(); return true; }
    const low = key.toLowerCase();
    const lean = { w: [0, 1], s: [0, -1], a: [1, 0], d: [-1, 0] }[low];
    if (lean) { this.act({ do: "lean", to_left_deg: lean[0], to_head_deg: lean[1] }); return true; }
    const push = { "+": 1, "=": 1, "-": -1, _: -1, PageDown: 5, PageUp: -5 }[key];
    if (push) { this.act({ do: "push", mm: push }); return true; }
    if (key === "[" || key === "]") { this.act({ do: "rotate", deg: key === "]" ? 15 : -15 }); return true; }
    if (low === "l") { this.press(true); return true; }
    if (repeat) return true;
    const once = {
      " ": () => this.act({ do: "shot" }), m: () => this.marking(this.mode !== "mark"),
      i: () => this.act({ do: "insert" }), b: () => this.act({ do: "along_beam" }),
      t: () => this.act({ do: "stylet", inside: !this.state.stylet_in }), p: () => this.act({ do: "aspirate" }),
      c: () => this.inject(this.$("contrast"), "contrast"), j: () => this.inject(this.$("drug"), "inject"),
      h: () => this.act({ do: "heat" }), f: () => this.ending(), "?": () => this.open(this.$("helper")),
      z: () => this.wigwag(), e: () => this.turn({ do: "square" }), r: () => this.resetWindow(),
      u: () => this.nextScan(), o: () => this.probe(""), g: () => this.probing(this.mode !== "probe"),
      "<": () => this.iris(-1), ">": () => this.iris(1), ",": () => this.iris(-1), ".": () => this.iris(1),
    }[low];
    if (once) { once(); return true; }
    const view = this.views?.[Number(key) - 1];
    if (view) { this.turn({ do: "go", view: view[0] }); return true; }
    return false;
  }

  probing(on) {
    this.mode = on ? "probe" : "";
    this.root.dataset.mode = this.mode;
    this.say(on ? "Arrows move the probe: left and right slide, up and down tilt. Esc ends." : "Arrows turn the C-arm.");
  }

  arrow([x, y], shift) {
    if (this.mode === "mark") {
      const step = shift ? 0.05 : 0.01;
      this.cross = { x: Math.min(1, Math.max(0, this.cross.x + step * x)), y: Math.min(1, Math.max(0, this.cross.y + step * y)) };
      this.pads.fluoro.paint();
    } else if (this.mode === "probe") this.act({ do: "probe_by", slide_mm: 2 * x, tilt_deg: -2 * y });
    else if (shift) this.act({ do: "pan", right_mm: 5 * x, down_mm: 5 * y });
    else {
      this.turning(true);
      this.turn({ do: "turn", to_left_deg: -2 * x, cephalad_deg: -2 * y });
    }
    return true;
  }

  // -------------------------------------------------- monitors

  /** The picture's box on the fluoroscopy monitor. */
  frame(width, height) {
    const side = Math.min(height - 16, width - 132);
    const head = this.film.head;
    const [wide, high] = head && this.setup
      ? [head.field_mm[0] / this.setup.whole_mm[0], head.field_mm[1] / this.setup.whole_mm[1]] : [1, 1];
    const x = 8 + (side * (1 - wide)) / 2;
    const y = (height - side) / 2 + (side * (1 - high)) / 2;
    return [x, y, side * wide, side * high, side];
  }

  drawFluoro(pen, width, height) {
    const [x, y, wide, high, side] = this.frame(width, height);
    const head = this.film.head;
    const gutter = side + 20;
    if (!head) {
      write(pen, "NO PICTURE", 8 + side / 2, height / 2 - 8, { size: 15, colour: INK.faint, align: "center", spacing: 3 });
      write(pen, "Space takes one, L held is live", 8 + side / 2, height / 2 + 16, { size: 12, colour: INK.faint, align: "center" });
      this.burn(pen, gutter, height, null);
      return;
    }
    pen.imageSmoothingEnabled = true;
    pen.imageSmoothingQuality = this.state?.live ? "medium" : "high";
    pen.drawImage(this.film.canvas, x, y, wide, high);
    const { marker } = head;
    const left = marker.corner === "upper left";
    write(pen, marker.letter, left ? x + 0.085 * wide : x + 0.915 * wide, y + 0.1 * high, { size: 0.07 * side, weight: 700, colour: "#0a0a0a", align: "center", base: "middle", halo: "#ffffff59" });
    if (head.coach) this.drawPlan(pen, head.coach, x, y, wide, high);
    if (head.mark) this.drawMark(pen, x + head.mark[0] * wide, y + head.mark[1] * high);
    if (this.mode === "mark") this.drawCross(pen, x + this.cross.x * wide, y + this.cross.y * high);
    const long = 20 / head.mm_px / head.columns * wide;
    line(pen, [[x + wide - 18 - long, y + high - 18], [x + wide - 18, y + high - 18]], { colour: "#00000088", width: 4 });
    line(pen, [[x + wide - 18 - long, y + high - 18], [x + wide - 18, y + high - 18]], { colour: "#ffffff", width: 1.6 });
    write(pen, "20 mm", x + wide - 18 - long / 2, y + high - 24, { size: 10, colour: "#fff", align: "center", halo: "#00000080" });
    this.burn(pen, gutter, height, head);
  }

  burn(pen, x, height, head) {
    const { state, setup } = this;
    const lamp = state?.live || this.playing ? "LIVE" : head ? "LIH" : "";
    if (lamp) {
      const on = lamp === "LIVE";
      pen.beginPath();
      pen.roundRect(x, 16, on ? 66 : 54, 26, 4);
      pen.fillStyle = on ? INK.xray : "transparent";
      pen.strokeStyle = on ? INK.xray : INK.faint;
      pen.fill();
      pen.lineWidth = 1;
      pen.stroke();
      if (on) { pen.beginPath(); pen.arc(x + 14, 29, 4, 0, 7); pen.fillStyle = "#1b0500"; pen.fill(); }
      write(pen, lamp, on ? x + 24 : x + 13, 34, { size: 14, weight: 700, colour: on ? "#1b0500" : INK.dim, spacing: 1 });
    }
    let y = 70;
    const pair = (name, text, big = 15) => {
      write(pen, name, x, y, { size: 9.5, colour: INK.dim, spacing: 0.8 });
      y = paragraph(pen, text, x, y + big + 3, 108, big + 3, { size: big, colour: INK.text, weight: 500 }) + 6;
    };
    if (head) {
      pair("VIEW", head.view, 13);
      if (head.mode) pair("CONTRAST", `${head.mode === "dsa" ? "DSA" : head.mode} ${head.time_s.toFixed(1)} s`, 13);
      pair("kV", head.kvp.toFixed(0));
      pair("mAs", head.mas < 10 ? head.mas.toFixed(2) : head.mas.toFixed(1));
      pair("FRAME KAP", `${head.kap_ugy_m2.toFixed(2)} µGy·m²`, 13);
      const { centre, width } = this.film.window;
      if (centre !== 0.5 || width !== 1) pair("WINDOW", `C ${Math.round(100 * centre)}  W ${Math.round(100 * width)}`, 13);
      const pose = state.pose;
      const moved = Math.abs(pose.orbital_deg - head.orbital_deg) > 0.05 || Math.abs(pose.tilt_deg - head.tilt_deg) > 0.05;
      if (moved && !state.live) pair("C-ARM NOW", pose.words, 13);
    }
    y = height - 52;
    if (setup) {
      write(pen, setup.patient, x, y, { size: 11, colour: INK.dim });
      write(pen, `${setup.side} ${setup.level}`, x, y + 16, { size: 11, colour: INK.dim });
      write(pen, "SIMULATED", x, y + 34, { size: 9.5, colour: INK.faint, spacing: 1 });
    }
  }

  drawPlan(pen, coach, x, y, wide, high) {
    const at = ([u, v]) => [x + u * wide, y + v * high];
    pen.save();
    pen.beginPath();
    pen.rect(x, y, wide, high);
    pen.clip();
    if (coach.path) {
      const [entry, tip, danger] = coach.path.map(at);
      line(pen, [entry, tip], { colour: "#00000070", width: 3.5 });
      line(pen, [entry, tip], { colour: INK.coach, width: 1.4, dash: [7, 5] });
      if (danger && Math.hypot(danger[0] - tip[0], danger[1] - tip[1]) > 8) {
        const [dx, dy] = [tip[0] - entry[0], tip[1] - entry[1]];
        const long = Math.hypot(dx, dy);
        const [nx, ny] = [(-dy / long) * 9, (dx / long) * 9];
        line(pen, [[danger[0] - nx, danger[1] - ny], [danger[0] + nx, danger[1] + ny]], { colour: INK.amber, width: 2.2 });
        if (long > 120) write(pen, "danger", danger[0] + nx + 5, danger[1] + ny + 4, { size: 11, colour: INK.amber, halo: "#000000a0" });
      }
    }
    const [cx, cy] = at(coach.target);
    const radius = Math.max(7, coach.target[2] * wide);
    pen.beginPath();
    pen.arc(cx, cy, radius, 0, 7);
    pen.lineWidth = 3.5;
    pen.strokeStyle = "#00000070";
    pen.stroke();
    pen.lineWidth = 1.6;
    pen.strokeStyle = INK.coach;
    pen.stroke();
    for (const turn of [0, 1, 2, 3]) {
      const [c, s] = [Math.cos(turn * Math.PI / 2), Math.sin(turn * Math.PI / 2)];
      line(pen, [[cx + c * (radius + 2), cy + s * (radius + 2)], [cx + c * (radius + 8), cy + s * (radius + 8)]], { colour: INK.coach, width: 1.6 });
    }
    write(pen, "target", cx + radius + 11, cy + 4, { size: 11, colour: INK.coach, halo: "#000000a0" });
    pen.restore();
  }

  drawMark(pen, x, y) {
    pen.beginPath();
    for (const turn of [0.25, 0.75]) {
      const [c, s] = [7 * Math.cos(turn * Math.PI), 7 * Math.sin(turn * Math.PI)];
      pen.moveTo(x - c, y - s);
      pen.lineTo(x + c, y + s);
    }
    pen.lineWidth = 3.5;
    pen.strokeStyle = "#00000080";
    pen.stroke();
    pen.lineWidth = 1.5;
    pen.strokeStyle = "#fff";
    pen.stroke();
    const near = x < 90;
    write(pen, "skin mark", near ? x + 11 : x - 11, y - 8, { size: 10, colour: "#fff", align: near ? "left" : "right", halo: "#000000a0" });
  }

  drawCross(pen, x, y) {
    for (const [colour, width] of [["#00000080", 3], [INK.amber, 1.2]])
      for (const [a, b] of [[[-26, 0], [-5, 0]], [[5, 0], [26, 0]], [[0, -26], [0, -5]], [[0, 5], [0, 26]]])
        line(pen, [[x + a[0], y + a[1]], [x + b[0], y + b[1]]], { colour, width });
  }

  drawEcho(pen, width, height) {
    const head = this.echo.head;
    if (!head || !this.state?.probe) {
      const off = this.state?.probe ? "STARTING UP" : "PROBE OFF";
      write(pen, off, width / 2, height / 2 - 6, { size: 13, colour: INK.faint, align: "center", spacing: 3 });
      if (!this.state?.probe) write(pen, "U puts the probe on the skin", width / 2, height / 2 + 15, { size: 11, colour: INK.faint, align: "center" });
      return;
    }
    const room = { x: 10, y: 22, w: width - 50, h: height - 28 };
    const scale = Math.min(room.w / head.columns, room.h / head.rows);
    const [w, h] = [head.columns * scale, head.rows * scale];
    const [x, y] = [room.x + (room.w - w) / 2, room.y];
    pen.imageSmoothingQuality = "high";
    pen.drawImage(this.echo.canvas, x, y, w, h);
    const face = y + head.origin_px[0] * scale;
    const cm = (10 / head.mm_px) * scale;
    for (let k = 0; k * 10 <= head.depth_mm + 0.1; k++) {
      const at = face + k * cm;
      line(pen, [[x + w + 8, at], [x + w + (k % 5 ? 13 : 18), at]], { colour: INK.dim });
      if (k && k % 2 === 0) write(pen, String(k), x + w + 21, at + 3.5, { size: 10, colour: INK.dim });
    }
    const focus = face + (head.focus_mm / head.mm_px) * scale;
    pen.beginPath();
    pen.moveTo(x + w + 7, focus);
    pen.lineTo(x + w - 1, focus - 4);
    pen.lineTo(x + w - 1, focus + 4);
    pen.fillStyle = INK.echo;
    pen.fill();
    write(pen, head.edges[0], 12, 16, { size: 10, colour: INK.text, weight: 600, spacing: 0.5 });
    write(pen, head.edges[1], width - 40, 16, { size: 10, colour: INK.dim, align: "right", spacing: 0.5 });
    const said = [`${head.frequency_mhz} MHz  ${(head.depth_mm / 10).toFixed(0)} cm`, `gain ${head.gain_db < 0 ? "−" : "+"}${Math.abs(head.gain_db).toFixed(0)} dB`, ...head.beam.replace("to the patient's ", "").split(", ")];
    said.forEach((text, k) => write(pen, text, 12, 34 + 14 * k, { size: 9.5, colour: INK.dim }));
  }

  // -------------------------------------------------- drawings

  drawCarm(pen, width, height) {
    if (!this.state) return;
    const { orbital_deg, tilt_deg } = this.state.pose;
    const radius = Math.min(width * 0.3, height * 0.215);
    const say = (y, value, name, plus, minus) => {
      write(pen, name, width - 8, y - 22, { size: 9.5, colour: INK.dim, align: "right", spacing: 0.8 });
      write(pen, `${Math.abs(value).toFixed(0)}°`, width - 8, y + 4, { size: 24, weight: 500, align: "right", colour: "#eef3f5" });
      write(pen, Math.abs(value) < 0.5 ? "straight" : value > 0 ? plus : minus, width - 8, y + 20, { size: 10.5, align: "right", colour: INK.dim });
    };
    const x = Math.max(radius + 12, (width - 84) / 2);
    this.drawArc(pen, x, height * 0.25, radius, -orbital_deg, "axial");
    this.drawArc(pen, x, height * 0.75, radius, -tilt_deg, "side");
    line(pen, [[8, height / 2], [width - 8, height / 2]], { colour: INK.line });
    say(height * 0.25, orbital_deg, "ORBITAL", "to the left", "to the right");
    say(height * 0.75, tilt_deg, "TILT", "cephalad", "caudad");
  }

  drawArc(pen, x, y, radius, degrees, kind) {
    const beam = this.state.live || this.playing;
    const axial = kind === "axial";
    // table and patient stand still
    pen.fillStyle = "#1b2024";
    pen.strokeStyle = "#39434a";
    pen.lineWidth = 1;
    const wide = axial ? radius * 0.95 : radius * 1.75;
    pen.beginPath();
    pen.roundRect(x - wide / 2, y + radius * 0.2, wide, 5, 2);
    pen.fill();
    pen.stroke();
    pen.beginPath();
    if (axial) pen.ellipse(x, y + radius * 0.01, radius * 0.42, radius * 0.19, 0, 0, 7);
    else pen.roundRect(x - radius * 0.86, y - radius * 0.18, radius * 1.72, radius * 0.38, radius * 0.17);
    pen.fillStyle = "#2a3238";
    pen.fill();
    pen.stroke();
    if (axial) {
      pen.beginPath();
      pen.arc(x, y - radius * 0.08, 3.2, 0, 7);
      pen.fillStyle = "#57636b";
      pen.fill();
      write(pen, "L", x - radius * 0.55, y + 4, { size: 9.5, colour: INK.dim, align: "center" });
      write(pen, "R", x + radius * 0.55, y + 4, { size: 9.5, colour: INK.dim, align: "center" });
      const me = this.setup?.side === "left" ? -1 : 1;
      write(pen, "you", x + me * radius * 0.98, y + radius * 0.86, { size: 9.5, colour: INK.dim, align: "center" });
    } else {
      write(pen, "head", x - radius * 0.66, y + 4, { size: 9.5, colour: INK.dim, align: "center" });
      write(pen, "feet", x + radius * 0.66, y + 4, { size: 9.5, colour: INK.dim, align: "center" });
    }
    pen.save();
    pen.translate(x, y);
    pen.rotate((degrees * Math.PI / 180) * (axial ? 1 : 1));
    // beam
    pen.beginPath();
    pen.moveTo(0, radius * 0.8);
    pen.lineTo(-radius * 0.24, -radius * 0.68);
    pen.lineTo(radius * 0.24, -radius * 0.68);
    pen.closePath();
    pen.fillStyle = beam ? "#ff6a3d40" : "#8fa3ad12";
    pen.fill();
    // arc
    pen.beginPath();
    if (axial) pen.arc(0, 0, radius * 0.92, -Math.PI / 2, Math.PI / 2, this.setup?.side === "right");
    else { pen.moveTo(0, -radius * 0.92); pen.lineTo(0, radius * 0.92); }
    pen.lineWidth = axial ? 6 : 3;
    pen.strokeStyle = axial ? "#4a565e" : "#4a565e66";
    pen.stroke();
    // detector and tube
    pen.beginPath();
    pen.roundRect(-radius * 0.3, -radius * 0.8, radius * 0.6, radius * 0.13, 3);
    pen.fillStyle = "#aeb9bf";
    pen.fill();
    pen.fillStyle = "#6e7b83";
    pen.fillRect(-radius * 0.1, -radius * 0.94, radius * 0.2, radius * 0.14);
    pen.beginPath();
    pen.roundRect(-radius * 0.16, radius * 0.76, radius * 0.32, radius * 0.26, 4);
    pen.fillStyle = beam ? INK.xray : "#6e7b83";
    pen.fill();
    pen.restore();
  }

  drawTrack(pen, width, height) {
    const { state } = this;
    if (!state) return;
    const { needle, depth_mm } = state;
    const coach = state.coach;
    const [x0, x1] = [44, width - 14];
    const reach = Math.max(100, Math.min(needle.length_mm, Math.max((depth_mm ?? 0) + 30, (coach?.planned_mm ?? 0) + 20)));
    const at = (mm) => x0 + ((x1 - x0) * mm) / reach;
    const [top, base] = [30, height - 30];
    // layers that were passed (a coach names them)
    const bands = [];
    let from = 0;
    for (const one of this.feel)
      for (const [name, to] of one.layers ?? []) {
        const start = Math.max(from, one.depth_mm[0]);
        if (to <= start) continue;
        if (bands.at(-1)?.name === name) bands.at(-1).to = to; else bands.push({ name, from: start, to });
        from = to;
      }
    for (const { name, from: a, to } of bands) {
      if (a > (depth_mm ?? 0)) continue;
      pen.fillStyle = `${LAYER[name] ?? "#888888"}38`;
      pen.fillRect(at(a), top, at(to) - at(a), base - top);
      pen.fillStyle = LAYER[name] ?? "#888";
      pen.fillRect(at(a), base, at(to) - at(a), 4);
      if (at(to) - at(a) > 7 * name.length) write(pen, name, (at(a) + at(to)) / 2, base - 5, { size: 10, colour: LAYER[name], align: "center" });
      else if (at(to) - at(a) > 3) {
        pen.save();
        pen.translate((at(a) + at(to)) / 2 + 3, base - 5);
        pen.rotate(-Math.PI / 2);
        write(pen, name, 0, 0, { size: 9.5, colour: LAYER[name] });
        pen.restore();
      }
    }
    // scale
    line(pen, [[x0, base + 4], [x1, base + 4]], { colour: INK.faint });
    for (let mm = 0; mm <= reach + 0.01; mm += 10) {
      line(pen, [[at(mm), base + 4], [at(mm), base + (mm % 50 ? 8 : 11)]], { colour: INK.dim });
      if (mm % 20 === 0) write(pen, String(mm), at(mm), base + 22, { size: 10, colour: INK.dim, align: "center" });
    }
    // what was felt: the newest at each depth
    const most = 15;
    const up = (n) => base - (Math.min(n, most) / most) * (base - top - 4);
    for (const n of [5, 10]) { line(pen, [[x0, up(n)], [x1, up(n)]], { colour: "#1d2327" }); write(pen, `${n} N`, x0 - 6, up(n) + 3, { size: 9.5, colour: INK.faint, align: "right" }); }
    for (const one of this.feel) {
      line(pen, one.depth_mm.map((mm, k) => [at(mm), up(one.force_n[k])]), { colour: INK.steel, width: 1.6 });
      if (one.pressure_kpa) line(pen, one.depth_mm.map((mm, k) => [at(mm), base - Math.min(1, one.pressure_kpa[k] / 100) * (base - top - 4)]), { colour: INK.echo, width: 1.2, dash: [3, 2] });
    }
    for (const one of this.feel.slice(-40))
      if (one.bone && Math.abs(one.depth_mm.at(-1) - (depth_mm ?? -9)) < 0.3) write(pen, "BONE", at(one.depth_mm.at(-1)) + 5, top + 12, { size: 11, weight: 700, colour: LAYER.bone });
    // plan
    const tick = (mm, text, colour, row) => {
      if (mm === null || mm === undefined || mm > reach) return;
      line(pen, [[at(mm), top - 4], [at(mm), base + 4]], { colour, width: 1.2, dash: [4, 3] });
      write(pen, text, at(mm) + (row ? 4 : -4), top + 8, { size: 10, colour, align: row ? "left" : "right" });
    };
    if (coach) {
      const late = (coach.danger_mm ?? 0) > (coach.planned_mm ?? 1e9);
      tick(coach.danger_mm, "danger", INK.amber, Number(late));
      tick(coach.planned_mm, "target depth", INK.coach, Number(!late));
    }
    // the shaft itself
    const y = 14;
    const tip = depth_mm === null ? x0 - 8 : at(depth_mm);
    const metal = pen.createLinearGradient(0, y - 4, 0, y + 4);
    metal.addColorStop(0, "#6d777d");
    metal.addColorStop(0.4, "#f4f7f8");
    metal.addColorStop(1, "#59636a");
    pen.fillStyle = metal;
    const thick = 1.5 + 2.2 * needle.outer_mm;
    if (depth_mm !== null) {
      pen.beginPath();
      pen.moveTo(x0 - 14, y - thick / 2);
      pen.lineTo(tip - 6, y - thick / 2);
      pen.lineTo(tip, y + thick / 2);
      pen.lineTo(x0 - 14, y + thick / 2);
      pen.fill();
      if (needle.active_tip_mm) { pen.fillStyle = INK.amber; pen.fillRect(Math.max(x0, at(depth_mm - needle.active_tip_mm)), y + thick / 2 + 1, tip - Math.max(x0, at(depth_mm - needle.active_tip_mm)), 1.6); }
      line(pen, [[tip, y + 4], [tip, base + 4]], { colour: "#ffffff55" });
    }
    pen.beginPath();
    pen.roundRect(x0 - 38, y - 8, 25, 16, 4);
    pen.fillStyle = needle.active_tip_mm ? "#7b4a8f" : needle.gauge >= 22 ? "#2b2f33" : "#b86a8a";
    pen.fill();
    pen.strokeStyle = "#ffffff30";
    pen.stroke();
    write(pen, `${needle.gauge}G`, x0 - 25.5, y + 4, { size: 10, weight: 700, colour: "#fff", align: "center" });
    line(pen, [[x0, 4], [x0, base + 4]], { colour: "#d9a38f99" });
  }

  dial(pen, width, height, title) {
    const radius = Math.min(width, height - 34) / 2 - 2;
    const [x, y] = [width / 2, (height - 30) / 2];
    pen.beginPath();
    pen.arc(x, y, radius, 0, 7);
    pen.fillStyle = "#0a0d0f";
    pen.fill();
    pen.strokeStyle = INK.faint;
    pen.lineWidth = 1;
    pen.stroke();
    title.split(", ").forEach((text, k) => write(pen, text, x, height - 18 + 13 * k, { size: 10.5, colour: INK.dim, align: "center" }));
    return [x, y, radius];
  }

  drawHub(pen, width, height) {
    const { state } = this;
    const [x, y, r] = this.dial(pen, width, height, state?.hub_words ? `hub ${state.hub_words.replaceAll(" to the", "")}` : "hub");
    const span = 60; // degrees to the rim
    for (const share of [1 / 3, 2 / 3]) { pen.beginPath(); pen.arc(x, y, r * share, 0, 7); pen.strokeStyle = "#1d2327"; pen.stroke(); }
    line(pen, [[x - r, y], [x + r, y]], { colour: "#1d2327" });
    line(pen, [[x, y - r], [x, y + r]], { colour: "#1d2327" });
    for (const [t, dx, dy] of [["head", 0, -r + 9], ["feet", 0, r - 4], ["L", -r + 8, 3], ["R", r - 8, 3]]) write(pen, t, x + dx, y + dy, { size: 8.5, colour: INK.faint, align: "center" });
    if (!state) return;
    const at = (orbital, tilt) => {
      const [u, v] = [-orbital / span, -tilt / span];
      const long = Math.max(1, Math.hypot(u, v));
      return [x + (u / long) * (r - 7), y + (v / long) * (r - 7)];
    };
    const beam = at(state.pose.orbital_deg, state.pose.tilt_deg);
    pen.beginPath();
    pen.arc(...beam, 6, 0, 7);
    pen.strokeStyle = INK.xray;
    pen.lineWidth = 1.3;
    pen.stroke();
    if (state.hub_deg) {
      const hub = at(...state.hub_deg);
      line(pen, [[x, y], hub], { colour: INK.steel, width: 2 });
      pen.beginPath();
      pen.arc(...hub, 3.6, 0, 7);
      pen.fillStyle = INK.steel;
      pen.fill();
    }
  }

  drawClock(pen, width, height) {
    const { state } = this;
    const [x, y, r] = this.dial(pen, width, height, state?.depth_mm === null || !state ? "bevel" : `bevel ${Math.round(state.bevel_clock_deg / 30) || 12} o'clock`);
    for (let k = 0; k < 12; k++) {
      const a = (k * Math.PI) / 6;
      const inner = k % 3 ? r - 5 : r - 9;
      line(pen, [[x + inner * Math.sin(a), y - inner * Math.cos(a)], [x + (r - 2) * Math.sin(a), y - (r - 2) * Math.cos(a)]], { colour: INK.faint });
    }
    if (!state || state.depth_mm === null) return;
    const a = (state.bevel_clock_deg * Math.PI) / 180;
    pen.save();
    pen.translate(x, y);
    pen.rotate(a);
    pen.beginPath();
    pen.arc(0, 0, r * 0.34, 0, Math.PI, false);
    pen.closePath();
    pen.fillStyle = "#5d686f";
    pen.fill();
    pen.beginPath();
    pen.arc(0, 0, r * 0.34, Math.PI, 0, false);
    pen.closePath();
    pen.fillStyle = INK.steel;
    pen.fill();
    line(pen, [[0, -r * 0.4], [0, -r + 10]], { colour: INK.amber, width: 2 });
    pen.restore();
  }

  drawBarrel(pen, width, height) {
    const { state } = this;
    if (!state) return;
    const y = height / 2;
    const [x0, x1] = [52, width - 62];
    const used = Math.min(1, state.contrast_ml / 20);
    const share = this.playing ? Math.min(1, (performance.now() - this.playing.started) / 1000 / this.playing.last) : 1;
    pen.strokeStyle = "#8fa3ad";
    pen.lineWidth = 1.2;
    pen.beginPath();
    pen.roundRect(x0, y - 9, x1 - x0, 18, 3);
    pen.fillStyle = "#0a0d0f";
    pen.fill();
    const full = x0 + 4 + (x1 - x0 - 8) * (1 - used);
    pen.fillStyle = "#b9a56a55";
    pen.fillRect(x0 + 2, y - 7, full - x0, 14);
    pen.stroke();
    for (let k = 1; k < 10; k++) line(pen, [[x0 + ((x1 - x0) * k) / 10, y - 9], [x0 + ((x1 - x0) * k) / 10, y - 4]], { colour: "#8fa3ad88" });
    const rod = full + (this.playing ? 6 * (1 - share) : 0);
    pen.fillStyle = "#59636a";
    pen.fillRect(rod, y - 7, 5, 14);
    line(pen, [[rod + 5, y], [Math.max(x1 + 14, rod + 26), y]], { colour: "#8fa3ad", width: 3 });
    line(pen, [[Math.max(x1 + 14, rod + 26), y - 8], [Math.max(x1 + 14, rod + 26), y + 8]], { colour: "#8fa3ad", width: 3 });
    line(pen, [[x0 - 16, y], [x0, y]], { colour: "#8fa3ad", width: 3 });
    line(pen, [[6, y], [x0 - 16, y]], { colour: INK.steel, width: 1 });
    write(pen, `${state.contrast_ml.toFixed(1)} mL contrast given`, x0, y + 22, { size: 10, colour: INK.dim });
    write(pen, state.stylet_in ? "stylet in" : "stylet out", x1, y + 22, { size: 10, colour: state.stylet_in ? INK.dim : INK.amber, align: "right" });
  }

  drawCurve(pen, width, height) {
    const protocol = this.setup?.protocol;
    if (!protocol) return;
    const [x0, x1, top, base] = [28, width - 30, 8, height - 16];
    const total = Math.max(protocol.total_s, this.heat.at(-1)?.time_s ?? 0);
    const x = (s) => x0 + ((x1 - x0) * s) / total;
    const y = (c) => base - ((base - top) * (c - 30)) / 70;
    for (const c of [40, 60, 80]) { line(pen, [[x0, y(c)], [x1, y(c)]], { colour: "#1d2327" }); write(pen, String(c), x0 - 5, y(c) + 3, { size: 9.5, colour: INK.dim, align: "right" }); }
    for (let s = 0; s <= total; s += 30) write(pen, `${s}`, x(s), height - 3, { size: 9.5, colour: INK.dim, align: "center" });
    const most = Math.max(10, ...this.heat.map((one) => one.power_w));
    const watt = (w) => base - ((base - top) * w) / (1.3 * most);
    if (this.heat.length > 1) {
      line(pen, this.heat.map((one) => [x(one.time_s), watt(one.power_w)]), { colour: INK.echo, width: 1.1 });
      line(pen, this.heat.map((one) => [x(one.time_s), y(one.set_c)]), { colour: INK.dim, width: 1, dash: [3, 3] });
      line(pen, this.heat.map((one) => [x(one.time_s), y(one.sensor_c)]), { colour: INK.amber, width: 2 });
      const last = this.heat.at(-1);
      write(pen, "°C", x1 + 4, y(last.sensor_c) + 3, { size: 9.5, colour: INK.amber });
      write(pen, "W", x1 + 4, watt(last.power_w) + 3, { size: 9.5, colour: INK.echo });
    }
  }
}

// ---------------------------------------------------------------- notebook

/** The carrier of a notebook: anywidget's own messages. */
function widgetCarrier(model) {
  const it = { onreply: () => {}, onlink: () => {} };
  it.send = (message) => { model.send(message); return true; };
  const received = (message, buffers) => {
    const pixels = (buffers ?? []).map((one) => new Uint8Array(one.buffer ?? one, one.byteOffset ?? 0, one.byteLength));
    it.onreply(message, pixels);
  };
  it.open = () => { model.on("msg:custom", received); it.onlink("open"); };
  it.close = () => model.off("msg:custom", received);
  return it;
}

function render({ model, el }) {
  const carrier = widgetCarrier(model);
  const end = mount(el, carrier, { whole: false });
  return () => { carrier.close(); end(); };
}

export default { render };
