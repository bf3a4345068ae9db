"use strict";
// What the page knows, its state (which ends with the page), and how words, numbers and elements are made.

const WORDS = JSON.parse(document.getElementById("words").textContent);
const DATA = JSON.parse(document.getElementById("data").textContent);
const SIDES = ["left", "right"], FILM = 0, FEW = 8;
const SIZE = DATA.shape[0] * DATA.shape[1];
const FRAMES_A_SECOND = { slow: 6, normal: 12, fast: 25 };

const $ = (id) => document.getElementById(id);
const byName = new Map(DATA.arms.map((arm) => [arm.name, arm]));
const first = DATA.steps[0];
const state = {
  language: (navigator.language || "en").startsWith("de") ? "de" : "en",
  step: 0, frame: 0, playing: false, speed: "normal", open: false, log: false, all: false, measure: DATA.measures[0].name,
  left: first.left, right: first.right, choice: "", reason: "", sentence: "", written: false,
};
const screens = {}, films = new Map();
let chartNow = null; // moves the line of the present in the curve that is shown

// Words and numbers

/** The words of a key in the language of the page, with values in their places. */
function say(key, values = {}) {
  const entry = WORDS[key];
  const text = entry ? entry[state.language] || entry.en || Object.values(entry)[0] : key;
  return text.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? values[name] : whole));
}

const sayOr = (key, otherwise) => (WORDS[key] ? say(key) : otherwise);

/** How numbers are written in a language; kept, since making one takes longer than painting a tissue. */
const formats = Object.fromEntries(Object.keys(DATA.languages).map((language) => [language, {
  whole: new Intl.NumberFormat(language, { maximumFractionDigits: 0 }),
  short: new Intl.NumberFormat(language, { maximumSignificantDigits: 3 }),
  tenth: new Intl.NumberFormat(language, { minimumFractionDigits: 1, maximumFractionDigits: 1 }),
}]));

/** A number with three digits. */
function number(value) {
  if (!isNumber(value)) return "–";
  return formats[state.language][Math.abs(value) >= 1000 ? "whole" : "short"].format(value).replace("-", "−");
}

/** What an arm is called: by the choices that it is made of, an organ among them. */
const label = (name) => byName.get(name).choices.map(choiceName).join(" · ");
const choiceName = (choice) => sayOr(`arm.${choice.name}`, sayOr(`soil.${choice.name}`, choice.label));
const cells = (count) => (count === 0 && DATA.rests && state.frame > 0 ? say("cleared") : count === 1 ? say("cells.one") : say("cells.many", { count: number(count) }));
const dayOf = (frame) => DATA.hours[frame] / 24;
const dayText = (frame) => formats[state.language].tenth.format(dayOf(frame));
const soilOf = (name) => { const { soil } = byName.get(name); return soil === null ? label(name) : soilName(soil); };
const soilName = (soil) => sayOr(`soil.${soil}`, soil.replaceAll("_", " "));
const measureName = (measure) => sayOr(`measure.${measure.name}`, measure.label);
const unitName = (unit) => sayOr(`unit.${unit}`, unit);
const species = () => sayOr(`species.${DATA.species}`, DATA.species);
const question = () => sayOr("question", DATA.question);
const crossed = DATA.arms.every((arm) => arm.choices.length > 1);

/** The arms that differ from one by a single choice, and itself: in soil, in seed or in treatment. */
function kin(name, by) {
  const own = byName.get(name), same = { soil: (arm) => arm.soil === own.soil, seed: (arm) => arm.seed === own.seed, treatment: (arm) => String(arm.treatment) === String(own.treatment) };
  return DATA.arms.filter((arm) => Object.keys(same).every((key) => key === by || same[key](arm)));
}
const withSoils = DATA.arms.filter((arm) => arm.soil !== null).length > 1;
const kind = withSoils ? "soil" : "plain", single = DATA.arms.length === 1, story = single ? "single" : kind;

/** The first of some counts; where it is 0, the most of the first day. `days`: when they were taken. */
const begun = (counts, days) => counts[0] || Math.max(...counts.filter((_, i) => days[i] <= 1));

/** Tumor cells that an arm begins with: in the mean of its replicates, and in the film. */
const arrived = (name) => begun(DATA.days.map((_, i) => mean(byName.get(name).curve.map((one) => one[i]))), DATA.days);
const startOf = (name) => number(begun(byName.get(name).cells, DATA.hours.map((hour) => hour / 24)));
const armsText = () => (DATA.arms.length === 1 ? say("arms.one") : say("arms.many", { count: DATA.arms.length }));
const spoken = (text) => { $("spoken").textContent = text; };

// Elements

/** An HTML element: attributes (functions are listeners), then children. */
function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (typeof value === "function") made.addEventListener(key, value);
    else if (value === true) made.setAttribute(key, "");
    else if (value !== false && value !== null) made.setAttribute(key, value);
  }
  made.append(...children.filter((child) => child !== null));
  return made;
}

const button = (text, click, attributes = {}) => element("button", { type: "button", click, ...attributes }, text);
const paragraph = (text, attributes = {}) => element("p", attributes, text);

const option = ([value, text], chosen) => element("option", { value, selected: value === chosen }, text);
const options = (select, entries, chosen) => select.replaceChildren(...entries.map((entry) => option(entry, chosen)));

/** All arms to choose from; crossed ones stand in groups of their first choice. */
function armOptions(select, chosen) {
  const entries = DATA.arms.map((arm) => [arm.name, label(arm.name)]);
  if (!crossed) return options(select, entries, chosen);
  const firsts = [...new Map(DATA.arms.map((arm) => [arm.choices[0].name, arm.choices[0]])).values()];
  const group = (choice) => element("optgroup", { label: choiceName(choice) }, ...entries.filter((_, i) => DATA.arms[i].choices[0].name === choice.name).map((entry) => option(entry, chosen)));
  return select.replaceChildren(...firsts.map(group));
}

function table(head, rows) {
  const cellsOf = (row) => row.map((text, i) => element(i ? "td" : "th", i ? {} : { scope: "row" }, text));
  return element("details", {}, element("summary", {}, say("table")), element("div", { class: "scroll" },
    element("table", {}, element("thead", {}, element("tr", {}, ...head.map((text) => element("th", { scope: "col" }, text)))),
      element("tbody", {}, ...rows.map((row) => element("tr", {}, ...cellsOf(row)))))));
}
