// Who answered which anchor, and how well.

const ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxy";
const GROUPS = 5;
const scoreOfLetter = new Map([...ALPHABET].map((letter, n) => [letter, n / (ALPHABET.length - 1)]));

// Score in [0, 1] of model i on anchor n; null where it did not answer.
function answer(i, n) {
  return data.answers === null ? null : scoreOfLetter.get(data.answers[i][n]) ?? null;
}

function meanAnswer(chosen, n) {
  let [sum, known] = [0, 0];
  for (const i of chosen) {
    const score = answer(i, n);
    if (score === null) continue;
    sum += score;
    known += 1;
  }
  return known ? sum / known : null;
}

const shareRight = data.anchors.name.map((_, n) => meanAnswer(byRank, n));
const ranked = byRank.filter((i) => isKnown(models.rank[i]));

// From the lowest fifth of the models to the best.
function fifths(n) {
  return Array.from({ length: GROUPS }, (_, g) => {
    const [from, to] = [g, g + 1].map((part) => Math.round((ranked.length * (GROUPS - part)) / GROUPS));
    return meanAnswer(ranked.slice(to, from), n);
  });
}

