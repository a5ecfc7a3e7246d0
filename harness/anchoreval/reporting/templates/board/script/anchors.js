// The browser of anchors: which are shown, and in which order.

const ANCHOR_PAGE = 50;
const anchorState = { find: "", subject: "", order: "weight", limit: ANCHOR_PAGE };
const anchorWords = anchors.name.map((name, n) => [name, anchors.subject?.[n], anchors.text?.[n], ...(anchors.options?.[n] ?? [])].join(" ").toLowerCase());
const easiness = anchors.name.map((_, n) => shareRight[n] ?? anchors.difficulty?.[n] ?? null);

const ORDERS = {
  weight: ["heaviest first", (n) => -anchors.weight[n]],
  hard: ["hardest first", (n) => easiness[n], () => easiness.some(isKnown)],
  easy: ["easiest first", (n) => negative(easiness[n]), () => easiness.some(isKnown)],
  discrimination: ["most discriminating first", (n) => negative(anchors.discrimination[n]), () => anchors.discrimination],
  benchmark: ["as they stand in the anchor set", (n) => n],
  disagreement: ["where A and B differ first", (n) => -disagreement(n), () => data.answers !== null && state.second !== null],
};

function negative(value) {
  return isKnown(value) ? -value : null;
}

function disagreement(n) {
  if (state.second === null) return 0;
  const [first, second] = [answer(state.first, n), answer(state.second, n)];
  return first === null || second === null ? 0 : Math.abs(first - second);
}

function orderedAnchors() {
  const key = ORDERS[anchorState.order][1];
  const keys = anchors.name.map((_, n) => [n, key(n)]);
  keys.sort(([a, first], [b, second]) => (isKnown(first) && isKnown(second) ? first - second : isKnown(first) ? -1 : isKnown(second) ? 1 : 0) || a - b);
  return keys.map(([n]) => n);
}

function isWantedAnchor(n) {
  if (anchorState.subject !== "" && anchors.subject[n] !== anchorState.subject) return false;
  return anchorState.find.split(/\s+/).every((word) => anchorWords[n].includes(word));
}

function showAnchors() {
  const open = new Set([...document.querySelectorAll("#anchor-list details[open]")].map((card) => Number(card.dataset.anchor)));
  const wanted = orderedAnchors().filter(isWantedAnchor);
  const shown = wanted.slice(0, anchorState.limit);
  byId("anchor-list").replaceChildren(...shown.map((n) => anchorCard(n, open.has(n))));
  byId("anchors-found").textContent = wanted.length === 0 ? "No anchor fits what you look for." : `${shown.length < wanted.length ? `${count(shown.length)} of ` : ""}${numberOf(wanted.length, "anchor")}${differing(wanted)}`;
  byId("more-anchors").hidden = shown.length >= wanted.length;
}

function differing(wanted) {
  if (state.second === null || data.answers === null) return "";
  return `; A and B differ on ${count(wanted.filter((n) => disagreement(n) > 0).length)}`;
}

function listOrders() {
  const possible = Object.entries(ORDERS).filter(([, [, , isPossible]]) => !isPossible || isPossible());
  if (!possible.some(([key]) => key === anchorState.order)) anchorState.order = "weight";
  byId("anchor-order").replaceChildren(...possible.map(([key, [name]]) => element("option", { value: key }, name)));
  byId("anchor-order").value = anchorState.order;
}

function findAnchors(change) {
  Object.assign(anchorState, { limit: ANCHOR_PAGE }, change);
  showAnchors();
}

function startAnchors() {
  const subjects = [...new Set(anchors.subject ?? [])].filter(isKnown).sort(collator.compare);
  byId("anchor-subject").append(...subjects.map((name) => element("option", { value: name }, name)));
  byId("subject-field").hidden = subjects.length < 2;
  byId("find-anchor").addEventListener("input", (event) => findAnchors({ find: event.target.value.trim().toLowerCase() }));
  byId("anchor-subject").addEventListener("change", (event) => findAnchors({ subject: event.target.value }));
  byId("anchor-order").addEventListener("change", (event) => findAnchors({ order: event.target.value }));
  byId("more-anchors").addEventListener("click", () => findAnchors({ limit: anchorState.limit + ANCHOR_PAGE }));
  onSelection.push(() => {
    listOrders();
    showAnchors();
  });
  listOrders();
  showAnchors();
}

