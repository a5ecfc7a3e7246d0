// The columns of the table: how each is headed, sorted, shown and exported.

const AGAINST = { 1: "▲ higher", 0: "≈ not told apart", "-1": "▼ lower" };
const axis = widened(extent(models.lower, models.upper, models.score, models.truth ?? []));
const narrow = matchMedia("(max-width: 40rem)").matches;

function widened([lowest, highest]) {
  const margin = Math.max(0.02 * (highest - lowest), 0.002);
  return [Math.max(lowest - margin, Math.min(lowest, 0)), Math.min(highest + margin, Math.max(highest, 1))];
}

function share(value) {
  return (100 * (value - axis[0])) / (axis[1] - axis[0]);
}

function figureColumn(key, label, title, options = {}) {
  const values = models[key];
  const value = (i) => values[i];
  return { key, label, title, value, text: (i) => count(values[i]), fields: [[key, value]], high: true, ...options };
}

function scoreColumn(key, label, title, values, options = {}) {
  const field = [`${options.field ?? label} (points)`, (i) => (isKnown(values[i]) ? plain(values[i], 4) : null)];
  return { key, label, title, value: (i) => values[i], text: (i) => points(values[i]), fields: [field], high: true, ...options };
}

function textColumn(key, label, title, options = {}) {
  const values = models[key];
  return {
    key, label, title, kind: "words", value: (i) => values[i], text: (i) => values[i] ?? UNKNOWN,
    fields: [[label, (i) => values[i]]], ...options,
  };
}

function width(i) {
  return isKnown(models.lower[i]) && isKnown(models.upper[i]) ? models.upper[i] - models.lower[i] : null;
}

function at(values, node) {
  node.style.left = `${share(values)}%`;
  return node;
}

// The interval as a line, the estimate as a dot, the true score, where it is known, as a hollow diamond.
function bar(i) {
  const track = element("div", { class: "track", "aria-hidden": "true" });
  if (width(i) !== null) {
    const line = at(models.lower[i], element("span", { class: "line" }));
    line.style.width = `${share(models.upper[i]) - share(models.lower[i])}%`;
    track.append(line);
  }
  if (models.truth && isKnown(models.truth[i])) track.append(at(models.truth[i], element("span", { class: "truth" })));
  if (isKnown(models.score[i])) track.append(at(models.score[i], element("span", { class: "dot" })));
  return track;
}

function flag(i, word = "extrapolates") {
  if (!models.extrapolating[i]) return "";
  return element("span", { class: "flag", title: EXTRAPOLATES }, word);
}

const EXTRAPOLATES =
  "The answers of this model are unlike those of the models that the reconstruction learnt from: " +
  "its estimate and interval reach beyond what was seen, and deserve less trust.";

function placeColumns() {
  const bounds = ["rank_lower", "rank_upper"].map((key) => [key, (i) => models[key][i]]);
  return [
    figureColumn("rank", "place", "Place by estimated score", { high: false, on: true, text: (i) => count(models.rank[i]) }),
    {
      key: "places", label: "rank set", title: "Places the model may hold, for all models at once; sorts by the best one",
      value: (i) => models.rank_lower[i], text: places, fields: bounds, on: !narrow,
    },
  ];
}

function intervalColumns() {
  const ends = ["lower", "upper"].map((key) => [`${key} (points)`, (i) => (isKnown(models[key][i]) ? plain(models[key][i], 4) : null)]);
  return [
    scoreColumn("score", "score", "Estimated score on the full benchmark", models.score, { on: true }),
    {
      key: "interval", label: `${level} interval`, title: "Interval of the score; sorts by its width", value: width,
      text: (i) => interval(models.lower[i], models.upper[i]), fields: ends, on: !narrow,
    },
    {
      key: "bar", label: "interval drawn", title: "The interval drawn; sorts by its lower end", ends: [points(axis[0], 0), "points", points(axis[1], 0)],
      value: (i) => models.lower[i], text: () => "", cell: bar, fields: [], on: true, high: true,
    },
  ];
}

function optionalColumns() {
  const found = [];
  if (models.truth?.some(isKnown)) {
    found.push(scoreColumn("truth", "true score", "Score on all items, where it is known", models.truth, { on: !narrow }));
  }
  found.push(figureColumn("answered", "anchors", "Anchors the model answered", { on: !narrow }));
  found.push({
    key: "note", label: "note", title: EXTRAPOLATES, kind: "words", cell: (i) => flag(i), text: (i) => (models.extrapolating[i] ? "extrapolates" : ""),
    value: (i) => (models.extrapolating[i] ? "extrapolates" : null), fields: [["extrapolating", (i) => models.extrapolating[i]]],
    on: models.extrapolating.some(Boolean),
  });
  if (models.scored) found.push(textColumn("scored", "scored", "When the model was scored"));
  const spent = { requests: "Requests to the model", tokens: "Tokens read and written", seconds: "Seconds that scoring took" };
  for (const [key, title] of Object.entries(spent)) if (models[key]) found.push(figureColumn(key, key, title));
  return found;
}

function subjectColumns() {
  if (data.subjects === null) return [];
  return data.subjects.name.map((name, n) =>
    scoreColumn(`subject ${n}`, name, `Estimated score on ${name}`, data.subjects.scores[n], { subject: true }),
  );
}

const columns = [
  ...placeColumns(),
  textColumn("name", "model", "Name of the model", { on: true, fixed: true }),
  {
    key: "against", label: "against A", title: "Whether the model is told apart from the selected one", fixed: true, kind: "words",
    value: (i) => against(i, state.first), text: (i) => (i === state.first ? "selected" : AGAINST[against(i, state.first)] ?? UNKNOWN),
    fields: [["against selected", (i) => AGAINST[against(i, state.first)]?.slice(2)]], high: true,
  },
  ...(models.family ? [textColumn("family", "family", "Family of the model", { on: !narrow })] : []),
  ...intervalColumns(),
  ...optionalColumns(),
  ...subjectColumns(),
];
const columnOf = new Map(columns.map((column) => [column.key, column]));

function visible() {
  return columns.filter((column) => (column.key === "against" ? judging && state.first !== null : column.on));
}

