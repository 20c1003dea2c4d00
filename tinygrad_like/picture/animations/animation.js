// -- step by step
const scrubber = find("#scrubber");
let frame = last;
let pointed = null; // the unit that the large square shows
let animation = 0; // the next picture, while it plays

function draw() {
  if (data.columns) {
    paint(network, drawNetwork);
    paint(answers, drawAnswers);
    find("#answers strong").textContent = pointed ? nameOf(pointed) : "decision boundary";
  }
  maps.forEach(drawMap);
  if (finite.length) paint(find("#losses canvas"), drawLosses);
}

function nameOf({ column, unit }) {
  const { title, units } = data.columns[column];
  return `${title}, unit ${units[unit]}`;
}

function show(next) {
  frame = Math.max(0, Math.min(last, next));
  const loss = losses[frame]?.toPrecision(3) ?? "";
  const step = `step ${data.steps[frame].toLocaleString("en")} of ${data.steps[last].toLocaleString("en")}`;
  scrubber.value = frame;
  scrubber.style.setProperty("--done", last ? frame / last : 1);
  find("#caption").textContent = loss ? `${step} · loss ${loss}` : step;
  scrubber.setAttribute("aria-valuetext", find("#caption").textContent);
  find("#losses output").textContent = loss;
  draw();
}

function play() {
  const first = frame === last ? 0 : frame;
  const pace = Math.max(50, Math.min(500, 10_000 / Math.max(1, last))); // milliseconds for each
  let began;
  const advance = (time) => {
    began ??= time;
    const next = Math.min(last, first + Math.floor((time - began) / pace));
    if (next !== frame) show(next);
    nextPicture(next < last ? requestAnimationFrame(advance) : 0);
  };
  show(first);
  nextPicture(requestAnimationFrame(advance));
}

function nextPicture(id) {
  animation = id;
  find("#play").setAttribute("aria-label", id ? "Pause" : "Play");
  document.body.classList.toggle("playing", Boolean(id));
}

const pause = () => (cancelAnimationFrame(animation), nextPicture(0));
const playOrPause = () => (animation ? pause() : play());
const goTo = (next) => (pause(), show(next));

// -- the keyboard, the pointer, the theme
function pressKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const [back, on] = [() => goTo(frame - 1), () => goTo(frame + 1)];
  const actions = { ArrowLeft: back, ArrowDown: back, ArrowRight: on, ArrowUp: on };
  Object.assign(actions, { Home: () => goTo(0), End: () => goTo(last) });
  Object.assign(actions, { PageDown: () => goTo(frame - 10), PageUp: () => goTo(frame + 10) });
  if (!event.target.matches("button")) actions[" "] = playOrPause;
  if (!actions[event.key]) return;
  event.preventDefault();
  actions[event.key]();
}

function point(event) {
  const { left, top } = network.getBoundingClientRect();
  const [x, y] = [event.clientX - left, event.clientY - top];
  const inside = (each) => x >= each.x && x <= each.x + each.size && y >= each.y && y <= each.y + each.size;
  pointAt(places.flat().find(inside) ?? null);
}

function pointAt(place) {
  if (place?.column === pointed?.column && place?.unit === pointed?.unit) return;
  pointed = place;
  draw();
}

function setTheme(name) {
  document.documentElement.dataset.theme = name;
  find("#theme").setAttribute("aria-pressed", name === "dark");
  readColours();
  draw();
}

const theme = () => document.documentElement.dataset.theme;
document.body.classList.add(data.columns ? "plane" : "maps");
document.body.classList.toggle("with-losses", finite.length > 0);
for (const [place, name] of Object.entries(data.names ?? {})) {
  add(find(".classes"), "li", name).style.setProperty("--own", `var(--class-${place % 7})`);
}
scrubber.max = last;
scrubber.addEventListener("input", () => goTo(Number(scrubber.value)));
network.addEventListener("pointermove", point);
network.addEventListener("pointerdown", point);
network.addEventListener("pointerleave", () => pointAt(null));
find("#play").addEventListener("click", playOrPause);
find("#theme").addEventListener("click", () => setTheme(theme() === "dark" ? "light" : "dark"));
addEventListener("keydown", pressKey);
readColours();
new ResizeObserver(draw).observe(find("#film"));
show(last);
