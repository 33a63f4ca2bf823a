"use strict";

// The page reads well without this: it draws the charts, whose tables are there anyway, and saves them.

const charts = JSON.parse(document.getElementById("page--charts").textContent);
// The interpreter runs a chart's expressions without making code of text, which the page's policy forbids.
const options = {
  ast: true,
  renderer: "svg",
  actions: false,
  defaultStyle: false,
  tooltip: { disableDefaultStyle: true },
  loader: { target: "_blank", rel: "noopener noreferrer" }, // of links to papers
};

function setUp(figure) {
  const chart = charts[figure.dataset.chart];
  const choice = figure.querySelector(".view select");
  const name = () => (choice ? choice.value : Object.keys(chart.views)[0]);
  const view = () => ({ ...chart.views[name()], datasets: chart.datasets, description: chart.title });
  let drawn = null;

  async function draw() {
    if (drawn) drawn.finalize();
    drawn = await vegaEmbed(figure.querySelector(".drawn"), view(), options);
    byKeys(figure, drawn.view);
    figure.dataset.drawn = name();
  }

  // Alone a chart has its title and its source, and what was chosen stays chosen.
  async function save(kind) {
    const made = view();
    const chosen = (param) => (param.bind && !param.select ? { ...param, value: drawn.view.signal(param.name), bind: undefined } : param);
    const title = { text: lines(chart.title, 80), subtitle: lines(chart.note, 110), anchor: "start", fontSize: 16, offset: 24 };
    const alone = { ...made, title, width: 760, background: "white", params: (made.params || []).map(chosen) };
    const result = await vegaEmbed(document.createElement("div"), alone, options);
    const link = document.createElement("a");
    link.href = await result.view.toImageURL(kind, 2);
    link.download = `${figure.dataset.chart}.${kind}`;
    link.click();
    result.finalize();
  }

  if (choice) choice.addEventListener("change", draw);
  for (const button of figure.querySelectorAll("[data-save]")) {
    button.hidden = false;
    button.addEventListener("click", () => save(button.dataset.save));
  }
  draw();
}

// A chart is one stop of the Tab key; arrow keys show and say there what a pointer would find.
function byKeys(figure, view) {
  const stage = figure.querySelector("svg.marks");
  const said = figure.querySelector(".keys");
  const filter = Object.keys(view.getState({ signals: (name) => name.endsWith("_legend"), data: () => false }).signals)[0];
  const groups = filter ? [null, ...[...stage.querySelectorAll(".role-legend-symbol > path")].map((mark) => mark.__data__.datum.value)] : [];
  const middle = (mark) => {
    const box = mark.getBoundingClientRect();
    return { bubbles: true, clientX: box.x + box.width / 2, clientY: box.y + box.height / 2 };
  };
  const points = () =>
    [...stage.querySelectorAll(".mark-symbol.role-mark > path")]
      .filter((mark) => mark.__data__.tooltip && mark.__data__.opacity > 0.1)
      .sort((one, other) => middle(one).clientX - middle(other).clientX);
  const act = (mark, kind) => mark && mark.dispatchEvent(new PointerEvent(kind, middle(mark)));
  const next = (all, one, step) => all[(Math.max(all.indexOf(one), step < 0 ? 0 : -1) + step + all.length) % all.length];
  said.classList.remove("unseen");
  said.textContent = points().length ? `Arrow keys: left and right go from point to point${filter ? ", up and down from group to group" : ""}.` : "";
  if (!points().length) return;
  stage.setAttribute("tabindex", "0");
  let point = null;
  let group = null;

  stage.addEventListener("keydown", (event) => {
    said.classList.add("unseen"); // the tooltip shows it
    if (event.key === "ArrowRight" || event.key === "ArrowLeft") {
      point = next(points(), point, event.key === "ArrowRight" ? 1 : -1);
      act(point, "pointermove");
      said.textContent = Object.entries(point.__data__.tooltip).map((pair) => pair.join(": ")).join("; ");
    } else if (filter && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
      group = next(groups, group, event.key === "ArrowDown" ? 1 : -1);
      act(point, "mouseout");
      view.signal(filter, group).runAsync();
      said.textContent = group || "all";
    } else if (event.key === "Enter") act(point, "click");
    else if (event.key === "Escape") act(point, "mouseout");
    else return;
    event.preventDefault();
  });
  stage.addEventListener("blur", () => act(point, "mouseout"));
}

function lines(text, longest) {
  const found = [""];
  for (const word of text.split(" ")) {
    if (found.at(-1).length + word.length > longest) found.push("");
    found[found.length - 1] += `${word} `;
  }
  return found.map((line) => line.trim());
}

for (const figure of document.querySelectorAll(".chart")) setUp(figure);

// What does not scroll need not be stopped at.
function stopAtWhatScrolls() {
  for (const region of document.querySelectorAll(".scroll")) {
    if (region.scrollWidth > region.clientWidth || region.scrollHeight > region.clientHeight) region.setAttribute("tabindex", "0");
    else region.removeAttribute("tabindex");
  }
}
stopAtWhatScrolls();
addEventListener("resize", stopAtWhatScrolls);
for (const details of document.querySelectorAll("details")) {
  details.addEventListener("toggle", () => dispatchEvent(new Event("resize"))); // charts within have no width until then
}

// Print what is folded away too.
let opened = [];
addEventListener("beforeprint", () => {
  opened = [...document.querySelectorAll("details:not([open])")];
  for (const details of opened) details.open = true;
});
addEventListener("afterprint", () => {
  for (const details of opened) details.open = false;
});
