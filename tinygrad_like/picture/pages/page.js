const find = (id) => document.getElementById(id);
const data = JSON.parse(find("data").textContent);
const [stage, scrubber] = [find("stage"), find("scrubber")];
const svg = stage.querySelector("svg");
const graph = svg.querySelector(".graph");

const steps = [...data.forward, ...data.backward]; // the number of the card of each
const own = (number) => ({ number, node: find(`n${number}`), children: [], appears: 0, returns: 0 });
const cards = data.cards.map((card, number) => ({ ...card, ...own(number) }));
const edges = [...svg.querySelectorAll("[data-from]")].map((element) => {
  const [from, to] = [Number(element.dataset.from), Number(element.dataset.to)]; // as it is computed, however drawn
  // A card that refers to a leaf is drawn without an arrow from there; its arrows are those of the leaf.
  return { element, from, to, source: cards[from].refers ? cards[from].parents[0] : from };
});

function prepareCards() {
  data.forward.forEach((number, i) => (cards[number].appears = i + 1));
  data.backward.forEach((number, i) => (cards[number].returns = i + 1));
  for (const card of cards) {
    card.parents.forEach((parent) => cards[parent].children.push(card.number));
    // What is not computed here is there as soon as what it comes from.
    card.appears ||= Math.max(0, ...card.parents.map((parent) => cards[parent].appears));
    card.node.querySelector("path, polygon").classList.add("outline");
    const attributes = { tabindex: 0, role: "button", "aria-pressed": false, "aria-label": card.spoken };
    for (const [name, value] of Object.entries(attributes)) card.node.setAttribute(name, value);
  }
  mark(document.body, { plain: !svg.querySelector(".gradient") });
  // The focus goes from card to card as they are computed; the boxes around them and the arrows stay behind them.
  graph.append(...[...cards].sort((a, b) => a.appears - b.appears).map(({ node }) => node));
}

function mark(element, classes) {
  for (const [name, on] of Object.entries(classes)) element.classList.toggle(name, Boolean(on));
}

// -- the two passes, step by step
const lastStep = steps.length;
let step = lastStep;
let atRest; // until somebody moves the scrubber, when no card is the current one
let animation = 0; // the next frame, while it plays

function show(newStep, untouched = false) {
  atRest = untouched;
  // What is stepped by hand is read out; what plays, or is pointed at, is not.
  find("rule").setAttribute("aria-live", animation || untouched ? "off" : "polite");
  step = Math.max(0, Math.min(lastStep, newStep));
  const computed = Math.min(step, data.forward.length);
  const returned = step - computed;
  const current = atRest ? undefined : steps[step - 1];
  for (const { node, number, appears, returns } of cards) {
    const now = number === current;
    mark(node, { ghost: appears > computed, unreturned: returns > returned, now, back: now && returned });
  }
  for (const { element, source, to } of edges) {
    const now = current === (returned ? source : to);
    mark(element, { later: cards[to].appears > computed, now, back: now && returned });
  }
  mark(document.body, { returning: returned && step < lastStep });
  scrubber.value = step;
  scrubber.style.setProperty("--done", step / lastStep);
  scrubber.setAttribute("aria-valuetext", captionOfStep());
  showCaption();
  if (cards[current]) bringIntoView(cards[current]);
}

function captionOfStep() {
  const returned = step - data.forward.length;
  const card = cards[steps[step - 1]];
  if (atRest) return `Play the forward ${returned ? "and the backward " : ""}pass, or point at a card.`;
  if (!step) return `step 0 of ${lastStep}: nothing is computed yet`;
  return `step ${step} of ${lastStep}: ${returned > 0 ? "gradient of " + card.name : card.text}`;
}

/** One step on, or back; from the whole picture to the first step, or to the last. */
function stepBy(change) {
  const from = atRest ? (change > 0 ? 0 : lastStep + 1) : step;
  const next = Math.max(0, Math.min(lastStep, from + change));
  comeCloser(cards[steps[Math.max(next, 1) - 1]]);
  goTo(next);
}

function goTo(newStep) {
  pause();
  letGo();
  show(newStep);
}

