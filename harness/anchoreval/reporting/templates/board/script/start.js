// Everything is set in motion, and what needs a script appears.

function startTheme() {
  const [sheet, button] = [byId("dark"), byId("theme")];
  const system = matchMedia("(prefers-color-scheme: dark)");
  let dark = null;
  const show = () => (button.textContent = (dark ?? system.matches) ? "Light colours" : "Dark colours");
  button.addEventListener("click", () => {
    dark = !(dark ?? system.matches);
    sheet.media = dark ? "all" : "not all";
    show();
  });
  system.addEventListener("change", show);
  button.hidden = false;
  show();
}

function start() {
  const linked = readLink();
  for (const part of document.querySelectorAll(".scripted:not(#chosen)")) part.hidden = false;
  startTheme();
  startTable();
  startChooser();
  startExport();
  startComparison();
  startFigures();
  startPlots();
  startAnchors();
  if (linked) byId("compare").scrollIntoView();
  addEventListener("hashchange", () => readLink() && byId("compare").scrollIntoView());
}

start();
