"use strict";
// Charts as SVG. They know numbers and labels, nothing of the page.

const SVG = "http:" + "//www.w3.org/2000/svg"; // a name, not an address that is asked

/** An SVG element with attributes and children (elements or text). */
function svg(name, attributes = {}, ...children) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

const isNumber = (value) => typeof value === "number" && Number.isFinite(value);

/** The middle of some numbers; null where there are none. */
function median(values) {
  const sorted = values.filter(isNumber).sort((a, b) => a - b), n = sorted.length;
  return n ? (sorted[(n - 1) >> 1] + sorted[n >> 1]) / 2 : null;
}

const mean = (values) => {
  const known = values.filter(isNumber);
  return known.length ? known.reduce((sum, value) => sum + value, 0) / known.length : null;
};

/** About `count` round numbers from low to high. */
function ticks(low, high, count) {
  const span = high - low || 1, raw = span / count, ten = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((by) => by * ten).find((each) => each >= raw);
  const found = [];
  for (let i = Math.ceil(low / step); i * step <= high + step * 1e-9; i++) found.push(+(i * step).toPrecision(12));
  return found;
}

const WIDE = 360;

/**
 * Curves of all replicates over time. `series`: {side, values (replicates × times), film}; `x`: times.
 * Returns the chart and `move(time)`, which sets the line of the present.
 */
function curveChart({ x, series, label, xLabel, yLabel, number, log }) {
  const high = 230, left = 46, right = WIDE - 8, top = 18, bottom = high - 32;
  const all = series.flatMap((each) => each.values.flat()).filter(isNumber);
  const most = Math.max(1, ...all), end = x[x.length - 1] || 1;
  const scale = log ? (value) => Math.log10(value + 1) : (value) => value;
  const X = (day) => left + (day / end) * (right - left);
  const Y = (value) => bottom - (scale(value) / scale(most)) * (bottom - top);
  const chart = svg("svg", { class: "chart", viewBox: `0 0 ${WIDE} ${high}`, role: "img", "aria-label": label });
  const marks = log ? [0, 1, 10, 100, 1e3, 1e4, 1e5].filter((value) => value <= most) : ticks(0, most, 4);
  for (const value of marks) {
    chart.append(svg("path", { class: "grid", d: `M${left} ${Y(value)}H${right}` }),
      svg("text", { x: left - 5, y: Y(value) + 4, "text-anchor": "end" }, number(value)));
  }
  for (const value of ticks(0, end, 6)) {
    chart.append(svg("text", { x: X(value), y: bottom + 14, "text-anchor": "middle" }, number(value)));
  }
  chart.append(svg("path", { class: "axis", d: `M${left} ${top}V${bottom}H${right}` }),
    svg("text", { x: left, y: 11 }, yLabel), svg("text", { x: right, y: high - 4, "text-anchor": "end" }, xLabel));
  const path = (values) => values.map((value, i) => (isNumber(value) ? `${i ? "L" : "M"}${X(x[i]).toFixed(1)} ${Y(value).toFixed(1)}` : "")).join("");
  const rings = [];
  for (const { side, values, film } of series) {
    for (const one of values) chart.append(svg("path", { class: `one ${side}`, d: path(one) }));
    chart.append(svg("path", { class: `median ${side}`, d: path(x.map((_, i) => median(values.map((one) => one[i])))) }));
    const ring = svg("circle", { class: "ring", r: 4 });
    rings.push([ring, values[film]]);
  }
  const now = svg("path", { class: "now" }); // on a layer of its own, so that a moving line paints no curve anew
  const over = svg("svg", { class: "chart over", viewBox: `0 0 ${WIDE} ${high}`, "aria-hidden": "true" }, now, ...rings.map(([ring]) => ring));
  const layers = document.createElement("div");
  layers.className = "layers";
  layers.append(chart, over);
  const move = (day) => {
    now.setAttribute("d", `M${X(day).toFixed(1)} ${top}V${bottom}`);
    let i = x.findIndex((each) => each >= day - 1e-6);
    if (i < 0) i = x.length - 1;
    for (const [ring, values] of rings) {
      ring.setAttribute("cx", X(x[i]).toFixed(1));
      ring.setAttribute("cy", Y(values[i] ?? 0).toFixed(1));
    }
  };
  move(0);
  return { chart: layers, move };
}

