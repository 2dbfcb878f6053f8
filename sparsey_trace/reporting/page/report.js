"use strict";
(() => {
  const root = document.documentElement;
  const data = JSON.parse(document.getElementById("data").textContent);
  const bytes = (text) => Uint8Array.from(atob(text), (sign) => sign.charCodeAt(0));
  const colours = bytes(data.colours);
  const hidden = new Set();
  const several = document.querySelector("button.series") !== null;
  const touch = matchMedia("(pointer: coarse)").matches;
  const say = (text) => { document.getElementById("said").textContent = text; };

  // Colours: a figure comes without, as only the browser knows whether it is dark.
  const variable = (name) => getComputedStyle(root).getPropertyValue(`--${name}`).trim();
  const faint = (colour, share) => `${colour}${Math.round(share * 255).toString(16).padStart(2, "0")}`;

  function axis(found) {
    return {
      ...found, automargin: true, gridcolor: variable("grid"), zerolinecolor: variable("grid"),
      linecolor: variable("rule"), tickfont: { color: variable("soft"), size: 12 }, separatethousands: true,
      title: { ...found.title, font: { size: 13, color: variable("ink") }, standoff: 8 },
    };
  }

  function coloured(trace) {
    const { series, role } = trace.meta;
    const colour = series === undefined ? null : variable(`s${series}`);
    const made = { ...trace, visible: hidden.has(series) && role !== "marks" ? false : true };
    if (role === "line" || role === "points" || role === "eval") {
      made.line = { ...trace.line, color: colour };
      // Symbols from 100 on are the same, open.
      made.marker = { ...trace.marker, color: colour, symbol: series + (role === "eval" ? 100 : 0) };
      if (trace.marker && trace.marker.line) {
        made.marker.line = { ...trace.marker.line, color: role === "eval" ? colour : variable("page") };
      }
      for (const bar of ["error_x", "error_y"]) if (trace[bar]) made[bar] = { ...trace[bar], color: faint(colour, 0.6) };
    } else if (role === "band") {
      made.fillcolor = faint(colour, several ? 0.1 : 0.18);
    } else if (role === "chance" || role === "return") {
      made.line = { ...trace.line, color: colour };
    } else if (role === "box") {
      made.line = { ...trace.line, color: colour };
      made.fillcolor = faint(colour, 0.15);
      made.marker = { ...trace.marker, color: faint(colour, 0.6) };
    }
    return made;
  }

  function layout(found) {
    return {
      ...found, showlegend: false, hovermode: "closest", dragmode: touch ? false : "zoom",
      // The buttons above the chart cover nothing of it.
      margin: { l: 56, r: 12, t: 30, b: 48 }, paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
      font: { family: getComputedStyle(document.body).fontFamily, color: variable("ink"), size: 12 },
      hoverlabel: { bgcolor: variable("raised"), bordercolor: variable("rule"), font: { color: variable("ink") }, align: "left" },
      modebar: { color: variable("soft"), activecolor: variable("ink"), bgcolor: "rgba(0,0,0,0)" },
      shapes: (found.shapes || []).map((shape) => ({ ...shape, line: { ...shape.line, color: variable("page") } })),
      xaxis: axis(found.xaxis), yaxis: axis(found.yaxis),
    };
  }

  const SETTINGS = {
    responsive: true, displaylogo: false, scrollZoom: false,
    // Only these: Plotly adds others from version to version, such as one that uploads the chart.
    modeBarButtons: [["toImage"], ["zoom2d", "pan2d"], ["zoomIn2d", "zoomOut2d", "resetScale2d"]],
    showSendToCloud: false, showEditInChartStudio: false, plotlyServerURL: "",
  };
  const charts = [...document.querySelectorAll(".chart")];

  function draw(place) {
    const figure = data.charts[place.dataset.chart];
    const drawing = Plotly.react(place, figure.data.map(coloured), layout(figure.layout), SETTINGS);
    place.dataset.drawn = "";
    return drawing;
  }

  // Charts beside each other each fill their own axes; on request all have those that hold all of them.
  function share(group, asked) {
    const places = [...group.querySelectorAll(".chart")];
    places.forEach(show);
    Promise.all(places.map((place) => Plotly.relayout(place, { "xaxis.autorange": true, "yaxis.autorange": true }))).then(() => {
      if (!asked) return places.forEach(draw);
      const ranges = {};
      for (const side of ["xaxis", "yaxis"]) {
        const ends = places.map((place) => place._fullLayout[side].range);
        ranges[`${side}.range`] = [Math.min(...ends.map((end) => end[0])), Math.max(...ends.map((end) => end[1]))];
      }
      return places.forEach((place) => Plotly.relayout(place, ranges));
    });
  }

  const sharers = [...document.querySelectorAll("button.same")];
  const chartsOf = (sharer) => {
    let next = sharer.parentElement;
    while (!next.classList.contains("charts")) next = next.nextElementSibling;
    return next;
  };

  for (const sharer of sharers) {
    sharer.hidden = false;
    sharer.addEventListener("click", () => {
      const asked = sharer.getAttribute("aria-pressed") === "false";
      sharer.setAttribute("aria-pressed", String(asked));
      share(chartsOf(sharer), asked);
    });
  }

  // The keyboard finds what the mouse finds: arrow keys go along a line, and from one to the next.
  function step(place, key) {
    const lines = place.data.flatMap((trace, number) =>
      ["line", "points", "eval", "marks", "mean"].includes(trace.meta.role) && trace.visible !== false ? [number] : []);
    if (!lines.length) return;
    const at = place.at || { line: 0, point: -1 };
    if (key === "ArrowUp" || key === "ArrowDown") at.line += key === "ArrowUp" ? 1 : -1;
    at.line = (at.line + lines.length) % lines.length;
    const length = place._fullData[lines[at.line]]._length;
    if (key === "ArrowRight") at.point = Math.min(at.point + 1, length - 1);
    if (key === "ArrowLeft") at.point = Math.max(at.point - 1, 0);
    at.point = Math.min(Math.max(at.point, 0), length - 1);
    place.at = at;
    Plotly.Fx.hover(place, [{ curveNumber: lines[at.line], pointNumber: at.point }]);
    // Plotly waits a little before it shows what is hovered.
    setTimeout(() => say([...place.querySelectorAll(".hoverlayer text")].map((text) =>
      [...text.querySelectorAll("tspan")].map((part) => part.textContent).join(", ") || text.textContent).join(": ")), 100);
  }

  for (const place of charts) {
    place.addEventListener("keydown", (event) => {
      if (!event.key.startsWith("Arrow") || place.dataset.drawn === undefined) return;
      event.preventDefault();
      step(place, event.key);
    });
    place.addEventListener("blur", () => { if (place.dataset.drawn !== undefined) Plotly.Fx.unhover(place); });
  }

  // Pictures of MACs.
  // A picture, or the part of it in `frame`, with the receptive field outlined.
  function paint(canvas, map, place, size, frame) {
    const scale = Math.max(1, Math.floor(size / Math.max(frame.height, frame.width)));
    canvas.width = frame.width * scale;
    canvas.height = frame.height * scale;
    const context = canvas.getContext("2d");
    const thick = Math.max(1, Math.round(scale / 6));
    const ink = variable("ink");
    for (let y = 0; y < frame.height; y++) {
      for (let x = 0; x < frame.width; x++) {
        const [row, column] = [y + frame.top, x + frame.left];
        if (!inside(map, place, row, column)) continue;
        const value = 3 * map.pictures[(place * map.shape[0] + row) * map.shape[1] + column];
        context.fillStyle = `rgb(${colours[value]} ${colours[value + 1]} ${colours[value + 2]})`;
        const [left, top] = [x * scale, y * scale];
        if (map.samples[place]) context.fillRect(left, top, scale, scale);
        context.fillStyle = ink;
        if (!inside(map, place, row, column - 1)) context.fillRect(left, top, thick, scale);
        if (!inside(map, place, row, column + 1)) context.fillRect(left + scale - thick, top, thick, scale);
        if (!inside(map, place, row - 1, column)) context.fillRect(left, top, scale, thick);
        if (!inside(map, place, row + 1, column)) context.fillRect(left, top + scale - thick, scale, thick);
      }
    }
  }

  function inside(map, place, row, column) {
    const [height, width] = map.shape;
    if (row < 0 || column < 0 || row >= height || column >= width) return false;
    const pixel = row * width + column;
    return (map.fields[place * Math.ceil(height * width / 8) + (pixel >> 3)] >> (7 - (pixel & 7))) & 1;
  }

  // What small pictures show: frames of one size for a layer, that hold each MAC's receptive field.
  function framed(map) {
    const [height, width] = map.shape;
    const boxes = map.macs.map((mac, place) => {
      const box = { top: height, bottom: 0, left: width, right: 0 };
      for (let row = 0; row < height; row++) {
        for (let column = 0; column < width; column++) {
          if (!inside(map, place, row, column)) continue;
          box.top = Math.min(box.top, row);
          box.bottom = Math.max(box.bottom, row + 1);
          box.left = Math.min(box.left, column);
          box.right = Math.max(box.right, column + 1);
        }
      }
      return box;
    });
    const high = Math.max(1, ...boxes.map((box) => box.bottom - box.top));
    const wide = Math.max(1, ...boxes.map((box) => box.right - box.left));
    const start = (low, end, size, all) => Math.max(0, Math.min(Math.round((low + end - size) / 2), all - size));
    return boxes.map((box) => ({
      top: start(box.top, box.bottom, high, height), height: high,
      left: start(box.left, box.right, wide, width), width: wide,
    }));
  }

  const galleries = [...document.querySelectorAll(".macs")];

  function hang(place) {
    const map = data.maps[place.dataset.map];
    if (place.dataset.drawn === undefined) {
      map.pictures = bytes(map.pictures);
      map.fields = bytes(map.fields);
      map.frames = framed(map);
      place.append(...map.macs.map((mac, number) => tile(place, map, number)));
      spread(place, map);
    }
    map.macs.forEach((mac, number) => paint(place.children[number].firstChild, map, number, 72, map.frames[number]));
    place.dataset.drawn = "";
  }

  function tile(place, map, number) {
    const button = document.createElement("button");
    button.type = "button";
    button.tabIndex = number ? -1 : 0;
    button.className = map.samples[number] ? "" : "silent";
    button.title = `MAC ${map.macs[number]}`;
    button.setAttribute("aria-label", `MAC ${map.macs[number]}${map.samples[number] ? "" : ", never active in training"}`);
    button.append(document.createElement("canvas"));
    button.addEventListener("click", () => open(place, map, number));
    button.addEventListener("keydown", (event) => {
      const next = neighbour(map, number, event.key);
      if (next === null) return;
      event.preventDefault();
      button.tabIndex = -1;
      place.children[next].tabIndex = 0;
      place.children[next].focus();
    });
    return button;
  }

  function spread(place, map) {
    const [xs, ys] = [0, 1].map((side) => map.places.map((found) => found[side]));
    const [left, top] = [Math.min(...xs) - map.spacing / 2, Math.min(...ys) - map.spacing / 2];
    const width = Math.max(...xs) - left + map.spacing / 2;
    const height = Math.max(...ys) - top + map.spacing / 2;
    const side = map.spacing * (map.hexagonal ? 0.84 : 0.94);
    const columns = width / map.spacing;
    place.style.aspectRatio = `${width} / ${height}`;
    place.style.maxWidth = `${Math.min(Math.max(1, columns) * 110, 640 * width / height)}px`;
    place.style.minWidth = `${Math.min(columns * 24, 4000)}px`;
    [...place.children].forEach((button, number) => {
      button.style.left = `${100 * (xs[number] - left) / width}%`;
      button.style.top = `${100 * (ys[number] - top) / height}%`;
      button.style.width = `${100 * side / width}%`;
      button.style.height = `${100 * side / height}%`;
    });
  }

  // The nearest MAC in a direction; across it, distance counts double.
  function neighbour(map, from, key) {
    const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[key];
    if (!way) return null;
    let [found, least] = [from, Infinity];
    map.places.forEach(([x, y], number) => {
      const [dx, dy] = [x - map.places[from][0], y - map.places[from][1]];
      const along = dx * way[0] + dy * way[1];
      const far = along + 2 * Math.abs(dx * way[1] + dy * way[0]);
      if (along > map.spacing / 4 && far < least) [found, least] = [number, far];
    });
    return found;
  }

  const dialog = document.getElementById("mac");
  const written = (value) => value === null ? "none" : value.toLocaleString("en", { maximumSignificantDigits: 4 });

  function row(head, value) {
    const line = document.createElement("tr");
    const [name, cell] = [document.createElement("th"), document.createElement("td")];
    name.scope = "row";
    name.textContent = head;
    cell.textContent = value;
    cell.className = "number";
    line.append(name, cell);
    return line;
  }

  function open(place, map, number) {
    dialog.querySelector("h2").textContent = `MAC ${map.macs[number]} of ${place.dataset.title}`;
    const canvas = document.createElement("canvas");
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", map.samples[number] ? "its basis average" : "nothing: it was never active in training");
    paint(canvas, map, number, 600, { top: 0, left: 0, height: map.shape[0], width: map.shape[1] });
    dialog.querySelector(".large").replaceChildren(canvas);
    const ends = dialog.querySelectorAll(".range span");
    [map.low, map.high].forEach((end, side) => { ends[side].textContent = written(end); });
    dialog.querySelector("tbody").replaceChildren(
      row("active in training (samples)", written(map.samples[number])),
      ...Object.entries(map.numbers).map(([name, values]) => row(name, written(values[number]))));
    list(map, number);
    dialog.showModal();
    dialog.scrollTop = 0;
  }

  // A MAC's commonest codes, each with its mean input.
  function list(map, number) {
    const codes = map.codes;
    const mine = codes ? [...codes.of.keys()].filter((at) => codes.of[at] === number) : [];
    const place = dialog.querySelector(".codes");
    place.hidden = !mine.length;
    if (!mine.length) return;
    if (typeof codes.pictures === "string") codes.pictures = bytes(codes.pictures);
    place.querySelector("ol").replaceChildren(...mine.map((at) => {
      const [item, said, of] = ["li", "span", "span"].map((name) => document.createElement(name));
      said.textContent = `${written(codes.count[at])} sample${codes.count[at] === 1 ? "" : "s"}`;
      of.textContent = codes.label[at] === null ? "" : `label ${codes.label[at]}: ${Math.round(100 * codes.purity[at])}%`;
      item.append(codes.samples[at] ? picture(codes, at) : "none of late", said, of);
      return item;
    }));
  }

  function picture(codes, at) {
    const canvas = document.createElement("canvas");
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", "its mean input");
    fill(canvas, codes, at);
    return canvas;
  }

  // One of several pictures of one shape, pixel by pixel.
  function fill(canvas, found, at) {
    [canvas.height, canvas.width] = found.shape;
    const [context, pixels] = [canvas.getContext("2d"), canvas.width * canvas.height];
    const drawn = context.createImageData(canvas.width, canvas.height);
    for (let pixel = 0; pixel < pixels; pixel++) {
      const value = 3 * found.pictures[at * pixels + pixel];
      drawn.data.set([...colours.slice(value, value + 3), 255], 4 * pixel);
    }
    context.putImageData(drawn, 0, 0);
  }

  // Samples beside their nearest training samples.
  for (const found of data.pairs) found.pictures = bytes(found.pictures);
  for (const canvas of document.querySelectorAll("canvas[data-pairs]")) {
    fill(canvas, data.pairs[canvas.dataset.pairs], Number(canvas.dataset.at));
  }

  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
  for (const canvas of document.querySelectorAll(".range canvas")) {
    const ramp = canvas.getContext("2d");
    for (let value = 0; value < 256; value++) {
      ramp.fillStyle = `rgb(${colours.slice(3 * value, 3 * value + 3).join(" ")})`;
      ramp.fillRect(value, 0, 1, 1);
    }
  }

  // Light and dark.
  const button = document.getElementById("scheme");
  const dark = matchMedia("(prefers-color-scheme: dark)");

  function dress(scheme) {
    root.dataset.scheme = scheme;
    button.textContent = scheme === "dark" ? "Light" : "Dark";
    button.setAttribute("aria-label", `Show in ${scheme === "dark" ? "light" : "dark"} colours`);
    redraw();
  }

  function redraw() {
    charts.filter((place) => place.dataset.drawn !== undefined).forEach(draw);
    sharers.filter((sharer) => sharer.getAttribute("aria-pressed") === "true").forEach((sharer) => share(chartsOf(sharer), true));
    galleries.filter((place) => place.dataset.drawn !== undefined).forEach(hang);
  }

  button.hidden = false;
  button.addEventListener("click", () => dress(root.dataset.scheme === "dark" ? "light" : "dark"));
  dark.addEventListener("change", () => dress(dark.matches ? "dark" : "light"));

  for (const run of document.querySelectorAll("button.series")) {
    run.addEventListener("click", () => {
      const series = Number(run.dataset.series);
      if (!hidden.delete(series)) hidden.add(series);
      run.setAttribute("aria-pressed", String(!hidden.has(series)));
      redraw();
    });
  }

  // The navigation says where one is: the last section that begins in the upper part of the screen.
  const nav = document.querySelector("nav");
  const links = [...nav.querySelectorAll("a")];
  function here() {
    const tops = links.map((link) => document.querySelector(link.hash).getBoundingClientRect().top);
    const ended = scrollY > 0 && scrollY + innerHeight >= root.scrollHeight - 2;
    const at = ended ? links.length - 1 : Math.max(0, tops.filter((top) => top < 160).length - 1);
    if (links[at].hasAttribute("aria-current")) return;
    links.forEach((link, number) => link.toggleAttribute("aria-current", number === at));
    nav.scrollTo({ left: links[at].offsetLeft - nav.offsetLeft - 24 });
  }
  addEventListener("scroll", here, { passive: true });
  here();

  // What is in sight is drawn first, the rest when there is time.
  const waiting = new Set([...charts, ...galleries]);

  function show(place) {
    if (waiting.delete(place)) (place.dataset.chart === undefined ? hang : draw)(place);
    if (!waiting.size) root.dataset.drawn = "all";
  }

  const watcher = new IntersectionObserver((seen) => {
    seen.filter((entry) => entry.isIntersecting).forEach((entry) => show(entry.target));
  }, { rootMargin: "300px" });

  function rest() {
    const [next] = waiting;
    if (!next) return;
    show(next);
    setTimeout(rest, 0);
  }

  addEventListener("beforeprint", () => {
    root.dataset.before = root.dataset.scheme;
    dress("light");
    [...waiting].forEach(show);
  });
  addEventListener("afterprint", () => dress(root.dataset.before));

  dress(dark.matches ? "dark" : "light");
  waiting.forEach((place) => watcher.observe(place));
  addEventListener("load", () => setTimeout(rest, 100));
})();
