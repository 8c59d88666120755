// The looks of a chart under uPlot: those of the drawing on the page, and what uPlot does not draw.

export const TOP = 24;
export const FONT = "12px system-ui, sans-serif";
const NAME_HEIGHT = 15;
const FIRST_NAME = 27;

/** Return the margin at the right, where a wide chart of many lines has their names. */
export const rightOf = figure => parseFloat(getComputedStyle(figure.querySelector(".plot")).paddingRight);

/** Return a colour with an opacity, as a canvas takes it. */
const clear = (style, of) => style.fill.replace("rgb(", "rgba(").replace(")", `, ${of})`);

/** Return the indices of values until the present without a neighbour: no line leads there. Null where none is. */
const alone = (values, until) => {
  const isAlone = at => at <= until && [-1, 0, 1].every(by => (values[at + by] != null) === (by === 0));
  const found = [...values.keys()].filter(isAlone);
  return found.length ? found : null;
};

/** Return the series of uPlot and their values: each line twice, up to the present and after it; then the bounds. */
export function seriesOf(figure, chart) {
  const styleOf = selector => {
    const found = figure.querySelector(selector);
    return found && getComputedStyle(found);
  };
  const series = [{}];
  const data = [chart.xs];
  chart.lines.forEach((line, n) => {
    const lone = alone(line.values, chart.until);
    for (const isComing of [false, true]) {
      const selector = `[data-line="${n}"] .line${isComing ? ".expected" : ":not(.expected):not(.alone)"}`;
      const look = () => styleOf(selector) ?? styleOf(`[data-line="${n}"] .line`) ?? getComputedStyle(figure);
      const area = n === 0 && !isComing ? () => styleOf(".area") : () => null;
      series.push({
        stroke: () => look().stroke,
        width: parseFloat(look().strokeWidth) || 2,
        dash: (look().strokeDasharray.match(/[\d.]+/g) ?? []).map(Number),
        fill: () => (area() ? clear(area(), area().fillOpacity) : undefined),
        fillTo: () => chart.low,
        points: {show: false, filter: () => (isComing ? null : lone), size: 5, width: 0, fill: () => look().stroke},
      });
      data.push(line.values.map((value, at) => ((isComing ? at >= chart.until : at <= chart.until) ? value : null)));
    }
  });
  const bands = [];
  const bounds = chart.columns.filter(column => column.kind !== "line");
  if (bounds.length) {
    const first = series.length;
    for (const bound of bounds) {
      series.push({width: 0, points: {show: false}});
      data.push(bound.values);
    }
    const fill = () => (styleOf(".band") ? clear(styleOf(".band"), styleOf(".band").fillOpacity) : undefined);
    bands.push({series: [first + 1, first], fill});
  }
  return {series, data, bands};
}

/** Draw what uPlot does not: the present, thresholds, what happened, and the names of the lines. */
export function drawRest(u, figure, chart) {
  const ratio = devicePixelRatio;
  const {ctx, bbox} = u;
  const colour = name => getComputedStyle(figure).getPropertyValue(name).trim();
  const [min, max] = [u.scales.x.min, u.scales.x.max];
  const across = x => u.valToPos(x, "x", true);
  const rule = (x1, y1, x2, y2, stroke, dash) => {
    ctx.strokeStyle = stroke;
    ctx.lineWidth = ratio;
    ctx.setLineDash(dash.map(length => length * ratio));
    ctx.beginPath();
    ctx.moveTo(x1, y1);
    ctx.lineTo(x2, y2);
    ctx.stroke();
  };
  const write = (words, x, y, align, fill) => {
    ctx.textAlign = align;
    ctx.strokeText(words, x, y);
    ctx.fillStyle = fill;
    ctx.fillText(words, x, y);
  };
  ctx.save();
  if (chart.now !== null && chart.now >= min && chart.now <= max) {
    rule(across(chart.now), bbox.top, across(chart.now), bbox.top + bbox.height, colour("--line"), [2, 3]);
  }
  for (const {value} of chart.thresholds) {
    const y = u.valToPos(value, "y", true);
    rule(bbox.left, y, bbox.left + bbox.width, y, colour("--edge"), [1, 3]);
  }
  const seen = chart.marks.map((mark, n) => ({...mark, n})).filter(mark => mark.x >= min && mark.x <= max);
  for (const {x, y} of seen) rule(across(x), 15 * ratio, across(x), y * ratio, colour("--line"), []);
  ctx.setLineDash([]);
  const shapes = figure.querySelectorAll(".plot > svg > .mark");
  for (const {x, y, n} of seen) {
    const path = shapes[n].querySelector("path");
    const shape = path ? new Path2D(path.getAttribute("d")) : new Path2D();
    if (!path) shape.arc(0, 0, 4, 0, 2 * Math.PI);
    ctx.save();
    ctx.translate(across(x), y * ratio);
    ctx.scale(ratio, ratio);
    ctx.fillStyle = getComputedStyle(shapes[n]).fill;
    ctx.fill(shape);
    ctx.restore();
  }
  ctx.font = FONT.replace("12px", `${12 * ratio}px`);
  ctx.textBaseline = "alphabetic";
  ctx.lineJoin = "round";
  ctx.lineWidth = 4 * ratio;
  ctx.strokeStyle = colour("--card");
  let free = -Infinity;
  for (const {x, n} of seen) {
    const room = ctx.measureText(String(n + 1)).width;
    if (across(x) - room / 2 <= free) continue; // the list below has it, and a closer look shows it
    write(String(n + 1), across(x), 11 * ratio, "center", colour("--ink"));
    free = across(x) + room / 2 + 4 * ratio;
  }
  for (const {words, value} of chart.thresholds) {
    write(words, bbox.left, u.valToPos(value, "y", true) - 4 * ratio, "left", colour("--soft"));
  }
  const hasMargin = rightOf(figure) > 100;
  const isKeyed = figure.classList.contains("many") && !hasMargin; // the key below has the names
  const names = (isKeyed ? [] : chart.lines).flatMap((line, n) => {
    const last = line.values.findLastIndex((value, at) => value !== null && chart.xs[at] <= max);
    if (last < 0 || chart.xs[last] < min) return [];
    const group = figure.querySelector(`[data-line="${n}"]`);
    const fill = getComputedStyle(group.querySelector(".line")).stroke;
    return [{name: group.dataset.name, y: u.valToPos(line.values[last], "y") + TOP + (hasMargin ? 4 : -10), fill}];
  });
  let next = FIRST_NAME;
  for (const {name, y, fill} of names.sort((one, other) => one.y - other.y)) {
    next = Math.max(next, y);
    if (hasMargin) write(name, bbox.left + bbox.width + 8 * ratio, next * ratio, "left", fill);
    else write(name, bbox.left + bbox.width, next * ratio, "right", fill);
    next += NAME_HEIGHT;
  }
  ctx.restore();
}
