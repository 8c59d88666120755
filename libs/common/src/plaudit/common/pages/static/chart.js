// Lets readers walk along the points of a chart, by pointer or by arrow keys, and zoom, with uPlot over the drawing.
// All figures are those of the table behind the chart, and all looks those of the drawing; without uPlot both stay as
// they are. uPlot's own picture is seen only while a part of the chart is shown.
"use strict";

(() => {
  const HEIGHT = 200;
  const TOP = 24;
  const LEFT = 44; // the margin of .plot in plaudit.css
  const DATES = 28;
  const NAME_HEIGHT = 15;
  const FIRST_NAME = 27;
  const FONT = "12px system-ui, sans-serif";
  const DAY_SECONDS = 86_400;
  const MONTH_SECONDS = 30.5 * DAY_SECONDS;
  const MONDAY_SECONDS = 4 * DAY_SECONDS; // the first one since 1970
  const STEPS_SECONDS = [
    ...[1, 5, 15, 30, 60, 120, 180, 360, 720].map(minutes => minutes * 60),
    ...[1, 2, 4, 7, 14].map(days => days * DAY_SECONDS),
  ];
  const STEPS_MONTHS = [1, 2, 3, 6, 12, 24, 60, 120, 240, 600, 1200];
  const DATE_PIXELS = 60;
  const KEYS = "Arrow keys walk along the points, plus and minus zoom, Escape shows all.";

  const numberOf = cell => (cell.textContent === "" ? null : Number(cell.textContent.replaceAll(",", "")));

  /** Return all that is drawn, from the table behind the chart and the list of what happened. */
  function read(figure) {
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

  /** Return the margin at the right, where a wide chart of many lines has their names. */
  const rightOf = figure => parseFloat(getComputedStyle(figure.querySelector(".plot")).paddingRight);

  /** Return a colour with an opacity, as a canvas takes it. */
  const clear = (style, of) => style.fill.replace("rgb(", "rgba(").replace(")", `, ${of})`);

  /** Return the series of uPlot and their values: each line twice, up to the present and after it; then the bounds. */
  function seriesOf(figure, chart) {
    const styleOf = selector => {
      const found = figure.querySelector(selector);
      return found && getComputedStyle(found);
    };
    const series = [{}];
    const data = [chart.xs];
    chart.lines.forEach((line, n) => {
      for (const isComing of [false, true]) {
        const selector = `[data-line="${n}"] .line${isComing ? ".expected" : ":not(.expected)"}`;
        const look = () => styleOf(selector) ?? styleOf(`[data-line="${n}"] .line`) ?? getComputedStyle(figure);
        const area = n === 0 && !isComing ? () => styleOf(".area") : () => null;
        series.push({
          stroke: () => look().stroke,
          width: parseFloat(look().strokeWidth) || 2,
          dash: (look().strokeDasharray.match(/[\d.]+/g) ?? []).map(Number),
          fill: () => (area() ? clear(area(), area().fillOpacity) : undefined),
          fillTo: () => chart.low,
          points: {show: false},
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
  function drawRest(u, figure, chart) {
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

  /** Return the elements that a reader sees and hears: what is at a point, and the way back to the whole chart. */
  function addReading(figure, plot) {
    const make = (tag, classes, parent) => {
      const element = document.createElement(tag);
      element.className = classes;
      parent.append(element);
      return element;
    };
    const box = make("div", "reading", plot);
    box.hidden = true;
    box.setAttribute("aria-hidden", "true");
    const heard = make("p", "visually-hidden", figure);
    heard.setAttribute("aria-live", "polite");
    const button = make("button", "link show-all", figure);
    button.type = "button";
    button.textContent = "Show all";
    button.hidden = true;
    plot.after(button);
    return {box, heard, button, make};
  }

  /** Return what is at a point, in lines of words, as the table has it. */
  function wordsAt(chart, index) {
    const cells = [...chart.rows[index].cells].slice(1).map(cell => cell.textContent);
    const values = chart.columns.flatMap(({name}, n) => (cells[n] ? [`${name} ${cells[n]}`] : []));
    const nearest = x => chart.xs.reduce((best, at, n) => (Math.abs(at - x) < Math.abs(chart.xs[best] - x) ? n : best), 0);
    const happened = chart.marks.filter(mark => nearest(mark.x) === index).map(mark => mark.words);
    return {head: chart.heads[index], values: values.length ? values : ["no value"], happened};
  }

  const mostDates = u => Math.max(Math.floor(u.over.clientWidth / DATE_PIXELS / 1.5), 2);
  const datesAcross = {
    splits: (u, _, min, max) => roundDates(min, max, mostDates(u)).dates,
    values: (u, dates) => {
      const {apart} = roundDates(u.scales.x.min, u.scales.x.max, mostDates(u));
      return dates.map(seconds => dateWords(seconds, apart));
    },
  };
  const labelsAcross = chart => ({
    incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500],
    space: 90,
    values: (_, indices) => indices.map(index => chart.heads[index] ?? ""),
  });

  function enhance(figure) {
    const chart = read(figure);
    const plot = figure.querySelector(".plot");
    if (chart.xs.length < 2) return;
    const drawing = plot.querySelector("svg");
    const {box, heard, button, make} = addReading(figure, plot);
    const {series, data, bands} = seriesOf(figure, chart);
    let walked = null; // the index that the arrow keys have led to
    const homeSpan = chart.home[1] - chart.home[0];

    /** Point at what the arrow keys have led to; a new range moves it. */
    const point = () => {
      if (walked !== null) u.setCursor({left: u.valToPos(chart.xs[walked], "x"), top: 0});
    };
    const show = (self, index) => {
      box.hidden = index === null;
      if (index === null) return;
      const {head, values, happened} = wordsAt(chart, index);
      box.replaceChildren();
      make("b", "", box).textContent = head;
      for (const words of values) make("span", "", box).textContent = words;
      for (const words of happened) make("span", "what", box).textContent = words;
      const isLeft = self.valToPos(chart.xs[index], "x") < self.over.clientWidth / 2;
      box.classList.toggle("right", isLeft);
      box.classList.toggle("left", !isLeft);
    };

    const u = new uPlot({
      width: plot.clientWidth,
      height: HEIGHT,
      padding: [TOP, () => rightOf(figure), 0, 0],
      legend: {show: false},
      tzDate: seconds => uPlot.tzDate(new Date(seconds * 1000), "Etc/UTC"),
      cursor: {
        y: false,
        drag: {x: true, y: false, dist: 8},
        points: {size: 8},
        move: (self, left, top) => [left < 0 ? left : self.valToPos(chart.xs[self.posToIdx(left)], "x"), top],
      },
      scales: {
        x: {
          time: chart.isTime,
          range: (_, min, max) => (max - min >= homeSpan || min === null ? chart.home : [min, max]),
        },
        y: {range: () => [chart.low, chart.high]},
      },
      axes: [
        {
          size: DATES,
          font: FONT,
          gap: 9,
          stroke: () => getComputedStyle(figure).getPropertyValue("--soft").trim(),
          grid: {show: false},
          ticks: {show: false},
          ...(chart.isTime ? datesAcross : labelsAcross(chart)),
        },
        {
          size: LEFT,
          font: FONT,
          gap: 8,
          stroke: () => getComputedStyle(figure).getPropertyValue("--soft").trim(),
          grid: {stroke: () => getComputedStyle(figure).getPropertyValue("--hair").trim(), width: 1},
          ticks: {show: false},
          splits: () => {
            const steps = Math.round((chart.high - chart.low) / chart.step);
            return Array.from({length: steps + 1}, (_, n) => chart.low + n * chart.step);
          },
          values: (_, splits) => {
            const drawn = [...drawing.querySelectorAll(":scope > text:not(.words)")];
            return splits.map((__, n) => drawn[n]?.textContent ?? "");
          },
        },
      ],
      series,
      bands,
      hooks: {
        draw: [self => drawRest(self, figure, chart)],
        setScale: [
          (self, key) => {
            if (key !== "x") return;
            const isZoomed = self.scales.x.max - self.scales.x.min < homeSpan * 0.999;
            figure.classList.toggle("zoomed", isZoomed);
            button.hidden = !isZoomed;
            queueMicrotask(point);
          },
        ],
        setCursor: [self => show(self, self.cursor.idx ?? null)],
      },
    }, data, plot);

    const wholeAgain = () => u.setScale("x", {min: chart.home[0], max: chart.home[1]});
    const zoom = factor => {
      const {min, max} = u.scales.x;
      const span = Math.min((max - min) * factor, homeSpan);
      const middle = walked === null ? (min + max) / 2 : chart.xs[walked];
      const from = Math.min(Math.max(middle - span / 2, chart.home[0]), chart.home[1] - span);
      u.setScale("x", {min: from, max: from + span});
    };
    const walkTo = index => {
      walked = Math.min(Math.max(index, 0), chart.xs.length - 1);
      const {min, max} = u.scales.x;
      const x = chart.xs[walked];
      if (x < min) u.setScale("x", {min: x, max: x + max - min});
      if (x > max) u.setScale("x", {min: x - max + min, max: x});
      point();
      const {head, values, happened} = wordsAt(chart, walked);
      heard.textContent = [`${head}: ${values.join(", ")}`, ...happened].join(". ");
    };
    const leave = () => {
      walked = null;
      heard.textContent = "";
      u.setCursor({left: -10, top: -10});
    };
    const actions = {
      ArrowRight: () => walkTo(walked === null ? chart.until : walked + 1),
      ArrowLeft: () => walkTo(walked === null ? chart.until : walked - 1),
      Home: () => walkTo(0),
      End: () => walkTo(chart.xs.length - 1),
      "+": () => zoom(0.5),
      "=": () => zoom(0.5),
      "-": () => zoom(2),
      Escape: () => {
        leave();
        wholeAgain();
      },
    };

    drawing.setAttribute("aria-hidden", "true");
    plot.tabIndex = 0;
    plot.setAttribute("role", "application");
    plot.setAttribute("aria-roledescription", "chart");
    plot.setAttribute("aria-label", `${drawing.getAttribute("aria-label")} ${KEYS}`);
    plot.addEventListener("keydown", event => {
      if (event.ctrlKey || event.metaKey || event.altKey || !Object.hasOwn(actions, event.key)) return;
      event.preventDefault();
      actions[event.key]();
    });
    plot.addEventListener("blur", leave);
    button.addEventListener("click", () => {
      wholeAgain();
      plot.focus();
    });
    new ResizeObserver(() => u.setSize({width: plot.clientWidth, height: HEIGHT})).observe(plot);
    for (const query of ["(prefers-color-scheme: dark)", "(forced-colors: active)"]) {
      matchMedia(query).addEventListener("change", () => u.redraw());
    }
  }

  if (typeof uPlot === "function") document.querySelectorAll("figure.chart").forEach(enhance);
})();
