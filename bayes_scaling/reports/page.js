"use strict";

// The page reads well without this: it adds hovering, moving through points with the arrow keys, and groups that
// can be switched off. Everything it shows is copied as text from the table of points.

const reach = 26; // how near to a mark pointing at it is, in the units of the drawing

function piece(name, className, text) {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

function isolated(name, className, text) {
  const made = piece(name, className);
  made.append(piece("bdi", "", text));
  return made;
}

function nameOf(point) {
  return point.row.cells[0].querySelector("bdi").textContent;
}

function setUp(figure) {
  const plot = figure.querySelector(".plot");
  const drawing = figure.querySelector("svg.scatter");
  const chosen = figure.querySelector(".chosen");
  const hint = chosen.querySelector(".hint");
  const heads = [...figure.querySelectorAll(".points thead th")].map((head) => head.textContent);
  const rows = figure.querySelectorAll(".points tbody tr");
  const name = figure.querySelector("figcaption").textContent;
  const legend = [...figure.querySelectorAll(".legend button")];
  const points = [...drawing.querySelectorAll("[data-row]")].map((mark) => {
    const place = mark.transform.baseVal.consolidate().matrix;
    return { mark, row: rows[Number(mark.dataset.row)], group: mark.parentNode, x: place.e, y: place.f };
  });
  hint.hidden = false;
  if (!points.length) return;

  const marks = drawing.querySelector(".marks");
  const tip = piece("div", "tip");
  tip.hidden = true;
  tip.setAttribute("aria-hidden", "true"); // the live region says the same, and keeps it when the tip is gone
  plot.append(tip);
  let current = null;

  // One stop of the tabulator: a list of options, of which one can be focused.
  drawing.setAttribute("role", "group");
  marks.setAttribute("role", "listbox");
  marks.setAttribute("aria-label", `${name}: points`);
  for (const group of marks.children) {
    group.setAttribute("role", "group");
    group.setAttribute("aria-label", legend[Number(group.dataset.group)].textContent);
  }
  for (const point of points) {
    point.mark.querySelector("title").remove(); // the browser's own tip would cover ours
    point.mark.setAttribute("role", "option");
    point.mark.setAttribute("aria-label", nameOf(point));
    point.mark.setAttribute("aria-selected", "false");
    point.mark.setAttribute("tabindex", "-1");
  }

  const visible = () => points.filter((point) => !point.group.hasAttribute("hidden"));
  const by = (first, second) => visible().sort((p, q) => p[first] - q[first] || p[second] - q[second]);

  function makeReachable(point) {
    for (const other of points) other.mark.setAttribute("tabindex", other === point ? "0" : "-1");
  }

  function told(point) {
    const cells = [...point.row.cells];
    const list = piece("dl");
    cells.slice(1).forEach((cell, number) => {
      const text = cell.textContent;
      if (text) list.append(isolated("dt", "", heads[number + 1]), isolated("dd", "", text));
    });
    return [isolated("p", "name", nameOf(point)), list];
  }

  function show(point) {
    if (current === point && !tip.hidden) return;
    if (current) current.mark.classList.remove("current");
    current = point;
    for (const other of points) other.mark.setAttribute("aria-selected", String(other === point));
    point.mark.classList.add("current");
    makeReachable(point);
    tip.replaceChildren(...told(point));
    tip.hidden = false;
    place(point);
    const link = point.row.querySelector("a");
    chosen.replaceChildren(...told(point));
    if (link) {
      const copy = piece("a", "", "Source");
      for (const attribute of ["href", "rel", "target"]) copy.setAttribute(attribute, link.getAttribute(attribute));
      const line = piece("p");
      line.append(copy);
      chosen.append(line);
    }
  }

  function place(point) {
    const frame = plot.getBoundingClientRect();
    const box = point.mark.getBoundingClientRect();
    const x = box.left - frame.left + box.width / 2;
    const y = box.top - frame.top;
    const most = frame.width - tip.offsetWidth;
    tip.style.left = `${Math.max(0, Math.min(most, x + 14))}px`;
    const above = y - tip.offsetHeight - 10;
    tip.style.top = `${box.top - tip.offsetHeight - 10 > 0 ? above : y + box.height + 10}px`;
  }

  function hide() {
    tip.hidden = true;
  }

  function nearest(event) {
    const matrix = drawing.getScreenCTM().inverse();
    const at = new DOMPoint(event.clientX, event.clientY).matrixTransform(matrix);
    let found = null;
    let least = reach;
    for (const point of visible()) {
      const distance = Math.hypot(point.x - at.x, point.y - at.y);
      if (distance < least) [found, least] = [point, distance];
    }
    return found;
  }

  function onPointer(event) {
    const point = nearest(event);
    if (point) show(point);
    else hide();
  }

  drawing.addEventListener("pointermove", onPointer);
  drawing.addEventListener("pointerdown", onPointer);
  drawing.addEventListener("pointerleave", hide);

  // Listened to on the plot: Chromium makes a stop of every SVG element that listens to focus itself.
  plot.addEventListener("focusin", (event) => {
    const point = points.find((other) => other.mark === event.target);
    if (point) show(point);
  });
  plot.addEventListener("focusout", hide);

  marks.addEventListener("keydown", (event) => {
    const steps = { ArrowRight: ["x", "y", 1], ArrowLeft: ["x", "y", -1], ArrowUp: ["y", "x", -1], ArrowDown: ["y", "x", 1] };
    let target = null;
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    if (event.key in steps) {
      const [first, second, step] = steps[event.key];
      const order = by(first, second);
      target = order[order.indexOf(current) + step] || current;
    } else if (event.key === "Home") target = by("x", "y")[0];
    else if (event.key === "End") target = by("x", "y").at(-1);
    else if (event.key === "Enter" || event.key === " ") {
      const link = chosen.querySelector("a");
      if (link) link.focus();
      event.preventDefault();
    }
    if (target) {
      event.preventDefault();
      target.mark.focus();
    }
  });

  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    hide();
    if (chosen.contains(document.activeElement) && current) current.mark.focus();
    hide();
  });

  legend.forEach((button) => {
    const group = marks.querySelector(`[data-group="${button.dataset.group}"]`);
    button.disabled = false;
    button.addEventListener("click", () => {
      const on = button.getAttribute("aria-pressed") !== "true";
      button.setAttribute("aria-pressed", String(on));
      group.toggleAttribute("hidden", !on);
      hide();
      const left = by("x", "y");
      if (!left.includes(current)) {
        if (current) current.mark.classList.remove("current");
        current = null;
        chosen.replaceChildren(hint);
        if (left.length) makeReachable(left[0]);
      }
    });
  });

  makeReachable(by("x", "y")[0]);
}

for (const figure of document.querySelectorAll(".interactive")) setUp(figure);

// What does not scroll need not be stopped at.
function stopAtWhatScrolls() {
  for (const region of document.querySelectorAll(".scroll")) {
    if (region.scrollWidth > region.clientWidth) region.setAttribute("tabindex", "0");
    else region.removeAttribute("tabindex");
  }
}
stopAtWhatScrolls();
addEventListener("resize", stopAtWhatScrolls);
for (const details of document.querySelectorAll("details")) details.addEventListener("toggle", stopAtWhatScrolls);

// Print what is folded away too.
let opened = [];
addEventListener("beforeprint", () => {
  opened = [...document.querySelectorAll("details:not([open])")];
  for (const details of opened) details.open = true;
});
addEventListener("afterprint", () => {
  for (const details of opened) details.open = false;
});
