/* Read back what what_if/pack.py packed: a world of typed arrays that nobody changes.

   Pieces of road are numbered along their chains (runs of road between junctions) and drawn in the
   direction of their chain; closed pieces stand at the end and belong to no chain. */
(function () {
  "use strict";
  const whatIf = (globalThis.whatIf = globalThis.whatIf || {});

  const WITH = 1, AGAINST = 2, LINK = 4, STRUCTURE = 8, MAJOR = 16, TURNED = 32;
  const REASONS = ["", "not_linked", "blocked", "no_position"];

  function bytes(text) {
    const raw = atob(text);
    const out = new Uint8Array(raw.length);
    for (let i = 0; i < raw.length; i++) out[i] = raw.charCodeAt(i);
    return out;
  }

  const floats = (text) => new Float64Array(bytes(text).buffer);

  function counts(text) {
    const raw = bytes(text);
    let n = 0;
    for (let i = 0; i < raw.length; i++) n += raw[i] < 128;
    const out = new Float64Array(n);
    for (let i = 0, k = 0, value = 0, factor = 1; i < raw.length; i++) {
      value += (raw[i] & 127) * factor;
      factor *= 128;
      if (raw[i] < 128) {
        out[k++] = value % 2 ? -(value + 1) / 2 : value / 2;
        value = 0;
        factor = 1;
      }
    }
    return out;
  }

  function summed(steps) {
    const out = new Int32Array(steps.length);
    for (let i = 0, value = 0; i < steps.length; i++) out[i] = value += steps[i];
    return out;
  }

  function starts(sizes) {
    const out = new Int32Array(sizes.length + 1);
    for (let i = 0; i < sizes.length; i++) out[i + 1] = out[i] + sizes[i];
    return out;
  }

  function places(text, step) {
    const steps = counts(text);
    const n = steps.length / 2;
    const x = new Float64Array(n), y = new Float64Array(n);
    for (let i = 0, east = 0, north = 0; i < n; i++) {
      x[i] = (east += steps[2 * i]) * step;
      y[i] = (north += steps[2 * i + 1]) * step;
    }
    return { x, y };
  }

  function numbers(packed) {
    if (packed.exact) return floats(packed.exact);
    return counts(packed.whole).map((value) => value / packed.scale);
  }

  function spread({ rows, codes }, n) {
    const out = new Uint8Array(n), values = bytes(codes);
    summed(counts(rows)).forEach((row, k) => (out[row] = values[k]));
    return out;
  }

  /* Texts, each given by how many characters it shares with the one before, and the rest. */
  function texts(packed) {
    if (Array.isArray(packed)) return packed;
    let before = "";
    return packed ? packed.split("\n").map((line) => (before = before.slice(0, parseInt(line[0], 36)) + line.slice(1))) : [];
  }

  function pieces(packed, step) {
    const first = starts(counts(packed.chains));
    const length = floats(packed.length);
    const n = length.length, nOpen = first[first.length - 1];
    const chain = new Int32Array(n).fill(-1);
    for (let c = 0; c + 1 < first.length; c++) chain.fill(c, first[c], first[c + 1]);
    return {
      n, nOpen, chain, first, length,
      nChains: first.length - 1,
      ends: summed(counts(packed.ends)),
      closedEnds: Int32Array.from(counts(packed.closed_ends)),
      points: starts(counts(packed.points)),
      ...places(packed.xy, step),
      flags: bytes(packed.flags),
      row: summed(counts(packed.row)),
      speed: packed.speed && floats(packed.speed),
      slope: packed.slope && floats(packed.slope),
      wait: packed.wait && floats(packed.wait),
      crossing: packed.crossing && bytes(packed.crossing),
      factor: packed.factor && floats(packed.factor),
    };
  }

  function register(packed) {
    if (!packed.id.length) return { n: 0, id: [], number: new Map() };
    const xy = floats(packed.xy), n = packed.id.length;
    return {
      n, id: packed.id,
      number: new Map(packed.id.map((id, i) => [id, i])),
      x: Float64Array.from({ length: n }, (_, i) => xy[2 * i]),
      y: Float64Array.from({ length: n }, (_, i) => xy[2 * i + 1]),
      piece: Int32Array.from(counts(packed.piece)),
      share: floats(packed.share),
      access: floats(packed.access),
      extra: floats(packed.extra),
      area: Int32Array.from(counts(packed.area)),
      counts: bytes(packed.counts),
      operates: packed.operates && bytes(packed.operates),
      coming: packed.coming && bytes(packed.coming),
      named: bytes(packed.named),
      owners: starts(counts(packed.owners)),
      owned: Int32Array.from(counts(packed.owned)),
    };
  }

  function homes(packed, step) {
    const weights = { homes: new Float64Array(packed.n).fill(1) };
    for (const [name, values] of Object.entries(packed.weights)) weights[name] = numbers(values);
    return {
      n: packed.n, ...places(packed.xy, step), weights,
      piece: summed(counts(packed.piece)),
      share: floats(packed.share),
      access: floats(packed.access),
      passed: spread(packed.passed, packed.n),
      reason: spread(packed.reason, packed.n),
      area: summed(counts(packed.area)),
      order: packed.order && summed(counts(packed.order)),
      residential: packed.residential && numbers(packed.residential),
    };
  }

  function roads(packed) {
    const byName = new Map(), ids = texts(packed.id);
    ids.forEach((id, row) => {
      for (const name of new Set([id, id.replace(/\/[^/]*$/, "")])) {
        if (!byName.has(name)) byName.set(name, []);
        byName.get(name).push(row);
      }
    });
    const name = counts(packed.name);
    return {
      id: ids, of: summed(counts(packed.of)), byName,
      name: (row) => packed.names[name[row]],
    };
  }

  /* What the floor-area check needs; null where there is none. */
  function floor(packed) {
    const supply = (one) => one && { counts: bytes(one.counts), m2: numbers(one.m2) };
    return packed && {
      required: numbers(packed.required), households: numbers(packed.households), usual: packed.usual,
      facilities: supply(packed.facilities), sites: supply(packed.sites),
    };
  }

  /* The text of the page, or its parsed JSON, as a world. */
  function unpack(pack) {
    const p = typeof pack === "string" ? JSON.parse(pack) : pack;
    const kind = Int32Array.from(counts(p.areas.kind)), units = {};
    for (const [level, unit] of Object.entries(p.units)) {
      units[level] = { ...unit, of: Int32Array.from(counts(unit.of)) };
    }
    return {
      ...p, units,
      pieces: pieces(p.pieces, p.step),
      floor: floor(p.floor),
      roads: roads(p.roads),
      homes: homes(p.homes, p.step),
      facilities: register(p.facilities),
      sites: register(p.sites),
      areas: {
        kinds: p.areas.kinds, kind,
        ground: p.areas.ground.map(({ area, points, xy }) => ({
          area, kind: p.areas.kinds[kind[area]], start: starts(counts(points)), ...places(xy, p.step),
        })),
      },
    };
  }

  Object.assign(whatIf, { unpack, WITH, AGAINST, LINK, STRUCTURE, MAJOR, TURNED, REASONS });
})();
