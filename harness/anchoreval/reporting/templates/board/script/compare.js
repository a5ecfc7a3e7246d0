// Two models against each other, in words, figures and a picture.

function percentage(probability) {
  if (probability > 0.999) return "over 99.9%";
  return probability < 0.001 ? "under 0.1%" : `${(100 * probability).toFixed(1)}%`;
}

function signed(difference) {
  const text = points(difference);
  return difference > 0 && Number(text) !== 0 ? `+${text}` : text;
}

function headline(a, b, found) {
  const [upper, lower] = found.difference >= 0 ? [a, b] : [b, a];
  const gap = points(Math.abs(found.difference));
  if (found.difference === 0) return ["The estimates of ", named(a), " and ", named(b), " are equal."];
  return [named(upper), ` scores ${gap} points above `, named(lower), ` by estimate.`];
}

function verdict(found) {
  const badge = element("strong", { class: `badge ${found.resolved ? "good" : "fair"}` }, found.resolved ? "told apart" : "not told apart");
  return element("p", { class: "verdict-line" }, badge, ` ${reason(found)}`);
}

function reason(found) {
  const kind = found.kin ? "two models of one family" : "two models";
  if (found.resolved) {
    return `Between ${kind} at about these scores, ${points(found.critical)} points are enough. Over all pairs of this board together, the chance of telling any two apart that are equal is at most ${percentage(pairs.alpha)}.`;
  }
  if (found.critical === Infinity) return "No difference between them can be told with these anchors and so many models at once.";
  return `Between ${kind} at about these scores, a difference of at least ${points(found.critical)} points would be needed. Do not read their order as established.`;
}

function difference(found) {
  if (found.lower === null) return "not attainable: too few calibration models for this level";
  return `${signed(found.lower)} to ${signed(found.upper)} points`;
}

function pairFigures(a, b, found) {
  const entries = [
    ["Difference of the estimates, A − B", `${signed(found.difference)} points`, "difference"],
    [`${level} interval of the true difference`, difference(found), "difference-interval"],
    ["Probability that A is truly better", percentage(found.firstBetter), "first-better"],
  ];
  if (models.truth && isKnown(models.truth[a]) && isKnown(models.truth[b])) {
    entries.push(["Difference of the true scores", `${signed(models.truth[a] - models.truth[b])} points`, "true-difference"]);
  }
  return element("dl", { class: "pair" }, ...entries.flatMap(([name, value, key]) => [element("dt", {}, name), element("dd", { "data-figure": key }, value)]));
}

// The interval of the difference on an axis with 0 in it.
function differencePicture(found) {
  if (found.lower === null) return null;
  const reach = 1.15 * Math.max(Math.abs(found.lower), Math.abs(found.upper), Math.min(found.critical, 1), 1e-6);
  const x = (value) => 160 + (150 * value) / reach;
  const band = found.critical < 1 ? drawing("rect", { class: "needed", x: x(-found.critical), y: 8, width: x(found.critical) - x(-found.critical), height: 24 }) : null;
  return drawing(
    "svg",
    { viewBox: "0 0 320 62", class: "difference", role: "img", "aria-label": `Difference ${signed(found.difference)}, interval ${difference(found)}` },
    band,
    drawing("line", { class: "zero", x1: 160, x2: 160, y1: 4, y2: 38 }),
    drawing("line", { class: "line", x1: x(found.lower), x2: x(found.upper), y1: 20, y2: 20 }),
    drawing("circle", { class: "dot", cx: x(found.difference), cy: 20, r: 5 }),
    drawing("text", { x: 160, y: 54, "text-anchor": "middle" }, "0"),
    drawing("text", { x: 4, y: 54 }, "◄ B better"),
    drawing("text", { x: 316, y: 54, "text-anchor": "end" }, "A better ►"),
  );
}

function comparison(a, b) {
  const found = judged(a, b);
  if (found === null) {
    const why = judging ? "One of the two has no estimate." : "How differences err could not be learnt here, so no two models are judged against each other.";
    return [element("p", {}, why)];
  }
  const picture = differencePicture(found);
  const note = found.critical < 1 && picture ? element("figcaption", {}, "Shaded: differences too small to tell the two apart.") : null;
  return [
    element("p", { class: "headline" }, ...headline(a, b, found)),
    verdict(found),
    element("div", { class: "pair-box" }, pairFigures(a, b, found), picture ? element("figure", {}, picture, note) : null),
  ];
}

function invitation() {
  return [element("p", { class: "text" }, "Choose two models here, or in the table above; of one model alone its figures are shown.")];
}

function showComparison() {
  const { first, second } = state;
  byId("first").value = first === null ? "" : models.name[first];
  byId("second").value = second === null ? "" : models.name[second];
  byId("unknown-name").textContent = "";
  byId("swap").disabled = second === null;
  byId("clear").disabled = first === null;
  byId("judged").replaceChildren(...(first === null ? invitation() : second === null ? [] : comparison(first, second)));
  showChosen();
  writeLink();
}

// A line at the foot of the window, so that a choice in a long table is seen to do something.
function showChosen() {
  const { first, second } = state;
  byId("chosen").hidden = first === null;
  document.body.classList.toggle("choosing", first !== null);
  if (first === null) return;
  const found = second === null ? null : judged(first, second);
  const words = second === null ? "Choose another model to compare." : found === null ? "" : `${signed(found.difference)} points, ${found.resolved ? "told apart" : "not told apart"}.`;
  const clear = pressed("Clear", () => select(null, null));
  const look = pressed(second === null ? "See its figures" : "See comparison", () => byId("compare").scrollIntoView());
  const names = [first, second].filter(isKnown).map((i) => element("span", { class: "who" }, letterMark(i), named(i)));
  byId("chosen").replaceChildren(...names, element("span", { class: "words" }, words), look, clear);
}

function pressed(label, action) {
  const button = element("button", { type: "button" }, label);
  button.addEventListener("click", action);
  return button;
}

function entered(letter, text) {
  const name = text.trim();
  const i = models.name.indexOf(name);
  if (name !== "" && i < 0) {
    byId("unknown-name").textContent = `There is no model of that name: ${name}`;
    return;
  }
  const chosen = i < 0 ? null : i;
  if (letter === "first") select(chosen, chosen === state.second ? state.first : state.second);
  else if (chosen === state.first) select(state.second ?? state.first, state.second === null ? null : state.first);
  else select(state.first ?? chosen, state.first === null ? null : chosen);
}

function startComparison() {
  byId("model-names").append(...byRank.map((i) => element("option", { value: models.name[i] })));
  for (const letter of ["first", "second"]) {
    byId(letter).addEventListener("change", (event) => entered(letter, event.target.value));
    byId(letter).addEventListener("focus", (event) => event.target.select());
  }
  byId("swap").addEventListener("click", () => select(state.second, state.first));
  byId("clear").addEventListener("click", () => select(null, null));
  onSelection.push(showComparison);
  showComparison();
}

