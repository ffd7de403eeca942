/* A tried plan as the JSON that `carecircle compare` reads, and as the end of a link; and read back, whatever
   is not taken over told by name. */
(function () {
  "use strict";
  const carecircle = window.carecircle;
  const HASH = "try=";
  const KEYS = ["build", "close", "enlarge", "move", "sites", "limits", "walking_speed", "roads"], ROADS = ["add", "close", "speed"];
  const SLOWEST = 0.05, SLOWEST_ROAD = 1e-3; // as in planning/scenario.py

  const empty = () => ({ build: [], close: [], enlarge: {}, move: {}, sites: {}, limits: {}, walking_speed: null, roads: { add: [], close: [], speed: {} } });

  const some = (value) => value !== null && (typeof value !== "object" || Object.keys(value).length > 0);

  /* Only what differs from today, keys in one order. */
  function compact(scenario) {
    const kept = Object.fromEntries(KEYS.map((key) => [key, scenario[key]]));
    kept.roads = Object.fromEntries(ROADS.map((key) => [key, scenario.roads[key]]).filter(([, value]) => some(value)));
    return Object.fromEntries(Object.entries(kept).filter(([, value]) => some(value)));
  }

  /* The line of a new road, which is a line or { line, bridge, tunnel }, and whether it passes barriers. */
  const lineOf = (road) => (Array.isArray(road) ? road : (road && road.line) || []);
  const passes = (road) => !Array.isArray(road);

  const isNumber = (value) => typeof value === "number" && isFinite(value);
  const isSpot = (value) => Array.isArray(value) && value.length === 2 && value.every(isNumber);

  /* A new road as the page keeps it: a line where nothing says that it is a bridge or tunnel. */
  function newRoad(road) {
    const line = lineOf(road), { bridge, tunnel } = road || {};
    if (!Array.isArray(line) || line.length < 2 || !line.every(isSpot)) return null;
    const says = (told) => typeof told === "string" && !["", "no", "0", "false", "False"].includes(told);
    const told = Object.fromEntries(Object.entries({ bridge, tunnel }).filter(([, one]) => says(one)));
    return Object.keys(told).length ? { line, ...told } : line;
  }

  /* What the ids of a scenario may be. */
  function known({ facilities, sites, roads, limits, profile }) {
    const row = new Map(facilities.id.map((id, i) => [id, i])), streets = new Set(roads.id);
    for (const id of roads.id) if (id.includes("/")) streets.add(id.replace(/\/[^/]*$/, ""));
    return {
      facility: (id) => row.has(id),
      site: (id) => sites.some((site) => site.id === id),
      opens: (id) => row.has(id) && !facilities.open[row.get(id)],
      closes: (id) => row.has(id) && (facilities.open[row.get(id)] || !facilities.counts[row.get(id)]),
      road: (id) => streets.has(id),
      kind: (kind) => kind in limits,
      walks: profile.one_speed,
    };
  }

  /* Collects what is good of a scenario and names the rest. */
  class Reader {
    constructor(raw, world) {
      Object.assign(this, { raw, found: empty(), left: [], known: known(world) });
    }

    list(key, value, good) {
      const given = Array.isArray(value) ? value : value === undefined ? [] : [value];
      return given.filter((one) => good(one) || void this.left.push(`${key} ${typeof one === "string" ? one : JSON.stringify(one)}`));
    }

    table(key, value, good) {
      const given = value && typeof value === "object" ? Object.entries(value) : value === undefined ? [] : [["", value]];
      return Object.fromEntries(given.filter(([id, one]) => good(id, one) || void this.left.push(`${key} ${id} = ${JSON.stringify(one)}`)));
    }

    read() {
      const raw = this.raw && typeof this.raw === "object" ? this.raw : {}, { found, known: may } = this;
      for (const key of Object.keys(raw)) if (!KEYS.includes(key) && key !== "name") this.left.push(key);
      found.sites = this.table("sites", raw.sites, (_, to) => isSpot(to));
      const site = (id) => id in found.sites || may.site(id);
      found.build = this.list("build", raw.build, (id) => site(id) || may.opens(id));
      found.close = this.list("close", raw.close, may.closes);
      const stands = (id) => may.facility(id) && !found.close.includes(id);
      found.enlarge = this.table("enlarge", raw.enlarge, (id, m2) => stands(id) && isNumber(m2) && m2 >= 0);
      found.move = this.table("move", raw.move, (id, to) => stands(id) && (isSpot(to) || (typeof to === "string" && site(to))));
      found.limits = this.table("limits", raw.limits, (kind, minutes) => may.kind(kind) && isNumber(minutes) && minutes >= 0);
      const [speed = null] = this.list("walking_speed", raw.walking_speed ?? undefined, (one) => may.walks && isNumber(one) && one >= SLOWEST);
      found.walking_speed = speed;
      this.roads(raw.roads && typeof raw.roads === "object" ? raw.roads : {});
      return { scenario: found, left: this.left };
    }

    roads(raw) {
      const { found, known: may } = this;
      for (const key of Object.keys(raw)) if (!ROADS.includes(key)) this.left.push(`roads.${key}`);
      found.roads = {
        add: this.list("roads.add", raw.add, newRoad).map(newRoad),
        close: this.list("roads.close", raw.close, may.road),
        speed: this.table("roads.speed", raw.speed, (id, one) => may.road(id) && isNumber(one) && one >= SLOWEST_ROAD),
      };
    }
  }

  function toHash(scenario) {
    const bytes = new TextEncoder().encode(JSON.stringify(compact(scenario)));
    const text = btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
    return "#" + HASH + text.replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  }

  /* What a link holds; null where there is no scenario, an error where it cannot be read. */
  function fromHash(hash) {
    const text = hash.replace(/^#/, "");
    if (!text.startsWith(HASH)) return null;
    const raw = atob(text.slice(HASH.length).replace(/-/g, "+").replace(/_/g, "/"));
    const plan = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(Uint8Array.from(raw, (c) => c.charCodeAt(0))));
    if (plan === null || typeof plan !== "object") throw new TypeError("no plan");
    return plan;
  }

  /* A scenario with every key, and the names of what of it the page does not take over. */
  const read = (raw, world) => new Reader(raw, world).read();

  carecircle.trialLink = { compact, empty, fromHash, lineOf, passes, read, toHash };
})();
