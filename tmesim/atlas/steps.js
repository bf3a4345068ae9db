"use strict";
// The steps of the lesson: what stands in each, and what stays hidden until a prediction is written.

const stepNow = () => DATA.steps[state.step];

function goToStep(index, focus = true) {
  state.step = index;
  play(false);
  const { name, left, right } = stepNow();
  if (name === "see") state.frame = 0;
  Object.assign(state, { left, right });
  draw();
  if (focus) {
    $("step").focus({ preventScroll: true });
    reveal();
  }
  return Promise.all([pick("left", left), pick("right", right)]);
}

/** Bring the step into view, below the stage where that is sticky. */
function reveal() {
  const box = $("steps").getBoundingClientRect(), stage = $("stage");
  const top = getComputedStyle(stage).position === "sticky" ? stage.offsetHeight : 0;
  if (box.top < top || box.top > window.innerHeight * 0.7) window.scrollBy({ top: box.top - top });
}

const named = () => ({ left: label(state.left), right: label(state.right), n: DATA.replicates, days: number(DATA.length), start: startOf(state.left), other: startOf(state.right) });

const hidden = () => element("div", {}, paragraph(say("hidden")),
  button(say("hidden.go"), () => goToStep(DATA.steps.findIndex((step) => step.name === "predict")), { class: "main" }));

const predicted = () => (state.written ? paragraph(say("predict.locked", { choice: choices().get(state.choice), reason: state.reason }), { class: "fine" }) : null);

/** The soils whose share of the blood is known, each with the arm that shows it as it is. */
const soils = new Map(Object.entries(DATA.flow).map(([soil, [, name]]) => [soil, name]));

/** What is to be predicted: which soil, which arm, or, of an arm alone, whether more or fewer. */
const asked = single ? "single" : soils.size > 1 ? "soil" : "text";

/** What can be predicted: value → words. */
function choices() {
  const known = {
    single: () => ["more", "fewer"].map((each) => [each, say(`predict.${each}`)]),
    soil: () => [...soils.keys()].map((soil) => [soil, soilName(soil)]),
    text: () => DATA.arms.map((arm) => [arm.name, label(arm.name)]),
  }[asked]();
  return new Map([["", say("predict.choose")], ...known, ["=", say("predict.same")]]);
}

function prediction() {
  const text = say(`step.predict.${asked}`, named());
  const choice = element("select", { id: "choice", change: (event) => { state.choice = event.target.value; } });
  options(choice, [...choices()], state.choice);
  const reason = element("textarea", { id: "reason", input: (event) => { state.reason = event.target.value.trim(); } });
  reason.value = state.reason;
  const trouble = paragraph("", { id: "trouble", role: "alert" });
  const lock = () => {
    if (!state.choice || state.reason.split(/\s+/).filter(Boolean).length < 3) {
      trouble.textContent = say("predict.missing");
      (state.choice ? reason : choice).focus();
      return;
    }
    state.written = true;
    open();
    spoken(say("predict.locked", { choice: choices().get(state.choice), reason: state.reason }));
    $("step").focus({ preventScroll: true });
  };
  if (state.written) return [paragraph(text), predicted()];
  return [paragraph(text),
    element("label", { for: "choice" }, say(single ? "predict.choice.single" : "predict.choice")), choice,
    element("label", { for: "reason" }, say("predict.reason")), reason, trouble,
    button(say("predict.lock"), lock, { class: "main" })];
}

/** The curve of the two arms that are shown, and its numbers. */
function curves() {
  const pair = state.left === state.right ? ["left"] : SIDES;
  const series = pair.map((side) => ({ side, values: byName.get(state[side]).curve, film: FILM }));
  const text = say("chart.curve", { n: DATA.replicates });
  const { chart, move } = curveChart({ x: DATA.days, series, log: state.log, number,
    label: `${text}: ${pair.map((side) => label(state[side])).join(", ")}`, xLabel: say("chart.days"), yLabel: say("chart.cells") });
  move(dayOf(state.frame));
  chartNow = move;
  const log = element("input", { type: "checkbox", change: (event) => { state.log = event.target.checked; drawStep(); $("log").focus(); }, id: "log" });
  log.checked = state.log;
  const rows = DATA.arms.map((arm) => summary(label(arm.name), arm.curve.map((one) => one[one.length - 1])));
  return [paragraph(text, { class: "fine" }), key(pair), chart, element("label", { class: "inline", for: "log" }, log, say("chart.log")), summaries(rows)];
}

/** Which line is which. */
const key = (pair) => element("ul", { class: "legend" }, ...pair.map((side) => element("li", {},
  svg("svg", { class: "chart", viewBox: "0 0 26 16", "aria-hidden": "true" }, svg("path", { class: `median ${side}`, d: "M0 8H26" })), label(state[side]))));

function summary(name, values) {
  const known = values.filter(isNumber);
  return [name, number(median(values)), known.length ? `${number(Math.min(...known))} – ${number(Math.max(...known))}` : "–", values.map(number).join("; ")];
}

const summaries = (rows) => table([say("table.arm"), say("table.median"), say("table.range"), say("table.values")], rows);

/** The arms of the step "chance": the two that are shown and their kin in other soils; on demand, all. */
function dotArms() {
  const near = new Set([...SIDES.map((side) => state[side]), ...kin(state.left, "soil").map((arm) => arm.name)]);
  return DATA.arms.filter((arm) => state.all || DATA.arms.length <= FEW || near.has(arm.name));
}

