// Which columns are shown: a box to tick for each, one for all subjects.

function box(label, checked, changed) {
  const input = element("input", { type: "checkbox" });
  input.checked = checked;
  input.addEventListener("change", () => changed(input.checked));
  return element("label", { class: "check" }, input, element("span", {}, label));
}

function columnBox(column) {
  return box(column.label, column.on, (on) => {
    column.on = on;
    redrawn();
  });
}

function everySubject(subjects) {
  return box("all subjects", subjects.every((column) => column.on), (on) => {
    for (const column of subjects) column.on = on;
    listColumns();
    redrawn();
  });
}

function listColumns() {
  const free = columns.filter((column) => !column.fixed);
  const subjects = free.filter((column) => column.subject);
  const others = free.filter((column) => !column.subject).map(columnBox);
  const shown = subjects.length ? [element("hr"), everySubject(subjects), ...subjects.map(columnBox)] : [];
  byId("column-list").replaceChildren(...others, ...shown);
}

function startChooser() {
  listColumns();
  document.addEventListener("click", (event) => {
    if (event.target.isConnected && !event.target.closest("#column-field")) byId("column-field").open = false;
  });
  byId("column-field").addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    byId("column-field").open = false;
    byId("column-field").querySelector("summary").focus();
  });
}

