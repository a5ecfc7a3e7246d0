// Two plots with a line a model: intervals of scores, and rank sets.

const STEP = 20;
const HEAD = 26;
const TICKS = 6;

function shortened(text, most) {
  const letters = Array.from(text);
  return letters.length > most ? `${letters.slice(0, most - 1).join("")}…` : text;
}

// Round figures between two ends, about so many.
function ticksOf([lowest, highest]) {
  const rough = (highest - lowest) / TICKS || 1;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * [1, 2, 5, 10].find((factor) => factor * power >= rough);
  const first = Math.ceil(lowest / step - 1e-9);
  return Array.from({ length: Math.floor(highest / step + 1e-9) - first + 1 }, (_, n) => (first + n) * step);
}

function scaleOf([lowest, highest], from, to) {
  return (value) => from + ((to - from) * (value - lowest)) / (highest - lowest || 1);
}

function axisMarks(ticks, x, bottom, format) {
  return ticks.flatMap((tick) => [
    drawing("line", { class: "grid", x1: x(tick), x2: x(tick), y1: HEAD - 4, y2: bottom }),
    drawing("text", { class: "tick", x: x(tick), y: HEAD - 10, "text-anchor": "middle" }, format(tick)),
  ]);
}

function marks(i, y, x, series) {
  const [lower, upper, middle] = [series.lower(i), series.upper(i), series.middle(i)];
  const truth = series.truth?.(i);
  return [
    isKnown(lower) && isKnown(upper) ? drawing("line", { class: "line", x1: x(lower), x2: Math.max(x(upper), x(lower) + 1), y1: y, y2: y }) : null,
    isKnown(truth) ? drawing("path", { class: "truth", d: `M${x(truth)} ${y - 5}l5 5l-5 5l-5 -5z` }) : null,
    isKnown(middle) ? drawing("circle", { class: "dot", cx: x(middle), cy: y, r: 3.5 }) : null,
  ];
}

function plotLine(i, n, room, x, series) {
  const y = HEAD + STEP * (n + 0.5);
  const label = drawing("text", { x: room - 8, y: y + 4, "text-anchor": "end" }, shortened(models.name[i], Math.floor(room / 7.2)));
  const letter = letterOf(i);
  const group = drawing(
    "g",
    { class: letter === null ? "model" : `model chosen ${letter === "A" ? "first" : "second"}`, "data-model": i },
    drawing("title", {}, `${models.name[i]}: ${series.words(i)}`),
    drawing("rect", { class: "hit", x: 0, y: y - STEP / 2, width: "100%", height: STEP }),
    label,
    ...marks(i, y, x, series),
  );
  return group;
}

function plot(place, shown, series, format) {
  const width = Math.max(place.clientWidth, 280);
  const room = Math.round(Math.min(210, 0.4 * width));
  const bottom = HEAD + STEP * shown.length + 4;
  const ends = series.ends(shown);
  const x = scaleOf(ends, room + 6, width - 22);
  const picture = drawing("svg", { width, height: bottom, viewBox: `0 0 ${width} ${bottom}`, role: "img", "aria-label": series.title });
  picture.append(...axisMarks(series.ticks(ends), x, bottom, format), ...shown.map((i, n) => plotLine(i, n, room, x, series)));
  place.replaceChildren(picture);
}

function of(key) {
  return (i) => models[key]?.[i];
}

const scoreSeries = {
  title: "Scores and their intervals",
  lower: of("lower"), upper: of("upper"), middle: of("score"), truth: of("truth"),
  ends: (shown) => extent(...["lower", "upper", "score", "truth"].map((key) => shown.map(of(key)))),
  ticks: ticksOf,
  words: (i) => `${points(models.score[i])}, ${interval(models.lower[i], models.upper[i])}`,
};
const rankSeries = {
  title: "Rank sets",
  lower: of("rank_lower"), upper: of("rank_upper"), middle: of("rank"),
  ends: (shown) => extent([1], ...["rank_lower", "rank_upper", "rank"].map((key) => shown.map(of(key)))),
  ticks: (ends) => [1, ...ticksOf(ends).filter((tick) => Number.isInteger(tick) && tick > 0.06 * ends[1] && tick > 1)],
  words: (i) => `place ${count(models.rank[i])}, ${places(i)}`,
};

function showPlots() {
  const most = Number(byId("plot-size").value) || size;
  const shown = byRank.slice(0, most);
  plot(byId("interval-plot"), shown, scoreSeries, (tick) => `${+(100 * tick).toFixed(4)}`);
  plot(byId("rank-plot"), shown, rankSeries, count);
}

// Drawn when they come into sight, and again when their room or the selection changes.
function startPlots() {
  let seen = false;
  const redraw = () => seen && showPlots();
  for (const place of [byId("interval-plot"), byId("rank-plot")]) {
    place.addEventListener("click", (event) => {
      const line = event.target.closest("[data-model]");
      if (line) choose(Number(line.dataset.model));
    });
  }
  byId("plot-size").addEventListener("change", redraw);
  byId("plot-size").querySelectorAll("option").forEach((option) => (option.hidden = Number(option.value) >= size));
  byId("truth-caption").hidden = !models.truth?.some(isKnown);
  new IntersectionObserver((entries) => {
    if (seen || !entries.some((entry) => entry.isIntersecting)) return;
    seen = true;
    showPlots();
  }, { rootMargin: "400px" }).observe(byId("plots"));
  let room = 0;
  new ResizeObserver(([entry]) => {
    if (entry.contentRect.width === room) return;
    room = entry.contentRect.width;
    redraw();
  }).observe(byId("interval-plot"));
  onSelection.push(redraw);
}

