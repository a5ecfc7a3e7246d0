// Which models the table shows, in which order, and the row of each.

const lowered = models.name.map((name, i) => `${name} ${family(i) ?? ""}`.toLowerCase());
const rowCache = new Map();

function ordered() {
  const { key, descending } = state.sort;
  const column = columnOf.get(key);
  const keys = byRank.map((i) => [i, column.value(i)]);
  const words = column.kind === "words" && key !== "against";
  const compared = words ? (a, b) => collator.compare(a, b) : (a, b) => a - b;
  keys.sort(([, a], [, b]) => {
    if (!isKnown(a) || !isKnown(b)) return isKnown(a) ? -1 : isKnown(b) ? 1 : 0;
    return descending ? compared(b, a) : compared(a, b);
  });
  return keys.map(([i]) => i);
}

const collator = new Intl.Collator("en", { numeric: true });

function isWanted(i) {
  if (state.family !== "" && family(i) !== state.family) return false;
  if (state.onlyAlike && i !== state.first && against(i, state.first) !== 0) return false;
  return state.find.split(/\s+/).every((word) => lowered[i].includes(word));
}

function wantedModels() {
  return ordered().filter(isWanted);
}

function rowOf(i) {
  if (!rowCache.has(i)) rowCache.set(i, newRow(i));
  return rowCache.get(i);
}

function newRow(i) {
  const alike = state.first !== null && against(i, state.first) === 0;
  const row = element("tr", { class: alike ? "alike" : null, "data-model": i }, ...visible().map((column) => cellOf(column, i)));
  if (letterOf(i) !== null) row.classList.add("selected");
  return row;
}

function cellOf(column, i) {
  if (column.key === "name") return nameCell(i);
  const shown = column.cell ? column.cell(i) : column.text(i);
  return element("td", { class: ["bar", "against"].includes(column.key) ? column.key : column.kind }, shown);
}

function nameCell(i) {
  const pressed = letterOf(i) === null ? "false" : "true";
  const button = element("button", { type: "button", class: "name", "aria-pressed": pressed, title: models.name[i] }, letterMark(i), element("bdi", {}, models.name[i]));
  return element("th", { scope: "row", class: "words model" }, button);
}

