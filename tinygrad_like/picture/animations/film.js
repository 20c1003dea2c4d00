// What is drawn of one frame; `frame` and `pointed` are set in animation.js.
const find = (selector) => document.querySelector(selector);
const data = JSON.parse(find("#data").textContent);
const bytes = Uint8Array.from(atob(data.bytes), (character) => character.charCodeAt(0));
const last = data.steps.length - 1;
const [ZERO, BROKEN] = [127, 255]; // as bytes: the middle of what is signed, and what is not finite

/** The bytes of one frame of what begins at a place. */
const frameOf = (at, size, frame) => bytes.subarray(at + frame * size, at + (frame + 1) * size);

// -- colours
let colours = {};

const parsed = (text) => [1, 3, 5].map((i) => parseInt(text.slice(i, i + 2), 16));
const mixed = (a, b, share) => a.map((each, i) => each + (b[i] - each) * share);
const css = ([r, g, b], alpha = 1) => `rgb(${r} ${g} ${b} / ${alpha})`;

function readColours() {
  const style = getComputedStyle(document.documentElement);
  const names = ["page", "title", "muted", "faint", "fill", "cluster_border", "zero", "orange", "blue", "broken"];
  const seven = Array.from({ length: 7 }, (_, i) => i);
  const all = [...names, ...seven.flatMap((i) => [`class-${i}`, `tint-${i}`])];
  colours = Object.fromEntries(all.map((name) => [name, parsed(style.getPropertyValue(`--${name}`).trim())]));
  // The colour of every byte: of what is signed, and of the answers.
  colours.signed = Array.from({ length: 256 }, (_, byte) => signedColour(byte));
  if (data.answers) colours.answers = Array.from({ length: 256 }, (_, byte) => answerColour(byte));
}

function signedColour(byte) {
  if (byte === BROKEN) return colours.broken;
  return mixed(colours.zero, byte < ZERO ? colours.orange : colours.blue, Math.abs(byte - ZERO) / ZERO);
}

function answerColour(byte) {
  const { steps, classes } = data.answers;
  const winner = Math.floor(byte / steps);
  if (byte === BROKEN || winner >= classes) return colours.broken;
  return mixed(colours.zero, colours[`tint-${winner % 7}`], 0.12 + 0.88 * ((byte % steps) / (steps - 1)) ** 2);
}

// -- drawing
function paint(canvas, draw) {
  const [width, height, ratio] = [canvas.clientWidth, canvas.clientHeight, devicePixelRatio];
  if (!width || !height) return;
  const size = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== size[0] || canvas.height !== size[1]) [canvas.width, canvas.height] = size;
  const context = canvas.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  draw(context, width, height);
}

const small = document.createElement("canvas"); // a point for each byte, before it is enlarged

function image(values, columns, rows, table) {
  [small.width, small.height] = [columns, rows];
  const pixels = new ImageData(columns, rows);
  values.forEach((byte, i) => pixels.data.set([...table[byte], 255], 4 * i));
  small.getContext("2d").putImageData(pixels, 0, 0);
  return small;
}

function write(context, text, x, y, { size = 12, colour = colours.muted, bold = false, align = "left" } = {}) {
  Object.assign(context, { textAlign: align, fillStyle: css(colour), font: `${bold ? 600 : 400} ${size}px system-ui, sans-serif` });
  context.fillText(text, x, y);
}

const brief = (value) => (value && Math.abs(value) < 0.01 ? value.toExponential(1) : short(value));
const short = (value) => (Number.isFinite(value) ? String(Number(value.toPrecision(3))) : String(value));

// -- the network
const network = find("#network canvas");
let places = []; // where each unit is: {column, unit, x, y, size}

/** Whether the columns are too close for their notes in one line. */
const isNarrow = (width) => width / data.columns.length < 150;