function dots() {
  const all = element("input", { type: "checkbox", id: "every", change: (event) => { state.all = event.target.checked; drawStep(); $("every").focus(); } });
  all.checked = state.all;
  const more = DATA.arms.length > FEW ? element("label", { class: "inline", for: "every" }, all, say("chance.every", { count: DATA.arms.length })) : null;
  return [...dotsOf(dotArms()), more, wins()];
}

/** A row of dots for each of some arms. */
function dotsOf(arms) {
  const measure = DATA.measures.find((each) => each.name === state.measure);
  const select = element("select", { id: "measure", change: (event) => { state.measure = event.target.value; drawStep(); $("measure").focus(); } });
  options(select, DATA.measures.map((each) => [each.name, measureName(each)]), state.measure);
  const rows = arms.map((arm) => {
    const values = arm.endpoints[state.measure];
    const side = SIDES.find((each) => state[each] === arm.name) || "none";
    const titles = values.map((value, i) => say("replicate", { arm: label(arm.name), number: i + 1, value: number(value) }));
    return { label: label(arm.name), side, values, titles };
  });
  const text = say("chart.dots", { measure: measureName(measure), unit: unitName(measure.unit), days: number(DATA.length) });
  return [element("label", { for: "measure" }, say("chance.measure")), select, paragraph(text, { class: "fine" }),
    dotChart({ rows, film: FILM, label: text, number }), summaries(rows.map((row) => summary(row.label, row.values)))];
}

const last = (name) => byName.get(name).curve.map((one) => one[one.length - 1]);

/** In how many replicates an arm ended with more tumor cells than another. */
const winsOf = (left, right) => last(left).filter((value, i) => value > last(right)[i]).length;

const wins = () => (state.left === state.right ? null : paragraph(say("chance.wins", { ...named(), wins: winsOf(state.left, state.right) })));

/** For each organ the share of all tumor cells, in percent, if flow alone decided, and with what grew from a cell. */
function sharesOfFlow() {
  const rows = Object.entries(DATA.flow).map(([soil, [share, name]]) => (
    { label: soilName(soil), flow: share, soil: (share * mean(last(name))) / (arrived(name) || 1) }));
  for (const each of ["flow", "soil"]) {
    const sum = rows.reduce((total, row) => total + row[each], 0) || 1;
    rows.forEach((row) => { row[each] *= 100 / sum; });
  }
  return rows.sort((a, b) => b.flow - a.flow);
}

function flow() {
  const rows = sharesOfFlow(), round = (value) => number(Math.round(value * 10) / 10), names = { flow: say("flow.alone"), soil: say("flow.soil") };
  return [barChart({ rows, label: say("flow.chart"), names, number: round }),
    table([say("table.organ"), names.flow, names.soil], rows.map((row) => [row.label, round(row.flow), round(row.soil)]))];
}

const answers = () => say("conclude.template", { question: question(), choice: choices().get(state.choice), reason: state.reason, sentence: state.sentence });

function conclusion() {
  const all = element("textarea", { id: "all", readonly: true, rows: 5 });
  all.value = answers();
  const sentence = element("textarea", { id: "sentence", input: (event) => { state.sentence = event.target.value.trim(); all.value = answers(); } });
  sentence.value = state.sentence;
  const told = paragraph("", { role: "status" });
  const copy = () => { // the old way: it works from a folder and in a frame, where the new one waits for a permission
    all.select();
    told.textContent = say(document.execCommand("copy") ? "conclude.copied" : "conclude.select");
  };
  return [element("label", { for: "sentence" }, say("conclude.sentence")), sentence,
    element("label", { for: "all" }, say("conclude.all")), all, button(say("conclude.copy"), copy, { class: "main" }), told];
}

/** The two soils (or arms) of the first step, of which one may be treated; and what a treatment here did, if any. */
function homework() {
  const pair = { left: soilOf(first.left), right: soilOf(first.right) };
  const treated = byName.get(stepNow().right).treatment.length > 0 && kind === "soil";
  return [paragraph(say(`step.homework.${story}`, { ...named(), ...pair })),
    treated && state.open ? paragraph(say("step.homework.treated", named())) : null];
}

/** What stands below the heading of a step. */
function body({ name }) {
  const gated = (parts) => (state.open ? [predicted(), ...parts()] : [hidden()]);
  const text = () => paragraph(say(`step.${name}.text`, named()));
  switch (name) {
    case "see": return [paragraph(say(`step.see.${story}`, { ...named(), left: soilOf(state.left), right: soilOf(state.right) })), paragraph(say("step.see.task"))];
    case "predict": return prediction();
    case "play": return [text(), ...gated(curves)];
    case "flow": return [text(), ...gated(flow)];
    case "chance": return [text(), ...gated(dots)];
    case "seed": return [text(), ...gated(() => [...curves(), ...dotsOf(kin(state.left, "seed"))])];
    case "conclude": return [text(), ...conclusion()];
    default: return homework();
  }
}

const titleOf = ({ name, minutes }) => say(`step.${name}`) + (minutes ? ` · ${say("minutes", { count: minutes })}` : "");

function drawStep() {
  chartNow = null;
  const step = stepNow(), end = DATA.steps.length - 1;
  document.body.classList.toggle("writing", ["predict", "conclude"].includes(step.name));
  const turns = element("div", { class: "turns" },
    button(say("previous"), () => goToStep(state.step - 1), { disabled: state.step === 0 }),
    state.step < end ? button(`${say("next")}: ${say(`step.${DATA.steps[state.step + 1].name}`)}`, () => goToStep(state.step + 1)) : null);
  $("step").replaceChildren(element("h2", {}, titleOf(step)), ...body(step).filter((part) => part !== null), turns);
  $("step").setAttribute("aria-label", titleOf(step));
}