function play() {
  const first = step === lastStep ? 0 : step;
  letGo();
  comeCloser(cards[steps[Math.max(first, 1) - 1]]);
  // Milliseconds per step: ten seconds for a whole graph; slow enough to follow where not all of it is in the window.
  const pace = Math.max(view.fitted ? 0 : 150, Math.min(800, 10_000 / lastStep));
  let began;
  const advance = (time) => {
    began ??= time;
    const next = Math.min(lastStep, first + Math.floor((time - began) / pace));
    if (next !== step) show(next);
    nextFrame(next < lastStep ? requestAnimationFrame(advance) : 0);
  };
  show(first);
  nextFrame(requestAnimationFrame(advance));
}

function nextFrame(id) {
  animation = id;
  find("play").setAttribute("aria-label", id ? "Pause" : "Play");
  mark(document.body, { playing: id });
}

const pause = () => (cancelAnimationFrame(animation), nextFrame(0));
const playOrPause = () => (animation ? pause() : play());

// -- what a card depends on, and what depends on it
const pointed = { pinned: null, hovered: null, focused: null };
const traced = () => cards[pointed.pinned ?? pointed.hovered ?? pointed.focused];

function point(change) {
  if (Object.entries(change).every(([how, number]) => pointed[how] === number)) return;
  Object.assign(pointed, change);
  trace();
}

/** The cards that can be reached from one, towards "parents" or "children"; found when it is first asked for. */
function reach(card, towards) {
  const known = `all ${towards}`;
  if (card[known]) return card[known];
  const found = new Set(card[towards]);
  for (const number of found) cards[number][towards].forEach((next) => found.add(next));
  return (card[known] = found);
}

function trace() {
  const card = traced();
  const [before, after] = card ? [reach(card, "parents"), reach(card, "children")] : [new Set(), new Set()];
  mark(stage, { tracing: card });
  for (const { node, number } of cards) {
    const [ancestor, descendant] = [before.has(number), after.has(number)];
    mark(node, { lit: ancestor || descendant || number === card?.number, ancestor, descendant });
    node.setAttribute("aria-pressed", number === pointed.pinned);
  }
  for (const { element, from, to } of edges) {
    const ancestor = before.has(from) && (to === card?.number || before.has(to));
    const descendant = after.has(to) && (from === card?.number || after.has(from));
    mark(element, { lit: ancestor || descendant, ancestor, descendant });
  }
  card?.node.setAttribute("aria-description", relatives(card));
  showCaption();
}

function relatives(card) {
  const count = (towards, what) => {
    const found = [...reach(card, towards)].filter((number) => !cards[number].refers).length;
    return `${found} ${what}${found === 1 ? "" : "s"}`;
  };
  return `${count("parents", "ancestor")}, ${count("children", "descendant")}`;
}

function showCaption() {
  const card = traced();
  find("caption").textContent = card ? `${card.text}: ${relatives(card)}` : captionOfStep();
  tell(card ?? (atRest ? undefined : cards[steps[step - 1]]));
}

// -- the mathematics: which rule gives the gradient, or what was computed
const HINT = ["Each step tells what is computed, or which rule gives the gradient. ← and → step, Space plays."];

function tell(card) {
  const back = step > data.forward.length && Boolean(card?.backward);
  const [head, shape, lines] = (back ? card.backward : card?.forward) ?? [[], "", atRest ? [HINT] : []];
  const formula = made("p", "formula", head);
  if (shape) formula.append(made("span", "shape", [shape]));
  const rest = made("div", "lines", []);
  lines.forEach((line) => rest.append(made("p", /^(first number|value)/.test(line[0]) ? "numbers" : "", line)));
  mark(find("rule"), { back });
  find("rule").replaceChildren(...(head.length ? [formula, rest] : [rest]));
  find("rule").scrollTop = 0;
}

/** An element with pieces of a formula in it: texts, names, and what stands above the line. */
function made(tag, name, pieces) {
  const element = Object.assign(document.createElement(tag), { className: name });
  for (const piece of pieces) {
    const [kind, text] = typeof piece === "string" ? ["", piece] : piece;
    if (kind) element.append(Object.assign(document.createElement(kind === "v" ? "var" : "sup"), { textContent: text }));
    else element.append(text);
  }
  return element;
}

// -- where one looks
const [ownTransform, ownViewBox] = [graph.getAttribute("transform"), svg.getAttribute("viewBox")];
const view = { x: 0, y: 0, scale: 1, smallest: 0.01, largest: 8, margin: 24, fitted: true };

