// Round dates on the axis of a chart, as pages/charts/dates.py has them.

const DAY_SECONDS = 86_400;
const MONTH_SECONDS = 30.5 * DAY_SECONDS;
const MONDAY_SECONDS = 4 * DAY_SECONDS; // the first one since 1970
const STEPS_SECONDS = [
  ...[1, 5, 15, 30, 60, 120, 180, 360, 720].map(minutes => minutes * 60),
  ...[1, 2, 4, 7, 14].map(days => days * DAY_SECONDS),
];
const STEPS_MONTHS = [1, 2, 3, 6, 12, 24, 60, 120, 240, 600, 1200];
const DATE_PIXELS = 60;
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** Return the round dates between two, no more than there is room for; the steps are those of pages/charts/dates.py. */
function roundDates(min, max, most) {
  const apart = STEPS_SECONDS.find(step => (max - min) / step <= most);
  if (apart) {
    const origin = apart >= 7 * DAY_SECONDS ? MONDAY_SECONDS : 0;
    const first = origin + Math.ceil((min - origin) / apart) * apart;
    return {apart, dates: Array.from({length: Math.floor((max - first) / apart) + 1}, (_, n) => first + n * apart)};
  }
  const step = STEPS_MONTHS.find(months => (max - min) / (months * MONTH_SECONDS) <= most) ?? STEPS_MONTHS.at(-1);
  const begin = new Date(min * 1000);
  const dates = [];
  let month = Math.floor((begin.getUTCFullYear() * 12 + begin.getUTCMonth()) / step) * step;
  for (let at; (at = Date.UTC(Math.floor(month / 12), month % 12) / 1000) <= max; month += step) {
    if (at >= min) dates.push(at);
  }
  return {apart: step * MONTH_SECONDS, dates};
}

/** Return the words of a date on the axis, where the dates stand so many seconds apart. */
function dateWords(seconds, apart) {
  const at = new Date(seconds * 1000);
  if (apart >= 12 * MONTH_SECONDS) return String(at.getUTCFullYear());
  const month = MONTHS[at.getUTCMonth()];
  if (apart >= MONTH_SECONDS) return at.getUTCMonth() === 0 ? String(at.getUTCFullYear()) : month;
  const isDay = apart >= DAY_SECONDS || seconds % DAY_SECONDS === 0;
  return isDay ? `${at.getUTCDate()} ${month}` : at.toISOString().slice(11, 16);
}

const mostDates = u => Math.max(Math.floor(u.over.clientWidth / DATE_PIXELS / 1.5), 2);
export const datesAcross = {
  splits: (u, _, min, max) => roundDates(min, max, mostDates(u)).dates,
  values: (u, dates) => {
    const {apart} = roundDates(u.scales.x.min, u.scales.x.max, mostDates(u));
    return dates.map(seconds => dateWords(seconds, apart));
  },
};
export const labelsAcross = chart => ({
  incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500],
  space: 90,
  values: (_, indices) => indices.map(index => chart.heads[index] ?? ""),
});
