"use strict";
// The stage: two tissues that play in step, and the controls. It stays at hour 0 until the state is open.

async function filmOf(name) {
  if (!films.has(name)) films.set(name, framesOf(byName.get(name).film, SIZE));
  return films.get(name);
}

const loaded = {};

/** Show an arm on a side, as soon as its film is unpacked. */
async function pick(side, name) {
  state[side] = name;
  $(`pick-${side}`).value = name;
  $(`count-${side}`).dataset.arm = label(name);
  try {
    const film = await filmOf(name);
    if (state[side] === name) loaded[side] = film;
  } catch {
    $("waiting").textContent = say("failed");
    return;
  }
  show();
}

/** Both tissues at the frame of the state. */
function show() {
  const day = dayText(state.frame);
  for (const side of SIDES) {
    const film = loaded[side];
    if (film) screens[side].show(film.subarray(state.frame * SIZE, (state.frame + 1) * SIZE));
    const count = cells(byName.get(state[side]).cells[state.frame]);
    if ($(`count-${side}`).textContent !== count) $(`count-${side}`).textContent = count;
    if (!state.playing) {
      $(`canvas-${side}`).setAttribute("aria-label", say("picture", { arm: label(state[side]), day, cells: count }));
    }
  }
  $("time").value = state.frame;
  if (!state.playing) $("time").setAttribute("aria-valuetext", say("day", { day }));
  $("clock").textContent = say("day", { day });
  if (chartNow) chartNow(dayOf(state.frame));
}

function goTo(frame) {
  if (!state.open) return;
  state.frame = Math.max(0, Math.min(DATA.hours.length - 1, frame));
  show();
}

function play(on) {
  if (on && !state.open) return;
  if (on && state.frame === DATA.hours.length - 1) state.frame = 0;
  state.playing = on;
  $("play").textContent = on ? "❚❚" : "▶";
  $("play").setAttribute("aria-label", say(on ? "pause" : "play"));
  if (!on) return show();
  let from = null, begun = state.frame, speed = state.speed;
  const tick = (now) => {
    if (!state.playing) return;
    if (from === null || speed !== state.speed) [from, begun, speed] = [now, state.frame, state.speed];
    const frame = begun + Math.floor(((now - from) / 1000) * FRAMES_A_SECOND[speed]);
    if (frame >= DATA.hours.length - 1) {
      state.frame = DATA.hours.length - 1;
      play(false);
      return;
    }
    if (frame !== state.frame) {
      state.frame = frame;
      show();
    }
    requestAnimationFrame(tick);
  };
  requestAnimationFrame(tick);
}

function setUpStage() {
  const colors = { empty: DATA.empty, ...DATA.colors };
  for (const side of SIDES) {
    screens[side] = new Screen($(`canvas-${side}`), DATA.shape, colors);
    $(`pick-${side}`).addEventListener("change", (event) => {
      pick(side, event.target.value);
      drawStep();
    });
  }
  $("time").max = DATA.hours.length - 1;
  $("time").addEventListener("input", (event) => { play(false); goTo(+event.target.value); });
  $("play").addEventListener("click", () => play(!state.playing));
  $("speed").addEventListener("change", (event) => { state.speed = event.target.value; });
  $("print").addEventListener("click", () => window.print());
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || !state.open) return;
    if (event.target.closest("button, select, textarea, input, summary, a")) return;
    const move = { ArrowLeft: state.frame - 1, ArrowRight: state.frame + 1, Home: 0, End: DATA.hours.length - 1 };
    if (event.key === " ") play(!state.playing);
    else if (event.key in move) { play(false); goTo(move[event.key]); }
    else return;
    event.preventDefault();
  });
}

/** Let the film run and show the numbers: a prediction was written, or the teacher said so. */
function open() {
  state.open = true;
  draw();
}
