// The figures of a chart: all that is drawn, as the table behind it and the list of what happened have it.

const numberOf = cell => (cell.textContent === "" ? null : Number(cell.textContent.replaceAll(",", "")));

/** Return all that is drawn, from the table behind the chart and the list of what happened. */
export function read(figure) {
  const table = figure.querySelector("details table");
  const rows = [...table.tBodies[0].rows];
  const xs = rows.map(row => Number(row.dataset.x));
  const now = "now" in figure.dataset ? Number(figure.dataset.now) : null;
  const columns = [...table.tHead.rows[0].cells].slice(1).map((head, n) => ({
    name: head.textContent,
    kind: head.dataset.kind,
    values: rows.map(row => numberOf(row.cells[n + 1])),
  }));
  const ends = now === null ? xs : [...xs, now];
  return {
    rows,
    xs,
    now,
    columns,
    lines: columns.filter(column => column.kind === "line"),
    heads: rows.map(row => row.cells[0].textContent),
    isTime: rows[0]?.cells[0].querySelector("time") != null,
    until: now === null ? xs.length - 1 : Math.max(xs.findLastIndex(x => x <= now), 0),
    home: [Math.min(...ends), Math.max(...ends)],
    low: Number(figure.dataset.low),
    high: Number(figure.dataset.high),
    step: Number(figure.dataset.step),
    thresholds: [...(table.tFoot?.rows ?? [])].map(row => ({
      words: `${row.cells[0].textContent} ${row.cells[1].textContent}`,
      value: numberOf(row.cells[1]),
    })),
    marks: [...figure.querySelectorAll(".happened li")].map(item => ({
      x: Number(item.dataset.x),
      y: Number(item.dataset.y),
      words: item.textContent,
    })),
  };
}

/** Return what is at a point, in lines of words, as the table has it. */
export function wordsAt(chart, index) {
  const cells = [...chart.rows[index].cells].slice(1).map(cell => cell.textContent);
  const values = chart.columns.flatMap(({name}, n) => (cells[n] ? [`${name} ${cells[n]}`] : []));
  const nearest = x => chart.xs.reduce((best, at, n) => (Math.abs(at - x) < Math.abs(chart.xs[best] - x) ? n : best), 0);
  const happened = chart.marks.filter(mark => nearest(mark.x) === index).map(mark => mark.words);
  return {head: chart.heads[index], values: values.length ? values : ["no value"], happened};
}
