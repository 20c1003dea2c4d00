const find = (id) => document.getElementById(id);
const data = JSON.parse(find("data").textContent);
const root = document.documentElement;
const stage = find("stage");
const svg = stage.querySelector("svg");
const graph = svg.querySelector(".graph");
const scrubber = find("scrubber");

// -- what is in the picture --------------------------------------------------------------------

const cards = data.cards.map((card, number) => {
  const node = find(`n${number}`);
  const outline = node.querySelector("path, polygon");
  return { ...card, number, node, outline, children: [], appears: 0, returns: 0 };
});
const edges = [...svg.querySelectorAll(".edge[data-from]")].map((element) => {
  const from = Number(element.dataset.from);
  // A card that refers to a leaf is drawn without an arrow from there; its arrows are those of the leaf.
  const source = cards[from].refers ? cards[from].parents[0] : from;
  return { element, from, source, to: Number(element.dataset.to) };
});
const lastStep = data.forward.length + data.backward.length;

function prepareCards() {
  data.forward.forEach((number, i) => (cards[number].appears = i + 1));
  data.backward.forEach((number, i) => (cards[number].returns = i + 1));
  for (const card of cards) {
    card.parents.forEach((parent) => cards[parent].children.push(card.number));
    // What is not computed here is there as soon as what it comes from.
    card.appears ||= Math.max(0, ...card.parents.map((parent) => cards[parent].appears));
    card.outline.classList.add("outline");
    card.node.setAttribute("tabindex", "0");
    card.node.setAttribute("role", "button");
    card.node.setAttribute("aria-pressed", "false");
  }
  document.body.classList.toggle("plain", !svg.querySelector(".gradient"));
}

// -- the two passes, step by step --------------------------------------------------------------

let step = lastStep;
let atRest = true; // until somebody moves the scrubber, no card is the current one
let frame = 0; // of the animation, while it plays

function show(newStep) {
  step = newStep;
  const computed = Math.min(step, data.forward.length);
  const returned = step - computed;
  const current = atRest ? undefined : returned ? data.backward[returned - 1] : data.forward[computed - 1];
  for (const { node, number, appears, returns } of cards) {
    mark(node, { ghost: appears > computed, unreturned: returns > returned });
    mark(node, { now: number === current, back: number === current && returned });
  }
  for (const { element, source, to } of edges) {
    const now = current !== undefined && (returned ? source : to) === current;
    mark(element, { later: cards[to].appears > computed, now, back: now && returned });
  }
  mark(document.body, { returning: returned && step < lastStep });
  scrubber.value = step;
  scrubber.style.setProperty("--done", step / (lastStep || 1));
  scrubber.setAttribute("aria-valuetext", captionOfStep());
  showCaption();
}

function mark(element, classes) {
  for (const [name, on] of Object.entries(classes)) element.classList.toggle(name, Boolean(on));
}

function captionOfStep() {
  if (atRest) {
    const passes = data.backward.length ? "forward and backward" : "the forward pass";
    return `${data.forward.length} steps: play ${passes}, or point at a card`.replace(/^\d+ steps/, `${lastStep} steps`);
  }
  const where = `step ${step} of ${lastStep}: `;
  if (!step) return where + "nothing is computed yet";
  const returned = step - data.forward.length;
  if (returned > 0) return where + "gradient of " + cards[data.backward[returned - 1]].name;
  return where + cards[data.forward[step - 1]].text;
}

function moveTo(newStep) {
  atRest = false;
  show(Math.max(0, Math.min(lastStep, newStep)));
}

function play() {
  const from = step === lastStep ? 0 : step;
  const pace = Math.min(800, 10_000 / lastStep); // milliseconds per step
  let began;
  const advance = (time) => {
    began ??= time;
    const next = Math.min(lastStep, from + Math.floor((time - began) / pace));
    if (next !== step) moveTo(next);
    frame = next < lastStep ? requestAnimationFrame(advance) : 0;
    if (!frame) showWhetherPlaying();
  };
  moveTo(from);
  frame = requestAnimationFrame(advance);
  showWhetherPlaying();
}

function pause() {
  cancelAnimationFrame(frame);
  frame = 0;
  showWhetherPlaying();
}

function showWhetherPlaying() {
  document.body.classList.toggle("playing", frame !== 0);
  find("play").setAttribute("aria-label", frame ? "Pause" : "Play");
}

const playOrPause = () => (frame ? pause() : play());

// -- what a card depends on, and what depends on it ----------------------------------------------

let pinned = null;
let hovered = null;
let focused = null;