function look(x, y, scale, { fitted = false, gliding = false } = {}) {
  Object.assign(view, { x, y, scale, fitted });
  svg.removeAttribute("viewBox");
  graph.setAttribute("transform", `translate(${x} ${y}) scale(${scale})`);
  mark(stage, { far: scale < 0.6, gliding });
}

function fit() {
  const box = graph.getBBox();
  const [width, height] = [stage.clientWidth, stage.clientHeight];
  const whole = Math.min((width - 2 * view.margin) / box.width, (height - 2 * view.margin) / box.height);
  const scale = Math.min(Math.max(whole, 0.01), 2);
  view.smallest = scale / 2;
  const [x, y] = [width / 2 - (box.x + box.width / 2) * scale, height / 2 - (box.y + box.height / 2) * scale];
  look(x, y, scale, { fitted: true });
}

function zoom(factor, at = { x: stage.clientWidth / 2, y: stage.clientHeight / 2 }) {
  const scale = Math.max(view.smallest, Math.min(view.largest, view.scale * factor));
  const ratio = scale / view.scale;
  look(at.x - (at.x - view.x) * ratio, at.y - (at.y - view.y) * ratio, scale);
}

const pan = (x, y) => look(view.x + x, view.y + y, view.scale);

function bringIntoView({ node }) {
  const box = node.getBBox();
  const toMiddle = (start, end, room) => (start >= 0 && end <= room ? 0 : (room - start - end) / 2);
  const [left, top] = [view.x + box.x * view.scale, view.y + box.y * view.scale];
  const x = toMiddle(left, left + box.width * view.scale, stage.clientWidth);
  const y = toMiddle(top, top + box.height * view.scale, stage.clientHeight);
  if (x || y) look(view.x + x, view.y + y, view.scale, { gliding: true });
}

/** From a whole graph that is too small to read, to a card of it. */
function comeCloser(card) {
  const width = cards.reduce((sum, { node }) => sum + node.getBBox().width, 0) / cards.length;
  if (!view.fitted || view.scale > Math.min(0.5, 40 / width)) return;
  zoom(Math.min(1, stage.clientWidth / (2 * width)) / view.scale);
  bringIntoView(card);
}

// -- the pointer and the keyboard
const pointers = new Map(); // those that are down, and where
let dragged = false;
let resting = {}; // where the pointer was last

function position(event) {
  const { left, top } = stage.getBoundingClientRect();
  return { x: event.clientX - left, y: event.clientY - top };
}

function cardAt(event) {
  const node = event.target.closest(".node");
  return node ? Number(node.id.slice(1)) : null;
}

function press(event) {
  if (event.button) return;
  if (!pointers.size) dragged = false;
  pointers.set(event.pointerId, position(event));
}

function move(event) {
  const place = position(event);
  if (pointers.size) drag(event, place);
  // A pointer that rests while the picture moves below it points at nothing.
  else if (!animation && (place.x !== resting.x || place.y !== resting.y)) point({ hovered: cardAt(event) });
  resting = place;
}

function drag(event, after) {
  const before = pointers.get(event.pointerId);
  if (!before || (!dragged && Math.hypot(after.x - before.x, after.y - before.y) < 4)) return;
  dragged = true;
  stage.setPointerCapture(event.pointerId);
  const from = middleOfPointers();
  pointers.set(event.pointerId, after);
  const to = middleOfPointers();
  pan(to.x - from.x, to.y - from.y);
  if (from.spread) zoom(to.spread / from.spread, to);
}

function middleOfPointers() {
  const [a, b = a] = pointers.values();
  return { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2, spread: Math.hypot(a.x - b.x, a.y - b.y) };
}

/** In a notebook, the wheel scrolls the notebook, until somebody has clicked into this page. */
const isInNotebook = document.documentElement.matches(".framed");
const isPassing = (event) => isInNotebook && !event.ctrlKey && !document.hasFocus();

function turnWheel(event) {
  if (isPassing(event)) return;
  event.preventDefault();
  const pixels = event.deltaY * (event.deltaMode ? 16 : 1) * (event.ctrlKey ? 5 : 1);
  zoom(Math.exp(-Math.max(-400, Math.min(400, pixels)) * 0.0015), position(event));
}

