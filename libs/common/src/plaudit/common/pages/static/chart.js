// Lets readers walk along the points of a chart, by pointer or by arrow keys, and zoom, with uPlot over the drawing.
// All figures are those of the table behind the chart, and all looks those of the drawing; without uPlot both stay as
// they are. uPlot's own picture is seen only while a part of the chart is shown.
import {datesAcross, labelsAcross} from "./chart_dates.js";
import {read, wordsAt} from "./chart_figures.js";
import {drawRest, FONT, rightOf, seriesOf, TOP} from "./chart_looks.js";

const HEIGHT = 200;
const LEFT = 44; // the margin of .plot in plaudit.css
const DATES = 28;
const KEYS = "Arrow keys walk along the points, plus and minus zoom, Escape shows all.";

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

const ends = new Map(); // figure → what ends all that was added to it

function enhance(figure) {
  if (ends.has(figure)) return;
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
  wholeAgain(); // uPlot begins with the span of the points, and the present may be beyond them
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
  const size = new ResizeObserver(() => u.setSize({width: plot.clientWidth, height: HEIGHT}));
  size.observe(plot);
  const listening = new AbortController();
  for (const query of ["(prefers-color-scheme: dark)", "(forced-colors: active)"]) {
    matchMedia(query).addEventListener("change", () => u.redraw(), {signal: listening.signal});
  }
  ends.set(figure, () => {
    size.disconnect();
    listening.abort();
    u.destroy();
  });
}

const enhanceAll = () => document.querySelectorAll("figure.chart[data-step]").forEach(enhance);

if (typeof uPlot === "function") {
  enhanceAll();
  // live.js replaces parts of a page: never a chart that somebody walks along, and then the new one is enhanced.
  addEventListener("live-replace", event => {
    if (event.target.querySelector(".chart.zoomed, .chart .plot:hover, .chart .plot:focus")) event.preventDefault();
  });
  addEventListener("live-replaced", () => {
    for (const [figure, end] of ends) {
      if (figure.isConnected) continue;
      end();
      ends.delete(figure);
    }
    enhanceAll();
  });
}
