// The table of models: heads that sort, rows by what is wanted, and how many of them are shown.

function headOf(column) {
  const sorted = state.sort.key === column.key;
  const order = sorted ? (state.sort.descending ? "descending" : "ascending") : "none";
  const arrow = element("span", { class: "arrow", "aria-hidden": "true" }, sorted ? (state.sort.descending ? "▼" : "▲") : "");
  const [label, ...rest] = (column.ends ?? [column.label]).map((text) => element("span", {}, text));
  const attributes = { type: "button", title: column.title, "data-sort": column.key, "aria-label": column.ends ? column.label : null };
  const kind = column.key === "name" ? "words model" : ["bar", "against"].includes(column.key) ? column.key : column.kind;
  return element("th", { scope: "col", "aria-sort": order, class: kind }, element("button", attributes, label, arrow, ...rest));
}

function sortBy(key) {
  const same = state.sort.key === key;
  state.sort = { key, descending: same ? !state.sort.descending : Boolean(columnOf.get(key).high) };
  state.limit = PAGE_SIZE;
  showTable();
  document.querySelector(`#board [data-sort="${CSS.escape(key)}"]`).focus();
}

function showTable() {
  const wanted = wantedModels();
  const shown = wanted.slice(0, state.limit);
  byId("board").tHead.replaceChildren(element("tr", {}, ...visible().map(headOf)));
  byId("board").tBodies[0].replaceChildren(...shown.map(rowOf));
  showAmount(wanted.length, shown.length);
}

function showAmount(wanted, shown) {
  const filtered = wanted < size ? ` (of ${count(size)})` : "";
  byId("found").textContent =
    wanted === 0 ? "No model fits what you look for." : shown < wanted ? `${count(shown)} of ${numberOf(wanted, "model")} shown${filtered}` : `${numberOf(wanted, "model")}${filtered}`;
  byId("more").hidden = byId("all").hidden = shown >= wanted;
  byId("more").textContent = `Show ${count(Math.min(PAGE_SIZE, wanted - shown))} more`;
  byId("all").textContent = `Show all ${count(wanted)}`;
}

function redrawn() {
  rowCache.clear();
  showTable();
}

function filterBy(change) {
  Object.assign(state, change, { limit: PAGE_SIZE });
  showTable();
}

function showFurther(limit) {
  state.limit = limit;
  showTable();
}

function showLegend() {
  const entries = [["rank set", "the places that the model may hold, given how estimates err; the sets of all models hold at once."]];
  if (models.extrapolating.some(Boolean)) entries.push(["extrapolates", EXTRAPOLATES]);
  if (models.truth?.some(isKnown)) entries.push(["hollow diamond", "a score that is known from all items."]);
  byId("legend").replaceChildren(...entries.flatMap(([name, meaning]) => [element("dt", {}, name), element("dd", {}, meaning)]));
}

function listenToTable() {
  byId("board").addEventListener("click", (event) => {
    const head = event.target.closest("[data-sort]");
    if (head) return sortBy(head.dataset.sort);
    const row = event.target.closest("[data-model]");
    if (row && String(getSelection()) === "") choose(Number(row.dataset.model));
  });
  byId("find").addEventListener("input", (event) => filterBy({ find: event.target.value.trim().toLowerCase() }));
  byId("family").addEventListener("change", (event) => filterBy({ family: event.target.value }));
  byId("apart").addEventListener("change", (event) => filterBy({ onlyAlike: event.target.checked }));
  byId("more").addEventListener("click", () => showFurther(state.limit + PAGE_SIZE));
  byId("all").addEventListener("click", () => showFurther(Infinity));
}

function showSelectionInTable() {
  const focused = document.activeElement?.closest?.("#board [data-model]")?.dataset.model;
  byId("apart-field").hidden = !judging || state.first === null;
  byId("apart").checked = state.onlyAlike;
  if (state.first === null && state.sort.key === "against") state.sort = { key: "rank", descending: false };
  redrawn();
  if (focused !== undefined) document.querySelector(`#board [data-model="${focused}"] button`)?.focus();
}

function startTable() {
  const families = [...new Set(models.family ?? [])].filter(isKnown).sort(collator.compare);
  byId("family").append(...families.map((name) => element("option", { value: name }, name)));
  byId("family-field").hidden = families.length < 2;
  showLegend();
  listenToTable();
  onSelection.push(showSelectionInTable);
  showTable();
}

