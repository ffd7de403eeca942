/* What holds under a scenario: minutes of each home, figures of each unit, reached roads. */
(function () {
  "use strict";
  const whatIf = (globalThis.whatIf = globalThis.whatIf || {});
  const { REASONS, UNCOVERED, COVERED, NOT_ASSESSED } = whatIf;

  const KNOWN = ["name", "build", "close", "move", "roads", "limits", "sites", "walking_speed", "enlarge"];
  const KEPT_NETWORKS = 4;
  const UNLINKED = REASONS.map((reason) => reason === "not_linked" || reason === "no_position");

  class Engine {
    constructor(pack) {
      const world = (this.world = whatIf.unpack(pack));
      world.walls = whatIf.barriers(world.barriers);
      this.networks = new Map();
      this.kept = null; // labels of the facilities that stay, for what is added to them
      this.onNet = null; // homes on the chains of the last network
      const { facilities } = world;
      this.openToday = new Set(facilities.id.filter((_, f) => facilities.counts[f] && facilities.operates[f]));
      const sorted = [...facilities.id].sort(byText);
      this.order = sorted;
      this.rankOf = new Map(sorted.map((id, rank) => [id, rank + 1])); // from 1, so that new ones fit before
      this.today = this.run({});
    }

    index() {
      return (this.pieceIndex = this.pieceIndex || new whatIf.Index(this.world.pieces));
    }

    /* The network under a scenario. */
    network({ walking_speed: asked, roads = {} }) {
      const { world } = this, speed = asked || world.profile.speed;
      const plain = this.remembered(speed, {}, () => whatIf.plainNetwork(world, speed));
      if (!Object.keys(roads).length) return plain;
      return this.remembered(speed, roads, () => whatIf.network(world, speed, roads, () => this.index(), plain));
    }

    /* The last few networks are kept. */
    remembered(speed, roads, make) {
      const key = JSON.stringify([speed, roads]), net = this.networks.get(key) || make();
      net.key = key;
      this.networks.delete(key);
      this.networks.set(key, net);
      if (this.networks.size > KEPT_NETWORKS) this.networks.delete(this.networks.keys().next().value);
      return net;
    }

    /* Longest access leg of a place: by the kind of the area it stands in. */
    snapAt(x, y) {
      const { ground } = this.world.areas, all = this.world.snap;
      const kind = ground.length ? (ground.find((one) => whatIf.inside(one, x, y)) || {}).kind : this.world.areas.kinds[0];
      return kind in all ? all[kind] : Math.max(...Object.values(all));
    }

    snapOf(area) {
      const { areas, snap } = this.world, kind = area < 0 ? undefined : areas.kinds[areas.kind[area]];
      return kind in snap ? snap[kind] : Math.max(...Object.values(snap));
    }

    /* A place linked anew, as a facility is: to the main part of the network where it can be. */
    link(net, x, y, snap) {
      const prefers = this.world.connected ? (part) => part === net.main : null;
      return whatIf.locate(this.index(), net, this.world.walls, x, y, snap, prefers);
    }

    /* The facilities that count under a scenario, by id, each on its chain. */
    sources(net, scenario) {
      const { facilities, sites, towards } = this.world;
      const { build = [], close = [], move = {}, sites: own = {} } = scenario;
      const places = [];
      const known = (register, i) => ({
        id: register.id[i], x: register.x[i], y: register.y[i], extra: register.extra[i], snap: () => this.snapOf(register.area[i]),
        at: { piece: register.piece[i], share: register.share[i], access: register.access[i] },
      });
      const fresh = (id, [x, y], extra) => ({ id, x, y, extra, snap: () => this.snapAt(x, y), at: null });
      const spot = (to) => (Array.isArray(to) ? to : own[to] || [sites.x[sites.number.get(to)], sites.y[sites.number.get(to)]]);
      const gone = new Set([...close, ...Object.keys(move)]);
      for (const id of this.openToday) {
        if (!gone.has(id)) places.push({ ...known(facilities, facilities.number.get(id)), stays: true });
      }
      for (const [id, to] of Object.entries(move)) {
        const f = facilities.number.get(id);
        if (this.openToday.has(id)) places.push(fresh(id, spot(to), facilities.extra[f]));
      }
      for (const id of build) {
        if (facilities.number.has(id)) {
          const f = facilities.number.get(id);
          if (facilities.counts[f]) places.push(known(facilities, f));
        } else if (id in own) places.push(fresh(id, own[id], 0));
        else if (sites.counts[sites.number.get(id)]) places.push(known(sites, sites.number.get(id)));
      }
      for (const place of places) {
        if (net.changed || !place.at) place.at = this.link(net, place.x, place.y, place.snap());
      }
      this.rank(places);
      return places.filter((place) => place.at.piece >= 0).map(({ id, rank, stays, extra, at }) => ({
        id, rank, stays, piece: at.piece, share: at.share,
        at: whatIf.onChain(net, at.piece, at.share, at.access, extra, !towards),
      }));
    }

    /* Equally near facilities go by id; what is new gets a rank between its neighbours. */
    rank(places) {
      const fresh = places.filter((place) => !this.rankOf.has(place.id)).sort((a, b) => byText(a.id, b.id));
      fresh.forEach((place, k) => {
        let low = 0, high = this.order.length;
        while (low < high) {
          const middle = (low + high) >> 1;
          if (byText(this.order[middle], place.id) < 0) low = middle + 1;
          else high = middle;
        }
        place.rank = low + (k + 1) / (fresh.length + 1);
      });
      for (const place of places) if (place.rank === undefined) place.rank = this.rankOf.get(place.id);
    }

    /* Where the homes are entered from: as today, except where roads or served parts changed. */
    homes(net, sources) {
      const { homes } = this.world;
      const served = new Set(sources.map((source) => net.part[net.chain[source.piece]]));
      const parts = this.world.connected ? [...served].sort((a, b) => a - b).join() : "";
      const key = `${net.key} ${parts}`;
      if (this.onNet && this.onNet.key === key) return this.onNet;
      if (!this.partsToday) this.partsToday = parts;
      const same = !net.changed && parts === this.partsToday;
      const at = same ? homes : this.relinked(net, served);
      return (this.onNet = { key, ...this.packed(net, at) });
    }

    relinked(net, served) {
      const { homes, connected, walls } = this.world;
      const at = {
        piece: homes.piece.slice(), share: homes.share.slice(), access: homes.access.slice(), reason: homes.reason.slice(),
      };
      const prefers = connected ? (part) => served.has(part) : null;
      const near = this.nearNewRoads(net);
      for (let home = 0; home < homes.n; home++) {
        const piece = homes.piece[home];
        if (REASONS[homes.reason[home]] === "no_position") continue;
        const stays = piece >= 0 && !net.dead[piece] && !homes.passed[home] && (!prefers || prefers(net.part[net.chain[piece]]));
        if ((stays || piece < 0) && !near(homes.x[home], homes.y[home])) continue;
        const hit = whatIf.locate(this.index(), net, walls, homes.x[home], homes.y[home], this.snapOf(homes.area[home]), prefers);
        if (hit.piece === piece) continue; // the exact position of today is kept
        at.piece[home] = hit.piece;
        at.share[home] = hit.share;
        at.access[home] = hit.access;
        at.reason[home] = REASONS.indexOf(hit.reason);
      }
      return at;
    }

    /* Tells whether a place may link to a road that today's network does not have. */
    nearNewRoads(net) {
      const reach = Math.max(...Object.values(this.world.snap)), boxes = [];
      for (let p = net.base; p < net.n; p++) {
        if (net.source[p - net.base] >= 0) continue; // a part of an old road lies where that lay
        const x = net.x.subarray(net.from[p], net.to[p]), y = net.y.subarray(net.from[p], net.to[p]);
        boxes.push([Math.min(...x) - reach, Math.min(...y) - reach, Math.max(...x) + reach, Math.max(...y) + reach]);
      }
      return (x, y) => boxes.some((box) => x >= box[0] && y >= box[1] && x <= box[2] && y <= box[3]);
    }

    packed(net, at) {
      const { towards } = this.world, n = at.piece.length, { piece, share, access, reason } = at;
      const chain = new Int32Array(n).fill(-1), toStart = new Float64Array(n), toEnd = new Float64Array(n), own = new Float64Array(n);
      const here = {};
      for (let home = 0; home < n; home++) {
        if (piece[home] < 0) continue;
        whatIf.onChain(net, piece[home], share[home], access[home], 0, towards, here);
        chain[home] = here.chain;
        toStart[home] = here.toStart;
        toEnd[home] = here.toEnd;
        own[home] = here.own;
      }
      return { piece, share, access, reason, chain, toStart, toEnd, own };
    }

    /* Labels of the junctions: those of the facilities that stay are kept, what is new improves a copy. */
    labels(net, sources) {
      const staying = sources.filter((source) => source.stays);
      const key = JSON.stringify([net.key, staying.map((source) => source.id)]);
      if (!this.kept || this.kept.key !== key) {
        this.kept = { key, ...whatIf.spread(net, whatIf.freshLabels(net), staying) };
      }
      const fresh = sources.filter((source) => !source.stays);
      if (!fresh.length) return this.kept;
      return whatIf.spread(net, { cost: this.kept.cost.slice(), who: this.kept.who.slice() }, fresh);
    }

    limits(scenario) {
      const { areas, limits } = this.world, minutes = { ...limits, ...scenario.limits };
      return Float64Array.from(areas.kind, (kind) => (kind < 0 ? NaN : minutes[areas.kinds[kind]]));
    }

    /* Everything under a scenario; `rings` in minutes asks for reached roads as well. */
    run(scenario, { rings = null } = {}) {
      this.check(scenario);
      const { world } = this, net = this.network(scenario);
      const sources = this.sources(net, scenario), homes = this.homes(net, sources), labels = this.labels(net, sources);
      const { seconds, rank } = whatIf.nearestOfHomes(net, labels, homes, sources, world.towards);
      const limits = this.limits(scenario), minutes = new Float64Array(seconds.length), state = new Uint8Array(seconds.length);
      for (let home = 0; home < seconds.length; home++) {
        minutes[home] = whatIf.toMinutes(seconds[home], world.profile.minutes);
        const area = world.homes.area[home], limit = area < 0 ? NaN : limits[area];
        const assessed = !UNLINKED[homes.reason[home]] && !Number.isNaN(limit);
        state[home] = !assessed ? NOT_ASSESSED : minutes[home] <= limit ? COVERED : UNCOVERED;
      }
      const figures = whatIf.tally(world, state), names = sources.map((source) => source.id), facility = numbered(rank, sources);
      // copies, for the worker gives the others away
      this.last = { scenario, net, homes, sources, found: { minutes: minutes.slice(), state: state.slice(), facility: facility.slice(), names } };
      return {
        figures, verdicts: whatIf.verdicts(world, figures, scenario), places: whatIf.placesOf(net, sources), minutes, state, names, facility,
        uncovered: this.uncovered(figures.area),
        reached: rings && whatIf.reached(net, labels, sources, rings, world),
        network: net,
        floor: whatIf.floorAreas(world, scenario),
      };
    }

    /* Areas with somebody uncovered, most elders first (homes where elders are unknown). */
    uncovered(area) {
      const many = (area.elders || area.homes).uncovered, { homes } = area;
      const rows = Array.from(many.keys()).filter((row) => many[row] > 0 || homes.uncovered[row] > 0);
      const size = (row) => many[row] || 0;
      return Int32Array.from(rows.sort((a, b) => size(b) - size(a) || homes.uncovered[b] - homes.uncovered[a] || a - b));
    }

    /* Throws with one clear line where a scenario asks for what the page cannot do. */
    check(scenario) {
      const { facilities, sites, profile, limits, roads } = this.world, own = scenario.sites || {};
      const fault = (text) => {
        throw new Error(text);
      };
      for (const key of Object.keys(scenario)) {
        if (!KNOWN.includes(key)) fault(`${key}: not changed in the page; compare such a scenario with carecircle compare`);
      }
      const site = (id) => id in own || sites.number.has(id);
      for (const id of scenario.build || []) if (!facilities.number.has(id) && !site(id)) fault(`build: ${id} is not known`);
      for (const id of scenario.close || []) if (!facilities.number.has(id)) fault(`close: ${id} is not known`);
      for (const [id, more] of Object.entries(scenario.enlarge || {})) {
        if (!facilities.number.has(id)) fault(`enlarge: ${id} is not known`);
        if (!(more >= 0 && more < Infinity)) fault(`enlarge: ${id} by ${more}; give m2 of 0 or more`);
      }
      for (const [id, to] of Object.entries(scenario.move || {})) {
        if (!facilities.number.has(id)) fault(`move: ${id} is not known`);
        if (!Array.isArray(to) && !site(to)) fault(`move: ${to} is not known`);
      }
      for (const kind of Object.keys(scenario.limits || {})) if (!(kind in limits)) fault(`limits: ${kind} is not known`);
      const { close = [], speed = {} } = scenario.roads || {};
      for (const [key, ids] of [["close", close], ["speed", Object.keys(speed)]]) {
        for (const id of ids) if (!roads.byName.has(id)) fault(`roads.${key}: ${id} is not known`);
      }
      if (scenario.walking_speed && !profile.one_speed) fault("walking_speed: this profile has a speed for each road class");
    }
  }

  /* Ranks as numbers of the sources: whole ranks by a table, for a map is slow on so many homes. */
  function numbered(rank, sources) {
    const known = new Map(sources.map((source, k) => [source.rank, k]));
    const table = new Int32Array(Math.ceil(Math.max(0, ...known.keys())) + 1).fill(-1);
    for (const [one, k] of known) if (Number.isInteger(one)) table[one] = k;
    const found = new Int32Array(rank.length).fill(-1);
    for (let home = 0; home < rank.length; home++) {
      const one = rank[home], whole = Math.floor(one);
      if (one >= 0) found[home] = whole === one ? table[whole] : known.get(one);
    }
    return found;
  }

  const byText = (a, b) => (a < b ? -1 : a > b ? 1 : 0);

  Object.assign(whatIf, { Engine });
})();