function placeUnits(width, height) {
  const [left, top, bottom] = [30, isNarrow(width) ? 58 : 44, 8];
  const room = height - top - bottom;
  const counts = data.columns.map(({ units }) => units.length);
  const fitting = (count) => Math.max(8, Math.min(110, (0.5 * width) / counts.length, (0.86 * room) / count));
  const smallest = fitting(Math.max(...counts));
  const sizes = counts.map((count) => Math.min(fitting(count), Math.max(2.4 * smallest, 40)));
  const between = (width - left - sizes[0] / 2 - sizes.at(-1) / 2 - 6) / Math.max(1, counts.length - 1);
  places = data.columns.map(({ units }, column) => {
    const size = sizes[column];
    const pitch = Math.min(1.35 * size, (room - size) / Math.max(1, units.length - 1));
    const x = left + sizes[0] / 2 + column * between - size / 2;
    const middle = top + (room - size) / 2;
    return units.map((_, unit) => ({ column, unit, size, x, y: middle + (unit - (units.length - 1) / 2) * pitch }));
  });
}

function drawNetwork(context, width, height) {
  placeUnits(width, height);
  data.lines.forEach((lines) => drawLines(context, lines));
  places.forEach((units, column) => {
    const { title, notes } = data.columns[column];
    const [start, middle, end] = [units[0].x, units[0].x + units[0].size / 2, units[0].x + units[0].size];
    const [x, align] = column === 0 ? [start, "left"] : column === places.length - 1 ? [end, "right"] : [middle, "center"];
    write(context, title, x, 15, { size: 14, bold: true, colour: colours.title, align });
    const lines = isNarrow(width) ? notes : [notes.join(" · ")];
    lines.forEach((line, i) => write(context, line, x, 31 + 15 * i, { align }));
    units.forEach((place) => drawUnit(context, place));
  });
}

function drawLines(context, { from, to, at }) {
  const [sources, targets] = [places[from], places[to]];
  const weights = frameOf(at, sources.length * targets.length, frame);
  const reach = (targets[0].x - sources[0].x - sources[0].size) / 2;
  const widest = Math.max(2, Math.min(8, Math.min(sources[0].size, targets[0].size) / 6));
  const order = [...weights.keys()].sort((a, b) => Math.abs(weights[a] - ZERO) - Math.abs(weights[b] - ZERO));
  for (const i of order) {
    const [source, target] = [sources[i % sources.length], targets[Math.floor(i / sources.length)]];
    const share = weights[i] === BROKEN ? 1 : Math.abs(weights[i] - ZERO) / ZERO;
    const [x, y] = [source.x + source.size, source.y + source.size / 2];
    const [endX, endY] = [target.x, target.y + target.size / 2];
    const colour = weights[i] === BROKEN ? colours.broken : colours[weights[i] < ZERO ? "class-0" : "class-1"];
    context.strokeStyle = css(colour, 0.12 + 0.7 * share);
    context.lineWidth = 0.4 + widest * share;
    context.beginPath();
    context.moveTo(x, y);
    context.bezierCurveTo(x + reach, y, endX - reach, endY, endX, endY);
    context.stroke();
  }
}

function unitBytes({ column, unit }) {
  const { at, units } = data.columns[column];
  const size = data.side ** 2;
  // The inputs are the same in all frames.
  return frameOf(at + unit * size, size, 0 === column ? 0 : frame * units.length);
}

function drawUnit(context, place) {
  const { x, y, size, column, unit } = place;
  const isPointed = pointed && pointed.column === column && pointed.unit === unit;
  context.save();
  context.beginPath();
  context.roundRect(x, y, size, size, Math.min(6, size / 6));
  context.clip();
  context.drawImage(image(unitBytes(place), data.side, data.side, colours.signed), x, y, size, size);
  context.restore();
  context.beginPath();
  context.roundRect(x, y, size, size, Math.min(6, size / 6));
  context.strokeStyle = css(isPointed ? colours.title : colours.faint);
  context.lineWidth = isPointed ? 2.5 : 1;
  context.stroke();
  if (column === 0) write(context, `x${"₀₁"[unit] ?? unit}`, x - 6, y + size / 2 + 5, { size: 14, align: "right", colour: colours.title });
}

