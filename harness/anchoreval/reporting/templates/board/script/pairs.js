// What is said of two models: the rule that was learnt from calibration models, applied to one pair.

const pairs = data.pairs;
const judging = pairs !== null;

// The normal distribution function by its series about 0 (Marsaglia, Evaluating the normal distribution, 2004); beyond
// 8 standard deviations it differs from 0 or 1 by less than a double can hold beside 1.
function normal(z) {
  if (Math.abs(z) > 8) return z > 0 ? 1 : 0;
  let [term, sum] = [z, z];
  for (let n = 3; Math.abs(term) > 1e-17 * Math.abs(sum); n += 2) {
    term *= (z * z) / n;
    sum += term;
  }
  return 0.5 + (sum * Math.exp(-0.5 * z * z)) / Math.sqrt(2 * Math.PI);
}

// Linear between grid points, constant beyond them; null in the table is infinity, and so is all between it and its neighbours.
function interpolated(at, grid, values) {
  const value = (n) => (values[n] === null ? Infinity : values[n]);
  if (at <= grid[0]) return value(0);
  const right = grid.findIndex((point) => point >= at);
  if (right < 0) return value(grid.length - 1);
  if (grid[right] === at) return value(right);
  if (value(right - 1) === Infinity || value(right) === Infinity) return Infinity;
  const share = (at - grid[right - 1]) / (grid[right] - grid[right - 1]);
  return value(right - 1) + share * (value(right) - value(right - 1));
}

function areKin(a, b) {
  return isKnown(family(a)) && family(a) === family(b);
}

// Difference of the estimates of a and b, its interval, P(a truly better), and whether the two are told apart.
function judged(a, b) {
  if (!judging || !isKnown(models.score[a]) || !isKnown(models.score[b])) return null;
  const difference = models.score[a] - models.score[b];
  const kin = areKin(a, b);
  const critical = criticalDifference(a, b, kin);
  const half = pairs.half_width;
  return {
    difference,
    kin,
    critical,
    lower: half === null ? null : Math.max(difference - half, -1),
    upper: half === null ? null : Math.min(difference + half, 1),
    firstBetter: normal((kin ? pairs.kin_precision : pairs.precision) * difference),
    resolved: difference !== 0 && Math.abs(difference) >= critical,
  };
}

function criticalDifference(a, b, kin) {
  const [first, second] = [pairs.expected[a], pairs.expected[b]];
  if (!isKnown(first) || !isKnown(second)) return Infinity;
  return interpolated((first + second) / 2, pairs.levels, pairs.critical[kin ? 1 : 0]);
}

// Against the selected model: 1 told apart above it, -1 told apart below it, 0 not told apart, null not known.
function against(i, selected) {
  if (selected === null || i === selected) return null;
  const found = judged(i, selected);
  if (found === null) return null;
  return found.resolved ? Math.sign(found.difference) : 0;
}