const release = (event) => pointers.delete(event.pointerId);
const click = (event) => dragged || event.detail > 1 || pin(cardAt(event)); // outside of the cards, that is none
const doubleClick = (event) => (cardAt(event) === null ? fit() : zoom(2, position(event)));

function focusCard(event) {
  const number = cardAt(event);
  if (number === null || !event.target.matches(":focus-visible")) return;
  bringIntoView(cards[number]);
  if (!animation) point({ focused: number });
}

const letGo = () => point({ pinned: null, hovered: null, focused: null });

function pin(number) {
  if (number !== null) pause();
  point({ pinned: number === pointed.pinned ? null : number });
}

const arrows = { ArrowLeft: [80, 0], ArrowRight: [-80, 0], ArrowUp: [0, 80], ArrowDown: [0, -80] };

function pressKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const number = cardAt(event);
  const onCard = number !== null && (() => pin(number));
  const zoomIn = () => zoom(1.25);
  const actions = { "+": zoomIn, "=": zoomIn, "-": () => zoom(0.8), 0: fit, Escape: letGo, Enter: onCard };
  if (!event.target.matches("button")) actions[" "] = onCard || playOrPause;
  const ends = { Home: () => goTo(0), End: () => goTo(lastStep) };
  const way = { ArrowLeft: () => stepBy(-1), ArrowRight: () => stepBy(1), ...ends };
  Object.assign(actions, event.shiftKey ? {} : way);
  if (event.shiftKey && arrows[event.key]) actions[event.key] = () => pan(...arrows[event.key]);
  if (!actions[event.key]) return;
  event.preventDefault();
  actions[event.key]();
}

// -- the theme, files, paper
const theme = () => document.documentElement.dataset.theme;
const ownTheme = theme();

function setTheme(name) {
  document.documentElement.dataset.theme = name;
  find("theme").setAttribute("aria-pressed", name === "dark");
}

/** The picture as it was drawn, wherever one looks. */
function whole(picture) {
  picture.setAttribute("viewBox", ownViewBox);
  picture.querySelector(".graph").setAttribute("transform", ownTransform);
  return picture;
}

/** A copy in the theme that is shown, with no need of this page's rules. */
function copied() {
  const picture = whole(svg.cloneNode(true));
  const colours = new Map(theme() === ownTheme ? [] : Object.entries(data.colours));
  for (const { attributes } of picture.querySelectorAll("[fill], [stroke]")) {
    for (const each of attributes) each.value = colours.get(each.value) ?? each.value;
  }
  picture.querySelectorAll(`image:not(.${theme()})`).forEach((image) => image.remove());
  return picture;
}

function download() {
  const text = new XMLSerializer().serializeToString(copied());
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "image/svg+xml" }));
  link.download = document.title.replace(/[^\p{L}\p{N}._-]+/gu, "_").replace(/_$/, "") + ".svg";
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

function layOutForPaper() {
  const before = theme();
  setTheme("light");
  whole(svg);
  const restore = () => (setTheme(before), look(view.x, view.y, view.scale, view));
  addEventListener("afterprint", restore, { once: true });
}

function listen(target, listeners) {
  for (const [type, listener] of Object.entries(listeners)) target.addEventListener(type, listener, { passive: false });
}

prepareCards();
scrubber.max = lastStep;
scrubber.style.setProperty("--turn", data.forward.length / lastStep);
listen(stage, { pointerdown: press, pointermove: move, pointerleave: () => point({ hovered: null }), wheel: turnWheel });
listen(stage, { click, dblclick: doubleClick, focusin: focusCard, focusout: () => point({ focused: null }) });
listen(scrubber, { input: () => goTo(Number(scrubber.value)) });
const switchTheme = () => setTheme(theme() === "dark" ? "light" : "dark");
const buttons = { play: playOrPause, smaller: () => zoom(0.8), larger: () => zoom(1.25), fit, theme: switchTheme, download };
for (const [id, press] of Object.entries(buttons)) listen(find(id), { click: press });
listen(window, { pointerup: release, pointercancel: release, keydown: pressKey, beforeprint: layOutForPaper });
new ResizeObserver(() => view.fitted && fit()).observe(stage);
setTheme(theme());
fit();
show(lastStep, true);