// -- the decision boundary; or the unit that is pointed at
const answers = find("#answers canvas");

function drawAnswers(context, width, height) {
  const [left, bottom] = [54, 22];
  const size = Math.min(width - left - 2, height - bottom - 2);
  const { at, side } = data.answers;
  const values = frameOf(at, side ** 2, frame);
  const shown = pointed ? image(unitBytes(pointed), data.side, data.side, colours.signed) : image(values, side, side, colours.answers);
  context.save();
  context.translate(left, 1);
  context.save();
  context.beginPath();
  context.roundRect(0, 0, size, size, 8);
  context.clip();
  context.imageSmoothingQuality = "high";
  context.drawImage(shown, 0, 0, size, size);
  drawBoundary(context, values, side, size);
  drawPoints(context, size);
  context.restore();
  context.beginPath();
  context.roundRect(0, 0, size, size, 8);
  context.strokeStyle = css(colours.faint);
  context.lineWidth = 1;
  context.stroke();
  drawTicks(context, size);
  context.restore();
}

function drawPoints(context, size) {
  const radius = Math.max(2.5, Math.min(9, size / 55, (size * 0.3) / Math.sqrt(data.points.length)));
  for (const [x, y, place] of data.points) {
    context.beginPath();
    context.arc(x * size, (1 - y) * size, radius, 0, 2 * Math.PI);
    context.fillStyle = css(place < 0 ? colours.muted : colours[`class-${place % 7}`]);
    context.fill();
    context.strokeStyle = css(colours.page);
    context.lineWidth = radius > 3 ? 1.5 : 0.8;
    context.stroke();
  }
}

/** Where the winner changes: of each class, the line on which its lead over the others is 0. */
function drawBoundary(context, values, side, size) {
  const { steps, classes } = data.answers;
  context.beginPath();
  for (let one = classes === 2 ? 1 : 0; one < classes; one++) {
    const lead = Float32Array.from(values, (byte) => {
      if (byte === BROKEN) return NaN;
      return (Math.floor(byte / steps) === one ? 1 : -1) * ((byte % steps) + 0.25) ** 2;
    });
    traceZero(context, lead, side, size / side);
  }
  context.strokeStyle = css(colours.title);
  context.lineWidth = Math.max(1.5, size / 220);
  context.lineJoin = context.lineCap = "round";
  context.stroke();
}

/** Marching squares: lines across each square of four values whose signs differ. */
function traceZero(context, values, side, scale) {
  const corners = [[0, 0], [1, 0], [1, 1], [0, 1]];
  for (let row = 0; row < side - 1; row++) {
    for (let column = 0; column < side - 1; column++) {
      const at = row * side + column;
      const four = [values[at], values[at + 1], values[at + side + 1], values[at + side]];
      const positive = (four[0] > 0) + (four[1] > 0) + (four[2] > 0) + (four[3] > 0);
      if (positive === 0 || positive === 4 || four.some(Number.isNaN)) continue;
      const crossings = [];
      for (let i = 0; i < 4; i++) {
        const [a, b] = [four[i], four[(i + 1) % 4]];
        if (a > 0 === b > 0) continue;
        const [[x, y], [endX, endY]] = [corners[i], corners[(i + 1) % 4]];
        const share = a / (a - b);
        crossings.push([(column + 0.5 + x + (endX - x) * share) * scale, (row + 0.5 + y + (endY - y) * share) * scale]);
      }
      for (let i = 0; i < crossings.length; i += 2) {
        context.moveTo(...crossings[i]);
        context.lineTo(...crossings[i + 1]);
      }
    }
  }
}