/** The numbers of the cards that can be reached from one; found when it is first asked for. */
function reach(card, towards) {
  const known = `all ${towards}`;
  if (!card[known]) {
    card[known] = new Set();
    const waiting = [...card[towards]];
    while (waiting.length) {
      const number = waiting.pop();
      if (card[known].has(number)) continue;
      card[known].add(number);
      waiting.push(...cards[number][towards]);
    }
  }
  return card[known];
}

function trace() {
  const number = pinned ?? hovered ?? focused;
  const card = cards[number];
  const ancestors = card ? reach(card, "parents") : new Set();
  const descendants = card ? reach(card, "children") : new Set();
  stage.classList.toggle("tracing", Boolean(card));
  for (const { node, number: each } of cards) {
    const ancestor = ancestors.has(each);
    const descendant = descendants.has(each);
    mark(node, { lit: ancestor || descendant || each === number, ancestor, descendant });
    node.setAttribute("aria-pressed", each === pinned);
  }
  for (const { element, from, to } of edges) {
    const ancestor = ancestors.has(from) && (to === number || ancestors.has(to));
    const descendant = descendants.has(to) && (from === number || descendants.has(from));
    mark(element, { lit: ancestor || descendant, ancestor, descendant });
  }
  card?.node.setAttribute("aria-description", relatives(card));
  showCaption();
}

function relatives(card) {
  const count = (towards) => [...reach(card, towards)].filter((number) => !cards[number].refers).length;
  const [before, after] = [count("parents"), count("children")];
  return `${before} ancestor${before === 1 ? "" : "s"}, ${after} descendant${after === 1 ? "" : "s"}`;
}

function showCaption() {
  const card = cards[pinned ?? hovered ?? focused];
  find("caption").textContent = card ? `${card.text}: ${relatives(card)}` : captionOfStep();
}

function cardAt(event) {
  const node = event.target.closest?.(".node");
  return node && stage.contains(node) ? Number(node.id.slice(1)) : null;
}

function pin(number) {
  pinned = number === pinned ? null : number;
  trace();
}

function hover(event) {
  if (pointers.size || hovered === cardAt(event)) return;
  hovered = cardAt(event);
  trace();
}

function focus(event) {
  const number = event.type === "focusin" && event.target.matches(":focus-visible") ? cardAt(event) : null;
  if (number === focused) return;
  focused = number;
  if (number !== null) bringIntoView(cards[number]);
  trace();
}

function forget() {
  pinned = hovered = focused = null;
  trace();
}

// -- where one looks ----------------------------------------------------------------------------

const ownTransform = graph.getAttribute("transform") ?? "";
const ownViewBox = svg.getAttribute("viewBox");
const view = { x: 0, y: 0, scale: 1, smallest: 0.05, fitted: true };
const LARGEST = 8;
const MARGIN = 24;

function look(x, y, scale) {
  Object.assign(view, { x, y, scale });
  svg.removeAttribute("viewBox");
  graph.setAttribute("transform", `translate(${x} ${y}) scale(${scale})`);
}

function fit() {
  const { clientWidth: width, clientHeight: height } = stage;
  const box = graph.getBBox();
  const whole = Math.min((width - 2 * MARGIN) / box.width, (height - 2 * MARGIN) / box.height);
  const scale = Math.min(Math.max(whole, 0.01), 2);
  view.smallest = scale / 2;
  look((width - box.width * scale) / 2 - box.x * scale, (height - box.height * scale) / 2 - box.y * scale, scale);
  view.fitted = true;
}

function zoom(factor, at = { x: stage.clientWidth / 2, y: stage.clientHeight / 2 }) {
  const scale = Math.max(view.smallest, Math.min(LARGEST, view.scale * factor));
  const ratio = scale / view.scale;
  look(at.x - (at.x - view.x) * ratio, at.y - (at.y - view.y) * ratio, scale);
  view.fitted = false;
}

function pan(x, y) {
  look(view.x + x, view.y + y, view.scale);
  view.fitted = false;
}

function bringIntoView(card) {
  const [box, window] = [card.node.getBoundingClientRect(), stage.getBoundingClientRect()];
  const missing = (start, end, low, high) => Math.max(0, low + MARGIN - start) || Math.min(0, high - MARGIN - end);
  const x = missing(box.left, box.right, window.left, window.right);
  const y = missing(box.top, box.bottom, window.top, window.bottom);
  if (x || y) pan(x, y);
}

function approach(card) {
  zoom(1.5 / view.scale);
  const [box, window] = [card.node.getBoundingClientRect(), stage.getBoundingClientRect()];
  pan(window.x + (window.width - box.width) / 2 - box.x, window.y + (window.height - box.height) / 2 - box.y);
}

