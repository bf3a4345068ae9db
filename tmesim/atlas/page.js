"use strict";
// All that stands around stage and steps, in the language of the state; and the beginning.

function drawAround() {
  document.documentElement.lang = state.language;
  $("question").textContent = document.title = question();
  $("subtitle").textContent = say("subtitle", { arms: armsText(), n: DATA.replicates, days: number(DATA.length) });
  $("languages").setAttribute("aria-label", say("language"));
  $("languages").replaceChildren(...Object.entries(DATA.languages).map(([code, name]) => button(name, () => {
    state.language = code;
    draw();
    $("languages").querySelector(`[lang=${code}]`).focus();
  }, { lang: code, "aria-pressed": String(code === state.language) })));
  $("stage").setAttribute("aria-label", say("stage"));
  for (const side of SIDES) {
    armOptions($(`pick-${side}`), state[side]);
    $(`count-${side}`).dataset.arm = label(state[side]); // shown on a phone, where a list cuts long names
    $(`pick-${side}`).setAttribute("aria-label", say(`pick.${side}`));
  }
  $("play").textContent = state.playing ? "❚❚" : "▶";
  $("play").setAttribute("aria-label", say(state.playing ? "pause" : "play"));
  $("time").setAttribute("aria-label", say("time"));
  $("speed").setAttribute("aria-label", say("speed"));
  options($("speed"), Object.keys(FRAMES_A_SECOND).map((speed) => [speed, say(`speed.${speed}`)]), state.speed);
  for (const id of ["play", "time", "speed"]) $(id).disabled = !state.open;
  $("waiting").textContent = state.open ? "" : say("waiting", { step: say("step.predict") });
  $("steps").setAttribute("aria-label", say("steps"));
  $("step-list").replaceChildren(...DATA.steps.map((step, i) => element("li", {}, button(say(`step.${step.name}`), () => goToStep(i), i === state.step ? { "aria-current": "step" } : {}))));
  $("legend").setAttribute("aria-label", say("legend"));
  $("legend").replaceChildren(...DATA.groups.map((group) => element("li", {}, mark(group), say(groupName(group.name)))));
  const [ny, nx] = DATA.shape, mm = (sites) => number((sites * DATA.spacing) / 1000);
  const part = DATA.stride > 1 || ny < DATA.patch[0] || nx < DATA.patch[1];
  const sizes = { width: mm(nx * DATA.stride), height: mm(ny * DATA.stride), site: number(DATA.spacing), stride: DATA.stride };
  $("scale").textContent = [say("scale", sizes), part ? say("scale.part", { width: mm(DATA.patch[1]), height: mm(DATA.patch[0]) }) : "",
    DATA.stride > 1 ? say("scale.stride", sizes) : ""].join(" ").trim();
  $("keys").textContent = say("keys");
  const per = byName.get(first.left).standsFor;
  const senses = [per ? "sense.dot.organ" : `sense.dot.${kind}`, `sense.choose.${kind}`, "sense.host", "sense.dormant", "sense.given"];
  const values = { soil: soilOf(first.left), start: startOf(first.left), per: isNumber(per) ? number(+per.toPrecision(1)) : "", species: species(), days: number(DATA.length) };
  $("senses").replaceChildren(element("h3", {}, say("senses")), element("ul", { class: "senses" }, ...senses.map((each) => element("li", {}, say(each, values)))));
  drawGiven();
  $("print").textContent = say("worksheet.print");
  drawNotes();
  $("made").textContent = say("made", { version: $("made").dataset.version });
  drawWorksheet();
}

/** The key of a group's words: of tumor cells where some are held, and of what an organ is made of. */
function groupName(name) {
  if (name === "tumor" && DATA.held) return "group.tumor.held";
  return name === "host" && withSoils ? "group.host.organ" : `group.${name}`;
}

/** The sign of a group in the legend. */
function mark({ name, color, shape }) {
  const shapes = {
    square: () => name === "tumor" && DATA.held ? [svg("rect", { x: 0, y: 3, width: 9, height: 9, fill: color, stroke: "#777777" }),
      svg("circle", { cx: 12, cy: 8, r: 3.4, fill: color, stroke: DATA.colors.dead })] : [svg("rect", { x: 2, y: 2, width: 12, height: 12, fill: color, stroke: "#777777" })],
    disc: () => [svg("circle", { cx: 8, cy: 8, r: 6, fill: color })],
    tube: () => [svg("rect", { x: 3, y: 3, width: 10, height: 10, fill: color })],
  };
  return svg("svg", { viewBox: "0 0 16 16", "aria-hidden": "true" }, ...shapes[shape]());
}

