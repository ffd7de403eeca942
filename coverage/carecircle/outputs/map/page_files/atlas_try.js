/* The plan a reader tries: its scenario, its history, and the worker that says what holds under it. */
(function () {
  "use strict";
  const carecircle = window.carecircle;
  const MOST_STEPS = 200;
  const SHAPES = ["gaps", "circles"]; // drawn after the figures, which never wait for them
  const { compact, empty, lineOf, passes } = carecircle.trialLink;

  class Trial {
    /* told(trial) is called whenever something changed: state is "loading", "ready", "busy" or "failed";
       rehearse() runs before the first "ready". */
    constructor({ told, rings, rehearse }) {
      Object.assign(this, { told, rings, rehearse, state: "idle", world: null, result: null, fault: "" });
      this.scenario = empty();
      this.done = [];
      this.undone = [];
      this.waiting = new Map();
      this.number = 0;
      this.where = new Map(); // "x,y" in the study's plane -> [lon, lat]
    }

    static possible() {
      return Boolean(document.getElementById("what-if-pack") && document.getElementById("what-if-worker"));
    }

    get changed() {
      return Object.keys(compact(this.scenario)).length > 0;
    }

    tell(state) {
      if (state) this.state = state;
      this.told(this);
    }

    /* Start the worker from the text that travels with the page; no request is made. */
    async start() {
      if (this.state !== "idle") return this.started;
      this.tell("loading");
      this.figures = this.hire();
      this.started = this.ask({ type: "init", pack: document.getElementById("what-if-pack").textContent }).then(
        async (world) => {
          this.world = world;
          this.today = this.result = { ...world.today, scenario: {} };
          await Promise.all([this.ask({ type: "warm" }), this.rehearse()]);
          this.tell("ready");
        },
      );
      this.started = this.started.catch((fault) => this.fail(fault.message));
      return this.started;
    }

    hire() {
      const code = document.getElementById("what-if-worker").textContent;
      const address = URL.createObjectURL(new Blob([code], { type: "text/javascript" })), worker = new Worker(address);
      URL.revokeObjectURL(address);
      worker.onmessage = ({ data }) => this.hear(data);
      worker.onerror = (event) => this.fail(event.message || "worker");
      return worker;
    }

    /* A second worker for shapes, at work from their first use. */
    drawing() {
      if (!this.shapes) {
        this.shapes = this.hire();
        this.shapes.postMessage({ type: "load", pack: document.getElementById("what-if-pack").textContent });
      }
      return this.shapes;
    }

    ask(message) {
      const id = ++this.number, worker = SHAPES.includes(message.type) ? this.drawing() : this.figures;
      return new Promise((good, bad) => {
        this.waiting.set(id, { good, bad });
        worker.postMessage({ ...message, id });
      });
    }

    hear(data) {
      const waiting = this.waiting.get(data.id);
      this.waiting.delete(data.id);
      if (!waiting) return;
      if (data.type === "error") waiting.bad(new Error(data.message));
      else waiting.good(data);
    }

    fail(message) {
      this.fault = message;
      this.tell("failed");
    }

    /* Change the scenario; the step can be undone. Steps of one slider become one. */
    change(edit, slider) {
      const before = JSON.stringify(this.scenario);
      edit(this.scenario);
      if (JSON.stringify(this.scenario) === before) return null;
      if (!slider || slider !== this.slider) this.done.push(before);
      if (this.done.length > MOST_STEPS) this.done.shift();
      this.slider = slider || null;
      this.undone = [];
      return this.run();
    }

    step(from, to) {
      if (!from.length) return null;
      to.push(JSON.stringify(this.scenario));
      this.scenario = JSON.parse(from.pop());
      this.slider = null;
      return this.run();
    }

    undo() {
      return this.step(this.done, this.undone);
    }

    redo() {
      return this.step(this.undone, this.done);
    }

    load(scenario) {
      return this.change(() => (this.scenario = scenario));
    }

    /* Take over a scenario from outside; says what of it is left out. */
    async adopt(raw) {
      await this.started;
      const { scenario, left } = carecircle.trialLink.read(raw, this.world);
      await this.load(scenario);
      return left;
    }

    /* Ask for the newest scenario; while the worker is at it, only the last change waits. */
    async run() {
      if (this.running) {
        this.again = true;
        return this.running;
      }
      this.running = (async () => {
        do {
          this.again = false;
          this.tell("busy");
          try {
            await this.place();
            const scenario = compact(this.scenario);
            this.result = { ...(await this.ask({ type: "scenario", scenario, rings: this.rings() })), scenario };
            this.fault = "";
            if (!this.again) this.tell("ready");
          } catch (fault) {
            this.fail(fault.message);
          }
        } while (this.again);
        this.running = null;
      })();
      return this.running;
    }

    /* Where places of the scenario lie on the map. */
    async place() {
      const { sites, move, roads } = this.scenario;
      const all = [...Object.values(sites), ...Object.values(move).filter(Array.isArray), ...roads.add.flatMap(lineOf)];
      const points = all.filter((xy) => !this.where.has(String(xy)));
      if (!points.length) return;
      const shown = await this.ask({ type: "show", points });
      points.forEach((xy, i) => this.where.set(String(xy), shown.points[i]));
    }

    /* A click as coordinates of the study; remembered where it was. */
    async locate(latlng) {
      const place = await this.ask({ type: "place", lon: latlng.lng, lat: latlng.lat, scenario: compact(this.scenario) });
      this.where.set(String([place.x, place.y]), [latlng.lng, latlng.lat]);
      return place;
    }

    /* The road nearest to a click under the plan, and the spot on it. */
    async road(latlng, within) {
      const road = await this.ask({ type: "road", lon: latlng.lng, lat: latlng.lat, within_m: within, scenario: compact(this.scenario) });
      if (road.piece >= 0) this.where.set(String([road.x, road.y]), [road.lon, road.lat]);
      return road;
    }

    /* A new road becomes a bridge, which no barrier cuts, or a road again. */
    bridge(k) {
      return this.change(({ roads: { add } }) => (add[k] = passes(add[k]) ? lineOf(add[k]) : { line: add[k], bridge: "yes" }));
    }

    newId() {
      const { sites } = this.scenario, known = new Set([...this.world.facilities.id, ...this.world.sites.map((site) => site.id)]);
      let number = 1;
      while (`N${number}` in sites || known.has(`N${number}`)) number++;
      return `N${number}`;
    }

    async add(latlng) {
      const { x, y } = await this.locate(latlng), id = this.newId();
      return this.change((scenario) => {
        scenario.sites[id] = [x, y];
        scenario.build.push(id);
      });
    }

    /* What a facility of the study can do now: it stands open, or not, and may be brought back. */
    stateOf(row) {
      const { id, counts, open } = this.world.facilities, { build, close, move } = this.scenario;
      const one = id[row];
      return { id: one, counts: counts[row], open: (open[row] && !close.includes(one)) || build.includes(one), today: open[row], moved: one in move };
    }

    toggle(row) {
      const { id, today, open } = this.stateOf(row);
      return this.change((scenario) => {
        const list = today ? "close" : "build";
        const listed = today ? open : !open;
        scenario[list] = scenario[list].filter((other) => other !== id);
        if (listed) scenario[list].push(id);
        delete scenario.move[id];
        delete scenario.enlarge[id];
      });
    }

    /* More floor area for a facility, in m2. */
    enlarge(id, m2) {
      return this.change(({ enlarge }) => (enlarge[id] = (enlarge[id] || 0) + m2));
    }

    remove(kind, key) {
      return this.change((scenario) => {
        if (kind === "site") {
          delete scenario.sites[key];
          scenario.build = scenario.build.filter((id) => id !== key);
        } else if (kind === "move" || kind === "enlarge") delete scenario[kind][key];
        else if (kind === "add") scenario.roads.add.splice(key, 1);
        else if (kind === "cut") scenario.roads.close = scenario.roads.close.filter((id) => id !== key);
        else scenario[kind] = scenario[kind].filter((id) => id !== key);
      });
    }

    async drag(item, latlng) {
      const { x, y } = await this.locate(latlng);
      return this.change((scenario) => {
        if (item.site) scenario.sites[item.site] = [x, y];
        else scenario.move[item.facility] = [x, y];
      });
    }

    /* The file that `carecircle compare` reads. */
    text(name) {
      return JSON.stringify({ scenario: [{ name, ...compact(this.scenario) }] }, null, 1) + "\n";
    }
  }

  carecircle.Trial = Trial;
})();