function position(event) {
  const { left, top } = stage.getBoundingClientRect();
  return { x: event.clientX - left, y: event.clientY - top };
}

// -- the pointer and the keyboard ---------------------------------------------------------------

const pointers = new Map(); // those that are down, and where
let dragged = false;

function press(event) {
  if (event.button) return;
  if (!pointers.size) dragged = false;
  pointers.set(event.pointerId, position(event));
}

function drag(event) {
  const [before, after] = [pointers.get(event.pointerId), position(event)];
  if (!before || (!dragged && Math.hypot(after.x - before.x, after.y - before.y) < 4)) return;
  dragged = true;
  stage.setPointerCapture(event.pointerId);
  stage.classList.add("dragging");
  const from = middleOfPointers();
  pointers.set(event.pointerId, after);
  const to = middleOfPointers();
  pan(to.x - from.x, to.y - from.y);
  if (pointers.size > 1) zoom(to.spread / (from.spread || 1), to);
}

function middleOfPointers() {
  const [a, b = a] = pointers.values();
  return { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2, spread: Math.hypot(a.x - b.x, a.y - b.y) };
}

function release(event) {
  pointers.delete(event.pointerId);
  stage.classList.toggle("dragging", pointers.size > 0);
}

function turnWheel(event) {
  event.preventDefault();
  const pixels = event.deltaY * (event.deltaMode ? 16 : 1) * (event.ctrlKey ? 5 : 1);
  zoom(Math.exp(-Math.max(-400, Math.min(400, pixels)) * 0.0015), position(event));
}

function click(event) {
  if (dragged || event.detail > 1) return;
  const number = cardAt(event);
  if (number === null) forget();
  else pin(number);
}

function pressKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const number = cardAt(event);
  const inControl = event.target.matches("button, a");
  const actions = {
    "+": () => zoom(1.25),
    "=": () => zoom(1.25),
    "-": () => zoom(0.8),
    0: fit,
    Escape: forget,
    Enter: number === null ? null : () => pin(number),
    " ": inControl ? null : number === null ? playOrPause : () => pin(number),
  };
  if (!actions[event.key]) return;
  event.preventDefault();
  actions[event.key]();
}

// -- the theme, paper, files -----------------------------------------------------------------------

function setTheme(name) {
  root.dataset.theme = name;
  find("theme").setAttribute("aria-pressed", name === "dark");
}

/** The picture as it was drawn, in the colours it was drawn in. */
function originalSvg() {
  const copy = svg.cloneNode(true);
  copy.setAttribute("viewBox", ownViewBox);
  copy.querySelector(".graph").setAttribute("transform", ownTransform);
  copy.querySelectorAll("[tabindex]").forEach((node) => ["tabindex", "role"].forEach((name) => node.removeAttribute(name)));
  return new XMLSerializer().serializeToString(copy);
}

function download() {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([originalSvg()], { type: "image/svg+xml" }));
  link.download = document.title.replace(/[^\p{L}\p{N}._-]+/gu, "_") + ".svg";
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

function layOutForPaper() {
  const { theme } = root.dataset;
  setTheme("light");
  svg.setAttribute("viewBox", ownViewBox);
  graph.setAttribute("transform", ownTransform);
  addEventListener("afterprint", () => (setTheme(theme), look(view.x, view.y, view.scale)), { once: true });
}

function listen(target, listeners) {
  for (const [type, listener] of Object.entries(listeners)) target.addEventListener(type, listener, { passive: false });
}

prepareCards();
scrubber.max = lastStep;
scrubber.style.setProperty("--turn", data.forward.length / (lastStep || 1));
listen(scrubber, { input: () => (pause(), moveTo(Number(scrubber.value))) });
listen(find("play"), { click: playOrPause });
listen(find("smaller"), { click: () => zoom(0.8) });
listen(find("larger"), { click: () => zoom(1.25) });
listen(find("fit"), { click: fit });
listen(find("theme"), { click: () => setTheme(root.dataset.theme === "dark" ? "light" : "dark") });
listen(find("download"), { click: download });
listen(stage, { pointerdown: press, pointermove: drag, pointerup: release, pointercancel: release, wheel: turnWheel });
listen(stage, { pointerover: hover, pointerleave: hover, focusin: focus, focusout: focus, click });
listen(stage, { dblclick: (event) => (cardAt(event) === null ? fit() : approach(cards[cardAt(event)])) });
listen(window, { keydown: pressKey, beforeprint: layOutForPaper });
new ResizeObserver(() => view.fitted && fit()).observe(stage);
setTheme(root.dataset.theme);
fit();
show(lastStep);