/** What was put into an arm, or into each of the choices that arms are crossed of: what all arms with it have. */
function drawGiven() {
  const putInto = (arm) => {
    const [count, assumed] = DATA.organs[arm.soil] || [];
    return [...(arm.soil === null ? [] : [say("given.soil", { soil: soilName(arm.soil), count, assumed })]), ...arm.putIn];
  };
  const rows = new Map(); // name → texts that every arm with this choice has
  for (const arm of DATA.arms) {
    arm.choices.forEach((choice, i) => {
      const key = `${i} ${choice.name}`, put = putInto(arm), known = rows.get(key);
      rows.set(key, { choice, put: known ? known.put.filter((text) => put.includes(text)) : put });
    });
  }
  const everywhere = putInto(DATA.arms[0]).filter((text) => crossed && DATA.arms.every((arm) => putInto(arm).includes(text)));
  const items = [...rows.values()].map(({ choice, put }) => {
    const texts = put.filter((text) => !everywhere.includes(text)).map((text) => `◆ ${text}`);
    return element("li", {}, element("strong", {}, choiceName(choice)), `: ${texts.join("; ") || say("given.nothing")}`);
  });
  fold("given", say("given"), [element("ul", { class: "senses" }, ...items)]);
}

/** Fill a fold and leave it open if it was. */
function fold(id, title, parts) {
  $(id).replaceChildren(element("summary", {}, title), ...parts);
}

function finding(found) {
  const measure = DATA.measures.find((each) => each.name === found.measure);
  const certain = isNumber(found.low) && isNumber(found.high);
  const verdict = !certain ? "notes.nothing" : found.low > 0 || found.high < 0 ? "notes.clear" : "notes.unclear";
  return say("notes.finding", {
    measure: measureName(measure), unit: unitName(measure.unit), arm: label(found.arm), reference: label(found.reference),
    mean: number(found.mean), referenceMean: number(found.reference_mean), difference: number(found.difference),
    low: number(found.low), high: number(found.high), n: found.n, verdict: say(verdict),
  });
}

function drawNotes() {
  const minutes = DATA.steps.reduce((sum, step) => sum + step.minutes, 0);
  const lowest = DATA.arms.map((arm) => {
    const means = DATA.days.map((_, i) => mean(arm.curve.map((one) => one[i])));
    return say("notes.lowest", { arm: label(arm.name), n: DATA.replicates, start: number(means[0]), least: number(Math.min(...means)), end: number(means[means.length - 1]) });
  });
  const list = (texts) => element("ul", { class: "senses" }, ...texts.map((text) => element("li", {}, text)));
  fold("notes", say("notes"), [
    paragraph(say("notes.aim", { minutes })),
    state.open ? null : element("p", {}, button(say("notes.unlock"), open)),
    DATA.story ? paragraph(sayOr("story", DATA.story), { class: "fine" }) : null,
    list([...DATA.steps.map((step) => [say(`notes.${step.name}`), answerOf(step)].join(" ").trim()), say("notes.traps")]),
    element("h3", {}, say("notes.numbers", { days: number(DATA.length) })),
    list(lowest),
    element("details", {}, element("summary", {}, say("notes.findings")), list(DATA.findings.map(finding))),
  ].filter((part) => part !== null));
}

/** What came out in this run at a step that asks for it; "" at others. */
function answerOf({ name, left, right }) {
  const ends = (arms) => arms.map((arm) => ({ arm: label(arm), soil: soilOf(arm), mean: mean(last(arm)) })).sort((a, b) => b.mean - a.mean);
  const listed = (arms) => ends(arms).map((each) => `${each.arm} ${number(each.mean)}`).join(", ");
  switch (name) {
    case "predict": return say("answer.predict", { listed: listed(soils.size > 1 ? [...soils.values()] : DATA.arms.map((arm) => arm.name)) });
    case "flow": return say("answer.flow", { listed: sharesOfFlow().map((row) => `${row.label} ${number(row.flow)} / ${number(row.soil)} %`).join(", ") });
    case "chance": return left === right ? "" : say("chance.wins", { left: label(left), right: label(right), n: DATA.replicates, wins: winsOf(left, right) });
    case "seed": return say("answer.seed", { listed: listed(kin(left, "seed").map((arm) => arm.name)) });
    case "homework": return byName.get(right).treatment.length ? say("answer.homework", { listed: listed([left, right]) }) : "";
    default: return "";
  }
}

function drawWorksheet() {
  const rules = (count) => Array.from({ length: count }, () => element("div", { class: "rule" }));
  const keep = [state.left, state.right];
  const parts = DATA.steps.map((step) => {
    [state.left, state.right] = [step.left, step.right];
      const texts = {
      see: [say(`step.see.${story}`, { ...named(), left: soilOf(step.left), right: soilOf(step.right) }), say("step.see.task")],
      predict: [say(`step.predict.${asked}`, named()), say("worksheet.sketch")],
      homework: [say(`step.homework.${story}`, { ...named(), left: soilOf(first.left), right: soilOf(first.right) })],
    }[step.name] || [say(`step.${step.name}.text`, named())];
    const sketch = step.name === "predict" ? [emptyChart({ label: say("worksheet.sketch"), xLabel: say("chart.days"), yLabel: say("chart.cells") })] : [];
    return element("section", {}, element("h3", {}, titleOf(step)), ...texts.map((text) => paragraph(text)), ...sketch, ...rules(step.name === "homework" ? 5 : 3));
  });
  [state.left, state.right] = keep;
  $("worksheet").replaceChildren(element("h1", {}, `${say("worksheet")}: ${question()}`),
    element("div", { class: "who" }, element("span", {}, say("worksheet.name")), element("span", {}, say("worksheet.date"))), ...parts);
}

function draw() {
  drawAround();
  drawStep();
  show();
}

setUpStage();
goToStep(0, false);
