/* Times a reader's updates of the what-if in a page: from the input to the frame that shows the figures, to
   the first one that shows the plan on the map, and to the one with its uncovered areas and circles. Evaluated
   as a function by what_if_page.py. */
async ({ kinds, turns, undone }) => {
  const { atlas, decode } = window.carecircle, panel = atlas.trial, { trial, map: onMap } = panel, { canvas } = atlas;
  const STILL_FRAMES = 6;
  let state = 20250131;
  const random = (n) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * n);
  };
  const one = (list) => list[random(list.length)];

  /* After the next frame is painted: a message sent from a frame's callback comes behind its painting. */
  const painted = () =>
    new Promise((good) => {
      requestAnimationFrame(() => {
        const { port1, port2 } = new MessageChannel();
        port1.onmessage = () => good(performance.now());
        port2.postMessage(0);
      });
    });
  const idle = () => trial.state === "ready" && !trial.running && !canvas._asked;

  /* As a reader looks at what came before: everything is drawn, and no frame is under way. */
  async function rest() {
    for (let still = 0; still < STILL_FRAMES; still++) {
      await painted();
      if (!idle() || !onMap.shapes.settled) still = 0;
    }
  }

  async function time(act) {
    const draws = canvas.draws;
    let written = false, figures = 0, drawing = 0;
    const watch = new MutationObserver(() => (written = true));
    watch.observe(document.querySelector(".cc-results"), { childList: true });
    const began = performance.now();
    act();
    for (;;) {
      const now = await painted();
      if (written && !figures) figures = now - began;
      if (!figures || !idle() || canvas.draws === draws) continue;
      drawing = drawing || now - began;
      if (!onMap.shapes.settled) continue;
      watch.disconnect();
      return { figures, drawing, shapes: now - began };
    }
  }

  const homeAt = () => {
    const { x, y } = atlas.data.homes.xy, home = random(x.length);
    return decode.latLng(x[home], y[home]);
  };
  const middle = (p) => {
    const { start, x, y } = trial.world.lines, i = Math.floor((start[p] + start[p + 1] - 1) / 2);
    return decode.latLng((x[i] + x[i + 1]) / 2, (y[i] + y[i + 1]) / 2);
  };
  const beside = ({ lat, lng }) => L.latLng(lat + (random(11) - 5) / 1000, lng + (random(11) - 5) / 1000);
  const slide = (input, [low, high]) => {
    const step = Number(input.step), value = low + step * random((high - low) / step), now = Number(input.value);
    return () => {
      input.value = Math.abs(value - now) < step / 2 ? high : value;
      input.dispatchEvent(new Event("input", { bubbles: true }));
    };
  };
  const standing = () => one(Array.from(trial.world.facilities.id.keys()).filter((row) => trial.stateOf(row).open));

  /* A bridge, or where the search finds none any road. */
  async function bridge() {
    for (let tries = 0; ; tries++) {
      const { lat, lng } = middle(random(trial.world.lines.start.length - 1));
      const found = await trial.ask({ type: "road", lon: lng, lat, within_m: 5 });
      if (found.structure || tries > 600) return L.latLng(lat, lng);
    }
  }

  /* Each kind prepares an update and returns the reader's last movement, which sets it off. */
  const updates = {
    open() {
      const at = homeAt();
      onMap.use("add");
      return () => onMap.click(at);
    },
    close() {
      const row = standing();
      return () => trial.toggle(row);
    },
    drag() {
      const row = standing(), { x, y } = atlas.data.facilities.xy;
      const to = beside(decode.latLng(x[row], y[row])), facility = trial.world.facilities.id[row];
      return () => trial.drag({ facility, row }, to);
    },
    minutes: () => slide(one(Object.keys(trial.world.limits).map((kind) => panel.inputs[kind])).input, [5, 60]),
    speed: () => slide(panel.inputs.speed.input, [0.6, 1.4]),
    async cut() {
      const at = await bridge();
      onMap.use("cut");
      return () => onMap.click(at);
    },
    async draw() {
      const from = middle(random(trial.world.lines.start.length - 1));
      onMap.use("draw");
      await onMap.vertex(from);
      await onMap.vertex(beside(from));
      return () => onMap.finish();
    },
  };

  const taken = {};
  for (let turn = 0; turn < turns; turn++) {
    for (const kind of kinds) {
      const act = await updates[kind]();
      await rest();
      (taken[kind] = taken[kind] || []).push(await time(act));
      if (!undone) continue;
      await rest();
      (taken.undo = taken.undo || []).push(await time(() => trial.undo()));
    }
  }
  return taken;
};
