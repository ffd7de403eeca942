/* How each type of layer is drawn and hit. Later in ORDER is drawn above. */
(function () {
  "use strict";
  const carecircle = window.carecircle;
  const decode = carecircle.decode;
  const ORDER = ["fill", "lines", "outline", "disc", "parted", "homes", "gaps", "bubbles", "symbols", "chosen", "names"];
  const ASKED = ["symbols", "homes", "bubbles", "gaps", "ground"];
  const THIN_PX = 0.7;

  function outside(view, box, s) {
    const b = 4 * s;
    return !(box[b] < view.east && box[b + 2] > view.west && box[b + 1] < view.south && box[b + 3] > view.north);
  }

  /* Add one shape to the current path, leaving out points nobody could tell apart. */
  function trace(view, shape, s, closed) {
    const ctx = view.ctx;
    for (let r = shape.first[s]; r < shape.first[s + 1]; r++) {
      const last = shape.start[r + 1] - 1;
      let px = 0, py = 0;
      for (let i = shape.start[r]; i <= last; i++) {
        const x = shape.x[i] * view.scale + view.dx, y = shape.y[i] * view.scale + view.dy;
        if (i === shape.start[r]) ctx.moveTo(x, y);
        else if (i === last || Math.abs(x - px) + Math.abs(y - py) > THIN_PX) ctx.lineTo(x, y);
        else continue;
        px = x;
        py = y;
      }
      if (closed) ctx.closePath();
    }
  }

  function traceAll(view, shape, closed, wanted) {
    view.ctx.beginPath();
    for (let s = 0; s < shape.n; s++) {
      if ((!wanted || wanted(s)) && !outside(view, shape.box, s)) trace(view, shape, s, closed);
    }
  }

  /* Stroke many lines a few at a time: one path of a whole city is slow everywhere. */
  function strokeAll(view, shape, closed, wanted) {
    let waiting = 0;
    view.ctx.beginPath();
    for (let s = 0; s < shape.n; s++) {
      if ((wanted && !wanted(s)) || outside(view, shape.box, s)) continue;
      trace(view, shape, s, closed);
      waiting += shape.first[s + 1] - shape.first[s];
      if (waiting < 200) continue;
      waiting = 0;
      view.ctx.stroke();
      view.ctx.beginPath();
    }
    view.ctx.stroke();
  }

  function hitShape(view, shape, x, y) {
    const mx = (x - view.dx) / view.scale, my = (y - view.dy) / view.scale;
    for (let s = shape.n - 1; s >= 0; s--) if (decode.inside(shape, s, mx, my)) return s;
    return -1;
  }

  function nearest(view, xy, x, y, reach, wanted) {
    const mx = (x - view.dx) / view.scale, my = (y - view.dy) / view.scale, far = reach / view.scale;
    let best = far * far, found = -1;
    for (let i = 0; i < xy.x.length; i++) {
      const ex = xy.x[i] - mx, ey = xy.y[i] - my;
      const square = ex * ex + ey * ey;
      if (square <= best && (!wanted || wanted(i))) {
        best = square;
        found = i;
      }
    }
    return found;
  }

  function grow(zoom, small, large) {
    return small + (large - small) * Math.min(1, Math.max(0, (zoom - 10) / 7));
  }

  const make = {};

  make.fill = (layer, data) => {
    const codes = decode.codes(layer.codes);
    return {
      codes,
      draw(view) {
        layer.colours.forEach((colour, code) => {
          traceAll(view, data.areas.shapes, true, (s) => codes[s] === code);
          view.ctx.globalAlpha = carecircle.tint;
          view.ctx.fillStyle = colour;
          view.ctx.fill();
        });
      },
    };
  };

  make.none = () => ({ draw() {} });

  make.outline = (layer, data) => ({
    draw(view) {
      traceAll(view, data.areas.shapes, true);
      view.ctx.lineJoin = "bevel";
      view.ctx.strokeStyle = "rgba(255,255,255,.75)";
      view.ctx.lineWidth = grow(view.zoom, 1.6, 3.6);
      view.ctx.stroke();
      view.ctx.strokeStyle = "#868d91";
      view.ctx.lineWidth = grow(view.zoom, 0.6, 1.2);
      view.ctx.stroke();
    },
  });

  make.lines = (layer, data) => {
    const classes = layer.classes.map((item) => ({ ...item, shape: decode.shapes(item.shapes, data.step) }));
    return {
      draw(view) {
        const ctx = view.ctx;
        ctx.lineJoin = view.zoom > 14 ? "round" : "bevel";
        ctx.lineCap = view.zoom > 14 && !layer.dashed ? "round" : "butt";
        classes.forEach((item) => {
          if (view.zoom < (item.from_zoom || 0)) return;
          ctx.lineWidth = item.width * grow(view.zoom, 0.6, 2.6);
          ctx.strokeStyle = item.colour;
          ctx.setLineDash(item.dash || []);
          if (item.fill) {
            traceAll(view, item.shape, true);
            ctx.fillStyle = item.fill;
            ctx.fill("evenodd");
          }
          strokeAll(view, item.shape);
        });
      },
    };
  };

  /* Which shape each row is: all of them, or those that a part of the layer names. */
  const membersOf = (layer, shape) => Array.from(layer.members === undefined ? { length: shape.n } : decode.counts(layer.members), (s, i) => (s === undefined ? i : s));

  /* Discs of one ring as their union: one tint and one outline, however many overlap. */
  make.disc = (layer, data) => {
    const shape = decode.shapes(layer.shapes, data.step), members = new Set(membersOf(layer, shape));
    return {
      draw(view) {
        const scratch = document.createElement("canvas");
        scratch.width = view.ctx.canvas.width;
        scratch.height = view.ctx.canvas.height;
        const ctx = scratch.getContext("2d");
        ctx.setTransform(view.ratio, 0, 0, view.ratio, 0, 0);
        traceAll({ ...view, ctx }, shape, true, (s) => members.has(s));
        ctx.strokeStyle = layer.colour;
        ctx.lineWidth = 3;
        ctx.stroke();
        ctx.globalCompositeOperation = "destination-out";
        ctx.fill("nonzero");
        ctx.globalCompositeOperation = "source-over";
        ctx.globalAlpha = 0.2;
        ctx.fillStyle = layer.colour;
        ctx.fill("nonzero");
        view.ctx.drawImage(scratch, 0, 0, view.size.x, view.size.y);
      },
    };
  };

  /* Circles parted between facilities, each as it is: neighbours in tints of their own, a line between them. */
  make.parted = (layer, data) => {
    const shape = decode.shapes(layer.shapes, data.step), tints = decode.codes(layer.tints);
    const tintOf = new Map(membersOf(layer, shape).map((s, i) => [s, tints[i]]));
    return {
      draw(view) {
        const ctx = view.ctx;
        layer.colours.forEach((colour, tint) => {
          traceAll(view, shape, true, (s) => tintOf.get(s) === tint);
          ctx.globalAlpha = 0.3;
          ctx.fillStyle = colour;
          ctx.fill("evenodd");
        });
        ctx.globalAlpha = 0.9;
        ctx.lineJoin = "bevel";
        ctx.strokeStyle = layer.colour;
        ctx.lineWidth = grow(view.zoom, 0.7, 1.8);
        strokeAll(view, shape, true, (s) => tintOf.has(s));
      },
    };
  };

  make.homes = (layer, data) => {
    const xy = data.homes.xy, codes = layer.codes ? decode.codes(layer.codes) : data.homes.codes;
    const last = layer.colours.length - 1;
    const order = [last, ...Array.from({ length: last }, (_, i) => i)];
    const pixels = new carecircle.Pixels();
    const radius = (zoom) => (zoom < 10 ? 0.7 : 0.85 + 0.045 * Math.pow(zoom - 9, 2.1));
    let dots = { r: 0 };
    const dotsOf = (r) => (dots.r === r ? dots : (dots = { r, list: layer.colours.map((colour) => new carecircle.Dot(pixels, colour, r)) }));
    return {
      draw(view) {
        const scale = view.scale * view.ratio, dx = view.dx * view.ratio, dy = view.dy * view.ratio;
        pixels.clear(view.ctx.canvas.width, view.ctx.canvas.height);
        this.drawn = 0;
        const { list } = dotsOf(radius(view.zoom) * view.ratio);
        for (const code of order) {
          const dot = list[code];
          for (let i = 0; i < xy.n; i++) {
            if (codes[i] !== code) continue;
            this.drawn += 1;
            dot.press(Math.floor(xy.x[i] * scale + dx), Math.floor(xy.y[i] * scale + dy));
          }
        }
        pixels.lay(view);
      },
      hit(view, x, y) {
        const index = view.zoom < 12 ? -1 : nearest(view, xy, x, y, radius(view.zoom) + 3);
        return index < 0 ? null : { type: "home", index, x: xy.x[index], y: xy.y[index] };
      },
    };
  };

  function hatch(colour, ratio) {
    const size = 8, tile = document.createElement("canvas");
    tile.width = tile.height = size * ratio;
    const ctx = tile.getContext("2d");
    ctx.scale(ratio, ratio);
    ctx.strokeStyle = colour;
    ctx.lineWidth = 1.1;
    for (const shift of [-size, 0, size]) {
      ctx.moveTo(shift - 1, size + 1);
      ctx.lineTo(shift + size + 1, -1);
    }
    ctx.stroke();
    const pattern = ctx.createPattern(tile, "repeat");
    pattern.setTransform(new DOMMatrix().scale(1 / ratio));
    return pattern;
  }

  make.gaps = (layer, data) => {
    const shape = decode.shapes(layer.shapes, data.step);
    const xy = decode.placed(layer, data.step);
    data.gapPlaces = xy;
    data.gapShapes = shape;
    return {
      draw(view) {
        const ctx = view.ctx;
        traceAll(view, shape, true);
        ctx.fillStyle = hatch(layer.colour, view.ratio);
        ctx.globalAlpha = 0.5;
        ctx.fill("evenodd");
        ctx.globalAlpha = 1;
        ctx.lineJoin = "bevel";
        // from afar a white edge would hide more than it sets off
        if (view.zoom > 12) {
          ctx.strokeStyle = "rgba(255,255,255,.8)";
          ctx.lineWidth = grow(view.zoom, 1.2, 4.5);
          strokeAll(view, shape, true);
        }
        ctx.strokeStyle = layer.colour;
        ctx.lineWidth = grow(view.zoom, 0.6, 2.1);
        strokeAll(view, shape, true);
        // ranked by the analysis: from afar only the first ones speak
        const most = Math.round(4 * Math.pow(2, Math.max(0, view.zoom - 9.5)));
        layer.labels.slice(0, most).forEach((text, i) => {
          if (!text || !(xy.x[i] > view.west && xy.x[i] < view.east)) return;
          const x = xy.x[i] * view.scale + view.dx, y = xy.y[i] * view.scale + view.dy;
          view.labels.push({ text, x, y, rank: 0, order: i, size: 11.5, weight: 600, colour: layer.colour, chip: true });
        });
      },
      hit(view, x, y) {
        const index = hitShape(view, shape, x, y);
        return index < 0 ? null : { type: "gap", index };
      },
    };
  };

  make.bubbles = (layer, data) => {
    const m2 = decode.counts(layer.m2), xy = data.areas.xy;
    const radius = (i, zoom) => Math.sqrt(m2[i] / layer.largest) * grow(zoom, 18, 44);
    return {
      draw(view) {
        for (let i = 0; i < m2.length; i++) {
          if (!(m2[i] > 0) || isNaN(xy.x[i])) continue;
          const ctx = view.ctx;
          ctx.beginPath();
          ctx.arc(xy.x[i] * view.scale + view.dx, xy.y[i] * view.scale + view.dy, radius(i, view.zoom), 0, 7);
          ctx.fillStyle = layer.colour;
          ctx.globalAlpha = 0.34;
          ctx.fill();
          ctx.globalAlpha = 0.95;
          ctx.strokeStyle = layer.colour;
          ctx.lineWidth = 1.3;
          ctx.stroke();
        }
      },
      hit(view, x, y) {
        const index = nearest(view, xy, x, y, 60, (i) => {
          const ex = xy.x[i] * view.scale + view.dx - x, ey = xy.y[i] * view.scale + view.dy - y;
          return m2[i] > 0 && Math.hypot(ex, ey) <= radius(i, view.zoom);
        });
        return index < 0 ? null : { type: "area", index };
      },
    };
  };

  make.symbols = (layer, data) => {
    const { xy, kind, status } = data.facilities;
    const mine = (i) => kind[i] === layer.kind && !isNaN(xy.x[i]);
    const size = (zoom) => grow(zoom, 4.6, 8.2);
    return {
      draw(view) {
        // operating ones last: they are never hidden under a planned or closed one
        for (const state of [2, 1, 0]) {
          const { sprite, half } = carecircle.symbols.sprite(layer, layer.solid ? 0 : state, size(view.zoom), view.ratio);
          for (let i = 0; i < xy.n; i++) {
            if (!mine(i) || status[i] !== state) continue;
            const x = xy.x[i] * view.scale + view.dx, y = xy.y[i] * view.scale + view.dy;
            view.ctx.drawImage(sprite, x - half, y - half, 2 * half, 2 * half);
            view.taken.push([x - half / 2, y - half / 2, x + half / 2, y + half / 2]);
          }
        }
      },
      hit(view, x, y) {
        const index = nearest(view, xy, x, y, size(view.zoom) + 4, mine);
        return index < 0 ? null : { type: "facility", index, x: xy.x[index], y: xy.y[index] };
      },
    };
  };

  make.names = (layer, data) => ({
    draw(view) {
      const { xy, title, shapes } = data.areas;
      const size = grow(view.zoom, 10.5, 14);
      title.forEach((text, i) => {
        // a name that does not fit into its area says more about its neighbour
        const wide = (shapes.box[4 * i + 2] - shapes.box[4 * i]) * view.scale;
        if (wide < size * (0.6 * text.length + 1.2)) return;
        if (!(xy.x[i] > view.west && xy.x[i] < view.east && xy.y[i] > view.north && xy.y[i] < view.south)) return;
        const x = xy.x[i] * view.scale + view.dx, y = xy.y[i] * view.scale + view.dy;
        view.labels.push({ text, x, y, rank: 1, order: i, size, colour: "#3c4347" });
      });
    },
  });

  /* Areas can always be asked, whatever fills them. */
  function ground(data) {
    return {
      id: "ground",
      type: "ground",
      draw() {},
      hit(view, x, y) {
        const index = hitShape(view, data.areas.shapes, x, y);
        return index < 0 ? null : { type: "area", index };
      },
    };
  }

  /* What the table or the search chose last, outlined. */
  function chosen(data) {
    return {
      id: "chosen",
      type: "chosen",
      above: 0,
      draw(view) {
        const wanted = data.chosen || [];
        if (!wanted.length) return;
        const ctx = view.ctx;
        traceAll(view, data.areas.shapes, true, (s) => wanted.includes(s));
        ctx.lineJoin = "round";
        for (const [colour, width] of [["rgba(255,255,255,.9)", 6], ["#22313a", 2.6]]) {
          ctx.strokeStyle = colour;
          ctx.lineWidth = width;
          ctx.stroke();
        }
      },
    };
  }

  /* A layer with parts or choices shows the one that is chosen. */
  function made(layer, data) {
    const all = layer.parts || layer.choices;
    if (!all) return make[layer.type](layer, data);
    layer.part = layer.part || 0;
    const own = all.map((part) => part.like === undefined && make[layer.type]({ ...layer, ...part }, data));
    const parts = own.map((part, i) => part || own[all[i].like]);
    const drawer = { draw: (view) => parts[layer.part].draw(view) };
    if (parts[0].hit) drawer.hit = (view, x, y) => parts[layer.part].hit(view, x, y);
    return drawer;
  }

  carecircle.drawers = (layers, data) => {
    const drawers = layers.map((layer) => Object.assign({ id: layer.id, type: layer.type, above: layer.above || 0 }, made(layer, data)));
    drawers.push(chosen(data));
    drawers.sort((a, b) => ORDER.indexOf(a.type) - ORDER.indexOf(b.type) || a.above - b.above);
    const all = [ground(data), ...drawers];
    all.forEach((drawer) => (drawer.reach = ASKED.indexOf(drawer.type)));
    return all;
  };
})();
