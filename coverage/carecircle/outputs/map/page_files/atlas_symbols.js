/* Facility symbols and legend swatches: one table of shapes for canvas and page alike. */
(function () {
  "use strict";
  const carecircle = window.carecircle;
  const TINT = 0.52; // of fills, on the map and in the legend
  const SVG = "http://www.w3.org/2000/svg";

  function regular(corners, turn) {
    return Array.from({ length: corners }, (_, i) => {
      const angle = (2 * Math.PI * i) / corners - Math.PI / 2 + (turn || 0);
      return [Math.cos(angle), Math.sin(angle)];
    });
  }

  const star = Array.from({ length: 10 }, (_, i) => {
    const angle = (Math.PI * i) / 5 - Math.PI / 2;
    const r = i % 2 ? 0.52 : 1.18;
    return [r * Math.cos(angle), r * Math.sin(angle)];
  });
  const plus = [
    [-0.38, -1], [0.38, -1], [0.38, -0.38], [1, -0.38], [1, 0.38], [0.38, 0.38],
    [0.38, 1], [-0.38, 1], [-0.38, 0.38], [-1, 0.38], [-1, -0.38], [-0.38, -0.38],
  ];
  const SHAPES = {
    circle: regular(24).map(([x, y]) => [x * 0.92, y * 0.92]),
    square: [[-0.84, -0.84], [0.84, -0.84], [0.84, 0.84], [-0.84, 0.84]],
    diamond: regular(4).map(([x, y]) => [x * 1.12, y * 1.12]),
    triangle: regular(3).map(([x, y]) => [x * 1.15, y * 1.15 + 0.18]),
    triangle_down: regular(3, Math.PI).map(([x, y]) => [x * 1.15, y * 1.15 - 0.18]),
    pentagon: regular(5).map(([x, y]) => [x * 1.04, y * 1.04]),
    hexagon: regular(6, Math.PI / 6),
    star,
    plus,
    cross: plus.map(([x, y]) => [0.8 * (x - y), 0.8 * (x + y)]),
  };

  function outline(ctx, shape, x, y, r) {
    const corners = SHAPES[shape] || SHAPES.circle;
    ctx.beginPath();
    corners.forEach(([dx, dy], i) => {
      if (i) ctx.lineTo(x + r * dx, y + r * dy);
      else ctx.moveTo(x + r * dx, y + r * dy);
    });
    ctx.closePath();
  }

  /* status: 0 operating (solid), 1 under construction or planned (hollow), 2 closed (crossed). */
  function draw(ctx, style, status, x, y, r) {
    ctx.lineJoin = "round";
    outline(ctx, style.shape, x, y, r);
    ctx.strokeStyle = "rgba(255,255,255,.95)";
    ctx.lineWidth = status ? 5 : 3;
    ctx.stroke();
    ctx.fillStyle = status ? "#fff" : style.colour;
    ctx.fill();
    if (!status) return;
    ctx.strokeStyle = status === 2 ? "#7b7f84" : style.colour;
    ctx.lineWidth = 2;
    ctx.stroke();
    if (status === 2) {
      ctx.beginPath();
      ctx.moveTo(x - r, y - r);
      ctx.lineTo(x + r, y + r);
      ctx.moveTo(x + r, y - r);
      ctx.lineTo(x - r, y + r);
      ctx.stroke();
    }
  }

  const sprites = new Map(), MOST_SPRITES = 200;

  /* Drawn once for each size: a zoom makes new ones. */
  function sprite(style, status, r, ratio) {
    const key = [style.shape, style.colour, status, r, ratio].join();
    if (!sprites.has(key)) {
      if (sprites.size >= MOST_SPRITES) sprites.clear();
      sprites.set(key, drawnSprite(style, status, r, ratio));
    }
    return sprites.get(key);
  }

  function drawnSprite(style, status, r, ratio) {
    const half = Math.ceil(1.3 * r + 4);
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = 2 * half * ratio;
    const ctx = canvas.getContext("2d");
    ctx.scale(ratio, ratio);
    draw(ctx, style, status, half, half, r);
    return { sprite: canvas, half };
  }

  function svg(name, attributes) {
    const node = document.createElementNS(SVG, name);
    Object.entries(attributes).forEach(([key, value]) => node.setAttribute(key, value));
    return node;
  }

  function symbol(entry) {
    const corners = (SHAPES[entry.shape] || SHAPES.circle)
      .map(([x, y]) => `${(9 + 5.6 * x).toFixed(2)},${(8 + 5.6 * y).toFixed(2)}`)
      .join(" ");
    const hollow = entry.status > 0;
    const colour = entry.status === 2 ? "#7b7f84" : entry.colour;
    const nodes = [
      svg("polygon", {
        points: corners, fill: hollow ? "#fff" : colour, stroke: colour, "stroke-width": hollow ? 1.6 : 0,
        "stroke-linejoin": "round",
      }),
    ];
    if (entry.status === 2) {
      nodes.push(svg("path", { d: "M3.5 2.5l11 11m0-11l-11 11", stroke: colour, "stroke-width": 1.5 }));
    }
    return nodes;
  }

  const SWATCHES = {
    fill: (entry) => [svg("rect", { x: 1, y: 2, width: 16, height: 12, rx: 2, fill: entry.colour, "fill-opacity": TINT })],
    ring: ({ colour }) => [svg("rect", { x: 1.5, y: 2.5, width: 15, height: 11, rx: 2, fill: colour, "fill-opacity": 0.15, stroke: colour, "stroke-width": 1.4 })],
    parted: (entry) => [
      ...entry.colours.map((colour, i) => svg("rect", { x: 1 + (16 / entry.colours.length) * i, y: 2, width: 16 / entry.colours.length, height: 12, fill: colour, "fill-opacity": 0.4, stroke: entry.edge, "stroke-width": 0.9 })),
    ],
    dot: (entry) => [svg("circle", { cx: 9, cy: 8, r: 4.6, fill: entry.colour })],
    line: (entry) => [
      svg("path", {
        d: "M1 8h16", stroke: entry.colour, "stroke-width": 2.4, "stroke-dasharray": (entry.dash || []).join(" "),
      }),
    ],
    bubble: (entry) => [
      svg("circle", {
        cx: 9, cy: 8, r: 6.4, fill: entry.colour, "fill-opacity": 0.28, stroke: entry.colour, "stroke-width": 1.4,
      }),
    ],
    hatch: (entry) => [
      svg("rect", { x: 1.5, y: 2, width: 15, height: 12, rx: 2, fill: entry.colour, "fill-opacity": 0.1 }),
      svg("path", {
        d: "M2 11l8-9M5 14l10-12M11 14l5.500-6.500", stroke: entry.colour, "stroke-width": 1.1, fill: "none",
      }),
      svg("rect", {
        x: 1.5, y: 2, width: 15, height: 12, rx: 2, fill: "none", stroke: entry.colour, "stroke-width": 1.5,
      }),
    ],
    symbol,
  };

  function swatch(entry) {
    const node = svg("svg", { width: 18, height: 16, viewBox: "0 0 18 16", "aria-hidden": "true" });
    node.classList.add("cc-swatch");
    SWATCHES[entry.swatch](entry).forEach((part) => node.appendChild(part));
    return node;
  }

  /* A strip of all colours of a layer, for its line in the layer list. */
  function strip(colours) {
    const node = svg("svg", { width: 18, height: 16, viewBox: "0 0 18 16", "aria-hidden": "true" });
    node.classList.add("cc-swatch");
    const width = 18 / colours.length;
    colours.forEach((colour, i) => {
      node.appendChild(svg("rect", { x: i * width, y: 3, width: width + 0.2, height: 10, fill: colour }));
    });
    return node;
  }

  carecircle.tint = TINT;
  carecircle.symbols = { sprite, swatch, strip };
})();
