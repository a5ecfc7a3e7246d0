// What the reader has chosen, and who is told when it changes.

// Rows and plots of thousands of models take the browser long to lay out: they are shown so many at a time.
const PAGE_SIZE = size <= 250 ? 250 : 100;
const state = {
  sort: { key: "rank", descending: false },
  find: "",
  family: "",
  onlyAlike: false,
  limit: PAGE_SIZE,
  first: null,
  second: null,
};
const onSelection = [];

function select(first, second) {
  if (first === null) [first, second] = [second, null];
  state.first = first;
  state.second = second === first ? null : second;
  if (state.first === null) state.onlyAlike = false;
  for (const listener of onSelection) listener();
}

// The first choice is A, every further one B; choosing a selected model again lets go of it.
function choose(i) {
  if (i === state.first) return select(state.second, null);
  if (i === state.second) return select(state.first, null);
  return select(state.first ?? i, state.first === null ? null : i);
}

function letterOf(i) {
  if (i === state.first) return "A";
  return i === state.second ? "B" : null;
}

function letterMark(i) {
  const letter = letterOf(i);
  return letter === null ? null : element("span", { class: `key ${letter === "A" ? "first" : "second"}` }, letter);
}

function linkOf() {
  const chosen = [state.first, state.second].filter((i) => i !== null);
  return chosen.length ? `#compare=${chosen.map((i) => encodeURIComponent(models.name[i])).join(",")}` : "#models";
}

function readLink() {
  const found = /^#compare=(.*)$/s.exec(location.hash);
  if (found === null) return false;
  const [first, second] = found[1].split(",").map(decodedName);
  const indices = [first, second].map((name) => models.name.indexOf(name)).map((i) => (i < 0 ? null : i));
  select(...indices);
  return indices.some((i) => i !== null);
}

function decodedName(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return "";
  }
}

function writeLink() {
  if (location.hash === linkOf() || (state.first === null && !location.hash.startsWith("#compare="))) return;
  try {
    history.replaceState(null, "", linkOf());
  } catch {
    // some browsers refuse this for files; the page works without
  }
}