function drawTicks(context, size) {
  data.ends.forEach(([low, high], axis) => {
    for (const value of ticks(low, high)) {
      const share = (value - low) / (high - low);
      if (axis === 0) write(context, short(value), share * size, size + 16, { align: "center" });
      else write(context, short(value), -7, (1 - share) * size + 4, { align: "right" });
    }
  });
}

/** A few round numbers between two ends. */
function ticks(low, high) {
  const power = 10 ** Math.floor(Math.log10((high - low) / 3));
  const stride = [1, 2, 5, 10].map((each) => each * power).find((each) => (high - low) / each <= 5);
  const first = Math.ceil(low / stride);
  return Array.from({ length: Math.floor(high / stride) - first + 1 }, (_, i) => (first + i) * stride);
}

// -- the loss
const losses = data.losses.map((each) => (each === null ? null : Number(each.replace?.("inf", "Infinity") ?? each)));
const finite = losses.filter((each) => Number.isFinite(each));
const isLogarithmic = finite.length && Math.min(...finite) > 0 && Math.max(...finite) > 30 * Math.min(...finite);
const lossOf = (i) => (isLogarithmic ? Math.log(losses[i]) : losses[i]);

function drawLosses(context, width, height) {
  const ends = [Math.min(...finite), Math.max(...finite)];
  const [low, high] = isLogarithmic ? ends.map(Math.log) : ends;
  const [left, right, top, bottom] = [54, 10, 9, 9];
  const x = (i) => left + (width - left - right) * (last ? i / last : 0.5);
  const y = (i) => height - bottom - (height - top - bottom) * (high > low ? (lossOf(i) - low) / (high - low) : 0.5);
  for (const [from, to, colour, wide] of [[0, last, "cluster_border", 2], [0, frame, "class-1", 2.5]]) {
    context.beginPath();
    for (let i = from, drawing = false; i <= to; i++) {
      if (!Number.isFinite(losses[i])) drawing = false;
      else (drawing ? context.lineTo(x(i), y(i)) : context.moveTo(x(i), y(i))), (drawing = true);
    }
    Object.assign(context, { strokeStyle: css(colours[colour]), lineWidth: wide, lineJoin: "round" });
    context.stroke();
  }
  write(context, brief(ends[1]), left - 9, top + 5, { align: "right" });
  if (high > low) write(context, brief(ends[0]), left - 9, height - bottom + 4, { align: "right" });
  if (!Number.isFinite(losses[frame])) return;
  context.beginPath();
  context.arc(x(frame), y(frame), 5.5, 0, 2 * Math.PI);
  context.fillStyle = css(colours["class-1"]);
  context.fill();
  context.strokeStyle = css(colours.page);
  context.lineWidth = 2;
  context.stroke();
}

// -- heat maps
const maps = (data.cards ?? []).flatMap((card) => addCard(card));

function add(parent, tag, text = "", name = "") {
  const element = document.createElement(tag);
  Object.assign(element, { textContent: text, className: name });
  return parent.appendChild(element);
}

function addCard(card) {
  const box = add(find("#cards"), "section", "", "card");
  const heading = add(box, "h2", card.name);
  add(heading, "span", card.note);
  return card.maps.map((map) => {
    const place = add(box, "div", "", "map");
    const line = add(place, "p", map.name);
    add(line, "span", map.rows * map.columns ? map.note : "empty");
    const canvas = add(place, "canvas");
    const cell = Math.max(5, Math.min(26, 240 / Math.max(map.rows, map.columns)));
    [canvas.width, canvas.height] = [map.columns, map.rows];
    const [width, height] = [map.columns, map.rows].map((count) => Math.max(14, count * cell));
    Object.assign(canvas.style, { width: `${width}px`, height: `${height}px` });
    return { ...map, canvas };
  });
}

function drawMap({ canvas, rows, columns, at }) {
  if (!rows || !columns) return;
  const values = frameOf(at, rows * columns, frame);
  canvas.getContext("2d").drawImage(image(values, columns, rows, colours.signed), 0, 0);
}
