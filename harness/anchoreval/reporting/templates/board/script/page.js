// What every part of the page uses: its data, elements made without markup, and figures in words.

const data = JSON.parse(document.getElementById("board-data").textContent);
const models = data.models;
const size = models.name.length;
const level = `${+(100 * data.level).toPrecision(6)}%`;
const UNKNOWN = "–";

function byId(id) {
  return document.getElementById(id);
}

function filled(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined) node.setAttribute(name, value);
  }
  node.append(...children.filter((child) => child !== null));
  return node;
}

// Children that are strings become text, whatever they hold.
function element(tag, attributes = {}, ...children) {
  return filled(document.createElement(tag), attributes, children);
}

function drawing(tag, attributes = {}, ...children) {
  return filled(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);
}

function named(i, attributes = {}) {
  return element("bdi", { title: models.name[i], ...attributes }, models.name[i]);
}

function isKnown(value) {
  return value !== null && value !== undefined;
}

// A share of 1 in percentage points, with a real minus sign for readers; `plain` for machines.
function points(value, digits = 1) {
  if (!isKnown(value)) return UNKNOWN;
  return plain(value, digits).replace("-", "\u2212");
}

function plain(value, digits = 1) {
  const text = (100 * value).toFixed(digits);
  return Number(text) === 0 ? text.replace("-", "") : text;
}

function interval(lower, upper) {
  return isKnown(lower) && isKnown(upper) ? `${points(lower)} to ${points(upper)}` : UNKNOWN;
}

function places(i) {
  const [best, worst] = [models.rank_lower[i], models.rank_upper[i]];
  if (!isKnown(best) || !isKnown(worst)) return UNKNOWN;
  return best === worst ? `${best}` : `${best} to ${worst}`;
}

function count(value) {
  return isKnown(value) ? value.toLocaleString("en", { maximumFractionDigits: 1 }) : UNKNOWN;
}

function numberOf(amount, noun) {
  return `${count(amount)} ${noun}${amount === 1 ? "" : "s"}`;
}

function family(i) {
  return models.family ? models.family[i] : null;
}

function extent(...columns) {
  let [lowest, highest] = [Infinity, -Infinity];
  for (const column of columns) {
    for (const value of column) {
      if (!isKnown(value)) continue;
      lowest = Math.min(lowest, value);
      highest = Math.max(highest, value);
    }
  }
  return lowest <= highest ? [lowest, highest] : [0, 1];
}

const byRank = Array.from({ length: size }, (_, i) => i).sort(
  (a, b) => (models.rank[a] ?? Infinity) - (models.rank[b] ?? Infinity) || a - b,
);