/** A row of dots for each arm, a dot a replicate. `rows`: {label, side, values, titles}; `film`: which dot is ringed. */
function dotChart({ rows, film, label, number }) {
  const all = rows.flatMap((row) => row.values).filter(isNumber);
  const low = Math.min(0, ...all), most = Math.max(...all, low + 1e-9), row = 46, left = 10, right = WIDE - 14;
  const high = rows.length * row + 24;
  const X = (value) => left + ((value - low) / (most - low)) * (right - left);
  const chart = svg("svg", { class: "chart", viewBox: `0 0 ${WIDE} ${high}`, role: "img", "aria-label": label });
  for (const value of ticks(low, most, 5)) {
    chart.append(svg("path", { class: "grid", d: `M${X(value)} 4V${high - 18}` }),
      svg("text", { x: X(value), y: high - 5, "text-anchor": "middle" }, number(value)));
  }
  rows.forEach(({ label: name, side, values, titles }, k) => {
    const y = k * row + 30;
    chart.append(svg("path", { class: "grid", d: `M${left} ${y}H${right}` }),
      svg("text", { x: left, y: y - 15, "font-weight": side === "none" ? 400 : 700 }, name));
    values.forEach((value, i) => {
      if (!isNumber(value)) return;
      const at = { cx: X(value).toFixed(1), cy: (y + ((i * 5) % 7) - 3).toFixed(1) };
      const dot = svg("circle", { class: `dot ${side}`, r: 4, ...at });
      dot.append(svg("title", {}, titles[i]));
      chart.append(dot);
      if (i === film) chart.append(svg("circle", { class: "ring", r: 6.5, ...at }));
    });
    const middle = median(values);
    if (middle !== null) chart.append(svg("path", { class: "axis", "stroke-width": 2, d: `M${X(middle)} ${y - 9}V${y + 9}` }));
  });
  return chart;
}

/** Two bars for each row, in percent. `rows`: {label, flow, soil}. */
function barChart({ rows, label, names, number }) {
  const row = 50, left = 10, right = WIDE - 56, high = rows.length * row + 26;
  const most = Math.max(1, ...rows.flatMap(({ flow, soil }) => [flow, soil]));
  const chart = svg("svg", { class: "chart", viewBox: `0 0 ${WIDE} ${high}`, role: "img", "aria-label": label });
  ["flow", "soil"].forEach((kind, i) => chart.append(
    svg("rect", { class: kind, x: left + i * 150, y: 4, width: 12, height: 12 }),
    svg("text", { x: left + 18 + i * 150, y: 14 }, names[kind])));
  rows.forEach((each, k) => {
    const y = 26 + k * row;
    chart.append(svg("text", { x: left, y: y + 11, "font-weight": 700 }, each.label));
    ["flow", "soil"].forEach((kind, i) => {
      const width = Math.max(1, (each[kind] / most) * (right - left)), top = y + 16 + i * 14;
      chart.append(svg("rect", { class: kind, x: left, y: top, width, height: 11 }),
        svg("text", { x: left + width + 4, y: top + 10 }, `${number(each[kind])} %`));
    });
  });
  return chart;
}

/** Empty axes for a sketch. */
function emptyChart({ label, xLabel, yLabel }) {
  return svg("svg", { class: "chart", viewBox: "0 0 360 190", role: "img", "aria-label": label },
    svg("path", { class: "axis", d: "M30 14V164H350" }),
    svg("text", { x: 30, y: 10 }, yLabel), svg("text", { x: 350, y: 182, "text-anchor": "end" }, xLabel));
}
