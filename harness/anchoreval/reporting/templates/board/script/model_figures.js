// The figures of one selected model, or of two side by side, and their scores by subject.

function selectedModels() {
  return [state.first, state.second].filter((i) => i !== null);
}

function headsOf(chosen) {
  return element("thead", {}, element("tr", {}, element("td"), ...chosen.map((i) => element("th", { scope: "col" }, letterMark(i), named(i)))));
}

function line(name, values) {
  return element("tr", {}, element("th", { scope: "row" }, name), ...values.map((value) => element("td", {}, value)));
}

function mainFigures(chosen) {
  const kept = ["answered", "family", "scored", "requests", "tokens", "seconds"].map((key) => columnOf.get(key)).filter(Boolean);
  const lines = [
    line("score", chosen.map((i) => points(models.score[i]))),
    line(`${level} interval`, chosen.map((i) => interval(models.lower[i], models.upper[i]))),
    line("place", chosen.map((i) => count(models.rank[i]))),
    line("rank set", chosen.map(places)),
    columnOf.has("truth") ? line("true score", chosen.map((i) => points(models.truth[i]))) : null,
    ...kept.map((column) => line(column.label === "anchors" ? "anchors answered" : column.label, chosen.map((i) => column.text(i)))),
    line("extrapolates", chosen.map((i) => (models.extrapolating[i] ? flag(i, "yes") : "no"))),
  ];
  return element("table", { class: "figures-table" }, headsOf(chosen), element("tbody", {}, ...lines.filter(Boolean)));
}

function subjectCell(value, letter) {
  const fill = element("span", { class: `fill ${letter}` });
  fill.style.width = `${100 * Math.min(Math.max(value ?? 0, 0), 1)}%`;
  return element("td", {}, element("span", { class: "figure" }, points(value)), element("span", { class: "subject-bar", "aria-hidden": "true" }, fill));
}

function subjectFigures(chosen) {
  const letters = chosen.map((i) => (letterOf(i) === "A" ? "first" : "second"));
  const rows = data.subjects.name.map((name, n) =>
    element("tr", {}, element("th", { scope: "row" }, name), ...chosen.map((i, c) => subjectCell(data.subjects.scores[n][i], letters[c]))),
  );
  const caption = element("caption", {}, "Estimated score by subject, in percentage points; bars run from 0 to 100. Without intervals: read small differences with care.");
  return element("table", { class: "figures-table subjects" }, caption, headsOf(chosen), element("tbody", {}, ...rows));
}

function boxed(table) {
  return element("div", { class: "scroll" }, table);
}

function showFigures() {
  const chosen = selectedModels();
  const tables = chosen.length === 0 ? [] : [boxed(mainFigures(chosen)), ...(data.subjects === null ? [] : [boxed(subjectFigures(chosen))])];
  byId("figures-of-models").replaceChildren(...tables);
}

function startFigures() {
  onSelection.push(showFigures);
  showFigures();
}

