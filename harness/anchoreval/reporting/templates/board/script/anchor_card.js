// One anchor: a line that tells what it is, opened to its text, options and who got it right.

const anchors = data.anchors;

function answerWord(score) {
  if (score === null) return "– not answered";
  if (score === 1) return "✓ right";
  return score === 0 ? "✗ wrong" : `${points(score, 0)}% of the score`;
}

function answerMarks(n) {
  if (data.answers === null) return [];
  return selectedModels().map((i) => {
    const score = answer(i, n);
    const kind = score === null ? "none" : score === 1 ? "right" : score === 0 ? "wrong" : "part";
    return element("span", { class: `answer ${kind}` }, letterMark(i), answerWord(score));
  });
}

function tags(n) {
  const found = [["weight", `${points(anchors.weight[n])}%`, "weight"]];
  const right = isKnown(shareRight[n]) ? shareRight[n] : anchors.difficulty?.[n];
  if (isKnown(right)) found.push(["right", `${points(right, 0)}%`, "right"]);
  return found.map(([name, value, kind]) => element("span", { class: `tag ${kind}` }, `${name} `, element("b", {}, value)));
}

function summary(n) {
  const text = anchors.text?.[n] ?? "";
  return element(
    "summary",
    {},
    element("span", { class: "anchor-name" }, element("bdi", {}, anchors.name[n])),
    anchors.subject?.[n] && data.anchors.task?.[n] !== anchors.subject[n] ? element("span", { class: "tag subject" }, anchors.subject[n]) : null,
    ...tags(n),
    ...answerMarks(n),
    element("span", { class: "snippet" }, shortened(text.slice(0, 400), 160)),
  );
}

function itemText(n) {
  if (!isKnown(anchors.text?.[n])) return [element("p", { class: "faint" }, "The text of this item is not part of the page.")];
  const options = anchors.options?.[n] ?? [];
  return [
    element("p", { class: "item-text" }, anchors.text[n]),
    options.length ? element("ol", { class: "options", type: "A" }, ...options.map((option) => element("li", {}, option))) : null,
  ];
}

function anchorFigures(n) {
  const entries = [["Weight", `${points(anchors.weight[n], 2)}% of the whole`]];
  if (isKnown(anchors.difficulty?.[n])) entries.push(["Difficulty", `${points(anchors.difficulty[n])}% of the source models right`]);
  if (isKnown(shareRight[n])) entries.push(["On this board", `${points(shareRight[n])}% of the models right`]);
  if (isKnown(anchors.discrimination?.[n])) entries.push(["Discrimination", anchors.discrimination[n].toFixed(2)]);
  for (const [key, name] of [["task", "Task"], ["doc_id", "Document"]]) if (isKnown(anchors[key]?.[n])) entries.push([name, anchors[key][n]]);
  return element("dl", {}, ...entries.flatMap(([name, value]) => [element("dt", {}, name), element("dd", {}, value)]));
}

function fifthsPicture(n) {
  if (data.answers === null || ranked.length < 2 * GROUPS) return null;
  const values = fifths(n);
  const words = `Share right, from the lowest fifth of the models to the best: ${values.map((value) => `${points(value, 0)}%`).join(", ")}`;
  const bars = values.flatMap((value, g) => [
    drawing("rect", { class: "fifth", x: 4 + 44 * g, y: 62 - 50 * (value ?? 0), width: 36, height: 50 * (value ?? 0) }),
    drawing("text", { x: 22 + 44 * g, y: 58 - 50 * (value ?? 0), "text-anchor": "middle" }, points(value, 0)),
  ]);
  const base = drawing("line", { class: "zero", x1: 0, x2: 224, y1: 62, y2: 62 });
  const ends = [drawing("text", { x: 4, y: 76 }, "lowest fifth"), drawing("text", { x: 216, y: 76, "text-anchor": "end" }, "best fifth")];
  const picture = drawing("svg", { viewBox: "0 0 224 80", class: "fifths", role: "img", "aria-label": words }, ...bars, base, ...ends);
  return element("figure", {}, picture, element("figcaption", {}, "Right, in %, by fifths of the models of this board"));
}

function anchorCard(n, open) {
  const card = element("details", { class: "anchor", "data-anchor": n }, summary(n));
  const fill = () => {
    if (card.childElementCount > 1) return;
    card.append(element("div", { class: "anchor-body" }, element("div", {}, ...itemText(n).filter(Boolean)), element("div", {}, anchorFigures(n), fifthsPicture(n))));
  };
  card.addEventListener("toggle", () => card.open && fill());
  if (open) {
    card.open = true;
    fill();
  }
  return card;
}

